/* What a change of one cell costs on the wire, in a sealed bundle of 100 transactions. */
#include <stdio.h>
#include <string.h>

#include "sync/clock.h"
#include "tools/bench/bench.h"

enum { CHANGES = 100, BUSY_ROWS = 10 };

/* A kind of single-cell edit: which column, and how a value is made. */
struct edit {
    const char *title;
    const char *column;
    size_t rows; /* how many different rows are edited */
    void (*make)(struct dice *dice, char ret[64]);
};

static void make_level(struct dice *dice, char ret[64]) {
    snprintf(ret, 64, "%c", (char)('a' + dice_below(dice, 3)));
}

static void make_phone(struct dice *dice, char ret[64]) {
    phone_make(dice, ret);
}

static void make_remark(struct dice *dice, char ret[64]) {
    static const char *const VERBS[] = {"called", "wrote", "met", "visited"};
    static const char *const WHAT[] = {"about the offer", "about delivery",
                                       "about a discount", "at the fair"};
    snprintf(ret, 64, "%s %s, %u units", VERBS[dice_below(dice, 4)],
             WHAT[dice_below(dice, 4)], (unsigned)dice_below(dice, 500));
}

static void one_kind(struct bench_company *company, struct dice *dice,
                     const struct edit *edit) {
    const struct table *table = catalogue_table(company->catalogue, "customer");
    struct transaction transactions[CHANGES];
    struct change changes[CHANGES];
    struct cell cells[CHANGES];
    struct id ids[CHANGES];
    char texts[CHANGES][64];
    struct buffer sealed = buffer_make(LIMIT_BUNDLE);
    int64_t ms = 1790000000000;
    for (size_t i = 0; i < CHANGES; i++) {
        ids[i] = i < edit->rows ? dice_id(dice) : ids[dice_below(dice, edit->rows)];
        edit->make(dice, texts[i]);
        cells[i] = cell_named(table, edit->column, value_text(texts[i]));
        changes[i] = (struct change){table->number, ROW_UPDATE,
                                     (struct bytes){ids[i].bytes, ID_SIZE}, &cells[i], 1};
        transactions[i] = company_transaction(company, "customer.edit", &changes[i], 1);
        ms += (int64_t)dice_below(dice, 120000);
        transactions[i].time = clock_pack(ms, 0);
    }
    company_seal(company, transactions, CHANGES, &sealed);
    printf("  %-42s %9.1f bytes a change  (%zu in all)\n", edit->title,
           (double)sealed.size / CHANGES, sealed.size);
    buffer_free(&sealed);
}

void bench_wire(const struct bench_options *options) {
    static const struct edit EDITS[] = {
        {"a level (1 of 3), 100 rows", "level", CHANGES, make_level},
        {"a phone (9 random digits), 100 rows", "phone", CHANGES, make_phone},
        {"a remark (a few words), 100 rows", "remark", CHANGES, make_remark},
        {"a level, 10 rows again and again", "level", BUSY_ROWS, make_level},
    };
    struct bench_company company;
    struct dice dice = {options->seed};
    printf(
        "wire: a sealed bundle of %d transactions that change one cell each (aim <= 25;"
        " 16 of them are the row's random key)\n",
        CHANGES);
    company_open(&company, &dice);
    for (size_t i = 0; i < sizeof EDITS / sizeof *EDITS; i++) {
        one_kind(&company, &dice, &EDITS[i]);
    }
    company_close(&company);
}
