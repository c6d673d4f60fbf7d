/*
 * Who a request comes from: the host it was sent to, the page it was sent by, its cookies. Pure functions
 * over headers.
 */
#ifndef SATCHEL_TOOLS_WEB_GUARD_H
#define SATCHEL_TOOLS_WEB_GUARD_H

#include <stdbool.h>
#include <stddef.h>

enum { GUARD_HOST = 256 };

struct guard {
    bool loopback;            /* serves this machine only */
    bool tls;                 /* so a foreign name has no certificate */
    char machine[GUARD_HOST]; /* this machine's name */
    char name
        [GUARD_HOST]; /* the host of the address people were given; "" when there is none */
    bool name_tls;    /* that address is https: */
};

/* `address`: a URL or NULL. */
void guard_make(struct guard *guard, const char *listen, const char *address, bool tls);

/* Is `host` (a Host header, NULL when it was missing) a name of this server? A page whose name was rebound to this
 * machine sends its own. */
bool guard_host(const struct guard *guard, const char *host);
/* Is `origin` (an Origin header or NULL) the server's own page at `host`? */
bool guard_origin(const struct guard *guard, const char *host, const char *origin);
/* Do people reach `host` over TLS? Then cookies are for TLS alone. */
bool guard_secure(const struct guard *guard, const char *host);

/* Finds a cookie in a Cookie header (may be NULL). False: not there, or longer than `size`. */
bool guard_cookie(const char *header, const char *name, char *ret_value, size_t size);
/* Finds a parameter in a query string; percent signs are not decoded. */
bool guard_parameter(const char *query, const char *name, char *ret_value, size_t size);

#endif
