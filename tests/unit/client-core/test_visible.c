/*
 * A station that several people share: everybody sees, finds and changes what is his.
 */
#include "client-core/visible.h"
#include "tests/unit/client-core/world.h"

#define ANNA "x'a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1'"
#define DUSTIN "x'd1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1'"
#define HERS "x'0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a'"
#define HIS "x'0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d'"
#define HERS_TEXT "0a0a0a0a-0a0a-0a0a-0a0a-0a0a0a0a0a0a"
#define HIS_TEXT "0d0d0d0d-0d0d-0d0d-0d0d-0d0d0d0d0d0d"

/* Anna and Dustin see their own customers only. */
static int confined_setup(void **state) {
    if (world_setup(state) != 0)
        return -1;
    struct world *world = *state;
    world_sql(world, "update app_user set confined = 1");
    world_sql(world, "insert into customer (id, name, owner_id, gsn) values"
                     " (" HERS ", 'a', " ANNA ", 2), (" HIS ", 'b', " DUSTIN ", 2)");
    world_sql(world, "insert into customer_tag (customer_id, user_id, gsn) values"
                     " (" HIS ", " ANNA ", 2)");
    return 0;
}

static const char *ask(struct world *world, satchel_session *session, const char *query,
                       const char *json) {
    static char room[4096];
    satchel_error error = {0};
    char *result = NULL;
    world_ok(satchel_ask(session, query, json, &result, &error), &error);
    snprintf(room, sizeof room, "%s", result);
    satchel_free(result);
    (void)world;
    return room;
}

static satchel_session *sign_in(struct world *world, const char *user) {
    satchel_error error = {0};
    satchel_session *session = NULL;
    world_ok(satchel_sign_in(world->station, user, NULL, &session, &error), &error);
    return session;
}

static void everybody_sees_his_own(void **state) {
    struct world *world = *state;
    satchel_session *dustin = sign_in(world, "DU");
    for (int i = 0; i < 3; i++) { /* in turns: nothing stays of the other one */
        const char *list = ask(world, world->session, "customer.list", NULL);
        assert_non_null(strstr(list, HERS_TEXT));
        assert_null(strstr(list, HIS_TEXT));
        list = ask(world, dustin, "customer.list", NULL);
        assert_null(strstr(list, HERS_TEXT));
        assert_non_null(strstr(list, HIS_TEXT));
    }
    world_sql(world, "update customer set owner_id = " ANNA);
    assert_non_null(strstr(ask(world, world->session, "customer.list", NULL), HIS_TEXT));
    assert_string_equal(ask(world, dustin, "customer.list", NULL), "[]");
    world_sql(world, "update app_user set confined = 0 where code = 'DU'");
    assert_non_null(strstr(ask(world, dustin, "customer.list", NULL), HIS_TEXT));
    world_sql(world, "update app_user set confined = 1 where code = 'DU'");
    assert_string_equal(ask(world, dustin, "customer.list", NULL), "[]");
}

static void what_one_does_not_see_is_not_there(void **state) {
    struct world *world = *state;
    world_refuses(world, "customer.rename",
                  "{\"customer\":\"" HIS_TEXT "\",\"name\":\"x\"}",
                  "parameter.not_found");
    /* The message is the one for an id that nobody has. */
    satchel_error his = {0};
    satchel_error nobody = {0};
    satchel_do(world->session, "customer.visit", "{\"customer\":\"" HIS_TEXT "\"}", NULL,
               &his);
    satchel_do(world->session, "customer.visit",
               "{\"customer\":\"0e0e0e0e-0e0e-0e0e-0e0e-0e0e0e0e0e0e\"}", NULL, &nobody);
    assert_string_equal(his.code, nobody.code);
    assert_string_equal(his.message, nobody.message);
    world_do(world, "customer.rename", "{\"customer\":\"" HERS_TEXT "\",\"name\":\"x\"}");
}

static void marks_do_not_tell_of_it(void **state) {
    struct world *world = *state;
    satchel_session *dustin = sign_in(world, "DU");
    satchel_error error = {0};
    char *marks = NULL;
    world_do(world, "customer.rename", "{\"customer\":\"" HERS_TEXT "\",\"name\":\"x\"}");
    world_ok(satchel_marks(world->session, &marks, &error), &error);
    assert_non_null(strstr(marks, HERS_TEXT));
    satchel_free(marks);
    world_ok(satchel_marks(dustin, &marks, &error), &error);
    assert_null(strstr(marks, HERS_TEXT));
    satchel_free(marks);
}

