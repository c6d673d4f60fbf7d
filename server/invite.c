/* Invitations: for one person, for several, for the station of everyone. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/internal.h"

enum { PERSON_NAME = 256, PEOPLE_MAXIMUM = 10000, INVITE_MEMORY = 128 * 1024 * 1024 };

/* Somebody who is invited. */
struct person {
    struct id id;
    char name[PERSON_NAME];
    struct invite invite;
    uint8_t token[16];
};

/* --- whom it is for ------------------------------------------------------------------------------- */

static void read_person(sqlite3_stmt *statement, struct person *ret) {
    struct bytes id = value_of_column(statement, 0).bytes;
    const char *name = (const char *)sqlite3_column_text(statement, 1);
    memcpy(ret->id.bytes, id.data, id.size == ID_SIZE ? ID_SIZE : 0);
    snprintf(ret->name, sizeof ret->name, "%s", name ? name : "");
}

/* Role names of a person, as one text. */
static int roles_of(struct master *master, struct id user, char ret[256],
                    struct error *error) {
    sqlite3_stmt *statement = master_statement(master, SQL_ROLES, error);
    size_t size = 0;
    int rc;
    if (statement == NULL) {
        return -1;
    }
    ret[0] = '\0';
    sqlite3_bind_blob(statement, 1, user.bytes, ID_SIZE, SQLITE_STATIC);
    while ((rc = sqlite3_step(statement)) == SQLITE_ROW && size < 255) {
        size += (size_t)snprintf(ret + size, 256 - size, "%s%s", size ? " " : "",
                                 (const char *)sqlite3_column_text(statement, 0));
    }
    sqlite3_reset(statement);
    if (rc != SQLITE_DONE) {
        return error_from_sqlite(error, master->db, "reading roles");
    }
    return size > 0 && size < 256
               ? 0
               : error_set(error, "user.no_role", "user", "that person has no role yet");
}

static int check_ceiling(struct master *master, const char *names, struct error *error) {
    char name[LIMIT_NAME + 1];
    while (*names != '\0') {
        size_t size = strcspn(names, " ");
        snprintf(name, sizeof name, "%.*s", (int)size, names);
        if (size > LIMIT_NAME ||
            (size > 0 && catalogue_role(master->catalogue, name) == 0)) {
            return error_set(error, "role.unknown", "ceiling",
                             "\"%s\" is not a role; roles are rep, manager, hq, admin",
                             name);
        }
        names += size;
        names += strspn(names, " ");
    }
    return 0;
}

/* The table of people is the one that conflicts name people by; its @lookup columns name them. */
static const struct table *people_of(const struct catalogue *catalogue,
                                     struct error *error) {
    const struct table *conflict = catalogue_table(catalogue, "conflict");
    const struct column *loser =
        conflict ? table_column(conflict, "loser_user_id") : NULL;
    const struct table *people = loser ? loser->ref : NULL;
    if (people == NULL || people->key_count != 1 || people->label == NULL) {
        error_set(error, "catalogue.invalid", "", "the schema has no table of people");
        return NULL;
    }
    return people;
}

int server_person_sql(const struct catalogue *catalogue, struct buffer *ret,
                      struct error *error) {
    const struct table *people = people_of(catalogue, error);
    if (people == NULL) {
        return -1;
    }
    buffer_printf(ret, "select %s from %s where %s = ?", people->label->name,
                  people->name, people->key[0]->name);
    return ret->failed ? error_out_of_memory(error) : 0;
}

static int people_sql(const struct catalogue *catalogue, struct buffer *ret,
                      struct error *error) {
    const struct table *people = people_of(catalogue, error);
    if (people == NULL) {
        return -1;
    }
    buffer_printf(ret, "select %s, %s from %s where (%s = ?2", people->key[0]->name,
                  people->label->name, people->name, people->key[0]->name);
    for (size_t i = 0; i < people->lookup_count; i++) {
        buffer_printf(ret, " or fold(%s) = fold(?1)", people->lookup[i]->name);
    }
    buffer_printf(ret, ")%s limit 2",
                  people->soft_delete ? " and deleted_at is null" : "");
    return ret->failed ? error_out_of_memory(error) : 0;
}

