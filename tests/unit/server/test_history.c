/* A server that goes on from a backup: epochs, what older work counts as, what waits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "server/history.h"
#include "server/verdicts.h"
#include "sync/clock.h"
#include "tests/support/company.h"

/* Two people; the customer that both see is of before the backup. */
struct drill {
    struct company company;
    struct fake_station *anna, *hq;
    struct id old; /* a customer */
    int64_t backup;
};

static struct drill drill;

static struct verdict add_customer(struct drill *at, struct fake_station *by,
                                   const char *name, int64_t ms, int64_t base) {
    struct id id = text_id(name);
    struct cell cells[] = {
        cell_of(&at->company, "customer", "name", value_text(name)),
        cell_of(&at->company, "customer", "kind", value_text("company")),
        cell_of(&at->company, "customer", "owner_id",
                value_blob((struct bytes){at->anna->user.bytes, ID_SIZE}))};
    struct change change = change_of(&at->company, "customer", ROW_INSERT, &id, cells, 3);
    return station_send(&at->company, by, &change, 1, ms, base);
}

static int64_t head_of(struct drill *at) {
    return company_integer(&at->company, "select max(gsn) from gsn_log");
}

static int set_up(void **state) {
    memset(&drill, 0, sizeof drill);
    company_make(&drill.company);
    struct id anna = company_person(&drill.company, "anna", "rep");
    drill.hq = &drill.company.stations[0];
    drill.anna = company_station(&drill.company, anna, "rep");
    drill.old = text_id("old");
    assert_int_equal(
        add_customer(&drill, drill.anna, "old", drill.company.now_ms, head_of(&drill))
            .kind,
        VERDICT_MERGED);
    drill.backup = head_of(&drill);
    drill.company.now_ms +=
        60000; /* time passes: effective times are not before the base */
    *state = &drill;
    return 0;
}

static int tear_down(void **state) {
    company_free(&((struct drill *)*state)->company);
    return 0;
}

/* As if this master had been put back: what stations did since never reached it. */
static void restore(struct drill *at) {
    struct error error = {0};
    bool begun = false;
    assert_int_equal(history_mark(at->company.master->db, &error), 0);
    assert_int_equal(
        history_restored(at->company.master, &at->company.work, &begun, &error), 0);
    assert_true(begun);
    assert_int_equal(
        history_restored(at->company.master, &at->company.work, &begun, &error), 0);
    assert_false(begun); /* once */
}

static void assert_verifies(struct drill *at) {
    struct verify_report report;
    struct error error = {0};
    if (server_verify(&at->company.options, &report, &error) != 0)
        fail_msg("%s: %s", error.code, error.message);
}

/* One transaction as it was sealed in the lost history. */
struct lost_work {
    struct fake_station *by;
    struct change *change;
    int64_t ms;
    int64_t base;   /* there */
    int64_t former; /* its gsn there; 0: it had no answer */
    bool first;     /* the device has none before it any more */
};

static struct bundle_answer send_lost(struct drill *at, const struct lost_work *work) {
    struct company *company = &at->company;
    struct error error = {0};
    struct buffer sealed = buffer_make(LIMIT_BUNDLE);
    uint8_t prefix[8] = "history";
    struct incoming_bundle bundle;
    struct bundle_answer answer;
    struct station known;
    prefix[7] = (uint8_t)(work->by - company->stations);
    struct transaction transaction = {.id = transaction_id(prefix, ++work->by->counter),
                                      .time = clock_pack(work->ms, 0),
                                      .base = work->base,
                                      .user = work->by->user,
                                      .command = "test.write",
                                      .changes = work->change,
                                      .change_count = 1};
    station_seal(company, work->by, &transaction, &sealed);
    struct bytes kept = arena_copy(&company->arena, buffer_bytes(&sealed));
    buffer_free(&sealed);
    assert_int_equal(master_begin(company->master, &error), 0);
    assert_int_equal(station_find(company->master->db, company->catalogue,
                                  work->by->device, &company->arena, &known, &error),
                     0);
    chain_open(kept, &known, company->master->org, &company->arena, &bundle);
    bundle.epoch = 1;
    bundle.formers = &work->former;
    bundle.former_count = 1;
    bundle.first = work->first;
    struct chain chain = {.master = company->master,
                          .work = &company->work,
                          .station = &known,
                          .arena = &company->arena,
                          .at = master_now(company->master)};
    assert_int_equal(chain_take(&chain, &bundle, &answer, &error), 0);
    assert_int_equal(master_commit(company->master, &error), 0);
    return answer;
}

