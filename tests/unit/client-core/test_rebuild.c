/*
 * A replica that gets everything again: what headquarters no longer sends is gone, pending work is
 * done again on top, and nothing that waits to be sent is touched, wherever it is cut.
 */
#include "client-core/rebuild.h"
#include "tests/unit/client-core/world.h"

#define C1 "c1c1c1c1-c1c1-c1c1-c1c1-c1c1c1c1c1c1"
#define C2 "c2c2c2c2-c2c2-c2c2-c2c2-c2c2c2c2c2c2"

/* A customer as headquarters has it: name and visits. */
struct sent_row {
    struct id id;
    struct value values[2];
    struct sync_row row;
};

static void sent(struct sent_row *to, uint8_t n, const char *name, int64_t gsn) {
    to->id = world_id(n);
    to->values[0] = value_text(name);
    to->values[1] = value_integer(0);
    to->row = (struct sync_row){.key = {to->id.bytes, ID_SIZE},
                                .gsn = gsn,
                                .created_at = 11,
                                .updated_at = 22,
                                .values = to->values};
}

static void send_one(struct world *world, struct sync_response *response,
                     struct sent_row *row) {
    struct row_group group = {.table = 10,
                              .columns = {2, 3},
                              .column_count = 2,
                              .rows = &row->row,
                              .row_count = 1};
    world->chunk = (struct row_chunk){&group, 1};
    world_send_rows(world, response);
    world->chunk.group_count = 0;
}

/* The people without whom nobody can work. */
static void send_people(struct world *world, struct sync_response *response) {
    struct value values[2][3] = {
        {value_text("Anna"), value_text("AN"), value_text("rep")},
        {value_text("Dustin"), value_text("DU"), value_text("manager")}};
    struct sync_row rows[2];
    for (size_t i = 0; i < 2; i++)
        rows[i] = (struct sync_row){.key = {world->people[i].bytes, ID_SIZE},
                                    .gsn = 1,
                                    .created_at = 11,
                                    .updated_at = 22,
                                    .values = values[i]};
    struct row_group group = {.table = 1,
                              .columns = {2, 3, 5},
                              .column_count = 3,
                              .rows = rows,
                              .row_count = 2};
    world->chunk = (struct row_chunk){&group, 1};
    world_send_rows(world, response);
    world->chunk.group_count = 0;
}

static void goes_on(struct sync_response *response, int64_t gsn) {
    response->more = true;
    response->rows_left = 1;
    response->next =
        (struct pull_position){.set = true,
                               .gsn = gsn,
                               .table = 10,
                               .key = {(const uint8_t *)"0123456789abcdef", 16}};
}

/* What headquarters was asked, in the order of the requests of a test. */
struct asked {
    int64_t cursor;
    size_t held;
    size_t bundles;
    bool rebuild;
    bool position;
};
static struct asked asked[16];

/* Bundles are taken without a word about what became of them: the work stays pending. */
static void note(struct world *world, const struct sync_request *request,
                 struct sync_response *response) {
    asked[world->step] =
        (struct asked){request->cursor, request->held.count, request->bundle_count,
                       request->rebuild, request->position.set};
    world_keep_waiting(world, request, response);
}

/* Tells the station to rebuild, then gives it the people, and customer 2 only, in two answers. */
static int rebuilds(struct world *world, const struct sync_request *request,
                    struct sync_response *response) {
    struct sent_row bolt;
    note(world, request, response);
    response->protocol = 2;
    if (!request->rebuild) {
        response->rebuild = true;
        response->more = true;
    } else if (!request->position.set) {
        send_people(world, response);
        goes_on(response, 5);
    } else {
        sent(&bolt, 0xc2, "Bolt", 9);
        send_one(world, response, &bolt);
        response->head = 9;
    }
    world->step++;
    return 200;
}

static void two_customers_of_headquarters(struct world *world) {
    world_sql(world, "insert into customer (id, name, gsn) values"
                     " (x'c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1', 'Acme', 2),"
                     " (x'c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2', 'Bolt, stale', 2)");
}

static int64_t rows_named(struct world *world, const char *name) {
    char sql[200];
    snprintf(sql, sizeof sql, "select count(*) from customer where name = '%s'", name);
    return world_integer(world, sql);
}

