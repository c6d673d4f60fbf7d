/*
 * The story of this station's transactions.
 */
#include "client-core/story.h"

#include <stdio.h>
#include <string.h>

#include "client-core/json.h"
#include "client-core/row_access.h"
#include "sync/bundle.h"
#include "sync/clock.h"
#include "sync/message.h"

enum story_column {
    STORY_ID,
    STORY_TIME,
    STORY_USER,
    STORY_COMMAND,
    STORY_CHANGES,
    STORY_SEALED,
    STORY_VERDICT,
    STORY_CODE,
    STORY_FIELD,
    STORY_MESSAGE,
    STORY_ANSWERED_AT,
    STORY_ATTENTION_CODE,
    STORY_ATTENTION_MESSAGE
};

static const char select_story[] =
    "select id, time, user_id, command, changes, bundle is not null, verdict, code, field,"
    " message, answered_at, attention_code, attention_message from station_outbox"
    " where (?1 is null or user_id = ?1) and case ?2 when 1 then verdict = 3"
    " when 2 then active = 1 and attention_code is not null else 1 end"
    " order by position desc limit ?3";

/* --- a change ------------------------------------------------------------------------------------------ */

static const struct cell *cell_of(const struct change *change,
                                  const struct column *column) {
    for (size_t i = 0; column && i < change->cell_count; i++)
        if (change->cells[i].column == column->number)
            return &change->cells[i];
    return NULL;
}

/* What people call the row: as it is here, else as the change says, else null. */
static int put_label(struct replica *replica, const struct table *table,
                     const struct change *change, struct buffer *json,
                     struct error *error) {
    const struct cell *cell = cell_of(change, table->label);
    struct value label = cell ? cell->value : value_null();
    struct stored_row row;
    bool found = false;
    struct table_access *access = table_access(replica, table, error);
    if (!access || change->key.size != table->key_count * ID_SIZE ||
        row_read(replica, access, change->key, &row, &found, error) != 0)
        return -1;
    if (found && table->label && table->label->number)
        label = row.values[table->label->number];
    json_put_name(json, "label");
    json_put_value(json, label);
    if (found)
        row_release(access);
    return 0;
}

static void put_cells(const struct table *table, const struct change *change,
                      struct buffer *json) {
    json_put_name(json, "cells");
    buffer_append_byte(json, '[');
    for (size_t i = 0; i < change->cell_count; i++) {
        uint8_t number = change->cells[i].column;
        const struct column *column =
            number < LIMIT_COLUMNS ? table->by_number[number] : NULL;
        if (!column)
            continue;
        json_put_comma(json);
        buffer_append_byte(json, '{');
        json_put_name(json, "column");
        json_put_string(json, column->name);
        json_put_name(json, "value");
        json_put_value(json, change->cells[i].value);
        buffer_append_byte(json, '}');
    }
    buffer_append_byte(json, ']');
}

static int put_change(struct replica *replica, const struct change *change,
                      struct buffer *json, struct error *error) {
    static const char *const operations[] = {"", "insert", "update", "delete"};
    const struct table *table = catalogue_table_number(replica->catalogue, change->table);
    if (!table)
        return 0;
    json_put_comma(json);
    buffer_append_byte(json, '{');
    json_put_name(json, "table");
    json_put_string(json, table->name);
    json_put_name(json, "title");
    json_put_string(json, table->title);
    json_put_name(json, "key");
    json_put_value(json, value_blob(change->key));
    json_put_name(json, "operation");
    json_put_string(json, operations[change->operation]);
    if (put_label(replica, table, change, json, error) != 0)
        return -1;
    put_cells(table, change, json);
    buffer_append_byte(json, '}');
    return 0;
}

static int put_changes(struct replica *replica, struct bytes data, struct buffer *json,
                       struct error *error) {
    struct arena arena = arena_make(16 * LIMIT_TRANSACTION);
    struct change *changes = NULL;
    size_t count = 0;
    int failed = changes_decode(data, &arena, &changes, &count, error);
    json_put_name(json, "changes");
    buffer_append_byte(json, '[');
    for (size_t i = 0; !failed && i < count; i++)
        failed = put_change(replica, &changes[i], json, error);
    buffer_append_byte(json, ']');
    arena_free(&arena);
    return failed;
}

/* --- a transaction --------------------------------------------------------------------------------------- */

static const char *state_of(sqlite3_stmt *statement) {
    if (sqlite3_column_type(statement, STORY_VERDICT) != SQLITE_NULL)
        return verdict_text(
            (enum verdict_kind)sqlite3_column_int(statement, STORY_VERDICT));
    if (sqlite3_column_type(statement, STORY_ATTENTION_CODE) != SQLITE_NULL)
        return "attention";
    return sqlite3_column_int(statement, STORY_SEALED) ? "sealed" : "waiting";
}

static void put_member(struct buffer *json, const char *name, sqlite3_stmt *statement,
                       int column) {
    json_put_name(json, name);
    json_put_column(json, statement, column);
}

static int put_transaction(struct replica *replica, sqlite3_stmt *statement,
                           struct buffer *json, struct error *error) {
    const struct operation *command =
        catalogue_command(replica->catalogue, column_text(statement, STORY_COMMAND));
    bool attention =
        sqlite3_column_type(statement, STORY_ATTENTION_CODE) != SQLITE_NULL &&
        sqlite3_column_type(statement, STORY_VERDICT) == SQLITE_NULL;
    json_put_comma(json);
    buffer_append_byte(json, '{');
    put_member(json, "transaction", statement, STORY_ID);
    json_put_name(json, "made_at");
    json_put_integer(json, clock_ms(sqlite3_column_int64(statement, STORY_TIME)));
    put_member(json, "user_id", statement, STORY_USER);
    put_member(json, "command", statement, STORY_COMMAND);
    json_put_name(json, "title");
    json_put_string(json, command ? command->title : NULL);
    json_put_name(json, "title_zh");
    json_put_string(json, command ? command->title_zh : NULL);
    json_put_name(json, "state");
    json_put_string(json, state_of(statement));
    put_member(json, "code", statement, attention ? STORY_ATTENTION_CODE : STORY_CODE);
    put_member(json, "field", statement, STORY_FIELD);
    put_member(json, "message", statement,
               attention ? STORY_ATTENTION_MESSAGE : STORY_MESSAGE);
    put_member(json, "answered_at", statement, STORY_ANSWERED_AT);
    int failed =
        put_changes(replica, column_bytes(statement, STORY_CHANGES), json, error);
    buffer_append_byte(json, '}');
    return failed;
}

int story_put(struct replica *replica, enum story_kind kind, const struct id *user,
              int64_t limit, struct buffer *ret_json, struct error *error) {
    sqlite3_stmt *statement = replica_statement(replica, select_story, error);
    bool row = true;
    int failed = 0;
    if (!statement)
        return -1;
    sqlite3_clear_bindings(statement);
    if (user)
        bind_id(statement, 1, user);
    sqlite3_bind_int(statement, 2, (int)kind);
    sqlite3_bind_int64(statement, 3, limit);
    buffer_append_byte(ret_json, '[');
    while (!failed && row) {
        failed = replica_step(replica, statement, &row, error);
        if (!failed && row)
            failed = put_transaction(replica, statement, ret_json, error);
    }
    buffer_append_byte(ret_json, ']');
    sqlite3_reset(statement);
    return failed;
}
