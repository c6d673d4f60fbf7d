/*
 * sync/seal: keys, signatures, compression, base32.
 */
#include "tests/support/failing/failing.h"
#include "tests/unit/sync/support.h"

#include "sync/seal.h"

static void test_start(void **state) {
    struct error error = {0};
    assert_int_equal(seal_start(&error), 0);
    assert_int_equal(seal_start(&error), 0);
    failing_sodium(true);
    assert_int_equal(seal_start(&error), -1);
    failing_sodium(false);
    assert_code(error, "seal.start");
}

static void test_signatures(void **state) {
    struct sign_keys keys, others;
    struct sign_public key, other;
    uint8_t signature[SIGN_SIGNATURE];
    seal_keys((const uint8_t[SIGN_SEED]){1}, &keys);
    seal_keys((const uint8_t[SIGN_SEED]){2}, &others);
    memcpy(key.bytes, keys.public_key, SIGN_PUBLIC);
    memcpy(other.bytes, others.public_key, SIGN_PUBLIC);
    seal_sign(&keys, "context", BYTES("message"), signature);
    assert_true(seal_verify(&key, "context", BYTES("message"), signature));
    assert_false(seal_verify(&key, "context", BYTES("massage"), signature));
    assert_false(seal_verify(&key, "contex", BYTES("tmessage"), signature));
    assert_false(seal_verify(&other, "context", BYTES("message"), signature));
    signature[0] ^= 1;
    assert_false(seal_verify(&key, "context", BYTES("message"), signature));
}

/* RFC 8032, section 7.1, the key of test 1. */
static void test_known_key(void **state) {
    static const uint8_t seed[SIGN_SEED] = {
        0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a,
        0xf4, 0x92, 0xec, 0x2c, 0xc4, 0x44, 0x49, 0xc5, 0x69, 0x7b, 0x32,
        0x69, 0x19, 0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60};
    static const uint8_t public_key[4] = {0xd7, 0x5a, 0x98, 0x01};
    struct sign_keys keys;
    seal_keys(seed, &keys);
    assert_memory_equal(keys.public_key, public_key, sizeof public_key);
    seal_wipe(&keys, sizeof keys);
    assert_memory_equal(keys.secret_key, (uint8_t[SIGN_SECRET]){0}, SIGN_SECRET);
}

static void test_deflate(void **state) {
    uint8_t zeros[10000] = {0};
    struct bytes data = {zeros, sizeof zeros};
    struct buffer deflated = buffer_make(1000), inflated = buffer_make(20000);
    struct arena arena = arena_make(20000);
    struct error error = {0};
    struct bytes again;
    buffer_append_byte(&inflated, 'x');
    assert_int_equal(seal_deflate(data, 3, &deflated, &error), 0);
    assert_true(deflated.size < 100);
    assert_int_equal(seal_inflate(buffer_bytes(&deflated), 10000, &inflated, &error), 0);
    assert_int_equal(inflated.size, 10001);
    assert_memory_equal(inflated.data + 1, zeros, sizeof zeros);
    assert_int_equal(
        seal_inflate_in(&arena, buffer_bytes(&deflated), 10000, &again, &error), 0);
    assert_bytes(again, data);
    assert_int_equal(seal_inflate(buffer_bytes(&deflated), 9999, &inflated, &error), -1);
    assert_code(error, "seal.size");
    assert_int_equal(
        seal_inflate_in(&arena, buffer_bytes(&deflated), 9999, &again, &error), -1);
    assert_code(error, "seal.size");
    arena_free(&arena);
    buffer_free(&deflated);
    buffer_free(&inflated);
}

static void test_deflate_no_room(void **state) {
    struct buffer small = buffer_make(5);
    struct error error = {0};
    assert_int_equal(seal_deflate(BYTES("not much"), 3, &small, &error), -1);
    assert_code(error, "seal.size");
    buffer_free(&small);
    failing_zstd(true);
    small = buffer_make(500);
    assert_int_equal(seal_deflate(BYTES("not much"), 3, &small, &error), -1);
    assert_code(error, "memory");
    failing_zstd(false);
    error_clear(&error);
    failing_memory(true);
    assert_int_equal(seal_deflate(BYTES("not much"), 3, &small, &error), -1);
    failing_memory(false);
    assert_code(error, "memory");
}

