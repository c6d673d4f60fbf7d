/*
 * Who points at whom: parents before children, owners from deals, and no row that leans on one
 * that was set aside.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/satchel/import.h"
#include "tools/satchel/import_text.h"

/* The lists do not grow any more: from here on names lead to items. */
static int index_items(struct import *import, satchel_error *error) {
    for (int kind = 0; kind < IMPORT_KINDS; kind++) {
        struct import_items *list = &import->items[kind];
        name_map_free(&import->names[kind]);
        for (size_t i = 0; i < list->count; i++)
            if (!name_map_add(&import->names[kind], list->items[i].key, &list->items[i]))
                return problem_out_of_memory(error);
    }
    return 0;
}

/* --- parents ------------------------------------------------------------------------------- */

static int set_aside(struct import *import, struct import_item *item, const char *code,
                     const char *parameter, const char *message, satchel_error *error) {
    satchel_error why;
    problem_set(&why, code, parameter, "%s", message);
    return import_set_aside_item(import, item, &why) == 0 ? 0
                                                          : problem_out_of_memory(error);
}

static int resolve_parent(struct import *import, struct import_item *item,
                          satchel_error *error) {
    const char *text = item->references[KIND_CUSTOMER];
    if (text == NULL)
        return 0;
    const char *parent = import_find(import, KIND_CUSTOMER, "subsidiary_of", text);
    item->references[KIND_CUSTOMER] = parent;
    if (parent == NULL)
        return set_aside(import, item, "reference.unknown", "parent",
                         "There is no such account in the files or on this station.",
                         error);
    if (name_map_same(parent, item->key))
        return set_aside(import, item, "reference.self", "parent",
                         "An account does not belong to itself.", error);
    return 0;
}

/* The item of the same kind that this one needs first, or NULL. */
static struct import_item *leader_of(struct import *import, enum import_kind kind,
                                     const struct import_item *item) {
    const char *key = item->references[kind];
    return key != NULL ? import_item_of(import, kind, key) : NULL;
}

/* One more than its leader's level; -1 when the leaders go round in a circle. */
static int level_of(struct import *import, enum import_kind kind,
                    const struct import_item *item) {
    int level = 0;
    for (item = leader_of(import, kind, item); item != NULL;
         item = leader_of(import, kind, item))
        if (++level == LIMIT_IMPORT_LEVELS)
            return -1;
    return level;
}

static int set_levels(struct import *import, enum import_kind kind,
                      satchel_error *error) {
    struct import_items *list = &import->items[kind];
    for (size_t i = 0; i < list->count; i++) {
        struct import_item *item = &list->items[i];
        item->level = level_of(import, kind, item);
        if (item->level >= 0 || item->outcome != OUTCOME_PENDING)
            continue;
        item->level = 0;
        if (set_aside(import, item, "reference.circle",
                      kind == KIND_PERSON ? "manager" : "parent",
                      "It is above itself, by way of others, or more than 31 deep.",
                      error) != 0)
            return -1;
    }
    return 0;
}

/* --- rows that lean on rows set aside ---------------------------------------------------------- */

static const char *missing_reference(struct import *import,
                                     const struct import_item *item,
                                     enum import_kind *ret_kind) {
    for (int kind = 0; kind < IMPORT_KINDS; kind++) {
        const char *key = item->references[kind];
        if (key == NULL || name_map_find(&import->known[kind].by_key, key) != NULL)
            continue;
        const struct import_item *other =
            import_item_of(import, (enum import_kind)kind, key);
        if (other == NULL || other->outcome == OUTCOME_SET_ASIDE) {
            *ret_kind = (enum import_kind)kind;
            return key;
        }
    }
    return NULL;
}

static const char *parameter_of(enum import_kind item, enum import_kind reference) {
    if (reference == item)
        return item == KIND_PERSON ? "manager" : "parent";
    return reference == KIND_PERSON ? "owner" : import_kind_name(reference);
}

int import_check_references(struct import *import, enum import_kind kind,
                            satchel_error *error) {
    struct import_items *list = &import->items[kind];
    for (size_t i = 0; i < list->count; i++) {
        enum import_kind other;
        struct import_item *item = &list->items[i];
        if (item->outcome != OUTCOME_PENDING)
            continue;
        const char *key = missing_reference(import, item, &other);
        char message[200];
        if (key == NULL)
            continue;
        snprintf(message, sizeof message, "The %s \"%.80s\" was itself set aside.",
                 import_kind_name(other), key);
        if (set_aside(import, item, "reference.set_aside", parameter_of(kind, other),
                      message, error) != 0)
            return -1;
    }
    return 0;
}

/* --- owners --------------------------------------------------------------------------------------- */

