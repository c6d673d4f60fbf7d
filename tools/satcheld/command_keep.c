/* `satcheld verify` and `satcheld backup`. */
#include <stdio.h>
#include <stdlib.h>

#include "tools/satcheld/options.h"

static int run_verify(struct server_options *server, const struct options *options) {
    struct error error = {0};
    struct verify_report report;
    if (server_verify(server, &report, &error) != 0) {
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
    return EXIT_SUCCESS;
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
