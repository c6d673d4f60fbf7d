/* Sums of the rows in each scope: kept up by the writer, computed anew to fill and to check them. */
#include "server/sums.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "sync/digest.h"

struct scope_sum {
    int64_t scope;
    int64_t digest;
    int64_t rows;
};

struct scope_sums {
    struct scope_sum *changes;
    size_t count;
    size_t capacity;
    size_t
        mark; /* changes below it are left as they are: a savepoint may go back to them */
};

/* Far more scopes than one transaction touches; a later change of the same scope finds its place among these. */
enum { LOOK_BACK = 32 };

int scope_sums_make(struct scope_sums **ret, struct error *error) {
    *ret = calloc(1, sizeof **ret);
    return *ret == NULL ? error_out_of_memory(error) : 0;
}

void scope_sums_free(struct scope_sums *sums) {
    if (sums != NULL) {
        free(sums->changes);
        free(sums);
    }
}

/* --- a list of sums ----------------------------------------------------------------------------- */

static int make_room(struct scope_sums *sums, struct error *error) {
    if (sums->count < sums->capacity) {
        return 0;
    }
    size_t capacity = sums->capacity == 0 ? 64 : 2 * sums->capacity;
    struct scope_sum *changes = realloc(sums->changes, capacity * sizeof *sums->changes);
    if (changes == NULL) {
        return error_out_of_memory(error);
    }
    sums->changes = changes;
    sums->capacity = capacity;
    return 0;
}

static int add(struct scope_sums *sums, int64_t scope, int64_t digest, int64_t rows,
               struct error *error) {
    size_t first = sums->count > LOOK_BACK ? sums->count - LOOK_BACK : 0;
    first = first < sums->mark ? sums->mark : first;
    for (size_t i = sums->count; i > first; i--) {
        struct scope_sum *sum = &sums->changes[i - 1];
        if (sum->scope == scope) {
            sum->digest = digest_add(sum->digest, digest);
            sum->rows += rows;
            return 0;
        }
    }
    if (make_room(sums, error) != 0) {
        return -1;
    }
    sums->changes[sums->count++] = (struct scope_sum){scope, digest, rows};
    return 0;
}

static int compare_scopes(const void *a, const void *b) {
    int64_t first = ((const struct scope_sum *)a)->scope;
    int64_t second = ((const struct scope_sum *)b)->scope;
    return (first > second) - (first < second);
}

/* One sum per scope, ascending. */
static void merge_sums(struct scope_sums *sums) {
    size_t count = 0;
    if (sums->count > 1) {
        qsort(sums->changes, sums->count, sizeof *sums->changes, compare_scopes);
    }
    for (size_t i = 0; i < sums->count; i++) {
        struct scope_sum sum = sums->changes[i];
        if (count > 0 && sums->changes[count - 1].scope == sum.scope) {
            struct scope_sum *last = &sums->changes[count - 1];
            last->digest = digest_add(last->digest, sum.digest);
            last->rows += sum.rows;
        } else {
            sums->changes[count++] = sum;
        }
    }
    sums->mark = 0;
    sums->count = count;
}

/* --- the writer's ---------------------------------------------------------------------------------- */

int scope_sums_move(struct master *master, struct row_work *row,
                    const struct placement *before, size_t before_count, int64_t gsn,
                    struct error *error) {
    uint8_t table = row->table->number;
    int64_t former = digest_subtract(0, digest_of_row(table, row->key, row->counted));
    int64_t now = digest_of_row(table, row->key, gsn);
    for (size_t i = 0; i < before_count; i++) {
        if (!before[i].gone &&
            add(master->sums, before[i].scope_number, former, -1, error) != 0) {
            return -1;
        }
    }
    for (size_t i = 0; i < row->placement_count; i++) {
        const struct placement *place = &row->placements[i];
        if (!place->gone && add(master->sums, place->scope_number, now, 1, error) != 0) {
            return -1;
        }
    }
    row->counted = gsn;
    return 0;
}

size_t scope_sums_mark(struct scope_sums *sums) {
    sums->mark = sums->count;
    return sums->count;
}

void scope_sums_undo(struct scope_sums *sums, size_t mark) {
    sums->count = sums->mark = mark;
}