static struct change edit_of(struct drill *at, const char *customer, struct cell *cell,
                             const char *phone) {
    static struct id id;
    id = text_id(customer);
    *cell = cell_of(&at->company, "customer", "phone", value_text(phone));
    return change_of(&at->company, "customer", ROW_UPDATE, &id, cell, 1);
}

static const char *phone_of_old(struct drill *at) {
    return (const char *)company_value(&at->company,
                                       "select phone from customer where name = 'old'")
        .bytes.data;
}

/* --- epochs ------------------------------------------------------------------------------------------ */

static void gsns_tell_which_history_they_are_of(void **state) {
    struct drill *at = *state;
    struct error error = {0};
    int64_t from = 0;
    assert_int_equal(history_from(at->company.master->db, 1, &from, &error), 0);
    assert_true(from == INT64_MAX);
    restore(at);
    assert_true(head_of(at) == 1LL << 32);
    assert_int_equal(at->company.master->epoch, 2);
    assert_int_equal(history_from(at->company.master->db, 1, &from, &error), 0);
    assert_int_equal(from, at->backup);
    assert_int_equal(history_from(at->company.master->db, 2, &from, &error), 0);
    assert_true(from == INT64_MAX);
    assert_int_equal(history_from(at->company.master->db, 7, &from, &error), 0);
    assert_int_equal(from, 0);
    int64_t numbers = company_integer(&at->company, "select max(number) from station");
    company_station(&at->company, at->anna->user, "rep");
    assert_true(company_integer(&at->company, "select max(number) from station") >
                numbers + 1000); /* codes of the lost history are not given again */
    assert_verifies(at);
}

static void who_knows_more_begins_one_and_only_one(void **state) {
    struct drill *at = *state;
    struct master *master = at->company.master;
    struct error error = {0};
    struct lost_history lost = {.epoch = 1, .cursor = at->backup + 7, .id = text_id("x")};
    assert_int_equal(master_begin(master, &error), 0);
    assert_int_equal(history_lost(master, &at->company.work, &lost, &error), 0);
    assert_int_equal(history_lost(master, &at->company.work, &lost, &error), 0);
    assert_int_equal(master_commit(master, &error), 0);
    assert_int_equal(company_integer(&at->company, "select count(*) from epoch"), 1);
    assert_int_equal(company_integer(&at->company, "select from_gsn from epoch"), 0);
    lost = (struct lost_history){.epoch = 2, .cursor = head_of(at)};
    assert_int_equal(history_id(master->db, lost.cursor, &lost.id, &error), 0);
    assert_int_equal(master_begin(master, &error), 0);
    assert_int_equal(history_lost(master, &at->company.work, &lost, &error), 0);
    assert_int_equal(master_commit(master, &error), 0); /* that is this server's own */
    assert_int_equal(company_integer(&at->company, "select count(*) from epoch"), 1);
    assert_verifies(at);
}

/* --- older work ---------------------------------------------------------------------------------------- */

/* The later of two edits comes first; its author knew of the earlier one. */
static void knowledge_outlives_the_history(void **state) {
    struct drill *at = *state;
    struct cell cell;
    restore(at);
    struct change later = edit_of(at, "old", &cell, "2");
    struct bundle_answer answer =
        send_lost(at, &(struct lost_work){at->hq, &later, at->company.now_ms - 1000,
                                          at->backup + 1, at->backup + 2, false});
    assert_int_equal(answer.verdicts[0].kind, VERDICT_MERGED);
    struct change earlier = edit_of(at, "old", &cell, "1");
    answer = send_lost(at, &(struct lost_work){at->anna, &earlier, at->company.now_ms,
                                               at->backup, at->backup + 1, false});
    assert_int_equal(answer.verdicts[0].kind, VERDICT_MERGED);
    assert_memory_equal(phone_of_old(at), "2", 1);
    assert_int_equal(company_integer(&at->company, "select count(*) from conflict"), 0);
    assert_verifies(at);
}

/* Without it, time decides, and the one who lost is told. */
static void ignorance_too(void **state) {
    struct drill *at = *state;
    struct cell cell;
    restore(at);
    struct change later = edit_of(at, "old", &cell, "2");
    send_lost(at, &(struct lost_work){at->hq, &later, at->company.now_ms - 1000,
                                      at->backup, at->backup + 2, false});
    struct change earlier = edit_of(at, "old", &cell, "1");
    struct bundle_answer answer =
        send_lost(at, &(struct lost_work){at->anna, &earlier, at->company.now_ms - 2000,
                                          at->backup, at->backup + 1, false});
    assert_int_equal(answer.verdicts[0].kind, VERDICT_CONFLICTS);
    assert_memory_equal(phone_of_old(at), "2", 1);
    assert_verifies(at);
}

