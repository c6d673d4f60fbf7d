/* An incremental pull of 100 changed rows, from masters of growing size. */
#include <stdio.h>
#include <stdlib.h>

#include "tools/bench/bench.h"

enum { CHANGED = 100, ROUNDS = 50 };

static int compare_times(const void *a, const void *b) {
    double first = *(const double *)a;
    double second = *(const double *)b;
    return (first > second) - (first < second);
}

/* A transaction for each of the rows. */
static void change_rows(struct bench_company *company, struct dice *dice,
                        const struct id *ids, size_t count) {
    const struct table *table = catalogue_table(company->catalogue, "customer");
    struct transaction transactions[CHANGED];
    struct change changes[CHANGED];
    struct cell cells[CHANGED];
    char phones[CHANGED][16];
    struct buffer sealed = buffer_make(LIMIT_BUNDLE);
    for (size_t i = 0; i < CHANGED; i++) {
        const struct id *id = &ids[dice_below(dice, count)];
        phone_make(dice, phones[i]);
        cells[i] = cell_named(table, "phone", value_text(phones[i]));
        changes[i] = (struct change){table->number, ROW_UPDATE,
                                     (struct bytes){id->bytes, ID_SIZE}, &cells[i], 1};
        transactions[i] = company_transaction(company, "bench.pull", &changes[i], 1);
    }
    company_seal(company, transactions, CHANGED, &sealed);
    company_take(company, buffer_bytes(&sealed), NULL, NULL);
    buffer_free(&sealed);
}

static void measure(struct bench_company *company, struct dice *dice,
                    const struct id *ids, size_t count, struct pull_state *head) {
    double times[ROUNDS];
    struct pull_state after = {0};
    for (size_t i = 0; i < ROUNDS; i++) {
        int64_t rows = head->rows;
        change_rows(company, dice, ids, count);
        head->fill = (struct stopwatch){0};
        head->bytes = 0;
        company_pull(company, head);
        times[i] = head->fill.cpu;
        after.rows = head->rows - rows;
        after.bytes = head->bytes;
    }
    qsort(times, ROUNDS, sizeof *times, compare_times);
    printf(
        "  %9zu rows in the master: %6.2f ms a pull (median of %d; least %.2f), %lld rows,"
        " %lld bytes\n",
        count, times[ROUNDS / 2] * 1e3, ROUNDS, times[0] * 1e3, (long long)after.rows,
        (long long)after.bytes);
    (void)fflush(stdout);
}

void bench_pull(const struct bench_options *options) {
    static const size_t SIZES[] = {10000, 100000, 1000000};
    struct bench_company company;
    struct dice dice = {options->seed};
    size_t most = options->rows > 0 ? (size_t)options->rows : 1000000;
    struct id *ids = must_have(calloc(most + 1, sizeof *ids));
    struct pull_state head = {0};
    size_t count = 0;
    printf(
        "pull: %d changed rows since the last one (aim: the same whatever the master holds)\n",
        CHANGED);
    company_open(&company, &dice);
    for (size_t i = 0; i < 3 && count < most; i++) {
        size_t wanted = SIZES[i] < most ? SIZES[i] : most;
        company_grow(&company, &dice, count, wanted - count, ids + count);
        count = wanted;
        company_pull(&company, &head);
        measure(&company, &dice, ids, count, &head);
    }
    scope_set_free(&head.held);
    free(ids);
    company_close(&company);
}
