/* What a new station pulls first: encoded at the server, staged and applied at the station. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema/base/env.h"
#include "tools/bench/bench.h"

enum { CHUNKS = 1024 };

static int compare_customers(const void *a, const void *b) {
    return id_compare(((const struct customer *)a)->id, ((const struct customer *)b)->id);
}

/* The same rows in the order of their keys, one prepared insert, one transaction. */
static void raw_rows(struct bench_company *company, struct dice dice, size_t rows,
                     sqlite3 *like, struct stopwatch *watch) {
    char path[128];
    company_path(company, "raw.db", path);
    sqlite3 *db = raw_open(company, path, like);
    sqlite3_stmt *insert = raw_customer_insert(db);
    struct customer *customers = must_have(calloc(rows, sizeof *customers));
    for (size_t i = 0; i < rows; i++) {
        customer_make(&dice, &company->people, i, &customers[i]);
    }
    qsort(customers, rows, sizeof *customers, compare_customers);
    watch_start(watch);
    raw_exec(db, "begin immediate");
    for (size_t i = 0; i < rows; i++) {
        raw_bind_customer(insert, &customers[i], &company->user, (int64_t)i);
        raw_run(db, insert);
    }
    raw_exec(db, "commit");
    watch_stop(watch);
    sqlite3_finalize(insert);
    sqlite3_close(db);
    free(customers);
}

void bench_first_sync(const struct bench_options *options) {
    struct error error = {0};
    struct bench_company company;
    struct dice dice = {options->seed};
    size_t rows = options->rows > 0 ? (size_t)options->rows : 50000;
    struct buffer chunks[CHUNKS];
    struct pull_state base = {.keep = chunks, .keep_maximum = CHUNKS};
    struct apply_watches watches = {0};
    struct stopwatch raw = {0};
    struct replica *replica = NULL;
    char path[HOME_PATH];
    printf("first-sync: %zu customers of twelve columns\n", rows);
    company_open(&company, &dice);
    company_pull(&company, &base); /* what is there without customers */
    struct dice before = dice;
    company_grow(&company, &dice, 0, rows, NULL);
    struct pull_state pull = {.keep = chunks + base.chunks,
                              .keep_maximum = CHUNKS - (size_t)base.chunks};
    company_pull(&company, &pull);
    double pulled = (double)pull.rows;
    company_home(&company);
    must(home_file(company.home, "replica.db", path, &error), &error);
    must(replica_open(path, false, company.catalogue, env_system(), &replica, &error),
         &error);
    raw_exec(replica->db, "pragma cache_size = -65536"); /* as a sync has it */
    replica_apply(replica, &pull, &watches);
    struct stopwatch whole = {.wall = watches.apply.wall + watches.indexes.wall,
                              .cpu = watches.apply.cpu + watches.indexes.cpu};
    raw_rows(&company, before, rows, replica->db, &raw);
    print_rate("encoded at the server", pulled, "rows", &pull.fill);
    printf("  %-42s %9.1f bytes a row  (%lld bytes in %lld chunks; aim <= 65)\n",
           "on the wire", (double)(pull.bytes - base.bytes) / (double)rows,
           (long long)pull.bytes, (long long)pull.chunks);
    print_rate("staged at the station", pulled, "rows", &watches.stage);
    print_rate("applied and visible (aim 150000)", pulled, "rows", &watches.apply);
    print_rate("with the indexes made afterwards", pulled, "rows", &whole);
    print_rate("raw inserts in key order", (double)rows, "rows", &raw);
    print_share("speed until visible", &watches.apply, &raw, "none");
    print_share("speed with indexes", &whole, &raw, "none");
    for (int64_t i = 0; i < base.chunks + pull.chunks; i++) {
        buffer_free(&chunks[i]);
    }
    scope_set_free(&base.held);
    scope_set_free(&pull.held);
    replica_close(replica);
    company_close(&company);
}
