/* The workspace of one transaction: rows loaded once, changes collected. */
#include "server/work.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "sync/clock.h"

enum { ARENA_MAXIMUM = 256 * 1024 * 1024, PLACEMENTS_ON_STACK = LIMIT_SCOPES_OF_ROW };

void work_begin(struct work *work, struct master *master) {
    memset(work, 0, sizeof *work);
    work->master = master;
    work->arena = arena_make(ARENA_MAXIMUM);
}

void work_reset(struct work *work) {
    arena_reset(&work->arena);
    memset(work->buckets, 0, sizeof work->buckets);
    work->rows = NULL;
    work->touched = NULL;
    work->changed = NULL;
    work->conflicts = NULL;
    error_clear(&work->flag);
    work->starved = false;
    work->row_count = work->row_capacity = 0;
    work->touched_count = work->touched_capacity = 0;
    work->changed_count = work->changed_capacity = 0;
    work->conflict_count = work->conflict_capacity = 0;
}

void work_end(struct work *work) {
    arena_free(&work->arena);
}

/* Room for one more element; the old array is left to the arena. */
static int grow(struct work *work, void **array, size_t count, size_t *capacity,
                size_t size, struct error *error) {
    if (count < *capacity) {
        return 0;
    }
    size_t wanted = *capacity == 0 ? 16 : *capacity * 2;
    void *bigger = arena_alloc_array(&work->arena, wanted, size);
    if (bigger == NULL) {
        return error_out_of_memory(error);
    }
    if (count > 0) {
        memcpy(bigger, *array, count * size);
    }
    *array = bigger;
    *capacity = wanted;
    return 0;
}

static size_t bucket_of(const struct table *table, struct bytes key) {
    uint64_t hash = table->number;
    for (size_t i = 0; i < key.size; i++) {
        hash = (hash ^ key.data[i]) * 0x100000001B3ULL;
    }
    return (size_t)((hash ^ hash >> 32) % WORK_BUCKETS);
}

static int load_placements(struct work *work, struct row_work *row,
                           sqlite3_stmt *statement, struct error *error) {
    struct placement found[PLACEMENTS_ON_STACK];
    struct value blob = value_of_column(statement, 1);
    if (placements_decode(blob.bytes, found, PLACEMENTS_ON_STACK, &row->placement_count,
                          error) != 0) {
        return -1;
    }
    row->placements =
        arena_alloc_array(&work->arena, row->placement_count + 1, sizeof *found);
    if (row->placements == NULL) {
        return error_out_of_memory(error);
    }
    memcpy(row->placements, found, row->placement_count * sizeof *found);
    return 0;
}

static int load_meta(struct work *work, struct row_work *row, struct error *error) {
    sqlite3_stmt *statement = master_statement(work->master, SQL_META_GET, error);
    if (statement == NULL) {
        return -1;
    }
    sqlite3_bind_int(statement, 1, row->table->number);
    sqlite3_bind_blob(statement, 2, row->key.data, (int)row->key.size, SQLITE_STATIC);
    int result = 0;
    int rc = sqlite3_step(statement);
    if (rc == SQLITE_ROW) {
        row->existed = true;
        row->gsn = sqlite3_column_int64(statement, 0);
        result = load_placements(work, row, statement, error);
    } else if (rc != SQLITE_DONE) {
        result = error_from_sqlite(error, work->master->db, "reading a row's stamp");
    }
    sqlite3_reset(statement);
    return result;
}

static int add_row(struct work *work, struct row_work *row, struct error *error) {
    if (grow(work, (void **)&work->rows, work->row_count, &work->row_capacity,
             sizeof(struct row_work *), error) != 0) {
        return -1;
    }
    size_t bucket = bucket_of(row->table, row->key);
    row->next = work->buckets[bucket];
    work->buckets[bucket] = row;
    work->rows[work->row_count++] = row;
    return 0;
}

struct row_work *work_row(struct work *work, const struct table *table, struct bytes key,
                          struct error *error) {
    for (struct row_work *row = work->buckets[bucket_of(table, key)]; row;
         row = row->next) {
        if (row->table == table && bytes_equal(row->key, key)) {
            return row;
        }
    }
    struct row_work *row = arena_alloc(&work->arena, sizeof *row);
    if (row == NULL) {
        error_out_of_memory(error);
        return NULL;
    }
    row->table = table;
    row->key = arena_copy(&work->arena, key);
    if (row->key.data == NULL) {
        error_out_of_memory(error);
        return NULL;
    }
    return load_meta(work, row, error) == 0 && add_row(work, row, error) == 0 ? row
                                                                              : NULL;
}

int work_bind_key(sqlite3_stmt *statement, int index, const struct table *table,
                  struct bytes key) {
    assert(key.size == table->key_count * ID_SIZE);
    for (size_t i = 0; i < table->key_count; i++) {
        sqlite3_bind_blob(statement, index++, key.data + i * ID_SIZE, ID_SIZE,
                          SQLITE_STATIC);
    }
    return index;
}

static int copy_values(struct work *work, struct row_work *row, sqlite3_stmt *statement,
                       struct error *error) {
    for (size_t i = 0; i < row->table->data_count; i++) {
        struct value value = value_of_column(statement, (int)i);
        if (value.type == VALUE_TEXT || value.type == VALUE_BLOB) {
            value.bytes = arena_copy(&work->arena, value.bytes);
            if (value.bytes.data == NULL) {
                return error_out_of_memory(error);
            }
        }
        row->values[i] = value;
    }
    row->counted = sqlite3_column_int64(statement, (int)row->table->data_count + 4);
    return 0;
}

