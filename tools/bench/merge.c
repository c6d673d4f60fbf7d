/*
 * Merging at the server against sqlite3changeset_apply of the same rows: bundles of 100
 * transactions, first with 100 rows in each, then with one. Both sides take turns, bundle by bundle.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/bench/bench.h"

enum { TRANSACTIONS = 100, ARENA_SIZE = 256 * 1024 * 1024, SINGLES = 10000, STEP = 7919 };

struct merging {
    struct bench_company company;
    struct dice dice;
    sqlite3 *raw;     /* takes changesets */
    sqlite3 *scratch; /* in memory: where changesets are made */
    sqlite3_stmt *insert;
    sqlite3_stmt *update;
    struct id *ids;
    size_t id_count;
    size_t next; /* of the rows that are edited, each once before any twice */
    struct stopwatch open, merge, apply;
    struct arena arena; /* of one bundle */
    struct buffer sealed;
    int64_t bytes;
};

static void start(struct merging *merging, const struct bench_options *options,
                  size_t most) {
    static const char UPDATE[] = "update customer set phone = ?2, updated_at = ?3,"
                                 " updated_by = ?4, gsn = ?5 where id = ?1";
    struct error error = {0};
    char path[128];
    memset(merging, 0, sizeof *merging);
    merging->dice.state = options->seed;
    company_open(&merging->company, &merging->dice);
    company_path(&merging->company, "raw.db", path);
    merging->raw = raw_open(&merging->company, path, merging->company.master->db);
    merging->scratch =
        raw_open(&merging->company, ":memory:", merging->company.master->db);
    merging->insert = raw_customer_insert(merging->scratch);
    must(database_statement(merging->scratch, UPDATE, &merging->update, &error), &error);
    merging->ids = must_have(calloc(most, sizeof *merging->ids));
    merging->arena = arena_make(ARENA_SIZE);
    merging->sealed = buffer_make(LIMIT_BUNDLE);
}

static void finish(struct merging *merging) {
    sqlite3_finalize(merging->insert);
    sqlite3_finalize(merging->update);
    sqlite3_close(merging->scratch);
    sqlite3_close(merging->raw);
    free(merging->ids);
    arena_free(&merging->arena);
    buffer_free(&merging->sealed);
    company_close(&merging->company);
}

static int on_conflict(void *context, int why, sqlite3_changeset_iter *iterator) {
    (void)context;
    (void)iterator;
    fprintf(stderr, "satchel-bench: changeset conflict %d\n", why);
    return SQLITE_CHANGESET_ABORT;
}

static void scratch_customer(struct merging *merging, const struct customer *customer) {
    raw_bind_customer(merging->insert, customer, &merging->company.user, 1);
    raw_run(merging->scratch, merging->insert);
}

static void scratch_phone(struct merging *merging, const struct id *id,
                          const char *phone) {
    sqlite3_stmt *update = merging->update;
    sqlite3_bind_blob(update, 1, id->bytes, ID_SIZE, SQLITE_STATIC);
    sqlite3_bind_text(update, 2, phone, -1, SQLITE_STATIC);
    sqlite3_bind_int64(update, 3, (int64_t)dice_next(&merging->dice) >> 20);
    sqlite3_bind_blob(update, 4, merging->company.user.bytes, ID_SIZE, SQLITE_STATIC);
    sqlite3_bind_int64(update, 5, (int64_t)merging->company.station.counter + 1);
    raw_run(merging->scratch, update);
}

static struct change new_customer(struct merging *merging) {
    struct customer *customer = must_have(arena_alloc(&merging->arena, sizeof *customer));
    customer_make(&merging->dice, &merging->company.people, merging->id_count, customer);
    merging->ids[merging->id_count++] = customer->id;
    scratch_customer(merging, customer);
    return customer_insert(merging->company.catalogue, customer, &merging->arena);
}

