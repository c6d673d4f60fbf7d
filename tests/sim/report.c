/* The trace and the first failure. */
#include "tests/sim/report.h"

#include <stdarg.h>
#include <string.h>

static void add_line(struct sim_report *report, const char *line) {
    for (const char *at = line; *at != '\0'; at++) {
        report->hash = (report->hash ^ (uint8_t)*at) * 0x100000001b3ULL;
    }
    report->lines++;
    if (report->trace != NULL) {
        int64_t ms = *report->now - report->began;
        fprintf(report->trace, "%9lld.%03d  %s\n", (long long)(ms / 1000),
                (int)(ms % 1000), line);
    }
}

void sim_trace(struct sim_report *report, const char *format, ...) {
    char line[2048];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    add_line(report, line);
}

int sim_wrong(struct sim_report *report, const char *format, ...) {
    char line[sizeof report->wrong];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (!report->failed) {
        report->failed = true;
        memcpy(report->wrong, line, sizeof line);
    }
    add_line(report, line);
    return -1;
}
