/* satcheld: the sync server at headquarters. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema/embedded.h"
#include "server/server.h"
#include "tools/satcheld/config.h"
#include "tools/satcheld/notify.h"

static const char USAGE[] =
    "satcheld, the sync server of Satchel\n"
    "\n"
    "  satcheld init   --data DIR --org NAME [--address URL] [--currency CNY] [--admin NAME]\n"
    "      Makes a company in DIR; the last line printed is the first invitation, for an\n"
    "      HQ station. URL is the address under which stations reach this server\n"
    "      (http://127.0.0.1:8787 unless said otherwise).\n"
    "  satcheld serve  --data DIR [--listen HOST:PORT] [--certificate PEM] [--allow-plain]\n"
    "      Serves until it gets SIGTERM or SIGINT. Listens where the stored address says.\n"
    "  satcheld serve  --config FILE\n"
    "      The same, with lines of key = value for data, listen, certificate, allow_plain;\n"
    "      an option given beside it wins. The other commands take its data.\n"
    "  satcheld invite --data DIR --user WHO [--ceiling \"rep manager\"] [--name STATION]\n"
    "                  [--address URL] [--expires 7d]\n"
    "      Prints an invitation for one station of WHO (name, code or id).\n"
    "  satcheld verify --data DIR\n"
    "      Checks every signature and chain, replays the journal and compares.\n"
    "  satcheld backup --data DIR --to DIR\n"
    "      Copies a consistent state, also beside a running server.\n"
    "\n"
    "  satcheld version\n"
    "\n"
    "Exit status: 0 done, 1 failed, 2 wrong usage.\n";

enum { EXIT_USAGE = 2 };

struct options {
    const char *data, *org, *address, *currency, *admin, *listen, *certificate;
    const char *user, *ceiling, *name, *expires, *to, *config;
    bool allow_plain;
};

struct option_name {
    const char *name;
    const char **value;
};

static int usage(const char *format, const char *what) {
    fputs("satcheld: ", stderr);
    fprintf(stderr, format, what);
    fputs("; see satcheld help\n", stderr);
    return EXIT_USAGE;
}

static int fail(const struct error *error) {
    fprintf(stderr, "satcheld: %s (%s%s%s)\n", error->message, error->code,
            error->field[0] ? ", field " : "", error->field);
    return EXIT_FAILURE;
}

static int read_options(int count, char **arguments, struct options *ret) {
    const struct option_name names[] = {
        {"--data", &ret->data},       {"--org", &ret->org},
        {"--address", &ret->address}, {"--currency", &ret->currency},
        {"--admin", &ret->admin},     {"--listen", &ret->listen},
        {"--user", &ret->user},       {"--certificate", &ret->certificate},
        {"--ceiling", &ret->ceiling}, {"--name", &ret->name},
        {"--expires", &ret->expires}, {"--to", &ret->to},
        {"--config", &ret->config},
    };
    for (int i = 0; i < count; i++) {
        const char **value = NULL;
        for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
            value = strcmp(arguments[i], names[k].name) == 0 ? names[k].value : value;
        }
        if (strcmp(arguments[i], "--allow-plain") == 0) {
            ret->allow_plain = true;
        } else if (value == NULL) {
            return usage("there is no option %s", arguments[i]);
        } else if (i + 1 == count) {
            return usage("%s needs a value", arguments[i]);
        } else {
            *value = arguments[++i];
        }
    }
    return 0;
}

/* What the command line does not say comes from the configuration file, if there is one. */
static int read_configuration(struct options *options, struct buffer *ret_storage) {
    struct error error = {0};
    struct options file = {0};
    const struct config_key keys[] = {
        {"data", &file.data, NULL},
        {"listen", &file.listen, NULL},
        {"certificate", &file.certificate, NULL},
        {"allow_plain", NULL, &file.allow_plain},
    };
    if (options->config != NULL &&
        config_read(options->config, keys, sizeof keys / sizeof *keys, ret_storage,
                    &error) != 0) {
        fail(&error);
        return EXIT_USAGE;
    }
    options->data = options->data ? options->data : file.data;
    options->listen = options->listen ? options->listen : file.listen;
    options->certificate = options->certificate ? options->certificate : file.certificate;
    options->allow_plain = options->allow_plain || file.allow_plain;
    return options->data == NULL ? usage("say which folder: %s DIR", "--data") : 0;
}

/* --- subcommands ------------------------------------------------------------------------------ */

static int run_init(const struct server_options *server, const struct options *options) {
    struct error error = {0};
    struct genesis_options genesis = {
        .org_name = options->org,
        .currency = options->currency ? options->currency : "CNY",
        .admin_name = options->admin ? options->admin : "Administrator",
    };
    const char *address = options->address ? options->address : "http://127.0.0.1:8787";
    if (options->org == NULL || options->org[0] == '\0') {
        return usage("say the company's name: %s NAME", "--org");
    }
    struct buffer invitation = buffer_make(LIMIT_TEXT);
    int result = server_init(server, &genesis, address, &invitation, &error);
    if (result == 0) {
        printf("%s is ready in %s; stations reach it at %s.\n"
               "The first invitation, for %s at headquarters:\n%s\n",
               options->org, options->data, address, genesis.admin_name,
               buffer_text(&invitation));
    }
    buffer_free(&invitation);
    return result == 0 ? EXIT_SUCCESS : fail(&error);
}

