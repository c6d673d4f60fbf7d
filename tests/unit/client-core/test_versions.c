/*
 * A station whose program is newer than headquarters', and one that was updated.
 */
#include "tests/unit/client-core/world.h"

static const char SHOP[] = "{\"customer\":\"0c0c0c0c-0c0c-0c0c-0c0c-0c0c0c0c0c0c\"}";

static struct table *table_of(struct world *world, const char *name) {
    return (struct table *)(uintptr_t)catalogue_table(world->station->catalogue, name);
}

static struct column *column_of(struct world *world, const char *table,
                                const char *name) {
    return (struct column *)(uintptr_t)table_column(table_of(world, table), name);
}

static void announce(struct world *world, int version) {
    char sql[160];
    snprintf(sql, sizeof sql,
             "insert or replace into station_setting (name, value)"
             " values ('server_schema_version', %d)",
             version);
    world_sql(world, sql);
}

static int versions_setup(void **state) {
    if (world_setup(state) != 0)
        return -1;
    struct world *world = *state;
    world_sql(world, "insert into customer (id, name, owner_id, gsn) values"
                     " (x'0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c', 'Isdom',"
                     " x'a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1', 2)");
    return 0;
}

/* Nothing is sealed that headquarters would have to leave out. */
static void what_headquarters_does_not_know_is_refused_at_once(void **state) {
    struct world *world = *state;
    column_of(world, "customer", "visits")->since = SCHEMA_VERSION;
    table_of(world, "customer_tag")->since = SCHEMA_VERSION;
    announce(world, SCHEMA_VERSION - 1);
    world_refuses(world, "customer.visit", SHOP, "server.older");
    world_refuses(world, "customer.tag", SHOP, "server.older");
    assert_int_equal(world_integer(world, "select count(*) from station_outbox"), 0);
    assert_int_equal(world_integer(world, "select visits from customer"), 0);
    announce(world, SCHEMA_VERSION);
    world_do(world, "customer.visit", SHOP);
    world_do(world, "customer.tag", SHOP);
    assert_int_equal(world_integer(world, "select count(*) from station_outbox"), 2);
}

/* A new customer has no visits yet: nobody said so, and headquarters has nothing to leave out. */
static void what_nobody_said_is_left_out(void **state) {
    struct world *world = *state;
    struct column *visits = column_of(world, "customer", "visits");
    visits->since = SCHEMA_VERSION;
    announce(world, SCHEMA_VERSION - 1);
    world_do(world, "customer.add", "{\"name\":\"New\"}");
    assert_null(strstr(world_last_changes(world), " 3="));
    announce(world, SCHEMA_VERSION);
    world_do(world, "customer.add", "{\"name\":\"Newer\"}");
    assert_non_null(strstr(world_last_changes(world), " 3=0"));
    /* Said, and be it that there is none, it is more than a default. */
    visits->since = 1;
    column_of(world, "customer", "note")->since = SCHEMA_VERSION;
    announce(world, SCHEMA_VERSION - 1);
    world_refuses(world, "customer.add", "{\"name\":\"N\",\"note\":\"x\"}",
                  "server.older");
    world_refuses(world, "customer.add", "{\"name\":\"N\"}", "server.older");
    world_do(world, "customer.add", "{\"name\":\"N\",\"note\":\"new\"}");
}

/* A column that came into a group later: the group still merges as one where it is known. */
static void the_rest_of_a_group_goes(void **state) {
    struct world *world = *state;
    char price[120];
    column_of(world, "customer", "currency")->since = SCHEMA_VERSION;
    announce(world, SCHEMA_VERSION - 1);
    snprintf(price, sizeof price,
             "{\"customer\":\"0c0c0c0c-0c0c-0c0c-0c0c-0c0c0c0c0c0c\",\"price\":500}");
    world_do(world, "customer.price", price);
    assert_null(strstr(world_last_changes(world), " 5="));
    assert_non_null(strstr(world_last_changes(world), " 4=500"));
}

static const char *rebuild_of(struct world *world, int was, int server) {
    char sql[80];
    announce(world, server);
    snprintf(sql, sizeof sql, "pragma user_version = %d", was);
    world_sql(world, sql);
    world_close(world);
    world_open(world);
    return world_text(world, "select value from station_setting where name = 'rebuild'");
}

/* Opened by the next program, a station gets again what the former one was not sent. */
static void an_updated_station_asks_for_what_was_left_out(void **state) {
    struct world *world = *state;
    world_sql(world, "insert into station_staging (chunk) values (x'00')");
    world_do(world, "customer.visit", SHOP);
    assert_string_equal(rebuild_of(world, SCHEMA_VERSION - 1, SCHEMA_VERSION - 1), "");
    assert_int_equal(world_integer(world, "select count(*) from station_staging"), 1);
    assert_string_equal(rebuild_of(world, SCHEMA_VERSION - 1, SCHEMA_VERSION), "schema");
    assert_int_equal(world_integer(world, "select count(*) from station_staging"), 0);
    assert_int_equal(world_integer(world, "pragma user_version"), SCHEMA_VERSION);
    assert_int_equal(world_integer(world, "select count(*) from station_outbox"), 1);
}

static void a_newer_replica_is_refused(void **state) {
    struct world *world = *state;
    satchel_error error = {0};
    struct station_setup setup = {.home = world->home,
                                  .env = &world->env,
                                  .files = world->files,
                                  .file_count = world->file_count};
    world_sql(world, "pragma user_version = 99");
    world_close(world);
    assert_int_not_equal(
        station_open(&setup, &world->station, (struct error *)(void *)&error), 0);
    assert_string_equal(error.code, "database.newer");
    world->station = NULL;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, versions_setup, world_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(what_headquarters_does_not_know_is_refused_at_once),
        TEST(what_nobody_said_is_left_out),
        TEST(the_rest_of_a_group_goes),
        TEST(an_updated_station_asks_for_what_was_left_out),
        TEST(a_newer_replica_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
