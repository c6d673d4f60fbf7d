/*
 * MessagePack with bounds. The only file that knows msgpack-c is wire.c.
 *
 * Reading begins with a scan that believes nothing: declared counts against the bytes left,
 * depth, valid UTF-8, no floats, no extension types, no maps with a key twice (maps are not used at all: refused), nothing after the end. Only then
 * does the library see the bytes. Codes: wire.truncated, wire.trailing, wire.depth, wire.type, wire.utf8, wire.range, wire.size.
 */
#ifndef SATCHEL_SYNC_WIRE_H
#define SATCHEL_SYNC_WIRE_H

#include "schema/base/bytes.h"
#include "schema/base/error.h"
#include "schema/base/id.h"
#include "schema/base/value.h"

/* --- writing: straight into a buffer; check buffer->failed at the end ------------------ */
void wire_put_array(struct buffer *buffer, size_t count);
void wire_put_integer(struct buffer *buffer, int64_t integer);
void wire_put_text(struct buffer *buffer, const char *text);
void wire_put_bytes(struct buffer *buffer, struct bytes bytes);
void wire_put_id(struct buffer *buffer, struct id id);
void wire_put_null(struct buffer *buffer);
void wire_put_bool(struct buffer *buffer, bool value);
void wire_put_value(struct buffer *buffer, struct value value);

/* --- reading -------------------------------------------------------------------------- */
struct wire_document; /* owns the unpacked tree; borrows text and bytes from the input */
struct wire_node;     /* one value in it */

/* Scans and unpacks. `data` must outlive the document. */
int wire_open(struct bytes data, struct wire_document **ret, struct error *error);
void wire_close(struct wire_document *document); /* NULL is fine */
const struct wire_node *wire_root(const struct wire_document *document);

/* Each getter fails with wire.type (or wire.range) and `what` as the field. */
int wire_array(const struct wire_node *node, const char *what, size_t minimum,
               size_t maximum, size_t *ret_count, struct error *error);
/* The i-th element of an array that wire_array accepted. */
const struct wire_node *wire_item(const struct wire_node *array, size_t i);
int wire_integer(const struct wire_node *node, const char *what, int64_t minimum,
                 int64_t maximum, int64_t *ret, struct error *error);
int wire_bool(const struct wire_node *node, const char *what, bool *ret,
              struct error *error);
int wire_text(const struct wire_node *node, const char *what, size_t maximum,
              struct bytes *ret, struct error *error);
int wire_bytes(const struct wire_node *node, const char *what, size_t minimum,
               size_t maximum, struct bytes *ret, struct error *error);
int wire_id(const struct wire_node *node, const char *what, struct id *ret,
            struct error *error);
int wire_value(const struct wire_node *node, const char *what, struct value *ret,
               struct error *error);
bool wire_is_null(const struct wire_node *node);

/* The scan alone, for fuzzing. */
int wire_scan(struct bytes data, struct error *error);
/* Is it well-formed UTF-8 (RFC 3629: no surrogates, nothing over-long)? */
bool wire_is_utf8(struct bytes text);

/* A list of values as one blob (kept conflict values, server images) and back; the values
 * borrow from `data` (text and bytes) and `arena` (the array). */
void wire_put_values(struct buffer *buffer, const struct value *values, size_t count);
int wire_values(struct bytes data, struct arena *arena, struct value **ret,
                size_t *ret_count, struct error *error);

#endif
