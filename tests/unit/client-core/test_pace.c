/*
 * What is measured of the way to headquarters, and what follows from it: small bundles on a poor link, an honest
 * time left.
 */
#include "client-core/pace.h"
#include "tests/unit/client-core/world.h"

static void nothing_is_known_at_first(void **state) {
    struct pace pace = {0};
    (void)state;
    assert_int_equal(pace_bundle(&pace), 64 * 1024);
    assert_int_equal(pace_request(&pace), 64 * 1024);
    assert_int_equal(pace_seconds(&pace, 1000, 0), -1);
    assert_int_equal(pace_seconds(&pace, 0, 1000), -1);
    pace_note(&pace, 200, 300, 5000); /* too little to tell */
    assert_int_equal(pace.up + pace.down, 0);
    pace_note(&pace, 6000, 4500, 3000); /* both ways: each may have been the slow one */
    assert_int_equal(pace.up, 2000);
    assert_int_equal(pace.down, 1500);
}

static void it_is_measured_each_way(void **state) {
    struct pace pace = {0};
    (void)state;
    pace_note(&pace, 30000, 1000, 1000);
    assert_int_equal(pace.up, 30000);
    pace_note(&pace, 10000, 1000, 1000);
    assert_int_equal(pace.up, 20000);
    pace_note(&pace, 1000, 500000, 2000);
    assert_int_equal(pace.down, 250000);
    assert_int_equal(pace_seconds(&pace, 40000, 1000000), 2 + 4);
    assert_int_equal(pace_seconds(&pace, 1, 0), 1);
    assert_int_equal(pace_seconds(&pace, 0, 0), -1);
    pace_note(&pace, 5000, 0, 0); /* within a tick of the clock */
    assert_true(pace.up > 1000000);
}

static void bundles_fit_the_way(void **state) {
    struct pace pace = {.up = 1000};
    (void)state;
    assert_int_equal(pace_bundle(&pace), 16 * 1024);
    assert_int_equal(pace_request(&pace), 16 * 1024);
    pace.up = 20000;
    assert_int_equal(pace_bundle(&pace), 80000);
    assert_int_equal(pace_request(&pace), 160000);
    pace.up = 100000000;
    assert_int_equal(pace_bundle(&pace), LIMIT_BUNDLE_TARGET);
    assert_true(pace_request(&pace) < LIMIT_REQUEST);
}

static void what_fails_is_tried_smaller(void **state) {
    struct pace pace = {0};
    (void)state;
    pace_fail(&pace);
    assert_int_equal(pace_bundle(&pace), 32 * 1024);
    for (int i = 0; i < 100; i++)
        pace_fail(&pace);
    assert_true(pace.up > 0);
    assert_int_equal(pace_bundle(&pace), 16 * 1024);
}

/* --- in a sync -------------------------------------------------------------------------------------- */

static int merge_all(struct world *world, const struct sync_request *request,
                     struct sync_response *response) {
    world_take_bundles(world, request, response, VERDICT_MERGED);
    return 200;
}

static void much_work(struct world *world) {
    for (int i = 0; i < 1500; i++) {
        char json[200];
        snprintf(json, sizeof json,
                 "{\"name\": \"Customer %d\", \"note\": \"%d the quick brown fox %d\"}",
                 i, i * 7919, i * 104729);
        world_do(world, "customer.add", json);
    }
}

struct told {
    int64_t first_to_send, last_to_send, longest, count;
};

static int listen(void *context, const satchel_progress *progress) {
    struct told *told = context;
    if (strcmp(progress->phase, "sending") != 0)
        return 0;
    told->first_to_send =
        told->first_to_send ? told->first_to_send : progress->bytes_to_send;
    told->last_to_send = progress->bytes_to_send;
    told->longest =
        progress->seconds_left > told->longest ? progress->seconds_left : told->longest;
    told->count++;
    return 0;
}

static void a_poor_link_gets_small_steps(void **state) {
    struct world *world = *state;
    struct told told = {0};
    satchel_error error = {0};
    world->answer = merge_all;
    much_work(world);
    world->ms_per_kb = 250; /* 4 KB a second */
    world_ok(satchel_sync(world->station, listen, &told, NULL, &error), &error);
    assert_int_equal(
        world_integer(world, "select count(*) from station_outbox where verdict is null"),
        0);
    /* after the first, which nobody could know better */
    assert_true(world_integer(world, "select max(length(sealed)) from station_bundle"
                                     " where number > 1") <= 17 * 1024);
    assert_true(world_integer(world, "select count(*) from station_bundle") >= 3);
    assert_true(told.count >= 2);
    assert_true(told.first_to_send > told.last_to_send && told.last_to_send > 0);
    assert_true(told.longest > 3); /* seconds, by what was measured */
}

static void a_good_link_gets_large_ones(void **state) {
    struct world *world = *state;
    world->answer = merge_all;
    much_work(world);
    world_sync(world);
    assert_in_range(world_integer(world, "select count(*) from station_bundle"), 1, 5);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_known_at_first),
        cmocka_unit_test(it_is_measured_each_way),
        cmocka_unit_test(bundles_fit_the_way),
        cmocka_unit_test(what_fails_is_tried_smaller),
        cmocka_unit_test_setup_teardown(a_poor_link_gets_small_steps, world_setup,
                                        world_teardown),
        cmocka_unit_test_setup_teardown(a_good_link_gets_large_ones, world_setup,
                                        world_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
