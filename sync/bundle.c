/*
 * Bundles: sealing, opening, verifying and reading the envelope around a payload.
 *
 *   bundle    = [header (bytes), payload (bytes), signature (bytes 64)], a MessagePack array
 *   header    = [format, org, device, number, first_seq, last_seq, previous_hash, payload_hash,
 *                payload_size, schema_version, sealed_at], a MessagePack array of its own; ids and hashes are bytes
 *   payload   = format 1: one zstd frame that states its content's size; the content is in payload.c
 *               format 2: a MessagePack array [dense (bytes), plain (bytes)] of two such frames, the contents of
 *               which are in payload_packed.c
 *   signature = Ed25519 of BLAKE2b-256("satchel bundle" NUL header)
 *   a bundle's hash = BLAKE2b-256(header)
 *   payload_hash    = BLAKE2b-256(payload), as it travels
 *
 * Every number is written in MessagePack's shortest form, though any form is read.
 */
#include "sync/bundle.h"

#include <assert.h>
#include <string.h>

#include "schema/base/limits.h"
#include "sync/items.h"
#include "sync/payload.h"
#include "sync/payload_packed.h"

enum { HEADER_ITEMS = 11, HEADER_MAXIMUM = 512, BUNDLE_LEVEL = 9 };

static const char CONTEXT[] = "satchel bundle";

static struct bytes hash_bytes(const uint8_t hash[HASH_SIZE]) {
    return (struct bytes){hash, HASH_SIZE};
}

/* --- sealing ------------------------------------------------------------------------- */

static void header_encode(const struct bundle_header *header, struct buffer *ret) {
    wire_put_array(ret, HEADER_ITEMS);
    wire_put_integer(ret, header->format);
    wire_put_id(ret, header->org);
    wire_put_id(ret, header->device);
    wire_put_integer(ret, header->number);
    wire_put_integer(ret, header->first_seq);
    wire_put_integer(ret, header->last_seq);
    wire_put_bytes(ret, hash_bytes(header->previous_hash));
    wire_put_bytes(ret, hash_bytes(header->payload_hash));
    wire_put_integer(ret, header->payload_size);
    wire_put_integer(ret, header->schema_version);
    wire_put_integer(ret, header->sealed_at);
}

static int too_large(struct error *error) {
    return error_set(error, "bundle.size", NULL, "A bundle holds at most %d bytes.",
                     LIMIT_PAYLOAD);
}

static int plain_payload(struct bundle_header *header, struct transaction_list list,
                         struct buffer *ret, struct error *error) {
    struct buffer plain = buffer_make(LIMIT_PAYLOAD);
    payload_encode(list.transactions, list.count, &plain);
    header->payload_size = (int64_t)plain.size;
    int rc = plain.failed ? too_large(error)
                          : seal_deflate(buffer_bytes(&plain), BUNDLE_LEVEL, ret, error);
    buffer_free(&plain);
    return rc;
}

static int put_frame(struct bytes content, struct buffer *ret, struct error *error) {
    struct buffer frame = buffer_make(LIMIT_BUNDLE);
    int rc = seal_deflate(content, BUNDLE_LEVEL, &frame, error);
    wire_put_bytes(ret, buffer_bytes(&frame));
    buffer_free(&frame);
    return rc;
}

static int packed_payload(struct bundle_header *header, struct transaction_list list,
                          struct buffer *ret, struct error *error) {
    struct buffer dense = buffer_make(LIMIT_PAYLOAD);
    struct buffer plain = buffer_make(LIMIT_PAYLOAD);
    payload_packed_encode(list, &dense, &plain);
    header->payload_size = (int64_t)(dense.size + plain.size);
    wire_put_array(ret, 2);
    int rc = (dense.failed | plain.failed) ? too_large(error) : 0;
    if (rc == 0)
        rc = put_frame(buffer_bytes(&dense), ret, error);
    if (rc == 0)
        rc = put_frame(buffer_bytes(&plain), ret, error);
    buffer_free(&dense);
    buffer_free(&plain);
    return rc;
}

/* The compressed payload, and what the header says of it. */
static int seal_payload(struct bundle_header *header, struct transaction_list list,
                        struct buffer *ret, struct error *error) {
    assert(header->format == BUNDLE_FORMAT || header->format == BUNDLE_FORMAT_PACKED);
    if ((header->format == BUNDLE_FORMAT ? plain_payload
                                         : packed_payload)(header, list, ret, error) != 0)
        return -1;
    hash_blake2b(buffer_bytes(ret), header->payload_hash);
    return 0;
}

