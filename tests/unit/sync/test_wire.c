/*
 * sync/wire: what the scan refuses, and values there and back.
 */
#include "tests/support/failing/failing.h"
#include "tests/unit/sync/support.h"

#include "schema/base/limits.h"

/* --- the scan ------------------------------------------------------------------------ */

static void scan_fails(struct bytes data, const char *code) {
    struct error error = {0};
    assert_int_equal(wire_scan(data, &error), -1);
    assert_code(error, code);
    struct wire_document *document = NULL;
    assert_int_equal(wire_open(data, &document, NULL), -1);
    assert_null(document);
}

static void scan_passes(struct bytes data) {
    struct error error = {0};
    struct wire_document *document = NULL;
    assert_int_equal(wire_scan(data, &error), 0);
    assert_int_equal(wire_open(data, &document, &error), 0);
    wire_close(document);
}

/* How many zero bytes a lead byte needs behind it to be complete; -1: it is refused. */
static int needs(unsigned lead) {
    static const int from_c0[32] = {
        0, -1, 0, 0, 1,  2,  4,  -1, -1, -1, -1, -1, 1, 2, 4,  8, /* c0.. */
        1, 2,  4, 8, -1, -1, -1, -1, -1, 1,  2,  4,  2, 4, -1, -1 /* d0.. */
    };
    if (lead >= 0xc0 && lead <= 0xdf)
        return from_c0[lead - 0xc0];
    if (lead >= 0x80 && lead <= 0x8f)
        return -1;
    if (lead >= 0x90 && lead <= 0x9f)
        return (int)(lead & 0x0f);
    return lead >= 0xa0 && lead <= 0xbf ? (int)(lead & 0x1f) : 0;
}

static void test_every_lead_byte(void **state) {
    for (unsigned lead = 0; lead < 256; lead++) {
        uint8_t data[64] = {(uint8_t)lead};
        int need = needs(lead);
        if (need < 0) {
            scan_fails((struct bytes){data, sizeof data}, "wire.type");
            continue;
        }
        scan_passes((struct bytes){data, (size_t)need + 1});
        scan_fails((struct bytes){data, (size_t)need + 2}, "wire.trailing");
        if (need > 0)
            scan_fails((struct bytes){data, (size_t)need}, "wire.truncated");
    }
}

static void test_truncated(void **state) {
    scan_fails((struct bytes){NULL, 0}, "wire.truncated");
    scan_fails(BYTES("\x92\x01"), "wire.truncated");
    scan_fails(BYTES("\x92\x91\x01"), "wire.truncated");
    scan_fails(BYTES("\xdd\xff\xff\xff\xff\x01"), "wire.truncated");
    scan_fails(BYTES("\xdb\xff\xff\xff\xff"
                     "a"),
               "wire.truncated");
    scan_fails(BYTES("\xc6\xff\xff\xff\xff"
                     "a"),
               "wire.truncated");
}

static void test_range(void **state) {
    scan_passes(BYTES("\xcf\x7f\xff\xff\xff\xff\xff\xff\xff"));
    scan_fails(BYTES("\xcf\x80\x00\x00\x00\x00\x00\x00\x00"), "wire.range");
}

static void test_depth(void **state) {
    uint8_t data[LIMIT_WIRE_DEPTH + 2];
    memset(data, 0x91, sizeof data);
    data[LIMIT_WIRE_DEPTH] = 0x01;
    scan_passes((struct bytes){data, LIMIT_WIRE_DEPTH + 1});
    data[LIMIT_WIRE_DEPTH] = 0x90;
    scan_fails((struct bytes){data, LIMIT_WIRE_DEPTH + 1}, "wire.depth");
}

static void test_size(void **state) {
    struct buffer buffer = buffer_make(LIMIT_WIRE_NODES + 10);
    wire_put_array(&buffer, LIMIT_WIRE_NODES);
    uint8_t *zeros = buffer_extend(&buffer, LIMIT_WIRE_NODES);
    memset(zeros, 0, LIMIT_WIRE_NODES);
    scan_fails(buffer_bytes(&buffer), "wire.size");
    scan_fails((struct bytes){buffer.data, LIMIT_RESPONSE + 1}, "wire.size");
    buffer_free(&buffer);
}

