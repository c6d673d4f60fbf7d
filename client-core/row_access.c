/*
 * Reading and writing one row by its key.
 */
#include "client-core/row_access.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "schema/database.h"

enum { SQL_SIZE = 32 * 1024 }; /* the longest statement for LIMIT_COLUMNS names */

/* --- what a table needs ------------------------------------------------------------------- */

static void masks_make(struct table_access *access) {
    const struct table *table = access->table;
    for (unsigned a = 1; a < LIMIT_COLUMNS; a++) {
        const struct column *column = table->by_number[a];
        if (!column || column->key_position)
            continue;
        access->data_mask |= COLUMN_BIT(a);
        for (unsigned b = 1; b < LIMIT_COLUMNS; b++) {
            const struct column *other = table->by_number[b];
            if (other && other->cell == column->cell)
                access->cell_mask[a] |= COLUMN_BIT(b);
        }
    }
}

static bool wanted_by_rules(const struct catalogue *catalogue,
                            const struct table *table) {
    for (size_t i = 0; i < catalogue->rule_count; i++) {
        const struct operation *rule = &catalogue->rules[i];
        if (rule->rule_table_count == 0)
            return true;
        for (size_t j = 0; j < rule->rule_table_count; j++)
            if (rule->rule_tables[j] == table)
                return true;
    }
    return false;
}

/* Asks the database for its order of the columns. */
static int positions_read(struct replica *replica, struct table_access *access,
                          struct error *error) {
    static const char sql[] =
        "select name from pragma_table_info(?1, 'main') order by cid";
    sqlite3_stmt *statement = replica_statement(replica, sql, error);
    size_t room = (size_t)sqlite3_limit(replica->db, SQLITE_LIMIT_COLUMN, -1);
    bool row = false;
    if (!statement)
        return -1;
    access->by_position = calloc(room, sizeof *access->by_position);
    if (!access->by_position)
        return error_out_of_memory(error);
    bind_text(statement, 1, access->table->name);
    while (!replica_step(replica, statement, &row, error)) {
        if (!row || (size_t)access->position_count == room) {
            sqlite3_reset(statement);
            return 0;
        }
        access->by_position[access->position_count++] =
            table_column(access->table, column_text(statement, 0));
    }
    return -1;
}

struct table_access *table_access(struct replica *replica, const struct table *table,
                                  struct error *error) {
    struct table_access *access = replica->access[table->number];
    if (access)
        return access;
    access = calloc(1, sizeof *access);
    if (!access) {
        error_out_of_memory(error);
        return NULL;
    }
    access->table = table;
    access->has_rules = wanted_by_rules(replica->catalogue, table);
    masks_make(access);
    if (positions_read(replica, access, error) != 0) {
        table_access_free(access);
        return NULL;
    }
    replica->access[table->number] = access;
    return access;
}

static void writer_close(struct row_writer *writer) {
    sqlite3_finalize(writer->insert);
    sqlite3_finalize(writer->update);
    *writer = (struct row_writer){0};
}

void table_access_free(struct table_access *access) {
    if (!access)
        return;
    sqlite3_finalize(access->read);
    sqlite3_finalize(access->gsn);
    sqlite3_finalize(access->forget);
    sqlite3_finalize(access->forget_unknown);
    sqlite3_finalize(access->stamp_insert);
    sqlite3_finalize(access->stamp_update);
    for (size_t i = 0; i < ROW_WRITERS; i++)
        writer_close(&access->writers[i]);
    free(access->by_position);
    free(access);
}

/* --- statements: names from the catalogue, values bound --------------------------------------- */

/* " where a = ?1 and b = ?2" */
static void put_where(struct buffer *sql, const struct table *table) {
    for (size_t i = 0; i < table->key_count; i++)
        buffer_printf(sql, "%s\"%s\" = ?%zu", i ? " and " : " where ",
                      table->key[i]->name, i + 1);
}

