/*
 * base/: errors, bytes, ids, values, UTF-8, hashes, the outside world.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <sqlite3.h>
#include <cmocka.h>

#include "schema/base/bytes.h"
#include "schema/base/env.h"
#include "schema/base/error.h"
#include "schema/base/hash.h"
#include "schema/base/id.h"
#include "schema/base/utf8.h"
#include "schema/base/value.h"

/* --- errors ------------------------------------------------------------------------------- */

static void an_error_is_filled(void **state) {
    struct error error;
    assert_int_equal(error_set(&error, "a.b", "field", "%d is %s", 5, "odd"), -1);
    assert_string_equal(error.code, "a.b");
    assert_string_equal(error.field, "field");
    assert_string_equal(error.message, "5 is odd");
    assert_true(error_is(&error, "a.b"));
    assert_false(error_is(&error, "a"));
    assert_int_equal(error_set(NULL, "a.b", NULL, "x"), -1);
    error_clear(&error);
    assert_string_equal(error.code, "");
    assert_int_equal(error_out_of_memory(&error), -1);
    assert_string_equal(error.code, "memory");
}

static void an_error_may_quote_itself(void **state) {
    struct error error;
    error_set(&error, "a.b", NULL, "inner");
    error_set(&error, error.code, NULL, "outer: %s", error.message);
    assert_string_equal(error.message, "outer: inner");
    assert_string_equal(error.code, "a.b");
}

static void a_long_message_ends_with_a_whole_character(void **state) {
    struct error error;
    char text[700];
    memset(text, 'a', sizeof text);
    for (size_t i = 509; i + 3 < sizeof text; i += 3)
        memcpy(text + i, "中", 3);
    text[sizeof text - 1] = '\0';
    error_set(&error, "a.b", text, "%s", text);
    assert_int_equal(strlen(error.message), 509);
    assert_int_equal(strlen(error.field), 63);
    /* Whatever is quoted, a message is UTF-8. */
    error_set(&error, "a.b", NULL, "no %.4s here", "客户");
    assert_string_equal(error.message, "no 客 here");
    error_set(&error, "a.b", "\xff\xfe!", "no \xff\xc0\x80\xe5%s", "x");
    assert_string_equal(error.message, "no x");
    assert_string_equal(error.field, "!");
}

static void sqlite_failures_have_codes(void **state) {
    sqlite3 *db = NULL;
    struct error error;
    assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
    sqlite3_exec(db, "create table t (a unique); insert into t values (1)", NULL, NULL,
                 NULL);
    sqlite3_exec(db, "insert into t values (1)", NULL, NULL, NULL);
    assert_int_equal(error_from_sqlite(&error, db, "inserting"), -1);
    assert_string_equal(error.code, "database.constraint");
    assert_memory_equal(error.message, "inserting: UNIQUE", 17);
    sqlite3_exec(db, "nonsense", NULL, NULL, NULL);
    error_from_sqlite(&error, db, "parsing");
    assert_string_equal(error.code, "database.failed");
    sqlite3_exec(db, "attach '/nowhere/at/all' as other", NULL, NULL, NULL);
    error_from_sqlite(&error, db, "opening");
    assert_string_equal(error.code, "database.open");
    error_from_sqlite(&error, NULL, "opening");
    assert_string_equal(error.code, "database.memory");
    sqlite3_close(db);
}

/* --- bytes -------------------------------------------------------------------------------- */

static void bytes_are_ordered(void **state) {
    struct bytes a = bytes_of_text("ab");
    struct bytes b = bytes_of_text("abc");
    assert_int_equal(bytes_compare(a, b), -1);
    assert_int_equal(bytes_compare(b, a), 1);
    assert_int_equal(bytes_compare(a, bytes_of_text("ab")), 0);
    assert_int_equal(bytes_compare(bytes_of_text("b"), b), 1);
    assert_true(bytes_equal(a, bytes_of_text("ab")));
    assert_false(bytes_equal(a, b));
    assert_true(bytes_equal((struct bytes){NULL, 0}, bytes_of_text("")));
}

static void a_buffer_stops_at_its_maximum(void **state) {
    struct buffer buffer = buffer_make(100);
    assert_string_equal(buffer_text(&buffer), "");
    buffer_printf(&buffer, "%099d", 7);
    assert_false(buffer.failed);
    buffer_append_byte(&buffer, 'x');
    assert_false(buffer.failed);
    assert_int_equal(buffer.size, 100);
    assert_int_equal(strlen(buffer_text(&buffer)), 100);
    buffer_append_byte(&buffer, 'y');
    assert_true(buffer.failed);
    buffer_append(&buffer, "", 0);
    assert_null(buffer_extend(&buffer, 0));
    assert_int_equal(buffer.size, 100);
    buffer_reset(&buffer);
    assert_non_null(buffer_extend(&buffer, 0));
    buffer_append(&buffer, "ab", 2);
    assert_int_equal(buffer_bytes(&buffer).size, 2);
    buffer_free(&buffer);
    buffer_free(NULL);
}

