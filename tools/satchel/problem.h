/*
 * What went wrong, told to people on stderr, or to programs as one JSON object.
 */
#ifndef SATCHEL_TOOLS_PROBLEM_H
#define SATCHEL_TOOLS_PROBLEM_H

#include <stdbool.h>

#include <satchel.h>

/* What `satchel` exits with. Only EXIT_DONE means that everything asked for was done. */
enum exit_status {
    EXIT_DONE = 0,
    EXIT_FAILED = 1,   /* nothing was done */
    EXIT_USAGE = 2,    /* the command line itself was wrong */
    EXIT_SET_ASIDE = 3 /* an import that left some rows out */
};

/* Fills `error` (may be NULL) and returns -1, so that callers can return it. */
int problem_set(satchel_error *error, const char *code, const char *field,
                const char *format, ...) __attribute__((format(printf, 4, 5)));
int problem_out_of_memory(satchel_error *error);

/* Prints `satchel: MESSAGE (code, field NAME)`, or a JSON object, on stderr. Returns EXIT_FAILED. */
int problem_print(const satchel_error *error, bool json);
/* The same for what failed in a command or query, whose fields may have names of their own. */
int problem_print_of(const char *operation, const satchel_error *error, bool json);

#endif
