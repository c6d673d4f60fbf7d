/*
 * Rules: the tables they read, which of them run, what they say.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "schema/rules.h"
#include "tests/support/fixture.h"

enum { ROWS = 4 };

struct world {
    struct catalogue *catalogue;
    struct function_context context;
    sqlite3 *db;
    struct rule_runner *runner;
    uint8_t keys[ROWS][32];
    struct touched_row touched[ROWS];
    struct changed_cell changed[ROWS + 2];
    struct rule_input input;
};

static struct bytes key_of(struct world *world, int row, size_t size) {
    memset(world->keys[row], row + 1, size);
    return (struct bytes){world->keys[row], size};
}

/* Two deals (one inserted, one updated), a member, a step; given out of order on purpose. */
static void fill(struct world *world) {
    const struct table *deal = catalogue_table(world->catalogue, "deal");
    const struct table *member = catalogue_table(world->catalogue, "deal_member");
    const struct table *step = catalogue_table(world->catalogue, "deal_step");
    struct bytes a = key_of(world, 0, 16);
    struct bytes b = key_of(world, 1, 16);
    struct bytes c = key_of(world, 2, 32);
    struct bytes d = key_of(world, 3, 16);
    world->touched[0] = (struct touched_row){deal, b, ROW_UPDATE};
    world->touched[1] = (struct touched_row){member, c, ROW_DELETE};
    world->touched[2] = (struct touched_row){deal, a, ROW_INSERT};
    world->touched[3] = (struct touched_row){step, d, ROW_INSERT};
    world->changed[0] = (struct changed_cell){deal, b, table_column(deal, "name"),
                                              value_text("old"), value_text("new")};
    world->changed[1] = (struct changed_cell){deal, a, table_column(deal, "name"),
                                              value_null(), value_text("first")};
    world->changed[2] = (struct changed_cell){deal, a, table_column(deal, "visits"),
                                              value_null(), value_integer(5)};
    world->changed[3] = (struct changed_cell){step, d, table_column(step, "deal_id"),
                                              value_null(), value_blob(a)};
    world->input = (struct rule_input){world->touched, ROWS, world->changed, 4};
}

static void load(struct world *world, const char *rules) {
    const struct embedded_file files[] = {
        {"rules/test.sql", rules, strlen(rules)},
        {"tables/sales.sql", fixture_tables, strlen(fixture_tables)},
    };
    struct error error = {0};
    memset(world, 0, sizeof *world);
    world->catalogue = fixture_load(files, 2);
    world->db = fixture_database(world->catalogue, &world->context);
    if (rules_open(world->db, world->catalogue, &world->runner, &error) != 0)
        fail_msg("%s: %s", error.code, error.message);
    fill(world);
}

static void unload(struct world *world) {
    rules_close(world->runner);
    sqlite3_close(world->db);
    catalogue_free(world->catalogue);
}

/* Runs one SELECT as a rule whose violation is the message that it returns. */
static const char *answer(const char *select, char room[512]) {
    struct world world;
    struct error error = {0};
    char rule[1024];
    snprintf(rule, sizeof rule,
             "-- @rule test.answer  None.\n"
             "select group_concat(x, ' ') as message, 'f' as field from (%s);",
             select);
    load(&world, rule);
    assert_int_equal(rules_run(world.runner, &world.input, 1, NULL, &error), -1);
    assert_string_equal(error.code, "test.answer");
    assert_string_equal(error.field, "f");
    snprintf(room, 512, "%s", error.message);
    unload(&world);
    return room;
}

/* --- the tables --------------------------------------------------------------------------- */

static void touched_lists_rows_in_order(void **state) {
    char room[512];
    assert_string_equal(
        answer("select table_name || ':' || hex(substr(row_key, 1, 1)) || ':' || op as x "
               "from touched",
               room),
        "deal_step:04:insert deal_member:03:delete deal:01:insert deal:02:update");
}

static void changed_has_values_by_type(void **state) {
    char room[512];
    assert_string_equal(
        answer("select column_name || '=' || coalesce(old_text, '-') || '/' ||"
               " coalesce(new_text, new_int, hex(substr(new_blob, 1, 2)), '-') ||"
               " (old_int is null and old_blob is null) as x from changed",
               room),
        "deal_id=-/01011 name=-/first1 visits=-/51 name=old/new1");
}

