/*
 * The recorder: session → neutral changes, images, stamps.
 */
#include "client-core/recorder.h"

#include <sqlite3.h>
#include <string.h>

#include "client-core/images.h"
#include "client-core/state.h"
#include "schema/database.h"

enum { ARENA_MAXIMUM = 16 * LIMIT_TRANSACTION };

void recorder_init(struct recorder *recorder, struct replica *replica) {
    *recorder = (struct recorder){
        .replica = replica,
        .arena = arena_make(ARENA_MAXIMUM),
        .changes = buffer_make(LIMIT_CHANGES * sizeof(struct change)),
        .formers = buffer_make(LIMIT_CHANGES * sizeof(struct change)),
        .touched = buffer_make(LIMIT_CHANGES * sizeof(struct touched_row)),
        .changed = buffer_make((size_t)LIMIT_CHANGES * LIMIT_COLUMNS *
                               sizeof(struct changed_cell)),
        .image = buffer_make(LIMIT_ROW_SIZE * 2),
    };
}

/* What happens from here on is not recorded. */
static void session_end(struct recorder *recorder) {
    if (recorder->session)
        sqlite3session_delete(recorder->session); /* minds NULL */
    recorder->session = NULL;
}

void recorder_free(struct recorder *recorder) {
    recorder_reset(recorder);
    arena_free(&recorder->arena);
    buffer_free(&recorder->changes);
    buffer_free(&recorder->formers);
    buffer_free(&recorder->touched);
    buffer_free(&recorder->changed);
    buffer_free(&recorder->image);
}

void recorder_reset(struct recorder *recorder) {
    session_end(recorder);
    arena_reset(&recorder->arena);
    buffer_reset(&recorder->changes);
    buffer_reset(&recorder->formers);
    buffer_reset(&recorder->touched);
    buffer_reset(&recorder->changed);
}

/* The session extension tells its failures by code only; the connection may know of none. */
static int session_failed(struct recorder *recorder, int rc, struct error *error) {
    if (rc == SQLITE_NOMEM)
        return error_set(error, "database.memory", "", "out of memory while recording");
    return error_from_sqlite(error, recorder->replica->db, "recording");
}

int recorder_start(struct recorder *recorder, const struct table_set *tables,
                   struct error *error) {
    const struct catalogue *catalogue = recorder->replica->catalogue;
    int rc = sqlite3session_create(recorder->replica->db, "main", &recorder->session);
    for (size_t i = 0; rc == SQLITE_OK && i < catalogue->table_count; i++)
        if (table_set_has(tables, catalogue->tables[i].number))
            rc = sqlite3session_attach(recorder->session, catalogue->tables[i].name);
    return rc == SQLITE_OK ? 0 : session_failed(recorder, rc, error);
}

struct change *recorder_changes(const struct recorder *recorder, size_t *ret_count) {
    *ret_count = recorder->changes.size / sizeof(struct change);
    return (struct change *)(void *)recorder->changes.data;
}

struct change *recorder_formers(const struct recorder *recorder, size_t *ret_count) {
    *ret_count = recorder->formers.size / sizeof(struct change);
    return (struct change *)(void *)recorder->formers.data;
}

struct rule_input recorder_rule_input(const struct recorder *recorder) {
    return (struct rule_input){
        .touched = (const struct touched_row *)(const void *)recorder->touched.data,
        .touched_count = recorder->touched.size / sizeof(struct touched_row),
        .changed = (const struct changed_cell *)(const void *)recorder->changed.data,
        .changed_count = recorder->changed.size / sizeof(struct changed_cell),
    };
}

/* --- one row of the changeset ----------------------------------------------------------------- */

/* A row as the changeset tells it: values by column number, and which of them it tells. */
struct recorded_row {
    struct table_access *access;
    enum row_operation operation;
    struct bytes key;
    uint64_t fresh_mask;
    uint64_t former_mask;
    struct value fresh[LIMIT_COLUMNS];  /* new values */
    struct value former[LIMIT_COLUMNS]; /* old ones */
};