/* A copy that went on before anybody noticed has gsns that the lost history gave to others: a base of that says nothing
 * of what was written here. */
static void the_same_gsns_are_not_the_same_history(void **state) {
    struct drill *at = *state;
    struct master *master = at->company.master;
    struct error error = {0};
    struct cell cell;
    struct change here = edit_of(at, "old", &cell, "here");
    assert_int_equal(
        station_send(&at->company, at->hq, &here, 1, at->company.now_ms, at->backup).kind,
        VERDICT_MERGED);
    const struct lost_history lost = {
        .epoch = 1, .cursor = at->backup + 9, .id = text_id("x")};
    assert_int_equal(master_begin(master, &error), 0);
    assert_int_equal(history_lost(master, &at->company.work, &lost, &error), 0);
    assert_int_equal(master_commit(master, &error), 0);
    struct change there = edit_of(at, "old", &cell, "there");
    struct bundle_answer answer =
        send_lost(at, &(struct lost_work){at->anna, &there, at->company.now_ms + 1,
                                          at->backup + 5, at->backup + 6, false});
    assert_int_equal(answer.verdicts[0].kind, VERDICT_CONFLICTS);
    assert_verifies(at);
}

/* What was acknowledged too long ago is kept by nobody: the chain goes on behind the gap, but only if the device says so. */
static void a_gap_that_nobody_can_fill(void **state) {
    struct drill *at = *state;
    struct cell cell;
    restore(at);
    struct change edit = edit_of(at, "old", &cell, "7");
    struct fake_station before = *at->anna;
    at->anna->number += 3;
    at->anna->seq += 9;
    struct lost_work work = {at->anna,       &edit, at->company.now_ms,
                             at->backup + 1, 0,     false};
    struct bundle_answer answer = send_lost(at, &work);
    assert_false(answer.accepted);
    assert_string_equal(answer.code, "bundle.gap");
    *at->anna = before;
    at->anna->number += 3;
    at->anna->seq += 9;
    work.first = true;
    answer = send_lost(at, &work);
    assert_true(answer.accepted);
    assert_memory_equal(phone_of_old(at), "7", 1);
    edit = edit_of(at, "old", &cell, "8");
    assert_int_equal(
        station_send(&at->company, at->anna, &edit, 1, at->company.now_ms, head_of(at))
            .kind,
        VERDICT_MERGED);
    assert_verifies(at);
}

/* --- what waits ---------------------------------------------------------------------------------------- */

static void what_is_missing_is_waited_for(void **state) {
    struct drill *at = *state;
    struct cell cell;
    restore(at);
    struct change edit = edit_of(at, "new", &cell, "1");
    struct bundle_answer answer =
        send_lost(at, &(struct lost_work){at->hq, &edit, at->company.now_ms,
                                          at->backup + 1, at->backup + 2, false});
    assert_int_equal(answer.verdicts[0].kind, VERDICT_DEFERRED);
    assert_int_equal(answer.verdicts[0].gsn, 0);
    assert_int_equal(company_integer(&at->company, "select count(*) from deferred"), 1);
    assert_verifies(at);
    struct id id = text_id("new");
    struct cell cells[] = {
        cell_of(&at->company, "customer", "name", value_text("new")),
        cell_of(&at->company, "customer", "kind", value_text("company")),
        cell_of(&at->company, "customer", "owner_id",
                value_blob((struct bytes){at->anna->user.bytes, ID_SIZE}))};
    struct change insert = change_of(&at->company, "customer", ROW_INSERT, &id, cells, 3);
    answer = send_lost(at, &(struct lost_work){at->anna, &insert, at->company.now_ms - 1,
                                               at->backup, at->backup + 1, false});
    assert_int_equal(answer.verdict_count, 1); /* its own; the other's is not told it */
    assert_int_equal(answer.verdicts[0].kind, VERDICT_MERGED);
    assert_int_equal(company_integer(&at->company, "select count(*) from deferred"), 0);
    assert_int_equal(company_integer(&at->company, "select count(*) from customer"
                                                   " where name = 'new' and phone = '1'"),
                     1);
    assert_int_equal(company_integer(&at->company, "select count(*) from conflict"), 0);
    assert_verifies(at);
}