static void lookups_find_what_a_scan_finds(void **state) {
    static const char *const conditions[] = {
        "table_name = 'deal'",
        "table_name = 'nothing'",
        "table_name = 1",
        "table_name is null",
        "table_name = null",
        "row_key = zeroblob(16)",
        "hex(row_key) like '0101%'",
        "row_key = (select row_key from touched where op = 'update')",
        "table_name = 'deal' and row_key = (select min(row_key) from touched)",
        "table_name = 'deal_step' and row_key = (select min(row_key) from touched)",
        "row_key = 'text'",
        "row_key = zeroblob(200)",
        "column_name = 'name'",
        "column_name = 'Name'",
        "column_name = zeroblob(2)",
        "table_name = 'deal' and column_name = 'name'",
        "table_name = 'deal' and column_name in ('name', 'visits')",
        "table_name in ('deal', 'deal_step') and column_name <> 'visits'",
        "column_name = 'visits' and table_name = 'deal' and row_key = (select x'01' || x'')",
        "column_name = 'visits' and row_key = (select min(row_key) from touched)"};
    char by_plan[512];
    char by_scan[512];
    char select[600];
    for (size_t i = 0; i < sizeof conditions / sizeof *conditions; i++) {
        snprintf(select, sizeof select,
                 "select table_name || hex(substr(row_key, 1, 1)) || column_name as x "
                 "from changed where %s union all select 'end' order by 1",
                 conditions[i]);
        answer(select, by_plan);
        snprintf(
            select, sizeof select,
            "select table_name || hex(substr(row_key, 1, 1)) || column_name as x from"
            " (select +table_name as table_name, +row_key as row_key,"
            "  +column_name as column_name from changed) where %s union all select 'end' order by 1",
            conditions[i]);
        assert_string_equal(by_plan, answer(select, by_scan));
    }
}

static void tables_are_joined(void **state) {
    char room[512];
    assert_string_equal(
        answer("select t.op || c.column_name as x from touched t join changed c"
               " on c.table_name = t.table_name and c.row_key = t.row_key"
               " order by 1",
               room),
        "insertdeal_id insertname insertvisits updatename");
}

static void many_rows_are_found_quickly(void **state) {
    enum { MANY = 5000 };
    static uint8_t keys[MANY][16];
    static struct touched_row touched[MANY];
    static struct changed_cell changed[MANY];
    struct world world;
    struct error error = {0};
    load(&world, "-- @rule test.count  T.\n"
                 "select count(*) as message from touched t join changed c"
                 " on c.table_name = t.table_name and c.row_key = t.row_key"
                 " where c.column_name = 'name';");
    const struct table *deal = catalogue_table(world.catalogue, "deal");
    for (int i = 0; i < MANY; i++) {
        int shuffled = i * 7919 % MANY;
        keys[i][0] = (uint8_t)(shuffled >> 8);
        keys[i][1] = (uint8_t)shuffled;
        struct bytes key = {keys[i], 16};
        touched[i] = (struct touched_row){deal, key, ROW_UPDATE};
        changed[i] = (struct changed_cell){deal, key, table_column(deal, "name"),
                                           value_null(), value_text("x")};
    }
    const struct rule_input input = {touched, MANY, changed, MANY};
    assert_int_equal(rules_run(world.runner, &input, 1, NULL, &error), -1);
    assert_string_equal(error.message, "5000");
    unload(&world);
}

/* Cells of a row need not come together, nor in the order of their columns. */
static void scattered_cells_are_sorted(void **state) {
    struct world world;
    struct error error = {0};
    load(&world,
         "-- @rule test.order  T.\n"
         "select group_concat(hex(substr(row_key, 1, 1)) || column_name, ' ') as message"
         " from changed where table_name = 'deal';");
    struct changed_cell b_name = world.changed[0];
    struct changed_cell a_name = world.changed[1];
    struct changed_cell a_visits = world.changed[2];
    struct changed_cell cells[] = {a_visits, b_name, a_name};
    world.input.changed = cells;
    world.input.changed_count = 3;
    assert_int_equal(rules_run(world.runner, &world.input, 1, NULL, &error), -1);
    assert_string_equal(error.message, "01name 01visits 02name");
    unload(&world);
}

/* --- the runner --------------------------------------------------------------------------- */

static void a_rule_that_holds_says_nothing(void **state) {
    struct world world;
    struct error error = {0};
    struct error flag;
    load(&world,
         "-- @rule deal.sane  It is sane.\nselect 1 from touched where op = 'x';");
    assert_int_equal(rules_run(world.runner, &world.input, 1, &flag, &error), 0);
    assert_string_equal(flag.code, "");
    assert_string_equal(error.code, "");
    unload(&world);
}

static void a_broken_rule_gives_its_title(void **state) {
    struct world world;
    struct error error = {0};
    load(&world,
         "-- @rule deal.b  Second.\nselect 1;\n"
         "-- @rule deal.a  First.\nselect row_key, 'name' as field, null as message"
         " from changed where column_name = 'name';");
    assert_int_equal(rules_run(world.runner, &world.input, 1, NULL, &error), -1);
    assert_string_equal(error.code, "deal.a");
    assert_string_equal(error.field, "name");
    assert_string_equal(error.message, "First.");
    assert_int_equal(rules_run(world.runner, &world.input, 1, NULL, NULL), -1);
    unload(&world);
}