static int copy_value(struct recorder *recorder, sqlite3_value *from, struct value *ret,
                      struct error *error) {
    *ret = value_of_sqlite(from);
    if (ret->type != VALUE_TEXT && ret->type != VALUE_BLOB)
        return 0;
    if (ret->bytes.size > (ret->type == VALUE_TEXT ? LIMIT_TEXT : LIMIT_BLOB))
        return error_set(error, "transaction.size", "", "one value has at most %d bytes",
                         LIMIT_TEXT);
    ret->bytes = arena_copy(&recorder->arena, ret->bytes);
    return ret->bytes.data ? 0 : error_out_of_memory(error);
}

static int key_cell(const struct table *table, const struct column *column,
                    sqlite3_value *value, uint8_t *key, struct error *error) {
    if (sqlite3_value_type(value) != SQLITE_BLOB || sqlite3_value_bytes(value) != ID_SIZE)
        return error_set(error, "change.key", column->name, "%s.%s must be a 16-byte id",
                         table->name, column->name);
    memcpy(key + (size_t)(column->key_position - 1) * ID_SIZE, sqlite3_value_blob(value),
           ID_SIZE);
    return 0;
}

/* Only the engine sets gsn; the other stamps are overwritten anyway. */
static int check_stamp(const struct table *table, sqlite3_value *fresh,
                       struct error *error) {
    if (!fresh || sqlite3_value_type(fresh) != SQLITE_INTEGER ||
        sqlite3_value_int64(fresh) == 0)
        return 0;
    return error_set(error, "change.stamp", table->name, "a command sets a stamp of %s",
                     table->name);
}

static int read_cell(struct recorder *recorder, sqlite3_changeset_iter *iterator,
                     int position, struct recorded_row *row, uint8_t *key,
                     struct error *error) {
    const struct table *table = row->access->table;
    const struct column *column = row->access->by_position[position];
    sqlite3_value *fresh = NULL;
    sqlite3_value *former = NULL;
    if (!column)
        return 0;
    if (row->operation != ROW_INSERT)
        sqlite3changeset_old(iterator, position, &former);
    sqlite3changeset_new(iterator, position, &fresh);
    if (column->key_position)
        return key_cell(table, column, row->operation == ROW_INSERT ? fresh : former, key,
                        error);
    if (column->number == 0)
        return row->operation == ROW_INSERT && strcmp(column->name, "gsn") == 0
                   ? check_stamp(table, fresh, error)
                   : 0;
    if (fresh) {
        row->fresh_mask |= COLUMN_BIT(column->number);
        if (copy_value(recorder, fresh, &row->fresh[column->number], error) != 0)
            return -1;
    }
    if (fresh && former) {
        row->former_mask |= COLUMN_BIT(column->number);
        if (copy_value(recorder, former, &row->former[column->number], error) != 0)
            return -1;
    }
    return 0;
}

/* Reads the iterator's present row. */
static int read_row(struct recorder *recorder, sqlite3_changeset_iter *iterator,
                    int count, struct recorded_row *row, struct error *error) {
    size_t key_size = row->access->table->key_count * ID_SIZE;
    uint8_t *key = arena_alloc(&recorder->arena, key_size);
    if (!key)
        return error_out_of_memory(error);
    row->fresh_mask = 0;
    row->former_mask = 0;
    row->key = (struct bytes){key, key_size};
    if (count > row->access->position_count)
        count = row->access->position_count;
    for (int i = 0; i < count; i++)
        if (read_cell(recorder, iterator, i, row, key, error) != 0)
            return -1;
    return 0;
}

/* --- from a recorded row to a change ---------------------------------------------------------- */

static void add_cell(struct cell *cells, size_t *count, unsigned number,
                     struct value value) {
    cells[(*count)++] = (struct cell){.column = (uint8_t)number, .value = value};
}

