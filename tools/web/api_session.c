/*
 * /api/session and what changes it: enrolling, signing in and out, one's own secret.
 */
#include <stdio.h>
#include <string.h>

#include "client-core/json.h"
#include "sync/seal.h"
#include "tools/satchel/json.h"
#include "tools/web/internal.h"
#include "tools/web/token.h"

enum {
    CHECK_EVERY_MS = 5000,
    ANSWER_AFTER_MS = 400, /* what a failure on a console takes, whatever it was */
    LIMIT_SESSION_JSON = 1024 * 1024
};

/* --- what a page begins with ------------------------------------------------------------------ */

static void put_member(struct buffer *json, const char *name, const char *text) {
    json_put_name(json, name);
    json_put_string(json, text);
}

static int put_station(const struct visit *visit, struct buffer *json,
                       struct error *error) {
    char *text = NULL;
    json_put_name(json, "station");
    if (visit->station == NULL) {
        buffer_printf(json, "null");
        return 0;
    }
    if (satchel_status(visit->station, &text, outer(error)) != 0)
        return -1;
    struct node *status = node_read(text, NULL, 0);
    buffer_append_byte(json, '{');
    put_member(json, "name", node_member_text(status, "device_name"));
    put_member(json, "org", node_member_text(status, "org_name"));
    put_member(json, "code", node_member_text(status, "device_code"));
    buffer_append_byte(json, '}');
    node_release(status);
    satchel_free(text);
    return 0;
}

static int put_people(const struct visit *visit, struct buffer *json,
                      struct error *error) {
    char *text = NULL;
    bool open = visit->station != NULL && visit->web->options.mode == WEB_APP;
    if (open && satchel_people(visit->station, &text, outer(error)) != 0)
        return -1;
    json_put_name(json, "people");
    buffer_printf(json, "%s", open ? text : "[]");
    satchel_free(text);
    return 0;
}

static int put_user(const struct visit *visit, struct buffer *json, struct error *error) {
    char *text = NULL;
    if (visit->session != NULL &&
        satchel_session_user(visit->session->handle, &text, outer(error)) != 0)
        return -1;
    json_put_name(json, "user");
    buffer_printf(json, "%s", text != NULL ? text : "null");
    satchel_free(text);
    return 0;
}

static void answer_session(struct visit *visit) {
    struct buffer json = buffer_make(LIMIT_SESSION_JSON);
    struct error error = {0};
    char token[TOKEN + 1];
    if (visit->id[0] == '\0') {
        sessions_id(visit->web->env, visit->id);
        visit->set_cookie = true;
    }
    token_of(visit->web, visit->id, token);
    buffer_append_byte(&json, '{');
    put_member(&json, "mode", visit->web->options.mode == WEB_APP ? "app" : "console");
    json_put_name(&json, "enrolled");
    buffer_printf(&json, "%s", visit->station != NULL ? "true" : "false");
    if (put_station(visit, &json, &error) != 0 || put_user(visit, &json, &error) != 0 ||
        put_people(visit, &json, &error) != 0) {
        visit_fail(visit, &error);
    } else {
        put_member(&json, "token", token);
        put_member(&json, "version", satchel_version());
        buffer_append_byte(&json, '}');
        visit_answer_buffer(visit, &json);
    }
    buffer_free(&json);
}

/* --- becoming somebody -------------------------------------------------------------------------- */

/* Takes `handle` over. The session that was there ends, and the browser gets a new id. */
static int begin_session(struct visit *visit, satchel_session *handle,
                         struct error *error) {
    struct sessions *sessions = visit->web->sessions;
    char *text = NULL;
    if (satchel_session_user(handle, &text, outer(error)) != 0) {
        satchel_sign_out(handle);
        return -1;
    }
    if (visit->session != NULL) {
        events_release(visit->web->events, visit->session);
        sessions_end(sessions, visit->id);
        sessions_release(sessions, visit->session);
        visit->session = NULL;
    }
    struct node *user = node_read(text, NULL, 0);
    sessions_id(visit->web->env, visit->id);
    visit->set_cookie = true;
    int failed =
        sessions_add(sessions, visit->id, handle, node_member_text(user, "id"), error);
    if (!failed)
        visit->session = sessions_hold(sessions, visit->id, SESSION_WORKS);
    node_release(user);
    satchel_free(text);
    return failed;
}