static void an_arena_gives_zeroed_aligned_memory(void **state) {
    struct arena arena = arena_make(1000000);
    for (size_t size = 0; size < 5000; size += 97) {
        uint8_t *memory = arena_alloc(&arena, size);
        assert_non_null(memory);
        assert_int_equal((uintptr_t)memory % _Alignof(max_align_t), 0);
        for (size_t i = 0; i < size; i++)
            assert_int_equal(memory[i], 0);
        memset(memory, 0xff, size);
    }
    assert_string_equal(arena_text(&arena, "abcdef", 3), "abc");
    assert_non_null(arena_copy(&arena, (struct bytes){NULL, 0}).data);
    arena_reset(&arena);
    assert_int_equal(arena.used, 0);
    assert_non_null(arena_alloc(&arena, 1));
    arena_free(&arena);
    arena_free(NULL);
}

static void an_arena_stops_at_its_maximum(void **state) {
    struct arena arena = arena_make(4096);
    assert_non_null(arena_alloc(&arena, 4096));
    assert_null(arena_alloc(&arena, 1));
    assert_null(arena_copy(&arena, bytes_of_text("x")).data);
    arena_reset(&arena);
    assert_null(arena_alloc_array(&arena, SIZE_MAX / 2, 4));
    assert_null(arena_alloc(&arena, SIZE_MAX));
    assert_null(arena_text(&arena, "", SIZE_MAX));
    assert_non_null(arena_alloc_array(&arena, 4, 4));
    arena_free(&arena);
}

/* --- ids ---------------------------------------------------------------------------------- */