static int add_change(struct recorder *recorder, const struct recorded_row *row,
                      struct cell *cells, size_t count, struct error *error) {
    struct change change = {
        .table = row->access->table->number,
        .operation = row->operation,
        .key = row->key,
        .cells = cells,
        .cell_count = count,
    };
    buffer_append(&recorder->changes, &change, sizeof change);
    if (recorder->changes.failed)
        return error_set(error, "transaction.size", "",
                         "one transaction changes at most %d rows", LIMIT_CHANGES);
    return 0;
}

static void tell_rules_cell(struct recorder *recorder, const struct recorded_row *row,
                            const struct column *column, struct value former,
                            struct value fresh) {
    struct changed_cell changed = {
        .table = row->access->table,
        .key = row->key,
        .column = column,
        .old_value = former,
        .new_value = fresh,
    };
    buffer_append(&recorder->changed, &changed, sizeof changed);
}

/* What the rules see of the row, the same as at headquarters: the columns that changed, without
 * the key; of a new row all that are not null. */
static int tell_rules(struct recorder *recorder, const struct recorded_row *row,
                      struct error *error) {
    const struct table *table = row->access->table;
    struct touched_row touched = {table, row->key, row->operation};
    if (!row->access->has_rules)
        return 0;
    buffer_append(&recorder->touched, &touched, sizeof touched);
    uint64_t mask = row->fresh_mask;
    for (unsigned number; (number = mask_take(&mask)) != 0;) {
        struct value former =
            row->former_mask & COLUMN_BIT(number) ? row->former[number] : value_null();
        if (row->operation == ROW_UPDATE || row->fresh[number].type != VALUE_NULL)
            tell_rules_cell(recorder, row, table->by_number[number], former,
                            row->fresh[number]);
    }
    return recorder->touched.failed || recorder->changed.failed
               ? error_out_of_memory(error)
               : 0;
}

/* --- what headquarters does not know yet -------------------------------------------------------- */

static int refuse_newer(const char *name, struct error *error) {
    return error_set(error, "server.older", name,
                     "Headquarters' program is older than this one and does not know %s "
                     "yet: it has to be updated first.",
                     name);
}

static int read_announced(struct recorder *recorder, struct error *error) {
    if (setting_integer(recorder->replica, "server_schema_version", &recorder->announced,
                        error) != 0)
        return -1;
    if (recorder->announced == 0)
        recorder->announced = recorder->replica->catalogue->version;
    return 0;
}

/* What the column holds when nobody says anything; rarely asked, so nothing is kept. */
static int is_default(struct recorder *recorder, const struct column *column,
                      struct value value, bool *ret, struct error *error) {
    sqlite3_stmt *statement = NULL;
    char sql[1024];
    *ret = value.type == VALUE_NULL && !column->has_default;
    if (*ret || !column->default_text)
        return 0;
    sqlite3_snprintf(sizeof sql, sql, "select ?1 is (%s)", column->default_text);
    if (database_statement(recorder->replica->db, sql, &statement, error) != 0)
        return -1;
    value_bind(statement, 1, value);
    *ret = sqlite3_step(statement) == SQLITE_ROW && sqlite3_column_int(statement, 0) != 0;
    sqlite3_finalize(statement);
    return 0;
}

/* A new row may leave out what nobody said; anything else would be lost there. */
static int leave_out(struct recorder *recorder, const struct column *column,
                     struct value value, struct error *error) {
    bool says_nothing = false;
    if (is_default(recorder, column, value, &says_nothing, error) != 0)
        return -1;
    return says_nothing ? 0 : refuse_newer(column->name, error);
}

/* --- inserts and updates ------------------------------------------------------------------------ */

static bool insert_says(const struct column *column, struct value value) {
    return value.type != VALUE_NULL || column->has_default;
}

