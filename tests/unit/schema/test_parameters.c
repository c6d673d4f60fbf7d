/*
 * Parameters: every type as people and programs write it, what is missing, unknown or
 * ambiguous, looking rows up, binding.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "schema/parameters.h"
#include "tests/support/fixture.h"

static const char commands[] = "-- @command test.one  One of each.\n"
                               "-- @param id newid  Id.\n"
                               "-- @param person id(person)?  Person.\n"
                               "-- @param deal id(deal)?  Deal.\n"
                               "-- @param anydeal any(deal)?  Deal, deleted or not.\n"
                               "-- @param text text(5)?  Text.\n"
                               "-- @param int int(-3..7)?  Int.\n"
                               "-- @param money money?  Money.\n"
                               "-- @param bp bp?  Rate.\n"
                               "-- @param bool bool?  Bool.\n"
                               "-- @param date date?  Date.\n"
                               "-- @param time time?  Time.\n"
                               "-- @param enum enum(new|old)?  Choice.\n"
                               "-- @param step code(step)?  Step.\n"
                               "-- @param json json?  JSON.\n"
                               "-- @param file file?  File.\n"
                               "select :text;\n"
                               "-- @command test.defaults  Defaults.\n"
                               "-- @param owner id(person)=me  Owner.\n"
                               "-- @param on date=today  Day.\n"
                               "-- @param at time=now  Time.\n"
                               "-- @param price money=12.50  Price.\n"
                               "-- @param kind enum(new|old)=old  Kind.\n"
                               "-- @param step code(step)=begin  Step.\n"
                               "select :owner;\n"
                               "-- @command test.needs  Needs a text.\n"
                               "-- @param text text(5)  Text.\n"
                               "select :text, :other;\n";

struct world {
    struct catalogue *catalogue;
    struct function_context context;
    sqlite3 *db;
    struct arena arena;
    struct value values[LIMIT_PARAMETERS];
    struct error error;
};

static const char rows[] =
    "insert into person (id, code, name) values"
    " (x'11111111111111111111111111111111', 'P1', 'Anna Snelling'),"
    " (x'22222222222222222222222222222222', 'P2', 'Double'),"
    " (x'33333333333333333333333333333333', 'P3', 'Double'),"
    " (x'44444444444444444444444444444444', 'Double Code', 'P2'),"
    " (x'55555555555555555555555555555555', 'P5', '上海'), (x'66', 'P6', 'short key');"
    "insert into deal (id, name) values (randomblob(16), 'd'), (randomblob(16), 'd'),"
    " (randomblob(16), 'd'), (randomblob(16), 'd'), (randomblob(16), 'D');"
    "insert into deal (id, name, deleted_at) values"
    " (x'77777777777777777777777777777777', 'gone', 5);"
    "insert into step (id, code, deleted_at) values"
    " (x'88888888888888888888888888888888', 'begin', null),"
    " (x'99999999999999999999999999999999', 'end', 5);";

static int open_world(void **state) {
    static struct world world;
    memset(&world, 0, sizeof world);
    world.catalogue = fixture_catalogue(commands);
    world.db = fixture_database(world.catalogue, &world.context);
    world.arena = arena_make(100000);
    fixture_run(world.db, rows);
    *state = &world;
    return 0;
}

static int close_world(void **state) {
    struct world *world = *state;
    arena_free(&world->arena);
    sqlite3_close(world->db);
    catalogue_free(world->catalogue);
    return 0;
}

static int read_all(struct world *world, const char *command,
                    const struct argument *arguments, size_t count) {
    error_clear(&world->error);
    return parameters_read(world->db, &world->context,
                           catalogue_command(world->catalogue, command), arguments, count,
                           &world->arena, world->values, &world->error);
}

static size_t index_of(struct world *world, const char *command, const char *name) {
    const struct operation *operation = catalogue_command(world->catalogue, command);
    for (size_t i = 0; i < operation->parameter_count; i++)
        if (strcmp(operation->parameters[i].name, name) == 0)
            return i;
    fail_msg("no parameter %s", name);
    return 0;
}

/* Reads one argument of test.one; the value, or fails the test. */
static struct value read_one(struct world *world, const char *name, struct value value,
                             bool json) {
    const struct argument argument = {name, value, json};
    if (read_all(world, "test.one", &argument, 1) != 0)
        fail_msg("%s: %s: %s", name, world->error.code, world->error.message);
    return world->values[index_of(world, "test.one", name)];
}

