/*
 * An opened station with its person signed in: what nearly every subcommand begins with.
 */
#ifndef SATCHEL_TOOLS_STATION_H
#define SATCHEL_TOOLS_STATION_H

#include "tools/satchel/arguments.h"

struct station {
    satchel *handle;
    satchel_session *session; /* NULL after station_open_only */
    char currency[8];         /* the company's; "" when the station cannot tell */
};

/* Opens the invocation's home and signs its actor in. Close with cli_station_close in any case. */
int cli_station_open(const struct invocation *invocation, struct station *ret,
                 satchel_error *error);
/* Without signing in: for sync, status, verify. */
int station_open_only(const struct invocation *invocation, struct station *ret,
                      satchel_error *error);
void cli_station_close(struct station *station);

/* The company's currency, NULL when unknown. */
const char *station_currency(const struct station *station);

#endif
