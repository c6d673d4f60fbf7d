/*
 * Marks of records, and who is signed in.
 */
#include "tests/unit/client-core/world.h"

static const char CUSTOMER[] = "0c0c0c0c-0c0c-0c0c-0c0c-0c0c0c0c0c0c";

/* `key`:`json` stands in the object `kind` of the marks. */
static bool is_marked(const char *marks, const char *kind, const char *id, int count) {
    char start[80];
    char mark[80];
    snprintf(start, sizeof start, "\"%s\":{", kind);
    snprintf(mark, sizeof mark, "\"%s\":%d", id, count);
    const char *object = strstr(marks, start);
    assert_non_null(object);
    const char *end = strchr(object, '}');
    const char *found = strstr(object, mark);
    return found && found < end;
}

static char *marks_of(struct world *world) {
    satchel_error error = {0};
    char *json = NULL;
    world_ok(satchel_marks(world->session, &json, &error), &error);
    return json;
}

static void add_customer(struct world *world) {
    world_sql(world, "insert into customer (id, name, owner_id, gsn) values"
                     " (x'0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c', 'Isdom',"
                     " x'a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1', 2)");
}

static void pending_work_is_marked(void **state) {
    struct world *world = *state;
    char *marks = marks_of(world);
    assert_string_equal(
        marks,
        "{\"pending\":{},\"conflict\":{},\"refused\":{},\"attention\":{},\"more\":false}");
    satchel_free(marks);
    add_customer(world);
    char rename[120];
    snprintf(rename, sizeof rename, "{\"customer\":\"%s\",\"name\":\"Neu\"}", CUSTOMER);
    world_do(world, "customer.rename", rename);
    marks = marks_of(world);
    assert_true(is_marked(marks, "pending", CUSTOMER, 1));
    satchel_free(marks);
    /* A tag has two keys and no name of its own: its customer is marked, once for the transaction. */
    char tag[120];
    snprintf(tag, sizeof tag, "{\"customer\":\"%s\"}", CUSTOMER);
    world_do(world, "customer.tag", tag);
    marks = marks_of(world);
    assert_true(is_marked(marks, "pending", CUSTOMER, 2));
    assert_null(strstr(marks, "a1a1a1a1")); /* people are everybody's: no marks */
    satchel_free(marks);
    world->answer = answer_merged;
    world_sync(world);
    marks = marks_of(world);
    assert_false(is_marked(marks, "pending", CUSTOMER, 2));
    satchel_free(marks);
}

static void refused_work_is_marked_until_settled(void **state) {
    struct world *world = *state;
    add_customer(world);
    char tag[120];
    snprintf(tag, sizeof tag, "{\"customer\":\"%s\"}", CUSTOMER);
    world_do(world, "customer.tag", tag);
    world->answer = answer_refused;
    world_sync(world);
    /* The tag is gone from here; the change still tells whose it was. */
    char *marks = marks_of(world);
    assert_true(is_marked(marks, "refused", CUSTOMER, 1));
    assert_false(is_marked(marks, "pending", CUSTOMER, 1));
    satchel_free(marks);
    world_sql(world,
              "insert into refusal (id, user_id, device_id, command, code, made_at,"
              " settled_at) select id, user_id, x'00', command, code, 1, 2"
              " from station_outbox");
    marks = marks_of(world);
    assert_false(is_marked(marks, "refused", CUSTOMER, 1));
    satchel_free(marks);
}

static void conflicts_are_marked_until_settled(void **state) {
    struct world *world = *state;
    add_customer(world);
    world_sql(
        world,
        "insert into conflict (id, table_number, row_key, column_number, winner_value,"
        " winner_user_id, winner_device_id, winner_at, loser_value, loser_user_id,"
        " loser_device_id, loser_at, reason, transaction_id) values (x'01', 10,"
        " x'0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c', 2, x'', x'00', x'00', 1, x'', x'00', x'00',"
        " 1, 'later', x'00')");
    char *marks = marks_of(world);
    assert_true(is_marked(marks, "conflict", CUSTOMER, 1));
    satchel_free(marks);
    world_sql(world, "update conflict set settlement = 'kept', settled_at = 1");
    marks = marks_of(world);
    assert_false(is_marked(marks, "conflict", CUSTOMER, 1));
    satchel_free(marks);
}