/* What one agent did with one customer. */
struct claim {
    const struct import_item *customer;
    const char *agent;
    int64_t won_value; /* millionths */
    int64_t won, deals;
};

static bool is_better(const struct claim *a, const struct claim *b) {
    if (a->won_value != b->won_value)
        return a->won_value > b->won_value;
    if (a->won != b->won)
        return a->won > b->won;
    if (a->deals != b->deals)
        return a->deals > b->deals;
    return strcmp(a->agent, b->agent) < 0;
}

static struct claim *claim_of(struct import *import, struct name_map *claims,
                              const char *customer, const char *agent) {
    size_t size = strlen(customer) + strlen(agent) + 2;
    char *key = arena_alloc(&import->arena, size);
    if (key == NULL)
        return NULL;
    snprintf(key, size, "%s\n%s", customer, agent);
    const struct name_map_entry *entry = name_map_find(claims, key);
    if (entry != NULL)
        return (struct claim *)(uintptr_t)entry->value;
    struct claim *claim = arena_alloc(&import->arena, sizeof *claim);
    if (claim == NULL || !name_map_add(claims, key, claim))
        return NULL;
    *claim = (struct claim){.customer = import_item_of(import, KIND_CUSTOMER, customer),
                            .agent = agent};
    return claim;
}

static int64_t amount_of(const struct import_item *deal) {
    int64_t amount = 0;
    const char *text = node_member_text(deal->values, "amount");
    return import_text_number(text, 2, &amount) ? amount : 0;
}

static bool is_won(const struct import *import, const struct import_item *deal) {
    const struct name_map_entry *stage =
        name_map_find(&import->stages, node_member_text(deal->values, "stage"));
    return stage != NULL && stage->value != NULL && strcmp(stage->value, "won") == 0;
}

static int count_claims(struct import *import, struct name_map *claims,
                        satchel_error *error) {
    struct import_items *deals = &import->items[KIND_OPPORTUNITY];
    for (size_t i = 0; i < deals->count; i++) {
        const struct import_item *deal = &deals->items[i];
        const char *customer = deal->references[KIND_CUSTOMER];
        const char *agent = deal->references[KIND_PERSON];
        if (deal->outcome != OUTCOME_PENDING || customer == NULL || agent == NULL)
            continue;
        struct claim *claim = claim_of(import, claims, customer, agent);
        if (claim == NULL)
            return problem_out_of_memory(error);
        bool won = is_won(import, deal);
        claim->deals++;
        claim->won += won;
        claim->won_value += won ? amount_of(deal) : 0;
    }
    return 0;
}

/* Reads the claims one by one and keeps the best of each customer as its owner. */
static int choose_owners(struct import *import, satchel_error *error) {
    struct name_map claims = name_map_make(true);
    struct name_map best = name_map_make(true); /* customer to claim */
    int rc = count_claims(import, &claims, error);
    for (size_t i = 0; rc == 0 && i < claims.capacity; i++) {
        const struct claim *claim = claims.entries[i].value;
        if (claims.entries[i].name == NULL || claim->customer == NULL)
            continue;
        const struct name_map_entry *entry = name_map_find(&best, claim->customer->key);
        if (entry == NULL && !name_map_add(&best, claim->customer->key, claim))
            rc = problem_out_of_memory(error);
        else if (entry != NULL && is_better(claim, entry->value))
            best.entries[entry - best.entries].value = claim;
    }
    struct import_items *customers = &import->items[KIND_CUSTOMER];
    for (size_t i = 0; rc == 0 && i < customers->count; i++) {
        const struct name_map_entry *entry =
            name_map_find(&best, customers->items[i].key);
        if (entry != NULL)
            customers->items[i].references[KIND_PERSON] =
                ((const struct claim *)entry->value)->agent;
    }
    name_map_free(&claims);
    name_map_free(&best);
    return rc;
}

int import_order(struct import *import, satchel_error *error) {
    if (index_items(import, error) != 0)
        return -1;
    struct import_items *customers = &import->items[KIND_CUSTOMER];
    for (size_t i = 0; i < customers->count; i++)
        if (resolve_parent(import, &customers->items[i], error) != 0)
            return -1;
    if (set_levels(import, KIND_PERSON, error) != 0 ||
        set_levels(import, KIND_CUSTOMER, error) != 0)
        return -1;
    for (int pass = 0; pass < LIMIT_IMPORT_LEVELS; pass++) {
        size_t before = import->problem_count;
        for (int kind = 0; kind < IMPORT_KINDS; kind++)
            if (import_check_references(import, (enum import_kind)kind, error) != 0)
                return -1;
        if (import->problem_count == before)
            break;
    }
    return choose_owners(import, error);
}
