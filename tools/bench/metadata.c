/* What the server keeps about each row beside the row, in bytes of the database's pages. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/bench/bench.h"

enum { EDITS = 100, SCOPES = 3 };

/* Pages of a tree, its unused room included. */
static double size_of(sqlite3 *db, const char *name) {
    struct error error = {0};
    sqlite3_stmt *statement = NULL;
    static const char SQL[] =
        "select pgsize from dbstat where name = ? and aggregate = true";
    must(database_statement(db, SQL, &statement, &error), &error);
    sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC);
    int rc = sqlite3_step(statement);
    must_sqlite(rc, db);
    double size = rc == SQLITE_ROW ? (double)sqlite3_column_int64(statement, 0) : 0;
    sqlite3_finalize(statement);
    return size;
}

struct sizes {
    double meta, feed, stamps, log;
};

static struct sizes measure(sqlite3 *db) {
    return (struct sizes){
        .meta = size_of(db, "row_meta") + size_of(db, "sqlite_autoindex_row_meta_1"),
        .feed = size_of(db, "feed"),
        .stamps = size_of(db, "cell_stamp"),
        .log = size_of(db, "gsn_log") + size_of(db, "sqlite_autoindex_gsn_log_1"),
    };
}

/* Customers of nobody are in the scope of headquarters alone, an owner and a branch are a scope more each. */
static void with_scopes(const struct bench_options *options, size_t rows, size_t scopes,
                        double *last) {
    struct bench_company company;
    struct dice dice = {options->seed};
    company_open(&company, &dice);
    company.customer_cells = CUSTOMER_CELLS - SCOPES + scopes;
    struct sizes before = measure(company.master->db);
    company_grow(&company, &dice, 0, rows, NULL);
    struct sizes after = measure(company.master->db);
    double meta = (after.meta - before.meta) / (double)rows;
    double feed = (after.feed - before.feed) / (double)rows;
    printf("  a row in %zu scope%s: %.1f bytes (stamp and places %.1f, feed %.1f)",
           scopes, scopes == 1 ? "" : "s", meta + feed, meta, feed);
    if (scopes > 1) {
        printf(", %.1f more", meta + feed - *last);
    }
    printf("\n");
    (void)fflush(stdout);
    *last = meta + feed;
    company_close(&company);
}

/* One cell of each row, in a transaction of its own. */
static void edit_rows(struct bench_company *company, const struct id *ids, size_t rows) {
    const struct table *table = catalogue_table(company->catalogue, "customer");
    struct transaction transactions[EDITS];
    struct change changes[EDITS];
    struct cell cell = cell_named(table, "level", value_text("c"));
    struct buffer sealed = buffer_make(LIMIT_BUNDLE);
    for (size_t done = 0; done + EDITS <= rows; done += EDITS) {
        for (size_t i = 0; i < EDITS; i++) {
            changes[i] =
                (struct change){table->number, ROW_UPDATE,
                                (struct bytes){ids[done + i].bytes, ID_SIZE}, &cell, 1};
            transactions[i] =
                company_transaction(company, "customer.edit", &changes[i], 1);
        }
        company_seal(company, transactions, EDITS, &sealed);
        company_take(company, buffer_bytes(&sealed), NULL, NULL);
    }
    buffer_free(&sealed);
}

static void with_edits(const struct bench_options *options, size_t rows) {
    struct bench_company company;
    struct dice dice = {options->seed};
    struct id *ids = must_have(calloc(rows + 1, sizeof *ids));
    company_open(&company, &dice);
    company_grow(&company, &dice, 0, rows, ids);
    struct sizes before = measure(company.master->db);
    edit_rows(&company, ids, rows);
    struct sizes after = measure(company.master->db);
    printf(
        "  a cell that was edited: %.1f bytes; a transaction (who, when, what became of"
        " it): %.1f bytes\n",
        (after.stamps - before.stamps) / (double)rows,
        (after.log - before.log) / (double)rows);
    free(ids);
    company_close(&company);
}

void bench_metadata(const struct bench_options *options, size_t rows) {
    double last = 0;
    printf("what the server keeps about each of %zu rows (aim <= 60, and 20 for each"
           " further scope)\n",
           rows);
    for (size_t scopes = 1; scopes <= SCOPES; scopes++) {
        with_scopes(options, rows, scopes, &last);
    }
    with_edits(options, rows);
}
