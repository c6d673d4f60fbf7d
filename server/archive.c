/* Bundles that a checkpoint stands for leave the master: into files, and their space is given back. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "schema/base/hash.h"
#include "server/checkpoint.h"
#include "server/internal.h"
#include "server/stream.h"

enum { BATCH = 500, ENTRY_KIND_BUNDLE = ENTRY_BUNDLE };

struct archiving {
    struct master *master;
    const char *to;
    int64_t until; /* the checkpoint's entry */
    struct archive_report *report;
};

/* Copies what is not archived yet, up to the checkpoint. */
static int copy_bundles(struct archiving *archiving, struct error *error) {
    struct stream_writer *writer = NULL;
    struct journal_reader *reader = NULL;
    struct journal_entry entry;
    int64_t last = 0;
    uint8_t hash[HASH_SIZE];
    if (stream_open(archiving->to, &writer, &last, hash, error) != 0) {
        return -1;
    }
    int rc =
        journal_read_after(archiving->master->db, last, &reader, error) == 0 ? 1 : -1;
    while (rc == 1 && (rc = journal_next(reader, &entry, error)) == 1 &&
           entry.entry <= archiving->until) {
        if (entry.kind == ENTRY_BUNDLE && !entry.archived &&
            stream_append(writer, &entry, error) != 0) {
            rc = -1;
        }
    }
    journal_close(reader);
    int result = rc < 0 ? -1 : stream_flush(writer, error);
    stream_close(writer);
    return result;
}

static int empty_entry(struct master *master, const struct journal_entry *entry,
                       struct error *error) {
    static const char NOTE[] = "insert into journal_archived (entry, content_hash)"
                               " values (?, ?)";
    static const char EMPTY[] = "update journal set content = x'' where entry = ?";
    sqlite3_stmt *note = NULL;
    sqlite3_stmt *empty = NULL;
    uint8_t hash[HASH_SIZE];
    int result = -1;
    hash_blake2b(entry->content, hash);
    if (database_statement(master->db, NOTE, &note, error) == 0 &&
        database_statement(master->db, EMPTY, &empty, error) == 0) {
        sqlite3_bind_int64(note, 1, entry->entry);
        sqlite3_bind_blob(note, 2, hash, HASH_SIZE, SQLITE_STATIC);
        sqlite3_bind_int64(empty, 1, entry->entry);
        result = master_run(master, note, "archiving a bundle", error) != 0
                     ? -1
                     : master_run(master, empty, "archiving a bundle", error);
    }
    sqlite3_finalize(note);
    sqlite3_finalize(empty);
    return result;
}

/* What is read back from the archive, as it is on its disk, is what leaves the master. */
static int is_here(struct master *master, const struct journal_entry *entry, bool *ret,
                   struct error *error) {
    static const char SQL[] =
        "select count(*) from journal where entry = ? and kind = ? and content = ?"
        " and hash = ?";
    sqlite3_stmt *statement = NULL;
    if (database_statement(master->db, SQL, &statement, error) != 0) {
        return -1;
    }
    sqlite3_bind_int64(statement, 1, entry->entry);
    sqlite3_bind_int(statement, 2, ENTRY_KIND_BUNDLE);
    value_bind(statement, 3, value_blob(entry->content));
    sqlite3_bind_blob(statement, 4, entry->hash, HASH_SIZE, SQLITE_STATIC);
    int rc = sqlite3_step(statement);
    *ret = rc == SQLITE_ROW && sqlite3_column_int(statement, 0) == 1;
    sqlite3_finalize(statement);
    return rc == SQLITE_ROW
               ? 0
               : error_from_sqlite(error, master->db, "comparing with the archive");
}

static int empty_some(struct archiving *archiving, struct stream_reader *reader,
                      bool *ret_more, struct error *error) {
    struct master *master = archiving->master;
    struct journal_entry entry;
    int rc = master_begin(master, error) == 0 ? 1 : -1;
    for (int i = 0; rc == 1 && i < BATCH; i++) {
        bool here = false;
        rc = stream_next(reader, &entry, NULL, error);
        if (rc == 1 && is_here(master, &entry, &here, error) != 0) {
            rc = -1;
        }
        if (rc == 1 && here) {
            rc = empty_entry(master, &entry, error) == 0 ? 1 : -1;
            archiving->report->bundles += rc == 1;
        }
        archiving->report->last = rc == 1 ? entry.entry : archiving->report->last;
    }
    *ret_more = rc == 1;
    if (rc < 0) {
        master_rollback(master);
        return -1;
    }
    return master_commit(master, error);
}

static int empty_bundles(struct archiving *archiving, struct error *error) {
    struct stream_reader *reader = NULL;
    bool more = true;
    int result = stream_read(archiving->to, &reader, error);
    while (result == 0 && more) {
        result = empty_some(archiving, reader, &more, error);
    }
    stream_end(reader);
    return result;
}

static int check_refill(struct master *master, struct error *error) {
    int64_t waiting = 0;
    if (database_integer(master->db, "select count(*) from deferred", &waiting, error) !=
        0) {
        return -1;
    }
    return waiting == 0
               ? 0
               : error_set(
                     error, "archive.refill", "data",
                     "%lld transactions still wait for others; end the refill first "
                     "(satcheld refill --end)",
                     (long long)waiting);
}

static int archive(struct archiving *archiving, struct error *error) {
    struct checkpoint checkpoint;
    struct error ignored;
    sqlite3 *db = archiving->master->db;
    if (checkpoint_last(db, &checkpoint, error) != 0) {
        return -1;
    }
    if (checkpoint.entry == 0) {
        return error_set(error, "checkpoint.missing", "data",
                         "there is no checkpoint; make one: satcheld checkpoint");
    }
    archiving->until = checkpoint.entry;
    if (check_refill(archiving->master, error) != 0 ||
        copy_bundles(archiving, error) != 0 || empty_bundles(archiving, error) != 0) {
        return -1;
    }
    /* Under load it stays for what comes; the next call tries again. */
    (void)database_run(db, "vacuum", &ignored);
    (void)database_run(db, "pragma wal_checkpoint(truncate)", &ignored);
    return 0;
}

static int64_t size_of_master(const struct server_options *options) {
    struct stat status;
    char *path = server_path(options->data, "master.db");
    int64_t size = path != NULL && stat(path, &status) == 0 ? status.st_size : 0;
    free(path);
    return size;
}

int server_archive(const struct server_options *options, const char *to,
                   struct archive_report *ret, struct error *error) {
    struct archiving archiving = {.to = to, .report = ret};
    *ret = (struct archive_report){.bytes_before = size_of_master(options)};
    if (server_make_folder(to, "archive.folder", "to", error) != 0) {
        return -1;
    }
    if (seal_start(error) != 0 ||
        server_open_master(options, &archiving.master, error) != 0) {
        return -1;
    }
    int result = archive(&archiving, error);
    master_close(archiving.master);
    ret->bytes_after = size_of_master(options);
    return result;
}
