/*
 * Row chunks: groups of rows of one table, column by column, compressed.
 *
 *   chunk = one zstd frame of [group …]
 *   group = [table, columns, row_count, key_columns, keys, forget, gsn, created_at, updated_at,
 *            created_by, updated_by, column …] and, where a row is in more than one of the receiver's scopes,
 *            places
 *
 *   columns      bytes: the column numbers, one byte each; as many `column` items follow the stamps
 *   key_columns  1 to 4: a key has 16 bytes for each
 *   keys         bytes: the rows' keys
 *   forget       bytes: keys of rows to forget
 *   gsn … column the rows' stamps and cells, each a column as in row_column.c
 *   places       bytes: per run of equal numbers  its length · the number (pack.h)
 *
 * A newer sender may add items at the end of a group; they are ignored.
 */
#include "sync/rows.h"

#include <assert.h>
#include <string.h>

#include "schema/base/limits.h"
#include "sync/pack.h"
#include "sync/row_column.h"
#include "sync/seal.h"
#include "sync/wire.h"

enum {
    ROWS_LEVEL = 3,
    GROUP_FIXED = 6,
    GROUP_ITEMS = GROUP_FIXED + ROW_STAMPS,
    GROUP_SPARE = 16 /* items that a newer sender may add */
};

/* --- writing ------------------------------------------------------------------------- */

static size_t key_size_of(const struct row_group *group) {
    if (group->row_count > 0)
        return group->rows[0].key.size;
    return group->forget_count > 0 ? group->forget[0].size : ID_SIZE;
}

static void append_key(struct buffer *keys, struct bytes key, size_t key_size) {
    assert(key.size == key_size);
    buffer_append(keys, key.data, key_size);
}

static void put_keys(struct buffer *ret, const struct row_group *group) {
    size_t key_size = key_size_of(group);
    struct buffer keys = buffer_make(ret->maximum);
    struct buffer forget = buffer_make(ret->maximum);
    assert(key_size % ID_SIZE == 0 && key_size > 0 &&
           key_size <= LIMIT_KEY_COLUMNS * ID_SIZE);
    for (size_t i = 0; i < group->row_count; i++)
        append_key(&keys, group->rows[i].key, key_size);
    for (size_t i = 0; i < group->forget_count; i++)
        append_key(&forget, group->forget[i], key_size);
    wire_put_integer(ret, (int64_t)(key_size / ID_SIZE));
    wire_put_bytes(ret, buffer_bytes(&keys));
    wire_put_bytes(ret, buffer_bytes(&forget));
    ret->failed |= keys.failed | forget.failed;
    buffer_free(&keys);
    buffer_free(&forget);
}

static uint32_t places_of(const struct sync_row *row) {
    return row->places ? row->places : 1;
}

static bool has_places(const struct row_group *group) {
    for (size_t i = 0; i < group->row_count; i++)
        if (places_of(&group->rows[i]) != 1)
            return true;
    return false;
}

static void put_places(struct buffer *ret, const struct row_group *group) {
    struct buffer places = buffer_make(ret->maximum);
    size_t run = 0;
    for (size_t i = 0; i < group->row_count; i++) {
        uint32_t number = places_of(&group->rows[i]);
        run++;
        if (i + 1 < group->row_count && places_of(&group->rows[i + 1]) == number)
            continue;
        pack_unsigned(&places, run);
        pack_unsigned(&places, number);
        run = 0;
    }
    wire_put_bytes(ret, buffer_bytes(&places));
    ret->failed |= places.failed;
    buffer_free(&places);
}

static void put_group(struct buffer *ret, const struct row_group *group) {
    bool places = has_places(group);
    assert(group->column_count < LIMIT_COLUMNS);
    wire_put_array(ret, GROUP_ITEMS + group->column_count + places);
    wire_put_integer(ret, group->table);
    wire_put_bytes(ret, (struct bytes){group->columns, group->column_count});
    wire_put_integer(ret, (int64_t)group->row_count);
    put_keys(ret, group);
    for (int which = ROW_GSN; which < (int)group->column_count; which++) {
        struct row_column column = {group->rows, group->row_count, which};
        row_column_put(ret, &column);
    }
    if (places)
        put_places(ret, group);
}

int rows_encode(const struct row_chunk *chunk, struct buffer *ret, struct error *error) {
    struct buffer plain = buffer_make(LIMIT_CHUNK_INFLATED);
    int rc = -1;
    wire_put_array(&plain, chunk->group_count);
    for (size_t i = 0; i < chunk->group_count; i++)
        put_group(&plain, &chunk->groups[i]);
    if (plain.failed)
        error_set(error, "rows.size", NULL, "The rows take more than %d bytes.",
                  LIMIT_CHUNK_INFLATED);
    else
        rc = seal_deflate(buffer_bytes(&plain), ROWS_LEVEL, ret, error);
    buffer_free(&plain);
    return rc;
}

