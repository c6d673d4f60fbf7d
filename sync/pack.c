/*
 * Packed numbers: writing and reading varints, believing nothing.
 */
#include "sync/pack.h"

static uint64_t fold(int64_t number) {
    uint64_t bits = (uint64_t)number;
    return bits << 1 ^ (number < 0 ? UINT64_MAX : 0);
}

static int64_t unfold(uint64_t folded) {
    return (int64_t)(folded >> 1 ^ (folded & 1 ? UINT64_MAX : 0));
}

void pack_unsigned(struct buffer *buffer, uint64_t number) {
    uint8_t bytes[10];
    size_t size = 0;
    for (; number >= 0x80; number >>= 7)
        bytes[size++] = (uint8_t)(number | 0x80);
    bytes[size++] = (uint8_t)number;
    buffer_append(buffer, bytes, size);
}

void pack_signed(struct buffer *buffer, int64_t number) {
    pack_unsigned(buffer, fold(number));
}

int64_t pack_difference(int64_t number, int64_t last) {
    return (int64_t)((uint64_t)number - (uint64_t)last);
}

void pack_delta(struct buffer *buffer, uint64_t *last, int64_t number) {
    pack_signed(buffer, pack_difference(number, (int64_t)*last));
    *last = (uint64_t)number;
}

size_t pack_signed_size(int64_t number) {
    size_t size = 1;
    for (uint64_t folded = fold(number); folded >= 0x80; folded >>= 7)
        size++;
    return size;
}

/* --- reading ------------------------------------------------------------------------- */

struct pack_reader pack_open(struct bytes bytes) {
    static const uint8_t nothing[1];
    const uint8_t *first = bytes.data ? bytes.data : nothing;
    return (struct pack_reader){.next = first, .end = first + bytes.size};
}

static uint64_t fail(struct pack_reader *reader) {
    reader->failed = true;
    reader->next = reader->end;
    return 0;
}

uint64_t pack_read_unsigned(struct pack_reader *reader) {
    uint64_t number = 0;
    for (unsigned shift = 0; reader->next < reader->end && shift < 64; shift += 7) {
        uint8_t byte = *reader->next++;
        number |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            return shift == 63 && byte > 1 ? fail(reader) : number;
    }
    return fail(reader);
}

int64_t pack_read_signed(struct pack_reader *reader) {
    return unfold(pack_read_unsigned(reader));
}

int64_t pack_read_delta(struct pack_reader *reader, uint64_t *last) {
    *last += (uint64_t)pack_read_signed(reader);
    return (int64_t)*last;
}

uint8_t pack_read_byte(struct pack_reader *reader) {
    return reader->next < reader->end ? *reader->next++ : (uint8_t)fail(reader);
}

size_t pack_read_count(struct pack_reader *reader, size_t maximum) {
    uint64_t count = pack_read_unsigned(reader);
    return count <= maximum ? (size_t)count : (size_t)fail(reader);
}

struct bytes pack_read_bytes(struct pack_reader *reader, size_t size) {
    if (size > (size_t)(reader->end - reader->next)) {
        fail(reader);
        return (struct bytes){reader->end, 0};
    }
    struct bytes bytes = {reader->next, size};
    reader->next += size;
    return bytes;
}

bool pack_done(const struct pack_reader *reader) {
    return !reader->failed && reader->next == reader->end;
}
