/*
 * Envelopes, invitations, enrolment and failures. The messages of a sync round are in message_sync.c.
 *
 *   envelope        [body, signature]
 *   enrol request   [token, device_key, name, schema_version] and, where it is said, server_key
 *   certificate     [org, device, device_key, code, name, actors (16 bytes each), ceiling, issued_at] and,
 *                   where it is for everyone or goes on from another, everyone, parent, [last_number, last_hash]
 *   enrol response  [certificate (an envelope), org_name, hq_time, schema_version, epoch] and, where the server's
 *                   key is another by now, [notice …]
 *   failure         [code, field, message]
 *
 * A newer sender may add items at the end; they are signed and ignored.
 */
#include "sync/message.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "schema/base/limits.h"
#include "sync/items.h"
#include "sync/message_items.h"

/* --- envelopes ----------------------------------------------------------------------- */

void envelope_seal(struct bytes body, const char *context, const struct sign_keys *keys,
                   struct buffer *ret) {
    uint8_t signature[SIGN_SIGNATURE];
    seal_sign(keys, context, body, signature);
    wire_put_array(ret, 2);
    wire_put_bytes(ret, body);
    wire_put_bytes(ret, (struct bytes){signature, sizeof signature});
}

int envelope_open(struct bytes data, struct envelope *ret, struct error *error) {
    struct wire_document *document = NULL;
    struct envelope envelope = {.body = {NULL, 0}};
    struct error inner = {0};
    int rc = wire_open(data, &document, &inner);
    if (rc == 0) {
        struct items items = items_open(wire_root(document), "envelope", 2, 2, &inner);
        items_bytes(&items, "body", 0, LIMIT_RESPONSE, &envelope.body);
        items_bytes(&items, "signature", SIGN_SIGNATURE, SIGN_SIGNATURE,
                    &envelope.signature);
        rc = items_end(&items);
    }
    wire_close(document);
    if (rc != 0)
        return error_set(error, "message.envelope", inner.field, "%s", inner.message);
    *ret = envelope;
    return 0;
}

int envelope_verify(const struct envelope *envelope, const char *context,
                    const struct sign_public *key, struct error *error) {
    if (seal_verify(key, context, envelope->body, envelope->signature.data))
        return 0;
    return error_set(error, "message.signature", NULL,
                     "The message was not signed by the key that is known.");
}

/* --- bodies in general --------------------------------------------------------------- */

int message_open(struct bytes body, const char *what, size_t minimum,
                 struct message_body *ret, struct error *error) {
    ret->document = NULL;
    if (wire_open(body, &ret->document, error) != 0)
        return -1;
    ret->items =
        items_open(wire_root(ret->document), what, minimum, MESSAGE_ITEMS, error);
    return 0;
}

int message_close(struct message_body *body) {
    wire_close(body->document);
    return items_end(&body->items);
}

/* --- addresses with a pin ------------------------------------------------------------ */

static const char PIN[] = "#pin=";

void pinned_address_format(const char *address, const struct tls_pin *pin,
                           struct buffer *ret) {
    buffer_printf(ret, "%s", address);
    if (pin->known) {
        buffer_printf(ret, "%s", PIN);
        seal_base32((struct bytes){pin->hash, sizeof pin->hash}, ret);
    }
}

static bool read_pin(const char *text, struct tls_pin *ret) {
    struct buffer bytes = buffer_make(64);
    bool good = strncmp(text, PIN, sizeof PIN - 1) == 0 &&
                seal_base32_read(text + sizeof PIN - 1, &bytes, NULL) == 0 &&
                bytes.size == sizeof ret->hash;
    if (good)
        memcpy(ret->hash, bytes.data, sizeof ret->hash);
    ret->known = good;
    buffer_free(&bytes);
    return good;
}

int pinned_address_parse(const char *text, char *ret_address, size_t size,
                         struct tls_pin *ret_pin, struct error *error) {
    size_t length = strcspn(text, "#");
    struct tls_pin pin = {.known = false};
    bool pinned = text[length] == '#';
    bool good = length < size;
    if (pinned)
        good = good && strncmp(text, "https://", 8) == 0 && read_pin(text + length, &pin);
    if (!good)
        return error_set(error, "address.invalid", "address",
                         "An address with a pin is https://HOST[:PORT]#pin=…; this one "
                         "was cut or mistyped.");
    memcpy(ret_address, text, length);
    ret_address[length] = '\0';
    *ret_pin = pin;
    return 0;
}

/* --- invitations --------------------------------------------------------------------- */

static const char INVITATION[] = "satchel1:";

void invitation_format(const struct invitation *invitation, struct buffer *ret) {
    buffer_append(ret, INVITATION, sizeof INVITATION - 1);
    seal_base32((struct bytes){invitation->token, sizeof invitation->token}, ret);
    buffer_append_byte(ret, ':');
    seal_base32((struct bytes){invitation->server_key.bytes, SIGN_PUBLIC}, ret);
    buffer_append_byte(ret, ':');
    pinned_address_format(invitation->address, &invitation->pin, ret);
}

