/*
 * This station goes on under another key: as a child of the device that it was, when it turned out to be a copy or
 * to have been restored from a backup; or as the same device, when its key is replaced.
 *
 *   fork noted --/v1/reenrol--> child: new certificate, new chain; what was not answered is sealed again
 *   rotation noted --/v1/rotate--> same device, same chain, new key
 *
 * Both are noted in the database before they are asked for, and the new key is on disk, so that asking again after a
 * lost answer is the same question. They come before anything else that a sync does.
 */
#ifndef SATCHEL_CLIENT_REKEY_H
#define SATCHEL_CLIENT_REKEY_H

#include "client-core/exchange.h"
#include "client-core/identity.h"

struct rekeying {
    struct replica *replica;
    const char *home;
    struct identity *identity;      /* becomes the new one */
    const struct exchange *contact; /* where headquarters is */
};

/* Headquarters has another bundle under the number of one of ours; in the open transaction. Nothing when a fork is
 * noted already. device.fork: the bundle is not kept any more */
int rekey_note_fork(struct replica *replica, int64_t number, struct error *error);
/* In a transaction of its own; nothing when one is noted already. */
int rekey_note_rotation(struct replica *replica, struct error *error);

/* A rotation is noted: nothing more is sealed with the present key. */
int rekey_is_rotating(struct replica *replica, bool *ret, struct error *error);

/* Does what is noted. device.fork (headquarters does not enrol it again), transport.*, server.*, device.* */
int rekey_run(const struct rekeying *rekeying, struct error *error);

#endif
