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
void syncer_close(struct syncer *syncer); /* NULL is fine */
/* Who the station was at the end of the last run: it may have become another device. */
const struct identity *syncer_identity(const struct syncer *syncer);
/* From now on it sends the files of this home too. */
void syncer_send_files(struct syncer *syncer, const char *home);
/* Who tells what each run brought lets it end between pieces of files, and begins the next one at once when there are more. */
void syncer_slice_files(struct syncer *syncer, bool on);
bool syncer_has_more(const struct syncer *syncer);
struct replica *syncer_replica(const struct syncer *syncer);

int syncer_run(struct syncer *syncer, satchel_progress_function progress, void *context,
               satchel_sync_report *ret, struct error *error);

/* --- for rounds that go as files (parcel_round.c) -------------------------------------------------------- */

/* Reads who the station is: another process may have made it another device. A run does that by itself. */
int syncer_know(struct syncer *syncer, struct error *error);
/* Headquarters ordered to wipe. Fails with station.revoked when it is done; *ret_settled false: there is something to be
 * sent first. */
int syncer_wipe(struct syncer *syncer, bool *ret_settled, struct error *error);
/* What the next request says, without bundles. The held scopes are the caller's to free; the rest lives in `arena`. */
int syncer_ask(struct syncer *syncer, struct arena *arena, struct sync_request *ret,
               struct error *error);
/* That headquarters refused this station or its history: what stays said until it takes work again. */
void syncer_note(struct syncer *syncer, const struct error *why);
/* A carried answer is of the history that this station knows (*ret: its epoch), or of one that followed it.
 * Code: server.epoch */
int syncer_check_epoch(const struct syncer *syncer, const struct sync_response *response,
                       int64_t *ret, struct error *error);

#endif
