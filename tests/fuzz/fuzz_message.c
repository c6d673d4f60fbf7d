/*
 * Messages: whatever can be decoded can be encoded, and is then read as the same. The first byte chooses the
 * message, the rest is its body; where signatures stand around it, the target puts them there.
 *
 * About: sync/message*.c sync/parcel.c sync/items.c
 */
#include "sync/message.h"
#include "sync/message_file.h"
#include "sync/parcel.h"
#include "sync/wire.h"
#include "tests/fuzz/fuzz.h"

enum { ROOM = 1 << 20 };

/* Decodes, and encodes what was decoded. */
typedef int (*again_function)(struct bytes body, struct arena *arena, struct buffer *ret,
                              struct error *error);

static void known_keys(uint8_t n, struct sign_keys *ret) {
    const uint8_t seed[SIGN_SEED] = {n};
    FUZZ_MUST(seal_start(NULL) == 0);
    seal_keys(seed, ret);
}

/* Texts are read by C's rules: the input up to its first NUL. */
static const char *text_of(struct bytes body, struct arena *arena) {
    const char *text = arena_text(arena, (const char *)body.data, body.size);
    FUZZ_MUST(text != NULL);
    return text;
}

static int again_envelope(struct bytes body, struct arena *arena, struct buffer *ret,
                          struct error *error) {
    struct envelope envelope;
    (void)arena;
    if (envelope_open(body, &envelope, error) != 0) {
        return -1;
    }
    FUZZ_MUST(envelope.signature.size == SIGN_SIGNATURE);
    wire_put_array(ret, 2);
    wire_put_bytes(ret, envelope.body);
    wire_put_bytes(ret, envelope.signature);
    return 0;
}

static int again_invitation(struct bytes body, struct arena *arena, struct buffer *ret,
                            struct error *error) {
    struct invitation invitation;
    if (invitation_parse(text_of(body, arena), &invitation, error) != 0) {
        return -1;
    }
    invitation_format(&invitation, ret);
    return 0;
}

static int again_address(struct bytes body, struct arena *arena, struct buffer *ret,
                         struct error *error) {
    char address[64];
    struct tls_pin pin = {0};
    if (pinned_address_parse(text_of(body, arena), address, sizeof address, &pin,
                             error) != 0) {
        return -1;
    }
    pinned_address_format(address, &pin, ret);
    return 0;
}

static int again_enrol_request(struct bytes body, struct arena *arena, struct buffer *ret,
                               struct error *error) {
    struct enrol_request request;
    (void)arena;
    if (enrol_request_decode(body, &request, error) != 0) {
        return -1;
    }
    enrol_request_encode(&request, ret);
    return 0;
}

static int again_certificate(struct bytes body, struct arena *arena, struct buffer *ret,
                             struct error *error) {
    struct certificate certificate;
    (void)arena;
    if (certificate_decode(body, &certificate, error) != 0) {
        return -1;
    }
    FUZZ_MUST(certificate.actor_count <= CERTIFICATE_ACTORS);
    certificate_encode(&certificate, ret);
    return 0;
}

static int again_enrol_response(struct bytes body, struct arena *arena,
                                struct buffer *ret, struct error *error) {
    struct enrol_response response;
    (void)arena;
    if (enrol_response_decode(body, &response, error) != 0) {
        return -1;
    }
    enrol_response_encode(&response, ret);
    return 0;
}

static int again_handover(struct bytes body, struct arena *arena, struct buffer *ret,
                          struct error *error) {
    struct handover handover;
    (void)arena;
    if (handover_open(body, &handover, error) != 0) {
        return -1;
    }
    wire_put_array(ret, 2);
    wire_put_bytes(ret, handover.outer.body);
    wire_put_bytes(ret, handover.outer.signature);
    return 0;
}

static int again_device_request(struct bytes body, struct arena *arena,
                                struct buffer *ret, struct error *error) {
    struct device_request request;
    (void)arena;
    if (device_request_decode(body, &request, error) != 0) {
        return -1;
    }
    device_request_encode(&request, ret);
    return 0;
}

