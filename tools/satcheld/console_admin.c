/* The requests of /api/hq, handed to the server's own functions. */
#include "tools/satcheld/console_admin.h"

#include <string.h>

#include "tools/qr/qr.h"
#include "tools/satchel/json.h"
#include "tools/satcheld/console.h"

enum { USERS_MOST = 500, DAYS_MOST = 365 };

struct hq_call {
    const struct console_admin *admin;
    const struct id *actor;
    const struct node *body;
    struct buffer *json;
};

/* A member that must be a text; NULL with the error filled otherwise. */
static const char *need_text(const struct hq_call *call, const char *name,
                             struct error *error) {
    const char *text = node_text(node_member(call->body, name));
    if (text == NULL || text[0] == '\0') {
        error_set(error, "parameter.missing", name, "%s is missing", name);
        return NULL;
    }
    return text;
}

static void append(struct hq_call *call, struct node *node) {
    char *text = node_write(node);
    if (text == NULL) {
        call->json->failed = true;
    } else {
        buffer_append(call->json, text, strlen(text));
    }
    node_free_text(text);
    node_release(node);
}

/* --- invitations ------------------------------------------------------------------------------ */

static int add_invited(void *context, const struct invited *invited,
                       struct error *error) {
    struct node *list = context;
    struct buffer qr = buffer_make(LIMIT_JSON);
    char user[ID_TEXT_SIZE];
    int result = qr_svg(invited->invitation, &qr, error);
    if (result == 0) {
        struct node *row = node_object();
        id_format(invited->user, user);
        node_set_text(row, "user", user);
        node_set_text(row, "name", invited->name);
        node_set_text(row, "invitation", invited->invitation);
        node_set_integer(row, "expires_at", invited->expires_at);
        node_set_text(row, "qr", buffer_text(&qr));
        node_append(list, row);
    }
    buffer_free(&qr);
    return result;
}

static int read_users(const struct hq_call *call, const char *ret[USERS_MOST],
                      size_t *ret_count, struct error *error) {
    const struct node *users = node_member(call->body, "users");
    *ret_count = node_count(users);
    if (node_kind(users) != NODE_ARRAY || *ret_count == 0 || *ret_count > USERS_MOST) {
        return error_set(error, "parameter.invalid", "users",
                         "name 1 to %d people in an array", USERS_MOST);
    }
    for (size_t i = 0; i < *ret_count; i++) {
        ret[i] = node_text(node_at(users, i));
        if (ret[i] == NULL) {
            return error_set(error, "parameter.invalid", "users",
                             "people are named by their ids");
        }
    }
    return 0;
}

static int read_days(const struct hq_call *call, int64_t *ret_ms, struct error *error) {
    const struct node *node = node_member(call->body, "days");
    int64_t days = node_integer(node);
    if (node_kind(node) == NODE_NULL) {
        *ret_ms = INVITATION_MS;
        return 0;
    }
    if (node_kind(node) != NODE_INTEGER || days < 1 || days > DAYS_MOST) {
        return error_set(error, "parameter.invalid", "days",
                         "an invitation holds 1 to %d days", DAYS_MOST);
    }
    *ret_ms = days * 86400000;
    return 0;
}

static int call_invite(struct hq_call *call, struct error *error) {
    const char *users[USERS_MOST];
    struct invited_people whom = {.users = users};
    struct invite_options invite = {.name = node_text(node_member(call->body, "name"))};
    if (read_users(call, users, &whom.count, error) != 0 ||
        read_days(call, &invite.valid_ms, error) != 0) {
        return -1;
    }
    struct node *list = node_array();
    int result = server_invite_people(call->admin->server, &invite, &whom, add_invited,
                                      list, error);
    if (result == 0) {
        append(call, list);
    } else {
        node_release(list);
    }
    return result;
}

static int call_invitations(struct hq_call *call, struct error *error) {
    return server_invitations(call->admin->server, call->json, error);
}

/* --- devices -------------------------------------------------------------------------------------- */

static int call_devices(struct hq_call *call, struct error *error) {
    return server_devices(call->admin->server, call->admin->running, call->json, error);
}

static int call_revoke(struct hq_call *call, struct error *error) {
    struct revoke_options revoke = {
        .invitation = node_text(node_member(call->body, "invitation")),
        .reason = node_text(node_member(call->body, "reason")),
        .by = *call->actor};
    if (revoke.invitation == NULL &&
        (revoke.device = need_text(call, "device", error)) == NULL) {
        return -1;
    }
    if (server_revoke(call->admin->server, &revoke, error) != 0) {
        return -1;
    }
    buffer_printf(call->json, "{}");
    return 0;
}

/* --- quarantine ----------------------------------------------------------------------------------- */

static int call_quarantine(struct hq_call *call, struct error *error) {
    return server_quarantine(call->admin->server, call->json, error);
}

static int settle(struct hq_call *call, bool release, struct error *error) {
    struct quarantine_options options = {.release = release, .by = *call->actor};
    struct quarantine_report report;
    if ((options.device = need_text(call, "device", error)) == NULL ||
        server_quarantine_settle(call->admin->server, &options, &report, error) != 0) {
        return -1;
    }
    buffer_printf(call->json, "{\"bundles\":%lld,\"transactions\":%lld,\"refused\":%lld}",
                  (long long)report.bundles, (long long)report.transactions,
                  (long long)report.refused);
    return 0;
}

static int call_release(struct hq_call *call, struct error *error) {
    return settle(call, true, error);
}

static int call_discard(struct hq_call *call, struct error *error) {
    return settle(call, false, error);
}

/* --- passwords --------------------------------------------------------------------------------------- */

static int call_access(struct hq_call *call, struct error *error) {
    char password[PASSWORD_SIZE];
    const char *user = need_text(call, "user", error);
    if (user == NULL || console_access(call->admin->server, user, password, error) != 0) {
        return -1;
    }
    buffer_printf(call->json, "{\"password\":\"%s\"}", password);
    seal_wipe(password, sizeof password);
    return 0;
}

/* --- which --------------------------------------------------------------------------------------------- */

struct hq_route {
    const char *name;
    int (*call)(struct hq_call *call, struct error *error);
};

int console_admin_call(void *context, const char *name, const struct id *actor,
                       const char *json, struct buffer *ret_json, struct error *error) {
    static const struct hq_route ROUTES[] = {
        {"invite", call_invite},         {"invitations", call_invitations},
        {"devices", call_devices},       {"revoke", call_revoke},
        {"quarantine", call_quarantine}, {"release", call_release},
        {"discard", call_discard},       {"access", call_access}};
    char why[160] = "";
    struct node *body = node_read(json, why, sizeof why);
    struct hq_call call = {context, actor, body, ret_json};
    int result = -1;
    if (node_kind(body) != NODE_OBJECT) {
        error_set(error, "json.invalid", "body", "the arguments are a JSON object%s%s",
                  why[0] ? ": " : "", why);
        node_release(body);
        return -1;
    }
    error_set(error, "path.unknown", "path", "there is no /api/hq/%.60s", name);
    for (size_t i = 0; i < sizeof ROUTES / sizeof *ROUTES; i++) {
        if (strcmp(name, ROUTES[i].name) == 0) {
            error_clear(error);
            result = ROUTES[i].call(&call, error);
        }
    }
    node_release(body);
    return result == 0 && ret_json->failed ? error_out_of_memory(error) : result;
}
