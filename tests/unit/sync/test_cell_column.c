/*
 * sync/cell_column and sync/dictionary: every kind of column there and back, and what cannot be read.
 */
#include "tests/unit/sync/support.h"

#include "schema/base/limits.h"
#include "sync/cell_column.h"
#include "sync/number_column.h"

enum { ROOM = 1 << 20, MOST = 1024 };
enum { INTEGERS, IDS, TEXTS, BLOBS, DIGITS, FEW, MIXED };

/* A column as it was written. */
struct written {
    struct buffer dense;
    struct buffer items;
    struct buffer plain;
    size_t items_count;
};

static struct written write_column(const struct value *values, size_t count) {
    struct written written = {.dense = buffer_make(ROOM),
                              .items = buffer_make(ROOM),
                              .plain = buffer_make(ROOM)};
    struct cell_writer writer = {.dense = &written.dense, .plain = &written.items};
    cell_column_put(&writer, values, count);
    written.items_count = writer.plain_count;
    wire_put_array(&written.plain, writer.plain_count);
    buffer_append(&written.plain, written.items.data, written.items.size);
    assert_false(written.dense.failed || written.plain.failed);
    return written;
}

static void written_free(struct written *written) {
    buffer_free(&written->dense);
    buffer_free(&written->items);
    buffer_free(&written->plain);
}

/* Reads a column of `count` values out of both streams to their ends. */
static int read_column(struct bytes dense, struct bytes plain, size_t count,
                       struct value *ret, struct arena *arena, struct error *error) {
    struct wire_document *document = NULL;
    struct cell_reader reader = {.dense = pack_open(dense), .arena = arena};
    assert_int_equal(wire_open(plain, &document, NULL), 0);
    reader.plain = wire_root(document);
    assert_int_equal(
        wire_array(reader.plain, "plain", 0, 1000, &reader.plain_count, NULL), 0);
    int rc = cell_column_read(&reader, ret, count, error);
    if (rc == 0) {
        assert_true(pack_done(&reader.dense));
        assert_int_equal(reader.plain_next, reader.plain_count);
    }
    wire_close(document);
    return rc;
}

static void assert_round(const struct value *values, size_t count, int kind) {
    static struct value read[MOST];
    struct written written = write_column(values, count);
    struct arena arena = arena_make(ROOM);
    struct error error = {0};
    assert_int_equal(written.dense.data[0], kind);
    assert_int_equal(read_column(buffer_bytes(&written.dense),
                                 buffer_bytes(&written.plain), count, read, &arena,
                                 &error),
                     0);
    for (size_t i = 0; i < count; i++)
        assert_true(value_equal(read[i], values[i]));
    /* Whatever is cut off is missed, whatever memory is missing is said. */
    for (size_t cut = 0; cut < written.dense.size; cut++) {
        arena_reset(&arena);
        assert_int_equal(read_column((struct bytes){written.dense.data, cut},
                                     buffer_bytes(&written.plain), count, read, &arena,
                                     &error),
                         -1);
        assert_code(error, "bundle.payload");
    }
    if (written.items_count > 0) {
        assert_int_equal(read_column(buffer_bytes(&written.dense), BYTES("\x90"), count,
                                     read, &arena, &error),
                         -1);
        assert_string_equal(error.field, "items");
        assert_int_equal(read_column(buffer_bytes(&written.dense), BYTES("\x91\xc3"),
                                     count, read, &arena, &error),
                         -1);
        assert_code(error, "wire.type");
    }
    arena_free(&arena);
    for (size_t maximum = 0;; maximum += 16) {
        arena = arena_make(maximum);
        int rc = read_column(buffer_bytes(&written.dense), buffer_bytes(&written.plain),
                             count, read, &arena, &error);
        arena_free(&arena);
        if (rc == 0)
            break;
        assert_code(error, "memory");
    }
    written_free(&written);
}

static void integers(void **state) {
    const struct value values[] = {value_integer(5), value_integer(-70000), value_null(),
                                   value_integer(5)};
    assert_round(values, 4, INTEGERS);
    assert_round(values, 2, INTEGERS);
}

