/*
 * Commands: what is recorded, what is refused, and that a refusal leaves nothing.
 */
#include "tests/unit/client-core/world.h"

#define C1 "c1c1c1c1-c1c1-c1c1-c1c1-c1c1c1c1c1c1"
#define C2 "c2c2c2c2-c2c2-c2c2-c2c2-c2c2c2c2c2c2"
static const char add_c1[] = "{\"id\": \"" C1 "\", \"name\": \"Acme\"}";
static const char on_c1[] = "{\"customer\": \"" C1 "\"}";

static void an_insert_is_recorded(void **state) {
    struct world *world = *state;
    satchel_error error = {0};
    char *result = NULL;
    world_ok(satchel_do(world->session, "customer.add", add_c1, &result, &error), &error);
    assert_string_equal(result, "{\"id\":\"" C1 "\",\"name\":\"Acme\",\"visits\":0}");
    satchel_free(result);
    /* note is null where the DDL has a default: it travels; grade is null: it does not */
    assert_string_equal(world_last_changes(world),
                        "insert 10: 2=Acme 3=0 4=0 5=CNY 6=null 8=id");
    assert_int_equal(world_integer(world, "select count(*) from station_outbox"), 1);
    assert_int_equal(world_integer(world, "select base from station_outbox"), 2);
    assert_int_equal(world_integer(world, "select count(*) from station_image"), 0);
    assert_int_equal(world_integer(world, "select created_at from customer"),
                     WORLD_NOW_MS);
    assert_int_equal(
        world_integer(world, "select updated_by = x'a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1'"
                             " from customer"),
        1);
    assert_int_equal(world_integer(world, "select gsn from customer"), 0);
}

static void an_update_carries_cells(void **state) {
    struct world *world = *state;
    world_do(world, "customer.add", add_c1);
    world_do(world, "customer.price", "{\"customer\": \"" C1 "\", \"price\": \"12.50\"}");
    assert_string_equal(world_last_changes(world),
                        "update 10: 4=1250 5=CNY"); /* the group */
    world_do(world, "customer.visit", "{\"customer\": \"" C1 "\", \"times\": 3}");
    world_do(world, "customer.visit", "{\"customer\": \"" C1 "\", \"times\": -1}");
    assert_string_equal(world_last_changes(world),
                        "update 10: 3=-1"); /* the difference */
    assert_int_equal(world_integer(world, "select visits from customer"), 2);
}

static void composite_keys_are_recorded(void **state) {
    struct world *world = *state;
    world_do(world, "customer.add", add_c1);
    world_do(world, "customer.tag", on_c1);
    assert_string_equal(world_last_changes(world), "insert 11: 3=1");
    world_do(world, "customer.tag", on_c1);
    assert_string_equal(world_last_changes(world), "update 11: 3=2");
}

static void a_known_row_keeps_its_image(void **state) {
    struct world *world = *state;
    world_do(world, "customer.add", add_c1);
    world_sql(world, "update customer set gsn = 5, updated_at = 7");
    world_do(world, "customer.rename", "{\"customer\": \"" C1 "\", \"name\": \"B\"}");
    world_do(world, "customer.rename", "{\"customer\": \"" C1 "\", \"name\": \"C\"}");
    assert_int_equal(world_integer(world, "select count(*) from station_image"), 1);
    /* the image holds the first name and not the later ones */
    assert_int_equal(
        world_integer(world, "select instr(image, x'41636d65') > 0 from station_image"),
        1);
    assert_int_equal(world_integer(world, "select gsn from customer"), 5);
    assert_true(world_integer(world, "select updated_at from customer") > 7);
}

static void nothing_is_left_of_a_refusal(void **state) {
    struct world *world = *state;
    world_refuses(world, "customer.two", "{\"name\": \"x\", \"ok\": false}",
                  "customer.refused");
    assert_int_equal(world_integer(world, "select count(*) from customer"), 0);
    assert_int_equal(world_integer(world, "select count(*) from station_outbox"), 0);
    assert_true(sqlite3_get_autocommit(world->station->writer->db));
    world_do(world, "customer.two", "{\"name\": \"x\", \"ok\": true}");
    assert_int_equal(world_integer(world, "select count(*) from customer"), 2);
    assert_int_equal(world_integer(world, "select count(*) from station_outbox"), 1);
}

