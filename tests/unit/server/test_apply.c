/* Merging: what becomes of transactions that meet in the master, with the real domain. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "sync/clock.h"
#include "tests/support/company.h"

struct fixture {
    struct company company;
    struct id anna, darcel, boss;
    struct fake_station *anna_station, *darcel_station, *boss_station;
    struct id customer;         /* seen by both: Anna owns it, Darcel has a share */
    struct id private_customer; /* Darcel's */
    int64_t base;
};

static struct cell text_cell(struct fixture *f, const char *column, const char *text) {
    return cell_of(&f->company, "customer", column,
                   text ? value_text(text) : value_null());
}

static struct value id_value(const struct id *id) {
    return value_blob((struct bytes){id->bytes, ID_SIZE});
}

static void make_customer(struct fixture *f, const char *name, const struct id *owner,
                          struct id *ret) {
    *ret = text_id(name);
    struct cell cells[] = {text_cell(f, "name", name), text_cell(f, "phone", "000"),
                           text_cell(f, "kind", "company"),
                           cell_of(&f->company, "customer", "owner_id", id_value(owner))};
    struct change change = change_of(&f->company, "customer", ROW_INSERT, ret, cells, 4);
    company_write(&f->company, &change, 1);
}

static int set_up(void **state) {
    static struct fixture fixture;
    struct fixture *f = &fixture;
    company_make(&f->company);
    f->anna = company_person(&f->company, "anna", "rep");
    f->darcel = company_person(&f->company, "darcel", "rep");
    f->boss = company_person(&f->company, "boss", "hq");
    f->anna_station = company_station(&f->company, f->anna, "rep");
    f->darcel_station = company_station(&f->company, f->darcel, "rep");
    f->boss_station = company_station(&f->company, f->boss, "hq");
    make_customer(f, "Shared", &f->anna, &f->customer);
    make_customer(f, "Private", &f->darcel, &f->private_customer);
    struct id share[2] = {f->customer, f->darcel};
    struct change change =
        change_of(&f->company, "customer_share", ROW_INSERT, share, NULL, 0);
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
                           struct id *customer, const char *column, const char *text,
                           int64_t ms, int64_t base) {
    struct cell cells[] = {text_cell(f, column, text)};
    struct change change =
        change_of(&f->company, "customer", ROW_UPDATE, customer, cells, 1);
    return station_send(&f->company, station, &change, 1, ms, base);
}

static void assert_customer(struct fixture *f, const char *column, const char *expected) {
    char sql[200];
    snprintf(sql, sizeof sql, "select %s from customer where name = 'Shared'", column);
    struct value value = company_value(&f->company, sql);
    assert_int_equal(value.type, VALUE_TEXT);
    assert_int_equal(value.bytes.size, strlen(expected));
    assert_memory_equal(value.bytes.data, expected, value.bytes.size);
}

static void assert_refused(struct verdict verdict, const char *code) {
    assert_int_equal(verdict.kind, VERDICT_REFUSED);
    assert_string_equal(verdict.code, code);
}

static void different_cells_merge(void **state) {
    struct fixture *f = *state;
    int64_t now = f->company.now_ms += 60000;
    assert_int_equal(
        edit(f, f->anna_station, &f->customer, "phone", "111", now, f->base).kind,
        VERDICT_MERGED);
    assert_int_equal(
        edit(f, f->darcel_station, &f->customer, "email", "d@x", now, f->base).kind,
        VERDICT_MERGED);
    assert_customer(f, "phone", "111");
    assert_customer(f, "email", "d@x");
    assert_int_equal(company_integer(&f->company, "select count(*) from conflict"), 0);
}

