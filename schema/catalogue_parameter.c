/*
 * The annotation of one parameter: "NAME TYPE[?][=default]  Description".
 */
#include <stdio.h>
#include <string.h>

#include "schema/catalogue_load.h"

static const struct {
    const char *word;
    enum parameter_type type;
    bool inside; /* wants "(…)" */
} types[] = {
    {"id", PARAMETER_ID, true},        {"any", PARAMETER_ID, true},
    {"newid", PARAMETER_NEWID, false}, {"text", PARAMETER_TEXT, true},
    {"int", PARAMETER_INT, true},      {"money", PARAMETER_MONEY, false},
    {"bp", PARAMETER_BP, false},       {"bool", PARAMETER_BOOL, false},
    {"date", PARAMETER_DATE, false},   {"time", PARAMETER_TIME, false},
    {"enum", PARAMETER_ENUM, true},    {"code", PARAMETER_CODE, true},
    {"json", PARAMETER_JSON, false},   {"file", PARAMETER_FILE, false},
};

/* A type as written, cut in its parts. */
struct type_text {
    struct bytes word;
    struct bytes inside;
    bool has_inside;
    bool optional;
    const char *default_text; /* what follows "=", NULL when there is no "=" */
    const char *rest;
};

static struct bytes between(const char *from, const char *to) {
    return (struct bytes){(const uint8_t *)from, (size_t)(to - from)};
}

/* A default may be "quoted" when it holds blanks. */
static bool cut_default(struct load *load, const char **at, struct type_text *ret) {
    const char *start = *at;
    const char *end = start + strcspn(start, " \t");
    if (*start == '"') {
        start++;
        end = strchr(start, '"');
        if (!end)
            return false;
    }
    *at = *end == '"' ? end + 1 : end;
    ret->default_text = word_copy(load->arena, between(start, end));
    return ret->default_text && (end > start || end[0] == '"');
}

static bool cut_type(struct load *load, const char *text, struct type_text *ret) {
    const char *at = text + strcspn(text, " \t(?=");
    *ret = (struct type_text){.word = between(text, at)};
    if (*at == '(') {
        const char *close = strchr(at, ')');
        if (!close)
            return false;
        ret->inside = between(at + 1, close);
        ret->has_inside = true;
        at = close + 1;
    }
    if (*at == '?') {
        ret->optional = true;
        at++;
    }
    if (*at == '=' && (at++, !cut_default(load, &at, ret)))
        return false;
    ret->rest = at;
    return *at == '\0' || *at == ' ' || *at == '\t';
}

/* --- what stands in the parentheses ------------------------------------------------------- */

/* "min..max" */
static bool read_range(struct bytes inside, struct parameter *parameter) {
    const uint8_t *dots = inside.size > 0 ? memchr(inside.data, '.', inside.size) : NULL;
    if (!dots)
        return false;
    struct bytes low = {inside.data, (size_t)(dots - inside.data)};
    if (inside.size < low.size + 2 || dots[1] != '.')
        return false;
    struct bytes high = {dots + 2, inside.size - low.size - 2};
    return number_read(low, INT64_MIN, INT64_MAX, &parameter->minimum) &&
           number_read(high, parameter->minimum, INT64_MAX, &parameter->maximum);
}

/* "a|b|c" */
static bool read_choices(struct load *load, struct bytes inside,
                         struct parameter *parameter) {
    size_t count = 1;
    for (size_t i = 0; i < inside.size; i++)
        count += inside.data[i] == '|';
    const char **choices = arena_alloc_array(load->arena, count + 1, sizeof *choices);
    char *text = word_copy(load->arena, inside);
    if (!choices || !text)
        return false;
    for (size_t i = 0; i < count; i++) {
        size_t length = strcspn(text, "|");
        text[length] = '\0';
        if (!name_is_valid(text, false))
            return false;
        choices[i] = text;
        text += length + 1;
    }
    parameter->choices = choices;
    return true;
}

static bool read_inside(struct load *load, struct bytes inside, struct raw_operation *raw,
                        struct parameter *parameter) {
    const char **table_name = &raw->parameter_tables[raw->operation.parameter_count];
    switch (parameter->type) {
    case PARAMETER_ID:
    case PARAMETER_CODE:
        *table_name = word_copy(load->arena, inside);
        return *table_name && name_is_valid(*table_name, false);
    case PARAMETER_TEXT:
        return number_read(inside, 1, LIMIT_TEXT, &parameter->maximum);
    case PARAMETER_INT:
        return read_range(inside, parameter);
    case PARAMETER_ENUM:
        return read_choices(load, inside, parameter);
    default:
        return inside.size == 0;
    }
}

static int read_type(struct load *load, unsigned line, const struct type_text *text,
                     struct raw_operation *raw, struct parameter *parameter) {
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (!bytes_equal(text->word, bytes_of_text(types[i].word)))
            continue;
        parameter->type = types[i].type;
        parameter->deleted_too = strcmp(types[i].word, "any") == 0;
        if (types[i].inside != text->has_inside ||
            !read_inside(load, text->inside, raw, parameter))
            return load_fail(
                load, line,
                "parameter %s: write id(table), any(table), newid, text(max), int(min..max), "
                "money, bp, bool, date, time, enum(a|b), code(table), json or file",
                parameter->name);
        return 0;
    }
    return load_fail(load, line, "parameter %s: unknown type \"%.*s\"", parameter->name,
                     (int)text->word.size, (const char *)text->word.data);
}

/* --- the whole ---------------------------------------------------------------------------- */

static int check_name(struct load *load, unsigned line, const struct operation *operation,
                      const char *name) {
    if (!name_is_valid(name, false))
        return load_fail(load, line, "\"%s\" is no name for a parameter", name);
    for (size_t i = 0; i < operation->parameter_count; i++)
        if (strcmp(operation->parameters[i].name, name) == 0)
            return load_fail(load, line, "a second parameter %s", name);
    if (operation->parameter_count == LIMIT_PARAMETERS)
        return load_fail(load, line, "more than %d parameters", LIMIT_PARAMETERS);
    return 0;
}

int load_parameter(struct load *load, unsigned line, const char *text,
                   struct raw_operation *raw) {
    struct operation *operation = &raw->operation;
    struct parameter parameter = {0};
    parameter.name = word_copy(load->arena, word_next(&text));
    if (!parameter.name)
        return error_out_of_memory(load->error);
    if (check_name(load, line, operation, parameter.name) != 0)
        return -1;
    text += strspn(text, " \t");
    struct type_text type;
    if (!cut_type(load, text, &type))
        return load_fail(load, line, "parameter %s: cannot read its type \"%s\"",
                         parameter.name, text);
    parameter.optional = type.optional;
    parameter.default_text = type.default_text;
    parameter.description = type.rest + strspn(type.rest, " \t");
    if (read_type(load, line, &type, raw, &parameter) != 0)
        return -1;
    if (parameter.type == PARAMETER_NEWID && (type.optional || type.default_text))
        return load_fail(load, line, "parameter %s: newid always may be left out",
                         parameter.name);
    raw->parameter_lines[operation->parameter_count] = line;
    operation->parameters[operation->parameter_count++] = parameter;
    return 0;
}
