/*
 * The bundle: consecutive transactions of one device, sealed once and sent verbatim until
 * headquarters has it.
 *
 *   bundle  = [header (bytes), payload (bytes), signature (bytes 64)]
 *   header  = [format, org, device, number, first_seq, last_seq, previous_hash, payload_hash,
 *              payload_size, schema_version, sealed_at]
 *   payload = the transactions, compressed (bundle.c says it in full)
 *
 * Format 2 says the same as format 1 in fewer bytes (payload_packed.c); a station seals it for a server that understands it
 * (protocol 2). Both are read for ever: journals hold them.
 *
 * Bundles of a device are numbered from 1 and chained: previous_hash is the hash of the bundle
 * before, zeros for the first; a bundle's hash is BLAKE2b-256 of its header bytes. A signature covers the header
 * ("satchel bundle"), and the header covers the payload.
 */
#ifndef SATCHEL_SYNC_BUNDLE_H
#define SATCHEL_SYNC_BUNDLE_H

#include "sync/change.h"
#include "sync/seal.h"

enum { BUNDLE_FORMAT = 1, BUNDLE_FORMAT_PACKED = 2 };

struct bundle_header {
    int64_t format;
    struct id org;
    struct id device;
    int64_t number;    /* of the bundle in its device's chain, from 1 */
    int64_t first_seq; /* sequence numbers of its transactions, given at sealing */
    int64_t last_seq;
    uint8_t previous_hash[HASH_SIZE];
    uint8_t payload_hash[HASH_SIZE];
    int64_t payload_size; /* inflated */
    int64_t schema_version;
    int64_t sealed_at; /* UTC ms, HQ-corrected */
};

/* What is sealed together: 1 to LIMIT_BUNDLE_TRANSACTIONS of one device, in order. */
struct transaction_list {
    const struct transaction *transactions;
    size_t count;
};

/* Seals them. payload_hash and payload_size of the header are filled in here, the rest by the caller.
 * On success ret_bundle (empty before) holds the sealed bytes and ret_hash the bundle's hash.
 * Codes: bundle.size, seal.size, memory */
int bundle_seal(struct bundle_header *header, struct transaction_list list,
                const struct sign_keys *keys, struct buffer *ret_bundle,
                uint8_t ret_hash[HASH_SIZE], struct error *error);

/* An opened envelope: views into the sealed bytes. */
struct bundle_envelope {
    struct bundle_header header;
    uint8_t hash[HASH_SIZE];
    struct bytes header_bytes;
    struct bytes payload;
    struct bytes signature;
};

/* Reads the envelope and header, believing nothing; no signature check yet.
 * Codes: bundle.format, bundle.size, bundle.header, wire.* */
int bundle_open(struct bytes sealed, struct bundle_envelope *ret, struct error *error);
/* bundle.signature, bundle.payload_hash */
int bundle_verify(const struct bundle_envelope *envelope, const struct sign_public *key,
                  struct error *error);
/* Inflates and decodes. Transactions and all they point to live in `arena`.
 * Any failure means the payload cannot be read: bundle.payload or wire.*, seal.* */
int bundle_read(const struct bundle_envelope *envelope, struct arena *arena,
                struct transaction **ret, size_t *ret_count, struct error *error);

/* One transaction's changes as bytes, for the outbox, and back (memory from `arena`). */
int changes_encode(const struct change *changes, size_t count, struct buffer *ret,
                   struct error *error);
int changes_decode(struct bytes data, struct arena *arena, struct change **ret,
                   size_t *ret_count, struct error *error);

#endif
