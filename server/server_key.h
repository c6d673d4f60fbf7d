/*
 * The server's own key, and those before it.
 *
 *   DIR/server.key       seed of the present key (0600)
 *   DIR/server.key.next  while a key follows another
 *   DIR/server.keys.old  seeds of those before, oldest first, 32 bytes each (0600)
 *
 * Stations pin a key. Who pins an older one is answered under that one, with the notices by which each key handed over
 * to the next; then he pins the present one. That is why the older ones are kept.
 *
 *   entry 8, content   a notice (sync/message.h), signed by both keys; the entry itself by the former one
 */
#ifndef SATCHEL_SERVER_SERVER_KEY_H
#define SATCHEL_SERVER_SERVER_KEY_H

#include "server/internal.h"

/* The keys of a folder, with their notices. */
struct key_ring {
    struct sign_keys present;
    struct sign_keys *former; /* oldest first */
    struct bytes *notices;    /* by which each of them handed over; malloc'ed */
    size_t former_count;
};
/* `db`: the folder's master. key_ring_free on success. */
int key_ring_load(const char *data, sqlite3 *db, struct key_ring *ret,
                  struct error *error);
void key_ring_free(struct key_ring *ring);

/* What to answer under, for who pins this key. */
struct key_choice {
    const struct sign_keys *keys;
    const struct bytes *notices;
    size_t notice_count;
};
/* A key that is none of ours gets the present one. */
struct key_choice key_ring_choose(const struct key_ring *ring,
                                  const struct sign_public *pin);
/* The key that signed this certificate, for stations that do not say which one they pin. */
struct key_choice key_ring_of_certificate(const struct key_ring *ring,
                                          struct bytes certificate);
/* The first key there was: what is keyed by a secret and must outlive a rotation uses it. */
const struct sign_keys *key_ring_first(const struct key_ring *ring);

/* The key of this folder whose public key is `wanted`; takes the place of `server.key` when it is one beside it. */
int server_settle_key(const char *data, const struct sign_public *wanted,
                      struct sign_keys *ret, struct error *error);
/* Keeps a key beside the present one, durably, for server_settle_key; what was kept there before is gone. */
int server_keep_next_key(const char *data, const uint8_t seed[SIGN_SEED],
                         struct error *error);
/* Copies the present key and the others to a backup, each file whole or not at all; also while a key is replaced. */
int server_copy_keys(const char *from, const char *to, struct error *error);

/* Entry 8 applied: when it is made and when it is replayed. *ret_next: the key that signs from now on.
 * journal.key: the notice does not follow from the key before */
int server_key_apply(struct master *master, struct bytes content,
                     struct sign_public *ret_next, struct error *error);

/* The certificate was signed by this server's key, or by one that it had before. message.signature */
int server_key_signed(struct master *master, const struct envelope *certificate,
                      struct error *error);

#endif