static int take_insert(struct recorder *recorder, struct recorded_row *row,
                       struct error *error) {
    const struct table *table = row->access->table;
    struct cell *cells = arena_alloc_array(
        &recorder->arena, (size_t)__builtin_popcountll(row->fresh_mask) + 1,
        sizeof *cells);
    uint64_t mask = row->fresh_mask;
    size_t count = 0;
    if (!cells)
        return error_out_of_memory(error);
    for (unsigned number; (number = mask_take(&mask)) != 0;) {
        const struct column *column = table->by_number[number];
        if (!column_is_known(column, recorder->announced)) {
            if (leave_out(recorder, column, row->fresh[number], error) != 0)
                return -1;
        } else if (insert_says(column, row->fresh[number]))
            add_cell(cells, &count, number, row->fresh[number]);
    }
    return add_change(recorder, row, cells, count, error);
}

/* new - old of an adding column. */
static int difference(const struct column *column, struct value former,
                      struct value *fresh, struct error *error) {
    int64_t result;
    if (__builtin_sub_overflow(fresh->integer, former.integer, &result))
        return error_set(error, "transaction.size", column->name, "%s grows out of range",
                         column->name);
    *fresh = value_integer(result);
    return 0;
}

/* All columns of every cell of which one column changed. `present` is the row as it is now. */
static int take_update(struct recorder *recorder, struct recorded_row *row,
                       struct stored_row *present, struct error *error) {
    const struct table *table = row->access->table;
    uint64_t mask = 0;
    uint64_t seeds = row->fresh_mask;
    for (unsigned number; (number = mask_take(&seeds)) != 0;)
        mask |= row->access->cell_mask[number];
    struct cell *cells = arena_alloc_array(
        &recorder->arena, (size_t)__builtin_popcountll(mask) + 1, sizeof *cells);
    size_t count = 0;
    if (!cells)
        return error_out_of_memory(error);
    for (unsigned number; (number = mask_take(&mask)) != 0;) {
        const struct column *column = table->by_number[number];
        bool changed = (row->fresh_mask & COLUMN_BIT(number)) != 0;
        if (!column_is_known(column, recorder->announced)) {
            if (changed)
                return refuse_newer(column->name, error);
            continue;
        }
        struct value value = changed ? row->fresh[number] : present->values[number];
        if (!changed && (value.type == VALUE_TEXT || value.type == VALUE_BLOB)) {
            value.bytes = arena_copy(&recorder->arena, value.bytes);
            if (!value.bytes.data)
                return error_out_of_memory(error);
        }
        if (changed && column->merge == MERGE_ADD &&
            difference(column, row->former[number], &value, error) != 0)
            return -1;
        add_cell(cells, &count, number, value);
    }
    return add_change(recorder, row, cells, count, error);
}

/* The row as it was: what is there now under the old values. */
static void undo_in(struct stored_row *present, const struct recorded_row *row) {
    uint64_t mask = row->former_mask;
    for (unsigned number; (number = mask_take(&mask)) != 0;)
        present->values[number] = row->former[number];
}

/* Of the change taken last; `present` is the row as it was. */
static int keep_former(struct recorder *recorder, const struct recorded_row *row,
                       const struct stored_row *present, struct error *error) {
    size_t count = 0;
    const struct change *changes = recorder_changes(recorder, &count);
    struct change former = changes[count - 1];
    struct cell *cells =
        arena_alloc_array(&recorder->arena, former.cell_count + 1, sizeof *cells);
    if (!cells)
        return error_out_of_memory(error);
    for (size_t i = 0; i < former.cell_count; i++) {
        uint8_t number = former.cells[i].column;
        struct value value = present->values[number];
        bool has_bytes = value.type == VALUE_TEXT || value.type == VALUE_BLOB;
        if (has_bytes && !(row->former_mask & COLUMN_BIT(number))) {
            value.bytes = arena_copy(&recorder->arena, value.bytes);
            if (!value.bytes.data)
                return error_out_of_memory(error);
        }
        cells[i] = (struct cell){.column = number, .value = value};
    }
    former.cells = cells;
    buffer_append(&recorder->formers, &former, sizeof former);
    return recorder->formers.failed ? error_out_of_memory(error) : 0;
}