/* So is the right to it: who was given a share worked on, was not answered any more, and comes before the share does. */
static void a_grant_is_waited_for(void **state) {
    struct drill *at = *state;
    struct cell cell;
    struct id theirs = text_id("theirs");
    struct cell cells[] = {
        cell_of(&at->company, "customer", "name", value_text("theirs")),
        cell_of(&at->company, "customer", "kind", value_text("company")),
        cell_of(&at->company, "customer", "owner_id",
                value_blob((struct bytes){at->hq->user.bytes, ID_SIZE}))};
    struct change insert =
        change_of(&at->company, "customer", ROW_INSERT, &theirs, cells, 3);
    assert_int_equal(
        station_send(&at->company, at->hq, &insert, 1, at->company.now_ms, at->backup)
            .kind,
        VERDICT_MERGED);
    at->backup = head_of(at);
    restore(at);
    struct change edit = edit_of(at, "theirs", &cell, "1");
    struct bundle_answer answer =
        send_lost(at, &(struct lost_work){at->anna, &edit, at->company.now_ms,
                                          at->backup + 1, 0, false});
    assert_int_equal(answer.verdicts[0].kind, VERDICT_DEFERRED);
    assert_string_equal(answer.verdicts[0].code, "scope.row");
    struct id pair[2] = {theirs, at->anna->user};
    struct change share =
        change_of(&at->company, "customer_share", ROW_INSERT, pair, NULL, 0);
    answer = send_lost(at, &(struct lost_work){at->hq, &share, at->company.now_ms - 1,
                                               at->backup, at->backup + 1, false});
    assert_int_equal(answer.verdicts[0].kind, VERDICT_MERGED);
    assert_int_equal(company_integer(&at->company, "select count(*) from deferred"), 0);
    assert_int_equal(company_integer(&at->company,
                                     "select count(*) from customer"
                                     " where name = 'theirs' and phone = '1'"),
                     1);
    assert_verifies(at);
}

/* What headquarters had merged once waits whatever is said against it now; what it had not is judged as ever. */
static void what_was_merged_once_is_not_refused_at_once(void **state) {
    struct drill *at = *state;
    restore(at);
    struct id link[2] = {at->anna->user, {{0}}};
    memcpy(link[1].bytes,
           company_value(&at->company, "select id from role where code = 'manager'")
               .bytes.data,
           ID_SIZE);
    struct change change =
        change_of(&at->company, "user_role", ROW_INSERT, link, NULL, 0);
    struct lost_work work = {at->anna,       &change, at->company.now_ms,
                             at->backup + 1, 0,       false};
    struct bundle_answer answer = send_lost(at, &work);
    assert_int_equal(answer.verdicts[0].kind, VERDICT_REFUSED);
    assert_string_equal(answer.verdicts[0].code, "role.insert");
    work.former = at->backup + 2;
    answer = send_lost(at, &work);
    assert_int_equal(answer.verdicts[0].kind, VERDICT_DEFERRED);
    assert_string_equal(answer.verdicts[0].code, "role.insert");
    assert_verifies(at);
}

static void until_the_refill_ends(void **state) {
    struct drill *at = *state;
    struct master *master = at->company.master;
    struct error error = {0};
    struct cell cell;
    bool ended = true;
    restore(at);
    struct change edit = edit_of(at, "never", &cell, "1");
    send_lost(at, &(struct lost_work){at->hq, &edit, at->company.now_ms, at->backup + 1,
                                      at->backup + 2, false});
    assert_int_equal(master_begin(master, &error), 0);
    assert_int_equal(history_end_refill(master, &at->company.work, false, &ended, &error),
                     0);
    assert_false(ended);
    at->company.now_ms += REFILL_MS;
    assert_int_equal(history_end_refill(master, &at->company.work, false, &ended, &error),
                     0);
    assert_true(ended);
    assert_int_equal(master_commit(master, &error), 0);
    assert_int_equal(company_integer(&at->company, "select count(*) from deferred"), 0);
    assert_int_equal(company_integer(&at->company, "select count(*) from gsn_log"
                                                   " where code = 'row.missing'"),
                     1);
    struct bundle_answer answer =
        send_lost(at, &(struct lost_work){at->hq, &edit, at->company.now_ms,
                                          at->backup + 1, at->backup + 3, false});
    assert_int_equal(answer.verdicts[0].kind, VERDICT_REFUSED); /* nothing waits now */
    assert_verifies(at);
}

/* A device that the backup does not know has shown its certificate, and not yet which program it has: what waits is held
 * against the one that its bundle names. */
