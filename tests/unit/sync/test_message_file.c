/*
 * sync/message_file: both messages there and back, and every value of them wrong.
 */
#include "tests/unit/sync/support.h"

#include "schema/base/limits.h"
#include "sync/message_file.h"

static int decode_request(struct bytes body, struct arena *arena, struct error *error) {
    struct file_request request;
    (void)arena;
    return file_request_decode(body, &request, error);
}

static void a_request_there_and_back(void **state) {
    struct file_request request = {.org = id_of(1),
                                   .device = id_of(2),
                                   .time = 1760000000000,
                                   .operation = FILE_GET,
                                   .hash = {3, 4},
                                   .offset = 65536,
                                   .size = 70000,
                                   .piece = BYTES("piece")},
                        read;
    struct buffer body = buffer_make(1000);
    (void)state;
    file_request_encode(&request, &body);
    assert_int_equal(file_request_decode(buffer_bytes(&body), &read, NULL), 0);
    assert_true(id_equal(read.org, request.org) && id_equal(read.device, request.device));
    assert_true(read.time == request.time && read.operation == FILE_GET &&
                read.offset == 65536 && read.size == 70000);
    assert_memory_equal(read.hash, request.hash, HASH_SIZE);
    assert_bytes(read.piece, request.piece);
    exchange_every_node(buffer_bytes(&body), decode_request);
    buffer_free(&body);
}

static void refuse_request(const struct file_request *request) {
    struct buffer body = buffer_make(2 * LIMIT_FILE_PIECE);
    struct file_request read;
    struct error error = {0};
    file_request_encode(request, &body);
    assert_int_equal(file_request_decode(buffer_bytes(&body), &read, &error), -1);
    assert_true(error.code[0] != '\0');
    buffer_free(&body);
}

static void what_is_no_message(void **state) {
    struct file_request request;
    struct file_response response;
    struct error error = {0};
    (void)state;
    assert_int_equal(file_request_decode(BYTES("\x91"), &request, &error), -1);
    assert_int_equal(file_response_decode(BYTES("\x91"), &response, &error), -1);
}

static void a_request_beyond_the_limits(void **state) {
    static const uint8_t large[LIMIT_FILE_PIECE + 1];
    const struct file_request good = {.operation = FILE_PUT, .size = 1};
    struct file_request bad = good;
    (void)state;
    bad.operation = (enum file_operation)3;
    refuse_request(&bad);
    bad = good;
    bad.offset = LIMIT_FILE + 1;
    refuse_request(&bad);
    bad = good;
    bad.offset = -1;
    refuse_request(&bad);
    bad = good;
    bad.size = 0;
    refuse_request(&bad);
    bad = good;
    bad.size = LIMIT_FILE + 1;
    refuse_request(&bad);
    bad = good;
    bad.piece = (struct bytes){large, sizeof large};
    refuse_request(&bad);
}

static int decode_response(struct bytes body, struct arena *arena, struct error *error) {
    struct file_response response;
    (void)arena;
    return file_response_decode(body, &response, error);
}

static void a_response_there_and_back(void **state) {
    struct file_response response = {.request_hash = {9},
                                     .size = 100,
                                     .have = 50,
                                     .whole = true,
                                     .piece = BYTES("half")},
                         read;
    struct buffer body = buffer_make(1000);
    (void)state;
    file_response_encode(&response, &body);
    assert_int_equal(file_response_decode(buffer_bytes(&body), &read, NULL), 0);
    assert_memory_equal(read.request_hash, response.request_hash, HASH_SIZE);
    assert_true(read.size == 100 && read.have == 50 && read.whole);
    assert_bytes(read.piece, response.piece);
    exchange_every_node(buffer_bytes(&body), decode_response);
    buffer_free(&body);
}

static void newer_senders_may_say_more(void **state) {
    struct file_request request = {.operation = FILE_PUT, .size = 7}, read;
    struct buffer body = buffer_make(1000);
    (void)state;
    file_request_encode(&request, &body);
    body.data[0]++; /* an array of one more */
    wire_put_text(&body, "more");
    assert_int_equal(file_request_decode(buffer_bytes(&body), &read, NULL), 0);
    assert_int_equal(read.size, 7);
    buffer_free(&body);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_there_and_back),
        cmocka_unit_test(what_is_no_message),
        cmocka_unit_test(a_request_beyond_the_limits),
        cmocka_unit_test(a_response_there_and_back),
        cmocka_unit_test(newer_senders_may_say_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
