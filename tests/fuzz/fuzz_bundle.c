/*
 * Bundles, chunks of rows, changes, placements: what can be read can be written, and is read as the same. The
 * first byte chooses; bytes behind compression, hash and signature are compressed, hashed and signed here.
 *
 *   0  a sealed bundle as it comes       3  the content of a chunk of rows
 *   1  [count, content] of format 1      4  changes of the outbox
 *   2  [count, dense, plain] of format 2 5  placements
 *
 * About: sync/bundle.c sync/payload*.c sync/change*.c sync/rows.c sync/row_column.c sync/cell_column.c sync/number_column.c sync/dictionary.c
 * sync/pack.c sync/placement.c
 */
#include "schema/base/limits.h"
#include "sync/bundle.h"
#include "sync/rows.h"
#include "sync/scope.h"
#include "sync/wire.h"
#include "tests/fuzz/fuzz.h"

enum { ROOM = 1 << 22, ARENA = 1 << 26, PLACES = 64, LEVEL = 1 };

static void known_keys(struct sign_keys *ret) {
    const uint8_t seed[SIGN_SEED] = {4};
    FUZZ_MUST(seal_start(NULL) == 0);
    seal_keys(seed, ret);
}

/* --- comparing --------------------------------------------------------------------------- */

static void same_changes(const struct change *a, const struct change *b, size_t count) {
    for (size_t i = 0; i < count; i++) {
        FUZZ_MUST(a[i].table == b[i].table && a[i].operation == b[i].operation);
        FUZZ_MUST(bytes_equal(a[i].key, b[i].key));
        FUZZ_MUST(a[i].cell_count == b[i].cell_count);
        for (size_t j = 0; j < a[i].cell_count; j++) {
            FUZZ_MUST(a[i].cells[j].column == b[i].cells[j].column);
            FUZZ_MUST(j == 0 || a[i].cells[j - 1].column < a[i].cells[j].column);
            FUZZ_MUST(value_equal(a[i].cells[j].value, b[i].cells[j].value));
        }
    }
}

static void same_transactions(const struct transaction *a, const struct transaction *b,
                              size_t count) {
    for (size_t i = 0; i < count; i++) {
        FUZZ_MUST(id_equal(a[i].id, b[i].id) && id_equal(a[i].user, b[i].user));
        FUZZ_MUST(a[i].time == b[i].time && a[i].base == b[i].base);
        FUZZ_MUST(strcmp(a[i].command, b[i].command) == 0);
        FUZZ_MUST(a[i].change_count == b[i].change_count);
        same_changes(a[i].changes, b[i].changes, a[i].change_count);
    }
}

static void same_group(const struct row_group *a, const struct row_group *b) {
    FUZZ_MUST(a->table == b->table && a->column_count == b->column_count);
    FUZZ_MUST(memcmp(a->columns, b->columns, a->column_count) == 0);
    FUZZ_MUST(a->row_count == b->row_count && a->forget_count == b->forget_count);
    for (size_t i = 0; i < a->forget_count; i++) {
        FUZZ_MUST(bytes_equal(a->forget[i], b->forget[i]));
    }
    for (size_t i = 0; i < a->row_count; i++) {
        const struct sync_row *x = &a->rows[i];
        const struct sync_row *y = &b->rows[i];
        FUZZ_MUST(bytes_equal(x->key, y->key) && x->gsn == y->gsn);
        FUZZ_MUST(x->created_at == y->created_at && x->updated_at == y->updated_at);
        FUZZ_MUST(id_equal(x->created_by, y->created_by));
        FUZZ_MUST(id_equal(x->updated_by, y->updated_by) && x->places == y->places);
        for (size_t j = 0; j < a->column_count; j++) {
            FUZZ_MUST(value_equal(x->values[j], y->values[j]));
        }
    }
}

/* --- bundles ------------------------------------------------------------------------------- */

