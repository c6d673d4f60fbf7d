/*
 * The histories of a company. A server that goes on from a backup has lost what came after it; what stations then hold of
 * that is of another history than the server's. Each begins with a journal entry, has a number (its epoch) and gsns of its
 * own range, so that a gsn tells which history it is of:
 *
 *   epoch 1: gsn 1, 2, … 900 (the backup) … 960 (lost) | epoch 2: goes on from 900 with 2^32, 2^32 + 1, …
 *
 * Stations send the lost work again; that is the refill. Until it ends, work of an older epoch that builds on what is not
 * here yet waits (deferred.h).
 */
#ifndef SATCHEL_SERVER_HISTORY_H
#define SATCHEL_SERVER_HISTORY_H

#include "server/verdicts.h"

/* The present epoch; 1 when there never was another. */
int history_epoch(sqlite3 *db, int64_t *ret, struct error *error);
/* Up to which gsn the history called `epoch` is also this server's: INT64_MAX for the present one, 0 for one that
 * it has never heard of. */
int history_from(sqlite3 *db, int64_t epoch, int64_t *ret, struct error *error);
/* Names everything up to a gsn: nothing else ever has the same; zero when there is no such gsn. */
int history_id(sqlite3 *db, int64_t gsn, struct id *ret, struct error *error);

/* Since when a refill is going on: into master->refill_since. */
int history_refill(struct master *master, struct error *error);

/* Says of a copy of the master that it is a backup: who starts from it begins another epoch. */
int history_mark(sqlite3 *db, struct error *error);
/* In no transaction: begins another epoch when this master is a backup that nobody has started from yet. */
int history_restored(struct master *master, struct work *work, bool *ret_begun,
                     struct error *error);

/* A station has shown that it was here in a history that this server does not have: its cursor, and the epoch that it
 * knows. In the writer's transaction; nothing happens when the present epoch came after that one. */
struct lost_history {
    int64_t epoch;
    int64_t cursor;
    struct id id;
};
int history_lost(struct master *master, struct work *work,
                 const struct lost_history *lost, struct error *error);

/* Ends the refill when its time is over, or `now`: what still waits is tried once more and then refused. In the
 * writer's transaction. */
int history_end_refill(struct master *master, struct work *work, bool now,
                       bool *ret_ended, struct error *error);

/* What a merged transaction of a lost history was given there; and whether the author of the work at hand, who
 * names a base of that history, knew what has `gsn` here. */
int history_remember(struct master *master, int64_t gsn, const struct lost_origin *lost,
                     struct error *error);
int history_knew(struct work *work, int64_t gsn, bool *ret, struct error *error);
/* The other way round: who wrote `gsn` knew then what the work at hand is. */
int history_superseded(struct work *work, int64_t gsn, bool *ret, struct error *error);

/* Replays an entry of kind ENTRY_EPOCH. `decide` as in chain.h. */
struct journal_entry;
int history_apply(struct master *master, struct work *work,
                  const struct journal_entry *entry, bool decide, struct error *error);

#endif
