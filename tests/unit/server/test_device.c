/* Devices that go on under another key: forks with their children, rotated keys. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "server/device.h"
#include "sync/clock.h"
#include "tests/support/company.h"

struct fixture {
    struct company company;
    struct id anna, boss;
    struct fake_station *anna_station, *boss_station;
    struct id customer; /* Anna's */
    int64_t base;
};

static struct cell text_cell(struct fixture *f, const char *column, const char *text) {
    return cell_of(&f->company, "customer", column, value_text(text));
}

static int set_up(void **state) {
    static struct fixture fixture;
    struct fixture *f = &fixture;
    company_make(&f->company);
    f->anna = company_person(&f->company, "anna", "rep");
    f->boss = company_person(&f->company, "boss", "hq");
    f->anna_station = company_station(&f->company, f->anna, "rep");
    f->boss_station = company_station(&f->company, f->boss, "hq");
    f->customer = text_id("Acme");
    struct cell cells[] = {text_cell(f, "name", "Acme"), text_cell(f, "phone", "000"),
                           text_cell(f, "kind", "company"),
                           cell_of(&f->company, "customer", "owner_id",
                                   value_blob((struct bytes){f->anna.bytes, ID_SIZE}))};
    struct change change =
        change_of(&f->company, "customer", ROW_INSERT, &f->customer, cells, 4);
    f->base = company_write(&f->company, &change, 1).gsn;
    *state = f;
    return 0;
}

/* Whatever a test did, the master must still be what its journal says. */
static int tear_down(void **state) {
    struct fixture *f = *state;
    struct verify_report report;
    struct error error = {0};
    int result = server_verify(&f->company.options, &report, &error);
    if (result != 0) {
        fprintf(stderr, "verify: %s (%s)\n", error.message, error.code);
    }
    company_free(&f->company);
    return result;
}

static struct verdict edit(struct fixture *f, struct fake_station *station,
                           const char *column, const char *text, int64_t after,
                           int64_t base) {
    struct cell cells[] = {text_cell(f, column, text)};
    struct change change =
        change_of(&f->company, "customer", ROW_UPDATE, &f->customer, cells, 1);
    return station_send(&f->company, station, &change, 1, f->company.now_ms + after,
                        base);
}

static const char *phone(struct fixture *f) {
    struct value value = company_value(&f->company, "select phone from customer");
    return arena_text(&f->company.arena, (const char *)value.bytes.data,
                      value.bytes.size);
}

/* --- asking --------------------------------------------------------------------------------- */

typedef int (*device_function)(struct master *master, struct work *work,
                               const struct device_call *call, struct arena *arena,
                               struct bytes *ret_certificate, struct error *error);

struct asked {
    struct fake_station *station; /* who asks */
    const struct sign_keys *former;
    struct sign_keys next;
    int64_t number;
    uint8_t hash[HASH_SIZE];
};

static struct sign_keys new_keys(struct fixture *f) {
    uint8_t seed[SIGN_SEED];
    struct sign_keys keys;
    f->company.env.random(f->company.env.context, seed, sizeof seed);
    seal_keys(seed, &keys);
    return keys;
}

