/*
 * Rebase: pending work is taken off the rows, what headquarters sent is applied, pending work
 * is run again on top. All inside the caller's transaction.
 */
#ifndef SATCHEL_CLIENT_REBASE_H
#define SATCHEL_CLIENT_REBASE_H

#include "client-core/replica.h"

/* Puts every row with pending work back to what headquarters last sent. */
int rebase_undo(struct replica *replica, struct error *error);

/* Runs the active transactions again, in order. One that no longer applies is set aside with its reason
 * (row.missing, merge.overflow, database.constraint …), whole; the others go on. *ret_attention: how many. */
int rebase_redo(struct replica *replica, int64_t *ret_attention, struct error *error);

#endif
