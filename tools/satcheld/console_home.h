/* The folder of the console's station: enrolled by itself, synced, and set aside when its history is another. */
#ifndef SATCHEL_SATCHELD_CONSOLE_HOME_H
#define SATCHEL_SATCHELD_CONSOLE_HOME_H

#include <satchel.h>

#include "server/server.h"

struct console_home {
    const char *path;
    const struct server_options *server;
    struct server *running;
    const char *certificate; /* that it shows; NULL: plain HTTP */
};

char *console_home_path(const char *data); /* malloc'ed, NULL without memory */
/* Does nothing to one that is enrolled but tell it where the server is now. */
int console_home_enrol(const struct console_home *home, struct error *error);
int console_home_sync(const struct console_home *home, satchel_progress_function progress,
                      void *context, struct error *error);
/* Renames it: what it has not sent is kept there. */
int console_home_set_aside(const struct console_home *home, struct error *error);

#endif