/* The code of the failure, "" when there was none; then *ret is the certificate. */
static const char *ask(struct fixture *f, const struct asked *asked, const char *context,
                       device_function function, struct certificate *ret) {
    static struct error error;
    struct company *company = &f->company;
    struct device_request request = {.org = company->master->org,
                                     .device = asked->station->device,
                                     .number = asked->number,
                                     .schema_version = SCHEMA_VERSION};
    struct device_call call;
    struct bytes sealed_certificate;
    struct envelope envelope;
    struct buffer body = buffer_make(LIMIT_ENROL_REQUEST);
    struct buffer sealed = buffer_make(LIMIT_ENROL_REQUEST);
    memcpy(request.new_key.bytes, asked->next.public_key, SIGN_PUBLIC);
    memcpy(request.hash, asked->hash, HASH_SIZE);
    device_request_encode(&request, &body);
    handover_seal(buffer_bytes(&body), context,
                  (struct handover_keys){asked->former, &asked->next}, &sealed);
    error = (struct error){0};
    assert_int_equal(master_begin(company->master, &error), 0);
    int failed = device_call_open(buffer_bytes(&sealed), company->master->org, &call,
                                  &error) != 0 ||
                 function(company->master, &company->work, &call, &company->arena,
                          &sealed_certificate, &error) != 0;
    if (failed) {
        master_rollback(company->master);
    } else {
        assert_int_equal(master_commit(company->master, &error), 0);
        assert_int_equal(envelope_open(sealed_certificate, &envelope, &error), 0);
        assert_int_equal(certificate_decode(envelope.body, ret, &error), 0);
        struct sign_public server;
        memcpy(server.bytes, company->master->keys.public_key, SIGN_PUBLIC);
        assert_int_equal(
            envelope_verify(&envelope, "satchel certificate", &server, &error), 0);
    }
    buffer_free(&body);
    buffer_free(&sealed);
    return failed ? error.code : "";
}

static const char *reenrol(struct fixture *f, const struct asked *asked,
                           struct certificate *ret) {
    return ask(f, asked, "satchel reenrol request", device_reenrol, ret);
}

static const char *rotate(struct fixture *f, const struct asked *asked,
                          struct certificate *ret) {
    return ask(f, asked, "satchel rotate request", device_rotate, ret);
}

/* --- forks ------------------------------------------------------------------------------------ */

/* Both work on from the same state; the original was first. Then the copy asks with its own bundle as evidence. */
static struct asked fork_of(struct fixture *f, struct fake_station *original,
                            struct fake_station *copy) {
    struct asked asked = {.station = copy, .former = &copy->keys, .next = new_keys(f)};
    *copy = *original;
    copy->counter += 1000;
    struct fake_station ahead = *copy;
    struct transaction transaction = {.id = text_id("evidence"),
                                      .time = clock_pack(f->company.now_ms, 0),
                                      .base = f->base,
                                      .user = copy->user,
                                      .command = "test.write"};
    struct buffer sealed = buffer_make(LIMIT_BUNDLE);
    station_seal(&f->company, &ahead, &transaction, &sealed);
    asked.number = ahead.number;
    memcpy(asked.hash, ahead.hash, HASH_SIZE);
    struct bundle_answer answer = station_take(
        &f->company, copy, arena_copy(&f->company.arena, buffer_bytes(&sealed)));
    buffer_free(&sealed);
    assert_false(answer.accepted);
    assert_string_equal(answer.code, "bundle.fork");
    return asked;
}

static void become(struct fake_station *copy, const struct certificate *certificate,
                   const struct sign_keys *keys) {
    copy->device = certificate->device;
    copy->keys = *keys;
    copy->number = copy->seq = 0;
    memset(copy->hash, 0, HASH_SIZE);
}

static struct fake_station *spare(struct fixture *f) {
    return &f->company.stations[f->company.station_count++];
}

static void a_copy_becomes_a_child(void **state) {
    struct fixture *f = *state;
    struct fake_station *copy = spare(f);
    struct certificate child = {.actor_count = 0};
    struct certificate again = {.actor_count = 0};
    edit(f, f->anna_station, "phone", "111", 10, f->base);
    struct fake_station before = *f->anna_station; /* the state that is copied */
    edit(f, f->anna_station, "phone", "222", 20, f->base);
    struct asked asked = fork_of(f, &before, copy);
    assert_string_equal(reenrol(f, &asked, &child), "");
    assert_true(id_equal(child.parent, f->anna_station->device));
    assert_false(id_equal(child.device, f->anna_station->device));
    assert_memory_equal(child.device_key.bytes, asked.next.public_key, SIGN_PUBLIC);
    assert_string_equal(child.ceiling, "rep");
    assert_int_equal(child.actor_count, 1);
    int64_t stations = company_integer(&f->company, "select count(*) from station");
    assert_int_equal(
        company_integer(&f->company, "select count(distinct code) from device"),
        stations);
    /* a lost answer */
    assert_string_equal(reenrol(f, &asked, &again), "");
    assert_true(id_equal(again.device, child.device));
    assert_int_equal(company_integer(&f->company, "select count(*) from station"),
                     stations);
    /* both go on */
    become(copy, &child, &asked.next);
    assert_int_equal(edit(f, copy, "email", "a@b.example", 30, f->base).kind,
                     VERDICT_MERGED);
    assert_int_equal(edit(f, f->anna_station, "address", "1 Main", 40, f->base).kind,
                     VERDICT_MERGED);
}

