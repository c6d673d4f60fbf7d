/* The journal: append, read, check. */
#include "server/journal.h"

#include <stdlib.h>
#include <string.h>

#include "schema/base/hash.h"
#include "sync/wire.h"

static const char CONTEXT[] = "satchel journal";

static int entry_hash(const struct journal_entry *entry,
                      const uint8_t previous[HASH_SIZE], uint8_t ret[HASH_SIZE]) {
    uint8_t content[HASH_SIZE];
    uint8_t outcome[HASH_SIZE];
    hash_blake2b(entry->content, content);
    if (entry->archived) {
        memcpy(content, entry->content_hash, HASH_SIZE);
    }
    hash_blake2b(entry->outcome, outcome);
    struct buffer bytes = buffer_make(LIMIT_TEXT);
    wire_put_array(&bytes, 8);
    wire_put_bytes(&bytes, (struct bytes){previous, HASH_SIZE});
    wire_put_integer(&bytes, entry->entry);
    wire_put_integer(&bytes, entry->kind);
    wire_put_integer(&bytes, entry->at);
    wire_put_integer(&bytes, entry->station);
    wire_put_integer(&bytes, entry->schema_version);
    wire_put_bytes(&bytes, (struct bytes){content, HASH_SIZE});
    wire_put_bytes(&bytes, (struct bytes){outcome, HASH_SIZE});
    bool failed = bytes.failed;
    if (!failed) {
        hash_blake2b(buffer_bytes(&bytes), ret);
    }
    buffer_free(&bytes);
    return failed ? -1 : 0;
}

static void bind_entry(sqlite3_stmt *statement, const struct journal_entry *entry) {
    sqlite3_bind_int64(statement, 1, entry->entry);
    sqlite3_bind_int(statement, 2, (int)entry->kind);
    sqlite3_bind_int64(statement, 3, entry->at);
    sqlite3_bind_int64(statement, 4, entry->station);
    sqlite3_bind_int64(statement, 5, entry->schema_version);
    value_bind(statement, 6, value_blob(entry->content));
    value_bind(statement, 7, value_blob(entry->outcome));
    sqlite3_bind_blob(statement, 8, entry->hash, HASH_SIZE, SQLITE_STATIC);
}

/* The entry is bound; it is the last one from now on. */
static int append(struct master *master, sqlite3_stmt *statement,
                  const struct journal_entry *entry, struct error *error) {
    if (master_run(master, statement, "appending to the journal", error) != 0) {
        return -1;
    }
    sqlite3_clear_bindings(statement);
    master->entry = entry->entry;
    master->last_at = entry->at;
    memcpy(master->entry_hash, entry->hash, HASH_SIZE);
    return 0;
}

int journal_put(struct master *master, struct journal_entry *entry, struct error *error) {
    uint8_t signature[SIGN_SIGNATURE];
    entry->entry = master->entry + 1;
    entry->schema_version = master->catalogue->version;
    if (entry_hash(entry, master->entry_hash, entry->hash) != 0) {
        return error_out_of_memory(error);
    }
    sqlite3_stmt *statement = master_statement(master, SQL_JOURNAL_PUT, error);
    if (statement == NULL) {
        return -1;
    }
    bind_entry(statement, entry);
    if (master->signing) {
        seal_sign(&master->keys, CONTEXT, (struct bytes){entry->hash, HASH_SIZE},
                  signature);
        sqlite3_bind_blob(statement, 9, signature, SIGN_SIGNATURE, SQLITE_STATIC);
    } else {
        sqlite3_bind_null(statement, 9);
    }
    return append(master, statement, entry, error);
}

int journal_take(struct master *master, const struct journal_entry *entry,
                 struct error *error) {
    sqlite3_stmt *statement = master_statement(master, SQL_JOURNAL_PUT, error);
    if (statement == NULL) {
        return -1;
    }
    bind_entry(statement, entry);
    value_bind(statement, 9, value_blob(entry->signature));
    return append(master, statement, entry, error);
}

/* Entry and hash from one row; 0 when there is none. */
static int read_hash(sqlite3 *db, const char *sql, int64_t which, int64_t *ret_entry,
                     uint8_t ret_hash[HASH_SIZE], struct error *error) {
    sqlite3_stmt *statement = NULL;
    if (database_statement(db, sql, &statement, error) != 0) {
        return -1;
    }
    sqlite3_bind_int64(statement, 1, which);
    int rc = sqlite3_step(statement);
    struct bytes hash =
        rc == SQLITE_ROW ? value_of_column(statement, 1).bytes : (struct bytes){NULL, 0};
    *ret_entry = hash.size == HASH_SIZE ? sqlite3_column_int64(statement, 0) : 0;
    if (hash.size == HASH_SIZE) {
        memcpy(ret_hash, hash.data, HASH_SIZE);
    }
    sqlite3_finalize(statement);
    return rc == SQLITE_ROW || rc == SQLITE_DONE
               ? 0
               : error_from_sqlite(error, db, "reading the journal");
}

int journal_head(sqlite3 *db, int64_t *ret_entry, uint8_t ret_hash[HASH_SIZE],
                 struct error *error) {
    return read_hash(db,
                     "select entry, hash from journal where entry > ?"
                     " order by entry desc limit 1",
                     0, ret_entry, ret_hash, error);
}

