/*
 * The story of what was done here: values before and after, what became of it, and how the station stands.
 */
#include "tests/unit/client-core/world.h"

#define ANNA "x'a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1'"
#define DUSTIN "x'd1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1'"
#define DUSTIN_TEXT "d1d1d1d1-d1d1-d1d1-d1d1-d1d1d1d1d1d1"
#define ISDOM "x'0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c'"
#define ISDOM_TEXT "0c0c0c0c-0c0c-0c0c-0c0c-0c0c0c0c0c0c"

static int story_setup(void **state) {
    if (world_setup(state) != 0)
        return -1;
    world_sql(*state, "insert into customer (id, name, owner_id, gsn) values"
                      " (" ISDOM ", 'Isdom', " ANNA ", 2)");
    return 0;
}

static int answer_revoked(struct world *world, const struct sync_request *request,
                          struct sync_response *response) {
    (void)world;
    (void)request;
    (void)response;
    return 403;
}

/* The caller's until the next call. */
static const char *keep(char *json) {
    static char room[16384];
    snprintf(room, sizeof room, "%s", json);
    satchel_free(json);
    return room;
}

static const char *story(struct world *world) {
    satchel_error error = {0};
    char *json = NULL;
    world_ok(satchel_story(world->session, 10, &json, &error), &error);
    return keep(json);
}

static const char *story_of(struct world *world, const char *table, const char *id) {
    satchel_error error = {0};
    char *json = NULL;
    world_ok(satchel_story_of(world->session, table, id, 10, &json, &error), &error);
    return keep(json);
}

static const char *status(struct world *world) {
    satchel_error error = {0};
    char *json = NULL;
    world_ok(satchel_status(world->station, &json, &error), &error);
    return keep(json);
}

static void holds(const char *json, const char *part) {
    if (!strstr(json, part))
        fail_msg("%s is not in %s", part, json);
}

static void rename_customer(struct world *world, const char *name) {
    char json[120];
    snprintf(json, sizeof json, "{\"customer\":\"" ISDOM_TEXT "\",\"name\":\"%s\"}",
             name);
    world_do(world, "customer.rename", json);
}

static void a_change_tells_before_and_after(void **state) {
    struct world *world = *state;
    rename_customer(world, "Isdom Ltd");
    const char *told = story(world);
    holds(told, "\"user\":\"Anna\",");
    holds(told, "\"state\":\"waiting\"");
    holds(told, "\"sent_at\":null,\"answered_at\":null,\"gsn\":null");
    holds(told, "\"label\":\"Isdom Ltd\",\"cells\":[{\"column\":\"name\",\"value\":"
                "\"Isdom Ltd\",\"old\":\"Isdom\"}],\"overwritten\":[]");
    world_do(world, "customer.hand_over",
             "{\"customer\":\"" ISDOM_TEXT "\",\"to\":\"" DUSTIN_TEXT "\"}");
    holds(story(world),
          "\"value\":\"" DUSTIN_TEXT "\",\"label\":\"Dustin\",\"old\":\"a1a1a1a1-"
          "a1a1-a1a1-a1a1-a1a1a1a1a1a1\",\"old_label\":\"Anna\"}");
    /* All columns of a cell of several, with what they were. */
    world_do(world, "customer.price",
             "{\"customer\":\"" ISDOM_TEXT "\",\"price\":\"5\"}");
    holds(story(world), "{\"column\":\"price_minor\",\"value\":500,\"old\":0},"
                        "{\"column\":\"currency\",\"value\":\"CNY\",\"old\":\"CNY\"}");
    world->answer = answer_merged;
    world_sync(world);
    told = story(world);
    holds(told, "\"state\":\"merged\"");
    holds(told, "\"gsn\":3");
    assert_null(strstr(told, "\"sent_at\":null"));
    holds(told, "\"old\":\"Isdom\"");
}

