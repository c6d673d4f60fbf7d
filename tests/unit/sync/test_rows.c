/*
 * sync/rows and sync/row_column: chunks there and back, and chunks that nobody honest sends.
 */
#include "tests/unit/sync/support.h"

#include <stdio.h>
#include <stdlib.h>

#include "schema/base/limits.h"
#include "sync/row_column.h"
#include "sync/rows.h"
#include "sync/seal.h"

enum { ROOM = 1 << 20 };

/* --- rows made by hand --------------------------------------------------------------- */

enum { MANY = 600, COLUMNS = 9 };

/* One column of each kind: ids, texts, few texts, integers, rising integers, blobs, all null, mixed, one value. */
struct table_of_rows {
    struct sync_row rows[MANY];
    struct value values[MANY][COLUMNS];
    uint8_t keys[MANY][32];
    char texts[MANY][32];
    uint8_t noise[MANY][16];
    struct bytes forget[3];
    struct row_group group;
};

static uint64_t dice = 88172645463325252U;

static uint64_t roll(void) {
    dice ^= dice << 13;
    dice ^= dice >> 7;
    dice ^= dice << 17;
    return dice;
}

static void fill_row(struct table_of_rows *all, size_t i, bool some_null) {
    struct value *values = all->values[i];
    static const char *const few[] = {"retail", "wholesale", "大客户"};
    for (size_t j = 0; j < 32; j++)
        all->keys[i][j] = (uint8_t)roll();
    for (size_t j = 0; j < 16; j++)
        all->noise[i][j] = (uint8_t)roll();
    snprintf(all->texts[i], sizeof all->texts[i], "张%d号", (int)(roll() % 100000));
    values[0] = value_blob((struct bytes){all->noise[i], 16});
    values[1] = value_text(all->texts[i]);
    values[2] = value_text(few[roll() % 3]);
    values[3] = value_integer((int64_t)roll());
    values[4] = value_integer(1760000000000 + (int64_t)i * 1000);
    values[5] = value_blob((struct bytes){all->noise[i], i % 17});
    values[6] = value_null();
    values[7] = i % 2 ? value_text(all->texts[i]) : value_integer((int64_t)i);
    values[8] = value_text("CNY");
    for (size_t j = 0; some_null && j < COLUMNS; j++)
        if (roll() % 4 == 0)
            values[j] = value_null();
    all->rows[i] = (struct sync_row){
        .key = {all->keys[i], 32},
        .gsn = (int64_t)i + 5,
        .created_at = 1760000000000 + (int64_t)(roll() % 1000000),
        .updated_at = -(int64_t)(roll() % 1000000),
        .created_by = id_of((uint8_t)(roll() % 7)),
        .updated_by = id_of((uint8_t)(roll() % 2)),
        .values = values,
    };
}

static struct table_of_rows *make_rows(size_t count, bool some_null) {
    struct table_of_rows *all = calloc(1, sizeof *all);
    assert_non_null(all);
    for (size_t i = 0; i < MANY; i++)
        fill_row(all, i, some_null);
    for (size_t i = 0; i < 3; i++)
        all->forget[i] = (struct bytes){all->keys[i], 32};
    all->group = (struct row_group){.table = 77,
                                    .columns = {2, 3, 4, 5, 6, 7, 63, 9, 1},
                                    .column_count = COLUMNS,
                                    .rows = all->rows,
                                    .row_count = count,
                                    .forget = all->forget,
                                    .forget_count = 3};
    return all;
}

static void assert_group(const struct row_group *actual,
                         const struct row_group *expected) {
    assert_int_equal(actual->table, expected->table);
    assert_int_equal(actual->column_count, expected->column_count);
    assert_memory_equal(actual->columns, expected->columns, expected->column_count);
    assert_int_equal(actual->row_count, expected->row_count);
    assert_int_equal(actual->forget_count, expected->forget_count);
    for (size_t i = 0; i < expected->forget_count; i++)
        assert_bytes(actual->forget[i], expected->forget[i]);
    for (size_t i = 0; i < expected->row_count; i++) {
        const struct sync_row *a = &actual->rows[i], *b = &expected->rows[i];
        assert_bytes(a->key, b->key);
        assert_true(a->gsn == b->gsn && a->created_at == b->created_at);
        assert_true(a->updated_at == b->updated_at);
        assert_true(id_equal(a->created_by, b->created_by));
        assert_true(id_equal(a->updated_by, b->updated_by));
        for (size_t j = 0; j < expected->column_count; j++)
            assert_true(value_equal(a->values[j], b->values[j]));
    }
}

