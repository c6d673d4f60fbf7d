/*
 * The files of a station.
 */
#include "client-core/file_store.h"

#include <stdio.h>
#include <string.h>

#include "client-core/json.h"
#include "schema/base/file_folder.h"
#include "schema/database.h"

enum { NAMED_SQL = 16 * 1024, TIDY_MAX = 1000 };

/* The history of headquarters that this station follows: another one may lack what the last one had. */
#define EPOCH "(select value from station_setting where name = 'epoch')"

void file_store_folder(const char *home, char ret[FILE_FOLDER_PATH]) {
    snprintf(ret, FILE_FOLDER_PATH, "%s/files", home);
}

static int64_t now_of(const struct replica *replica) {
    return replica->env->wall_ms(replica->env->context);
}

static void bind_hash(sqlite3_stmt *statement, int index, const uint8_t *hash) {
    sqlite3_bind_blob(statement, index, hash, HASH_SIZE, SQLITE_STATIC);
}

/* --- rows that name a file -------------------------------------------------------------------------- */

/* Which rows count: all, or those that headquarters does not know yet. */
enum naming_rows { ROWS_ALL, ROWS_PENDING };

/* "(exists (…) or exists (…))" */
static void put_named(const struct catalogue *catalogue, const char *hash,
                      enum naming_rows rows, struct buffer *sql) {
    const struct table *table = NULL;
    const struct column *column = NULL;
    const char *between = "(";
    while (catalogue_next_file(catalogue, &table, &column)) {
        buffer_printf(sql, "%sexists (select 1 from \"%s\" where \"%s\".\"%s\" = %s%s%s)",
                      between, table->name, table->name, column->name, hash,
                      table->soft_delete ? " and deleted_at is null" : "",
                      rows == ROWS_PENDING ? " and gsn = 0" : "");
        between = " or ";
    }
    buffer_printf(sql, between[0] == '(' ? "0" : ")");
}

/* A statement with "%named%" once in it, replaced. The caller finalizes. */
static int prepare_named(struct replica *replica, const char *before, const char *after,
                         enum naming_rows rows, sqlite3_stmt **ret, struct error *error) {
    struct buffer sql = buffer_make(NAMED_SQL);
    buffer_printf(&sql, "%s", before);
    put_named(replica->catalogue, "(f.hash)", rows, &sql);
    buffer_printf(&sql, "%s", after);
    int failed = sql.failed
                     ? error_out_of_memory(error)
                     : database_statement(replica->db, buffer_text(&sql), ret, error);
    buffer_free(&sql);
    return failed;
}

int file_store_is_named(struct replica *replica, const uint8_t hash[HASH_SIZE], bool *ret,
                        struct error *error) {
    sqlite3_stmt *statement = NULL;
    bool row = false;
    if (prepare_named(replica, "select 1 from (select ? as hash) f where ", "", ROWS_ALL,
                      &statement, error) != 0)
        return -1;
    bind_hash(statement, 1, hash);
    int failed = replica_step(replica, statement, &row, error);
    sqlite3_finalize(statement);
    *ret = row;
    return failed;
}

/* --- adding ------------------------------------------------------------------------------------------ */

static int note_added(struct replica *replica, const struct id *user,
                      const uint8_t hash[HASH_SIZE], int64_t size, struct error *error) {
    static const char file_sql[] =
        "insert into station_file (hash, size, own, at, used_at) values (?1, ?2, 1, ?3, ?3)"
        " on conflict (hash) do update set own = 1, at = ?3, used_at = ?3, sent = 0,"
        " whole_epoch = null, retry_at = 0, code = ''";
    static const char user_sql[] =
        "insert into station_file_user (hash, user_id) values (?, ?) on conflict do nothing";
    sqlite3_stmt *file = replica_statement(replica, file_sql, error);
    sqlite3_stmt *whose = file ? replica_statement(replica, user_sql, error) : NULL;
    if (!whose || replica_begin(replica, error) != 0)
        return -1;
    bind_hash(file, 1, hash);
    sqlite3_bind_int64(file, 2, size);
    sqlite3_bind_int64(file, 3, now_of(replica));
    bind_hash(whose, 1, hash);
    bind_id(whose, 2, user);
    int failed = replica_finish(replica, file, error) != 0 ||
                 replica_finish(replica, whose, error) != 0 ||
                 replica_commit(replica, error) != 0;
    replica_rollback(replica);
    return failed ? -1 : 0;
}