/* Prepares the text in `sql`, once; frees the text. */
static int prepare(struct replica *replica, struct buffer *sql, sqlite3_stmt **ret,
                   struct error *error) {
    int failed = sql->failed
                     ? error_out_of_memory(error)
                     : database_statement(replica->db, buffer_text(sql), ret, error);
    buffer_free(sql);
    return failed;
}

static int prepare_keyed(struct replica *replica, const struct table *table,
                         const char *verb, const char *tail, sqlite3_stmt **ret,
                         struct error *error) {
    if (*ret)
        return 0;
    struct buffer sql = buffer_make(SQL_SIZE);
    buffer_printf(&sql, verb, table->name);
    put_where(&sql, table);
    buffer_printf(&sql, "%s", tail);
    return prepare(replica, &sql, ret, error);
}

static void bind_key(sqlite3_stmt *statement, const struct table *table,
                     struct bytes key) {
    assert(key.size == table->key_count * ID_SIZE);
    for (size_t i = 0; i < table->key_count; i++)
        sqlite3_bind_blob(statement, (int)i + 1, key.data + i * ID_SIZE, ID_SIZE,
                          SQLITE_STATIC);
}

static int prepare_read(struct replica *replica, struct table_access *access,
                        struct error *error) {
    if (access->read)
        return 0;
    struct buffer sql = buffer_make(SQL_SIZE);
    uint64_t mask = access->data_mask;
    buffer_printf(&sql, "select ");
    for (unsigned number; (number = mask_take(&mask)) != 0;)
        buffer_printf(&sql, "\"%s\", ", access->table->by_number[number]->name);
    buffer_printf(&sql,
                  "created_at, created_by, updated_at, updated_by, gsn from main.\"%s\"",
                  access->table->name);
    put_where(&sql, access->table);
    return prepare(replica, &sql, &access->read, error);
}

static void put_column_names(struct buffer *sql, const struct table *table,
                             uint64_t mask) {
    for (size_t i = 0; i < table->key_count; i++)
        buffer_printf(sql, "\"%s\", ", table->key[i]->name);
    for (unsigned number; (number = mask_take(&mask)) != 0;)
        buffer_printf(sql, "\"%s\", ", table->by_number[number]->name);
    buffer_printf(sql, "created_at, created_by, updated_at, updated_by, gsn");
}

static void put_insert(struct buffer *sql, const struct table *table, uint64_t mask) {
    size_t count = table->key_count + (size_t)__builtin_popcountll(mask) + 5;
    buffer_printf(sql, "insert into main.\"%s\" (", table->name);
    put_column_names(sql, table, mask);
    buffer_printf(sql, ") values (");
    for (size_t i = 0; i < count; i++)
        buffer_printf(sql, "%s?%zu", i ? ", " : "", i + 1);
    buffer_printf(sql, ")");
}

/* An UPSERT would not do: SQLite checks NOT NULL of the columns that are not named before it
 * looks for the row. */
static void put_update(struct buffer *sql, const struct table *table, uint64_t mask) {
    size_t parameter = table->key_count;
    buffer_printf(sql, "update main.\"%s\" set ", table->name);
    for (unsigned number; (number = mask_take(&mask)) != 0;)
        buffer_printf(sql, "\"%s\" = ?%zu, ", table->by_number[number]->name,
                      ++parameter);
    buffer_printf(sql,
                  "created_at = ?%zu, created_by = ?%zu, updated_at = ?%zu,"
                  " updated_by = ?%zu, gsn = ?%zu",
                  parameter + 1, parameter + 2, parameter + 3, parameter + 4,
                  parameter + 5);
    put_where(sql, table);
}

static struct row_writer *writer_find(struct table_access *access, uint64_t mask) {
    for (size_t i = 0; i < ROW_WRITERS; i++)
        if (access->writers[i].insert && access->writers[i].mask == mask)
            return &access->writers[i];
    return NULL;
}

