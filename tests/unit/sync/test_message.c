/*
 * sync/message, sync/message_sync, sync/items: every message there and back, and every value of it wrong.
 */
#include "tests/support/failing/failing.h"
#include "tests/unit/sync/support.h"

#include "schema/base/limits.h"
#include "sync/items.h"
#include "sync/message.h"

/* --- envelopes ----------------------------------------------------------------------- */

static int open_envelope(struct bytes data, struct arena *arena, struct error *error) {
    struct envelope envelope;
    return envelope_open(data, &envelope, error);
}

static void test_envelope(void **state) {
    struct sign_keys keys;
    struct sign_public key;
    struct buffer sealed = buffer_make(1000);
    struct envelope envelope;
    struct error error = {0};
    assert_int_equal(seal_start(NULL), 0);
    seal_keys((const uint8_t[SIGN_SEED]){1}, &keys);
    memcpy(key.bytes, keys.public_key, SIGN_PUBLIC);
    envelope_seal(BYTES("body"), "satchel test", &keys, &sealed);
    assert_int_equal(envelope_open(buffer_bytes(&sealed), &envelope, &error), 0);
    assert_bytes(envelope.body, BYTES("body"));
    assert_int_equal(envelope_verify(&envelope, "satchel test", &key, &error), 0);
    assert_int_equal(envelope_verify(&envelope, "satchel other", &key, &error), -1);
    assert_code(error, "message.signature");
    exchange_every_node(buffer_bytes(&sealed), open_envelope);
    assert_int_equal(open_envelope(BYTES(""), NULL, &error), -1);
    assert_code(error, "message.envelope");
    assert_int_equal(open_envelope(BYTES("\x91\xc4\x00"), NULL, &error), -1);
    assert_code(error, "message.envelope");
    buffer_free(&sealed);
}

/* --- invitations --------------------------------------------------------------------- */

static struct invitation invitation_of(const char *address) {
    struct invitation invitation = {.token = {1, 2, 3}, .server_key = {{9, 8, 7}}};
    memcpy(invitation.address, address, strlen(address) + 1);
    return invitation;
}

static void check_invitation(const char *address, struct tls_pin pin) {
    struct invitation invitation = invitation_of(address), read;
    invitation.pin = pin;
    struct buffer text = buffer_make(1000);
    invitation_format(&invitation, &text);
    assert_int_equal(invitation_parse(buffer_text(&text), &read, NULL), 0);
    assert_string_equal(read.address, address);
    assert_memory_equal(read.token, invitation.token, sizeof read.token);
    assert_memory_equal(read.server_key.bytes, invitation.server_key.bytes, SIGN_PUBLIC);
    assert_int_equal(read.pin.known, pin.known);
    assert_memory_equal(read.pin.hash, pin.hash, sizeof pin.hash);
    buffer_free(&text);
}

static void test_invitation(void **state) {
    const struct tls_pin none = {.known = false};
    check_invitation("http://127.0.0.1:8484", none);
    check_invitation("https://hq.example:443", none);
    check_invitation("https://[::1]:443", none);
    check_invitation("https://hq.example/~sales!", none);
    check_invitation("https://hq.example:443", (struct tls_pin){true, {7, 8}});
}

static void refuse_invitation(const char *text) {
    struct invitation invitation;
    struct error error = {0};
    assert_int_equal(invitation_parse(text, &invitation, &error), -1);
    assert_code(error, "invitation.malformed");
}

