/*
 * Lets few through at once: checking a secret takes much memory and time on purpose.
 */
#ifndef SATCHEL_TOOLS_WEB_TURNSTILE_H
#define SATCHEL_TOOLS_WEB_TURNSTILE_H

#include "schema/base/error.h"

enum { TURNSTILE_INSIDE = 2, TURNSTILE_WAITING = 16 };

struct turnstile;

int turnstile_make(struct turnstile **ret, struct error *error);
void turnstile_free(struct turnstile *turnstile); /* NULL is fine */

/* Waits for its turn. Error: sign_in.busy when too many wait already. */
int turnstile_enter(struct turnstile *turnstile, struct error *error);
void turnstile_leave(struct turnstile *turnstile);
/* How many wait right now. */
int turnstile_waiting(struct turnstile *turnstile);

#endif
