/*
 * What a transaction changed: values now and before, and what was later overwritten by whom, and why.
 */
#include <string.h>

#include "client-core/json.h"
#include "client-core/row_access.h"
#include "client-core/story.h"

/* --- rows as they are here ------------------------------------------------------------------------------ */

/* *ret_found only when the person sees the row; then it must be released. */
static int read_seen(const struct story_request *request, struct table_access *access,
                     struct bytes key, struct stored_row *ret, bool *ret_found,
                     struct error *error) {
    bool seen = true;
    *ret_found = false;
    if (key.size != access->table->key_count * ID_SIZE)
        return 0;
    if (request->visible &&
        visible_row(request->visible, access->table, key, &seen, error) != 0)
        return -1;
    return seen ? row_read(request->reader, access, key, ret, ret_found, error) : 0;
}

int story_put_label(const struct story_request *request, const char *name,
                    const struct table *table, struct bytes key, struct buffer *json,
                    struct error *error) {
    struct table_access *access = table_access(request->reader, table, error);
    const struct column *label = table->label;
    struct stored_row row;
    bool found = false;
    if (!access || read_seen(request, access, key, &row, &found, error) != 0)
        return -1;
    json_put_name(json, name);
    json_put_value(json, found && label && label->number ? row.values[label->number]
                                                         : value_null());
    if (found)
        row_release(access);
    return 0;
}

/* "name":what people call the row that the value points at; nothing when it is no key. */
static int put_value_label(const struct story_request *request, const char *name,
                           const struct column *column, struct value value,
                           struct buffer *json, struct error *error) {
    if (!column->ref || value.type != VALUE_BLOB)
        return 0;
    return story_put_label(request, name, column->ref, value.bytes, json, error);
}

static const struct cell *cell_of(const struct change *change,
                                  const struct column *column) {
    for (size_t i = 0; change && column && i < change->cell_count; i++)
        if (change->cells[i].column == column->number)
            return &change->cells[i];
    return NULL;
}

/* What people call the changed row: as it is here, else as the change says, else null. */
static int put_row_label(const struct story_request *request, const struct table *table,
                         const struct change *change, struct buffer *json,
                         struct error *error) {
    struct table_access *access = table_access(request->reader, table, error);
    const struct cell *cell = cell_of(change, table->label);
    struct value label = cell ? cell->value : value_null();
    struct stored_row row;
    bool found = false;
    if (!access || read_seen(request, access, change->key, &row, &found, error) != 0)
        return -1;
    if (found && table->label && table->label->number)
        label = row.values[table->label->number];
    json_put_name(json, "label");
    json_put_value(json, label);
    if (found)
        row_release(access);
    return 0;
}

/* --- cells ------------------------------------------------------------------------------------------------ */

static int put_cell(const struct story_request *request, const struct column *column,
                    const struct cell *cell, const struct cell *former,
                    struct buffer *json, struct error *error) {
    json_put_comma(json);
    buffer_append_byte(json, '{');
    json_put_name(json, "column");
    json_put_string(json, column->name);
    json_put_name(json, "value");
    json_put_value(json, cell->value);
    if (put_value_label(request, "label", column, cell->value, json, error) != 0)
        return -1;
    if (former) {
        json_put_name(json, "old");
        json_put_value(json, former->value);
        if (put_value_label(request, "old_label", column, former->value, json, error) !=
            0)
            return -1;
    }
    buffer_append_byte(json, '}');
    return 0;
}

static int put_cells(const struct story_request *request, const struct table *table,
                     const struct change *change, const struct change *former,
                     struct buffer *json, struct error *error) {
    json_put_name(json, "cells");
    buffer_append_byte(json, '[');
    for (size_t i = 0; i < change->cell_count; i++) {
        uint8_t number = change->cells[i].column;
        const struct column *column =
            number < LIMIT_COLUMNS ? table->by_number[number] : NULL;
        if (column && put_cell(request, column, &change->cells[i],
                               cell_of(former, column), json, error) != 0)
            return -1;
    }
    buffer_append_byte(json, ']');
    return 0;
}

/* --- what was overwritten ------------------------------------------------------------------------------------ */

static int copy_text(struct arena *arena, sqlite3_stmt *statement, int column,
                     struct bytes *ret, struct error *error) {
    *ret = arena_copy(arena, column_bytes(statement, column));
    return ret->data ? 0 : error_out_of_memory(error);
}

