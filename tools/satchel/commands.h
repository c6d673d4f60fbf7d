/*
 * The subcommands of `satchel`. Each file command_*.c defines one (or a few of a kind), with
 * the words of its help beside its code.
 */
#ifndef SATCHEL_TOOLS_COMMANDS_H
#define SATCHEL_TOOLS_COMMANDS_H

#include "tools/satchel/arguments.h"

extern const struct subcommand subcommand_enrol;
extern const struct subcommand subcommand_move;
extern const struct subcommand subcommand_do;
extern const struct subcommand subcommand_ask;
extern const struct subcommand subcommand_attach;
extern const struct subcommand subcommand_file;
extern const struct subcommand subcommand_sync;
extern const struct subcommand subcommand_bundle;
extern const struct subcommand subcommand_status;
extern const struct subcommand subcommand_inbox;
extern const struct subcommand subcommand_story;
extern const struct subcommand subcommand_verify;
extern const struct subcommand subcommand_rotate_key;
extern const struct subcommand subcommand_import;
extern const struct subcommand subcommand_app;
extern const struct subcommand subcommand_help;

/* All of them, NULL at the end. */
extern const struct subcommand *const subcommands[];

/* Help on the command line itself: all of it, or one subcommand. */
void help_print_usage(bool chinese);
void help_print_subcommand(const struct subcommand *subcommand);

/* A satchel_progress_function that shows a struct progress. */
int sync_show_progress(void *context, const satchel_progress *now);

#endif
