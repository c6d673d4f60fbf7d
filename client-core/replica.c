/*
 * The replica: opening, the cache of prepared statements, transactions.
 */
#include "client-core/replica.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "client-core/row_access.h"
#include "client-core/visible.h"
#include "schema/database.h"

static const char rollback_sql[] = "rollback";

/* Added after the first release; made wherever it is not there. */
static const char later_indexes[] =
    "create table if not exists station_index (name text primary key not null, sql text not null)"
    " strict, without rowid;"
    "create index if not exists station_outbox_refused on station_outbox (position)"
    " where verdict = 3;"
    "create index if not exists station_bundle_deferred on station_bundle (position)"
    " where deferred = 1";

/* What replicas of earlier programs lack. SQLite has no IF NOT EXISTS for columns, and another process may be doing
 * the same. */
struct later_column {
    const char *has; /* counts it */
    const char *alter;
};

static const struct later_column later_columns[] = {
    {"select count(*) from pragma_table_info('station_outbox') where name = 'former'",
     "alter table station_outbox add column former blob"},
    {"select count(*) from pragma_table_info('station_outbox') where name = 'retired'",
     "alter table station_outbox add column retired integer not null default 0"},
    /* A station can be several devices in turn, whose bundles are numbered each on its own. */
    {"select count(*) from pragma_table_info('station_bundle') where name = 'position'",
     "alter table station_bundle rename column number to position;"
     "alter table station_bundle add column device blob;"
     "alter table station_bundle add column number integer not null default 0;"
     "update station_bundle set number = position"},
    /* Headquarters can lose some of its history. */
    {"select count(*) from pragma_table_info('station_outbox') where name = 'epoch'",
     "alter table station_outbox add column epoch integer;"
     "alter table station_outbox add column lost_gsn integer"},
    {"select count(*) from pragma_table_info('station_bundle') where name = 'epoch'",
     "alter table station_bundle add column epoch integer not null default 1;"
     "alter table station_bundle add column deferred integer not null default 0"},
};

static int has_column(struct replica *replica, const struct later_column *column,
                      bool *ret, struct error *error) {
    int64_t found = 0;
    if (database_integer(replica->db, column->has, &found, error) != 0)
        return -1;
    *ret = found != 0;
    return 0;
}

static int add_column(struct replica *replica, const struct later_column *column,
                      struct error *error) {
    bool has = false;
    if (has_column(replica, column, &has, error) != 0)
        return -1;
    if (has)
        return 0;
    int failed = replica_begin(replica, error) != 0 ||
                 has_column(replica, column, &has, error) != 0 ||
                 (!has && database_run(replica->db, column->alter, error) != 0) ||
                 replica_commit(replica, error) != 0;
    replica_rollback(replica);
    return failed ? -1 : 0;
}

static int add_columns(struct replica *replica, struct error *error) {
    for (size_t i = 0; i < sizeof later_columns / sizeof *later_columns; i++)
        if (add_column(replica, &later_columns[i], error) != 0)
            return -1;
    return 0;
}

static int replica_make(const struct catalogue *catalogue, const struct env *env,
                        struct replica **ret, struct error *error) {
    struct replica *replica = calloc(1, sizeof *replica);
    if (!replica)
        return error_out_of_memory(error);
    replica->catalogue = catalogue;
    replica->env = env;
    replica->functions.env = env;
    replica->functions.catalogue = catalogue;
    *ret = replica;
    return 0;
}

int replica_open(const char *path, bool create, const struct catalogue *catalogue,
                 const struct env *env, struct replica **ret, struct error *error) {
    struct replica *replica = NULL;
    bool created = false;
    if (replica_make(catalogue, env, &replica, error) != 0 ||
        database_open(path, create, false, &replica->db, error) != 0 ||
        functions_register(replica->db, &replica->functions, error) != 0 ||
        database_prepare(replica->db, catalogue, DATABASE_STATION, replica_tables_sql,
                         &created, error) != 0 ||
        add_columns(replica, error) != 0 ||
        database_run(replica->db, later_indexes, error) != 0 ||
        /* ready before memory runs out */
        !replica_statement(replica, rollback_sql, error)) {
        replica_close(replica);
        return -1;
    }
    *ret = replica;
    return 0;
}

int replica_open_reader(const char *path, const struct catalogue *catalogue,
                        const struct env *env, struct replica **ret,
                        struct error *error) {
    struct replica *replica = NULL;
    if (replica_make(catalogue, env, &replica, error) != 0 ||
        database_open(path, false, true, &replica->db, error) != 0 ||
        functions_register(replica->db, &replica->functions, error) != 0 ||
        !replica_statement(replica, rollback_sql, error)) {
        replica_close(replica);
        return -1;
    }
    *ret = replica;
    return 0;
}

