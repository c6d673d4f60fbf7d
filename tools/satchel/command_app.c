/*
 * `satchel app`: the station's pages in a browser, for as long as the program runs.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "schema/base/env.h"
#include "tools/app/assets.h"
#include "tools/satchel/commands.h"
#include "tools/satchel/json.h"
#include "tools/satchel/words.h"
#include "tools/web/web.h"

extern char **environ;

enum { FIRST_PORT = 8790, LAST_PORT = 8799, STOP_MS = 900, LISTEN = 32 };

static void block_signals(sigset_t *ends) {
    sigemptyset(ends);
    sigaddset(ends, SIGINT);
    sigaddset(ends, SIGTERM);
    sigaddset(ends, SIGHUP);
    (void)pthread_sigmask(SIG_BLOCK, ends, NULL);
    signal(SIGPIPE, SIG_IGN);
}

/* Where it was told to listen; else the first port that is free, into `listen`, which stays as long as the options do. */
static int start(const struct invocation *invocation, struct web_options *options,
                 char listen[LISTEN], struct web **ret, struct error *error) {
    if (options->listen != NULL)
        return web_start(options, ret, error);
    for (int port = FIRST_PORT;; port++) {
        snprintf(listen, LISTEN, "127.0.0.1:%d", port);
        options->listen = listen;
        if (web_start(options, ret, error) == 0)
            return 0;
        if (!error_is(error, "server.listen") || port == LAST_PORT)
            return -1;
        if (!invocation->json)
            fprintf(stderr, word("Port %d is taken; trying the next one.\n"), port);
    }
}

static void print_link(const struct invocation *invocation, const char *link) {
    if (invocation->json) {
        struct node *object = node_object();
        node_set_text(object, "address", link);
        char *text = node_write(object);
        puts(text != NULL ? text : "{}");
        node_free_text(text);
        node_release(object);
    } else {
        printf(word("Open this address in a browser on this device:\n\n  %s\n\n"), link);
        fputs(word("It is for you alone: whoever has it works as you. Ctrl-C ends.\n"),
              stdout);
    }
    (void)fflush(stdout);
}

/* The desktop's own way to open a file; without a desktop the address is printed, as always. The key is not among the arguments:
 * everybody on this machine can read those. */
static void open_browser(const struct web *web) {
    char name[] = "xdg-open";
    char path[WEB_PATH];
    char *const arguments[] = {name, path, NULL};
    posix_spawnattr_t attributes;
    sigset_t none;
    pid_t process = 0;
    sigemptyset(&none);
    if (posix_spawnattr_init(&attributes) != 0)
        return;
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    bool opened =
        web_link_file(web, path, NULL) == 0 &&
        posix_spawnp(&process, name, NULL, &attributes, arguments, environ) == 0;
    posix_spawnattr_destroy(&attributes);
    if (!opened)
        fprintf(stderr, "%s",
                word("No browser could be started; open the address yourself.\n"));
}

/* A sync that waits for the network may be cut anywhere, so nobody waits for it. */
static void *leave_in_time(void *context) {
    const struct env *env = context;
    env->sleep_ms(env->context, STOP_MS);
    _exit(EXIT_DONE);
}

static void stop(struct web *web) {
    pthread_t guard;
    if (pthread_create(&guard, NULL, leave_in_time, (void *)(uintptr_t)env_system()) == 0)
        (void)pthread_detach(guard);
    web_stop(web);
}

static int run(const struct invocation *invocation) {
    struct web *web = NULL;
    struct error error = {0};
    sigset_t ends;
    int received = 0;
    char listen[LISTEN];
    struct web_options options = {
        .mode = WEB_APP,
        .home = invocation->home,
        .listen = arguments_option(invocation, "--listen"),
        .certificate = arguments_option(invocation, "--certificate"),
        .allow_plain = arguments_option(invocation, "--allow-plain") != NULL,
        .address = arguments_option(invocation, "--address"),
        .auto_sync = true,
        .assets = app_assets,
        .asset_count = app_asset_count,
        .asset_folder = arguments_option(invocation, "--assets"),
    };
    block_signals(&ends);
    if (start(invocation, &options, listen, &web, &error) != 0)
        return problem_print((const satchel_error *)(const void *)&error,
                             invocation->json);
    print_link(invocation, web_link(web));
    if (arguments_option(invocation, "--open") != NULL)
        open_browser(web);
    sigwait(&ends, &received);
    stop(web);
    return EXIT_DONE;
}

const struct subcommand subcommand_app = {
    .name = "app",
    .words = "",
    .title = "the station's pages in a browser",
    .title_zh = "在浏览器中打开",
    .options = {{"--open", NULL, "open them at once"},
                {"--listen", "HOST:PORT", "where (default: 127.0.0.1:8790, or the next)"},
                {"--certificate", "PEM", "HTTPS with this certificate and key"},
                {"--allow-plain", NULL, "HTTP beyond this machine, behind a proxy"},
                {"--address", "URL", "how people reach it, through a proxy or by name"},
                {"--assets", "DIR", "pages from a folder, for who works on them"}},
    .run = run,
    .details =
        "Syncs by itself while it runs. A folder without a station asks for an invitation.\n"
        "\n"
        "  satchel app --open\n"
        "  satchel app --listen 0.0.0.0:8790 --certificate /etc/satchel/tls.pem\n",
};
