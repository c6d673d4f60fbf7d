/*
 * When headquarters goes on from a backup it has lost what came after, and begins another history (an epoch; see
 * ARCHITECTURE.md). What this station was told had been taken may be among it: it is sent again.
 *
 * Settings: epoch (the one that headquarters is in), rows_epoch (the one that the rows, and so new work, are of).
 */
#ifndef SATCHEL_CLIENT_EPOCH_H
#define SATCHEL_CLIENT_EPOCH_H

#include "client-core/replica.h"
#include "sync/message.h"

/* The epoch that the station knows of; 1 when it was never told. */
int epoch_read(struct replica *replica, int64_t *ret, struct error *error);

/* In the caller's transaction: takes the epoch that headquarters answered with. Bundles with work above epoch_from wait
 * for an answer again, as if there had been none; what was staged is forgotten, and a rebuild begins where headquarters
 * says that the rows are of what it lost. */
int epoch_adopt(struct replica *replica, const struct sync_response *response,
                struct error *error);

/* The rows are of the present epoch, up to the history called `head`. */
int epoch_rows(struct replica *replica, const struct id *head, struct error *error);

#endif