static void test_utf8(void **state) {
    assert_true(wire_is_utf8(BYTES("")));
    assert_true(wire_is_utf8(BYTES("plain, and long enough")));
    assert_true(wire_is_utf8(BYTES("上海市浦东新区 café \xf0\x9f\x9a\x80")));
    assert_false(wire_is_utf8(BYTES("12345678\x80")));
    assert_false(wire_is_utf8(BYTES("\xc0\xaf")));         /* over-long */
    assert_false(wire_is_utf8(BYTES("\xed\xa0\x80")));     /* a surrogate */
    assert_false(wire_is_utf8(BYTES("\xf4\x90\x80\x80"))); /* beyond Unicode */
    scan_fails(BYTES("\xa2\xc3("), "wire.utf8");
    scan_passes(BYTES("\xc4\x02\xc3("));
}

/* --- values -------------------------------------------------------------------------- */

static const int64_t integers[] = {
    0,     1,          127,        128,       255,         256,         65535,
    65536, 4294967295, 4294967296, INT64_MAX, -1,          -32,         -33,
    -128,  -129,       -32768,     -32769,    -2147483648, -2147483649, INT64_MIN,
};
enum { INTEGERS = sizeof integers / sizeof *integers };

static void test_integers(void **state) {
    struct buffer buffer = buffer_make(1000);
    struct wire_document *document = NULL;
    struct error error = {0};
    size_t count = 0;
    wire_put_array(&buffer, INTEGERS);
    for (size_t i = 0; i < INTEGERS; i++)
        wire_put_integer(&buffer, integers[i]);
    assert_int_equal(wire_open(buffer_bytes(&buffer), &document, &error), 0);
    const struct wire_node *root = wire_root(document);
    assert_int_equal(wire_array(root, "n", INTEGERS, INTEGERS, &count, &error), 0);
    for (size_t i = 0; i < INTEGERS; i++) {
        int64_t integer = 42;
        assert_int_equal(
            wire_integer(wire_item(root, i), "n", INT64_MIN, INT64_MAX, &integer, &error),
            0);
        assert_true(integer == integers[i]);
    }
    wire_close(document);
    buffer_free(&buffer);
}

static void test_values_borrow(void **state) {
    struct buffer buffer = buffer_make(1000);
    struct arena arena = arena_make(1000);
    struct value values[] = {
        value_null(),       value_integer(-7),
        value_text("名字"), value_blob(BYTES("\x00\xff")),
        value_text(""),     value_blob(BYTES("")),
    };
    struct value *read = NULL;
    size_t count = 0;
    wire_put_values(&buffer, values, 6);
    assert_int_equal(wire_values(buffer_bytes(&buffer), &arena, &read, &count, NULL), 0);
    assert_int_equal(count, 6);
    for (size_t i = 0; i < 6; i++)
        assert_true(value_equal(values[i], read[i]));
    assert_true(read[2].bytes.data > buffer.data &&
                read[2].bytes.data < buffer.data + buffer.size);
    arena_free(&arena);
    buffer_free(&buffer);
}

static int decode_values(struct bytes data, struct arena *arena, struct error *error) {
    struct value *values = NULL;
    size_t count = 0;
    return wire_values(data, arena, &values, &count, error);
}

static void test_values_refused(void **state) {
    struct arena arena = arena_make(1000);
    struct error error = {0};
    assert_int_equal(decode_values(BYTES("\x91"), &arena, &error), -1);
    assert_code(error, "wire.truncated");
    assert_int_equal(decode_values(BYTES("\x05"), &arena, &error), -1);
    assert_code(error, "wire.type");
    assert_int_equal(decode_values(BYTES("\x91\x90"), &arena, &error), -1);
    assert_code(error, "wire.type");
    assert_int_equal(decode_values(BYTES("\x91\xc3"), &arena, &error), -1);
    arena_free(&arena);
    assert_true(starve(BYTES("\x93\x01\x02\x03"), decode_values) > 0);
}

/* A text or blob beyond the limit of a value. */
static void refuse_long(uint8_t lead) {
    struct buffer buffer = buffer_make(LIMIT_TEXT + 100);
    struct arena arena = arena_make(1000);
    struct error error = {0};
    uint8_t head[] = {0x91, lead, 0, 1, 0, 1};
    buffer_append(&buffer, head, sizeof head);
    memset(buffer_extend(&buffer, LIMIT_TEXT + 1), 'a', LIMIT_TEXT + 1);
    assert_int_equal(decode_values(buffer_bytes(&buffer), &arena, &error), -1);
    assert_code(error, "wire.range");
    arena_free(&arena);
    buffer_free(&buffer);
}

static void test_values_too_long(void **state) {
    assert_int_equal(LIMIT_TEXT, 65536);
    assert_int_equal(LIMIT_BLOB, 65536);
    refuse_long(0xdb);
    refuse_long(0xc6);
}

