/*
 * What travels: changes of one cell, sealed a hundred to a bundle, of customers with random ids; the first sync of a
 * station; and what the server keeps about each row.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sync/clock.h"
#include "sync/number_column.h"
#include "tools/bench/bench.h"

enum { CHANGES = 100, BUSY_ROWS = 10, CUSTOMERS = 50000, PAUSE_MS = 120000 };

/* A kind of single-cell edit: which column, and how a value is made. */
struct edit {
    const char *title;
    const char *column;
    size_t rows; /* how many different rows are edited */
    struct value (*make)(struct dice *dice, char text[64]);
};

static struct value make_level(struct dice *dice, char text[64]) {
    snprintf(text, 64, "%c", (char)('a' + dice_below(dice, 3)));
    return value_text(text);
}

static struct value make_phone(struct dice *dice, char text[64]) {
    phone_make(dice, text);
    return value_text(text);
}

static struct value make_date(struct dice *dice, char text[64]) {
    snprintf(text, 64, "%04u-%02u-%02u", (unsigned)(2005 + dice_below(dice, 20)),
             (unsigned)(1 + dice_below(dice, 12)), (unsigned)(1 + dice_below(dice, 28)));
    return value_text(text);
}

/* Up to ten million, in hundreds. */
static struct value make_money(struct dice *dice, char text[64]) {
    text[0] = '\0';
    return value_integer((int64_t)dice_below(dice, 100000) * 10000);
}

static struct value make_number(struct dice *dice, char text[64]) {
    text[0] = '\0';
    return value_integer((int64_t)dice_below(dice, 500));
}

static struct value make_remark(struct dice *dice, char text[64]) {
    static const char *const VERBS[] = {"called", "wrote", "met", "visited"};
    static const char *const WHAT[] = {"about the offer", "about delivery",
                                       "about a discount", "at the fair"};
    snprintf(text, 64, "%s %s, %u units", VERBS[dice_below(dice, 4)],
             WHAT[dice_below(dice, 4)], (unsigned)dice_below(dice, 500));
    return value_text(text);
}

/* A hundred edits of one kind. */
struct work_done {
    struct transaction transactions[CHANGES];
    struct change changes[CHANGES];
    struct cell cells[CHANGES];
    char texts[CHANGES][64];
    int64_t milliseconds[CHANGES];
};

static void do_work(struct bench_company *company, struct dice *dice,
                    const struct edit *edit, const struct id *ids,
                    struct work_done *ret) {
    const struct table *table = catalogue_table(company->catalogue, "customer");
    int64_t ms = 1790000000000;
    for (size_t i = 0; i < CHANGES; i++) {
        const struct id *id = &ids[dice_below(dice, edit->rows)];
        ret->cells[i] = cell_named(table, edit->column, edit->make(dice, ret->texts[i]));
        ret->changes[i] =
            (struct change){table->number, ROW_UPDATE, (struct bytes){id->bytes, ID_SIZE},
                            &ret->cells[i], 1};
        ret->transactions[i] =
            company_transaction(company, "customer.edit", &ret->changes[i], 1);
        ms += (int64_t)dice_below(dice, PAUSE_MS);
        ret->transactions[i].time = clock_pack(ms, 0);
        ret->milliseconds[i] = ms;
    }
}

static size_t seal_as(struct bench_company *company, int64_t format,
                      struct work_done *work, struct bundle_envelope *ret) {
    static uint8_t kept[LIMIT_BUNDLE];
    struct error error = {0};
    struct buffer sealed = buffer_make(LIMIT_BUNDLE);
    company_seal_as(company, format,
                    (struct transaction_list){work->transactions, CHANGES}, &sealed);
    size_t size = sealed.size;
    memcpy(kept, sealed.data, size);
    must(bundle_open((struct bytes){kept, size}, ret, &error), &error);
    buffer_free(&sealed);
    return size;
}

static void one_kind(struct bench_company *company, struct dice *dice,
                     const struct edit *edit, const struct id *ids) {
    static struct work_done work;
    struct bundle_envelope envelope;
    struct buffer times = buffer_make(LIMIT_TEXT);
    do_work(company, dice, edit, ids, &work);
    double before = (double)seal_as(company, BUNDLE_FORMAT, &work, &envelope);
    double size = (double)seal_as(company, BUNDLE_FORMAT_PACKED, &work, &envelope);
    double keys = edit->rows > CHANGES ? ID_SIZE * CHANGES : 0;
    number_column_put(&times, work.milliseconds, CHANGES);
    double fixed = size - (double)envelope.payload.size;
    printf("  %-34s %5.1f bytes a change (format 1: %.1f): header and signature %.1f,"
           " times %.1f, keys %.1f, the rest %.1f\n",
           edit->title, size / CHANGES, before / CHANGES, fixed / CHANGES,
           (double)times.size / CHANGES, keys / CHANGES,
           (size - fixed - keys - (double)times.size) / CHANGES);
    buffer_free(&times);
}

static void first_sync(struct bench_company *company, size_t rows,
                       const struct pull_state *before) {
    struct pull_state pull = {.cursor = 0};
    company_pull(company, &pull);
    printf("  %-34s %5.1f bytes a row, ids of 16 random bytes included (aim <= 65)\n",
           "first sync, twelve columns",
           (double)(pull.bytes - before->bytes) / (double)rows);
    scope_set_free(&pull.held);
}

void bench_wire(const struct bench_options *options) {
    size_t rows = options->rows > 0 ? (size_t)options->rows : CUSTOMERS;
    const struct edit EDITS[] = {
        {"an enumeration (level, 1 of 3)", "level", rows, make_level},
        {"a number (employees, below 500)", "employees", rows, make_number},
        {"a date", "registered_on", rows, make_date},
        {"money (to 10 millions, in 100s)", "revenue_minor", rows, make_money},
        {"a phone (9 random digits)", "phone", rows, make_phone},
        {"a remark (a few words)", "remark", rows, make_remark},
        {"a level, 10 rows again and again", "level", BUSY_ROWS, make_level},
    };
    struct bench_company company;
    struct pull_state before = {.cursor = 0};
    struct dice dice = {options->seed};
    struct id *ids = must_have(calloc(rows + 1, sizeof *ids));
    printf("wire: %zu customers of twelve columns with random ids; bundles of %d"
           " transactions that change one cell each (aim <= 25)\n",
           rows, CHANGES);
    company_open(&company, &dice);
    company_pull(&company, &before);
    company_grow(&company, &dice, 0, rows, ids);
    first_sync(&company, rows, &before);
    for (size_t i = 0; i < sizeof EDITS / sizeof *EDITS; i++) {
        one_kind(&company, &dice, &EDITS[i], ids);
    }
    scope_set_free(&before.held);
    free(ids);
    company_close(&company);
    bench_metadata(options, rows);
}
