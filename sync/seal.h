/*
 * Keys, signatures, compression: the only file that knows libsodium's signatures and zstd is seal.c.
 * (Hashing is in schema/base/hash.h.)
 */
#ifndef SATCHEL_SYNC_SEAL_H
#define SATCHEL_SYNC_SEAL_H

#include "schema/base/bytes.h"
#include "schema/base/error.h"
#include "schema/base/hash.h"

enum { SIGN_PUBLIC = 32, SIGN_SECRET = 64, SIGN_SIGNATURE = 64, SIGN_SEED = 32 };

struct sign_public {
    uint8_t bytes[SIGN_PUBLIC];
};

struct sign_keys {
    uint8_t public_key[SIGN_PUBLIC];
    uint8_t secret_key[SIGN_SECRET];
};

/* Must be called once before the others; thread-safe, idempotent. */
int seal_start(struct error *error);

/* Ed25519 (RFC 8032). A key pair from 32 random bytes. */
void seal_keys(const uint8_t seed[SIGN_SEED], struct sign_keys *ret);
/* Signs BLAKE2b-256(context NUL message): one context word per kind of message, so that a
 * signature for one purpose never passes for another. */
void seal_sign(const struct sign_keys *keys, const char *context, struct bytes message,
               uint8_t ret_signature[SIGN_SIGNATURE]);
bool seal_verify(const struct sign_public *key, const char *context, struct bytes message,
                 const uint8_t signature[SIGN_SIGNATURE]);
void seal_wipe(void *data, size_t size);
/* Compares secrets in a time that does not depend on where they differ. */
bool seal_equal(const void *a, const void *b, size_t size);

/* libsodium's sealed box, appended to `ret`: everybody can encrypt for whoever has these signing keys, only he can open it, and
 * nobody can alter it unseen. `seed`: 32 random bytes that are used once. Codes: seal.key (no key of anybody's), memory */
enum { BOX_SEED = 32, BOX_EXTRA = 48 /* bytes more than the data */ };
int seal_box(const struct sign_public *recipient, const uint8_t seed[BOX_SEED],
             struct bytes data, struct buffer *ret, struct error *error);
/* Codes: seal.box (altered, or encrypted for others), memory */
int seal_box_open(const struct sign_keys *keys, struct bytes box, struct buffer *ret,
                  struct error *error);

/* zstd, appended to `ret`. Inflating reads the frame's own size first and refuses what is above
 * `maximum` (seal.size) or unreadable (seal.compression). */
int seal_deflate(struct bytes data, int level, struct buffer *ret, struct error *error);
int seal_inflate(struct bytes data, size_t maximum, struct buffer *ret,
                 struct error *error);
/* The same into memory of `arena`. */
int seal_inflate_in(struct arena *arena, struct bytes data, size_t maximum,
                    struct bytes *ret, struct error *error);

/* Secrets that people type: Argon2id (RFC 9106), 64 MiB and two passes, about 70 ms. */
enum { SECRET_SALT = 16, SECRET_HASH = 32 };
/* Code: seal.secret when there is not enough memory. */
int seal_secret(struct bytes secret, const uint8_t salt[SECRET_SALT],
                uint8_t ret_hash[SECRET_HASH], struct error *error);
/* Compares in constant time; false also when there is not enough memory. */
bool seal_secret_matches(struct bytes secret, const uint8_t salt[SECRET_SALT],
                         const uint8_t hash[SECRET_HASH]);

/* Text forms: lower-case base32 (RFC 4648 alphabet, no padding) for keys and tokens that people may type. */
void seal_base32(struct bytes data, struct buffer *ret);
/* Capitals pass too. Code: seal.base32 */
int seal_base32_read(const char *text, struct buffer *ret, struct error *error);

#endif
