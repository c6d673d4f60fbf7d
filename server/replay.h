/*
 * Replaying the journal: into an empty master to prove the one that is there, or into a copy to bring it up to date.
 */
#ifndef SATCHEL_SERVER_REPLAY_H
#define SATCHEL_SERVER_REPLAY_H

#include "server/journal.h"
#include "server/server.h"
#include "server/work.h"

struct replay {
    struct master
        *master; /* in an open transaction; its entry is the last that was replayed */
    struct work work;
    struct arena arena;
    struct sign_public key;
    uint8_t hash[HASH_SIZE]; /* of that entry */
    struct verify_report *report;
    int64_t begins;                /* behind this entry; 0: at the beginning */
    uint8_t begin_hash[HASH_SIZE]; /* of that entry, by the checkpoint */
    struct stream_reader *archive; /* where archived contents are; NULL: nowhere */
};

/* Checks the next entry against the chain and applies it. journal.*, replay.* */
int replay_next(struct replay *replay, const struct journal_entry *entry,
                struct error *error);

#endif
