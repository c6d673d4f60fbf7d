/*
 * What one person may see: covers over the tables of a connection, and the scopes behind them.
 */
#include "client-core/visible.h"

#include <stdlib.h>
#include <string.h>

#include "schema/database.h"
#include "sync/scope.h"

enum { SCHEMA_SIZE = 8 * 1024 * 1024 };

struct visible {
    struct replica *replica;
    role_set ceiling;
    bool writing;
    bool guarding;
    sqlite3_stmt *rows[LIMIT_TABLES]; /* by number: is a row there? */
};

/* --- the authorizer ----------------------------------------------------------------------------------- */

static bool starts_with(const char *text, const char *start) {
    return strncmp(text, start, strlen(start)) == 0;
}

/* Virtual tables that hold nothing of the replica. */
static bool is_harmless(const char *table) {
    static const char *const names[] = {"json_each", "json_tree", "touched", "changed"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(table, names[i]) == 0)
            return true;
    return false;
}

bool visible_allows(const struct visible *visible, const char *table,
                    const char *database, const char *view) {
    const struct catalogue *catalogue = visible->replica->catalogue;
    const struct table *found = table ? catalogue_table(catalogue, table) : NULL;
    if (!found)
        return table &&
               ((database && strcmp(database, "temp") == 0) || is_harmless(table) ||
                starts_with(table, "sqlite_subquery") || !*table);
    if (!visible_covers(found) || (database && strcmp(database, "temp") == 0))
        return true;
    const struct table *cover = view ? catalogue_table(catalogue, view) : NULL;
    return (cover && visible_covers(cover)) || (view && starts_with(view, "seen_"));
}

static int authorize(void *context, int action, const char *first, const char *second,
                     const char *database, const char *view) {
    const struct visible *visible = context;
    (void)second;
    if (!visible->guarding)
        return SQLITE_OK;
    switch (action) {
    case SQLITE_SELECT:
    case SQLITE_FUNCTION:
    case SQLITE_RECURSIVE:
        return SQLITE_OK;
    case SQLITE_READ:
        return visible_allows(visible, first, database, view) ? SQLITE_OK : SQLITE_DENY;
    default:
        return SQLITE_DENY;
    }
}

void visible_guard(struct visible *visible, bool on) {
    if (visible)
        visible->guarding = on;
}

/* --- opening -------------------------------------------------------------------------------------------- */

/* The domain's views once more, over the covers: their text, as TEMP views. */
static int put_views(struct replica *replica, struct buffer *sql, struct error *error) {
    static const char views[] =
        "select sql from main.sqlite_schema where type = 'view' order by rowid";
    static const char create[] = "create view";
    sqlite3_stmt *statement = replica_statement(replica, views, error);
    bool row = true;
    int failed = statement ? 0 : -1;
    while (!failed && row) {
        failed = replica_step(replica, statement, &row, error);
        if (failed || !row)
            continue;
        const char *text = column_text(statement, 0);
        if (sqlite3_strnicmp(text, create, sizeof create - 1) != 0)
            failed = error_set(error, "database.corrupt", "", "a view has no text");
        else
            buffer_printf(sql, "create temp view%s;", text + sizeof create - 1);
    }
    if (statement)
        sqlite3_reset(statement);
    return failed;
}

static int cover(struct replica *replica, bool writing, struct error *error) {
    struct buffer sql = buffer_make(SCHEMA_SIZE);
    buffer_printf(&sql, "pragma temp_store = memory;");
    visible_put_schema(replica->catalogue, writing, &sql);
    int failed = put_views(replica, &sql, error);
    if (!failed)
        failed = sql.failed ? error_out_of_memory(error)
                            : database_run(replica->db, buffer_text(&sql), error);
    buffer_free(&sql);
    return failed;
}

