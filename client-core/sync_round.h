/*
 * Sync: rounds of question and answer until nothing is left to send or to receive. Every step
 * is resumable: cut anywhere, run again, same result.
 */
#ifndef SATCHEL_CLIENT_SYNC_ROUND_H
#define SATCHEL_CLIENT_SYNC_ROUND_H

#include "client-core/identity.h"
#include "client-core/transport.h"
#include "satchel.h"

struct syncer;

/* `replica` is the syncer's own from now on, also when this fails. The other pointers must outlive it. */
int syncer_open(struct replica *replica, const char *home,
                const struct transport *transport, struct syncer **ret,
                struct error *error);
/* Who the station was at the end of the last run: it may have become another device. */
const struct identity *syncer_identity(const struct syncer *syncer);
void syncer_close(struct syncer *syncer); /* NULL is fine */
struct replica *syncer_replica(const struct syncer *syncer);

int syncer_run(struct syncer *syncer, satchel_progress_function progress, void *context,
               satchel_sync_report *ret, struct error *error);

#endif
