/*
 * For the tests of sync/: bytes from literals, and documents with one value exchanged.
 */
#ifndef SATCHEL_TESTS_UNIT_SYNC_SUPPORT_H
#define SATCHEL_TESTS_UNIT_SYNC_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "schema/base/error.h"
#include "schema/base/id.h"
#include "sync/wire.h"

/* The bytes of a string literal, without its NUL. */
#define BYTES(literal) ((struct bytes){(const uint8_t *)(literal), sizeof(literal) - 1})

#define assert_code(error, expected) assert_string_equal((error).code, (expected))

#define assert_bytes(actual, expected)                           \
    do {                                                         \
        struct bytes actual_ = (actual), expected_ = (expected); \
        assert_int_equal(actual_.size, expected_.size);          \
        assert_true(bytes_equal(actual_, expected_));            \
    } while (0)

static inline struct id id_of(uint8_t first) {
    return (struct id){{first, 0x11, 0x22, [15] = first}};
}

/* Where the value that begins at `at` ends. The document must be well-formed. */
static inline size_t node_end(struct bytes document, size_t at) {
    uint8_t lead = document.data[at++];
    size_t width = 0, length = 0, items = 0;
    switch (lead) {
    case 0xc4:
    case 0xcc:
    case 0xd0:
    case 0xd9:
        width = 1;
        break;
    case 0xc5:
    case 0xcd:
    case 0xd1:
    case 0xda:
    case 0xdc:
        width = 2;
        break;
    case 0xc6:
    case 0xce:
    case 0xd2:
        width = 4;
        break;
    case 0xcf:
    case 0xd3:
        width = 8;
        break;
    default:
        break;
    }
    for (size_t i = 0; i < width; i++)
        length = length << 8 | document.data[at++];
    if (lead == 0xdc)
        items = length;
    else if ((lead & 0xf0) == 0x90)
        items = lead & 0x0f;
    else if ((lead & 0xe0) == 0xa0)
        at += lead & 0x1f;
    else if (lead == 0xc4 || lead == 0xc5 || lead == 0xc6 || lead == 0xd9 || lead == 0xda)
        at += length;
    for (size_t i = 0; i < items; i++)
        at = node_end(document, at);
    return at;
}

/* Where the first item of the array at `at` begins; `at` behind other values. */
static inline size_t node_inside(struct bytes document, size_t at) {
    uint8_t lead = document.data[at];
    if (lead == 0xdc)
        return at + 3;
    return (lead & 0xf0) == 0x90 ? at + 1 : node_end(document, at);
}

/* Appends the document with its k-th value (0 is the root, then as they are written) exchanged
 * for `with`. False when there are not so many. */
static inline bool replace_node(struct bytes document, size_t k, struct bytes with,
                                struct buffer *ret) {
    size_t at = 0;
    for (; k > 0 && at < document.size; k--)
        at = node_inside(document, at);
    if (at >= document.size)
        return false;
    size_t end = node_end(document, at);
    buffer_append(ret, document.data, at);
    buffer_append(ret, with.data, with.size);
    buffer_append(ret, document.data + end, document.size - end);
    return true;
}

/* One value of each type, that fits nowhere where another type is asked for. */
static inline struct bytes wrong_value(size_t i) {
    const struct bytes values[] = {
        BYTES("\xc3"),
        BYTES("\x07"),
        BYTES("\xc0"),
        BYTES("\xa3"
              "abc"),
        BYTES("\xff"),
        BYTES("\xc4\x01z"),
        BYTES("\x91\x00"),
        BYTES("\x90"),
    };
    return i < sizeof values / sizeof *values ? values[i] : (struct bytes){NULL, 0};
}

/* Decodes `document`, and gives back what decoding returned. */
typedef int (*decode_function)(struct bytes document, struct arena *arena,
                               struct error *error);

/* Every value exchanged for every wrong one: decoding must never do worse than fail, must fail for
 * at least one of them, and must say why. */
static inline void exchange_every_node(struct bytes document, decode_function decode) {
    struct buffer changed = buffer_make(1 << 20);
    for (size_t k = 0;; k++) {
        int failures = 0;
        for (size_t i = 0; wrong_value(i).data; i++) {
            struct arena arena = arena_make(1 << 20);
            struct error error = {0};
            buffer_reset(&changed);
            if (!replace_node(document, k, wrong_value(i), &changed)) {
                assert_true(k > 0);
                buffer_free(&changed);
                return;
            }
            if (decode(buffer_bytes(&changed), &arena, &error) != 0) {
                failures++;
                assert_true(error.code[0] != '\0');
            }
            arena_free(&arena);
        }
        assert_true(failures > 0);
    }
}

/* Decoding with less memory than it takes fails with `memory`; returns how much it takes. */
static inline size_t starve(struct bytes document, decode_function decode) {
    for (size_t maximum = 0;; maximum += 16) {
        struct arena arena = arena_make(maximum);
        struct error error = {0};
        int rc = decode(document, &arena, &error);
        arena_free(&arena);
        if (rc == 0)
            return maximum;
        assert_code(error, "memory");
    }
}

#endif
