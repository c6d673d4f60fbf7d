/*
 * Texts as people type them: folding names so that they can be compared, picking digits out
 * of phone numbers, trimming. Pure, and the same on every machine: no locale, own tables.
 */
#ifndef SATCHEL_SCHEMA_TEXT_H
#define SATCHEL_SCHEMA_TEXT_H

#include <stdint.h>

#include "schema/base/bytes.h"

/* Without blanks at both ends (ASCII, no-break, ideographic). */
struct bytes text_trim(struct bytes text);
/* Appends the text in lower case (ASCII, Latin-1, Latin Extended-A, Greek, Cyrillic), full-width forms made half-width,
 * trimmed, runs of blanks as one. Bytes that are no UTF-8 stay as they are. */
void text_fold(struct bytes text, struct buffer *folded);
/* Appends the decimal digits, full-width ones as ASCII. */
void text_digits(struct bytes text, struct buffer *digits);

#endif
