/*
 * Searching as people type: what is found, what is not, and hostile texts.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "schema/base/limits.h"
#include "schema/pinyin.h"
#include "schema/search.h"
#include "tests/support/fixture.h"
#include "tests/support/lacking.h"

#define BY_READING (LACKING(READINGS) ? "0" : "1")

enum { OTHER_READINGS = 220 }; /* lines of the table in pinyin.c */

static int open_search(void **state) {
    *state = search_open();
    return *state ? 0 : -1;
}

static int close_search(void **state) {
    search_close(*state);
    return 0;
}

static bool found(void **state, const char *needle, const char *text) {
    assert_int_equal(search_for(*state, bytes_of_text(needle)), 0);
    int rc = search_in(*state, bytes_of_text(text));
    assert_true(rc == 0 || rc == 1);
    return rc == 1;
}

struct sample {
    const char *text;
    const char *needles; /* divided by | */
};

static void check_all(void **state, const struct sample *samples, size_t count,
                      bool expected) {
    int failures = 0;
    for (size_t i = 0; i < count; i++) {
        char copy[512];
        char *rest = copy;
        snprintf(copy, sizeof copy, "%s", samples[i].needles);
        for (char *needle = strsep(&rest, "|"); needle; needle = strsep(&rest, "|"))
            if (found(state, needle, samples[i].text) != expected) {
                failures++;
                print_error("\"%s\" in %s: %s expected\n", needle, samples[i].text,
                            expected ? "found" : "not found");
            }
    }
    assert_int_equal(failures, 0);
}

#define CHECK(samples, expected) \
    check_all(state, samples, sizeof(samples) / sizeof *(samples), expected)

static void names_are_found_by_their_characters(void **state) {
    static const struct sample samples[] = {
        {"李明朗", "李|明|朗|李明|明朗|李明朗"},
        {"启明科技有限公司", "科技|技有|启|启明科技有限公司"},
        {"上海（浦东）分公司", "浦东|分公司"},
        {"GTX项目二期", "gtx|二期"},
        {"GTX Pro", "gtx|pro|gtxpro|gtx pro|Ｇtx p|X PRO|tx"},
        {"Müller & Söhne", "müller|MÜLLER|söhne|ller"},
        {"ООО Ромашка", "ромаш|РОМАШКА"},
    };
    CHECK(samples, true);
}

static void names_are_found(void **state) {
    if (LACKING(READINGS))
        skip();
    static const struct sample samples[] = {
        {"李明朗",
         "l|li|lm|lml|liml|liming|limingl|lming|lml|lminglang|"
         "li ming lang|li ming|limi|LML|ｌｍｌ|ming|minglang|mlang|lang|la|李ml|李明l|l明朗"},
        {"启明科技有限公司", "qmkj|qiming|qimingkeji|kejiyou|gongs|gs|qi ming|启mkj"},
        {"上海（浦东）分公司", "shpd|shanghaipudong|pdf|hpd"},
        {"GTX项目二期", "gtxxm|gtx|gtxxiangmu|xm|gtx项|GTX 项目|xmeq"},
        {"西安宏远", "xian|xi an|xi'an|xahy|xiahy|hongyuan"},
        {"吕布", "lvbu|lubu|lü|lb|lv|lu"},
        {"李 明朗", "lml|limi"},
    };
    CHECK(samples, true);
}

static void what_is_not_there_is_not_found(void **state) {
    static const struct sample samples[] = {
        {"李明朗",
         "lang li|lmm|limingm|iming|ming li|朗明|lmlx|lzm|李朗|x|0|li ang|l iming"},
        {"先生", "xi an|xi'an"},
        {"GTX Pro", "gp|gxp|prog|c++|gtx!"},
        {"Acme", "ae|acmé|c++"},
        {"中文", "%|_|*|文中"},
    };
    CHECK(samples, false);
}

static void digits_are_found_in_numbers(void **state) {
    static const struct sample there[] = {
        {"+86 139-0001-2233",
         "2233|139|13900012233|0001-22|139 0001 2233|(86) 139|+86139|１３９"},
        {"010-88886666", "88886666|6666|0108|8888 6666"},
        {"SO-A1-0042", "0042|a1|so-a1|42"},
    };
    static const struct sample absent[] = {
        {"+86 139-0001-2233", "2234|a2233|99|#2233"},
        {"no digits", "1|0"},
    };
    CHECK(there, true);
    CHECK(absent, false);
}

static void names_with_other_readings(void **state) {
    if (LACKING(READINGS))
        skip();
    static const struct sample samples[] = {
        {"单田芳", "shan|dan|stf"},
        {"曾国藩", "zeng|zgf"},
        {"解放", "xie|jie"},
        {"仇英", "qiu|chou"},
        {"查良镛", "zha|cha"},
        {"朴先生", "piao|pu"},
        {"区先生", "ou|qu"},
        {"任正非", "ren|rzf"},
        {"盖先生", "ge|gai"},
        {"乐先生", "yue|le"},
        {"重庆银行", "chongqing|cqyh|zhongqing|yinhang"},
        {"厦门", "xiamen|xm|sm"},
        {"长沙", "changsha|zhangsha"},
    };
    CHECK(samples, true);
}

