/*
 * The pull at the station: chunks of rows are staged verbatim, and applied together when a
 * response reaches head, so that nobody sees half of what others did.
 */
#ifndef SATCHEL_CLIENT_PULL_H
#define SATCHEL_CLIENT_PULL_H

#include "client-core/replica.h"
#include "sync/scope.h"

/* Keeps a chunk, in the caller's transaction. */
int pull_stage(struct replica *replica, struct bytes chunk, struct error *error);
/* Forgets what was staged and the position; the next pull begins at the cursor. */
int pull_restart(struct replica *replica, struct error *error);

/* What a response that reached head brings. */
struct pull_end {
    int64_t head;                 /* the new cursor */
    struct bytes chunk;           /* its rows; may be empty */
    const struct scope_set *held; /* the scopes that the new cursor is about */
    bool rebuild;                 /* what came is everything: it replaces what is there */
    int (*progress)(void *context, int64_t rows); /* may be NULL; not zero: stop */
    void *context;
};

struct pull_result {
    int64_t rows;
    int64_t forgotten;
    int64_t misfits;   /* set aside in station_misfit */
    int64_t skipped;   /* of tables this program does not know */
    int64_t attention; /* pending transactions that no longer apply */
    int64_t digest;
    int64_t digest_rows;
};

/* Applies all that was staged and the last chunk in the caller's transaction: undoes pending work, writes and
 * forgets rows, settles answered work, runs the rest again, moves the cursor. After the commit
 * bulk_indexes_finish has to be called: a first sync leaves indexes to it. */
int pull_apply(struct replica *replica, const struct pull_end *end,
               struct pull_result *ret, struct error *error);

/* The same without rows, in the caller's transaction: answered work that the cursor has passed is settled. */
int pull_settle(struct replica *replica, struct error *error);

#endif
