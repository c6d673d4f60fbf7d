/*
 * Merging one transaction into the master: authority, cell by cell, references, state steps, rules.
 */
#ifndef SATCHEL_SERVER_APPLY_H
#define SATCHEL_SERVER_APPLY_H

#include "server/work.h"

/* Where a transaction comes from and when it arrived. */
struct origin {
    int64_t station; /* its number; 0: the server's own entry */
    struct id device;
    role_set ceiling;
    const struct id *actors; /* who may act on the device */
    size_t actor_count;
    bool everyone; /* beside them, all active people */
    struct family family;
    int64_t received_at; /* HQ time, UTC ms: of the journal entry */
    int64_t entry;
    int64_t schema_version;
    int64_t seen_base; /* what the device is known to have applied before */
    bool trusted;      /* the server's own rows: no authority is asked */
    struct lost_origin lost;
};

/* Merges one transaction inside a savepoint of the open database transaction and records its verdict under a
 * new gsn. Returns 0 with *ret filled (merged or refused; texts live in `texts`), -1 when
 * the database failed and the whole group must be rolled back. Known transactions get the verdict they had.
 * One that is deferred (verdicts.h) gets no gsn.
 * `recorded` (may be NULL) is the outcome that the journal holds: then a refusal is taken from it.
 *
 * With work->unguarded there is no savepoint around the transaction, which spares a copy of every page that it
 * writes. It then cannot be undone alone: when it has to be, work->must_undo is set and 0 returned, and the caller,
 * who has a savepoint around several transactions, takes all of them back and merges them again guarded. */
int apply_transaction(struct master *master, struct work *work,
                      const struct origin *origin, const struct transaction *transaction,
                      const struct verdict *recorded, struct arena *texts,
                      struct verdict *ret, struct error *error);

#endif
