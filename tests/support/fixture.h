/*
 * A small synthetic catalogue, a world with a fixed clock, and a database in memory: what
 * unit tests stand on.
 */
#ifndef SATCHEL_TESTS_SUPPORT_FIXTURE_H
#define SATCHEL_TESTS_SUPPORT_FIXTURE_H

#include "schema/database.h"
#include "schema/functions.h"

#define FIXTURE_FILE(file_path, file_text) \
    { file_path, file_text, sizeof(file_text) - 1 }

/* Tables with every kind of annotation; see fixture.c. */
extern const char fixture_tables[];

/* The time of the fixed world: 2026-11-23 02:00:00 UTC, 10:00 in Shanghai. */
#define FIXTURE_NOW_MS 1795399200000LL

/* Loads a catalogue or fails the test with the error's message. */
struct catalogue *fixture_load(const struct embedded_file *files, size_t count);
/* fixture_tables as tables/sales.sql, and `operations` (may be NULL) as commands/test.sql. */
struct catalogue *fixture_catalogue(const char *commands);

/* A clock that stands and dice that count. */
const struct env *fixture_env(void);

/* A database in memory with functions registered and the domain made. `context` is filled. */
sqlite3 *fixture_database(const struct catalogue *catalogue,
                          struct function_context *context);
/* Runs SQL or fails the test. */
void fixture_run(sqlite3 *db, const char *sql);
/* The first column of the first row as text, "" for NULL and no row; valid until the next call
 * with the same `room`. Fails the test on an error. */
const char *fixture_text(sqlite3 *db, const char *sql, char room[512]);

#endif
