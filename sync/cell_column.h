/*
 * The values of one column, all together, in two streams: `dense` for what zstd can do nothing about (bits, ids),
 * `plain` for what it can (texts), so that neither spoils the other's statistics (cell_column.c has the layout).
 */
#ifndef SATCHEL_SYNC_CELL_COLUMN_H
#define SATCHEL_SYNC_CELL_COLUMN_H

#include "sync/pack.h"
#include "sync/wire.h"

/* Both in the making: bytes, and items of a wire array whose number is known at the end. */
struct cell_writer {
    struct buffer *dense;
    struct buffer *plain;
    size_t plain_count;
};

/* Both being read: bytes, and a wire array of `plain_count` items. */
struct cell_reader {
    struct pack_reader dense;
    const struct wire_node *plain;
    size_t plain_count;
    size_t plain_next;
    struct arena *arena;
};

/* Appends `count` values, at least one; the buffers' `failed` says whether there was room. */
void cell_column_put(struct cell_writer *writer, const struct value *values,
                     size_t count);

/* Reads them; texts and bytes borrow from the input and the arena. Codes: bundle.payload, wire.*, memory */
int cell_column_read(struct cell_reader *reader, struct value *ret, size_t count,
                     struct error *error);
/* The next item of the plain stream, NULL with the error filled when there is none. */
const struct wire_node *cell_reader_item(struct cell_reader *reader, struct error *error);

#endif