int visible_open(struct replica *replica, role_set ceiling, bool writing,
                 struct error *error) {
    struct visible *visible = calloc(1, sizeof *visible);
    if (!visible)
        return error_out_of_memory(error);
    visible->replica = replica;
    visible->ceiling = ceiling;
    visible->writing = writing;
    if (cover(replica, writing, error) != 0) {
        visible_close(visible);
        return -1;
    }
    replica->visible = visible;
    if (writing)
        return 0; /* command_cache.c has the authorizer there */
    /* The first use of json_each declares it, which looks like a write to sqlite_schema. */
    sqlite3_exec(replica->db, "select count(*) from json_each('[]'), json_tree('[]')",
                 NULL, NULL, NULL);
    sqlite3_set_authorizer(replica->db, authorize, visible);
    return 0;
}

void visible_close(struct visible *visible) {
    if (!visible)
        return;
    if (!visible->writing)
        sqlite3_set_authorizer(visible->replica->db, NULL, NULL);
    for (size_t i = 0; i < LIMIT_TABLES; i++)
        sqlite3_finalize(visible->rows[i]);
    free(visible);
}

/* --- the scopes of a person -------------------------------------------------------------------------------- */

static int run(struct replica *replica, const char *sql, struct error *error) {
    sqlite3_stmt *statement = replica_statement(replica, sql, error);
    return statement ? replica_finish(replica, statement, error) : -1;
}

static int empty(struct replica *replica, struct error *error) {
    static const char users[] = "delete from temp.seen_user";
    static const char branches[] = "delete from temp.seen_branch";
    static const char pools[] = "delete from temp.seen_pool";
    static const char last[] = "delete from temp.seen_for";
    return run(replica, users, error) != 0 || run(replica, branches, error) != 0 ||
                   run(replica, pools, error) != 0 || run(replica, last, error) != 0
               ? -1
               : 0;
}

static int add_scope(struct replica *replica, enum scope_kind kind, const struct id *id,
                     struct error *error) {
    static const char user[] = "insert or ignore into temp.seen_user values (?1)";
    static const char branch[] = "insert or ignore into temp.seen_branch values (?1)";
    static const char pool[] = "insert or ignore into temp.seen_pool values (?1)";
    const char *sql = kind == SCOPE_USER     ? user
                      : kind == SCOPE_BRANCH ? branch
                      : kind == SCOPE_POOL   ? pool
                                             : NULL;
    sqlite3_stmt *statement = sql ? replica_statement(replica, sql, error) : NULL;
    if (!statement)
        return sql ? -1 : 0;
    bind_id(statement, 1, id);
    return replica_finish(replica, statement, error);
}

/* A scope that comes with a role is only seen under a ceiling that has the role. */
static bool under_ceiling(const struct visible *visible, sqlite3_stmt *statement) {
    return sqlite3_column_type(statement, 2) == SQLITE_NULL ||
           (catalogue_role(visible->replica->catalogue, column_text(statement, 2)) &
            visible->ceiling) != 0;
}

/* One row of engine_scope, as headquarters reads it. */
static int take_scope(struct visible *visible, sqlite3_stmt *statement, bool *all,
                      struct error *error) {
    if (!under_ceiling(visible, statement))
        return 0;
    int kind = scope_kind_of_text(column_bytes(statement, 0));
    if (kind == SCOPE_HQ) {
        *all = true;
        return 0;
    }
    struct id id = column_id(statement, 1);
    return id_is_zero(id)
               ? 0
               : add_scope(visible->replica, (enum scope_kind)kind, &id, error);
}

static int fill(struct visible *visible, const struct id *user, bool *ret_all,
                struct error *error) {
    static const char sql[] =
        "select kind, target_id, role from main.engine_scope where user_id = ?1";
    struct replica *replica = visible->replica;
    sqlite3_stmt *statement = replica_statement(replica, sql, error);
    bool row = true;
    bool all = false;
    if (!statement || empty(replica, error) != 0 ||
        add_scope(replica, SCOPE_USER, user, error) != 0)
        return -1;
    bind_id(statement, 1, user);
    int failed = 0;
    while (!failed && row) {
        failed = replica_step(replica, statement, &row, error);
        if (!failed && row)
            failed = take_scope(visible, statement, &all, error);
    }
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    *ret_all = all;
    return failed;
}

