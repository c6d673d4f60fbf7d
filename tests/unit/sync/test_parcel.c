/*
 * sync/parcel: files that people carry, and whatever may happen to them on the way.
 */
#include "tests/support/failing/failing.h"
#include "tests/unit/sync/support.h"

#include "sync/parcel.h"

enum { HEAD = 15 + 2 + 3 * 16 + 32 };

static const uint8_t SEED[BOX_SEED] = {9};

static struct sign_keys keys_of(uint8_t first) {
    struct sign_keys keys;
    seal_keys((const uint8_t[SIGN_SEED]){first}, &keys);
    return keys;
}

static struct parcel_head head_for(const struct sign_keys *keys, uint8_t number) {
    struct parcel_head head = {.kind = PARCEL_QUESTIONS,
                               .id = id_of(number),
                               .org = id_of(2),
                               .device = id_of(3)};
    memcpy(head.recipient.bytes, keys->public_key, SIGN_PUBLIC);
    return head;
}

/* A parcel of "one" and "two". */
static struct buffer parcel_of_two(const struct sign_keys *keys, uint8_t number) {
    struct buffer parcel = buffer_make(1000);
    struct parcel_writer writer;
    const struct parcel_head head = head_for(keys, number);
    parcel_begin(&head, &writer, &parcel);
    assert_int_equal(parcel_add(&writer, BYTES("one"), false, SEED, &parcel, NULL), 0);
    assert_int_equal(parcel_add(&writer, BYTES("two"), true, SEED, &parcel, NULL), 0);
    return parcel;
}

/* Reads to the end; the code of what failed, "" when nothing did. */
static struct error read_all(struct bytes parcel, const struct sign_keys *keys,
                             struct buffer *ret) {
    struct error error = {0};
    struct parcel_reader reader;
    if (parcel_open(parcel, &reader, &error) != 0)
        return error;
    while (!reader.ended)
        if (parcel_next(&reader, keys, ret, &error) != 0)
            return error;
    return error;
}

static void check_fails(struct bytes parcel, const struct sign_keys *keys,
                        const char *code) {
    struct buffer messages = buffer_make(100);
    struct error error = read_all(parcel, keys, &messages);
    assert_code(error, code);
    buffer_free(&messages);
}

static void what_was_packed_comes_out(void **state) {
    const struct sign_keys keys = keys_of(1);
    struct buffer parcel = parcel_of_two(&keys, 1);
    struct buffer messages = buffer_make(100);
    struct parcel_reader reader;
    assert_int_equal(parcel_open(buffer_bytes(&parcel), &reader, NULL), 0);
    assert_int_equal(reader.head.kind, PARCEL_QUESTIONS);
    assert_true(id_equal(reader.head.id, id_of(1)));
    assert_true(id_equal(reader.head.org, id_of(2)));
    assert_true(id_equal(reader.head.device, id_of(3)));
    assert_memory_equal(reader.head.recipient.bytes, keys.public_key, SIGN_PUBLIC);
    assert_int_equal(parcel_next(&reader, &keys, &messages, NULL), 0);
    assert_false(reader.ended);
    assert_int_equal(parcel_next(&reader, &keys, &messages, NULL), 0);
    assert_true(reader.ended);
    assert_bytes(buffer_bytes(&messages), BYTES("onetwo"));
    buffer_free(&messages);
    buffer_free(&parcel);
}

static void answers_are_told_from_questions(void **state) {
    const struct sign_keys keys = keys_of(1);
    struct buffer parcel = buffer_make(1000);
    struct parcel_writer writer;
    struct parcel_reader reader;
    struct parcel_head head = head_for(&keys, 1);
    head.kind = PARCEL_ANSWERS;
    parcel_begin(&head, &writer, &parcel);
    assert_int_equal(parcel_open(buffer_bytes(&parcel), &reader, NULL), 0);
    assert_int_equal(reader.head.kind, PARCEL_ANSWERS);
    buffer_free(&parcel);
}

static void other_files_are_refused(void **state) {
    const struct sign_keys keys = keys_of(1);
    struct buffer parcel = parcel_of_two(&keys, 1);
    struct buffer other = parcel_of_two(&keys, 1);
    check_fails(BYTES(""), &keys, "parcel.format");
    check_fails((struct bytes){parcel.data, HEAD - 1}, &keys, "parcel.format");
    other.data[0] ^= 1;
    check_fails(buffer_bytes(&other), &keys, "parcel.format");
    other.data[0] ^= 1;
    other.data[15] = PARCEL_FORMAT + 1;
    check_fails(buffer_bytes(&other), &keys, "parcel.newer");
    other.data[15] = 0;
    check_fails(buffer_bytes(&other), &keys, "parcel.format");
    other.data[15] = PARCEL_FORMAT;
    other.data[16] = PARCEL_ANSWERS + 1;
    check_fails(buffer_bytes(&other), &keys, "parcel.format");
    const struct sign_keys others = keys_of(2);
    check_fails(buffer_bytes(&parcel), &others, "parcel.recipient");
    buffer_free(&parcel);
    buffer_free(&other);
}