static void test_invitation_refused(void **state) {
    static const char pin_too_long[] = "https://hq.example#pin=aebagaaaaaaaaaaaaaaaaaaaaa"
                                       "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    const char *addresses[] = {"",
                               "ftp://hq.example",
                               "https://",
                               "http://",
                               "https://hq example",
                               "https://hq\x7f",
                               "https://hq.example#",
                               "https://hq.example#pin=",
                               "https://hq.example#pin=aebagbaf",
                               "https://hq.example#pin=111111",
                               "https://hq.example#pun=aebagbaf",
                               pin_too_long,
                               "https://hq\xc3\xa9"};
    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
        struct invitation invitation = invitation_of(addresses[i]);
        struct buffer text = buffer_make(1000);
        invitation_format(&invitation, &text);
        refuse_invitation(buffer_text(&text));
        buffer_free(&text);
    }
    struct invitation plain = invitation_of("http://hq.example");
    struct buffer pinned = buffer_make(1000);
    plain.pin = (struct tls_pin){true, {1}}; /* without TLS there is no key to name */
    invitation_format(&plain, &pinned);
    refuse_invitation(buffer_text(&pinned));
    buffer_free(&pinned);
    refuse_invitation("");
    refuse_invitation("satchel2:a:b:http://hq.example");
    refuse_invitation("satchel1:aebagaaaaaaaaaaaaaaaaaaaaa");
    refuse_invitation("satchel1:aebagaaaaaaaaaaaaaaaaaaaaa:beda:http://hq.example");
    refuse_invitation("satchel1:1111:beda:http://hq.example");
    refuse_invitation(
        "satchel1:aebagaaaaaaaaaaaaaaaaaaaaaaebagaaaaaaaaaaaaaaaaaaaaaaebagaaaaaaaaaaaa"
        "aaaaaaaaa:beda:http://hq.example");
    char text[600];
    struct invitation invitation = invitation_of("http://hq.example/");
    struct buffer buffer = buffer_make(1000);
    invitation_format(&invitation, &buffer);
    memset(text, 'a', sizeof text);
    memcpy(text, buffer.data, buffer.size);
    text[sizeof text - 1] = '\0';
    refuse_invitation(text);
    text[sizeof text - 2] = '#';
    refuse_invitation(text);
    buffer_free(&buffer);
}

/* --- enrolment ----------------------------------------------------------------------- */

static int decode_enrol_request(struct bytes body, struct arena *arena,
                                struct error *error) {
    struct enrol_request request;
    return enrol_request_decode(body, &request, error);
}

static void test_enrol_request(void **state) {
    struct enrol_request request = {.token = {1},
                                    .device_key = {{2}},
                                    .name = "平板 3",
                                    .schema_version = 4},
                         read;
    struct buffer body = buffer_make(1000);
    enrol_request_encode(&request, &body);
    assert_int_equal(enrol_request_decode(buffer_bytes(&body), &read, NULL), 0);
    assert_memory_equal(&read, &request, sizeof read);
    exchange_every_node(buffer_bytes(&body), decode_enrol_request);
    buffer_reset(&body);
    request.server_key.bytes[0] = 5; /* of an invitation that names it */
    enrol_request_encode(&request, &body);
    assert_int_equal(enrol_request_decode(buffer_bytes(&body), &read, NULL), 0);
    assert_memory_equal(&read, &request, sizeof read);
    exchange_every_node(buffer_bytes(&body), decode_enrol_request);
    buffer_free(&body);
}

static int decode_certificate(struct bytes body, struct arena *arena,
                              struct error *error) {
    struct certificate certificate;
    return certificate_decode(body, &certificate, error);
}

static void test_certificate(void **state) {
    struct certificate certificate = {.org = id_of(1),
                                      .device = id_of(2),
                                      .device_key = {{3}},
                                      .code = "7K",
                                      .name = "Kiosk",
                                      .actor_count = 64,
                                      .ceiling = "rep manager",
                                      .issued_at = -5};
    struct certificate read;
    struct buffer body = buffer_make(10000);
    for (size_t i = 0; i < CERTIFICATE_ACTORS; i++)
        certificate.actors[i] = id_of((uint8_t)i);
    certificate_encode(&certificate, &body);
    assert_int_equal(certificate_decode(buffer_bytes(&body), &read, NULL), 0);
    assert_memory_equal(read.actors, certificate.actors, sizeof read.actors);
    assert_int_equal(read.actor_count, 64);
    assert_string_equal(read.code, "7K");
    assert_string_equal(read.name, "Kiosk");
    assert_string_equal(read.ceiling, "rep manager");
    assert_int_equal(read.issued_at, -5);
    assert_true(id_equal(read.org, id_of(1)) && id_equal(read.device, id_of(2)));
    assert_false(read.everyone);
    exchange_every_node(buffer_bytes(&body), decode_certificate);
    buffer_free(&body);
}

