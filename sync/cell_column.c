/*
 * One column of cells.
 *
 *   in the dense stream   kind (a byte) · nulls · what the kind says; a byte 0 for `nulls` when none of the values
 *                         is NULL, else 1 and a bitmap: bit i % 8 of byte i / 8 for value i. What follows then
 *                         is about the others alone.
 *   0 integers            what all are multiples of (an unsigned varint; amounts are in cents, but mostly whole), and how
 *                         many times that, a number column
 *   1 ids                 16 bytes each
 *   2 texts               lengths in bytes, a number column; plain: all texts as one
 *   3 blobs               lengths, a number column; plain: all bytes as one
 *   4 digits              texts that differ in their digits only (phones, dates, codes): the length of their pattern, the
 *                         pattern with a 0 for each of 1 to 18 digits, and the texts' digits as a number column
 *   5 few                 plain: array of the different values; which of them, a number column. NULL is one of them
 *                         (no bitmap)
 *   6 mixed               plain: array of the values, NULL too (no bitmap)
 */
#include "sync/cell_column.h"

#include <string.h>

#include "schema/base/limits.h"
#include "sync/dictionary.h"
#include "sync/number_column.h"

enum kind {
    CELLS_INTEGERS,
    CELLS_IDS,
    CELLS_TEXTS,
    CELLS_BLOBS,
    CELLS_DIGITS,
    CELLS_FEW,
    CELLS_MIXED
};

enum { DIGITS_MAXIMUM = 18, PATTERN_MAXIMUM = 64 };

/* --- writing ------------------------------------------------------------------------- */

static void append_number(struct buffer *numbers, int64_t number) {
    buffer_append(numbers, &number, sizeof number);
}

static void put_numbers(struct cell_writer *writer, struct buffer *numbers) {
    number_column_put(writer->dense, (const int64_t *)(const void *)numbers->data,
                      numbers->size / sizeof(int64_t));
    writer->dense->failed |= numbers->failed;
}

static void put_array(struct cell_writer *writer, const struct value *values,
                      size_t count) {
    wire_put_array(writer->plain, count);
    for (size_t i = 0; i < count; i++)
        wire_put_value(writer->plain, values[i]);
    writer->plain_count++;
}

/* Naming the different values pays when each comes twice. */
static bool put_few(struct cell_writer *writer, const struct value *values,
                    size_t count) {
    struct dictionary dictionary = {.count = 0};
    struct buffer places = buffer_make(count * sizeof(int64_t));
    size_t place = 0;
    for (size_t i = 0; i < count && place < DICTIONARY_MAXIMUM; i++) {
        place = dictionary_place(&dictionary, values[i]);
        append_number(&places, (int64_t)place);
    }
    bool pays = place < DICTIONARY_MAXIMUM && dictionary.count * 2 <= count;
    if (pays) {
        buffer_append_byte(writer->dense, CELLS_FEW);
        put_array(writer, dictionary.values, dictionary.count);
        put_numbers(writer, &places);
    }
    buffer_free(&places);
    return pays;
}

static bool is_digit(uint8_t byte) {
    return byte >= '0' && byte <= '9';
}

/* True when the text is the pattern but for its digits; *ret is what they say then. */
static bool number_of(struct bytes text, struct bytes pattern, int64_t *ret) {
    int64_t number = 0;
    if (text.size != pattern.size)
        return false;
    for (size_t i = 0; i < text.size; i++) {
        if (is_digit(text.data[i]) && is_digit(pattern.data[i]))
            number = number * 10 + (text.data[i] - '0');
        else if (text.data[i] != pattern.data[i])
            return false;
    }
    *ret = number;
    return true;
}

/* A pattern has some digits, but no more than a number. */
static bool is_pattern(struct bytes text) {
    size_t digits = 0;
    for (size_t i = 0; i < text.size && text.size <= PATTERN_MAXIMUM; i++)
        digits += is_digit(text.data[i]);
    return digits > 0 && digits <= DIGITS_MAXIMUM;
}

/* What the values that are not NULL have in common. */
struct content {
    unsigned types; /* bit per enum value_type, NULL's left out */
    bool some_null;
    bool ids;              /* 16 bytes each */
    bool digits;           /* they differ in their digits only */
    struct bytes pattern;  /* the first one */
    struct buffer lengths; /* or the integers, or what the digits say */
    struct buffer bytes;
};

