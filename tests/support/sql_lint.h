/*
 * What the catalogue cannot see and SQLite does not mind: the habits that the SQL of
 * commands, queries, rules and derived objects must keep (schema/README.md).
 */
#ifndef SATCHEL_TESTS_SUPPORT_SQL_LINT_H
#define SATCHEL_TESTS_SUPPORT_SQL_LINT_H

#include "schema/rules.h"
#include "tests/support/fixture.h"

/* Appends one line per finding, "path: name: what". `db` holds the domain of `catalogue`,
 * with the tables of the rules (rules_open). */
void sql_lint(sqlite3 *db, const struct function_context *context,
              struct buffer *findings);

#endif
