/*
 * A neutral value: what a cell can hold and what travels.
 *
 * There is no floating point on purpose: money, rates, quantities and positions are scaled
 * integers, so that every station computes the same figures to the last digit.
 */
#ifndef SATCHEL_SCHEMA_BASE_VALUE_H
#define SATCHEL_SCHEMA_BASE_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "schema/base/bytes.h"

enum value_type { VALUE_NULL, VALUE_INTEGER, VALUE_TEXT, VALUE_BLOB };

struct value {
    enum value_type type;
    int64_t integer;
    struct bytes bytes; /* VALUE_TEXT (valid UTF-8, not terminated) and VALUE_BLOB */
};

struct value value_null(void);
struct value value_integer(int64_t integer);
struct value value_text(const char *text);         /* borrows */
struct value value_text_bytes(struct bytes bytes); /* borrows */
struct value value_blob(struct bytes bytes);       /* borrows */
bool value_equal(struct value a, struct value b);
/* null < integer < text < blob; within a type the natural order. */
int value_compare(struct value a, struct value b);

struct sqlite3_stmt;
struct sqlite3_value;
/* Binds at 1-based `index`; text and blob are not copied (SQLITE_STATIC): the memory must
 * outlive the step. Returns the SQLite code. */
int value_bind(struct sqlite3_stmt *statement, int index, struct value value);
/* Reads a column or function argument; text and blob are borrowed from SQLite until the next step. A
 * REAL reads as VALUE_NULL (no synced column may hold one). */
struct value value_of_column(struct sqlite3_stmt *statement, int column);
struct value value_of_sqlite(struct sqlite3_value *value);

#endif
