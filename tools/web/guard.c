/*
 * Ports are left out when hosts are compared: people forward them, and an attacker's page has another name, not
 * another port. Origins are compared whole.
 */
#include "tools/web/guard.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "server/http.h"

/* "[::1]:80" → "[::1]", "name:80" → "name" */
static size_t host_size(const char *host) {
    if (host[0] == '[')
        return strcspn(host, "]") + (strchr(host, ']') != NULL);
    return strcspn(host, ":/");
}

static bool host_is(const char *host, const char *name) {
    return strlen(name) == host_size(host) && strncasecmp(host, name, strlen(name)) == 0;
}

void guard_make(struct guard *guard, const char *listen, const char *address, bool tls) {
    memset(guard, 0, sizeof *guard);
    guard->loopback = http_is_loopback(listen);
    guard->tls = tls;
    if (gethostname(guard->machine, sizeof guard->machine - 1) != 0)
        guard->machine[0] = '\0';
    const char *host = address != NULL ? strstr(address, "://") : NULL;
    if (host != NULL) {
        host += 3;
        guard->name_tls = strncasecmp(address, "https:", 6) == 0;
        snprintf(guard->name, sizeof guard->name, "%.*s", (int)host_size(host), host);
    }
}

/* A number cannot be rebound. */
static bool is_number(const char *host, size_t size) {
    return host[0] == '[' || strspn(host, "0123456789.") == size;
}

bool guard_host(const struct guard *guard, const char *host) {
    if (host == NULL || host_size(host) == 0 || strlen(host) >= GUARD_HOST)
        return false;
    if (guard->name[0] != '\0' && host_is(host, guard->name))
        return true;
    if (host_is(host, "localhost") || host_is(host, "[::1]"))
        return true;
    if (guard->loopback)
        return strncmp(host, "127.", 4) == 0 && is_number(host, host_size(host));
    return guard->tls || is_number(host, host_size(host)) ||
           host_is(host, guard->machine);
}

bool guard_secure(const struct guard *guard, const char *host) {
    return guard->tls || (guard->name_tls && host_is(host, guard->name));
}

bool guard_origin(const struct guard *guard, const char *host, const char *origin) {
    char expected[GUARD_HOST + 16];
    if (host == NULL || origin == NULL)
        return false;
    snprintf(expected, sizeof expected, "%s://%s",
             guard_secure(guard, host) ? "https" : "http", host);
    return strcasecmp(origin, expected) == 0;
}

static bool take(const char *from, size_t size, char *ret_value, size_t room) {
    if (size >= room)
        return false;
    memcpy(ret_value, from, size);
    ret_value[size] = '\0';
    return true;
}

/* In "name=value", parted by one of `separators`. */
static bool find_pair(const char *text, const char *name, const char *separators,
                      char *ret_value, size_t room) {
    size_t name_size = strlen(name);
    while (text != NULL && *text != '\0') {
        text += strspn(text, separators);
        size_t size = strcspn(text, separators);
        if (size > name_size && text[name_size] == '=' &&
            strncmp(text, name, name_size) == 0)
            return take(text + name_size + 1, size - name_size - 1, ret_value, room);
        text += size;
    }
    return false;
}

bool guard_cookie(const char *header, const char *name, char *ret_value, size_t size) {
    return find_pair(header, name, "; ", ret_value, size);
}

bool guard_parameter(const char *query, const char *name, char *ret_value, size_t size) {
    return find_pair(query, name, "&", ret_value, size);
}
