/*
 * /api/hq: handed to the server beside this console, for the roles hq and admin.
 */
#include <string.h>

#include "client-core/station.h"
#include "tools/satchel/json.h"
#include "tools/web/internal.h"

enum { LIMIT_HQ_JSON = 64 * 1024 * 1024 };

static int check_role(const struct visit *visit, struct error *error) {
    char *text = NULL;
    bool may = false;
    if (satchel_session_user(visit->session->handle, &text, outer(error)) != 0)
        return -1;
    struct node *user = node_read(text, NULL, 0);
    const struct node *roles = node_member(user, "roles");
    for (size_t i = 0; i < node_count(roles); i++) {
        const char *role = node_text(node_at(roles, i));
        may = may ||
              (role != NULL && (strcmp(role, "hq") == 0 || strcmp(role, "admin") == 0));
    }
    node_release(user);
    satchel_free(text);
    return may ? 0
               : error_set(error, "role.missing", NULL,
                           "this is for the roles hq and admin");
}

/* Whoever gets another first password is no longer signed in with the old one; but who gives himself one has to see it
 * first. */
static void look_again(const struct visit *visit) {
    (void)station_renew_session(visit->session->handle, NULL);
    sessions_look_again(visit->web->sessions);
}

void api_hq(struct visit *visit) {
    struct error error = {0};
    struct id actor;
    const struct web_admin *admin = &visit->web->admin;
    const char *name = visit->request->path + strlen("/api/hq/");
    struct buffer json = buffer_make(LIMIT_HQ_JSON);
    int failed = 0;
    if (admin->call == NULL)
        failed = error_set(&error, "path.unknown", "path", "only a console has /api/hq");
    if (!failed)
        failed = check_role(visit, &error);
    if (!failed && !id_parse(visit->session->user, &actor))
        failed = error_set(&error, "session.missing", NULL, "sign in first");
    if (!failed)
        failed = admin->call(admin->context, name, &actor,
                             visit->json[0] != '\0' ? visit->json : "{}", &json, &error);
    if (failed) {
        visit_fail(visit, &error);
    } else {
        if (strcmp(name, "access") == 0)
            look_again(visit);
        visit_answer_buffer(visit, &json);
    }
    buffer_free(&json);
}
