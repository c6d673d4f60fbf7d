/*
 * Merge: what becomes of one cell when headquarters already has another value. Pure decisions;
 * whoever calls reads and writes the tables.
 *
 * A cell is concurrent iff the master's was last written after the author's base, by another
 * device. What is not concurrent is simply taken. What is, is decided by the cell's rule.
 */
#ifndef SATCHEL_SYNC_MERGE_H
#define SATCHEL_SYNC_MERGE_H

#include "schema/catalogue.h"
#include "sync/change.h"

/* When, where and by which device a cell was last written. */
struct stamp {
    int64_t gsn;
    int64_t time; /* effective, HLC */
    struct id device;
};

enum merge_reason {
    MERGE_REASON_NONE,
    MERGE_REASON_LATER,         /* the later effective time wins */
    MERGE_REASON_EQUAL_TIME,    /* equal times: the greater device id wins */
    MERGE_REASON_FIRST,         /* first rule: what was there stays */
    MERGE_REASON_STATE_EARLIER, /* a step earlier than the present state: history */
    MERGE_REASON_DELETED        /* an edit met a delete it did not know of */
};

/* Stable words: "later", "equal_time", "first", "state_earlier", "deleted"; "" for none. */
const char *merge_reason_text(enum merge_reason reason);

/* One cell's case. values: the columns of the cell (one, or those of its group), same order both. */
struct merge_case {
    enum merge_rule rule;
    struct stamp master;
    const struct value *master_values;
    struct id device; /* the author's */
    int64_t base;
    int64_t time; /* effective */
    const struct value *values;
    size_t count;
};

struct merge_decision {
    bool
        take; /* write `values` (or `combined`) and the new stamp; else the master's stays */
    bool combined_valid; /* add, max, min: write `combined` (count is 1) */
    struct value combined;
    bool conflict;    /* two values met and one lost: keep the loser */
    bool author_lost; /* whose value lost: the incoming one (true) or the master's */
    enum merge_reason reason;
};

bool merge_is_concurrent(const struct stamp *master, int64_t base, struct id device);

/* Decides. Equal values never conflict. add: master + incoming difference, never a conflict; overflow fails with
 * merge.overflow. max/min: the greater/lesser, never a conflict (NULL loses). first: the master's when it is not NULL,
 * and a different one conflicts; who knows of it may write another, as "restore mine" does. state: as lww, with its own reason; whether a step is allowed is a rule's business. */
int merge_cell(const struct merge_case *merge_case, struct merge_decision *ret,
               struct error *error);

/* An edit against a delete that knew nothing of each other: true when the row's deletion (stamp of
 * its deleted_at, not NULL in the master) is concurrent with this edit. */
bool merge_edits_deleted(bool row_is_deleted, const struct stamp *deletion, int64_t base,
                         struct id device);

/* --- authority: table, cell and role; scopes are the caller's ------------------------- */

/* May somebody with `roles` make this change? `user`: for @self. `engine` lets the engine's own rows pass.
 * Codes: change.table (unknown), change.column (unknown or a key), change.type, change.null, change.key, change.append_only,
 * change.engine, change.delete (only soft deletes travel), role.insert, role.write; field = "table.column". */
int authorise_change(const struct catalogue *catalogue, const struct change *change,
                     struct id user, role_set roles, bool engine, struct error *error);

#endif
