/*
 * Bytes: comparing views, the growing buffer and the arena.
 */
#include "schema/base/bytes.h"

#include <assert.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool bytes_equal(struct bytes a, struct bytes b) {
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

int bytes_compare(struct bytes a, struct bytes b) {
    size_t common = a.size < b.size ? a.size : b.size;
    int order = common ? memcmp(a.data, b.data, common) : 0;
    if (order != 0)
        return order < 0 ? -1 : 1;
    return (a.size > b.size) - (a.size < b.size);
}

struct bytes bytes_of_text(const char *text) {
    return (struct bytes){(const uint8_t *)text, strlen(text)};
}

/* --- the growing buffer -------------------------------------------------------------- */

enum { BUFFER_FIRST = 64 };

struct buffer buffer_make(size_t maximum) {
    return (struct buffer){.maximum = maximum};
}

/* Makes room for `more` bytes and a NUL behind them, which `maximum` does not count. */
static bool buffer_reserve(struct buffer *buffer, size_t more) {
    if (buffer->failed)
        return false;
    if (more > buffer->maximum || buffer->size > buffer->maximum - more ||
        buffer->maximum == SIZE_MAX) {
        buffer->failed = true;
        return false;
    }
    size_t need = buffer->size + more + 1;
    if (need <= buffer->capacity)
        return true;
    size_t capacity = buffer->capacity ? buffer->capacity : BUFFER_FIRST;
    while (capacity < need)
        capacity = capacity > SIZE_MAX / 2 ? need : capacity * 2;
    if (capacity > buffer->maximum + 1)
        capacity = buffer->maximum + 1;
    uint8_t *data = realloc(buffer->data, capacity);
    if (!data) {
        buffer->failed = true;
        return false;
    }
    buffer->data = data;
    buffer->capacity = capacity;
    return true;
}

void buffer_append(struct buffer *buffer, const void *data, size_t size) {
    uint8_t *room = buffer_extend(buffer, size);
    if (room && size)
        memcpy(room, data, size);
}

void buffer_append_byte(struct buffer *buffer, uint8_t byte) {
    buffer_append(buffer, &byte, 1);
}

uint8_t *buffer_extend(struct buffer *buffer, size_t size) {
    if (!buffer_reserve(buffer, size))
        return NULL;
    uint8_t *room = buffer->data + buffer->size;
    buffer->size += size;
    return room;
}

void buffer_reset(struct buffer *buffer) {
    buffer->size = 0;
    buffer->failed = false;
}

void buffer_free(struct buffer *buffer) {
    if (!buffer)
        return;
    free(buffer->data);
    *buffer = buffer_make(buffer->maximum);
}

struct bytes buffer_bytes(const struct buffer *buffer) {
    return (struct bytes){buffer->data ? buffer->data : (const uint8_t *)"",
                          buffer->size};
}

void buffer_printf(struct buffer *buffer, const char *format, ...) {
    va_list arguments;
    va_list again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    assert(length >= 0);
    if (buffer_reserve(buffer, (size_t)length)) {
        vsnprintf((char *)buffer->data + buffer->size, (size_t)length + 1, format, again);
        buffer->size += (size_t)length;
    }
    va_end(again);
}

const char *buffer_text(struct buffer *buffer) {
    if (!buffer->data)
        return "";
    buffer->data[buffer->size] = '\0'; /* buffer_reserve always leaves room for it */
    return (const char *)buffer->data;
}

/* --- the arena ----------------------------------------------------------------------- */

enum { ARENA_BLOCK_FIRST = 4096, ARENA_BLOCK_LAST = 256 * 1024 };

struct arena_block {
    struct arena_block *next; /* older */
    size_t capacity;
    size_t used;
    _Alignas(max_align_t) uint8_t data[];
};

struct arena arena_make(size_t maximum) {
    return (struct arena){.maximum = maximum};
}

static struct arena_block *arena_grow(struct arena *arena, size_t size) {
    size_t capacity = ARENA_BLOCK_FIRST;
    if (arena->blocks && arena->blocks->capacity < ARENA_BLOCK_LAST)
        capacity = arena->blocks->capacity * 2;
    else if (arena->blocks)
        capacity = ARENA_BLOCK_LAST;
    if (capacity < size)
        capacity = size;
    struct arena_block *block = calloc(1, sizeof *block + capacity);
    if (!block)
        return NULL;
    block->capacity = capacity;
    block->next = arena->blocks;
    arena->blocks = block;
    return block;
}

void *arena_alloc(struct arena *arena, size_t size) {
    const size_t unit = _Alignof(max_align_t);
    if (size > SIZE_MAX / 2)
        return NULL;
    size_t rounded = size == 0 ? unit : (size + unit - 1) / unit * unit;
    if (rounded > arena->maximum || arena->used > arena->maximum - rounded) {
        arena->full = true;
        return NULL;
    }
    struct arena_block *block = arena->blocks;
    if (!block || block->capacity - block->used < rounded)
        block = arena_grow(arena, rounded);
    if (!block)
        return NULL;
    void *memory = block->data + block->used;
    block->used += rounded;
    arena->used += rounded;
    return memory;
}

void *arena_alloc_array(struct arena *arena, size_t count, size_t size) {
    if (size != 0 && count > SIZE_MAX / size)
        return NULL;
    return arena_alloc(arena, count * size);
}

struct bytes arena_copy(struct arena *arena, struct bytes bytes) {
    uint8_t *copy = arena_alloc(arena, bytes.size);
    if (!copy)
        return (struct bytes){NULL, 0};
    if (bytes.size)
        memcpy(copy, bytes.data, bytes.size);
    return (struct bytes){copy, bytes.size};
}

char *arena_text(struct arena *arena, const char *text, size_t size) {
    if (size == SIZE_MAX)
        return NULL;
    char *copy = arena_alloc(arena, size + 1);
    if (copy && size)
        memcpy(copy, text, size);
    return copy;
}

void arena_reset(struct arena *arena) {
    struct arena_block *block = arena->blocks;
    while (block) {
        struct arena_block *next = block->next;
        free(block);
        block = next;
    }
    arena->blocks = NULL;
    arena->used = 0;
    arena->full = false;
}

void arena_free(struct arena *arena) {
    if (arena)
        arena_reset(arena);
}