/* That memory ran out is not the data's fault: who asks again may get it. */
static void test_inflate_without_memory(void **state) {
    struct buffer deflated = buffer_make(500);
    struct buffer inflated = buffer_make(500);
    struct error error = {0};
    assert_int_equal(seal_deflate(BYTES("enough"), 3, &deflated, &error), 0);
    failing_zstd(true);
    assert_int_equal(seal_inflate(buffer_bytes(&deflated), 500, &inflated, &error), -1);
    failing_zstd(false);
    assert_code(error, "memory");
    assert_int_equal(seal_inflate(buffer_bytes(&deflated), 500, &inflated, &error), 0);
    assert_int_equal(inflated.size, 6);
    buffer_free(&deflated);
    buffer_free(&inflated);
}

static void refuse_frame(struct bytes frame, const char *code) {
    struct buffer inflated = buffer_make(100);
    struct arena arena = arena_make(100);
    struct error error = {0};
    struct bytes bytes;
    assert_int_equal(seal_inflate(frame, 1000, &inflated, &error), -1);
    assert_code(error, code);
    assert_int_equal(inflated.size, 0);
    assert_int_equal(seal_inflate_in(&arena, frame, 1000, &bytes, &error), -1);
    assert_code(error, code);
    buffer_free(&inflated);
    arena_free(&arena);
}

static void test_inflate_refuses(void **state) {
    struct buffer good = buffer_make(1000);
    refuse_frame(BYTES(""), "seal.compression");
    refuse_frame(BYTES("garbage that is no frame"), "seal.compression");
    /* A frame whose header gives no size: window descriptor only. */
    refuse_frame(BYTES("\x28\xb5\x2f\xfd\x00\x58\x01\x00\x00"), "seal.compression");
    assert_int_equal(seal_deflate(BYTES("some text, some text"), 3, &good, NULL), 0);
    good.data[good.size - 1] ^= 0x40;
    refuse_frame((struct bytes){good.data, good.size - 1}, "seal.compression");
    /* More than there is room for. */
    uint8_t zeros[900] = {0};
    buffer_reset(&good);
    assert_int_equal(seal_deflate((struct bytes){zeros, sizeof zeros}, 3, &good, NULL),
                     0);
    refuse_frame(buffer_bytes(&good), "memory");
    buffer_free(&good);
}

/* --- base32 -------------------------------------------------------------------------- */

static void check_base32(struct bytes data, const char *text) {
    struct buffer buffer = buffer_make(100), back = buffer_make(100);
    seal_base32(data, &buffer);
    assert_string_equal(buffer_text(&buffer), text);
    assert_int_equal(seal_base32_read(text, &back, NULL), 0);
    assert_bytes(buffer_bytes(&back), data);
    buffer_free(&buffer);
    buffer_free(&back);
}

/* RFC 4648, section 10, without padding and in lower case. */
static void test_base32(void **state) {
    check_base32(BYTES(""), "");
    check_base32(BYTES("f"), "my");
    check_base32(BYTES("fo"), "mzxq");
    check_base32(BYTES("foo"), "mzxw6");
    check_base32(BYTES("foob"), "mzxw6yq");
    check_base32(BYTES("fooba"), "mzxw6ytb");
    check_base32(BYTES("foobar"), "mzxw6ytboi");
    check_base32(BYTES("\x06\x75\xf0\x67\x5f"), "az27az27"); /* the alphabet's ends */
    struct buffer back = buffer_make(100);
    assert_int_equal(seal_base32_read("MZXW6YTBOI", &back, NULL), 0);
    assert_bytes(buffer_bytes(&back), BYTES("foobar"));
    buffer_reset(&back);
    assert_int_equal(seal_base32_read("AZ27AZ27", &back, NULL), 0);
    assert_bytes(buffer_bytes(&back), BYTES("\x06\x75\xf0\x67\x5f"));
    buffer_free(&back);
}

static void test_base32_refuses(void **state) {
    const char *bad[] = {"m", "mz1", "m!", "m8", "m{", "mz]", "mzx", "mzxw6y", "mz", "a"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct buffer back = buffer_make(100);
        struct error error = {0};
        assert_int_equal(seal_base32_read(bad[i], &back, &error), -1);
        assert_code(error, "seal.base32");
        buffer_free(&back);
    }
    struct buffer small = buffer_make(2);
    struct error error = {0};
    assert_int_equal(seal_base32_read("mzxw6ytboi", &small, &error), -1);
    assert_code(error, "memory");
    buffer_free(&small);
}

/* --- sealed boxes -------------------------------------------------------------------- */

static struct sign_public public_of(const struct sign_keys *keys) {
    struct sign_public key;
    memcpy(key.bytes, keys->public_key, SIGN_PUBLIC);
    return key;
}

