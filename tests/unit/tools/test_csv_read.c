/* Reading comma-separated files: every row whole with its line, or a message with file and line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/satchel/csv_read.h"

static char path[] = "/tmp/satchel-test-csv-XXXXXX";

static int set_up(void **state) {
    int file = mkstemp(path);
    return file < 0 ? -1 : close(file);
}

static int tear_down(void **state) {
    return unlink(path);
}

static int read_bytes(const char *text, size_t size, struct sheet *ret,
                      satchel_error *error) {
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
    return sheet_read(path, ret, error);
}

static struct sheet read_text(const char *text) {
    struct sheet sheet;
    satchel_error error;
    if (read_bytes(text, strlen(text), &sheet, &error) != 0)
        fail_msg("%s", error.message);
    return sheet;
}

static void refused(const char *text, const char *code, const char *place) {
    struct sheet sheet;
    satchel_error error;
    assert_int_not_equal(read_bytes(text, strlen(text), &sheet, &error), 0);
    assert_string_equal(error.code, code);
    if (strstr(error.message, place) == NULL)
        fail_msg("no \"%s\" in: %s", place, error.message);
}

/* The place of a mistake is told by it. */
static void line_of_the_last_row(void **state) {
    struct sheet sheet = read_text("a\n1\n2");
    assert_int_equal(sheet.row_count, 2);
    assert_int_equal(sheet.rows[1].line, 3);
    sheet_free(&sheet);
    sheet = read_text("a\r1\r\n2\r3\n4");
    assert_int_equal(sheet.row_count, 4);
    assert_int_equal(sheet.rows[0].line, 1);
    assert_int_equal(sheet.rows[2].line, 2);
    assert_int_equal(sheet.rows[3].line, 3);
    sheet_free(&sheet);
}

static void lines_and_fields(void **state) {
    struct sheet sheet = read_text("a,b\n1,2\n\n\"x\ny\",\"p \"\"q\"\", r\"\n3, 4 \n");
    assert_int_equal(sheet.header.field_count, 2);
    assert_int_equal(sheet.row_count, 3);
    assert_int_equal(sheet.rows[0].line, 2);
    assert_int_equal(sheet.rows[1].line, 4);
    assert_string_equal(sheet.rows[1].fields[0], "x\ny");
    assert_string_equal(sheet.rows[1].fields[1], "p \"q\", r");
    assert_int_equal(sheet.rows[2].line, 6);
    assert_string_equal(sheet.rows[2].fields[1], "4");
    assert_int_equal(sheet_column(&sheet, "B"), 1);
    assert_int_equal(sheet_column(&sheet, "c"), -1);
    sheet_free(&sheet);
}

static void same_rows_in_other_clothes(void **state) {
    static const char *const texts[] = {
        "a,b\n1,2\n",         "a,b\n1,2",   "a,b\r\n1,2\r\n",    "\357\273\277a,b\n1,2\n",
        "a,b\r\n1,2\r\n\r\n", "a,b\r1,2\r", "\n\na,b\n,\n1,2\n", "\"a\",\"b\"\n\"1\",2\n",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct sheet sheet = read_text(texts[i]);
        assert_int_equal(sheet.row_count, 1);
        assert_string_equal(sheet.header.fields[0], "a");
        assert_string_equal(sheet.rows[0].fields[1], "2");
        sheet_free(&sheet);
    }
}

static void mistakes_have_a_line(void **state) {
    refused("", "csv.empty", "empty");
    refused("\n\n", "csv.empty", "empty");
    refused("a,b\n1,\"2\n3,4\n", "csv.syntax", "line 2");
    refused("a,b\n1,2\n3,4\"5\n", "csv.syntax", "line 3");
    refused("a,b\n1,\"2\"x\n", "csv.syntax", "line 2");
}

static void encodings(void **state) {
    satchel_error error;
    struct sheet sheet = read_text("a,b\n\xB1\xB1\xBE\xA9,2\n"); /* GB 2312 */
    assert_true(sheet.gb18030);
    assert_string_equal(sheet.rows[0].fields[0], "北京");
    sheet_free(&sheet);
    sheet = read_text("a,b\n北京,2\n");
    assert_false(sheet.gb18030);
    sheet_free(&sheet);
    refused("a,b\nCaf\xE9,2\n", "csv.encoding", "line 2, byte 4"); /* Latin-1 */
    refused("a,b\nr\xE9sum\xE9s,2\n", "csv.encoding", "line 2, byte 2");
    refused("a,b\n\xED\xA0\x80,2\n", "csv.encoding", "line 2"); /* a surrogate */
    assert_int_not_equal(read_bytes("a\0,\0", 4, &sheet, &error), 0);
    assert_string_equal(error.code, "csv.encoding");
}

static void no_file(void **state) {
    struct sheet sheet;
    satchel_error error;
    assert_int_not_equal(sheet_read("/nowhere/a.csv", &sheet, &error), 0);
    assert_string_equal(error.code, "csv.missing");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(line_of_the_last_row),
        cmocka_unit_test(lines_and_fields),
        cmocka_unit_test(same_rows_in_other_clothes),
        cmocka_unit_test(mistakes_have_a_line),
        cmocka_unit_test(encodings),
        cmocka_unit_test(no_file),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
