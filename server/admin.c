/* What headquarters does to a server's folder: init, the address, backup. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/files.h"
#include "server/history.h"
#include "server/internal.h"
#include "server/server_key.h"
#include "server/tls.h"

/* --- the address ------------------------------------------------------------------------------------- */

/* What stations take as an address too: http(s)://HOST[:PORT] and nothing behind it. */
int server_check_address(const char *address, struct error *error) {
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

int server_pin(const struct server_options *options, const char *address,
               struct tls_pin *ret, struct error *error) {
    struct tls_facts facts = {0};
    *ret = (struct tls_pin){0};
    char *path = server_certificate(options);
    int result = 0;
    if (path != NULL && strncmp(address, "https://", 8) == 0) {
        result = tls_read(path, &facts, error);
        *ret = facts.self_signed ? facts.pin : *ret;
    }
    free(path);
    return result;
}

static int read_address(struct master *master, const struct server_options *options,
                        char ret[SERVER_ADDRESS], struct tls_pin *ret_pin,
                        struct error *error) {
    char *address = NULL;
    if (master_setting(master->db, "address", &address, error) != 0) {
        return -1;
    }
    if (address == NULL) {
        return error_set(error, "address.missing", "address",
                         "no address is stored; set one: satcheld address --data DIR "
                         "--set URL");
    }
    snprintf(ret, SERVER_ADDRESS, "%s", address);
    free(address);
    return ret_pin ? server_pin(options, ret, ret_pin, error) : 0;
}

int server_address_read(const struct server_options *options, char ret[SERVER_ADDRESS],
                        struct tls_pin *ret_pin, struct error *error) {
    struct master *master = NULL;
    if (seal_start(error) != 0 || server_open_master(options, &master, error) != 0) {
        return -1;
    }
    int result = read_address(master, options, ret, ret_pin, error);
    master_close(master);
    return result;
}

int server_address_set(const struct server_options *options, const char *address,
                       struct error *error) {
    struct master *master = NULL;
    if (seal_start(error) != 0 || server_check_address(address, error) != 0 ||
        server_open_master(options, &master, error) != 0) {
        return -1;
    }
    int result = master_set_setting(master->db, "address", address, error);
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

/* The key is on disk before the company is, and takes its place behind it (server_settle_key). */
static int init_folder(const struct server_options *options,
                       const struct genesis_options *genesis, const char *address,
                       const char *path, struct buffer *ret, struct error *error) {
    uint8_t seed[SIGN_SEED];
    struct sign_keys keys;
    struct sign_public wanted;
    struct master *master = NULL;
    struct id admin = {{0}};
    char admin_text[ID_TEXT_SIZE];
    options->env->random(options->env->context, seed, sizeof seed);
    seal_keys(seed, &keys);
    memcpy(wanted.bytes, keys.public_key, SIGN_PUBLIC);
    int result = server_keep_next_key(options->data, seed, error);
    seal_wipe(seed, sizeof seed);
    if (result == 0) {
        result =
            master_open(path, options->env, options->catalogue, true, &master, error);
    }
    if (result == 0) {
        master->keys = keys;
        master->signing = true;
        result = make_company(master, genesis, address, &admin, error) ||
                         server_settle_key(options->data, &wanted, &keys, error)
                     ? -1
                     : 0;
    }
    if (result == 0) {
        id_format(admin, admin_text);
        struct invite_options invite = {.user = admin_text, .name = "HQ"};
        result = server_invite_with(master, options, &invite, ret, error);
    }
    seal_wipe(&keys, sizeof keys);
    master_close(master);
    return result;
}

/* What a failed init leaves is taken away again. */
static void remove_folder(const char *data, bool made) {
    static const char *const FILES[] = {"master.db",       "master.db-wal",
                                        "master.db-shm",   "server.key",
                                        "server.keys.old", "server.key.next"};
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

/* A database of an init that was cut off: nothing is in it, or our tables and no company. */
static bool is_unfinished(const char *path) {
    struct error error;
    sqlite3 *db = NULL;
    int64_t tables = 0;
    int64_t journal = 0;
    int64_t entries = 0;
    bool read =
        database_open(path, false, false, &db, &error) == 0 &&
        database_integer(db, "select count(*) from sqlite_master", &tables, &error) ==
            0 &&
        database_integer(db, "select count(*) from sqlite_master where name = 'journal'",
                         &journal, &error) == 0 &&
        (journal == 0 ||
         database_integer(db, "select count(*) from journal", &entries, &error) == 0);
    sqlite3_close(db);
    return read && entries == 0 && (tables == 0 || journal > 0);
}

/* Whether there is something here that a company must not take the place of. */
static bool is_taken(const char *path, const char *key) {
    return access(key, F_OK) == 0 || (access(path, F_OK) == 0 && !is_unfinished(path));
}

int server_init(const struct server_options *options,
                const struct genesis_options *genesis, const char *address,
                struct buffer *ret_invitation, struct error *error) {
    if (seal_start(error) != 0 || server_check_address(address, error) != 0) {
        return -1;
    }
    bool made = access(options->data, F_OK) != 0;
    if (server_make_folder(options->data, "server.folder", "data", error) != 0) {
        return -1;
    }
    char *path = server_path(options->data, "master.db");
    char *key = server_path(options->data, "server.key");
    int result = -1;
    if (path == NULL || key == NULL) {
        error_out_of_memory(error);
    } else if (is_taken(path, key)) {
        error_set(error, "server.exists", "data", "%.300s holds a company already",
                  options->data);
    } else {
        remove_folder(options->data, false);
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

int server_copy_database(const char *from, const char *to, struct error *error) {
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
    result = rc == SQLITE_DONE ? history_mark(target, error)
                               : error_from_sqlite(error, target, "writing the backup");
out:
    sqlite3_close(target);
    sqlite3_close(source);
    return result;
}

/* The copied database was copied before them. */
int server_copy_files(const char *from, const char *to, const char *database,
                      struct error *error) {
    sqlite3 *db = NULL;
    int result = database_open(database, false, true, &db, error);
    if (result == 0) {
        result = files_copy(db, from, to, error);
    }
    sqlite3_close(db);
    return result;
}

static int backup_into(const struct server_options *options, const char *to,
                       struct error *error) {
    char *from_path = server_path(options->data, "master.db");
    char *to_path = server_path(to, "master.db");
    int result = -1;
    if (from_path == NULL || to_path == NULL) {
        error_out_of_memory(error);
    } else if (access(to_path, F_OK) == 0) {
        error_set(error, "backup.exists", "to",
                  "%.300s holds a backup already; name another", to);
    } else if (server_copy_database(from_path, to_path, error) == 0 &&
               server_copy_keys(options->data, to, error) == 0 &&
               tls_copy(options->data, to, error) == 0) { /* stations know its key */
        result = server_copy_files(options->data, to, to_path, error);
    }
    free(from_path);
    free(to_path);
    return result;
}

int server_backup(const struct server_options *options, const char *to,
                  struct error *error) {
    if (seal_start(error) != 0) {
        return -1;
    }
    if (server_make_folder(to, "backup.folder", "to", error) != 0) {
        return -1;
    }
    return backup_into(options, to, error);
}