int file_store_add(struct replica *replica, const char *folder, const struct id *user,
                   struct bytes bytes, uint8_t ret_hash[HASH_SIZE], struct error *error) {
    if (bytes.size == 0 || bytes.size > (size_t)LIMIT_FILE)
        return error_set(error, "file.size", "file",
                         "a file has between 1 byte and %lld MB",
                         (long long)(LIMIT_FILE >> 20));
    return file_folder_put(folder, bytes, ret_hash, error) != 0 ||
                   note_added(replica, user, ret_hash, (int64_t)bytes.size, error) != 0
               ? -1
               : 0;
}

int file_store_note_fetched(struct replica *replica, const uint8_t hash[HASH_SIZE],
                            int64_t size, struct error *error) {
    static const char sql[] =
        "insert into station_file (hash, size, own, at, used_at) values (?1, ?2, 0, ?3, ?3)"
        " on conflict (hash) do update set used_at = ?3";
    sqlite3_stmt *statement = replica_statement(replica, sql, error);
    if (!statement)
        return -1;
    bind_hash(statement, 1, hash);
    sqlite3_bind_int64(statement, 2, size);
    sqlite3_bind_int64(statement, 3, now_of(replica));
    return replica_finish(replica, statement, error);
}

int file_store_touch(struct replica *replica, const uint8_t hash[HASH_SIZE],
                     struct error *error) {
    static const char sql[] =
        "update station_file set used_at = ?2 where hash = ?1 and abs(used_at - ?2) > 60000";
    sqlite3_stmt *statement = replica_statement(replica, sql, error);
    if (!statement)
        return -1;
    bind_hash(statement, 1, hash);
    sqlite3_bind_int64(statement, 2, now_of(replica));
    return replica_finish(replica, statement, error);
}

int file_store_is_own(struct replica *replica, const struct id *user, struct bytes hash,
                      bool *ret, struct error *error) {
    static const char sql[] =
        "select count(*) from station_file_user where hash = ? and user_id = ?";
    sqlite3_stmt *statement = replica_statement(replica, sql, error);
    int64_t count = 0;
    if (!statement)
        return -1;
    bind_bytes(statement, 1, hash);
    bind_id(statement, 2, user);
    if (replica_integer(replica, statement, &count, error) != 0)
        return -1;
    *ret = count > 0;
    return 0;
}

int file_store_note_attached(struct replica *replica, struct bytes hash,
                             struct error *error) {
    static const char sql[] = "update station_file set attached = 1 where hash = ?";
    sqlite3_stmt *statement = replica_statement(replica, sql, error);
    if (!statement)
        return -1;
    bind_bytes(statement, 1, hash);
    return replica_finish(replica, statement, error);
}

/* --- what headquarters lacks ----------------------------------------------------------------------------- */

int file_store_next(struct replica *replica, struct waiting_file *ret, bool *ret_found,
                    struct error *error) {
    static const char before[] =
        "select f.hash, f.size, f.sent from station_file f where f.own = 1"
        " and f.whole_epoch is not " EPOCH " and f.attached = 1"
        " and (f.retry_at <= ?1 or f.retry_at > ?1 + 3600000) and not ";
    sqlite3_stmt *statement = NULL;
    if (prepare_named(replica, before, " order by f.at, f.hash limit 1", ROWS_PENDING,
                      &statement, error) != 0)
        return -1;
    sqlite3_bind_int64(statement, 1, now_of(replica));
    bool row = false;
    int failed = replica_step(replica, statement, &row, error);
    if (!failed && row) {
        struct bytes hash = column_bytes(statement, 0);
        memcpy(ret->hash, hash.data, hash.size == HASH_SIZE ? HASH_SIZE : 0);
        ret->size = sqlite3_column_int64(statement, 1);
        ret->sent = sqlite3_column_int64(statement, 2);
    }
    sqlite3_finalize(statement);
    *ret_found = row;
    return failed;
}

