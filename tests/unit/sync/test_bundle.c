/*
 * sync/bundle, sync/payload and sync/change: there and back, and whatever an attacker may send.
 */
#include "tests/unit/sync/support.h"

#include <stdlib.h>

#include "schema/base/limits.h"
#include "sync/bundle.h"
#include "sync/clock.h"
#include "sync/pack.h"
#include "sync/payload.h"

/* --- three transactions of two people ------------------------------------------------ */

static const uint8_t keys_of_rows[64] = {1, 2, 3};
static const uint8_t prefix[8] = {0xaa, 0xbb};

static struct cell first_cells[3];
static struct cell second_cells[1];
static struct change first_changes[2];
static struct change second_changes[2];
static struct transaction transactions[3];

static int make_transactions(void **state) {
    first_cells[0] = (struct cell){2, value_text("上海贸易有限公司")};
    first_cells[1] = (struct cell){7, value_integer(-125000)};
    first_cells[2] = (struct cell){63, value_null()};
    second_cells[0] = (struct cell){9, value_blob(BYTES("\x00\x01\x02"))};
    first_changes[0] =
        (struct change){30, ROW_INSERT, {keys_of_rows, 16}, first_cells, 3};
    first_changes[1] =
        (struct change){255, ROW_UPDATE, {keys_of_rows, 64}, second_cells, 1};
    second_changes[0] = (struct change){30, ROW_DELETE, {keys_of_rows + 16, 16}, NULL, 0};
    second_changes[1] = (struct change){31, ROW_INSERT, {keys_of_rows, 32}, NULL, 0};
    transactions[0] = (struct transaction){transaction_id(prefix, 254),
                                           clock_pack(1760000000000, 3),
                                           40,
                                           id_of(1),
                                           "opportunity.win",
                                           first_changes,
                                           2};
    transactions[1] = (struct transaction){transaction_id(prefix, 255),
                                           clock_pack(1759999999999, UINT16_MAX),
                                           39,
                                           id_of(2),
                                           "customer.create",
                                           second_changes,
                                           2};
    transactions[2] = (struct transaction){transaction_id(prefix, 9),
                                           clock_pack(1760000000005, 0),
                                           40,
                                           id_of(1),
                                           "opportunity.win",
                                           NULL,
                                           0};
    return 0;
}

static void assert_change(const struct change *actual, const struct change *expected) {
    assert_int_equal(actual->table, expected->table);
    assert_int_equal(actual->operation, expected->operation);
    assert_bytes(actual->key, expected->key);
    assert_int_equal(actual->cell_count, expected->cell_count);
    for (size_t i = 0; i < expected->cell_count; i++) {
        assert_int_equal(actual->cells[i].column, expected->cells[i].column);
        assert_true(value_equal(actual->cells[i].value, expected->cells[i].value));
    }
}

static void assert_transactions(const struct transaction *actual) {
    for (size_t i = 0; i < 3; i++) {
        const struct transaction *expected = &transactions[i];
        assert_true(id_equal(actual[i].id, expected->id));
        assert_true(actual[i].time == expected->time);
        assert_true(actual[i].base == expected->base);
        assert_true(id_equal(actual[i].user, expected->user));
        assert_string_equal(actual[i].command, expected->command);
        assert_int_equal(actual[i].change_count, expected->change_count);
        for (size_t j = 0; j < expected->change_count; j++)
            assert_change(&actual[i].changes[j], &expected->changes[j]);
    }
}

static void test_transaction_id(void **state) {
    struct id id = transaction_id(prefix, 0x0102030405060708);
    const struct id expected = {{0xaa, 0xbb, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8}};
    assert_true(id_equal(id, expected));
}

/* --- the payload alone --------------------------------------------------------------- */

static struct buffer encode_payload(void) {
    struct buffer payload = buffer_make(10000);
    payload_encode(transactions, 3, &payload);
    assert_false(payload.failed);
    return payload;
}

