/*
 * What message.c and message_sync.c share: a body is a wire array that newer senders may have lengthened.
 */
#ifndef SATCHEL_SYNC_MESSAGE_ITEMS_H
#define SATCHEL_SYNC_MESSAGE_ITEMS_H

#include "sync/items.h"

enum { MESSAGE_ITEMS = 64 };

struct message_body {
    struct wire_document *document;
    struct items items;
};

/* After success message_close must follow; it returns -1 when anything failed to be read. */
int message_open(struct bytes body, const char *what, size_t minimum,
                 struct message_body *ret, struct error *error);
int message_close(struct message_body *body);

#endif
