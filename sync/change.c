/*
 * Changes as columns of small numbers, and transaction ids.
 */
#include "sync/change_columns.h"

#include <assert.h>
#include <string.h>

#include "schema/base/limits.h"
#include "sync/pack.h"

struct id transaction_id(const uint8_t prefix[8], uint64_t counter) {
    struct id id;
    memcpy(id.bytes, prefix, 8);
    for (int i = 0; i < 8; i++)
        id.bytes[8 + i] = (uint8_t)(counter >> (56 - 8 * i));
    return id;
}

uint64_t transaction_counter(struct id id) {
    uint64_t counter = 0;
    for (int i = 8; i < ID_SIZE; i++)
        counter = counter << 8 | id.bytes[i];
    return counter;
}

/* --- writing ------------------------------------------------------------------------- */

static void put_head(struct buffer *heads, const struct change *change) {
    size_t units = change->key.size / ID_SIZE;
    assert(change->table > 0 && units >= 1 && units <= LIMIT_KEY_COLUMNS);
    assert(change->key.size % ID_SIZE == 0 && change->cell_count < LIMIT_COLUMNS);
    buffer_append_byte(heads, change->table);
    buffer_append_byte(heads,
                       (uint8_t)((unsigned)change->operation | (unsigned)units << 2));
    buffer_append_byte(heads, (uint8_t)change->cell_count);
    for (size_t i = 0; i < change->cell_count; i++)
        buffer_append_byte(heads, change->cells[i].column);
}

static void put_values(struct buffer *ret, const struct change_list *lists,
                       size_t count) {
    size_t values = 0;
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < lists[i].count; j++)
            values += lists[i].changes[j].cell_count;
    wire_put_array(ret, values);
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < lists[i].count; j++)
            for (size_t k = 0; k < lists[i].changes[j].cell_count; k++)
                wire_put_value(ret, lists[i].changes[j].cells[k].value);
}

void change_columns_put(struct buffer *ret, const struct change_list *lists,
                        size_t count) {
    struct buffer heads = buffer_make(ret->maximum);
    struct buffer keys = buffer_make(ret->maximum);
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < lists[i].count; j++) {
            put_head(&heads, &lists[i].changes[j]);
            buffer_append(&keys, lists[i].changes[j].key.data,
                          lists[i].changes[j].key.size);
        }
    wire_put_bytes(ret, buffer_bytes(&heads));
    wire_put_bytes(ret, buffer_bytes(&keys));
    put_values(ret, lists, count);
    ret->failed |= heads.failed | keys.failed;
    buffer_free(&heads);
    buffer_free(&keys);
}

int changes_encode(const struct change *changes, size_t count, struct buffer *ret,
                   struct error *error) {
    struct change_list list = {changes, count};
    wire_put_array(ret, CHANGE_COLUMNS + 1);
    wire_put_integer(ret, (int64_t)count);
    change_columns_put(ret, &list, 1);
    if (ret->failed)
        return error_set(error, "transaction.size", NULL, "It takes more than %zu bytes.",
                         ret->maximum);
    return 0;
}

/* --- reading ------------------------------------------------------------------------- */

static int invalid(const char *what, struct error *error) {
    return error_set(error, "bundle.payload", what, "The changes cannot be read: %s.",
                     what);
}

int change_columns_open(const struct wire_node *array, size_t first,
                        struct change_columns *ret, struct error *error) {
    struct bytes heads;
    struct bytes keys;
    struct change_columns columns = {.next_value = 0};
    columns.values = wire_item(array, first + 2);
    if (wire_bytes(wire_item(array, first), "heads", 0, LIMIT_PAYLOAD, &heads, error) !=
            0 ||
        wire_bytes(wire_item(array, first + 1), "keys", 0, LIMIT_PAYLOAD, &keys, error) !=
            0 ||
        wire_array(columns.values, "values", 0, LIMIT_WIRE_NODES, &columns.value_count,
                   error) != 0)
        return -1;
    columns.heads = pack_open(heads);
    columns.keys = pack_open(keys);
    *ret = columns;
    return 0;
}

