/* HTTP: the only file that knows CivetWeb. */
#include "server/http.h"

#include <civetweb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { READ_STEP = 64 * 1024, WRITE_STEP = 256 * 1024, LISTENERS = 8 };

struct http {
    struct http_options options;
    struct mg_context *context;
    char address[128];
};

/* --- the request ---------------------------------------------------------------------------- */

const char *http_header(const struct http_request *request, const char *name) {
    return mg_get_header(request->connection, name);
}

static int read_all(struct mg_connection *connection, struct buffer *ret) {
    for (;;) {
        uint8_t *room = buffer_extend(ret, READ_STEP);
        if (room == NULL) {
            return 1;
        }
        int got = mg_read(connection, room, READ_STEP);
        ret->size -= READ_STEP - (got > 0 ? (size_t)got : 0);
        if (got <= 0) {
            return got;
        }
    }
}

int http_body(const struct http_request *request, size_t maximum, struct buffer *ret,
              struct error *error) {
    struct mg_connection *connection = request->connection;
    long long length = mg_get_request_info(connection)->content_length;
    *ret = buffer_make(maximum + 2 * READ_STEP);
    int outcome = length > (long long)maximum ? 1 : read_all(connection, ret);
    if (outcome > 0 || ret->size > maximum) {
        return error_set(error, "request.size", "body", "a request has at most %zu bytes",
                         maximum);
    }
    return outcome < 0 || (length >= 0 && (long long)ret->size != length)
               ? error_set(error, "request.body", "body", "the request was cut off")
               : 0;
}

/* --- the answer ----------------------------------------------------------------------------- */

static const char *reason_of(int status) {
    static const struct {
        int status;
        const char *reason;
    } REASONS[] = {
        {200, "OK"},
        {303, "See Other"},
        {304, "Not Modified"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {409, "Conflict"},
        {413, "Content Too Large"},
        {415, "Unsupported Media Type"},
        {429, "Too Many Requests"},
        {502, "Bad Gateway"},
        {503, "Service Unavailable"},
    };
    for (size_t i = 0; i < sizeof REASONS / sizeof *REASONS; i++) {
        if (REASONS[i].status == status) {
            return REASONS[i].reason;
        }
    }
    return status < 500 ? "Error" : "Server Error";
}

/* In pieces: the time that the library allows is for each. */
static void write_all(struct mg_connection *connection, struct bytes body) {
    for (size_t done = 0; done < body.size;) {
        size_t size = body.size - done < WRITE_STEP ? body.size - done : WRITE_STEP;
        if (mg_write(connection, body.data + done, size) <= 0) {
            return;
        }
        done += size;
    }
}

void http_answer(const struct http_request *request, const struct http_answer *answer) {
    struct mg_connection *connection = request->connection;
    bool stays = answer->status < 400; /* after an error nobody reads on */
    mg_printf(connection,
              "HTTP/1.1 %d %s\r\n%s%s%sContent-Length: %zu\r\n%sConnection: %s\r\n\r\n",
              answer->status, reason_of(answer->status),
              answer->type ? "Content-Type: " : "", answer->type ? answer->type : "",
              answer->type ? "\r\n" : "", answer->body.size,
              answer->headers ? answer->headers : "", stays ? "keep-alive" : "close");
    if (strcmp(request->method, "HEAD") != 0) {
        write_all(connection, answer->body);
    }
}

/* --- finding the route ---------------------------------------------------------------------- */

static int handle_any(struct mg_connection *connection, void *context) {
    struct http *http = context;
    const struct mg_request_info *info = mg_get_request_info(connection);
    const struct http_request request = {
        .method = info->request_method,
        .path = info->local_uri ? info->local_uri : "/",
        .query = info->query_string ? info->query_string : "",
        .remote = info->remote_addr,
        .tls = info->is_ssl != 0,
        .connection = connection,
    };
    for (size_t i = 0; i < http->options.route_count; i++) {
        const struct http_route *route = &http->options.routes[i];
        if (route->path == NULL || strcmp(route->path, request.path) == 0) {
            route->handle(http->options.context, &request);
            return 200;
        }
    }
    http_answer(&request, &(struct http_answer){.status = 404});
    return 404;
}

/* --- starting ------------------------------------------------------------------------------- */

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
    if (http != NULL && http->options.log != NULL) {
        http->options.log(http->options.context, text);
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

static struct mg_context *start(struct http *http) {
    char ports[160];
    char threads[16];
    const char *certificate = http->options.certificate;
    snprintf(ports, sizeof ports, "%s%s", http->options.listen, certificate ? "s" : "");
    snprintf(threads, sizeof threads, "%d", http->options.threads);
    const char *options[] = {
        "listening_ports", ports, "num_threads", threads, "enable_keep_alive", "yes",
        "keep_alive_timeout_ms", "500", "request_timeout_ms", "10000", "tcp_nodelay", "1",
        "connection_queue", "256", "listen_backlog", "1024", "enable_directory_listing",
        "no",
        /* Other origins have no business here: no preflight passes. */
        "access_control_allow_origin", "", "access_control_allow_methods", "",
        "ssl_protocol_version", "4", certificate ? "ssl_certificate" : NULL, certificate,
        NULL};
    struct mg_callbacks callbacks = {.log_message = log_message};
    return mg_start(&callbacks, http, options);
}

int http_start(const struct http_options *options, struct http **ret,
               struct error *error) {
    const char *certificate = options->certificate;
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
    http->options = *options;
    mg_init_library(certificate ? MG_FEATURES_TLS : MG_FEATURES_DEFAULT);
    http->context = start(http);
    if (http->context == NULL) {
        mg_exit_library();
        free(http);
        return error_set(
            error, "server.listen", "listen",
            "cannot listen on %s; is another program using it%s?", options->listen,
            certificate ? ", or is the certificate not a PEM file with its key" : "");
    }
    find_address(http, options->listen);
    mg_set_request_handler(http->context, "/", handle_any, http);
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

bool http_is_loopback(const char *listen) {
    bool numbers = listen[strspn(listen, "0123456789.")] == ':';
    return (numbers && strncmp(listen, "127.", 4) == 0) ||
           strncmp(listen, "localhost:", 10) == 0 || strncmp(listen, "[::1]:", 6) == 0;
}
