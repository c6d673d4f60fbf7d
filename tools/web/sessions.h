/*
 * Who is signed in. A session is known by a random text in a cookie, of which only the hash is kept here;
 * sessions live in the process.
 */
#ifndef SATCHEL_TOOLS_WEB_SESSIONS_H
#define SATCHEL_TOOLS_WEB_SESSIONS_H

#include <satchel.h>

#include "schema/base/env.h"
#include "schema/base/error.h"

enum {
    SESSION_ID = 52, /* characters: 32 random bytes in base32 */
    SESSIONS_MOST = 1024,
    SESSIONS_OF_PERSON = 20, /* one more ends the person's oldest */
    SESSION_ECHO_MS = 3000 /* what a page asks so soon after an event, nobody asked for */
};

enum session_use {
    SESSION_IDLE,  /* a page that waits or looks by itself */
    SESSION_LOOKS, /* a sign of life, unless an event was just told */
    SESSION_WORKS  /* a sign of life */
};

struct sessions;

/* One person's, at one browser. The fields do not change while a session is held. */
struct session {
    satchel_session *handle;
    char user[ID_TEXT_SIZE];
};

/* `idle_ms`: a session ends that was not used for so long; 0: never. `env` must stay. */
int sessions_make(size_t most, int64_t idle_ms, const struct env *env,
                  struct sessions **ret, struct error *error);
void sessions_free(struct sessions *sessions); /* nobody may hold one; NULL is fine */

/* A new random id; not yet anybody's. */
void sessions_id(const struct env *env, char ret_id[SESSION_ID + 1]);
/* Takes `handle` over, also when it fails. Error: session.many */
int sessions_add(struct sessions *sessions, const char *id, satchel_session *handle,
                 const char *user, struct error *error);
/* Holds it until sessions_release; NULL when there is none. */
struct session *sessions_hold(struct sessions *sessions, const char *id,
                              enum session_use use);
void sessions_release(struct sessions *sessions,
                      struct session *session); /* NULL is fine */
/* True once per `every_ms` for a session: time to look whether the person may still be here. */
bool sessions_due(struct sessions *sessions, struct session *session, int64_t every_ms);
/* From now on it is time for all. */
void sessions_look_again(struct sessions *sessions);

/* Its page was told of an event, and will look by itself. */
void sessions_told(struct sessions *sessions, struct session *session);

void sessions_end(struct sessions *sessions, const char *id);
/* All of a person's but `except` (may be NULL). */
void sessions_end_person(struct sessions *sessions, const char *user,
                         const struct session *except);

#endif
