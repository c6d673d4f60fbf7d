/*
 * Parcels: packing and unpacking.
 */
#include "sync/parcel.h"

#include <assert.h>
#include <string.h>

#include "schema/base/limits.h"

static const char MAGIC[] = "satchel parcel\n";

enum {
    MAGIC_SIZE = sizeof MAGIC - 1,
    HEAD_SIZE = MAGIC_SIZE + 2 + 3 * ID_SIZE + SIGN_PUBLIC,
    LENGTH_SIZE = 4,
    NUMBER_SIZE = 4,
    PART_HEAD = NUMBER_SIZE + 1 + HASH_SIZE,
    PART_LEAST = BOX_EXTRA + PART_HEAD
};

static void put_number(struct buffer *ret, uint32_t number) {
    for (int shift = 24; shift >= 0; shift -= 8)
        buffer_append_byte(ret, (uint8_t)(number >> shift));
}

static uint32_t number_at(const uint8_t *data) {
    return (uint32_t)data[0] << 24 | (uint32_t)data[1] << 16 | (uint32_t)data[2] << 8 |
           data[3];
}

/* --- packing ------------------------------------------------------------------------- */

void parcel_begin(const struct parcel_head *head, struct parcel_writer *ret,
                  struct buffer *ret_parcel) {
    struct buffer bytes = buffer_make(HEAD_SIZE);
    buffer_append(&bytes, MAGIC, MAGIC_SIZE);
    buffer_append_byte(&bytes, PARCEL_FORMAT);
    buffer_append_byte(&bytes, (uint8_t)head->kind);
    buffer_append(&bytes, head->id.bytes, ID_SIZE);
    buffer_append(&bytes, head->org.bytes, ID_SIZE);
    buffer_append(&bytes, head->device.bytes, ID_SIZE);
    buffer_append(&bytes, head->recipient.bytes, SIGN_PUBLIC);
    *ret = (struct parcel_writer){.head = *head};
    hash_blake2b(buffer_bytes(&bytes), ret->hash);
    buffer_append(ret_parcel, bytes.data, bytes.size);
    ret_parcel->failed |= bytes.failed;
    buffer_free(&bytes);
}

int parcel_add(struct parcel_writer *writer, struct bytes message, bool last,
               const uint8_t seed[BOX_SEED], struct buffer *ret_parcel,
               struct error *error) {
    assert(message.size <= LIMIT_RESPONSE);
    size_t size = PART_LEAST + message.size;
    size_t before = ret_parcel->size;
    if (ret_parcel->maximum - before < LENGTH_SIZE + size)
        return error_set(error, "parcel.size", NULL,
                         "A bundle file has at most %zu bytes.", ret_parcel->maximum);
    struct buffer part = buffer_make(message.size + PART_HEAD);
    put_number(&part, writer->count);
    buffer_append_byte(&part, last);
    buffer_append(&part, writer->hash, HASH_SIZE);
    buffer_append(&part, message.data, message.size);
    put_number(ret_parcel, (uint32_t)size);
    int failed = part.failed ? error_out_of_memory(error)
                             : seal_box(&writer->head.recipient, seed,
                                        buffer_bytes(&part), ret_parcel, error);
    buffer_free(&part);
    if (failed)
        ret_parcel->size = before;
    else
        writer->count++;
    return failed;
}

/* --- unpacking ----------------------------------------------------------------------- */

int parcel_open(struct bytes parcel, struct parcel_reader *ret, struct error *error) {
    if (parcel.size < HEAD_SIZE || memcmp(parcel.data, MAGIC, MAGIC_SIZE) != 0)
        return error_set(error, "parcel.format", NULL,
                         "This is no bundle file of Satchel, or only its beginning.");
    const uint8_t *at = parcel.data + MAGIC_SIZE;
    if (at[0] > PARCEL_FORMAT)
        return error_set(error, "parcel.newer", NULL,
                         "This bundle file was made by a newer program: install that.");
    if (at[0] != PARCEL_FORMAT || (at[1] != PARCEL_QUESTIONS && at[1] != PARCEL_ANSWERS))
        return error_set(error, "parcel.format", NULL,
                         "This bundle file says something that no program writes.");
    *ret = (struct parcel_reader){.head = {.kind = at[1]}};
    memcpy(ret->head.id.bytes, at + 2, ID_SIZE);
    memcpy(ret->head.org.bytes, at + 2 + ID_SIZE, ID_SIZE);
    memcpy(ret->head.device.bytes, at + 2 + 2 * ID_SIZE, ID_SIZE);
    memcpy(ret->head.recipient.bytes, at + 2 + 3 * ID_SIZE, SIGN_PUBLIC);
    hash_blake2b((struct bytes){parcel.data, HEAD_SIZE}, ret->hash);
    ret->rest = (struct bytes){parcel.data + HEAD_SIZE, parcel.size - HEAD_SIZE};
    return 0;
}

static int damaged(struct error *error) {
    return error_set(error, "parcel.damaged", NULL,
                     "The bundle file was altered on its way: it is not what its sender "
                     "wrote.");
}

/* The next box, within what is there. */
static int take_box(struct parcel_reader *reader, struct bytes *ret,
                    struct error *error) {
    struct bytes rest = reader->rest;
    uint32_t size = rest.size < LENGTH_SIZE ? 0 : number_at(rest.data);
    if (rest.size < LENGTH_SIZE || size > rest.size - LENGTH_SIZE)
        return error_set(error, "parcel.truncated", NULL,
                         "The bundle file ends too early: bring the whole of it.");
    if (size < PART_LEAST)
        return damaged(error);
    *ret = (struct bytes){rest.data + LENGTH_SIZE, size};
    reader->rest =
        (struct bytes){rest.data + LENGTH_SIZE + size, rest.size - LENGTH_SIZE - size};
    return 0;
}

/* Takes an opened part's own head off; what is left in `ret` is the message. */
static int check_part(struct parcel_reader *reader, size_t before, struct buffer *ret,
                      struct error *error) {
    const uint8_t *part = ret->data + before;
    bool last = part[NUMBER_SIZE] == 1;
    bool fits = number_at(part) == reader->count &&
                memcmp(part + NUMBER_SIZE + 1, reader->hash, HASH_SIZE) == 0 &&
                (!last || reader->rest.size == 0);
    if (!fits) {
        ret->size = before;
        return damaged(error);
    }
    ret->size -= PART_HEAD;
    memmove(ret->data + before, part + PART_HEAD, ret->size - before);
    reader->count++;
    reader->ended = last;
    return 0;
}

int parcel_next(struct parcel_reader *reader, const struct sign_keys *keys,
                struct buffer *ret, struct error *error) {
    struct bytes box;
    struct error why = {0};
    size_t before = ret->size;
    assert(!reader->ended);
    if (memcmp(keys->public_key, reader->head.recipient.bytes, SIGN_PUBLIC) != 0)
        return error_set(error, "parcel.recipient", NULL,
                         "This bundle file is encrypted for somebody else.");
    if (take_box(reader, &box, error) != 0)
        return -1;
    if (seal_box_open(keys, box, ret, &why) != 0)
        return error_is(&why, "seal.box") ? damaged(error) : error_out_of_memory(error);
    return check_part(reader, before, ret, error);
}
