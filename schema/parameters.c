/*
 * Parameters: matching arguments with what is declared, reading each by its type, binding.
 */
#include "schema/parameters.h"

#include <stdio.h>
#include <string.h>

#include "schema/base/hash.h"
#include "schema/base/id.h"
#include "schema/base/utf8.h"
#include "schema/calendar.h"
#include "schema/parameter_parts.h"
#include "schema/text.h"

/* --- what is accepted --------------------------------------------------------------------- */

static void accepts_row(const struct parameter *parameter, struct buffer *text) {
    const struct table *table = parameter->table;
    if (parameter->type == PARAMETER_CODE) {
        buffer_printf(text, "the code of a row of %s", table->name);
        return;
    }
    buffer_printf(text, "the id");
    for (size_t i = 0; i < table->lookup_count; i++)
        buffer_printf(text, "%s%s", i + 1 == table->lookup_count ? " or " : ", ",
                      table->lookup[i]->name);
    buffer_printf(text, " of one %s", table->name);
}

static void accepts_choice(const struct parameter *parameter, struct buffer *text) {
    buffer_printf(text, "one of");
    for (const char **choice = parameter->choices; *choice; choice++)
        buffer_printf(text, "%s %s", choice == parameter->choices ? "" : ",", *choice);
}

void parameter_accepts(const struct parameter *parameter, struct buffer *text) {
    switch (parameter->type) {
    case PARAMETER_ID:
    case PARAMETER_CODE:
        accepts_row(parameter, text);
        return;
    case PARAMETER_NEWID:
        buffer_printf(text, "a new UUID, or nothing");
        return;
    case PARAMETER_TEXT:
        buffer_printf(text, "a text of at most %lld characters",
                      (long long)parameter->maximum);
        return;
    case PARAMETER_INT:
        buffer_printf(text, "a whole number from %lld to %lld",
                      (long long)parameter->minimum, (long long)parameter->maximum);
        return;
    case PARAMETER_MONEY:
        buffer_printf(text, "an amount such as 1234.50, up to 99,999,999,999.99");
        return;
    case PARAMETER_BP:
        buffer_printf(text, "a rate such as 12.5%%, or basis points");
        return;
    case PARAMETER_BOOL:
        buffer_printf(text, "yes or no");
        return;
    case PARAMETER_DATE:
        buffer_printf(text, "a date such as 2026-11-23");
        return;
    case PARAMETER_TIME:
        buffer_printf(text, "a time such as 2026-11-23 10:00");
        return;
    case PARAMETER_ENUM:
        accepts_choice(parameter, text);
        return;
    case PARAMETER_JSON:
        buffer_printf(text, "a JSON array or object");
        return;
    case PARAMETER_FILE:
        buffer_printf(text, "the hash of a file on this station, 64 hexadecimal digits");
        return;
    }
}

int parameter_refuse(const struct parameter_reading *reading) {
    struct buffer accepts = buffer_make(400);
    const char *name = reading->parameter->name;
    parameter_accepts(reading->parameter, &accepts);
    error_set(reading->error, "parameter.invalid", name, "%s takes %s.", name,
              buffer_text(&accepts));
    buffer_free(&accepts);
    return -1;
}

/* --- one value ---------------------------------------------------------------------------- */

static int keep_bytes(const struct parameter_reading *reading, struct value value,
                      struct value *ret) {
    value.bytes = arena_copy(reading->arena, value.bytes);
    if (!value.bytes.data)
        return error_out_of_memory(reading->error);
    *ret = value;
    return 0;
}

static int keep_id(const struct parameter_reading *reading, struct id id,
                   struct value *ret) {
    return keep_bytes(reading, value_blob((struct bytes){id.bytes, ID_SIZE}), ret);
}