/* One cell: its column greater than the one before. */
static int read_cell(struct change_columns *columns, uint8_t before, struct cell *ret,
                     struct error *error) {
    uint8_t column = pack_read_byte(&columns->heads);
    if (column <= before || column >= LIMIT_COLUMNS)
        return invalid("column", error);
    if (columns->next_value == columns->value_count)
        return invalid("values", error);
    ret->column = column;
    return wire_value(wire_item(columns->values, columns->next_value++), "value",
                      &ret->value, error);
}

/* The head's fixed part and the key; how many cells follow stands in ret->cell_count. */
static int read_head(struct change_columns *columns, struct change *ret,
                     struct error *error) {
    ret->table = pack_read_byte(&columns->heads);
    uint8_t shape = pack_read_byte(&columns->heads);
    ret->cell_count = pack_read_byte(&columns->heads);
    size_t units = shape >> 2;
    if (ret->table == 0)
        return invalid("table", error);
    if ((shape & 3) == 0)
        return invalid("operation", error);
    ret->operation = (enum row_operation)(shape & 3);
    if (units < 1 || units > LIMIT_KEY_COLUMNS)
        return invalid("key", error);
    ret->key = pack_read_bytes(&columns->keys, units * ID_SIZE);
    if (ret->cell_count >= LIMIT_COLUMNS ||
        (ret->operation == ROW_DELETE && ret->cell_count > 0))
        return invalid("cells", error);
    return 0;
}

static int read_change(struct change_columns *columns, struct arena *arena,
                       struct change *ret, struct error *error) {
    if (read_head(columns, ret, error) != 0)
        return -1;
    ret->cells = arena_alloc_array(arena, ret->cell_count, sizeof *ret->cells);
    if (!ret->cells)
        return error_out_of_memory(error);
    uint8_t before = 0;
    for (size_t i = 0; i < ret->cell_count; i++) {
        if (read_cell(columns, before, &ret->cells[i], error) != 0)
            return -1;
        before = ret->cells[i].column;
    }
    return 0;
}

int change_columns_read(struct change_columns *columns, size_t count, struct arena *arena,
                        struct change **ret, struct error *error) {
    /* A change takes three bytes of heads at least: no memory for what cannot be there. */
    if (count > (size_t)(columns->heads.end - columns->heads.next) / 3)
        return invalid("count", error);
    struct change *changes = arena_alloc_array(arena, count, sizeof *changes);
    if (!changes)
        return error_out_of_memory(error);
    for (size_t i = 0; i < count; i++)
        if (read_change(columns, arena, &changes[i], error) != 0)
            return -1;
    *ret = changes;
    return 0;
}

int change_columns_close(const struct change_columns *columns, struct error *error) {
    if (!pack_done(&columns->heads) || !pack_done(&columns->keys) ||
        columns->next_value != columns->value_count)
        return invalid("length", error);
    return 0;
}

static int read_list(const struct wire_node *root, struct arena *arena,
                     struct change **ret, size_t *ret_count, struct error *error) {
    size_t items = 0;
    int64_t count = 0;
    struct change *changes = NULL;
    struct change_columns columns;
    if (wire_array(root, "changes", CHANGE_COLUMNS + 1, CHANGE_COLUMNS + 1, &items,
                   error) != 0 ||
        wire_integer(wire_item(root, 0), "count", 0, LIMIT_CHANGES, &count, error) != 0 ||
        change_columns_open(root, 1, &columns, error) != 0 ||
        change_columns_read(&columns, (size_t)count, arena, &changes, error) != 0 ||
        change_columns_close(&columns, error) != 0)
        return -1;
    *ret = changes;
    *ret_count = (size_t)count;
    return 0;
}

int changes_decode(struct bytes data, struct arena *arena, struct change **ret,
                   size_t *ret_count, struct error *error) {
    struct wire_document *document = NULL;
    struct bytes copy = arena_copy(arena, data);
    if (!copy.data)
        return error_out_of_memory(error);
    if (wire_open(copy, &document, error) != 0)
        return -1;
    int rc = read_list(wire_root(document), arena, ret, ret_count, error);
    wire_close(document);
    return rc;
}
