/*
 * A replica that gets everything again. While a rebuild is under way the station pulls as if it held nothing, and people
 * go on with the rows that are there; when the head is reached, the one transaction that applies what came takes the
 * place of every row that headquarters had given. The outbox is not touched.
 */
#ifndef SATCHEL_CLIENT_REBUILD_H
#define SATCHEL_CLIENT_REBUILD_H

#include "client-core/replica.h"

/* Starts one, in the caller's transaction; what was staged is forgotten. `reason`: "headquarters" (it said so), "digest"
 * (the rows are not headquarters'), "history" (headquarters lost some of its own), "schema" (this program knows more than
 * the one before, and headquarters did; replica_sql.c), "asked". Nothing happens when one is
 * under way. */
int rebuild_begin(struct replica *replica, const char *reason, struct error *error);

int rebuild_is_under_way(struct replica *replica, bool *ret, struct error *error);
/* Why, as it is told to headquarters (enum rebuild_reason); 0: none is under way. */
int rebuild_reason(struct replica *replica, int64_t *ret, struct error *error);

/* In the transaction that ends it, pending work being undone: forgets every row, those that were set aside too. */
int rebuild_clear(struct replica *replica, struct error *error);
/* It is done. */
int rebuild_end(struct replica *replica, struct error *error);

#endif
