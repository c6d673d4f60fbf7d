/*
 * The SQL functions, and the calendar and texts they stand on.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "schema/base/hash.h"
#include "schema/calendar.h"
#include "schema/text.h"
#include "tests/support/fixture.h"

struct world {
    struct catalogue *catalogue;
    struct function_context context;
    sqlite3 *db;
    char room[512];
};

static int open_world(void **state) {
    static struct world world;
    memset(&world, 0, sizeof world);
    world.catalogue = fixture_catalogue(NULL);
    world.db = fixture_database(world.catalogue, &world.context);
    *state = &world;
    return 0;
}

static int close_world(void **state) {
    struct world *world = *state;
    sqlite3_close(world->db);
    catalogue_free(world->catalogue);
    return 0;
}

#define ASK(sql) fixture_text(world->db, sql, world->room)

static void expect_failure(struct world *world, const char *sql, const char *said) {
    assert_int_not_equal(sqlite3_exec(world->db, sql, NULL, NULL, NULL), SQLITE_OK);
    if (!strstr(sqlite3_errmsg(world->db), said))
        fail_msg("%s: %s", sql, sqlite3_errmsg(world->db));
}

/* --- pure parts --------------------------------------------------------------------------- */

static void mul_div_is_exact(void **state) {
    static const struct {
        int64_t a, b, c, expected;
    } good[] = {
        {7, 1, 2, 4},
        {-7, 1, 2, -4},
        {7, -1, 2, -4},
        {7, 1, -2, -4},
        {-7, -1, 2, 4},
        {5, 1, 3, 2},
        {4, 1, 3, 1},
        {-5, 1, 3, -2},
        {0, 5, 3, 0},
        {1, 1, 3, 0},
        {1, 1, 2, 1},
        {3, 1, 6, 1},
        {INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX},
        {INT64_MIN, 1, 1, INT64_MIN},
        {INT64_MIN, INT64_MIN, INT64_MIN, INT64_MIN},
        {1999, 1300, 10000, 260},
        {12345678901234, 9876543210, 1000000007, 121932629987440},
    };
    int64_t result = 0;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_true(functions_mul_div(good[i].a, good[i].b, good[i].c, &result));
        if (i != 16) /* compared below against long division */
            assert_int_equal(result, good[i].expected);
    }
    __extension__ __int128 product = (__int128)12345678901234 * 9876543210;
    assert_true(result == (int64_t)((product + 500000003) / 1000000007));
    assert_false(functions_mul_div(1, 1, 0, &result));
    assert_false(functions_mul_div(INT64_MAX, 2, 1, &result));
    assert_false(functions_mul_div(INT64_MIN, 1, -1, &result));
}

