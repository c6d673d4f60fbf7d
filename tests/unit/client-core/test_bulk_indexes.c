/*
 * Indexes that a first sync leaves for afterwards.
 */
#include "client-core/bulk_indexes.h"
#include "tests/unit/client-core/world.h"

static const char NAMED[] =
    "select count(*) from sqlite_schema where name in ('customer_by_name', 'customer_by_owner')";
static const char NOTED[] = "select count(*) from station_index";

static void add_customers(struct world *world, const char *count) {
    char sql[400];
    snprintf(
        sql, sizeof sql,
        "insert into customer (id, name, owner_id, gsn)"
        " with recursive n (i) as (select 1 union all select i + 1 from n where i < %s)"
        " select cast(printf('%%016d', i) as blob), 'customer ' || i,"
        " x'a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1', 2 from n",
        count);
    world_sql(world, sql);
}

/* As a first sync does it: drops, and notes what is to be made. */
static void drop_and_defer(struct world *world) {
    struct replica *replica = world->station->writer;
    struct arena arena = arena_make(LIMIT_JSON);
    struct dropped_indexes dropped;
    assert_int_equal(replica_begin(replica, NULL), 0);
    assert_int_equal(bulk_indexes_drop(replica, &arena, &dropped, NULL), 0);
    assert_int_equal(world_integer(world, NAMED), 0);
    assert_int_equal(bulk_indexes_defer(replica, &dropped, NULL), 0);
    assert_int_equal(replica_commit(replica, NULL), 0);
    arena_free(&arena);
}

static void few_rows_get_them_at_once(void **state) {
    struct world *world = *state;
    add_customers(world, "999");
    drop_and_defer(world);
    assert_int_equal(world_integer(world, NAMED), 2);
    assert_int_equal(world_integer(world, NOTED), 0);
}

static void many_rows_get_them_afterwards(void **state) {
    struct world *world = *state;
    add_customers(world, "1000");
    drop_and_defer(world);
    assert_int_equal(world_integer(world, NAMED), 0);
    assert_int_equal(world_integer(world, NOTED), 2);
    world_close(world); /* the machine stops here */
    world_open(world);
    assert_int_equal(world_integer(world, NAMED), 0);
    assert_int_equal(bulk_indexes_finish(world->station->writer, NULL), 0);
    assert_int_equal(world_integer(world, NOTED), 0);
    assert_int_equal(world_integer(world, "select count(*) from customer indexed by"
                                          " customer_by_name where name = 'customer 7'"),
                     1);
    assert_int_equal(world_integer(world, NAMED), 2);
}

/* Also one that finds nobody to talk to. */
static void the_next_sync_makes_them(void **state) {
    struct world *world = *state;
    satchel_error error = {0};
    add_customers(world, "1000");
    drop_and_defer(world);
    world->unreachable = true;
    assert_int_not_equal(satchel_sync(world->station, NULL, NULL, NULL, &error), 0);
    assert_int_equal(world_integer(world, NAMED), 2);
    assert_int_equal(world_integer(world, NOTED), 0);
}

static void what_is_there_or_no_longer_wanted_is_passed_over(void **state) {
    struct world *world = *state;
    add_customers(world, "1000");
    drop_and_defer(world);
    world_sql(world, "create index customer_by_name on customer (name)");
    world_sql(world, "delete from schema_object where name = 'customer_by_owner'");
    assert_int_equal(bulk_indexes_finish(world->station->writer, NULL), 0);
    assert_int_equal(world_integer(world, NAMED), 1);
    assert_int_equal(world_integer(world, NOTED), 0);
}

static void unique_ones_are_not_put_off(void **state) {
    struct world *world = *state;
    add_customers(world, "1000");
    world_sql(world, "create unique index customer_once on customer (id, name)");
    drop_and_defer(world);
    assert_int_equal(world_integer(world,
                                   "select count(*) from sqlite_schema where name ="
                                   " 'customer_once'"),
                     1);
    assert_int_equal(world_integer(world, NOTED), 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(few_rows_get_them_at_once, world_setup,
                                        world_teardown),
        cmocka_unit_test_setup_teardown(many_rows_get_them_afterwards, world_setup,
                                        world_teardown),
        cmocka_unit_test_setup_teardown(the_next_sync_makes_them, world_setup,
                                        world_teardown),
        cmocka_unit_test_setup_teardown(what_is_there_or_no_longer_wanted_is_passed_over,
                                        world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(unique_ones_are_not_put_off, world_setup,
                                        world_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
