/*
 * Refused work and work that no longer applies: read, mended, done again, given up; and that nothing
 * of it blocks what is behind it.
 */
#include "tests/unit/client-core/world.h"

#define C1 "c1c1c1c1-c1c1-c1c1-c1c1-c1c1c1c1c1c1"
static const char add_c1[] = "{\"id\": \"" C1 "\", \"name\": \"Acme\"}";

static int refuse_all(struct world *world, const struct sync_request *request,
                      struct sync_response *response) {
    world_take_bundles(world, request, response, VERDICT_REFUSED);
    return 200;
}

static int merge_all(struct world *world, const struct sync_request *request,
                     struct sync_response *response) {
    world_take_bundles(world, request, response, VERDICT_MERGED);
    return 200;
}

/* The id of the nth transaction, as people name it. */
static const char *transaction(struct world *world, int n) {
    char sql[400];
    snprintf(
        sql, sizeof sql,
        "select lower(substr(h, 1, 8) || '-' || substr(h, 9, 4) || '-' || substr(h, 13, 4)"
        " || '-' || substr(h, 17, 4) || '-' || substr(h, 21)) from"
        " (select hex(id) as h from station_outbox order by position limit 1 offset %d)",
        n);
    return world_text(world, sql);
}

static void resubmit(struct world *world, const char *id, const char *edits) {
    satchel_error error = {0};
    world_ok(satchel_resubmit(world->session, id, edits, &error), &error);
}

static void resubmit_fails(struct world *world, const char *id, const char *edits,
                           const char *code) {
    satchel_error error = {0};
    int64_t before = world_integer(world, "select count(*) from station_outbox");
    assert_int_not_equal(satchel_resubmit(world->session, id, edits, &error), 0);
    assert_string_equal(error.code, code);
    assert_int_equal(world_integer(world, "select count(*) from station_outbox"), before);
}

static int inbox_count(struct world *world, const char *section) {
    satchel_error error = {0};
    char *json = NULL;
    int count = 0;
    world_ok(satchel_inbox(world->session, &json, &error), &error);
    const char *from = strstr(json, section);
    const char *to = strstr(from, "\"attention\"");
    to = to && to > from ? to : from + strlen(from);
    for (const char *at = from; (at = strstr(at, "\"transaction\"")) && at < to; at++)
        count++;
    satchel_free(json);
    return count;
}

static void begin_refused(struct world *world) {
    world->answer = refuse_all;
    world_do(world, "customer.add", add_c1);
    world_do(world, "customer.visit", "{\"customer\": \"" C1 "\", \"times\": 2}");
    world_sync(world);
    world_sync(world);
    assert_int_equal(world_integer(world, "select count(*) from customer"), 0);
    assert_int_equal(inbox_count(world, "\"refusals\""), 2);
    world->answer = merge_all;
}

static void refused_work_is_done_again(void **state) {
    struct world *world = *state;
    begin_refused(world);
    resubmit(world, transaction(world, 0), NULL);
    assert_string_equal(world_text(world, "select name from customer"), "Acme");
    assert_int_equal(inbox_count(world, "\"refusals\""), 1);
    resubmit(world, transaction(world, 1), NULL);
    assert_int_equal(world_integer(world, "select visits from customer"), 2);
    assert_int_equal(inbox_count(world, "\"refusals\""), 0);
    assert_int_equal(
        world_integer(world, "select count(distinct id) from station_outbox"),
        4); /* as new work */
    world_sync(world);
    assert_int_equal(world_integer(world, "select count(*) from station_outbox"
                                          " where verdict = 1"),
                     2);
}

static void it_can_be_mended(void **state) {
    struct world *world = *state;
    begin_refused(world);
    resubmit_fails(world, transaction(world, 0), "{\"colour\": \"red\"}",
                   "resubmit.field");
    resubmit_fails(world, transaction(world, 1), "{\"visits\": \"many\"}",
                   "parameter.invalid");
    resubmit_fails(world, transaction(world, 0), "{\"name\": 7}", "parameter.invalid");
    resubmit_fails(world, transaction(world, 0), "{\"name\": \"666\"}",
                   "customer.no_devil"); /* the rules hold for it, too */
    resubmit(world, transaction(world, 0), "{\"name\": \"Bolt\"}");
    resubmit(world, transaction(world, 1), "{\"customer.visits\": \"5\"}");
    assert_string_equal(world_text(world, "select name from customer"), "Bolt");
    assert_int_equal(world_integer(world, "select visits from customer"), 5);
}

/* A difference counts on top of what is there by now; any other value is the one that was meant. */
static void differences_stay_differences(void **state) {
    struct world *world = *state;
    world_sql(world, "insert into customer (id, name, visits, gsn)"
                     " values (x'c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1', 'Acme', 7, 1)");
    world->answer = refuse_all;
    world_do(world, "customer.visit", "{\"customer\": \"" C1 "\", \"times\": 2}");
    world_do(world, "customer.rename", "{\"customer\": \"" C1 "\", \"name\": \"Bolt\"}");
    world_sync(world);
    world_sync(world);
    assert_int_equal(world_integer(world, "select visits from customer"), 7);
    assert_string_equal(world_text(world, "select name from customer"), "Acme");
    world->answer = merge_all;
    resubmit(world, transaction(world, 0), NULL);
    resubmit(world, transaction(world, 1), NULL);
    assert_int_equal(world_integer(world, "select visits from customer"), 9);
    assert_string_equal(world_text(world, "select name from customer"), "Bolt");
}

static void what_builds_on_it_waits_for_it(void **state) {
    struct world *world = *state;
    begin_refused(world);
    resubmit_fails(world, transaction(world, 1), NULL, "row.missing");
    assert_int_equal(inbox_count(world, "\"refusals\""), 2);
}