static void dates_are_counted(void **state) {
    static const struct {
        const char *text;
        int64_t day;
    } days[] = {{"1970-01-01", 0},      {"1969-12-31", -1},      {"2000-02-29", 11016},
                {"2026-11-23", 20780},  {"0001-01-01", -719162}, {"9999-12-31", 2932896},
                {"1900-03-01", -25508}, {"2024-02-29", 19782}};
    char text[CALENDAR_DATE_SIZE];
    int64_t day;
    for (size_t i = 0; i < sizeof days / sizeof *days; i++) {
        assert_true(calendar_parse_date(bytes_of_text(days[i].text), &day));
        assert_int_equal(day, days[i].day);
        calendar_format_date(day, text);
        assert_string_equal(text, days[i].text);
    }
    for (day = -719162; day <= 2932896; day += 17) {
        int64_t again = 0;
        calendar_format_date(day, text);
        assert_true(calendar_parse_date(bytes_of_text(text), &again));
        assert_int_equal(again, day);
    }
    static const char *const bad[] = {
        "2023-02-29",  "1900-02-29", "2026-13-01", "2026-00-01", "2026-04-31", "2026-1-1",
        "2026-01-01x", "0000-01-01", "2026/01/01", "",           "2026-01-00"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(calendar_parse_date(bytes_of_text(bad[i]), &day));
    calendar_format_date(INT64_MAX, text);
    assert_string_equal(text, "9999-12-31");
}

static void days_are_local(void **state) {
    assert_int_equal(calendar_day(0, 0), 0);
    assert_int_equal(calendar_day(-1, 0), -1);
    assert_int_equal(calendar_day(-86400000, 0), -1);
    assert_int_equal(calendar_day(16 * 3600000LL - 1, 480), 0);
    assert_int_equal(calendar_day(16 * 3600000LL, 480), 1);
}

static void times_have_zones(void **state) {
    static const struct {
        const char *text;
        int64_t ms;
    } times[] = {{"2026-11-23 10:00", FIXTURE_NOW_MS},
                 {"2026-11-23T02:00:00Z", FIXTURE_NOW_MS},
                 {"2026-11-23 10:00:01.250", FIXTURE_NOW_MS + 1250},
                 {"2026-11-23T03:30+01:30", FIXTURE_NOW_MS},
                 {"2026-11-22T21:00-05:00", FIXTURE_NOW_MS},
                 {"2026-11-23", FIXTURE_NOW_MS - 10 * 3600000}};
    int64_t ms;
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        assert_true(calendar_parse_time(bytes_of_text(times[i].text), 480, &ms));
        assert_int_equal(ms, times[i].ms);
    }
    static const char *const bad[] = {"2026-11-23 ",           "2026-11-23 24:00",
                                      "2026-11-23 10:60",      "2026-11-23 10",
                                      "2026-11-23 10:00x",     "10:00",
                                      "2026-11-23 10:00+1:00", "2026-11-23 10:00:00.1"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(calendar_parse_time(bytes_of_text(bad[i]), 480, &ms));
}

static void names_are_folded(void **state) {
    static const char *const pairs[][2] = {{"  Acme \t  Ltd ", "acme ltd"},
                                           {"ＡＣＭＥ　１２", "acme 12"},
                                           {"ÀÉÎ×Þ", "àéî×þ"},
                                           {"ŁÓDŹ ŸİŽ", "łódź ÿiž"},
                                           {"ΑΒΣ", "αβσ"},
                                           {"ПРИВЕТЁ", "приветё"},
                                           {"上海 有限", "上海 有限"},
                                           {"", ""},
                                           {" \n", ""},
                                           {"ĸŉſı", "ĸŉſı"},
                                           {"a\xff"
                                            "B",
                                            "a\xff"
                                            "b"}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        struct buffer folded = buffer_make(100);
        text_fold(bytes_of_text(pairs[i][0]), &folded);
        assert_string_equal(buffer_text(&folded), pairs[i][1]);
        buffer_free(&folded);
    }
    assert_int_equal(text_trim(bytes_of_text("　a　b　")).size, 5);
    assert_int_equal(text_trim(bytes_of_text("  ")).size, 0);
}

/* --- SQL ---------------------------------------------------------------------------------- */

static void the_context_is_seen(void **state) {
    struct world *world = *state;
    assert_string_equal(ASK("select now_ms()"), "1795399200000");
    assert_string_equal(ASK("select today()"), "2026-11-23");
    world->context.now_ms += 14 * 3600000;
    assert_string_equal(ASK("select today()"), "2026-11-24");
    assert_string_equal(ASK("select actor() is null and device() is null"), "1");
    memset(world->context.actor.bytes, 0xaa, 16);
    memset(world->context.device.bytes, 0xbb, 16);
    assert_string_equal(ASK("select hex(actor())"), "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
    assert_string_equal(ASK("select hex(device())"), "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB");
    assert_string_equal(ASK("select device_code()"), "7K");
    assert_string_equal(ASK("select hex(new_id())"), "01A20922B80070018203040506070809");
}

static void roles_are_known(void **state) {
    struct world *world = *state;
    world->context.roles = 2;
    assert_string_equal(ASK("select has_role('manager')"), "1");
    assert_string_equal(ASK("select has_role('hq')"), "0");
    expect_failure(world, "select has_role('boss')", "no such role");
    expect_failure(world, "select has_role(null)", "no such role");
}

static void require_refuses(void **state) {
    struct world *world = *state;
    assert_string_equal(ASK("select require(1, 'a.b')"), "1");
    assert_string_equal(ASK("select require(0.5, 'a.b')"), "1");
    expect_failure(world, "select require(0, 'deal.closed', 'deal', 'It is closed.')",
                   "It is closed.");
    assert_string_equal(world->context.refusal.code, "deal.closed");
    assert_string_equal(world->context.refusal.field, "deal");
    assert_string_equal(world->context.refusal.message, "It is closed.");
    error_clear(&world->context.refusal);
    expect_failure(world, "select require(null, 'a.b')", "a.b");
    assert_string_equal(world->context.refusal.code, "a.b");
    expect_failure(world, "select require(1)", "require wants");
    /* Over no rows it is not called. */
    fixture_run(world->db, "select require(0, 'a.b') from deal");
}

static void texts_become_keys(void **state) {
    struct world *world = *state;
    char expected[33];
    uint8_t digest[HASH_SIZE];
    hash_blake2b((struct bytes){(const uint8_t *)"satchel\0seed/role/rep", 21}, digest);
    digest[6] = (uint8_t)((digest[6] & 0x0f) | 0x80);
    digest[8] = (uint8_t)((digest[8] & 0x3f) | 0x80);
    for (size_t i = 0; i < 16; i++)
        snprintf(expected + 2 * i, 3, "%02X", digest[i]);
    assert_string_equal(ASK("select hex(text_key('seed/role/rep'))"), expected);
    assert_string_equal(ASK("select text_key(null) is null"), "1");
    expect_failure(world, "select text_key(1)", "wants a text");
}

static void numbers_stay_exact(void **state) {
    struct world *world = *state;
    assert_string_equal(ASK("select mul_div(1999, 1300, 10000)"), "260");
    assert_string_equal(ASK("select typeof(mul_div(1, 1, 2))"), "integer");
    assert_string_equal(ASK("select mul_div(1, null, 2) is null"), "1");
    assert_string_equal(ASK("select mul_div(1, 1, 0) is null"), "1");
    expect_failure(world, "select mul_div(1.5, 1, 2)", "wants integers");
    expect_failure(world, "select mul_div(9223372036854775807, 2, 1)", "too large");
    assert_string_equal(world->context.refusal.code, "number.overflow");
}

static void texts_are_compared(void **state) {
    struct world *world = *state;
    assert_string_equal(ASK("select fold('  Acme  LTD')"), "acme ltd");
    assert_string_equal(ASK("select fold(null) is null"), "1");
    assert_string_equal(ASK("select digits('+86 (138) ００-1')"), "86138001");
    assert_string_equal(ASK("select digits('')"), "");
    assert_string_equal(ASK("select fold(12)"), "12");
}

static void views_may_call_what_is_harmless(void **state) {
    struct world *world = *state;
    fixture_run(world->db, "create view harmless as select fold('A'), actor(), today(),"
                           " has_role('hq'), mul_div(1, 2, 3), text_key('a'), now_ms()");
    assert_string_equal(ASK("select count(*) from harmless"), "1");
    fixture_run(world->db, "create index deal_by_fold on deal (fold(name))");
    fixture_run(world->db, "create view harmful as select require(1, 'a.b')");
    expect_failure(world, "select * from harmful", "unsafe use of require");
}

/* --- apply_cell --------------------------------------------------------------------------- */

static int applied(struct function_context *context, const struct table *table,
                   struct bytes row_key, const struct column *cell, struct bytes value,
                   struct error *error) {
    struct world *world = context->owner;
    snprintf(world->room, sizeof world->room, "%s %zu %s %zu", table->name, row_key.size,
             cell->name, value.size);
    return value.size == 1 ? 0 : error_set(error, "cell.strange", "value", "Strange.");
}

static void cells_are_applied(void **state) {
    struct world *world = *state;
    expect_failure(world, "select apply_cell(9, zeroblob(16), 3, x'00')",
                   "cannot be written");
    world->context.apply_cell = applied;
    world->context.owner = world;
    /* Column 7 belongs to the cell that begins at column 6. */
    fixture_run(world->db, "select apply_cell(9, zeroblob(16), 7, x'00')");
    assert_string_equal(world->room, "deal 16 currency 1");
    expect_failure(world, "select apply_cell(9, zeroblob(16), 3, x'0000')", "Strange.");
    assert_string_equal(world->context.refusal.code, "cell.strange");
    static const char *const bad[] = {"select apply_cell(10, zeroblob(16), 3, x'00')",
                                      "select apply_cell(-1, x'', 3, x'00')",
                                      "select apply_cell(9, zeroblob(15), 3, x'00')",
                                      "select apply_cell(9, 'a', 3, x'00')",
                                      "select apply_cell(9, zeroblob(16), 1, x'00')",
                                      "select apply_cell(9, zeroblob(16), 99, x'')",
                                      "select apply_cell(9, zeroblob(16), 3, null)",
                                      "select apply_cell(9, zeroblob(16), 4, x'')"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        expect_failure(world, bad[i], "no such cell");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mul_div_is_exact),
        cmocka_unit_test(dates_are_counted),
        cmocka_unit_test(days_are_local),
        cmocka_unit_test(times_have_zones),
        cmocka_unit_test(names_are_folded),
        cmocka_unit_test_setup_teardown(the_context_is_seen, open_world, close_world),
        cmocka_unit_test_setup_teardown(roles_are_known, open_world, close_world),
        cmocka_unit_test_setup_teardown(require_refuses, open_world, close_world),
        cmocka_unit_test_setup_teardown(texts_become_keys, open_world, close_world),
        cmocka_unit_test_setup_teardown(numbers_stay_exact, open_world, close_world),
        cmocka_unit_test_setup_teardown(texts_are_compared, open_world, close_world),
        cmocka_unit_test_setup_teardown(views_may_call_what_is_harmless, open_world,
                                        close_world),
        cmocka_unit_test_setup_teardown(cells_are_applied, open_world, close_world),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
