/* Dates, numbers and names as a file writes them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "tools/satchel/import_text.h"
#include "tools/satchel/name_map.h"
#include "tools/satchel/nearest.h"

static void dates(void **state) {
    assert_true(import_text_is_date("2017-03-01"));
    assert_true(import_text_is_date("2016-02-29"));
    assert_true(import_text_is_date("2000-02-29"));
    static const char *const wrong[] = {
        "",           "2017-02-29", "1900-02-29", "2017-13-01", "2017-00-10",
        "2017-01-32", "2017-01-00", "17-01-01",   "2017/01/01", "2017-1-1",
        "01-01-2017", "2017-01-0a", "2017-01-01 "};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_false(import_text_is_date(wrong[i]));
}

static void numbers(void **state) {
    static const struct {
        const char *text;
        int decimals;
        int64_t millionths; /* -1: refused */
    } cases[] = {
        {"1054", 2, 1054000000},
        {"0", 2, 0},
        {"1100.04", 2, 1100040000},
        {"1,054", 2, 1054000000},
        {"1,234,567.5", 2, 1234567500000},
        {"12.500", 2, 12500000},
        {"0.000001", 6, 1},
        {"999999999999", 0, 999999999999000000},
        {"", 2, -1},
        {"-5", 2, -1},
        {"12.345", 2, -1},
        {"1,05", 2, -1},
        {"1234,567", 2, -1},
        {",123", 2, -1},
        {"1,", 2, -1},
        {"1e3", 2, -1},
        {"$5", 2, -1},
        {"1000000000000", 2, -1},
        {"1 000", 2, -1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t number = -1;
        bool read = import_text_number(cases[i].text, cases[i].decimals, &number);
        assert_int_equal(read, cases[i].millionths >= 0);
        assert_int_equal(number, cases[i].millionths);
    }
}

static void integers(void **state) {
    int64_t number = 0;
    assert_true(import_text_integer("1996", 1000, 3000, &number));
    assert_int_equal(number, 1996);
    assert_false(import_text_integer("999", 1000, 3000, &number));
    assert_false(import_text_integer("3001", 1000, 3000, &number));
    assert_false(import_text_integer("1996.5", 1000, 3000, &number));
}

static void distances(void **state) {
    assert_int_equal(nearest_distance("technolgy", "technology"), 1);
    assert_int_equal(nearest_distance("Philipines", "philippines"), 1);
    assert_int_equal(nearest_distance("opportunity.wni", "opportunity.win"), 1);
    assert_int_equal(nearest_distance("", "abc"), 3);
    assert_int_equal(nearest_distance("same", "same"), 0);
    static const char *const words[] = {"sync", "story", "status"};
    assert_string_equal(nearest_of("snyc", words, 3, 2), "sync");
    assert_null(nearest_of("frobnicate", words, 3, 2));
    static const char *const twins[] = {"bat", "cat"};
    assert_null(nearest_of("hat", twins, 2, 2)); /* equally near */
}

static void names(void **state) {
    struct name_map map = name_map_make(false);
    assert_null(name_map_find(&map, "GTX Pro"));
    assert_true(name_map_add(&map, "GTX Pro", "1"));
    assert_true(name_map_add(&map, "gtxpro", "2")); /* there already */
    assert_true(name_map_add(&map, "technology", "3"));
    assert_int_equal(map.count, 2);
    assert_string_equal(name_map_find(&map, " gtx  PRO")->name, "GTX Pro");
    assert_string_equal(name_map_find(&map, "GTXPro")->value, "1");
    assert_string_equal(name_map_nearest(&map, "technolgy", 2), "technology");
    assert_null(
        name_map_nearest(&map, "GTY", 2)); /* a quarter of three letters is none */
    name_map_free(&map);

    struct name_map exact = name_map_make(true);
    assert_true(name_map_add(&exact, "abc", NULL));
    assert_null(name_map_find(&exact, "ABC"));
    assert_non_null(name_map_find(&exact, "abc"));
    name_map_free(&exact);
}

static void many_names(void **state) {
    static char texts[3000][8];
    struct name_map map = name_map_make(true);
    for (size_t i = 0; i < 3000; i++) {
        texts[i][0] = (char)('a' + i % 26);
        texts[i][1] = (char)('a' + i / 26 % 26);
        texts[i][2] = (char)('a' + i / 676 % 26);
        assert_true(name_map_add(&map, texts[i], texts[i]));
    }
    assert_int_equal(map.count, 3000);
    for (size_t i = 0; i < 3000; i++)
        assert_ptr_equal(name_map_find(&map, texts[i])->value, texts[i]);
    name_map_free(&map);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dates),    cmocka_unit_test(numbers),
        cmocka_unit_test(integers), cmocka_unit_test(distances),
        cmocka_unit_test(names),    cmocka_unit_test(many_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
