/*
 * `satchel do COMMAND name=value …`: runs a command; what it reported done is durable.
 */
#include <stdio.h>
#include <string.h>

#include "tools/satchel/commands.h"
#include "tools/satchel/desk.h"
#include "tools/satchel/table.h"
#include "tools/satchel/values.h"
#include "tools/satchel/words.h"

static void print_result(const struct invocation *invocation, const struct desk *desk,
                         const char *result) {
    if (invocation->json) {
        puts(result != NULL ? result : "null");
        return;
    }
    const struct table_reader reader = {invocation->words[0], desk_currency(desk),
                                        invocation->chinese};
    struct node *value = result != NULL ? node_read(result, NULL, 0) : NULL;
    if (node_count(value) == 0)
        puts(word("Done."));
    else
        table_print(value, &reader);
    node_release(value);
}

static int work(const struct invocation *invocation, struct desk *desk,
                satchel_error *error) {
    struct node *values = NULL;
    char *arguments = NULL, *result = NULL;
    int rc = values_read(invocation, 1, &values, error);
    if (rc != 0)
        goto out;
    arguments = node_write(values);
    if (arguments == NULL) {
        rc = problem_out_of_memory(error);
        goto out;
    }
    rc = satchel_do(desk->session, invocation->words[0], arguments, &result, error);
    if (rc == 0)
        print_result(invocation, desk, result);
out:
    satchel_free(result);
    node_free_text(arguments);
    node_release(values);
    return rc;
}

static int run(const struct invocation *invocation) {
    satchel_error error;
    if (invocation->word_count == 0) {
        problem_set(&error, "usage.words", "COMMAND",
                    "Which command? `satchel help` lists them all.");
        problem_print(&error, invocation->json);
        return EXIT_USAGE;
    }
    struct desk desk;
    int rc = desk_open(invocation, &desk, &error);
    if (rc == 0)
        rc = work(invocation, &desk, &error);
    desk_close(&desk);
    return rc == 0 ? EXIT_DONE
                   : problem_print_of(invocation->words[0], &error, invocation->json);
}

const struct subcommand subcommand_do = {
    .name = "do",
    .words = "COMMAND name=value …",
    .title = "do something: a command with its parameters",
    .title_zh = "执行命令",
    .run = run,
    .details =
        "A value is read as a person writes it: 12.50, 12.5%, 2026-03-01, a customer's name.\n"
        "name:=JSON gives raw JSON instead: lists, minor units, UTC milliseconds.\n"
        "What was done is saved before this returns, network or not.\n"
        "\n"
        "  satchel do opportunity.win opportunity=1C1I7A6R\n"
        "  satchel help opportunity.win     its parameters\n",
};
