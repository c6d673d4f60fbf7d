/*
 * JSON as the command line needs it: read a result, walk it, build arguments. The only file that
 * knows the JSON library is json.c.
 *
 * A `struct node` returned by node_read, node_object or node_array belongs to the caller
 * (node_release); one returned by node_member, node_at or node_next is borrowed from its parent. Adding
 * a value to an object or array hands it over. Building never fails loudly: without memory
 * node_write returns NULL.
 */
#ifndef SATCHEL_TOOLS_JSON_H
#define SATCHEL_TOOLS_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct node;

enum node_kind {
    NODE_NULL,
    NODE_FALSE,
    NODE_TRUE,
    NODE_INTEGER,
    NODE_REAL,
    NODE_TEXT,
    NODE_ARRAY,
    NODE_OBJECT
};

/* NULL when `text` is not JSON; then *ret_message (size bytes, may be NULL) says why. */
struct node *node_read(const char *text, char *ret_message, size_t size);
void node_release(struct node *value); /* NULL is fine */

enum node_kind node_kind(const struct node *value); /* NULL reads as NODE_NULL */
const char *node_text(const struct node *value);    /* NULL unless a text */
int64_t node_integer(const struct node *value);     /* 0 unless an integer or true */

size_t node_count(const struct node *value); /* elements or members */
const struct node *node_at(const struct node *array, size_t index);
const struct node *node_member(const struct node *object, const char *name);
const char *node_member_text(const struct node *object,
                             const char *name); /* "" when absent */
int64_t node_member_integer(const struct node *object, const char *name);

/* Walks an object's members in their order: start with *state NULL; false at the end. */
bool node_next(const struct node *object, void **state, const char **ret_name,
               const struct node **ret_value);

struct node *node_object(void);
struct node *node_array(void);
void node_set(struct node *object, const char *name, struct node *value);
void node_set_text(struct node *object, const char *name, const char *text);
void node_set_integer(struct node *object, const char *name, int64_t integer);
void node_append(struct node *array, struct node *value);

/* True when `text` can be a JSON text: it is UTF-8. */
bool node_is_text(const char *text);

char *node_write(const struct node *value); /* one line; node_free_text */
void node_free_text(char *text);            /* NULL is fine */

#endif
