/*
 * Tombstones: entries of the feed that say that a row left a scope, and the places that say so beside the row. They
 * go once every station that lives has passed them, or after the horizon; a station that comes back from behind what is
 * gone is told to get everything once more.
 *
 * A purge is an entry of the journal: what left a scope after an author's base decides whether he may still change it,
 * so a replay must forget it at the same place.
 */
#ifndef SATCHEL_SERVER_TOMBSTONES_H
#define SATCHEL_SERVER_TOMBSTONES_H

#include "server/ingest.h"

/* How far stations passed and what follows from it, for one step. */
struct purge_limits {
    int64_t now;        /* HQ time, UTC ms */
    int64_t horizon_ms; /* older ones go, whoever has not passed them */
    size_t maximum;     /* of one step, about */
};

/* One step, in an open transaction of the writer: journals and applies a purge if there is something to purge.
 * *ret_more: there may be more. */
int tombstones_purge(struct master *master, struct work *work,
                     const struct purge_limits *limits, bool *ret_more,
                     struct error *error);

/* The journal's entry, applied: when it is made and when it is replayed. purge.invalid */
int tombstones_apply(struct master *master, struct work *work, struct bytes content,
                     struct error *error);

/* Up to which gsn tombstones were purged; 0: never. On any connection with the master's tables. */
int tombstones_purged(sqlite3 *db, int64_t *ret, struct error *error);

#endif