/* Anna edits three times, Darcel once and later: he wins, in whatever order they arrive. */
static void later_wins_not_oftener(void **state) {
    struct fixture *f = *state;
    int64_t now = f->company.now_ms + 60000;
    f->company.now_ms += 3600000;
    edit(f, f->anna_station, &f->customer, "phone", "1", now, f->base);
    edit(f, f->anna_station, &f->customer, "phone", "2", now + 1, f->base);
    edit(f, f->anna_station, &f->customer, "phone", "3", now + 2, f->base);
    edit(f, f->anna_station, &f->customer, "address", "Anna street", now + 3, f->base);
    struct verdict verdict =
        edit(f, f->darcel_station, &f->customer, "phone", "D", now + 300000, f->base);
    assert_int_equal(verdict.kind, VERDICT_CONFLICTS);
    assert_customer(f, "phone", "D");
    assert_customer(f, "address", "Anna street");
    assert_int_equal(company_integer(&f->company, "select count(*) from conflict"), 1);
    assert_int_equal(
        company_integer(&f->company,
                        "select count(*) from conflict where loser_text = '3'"
                        " and winner_text = 'D' and reason = 'later'"),
        1);
    assert_int_equal(company_integer(&f->company,
                                     "select count(*) from notice where user_id ="
                                     " (select id from app_user where code = 'anna')"),
                     1);
}

static void the_order_of_arrival_does_not_matter(void **state) {
    struct fixture *f = *state;
    int64_t now = f->company.now_ms + 60000;
    f->company.now_ms += 3600000;
    edit(f, f->darcel_station, &f->customer, "phone", "D", now + 300000, f->base);
    for (int i = 0; i < 3; i++) {
        char text[2] = {(char)('1' + i), '\0'};
        assert_int_equal(
            edit(f, f->anna_station, &f->customer, "phone", text, now + i, f->base).kind,
            VERDICT_CONFLICTS);
    }
    assert_customer(f, "phone", "D");
    assert_int_equal(company_integer(&f->company, "select count(*) from conflict"), 1);
    assert_int_equal(
        company_integer(&f->company,
                        "select count(*) from conflict where loser_text = '3'"),
        1);
}

static void who_saw_the_other_edit_wins(void **state) {
    struct fixture *f = *state;
    int64_t now = f->company.now_ms += 60000;
    int64_t gsn = edit(f, f->anna_station, &f->customer, "phone", "A", now, f->base).gsn;
    /* his clock is a day slow, but he had seen her edit */
    struct verdict verdict =
        edit(f, f->darcel_station, &f->customer, "phone", "B", now - 86400000, gsn);
    assert_int_equal(verdict.kind, VERDICT_MERGED);
    assert_customer(f, "phone", "B");
}

static void a_fast_clock_is_clamped(void **state) {
    struct fixture *f = *state;
    int64_t now = f->company.now_ms += 60000;
    edit(f, f->anna_station, &f->customer, "phone", "A", now + 86400000, f->base);
    f->company.now_ms += 60000;
    struct verdict verdict =
        edit(f, f->darcel_station, &f->customer, "phone", "B", now + 60000, f->base);
    assert_int_equal(verdict.kind, VERDICT_CONFLICTS);
    assert_customer(f, "phone", "B");
}

static void equal_values_do_not_conflict(void **state) {
    struct fixture *f = *state;
    int64_t now = f->company.now_ms += 60000;
    edit(f, f->anna_station, &f->customer, "phone", "same", now, f->base);
    assert_int_equal(
        edit(f, f->darcel_station, &f->customer, "phone", "same", now + 1, f->base).kind,
        VERDICT_MERGED);
    assert_int_equal(company_integer(&f->company, "select count(*) from conflict"), 0);
}

/* Two changes of one row in one transaction, as no station of ours makes them. */
static struct verdict edit_twice(struct fixture *f, struct cell first,
                                 struct cell second) {
    int64_t now = f->company.now_ms += 60000;
    struct change changes[] = {
        change_of(&f->company, "customer", ROW_UPDATE, &f->customer, &first, 1),
        change_of(&f->company, "customer", ROW_UPDATE, &f->customer, &second, 1)};
    return station_send(&f->company, f->anna_station, changes, 2, now, f->base);
}

