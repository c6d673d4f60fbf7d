/*
 * What the station has already, asked with the query import.known: the id behind each key, and a text
 * that changes when anything that an import may set changes.
 */
#include "tools/satchel/import.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema/base/limits.h"

struct kind_name {
    const char *one;
    const char *many;
};

static const struct kind_name kind_names[IMPORT_KINDS] = {
    [KIND_BRANCH] = {"branch", "branches"},
    [KIND_PERSON] = {"person", "people"},
    [KIND_PRODUCT] = {"product", "products"},
    [KIND_CUSTOMER] = {"customer", "customers"},
    [KIND_OPPORTUNITY] = {"opportunity", "opportunities"},
};

const char *import_kind_name(enum import_kind kind) {
    return kind_names[kind].one;
}

const char *import_kind_plural(enum import_kind kind) {
    return kind_names[kind].many;
}

static int index_rows(struct import_known *known, satchel_error *error) {
    for (size_t i = 0; i < node_count(known->rows); i++) {
        const struct node *row = node_at(known->rows, i);
        if (!name_map_add(&known->by_key, node_member_text(row, "key"), row))
            return problem_out_of_memory(error);
    }
    return 0;
}

int import_ask_kind(struct import_known *ret, satchel_session *session, const char *kind,
                    bool exact, satchel_error *error) {
    struct import_known known = {.by_key = name_map_make(exact)};
    char arguments[64];
    char *answer = NULL;
    snprintf(arguments, sizeof arguments, "{\"kind\":\"%s\"}", kind);
    int rc = satchel_ask(session, "import.known", arguments, &answer, error);
    if (rc == 0) {
        known.rows = node_read(answer, NULL, 0);
        rc = index_rows(&known, error);
    }
    satchel_free(answer);
    if (rc == 0) {
        import_known_free(ret);
        *ret = known;
    } else {
        import_known_free(&known);
    }
    return rc;
}

void import_known_free(struct import_known *known) {
    name_map_free(&known->by_key);
    node_release(known->rows);
    known->rows = NULL;
}

/* Keys with their state, as texts of the import's own. */
static int ask_names(struct import *import, struct name_map *map,
                     satchel_session *session, const char *kind, satchel_error *error) {
    struct import_known known = {.rows = NULL};
    int rc = import_ask_kind(&known, session, kind, false, error);
    for (size_t i = 0; rc == 0 && i < node_count(known.rows); i++) {
        const char *key = node_member_text(node_at(known.rows, i), "key");
        const char *state = node_member_text(node_at(known.rows, i), "state");
        char *key_copy = arena_text(&import->arena, key, strlen(key));
        char *state_copy = arena_text(&import->arena, state, strlen(state));
        if (key_copy == NULL || state_copy == NULL ||
            !name_map_add(map, key_copy, state_copy))
            rc = problem_out_of_memory(error);
    }
    import_known_free(&known);
    return rc;
}

int import_ask_known(struct import *import, satchel_session *session,
                     satchel_error *error) {
    for (int kind = 0; kind < IMPORT_KINDS; kind++)
        if (import_ask_kind(&import->known[kind], session, kind_names[kind].one,
                            kind == KIND_OPPORTUNITY, error) != 0)
            return -1;
    if (ask_names(import, &import->industries, session, "industry", error) != 0)
        return -1;
    return ask_names(import, &import->stages, session, "stage", error);
}
