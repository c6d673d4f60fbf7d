/*
 * A folder of files named by the hash of their bytes: FOLDER/ab/cdef…, and FOLDER/part for those that
 * are not whole yet. A name stands for its bytes, so a file never changes; it becomes visible whole and
 * durable, or not at all.
 *
 * The one place that reads and writes such files, for stations and headquarters alike. Functions may be
 * called from any thread; two that write to one part at a time need a lock of the caller's.
 *
 * Codes: file.absent, file.corrupt, file.failed, file.full (the disk), memory
 */
#ifndef SATCHEL_SCHEMA_BASE_FILE_FOLDER_H
#define SATCHEL_SCHEMA_BASE_FILE_FOLDER_H

#include "schema/base/error.h"
#include "schema/base/hash.h"

/* --- whole files ------------------------------------------------------------------------ */

/* Its size, -1 when it is not there. */
int file_folder_size(const char *folder, const uint8_t hash[HASH_SIZE], int64_t *ret,
                     struct error *error);
/* Keeps these bytes; durable when it returns. Once more is fine. */
int file_folder_put(const char *folder, struct bytes bytes, uint8_t ret_hash[HASH_SIZE],
                    struct error *error);
/* Appends the whole file, and compares it with its name: file.corrupt */
int file_folder_read(const char *folder, const uint8_t hash[HASH_SIZE],
                     struct buffer *ret, struct error *error);
/* Appends at most `size` bytes from `offset` on. Nothing is compared. */
int file_folder_read_piece(const char *folder, const uint8_t hash[HASH_SIZE],
                           int64_t offset, size_t size, struct buffer *ret,
                           struct error *error);
/* Compares a file of any size with its name. */
int file_folder_check(const char *folder, const uint8_t hash[HASH_SIZE],
                      struct error *error);
/* Copies a file to another folder, durably and compared, unless it is there. */
int file_folder_copy(const char *from, const char *to, const uint8_t hash[HASH_SIZE],
                     struct error *error);
/* One that is not there is removed already. */
int file_folder_remove(const char *folder, const uint8_t hash[HASH_SIZE],
                       struct error *error);

/* Every whole file; `visit` returns non-zero to stop, which is then returned. It may remove what it is told of. */
typedef int (*file_folder_visit)(void *context, const uint8_t hash[HASH_SIZE],
                                 int64_t size);
int file_folder_each(const char *folder, file_folder_visit visit, void *context,
                     struct error *error);

/* --- parts ------------------------------------------------------------------------------- */

enum { FILE_PART_NAME = 160 };

/* `name`: letters, digits and '-'. 0 when there is no such part. */
int file_part_size(const char *folder, const char *name, int64_t *ret,
                   struct error *error);
/* Writes a piece; what is there already stays. file.offset: it would leave a gap. */
struct file_piece {
    int64_t offset;
    struct bytes bytes;
};
int file_part_write(const char *folder, const char *name, const struct file_piece *piece,
                    struct error *error);
/* The part is the whole file: durable under its name when this returns. file.hash: it is not what the name says, and gone. */
int file_part_finish(const char *folder, const char *name, const uint8_t hash[HASH_SIZE],
                     struct error *error);
int file_part_drop(const char *folder, const char *name, struct error *error);
/* Every part that begins with `prefix`, with when it was last written (UTC ms). */
typedef int (*file_part_visit)(void *context, const char *name, int64_t size,
                               int64_t written_at);
int file_part_each(const char *folder, const char *prefix, file_part_visit visit,
                   void *context, struct error *error);

/* Takes the folder away with all that is in it. */
int file_folder_wipe(const char *folder, struct error *error);

#endif