/* --- reading ------------------------------------------------------------------------- */

struct decoder {
    struct arena *arena;
    size_t rows_left; /* of what a chunk may hold */
    size_t forget_left;
    size_t items; /* of the group at hand */
};

static int invalid(const char *what, struct error *error) {
    return error_set(error, "rows.invalid", what, "The rows cannot be read: %s.", what);
}

static int read_column_numbers(const struct wire_node *node, struct row_group *ret,
                               struct error *error) {
    struct bytes numbers;
    uint64_t seen = 1; /* no column has number 0 */
    if (wire_bytes(node, "columns", 0, LIMIT_COLUMNS - 1, &numbers, error) != 0)
        return -1;
    for (size_t i = 0; i < numbers.size; i++) {
        uint8_t number = numbers.data[i];
        if (number >= LIMIT_COLUMNS || (seen >> number & 1))
            return invalid("columns", error);
        seen |= UINT64_C(1) << number;
        ret->columns[i] = number;
    }
    ret->column_count = numbers.size;
    return 0;
}

/* The group's fixed items, but for the keys. */
static int read_shape(struct decoder *decoder, const struct wire_node *node,
                      struct row_group *ret, struct error *error) {
    int64_t table = 0;
    int64_t rows = 0;
    if (wire_array(node, "group", GROUP_ITEMS, GROUP_ITEMS + LIMIT_COLUMNS + GROUP_SPARE,
                   &decoder->items, error) != 0 ||
        wire_integer(wire_item(node, 0), "table", 1, LIMIT_TABLES - 1, &table, error) !=
            0 ||
        read_column_numbers(wire_item(node, 1), ret, error) != 0 ||
        wire_integer(wire_item(node, 2), "row_count", 0, (int64_t)decoder->rows_left,
                     &rows, error) != 0)
        return -1;
    if (decoder->items < GROUP_ITEMS + ret->column_count)
        return invalid("group", error);
    ret->table = (uint8_t)table;
    ret->row_count = (size_t)rows;
    decoder->rows_left -= ret->row_count;
    return 0;
}

/* The rows, with their keys and no values yet. */
static int make_rows(struct decoder *decoder, struct row_group *ret, struct bytes keys,
                     size_t key_size, struct error *error) {
    if (keys.size != ret->row_count * key_size)
        return invalid("keys", error);
    ret->rows = arena_alloc_array(decoder->arena, ret->row_count, sizeof *ret->rows);
    struct value *values = arena_alloc_array(
        decoder->arena, ret->row_count * ret->column_count, sizeof *values);
    if (!ret->rows || !values)
        return error_out_of_memory(error);
    for (size_t i = 0; i < ret->row_count; i++) {
        ret->rows[i].key = (struct bytes){keys.data + i * key_size, key_size};
        ret->rows[i].values = values + i * ret->column_count;
    }
    return 0;
}

static int make_forget(struct decoder *decoder, struct row_group *ret, struct bytes keys,
                       size_t key_size, struct error *error) {
    size_t count = keys.size / key_size;
    if (keys.size % key_size != 0 || count > decoder->forget_left)
        return invalid("forget", error);
    decoder->forget_left -= count;
    ret->forget_count = count;
    ret->forget = arena_alloc_array(decoder->arena, count, sizeof *ret->forget);
    if (!ret->forget)
        return error_out_of_memory(error);
    for (size_t i = 0; i < count; i++)
        ret->forget[i] = (struct bytes){keys.data + i * key_size, key_size};
    return 0;
}

static int read_keys(struct decoder *decoder, const struct wire_node *node,
                     struct row_group *ret, struct error *error) {
    int64_t units = 0;
    struct bytes keys;
    struct bytes forget;
    if (wire_integer(wire_item(node, 3), "key_columns", 1, LIMIT_KEY_COLUMNS, &units,
                     error) != 0 ||
        wire_bytes(wire_item(node, 4), "keys", 0, LIMIT_CHUNK_INFLATED, &keys, error) !=
            0 ||
        wire_bytes(wire_item(node, 5), "forget", 0, LIMIT_CHUNK_INFLATED, &forget,
                   error) != 0 ||
        make_rows(decoder, ret, keys, (size_t)units * ID_SIZE, error) != 0)
        return -1;
    return make_forget(decoder, ret, forget, (size_t)units * ID_SIZE, error);
}

