/*
 * sync/payload_packed: the layout byte by byte, and whatever an attacker may send.
 */
#include "tests/unit/sync/support.h"

#include <stdlib.h>

#include "schema/base/limits.h"
#include "sync/clock.h"
#include "sync/payload_packed.h"

static const uint8_t prefix[8] = {'p', 'r', 'e', 'f', 'i', 'x', '.', '.'};
static const uint8_t row_keys[48] = {1, 2, 3};

static struct cell cells[3];
static struct change changes[3];
static struct transaction transactions[2];

/* An edit of one cell; an insert of two cells and an edit of the first of them. */
static int make_transactions(void **state) {
    cells[0] = (struct cell){7, value_text("one")};
    cells[1] = (struct cell){7, value_text("three")};
    cells[2] = (struct cell){9, value_integer(-3)};
    changes[0] = (struct change){30, ROW_UPDATE, {row_keys, 16}, &cells[0], 1};
    changes[1] = (struct change){30, ROW_INSERT, {row_keys + 16, 16}, &cells[1], 2};
    changes[2] = (struct change){31, ROW_DELETE, {row_keys, 32}, NULL, 0};
    transactions[0] = (struct transaction){transaction_id(prefix, 5),
                                           clock_pack(1000, 2),
                                           40,
                                           id_of(1),
                                           "a.b",
                                           &changes[0],
                                           1};
    transactions[1] = (struct transaction){transaction_id(prefix, 6),
                                           clock_pack(1003, 0),
                                           40,
                                           id_of(1),
                                           "a.c",
                                           &changes[1],
                                           2};
    return 0;
}

/* The dense stream of these, part by part. */
enum part {
    RUNS,
    USERS,
    USER_INDEXES,
    COMMAND_INDEXES,
    MILLISECONDS,
    COUNTERS,
    BASES,
    CHANGE_COUNTS,
    SHAPES,
    SHAPE_INDEXES,
    KEYS,
    FIRST_CELLS,
    SECOND_CELLS,
    PARTS
};

static struct bytes part_of(enum part part) {
    static const uint8_t users[17] = {1, 1, 0x11, 0x22, [16] = 1};
    static const uint8_t keys[64] = {1, 2, 3, [32] = 1, 2, 3};
    const struct bytes parts[PARTS] = {
        [RUNS] = BYTES("prefix..\x05\x02"),
        [USERS] = {users, 17},
        [USER_INDEXES] = BYTES("\x00\x00"),
        [COMMAND_INDEXES] = BYTES("\x01\x00\x02"),
        [MILLISECONDS] = BYTES("\x02\xd0\x0f\x0c"),
        [COUNTERS] = BYTES("\x02\x00\x02"),
        [BASES] = BYTES("\x00\x50"),
        [CHANGE_COUNTS] = BYTES("\x01\x02\x02"),
        [SHAPES] = BYTES("\x03\x1e\x06\x01\x07\x1e\x05\x02\x07\x09\x1f\x0b\x00"),
        [SHAPE_INDEXES] = BYTES("\x02\x00\x24"),
        [KEYS] = {keys, 64},
        [FIRST_CELLS] = BYTES("\x02\x00\x02\x06\x08"),
        [SECOND_CELLS] = BYTES("\x00\x00\x03\x00\x01"),
    };
    return parts[part];
}

/* The plain stream: the commands and the texts. */
static const char PLAIN[] = "\x92\x92\xa3"
                            "a.b\xa3"
                            "a.c\xa8onethree";

static struct bytes plain(void) {
    return (struct bytes){(const uint8_t *)PLAIN, sizeof PLAIN - 1};
}

static struct buffer dense_with(enum part part, struct bytes with) {
    struct buffer dense = buffer_make(10000);
    for (int i = 0; i < PARTS; i++) {
        struct bytes bytes = i == (int)part ? with : part_of(i);
        buffer_append(&dense, bytes.data, bytes.size);
    }
    return dense;
}