static void a_refusal_tells_what_was_meant(void **state) {
    struct world *world = *state;
    rename_customer(world, "Isdom Ltd");
    world->answer = answer_refused;
    world_sync(world);
    const char *told = story(world);
    holds(told, "\"state\":\"refused\",\"code\":\"rule.broken\"");
    holds(told,
          "\"label\":\"Isdom\",\"cells\":[{\"column\":\"name\",\"value\":\"Isdom Ltd\","
          "\"old\":\"Isdom\"}]");
}

static void a_conflict_tells_who_won_and_why(void **state) {
    struct world *world = *state;
    rename_customer(world, "Isdom Ltd");
    world->answer = answer_merged;
    world_sync(world);
    world_sql(
        world,
        "insert into conflict (id, table_number, row_key, column_number, cell_name,"
        " winner_value, winner_text, winner_user_id, winner_device_id, winner_at,"
        " loser_value, loser_user_id, loser_device_id, loser_at, reason,"
        " transaction_id) select x'c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0', 10, " ISDOM
        ", 2, 'name', x'', 'Isdom AG', " DUSTIN ", x'00', 77, x'', " ANNA
        ", x'02020202020202020202020202020202', 1, 'later', id from station_outbox");
    holds(story(world),
          "\"overwritten\":[{\"column\":\"name\",\"by_id\":\"" DUSTIN_TEXT "\",\"at\":77,"
          "\"reason\":\"later\",\"by\":\"Dustin\",\"text\":\"Isdom AG\",\"conflict\":"
          "\"c0c0c0c0-c0c0-c0c0-c0c0-c0c0c0c0c0c0\",\"settlement\":null}]");
    /* Found when somebody else's work was merged: known by when ours was made. */
    world_sql(world, "update conflict set transaction_id = x'00', settlement = 'kept',"
                     " settled_at = 1");
    assert_null(strstr(story(world), "Isdom AG"));
    world_sql(world, "update conflict set loser_at ="
                     " (select time >> 16 from station_outbox)");
    holds(story(world), "\"text\":\"Isdom AG\"");
    holds(story(world), "\"settlement\":\"kept\"");
    /* Another row's, another person's and another station's are not ours. */
    world_sql(world, "update conflict set loser_user_id = " DUSTIN);
    assert_null(strstr(story(world), "Isdom AG"));
    world_sql(world,
              "update conflict set loser_user_id = " ANNA ", loser_device_id = x'03'");
    assert_null(strstr(story(world), "Isdom AG"));
}

static void a_later_edit_is_told(void **state) {
    struct world *world = *state;
    rename_customer(world, "Isdom Ltd");
    world->answer = answer_merged;
    world_sync(world);
    holds(story(world), "\"overwritten\":[]");
    world_sql(world, "update customer set name = 'Isdom SE', updated_at = 88,"
                     " updated_by = " DUSTIN ", gsn = 99 where id = " ISDOM);
    holds(story(world),
          "\"overwritten\":[{\"column\":\"name\",\"by_id\":\"" DUSTIN_TEXT
          "\",\"at\":88,\"reason\":\"later_edit\",\"by\":\"Dustin\",\"value\":"
          "\"Isdom SE\"}]");
    world_sql(world, "update customer set updated_by = " ANNA);
    holds(story(world), "\"overwritten\":[]");
}

static void a_record_has_its_own_story(void **state) {
    struct world *world = *state;
    satchel_error error = {0};
    char *json = NULL;
    rename_customer(world, "Isdom Ltd");
    world_do(world, "customer.add", "{\"name\":\"Other\"}");
    world_do(world, "customer.tag", "{\"customer\":\"" ISDOM_TEXT "\"}");
    const char *told = story_of(world, "customer", ISDOM_TEXT);
    holds(told, "customer.rename");
    holds(told, "customer.tag"); /* what belongs to it */
    assert_null(strstr(told, "customer.add"));
    assert_string_equal(story_of(world, "customer", DUSTIN_TEXT), "[]");
    assert_int_not_equal(
        satchel_story_of(world->session, "elephant", ISDOM_TEXT, 10, &json, &error), 0);
    assert_string_equal(error.code, "table.unknown");
    assert_int_not_equal(
        satchel_story_of(world->session, "customer", "Isdom", 10, &json, &error), 0);
    assert_string_equal(error.code, "parameter.invalid");
    world_ok(satchel_story_of(world->session, "customer", ISDOM_TEXT, 1, &json, &error),
             &error);
    told = keep(json);
    holds(told, "customer.tag");
    assert_null(strstr(told, "customer.rename"));
}