static void rows_that_do_not_come_again_are_gone(void **state) {
    struct world *world = *state;
    two_customers_of_headquarters(world);
    world->answer = rebuilds;
    world_sync(world);
    assert_int_equal(world->step, 3);
    assert_false(asked[0].rebuild);
    assert_int_equal(asked[0].cursor, 2);
    assert_true(asked[1].rebuild);
    assert_int_equal(asked[1].cursor, 0);
    assert_int_equal(asked[1].held, 0);
    assert_false(asked[1].position);
    assert_true(asked[2].position);
    assert_int_equal(rows_named(world, "Acme"), 0);
    assert_int_equal(rows_named(world, "Bolt"), 1);
    assert_int_equal(world_integer(world, "select count(*) from customer"), 1);
    assert_int_equal(world_integer(world, "select cursor from station_progress"), 9);
    assert_int_equal(world_integer(world, "select digest_rows from station_progress"), 3);
    assert_int_equal(world_integer(world, "select count(*) from station_staging"), 0);
    satchel_error error = {0};
    world_ok(satchel_verify(world->station, &error), &error);
    world_sync(world); /* and it is over */
    assert_false(asked[3].rebuild);
    assert_int_equal(asked[3].cursor, 9);
}

static void rows_are_there_until_the_head_is_reached(void **state) {
    struct world *world = *state;
    two_customers_of_headquarters(world);
    world->answer = rebuilds;
    satchel_error error = {0};
    world->stop_after = 2; /* the first part came, the second did not */
    assert_int_not_equal(satchel_sync(world->station, NULL, NULL, NULL, &error), 0);
    assert_string_equal(error.code, "transport.unreachable");
    assert_int_equal(rows_named(world, "Acme"), 1);
    assert_int_equal(rows_named(world, "Bolt, stale"), 1);
    assert_int_equal(world_integer(world, "select cursor from station_progress"), 2);
    world_close(world); /* also over a restart */
    world_open(world);
    world->stop_after = 0;
    world_sync(world);
    assert_true(asked[2].rebuild);
    assert_true(asked[2].position); /* it went on where it was */
    assert_int_equal(rows_named(world, "Acme"), 0);
    assert_int_equal(rows_named(world, "Bolt"), 1);
}

static void pending_work_is_done_again_on_top(void **state) {
    struct world *world = *state;
    two_customers_of_headquarters(world);
    world_sync(world);
    world_do(world, "customer.visit", "{\"customer\": \"" C2 "\", \"times\": 3}");
    world_do(world, "customer.visit", "{\"customer\": \"" C1 "\", \"times\": 1}");
    world_do(world, "customer.add", "{\"name\": \"Own\"}");
    char before[4096];
    snprintf(before, sizeof before, "%s",
             world_text(world, "select group_concat(hex(id) || base || hex(changes))"
                               " from station_outbox"));
    world->answer = rebuilds;
    world_sync(world);
    assert_string_equal(world_text(world,
                                   "select group_concat(hex(id) || base || hex(changes))"
                                   " from station_outbox"),
                        before);
    assert_int_equal(world_integer(world, "select count(*) from station_outbox"
                                          " where active = 1 and verdict is null"),
                     3);
    assert_int_equal(
        world_integer(world, "select visits from customer where name = 'Bolt'"), 3);
    assert_int_equal(rows_named(world, "Own"), 1);
    assert_int_equal(rows_named(world, "Acme"), 0);
    assert_string_equal(world_text(world, "select group_concat(attention_code)"
                                          " from station_outbox"),
                        "row.missing"); /* the visit to Acme */
}

static int restarts_in_the_middle(struct world *world, const struct sync_request *request,
                                  struct sync_response *response) {
    note(world, request, response);
    if (request->rebuild && request->position.set && world->step < 4) {
        response->protocol = 2;
        response->restart = true;
        response->more = true;
        world->step++;
        return 200;
    }
    return rebuilds(world, request, response);
}

static void a_pull_that_begins_anew_stays_a_rebuild(void **state) {
    struct world *world = *state;
    two_customers_of_headquarters(world);
    world->answer = restarts_in_the_middle;
    world_sync(world);
    assert_int_equal(world->step, 5);
    assert_true(asked[3].rebuild);
    assert_false(asked[3].position);
    assert_int_equal(world_integer(world, "select count(*) from customer"), 1);
    assert_int_equal(world_integer(world, "select count(*) from app_user"), 2);
}

