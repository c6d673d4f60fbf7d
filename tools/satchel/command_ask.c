/*
 * `satchel ask QUERY name=value …`: rows as a table, as JSON, or as CSV.
 */
#include <stdio.h>
#include <string.h>

#include "tools/satchel/commands.h"
#include "tools/satchel/csv_write.h"
#include "tools/satchel/desk.h"
#include "tools/satchel/table.h"
#include "tools/satchel/values.h"

static int print_rows(const struct invocation *invocation, const struct desk *desk,
                      const char *answer, satchel_error *error) {
    bool bom = arguments_option(invocation, "--bom") != NULL;
    if (invocation->json) {
        puts(answer);
        return 0;
    }
    char why[160];
    struct node *rows = node_read(answer, why, sizeof why);
    if (rows == NULL)
        return problem_set(error, "answer.malformed", NULL, "The answer is not JSON: %s.",
                           why);
    const struct table_reader reader = {invocation->words[0], desk_currency(desk),
                                        invocation->chinese};
    int rc = 0;
    if (bom || arguments_option(invocation, "--csv") != NULL)
        rc = csv_write_rows(stdout, rows, desk_currency(desk), bom);
    else
        rc = table_print(rows, &reader);
    node_release(rows);
    return rc == 0 ? 0 : problem_out_of_memory(error);
}

static int work(const struct invocation *invocation, struct desk *desk,
                satchel_error *error) {
    struct node *values = NULL;
    char *arguments = NULL, *answer = NULL;
    int rc = values_read(invocation, 1, &values, error);
    if (rc != 0)
        goto out;
    arguments = node_write(values);
    if (arguments == NULL) {
        rc = problem_out_of_memory(error);
        goto out;
    }
    rc = satchel_ask(desk->session, invocation->words[0], arguments, &answer, error);
    if (rc == 0)
        rc = print_rows(invocation, desk, answer, error);
out:
    satchel_free(answer);
    node_free_text(arguments);
    node_release(values);
    return rc;
}

static int run(const struct invocation *invocation) {
    satchel_error error;
    if (invocation->word_count == 0) {
        problem_set(&error, "usage.words", "QUERY",
                    "Which query? `satchel help` lists them all.");
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

const struct subcommand subcommand_ask = {
    .name = "ask",
    .words = "QUERY name=value …",
    .title = "ask something: a query, as a table",
    .title_zh = "查询",
    .options = {{"--csv", NULL, "comma-separated, for a spreadsheet; ids whole"},
                {"--bom", NULL, "the same with a byte order mark, as Excel wants it"}},
    .run = run,
    .details = "  satchel ask opportunity.win_rate\n"
               "  satchel ask opportunity.count_by_stage --json\n"
               "  satchel ask opportunity.won_by_manager --csv > managers.csv\n",
};