/* Signed by the keys that the seeds name, so that what is in it is looked at. */
static int again_key_notice(struct bytes body, struct arena *arena, struct buffer *ret,
                            struct error *error) {
    struct sign_keys former;
    struct sign_keys next;
    struct key_notice notice;
    struct buffer sealed = buffer_make(ROOM);
    (void)arena;
    known_keys(1, &former);
    known_keys(2, &next);
    const struct handover_keys keys = {&former, &next};
    handover_seal(body, "satchel server key", keys, &sealed);
    int rc = key_notice_open(buffer_bytes(&sealed), &notice, error);
    if (rc == 0) {
        wire_put_array(ret, 4);
        wire_put_id(ret, notice.org);
        wire_put_bytes(ret, (struct bytes){notice.former.bytes, SIGN_PUBLIC});
        wire_put_bytes(ret, (struct bytes){notice.next.bytes, SIGN_PUBLIC});
        wire_put_integer(ret, notice.at);
    }
    buffer_free(&sealed);
    return rc;
}

static void check_set(const struct scope_set *set) {
    for (size_t i = 1; i < set->count; i++) {
        FUZZ_MUST(scope_compare(set->scopes[i - 1], set->scopes[i]) < 0);
    }
}

static int again_sync_request(struct bytes body, struct arena *arena, struct buffer *ret,
                              struct error *error) {
    struct sync_request request;
    if (sync_request_decode(body, arena, &request, error) != 0) {
        return -1;
    }
    check_set(&request.held);
    FUZZ_MUST(sync_request_encode(&request, ret, error) == 0);
    scope_set_free(&request.held);
    return 0;
}

static int again_sync_response(struct bytes body, struct arena *arena, struct buffer *ret,
                               struct error *error) {
    struct sync_response response;
    if (sync_response_decode(body, arena, &response, error) != 0) {
        return -1;
    }
    check_set(&response.gained);
    check_set(&response.lost);
    FUZZ_MUST(sync_response_encode(&response, ret, error) == 0);
    scope_set_free(&response.gained);
    scope_set_free(&response.lost);
    return 0;
}

static int again_failure(struct bytes body, struct arena *arena, struct buffer *ret,
                         struct error *error) {
    struct error failure;
    (void)arena;
    if (failure_decode(body, &failure, error) != 0) {
        return -1;
    }
    failure_encode(&failure, ret);
    return 0;
}

static int again_file_request(struct bytes body, struct arena *arena, struct buffer *ret,
                              struct error *error) {
    struct file_request request;
    (void)arena;
    if (file_request_decode(body, &request, error) != 0) {
        return -1;
    }
    file_request_encode(&request, ret);
    return 0;
}

static int again_file_response(struct bytes body, struct arena *arena, struct buffer *ret,
                               struct error *error) {
    struct file_response response;
    (void)arena;
    if (file_response_decode(body, &response, error) != 0) {
        return -1;
    }
    file_response_encode(&response, ret);
    return 0;
}

/* --- parcels ----------------------------------------------------------------------------- */

static void recipient_keys(struct sign_keys *ret, struct sign_public *ret_public) {
    known_keys(3, ret);
    memcpy(ret_public->bytes, ret->public_key, SIGN_PUBLIC);
}

/* All parts, or the first error. */
static int read_parcel(struct bytes parcel, struct parcel_head *ret_head,
                       struct buffer *ret, struct error *error) {
    struct sign_keys keys;
    struct sign_public key;
    struct parcel_reader reader;
    recipient_keys(&keys, &key);
    if (parcel_open(parcel, &reader, error) != 0) {
        return -1;
    }
    *ret_head = reader.head;
    while (!reader.ended) {
        if (parcel_next(&reader, &keys, ret, error) != 0) {
            return -1;
        }
    }
    return 0;
}

/* As it came: only who knows the recipient can seal a part that opens. */
static int again_parcel(struct bytes body, struct arena *arena, struct buffer *ret,
                        struct error *error) {
    struct parcel_head head;
    struct buffer read = buffer_make(ROOM);
    (void)arena;
    int rc = read_parcel(body, &head, &read, error);
    buffer_append(ret, body.data, body.size);
    buffer_free(&read);
    return rc;
}

