/*
 * Roles: what the signed-in person may do at this station.
 */
#ifndef SATCHEL_CLIENT_ROLES_H
#define SATCHEL_CLIENT_ROLES_H

#include "client-core/replica.h"

/* The person's present roles, of which the device's certificate lets through those in `ceiling`. */
int roles_of(struct replica *replica, const struct id *user, role_set ceiling,
             role_set *ret, struct error *error);
/* Role names separated by blanks → set; unknown ones (of a newer server) are left out. */
role_set roles_of_text(const struct catalogue *catalogue, const char *names);
/* "rep, manager" */
void roles_put(const struct catalogue *catalogue, role_set roles, struct buffer *text);
/* ["rep","manager"] */
void roles_put_json(const struct catalogue *catalogue, role_set roles,
                    struct buffer *json);
/* role.missing, with what is needed and what the person has. */
int roles_check(const struct catalogue *catalogue, const struct operation *operation,
                role_set roles, struct error *error);

#endif
