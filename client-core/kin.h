/*
 * What a row belongs to: the rows that it follows, and, for rows that nobody names by themselves (an
 * interaction, a reminder, a line), all that they point at, but for what is everybody's.
 */
#ifndef SATCHEL_CLIENT_KIN_H
#define SATCHEL_CLIENT_KIN_H

#include "client-core/row_access.h"
#include "sync/change.h"

typedef int (*kin_each)(void *context, const struct table *table, struct bytes key,
                        struct error *error);

/* Calls `each` for the row and for every row it belongs to, until that fails. The row is taken as it is here; where
 * it is not, as `change` (may be NULL) says. */
int kin_of_row(struct replica *replica, const struct table *table, struct bytes key,
               const struct change *change, kin_each each, void *context,
               struct error *error);

#endif
