/*
 * Roles: reading, naming and checking them.
 */
#include "client-core/roles.h"

#include <string.h>

#include "client-core/json.h"

int roles_of(struct replica *replica, const struct id *user, role_set ceiling,
             role_set *ret, struct error *error) {
    static const char sql[] = "select role from engine_role where user_id = ?1";
    sqlite3_stmt *statement = replica_statement(replica, sql, error);
    role_set roles = 0;
    bool row = false;
    if (!statement)
        return -1;
    bind_id(statement, 1, user);
    do {
        if (replica_step(replica, statement, &row, error) != 0)
            return -1;
        if (row)
            roles |= catalogue_role(replica->catalogue, column_text(statement, 0));
    } while (row);
    sqlite3_reset(statement);
    *ret = roles & ceiling;
    return 0;
}

role_set roles_of_text(const struct catalogue *catalogue, const char *names) {
    role_set roles = 0;
    while (*names) {
        char name[LIMIT_NAME + 1];
        size_t size = strcspn(names, " ");
        if (size > 0 && size < sizeof name) {
            memcpy(name, names, size);
            name[size] = '\0';
            roles |= catalogue_role(catalogue, name);
        }
        names += size + (names[size] == ' ');
    }
    return roles;
}

void roles_put(const struct catalogue *catalogue, role_set roles, struct buffer *text) {
    bool first = true;
    for (size_t i = 0; i < LIMIT_ROLES; i++) {
        if (!(roles >> i & 1) || !catalogue->role_names[i])
            continue;
        buffer_printf(text, "%s%s", first ? "" : ", ", catalogue->role_names[i]);
        first = false;
    }
}

void roles_put_json(const struct catalogue *catalogue, role_set roles,
                    struct buffer *json) {
    buffer_append_byte(json, '[');
    for (size_t i = 0; i < LIMIT_ROLES; i++) {
        if (!(roles >> i & 1) || !catalogue->role_names[i])
            continue;
        json_put_comma(json);
        json_put_string(json, catalogue->role_names[i]);
    }
    buffer_append_byte(json, ']');
}

int roles_check(const struct catalogue *catalogue, const struct operation *operation,
                role_set roles, struct error *error) {
    if (operation->roles == ROLE_SET_ALL || (operation->roles & roles) != 0)
        return 0;
    struct buffer needed = buffer_make(200);
    struct buffer held = buffer_make(200);
    roles_put(catalogue, operation->roles, &needed);
    roles_put(catalogue, roles, &held);
    int failed = error_set(
        error, "role.missing", "", "%s is for the roles %s; you have %s on this station",
        operation->name, buffer_text(&needed), held.size ? buffer_text(&held) : "none");
    buffer_free(&needed);
    buffer_free(&held);
    return failed;
}