static void refuse(struct world *world, const char *name, struct value value, bool json,
                   const char *code) {
    const struct argument argument = {name, value, json};
    if (read_all(world, "test.one", &argument, 1) == 0)
        fail_msg("%s was accepted", name);
    assert_string_equal(world->error.code, code);
    assert_string_equal(world->error.field, name);
}

/* --- scalars ------------------------------------------------------------------------------ */

static void numbers_as_people_write_them(void **state) {
    static const struct {
        const char *name;
        const char *text;
        int64_t expected;
    } good[] = {
        {"int", "7", 7},
        {"int", "-3", -3},
        {"int", " +2 ", 2},
        {"money", "12.50", 1250},
        {"money", "12", 1200},
        {"money", "1,234.5", 123450},
        {"money", "-0.05", -5},
        {"money", "¥8", 800},
        {"money", "￥1,000,000", 100000000},
        {"money", ".5", 50},
        {"money", "12.", 1200},
        {"bp", "12.5%", 1250},
        {"bp", "1250", 1250},
        {"bp", "-5 %", -500},
        {"bp", "8％", 800},
        {"bool", "yes", 1},
        {"bool", "No", 0},
        {"bool", "是", 1},
        {"bool", "0", 0},
        {"bool", "TRUE", 1},
        {"time", "2026-11-23 10:00", FIXTURE_NOW_MS},
        {"time", "now", FIXTURE_NOW_MS},
        {"time", "1795399200000", FIXTURE_NOW_MS},
        {"time", "today", FIXTURE_NOW_MS - 36000000},
        {"time", "2026-11-23T02:00Z", FIXTURE_NOW_MS},
        {"money", "99999999999.99", LIMIT_MONEY},
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct value value =
            read_one(*state, good[i].name, value_text(good[i].text), false);
        assert_int_equal(value.type, VALUE_INTEGER);
        if (value.integer != good[i].expected)
            fail_msg("%s became %lld", good[i].text, (long long)value.integer);
    }
}

