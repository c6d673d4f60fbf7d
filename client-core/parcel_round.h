/*
 * Sync rounds that go as files, where there is no network: everything that waits into one parcel for headquarters; what
 * it answers, whenever it comes back, if it does.
 *
 * Nothing depends on the answer: work stays open, and is sent again by whatever way, until headquarters' verdict is known
 * here. An answer brings its rows only to the place that its question was asked from; when the station has moved on
 * meanwhile (another sync, the same file before), only the verdicts count.
 */
#ifndef SATCHEL_CLIENT_PARCEL_ROUND_H
#define SATCHEL_CLIENT_PARCEL_ROUND_H

#include "client-core/sync_round.h"

/* Seals what waits and packs it with the question for what is new. `ret` is empty before, and its maximum that of the file.
 * Codes: parcel.size */
int parcel_export(struct syncer *syncer, struct buffer *ret,
                  satchel_parcel_report *ret_report, struct error *error);

/* Takes in headquarters' answer. Codes: parcel.*, server.signature, server.epoch, device.fork */
int parcel_import(struct syncer *syncer, struct bytes parcel,
                  satchel_progress_function progress, void *context,
                  satchel_sync_report *ret, struct error *error);

#endif
