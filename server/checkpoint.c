/* Checkpoints of the journal. */
#include "server/checkpoint.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/dump.h"
#include "server/internal.h"
#include "server/sums.h"
#include "sync/wire.h"

static const char DRAFT[] = "checkpoint-draft";

/* --- the entry -------------------------------------------------------------------------------------- */

static void checkpoint_encode(const struct checkpoint *checkpoint, struct buffer *ret) {
    wire_put_array(ret, 4);
    wire_put_integer(ret, checkpoint->entry);
    wire_put_bytes(ret, (struct bytes){checkpoint->hash, HASH_SIZE});
    wire_put_bytes(ret, (struct bytes){checkpoint->digest, HASH_SIZE});
    wire_put_integer(ret, checkpoint->rows);
}

static int read_root(const struct wire_node *root, struct checkpoint *ret,
                     struct error *error) {
    size_t count = 0;
    struct bytes hash = {0};
    struct bytes digest = {0};
    if (wire_array(root, "checkpoint", 4, 4, &count, error) != 0 ||
        wire_integer(wire_item(root, 0), "entry", 1, INT64_MAX, &ret->entry, error) !=
            0 ||
        wire_bytes(wire_item(root, 1), "hash", HASH_SIZE, HASH_SIZE, &hash, error) != 0 ||
        wire_bytes(wire_item(root, 2), "digest", HASH_SIZE, HASH_SIZE, &digest, error) !=
            0 ||
        wire_integer(wire_item(root, 3), "rows", 0, INT64_MAX, &ret->rows, error) != 0) {
        return -1;
    }
    memcpy(ret->hash, hash.data, HASH_SIZE);
    memcpy(ret->digest, digest.data, HASH_SIZE);
    return 0;
}

int checkpoint_read(struct bytes content, struct checkpoint *ret, struct error *error) {
    struct wire_document *document = NULL;
    if (wire_open(content, &document, error) != 0) {
        return -1;
    }
    int result = read_root(wire_root(document), ret, error);
    wire_close(document);
    return result;
}

int checkpoint_last(sqlite3 *db, struct checkpoint *ret, struct error *error) {
    static const char SQL[] = "select content, schema_version from journal"
                              " where kind = 11 order by entry desc limit 1";
    sqlite3_stmt *statement = NULL;
    *ret = (struct checkpoint){0};
    if (database_statement(db, SQL, &statement, error) != 0) {
        return -1;
    }
    int rc = sqlite3_step(statement);
    int result = 0;
    if (rc == SQLITE_ROW) {
        result = checkpoint_read(value_of_column(statement, 0).bytes, ret, error);
        ret->schema_version = sqlite3_column_int64(statement, 1);
    } else if (rc != SQLITE_DONE) {
        result = error_from_sqlite(error, db, "looking for a checkpoint");
    }
    sqlite3_finalize(statement);
    return result;
}

/* --- the state --------------------------------------------------------------------------------------- */

static int digest_of(sqlite3 *db, const struct catalogue *catalogue,
                     struct checkpoint *ret, struct error *error) {
    const struct dump_source source = {db, db, catalogue};
    struct dump_table *tables = NULL;
    size_t count = 0;
    if (dump_tables(&source, &tables, &count, error) != 0) {
        return -1;
    }
    ret->rows = 0;
    for (size_t i = 0; i < count; i++) {
        ret->rows += tables[i].rows;
    }
    dump_digest(tables, count, ret->digest);
    free(tables);
    return 0;
}

/* The journal stays with the master; what is left is what it makes. */
static int strip(sqlite3 *db, struct error *error) {
    static const char SQL[] = "pragma journal_mode = delete;"
                              "delete from journal; delete from server_local;"
                              "delete from station_seen; vacuum";
    return database_run(db, SQL, error);
}

static int make_state(const struct server_options *options, const char *path,
                      struct checkpoint *ret, struct error *error) {
    sqlite3 *db = NULL;
    char *from = server_path(options->data, "master.db");
    unlink(path);
    int result = from == NULL ? error_out_of_memory(error)
                              : server_copy_database(from, path, error);
    if (result == 0) {
        result = database_open(path, false, false, &db, error);
    }
    if (result == 0) {
        result = journal_head(db, &ret->entry, ret->hash, error) ||
                         digest_of(db, options->catalogue, ret, error) || strip(db, error)
                     ? -1
                     : 0;
    }
    sqlite3_close(db);
    free(from);
    return result;
}

