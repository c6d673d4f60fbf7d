/*
 * Sync rounds as files, at the station: what is packed, and which answers count.
 */
#include "sync/parcel.h"
#include "tests/unit/client-core/world.h"

static const char SHOP[] = "{\"customer\":\"0c0c0c0c-0c0c-0c0c-0c0c-0c0c0c0c0c0c\"}";

static int parcel_setup(void **state) {
    if (world_setup(state) != 0)
        return -1;
    world_sql(*state, "insert into customer (id, name, owner_id, gsn) values"
                      " (x'0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c', 'Isdom',"
                      " x'a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1', 2)");
    return 0;
}

/* --- what headquarters finds in the file ------------------------------------------------------------ */

struct question {
    struct bytes body; /* in the world's arena */
    struct sync_request request;
};

static struct question export_one(struct world *world) {
    satchel_error error = {0};
    satchel_parcel_report report;
    void *data = NULL;
    size_t size = 0;
    struct parcel_reader reader;
    struct buffer message = buffer_make(LIMIT_REQUEST);
    struct envelope envelope;
    struct question question;
    world_ok(satchel_bundle_export(world->station, &data, &size, &report, &error),
             &error);
    assert_int_equal(report.bytes, size);
    assert_int_equal(parcel_open((struct bytes){data, size}, &reader, NULL), 0);
    assert_int_equal(parcel_next(&reader, &world->server_keys, &message, NULL), 0);
    assert_true(reader.ended);
    struct bytes kept = arena_copy(&world->arena, buffer_bytes(&message));
    assert_int_equal(envelope_open(kept, &envelope, NULL), 0);
    assert_int_equal(envelope_verify(&envelope, "satchel sync request",
                                     &world->certificate.device_key, NULL),
                     0);
    question.body = envelope.body;
    assert_int_equal(
        sync_request_decode(envelope.body, &world->arena, &question.request, NULL), 0);
    scope_set_free(&question.request.held);
    buffer_free(&message);
    satchel_free(data);
    return question;
}

/* --- what headquarters answers ---------------------------------------------------------------------- */

struct answering {
    struct parcel_writer writer;
    struct buffer parcel;
    const struct sign_keys *keys; /* what responses are signed with */
};

static struct parcel_head head_of_answer(const struct world *world) {
    return (struct parcel_head){.kind = PARCEL_ANSWERS,
                                .id = world_id(7),
                                .org = world->certificate.org,
                                .device = world->certificate.device,
                                .recipient = world->certificate.device_key};
}

static struct answering begin_with(struct world *world, const struct parcel_head *head) {
    struct answering answering = {.parcel = buffer_make(LIMIT_PARCEL),
                                  .keys = &world->server_keys};
    parcel_begin(head, &answering.writer, &answering.parcel);
    return answering;
}

static struct answering begin_answer(struct world *world) {
    const struct parcel_head head = head_of_answer(world);
    return begin_with(world, &head);
}

/* Adds a response to `asked`; its body is what the next one answers. */
static struct bytes put_response(struct world *world, struct answering *answering,
                                 struct bytes asked, struct sync_response *response,
                                 bool last) {
    static const uint8_t seed[BOX_SEED] = {3};
    struct buffer body = buffer_make(LIMIT_RESPONSE);
    struct buffer sealed = buffer_make(LIMIT_RESPONSE);
    hash_blake2b(asked, response->request_hash);
    response->hq_time = WORLD_NOW_MS + 5000;
    response->schema_version = SCHEMA_VERSION;
    response->digest_rows = -1;
    response->epoch = response->epoch ? response->epoch : 1;
    assert_int_equal(sync_response_encode(response, &body, NULL), 0);
    envelope_seal(buffer_bytes(&body), "satchel sync response", answering->keys, &sealed);
    assert_int_equal(parcel_add(&answering->writer, buffer_bytes(&sealed), last, seed,
                                &answering->parcel, NULL),
                     0);
    struct bytes kept = arena_copy(&world->arena, buffer_bytes(&body));
    buffer_free(&body);
    buffer_free(&sealed);
    return kept;
}

/* "" or the code of what was wrong. */
static const char *import_bytes(struct world *world, struct bytes bytes,
                                satchel_sync_report *ret) {
    static satchel_error error;
    const satchel_parcel parcel = {bytes.data, bytes.size};
    error = (satchel_error){0};
    int failed = satchel_bundle_import(world->station, &parcel, NULL, NULL, ret, &error);
    assert_int_equal(failed != 0, error.code[0] != '\0');
    return error.code;
}