static int decode_payload(struct bytes data, struct arena *arena, struct error *error) {
    struct transaction *read = NULL;
    return payload_decode(data, 3, arena, &read, error);
}

static void test_payload(void **state) {
    struct buffer payload = encode_payload();
    struct arena arena = arena_make(10000);
    struct transaction *read = NULL;
    assert_int_equal(payload_decode(buffer_bytes(&payload), 3, &arena, &read, NULL), 0);
    assert_transactions(read);
    assert_int_equal(payload_decode(buffer_bytes(&payload), 2, &arena, &read, NULL), -1);
    assert_int_equal(payload_decode(buffer_bytes(&payload), 4, &arena, &read, NULL), -1);
    arena_free(&arena);
    buffer_free(&payload);
}

static void test_payload_room(void **state) {
    for (size_t maximum = 0;; maximum++) {
        struct buffer payload = buffer_make(maximum);
        payload_encode(transactions, 3, &payload);
        bool failed = payload.failed;
        buffer_free(&payload);
        if (!failed) {
            assert_true(maximum > 100);
            return;
        }
    }
}

static void test_payload_every_wrong_value(void **state) {
    struct buffer payload = encode_payload();
    exchange_every_node(buffer_bytes(&payload), decode_payload);
    assert_true(starve(buffer_bytes(&payload), decode_payload) > 200);
    buffer_free(&payload);
}

/* Places of the payload's items, in the order they are written (commands has two values in it). */
enum {
    RUNS = 1,
    USERS,
    COMMANDS,
    FIRST_COMMAND,
    SECOND_COMMAND,
    MILLISECONDS,
    COUNTERS,
    BASES,
    USER_INDEXES,
    COMMAND_INDEXES,
    CHANGE_COUNTS,
    HEADS,
    KEYS,
    VALUES
};

/* The payload with one item exchanged for `with`, as bytes, must be refused because of `field`. */
static void refuse_bytes(size_t item, struct bytes with, const char *field) {
    struct buffer payload = encode_payload(), value = buffer_make(1000),
                  changed = buffer_make(10000);
    struct arena arena = arena_make(100000);
    struct error error = {0};
    wire_put_bytes(&value, with);
    assert_true(
        replace_node(buffer_bytes(&payload), item, buffer_bytes(&value), &changed));
    assert_int_equal(decode_payload(buffer_bytes(&changed), &arena, &error), -1);
    assert_code(error, "bundle.payload");
    assert_string_equal(error.field, field);
    arena_free(&arena);
    buffer_free(&payload);
    buffer_free(&value);
    buffer_free(&changed);
}

static void test_payload_numbers(void **state) {
    refuse_bytes(RUNS, BYTES(""), "runs");
    refuse_bytes(RUNS, BYTES("12345678\x05\x04"), "runs"); /* four ids for three */
    refuse_bytes(RUNS, BYTES("12345678\x05\x00"), "runs");
    refuse_bytes(RUNS, BYTES("12345678\x05\x03\x00"), "runs");
    refuse_bytes(RUNS, BYTES("12345678\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x03"),
                 "runs");
    refuse_bytes(USERS, BYTES("12345678"), "users");
    refuse_bytes(USERS, BYTES(""), "users");
    refuse_bytes(MILLISECONDS, BYTES("\x02\x00"), "milliseconds");
    refuse_bytes(MILLISECONDS, BYTES("\x02\x00\x00\x00"), "milliseconds");
    refuse_bytes(MILLISECONDS, BYTES("\x01\x00\x00"), "milliseconds"); /* before 1970 */
    refuse_bytes(MILLISECONDS, BYTES("\x00\x00\xfe\xff\xff\xff\xff\xff\xff\x01"),
                 "milliseconds");
    refuse_bytes(COUNTERS, BYTES("\x00\x00"), "counters");
    refuse_bytes(COUNTERS, BYTES("\x00\x00\x80\x80\x04"), "counters");
    refuse_bytes(BASES, BYTES("\x02\x00"), "bases");
    refuse_bytes(BASES, BYTES("\x02\x01\x03"), "bases"); /* below zero */
    refuse_bytes(USER_INDEXES, BYTES("\x00\x02\x00"), "user_indexes");
    refuse_bytes(COMMAND_INDEXES, BYTES("\x00\x02\x00"), "command_indexes");
    refuse_bytes(COMMAND_INDEXES, BYTES("\x00\x01"), "command_indexes");
    refuse_bytes(CHANGE_COUNTS, BYTES("\x02\x02"), "change_counts");
    refuse_bytes(CHANGE_COUNTS, BYTES("\x02\x02\x01"), "count");
    refuse_bytes(CHANGE_COUNTS, BYTES("\x02\x01\x00"), "length");
}

