/*
 * Indexes out of the way of a first sync.
 */
#include "client-core/bulk_indexes.h"

#include <string.h>

#include "schema/database.h"

enum { INDEXES_MAX = 1024, FEW_ROWS = 1000 };

static int keep(struct dropped_index *item, sqlite3_stmt *statement, struct arena *arena,
                struct error *error) {
    const char *name = column_text(statement, 0);
    item->name = arena_text(arena, name, strlen(name));
    const char *text = column_text(statement, 1);
    item->sql = arena_text(arena, text, strlen(text));
    return item->name && item->sql ? 0 : error_out_of_memory(error);
}

/* The indexes that have a text: SQLite's own have none. */
static int list(struct replica *replica, struct arena *arena, struct dropped_indexes *ret,
                struct error *error) {
    static const char sql[] = "select name, sql, tbl_name from sqlite_schema"
                              " where type = 'index' and sql is not null";
    sqlite3_stmt *statement = replica_statement(replica, sql, error);
    bool row = true;
    int failed = !statement;
    while (!failed && row && ret->count < INDEXES_MAX) {
        struct dropped_index *item = &ret->items[ret->count];
        if (replica_step(replica, statement, &row, error) != 0)
            return -1;
        if (!row)
            break;
        item->table = catalogue_table(replica->catalogue, column_text(statement, 2));
        if (!item->table)
            continue;
        failed = keep(item, statement, arena, error);
        ret->count++;
    }
    if (statement)
        sqlite3_reset(statement);
    return failed ? -1 : 0;
}

int bulk_indexes_drop(struct replica *replica, struct arena *arena,
                      struct dropped_indexes *ret, struct error *error) {
    int failed = 0;
    *ret = (struct dropped_indexes){
        .items = arena_alloc_array(arena, INDEXES_MAX, sizeof *ret->items)};
    if (!ret->items)
        return error_out_of_memory(error);
    if (list(replica, arena, ret, error) != 0)
        return -1;
    for (size_t i = 0; !failed && i < ret->count; i++) {
        struct buffer sql = buffer_make(1024);
        buffer_printf(&sql, "drop index \"%s\"", ret->items[i].name);
        failed = database_run(replica->db, buffer_text(&sql), error);
        buffer_free(&sql);
    }
    return failed;
}

int bulk_indexes_create(struct replica *replica, const struct dropped_indexes *dropped,
                        struct error *error) {
    for (size_t i = 0; i < dropped->count; i++)
        if (database_run(replica->db, dropped->items[i].sql, error) != 0)
            return -1;
    return 0;
}

/* --- afterwards ------------------------------------------------------------------------- */

static bool is_unique(const char *sql) {
    return sqlite3_strnicmp(sql, "create unique", strlen("create unique")) == 0;
}

static int has_few_rows(struct replica *replica, const struct table *table, bool *ret,
                        struct error *error) {
    struct buffer sql = buffer_make(256);
    int64_t rows = 0;
    buffer_printf(&sql, "select count(*) from (select 1 from main.\"%s\" limit %d)",
                  table->name, FEW_ROWS);
    int failed = database_integer(replica->db, buffer_text(&sql), &rows, error);
    buffer_free(&sql);
    *ret = rows < FEW_ROWS;
    return failed;
}

static int note(struct replica *replica, const struct dropped_index *item,
                struct error *error) {
    static const char insert[] =
        "insert or replace into station_index (name, sql) values (?1, ?2)";
    sqlite3_stmt *statement = replica_statement(replica, insert, error);
    if (!statement)
        return -1;
    bind_text(statement, 1, item->name);
    bind_text(statement, 2, item->sql);
    int failed = replica_finish(replica, statement, error);
    sqlite3_clear_bindings(statement);
    return failed;
}

int bulk_indexes_defer(struct replica *replica, const struct dropped_indexes *dropped,
                       struct error *error) {
    for (size_t i = 0; i < dropped->count; i++) {
        const struct dropped_index *item = &dropped->items[i];
        bool few = false;
        if (has_few_rows(replica, item->table, &few, error) != 0 ||
            (few || is_unique(item->sql) ? database_run(replica->db, item->sql, error)
                                         : note(replica, item, error)) != 0)
            return -1;
    }
    return 0;
}

/* The text of the next index to make, NULL when none is left. An index that is there again, or that a newer program no
 * longer wants, has no text. */
static int next_noted(struct replica *replica, struct arena *arena, const char **ret_name,
                      const char **ret_sql, struct error *error) {
    static const char sql[] =
        "select name, case when name in (select name from schema_object)"
        " and name not in (select name from sqlite_schema) then sql else '' end"
        " from station_index order by name limit 1";
    sqlite3_stmt *statement = replica_statement(replica, sql, error);
    bool row = false;
    *ret_name = *ret_sql = NULL;
    if (!statement || replica_step(replica, statement, &row, error) != 0)
        return -1;
    if (row) {
        const char *name = column_text(statement, 0);
        const char *text = column_text(statement, 1);
        *ret_name = arena_text(arena, name, strlen(name));
        *ret_sql = arena_text(arena, text, strlen(text));
    }
    sqlite3_reset(statement);
    return row && (!*ret_name || !*ret_sql) ? error_out_of_memory(error) : 0;
}

static int cross_out(struct replica *replica, const char *name, struct error *error) {
    static const char sql[] = "delete from station_index where name = ?1";
    sqlite3_stmt *statement = replica_statement(replica, sql, error);
    if (!statement)
        return -1;
    bind_text(statement, 1, name);
    int failed = replica_finish(replica, statement, error);
    sqlite3_clear_bindings(statement);
    return failed;
}

static int make_next(struct replica *replica, struct arena *arena, bool *ret_made,
                     struct error *error) {
    const char *name = NULL;
    const char *sql = NULL;
    if (replica_begin(replica, error) != 0)
        return -1;
    int failed = next_noted(replica, arena, &name, &sql, error);
    if (!failed && name)
        failed = (sql[0] && database_run(replica->db, sql, error) != 0) ||
                 cross_out(replica, name, error) != 0 ||
                 replica_commit(replica, error) != 0;
    replica_rollback(replica);
    *ret_made = name;
    return failed ? -1 : 0;
}

int bulk_indexes_finish(struct replica *replica, struct error *error) {
    static const char sql[] = "select exists (select 1 from station_index)";
    sqlite3_stmt *statement = replica_statement(replica, sql, error);
    struct arena arena = arena_make(LIMIT_JSON);
    int64_t noted = 0;
    int failed = !statement || replica_integer(replica, statement, &noted, error) != 0;
    for (bool more = noted; !failed && more;) {
        failed = make_next(replica, &arena, &more, error);
        arena_reset(&arena);
    }
    arena_free(&arena);
    return failed ? -1 : 0;
}
