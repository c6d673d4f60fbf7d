/*
 * Rows on their way to a station: a chunk of current rows and of rows to forget, encoded by
 * column so that it compresses well (aim: 65 bytes for a 12-column customer with random ids).
 */
#ifndef SATCHEL_SYNC_ROWS_H
#define SATCHEL_SYNC_ROWS_H

#include "schema/catalogue.h"
#include "sync/change.h"

/* One row as the master has it. values: one per entry of `columns` of its group. */
struct sync_row {
    struct bytes key;
    int64_t gsn; /* of its last change */
    int64_t created_at;
    int64_t updated_at;
    struct id created_by;
    struct id updated_by;
    struct value *values;
    uint32_t places; /* how many of the receiver's scopes it is in; 0 is taken for 1 */
};

/* Rows of one table; columns are numbers, key columns excluded. */
struct row_group {
    uint8_t table;
    uint8_t columns[LIMIT_COLUMNS];
    size_t column_count;
    struct sync_row *rows;
    size_t row_count;
    struct bytes *forget; /* keys of rows to forget */
    size_t forget_count;
};

struct row_chunk {
    struct row_group *groups;
    size_t group_count;
};

/* Encodes and compresses. */
int rows_encode(const struct row_chunk *chunk, struct buffer *ret, struct error *error);
/* Inflates and decodes; everything lives in `arena`. Codes: rows.invalid, wire.*, seal.* */
int rows_decode(struct bytes data, struct arena *arena, struct row_chunk *ret,
                struct error *error);

#endif