static void test_boxes(void **state) {
    struct sign_keys keys, others;
    struct buffer box = buffer_make(100), other_box = buffer_make(100);
    struct buffer back = buffer_make(100);
    struct error error = {0};
    assert_int_equal(seal_start(NULL), 0);
    seal_keys((const uint8_t[SIGN_SEED]){1}, &keys);
    seal_keys((const uint8_t[SIGN_SEED]){2}, &others);
    struct sign_public key = public_of(&keys);
    assert_int_equal(
        seal_box(&key, (const uint8_t[BOX_SEED]){7}, BYTES("secret"), &box, NULL), 0);
    assert_int_equal(box.size, 6 + BOX_EXTRA);
    assert_int_equal(
        seal_box(&key, (const uint8_t[BOX_SEED]){8}, BYTES("secret"), &other_box, NULL),
        0);
    assert_false(bytes_equal(buffer_bytes(&box), buffer_bytes(&other_box)));
    buffer_append(&back, "a ", 2);
    assert_int_equal(seal_box_open(&keys, buffer_bytes(&box), &back, &error), 0);
    assert_bytes(buffer_bytes(&back), BYTES("a secret"));
    assert_int_equal(seal_box_open(&others, buffer_bytes(&box), &back, &error), -1);
    assert_code(error, "seal.box");
    box.data[box.size - 1] ^= 1;
    assert_int_equal(seal_box_open(&keys, buffer_bytes(&box), &back, &error), -1);
    assert_code(error, "seal.box");
    box.size = BOX_EXTRA - 1;
    assert_int_equal(seal_box_open(&keys, buffer_bytes(&box), &back, &error), -1);
    assert_code(error, "seal.box");
    assert_bytes(buffer_bytes(&back), BYTES("a secret")); /* what failed left it alone */
    buffer_free(&box);
    buffer_free(&other_box);
    buffer_free(&back);
}

static void test_boxes_fail(void **state) {
    struct sign_keys keys;
    struct buffer box = buffer_make(100), small = buffer_make(5);
    struct error error = {0};
    const struct sign_public nobody = {{0}};
    const uint8_t seed[BOX_SEED] = {7};
    seal_keys((const uint8_t[SIGN_SEED]){1}, &keys);
    struct sign_public key = public_of(&keys);
    assert_int_equal(seal_box(&nobody, seed, BYTES("secret"), &box, &error), -1);
    assert_code(error, "seal.key");
    assert_int_equal(seal_box(&key, seed, BYTES("secret"), &small, &error), -1);
    assert_code(error, "memory");
    buffer_free(&small);
    small = buffer_make(5);
    assert_int_equal(seal_box(&key, seed, BYTES("secret"), &box, &error), 0);
    assert_int_equal(seal_box_open(&keys, buffer_bytes(&box), &small, &error), -1);
    assert_code(error, "memory");
    buffer_free(&box);
    buffer_free(&small);
}

/* --- secrets ------------------------------------------------------------------------- */

static void test_secrets(void **state) {
    const uint8_t salt[SECRET_SALT] = {1}, other_salt[SECRET_SALT] = {2};
    uint8_t hash[SECRET_HASH];
    struct error error = {0};
    assert_int_equal(seal_start(NULL), 0);
    assert_int_equal(seal_secret(BYTES("tiger"), salt, hash, &error), 0);
    assert_true(seal_secret_matches(BYTES("tiger"), salt, hash));
    assert_false(seal_secret_matches(BYTES("tigre"), salt, hash));
    assert_false(seal_secret_matches(BYTES("tiger"), other_salt, hash));
    if (SIZE_MAX == UINT32_MAX)
        return; /* nothing is that long */
    /* More than the library takes: it fails before it reads any of it. */
    const struct bytes endless = {(const uint8_t *)"tiger", (size_t)UINT32_MAX + 1};
    assert_int_equal(seal_secret(endless, salt, hash, &error), -1);
    assert_code(error, "seal.secret");
    assert_false(seal_secret_matches(endless, salt, hash));
}

static void secrets_are_compared_whole(void **state) {
    (void)state;
    assert_true(seal_equal("secret", "secret", 6));
    assert_false(seal_equal("secret", "secreT", 6));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(secrets_are_compared_whole),
        cmocka_unit_test(test_start),
        cmocka_unit_test(test_signatures),
        cmocka_unit_test(test_known_key),
        cmocka_unit_test(test_deflate),
        cmocka_unit_test(test_deflate_no_room),
        cmocka_unit_test(test_inflate_without_memory),
        cmocka_unit_test(test_inflate_refuses),
        cmocka_unit_test(test_boxes),
        cmocka_unit_test(test_boxes_fail),
        cmocka_unit_test(test_base32),
        cmocka_unit_test(test_base32_refuses),
        cmocka_unit_test(test_secrets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
