/*
 * The payload of a bundle: its transactions as columns (see payload.c), before compression.
 */
#ifndef SATCHEL_SYNC_PAYLOAD_H
#define SATCHEL_SYNC_PAYLOAD_H

#include "schema/base/error.h"
#include "sync/change.h"
#include "sync/pack.h"
#include "sync/wire.h"

/* Appends; ret->failed says whether there was room. */
void payload_encode(const struct transaction *transactions, size_t count,
                    struct buffer *ret);

/* `count`: how many there must be. What is returned borrows from `data` and `arena`.
 * Codes: bundle.payload, wire.*, memory */
int payload_decode(struct bytes data, size_t count, struct arena *arena,
                   struct transaction **ret, struct error *error);

/* A command's name: letters a to z, digits, '_' and '.'. In memory of the arena. */
int payload_read_command(const struct wire_node *node, struct arena *arena,
                         const char **ret, struct error *error);

/* The ids of transactions, as runs of those that follow each other: prefix (8 bytes), first counter, how many; again until
 * all have one. false: that is not what is there. */
void payload_put_runs(const struct transaction *transactions, size_t count,
                      struct buffer *ret);
bool payload_read_runs(struct pack_reader *from, struct transaction *transactions,
                       size_t count);

#endif