static void a_transaction_does_not_conflict_with_itself(void **state) {
    struct fixture *f = *state;
    struct verdict verdict =
        edit_twice(f, text_cell(f, "phone", "1"), text_cell(f, "phone", "2"));
    assert_int_equal(verdict.kind, VERDICT_MERGED);
    assert_customer(f, "phone", "2");
    assert_int_equal(company_integer(&f->company, "select count(*) from conflict"), 0);
}

static void a_transaction_edits_and_deletes(void **state) {
    struct fixture *f = *state;
    struct cell deletion =
        cell_of(&f->company, "customer", "deleted_at", value_integer(1));
    struct verdict verdict = edit_twice(f, text_cell(f, "phone", "1"), deletion);
    assert_int_equal(verdict.kind, VERDICT_MERGED);
    assert_customer(f, "phone", "1");
    assert_int_equal(company_integer(&f->company, "select count(*) from conflict"), 0);
}

/* What a deleting transaction edits itself does not hide what others edited. */
static void an_edit_meets_a_transaction_that_edits_and_deletes(void **state) {
    struct fixture *f = *state;
    int64_t now = f->company.now_ms += 60000;
    edit(f, f->darcel_station, &f->customer, "email", "d@x", now, f->base);
    struct cell deletion =
        cell_of(&f->company, "customer", "deleted_at", value_integer(1));
    struct verdict verdict = edit_twice(f, text_cell(f, "phone", "1"), deletion);
    assert_int_equal(verdict.kind, VERDICT_CONFLICTS);
    assert_customer(f, "email", "d@x");
    assert_int_equal(company_integer(&f->company, "select count(*) from conflict"
                                                  " where reason = 'deleted'"),
                     1);
}

/* Nor does what the deleting station edited before, when it did not know of the other's edit either. */
static void an_edit_meets_a_station_that_edits_and_then_deletes(void **state) {
    struct fixture *f = *state;
    int64_t now = f->company.now_ms += 60000;
    struct cell deletion =
        cell_of(&f->company, "customer", "deleted_at", value_integer(1));
    struct change change =
        change_of(&f->company, "customer", ROW_UPDATE, &f->customer, &deletion, 1);
    edit(f, f->darcel_station, &f->customer, "email", "d@x", now, f->base);
    edit(f, f->anna_station, &f->customer, "phone", "1", now, f->base);
    assert_int_equal(
        station_send(&f->company, f->anna_station, &change, 1, now + 1, f->base).kind,
        VERDICT_CONFLICTS);
    assert_int_equal(company_integer(&f->company, "select count(*) from notice"
                                                  " where kind = 'conflict.deleted'"),
                     2);
}

static void an_edit_meets_a_delete(void **state) {
    struct fixture *f = *state;
    int64_t now = f->company.now_ms += 60000;
    struct cell cells[] = {
        cell_of(&f->company, "customer", "deleted_at", value_integer(now))};
    struct change change =
        change_of(&f->company, "customer", ROW_UPDATE, &f->customer, cells, 1);
    assert_int_equal(
        station_send(&f->company, f->boss_station, &change, 1, now, f->base).kind,
        VERDICT_MERGED);
    assert_int_equal(
        edit(f, f->darcel_station, &f->customer, "email", "late@x", now + 1, f->base)
            .kind,
        VERDICT_CONFLICTS);
    assert_customer(f, "email", "late@x");
    assert_int_equal(company_integer(&f->company, "select count(*) from notice"
                                                  " where kind = 'conflict.deleted'"),
                     2);
}