/* The person by id, code or name. */
static int find_user(struct master *master, const char *user, struct person *ret,
                     struct error *error) {
    struct id id = {{0}};
    sqlite3_stmt *statement = NULL;
    struct buffer sql = buffer_make(LIMIT_TEXT);
    id_parse(user, &id);
    int result = people_sql(master->catalogue, &sql, error);
    if (result == 0) {
        result = database_statement(master->db, buffer_text(&sql), &statement, error);
    }
    buffer_free(&sql);
    if (result != 0) {
        return -1;
    }
    sqlite3_bind_text(statement, 1, user, -1, SQLITE_STATIC);
    sqlite3_bind_blob(statement, 2, id.bytes, ID_SIZE, SQLITE_STATIC);
    result = sqlite3_step(statement) == SQLITE_ROW
                 ? 0
                 : error_set(error, "user.unknown", "user",
                             "there is nobody called \"%.100s\"; give a name, code or id",
                             user);
    if (result == 0) {
        read_person(statement, ret);
        result =
            sqlite3_step(statement) == SQLITE_ROW
                ? error_set(error, "user.ambiguous", "user",
                            "several people are called \"%.100s\"; give a code or an id",
                            user)
                : 0;
    }
    sqlite3_finalize(statement);
    return result;
}

/* Every active person with this role, or with any; by name. */
static int find_all(struct master *master, const char *role, struct arena *arena,
                    struct person **ret, size_t *ret_count, struct error *error) {
    const struct table *people = people_of(master->catalogue, error);
    sqlite3_stmt *statement = NULL;
    if (people == NULL) {
        return -1;
    }
    if (role != NULL && check_ceiling(master, role, error) != 0) {
        return -1;
    }
    struct buffer sql = buffer_make(LIMIT_TEXT);
    buffer_printf(&sql,
                  "select p.%s, p.%s from %s p join engine_user u on u.user_id = p.%s"
                  " where u.active and exists (select 1 from engine_role r"
                  " where r.user_id = u.user_id and (?1 is null or r.role = ?1))"
                  " order by 2, 1",
                  people->key[0]->name, people->label->name, people->name,
                  people->key[0]->name);
    int result =
        sql.failed ? error_out_of_memory(error)
                   : database_statement(master->db, buffer_text(&sql), &statement, error);
    buffer_free(&sql);
    if (result != 0) {
        return -1;
    }
    *ret = arena_alloc_array(arena, PEOPLE_MAXIMUM, sizeof **ret);
    *ret_count = 0;
    sqlite3_bind_text(statement, 1, role, -1, SQLITE_STATIC);
    int rc = SQLITE_DONE;
    while (*ret != NULL && *ret_count < PEOPLE_MAXIMUM &&
           (rc = sqlite3_step(statement)) == SQLITE_ROW) {
        read_person(statement, &(*ret)[(*ret_count)++]);
    }
    if (*ret == NULL) {
        result = error_out_of_memory(error);
    } else if (rc != SQLITE_DONE) {
        result = rc == SQLITE_ROW
                     ? error_set(error, "user.many", "user",
                                 "at most %d people are invited at once", PEOPLE_MAXIMUM)
                     : error_from_sqlite(error, master->db, "reading people");
    } else if (*ret_count == 0) {
        result =
            error_set(error, "user.unknown", "role", "there is nobody with this role");
    }
    sqlite3_finalize(statement);
    return result;
}

/* --- giving out ----------------------------------------------------------------------------------- */

static int fill_invite(struct master *master, const struct invite_options *options,
                       struct person *person, struct error *error) {
    struct invite *invite = &person->invite;
    int64_t valid = options->valid_ms > 0 ? options->valid_ms : INVITATION_MS;
    memset(invite, 0, sizeof *invite);
    invite->everyone = options->everyone;
    invite->actor_count = options->everyone ? 0 : 1;
    invite->actors[0] = person->id;
    invite->expires_at = master->env->wall_ms(master->env->context) + valid;
    snprintf(invite->name, sizeof invite->name, "%.63s",
             options->name ? options->name : "");
    if (options->ceiling == NULL) {
        return roles_of(master, person->id, invite->ceiling, error);
    }
    snprintf(invite->ceiling, sizeof invite->ceiling, "%.255s", options->ceiling);
    return check_ceiling(master, options->ceiling, error);
}

/* All of them or none. */
static int invite_in_transaction(struct master *master,
                                 const struct invite_options *options,
                                 struct person *people, size_t count,
                                 struct error *error) {
    if (master_begin(master, error) != 0) {
        return -1;
    }
    for (size_t i = 0; i < count; i++) {
        if (fill_invite(master, options, &people[i], error) != 0 ||
            station_invite(master, &people[i].invite, people[i].token, error) != 0) {
            master_rollback(master);
            return -1;
        }
    }
    return master_commit(master, error);
}