/* What is filled is noted beside it, in the same transaction: undone together with it. */
static int note(struct replica *replica, const struct id *user, bool all,
                int64_t data_version, struct error *error) {
    static const char sql[] = "insert into temp.seen_for values (?1, ?2, ?3, ?4)";
    sqlite3_stmt *statement = replica_statement(replica, sql, error);
    if (!statement)
        return -1;
    bind_id(statement, 1, user);
    sqlite3_bind_int(statement, 2, all);
    sqlite3_bind_int64(statement, 3, data_version);
    sqlite3_bind_int64(statement, 4, sqlite3_total_changes64(replica->db) + 1);
    int failed = replica_finish(replica, statement, error);
    sqlite3_clear_bindings(statement);
    return failed;
}

static int is_filled(struct replica *replica, const struct id *user,
                     int64_t *ret_data_version, bool *ret_filled, bool *ret_all,
                     struct error *error) {
    static const char version[] = "pragma data_version";
    static const char sql[] = "select all_rows from temp.seen_for where user_id = ?1"
                              " and data_version = ?2 and changes = ?3";
    sqlite3_stmt *asked = replica_statement(replica, version, error);
    sqlite3_stmt *statement = replica_statement(replica, sql, error);
    bool row = false;
    if (!asked || !statement ||
        replica_integer(replica, asked, ret_data_version, error) != 0)
        return -1;
    bind_id(statement, 1, user);
    sqlite3_bind_int64(statement, 2, *ret_data_version);
    sqlite3_bind_int64(statement, 3, sqlite3_total_changes64(replica->db));
    if (replica_step(replica, statement, &row, error) != 0)
        return -1;
    *ret_filled = row;
    *ret_all = row && sqlite3_column_int(statement, 0) != 0;
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    return 0;
}

int visible_for(struct visible *visible, const struct id *user, bool *ret_all,
                struct error *error) {
    static const char own[] = "delete from temp.seen_own";
    struct replica *replica = visible->replica;
    int64_t data_version = 0;
    bool filled = false;
    bool all = false;
    if (is_filled(replica, user, &data_version, &filled, &all, error) != 0)
        return -1;
    if (!filled && (fill(visible, user, &all, error) != 0 ||
                    note(replica, user, all, data_version, error) != 0))
        return -1;
    if (visible->writing && run(replica, own, error) != 0)
        return -1;
    *ret_all = all;
    return 0;
}

/* --- one row ---------------------------------------------------------------------------------------------------- */

static sqlite3_stmt *row_statement(struct visible *visible, const struct table *table,
                                   struct error *error) {
    sqlite3_stmt **statement = &visible->rows[table->number];
    struct buffer sql = buffer_make(LIMIT_TEXT);
    if (*statement)
        return *statement;
    buffer_printf(&sql, "select 1 from \"%s\"", table->name);
    for (size_t i = 0; i < table->key_count; i++)
        buffer_printf(&sql, "%s\"%s\" = ?%zu", i ? " and " : " where ",
                      table->key[i]->name, i + 1);
    int failed = sql.failed ? error_out_of_memory(error)
                            : database_statement(visible->replica->db, buffer_text(&sql),
                                                 statement, error);
    buffer_free(&sql);
    return failed ? NULL : *statement;
}

int visible_row(struct visible *visible, const struct table *table, struct bytes key,
                bool *ret, struct error *error) {
    *ret = false;
    if (key.size != table->key_count * ID_SIZE)
        return 0;
    sqlite3_stmt *statement = row_statement(visible, table, error);
    if (!statement)
        return -1;
    for (size_t i = 0; i < table->key_count; i++)
        sqlite3_bind_blob(statement, (int)i + 1, key.data + i * ID_SIZE, ID_SIZE,
                          SQLITE_STATIC);
    int failed = replica_step(visible->replica, statement, ret, error);
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    return failed;
}