static int write_sum(sqlite3 *db, sqlite3_stmt *get, sqlite3_stmt *put,
                     const struct scope_sum *change, struct error *error) {
    struct scope_sum sum = *change;
    sqlite3_bind_int64(get, 1, change->scope);
    int rc = sqlite3_step(get);
    if (rc == SQLITE_ROW) {
        sum.digest = digest_add(sum.digest, sqlite3_column_int64(get, 0));
        sum.rows += sqlite3_column_int64(get, 1);
    }
    sqlite3_reset(get);
    if (rc != SQLITE_ROW && rc != SQLITE_DONE) {
        return error_from_sqlite(error, db, "reading a scope's sum");
    }
    sqlite3_bind_int64(put, 1, sum.scope);
    sqlite3_bind_int64(put, 2, sum.digest);
    sqlite3_bind_int64(put, 3, sum.rows);
    rc = sqlite3_step(put);
    sqlite3_reset(put);
    return rc == SQLITE_DONE ? 0 : error_from_sqlite(error, db, "writing a scope's sum");
}

int scope_sums_write(struct master *master, struct error *error) {
    struct scope_sums *sums = master->sums;
    if (sums->count == 0) {
        return 0;
    }
    sqlite3_stmt *get = master_statement(master, SQL_SUM_GET, error);
    sqlite3_stmt *put = get ? master_statement(master, SQL_SUM_PUT, error) : NULL;
    if (put == NULL) {
        return -1;
    }
    merge_sums(sums);
    for (size_t i = 0; i < sums->count; i++) {
        const struct scope_sum *sum = &sums->changes[i];
        if ((sum->digest != 0 || sum->rows != 0) &&
            write_sum(master->db, get, put, sum, error) != 0) {
            return -1;
        }
    }
    sums->count = 0;
    return 0;
}

/* --- computed from the rows -------------------------------------------------------------------------- */

/* Key and version of every row, with its places. */
static int open_rows(sqlite3 *db, const struct table *table, sqlite3_stmt **ret,
                     struct error *error) {
    struct buffer sql = buffer_make(LIMIT_TEXT);
    buffer_printf(
        &sql,
        /* cross: row_meta is looked up per row; the other way round takes n² steps */
        "select m.row_key, t.gsn, m.placements from %s t cross join row_meta m"
        " on m.table_number = %d and m.row_key = cast(", /* || makes text */
        table->name, table->number);
    for (size_t i = 0; i < table->key_count; i++) {
        buffer_printf(&sql, "%st.%s", i ? " || " : "", table->key[i]->name);
    }
    buffer_printf(&sql, " as blob)");
    int result = sql.failed ? error_out_of_memory(error)
                            : database_statement(db, buffer_text(&sql), ret, error);
    buffer_free(&sql);
    return result;
}

static int count_row(struct scope_sums *sums, const struct table *table,
                     sqlite3_stmt *statement, struct placement *places,
                     struct error *error) {
    size_t count = 0;
    struct bytes key = value_of_column(statement, 0).bytes;
    int64_t gsn = sqlite3_column_int64(statement, 1);
    if (key.size > LIMIT_KEY_COLUMNS * ID_SIZE) {
        return error_set(error, "database.corrupt", table->name, "a key is damaged");
    }
    int64_t digest = digest_of_row(table->number, key, gsn);
    if (placements_decode(value_of_column(statement, 2).bytes, places,
                          LIMIT_SCOPES_OF_ROW, &count, error) != 0) {
        return -1;
    }
    for (size_t i = 0; i < count; i++) {
        if (!places[i].gone && add(sums, places[i].scope_number, digest, 1, error) != 0) {
            return -1;
        }
    }
    return 0;
}

static bool has_table(sqlite3 *db, const char *name) {
    return sqlite3_table_column_metadata(db, NULL, name, NULL, NULL, NULL, NULL, NULL,
                                         NULL) == SQLITE_OK;
}

/* A table that an earlier program did not know is not there to be counted. */
static int count_table(struct scope_sums *sums, sqlite3 *db, const struct table *table,
                       struct placement *places, struct error *error) {
    enum { MANY = 100000 };
    sqlite3_stmt *statement = NULL;
    if (!has_table(db, table->name)) {
        return 0;
    }
    int result = open_rows(db, table, &statement, error);
    int rc = SQLITE_DONE;
    while (result == 0 && (rc = sqlite3_step(statement)) == SQLITE_ROW) {
        result = count_row(sums, table, statement, places, error);
        if (sums->count > MANY) {
            merge_sums(sums);
        }
    }
    if (result == 0 && rc != SQLITE_DONE) {
        result = error_from_sqlite(error, db, "reading rows");
    }
    sqlite3_finalize(statement);
    return result;
}