static int read_new_id(const struct parameter_reading *reading, struct value value,
                       struct value *ret) {
    char text[ID_TEXT_SIZE];
    struct id id;
    if (value.type == VALUE_BLOB && value.bytes.size == ID_SIZE) {
        memcpy(id.bytes, value.bytes.data, ID_SIZE);
        return id_is_zero(id) ? parameter_refuse(reading)
                              : keep_bytes(reading, value, ret);
    }
    if (value.type != VALUE_TEXT || value.bytes.size >= sizeof text)
        return parameter_refuse(reading);
    memcpy(text, value.bytes.data, value.bytes.size);
    text[value.bytes.size] = '\0';
    return id_parse(text, &id) && !id_is_zero(id) ? keep_id(reading, id, ret)
                                                  : parameter_refuse(reading);
}

/* What moves the cursor, changes the terminal or turns the writing around; lines and tabs are text. */
static bool is_control(uint32_t point, uint8_t next) {
    if (point == '\n' || point == '\t' || (point == '\r' && next == '\n'))
        return false;
    return point < 0x20 || (point >= 0x7f && point < 0xa0) ||
           (point >= 0x202a && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069);
}

static bool has_control(struct bytes text) {
    uint32_t point = 0;
    for (size_t at = 0; at < text.size;) {
        size_t length = utf8_decode(text, at, &point);
        if (length == 0)
            return true;
        at += length;
        if (is_control(point, at < text.size ? text.data[at] : 0))
            return true;
    }
    return false;
}

static int refuse_control(const struct parameter_reading *reading) {
    const char *name = reading->parameter->name;
    return error_set(reading->error, "parameter.invalid", name,
                     "%s holds a control character; it takes letters, digits, signs, new "
                     "lines and tabs.",
                     name);
}

static int read_text(const struct parameter_reading *reading, struct value value,
                     struct value *ret) {
    if (value.type != VALUE_TEXT || value.bytes.size > LIMIT_TEXT ||
        utf8_count(value.bytes) > (size_t)reading->parameter->maximum)
        return parameter_refuse(reading);
    return has_control(value.bytes) ? refuse_control(reading)
                                    : keep_bytes(reading, value, ret);
}

static int read_choice(const struct parameter_reading *reading, struct value value,
                       struct value *ret) {
    for (const char **choice = reading->parameter->choices; *choice; choice++) {
        if (value.type != VALUE_TEXT || !bytes_equal(value.bytes, bytes_of_text(*choice)))
            continue;
        *ret = value_text(*choice); /* the catalogue's memory */
        return 0;
    }
    return parameter_refuse(reading);
}

static int read_date(const struct parameter_reading *reading, struct value value,
                     struct value *ret) {
    int64_t day;
    char text[CALENDAR_DATE_SIZE];
    if (value.type != VALUE_TEXT ||
        !parameter_text_date(value.bytes, reading->context, &day))
        return parameter_refuse(reading);
    calendar_format_date(day, text);
    return keep_bytes(reading, value_text(text), ret);
}

/* SQLite will read it with json_each, so SQLite says whether it can. */
static int read_json(const struct parameter_reading *reading, struct value value,
                     struct value *ret) {
    sqlite3_stmt *statement = NULL;
    if (value.type != VALUE_TEXT || value.bytes.size > LIMIT_JSON)
        return parameter_refuse(reading);
    if (sqlite3_prepare_v2(reading->db,
                           "select case when json_valid(?1) then json_type(?1) end in"
                           " ('array', 'object')",
                           -1, &statement, NULL) != SQLITE_OK)
        return error_from_sqlite(reading->error, reading->db, "preparing to read JSON");
    value_bind(statement, 1, value);
    bool valid =
        sqlite3_step(statement) == SQLITE_ROW && sqlite3_column_int(statement, 0) == 1;
    sqlite3_finalize(statement);
    return valid ? keep_bytes(reading, value, ret) : parameter_refuse(reading);
}

/* The name of a file's bytes. Whether they are here is for the station to say. */
static int read_file(const struct parameter_reading *reading, struct value value,
                     struct value *ret) {
    uint8_t hash[HASH_SIZE];
    if (value.type != VALUE_TEXT || !hash_parse(value.bytes, hash))
        return parameter_refuse(reading);
    return keep_bytes(reading, value_blob((struct bytes){hash, sizeof hash}), ret);
}

