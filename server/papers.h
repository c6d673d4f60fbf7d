/*
 * Papers: the certificates that a device shows because this server lost the history in which it gave them out. Each is
 * the server's own word: which key is the device's, which device it goes on from, and up to where the key before counts.
 *
 * What they prove is journaled as enrolments without an invitation (station.h), so that a replay knows it too.
 */
#ifndef SATCHEL_SERVER_PAPERS_H
#define SATCHEL_SERVER_PAPERS_H

#include "server/station.h"

/* Takes what a request shows (in an open transaction): its certificate and those before it, as far as they are of one
 * line. Whoever calls has checked that the request was signed by the certificate's key.
 * message.signature (not this server's word), org.unknown */
int papers_prove(struct master *master, struct work *work,
                 const struct sync_request *request, struct error *error);

/* A certificate of a device that is known: it goes on under its key, unless it had or has that already.
 * *ret_known false: the device is not. */
int papers_follow(struct master *master, const struct certificate *certificate,
                  struct bytes envelope, bool *ret_known, struct error *error);

/* A station whose answer was lost asks again for the same key, and headquarters may have lost in between that it gave it:
 * then the key is of two devices. The one that the station shows has it; nobody can act as the other. */
int papers_take_key(struct master *master, const struct certificate *certificate,
                    struct error *error);

/* A child that comes back after its enrolment was lost is of its parent's family again. */
int papers_join_family(struct master *master, const struct certificate *certificate,
                       int64_t number, struct error *error);

#endif
