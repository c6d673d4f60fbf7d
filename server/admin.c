/* What headquarters does to a server's folder: init, invite, backup. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/internal.h"

/* --- invitations --------------------------------------------------------------------------------- */

/* What stations take as an address too: http(s)://HOST[:PORT] and nothing behind it. */
static int check_address(const char *address, struct error *error) {
    size_t scheme = strncmp(address, "http://", 7) == 0    ? 7
                    : strncmp(address, "https://", 8) == 0 ? 8
                                                           : 0;
    const char *host = address + scheme;
    bool good = scheme > 0 && host[0] != '\0' && strlen(address) < 256 &&
                strpbrk(host, "/ \t@?#") == NULL;
    return good ? 0
                : error_set(error, "address.invalid", "address",
                            "\"%.100s\" is not an address such as "
                            "https://hq.example.com:8787",
                            address);
}

static int write_invitation(struct master *master, const char *address,
                            const uint8_t token[16], struct buffer *ret,
                            struct error *error) {
    struct invitation invitation = {0};
    if (strlen(address) >= sizeof invitation.address) {
        return error_set(error, "address.invalid", "address", "the address is too long");
    }
    memcpy(invitation.address, address, strlen(address) + 1);
    memcpy(invitation.token, token, sizeof invitation.token);
    memcpy(invitation.server_key.bytes, master->keys.public_key, SIGN_PUBLIC);
    invitation_format(&invitation, ret);
    return ret->failed ? error_out_of_memory(error) : 0;
}