static void refusals_have_codes(void **state) {
    struct world *world = *state;
    world_do(world, "customer.add", add_c1);
    world_refuses(world, "customer.ad", NULL, "command.unknown");
    world_refuses(world, "customer.add", "{\"name\": \"a\", \"nam\": 1}",
                  "parameter.unknown");
    world_refuses(world, "customer.add", "{}", "parameter.missing");
    world_refuses(world, "customer.add", "{\"name\": 1.5}", "parameter.invalid");
    world_refuses(world, "customer.add", "[]", "json.invalid");
    world_refuses(world, "customer.add", "{", "json.invalid");
    world_refuses(world, "customer.add", "{\"name\": \"666\"}", "customer.no_devil");
    world_refuses(world, "customer.same", on_c1, "command.no_effect");
    world_refuses(world, "customer.rename", "{\"customer\": \"" C2 "\", \"name\": \"x\"}",
                  "parameter.not_found");
    world_refuses(world, "customer.grade", "{\"customer\": \"" C1 "\", \"grade\": \"A\"}",
                  "role.write");
    world_refuses(world, "bad.delete", on_c1, "catalogue.invalid");
    world_refuses(world, "bad.stamp", on_c1, "catalogue.invalid");
    world_refuses(world, "bad.engine", on_c1, "catalogue.invalid");
}

static void a_constraint_is_told(void **state) {
    struct world *world = *state;
    world_do(world, "customer.add", add_c1);
    for (int i = 0; i < 3; i++)
        world_do(world, "customer.visit", "{\"customer\": \"" C1 "\", \"times\": 30}");
    satchel_error error = {0};
    assert_int_not_equal(satchel_do(world->session, "customer.visit",
                                    "{\"customer\": \"" C1 "\", \"times\": 30}", NULL,
                                    &error),
                         0);
    assert_string_equal(error.code, "value.invalid");
    assert_string_equal(error.field, "visits");
    assert_non_null(strstr(error.message, "visits does not accept this value ("));
    assert_int_not_equal(satchel_do(world->session, "customer.add", add_c1, NULL, &error),
                         0);
    assert_string_equal(error.code, "row.exists");
    assert_string_equal(error.field, "id");
    assert_string_equal(error.message, "There is a customer with this id already.");
    assert_int_equal(world_integer(world, "select visits from customer"), 90);
}

static void a_noop_leaves_no_entry(void **state) {
    struct world *world = *state;
    world_do(world, "customer.add", add_c1);
    world_do(world, "customer.touch", on_c1);
    assert_int_equal(world_integer(world, "select count(*) from station_outbox"), 1);
}

static void near_names_are_suggested(void **state) {
    struct world *world = *state;
    satchel_error error = {0};
    assert_int_not_equal(satchel_do(world->session, "customer.renam", NULL, NULL, &error),
                         0);
    assert_non_null(strstr(error.message, "customer.rename"));
}

static void roles_are_checked_first(void **state) {
    struct world *world = *state;
    satchel_error error = {0};
    satchel_session *dustin;
    world_ok(satchel_sign_in(world->station, "dustin", NULL, &dustin, &error), &error);
    assert_int_not_equal(satchel_do(dustin, "customer.add", "{}", NULL, &error), 0);
    assert_string_equal(error.code, "role.missing");
    assert_non_null(strstr(error.message, "rep"));
    assert_non_null(strstr(error.message, "manager"));
    world_do(world, "customer.add", add_c1);
    world_ok(satchel_do(dustin, "customer.grade",
                        "{\"customer\": \"" C1 "\", \"grade\": \"A\"}", NULL, &error),
             &error);
    assert_int_equal(
        world_integer(world, "select user_id = x'd1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1' from"
                             " station_outbox order by position desc"),
        1);
}

static void a_ceiling_caps_roles(void **state) {
    struct world *world = *state;
    world_sql(world, "update app_user set role = 'hq' where name = 'Anna'");
    world_refuses(world, "customer.add", add_c1, "role.missing");
}

static void a_batch_is_one_transaction(void **state) {
    struct world *world = *state;
    satchel_error error = {0};
    size_t failed = 99;
    char *result = NULL;
    world_ok(satchel_do_all(world->session, "customer.add",
                            "[{\"name\": \"a\"}, {\"name\": \"b\"}]", &result, &failed,
                            &error),
             &error);
    assert_int_equal(result[0], '[');
    satchel_free(result);
    assert_int_equal(failed, 99);
    assert_int_equal(world_integer(world, "select count(*) from station_outbox"), 1);
    assert_int_not_equal(
        satchel_do_all(world->session, "customer.add",
                       "[{\"name\": \"c\"}, {\"name\": \"\"}, {\"name\": \"d\"}]", NULL,
                       &failed, &error),
        0);
    assert_int_equal(failed, 1);
    assert_int_equal(world_integer(world, "select count(*) from customer"), 2);
}