static void rules_hold_for_what_waits(void **state) {
    struct drill *at = *state;
    struct id old = text_id("old");
    restore(at);
    assert_int_equal(database_run(at->company.master->db,
                                  "update station set schema_version = 0", NULL),
                     0);
    struct cell cell = cell_of(&at->company, "customer", "owner_id",
                               value_blob((struct bytes){at->hq->user.bytes, ID_SIZE}));
    struct change gift = change_of(&at->company, "customer", ROW_UPDATE, &old, &cell, 1);
    struct bundle_answer answer =
        send_lost(at, &(struct lost_work){at->anna, &gift, at->company.now_ms, at->backup,
                                          at->backup + 1, false});
    assert_int_equal(answer.verdicts[0].kind, VERDICT_DEFERRED);
    assert_string_equal(answer.verdicts[0].code, "customer.owner_change");
    assert_int_equal(company_integer(&at->company, "select count(*) from deferred"), 1);
}

/* What waits is of its device's family: it knows what was refused there. */
static void what_waits_knows_its_family(void **state) {
    struct drill *at = *state;
    struct id id = text_id("gift");
    struct cell cell;
    restore(at);
    struct cell cells[] = {
        cell_of(&at->company, "customer", "name", value_text("gift")),
        cell_of(&at->company, "customer", "kind", value_text("company")),
        cell_of(&at->company, "customer", "owner_id",
                value_blob((struct bytes){at->hq->user.bytes, ID_SIZE}))};
    struct change insert = change_of(&at->company, "customer", ROW_INSERT, &id, cells, 3);
    struct bundle_answer answer =
        send_lost(at, &(struct lost_work){at->anna, &insert, at->company.now_ms,
                                          at->backup, 0, false});
    assert_int_equal(answer.verdicts[0].kind, VERDICT_REFUSED);
    struct change edit = edit_of(at, "gift", &cell, "1");
    answer = send_lost(at, &(struct lost_work){at->anna, &edit, at->company.now_ms,
                                               at->backup, at->backup + 2, false});
    assert_int_equal(answer.verdicts[0].kind, VERDICT_DEFERRED);
    assert_memory_equal(
        company_value(&at->company, "select code from deferred").bytes.data,
        "depends.refused", strlen("depends.refused"));
    assert_verifies(at);
}

/* --- outcomes ------------------------------------------------------------------------------------------ */

static void outcomes_are_read_as_written(void **state) {
    (void)state;
    struct arena arena = arena_make(100000);
    struct buffer bytes = buffer_make(100000);
    struct error error = {0};
    struct verdict own = {text_id("a"), VERDICT_DEFERRED, 0, 5, "row.missing", "f", "m"};
    struct verdict other = {text_id("b"), VERDICT_MERGED, 9, 6, "", "", ""};
    int64_t former = 77;
    struct outcome outcome = {1, &own, 1, &other, 1, &former, 1};
    struct outcome read;
    outcome_encode(&outcome, &bytes);
    assert_int_equal(outcome_decode(buffer_bytes(&bytes), &arena, &read, &error), 0);
    assert_int_equal(read.epoch, 1);
    assert_true(verdicts_same(read.verdicts, read.count, &own, 1));
    assert_true(verdicts_same(read.retried, read.retried_count, &other, 1));
    assert_false(verdicts_same(read.retried, read.retried_count, &own, 1));
    assert_true(read.former_count == 1 && read.formers[0] == 77);
    buffer_reset(&bytes);
    outcome_encode(&(struct outcome){.verdicts = &other, .count = 1}, &bytes);
    assert_int_equal(outcome_decode(buffer_bytes(&bytes), &arena, &read, &error), 0);
    assert_true(read.epoch == 0 && read.count == 1 && read.retried_count == 0);
    buffer_reset(&bytes);
    outcome_encode(&(struct outcome){.count = 0}, &bytes);
    assert_int_equal(outcome_decode(buffer_bytes(&bytes), &arena, &read, &error), 0);
    assert_int_equal(read.count, 0);
    buffer_free(&bytes);
    arena_free(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(gsns_tell_which_history_they_are_of, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(who_knows_more_begins_one_and_only_one, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(knowledge_outlives_the_history, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(ignorance_too, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_same_gsns_are_not_the_same_history, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_gap_that_nobody_can_fill, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_missing_is_waited_for, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_grant_is_waited_for, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_was_merged_once_is_not_refused_at_once,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(until_the_refill_ends, set_up, tear_down),
        cmocka_unit_test_setup_teardown(rules_hold_for_what_waits, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_waits_knows_its_family, set_up, tear_down),
        cmocka_unit_test(outcomes_are_read_as_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
