/*
 * The SQL functions that C gives to the domain.
 *
 * Functions whose answer holds for a whole transaction (now_ms, today, actor, device,
 * has_role) are registered as deterministic, so that SQLite asks them once per statement and
 * not once per row: they must not stand in an index. require, new_id and apply_cell may not
 * stand in views: what they do must be seen in the command.
 */
#include "schema/functions.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "schema/base/hash.h"
#include "schema/calendar.h"
#include "schema/search.h"
#include "schema/text.h"

/* --- the pure parts ----------------------------------------------------------------------- */

struct id functions_text_key(struct bytes name) {
    static const uint8_t domain[] = "satchel"; /* with its NUL */
    uint8_t digest[HASH_SIZE];
    struct hash hash;
    hash_begin(&hash);
    hash_add(&hash, (struct bytes){domain, sizeof domain});
    hash_add(&hash, name);
    hash_end(&hash, digest);
    return id_v8(digest);
}

__extension__ typedef __int128 wide;

bool functions_mul_div(int64_t a, int64_t b, int64_t c, int64_t *ret) {
    if (c == 0)
        return false;
    wide product = (wide)a * b;
    wide divisor = c;
    bool negative = (product < 0) != (divisor < 0);
    wide magnitude = product < 0 ? -product : product;
    wide size = divisor < 0 ? -divisor : divisor;
    wide rounded =
        (magnitude + size / 2) / size; /* half away from zero for odd and even */
    if (negative)
        rounded = -rounded;
    if (rounded > INT64_MAX || rounded < INT64_MIN)
        return false;
    *ret = (int64_t)rounded;
    return true;
}

/* --- helpers ------------------------------------------------------------------------------ */

static struct function_context *context_of(sqlite3_context *sql) {
    return sqlite3_user_data(sql);
}

static void result_id(sqlite3_context *sql, struct id id) {
    sqlite3_result_blob(sql, id.bytes, ID_SIZE, SQLITE_TRANSIENT);
}

/* The signed-in user and the station: NULL when nobody is. */
static void result_known_id(sqlite3_context *sql, struct id id) {
    if (!id_is_zero(id))
        result_id(sql, id);
}

/* Fails the statement and leaves the reason where the executor of commands finds it. */
static void refuse(sqlite3_context *sql, const struct error *error) {
    context_of(sql)->refusal = *error;
    sqlite3_result_error(sql, error->message[0] ? error->message : error->code, -1);
}

static void result_buffer(sqlite3_context *sql, struct buffer *buffer) {
    if (buffer->failed)
        sqlite3_result_error_nomem(sql);
    else
        sqlite3_result_text64(sql, buffer_text(buffer), buffer->size, SQLITE_TRANSIENT,
                              SQLITE_UTF8);
    buffer_free(buffer);
}

/* --- who, where, when --------------------------------------------------------------------- */

static void sql_new_id(sqlite3_context *sql, int count, sqlite3_value **values) {
    (void)count;
    (void)values;
    struct function_context *context = context_of(sql);
    uint8_t random[10];
    context->env->random(context->env->context, random, sizeof random);
    result_id(sql, id_v7(context->now_ms, random));
}

static void sql_now_ms(sqlite3_context *sql, int count, sqlite3_value **values) {
    (void)count;
    (void)values;
    sqlite3_result_int64(sql, context_of(sql)->now_ms);
}

static void sql_today(sqlite3_context *sql, int count, sqlite3_value **values) {
    (void)count;
    (void)values;
    struct function_context *context = context_of(sql);
    char text[CALENDAR_DATE_SIZE];
    calendar_format_date(calendar_day(context->now_ms, context->utc_offset_minutes),
                         text);
    sqlite3_result_text(sql, text, -1, SQLITE_TRANSIENT);
}

static void sql_actor(sqlite3_context *sql, int count, sqlite3_value **values) {
    (void)count;
    (void)values;
    result_known_id(sql, context_of(sql)->actor);
}

static void sql_device(sqlite3_context *sql, int count, sqlite3_value **values) {
    (void)count;
    (void)values;
    result_known_id(sql, context_of(sql)->device);
}

static void sql_device_code(sqlite3_context *sql, int count, sqlite3_value **values) {
    (void)count;
    (void)values;
    sqlite3_result_text(sql, context_of(sql)->device_code, -1, SQLITE_TRANSIENT);
}

static void sql_has_role(sqlite3_context *sql, int count, sqlite3_value **values) {
    (void)count;
    struct function_context *context = context_of(sql);
    const char *name = (const char *)sqlite3_value_text(values[0]);
    role_set role = name ? catalogue_role(context->catalogue, name) : 0;
    if (role == 0)
        sqlite3_result_error(sql, "has_role: there is no such role", -1);
    else
        sqlite3_result_int(sql, (context->roles & role) != 0);
}

/* --- require ------------------------------------------------------------------------------ */

static const char *text_of(sqlite3_value *value) {
    const char *text = (const char *)sqlite3_value_text(value);
    return text ? text : "";
}

static void sql_require(sqlite3_context *sql, int count, sqlite3_value **values) {
    if (count < 2 || count > 4) {
        sqlite3_result_error(sql, "require wants (condition, code, field, message)", -1);
        return;
    }
    if (sqlite3_value_double(values[0]) != 0.0) { /* NULL counts as false */
        sqlite3_result_int(sql, 1);
        return;
    }
    struct error error;
    const char *code = text_of(values[1]);
    error_set(&error, code[0] ? code : "command.refused",
              count > 2 ? text_of(values[2]) : "", "%s",
              count > 3 ? text_of(values[3]) : "");
    refuse(sql, &error);
}

