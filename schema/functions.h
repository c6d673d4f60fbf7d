/*
 * The SQL functions that the domain may call (schema/README.md lists them), and the text
 * comparisons they stand on.
 */
#ifndef SATCHEL_SCHEMA_FUNCTIONS_H
#define SATCHEL_SCHEMA_FUNCTIONS_H

#include <sqlite3.h>

#include "schema/base/env.h"
#include "schema/catalogue.h"

/* Who is acting, where and when. One per database connection; the owner of the connection
 * changes it between transactions. Must outlive the connection. */
struct function_context {
    const struct env *env;
    const struct catalogue *catalogue;
    struct id actor;
    struct id device;
    char device_code[16];
    role_set roles; /* of the actor, under the ceiling */
    int64_t now_ms; /* constant within a transaction */
    int64_t
        utc_offset_minutes; /* for today(): of the actor's branch, else of the machine */
    struct error refusal;   /* filled by require(), cleared by whoever reads it */
    /* apply_cell(): writes a kept cell value back. NULL where that is not possible. */
    int (*apply_cell)(struct function_context *context, const struct table *table,
                      struct bytes row_key, const struct column *cell, struct bytes value,
                      struct error *error);
    void *owner; /* of whoever set apply_cell */
    sqlite3 *db; /* set by functions_register */
};

/* Registers all functions on `db`. */
int functions_register(sqlite3 *db, struct function_context *context,
                       struct error *error);

/* The 16-byte UUIDv8 that text_key(name) gives: the first 16 bytes of BLAKE2b-256 over
 * "satchel" NUL name. */
struct id functions_text_key(struct bytes name);

/* a x b / c, rounded half away from zero, in exact integers. False on overflow or c = 0. */
bool functions_mul_div(int64_t a, int64_t b, int64_t c, int64_t *ret);

#endif