int journal_hash(sqlite3 *db, int64_t entry, uint8_t ret[HASH_SIZE],
                 struct error *error) {
    int64_t found = 0;
    if (read_hash(db, "select entry, hash from journal where entry = ?", entry, &found,
                  ret, error) != 0) {
        return -1;
    }
    return found == entry
               ? 0
               : error_set(error, "journal.gap", "",
                           "entry %lld is missing from the journal", (long long)entry);
}

struct journal_reader {
    sqlite3 *db;
    sqlite3_stmt *statement;
};

static int read_with(sqlite3 *db, const char *sql, struct journal_reader **ret,
                     struct error *error) {
    struct journal_reader *reader = calloc(1, sizeof *reader);
    if (reader == NULL) {
        return error_out_of_memory(error);
    }
    reader->db = db;
    if (database_statement(db, sql, &reader->statement, error) != 0) {
        free(reader);
        return -1;
    }
    *ret = reader;
    return 0;
}

#define ENTRY_COLUMNS                                                       \
    "select j.entry, j.kind, j.at, j.station, j.schema_version, j.content," \
    " j.outcome, j.hash, j.signature, "
#define ENTRY_FROM(archived, join) archived " from journal j " join " "

/* A master that an earlier program left has nothing in an archive, and no table of it. */
#define ENTRY_SQL(where)                                                             \
    {                                                                                \
        ENTRY_COLUMNS ENTRY_FROM("null", "") where " order by j.entry",              \
            ENTRY_COLUMNS ENTRY_FROM(                                                \
                "content_hash", "left join journal_archived a on a.entry = j.entry") \
                where " order by j.entry"                                            \
    }

static bool has_archive(sqlite3 *db) {
    return sqlite3_table_column_metadata(db, NULL, "journal_archived", NULL, NULL, NULL,
                                         NULL, NULL, NULL) == SQLITE_OK;
}

int journal_read(sqlite3 *db, struct journal_reader **ret, struct error *error) {
    static const char *const SQL[2] = ENTRY_SQL("");
    return read_with(db, SQL[has_archive(db)], ret, error);
}

int journal_read_control(sqlite3 *db, struct journal_reader **ret, struct error *error) {
    static const char *const SQL[2] = ENTRY_SQL("where j.kind <> 2");
    return read_with(db, SQL[has_archive(db)], ret, error);
}

int journal_read_after(sqlite3 *db, int64_t entry, struct journal_reader **ret,
                       struct error *error) {
    static const char *const SQL[2] = ENTRY_SQL("where j.entry > ?");
    if (read_with(db, SQL[has_archive(db)], ret, error) != 0) {
        return -1;
    }
    sqlite3_bind_int64((*ret)->statement, 1, entry);
    return 0;
}

int journal_next(struct journal_reader *reader, struct journal_entry *ret,
                 struct error *error) {
    sqlite3_stmt *statement = reader->statement;
    int rc = sqlite3_step(statement);
    if (rc != SQLITE_ROW) {
        return rc == SQLITE_DONE
                   ? 0
                   : error_from_sqlite(error, reader->db, "reading the journal");
    }
    *ret = (struct journal_entry){
        .entry = sqlite3_column_int64(statement, 0),
        .kind = (enum entry_kind)sqlite3_column_int(statement, 1),
        .at = sqlite3_column_int64(statement, 2),
        .station = sqlite3_column_int64(statement, 3),
        .schema_version = sqlite3_column_int64(statement, 4),
        .content = value_of_column(statement, 5).bytes,
        .outcome = value_of_column(statement, 6).bytes,
        .signature = value_of_column(statement, 8).bytes,
    };
    struct bytes content_hash = value_of_column(statement, 9).bytes;
    if (content_hash.size == HASH_SIZE) {
        ret->archived = true;
        memcpy(ret->content_hash, content_hash.data, HASH_SIZE);
    }
    struct bytes hash = value_of_column(statement, 7).bytes;
    if (hash.size != HASH_SIZE) {
        return error_set(error, "journal.hash", "", "entry %lld has no hash",
                         (long long)ret->entry);
    }
    memcpy(ret->hash, hash.data, HASH_SIZE);
    return 1;
}

void journal_close(struct journal_reader *reader) {
    if (reader != NULL) {
        sqlite3_finalize(reader->statement);
        free(reader);
    }
}

int journal_check(const struct journal_entry *entry, const struct sign_public *server,
                  int64_t expected_entry, uint8_t hash[HASH_SIZE], struct error *error) {
    uint8_t computed[HASH_SIZE];
    if (entry->entry != expected_entry) {
        return error_set(error, "journal.gap", "",
                         "entry %lld is missing from the journal",
                         (long long)expected_entry);
    }
    if (entry_hash(entry, hash, computed) != 0) {
        return error_out_of_memory(error);
    }
    if (memcmp(computed, entry->hash, HASH_SIZE) != 0) {
        return error_set(error, "journal.hash", "",
                         "entry %lld is not what was written: its hash does not match",
                         (long long)entry->entry);
    }
    if (entry->signature.size != SIGN_SIGNATURE ||
        !seal_verify(server, CONTEXT, (struct bytes){computed, HASH_SIZE},
                     entry->signature.data)) {
        return error_set(error, "journal.signature", "",
                         "entry %lld is not signed by this server",
                         (long long)entry->entry);
    }
    memcpy(hash, computed, HASH_SIZE);
    return 0;
}