static void add_to_content(struct content *content, struct value value) {
    int64_t number = 0;
    if (content->types == 0) {
        content->pattern = value.bytes;
        content->digits = is_pattern(value.bytes);
    }
    content->types |= 1U << value.type;
    content->ids = content->ids && value.bytes.size == ID_SIZE;
    content->digits =
        content->digits && number_of(value.bytes, content->pattern, &number);
    append_number(&content->lengths, value.type == VALUE_INTEGER
                                         ? value.integer
                                         : (int64_t)value.bytes.size);
    buffer_append(&content->bytes, value.bytes.data, value.bytes.size);
}

static struct content content_of(const struct cell_writer *writer,
                                 const struct value *values, size_t count) {
    struct content content = {
        .ids = true,
        .lengths = buffer_make(count * sizeof(int64_t)),
        .bytes = buffer_make(writer->plain->maximum),
    };
    for (size_t i = 0; i < count; i++) {
        if (values[i].type == VALUE_NULL)
            content.some_null = true;
        else
            add_to_content(&content, values[i]);
    }
    return content;
}

static enum kind kind_of(const struct content *content) {
    switch (content->types) {
    case 1U << VALUE_INTEGER:
        return CELLS_INTEGERS;
    case 1U << VALUE_TEXT:
        return content->digits ? CELLS_DIGITS : CELLS_TEXTS;
    case 1U << VALUE_BLOB:
        return content->ids ? CELLS_IDS : CELLS_BLOBS;
    default:
        return CELLS_MIXED;
    }
}

static void put_nulls(struct buffer *ret, const struct value *values, size_t count,
                      bool some_null) {
    buffer_append_byte(ret, some_null);
    for (size_t i = 0; some_null && i < count; i += 8) {
        unsigned byte = 0;
        for (size_t k = i; k < i + 8 && k < count; k++)
            byte |= (unsigned)(values[k].type == VALUE_NULL) << (k - i);
        buffer_append_byte(ret, (uint8_t)byte);
    }
}

/* The texts instead of their lengths. */
static void put_digits(struct cell_writer *writer, struct content *content) {
    const size_t size = content->pattern.size;
    int64_t number = 0;
    buffer_append_byte(writer->dense, (uint8_t)size);
    for (size_t i = 0; i < size; i++)
        buffer_append_byte(writer->dense, is_digit(content->pattern.data[i])
                                              ? '0'
                                              : content->pattern.data[i]);
    buffer_reset(&content->lengths);
    for (size_t at = 0; at < content->bytes.size; at += size) {
        number_of((struct bytes){content->bytes.data + at, size}, content->pattern,
                  &number);
        append_number(&content->lengths, number);
    }
    put_numbers(writer, &content->lengths);
}

static uint64_t magnitude(int64_t number) {
    return number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
}

/* What all are multiples of. Zero is one of anything; the least number is taken as it is. */
static int64_t unit_of(const int64_t *numbers, size_t count) {
    uint64_t unit = 0;
    for (size_t i = 0; i < count && unit != 1; i++)
        for (uint64_t rest = magnitude(numbers[i]); rest != 0;) { /* Euclid's algorithm */
            uint64_t next = unit % rest;
            unit = rest;
            rest = next;
        }
    return unit == 0 || unit > INT64_MAX ? 1 : (int64_t)unit;
}

static void put_integers(struct cell_writer *writer, struct buffer *numbers) {
    int64_t *items = (int64_t *)(void *)numbers->data;
    size_t count = numbers->size / sizeof *items;
    int64_t unit = unit_of(items, count);
    for (size_t i = 0; i < count; i++)
        items[i] /= unit;
    pack_unsigned(writer->dense, (uint64_t)unit);
    put_numbers(writer, numbers);
}

static void put_content(struct cell_writer *writer, enum kind kind,
                        struct content *content) {
    struct bytes bytes = buffer_bytes(&content->bytes);
    switch (kind) {
    case CELLS_INTEGERS:
        put_integers(writer, &content->lengths);
        break;
    case CELLS_IDS:
        buffer_append(writer->dense, bytes.data, bytes.size);
        break;
    case CELLS_DIGITS:
        put_digits(writer, content);
        break;
    default:
        put_numbers(writer, &content->lengths);
        wire_put_value(writer->plain,
                       kind == CELLS_TEXTS ? value_text_bytes(bytes) : value_blob(bytes));
        writer->plain_count++;
        break;
    }
}

