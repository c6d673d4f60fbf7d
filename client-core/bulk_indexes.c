/*
 * Indexes out of the way of a first sync.
 */
#include "client-core/bulk_indexes.h"

#include <string.h>

#include "schema/database.h"

enum { INDEXES_MAX = 1024 };

/* Names and texts of the indexes that have a text: SQLite's own have none. */
static int list(struct replica *replica, struct arena *arena, const char **names,
                struct dropped_indexes *ret, struct error *error) {
    static const char sql[] = "select name, sql, tbl_name from sqlite_schema"
                              " where type = 'index' and sql is not null";
    sqlite3_stmt *statement = replica_statement(replica, sql, error);
    bool row = true;
    while (statement && row && ret->count < INDEXES_MAX) {
        if (replica_step(replica, statement, &row, error) != 0)
            return -1;
        if (!row || !catalogue_table(replica->catalogue, column_text(statement, 2)))
            continue;
        const char *name = column_text(statement, 0);
        names[ret->count] = arena_text(arena, name, strlen(name));
        const char *text = column_text(statement, 1);
        ret->sql[ret->count] = arena_text(arena, text, strlen(text));
        if (!names[ret->count] || !ret->sql[ret->count]) {
            sqlite3_reset(statement);
            return error_out_of_memory(error);
        }
        ret->count++;
    }
    if (statement)
        sqlite3_reset(statement);
    return statement ? 0 : -1;
}

int bulk_indexes_drop(struct replica *replica, struct arena *arena,
                      struct dropped_indexes *ret, struct error *error) {
    const char **names = arena_alloc_array(arena, INDEXES_MAX, sizeof *names);
    int failed = 0;
    *ret = (struct dropped_indexes){
        .sql = arena_alloc_array(arena, INDEXES_MAX, sizeof *ret->sql)};
    if (!names || !ret->sql)
        return error_out_of_memory(error);
    if (list(replica, arena, names, ret, error) != 0)
        return -1;
    for (size_t i = 0; !failed && i < ret->count; i++) {
        struct buffer sql = buffer_make(1024);
        buffer_printf(&sql, "drop index \"%s\"", names[i]);
        failed = database_run(replica->db, buffer_text(&sql), error);
        buffer_free(&sql);
    }
    return failed;
}

int bulk_indexes_create(struct replica *replica, const struct dropped_indexes *dropped,
                        struct error *error) {
    for (size_t i = 0; i < dropped->count; i++)
        if (database_run(replica->db, dropped->sql[i], error) != 0)
            return -1;
    return 0;
}