static void check_there_and_back(const struct row_chunk *chunk) {
    struct buffer encoded = buffer_make(ROOM);
    struct arena arena = arena_make(ROOM);
    struct row_chunk read;
    struct error error = {0};
    assert_int_equal(rows_encode(chunk, &encoded, &error), 0);
    assert_int_equal(rows_decode(buffer_bytes(&encoded), &arena, &read, &error), 0);
    assert_int_equal(read.group_count, chunk->group_count);
    for (size_t i = 0; i < chunk->group_count; i++)
        assert_group(&read.groups[i], &chunk->groups[i]);
    arena_free(&arena);
    buffer_free(&encoded);
}

static void test_there_and_back(void **state) {
    const size_t counts[] = {0, 1, 2, 3, 4, 7, 8, 9, 300, MANY};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        for (int some_null = 0; some_null < 2; some_null++) {
            struct table_of_rows *all = make_rows(counts[i], some_null);
            struct row_chunk chunk = {&all->group, 1};
            check_there_and_back(&chunk);
            free(all);
        }
}

static void test_groups(void **state) {
    struct table_of_rows *all = make_rows(5, false);
    struct row_group groups[3] = {all->group, all->group, all->group};
    struct row_chunk chunk = {groups, 3};
    groups[0].row_count = 0; /* only rows to forget */
    groups[0].column_count = 0;
    groups[1].forget_count = 0;
    groups[2].row_count = groups[2].forget_count = 0;
    check_there_and_back(&chunk);
    chunk.group_count = 0;
    check_there_and_back(&chunk);
    free(all);
}

static void test_repetition_is_nearly_free(void **state) {
    struct table_of_rows *all = make_rows(MANY, false);
    struct row_chunk chunk = {&all->group, 1};
    struct buffer encoded = buffer_make(ROOM);
    all->group.columns[0] = 9;
    all->group.columns[1] = 8;
    all->group.column_count = 2;
    for (size_t i = 0; i < MANY; i++) {
        all->values[i][0] = value_text(i % 5 ? "wholesale" : "retail");
        all->values[i][1] = value_null();
        all->rows[i].created_by = all->rows[i].updated_by = id_of(1);
        all->rows[i].created_at = all->rows[i].updated_at = 1760000000000;
    }
    assert_int_equal(rows_encode(&chunk, &encoded, NULL), 0);
    assert_in_range(encoded.size, 32 * MANY, 33 * MANY); /* the keys */
    buffer_free(&encoded);
    free(all);
}

static void test_too_large(void **state) {
    enum { BLOBS = 600 };
    uint8_t *noise = malloc(LIMIT_BLOB);
    struct table_of_rows *all = make_rows(BLOBS, false);
    struct row_chunk chunk = {&all->group, 1};
    struct buffer encoded = buffer_make(ROOM);
    struct error error = {0};
    assert_non_null(noise);
    for (size_t i = 0; i < LIMIT_BLOB; i++)
        noise[i] = (uint8_t)roll();
    for (size_t i = 0; i < BLOBS; i++)
        all->values[i][0] = value_blob((struct bytes){noise, LIMIT_BLOB - i});
    assert_int_equal(rows_encode(&chunk, &encoded, &error), -1);
    assert_code(error, "rows.size");
    buffer_free(&encoded);
    free(all);
    free(noise);
}

static void test_column_room(void **state) {
    struct table_of_rows *all = make_rows(MANY, true);
    for (int which = ROW_GSN; which < COLUMNS; which++) {
        struct row_column column = {all->rows, MANY, which};
        struct buffer whole = buffer_make(ROOM);
        row_column_put(&whole, &column);
        assert_false(whole.failed);
        for (size_t maximum = 0; maximum < whole.size; maximum += 1 + whole.size / 50) {
            struct buffer small = buffer_make(maximum);
            row_column_put(&small, &column);
            assert_true(small.failed);
            buffer_free(&small);
        }
        buffer_free(&whole);
    }
    free(all);
}

/* --- refused ------------------------------------------------------------------------- */