/* On a station that several people share each of them is told what he lost. */
static void two_people_of_one_station_lose_to_the_same_write(void **state) {
    struct fixture *f = *state;
    const struct invite invite = {.actors = {f->anna, f->darcel},
                                  .actor_count = 2,
                                  .ceiling = "rep",
                                  .expires_at = INT64_MAX};
    struct fake_station *shared = company_enrol(&f->company, &invite, f->anna);
    int64_t now = f->company.now_ms += 60000;
    edit(f, f->boss_station, &f->customer, "phone", "boss", now, f->base);
    edit(f, shared, &f->customer, "phone", "anna", now - 2, f->base);
    shared->user = f->darcel;
    edit(f, shared, &f->customer, "phone", "darcel", now - 1, f->base);
    assert_int_equal(company_integer(&f->company,
                                     "select count(distinct user_id) from notice"
                                     " where kind = 'conflict.overwritten'"),
                     2);
    assert_int_equal(
        company_integer(&f->company,
                        "select count(*) from conflict c join scope_name n"
                        " on n.id = c.loser_user_id join feed f on f.scope = n.number"
                        " and f.table_number = 200 and f.row_key = c.id and not f.gone"),
        1);
}

static void invisible_rows_are_refused(void **state) {
    struct fixture *f = *state;
    int64_t now = f->company.now_ms += 60000;
    assert_refused(
        edit(f, f->anna_station, &f->private_customer, "phone", "9", now, f->base),
        "scope.row");
    assert_int_equal(
        company_integer(&f->company,
                        "select count(*) from refusal where code = 'scope.row'"),
        1);
}

static void a_station_acts_for_its_people_only(void **state) {
    struct fixture *f = *state;
    struct id anna = f->anna_station->user;
    f->anna_station->user = f->boss;
    assert_refused(
        edit(f, f->anna_station, &f->customer, "phone", "9", f->company.now_ms, f->base),
        "actor.not_allowed");
    f->anna_station->user = anna;
}

static void nobody_grants_himself_access(void **state) {
    struct fixture *f = *state;
    struct id share[2] = {f->private_customer, f->anna};
    struct change change =
        change_of(&f->company, "customer_share", ROW_INSERT, share, NULL, 0);
    assert_refused(station_send(&f->company, f->anna_station, &change, 1,
                                f->company.now_ms, f->base),
                   "scope.parent");
    struct id link[2] = {f->anna, text_id("x")};
    memcpy(link[1].bytes,
           company_value(&f->company, "select id from role where code = 'hq'").bytes.data,
           ID_SIZE);
    struct change role = change_of(&f->company, "user_role", ROW_INSERT, link, NULL, 0);
    assert_refused(
        station_send(&f->company, f->anna_station, &role, 1, f->company.now_ms, f->base),
        "role.insert");
}

/* An insert of a row that exists is an update and needs the rights of one. */
static void an_insert_cannot_steal_a_row(void **state) {
    struct fixture *f = *state;
    struct cell cells[] = {
        text_cell(f, "name", "Mine"), text_cell(f, "kind", "company"),
        cell_of(&f->company, "customer", "owner_id", id_value(&f->anna))};
    struct change change =
        change_of(&f->company, "customer", ROW_INSERT, &f->private_customer, cells, 3);
    struct verdict verdict = station_send(&f->company, f->anna_station, &change, 1,
                                          f->company.now_ms, f->base);
    assert_int_equal(verdict.kind, VERDICT_REFUSED);
    assert_int_equal(
        company_integer(&f->company,
                        "select count(*) from customer where name = 'Private'"),
        1);
}

