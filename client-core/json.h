/*
 * JSON at the edge: arguments in, results out. The only file that knows jansson is json.c.
 *
 * Integers are exact over 64 bits; a number with a fraction is refused (money is integers of minor
 * units, or a text such as "12.50").
 */
#ifndef SATCHEL_CLIENT_JSON_H
#define SATCHEL_CLIENT_JSON_H

#include <sqlite3.h>

#include "schema/base/id.h"
#include "schema/base/json_text.h"
#include "schema/parameters.h"

struct argument_list {
    struct argument *items;
    size_t count;
};

/* Reads an object; NULL or blank text: no arguments. Memory from `arena`. Codes: json.invalid, json.size */
int json_read_arguments(const char *json, struct arena *arena, struct argument_list *ret,
                        struct error *error);
/* Reads an array of objects, at most LIMIT_BATCH. */
int json_read_batch(const char *json, struct arena *arena, struct argument_list **ret,
                    size_t *ret_count, struct error *error);

/* --- writing: straight into a buffer; check buffer->failed at the end -------------------------- */

void json_put_string(struct buffer *buffer, const char *text); /* NULL: null */
void json_put_integer(struct buffer *buffer, int64_t integer);
void json_put_id(struct buffer *buffer, struct id id);
/* 16-byte blobs as UUID text, other blobs as hex. */
void json_put_value(struct buffer *buffer, struct value value);
/* The same for a column of a result; a REAL is a number. */
void json_put_column(struct buffer *buffer, sqlite3_stmt *statement, int column);
/* The present row as an object. */
void json_put_row(struct buffer *buffer, sqlite3_stmt *statement);
/* A member's name and colon, with a comma before it unless it is the first of its object. */
void json_put_name(struct buffer *buffer, const char *name);
/* A comma unless this is the first of its array or object. */
void json_put_comma(struct buffer *buffer);

/* The text as a malloc'ed string that the caller owns; the buffer is empty afterwards. */
int json_take(struct buffer *buffer, char **ret, struct error *error);

#endif