static void test_getters(void **state) {
    struct buffer buffer = buffer_make(1000);
    struct wire_document *document = NULL;
    struct error error = {0};
    struct bytes bytes;
    struct id id;
    bool flag = false;
    size_t count = 0;
    int64_t integer = 0;
    wire_put_array(&buffer, 6);
    wire_put_bool(&buffer, true);
    wire_put_bool(&buffer, false);
    wire_put_id(&buffer, id_of(9));
    wire_put_text(&buffer, "text");
    wire_put_null(&buffer);
    wire_put_integer(&buffer, 5);
    assert_int_equal(wire_open(buffer_bytes(&buffer), &document, &error), 0);
    const struct wire_node *root = wire_root(document);
    assert_int_equal(wire_bool(wire_item(root, 0), "f", &flag, &error), 0);
    assert_true(flag);
    assert_int_equal(wire_bool(wire_item(root, 1), "f", &flag, &error), 0);
    assert_false(flag);
    assert_int_equal(wire_id(wire_item(root, 2), "f", &id, &error), 0);
    assert_true(id_equal(id, id_of(9)));
    assert_int_equal(wire_text(wire_item(root, 3), "f", 4, &bytes, &error), 0);
    assert_bytes(bytes, BYTES("text"));
    assert_true(wire_is_null(wire_item(root, 4)));
    assert_false(wire_is_null(wire_item(root, 3)));

    assert_int_equal(wire_bool(wire_item(root, 5), "f", &flag, &error), -1);
    assert_code(error, "wire.type");
    assert_string_equal(error.field, "f");
    assert_int_equal(wire_integer(wire_item(root, 0), "f", 0, 9, &integer, &error), -1);
    assert_code(error, "wire.type");
    assert_int_equal(wire_integer(wire_item(root, 5), "f", 6, 9, &integer, &error), -1);
    assert_code(error, "wire.range");
    assert_int_equal(wire_integer(wire_item(root, 5), "f", 0, 4, &integer, &error), -1);
    assert_int_equal(wire_text(wire_item(root, 3), "f", 3, &bytes, &error), -1);
    assert_code(error, "wire.range");
    assert_int_equal(wire_text(wire_item(root, 2), "f", 3, &bytes, &error), -1);
    assert_code(error, "wire.type");
    assert_int_equal(wire_bytes(wire_item(root, 2), "f", 17, 20, &bytes, &error), -1);
    assert_code(error, "wire.range");
    assert_int_equal(wire_id(wire_item(root, 3), "f", &id, &error), -1);
    assert_code(error, "wire.type");
    assert_int_equal(wire_array(root, "f", 7, 8, &count, &error), -1);
    assert_code(error, "wire.range");
    assert_int_equal(wire_array(wire_item(root, 0), "f", 0, 8, &count, &error), -1);
    assert_code(error, "wire.type");
    wire_close(document);
    buffer_free(&buffer);
}

static void test_no_memory(void **state) {
    struct wire_document *document = NULL;
    struct error error = {0};
    failing_zones(true);
    assert_int_equal(wire_open(BYTES("\x01"), &document, &error), -1);
    failing_zones(false);
    assert_code(error, "memory");
    wire_close(NULL);
}

/* Whatever the scan lets pass, the library reads in the memory that was set aside for it. */
static void test_random_documents(void **state) {
    uint64_t dice = 88172645463325252U;
    int passed = 0;
    for (int round = 0; round < 200000; round++) {
        static const uint8_t likely[] = {0x90, 0x91, 0x92, 0x93, 0xa0, 0xa1,
                                         0xc0, 0xc4, 0xdc, 0x01, 0};
        uint8_t data[24];
        size_t size = 1 + (size_t)round % sizeof data;
        for (size_t i = 0; i < size; i++) {
            dice ^= dice << 13;
            dice ^= dice >> 7;
            dice ^= dice << 17;
            data[i] = dice % 4 ? likely[dice % sizeof likely] : (uint8_t)(dice >> 20);
        }
        struct wire_document *document = NULL;
        if (wire_open((struct bytes){data, size}, &document, NULL) == 0)
            passed++;
        wire_close(document);
    }
    assert_true(passed > 1000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_lead_byte),
        cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_range),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_size),
        cmocka_unit_test(test_utf8),
        cmocka_unit_test(test_integers),
        cmocka_unit_test(test_values_borrow),
        cmocka_unit_test(test_values_refused),
        cmocka_unit_test(test_values_too_long),
        cmocka_unit_test(test_getters),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_random_documents),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