/* Amounts in cents that are whole hundreds take as few bits as the hundreds. */
static void multiples(void **state) {
    const struct value amounts[] = {value_integer(120000), value_integer(0),
                                    value_integer(-40000), value_integer(70000)};
    const struct value zero[] = {value_integer(0), value_null()};
    const struct value least[] = {value_integer(INT64_MIN), value_null()};
    const struct value ends[] = {value_integer(INT64_MIN), value_integer(INT64_MAX)};
    assert_round(amounts, 4, INTEGERS);
    assert_round(zero, 2, INTEGERS);
    assert_round(least, 2, INTEGERS);
    assert_round(ends, 2, INTEGERS);
    struct written written = write_column(amounts, 4);
    assert_bytes(buffer_bytes(&written.dense),
                 BYTES("\x00\x00\x90\x4e\x05\x07\x90\x80\x05")); /* 10,000; -4 and up */
    written_free(&written);
}

/* More of them than a byte of the bitmap has bits. */
static void twelve_with_one_missing(void **state) {
    struct value values[12];
    for (int i = 0; i < 12; i++)
        values[i] = i == 9 ? value_null() : value_integer(i * i);
    assert_round(values, 12, INTEGERS);
}

static void ids(void **state) {
    struct id first = id_of(1);
    struct id second = id_of(2);
    const struct value values[] = {
        value_blob((struct bytes){first.bytes, ID_SIZE}),
        value_null(),
        value_blob((struct bytes){second.bytes, ID_SIZE}),
    };
    assert_round(values, 3, IDS);
}

static void texts(void **state) {
    const struct value values[] = {value_text("上海"), value_text(""), value_null(),
                                   value_text("North 17"), value_text("12")};
    char longest[66] = "";
    assert_round(values, 5, TEXTS);
    const struct value numbers[] = {value_text("13800000001"), value_text("1380000000")};
    assert_round(numbers, 2, TEXTS);
    const struct value signs[] = {value_text("1:"), value_text("2/")};
    assert_round(signs, 2, TEXTS);
    const struct value longs[] = {value_text("1234567890123456789"),
                                  value_text("1234567890123456780")};
    assert_round(longs, 2, TEXTS);
    memset(longest, 'x', 64);
    longest[64] = '1';
    const struct value pattern[] = {value_text(longest), value_null()};
    assert_round(pattern, 2, TEXTS);
    const struct value letters[] = {value_text("a1"), value_text("b1")};
    assert_round(letters, 2, TEXTS);
    const struct value beside[] = {value_text("a1"), value_text("11")};
    assert_round(beside, 2, TEXTS);
    const struct value none[] = {value_text("ab"), value_null()};
    assert_round(none, 2, TEXTS);
}

static void blobs(void **state) {
    const struct value values[] = {value_blob(BYTES("\x00\x01")), value_blob(BYTES("")),
                                   value_null()};
    assert_round(values, 3, BLOBS);
}

static void digits(void **state) {
    const struct value phones[] = {value_text("13800000001"), value_text("00000000000"),
                                   value_null(), value_text("99999999999")};
    assert_round(phones, 4, DIGITS);
    const struct value longest[] = {value_text("999999999999999999"),
                                    value_text("000000000000000001")};
    assert_round(longest, 2, DIGITS);
    const struct value shortest[] = {value_text("0"), value_text("7"), value_text("9")};
    assert_round(shortest, 3, DIGITS);
    const struct value dates[] = {value_text("2024-05-17"), value_text("2019-12-31"),
                                  value_null()};
    assert_round(dates, 3, DIGITS);
    const struct value codes[] = {value_text("客户-0012"), value_text("客户-0700")};
    assert_round(codes, 2, DIGITS);
}

static void few(void **state) {
    const struct value values[] = {value_text("retail"), value_null(),
                                   value_text("retail"), value_integer(1),
                                   value_null(),         value_integer(1)};
    assert_round(values, 6, FEW);
    assert_round(values + 1, 1, MIXED); /* a NULL alone */
    const struct value nulls[] = {value_null(), value_null()};
    assert_round(nulls, 2, FEW);
}

static void mixed(void **state) {
    const struct value values[] = {value_text("a"), value_integer(9), value_null()};
    assert_round(values, 3, MIXED);
}

/* 256 values are few when each comes twice, 257 are not. */
static void many_are_not_few(void **state) {
    static struct value values[514];
    for (int i = 0; i < 514; i++)
        values[i] = value_integer(i % 257 * 7919 % 1000003);
    assert_round(values, 514, INTEGERS);
    for (int i = 0; i < 512; i++)
        values[i] = value_integer(i % 256 * 7919 % 1000003);
    assert_round(values, 512, FEW);
}

/* --- made by hand -------------------------------------------------------------------- */