static int count_all(struct scope_sums *sums, sqlite3 *db,
                     const struct catalogue *catalogue, struct error *error) {
    struct placement *places = calloc(LIMIT_SCOPES_OF_ROW, sizeof *places);
    int result = places == NULL ? error_out_of_memory(error) : 0;
    for (size_t i = 0; i < catalogue->table_count && result == 0; i++) {
        result = count_table(sums, db, &catalogue->tables[i], places, error);
    }
    merge_sums(sums);
    free(places);
    return result;
}

/* Fills the empty table. */
static int write_all(const struct scope_sums *sums, sqlite3 *db, struct error *error) {
    sqlite3_stmt *put = NULL;
    int result =
        database_statement(db, "insert into scope_sum values (?, ?, ?)", &put, error);
    for (size_t i = 0; i < sums->count && result == 0; i++) {
        sqlite3_bind_int64(put, 1, sums->changes[i].scope);
        sqlite3_bind_int64(put, 2, sums->changes[i].digest);
        sqlite3_bind_int64(put, 3, sums->changes[i].rows);
        if (sqlite3_step(put) != SQLITE_DONE) {
            result = error_from_sqlite(error, db, "writing the sums of the scopes");
        }
        sqlite3_reset(put);
    }
    sqlite3_finalize(put);
    return result;
}

static int fill(sqlite3 *db, const struct catalogue *catalogue, struct error *error) {
    static const char TABLE[] = "create table scope_sum (scope integer primary key,"
                                " digest integer not null, rows integer not null) strict";
    static const char EXISTS[] =
        "select count(*) from sqlite_master where name = 'scope_sum'";
    struct scope_sums sums = {0};
    int64_t exists = 0;
    if (database_integer(db, EXISTS, &exists, error) != 0) {
        return -1;
    }
    if (exists) {
        return 0; /* another process was faster */
    }
    int result =
        database_run(db, TABLE, error) == 0 ? count_all(&sums, db, catalogue, error) : -1;
    if (result == 0) {
        result = write_all(&sums, db, error);
    }
    free(sums.changes);
    return result;
}

int scope_sums_prepare(sqlite3 *db, const struct catalogue *catalogue,
                       struct error *error) {
    if (has_table(db, "scope_sum")) {
        return 0;
    }
    if (database_run(db, "begin immediate", error) != 0) {
        return -1;
    }
    int result = fill(db, catalogue, error);
    if (result == 0) {
        result = database_run(db, "commit", error);
    }
    if (result != 0 && sqlite3_get_autocommit(db) == 0) {
        sqlite3_exec(db, "rollback", NULL, NULL, NULL);
    }
    return result;
}

/* --- compared with the rows ---------------------------------------------------------------------------- */

static int read_all(struct scope_sums *sums, sqlite3 *db, struct error *error) {
    sqlite3_stmt *statement = NULL;
    int result = database_statement(db, "select scope, digest, rows from scope_sum",
                                    &statement, error);
    int rc = SQLITE_DONE;
    while (result == 0 && (rc = sqlite3_step(statement)) == SQLITE_ROW) {
        result = add(sums, sqlite3_column_int64(statement, 0),
                     digest_subtract(0, sqlite3_column_int64(statement, 1)),
                     -sqlite3_column_int64(statement, 2), error);
    }
    if (result == 0 && rc != SQLITE_DONE) {
        result = error_from_sqlite(error, db, "reading the sums of the scopes");
    }
    sqlite3_finalize(statement);
    return result;
}

int scope_sums_check(sqlite3 *db, const struct catalogue *catalogue,
                     struct error *error) {
    struct scope_sums sums = {0};
    if (!has_table(db, "scope_sum")) {
        return 0; /* no program that keeps sums has had it yet */
    }
    int result = count_all(&sums, db, catalogue, error);
    if (result == 0) {
        result = read_all(&sums, db, error);
    }
    merge_sums(&sums);
    for (size_t i = 0; i < sums.count && result == 0; i++) {
        const struct scope_sum *sum = &sums.changes[i];
        if (sum->digest != 0 || sum->rows != 0) {
            result = error_set(error, "verify.sums", "scope_sum",
                               "the sum of scope %lld is not that of its rows"
                               " (%lld too few counted)",
                               (long long)sum->scope, (long long)sum->rows);
        }
    }
    free(sums.changes);
    return result;
}