static void ids_are_unique_and_times_grow(void **state) {
    struct world *world = *state;
    for (int i = 0; i < 20; i++) {
        world->clock.wall_ms -= 1000; /* somebody sets the clock back */
        world_do(world, "customer.add", "{\"name\": \"x\"}");
    }
    assert_int_equal(
        world_integer(world, "select count(distinct id) from station_outbox"), 20);
    assert_int_equal(
        world_integer(world, "select count(*) from station_outbox a join station_outbox b"
                             " on b.position = a.position + 1 and b.time <= a.time"),
        0);
    char before[64];
    snprintf(
        before, sizeof before, "%s",
        world_text(world, "select hex(id) from station_outbox order by position desc"));
    world_close(world);
    world_open(world);
    world_do(world, "customer.add", "{\"name\": \"x\"}");
    const char *after = world_text(world, "select hex(id) from station_outbox"
                                          " order by position desc");
    assert_true(strncmp(before, after, 16) != 0); /* another prefix */
}

static void queries_give_json(void **state) {
    struct world *world = *state;
    satchel_error error = {0};
    char *result = NULL;
    world_ok(satchel_ask(world->session, "customer.list", NULL, &result, &error), &error);
    assert_string_equal(result, "[]");
    satchel_free(result);
    world_do(world, "customer.add", add_c1);
    world_ok(satchel_ask(world->session, "customer.list", "{\"like\": \"A%\"}", &result,
                         &error),
             &error);
    assert_string_equal(result, "[{\"id\":\"" C1 "\",\"name\":\"Acme\",\"visits\":0,"
                                "\"price_minor\":0,\"currency\":\"CNY\",\"note\":null,"
                                "\"grade\":null,\"gsn\":0}]");
    satchel_free(result);
    world_ok(satchel_ask(world->session, "value.kinds", NULL, &result, &error), &error);
    assert_string_equal(result, "[{\"big\":9007199254740993,\"real\":1.5,\"empty\":null,"
                                "\"blob\":\"0102\",\"text\":\"a\\\"b\\\\c\\n\\u0001\","
                                "\"endless\":null}]");
    satchel_free(result);
    assert_int_not_equal(
        satchel_ask(world->session, "customer.secret", NULL, &result, &error), 0);
    assert_string_equal(error.code, "role.missing");
    assert_int_not_equal(
        satchel_ask(world->session, "customer.lost", NULL, &result, &error), 0);
    assert_string_equal(error.code, "query.unknown");
    assert_int_not_equal(
        satchel_ask(world->session, "customer.list", "{\"lik\": 1}", &result, &error), 0);
    assert_string_equal(error.code, "parameter.unknown");
}

static void deep_json_is_refused(void **state) {
    struct world *world = *state;
    char text[100];
    memset(text, '[', sizeof text);
    text[99] = '\0';
    world_refuses(world, "customer.add", text, "json.invalid");
    world_refuses(world, "customer.add", "{\"name\": \"a\", \"name\": \"b\"}",
                  "json.invalid");
    world_refuses(world, "customer.add", "{\"name\": \"a\\u0000b\"}",
                  "parameter.invalid");
    world_refuses(world, "customer.add", "{\"name\": 99999999999999999999}",
                  "json.invalid");
}

static void the_station_tells_about_itself(void **state) {
    struct world *world = *state;
    satchel_error error = {0};
    char *json = NULL;
    world_do(world, "customer.add", add_c1);
    world_ok(satchel_status(world->station, &json, &error), &error);
    assert_non_null(strstr(json, "\"waiting\":1"));
    assert_non_null(strstr(json, "\"name\":\"Anna\""));
    assert_non_null(strstr(json, "\"device_code\":\"7K\""));
    satchel_free(json);
    world_ok(satchel_describe(world->station, &json, &error), &error);
    assert_non_null(strstr(json, "\"customer.rename\""));
    satchel_free(json);
    world_ok(satchel_story(world->session, 10, &json, &error), &error);
    assert_non_null(strstr(json, "\"label\":\"Acme\""));
    assert_non_null(strstr(json, "\"state\":\"waiting\""));
    satchel_free(json);
    world_ok(satchel_inbox(world->session, &json, &error), &error);
    assert_string_equal(
        json, "{\"notices\":[],\"conflicts\":[],\"refusals\":[],\"attention\":[]}");
    satchel_free(json);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(an_insert_is_recorded),         TEST(an_update_carries_cells),
        TEST(composite_keys_are_recorded),   TEST(a_known_row_keeps_its_image),
        TEST(nothing_is_left_of_a_refusal),  TEST(refusals_have_codes),
        TEST(a_constraint_is_told),          TEST(a_noop_leaves_no_entry),
        TEST(near_names_are_suggested),      TEST(roles_are_checked_first),
        TEST(a_ceiling_caps_roles),          TEST(a_batch_is_one_transaction),
        TEST(ids_are_unique_and_times_grow), TEST(queries_give_json),
        TEST(deep_json_is_refused),          TEST(the_station_tells_about_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
