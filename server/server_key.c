/* The server's own key, and those before it. */
#include "server/server_key.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server/journal.h"
#include "sync/message.h"

static const char KEY_FILE[] = "server.key";
static const char NEXT_FILE[] = "server.key.next";
static const char OLD_FILE[] = "server.keys.old";

/* --- files -------------------------------------------------------------------------------------------- */

static int file_failed(struct error *error, const char *path) {
    return error_from_system(error, "server.key", NULL, "data", errno, "cannot write",
                             path ? path : "server.key");
}

/* A file of seeds, written whole or not at all. */
static int write_seeds(const char *data, const char *file, const uint8_t *seeds,
                       size_t size, struct error *error) {
    char temporary[64];
    snprintf(temporary, sizeof temporary, "%s.tmp", file);
    char *draft = server_path(data, temporary);
    char *path = server_path(data, file);
    int fd =
        draft && path ? open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600) : -1;
    ssize_t wrote = fd >= 0 ? write(fd, seeds, size) : -1;
    bool failed = wrote != (ssize_t)size || fsync(fd) != 0;
    failed = (fd >= 0 && close(fd) != 0) || failed;
    if (!failed) {
        failed = rename(draft, path) != 0 || server_sync_folder(data) != 0;
    }
    int result = failed ? file_failed(error, path) : 0;
    free(draft);
    free(path);
    return result;
}

/* At most KEY_NOTICES seeds; *ret_count 0 when there is no file. */
static int read_seeds(const char *data, const char *file,
                      uint8_t ret[KEY_NOTICES * SIGN_SEED], size_t *ret_count,
                      struct error *error) {
    char *path = server_path(data, file);
    FILE *from = path ? fopen(path, "rb") : NULL;
    bool missing = from == NULL && errno == ENOENT;
    size_t size = from ? fread(ret, 1, KEY_NOTICES * SIGN_SEED, from) : 0;
    if (from != NULL) {
        fclose(from);
    }
    free(path);
    if (!missing && (from == NULL || size % SIGN_SEED != 0)) {
        return error_set(error, "server.key", "data",
                         "%s cannot be read or is no list of keys", file);
    }
    *ret_count = size / SIGN_SEED;
    return 0;
}

static bool is_public(const struct sign_keys *keys, const struct sign_public *wanted) {
    return memcmp(keys->public_key, wanted->bytes, SIGN_PUBLIC) == 0;
}

/* The seed in `file` whose public key is `wanted`. */
static int find_key(const char *data, const char *file, const struct sign_public *wanted,
                    struct sign_keys *ret, bool *ret_found, struct error *error) {
    uint8_t seeds[KEY_NOTICES * SIGN_SEED];
    size_t count = 0;
    int result = read_seeds(data, file, seeds, &count, error);
    for (size_t i = 0; i < count && result == 0 && !*ret_found; i++) {
        seal_keys(seeds + i * SIGN_SEED, ret);
        *ret_found = is_public(ret, wanted);
    }
    seal_wipe(seeds, sizeof seeds);
    return result;
}

static int remove_next(const char *data, struct error *error) {
    char *path = server_path(data, NEXT_FILE);
    int result =
        path && (unlink(path) == 0 || errno == ENOENT) ? 0 : file_failed(error, path);
    free(path);
    return result;
}

int server_settle_key(const char *data, const struct sign_public *wanted,
                      struct sign_keys *ret, struct error *error) {
    bool found = false;
    struct error why = {0};
    int loaded = server_read_keys(data, ret, &why);
    if (loaded == 0 && is_public(ret, wanted)) {
        return 0;
    }
    /* A rotation, or the founding, ended before the new key took its place; or the master is a copy of before a rotation, and its key is
     * among the older ones. */
    if (find_key(data, NEXT_FILE, wanted, ret, &found, error) != 0 ||
        (!found && find_key(data, OLD_FILE, wanted, ret, &found, error) != 0)) {
        return -1;
    }
    if (!found) {
        return error_set(error, "server.key", "data", "%s",
                         loaded != 0
                             ? why.message
                             : "server.key is not the key of this folder's master.db");
    }
    /* The first half of an Ed25519 secret key is its seed. */
    return write_seeds(data, KEY_FILE, ret->secret_key, SIGN_SEED, error) != 0
               ? -1
               : remove_next(data, error);
}

