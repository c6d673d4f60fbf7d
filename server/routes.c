/* What the server answers over HTTP: /v1/sync, /v1/enrol, /v1/file, /healthz, /metrics. */
#include <string.h>

#include "server/http.h"
#include "server/internal.h"
#include "sync/message.h"

enum { THREADS = 64 };

static void answer(struct server *server, const struct http_request *request, int status,
                   const char *type, struct buffer *body) {
    http_answer(request, &(struct http_answer){
                             .status = status,
                             .type = type,
                             .headers = "Cache-Control: no-store\r\n"
                                        "X-Content-Type-Options: nosniff\r\n",
                             .body = buffer_bytes(body),
                         });
    atomic_fetch_add(&server->counters.bytes_out, (long long)body->size);
}

static void answer_error(struct server *server, const struct http_request *request,
                         int status, const struct error *error) {
    struct buffer body = buffer_make(LIMIT_TEXT);
    failure_encode(error, &body);
    atomic_fetch_add(&server->counters.failures, 1);
    answer(server, request, status, "application/msgpack", &body);
    buffer_free(&body);
}

typedef void (*message_handler)(struct server *server, struct bytes body,
                                struct buffer *ret, int *ret_status);

static void handle_message(struct server *server, const struct http_request *request,
                           size_t maximum, message_handler handler) {
    struct error error = {0};
    struct buffer body = {0};
    struct buffer response = buffer_make(LIMIT_RESPONSE);
    int status = 200;
    atomic_fetch_add(&server->counters.requests, 1);
    if (strcmp(request->method, "POST") != 0) {
        error_set(&error, "request.method", "method", "send this message with POST");
        answer_error(server, request, 405, &error);
    } else if (http_body(request, maximum, &body, &error) != 0) {
        answer_error(server, request, error_is(&error, "request.size") ? 413 : 400,
                     &error);
    } else {
        atomic_fetch_add(&server->counters.bytes_in, (long long)body.size);
        handler(server, buffer_bytes(&body), &response, &status);
        answer(server, request, status, "application/msgpack", &response);
    }
    buffer_free(&body);
    buffer_free(&response);
}

static void handle_sync(void *context, const struct http_request *request) {
    handle_message(context, request, LIMIT_REQUEST, server_handle_sync);
}

static void handle_file(void *context, const struct http_request *request) {
    handle_message(context, request, LIMIT_FILE_REQUEST, server_handle_file);
}

static void handle_enrol(void *context, const struct http_request *request) {
    handle_message(context, request, LIMIT_ENROL_REQUEST, server_handle_enrol);
}

static void handle_reenrol(void *context, const struct http_request *request) {
    handle_message(context, request, LIMIT_ENROL_REQUEST, server_handle_reenrol);
}

static void handle_rotate(void *context, const struct http_request *request) {
    handle_message(context, request, LIMIT_ENROL_REQUEST, server_handle_rotate);
}

static void handle_health(void *context, const struct http_request *request) {
    struct buffer body = buffer_make(LIMIT_TEXT);
    int status = server_health(context, &body);
    answer(context, request, status, "application/json", &body);
    buffer_free(&body);
}

static void handle_metrics(void *context, const struct http_request *request) {
    struct buffer body = buffer_make(LIMIT_TEXT);
    server_metrics(context, &body);
    answer(context, request, 200, "text/plain; version=0.0.4", &body);
    buffer_free(&body);
}

static void handle_unknown(void *context, const struct http_request *request) {
    struct error error = {0};
    error_set(
        &error, "request.path", "path",
        "this server answers /v1/sync, /v1/enrol, /v1/reenrol, /v1/rotate, /v1/file, "
        "/healthz and /metrics");
    answer_error(context, request, 404, &error);
}

static void log_message(void *context, const char *message) {
    server_log(context, "warning", "http", "\"message\":\"%s\"", message);
}

int routes_start(struct server *server, const char *listen, const char *certificate,
                 struct http **ret, struct error *error) {
    static const struct http_route ROUTES[] = {
        {"/v1/sync", handle_sync},       {"/v1/enrol", handle_enrol},
        {"/v1/reenrol", handle_reenrol}, {"/v1/rotate", handle_rotate},
        {"/v1/file", handle_file},       {"/healthz", handle_health},
        {"/metrics", handle_metrics},    {NULL, handle_unknown},
    };
    return http_start(
        &(struct http_options){
            .listen = listen,
            .certificate = certificate,
            .routes = ROUTES,
            .route_count = sizeof ROUTES / sizeof *ROUTES,
            .context = server,
            .threads = THREADS,
            .log = log_message,
        },
        ret, error);
}