static void the_layout(void **state) {
    struct buffer expected = dense_with(PARTS, (struct bytes){NULL, 0});
    struct buffer dense = buffer_make(10000);
    struct buffer plain_stream = buffer_make(10000);
    payload_packed_encode((struct transaction_list){transactions, 2}, &dense,
                          &plain_stream);
    assert_bytes(buffer_bytes(&plain_stream), plain());
    for (size_t i = 0; i < dense.size; i++)
        assert_int_equal(dense.data[i], expected.data[i]);
    assert_int_equal(dense.size, expected.size);
    buffer_free(&expected);
    buffer_free(&dense);
    buffer_free(&plain_stream);
}

static int decode(struct bytes dense, struct bytes plain_stream, struct arena *arena,
                  struct transaction **ret, struct error *error) {
    return payload_packed_decode((struct packed_payload){dense, plain_stream}, 2, arena,
                                 ret, error);
}

static void assert_change(const struct change *actual, const struct change *expected) {
    assert_int_equal(actual->table, expected->table);
    assert_int_equal(actual->operation, expected->operation);
    assert_bytes(actual->key, expected->key);
    assert_int_equal(actual->cell_count, expected->cell_count);
    for (size_t i = 0; i < expected->cell_count; i++) {
        assert_int_equal(actual->cells[i].column, expected->cells[i].column);
        assert_true(value_equal(actual->cells[i].value, expected->cells[i].value));
    }
}

static void there_and_back(void **state) {
    struct buffer dense = dense_with(PARTS, (struct bytes){NULL, 0});
    struct arena arena = arena_make(100000);
    struct transaction *read = NULL;
    assert_int_equal(decode(buffer_bytes(&dense), plain(), &arena, &read, NULL), 0);
    for (size_t i = 0; i < 2; i++) {
        assert_true(id_equal(read[i].id, transactions[i].id));
        assert_true(read[i].time == transactions[i].time);
        assert_true(read[i].base == 40);
        assert_true(id_equal(read[i].user, id_of(1)));
        assert_string_equal(read[i].command, transactions[i].command);
        assert_int_equal(read[i].change_count, i + 1);
    }
    assert_change(&read[0].changes[0], &changes[0]);
    assert_change(&read[1].changes[0], &changes[1]);
    assert_change(&read[1].changes[1], &changes[2]);
    arena_free(&arena);
    buffer_free(&dense);
}

static void whatever_is_cut_off_is_missed(void **state) {
    struct buffer dense = dense_with(PARTS, (struct bytes){NULL, 0});
    struct transaction *read = NULL;
    for (size_t cut = 0; cut < dense.size; cut++) {
        struct arena arena = arena_make(200000);
        struct error error = {0};
        assert_int_equal(
            decode((struct bytes){dense.data, cut}, plain(), &arena, &read, &error), -1);
        assert_code(error, "bundle.payload");
        arena_free(&arena);
    }
    buffer_free(&dense);
}

static int decode_plain(struct bytes document, struct arena *arena, struct error *error) {
    struct buffer dense = dense_with(PARTS, (struct bytes){NULL, 0});
    struct transaction *read = NULL;
    int rc = decode(buffer_bytes(&dense), document, arena, &read, error);
    buffer_free(&dense);
    return rc;
}

static void every_wrong_value(void **state) {
    exchange_every_node(plain(), decode_plain);
    assert_true(starve(plain(), decode_plain) > 500);
    struct arena arena = arena_make(100000);
    struct error error = {0};
    assert_int_equal(decode_plain(BYTES("\xc1"), &arena, &error), -1);
    assert_code(error, "wire.type");
    arena_free(&arena);
}

static void refuse(enum part part, struct bytes with, const char *field) {
    struct buffer dense = dense_with(part, with);
    struct arena arena = arena_make(1000000);
    struct transaction *read = NULL;
    struct error error = {0};
    assert_int_equal(decode(buffer_bytes(&dense), plain(), &arena, &read, &error), -1);
    assert_code(error, "bundle.payload");
    assert_string_equal(error.field, field);
    arena_free(&arena);
    buffer_free(&dense);
}

