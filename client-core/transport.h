/*
 * How a station reaches headquarters: one request, one answer, as a small table of functions, so
 * that a test or a simulator can be the network.
 */
#ifndef SATCHEL_CLIENT_TRANSPORT_H
#define SATCHEL_CLIENT_TRANSPORT_H

#include "schema/base/bytes.h"
#include "schema/base/error.h"
#include "sync/message.h"

struct transport_request {
    const char *address; /* http(s)://host:port */
    const char *path;    /* "/v1/sync" */
    const char *ca_file; /* PEM to trust beside the system's; NULL or "" */
    struct tls_pin pin;  /* known: this public key is trusted, and nothing else */
    struct bytes body;
};

struct transport {
    void *context;
    /* From any thread. Appends the answer's body, at most ret_body->maximum. Codes: transport.unreachable, transport.timeout,
     * transport.tls, transport.size, transport.address. Any HTTP status is an answer. */
    int (*post)(void *context, const struct transport_request *request,
                struct buffer *ret_body, int *ret_status, struct error *error);
    /* A cheap look whether the address takes connections. From any thread. */
    bool (*reachable)(void *context, const char *address);
    void (*close)(void *context); /* may be NULL */
};

/* libcurl over the network. Close with transport->close(transport->context). */
int transport_curl_open(struct transport *ret, struct error *error);

#endif