/* Which address stands in the invitations, and what its TLS key must be. */
static int fill_address(struct master *master, const struct server_options *server,
                        const struct invite_options *options, struct invitation *ret,
                        struct error *error) {
    char *stored = NULL;
    if (master_setting(master->db, "address", &stored, error) != 0) {
        return -1;
    }
    const char *address = options->address ? options->address : stored;
    int result = -1;
    if (address == NULL) {
        error_set(error, "address.missing", "address",
                  "say under which address stations reach this server: --address URL");
    } else if (server_check_address(address, error) == 0) {
        snprintf(ret->address, sizeof ret->address, "%s", address);
        result = server_pin(server, address, &ret->pin, error);
    }
    memcpy(ret->server_key.bytes, master->keys.public_key, SIGN_PUBLIC);
    free(stored);
    return result;
}

static int tell_one(const struct person *person, struct invitation *invitation,
                    invited_function told, void *context, struct error *error) {
    struct buffer text = buffer_make(LIMIT_TEXT);
    memcpy(invitation->token, person->token, sizeof invitation->token);
    invitation_format(invitation, &text);
    struct invited invited = {.user = person->id,
                              .name = person->name,
                              .invitation = buffer_text(&text),
                              .expires_at = person->invite.expires_at};
    int result =
        text.failed ? error_out_of_memory(error) : told(context, &invited, error);
    buffer_free(&text);
    return result;
}

static int give_out(struct master *master, const struct server_options *server,
                    const struct invite_options *options, struct person *people,
                    size_t count, invited_function told, void *context,
                    struct error *error) {
    struct invitation invitation = {0};
    if (fill_address(master, server, options, &invitation, error) != 0 ||
        invite_in_transaction(master, options, people, count, error) != 0) {
        return -1;
    }
    for (size_t i = 0; i < count; i++) {
        if (tell_one(&people[i], &invitation, told, context, error) != 0) {
            return -1;
        }
    }
    return 0;
}

static int keep_text(void *context, const struct invited *invited, struct error *error) {
    struct buffer *text = context;
    buffer_printf(text, "%s", invited->invitation);
    return text->failed ? error_out_of_memory(error) : 0;
}

int server_invite_with(struct master *master, const struct server_options *server,
                       const struct invite_options *options, struct buffer *ret,
                       struct error *error) {
    struct person person = {0};
    if (!options->everyone && find_user(master, options->user, &person, error) != 0) {
        return -1;
    }
    return give_out(master, server, options, &person, 1, keep_text, ret, error);
}

int server_invite(const struct server_options *options,
                  const struct invite_options *invite, struct buffer *ret_invitation,
                  struct error *error) {
    struct master *master = NULL;
    if (seal_start(error) != 0 || server_open_master(options, &master, error) != 0) {
        return -1;
    }
    int result = server_invite_with(master, options, invite, ret_invitation, error);
    master_close(master);
    return result;
}

static int find_named(struct master *master, const char *const *users, size_t count,
                      struct arena *arena, struct person **ret, struct error *error) {
    if (count == 0 || count > PEOPLE_MAXIMUM) {
        return error_set(error, "user.many", "users",
                         "1 to %d people are invited at once", PEOPLE_MAXIMUM);
    }
    *ret = arena_alloc_array(arena, count, sizeof **ret);
    if (*ret == NULL) {
        return error_out_of_memory(error);
    }
    for (size_t i = 0; i < count; i++) {
        if (find_user(master, users[i], &(*ret)[i], error) != 0) {
            return -1;
        }
    }
    return 0;
}

int server_invite_people(const struct server_options *options,
                         const struct invite_options *invite,
                         const struct invited_people *whom, invited_function told,
                         void *context, struct error *error) {
    struct master *master = NULL;
    struct arena arena = arena_make(INVITE_MEMORY);
    struct person *people = NULL;
    size_t count = whom->count;
    if (seal_start(error) != 0 || server_open_master(options, &master, error) != 0) {
        return -1;
    }
    int result = whom->users
                     ? find_named(master, whom->users, count, &arena, &people, error)
                     : find_all(master, whom->role, &arena, &people, &count, error);
    if (result == 0) {
        result = give_out(master, options, invite, people, count, told, context, error);
    }
    master_close(master);
    arena_free(&arena);
    return result;
}