static void what_is_no_number_is_refused(void **state) {
    static const char *const bad[][2] = {{"int", "8"},
                                         {"int", "-4"},
                                         {"int", "1.0"},
                                         {"int", "x"},
                                         {"int", "-"},
                                         {"int", "99999999999999999999"},
                                         {"money", "100000000000.00"},
                                         {"money", "1.234"},
                                         {"money", "1,23"},
                                         {"money", ","},
                                         {"money", "-"},
                                         {"money", "1.2.3"},
                                         {"money", "1e5"},
                                         {"money", "0x10"},
                                         {"money", "1,2345"},
                                         {"money", "1.000,00"},
                                         {"money", "92233720368547758.08"},
                                         {"bp", "12.5"},
                                         {"bp", "%"},
                                         {"bp", "1.255%"},
                                         {"bool", "maybe"},
                                         {"bool", "2"},
                                         {"time", "10:00"},
                                         {"time", "2026-02-30 10:00"},
                                         {"time", "12345678901"},
                                         {"date", "2026-02-30"},
                                         {"date", "23.11.2026"},
                                         {"enum", "New"},
                                         {"enum", "newer"},
                                         {"text", "123456"},
                                         {"json", "{"},
                                         {"json", "5"},
                                         {"json", "\"text\""},
                                         {"file", "abcd"},
                                         {"file", "../../../etc/passwd"},
                                         {"file", "g00000000000000000000000000000000000"
                                                  "0000000000000000000000000000"},
                                         {"id", "x"},
                                         {"id", "11111111-1111-1111-1111"}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        refuse(*state, bad[i][0], value_text(bad[i][1]), false, "parameter.invalid");
}

static void values_as_programs_write_them(void **state) {
    struct world *world = *state;
    assert_int_equal(read_one(world, "money", value_integer(1250), true).integer, 1250);
    assert_int_equal(read_one(world, "bp", value_integer(7), true).integer, 7);
    assert_int_equal(read_one(world, "bool", value_integer(1), true).integer, 1);
    assert_int_equal(read_one(world, "time", value_integer(5), true).integer, 5);
    assert_int_equal(read_one(world, "bool", value_text("true"), true).integer, 1);
    assert_true(
        value_equal(read_one(world, "json", value_text("[1]"), true), value_text("[1]")));
    refuse(world, "text", value_text("[1]"), true, "parameter.invalid");
    refuse(world, "text", value_text("true"), true, "parameter.invalid");
    refuse(world, "int", value_text("true"), true, "parameter.invalid");
    refuse(world, "bool", value_text("[1]"), true, "parameter.invalid");
    refuse(world, "int", value_integer(8), true, "parameter.invalid");
    refuse(world, "bool", value_integer(2), true, "parameter.invalid");
    refuse(world, "text", value_integer(2), true, "parameter.invalid");
    refuse(world, "enum", value_integer(2), true, "parameter.invalid");
    refuse(world, "date", value_integer(2), true, "parameter.invalid");
    refuse(world, "json", value_integer(2), true, "parameter.invalid");
    refuse(world, "person", value_integer(2), true, "parameter.invalid");
    refuse(world, "id", value_integer(2), true, "parameter.invalid");
    refuse(world, "money", value_blob(bytes_of_text("x")), true, "parameter.invalid");
    refuse(world, "money", value_integer(5), false, "parameter.invalid");
    refuse(world, "file", value_integer(5), true, "parameter.invalid");
}

static void a_file_is_named_by_its_hash(void **state) {
    static const char digits[] = "00112233445566778899aabbccddeeff"
                                 "00112233445566778899AABBCCDDEEFF";
    struct value value = read_one(*state, "file", value_text(digits), false);
    assert_int_equal(value.type, VALUE_BLOB);
    assert_int_equal(value.bytes.size, 32);
    assert_int_equal(value.bytes.data[1], 0x11);
    assert_int_equal(value.bytes.data[31], 0xff);
}

static void texts_are_trimmed_and_counted(void **state) {
    struct world *world = *state;
    assert_true(value_equal(read_one(world, "text", value_text(" 上海有限司 "), false),
                            value_text("上海有限司")));
    assert_int_equal(read_one(world, "text", value_text(" \n　"), false).type,
                     VALUE_NULL);
    refuse(world, "text", value_text("\xff"), false, "parameter.invalid");
    refuse(world, "text", value_text_bytes((struct bytes){(const uint8_t *)"a\0b", 3}),
           true, "parameter.invalid");
    assert_non_null(strstr(world->error.message, "UTF-8"));
}

static void control_characters_are_no_text(void **state) {
    static const char *const bad[] = {"\x1b[2J", "a\rb",    "a\x7f",   "a\xc2\x9b",
                                      "a\u202e", "a\u2066", "a\u2069", "a\bb"};
    static const char *const good[] = {"a\nb", "a\tb", "a\r\nb", "a\u200f", "é上"};
    struct world *world = *state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        refuse(world, "text", value_text(bad[i]), false, "parameter.invalid");
        assert_non_null(strstr(world->error.message, "control character"));
    }
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(value_equal(read_one(world, "text", value_text(good[i]), false),
                                value_text(good[i])));
}

static void other_types_are_read(void **state) {
    struct world *world = *state;
    assert_true(value_equal(read_one(world, "date", value_text("2026-01-31"), false),
                            value_text("2026-01-31")));
    assert_true(value_equal(read_one(world, "date", value_text("tomorrow"), false),
                            value_text("2026-11-24")));
    assert_true(value_equal(read_one(world, "enum", value_text("old"), false),
                            value_text("old")));
    assert_true(value_equal(read_one(world, "json", value_text(" [1, {}]"), false),
                            value_text("[1, {}]")));
    struct value id =
        read_one(world, "id", value_text("11111111-1111-1111-1111-111111111111"), false);
    assert_int_equal(id.type, VALUE_BLOB);
    assert_int_equal(id.bytes.data[15], 0x11);
    id = read_one(world, "id", value_null(), false);
    assert_int_equal(id.bytes.size, 16);
    assert_int_equal(id.bytes.data[6] >> 4, 7);
    id = read_one(world, "id", value_blob(id.bytes), true);
    assert_int_equal(id.bytes.size, 16);
    refuse(world, "id", value_text("00000000-0000-0000-0000-000000000000"), false,
           "parameter.invalid");
}

