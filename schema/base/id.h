/*
 * 16-byte identifiers: rows, people, devices, transactions.
 *
 * Rows made by hand get a UUIDv7 (RFC 9562: 48 bits of milliseconds, then random bits).
 * Rows whose identity follows from a name get a UUIDv8 made of BLAKE2b (see hash.h).
 */
#ifndef SATCHEL_SCHEMA_BASE_ID_H
#define SATCHEL_SCHEMA_BASE_ID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ID_SIZE = 16, ID_TEXT_SIZE = 37 };

struct id {
    uint8_t bytes[ID_SIZE];
};

/* A UUIDv7 from UTC milliseconds and 10 random bytes. */
struct id id_v7(int64_t unix_ms, const uint8_t random[10]);
/* Marks 16 hash bytes as a UUIDv8. */
struct id id_v8(const uint8_t hash[16]);

bool id_equal(struct id a, struct id b);
bool id_is_zero(struct id id);
int id_compare(struct id a, struct id b);

/* Canonical lower-case text with dashes, NUL-terminated. */
void id_format(struct id id, char ret_text[ID_TEXT_SIZE]);
/* Accepts 32 hex digits with or without the usual dashes. Returns false on anything else. */
bool id_parse(const char *text, struct id *ret_id);

#endif
