/* Memory that runs out decides nothing: what a bundle holds is not refused because this machine could not read it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/company.h"

enum { LITTLE = 16 };

struct fixture {
    struct company company;
    struct fake_station *station;
    struct buffer sealed;
};

static int set_up(void **state) {
    static struct fixture fixture;
    struct fixture *f = &fixture;
    company_make(&f->company);
    struct id anna = company_person(&f->company, "Anna", "rep");
    f->station = company_station(&f->company, anna, NULL);
    f->sealed = buffer_make(LIMIT_BUNDLE);
    struct transaction transaction = {.id = text_id("t1"),
                                      .time = f->company.now_ms * 65536,
                                      .user = anna,
                                      .command = "nothing.at_all"};
    station_seal(&f->company, f->station, &transaction, &f->sealed);
    *state = f;
    return 0;
}

static int tear_down(void **state) {
    struct fixture *f = *state;
    buffer_free(&f->sealed);
    company_free(&f->company);
    return 0;
}

static void open_with(struct fixture *f, struct arena *arena, struct station *station,
                      struct incoming_bundle *ret) {
    struct error error = {0};
    struct company *company = &f->company;
    assert_int_equal(station_find(company->master->db, company->catalogue,
                                  f->station->device, &company->arena, station, &error),
                     0);
    chain_open(buffer_bytes(&f->sealed), station, company->master->org, arena, ret);
}

static int take(struct fixture *f, struct station *station,
                const struct incoming_bundle *bundle, struct bundle_answer *ret,
                struct error *error) {
    struct master *master = f->company.master;
    struct chain chain = {.master = master,
                          .work = &f->company.work,
                          .station = station,
                          .arena = &f->company.arena,
                          .at = master_now(master)};
    assert_int_equal(master_begin(master, error), 0);
    int result = chain_take(&chain, bundle, ret, error);
    if (result == 0) {
        assert_int_equal(master_commit(master, error), 0);
    } else {
        master_rollback(master);
    }
    return result;
}

static void what_lacks_memory_waits(void **state) {
    struct fixture *f = *state;
    struct error error = {0};
    struct station station;
    struct incoming_bundle bundle;
    struct bundle_answer answer;
    open_with(f, &f->company.arena, &station, &bundle);
    assert_false(bundle.starved);
    bundle.starved = true;
    assert_int_not_equal(take(f, &station, &bundle, &answer, &error), 0);
    assert_string_equal(error.code, "memory");
    open_with(f, &f->company.arena, &station, &bundle);
    assert_int_equal(take(f, &station, &bundle, &answer, &error), 0);
    assert_true(answer.accepted);
    assert_string_not_equal(answer.verdicts[0].code, "bundle.payload");
}

/* Else whoever packs a bundle so that it takes more than any may would block his own chain. */
static void what_takes_too_much_is_refused(void **state) {
    struct fixture *f = *state;
    struct error error = {0};
    struct station station;
    struct incoming_bundle bundle;
    struct bundle_answer answer;
    struct arena little = arena_make(LITTLE);
    open_with(f, &little, &station, &bundle);
    assert_true(little.full);
    assert_false(bundle.starved);
    assert_int_equal(take(f, &station, &bundle, &answer, &error), 0);
    assert_true(answer.accepted);
    assert_string_equal(answer.verdicts[0].code, "bundle.payload");
    arena_reset(&little);
    assert_false(little.full);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {TEST(what_lacks_memory_waits),
                                       TEST(what_takes_too_much_is_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