static void test_payload_heads(void **state) {
    const struct {
        const char *heads;
        size_t size;
        const char *field;
    } cases[] = {
#define HEADS_OF(text) (text), sizeof(text) - 1
        {HEADS_OF("\x00\x05\x03\x02\x07\x3f____________"), "table"},
        {HEADS_OF("\x1e\x04\x03\x02\x07\x3f____________"), "operation"},
        {HEADS_OF("\x1e\x01\x03\x02\x07\x3f____________"), "key"}, /* no key column */
        {HEADS_OF("\x1e\x15\x03\x02\x07\x3f____________"), "key"}, /* five */
        {HEADS_OF("\x1e\x07\x01\x02____________"), "cells"}, /* a delete with a cell */
        {HEADS_OF("\x1e\x05\x40____________"), "cells"},     /* 64 cells */
        {HEADS_OF("\x1e\x05\x03\x02\x02\x3f____________"), "column"}, /* twice the same */
        {HEADS_OF("\x1e\x05\x03\x02\x07\x40____________"), "column"}, /* column 64 */
        {HEADS_OF("\x1e\x05\x03\x00\x07\x3f____________"), "column"}, /* column 0 */
        {HEADS_OF("\x1e\x05\x05\x01\x02\x03\x04\x05__________"), "values"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        refuse_bytes(HEADS,
                     (struct bytes){(const uint8_t *)cases[i].heads, cases[i].size},
                     cases[i].field);
    refuse_bytes(KEYS, BYTES("1234567890123456"), "length");
    refuse_bytes(
        HEADS,
        BYTES("\x1e\x05\x03\x02\x07\x3f\xff\x12\x01\x09\x1e\x07\x00\x1f\x09\x00more"),
        "length");
}

static void refuse_command(const char *name) {
    struct buffer payload = encode_payload(), value = buffer_make(1000),
                  changed = buffer_make(10000);
    struct arena arena = arena_make(100000);
    wire_put_text(&value, name);
    assert_true(replace_node(buffer_bytes(&payload), SECOND_COMMAND, buffer_bytes(&value),
                             &changed));
    assert_int_equal(decode_payload(buffer_bytes(&changed), &arena, NULL), -1);
    arena_free(&arena);
    buffer_free(&payload);
    buffer_free(&value);
    buffer_free(&changed);
}

static void test_payload_values_left_over(void **state) {
    struct buffer payload = encode_payload(), changed = buffer_make(10000);
    struct arena arena = arena_make(100000);
    struct error error = {0};
    assert_true(replace_node(buffer_bytes(&payload), VALUES,
                             BYTES("\x95\x00\x01\x02\x03\x04"), &changed));
    assert_int_equal(decode_payload(buffer_bytes(&changed), &arena, &error), -1);
    assert_string_equal(error.field, "length");
    assert_int_equal(decode_payload(BYTES("\xc1"), &arena, &error), -1);
    assert_code(error, "wire.type");
    arena_free(&arena);
    buffer_free(&payload);
    buffer_free(&changed);
}

static void test_payload_command_names(void **state) {
    char longest[65] = {0};
    memset(longest, 'a', 64);
    refuse_command("");
    refuse_command("Customer.create");
    refuse_command("customer create");
    refuse_command("客户");
    refuse_command(longest);
    refuse_bytes(USERS, BYTES(""), "users");
    struct buffer payload = encode_payload(), changed = buffer_make(10000);
    struct arena arena = arena_make(100000);
    struct error error = {0};
    assert_true(replace_node(buffer_bytes(&payload), SECOND_COMMAND,
                             BYTES("\xa3"
                                   "a\0b"),
                             &changed));
    assert_int_equal(decode_payload(buffer_bytes(&changed), &arena, &error), -1);
    assert_string_equal(error.field, "command");
    buffer_reset(&changed);
    assert_true(replace_node(buffer_bytes(&payload), COMMANDS, BYTES("\x90"), &changed));
    assert_int_equal(decode_payload(buffer_bytes(&changed), &arena, &error), -1);
    assert_string_equal(error.field, "users");
    arena_free(&arena);
    buffer_free(&payload);
    buffer_free(&changed);
}

/* --- changes alone ------------------------------------------------------------------- */

static int decode_changes(struct bytes data, struct arena *arena, struct error *error) {
    struct change *changes = NULL;
    size_t count = 0;
    return changes_decode(data, arena, &changes, &count, error);
}

static void test_changes(void **state) {
    struct buffer buffer = buffer_make(LIMIT_TRANSACTION);
    struct arena arena = arena_make(10000);
    struct change *changes = NULL;
    size_t count = 0;
    assert_int_equal(changes_encode(first_changes, 2, &buffer, NULL), 0);
    assert_int_equal(
        changes_decode(buffer_bytes(&buffer), &arena, &changes, &count, NULL), 0);
    assert_int_equal(count, 2);
    memset(buffer.data, 0xff, buffer.size); /* what was read lives in the arena */
    assert_change(&changes[0], &first_changes[0]);
    assert_change(&changes[1], &first_changes[1]);
    arena_free(&arena);
    buffer_free(&buffer);
}

static void test_changes_refused(void **state) {
    struct buffer buffer = buffer_make(LIMIT_TRANSACTION);
    struct error error = {0};
    assert_int_equal(changes_encode(first_changes, 2, &buffer, NULL), 0);
    exchange_every_node(buffer_bytes(&buffer), decode_changes);
    assert_true(starve(buffer_bytes(&buffer), decode_changes) > 100);
    struct arena arena = arena_make(10000);
    assert_int_equal(decode_changes(BYTES("\xc1"), &arena, &error), -1);
    arena_free(&arena);
    size_t size = buffer.size;
    buffer_free(&buffer);
    for (size_t maximum = 0; maximum < size; maximum++) {
        buffer = buffer_make(maximum);
        assert_int_equal(changes_encode(first_changes, 2, &buffer, &error), -1);
        assert_code(error, "transaction.size");
        buffer_free(&buffer);
    }
}

/* --- sealed, in either format -------------------------------------------------------------------------- */

static int64_t format = BUNDLE_FORMAT;

static int make_packed(void **state) {
    format = BUNDLE_FORMAT_PACKED;
    return make_transactions(state);
}

struct sealed {
    struct bundle_header header;
    struct sign_keys keys;
    struct sign_public key;
    struct buffer bytes;
    uint8_t hash[HASH_SIZE];
};

static struct sealed seal(void) {
    struct sealed sealed = {
        .header = {.format = format,
                   .org = id_of(5),
                   .device = id_of(6),
                   .number = 3,
                   .first_seq = 8,
                   .last_seq = 10,
                   .previous_hash = {4},
                   .schema_version = 1,
                   .sealed_at = 1760000000000},
        .bytes = buffer_make(LIMIT_BUNDLE),
    };
    struct error error = {0};
    assert_int_equal(seal_start(&error), 0);
    seal_keys((const uint8_t[SIGN_SEED]){1}, &sealed.keys);
    memcpy(sealed.key.bytes, sealed.keys.public_key, SIGN_PUBLIC);
    assert_int_equal(bundle_seal(&sealed.header,
                                 (struct transaction_list){transactions, 3}, &sealed.keys,
                                 &sealed.bytes, sealed.hash, &error),
                     0);
    return sealed;
}

static void test_bundle(void **state) {
    struct sealed sealed = seal();
    struct bundle_envelope envelope;
    struct arena arena = arena_make(100000);
    struct transaction *read = NULL;
    struct error error = {0};
    size_t count = 0;
    assert_int_equal(bundle_open(buffer_bytes(&sealed.bytes), &envelope, &error), 0);
    assert_int_equal(bundle_verify(&envelope, &sealed.key, &error), 0);
    assert_int_equal(bundle_read(&envelope, &arena, &read, &count, &error), 0);
    assert_int_equal(count, 3);
    assert_transactions(read);
    assert_memory_equal(envelope.hash, sealed.hash, HASH_SIZE);
    assert_int_equal(envelope.header.format, format);
    assert_true(id_equal(envelope.header.org, id_of(5)));
    assert_true(id_equal(envelope.header.device, id_of(6)));
    assert_int_equal(envelope.header.number, 3);
    assert_int_equal(envelope.header.first_seq, 8);
    assert_int_equal(envelope.header.last_seq, 10);
    assert_int_equal(envelope.header.previous_hash[0], 4);
    assert_int_equal(envelope.header.schema_version, 1);
    assert_true(envelope.header.sealed_at == 1760000000000);
    arena_free(&arena);
    buffer_free(&sealed.bytes);
}

static void test_bundle_sealing_is_repeatable(void **state) {
    struct sealed once = seal(), again = seal();
    assert_bytes(buffer_bytes(&once.bytes), buffer_bytes(&again.bytes));
    buffer_free(&once.bytes);
    buffer_free(&again.bytes);
}

/* Every single byte that is changed is noticed by opening or by verifying. */
static void test_bundle_tampered(void **state) {
    struct sealed sealed = seal();
    for (size_t i = 0; i < sealed.bytes.size; i++) {
        struct bundle_envelope envelope;
        sealed.bytes.data[i] ^= 0x01;
        assert_true(bundle_open(buffer_bytes(&sealed.bytes), &envelope, NULL) != 0 ||
                    bundle_verify(&envelope, &sealed.key, NULL) != 0);
        sealed.bytes.data[i] ^= 0x01;
        assert_int_equal(
            bundle_open((struct bytes){sealed.bytes.data, i}, &envelope, NULL), -1);
    }
    buffer_free(&sealed.bytes);
}

static void test_bundle_verify(void **state) {
    struct sealed sealed = seal();
    struct bundle_envelope envelope;
    struct error error = {0};
    assert_int_equal(bundle_open(buffer_bytes(&sealed.bytes), &envelope, &error), 0);
    struct sign_public other = sealed.key;
    other.bytes[3] ^= 1;
    assert_int_equal(bundle_verify(&envelope, &other, &error), -1);
    assert_code(error, "bundle.signature");
    envelope.payload.size--;
    assert_int_equal(bundle_verify(&envelope, &sealed.key, &error), -1);
    assert_code(error, "bundle.payload_hash");
    buffer_free(&sealed.bytes);
}

static int open_bundle(struct bytes data, struct arena *arena, struct error *error) {
    struct bundle_envelope envelope;
    return bundle_open(data, &envelope, error);
}

static void test_bundle_open_refuses(void **state) {
    struct sealed sealed = seal();
    struct bundle_envelope envelope;
    struct error error = {0};
    /* Not the payload: any bytes will do for opening. */
    struct buffer changed = buffer_make(10000);
    assert_true(
        replace_node(buffer_bytes(&sealed.bytes), 2, BYTES("\xc4\x00"), &changed));
    assert_int_equal(open_bundle(buffer_bytes(&changed), NULL, NULL), 0);
    for (size_t k = 0; k < 4; k++)
        for (size_t i = 0; k != 2 && wrong_value(i).data; i++) {
            buffer_reset(&changed);
            assert_true(
                replace_node(buffer_bytes(&sealed.bytes), k, wrong_value(i), &changed));
            assert_int_equal(open_bundle(buffer_bytes(&changed), NULL, &error), -1);
        }
    assert_int_equal(bundle_open((struct bytes){sealed.bytes.data, LIMIT_BUNDLE + 1},
                                 &envelope, &error),
                     -1);
    assert_code(error, "bundle.size");
    buffer_free(&changed);
    buffer_free(&sealed.bytes);
}

/* Opens the bundle with the k-th value of its header exchanged. */
static void open_with(const struct sealed *sealed, size_t k, struct bytes with,
                      struct error *error) {
    struct bundle_envelope envelope;
    struct buffer header = buffer_make(1000), item = buffer_make(1000),
                  changed = buffer_make(10000);
    assert_int_equal(bundle_open(buffer_bytes(&sealed->bytes), &envelope, NULL), 0);
    assert_true(replace_node(envelope.header_bytes, k, with, &header));
    wire_put_bytes(&item, buffer_bytes(&header));
    assert_true(
        replace_node(buffer_bytes(&sealed->bytes), 1, buffer_bytes(&item), &changed));
    assert_int_equal(bundle_open(buffer_bytes(&changed), &envelope, error), -1);
    buffer_free(&header);
    buffer_free(&item);
    buffer_free(&changed);
}

static void test_bundle_header_refused(void **state) {
    struct sealed sealed = seal();
    struct error error = {0};
    for (size_t k = 0; k <= 11; k++) {
        open_with(&sealed, k, BYTES("\xc3"), &error);
        assert_code(error, "bundle.header");
    }
    open_with(&sealed, 1, BYTES("\x03"), &error);
    assert_code(error, "bundle.format");
    open_with(&sealed, 1, BYTES("\x00"), &error);
    assert_code(error, "bundle.header");
    open_with(&sealed, 4, BYTES("\x00"), &error);
    assert_string_equal(error.field, "number");
    open_with(&sealed, 6, BYTES("\x07"), &error); /* last before first */
    assert_string_equal(error.field, "last_seq");
    open_with(&sealed, 6, BYTES("\xcd\x7f\xff"), &error); /* too many */
    assert_string_equal(error.field, "last_seq");
    open_with(&sealed, 0, BYTES("\x91\x01"), &error);
    assert_code(error, "bundle.header");
    open_with(&sealed, 0, BYTES("\xc1"), &error);
    assert_code(error, "bundle.header");
    buffer_free(&sealed.bytes);
}

static void test_bundle_read_refuses(void **state) {
    struct sealed sealed = seal();
    struct bundle_envelope envelope, wrong;
    struct arena arena = arena_make(100000);
    struct transaction *read = NULL;
    struct error error = {0};
    size_t count = 0;
    assert_int_equal(bundle_open(buffer_bytes(&sealed.bytes), &envelope, NULL), 0);
    wrong = envelope;
    wrong.header.payload_size++;
    assert_int_equal(bundle_read(&wrong, &arena, &read, &count, &error), -1);
    assert_code(error, "bundle.payload");
    wrong = envelope;
    wrong.header.last_seq--;
    assert_int_equal(bundle_read(&wrong, &arena, &read, &count, &error), -1);
    wrong = envelope;
    wrong.payload = BYTES("no frame");
    assert_int_equal(bundle_read(&wrong, &arena, &read, &count, &error), -1);
    assert_code(error, format == BUNDLE_FORMAT ? "seal.compression" : "wire.trailing");
    assert_int_equal(count, 0);
    assert_null(read);
    arena_free(&arena);
    buffer_free(&sealed.bytes);
}

/* Each of the two frames, and that there are two. */
static void test_packed_frames_refused(void **state) {
    struct sealed sealed = seal();
    struct bundle_envelope envelope;
    struct buffer changed = buffer_make(10000);
    struct arena arena = arena_make(100000);
    struct transaction *read = NULL;
    struct error error = {0};
    size_t count = 0;
    assert_int_equal(bundle_open(buffer_bytes(&sealed.bytes), &envelope, NULL), 0);
    struct bytes payload = envelope.payload;
    for (size_t k = 0; k < 3; k++)
        for (size_t i = 0; wrong_value(i).data; i++) {
            buffer_reset(&changed);
            assert_true(replace_node(payload, k, wrong_value(i), &changed));
            envelope.payload = buffer_bytes(&changed);
            assert_int_equal(bundle_read(&envelope, &arena, &read, &count, &error), -1);
        }
    arena_free(&arena);
    buffer_free(&changed);
    buffer_free(&sealed.bytes);
}

/* A frame that would inflate beyond the limit is not inflated. */
static void test_bundle_bomb(void **state) {
    size_t size = LIMIT_PAYLOAD + 1;
    uint8_t *zeros = calloc(1, size);
    struct buffer bomb = buffer_make(100000);
    struct bundle_envelope envelope = {
        .header = {.format = BUNDLE_FORMAT, .first_seq = 1, .last_seq = 1}};
    struct arena arena = arena_make(1000);
    struct transaction *read = NULL;
    struct error error = {0};
    size_t count = 0;
    assert_non_null(zeros);
    assert_int_equal(seal_deflate((struct bytes){zeros, size}, 1, &bomb, NULL), 0);
    envelope.payload = buffer_bytes(&bomb);
    envelope.header.payload_size = (int64_t)size;
    assert_int_equal(bundle_read(&envelope, &arena, &read, &count, &error), -1);
    assert_code(error, "seal.size");
    free(zeros);
    buffer_free(&bomb);
    arena_free(&arena);
}

/* --- too large to be sealed ---------------------------------------------------------- */

/* Seals `count` changes, each with a blob of `size` random bytes of its own. */
static void seal_too_large(size_t count, size_t size, size_t room, const char *code) {
    struct sign_keys keys;
    struct buffer sealed = buffer_make(room);
    struct change *changes = calloc(count, sizeof *changes);
    struct cell *cells = calloc(count, sizeof *cells);
    struct bundle_header header = {.format = format,
                                   .number = 1,
                                   .first_seq = 1,
                                   .last_seq = 1,
                                   .schema_version = 1};
    uint8_t *noise = malloc(size + count), hash[HASH_SIZE];
    struct error error = {0};
    uint64_t dice = 88172645463325252U;
    assert_non_null(changes);
    assert_non_null(cells);
    assert_non_null(noise);
    for (size_t i = 0; i < size + count; i++) {
        dice ^= dice << 13;
        dice ^= dice >> 7;
        dice ^= dice << 17;
        noise[i] = (uint8_t)dice;
    }
    for (size_t i = 0; i < count; i++) {
        cells[i] = (struct cell){1, value_blob((struct bytes){noise + i, size})};
        changes[i] = (struct change){30, ROW_UPDATE, {keys_of_rows, 16}, &cells[i], 1};
    }
    struct transaction transaction = {
        .command = "a", .changes = changes, .change_count = count};
    seal_keys((const uint8_t[SIGN_SEED]){1}, &keys);
    assert_int_equal(bundle_seal(&header, (struct transaction_list){&transaction, 1},
                                 &keys, &sealed, hash, &error),
                     -1);
    assert_code(error, code);
    free(noise);
    free(cells);
    free(changes);
    buffer_free(&sealed);
}

static void test_bundle_too_large(void **state) {
    seal_too_large(300, 60000, LIMIT_BUNDLE, "bundle.size"); /* the plain payload */
    seal_too_large(1, LIMIT_BUNDLE + 1000, LIMIT_BUNDLE * 2,
                   "seal.size"); /* compressed */
    seal_too_large(1, LIMIT_BUNDLE - 350, LIMIT_BUNDLE * 2,
                   "bundle.size");              /* with the rest */
    seal_too_large(1, 100, 150, "bundle.size"); /* the caller's room */
}

/* --- size ---------------------------------------------------------------------------- */

/* A hundred one-cell edits of rows with random ids: the ids, and little more. */
static void test_bundle_is_small(void **state) {
    enum { EDITS = 100 };
    static uint8_t ids[EDITS][16];
    static struct change changes[EDITS];
    static struct cell cells[EDITS];
    static struct transaction edits[EDITS];
    struct sealed sealed = seal();
    uint64_t dice = 88172645463325252U;
    int64_t unix_ms = 1760000000000;
    for (size_t i = 0; i < EDITS; i++) {
        for (size_t j = 0; j < 16; j++) {
            dice ^= dice << 13;
            dice ^= dice >> 7;
            dice ^= dice << 17;
            ids[i][j] = (uint8_t)dice;
        }
        unix_ms += (int64_t)(dice >> 20) % 120000;
        cells[i] = (struct cell){7, value_integer((int64_t)(dice >> 30) % 1000000)};
        changes[i] = (struct change){30, ROW_UPDATE, {ids[i], 16}, &cells[i], 1};
        edits[i] = (struct transaction){transaction_id(prefix, i),
                                        clock_pack(unix_ms, 0),
                                        40,
                                        id_of(1),
                                        "opportunity.amount",
                                        &changes[i],
                                        1};
    }
    buffer_reset(&sealed.bytes);
    sealed.header.last_seq = sealed.header.first_seq + EDITS - 1;
    assert_int_equal(bundle_seal(&sealed.header, (struct transaction_list){edits, EDITS},
                                 &sealed.keys, &sealed.bytes, sealed.hash, NULL),
                     0);
    assert_in_range(sealed.bytes.size, 16 * EDITS,
                    (format == BUNDLE_FORMAT ? 30 : 25) * EDITS);
    buffer_free(&sealed.bytes);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_transaction_id),
        cmocka_unit_test(test_payload),
        cmocka_unit_test(test_payload_room),
        cmocka_unit_test(test_payload_every_wrong_value),
        cmocka_unit_test(test_payload_numbers),
        cmocka_unit_test(test_payload_heads),
        cmocka_unit_test(test_payload_values_left_over),
        cmocka_unit_test(test_payload_command_names),
        cmocka_unit_test(test_changes),
        cmocka_unit_test(test_changes_refused),
        cmocka_unit_test(test_bundle),
        cmocka_unit_test(test_bundle_sealing_is_repeatable),
        cmocka_unit_test(test_bundle_tampered),
        cmocka_unit_test(test_bundle_verify),
        cmocka_unit_test(test_bundle_open_refuses),
        cmocka_unit_test(test_bundle_header_refused),
        cmocka_unit_test(test_bundle_read_refuses),
        cmocka_unit_test(test_bundle_bomb),
        cmocka_unit_test(test_bundle_too_large),
        cmocka_unit_test(test_bundle_is_small),
    };
    const struct CMUnitTest packed[] = {
        cmocka_unit_test(test_bundle),
        cmocka_unit_test(test_bundle_sealing_is_repeatable),
        cmocka_unit_test(test_bundle_tampered),
        cmocka_unit_test(test_bundle_verify),
        cmocka_unit_test(test_bundle_header_refused),
        cmocka_unit_test(test_bundle_read_refuses),
        cmocka_unit_test(test_packed_frames_refused),
        cmocka_unit_test(test_bundle_too_large),
        cmocka_unit_test(test_bundle_is_small),
    };
    int failed = cmocka_run_group_tests(tests, make_transactions, NULL);
    return failed + cmocka_run_group_tests(packed, make_packed, NULL);
}
