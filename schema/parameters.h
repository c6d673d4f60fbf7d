/*
 * Parameters of commands and queries: from what a person or a program wrote to a value of
 * the declared type, or to an error that names the parameter and says what is accepted.
 */
#ifndef SATCHEL_SCHEMA_PARAMETERS_H
#define SATCHEL_SCHEMA_PARAMETERS_H

#include <sqlite3.h>

#include "schema/functions.h"

/* One argument as given. `json` true: numbers, booleans and nulls come from JSON, already as a value
 * of the right kind, and a text is the JSON text of true, false, an array or an object; false: everything is text typed
 * by a person (12.50, 12.5%, 2026-11-23 10:00, yes/no). */
struct argument {
    const char *name;
    struct value value;
    bool json;
};

/* Reads all arguments of `operation`: every declared parameter gets a value in `ret_values[i]`
 * (VALUE_NULL when optional and absent; memory from `arena`). Unknown names, missing and ill-typed ones fail:
 *   parameter.unknown   parameter.missing   parameter.invalid   parameter.not_found   parameter.ambiguous   parameter.repeated
 * with `field` = the parameter's name and a message that says what is accepted. id and code parameters are
 * looked up in `db` with its visible rows (soft-deleted rows do not count for lookups by name). */
int parameters_read(sqlite3 *db, const struct function_context *context,
                    const struct operation *operation, const struct argument *arguments,
                    size_t argument_count, struct arena *arena, struct value *ret_values,
                    struct error *error);

/* Binds the values to a statement's named parameters (:name). A name in the statement that the operation
 * does not declare is a bug in the SQL: catalogue.invalid. */
int parameters_bind(sqlite3_stmt *statement, const struct operation *operation,
                    const struct value *values, struct error *error);

/* What a parameter accepts, in a few words for people: "an amount such as 1234.50". */
void parameter_accepts(const struct parameter *parameter, struct buffer *text);

#endif