static void test_certificate_of_everyone(void **state) {
    struct certificate certificate = {.code = "7K", .ceiling = "hq", .everyone = true};
    struct certificate read;
    struct buffer body = buffer_make(10000);
    certificate_encode(&certificate, &body);
    assert_int_equal(certificate_decode(buffer_bytes(&body), &read, NULL), 0);
    assert_true(read.everyone);
    assert_int_equal(read.actor_count, 0);
    exchange_every_node(buffer_bytes(&body), decode_certificate);
    buffer_free(&body);
}

static void test_certificate_of_a_child(void **state) {
    struct certificate certificate = {
        .code = "7L", .ceiling = "rep", .actor_count = 1, .parent = id_of(9)};
    struct certificate read;
    struct buffer body = buffer_make(10000);
    certificate_encode(&certificate, &body);
    assert_int_equal(certificate_decode(buffer_bytes(&body), &read, NULL), 0);
    assert_false(read.everyone);
    assert_true(id_equal(read.parent, id_of(9)));
    assert_false(read.follows);
    exchange_every_node(buffer_bytes(&body), decode_certificate);
    buffer_free(&body);
}

static void test_certificate_that_follows_another(void **state) {
    struct certificate certificate = {.code = "7L",
                                      .ceiling = "rep",
                                      .actor_count = 1,
                                      .follows = true,
                                      .last_number = 31,
                                      .last_hash = {7}};
    struct certificate read;
    struct buffer body = buffer_make(10000);
    certificate_encode(&certificate, &body);
    assert_int_equal(certificate_decode(buffer_bytes(&body), &read, NULL), 0);
    assert_true(read.follows && read.last_number == 31 && id_is_zero(read.parent));
    assert_memory_equal(read.last_hash, certificate.last_hash, HASH_SIZE);
    exchange_every_node(buffer_bytes(&body), decode_certificate);
    buffer_free(&body);
}

static int decode_enrol_response(struct bytes body, struct arena *arena,
                                 struct error *error) {
    struct enrol_response response;
    return enrol_response_decode(body, &response, error);
}

static void test_enrol_response(void **state) {
    struct enrol_response response = {.certificate = BYTES("certificate"),
                                      .org_name = "某公司",
                                      .hq_time = 1760000000000,
                                      .schema_version = 1,
                                      .epoch = 3},
                          read;
    struct buffer body = buffer_make(1000);
    enrol_response_encode(&response, &body);
    assert_int_equal(enrol_response_decode(buffer_bytes(&body), &read, NULL), 0);
    assert_bytes(read.certificate, response.certificate);
    assert_string_equal(read.org_name, response.org_name);
    assert_true(read.hq_time == response.hq_time && read.epoch == 3 &&
                read.schema_version == 1);
    assert_int_equal(read.notice_count, 0);
    exchange_every_node(buffer_bytes(&body), decode_enrol_response);
    buffer_free(&body);
}

static void test_enrol_response_with_notices(void **state) {
    struct enrol_response response = {.certificate = BYTES("certificate"),
                                      .schema_version = 1,
                                      .notices = {BYTES("first"), BYTES("second")},
                                      .notice_count = 2},
                          read;
    struct buffer body = buffer_make(1000);
    enrol_response_encode(&response, &body);
    assert_int_equal(enrol_response_decode(buffer_bytes(&body), &read, NULL), 0);
    assert_int_equal(read.notice_count, 2);
    assert_bytes(read.notices[0], BYTES("first"));
    assert_bytes(read.notices[1], BYTES("second"));
    exchange_every_node(buffer_bytes(&body), decode_enrol_response);
    buffer_free(&body);
}

/* --- failures ------------------------------------------------------------------------ */

static int decode_failure(struct bytes body, struct arena *arena, struct error *error) {
    struct error failure;
    return failure_decode(body, &failure, error);
}