static void it_is_given_up(void **state) {
    struct world *world = *state;
    satchel_error error = {0};
    begin_refused(world);
    world_ok(satchel_discard(world->session, transaction(world, 0), &error), &error);
    assert_int_equal(inbox_count(world, "\"refusals\""), 1);
    assert_int_equal(world_integer(world, "select count(*) from customer"), 0);
    assert_int_equal(world_integer(world, "select count(*) from station_outbox"), 2);
}

static void only_what_went_wrong_and_only_ones_own(void **state) {
    struct world *world = *state;
    struct satchel_session *other = NULL;
    satchel_error error = {0};
    char dustin[ID_TEXT_SIZE];
    begin_refused(world);
    resubmit_fails(world, "no id", NULL, "parameter.invalid");
    resubmit_fails(world, "00000000-0000-0000-0000-000000000001", NULL,
                   "resubmit.unknown");
    world_do(world, "customer.add", "{\"name\": \"Fine\"}");
    resubmit_fails(world, transaction(world, 2), NULL, "resubmit.settled");
    world_sync(world);
    resubmit_fails(world, transaction(world, 2), NULL, "resubmit.settled");
    id_format(world->people[1], dustin);
    world_ok(satchel_sign_in(world->station, dustin, NULL, &other, &error), &error);
    assert_int_not_equal(satchel_resubmit(other, transaction(world, 0), NULL, &error), 0);
    assert_string_equal(error.code, "resubmit.unknown");
    satchel_sign_out(other);
}

/* The customer goes; the visit to it no longer applies. */
static int forgets(struct world *world, const struct sync_request *request,
                   struct sync_response *response) {
    static uint8_t key[ID_SIZE];
    struct bytes forget = {key, ID_SIZE};
    struct row_group group = {.table = 10, .forget = &forget, .forget_count = 1};
    memset(key, 0xc1, sizeof key);
    if (request->bundle_count)
        return merge_all(world, request, response);
    world->chunk = (struct row_chunk){&group, 1};
    world_send_rows(world, response);
    world->chunk.group_count = 0;
    response->head = ++world->gsn;
    return world->step++ == 0 ? 200 : 503; /* the network goes before work is sent */
}

static void begin_attention(struct world *world) {
    world_sql(world, "insert into customer (id, name, gsn) values"
                     " (x'c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1', 'Acme', 2)");
    world_do(world, "customer.visit", "{\"customer\": \"" C1 "\", \"times\": 2}");
    world_do(world, "customer.add", "{\"name\": \"Behind it\"}");
    world->answer = forgets;
    world->clock.boot = 2; /* headquarters' time is asked for first, without work */
    world->stop_after = 1;
    satchel_error error = {0};
    assert_int_not_equal(satchel_sync(world->station, NULL, NULL, NULL, &error), 0);
    assert_int_equal(inbox_count(world, "\"attention\""), 1);
    /* what is behind it lies where it did */
    assert_string_equal(world_text(world, "select name from customer"), "Behind it");
}

/* As after a crash between the two requests: it was not sealed yet. */
static void unseal(struct world *world) {
    world_sql(world,
              "update station_outbox set bundle = null; delete from station_bundle");
}

static void work_that_no_longer_applies_is_given_up(void **state) {
    struct world *world = *state;
    satchel_error error = {0};
    begin_attention(world);
    unseal(world);
    world_ok(satchel_discard(world->session, transaction(world, 0), &error), &error);
    assert_int_equal(inbox_count(world, "\"attention\""), 0);
    assert_int_equal(world_integer(world, "select count(*) from station_outbox"), 1);
    world->stop_after = 0;
    world->answer = merge_all;
    world_sync(world);
    assert_int_equal(world_integer(world, "select verdict from station_outbox"), 1);
}

static void or_done_again_once_it_can_be(void **state) {
    struct world *world = *state;
    begin_attention(world);
    unseal(world);
    resubmit_fails(world, transaction(world, 0), NULL, "row.missing");
    world_sql(world, "insert into customer (id, name, gsn) values"
                     " (x'c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1', 'Acme again', 9)");
    resubmit(world, transaction(world, 0), NULL);
    assert_int_equal(
        world_integer(world, "select visits from customer where name = 'Acme again'"), 2);
    assert_int_equal(world_integer(world, "select count(*) from station_outbox"), 2);
}

/* Neither refused work nor such that needs attention stands in the way of the rest. */
static void what_is_on_its_way_is_headquarters_to_answer(void **state) {
    struct world *world = *state;
    begin_attention(world);
    resubmit_fails(world, transaction(world, 0), NULL, "resubmit.sent");
    world->stop_after = 0;
    world->answer = merge_all;
    world_sync(world);
    assert_int_equal(world_integer(world, "select count(*) from station_outbox"
                                          " where verdict is null"),
                     0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(refused_work_is_done_again, world_setup,
                                        world_teardown),
        cmocka_unit_test_setup_teardown(it_can_be_mended, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(differences_stay_differences, world_setup,
                                        world_teardown),
        cmocka_unit_test_setup_teardown(what_builds_on_it_waits_for_it, world_setup,
                                        world_teardown),
        cmocka_unit_test_setup_teardown(it_is_given_up, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(only_what_went_wrong_and_only_ones_own,
                                        world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(work_that_no_longer_applies_is_given_up,
                                        world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(or_done_again_once_it_can_be, world_setup,
                                        world_teardown),
        cmocka_unit_test_setup_teardown(what_is_on_its_way_is_headquarters_to_answer,
                                        world_setup, world_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
