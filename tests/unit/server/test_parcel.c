/* Parcels at headquarters: honest ones, and those of somebody who knows whom they are for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "sync/clock.h"
#include "sync/parcel.h"
#include "tests/support/company.h"

enum { PARTS = 4, MANY = 700 };

struct fixture {
    struct company company;
    struct id anna, darcel;
    struct fake_station *anna_station, *darcel_station;
    struct server *server;
    struct buffer parcel, answer;
    struct parcel_report report;
};

static int set_up(void **state) {
    static struct fixture fixture;
    struct fixture *f = &fixture;
    struct error error = {0};
    memset(f, 0, sizeof *f);
    company_make(&f->company);
    f->anna = company_person(&f->company, "anna", "rep");
    f->darcel = company_person(&f->company, "darcel", "rep");
    f->anna_station = company_station(&f->company, f->anna, "rep");
    f->darcel_station = company_station(&f->company, f->darcel, "rep");
    f->parcel = buffer_make(LIMIT_PARCEL);
    f->answer = buffer_make(LIMIT_PARCEL);
    assert_int_equal(server_open(&f->company.options, &f->server, &error), 0);
    *state = f;
    return 0;
}

static int tear_down(void **state) {
    struct fixture *f = *state;
    struct verify_report report;
    struct error error = {0};
    server_stop(f->server);
    int result = server_verify(&f->company.options, &report, &error);
    buffer_free(&f->parcel);
    buffer_free(&f->answer);
    company_free(&f->company);
    return result;
}

/* --- packing --------------------------------------------------------------------------------------------- */

static struct parcel_head head_of(struct fixture *f, const struct fake_station *station) {
    struct parcel_head head = {.kind = PARCEL_QUESTIONS,
                               .id = text_id("parcel"),
                               .org = f->company.master->org,
                               .device = station->device};
    memcpy(head.recipient.bytes, f->company.master->keys.public_key, SIGN_PUBLIC);
    return head;
}

struct part {
    const struct fake_station *from;
    const struct sign_keys *keys; /* what it is signed with */
    struct bytes bundle;          /* data NULL: none */
};

static void put_request(struct fixture *f, const struct part *part, struct buffer *ret) {
    struct bytes bundle = part->bundle;
    struct buffer body = buffer_make(LIMIT_REQUEST);
    const struct sync_request request = {.org = f->company.master->org,
                                         .device = part->from->device,
                                         .counter = 1,
                                         .schema_version = SCHEMA_VERSION,
                                         .epoch = f->company.master->epoch,
                                         .protocol = 1,
                                         .bundles = &bundle,
                                         .bundle_count = bundle.data ? 1 : 0,
                                         .waiting = -1};
    assert_int_equal(sync_request_encode(&request, &body, NULL), 0);
    envelope_seal(buffer_bytes(&body), "satchel sync request", part->keys, ret);
    buffer_free(&body);
}

static void pack(struct fixture *f, const struct parcel_head *head,
                 const struct part *parts, size_t count) {
    struct parcel_writer writer;
    buffer_reset(&f->parcel);
    parcel_begin(head, &writer, &f->parcel);
    for (size_t i = 0; i < count; i++) {
        const uint8_t seed[BOX_SEED] = {(uint8_t)(i + 1)};
        struct buffer sealed = buffer_make(LIMIT_REQUEST * 2);
        put_request(f, &parts[i], &sealed);
        assert_int_equal(parcel_add(&writer, buffer_bytes(&sealed), i + 1 == count, seed,
                                    &f->parcel, NULL),
                         0);
        buffer_free(&sealed);
    }
}

/* The next bundle of the station: a customer of its person's. */
static struct bytes bundle_of(struct fixture *f, struct fake_station *station,
                              const char *name) {
    static const uint8_t PREFIX[8] = "parcels";
    struct buffer sealed = buffer_make(LIMIT_BUNDLE);
    struct id id = text_id(name);
    struct cell cells[] = {
        cell_of(&f->company, "customer", "name", value_text(name)),
        cell_of(&f->company, "customer", "kind", value_text("company")),
        cell_of(&f->company, "customer", "owner_id",
                value_blob((struct bytes){station->user.bytes, ID_SIZE}))};
    struct change change = change_of(&f->company, "customer", ROW_INSERT, &id, cells, 3);
    struct transaction transaction = {.id = transaction_id(PREFIX, ++station->counter),
                                      .time = clock_pack(f->company.now_ms, 0),
                                      .user = station->user,
                                      .command = "customer.register",
                                      .changes = &change,
                                      .change_count = 1};
    station_seal(&f->company, station, &transaction, &sealed);
    struct bytes kept = arena_copy(&f->company.arena, buffer_bytes(&sealed));
    buffer_free(&sealed);
    return kept;
}