static void test_failure(void **state) {
    struct error failure = {
        .code = "device.unknown", .field = "device", .message = "不认识。"};
    struct error read, error = {0};
    struct buffer body = buffer_make(1000);
    failure_encode(&failure, &body);
    assert_int_equal(failure_decode(buffer_bytes(&body), &read, NULL), 0);
    assert_string_equal(read.code, failure.code);
    assert_string_equal(read.field, failure.field);
    assert_string_equal(read.message, failure.message);
    exchange_every_node(buffer_bytes(&body), decode_failure);
    buffer_free(&body);
    /* A text with a NUL inside, and one that does not fit. */
    assert_int_equal(decode_failure(BYTES("\x93\xa3"
                                          "a\0b\xa0\xa0"),
                                    NULL, &error),
                     -1);
    assert_code(error, "wire.range");
    char text[70] = {0};
    memset(text, 'a', 64);
    body = buffer_make(1000);
    wire_put_array(&body, 3);
    for (int i = 0; i < 3; i++)
        wire_put_text(&body, text);
    assert_int_equal(decode_failure(buffer_bytes(&body), NULL, &error), -1);
    assert_code(error, "wire.range");
    assert_string_equal(error.field, "code");
    buffer_free(&body);
}

/* What a newer sender adds at the end is ignored. */
static void test_items_at_the_end(void **state) {
    struct error read;
    assert_int_equal(failure_decode(BYTES("\x95\xa1"
                                          "a\xa1"
                                          "b\xa1"
                                          "c\x07\xc0"),
                                    &read, NULL),
                     0);
    assert_string_equal(read.message, "c");
}

/* --- sync request -------------------------------------------------------------------- */

static struct scope_set scopes(unsigned count) {
    struct scope_set set = {.scopes = NULL};
    for (unsigned i = 0; i < count; i++)
        assert_int_equal(scope_set_add(&set, (struct scope){(enum scope_kind)(i % 5 + 1),
                                                            id_of((uint8_t)i)}),
                         0);
    return set;
}

static void assert_scopes(const struct scope_set *actual,
                          const struct scope_set *expected) {
    assert_int_equal(actual->count, expected->count);
    for (size_t i = 0; i < expected->count; i++)
        assert_int_equal(scope_compare(actual->scopes[i], expected->scopes[i]), 0);
}

static void assert_position(const struct pull_position *actual,
                            const struct pull_position *expected) {
    assert_int_equal(actual->set, expected->set);
    assert_true(actual->gsn == expected->gsn);
    assert_int_equal(actual->table, expected->table);
    assert_bytes(actual->key, expected->key);
    assert_memory_equal(actual->target_hash, expected->target_hash, HASH_SIZE);
}

static struct bytes papers[2] = {{(const uint8_t *)"paper", 5},
                                 {(const uint8_t *)"another", 7}};
static int64_t first_gsns[2] = {70, 71};
static struct former_gsns formers[2] = {{first_gsns, 2}, {NULL, 0}};

static struct sync_request make_request(struct bytes *bundles) {
    bundles[0] = BYTES("first");
    bundles[1] = BYTES("second");
    return (struct sync_request){
        .org = id_of(1),
        .device = id_of(2),
        .time = 1760000000000,
        .counter = 7,
        .schema_version = 1,
        .epoch = 2,
        .cursor = 99,
        .held = scopes(9),
        .position = {true, 55, 30, BYTES("1234567890123456"), {5}},
        .digest = -77,
        .digest_rows = 12,
        .bundles = bundles,
        .bundle_count = 2,
        .waiting = 12,
        .protocol = 2,
        .head_id = id_of(7),
        .bundle_epoch = 1,
        .chain_number = 31,
        .chain_hash = {8},
        .server_key = {{9}},
        .certificate = BYTES("certificate"),
        .papers = papers,
        .paper_count = 2,
        .rebuild = true,
        .first_bundle = 6,
        .formers = formers,
        .former_count = 2,
        .rebuild_reason = REBUILD_DIGEST};
}

static int decode_request(struct bytes body, struct arena *arena, struct error *error) {
    struct sync_request request;
    int rc = sync_request_decode(body, arena, &request, error);
    if (rc == 0)
        scope_set_free(&request.held);
    return rc;
}

