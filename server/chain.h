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
    int64_t epoch; /* of the lost history that its bases are of; 0: the present */
    const int64_t *formers; /* what its transactions were given there, if it is said */
    size_t former_count;
    bool first;   /* the device has none before it any more: a lost history had them */
    bool starved; /* memory ran out: nothing can be said of it now */
};

/* Opens, verifies and decodes without any database. Never fails: what is wrong is in the result. */
void chain_open(struct bytes sealed, const struct station *station, struct id org,
                struct arena *arena, struct incoming_bundle *ret);

/* One device's chain within an open database transaction. */
struct chain {
    struct master *master;
    struct work *work;
    struct station *station; /* moved on with each bundle */
    struct arena *arena;     /* what answers point to */
    int64_t at;              /* HQ time of the entry, UTC ms */
    struct verdict *retried; /* set by merging: work that waits no longer because of it */
    size_t retried_count;
};

/* Takes one bundle into the chain. -1: the database failed. */
int chain_take(struct chain *chain, const struct incoming_bundle *bundle,
               struct bundle_answer *ret, struct error *error);

/* A bundle that is in the chain already is answered as it was before; *ret_known says whether it is. */
int chain_known(struct chain *chain, const struct incoming_bundle *bundle,
                struct bundle_answer *ret, bool *ret_known, struct error *error);
/* Merges what a bundle holds without taking it into the chain: released from quarantine. */
int chain_release(struct chain *chain, const struct incoming_bundle *bundle,
                  struct bundle_answer *ret, struct error *error);

/* Replays a journaled bundle. `decide`: it is of the same version: decide anew and compare; else what was recorded is
 * taken as it is. replay.differs, journal.chain, journal.outcome */
struct outcome;
int chain_replay(struct chain *chain, const struct incoming_bundle *bundle,
                 const struct outcome *recorded, bool decide, struct error *error);
int chain_replay_released(struct chain *chain, const struct incoming_bundle *bundle,
                          const struct outcome *recorded, bool decide,
                          struct error *error);

#endif
