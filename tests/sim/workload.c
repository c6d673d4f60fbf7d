/* Drawing operations. At least every third touches what somebody else edited since the station's last sync. */
#include "tests/sim/workload.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "schema/functions.h"
#include "tests/sim/model_parts.h"

enum { CANDIDATES = 64, TRIES = 8, PRODUCTS = 4, BUDGETS = 2 };

struct workload {
    struct model *model;
    struct dice *dice;
    int people, branches;
    int founded; /* operations so far */
    struct id branch[64];
    struct id person[1024]; /* by the model's numbers */
    int64_t names;
};

/* One drawing: the person's eyes and what comes of it. */
struct draw {
    struct workload *workload;
    struct station_of_model *station;
    struct rights rights;
    struct cover cover;
    struct view view;
    struct sim_operation *operation;
    struct call *call;
    const struct command_of_model *command;
    bool stuck; /* nothing fits */
};

int workload_make(struct model *model, struct dice *dice, int people,
                  struct workload **ret) {
    struct workload *workload = calloc(1, sizeof *workload);
    assert(workload && people < 1000);
    workload->model = model;
    workload->dice = dice;
    workload->people = people;
    workload->branches = 1 + people / 6 > 20 ? 20 : 1 + people / 6;
    workload->person[0] = model_person_id(model, 0);
    *ret = workload;
    return 0;
}

void workload_free(struct workload *workload) {
    free(workload);
}

static int64_t below(struct draw *draw, int64_t limit) {
    return dice_below(draw->workload->dice, limit);
}

static bool chance(struct draw *draw, int per_mille) {
    return dice_chance(draw->workload->dice, per_mille);
}

/* --- arguments ---------------------------------------------------------------------------------------------- */

static void put_id(struct draw *draw, int place, struct id id) {
    draw->call->arguments[place].kind = ARGUMENT_ID;
    draw->call->arguments[place].id = id;
}

static void put_number(struct draw *draw, int place, int64_t number) {
    draw->call->arguments[place].kind = ARGUMENT_NUMBER;
    draw->call->arguments[place].number = number;
}

static void put_text(struct draw *draw, int place, const char *text) {
    draw->call->arguments[place].kind = ARGUMENT_TEXT;
    snprintf(draw->call->arguments[place].text, ARGUMENT_TEXT_SIZE, "%s", text);
}

static struct id new_id(struct draw *draw) {
    uint8_t bytes[ID_SIZE];
    dice_bytes(draw->workload->dice, bytes, sizeof bytes);
    return id_v8(bytes);
}

static void draw_word(struct draw *draw, int place, int64_t most) {
    static const char *const words[] = {"oak", "elm", "fir",  "ash",   "pine",
                                        "yew", "box", "lime", "rowan", "hazel"};
    char text[ARGUMENT_TEXT_SIZE];
    snprintf(text, sizeof text, "%s%lld", words[below(draw, 10)],
             (long long)below(draw, 100));
    if (chance(draw, 8)) { /* too long for the column, or for the parameter */
        int64_t size = chance(draw, 500) && most < 100 ? most + 1 : most;
        memset(text, 'x', (size_t)size);
        text[size] = '\0';
    }
    put_text(draw, place, text);
}

/* --- rows to work on ------------------------------------------------------------------------------------------ */

static bool edited_elsewhere(const struct draw *draw, const struct model_row *row) {
    for (int i = 0; i < 2; i++)
        if (row->edits[i].station >= 0 &&
            row->edits[i].station != draw->station->number &&
            row->edits[i].at > draw->station->synced)
            return true;
    return false;
}

static void mark_concurrent(struct draw *draw, int table, const uint8_t *key) {
    const struct model_row *row = row_find(draw->workload->model, table, key);
    if (row && edited_elsewhere(draw, row))
        draw->operation->concurrent = true;
}