static int invite_in_transaction(struct master *master, const struct invite *invite,
                                 uint8_t ret_token[16], struct error *error) {
    if (master_begin(master, error) != 0) {
        return -1;
    }
    if (station_invite(master, invite, ret_token, error) != 0) {
        master_rollback(master);
        return -1;
    }
    return master_commit(master, error);
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
static int people_sql(const struct catalogue *catalogue, struct buffer *ret,
                      struct error *error) {
    const struct table *conflict = catalogue_table(catalogue, "conflict");
    const struct column *loser =
        conflict ? table_column(conflict, "loser_user_id") : NULL;
    const struct table *people = loser ? loser->ref : NULL;
    if (people == NULL || people->key_count != 1) {
        return error_set(error, "catalogue.invalid", "",
                         "the schema has no table of people");
    }
    buffer_printf(ret, "select %s from %s where (%s = ?2", people->key[0]->name,
                  people->name, people->key[0]->name);
    for (size_t i = 0; i < people->lookup_count; i++) {
        buffer_printf(ret, " or fold(%s) = fold(?1)", people->lookup[i]->name);
    }
    buffer_printf(ret, ")%s limit 2",
                  people->soft_delete ? " and deleted_at is null" : "");
    return ret->failed ? error_out_of_memory(error) : 0;
}

/* The person by id, code or name. */
static int find_user(struct master *master, const char *user, struct id *ret,
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
        memcpy(ret->bytes, sqlite3_column_blob(statement, 0), ID_SIZE);
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

static int fill_invite(struct master *master, const struct invite_options *options,
                       struct invite *ret, struct error *error) {
    memset(ret, 0, sizeof *ret);
    ret->actor_count = 1;
    int64_t valid = options->valid_ms > 0 ? options->valid_ms : INVITATION_MS;
    ret->expires_at = master->env->wall_ms(master->env->context) + valid;
    snprintf(ret->name, sizeof ret->name, "%.63s", options->name ? options->name : "");
    if (find_user(master, options->user, &ret->actors[0], error) != 0) {
        return -1;
    }
    if (options->ceiling == NULL) {
        return roles_of(master, ret->actors[0], ret->ceiling, error);
    }
    snprintf(ret->ceiling, sizeof ret->ceiling, "%.255s", options->ceiling);
    return check_ceiling(master, options->ceiling, error);
}

static int invite_with_master(struct master *master, const struct invite_options *options,
                              struct buffer *ret, struct error *error) {
    struct invite invite;
    uint8_t token[16];
    char *stored = NULL;
    if (fill_invite(master, options, &invite, error) != 0 ||
        master_setting(master->db, "address", &stored, error) != 0) {
        return -1;
    }
    const char *address = options->address ? options->address : stored;
    int result = -1;
    if (address == NULL) {
        error_set(error, "address.missing", "address",
                  "say under which address stations reach this server: --address URL");
    } else if (check_address(address, error) == 0) {
        result = invite_in_transaction(master, &invite, token, error);
    }
    if (result == 0) {
        result = write_invitation(master, address, token, ret, error);
    }
    free(stored);
    return result;
}

int server_invite(const struct server_options *options,
                  const struct invite_options *invite, struct buffer *ret_invitation,
                  struct error *error) {
    struct master *master = NULL;
    if (seal_start(error) != 0 || server_open_master(options, &master, error) != 0) {
        return -1;
    }
    int result = invite_with_master(master, invite, ret_invitation, error);
    master_close(master);
    return result;
}

/* --- init -------------------------------------------------------------------------------------------- */

static int make_company(struct master *master, const struct genesis_options *genesis,
                        const char *address, struct id *ret_admin, struct error *error) {
    struct work work;
    work_begin(&work, master);
    int result = master_begin(master, error);
    if (result == 0) {
        result = genesis_make(master, &work, genesis, ret_admin, error) ||
                         master_set_setting(master->db, "address", address, error)
                     ? -1
                     : master_commit(master, error);
    }
    if (result != 0) {
        master_rollback(master);
    }
    work_end(&work);
    return result;
}

static int init_folder(const struct server_options *options,
                       const struct genesis_options *genesis, const char *address,
                       const char *path, struct buffer *ret, struct error *error) {
    uint8_t seed[SIGN_SEED];
    struct sign_keys keys;
    struct master *master = NULL;
    struct id admin = {{0}};
    char admin_text[ID_TEXT_SIZE];
    options->env->random(options->env->context, seed, sizeof seed);
    seal_keys(seed, &keys);
    seal_wipe(seed, sizeof seed);
    int result =
        master_open(path, options->env, options->catalogue, true, &master, error);
    if (result == 0) {
        master->keys = keys;
        master->signing = true;
        result = make_company(master, genesis, address, &admin, error) ||
                         server_write_keys(options->data, &keys, error)
                     ? -1
                     : 0;
    }
    if (result == 0) {
        id_format(admin, admin_text);
        struct invite_options invite = {.user = admin_text, .name = "HQ"};
        result = invite_with_master(master, &invite, ret, error);
    }
    seal_wipe(&keys, sizeof keys);
    master_close(master);
    return result;
}

/* What a failed init leaves is taken away again. */
static void remove_folder(const char *data, bool made) {
    static const char *const FILES[] = {"master.db", "master.db-wal", "master.db-shm",
                                        "server.key"};
    for (size_t i = 0; i < sizeof FILES / sizeof *FILES; i++) {
        char *path = server_path(data, FILES[i]);
        if (path != NULL) {
            unlink(path);
        }
        free(path);
    }
    if (made) {
        rmdir(data);
    }
}

int server_init(const struct server_options *options,
                const struct genesis_options *genesis, const char *address,
                struct buffer *ret_invitation, struct error *error) {
    if (seal_start(error) != 0 || check_address(address, error) != 0) {
        return -1;
    }
    bool made = mkdir(options->data, 0700) == 0;
    if (!made && errno != EEXIST) {
        return error_from_system(error, "server.folder", NULL, "data", errno,
                                 "cannot make", options->data);
    }
    char *path = server_path(options->data, "master.db");
    char *key = server_path(options->data, "server.key");
    int result = -1;
    if (path == NULL || key == NULL) {
        error_out_of_memory(error);
    } else if (access(path, F_OK) == 0 || access(key, F_OK) == 0) {
        error_set(error, "server.exists", "data", "%.300s holds a company already",
                  options->data);
    } else {
        result = init_folder(options, genesis, address, path, ret_invitation, error);
        if (result != 0) {
            remove_folder(options->data, made);
        }
    }
    free(path);
    free(key);
    return result;
}

/* --- backup ---------------------------------------------------------------------------------------------- */

static int copy_database(const char *from, const char *to, struct error *error) {
    sqlite3 *source = NULL;
    sqlite3 *target = NULL;
    int result = -1;
    if (database_open(from, false, true, &source, error) != 0) {
        return -1;
    }
    if (sqlite3_open(to, &target) != SQLITE_OK) {
        error_from_sqlite(error, target, "making the backup");
        goto out;
    }
    sqlite3_backup *backup = sqlite3_backup_init(target, "main", source, "main");
    if (backup == NULL) {
        error_from_sqlite(error, target, "starting the backup");
        goto out;
    }
    int rc = sqlite3_backup_step(backup, -1);
    sqlite3_backup_finish(backup);
    result =
        rc == SQLITE_DONE ? 0 : error_from_sqlite(error, target, "writing the backup");
out:
    sqlite3_close(target);
    sqlite3_close(source);
    return result;
}

static int backup_into(const struct server_options *options, const char *to,
                       struct error *error) {
    struct sign_keys keys;
    char *from_path = server_path(options->data, "master.db");
    char *to_path = server_path(to, "master.db");
    int result = -1;
    if (from_path == NULL || to_path == NULL) {
        error_out_of_memory(error);
    } else if (access(to_path, F_OK) == 0) {
        error_set(error, "backup.exists", "to",
                  "%.300s holds a backup already; name another", to);
    } else if (server_read_keys(options->data, &keys, error) == 0 &&
               copy_database(from_path, to_path, error) == 0) {
        result = server_write_keys(to, &keys, error);
    }
    seal_wipe(&keys, sizeof keys);
    free(from_path);
    free(to_path);
    return result;
}

int server_backup(const struct server_options *options, const char *to,
                  struct error *error) {
    if (seal_start(error) != 0) {
        return -1;
    }
    if (mkdir(to, 0700) != 0 && errno != EEXIST) {
        return error_from_system(error, "backup.folder", NULL, "to", errno, "cannot make",
                                 to);
    }
    return backup_into(options, to, error);
}