int bundle_seal(struct bundle_header *header, struct transaction_list list,
                const struct sign_keys *keys, struct buffer *ret_bundle,
                uint8_t ret_hash[HASH_SIZE], struct error *error) {
    assert(list.count > 0 && list.count <= LIMIT_BUNDLE_TRANSACTIONS);
    assert(header->last_seq - header->first_seq + 1 == (int64_t)list.count);
    struct buffer payload = buffer_make(LIMIT_BUNDLE);
    struct buffer header_bytes = buffer_make(HEADER_MAXIMUM);
    uint8_t signature[SIGN_SIGNATURE];
    int rc = -1;
    if (seal_payload(header, list, &payload, error) != 0)
        goto out;
    header_encode(header, &header_bytes);
    seal_sign(keys, CONTEXT, buffer_bytes(&header_bytes), signature);
    wire_put_array(ret_bundle, 3);
    wire_put_bytes(ret_bundle, buffer_bytes(&header_bytes));
    wire_put_bytes(ret_bundle, buffer_bytes(&payload));
    wire_put_bytes(ret_bundle, (struct bytes){signature, sizeof signature});
    ret_bundle->failed |= header_bytes.failed | payload.failed;
    if (ret_bundle->failed || ret_bundle->size > LIMIT_BUNDLE) {
        error_set(error, "bundle.size", NULL, "A sealed bundle takes at most %d bytes.",
                  LIMIT_BUNDLE);
        goto out;
    }
    hash_blake2b(buffer_bytes(&header_bytes), ret_hash);
    rc = 0;
out:
    buffer_free(&header_bytes);
    buffer_free(&payload);
    return rc;
}

/* --- opening ------------------------------------------------------------------------- */

/* Other formats may have other headers: the format is read before anything is asked of the rest. */
static int check_format(const struct wire_node *root, struct error *error) {
    int64_t format = 0;
    struct items items = items_open(root, "header", 1, 64, error);
    items_integer(&items, "format", 1, INT64_MAX, &format);
    if (items_end(&items) == 0 && format > BUNDLE_FORMAT_PACKED)
        return error_set(error, "bundle.format", "format",
                         "Bundle format %lld is not known; up to %d is accepted.",
                         (long long)format, BUNDLE_FORMAT_PACKED);
    return items_end(&items);
}

static int read_header(const struct wire_node *root, struct bundle_header *ret,
                       struct error *error) {
    const int64_t last =
        INT64_MAX - LIMIT_BUNDLE_TRANSACTIONS; /* so that sums stay numbers */
    if (check_format(root, error) != 0)
        return -1;
    struct items items = items_open(root, "header", HEADER_ITEMS, HEADER_ITEMS, error);
    items_integer(&items, "format", BUNDLE_FORMAT, BUNDLE_FORMAT_PACKED, &ret->format);
    items_id(&items, "org", &ret->org);
    items_id(&items, "device", &ret->device);
    items_integer(&items, "number", 1, last, &ret->number);
    items_integer(&items, "first_seq", 1, last, &ret->first_seq);
    items_integer(&items, "last_seq", ret->first_seq,
                  ret->first_seq + LIMIT_BUNDLE_TRANSACTIONS - 1, &ret->last_seq);
    items_fixed(&items, "previous_hash", ret->previous_hash, HASH_SIZE);
    items_fixed(&items, "payload_hash", ret->payload_hash, HASH_SIZE);
    items_integer(&items, "payload_size", 0, INT64_MAX, &ret->payload_size);
    items_integer(&items, "schema_version", 1, INT32_MAX, &ret->schema_version);
    items_integer(&items, "sealed_at", INT64_MIN, INT64_MAX, &ret->sealed_at);
    return items_end(&items);
}

/* Whatever is wrong with a header is bundle.header, but for an unknown format. */
static int header_decode(struct bytes bytes, struct bundle_header *ret,
                         struct error *error) {
    struct wire_document *document = NULL;
    struct error inner = {0};
    int rc = wire_open(bytes, &document, &inner);
    if (rc == 0)
        rc = read_header(wire_root(document), ret, &inner);
    wire_close(document);
    if (rc != 0)
        error_set(error, error_is(&inner, "bundle.format") ? inner.code : "bundle.header",
                  inner.field, "%s", inner.message);
    return rc;
}