int file_store_note_sent(struct replica *replica, const struct waiting_file *file,
                         struct error *error) {
    static const char sql[] = "update station_file set sent = ? where hash = ?";
    sqlite3_stmt *statement = replica_statement(replica, sql, error);
    if (!statement)
        return -1;
    sqlite3_bind_int64(statement, 1, file->sent);
    bind_hash(statement, 2, file->hash);
    return replica_finish(replica, statement, error);
}

int file_store_note_whole(struct replica *replica, const uint8_t hash[HASH_SIZE],
                          struct error *error) {
    static const char sql[] = "update station_file set sent = size, whole_epoch = " EPOCH
                              ", code = '' where hash = ?";
    sqlite3_stmt *statement = replica_statement(replica, sql, error);
    if (!statement)
        return -1;
    bind_hash(statement, 1, hash);
    return replica_finish(replica, statement, error);
}

int file_store_note_failure(struct replica *replica, const uint8_t hash[HASH_SIZE],
                            const char *code, int64_t wait_ms, struct error *error) {
    static const char sql[] =
        "update station_file set retry_at = ?, code = ? where hash = ?";
    sqlite3_stmt *statement = replica_statement(replica, sql, error);
    if (!statement)
        return -1;
    sqlite3_bind_int64(statement, 1, now_of(replica) + wait_ms);
    bind_text(statement, 2, code);
    bind_hash(statement, 3, hash);
    return replica_finish(replica, statement, error);
}

int file_store_count(struct replica *replica, struct file_counts *ret,
                     struct error *error) {
    static const char before[] =
        "select count(*) filter (where f.waits), coalesce(sum(f.size - f.sent) filter"
        " (where f.waits), 0), count(*), coalesce(sum(f.size), 0) from (select f.size, f.sent,"
        " f.own = 1 and f.attached = 1 and f.whole_epoch is not " EPOCH
        " and (f.code <> 'file.unknown' or ";
    sqlite3_stmt *statement = NULL;
    bool row = false;
    if (prepare_named(replica, before, ") as waits from station_file f) f", ROWS_ALL,
                      &statement, error) != 0)
        return -1;
    int failed = replica_step(replica, statement, &row, error);
    if (!failed && row)
        *ret = (struct file_counts){.waiting = sqlite3_column_int64(statement, 0),
                                    .waiting_bytes = sqlite3_column_int64(statement, 1),
                                    .kept = sqlite3_column_int64(statement, 2),
                                    .kept_bytes = sqlite3_column_int64(statement, 3)};
    sqlite3_finalize(statement);
    return failed;
}

static void put_waiting(sqlite3_stmt *statement, struct buffer *json) {
    char text[HASH_TEXT_SIZE];
    uint8_t hash[HASH_SIZE] = {0};
    struct bytes bytes = column_bytes(statement, 0);
    memcpy(hash, bytes.data, bytes.size == HASH_SIZE ? HASH_SIZE : 0);
    hash_format(hash, text);
    json_put_comma(json);
    buffer_append_byte(json, '{');
    json_put_name(json, "file");
    json_put_string(json, text);
    json_put_name(json, "size");
    json_put_integer(json, sqlite3_column_int64(statement, 1));
    json_put_name(json, "sent");
    json_put_integer(json, sqlite3_column_int64(statement, 2));
    json_put_name(json, "code");
    const char *code = column_text(statement, 3);
    if (code[0])
        json_put_string(json, code);
    else
        buffer_printf(json, "null");
    buffer_append_byte(json, '}');
}

