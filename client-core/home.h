/*
 * The home of a station: a folder that only its owner may enter, with the replica, the device's
 * secret key and the lock of whoever syncs.
 *
 *   replica.db  device.key (0600)  device.key.next (while a key follows another)  sync.lock
 */
#ifndef SATCHEL_CLIENT_HOME_H
#define SATCHEL_CLIENT_HOME_H

#include "schema/base/env.h"
#include "sync/seal.h"

enum { HOME_PATH = 4096 };

/* "home/name" */
int home_file(const char *home, const char *name, char ret_path[HOME_PATH],
              struct error *error);
/* A failure of the home's database (database.full, .readonly, .open, .io, .corrupt, .busy) in words for who works on
 * the station: which folder, why, what to do. Other errors stay as they are; NULL is fine. */
void home_explain(const char *home, struct error *error);

bool home_has(const char *home, const char *name);
/* Makes the folder (and those above it) with mode 0700. */
int home_make(const char *home, struct error *error);

/* The device's key pair. `create`: made from env's dice and durable on disk when this returns, unless
 * there is one already. Codes: station.key, home.* */
int home_keys(const char *home, const struct env *env, bool create, struct sign_keys *ret,
              struct error *error);

/* The key that is to follow: made when there is none, durable on disk when this returns. */
int home_next_keys(const char *home, const struct env *env, struct sign_keys *ret,
                   struct error *error);
/* The key pair whose public key is `wanted`. When that is the one to follow, it takes its place: the one before is
 * overwritten. Code: station.key */
int home_keys_of(const char *home, const struct sign_public *wanted,
                 struct sign_keys *ret, struct error *error);

/* Overwrites the keys and removes everything in the home but the replica and the locks. Once more does nothing. */
int home_wipe(const char *home, struct error *error);

/* Takes the lock "name" of the home; waits up to wait_ms for it. *ret_lock goes to home_unlock. Code: sync.busy */
int home_lock(const char *home, const char *name, const struct env *env, int64_t wait_ms,
              int *ret_lock, struct error *error);
void home_unlock(int lock); /* -1 is fine */

#endif
