/*
 * `satchel`: a station on the command line. This file only chooses the subcommand.
 */
#include <stdio.h>

#include "tools/satchel/commands.h"
#include "tools/satchel/table.h"
#include "tools/satchel/words.h"

const struct subcommand *const subcommands[] = {
    &subcommand_enrol,
    &subcommand_sync,
    &subcommand_bundle,
    &subcommand_do,
    &subcommand_ask,
    &subcommand_attach,
    &subcommand_file,
    &subcommand_inbox,
    &subcommand_status,
    &subcommand_story,
    &subcommand_verify,
    &subcommand_move,
    &subcommand_rotate_key,
    &subcommand_import,
    &subcommand_app,
    &subcommand_help,
    NULL,
};

/* Output that could not be written (a full disk) is a failure like any other. */
static int finish(int status) {
    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    fprintf(stderr, "satchel: The output could not be written (output).\n");
    return status == EXIT_DONE ? EXIT_FAILED : status;
}

int main(int count, char **argv) {
    struct invocation invocation;
    satchel_error error;
    table_prepare();
    int read = arguments_read(count, argv, subcommands, &invocation, &error);
    words_choose(invocation.chinese);
    if (read != 0) {
        problem_print(&error, invocation.json);
        return EXIT_USAGE;
    }
    if (invocation.version) {
        printf("satchel %s\n", satchel_version());
        return finish(EXIT_DONE);
    }
    if (invocation.help && invocation.subcommand != NULL) {
        help_print_subcommand(invocation.subcommand);
        return finish(EXIT_DONE);
    }
    if (invocation.subcommand == NULL) {
        help_print_usage(invocation.chinese);
        return finish(invocation.help ? EXIT_DONE : EXIT_USAGE);
    }
    return finish(invocation.subcommand->run(&invocation));
}
