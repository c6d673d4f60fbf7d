/*
 * Messages that two keys sign: a device, or the server, goes on under another key.
 *
 *   handover        envelope(former key, context) of envelope(new key, context + " proof") of the body
 *   device request  [org, device, new_key, number, hash, schema_version, server_key]
 *   key notice      [org, former, next, at]
 *
 * A newer sender may add items at the end; they are signed and ignored.
 */
#include <stdio.h>
#include <string.h>

#include "schema/base/limits.h"
#include "sync/message.h"
#include "sync/message_items.h"

enum { CONTEXT_SIZE = 64, NOTICE_SIZE = 1024 };

static const char KEY_NOTICE[] = "satchel server key";

/* --- two signatures -------------------------------------------------------------------- */

static const char *proof_context(const char *context, char ret[CONTEXT_SIZE]) {
    snprintf(ret, CONTEXT_SIZE, "%s proof", context);
    return ret;
}

void handover_prove(struct bytes body, const char *context, const struct sign_keys *next,
                    struct buffer *ret) {
    char proof[CONTEXT_SIZE];
    envelope_seal(body, proof_context(context, proof), next, ret);
}

void handover_seal(struct bytes body, const char *context, struct handover_keys keys,
                   struct buffer *ret) {
    struct buffer inner = buffer_make(LIMIT_ENROL_REQUEST);
    handover_prove(body, context, keys.next, &inner);
    envelope_seal(buffer_bytes(&inner), context, keys.former, ret);
    ret->failed |= inner.failed;
    buffer_free(&inner);
}

int handover_open(struct bytes data, struct handover *ret, struct error *error) {
    return envelope_open(data, &ret->outer, error) != 0
               ? -1
               : envelope_open(ret->outer.body, &ret->inner, error);
}

int handover_verify(const struct handover *handover, const char *context,
                    const struct sign_public *former, const struct sign_public *next,
                    struct error *error) {
    char proof[CONTEXT_SIZE];
    return envelope_verify(&handover->outer, context, former, error) != 0
               ? -1
               : envelope_verify(&handover->inner, proof_context(context, proof), next,
                                 error);
}

/* --- a device ---------------------------------------------------------------------------- */

void device_request_encode(const struct device_request *request, struct buffer *ret) {
    wire_put_array(ret, 7);
    wire_put_id(ret, request->org);
    wire_put_id(ret, request->device);
    wire_put_bytes(ret, (struct bytes){request->new_key.bytes, SIGN_PUBLIC});
    wire_put_integer(ret, request->number);
    wire_put_bytes(ret, (struct bytes){request->hash, HASH_SIZE});
    wire_put_integer(ret, request->schema_version);
    wire_put_bytes(ret, (struct bytes){request->server_key.bytes, SIGN_PUBLIC});
}

int device_request_decode(struct bytes body, struct device_request *ret,
                          struct error *error) {
    struct message_body message;
    struct device_request request = {.number = 0};
    if (message_open(body, "device request", 7, &message, error) != 0)
        return -1;
    struct items *items = &message.items;
    items_id(items, "org", &request.org);
    items_id(items, "device", &request.device);
    items_fixed(items, "new_key", request.new_key.bytes, SIGN_PUBLIC);
    items_integer(items, "number", 0, INT64_MAX, &request.number);
    items_fixed(items, "hash", request.hash, HASH_SIZE);
    items_integer(items, "schema_version", 1, INT32_MAX, &request.schema_version);
    items_fixed(items, "server_key", request.server_key.bytes, SIGN_PUBLIC);
    if (message_close(&message) != 0)
        return -1;
    *ret = request;
    return 0;
}

/* --- the server ---------------------------------------------------------------------------- */

void key_notice_seal(const struct key_notice *notice, struct handover_keys keys,
                     struct buffer *ret) {
    struct buffer body = buffer_make(NOTICE_SIZE);
    wire_put_array(&body, 4);
    wire_put_id(&body, notice->org);
    wire_put_bytes(&body, (struct bytes){notice->former.bytes, SIGN_PUBLIC});
    wire_put_bytes(&body, (struct bytes){notice->next.bytes, SIGN_PUBLIC});
    wire_put_integer(&body, notice->at);
    handover_seal(buffer_bytes(&body), KEY_NOTICE, keys, ret);
    ret->failed |= body.failed;
    buffer_free(&body);
}

static int read_notice(struct bytes body, struct key_notice *ret, struct error *error) {
    struct message_body message;
    if (message_open(body, "key notice", 4, &message, error) != 0)
        return -1;
    struct items *items = &message.items;
    items_id(items, "org", &ret->org);
    items_fixed(items, "former", ret->former.bytes, SIGN_PUBLIC);
    items_fixed(items, "next", ret->next.bytes, SIGN_PUBLIC);
    items_integer(items, "at", INT64_MIN, INT64_MAX, &ret->at);
    return message_close(&message);
}

int key_notice_open(struct bytes data, struct key_notice *ret, struct error *error) {
    struct handover handover;
    struct key_notice notice = {.at = 0};
    if (handover_open(data, &handover, error) != 0 ||
        read_notice(handover.inner.body, &notice, error) != 0 ||
        handover_verify(&handover, KEY_NOTICE, &notice.former, &notice.next, error) != 0)
        return -1;
    *ret = notice;
    return 0;
}
