/*
 * Headquarters without sockets: what a body that was posted to a path is answered.
 */
#ifndef SATCHEL_TESTS_SUPPORT_ROUTES_H
#define SATCHEL_TESTS_SUPPORT_ROUTES_H

#include "schema/base/bytes.h"

struct server;

/* false: nothing is there. */
bool routes_answer(struct server *server, const char *path, struct bytes body,
                   struct buffer *ret, int *ret_status);

#endif
