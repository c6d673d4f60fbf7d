/* `satcheld devices`, `satcheld invitations`, `satcheld revoke`: who has access, and taking it back. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/satchel/json.h"
#include "tools/satcheld/options.h"

/* --- lists -------------------------------------------------------------------------------------- */

typedef int (*list_function)(const struct server_options *server, struct buffer *ret_json,
                             struct error *error);
typedef void (*print_function)(const struct node *row);

static int print_rows(const char *json, print_function print) {
    struct node *rows = node_read(json, NULL, 0);
    for (size_t i = 0; i < node_count(rows); i++) {
        print(node_at(rows, i));
    }
    bool read = rows != NULL;
    node_release(rows);
    struct error error = {0};
    return read ? EXIT_SUCCESS : (error_out_of_memory(&error), say_failure(&error));
}

static int run_list(const struct server_options *server, const struct options *options,
                    list_function list, const char *header, print_function print) {
    struct error error = {0};
    struct buffer json = buffer_make(LIMIT_RESPONSE);
    int result = EXIT_SUCCESS;
    if (list(server, &json, &error) != 0) {
        result = say_failure(&error);
    } else if (options->json) {
        puts(buffer_text(&json));
    } else {
        puts(header);
        result = print_rows(buffer_text(&json), print);
    }
    buffer_free(&json);
    return result;
}

/* A number, or "-" where nothing is known. */
static const char *number_text(const struct node *row, const char *name, char ret[24]) {
    bool known = node_kind(node_member(row, name)) == NODE_INTEGER;
    snprintf(ret, 24, known ? "%lld" : "-", (long long)node_member_integer(row, name));
    return ret;
}

static void put_people(const struct node *row, struct buffer *ret) {
    const struct node *people = node_member(row, "people");
    if (node_kind(node_member(row, "everyone")) == NODE_TRUE) {
        buffer_printf(ret, "everyone");
    }
    for (size_t i = 0; i < node_count(people); i++) {
        buffer_printf(ret, "%s%s", ret->size ? ", " : "",
                      node_member_text(node_at(people, i), "name"));
    }
}

static void print_device(const struct node *row) {
    char enrolled[32];
    char seen[32];
    char waiting[24];
    char behind[24];
    struct buffer people = buffer_make(LIMIT_TEXT);
    put_time(node_member_integer(row, "enrolled_at"), enrolled);
    put_time(node_member_integer(row, "last_seen_at"), seen);
    put_people(row, &people);
    bool revoked = node_member_integer(row, "revoked_at") != 0;
    printf("%-5s %-16s  %-16s  %7s %7s  %-8s  %s (%s)\n", node_member_text(row, "code"),
           enrolled, seen, number_text(row, "waiting", waiting),
           number_text(row, "behind", behind), revoked ? "revoked" : "",
           buffer_text(&people), node_member_text(row, "name"));
    buffer_free(&people);
}

static int list_devices(const struct server_options *server, struct buffer *ret_json,
                        struct error *error) {
    return server_devices(server, NULL, ret_json, error);
}

static int run_devices(struct server_options *server, const struct options *options) {
    return run_list(
        server, options, list_devices,
        "CODE  ENROLLED          LAST SEEN         WAITING  BEHIND  STATE     "
        "PEOPLE (STATION)",
        print_device);
}

const struct subcommand subcommand_devices = {"devices", run_devices};

static void print_invitation(const struct node *row) {
    char created[32];
    char expires[32];
    const char *state = node_member_integer(row, "revoked_at") ? "revoked"
                        : node_member_integer(row, "used_at")  ? "used"
                                                               : "open";
    put_time(node_member_integer(row, "created_at"), created);
    put_time(node_member_integer(row, "expires_at"), expires);
    bool everyone = node_kind(node_member(row, "user")) == NODE_NULL;
    printf("%-16s  %-16s  %-16s  %-8s %s\n", node_member_text(row, "id"), created,
           expires, state, everyone ? "everyone" : node_member_text(row, "name"));
}

static int run_invitations(struct server_options *server, const struct options *options) {
    return run_list(
        server, options, server_invitations,
        "ID                GIVEN OUT         EXPIRES           STATE    PERSON",
        print_invitation);
}

const struct subcommand subcommand_invitations = {"invitations", run_invitations};

/* --- taking back ---------------------------------------------------------------------------------- */

static int run_revoke(struct server_options *server, const struct options *options) {
    struct error error = {0};
    struct revoke_options revoke = {.device = options->device,
                                    .invitation = options->invitation,
                                    .reason = options->reason};
    if ((options->device == NULL) == (options->invitation == NULL)) {
        return say_usage("say what: %s CODE, or --invitation ID", "--device");
    }
    if (server_revoke(server, &revoke, &error) != 0) {
        return say_failure(&error);
    }
    puts(
        options->device
            ? "Revoked. At its next contact the station sends what it still has, which is "
              "kept apart (satcheld quarantine list), and is wiped."
            : "Revoked. The invitation is void.");
    return EXIT_SUCCESS;
}

const struct subcommand subcommand_revoke = {"revoke", run_revoke};
