/*
 * UTF-8 (RFC 3629): reading code points and refusing what is not well-formed. Pure.
 */
#ifndef SATCHEL_SCHEMA_BASE_UTF8_H
#define SATCHEL_SCHEMA_BASE_UTF8_H

#include <stdbool.h>
#include <stdint.h>

#include "schema/base/bytes.h"

/* The length of the character at `at` (1–4) and its code point; 0 when it is ill-formed or
 * there is none. */
size_t utf8_decode(struct bytes text, size_t at, uint32_t *ret_code_point);
/* Appends a code point (which must be a valid one). */
void utf8_append(struct buffer *buffer, uint32_t code_point);
/* Well-formed, and without NUL. */
bool utf8_is_valid(struct bytes text);
/* Characters of a valid text. */
size_t utf8_count(struct bytes text);

#endif
