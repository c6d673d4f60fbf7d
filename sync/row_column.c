/*
 * One column of many rows.
 *
 *   column = [0]                           all NULL
 *          | [1, [values], indexes]        up to 256 different values, and per row its value's place (a byte);
 *                                          no indexes when there is one value
 *          | [2, nulls, numbers]           integers, as signed varints (pack.h)
 *          | [3, nulls, numbers]           integers, as differences from the one before (0 at first)
 *          | [4, nulls, bytes]             ids, 16 bytes each
 *          | [5, nulls, lengths, text]     texts, put together; lengths in bytes as varints
 *          | [6, nulls, lengths, bytes]    blobs, the same way
 *          | [7, [values]]                 anything else
 *   nulls  = bytes: bit i % 8 of byte i / 8 is set when row i has NULL, and then nothing else; empty: none has
 */
#include "sync/row_column.h"

#include <string.h>

#include "schema/base/limits.h"
#include "sync/dictionary.h"
#include "sync/pack.h"

enum kind {
    KIND_NULLS,
    KIND_DICTIONARY,
    KIND_INTEGERS,
    KIND_DIFFERENCES,
    KIND_IDS,
    KIND_TEXTS,
    KIND_BLOBS,
    KIND_MIXED
};

/* --- writing ------------------------------------------------------------------------- */

static struct value value_at(const struct row_column *column, size_t i) {
    const struct sync_row *row = &column->rows[i];
    switch (column->which) {
    case ROW_GSN:
        return value_integer(row->gsn);
    case ROW_CREATED_AT:
        return value_integer(row->created_at);
    case ROW_UPDATED_AT:
        return value_integer(row->updated_at);
    case ROW_CREATED_BY:
        return value_blob((struct bytes){row->created_by.bytes, ID_SIZE});
    case ROW_UPDATED_BY:
        return value_blob((struct bytes){row->updated_by.bytes, ID_SIZE});
    default:
        return row->values[column->which];
    }
}

/* True when the column has so few different values that naming them pays. `indexes` gets their places. */
static bool dictionary_pays(struct dictionary *dictionary,
                            const struct row_column *column, struct buffer *indexes) {
    for (size_t i = 0; i < column->count; i++) {
        size_t place = dictionary_place(dictionary, value_at(column, i));
        if (place == DICTIONARY_MAXIMUM)
            return false;
        buffer_append_byte(indexes, (uint8_t)place);
    }
    return dictionary->count * 2 <= column->count + 1;
}

static void put_dictionary(struct buffer *ret, const struct dictionary *dictionary,
                           const struct buffer *indexes) {
    bool single = dictionary->count == 1;
    wire_put_array(ret, 3);
    wire_put_integer(ret, KIND_DICTIONARY);
    wire_put_values(ret, dictionary->values, dictionary->count);
    wire_put_bytes(ret,
                   single ? (struct bytes){indexes->data, 0} : buffer_bytes(indexes));
    ret->failed |= indexes->failed;
}

/* What a column consists of. */
struct content {
    unsigned types; /* bit per enum value_type */
    bool ids;       /* every blob has 16 bytes */
    size_t plain;   /* bytes of the integers as they are */
    size_t deltas;  /* and as differences */
};

static struct content content_of(const struct row_column *column) {
    struct content content = {.ids = true};
    int64_t last = 0;
    for (size_t i = 0; i < column->count; i++) {
        struct value value = value_at(column, i);
        content.types |= 1U << value.type;
        content.ids =
            content.ids && (value.type == VALUE_NULL || value.bytes.size == ID_SIZE);
        if (value.type == VALUE_INTEGER) {
            content.plain += pack_signed_size(value.integer);
            content.deltas += pack_signed_size(pack_difference(value.integer, last));
            last = value.integer;
        }
    }
    return content;
}