static int take_updated_row(struct recorder *recorder, struct recorded_row *row,
                            struct error *error) {
    struct replica *replica = recorder->replica;
    struct stored_row present;
    bool found = false;
    int failed = row_read(replica, row->access, row->key, &present, &found, error);
    if (failed)
        return -1;
    if (!found)
        return error_set(error, "database.failed", row->access->table->name,
                         "a changed row of %s is not there", row->access->table->name);
    failed = take_update(recorder, row, &present, error);
    undo_in(&present, row);
    if (!failed)
        failed = keep_former(recorder, row, &present, error);
    if (!failed && present.stamps.gsn > 0) {
        failed = image_keep(replica, row->access->table, row->key, &present,
                            &recorder->image, error);
    }
    row_release(row->access);
    return failed;
}

static int take_row(struct recorder *recorder, struct recorded_row *row, int64_t now_ms,
                    const struct id *actor, struct error *error) {
    bool inserted = row->operation == ROW_INSERT;
    if (!inserted && row->fresh_mask == 0)
        return 0; /* nothing but stamps */
    if (!table_is_known(row->access->table, recorder->announced))
        return refuse_newer(row->access->table->name, error);
    if ((inserted ? take_insert(recorder, row, error)
                  : take_updated_row(recorder, row, error)) != 0 ||
        tell_rules(recorder, row, error) != 0)
        return -1;
    return row_stamp(recorder->replica, row->access, row->key, inserted, now_ms, actor,
                     error);
}

/* --- the whole changeset ---------------------------------------------------------------------- */

static int row_begin(struct recorder *recorder, const char *name, int operation,
                     struct recorded_row *row, struct error *error) {
    if (!row->access || strcmp(row->access->table->name, name) != 0) {
        const struct table *table = catalogue_table(recorder->replica->catalogue, name);
        row->access = table ? table_access(recorder->replica, table, error) : NULL;
        if (!row->access)
            return table
                       ? -1
                       : error_set(error, "change.table", name, "%s is not synced", name);
    }
    if (operation == SQLITE_DELETE)
        return error_set(error, "change.delete", name,
                         "rows of %s are never deleted; set deleted_at", name);
    row->operation = operation == SQLITE_INSERT ? ROW_INSERT : ROW_UPDATE;
    return 0;
}

static int take_all(struct recorder *recorder, sqlite3_changeset_iter *iterator,
                    int64_t now_ms, const struct id *actor, struct error *error) {
    struct recorded_row row;
    row.access = NULL;
    int rc;
    while ((rc = sqlite3changeset_next(iterator)) == SQLITE_ROW) {
        const char *name = NULL;
        int count = 0;
        int operation = 0;
        int indirect = 0;
        sqlite3changeset_op(iterator, &name, &count, &operation, &indirect);
        if (row_begin(recorder, name, operation, &row, error) != 0 ||
            read_row(recorder, iterator, count, &row, error) != 0 ||
            take_row(recorder, &row, now_ms, actor, error) != 0)
            return -1;
    }
    return rc == SQLITE_DONE ? 0 : session_failed(recorder, rc, error);
}

int recorder_take(struct recorder *recorder, int64_t now_ms, const struct id *actor,
                  struct error *error) {
    sqlite3_changeset_iter *iterator = NULL;
    void *changeset = NULL;
    int size = 0;
    int failed = -1;
    int rc = sqlite3session_changeset(recorder->session, &size, &changeset);
    session_end(recorder);
    if (rc != SQLITE_OK) {
        session_failed(recorder, rc, error);
        goto out;
    }
    if (size == 0) {
        failed = 0;
        goto out;
    }
    if (sqlite3changeset_start(&iterator, size, changeset) != SQLITE_OK) {
        error_out_of_memory(error);
        goto out;
    }
    failed = read_announced(recorder, error) != 0 ||
             take_all(recorder, iterator, now_ms, actor, error) != 0;
out:
    sqlite3changeset_finalize(iterator);
    sqlite3_free(changeset);
    return failed;
}