static void refuse(struct bytes dense, struct bytes plain, const char *code,
                   const char *field) {
    struct value read[3];
    struct arena arena = arena_make(ROOM);
    struct error error = {0};
    assert_int_equal(read_column(dense, plain, 2, read, &arena, &error), -1);
    assert_code(error, code);
    assert_string_equal(error.field, field);
    arena_free(&arena);
}

/* A head of 8 bits from 0, and two numbers. */
#define TWO(a, b) "\x08\x00" a b

static void what_no_writer_writes(void **state) {
    static const char PAYLOAD[] = "bundle.payload";
    refuse(BYTES("\x07\x00"), BYTES("\x90"), PAYLOAD, "kind");
    refuse(BYTES("\x00\x02"), BYTES("\x90"), PAYLOAD, "nulls");
    refuse(BYTES("\x02\x00" TWO("\x01", "\x02")),
           BYTES("\x91\xa2"
                 "ab"),
           PAYLOAD, "lengths"); /* longer than the text */
    refuse(BYTES("\x02\x00" TWO("\x01", "\x00")),
           BYTES("\x91\xa2"
                 "ab"),
           PAYLOAD, "lengths"); /* shorter */
    refuse(BYTES("\x02\x00\x08\x01\x00\x01"),
           BYTES("\x91\xa2"
                 "ab"),
           PAYLOAD, "lengths"); /* -1 and 0 */
    refuse(BYTES("\x02\x00\x00\x82\x80\x08"), BYTES("\x91\xa0"), PAYLOAD,
           "lengths"); /* 65,537 each */
    refuse(BYTES("\x03\x00\x00\x82\x80\x08"), BYTES("\x91\xc4\x00"), PAYLOAD, "lengths");
    refuse(BYTES("\x02\x00" TWO("\x01", "\x02")), BYTES("\x91\xa3\xe4\xb8\x8a"), PAYLOAD,
           "text"); /* cut within a character */
    refuse(BYTES("\x03\x00" TWO("\x01", "\x02")),
           BYTES("\x91\xa1"
                 "a"),
           "wire.type", "bytes");
    refuse(BYTES("\x04\x00\x00" TWO("\x01", "\x02")), BYTES("\x90"), PAYLOAD, "digits");
    refuse(BYTES("\x04\x00\x13"
                 "0000000000000000000" TWO("\x01", "\x02")),
           BYTES("\x90"), PAYLOAD, "digits"); /* 19 digits */
    refuse(BYTES("\x04\x00\x02\xe4"
                 "0" TWO("\x01", "\x02")),
           BYTES("\x90"), PAYLOAD, "digits"); /* half a character */
    refuse(BYTES("\x04\x00\x01"
                 "0" TWO("\x09", "\x0a")),
           BYTES("\x90"), PAYLOAD, "digits");
    refuse(BYTES("\x04\x00\x01"
                 "0\x08\x01\x00\x01"),
           BYTES("\x90"), PAYLOAD, "digits");
    refuse(BYTES("\x05" TWO("\x00", "\x02")), BYTES("\x91\x92\x01\x02"), PAYLOAD,
           "places");
    refuse(BYTES("\x05\x08\x01\x00\x01"), BYTES("\x91\x92\x01\x02"), PAYLOAD, "places");
    refuse(BYTES("\x05" TWO("\x00", "\x00")), BYTES("\x91\x90"), "wire.range", "values");
    refuse(BYTES("\x05" TWO("\x00", "\x00")), BYTES("\x91\x91\xc3"), "wire.type",
           "value");
    refuse(BYTES("\x06"), BYTES("\x91\x91\x01"), "wire.range", "values");
}

static void no_room(void **state) {
    const struct value values[] = {value_text("one"), value_text("another")};
    for (size_t room = 0; room < 12; room++) {
        struct buffer dense = buffer_make(room);
        struct buffer plain = buffer_make(room);
        struct cell_writer writer = {.dense = &dense, .plain = &plain};
        cell_column_put(&writer, values, 2);
        assert_int_equal(dense.failed || plain.failed, room < 11);
        buffer_free(&dense);
        buffer_free(&plain);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers),
        cmocka_unit_test(multiples),
        cmocka_unit_test(twelve_with_one_missing),
        cmocka_unit_test(ids),
        cmocka_unit_test(texts),
        cmocka_unit_test(blobs),
        cmocka_unit_test(digits),
        cmocka_unit_test(few),
        cmocka_unit_test(mixed),
        cmocka_unit_test(many_are_not_few),
        cmocka_unit_test(what_no_writer_writes),
        cmocka_unit_test(no_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
