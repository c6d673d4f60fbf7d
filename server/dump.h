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

/* *ret: a malloc'ed array, the same tables in the same order for every master of a catalogue. */
int dump_tables(sqlite3 *db, const struct catalogue *catalogue, struct dump_table **ret,
                size_t *ret_count, struct error *error);
void dump_digest(const struct dump_table *tables, size_t count, uint8_t ret[HASH_SIZE]);

#endif