void cell_column_put(struct cell_writer *writer, const struct value *values,
                     size_t count) {
    if (put_few(writer, values, count))
        return;
    struct content content = content_of(writer, values, count);
    enum kind kind = kind_of(&content);
    buffer_append_byte(writer->dense, (uint8_t)kind);
    if (kind == CELLS_MIXED) {
        put_array(writer, values, count);
    } else {
        put_nulls(writer->dense, values, count, content.some_null);
        put_content(writer, kind, &content);
    }
    writer->dense->failed |= content.lengths.failed | content.bytes.failed;
    buffer_free(&content.lengths);
    buffer_free(&content.bytes);
}

/* --- reading ------------------------------------------------------------------------- */

static int invalid(const char *what, struct error *error) {
    return error_set(error, "bundle.payload", what, "The payload cannot be read: %s.",
                     what);
}

const struct wire_node *cell_reader_item(struct cell_reader *reader,
                                         struct error *error) {
    if (reader->plain_next == reader->plain_count) {
        invalid("items", error);
        return NULL;
    }
    return wire_item(reader->plain, reader->plain_next++);
}

/* What is being read: the values that are not NULL, in order, with a number for each. */
struct column {
    struct value **values;
    int64_t *numbers;
    size_t count;
};

static int read_nulls(struct cell_reader *reader, struct value *ret, size_t count,
                      struct column *column, struct error *error) {
    uint8_t some_null = pack_read_byte(&reader->dense);
    struct bytes bitmap =
        pack_read_bytes(&reader->dense, some_null == 1 ? (count + 7) / 8 : 0);
    column->values = arena_alloc_array(reader->arena, count, sizeof *column->values);
    column->numbers = arena_alloc_array(reader->arena, count, sizeof *column->numbers);
    if (!column->values || !column->numbers)
        return error_out_of_memory(error);
    if (reader->dense.failed || some_null > 1)
        return invalid("nulls", error);
    for (size_t i = 0; i < count; i++) {
        ret[i] = value_null();
        if (!some_null || !(bitmap.data[i / 8] >> i % 8 & 1))
            column->values[column->count++] = &ret[i];
    }
    return 0;
}

static int read_numbers(struct cell_reader *reader, const struct column *column,
                        struct error *error) {
    number_column_read(&reader->dense, column->numbers, column->count);
    return reader->dense.failed ? invalid("numbers", error) : 0;
}

static int read_integers(struct cell_reader *reader, const struct column *column,
                         struct error *error) {
    uint64_t unit = pack_read_unsigned(&reader->dense);
    if (read_numbers(reader, column, error) != 0)
        return -1;
    for (size_t i = 0; i < column->count; i++)
        *column->values[i] =
            value_integer((int64_t)((uint64_t)column->numbers[i] * unit));
    return 0;
}

static int read_ids(struct cell_reader *reader, const struct column *column,
                    struct error *error) {
    for (size_t i = 0; i < column->count; i++)
        *column->values[i] = value_blob(pack_read_bytes(&reader->dense, ID_SIZE));
    return reader->dense.failed ? invalid("ids", error) : 0;
}

/* Texts and blobs. All the text together is UTF-8, so each part is when it begins with a character. */
static int cut(const struct column *column, struct bytes all, bool is_text,
               struct error *error) {
    const int64_t longest = is_text ? LIMIT_TEXT : LIMIT_BLOB;
    struct pack_reader rest = pack_open(all);
    for (size_t i = 0; i < column->count; i++) {
        if (column->numbers[i] < 0 || column->numbers[i] > longest)
            return invalid("lengths", error);
        struct bytes part = pack_read_bytes(&rest, (size_t)column->numbers[i]);
        if (is_text && part.size > 0 && (part.data[0] & 0xc0) == 0x80)
            return invalid("text", error);
        *column->values[i] = is_text ? value_text_bytes(part) : value_blob(part);
    }
    return pack_done(&rest) ? 0 : invalid("lengths", error);
}

