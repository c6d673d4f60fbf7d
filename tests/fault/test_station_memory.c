/*
 * A station whose SQLite runs out of memory at every allocation once: whatever fails, nothing is half done,
 * nothing reported done is lost, and the next try works.
 */
#include "tests/unit/client-core/world.h"

/* --- memory that fails ------------------------------------------------------------------- */

static sqlite3_mem_methods real;
static long fail_at; /* counts down; 0: never */

static bool fails_now(void) {
    return fail_at > 0 && --fail_at == 0;
}

static void *failing_malloc(int size) {
    return fails_now() ? NULL : real.xMalloc(size);
}

static void *failing_realloc(void *memory, int size) {
    return fails_now() ? NULL : real.xRealloc(memory, size);
}

static int fail_memory(void **state) {
    sqlite3_mem_methods failing;
    (void)state;
    sqlite3_config(SQLITE_CONFIG_GETMALLOC, &real);
    failing = real;
    failing.xMalloc = failing_malloc;
    failing.xRealloc = failing_realloc;
    return sqlite3_config(SQLITE_CONFIG_MALLOC, &failing);
}

/* Arms the n-th allocation from now; disarm() tells whether it came to it. */
static void arm(long n) {
    fail_at = n;
}

static bool disarm(void) {
    bool fired = fail_at == 0;
    fail_at = 0;
    return fired;
}

enum { ALLOCATIONS_MAX = 200000 };

static int64_t count(struct world *world, const char *what) {
    char sql[100];
    snprintf(sql, sizeof sql, "select count(*) from %s", what);
    return world_integer(world, sql);
}

static void verify(struct world *world) {
    satchel_error error = {0};
    world_sql(world, "update app_user set gsn = 0");
    world_ok(satchel_verify(world->station, &error), &error);
}

/* --- the tests --------------------------------------------------------------------------- */

static void a_command_is_done_or_not(void **state) {
    struct world *world = *state;
    int64_t done = 0;
    bool fired = true;
    for (long n = 1; fired; n++) {
        satchel_error error = {0};
        char *result = NULL;
        arm(n);
        int failed = satchel_do(world->session, "customer.add", "{\"name\": \"a\"}",
                                &result, &error);
        fired = disarm();
        done += !failed;
        if (failed && !strstr(error.code, "memory"))
            fail_msg("allocation %ld: %s: %s", n, error.code, error.message);
        satchel_free(result);
        assert_int_equal(count(world, "customer"), done);
        assert_int_equal(count(world, "station_outbox"), done);
        assert_true(n < ALLOCATIONS_MAX);
    }
    assert_true(done >= 1);
    verify(world);
}

static int merge_all(struct world *world, const struct sync_request *request,
                     struct sync_response *response) {
    world_take_bundles(world, request, response, VERDICT_MERGED);
    return 200;
}

static void a_sync_can_be_repeated(void **state) {
    struct world *world = *state;
    int64_t done = 0;
    bool fired = true;
    world->answer = merge_all;
    world_sync(world);
    for (long n = 1; fired; n += 1 + n / 50) {
        satchel_error error = {0};
        world_do(world, "customer.add", "{\"name\": \"a\"}");
        done++;
        arm(n);
        satchel_sync(world->station, NULL, NULL, NULL, &error);
        fired = disarm();
        assert_int_equal(count(world, "station_outbox"), done);
        verify(world);
        assert_true(n < ALLOCATIONS_MAX);
    }
    world_sync(world);
    assert_int_equal(count(world, "station_outbox where verdict is null"), 0);
    assert_int_equal(count(world, "station_bundle where answered_at is null"), 0);
}

static void opening_can_be_repeated(void **state) {
    struct world *world = *state;
    bool fired = true;
    world_do(world, "customer.add", "{\"name\": \"a\"}");
    for (long n = 1; fired; n += 1 + n / 20) {
        struct station_setup setup = {
            .home = world->home,
            .env = &world->env,
            .files = world->files,
            .file_count = world->file_count,
            .transport = {.context = world, .post = world_post},
        };
        struct error error = {0};
        world_close(world);
        arm(n);
        int failed = station_open(&setup, &world->station, &error);
        fired = disarm();
        if (failed)
            assert_true(error.code[0] != '\0');
        assert_true(n < ALLOCATIONS_MAX);
    }
    assert_non_null(world->station);
    assert_int_equal(count(world, "customer"), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_command_is_done_or_not),
        TEST(a_sync_can_be_repeated),
        TEST(opening_can_be_repeated),
    };
    return cmocka_run_group_tests(tests, fail_memory, NULL);
}
