/*
 * sync/clock: packing, ticking, correcting, clamping.
 */
#include "tests/unit/sync/support.h"

#include "sync/clock.h"

static void test_pack(void **state) {
    int64_t time = clock_pack(1760000000123, 7);
    assert_int_equal(clock_ms(time), 1760000000123);
    assert_int_equal(clock_counter(time), 7);
    assert_int_equal(clock_counter(clock_pack(1, UINT16_MAX)), UINT16_MAX);
    assert_true(clock_pack(2, 0) > clock_pack(1, UINT16_MAX));
}

static void test_pack_holds_any_clock(void **state) {
    assert_int_equal(clock_pack(-5, 3), 3);
    assert_int_equal(clock_pack(INT64_MAX, UINT16_MAX), INT64_MAX);
    assert_int_equal(clock_pack(INT64_MAX, 0), clock_pack((INT64_C(1) << 47) - 1, 0));
}

static void test_tick_follows_the_wall(void **state) {
    assert_int_equal(clock_tick(clock_pack(1000, 9), 1001), clock_pack(1001, 0));
}

static void test_tick_never_runs_backwards(void **state) {
    int64_t last = clock_pack(1000, 9);
    assert_int_equal(clock_tick(last, 1000), clock_pack(1000, 10));
    assert_int_equal(clock_tick(last, 10), clock_pack(1000, 10));
    assert_int_equal(clock_tick(clock_pack(1000, UINT16_MAX), 1000), clock_pack(1001, 0));
}

static const struct clock_anchor anchor = {
    .known = true, .hq_ms = 50000, .wall_ms = 20000, .boot_ms = 700, .boot = {{1}}};

static void test_correct_within_one_start(void **state) {
    /* Somebody set the wall clock: it does not matter. */
    struct clock_reading after = {.wall_ms = 999999, .boot_ms = 800, .boot = {{1}}};
    struct clock_reading before = {.wall_ms = 0, .boot_ms = 500, .boot = {{1}}};
    assert_int_equal(clock_correct(&anchor, &after), 50100);
    assert_int_equal(clock_correct(&anchor, &before), 49800);
}

static void test_correct_across_starts(void **state) {
    struct clock_reading reading = {.wall_ms = 21000, .boot_ms = 10, .boot = {{2}}};
    assert_int_equal(clock_correct(&anchor, &reading), 51000);
}

static void test_correct_without_anchor(void **state) {
    struct clock_anchor none = {.known = false, .hq_ms = 50000, .boot = {{1}}};
    struct clock_reading reading = {.wall_ms = 21000, .boot_ms = 10, .boot = {{1}}};
    assert_int_equal(clock_correct(&none, &reading), 21000);
}

static void test_clamp(void **state) {
    assert_int_equal(clock_clamp(15, 10, 20), 15);
    assert_int_equal(clock_clamp(5, 10, 20), 10);
    assert_int_equal(clock_clamp(25, 10, 20), 20);
    assert_int_equal(clock_clamp(15, 30, 20),
                     20); /* a restored server: receipt bounds all */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pack),
        cmocka_unit_test(test_pack_holds_any_clock),
        cmocka_unit_test(test_tick_follows_the_wall),
        cmocka_unit_test(test_tick_never_runs_backwards),
        cmocka_unit_test(test_correct_within_one_start),
        cmocka_unit_test(test_correct_across_starts),
        cmocka_unit_test(test_correct_without_anchor),
        cmocka_unit_test(test_clamp),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