/* Every entry of the table must be reachable: it is searched by code point. */
static void the_table_of_readings_is_in_order(void **state) {
    (void)state;
    if (LACKING(READINGS))
        skip();
    struct pinyin *pinyin = pinyin_open();
    const char *readings[PINYIN_READINGS];
    size_t others = 0;
    for (uint32_t point = 0x3400; point <= 0x9fff; point++) {
        size_t count = pinyin_readings(pinyin, point, readings);
        others += count > 1;
        for (size_t i = 0; i < count; i++) {
            assert_true(strlen(readings[i]) >= 1 && strlen(readings[i]) <= 6);
            for (size_t k = 0; k < i; k++)
                assert_string_not_equal(readings[i], readings[k]);
        }
    }
    assert_int_equal(others, OTHER_READINGS);
    assert_int_equal(pinyin_readings(pinyin, 'a', readings), 0);
    assert_int_equal(pinyin_readings(pinyin, 0x20000, readings), 0);
    pinyin_close(pinyin);
}

static void empty_ones(void **state) {
    assert_true(found(state, "", "anything"));
    assert_true(found(state, "  ", ""));
    assert_false(found(state, "a", ""));
    assert_false(found(state, "李", ""));
}

/* Long, ill-formed and built to be slow: an answer, soon. */
static void hostile_texts(void **state) {
    enum { LONG = 300000 };
    char *text = malloc(LONG + 1);
    char needle[LIMIT_SEARCH_ITEMS + 2];
    assert_non_null(text);
    for (size_t i = 0; i + 3 <= LONG; i += 3)
        memcpy(text + i, "阿", 4);
    memset(needle, 'a', sizeof needle);
    needle[LIMIT_SEARCH_ITEMS] = '\0';
    assert_int_equal(found(state, needle, text), !LACKING(READINGS));
    needle[LIMIT_SEARCH_ITEMS - 1] = 'z';
    assert_false(found(state, needle, text));
    needle[LIMIT_SEARCH_ITEMS - 1] = 'a';
    needle[LIMIT_SEARCH_ITEMS] = 'a';
    needle[LIMIT_SEARCH_ITEMS + 1] = '\0';
    assert_false(found(state, needle, text)); /* too long to be pinyin */
    assert_true(found(state, text, text));
    static const char *const broken[] = {"\xff\xfe", "\xe6\x9d", "\xf0\x9f\x98\x80",
                                         "\xc3", "\xed\xa0\x80"};
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        snprintf(text, LONG, "李%s明", broken[i]);
        assert_true(found(state, broken[i], text));
        (void)found(state, "lm", text);
        snprintf(text, LONG, "l%sm", broken[i]);
        assert_false(found(state, text, "李明"));
    }
    uint32_t seed = 20261123;
    for (int round = 0; round < 2000; round++) {
        char noise[48];
        for (size_t i = 0; i < sizeof noise; i++) {
            seed = seed * 1664525 + 1013904223;
            noise[i] = (char)(seed >> 24);
        }
        noise[24] = noise[47] = '\0';
        (void)found(state, noise, noise + 25);
    }
    free(text);
}

static void in_sql(void **state) {
    (void)state;
    struct function_context context;
    struct catalogue *catalogue = fixture_catalogue(NULL);
    sqlite3 *db = fixture_database(catalogue, &context);
    char room[512];
    const char *const questions[][2] = {
        {"select search_matches('lml', '李明朗')", BY_READING},
        {"select search_matches('lml', null, '张三', '李明朗')", BY_READING},
        {"select search_matches('明朗', null, '张三', '李明朗')", "1"},
        {"select search_matches('lml', null, '张三')", "0"},
        {"select search_matches(null, 'a')", "1"},
        {"select search_matches('', null)", "0"},
        {"select search_matches(12, 5123)", "1"},
        {"select group_concat(column1) from (values ('李明'), ('王芳'), ('明木'))"
         " where search_matches('明', column1)",
         "李明,明木"},
    };
    for (size_t i = 0; i < sizeof questions / sizeof *questions; i++)
        assert_string_equal(fixture_text(db, questions[i][0], room), questions[i][1]);
    sqlite3_stmt *statement = NULL;
    assert_int_equal(sqlite3_exec(db, "select search_matches('a')", NULL, NULL, NULL),
                     SQLITE_ERROR);
    /* Neither in a view nor in an index, where another version of ICU would be wrong. */
    fixture_run(db, "create table t (a text)");
    assert_int_equal(sqlite3_exec(db, "create index i on t (search_matches('a', a))",
                                  NULL, NULL, NULL),
                     SQLITE_ERROR);
    fixture_run(db, "create view v as select search_matches('a', a) as b from t");
    assert_int_equal(sqlite3_prepare_v2(db, "select b from v", -1, &statement, NULL),
                     SQLITE_ERROR);
    sqlite3_finalize(statement);
    sqlite3_close(db);
    catalogue_free(catalogue);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_found_by_their_characters),
        cmocka_unit_test(names_are_found),
        cmocka_unit_test(what_is_not_there_is_not_found),
        cmocka_unit_test(digits_are_found_in_numbers),
        cmocka_unit_test(names_with_other_readings),
        cmocka_unit_test(the_table_of_readings_is_in_order),
        cmocka_unit_test(empty_ones),
        cmocka_unit_test(hostile_texts),
        cmocka_unit_test(in_sql),
    };
    return cmocka_run_group_tests(tests, open_search, close_search);
}
