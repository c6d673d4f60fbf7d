/* `satcheld files`: what stations sent beside their work, how much of it is allowed, and taking away what nobody names. */
#include <stdio.h>
#include <stdlib.h>

#include "tools/satcheld/options.h"

enum { MB_MAX = 1000000000, DAYS_MAX = 36500 };

/* A whole number, 0 to `most`; -1 when there is no text. */
static int read_number(const char *text, long most, const char *what, int64_t *ret) {
    char *end = NULL;
    *ret = -1;
    if (text == NULL) {
        return EXIT_SUCCESS;
    }
    long number = strtol(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || number > most) {
        return say_usage("%s takes a whole number", what);
    }
    *ret = number;
    return EXIT_SUCCESS;
}

static void print_json(const struct files_report *report) {
    printf("{\"kept\":%lld,\"kept_bytes\":%lld,\"unnamed\":%lld,\"parts\":%lld,"
           "\"person_limit\":%lld,\"company_limit\":%lld,\"removed\":%lld,"
           "\"removed_bytes\":%lld,\"parts_dropped\":%lld}\n",
           (long long)report->kept, (long long)report->kept_bytes,
           (long long)report->unnamed, (long long)report->parts,
           (long long)report->person_limit, (long long)report->company_limit,
           (long long)report->removed, (long long)report->removed_bytes,
           (long long)report->parts_dropped);
}

static void print_text(const struct files_report *report, bool swept) {
    printf(
        "%lld files, %lld MB; %lld of them no record names any more; %lld on their way.\n"
        "Allowed: %lld MB for a person, %lld MB in all.\n",
        (long long)report->kept, (long long)(report->kept_bytes >> 20),
        (long long)report->unnamed, (long long)report->parts,
        (long long)(report->person_limit >> 20),
        (long long)(report->company_limit >> 20));
    if (swept) {
        printf(
            "Taken away: %lld files, %lld MB; %lld uploads that nobody went on with.\n",
            (long long)report->removed, (long long)(report->removed_bytes >> 20),
            (long long)report->parts_dropped);
    }
}

static int run_files(struct server_options *server, const struct options *options) {
    struct error error = {0};
    struct files_report report;
    int64_t days = -1;
    struct files_options files = {.sweep = options->sweep};
    if (read_number(options->person_limit, MB_MAX, "--person-limit",
                    &files.person_limit) != 0 ||
        read_number(options->company_limit, MB_MAX, "--company-limit",
                    &files.company_limit) != 0 ||
        read_number(options->grace, DAYS_MAX, "--grace", &days) != 0) {
        return EXIT_USAGE;
    }
    files.person_limit = files.person_limit < 0 ? -1 : files.person_limit << 20;
    files.company_limit = files.company_limit < 0 ? -1 : files.company_limit << 20;
    files.grace_ms = days < 0 ? FILE_UNNAMED_MS : days * 86400000;
    if (server_files(server, &files, &report, &error) != 0) {
        return say_failure(&error);
    }
    if (options->json) {
        print_json(&report);
    } else {
        print_text(&report, options->sweep);
    }
    return EXIT_SUCCESS;
}

const struct subcommand subcommand_files = {"files", run_files};
