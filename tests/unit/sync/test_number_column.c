/*
 * sync/number_column: there and back at every width, and what cannot be read.
 */
#include "tests/unit/sync/support.h"

#include "sync/number_column.h"

enum { ROOM = 4096 };

static void assert_round(const int64_t *numbers, size_t count, size_t size) {
    struct buffer buffer = buffer_make(ROOM);
    int64_t read[64];
    number_column_put(&buffer, numbers, count);
    assert_false(buffer.failed);
    assert_int_equal(buffer.size, size);
    struct pack_reader reader = pack_open(buffer_bytes(&buffer));
    number_column_read(&reader, read, count);
    assert_true(pack_done(&reader));
    for (size_t i = 0; i < count; i++)
        assert_true(read[i] == numbers[i]);
    for (size_t cut = 0; cut < buffer.size; cut++) {
        reader = pack_open((struct bytes){buffer.data, cut});
        memset(read, 0x55, sizeof read);
        number_column_read(&reader, read, count);
        assert_true(reader.failed);
        for (size_t i = 0; i < count; i++)
            assert_true(read[i] == 0);
    }
    buffer_free(&buffer);
}

static void nothing_takes_nothing(void **state) {
    assert_round(NULL, 0, 0);
}

static void one_number(void **state) {
    assert_round((const int64_t[]){0}, 1, 2);
    assert_round((const int64_t[]){-1}, 1, 2);
    assert_round((const int64_t[]){INT64_MAX}, 1, 11);
    assert_round((const int64_t[]){INT64_MIN}, 1, 11);
}

static void equal_ones_and_even_steps_take_no_bits(void **state) {
    int64_t equal[64];
    int64_t steps[64];
    for (int i = 0; i < 64; i++) {
        equal[i] = 1760000000000;
        steps[i] = 140 + 3 * i;
    }
    assert_round(equal, 64, 1 + 6);
    assert_round(steps, 64, 1 + 2 + 1);
}

static void every_width(void **state) {
    for (unsigned width = 1; width <= 64; width++) {
        int64_t numbers[33];
        uint64_t most = width == 64 ? UINT64_MAX : ((uint64_t)1 << width) - 1;
        uint64_t dice = 88172645463325252U;
        struct buffer buffer = buffer_make(ROOM);
        int64_t read[33];
        for (int i = 0; i < 33; i++) {
            dice ^= dice << 13;
            dice ^= dice >> 7;
            dice ^= dice << 17;
            numbers[i] = (int64_t)(dice & most);
        }
        number_column_put(&buffer, numbers, 33);
        assert_in_range(buffer.size, 33 * (width - 1) / 8, (33 * width + 7) / 8 + 11);
        struct pack_reader reader = pack_open(buffer_bytes(&buffer));
        number_column_read(&reader, read, 33);
        assert_true(pack_done(&reader));
        assert_memory_equal(read, numbers, sizeof read);
        buffer_free(&buffer);
    }
}

/* A night between two pieces of work: the others do not pay for it. */
static void one_outlier_does_not_widen_the_rest(void **state) {
    int64_t numbers[40] = {0};
    int64_t steps[40];
    numbers[17] = INT64_MAX;
    assert_round(numbers, 40, 1 + 39 + 10);
    for (int i = 0; i < 40; i++)
        steps[i] = (i > 20 ? (int64_t)1 << 40 : 0) + i * (i & 1 ? 1 : 2);
    assert_true(steps[39] > steps[0]);
    struct buffer buffer = buffer_make(ROOM);
    number_column_put(&buffer, steps, 40);
    assert_int_equal(buffer.data[0], 0xff);
    struct pack_reader reader = pack_open(buffer_bytes(&buffer));
    int64_t read[40];
    number_column_read(&reader, read, 40);
    assert_true(pack_done(&reader));
    assert_memory_equal(read, steps, sizeof read);
    buffer_free(&buffer);
}

static void differences_wrap(void **state) {
    const int64_t numbers[] = {INT64_MIN, INT64_MAX, INT64_MIN, INT64_MAX};
    struct buffer buffer = buffer_make(ROOM);
    int64_t read[4];
    number_column_put(&buffer, numbers, 4);
    struct pack_reader reader = pack_open(buffer_bytes(&buffer));
    number_column_read(&reader, read, 4);
    assert_true(pack_done(&reader));
    assert_memory_equal(read, numbers, sizeof read);
    buffer_free(&buffer);
}

static void no_such_width(void **state) {
    for (unsigned head = 65; head < 127; head++) {
        uint8_t bytes[600] = {(uint8_t)head};
        struct pack_reader reader = pack_open((struct bytes){bytes, sizeof bytes});
        int64_t read[2] = {7, 7};
        number_column_read(&reader, read, 2);
        assert_true(reader.failed);
        assert_true(read[0] == 0 && read[1] == 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_takes_nothing),
        cmocka_unit_test(one_number),
        cmocka_unit_test(equal_ones_and_even_steps_take_no_bits),
        cmocka_unit_test(every_width),
        cmocka_unit_test(one_outlier_does_not_widen_the_rest),
        cmocka_unit_test(differences_wrap),
        cmocka_unit_test(no_such_width),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