static int read_envelope(const struct wire_node *root, struct bundle_envelope *ret,
                         struct error *error) {
    struct items items = items_open(root, "bundle", 3, 3, error);
    items_bytes(&items, "header", 1, HEADER_MAXIMUM, &ret->header_bytes);
    items_bytes(&items, "payload", 0, LIMIT_BUNDLE, &ret->payload);
    items_bytes(&items, "signature", SIGN_SIGNATURE, SIGN_SIGNATURE, &ret->signature);
    return items_end(&items);
}

int bundle_open(struct bytes sealed, struct bundle_envelope *ret, struct error *error) {
    struct bundle_envelope envelope = {.hash = {0}};
    struct wire_document *document = NULL;
    if (sealed.size > LIMIT_BUNDLE)
        return error_set(error, "bundle.size", NULL, "A bundle takes at most %d bytes.",
                         LIMIT_BUNDLE);
    if (wire_open(sealed, &document, error) != 0)
        return -1;
    int rc = read_envelope(wire_root(document), &envelope, error);
    wire_close(document);
    if (rc != 0 || header_decode(envelope.header_bytes, &envelope.header, error) != 0)
        return -1;
    hash_blake2b(envelope.header_bytes, envelope.hash);
    *ret = envelope;
    return 0;
}

int bundle_verify(const struct bundle_envelope *envelope, const struct sign_public *key,
                  struct error *error) {
    uint8_t hash[HASH_SIZE];
    if (!seal_verify(key, CONTEXT, envelope->header_bytes, envelope->signature.data))
        return error_set(error, "bundle.signature", NULL,
                         "The bundle was not signed by the key of its device.");
    hash_blake2b(envelope->payload, hash);
    if (memcmp(hash, envelope->header.payload_hash, HASH_SIZE) != 0)
        return error_set(error, "bundle.payload_hash", NULL,
                         "The payload is not the one that was signed.");
    return 0;
}

static int check_size(const struct bundle_header *header, size_t size,
                      struct error *error) {
    return header->payload_size == (int64_t)size
               ? 0
               : error_set(error, "bundle.payload", "payload_size",
                           "The header says %lld bytes, the payload has %zu.",
                           (long long)header->payload_size, size);
}

static int read_plain(const struct bundle_envelope *envelope, size_t count,
                      struct arena *arena, struct transaction **ret,
                      struct error *error) {
    struct bytes plain;
    if (seal_inflate_in(arena, envelope->payload, LIMIT_PAYLOAD, &plain, error) != 0 ||
        check_size(&envelope->header, plain.size, error) != 0)
        return -1;
    return payload_decode(plain, count, arena, ret, error);
}

static int read_frames(const struct bundle_envelope *envelope, struct bytes *ret_dense,
                       struct bytes *ret_plain, struct error *error) {
    struct wire_document *document = NULL;
    if (wire_open(envelope->payload, &document, error) != 0)
        return -1;
    struct items items = items_open(wire_root(document), "payload", 2, 2, error);
    items_bytes(&items, "dense", 1, LIMIT_BUNDLE, ret_dense);
    items_bytes(&items, "plain", 1, LIMIT_BUNDLE, ret_plain);
    wire_close(document);
    return items_end(&items);
}

static int read_packed(const struct bundle_envelope *envelope, size_t count,
                       struct arena *arena, struct transaction **ret,
                       struct error *error) {
    struct bytes dense;
    struct bytes plain;
    struct packed_payload payload;
    if (read_frames(envelope, &dense, &plain, error) != 0 ||
        seal_inflate_in(arena, dense, LIMIT_PAYLOAD, &payload.dense, error) != 0 ||
        seal_inflate_in(arena, plain, LIMIT_PAYLOAD, &payload.plain, error) != 0 ||
        check_size(&envelope->header, payload.dense.size + payload.plain.size, error) !=
            0)
        return -1;
    return payload_packed_decode(payload, count, arena, ret, error);
}

int bundle_read(const struct bundle_envelope *envelope, struct arena *arena,
                struct transaction **ret, size_t *ret_count, struct error *error) {
    const struct bundle_header *header = &envelope->header;
    size_t count = (size_t)(header->last_seq - header->first_seq + 1);
    if ((header->format == BUNDLE_FORMAT ? read_plain : read_packed)(
            envelope, count, arena, ret, error) != 0)
        return -1;
    *ret_count = count;
    return 0;
}
