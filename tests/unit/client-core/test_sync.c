/*
 * Sync against a scripted headquarters: sealing and clocks, verdicts, and what goes wrong on the way.
 */
#include "tests/support/lacking.h"
#include "tests/unit/client-core/customers.h"

static void work_is_sealed_sent_and_settled(void **state) {
    struct world *world = *state;
    satchel_error error = {0};
    satchel_sync_report report;
    struct sent_customer acme;
    world->answer = merge_all;
    world_do(world, "customer.add", add_c1);
    world_do(world, "customer.visit", "{\"customer\": \"" C1 "\", \"times\": 2}");
    customer(&acme, 0xc1, "Acme", 2, 4);
    struct row_group group = group_of(&acme.row, 1);
    bring(world, &group);
    world_ok(satchel_sync(world->station, NULL, NULL, &report, &error), &error);
    assert_int_equal(report.merged, 2);
    assert_int_equal(report.waiting, 0);
    assert_int_equal(report.cursor, 4);
    assert_int_equal(world->requests, 2); /* one to learn the time, one with the work */
    assert_int_equal(
        world_integer(world, "select count(*) from station_outbox where active"), 0);
    assert_int_equal(world_integer(world, "select gsn from customer"), 4);
    assert_int_equal(world_integer(world, "select visits from customer"), 2);
    assert_string_equal(world_text(world, "select currency from customer"), "USD");
    assert_int_equal(world_integer(world, "select digest_rows from station_progress"), 1);
    world_sync(world);
    assert_int_equal(world->bundles, 0);
}

static void an_idle_poll_writes_nothing(void **state) {
    struct world *world = *state;
    world_sync(world);
    world_sync(world);
    int64_t before = world_integer(world, "pragma data_version");
    for (int i = 0; i < 5; i++) {
        world->clock.wall_ms += 2000;
        world->clock.boot_ms += 2000;
        world_sync(world);
    }
    assert_int_equal(world_integer(world, "pragma data_version"), before);
    assert_int_equal(world->requests, 7);
}

static void a_slow_clock_is_corrected_at_sealing(void **state) {
    struct world *world = *state;
    const int64_t day = 86400000;
    world->answer = merge_all;
    world->hq_ahead_ms = day; /* the station is a day slow */
    world_do(world, "customer.add", add_c1);
    world->clock.boot_ms += 60000;
    world->clock.wall_ms += 60000 + 3600000; /* and jumps by an hour while offline */
    world->hq_ahead_ms -= 3600000;
    world_do(world, "customer.visit", "{\"customer\": \"" C1 "\"}");
    world_sync(world);
    assert_int_equal(world_integer(world, "select min(time) >> 16 from station_outbox"),
                     WORLD_NOW_MS + day);
    assert_int_equal(world_integer(world, "select max(time) >> 16 from station_outbox"),
                     WORLD_NOW_MS + day + 60000);
}

static void later_work_has_a_later_time(void **state) {
    struct world *world = *state;
    world->answer = merge_all;
    world_sync(world);
    world_do(world, "customer.add", add_c1);
    world_sync(world);
    world->clock.boot = 2; /* started again, a day earlier */
    world->clock.boot_ms = 5000;
    world->clock.wall_ms -= 86400000;
    world_do(world, "customer.add", "{\"name\": \"b\"}");
    world_sync(world);
    assert_int_equal(
        world_integer(world, "select (select time from station_outbox where position = 2)"
                             " > (select time from station_outbox where position = 1)"),
        1);
}

static void another_start_asks_for_the_time_first(void **state) {
    struct world *world = *state;
    world->answer = merge_all;
    world_sync(world);
    assert_int_equal(world->requests, 1);
    world_do(world, "customer.add", add_c1);
    world_sync(world);
    assert_int_equal(world->requests, 2); /* the time was known */
    world->clock.boot = 2;                /* the machine was started again */
    world->clock.boot_ms = 5000;
    world_do(world, "customer.add", "{\"name\": \"b\"}");
    world_sync(world);
    assert_int_equal(world->requests, 4);
}

static void a_lost_answer_is_asked_for_again(void **state) {
    struct world *world = *state;
    char first[80];
    world_sync(world);
    world->unreachable = true;
    world_do(world, "customer.add", add_c1);
    assert_string_equal(sync_fails(world), "transport.unreachable");
    snprintf(first, sizeof first, "%s",
             world_text(world, "select hex(hash) from station_bundle"));
    assert_int_equal(strlen(first), 64);
    world_close(world);
    world_open(world);
    world->unreachable = false;
    world->answer = merge_all;
    world_sync(world);
    assert_string_equal(world_text(world, "select hex(hash) from station_bundle"), first);
    assert_int_equal(world_integer(world, "select count(*) from station_bundle"), 1);
    assert_int_equal(world_integer(world, "select verdict from station_outbox"),
                     VERDICT_MERGED);
}