int server_keep_next_key(const char *data, const uint8_t seed[SIGN_SEED],
                         struct error *error) {
    return write_seeds(data, NEXT_FILE, seed, SIGN_SEED, error);
}

int server_copy_keys(const char *from, const char *to, struct error *error) {
    uint8_t next[KEY_NOTICES * SIGN_SEED];
    uint8_t old[KEY_NOTICES * SIGN_SEED];
    size_t next_count = 0;
    size_t old_count = 0;
    struct sign_keys keys;
    /* While a rotation goes on the next key is in one of the two files at any time, if they are read in this order. */
    int result = read_seeds(from, NEXT_FILE, next, &next_count, error) != 0 ||
                         server_read_keys(from, &keys, error) != 0 ||
                         read_seeds(from, OLD_FILE, old, &old_count, error) != 0
                     ? -1
                     : 0;
    if (result == 0 && old_count > 0) {
        result = write_seeds(to, OLD_FILE, old, old_count * SIGN_SEED, error);
    }
    if (result == 0) {
        result = next_count > 0 ? write_seeds(to, NEXT_FILE, next, SIGN_SEED, error)
                                : remove_next(to, error);
    }
    if (result == 0) {
        result = write_seeds(to, KEY_FILE, keys.secret_key, SIGN_SEED, error);
    }
    seal_wipe(next, sizeof next);
    seal_wipe(old, sizeof old);
    seal_wipe(&keys, sizeof keys);
    return result;
}

/* --- the ring --------------------------------------------------------------------------------------------- */

static int read_notices(sqlite3 *db, struct key_ring *ring, struct error *error) {
    sqlite3_stmt *statement = NULL;
    if (database_statement(db, "select notice from server_key order by entry", &statement,
                           error) != 0) {
        return -1;
    }
    int result = 0;
    for (size_t i = 0; i < ring->former_count && result == 0; i++) {
        struct bytes notice = sqlite3_step(statement) == SQLITE_ROW
                                  ? value_of_column(statement, 0).bytes
                                  : (struct bytes){NULL, 0};
        uint8_t *copy = notice.size > 0 ? malloc(notice.size) : NULL;
        if (copy == NULL) {
            result = error_set(error, "server.key", "data",
                               "the older keys are not those of this folder's master.db");
            break;
        }
        memcpy(copy, notice.data, notice.size);
        ring->notices[i] = (struct bytes){copy, notice.size};
    }
    sqlite3_finalize(statement);
    return result;
}

static int fill_ring(sqlite3 *db, const uint8_t *seeds, struct key_ring *ring,
                     struct error *error) {
    ring->former = calloc(ring->former_count, sizeof *ring->former);
    ring->notices = calloc(ring->former_count, sizeof *ring->notices);
    if (ring->former == NULL || ring->notices == NULL) {
        return error_out_of_memory(error);
    }
    for (size_t i = 0; i < ring->former_count; i++) {
        seal_keys(seeds + i * SIGN_SEED, &ring->former[i]);
    }
    return read_notices(db, ring, error);
}

int key_ring_load(const char *data, sqlite3 *db, struct key_ring *ret,
                  struct error *error) {
    uint8_t seeds[KEY_NOTICES * SIGN_SEED];
    size_t kept = 0;
    int64_t count = 0;
    struct key_ring ring = {.former = NULL};
    if (server_read_keys(data, &ring.present, error) != 0 ||
        read_seeds(data, OLD_FILE, seeds, &kept, error) != 0 ||
        database_integer(db, "select count(*) from server_key", &count, error) != 0) {
        return -1;
    }
    /* One more is there when a rotation did not come to its entry. */
    ring.former_count = (size_t)count < kept ? (size_t)count : kept;
    int result = (size_t)count > kept ? error_set(error, "server.key", "data",
                                                  "server.keys.old lacks keys that "
                                                  "stations still trust")
                 : count > 0          ? fill_ring(db, seeds, &ring, error)
                                      : 0;
    seal_wipe(seeds, sizeof seeds);
    if (result != 0) {
        key_ring_free(&ring);
        return -1;
    }
    *ret = ring;
    return 0;
}