static void statements_reach_visible_rows_only(void **state) {
    struct world *world = *state;
    world_do(world, "customer.rename_all", "{\"name\":\"z\"}");
    assert_int_equal(
        world_integer(world, "select count(*) from customer where name = 'z'"), 1);
    assert_string_equal(world_text(world, "select name from customer where id = " HIS),
                        "b");
    world_refuses(world, "customer.rename_all", "{\"name\":\"y\"}", "command.no_effect");
    world_refuses(world, "bad.schema", NULL, "catalogue.invalid");
}

static void nobody_points_at_what_he_does_not_see(void **state) {
    struct world *world = *state;
    /* The parameter is a text of 16 letters; as a blob it is the id of a customer. */
    world_sql(world, "insert into customer (id, name, owner_id, gsn) values"
                     " (cast('his-customer-001' as blob), 'c', " DUSTIN ", 2),"
                     " (cast('her-customer-001' as blob), 'd', " ANNA ", 2)");
    world_refuses(world, "customer.tag_any", "{\"customers\":[\"his-customer-001\"]}",
                  "scope.parent");
    world_refuses(world, "customer.tag_any",
                  "{\"customers\":[\"her-customer-001\",\"his-customer-001\"]}",
                  "scope.parent");
    assert_int_equal(world_integer(world, "select count(*) from customer_tag"), 1);
    world_do(world, "customer.tag_any", "{\"customers\":[\"her-customer-001\"]}");
    world_do(world, "customer.tag_any", "{\"customers\":[\"her-customer-001\"]}");
    assert_int_equal(world_integer(world,
                                   "select weight from customer_tag where"
                                   " customer_id = cast('her-customer-001' as blob)"),
                     2);
    /* What is nowhere here is headquarters' to judge. */
    world_do(world, "customer.tag_any", "{\"customers\":[\"no-one's-customr\"]}");
}