/* Decodes a chunk that is not compressed. */
static int decode_plain(struct bytes plain, struct arena *arena, struct error *error) {
    struct buffer deflated = buffer_make(ROOM);
    struct row_chunk read;
    assert_int_equal(seal_deflate(plain, 1, &deflated, NULL), 0);
    int rc = rows_decode(buffer_bytes(&deflated), arena, &read, error);
    buffer_free(&deflated);
    return rc;
}

static struct buffer encode_plain(const struct row_chunk *chunk) {
    struct buffer encoded = buffer_make(ROOM), plain = buffer_make(ROOM);
    assert_int_equal(rows_encode(chunk, &encoded, NULL), 0);
    assert_int_equal(seal_inflate(buffer_bytes(&encoded), ROOM, &plain, NULL), 0);
    buffer_free(&encoded);
    return plain;
}

/* In how many of the receiver's scopes each row is. */
static void test_places(void **state) {
    const uint32_t numbers[7] = {1, 1, 2, 2, 2, 4096, 0};
    for (size_t count = 0; count <= 7; count++) {
        struct table_of_rows *all = make_rows(count, false);
        struct row_chunk chunk = {&all->group, 1};
        struct row_chunk read;
        struct buffer encoded = buffer_make(ROOM);
        struct arena arena = arena_make(ROOM);
        for (size_t i = 0; i < count; i++)
            all->rows[i].places = numbers[i];
        check_there_and_back(&chunk);
        assert_int_equal(rows_encode(&chunk, &encoded, NULL), 0);
        assert_int_equal(rows_decode(buffer_bytes(&encoded), &arena, &read, NULL), 0);
        for (size_t i = 0; i < count; i++)
            assert_int_equal(read.groups[0].rows[i].places, numbers[i] ? numbers[i] : 1);
        arena_free(&arena);
        buffer_free(&encoded);
        free(all);
    }
}

/* The last item of a group whose first row is in two places: as here, and as a newer sender's. */
static void read_places(struct bytes places, const char *code) {
    struct table_of_rows *all = make_rows(2, false);
    struct row_chunk chunk = {&all->group, 1};
    struct arena arena = arena_make(ROOM);
    struct error error = {0};
    all->rows[0].places = 2;
    struct buffer plain = encode_plain(&chunk);
    /* runs of one: 1 x 2, 1 x 1 */
    assert_memory_equal(plain.data + plain.size - 6, "\xc4\x04\x01\x02\x01\x01", 6);
    plain.size -= 6;
    buffer_append(&plain, places.data, places.size);
    assert_int_equal(decode_plain(buffer_bytes(&plain), &arena, &error),
                     code[0] ? -1 : 0);
    assert_code(error, code);
    arena_free(&arena);
    buffer_free(&plain);
    free(all);
}

static void test_places_refused(void **state) {
    read_places(BYTES("\xc4\x04\x01\x02\x01\x01"), "");
    read_places(BYTES("\xc4\x02\x02\x07"), "");
    read_places(BYTES("\xc0"), "wire.type");
    read_places(BYTES("\xc4\x02\x01\x07"), "rows.invalid");         /* one is missing */
    read_places(BYTES("\xc4\x02\x03\x07"), "rows.invalid");         /* one too many */
    read_places(BYTES("\xc4\x04\x00\x07\x02\x01"), "rows.invalid"); /* none */
    read_places(BYTES("\xc4\x02\x02\x00"), "rows.invalid");         /* nowhere */
    read_places(BYTES("\xc4\x03\x02\x81\x20"), "rows.invalid");     /* 4097 */
    read_places(BYTES("\xc4\x04\x02\x01\x02\x01"), "rows.invalid"); /* left over */
}

/* A newer sender may add items at the end of a group. */
static void test_later_items(void **state) {
    struct table_of_rows *all = make_rows(2, false);
    struct row_chunk chunk = {&all->group, 1};
    struct arena arena = arena_make(ROOM);
    struct error error = {0};
    all->rows[0].places = 2;
    struct buffer plain = encode_plain(&chunk);
    assert_memory_equal(plain.data, "\x91\xdc\x00\x15", 4); /* one group of 21 items */
    plain.data[3]++;
    buffer_append(&plain, (const uint8_t *)"\xc3", 1);
    assert_int_equal(decode_plain(buffer_bytes(&plain), &arena, &error), 0);
    arena_free(&arena);
    buffer_free(&plain);
    free(all);
}

