/*
 * One question to headquarters and its answer.
 */
#include "client-core/exchange.h"

#include <string.h>

enum { STATUS_OK = 200, ENVELOPE_EXTRA = 256 };

static bool ends_sentence(const char *text) {
    size_t size = strlen(text);
    return size > 0 && strchr(".?!", text[size - 1]);
}

void exchange_explain(struct error *error) {
    bool own = strncmp(error->code, "database.", 9) == 0 ||
               strncmp(error->code, "memory", 6) == 0;
    const char *stop = ends_sentence(error->message) ? "" : ".";
    if (own)
        error_fill(
            error, "server.failed", "",
            "Headquarters cannot take it now: %.350s%s Your work stays here and is "
            "sent later.",
            error->message, stop);
    else if (error_is(error, "device.revoked"))
        error_fill(error, error->code, error->field,
                   "Headquarters has revoked this station: it takes nothing from it and "
                   "sends nothing any more. Unsent work stays here; ask headquarters.");
    else if (error_is(error, "sync.history") || error_is(error, "sync.cursor"))
        error_fill(error, error->code, error->field,
                   "%.400s%s Tell headquarters; your unsent work is kept.",
                   error->message, stop);
}

/* What a server says instead of an answer. It is not signed, so nothing is done because of it but telling. */
static int fail_with(int status, struct bytes body, struct error *error) {
    struct error failure = {0};
    if (failure_decode(body, &failure, NULL) != 0 || failure.code[0] == '\0')
        return error_set(error, "server.status", "",
                         "the server answered with HTTP status %d", status);
    exchange_explain(&failure);
    if (error)
        *error = failure;
    return -1;
}

static int check_answer(const struct exchange *exchange, struct bytes data,
                        struct bytes *ret_answer, struct error *error) {
    struct envelope envelope;
    if (envelope_open(data, &envelope, NULL) != 0 ||
        envelope_verify(&envelope, exchange->response_context, exchange->server_key,
                        NULL) != 0)
        return error_set(
            error, "server.signature", "",
            "the answer was not signed by the server that this station trusts");
    *ret_answer = envelope.body;
    return 0;
}

int exchange_run(const struct exchange *exchange, struct bytes body,
                 struct buffer *ret_bytes, struct bytes *ret_answer, size_t *ret_sent,
                 struct error *error) {
    struct buffer sealed = buffer_make(body.size + ENVELOPE_EXTRA);
    int status = 0;
    int failed = -1;
    *ret_bytes = buffer_make(exchange->maximum);
    envelope_seal(body, exchange->request_context, exchange->keys, &sealed);
    if (sealed.failed) {
        error_out_of_memory(error);
        goto out;
    }
    struct transport_request request = {
        .address = exchange->address,
        .path = exchange->path,
        .ca_file = exchange->ca_file,
        .pin = exchange->pin,
        .body = buffer_bytes(&sealed),
    };
    if (exchange->transport->post(exchange->transport->context, &request, ret_bytes,
                                  &status, error) != 0)
        goto out;
    *ret_sent = sealed.size;
    if (status != STATUS_OK)
        fail_with(status, buffer_bytes(ret_bytes), error);
    else
        failed = check_answer(exchange, buffer_bytes(ret_bytes), ret_answer, error);
out:
    buffer_free(&sealed);
    return failed;
}