static void bundles_form_a_chain(void **state) {
    struct world *world = *state;
    world->answer = merge_all;
    world_do(world, "customer.add", add_c1);
    world_sync(world);
    world_do(world, "customer.add", "{\"name\": \"b\"}");
    world_do(world, "customer.add", "{\"name\": \"c\"}");
    world_sync(world);
    struct replica *replica = world->station->writer;
    struct bundle_envelope envelope[2];
    struct buffer sealed[2] = {buffer_make(LIMIT_BUNDLE), buffer_make(LIMIT_BUNDLE)};
    sqlite3_stmt *statement;
    sqlite3_prepare_v2(replica->db, "select sealed from station_bundle order by number",
                       -1, &statement, NULL);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
        struct bytes bytes = column_bytes(statement, 0);
        buffer_append(&sealed[i], bytes.data, bytes.size);
        assert_int_equal(bundle_open(buffer_bytes(&sealed[i]), &envelope[i], NULL), 0);
    }
    sqlite3_finalize(statement);
    assert_int_equal(envelope[0].header.last_seq, 1);
    assert_int_equal(envelope[1].header.number, 2);
    assert_int_equal(envelope[1].header.first_seq, 2);
    assert_int_equal(envelope[1].header.last_seq, 3);
    assert_memory_equal(envelope[1].header.previous_hash, envelope[0].hash, HASH_SIZE);
    buffer_free(&sealed[0]);
    buffer_free(&sealed[1]);
}

/* A day's look for what is old: with an answer that brings something. */
static void hear_news_after(struct world *world, int64_t ms) {
    struct sent_customer sent;
    world->clock.wall_ms += ms;
    world->clock.boot_ms += ms;
    customer(&sent, 0xc1, "news", 1, ++world->gsn);
    struct row_group group = group_of(&sent.row, 1);
    bring(world, &group);
    world_sync(world);
}

/* What headquarters has had for thirty days is forgotten, but the chain goes on from the last bundle. */
static void old_bundles_are_forgotten(void **state) {
    struct world *world = *state;
    world->answer = merge_all;
    for (int i = 0; i < 2; i++) {
        world_do(world, "customer.add", "{\"name\": \"a\"}");
        world_sync(world);
    }
    hear_news_after(world, BUNDLE_KEEP_MS - 86400000);
    assert_int_equal(world_integer(world, "select count(*) from station_bundle"), 2);
    hear_news_after(world, 2LL * 86400000);
    assert_int_equal(world_integer(world, "select count(*) from station_bundle"), 1);
    world_do(world, "customer.add", "{\"name\": \"b\"}");
    world_sync(world);
    assert_int_equal(world_integer(world, "select max(number) from station_bundle"), 3);
}

static void a_refusal_takes_the_work_back(void **state) {
    struct world *world = *state;
    satchel_error error = {0};
    char *json = NULL;
    world->answer = refuse_all;
    world_do(world, "customer.add", add_c1);
    world_sync(world);
    assert_int_equal(world_integer(world, "select count(*) from customer"), 0);
    world_ok(satchel_inbox(world->session, &json, &error), &error);
    assert_non_null(strstr(json, "\"code\":\"rule.broken\""));
    assert_non_null(strstr(json, "\"label\":\"Acme\""));
    satchel_free(json);
}

static int gap_once(struct world *world, const struct sync_request *request,
                    struct sync_response *response) {
    if (request->bundle_count == 0 || world->step++ > 0)
        return merge_all(world, request, response);
    world->answers[0] = (struct bundle_answer){
        .number = 2, .code = "bundle.gap", .message = "gap", .expected_number = 1};
    response->answers = world->answers;
    response->answer_count = 1;
    return 200;
}

static void a_gap_is_filled_from_kept_bundles(void **state) {
    struct world *world = *state;
    world->answer = merge_all;
    world_do(world, "customer.add", add_c1);
    world_sync(world);
    static const char first[] =
        "select gsn from station_outbox order by position limit 1";
    int64_t before = world_integer(world, first);
    world->answer = gap_once;
    world_do(world, "customer.add", "{\"name\": \"b\"}");
    world_sync(world);
    assert_int_equal(world->bundles, 2);
    assert_int_equal(
        world_integer(world,
                      "select count(*) from station_bundle where answered_at is null"),
        0);
    /* What headquarters said of the first before it lost it counts no more. */
    assert_true(world_integer(world, first) > before);
    assert_int_equal(world_integer(world, "select count(*) from station_outbox"
                                          " where verdict = 1"),
                     2);
}

static int gap_always(struct world *world, const struct sync_request *request,
                      struct sync_response *response) {
    if (request->bundle_count == 0)
        return 200;
    world->answers[0] = (struct bundle_answer){
        .number = 1, .code = "bundle.gap", .message = "gone", .expected_number = 1};
    response->answers = world->answers;
    response->answer_count = 1;
    return 200;
}

static int full_server(struct world *world, const struct sync_request *request,
                       struct sync_response *response) {
    (void)world;
    (void)request;
    (void)response;
    return 507;
}