static void test_request(void **state) {
    struct bytes bundles[2];
    struct sync_request request = make_request(bundles), read;
    struct buffer body = buffer_make(10000);
    struct arena arena = arena_make(10000);
    struct error error = {0};
    assert_int_equal(sync_request_encode(&request, &body, &error), 0);
    assert_int_equal(sync_request_decode(buffer_bytes(&body), &arena, &read, &error), 0);
    assert_true(id_equal(read.org, request.org) && id_equal(read.device, request.device));
    assert_true(read.time == request.time && read.counter == 7 &&
                read.schema_version == 1);
    assert_true(read.epoch == 2 && read.cursor == 99);
    assert_true(read.digest == -77 && read.digest_rows == 12 && read.waiting == 12);
    assert_scopes(&read.held, &request.held);
    assert_position(&read.position, &request.position);
    assert_int_equal(read.bundle_count, 2);
    assert_bytes(read.bundles[0], bundles[0]);
    assert_bytes(read.bundles[1], bundles[1]);
    assert_true(read.protocol == 2 && id_equal(read.head_id, id_of(7)) && read.rebuild);
    assert_true(read.bundle_epoch == 1 && read.chain_number == 31);
    assert_memory_equal(read.chain_hash, request.chain_hash, HASH_SIZE);
    assert_memory_equal(read.server_key.bytes, request.server_key.bytes, SIGN_PUBLIC);
    assert_bytes(read.certificate, request.certificate);
    assert_true(read.first_bundle == 6 && read.former_count == 2);
    assert_int_equal(read.rebuild_reason, REBUILD_DIGEST);
    assert_true(read.formers[0].count == 2 && read.formers[0].gsns[1] == 71);
    assert_int_equal(read.formers[1].count, 0);
    assert_int_equal(read.paper_count, 2);
    assert_bytes(read.papers[1], papers[1]);
    scope_set_free(&read.held);
    exchange_every_node(buffer_bytes(&body), decode_request);
    assert_true(starve(buffer_bytes(&body), decode_request) > 0);
    for (size_t maximum = 0; maximum < body.size; maximum += 7) {
        struct buffer small = buffer_make(maximum);
        assert_int_equal(sync_request_encode(&request, &small, &error), -1);
        assert_code(error, "request.size");
        buffer_free(&small);
    }
    scope_set_free(&request.held);
    arena_free(&arena);
    buffer_free(&body);
}

static void test_request_without_position(void **state) {
    struct bytes bundles[2];
    struct sync_request request = make_request(bundles), read;
    struct buffer body = buffer_make(10000);
    struct arena arena = arena_make(10000);
    request.position = (struct pull_position){.set = false};
    request.bundle_count = 0;
    request.waiting = -1; /* as earlier stations ask */
    request.protocol = 1;
    scope_set_clear(&request.held);
    assert_int_equal(sync_request_encode(&request, &body, NULL), 0);
    assert_int_equal(sync_request_decode(buffer_bytes(&body), &arena, &read, NULL), 0);
    assert_int_equal(read.waiting, -1);
    assert_int_equal(read.protocol, 1);
    assert_false(read.rebuild);
    assert_int_equal(read.certificate.size, 0);
    scope_set_free(&read.held);
    buffer_reset(&body);
    request.waiting = 3;
    assert_int_equal(sync_request_encode(&request, &body, NULL), 0);
    assert_int_equal(sync_request_decode(buffer_bytes(&body), &arena, &read, NULL), 0);
    assert_true(read.waiting == 3 && read.protocol == 1);
    assert_false(read.position.set);
    assert_int_equal(read.held.count, 0);
    assert_int_equal(read.bundle_count, 0);
    scope_set_free(&read.held);
    scope_set_free(&request.held);
    arena_free(&arena);
    buffer_free(&body);
}

/* The request with other scopes, as bytes; `memory`: or with none left for them. */
static void refuse_scopes(struct bytes with, const char *code) {
    struct bytes bundles[2];
    struct sync_request request = make_request(bundles);
    struct buffer body = buffer_make(10000), value = buffer_make(1000),
                  changed = buffer_make(10000);
    struct arena arena = arena_make(10000);
    struct error error = {0};
    assert_int_equal(sync_request_encode(&request, &body, NULL), 0);
    wire_put_bytes(&value, with);
    assert_true(replace_node(buffer_bytes(&body), 8, buffer_bytes(&value), &changed));
    failing_memory(strcmp(code, "memory") == 0);
    assert_int_equal(decode_request(buffer_bytes(&changed), &arena, &error), -1);
    failing_memory(false);
    assert_code(error, code);
    assert_string_equal(error.field, "held");
    scope_set_free(&request.held);
    arena_free(&arena);
    buffer_free(&body);
    buffer_free(&value);
    buffer_free(&changed);
}

