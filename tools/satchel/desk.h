/*
 * An opened station with its person signed in: what nearly every subcommand begins with.
 */
#ifndef SATCHEL_TOOLS_DESK_H
#define SATCHEL_TOOLS_DESK_H

#include "tools/satchel/arguments.h"

struct desk {
    satchel *handle;
    satchel_session *session; /* NULL after desk_open_only */
    char currency[8];         /* the company's; "" when the station cannot tell */
};

/* Opens the invocation's home and signs its actor in. Close with desk_close in any case. */
int desk_open(const struct invocation *invocation, struct desk *ret,
              satchel_error *error);
/* Without signing in: for sync, status, verify. */
int desk_open_only(const struct invocation *invocation, struct desk *ret,
                   satchel_error *error);
void desk_close(struct desk *desk);

/* The company's currency, NULL when unknown. */
const char *desk_currency(const struct desk *desk);

#endif
