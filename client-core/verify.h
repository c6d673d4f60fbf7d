/*
 * A station looks at itself.
 */
#ifndef SATCHEL_CLIENT_VERIFY_H
#define SATCHEL_CLIENT_VERIFY_H

#include "client-core/replica.h"

/* Recomputes the digest of the rows held, and runs pending work again over the server images: both must come
 * out as they are. Changes nothing. Codes: verify.digest, verify.pending, verify.database */
int verify_replica(struct replica *replica, struct error *error);

#endif