/* A row of the table that others edited since this station synced. */
static bool hot_row(struct draw *draw, int table, uint8_t *ret_key) {
    const struct model *model = draw->workload->model;
    int count = model->hot_count < HOT ? model->hot_count : HOT;
    const struct model_row *found = NULL;
    int64_t start = below(draw, count);
    for (int i = 0; i < count && !found; i++) {
        const struct hot_row *hot = &model->hot[(start + i) % count];
        struct seen_row row;
        if (hot->row->table->number == table && edited_elsewhere(draw, hot->row) &&
            view_find(&draw->view, table, hot->row->key, &row))
            found = hot->row;
    }
    if (found)
        memcpy(ret_key, found->key, KEY_MOST);
    return found != NULL;
}

static bool is_alive(const struct seen_row *row) {
    int last = row->table->column_count - 1;
    return strcmp(row->table->columns[last].name, "deleted_at") != 0 ||
           is_null(row->values[last]);
}

/* Any row that is visible: one in n of them, each as likely. */
static bool some_row(struct draw *draw, int table, bool alive, uint8_t *ret_key) {
    struct view_place place = {0};
    struct seen_row row;
    int64_t count = 0;
    while (view_next(&draw->view, table, &place, &row))
        if ((!alive || is_alive(&row)) && below(draw, ++count) == 0)
            memcpy(ret_key, row.key, KEY_MOST);
    return count > 0;
}

static bool draw_row(struct draw *draw, int table, uint8_t *ret_key) {
    if (chance(draw, 750) && hot_row(draw, table, ret_key))
        return true;
    return some_row(draw, table, true, ret_key);
}

static void draw_argument_row(struct draw *draw, int place, int table, bool main) {
    uint8_t key[KEY_MOST] = {0};
    struct id id;
    bool found = main ? draw_row(draw, table, key) : some_row(draw, table, true, key);
    if (!found) {
        draw->stuck = true;
        return;
    }
    if (main)
        mark_concurrent(draw, table, key);
    memcpy(id.bytes, key, ID_SIZE);
    if (chance(draw, 5)) /* nobody knows it */
        id = new_id(draw);
    put_id(draw, place, id);
}

/* --- one command -------------------------------------------------------------------------------------------------- */

static int64_t draw_number(struct draw *draw, const struct parameter_of_command *p) {
    if (strcmp(p->name, "at") == 0 || strcmp(p->name, "on") == 0)
        return 1795000000000 + below(draw, 1000000000);
    if (strcmp(p->name, "amount") == 0)
        return chance(draw, 30)   ? 900000 + below(draw, 10000)
               : chance(draw, 20) ? -1
                                  : below(draw, 5000) * 100;
    if (strcmp(p->name, "times") == 0)
        return below(draw, 5) - 1;
    if (strcmp(p->name, "count") == 0)
        return p->low < 0 ? (chance(draw, 300) ? below(draw, 20) : -below(draw, 12))
                          : 1 + below(draw, 5);
    if (strcmp(p->name, "more") == 0)
        return below(draw, 9) - 5;
    if (strcmp(p->name, "stock") == 0)
        return 20 + below(draw, 200);
    return below(draw, 200);
}

static const char *const stages[] = {"open", "offer", "won", "lost"};

static void draw_argument(struct draw *draw, int place) {
    const struct parameter_of_command *p = &draw->command->parameters[place];
    if (p->optional && chance(draw, 400))
        return;
    switch (p->kind) {
    case P_ID:
    case P_ANY:
        draw_argument_row(draw, place, p->table, !p->optional && p->table >= T_CUSTOMER);
        return;
    case P_NEW:
        put_id(draw, place, new_id(draw));
        return;
    case P_TEXT:
        draw_word(draw, place, p->high > 100 ? 100 : p->high);
        if (strcmp(p->name, "currency") == 0)
            put_text(draw, place, chance(draw, 500) ? "USD" : "EUR");
        return;
    case P_NUMBER:
        put_number(draw, place, draw_number(draw, p));
        return;
    case P_STAGE:
        put_text(draw, place, stages[below(draw, 4)]);
        return;
    case P_BOOL:
        put_number(draw, place, chance(draw, 850));
        return;
    default:
        return;
    }
}

