/*
 * Rows as they come from a scripted headquarters: whole, in chunks, cut off, or not fitting.
 */
#include "tests/unit/client-core/customers.h"

static void rows_come_and_go(void **state) {
    struct world *world = *state;
    struct sent_customer sent[3];
    struct sync_row rows[3];
    forget_people(world);
    for (uint8_t i = 0; i < 3; i++) {
        customer(&sent[i], (uint8_t)(0xc9 - i), "C", i, 10 + i);
        rows[i] = sent[i].row;
    }
    struct row_group group = group_of(rows, 3);
    bring(world, &group);
    world->gsn = 12;
    world->answer = merge_all;
    world_sync(world);
    assert_int_equal(world_integer(world, "select count(*) from customer"), 3);
    assert_int_equal(world_integer(world, "select created_at from customer"), 11);
    verify(world);
    struct bytes key = {sent[0].id.bytes, ID_SIZE};
    customer(&sent[1], 0xc8, "D", 7, 20);
    rows[0] = sent[1].row;
    group = group_of(rows, 1);
    group.forget = &key;
    group.forget_count = 1;
    bring(world, &group);
    world->gsn = 20;
    world_sync(world);
    assert_int_equal(world_integer(world, "select count(*) from customer"), 2);
    assert_int_equal(world_integer(world, "select visits from customer where name = 'D'"),
                     7);
    assert_int_equal(world_integer(world, "select cursor from station_progress"), 20);
    assert_int_equal(world_integer(world, "select digest_rows from station_progress"), 2);
    verify(world);
}

static int two_chunks(struct world *world, const struct sync_request *request,
                      struct sync_response *response) {
    struct sent_customer sent;
    struct row_group group;
    bool second = request->position.set;
    if (second) {
        assert_int_equal(request->position.gsn, 10);
        assert_int_equal(request->position.key.size, ID_SIZE);
        assert_int_equal(request->position.target_hash[0], 0x77);
    }
    if (second && world->step == 1) { /* the scopes changed meanwhile */
        world->step = 2;
        response->restart = true;
        response->more = true;
        return 200;
    }
    customer(&sent, second ? 0xc2 : 0xc1, second ? "two" : "one", 0, second ? 11 : 10);
    group = group_of(&sent.row, 1);
    bring(world, &group);
    world_send_rows(world, response);
    world->chunk.group_count = 0;
    if (!second) {
        response->more = true;
        response->next = (struct pull_position){.set = true,
                                                .gsn = 10,
                                                .table = 10,
                                                .key = {world->people[0].bytes, ID_SIZE}};
        memset(response->next.target_hash, 0x77, HASH_SIZE);
        if (world->step == 0) {
            world->step = 1;
            assert_int_equal(world_integer(world, "select count(*) from customer"), 0);
        }
    }
    struct scope user = {SCOPE_USER, world->people[0]};
    scope_set_add(&response->gained, user);
    response->head = 11;
    return 200;
}

static void chunks_show_together_and_survive_a_restart(void **state) {
    struct world *world = *state;
    struct scope_set held = {0};
    world->answer = two_chunks;
    world_sql(world, "update station_progress set cursor = 0"); /* a first sync */
    world_sync(world);
    assert_int_equal(world_integer(world,
                                   "select count(*) from sqlite_schema where name in"
                                   " ('customer_by_name', 'customer_by_owner')"),
                     2);
    assert_int_equal(world_integer(world, "select count(*) from customer indexed by"
                                          " customer_by_name where name = 'two'"),
                     1);
    assert_int_equal(world_integer(world, "select count(*) from customer"), 2);
    assert_int_equal(world_integer(world, "select count(*) from station_staging"), 0);
    assert_int_equal(world->requests, 4);
    assert_int_equal(progress_read_held(world->station->writer, &held, NULL), 0);
    assert_int_equal(held.count, 1);
    scope_set_free(&held);
}

static int stop_applying(void *context, const satchel_progress *progress) {
    struct world *world = context;
    return world->step == 1 && strcmp(progress->phase, "receiving") == 0;
}

static void a_stopped_pull_goes_on(void **state) {
    struct world *world = *state;
    satchel_error error = {0};
    world->answer = two_chunks;
    assert_int_not_equal(satchel_sync(world->station, stop_applying, world, NULL, &error),
                         0);
    assert_string_equal(error.code, "sync.stopped");
    world->step = 2;
    world_sync(world);
    assert_int_equal(world_integer(world, "select count(*) from customer"), 2);
}

static void absent_and_unknown_columns_are_harmless(void **state) {
    struct world *world = *state;
    struct sent_customer sent;
    world->answer = merge_all;
    customer(&sent, 0xc1, "Acme", 1, 5);
    struct row_group group = group_of(&sent.row, 1);
    bring(world, &group);
    world->gsn = 5;
    world_sync(world);
    /* an older server knows less, a newer one more */
    struct value values[2] = {value_text("Acme 2"), value_text("?")};
    sent.row.values = values;
    sent.row.gsn = 6;
    group = (struct row_group){.table = 10,
                               .columns = {2, 40},
                               .column_count = 2,
                               .rows = &sent.row,
                               .row_count = 1};
    struct row_group groups[2] = {group, group};
    groups[1].table = 77;
    world->chunk = (struct row_chunk){groups, 2};
    world->gsn = 6;
    world_sync(world);
    assert_string_equal(world_text(world, "select name || note || visits from customer"),
                        "Acme 2from hq1");
}

static void a_row_that_does_not_fit_blocks_nothing(void **state) {
    struct world *world = *state;
    struct sent_customer sent[2];
    struct sync_row rows[2];
    world->answer = merge_all;
    customer(&sent[0], 0xc1, "", 1, 5); /* the name is too short */
    customer(&sent[1], 0xc2, "Good", 1, 6);
    rows[0] = sent[0].row;
    rows[1] = sent[1].row;
    struct row_group group = group_of(rows, 2);
    bring(world, &group);
    world->gsn = 6;
    world_sync(world);
    assert_int_equal(world_integer(world, "select count(*) from customer"), 1);
    assert_int_equal(world_integer(world, "select count(*) from station_misfit"), 1);
    assert_int_equal(world_integer(world, "select cursor from station_progress"), 6);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(rows_come_and_go),
        TEST(chunks_show_together_and_survive_a_restart),
        TEST(a_stopped_pull_goes_on),
        TEST(absent_and_unknown_columns_are_harmless),
        TEST(a_row_that_does_not_fit_blocks_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
