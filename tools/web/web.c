/*
 * Starting and stopping, and the first look at every request.
 */
#include "tools/web/web.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client-core/json.h"
#include "sync/seal.h"
#include "tools/web/internal.h"

_Static_assert((int)WEB_PATH == (int)HOME_PATH, "one length");

enum { THREADS = 64, LIMIT_HEADERS = 2048 };
#define IDLE_CONSOLE_MS (12LL * 3600 * 1000)

satchel *web_station(struct web *web) {
    pthread_mutex_lock(&web->lock);
    satchel *station = web->station;
    pthread_mutex_unlock(&web->lock);
    return station;
}

bool web_is_stopping(struct web *web) {
    pthread_mutex_lock(&web->lock);
    bool stopping = web->stopping;
    pthread_mutex_unlock(&web->lock);
    return stopping;
}

int web_open_station(struct web *web, struct error *error) {
    satchel *station = NULL;
    const satchel_options options = {.home = web->home, .env = web->options.env};
    if (satchel_open(&options, &station, outer(error)) != 0)
        return -1;
    if (satchel_listen(station, web_hear, web, outer(error)) != 0 ||
        (web->options.auto_sync && satchel_auto_sync(station, 1, outer(error)) != 0)) {
        satchel_close(station);
        return -1;
    }
    pthread_mutex_lock(&web->lock);
    web->station = station;
    pthread_mutex_unlock(&web->lock);
    return 0;
}

/* --- requests --------------------------------------------------------------------------------- */

static void refuse_host(const struct http_request *request) {
    static const char body[] =
        "{\"error\":{\"code\":\"session.origin\",\"field\":\"Host\",\"message\":"
        "\"this server is not known by that name\"}}";
    char headers[LIMIT_HEADERS];
    snprintf(headers, sizeof headers, "%sCache-Control: no-store\r\n", pages_safety);
    http_answer(request, &(struct http_answer){.status = 403,
                                               .type = "application/json",
                                               .headers = headers,
                                               .body = bytes_of_text(body)});
}

/* /?key=…: the key goes into a cookie and out of the address. */
static void take_key(const struct web *web, const struct http_request *request,
                     const char *key) {
    char headers[LIMIT_HEADERS];
    char cookie[256] = "";
    bool right = strlen(key) == LAUNCH_KEY && seal_equal(key, web->key, LAUNCH_KEY);
    if (right)
        snprintf(cookie, sizeof cookie,
                 "Set-Cookie: %s=%s; Path=/; HttpOnly; SameSite=Strict; "
                 "Max-Age=34560000%s\r\n",
                 web->key_cookie, web->key,
                 guard_secure(&web->guard, http_header(request, "Host")) ? "; Secure"
                                                                         : "");
    snprintf(headers, sizeof headers, "%sCache-Control: no-store\r\nLocation: /\r\n%s",
             pages_safety, cookie);
    http_answer(request, &(struct http_answer){.status = 303, .headers = headers});
}

static void handle(void *context, const struct http_request *request) {
    struct web *web = context;
    char key[LAUNCH_KEY + 2];
    if (!guard_host(&web->guard, http_header(request, "Host")))
        refuse_host(request);
    else if (strncmp(request->path, "/api/", 5) == 0)
        api_handle(web, request);
    else if (web->options.mode == WEB_APP && strcmp(request->path, "/") == 0 &&
             strcmp(request->method, "GET") == 0 &&
             guard_parameter(request->query, "key", key, sizeof key))
        take_key(web, request, key);
    else
        pages_answer(web->pages, request);
}

static void log_message(void *context, const char *message) {
    struct web *web = context;
    if (web->options.log != NULL)
        web->options.log(web->options.log_context, message);
}

/* --- starting --------------------------------------------------------------------------------- */

static void name_cookies(struct web *web) {
    uint8_t hash[HASH_SIZE];
    hash_blake2b(bytes_of_text(web->home), hash);
    snprintf(web->key_cookie, COOKIE_NAME, "satchel-key-%02x%02x%02x%02x", hash[0],
             hash[1], hash[2], hash[3]);
    snprintf(web->session_cookie, COOKIE_NAME, "satchel-session-%02x%02x%02x%02x",
             hash[0], hash[1], hash[2], hash[3]);
}

