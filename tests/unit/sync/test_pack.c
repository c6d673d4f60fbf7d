/*
 * sync/pack: varints both ways, and what is refused.
 */
#include "tests/unit/sync/support.h"

#include "sync/pack.h"

static const int64_t numbers[] = {
    0,
    1,
    -1,
    63,
    64,
    -64,
    -65,
    8191,
    8192,
    1760000000000,
    INT64_MAX,
    INT64_MIN,
    INT64_MIN + 1,
};
enum { NUMBERS = sizeof numbers / sizeof *numbers };

static void test_signed(void **state) {
    struct buffer buffer = buffer_make(1000);
    for (size_t i = 0; i < NUMBERS; i++) {
        size_t before = buffer.size;
        pack_signed(&buffer, numbers[i]);
        assert_int_equal(buffer.size - before, pack_signed_size(numbers[i]));
    }
    struct pack_reader reader = pack_open(buffer_bytes(&buffer));
    for (size_t i = 0; i < NUMBERS; i++)
        assert_true(pack_read_signed(&reader) == numbers[i]);
    assert_true(pack_done(&reader));
    buffer_free(&buffer);
}

static void test_deltas_wrap(void **state) {
    struct buffer buffer = buffer_make(1000);
    uint64_t last = 0;
    for (size_t i = 0; i < NUMBERS; i++)
        pack_delta(&buffer, &last, numbers[i]);
    struct pack_reader reader = pack_open(buffer_bytes(&buffer));
    last = 0;
    for (size_t i = 0; i < NUMBERS; i++)
        assert_true(pack_read_delta(&reader, &last) == numbers[i]);
    assert_true(pack_done(&reader));
    buffer_free(&buffer);
}

static void test_known_bytes(void **state) {
    struct buffer buffer = buffer_make(1000);
    pack_unsigned(&buffer, 300);
    pack_signed(&buffer, -1);
    pack_unsigned(&buffer, UINT64_MAX);
    assert_bytes(buffer_bytes(&buffer),
                 BYTES("\xac\x02\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"));
    buffer_free(&buffer);
}

static void refuse(struct bytes bytes) {
    struct pack_reader reader = pack_open(bytes);
    assert_int_equal(pack_read_unsigned(&reader), 0);
    assert_true(reader.failed);
    assert_false(pack_done(&reader));
}

static void test_refused(void **state) {
    refuse((struct bytes){NULL, 0});
    refuse(BYTES("\x80"));
    refuse(BYTES("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"));     /* 65 bits */
    refuse(BYTES("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x81\x00")); /* and longer */
}

static void test_bytes(void **state) {
    struct pack_reader reader = pack_open(BYTES("\x05hello!"));
    assert_int_equal(pack_read_count(&reader, 5), 5);
    assert_bytes(pack_read_bytes(&reader, 5), BYTES("hello"));
    assert_false(pack_done(&reader));
    assert_int_equal(pack_read_byte(&reader), '!');
    assert_true(pack_done(&reader));
    assert_int_equal(pack_read_byte(&reader), 0);
    assert_false(pack_done(&reader));
}

static void test_bounds(void **state) {
    struct pack_reader reader = pack_open(BYTES("\x05hello"));
    assert_int_equal(pack_read_count(&reader, 4), 0);
    assert_true(reader.failed);
    reader = pack_open(BYTES("hello"));
    assert_int_equal(pack_read_bytes(&reader, 6).size, 0);
    assert_true(reader.failed);
    reader = pack_open(BYTES("hello"));
    assert_int_equal(pack_read_bytes(&reader, 5).size, 5);
    assert_true(pack_done(&reader));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_signed),      cmocka_unit_test(test_deltas_wrap),
        cmocka_unit_test(test_known_bytes), cmocka_unit_test(test_refused),
        cmocka_unit_test(test_bytes),       cmocka_unit_test(test_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
