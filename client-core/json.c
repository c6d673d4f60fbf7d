/*
 * JSON at the edge: arguments in (jansson), results out (written by hand, without a tree).
 */
#include "client-core/json.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- reading ------------------------------------------------------------------------------ */

/* jansson recurses; what is nested deeper than we allow never reaches it. */
static int depth_check(const char *json, size_t size, struct error *error) {
    size_t depth = 0;
    bool in_text = false;
    for (size_t i = 0; i < size; i++) {
        char c = json[i];
        if (in_text && c == '\\' && i + 1 < size)
            i++;
        else if (c == '"')
            in_text = !in_text;
        else if (!in_text && (c == '{' || c == '['))
            depth++;
        else if (!in_text && (c == '}' || c == ']') && depth > 0)
            depth--;
        if (depth > LIMIT_JSON_DEPTH)
            return error_set(error, "json.invalid", "", "JSON nests at most %d deep",
                             LIMIT_JSON_DEPTH);
    }
    return 0;
}

/* Reads the text; an object or array as `kind` says. The caller gives it back with json_decref. */
static int tree_read(const char *json, json_type kind, json_t **ret,
                     struct error *error) {
    size_t size = strlen(json);
    json_error_t found;
    if (size > LIMIT_JSON)
        return error_set(error, "json.size", "", "JSON has at most %d bytes", LIMIT_JSON);
    if (depth_check(json, size, error) != 0)
        return -1;
    json_t *tree =
        json_loadb(json, size, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &found);
    if (!tree)
        return error_set(error, "json.invalid", "", "not JSON: %s (line %d, column %d)",
                         found.text, found.line, found.column);
    if (json_typeof(tree) != kind) {
        json_decref(tree);
        return error_set(error, "json.invalid", "", "a JSON %s is expected",
                         kind == JSON_OBJECT ? "object" : "array");
    }
    *ret = tree;
    return 0;
}

static int text_of(const char *text, size_t size, struct arena *arena, struct value *ret,
                   struct error *error) {
    struct bytes copy = arena_copy(arena, (struct bytes){(const uint8_t *)text, size});
    *ret = value_text_bytes(copy);
    return copy.data ? 0 : error_out_of_memory(error);
}

/* Arrays and objects stay JSON text: SQL reads them with json_each. */
static int compact_text_of(const json_t *json, struct arena *arena, struct value *ret,
                           struct error *error) {
    char *text = json_dumps(json, JSON_COMPACT);
    if (!text)
        return error_out_of_memory(error);
    int failed = text_of(text, strlen(text), arena, ret, error);
    free(text);
    return failed;
}

static int argument_read(const char *name, const json_t *json, struct arena *arena,
                         struct argument *ret, struct error *error) {
    ret->json = true;
    ret->value = value_null();
    ret->name = arena_text(arena, name, strlen(name));
    if (!ret->name)
        return error_out_of_memory(error);
    switch (json_typeof(json)) {
    case JSON_STRING:
        if (memchr(json_string_value(json), '\0', json_string_length(json)))
            return error_set(error, "parameter.invalid", name, "%s holds a NUL character",
                             name);
        ret->json = false; /* as a person would write it */
        return text_of(json_string_value(json), json_string_length(json), arena,
                       &ret->value, error);
    case JSON_INTEGER:
        ret->value = value_integer(json_integer_value(json));
        return 0;
    case JSON_REAL:
        return error_set(error, "parameter.invalid", name,
                         "%s is a number with a fraction; write a whole number, or a text"
                         " such as \"12.50\"",
                         name);
    case JSON_TRUE:
    case JSON_FALSE:
        ret->value = value_text(json_is_true(json) ? "true" : "false");
        return 0;
    case JSON_NULL:
        return 0;
    default:
        return compact_text_of(json, arena, &ret->value, error);
    }
}

static int arguments_of(json_t *object, struct arena *arena, struct argument_list *ret,
                        struct error *error) {
    const char *name;
    json_t *member;
    struct argument_list list = {0};
    list.items =
        arena_alloc_array(arena, json_object_size(object) + 1, sizeof *list.items);
    if (!list.items)
        return error_out_of_memory(error);
    json_object_foreach(object, name, member) {
        if (argument_read(name, member, arena, &list.items[list.count], error) != 0)
            return -1;
        list.count++;
    }
    *ret = list;
    return 0;
}

int json_read_arguments(const char *json, struct arena *arena, struct argument_list *ret,
                        struct error *error) {
    json_t *tree = NULL;
    if (!json || json[strspn(json, " \t\r\n")] == '\0') {
        *ret = (struct argument_list){0};
        return 0;
    }
    if (tree_read(json, JSON_OBJECT, &tree, error) != 0)
        return -1;
    int failed = arguments_of(tree, arena, ret, error);
    json_decref(tree);
    return failed;
}