/* The types that end as an integer, from text. */
static bool read_integer_text(const struct parameter_reading *reading, struct bytes text,
                              int64_t *ret) {
    switch (reading->parameter->type) {
    case PARAMETER_INT:
        return parameter_text_integer(text, ret);
    case PARAMETER_MONEY:
        return parameter_text_money(text, ret);
    case PARAMETER_BP:
        return parameter_text_bp(text, ret);
    case PARAMETER_BOOL:
        return parameter_text_bool(text, ret);
    case PARAMETER_TIME:
        return parameter_text_time(text, reading->context, ret);
    default:
        return false;
    }
}

static int read_number(const struct parameter_reading *reading, struct value value,
                       struct value *ret) {
    const struct parameter *parameter = reading->parameter;
    int64_t number = value.integer;
    if (value.type == VALUE_TEXT && !read_integer_text(reading, value.bytes, &number))
        return parameter_refuse(reading);
    if (value.type != VALUE_TEXT && value.type != VALUE_INTEGER)
        return parameter_refuse(reading);
    bool range = parameter->type == PARAMETER_INT;
    if (range && (number < parameter->minimum || number > parameter->maximum))
        return parameter_refuse(reading);
    if (parameter->type == PARAMETER_MONEY &&
        (number < -LIMIT_MONEY || number > LIMIT_MONEY))
        return parameter_refuse(reading);
    if (parameter->type == PARAMETER_BOOL && number != 0 && number != 1)
        return parameter_refuse(reading);
    *ret = value_integer(number);
    return 0;
}

static int read_typed(const struct parameter_reading *reading, struct value value,
                      struct value *ret) {
    switch (reading->parameter->type) {
    case PARAMETER_ID:
    case PARAMETER_CODE:
        return parameter_lookup(reading, value, ret);
    case PARAMETER_NEWID:
        return read_new_id(reading, value, ret);
    case PARAMETER_TEXT:
        return read_text(reading, value, ret);
    case PARAMETER_ENUM:
        return read_choice(reading, value, ret);
    case PARAMETER_DATE:
        return read_date(reading, value, ret);
    case PARAMETER_JSON:
        return read_json(reading, value, ret);
    case PARAMETER_FILE:
        return read_file(reading, value, ret);
    default:
        return read_number(reading, value, ret);
    }
}

/* --- absent ones -------------------------------------------------------------------------- */

static int refuse_missing(const struct parameter_reading *reading) {
    struct buffer accepts = buffer_make(400);
    const char *name = reading->parameter->name;
    parameter_accepts(reading->parameter, &accepts);
    error_set(reading->error, "parameter.missing", name, "%s is missing: it takes %s.",
              name, buffer_text(&accepts));
    buffer_free(&accepts);
    return -1;
}

static int read_default(const struct parameter_reading *reading, struct value *ret) {
    const char *text = reading->parameter->default_text;
    if (reading->parameter->type == PARAMETER_ID && strcmp(text, "me") == 0) {
        struct id actor = reading->context->actor;
        return id_is_zero(actor) ? refuse_missing(reading) : keep_id(reading, actor, ret);
    }
    return read_typed(reading, value_text(text), ret);
}

static int read_absent(const struct parameter_reading *reading, struct value *ret) {
    const struct parameter *parameter = reading->parameter;
    const struct env *env = reading->context->env;
    if (parameter->type == PARAMETER_NEWID) {
        uint8_t random[10];
        env->random(env->context, random, sizeof random);
        return keep_id(reading, id_v7(reading->context->now_ms, random), ret);
    }
    if (parameter->default_text)
        return read_default(reading, ret);
    *ret = value_null();
    return parameter->optional ? 0 : refuse_missing(reading);
}

/* --- all of them -------------------------------------------------------------------------- */

static int find_parameter(const struct operation *operation, const char *name) {
    for (size_t i = 0; i < operation->parameter_count; i++)
        if (strcmp(operation->parameters[i].name, name) == 0)
            return (int)i;
    return -1;
}

