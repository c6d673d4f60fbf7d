/*
 * What two sides compare to know that they hold the same rows: the sum, modulo 2^64, of a 64-bit hash
 * of every row's table, key and version. A sum, so that each side keeps it up row by row.
 */
#ifndef SATCHEL_SYNC_DIGEST_H
#define SATCHEL_SYNC_DIGEST_H

#include "schema/base/bytes.h"

/* The first 8 bytes, big-endian, of BLAKE2b-256(table, key, gsn big-endian). */
int64_t digest_of_row(uint8_t table, struct bytes key, int64_t gsn);

/* Sums wrap. */
int64_t digest_add(int64_t digest, int64_t row);
int64_t digest_subtract(int64_t digest, int64_t row);

#endif
