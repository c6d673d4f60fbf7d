/*
 * BLAKE2b-256 (RFC 7693), the one hash of the system: keys made from names, payload digests,
 * chains, fingerprints of texts. Every layer hashes through this file; it and sync/seal.c
 * are the only ones that know libsodium.
 *
 * Functions may be called from any thread; one `struct hash` belongs to one thread.
 */
#ifndef SATCHEL_SCHEMA_BASE_HASH_H
#define SATCHEL_SCHEMA_BASE_HASH_H

#include <stdint.h>

#include "schema/base/bytes.h"

enum { HASH_SIZE = 32 };

/* A hash in the making; holds no memory of its own. */
struct hash {
    _Alignas(64) uint8_t opaque[384];
};

void hash_blake2b(struct bytes bytes, uint8_t ret_hash[HASH_SIZE]);

enum { HASH_TEXT_SIZE = 2 * HASH_SIZE + 1 };
/* Lower-case hexadecimal digits, NUL-terminated. */
void hash_format(const uint8_t hash[HASH_SIZE], char ret_text[HASH_TEXT_SIZE]);
/* Exactly 64 hexadecimal digits, of either case; false on anything else. */
bool hash_parse(struct bytes text, uint8_t ret_hash[HASH_SIZE]);

void hash_begin(struct hash *hash);
void hash_add(struct hash *hash, struct bytes bytes);
/* Ends it: call hash_begin before using `hash` again. */
void hash_end(struct hash *hash, uint8_t ret_hash[HASH_SIZE]);

#endif
