/*
 * Stations: invitations, enrolment, certificates. Whatever is given out is a journal entry.
 */
#ifndef SATCHEL_SERVER_STATION_H
#define SATCHEL_SERVER_STATION_H

#include "server/apply.h"

/* A key that a device had before: it seals up to and with this bundle of its chain. */
struct former_key {
    struct sign_public key;
    int64_t last_number;
    uint8_t last_hash[HASH_SIZE];
};

/* What the server knows of an enrolled device. */
struct station {
    int64_t number;
    struct id id;
    struct sign_public key;
    struct certificate certificate;
    struct bytes certificate_envelope; /* in the arena given */
    int64_t last_number;               /* of its bundles */
    int64_t last_seq;
    int64_t seen_base; /* the newest base it ever named; the head when it was enrolled */
    int64_t schema_version; /* the newest it ever named */
    uint8_t last_hash[HASH_SIZE];
    bool revoked;
    role_set ceiling;
    struct family family;
    const struct former_key *former; /* oldest first */
    size_t former_count;
};

/* Finds a device by id on any connection with the master's tables. device.unknown */
int station_find(sqlite3 *db, const struct catalogue *catalogue, struct id device,
                 struct arena *arena, struct station *ret, struct error *error);
int station_find_by_key(sqlite3 *db, const struct catalogue *catalogue,
                        const struct sign_public *key, struct arena *arena,
                        struct station *ret, struct error *error);

struct invite {
    struct id actors[CERTIFICATE_ACTORS];
    size_t actor_count;
    char ceiling[256];
    char name[64]; /* suggested station name, may be "" */
    int64_t expires_at;
    bool everyone; /* for every active person; then there may be no actors */
};
/* Journals an invitation (in an open transaction) and gives out its token. */
int station_invite(struct master *master, const struct invite *invite,
                   uint8_t ret_token[16], struct error *error);

/* Enrols (in an open transaction): a token is good for one key; asked again with the same key it gives the same
 * certificate. invitation.unknown, invitation.used, invitation.expired, enrol.name */
int station_enrol(struct master *master, struct work *work,
                  const struct enrol_request *request, struct arena *arena,
                  struct bytes *ret_certificate, struct error *error);

/* The number that the next station gets. */
int station_next_number(struct master *master, int64_t *ret, struct error *error);
/* Journals that a certificate was given out (in an open transaction), and does what follows from it. The hash of the
 * token is zeros when the device showed it (papers.h). */
int station_journal_enrol(struct master *master, struct work *work,
                          const uint8_t token_hash[HASH_SIZE], struct bytes envelope,
                          struct error *error);
/* What a new device is known to have seen. */
struct station_start {
    int64_t seen_base;
    int64_t schema_version;
};
/* Keeps a new device. */
int station_put(struct master *master, const struct certificate *certificate,
                struct bytes envelope, const struct station_start *start,
                int64_t *ret_number, struct error *error);
/* The device goes on under the key of the certificate `next`: the one before counts up to where that says. */
int station_rekey(struct master *master, const struct station *station,
                  const struct certificate *next, struct bytes envelope,
                  struct error *error);
/* The code that a station with this number gets. */
void station_code(int64_t number, char ret[16]);
/* Signs a certificate; the envelope lives in `arena`. */
int station_certify(struct master *master, const struct certificate *certificate,
                    struct arena *arena, struct bytes *ret, struct error *error);

/* Journal entries applied: when they are made and when they are replayed. */
int station_apply_invite(struct master *master, struct bytes content,
                         struct error *error);
int station_apply_enrol(struct master *master, struct work *work, struct bytes content,
                        int64_t at, struct error *error);

/* The contents of those entries, read. The bytes borrow from `content`. */
int station_read_invite(struct bytes content, struct invite *ret,
                        uint8_t ret_token_hash[HASH_SIZE], struct error *error);
int station_read_enrol(struct bytes content, struct bytes *ret_hash,
                       struct bytes *ret_envelope, struct certificate *ret,
                       struct error *error);

/* What an invitation's row says in place of a station's number when it was taken back. */
enum { INVITATION_REVOKED = -1 };
/* Notes which station used an invitation, or that none may any more. */
int station_use_invitation(struct master *master, struct bytes token_hash,
                           int64_t station, struct error *error);

/* A change of business data that follows from a control entry: a transaction of the server's own, with a gsn. */
struct own_transaction {
    struct id id;
    const char *command;
    int64_t at;
    int (*write)(struct work *work, const void *context, struct error *error);
    const void *context;
};
int station_derive(struct master *master, struct work *work,
                   const struct own_transaction *own, struct error *error);

#endif