static void test_every_wrong_value(void **state) {
    for (int some_null = 0; some_null < 2; some_null++) {
        struct table_of_rows *all = make_rows(9, some_null);
        struct row_chunk chunk = {&all->group, 1};
        struct buffer plain = encode_plain(&chunk);
        exchange_every_node(buffer_bytes(&plain), decode_plain);
        assert_true(starve(buffer_bytes(&plain), decode_plain) > 1000);
        buffer_free(&plain);
        free(all);
    }
}

static void test_not_a_chunk(void **state) {
    struct arena arena = arena_make(ROOM);
    struct row_chunk read;
    struct error error = {0};
    assert_int_equal(rows_decode(BYTES("garbage"), &arena, &read, &error), -1);
    assert_code(error, "seal.compression");
    assert_int_equal(decode_plain(BYTES("\xc1"), &arena, &error), -1);
    assert_code(error, "wire.type");
    arena_free(&arena);
}

/* Reads one column of `count` rows, written by hand. */
static void read_column(struct bytes column, size_t count, const char *code) {
    struct wire_document *document = NULL;
    struct value values[10];
    struct error error = {0};
    assert_int_equal(wire_open(column, &document, NULL), 0);
    int rc = row_column_read(wire_root(document), count, values, 1, &error);
    assert_int_equal(rc, code[0] ? -1 : 0);
    assert_code(error, code);
    wire_close(document);
}

static void test_columns_by_hand(void **state) {
    read_column(BYTES("\x91\x00"), 2, "");
    read_column(BYTES("\x91\x08"), 2, "wire.range");
    read_column(BYTES("\x92\x00\x00"), 2, "rows.invalid");
    /* dictionaries */
    read_column(BYTES("\x93\x01\x92\x07\x08\xc4\x02\x00\x01"), 2, "");
    read_column(BYTES("\x93\x01\x92\x07\x08\xc4\x02\x00\x02"), 2, "rows.invalid");
    read_column(BYTES("\x93\x01\x92\x07\x08\xc4\x01\x00"), 2, "rows.invalid");
    read_column(BYTES("\x93\x01\x91\x07\xc4\x00"), 2, "");
    read_column(BYTES("\x93\x01\x91\x07\xc4\x02\x00\x00"), 2, "rows.invalid");
    read_column(BYTES("\x93\x01\x90\xc4\x00"), 2, "wire.range");
    /* integers: 1, then 2 more */
    read_column(BYTES("\x93\x03\xc4\x00\xc4\x02\x02\x04"), 2, "");
    read_column(BYTES("\x93\x02\xc4\x01\x01\xc4\x01\x02"), 2, "");
    read_column(BYTES("\x93\x02\xc4\x01\x00\xc4\x01\x02"), 2, "rows.invalid");
    read_column(BYTES("\x93\x02\xc4\x02\x00\x00\xc4\x01\x02"), 2, "rows.invalid");
    read_column(BYTES("\x93\x02\xc4\x00\xc4\x03\x02\x02\x02"), 2, "rows.invalid");
    /* ids */
    read_column(BYTES("\x93\x04\xc4\x00\xc4\x10"
                      "1234567890123456"),
                1, "");
    read_column(BYTES("\x93\x04\xc4\x00\xc4\x0f"
                      "123456789012345"),
                1, "rows.invalid");
    read_column(BYTES("\x93\x04\xc4\x01\x01\xc4\x10"
                      "1234567890123456"),
                1, "rows.invalid");
    /* texts: parts must be whole characters */
    read_column(BYTES("\x94\x05\xc4\x00\xc4\x02\x02\x01\xa3\xc3\xa9x"), 2, "");
    read_column(BYTES("\x94\x05\xc4\x00\xc4\x02\x01\x02\xa3\xc3\xa9x"), 2,
                "rows.invalid");
    read_column(BYTES("\x94\x05\xc4\x00\xc4\x02\x02\x02\xa3\xc3\xa9x"), 2,
                "rows.invalid");
    read_column(BYTES("\x94\x05\xc4\x00\xc4\x02\x02\x00\xa3\xc3\xa9x"), 2,
                "rows.invalid");
    read_column(BYTES("\x94\x05\xc4\x00\xc4\x03\x02\x01\x00\xa3\xc3\xa9x"), 2,
                "rows.invalid");
    /* blobs may be cut anywhere */
    read_column(BYTES("\x94\x06\xc4\x00\xc4\x02\x01\x02\xc4\x03\xc3\xa9x"), 2, "");
    /* anything */
    read_column(BYTES("\x92\x07\x92\xc0\x05"), 2, "");
    read_column(BYTES("\x92\x07\x91\xc0"), 2, "wire.range");
}