void key_ring_free(struct key_ring *ring) {
    for (size_t i = 0; ring->notices != NULL && i < ring->former_count; i++) {
        free((void *)(uintptr_t)ring->notices[i].data);
    }
    if (ring->former != NULL) {
        seal_wipe(ring->former, ring->former_count * sizeof *ring->former);
    }
    seal_wipe(&ring->present, sizeof ring->present);
    free(ring->former);
    free(ring->notices);
    *ring = (struct key_ring){.former = NULL};
}

static struct key_choice choice_of(const struct key_ring *ring, size_t i) {
    return (struct key_choice){i < ring->former_count ? &ring->former[i] : &ring->present,
                               i < ring->former_count ? ring->notices + i : NULL,
                               ring->former_count - i};
}

struct key_choice key_ring_choose(const struct key_ring *ring,
                                  const struct sign_public *pin) {
    size_t i = 0;
    while (i < ring->former_count && !is_public(&ring->former[i], pin)) {
        i++;
    }
    return choice_of(ring, i);
}

struct key_choice key_ring_of_certificate(const struct key_ring *ring,
                                          struct bytes certificate) {
    struct envelope envelope;
    size_t i = 0;
    if (envelope_open(certificate, &envelope, NULL) != 0) {
        return choice_of(ring, ring->former_count);
    }
    for (; i < ring->former_count; i++) {
        struct sign_public key;
        memcpy(key.bytes, ring->former[i].public_key, SIGN_PUBLIC);
        if (envelope_verify(&envelope, "satchel certificate", &key, NULL) == 0) {
            break;
        }
    }
    return choice_of(ring, i);
}

const struct sign_keys *key_ring_first(const struct key_ring *ring) {
    return ring->former_count > 0 ? &ring->former[0] : &ring->present;
}

/* --- the entry --------------------------------------------------------------------------------------------- */

static int keep_notice(struct master *master, struct bytes content,
                       const struct key_notice *notice, struct error *error) {
    static const char SQL[] =
        "insert into server_key (entry, public_key, notice) values (?, ?, ?)";
    sqlite3_stmt *statement = NULL;
    if (database_statement(master->db, SQL, &statement, error) != 0) {
        return -1;
    }
    sqlite3_bind_int64(statement, 1, master->entry + 1);
    sqlite3_bind_blob(statement, 2, notice->former.bytes, SIGN_PUBLIC, SQLITE_STATIC);
    value_bind(statement, 3, value_blob(content));
    int result = master_run(master, statement, "keeping a former key", error);
    sqlite3_finalize(statement);
    return result;
}

int server_key_apply(struct master *master, struct bytes content,
                     struct sign_public *ret_next, struct error *error) {
    struct key_notice notice;
    struct id org;
    int64_t epoch = 0;
    struct sign_public present;
    char name[128];
    if (key_notice_open(content, &notice, error) != 0 ||
        genesis_read(master->db, &org, &epoch, &present, name, error) != 0) {
        return -1;
    }
    if (!id_equal(notice.org, org) ||
        memcmp(&notice.former, &present, sizeof present) != 0) {
        return error_set(error, "journal.key", "",
                         "a notice of a new key does not follow from the key before");
    }
    sqlite3_stmt *statement = master_statement(master, SQL_STATE_PUT, error);
    if (statement == NULL) {
        return -1;
    }
    sqlite3_bind_text(statement, 1, "key", -1, SQLITE_STATIC);
    sqlite3_bind_blob(statement, 2, notice.next.bytes, SIGN_PUBLIC, SQLITE_STATIC);
    if (master_run(master, statement, "keeping the server's key", error) != 0) {
        return -1;
    }
    *ret_next = notice.next;
    return keep_notice(master, content, &notice, error);
}