static struct change new_phone(struct merging *merging) {
    const struct table *table = catalogue_table(merging->company.catalogue, "customer");
    size_t place = merging->next++ * STEP % merging->id_count;
    const struct id *id = &merging->ids[place];
    char *phone = must_have(arena_alloc(&merging->arena, 16));
    struct cell *cell = must_have(arena_alloc(&merging->arena, sizeof *cell));
    phone_make(&merging->dice, phone);
    scratch_phone(merging, id, phone);
    *cell = cell_named(table, "phone", value_text(phone));
    return (struct change){table->number, ROW_UPDATE, (struct bytes){id->bytes, ID_SIZE},
                           cell, 1};
}

/* One bundle to the master, the same rows to the bare database. */
static void one_bundle(struct merging *merging, size_t rows_each,
                       struct change (*make)(struct merging *)) {
    struct transaction transactions[TRANSACTIONS];
    sqlite3_session *session = NULL;
    void *changeset = NULL;
    int size = 0;
    must_sqlite(sqlite3session_create(merging->scratch, "main", &session), NULL);
    must_sqlite(sqlite3session_attach(session, "customer"), merging->scratch);
    raw_exec(merging->scratch, "begin");
    for (size_t t = 0; t < TRANSACTIONS; t++) {
        struct change *changes =
            must_have(arena_alloc_array(&merging->arena, rows_each, sizeof *changes));
        for (size_t i = 0; i < rows_each; i++) {
            changes[i] = make(merging);
        }
        transactions[t] =
            company_transaction(&merging->company, "bench.merge", changes, rows_each);
    }
    raw_exec(merging->scratch, "commit");
    must_sqlite(sqlite3session_changeset(session, &size, &changeset), merging->scratch);
    sqlite3session_delete(session);
    company_seal(&merging->company, transactions, TRANSACTIONS, &merging->sealed);
    merging->bytes += (int64_t)merging->sealed.size;
    company_take(&merging->company, buffer_bytes(&merging->sealed), &merging->open,
                 &merging->merge);
    watch_start(&merging->apply);
    must_sqlite(
        sqlite3changeset_apply(merging->raw, size, changeset, NULL, on_conflict, NULL),
        merging->raw);
    watch_stop(&merging->apply);
    sqlite3_free(changeset);
    arena_reset(&merging->arena);
}

static void stage(struct merging *merging, const char *title, const char *aim,
                  size_t bundles, size_t rows_each,
                  struct change (*make)(struct merging *)) {
    double rows = (double)(bundles * TRANSACTIONS * rows_each);
    merging->open = merging->merge = merging->apply = (struct stopwatch){0};
    merging->bytes = 0;
    for (size_t i = 0; i < bundles; i++) {
        one_bundle(merging, rows_each, make);
    }
    printf(" %s: %.0f rows, %.1f bytes per row in the bundle\n", title, rows,
           (double)merging->bytes / rows);
    print_rate("opened (signature, inflate, decode)", rows, "rows", &merging->open);
    print_rate("merged and committed", rows, "rows", &merging->merge);
    print_rate("raw changeset_apply", rows, "rows", &merging->apply);
    print_share("speed", &merging->merge, &merging->apply, aim);
}

void bench_merge(const struct bench_options *options) {
    struct merging merging;
    size_t rows = options->rows > 0 ? (size_t)options->rows : 100000;
    size_t bundles = rows / (TRANSACTIONS * 100) + (rows < TRANSACTIONS * 100);
    size_t singles = rows < SINGLES ? rows / TRANSACTIONS : SINGLES / TRANSACTIONS;
    printf("merge\n");
    start(&merging, options, (bundles * 100 + singles) * TRANSACTIONS + 1);
    stage(&merging, "inserts, 100 rows a transaction", ">= 0.5", bundles, 100,
          new_customer);
    stage(&merging, "single-cell updates, 100 rows a transaction", ">= 0.3", bundles, 100,
          new_phone);
    stage(&merging, "inserts, 1 row a transaction", "none", singles, 1, new_customer);
    stage(&merging, "single-cell updates, 1 row a transaction", "none", singles, 1,
          new_phone);
    finish(&merging);
}