/* One part of base32 up to the next colon, of `size` bytes. Returns what is behind the colon, or NULL. */
static const char *read_part(const char *text, uint8_t *ret, size_t size) {
    char part[64];
    size_t length = strcspn(text, ":");
    if (text[length] != ':' || length >= sizeof part)
        return NULL;
    memcpy(part, text, length);
    part[length] = '\0';
    struct buffer bytes = buffer_make(sizeof part);
    bool good = seal_base32_read(part, &bytes, NULL) == 0 && bytes.size == size;
    if (good)
        memcpy(ret, bytes.data, size);
    buffer_free(&bytes);
    return good ? text + length + 1 : NULL;
}

static bool is_address(const char *text) {
    size_t length = strlen(text);
    bool has_scheme =
        strncmp(text, "http://", 7) == 0 || strncmp(text, "https://", 8) == 0;
    for (size_t i = 0; i < length; i++)
        if (text[i] <= ' ' || text[i] > '~')
            return false;
    return has_scheme && length > strlen("https://");
}

int invitation_parse(const char *text, struct invitation *ret, struct error *error) {
    struct invitation invitation = {.address = ""};
    size_t prefix = sizeof INVITATION - 1;
    const char *rest = strncmp(text, INVITATION, prefix) == 0 ? text + prefix : NULL;
    if (rest)
        rest = read_part(rest, invitation.token, sizeof invitation.token);
    if (rest)
        rest = read_part(rest, invitation.server_key.bytes, SIGN_PUBLIC);
    if (!rest ||
        pinned_address_parse(rest, invitation.address, sizeof invitation.address,
                             &invitation.pin, NULL) != 0 ||
        !is_address(invitation.address))
        return error_set(error, "invitation.malformed", "invitation",
                         "This is not an invitation, or it was cut or mistyped.");
    *ret = invitation;
    return 0;
}

/* --- enrolment ----------------------------------------------------------------------- */

static bool is_known(const struct sign_public *key) {
    static const struct sign_public none = {{0}};
    return memcmp(key, &none, sizeof none) != 0;
}

void enrol_request_encode(const struct enrol_request *request, struct buffer *ret) {
    bool pinned = is_known(&request->server_key);
    wire_put_array(ret, pinned ? 5 : 4);
    wire_put_bytes(ret, (struct bytes){request->token, sizeof request->token});
    wire_put_bytes(ret, (struct bytes){request->device_key.bytes, SIGN_PUBLIC});
    wire_put_text(ret, request->name);
    wire_put_integer(ret, request->schema_version);
    if (pinned)
        wire_put_bytes(ret, (struct bytes){request->server_key.bytes, SIGN_PUBLIC});
}

int enrol_request_decode(struct bytes body, struct enrol_request *ret,
                         struct error *error) {
    struct message_body message;
    struct enrol_request request = {.schema_version = 0};
    if (message_open(body, "enrol request", 4, &message, error) != 0)
        return -1;
    struct items *items = &message.items;
    items_fixed(items, "token", request.token, sizeof request.token);
    items_fixed(items, "device_key", request.device_key.bytes, SIGN_PUBLIC);
    items_chars(items, "name", request.name, sizeof request.name);
    items_integer(items, "schema_version", 1, INT32_MAX, &request.schema_version);
    if (items->count > 4)
        items_fixed(items, "server_key", request.server_key.bytes, SIGN_PUBLIC);
    if (message_close(&message) != 0)
        return -1;
    *ret = request;
    return 0;
}

static void put_last(struct buffer *ret, const struct certificate *certificate) {
    wire_put_array(ret, 2);
    wire_put_integer(ret, certificate->last_number);
    wire_put_bytes(ret, (struct bytes){certificate->last_hash, HASH_SIZE});
}

static void read_last(struct items *items, struct certificate *ret) {
    const struct wire_node *node = items_node(items);
    if (!node)
        return;
    struct items inner = items_open(node, "follows", 2, 2, items->error);
    items_integer(&inner, "last_number", 0, INT64_MAX, &ret->last_number);
    items_fixed(&inner, "last_hash", ret->last_hash, HASH_SIZE);
    items->failed = inner.failed;
    ret->follows = true;
}

void certificate_encode(const struct certificate *certificate, struct buffer *ret) {
    assert(certificate->actor_count <= CERTIFICATE_ACTORS);
    bool has_parent = certificate->follows || !id_is_zero(certificate->parent);
    wire_put_array(ret, certificate->follows    ? 11
                        : has_parent            ? 10
                        : certificate->everyone ? 9
                                                : 8);
    wire_put_id(ret, certificate->org);
    wire_put_id(ret, certificate->device);
    wire_put_bytes(ret, (struct bytes){certificate->device_key.bytes, SIGN_PUBLIC});
    wire_put_text(ret, certificate->code);
    wire_put_text(ret, certificate->name);
    wire_put_bytes(ret, (struct bytes){certificate->actors[0].bytes,
                                       certificate->actor_count * sizeof(struct id)});
    wire_put_text(ret, certificate->ceiling);
    wire_put_integer(ret, certificate->issued_at);
    if (certificate->everyone || has_parent)
        wire_put_bool(ret, certificate->everyone);
    if (has_parent)
        wire_put_id(ret, certificate->parent);
    if (certificate->follows)
        put_last(ret, certificate);
}