static void evidence_is_good_for_one_child(void **state) {
    struct fixture *f = *state;
    struct fake_station *copy = spare(f);
    struct certificate child;
    struct fake_station before = *f->anna_station;
    edit(f, f->anna_station, "phone", "222", 20, f->base);
    struct asked asked = fork_of(f, &before, copy);
    struct asked other = asked;
    assert_string_equal(reenrol(f, &asked, &child), "");
    other.next = new_keys(f);
    assert_string_equal(reenrol(f, &other, &child), "reenrol.evidence");
    other.hash[0] ^= 1; /* other evidence, a key that is taken */
    other.next = asked.next;
    assert_string_equal(reenrol(f, &other, &child), "device.key_taken");
    other.next = f->boss_station->keys;
    assert_string_equal(reenrol(f, &other, &child), "device.key_taken");
}

static void without_a_fork_there_is_no_child(void **state) {
    struct fixture *f = *state;
    struct certificate child;
    edit(f, f->anna_station, "phone", "222", 20, f->base);
    struct asked asked = {.station = f->anna_station,
                          .former = &f->anna_station->keys,
                          .next = new_keys(f),
                          .number = 1};
    memcpy(asked.hash, f->anna_station->hash, HASH_SIZE);
    assert_string_equal(reenrol(f, &asked, &child), "reenrol.no_fork");
    asked.number = 2; /* nothing was received under it */
    asked.hash[0] ^= 1;
    assert_string_equal(reenrol(f, &asked, &child), "reenrol.no_fork");
    asked.number = 1;
    asked.former = &f->boss_station->keys; /* not Anna's key */
    assert_string_equal(reenrol(f, &asked, &child), "message.signature");
}

static void revoke(struct fixture *f, const struct id *device) {
    char text[ID_TEXT_SIZE];
    struct error error = {0};
    id_format(*device, text);
    assert_int_equal(
        server_revoke(&f->company.options,
                      &(struct revoke_options){.device = text, .reason = "lost"}, &error),
        0);
}

static void revoking_takes_the_family(void **state) {
    struct fixture *f = *state;
    struct fake_station *copy = spare(f);
    struct certificate child;
    struct fake_station before = *f->anna_station;
    edit(f, f->anna_station, "phone", "222", 20, f->base);
    struct asked asked = fork_of(f, &before, copy);
    assert_string_equal(reenrol(f, &asked, &child), "");
    revoke(f, &child.device);
    assert_int_equal(
        company_integer(&f->company,
                        "select count(*) from station where revoked_at is not null"),
        2);
    assert_int_equal(
        company_integer(&f->company,
                        "select count(*) from device where revoked_at is not null"),
        2);
    asked.next = new_keys(f);
    asked.hash[0] ^= 1;
    assert_string_equal(reenrol(f, &asked, &child), "device.revoked");
}

/* What both have in common is each one's own: writing over it is no conflict. */
static void nobody_conflicts_with_his_own_past(void **state) {
    struct fixture *f = *state;
    struct fake_station *copy = spare(f);
    struct certificate child;
    edit(f, f->anna_station, "phone", "111", 10, f->base); /* before the copy was made */
    struct fake_station before = *f->anna_station;
    edit(f, f->anna_station, "email", "original@x.example", 20, f->base);
    struct asked asked = fork_of(f, &before, copy);
    assert_string_equal(reenrol(f, &asked, &child), "");
    become(copy, &child, &asked.next);
    /* still on the old base: it has not pulled */
    assert_int_equal(edit(f, copy, "phone", "333", 5, f->base).kind, VERDICT_MERGED);
    assert_string_equal(phone(f), "333");
    /* what the original did afterwards is another's */
    assert_int_equal(edit(f, copy, "email", "copy@x.example", 30, f->base).kind,
                     VERDICT_CONFLICTS);
    assert_int_equal(company_integer(&f->company, "select count(*) from conflict"), 1);
}

