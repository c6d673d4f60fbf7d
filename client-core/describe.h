/*
 * What there is to do and to ask, and how the station stands: the catalogue and the state as JSON.
 */
#ifndef SATCHEL_CLIENT_DESCRIBE_H
#define SATCHEL_CLIENT_DESCRIBE_H

#include "client-core/identity.h"

/* Appends {"commands": […], "queries": […]} */
void describe_put(const struct catalogue *catalogue, struct buffer *ret_json);

/* What the replica does not know of the station. */
struct status_request {
    const char *home;
    const struct identity *identity;
    bool syncing; /* at this moment, in this process */
};
/* Appends the object of satchel_status. */
int status_put(struct replica *replica, const struct status_request *request,
               struct buffer *ret_json, struct error *error);

#endif
