/*
 * Quoting and neutralising.
 */
#include "tools/satchel/csv_write.h"

#include <string.h>

#include "schema/base/limits.h"
#include "tools/satchel/format.h"

/* -12, +3.50, -1.5% are numbers and stay as they are. */
static bool is_signed_number(const char *text) {
    size_t digits = strspn(text + 1, "0123456789");
    const char *rest = text + 1 + digits;
    if (*rest == '.')
        rest += 1 + strspn(rest + 1, "0123456789");
    if (*rest == '%')
        rest++;
    return digits > 0 && *rest == '\0';
}

static bool is_dangerous(const char *text) {
    if (text[0] == '\0' || strchr("=+-@\t\r", text[0]) == NULL)
        return false;
    return !((text[0] == '-' || text[0] == '+') && is_signed_number(text));
}

void csv_write_raw_cell(FILE *file, const char *text) {
    if (strpbrk(text, ",\"\r\n") == NULL) {
        fputs(text, file);
        return;
    }
    putc('"', file);
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '"')
            putc('"', file);
        putc(*c, file);
    }
    putc('"', file);
}

void csv_write_cell(FILE *file, const char *text) {
    if (!is_dangerous(text)) {
        csv_write_raw_cell(file, text);
        return;
    }
    struct buffer safe = buffer_make(LIMIT_ROW_SIZE);
    buffer_printf(&safe, "'%s", text);
    csv_write_raw_cell(file, buffer_text(&safe));
    buffer_free(&safe);
}

static void write_header(FILE *file, const struct node *row) {
    void *state = NULL;
    const char *name, *separator = "";
    const struct node *value;
    struct buffer title = buffer_make(LIMIT_TEXT);
    while (node_next(row, &state, &name, &value)) {
        buffer_reset(&title);
        format_sheet_title(&title, name);
        fputs(separator, file);
        csv_write_cell(file, buffer_text(&title));
        separator = ",";
    }
    buffer_free(&title);
    putc('\n', file);
}

static int write_row(FILE *file, const struct node *row, const char *currency) {
    const char *own = node_text(node_member(row, "currency"));
    struct buffer text = buffer_make(LIMIT_ROW_SIZE);
    void *state = NULL;
    const char *name, *separator = "";
    const struct node *value;
    while (!text.failed && node_next(row, &state, &name, &value)) {
        buffer_reset(&text);
        format_value(&text, format_kind(name), value, own != NULL ? own : currency,
                     FORMAT_SHEET);
        fputs(separator, file);
        csv_write_cell(file, buffer_text(&text));
        separator = ",";
    }
    putc('\n', file);
    int rc = text.failed ? -1 : 0;
    buffer_free(&text);
    return rc;
}

int csv_write_rows(FILE *file, const struct node *rows, const char *currency, bool bom) {
    int rc = 0;
    if (bom)
        fputs("\xEF\xBB\xBF", file);
    if (node_count(rows) > 0)
        write_header(file, node_at(rows, 0));
    for (size_t i = 0; i < node_count(rows) && rc == 0; i++)
        rc = write_row(file, node_at(rows, i), currency);
    return rc;
}
