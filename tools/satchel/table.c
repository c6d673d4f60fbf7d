/*
 * Lays rows out: first all cells as text, then the widths, then the lines. Columns are those of the
 * first row (a query's rows all have the same). On a terminal long texts are cut with an ellipsis;
 * into a file or pipe everything goes out whole.
 */
#define _XOPEN_SOURCE 700 /* wcwidth */
#include "tools/satchel/table.h"

#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>

#include "schema/base/limits.h"
#include "tools/satchel/format.h"
#include "tools/satchel/vocabulary.h"
#include "tools/satchel/words.h"

enum { CARD_COLUMNS = 10, TERMINAL_CELL = 48, LIMIT_TABLE_COLUMNS = 256 };

struct layout {
    size_t column_count;
    const char *names[LIMIT_TABLE_COLUMNS];
    enum column_kind kinds[LIMIT_TABLE_COLUMNS];
    bool right[LIMIT_TABLE_COLUMNS]; /* numbers stand on the right */
    size_t widths[LIMIT_TABLE_COLUMNS];
    size_t row_count; /* without the header */
    char **cells;     /* (row_count + 1) * column_count, the header first */
};

void table_prepare(void) {
    if (setlocale(LC_CTYPE, "") == NULL || strcmp(nl_langinfo(CODESET), "UTF-8") != 0)
        setlocale(LC_CTYPE, "C.UTF-8");
}

/* The character at `text` (its bytes in *ret_size) and the places it takes. */
static size_t character_width(const char *text, size_t left, size_t *ret_size) {
    mbstate_t state;
    memset(&state, 0, sizeof state);
    wchar_t wide;
    size_t size = mbrtowc(&wide, text, left, &state);
    *ret_size = size == 0 || size > left ? 1 : size;
    if (*ret_size != size)
        return 1;
    int width = wcwidth(wide);
    return width < 0 ? 1 : (size_t)width;
}

size_t table_width(const char *text) {
    size_t left = strlen(text), width = 0;
    while (left > 0) {
        size_t size;
        width += character_width(text, left, &size);
        text += size;
        left -= size;
    }
    return width;
}

/* Cuts to `limit` places, the last of them an ellipsis. Control characters become blanks. */
static char *clean(const char *text, size_t limit) {
    bool cut = limit > 0 && table_width(text) > limit;
    size_t left = strlen(text), used = 0, out = 0;
    char *result = malloc(left + sizeof "…");
    if (result == NULL)
        return NULL;
    while (left > 0) {
        size_t size, width = character_width(text, left, &size);
        if (cut && used + width > limit - 1)
            break;
        memcpy(result + out, text, size);
        if (size == 1 && (unsigned char)result[out] < ' ')
            result[out] = ' ';
        out += size;
        used += width;
        text += size;
        left -= size;
    }
    if (cut) {
        memcpy(result + out, "…", strlen("…"));
        out += strlen("…");
    }
    result[out] = '\0';
    return result;
}

static bool ends_with(const char *name, const char *ending) {
    size_t length = strlen(name);
    size_t tail = strlen(ending);
    return length > tail && strcmp(name + length - tail, ending) == 0;
}

/* Is there a column named as this one, with `ending` in the place of its last `tail` characters? */
static bool has_sibling(const struct node *row, const char *name, size_t tail,
                        const char *ending) {
    char sibling[LIMIT_NAME + 8];
    int size = snprintf(sibling, sizeof sibling, "%.*s%s", (int)(strlen(name) - tail),
                        name, ending);
    return size > 0 && (size_t)size < sizeof sibling && node_member(row, sibling) != NULL;
}

static bool is_shown(const struct node *row, const char *name, bool chinese) {
    if (ends_with(name, "_zh") && has_sibling(row, name, 3, "_en"))
        return chinese;
    if (ends_with(name, "_en") && has_sibling(row, name, 3, "_zh"))
        return !chinese;
    return !(ends_with(name, "_id") && has_sibling(row, name, 3, ""));
}

static void read_columns(struct layout *layout, const struct node *row, bool chinese) {
    void *state = NULL;
    const char *name;
    const struct node *value;
    while (layout->column_count < LIMIT_TABLE_COLUMNS &&
           node_next(row, &state, &name, &value)) {
        if (!is_shown(row, name, chinese))
            continue;
        size_t i = layout->column_count++;
        layout->names[i] = name;
        layout->kinds[i] = format_kind(name);
        layout->right[i] = true;
    }
}

/* A column's name in the reader's language. */
static void append_title(struct buffer *text, const struct table_reader *reader,
                         const char *name) {
    const char *chinese =
        reader->chinese ? vocabulary_column(reader->operation, name) : NULL;
    if (chinese != NULL)
        buffer_printf(text, "%s", chinese);
    else
        format_title(text, name);
}