static struct row_writer *writer_get(struct replica *replica, struct table_access *access,
                                     uint64_t mask, struct error *error) {
    struct row_writer *writer = writer_find(access, mask);
    if (writer)
        return writer;
    struct row_writer fresh = {.mask = mask};
    struct buffer insert = buffer_make(SQL_SIZE);
    struct buffer update = buffer_make(SQL_SIZE);
    put_insert(&insert, access->table, mask);
    put_update(&update, access->table, mask);
    if (prepare(replica, &insert, &fresh.insert, error) != 0) {
        buffer_free(&update);
        return NULL;
    }
    if (prepare(replica, &update, &fresh.update, error) != 0) {
        writer_close(&fresh);
        return NULL;
    }
    writer = &access->writers[access->next_writer++ % ROW_WRITERS];
    writer_close(writer);
    *writer = fresh;
    return writer;
}

/* --- rows ----------------------------------------------------------------------------------- */

static void row_of_columns(sqlite3_stmt *statement, uint64_t mask,
                           struct stored_row *ret) {
    int i = 0;
    ret->mask = mask;
    for (unsigned number; (number = mask_take(&mask)) != 0;)
        ret->values[number] = value_of_column(statement, i++);
    ret->stamps = (struct row_stamps){
        .created_at = value_of_column(statement, i),
        .created_by = value_of_column(statement, i + 1),
        .updated_at = value_of_column(statement, i + 2),
        .updated_by = value_of_column(statement, i + 3),
        .gsn = sqlite3_column_int64(statement, i + 4),
    };
}

int row_read(struct replica *replica, struct table_access *access, struct bytes key,
             struct stored_row *ret, bool *ret_found, struct error *error) {
    bool row = false;
    if (prepare_read(replica, access, error) != 0)
        return -1;
    bind_key(access->read, access->table, key);
    if (replica_step(replica, access->read, &row, error) != 0)
        return -1;
    if (row)
        row_of_columns(access->read, access->data_mask, ret);
    else
        sqlite3_reset(access->read);
    *ret_found = row;
    return 0;
}

void row_release(struct table_access *access) {
    sqlite3_reset(access->read);
}

static int keep_value(struct value *value, struct arena *arena) {
    if (value->type != VALUE_TEXT && value->type != VALUE_BLOB)
        return 0;
    value->bytes = arena_copy(arena, value->bytes);
    return value->bytes.data ? 0 : -1;
}

int row_keep(struct table_access *access, struct stored_row *row, struct arena *arena,
             struct error *error) {
    uint64_t mask = row->mask;
    int failed = keep_value(&row->stamps.created_by, arena) != 0 ||
                 keep_value(&row->stamps.updated_by, arena) != 0;
    for (unsigned number; !failed && (number = mask_take(&mask)) != 0;)
        failed = keep_value(&row->values[number], arena);
    row_release(access);
    return failed ? error_out_of_memory(error) : 0;
}

int row_gsn(struct replica *replica, struct table_access *access, struct bytes key,
            int64_t *ret, struct error *error) {
    bool row = false;
    if (prepare_keyed(replica, access->table, "select gsn from main.\"%s\"", "",
                      &access->gsn, error) != 0)
        return -1;
    bind_key(access->gsn, access->table, key);
    if (replica_step(replica, access->gsn, &row, error) != 0)
        return -1;
    *ret = row ? sqlite3_column_int64(access->gsn, 0) : -1;
    sqlite3_reset(access->gsn);
    return 0;
}

