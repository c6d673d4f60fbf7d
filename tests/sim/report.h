/*
 * The story of one run: a line for whatever happens, and the first thing that was wrong.
 */
#ifndef SATCHEL_TESTS_SIM_REPORT_H
#define SATCHEL_TESTS_SIM_REPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct sim_report {
    FILE *trace;        /* NULL: nobody reads it */
    const int64_t *now; /* the true time of the world */
    int64_t began;
    uint64_t hash; /* of all lines: two runs that did the same have the same */
    int64_t lines;
    bool failed;
    char wrong[2048];
};

void sim_trace(struct sim_report *report, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* The run is wrong: the first text is kept. Always -1, so that `return sim_wrong(report, "…")`. */
int sim_wrong(struct sim_report *report, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
