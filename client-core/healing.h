/*
 * What a station does when it finds that the rows it holds are not those that headquarters counts: it says so, counts it,
 * and gets everything once more, by itself at most every HEAL_EVERY_MS.
 *
 * Settings: differs (since when, by headquarters' clock; 0: it does not), digest_differences (how often), healed_at.
 */
#ifndef SATCHEL_CLIENT_HEALING_H
#define SATCHEL_CLIENT_HEALING_H

#include "client-core/replica.h"

/* Both say the same. *ret_healed: 1 when they did not before. In the caller's transaction, as the next. */
int healing_agrees(struct replica *replica, int64_t *ret_healed, struct error *error);
/* They do not. *ret_found: 1 when that is news. */
int healing_differs(struct replica *replica, int64_t now_ms, int64_t *ret_found,
                    struct error *error);

#endif