static int row_write(struct replica *replica, const struct table_access *access,
                     sqlite3_stmt *statement, struct bytes key,
                     const struct stored_row *row, struct error *error) {
    uint64_t mask = row->mask;
    int i = (int)access->table->key_count + 1;
    bind_key(statement, access->table, key);
    for (unsigned number; (number = mask_take(&mask)) != 0;)
        value_bind(statement, i++, row->values[number]);
    value_bind(statement, i, row->stamps.created_at);
    value_bind(statement, i + 1, row->stamps.created_by);
    value_bind(statement, i + 2, row->stamps.updated_at);
    value_bind(statement, i + 3, row->stamps.updated_by);
    sqlite3_bind_int64(statement, i + 4, row->stamps.gsn);
    int rc = sqlite3_step(statement);
    if (rc != SQLITE_DONE)
        error_from_sqlite(error, replica->db, access->table->name);
    sqlite3_reset(statement);
    return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

int row_insert(struct replica *replica, struct table_access *access, struct bytes key,
               const struct stored_row *row, struct error *error) {
    struct row_writer *writer = writer_get(replica, access, row->mask, error);
    return writer ? row_write(replica, access, writer->insert, key, row, error)
                  : SQLITE_ERROR;
}

int row_put(struct replica *replica, struct table_access *access, struct bytes key,
            const struct stored_row *row, struct error *error) {
    struct row_writer *writer = writer_get(replica, access, row->mask, error);
    if (!writer)
        return SQLITE_ERROR;
    int rc = row_write(replica, access, writer->update, key, row, error);
    if (rc != SQLITE_OK || sqlite3_changes(replica->db) > 0)
        return rc;
    return row_write(replica, access, writer->insert, key, row, error);
}

int row_forget(struct replica *replica, struct table_access *access, struct bytes key,
               struct error *error) {
    if (prepare_keyed(replica, access->table, "delete from main.\"%s\"", "",
                      &access->forget, error) != 0)
        return -1;
    bind_key(access->forget, access->table, key);
    return replica_finish(replica, access->forget, error);
}

int row_forget_unknown(struct replica *replica, struct table_access *access,
                       struct bytes key, struct error *error) {
    if (prepare_keyed(replica, access->table, "delete from main.\"%s\"", " and gsn = 0",
                      &access->forget_unknown, error) != 0)
        return -1;
    bind_key(access->forget_unknown, access->table, key);
    return replica_finish(replica, access->forget_unknown, error);
}

/* ?1 to ?4 are the key's. */
enum { STAMP_NOW = LIMIT_KEY_COLUMNS + 1, STAMP_ACTOR };
static const char stamp_insert[] =
    "update main.\"%s\" set created_at = ?5, created_by = ?6, updated_at = ?5, updated_by = ?6";
static const char stamp_update[] =
    "update main.\"%s\" set updated_at = ?5, updated_by = ?6";

int row_stamp(struct replica *replica, struct table_access *access, struct bytes key,
              bool inserted, int64_t now_ms, const struct id *actor,
              struct error *error) {
    sqlite3_stmt **statement = inserted ? &access->stamp_insert : &access->stamp_update;
    if (prepare_keyed(replica, access->table, inserted ? stamp_insert : stamp_update, "",
                      statement, error) != 0)
        return -1;
    bind_key(*statement, access->table, key);
    sqlite3_bind_int64(*statement, STAMP_NOW, now_ms);
    bind_id(*statement, STAMP_ACTOR, actor);
    return replica_finish(replica, *statement, error);
}

static int value_copy(struct value *value, struct arena *arena, struct error *error) {
    if (value->type != VALUE_TEXT && value->type != VALUE_BLOB)
        return 0;
    value->bytes = arena_copy(arena, value->bytes);
    return value->bytes.data ? 0 : error_out_of_memory(error);
}

int row_copy(struct stored_row *row, struct arena *arena, struct error *error) {
    uint64_t mask = row->mask;
    for (unsigned number; (number = mask_take(&mask)) != 0;)
        if (value_copy(&row->values[number], arena, error) != 0)
            return -1;
    if (value_copy(&row->stamps.created_by, arena, error) != 0 ||
        value_copy(&row->stamps.updated_by, arena, error) != 0)
        return -1;
    return 0;
}
