/*
 * The workspace of one transaction while it is merged: each touched row is loaded once, with its
 * stamp, its places in the feed and its values; what changed is collected for rules and conflicts.
 */
#ifndef SATCHEL_SERVER_WORK_H
#define SATCHEL_SERVER_WORK_H

#include "server/access.h"
#include "server/kin.h"
#include "server/master.h"

struct row_work {
    const struct table *table;
    struct bytes key;
    bool existed;    /* before this transaction */
    bool inserted;   /* by this transaction */
    bool changed;    /* a value was taken */
    bool stamped;    /* its row_meta is written (placing.c writes it) */
    bool queued;     /* waits for its places to be computed */
    bool replace;    /* its scopes may have changed: they are computed anew */
    int64_t gsn;     /* of its insert: the stamp of cells without one of their own */
    int64_t counted; /* the version that the sums of its scopes count; 0: none */
    struct placement *placements;
    size_t placement_count;
    struct value *values; /* by index of table->columns, data columns; NULL: not loaded */
    struct row_work *next; /* in the hash bucket */
};

/* Of a lost history: what the transaction said and was given there. */
struct lost_origin {
    int64_t epoch; /* 0: it is of the present one */
    int64_t base;  /* the base it names; transaction.base is what of that is known here */
    int64_t former; /* its gsn there; 0: it was not merged */
    bool defer;     /* what is missing may still come */
};

/* A value that lost, to be kept. */
struct kept_conflict {
    struct row_work *row;
    const struct column *cell;
    enum merge_reason reason;
    bool author_lost;
    int64_t other_gsn; /* who wrote the master's value */
    const struct value *winner;
    const struct value *loser;
    size_t count;
};

enum { WORK_BUCKETS = 1024 };

struct work {
    struct master *master;
    struct arena arena;
    const struct transaction *transaction; /* NULL: the engine's own rows */
    bool
        unguarded; /* no savepoint around each transaction: one is around all (apply.h) */
    bool must_undo; /* an unguarded one cannot stay */
    bool starved; /* words for a derived row could not be put together: none is written */
    struct id device;
    int64_t station;             /* its number; 0: the server itself */
    struct family family;        /* of the station */
    const struct access *access; /* NULL: everything is allowed (genesis, the engine) */
    role_set roles;
    int64_t seen_base;
    struct lost_origin lost;
    int64_t gsn;
    int64_t time; /* effective, HLC */
    struct error
        flag; /* the rule that it breaks and that its author's program does not have yet */
    struct row_work *buckets[WORK_BUCKETS];
    struct row_work **rows; /* in the order they were met */
    size_t row_count, row_capacity;
    struct touched_row *touched;
    size_t touched_count, touched_capacity;
    struct changed_cell *changed;
    size_t changed_count, changed_capacity;
    struct kept_conflict *conflicts;
    size_t conflict_count, conflict_capacity;
};

/* Starts with an empty workspace; work_end frees it. */
void work_begin(struct work *work, struct master *master);
void work_reset(struct work *work);
void work_end(struct work *work);

/* The row, loaded if it exists. NULL with the error filled on failure. */
struct row_work *work_row(struct work *work, const struct table *table, struct bytes key,
                          struct error *error);
/* Its values, read from the table when not loaded yet (missing row: all NULL). */
int work_values(struct work *work, struct row_work *row, struct error *error);
struct value work_value(const struct row_work *row, const struct column *column);

int work_touch(struct work *work, struct row_work *row, enum row_operation operation,
               struct error *error);
int work_change(struct work *work, struct row_work *row, const struct column *column,
                struct value old_value, struct value new_value, struct error *error);
int work_conflict(struct work *work, const struct kept_conflict *conflict,
                  struct error *error);

/* Binds a row key's columns from `index` on; the next free index. */
int work_bind_key(sqlite3_stmt *statement, int index, const struct table *table,
                  struct bytes key);

/* Writes a new row with the given cells and the stamps of this work. */
int work_insert(struct work *work, struct row_work *row, const struct cell *cells,
                size_t count, struct error *error);
/* Writes row->values of the columns in the set, with the stamps of this work. */
int work_update(struct work *work, struct row_work *row, uint64_t columns,
                struct error *error);

#endif