static void append_value(struct buffer *text, const struct table_reader *reader,
                         const char *name, const struct node *value,
                         const char *own_currency) {
    const char *chinese = reader->chinese && node_kind(value) == NODE_TEXT
                              ? vocabulary_value(name, node_text(value))
                              : NULL;
    if (chinese != NULL)
        buffer_printf(text, "%s", chinese);
    else
        format_value(text, format_kind(name), value,
                     own_currency != NULL ? own_currency : reader->currency,
                     FORMAT_PEOPLE);
}

static char *title_cell(const struct table_reader *reader, const char *name) {
    struct buffer text = buffer_make(LIMIT_TEXT);
    append_title(&text, reader, name);
    char *cell = text.failed ? NULL : strdup(buffer_text(&text));
    buffer_free(&text);
    return cell;
}

static char *value_cell(struct layout *layout, size_t column, const struct node *row,
                        const struct table_reader *reader, size_t limit) {
    const struct node *value = node_member(row, layout->names[column]);
    const char *own = node_text(node_member(row, "currency"));
    if (node_kind(value) == NODE_TEXT)
        layout->right[column] = false;
    struct buffer text = buffer_make(LIMIT_ROW_SIZE);
    append_value(&text, reader, layout->names[column], value, own);
    char *cell = text.failed ? NULL : clean(buffer_text(&text), limit);
    buffer_free(&text);
    return cell;
}

static int fill(struct layout *layout, const struct node *rows,
                const struct table_reader *reader) {
    size_t limit = isatty(STDOUT_FILENO) ? TERMINAL_CELL : 0;
    for (size_t row = 0; row <= layout->row_count; row++) {
        for (size_t column = 0; column < layout->column_count; column++) {
            char *cell = row == 0 ? title_cell(reader, layout->names[column])
                                  : value_cell(layout, column, node_at(rows, row - 1),
                                               reader, limit);
            if (cell == NULL)
                return -1;
            layout->cells[row * layout->column_count + column] = cell;
            size_t width = table_width(cell);
            if (width > layout->widths[column])
                layout->widths[column] = width;
        }
    }
    return 0;
}

static void print_cell(const char *cell, size_t width, bool right, bool last) {
    int padding = (int)(width - table_width(cell));
    if (right)
        printf("%*s%s", padding, "", cell);
    else
        printf("%s%*s", cell, last ? 0 : padding, "");
    fputs(last ? "\n" : "  ", stdout);
}

static void print_rule(const struct layout *layout) {
    for (size_t column = 0; column < layout->column_count; column++) {
        for (size_t i = 0; i < layout->widths[column]; i++)
            putchar('-');
        fputs(column + 1 == layout->column_count ? "\n" : "  ", stdout);
    }
}

static void print_layout(const struct layout *layout) {
    for (size_t row = 0; row <= layout->row_count; row++) {
        for (size_t column = 0; column < layout->column_count; column++)
            print_cell(layout->cells[row * layout->column_count + column],
                       layout->widths[column], layout->right[column],
                       column + 1 == layout->column_count);
        if (row == 0)
            print_rule(layout);
    }
}

static void free_layout(struct layout *layout) {
    if (layout->cells != NULL)
        for (size_t i = 0; i < (layout->row_count + 1) * layout->column_count; i++)
            free(layout->cells[i]);
    free(layout->cells);
}

int table_print(const struct node *rows, const struct table_reader *reader) {
    if (node_kind(rows) == NODE_OBJECT)
        return table_print_object(rows, reader);
    if (node_count(rows) == 0) {
        puts(word("(no rows)"));
        return 0;
    }
    if (node_count(rows) == 1 && node_count(node_at(rows, 0)) > CARD_COLUMNS)
        return table_print_object(node_at(rows, 0), reader);
    struct layout layout;
    memset(&layout, 0, sizeof layout);
    layout.row_count = node_count(rows);
    read_columns(&layout, node_at(rows, 0), reader->chinese);
    layout.cells =
        calloc((layout.row_count + 1) * layout.column_count + 1, sizeof(char *));
    int rc = layout.cells == NULL ? -1 : fill(&layout, rows, reader);
    if (rc == 0)
        print_layout(&layout);
    free_layout(&layout);
    return rc;
}

int table_print_object(const struct node *object, const struct table_reader *reader) {
    const char *own = node_text(node_member(object, "currency"));
    struct buffer text = buffer_make(LIMIT_JSON);
    void *state = NULL;
    const char *name;
    const struct node *value;
    while (node_next(object, &state, &name, &value)) {
        if (!is_shown(object, name, reader->chinese))
            continue;
        append_title(&text, reader, name);
        buffer_printf(&text, reader->chinese ? "：" : ": ");
        append_value(&text, reader, name, value, own);
        buffer_printf(&text, "\n");
    }
    int rc = text.failed ? -1 : 0;
    if (rc == 0)
        fputs(buffer_text(&text), stdout);
    buffer_free(&text);
    return rc;
}