void replica_close(struct replica *replica) {
    if (!replica)
        return;
    for (size_t i = 0; i < LIMIT_TABLES; i++)
        table_access_free(replica->access[i]);
    for (size_t i = 0; i < REPLICA_STATEMENTS; i++)
        sqlite3_finalize(replica->cache[i].statement);
    visible_close(replica->visible);
    int rc = sqlite3_close(replica->db);
    assert(rc == SQLITE_OK); /* a statement outlived the connection: a bug of ours */
    (void)rc;
    free(replica);
}

sqlite3_stmt *replica_statement(struct replica *replica, const char *sql,
                                struct error *error) {
    size_t slot = ((uintptr_t)sql >> 3) * 2654435761U % REPLICA_STATEMENTS;
    for (size_t tried = 0; tried < REPLICA_STATEMENTS; tried++) {
        struct cached_statement *cached = &replica->cache[slot];
        if (cached->sql == sql)
            return cached->statement;
        if (!cached->sql) {
            if (database_statement(replica->db, sql, &cached->statement, error) != 0)
                return NULL;
            cached->sql = sql;
            return cached->statement;
        }
        slot = (slot + 1) % REPLICA_STATEMENTS;
    }
    assert(false && "REPLICA_STATEMENTS is too small");
    return NULL;
}

int replica_step(struct replica *replica, sqlite3_stmt *statement, bool *ret_row,
                 struct error *error) {
    int rc = sqlite3_step(statement);
    if (rc == SQLITE_ROW || rc == SQLITE_DONE) {
        *ret_row = rc == SQLITE_ROW;
        return 0;
    }
    error_from_sqlite(error, replica->db, "working on the replica");
    sqlite3_reset(statement);
    return -1;
}

int replica_finish(struct replica *replica, sqlite3_stmt *statement,
                   struct error *error) {
    bool row = false;
    int failed = replica_step(replica, statement, &row, error);
    assert(failed || !row);
    sqlite3_reset(statement);
    return failed;
}

int replica_integer(struct replica *replica, sqlite3_stmt *statement, int64_t *ret,
                    struct error *error) {
    bool row = false;
    if (replica_step(replica, statement, &row, error) != 0)
        return -1;
    *ret = row ? sqlite3_column_int64(statement, 0) : 0;
    sqlite3_reset(statement);
    return 0;
}

static int replica_run(struct replica *replica, const char *sql, struct error *error) {
    sqlite3_stmt *statement = replica_statement(replica, sql, error);
    return statement ? replica_finish(replica, statement, error) : -1;
}

int replica_begin(struct replica *replica, struct error *error) {
    static const char begin[] = "begin immediate";
    if (replica->unfinished)
        replica_rollback(replica); /* once more: it may have lacked memory */
    return replica_run(replica, begin, error);
}

int replica_commit(struct replica *replica, struct error *error) {
    static const char commit[] = "commit";
    return replica_run(replica, commit, error);
}

void replica_rollback(struct replica *replica) {
    if (replica && !sqlite3_get_autocommit(replica->db))
        replica->unfinished = replica_run(replica, rollback_sql, NULL) != 0;
}

int64_t replica_utc_offset(struct replica *replica, int64_t now_ms) {
    static const char sql[] =
        "select (strftime('%s', ?1, 'unixepoch', 'localtime') - ?1) / 60";
    sqlite3_stmt *statement = replica_statement(replica, sql, NULL);
    int64_t minutes = 0;
    if (!statement)
        return 0;
    sqlite3_bind_int64(statement, 1, now_ms / 1000);
    return replica_integer(replica, statement, &minutes, NULL) == 0 ? minutes : 0;
}

void bind_id(sqlite3_stmt *statement, int index, const struct id *id) {
    sqlite3_bind_blob(statement, index, id->bytes, ID_SIZE, SQLITE_STATIC);
}

void bind_bytes(sqlite3_stmt *statement, int index, struct bytes bytes) {
    sqlite3_bind_blob64(statement, index, bytes.size ? (const void *)bytes.data : "",
                        bytes.size, SQLITE_STATIC);
}

void bind_text(sqlite3_stmt *statement, int index, const char *text) {
    sqlite3_bind_text(statement, index, text, -1, SQLITE_STATIC);
}

struct bytes column_bytes(sqlite3_stmt *statement, int column) {
    const void *data = sqlite3_column_blob(statement, column);
    return (struct bytes){data, (size_t)sqlite3_column_bytes(statement, column)};
}

struct id column_id(sqlite3_stmt *statement, int column) {
    struct id id = {{0}};
    struct bytes bytes = column_bytes(statement, column);
    if (bytes.size == ID_SIZE)
        memcpy(id.bytes, bytes.data, ID_SIZE);
    return id;
}

const char *column_text(sqlite3_stmt *statement, int column) {
    const unsigned char *text = sqlite3_column_text(statement, column);
    return text ? (const char *)text : "";
}