/* --- texts and numbers -------------------------------------------------------------------- */

static void sql_text_key(sqlite3_context *sql, int count, sqlite3_value **values) {
    (void)count;
    struct value value = value_of_sqlite(values[0]);
    if (value.type == VALUE_TEXT)
        result_id(sql, functions_text_key(value.bytes));
    else if (value.type != VALUE_NULL)
        sqlite3_result_error(sql, "text_key wants a text", -1);
}

static void sql_mul_div(sqlite3_context *sql, int count, sqlite3_value **values) {
    for (int i = 0; i < count; i++) {
        if (sqlite3_value_type(values[i]) == SQLITE_NULL)
            return;
        if (sqlite3_value_type(values[i]) != SQLITE_INTEGER) {
            sqlite3_result_error(sql, "mul_div wants integers", -1);
            return;
        }
    }
    int64_t divisor = sqlite3_value_int64(values[2]);
    int64_t result;
    if (divisor == 0)
        return; /* as with /, dividing by zero is NULL */
    if (functions_mul_div(sqlite3_value_int64(values[0]), sqlite3_value_int64(values[1]),
                          divisor, &result)) {
        sqlite3_result_int64(sql, result);
        return;
    }
    struct error error;
    error_set(&error, "number.overflow", NULL, "A number became too large.");
    refuse(sql, &error);
}

static void result_text_of(sqlite3_context *sql, sqlite3_value *value,
                           void (*make)(struct bytes text, struct buffer *buffer)) {
    const void *data = sqlite3_value_text(value); /* numbers are read as their text */
    if (!data)
        return;
    struct bytes text = {data, (size_t)sqlite3_value_bytes(value)};
    struct buffer buffer = buffer_make(text.size); /* neither makes a text longer */
    make(text, &buffer);
    result_buffer(sql, &buffer);
}

static void sql_fold(sqlite3_context *sql, int count, sqlite3_value **values) {
    (void)count;
    result_text_of(sql, values[0], text_fold);
}

static void sql_digits(sqlite3_context *sql, int count, sqlite3_value **values) {
    (void)count;
    result_text_of(sql, values[0], text_digits);
}

/* --- apply_cell --------------------------------------------------------------------------- */

static const struct column *cell_of(const struct table *table, int64_t number) {
    if (!table || number < 1 || number >= LIMIT_COLUMNS)
        return NULL;
    const struct column *column = table->by_number[number];
    return column && column->key_position == 0 ? table->by_number[column->cell] : NULL;
}

static void sql_apply_cell(sqlite3_context *sql, int count, sqlite3_value **values) {
    (void)count;
    struct function_context *context = context_of(sql);
    struct error error = {0};
    int64_t number = sqlite3_value_int64(values[0]);
    const struct table *table =
        number > 0 ? catalogue_table_number(context->catalogue, (uint64_t)number) : NULL;
    const struct column *cell = cell_of(table, sqlite3_value_int64(values[2]));
    struct value key = value_of_sqlite(values[1]);
    struct value value = value_of_sqlite(values[3]);
    if (!cell || key.type != VALUE_BLOB || key.bytes.size != table->key_count * ID_SIZE ||
        value.type != VALUE_BLOB)
        error_set(&error, "cell.unknown", NULL, "There is no such cell.");
    else if (!context->apply_cell)
        error_set(&error, "cell.unavailable", NULL, "Cells cannot be written back here.");
    else if (context->apply_cell(context, table, key.bytes, cell, value.bytes, &error) ==
             0) {
        sqlite3_result_int(sql, 1);
        return;
    }
    refuse(sql, &error);
}

/* --- all of them -------------------------------------------------------------------------- */

enum { PURE = SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS, DIRECT = SQLITE_DIRECTONLY };

static const struct {
    const char *name;
    int arguments;
    int flags;
    void (*function)(sqlite3_context *sql, int count, sqlite3_value **values);
} functions[] = {
    {"new_id", 0, DIRECT, sql_new_id},
    {"now_ms", 0, PURE, sql_now_ms},
    {"today", 0, PURE, sql_today},
    {"actor", 0, PURE, sql_actor},
    {"device", 0, PURE, sql_device},
    {"device_code", 0, PURE, sql_device_code},
    {"has_role", 1, PURE, sql_has_role},
    {"require", -1, DIRECT, sql_require},
    {"text_key", 1, PURE, sql_text_key},
    {"mul_div", 3, PURE, sql_mul_div},
    {"fold", 1, PURE, sql_fold},
    {"digits", 1, PURE, sql_digits},
    {"apply_cell", 4, DIRECT, sql_apply_cell},
};

int functions_register(sqlite3 *db, struct function_context *context,
                       struct error *error) {
    assert(context->env && context->catalogue);
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        int rc = sqlite3_create_function_v2(db, functions[i].name, functions[i].arguments,
                                            SQLITE_UTF8 | functions[i].flags, context,
                                            functions[i].function, NULL, NULL, NULL);
        if (rc != SQLITE_OK)
            return error_from_sqlite(error, db, "registering SQL functions");
    }
    context->db = db;
    return search_register(db, error);
}