static void wrong_numbers(void **state) {
    refuse(RUNS, BYTES("prefix..\x05\x03"), "runs"); /* three ids for two */
    refuse(RUNS, BYTES("prefix..\x05\x00"), "runs");
    refuse(RUNS, BYTES("prefix..\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x02"), "runs");
    refuse(USERS, BYTES("\x00"), "users");
    refuse(USERS, BYTES("\x03"), "users");
    refuse(USER_INDEXES, BYTES("\x00\x02"), "users");
    refuse(USER_INDEXES, BYTES("\x00\x01"), "users"); /* -1 */
    refuse(COMMAND_INDEXES, BYTES("\x00\x04"), "commands");
    refuse(MILLISECONDS, BYTES("\x00\x01"), "milliseconds");
    refuse(MILLISECONDS, BYTES("\x00\xfe\xff\xff\xff\xff\xff\xff\xff\x7f"),
           "milliseconds");
    refuse(COUNTERS, BYTES("\x00\x80\x80\x08"), "counters");
    refuse(BASES, BYTES("\x00\x01"), "bases");
    refuse(CHANGE_COUNTS, BYTES("\x00\x92\x4e"), "change_counts"); /* 5,001 */
    refuse(CHANGE_COUNTS, BYTES("\x00\x90\x4e"), "change_counts"); /* more than keys */
    refuse(CHANGE_COUNTS, BYTES("\x01\x00\x02"), "shapes"); /* one, of three shapes */
    refuse(SHAPE_INDEXES, BYTES("\x00\x06"), "shapes");
    refuse(SHAPE_INDEXES, BYTES("\x00\x00"), "cells"); /* shapes that nothing has */
    refuse(KEYS, BYTES("0123456789012345678901234567890123456789"), "keys");
    refuse(SECOND_CELLS, BYTES("\x00\x00\x03\x00\x01\x00"), "length");
}

static void wrong_shapes(void **state) {
    refuse(SHAPES, BYTES("\x03\x00\x06\x01\x07\x1e\x05\x02\x07\x09\x1f\x0b\x00"),
           "table");
    refuse(SHAPES, BYTES("\x03\x1e\x04\x01\x07\x1e\x05\x02\x07\x09\x1f\x0b\x00"),
           "operation");
    refuse(SHAPES, BYTES("\x03\x1e\x02\x01\x07\x1e\x05\x02\x07\x09\x1f\x0b\x00"), "key");
    refuse(SHAPES, BYTES("\x03\x1e\x16\x01\x07\x1e\x05\x02\x07\x09\x1f\x0b\x00"), "key");
    refuse(SHAPES, BYTES("\x03\x1e\x06\x01\x07\x1e\x07\x02\x07\x09\x1f\x0b\x00"),
           "cells");
    refuse(SHAPES, BYTES("\x03\x1e\x06\x01\x07\x1e\x05\x02\x07\x07\x1f\x0b\x00"),
           "column");
    refuse(SHAPES, BYTES("\x03\x1e\x06\x01\x40\x1e\x05\x02\x07\x09\x1f\x0b\x00"),
           "column");
    refuse(SHAPES, BYTES("\x03\x1e\x06\x01\x00\x1e\x05\x02\x07\x09\x1f\x0b\x00"),
           "column");
    refuse(SHAPES, BYTES("\x04\x1e\x06\x01\x07\x1e\x05\x02\x07\x09\x1f\x0b\x00"),
           "shapes");
}

/* A shape that claims more columns than there are bytes. */
static void a_shape_that_is_cut(void **state) {
    refuse(SHAPES, BYTES("\x01\x1e\x06\xff"), "table");
}

/* Two changes have one shape only if all of it is the same. */
static void shapes_are_told_apart(void **state) {
    struct cell one[2] = {{7, value_integer(1)}, {9, value_integer(2)}};
    struct cell two[2] = {{7, value_integer(3)}, {10, value_integer(4)}};
    struct change all[] = {
        {30, ROW_UPDATE, {row_keys, 16}, one, 2},
        {30, ROW_UPDATE, {row_keys, 16}, one, 1},
        {30, ROW_UPDATE, {row_keys, 32}, one, 2},
        {30, ROW_INSERT, {row_keys, 16}, one, 2},
        {31, ROW_UPDATE, {row_keys, 16}, one, 2},
        {30, ROW_UPDATE, {row_keys, 16}, two, 2},
        {30, ROW_UPDATE, {row_keys, 16}, one, 2},
    };
    struct transaction transaction = {.command = "a", .changes = all, .change_count = 7};
    struct buffer dense = buffer_make(10000);
    struct buffer plain_stream = buffer_make(10000);
    struct arena arena = arena_make(100000);
    struct transaction *read = NULL;
    payload_packed_encode((struct transaction_list){&transaction, 1}, &dense,
                          &plain_stream);
    struct packed_payload payload = {buffer_bytes(&dense), buffer_bytes(&plain_stream)};
    assert_int_equal(payload_packed_decode(payload, 1, &arena, &read, NULL), 0);
    for (size_t i = 0; i < 7; i++)
        assert_change(&read->changes[i], &all[i]);
    arena_free(&arena);
    buffer_free(&dense);
    buffer_free(&plain_stream);
}

