/*
 * Indexes out of the way of a first sync: filling a tree from all sides for every index costs more
 * than sorting once at the end.
 */
#ifndef SATCHEL_CLIENT_BULK_INDEXES_H
#define SATCHEL_CLIENT_BULK_INDEXES_H

#include "client-core/replica.h"

/* The CREATE INDEX statements of what was dropped, in memory of an arena. */
struct dropped_indexes {
    const char **sql;
    size_t count;
};

/* Drops the indexes of all synced tables, in the caller's transaction. No statement of the
 * connection may be running. */
int bulk_indexes_drop(struct replica *replica, struct arena *arena,
                      struct dropped_indexes *ret, struct error *error);
/* Makes them again, in the same transaction. */
int bulk_indexes_create(struct replica *replica, const struct dropped_indexes *dropped,
                        struct error *error);

#endif
