/*
 * The only file that knows libcsv. It is fed line by line, so that every row and every mistake has a line
 * number; strict mode, so that a stray or unclosed quote is a mistake and not a guess.
 */
#include "tools/satchel/csv_read.h"

#include <csv.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "schema/base/limits.h"
#include "tools/satchel/csv_text.h"
#include "tools/satchel/problem.h"

enum { LIMIT_CSV_COLUMNS = 256 };

struct reader {
    struct sheet *sheet;
    size_t row_capacity;
    char *fields[LIMIT_CSV_COLUMNS]; /* of the row being read */
    size_t field_count;
    size_t row_line; /* where the row being read began */
    size_t line;
    const char *failure; /* what went wrong in a callback */
};

/* Grows *array to hold one more of `size` bytes. */
static bool make_room(void **array, size_t *capacity, size_t count, size_t size) {
    if (count < *capacity)
        return true;
    size_t wanted = *capacity == 0 ? 64 : *capacity * 2;
    void *grown = realloc(*array, wanted * size);
    if (grown == NULL)
        return false;
    *array = grown;
    *capacity = wanted;
    return true;
}

static void take_field(void *text, size_t length, void *context) {
    struct reader *reader = context;
    if (reader->failure != NULL)
        return;
    if (length > LIMIT_CSV_FIELD)
        reader->failure = "a field is longer than 65536 bytes";
    else if (reader->field_count == LIMIT_CSV_COLUMNS)
        reader->failure = "a row has more than 256 fields";
    else if ((reader->fields[reader->field_count] = strndup(text, length)) == NULL)
        reader->failure = "memory is short";
    else
        reader->field_count++;
}

/* A row of nothing but commas says as little as a blank line. */
static bool is_blank(const struct reader *reader) {
    for (size_t i = 0; i < reader->field_count; i++)
        if (reader->fields[i][0] != '\0')
            return false;
    return true;
}

static void drop_fields(struct reader *reader) {
    for (size_t i = 0; i < reader->field_count; i++)
        free(reader->fields[i]);
    reader->field_count = 0;
}

/* Moves the fields read into `row`. */
static bool keep_row(struct reader *reader, struct sheet_row *row) {
    char **fields = malloc((reader->field_count + 1) * sizeof *fields);
    if (fields == NULL)
        return false;
    memcpy(fields, reader->fields, reader->field_count * sizeof *fields);
    *row = (struct sheet_row){
        .line = reader->row_line, .field_count = reader->field_count, .fields = fields};
    reader->field_count = 0;
    return true;
}

static bool keep_data_row(struct reader *reader) {
    struct sheet *sheet = reader->sheet;
    void *rows = sheet->rows;
    bool room =
        make_room(&rows, &reader->row_capacity, sheet->row_count, sizeof *sheet->rows);
    sheet->rows = rows;
    if (!room || !keep_row(reader, &sheet->rows[sheet->row_count]))
        return false;
    sheet->row_count++;
    return true;
}

static void take_row(int terminator, void *context) {
    (void)terminator;
    struct reader *reader = context;
    struct sheet *sheet = reader->sheet;
    if (reader->failure != NULL)
        return;
    if (is_blank(reader))
        drop_fields(reader);
    else if (sheet->row_count == LIMIT_CSV_ROWS)
        reader->failure = "the file has more than 5000000 rows";
    else if (sheet->header.fields == NULL ? !keep_row(reader, &sheet->header)
                                          : !keep_data_row(reader))
        reader->failure = "memory is short";
    reader->row_line = reader->line; /* another one may follow a carriage return */
}

static int syntax_error(const struct reader *reader, size_t column,
                        satchel_error *error) {
    const char *path = reader->sheet->path;
    if (reader->failure != NULL)
        return problem_set(error, "csv.syntax", path, "%s, line %zu: %s.", path,
                           reader->line, reader->failure);
    return problem_set(
        error, "csv.syntax", path,
        "%s, line %zu, byte %zu: a quote inside a field; put the whole field in quotes "
        "and double those inside (\"\").",
        path, reader->line, column);
}

static int parse_lines(struct csv_parser *parser, struct reader *reader, const char *text,
                       size_t size, satchel_error *error) {
    size_t start = 0;
    while (start < size) {
        const char *newline = memchr(text + start, '\n', size - start);
        size_t length =
            newline != NULL ? (size_t)(newline - text) + 1 - start : size - start;
        reader->line++;
        if (reader->row_line == 0)
            reader->row_line = reader->line;
        size_t taken =
            csv_parse(parser, text + start, length, take_field, take_row, reader);
        if (taken != length || reader->failure != NULL)
            return syntax_error(reader, taken + 1, error);
        if (newline != NULL && reader->field_count == 0 && !parser->quoted)
            reader->row_line = 0; /* the next row begins on another line */
        start += length;
    }
    return 0;
}

static int finish(struct csv_parser *parser, struct reader *reader,
                  satchel_error *error) {
    const char *path = reader->sheet->path;
    size_t began = reader->row_line;
    if (csv_fini(parser, take_field, take_row, reader) != 0)
        return problem_set(
            error, "csv.syntax", path,
            "%s, line %zu: a quote is opened in the row that begins here and never "
            "closed.",
            path, began);
    if (reader->failure != NULL)
        return syntax_error(reader, 1, error);
    if (reader->sheet->header.fields == NULL)
        return problem_set(error, "csv.empty", path,
                           "%s is empty; its first line names the columns.", path);
    return 0;
}

/* Parses all of `text` into reader->sheet. */
static int parse(struct reader *reader, const char *text, size_t size,
                 satchel_error *error) {
    struct csv_parser parser;
    if (csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI | CSV_APPEND_NULL) != 0)
        return problem_out_of_memory(error);
    int rc = parse_lines(&parser, reader, text, size, error);
    if (rc == 0)
        rc = finish(&parser, reader, error);
    csv_free(&parser);
    drop_fields(reader);
    return rc;
}

int sheet_read(const char *path, struct sheet *ret, satchel_error *error) {
    struct sheet sheet = {.path = path};
    char *text = NULL;
    size_t size = 0;
    int rc = csv_text_read(path, &text, &size, &sheet.gb18030, error);
    if (rc != 0)
        return rc;
    struct reader *reader = calloc(1, sizeof *reader);
    if (reader != NULL) {
        reader->sheet = &sheet;
        rc = parse(reader, text, size, error);
    } else {
        rc = problem_out_of_memory(error);
    }
    free(reader);
    free(text);
    if (rc == 0)
        *ret = sheet;
    else
        sheet_free(&sheet);
    return rc;
}

static void free_row(struct sheet_row *row) {
    for (size_t i = 0; i < row->field_count; i++)
        free(row->fields[i]);
    free(row->fields);
}

void sheet_free(struct sheet *sheet) {
    free_row(&sheet->header);
    for (size_t i = 0; i < sheet->row_count; i++)
        free_row(&sheet->rows[i]);
    free(sheet->rows);
    *sheet = (struct sheet){.path = NULL};
}

int sheet_column(const struct sheet *sheet, const char *name) {
    for (size_t i = 0; i < sheet->header.field_count; i++)
        if (strcasecmp(sheet->header.fields[i], name) == 0)
            return (int)i;
    return -1;
}
