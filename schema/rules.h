/*
 * The rule runner: assertions over a transaction before it is committed.
 *
 * The transaction's rows and cells are offered to the rules as the read-only tables `touched`
 * and `changed`: eponymous-style virtual tables over the arrays below, so that nothing is written.
 */
#ifndef SATCHEL_SCHEMA_RULES_H
#define SATCHEL_SCHEMA_RULES_H

#include <sqlite3.h>

#include "schema/catalogue.h"

enum row_operation { ROW_INSERT = 1, ROW_UPDATE = 2, ROW_DELETE = 3 };

struct touched_row {
    const struct table *table;
    struct bytes key;
    enum row_operation operation;
};

struct changed_cell {
    const struct table *table;
    struct bytes key;
    const struct column *column;
    struct value old_value;
    struct value new_value;
};

/* What one transaction did; arrays are borrowed while rules_run runs. */
struct rule_input {
    const struct touched_row *touched;
    size_t touched_count;
    const struct changed_cell *changed;
    size_t changed_count;
};

struct rule_runner;

/* Makes the virtual tables on `db` (before anything prepares the rules) and prepares every rule of the catalogue.
 * The runner must be freed before the connection is closed. One thread at a time. */
int rules_open(sqlite3 *db, const struct catalogue *catalogue, struct rule_runner **ret,
               struct error *error);
void rules_close(struct rule_runner *runner);

/* Runs the rules whose @tables were touched, in name order, and stops at the first violation:
 * returns -1 with the rule's name as code, its field and its title or message. Rules newer than `schema_version` only flag:
 * the first such is written to *ret_flag (code empty when none; may be NULL). Database failures also return -1,
 * with a code that begins "database.". */
int rules_run(struct rule_runner *runner, const struct rule_input *input,
              int schema_version, struct error *ret_flag, struct error *error);

#endif
