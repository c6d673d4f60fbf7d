/*
 * Texts of a file as dates and numbers: read strictly, so that nothing is guessed.
 */
#ifndef SATCHEL_TOOLS_IMPORT_TEXT_H
#define SATCHEL_TOOLS_IMPORT_TEXT_H

#include <stdbool.h>
#include <stdint.h>

/* YYYY-MM-DD, and a day that exists. */
bool import_text_is_date(const char *text);

/* A decimal number, 0 or more, thousands perhaps grouped (1,054.50), at most 12 digits before the
 * point and `decimals` (up to 6) behind it. *ret is in millionths. */
bool import_text_number(const char *text, int decimals, int64_t *ret);

/* A whole number within the limits. */
bool import_text_integer(const char *text, int64_t least, int64_t most, int64_t *ret);

#endif