static enum kind kind_of(const struct content *content) {
    switch (content->types & ~(1U << VALUE_NULL)) {
    case 0:
        return KIND_NULLS;
    case 1U << VALUE_INTEGER:
        return content->deltas < content->plain ? KIND_DIFFERENCES : KIND_INTEGERS;
    case 1U << VALUE_TEXT:
        return KIND_TEXTS;
    case 1U << VALUE_BLOB:
        return content->ids ? KIND_IDS : KIND_BLOBS;
    default:
        return KIND_MIXED;
    }
}

/* The items of a column in the making. */
struct items {
    struct buffer nulls;
    struct buffer numbers;
    struct buffer bytes;
};

static void collect_value(struct items *items, enum kind kind, struct value value,
                          uint64_t *last) {
    switch (kind) {
    case KIND_INTEGERS:
        pack_signed(&items->numbers, value.integer);
        break;
    case KIND_DIFFERENCES:
        pack_delta(&items->numbers, last, value.integer);
        break;
    case KIND_TEXTS:
    case KIND_BLOBS:
        pack_unsigned(&items->numbers, value.bytes.size); /* fall through */
    default:
        buffer_append(&items->bytes, value.bytes.data, value.bytes.size);
        break;
    }
}

/* Fills in the items; the NULLs are left out of all but `nulls`. */
static void collect(struct items *items, enum kind kind, const struct row_column *column,
                    bool some_null) {
    uint64_t last = 0;
    size_t bitmap_size = some_null ? (column->count + 7) / 8 : 0;
    uint8_t *bitmap = buffer_extend(&items->nulls, bitmap_size);
    if (!bitmap)
        return;
    memset(bitmap, 0, bitmap_size);
    for (size_t i = 0; i < column->count; i++) {
        struct value value = value_at(column, i);
        if (value.type == VALUE_NULL)
            bitmap[i / 8] = (uint8_t)(bitmap[i / 8] | 1U << i % 8);
        else
            collect_value(items, kind, value, &last);
    }
}

static void put_items(struct buffer *ret, enum kind kind, const struct row_column *column,
                      bool some_null) {
    struct items items = {
        .nulls = buffer_make(ret->maximum),
        .numbers = buffer_make(ret->maximum),
        .bytes = buffer_make(ret->maximum),
    };
    collect(&items, kind, column, some_null);
    wire_put_array(ret, kind == KIND_TEXTS || kind == KIND_BLOBS ? 4 : 3);
    wire_put_integer(ret, kind);
    wire_put_bytes(ret, buffer_bytes(&items.nulls));
    if (kind != KIND_IDS)
        wire_put_bytes(ret, buffer_bytes(&items.numbers));
    if (kind == KIND_TEXTS)
        wire_put_value(ret, value_text_bytes(buffer_bytes(&items.bytes)));
    else if (kind == KIND_IDS || kind == KIND_BLOBS)
        wire_put_bytes(ret, buffer_bytes(&items.bytes));
    ret->failed |= items.nulls.failed | items.numbers.failed | items.bytes.failed;
    buffer_free(&items.nulls);
    buffer_free(&items.numbers);
    buffer_free(&items.bytes);
}

static void put_mixed(struct buffer *ret, const struct row_column *column) {
    wire_put_array(ret, 2);
    wire_put_integer(ret, KIND_MIXED);
    wire_put_array(ret, column->count);
    for (size_t i = 0; i < column->count; i++)
        wire_put_value(ret, value_at(column, i));
}

static void put_plain(struct buffer *ret, const struct row_column *column) {
    struct content content = content_of(column);
    enum kind kind = kind_of(&content);
    if (kind == KIND_MIXED) {
        put_mixed(ret, column);
    } else if (kind == KIND_NULLS) {
        wire_put_array(ret, 1);
        wire_put_integer(ret, kind);
    } else {
        put_items(ret, kind, column, content.types & 1U << VALUE_NULL);
    }
}

