/* Messages that two keys sign. */
#include "tests/unit/sync/support.h"

#include "sync/message.h"

static const char CONTEXT[] = "satchel rotate request";

static struct sign_keys keys_of(uint8_t n) {
    uint8_t seed[SIGN_SEED];
    struct sign_keys keys;
    memset(seed, n, sizeof seed);
    seal_keys(seed, &keys);
    return keys;
}

static struct sign_public public_of(const struct sign_keys *keys) {
    struct sign_public key;
    memcpy(key.bytes, keys->public_key, SIGN_PUBLIC);
    return key;
}

static void test_handover(void **state) {
    struct sign_keys former = keys_of(1);
    struct sign_keys next = keys_of(2);
    struct sign_public former_key = public_of(&former);
    struct sign_public next_key = public_of(&next);
    struct buffer sealed = buffer_make(1000);
    struct handover handover;
    struct error error = {0};
    handover_seal(BYTES("hello"), CONTEXT, (struct handover_keys){&former, &next},
                  &sealed);
    assert_int_equal(handover_open(buffer_bytes(&sealed), &handover, NULL), 0);
    assert_bytes(handover.inner.body, BYTES("hello"));
    assert_int_equal(handover_verify(&handover, CONTEXT, &former_key, &next_key, &error),
                     0);
    /* each signature counts, and only for what it is for */
    assert_int_equal(handover_verify(&handover, CONTEXT, &next_key, &next_key, &error),
                     -1);
    assert_code(error, "message.signature");
    assert_int_equal(
        handover_verify(&handover, CONTEXT, &former_key, &former_key, &error), -1);
    assert_int_equal(handover_verify(&handover, "satchel reenrol request", &former_key,
                                     &next_key, &error),
                     -1);
    buffer_free(&sealed);
}

static void test_half_a_handover(void **state) {
    struct sign_keys former = keys_of(1);
    struct buffer sealed = buffer_make(1000);
    struct handover handover;
    struct error error = {0};
    assert_int_equal(handover_open(BYTES("x"), &handover, &error), -1);
    assert_code(error, "message.envelope");
    envelope_seal(BYTES("no envelope"), CONTEXT, &former, &sealed);
    assert_int_equal(handover_open(buffer_bytes(&sealed), &handover, &error), -1);
    assert_code(error, "message.envelope");
    buffer_free(&sealed);
}

static int decode_device_request(struct bytes body, struct arena *arena,
                                 struct error *error) {
    struct device_request request;
    return device_request_decode(body, &request, error);
}

static void test_device_request(void **state) {
    struct device_request request = {.org = id_of(1),
                                     .device = id_of(2),
                                     .new_key = {{3}},
                                     .number = 4,
                                     .hash = {5},
                                     .schema_version = 6,
                                     .server_key = {{7}}},
                          read;
    struct error error = {0};
    struct buffer body = buffer_make(1000);
    device_request_encode(&request, &body);
    assert_int_equal(device_request_decode(buffer_bytes(&body), &read, NULL), 0);
    assert_memory_equal(&read, &request, sizeof read);
    exchange_every_node(buffer_bytes(&body), decode_device_request);
    assert_int_equal(device_request_decode(BYTES(""), &read, &error), -1);
    assert_code(error, "wire.truncated");
    buffer_free(&body);
}

/* The body inside a notice, sealed by both keys whatever it is. */
static int open_notice_of(struct bytes body, struct arena *arena, struct error *error) {
    struct sign_keys former = keys_of(1);
    struct sign_keys next = keys_of(2);
    struct buffer sealed = buffer_make(2000);
    struct key_notice notice;
    handover_seal(body, "satchel server key", (struct handover_keys){&former, &next},
                  &sealed);
    int rc = key_notice_open(buffer_bytes(&sealed), &notice, error);
    buffer_free(&sealed);
    return rc;
}

static void test_key_notice(void **state) {
    struct sign_keys former = keys_of(1);
    struct sign_keys next = keys_of(2);
    struct key_notice notice = {.org = id_of(1),
                                .former = public_of(&former),
                                .next = public_of(&next),
                                .at = 1760000000000};
    struct key_notice read;
    struct handover handover;
    struct error error = {0};
    struct buffer sealed = buffer_make(2000);
    key_notice_seal(&notice, (struct handover_keys){&former, &next}, &sealed);
    assert_int_equal(key_notice_open(buffer_bytes(&sealed), &read, NULL), 0);
    assert_memory_equal(&read, &notice, sizeof read);
    assert_int_equal(handover_open(buffer_bytes(&sealed), &handover, NULL), 0);
    exchange_every_node(handover.inner.body, open_notice_of);
    buffer_reset(&sealed);
    struct sign_keys other = keys_of(9); /* says that it is the key before, and is not */
    key_notice_seal(&notice, (struct handover_keys){&other, &next}, &sealed);
    assert_int_equal(key_notice_open(buffer_bytes(&sealed), &read, &error), -1);
    assert_code(error, "message.signature");
    assert_int_equal(key_notice_open(BYTES(""), &read, &error), -1);
    assert_int_equal(open_notice_of(BYTES(""), NULL, &error), -1);
    assert_code(error, "wire.truncated");
    buffer_free(&sealed);
}

static int start(void **state) {
    return seal_start(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_handover),
        cmocka_unit_test(test_half_a_handover),
        cmocka_unit_test(test_device_request),
        cmocka_unit_test(test_key_notice),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
