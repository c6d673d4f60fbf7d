/* The console's station: how it comes to be, and where it finds the server. */
#include "tools/satcheld/console_home.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client-core/station.h"
#include "server/tls.h"
#include "tools/satcheld/console.h"
#include "tools/web/outer.h"

enum { ADDRESS_SIZE = 400, ASIDE_MOST = 1000 };

char *console_home_path(const char *data) {
    size_t size = strlen(data) + sizeof "/console";
    char *path = malloc(size);
    if (path != NULL) {
        snprintf(path, size, "%s/console", data);
    }
    return path;
}

/* The server of this process, by loopback, with the pin of whatever it shows: an authority's certificate is not for
 * 127.0.0.1. */
static int find_server(const struct console_home *home, char ret[ADDRESS_SIZE],
                       struct error *error) {
    struct tls_facts facts = {0};
    const char *listens = server_address(home->running);
    const char *port = strrchr(listens, ':');
    bool any4 = strncmp(listens, "0.0.0.0:", 8) == 0;
    bool any6 = strncmp(listens, "[::]:", 5) == 0;
    if (home->certificate != NULL && tls_read(home->certificate, &facts, error) != 0) {
        return -1;
    }
    char address[SERVER_ADDRESS];
    struct buffer text = buffer_make(ADDRESS_SIZE - 1);
    snprintf(address, sizeof address, "%s://%s%s", home->certificate ? "https" : "http",
             any4   ? "127.0.0.1"
             : any6 ? "[::1]"
                    : listens,
             any4 || any6 ? port : "");
    pinned_address_format(address, &facts.pin, &text);
    snprintf(ret, ADDRESS_SIZE, "%s", buffer_text(&text));
    buffer_free(&text);
    return 0;
}

static void all_roles(const struct catalogue *catalogue, char ret[256]) {
    size_t size = 0;
    ret[0] = '\0';
    for (size_t i = 0; i < LIMIT_ROLES && size < 200; i++) {
        if (catalogue->role_names[i] != NULL) {
            size += (size_t)snprintf(ret + size, 256 - size, "%s%s", size ? " " : "",
                                     catalogue->role_names[i]);
        }
    }
}

static int enrol_new(const struct console_home *home, const char *address,
                     struct error *error) {
    char roles[256];
    struct buffer invitation = buffer_make(LIMIT_TEXT);
    all_roles(home->server->catalogue, roles);
    const struct invite_options invite = {
        .everyone = true, .ceiling = roles, .name = "Console", .valid_ms = SEEN_EVERY_MS};
    int result = server_invite(home->server, &invite, &invitation, error);
    if (result == 0) {
        result =
            satchel_enrol(&(satchel_enrol_options){.home = home->path,
                                                   .invitation = buffer_text(&invitation),
                                                   .name = "Console",
                                                   .address = address},
                          outer(error));
    }
    buffer_free(&invitation);
    return result;
}

int console_home_enrol(const struct console_home *home, struct error *error) {
    char address[ADDRESS_SIZE];
    struct satchel *station = NULL;
    if (find_server(home, address, error) != 0) {
        return -1;
    }
    if (satchel_open(&(satchel_options){.home = home->path}, &station, outer(error)) !=
        0) {
        bool missing =
            error_is(error, "station.missing") || error_is(error, "station.not_enrolled");
        return missing ? (error_clear(error), enrol_new(home, address, error)) : -1;
    }
    int result = satchel_move(station, address, NULL, outer(error));
    satchel_close(station);
    return result;
}

int console_home_sync(const struct console_home *home, satchel_progress_function progress,
                      void *context, struct error *error) {
    struct satchel *station = NULL;
    if (satchel_open(&(satchel_options){.home = home->path}, &station, outer(error)) !=
        0) {
        return -1;
    }
    int result = satchel_sync(station, progress, context, NULL, outer(error));
    satchel_close(station);
    return result;
}

int console_home_set_aside(const struct console_home *home, struct error *error) {
    char path[HOME_PATH];
    for (int number = 1; number < ASIDE_MOST; number++) {
        snprintf(path, sizeof path, "%s.%d", home->path, number);
        if (access(path, F_OK) != 0 && rename(home->path, path) == 0) {
            return 0;
        }
    }
    return error_from_system(error, "console.folder", NULL, "data", errno,
                             "cannot set aside", home->path);
}

/* --- passwords --------------------------------------------------------------------------------------- */

/* Four groups of four that nobody mixes up when he reads them out: 80 bits. */
static void make_password(const struct env *env, char ret[PASSWORD_SIZE]) {
    static const char DIGITS[] = "23456789abcdefghijkmnpqrstuvwxyz";
    uint8_t dice[16];
    size_t size = 0;
    env->random(env->context, dice, sizeof dice);
    for (size_t i = 0; i < sizeof dice; i++) {
        if (i > 0 && i % 4 == 0) {
            ret[size++] = '-';
        }
        ret[size++] = DIGITS[dice[i] % 32];
    }
    ret[size] = '\0';
    seal_wipe(dice, sizeof dice);
}

static int open_console(const struct server_options *server, struct satchel **ret,
                        struct error *error) {
    char *path = console_home_path(server->data);
    if (path == NULL) {
        return error_out_of_memory(error);
    }
    int result = satchel_open(&(satchel_options){.home = path}, ret, outer(error));
    free(path);
    return result != 0 && (error_is(error, "station.missing") ||
                           error_is(error, "station.not_enrolled"))
               ? error_set(error, "console.missing", "data",
                           "this server has no console yet; start it with satcheld serve "
                           "--console 127.0.0.1:8788")
               : result;
}

int console_access(const struct server_options *server, const char *user,
                   char ret_password[PASSWORD_SIZE], struct error *error) {
    struct satchel *station = NULL;
    if (open_console(server, &station, error) != 0) {
        return -1;
    }
    make_password(server->env, ret_password);
    int result = station_give_secret(station, user, ret_password, error);
    satchel_close(station);
    return result;
}
