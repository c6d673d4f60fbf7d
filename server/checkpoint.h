/*
 * Checkpoints: at some entry, a digest of the logical dump as a signed entry of the journal, and the state itself beside the
 * master. A proof then begins there, and the bundles before it can go to an archive.
 *
 *   DIR/checkpoint.db          the state: a master without a journal
 *   entry (ENTRY_CHECKPOINT)   [entry, hash of that entry, digest of the dump after it, rows]
 *
 * What was archived leaves the content of its journal entry empty and its hash in journal_archived; the outcome stays, so that
 * a known bundle is answered as ever.
 */
#ifndef SATCHEL_SERVER_CHECKPOINT_H
#define SATCHEL_SERVER_CHECKPOINT_H

#include "server/replay.h"

#define CHECKPOINT_FILE "checkpoint.db"

struct checkpoint {
    int64_t entry; /* after this one the state was so; 0: there is none */
    uint8_t hash[HASH_SIZE];
    uint8_t digest[HASH_SIZE];
    int64_t rows;
    int64_t schema_version; /* of the program that made it */
};
/* The newest one that the journal has. */
int checkpoint_last(sqlite3 *db, struct checkpoint *ret, struct error *error);
int checkpoint_read(struct bytes content, struct checkpoint *ret, struct error *error);

/* Opens the state as a master of its own (a temporary copy) after comparing it with what the journal says.
 * checkpoint.missing, checkpoint.version, checkpoint.differs */
int checkpoint_open(const struct server_options *options,
                    const struct checkpoint *checkpoint, struct master **ret,
                    struct error *error);

#endif
