/* `satcheld verify` and `satcheld backup`. */
#include <stdio.h>
#include <stdlib.h>

#include "tools/satcheld/options.h"

static int verify_files(struct server_options *server) {
    struct error error = {0};
    struct files_verified report;
    if (server_verify_files(server, &report, &error) != 0) {
        return say_failure(&error);
    }
    printf("%lld files, %lld bytes: all there and right; %lld that records name were not "
           "sent yet.\n",
           (long long)report.files, (long long)report.bytes,
           (long long)report.named_without);
    return EXIT_SUCCESS;
}

static int run_verify(struct server_options *server, const struct options *options) {
    struct error error = {0};
    struct verify_report report;
    const struct verify_options verify = {options->checkpoint, options->archive};
    if (server_verify_with(server, &verify, &report, &error) != 0) {
        return say_failure(&error);
    }
    printf(
        "%s holds: %lld journal entries, signatures and chains right; replaying %lld "
        "transactions\n(%lld merged, %lld with conflicts, %lld refused) gives the same %lld "
        "rows. Digest ",
        options->data, (long long)report.entries, (long long)report.transactions,
        (long long)report.merged, (long long)report.conflicts, (long long)report.refused,
        (long long)report.rows);
    for (size_t i = 0; i < 8; i++) {
        printf("%02x", report.digest[i]);
    }
    puts(".");
    if (report.begins > 0) {
        printf("Replayed from the checkpoint after entry %lld; before it chain and "
               "signatures are right.\n",
               (long long)report.begins);
    }
    if (report.duration_ms > 0) {
        printf("%lld entries a second.\n",
               (long long)((report.entries - report.begins) * 1000 / report.duration_ms));
    }
    return options->files ? verify_files(server) : EXIT_SUCCESS;
}

const struct subcommand subcommand_verify = {"verify", run_verify};

static int run_backup(struct server_options *server, const struct options *options) {
    struct error error = {0};
    if (options->follow != NULL) {
        return run_follow(server, options);
    }
    if (options->to == NULL) {
        return say_usage("say where to: %s DIR", "--to");
    }
    if (server_backup(server, options->to, &error) != 0) {
        return say_failure(&error);
    }
    printf("%s is copied to %s.\n", options->data, options->to);
    return EXIT_SUCCESS;
}

const struct subcommand subcommand_backup = {"backup", run_backup};
