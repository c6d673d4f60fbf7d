/*
 * One question to headquarters and its answer: sealed, sent, received, checked.
 */
#ifndef SATCHEL_CLIENT_EXCHANGE_H
#define SATCHEL_CLIENT_EXCHANGE_H

#include "client-core/transport.h"
#include "sync/message.h"

struct exchange {
    const struct transport *transport;
    const char *address;
    const char *path;
    const char *ca_file;
    struct tls_pin pin;
    const struct sign_keys *keys; /* the device's: signs the question */
    const struct sign_public
        *server_key;             /* the pinned one: must have signed the answer */
    const char *request_context; /* "satchel sync request" */
    const char *response_context;
    size_t maximum; /* bytes of the answer */
};

/* What headquarters says of itself, in words for who sits at the station: its own failures (database.*, memory) become
 * server.failed, and where only headquarters can help the message says so. */
void exchange_explain(struct error *error);

/* Sends `body`; *ret_answer (a view into ret_bytes) is the answer's body, its signature checked.
 * Any status other than 200 fails with what the server says. *ret_sent: bytes on the way out.
 * Codes: transport.*, server.signature, server.status, and whatever the server answered. */
int exchange_run(const struct exchange *exchange, struct bytes body,
                 struct buffer *ret_bytes, struct bytes *ret_answer, size_t *ret_sent,
                 struct error *error);

#endif
