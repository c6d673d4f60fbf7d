/*
 * The boundary to jansson: nothing else of the command line includes it. It keeps 64-bit
 * integers whole, so money survives.
 */
#include "tools/satchel/json.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static json_t *inner(const struct node *value) {
    return (json_t *)(uintptr_t)value;
}

static struct node *outer(json_t *value) {
    return (struct node *)value;
}

struct node *node_read(const char *text, char *ret_message, size_t size) {
    json_error_t error;
    json_t *value = json_loads(text, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &error);
    if (value == NULL && ret_message != NULL)
        snprintf(ret_message, size, "%s, at character %d", error.text, error.position);
    return outer(value);
}

void node_release(struct node *value) {
    json_decref(inner(value));
}

enum node_kind node_kind(const struct node *value) {
    if (value == NULL)
        return NODE_NULL;
    switch (json_typeof(inner(value))) {
    case JSON_OBJECT:
        return NODE_OBJECT;
    case JSON_ARRAY:
        return NODE_ARRAY;
    case JSON_STRING:
        return NODE_TEXT;
    case JSON_INTEGER:
        return NODE_INTEGER;
    case JSON_REAL:
        return NODE_REAL;
    case JSON_TRUE:
        return NODE_TRUE;
    case JSON_FALSE:
        return NODE_FALSE;
    default:
        return NODE_NULL;
    }
}

const char *node_text(const struct node *value) {
    return json_string_value(inner(value));
}

int64_t node_integer(const struct node *value) {
    if (node_kind(value) == NODE_TRUE)
        return 1;
    return json_integer_value(inner(value));
}

size_t node_count(const struct node *value) {
    if (node_kind(value) == NODE_OBJECT)
        return json_object_size(inner(value));
    return json_array_size(inner(value));
}

const struct node *node_at(const struct node *array, size_t index) {
    return outer(json_array_get(inner(array), index));
}

const struct node *node_member(const struct node *object, const char *name) {
    return outer(json_object_get(inner(object), name));
}

const char *node_member_text(const struct node *object, const char *name) {
    const char *text = node_text(node_member(object, name));
    return text != NULL ? text : "";
}

int64_t node_member_integer(const struct node *object, const char *name) {
    return node_integer(node_member(object, name));
}

bool node_next(const struct node *object, void **state, const char **ret_name,
               const struct node **ret_value) {
    json_t *value = inner(object);
    *state =
        *state == NULL ? json_object_iter(value) : json_object_iter_next(value, *state);
    if (*state == NULL)
        return false;
    *ret_name = json_object_iter_key(*state);
    *ret_value = outer(json_object_iter_value(*state));
    return true;
}

struct node *node_object(void) {
    return outer(json_object());
}

struct node *node_array(void) {
    return outer(json_array());
}

/* Out of memory for a few bytes: nothing useful is left to do, and nothing was begun that could be
 * half done. */
void node_set(struct node *object, const char *name, struct node *value) {
    if (json_object_set_new(inner(object), name, inner(value)) != 0)
        abort();
}

/* A text that is not UTF-8 (a message cut in the middle of a character) keeps its ASCII. */
static json_t *text_of(const char *text) {
    json_t *value = json_string(text);
    if (value != NULL)
        return value;
    char *copy = strdup(text);
    if (copy == NULL)
        return NULL;
    for (char *c = copy; *c != '\0'; c++)
        if ((unsigned char)*c >= 0x80)
            *c = '?';
    value = json_string(copy);
    free(copy);
    return value;
}

void node_set_text(struct node *object, const char *name, const char *text) {
    node_set(object, name, outer(text != NULL ? text_of(text) : json_null()));
}

void node_set_integer(struct node *object, const char *name, int64_t integer) {
    node_set(object, name, outer(json_integer(integer)));
}

void node_append(struct node *array, struct node *value) {
    if (json_array_append_new(inner(array), inner(value)) != 0)
        abort();
}

bool node_is_text(const char *text) {
    json_t *value = json_string(text);
    json_decref(value);
    return value != NULL;
}

char *node_write(const struct node *value) {
    return json_dumps(inner(value), JSON_COMPACT | JSON_ENCODE_ANY);
}

void node_free_text(char *text) {
    free(text);
}
