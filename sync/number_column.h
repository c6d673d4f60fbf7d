/*
 * A column of integers in as few bits as the widest of them takes: what zstd cannot do, since it sees bytes.
 *
 *   column  = head · rest; nothing when there are no numbers
 *   head    = a byte: 0x80 when differences stand for the numbers, plus the width in bits (0 to 64), or 0x7f
 *   rest    = differences: the first number, as a signed varint, and then for the others
 *             0x7f   each as a signed varint (pack.h)
 *             else   the least of them as a signed varint, and each as what it is above that, `width` bits,
 *                    lowest bits first
 *
 * The writer takes whichever of the four is shortest. Differences wrap around.
 */
#ifndef SATCHEL_SYNC_NUMBER_COLUMN_H
#define SATCHEL_SYNC_NUMBER_COLUMN_H

#include "sync/pack.h"

/* Appends; ret->failed says whether there was room. */
void number_column_put(struct buffer *ret, const int64_t *numbers, size_t count);
/* Reads `count` numbers. What is not there or not such a column sets reader->failed and reads as zeros. */
void number_column_read(struct pack_reader *reader, int64_t *ret, size_t count);

#endif