/* The only person of a station, without a secret: whoever knows the station's key is him. */
static void sign_in_alone(struct visit *visit) {
    satchel_session *handle = NULL;
    char *text = NULL;
    if (visit->web->options.mode != WEB_APP || visit->station == NULL ||
        satchel_people(visit->station, &text, NULL) != 0)
        return;
    struct node *people = node_read(text, NULL, 0);
    const struct node *person = node_at(people, 0);
    bool alone =
        node_count(people) == 1 && node_kind(node_member(person, "secret")) == NODE_FALSE;
    if (alone && satchel_sign_in(visit->station, node_member_text(person, "id"), NULL,
                                 &handle, NULL) == 0)
        (void)begin_session(visit, handle, NULL);
    node_release(people);
    satchel_free(text);
}

static bool take_turn(struct web *web) {
    pthread_mutex_lock(&web->lock);
    bool mine = web->station == NULL && !web->enrolling;
    web->enrolling = web->enrolling || mine;
    pthread_mutex_unlock(&web->lock);
    return mine;
}

static void give_turn(struct web *web) {
    pthread_mutex_lock(&web->lock);
    web->enrolling = false;
    pthread_mutex_unlock(&web->lock);
}

/* Another program may have enrolled it; or it was enrolled here, but could not be opened then. */
static void find_station(struct visit *visit) {
    struct web *web = visit->web;
    if (visit->station != NULL || !take_turn(web))
        return;
    (void)web_open_station(web, NULL);
    visit->station = web_station(web);
    give_turn(web);
}

void api_session(struct visit *visit) {
    find_station(visit);
    if (visit->session == NULL)
        sign_in_alone(visit);
    answer_session(visit);
}

bool session_still_good(struct visit *visit) {
    struct error error = {0};
    struct web *web = visit->web;
    if (!sessions_due(web->sessions, visit->session, CHECK_EVERY_MS))
        return true;
    bool gone = satchel_session_check(visit->session->handle, outer(&error)) != 0 &&
                strncmp(error.code, "sign_in.", 8) == 0;
    if (gone)
        sessions_end(web->sessions, visit->id);
    return !gone;
}

/* --- enrolling ------------------------------------------------------------------------------------ */

static int read_object(const char *json, struct node **ret, struct error *error) {
    char message[200] = "not an object";
    struct node *node = node_read(json, message, sizeof message);
    if (node != NULL && node_kind(node) == NODE_OBJECT) {
        *ret = node;
        return 0;
    }
    node_release(node);
    return error_set(error, "json.invalid", "body", "the body is no JSON object: %s",
                     message);
}

/* NULL when it is missing or empty. */
static const char *text_or_null(const struct node *object, const char *name) {
    const char *text = node_member_text(object, name);
    return text[0] != '\0' ? text : NULL;
}

static int enrol_once(struct visit *visit, const struct node *body, struct error *error) {
    struct web *web = visit->web;
    const satchel_enrol_options options = {
        .home = web->home,
        .invitation = node_member_text(body, "invitation"),
        .name = text_or_null(body, "name"),
        .address = text_or_null(body, "address"),
    };
    if (satchel_enrol(&options, outer(error)) != 0 || web_open_station(web, error) != 0)
        return -1;
    visit->station = web_station(web);
    sign_in_alone(visit);
    return 0;
}

void api_enrol(struct visit *visit) {
    struct web *web = visit->web;
    struct error error = {0};
    struct node *body = NULL;
    if (read_object(visit->json, &body, &error) != 0) {
        visit_fail(visit, &error);
        return;
    }
    bool first = take_turn(web);
    int failed = first ? enrol_once(visit, body, &error)
                       : error_set(&error, "enrol.exists", NULL,
                                   "this station is enrolled, or just being so");
    if (first)
        give_turn(web);
    if (failed)
        visit_fail(visit, &error);
    else
        answer_session(visit);
    node_release(body);
}

/* --- signing in ----------------------------------------------------------------------------------- */

/* Takes as long as looking at a secret that exists. */
static void pretend_to_check(const char *secret) {
    static const uint8_t salt[SECRET_SALT] = {1};
    uint8_t hash[SECRET_HASH];
    (void)seal_secret(bytes_of_text(secret), salt, hash, NULL);
    seal_wipe(hash, sizeof hash);
}

static int wrong(struct error *error) {
    return error_set(error, "sign_in.secret", "secret",
                     "the name or the secret is wrong");
}

