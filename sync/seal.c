/*
 * Keys, signatures and compression: libsodium's Ed25519 and zstd behind our own words.
 */
#include "sync/seal.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>
#include <zstd.h>
#include <zstd_errors.h>

_Static_assert(SIGN_PUBLIC == crypto_sign_PUBLICKEYBYTES, "Ed25519 public key");
_Static_assert(SIGN_SECRET == crypto_sign_SECRETKEYBYTES, "Ed25519 secret key");
_Static_assert(SIGN_SIGNATURE == crypto_sign_BYTES, "Ed25519 signature");
_Static_assert(SIGN_SEED == crypto_sign_SEEDBYTES, "Ed25519 seed");

int seal_start(struct error *error) {
    if (sodium_init() < 0)
        return error_set(error, "seal.start", NULL,
                         "The cryptographic library cannot start.");
    return 0;
}

/* --- signatures ---------------------------------------------------------------------- */

void seal_keys(const uint8_t seed[SIGN_SEED], struct sign_keys *ret) {
    int rc = crypto_sign_seed_keypair(ret->public_key, ret->secret_key, seed);
    assert(rc == 0);
    (void)rc;
}

static void digest_of(const char *context, struct bytes message, uint8_t ret[HASH_SIZE]) {
    struct hash hash;
    hash_begin(&hash);
    hash_add(&hash, (struct bytes){(const uint8_t *)context, strlen(context) + 1});
    hash_add(&hash, message);
    hash_end(&hash, ret);
}

void seal_sign(const struct sign_keys *keys, const char *context, struct bytes message,
               uint8_t ret_signature[SIGN_SIGNATURE]) {
    uint8_t digest[HASH_SIZE];
    digest_of(context, message, digest);
    int rc = crypto_sign_detached(ret_signature, NULL, digest, sizeof digest,
                                  keys->secret_key);
    assert(rc == 0);
    (void)rc;
}

bool seal_verify(const struct sign_public *key, const char *context, struct bytes message,
                 const uint8_t signature[SIGN_SIGNATURE]) {
    uint8_t digest[HASH_SIZE];
    digest_of(context, message, digest);
    return crypto_sign_verify_detached(signature, digest, sizeof digest, key->bytes) == 0;
}

bool seal_equal(const void *a, const void *b, size_t size) {
    return sodium_memcmp(a, b, size) == 0;
}

void seal_wipe(void *data, size_t size) {
    sodium_memzero(data, size);
}

/* --- sealed boxes -------------------------------------------------------------------- */

_Static_assert(BOX_SEED == crypto_box_SEEDBYTES, "what a key pair is made from");
_Static_assert(BOX_EXTRA == crypto_box_SEALBYTES, "key and authenticator");

/* What libsodium's crypto_box_seal does, but for the dice: they are the caller's. */
static void nonce_of(const uint8_t once[crypto_box_PUBLICKEYBYTES],
                     const uint8_t recipient[crypto_box_PUBLICKEYBYTES],
                     uint8_t ret[crypto_box_NONCEBYTES]) {
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, crypto_box_NONCEBYTES);
    crypto_generichash_update(&state, once, crypto_box_PUBLICKEYBYTES);
    crypto_generichash_update(&state, recipient, crypto_box_PUBLICKEYBYTES);
    crypto_generichash_final(&state, ret, crypto_box_NONCEBYTES);
}

int seal_box(const struct sign_public *recipient, const uint8_t seed[BOX_SEED],
             struct bytes data, struct buffer *ret, struct error *error) {
    uint8_t key[crypto_box_PUBLICKEYBYTES];
    uint8_t once[crypto_box_PUBLICKEYBYTES];
    uint8_t secret[crypto_box_SECRETKEYBYTES];
    uint8_t nonce[crypto_box_NONCEBYTES];
    if (crypto_sign_ed25519_pk_to_curve25519(key, recipient->bytes) != 0)
        return error_set(error, "seal.key", NULL, "Nobody can have this key.");
    uint8_t *room = buffer_extend(ret, data.size + BOX_EXTRA);
    if (!room)
        return error_out_of_memory(error);
    crypto_box_seed_keypair(once, secret, seed);
    nonce_of(once, key, nonce);
    memcpy(room, once, sizeof once);
    int rc =
        crypto_box_easy(room + sizeof once, data.data, data.size, nonce, key, secret);
    sodium_memzero(secret, sizeof secret);
    assert(rc == 0);
    (void)rc;
    return 0;
}

int seal_box_open(const struct sign_keys *keys, struct bytes box, struct buffer *ret,
                  struct error *error) {
    uint8_t key[crypto_box_PUBLICKEYBYTES];
    uint8_t secret[crypto_box_SECRETKEYBYTES];
    size_t before = ret->size;
    if (box.size < BOX_EXTRA)
        return error_set(error, "seal.box", NULL, "The encrypted data was cut.");
    uint8_t *room = buffer_extend(ret, box.size - BOX_EXTRA);
    if (!room)
        return error_out_of_memory(error);
    int rc = crypto_sign_ed25519_pk_to_curve25519(key, keys->public_key);
    assert(rc == 0);
    crypto_sign_ed25519_sk_to_curve25519(secret, keys->secret_key);
    rc = crypto_box_seal_open(room, box.data, box.size, key, secret);
    sodium_memzero(secret, sizeof secret);
    if (rc == 0)
        return 0;
    ret->size = before;
    return error_set(error, "seal.box", NULL,
                     "The data was altered, or is encrypted for somebody else.");
}

/* --- compression --------------------------------------------------------------------- */

