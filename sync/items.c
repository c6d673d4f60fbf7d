/*
 * Items of a wire array in order, with one failure for all.
 */
#include "sync/items.h"

#include <string.h>

struct items items_open(const struct wire_node *node, const char *what, size_t minimum,
                        size_t maximum, struct error *error) {
    struct items items = {.array = node, .error = error};
    items.failed = wire_array(node, what, minimum, maximum, &items.count, error) != 0;
    return items;
}

int items_end(const struct items *items) {
    return items->failed ? -1 : 0;
}

void items_fail(struct items *items, const char *code, const char *what) {
    if (!items->failed)
        error_set(items->error, code, what, "%s is not what it should be.", what);
    items->failed = true;
}

const struct wire_node *items_node(struct items *items) {
    return items->failed ? NULL : wire_item(items->array, items->next++);
}

void items_integer(struct items *items, const char *what, int64_t minimum,
                   int64_t maximum, int64_t *ret) {
    const struct wire_node *node = items_node(items);
    if (node)
        items->failed =
            wire_integer(node, what, minimum, maximum, ret, items->error) != 0;
}

void items_bool(struct items *items, const char *what, bool *ret) {
    const struct wire_node *node = items_node(items);
    if (node)
        items->failed = wire_bool(node, what, ret, items->error) != 0;
}

void items_bytes(struct items *items, const char *what, size_t minimum, size_t maximum,
                 struct bytes *ret) {
    const struct wire_node *node = items_node(items);
    if (node)
        items->failed = wire_bytes(node, what, minimum, maximum, ret, items->error) != 0;
}

void items_fixed(struct items *items, const char *what, uint8_t *ret, size_t size) {
    struct bytes bytes = {ret, 0};
    items_bytes(items, what, size, size, &bytes);
    if (!items->failed)
        memcpy(ret, bytes.data, size);
}

void items_id(struct items *items, const char *what, struct id *ret) {
    items_fixed(items, what, ret->bytes, ID_SIZE);
}

/* A text without NUL; false when there is none. */
static bool plain_text(struct items *items, const char *what, size_t maximum,
                       struct bytes *ret) {
    const struct wire_node *node = items_node(items);
    if (!node)
        return false;
    items->failed = wire_text(node, what, maximum, ret, items->error) != 0;
    if (!items->failed && memchr(ret->data, 0, ret->size))
        items_fail(items, "wire.range", what);
    return !items->failed;
}

void items_chars(struct items *items, const char *what, char *ret, size_t size) {
    struct bytes text = {NULL, 0};
    if (!plain_text(items, what, size - 1, &text))
        return;
    memcpy(ret, text.data, text.size);
    memset(ret + text.size, 0, size - text.size);
}

void items_text(struct items *items, const char *what, size_t maximum,
                struct arena *arena, const char **ret) {
    struct bytes text = {NULL, 0};
    if (!plain_text(items, what, maximum, &text))
        return;
    const char *copy = arena_text(arena, (const char *)text.data, text.size);
    if (copy)
        *ret = copy;
    else
        items_fail(items, "memory", what);
}
