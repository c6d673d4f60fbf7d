/*
 * sync/digest: a sum that does not depend on the order, and notices every difference.
 */
#include "tests/unit/sync/support.h"

#include "sync/digest.h"

static const uint8_t keys[64] = {1, 2, 3};

static void test_a_row(void **state) {
    int64_t digest = digest_of_row(3, (struct bytes){keys, 16}, 7);
    assert_true(digest == digest_of_row(3, (struct bytes){keys, 16}, 7));
    assert_true(digest != digest_of_row(4, (struct bytes){keys, 16}, 7));
    assert_true(digest != digest_of_row(3, (struct bytes){keys + 1, 16}, 7));
    assert_true(digest != digest_of_row(3, (struct bytes){keys, 32}, 7));
    assert_true(digest != digest_of_row(3, (struct bytes){keys, 16}, 8));
    assert_true(digest_of_row(3, (struct bytes){keys, 64}, INT64_MIN) != 0);
}

static void test_sums_wrap(void **state) {
    assert_true(digest_add(INT64_MAX, 1) == INT64_MIN);
    assert_true(digest_subtract(INT64_MIN, 1) == INT64_MAX);
    assert_true(digest_subtract(digest_add(5, INT64_MIN), INT64_MIN) == 5);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_row),
        cmocka_unit_test(test_sums_wrap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
