/*
 * Pending work over rows that change under it.
 */
#include "tests/unit/client-core/customers.h"

/* The customer as headquarters has it, and pending work on it: a name, a visit, a tag. */
static void begin_with_pending(struct world *world, struct sent_customer *sent) {
    forget_people(world);
    world->answer = rows_only;
    customer(sent, 0xc1, "Acme", 10, 5);
    struct row_group group = group_of(&sent->row, 1);
    bring(world, &group);
    world->gsn = 5;
    world_sync(world);
    world_do(world, "customer.rename", "{\"customer\": \"" C1 "\", \"name\": \"Mine\"}");
    world_do(world, "customer.visit", "{\"customer\": \"" C1 "\", \"times\": 3}");
    world_do(world, "customer.tag", "{\"customer\": \"" C1 "\"}");
    verify(world);
}

static void pending_work_lies_over_what_comes(void **state) {
    struct world *world = *state;
    struct sent_customer sent;
    begin_with_pending(world, &sent);
    customer(&sent, 0xc1, "Theirs", 20, 8);
    sent.values[4] = value_text("their note");
    struct row_group group = group_of(&sent.row, 1);
    bring(world, &group);
    world->gsn = 8;
    world_sync(world); /* the bundle is answered without verdicts: it stays pending */
    assert_string_equal(world_text(world,
                                   "select name || ' ' || visits || ' ' || note || ' ' ||"
                                   " gsn from customer"),
                        "Mine 23 their note 8");
    assert_int_equal(world_integer(world, "select count(*) from customer_tag"), 1);
    assert_int_equal(world_integer(world, "select count(*) from station_image"), 1);
    verify(world);
    /* now it is refused: everything is as headquarters has it */
    world_sql(world, "update station_outbox set verdict = 3, gsn = 9");
    customer(&sent, 0xc1, "Theirs", 21, 9);
    group = group_of(&sent.row, 1);
    bring(world, &group);
    world->gsn = 9;
    world_sync(world);
    assert_string_equal(world_text(world, "select name || ' ' || visits from customer"),
                        "Theirs 21");
    assert_int_equal(world_integer(world, "select count(*) from customer_tag"), 0);
    assert_int_equal(world_integer(world, "select count(*) from station_image"), 0);
    verify(world);
}

static void work_after_a_merge_stays_on_top(void **state) {
    struct world *world = *state;
    struct sent_customer sent;
    begin_with_pending(world, &sent);
    /* the rename is merged, visit and tag are not yet */
    world_sql(world, "update station_outbox set verdict = 1, gsn = 6 where position = 1");
    customer(&sent, 0xc1, "Mine", 10, 6);
    struct row_group group = group_of(&sent.row, 1);
    bring(world, &group);
    world->gsn = 6;
    world_sync(world);
    assert_string_equal(world_text(world, "select name || ' ' || visits from customer"),
                        "Mine 13");
    assert_int_equal(
        world_integer(world, "select count(*) from station_outbox where active"), 2);
    verify(world);
}

/* A verdict may be known before the rows that show it have come. */
static void merged_work_stays_until_its_rows_came(void **state) {
    struct world *world = *state;
    struct sent_customer sent;
    begin_with_pending(world, &sent);
    world_sql(world, "update station_outbox set verdict = 1, gsn = 9");
    customer(&sent, 0xc1, "Before", 10, 8);
    struct row_group group = group_of(&sent.row, 1);
    bring(world, &group);
    world->gsn = 8;
    world_sync(world);
    assert_string_equal(world_text(world, "select name || ' ' || visits from customer"),
                        "Mine 13");
    assert_int_equal(
        world_integer(world, "select count(*) from station_outbox where active"), 3);
    verify(world);
}

/* A station looks for what is old once a day. */
static void pass_days(struct world *world) {
    world->clock.wall_ms += 2LL * 86400000;
    world->clock.boot_ms += 2LL * 86400000;
}