static int refuse_unknown(const struct operation *operation, const char *name,
                          struct error *error) {
    struct buffer names = buffer_make(400);
    for (size_t i = 0; i < operation->parameter_count; i++)
        buffer_printf(&names, "%s%s", i ? ", " : "", operation->parameters[i].name);
    error_set(error, "parameter.unknown", name, "%s has no parameter %s; it takes: %s.",
              operation->name, name,
              operation->parameter_count ? buffer_text(&names) : "none");
    buffer_free(&names);
    return -1;
}

/* Which argument belongs to which parameter; NULL where there is none. */
static int match(const struct operation *operation, const struct argument *arguments,
                 size_t count, const struct argument *ret_matched[LIMIT_PARAMETERS],
                 struct error *error) {
    for (size_t i = 0; i < count; i++) {
        int index = find_parameter(operation, arguments[i].name);
        if (index < 0)
            return refuse_unknown(operation, arguments[i].name, error);
        if (ret_matched[index])
            return error_set(error, "parameter.repeated", arguments[i].name,
                             "%s is given twice.", arguments[i].name);
        ret_matched[index] = &arguments[i];
    }
    return 0;
}

/* Whether the argument is no text but JSON's true, false, array or object, and those are not taken. */
static bool is_foreign_json(const struct parameter *parameter,
                            const struct argument *argument) {
    return argument && argument->json && argument->value.type == VALUE_TEXT &&
           parameter->type != PARAMETER_JSON && parameter->type != PARAMETER_BOOL;
}

/* NULL and blank text are the same as no argument. */
static int read_argument(const struct parameter_reading *reading,
                         const struct argument *argument, struct value *ret) {
    struct value value = argument ? argument->value : value_null();
    if (value.type == VALUE_TEXT) {
        if (!utf8_is_valid(value.bytes))
            return error_set(reading->error, "parameter.invalid",
                             reading->parameter->name, "%s is no valid UTF-8 text.",
                             reading->parameter->name);
        value.bytes = text_trim(value.bytes);
    }
    bool absent =
        value.type == VALUE_NULL || (value.type == VALUE_TEXT && value.bytes.size == 0);
    /* People type; only programs hand over numbers and bytes. */
    if (!absent && argument && !argument->json && value.type == VALUE_INTEGER)
        return parameter_refuse(reading);
    if (!absent && is_foreign_json(reading->parameter, argument))
        return parameter_refuse(reading);
    return absent ? read_absent(reading, ret) : read_typed(reading, value, ret);
}

int parameters_read(sqlite3 *db, const struct function_context *context,
                    const struct operation *operation, const struct argument *arguments,
                    size_t argument_count, struct arena *arena, struct value *ret_values,
                    struct error *error) {
    const struct argument *matched[LIMIT_PARAMETERS] = {NULL};
    if (match(operation, arguments, argument_count, matched, error) != 0)
        return -1;
    for (size_t i = 0; i < operation->parameter_count; i++) {
        struct parameter_reading reading = {.db = db,
                                            .context = context,
                                            .parameter = &operation->parameters[i],
                                            .arena = arena,
                                            .error = error};
        if (read_argument(&reading, matched[i], &ret_values[i]) != 0)
            return -1;
    }
    return 0;
}

int parameters_bind(sqlite3_stmt *statement, const struct operation *operation,
                    const struct value *values, struct error *error) {
    for (int i = 1; i <= sqlite3_bind_parameter_count(statement); i++) {
        const char *name = sqlite3_bind_parameter_name(statement, i);
        int index = name && name[0] == ':' ? find_parameter(operation, name + 1) : -1;
        if (index < 0)
            return error_set(error, "catalogue.invalid", NULL,
                             "schema/%s: %s uses %s, which it does not declare.",
                             operation->path, operation->name, name ? name : "?");
        if (value_bind(statement, i, values[index]) != SQLITE_OK)
            return error_from_sqlite(error, sqlite3_db_handle(statement),
                                     "binding a parameter");
    }
    return 0;
}