static void nothing_is_told_of_others(void **state) {
    struct world *world = *state;
    satchel_error error = {0};
    satchel_session *dustin = NULL;
    char *json = NULL;
    rename_customer(world, "Isdom Ltd");
    world_ok(satchel_sign_in(world->station, "DU", NULL, &dustin, &error), &error);
    world_ok(satchel_story(dustin, 10, &json, &error), &error);
    assert_string_equal(keep(json), "[]");
    world_ok(satchel_marks(dustin, &json, &error), &error);
    holds(keep(json), ISDOM_TEXT); /* he sees everything */
    world_sql(world, "update app_user set confined = 1");
    world_ok(satchel_marks(dustin, &json, &error), &error);
    assert_null(strstr(keep(json), ISDOM_TEXT));
    world_ok(satchel_marks(world->session, &json, &error), &error);
    holds(keep(json), ISDOM_TEXT);
    /* Once it is no longer hers, she is told what she did, and nothing of what it is now. */
    world->answer = answer_merged;
    world_sync(world);
    world_sql(world, "update customer set name = 'Secret', owner_id = " DUSTIN
                     ", updated_by = " DUSTIN ", gsn = 99 where id = " ISDOM);
    const char *told = story(world);
    holds(told, "\"label\":\"Isdom Ltd\"");
    assert_null(strstr(told, "Secret"));
}

/* --- how the station stands ------------------------------------------------------------------------ */

static void a_line_tells_how_it_stands(void **state) {
    struct world *world = *state;
    satchel_error error = {0};
    satchel_sync_report report;
    holds(status(world), "\"online\":false,\"offline_since\":null");
    holds(status(world), "\"syncing\":false,\"shared\":true,\"conflicts\":0");
    world_sync(world);
    holds(status(world), "\"online\":true,\"offline_since\":null");
    world->unreachable = true;
    assert_int_not_equal(satchel_sync(world->station, NULL, NULL, &report, &error), 0);
    char since[80];
    snprintf(since, sizeof since, "\"online\":false,\"offline_since\":%lld",
             (long long)world->clock.wall_ms);
    holds(status(world), since);
    world->clock.wall_ms += 100000;
    assert_int_not_equal(satchel_sync(world->station, NULL, NULL, &report, &error), 0);
    holds(status(world), since); /* since the first time */
    world->unreachable = false;
    world->answer = answer_revoked;
    assert_int_not_equal(satchel_sync(world->station, NULL, NULL, &report, &error), 0);
    holds(status(world), "\"online\":true,\"offline_since\":null");
    holds(status(world), "\"revoked\":true");
    world->unreachable = true;
    assert_int_not_equal(satchel_sync(world->station, NULL, NULL, &report, &error), 0);
    holds(status(world), "\"revoked\":true"); /* it stays said */
    world->unreachable = false;
    world->answer = NULL;
    world_sync(world);
    holds(status(world), "\"revoked\":false");
}

static void an_older_replica_gets_the_column(void **state) {
    struct world *world = *state;
    rename_customer(world, "Before");
    world_sql(world, "alter table station_outbox drop column former");
    world_close(world);
    world_open(world);
    holds(story(world), "\"value\":\"Before\"}"); /* what it was is not known */
    rename_customer(world, "After");
    holds(story(world), "\"value\":\"After\",\"old\":\"Before\"}");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, story_setup, world_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_change_tells_before_and_after),  TEST(a_refusal_tells_what_was_meant),
        TEST(a_conflict_tells_who_won_and_why), TEST(a_later_edit_is_told),
        TEST(a_record_has_its_own_story),       TEST(nothing_is_told_of_others),
        TEST(a_line_tells_how_it_stands),       TEST(an_older_replica_gets_the_column),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