static int revoked(struct world *world, const struct sync_request *request,
                   struct sync_response *response) {
    (void)world;
    (void)request;
    (void)response;
    return 403;
}

static int other_epoch(struct world *world, const struct sync_request *request,
                       struct sync_response *response) {
    (void)world;
    (void)request;
    response->epoch = 2;
    return 200;
}

static void what_goes_wrong_has_a_code(void **state) {
    struct world *world = *state;
    world->answer = revoked;
    assert_string_equal(sync_fails(world), "device.revoked");
    assert_non_null(strstr(world_text(world, "select value from station_setting"
                                             " where name = 'last_error'"),
                           "device.revoked"));
    world->answer = other_epoch;
    assert_string_equal(sync_fails(world), "server.epoch");
    world->answer = NULL;
    world->wrong_key = true;
    assert_string_equal(sync_fails(world), "server.signature");
    world->wrong_key = false;
    world_sync(world);
    assert_string_equal(world_text(world, "select value from station_setting"
                                          " where name = 'last_error'"),
                        "");
    world_do(world, "customer.add", add_c1);
    world->answer = gap_always;
    assert_string_equal(sync_fails(world), "bundle.gap");
    world->answer = full_server;
    assert_string_equal(sync_fails(world), "server.failed");
    assert_string_equal(world_text(world, "select value from station_setting"
                                          " where name = 'last_error'"),
                        "server.failed: Headquarters cannot take it now: disk full."
                        " Your work stays here and is sent later.");
    assert_int_equal(world_integer(world, "select count(*) from customer"),
                     1); /* nothing lost */
}

/* A bundle that cannot be read: one refused verdict that names nobody. */
static int unreadable(struct world *world, const struct sync_request *request,
                      struct sync_response *response) {
    if (request->bundle_count == 0)
        return 200;
    world->verdicts[0] = (struct verdict){.kind = VERDICT_REFUSED,
                                          .gsn = world->gsn,
                                          .code = "bundle.payload",
                                          .field = "",
                                          .message = "damaged"};
    world->answers[0] = (struct bundle_answer){.number = 1,
                                               .accepted = true,
                                               .code = "",
                                               .message = "",
                                               .expected_number = 2,
                                               .verdicts = world->verdicts,
                                               .verdict_count = 1};
    response->answers = world->answers;
    response->answer_count = 1;
    return 200;
}

static void an_unreadable_bundle_is_refused_whole(void **state) {
    struct world *world = *state;
    world->answer = unreadable;
    world_do(world, "customer.add", add_c1);
    world_do(world, "customer.visit", "{\"customer\": \"" C1 "\"}");
    world_sync(world);
    assert_int_equal(world_integer(world,
                                   "select count(*) from station_outbox where verdict = 3"
                                   " and code = 'bundle.payload'"),
                     2);
    assert_int_equal(world_integer(world, "select count(*) from customer"), 0);
}

/* Bundles are sealed in the smaller format for a server that said it reads it, and in the first one before. */
static int protocol_two(struct world *world, const struct sync_request *request,
                        struct sync_response *response) {
    struct bundle_envelope envelope;
    for (size_t i = 0; i < request->bundle_count; i++) {
        assert_int_equal(bundle_open(request->bundles[i], &envelope, NULL), 0);
        world->step = (int)envelope.header.format;
    }
    response->protocol = 2;
    world_take_bundles(world, request, response, VERDICT_MERGED);
    return 200;
}

static void the_format_follows_the_server(void **state) {
    struct world *world = *state;
    world->answer = protocol_two;
    world_do(world, "customer.add", add_c1);
    world_sync(world);
    assert_int_equal(world->step, BUNDLE_FORMAT);
    world_do(world, "customer.add", add_c1); /* no row of it came back */
    world_close(world);
    world_open(world);
    world_sync(world);
    assert_int_equal(world->step, BUNDLE_FORMAT_PACKED);
}

static void another_process_may_be_syncing(void **state) {
    struct world *world = *state;
    int lock = -1;
    if (LACKING(PROCESSES))
        skip();
    assert_int_equal(home_lock(world->home, "sync.lock", &world->env, 0, &lock, NULL), 0);
    assert_string_equal(sync_fails(world), "sync.busy");
    assert_true(world->clock.slept_ms >= 10000);
    home_unlock(lock);
    world_sync(world);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(work_is_sealed_sent_and_settled),
        TEST(an_idle_poll_writes_nothing),
        TEST(a_slow_clock_is_corrected_at_sealing),
        TEST(later_work_has_a_later_time),
        TEST(another_start_asks_for_the_time_first),
        TEST(a_lost_answer_is_asked_for_again),
        TEST(bundles_form_a_chain),
        TEST(old_bundles_are_forgotten),
        TEST(a_refusal_takes_the_work_back),
        TEST(a_gap_is_filled_from_kept_bundles),
        TEST(what_goes_wrong_has_a_code),
        TEST(an_unreadable_bundle_is_refused_whole),
        TEST(the_format_follows_the_server),
        TEST(another_process_may_be_syncing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
