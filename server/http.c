/* HTTP: the only file that knows CivetWeb. Routes: /v1/sync, /v1/enrol, /healthz, /metrics. */
#include <civetweb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server/internal.h"

enum { READ_STEP = 64 * 1024, LISTENERS = 8 };

struct http {
    struct server *server;
    struct mg_context *context;
    char address[128];
};

/* --- answering --------------------------------------------------------------------------------- */

static const char *reason_of(int status) {
    switch (status) {
    case 200:
        return "OK";
    case 400:
        return "Bad Request";
    case 401:
        return "Unauthorized";
    case 403:
        return "Forbidden";
    case 405:
        return "Method Not Allowed";
    case 409:
        return "Conflict";
    case 413:
        return "Content Too Large";
    case 503:
        return "Service Unavailable";
    default:
        return status < 500 ? "Error" : "Server Error";
    }
}

static int answer(struct http *http, struct mg_connection *connection, int status,
                  const char *type, struct bytes body) {
    mg_printf(connection,
              "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
              "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
              "Connection: %s\r\n\r\n",
              status, reason_of(status), type, body.size,
              status == 200 ? "keep-alive" : "close");
    mg_write(connection, body.data, body.size);
    atomic_fetch_add(&http->server->counters.bytes_out, (long long)body.size);
    return status;
}

static int answer_error(struct http *http, struct mg_connection *connection, int status,
                        const struct error *error) {
    struct buffer body = buffer_make(LIMIT_TEXT);
    failure_encode(error, &body);
    atomic_fetch_add(&http->server->counters.failures, 1);
    answer(http, connection, status, "application/msgpack", buffer_bytes(&body));
    buffer_free(&body);
    return status;
}

/* Reads the body under our own cap: the library's form parsers are never used. */
static int read_body(struct mg_connection *connection, size_t maximum, struct buffer *ret,
                     struct error *error) {
    const struct mg_request_info *info = mg_get_request_info(connection);
    if (info->content_length > (long long)maximum) {
        return error_set(error, "request.size", "body", "a request has at most %zu bytes",
                         maximum);
    }
    for (;;) {
        uint8_t *room = buffer_extend(ret, READ_STEP);
        if (room == NULL) {
            return error_set(error, "request.size", "body",
                             "a request has at most %zu bytes", maximum);
        }
        int got = mg_read(connection, room, READ_STEP);
        ret->size -= READ_STEP - (got > 0 ? (size_t)got : 0);
        if (got < 0) {
            return error_set(error, "request.body", "body", "the request was cut off");
        }
        if (got == 0) {
            break;
        }
    }
    bool cut = info->content_length >= 0 && (long long)ret->size != info->content_length;
    return cut ? error_set(error, "request.body", "body", "the request was cut off") : 0;
}

typedef void (*message_handler)(struct server *server, struct bytes body,
                                struct buffer *ret, int *ret_status);

static int handle_message(struct mg_connection *connection, struct http *http,
                          size_t maximum, message_handler handler) {
    struct server *server = http->server;
    struct error error = {0};
    struct buffer body = buffer_make(maximum + 2 * READ_STEP);
    struct buffer response = buffer_make(LIMIT_RESPONSE);
    int status = 200;
    atomic_fetch_add(&server->counters.requests, 1);
    if (strcmp(mg_get_request_info(connection)->request_method, "POST") != 0) {
        error_set(&error, "request.method", "method", "send this message with POST");
        status = answer_error(http, connection, 405, &error);
    } else if (read_body(connection, maximum, &body, &error) != 0) {
        status = answer_error(http, connection,
                              error_is(&error, "request.size") ? 413 : 400, &error);
    } else if (body.size > maximum) {
        error_set(&error, "request.size", "body", "a request has at most %zu bytes",
                  maximum);
        status = answer_error(http, connection, 413, &error);
    } else {
        atomic_fetch_add(&server->counters.bytes_in, (long long)body.size);
        handler(server, buffer_bytes(&body), &response, &status);
        answer(http, connection, status, "application/msgpack", buffer_bytes(&response));
    }
    buffer_free(&body);
    buffer_free(&response);
    return status;
}

static int handle_sync(struct mg_connection *connection, void *context) {
    return handle_message(connection, context, LIMIT_REQUEST, server_handle_sync);
}

static int handle_enrol(struct mg_connection *connection, void *context) {
    return handle_message(connection, context, LIMIT_ENROL_REQUEST, server_handle_enrol);
}

