/*
 * Headquarters' own pages: a station inside the server's process (DIR/console), on which every active person may sign
 * in, with a password that headquarters gave him.
 *
 * It enrols itself over loopback at its first start. A thread of its own starts it and tries again when that
 * fails; the server does not wait for it and is not harmed by it.
 */
#ifndef SATCHEL_SATCHELD_CONSOLE_H
#define SATCHEL_SATCHELD_CONSOLE_H

#include "server/server.h"

struct console;

struct console_options {
    const struct server_options *server; /* must stay until console_stop */
    struct server *running;
    const char *listen; /* "127.0.0.1:8788" */
    const char
        *address; /* the URL that people use through a proxy; NULL: where it listens */
};

/* Is this a place where it may listen? server.listen, web.plain */
int console_check(const struct server_options *server, const char *listen,
                  struct error *error);
int console_start(const struct console_options *options, struct console **ret,
                  struct error *error);
void console_stop(struct console *console); /* NULL is fine */

/* Gives a person (id, code or name) a new password on the console of this folder, also beside the server that runs it.
 * console.missing (it never ran, or has no data yet), sign_in.unknown, sign_in.ambiguous, sign_in.inactive */
enum { PASSWORD_SIZE = 24 };
int console_access(const struct server_options *server, const char *user,
                   char ret_password[PASSWORD_SIZE], struct error *error);

#endif