/* Places of a group's items (group 1): 2 table, 3 columns, 4 row_count, 5 key_columns, 6 keys, 7 forget. */
static void refuse_item(size_t item, struct bytes with, const char *code,
                        const char *field) {
    struct table_of_rows *all = make_rows(1, false);
    struct row_chunk chunk = {&all->group, 1};
    struct buffer plain = encode_plain(&chunk), changed = buffer_make(ROOM);
    struct arena arena = arena_make(ROOM);
    struct error error = {0};
    assert_true(replace_node(buffer_bytes(&plain), item, with, &changed));
    assert_int_equal(decode_plain(buffer_bytes(&changed), &arena, &error), -1);
    assert_code(error, code);
    assert_string_equal(error.field, field);
    arena_free(&arena);
    buffer_free(&changed);
    buffer_free(&plain);
    free(all);
}

static void test_groups_refused(void **state) {
    refuse_item(2, BYTES("\x00"), "wire.range", "table");
    refuse_item(3, BYTES("\xc4\x09\x02\x03\x04\x05\x06\x07\x3f\x09\x00"), "rows.invalid",
                "columns");
    refuse_item(3, BYTES("\xc4\x09\x02\x03\x04\x05\x06\x07\x3f\x09\x40"), "rows.invalid",
                "columns");
    refuse_item(3, BYTES("\xc4\x09\x02\x03\x04\x05\x06\x07\x3f\x09\x02"), "rows.invalid",
                "columns");
    refuse_item(3, BYTES("\xc4\x0a\x02\x03\x04\x05\x06\x07\x3f\x09\x01\x0a"),
                "rows.invalid", "group");
    refuse_item(3, BYTES("\xc4\x01\x02"), "wire.type", "places");
    refuse_item(4, BYTES("\xcd\x4e\x21"), "wire.range", "row_count"); /* 20,001 */
    refuse_item(4, BYTES("\x02"), "rows.invalid", "keys");
    refuse_item(5, BYTES("\x01"), "rows.invalid", "keys");
    refuse_item(5, BYTES("\x05"), "wire.range", "key_columns");
    refuse_item(7, BYTES("\xc4\x01x"), "rows.invalid", "forget");
    /* stamps: [1, [value], no indexes] from 8 on */
    refuse_item(8, BYTES("\x91\x00"), "rows.invalid", "stamp");
    refuse_item(8,
                BYTES("\x93\x01\x91\xc4\x10"
                      "1234567890123456\xc4\x00"),
                "rows.invalid", "stamp");
    refuse_item(23, BYTES("\x91\x00"), "rows.invalid", "stamp");
    refuse_item(23, BYTES("\x93\x01\x91\xc4\x01x\xc4\x00"), "rows.invalid", "stamp");
}

static void test_too_many_to_forget(void **state) {
    struct row_group group = {.table = 1, .forget_count = LIMIT_CHUNK_ROWS + 1};
    struct row_chunk chunk = {&group, 1};
    struct buffer encoded = buffer_make(ROOM);
    struct arena arena = arena_make(2 * ROOM);
    struct row_chunk read;
    struct error error = {0};
    struct id id = id_of(3);
    group.forget = calloc(group.forget_count, sizeof *group.forget);
    assert_non_null(group.forget);
    for (size_t i = 0; i < group.forget_count; i++)
        group.forget[i] = (struct bytes){id.bytes, ID_SIZE};
    assert_int_equal(rows_encode(&chunk, &encoded, NULL), 0);
    assert_int_equal(rows_decode(buffer_bytes(&encoded), &arena, &read, &error), -1);
    assert_string_equal(error.field, "forget");
    free(group.forget);
    arena_free(&arena);
    buffer_free(&encoded);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_there_and_back),
        cmocka_unit_test(test_groups),
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_places_refused),
        cmocka_unit_test(test_later_items),
        cmocka_unit_test(test_repetition_is_nearly_free),
        cmocka_unit_test(test_too_large),
        cmocka_unit_test(test_column_room),
        cmocka_unit_test(test_every_wrong_value),
        cmocka_unit_test(test_not_a_chunk),
        cmocka_unit_test(test_columns_by_hand),
        cmocka_unit_test(test_groups_refused),
        cmocka_unit_test(test_too_many_to_forget),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
