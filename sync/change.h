/*
 * The neutral change: one row's insert, update or delete, by table number, key and column
 * numbers, whatever the columns' order in anybody's database; and the transaction of one command.
 */
#ifndef SATCHEL_SYNC_CHANGE_H
#define SATCHEL_SYNC_CHANGE_H

#include "schema/base/bytes.h"
#include "schema/base/id.h"
#include "schema/base/value.h"
#include "schema/rules.h" /* enum row_operation */

struct cell {
    uint8_t column;     /* column number, ascending within a change */
    struct value value; /* for MERGE_ADD columns of an update: the difference */
};

struct change {
    uint8_t table;
    enum row_operation operation;
    struct bytes key;   /* 16 bytes per key column, in key order */
    struct cell *cells; /* none for a delete; key columns are not repeated */
    size_t cell_count;
};

/* A transaction's id is 8 random bytes that the writing process drew when it opened the
 * replica, then a counter (big-endian): unique across clones and restores, and one byte on the
 * wire for each but the first. */
struct transaction {
    struct id id;
    int64_t time; /* HLC (clock.h), HQ-corrected when it was sealed */
    int64_t base; /* the gsn the station had applied when it was committed */
    struct id user;
    const char *command; /* what the person did, "opportunity.win" */
    struct change *changes;
    size_t change_count;
};

struct id transaction_id(const uint8_t prefix[8], uint64_t counter);
uint64_t transaction_counter(struct id id);

#endif
