/*
 * /api: who asks, whether he may, and which route it is. Routes are in one table.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "client-core/json.h"
#include "sync/seal.h"
#include "tools/web/internal.h"
#include "tools/web/token.h"

enum { SMALL_BODY = 64 * 1024, LIMIT_ERROR = 8192, STATUS_DEFAULT = 400 };

/* Beside ANYBODY all are for who is signed in; they differ in whether they are a sign of life. */
enum route_access { ANYBODY, WAITING, LOOKING, WORKING };

struct api_route {
    const char *method;
    const char *path; /* below /api/; one that ends with '/' is a prefix */
    enum route_access access;
    size_t maximum; /* bytes of the body */
    void (*handle)(struct visit *visit);
};

static const struct api_route routes[] = {
    {"GET", "session", ANYBODY, 0, api_session},
    {"POST", "enrol", ANYBODY, SMALL_BODY, api_enrol},
    {"POST", "sign-in", ANYBODY, SMALL_BODY, api_sign_in},
    {"POST", "sign-out", ANYBODY, SMALL_BODY, api_sign_out},
    {"POST", "secret", WORKING, SMALL_BODY, api_secret},
    {"POST", "do/", WORKING, LIMIT_JSON, api_do},
    {"POST", "do-all/", WORKING, LIMIT_JSON, api_do_all},
    {"POST", "ask/", LOOKING, LIMIT_JSON, api_ask},
    {"GET", "status", WAITING, 0, api_status},
    {"GET", "inbox", LOOKING, 0, api_inbox},
    {"POST", "resubmit", WORKING, LIMIT_JSON, api_resubmit},
    {"POST", "discard", WORKING, SMALL_BODY, api_discard},
    {"GET", "story", LOOKING, 0, api_story},
    {"GET", "marks", WAITING, 0, api_marks},
    {"GET", "describe", LOOKING, 0, api_describe},
    {"POST", "sync", WORKING, SMALL_BODY, api_sync},
    {"GET", "events", WAITING, 0, api_events},
    {"POST", "files", WORKING, LIMIT_FILE, api_file_add},
    {"GET", "files", LOOKING, 0, api_files},
    {"GET", "files/", LOOKING, 0, api_file_read},
    {"POST", "hq/invite", WORKING, SMALL_BODY, api_hq},
    {"GET", "hq/invitations", LOOKING, 0, api_hq},
    {"GET", "hq/devices", LOOKING, 0, api_hq},
    {"POST", "hq/revoke", WORKING, SMALL_BODY, api_hq},
    {"GET", "hq/quarantine", LOOKING, 0, api_hq},
    {"POST", "hq/release", WORKING, SMALL_BODY, api_hq},
    {"POST", "hq/discard", WORKING, SMALL_BODY, api_hq},
    {"POST", "hq/access", WORKING, SMALL_BODY, api_hq},
};

/* --- answering ------------------------------------------------------------------------------ */

static void answer(const struct visit *visit, int status, struct bytes body) {
    char headers[2048];
    char cookie[256] = "";
    struct web *web = visit->web;
    if (visit->set_cookie)
        snprintf(cookie, sizeof cookie,
                 "Set-Cookie: %s=%s; Path=/; HttpOnly; SameSite=Strict%s\r\n",
                 web->session_cookie, visit->id,
                 guard_secure(&web->guard, http_header(visit->request, "Host"))
                     ? "; Secure"
                     : "");
    snprintf(headers, sizeof headers, "%sCache-Control: no-store\r\n%s", pages_safety,
             cookie);
    http_answer(visit->request, &(struct http_answer){
                                    .status = status,
                                    .type = "application/json",
                                    .headers = headers,
                                    .body = body,
                                });
}

void visit_answer(const struct visit *visit, const char *json) {
    answer(visit, 200, bytes_of_text(json));
}

void visit_answer_buffer(const struct visit *visit, struct buffer *json) {
    struct error error = {0};
    if (json->failed) {
        (void)error_out_of_memory(&error);
        visit_fail(visit, &error);
    } else {
        answer(visit, 200, buffer_bytes(json));
    }
}

