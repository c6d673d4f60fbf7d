/* `satcheld bundle import`: a sync round with a station that has no network. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/files/files.h"
#include "tools/satcheld/options.h"

enum { LIMIT_MEGABYTES = LIMIT_PARCEL / 1048576 - LIMIT_RESPONSE / 1048576 };

static void print_report(const struct parcel_report *report, const char *answer) {
    printf(
        "Station %s (%s): %lld bundles with %lld transactions; %lld merged, %lld of them "
        "with a conflict; %lld refused.\n",
        report->code, report->name, (long long)report->bundles,
        (long long)report->transactions, (long long)(report->merged + report->conflicts),
        (long long)report->conflicts, (long long)report->refused);
    if (answer == NULL) {
        puts("No answer was written; the station sends its work again until it has one "
             "(--answer FILE).");
        return;
    }
    printf("%s is for that station alone: satchel bundle import FILE there. It brings "
           "%lld rows.\n",
           answer, (long long)report->rows);
    if (report->more) {
        puts("There is more for it than fits: what it exports after that goes on from "
             "there.");
    }
}

static int read_limit(const char *text, size_t *ret) {
    char *end = NULL;
    long long megabytes = text ? strtoll(text, &end, 10) : LIMIT_MEGABYTES;
    bool good = (text == NULL || (end != text && *end == '\0')) && megabytes >= 1 &&
                megabytes <= LIMIT_MEGABYTES;
    *ret = (size_t)megabytes * 1048576;
    return good ? 0 : say_usage("%s takes megabytes, 1 to 192", "--limit");
}

static int import(struct server_options *options, const struct options *given,
                  const struct parcel_options *parcel, struct parcel_report *ret,
                  struct error *error) {
    struct server *server = NULL;
    struct buffer question = buffer_make(LIMIT_PARCEL);
    struct buffer answer = buffer_make(LIMIT_PARCEL);
    int result = given->answer ? file_is_free(given->answer, error) : 0;
    if (result == 0) {
        result = file_read(given->word, &question, error);
    }
    if (result == 0) {
        result = server_open(options, &server, error);
    }
    if (result == 0) {
        result = server_take_parcel(server, buffer_bytes(&question), parcel, &answer, ret,
                                    error);
    }
    if (result == 0 && given->answer != NULL) {
        result = file_write(given->answer, buffer_bytes(&answer), error);
    }
    server_stop(server);
    buffer_free(&question);
    buffer_free(&answer);
    return result;
}

static int run_import(struct server_options *server, const struct options *options) {
    struct error error = {0};
    struct parcel_options parcel = {.rows = options->answer != NULL};
    struct parcel_report report;
    if (options->word == NULL) {
        return say_usage("say which file: %s FILE", "bundle import");
    }
    if (read_limit(options->limit, &parcel.enough) != 0) {
        return EXIT_USAGE;
    }
    if (import(server, options, &parcel, &report, &error) != 0) {
        return say_failure(&error);
    }
    print_report(&report, options->answer);
    return EXIT_SUCCESS;
}

const struct subcommand subcommand_bundle_import = {"bundle import", run_import};
