/* `satcheld serve`. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "tools/satcheld/console.h"
#include "tools/satcheld/notify.h"
#include "tools/satcheld/options.h"

static void write_log(void *context, const char *line) {
    fprintf((FILE *)context, "%s\n", line);
}

/* Blocked before any thread starts, so that only sigwait sees them. */
static void block_signals(sigset_t *signals) {
    sigemptyset(signals);
    sigaddset(signals, SIGTERM);
    sigaddset(signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, signals, NULL);
    signal(SIGPIPE, SIG_IGN);
}

static int start_console(const struct server_options *server, struct server *running,
                         const struct options *options, struct console **ret,
                         struct error *error) {
    return console_start(&(struct console_options){.server = server,
                                                   .running = running,
                                                   .listen = options->console,
                                                   .address = options->console_address},
                         ret, error);
}

/* 1 to 3650 days, in milliseconds; 0 when nothing is said. */
static int read_horizon(const char *days, int64_t *ret, struct error *error) {
    char *end = NULL;
    long long number = days ? strtoll(days, &end, 10) : 0;
    if (days != NULL && (end == days || *end != '\0' || number < 1 || number > 3650)) {
        return error_set(error, "parameter.invalid", "horizon",
                         "--horizon is a number of days from 1 to 3650, not \"%.40s\"",
                         days);
    }
    *ret = number * 86400000;
    return 0;
}

static int run_serve(struct server_options *server, const struct options *options) {
    struct error error = {0};
    struct server *running = NULL;
    struct console *console = NULL;
    sigset_t signals;
    int signal_number = 0;
    server->listen = options->listen;
    server->allow_plain = options->allow_plain;
    server->log = write_log;
    server->log_context = stderr;
    block_signals(&signals);
    if (read_horizon(options->horizon, &server->horizon_ms, &error) != 0 ||
        (options->console != NULL &&
         console_check(server, options->console, &error) != 0) ||
        server_start(server, &running, &error) != 0) {
        return say_failure(&error);
    }
    if (options->console != NULL &&
        start_console(server, running, options, &console, &error) != 0) {
        server_stop(running);
        return say_failure(&error);
    }
    fprintf(stderr, "listening on %s\n", server_address(running));
    (void)fflush(stderr);
    if (notify_service_manager("READY=1") != 0) {
        fputs("the service manager cannot be told that this server is ready\n", stderr);
    }
    sigwait(&signals, &signal_number);
    (void)notify_service_manager("STOPPING=1");
    console_stop(console);
    server_stop(running);
    fprintf(stderr, "stopped\n");
    return EXIT_SUCCESS;
}

const struct subcommand subcommand_serve = {"serve", run_serve};