static void set_stamp(struct sync_row *row, int which, struct value value) {
    switch (which) {
    case ROW_GSN:
        row->gsn = value.integer;
        break;
    case ROW_CREATED_AT:
        row->created_at = value.integer;
        break;
    case ROW_UPDATED_AT:
        row->updated_at = value.integer;
        break;
    case ROW_CREATED_BY:
        memcpy(row->created_by.bytes, value.bytes.data, ID_SIZE);
        break;
    default:
        memcpy(row->updated_by.bytes, value.bytes.data, ID_SIZE);
        break;
    }
}

static bool is_stamp(int which, struct value value) {
    if (which <= ROW_UPDATED_AT)
        return value.type == VALUE_INTEGER;
    return value.type == VALUE_BLOB && value.bytes.size == ID_SIZE;
}

static int read_stamps(struct decoder *decoder, const struct wire_node *node,
                       struct row_group *ret, struct error *error) {
    struct value *values =
        arena_alloc_array(decoder->arena, ret->row_count, sizeof *values);
    if (!values)
        return error_out_of_memory(error);
    size_t item = GROUP_FIXED;
    for (int which = ROW_GSN; which < 0; which++, item++) {
        if (row_column_read(wire_item(node, item), ret->row_count, values, 1, error) != 0)
            return -1;
        for (size_t i = 0; i < ret->row_count; i++) {
            if (!is_stamp(which, values[i]))
                return invalid("stamp", error);
            set_stamp(&ret->rows[i], which, values[i]);
        }
    }
    return 0;
}

static int read_cells(const struct wire_node *node, struct row_group *ret,
                      struct error *error) {
    if (ret->row_count == 0)
        return 0;
    for (size_t i = 0; i < ret->column_count; i++)
        if (row_column_read(wire_item(node, GROUP_ITEMS + i), ret->row_count,
                            &ret->rows[0].values[i], ret->column_count, error) != 0)
            return -1;
    return 0;
}

/* All rows are in one place unless the group says more. */
static int read_places(const struct decoder *decoder, const struct wire_node *node,
                       struct row_group *ret, struct error *error) {
    size_t item = GROUP_ITEMS + ret->column_count;
    struct bytes places = {NULL, 0};
    size_t row = 0;
    for (size_t i = 0; i < ret->row_count; i++)
        ret->rows[i].places = 1;
    if (item == decoder->items)
        return 0;
    if (wire_bytes(wire_item(node, item), "places", 0, LIMIT_CHUNK_INFLATED, &places,
                   error) != 0)
        return -1;
    struct pack_reader reader = pack_open(places);
    while (row < ret->row_count && !reader.failed) {
        size_t run = pack_read_count(&reader, ret->row_count - row);
        uint32_t number = (uint32_t)pack_read_count(&reader, LIMIT_SCOPES_OF_ROW);
        reader.failed |= run == 0 || number == 0;
        for (; run > 0; run--)
            ret->rows[row++].places = number;
    }
    return pack_done(&reader) ? 0 : invalid("places", error);
}

static int read_group(struct decoder *decoder, const struct wire_node *node,
                      struct row_group *ret, struct error *error) {
    if (read_shape(decoder, node, ret, error) != 0 ||
        read_keys(decoder, node, ret, error) != 0 ||
        read_stamps(decoder, node, ret, error) != 0 ||
        read_places(decoder, node, ret, error) != 0)
        return -1;
    return read_cells(node, ret, error);
}

static int read_chunk(const struct wire_node *root, struct arena *arena,
                      struct row_chunk *ret, struct error *error) {
    struct decoder decoder = {arena, LIMIT_CHUNK_ROWS, LIMIT_CHUNK_ROWS, 0};
    size_t count = 0;
    if (wire_array(root, "groups", 0, LIMIT_CHUNK_ROWS, &count, error) != 0)
        return -1;
    struct row_group *groups = arena_alloc_array(arena, count, sizeof *groups);
    if (!groups)
        return error_out_of_memory(error);
    for (size_t i = 0; i < count; i++)
        if (read_group(&decoder, wire_item(root, i), &groups[i], error) != 0)
            return -1;
    *ret = (struct row_chunk){groups, count};
    return 0;
}

int rows_decode(struct bytes data, struct arena *arena, struct row_chunk *ret,
                struct error *error) {
    struct bytes plain = {NULL, 0};
    struct wire_document *document = NULL;
    if (seal_inflate_in(arena, data, LIMIT_CHUNK_INFLATED, &plain, error) != 0 ||
        wire_open(plain, &document, error) != 0)
        return -1;
    int rc = read_chunk(wire_root(document), arena, ret, error);
    wire_close(document);
    return rc;
}
