/*
 * Refused work, done once more.
 */
#include "client-core/resubmit.h"

#include <stdlib.h>
#include <string.h>

#include "schema/database.h"
#include "sync/bundle.h"
#include "sync/message.h"

/* --- reading ---------------------------------------------------------------------------------------- */

enum work_column {
    WORK_POSITION,
    WORK_USER,
    WORK_COMMAND,
    WORK_CHANGES,
    WORK_SEALED,
    WORK_VERDICT,
    WORK_ATTENTION
};

static int check_state(sqlite3_stmt *statement, const struct id *user, bool *ret_refused,
                       struct error *error) {
    bool answered = sqlite3_column_type(statement, WORK_VERDICT) != SQLITE_NULL;
    bool attention = sqlite3_column_type(statement, WORK_ATTENTION) != SQLITE_NULL;
    *ret_refused =
        answered && sqlite3_column_int(statement, WORK_VERDICT) == VERDICT_REFUSED;
    if (!id_equal(column_id(statement, WORK_USER), *user))
        return error_set(error, "resubmit.unknown", "transaction",
                         "this is work of somebody else");
    if (*ret_refused || (!answered && attention &&
                         sqlite3_column_type(statement, WORK_SEALED) == SQLITE_NULL))
        return 0;
    return answered || !attention
               ? error_set(error, "resubmit.settled", "transaction",
                           "nothing is wrong with this work")
               : error_set(error, "resubmit.sent", "transaction",
                           "this work is on its way; headquarters answers first");
}

static int read_row(sqlite3_stmt *statement, struct arena *arena,
                    struct resubmission *ret, struct error *error) {
    const char *command = column_text(statement, WORK_COMMAND);
    struct bytes changes = arena_copy(arena, column_bytes(statement, WORK_CHANGES));
    ret->position = sqlite3_column_int64(statement, WORK_POSITION);
    ret->command = arena_text(arena, command, strlen(command));
    if (!ret->command || !changes.data)
        return error_out_of_memory(error);
    return changes_decode(changes, arena, &ret->changes, &ret->change_count, error);
}

int resubmit_read(struct replica *replica, struct id transaction, const struct id *user,
                  struct arena *arena, struct resubmission *ret, struct error *error) {
    static const char sql[] =
        "select position, user_id, command, changes, bundle, verdict, attention_code"
        " from main.station_outbox where id = ?1";
    sqlite3_stmt *statement = replica_statement(replica, sql, error);
    bool row = false;
    if (!statement)
        return -1;
    bind_id(statement, 1, &transaction);
    if (replica_step(replica, statement, &row, error) != 0)
        return -1;
    *ret = (struct resubmission){.id = transaction};
    int failed = row ? check_state(statement, user, &ret->refused, error) != 0 ||
                           read_row(statement, arena, ret, error) != 0
                     : error_set(error, "resubmit.unknown", "transaction",
                                 "this station made no such work, or keeps it no more");
    sqlite3_reset(statement);
    return failed ? -1 : 0;
}

/* --- mending ------------------------------------------------------------------------------------------ */

static const struct table *table_of(const struct catalogue *catalogue,
                                    const struct change *change) {
    return catalogue_table_number(catalogue, change->table);
}

static bool is_meant(const struct table *table, const struct column *column,
                     const char *name) {
    const char *dot = strchr(name, '.');
    if (!dot)
        return strcmp(column->name, name) == 0;
    return strlen(table->name) == (size_t)(dot - name) &&
           strncmp(table->name, name, (size_t)(dot - name)) == 0 &&
           strcmp(column->name, dot + 1) == 0;
}

static int no_value(const struct column *column, struct error *error) {
    return error_set(error, "parameter.invalid", column->name, "%s takes %s",
                     column->name,
                     column->type == VALUE_INTEGER ? "a whole number"
                     : column->type == VALUE_TEXT  ? "a text"
                                                   : "an id");
}

static int integer_of(const struct column *column, struct bytes text, struct value *ret,
                      struct error *error) {
    char digits[24];
    char *end = NULL;
    if (text.size == 0 || text.size >= sizeof digits)
        return no_value(column, error);
    memcpy(digits, text.data, text.size);
    digits[text.size] = '\0';
    *ret = value_integer(strtoll(digits, &end, 10));
    return *end == '\0' ? 0 : no_value(column, error);
}

static int id_of_text(const struct column *column, struct bytes text, struct arena *arena,
                      struct value *ret, struct error *error) {
    char written[ID_TEXT_SIZE];
    struct id id;
    if (text.size >= sizeof written)
        return no_value(column, error);
    memcpy(written, text.data, text.size);
    written[text.size] = '\0';
    if (!id_parse(written, &id))
        return no_value(column, error);
    struct bytes kept = arena_copy(arena, (struct bytes){id.bytes, ID_SIZE});
    *ret = value_blob(kept);
    return kept.data ? 0 : error_out_of_memory(error);
}