/* More items than anybody asks for. */
static void items_left_over(void **state) {
    struct buffer dense = dense_with(PARTS, (struct bytes){NULL, 0});
    struct buffer more = buffer_make(1000);
    struct arena arena = arena_make(100000);
    struct transaction *read = NULL;
    struct error error = {0};
    buffer_append(&more, PLAIN, sizeof PLAIN - 1);
    buffer_append_byte(&more, 0xc0);
    more.data[0]++;
    assert_int_equal(
        decode(buffer_bytes(&dense), buffer_bytes(&more), &arena, &read, &error), -1);
    assert_string_equal(error.field, "length");
    arena_free(&arena);
    buffer_free(&more);
    buffer_free(&dense);
}

/* Cells that are no bytes at all (all the same) are still no more than a document may hold. */
static void too_many_cells(void **state) {
    enum { COUNT = 5000, COLUMNS = 63, TIMES = 7 };
    static struct cell wide[COLUMNS];
    struct change *many = calloc(COUNT, sizeof *many);
    struct transaction work[TIMES];
    struct arena arena = arena_make((size_t)1 << 30);
    struct transaction *read = NULL;
    assert_non_null(many);
    for (int i = 0; i < COLUMNS; i++)
        wide[i] = (struct cell){(uint8_t)(i + 1), value_null()};
    for (int i = 0; i < COUNT; i++)
        many[i] = (struct change){30, ROW_UPDATE, {row_keys, 16}, wide, COLUMNS};
    for (size_t i = 0; i < TIMES; i++)
        work[i] = (struct transaction){
            transaction_id(prefix, i), 0, 0, id_of(1), "a", many, COUNT};
    for (size_t times = TIMES - 1; times <= TIMES; times++) {
        struct buffer dense = buffer_make(LIMIT_PAYLOAD);
        struct buffer plain_stream = buffer_make(LIMIT_PAYLOAD);
        struct error error = {0};
        payload_packed_encode((struct transaction_list){work, times}, &dense,
                              &plain_stream);
        assert_int_equal(dense.failed, times == TIMES);
        struct packed_payload payload = {buffer_bytes(&dense),
                                         buffer_bytes(&plain_stream)};
        assert_int_equal(payload_packed_decode(payload, times, &arena, &read, &error),
                         times == TIMES ? -1 : 0);
        assert_string_equal(error.field, times == TIMES ? "keys" : "");
        buffer_free(&dense);
        buffer_free(&plain_stream);
        arena_reset(&arena);
    }
    arena_free(&arena);
    free(many);
}

static void no_room(void **state) {
    for (size_t maximum = 0;; maximum++) {
        struct buffer dense = buffer_make(maximum);
        struct buffer plain_stream = buffer_make(maximum);
        payload_packed_encode((struct transaction_list){transactions, 2}, &dense,
                              &plain_stream);
        bool failed = dense.failed || plain_stream.failed;
        buffer_free(&dense);
        buffer_free(&plain_stream);
        if (!failed) {
            assert_true(maximum > 100);
            return;
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_layout),
        cmocka_unit_test(there_and_back),
        cmocka_unit_test(whatever_is_cut_off_is_missed),
        cmocka_unit_test(every_wrong_value),
        cmocka_unit_test(wrong_numbers),
        cmocka_unit_test(wrong_shapes),
        cmocka_unit_test(a_shape_that_is_cut),
        cmocka_unit_test(shapes_are_told_apart),
        cmocka_unit_test(items_left_over),
        cmocka_unit_test(too_many_cells),
        cmocka_unit_test(no_room),
    };
    return cmocka_run_group_tests(tests, make_transactions, NULL);
}
