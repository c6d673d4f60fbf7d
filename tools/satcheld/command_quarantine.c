/* `satcheld quarantine list|release|discard`: work that revoked stations still had. */
#include <stdio.h>
#include <stdlib.h>

#include "tools/satchel/json.h"
#include "tools/satcheld/options.h"

static int print_rows(const char *json) {
    struct node *rows = node_read(json, NULL, 0);
    char received[32];
    puts("CODE  RECEIVED           BUNDLES    WORK      BYTES  STATION");
    for (size_t i = 0; i < node_count(rows); i++) {
        const struct node *row = node_at(rows, i);
        put_time(node_member_integer(row, "received_at"), received);
        printf("%-5s %-16s  %8lld %7lld %10lld  %s\n", node_member_text(row, "code"),
               received, (long long)node_member_integer(row, "bundles"),
               (long long)node_member_integer(row, "transactions"),
               (long long)node_member_integer(row, "bytes"),
               node_member_text(row, "name"));
    }
    bool read = rows != NULL;
    node_release(rows);
    struct error error = {0};
    return read ? EXIT_SUCCESS : (error_out_of_memory(&error), say_failure(&error));
}

static int run_list(struct server_options *server, const struct options *options) {
    struct error error = {0};
    struct buffer json = buffer_make(LIMIT_RESPONSE);
    int result = EXIT_SUCCESS;
    if (server_quarantine(server, &json, &error) != 0) {
        result = say_failure(&error);
    } else if (options->json) {
        puts(buffer_text(&json));
    } else {
        result = print_rows(buffer_text(&json));
    }
    buffer_free(&json);
    return result;
}

const struct subcommand subcommand_quarantine_list = {"quarantine list", run_list};

static int settle(struct server_options *server, const struct options *options,
                  bool release) {
    struct error error = {0};
    const struct quarantine_options quarantine = {.device = options->device,
                                                  .release = release};
    struct quarantine_report report;
    if (options->device == NULL) {
        return say_usage("say whose: %s CODE", "--device");
    }
    if (server_quarantine_settle(server, &quarantine, &report, &error) != 0) {
        return say_failure(&error);
    }
    if (release) {
        printf("Released: %lld transactions were merged as the station's work, %lld of "
               "them refused.\n",
               (long long)report.transactions, (long long)report.refused);
    } else {
        printf("Discarded: %lld transactions.\n", (long long)report.transactions);
    }
    return EXIT_SUCCESS;
}

static int run_release(struct server_options *server, const struct options *options) {
    return settle(server, options, true);
}

const struct subcommand subcommand_quarantine_release = {"quarantine release",
                                                         run_release};

static int run_discard(struct server_options *server, const struct options *options) {
    return settle(server, options, false);
}

const struct subcommand subcommand_quarantine_discard = {"quarantine discard",
                                                         run_discard};