static int value_for(const struct column *column, struct value given, struct arena *arena,
                     struct value *ret, struct error *error) {
    *ret = given;
    if (given.type == VALUE_NULL || given.type == column->type)
        return 0;
    if (given.type != VALUE_TEXT)
        return no_value(column, error);
    return column->type == VALUE_INTEGER
               ? integer_of(column, given.bytes, ret, error)
               : id_of_text(column, given.bytes, arena, ret, error);
}

static int edit_one(const struct catalogue *catalogue, struct resubmission *work,
                    const struct argument *edit, struct arena *arena,
                    struct error *error) {
    const struct table *meant = NULL;
    for (size_t i = 0; i < work->change_count; i++) {
        const struct table *table = table_of(catalogue, &work->changes[i]);
        for (size_t j = 0; table && j < work->changes[i].cell_count; j++) {
            struct cell *cell = &work->changes[i].cells[j];
            const struct column *column =
                cell->column < LIMIT_COLUMNS ? table->by_number[cell->column] : NULL;
            if (!column || !is_meant(table, column, edit->name))
                continue;
            if (meant && meant != table)
                return error_set(error, "resubmit.ambiguous", edit->name,
                                 "%s and %s both have it: say %s.%s", meant->name,
                                 table->name, table->name, column->name);
            meant = table;
            if (value_for(column, edit->value, arena, &cell->value, error) != 0)
                return -1;
        }
    }
    return meant ? 0
                 : error_set(error, "resubmit.field", edit->name,
                             "this work does not write %s", edit->name);
}

int resubmit_edit(const struct catalogue *catalogue, struct resubmission *work,
                  const struct argument_list *edits, struct arena *arena,
                  struct error *error) {
    for (size_t i = 0; i < edits->count; i++)
        if (edit_one(catalogue, work, &edits->items[i], arena, error) != 0)
            return -1;
    return 0;
}

/* --- doing it again ----------------------------------------------------------------------------------- */

void resubmit_tables(const struct catalogue *catalogue, const struct resubmission *work,
                     struct table_set *ret) {
    const struct table *refusal = catalogue_table(catalogue, "refusal");
    *ret = (struct table_set){0};
    for (size_t i = 0; i < work->change_count; i++)
        if (table_of(catalogue, &work->changes[i]))
            table_set_add(ret, work->changes[i].table);
    if (refusal && work->refused)
        table_set_add(ret, refusal->number);
}

/* One change as a statement; values are bound in the order of the cells, then the key. */
struct writing {
    struct replica *replica;
    const struct table *table;
    const struct change *change;
    bool insert;
};

static const struct column *column_of(const struct writing *writing, size_t cell) {
    uint8_t number = writing->change->cells[cell].column;
    return number < LIMIT_COLUMNS ? writing->table->by_number[number] : NULL;
}

static void put_update(const struct writing *writing, struct buffer *sql) {
    const char *before = "";
    bool add = writing->change->operation == ROW_UPDATE;
    buffer_printf(sql, "update main.\"%s\" set ", writing->table->name);
    for (size_t i = 0; i < writing->change->cell_count; i++) {
        const struct column *column = column_of(writing, i);
        if (!column)
            continue;
        if (add && column->merge == MERGE_ADD)
            buffer_printf(sql, "%s\"%s\" = \"%s\" + ?%zu", before, column->name,
                          column->name, i + 1);
        else
            buffer_printf(sql, "%s\"%s\" = ?%zu", before, column->name, i + 1);
        before = ", ";
    }
    for (size_t i = 0; i < writing->table->key_count; i++)
        buffer_printf(sql, "%s\"%s\" = ?%zu", i ? " and " : " where ",
                      writing->table->key[i]->name, writing->change->cell_count + i + 1);
}

static void put_insert(const struct writing *writing, struct buffer *sql) {
    struct buffer values = buffer_make(4096);
    buffer_printf(sql, "insert into main.\"%s\" (", writing->table->name);
    for (size_t i = 0; i < writing->table->key_count; i++) {
        buffer_printf(sql, "%s\"%s\"", i ? ", " : "", writing->table->key[i]->name);
        buffer_printf(&values, "%s?%zu", i ? ", " : "",
                      writing->change->cell_count + i + 1);
    }
    for (size_t i = 0; i < writing->change->cell_count; i++) {
        const struct column *column = column_of(writing, i);
        if (!column)
            continue;
        buffer_printf(sql, ", \"%s\"", column->name);
        buffer_printf(&values, ", ?%zu", i + 1);
    }
    buffer_printf(sql, ") values (%s)", buffer_text(&values));
    sql->failed |= values.failed;
    buffer_free(&values);
}

static void bind_change(const struct writing *writing, sqlite3_stmt *statement) {
    const struct change *change = writing->change;
    for (size_t i = 0; i < change->cell_count; i++)
        value_bind(statement, (int)i + 1, change->cells[i].value);
    for (size_t i = 0; i < writing->table->key_count; i++)
        sqlite3_bind_blob(statement, (int)(change->cell_count + i) + 1,
                          change->key.data + i * ID_SIZE, ID_SIZE, SQLITE_STATIC);
}