#define ZEROS "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"

/* As the first stations of protocol 2 ask: the last items are not there. */
static void test_request_of_early_protocol_2(void **state) {
    struct bytes bundles[2];
    struct sync_request request = make_request(bundles), read;
    struct buffer body = buffer_make(10000);
    struct arena arena = arena_make(10000);
    request.bundle_count = request.former_count = request.paper_count = 0;
    request.first_bundle = request.rebuild_reason = 0;
    assert_int_equal(sync_request_encode(&request, &body, NULL), 0);
    struct bytes whole = buffer_bytes(&body);
    size_t later = whole.size;
    while (body.data[later - 2] != 0x9c || body.data[later - 1] != 2)
        later--;
    for (size_t missing = 1; missing <= 4; missing++) {
        body.data[later - 2] = (uint8_t)(0x9c - missing);
        whole.size--;
        assert_int_equal(sync_request_decode(whole, &arena, &read, NULL), 0);
        assert_true(read.rebuild && read.first_bundle == 0 && read.former_count == 0);
        scope_set_free(&read.held);
    }
    scope_set_free(&request.held);
    arena_free(&arena);
    buffer_free(&body);
}

static void test_request_scopes_refused(void **state) {
    refuse_scopes(BYTES("\x01" ZEROS), "wire.range");     /* a byte short */
    refuse_scopes(BYTES("\x00\x01" ZEROS), "wire.range"); /* no kind */
    refuse_scopes(BYTES("\x06\x01" ZEROS), "wire.range"); /* nor this */
    refuse_scopes(BYTES("\x03\x01" ZEROS "\x03\x01" ZEROS), "wire.range");
    refuse_scopes(BYTES("\x04\x01" ZEROS "\x03\x01" ZEROS), "wire.range");
    refuse_scopes(BYTES("\x03\x01" ZEROS), "memory");
}

/* --- sync response ------------------------------------------------------------------- */

static struct verdict verdicts[4];
static struct bundle_answer answers[2];
static struct bytes notices[2];

static struct sync_response make_response(void) {
    verdicts[0] = (struct verdict){id_of(1), VERDICT_MERGED, 5, 6, "", "", ""};
    verdicts[1] = (struct verdict){id_of(2), VERDICT_CONFLICTS,    7, 8, "deal.new_rule",
                                   "deal",   "A rule of tomorrow."};
    verdicts[2] = (struct verdict){id_of(3),    VERDICT_REFUSED, 9,       10,
                                   "scope.row", "customer",      "不可见"};
    verdicts[3] = (struct verdict){id_of(4), VERDICT_DEFERRED, 11, 12, "", "", ""};
    notices[0] = BYTES("one");
    notices[1] = BYTES("two");
    answers[0] = (struct bundle_answer){4, true, "", "", 5, verdicts, 4};
    answers[1] =
        (struct bundle_answer){9, false, "bundle.gap", "Five is missing.", 5, NULL, 0};
    return (struct sync_response){.request_hash = {1},
                                  .hq_time = 1760000000000,
                                  .schema_version = 1,
                                  .epoch = 2,
                                  .answers = answers,
                                  .answer_count = 2,
                                  .restart = true,
                                  .gained = scopes(3),
                                  .lost = scopes(6),
                                  .rows = BYTES("rows"),
                                  .row_count = 1,
                                  .rows_left = 8,
                                  .more = true,
                                  .next = {true, 55, 30, BYTES("1234567890123456"), {5}},
                                  .head = 4,
                                  .digest = -9,
                                  .digest_rows = 3,
                                  .protocol = 2,
                                  .rebuild = true,
                                  .order = ORDER_WIPE,
                                  .epoch_from = 77,
                                  .head_id = id_of(8),
                                  .notices = notices,
                                  .notice_count = 2};
}