/* A code, or with a dot at its end all codes that begin so. */
static int status_of(const char *code) {
    static const struct {
        const char *code;
        int status;
    } statuses[] = {
        {"session.missing", 401},
        {"session.key", 401},
        {"session.token", 403},
        {"session.origin", 403},
        {"role.missing", 403},
        {"path.unknown", 404},
        {"command.unknown", 404},
        {"query.unknown", 404},
        {"request.method", 405},
        {"sync.busy", 409},
        {"enrol.exists", 409},
        {"request.size", 413},
        {"request.type", 415},
        {"sign_in.wait", 429},
        {"session.many", 429},
        {"sign_in.busy", 503},
        {"events.many", 503},
        {"web.stopping", 503},
        {"sync.stopped", 503},
        {"database.busy", 503},
        {"memory", 500},
        {"file.unknown", 404},
        {"file.absent", 503},
        {"file.size", 413},
        {"file.full", 500},
        {"file.failed", 500},
        {"file.corrupt", 500},
        {"resubmit.unknown", 404},
        {"transport.", 502},
        {"server.", 502},
        {"database.constraint", 400},
        {"database.", 500},
        {"seal.", 500},
        {"home.", 500},
    };
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        size_t size = strlen(statuses[i].code);
        bool begins = strncmp(code, statuses[i].code, size) == 0;
        if (begins && (code[size] == '\0' || statuses[i].code[size - 1] == '.'))
            return statuses[i].status;
    }
    return STATUS_DEFAULT;
}

/* The library tells the wait in its sentence only. */
static int64_t seconds_in(const char *message) {
    const char *digits = strpbrk(message, "0123456789");
    return digits != NULL ? strtoll(digits, NULL, 10) : 0;
}

void visit_fail_with(const struct visit *visit, const struct error *error,
                     const char *member, int64_t value) {
    struct buffer json = buffer_make(LIMIT_ERROR);
    buffer_printf(&json, "{\"error\":{");
    json_put_name(&json, "code");
    json_put_string(&json, error->code);
    json_put_name(&json, "field");
    json_put_string(&json, error->field);
    json_put_name(&json, "message");
    json_put_string(&json, error->message);
    if (member != NULL) {
        json_put_name(&json, member);
        json_put_integer(&json, value);
    }
    buffer_printf(&json, "}}");
    answer(visit, status_of(error->code), buffer_bytes(&json));
    buffer_free(&json);
}

void visit_fail(const struct visit *visit, const struct error *error) {
    if (error_is(error, "sign_in.wait"))
        visit_fail_with(visit, error, "wait_s", seconds_in(error->message));
    else
        visit_fail_with(visit, error, NULL, 0);
}

/* --- may he? -------------------------------------------------------------------------------- */

static const struct api_route *find_route(const char *path, const char *method,
                                          const char **ret_rest, struct error *error) {
    bool known = false;
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
        const struct api_route *route = &routes[i];
        size_t size = strlen(route->path);
        bool prefix = route->path[size - 1] == '/';
        if (prefix ? strncmp(path, route->path, size) != 0 || path[size] == '\0'
                   : strcmp(path, route->path) != 0)
            continue;
        known = true;
        *ret_rest = path + size;
        if (strcmp(route->method, method) == 0)
            return route;
    }
    if (known)
        error_fill(error, "request.method", "method", "this path does not take %.20s",
                   method);
    else
        error_fill(error, "path.unknown", "path", "there is no /api/%.200s", path);
    return NULL;
}

static int check_key(const struct visit *visit, struct error *error) {
    const struct web *web = visit->web;
    char key[LAUNCH_KEY + 1];
    if (web->options.mode != WEB_APP)
        return 0;
    if (guard_cookie(http_header(visit->request, "Cookie"), web->key_cookie, key,
                     sizeof key) &&
        strlen(key) == LAUNCH_KEY && seal_equal(key, web->key, LAUNCH_KEY))
        return 0;
    return error_set(error, "session.key", NULL,
                     "open the address that satchel app printed");
}

