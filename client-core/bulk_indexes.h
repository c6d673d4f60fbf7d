/*
 * Indexes out of the way of a first sync: filling a tree from all sides for every index costs more
 * than sorting once at the end, and nobody has to wait for it to see the rows. What is still to be
 * made stands in station_index, so that a crash in between costs nothing but time.
 */
#ifndef SATCHEL_CLIENT_BULK_INDEXES_H
#define SATCHEL_CLIENT_BULK_INDEXES_H

#include "client-core/replica.h"

/* What was dropped, in memory of an arena. */
struct dropped_index {
    const struct table *table;
    const char *name;
    const char *sql; /* CREATE INDEX … */
};
struct dropped_indexes {
    struct dropped_index *items;
    size_t count;
};

/* Drops the indexes of all synced tables, in the caller's transaction. No statement of the
 * connection may be running. */
int bulk_indexes_drop(struct replica *replica, struct arena *arena,
                      struct dropped_indexes *ret, struct error *error);
/* Makes them again, in the same transaction. */
int bulk_indexes_create(struct replica *replica, const struct dropped_indexes *dropped,
                        struct error *error);
/* Notes them, in the same transaction, to be made by bulk_indexes_finish; unique ones, and those of tables with few
 * rows, are made at once. */
int bulk_indexes_defer(struct replica *replica, const struct dropped_indexes *dropped,
                       struct error *error);
/* Makes what was noted, each in a transaction of its own so that commands come in between; what another
 * connection has made meanwhile is passed over. Not within a transaction. */
int bulk_indexes_finish(struct replica *replica, struct error *error);

#endif
