/*
 * Comma-separated files as the import reads them: either an error with a code and a place, or rows
 * of UTF-8 that are read as the same when they are written with every field in quotes.
 *
 * In an input the byte 0x1f and the one behind it repeat what stands in front, N times 300: so small inputs make
 * files of long fields and many columns. An empty input is a file that is not there.
 *
 * About: tools/satchel/csv_*.c
 */
#include <unistd.h>

#include "schema/base/limits.h"
#include "sync/wire.h"
#include "tests/fuzz/fuzz.h"
#include "tools/satchel/csv_read.h"

enum { ROOM = 1 << 22, REPEAT = 0x1f };

static int read_bytes(struct bytes data, struct sheet *ret, satchel_error *error) {
    char path[] = "/tmp/satchel-fuzz-csv-XXXXXX";
    int file = mkstemp(path);
    FUZZ_MUST(file >= 0);
    FUZZ_MUST(write(file, data.data, data.size) == (ssize_t)data.size);
    FUZZ_MUST(close(file) == 0);
    int rc = sheet_read(path, ret, error);
    FUZZ_MUST(unlink(path) == 0);
    return rc;
}

static void put_row(struct buffer *ret, const struct sheet_row *row) {
    for (size_t i = 0; i < row->field_count; i++) {
        FUZZ_MUST(wire_is_utf8(bytes_of_text(row->fields[i])));
        FUZZ_MUST(strlen(row->fields[i]) <= LIMIT_CSV_FIELD);
        buffer_append(ret, i ? ",\"" : "\"", i ? 2 : 1);
        for (const char *c = row->fields[i]; *c != '\0'; c++) {
            buffer_append(ret, c, 1);
            if (*c == '"') {
                buffer_append(ret, c, 1);
            }
        }
        buffer_append_byte(ret, '"');
    }
    buffer_append_byte(ret, '\n');
}

static void same_row(const struct sheet_row *a, const struct sheet_row *b) {
    FUZZ_MUST(a->field_count == b->field_count);
    for (size_t i = 0; i < a->field_count; i++) {
        FUZZ_MUST(strcmp(a->fields[i], b->fields[i]) == 0);
    }
}

static void check_again(const struct sheet *sheet) {
    struct buffer text = buffer_make(ROOM);
    struct sheet again;
    satchel_error error;
    put_row(&text, &sheet->header);
    size_t line = sheet->header.line;
    FUZZ_MUST(line > 0);
    for (size_t i = 0; i < sheet->row_count; i++) {
        FUZZ_MUST(sheet->rows[i].line >= line);
        line = sheet->rows[i].line;
        put_row(&text, &sheet->rows[i]);
    }
    FUZZ_MUST(!text.failed);
    FUZZ_MUST(read_bytes(buffer_bytes(&text), &again, &error) == 0);
    FUZZ_MUST(again.row_count == sheet->row_count);
    same_row(&sheet->header, &again.header);
    for (size_t i = 0; i < sheet->row_count; i++) {
        same_row(&sheet->rows[i], &again.rows[i]);
    }
    for (size_t i = 0; i < sheet->header.field_count; i++) {
        int found = sheet_column(sheet, sheet->header.fields[i]);
        FUZZ_MUST(found >= 0 && (size_t)found <= i);
    }
    sheet_free(&again);
    buffer_free(&text);
}

static void unfold(const uint8_t *data, size_t size, struct buffer *ret) {
    for (size_t i = 0; i < size; i++) {
        if (data[i] == REPEAT && i > 0 && i + 1 < size) {
            for (size_t n = 300 * (size_t)data[++i]; n > 0; n--) {
                buffer_append_byte(ret, ret->data[ret->size - 1]);
            }
        } else {
            buffer_append_byte(ret, data[i]);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct sheet sheet;
    satchel_error error = {0};
    struct buffer text = buffer_make(ROOM);
    unfold(data, size, &text);
    int rc = size > 0 ? read_bytes(buffer_bytes(&text), &sheet, &error)
                      : sheet_read("/nowhere/satchel.csv", &sheet, &error);
    if (rc == 0) {
        check_again(&sheet);
        FUZZ_MUST(sheet_column(&sheet, "\x01") < 0 || memchr(text.data, 1, text.size));
        sheet_free(&sheet);
    } else {
        FUZZ_MUST(strncmp(error.code, "csv.", 4) == 0);
        FUZZ_MUST(error.message[0] != '\0');
    }
    buffer_free(&text);
    return 0;
}

void fuzz_seeds(seed_function give, void *context) {
    static const char *const TEXTS[] = {
        "a,b\n1,2\n\n\"x\ny\",\"p \"\"q\"\", r\"\n3, 4 \n",
        "\xef\xbb\xbfname,phone\r\n\"Anna\",1\r\n",
        "\xb9\xab\xcb\xbe,b\n\xc9\xcf\xba\xa3,2\n",
        "name\n\"open\n",
        "a,b\n1\n",
        "x\n,\x1f\x01\n",
        "x\nb\x1f\xff\n\"c\"\n",
        "a,b\n\xff\n",
        "a\nb\"c\n",
        "a\nbb\"\n",
        "",
    };
    for (size_t i = 0; i < sizeof TEXTS / sizeof *TEXTS; i++) {
        give(context, bytes_of_text(TEXTS[i]));
    }
}