/* --- rows --------------------------------------------------------------------------------- */

static void rows_are_found(void **state) {
    struct world *world = *state;
    static const struct {
        const char *text;
        uint8_t byte;
    } good[] = {{"11111111-1111-1111-1111-111111111111", 0x11},
                {"11111111111111111111111111111111", 0x11},
                {"P1", 0x11},
                {"p1", 0x11},
                {"Anna Snelling", 0x11},
                {"anna  SNELLING", 0x11},
                {"上海", 0x55},
                {"P2", 0x22}}; /* a code before a name */
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct value value = read_one(world, "person", value_text(good[i].text), false);
        assert_int_equal(value.bytes.size, 16);
        assert_int_equal(value.bytes.data[0], good[i].byte);
    }
    uint8_t key[16];
    memset(key, 0x33, sizeof key);
    assert_int_equal(read_one(world, "person", value_blob((struct bytes){key, 16}), true)
                         .bytes.data[0],
                     0x33);
    assert_int_equal(read_one(world, "step", value_text("begin"), false).bytes.data[0],
                     0x88);
    assert_int_equal(read_one(world, "step", value_text("BEGIN"), false).bytes.data[0],
                     0x88);
    /* A deleted row is found where it is asked for, by its id and by nothing else. */
    assert_int_equal(
        read_one(world, "anydeal", value_text("77777777777777777777777777777777"), false)
            .bytes.data[0],
        0x77);
    refuse(world, "deal", value_text("77777777777777777777777777777777"), false,
           "parameter.not_found");
    refuse(world, "anydeal", value_text("gone"), false, "parameter.not_found");
    refuse(world, "deal", value_text("gone"), false, "parameter.not_found");
    refuse(world, "step", value_text("end"), false, "parameter.not_found");
}

static void rows_may_be_missing_or_many(void **state) {
    struct world *world = *state;
    uint8_t key[16] = {0};
    refuse(world, "person", value_text("Nobody"), false, "parameter.not_found");
    assert_non_null(strstr(world->error.message, "the id, code or name of one person"));
    refuse(world, "person", value_blob((struct bytes){key, 16}), true,
           "parameter.not_found");
    refuse(world, "person", value_blob((struct bytes){key, 3}), true,
           "parameter.not_found");
    refuse(world, "person", value_text("P6"), false, "parameter.not_found");
    refuse(world, "person", value_text("00000000000000000000000000000000"), false,
           "parameter.not_found");
    refuse(world, "person", value_text("Double"), false, "parameter.ambiguous");
    assert_non_null(strstr(world->error.message,
                           "Double (22222222-2222-2222-2222-222222222222), "
                           "Double (33333333-3333-3333-3333-333333333333)"));
    assert_null(strstr(world->error.message, "more,"));
    refuse(world, "deal", value_text("d"), false, "parameter.ambiguous");
    assert_non_null(strstr(world->error.message, ", and more. Give the id."));
    assert_int_equal(read_one(world, "deal", value_text("D"), false).bytes.size, 16);
}

static void only_visible_rows_are_found(void **state) {
    struct world *world = *state;
    fixture_run(world->db, "create temp view person as select * from main.person"
                           " where code <> 'P1'");
    refuse(world, "person", value_text("P1"), false, "parameter.not_found");
    refuse(world, "person", value_text("11111111111111111111111111111111"), false,
           "parameter.not_found");
    assert_int_equal(read_one(world, "person", value_text("P2"), false).bytes.data[0],
                     0x22);
}

/* --- absence ------------------------------------------------------------------------------ */

