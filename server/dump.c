/* The logical dump: one digest per table. */
#include "server/dump.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema/base/hash.h"
#include "schema/database.h"
#include "sync/wire.h"

/* The server's own tables that follow from the journal. */
static const struct {
    const char *name;
    const char *sql;
} SERVER_TABLES[] = {
    {"row_meta", "select table_number, row_key, gsn from row_meta order by 1, 2"},
    {"cell_stamp",
     "select table_number, row_key, cell, gsn from cell_stamp order by 1, 2, 3"},
    {"feed", "select s.kind, s.id, f.gsn, f.table_number, f.row_key from feed f"
             " join scope_name s on s.number = f.scope where f.gone = 0"
             " order by 1, 2, 3, 4, 5"},
    {"gsn_log",
     "select gsn, id, entry, station, user_id, base, time, at, kind, command, code"
     " from gsn_log order by 1"},
    {"station",
     "select number, id, public_key, code, certificate, last_number, last_seq,"
     " last_hash, seen_base, schema_version, revoked_at from station order by 1"},
    {"bundle_seen", "select station, number, hash, entry from bundle_seen order by 1, 2"},
    {"invitation",
     "select token_hash, content, expires_at, station from invitation order by 1"},
    {"refused_row", "select table_number, row_key, whole, station, gsn from refused_row"
                    " order by 1, 2, 3, 4"},
    {"server_state", "select name, value from server_state order by 1"},
    {"station_kin",
     "select station, parent, root, fork_gsn, number, hash from station_kin"
     " order by 1"},
    {"station_shared", "select station, gsn from station_shared order by 1, 2"},
    {"station_key", "select public_key, station, last_number, last_hash, entry"
                    " from station_key order by 5"},
    {"epoch", "select number, from_gsn, first_gsn, first_station, at, ended_at from epoch"
              " order by 1"},
    {"former", "select gsn, epoch, lost_base, former_gsn from former order by 1"},
    {"deferred",
     "select position, id, entry, device, epoch, lost_base, former, base, time,"
     " user_id, command, changes, code, field from deferred order by 1"},
};

enum {
    SERVER_TABLE_COUNT = sizeof SERVER_TABLES / sizeof *SERVER_TABLES,
    LATER_TABLES = SERVER_TABLE_COUNT - 6 /* a master of an earlier program lacks these */
};

static int digest_rows(sqlite3 *db, const char *sql, struct dump_table *ret,
                       struct error *error) {
    sqlite3_stmt *statement = NULL;
    struct buffer row = buffer_make(LIMIT_PAYLOAD);
    uint8_t chained[2 * HASH_SIZE] = {0};
    int result = database_statement(db, sql, &statement, error);
    int rc = SQLITE_DONE;
    while (result == 0 && (rc = sqlite3_step(statement)) == SQLITE_ROW) {
        buffer_reset(&row);
        for (int i = 0; i < sqlite3_column_count(statement); i++) {
            wire_put_value(&row, value_of_column(statement, i));
        }
        hash_blake2b(buffer_bytes(&row), chained + HASH_SIZE);
        hash_blake2b((struct bytes){chained, sizeof chained}, chained);
        ret->rows++;
    }
    if (result == 0 && rc != SQLITE_DONE) {
        result = error_from_sqlite(error, db, "reading a table");
    }
    memcpy(ret->digest, chained, HASH_SIZE);
    buffer_free(&row);
    sqlite3_finalize(statement);
    return result;
}

static bool has_table(sqlite3 *db, const char *table) {
    return sqlite3_table_column_metadata(db, NULL, table, NULL, NULL, NULL, NULL, NULL,
                                         NULL) == SQLITE_OK;
}

static bool has_column(sqlite3 *db, const char *table, const char *column) {
    return sqlite3_table_column_metadata(db, NULL, table, column, NULL, NULL, NULL, NULL,
                                         NULL) == SQLITE_OK;
}

static int dump_synced(const struct dump_source *source, const struct table *table,
                       struct dump_table *ret, struct error *error) {
    sqlite3 *db = source->db;
    snprintf(ret->name, sizeof ret->name, "%s", table->name);
    if (!has_column(source->shape, table->name, "gsn")) {
        return 0;
    }
    struct buffer sql = buffer_make(LIMIT_TEXT);
    buffer_printf(&sql, "select ");
    for (size_t i = 0; i < table->data_count; i++) {
        if (has_column(source->shape, table->name, table->columns[i].name)) {
            buffer_printf(&sql, "%s, ", table->columns[i].name);
        }
    }
    buffer_printf(&sql,
                  "created_at, created_by, updated_at, updated_by, gsn from %s order by",
                  table->name);
    for (size_t i = 0; i < table->key_count; i++) {
        buffer_printf(&sql, "%s %s", i ? "," : "", table->key[i]->name);
    }
    int result = sql.failed ? error_out_of_memory(error)
                            : digest_rows(db, buffer_text(&sql), ret, error);
    buffer_free(&sql);
    return result;
}

int dump_tables(const struct dump_source *source, struct dump_table **ret,
                size_t *ret_count, struct error *error) {
    const struct catalogue *catalogue = source->catalogue;
    size_t count = catalogue->table_count + SERVER_TABLE_COUNT;
    struct dump_table *tables = calloc(count, sizeof *tables);
    int result = tables == NULL ? error_out_of_memory(error) : 0;
    for (size_t i = 0; i < catalogue->table_count && result == 0; i++) {
        result = dump_synced(source, &catalogue->tables[i], &tables[i], error);
    }
    for (size_t i = 0; i < SERVER_TABLE_COUNT && result == 0; i++) {
        struct dump_table *table = &tables[catalogue->table_count + i];
        snprintf(table->name, sizeof table->name, "%s", SERVER_TABLES[i].name);
        if (i < LATER_TABLES || has_table(source->db, table->name)) {
            result = digest_rows(source->db, SERVER_TABLES[i].sql, table, error);
        }
    }
    if (result != 0) {
        free(tables);
        return -1;
    }
    *ret = tables;
    *ret_count = count;
    return 0;
}

void dump_digest(const struct dump_table *tables, size_t count, uint8_t ret[HASH_SIZE]) {
    uint8_t chained[2 * HASH_SIZE] = {0};
    for (size_t i = 0; i < count; i++) {
        memcpy(chained + HASH_SIZE, tables[i].digest, HASH_SIZE);
        hash_blake2b((struct bytes){chained, sizeof chained}, chained);
    }
    memcpy(ret, chained, HASH_SIZE);
}
