/* Stations with older programs: what they are sent, and what becomes of their work. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "server/pull.h"
#include "tests/support/company.h"

enum { OLD = SCHEMA_VERSION - 1 };

struct fixture {
    struct company company;
    struct id anna;
    struct fake_station *station; /* of Anna's, with the program before this one */
    struct id customer;
    int64_t base;
};

/* The company's catalogue, which is its own: tests make a table, a column or a rule newer than it is. */
static struct table *table_of(struct fixture *f, const char *name) {
    return (struct table *)(uintptr_t)catalogue_table(f->company.catalogue, name);
}

static struct column *column_of(struct fixture *f, const char *table, const char *name) {
    return (struct column *)(uintptr_t)table_column(table_of(f, table), name);
}

static struct operation *rule_of(struct fixture *f, const char *name) {
    for (size_t i = 0; i < f->company.catalogue->rule_count; i++) {
        if (strcmp(f->company.catalogue->rules[i].name, name) == 0) {
            return (struct operation *)(uintptr_t)&f->company.catalogue->rules[i];
        }
    }
    fail_msg("there is no rule %s", name);
    return NULL;
}

static int set_up(void **state) {
    static struct fixture fixture;
    struct fixture *f = &fixture;
    memset(f, 0, sizeof *f);
    company_make(&f->company);
    f->anna = company_person(&f->company, "anna", "rep");
    f->company.schema_version = OLD;
    f->station = company_station(&f->company, f->anna, "rep");
    f->customer = text_id("Isdom");
    struct cell cells[] = {
        cell_of(&f->company, "customer", "name", value_text("Isdom")),
        cell_of(&f->company, "customer", "kind", value_text("company")),
        cell_of(&f->company, "customer", "city", value_text("Springfield")),
        cell_of(&f->company, "customer", "owner_id",
                value_blob((struct bytes){f->anna.bytes, ID_SIZE}))};
    struct change change =
        change_of(&f->company, "customer", ROW_INSERT, &f->customer, cells, 4);
    f->base = company_write(&f->company, &change, 1).gsn;
    *state = f;
    return 0;
}

static int check_replay(struct fixture *f) {
    struct verify_report report;
    struct error error = {0};
    int result = server_verify(&f->company.options, &report, &error);
    if (result != 0) {
        fprintf(stderr, "verify: %s (%s)\n", error.message, error.code);
    }
    return result;
}

/* The journal gives the same master, under the program that wrote it and under the next one, which decides nothing anew. */
static int tear_down(void **state) {
    struct fixture *f = *state;
    int result = check_replay(f);
    f->company.catalogue->version = SCHEMA_VERSION + 1;
    result = check_replay(f) != 0 ? -1 : result;
    company_free(&f->company);
    return result;
}

static void pull(struct fixture *f, int64_t version, struct row_chunk *ret) {
    struct error error = {0};
    struct station known;
    struct reader_pool *readers = NULL;
    struct buffer path = buffer_make(1000);
    struct buffer rows = buffer_make(LIMIT_RESPONSE);
    struct sync_response response = {0};
    const struct sync_request request = {.schema_version = version};
    buffer_printf(&path, "%s/master.db", f->company.data);
    assert_int_equal(
        reader_pool_make(buffer_text(&path), f->company.catalogue, &readers, &error), 0);
    struct reader *reader = reader_take(readers, &error);
    assert_int_equal(station_find(reader->db, f->company.catalogue, f->station->device,
                                  &f->company.arena, &known, &error),
                     0);
    assert_int_equal(
        pull_fill(reader, &known, &request, &f->company.arena, &rows, &response, &error),
        0);
    assert_false(response.more);
    struct bytes kept = arena_copy(&f->company.arena, response.rows);
    assert_int_equal(rows_decode(kept, &f->company.arena, ret, &error), 0);
    scope_set_free(&response.gained);
    scope_set_free(&response.lost);
    reader_give(readers, reader);
    reader_pool_free(readers);
    buffer_free(&path);
    buffer_free(&rows);
}

static const struct row_group *group_of(struct fixture *f, const struct row_chunk *chunk,
                                        const char *table) {
    for (size_t i = 0; i < chunk->group_count; i++) {
        if (chunk->groups[i].table == table_of(f, table)->number) {
            return &chunk->groups[i];
        }
    }
    return NULL;
}

static bool sends_column(const struct row_group *group, uint8_t number) {
    for (size_t i = 0; i < group->column_count; i++) {
        if (group->columns[i] == number) {
            return true;
        }
    }
    return false;
}