static int handle_health(struct mg_connection *connection, void *context) {
    struct http *http = context;
    struct buffer body = buffer_make(LIMIT_TEXT);
    int status = server_health(http->server, &body);
    answer(http, connection, status, "application/json", buffer_bytes(&body));
    buffer_free(&body);
    return status;
}

static int handle_metrics(struct mg_connection *connection, void *context) {
    struct http *http = context;
    struct buffer body = buffer_make(LIMIT_TEXT);
    server_metrics(http->server, &body);
    answer(http, connection, 200, "text/plain; version=0.0.4", buffer_bytes(&body));
    buffer_free(&body);
    return 200;
}

static int handle_unknown(struct mg_connection *connection, void *context) {
    struct error error = {0};
    error_set(&error, "request.path", "path",
              "this server answers /v1/sync, /v1/enrol, /healthz and /metrics");
    return answer_error(context, connection, 404, &error);
}

/* --- starting ------------------------------------------------------------------------------------ */

/* The library's own words, made fit for a JSON text. */
static int log_message(const struct mg_connection *connection, const char *message) {
    char text[256];
    struct http *http = mg_get_user_data(mg_get_context(connection));
    size_t size = 0;
    for (; message[size] != '\0' && size < sizeof text - 1; size++) {
        unsigned char c = (unsigned char)message[size];
        text[size] = c < ' ' || c > '~' || c == '"' || c == '\\' ? '.' : (char)c;
    }
    text[size] = '\0';
    if (http != NULL) {
        server_log(http->server, "warning", "http", "\"message\":\"%s\"", text);
    }
    return 1;
}

static void find_address(struct http *http, const char *listen) {
    struct mg_server_port ports[LISTENERS];
    int count = mg_get_server_ports(http->context, LISTENERS, ports);
    const char *colon = strrchr(listen, ':');
    int host = colon ? (int)(colon - listen) : 0;
    snprintf(http->address, sizeof http->address, "%.*s:%d", host, listen,
             count > 0 ? ports[0].port : 0);
}

int http_start(struct server *server, const char *listen, const char *certificate,
               struct http **ret, struct error *error) {
    char ports[160];
    snprintf(ports, sizeof ports, "%s%s", listen, certificate ? "s" : "");
    const char *options[] = {"listening_ports",
                             ports,
                             "num_threads",
                             "64",
                             "enable_keep_alive",
                             "yes",
                             "keep_alive_timeout_ms",
                             "500",
                             "request_timeout_ms",
                             "10000",
                             "tcp_nodelay",
                             "1",
                             "connection_queue",
                             "256",
                             "listen_backlog",
                             "1024",
                             "enable_directory_listing",
                             "no",
                             "ssl_protocol_version",
                             "4",
                             certificate ? "ssl_certificate" : NULL,
                             certificate,
                             NULL};
    struct mg_callbacks callbacks = {.log_message = log_message};
    if (certificate != NULL && access(certificate, R_OK) != 0) {
        return error_set(
            error, "server.certificate", "certificate",
            "%.300s cannot be read; name a PEM file with key and certificate",
            certificate);
    }
    struct http *http = calloc(1, sizeof *http);
    if (http == NULL) {
        return error_out_of_memory(error);
    }
    http->server = server;
    mg_init_library(certificate ? MG_FEATURES_TLS : MG_FEATURES_DEFAULT);
    http->context = mg_start(&callbacks, http, options);
    if (http->context == NULL) {
        mg_exit_library();
        free(http);
        return error_set(
            error, "server.listen", "listen",
            "cannot listen on %s; is another program using it%s?", listen,
            certificate ? ", or is the certificate not a PEM file with its key" : "");
    }
    mg_set_request_handler(http->context, "/v1/sync$", handle_sync, http);
    mg_set_request_handler(http->context, "/v1/enrol$", handle_enrol, http);
    mg_set_request_handler(http->context, "/healthz$", handle_health, http);
    mg_set_request_handler(http->context, "/metrics$", handle_metrics, http);
    mg_set_request_handler(http->context, "/", handle_unknown, http);
    find_address(http, listen);
    *ret = http;
    return 0;
}

const char *http_address(const struct http *http) {
    return http->address;
}

void http_stop(struct http *http) {
    if (http != NULL) {
        mg_stop(http->context);
        mg_exit_library();
        free(http);
    }
}