/* While the answer is on its way somebody here asks for a rebuild. */
static int crossed(struct world *world, const struct sync_request *request,
                   struct sync_response *response) {
    struct sent_row late;
    struct error error = {0};
    if (world->step > 0)
        return rebuilds(world, request, response);
    note(world, request, response);
    world->step++;
    sent(&late, 0xc3, "Late", 8);
    send_one(world, response, &late);
    response->head = 8;
    assert_int_equal(rebuild_begin(world->station->writer, "asked", &error), 0);
    return 200;
}

static void an_answer_from_before_is_not_taken_for_part_of_it(void **state) {
    struct world *world = *state;
    two_customers_of_headquarters(world);
    world->answer = crossed;
    world_sync(world);
    assert_false(asked[0].rebuild);
    assert_true(asked[1].rebuild);
    assert_int_equal(rows_named(world, "Late"), 0);
    assert_int_equal(rows_named(world, "Bolt"), 1);
    assert_int_equal(world_integer(world, "select cursor from station_progress"), 9);
}

static void what_was_set_aside_is_forgotten(void **state) {
    struct world *world = *state;
    world_sql(world, "insert into station_misfit values"
                     " (10, x'c9c9c9c9c9c9c9c9c9c9c9c9c9c9c9c9', 2, x'90', 'no')");
    world->answer = rebuilds;
    world_sync(world);
    assert_int_equal(world_integer(world, "select count(*) from station_misfit"), 0);
}

/* Headquarters counts a row that the station has not; after the rebuild both have the same. */
static int counts_more(struct world *world, const struct sync_request *request,
                       struct sync_response *response) {
    if (request->rebuild)
        return rebuilds(world, request, response);
    note(world, request, response);
    response->protocol = 2;
    response->head = 2;
    response->digest = 12345;
    response->digest_rows = 99;
    world->step++;
    return 200;
}

static void a_difference_is_healed_but_not_over_and_over(void **state) {
    struct world *world = *state;
    two_customers_of_headquarters(world);
    world->answer = counts_more;
    world_sync(world);
    world_sync(world);
    assert_int_equal(world_integer(world, "select value from station_setting"
                                          " where name = 'digest_differences'"),
                     1);
    assert_int_equal(
        world_integer(world, "select value from station_setting where name = 'rebuilds'"),
        1);
    assert_int_equal(rows_named(world, "Acme"), 0);
    assert_int_equal(rows_named(world, "Bolt"), 1);
    world_sync(world); /* it differs still; everything came a moment ago */
    world_sync(world);
    assert_int_equal(
        world_integer(world, "select value from station_setting where name = 'rebuilds'"),
        1);
}

/* The row changed between two answers of one pull, and the later one came first. */
static int newer_first(struct world *world, const struct sync_request *request,
                       struct sync_response *response) {
    struct sent_row row;
    bool second = request->position.set;
    note(world, request, response);
    sent(&row, 0xc1, second ? "older" : "newer", second ? 7 : 8);
    send_one(world, response, &row);
    if (!second)
        goes_on(response, 8);
    else
        response->head = 8;
    world->step++;
    return 200;
}

static void an_older_state_of_a_row_replaces_no_newer_one(void **state) {
    struct world *world = *state;
    world->answer = newer_first;
    world_sync(world);
    assert_int_equal(world->step, 2);
    assert_int_equal(rows_named(world, "older"), 0);
    assert_int_equal(rows_named(world, "newer"), 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(rows_that_do_not_come_again_are_gone, world_setup,
                                        world_teardown),
        cmocka_unit_test_setup_teardown(rows_are_there_until_the_head_is_reached,
                                        world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(pending_work_is_done_again_on_top, world_setup,
                                        world_teardown),
        cmocka_unit_test_setup_teardown(a_pull_that_begins_anew_stays_a_rebuild,
                                        world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(an_answer_from_before_is_not_taken_for_part_of_it,
                                        world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(what_was_set_aside_is_forgotten, world_setup,
                                        world_teardown),
        cmocka_unit_test_setup_teardown(a_difference_is_healed_but_not_over_and_over,
                                        world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(an_older_state_of_a_row_replaces_no_newer_one,
                                        world_setup, world_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
