/*
 * The command line, read: `satchel [GLOBAL OPTIONS] SUBCOMMAND [OPTIONS] [WORDS]`.
 *
 * Global options may stand anywhere, a subcommand's own after it. `--name value` and
 * `--name=value` are the same; `--` ends the options. Nothing is copied: all texts are argv's.
 */
#ifndef SATCHEL_TOOLS_ARGUMENTS_H
#define SATCHEL_TOOLS_ARGUMENTS_H

#include <stdbool.h>
#include <stddef.h>

#include "tools/satchel/problem.h"

enum { LIMIT_OPTIONS = 10, LIMIT_WORDS = 256 };

struct option {
    const char *name;  /* with its dashes; NULL ends a list */
    const char *value; /* what its value is called, NULL when it takes none */
    const char *title; /* what it does, for help */
};

struct invocation;

struct subcommand {
    const char *name;
    const char *words; /* what may follow it, for help */
    const char *title;
    const char *title_zh;
    struct option options[LIMIT_OPTIONS + 1];
    int (*run)(const struct invocation *invocation); /* returns an exit status */
    const char *details; /* the rest of its help; may be NULL */
};

struct invocation {
    const char *home;
    char default_home[4096];
    const char *actor;
    bool json;
    bool chinese;
    bool help;
    bool version;
    const struct subcommand *subcommand; /* NULL when none was given */
    const char
        *values[LIMIT_OPTIONS]; /* of the subcommand's options; "" for a bare flag */
    const char *words[LIMIT_WORDS];
    size_t word_count;
};

/* Errors: usage.subcommand, usage.option, usage.value, usage.words. Then *ret is as far as read, so
 * that `json` is right for printing. */
int arguments_read(int count, char **argv, const struct subcommand *const *subcommands,
                   struct invocation *ret, satchel_error *error);

/* The value of the subcommand's option, "" for a bare flag, NULL when it was not given. */
const char *arguments_option(const struct invocation *invocation, const char *name);

extern const struct option arguments_global[];

#endif