static void write_log(void *context, const char *line) {
    fprintf((FILE *)context, "%s\n", line);
}

static int run_serve(struct server_options *server, const struct options *options) {
    struct error error = {0};
    struct server *running = NULL;
    sigset_t signals;
    int signal_number = 0;
    server->listen = options->listen;
    server->certificate = options->certificate;
    server->allow_plain = options->allow_plain;
    server->log = write_log;
    server->log_context = stderr;
    /* Blocked before any thread starts, so that only sigwait sees them. */
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    signal(SIGPIPE, SIG_IGN);
    if (server_start(server, &running, &error) != 0) {
        return fail(&error);
    }
    fprintf(stderr, "listening on %s\n", server_address(running));
    (void)fflush(stderr);
    if (notify_service_manager("READY=1") != 0) {
        fputs("the service manager cannot be told that this server is ready\n", stderr);
    }
    sigwait(&signals, &signal_number);
    (void)notify_service_manager("STOPPING=1");
    server_stop(running);
    fprintf(stderr, "stopped\n");
    return EXIT_SUCCESS;
}

/* "7d", "12h", "30m" → milliseconds; 0 when it is none of these. */
static int64_t read_duration(const char *text) {
    char *end = NULL;
    long long number = strtoll(text, &end, 10);
    int64_t unit = strcmp(end, "d") == 0   ? 86400000
                   : strcmp(end, "h") == 0 ? 3600000
                   : strcmp(end, "m") == 0 ? 60000
                                           : 0;
    return number > 0 && number <= 3650 * 24 * 60 ? number * unit : 0;
}

static int run_invite(const struct server_options *server,
                      const struct options *options) {
    struct error error = {0};
    struct invite_options invite = {.user = options->user,
                                    .ceiling = options->ceiling,
                                    .name = options->name,
                                    .address = options->address,
                                    .valid_ms = INVITATION_MS};
    if (options->user == NULL) {
        return usage("say for whom: %s NAME", "--user");
    }
    if (options->expires != NULL &&
        (invite.valid_ms = read_duration(options->expires)) == 0) {
        return usage("%s is no time span such as 7d, 12h or 30m", options->expires);
    }
    struct buffer invitation = buffer_make(LIMIT_TEXT);
    int result = server_invite(server, &invite, &invitation, &error);
    if (result == 0) {
        puts(buffer_text(&invitation));
    }
    buffer_free(&invitation);
    return result == 0 ? EXIT_SUCCESS : fail(&error);
}

static int run_verify(const struct server_options *server,
                      const struct options *options) {
    struct error error = {0};
    struct verify_report report;
    if (server_verify(server, &report, &error) != 0) {
        return fail(&error);
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

static int run_backup(const struct server_options *server,
                      const struct options *options) {
    struct error error = {0};
    if (options->to == NULL) {
        return usage("say where to: %s DIR", "--to");
    }
    if (server_backup(server, options->to, &error) != 0) {
        return fail(&error);
    }
    printf("%s is copied to %s.\n", options->data, options->to);
    return EXIT_SUCCESS;
}

static int run(const char *command, struct server_options *server,
               const struct options *options) {
    if (strcmp(command, "init") == 0) {
        return run_init(server, options);
    }
    if (strcmp(command, "serve") == 0) {
        return run_serve(server, options);
    }
    if (strcmp(command, "invite") == 0) {
        return run_invite(server, options);
    }
    if (strcmp(command, "verify") == 0) {
        return run_verify(server, options);
    }
    return run_backup(server, options);
}

static bool is_command(const char *text) {
    static const char *const COMMANDS[] = {"init", "serve", "invite", "verify", "backup"};
    for (size_t i = 0; i < sizeof COMMANDS / sizeof *COMMANDS; i++) {
        if (strcmp(text, COMMANDS[i]) == 0) {
            return true;
        }
    }
    return false;
}

int main(int count, char **arguments) {
    struct options options = {0};
    struct error error = {0};
    struct catalogue *catalogue = NULL;
    struct buffer configuration = {0};
    const char *command = count > 1 ? arguments[1] : "help";
    if (strcmp(command, "help") == 0 || strcmp(command, "--help") == 0) {
        fputs(USAGE, stdout);
        return EXIT_SUCCESS;
    }
    if (strcmp(command, "version") == 0 || strcmp(command, "--version") == 0) {
        puts("satcheld " SATCHEL_VERSION);
        return EXIT_SUCCESS;
    }
    if (!is_command(command)) {
        return usage("there is no command %s", command);
    }
    int result = read_options(count - 2, arguments + 2, &options);
    if (result == 0) {
        result = read_configuration(&options, &configuration);
    }
    if (result != 0) {
        goto out;
    }
    if (catalogue_load(embedded_files, embedded_file_count, &catalogue, &error) != 0) {
        result = fail(&error);
        goto out;
    }
    struct server_options server = {
        .data = options.data, .env = env_system(), .catalogue = catalogue};
    result = run(command, &server, &options);
out:
    catalogue_free(catalogue);
    buffer_free(&configuration);
    return result;
}