static void read_actors(struct items *items, struct certificate *ret) {
    struct bytes actors = {(const uint8_t *)"", 0};
    items_bytes(items, "actors", 0, CERTIFICATE_ACTORS * sizeof(struct id), &actors);
    if (actors.size % sizeof(struct id) != 0)
        items_fail(items, "wire.range", "actors");
    ret->actor_count = actors.size / sizeof(struct id);
    memcpy(ret->actors, actors.data, ret->actor_count * sizeof(struct id));
}

int certificate_decode(struct bytes body, struct certificate *ret, struct error *error) {
    struct message_body message;
    struct certificate certificate = {.actor_count = 0};
    if (message_open(body, "certificate", 8, &message, error) != 0)
        return -1;
    struct items *items = &message.items;
    items_id(items, "org", &certificate.org);
    items_id(items, "device", &certificate.device);
    items_fixed(items, "device_key", certificate.device_key.bytes, SIGN_PUBLIC);
    items_chars(items, "code", certificate.code, sizeof certificate.code);
    items_chars(items, "name", certificate.name, sizeof certificate.name);
    read_actors(items, &certificate);
    items_chars(items, "ceiling", certificate.ceiling, sizeof certificate.ceiling);
    items_integer(items, "issued_at", INT64_MIN, INT64_MAX, &certificate.issued_at);
    if (items->count > 8)
        items_bool(items, "everyone", &certificate.everyone);
    if (items->count > 9)
        items_id(items, "parent", &certificate.parent);
    if (items->count > 10)
        read_last(items, &certificate);
    if (message_close(&message) != 0)
        return -1;
    *ret = certificate;
    return 0;
}

void enrol_response_encode(const struct enrol_response *response, struct buffer *ret) {
    assert(response->notice_count <= KEY_NOTICES);
    wire_put_array(ret, response->notice_count ? 6 : 5);
    wire_put_bytes(ret, response->certificate);
    wire_put_text(ret, response->org_name);
    wire_put_integer(ret, response->hq_time);
    wire_put_integer(ret, response->schema_version);
    wire_put_integer(ret, response->epoch);
    if (response->notice_count)
        wire_put_array(ret, response->notice_count);
    for (size_t i = 0; i < response->notice_count; i++)
        wire_put_bytes(ret, response->notices[i]);
}

static void read_notices(struct items *items, struct enrol_response *ret) {
    const struct wire_node *node = items_node(items);
    struct items inner = {.failed = true};
    if (node)
        inner = items_open(node, "notices", 0, KEY_NOTICES, items->error);
    for (size_t i = 0; i < inner.count && !inner.failed; i++)
        items_bytes(&inner, "notice", 1, LIMIT_ENROL_REQUEST, &ret->notices[i]);
    ret->notice_count = inner.count;
    items->failed = inner.failed;
}

int enrol_response_decode(struct bytes body, struct enrol_response *ret,
                          struct error *error) {
    struct message_body message;
    struct enrol_response response = {.epoch = 0};
    if (message_open(body, "enrol response", 5, &message, error) != 0)
        return -1;
    struct items *items = &message.items;
    items_bytes(items, "certificate", 1, LIMIT_ENROL_REQUEST, &response.certificate);
    items_chars(items, "org_name", response.org_name, sizeof response.org_name);
    items_integer(items, "hq_time", INT64_MIN, INT64_MAX, &response.hq_time);
    items_integer(items, "schema_version", 1, INT32_MAX, &response.schema_version);
    items_integer(items, "epoch", 0, INT64_MAX, &response.epoch);
    if (items->count > 5)
        read_notices(items, &response);
    if (message_close(&message) != 0)
        return -1;
    *ret = response;
    return 0;
}

/* --- failures ------------------------------------------------------------------------ */

void failure_encode(const struct error *failure, struct buffer *ret) {
    wire_put_array(ret, 3);
    wire_put_text(ret, failure->code);
    wire_put_text(ret, failure->field);
    wire_put_text(ret, failure->message);
}

int failure_decode(struct bytes body, struct error *ret_failure, struct error *error) {
    struct message_body message;
    struct error failure = {0};
    if (message_open(body, "failure", 3, &message, error) != 0)
        return -1;
    items_chars(&message.items, "code", failure.code, sizeof failure.code);
    items_chars(&message.items, "field", failure.field, sizeof failure.field);
    items_chars(&message.items, "message", failure.message, sizeof failure.message);
    if (message_close(&message) != 0)
        return -1;
    *ret_failure = failure;
    return 0;
}