static int read_loss(sqlite3_stmt *statement, struct arena *arena, struct story_loss *ret,
                     struct error *error) {
    struct bytes *const texts[] = {&ret->id,     &ret->row_key,    &ret->cell_name,
                                   &ret->winner, &ret->loser,      &ret->text,
                                   &ret->reason, &ret->settlement, &ret->transaction};
    const int count = (int)(sizeof texts / sizeof *texts);
    for (int i = 0; i < count; i++)
        if (copy_text(arena, statement, i, texts[i], error) != 0)
            return -1;
    ret->table_number = sqlite3_column_int64(statement, count);
    ret->column = sqlite3_column_int64(statement, count + 1);
    ret->at = sqlite3_column_int64(statement, count + 2);
    ret->made_at = sqlite3_column_int64(statement, count + 3);
    return 0;
}

int story_read_losses(const struct story_request *request, struct arena *arena,
                      struct story_losses *ret, struct error *error) {
    static const char how_many[] =
        "select count(*) from conflict where loser_device_id = ?1";
    static const char sql[] =
        "select id, row_key, cell_name, winner_user_id, loser_user_id, winner_text, reason,"
        " coalesce(settlement, ''), transaction_id, table_number, column_number, winner_at,"
        " loser_at from conflict where loser_device_id = ?1 order by winner_at desc, id";
    sqlite3_stmt *counting = replica_statement(request->reader, how_many, error);
    sqlite3_stmt *statement = replica_statement(request->reader, sql, error);
    int64_t count = 0;
    bool row = true;
    *ret = (struct story_losses){0};
    if (!counting || !statement)
        return -1;
    bind_id(counting, 1, &request->device);
    bind_id(statement, 1, &request->device);
    int failed = replica_integer(request->reader, counting, &count, error);
    ret->items = arena_alloc_array(arena, (size_t)count + 1, sizeof *ret->items);
    if (!failed && !ret->items)
        failed = error_out_of_memory(error);
    while (!failed && row && ret->count < (size_t)count) {
        failed = replica_step(request->reader, statement, &row, error);
        if (!failed && row)
            failed = read_loss(statement, arena, &ret->items[ret->count++], error);
    }
    sqlite3_reset(statement);
    return failed;
}

/* Who wrote what stands there now, when, in which words, why. */
struct story_winner {
    const char *column;
    struct bytes who;
    int64_t at;
    struct bytes reason;
};

static int put_winner(const struct story_request *request,
                      const struct story_winner *winner, struct buffer *json,
                      struct error *error) {
    const struct table *conflict =
        catalogue_table(request->reader->catalogue, "conflict");
    const struct column *who = table_column(conflict, "winner_user_id");
    json_put_comma(json);
    buffer_append_byte(json, '{');
    json_put_name(json, "column");
    json_put_string(json, winner->column);
    json_put_name(json, "by_id");
    json_put_value(json, winner->who.size ? value_blob(winner->who) : value_null());
    json_put_name(json, "at");
    json_put_integer(json, winner->at);
    json_put_name(json, "reason");
    json_put_text(json, winner->reason);
    return winner->who.size == ID_SIZE
               ? story_put_label(request, "by", who->ref, winner->who, json, error)
               : 0;
}

/* The loss is of this transaction: found when it was merged, or by what was merged after it. */
static bool is_of(const struct story_loss *loss, const struct story_work *work,
                  const struct change *change) {
    return loss->table_number == change->table &&
           bytes_equal(loss->row_key, change->key) &&
           bytes_equal(loss->loser, (struct bytes){work->user.bytes, ID_SIZE}) &&
           (bytes_equal(loss->transaction, work->id) || loss->made_at == work->made_at);
}

static int put_loss(const struct story_work *work, const struct table *table,
                    const struct story_loss *loss, struct buffer *json,
                    struct error *error) {
    const struct column *column = loss->column > 0 && loss->column < LIMIT_COLUMNS
                                      ? table->by_number[loss->column]
                                      : NULL;
    const struct story_winner winner = {
        .column = column ? column->name : NULL,
        .who = loss->winner,
        .at = loss->at,
        .reason = loss->reason,
    };
    if (put_winner(work->request, &winner, json, error) != 0)
        return -1;
    json_put_name(json, "text");
    json_put_text(json, loss->text);
    json_put_name(json, "conflict");
    json_put_value(json, value_blob(loss->id));
    json_put_name(json, "settlement");
    json_put_value(json, loss->settlement.size ? (struct value){.type = VALUE_TEXT,
                                                                .bytes = loss->settlement}
                                               : value_null());
    buffer_append_byte(json, '}');
    return 0;
}

/* Whether a conflict tells of the cell already. */
static bool is_told(const struct story_work *work, const struct change *change,
                    const struct column *column) {
    for (size_t i = 0; i < work->losses->count; i++) {
        const struct story_loss *loss = &work->losses->items[i];
        if (is_of(loss, work, change) && loss->column == column->cell)
            return true;
    }
    return false;
}

