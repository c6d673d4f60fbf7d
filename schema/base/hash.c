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

void hash_format(const uint8_t hash[HASH_SIZE], char ret_text[HASH_TEXT_SIZE]) {
    static const char DIGITS[] = "0123456789abcdef";
    for (size_t i = 0; i < HASH_SIZE; i++) {
        ret_text[2 * i] = DIGITS[hash[i] >> 4];
        ret_text[2 * i + 1] = DIGITS[hash[i] & 15];
    }
    ret_text[HASH_TEXT_SIZE - 1] = '\0';
}

static int digit_of(uint8_t letter) {
    if (letter >= '0' && letter <= '9')
        return letter - '0';
    uint8_t lower = letter | 0x20;
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

bool hash_parse(struct bytes text, uint8_t ret_hash[HASH_SIZE]) {
    if (text.size != HASH_TEXT_SIZE - 1)
        return false;
    for (size_t i = 0; i < HASH_SIZE; i++) {
        int high = digit_of(text.data[2 * i]);
        int low = digit_of(text.data[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        ret_hash[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}
