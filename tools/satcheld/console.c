/* The console: a station in the server's process, looked after by a thread of its own. */
#include "tools/satcheld/console.h"

#include <pthread.h>
#include <satchel.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "server/http.h"
#include "server/tls.h"
#include "tools/app/assets.h"
#include "tools/satcheld/console_admin.h"
#include "tools/satcheld/console_home.h"
#include "tools/web/web.h"

enum { WAIT_FIRST_MS = 1000, WAIT_LONGEST_MS = 60000 };

struct console {
    struct console_options options;
    struct console_admin admin;
    char *home;
    char *certificate; /* NULL: plain HTTP */
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wakes;
    bool stopping;
};

/* --- stopping --------------------------------------------------------------------------------- */

static bool is_stopping(struct console *console) {
    pthread_mutex_lock(&console->lock);
    bool stopping = console->stopping;
    pthread_mutex_unlock(&console->lock);
    return stopping;
}

static int stop_sync(void *context, const satchel_progress *progress) {
    (void)progress;
    return is_stopping(context) ? 1 : 0;
}

/* For a time (0: until it stops); true when it is time to stop. */
static bool wait_to_stop(struct console *console, int64_t ms) {
    struct timespec until;
    int64_t end =
        console->options.server->env->wall_ms(console->options.server->env->context) + ms;
    until = (struct timespec){(time_t)(end / 1000), (long)(end % 1000) * 1000000};
    pthread_mutex_lock(&console->lock);
    int rc = 0;
    while (!console->stopping && rc == 0) {
        rc = ms > 0 ? pthread_cond_timedwait(&console->wakes, &console->lock, &until)
                    : pthread_cond_wait(&console->wakes, &console->lock);
    }
    bool stopping = console->stopping;
    pthread_mutex_unlock(&console->lock);
    return stopping;
}

/* --- starting ----------------------------------------------------------------------------------- */

static void log_failure(struct console *console, const struct error *error,
                        int64_t wait_ms) {
    server_log(console->options.running, "error", "console failed",
               "\"code\":\"%s\",\"field\":\"%s\",\"again_ms\":%lld", error->code,
               error->field, (long long)wait_ms);
}

static void log_http(void *context, const char *message) {
    struct console *console = context;
    server_log(console->options.running, "warning", "console http", "\"message\":\"%s\"",
               message);
}

/* What only a fresh station can mend: this one's history is not the server's any more. */
static bool is_of_another_history(const struct error *error) {
    return error_is(error, "sync.history") || error_is(error, "sync.cursor") ||
           error_is(error, "server.epoch") || error_is(error, "server.signature") ||
           error_is(error, "server.key") || error_is(error, "org.unknown") ||
           error_is(error, "device.unknown") || error_is(error, "device.revoked") ||
           error_is(error, "device.fork");
}

/* A station that is enrolled, knows where the server is now, and has the company's data. */
static int make_ready(struct console *console, struct error *error) {
    const struct console_home home = {.path = console->home,
                                      .server = console->options.server,
                                      .running = console->options.running,
                                      .certificate = console->certificate};
    if (console_home_enrol(&home, error) != 0 ||
        console_home_sync(&home, stop_sync, console, error) == 0 ||
        is_stopping(console)) {
        return error->code[0] != '\0' ? -1 : 0;
    }
    if (!is_of_another_history(error)) {
        return -1;
    }
    server_log(console->options.running, "warning", "console set aside",
               "\"code\":\"%s\"", error->code);
    error_clear(error);
    return console_home_set_aside(&home, error) == 0 &&
                   console_home_enrol(&home, error) == 0
               ? console_home_sync(&home, stop_sync, console, error)
               : -1;
}

static int start_pages(struct console *console, struct web **ret, struct error *error) {
    const struct web_admin admin = {&console->admin, console_admin_call};
    const struct web_options options = {
        .mode = WEB_CONSOLE,
        .home = console->home,
        .listen = console->options.listen,
        .certificate = console->certificate,
        .allow_plain = console->options.server->allow_plain,
        .address = console->options.address,
        .auto_sync = true,
        .assets = app_assets,
        .asset_count = app_asset_count,
        .admin = &admin,
        .env = console->options.server->env,
        .log = log_http,
        .log_context = console,
    };
    return web_start(&options, ret, error);
}

/* Serves until it is told to stop. */
static int serve(struct console *console, struct error *error) {
    struct web *web = NULL;
    if (make_ready(console, error) != 0 || start_pages(console, &web, error) != 0) {
        return -1;
    }
    server_log(console->options.running, "info", "console started", "\"address\":\"%s\"",
               web_link(web));
    wait_to_stop(console, 0);
    web_stop(web);
    return 0;
}

static void *look_after(void *context) {
    struct console *console = context;
    int64_t wait_ms = WAIT_FIRST_MS;
    while (!is_stopping(console)) {
        struct error error = {0};
        if (serve(console, &error) == 0 || is_stopping(console)) {
            break;
        }
        log_failure(console, &error, wait_ms);
        if (wait_to_stop(console, wait_ms)) {
            break;
        }
        wait_ms = 2 * wait_ms < WAIT_LONGEST_MS ? 2 * wait_ms : WAIT_LONGEST_MS;
    }
    return NULL;
}

/* --- its life -------------------------------------------------------------------------------------- */

int console_check(const struct server_options *server, const char *listen,
                  struct error *error) {
    char *certificate = server_certificate(server);
    bool plain = certificate == NULL;
    free(certificate);
    if (strrchr(listen, ':') == NULL || strlen(listen) > 120) {
        return error_set(error, "server.listen", "console",
                         "\"%.100s\" is not an address and port such as 127.0.0.1:8788",
                         listen);
    }
    return plain && !server->allow_plain && !http_is_loopback(listen)
               ? error_set(error, "web.plain", "console",
                           "passwords do not go over plain HTTP beyond this machine: it "
                           "needs a certificate (satcheld tls), or --allow-plain when a "
                           "proxy stands in front")
               : 0;
}

static void console_free(struct console *console) {
    pthread_cond_destroy(&console->wakes);
    pthread_mutex_destroy(&console->lock);
    free(console->home);
    free(console->certificate);
    free(console);
}

int console_start(const struct console_options *options, struct console **ret,
                  struct error *error) {
    struct console *console = calloc(1, sizeof *console);
    if (console == NULL) {
        return error_out_of_memory(error);
    }
    pthread_mutex_init(&console->lock, NULL);
    pthread_cond_init(&console->wakes, NULL);
    console->options = *options;
    console->home = console_home_path(options->server->data);
    console->certificate = server_certificate(options->server);
    console->admin = (struct console_admin){options->server, options->running};
    if (console->home == NULL) {
        console_free(console);
        return error_out_of_memory(error);
    }
    if (pthread_create(&console->thread, NULL, look_after, console) != 0) {
        console_free(console);
        return error_set(error, "server.thread", "",
                         "the console's thread could not be started");
    }
    *ret = console;
    return 0;
}

void console_stop(struct console *console) {
    if (console == NULL) {
        return;
    }
    pthread_mutex_lock(&console->lock);
    console->stopping = true;
    pthread_cond_broadcast(&console->wakes);
    pthread_mutex_unlock(&console->lock);
    pthread_join(console->thread, NULL);
    console_free(console);
}
