/*
 * Packed numbers: the columns inside bundles, row chunks and placements.
 *
 * A number is a varint: seven bits a byte, lowest first, the eighth bit says that more follow
 * (LEB128, as in DWARF and Protocol Buffers). Signed ones are folded first (0, -1, 1, -2 …), so that
 * small ones stay small.
 */
#ifndef SATCHEL_SYNC_PACK_H
#define SATCHEL_SYNC_PACK_H

#include "schema/base/bytes.h"

/* Check buffer->failed at the end. */
void pack_unsigned(struct buffer *buffer, uint64_t number);
void pack_signed(struct buffer *buffer, int64_t number);
/* `number` as its difference from *last, which becomes `number`; wraps around. */
void pack_delta(struct buffer *buffer, uint64_t *last, int64_t number);
/* Bytes that pack_signed would write. */
size_t pack_signed_size(int64_t number);
/* number - last, wrapped around. */
int64_t pack_difference(int64_t number, int64_t last);

/* Reads on from the front. What is not there, over-long or out of bounds sets `failed` and reads as
 * zero from then on: check it, or pack_done, before anything depends on what was read. */
struct pack_reader {
    const uint8_t *next;
    const uint8_t *end;
    bool failed;
};

struct pack_reader pack_open(struct bytes bytes);
uint64_t pack_read_unsigned(struct pack_reader *reader);
int64_t pack_read_signed(struct pack_reader *reader);
int64_t pack_read_delta(struct pack_reader *reader, uint64_t *last);
uint8_t pack_read_byte(struct pack_reader *reader);
/* A number that is at most `maximum`: a count, an index. */
size_t pack_read_count(struct pack_reader *reader, size_t maximum);
/* `size` bytes, borrowed. */
struct bytes pack_read_bytes(struct pack_reader *reader, size_t size);
/* True when nothing failed and all was read. */
bool pack_done(const struct pack_reader *reader);

#endif
