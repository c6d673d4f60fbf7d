/*
 * The sales domain: managers, salespeople and headquarters with a few of its commands. Only the world's own
 * comparisons are made.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/play.h"

enum { PEOPLE_MAXIMUM = 400, CUSTOMERS = 4000, STATIONS = 400, RECENT = 60 };

struct person {
    struct id id;
    int manager;
};

struct customer {
    struct id id;
    int owner;
    int edited_by;  /* a station */
    int64_t edited; /* when, in operations */
};

struct domain {
    struct play_setup setup;
    struct person people[PEOPLE_MAXIMUM];
    int person_count, wanted, founded;
    struct customer *customers;
    int customer_count;
    struct station_plan plans[STATIONS];
    int64_t synced[STATIONS]; /* the operation of the last sync */
    int64_t operations;
    int recent[RECENT]; /* customers that were edited last */
};

static void domain_schema(int version, const struct embedded_file **ret,
                          size_t *ret_count) {
    (void)version;
    *ret = embedded_files;
    *ret_count = embedded_file_count;
}

static int domain_make(const struct play_setup *setup, void **ret) {
    struct domain *domain = calloc(1, sizeof *domain);
    if (domain == NULL ||
        (domain->customers = calloc(CUSTOMERS, sizeof *domain->customers)) == NULL) {
        free(domain);
        return sim_wrong(setup->report, "out of memory");
    }
    domain->setup = *setup;
    domain->people[0].id = setup->admin;
    domain->person_count = 1;
    domain->wanted = setup->people < PEOPLE_MAXIMUM ? setup->people : PEOPLE_MAXIMUM;
    *ret = domain;
    return 0;
}

static void domain_free(void *context) {
    struct domain *domain = context;
    free(domain->customers);
    free(domain);
}

static struct id domain_person(void *context, int person) {
    return ((const struct domain *)context)->people[person].id;
}

static struct id new_id(struct domain *domain) {
    struct id id;
    dice_bytes(domain->setup.dice, id.bytes, ID_SIZE);
    id.bytes[6] = (uint8_t)(0x70 | (id.bytes[6] & 0x0f));
    id.bytes[8] = (uint8_t)(0x80 | (id.bytes[8] & 0x3f));
    return id;
}

/* Every fifth is a manager of those that follow him. */
static bool domain_found(void *context, struct sim_operation *ret) {
    struct domain *domain = context;
    int person = domain->person_count;
    if (person >= domain->wanted) {
        return false;
    }
    bool manager = person % 5 == 1;
    struct person *known = &domain->people[domain->person_count++];
    *known = (struct person){new_id(domain), manager ? 0 : person - (person - 1) % 5};
    char id[ID_TEXT_SIZE];
    char boss[ID_TEXT_SIZE];
    id_format(known->id, id);
    id_format(domain->people[known->manager].id, boss);
    *ret = (struct sim_operation){.station = 0, .person = 0};
    snprintf(ret->command, sizeof ret->command, "person.register");
    snprintf(ret->json, sizeof ret->json,
             "{\"id\":\"%s\",\"name\":\"Person %d\",\"code\":\"p%d\",\"role\":\"%s\","
             "\"manager\":\"%s\"}",
             id, person, person, manager ? "manager" : "rep", boss);
    return true;
}

static void domain_plan(void *context, int station, struct station_plan *ret) {
    struct domain *domain = context;
    *ret = (struct station_plan){.count = 1};
    if (station > 0) {
        ret->people[0] = dice_chance(domain->setup.dice, 800)
                             ? 1 + (station - 1) % (domain->wanted - 1)
                             : (int)dice_below(domain->setup.dice, domain->wanted);
    }
}

static int domain_enrolled(void *context, const struct enrolled_seen *seen) {
    struct domain *domain = context;
    if (seen->station < STATIONS) {
        domain->plans[seen->station] = seen->plan;
    }
    return 0;
}

/* --- what they do ------------------------------------------------------------------------------- */

static void add_customer(struct domain *domain, int person, struct sim_operation *ret) {
    struct customer *customer = &domain->customers[domain->customer_count++];
    char id[ID_TEXT_SIZE];
    *customer = (struct customer){new_id(domain), person, ret->station, 0};
    id_format(customer->id, id);
    ret->argument[0] = domain->customer_count - 1;
    snprintf(ret->command, sizeof ret->command, "customer.register");
    snprintf(ret->json, sizeof ret->json,
             "{\"id\":\"%s\",\"name\":\"Customer %d\",\"duplicate_ok\":true}", id,
             domain->customer_count);
}

