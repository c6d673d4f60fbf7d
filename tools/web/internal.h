/* What the files of the web interface share. */
#ifndef SATCHEL_TOOLS_WEB_INTERNAL_H
#define SATCHEL_TOOLS_WEB_INTERNAL_H

#include <pthread.h>
#include <satchel.h>

#include "schema/base/limits.h"
#include "server/http.h"
#include "tools/web/events.h"
#include "tools/web/guard.h"
#include "tools/web/launch.h"
#include "tools/web/outer.h"
#include "tools/web/pages.h"
#include "tools/web/sessions.h"
#include "tools/web/strangers.h"
#include "tools/web/turnstile.h"
#include "tools/web/web.h"

enum { COOKIE_NAME = 40, TOKEN = 32 };

struct web {
    struct web_options options;
    struct web_admin admin; /* call NULL: none */
    char home[4096];
    const struct env *env;
    struct guard guard;
    struct http *http;
    struct pages *pages;
    struct sessions *sessions;
    struct events *events;
    struct turnstile *turnstile;
    struct strangers *strangers;
    char link[512];
    char key[LAUNCH_KEY + 1];         /* WEB_APP only */
    char key_cookie[COOKIE_NAME];     /* cookies know no ports: their names tell the */
    char session_cookie[COOKIE_NAME]; /* stations of one machine apart */
    uint8_t pepper[32];               /* tokens are made with it */

    pthread_mutex_t lock; /* over what follows */
    satchel *station;     /* NULL until it is enrolled; then it stays */
    bool syncing;         /* at somebody's request */
    bool enrolling;
    bool stopping;
    int64_t synced_told_ms; /* when pages last heard of a sync that did nothing */
};

/* The station, or NULL while it is not enrolled. */
satchel *web_station(struct web *web);
bool web_is_stopping(struct web *web);
/* Opens the enrolled station: listens to it, lets it sync. */
int web_open_station(struct web *web, struct error *error);

/* --- one request to the interface (api.c) ------------------------------------------------------ */

struct visit {
    struct web *web;
    const struct http_request *request;
    const char *rest;        /* of the path, behind the route's prefix; "" */
    char id[SESSION_ID + 1]; /* the session's, from the cookie; "" */
    bool set_cookie;         /* the answer tells the browser `id` */
    struct session *session; /* held; NULL: nobody is signed in */
    satchel *station;        /* NULL: not enrolled */
    const char *json;        /* the request's body */
    struct bytes body;       /* the same, of a route that takes bytes */
};

void visit_answer(const struct visit *visit, const char *json);
/* Takes the buffer's text; a buffer that failed is an error. */
void visit_answer_buffer(const struct visit *visit, struct buffer *json);
void visit_fail(const struct visit *visit, const struct error *error);
/* With one more member, `"index":5`. */
void visit_fail_with(const struct visit *visit, const struct error *error,
                     const char *member, int64_t value);

/* --- the routes ---------------------------------------------------------------------------------- */

void api_handle(struct web *web, const struct http_request *request);

/* api_session.c */
void api_session(struct visit *visit);
void api_enrol(struct visit *visit);
void api_sign_in(struct visit *visit);
void api_sign_out(struct visit *visit);
void api_secret(struct visit *visit);
/* May whoever is signed in still be here? Ends the session if not. */
bool session_still_good(struct visit *visit);

/* api_work.c */
void api_do(struct visit *visit);
void api_do_all(struct visit *visit);
void api_ask(struct visit *visit);
void api_status(struct visit *visit);
void api_inbox(struct visit *visit);
void api_resubmit(struct visit *visit);
void api_discard(struct visit *visit);
void api_story(struct visit *visit);
void api_marks(struct visit *visit);
void api_describe(struct visit *visit);
void api_events(struct visit *visit);

/* api_sync.c */
void api_sync(struct visit *visit);
/* For satchel_listen. */
void web_hear(void *context, const char *event, const char *json);

/* api_files.c */
void api_file_add(struct visit *visit);
void api_file_read(struct visit *visit);
void api_files(struct visit *visit);

/* api_hq.c */
void api_hq(struct visit *visit);

#endif