static void check_again(const struct bundle_envelope *envelope,
                        const struct transaction *read, size_t count) {
    struct sign_keys keys;
    struct sign_public key;
    struct bundle_header header = envelope->header;
    struct bundle_envelope opened;
    struct arena arena = arena_make(ARENA);
    struct buffer sealed = buffer_make(LIMIT_BUNDLE);
    struct transaction *again = NULL;
    size_t again_count = 0;
    uint8_t hash[HASH_SIZE];
    known_keys(&keys);
    memcpy(key.bytes, keys.public_key, SIGN_PUBLIC);
    FUZZ_MUST(bundle_seal(&header, (struct transaction_list){read, count}, &keys, &sealed,
                          hash, NULL) == 0);
    FUZZ_MUST(bundle_open(buffer_bytes(&sealed), &opened, NULL) == 0);
    key.bytes[0] ^= 1;
    FUZZ_MUST(bundle_verify(&opened, &key, NULL) != 0);
    key.bytes[0] ^= 1;
    opened.header.payload_hash[0] ^= 1;
    FUZZ_MUST(bundle_verify(&opened, &key, NULL) != 0);
    opened.header.payload_hash[0] ^= 1;
    FUZZ_MUST(memcmp(hash, opened.hash, HASH_SIZE) == 0);
    FUZZ_MUST(bundle_verify(&opened, &key, NULL) == 0);
    FUZZ_MUST(bundle_read(&opened, &arena, &again, &again_count, NULL) == 0);
    FUZZ_MUST(again_count == count);
    same_transactions(read, again, count);
    buffer_free(&sealed);
    arena_free(&arena);
}

static void check_read(const struct bundle_envelope *envelope) {
    struct arena arena = arena_make(ARENA);
    struct error error = {0};
    struct transaction *read = NULL;
    size_t count = 0;
    if (bundle_read(envelope, &arena, &read, &count, &error) == 0) {
        check_again(envelope, read, count);
    } else {
        FUZZ_MUST(error.code[0] != '\0');
    }
    arena_free(&arena);
}

static void check_sealed(struct bytes sealed) {
    struct bundle_envelope envelope;
    struct error error = {0};
    if (bundle_open(sealed, &envelope, &error) == 0) {
        check_read(&envelope);
    } else {
        FUZZ_MUST(error.code[0] != '\0');
    }
}

/* An envelope that passed: payload_hash and payload_size are what they should be. */
static void check_payload(int64_t format, int64_t count, struct bytes payload,
                          size_t size) {
    struct bundle_envelope envelope = {.header = {.format = format,
                                                  .number = 1,
                                                  .first_seq = 1,
                                                  .last_seq = count,
                                                  .payload_size = (int64_t)size,
                                                  .schema_version = 1},
                                       .payload = payload};
    hash_blake2b(payload, envelope.header.payload_hash);
    check_read(&envelope);
}

static void put_frame(struct buffer *ret, struct bytes content) {
    struct buffer frame = buffer_make(ROOM);
    FUZZ_MUST(seal_deflate(content, LEVEL, &frame, NULL) == 0);
    wire_put_bytes(ret, buffer_bytes(&frame));
    buffer_free(&frame);
}

static void check_content(int64_t format, struct bytes data) {
    struct wire_document *document = NULL;
    struct buffer payload = buffer_make(ROOM);
    struct bytes first = {0};
    struct bytes second = {0};
    int64_t count = 0;
    size_t items = 0;
    const struct wire_node *root = NULL;
    if (wire_open(data, &document, NULL) != 0 ||
        wire_array(root = wire_root(document), "", 3, 3, &items, NULL) != 0 ||
        wire_integer(wire_item(root, 0), "", 1, LIMIT_BUNDLE_TRANSACTIONS, &count,
                     NULL) != 0 ||
        wire_bytes(wire_item(root, 1), "", 0, SIZE_MAX, &first, NULL) != 0 ||
        wire_bytes(wire_item(root, 2), "", 0, SIZE_MAX, &second, NULL) != 0) {
        goto out;
    }
    if (format == BUNDLE_FORMAT) {
        FUZZ_MUST(seal_deflate(first, LEVEL, &payload, NULL) == 0);
        check_payload(format, count, buffer_bytes(&payload), first.size);
    } else {
        wire_put_array(&payload, 2);
        put_frame(&payload, first);
        put_frame(&payload, second);
        check_payload(format, count, buffer_bytes(&payload), first.size + second.size);
    }
out:
    wire_close(document);
    buffer_free(&payload);
}

/* --- rows, changes, placements ------------------------------------------------------------- */