/* What headquarters says to the parcel at hand: "" or a code. */
static const char *take(struct fixture *f, size_t enough) {
    static struct error error;
    const struct parcel_options options = {.rows = true, .enough = enough};
    error = (struct error){0};
    buffer_reset(&f->answer);
    int result = server_take_parcel(f->server, buffer_bytes(&f->parcel), &options,
                                    &f->answer, &f->report, &error);
    assert_int_equal(result == 0, error.code[0] == '\0');
    return error.code;
}

static int64_t customers(struct fixture *f) {
    return company_integer(&f->company, "select count(*) from customer");
}

/* --- honest ---------------------------------------------------------------------------------------------- */

/* Opens the answer with the station's key: each response answers what came before it. */
static size_t read_answer(struct fixture *f, const struct fake_station *station,
                          struct bytes question, struct sync_response ret[PARTS]) {
    struct parcel_reader reader;
    struct sign_public server;
    uint8_t expected[HASH_SIZE];
    size_t count = 0;
    memcpy(server.bytes, f->company.master->keys.public_key, SIGN_PUBLIC);
    hash_blake2b(question, expected);
    assert_int_equal(parcel_open(buffer_bytes(&f->answer), &reader, NULL), 0);
    assert_int_equal(reader.head.kind, PARCEL_ANSWERS);
    assert_true(id_equal(reader.head.device, station->device));
    while (!reader.ended) {
        struct buffer sealed = buffer_make(LIMIT_RESPONSE);
        struct envelope envelope;
        assert_int_equal(parcel_next(&reader, &station->keys, &sealed, NULL), 0);
        struct bytes kept = arena_copy(&f->company.arena, buffer_bytes(&sealed));
        buffer_free(&sealed);
        assert_int_equal(envelope_open(kept, &envelope, NULL), 0);
        assert_int_equal(
            envelope_verify(&envelope, "satchel sync response", &server, NULL), 0);
        assert_true(count < PARTS);
        assert_int_equal(
            sync_response_decode(envelope.body, &f->company.arena, &ret[count], NULL), 0);
        if (question.data) {
            assert_memory_equal(ret[count].request_hash, expected, HASH_SIZE);
        }
        hash_blake2b(envelope.body, expected);
        scope_set_free(&ret[count].gained);
        scope_set_free(&ret[count++].lost);
    }
    return count;
}

static void work_is_merged_and_answered(void **state) {
    struct fixture *f = *state;
    struct sync_response responses[PARTS] = {{.protocol = 0}};
    struct fake_station *anna = f->anna_station;
    const struct part parts[] = {
        {anna, &anna->keys, bundle_of(f, anna, "One")},
        {anna, &anna->keys, bundle_of(f, anna, "Two")},
    };
    const struct parcel_head head = head_of(f, anna);
    pack(f, &head, parts, 2);
    assert_string_equal(take(f, LIMIT_PARCEL), "");
    assert_int_equal(f->report.requests, 2);
    assert_int_equal(f->report.merged, 2);
    assert_int_equal(customers(f), 2);
    assert_int_equal(read_answer(f, anna, (struct bytes){NULL, 0}, responses), 2);
    /* Rows come once, to the last request; the first answer only says that they are to come. */
    assert_int_equal(responses[0].row_count, 0);
    assert_true(responses[0].more);
    assert_false(responses[0].next.set);
    assert_true(responses[1].row_count > 2);
    assert_false(responses[1].more);
    assert_int_equal(responses[1].answers[0].verdicts[0].kind, VERDICT_MERGED);
    /* The same file once more, perhaps because the answer was lost: the same answer, and nothing twice. */
    assert_string_equal(take(f, LIMIT_PARCEL), "");
    assert_int_equal(f->report.merged, 2);
    assert_int_equal(customers(f), 2);
}

/* More than one response holds: long reports of visits to one customer. */
static void write_much(struct fixture *f) {
    static char text[8001];
    struct fake_station *anna = f->anna_station;
    const struct part part = {anna, &anna->keys, bundle_of(f, anna, "Visited")};
    const struct parcel_head head = head_of(f, anna);
    struct id customer = text_id("Visited");
    struct change changes[MANY];
    struct id ids[MANY];
    struct value user = value_blob((struct bytes){f->anna.bytes, ID_SIZE});
    memset(text, 'x', sizeof text - 1);
    pack(f, &head, &part, 1);
    assert_string_equal(take(f, LIMIT_PARCEL), "");
    struct cell cells[] = {
        cell_of(&f->company, "interaction", "customer_id",
                value_blob((struct bytes){customer.bytes, ID_SIZE})),
        cell_of(&f->company, "interaction", "user_id", user),
        cell_of(&f->company, "interaction", "kind", value_text("visit")),
        cell_of(&f->company, "interaction", "summary", value_text(text)),
        cell_of(&f->company, "interaction", "happened_at", value_integer(1))};
    for (int i = 0; i < MANY; i++) {
        ids[i] = (struct id){{1, (uint8_t)(i >> 8), (uint8_t)i}};
        changes[i] = change_of(&f->company, "interaction", ROW_INSERT, &ids[i], cells, 5);
    }
    assert_int_equal(company_write(&f->company, changes, MANY).kind, VERDICT_MERGED);
}

