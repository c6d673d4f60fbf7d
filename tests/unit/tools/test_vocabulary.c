/*
 * Chinese for fields, values and errors: every entry is found, the more particular one first.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tools/satchel/vocabulary.h"

static void every_entry_is_found(void **state) {
    (void)state;
    static const struct vocabulary *const all[] = {
        &vocabulary_columns, &vocabulary_errors, &vocabulary_values};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        assert_true(all[i]->count > 100);
        for (size_t k = 0; k < all[i]->count; k++)
            assert_ptr_equal(vocabulary_find(all[i], all[i]->entries[k].key),
                             all[i]->entries[k].chinese);
        assert_null(vocabulary_find(all[i], ""));
        assert_null(vocabulary_find(all[i], "no.such.word"));
        assert_null(vocabulary_find(all[i], "~"));
    }
}

static void a_column_by_query_name_and_bare_name(void **state) {
    (void)state;
    assert_string_equal(vocabulary_column("customer.list", "name"), "客户名称");
    assert_string_equal(vocabulary_column("branch.list", "name"), "名称");
    assert_string_equal(vocabulary_column("", "amount_minor"), "金额");
    assert_string_equal(vocabulary_column("", "owner_id"), "负责人");
    assert_string_equal(vocabulary_column("", "overdue_days"), "逾期天数");
    assert_string_equal(vocabulary_column("", "overdue"), "逾期");
    assert_null(vocabulary_column("", "nothing_days"));
    assert_null(vocabulary_column("", "_days"));
    char longest[4096];
    memset(longest, 'a', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    assert_null(vocabulary_column(longest, longest));
}

static void values_and_errors(void **state) {
    (void)state;
    char text[256];
    assert_string_equal(vocabulary_value("state", "open"), "进行中");
    assert_null(vocabulary_value("state", "opened"));
    assert_null(vocabulary_value("name", "open"));
    assert_string_equal(
        vocabulary_error("", "parameter.missing", "customer", text, sizeof text),
        "请填写“客户”。");
    assert_string_equal(
        vocabulary_error("", "parameter.missing", "zz", text, sizeof text),
        "请填写“zz”。");
    assert_string_equal(vocabulary_error("", "session.missing", "", text, sizeof text),
                        "请先登录。");
    assert_string_equal(
        vocabulary_error("customer.assign", "parameter.missing", "to", text, sizeof text),
        "请填写“新负责人”。");
    assert_null(vocabulary_error("", "no.such", "", text, sizeof text));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_entry_is_found),
        cmocka_unit_test(a_column_by_query_name_and_bare_name),
        cmocka_unit_test(values_and_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