/* Somebody wrote it later, knowing of it. */
static int put_later_cell(const struct story_work *work, const struct column *column,
                          const struct stored_row *row, struct buffer *json,
                          struct error *error) {
    static const char reason[] = "later_edit";
    const struct story_winner winner = {
        .column = column->name,
        .who = row->stamps.updated_by.bytes,
        .at = row->stamps.updated_at.integer,
        .reason = bytes_of_text(reason),
    };
    if (put_winner(work->request, &winner, json, error) != 0)
        return -1;
    json_put_name(json, "value");
    json_put_value(json, row->values[column->number]);
    if (put_value_label(work->request, "label", column, row->values[column->number], json,
                        error) != 0)
        return -1;
    buffer_append_byte(json, '}');
    return 0;
}

/* The row's last writer is known, not each cell's: told only when he is somebody else. */
static bool is_later(const struct story_work *work, const struct stored_row *row) {
    struct bytes by = row->stamps.updated_by.bytes;
    return work->gsn > 0 && row->stamps.gsn > work->gsn &&
           row->stamps.updated_by.type == VALUE_BLOB && by.size == ID_SIZE &&
           memcmp(by.data, work->user.bytes, ID_SIZE) != 0;
}

static int put_later_cells(const struct story_work *work, const struct table *table,
                           const struct change *change, const struct stored_row *row,
                           struct buffer *json, struct error *error) {
    for (size_t i = 0; i < change->cell_count; i++) {
        const struct column *column =
            table->by_number[change->cells[i].column % LIMIT_COLUMNS];
        if (column && column->merge != MERGE_ADD &&
            !value_equal(row->values[column->number], change->cells[i].value) &&
            !is_told(work, change, column) &&
            put_later_cell(work, column, row, json, error) != 0)
            return -1;
    }
    return 0;
}

static int put_later(const struct story_work *work, const struct table *table,
                     const struct change *change, struct buffer *json,
                     struct error *error) {
    struct table_access *access = table_access(work->request->reader, table, error);
    struct arena arena = arena_make(2 * LIMIT_ROW_SIZE);
    struct stored_row row;
    bool found = false;
    if (work->gsn == 0)
        return 0; /* not taken: it stands nowhere */
    if (!access ||
        read_seen(work->request, access, change->key, &row, &found, error) != 0)
        return -1;
    if (!found)
        return 0;
    if (!is_later(work, &row)) {
        row_release(access);
        return 0;
    }
    int failed = row_keep(access, &row, &arena, error) != 0 ||
                 put_later_cells(work, table, change, &row, json, error) != 0;
    arena_free(&arena);
    return failed ? -1 : 0;
}

static int put_overwritten(const struct story_work *work, const struct table *table,
                           const struct change *change, struct buffer *json,
                           struct error *error) {
    json_put_name(json, "overwritten");
    buffer_append_byte(json, '[');
    for (size_t i = 0; i < work->losses->count; i++)
        if (is_of(&work->losses->items[i], work, change) &&
            put_loss(work, table, &work->losses->items[i], json, error) != 0)
            return -1;
    if (put_later(work, table, change, json, error) != 0)
        return -1;
    buffer_append_byte(json, ']');
    return 0;
}

/* --- all of them ------------------------------------------------------------------------------------------------ */

static int put_change(const struct story_work *work, const struct change *change,
                      const struct change *former, struct buffer *json,
                      struct error *error) {
    static const char *const operations[] = {"", "insert", "update", "delete"};
    const struct story_request *request = work->request;
    const struct table *table =
        catalogue_table_number(request->reader->catalogue, change->table);
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
    if (put_row_label(request, table, change, json, error) != 0 ||
        put_cells(request, table, change, former, json, error) != 0 ||
        put_overwritten(work, table, change, json, error) != 0)
        return -1;
    buffer_append_byte(json, '}');
    return 0;
}

int story_put_changes(const struct story_work *work, struct buffer *json,
                      struct error *error) {
    size_t next = 0;
    json_put_name(json, "change_count");
    json_put_integer(json, (int64_t)work->change_count);
    json_put_name(json, "changes");
    buffer_append_byte(json, '[');
    for (size_t i = 0; i < work->change_count && i < LIMIT_STORY_CHANGES; i++) {
        const struct change *change = &work->changes[i];
        const struct change *former =
            next < work->former_count ? &work->formers[next] : NULL;
        bool matches = former && former->table == change->table &&
                       bytes_equal(former->key, change->key);
        next += matches;
        if (put_change(work, change, matches ? former : NULL, json, error) != 0)
            return -1;
    }
    buffer_append_byte(json, ']');
    return 0;
}