static const char *import_answer(struct world *world, struct answering *answering,
                                 satchel_sync_report *ret) {
    const char *code = import_bytes(world, buffer_bytes(&answering->parcel), ret);
    buffer_free(&answering->parcel);
    return code;
}

/* One customer, new or changed. */
static void bring(struct world *world, struct sync_response *response, struct id *key,
                  const char *name, int64_t gsn) {
    struct id owner = world_id(0xa1);
    struct value values[] = {value_text(name),
                             value_blob((struct bytes){owner.bytes, ID_SIZE})};
    struct sync_row row = {
        .key = {key->bytes, ID_SIZE}, .values = values, .gsn = gsn, .places = 1};
    struct row_group group = {
        .table = 10, .columns = {2, 8}, .column_count = 2, .rows = &row, .row_count = 1};
    world->chunk = (struct row_chunk){&group, 1};
    world_send_rows(world, response);
    response->rows = arena_copy(&world->arena, response->rows);
    response->row_count = 1;
}

/* --- tests ------------------------------------------------------------------------------------------- */

/* Also on a machine that was started since, where nobody has told the time yet: there is nobody to ask. */
static void everything_that_waits_is_packed(void **state) {
    struct world *world = *state;
    world_do(world, "customer.visit", SHOP);
    world_do(world, "customer.visit", SHOP);
    world->clock.boot = 9;
    struct question question = export_one(world);
    assert_int_equal(question.request.bundle_count, 1);
    assert_int_equal(question.request.waiting, 2);
    assert_int_equal(
        world_integer(world, "select count(*) from station_outbox where bundle is null"),
        0);
    /* Nothing counts as sent. */
    question = export_one(world);
    assert_int_equal(question.request.bundle_count, 1);
    assert_int_equal(world_integer(world, "select count(*) from station_question"), 2);
}

static void verdicts_and_rows_are_taken(void **state) {
    struct world *world = *state;
    satchel_sync_report report;
    struct sync_response response = {0};
    struct id shop = world_id(0x0c);
    world_do(world, "customer.visit", SHOP);
    struct question question = export_one(world);
    int64_t anchor =
        world_integer(world, "select anchor_hq_ms is not null from station_progress");
    world->gsn = 4;
    world_take_bundles(world, &question.request, &response, VERDICT_MERGED);
    bring(world, &response, &shop, "Changed", 5);
    response.head = 5;
    struct answering answering = begin_answer(world);
    put_response(world, &answering, question.body, &response, true);
    assert_string_equal(import_answer(world, &answering, &report), "");
    assert_int_equal(report.merged, 1);
    assert_int_equal(report.rows_received, 1);
    assert_int_equal(report.waiting, 0);
    assert_int_equal(report.cursor, 5);
    assert_string_equal(world_text(world, "select name from customer"), "Changed");
    /* A file does not tell what time it is now, but when headquarters was like that. */
    assert_int_equal(
        world_integer(world, "select anchor_hq_ms is not null from station_progress"),
        anchor);
    assert_int_equal(world_integer(world, "select value from station_setting"
                                          " where name = 'last_sync_at'"),
                     WORLD_NOW_MS + 5000);
}

static struct pull_position place_of(struct id *key) {
    return (struct pull_position){
        .set = true, .gsn = 5, .table = 10, .key = {key->bytes, ID_SIZE}};
}

/* Cut behind the first response, the import goes on at the second. */
static void responses_go_on_from_each_other(void **state) {
    struct world *world = *state;
    satchel_sync_report report;
    struct id one = world_id(0x31), two = world_id(0x32);
    struct question question = export_one(world);
    struct answering answering = begin_answer(world);
    struct sync_response first = {.more = true, .next = place_of(&one)};
    struct sync_response second = {.head = 7};
    bring(world, &first, &one, "One", 5);
    bring(world, &second, &two, "Two", 6);
    struct bytes body = put_response(world, &answering, question.body, &first, false);
    size_t cut = answering.parcel.size;
    put_response(world, &answering, body, &second, true);
    assert_string_equal(
        import_bytes(world, (struct bytes){answering.parcel.data, cut}, &report),
        "parcel.truncated");
    assert_int_equal(world_integer(world, "select count(*) from customer"), 1);
    assert_int_equal(world_integer(world, "select count(*) from station_staging"), 1);
    assert_string_equal(import_answer(world, &answering, &report), "");
    assert_int_equal(report.rows_received, 1);
    assert_int_equal(world_integer(world, "select count(*) from customer"), 3);
    assert_int_equal(report.cursor, 7);
}

