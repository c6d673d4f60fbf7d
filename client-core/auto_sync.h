/*
 * Auto-sync: a thread that syncs soon after a change, every few seconds while online, and backs off
 * while it is not.
 */
#ifndef SATCHEL_CLIENT_AUTO_SYNC_H
#define SATCHEL_CLIENT_AUTO_SYNC_H

#include "schema/base/error.h"

struct satchel;
struct auto_sync;

int auto_sync_start(struct satchel *station, struct auto_sync **ret, struct error *error);
/* Stops the thread and waits for it. NULL is fine. */
void auto_sync_stop(struct auto_sync *self);
/* A command changed something: sync now. Any thread. */
void auto_sync_wake(struct auto_sync *self);

#endif
