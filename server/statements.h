/*
 * Statements that depend on a table and a set of its columns, prepared once.
 */
#ifndef SATCHEL_SERVER_STATEMENTS_H
#define SATCHEL_SERVER_STATEMENTS_H

#include <sqlite3.h>

#include "schema/catalogue.h"

enum statement_shape {
    STATEMENT_READ = 1, /* select all data columns, then the five stamps, by key */
    STATEMENT_INSERT,   /* the set's columns, then the five stamps */
    STATEMENT_UPDATE,   /* the set's columns, then updated_at, updated_by, gsn, by key */
    STATEMENT_EXISTS,   /* select 1 by key */
    STATEMENT_CHILDREN, /* select key where column (set: one bit) = ? */
    STATEMENT_GRANTS /* select user column (set: user bit; other: parent bit), not deleted */
};

enum { STATEMENT_SLOTS = 1024 };

struct statement_slot {
    uint8_t shape;
    uint8_t table;
    uint64_t columns;
    sqlite3_stmt *statement;
};

struct statement_cache {
    sqlite3 *db;
    struct statement_slot slots[STATEMENT_SLOTS];
    size_t count;
};

/* A reset statement for this shape; `columns` is a set of column numbers (bit n = column n),
 * key columns included where they are written. NULL with the error filled on failure. */
sqlite3_stmt *statement_for(struct statement_cache *cache, enum statement_shape shape,
                            const struct table *table, uint64_t columns,
                            struct error *error);
void statement_cache_clear(struct statement_cache *cache);

#endif
