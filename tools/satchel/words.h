/*
 * The command line's own words in the language of its user. Titles of the catalogue have their own Chinese (@zh); for
 * fields, values and errors there is vocabulary.h.
 */
#ifndef SATCHEL_TOOLS_WORDS_H
#define SATCHEL_TOOLS_WORDS_H

#include <stdbool.h>

/* Once, before anything is printed. */
void words_choose(bool chinese);

/* `english` itself, or its Chinese if there is one. A format keeps its arguments in their order. */
const char *word(const char *english) __attribute__((format_arg(1)));

bool words_are_chinese(void);

#endif
