/* `satcheld tls self-signed`, `tls import`, `tls show`. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/tls.h"
#include "tools/satcheld/options.h"

static char *file_of(const struct server_options *server) {
    size_t size = strlen(server->data) + sizeof "/" TLS_FILE;
    char *path = malloc(size);
    if (path != NULL) {
        snprintf(path, size, "%s/%s", server->data, TLS_FILE);
    }
    return path;
}

static void print_facts(const char *path, const struct tls_facts *facts) {
    char from[32];
    char until[32];
    put_time(facts->not_before, from);
    put_time(facts->not_after, until);
    printf("file      %s\nsubject   %s\nnames     %s\nvalid     %s to %s\nissuer    %s\n",
           path, facts->subject, facts->names, from, until,
           facts->self_signed ? "itself; stations trust it by its pin"
                              : "an authority; stations have to trust it");
}

/* What stations are told now, and what else a person should know. */
static void print_address(const char *path, const char *address,
                          const struct tls_facts *facts) {
    struct buffer text = buffer_make(LIMIT_TEXT);
    struct tls_pin pin = facts->self_signed ? facts->pin : (struct tls_pin){0};
    bool secure = strncmp(address, "https://", 8) == 0;
    bool named = true;
    pinned_address_format(address, secure ? &pin : &(struct tls_pin){0}, &text);
    printf("address   %s\n", buffer_text(&text));
    buffer_free(&text);
    if (!secure) {
        printf("\nStations are still told a plain address. Before serving:\n"
               "  satcheld address --data DIR --set https://HOST:PORT\n");
    } else if (!facts->self_signed &&
               tls_names_host(path, address, &named, &(struct error){0}) == 0 && !named) {
        printf("\nThe certificate is not for the host of that address: stations will "
               "refuse it.\n");
    }
}

static int show(const struct server_options *server) {
    struct error error = {0};
    struct tls_facts facts;
    char address[SERVER_ADDRESS];
    char *path = file_of(server);
    int result = path ? server_address_read(server, address, NULL, &error)
                      : error_out_of_memory(&error);
    if (result == 0) {
        result = tls_read(path, &facts, &error);
    }
    if (result == 0) {
        print_facts(path, &facts);
        print_address(path, address, &facts);
    }
    free(path);
    return result == 0 ? EXIT_SUCCESS : say_failure(&error);
}

static int run_show(struct server_options *server, const struct options *options) {
    (void)options;
    return show(server);
}

const struct subcommand subcommand_tls_show = {"tls show", run_show};

/* 0 for none given; -1 when it is no number of days. */
static int64_t read_days(const char *text) {
    char *end = NULL;
    long long days = text ? strtoll(text, &end, 10) : 0;
    bool good = text == NULL || (*end == '\0' && days >= 1 && days <= TLS_DAYS_MAX);
    return good ? days : -1;
}

static int run_self_signed(struct server_options *server, const struct options *options) {
    struct error error = {0};
    char address[SERVER_ADDRESS];
    struct tls_self_signed wanted = {.address = address,
                                     .hosts = options->hosts,
                                     .host_count = options->host_count,
                                     .days = read_days(options->days),
                                     .new_key = options->new_key,
                                     .env = server->env};
    if (wanted.days < 0) {
        return say_usage("%s is no number of days from 1 to 3650", options->days);
    }
    if (server_address_read(server, address, NULL, &error) != 0 ||
        tls_make(server->data, &wanted, &error) != 0) {
        return say_failure(&error);
    }
    puts("Made. A running server shows it after a restart.");
    return show(server);
}

const struct subcommand subcommand_tls_self_signed = {"tls self-signed", run_self_signed};

static int run_import(struct server_options *server, const struct options *options) {
    struct error error = {0};
    struct tls_import import = {options->certificate, options->key, server->env};
    if (options->certificate == NULL) {
        return say_usage("say which file: %s PEM", "--certificate");
    }
    if (tls_install(server->data, &import, &error) != 0) {
        return say_failure(&error);
    }
    puts("Taken. A running server shows it after a restart.");
    return show(server);
}

const struct subcommand subcommand_tls_import = {"tls import", run_import};