/* Work that was waiting when the copy was made comes from both: it counts once, and is own work of both. */
/* What it did before the fork is its own, and hides nobody else's edit from its delete. */
static void an_edit_meets_a_delete_after_a_fork(void **state) {
    struct fixture *f = *state;
    struct fake_station *copy = spare(f);
    struct certificate child;
    struct id other = text_id("other customer");
    struct cell name = text_cell(f, "name", "Other");
    struct cell kind = text_cell(f, "kind", "company");
    struct cell cells[] = {name, kind};
    struct change insert =
        change_of(&f->company, "customer", ROW_INSERT, &other, cells, 2);
    struct cell gone = cell_of(&f->company, "customer", "deleted_at", value_integer(1));
    struct change deletion =
        change_of(&f->company, "customer", ROW_UPDATE, &f->customer, &gone, 1);
    edit(f, f->boss_station, "email", "hq@x.example", 5, f->base);
    edit(f, f->anna_station, "phone", "111", 10, f->base); /* before the copy was made */
    struct fake_station before = *f->anna_station;
    station_send(&f->company, f->anna_station, &insert, 1, f->company.now_ms + 20,
                 f->base);
    struct asked asked = fork_of(f, &before, copy);
    assert_string_equal(reenrol(f, &asked, &child), "");
    become(copy, &child, &asked.next);
    assert_int_equal(
        station_send(&f->company, copy, &deletion, 1, f->company.now_ms + 30, f->base)
            .kind,
        VERDICT_CONFLICTS);
}

static void shared_work_counts_once(void **state) {
    struct fixture *f = *state;
    struct fake_station *copy = spare(f);
    struct certificate child;
    edit(f, f->anna_station, "address", "1 Main", 1, f->base);
    struct fake_station before = *f->anna_station;
    struct cell cells[] = {text_cell(f, "phone", "111")};
    struct change change =
        change_of(&f->company, "customer", ROW_UPDATE, &f->customer, cells, 1);
    struct transaction shared = {.id = text_id("shared"),
                                 .time = clock_pack(f->company.now_ms + 10, 0),
                                 .base = f->base,
                                 .user = f->anna,
                                 .command = "test.write",
                                 .changes = &change,
                                 .change_count = 1};
    struct buffer sealed = buffer_make(LIMIT_BUNDLE);
    station_seal(&f->company, f->anna_station, &shared, &sealed);
    struct bytes kept = arena_copy(&f->company.arena, buffer_bytes(&sealed));
    struct bundle_answer first = station_take(&f->company, f->anna_station, kept);
    struct asked asked = fork_of(f, &before, copy);
    assert_string_equal(reenrol(f, &asked, &child), "");
    become(copy, &child, &asked.next);
    buffer_reset(&sealed);
    station_seal(&f->company, copy, &shared, &sealed);
    struct bundle_answer second = station_take(
        &f->company, copy, arena_copy(&f->company.arena, buffer_bytes(&sealed)));
    buffer_free(&sealed);
    assert_true(first.accepted && second.accepted);
    assert_int_equal(first.verdicts[0].gsn, second.verdicts[0].gsn);
    assert_int_equal(edit(f, copy, "phone", "222", 5, f->base).kind, VERDICT_MERGED);
    assert_string_equal(phone(f), "222");
    assert_int_equal(company_integer(&f->company, "select count(*) from conflict"), 0);
}

