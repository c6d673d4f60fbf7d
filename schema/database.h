/*
 * Opening a database that holds the domain: settings, creation, upgrade.
 *
 * The same code makes a station's replica and the master; each adds engine tables of its own.
 */
#ifndef SATCHEL_SCHEMA_DATABASE_H
#define SATCHEL_SCHEMA_DATABASE_H

#include <sqlite3.h>

#include "schema/catalogue.h"

enum database_kind { DATABASE_STATION = 1, DATABASE_MASTER = 2 };

/* Opens `path` (created when missing and `create`) with the product's settings: WAL,
 * synchronous=FULL, busy timeout 10 s, trusted_schema off, defensive, cell size check, foreign keys off.
 * `read_only` opens for reading only. The database is not looked at beyond its header. */
int database_open(const char *path, bool create, bool read_only, sqlite3 **ret,
                  struct error *error);

/* Makes or upgrades the domain in one transaction and sets application_id (by kind) and user_version (catalogue->version).
 * functions_register must have been called on `db`: indexes and views of derived/ may use its functions.
 *   - empty database: all of tables/, then `engine_sql` (the caller's own tables), then derived/;
 *   - same version: nothing, but derived/ is rebuilt when its text changed (a hash is kept in table `schema_state`);
 *   - older version: the migration of the catalogue difference: new tables and columns are added, `engine_sql`
 *     is run again (write it with IF NOT EXISTS), derived/ is rebuilt. Added columns stand behind the stamps, so
 *     the order of columns differs from a fresh database: always name them;
 *   - newer version: refused, database.newer; another kind: database.wrong_kind.
 * *ret_created tells whether it was empty. */
int database_prepare(sqlite3 *db, const struct catalogue *catalogue,
                     enum database_kind kind, const char *engine_sql, bool *ret_created,
                     struct error *error);

/* The same for a stated version: what database_prepare does with the catalogue's own. Tests upgrade
 * synthetic catalogues with it. */
struct database_target {
    const struct catalogue *catalogue;
    enum database_kind kind;
    int version;
    const char *engine_sql; /* may be NULL */
};
int database_prepare_target(sqlite3 *db, const struct database_target *target,
                            bool *ret_created, struct error *error);

/* For who opens without preparing: the database is of this kind and no newer program made it. database.wrong_kind,
 * database.newer */
int database_check(sqlite3 *db, const struct catalogue *catalogue,
                   enum database_kind kind, struct error *error);

/* Runs statements that return nothing. */
int database_run(sqlite3 *db, const char *sql, struct error *error);
/* Prepares for long use (SQLITE_PREPARE_PERSISTENT). */
int database_statement(sqlite3 *db, const char *sql, sqlite3_stmt **ret,
                       struct error *error);
/* First column of the first row as an integer; 0 when there is no row or it is NULL. */
int database_integer(sqlite3 *db, const char *sql, int64_t *ret, struct error *error);

#endif
