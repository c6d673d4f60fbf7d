/*
 * Files at headquarters: DIR/files, what is kept there and for whom.
 *
 * A person *holds* a file once he sent all of it: a row lets others have the file only if its author holds it, so that
 * nobody gets a file, or learns that it exists, by naming its hash. Bytes are kept once. None of it is in the
 * journal: it follows from rows that are, and from stations that still have the bytes.
 */
#ifndef SATCHEL_SERVER_FILES_H
#define SATCHEL_SERVER_FILES_H

#include "server/internal.h"
#include "server/naming.h"

/* "DIR/files", malloc'ed. */
char *files_folder(const char *data);

enum { FILES_PEOPLE = CERTIFICATE_ACTORS };
struct people {
    struct id ids[FILES_PEOPLE];
    size_t count;
};
/* Adds a person once; more than there is room for are left out. */
void people_add(struct people *people, struct id id);

/* Which of these people hold the file. */
int files_holders(sqlite3 *db, const uint8_t hash[HASH_SIZE], const struct people *of,
                  struct people *ret, struct error *error);
/* file.quota, file.quota_company: whether `size` more bytes are welcome, for this person and as a whole. */
int files_check_quota(struct reader *reader, const char *folder, struct id person,
                      int64_t size, struct error *error);

struct file_limits {
    int64_t person, company; /* bytes */
};
int files_limits(sqlite3 *db, struct file_limits *ret, struct error *error);

/* Notes, durably, that these people hold a file that is in the folder. */
struct grant {
    uint8_t hash[HASH_SIZE];
    int64_t size;
    struct people people;
};
int files_grant(struct ingest *ingest, struct grant *grant, struct error *error);

/* Copies the files that the database knows of to another server's folder; those that are there stay. */
int files_copy(sqlite3 *db, const char *from_data, const char *to_data,
               struct error *error);

/* Brings the files of a copy of this master, and who holds them, up to what the master has now. */
int files_catch_up(sqlite3 *db, const char *from_data, const char *to_data,
                   struct error *error);

/* One at a time brings a file to its end or takes files away, in all processes. -1 with the error filled. */
int files_lock(const char *folder, struct error *error);
void files_unlock(int lock);

/* Takes away what no row has named for `grace_ms`, and uploads that nobody went on with for `part_ms`. */
struct files_sweeper {
    const char *folder;
    struct ingest *ingest; /* one of these two */
    struct master *master;
    const struct catalogue *catalogue;
    int64_t now, grace_ms, part_ms;
};
struct files_swept {
    int64_t removed, removed_bytes, parts;
};
int files_sweep(const struct files_sweeper *by, struct files_swept *ret,
                struct error *error);
/* Sweeps when it was not done for a while. */
void files_sweep_sometimes(struct server *server);

#endif