/* Packs two messages, alters one byte: read whole or not at all. */
static int again_packed(struct bytes body, struct arena *arena, struct buffer *ret,
                        struct error *error) {
    struct sign_keys keys;
    struct parcel_head head = {.kind = PARCEL_QUESTIONS};
    struct parcel_head read_head;
    struct parcel_writer writer;
    struct buffer parcel = buffer_make(ROOM);
    struct buffer read = buffer_make(ROOM);
    const uint8_t seed[BOX_SEED] = {7};
    struct input input = input_of(body.data, body.size);
    size_t at = (size_t)input_byte(&input) * 2;
    uint8_t change = input_byte(&input);
    struct bytes first = input_bytes(&input, input_byte(&input));
    struct bytes second = input_rest(&input);
    (void)arena;
    recipient_keys(&keys, &head.recipient);
    parcel_begin(&head, &writer, &parcel);
    FUZZ_MUST(parcel_add(&writer, first, false, seed, &parcel, error) == 0);
    FUZZ_MUST(parcel_add(&writer, second, true, seed, &parcel, error) == 0);
    FUZZ_MUST(read_parcel(buffer_bytes(&parcel), &read_head, &read, error) == 0);
    FUZZ_MUST(read.size == first.size + second.size);
    parcel.data[at % parcel.size] ^= change;
    buffer_reset(&read);
    int rc = read_parcel(buffer_bytes(&parcel), &read_head, &read, error);
    FUZZ_MUST((rc == 0) == (change == 0));
    buffer_append(ret, body.data, body.size);
    buffer_free(&parcel);
    buffer_free(&read);
    return rc;
}

/* --- all of them ------------------------------------------------------------------------- */

static const again_function MESSAGES[] = {
    again_envelope,     again_invitation,     again_address,       again_enrol_request,
    again_certificate,  again_enrol_response, again_handover,      again_device_request,
    again_key_notice,   again_sync_request,   again_sync_response, again_failure,
    again_file_request, again_file_response,  again_parcel,        again_packed,
};
enum { MESSAGE_COUNT = sizeof MESSAGES / sizeof *MESSAGES };

/* Whether two documents have the same arrays; *ret_same: the same values too. */
static bool same_shape(const struct wire_node *a, const struct wire_node *b,
                       bool *ret_same) {
    size_t count = 0;
    size_t other = 0;
    bool array = wire_array(a, "", 0, SIZE_MAX, &count, NULL) == 0;
    if (array != (wire_array(b, "", 0, SIZE_MAX, &other, NULL) == 0) || count != other) {
        return false;
    }
    if (!array) {
        struct value x = value_null();
        struct value y = value_null();
        bool read = wire_value(a, "", &x, NULL) == 0 && wire_value(b, "", &y, NULL) == 0;
        *ret_same = *ret_same && (!read || value_equal(x, y));
        return true;
    }
    for (size_t i = 0; i < count; i++) {
        if (!same_shape(wire_item(a, i), wire_item(b, i), ret_same)) {
            return false;
        }
    }
    return true;
}

/* A message that nobody extended or cut is written with every value that was read. */
static void keeps_values(struct bytes body, struct bytes written) {
    struct wire_document *before = NULL;
    struct wire_document *after = NULL;
    bool same = true;
    if (wire_open(body, &before, NULL) == 0 && wire_open(written, &after, NULL) == 0 &&
        same_shape(wire_root(before), wire_root(after), &same)) {
        FUZZ_MUST(same);
    }
    wire_close(before);
    wire_close(after);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct input input = input_of(data, size);
    again_function again = MESSAGES[input_byte(&input) % MESSAGE_COUNT];
    struct bytes body = input_rest(&input);
    struct arena arena = arena_make(ROOM * 16);
    struct buffer first = buffer_make(ROOM);
    struct buffer second = buffer_make(ROOM);
    struct error error = {0};
    if (again(body, &arena, &first, &error) == 0) {
        FUZZ_MUST(!first.failed);
        FUZZ_MUST(again(buffer_bytes(&first), &arena, &second, &error) == 0);
        FUZZ_MUST(bytes_equal(buffer_bytes(&first), buffer_bytes(&second)));
        keeps_values(body, buffer_bytes(&first));
    } else {
        FUZZ_MUST(error.code[0] != '\0');
    }
    buffer_free(&first);
    buffer_free(&second);
    arena_free(&arena);
    return 0;
}