static void attention_is_marked(void **state) {
    struct world *world = *state;
    add_customer(world);
    char tag[120];
    snprintf(tag, sizeof tag, "{\"customer\":\"%s\"}", CUSTOMER);
    world_do(world, "customer.tag", tag);
    world_sql(world, "update station_outbox set attention_code = 'row.missing'");
    char *marks = marks_of(world);
    assert_true(is_marked(marks, "attention", CUSTOMER, 1));
    satchel_free(marks);
}

static void many_marks_are_cut(void **state) {
    struct world *world = *state;
    struct buffer batch = buffer_make(1U << 20);
    for (int i = 0; i < 500; i++)
        buffer_printf(&batch, "%s{\"name\":\"n%d\",\"ok\":true}", i ? "," : "[", i);
    buffer_printf(&batch, "]");
    for (int i = 0; i < 5; i++) {
        satchel_error error = {0};
        world_ok(satchel_do_all(world->session, "customer.two", buffer_text(&batch), NULL,
                                NULL, &error),
                 &error);
    }
    char *marks = marks_of(world);
    assert_non_null(strstr(marks, "\"more\":false"));
    satchel_free(marks);
    world_do(world, "customer.two", "{\"name\":\"one too many\",\"ok\":true}");
    marks = marks_of(world);
    assert_non_null(strstr(marks, "\"more\":true"));
    satchel_free(marks);
    buffer_free(&batch);
}

/* --- people -------------------------------------------------------------------------------------- */

static void the_session_tells_who_it_is(void **state) {
    struct world *world = *state;
    satchel_error error = {0};
    char *json = NULL;
    bool has = true;
    world_ok(satchel_session_user(world->session, &json, &error), &error);
    assert_string_equal(json, "{\"id\":\"a1a1a1a1-a1a1-a1a1-a1a1-a1a1a1a1a1a1\","
                              "\"name\":\"Anna\",\"code\":\"AN\",\"roles\":[\"rep\"],"
                              "\"secret\":false}");
    satchel_free(json);
    world_ok(satchel_has_secret(world->station, "Dustin", &has, &error), &error);
    assert_false(has);
    world_ok(satchel_set_secret_for(world->station, "DU", "wxyz", &error), &error);
    world_ok(satchel_has_secret(world->station, "Dustin", &has, &error), &error);
    assert_true(has);
    world_ok(satchel_people(world->station, &json, &error), &error);
    assert_string_equal(json, "[{\"id\":\"a1a1a1a1-a1a1-a1a1-a1a1-a1a1a1a1a1a1\","
                              "\"name\":\"Anna\",\"secret\":false},"
                              "{\"id\":\"d1d1d1d1-d1d1-d1d1-d1d1-d1d1d1d1d1d1\","
                              "\"name\":\"Dustin\",\"secret\":true}]");
    satchel_free(json);
    assert_int_not_equal(satchel_set_secret_for(world->station, "DU", "abc", &error), 0);
    assert_string_equal(error.code, "secret.short");
    assert_int_not_equal(satchel_set_secret_for(world->station, "Eve", "abcd", &error),
                         0);
    assert_string_equal(error.code, "sign_in.unknown");
    assert_int_not_equal(satchel_has_secret(world->station, "Eve", &has, &error), 0);
    assert_string_equal(error.code, "sign_in.unknown");
    world_sql(world, "update app_user set active = 0, role = null where name = 'Dustin'");
    world_ok(satchel_people(world->station, &json, &error), &error);
    assert_null(strstr(json, "Dustin"));
    satchel_free(json);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(pending_work_is_marked),
        TEST(refused_work_is_marked_until_settled),
        TEST(conflicts_are_marked_until_settled),
        TEST(attention_is_marked),
        TEST(many_marks_are_cut),
        TEST(the_session_tells_who_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
