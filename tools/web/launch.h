/*
 * The key that `satchel app` prints: whoever opens the address once is known to this station.
 */
#ifndef SATCHEL_TOOLS_WEB_LAUNCH_H
#define SATCHEL_TOOLS_WEB_LAUNCH_H

#include "client-core/home.h"

enum { LAUNCH_KEY = 32 }; /* characters: 20 random bytes in base32 */

/* The key in HOME/app.key (0600); made, with the folder, when there is none or others could read it. Error: web.key */
int launch_key(const char *home, const struct env *env, char ret_key[LAUNCH_KEY + 1],
               struct error *error);
/* Writes HOME/app.html (0600), a page that goes to `link`: a browser is started with its path, since others on this machine can
 * see what a program was started with. Error: web.key */
int launch_page(const char *home, const char *link, char ret_path[HOME_PATH],
                struct error *error);

#endif
