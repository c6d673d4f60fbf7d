/*
 * Bytes: a borrowed view, a growing buffer with a stated maximum, and an arena.
 *
 * None of these is shared between threads without a lock of the caller's own.
 */
#ifndef SATCHEL_SCHEMA_BASE_BYTES_H
#define SATCHEL_SCHEMA_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A view: the owner of the memory is whoever made it. */
struct bytes {
    const uint8_t *data;
    size_t size;
};

bool bytes_equal(struct bytes a, struct bytes b);
/* memcmp order, shorter first on a tie. */
int bytes_compare(struct bytes a, struct bytes b);
struct bytes bytes_of_text(const char *text);

/* A growing buffer. Appending past `maximum`, or without memory, sets `failed`, keeps what
 * is there and makes every later append a no-op: check `failed` once, at the end. */
struct buffer {
    uint8_t *data;
    size_t size;
    size_t capacity;
    size_t maximum;
    bool failed;
};

struct buffer buffer_make(size_t maximum);
void buffer_append(struct buffer *buffer, const void *data, size_t size);
void buffer_append_byte(struct buffer *buffer, uint8_t byte);
/* Room for `size` more bytes, uninitialised; NULL when that fails. */
uint8_t *buffer_extend(struct buffer *buffer, size_t size);
void buffer_reset(struct buffer *buffer); /* keeps the memory */
void buffer_free(struct buffer *buffer);  /* NULL is fine */
struct bytes buffer_bytes(const struct buffer *buffer);

/* A growing text with a maximum; always NUL-terminated once something was written. */
void buffer_printf(struct buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* The text so far, "" when empty. Valid until the next append. */
const char *buffer_text(struct buffer *buffer);

/* An arena: allocations that are freed together. arena_alloc returns zeroed memory aligned
 * for any type, or NULL when memory or the arena's maximum is used up. */
struct arena_block;
struct arena {
    struct arena_block *blocks;
    size_t used;
    size_t maximum;
    bool full; /* something did not fit below the maximum: not memory was missing */
};

struct arena arena_make(size_t maximum);
void *arena_alloc(struct arena *arena, size_t size);
void *arena_alloc_array(struct arena *arena, size_t count,
                        size_t size); /* checks overflow */
/* Copies; data.data is NULL on failure (size 0 gives a non-NULL pointer). */
struct bytes arena_copy(struct arena *arena, struct bytes bytes);
char *arena_text(struct arena *arena, const char *text, size_t size);
/* Frees all blocks but keeps the arena usable. */
void arena_reset(struct arena *arena);
void arena_free(struct arena *arena);

#endif
