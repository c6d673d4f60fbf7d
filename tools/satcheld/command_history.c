/* `satcheld backup --follow`, `satcheld restore` and `satcheld refill`: histories that are
 * lost and found; `satcheld checkpoint` and `satcheld archive`. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tools/satcheld/notify.h"
#include "tools/satcheld/options.h"

/* --- following -------------------------------------------------------------------------------------- */

static void take_signals(sigset_t *signals) {
    sigemptyset(signals);
    sigaddset(signals, SIGTERM);
    sigaddset(signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, signals, NULL);
}

static bool was_told_to_stop(void *context) {
    const struct timespec at_once = {0, 0};
    return sigtimedwait(context, NULL, &at_once) > 0;
}

static void say_following(void *context, const struct follow_report *report) {
    (void)context;
    printf("following: %lld entries\n", (long long)report->last);
    (void)fflush(stdout);
    (void)notify_service_manager("READY=1");
}

int run_follow(struct server_options *server, const struct options *options) {
    struct error error = {0};
    struct follow_report report;
    sigset_t signals;
    take_signals(&signals);
    const struct follow_options follow = {.to = options->follow,
                                          .once = options->once,
                                          .must_stop = was_told_to_stop,
                                          .caught_up = say_following,
                                          .context = &signals};
    if (server_follow(server, &follow, &report, &error) != 0) {
        return say_failure(&error);
    }
    printf("%s has the journal up to entry %lld; %lld were written now.\n",
           options->follow, (long long)report.last, (long long)report.entries);
    return EXIT_SUCCESS;
}

/* --- back ----------------------------------------------------------------------------------------------- */

static int run_restore(struct server_options *server, const struct options *options) {
    struct error error = {0};
    struct restore_report report;
    if (options->from == NULL) {
        return say_usage("say where from: %s DIR", "--from");
    }
    if (server_restore(server, options->from, &report, &error) != 0) {
        return say_failure(&error);
    }
    printf("%s is as %s was at entry %lld; %lld entries were replayed", options->data,
           options->from, (long long)report.last, (long long)report.entries);
    if (report.duration_ms > 0 && report.entries > 0) {
        printf(" (%lld a second)",
               (long long)(report.entries * 1000 / report.duration_ms));
    }
    puts(".");
    if (report.torn_bytes > 0) {
        printf("%lld bytes at the end were cut off: the last entry had not been written "
               "whole.\n",
               (long long)report.torn_bytes);
    }
    puts("What came after that is still at the stations and comes back with their next "
         "syncs.");
    return EXIT_SUCCESS;
}

const struct subcommand subcommand_restore = {"restore", run_restore};

/* --- filling again ---------------------------------------------------------------------------------------- */

static void say_device(void *context, const struct refill_device *device) {
    (void)context;
    printf("  %-8s %lld (%s)\n", device->code, (long long)device->waiting,
           device->reason);
}

static int run_refill(struct server_options *server, const struct options *options) {
    struct error error = {0};
    struct refill_report report;
    char since[32];
    const struct refill_listener listener = {say_device, NULL};
    if (server_refill(server, options->end, &listener, &report, &error) != 0) {
        return say_failure(&error);
    }
    put_time(report.since, since);
    if (report.ended) {
        printf("The refill that began %s is over: of what waited %lld are merged, %lld "
               "refused.\n",
               since, (long long)report.merged, (long long)report.refused);
    } else if (report.since == 0) {
        printf("This is history %lld; no refill is going on.\n", (long long)report.epoch);
    } else {
        printf("History %lld began %s; %lld transactions wait for work of other stations "
               "that is not here yet.\n",
               (long long)report.epoch, since, (long long)report.waiting);
    }
    return EXIT_SUCCESS;
}

const struct subcommand subcommand_refill = {"refill", run_refill};

/* --- checkpoints ------------------------------------------------------------------------------------------ */

static int run_checkpoint(struct server_options *server, const struct options *options) {
    struct error error = {0};
    struct checkpoint_report report;
    if (server_checkpoint(server, &report, &error) != 0) {
        return say_failure(&error);
    }
    printf("%s has a checkpoint after entry %lld: %lld rows, %lld bytes.\n",
           options->data, (long long)report.entry, (long long)report.rows,
           (long long)report.bytes);
    return EXIT_SUCCESS;
}

const struct subcommand subcommand_checkpoint = {"checkpoint", run_checkpoint};

static int run_archive(struct server_options *server, const struct options *options) {
    struct error error = {0};
    struct archive_report report;
    if (options->to == NULL) {
        return say_usage("say where to: %s DIR", "--to");
    }
    if (server_archive(server, options->to, &report, &error) != 0) {
        return say_failure(&error);
    }
    printf(
        "%lld bundles went to %s, which has them up to entry %lld; master.db: %lld bytes "
        "before, %lld now.\n",
        (long long)report.bundles, options->to, (long long)report.last,
        (long long)report.bytes_before, (long long)report.bytes_after);
    return EXIT_SUCCESS;
}

const struct subcommand subcommand_archive = {"archive", run_archive};