static void check_rows(struct bytes content) {
    struct arena arena = arena_make(ARENA);
    struct buffer frame = buffer_make(ROOM);
    struct buffer written = buffer_make(ROOM);
    struct error error = {0};
    struct row_chunk chunk;
    struct row_chunk again;
    FUZZ_MUST(seal_deflate(content, LEVEL, &frame, NULL) == 0);
    if (rows_decode(buffer_bytes(&frame), &arena, &chunk, &error) == 0) {
        FUZZ_MUST(rows_encode(&chunk, &written, &error) == 0);
        FUZZ_MUST(rows_decode(buffer_bytes(&written), &arena, &again, &error) == 0);
        FUZZ_MUST(chunk.group_count == again.group_count);
        for (size_t i = 0; i < chunk.group_count; i++) {
            same_group(&chunk.groups[i], &again.groups[i]);
        }
    } else {
        FUZZ_MUST(error.code[0] != '\0');
    }
    buffer_free(&frame);
    buffer_free(&written);
    arena_free(&arena);
}

static void check_changes(struct bytes data) {
    struct arena arena = arena_make(ARENA);
    struct buffer written = buffer_make(ROOM);
    struct error error = {0};
    struct change *changes = NULL;
    struct change *again = NULL;
    size_t count = 0;
    size_t again_count = 0;
    if (changes_decode(data, &arena, &changes, &count, &error) == 0) {
        FUZZ_MUST(changes_encode(changes, count, &written, &error) == 0);
        FUZZ_MUST(changes_decode(buffer_bytes(&written), &arena, &again, &again_count,
                                 &error) == 0);
        FUZZ_MUST(count == again_count);
        same_changes(changes, again, count);
    } else {
        FUZZ_MUST(error.code[0] != '\0');
    }
    buffer_free(&written);
    arena_free(&arena);
}

static void check_placements(struct bytes data) {
    struct placement places[PLACES];
    struct placement again[PLACES];
    struct buffer written = buffer_make(ROOM);
    size_t count = 0;
    size_t again_count = 0;
    if (placements_decode(data, places, PLACES, &count, NULL) == 0) {
        placements_encode(places, count, &written);
        FUZZ_MUST(written.size <= data.size);
        FUZZ_MUST(placements_decode(buffer_bytes(&written), again, PLACES, &again_count,
                                    NULL) == 0);
        FUZZ_MUST(count == again_count);
        for (size_t i = 0; i < count; i++) {
            FUZZ_MUST(places[i].scope_number == again[i].scope_number);
            FUZZ_MUST(places[i].gsn == again[i].gsn && places[i].gone == again[i].gone);
        }
    }
    buffer_free(&written);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct input input = input_of(data, size);
    uint8_t choice = input_byte(&input) % 6;
    struct bytes rest = input_rest(&input);
    switch (choice) {
    case 0:
        check_sealed(rest);
        break;
    case 1:
        check_content(BUNDLE_FORMAT, rest);
        break;
    case 2:
        check_content(BUNDLE_FORMAT_PACKED, rest);
        break;
    case 3:
        check_rows(rest);
        break;
    case 4:
        check_changes(rest);
        break;
    default:
        check_placements(rest);
        break;
    }
    return 0;
}

/* --- seeds --------------------------------------------------------------------------------- */

static const uint8_t KEYS[64] = {1, 2, 3};
static const uint8_t PREFIX[8] = {0xaa, 0xbb};

static void put_inflated(struct buffer *ret, struct bytes frame) {
    struct buffer content = buffer_make(ROOM);
    FUZZ_MUST(seal_inflate(frame, ROOM, &content, NULL) == 0);
    wire_put_bytes(ret, buffer_bytes(&content));
    buffer_free(&content);
}

/* A bundle as it travels, and its content apart. */
static void give_bundle(seed_function give, void *context, int64_t format,
                        struct transaction_list list) {
    struct sign_keys keys;
    struct bundle_header header = {.format = format,
                                   .number = 1,
                                   .first_seq = 1,
                                   .last_seq = (int64_t)list.count,
                                   .schema_version = 1,
                                   .sealed_at = 1795399200000};
    struct buffer sealed = buffer_make(ROOM);
    struct buffer content = buffer_make(ROOM);
    struct bundle_envelope envelope;
    uint8_t hash[HASH_SIZE];
    known_keys(&keys);
    FUZZ_MUST(bundle_seal(&header, list, &keys, &sealed, hash, NULL) == 0);
    FUZZ_MUST(bundle_open(buffer_bytes(&sealed), &envelope, NULL) == 0);
    give_chosen(give, context, 0, buffer_bytes(&sealed));
    wire_put_array(&content, 3);
    wire_put_integer(&content, (int64_t)list.count);
    if (format == BUNDLE_FORMAT) {
        put_inflated(&content, envelope.payload);
        wire_put_bytes(&content, (struct bytes){KEYS, 0});
    } else {
        struct wire_document *document = NULL;
        struct bytes frame = {0};
        FUZZ_MUST(wire_open(envelope.payload, &document, NULL) == 0);
        for (size_t i = 0; i < 2; i++) {
            FUZZ_MUST(wire_bytes(wire_item(wire_root(document), i), "", 0, SIZE_MAX,
                                 &frame, NULL) == 0);
            put_inflated(&content, frame);
        }
        wire_close(document);
    }
    give_chosen(give, context, format == BUNDLE_FORMAT ? 1 : 2, buffer_bytes(&content));
    buffer_free(&sealed);
    buffer_free(&content);
}

