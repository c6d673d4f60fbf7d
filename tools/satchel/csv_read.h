/*
 * Comma-separated files in: read whole, checked whole, before anybody uses a row.
 *
 * UTF-8 with or without byte order mark, else GB18030. CRLF or LF, quoted commas, quotes and line breaks, a
 * missing newline at the end and blank lines are all fine. Blanks around unquoted fields go.
 */
#ifndef SATCHEL_TOOLS_CSV_READ_H
#define SATCHEL_TOOLS_CSV_READ_H

#include <satchel.h>
#include <stdbool.h>
#include <stddef.h>

struct sheet_row {
    size_t line; /* where the row begins, from 1 */
    size_t field_count;
    char **fields;
};

struct sheet {
    const char *path; /* borrowed */
    bool gb18030;     /* it was not UTF-8 */
    struct sheet_row header;
    size_t row_count;
    struct sheet_row *rows;
};

/* Errors name file, line and column: csv.missing, csv.read, csv.size, csv.encoding, csv.syntax, csv.empty.
 * Free with sheet_free after success. */
int sheet_read(const char *path, struct sheet *ret, satchel_error *error);
void sheet_free(struct sheet *sheet); /* an empty one is fine */

/* The place of a column by name (case and blanks around do not matter), or -1. */
int sheet_column(const struct sheet *sheet, const char *name);

#endif
