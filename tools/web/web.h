/*
 * A station over HTTP: the pages and, under /api, what they work with. README.md is the contract.
 *
 * `satchel app` serves one's own station, opened with a key; `satcheld serve --console` serves headquarters', where
 * everybody signs in with a secret. Both are this.
 */
#ifndef SATCHEL_TOOLS_WEB_WEB_H
#define SATCHEL_TOOLS_WEB_WEB_H

#include "schema/base/bytes.h"
#include "schema/base/env.h"
#include "schema/base/error.h"

struct web;
struct app_asset;

enum { WEB_PATH = 4096 };

enum web_mode { WEB_APP, WEB_CONSOLE };

/* What only headquarters can do. `name`: invite, invitations, devices, revoke, access; `actor`: who asks, a person
 * with the role hq or admin; `json`: the arguments, an object. Appends the result to `ret_json`. Called from many threads. */
struct web_admin {
    void *context;
    int (*call)(void *context, const char *name, const struct id *actor, const char *json,
                struct buffer *ret_json, struct error *error);
};

struct web_options {
    enum web_mode mode;
    const char *home; /* in WEB_APP it may hold no station yet: the page enrols it */
    const char *listen;
    const char *certificate; /* PEM with key and chain for HTTPS; NULL: plain HTTP */
    bool allow_plain; /* plain HTTP beyond loopback, because a proxy stands in front */
    const char
        *address; /* a URL under which people reach it through a proxy or by a name;
                           * NULL: the address it listens on */
    bool auto_sync;
    const struct app_asset *assets; /* must stay until web_stop */
    size_t asset_count;
    const char *asset_folder;      /* files to serve instead of `assets`; NULL: none */
    const struct web_admin *admin; /* copied; NULL: no /api/hq */
    const struct env *env;         /* NULL: the operating system */
    /* What the HTTP library complains about; may be NULL. */
    void (*log)(void *context, const char *message);
    void *log_context;
};

/* Opens the station, listens, answers. Errors: web.plain, server.listen, server.certificate, those of
 * satchel_open, web.key, web.assets */
int web_start(const struct web_options *options, struct web **ret, struct error *error);
/* The address it really listens on, "127.0.0.1:8790". */
const char *web_address(const struct web *web);
/* What to open in a browser; in WEB_APP with the key, "http://127.0.0.1:8790/?key=…". */
const char *web_link(const struct web *web);
/* A file that takes a browser to that link, for a command line that others can read. Error: web.key */
int web_link_file(const struct web *web, char ret_path[WEB_PATH], struct error *error);
/* Answers what is being asked, closes the station. NULL is fine. */
void web_stop(struct web *web);

#endif
