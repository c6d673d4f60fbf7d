/*
 * HTTP for this project's programs: it listens, hands each request to its route, and writes what the route
 * answers. The library behind it is known to http.c alone; this header knows nothing of who uses it.
 *
 * Routes are called from many threads at once. A request and what hangs on it live until its route returns.
 */
#ifndef SATCHEL_SERVER_HTTP_H
#define SATCHEL_SERVER_HTTP_H

#include "schema/base/bytes.h"
#include "schema/base/error.h"

struct http;

struct http_request {
    const char *method; /* "GET" */
    const char *path;   /* decoded (up to a NUL), without "..", begins with '/' */
    const char *query;  /* as it was sent, without '?'; "" when there is none */
    const char *remote; /* the other side's address */
    bool tls;
    void *connection; /* http.c's own */
};

/* A header of the request, whatever the case of its name; NULL when it is not there. */
const char *http_header(const struct http_request *request, const char *name);
/* Makes and fills *ret, which the caller frees in any case. The library's form parsers are never used.
 * Errors: request.size (more than `maximum` bytes), request.body (cut off) */
int http_body(const struct http_request *request, size_t maximum, struct buffer *ret,
              struct error *error);

struct http_answer {
    int status;
    const char *type;    /* Content-Type; NULL: none */
    const char *headers; /* complete lines, each with its "\r\n"; NULL: none */
    struct bytes body;
};

/* Once per request. To HEAD the body stays away. */
void http_answer(const struct http_request *request, const struct http_answer *answer);

struct http_route {
    const char *path; /* exactly this one; NULL: every other */
    void (*handle)(void *context, const struct http_request *request);
};

struct http_options {
    const char *listen;      /* "127.0.0.1:8787"; port 0: any free one */
    const char *certificate; /* PEM with key and chain; NULL: plain HTTP */
    const struct http_route *routes;
    size_t route_count;
    void *context; /* for the routes */
    int threads;   /* how many requests are answered at once */
    /* What the library complains about, printable ASCII without quotes; may be NULL. */
    void (*log)(void *context, const char *message);
};

/* `routes` must stay until http_stop. Errors: server.certificate, server.listen */
int http_start(const struct http_options *options, struct http **ret,
               struct error *error);
/* The address it really listens on, "127.0.0.1:8787". */
const char *http_address(const struct http *http);
/* Waits for the routes that are at work. NULL is fine. */
void http_stop(struct http *http);

/* Does "HOST:PORT" listen to this machine alone? */
bool http_is_loopback(const char *listen);

#endif