/* --- seeds --------------------------------------------------------------------------------- */

struct giver {
    seed_function give;
    void *context;
    struct buffer body;
};

static void given(struct giver *giver, again_function message) {
    for (size_t i = 0; i < MESSAGE_COUNT; i++) {
        if (MESSAGES[i] == message) {
            give_chosen(giver->give, giver->context, (uint8_t)i,
                        buffer_bytes(&giver->body));
        }
    }
    buffer_reset(&giver->body);
}

static const struct id SOMEBODY = {{1, 2, 3}};
static const struct sign_public SOME_KEY = {{9, 8, 7}};

static void give_texts(struct giver *giver) {
    struct invitation invitation = {.address = "https://hq.example:8787",
                                    .server_key = SOME_KEY,
                                    .pin = {.known = true}};
    invitation_format(&invitation, &giver->body);
    given(giver, again_invitation);
    pinned_address_format("https://hq:1", &invitation.pin, &giver->body);
    given(giver, again_address);
    failure_encode(&(struct error){"a.code", "field", "Message."}, &giver->body);
    given(giver, again_failure);
}

static void give_device(struct giver *giver) {
    struct sign_keys former;
    struct sign_keys next;
    known_keys(1, &former);
    known_keys(2, &next);
    const struct enrol_request enrol = {.name = "station",
                                        .device_key = SOME_KEY,
                                        .schema_version = 1,
                                        .server_key = SOME_KEY};
    const struct certificate certificate = {.org = SOMEBODY,
                                            .device = SOMEBODY,
                                            .code = "7L",
                                            .name = "station",
                                            .actors = {SOMEBODY},
                                            .actor_count = 1,
                                            .ceiling = "rep",
                                            .everyone = true,
                                            .parent = SOMEBODY};
    const struct bytes some = {SOMEBODY.bytes, ID_SIZE};
    const struct enrol_response answer = {.certificate = some,
                                          .org_name = "Company",
                                          .schema_version = 1,
                                          .epoch = 1,
                                          .notices = {some, some},
                                          .notice_count = 2};
    const struct device_request request = {.org = SOMEBODY,
                                           .device = SOMEBODY,
                                           .new_key = SOME_KEY,
                                           .number = 4,
                                           .schema_version = 1,
                                           .server_key = SOME_KEY};
    enrol_request_encode(&enrol, &giver->body);
    given(giver, again_enrol_request);
    certificate_encode(&certificate, &giver->body);
    given(giver, again_certificate);
    enrol_response_encode(&answer, &giver->body);
    given(giver, again_enrol_response);
    device_request_encode(&request, &giver->body);
    given(giver, again_device_request);
    const struct handover_keys keys = {&former, &next};
    handover_seal(some, "satchel test", keys, &giver->body);
    given(giver, again_handover);
    envelope_seal(some, "satchel test", &former, &giver->body);
    given(giver, again_envelope);
    wire_put_array(&giver->body, 4);
    wire_put_id(&giver->body, SOMEBODY);
    wire_put_bytes(&giver->body, (struct bytes){former.public_key, SIGN_PUBLIC});
    wire_put_bytes(&giver->body, (struct bytes){next.public_key, SIGN_PUBLIC});
    wire_put_integer(&giver->body, 1795399200000);
    given(giver, again_key_notice);
}

