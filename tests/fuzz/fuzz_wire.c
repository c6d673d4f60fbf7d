/*
 * Wire: the scan and the library agree, and what was read can be written and is read as the same.
 *
 * About: sync/wire.c
 */
#include "sync/wire.h"
#include "tests/fuzz/fuzz.h"

enum { ROOM = 1 << 20 };

static void put_again(const struct wire_node *node, struct buffer *ret) {
    size_t count = 0;
    bool boolean = false;
    int kinds = wire_is_null(node) ? 1 : 0;
    struct value value = value_null();
    if (wire_array(node, "node", 0, SIZE_MAX, &count, NULL) == 0) {
        wire_put_array(ret, count);
        for (size_t i = 0; i < count; i++) {
            put_again(wire_item(node, i), ret);
        }
        kinds++;
    } else if (wire_bool(node, "node", &boolean, NULL) == 0) {
        wire_put_bool(ret, boolean);
        kinds++;
    } else {
        FUZZ_MUST(wire_value(node, "node", &value, NULL) == 0);
        wire_put_value(ret, value);
        int64_t integer = 0;
        struct bytes bytes = {0};
        kinds += wire_integer(node, "node", INT64_MIN, INT64_MAX, &integer, NULL) == 0;
        kinds += wire_text(node, "node", SIZE_MAX, &bytes, NULL) == 0;
        kinds += wire_bytes(node, "node", 0, SIZE_MAX, &bytes, NULL) == 0;
        FUZZ_MUST(value.type != VALUE_INTEGER || value.integer == integer);
        FUZZ_MUST(value.type != VALUE_TEXT || wire_is_utf8(bytes));
    }
    FUZZ_MUST(kinds == 1);
}

/* UTF-8 by what each sequence means: the shortest form of a code point that is no surrogate. */
static bool is_utf8_slowly(struct bytes text) {
    for (size_t i = 0; i < text.size;) {
        uint8_t lead = text.data[i];
        size_t more = lead < 0x80             ? 0
                      : (lead & 0xe0) == 0xc0 ? 1
                      : (lead & 0xf0) == 0xe0 ? 2
                      : (lead & 0xf8) == 0xf0 ? 3
                                              : 9;
        static const uint32_t LEAST[] = {0, 0x80, 0x800, 0x10000};
        if (more > 3 || text.size - i <= more) {
            return false;
        }
        uint32_t point = more == 0 ? lead : lead & (0x3fU >> more);
        for (size_t k = 1; k <= more; k++) {
            if ((text.data[i + k] & 0xc0) != 0x80) {
                return false;
            }
            point = point << 6 | (text.data[i + k] & 0x3fU);
        }
        if (point < LEAST[more] || point > 0x10ffff ||
            (point >= 0xd800 && point <= 0xdfff)) {
            return false;
        }
        i += more + 1;
    }
    return true;
}

static void check_values(struct bytes data) {
    struct arena arena = arena_make(ROOM);
    struct arena again_arena = arena_make(ROOM);
    struct buffer written = buffer_make(ROOM);
    struct value *values = NULL;
    struct value *again = NULL;
    size_t count = 0;
    size_t again_count = 0;
    if (wire_values(data, &arena, &values, &count, NULL) == 0) {
        wire_put_values(&written, values, count);
        FUZZ_MUST(wire_values(buffer_bytes(&written), &again_arena, &again, &again_count,
                              NULL) == 0);
        FUZZ_MUST(count == again_count);
        for (size_t i = 0; i < count; i++) {
            FUZZ_MUST(value_equal(values[i], again[i]));
            FUZZ_MUST(value_compare(values[i], again[i]) == 0);
        }
    }
    buffer_free(&written);
    arena_free(&arena);
    arena_free(&again_arena);
}

static void check_document(struct bytes data) {
    struct wire_document *document = NULL;
    struct wire_document *again = NULL;
    struct error scanned = {0};
    struct error opened = {0};
    struct buffer first = buffer_make(ROOM);
    struct buffer second = buffer_make(ROOM);
    int rc = wire_scan(data, &scanned);
    FUZZ_MUST((wire_open(data, &document, &opened) == 0) == (rc == 0));
    FUZZ_MUST(strcmp(scanned.code, opened.code) == 0);
    FUZZ_MUST((rc == 0) == (scanned.code[0] == '\0'));
    if (rc == 0) {
        put_again(wire_root(document), &first);
        FUZZ_MUST(!first.failed && first.size <= data.size); /* the shortest form */
        FUZZ_MUST(wire_open(buffer_bytes(&first), &again, NULL) == 0);
        put_again(wire_root(again), &second);
        FUZZ_MUST(bytes_equal(buffer_bytes(&first), buffer_bytes(&second)));
    }
    wire_close(document);
    wire_close(again);
    buffer_free(&first);
    buffer_free(&second);
}

/* The first byte is there for the mutator alone. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct input input = input_of(data, size);
    input_byte(&input);
    struct bytes rest = input_rest(&input);
    FUZZ_MUST(wire_is_utf8(rest) == is_utf8_slowly(rest));
    check_document(rest);
    check_values(rest);
    return 0;
}

void fuzz_seeds(seed_function give, void *context) {
    static const int64_t INTEGERS[] = {
        0,  127, 128, 255,  256,  65535,  65536,  INT32_MAX, INT64_MAX,
        -1, -32, -33, -128, -129, -32768, -32769, INT32_MIN, INT64_MIN};
    struct buffer seed = buffer_make(ROOM);
    static uint8_t large[70000];
    size_t count = sizeof INTEGERS / sizeof *INTEGERS;
    wire_put_array(&seed, 5);
    wire_put_null(&seed);
    wire_put_bool(&seed, true);
    wire_put_text(&seed, "\xe4\xbd\xa0 \xc3\xa9 \xf0\x9f\x98\x80");
    wire_put_bytes(&seed, (struct bytes){(const uint8_t *)"abc", 3});
    wire_put_array(&seed, count);
    for (size_t i = 0; i < count; i++) {
        wire_put_integer(&seed, INTEGERS[i]);
    }
    give_chosen(give, context, 0, buffer_bytes(&seed));
    for (size_t size = 10; size < sizeof large; size = size * 20 + 70) {
        buffer_reset(&seed);
        wire_put_array(&seed, 20);
        for (int i = 0; i < 19; i++) {
            wire_put_value(&seed, value_null());
        }
        wire_put_bytes(&seed, (struct bytes){large, size});
        give_chosen(give, context, 0, buffer_bytes(&seed));
    }
    buffer_free(&seed);
}