int json_read_batch(const char *json, struct arena *arena, struct argument_list **ret,
                    size_t *ret_count, struct error *error) {
    json_t *tree = NULL;
    struct argument_list *lists = NULL;
    int failed = -1;
    if (tree_read(json ? json : "", JSON_ARRAY, &tree, error) != 0)
        return -1;
    size_t count = json_array_size(tree);
    if (count > LIMIT_BATCH) {
        error_set(error, "json.size", "", "at most %d runs in one transaction",
                  LIMIT_BATCH);
        goto out;
    }
    lists = arena_alloc_array(arena, count + 1, sizeof *lists);
    if (!lists) {
        error_out_of_memory(error);
        goto out;
    }
    for (size_t i = 0; i < count; i++) {
        json_t *object = json_array_get(tree, i);
        if (!json_is_object(object)) {
            error_set(error, "json.invalid", "", "element %zu is not an object", i);
            goto out;
        }
        if (arguments_of(object, arena, &lists[i], error) != 0)
            goto out;
    }
    *ret = lists;
    *ret_count = count;
    failed = 0;
out:
    json_decref(tree);
    return failed;
}

/* --- writing ------------------------------------------------------------------------------ */

static void put(struct buffer *buffer, const char *text) {
    buffer_append(buffer, text, strlen(text));
}

void json_put_string(struct buffer *buffer, const char *text) {
    if (text)
        json_put_text(buffer, bytes_of_text(text));
    else
        put(buffer, "null");
}

void json_put_integer(struct buffer *buffer, int64_t integer) {
    char text[24];
    snprintf(text, sizeof text, "%lld", (long long)integer);
    put(buffer, text);
}

void json_put_id(struct buffer *buffer, struct id id) {
    char text[ID_TEXT_SIZE];
    id_format(id, text);
    json_put_string(buffer, text);
}

static void put_blob(struct buffer *buffer, struct bytes bytes) {
    static const char digits[] = "0123456789abcdef";
    if (bytes.size == ID_SIZE) {
        struct id id;
        memcpy(id.bytes, bytes.data, ID_SIZE);
        json_put_id(buffer, id);
        return;
    }
    buffer_append_byte(buffer, '"');
    for (size_t i = 0; i < bytes.size; i++) {
        buffer_append_byte(buffer, (uint8_t)digits[bytes.data[i] >> 4]);
        buffer_append_byte(buffer, (uint8_t)digits[bytes.data[i] & 15]);
    }
    buffer_append_byte(buffer, '"');
}

void json_put_value(struct buffer *buffer, struct value value) {
    switch (value.type) {
    case VALUE_INTEGER:
        json_put_integer(buffer, value.integer);
        return;
    case VALUE_TEXT:
        json_put_text(buffer, value.bytes);
        return;
    case VALUE_BLOB:
        put_blob(buffer, value.bytes);
        return;
    default:
        put(buffer, "null");
    }
}

/* SQLite's own text of a REAL does not depend on the locale. */
static void put_real(struct buffer *buffer, sqlite3_stmt *statement, int column) {
    const char *text = (const char *)sqlite3_column_text(statement, column);
    bool finite = text && !strchr(text, 'I') && !strchr(text, 'N'); /* Inf, NaN */
    put(buffer, finite ? text : "null");
}

void json_put_column(struct buffer *buffer, sqlite3_stmt *statement, int column) {
    if (sqlite3_column_type(statement, column) == SQLITE_FLOAT)
        put_real(buffer, statement, column);
    else
        json_put_value(buffer, value_of_column(statement, column));
}

void json_put_comma(struct buffer *buffer) {
    if (buffer->size && !strchr("{[", buffer->data[buffer->size - 1]))
        buffer_append_byte(buffer, ',');
}

void json_put_name(struct buffer *buffer, const char *name) {
    json_put_comma(buffer);
    json_put_string(buffer, name);
    buffer_append_byte(buffer, ':');
}

void json_put_row(struct buffer *buffer, sqlite3_stmt *statement) {
    int count = sqlite3_column_count(statement);
    buffer_append_byte(buffer, '{');
    for (int i = 0; i < count; i++) {
        json_put_name(buffer, sqlite3_column_name(statement, i));
        json_put_column(buffer, statement, i);
    }
    buffer_append_byte(buffer, '}');
}

int json_take(struct buffer *buffer, char **ret, struct error *error) {
    if (buffer->failed)
        return buffer->size > buffer->maximum / 2
                   ? error_set(error, "result.size", "",
                               "the result is larger than %zu bytes", buffer->maximum)
                   : error_out_of_memory(error);
    size_t size = buffer->size;
    char *text = malloc(size + 1);
    if (!text)
        return error_out_of_memory(error);
    memcpy(text, buffer_text(buffer), size + 1);
    buffer_free(buffer);
    *ret = text;
    return 0;
}
