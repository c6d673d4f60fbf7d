/*
 * Changes inside bundles and the outbox: three items of a wire array.
 *
 *   heads   bytes: per change  table · operation + 4 x key columns · number of cells n · n column numbers
 *           (a byte each)
 *   keys    bytes: per change its key, 16 bytes per key column
 *   values  array: per change the value of each of its cells
 *
 * Heads repeat and compress to nearly nothing; keys do not compress and stand together.
 */
#ifndef SATCHEL_SYNC_CHANGE_COLUMNS_H
#define SATCHEL_SYNC_CHANGE_COLUMNS_H

#include "sync/bundle.h"
#include "sync/pack.h"
#include "sync/wire.h"

enum { CHANGE_COLUMNS = 3 };

/* The changes of one transaction. */
struct change_list {
    const struct change *changes;
    size_t count;
};

/* Appends the three items for the changes of all lists, one after the other; ret->failed says whether
 * there was room. */
void change_columns_put(struct buffer *ret, const struct change_list *lists,
                        size_t count);

/* Reads on, list by list. */
struct change_columns {
    struct pack_reader heads;
    struct pack_reader keys;
    const struct wire_node *values;
    size_t value_count;
    size_t next_value;
};

/* The items are array[first] and the two after it. Code for all: bundle.payload, wire.* */
int change_columns_open(const struct wire_node *array, size_t first,
                        struct change_columns *ret, struct error *error);
/* The next `count` changes; keys, texts and bytes are borrowed from the input. */
int change_columns_read(struct change_columns *columns, size_t count, struct arena *arena,
                        struct change **ret, struct error *error);
/* Fails unless all was read. */
int change_columns_close(const struct change_columns *columns, struct error *error);

#endif