/* However long that takes: only what lies under no row any more is forgotten with age. */
static void age_does_not_take_merged_work_away(void **state) {
    struct world *world = *state;
    struct sent_customer sent;
    begin_with_pending(world, &sent);
    world_sql(world, "update station_outbox set verdict = 1, gsn = 9, answered_at = 1");
    customer(&sent, 0xc1, "Before", 10, 8);
    struct row_group group = group_of(&sent.row, 1);
    bring(world, &group);
    world->gsn = 8;
    pass_days(world);
    world_sync(world);
    assert_int_equal(
        world_integer(world, "select count(*) from station_outbox where active"), 3);
    customer(&sent, 0xc1, "Mine", 13, 9);
    bring(world, &group);
    world->gsn = 9;
    pass_days(world);
    world_sync(world);
    /* The newest stays: the next one is to be later. */
    assert_int_equal(world_integer(world, "select count(*) from station_outbox"), 1);
    assert_string_equal(world_text(world, "select name || ' ' || visits from customer"),
                        "Mine 13");
    verify(world);
}

static void a_leaving_row_keeps_its_work(void **state) {
    struct world *world = *state;
    struct sent_customer sent;
    satchel_error error = {0};
    char *json = NULL;
    begin_with_pending(world, &sent);
    struct bytes key = {sent.id.bytes, ID_SIZE};
    struct row_group group = {.table = 10, .forget = &key, .forget_count = 1};
    bring(world, &group);
    world->gsn = 7;
    world_sync(world);
    assert_int_equal(world_integer(world, "select count(*) from customer"), 0);
    assert_int_equal(world_integer(world,
                                   "select count(*) from station_outbox where active and"
                                   " attention_code = 'row.missing'"),
                     2); /* the tag has a row of its own */
    assert_int_equal(world_integer(world, "select count(*) from customer_tag"), 1);
    world_ok(satchel_inbox(world->session, &json, &error), &error);
    assert_non_null(strstr(json, "row.missing"));
    satchel_free(json);
    /* it comes back: the work applies again */
    customer(&sent, 0xc1, "Back", 1, 9);
    group = group_of(&sent.row, 1);
    bring(world, &group);
    world->gsn = 9;
    world_sync(world);
    assert_string_equal(world_text(world, "select name || ' ' || visits from customer"),
                        "Mine 4");
    assert_int_equal(world_integer(world, "select count(*) from station_outbox where"
                                          " attention_code is not null"),
                     0);
    verify(world);
}

static void an_insert_that_meets_a_row_merges(void **state) {
    struct world *world = *state;
    struct sent_customer sent;
    forget_people(world);
    world->answer = rows_only;
    world_do(world, "customer.add", add_c1);
    customer(&sent, 0xc1, "Theirs", 20, 8);
    sent.values[5] = value_text("A");
    struct row_group group = group_of(&sent.row, 1);
    bring(world, &group);
    world->gsn = 8;
    world_sync(world);
    assert_string_equal(world_text(world, "select name || ' ' || grade || ' ' || gsn from"
                                          " customer"),
                        "Acme A 8");
    verify(world);
}

static void work_that_breaks_a_check_is_set_aside(void **state) {
    struct world *world = *state;
    struct sent_customer sent;
    begin_with_pending(world, &sent);
    customer(&sent, 0xc1, "Theirs", 98, 8); /* three more visits are too many */
    struct row_group group = group_of(&sent.row, 1);
    bring(world, &group);
    world->gsn = 8;
    world_sync(world);
    assert_string_equal(world_text(world, "select name || ' ' || visits from customer"),
                        "Mine 98");
    assert_string_equal(world_text(world,
                                   "select attention_code from station_outbox where"
                                   " position = 2"),
                        "database.constraint");
    assert_int_equal(world_integer(world, "select cursor from station_progress"), 8);
}

static void a_difference_is_found(void **state) {
    struct world *world = *state;
    struct sent_customer sent;
    satchel_error error = {0};
    begin_with_pending(world, &sent);
    world_sql(world, "update customer set visits = 50");
    assert_int_not_equal(satchel_verify(world->station, &error), 0);
    assert_string_equal(error.code, "verify.pending");
    world_sql(world, "update customer set gsn = 6");
    assert_int_not_equal(satchel_verify(world->station, &error), 0);
    assert_string_equal(error.code, "verify.digest");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(pending_work_lies_over_what_comes),
        TEST(work_after_a_merge_stays_on_top),
        TEST(merged_work_stays_until_its_rows_came),
        TEST(age_does_not_take_merged_work_away),
        TEST(a_leaving_row_keeps_its_work),
        TEST(an_insert_that_meets_a_row_merges),
        TEST(work_that_breaks_a_check_is_set_aside),
        TEST(a_difference_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