static int write_change(const struct writing *writing, struct error *error) {
    struct buffer sql = buffer_make(16384);
    sqlite3_stmt *statement = NULL;
    (writing->insert ? put_insert : put_update)(writing, &sql);
    int failed = sql.failed ? error_out_of_memory(error)
                            : database_statement(writing->replica->db, buffer_text(&sql),
                                                 &statement, error);
    if (!failed) {
        bind_change(writing, statement);
        failed = replica_finish(writing->replica, statement, error);
    }
    sqlite3_finalize(statement);
    buffer_free(&sql);
    return failed;
}

/* Is the row there, for whoever acts? */
static int is_here(struct replica *replica, const struct table *table, struct bytes key,
                   bool *ret, struct error *error) {
    struct buffer sql = buffer_make(1024);
    sqlite3_stmt *statement = NULL;
    buffer_printf(&sql, "select 1 from \"%s\"", table->name);
    for (size_t i = 0; i < table->key_count; i++)
        buffer_printf(&sql, "%s\"%s\" = ?%zu", i ? " and " : " where ",
                      table->key[i]->name, i + 1);
    int failed = database_statement(replica->db, buffer_text(&sql), &statement, error);
    for (size_t i = 0; !failed && i < table->key_count; i++)
        sqlite3_bind_blob(statement, (int)i + 1, key.data + i * ID_SIZE, ID_SIZE,
                          SQLITE_STATIC);
    if (!failed)
        failed = replica_step(replica, statement, ret, error);
    sqlite3_finalize(statement);
    buffer_free(&sql);
    return failed;
}

/* What a cell points at must be there: headquarters would not take it otherwise. */
static int check_reference(struct replica *replica, const struct column *column,
                           struct value value, struct error *error) {
    bool here = true;
    if (!column || !column->ref || value.type != VALUE_BLOB ||
        value.bytes.size != column->ref->key_count * ID_SIZE)
        return 0;
    if (is_here(replica, column->ref, value.bytes, &here, error) != 0)
        return -1;
    return here ? 0
                : error_set(error, "reference.missing", column->name,
                            "what %s points at is not on this station", column->name);
}

static int check_references(struct replica *replica, const struct change *change,
                            struct error *error) {
    const struct table *table = table_of(replica->catalogue, change);
    for (size_t i = 0; i < change->cell_count; i++) {
        uint8_t number = change->cells[i].column;
        if (number < LIMIT_COLUMNS && check_reference(replica, table->by_number[number],
                                                      change->cells[i].value, error) != 0)
            return -1;
    }
    for (size_t i = 0; i < table->key_count; i++) {
        struct bytes part = {change->key.data + i * ID_SIZE, ID_SIZE};
        if (check_reference(replica, table->key[i], value_blob(part), error) != 0)
            return -1;
    }
    return 0;
}

int resubmit_apply(struct replica *replica, const struct resubmission *work,
                   struct error *error) {
    for (size_t i = 0; i < work->change_count; i++) {
        struct writing writing = {.replica = replica, .change = &work->changes[i]};
        bool here = false;
        writing.table = table_of(replica->catalogue, writing.change);
        if (!writing.table)
            return error_set(error, "change.table", "",
                             "this program does not know table %u",
                             writing.change->table);
        if (is_here(replica, writing.table, writing.change->key, &here, error) != 0)
            return -1;
        if (!here && writing.change->operation != ROW_INSERT)
            return error_set(
                error, "row.missing", writing.table->name,
                "a row of %s that it changes is not on this station any more",
                writing.table->name);
        writing.insert = !here;
        if (here && writing.change->cell_count == 0)
            continue;
        if (write_change(&writing, error) != 0)
            return -1;
    }
    for (size_t i = 0; i < work->change_count; i++)
        if (check_references(replica, &work->changes[i], error) != 0)
            return -1;
    return 0;
}

/* Headquarters' word of the refusal may not have come yet: then it is the station's to remember. */
static int settle_refusal(struct replica *replica, const struct resubmission *work,
                          int64_t now_ms, struct error *error) {
    static const char settle[] =
        "update main.refusal set settled_at = ?2 where id = ?1 and settled_at is null";
    static const char note[] =
        "update main.station_outbox set retired = 1 where position = ?1";
    sqlite3_stmt *statement = NULL;
    if (catalogue_table(replica->catalogue, "refusal")) {
        statement = replica_statement(replica, settle, error);
        if (!statement)
            return -1;
        bind_id(statement, 1, &work->id);
        sqlite3_bind_int64(statement, 2, now_ms);
        if (replica_finish(replica, statement, error) != 0)
            return -1;
    }
    statement = replica_statement(replica, note, error);
    if (!statement)
        return -1;
    sqlite3_bind_int64(statement, 1, work->position);
    return replica_finish(replica, statement, error);
}

int resubmit_retire(struct replica *replica, const struct resubmission *work,
                    int64_t now_ms, struct error *error) {
    static const char drop[] = "delete from main.station_outbox where position = ?1";
    if (work->refused)
        return settle_refusal(replica, work, now_ms, error);
    sqlite3_stmt *statement = replica_statement(replica, drop, error);
    if (!statement)
        return -1;
    sqlite3_bind_int64(statement, 1, work->position);
    return replica_finish(replica, statement, error);
}
