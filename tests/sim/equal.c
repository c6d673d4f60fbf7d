/* Rows as hashes, compared. */
#include "tests/sim/equal.h"

#include <stdlib.h>
#include <string.h>

static void mix(uint64_t *hash, const void *data, size_t size) {
    const uint8_t *bytes = data;
    for (size_t i = 0; i < size; i++) {
        *hash = (*hash ^ bytes[i]) * 0x100000001b3ULL;
    }
}

/* Who wrote what headquarters itself wrote: no id at headquarters, nothing at a station. */
static bool is_nobody(sqlite3_stmt *statement, int column) {
    static const uint8_t NOBODY[ID_SIZE];
    return sqlite3_column_bytes(statement, column) == ID_SIZE &&
           memcmp(sqlite3_column_blob(statement, column), NOBODY, ID_SIZE) == 0;
}

static void mix_cell(uint64_t *hash, sqlite3_stmt *statement, int column) {
    int type = is_nobody(statement, column) ? SQLITE_NULL
                                            : sqlite3_column_type(statement, column);
    int64_t integer = sqlite3_column_int64(statement, column);
    mix(hash, &type, sizeof type);
    if (type == SQLITE_INTEGER) {
        mix(hash, &integer, sizeof integer);
    } else if (type != SQLITE_NULL) {
        const void *data = sqlite3_column_blob(statement, column);
        mix(hash, data, (size_t)sqlite3_column_bytes(statement, column));
    }
}

static bool add(struct equal_rows *rows, const struct equal_row *row) {
    if (rows->count == rows->room) {
        size_t room = rows->room ? 2 * rows->room : 1024;
        struct equal_row *moved = realloc(rows->rows, room * sizeof *moved);
        if (moved == NULL) {
            return false;
        }
        rows->rows = moved;
        rows->room = room;
    }
    rows->rows[rows->count++] = *row;
    return true;
}

static bool read_row(const struct table *table, sqlite3_stmt *statement,
                     struct equal_rows *ret) {
    struct equal_row row = {.table = (uint8_t)table->number,
                            .cells = 0xcbf29ce484222325ULL};
    for (size_t i = 0; i < table->data_count; i++) {
        const struct column *column = &table->columns[i];
        const void *key = sqlite3_column_blob(statement, (int)i);
        if (column->key_position != 0 && key != NULL) {
            memcpy(row.key + (size_t)(column->key_position - 1) * ID_SIZE, key, ID_SIZE);
        }
        mix_cell(&row.cells, statement, (int)i);
    }
    for (int i = (int)table->data_count; i < sqlite3_column_count(statement); i++) {
        mix_cell(&row.cells, statement, i);
    }
    return add(ret, &row);
}

static int read_table(struct world *world, sqlite3 *db, const struct table *table,
                      struct equal_rows *ret) {
    struct buffer sql = buffer_make(LIMIT_TEXT);
    sqlite3_stmt *statement = NULL;
    int rc = SQLITE_ERROR;
    buffer_printf(&sql, "select ");
    for (size_t i = 0; i < table->data_count; i++) {
        buffer_printf(&sql, "\"%s\", ", table->columns[i].name);
    }
    buffer_printf(&sql, "created_at, created_by, updated_at, updated_by, gsn from \"%s\"",
                  table->name);
    if (sqlite3_prepare_v2(db, buffer_text(&sql), -1, &statement, NULL) == SQLITE_OK) {
        while ((rc = sqlite3_step(statement)) == SQLITE_ROW &&
               read_row(table, statement, ret)) {
        }
    }
    sqlite3_finalize(statement);
    buffer_free(&sql);
    return rc == SQLITE_DONE ? 0
                             : sim_wrong(&world->report, "%s cannot be read: %s",
                                         table->name, sqlite3_errmsg(db));
}

static int compare_keys(const void *a, const void *b) {
    const struct equal_row *one = a;
    const struct equal_row *other = b;
    return one->table != other->table ? (int)one->table - (int)other->table
                                      : memcmp(one->key, other->key, sizeof one->key);
}

int equal_read(struct world *world, sqlite3 *db, const char *whose,
               struct equal_rows *ret) {
    const struct catalogue *catalogue = world->options.catalogue;
    memset(ret, 0, sizeof *ret);
    for (size_t i = 0; i < catalogue->table_count; i++) {
        if (read_table(world, db, &catalogue->tables[i], ret) != 0) {
            equal_free(ret);
            return -1;
        }
    }
    if (ret->count > 0)
        qsort(ret->rows, ret->count, sizeof *ret->rows, compare_keys);
    sim_trace(&world->report, "%s holds %zu rows", whose, ret->count);
    return 0;
}

void equal_free(struct equal_rows *rows) {
    free(rows->rows);
    memset(rows, 0, sizeof *rows);
}

static int differs(struct world *world, const char *whose, const struct equal_row *row,
                   const char *what) {
    char key[ID_TEXT_SIZE];
    struct id id;
    const char *name = "?";
    memcpy(id.bytes, row->key, ID_SIZE);
    id_format(id, key);
    for (size_t i = 0; i < world->options.catalogue->table_count; i++) {
        const struct table *table = &world->options.catalogue->tables[i];
        name = table->number == row->table ? table->name : name;
    }
    return sim_wrong(&world->report, "%s: %s %s %s", whose, name, key, what);
}

int equal_to_master(struct world *world, const struct sim_station *station,
                    const struct equal_rows *master) {
    struct equal_rows rows;
    const char *whose = station->machine.name;
    int result = equal_read(world, station->watch, whose, &rows);
    for (size_t i = 0; i < rows.count && result == 0; i++) {
        const struct equal_row *row = &rows.rows[i];
        const struct equal_row *there =
            bsearch(row, master->rows, master->count, sizeof *row, compare_keys);
        if (there == NULL) {
            result = differs(world, whose, row, "is not at headquarters");
        } else if (there->cells != row->cells) {
            result = differs(world, whose, row, "is not what headquarters has");
        }
    }
    equal_free(&rows);
    return result;
}

/* Both are in order: the first row that only one has, or that differs. */
int equal_stations(struct world *world, const struct sim_station *one,
                   const struct sim_station *other) {
    struct equal_rows a;
    struct equal_rows b;
    if (equal_read(world, one->watch, one->machine.name, &a) != 0) {
        return -1;
    }
    int result = equal_read(world, other->watch, other->machine.name, &b);
    size_t i = 0;
    size_t k = 0;
    while (result == 0 && (i < a.count || k < b.count)) {
        int order = i == a.count   ? 1
                    : k == b.count ? -1
                                   : compare_keys(&a.rows[i], &b.rows[k]);
        if (order < 0) {
            result = differs(world, one->machine.name, &a.rows[i],
                             "is not at a new station for the same people");
        } else if (order > 0) {
            result = differs(world, one->machine.name, &b.rows[k],
                             "is missing: a new station for the same people has it");
        } else if (a.rows[i].cells != b.rows[k].cells) {
            result = differs(world, one->machine.name, &a.rows[i],
                             "is not what a new station for the same people has");
        }
        i += order <= 0;
        k += order >= 0;
    }
    equal_free(&a);
    equal_free(&b);
    return result;
}