static void rules_run_for_their_tables(void **state) {
    struct world world;
    struct error error = {0};
    load(&world, "-- @rule deal.a  A. @tables customer person\nselect 1;\n"
                 "-- @rule deal.b  B. @tables customer deal_step\nselect 1;\n");
    assert_int_equal(rules_run(world.runner, &world.input, 1, NULL, &error), -1);
    assert_string_equal(error.code, "deal.b");
    world.input.touched_count = 3; /* without the step */
    assert_int_equal(rules_run(world.runner, &world.input, 1, NULL, &error), 0);
    world.input.touched_count = 0;
    assert_int_equal(rules_run(world.runner, &world.input, 1, NULL, &error), 0);
    unload(&world);
}

static void newer_rules_only_flag(void **state) {
    struct world world;
    struct error error = {0};
    struct error flag = {0};
    load(&world, "-- @rule deal.a  A. @since 1\nselect 'f' as field;\n"
                 "-- @rule deal.b  B. @since 1\nselect 1;\n");
    assert_int_equal(rules_run(world.runner, &world.input, 0, &flag, &error), 0);
    assert_string_equal(flag.code, "deal.a");
    assert_string_equal(flag.field, "f");
    assert_int_equal(rules_run(world.runner, &world.input, 0, NULL, &error), 0);
    assert_int_equal(rules_run(world.runner, &world.input, 1, &flag, &error), -1);
    unload(&world);
}

static void rules_see_the_tables_and_the_actor(void **state) {
    struct world world;
    struct error error = {0};
    load(&world, "-- @rule deal.a  A.\nselect 1 from touched t join customer c"
                 " where t.table_name = 'deal' and has_role('hq') = 0;\n");
    assert_int_equal(rules_run(world.runner, &world.input, 1, NULL, &error), 0);
    fixture_run(world.db, "insert into customer (id, name) values (zeroblob(16), 'x')");
    assert_int_equal(rules_run(world.runner, &world.input, 1, NULL, &error), -1);
    world.context.roles = 4;
    assert_int_equal(rules_run(world.runner, &world.input, 1, NULL, &error), 0);
    unload(&world);
}

static void a_failing_rule_is_a_database_error(void **state) {
    struct world world;
    struct error error = {0};
    load(&world, "-- @rule deal.a  A.\nselect abs(-9223372036854775807 - 1);");
    assert_int_equal(rules_run(world.runner, &world.input, 1, NULL, &error), -1);
    assert_memory_equal(error.code, "database.", 9);
    unload(&world);
}

static void nobody_writes_the_tables(void **state) {
    struct world world;
    load(&world, "-- @rule deal.a  A.\nselect 1;");
    assert_int_not_equal(sqlite3_exec(world.db, "delete from touched", NULL, NULL, NULL),
                         SQLITE_OK);
    fixture_run(world.db,
                "select * from touched, changed"); /* empty outside of rules_run */
    unload(&world);
}

static void bad_rules_do_not_open(void **state) {
    static const char *const bad[] = {"select nonsense from deal", "delete from deal",
                                      "select :a", "pragma user_version = 5"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char rule[200];
        struct rule_runner *runner = NULL;
        struct function_context context;
        struct error error = {0};
        snprintf(rule, sizeof rule, "-- @rule deal.a  A.\n%s;", bad[i]);
        const struct embedded_file files[] = {
            {"rules/test.sql", rule, strlen(rule)},
            {"tables/sales.sql", fixture_tables, strlen(fixture_tables)},
        };
        struct catalogue *catalogue = fixture_load(files, 2);
        sqlite3 *db = fixture_database(catalogue, &context);
        assert_int_equal(rules_open(db, catalogue, &runner, &error), -1);
        assert_string_equal(error.code, "catalogue.invalid");
        assert_null(runner);
        sqlite3_close(db);
        catalogue_free(catalogue);
    }
    rules_close(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(touched_lists_rows_in_order),
        cmocka_unit_test(changed_has_values_by_type),
        cmocka_unit_test(scattered_cells_are_sorted),
        cmocka_unit_test(lookups_find_what_a_scan_finds),
        cmocka_unit_test(tables_are_joined),
        cmocka_unit_test(many_rows_are_found_quickly),
        cmocka_unit_test(a_rule_that_holds_says_nothing),
        cmocka_unit_test(a_broken_rule_gives_its_title),
        cmocka_unit_test(rules_run_for_their_tables),
        cmocka_unit_test(newer_rules_only_flag),
        cmocka_unit_test(rules_see_the_tables_and_the_actor),
        cmocka_unit_test(a_failing_rule_is_a_database_error),
        cmocka_unit_test(nobody_writes_the_tables),
        cmocka_unit_test(bad_rules_do_not_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
