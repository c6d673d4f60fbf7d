/*
 * The replica: one connection to the station's database, with its statements prepared once,
 * its SQL functions and what each table needs to be read and written row by row.
 *
 * A replica belongs to one thread at a time. A station has up to three: for commands, for
 * queries (read-only) and for the sync round, so that none waits for another's network or screen.
 */
#ifndef SATCHEL_CLIENT_REPLICA_H
#define SATCHEL_CLIENT_REPLICA_H

#include <sqlite3.h>

#include "schema/catalogue.h"
#include "schema/functions.h"

enum {
    REPLICA_STATEMENTS = 256
}; /* power of two; far above the number of texts in use */

struct cached_statement {
    const char *sql;
    sqlite3_stmt *statement;
};

struct table_access; /* row_access.h */
struct visible;      /* visible.h */

struct replica {
    sqlite3 *db;
    bool unfinished; /* a transaction could not be rolled back yet */
    const struct catalogue *catalogue;
    const struct env *env;
    struct function_context functions;
    struct cached_statement cache[REPLICA_STATEMENTS];
    struct table_access *access[LIMIT_TABLES];
    struct visible *visible; /* who sees what on it; NULL: everything */
};

/* Opens `path`, makes or upgrades the domain and the station's own tables, registers the functions. */
int replica_open(const char *path, bool create, const struct catalogue *catalogue,
                 const struct env *env, struct replica **ret, struct error *error);
/* A connection that can only read; the database must have been made by replica_open. */
int replica_open_reader(const char *path, const struct catalogue *catalogue,
                        const struct env *env, struct replica **ret, struct error *error);
void replica_close(struct replica *replica); /* NULL is fine */

/* The statement for a constant text, prepared at its first use and found again by the text's
 * address. NULL on failure. The caller resets it on every path (replica_finish does). */
sqlite3_stmt *replica_statement(struct replica *replica, const char *sql,
                                struct error *error);

/* Steps; *ret_row tells whether there is a row. On failure the statement is reset. */
int replica_step(struct replica *replica, sqlite3_stmt *statement, bool *ret_row,
                 struct error *error);
/* Runs a statement that returns nothing and resets it, also on failure. */
int replica_finish(struct replica *replica, sqlite3_stmt *statement, struct error *error);
/* The first column of the first row, 0 when there is none. Resets. */
int replica_integer(struct replica *replica, sqlite3_stmt *statement, int64_t *ret,
                    struct error *error);

int replica_begin(struct replica *replica, struct error *error); /* BEGIN IMMEDIATE */
int replica_commit(struct replica *replica, struct error *error);
/* Undoes whatever is open; nothing happens when nothing is. */
void replica_rollback(struct replica *replica);

/* Minutes that the machine's local time is ahead of UTC at `now_ms`; 0 when that cannot be told. */
int64_t replica_utc_offset(struct replica *replica, int64_t now_ms);

/* The station's own tables (replica_sql.c). */
extern const char replica_tables_sql[];

/* Binds 16 bytes or any bytes without copying them. */
void bind_id(sqlite3_stmt *statement, int index, const struct id *id);
void bind_bytes(sqlite3_stmt *statement, int index, struct bytes bytes);
void bind_text(sqlite3_stmt *statement, int index, const char *text);
struct bytes column_bytes(sqlite3_stmt *statement, int column);
/* Zero id when the column is not 16 bytes. */
struct id column_id(sqlite3_stmt *statement, int column);
/* "" for NULL. Valid until the next step. */
const char *column_text(sqlite3_stmt *statement, int column);

#endif