static void give_bundles(seed_function give, void *context) {
    struct cell cells[4] = {{2, value_text("\xe4\xb8\x8a\xe6\xb5\xb7 Trading")},
                            {7, value_integer(-125000)},
                            {9, value_blob((struct bytes){KEYS, 16})},
                            {63, value_null()}};
    struct change changes[3] = {{30, ROW_INSERT, {KEYS, 16}, cells, 4},
                                {255, ROW_UPDATE, {KEYS, 64}, cells + 1, 1},
                                {31, ROW_DELETE, {KEYS + 16, 32}, NULL, 0}};
    struct transaction list[4];
    struct buffer data = buffer_make(ROOM);
    for (size_t i = 0; i < 4; i++) {
        list[i] =
            (struct transaction){.id = transaction_id(PREFIX, i == 3 ? 9 : 254 + i),
                                 .time = (int64_t)((1795399200000ULL + i * 1000) << 16),
                                 .base = 40 - (int64_t)i,
                                 .user = {{(uint8_t)(i % 2)}},
                                 .command = i % 2 ? "customer.create" : "opportunity.win",
                                 .changes = changes + (i == 1 ? 1 : 0),
                                 .change_count = i == 3   ? 0
                                                 : i == 1 ? 2
                                                          : 3};
    }
    for (size_t count = 1; count <= 4; count += 3) {
        give_bundle(give, context, BUNDLE_FORMAT, (struct transaction_list){list, count});
        give_bundle(give, context, BUNDLE_FORMAT_PACKED,
                    (struct transaction_list){list, count});
    }
    FUZZ_MUST(changes_encode(changes, 3, &data, NULL) == 0);
    give_chosen(give, context, 4, buffer_bytes(&data));
    buffer_free(&data);
}

enum { SEED_ROWS = 40, SEED_COLUMNS = 6 };

static void give_rows(seed_function give, void *context) {
    static struct sync_row rows[SEED_ROWS];
    static struct value values[SEED_ROWS][SEED_COLUMNS];
    static uint8_t keys[SEED_ROWS][32];
    struct bytes forget[2] = {{keys[0], 32}, {keys[1], 32}};
    struct row_group group = {.table = 77,
                              .columns = {2, 3, 4, 5, 6, 63},
                              .column_count = SEED_COLUMNS,
                              .rows = rows,
                              .forget = forget,
                              .forget_count = 2};
    struct row_chunk chunk = {&group, 1};
    for (size_t i = 0; i < SEED_ROWS; i++) {
        memset(keys[i], (int)(i * 37), 32);
        values[i][0] = value_blob((struct bytes){keys[i], 16});
        values[i][1] = value_text(i % 3 ? "retail" : "wholesale");
        values[i][2] = value_integer(1795399200000 + (int64_t)i * 1000);
        values[i][3] = i % 2 ? value_text("text") : value_null();
        values[i][4] = i % 2 ? value_integer((int64_t)(i * i)) : value_text("mixed");
        values[i][5] = value_null();
        rows[i] = (struct sync_row){.key = {keys[i], 32},
                                    .gsn = (int64_t)i + 5,
                                    .created_at = 1795399200000,
                                    .created_by = {{(uint8_t)(i % 3)}},
                                    .values = values[i],
                                    .places = i % 9 ? 1 : 2};
    }
    for (size_t count = 0; count <= SEED_ROWS; count = count * 6 + 1) {
        struct buffer frame = buffer_make(ROOM);
        struct buffer content = buffer_make(ROOM);
        group.row_count = count;
        FUZZ_MUST(rows_encode(&chunk, &frame, NULL) == 0);
        FUZZ_MUST(seal_inflate(buffer_bytes(&frame), ROOM, &content, NULL) == 0);
        give_chosen(give, context, 3, buffer_bytes(&content));
        buffer_free(&frame);
        buffer_free(&content);
    }
}