/* Members come and go as pairs that are there. */
static void fix_pair(struct draw *draw, int table) {
    uint8_t key[KEY_MOST] = {0};
    struct id first, second;
    if (chance(draw, 900) && draw_row(draw, table, key)) {
        memcpy(first.bytes, key, ID_SIZE);
        memcpy(second.bytes, key + ID_SIZE, ID_SIZE);
        put_id(draw, 0, first);
        put_id(draw, 1, second);
        mark_concurrent(draw, table, key);
    }
}

/* A step that mostly is an allowed one. */
static void fix_stage(struct draw *draw) {
    uint8_t key[KEY_MOST] = {0};
    struct seen_row deal;
    memcpy(key, draw->call->arguments[1].id.bytes, ID_SIZE);
    if (chance(draw, 150) || !view_find(&draw->view, T_DEAL, key, &deal))
        return;
    struct value stage = seen_value(&deal, "stage");
    if (value_equal(stage, value_text("open")))
        put_text(draw, 2, chance(draw, 700) ? "offer" : "lost");
    else if (value_equal(stage, value_text("offer")))
        put_text(draw, 2,
                 chance(draw, 400)   ? "won"
                 : chance(draw, 500) ? "lost"
                                     : "open");
    else
        put_text(draw, 2, "open");
}

/* What hangs on nothing is seen by headquarters alone: rare. */
static void fix_remark(struct draw *draw) {
    bool none = true;
    for (int i = 1; i <= 3; i++)
        none = none && draw->call->arguments[i].kind == ARGUMENT_ABSENT;
    if (none && chance(draw, 900))
        draw_argument_row(draw, 3, T_CUSTOMER, true);
}

static void fix(struct draw *draw) {
    const char *name = draw->command->name;
    if (strcmp(name, "member.drop") == 0)
        fix_pair(draw, T_MEMBER);
    else if (strcmp(name, "deputy.end") == 0)
        fix_pair(draw, T_DEPUTY);
    else if (strcmp(name, "role.take") == 0)
        fix_pair(draw, T_USER_ROLE);
    else if (strcmp(name, "deal.move") == 0)
        fix_stage(draw);
    else if (strcmp(name, "remark.add") == 0)
        fix_remark(draw);
}

/* How often each is done. */
static const struct {
    const char *name;
    int weight;
} habits[] = {{"customer.add", 40},     {"customer.add_to_pool", 12},
              {"customer.edit", 130},   {"customer.count", 70},
              {"customer.credit", 60},  {"customer.rate", 60},
              {"customer.rank", 30},    {"customer.begin", 25},
              {"customer.grade", 20},   {"customer.assign", 35},
              {"customer.delete", 12},  {"customer.undelete", 5},
              {"member.add", 45},       {"member.drop", 20},
              {"visit.log", 35},        {"deal.add", 45},
              {"deal.edit", 45},        {"deal.amount", 55},
              {"deal.move", 90},        {"deal.leap", 4},
              {"deal.pay", 25},         {"deal.assign", 25},
              {"deal.delete", 8},       {"order.place", 35},
              {"line.add", 40},         {"line.more", 50},
              {"line.price", 30},       {"line.delete", 10},
              {"remark.add", 30},       {"remark.edit", 40},
              {"product.count", 45},    {"product.price", 10},
              {"budget.change", 6},     {"notice.read", 30},
              {"conflict.restore", 25}, {"conflict.keep", 15},
              {"refusal.settle", 10},   {"deputy.set", 8},
              {"deputy.end", 6},        {"person.place", 10},
              {"person.activate", 4},   {"role.grant", 4},
              {"role.take", 3},         {"branch.add", 1}};

enum { HABITS = sizeof habits / sizeof *habits };

static const char *draw_habit(struct draw *draw, int roles) {
    for (int tries = 0; tries < TRIES; tries++) {
        int total = 0, i = 0;
        for (int k = 0; k < HABITS; k++)
            total += habits[k].weight;
        int64_t at = below(draw, total);
        while (at >= habits[i].weight)
            at -= habits[i++].weight;
        if (strcmp(habits[i].name, "customer.rank") == 0 &&
            draw->station->rows_version < SCHEMA_PRESENT)
            continue; /* its program, or its rows, know none yet */
        int allowed = command_at(command_find(habits[i].name))->roles;
        if (allowed == 0 || (allowed & roles) || chance(draw, 20))
            return habits[i].name;
    }
    return "notice.read";
}

