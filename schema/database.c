/*
 * Opening a database and making or upgrading the domain in it.
 *
 * Upgrades only go forward and only add: tables of the catalogue that are not there are
 * created, columns that are not there are appended (so the order of columns differs between
 * an upgraded and a fresh database: name columns, never count them). What derived/ makes is
 * listed in `schema_object`, dropped and made anew whenever its text changed.
 */
#include "schema/database.h"

#include <assert.h>
#include <string.h>

#include "schema/base/hash.h"

enum { BUSY_MS = 10000 };

static const char state_ddl[] =
    "create table if not exists schema_state"
    " (name text primary key not null, value blob not null) strict, without rowid;"
    "create table if not exists schema_object"
    " (name text primary key not null) strict, without rowid;";

/* "SCH" and the kind, so that file(1) and we can tell what a file is. */
static int64_t application_id(enum database_kind kind) {
    return 0x53434800 + (int64_t)kind;
}

/* --- opening ------------------------------------------------------------------------------ */

static int configure(sqlite3 *db, bool read_only, struct error *error) {
    sqlite3_extended_result_codes(db, 1);
    sqlite3_busy_timeout(db, BUSY_MS);
    if (sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL) != SQLITE_OK ||
        sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL) != SQLITE_OK ||
        sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_FKEY, 0, NULL) != SQLITE_OK ||
        sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DML, 0, NULL) != SQLITE_OK ||
        sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DDL, 0, NULL) != SQLITE_OK)
        return error_from_sqlite(error, db, "configuring the database");
    if (!read_only && database_run(db, "pragma journal_mode = wal", error) != 0)
        return -1;
    return database_run(db, "pragma synchronous = full; pragma cell_size_check = on",
                        error);
}

int database_open(const char *path, bool create, bool read_only, sqlite3 **ret,
                  struct error *error) {
    sqlite3 *db = NULL;
    int flags = SQLITE_OPEN_NOMUTEX;
    flags |= read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
    if (create && !read_only)
        flags |= SQLITE_OPEN_CREATE;
    int rc = 0;
    if (sqlite3_open_v2(path, &db, flags, NULL) != SQLITE_OK)
        rc = error_from_sqlite(error, db, "opening the database");
    else
        rc = configure(db, read_only, error);
    if (rc != 0) {
        sqlite3_close(db);
        return -1;
    }
    *ret = db;
    return 0;
}

/* --- small things ------------------------------------------------------------------------- */

int database_run(sqlite3 *db, const char *sql, struct error *error) {
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        return error_from_sqlite(error, db, "running SQL");
    return 0;
}

int database_statement(sqlite3 *db, const char *sql, sqlite3_stmt **ret,
                       struct error *error) {
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL) !=
        SQLITE_OK)
        return error_from_sqlite(error, db, "preparing SQL");
    assert(statement); /* an empty text is a bug */
    *ret = statement;
    return 0;
}

int database_integer(sqlite3 *db, const char *sql, int64_t *ret, struct error *error) {
    sqlite3_stmt *statement = NULL;
    if (database_statement(db, sql, &statement, error) != 0)
        return -1;
    int rc = sqlite3_step(statement);
    int64_t number = rc == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
    bool failed = rc != SQLITE_ROW && rc != SQLITE_DONE;
    if (failed)
        error_from_sqlite(error, db, "reading a number");
    sqlite3_finalize(statement);
    if (failed)
        return -1;
    *ret = number;
    return 0;
}

/* Runs `sql` with one text bound; *ret_found tells whether it returned a row. */
static int ask(sqlite3 *db, const char *sql, struct value value, bool *ret_found,
               struct error *error) {
    sqlite3_stmt *statement = NULL;
    if (database_statement(db, sql, &statement, error) != 0)
        return -1;
    value_bind(statement, 1, value);
    int rc = sqlite3_step(statement);
    bool failed = rc != SQLITE_ROW && rc != SQLITE_DONE;
    if (failed)
        error_from_sqlite(error, db, "asking the schema");
    else
        *ret_found = rc == SQLITE_ROW;
    sqlite3_finalize(statement);
    return failed ? -1 : 0;
}

static int run_all(sqlite3 *db, const char *const *texts, size_t count,
                   struct error *error) {
    for (size_t i = 0; i < count; i++)
        if (database_run(db, texts[i], error) != 0)
            return -1;
    return 0;
}

/* --- derived/ ----------------------------------------------------------------------------- */

