/* satcheld's command line: options, failures, times. */
#include "tools/satcheld/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tools/satcheld/config.h"

struct value_option {
    const char *name;
    const char **value;
};

struct flag_option {
    const char *name;
    bool *flag;
};

int say_usage(const char *format, const char *what) {
    fputs("satcheld: ", stderr);
    fprintf(stderr, format, what);
    fputs("; see satcheld help\n", stderr);
    return EXIT_USAGE;
}

int say_failure(const struct error *error) {
    fprintf(stderr, "satcheld: %s (%s%s%s)\n", error->message, error->code,
            error->field[0] ? ", field " : "", error->field);
    return EXIT_FAILURE;
}

void put_time(int64_t ms, char ret[32]) {
    time_t seconds = (time_t)(ms / 1000);
    struct tm parts;
    if (ms == 0 || localtime_r(&seconds, &parts) == NULL ||
        strftime(ret, 32, "%Y-%m-%d %H:%M", &parts) == 0) {
        snprintf(ret, 32, "-");
    }
}

static bool set_flag(struct options *options, const char *name) {
    const struct flag_option flags[] = {{"--allow-plain", &options->allow_plain},
                                        {"--new-key", &options->new_key},
                                        {"--all", &options->all},
                                        {"--json", &options->json},
                                        {"--end", &options->end},
                                        {"--once", &options->once},
                                        {"--checkpoint", &options->checkpoint},
                                        {"--files", &options->files},
                                        {"--sweep", &options->sweep}};
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        if (strcmp(name, flags[i].name) == 0) {
            *flags[i].flag = true;
            return true;
        }
    }
    return false;
}

static const char **find_value(struct options *options, const char *name) {
    const struct value_option values[] = {
        {"--data", &options->data},
        {"--org", &options->org},
        {"--address", &options->address},
        {"--currency", &options->currency},
        {"--admin", &options->admin},
        {"--listen", &options->listen},
        {"--user", &options->user},
        {"--certificate", &options->certificate},
        {"--ceiling", &options->ceiling},
        {"--name", &options->name},
        {"--expires", &options->expires},
        {"--to", &options->to},
        {"--set", &options->set},
        {"--key", &options->key},
        {"--days", &options->days},
        {"--role", &options->role},
        {"--qr", &options->qr},
        {"--device", &options->device},
        {"--reason", &options->reason},
        {"--invitation", &options->invitation},
        {"--console", &options->console},
        {"--person-limit", &options->person_limit},
        {"--company-limit", &options->company_limit},
        {"--grace", &options->grace},
        {"--console-address", &options->console_address},
        {"--config", &options->config},
        {"--follow", &options->follow},
        {"--from", &options->from},
        {"--archive", &options->archive},
        {"--answer", &options->answer},
        {"--limit", &options->limit},
        {"--horizon", &options->horizon},
    };
    if (strcmp(name, "--host") == 0 && options->host_count < OPTION_HOSTS) {
        return &options->hosts[options->host_count++];
    }
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        if (strcmp(name, values[i].name) == 0) {
            return values[i].value;
        }
    }
    return NULL;
}

/* What the command line does not say comes from the configuration file, if there is one. */
static int read_configuration(struct options *options, struct buffer *ret_storage) {
    struct error error = {0};
    struct options file = {0};
    const struct config_key keys[] = {
        {"data", &file.data, NULL},
        {"listen", &file.listen, NULL},
        {"certificate", &file.certificate, NULL},
        {"console", &file.console, NULL},
        {"console_address", &file.console_address, NULL},
        {"allow_plain", NULL, &file.allow_plain},
        {"horizon", &file.horizon, NULL},
    };
    if (options->config != NULL &&
        config_read(options->config, keys, sizeof keys / sizeof *keys, ret_storage,
                    &error) != 0) {
        say_failure(&error);
        return EXIT_USAGE;
    }
    options->data = options->data ? options->data : file.data;
    options->listen = options->listen ? options->listen : file.listen;
    options->certificate = options->certificate ? options->certificate : file.certificate;
    options->console = options->console ? options->console : file.console;
    options->console_address =
        options->console_address ? options->console_address : file.console_address;
    options->allow_plain = options->allow_plain || file.allow_plain;
    options->horizon = options->horizon ? options->horizon : file.horizon;
    return options->data == NULL ? say_usage("say which folder: %s DIR", "--data") : 0;
}

int options_read(int count, char **arguments, bool takes_word, struct options *ret,
                 struct buffer *ret_storage) {
    for (int i = 0; i < count; i++) {
        if (set_flag(ret, arguments[i])) {
            continue;
        }
        if (arguments[i][0] != '-' && takes_word && ret->word == NULL) {
            ret->word = arguments[i];
            continue;
        }
        const char **value = find_value(ret, arguments[i]);
        if (value == NULL) {
            return say_usage("there is no option %s", arguments[i]);
        }
        if (i + 1 == count) {
            return say_usage("%s needs a value", arguments[i]);
        }
        *value = arguments[++i];
    }
    return read_configuration(ret, ret_storage);
}