static void an_old_station_gets_what_it_knows(void **state) {
    struct fixture *f = *state;
    struct row_chunk chunk;
    struct column *city = column_of(f, "customer", "city");
    struct column *name = column_of(f, "customer", "name");
    city->since = SCHEMA_VERSION;
    table_of(f, "setting")->since = SCHEMA_VERSION;
    pull(f, SCHEMA_VERSION, &chunk);
    assert_true(sends_column(group_of(f, &chunk, "customer"), city->number));
    assert_non_null(group_of(f, &chunk, "setting"));
    pull(f, OLD, &chunk);
    const struct row_group *group = group_of(f, &chunk, "customer");
    assert_int_equal(group->row_count, 1);
    assert_false(sends_column(group, city->number));
    for (size_t i = 0; i < group->column_count; i++) { /* each value is its column's */
        if (group->columns[i] == name->number) {
            assert_memory_equal(group->rows[0].values[i].bytes.data, "Isdom", 5);
        }
    }
    assert_null(group_of(f, &chunk, "setting"));
}

static void what_an_old_station_leaves_out_stays(void **state) {
    struct fixture *f = *state;
    column_of(f, "customer", "city")->since = SCHEMA_VERSION;
    struct cell cells[] = {
        cell_of(&f->company, "customer", "phone", value_text("555-0100"))};
    struct change change =
        change_of(&f->company, "customer", ROW_UPDATE, &f->customer, cells, 1);
    struct verdict verdict =
        station_send(&f->company, f->station, &change, 1, f->company.now_ms, f->base);
    assert_int_equal(verdict.kind, VERDICT_MERGED);
    assert_string_equal(verdict.code, "");
    assert_int_equal(
        company_integer(&f->company,
                        "select count(*) from customer where city = 'Springfield'"
                        " and phone = '555-0100'"),
        1);
}

static struct verdict set_parent(struct fixture *f, struct value parent) {
    struct cell cells[] = {cell_of(&f->company, "customer", "parent_id", parent)};
    struct change change =
        change_of(&f->company, "customer", ROW_UPDATE, &f->customer, cells, 1);
    return station_send(&f->company, f->station, &change, 1, f->company.now_ms, f->base);
}

/* A customer that belongs to itself. */
static struct verdict break_a_rule(struct fixture *f) {
    return set_parent(f, value_blob((struct bytes){f->customer.bytes, ID_SIZE}));
}

static void a_rule_of_tomorrow_flags(void **state) {
    struct fixture *f = *state;
    static const char FLAGS[] =
        "select count(*) from notice where kind = 'transaction.flagged'"
        " and title = 'test.write' and length(detail) > 10";
    rule_of(f, "customer.parent_circle")->rule_since = SCHEMA_VERSION;
    struct verdict verdict = break_a_rule(f);
    assert_int_equal(verdict.kind, VERDICT_MERGED);
    assert_string_equal(verdict.code, "customer.parent_circle");
    assert_string_equal(verdict.field, "parent");
    assert_int_equal(company_integer(&f->company, FLAGS), 1);
    assert_int_equal(
        company_integer(&f->company,
                        "select count(*) from customer where parent_id = id"),
        1);
    /* Updated, the station is held to it. */
    f->station->schema_version = SCHEMA_VERSION;
    assert_int_equal(set_parent(f, value_null()).kind, VERDICT_MERGED);
    verdict = break_a_rule(f);
    assert_int_equal(verdict.kind, VERDICT_REFUSED);
    assert_string_equal(verdict.code, "customer.parent_circle");
    assert_int_equal(company_integer(&f->company, FLAGS), 1);
}

static void a_rule_of_today_refuses(void **state) {
    struct verdict verdict = break_a_rule(*state);
    assert_int_equal(verdict.kind, VERDICT_REFUSED);
    assert_string_equal(verdict.code, "customer.parent_circle");
}

static void only_so_many_versions_are_taken(void **state) {
    struct error error = {0};
    (void)state;
    assert_int_equal(schema_check_version(20, 20, &error), 0);
    assert_int_equal(schema_check_version(20, 21, &error), 0);
    assert_int_equal(schema_check_version(20, 20 - LIMIT_SCHEMA_VERSIONS + 1, &error), 0);
    assert_int_equal(schema_check_version(20, 20 - LIMIT_SCHEMA_VERSIONS, &error), -1);
    assert_string_equal(error.code, "schema.old");
    assert_non_null(strstr(error.message, "version 10; headquarters takes 11"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_old_station_gets_what_it_knows, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_an_old_station_leaves_out_stays, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_rule_of_tomorrow_flags, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_rule_of_today_refuses, set_up, tear_down),
        cmocka_unit_test(only_so_many_versions_are_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
