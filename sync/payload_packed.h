/*
 * The payload of a bundle of format 2: its transactions as columns in two streams (see payload_packed.c),
 * before compression.
 */
#ifndef SATCHEL_SYNC_PAYLOAD_PACKED_H
#define SATCHEL_SYNC_PAYLOAD_PACKED_H

#include "schema/base/error.h"
#include "sync/bundle.h"

/* Appends to both; their `failed` says whether there was room. */
void payload_packed_encode(struct transaction_list list, struct buffer *ret_dense,
                           struct buffer *ret_plain);

struct packed_payload {
    struct bytes dense;
    struct bytes plain;
};

/* `count`: how many transactions there must be. What is returned borrows from the payload and `arena`.
 * Codes: bundle.payload, wire.*, memory */
int payload_packed_decode(struct packed_payload payload, size_t count,
                          struct arena *arena, struct transaction **ret,
                          struct error *error);

#endif