/* A listener for every address of the machine is opened by the machine's name. */
static void make_link(struct web *web) {
    const struct web_options *options = &web->options;
    char host[GUARD_HOST + 16];
    const char *address = http_address(web->http);
    const char *port = strrchr(address, ':');
    bool everywhere =
        strncmp(address, "0.0.0.0:", 8) == 0 || strncmp(address, "[::]:", 5) == 0;
    snprintf(host, sizeof host, "%s%s", everywhere ? web->guard.machine : address,
             everywhere ? port : "");
    if (options->address != NULL)
        snprintf(web->link, sizeof web->link, "%.400s", options->address);
    else
        snprintf(web->link, sizeof web->link, "%s://%s",
                 options->certificate != NULL ? "https" : "http", host);
    size_t size = strlen(web->link);
    while (size > 0 && web->link[size - 1] == '/')
        size--;
    snprintf(web->link + size, sizeof web->link - size, "/%s%s",
             web->key[0] != '\0' ? "?key=" : "", web->key);
}

static int check_options(const struct web_options *options, struct error *error) {
    if (strrchr(options->listen, ':') == NULL || strlen(options->listen) > 120)
        return error_set(error, "server.listen", "listen",
                         "\"%.100s\" is not an address and port such as 127.0.0.1:8790",
                         options->listen);
    if (strlen(options->home) >= sizeof((struct web *)0)->home)
        return error_set(error, "station.missing", "home", "the path is too long");
    return options->certificate == NULL && !options->allow_plain &&
                   !http_is_loopback(options->listen)
               ? error_set(error, "web.plain", "listen",
                           "plain HTTP beyond this machine needs --certificate FILE, or "
                           "--allow-plain when a proxy stands in front")
               : 0;
}

static int make_parts(struct web *web, struct error *error) {
    const struct web_options *options = &web->options;
    bool app = options->mode == WEB_APP;
    if (seal_start(error) != 0 ||
        pages_make(options->assets, options->asset_count, options->asset_folder,
                   &web->pages, error) != 0 ||
        sessions_make(SESSIONS_MOST, app ? 0 : IDLE_CONSOLE_MS, web->env, &web->sessions,
                      error) != 0 ||
        events_make(web->env, &web->events, error) != 0 ||
        turnstile_make(&web->turnstile, error) != 0 ||
        strangers_make(web->env, &web->strangers, error) != 0)
        return -1;
    return app ? launch_key(web->home, web->env, web->key, error) : 0;
}

/* One's own station may still have to be enrolled. */
static int open_if_enrolled(struct web *web, struct error *error) {
    struct error found = {0};
    if (web_open_station(web, &found) == 0)
        return 0;
    if (web->options.mode == WEB_APP &&
        (error_is(&found, "station.missing") || error_is(&found, "station.not_enrolled")))
        return 0;
    *error = found;
    return -1;
}

static int listen_for_requests(struct web *web, struct error *error) {
    static const struct http_route ROUTES[] = {{NULL, handle}};
    const struct http_options options = {
        .listen = web->options.listen,
        .certificate = web->options.certificate,
        .routes = ROUTES,
        .route_count = 1,
        .context = web,
        .threads = THREADS,
        .log = log_message,
    };
    return http_start(&options, &web->http, error);
}

int web_start(const struct web_options *options, struct web **ret, struct error *error) {
    if (check_options(options, error) != 0)
        return -1;
    struct web *web = calloc(1, sizeof *web);
    if (web == NULL)
        return error_out_of_memory(error);
    pthread_mutex_init(&web->lock, NULL);
    web->options = *options;
    web->env = options->env != NULL ? options->env : env_system();
    if (options->admin != NULL)
        web->admin = *options->admin;
    snprintf(web->home, sizeof web->home, "%s", options->home);
    web->env->random(web->env->context, web->pepper, sizeof web->pepper);
    guard_make(&web->guard, options->listen, options->address,
               options->certificate != NULL);
    name_cookies(web);
    if (make_parts(web, error) != 0 || open_if_enrolled(web, error) != 0 ||
        listen_for_requests(web, error) != 0) {
        web_stop(web);
        return -1;
    }
    make_link(web);
    *ret = web;
    return 0;
}

const char *web_address(const struct web *web) {
    return http_address(web->http);
}

const char *web_link(const struct web *web) {
    return web->link;
}

int web_link_file(const struct web *web, char ret_path[WEB_PATH], struct error *error) {
    return launch_page(web->home, web->link, ret_path, error);
}

void web_stop(struct web *web) {
    if (web == NULL)
        return;
    pthread_mutex_lock(&web->lock);
    web->stopping = true;
    pthread_mutex_unlock(&web->lock);
    if (web->events != NULL)
        events_release(web->events, NULL);
    http_stop(web->http);
    sessions_free(web->sessions);
    satchel_close(web->station);
    events_free(web->events);
    turnstile_free(web->turnstile);
    strangers_free(web->strangers);
    pages_free(web->pages);
    seal_wipe(web->pepper, sizeof web->pepper);
    pthread_mutex_destroy(&web->lock);
    free(web);
}