int file_store_put_waiting(struct replica *replica, const struct id *user,
                           struct buffer *json, struct error *error) {
    static const char before[] =
        "select f.hash, f.size, f.sent, f.code from station_file f"
        " join station_file_user u on u.hash = f.hash and u.user_id = ?"
        " where f.own = 1 and f.attached = 1 and f.whole_epoch is not " EPOCH
        " and (f.code <> 'file.unknown' or ";
    sqlite3_stmt *statement = NULL;
    bool row = true;
    if (prepare_named(replica, before, ") order by f.at, f.hash limit 1000", ROWS_ALL,
                      &statement, error) != 0)
        return -1;
    bind_id(statement, 1, user);
    int failed = 0;
    buffer_append_byte(json, '[');
    while (!failed && row) {
        failed = replica_step(replica, statement, &row, error);
        if (!failed && row)
            put_waiting(statement, json);
    }
    buffer_append_byte(json, ']');
    sqlite3_finalize(statement);
    return failed;
}

/* --- room -------------------------------------------------------------------------------------------------- */

static int forget(struct replica *replica, const char *folder,
                  const uint8_t hash[HASH_SIZE], struct error *error) {
    static const char file_sql[] = "delete from station_file where hash = ?";
    static const char user_sql[] = "delete from station_file_user where hash = ?";
    sqlite3_stmt *file = replica_statement(replica, file_sql, error);
    sqlite3_stmt *whose = file ? replica_statement(replica, user_sql, error) : NULL;
    if (!whose)
        return -1;
    bind_hash(file, 1, hash);
    bind_hash(whose, 1, hash);
    return file_folder_remove(folder, hash, error) != 0 ||
                   replica_finish(replica, file, error) != 0 ||
                   replica_finish(replica, whose, error) != 0
               ? -1
               : 0;
}

/* The hashes that a statement gives, at most TIDY_MAX, until it says to stop. `spare`: bytes to make free; NULL: all. */
static int forget_all(struct replica *replica, const char *folder,
                      sqlite3_stmt *statement, int64_t *spare, struct error *error) {
    struct buffer hashes = buffer_make((size_t)TIDY_MAX * HASH_SIZE);
    bool row = true;
    int failed = 0;
    while (!failed && row && !hashes.failed && (!spare || *spare > 0)) {
        failed = replica_step(replica, statement, &row, error);
        if (failed || !row)
            break;
        struct bytes hash = column_bytes(statement, 0);
        buffer_append(&hashes, hash.data, hash.size == HASH_SIZE ? HASH_SIZE : 0);
        if (spare)
            *spare -= sqlite3_column_int64(statement, 1);
    }
    sqlite3_reset(statement);
    for (size_t at = 0; !failed && at + HASH_SIZE <= hashes.size; at += HASH_SIZE)
        failed = forget(replica, folder, hashes.data + at, error);
    buffer_free(&hashes);
    return failed;
}

static int forget_unnamed(struct replica *replica, const char *folder,
                          struct error *error) {
    static const char before[] =
        "select f.hash, f.size from station_file f where max(f.at, f.used_at) < ?1 and not ";
    sqlite3_stmt *statement = NULL;
    if (prepare_named(replica, before, " limit 1000", ROWS_ALL, &statement, error) != 0)
        return -1;
    sqlite3_bind_int64(statement, 1, now_of(replica) - FILE_UNNAMED_MS);
    int failed = forget_all(replica, folder, statement, NULL, error);
    sqlite3_finalize(statement);
    return failed;
}

/* What was fetched goes before what was added here. */
static int forget_oldest(struct replica *replica, const char *folder, int64_t spare,
                         struct error *error) {
    static const char sql[] =
        "select hash, size from station_file where own = 0"
        " or (whole_epoch is " EPOCH " and at < ?1) order by own, used_at, hash";
    sqlite3_stmt *statement = replica_statement(replica, sql, error);
    if (!statement)
        return -1;
    sqlite3_bind_int64(statement, 1, now_of(replica) - BUNDLE_KEEP_MS);
    return forget_all(replica, folder, statement, &spare, error);
}

int file_store_tidy(struct replica *replica, const char *folder, int64_t limit,
                    struct error *error) {
    struct file_counts counts = {0};
    if (forget_unnamed(replica, folder, error) != 0 ||
        file_store_count(replica, &counts, error) != 0)
        return -1;
    if (counts.kept_bytes <= limit)
        return 0;
    return forget_oldest(replica, folder, counts.kept_bytes - limit, error);
}
