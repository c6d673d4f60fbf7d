/*
 * What there is to do and to ask, and how the station stands: the catalogue and the state as JSON.
 */
#ifndef SATCHEL_CLIENT_DESCRIBE_H
#define SATCHEL_CLIENT_DESCRIBE_H

#include "client-core/identity.h"

/* Appends {"commands": […], "queries": […]} */
void describe_put(const struct catalogue *catalogue, struct buffer *ret_json);

/* Appends the object of satchel_status. */
int status_put(struct replica *replica, const char *home, const struct identity *identity,
               struct buffer *ret_json, struct error *error);

#endif
