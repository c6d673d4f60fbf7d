/*
 * The tables `touched` and `changed` that rules read: between rules.c and rule_tables.c.
 */
#ifndef SATCHEL_SCHEMA_RULE_TABLES_H
#define SATCHEL_SCHEMA_RULE_TABLES_H

#include "schema/rules.h"

/* A row of either virtual table; `cell` is NULL in `touched`. */
struct entry {
    const struct table *table;
    struct bytes key;
    const struct touched_row *row;
    const struct changed_cell *cell;
};

struct entries {
    struct entry *items;
    size_t count;
};

/* What both tables read at the moment; sorted by entry_compare. */
struct rule_tables {
    const struct catalogue *catalogue;
    struct entries touched;
    struct entries changed;
};

/* By table number, key and column number: for qsort. */
int entry_compare(const void *a, const void *b);

/* Makes both tables on `db`; `tables` must outlive them. Returns the SQLite code. */
int rule_tables_register(sqlite3 *db, struct rule_tables *tables);
void rule_tables_unregister(sqlite3 *db);

#endif