/* However the file was cut: it says so, and nothing of what is missing is made up. */
static void every_cut_is_noticed(void **state) {
    const struct sign_keys keys = keys_of(1);
    struct buffer parcel = parcel_of_two(&keys, 1);
    for (size_t size = HEAD; size < parcel.size; size++)
        check_fails((struct bytes){parcel.data, size}, &keys, "parcel.truncated");
    buffer_free(&parcel);
}

static void every_altered_byte_is_noticed(void **state) {
    const struct sign_keys keys = keys_of(1);
    struct buffer parcel = parcel_of_two(&keys, 1);
    for (size_t i = 0; i < parcel.size; i++) {
        struct buffer messages = buffer_make(1000);
        parcel.data[i] ^= 0x04;
        struct error error = read_all(buffer_bytes(&parcel), &keys, &messages);
        assert_true(strncmp(error.code, "parcel.", 7) == 0);
        parcel.data[i] ^= 0x04;
        buffer_free(&messages);
    }
    buffer_append_byte(&parcel, 0);
    check_fails(buffer_bytes(&parcel), &keys, "parcel.damaged");
    buffer_free(&parcel);
}

/* Parts cannot be exchanged, repeated, or taken from another parcel to the same reader. */
static void parts_stay_where_they_are(void **state) {
    const struct sign_keys keys = keys_of(1);
    struct buffer parcel = parcel_of_two(&keys, 1);
    struct buffer other = parcel_of_two(&keys, 4);
    size_t part = (parcel.size - HEAD) / 2; /* both are equally long */
    uint8_t *first = parcel.data + HEAD;
    uint8_t *second = first + part;
    uint8_t kept[200];
    assert_true(part <= sizeof kept);
    memcpy(kept, first, part);
    memcpy(first, second, part);
    check_fails(buffer_bytes(&parcel), &keys, "parcel.damaged");
    memcpy(first, kept, part);
    memcpy(kept, second, part);
    memcpy(second, first, part);
    check_fails(buffer_bytes(&parcel), &keys, "parcel.damaged");
    memcpy(second, other.data + HEAD + part, part);
    check_fails(buffer_bytes(&parcel), &keys, "parcel.damaged");
    memcpy(second, kept, part);
    check_fails(buffer_bytes(&parcel), &keys, "");
    second[3] = 80; /* a box too small to hold a part's head */
    check_fails(buffer_bytes(&parcel), &keys, "parcel.damaged");
    buffer_free(&parcel);
    buffer_free(&other);
}

static void what_does_not_fit_is_left_out(void **state) {
    const struct sign_keys keys = keys_of(1);
    struct buffer small = buffer_make(HEAD + 150);
    struct buffer tiny = buffer_make(HEAD - 1);
    struct parcel_writer writer;
    struct error error = {0};
    const struct parcel_head head = head_for(&keys, 1);
    parcel_begin(&head, &writer, &tiny);
    assert_true(tiny.failed);
    parcel_begin(&head, &writer, &small);
    size_t before = small.size;
    const struct bytes message = {small.data, 100};
    assert_int_equal(parcel_add(&writer, message, true, SEED, &small, &error), -1);
    assert_code(error, "parcel.size");
    assert_int_equal(small.size, before);
    assert_int_equal(parcel_add(&writer, BYTES("one"), true, SEED, &small, &error), 0);
    buffer_free(&small);
    buffer_free(&tiny);
}

static void a_key_of_nobody_is_refused(void **state) {
    const struct sign_keys keys = {.public_key = {0}};
    struct buffer parcel = buffer_make(1000);
    struct parcel_writer writer;
    struct error error = {0};
    const struct parcel_head head = head_for(&keys, 1);
    parcel_begin(&head, &writer, &parcel);
    assert_int_equal(parcel_add(&writer, BYTES("one"), true, SEED, &parcel, &error), -1);
    assert_code(error, "seal.key");
    assert_int_equal(parcel.size, HEAD);
    assert_int_equal(writer.count, 0);
    buffer_free(&parcel);
}

static void without_memory_nothing_is_half(void **state) {
    const struct sign_keys keys = keys_of(1);
    struct buffer parcel = parcel_of_two(&keys, 1);
    struct buffer more = buffer_make(1000);
    struct parcel_writer writer;
    const struct parcel_head head = head_for(&keys, 1);
    struct error error = {0};
    parcel_begin(&head, &writer, &more);
    failing_memory(true);
    int added = parcel_add(&writer, BYTES("one"), true, SEED, &more, &error);
    failing_memory(false);
    assert_int_equal(added, -1);
    assert_code(error, "memory");
    assert_int_equal(more.size, HEAD);
    struct buffer messages = buffer_make(2); /* no room for what comes out */
    error = read_all(buffer_bytes(&parcel), &keys, &messages);
    assert_code(error, "memory");
    buffer_free(&messages);
    buffer_free(&more);
    buffer_free(&parcel);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_packed_comes_out),
        cmocka_unit_test(answers_are_told_from_questions),
        cmocka_unit_test(other_files_are_refused),
        cmocka_unit_test(every_cut_is_noticed),
        cmocka_unit_test(every_altered_byte_is_noticed),
        cmocka_unit_test(parts_stay_where_they_are),
        cmocka_unit_test(what_does_not_fit_is_left_out),
        cmocka_unit_test(a_key_of_nobody_is_refused),
        cmocka_unit_test(without_memory_nothing_is_half),
    };
    return seal_start(NULL) == 0 ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