void row_column_put(struct buffer *ret, const struct row_column *column) {
    struct dictionary dictionary = {.count = 0};
    struct buffer indexes = buffer_make(ret->maximum);
    if (column->count > 0 && dictionary_pays(&dictionary, column, &indexes))
        put_dictionary(ret, &dictionary, &indexes);
    else
        put_plain(ret, column);
    buffer_free(&indexes);
}

/* --- reading ------------------------------------------------------------------------- */

struct reader {
    const struct wire_node *node;
    size_t count;
    struct value *ret;
    size_t stride;
    struct bytes nulls;
    struct pack_reader numbers;
    struct pack_reader bytes;
};

static int invalid(const char *what, struct error *error) {
    return error_set(error, "rows.invalid", what, "The rows cannot be read: %s.", what);
}

static int open_bytes(const struct reader *reader, size_t item, const char *what,
                      struct bytes *ret, struct error *error) {
    return wire_bytes(wire_item(reader->node, item), what, 0, LIMIT_CHUNK_INFLATED, ret,
                      error);
}

static int read_values(const struct wire_node *node, struct value *ret, size_t count,
                       size_t stride, struct error *error) {
    for (size_t i = 0; i < count; i++)
        if (wire_value(wire_item(node, i), "value", &ret[i * stride], error) != 0)
            return -1;
    return 0;
}

static int read_dictionary(struct reader *reader, struct error *error) {
    struct value values[DICTIONARY_MAXIMUM];
    const struct wire_node *list = wire_item(reader->node, 1);
    size_t known = 0;
    struct bytes indexes = {NULL, 0};
    if (wire_array(list, "dictionary", 1, DICTIONARY_MAXIMUM, &known, error) != 0 ||
        read_values(list, values, known, 1, error) != 0 ||
        open_bytes(reader, 2, "indexes", &indexes, error) != 0)
        return -1;
    if (indexes.size != (known == 1 ? 0 : reader->count))
        return invalid("indexes", error);
    for (size_t i = 0; i < reader->count; i++) {
        uint8_t index = known == 1 ? 0 : indexes.data[i];
        if (index >= known)
            return invalid("indexes", error);
        reader->ret[i * reader->stride] = values[index];
    }
    return 0;
}

static int read_mixed(struct reader *reader, struct error *error) {
    const struct wire_node *list = wire_item(reader->node, 1);
    size_t count = 0;
    if (wire_array(list, "values", reader->count, reader->count, &count, error) != 0)
        return -1;
    return read_values(list, reader->ret, count, reader->stride, error);
}

static int open_nulls(struct reader *reader, struct error *error) {
    if (open_bytes(reader, 1, "nulls", &reader->nulls, error) != 0)
        return -1;
    if (reader->nulls.size != 0 && reader->nulls.size != (reader->count + 7) / 8)
        return invalid("nulls", error);
    return 0;
}

static bool is_null(const struct reader *reader, size_t i) {
    return reader->nulls.size != 0 && (reader->nulls.data[i / 8] >> i % 8 & 1);
}

static int open_numbers(struct reader *reader, struct error *error) {
    struct bytes numbers = {NULL, 0};
    if (open_nulls(reader, error) != 0 ||
        open_bytes(reader, 2, "numbers", &numbers, error) != 0)
        return -1;
    reader->numbers = pack_open(numbers);
    return 0;
}

static int read_integers(struct reader *reader, bool differences, struct error *error) {
    uint64_t last = 0;
    if (open_numbers(reader, error) != 0)
        return -1;
    for (size_t i = 0; i < reader->count; i++) {
        struct value value = value_null();
        if (!is_null(reader, i)) {
            if (!differences)
                last = 0;
            value = value_integer(pack_read_delta(&reader->numbers, &last));
        }
        reader->ret[i * reader->stride] = value;
    }
    return pack_done(&reader->numbers) ? 0 : invalid("numbers", error);
}