static void what_builds_on_a_refusal_falls_with_it(void **state) {
    struct fixture *f = *state;
    int64_t now = f->company.now_ms += 60000;
    struct id fresh = text_id("fresh");
    struct id contact = text_id("contact");
    struct id missing = text_id("missing");
    struct cell cells[] = {
        text_cell(f, "name", "Fresh"), text_cell(f, "kind", "company"),
        cell_of(&f->company, "customer", "parent_id", id_value(&missing))};
    struct change customer =
        change_of(&f->company, "customer", ROW_INSERT, &fresh, cells, 3);
    assert_refused(station_send(&f->company, f->anna_station, &customer, 1, now, f->base),
                   "reference.missing");
    struct cell more[] = {
        cell_of(&f->company, "contact", "customer_id", id_value(&fresh)),
        cell_of(&f->company, "contact", "name", value_text("Li"))};
    struct change child =
        change_of(&f->company, "contact", ROW_INSERT, &contact, more, 2);
    assert_refused(station_send(&f->company, f->anna_station, &child, 1, now, f->base),
                   "depends.refused");
    assert_int_equal(
        edit(f, f->anna_station, &f->customer, "phone", "7", now, f->base).kind,
        VERDICT_MERGED);
}

static void a_bundle_is_answered_again_as_before(void **state) {
    struct fixture *f = *state;
    struct buffer sealed = buffer_make(LIMIT_BUNDLE);
    struct cell cells[] = {text_cell(f, "phone", "5")};
    struct change change =
        change_of(&f->company, "customer", ROW_UPDATE, &f->customer, cells, 1);
    struct transaction transaction = {.id =
                                          transaction_id((const uint8_t *)"replayed", 1),
                                      .base = f->base,
                                      .user = f->anna,
                                      .command = "test.write",
                                      .changes = &change,
                                      .change_count = 1};
    station_seal(&f->company, f->anna_station, &transaction, &sealed);
    struct bundle_answer first =
        station_take(&f->company, f->anna_station, buffer_bytes(&sealed));
    int64_t entries = company_integer(&f->company, "select count(*) from journal");
    struct bundle_answer second =
        station_take(&f->company, f->anna_station, buffer_bytes(&sealed));
    assert_true(first.accepted && second.accepted);
    assert_int_equal(first.verdicts[0].gsn, second.verdicts[0].gsn);
    assert_int_equal(company_integer(&f->company, "select count(*) from journal"),
                     entries);
    buffer_free(&sealed);
}

static void rows_follow_their_parents_scopes(void **state) {
    struct fixture *f = *state;
    static const char SEEN[] =
        "select count(*) from feed f join scope_name s on s.number = f.scope"
        " where s.kind = 3 and s.id = (select id from app_user where code = 'darcel')"
        " and f.gone = 0 and f.table_number = 32";
    struct id contact = text_id("contact");
    struct cell cells[] = {
        cell_of(&f->company, "contact", "customer_id", id_value(&f->customer)),
        cell_of(&f->company, "contact", "name", value_text("Li"))};
    struct change change =
        change_of(&f->company, "contact", ROW_INSERT, &contact, cells, 2);
    station_send(&f->company, f->anna_station, &change, 1, f->company.now_ms, f->base);
    assert_int_equal(company_integer(&f->company, SEEN), 1);
    struct id share[2] = {f->customer, f->darcel};
    struct cell gone[] = {cell_of(&f->company, "customer_share", "deleted_at",
                                  value_integer(f->company.now_ms))};
    struct change unshare =
        change_of(&f->company, "customer_share", ROW_UPDATE, share, gone, 1);
    station_send(&f->company, f->boss_station, &unshare, 1, f->company.now_ms, f->base);
    assert_int_equal(company_integer(&f->company, SEEN), 0);
}

