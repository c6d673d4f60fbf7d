/*
 * An array of row objects as an aligned table on stdout. Wide characters (Chinese) take two
 * places, so that columns stay under each other.
 */
#ifndef SATCHEL_TOOLS_TABLE_H
#define SATCHEL_TOOLS_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "tools/satchel/json.h"

/* Places that UTF-8 text takes on a terminal. Call table_prepare once before. */
size_t table_width(const char *text);
void table_prepare(void); /* sets the character locale */

/* Who reads, and what: names of columns and values are looked up for the command or query ("" for none).
 * `currency` is for money in rows without a `currency` column; may be NULL. */
struct table_reader {
    const char *operation;
    const char *currency;
    bool chinese;
};

/* Prints the rows (an array of objects, or one object) with a header; "(no rows)" when empty. A single row of
 * many columns is printed as a card, line by line.
 * People see one of a pair of columns x_zh, x_en, and not the key x_id beside a column x that names the same row.
 * Returns 0, or -1 when memory is short. */
int table_print(const struct node *rows, const struct table_reader *reader);

/* One object as lines of `name: value`. */
int table_print_object(const struct node *object, const struct table_reader *reader);

#endif