/* A foreign page's request: of another origin, or without what only the own page knows. */
static int check_origin(const struct visit *visit, struct error *error) {
    const struct http_request *request = visit->request;
    const char *origin = http_header(request, "Origin");
    bool reads = strcmp(request->method, "GET") == 0;
    if (reads && origin == NULL)
        return 0;
    if (!guard_origin(&visit->web->guard, http_header(request, "Host"), origin))
        return error_set(error, "session.origin", "Origin",
                         "this request does not come from the station's own page");
    if (!reads &&
        !token_matches(visit->web, visit->id, http_header(request, "X-Satchel-Token")))
        return error_set(error, "session.token", "X-Satchel-Token",
                         "the page is out of date; load it again");
    return 0;
}

static int check_session(struct visit *visit, enum route_access access,
                         struct error *error) {
    struct web *web = visit->web;
    visit->station = web_station(web);
    if (visit->station != NULL && visit->id[0] != '\0')
        visit->session = sessions_hold(web->sessions, visit->id,
                                       access == WORKING   ? SESSION_WORKS
                                       : access == WAITING ? SESSION_IDLE
                                                           : SESSION_LOOKS);
    if (visit->session != NULL && !session_still_good(visit)) {
        sessions_release(web->sessions, visit->session);
        visit->session = NULL;
    }
    if (access == ANYBODY)
        return 0;
    if (visit->station == NULL)
        return error_set(error, "station.not_enrolled", NULL,
                         "this station has to be enrolled first");
    return visit->session != NULL
               ? 0
               : error_set(error, "session.missing", NULL, "sign in first");
}

static bool is_type(const struct visit *visit, const char *wanted) {
    const char *type = http_header(visit->request, "Content-Type");
    size_t size = strlen(wanted);
    return type != NULL && strncasecmp(type, wanted, size) == 0 &&
           (type[size] == '\0' || type[size] == ';' || type[size] == ' ');
}

static int read_body(const struct visit *visit, const struct api_route *route,
                     struct buffer *ret, struct error *error) {
    bool bytes = route->handle == api_file_add;
    const char *type = bytes ? "application/octet-stream" : "application/json";
    if (strcmp(visit->request->method, "POST") != 0)
        return 0;
    if (!is_type(visit, type))
        return error_set(error, "request.type", "Content-Type", "send %s", type);
    if (http_body(visit->request, route->maximum, ret, error) != 0)
        return -1;
    if (!bytes && ret->size > 0 && memchr(ret->data, '\0', ret->size) != NULL)
        return error_set(error, "json.invalid", "body", "the body holds a NUL byte");
    return 0;
}

static void run_route(struct visit *visit, const struct api_route *route) {
    struct error error = {0};
    struct buffer body = buffer_make(route->maximum + 1);
    if (check_origin(visit, &error) != 0 ||
        check_session(visit, route->access, &error) != 0 ||
        read_body(visit, route, &body, &error) != 0) {
        visit_fail(visit, &error);
    } else {
        visit->body.size = body.size;
        buffer_append_byte(&body, '\0');
        visit->json = (const char *)body.data;
        visit->body.data = body.data;
        if (body.failed && error_out_of_memory(&error) != 0)
            visit_fail(visit, &error);
        else
            route->handle(visit);
    }
    if (body.data != NULL)
        seal_wipe(body.data, body.size); /* there may have been a secret in it */
    buffer_free(&body);
    sessions_release(visit->web->sessions, visit->session);
}

void api_handle(struct web *web, const struct http_request *request) {
    struct visit visit = {.web = web, .request = request, .rest = ""};
    struct error error = {0};
    const struct api_route *route =
        find_route(request->path + strlen("/api/"), request->method, &visit.rest, &error);
    if (web_is_stopping(web))
        error_fill(&error, "web.stopping", NULL,
                   "the program behind this page is ending");
    if (check_key(&visit, &error) != 0 || route == NULL ||
        error_is(&error, "web.stopping")) {
        visit_fail(&visit, &error);
        return;
    }
    if (!guard_cookie(http_header(request, "Cookie"), web->session_cookie, visit.id,
                      sizeof visit.id) ||
        strlen(visit.id) != SESSION_ID ||
        strspn(visit.id, "abcdefghijklmnopqrstuvwxyz234567") != SESSION_ID)
        visit.id[0] = '\0';
    run_route(&visit, route);
}