static void hash_derived(const struct catalogue *catalogue, uint8_t ret_hash[HASH_SIZE]) {
    struct hash hash;
    hash_begin(&hash);
    for (size_t i = 0; i < catalogue->derived_count; i++)
        hash_add(&hash, bytes_of_text(catalogue->derived[i]));
    hash_end(&hash, ret_hash);
}

static int derived_is_current(sqlite3 *db, const uint8_t hash[HASH_SIZE],
                              bool *ret_current, struct error *error) {
    struct value value = value_blob((struct bytes){hash, HASH_SIZE});
    return ask(db, "select 1 from schema_state where name = 'derived' and value = ?1",
               value, ret_current, error);
}

/* The next object to drop, as a statement: views and triggers first. A virtual table comes before
 * the shadow tables that vanish with it, since their names begin with its own. */
static const char next_drop[] =
    "select 'drop ' || m.type || ' \"' || m.name || '\"'"
    "  from schema_object o join sqlite_schema m on m.name = o.name"
    " order by m.type in ('view', 'trigger') desc, m.type = 'index' desc,"
    "          m.name limit 1";

static int drop_derived(sqlite3 *db, struct error *error) {
    for (;;) {
        sqlite3_stmt *statement = NULL;
        char drop[256] = "";
        if (database_statement(db, next_drop, &statement, error) != 0)
            return -1;
        int rc = sqlite3_step(statement);
        if (rc == SQLITE_ROW)
            sqlite3_snprintf(sizeof drop, drop, "%s", sqlite3_column_text(statement, 0));
        sqlite3_finalize(statement);
        if (rc != SQLITE_ROW && rc != SQLITE_DONE)
            return error_from_sqlite(error, db, "listing derived objects");
        if (rc == SQLITE_DONE)
            return database_run(db, "delete from schema_object where true", error);
        if (database_run(db, drop, error) != 0)
            return -1;
    }
}

static int note_derived(sqlite3 *db, const uint8_t hash[HASH_SIZE], struct error *error) {
    struct value value = value_blob((struct bytes){hash, HASH_SIZE});
    bool found;
    if (database_run(
            db,
            "insert into schema_object select name from sqlite_schema"
            " where sql is not null and name not in (select name from temp.schema_before)"
            " and name not like 'sqlite\\_%' escape '\\';"
            "drop table temp.schema_before",
            error) != 0)
        return -1;
    return ask(db, "insert or replace into schema_state values ('derived', ?1)", value,
               &found, error);
}

static int make_derived(sqlite3 *db, const struct catalogue *catalogue,
                        const uint8_t hash[HASH_SIZE], struct error *error) {
    if (drop_derived(db, error) != 0 ||
        database_run(db,
                     "create temp table schema_before as select name from sqlite_schema",
                     error) != 0 ||
        run_all(db, catalogue->derived, catalogue->derived_count, error) != 0)
        return -1;
    return note_derived(db, hash, error);
}

/* --- tables ------------------------------------------------------------------------------- */

static int add_columns(sqlite3 *db, const struct table *table, struct error *error) {
    for (size_t i = 0; i < table->data_count; i++) {
        const struct column *column = &table->columns[i];
        bool found;
        char sql[256];
        sqlite3_snprintf(sizeof sql, sql,
                         "select 1 from pragma_table_info('%s') where name = ?1",
                         table->name);
        if (ask(db, sql, value_text(column->name), &found, error) != 0)
            return -1;
        if (found)
            continue;
        char *alter = sqlite3_mprintf("alter table %s add column %s", table->name,
                                      column->definition);
        if (!alter)
            return error_out_of_memory(error);
        int rc = database_run(db, alter, error);
        sqlite3_free(alter);
        if (rc != 0)
            return -1;
    }
    return 0;
}

static int upgrade_tables(sqlite3 *db, const struct catalogue *catalogue,
                          struct error *error) {
    for (size_t i = 0; i < catalogue->table_count; i++) {
        const struct table *table = &catalogue->tables[i];
        bool found;
        if (ask(db, "select 1 from sqlite_schema where type = 'table' and name = ?1",
                value_text(table->name), &found, error) != 0)
            return -1;
        int rc =
            found ? add_columns(db, table, error) : database_run(db, table->ddl, error);
        if (rc != 0)
            return -1;
    }
    return 0;
}

static int set_version(sqlite3 *db, enum database_kind kind, int version,
                       struct error *error) {
    char sql[128];
    sqlite3_snprintf(sizeof sql, sql,
                     "pragma application_id = %lld; pragma user_version = %d",
                     (long long)application_id(kind), version);
    return database_run(db, sql, error);
}