static void defaults_stand_in(void **state) {
    struct world *world = *state;
    memset(world->context.actor.bytes, 0x11, 16);
    assert_int_equal(read_all(world, "test.defaults", NULL, 0), 0);
    assert_int_equal(world->values[0].bytes.data[0], 0x11);
    assert_true(value_equal(world->values[1], value_text("2026-11-23")));
    assert_int_equal(world->values[2].integer, FIXTURE_NOW_MS);
    assert_int_equal(world->values[3].integer, 1250);
    assert_true(value_equal(world->values[4], value_text("old")));
    assert_int_equal(world->values[5].bytes.data[0], 0x88);
    const struct argument argument = {"price", value_text("1"), false};
    assert_int_equal(read_all(world, "test.defaults", &argument, 1), 0);
    assert_int_equal(world->values[3].integer, 100);
    world->context.actor = (struct id){{0}};
    assert_int_equal(read_all(world, "test.defaults", NULL, 0), -1);
    assert_string_equal(world->error.code, "parameter.missing");
}

static void arguments_are_matched(void **state) {
    struct world *world = *state;
    assert_int_equal(read_all(world, "test.one", NULL, 0), 0);
    for (size_t i = 1; i < 13; i++)
        assert_int_equal(world->values[i].type, VALUE_NULL);
    assert_int_equal(read_all(world, "test.needs", NULL, 0), -1);
    assert_string_equal(world->error.code, "parameter.missing");
    assert_string_equal(world->error.message,
                        "text is missing: it takes a text of at most 5 characters.");
    const struct argument strange = {"txet", value_text("a"), false};
    assert_int_equal(read_all(world, "test.needs", &strange, 1), -1);
    assert_string_equal(world->error.code, "parameter.unknown");
    assert_string_equal(world->error.message,
                        "test.needs has no parameter txet; it takes: text.");
    const struct argument twice[] = {{"text", value_text("a"), false},
                                     {"text", value_text("b"), false}};
    assert_int_equal(read_all(world, "test.needs", twice, 2), -1);
    assert_string_equal(world->error.code, "parameter.repeated");
}

/* --- binding ------------------------------------------------------------------------------ */

static void values_are_bound(void **state) {
    struct world *world = *state;
    const struct operation *needs = catalogue_command(world->catalogue, "test.needs");
    sqlite3_stmt *statement = NULL;
    const struct value value = value_text("abc");
    sqlite3_prepare_v2(world->db, "select :text || :text", -1, &statement, NULL);
    assert_int_equal(parameters_bind(statement, needs, &value, &world->error), 0);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    assert_string_equal((const char *)sqlite3_column_text(statement, 0), "abcabc");
    sqlite3_finalize(statement);
    static const char *const bad[] = {"select :other", "select ?1", "select @text"};
    for (size_t i = 0; i < 3; i++) {
        sqlite3_prepare_v2(world->db, bad[i], -1, &statement, NULL);
        assert_int_equal(parameters_bind(statement, needs, &value, &world->error), -1);
        assert_string_equal(world->error.code, "catalogue.invalid");
        sqlite3_finalize(statement);
    }
}

static void every_type_says_what_it_accepts(void **state) {
    struct world *world = *state;
    const struct operation *one = catalogue_command(world->catalogue, "test.one");
    for (size_t i = 0; i < one->parameter_count; i++) {
        struct buffer text = buffer_make(400);
        parameter_accepts(&one->parameters[i], &text);
        assert_true(text.size > 5);
        if (one->parameters[i].type == PARAMETER_ENUM)
            assert_string_equal(buffer_text(&text), "one of new, old");
        buffer_free(&text);
    }
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, open_world, close_world)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(numbers_as_people_write_them),
        TEST(what_is_no_number_is_refused),
        TEST(values_as_programs_write_them),
        TEST(a_file_is_named_by_its_hash),
        TEST(texts_are_trimmed_and_counted),
        TEST(control_characters_are_no_text),
        TEST(other_types_are_read),
        TEST(rows_are_found),
        TEST(rows_may_be_missing_or_many),
        TEST(only_visible_rows_are_found),
        TEST(defaults_stand_in),
        TEST(arguments_are_matched),
        TEST(values_are_bound),
        TEST(every_type_says_what_it_accepts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