static void ids_follow_the_standard(void **state) {
    /* RFC 9562, appendix A.6. */
    static const uint8_t random[10] = {0x0c, 0xc3, 0x18, 0xc4, 0xdc,
                                       0x0c, 0x0c, 0x07, 0x39, 0x8f};
    char text[ID_TEXT_SIZE];
    id_format(id_v7(0x017f22e279b0, random), text);
    assert_string_equal(text, "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
    uint8_t hash[16];
    memset(hash, 0xff, sizeof hash);
    id_format(id_v8(hash), text);
    assert_string_equal(text, "ffffffff-ffff-8fff-bfff-ffffffffffff");
}

static void ids_are_read_strictly(void **state) {
    struct id a;
    struct id b;
    assert_true(id_parse("017f22e2-79b0-7cc3-98c4-dc0c0c07398f", &a));
    assert_true(id_parse("017F22E279B07CC398C4DC0C0C07398F", &b));
    assert_true(id_equal(a, b));
    assert_int_equal(id_compare(a, b), 0);
    b.bytes[15]++;
    assert_int_equal(id_compare(a, b), -1);
    assert_false(id_is_zero(a));
    assert_true(id_is_zero((struct id){{0}}));
    static const char *const bad[] = {"",
                                      "017f22e2",
                                      "017f22e2-79b0-7cc3-98c4-dc0c0c07398",
                                      "017f22e2-79b0-7cc3-98c4-dc0c0c07398g",
                                      "017f22e2079b0-7cc3-98c4-dc0c0c07398f",
                                      "-17f22e279b07cc398c4dc0c0c07398f"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(id_parse(bad[i], &a));
}

/* --- values ------------------------------------------------------------------------------- */

static void values_have_an_order(void **state) {
    struct value values[] = {value_null(),     value_integer(-5),
                             value_integer(7), value_text("a"),
                             value_text("b"),  value_blob(bytes_of_text("a"))};
    const int count = sizeof values / sizeof *values;
    for (int i = 0; i < count; i++)
        for (int k = 0; k < count; k++) {
            assert_int_equal(value_compare(values[i], values[k]), (i > k) - (i < k));
            assert_int_equal(value_equal(values[i], values[k]), i == k);
        }
}

static void values_pass_through_sqlite(void **state) {
    struct value values[] = {value_null(),
                             value_integer(INT64_MIN),
                             value_text("中\"'"),
                             value_text(""),
                             value_blob((struct bytes){NULL, 0}),
                             value_blob((struct bytes){(const uint8_t *)"a\0b", 3})};
    sqlite3 *db = NULL;
    sqlite3_stmt *statement = NULL;
    assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
    sqlite3_prepare_v2(db, "select ?1, 1.5", -1, &statement, NULL);
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        assert_int_equal(value_bind(statement, 1, values[i]), SQLITE_OK);
        assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
        assert_true(value_equal(value_of_column(statement, 0), values[i]));
        assert_true(
            value_equal(value_of_sqlite(sqlite3_column_value(statement, 0)), values[i]));
        assert_int_equal(value_of_column(statement, 1).type, VALUE_NULL); /* a REAL */
        sqlite3_reset(statement);
    }
    sqlite3_finalize(statement);
    sqlite3_close(db);
}

/* --- UTF-8 -------------------------------------------------------------------------------- */

static void utf8_is_checked(void **state) {
    assert_true(utf8_is_valid(bytes_of_text("aß中😀")));
    assert_int_equal(utf8_count(bytes_of_text("aß中😀")), 4);
    static const struct bytes bad[] = {{(const uint8_t *)"\x80", 1},
                                       {(const uint8_t *)"\xc0\x80", 2},
                                       {(const uint8_t *)"\xe0\x9f\xbf", 3},
                                       {(const uint8_t *)"\xed\xa0\x80", 3},
                                       {(const uint8_t *)"\xf4\x90\x80\x80", 4},
                                       {(const uint8_t *)"\xe4\xb8", 2},
                                       {(const uint8_t *)"\xe4\xb8z", 3},
                                       {(const uint8_t *)"\xff", 1},
                                       {(const uint8_t *)"a\0b", 3},
                                       {(const uint8_t *)"\xf0\x8f\xbf\xbf", 4}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(utf8_is_valid(bad[i]));
}

static void utf8_is_written_as_it_is_read(void **state) {
    static const uint32_t points[] = {'a',   0x7f,   0x80,    0x7ff,
                                      0x800, 0xffff, 0x10000, 0x10ffff};
    struct buffer buffer = buffer_make(100);
    for (size_t i = 0; i < sizeof points / sizeof *points; i++)
        utf8_append(&buffer, points[i]);
    size_t at = 0;
    for (size_t i = 0; i < sizeof points / sizeof *points; i++) {
        uint32_t point = 0;
        at += utf8_decode(buffer_bytes(&buffer), at, &point);
        assert_int_equal(point, points[i]);
    }
    assert_int_equal(at, buffer.size);
    assert_int_equal(utf8_decode(buffer_bytes(&buffer), at, &(uint32_t){0}), 0);
    buffer_free(&buffer);
}

/* --- hashes and the world ----------------------------------------------------------------- */

static void the_hash_is_blake2b_256(void **state) {
    /* b2sum -l 256 of "abc". */
    static const uint8_t expected[] = {0xbd, 0xdd, 0x81, 0x3c, 0x63, 0x42, 0x39, 0x72,
                                       0x31, 0x71, 0xef, 0x3f, 0xee, 0x98, 0x57, 0x9b,
                                       0x94, 0x96, 0x4e, 0x3b, 0xb1, 0xcb, 0x3e, 0x42,
                                       0x72, 0x62, 0xc8, 0xc0, 0x68, 0xd5, 0x23, 0x19};
    uint8_t whole[HASH_SIZE];
    uint8_t parts[HASH_SIZE];
    struct hash hash;
    hash_blake2b(bytes_of_text("abc"), whole);
    hash_begin(&hash);
    hash_add(&hash, bytes_of_text("a"));
    hash_add(&hash, bytes_of_text("bc"));
    hash_end(&hash, parts);
    assert_memory_equal(whole, expected, HASH_SIZE);
    assert_memory_equal(parts, expected, HASH_SIZE);
}

static void the_system_has_time_and_chance(void **state) {
    const struct env *env = env_system();
    struct id boot;
    struct id boot_again;
    uint8_t zero[32] = {0};
    uint8_t random[32] = {0};
    env->boot_id(env->context, &boot);
    env->boot_id(env->context, &boot_again);
    assert_true(id_equal(boot, boot_again));
    int64_t before = env->boot_ms(env->context);
    env->sleep_ms(env->context, 2);
    env->sleep_ms(env->context, -1);
    assert_true(env->boot_ms(env->context) > before);
    assert_true(env->wall_ms(env->context) > 1700000000000LL);
    env->random(env->context, random, sizeof random);
    assert_memory_not_equal(random, zero, sizeof zero);
    struct id first = env_new_id(env);
    assert_int_equal(first.bytes[6] >> 4, 7);
    assert_false(id_equal(first, env_new_id(env)));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_error_is_filled),
        cmocka_unit_test(an_error_may_quote_itself),
        cmocka_unit_test(a_long_message_ends_with_a_whole_character),
        cmocka_unit_test(sqlite_failures_have_codes),
        cmocka_unit_test(bytes_are_ordered),
        cmocka_unit_test(a_buffer_stops_at_its_maximum),
        cmocka_unit_test(an_arena_gives_zeroed_aligned_memory),
        cmocka_unit_test(an_arena_stops_at_its_maximum),
        cmocka_unit_test(ids_follow_the_standard),
        cmocka_unit_test(ids_are_read_strictly),
        cmocka_unit_test(values_have_an_order),
        cmocka_unit_test(values_pass_through_sqlite),
        cmocka_unit_test(utf8_is_checked),
        cmocka_unit_test(utf8_is_written_as_it_is_read),
        cmocka_unit_test(the_hash_is_blake2b_256),
        cmocka_unit_test(the_system_has_time_and_chance),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