/* An answer to a place that the station has left brings verdicts, and no rows. */
static void a_late_answer_takes_nothing_back(void **state) {
    struct world *world = *state;
    satchel_sync_report report;
    struct sync_response response = {.head = 5};
    struct id shop = world_id(0x0c);
    world_do(world, "customer.visit", SHOP);
    struct question question = export_one(world);
    world_sql(world, "update station_progress set cursor = 9");
    world->gsn = 3;
    world_take_bundles(world, &question.request, &response, VERDICT_MERGED);
    bring(world, &response, &shop, "Older", 5);
    struct answering answering = begin_answer(world);
    put_response(world, &answering, question.body, &response, true);
    assert_string_equal(import_answer(world, &answering, &report), "");
    assert_int_equal(report.merged, 1);
    assert_int_equal(report.rows_received, 0);
    assert_int_equal(report.cursor, 9);
    assert_string_equal(world_text(world, "select name from customer"), "Isdom");
    /* The verdict's gsn is behind the cursor: the work is settled. */
    assert_int_equal(
        world_integer(world, "select count(*) from station_outbox where active = 1"), 0);
}

/* Everybody can encrypt for the station; only headquarters can sign. */
static void what_headquarters_did_not_sign_is_refused(void **state) {
    struct world *world = *state;
    satchel_sync_report report;
    struct sync_response response = {.head = 5};
    struct sign_keys others;
    world_do(world, "customer.visit", SHOP);
    struct question question = export_one(world);
    world_keys(0x66, &others);
    world_take_bundles(world, &question.request, &response, VERDICT_MERGED);
    struct answering answering = begin_answer(world);
    answering.keys = &others;
    put_response(world, &answering, question.body, &response, true);
    assert_string_equal(import_answer(world, &answering, &report), "server.signature");
    assert_int_equal(
        world_integer(world, "select count(*) from station_outbox where verdict is null"),
        1);
}

/* What headquarters said to something else, or said before it was restored. */
static void answers_to_something_else_are_refused(void **state) {
    struct world *world = *state;
    satchel_sync_report report;
    struct id one = world_id(0x31);
    struct sync_response response = {.head = 5};
    struct sync_response of_other_history = {.head = 5, .epoch = 2};
    struct sync_response first = {.more = true, .next = place_of(&one)};
    struct question question = export_one(world);
    struct answering answering = begin_answer(world);
    put_response(world, &answering, bytes_of_text("another question"), &response, true);
    assert_string_equal(import_answer(world, &answering, &report), "parcel.unknown");
    answering = begin_answer(world);
    put_response(world, &answering, question.body, &of_other_history, true);
    assert_string_equal(import_answer(world, &answering, &report), "server.epoch");
    /* A response that goes on from another than the one before. */
    answering = begin_answer(world);
    put_response(world, &answering, question.body, &first, false);
    put_response(world, &answering, bytes_of_text("another response"), &response, true);
    assert_string_equal(import_answer(world, &answering, &report), "parcel.unknown");
    assert_int_equal(world_integer(world, "select cursor from station_progress"), 2);
}

/* Also when it is encrypted to this station, and says what it asked for. */
static void files_for_others_are_refused(void **state) {
    struct world *world = *state;
    satchel_sync_report report;
    struct parcel_head heads[3];
    static const char *const codes[] = {"parcel.kind", "parcel.company",
                                        "parcel.station"};
    struct question question = export_one(world);
    for (size_t i = 0; i < 3; i++)
        heads[i] = head_of_answer(world);
    heads[0].kind = PARCEL_QUESTIONS;
    heads[1].org = world_id(9);
    heads[2].device = world_id(9);
    for (size_t i = 0; i < 3; i++) {
        struct sync_response response = {.head = 5};
        struct answering answering = begin_with(world, &heads[i]);
        put_response(world, &answering, question.body, &response, true);
        assert_string_equal(import_answer(world, &answering, &report), codes[i]);
    }
    assert_int_equal(world_integer(world, "select cursor from station_progress"), 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, parcel_setup, world_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(everything_that_waits_is_packed),
        TEST(verdicts_and_rows_are_taken),
        TEST(responses_go_on_from_each_other),
        TEST(a_late_answer_takes_nothing_back),
        TEST(what_headquarters_did_not_sign_is_refused),
        TEST(answers_to_something_else_are_refused),
        TEST(files_for_others_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
