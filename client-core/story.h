/*
 * The story of this station's transactions, as JSON: when made, sent, answered, and what became of them.
 */
#ifndef SATCHEL_CLIENT_STORY_H
#define SATCHEL_CLIENT_STORY_H

#include "client-core/replica.h"

enum story_kind { STORY_ALL, STORY_REFUSED, STORY_ATTENTION };

/* Appends an array, newest first, at most `limit`. `user`: only that person's, NULL: everybody's. With the
 * changes of each in words that a screen can show. */
int story_put(struct replica *replica, enum story_kind kind, const struct id *user,
              int64_t limit, struct buffer *ret_json, struct error *error);

#endif
