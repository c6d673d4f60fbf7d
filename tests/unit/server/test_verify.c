/* satcheld verify: whoever alters a row, a verdict or the journal is found out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "server/journal.h"
#include "server/verdicts.h"
#include "tests/support/company.h"

static int set_up(void **state) {
    static struct company company;
    company_make(&company);
    struct id anna = company_person(&company, "anna", "rep");
    struct fake_station *station = company_station(&company, anna, "rep");
    struct id customer = text_id("customer");
    struct cell cells[] = {
        cell_of(&company, "customer", "name", value_text("Acme")),
        cell_of(&company, "customer", "kind", value_text("company")),
        cell_of(&company, "customer", "owner_id",
                value_blob((struct bytes){station->user.bytes, ID_SIZE}))};
    struct change change =
        change_of(&company, "customer", ROW_INSERT, &customer, cells, 3);
    int64_t head = company_integer(&company, "select max(gsn) from gsn_log");
    assert_int_equal(
        station_send(&company, station, &change, 1, company.now_ms, head).kind,
        VERDICT_MERGED);
    *state = &company;
    return 0;
}

static int tear_down(void **state) {
    company_free(*state);
    return 0;
}

static int verify(struct company *company, struct error *error) {
    struct verify_report report;
    return server_verify(&company->options, &report, error);
}

static void tamper(struct company *company, const char *sql, const char *expected_code) {
    struct error error = {0};
    assert_int_equal(verify(company, &error), 0);
    assert_int_equal(database_run(company->master->db, sql, &error), 0);
    assert_int_not_equal(verify(company, &error), 0);
    assert_string_equal(error.code, expected_code);
}

static void an_altered_row_is_found(void **state) {
    tamper(*state, "update customer set name = 'Acne'", "verify.differs");
}

static void a_removed_row_is_found(void **state) {
    tamper(*state, "delete from customer", "verify.differs");
}

static void an_altered_stamp_is_found(void **state) {
    tamper(*state, "update row_meta set gsn = gsn + 1 where table_number = 30",
           "verify.differs");
}

static void an_altered_feed_is_found(void **state) {
    tamper(*state, "delete from feed where scope = 2 and table_number = 30",
           "verify.differs");
}

static void an_altered_sum_is_found(void **state) {
    tamper(*state, "update scope_sum set digest = digest + 1 where scope = 2",
           "verify.sums");
}

static void a_removed_sum_is_found(void **state) {
    tamper(*state, "delete from scope_sum where scope = 1", "verify.sums");
}

static void an_altered_entry_is_found(void **state) {
    tamper(*state, "update journal set at = at + 1 where entry = 3", "journal.hash");
}

static void an_altered_bundle_is_found(void **state) {
    tamper(*state,
           "update journal set content = zeroblob(100)"
           " where entry = (select max(entry) from journal)",
           "journal.hash");
}

static void a_removed_entry_is_found(void **state) {
    tamper(*state, "delete from journal where entry = 4", "journal.gap");
}

static void a_forged_signature_is_found(void **state) {
    tamper(*state, "update journal set signature = zeroblob(64) where entry = 2",
           "journal.signature");
}

static void an_altered_outcome_is_found(void **state) {
    tamper(*state,
           "update journal set outcome = x'90'"
           " where entry = (select max(entry) from journal)",
           "journal.hash");
}

/* The last entry once more, properly chained and signed, with another outcome. */
static void journal_otherwise(struct company *company, struct journal_entry *entry,
                              struct bytes outcome) {
    struct master *master = company->master;
    struct error error = {0};
    assert_int_equal(
        database_run(master->db,
                     "delete from journal where entry = (select max(entry) from journal)",
                     &error),
        0);
    assert_int_equal(journal_head(master->db, &master->entry, master->entry_hash, &error),
                     0);
    entry->outcome = outcome;
    assert_int_equal(journal_put(master, entry, &error), 0);
}

static void a_verdict_that_was_not_decided_so_is_found(void **state) {
    struct company *company = *state;
    struct error error = {0};
    struct outcome outcome;
    struct journal_reader *reader = NULL;
    struct journal_entry entry;
    struct buffer bytes = buffer_make(LIMIT_TEXT);
    int64_t last = company_integer(company, "select max(entry) from journal");
    assert_int_equal(journal_read_after(company->master->db, last - 1, &reader, &error),
                     0);
    assert_int_equal(journal_next(reader, &entry, &error), 1);
    entry.content = arena_copy(&company->arena, entry.content);
    assert_int_equal(outcome_decode(entry.outcome, &company->arena, &outcome, &error), 0);
    journal_close(reader);
    outcome_encode(&outcome, &bytes);
    journal_otherwise(company, &entry, buffer_bytes(&bytes));
    assert_int_equal(verify(company, &error), 0);
    assert_int_equal(outcome.verdicts[0].kind, VERDICT_MERGED);
    outcome.verdicts[0].kind = VERDICT_CONFLICTS;
    buffer_reset(&bytes);
    outcome_encode(&outcome, &bytes);
    journal_otherwise(company, &entry, buffer_bytes(&bytes));
    assert_int_not_equal(verify(company, &error), 0);
    assert_string_equal(error.code, "replay.differs");
    buffer_free(&bytes);
}

static void another_key_is_found(void **state) {
    struct company *company = *state;
    struct error error = {0};
    char path[100];
    snprintf(path, sizeof path, "%s/server.key", company->data);
    FILE *file = fopen(path, "r+b");
    assert_non_null(file);
    /* Another byte than the one that is there, whichever that is. */
    int first = fgetc(file);
    assert_int_not_equal(first, EOF);
    rewind(file);
    assert_int_equal(fputc(first ^ 1, file), first ^ 1);
    assert_int_equal(fclose(file), 0);
    assert_int_not_equal(verify(company, &error), 0);
    assert_string_equal(error.code, "journal.signature");
}

static void a_backup_verifies(void **state) {
    struct company *company = *state;
    struct error error = {0};
    char to[100];
    char command[200];
    snprintf(to, sizeof to, "%s/backup", company->data);
    assert_int_equal(server_backup(&company->options, to, &error), 0);
    struct server_options options = company->options;
    struct verify_report report;
    options.data = to;
    assert_int_equal(server_verify(&options, &report, &error), 0);
    assert_int_not_equal(server_backup(&company->options, to, &error), 0);
    assert_string_equal(error.code, "backup.exists");
    static const char *const FILES[] = {"master.db", "master.db-wal", "master.db-shm",
                                        "server.key"};
    for (size_t i = 0; i < 4; i++) {
        snprintf(command, sizeof command, "%s/%s", to, FILES[i]);
        unlink(command);
    }
    assert_int_equal(rmdir(to), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_altered_row_is_found, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_removed_row_is_found, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_altered_stamp_is_found, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_altered_feed_is_found, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_altered_sum_is_found, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_removed_sum_is_found, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_altered_entry_is_found, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_altered_bundle_is_found, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_removed_entry_is_found, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_forged_signature_is_found, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_altered_outcome_is_found, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_verdict_that_was_not_decided_so_is_found,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(another_key_is_found, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_backup_verifies, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
