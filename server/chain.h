/*
 * Bundles of a device: accepted by their headers in the order of the device's chain, journaled,
 * merged transaction by transaction.
 */
#ifndef SATCHEL_SERVER_CHAIN_H
#define SATCHEL_SERVER_CHAIN_H

#include "server/station.h"

/* A bundle after a request thread looked at it: signature checked, payload decoded if it could be. */
struct incoming_bundle {
    struct bytes sealed;
    struct bundle_envelope envelope;
    struct transaction *transactions;
    size_t transaction_count;
    struct error unreadable; /* code empty: the payload was read */
    struct error refused;    /* code empty: header and signature hold */
};

/* Opens, verifies and decodes without any database. Never fails: what is wrong is in the result. */
void chain_open(struct bytes sealed, const struct station *station, struct id org,
                struct arena *arena, struct incoming_bundle *ret);

/* Takes one bundle into the chain within the open database transaction. `station` is moved on. -1: the
 * database failed. Everything in *ret lives in `arena`. */
int chain_take(struct master *master, struct work *work, struct station *station,
               const struct incoming_bundle *bundle, int64_t at, struct arena *arena,
               struct bundle_answer *ret, struct error *error);

/* Replays a journaled bundle; `recorded` is its outcome. The same version decides anew and must
 * come to the same verdicts (replay.differs); another takes them as they are. */
int chain_replay(struct master *master, struct work *work, struct station *station,
                 const struct incoming_bundle *bundle, int64_t at, bool decide,
                 const struct verdict *recorded, size_t recorded_count,
                 struct arena *arena, struct error *error);

#endif
