/*
 * The journal: everything that ever changed the master, in order, verbatim, with what was decided.
 *
 *   hash(entry) = BLAKE2b-256 of [previous hash, entry, kind, at, station, schema_version,
 *                                 hash(content), hash(outcome)]   (MessagePack)
 * and the server signs each hash ("satchel journal"): nothing can be taken out, put in or altered.
 */
#ifndef SATCHEL_SERVER_JOURNAL_H
#define SATCHEL_SERVER_JOURNAL_H

#include "server/master.h"

enum entry_kind {
    ENTRY_GENESIS = 1,
    ENTRY_BUNDLE = 2,
    ENTRY_INVITE = 3,
    ENTRY_ENROL = 4,
    ENTRY_REVOKE = 5,
    ENTRY_REENROL = 6,    /* a child after a fork */
    ENTRY_ROTATE = 7,     /* a device's key */
    ENTRY_SERVER_KEY = 8, /* the server's */
    ENTRY_EPOCH = 9,      /* a history begins; its refill ends */
    ENTRY_RELEASE = 10,   /* quarantined work: released or discarded */
    ENTRY_CHECKPOINT = 11,
    ENTRY_PURGE = 12 /* tombstones.h */
};

struct journal_entry {
    int64_t entry;
    enum entry_kind kind;
    int64_t at;      /* HQ time, UTC ms */
    int64_t station; /* its number; 0: the server */
    int64_t schema_version;
    struct bytes content;
    struct bytes outcome;
    uint8_t hash[HASH_SIZE];
    struct bytes signature;
    bool archived; /* its content is in an archive; here is only the hash of it */
    uint8_t content_hash[HASH_SIZE];
};

/* Appends the entry numbered master->entry + 1 and moves the master's head. */
int journal_put(struct master *master, struct journal_entry *entry, struct error *error);

/* Reading in order. `next` returns 1 with an entry whose bytes are valid until the following call, 0 at the end. */
struct journal_reader;
int journal_read(sqlite3 *db, struct journal_reader **ret, struct error *error);
/* Only what comes after an entry. */
int journal_read_after(sqlite3 *db, int64_t entry, struct journal_reader **ret,
                       struct error *error);
/* Without the bundles: what headquarters itself did. */
int journal_read_control(sqlite3 *db, struct journal_reader **ret, struct error *error);
int journal_next(struct journal_reader *reader, struct journal_entry *ret,
                 struct error *error);
void journal_close(struct journal_reader *reader);

/* Appends an entry as another copy of the master has it: number, hash and signature are what they are. */
int journal_take(struct master *master, const struct journal_entry *entry,
                 struct error *error);
/* The last entry, with its hash; 0: there is none. */
int journal_head(sqlite3 *db, int64_t *ret_entry, uint8_t ret_hash[HASH_SIZE],
                 struct error *error);
/* The hash of an entry; journal.gap when it is not there. */
int journal_hash(sqlite3 *db, int64_t entry, uint8_t ret[HASH_SIZE], struct error *error);

/* Checks number, hash and signature of `entry` against the one before; moves *hash on.
 * Codes: journal.gap, journal.hash, journal.signature */
int journal_check(const struct journal_entry *entry, const struct sign_public *server,
                  int64_t expected_entry, uint8_t hash[HASH_SIZE], struct error *error);

#endif