/* Columns of many values that have something in common: the kinds of columns there are. */
enum { FLAVOURS = 16, MANY = 24, MOST = 300 };

static struct value flavoured(size_t flavour, size_t i, char room[32]) {
    static const int64_t EXTREMES[] = {INT64_MIN, 0, INT64_MIN, INT64_MIN};
    size_t size = 0;
    if (flavour % 2 == 1 && i % 3 == 1) {
        return value_null();
    }
    switch (flavour / 2) {
    case 0: /* one pattern, other digits */
        size = (size_t)snprintf(room, 32, "CU-%04zu", i * 7 % 10000);
        return value_text_bytes((struct bytes){(uint8_t *)room, size});
    case 1: /* texts that have no pattern */
        size = (size_t)snprintf(room, 32, "%.*s%zu", (int)(i % 9), "abcdefghi", i);
        return value_text_bytes((struct bytes){(uint8_t *)room, size});
    case 2: /* one letter is another */
        size = (size_t)snprintf(room, 32, "%c-%02zu", i == 5 ? 'b' : 'a', i % 100);
        return value_text_bytes((struct bytes){(uint8_t *)room, size});
    case 3: /* too many digits for a pattern */
        size = (size_t)snprintf(room, 32, "%025zu", i);
        return value_text_bytes((struct bytes){(uint8_t *)room, size});
    case 4: /* bytes of all sizes */
        return value_blob((struct bytes){KEYS + i % 9, 1 + i % 17});
    case 5: /* ids */
        memset(room, (int)i, ID_SIZE);
        return value_blob((struct bytes){(uint8_t *)room, ID_SIZE});
    case 6: /* no unit in common */
        return value_integer(EXTREMES[i % 4]);
    default:
        return i % 4 == 0 ? value_text("mixed") : value_integer((int64_t)i * 250);
    }
}

static void give_flavour(seed_function give, void *context, size_t flavour,
                         size_t count) {
    static struct transaction list[MOST];
    static struct change changes[MOST];
    static struct cell cells[MOST];
    static struct sync_row rows[MOST];
    static struct value values[MOST];
    static char room[MOST][32];
    static uint8_t keys[MOST][16];
    struct row_group group = {
        .table = 9, .columns = {2}, .column_count = 1, .rows = rows, .row_count = count};
    struct row_chunk chunk = {&group, 1};
    struct buffer frame = buffer_make(ROOM);
    struct buffer content = buffer_make(ROOM);
    for (size_t i = 0; i < count; i++) {
        memset(keys[i], (int)(i * 5), 16);
        keys[i][1] = (uint8_t)(i >> 8);
        values[i] = flavoured(flavour, i, room[i]);
        cells[i] = (struct cell){2, values[i]};
        changes[i] = (struct change){9, ROW_UPDATE, {keys[i], 16}, &cells[i], 1};
        list[i] = (struct transaction){.id = transaction_id(PREFIX, i + 1),
                                       .time = (int64_t)((1795399200000ULL + i) << 16),
                                       .command = "customer.set",
                                       .changes = &changes[i],
                                       .change_count = 1};
        rows[i] = (struct sync_row){.key = {keys[i], 16},
                                    .gsn = (int64_t)i + 1,
                                    .values = &values[i],
                                    .places = 1};
    }
    give_bundle(give, context, BUNDLE_FORMAT_PACKED,
                (struct transaction_list){list, count});
    FUZZ_MUST(rows_encode(&chunk, &frame, NULL) == 0);
    FUZZ_MUST(seal_inflate(buffer_bytes(&frame), ROOM, &content, NULL) == 0);
    give_chosen(give, context, 3, buffer_bytes(&content));
    buffer_free(&frame);
    buffer_free(&content);
}

void fuzz_seeds(seed_function give, void *context) {
    const struct placement places[] = {{1, 7, false}, {3, 900, true}, {90000, 5, false}};
    struct buffer data = buffer_make(ROOM);
    give_bundles(give, context);
    give_rows(give, context);
    for (size_t flavour = 0; flavour < FLAVOURS; flavour++) {
        give_flavour(give, context, flavour, MANY);
    }
    give_flavour(give, context, 2, MOST);
    placements_encode(places, 3, &data);
    give_chosen(give, context, 5, buffer_bytes(&data));
    buffer_free(&data);
}
