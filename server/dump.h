/*
 * The logical dump of a master: every row of every table that a replay must reproduce, in key
 * order, as one digest per table. Local settings, the journal itself and entries about rows that left a
 * scope are not part of it.
 */
#ifndef SATCHEL_SERVER_DUMP_H
#define SATCHEL_SERVER_DUMP_H

#include <sqlite3.h>

#include "schema/catalogue.h"
#include "sync/seal.h"

struct dump_table {
    char name[LIMIT_NAME + 1];
    int64_t rows;
    uint8_t digest[HASH_SIZE];
};

/* Only what `shape` has is looked at: a master that an older version left, and that nobody has opened for writing
 * since, lacks the tables and columns that came later, and a replay of it has nothing in them. */
struct dump_source {
    sqlite3 *db;
    sqlite3 *shape;
    const struct catalogue *catalogue;
};

/* *ret: a malloc'ed array, the same tables in the same order for every master of a catalogue. */
int dump_tables(const struct dump_source *source, struct dump_table **ret,
                size_t *ret_count, struct error *error);
void dump_digest(const struct dump_table *tables, size_t count, uint8_t ret[HASH_SIZE]);

#endif