/* --- preparing ---------------------------------------------------------------------------- */

struct state {
    int64_t objects; /* 0: an empty database */
    int64_t application;
    int64_t version;
};

static int read_state(sqlite3 *db, struct state *ret, struct error *error) {
    if (database_integer(db, "select count(*) from sqlite_schema", &ret->objects,
                         error) != 0 ||
        database_integer(db, "pragma application_id", &ret->application, error) != 0)
        return -1;
    return database_integer(db, "pragma user_version", &ret->version, error);
}

static int check_state(const struct state *state, enum database_kind kind, int version,
                       struct error *error) {
    if (state->objects == 0 && state->application == 0)
        return 0;
    if (state->application != application_id(kind))
        return error_set(error, "database.wrong_kind", NULL,
                         "This file is no %s of Satchel (application id %lld).",
                         kind == DATABASE_MASTER ? "master database" : "station database",
                         (long long)state->application);
    if (state->version > version)
        return error_set(
            error, "database.newer", NULL,
            "This database was made by a newer program (schema version %lld, this "
            "program knows %d): install the newer program.",
            (long long)state->version, version);
    return 0;
}

static int prepare_inside(sqlite3 *db, const struct database_target *target,
                          const struct state *state, struct error *error) {
    const struct catalogue *catalogue = target->catalogue;
    uint8_t hash[HASH_SIZE];
    bool fresh = state->objects == 0;
    bool current = false;
    bool upgrade = fresh || state->version < target->version;
    hash_derived(catalogue, hash);
    if (upgrade && database_run(db, state_ddl, error) != 0)
        return -1;
    if (fresh && run_all(db, catalogue->ddl, catalogue->ddl_count, error) != 0)
        return -1;
    if (upgrade &&
        (drop_derived(db, error) != 0 ||
         (!fresh && upgrade_tables(db, catalogue, error) != 0) ||
         database_run(db, target->engine_sql ? target->engine_sql : "", error) != 0))
        return -1;
    if (!upgrade && derived_is_current(db, hash, &current, error) != 0)
        return -1;
    if (!current && make_derived(db, catalogue, hash, error) != 0)
        return -1;
    return upgrade ? set_version(db, target->kind, target->version, error) : 0;
}

/* Whether there is nothing to do, without waiting for whoever writes at the moment. */
static int is_current(sqlite3 *db, const struct database_target *target,
                      bool *ret_current, struct error *error) {
    struct state state;
    uint8_t hash[HASH_SIZE];
    *ret_current = false;
    if (read_state(db, &state, error) != 0 ||
        check_state(&state, target->kind, target->version, error) != 0)
        return -1;
    if (state.objects == 0 || state.version != target->version)
        return 0;
    hash_derived(target->catalogue, hash);
    return derived_is_current(db, hash, ret_current, error);
}

static int prepare_locked(sqlite3 *db, const struct database_target *target,
                          bool *ret_created, struct error *error) {
    struct state state;
    if (database_run(db, "begin immediate", error) != 0)
        return -1;
    int rc = read_state(db, &state, error); /* again: somebody may have been faster */
    if (rc == 0)
        rc = check_state(&state, target->kind, target->version, error);
    if (rc == 0)
        rc = prepare_inside(db, target, &state, error);
    if (rc == 0)
        rc = database_run(db, "commit", error);
    if (rc != 0) {
        (void)database_run(db, "rollback", NULL); /* fails when SQLite already did it */
        return -1;
    }
    *ret_created = state.objects == 0;
    return 0;
}

int database_prepare_target(sqlite3 *db, const struct database_target *target,
                            bool *ret_created, struct error *error) {
    bool current;
    bool created = false;
    if (is_current(db, target, &current, error) != 0)
        return -1;
    if (!current && prepare_locked(db, target, &created, error) != 0)
        return -1;
    if (ret_created)
        *ret_created = created;
    return 0;
}

int database_prepare(sqlite3 *db, const struct catalogue *catalogue,
                     enum database_kind kind, const char *engine_sql, bool *ret_created,
                     struct error *error) {
    const struct database_target target = {.catalogue = catalogue,
                                           .kind = kind,
                                           .version = catalogue->version,
                                           .engine_sql = engine_sql};
    return database_prepare_target(db, &target, ret_created, error);
}

int database_check(sqlite3 *db, const struct catalogue *catalogue,
                   enum database_kind kind, struct error *error) {
    struct state state;
    return read_state(db, &state, error) != 0
               ? -1
               : check_state(&state, kind, catalogue->version, error);
}