/* What builds on work that another of the family was refused is told so. */
static void what_a_relative_was_refused_is_refused(void **state) {
    struct fixture *f = *state;
    struct fake_station *copy = spare(f);
    struct certificate child;
    struct fake_station before = *f->anna_station;
    struct id refused = text_id("refused");
    struct cell cells[] = {text_cell(f, "name", "X"), text_cell(f, "kind", "no kind")};
    struct change insert =
        change_of(&f->company, "customer", ROW_INSERT, &refused, cells, 2);
    assert_int_equal(
        station_send(&f->company, f->anna_station, &insert, 1, f->company.now_ms, f->base)
            .kind,
        VERDICT_REFUSED);
    struct asked asked = fork_of(f, &before, copy);
    assert_string_equal(reenrol(f, &asked, &child), "");
    become(copy, &child, &asked.next);
    struct cell phone_cell[] = {text_cell(f, "phone", "1")};
    struct change update =
        change_of(&f->company, "customer", ROW_UPDATE, &refused, phone_cell, 1);
    struct verdict verdict =
        station_send(&f->company, copy, &update, 1, f->company.now_ms, f->base);
    assert_string_equal(verdict.code, "depends.refused");
}

/* --- keys --------------------------------------------------------------------------------------- */

static struct asked rotation_of(struct fixture *f, struct fake_station *station) {
    struct asked asked = {.station = station,
                          .former = &station->keys,
                          .next = new_keys(f),
                          .number = station->number};
    memcpy(asked.hash, station->hash, HASH_SIZE);
    return asked;
}

static void a_key_is_followed_by_another(void **state) {
    struct fixture *f = *state;
    struct certificate certificate;
    struct certificate again;
    struct sign_keys former = f->anna_station->keys;
    edit(f, f->anna_station, "phone", "111", 10, f->base);
    struct asked asked = rotation_of(f, f->anna_station);
    asked.former = &former;
    assert_string_equal(rotate(f, &asked, &certificate), "");
    assert_true(id_equal(certificate.device, f->anna_station->device));
    assert_memory_equal(certificate.device_key.bytes, asked.next.public_key, SIGN_PUBLIC);
    assert_string_equal(rotate(f, &asked, &again), ""); /* a lost answer */
    assert_int_equal(company_integer(&f->company, "select count(*) from station_key"), 1);
    f->anna_station->keys = asked.next;
    assert_int_equal(edit(f, f->anna_station, "phone", "222", 20, f->base).kind,
                     VERDICT_MERGED);
    /* the former key can neither work nor rotate any more */
    struct asked late = rotation_of(f, f->anna_station);
    late.former = &former;
    assert_string_equal(rotate(f, &late, &again), "message.signature");
    late.former = &f->anna_station->keys;
    late.next = former; /* and does not come back */
    assert_string_equal(rotate(f, &late, &again), "device.key_taken");
}

/* Who asks again, because the answer was lost, trusts the key that the server has by then. */
static void what_is_said_again_has_the_present_key(void **state) {
    struct fixture *f = *state;
    struct certificate certificate;
    struct fake_station *copy = spare(f);
    struct fake_station before = *f->boss_station;
    struct sign_keys former = f->anna_station->keys;
    struct sign_keys server = f->company.master->keys;
    edit(f, f->boss_station, "phone", "111", 10, f->base);
    struct asked forked = fork_of(f, &before, copy);
    struct asked rotated = rotation_of(f, f->anna_station);
    rotated.former = &former;
    assert_string_equal(rotate(f, &rotated, &certificate), "");
    f->company.master->keys = new_keys(f);
    assert_string_equal(rotate(f, &rotated, &certificate), "");
    f->company.master->keys = server;
    assert_string_equal(reenrol(f, &forked, &certificate), "");
    f->company.master->keys = new_keys(f);
    assert_string_equal(reenrol(f, &forked, &certificate), "");
    f->company.master->keys = server;
}

