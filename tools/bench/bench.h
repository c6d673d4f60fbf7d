/*
 * What the benchmarks share: time, dice, customers to write, a company in a temporary folder and
 * the bare SQLite database that everything is compared with.
 *
 * A benchmark prints figures and ratios; it never judges. What goes wrong ends the program.
 */
#ifndef SATCHEL_TOOLS_BENCH_H
#define SATCHEL_TOOLS_BENCH_H

#include "client-core/home.h"
#include "client-core/identity.h"
#include "client-core/replica.h"
#include "server/chain.h"
#include "server/pull.h"
#include "server/server.h"

struct bench_options {
    uint64_t rows; /* 0: each benchmark's own */
    uint64_t seed;
};

void bench_capture(const struct bench_options *options);
void bench_merge(const struct bench_options *options);
void bench_first_sync(const struct bench_options *options);
void bench_pull(const struct bench_options *options);
void bench_wire(const struct bench_options *options);
/* What the server keeps about each row: a part of `wire`. */
void bench_metadata(const struct bench_options *options, size_t rows);

/* Ends the program with the error's words when `failed`. */
void must(int failed, const struct error *error);
void must_sqlite(int rc, sqlite3 *db);
void *must_have(void *memory);

/* --- time ---------------------------------------------------------------------------------- */

/* Adds up the stretches between start and stop: on the wall, and of this process's processors. */
struct stopwatch {
    double wall, cpu;
    double wall_since, cpu_since;
};
void watch_start(struct stopwatch *watch);
void watch_stop(struct stopwatch *watch);

/* "  label   12,345 rows/s  (wall 1.20 s, cpu 0.80 s)" */
void print_rate(const char *label, double count, const char *unit,
                const struct stopwatch *watch);
/* How many times as long `watch` took as `raw`, for the same work. */
void print_times(const char *label, const struct stopwatch *watch,
                 const struct stopwatch *raw, const char *aim);
/* The speed of `watch` as a part of the speed of `raw`. */
void print_share(const char *label, const struct stopwatch *watch,
                 const struct stopwatch *raw, const char *aim);

/* --- dice ---------------------------------------------------------------------------------- */

struct dice {
    uint64_t state;
};
uint64_t dice_next(struct dice *dice);
uint64_t dice_below(struct dice *dice, uint64_t limit);
struct id dice_id(struct dice *dice);

/* --- customers ----------------------------------------------------------------------------- */

enum { BENCH_PEOPLE = 20, BENCH_BRANCHES = 5, CUSTOMER_CELLS = 11 };

/* A customer's twelve columns: its id and these. */
struct customer {
    struct id id;
    char name[64], code[16], phone[16], email[64];
    const char *kind, *level, *industry, *source, *city;
    struct id owner, branch;
};

struct bench_people {
    struct id people[BENCH_PEOPLE];
    struct id branches[BENCH_BRANCHES];
};

void customer_make(struct dice *dice, const struct bench_people *people, uint64_t number,
                   struct customer *ret);
void phone_make(struct dice *dice, char ret[16]);
/* The change that inserts it; cells borrow from `customer`. */
struct change customer_insert(const struct catalogue *catalogue,
                              const struct customer *customer, struct arena *arena);
struct cell cell_named(const struct table *table, const char *column, struct value value);

/* --- a company ------------------------------------------------------------------------------- */

struct bench_station {
    struct sign_keys keys;
    struct certificate certificate;
    struct bytes envelope; /* of the certificate; in the company's arena */
    int64_t number, seq;
    uint8_t hash[HASH_SIZE];
    uint64_t counter;
};

struct bench_company {
    size_t
        customer_cells; /* of each that is grown; 0: all. The last two are owner and branch */
    char folder[64];
    char data[80]; /* the server's folder */
    char home[80]; /* the station's */
    struct catalogue *catalogue;
    struct server_options options;
    struct master *master;
    struct reader_pool *readers;
    struct work work;
    struct arena arena;
    struct bench_people people;
    struct id user; /* the first person: roles hq and admin */
    struct sign_public server_key;
    struct bench_station station; /* writes as `user` */
};

void company_open(struct bench_company *company, struct dice *dice);
void company_close(struct bench_company *company); /* removes the folders */
/* Where a file of this benchmark may stand; removed with the company. */
void company_path(const struct bench_company *company, const char *file, char ret[128]);

/* Transactions of the company's station with changes, all `user`'s. */
void company_seal(struct bench_company *company, struct transaction *transactions,
                  size_t count, struct buffer *ret_sealed);
/* The same in a given format; the company's own is the newest. */
void company_seal_as(struct bench_company *company, int64_t format,
                     struct transaction_list list, struct buffer *ret_sealed);
/* Takes a sealed bundle; the watches (may be NULL) count opening it, and merging with commit. */
void company_take(struct bench_company *company, struct bytes sealed,
                  struct stopwatch *open, struct stopwatch *merge);
struct transaction company_transaction(struct bench_company *company, const char *command,
                                       struct change *changes, size_t count);
/* Merges `count` new customers; keeps their ids in ret_ids unless it is NULL. */
void company_grow(struct bench_company *company, struct dice *dice, uint64_t first,
                  size_t count, struct id *ret_ids);

/* Makes the home of the company's own station, as enrolment would have left it. */
void company_home(struct bench_company *company);

/* One pull, all chunks of it. The scopes held and the cursor are moved on. */
struct pull_state {
    struct scope_set held;
    int64_t cursor;
    int64_t rows, bytes, chunks;
    struct stopwatch fill;
    struct buffer *keep; /* NULL, or room for `keep_maximum` chunks */
    size_t keep_maximum;
};
void company_pull(struct bench_company *company, struct pull_state *state);
/* Applies what company_pull kept to a replica of the company's home: staging the chunks, making the rows
 * visible, and the indexes that are made afterwards. */
struct apply_watches {
    struct stopwatch stage, apply, indexes;
};
void replica_apply(struct replica *replica, const struct pull_state *state,
                   struct apply_watches *watches);

/* --- bare SQLite ------------------------------------------------------------------------------ */

/* A database with the domain's tables, indexes and views and the product's settings, with the page cache
 * and the checkpoints of `like`. */
sqlite3 *raw_open(const struct bench_company *company, const char *path, sqlite3 *like);
/* The insert of a customer with its stamps, prepared; and its values bound. */
sqlite3_stmt *raw_customer_insert(sqlite3 *db);
void raw_bind_customer(sqlite3_stmt *statement, const struct customer *customer,
                       const struct id *author, int64_t gsn);
/* Steps a statement to its end and resets it. */
void raw_run(sqlite3 *db, sqlite3_stmt *statement);
void raw_exec(sqlite3 *db, const char *sql);

#endif
