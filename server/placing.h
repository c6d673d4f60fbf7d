/*
 * Placing rows in the feed: which scopes a row is in, by its table's @scope clauses, and what moves
 * with it (followers, rows it brings). An incremental pull then costs what changed.
 */
#ifndef SATCHEL_SERVER_PLACING_H
#define SATCHEL_SERVER_PLACING_H

#include "server/work.h"

struct scope_numbers;
int scope_numbers_make(struct scope_numbers **ret, struct error *error);
void scope_numbers_free(struct scope_numbers *numbers);
void scope_numbers_forget(struct scope_numbers *numbers);
/* The small number of a scope, given out on first use. org is 1, hq is 2. */
int scope_number(struct master *master, struct scope scope, int64_t *ret,
                 struct error *error);

/* After all rows of the transaction are written: computes the places of those inserted or
 * changed, moves them to the work's gsn, and follows to whatever moves with them. */
int placing_run(struct work *work, struct error *error);

#endif
