/*
 * Between parameters.c and its parts: what a person typed, as a value of one type.
 */
#ifndef SATCHEL_SCHEMA_PARAMETER_PARTS_H
#define SATCHEL_SCHEMA_PARAMETER_PARTS_H

#include "schema/parameters.h"

/* What reading one parameter needs. */
struct parameter_reading {
    sqlite3 *db;
    const struct function_context *context;
    const struct parameter *parameter;
    struct arena *arena;
    struct error *error;
};

/* --- parameter_text.c: pure ------------------------------------------------------------------ */

/* Amounts in minor units: "1,234.50", "¥12", "-3.5". */
bool parameter_text_money(struct bytes text, int64_t *ret_minor);
/* Basis points: "12.5%", or "1250" without a sign. */
bool parameter_text_bp(struct bytes text, int64_t *ret_bp);
bool parameter_text_integer(struct bytes text, int64_t *ret);
/* yes no true false 1 0 on off 是 否. */
bool parameter_text_bool(struct bytes text, int64_t *ret);
/* YYYY-MM-DD, today, yesterday, tomorrow. */
bool parameter_text_date(struct bytes text, const struct function_context *context,
                         int64_t *ret_day);
/* calendar_parse_time, now, today, or 12 to 15 digits of UTC milliseconds. */
bool parameter_text_time(struct bytes text, const struct function_context *context,
                         int64_t *ret_utc_ms);

/* --- parameter_lookup.c: rows ---------------------------------------------------------------- */

/* The key of the one visible row that `value` names (an id as blob or text, a code, a lookup
 * value), or parameter.not_found, parameter.ambiguous. */
int parameter_lookup(const struct parameter_reading *reading, struct value value,
                     struct value *ret);
/* parameter.invalid with what is accepted. Returns -1. */
int parameter_refuse(const struct parameter_reading *reading);

#endif
