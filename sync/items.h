/*
 * The items of a wire array, read one after the other. The first that is not what it should be makes the
 * reader fail; everything after that leaves its output as it is, so that one check at the end (items_end) is enough.
 */
#ifndef SATCHEL_SYNC_ITEMS_H
#define SATCHEL_SYNC_ITEMS_H

#include "sync/wire.h"

struct items {
    const struct wire_node *array;
    size_t count;
    size_t next;
    bool failed;
    struct error *error;
};

/* `minimum`: the items that will be asked for. More may follow, from a newer sender, up to `maximum`. */
struct items items_open(const struct wire_node *node, const char *what, size_t minimum,
                        size_t maximum, struct error *error);
int items_end(const struct items *items); /* 0, or -1 when anything failed */
/* Notes a failure of the caller's own; `code` and so on as error_set. */
void items_fail(struct items *items, const char *code, const char *what);

/* The next item as it is; NULL when the reader has failed. */
const struct wire_node *items_node(struct items *items);
void items_integer(struct items *items, const char *what, int64_t minimum,
                   int64_t maximum, int64_t *ret);
void items_bool(struct items *items, const char *what, bool *ret);
void items_id(struct items *items, const char *what, struct id *ret);
/* Bytes of exactly `size`, copied. */
void items_fixed(struct items *items, const char *what, uint8_t *ret, size_t size);
void items_bytes(struct items *items, const char *what, size_t minimum, size_t maximum,
                 struct bytes *ret);
/* A text that fits `ret` with its NUL, and holds no other NUL. */
void items_chars(struct items *items, const char *what, char *ret, size_t size);
/* The same into an arena: a text of at most `maximum` bytes. */
void items_text(struct items *items, const char *what, size_t maximum,
                struct arena *arena, const char **ret);

#endif