int server_key_signed(struct master *master, const struct envelope *certificate,
                      struct error *error) {
    static const char CONTEXT[] = "satchel certificate";
    struct sign_public key;
    sqlite3_stmt *statement = NULL;
    memcpy(key.bytes, master->keys.public_key, SIGN_PUBLIC);
    if (envelope_verify(certificate, CONTEXT, &key, error) == 0) {
        return 0;
    }
    if (database_statement(master->db, "select public_key from server_key", &statement,
                           error) != 0) {
        return -1;
    }
    bool signed_by_former = false;
    while (!signed_by_former && sqlite3_step(statement) == SQLITE_ROW) {
        struct bytes former = value_of_column(statement, 0).bytes;
        if (former.size == SIGN_PUBLIC) {
            memcpy(key.bytes, former.data, SIGN_PUBLIC);
            signed_by_former = envelope_verify(certificate, CONTEXT, &key, NULL) == 0;
        }
    }
    sqlite3_finalize(statement);
    return signed_by_former ? 0 : -1; /* with what was said of the present key */
}

/* --- rotating ------------------------------------------------------------------------------------------------ */

/* The new key and the one before are on disk before the entry is; the new one takes its place afterwards. */
static int keep_keys(const struct server_options *options, const struct master *master,
                     const uint8_t seed[SIGN_SEED], struct error *error) {
    uint8_t seeds[(KEY_NOTICES + 1) * SIGN_SEED];
    size_t kept = 0;
    int64_t count = 0;
    if (read_seeds(options->data, OLD_FILE, seeds, &kept, error) != 0 ||
        database_integer(master->db, "select count(*) from server_key", &count, error) !=
            0) {
        return -1;
    }
    if (count >= KEY_NOTICES || (size_t)count > kept) {
        return error_set(error, "server.key", "data",
                         "the key was replaced too often, or older keys are missing");
    }
    /* The first half of an Ed25519 secret key is its seed. */
    memcpy(seeds + (size_t)count * SIGN_SEED, master->keys.secret_key, SIGN_SEED);
    int result = write_seeds(options->data, OLD_FILE, seeds,
                             ((size_t)count + 1) * SIGN_SEED, error) != 0
                     ? -1
                     : write_seeds(options->data, NEXT_FILE, seed, SIGN_SEED, error);
    seal_wipe(seeds, sizeof seeds);
    return result;
}

static int journal_notice(struct master *master, const struct sign_keys *next,
                          struct error *error) {
    struct key_notice notice = {.org = master->org, .at = master_now(master)};
    struct sign_public applied;
    struct buffer content = buffer_make(LIMIT_TEXT);
    memcpy(notice.former.bytes, master->keys.public_key, SIGN_PUBLIC);
    memcpy(notice.next.bytes, next->public_key, SIGN_PUBLIC);
    key_notice_seal(&notice, (struct handover_keys){&master->keys, next}, &content);
    struct journal_entry entry = {
        .kind = ENTRY_SERVER_KEY, .at = notice.at, .content = buffer_bytes(&content)};
    int result = content.failed
                     ? error_out_of_memory(error)
                     : server_key_apply(master, entry.content, &applied, error);
    if (result == 0) {
        result = journal_put(master, &entry, error);
    }
    buffer_free(&content);
    return result;
}

static int rotate(const struct server_options *options, struct master *master,
                  struct error *error) {
    uint8_t seed[SIGN_SEED];
    struct sign_keys next;
    struct sign_public wanted;
    options->env->random(options->env->context, seed, sizeof seed);
    seal_keys(seed, &next);
    memcpy(wanted.bytes, next.public_key, SIGN_PUBLIC);
    int result =
        keep_keys(options, master, seed, error) != 0 || master_begin(master, error) != 0
            ? -1
            : 0;
    if (result == 0) {
        result =
            journal_notice(master, &next, error) == 0 ? master_commit(master, error) : -1;
    }
    master_rollback(master); /* nothing is open any more when it was committed */
    if (result == 0) {
        result = server_settle_key(options->data, &wanted, &next, error);
    }
    seal_wipe(seed, sizeof seed);
    seal_wipe(&next, sizeof next);
    return result;
}

int server_rotate_key(const struct server_options *options, struct error *error) {
    struct master *master = NULL;
    int lock = -1;
    if (seal_start(error) != 0 || server_lock(options->data, &lock, error) != 0) {
        return -1;
    }
    int result = server_open_master(options, &master, error);
    if (result == 0) {
        result = rotate(options, master, error);
        master_close(master);
    }
    close(lock);
    return result;
}
