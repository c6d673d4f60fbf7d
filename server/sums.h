/*
 * What stations compare with headquarters: per scope, the sum of the digests of the rows in it, and how many they
 * are. Kept up row by row by the writer, in memory, and written down with each commit; so an answer costs one look per
 * scope, however many rows there are.
 */
#ifndef SATCHEL_SERVER_SUMS_H
#define SATCHEL_SERVER_SUMS_H

#include "server/work.h"

struct scope_sums; /* what the open transaction changed */
int scope_sums_make(struct scope_sums **ret, struct error *error);
void scope_sums_free(struct scope_sums *sums); /* NULL is fine */

/* The row left the scopes of `before` and is in those of `after`; `row->counted` is the version that was counted before,
 * `gsn` the one that is now. */
int scope_sums_move(struct master *master, struct row_work *row,
                    const struct placement *before, size_t before_count, int64_t gsn,
                    struct error *error);

/* Where the changes stand at the start of a savepoint, and back to there. */
size_t scope_sums_mark(struct scope_sums *sums);
void scope_sums_undo(struct scope_sums *sums, size_t mark);
/* Writes them down, outside of savepoints. */
int scope_sums_write(struct master *master, struct error *error);

/* Makes the table and fills it where a database of an earlier program has none. */
int scope_sums_prepare(sqlite3 *db, const struct catalogue *catalogue,
                       struct error *error);
/* Compares what is written with the rows themselves. verify.sums */
int scope_sums_check(sqlite3 *db, const struct catalogue *catalogue, struct error *error);

#endif
