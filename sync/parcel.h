/*
 * The parcel: what a sync round would send or receive, as a file that people carry where there is no network.
 *
 *   parcel = head · part …
 *   head   = "satchel parcel\n" · format 1 · kind (1 byte) · id (16) · org (16) · device (16) · recipient (32)
 *   part   = size (4 bytes, big-endian) · libsodium's sealed box of: number (4) · last (1) · hash of the head (32) · message
 *
 * A message is what would have been the body of a POST, or the answer to one: signed by its sender, who is proven by that.
 * The boxes hide it from whoever carries the file; numbers, `last` and the hash of the head tell when parts were left out, exchanged or
 * taken from another parcel. The head is readable, so that a file in the wrong place says where it belongs.
 */
#ifndef SATCHEL_SYNC_PARCEL_H
#define SATCHEL_SYNC_PARCEL_H

#include "schema/base/id.h"
#include "sync/seal.h"

enum { PARCEL_FORMAT = 1 };
enum parcel_kind {
    PARCEL_QUESTIONS = 1, /* a station's sync requests, for headquarters */
    PARCEL_ANSWERS = 2    /* headquarters' responses, for the station */
};

struct parcel_head {
    enum parcel_kind kind;
    struct id id; /* random: of this parcel */
    struct id org;
    struct id device;             /* the station, in both directions */
    struct sign_public recipient; /* who can open it */
};

/* --- packing: head first, then the parts in order, the last one marked ------------------ */
struct parcel_writer {
    struct parcel_head head;
    uint8_t hash[HASH_SIZE];
    uint32_t count;
};
void parcel_begin(const struct parcel_head *head, struct parcel_writer *ret,
                  struct buffer *ret_parcel);
/* `seed`: used once. Codes: parcel.size, seal.key, memory */
int parcel_add(struct parcel_writer *writer, struct bytes message, bool last,
               const uint8_t seed[BOX_SEED], struct buffer *ret_parcel,
               struct error *error);

/* --- unpacking, believing nothing -------------------------------------------------------- */
struct parcel_reader {
    struct parcel_head head;
    uint8_t hash[HASH_SIZE];
    struct bytes rest;
    uint32_t count; /* parts that were read */
    bool ended;     /* the last one was among them */
};
/* `parcel` must outlive the reader. Codes: parcel.format, parcel.newer */
int parcel_open(struct bytes parcel, struct parcel_reader *ret, struct error *error);
/* The next message, appended to `ret`; not to be asked for once the reader has ended.
 * Codes: parcel.recipient (for another key), parcel.truncated, parcel.damaged, memory */
int parcel_next(struct parcel_reader *reader, const struct sign_keys *keys,
                struct buffer *ret, struct error *error);

#endif
