/*
 * A revoked station is wiped: on a signed order in answer to its own question, when all was sent, to the end.
 */
#include "tests/unit/client-core/world.h"

#include "client-core/wipe.h"

static const char add_acme[] = "{\"name\": \"Acme\"}";

static const char *sync_fails(struct world *world) {
    static satchel_error error;
    error = (satchel_error){0};
    assert_int_not_equal(satchel_sync(world->station, NULL, NULL, NULL, &error), 0);
    return error.code;
}

/* Takes what comes into quarantine and orders to wipe. */
static int order_wipe(struct world *world, const struct sync_request *request,
                      struct sync_response *response) {
    world_take_bundles(world, request, response, VERDICT_MERGED);
    for (size_t i = 0; i < request->bundle_count; i++)
        world->answers[i] =
            (struct bundle_answer){.number = world->answers[i].number,
                                   .code = "bundle.quarantined",
                                   .message = "kept",
                                   .expected_number = world->answers[i].number};
    world->gsn = 2;
    response->head = request->cursor;
    response->protocol = SYNC_PROTOCOL;
    response->order = ORDER_WIPE;
    return 200;
}

static int answer_another_question(struct world *world,
                                   const struct sync_request *request,
                                   struct sync_response *response) {
    order_wipe(world, request, response);
    response->request_hash[0] ^= 1;
    return 200;
}

static int64_t rows(struct world *world) {
    return world_integer(world, "select count(*) from app_user");
}

static const char *reopening_fails(struct world *world) {
    static struct error error;
    satchel *station = NULL;
    struct station_setup setup = {
        .home = world->home,
        .env = &world->env,
        .files = world->files,
        .file_count = world->file_count,
        .transport = {.context = world, .post = world_post},
    };
    error = (struct error){0};
    assert_int_not_equal(station_open(&setup, &station, &error), 0);
    return error.code;
}

static void all_is_sent_and_then_all_goes(void **state) {
    struct world *world = *state;
    world_do(world, "customer.add", add_acme);
    world->answer = order_wipe;
    assert_string_equal(sync_fails(world), "station.revoked");
    assert_int_equal(world->bundles, 1); /* it was sent before */
    assert_int_equal(rows(world), 0);
    assert_int_equal(world_integer(world, "select count(*) from station_outbox"), 0);
    assert_string_equal(
        world_text(world, "select group_concat(name) from station_setting"),
        "revoked_at,wiped");
    assert_false(home_has(world->home, "device.key"));
    assert_string_equal(sync_fails(world), "station.revoked");
    world_close(world);
    world->station = NULL;
    assert_string_equal(reopening_fails(world), "station.revoked");
}

static void only_headquarters_orders_it(void **state) {
    struct world *world = *state;
    world->answer = order_wipe;
    world->wrong_key = true;
    assert_string_equal(sync_fails(world), "server.signature");
    world->wrong_key = false;
    world->answer =
        answer_another_question; /* an order to somebody else, or of yesterday */
    assert_string_equal(sync_fails(world), "server.signature");
    assert_int_equal(rows(world), 2);
    assert_true(home_has(world->home, "device.key"));
}

/* An error that anybody on the way can make is no order. */
static int say_revoked(struct world *world, const struct sync_request *request,
                       struct sync_response *response) {
    (void)world;
    (void)request;
    (void)response;
    return 403;
}

static void what_is_not_signed_wipes_nothing(void **state) {
    struct world *world = *state;
    world->answer = say_revoked;
    assert_string_equal(sync_fails(world), "device.revoked");
    assert_int_equal(rows(world), 2);
}

static void what_was_done_meanwhile_is_sent_first(void **state) {
    struct world *world = *state;
    struct error error = {0};
    bool wiped = true;
    world_do(world, "customer.add", add_acme);
    assert_int_equal(wipe_run(world->station->writer, world->home, 1, &wiped, &error), 0);
    assert_false(wiped);
    assert_int_equal(rows(world), 2);
    assert_true(home_has(world->home, "device.key"));
}

static void a_wipe_that_began_ends(void **state) {
    struct world *world = *state;
    char path[HOME_PATH];
    world->answer = order_wipe;
    assert_string_equal(sync_fails(world), "station.revoked");
    /* the machine died behind the transaction: keys and files are still there */
    world_sql(world, "delete from station_setting where name = 'wiped'");
    const char *const left[] = {"device.key", "device.key.next", "some.file"};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(home_file(world->home, left[i], path, NULL), 0);
        FILE *file = fopen(path, "w");
        assert_non_null(file);
        fputs("secret", file);
        fclose(file);
    }
    world_close(world);
    world->station = NULL;
    assert_string_equal(reopening_fails(world), "station.revoked");
    for (size_t i = 0; i < 3; i++)
        assert_false(home_has(world->home, left[i]));
}

/* The text is nowhere in the files any more. */
static void nothing_of_it_is_on_disk(void **state) {
    static const char word[] = "Zebrafish";
    static const char *const files[] = {"replica.db", "replica.db-wal"};
    struct world *world = *state;
    world_do(world, "customer.add", "{\"name\": \"Zebrafish\"}");
    world->answer = order_wipe;
    assert_string_equal(sync_fails(world), "station.revoked");
    for (size_t i = 0; i < 2; i++) {
        char path[HOME_PATH];
        assert_int_equal(home_file(world->home, files[i], path, NULL), 0);
        FILE *file = fopen(path, "rb");
        if (!file)
            continue;
        static char data[4 * 1024 * 1024];
        size_t size = fread(data, 1, sizeof data, file);
        fclose(file);
        for (size_t at = 0; at + sizeof word <= size; at++)
            assert_false(memcmp(data + at, word, sizeof word - 1) == 0);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(all_is_sent_and_then_all_goes),
        TEST(only_headquarters_orders_it),
        TEST(what_is_not_signed_wipes_nothing),
        TEST(what_was_done_meanwhile_is_sent_first),
        TEST(a_wipe_that_began_ends),
        TEST(nothing_of_it_is_on_disk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