/* A row that left is still to be written by who did not know; not by who says that he did not. */
static void an_old_base_opens_no_door(void **state) {
    struct fixture *f = *state;
    int64_t now = f->company.now_ms += 60000;
    struct cell owner[] = {
        cell_of(&f->company, "customer", "owner_id", id_value(&f->darcel))};
    struct change hand_over =
        change_of(&f->company, "customer", ROW_UPDATE, &f->customer, owner, 1);
    int64_t gsn = company_write(&f->company, &hand_over, 1).gsn;
    assert_int_equal(
        edit(f, f->anna_station, &f->customer, "email", "a@x", now, f->base).kind,
        VERDICT_MERGED);
    /* she names a base after it, so she knows; then an older one again */
    struct id own = text_id("Own");
    struct cell cells[] = {
        text_cell(f, "name", "Own"), text_cell(f, "kind", "company"),
        cell_of(&f->company, "customer", "owner_id", id_value(&f->anna))};
    struct change fresh = change_of(&f->company, "customer", ROW_INSERT, &own, cells, 3);
    assert_int_equal(station_send(&f->company, f->anna_station, &fresh, 1, now, gsn).kind,
                     VERDICT_MERGED);
    assert_refused(edit(f, f->anna_station, &f->customer, "email", "b@x", now, f->base),
                   "scope.row");
}

/* In one bundle: what was merged before a refusal is undone with it and merged again, once. */
static void a_refusal_in_a_bundle_takes_nothing_with_it(void **state) {
    static const uint8_t PREFIX[8] = "together";
    struct fixture *f = *state;
    struct id *rows[] = {&f->customer, &f->private_customer, &f->customer, &f->customer};
    static const char *const COLUMNS[] = {"phone", "phone", "email", "phone"};
    static const char *const TEXTS[] = {"1", "2", "3", "4"};
    struct cell cells[4];
    struct change changes[4];
    struct transaction transactions[4];
    struct buffer sealed = buffer_make(LIMIT_BUNDLE);
    int64_t now = f->company.now_ms += 60000;
    for (size_t i = 0; i < 4; i++) {
        cells[i] = text_cell(f, COLUMNS[i], TEXTS[i]);
        changes[i] =
            change_of(&f->company, "customer", ROW_UPDATE, rows[i], &cells[i], 1);
        transactions[i] = (struct transaction){transaction_id(PREFIX, i),
                                               clock_pack(now, (uint16_t)i),
                                               f->base,
                                               f->anna,
                                               "test.write",
                                               &changes[i],
                                               1};
    }
    int64_t head = company_integer(&f->company, "select max(gsn) from gsn_log");
    station_seal_all(&f->company, f->anna_station,
                     (struct transaction_list){transactions, 4}, &sealed);
    struct bundle_answer answer =
        station_take(&f->company, f->anna_station, buffer_bytes(&sealed));
    buffer_free(&sealed);
    assert_true(answer.accepted);
    assert_int_equal(answer.verdict_count, 4);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(answer.verdicts[i].gsn, head + 1 + i);
        assert_int_equal(answer.verdicts[i].kind,
                         i == 1 ? VERDICT_REFUSED : VERDICT_MERGED);
    }
    assert_refused(answer.verdicts[1], "scope.row");
    assert_customer(f, "phone", "4");
    assert_customer(f, "email", "3");
    assert_int_equal(company_integer(&f->company, "select max(gsn) from gsn_log"),
                     head + 4);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(different_cells_merge, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_transaction_does_not_conflict_with_itself,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_transaction_edits_and_deletes, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(
            an_edit_meets_a_transaction_that_edits_and_deletes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(later_wins_not_oftener, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_order_of_arrival_does_not_matter, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(who_saw_the_other_edit_wins, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_fast_clock_is_clamped, set_up, tear_down),
        cmocka_unit_test_setup_teardown(equal_values_do_not_conflict, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            an_edit_meets_a_station_that_edits_and_then_deletes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(two_people_of_one_station_lose_to_the_same_write,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_edit_meets_a_delete, set_up, tear_down),
        cmocka_unit_test_setup_teardown(invisible_rows_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_station_acts_for_its_people_only, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(nobody_grants_himself_access, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_insert_cannot_steal_a_row, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_builds_on_a_refusal_falls_with_it, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_bundle_is_answered_again_as_before, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(an_old_base_opens_no_door, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_refusal_in_a_bundle_takes_nothing_with_it,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(rows_follow_their_parents_scopes, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
