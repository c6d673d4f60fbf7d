/*
 * Texts as JSON strings (RFC 8259), for all who write JSON straight into a buffer.
 */
#ifndef SATCHEL_SCHEMA_BASE_JSON_TEXT_H
#define SATCHEL_SCHEMA_BASE_JSON_TEXT_H

#include "schema/base/bytes.h"

/* Appends the text in quotation marks, escaped. It must be UTF-8. */
void json_put_text(struct buffer *buffer, struct bytes text);

#endif
