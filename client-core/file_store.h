/*
 * The files of a station: their bytes in HOME/files, what is known of them in the database.
 *
 * A file is here because somebody added it, and stays at least until headquarters has it whole; or because it was fetched, and goes
 * when room is needed.
 */
#ifndef SATCHEL_CLIENT_FILE_STORE_H
#define SATCHEL_CLIENT_FILE_STORE_H

#include "client-core/replica.h"
#include "schema/base/hash.h"

/* "HOME/files" */
enum { FILE_FOLDER_PATH = 4200 };
void file_store_folder(const char *home, char ret[FILE_FOLDER_PATH]);

/* Durable when it returns; once more makes it wait to be offered to headquarters again. file.size, file.full, file.failed */
int file_store_add(struct replica *replica, const char *folder, const struct id *user,
                   struct bytes bytes, uint8_t ret_hash[HASH_SIZE], struct error *error);
/* Notes a file that was fetched. */
int file_store_note_fetched(struct replica *replica, const uint8_t hash[HASH_SIZE],
                            int64_t size, struct error *error);
/* It was looked at just now. */
int file_store_touch(struct replica *replica, const uint8_t hash[HASH_SIZE],
                     struct error *error);
/* Whether this person added the file at this station. */
int file_store_is_own(struct replica *replica, const struct id *user, struct bytes hash,
                      bool *ret, struct error *error);
/* A command names it, in the open transaction: from now on it waits to be sent, also when the row leaves this station. */
int file_store_note_attached(struct replica *replica, struct bytes hash,
                             struct error *error);
/* Whether a row names the file, of those that the connection sees. */
int file_store_is_named(struct replica *replica, const uint8_t hash[HASH_SIZE], bool *ret,
                        struct error *error);

/* --- what headquarters does not have yet ---------------------------------------------------------- */

struct waiting_file {
    uint8_t hash[HASH_SIZE];
    int64_t size;
    int64_t sent; /* bytes that headquarters has */
};

/* The next that headquarters, in the history that this station follows, lacks; not while a row that it does not know yet names it, nor what is to be left
 * alone for a while because of its last failure. */
int file_store_next(struct replica *replica, struct waiting_file *ret, bool *ret_found,
                    struct error *error);
int file_store_note_sent(struct replica *replica, const struct waiting_file *file,
                         struct error *error);
int file_store_note_whole(struct replica *replica, const uint8_t hash[HASH_SIZE],
                          struct error *error);
/* Why it could not be sent; it is left alone for `wait_ms`. */
int file_store_note_failure(struct replica *replica, const uint8_t hash[HASH_SIZE],
                            const char *code, int64_t wait_ms, struct error *error);

struct file_counts {
    int64_t waiting;       /* a command named them, and headquarters lacks them */
    int64_t waiting_bytes; /* that are still to be sent */
    int64_t kept, kept_bytes;
};
int file_store_count(struct replica *replica, struct file_counts *ret,
                     struct error *error);
/* Appends [{"file","size","sent","code"}] of what this person added and headquarters lacks; code null: no failure. */
int file_store_put_waiting(struct replica *replica, const struct id *user,
                           struct buffer *json, struct error *error);

/* --- room ------------------------------------------------------------------------------------------ */

/* Removes what no row has named for FILE_UNNAMED_MS; and, down to `limit` bytes, what was fetched, longest unused first, then
 * what headquarters has for BUNDLE_KEEP_MS. Never what waits to be sent. */
int file_store_tidy(struct replica *replica, const char *folder, int64_t limit,
                    struct error *error);

#endif
