/*
 * Scopes: who may see a row. A scope is a kind and an id; a row is in a set of them, and so is
 * a reader. This file is sets and their differences; which rows are in which scope is asked of the tables.
 */
#ifndef SATCHEL_SYNC_SCOPE_H
#define SATCHEL_SYNC_SCOPE_H

#include "schema/base/bytes.h"
#include "schema/base/error.h"
#include "schema/base/id.h"

enum scope_kind {
    SCOPE_ORG = 1,
    SCOPE_HQ = 2,
    SCOPE_USER = 3,
    SCOPE_BRANCH = 4,
    SCOPE_POOL = 5
};

struct scope {
    enum scope_kind kind;
    struct id id; /* zero for org and hq */
};

int scope_compare(struct scope a, struct scope b);
/* "org", "hq", "user", "branch", "pool" → kind; 0 for anything else. */
int scope_kind_of_text(struct bytes text);

/* A sorted set without doubles. */
struct scope_set {
    struct scope *scopes;
    size_t count;
    size_t capacity;
};

int scope_set_add(struct scope_set *set,
                  struct scope scope); /* -1: no memory or LIMIT_SUBSCRIPTIONS */
bool scope_set_has(const struct scope_set *set, struct scope scope);
bool scope_sets_meet(const struct scope_set *a, const struct scope_set *b);
void scope_set_clear(struct scope_set *set);
void scope_set_free(struct scope_set *set);
/* BLAKE2b-256 over the sorted set: equal sets, equal hashes. */
void scope_set_hash(const struct scope_set *set, uint8_t ret[32]);

/* The scopes that only `from` has → *ret_lost, only `to` has → *ret_gained (sets, emptied first). */
int scope_set_difference(const struct scope_set *from, const struct scope_set *to,
                         struct scope_set *ret_lost, struct scope_set *ret_gained);

/* A row's places in the feed, as the server keeps them beside the row: for each scope, by its
 * small number, the gsn of its feed entry and whether the row is there or gone from it. */
struct placement {
    int64_t scope_number;
    int64_t gsn;
    bool gone;
};

/* Compact bytes and back; `ret` holds up to `maximum` placements. Code: scope.placements. */
void placements_encode(const struct placement *placements, size_t count,
                       struct buffer *ret);
int placements_decode(struct bytes data, struct placement *ret, size_t maximum,
                      size_t *ret_count, struct error *error);

typedef void (*placement_emit)(void *context, int64_t old_gsn,
                               struct placement placement);

/* A change of one row: the scopes it is in now, and whether the row itself changed. */
struct placement_move {
    const int64_t *scope_numbers; /* ascending */
    size_t scope_count;
    int64_t gsn; /* of the change */
    bool row_changed;
    placement_emit emit;
    void *context;
};

/* What a change means for the feed: `placements` (`count`, ascending by scope number, room for `room`) become those
 * of the row as it is now. Every scope it is in, old or new, is moved to the change's gsn when the row changed;
 * otherwise only scopes it enters or leaves. For each entry to write `emit` is called with the old entry's
 * gsn (0: there was none) and the new placement, by descending scope number. Returns the new count, or -1 when there
 * is no room (and then nothing happened). */
int placements_move(struct placement *placements, size_t count, size_t room,
                    const struct placement_move *move);

#endif
