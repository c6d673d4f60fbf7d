/*
 * One column of many rows: chosen by what is in it, so that it compresses well and is read fast
 * (row_column.c has the layout).
 */
#ifndef SATCHEL_SYNC_ROW_COLUMN_H
#define SATCHEL_SYNC_ROW_COLUMN_H

#include "sync/rows.h"
#include "sync/wire.h"

/* Which column of `rows`: an index of sync_row.values, or one of the stamps. */
enum {
    ROW_GSN = -5,
    ROW_CREATED_AT = -4,
    ROW_UPDATED_AT = -3,
    ROW_CREATED_BY = -2,
    ROW_UPDATED_BY = -1,
    ROW_STAMPS = 5
};

struct row_column {
    const struct sync_row *rows;
    size_t count;
    int which;
};

/* Appends the column as one wire item; ret->failed says whether there was room. */
void row_column_put(struct buffer *ret, const struct row_column *column);

/* Reads `count` values to ret[0], ret[stride], …; texts and bytes borrow from the input.
 * Codes: rows.invalid, wire.* */
int row_column_read(const struct wire_node *node, size_t count, struct value *ret,
                    size_t stride, struct error *error);

#endif