static void free_response(struct sync_response *response) {
    scope_set_free(&response->gained);
    scope_set_free(&response->lost);
}

static int decode_response(struct bytes body, struct arena *arena, struct error *error) {
    struct sync_response response;
    int rc = sync_response_decode(body, arena, &response, error);
    if (rc == 0)
        free_response(&response);
    return rc;
}

static void assert_answer(const struct bundle_answer *actual,
                          const struct bundle_answer *expected) {
    assert_true(actual->number == expected->number);
    assert_int_equal(actual->accepted, expected->accepted);
    assert_string_equal(actual->code, expected->code);
    assert_string_equal(actual->message, expected->message);
    assert_true(actual->expected_number == expected->expected_number);
    assert_int_equal(actual->verdict_count, expected->verdict_count);
    for (size_t i = 0; i < expected->verdict_count; i++) {
        const struct verdict *a = &actual->verdicts[i], *b = &expected->verdicts[i];
        assert_true(id_equal(a->transaction, b->transaction));
        assert_int_equal(a->kind, b->kind);
        assert_true(a->gsn == b->gsn && a->time == b->time);
        assert_string_equal(a->code, b->code);
        assert_string_equal(a->field, b->field);
        assert_string_equal(a->message, b->message);
    }
}

static void test_response(void **state) {
    struct sync_response response = make_response(), read;
    struct buffer body = buffer_make(10000);
    struct arena arena = arena_make(10000);
    struct error error = {0};
    assert_int_equal(sync_response_encode(&response, &body, &error), 0);
    assert_int_equal(sync_response_decode(buffer_bytes(&body), &arena, &read, &error), 0);
    assert_memory_equal(read.request_hash, response.request_hash, HASH_SIZE);
    assert_true(read.hq_time == response.hq_time && read.schema_version == 1 &&
                read.epoch == 2);
    assert_int_equal(read.answer_count, 2);
    assert_answer(&read.answers[0], &answers[0]);
    assert_answer(&read.answers[1], &answers[1]);
    assert_true(read.restart && read.more);
    assert_scopes(&read.gained, &response.gained);
    assert_scopes(&read.lost, &response.lost);
    assert_bytes(read.rows, response.rows);
    assert_true(read.row_count == 1 && read.rows_left == 8 && read.head == 4);
    assert_true(read.digest == -9 && read.digest_rows == 3);
    assert_position(&read.next, &response.next);
    assert_true(read.protocol == 2 && read.rebuild && read.order == ORDER_WIPE);
    assert_true(read.epoch_from == 77 && id_equal(read.head_id, id_of(8)));
    assert_int_equal(read.notice_count, 2);
    assert_bytes(read.notices[1], notices[1]);
    free_response(&read);
    exchange_every_node(buffer_bytes(&body), decode_response);
    assert_true(starve(buffer_bytes(&body), decode_response) > 100);
    for (size_t maximum = 0; maximum < body.size; maximum += 7) {
        struct buffer small = buffer_make(maximum);
        assert_int_equal(sync_response_encode(&response, &small, &error), -1);
        assert_code(error, "response.size");
        buffer_free(&small);
    }
    free_response(&response);
    arena_free(&arena);
    buffer_free(&body);
}

/* As earlier servers answer. */
static void test_response_of_protocol_1(void **state) {
    struct sync_response response = make_response(), read;
    struct buffer body = buffer_make(10000);
    struct arena arena = arena_make(10000);
    response.protocol = 1;
    assert_int_equal(sync_response_encode(&response, &body, NULL), 0);
    assert_int_equal(sync_response_decode(buffer_bytes(&body), &arena, &read, NULL), 0);
    assert_true(read.protocol == 1 && !read.rebuild && read.order == ORDER_NONE);
    assert_int_equal(read.notice_count, 0);
    free_response(&read);
    free_response(&response);
    arena_free(&arena);
    buffer_free(&body);
}

