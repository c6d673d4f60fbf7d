/*
 * satchel-bench: how fast the engine is, against the limit that the same machine allows in the same
 * run. It prints figures and ratios and never judges.
 *
 *     satchel-bench [capture|merge|first-sync|pull|wire] [--rows N] [--seed S]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/bench/bench.h"

static const struct {
    const char *name;
    void (*run)(const struct bench_options *options);
} BENCHMARKS[] = {
    {"capture", bench_capture}, {"merge", bench_merge}, {"first-sync", bench_first_sync},
    {"pull", bench_pull},       {"wire", bench_wire},
};
enum { BENCHMARK_COUNT = sizeof BENCHMARKS / sizeof *BENCHMARKS };

static int usage(void) {
    fprintf(stderr, "usage: satchel-bench [capture|merge|first-sync|pull|wire]"
                    " [--rows N] [--seed S]\n");
    return 2;
}

static int find(const char *name) {
    for (int i = 0; i < BENCHMARK_COUNT; i++) {
        if (strcmp(BENCHMARKS[i].name, name) == 0) {
            return i;
        }
    }
    return -1;
}

int main(int argc, char **argv) {
    struct bench_options options = {.seed = 1};
    bool chosen[BENCHMARK_COUNT] = {false};
    bool any = false;
    for (int i = 1; i < argc; i++) {
        char *end = NULL;
        bool rows = strcmp(argv[i], "--rows") == 0;
        if (rows || strcmp(argv[i], "--seed") == 0) {
            unsigned long long number = i + 1 < argc ? strtoull(argv[++i], &end, 10) : 0;
            if (end == NULL || *end != '\0' || end == argv[i] || number > 10000000) {
                return usage();
            }
            *(rows ? &options.rows : &options.seed) = number;
            continue;
        }
        int found = find(argv[i]);
        if (found < 0) {
            return usage();
        }
        chosen[found] = any = true;
    }
    printf("satchel-bench %s, SQLite %s, seed %llu\n", SATCHEL_VERSION,
           sqlite3_libversion(), (unsigned long long)options.seed);
    for (int i = 0; i < BENCHMARK_COUNT; i++) {
        if (chosen[i] || !any) {
            BENCHMARKS[i].run(&options);
        }
    }
    return 0;
}