/* Bundles that were sealed before the rotation and not sent yet are still the former key's. */
static void sealed_work_keeps_its_key(void **state) {
    struct fixture *f = *state;
    struct certificate certificate;
    struct fake_station *anna = f->anna_station;
    struct sign_keys former = anna->keys;
    struct buffer sealed[2] = {buffer_make(LIMIT_BUNDLE), buffer_make(LIMIT_BUNDLE)};
    struct transaction work[2] = {{.id = text_id("w1")}, {.id = text_id("w2")}};
    struct bundle_answer answers[2];
    for (size_t i = 0; i < 2; i++) {
        work[i].user = f->anna;
        work[i].base = f->base;
        work[i].time = clock_pack(f->company.now_ms, 0);
        work[i].command = "test.write";
    }
    struct fake_station thief = *anna;
    station_seal(&f->company, anna, &work[0], &sealed[0]);
    struct asked asked = rotation_of(f, anna);
    asked.former = &former;
    assert_string_equal(rotate(f, &asked, &certificate), "");
    /* another bundle of the former key, where the rotation named its last one */
    struct buffer forged = buffer_make(LIMIT_BUNDLE);
    station_seal(&f->company, &thief, &work[1], &forged);
    struct bundle_answer refused = station_take(
        &f->company, &thief, arena_copy(&f->company.arena, buffer_bytes(&forged)));
    assert_string_equal(refused.code, "bundle.key");
    buffer_reset(&forged);
    struct fake_station after = *anna; /* the former key, after its last bundle */
    station_seal(&f->company, &after, &work[1], &forged);
    anna->keys = asked.next;
    station_seal(&f->company, anna, &work[1], &sealed[1]);
    for (size_t i = 0; i < 2; i++) {
        answers[i] = station_take(
            &f->company, anna, arena_copy(&f->company.arena, buffer_bytes(&sealed[i])));
        assert_true(answers[i].accepted);
        if (i == 0) {
            refused = station_take(&f->company, &after,
                                   arena_copy(&f->company.arena, buffer_bytes(&forged)));
            assert_string_equal(refused.code, "bundle.signature");
        }
    }
    buffer_free(&sealed[0]);
    buffer_free(&sealed[1]);
    buffer_free(&forged);
}

static void a_rotation_names_the_last_bundle(void **state) {
    struct fixture *f = *state;
    struct certificate certificate;
    edit(f, f->anna_station, "phone", "111", 10, f->base);
    edit(f, f->anna_station, "phone", "222", 20, f->base);
    struct asked asked = rotation_of(f, f->anna_station);
    asked.hash[0] ^= 1;
    assert_string_equal(rotate(f, &asked, &certificate), "rotate.chain");
    asked = rotation_of(f, f->anna_station);
    asked.number = 1;
    assert_string_equal(rotate(f, &asked, &certificate), "rotate.chain");
    asked.number = 10000000;
    assert_string_equal(rotate(f, &asked, &certificate), "rotate.chain");
    asked = rotation_of(f, f->anna_station);
    revoke(f, &f->anna_station->device);
    assert_string_equal(rotate(f, &asked, &certificate), "device.revoked");
}

/* A request for the one is none for the other. */
static void a_purpose_is_signed_too(void **state) {
    struct fixture *f = *state;
    struct certificate certificate;
    struct asked asked = rotation_of(f, f->anna_station);
    assert_string_equal(
        ask(f, &asked, "satchel reenrol request", device_rotate, &certificate),
        "message.signature");
    assert_string_equal(
        ask(f, &asked, "satchel rotate request", device_reenrol, &certificate),
        "message.signature");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_copy_becomes_a_child),
        TEST(evidence_is_good_for_one_child),
        TEST(without_a_fork_there_is_no_child),
        TEST(revoking_takes_the_family),
        TEST(nobody_conflicts_with_his_own_past),
        TEST(an_edit_meets_a_delete_after_a_fork),
        TEST(shared_work_counts_once),
        TEST(what_a_relative_was_refused_is_refused),
        TEST(a_key_is_followed_by_another),
        TEST(what_is_said_again_has_the_present_key),
        TEST(sealed_work_keeps_its_key),
        TEST(a_rotation_names_the_last_bundle),
        TEST(a_purpose_is_signed_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
