/* The writer: jobs of many threads share commits; one job's failure stays its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <pthread.h>

#include <cmocka.h>

#include "server/ingest.h"
#include "server/internal.h"
#include "tests/support/company.h"

enum { THREADS = 8, JOBS = 25 };

struct fixture {
    struct company company;
    struct ingest *ingest;
};

static int set_up(void **state) {
    static struct fixture fixture;
    struct error error = {0};
    struct master *master = NULL;
    company_make(&fixture.company);
    if (server_open_master(&fixture.company.options, &master, &error) != 0 ||
        ingest_start(master, &fixture.ingest, &error) != 0) {
        return -1;
    }
    *state = &fixture;
    return 0;
}

static int tear_down(void **state) {
    struct fixture *f = *state;
    ingest_stop(f->ingest);
    company_free(&f->company);
    return 0;
}

/* Every third job writes and then fails. */
static int write_setting(struct master *master, struct work *work, void *context,
                         struct error *error) {
    const char *name = context;
    (void)work;
    if (master_set_setting(master->db, name, "x", error) != 0) {
        return -1;
    }
    return name[0] == 'f' ? error_set(error, "test.refused", "", "refused") : 0;
}

struct worker {
    struct ingest *ingest;
    int number;
    int wrong;
};

static void *submit_many(void *context) {
    struct worker *worker = context;
    for (int i = 0; i < JOBS; i++) {
        char name[40];
        struct error error = {0};
        bool fails = i % 3 == 0;
        snprintf(name, sizeof name, "%c%d.%d", fails ? 'f' : 'g', worker->number, i);
        int result = ingest_run(worker->ingest, write_setting, name, &error);
        worker->wrong +=
            fails ? result == 0 || !error_is(&error, "test.refused") : result != 0;
    }
    return NULL;
}

static void failures_stay_their_own(void **state) {
    struct fixture *f = *state;
    pthread_t threads[THREADS];
    struct worker workers[THREADS];
    for (int i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){f->ingest, i, 0};
        assert_int_equal(pthread_create(&threads[i], NULL, submit_many, &workers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(workers[i].wrong, 0);
    }
    int64_t good = THREADS * (JOBS - (JOBS + 2) / 3);
    assert_int_equal(company_integer(&f->company, "select count(*) from server_local"
                                                  " where name like 'g%'"),
                     good);
    assert_int_equal(company_integer(&f->company, "select count(*) from server_local"
                                                  " where name like 'f%'"),
                     0);
    struct ingest_figures figures = ingest_figures(f->ingest);
    assert_int_equal(figures.jobs, THREADS * JOBS);
    assert_true(figures.commits <= figures.jobs);
}

/* A failure of the database fails the group; whoever did nothing wrong is written all the same. */
static int fail_database(struct master *master, struct work *work, void *context,
                         struct error *error) {
    (void)master;
    (void)work;
    (void)context;
    return error_set(error, "database.full", "", "no room");
}

static void a_failing_database_is_reported(void **state) {
    struct fixture *f = *state;
    struct error error = {0};
    char name[] = "good";
    assert_int_not_equal(ingest_run(f->ingest, fail_database, NULL, &error), 0);
    assert_string_equal(error.code, "database.full");
    assert_int_equal(ingest_run(f->ingest, write_setting, name, &error), 0);
}

/* As a simulator runs it: the same outcomes, one commit a job, and nobody else's thread. */
static void without_a_thread_the_caller_writes(void **state) {
    struct fixture *f = *state;
    struct error error = {0};
    struct master *master = NULL;
    char good[] = "good";
    char bad[] = "fails";
    ingest_stop(f->ingest);
    f->ingest = NULL;
    assert_int_equal(server_open_master(&f->company.options, &master, &error), 0);
    assert_int_equal(ingest_open(master, &f->ingest, &error), 0);
    assert_int_equal(ingest_run(f->ingest, write_setting, good, &error), 0);
    assert_int_not_equal(ingest_run(f->ingest, write_setting, bad, &error), 0);
    assert_string_equal(error.code, "test.refused");
    assert_int_not_equal(ingest_run(f->ingest, fail_database, NULL, &error), 0);
    assert_string_equal(error.code, "database.full");
    assert_int_equal(company_integer(&f->company, "select count(*) from server_local"
                                                  " where name in ('good', 'fails')"),
                     1);
    assert_int_equal(ingest_figures(f->ingest).commits, 3);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(failures_stay_their_own, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_failing_database_is_reported, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(without_a_thread_the_caller_writes, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