/* A refusal must say why. The first verdict's kind is value 15: 1 hash, 4 numbers … see message_sync.c. */
static void test_refusal_without_code(void **state) {
    struct sync_response response = make_response();
    struct buffer body = buffer_make(10000), changed = buffer_make(10000);
    struct arena arena = arena_make(10000);
    struct error error = {0};
    assert_int_equal(sync_response_encode(&response, &body, NULL), 0);
    assert_true(replace_node(buffer_bytes(&body), 15, BYTES("\x03"), &changed));
    assert_int_equal(decode_response(buffer_bytes(&changed), &arena, &error), -1);
    assert_code(error, "wire.range");
    assert_string_equal(error.field, "verdict");
    free_response(&response);
    arena_free(&arena);
    buffer_free(&body);
    buffer_free(&changed);
}

/* The response with the k-th value a text of `size` letters. */
static int decode_with_text(size_t k, size_t size) {
    struct sync_response response = make_response();
    struct buffer body = buffer_make(10000), text = buffer_make(1000),
                  changed = buffer_make(10000);
    struct arena arena = arena_make(10000);
    char letters[600] = {0};
    memset(letters, 'a', size);
    wire_put_text(&text, letters);
    assert_int_equal(sync_response_encode(&response, &body, NULL), 0);
    assert_true(replace_node(buffer_bytes(&body), k, buffer_bytes(&text), &changed));
    int rc = decode_response(buffer_bytes(&changed), &arena, NULL);
    free_response(&response);
    arena_free(&arena);
    buffer_free(&body);
    buffer_free(&text);
    buffer_free(&changed);
    return rc;
}

/* Every text fits the struct error that it will be copied to. */
static void test_texts_fit(void **state) {
    enum { ANSWER_CODE = 9, ANSWER_MESSAGE = 10, CODE = 31, FIELD = 32, MESSAGE = 33 };
    const struct {
        size_t place, size;
    } texts[] = {{ANSWER_CODE, 63},
                 {ANSWER_MESSAGE, 511},
                 {CODE, 63},
                 {FIELD, 63},
                 {MESSAGE, 511}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        assert_int_equal(decode_with_text(texts[i].place, texts[i].size), 0);
        assert_int_equal(decode_with_text(texts[i].place, texts[i].size + 1), -1);
    }
}

static void test_verdict_texts(void **state) {
    assert_string_equal(verdict_text(VERDICT_MERGED), "merged");
    assert_string_equal(verdict_text(VERDICT_CONFLICTS), "merged with conflicts");
    assert_string_equal(verdict_text(VERDICT_REFUSED), "refused");
    assert_string_equal(verdict_text(VERDICT_DEFERRED), "deferred");
}

static void test_not_even_wire(void **state) {
    struct arena arena = arena_make(1000);
    struct error error = {0};
    const decode_function all[] = {decode_enrol_request,  decode_certificate,
                                   decode_enrol_response, decode_failure,
                                   decode_request,        decode_response};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        assert_int_equal(all[i](BYTES(""), &arena, &error), -1);
        assert_code(error, "wire.truncated");
        assert_int_equal(all[i](BYTES("\x90"), &arena, &error), -1);
        assert_code(error, "wire.range");
    }
    arena_free(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_envelope),
        cmocka_unit_test(test_invitation),
        cmocka_unit_test(test_invitation_refused),
        cmocka_unit_test(test_enrol_request),
        cmocka_unit_test(test_certificate),
        cmocka_unit_test(test_enrol_response),
        cmocka_unit_test(test_enrol_response_with_notices),
        cmocka_unit_test(test_failure),
        cmocka_unit_test(test_items_at_the_end),
        cmocka_unit_test(test_certificate_of_everyone),
        cmocka_unit_test(test_certificate_of_a_child),
        cmocka_unit_test(test_certificate_that_follows_another),
        cmocka_unit_test(test_request),
        cmocka_unit_test(test_request_without_position),
        cmocka_unit_test(test_request_of_early_protocol_2),
        cmocka_unit_test(test_request_scopes_refused),
        cmocka_unit_test(test_response),
        cmocka_unit_test(test_response_of_protocol_1),
        cmocka_unit_test(test_refusal_without_code),
        cmocka_unit_test(test_texts_fit),
        cmocka_unit_test(test_verdict_texts),
        cmocka_unit_test(test_not_even_wire),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