static void what_does_not_fit_stays_for_the_next(void **state) {
    struct fixture *f = *state;
    struct sync_response responses[PARTS] = {{.protocol = 0}};
    write_much(f);
    const struct part part = {f->anna_station, &f->anna_station->keys, {NULL, 0}};
    const struct parcel_head head = head_of(f, f->anna_station);
    struct buffer question = buffer_make(LIMIT_REQUEST * 2);
    struct envelope envelope = {.body = {NULL, 0}};
    pack(f, &head, &part, 1);
    put_request(f, &part, &question);
    assert_int_equal(envelope_open(buffer_bytes(&question), &envelope, NULL), 0);
    assert_string_equal(take(f, 1), "");
    assert_true(f->report.more);
    assert_int_equal(read_answer(f, f->anna_station, envelope.body, responses), 1);
    assert_true(responses[0].next.set);
    assert_string_equal(take(f, LIMIT_PARCEL), "");
    assert_false(f->report.more);
    assert_int_equal(read_answer(f, f->anna_station, envelope.body, responses), 2);
    assert_true(responses[0].more);
    assert_false(responses[1].more);
    assert_true(responses[0].row_count + responses[1].row_count > MANY);
    buffer_free(&question);
}

/* --- forged ---------------------------------------------------------------------------------------------- */

/* Everybody can encrypt for headquarters; nobody can sign for a station. */
static void what_its_station_did_not_sign_is_refused(void **state) {
    struct fixture *f = *state;
    struct fake_station *anna = f->anna_station;
    struct bytes bundle = bundle_of(f, anna, "Forged");
    const struct parcel_head head = head_of(f, anna);
    const struct part by_darcel = {anna, &f->darcel_station->keys, bundle};
    pack(f, &head, &by_darcel, 1);
    assert_string_equal(take(f, LIMIT_PARCEL), "message.signature");
    struct fake_station stranger = *f->darcel_station;
    stranger.device = text_id("nobody");
    const struct part by_nobody = {&stranger, &stranger.keys, bundle};
    pack(f, &head, &by_nobody, 1);
    assert_string_equal(take(f, LIMIT_PARCEL), "device.unknown");
    assert_int_equal(customers(f), 0);
}

/* Another's bundle in one's own request is told from one's own, as over the network. */
static void anothers_bundle_is_refused(void **state) {
    struct fixture *f = *state;
    struct fake_station *darcel = f->darcel_station;
    const struct part part = {darcel, &darcel->keys,
                              bundle_of(f, f->anna_station, "Stolen")};
    const struct parcel_head head = head_of(f, darcel);
    pack(f, &head, &part, 1);
    assert_string_equal(take(f, LIMIT_PARCEL), "");
    assert_int_equal(f->report.bundles, 0);
    assert_int_equal(customers(f), 0);
}

/* The answer is for one station: nobody gets another's rows by putting his request behind his own. */
static void requests_of_two_stations_are_refused(void **state) {
    struct fixture *f = *state;
    struct fake_station *anna = f->anna_station;
    struct fake_station *darcel = f->darcel_station;
    const struct part parts[] = {{darcel, &darcel->keys, {NULL, 0}},
                                 {anna, &anna->keys, bundle_of(f, anna, "Caught")}};
    const struct parcel_head head = head_of(f, darcel);
    pack(f, &head, parts, 2);
    assert_string_equal(take(f, LIMIT_PARCEL), "parcel.station");
    const struct parcel_head other = head_of(f, anna);
    pack(f, &other, parts, 1);
    assert_string_equal(take(f, LIMIT_PARCEL), "parcel.station");
    assert_int_equal(customers(f), 0);
}

static void parcels_for_others_are_refused(void **state) {
    struct fixture *f = *state;
    const struct part part = {f->anna_station, &f->anna_station->keys, {NULL, 0}};
    struct parcel_head head = head_of(f, f->anna_station);
    head.org = text_id("another company");
    pack(f, &head, &part, 1);
    assert_string_equal(take(f, LIMIT_PARCEL), "parcel.company");
    head = head_of(f, f->anna_station);
    head.kind = PARCEL_ANSWERS;
    pack(f, &head, &part, 1);
    assert_string_equal(take(f, LIMIT_PARCEL), "parcel.kind");
    head = head_of(f, f->anna_station);
    memcpy(head.recipient.bytes, f->darcel_station->keys.public_key, SIGN_PUBLIC);
    pack(f, &head, &part, 1);
    assert_string_equal(take(f, LIMIT_PARCEL), "parcel.recipient");
    assert_int_equal(f->answer.size, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(work_is_merged_and_answered),
        TEST(what_does_not_fit_stays_for_the_next),
        TEST(what_its_station_did_not_sign_is_refused),
        TEST(anothers_bundle_is_refused),
        TEST(requests_of_two_stations_are_refused),
        TEST(parcels_for_others_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
