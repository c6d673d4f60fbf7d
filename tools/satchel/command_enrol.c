/*
 * `satchel enrol INVITATION` and `satchel move ADDRESS`: how a station meets its server, and how it
 * follows the server to another address.
 */
#include <stdio.h>
#include <string.h>

#include "tools/satchel/commands.h"
#include "tools/satchel/desk.h"
#include "tools/satchel/json.h"

enum { LIMIT_INVITATION = 16 * 1024 };

/* The invitation on the command line, or all of standard input for "-". */
static int read_invitation(const struct invocation *invocation, char *buffer, size_t size,
                           const char **ret, satchel_error *error) {
    if (invocation->word_count != 1)
        return problem_set(
            error, "usage.words", "INVITATION",
            "Give the invitation that headquarters handed out (`satcheld invite`), as "
            "one word, or - to read it from standard input.");
    *ret = invocation->words[0];
    if (strcmp(*ret, "-") != 0)
        return 0;
    size_t length = fread(buffer, 1, size - 1, stdin);
    while (length > 0 && strchr(" \r\n\t", buffer[length - 1]) != NULL)
        length--;
    buffer[length] = '\0';
    *ret = buffer + strspn(buffer, " \r\n\t");
    return 0;
}

static int print_enrolled(const struct invocation *invocation, satchel_error *error) {
    struct desk desk;
    char *status = NULL;
    int rc = desk_open_only(invocation, &desk, error);
    if (rc == 0)
        rc = satchel_status(desk.handle, &status, error);
    if (rc == 0 && invocation->json)
        puts(status);
    else if (rc == 0) {
        struct node *node = node_read(status, NULL, 0);
        printf("Enrolled with %s as station %s (%s). Now: satchel sync\n",
               node_member_text(node, "org_name"), node_member_text(node, "device_code"),
               node_member_text(node, "device_name"));
        node_release(node);
    }
    satchel_free(status);
    desk_close(&desk);
    return rc;
}

static int run_enrol(const struct invocation *invocation) {
    satchel_error error;
    char buffer[LIMIT_INVITATION];
    const char *invitation = NULL;
    if (read_invitation(invocation, buffer, sizeof buffer, &invitation, &error) != 0) {
        problem_print(&error, invocation->json);
        return EXIT_USAGE;
    }
    int rc = satchel_enrol(
        &(satchel_enrol_options){.home = invocation->home,
                                 .invitation = invitation,
                                 .name = arguments_option(invocation, "--name"),
                                 .address = arguments_option(invocation, "--address"),
                                 .ca_file = arguments_option(invocation, "--ca")},
        &error);
    if (rc == 0)
        rc = print_enrolled(invocation, &error);
    return rc == 0 ? EXIT_DONE : problem_print(&error, invocation->json);
}

const struct subcommand subcommand_enrol = {
    .name = "enrol",
    .words = "INVITATION",
    .title = "make this folder a station of a company",
    .title_zh = "用邀请码注册工作站",
    .options = {{"--name", "NAME",
                 "what people call this station (default: the host's name)"},
                {"--address", "URL", "another address of the same server"},
                {"--ca", "FILE", "a PEM file to trust for TLS beside the system's"}},
    .run = run_enrol,
    .details =
        "The invitation works once. - reads it from standard input.\n"
        "\n"
        "  satcheld invite --data /srv/satchel --user \"Anna Snelling\"     at headquarters\n"
        "  satchel --home ~/anna enrol INVITATION\n",
};

static int run_move(const struct invocation *invocation) {
    satchel_error error;
    const char *ca_file = arguments_option(invocation, "--ca");
    const char *address = invocation->word_count == 1 ? invocation->words[0] : NULL;
    if (invocation->word_count > 1 || (address == NULL && ca_file == NULL)) {
        problem_set(
            &error, "usage.words", "ADDRESS",
            "Give the server's new address: http://HOST:PORT or https://HOST:PORT, or as "
            "`satcheld tls show` prints it, with #pin=….");
        problem_print(&error, invocation->json);
        return EXIT_USAGE;
    }
    struct desk desk;
    int rc = desk_open_only(invocation, &desk, &error);
    if (rc == 0)
        rc = satchel_move(desk.handle, address, ca_file, &error);
    desk_close(&desk);
    if (rc != 0)
        return problem_print(&error, invocation->json);
    if (invocation->json)
        puts("{}");
    else
        puts(
            "Done. The server's key stays the same; a stranger at that address is refused.");
    return EXIT_DONE;
}

const struct subcommand subcommand_move = {
    .name = "move",
    .words = "ADDRESS",
    .title = "follow the server to another address",
    .title_zh = "更换服务器地址",
    .options = {{"--ca", "FILE", "a PEM file to trust for TLS beside the system's"}},
    .run = run_move,
    .details =
        "The address may bring the pin of a certificate that headquarters made itself:\n"
        "\n"
        "  satchel move https://satchel.example.com\n"
        "  satchel move 'https://10.0.0.5:8787#pin=…'     as satcheld tls show prints it\n",
};
