/* How values look to people, by the suffix of their column. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tools/satchel/format.h"
#include "tools/satchel/table.h"

static void looks(const char *column, const char *value, const char *currency,
                  enum format_style style, const char *expected) {
    struct buffer text = buffer_make(1024);
    struct node *node = node_read(value, NULL, 0);
    assert_non_null(node);
    format_value(&text, format_kind(column), node, currency, style);
    assert_string_equal(buffer_text(&text), expected);
    node_release(node);
    buffer_free(&text);
}

static void money(void **state) {
    looks("won_amount_minor", "1000553400", "USD", FORMAT_PEOPLE, "10,005,534.00");
    looks("won_amount_minor", "1000553400", "USD", FORMAT_SHEET, "10005534.00");
    looks("amount_minor", "-5", NULL, FORMAT_PEOPLE, "-0.05");
    looks("amount_minor", "123456", "JPY", FORMAT_PEOPLE, "123,456");
    looks("amount_minor", "123456", "KWD", FORMAT_PEOPLE, "123.456");
    looks("amount_minor", "-9223372036854775808", "USD", FORMAT_SHEET,
          "-92233720368547758.08");
}

static void other_kinds(void **state) {
    looks("win_rate_bp", "6315", NULL, FORMAT_PEOPLE, "63.15 %");
    looks("win_rate_bp", "5", NULL, FORMAT_SHEET, "0.05%");
    looks("line_qty", "2500", NULL, FORMAT_PEOPLE, "2.5");
    looks("line_qty", "3000", NULL, FORMAT_PEOPLE, "3");
    looks("closed_on", "\"2017-03-01\"", NULL, FORMAT_PEOPLE, "2017-03-01");
    looks("owner_id", "\"01a2097d-4aac-7a51-bcf3-86ad1de01115\"", NULL, FORMAT_PEOPLE,
          "…1de01115");
    looks("id", "\"01a2097d-4aac-7a51-bcf3-86ad1de01115\"", NULL, FORMAT_SHEET,
          "01a2097d-4aac-7a51-bcf3-86ad1de01115");
    looks("count", "8800", NULL, FORMAT_PEOPLE, "8800");
    looks("name", "null", NULL, FORMAT_PEOPLE, "");
    looks("active", "true", NULL, FORMAT_PEOPLE, "yes");
}

static void times_are_local(void **state) {
    assert_int_equal(setenv("TZ", "Asia/Shanghai", 1), 0);
    tzset();
    looks("closed_at", "0", NULL, FORMAT_PEOPLE, "1970-01-01 08:00");
    looks("closed_at", "-1", NULL, FORMAT_PEOPLE, "1970-01-01 07:59");
}

static void titles(void **state) {
    static const char *const cases[][3] = {
        {"won_amount_minor", "won amount", "won_amount"},
        {"win_rate_bp", "win rate", "win_rate"},
        {"closed_at", "closed", "closed_at"},
        {"owner_id", "owner id", "owner_id"},
        {"id", "id", "id"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buffer text = buffer_make(64);
        format_title(&text, cases[i][0]);
        assert_string_equal(buffer_text(&text), cases[i][1]);
        buffer_reset(&text);
        format_sheet_title(&text, cases[i][0]);
        assert_string_equal(buffer_text(&text), cases[i][2]);
        buffer_free(&text);
    }
}

static void widths(void **state) {
    table_prepare();
    assert_int_equal(table_width("abc"), 3);
    assert_int_equal(table_width("李明朗"), 6);
    assert_int_equal(table_width("a…é"), 3);
    assert_int_equal(table_width("\xff!"), 2); /* what is no UTF-8 still takes a place */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(money),           cmocka_unit_test(other_kinds),
        cmocka_unit_test(times_are_local), cmocka_unit_test(titles),
        cmocka_unit_test(widths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
