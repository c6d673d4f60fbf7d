/*
 * The journal as files that only grow: what `satcheld backup --follow` writes to a second disk, and what an archive is.
 *
 *   DIR/journal-000000000001.log, named by its first entry:  record …
 *   record   magic (4 bytes) · size (4, little-endian) · BLAKE2b of what follows, cut to 16 bytes · an entry (MessagePack)
 *
 * A record is whole or it is not: the last one of the last file may be torn by a crash and is cut off; any other
 * damage is an error. That an entry is what the server wrote is told by the journal's own chain and signatures.
 */
#ifndef SATCHEL_SERVER_STREAM_H
#define SATCHEL_SERVER_STREAM_H

#include "server/journal.h"

enum { STREAM_FILE_BYTES = 64 * 1024 * 1024 }; /* where the next file is begun */

struct stream_writer;
/* Goes on behind the last whole record; a torn one is cut off. *ret_last: the last entry that is there, with its hash in
 * ret_hash; 0: none. stream.damaged, stream.file */
int stream_open(const char *folder, struct stream_writer **ret, int64_t *ret_last,
                uint8_t ret_hash[HASH_SIZE], struct error *error);
int stream_append(struct stream_writer *writer, const struct journal_entry *entry,
                  struct error *error);
/* Everything appended is on the disk. */
int stream_flush(struct stream_writer *writer, struct error *error);
void stream_close(struct stream_writer *writer); /* NULL is fine */

struct stream_reader;
int stream_read(const char *folder, struct stream_reader **ret, struct error *error);
/* 1 with an entry whose bytes are valid until the following call, 0 at the end. *ret_torn (may be NULL): bytes of a torn
 * record at the end. stream.damaged, stream.file */
int stream_next(struct stream_reader *reader, struct journal_entry *ret,
                int64_t *ret_torn, struct error *error);
void stream_end(struct stream_reader *reader); /* NULL is fine */

#endif