/* A console is reached from afar: it does not tell who works here. */
static int sign_in_console(const struct visit *visit, const char *user,
                           const char *secret, satchel_session **ret,
                           struct error *error) {
    bool has_secret = false;
    struct error found = {0};
    if (user[0] == '\0' || secret == NULL)
        return wrong(error);
    if (satchel_has_secret(visit->station, user, &has_secret, outer(&found)) != 0) {
        if (strncmp(found.code, "sign_in.", 8) != 0) {
            *error = found;
            return -1;
        }
        if (strangers_try(visit->web->strangers, user, error) != 0)
            return -1;
        pretend_to_check(secret);
        return wrong(error);
    }
    if (!has_secret) {
        pretend_to_check(secret);
        return error_set(error, "sign_in.no_access", "user",
                         "this person has no access here yet; an administrator gives it");
    }
    int failed = satchel_sign_in(visit->station, user, secret, ret, outer(error));
    if (failed && error_is(error, "sign_in.secret"))
        (void)wrong(error);
    return failed;
}

static int sign_in(const struct visit *visit, const char *user, const char *secret,
                   satchel_session **ret, struct error *error) {
    struct web *web = visit->web;
    const struct env *env = web->env;
    bool console = web->options.mode == WEB_CONSOLE;
    if (turnstile_enter(web->turnstile, error) != 0)
        return -1;
    int64_t started_ms = env->boot_ms(env->context);
    int failed = console ? sign_in_console(visit, user, secret, ret, error)
                         : satchel_sign_in(visit->station, user[0] != '\0' ? user : NULL,
                                           secret, ret, outer(error));
    turnstile_leave(web->turnstile);
    int64_t left_ms = started_ms + ANSWER_AFTER_MS - env->boot_ms(env->context);
    if (failed && console && left_ms > 0 && left_ms <= ANSWER_AFTER_MS)
        env->sleep_ms(env->context, left_ms);
    return failed;
}

void api_sign_in(struct visit *visit) {
    struct error error = {0};
    struct node *body = NULL;
    satchel_session *handle = NULL;
    int failed = visit->station == NULL
                     ? error_set(&error, "station.not_enrolled", NULL,
                                 "this station has to be enrolled first")
                     : read_object(visit->json, &body, &error);
    if (!failed)
        failed = sign_in(visit, node_member_text(body, "user"),
                         text_or_null(body, "secret"), &handle, &error);
    if (!failed)
        failed = begin_session(visit, handle, &error);
    if (failed)
        visit_fail(visit, &error);
    else
        answer_session(visit);
    node_release(body);
}

void api_sign_out(struct visit *visit) {
    struct sessions *sessions = visit->web->sessions;
    if (visit->session != NULL) {
        events_release(visit->web->events, visit->session);
        sessions_end(sessions, visit->id);
        sessions_release(sessions, visit->session);
        visit->session = NULL;
    }
    sessions_id(visit->web->env, visit->id);
    visit->set_cookie = true;
    answer_session(visit);
}

/* --- one's own secret ------------------------------------------------------------------------------- */

/* Whoever has one proves that he knows it: a screen left open is not enough. */
static int check_old(const struct visit *visit, const char *old, struct error *error) {
    satchel_session *probe = NULL;
    bool has_secret = false;
    if (satchel_has_secret(visit->station, visit->session->user, &has_secret,
                           outer(error)) != 0)
        return -1;
    if (!has_secret)
        return 0;
    if (turnstile_enter(visit->web->turnstile, error) != 0)
        return -1;
    int failed =
        satchel_sign_in(visit->station, visit->session->user, old, &probe, outer(error));
    turnstile_leave(visit->web->turnstile);
    satchel_sign_out(probe);
    if (failed && error_is(error, "sign_in.secret"))
        return error_set(error, "secret.old", "old", "the present secret is wrong");
    return failed;
}

void api_secret(struct visit *visit) {
    struct error error = {0};
    struct node *body = NULL;
    struct web *web = visit->web;
    int failed = read_object(visit->json, &body, &error);
    if (!failed && node_kind(node_member(body, "secret")) != NODE_TEXT &&
        node_member(body, "secret") == NULL)
        failed = error_set(&error, "parameter.missing", "secret",
                           "give the new secret; null takes it away");
    const char *secret = failed ? NULL : text_or_null(body, "secret");
    if (!failed && secret == NULL && web->options.mode == WEB_CONSOLE)
        failed = error_set(&error, "secret.short", "secret",
                           "nobody is without a secret here");
    if (!failed)
        failed = check_old(visit, text_or_null(body, "old"), &error);
    if (!failed)
        failed = satchel_set_secret(visit->session->handle, secret, outer(&error));
    if (failed) {
        visit_fail(visit, &error);
    } else {
        sessions_end_person(web->sessions, visit->session->user, visit->session);
        visit_answer(visit, "{}");
    }
    node_release(body);
}