static int put_entry(const struct server_options *options,
                     const struct checkpoint *checkpoint, struct error *error) {
    struct master *master = NULL;
    struct buffer content = buffer_make(LIMIT_TEXT);
    checkpoint_encode(checkpoint, &content);
    int result = server_open_master(options, &master, error);
    if (result == 0) {
        result = master_begin(master, error);
    }
    if (result == 0) {
        struct journal_entry entry = {.kind = ENTRY_CHECKPOINT,
                                      .at = master_now(master),
                                      .content = buffer_bytes(&content)};
        result = content.failed ? error_out_of_memory(error)
                                : journal_put(master, &entry, error);
        result = result == 0 ? master_commit(master, error) : -1;
        master_rollback(master); /* nothing is open any more when it was committed */
    }
    master_close(master);
    buffer_free(&content);
    return result;
}

static int64_t size_of_file(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 ? status.st_size : 0;
}

/* The state is in its place before the journal says so; the one before is gone only then. */
int server_checkpoint(const struct server_options *options, struct checkpoint_report *ret,
                      struct error *error) {
    struct checkpoint checkpoint = {0};
    char *draft = server_path(options->data, DRAFT);
    char *path = server_path(options->data, CHECKPOINT_FILE);
    int result = -1;
    if (draft == NULL || path == NULL) {
        error_out_of_memory(error);
    } else if (seal_start(error) == 0 &&
               make_state(options, draft, &checkpoint, error) == 0 &&
               put_entry(options, &checkpoint, error) == 0) {
        result = rename(draft, path) == 0 && server_sync_folder(options->data) == 0
                     ? 0
                     : error_from_system(error, "checkpoint.file", NULL, "data", errno,
                                         "cannot write", path);
        *ret = (struct checkpoint_report){checkpoint.entry, checkpoint.rows,
                                          size_of_file(path)};
    }
    if (draft != NULL) {
        unlink(draft);
    }
    free(draft);
    free(path);
    return result;
}

/* --- from a checkpoint ------------------------------------------------------------------------------------ */

static int copy_state(const char *path, sqlite3 *target, struct error *error) {
    sqlite3 *source = NULL;
    if (database_open(path, false, true, &source, error) != 0) {
        return -1;
    }
    sqlite3_backup *backup = sqlite3_backup_init(target, "main", source, "main");
    int rc = backup ? sqlite3_backup_step(backup, -1) : SQLITE_ERROR;
    sqlite3_backup_finish(backup);
    sqlite3_close(source);
    return rc == SQLITE_DONE ? 0
                             : error_from_sqlite(error, target, "reading a checkpoint");
}

int checkpoint_open(const struct server_options *options,
                    const struct checkpoint *checkpoint, struct master **ret,
                    struct error *error) {
    struct checkpoint found = {0};
    struct master *master = NULL;
    char *path = server_path(options->data, CHECKPOINT_FILE);
    int result = -1;
    if (path == NULL) {
        error_out_of_memory(error);
    } else if (checkpoint->entry == 0 || access(path, F_OK) != 0) {
        error_set(error, "checkpoint.missing", "data",
                  "%.300s has no checkpoint; make one: satcheld checkpoint",
                  options->data);
    } else if (checkpoint->schema_version != options->catalogue->version) {
        error_set(error, "checkpoint.version", "data",
                  "the checkpoint is of schema version %lld; make one with this program",
                  (long long)checkpoint->schema_version);
    } else if (master_open("", options->env, options->catalogue, true, &master, error) ==
                   0 &&
               copy_state(path, master->db, error) == 0 &&
               digest_of(master->db, options->catalogue, &found, error) == 0) {
        result = memcmp(found.digest, checkpoint->digest, HASH_SIZE) == 0
                     ? scope_sums_check(master->db, options->catalogue, error)
                     : error_set(error, "checkpoint.differs", "data",
                                 "%s is not what the journal says of entry %lld",
                                 CHECKPOINT_FILE, (long long)checkpoint->entry);
    }
    free(path);
    if (result != 0) {
        master_close(master);
        return -1;
    }
    *ret = master;
    return 0;
}
