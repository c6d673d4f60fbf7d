/*
 * Who a station is and whom it trusts: its certificate, the server's pinned key, where the
 * server is. Written once at enrolment; address and CA file may change.
 */
#ifndef SATCHEL_CLIENT_IDENTITY_H
#define SATCHEL_CLIENT_IDENTITY_H

#include "client-core/replica.h"
#include "sync/message.h"

enum { IDENTITY_ADDRESS = 256, IDENTITY_FILE = 1024 };

struct identity {
    struct certificate certificate;
    role_set ceiling;
    struct sign_public server_key;
    struct sign_public signer; /* the server's key that signed the certificate */
    struct sign_keys keys;     /* not in the database: home_keys */
    char org_name[128];
    char address[IDENTITY_ADDRESS];
    char ca_file[IDENTITY_FILE]; /* "" when there is none */
    struct tls_pin pin;
    int64_t epoch;
};

/* *ret_enrolled is false, and nothing else is set, before the enrolment is complete. */
int identity_load(struct replica *replica, struct identity *ret, bool *ret_enrolled,
                  struct error *error);

/* Whether several people sign in at this station: each then sees only what is his. */
bool identity_is_shared(const struct identity *identity);
/* The pin that is kept now; another process may have moved the station. */
int identity_read_pin(struct replica *replica, struct tls_pin *ret, struct error *error);

/* What an enrolment brought, in the open transaction. */
struct enrolment {
    const struct enrol_response *response;
    const struct sign_public *server_key;
    const char *address;
    const char *ca_file; /* may be NULL */
};
int identity_save(struct replica *replica, const struct enrolment *enrolment,
                  struct error *error);
/* The server's keys that followed the one that is trusted, one after the other; *ret is the last. Code: server.key */
struct key_notices {
    const struct bytes *notices;
    size_t count;
};
int identity_follow(const struct identity *identity, struct key_notices notices,
                    struct sign_public *ret, struct error *error);
/* Trusts this key of the server from now on, in the open transaction. */
int identity_trust(struct replica *replica, const struct identity *identity,
                   const struct sign_public *key, struct error *error);

/* The certificates before the present one, oldest first, at most LIMIT_PAPERS: a headquarters that was restored from a
 * backup may know the station under one of them, or not at all. The envelopes live in `arena`. */
int identity_papers(struct replica *replica, struct arena *arena, struct bytes **ret,
                    size_t *ret_count, struct error *error);

/* Another certificate for the station, in the open transaction; `signer`: the server's key that signed it. The one before
 * is kept among its papers. */
int identity_certify(struct replica *replica, struct bytes certificate,
                     const struct sign_public *signer, struct error *error);
/* http://HOST[:PORT] or https://HOST[:PORT], the latter perhaps with #pin=…; else address.invalid. */
int identity_check_address(const char *address, struct error *error);
/* The pin belongs to the address: a new address without one is verified by the authorities. */
int identity_move(struct replica *replica, const char *address, const char *ca_file,
                  struct error *error);

/* Verifies the server's signature under `key` and reads. Code: server.key */
int certificate_open(struct bytes envelope, const struct sign_public *key,
                     struct certificate *ret, struct error *error);

#endif