static void write_json(struct draw *draw) {
    struct sim_operation *operation = draw->operation;
    char id[ID_TEXT_SIZE];
    size_t used = 0, size = sizeof operation->json;
    char *json = operation->json;
    used += (size_t)snprintf(json, size, "{");
    for (int i = 0; i < ARGUMENTS && draw->command->parameters[i].name; i++) {
        const struct call_argument *argument = &draw->call->arguments[i];
        if (argument->kind == ARGUMENT_ABSENT)
            continue;
        used +=
            (size_t)snprintf(json + used, size - used, "%s\"%s\":", used > 1 ? "," : "",
                             draw->command->parameters[i].name);
        if (argument->kind == ARGUMENT_ID) {
            id_format(argument->id, id);
            used += (size_t)snprintf(json + used, size - used, "\"%s\"", id);
        } else if (argument->kind == ARGUMENT_TEXT) {
            used += (size_t)snprintf(json + used, size - used, "\"%s\"", argument->text);
        } else if (argument->kind == ARGUMENT_NUMBER) {
            used += (size_t)snprintf(json + used, size - used, "%lld",
                                     (long long)argument->number);
        } else {
            static const char *const names[] = {"rep", "manager", "hq", "admin"};
            const char *comma = "[";
            for (int role = 0; role < 4; role++)
                if (argument->number >> role & 1) {
                    used += (size_t)snprintf(json + used, size - used, "%s\"%s\"", comma,
                                             names[role]);
                    comma = ",";
                }
            used += (size_t)snprintf(json + used, size - used, "]");
        }
    }
    snprintf(json + used, size - used, "}");
}

static void begin(struct draw *draw, const char *name) {
    struct sim_operation *operation = draw->operation;
    draw->call = arena_alloc(&draw->workload->model->arena, sizeof *draw->call);
    assert(draw->call);
    operation->kind = command_find(name);
    operation->note = draw->call;
    draw->command = command_at(operation->kind);
    snprintf(operation->command, sizeof operation->command, "%s", name);
}

/* `ret` stays where it is: its view points into it. */
static void draw_at(struct workload *workload, int station, int person,
                    struct sim_operation *operation, struct draw *ret) {
    *ret = (struct draw){.workload = workload, .operation = operation};
    memset(operation, 0, sizeof *operation);
    operation->station = station;
    operation->person = person;
    ret->station = station_of(workload->model, station);
    ret->view = station_view(workload->model, ret->station);
    rights_of(&ret->view, model_person_id(workload->model, person), ret->station->ceiling,
              &ret->rights);
    if (cover_make(ret->station, &ret->view, &ret->rights, &ret->cover))
        ret->view.cover = &ret->cover;
}

/* Headquarters' own station does not know of the people before it has synced. */
static int draw_person(struct workload *workload, int station) {
    const struct station_plan *plan = &station_of(workload->model, station)->plan;
    return plan->count == 0 ? 0 : plan->people[dice_below(workload->dice, plan->count)];
}

bool workload_draw(struct workload *workload, int station, struct sim_operation *ret) {
    int person = draw_person(workload, station);
    for (int tries = 0; tries < TRIES; tries++) {
        struct draw draw;
        draw_at(workload, station, person, ret, &draw);
        if (!draw.rights.known || draw.rights.roles == 0)
            return false;
        begin(&draw, draw_habit(&draw, draw.rights.roles));
        for (int i = 0; i < ARGUMENTS && draw.command->parameters[i].name; i++)
            draw_argument(&draw, i);
        fix(&draw);
        if (!draw.stuck) {
            write_json(&draw);
            return true;
        }
    }
    return false;
}

/* --- the founding ------------------------------------------------------------------------------------------------- */

