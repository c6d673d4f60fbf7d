/*
 * The end of a revoked station: headquarters orders it, signed and in answer to this station's own question; all that was
 * not sent has been sent; then everything goes but the time of it.
 *
 *   order --nothing left to send--> one transaction empties every table --> keys, files, freed space --> done
 *
 * The transaction is where the wipe begins; who dies after it goes on at the next opening.
 */
#ifndef SATCHEL_CLIENT_WIPE_H
#define SATCHEL_CLIENT_WIPE_H

#include "client-core/replica.h"

/* Empties the replica and then the home. *ret_wiped false: somebody did something meanwhile that is to be sent first;
 * nothing was touched. After a failure behind the transaction *ret_wiped is true as well: wipe_look finishes it. */
int wipe_run(struct replica *replica, const char *home, int64_t at_ms, bool *ret_wiped,
             struct error *error);

/* Fails with station.revoked when the station was wiped, after finishing what may be left of it. */
int wipe_look(struct replica *replica, const char *home, struct error *error);

#endif
