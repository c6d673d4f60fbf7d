/* Time, dice, printing, and ending when something goes wrong. */
#include "tools/bench/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

void must(int failed, const struct error *error) {
    if (failed != 0) {
        fprintf(stderr, "satchel-bench: %s (%s, %s)\n", error->message, error->code,
                error->field);
        exit(2);
    }
}

void must_sqlite(int rc, sqlite3 *db) {
    if (rc != SQLITE_OK && rc != SQLITE_DONE && rc != SQLITE_ROW) {
        fprintf(stderr, "satchel-bench: SQLite %d: %s\n", rc,
                db ? sqlite3_errmsg(db) : "");
        exit(2);
    }
}

void *must_have(void *memory) {
    if (memory == NULL) {
        fprintf(stderr, "satchel-bench: out of memory\n");
        exit(2);
    }
    return memory;
}

/* --- time ---------------------------------------------------------------------------------- */

static double now_of(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

void watch_start(struct stopwatch *watch) {
    watch->wall_since = now_of(CLOCK_MONOTONIC);
    watch->cpu_since = now_of(CLOCK_PROCESS_CPUTIME_ID);
}

void watch_stop(struct stopwatch *watch) {
    watch->wall += now_of(CLOCK_MONOTONIC) - watch->wall_since;
    watch->cpu += now_of(CLOCK_PROCESS_CPUTIME_ID) - watch->cpu_since;
}

void print_rate(const char *label, double count, const char *unit,
                const struct stopwatch *watch) {
    printf("  %-42s %9.0f %s/s  (wall %.2f s, cpu %.2f s)\n", label, count / watch->wall,
           unit, watch->wall, watch->cpu);
    (void)fflush(stdout);
}

void print_times(const char *label, const struct stopwatch *watch,
                 const struct stopwatch *raw, const char *aim) {
    printf("  %-42s %9.2f times raw  (cpu %.2f times; aim %s)\n", label,
           watch->wall / raw->wall, watch->cpu / raw->cpu, aim);
    (void)fflush(stdout);
}

void print_share(const char *label, const struct stopwatch *watch,
                 const struct stopwatch *raw, const char *aim) {
    printf("  %-42s %9.2f of raw  (cpu %.2f; aim %s)\n", label, raw->wall / watch->wall,
           raw->cpu / watch->cpu, aim);
    (void)fflush(stdout);
}

/* --- dice ---------------------------------------------------------------------------------- */

/* SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014). */
uint64_t dice_next(struct dice *dice) {
    uint64_t mixed = dice->state += 0x9E3779B97F4A7C15ULL;
    mixed = (mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9ULL;
    mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EBULL;
    return mixed ^ mixed >> 31;
}

uint64_t dice_below(struct dice *dice, uint64_t limit) {
    return dice_next(dice) % limit;
}

struct id dice_id(struct dice *dice) {
    struct id id;
    for (size_t i = 0; i < ID_SIZE; i++) {
        id.bytes[i] = (uint8_t)dice_next(dice);
    }
    return id;
}