static int read_ids(struct reader *reader, struct error *error) {
    struct bytes bytes = {NULL, 0};
    if (open_nulls(reader, error) != 0 ||
        open_bytes(reader, 2, "ids", &bytes, error) != 0)
        return -1;
    reader->bytes = pack_open(bytes);
    for (size_t i = 0; i < reader->count; i++)
        reader->ret[i * reader->stride] =
            is_null(reader, i) ? value_null()
                               : value_blob(pack_read_bytes(&reader->bytes, ID_SIZE));
    return pack_done(&reader->bytes) ? 0 : invalid("ids", error);
}

static int open_together(struct reader *reader, bool is_text, struct error *error) {
    const struct wire_node *node = wire_item(reader->node, 3);
    struct bytes bytes = {NULL, 0};
    if (open_numbers(reader, error) != 0)
        return -1;
    int rc = is_text ? wire_text(node, "text", LIMIT_CHUNK_INFLATED, &bytes, error)
                     : wire_bytes(node, "bytes", 0, LIMIT_CHUNK_INFLATED, &bytes, error);
    reader->bytes = pack_open(bytes);
    return rc;
}

/* Texts and blobs. All the text together is UTF-8, so each part is when it begins with a character. */
static int read_together(struct reader *reader, bool is_text, struct error *error) {
    if (open_together(reader, is_text, error) != 0)
        return -1;
    for (size_t i = 0; i < reader->count; i++) {
        struct value value = value_null();
        if (!is_null(reader, i)) {
            value.type = is_text ? VALUE_TEXT : VALUE_BLOB;
            value.bytes = pack_read_bytes(
                &reader->bytes,
                pack_read_count(&reader->numbers, is_text ? LIMIT_TEXT : LIMIT_BLOB));
            if (is_text && value.bytes.size > 0 && (value.bytes.data[0] & 0xc0) == 0x80)
                return invalid("text", error);
        }
        reader->ret[i * reader->stride] = value;
    }
    return pack_done(&reader->numbers) && pack_done(&reader->bytes)
               ? 0
               : invalid("text", error);
}

static int read_nulls(struct reader *reader) {
    for (size_t i = 0; i < reader->count; i++)
        reader->ret[i * reader->stride] = value_null();
    return 0;
}

static int read_kind(struct reader *reader, enum kind kind, struct error *error) {
    switch (kind) {
    case KIND_DICTIONARY:
        return read_dictionary(reader, error);
    case KIND_INTEGERS:
        return read_integers(reader, false, error);
    case KIND_DIFFERENCES:
        return read_integers(reader, true, error);
    case KIND_IDS:
        return read_ids(reader, error);
    case KIND_TEXTS:
        return read_together(reader, true, error);
    case KIND_BLOBS:
        return read_together(reader, false, error);
    case KIND_MIXED:
        return read_mixed(reader, error);
    default:
        return read_nulls(reader);
    }
}

int row_column_read(const struct wire_node *node, size_t count, struct value *ret,
                    size_t stride, struct error *error) {
    static const uint8_t item_counts[] = {
        [KIND_NULLS] = 1,       [KIND_DICTIONARY] = 3, [KIND_INTEGERS] = 3,
        [KIND_DIFFERENCES] = 3, [KIND_IDS] = 3,        [KIND_TEXTS] = 4,
        [KIND_BLOBS] = 4,       [KIND_MIXED] = 2,
    };
    struct reader reader = {.node = node, .count = count, .ret = ret, .stride = stride};
    size_t items = 0;
    int64_t kind = 0;
    if (wire_array(node, "column", 1, 4, &items, error) != 0 ||
        wire_integer(wire_item(node, 0), "kind", KIND_NULLS, KIND_MIXED, &kind, error) !=
            0)
        return -1;
    if (items != item_counts[kind])
        return invalid("column", error);
    return read_kind(&reader, (enum kind)kind, error);
}