static int read_together(struct cell_reader *reader, const struct column *column,
                         bool is_text, struct error *error) {
    struct bytes all = {NULL, 0};
    if (read_numbers(reader, column, error) != 0)
        return -1;
    const struct wire_node *node = cell_reader_item(reader, error);
    if (!node ||
        (is_text ? wire_text(node, "text", LIMIT_PAYLOAD, &all, error)
                 : wire_bytes(node, "bytes", 0, LIMIT_PAYLOAD, &all, error)) != 0)
        return -1;
    return cut(column, all, is_text, error);
}

/* The pattern with the number in its digits; false when it takes more. */
static bool write_digits(int64_t number, struct bytes pattern, uint8_t *text) {
    for (size_t i = pattern.size; i-- > 0;) {
        text[i] = pattern.data[i];
        if (text[i] == '0') {
            text[i] = (uint8_t)('0' + number % 10);
            number /= 10;
        }
    }
    return number == 0;
}

static int read_digits(struct cell_reader *reader, const struct column *column,
                       struct error *error) {
    size_t size = pack_read_byte(&reader->dense);
    struct bytes pattern = pack_read_bytes(&reader->dense, size);
    if (read_numbers(reader, column, error) != 0)
        return -1;
    if (!is_pattern(pattern) || !wire_is_utf8(pattern))
        return invalid("digits", error);
    uint8_t *text = arena_alloc_array(reader->arena, column->count, size);
    if (!text)
        return error_out_of_memory(error);
    for (size_t i = 0; i < column->count; i++, text += size) {
        if (column->numbers[i] < 0 || !write_digits(column->numbers[i], pattern, text))
            return invalid("digits", error);
        *column->values[i] = value_text_bytes((struct bytes){text, size});
    }
    return 0;
}

static int read_array(const struct wire_node *node, struct value *ret, size_t minimum,
                      size_t maximum, size_t *ret_count, struct error *error) {
    if (wire_array(node, "values", minimum, maximum, ret_count, error) != 0)
        return -1;
    for (size_t i = 0; i < *ret_count; i++)
        if (wire_value(wire_item(node, i), "value", &ret[i], error) != 0)
            return -1;
    return 0;
}

static int read_few(struct cell_reader *reader, struct value *ret, size_t count,
                    struct error *error) {
    struct value values[DICTIONARY_MAXIMUM];
    size_t known = 0;
    const struct wire_node *node = cell_reader_item(reader, error);
    int64_t *places = arena_alloc_array(reader->arena, count, sizeof *places);
    if (!node || read_array(node, values, 1, DICTIONARY_MAXIMUM, &known, error) != 0)
        return -1;
    if (!places)
        return error_out_of_memory(error);
    number_column_read(&reader->dense, places, count);
    for (size_t i = 0; i < count; i++) {
        if (places[i] < 0 || (size_t)places[i] >= known)
            return invalid("places", error);
        ret[i] = values[places[i]];
    }
    return reader->dense.failed ? invalid("places", error) : 0;
}

static int read_mixed(struct cell_reader *reader, struct value *ret, size_t count,
                      struct error *error) {
    size_t found = 0;
    const struct wire_node *node = cell_reader_item(reader, error);
    return node ? read_array(node, ret, count, count, &found, error) : -1;
}

int cell_column_read(struct cell_reader *reader, struct value *ret, size_t count,
                     struct error *error) {
    struct column column = {NULL, NULL, 0};
    uint8_t kind = pack_read_byte(&reader->dense);
    if (kind == CELLS_FEW)
        return read_few(reader, ret, count, error);
    if (kind == CELLS_MIXED)
        return read_mixed(reader, ret, count, error);
    if (read_nulls(reader, ret, count, &column, error) != 0)
        return -1;
    switch (kind) {
    case CELLS_INTEGERS:
        return read_integers(reader, &column, error);
    case CELLS_IDS:
        return read_ids(reader, &column, error);
    case CELLS_TEXTS:
        return read_together(reader, &column, true, error);
    case CELLS_BLOBS:
        return read_together(reader, &column, false, error);
    case CELLS_DIGITS:
        return read_digits(reader, &column, error);
    default:
        return invalid("kind", error);
    }
}
