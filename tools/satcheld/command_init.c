/* `satcheld init` and `satcheld address`: a company, and where its stations find it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/satcheld/options.h"

static void print_made(const struct options *options, const char *address,
                       const char *admin, const char *invitation) {
    bool secure = strncmp(address, "https://", 8) == 0;
    printf("%s is ready in %s; stations reach it at %s.\n", options->org, options->data,
           address);
    if (secure) {
        printf("It needs a certificate before it serves:\n"
               "  satcheld tls self-signed --data %s\n"
               "or, from an authority:\n"
               "  satcheld tls import --data %s --certificate PEM --key PEM\n"
               "The invitation below holds no pin of that certificate. After tls "
               "self-signed, use a new one:\n"
               "  satcheld invite --data %s --user \"%s\" --name HQ\n",
               options->data, options->data, options->data, admin);
    }
    printf("Next, the server with headquarters' pages, and a password for them:\n"
           "  satcheld serve --data %s --console 127.0.0.1:8788\n"
           "  satcheld access --data %s --user \"%s\"\n"
           "The first invitation, for %s at headquarters:\n%s\n",
           options->data, options->data, admin, admin, invitation);
}

static int run_init(struct server_options *server, const struct options *options) {
    struct error error = {0};
    struct genesis_options genesis = {
        .org_name = options->org,
        .currency = options->currency ? options->currency : "CNY",
        .admin_name = options->admin ? options->admin : "Administrator",
    };
    const char *address = options->address ? options->address : "http://127.0.0.1:8787";
    if (options->org == NULL || options->org[0] == '\0') {
        return say_usage("say the company's name: %s NAME", "--org");
    }
    struct buffer invitation = buffer_make(LIMIT_TEXT);
    int result = server_init(server, &genesis, address, &invitation, &error);
    if (result == 0) {
        print_made(options, address, genesis.admin_name, buffer_text(&invitation));
    }
    buffer_free(&invitation);
    return result == 0 ? EXIT_SUCCESS : say_failure(&error);
}

const struct subcommand subcommand_init = {"init", run_init};

static int run_address(struct server_options *server, const struct options *options) {
    struct error error = {0};
    char address[SERVER_ADDRESS];
    struct tls_pin pin;
    struct buffer text = buffer_make(LIMIT_TEXT);
    int result = options->set ? server_address_set(server, options->set, &error) : 0;
    if (result == 0) {
        result = server_address_read(server, address, &pin, &error);
    }
    if (result == 0) {
        pinned_address_format(address, &pin, &text);
        puts(buffer_text(&text));
    }
    buffer_free(&text);
    return result == 0 ? EXIT_SUCCESS : say_failure(&error);
}

const struct subcommand subcommand_address = {"address", run_address};