int seal_deflate(struct bytes data, int level, struct buffer *ret, struct error *error) {
    size_t bound = ZSTD_compressBound(data.size);
    struct buffer deflated = buffer_make(bound);
    uint8_t *room = buffer_extend(&deflated, bound);
    size_t size =
        room ? ZSTD_compress(room, bound, data.data, data.size, level) : bound + 1;
    if (size > bound) { /* zstd's error codes are the largest numbers */
        buffer_free(&deflated);
        return error_out_of_memory(error);
    }
    buffer_append(ret, room, size);
    buffer_free(&deflated);
    if (ret->failed)
        return error_set(error, "seal.size", NULL,
                         "Compressed it takes %zu bytes, too many.", size);
    return 0;
}

/* What the frame says its content takes, believed only up to `maximum`. */
static int frame_size(struct bytes data, size_t maximum, size_t *ret,
                      struct error *error) {
    unsigned long long size = ZSTD_getFrameContentSize(data.data, data.size);
    if (size == ZSTD_CONTENTSIZE_UNKNOWN || size == ZSTD_CONTENTSIZE_ERROR)
        return error_set(error, "seal.compression", NULL,
                         "The compressed data has no size.");
    if (size > maximum)
        return error_set(error, "seal.size", NULL,
                         "Inflated it takes %llu bytes; at most %zu are accepted.", size,
                         maximum);
    *ret = (size_t)size;
    return 0;
}

static int inflate(struct bytes data, uint8_t *room, size_t size, struct error *error) {
    if (!room)
        return error_out_of_memory(error);
    /* An error code of zstd's differs from every size that was accepted. */
    size_t done = ZSTD_decompress(room, size, data.data, data.size);
    if (ZSTD_getErrorCode(done) == ZSTD_error_memory_allocation)
        return error_out_of_memory(error); /* which says nothing of the data */
    if (done != size)
        return error_set(error, "seal.compression", NULL,
                         "The compressed data is damaged.");
    return 0;
}

int seal_inflate(struct bytes data, size_t maximum, struct buffer *ret,
                 struct error *error) {
    size_t size = 0;
    if (frame_size(data, maximum, &size, error) != 0)
        return -1;
    size_t before = ret->size;
    if (inflate(data, buffer_extend(ret, size), size, error) != 0) {
        ret->size = before;
        return -1;
    }
    return 0;
}

int seal_inflate_in(struct arena *arena, struct bytes data, size_t maximum,
                    struct bytes *ret, struct error *error) {
    size_t size = 0;
    if (frame_size(data, maximum, &size, error) != 0)
        return -1;
    uint8_t *room = arena_alloc(arena, size);
    if (inflate(data, room, size, error) != 0)
        return -1;
    *ret = (struct bytes){room, size};
    return 0;
}

/* --- base32 -------------------------------------------------------------------------- */

static const char BASE32[] = "abcdefghijklmnopqrstuvwxyz234567";

void seal_base32(struct bytes data, struct buffer *ret) {
    uint32_t bits = 0;
    unsigned count = 0;
    for (size_t i = 0; i < data.size; i++) {
        bits = (bits << 8 | data.data[i]) & 0xfff;
        count += 8;
        for (; count >= 5; count -= 5)
            buffer_append_byte(ret, (uint8_t)BASE32[bits >> (count - 5) & 31]);
    }
    if (count > 0)
        buffer_append_byte(ret, (uint8_t)BASE32[bits << (5 - count) & 31]);
}

static int base32_digit(char letter) {
    if (letter >= 'a' && letter <= 'z')
        return letter - 'a';
    if (letter >= 'A' && letter <= 'Z')
        return letter - 'A';
    if (letter >= '2' && letter <= '7')
        return letter - '2' + 26;
    return -1;
}

int seal_base32_read(const char *text, struct buffer *ret, struct error *error) {
    uint32_t bits = 0;
    unsigned count = 0;
    for (const char *at = text; *at; at++) {
        int digit = base32_digit(*at);
        if (digit < 0)
            return error_set(
                error, "seal.base32", NULL,
                "Only the letters a to z and the digits 2 to 7 are accepted.");
        bits = (bits << 5 | (uint32_t)digit) & 0xfff;
        count += 5;
        if (count >= 8) {
            count -= 8;
            buffer_append_byte(ret, (uint8_t)(bits >> count & 0xff));
        }
    }
    if (count >= 5 || (bits & ((1U << count) - 1)) != 0)
        return error_set(error, "seal.base32", NULL, "The text was cut or mistyped.");
    return ret->failed ? error_out_of_memory(error) : 0;
}

/* --- secrets that people type ---------------------------------------------------------- */

enum { SECRET_PASSES = 2, SECRET_MEMORY = 64 * 1024 * 1024 };

int seal_secret(struct bytes secret, const uint8_t salt[SECRET_SALT],
                uint8_t ret_hash[SECRET_HASH], struct error *error) {
    static_assert(SECRET_SALT == crypto_pwhash_SALTBYTES,
                  "the salt that libsodium takes");
    if (crypto_pwhash(ret_hash, SECRET_HASH, (const char *)secret.data, secret.size, salt,
                      SECRET_PASSES, SECRET_MEMORY, crypto_pwhash_ALG_ARGON2ID13) != 0)
        return error_set(error, "seal.secret", "secret",
                         "not enough memory to work on a secret");
    return 0;
}

bool seal_secret_matches(struct bytes secret, const uint8_t salt[SECRET_SALT],
                         const uint8_t hash[SECRET_HASH]) {
    uint8_t found[SECRET_HASH];
    bool same = seal_secret(secret, salt, found, NULL) == 0 &&
                sodium_memcmp(found, hash, SECRET_HASH) == 0;
    sodium_memzero(found, sizeof found);
    return same;
}
