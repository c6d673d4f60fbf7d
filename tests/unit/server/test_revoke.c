/* Devices that lose trust, the device that is everyone's, and who was there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "server/internal.h"
#include "server/pull.h"
#include "server/seen.h"
#include "tests/support/company.h"

static int set_up(void **state) {
    static struct company company;
    company_make(&company);
    *state = &company;
    return 0;
}

static int tear_down(void **state) {
    company_free(*state);
    return 0;
}

static const char *revoke(struct company *company, const char *device,
                          const char *invitation) {
    static struct error error;
    const struct revoke_options options = {.device = device, .invitation = invitation};
    error_clear(&error);
    return server_revoke(&company->options, &options, &error) == 0 ? "" : error.code;
}

static void verify(struct company *company) {
    struct error error = {0};
    struct verify_report report;
    if (server_verify(&company->options, &report, &error) != 0) {
        fail_msg("%s: %s", error.code, error.message);
    }
}

static void a_device_is_revoked_once(void **state) {
    struct company *company = *state;
    char id[ID_TEXT_SIZE];
    struct fake_station *station =
        company_station(company, company_person(company, "anna", "rep"), "rep");
    int64_t entries = company_integer(company, "select max(entry) from journal");
    id_format(station->device, id);
    assert_string_equal(revoke(company, id, NULL), "");
    assert_int_equal(company_integer(company, "select max(entry) from journal"),
                     entries + 1);
    assert_string_equal(revoke(company, id, NULL), "");
    assert_int_equal(company_integer(company, "select max(entry) from journal"),
                     entries + 1);
    assert_int_equal(
        company_integer(company, "select count(*) from station where revoked_at > 0"), 1);
    assert_int_equal(
        company_integer(company, "select count(*) from device where revoked_at > 0"), 1);
    assert_string_equal(revoke(company, "nowhere", NULL), "device.unknown");
    verify(company);
}

static void one_of_two_of_a_name_has_to_be_named(void **state) {
    struct company *company = *state;
    struct id anna = company_person(company, "anna", "rep");
    company_station(company, anna, "rep");
    assert_string_equal(revoke(company, "STATION", NULL), "device.ambiguous");
    const char *code =
        (const char *)company_value(company, "select code from device limit 1")
            .bytes.data;
    assert_string_equal(revoke(company, code, NULL), "");
    verify(company);
}

static void a_station_of_everyone_acts_for_all_who_work_here(void **state) {
    struct company *company = *state;
    struct id anna = company_person(company, "anna", "rep");
    struct invite invite = {
        .everyone = true, .ceiling = "rep manager hq admin", .expires_at = INT64_MAX};
    struct fake_station *console = company_enrol(company, &invite, anna);
    struct id customer = text_id("customer");
    struct cell cells[] = {cell_of(company, "customer", "name", value_text("Acme")),
                           cell_of(company, "customer", "kind", value_text("company")),
                           cell_of(company, "customer", "owner_id",
                                   value_blob((struct bytes){anna.bytes, ID_SIZE}))};
    struct change change =
        change_of(company, "customer", ROW_INSERT, &customer, cells, 3);
    int64_t head = company_integer(company, "select max(gsn) from gsn_log");
    assert_int_equal(
        station_send(company, console, &change, 1, company->now_ms, head).kind,
        VERDICT_MERGED);
    console->user = text_id("a stranger");
    struct id other = text_id("other customer");
    change = change_of(company, "customer", ROW_INSERT, &other, cells, 3);
    struct verdict verdict =
        station_send(company, console, &change, 1, company->now_ms, head);
    assert_int_equal(verdict.kind, VERDICT_REFUSED);
    assert_string_equal(verdict.code, "actor.inactive");
    verify(company);
}

static void a_station_of_everyone_sees_what_they_see(void **state) {
    struct company *company = *state;
    struct error error = {0};
    struct id anna = company_person(company, "anna", "rep");
    struct invite invite = {.everyone = true, .ceiling = "rep", .expires_at = INT64_MAX};
    struct fake_station *console = company_enrol(company, &invite, anna);
    struct reader_pool *readers = NULL;
    struct station station;
    struct scope_set scopes = {0};
    char path[100];
    snprintf(path, sizeof path, "%s/master.db", company->data);
    assert_int_equal(reader_pool_make(path, company->catalogue, &readers, &error), 0);
    struct reader *reader = reader_take(readers, &error);
    assert_int_equal(station_find(reader->db, company->catalogue, console->device,
                                  &company->arena, &station, &error),
                     0);
    assert_true(station.certificate.everyone);
    assert_int_equal(pull_scopes(reader, &station, &scopes, &error), 0);
    assert_true(scope_set_has(&scopes, (struct scope){SCOPE_USER, anna}));
    /* the ceiling holds for whoever sits there: headquarters' scope does not come with a rep's */
    assert_false(scope_set_has(&scopes, (struct scope){.kind = SCOPE_HQ}));
    scope_set_free(&scopes);
    reader_give(readers, reader);
    reader_pool_free(readers);
}

static void contacts_are_written_down_lazily(void **state) {
    struct company *company = *state;
    struct error error = {0};
    struct master *master = NULL;
    struct ingest *ingest = NULL;
    struct seen *seen = NULL;
    const char *const count = "select count(*) from station_seen";
    const char *const waiting = "select waiting from station_seen where station = 3";
    assert_int_equal(server_open_master(&company->options, &master, &error), 0);
    assert_int_equal(ingest_start(master, &ingest, &error), 0);
    assert_int_equal(seen_make(&seen, &error), 0);
    int64_t at = company->now_ms;
    seen_note(seen, 3, &(struct contact){.at = at, .waiting = 5});
    seen_note(seen, 700, &(struct contact){.at = at, .waiting = -1});
    seen_write(seen, ingest, at, false);
    assert_int_equal(company_integer(company, count), 2);
    seen_note(seen, 3, &(struct contact){.at = at + 1, .waiting = 4});
    seen_write(seen, ingest, at + SEEN_EVERY_MS - 1, false);
    assert_int_equal(company_integer(company, waiting), 5);
    assert_int_equal(seen_of(seen, 3).waiting, 4);
    assert_int_equal(seen_of(seen, 4).at, 0);
    seen_write(seen, ingest, at + SEEN_EVERY_MS, false);
    assert_int_equal(company_integer(company, waiting), 4);
    int64_t commits = ingest_figures(ingest).commits;
    seen_write(seen, ingest, at + 2 * SEEN_EVERY_MS, true); /* nothing new */
    assert_int_equal(ingest_figures(ingest).commits, commits);
    seen_free(seen);
    ingest_stop(ingest);
    verify(company); /* none of it is part of what a replay makes */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_device_is_revoked_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_of_two_of_a_name_has_to_be_named, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_station_of_everyone_acts_for_all_who_work_here,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_station_of_everyone_sees_what_they_see, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(contacts_are_written_down_lazily, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
