/* What the console's pages ask of headquarters (/api/hq): invitations, devices, passwords. */
#ifndef SATCHEL_SATCHELD_CONSOLE_ADMIN_H
#define SATCHEL_SATCHELD_CONSOLE_ADMIN_H

#include "server/server.h"

struct console_admin {
    const struct server_options *server;
    struct server *running;
};

/* As web_admin's call; `context` is the struct. Errors: path.unknown, json.invalid, parameter.*, those of server.h */
int console_admin_call(void *context, const char *name, const struct id *actor,
                       const char *json, struct buffer *ret_json, struct error *error);

#endif