static void nobody_writes_back_into_what_he_does_not_see(void **state) {
    struct world *world = *state;
    struct visible *visible = world->station->covered_writer->visible;
    struct replica *writer = world->station->covered_writer;
    struct error error = {0};
    bool all = true;
    assert_int_equal(replica_begin(writer, &error), 0);
    assert_int_equal(visible_for(visible, &world->people[0], &all, &error), 0);
    assert_false(all);
    assert_int_not_equal(
        sqlite3_exec(writer->db, "update main.customer set name = 'x' where id = " HIS,
                     NULL, NULL, NULL),
        SQLITE_OK);
    assert_string_equal(writer->functions.refusal.code, "scope.row");
    error_clear(&writer->functions.refusal);
    assert_int_equal(sqlite3_exec(writer->db,
                                  "update main.customer set name = 'x' where id = " HERS,
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    replica_rollback(writer);
}

static void what_leaves_is_still_told(void **state) {
    struct world *world = *state;
    satchel_error error = {0};
    char *result = NULL;
    world_sql(world, "update app_user set role = 'rep'");
    world_ok(satchel_do(world->session, "customer.hand_over",
                        "{\"customer\":\"" HERS_TEXT "\",\"to\":\"DU\"}", &result,
                        &error),
             &error);
    assert_string_equal(result, "{\"id\":\"" HERS_TEXT "\",\"name\":\"a\"}");
    satchel_free(result);
    assert_string_equal(ask(world, world->session, "customer.list", NULL), "[]");
    world_refuses(world, "customer.visit", "{\"customer\":\"" HERS_TEXT "\"}",
                  "parameter.not_found");
}

static void queries_do_not_go_past_the_covers(void **state) {
    struct world *world = *state;
    struct replica *reader = asker_reader(world->station->covered_asker);
    sqlite3_stmt *statement = NULL;
    static const char *const denied[] = {
        "select name from main.customer",
        "select count(*) from main.customer",
        "select 1 from customer where exists (select 1 from main.customer_tag)",
        "with x as (select id from main.customer) select * from x",
        "select id from (select id from main.customer)",
        "select value from station_setting",
        "select secret from station_credential",
        "select changes from main.station_outbox",
        "select sql from sqlite_schema",
        "pragma table_info(customer)",
    };
    static const char *const allowed[] = {
        "select name from customer", "select count(*) from customer_tag",
        "select * from engine_role", "select name from main.app_user",
        "select value from json_each('[1]')"};
    visible_guard(reader->visible, true);
    for (size_t i = 0; i < sizeof denied / sizeof *denied; i++) {
        if (sqlite3_prepare_v2(reader->db, denied[i], -1, &statement, NULL) == SQLITE_OK)
            fail_msg("%s", denied[i]);
    }
    for (size_t i = 0; i < sizeof allowed / sizeof *allowed; i++) {
        if (sqlite3_prepare_v2(reader->db, allowed[i], -1, &statement, NULL) != SQLITE_OK)
            fail_msg("%s: %s", allowed[i], sqlite3_errmsg(reader->db));
        sqlite3_finalize(statement);
    }
    visible_guard(reader->visible, false);
}

static void statements_are_turned(void **state) {
    struct world *world = *state;
    static const struct {
        const char *from;
        const char *to;
    } cases[] = {
        {"select 1 from customer where id = :x", "select 1 from customer where id = :x"},
        {"insert into app_user (id) values (:x)",
         "insert into app_user (id) values (:x)"},
        {"insert into customer (id) select id from customer where 1 on conflict do nothing",
         "insert into main.customer (id) select id from customer where 1 on conflict do "
         "nothing"},
        {"with w as (select 1 where 2) update customer set name = (select 1 where 3)"
         " where id = 4 or id = (select 5 where 6) -- end",
         "with w as (select 1 where 2) update main.customer set name = (select 1 where 3)"
         " where exists (select 1 from \"customer\" as seen_row where seen_row.\"id\" ="
         " customer.\"id\") and ( id = 4 or id = (select 5 where 6)\n) -- end"},
        {"update or ignore customer_tag as t set weight = 1 from customer c where c.id ="
         " t.customer_id returning weight",
         "update or ignore main.customer_tag as t set weight = 1 from customer c where"
         " exists (select 1 from \"customer_tag\" as seen_row where"
         " seen_row.\"customer_id\" = t.\"customer_id\" and seen_row.\"user_id\" ="
         " t.\"user_id\") and ( c.id = t.customer_id \n)returning weight"},
        {"delete from customer where id = 1", "delete from main.customer where id = 1"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buffer sql = buffer_make(LIMIT_TEXT);
        const struct table *target = NULL;
        assert_int_equal(visible_put_statement(world->station->catalogue, cases[i].from,
                                               &sql, &target, NULL),
                         0);
        assert_string_equal(buffer_text(&sql), cases[i].to);
        buffer_free(&sql);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, confined_setup, world_teardown)

#define CALL "x'0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c'"
#define CALL_TEXT "0c0c0c0c-0c0c-0c0c-0c0c-0c0c0c0c0c0c"

/* With her part in the call she lets go of the sight of it. */
static void who_leaves_may_lose_sight_of_what_he_left(void **state) {
    struct world *world = *state;
    world_sql(world, "insert into call (id, owner_id, gsn) values (" CALL ", " DUSTIN
                     ", 2); insert into call_guest (call_id, user_id, gsn) values"
                     " (" CALL ", " ANNA ", 2)");
    world_do(world, "call.leave", "{\"call\":\"" CALL_TEXT "\"}");
    world_refuses(world, "call.leave", "{\"call\":\"" CALL_TEXT "\"}",
                  "parameter.not_found");
}

/* She lost a value in a row that is not hers any more. */
static void nothing_is_put_back_where_one_does_not_see(void **state) {
    struct world *world = *state;
    world_sql(world,
              "insert into conflict (id, table_number, row_key, column_number,"
              " winner_value, winner_user_id, winner_device_id, winner_at,"
              " loser_value, loser_user_id, loser_device_id, loser_at, reason,"
              " transaction_id, gsn) values (" CALL ", 10, " HIS ", 6, x'91a162',"
              " " DUSTIN ", x'', 1, x'91a161', " ANNA ", x'', 1, 'later', x'', 2)");
    world_refuses(world, "conflict.restore", "{\"conflict\":\"" CALL_TEXT "\"}",
                  "scope.row");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(everybody_sees_his_own),
        TEST(what_one_does_not_see_is_not_there),
        TEST(marks_do_not_tell_of_it),
        TEST(statements_reach_visible_rows_only),
        TEST(nobody_points_at_what_he_does_not_see),
        TEST(nobody_writes_back_into_what_he_does_not_see),
        TEST(who_leaves_may_lose_sight_of_what_he_left),
        TEST(nothing_is_put_back_where_one_does_not_see),
        TEST(what_leaves_is_still_told),
        TEST(queries_do_not_go_past_the_covers),
        TEST(statements_are_turned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
