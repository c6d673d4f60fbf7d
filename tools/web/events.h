/*
 * What happens to the station, for pages that wait for it: numbered, the last EVENTS_KEPT of them.
 */
#ifndef SATCHEL_TOOLS_WEB_EVENTS_H
#define SATCHEL_TOOLS_WEB_EVENTS_H

#include "schema/base/bytes.h"
#include "schema/base/env.h"
#include "schema/base/error.h"

enum {
    EVENTS_KEPT = 1000,
    EVENTS_WAITING = 32,           /* requests at once */
    EVENTS_WAITING_OF_SESSION = 4, /* one more lets the session's first go */
    EVENTS_FROM_NOW = -1
};

struct events;

/* Numbers begin with the time, so that those of an earlier process are known to be old. */
int events_make(const struct env *env, struct events **ret, struct error *error);
void events_free(struct events *events); /* nobody may wait; NULL is fine */

/* `json`: an object with the event's details. From any thread. */
void events_add(struct events *events, const char *event, const char *json);
/* Appends {"next", "events"} with what came after number `after` (or EVENTS_FROM_NOW), as soon as there is
 * something, at the latest after `timeout_ms`. A number of which not all that followed is kept is answered with the
 * event "missed" first. `session` says who waits. Error: events.many */
int events_wait(struct events *events, int64_t after, int timeout_ms, const void *session,
                struct buffer *ret_json, struct error *error);
/* Lets those of one session go at once; NULL: all, from now on for good. */
void events_release(struct events *events, const void *session);

#endif
