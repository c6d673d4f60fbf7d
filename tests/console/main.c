/*
 * satchel-console invite DATA ADDRESS CEILING ID…   prints an invitation for one station of several people
 * satchel-console access HOME USER SECRET|-         sets a person's secret there, or takes it away
 * satchel-console serve HOME LISTEN [PEM]           serves the station as a console until SIGTERM; prints its address
 *
 * What is headquarters' business answers with what it was asked, {"name", "actor", "json"}, or fails with the code
 * "hq.failed" when the arguments have a member "fail". For tests of the web interface alone.
 */
#include <pthread.h>
#include <satchel.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client-core/json.h"
#include "schema/embedded.h"
#include "server/internal.h"
#include "server/station.h"
#include "tools/web/web.h"

static _Noreturn void give_up(const struct error *error) {
    fprintf(stderr, "satchel-console: %s (%s)\n", error->message, error->code);
    exit(1);
}

static void invite(const char *data, const char *address, const char *ceiling,
                   char **people, size_t count) {
    struct error error = {0};
    struct master *master = NULL;
    struct server_options options = {.data = data, .env = env_system()};
    struct catalogue *catalogue = NULL;
    struct invite invite = {.actor_count = count};
    struct invitation invitation = {0};
    if (seal_start(&error) != 0 ||
        catalogue_load(embedded_files, embedded_file_count, &catalogue, &error) != 0)
        give_up(&error);
    options.catalogue = catalogue;
    if (server_open_master(&options, &master, &error) != 0)
        give_up(&error);
    for (size_t i = 0; i < count && i < CERTIFICATE_ACTORS; i++)
        if (!id_parse(people[i], &invite.actors[i]))
            give_up(&(struct error){.message = "an id is needed"});
    invite.expires_at = options.env->wall_ms(options.env->context) + INVITATION_MS;
    snprintf(invite.ceiling, sizeof invite.ceiling, "%s", ceiling);
    if (master_begin(master, &error) != 0 ||
        station_invite(master, &invite, invitation.token, &error) != 0 ||
        master_commit(master, &error) != 0)
        give_up(&error);
    struct buffer text = buffer_make(LIMIT_TEXT);
    snprintf(invitation.address, sizeof invitation.address, "%s", address);
    memcpy(invitation.server_key.bytes, master->keys.public_key, SIGN_PUBLIC);
    invitation_format(&invitation, &text);
    puts(buffer_text(&text));
    buffer_free(&text);
    master_close(master);
    catalogue_free(catalogue);
}

static void set_access(const char *home, const char *user, const char *secret) {
    satchel *station = NULL;
    struct error error = {0};
    satchel_error *outer = (satchel_error *)(void *)&error;
    if (satchel_open(&(satchel_options){.home = home}, &station, outer) != 0 ||
        satchel_set_secret_for(station, user, strcmp(secret, "-") == 0 ? NULL : secret,
                               outer) != 0)
        give_up(&error);
    satchel_close(station);
}

static int call(void *context, const char *name, const struct id *actor, const char *json,
                struct buffer *ret_json, struct error *error) {
    (void)context;
    if (strstr(json, "\"fail\"") != NULL)
        return error_set(error, "hq.failed", "fail", "it was asked to fail");
    buffer_printf(ret_json, "{\"name\":\"%s\",\"actor\":", name);
    json_put_id(ret_json, *actor);
    buffer_printf(ret_json, ",\"json\":%s}", json);
    return 0;
}

static void serve(const char *home, const char *listen, const char *certificate) {
    struct error error = {0};
    struct web *web = NULL;
    sigset_t ends;
    int received = 0;
    const struct web_admin admin = {.call = call};
    const struct web_options options = {.mode = WEB_CONSOLE,
                                        .home = home,
                                        .listen = listen,
                                        .certificate = certificate,
                                        .auto_sync = true,
                                        .admin = &admin};
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &ends, NULL);
    signal(SIGPIPE, SIG_IGN);
    if (web_start(&options, &web, &error) != 0)
        give_up(&error);
    puts(web_link(web));
    (void)fflush(stdout);
    sigwait(&ends, &received);
    web_stop(web);
}

int main(int count, char **arguments) {
    const char *what = count > 1 ? arguments[1] : "";
    if (strcmp(what, "invite") == 0 && count > 5)
        invite(arguments[2], arguments[3], arguments[4], arguments + 5,
               (size_t)count - 5);
    else if (strcmp(what, "access") == 0 && count == 5)
        set_access(arguments[2], arguments[3], arguments[4]);
    else if (strcmp(what, "serve") == 0 && count > 3)
        serve(arguments[2], arguments[3], count > 4 ? arguments[4] : NULL);
    else
        return 2;
    return 0;
}