/* One that the person probably sees; mostly one that somebody else edited lately. */
static int choose_customer(struct domain *domain, int person) {
    struct dice *dice = domain->setup.dice;
    int best = (int)dice_below(dice, domain->customer_count);
    for (int tries = 0; tries < 12; tries++) {
        int at = dice_chance(dice, 700) ? domain->recent[dice_below(dice, RECENT)]
                                        : (int)dice_below(dice, domain->customer_count);
        const struct customer *customer = &domain->customers[at];
        const struct person *owner = &domain->people[customer->owner];
        if (at < domain->customer_count &&
            (person == 0 || customer->owner == person || owner->manager == person)) {
            return at;
        }
    }
    return best;
}

static void edit(struct domain *domain, struct sim_operation *ret, const char *id) {
    static const char *const FIELDS[] = {"remark",  "phone", "email",     "city",
                                         "address", "name",  "tax_number"};
    struct dice *dice = domain->setup.dice;
    const char *field = FIELDS[dice_below(dice, sizeof FIELDS / sizeof *FIELDS)];
    snprintf(ret->command, sizeof ret->command, "customer.edit");
    snprintf(ret->json, sizeof ret->json, "{\"customer\":\"%s\",\"%s\":\"v%lld\"}", id,
             field, (long long)dice_below(dice, 1000));
}

static void draw_command(struct domain *domain, int at, struct sim_operation *ret) {
    static const char *const PLAIN[] = {"customer.delete", "customer.restore",
                                        "customer.claim", "customer.release"};
    struct dice *dice = domain->setup.dice;
    char id[ID_TEXT_SIZE];
    char other[ID_TEXT_SIZE];
    int64_t kind = dice_below(dice, 100);
    int person = (int)dice_below(dice, domain->person_count);
    id_format(domain->customers[at].id, id);
    id_format(domain->people[person].id, other);
    if (kind < 60) {
        edit(domain, ret, id);
    } else if (kind < 70) {
        snprintf(ret->command, sizeof ret->command, "interaction.log");
        snprintf(ret->json, sizeof ret->json,
                 "{\"customer\":\"%s\",\"summary\":\"said %lld\"}", id,
                 (long long)dice_below(dice, 1000));
    } else if (kind < 80) {
        ret->argument[1] = person + 1;
        snprintf(ret->command, sizeof ret->command, "customer.assign");
        snprintf(ret->json, sizeof ret->json, "{\"customer\":\"%s\",\"to\":\"%s\"}", id,
                 other);
    } else if (kind < 88) {
        snprintf(ret->command, sizeof ret->command, "%s",
                 kind < 84 ? "customer.share" : "customer.unshare");
        snprintf(ret->json, sizeof ret->json, "{\"customer\":\"%s\",\"with\":\"%s\"}", id,
                 other);
    } else if (kind < 93) {
        snprintf(ret->command, sizeof ret->command, "customer.tag");
        snprintf(ret->json, sizeof ret->json, "{\"customer\":\"%s\",\"tag\":\"t%lld\"}",
                 id, (long long)dice_below(dice, 4));
    } else {
        snprintf(ret->command, sizeof ret->command, "%s", PLAIN[dice_below(dice, 4)]);
        snprintf(ret->json, sizeof ret->json, "{\"customer\":\"%s\"}", id);
    }
}

static bool domain_draw(void *context, int station, struct sim_operation *ret) {
    struct domain *domain = context;
    struct dice *dice = domain->setup.dice;
    const struct station_plan *plan = &domain->plans[station];
    int person = plan->people[dice_below(dice, plan->count)];
    *ret = (struct sim_operation){.station = station, .person = person};
    domain->operations++;
    ret->argument[0] = -1;
    if (domain->customer_count == 0 ||
        (domain->customer_count < CUSTOMERS && dice_chance(dice, 80))) {
        add_customer(domain, person, ret);
        return true;
    }
    int at = choose_customer(domain, person);
    const struct customer *customer = &domain->customers[at];
    ret->argument[0] = at;
    ret->concurrent =
        customer->edited_by != station && customer->edited > domain->synced[station];
    draw_command(domain, at, ret);
    return true;
}

static int domain_did(void *context, const struct sim_operation *operation,
                      const struct local_outcome *outcome) {
    struct domain *domain = context;
    int64_t at = operation->argument[0];
    if (outcome->code[0] != '\0' || at < 0) {
        return 0;
    }
    struct customer *customer = &domain->customers[at];
    customer->edited = domain->operations;
    customer->edited_by = operation->station;
    if (operation->argument[1] > 0) {
        customer->owner = (int)operation->argument[1] - 1;
    }
    domain->recent[dice_below(domain->setup.dice, RECENT)] = (int)at;
    return 0;
}

static int domain_synced(void *context, int station, int64_t cursor) {
    struct domain *domain = context;
    (void)cursor;
    domain->synced[station] = domain->operations;
    return 0;
}

const struct play play_domain = {
    .name = "domain",
    .schema = domain_schema,
    .make = domain_make,
    .free = domain_free,
    .person = domain_person,
    .found = domain_found,
    .plan = domain_plan,
    .draw = domain_draw,
    .enrolled = domain_enrolled,
    .did = domain_did,
    .synced = domain_synced,
};
