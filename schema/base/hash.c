/*
 * BLAKE2b-256 by libsodium.
 */
#include "schema/base/hash.h"

#include <assert.h>
#include <sodium.h>

_Static_assert(sizeof(struct hash) >= sizeof(crypto_generichash_blake2b_state),
               "struct hash must hold libsodium's state");
_Static_assert(_Alignof(struct hash) >= _Alignof(crypto_generichash_blake2b_state),
               "struct hash must be aligned as libsodium's state");

static crypto_generichash_blake2b_state *state_of(struct hash *hash) {
    return (crypto_generichash_blake2b_state *)(void *)hash->opaque;
}

void hash_blake2b(struct bytes bytes, uint8_t ret_hash[HASH_SIZE]) {
    struct hash hash;
    hash_begin(&hash);
    hash_add(&hash, bytes);
    hash_end(&hash, ret_hash);
}

void hash_begin(struct hash *hash) {
    /* Chooses the fastest code for this processor; idempotent, any thread. */
    int rc = sodium_init();
    assert(rc >= 0);
    rc = crypto_generichash_blake2b_init(state_of(hash), NULL, 0, HASH_SIZE);
    assert(rc == 0);
    (void)rc;
}

void hash_add(struct hash *hash, struct bytes bytes) {
    int rc = crypto_generichash_blake2b_update(state_of(hash), bytes.data, bytes.size);
    assert(rc == 0);
    (void)rc;
}

void hash_end(struct hash *hash, uint8_t ret_hash[HASH_SIZE]) {
    int rc = crypto_generichash_blake2b_final(state_of(hash), ret_hash, HASH_SIZE);
    assert(rc == 0);
    (void)rc;
}