int work_values(struct work *work, struct row_work *row, struct error *error) {
    if (row->values != NULL) {
        return 0;
    }
    sqlite3_stmt *statement =
        statement_for(&work->master->statements, STATEMENT_READ, row->table, 0, error);
    row->values =
        arena_alloc_array(&work->arena, row->table->data_count, sizeof *row->values);
    if (statement == NULL || row->values == NULL) {
        return row->values == NULL ? error_out_of_memory(error) : -1;
    }
    work_bind_key(statement, 1, row->table, row->key);
    int rc = sqlite3_step(statement);
    int result = rc == SQLITE_ROW ? copy_values(work, row, statement, error) : 0;
    if (rc != SQLITE_ROW && rc != SQLITE_DONE) {
        result = error_from_sqlite(error, work->master->db, "reading a row");
    }
    sqlite3_reset(statement);
    return result;
}

struct value work_value(const struct row_work *row, const struct column *column) {
    assert(row->values != NULL);
    return row->values[column - row->table->columns];
}

int work_touch(struct work *work, struct row_work *row, enum row_operation operation,
               struct error *error) {
    if (grow(work, (void **)&work->touched, work->touched_count, &work->touched_capacity,
             sizeof *work->touched, error) != 0) {
        return -1;
    }
    work->touched[work->touched_count++] =
        (struct touched_row){row->table, row->key, operation};
    return 0;
}

int work_change(struct work *work, struct row_work *row, const struct column *column,
                struct value old_value, struct value new_value, struct error *error) {
    if (grow(work, (void **)&work->changed, work->changed_count, &work->changed_capacity,
             sizeof *work->changed, error) != 0) {
        return -1;
    }
    work->changed[work->changed_count++] =
        (struct changed_cell){row->table, row->key, column, old_value, new_value};
    return 0;
}

int work_conflict(struct work *work, const struct kept_conflict *conflict,
                  struct error *error) {
    if (grow(work, (void **)&work->conflicts, work->conflict_count,
             &work->conflict_capacity, sizeof *work->conflicts, error) != 0) {
        return -1;
    }
    work->conflicts[work->conflict_count++] = *conflict;
    return 0;
}

static void bind_stamp(sqlite3_stmt *statement, int index, const struct work *work,
                       bool both) {
    static const struct id NOBODY;
    const struct id *user = work->transaction ? &work->transaction->user : &NOBODY;
    for (int i = both ? 0 : 1; i < 2; i++) {
        sqlite3_bind_int64(statement, index++, clock_ms(work->time));
        sqlite3_bind_blob(statement, index++, user->bytes, ID_SIZE, SQLITE_TRANSIENT);
    }
    sqlite3_bind_int64(statement, index, work->gsn);
}

static void put_cells(struct row_work *row, const struct cell *cells, size_t count) {
    for (size_t i = 0; i < row->table->key_count; i++) {
        row->values[row->table->key[i] - row->table->columns] =
            value_blob((struct bytes){row->key.data + i * ID_SIZE, ID_SIZE});
    }
    for (size_t i = 0; i < count; i++) {
        const struct column *column = row->table->by_number[cells[i].column];
        row->values[column - row->table->columns] = cells[i].value;
    }
}

static uint64_t written_columns(const struct table *table, const struct cell *cells,
                                size_t count) {
    uint64_t columns = 0;
    for (size_t i = 0; i < table->key_count; i++) {
        columns |= 1ULL << table->key[i]->number;
    }
    for (size_t i = 0; i < count; i++) {
        columns |= 1ULL << cells[i].column;
    }
    return columns;
}

static int bind_columns(sqlite3_stmt *statement, const struct row_work *row,
                        uint64_t columns) {
    int index = 1;
    for (size_t i = 0; i < row->table->data_count; i++) {
        if ((columns >> row->table->columns[i].number & 1) != 0) {
            value_bind(statement, index++, row->values[i]);
        }
    }
    return index;
}

int work_insert(struct work *work, struct row_work *row, const struct cell *cells,
                size_t count, struct error *error) {
    uint64_t columns = written_columns(row->table, cells, count);
    sqlite3_stmt *statement = statement_for(&work->master->statements, STATEMENT_INSERT,
                                            row->table, columns, error);
    row->values =
        arena_alloc_array(&work->arena, row->table->data_count, sizeof *row->values);
    if (statement == NULL || row->values == NULL) {
        return row->values == NULL ? error_out_of_memory(error) : -1;
    }
    put_cells(row, cells, count);
    bind_stamp(statement, bind_columns(statement, row, columns), work, true);
    if (master_run(work->master, statement, "inserting a row", error) != 0) {
        return -1;
    }
    row->inserted = true;
    row->gsn = work->gsn;
    row->placements = arena_alloc(&work->arena, sizeof *row->placements);
    return row->placements == NULL ? error_out_of_memory(error) : 0;
}

int work_update(struct work *work, struct row_work *row, uint64_t columns,
                struct error *error) {
    sqlite3_stmt *statement = statement_for(&work->master->statements, STATEMENT_UPDATE,
                                            row->table, columns, error);
    if (statement == NULL) {
        return -1;
    }
    int index = bind_columns(statement, row, columns);
    bind_stamp(statement, index, work, false);
    work_bind_key(statement, index + 3, row->table, row->key);
    row->changed = true;
    return master_run(work->master, statement, "updating a row", error);
}