static void found_person(struct draw *draw, int number) {
    struct workload *workload = draw->workload;
    char name[64];
    begin(draw, "person.register");
    workload->person[number] = new_id(draw);
    put_id(draw, 0, workload->person[number]);
    snprintf(name, sizeof name, "Person %d", number);
    put_text(draw, 1, name);
    snprintf(name, sizeof name, "p%d", number);
    put_text(draw, 2, name);
    put_id(draw, 3, workload->branch[below(draw, workload->branches)]);
    bool leads = number % 5 == 1;
    if (number > 1 && chance(draw, 800)) /* under the leader of his five, or above all */
        put_id(draw, 4,
               workload->person[leads ? (number > 5 ? number - 5 : 0)
                                      : number - (number - 1) % 5]);
    draw->call->arguments[5].kind = ARGUMENT_ROLES;
    draw->call->arguments[5].number = number % 17 == 16 ? ROLE_HQ
                                      : leads           ? ROLE_REP | ROLE_MANAGER
                                                        : ROLE_REP;
}

static void found_branch(struct draw *draw, int number) {
    char name[32];
    begin(draw, "branch.add");
    draw->workload->branch[number] = new_id(draw);
    put_id(draw, 0, draw->workload->branch[number]);
    snprintf(name, sizeof name, "Branch %d", number);
    put_text(draw, 1, name);
}

static void found_product(struct draw *draw, int number) {
    char name[32];
    begin(draw, "product.add");
    put_id(draw, 0, new_id(draw));
    snprintf(name, sizeof name, "Product %d", number);
    put_text(draw, 1, name);
    put_number(draw, 2, 50 + below(draw, 100));
    put_number(draw, 3, 100 + below(draw, 1000));
}

static void found_budget(struct draw *draw, int number) {
    char name[32];
    begin(draw, "budget.add");
    put_id(draw, 0, new_id(draw));
    snprintf(name, sizeof name, "Budget %d", number);
    put_text(draw, 1, name);
    put_number(draw, 2, below(draw, 1000));
}

bool workload_found(struct workload *workload, struct sim_operation *ret) {
    struct draw draw;
    draw_at(workload, 0, 0, ret, &draw);
    int at = workload->founded++;
    if (at < workload->branches)
        found_branch(&draw, at);
    else if ((at -= workload->branches) < PRODUCTS)
        found_product(&draw, at);
    else if ((at -= PRODUCTS) < BUDGETS)
        found_budget(&draw, at);
    else if ((at -= BUDGETS) < workload->people)
        found_person(&draw, at + 1);
    else
        return false;
    write_json(&draw);
    return true;
}

/* Somebody who may have a station of his own: headquarters invites nobody without a role. */
static int with_role(const struct workload *workload, int number) {
    const struct view view = {
        workload->model, INT64_MAX, NULL, NULL, NULL, workload->model->hq.history};
    for (int i = 0; i < workload->people; i++) {
        int person = 1 + (number + i) % workload->people;
        struct rights rights;
        rights_of(&view, model_person_id(workload->model, person), ROLE_ALL, &rights);
        if (rights.active && rights.roles != 0)
            return person;
    }
    return 0;
}

void workload_plan(struct workload *workload, int station, struct station_plan *ret) {
    memset(ret, 0, sizeof *ret);
    ret->count = 1;
    ret->people[0] = station == 0 ? 0 : with_role(workload, station - 1);
    if (station == 0) {
        ret->everyone = true;
        snprintf(ret->ceiling, sizeof ret->ceiling, "hq admin");
    } else if (station % 7 == 3 && workload->people < 60) { /* a kiosk */
        ret->everyone = true;
        ret->count = 3;
        for (int i = 1; i < ret->count; i++)
            ret->people[i] = 1 + (ret->people[0] + i * 3) % workload->people;
        snprintf(ret->ceiling, sizeof ret->ceiling, "rep manager");
    } else if (station % 9 == 8) {
        snprintf(ret->ceiling, sizeof ret->ceiling, "rep"); /* less than he may */
    }
}