static void give_request(struct giver *giver) {
    struct bytes bundles[2] = {{SOMEBODY.bytes, 5}, {SOMEBODY.bytes, 0}};
    int64_t gsns[2] = {7, 0};
    struct former_gsns formers[2] = {{gsns, 2}, {NULL, 0}};
    struct sync_request request = {.org = SOMEBODY,
                                   .device = SOMEBODY,
                                   .time = 1795399200000,
                                   .counter = 3,
                                   .schema_version = 1,
                                   .epoch = 1,
                                   .cursor = 12,
                                   .position = {true, 4, 30, bundles[0], {1}},
                                   .bundles = bundles,
                                   .bundle_count = 2,
                                   .waiting = 9,
                                   .protocol = 1};
    FUZZ_MUST(scope_set_add(&request.held, (struct scope){SCOPE_ORG, {{0}}}) == 0);
    FUZZ_MUST(scope_set_add(&request.held, (struct scope){SCOPE_USER, SOMEBODY}) == 0);
    FUZZ_MUST(sync_request_encode(&request, &giver->body, NULL) == 0);
    given(giver, again_sync_request);
    request.protocol = SYNC_PROTOCOL;
    request.head_id = SOMEBODY;
    request.bundle_epoch = 1;
    request.chain_number = 2;
    request.server_key = SOME_KEY;
    request.certificate = bundles[0];
    request.first_bundle = 1;
    request.formers = formers;
    request.former_count = 2;
    request.rebuild = true;
    request.rebuild_reason = REBUILD_DIGEST;
    FUZZ_MUST(sync_request_encode(&request, &giver->body, NULL) == 0);
    given(giver, again_sync_request);
    scope_set_free(&request.held);
}

static void give_response(struct giver *giver) {
    struct bytes some = {SOMEBODY.bytes, 9};
    struct verdict verdicts[2] = {
        {SOMEBODY, VERDICT_MERGED, 5, 6, "", "", ""},
        {SOMEBODY, VERDICT_REFUSED, 9, 10, "rule.broken", "field", "No."}};
    struct bundle_answer answers[2] = {{1, true, "", "", 2, verdicts, 2},
                                       {2, false, "bundle.gap", "No.", 2, NULL, 0}};
    struct sync_response response = {.hq_time = 1795399200000,
                                     .schema_version = 1,
                                     .epoch = 1,
                                     .answers = answers,
                                     .answer_count = 2,
                                     .rows = some,
                                     .row_count = 1,
                                     .rows_left = 5,
                                     .more = true,
                                     .next = {true, 4, 30, some, {1}},
                                     .protocol = 1};
    FUZZ_MUST(scope_set_add(&response.gained, (struct scope){SCOPE_HQ, {{0}}}) == 0);
    FUZZ_MUST(sync_response_encode(&response, &giver->body, NULL) == 0);
    given(giver, again_sync_response);
    response.more = false;
    response.head = 77;
    response.protocol = SYNC_PROTOCOL;
    response.order = ORDER_WIPE;
    response.head_id = SOMEBODY;
    response.notices = &some;
    response.notice_count = 1;
    FUZZ_MUST(sync_response_encode(&response, &giver->body, NULL) == 0);
    given(giver, again_sync_response);
    scope_set_free(&response.gained);
}

static void give_files(struct giver *giver) {
    const struct bytes some = {SOMEBODY.bytes, 9};
    struct file_request request = {SOMEBODY, SOMEBODY, 5, FILE_PUT, {1}, 0, 9, some};
    const struct file_response response = {{1}, 9, 9, true, some};
    request.offset = 7;
    file_request_encode(&request, &giver->body);
    given(giver, again_file_request);
    file_response_encode(&response, &giver->body);
    given(giver, again_file_response);
}

static void give_parcels(struct giver *giver) {
    struct sign_keys keys;
    struct parcel_head head = {.kind = PARCEL_ANSWERS, .id = SOMEBODY};
    struct parcel_writer writer;
    const uint8_t seed[BOX_SEED] = {7};
    recipient_keys(&keys, &head.recipient);
    parcel_begin(&head, &writer, &giver->body);
    FUZZ_MUST(parcel_add(&writer, bytes_of_text("first"), false, seed, &giver->body,
                         NULL) == 0);
    FUZZ_MUST(parcel_add(&writer, bytes_of_text("second"), true, seed, &giver->body,
                         NULL) == 0);
    given(giver, again_parcel);
    buffer_append(&giver->body,
                  "\x20\x01\x03"
                  "abcdef",
                  9);
    given(giver, again_packed);
    buffer_append(&giver->body,
                  "\x20\x00\x03"
                  "abcdef",
                  9);
    given(giver, again_packed);
}

void fuzz_seeds(seed_function give, void *context) {
    struct giver giver = {give, context, buffer_make(ROOM)};
    give_texts(&giver);
    give_device(&giver);
    give_request(&giver);
    give_response(&giver);
    give_files(&giver);
    give_parcels(&giver);
    buffer_free(&giver.body);
}
