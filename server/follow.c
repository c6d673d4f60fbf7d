/* A second disk: a copy of the master, and the journal as it grows. And back. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "schema/base/file_folder.h"
#include "server/files.h"
#include "server/history.h"
#include "server/internal.h"
#include "server/replay.h"
#include "server/server_key.h"
#include "server/stream.h"
#include "server/tls.h"

enum { POLL_MS = 100, BATCH = 500, RESTORE_MEMORY = 512 * 1024 * 1024 };

static const char BASE[] = "base";
static const char DRAFT[] = "draft"; /* a copy that is not whole yet */
#define RESTORED "master.db.draft"   /* nor is that */
#define RESTORED_LOG RESTORED "-wal"

/* --- the copy ------------------------------------------------------------------------------------------ */

static void remove_all(const char *folder, const char *const *files, size_t count) {
    for (size_t i = 0; i < count; i++) {
        char *path = server_path(folder, files[i]);
        if (path != NULL) {
            unlink(path);
        }
        free(path);
    }
}

static void remove_restored(const char *data) {
    static const char *const FILES[] = {RESTORED, RESTORED "-journal", RESTORED_LOG,
                                        RESTORED "-shm"};
    remove_all(data, FILES, sizeof FILES / sizeof *FILES);
}

/* What is not whole must not be taken for a company. */
static void remove_draft(const char *draft) {
    static const char *const FILES[] = {
        "master.db",  "master.db-journal", "master.db-wal",   "master.db-shm",
        "server.key", "server.key.next",   "server.keys.old", TLS_FILE};
    remove_all(draft, FILES, sizeof FILES / sizeof *FILES);
    remove_restored(draft);
    char *files = files_folder(draft);
    if (files != NULL) {
        file_folder_wipe(files, NULL);
    }
    free(files);
    rmdir(draft);
}

static int make_base(const struct server_options *options, const char *to,
                     const char *base, struct error *error) {
    char *draft = server_path(to, DRAFT);
    int result = -1;
    if (draft == NULL) {
        return error_out_of_memory(error);
    }
    remove_draft(draft);
    if (server_backup(options, draft, error) == 0) {
        result = rename(draft, base) == 0 && server_sync_folder(to) == 0
                     ? 0
                     : error_from_system(error, "backup.folder", NULL, "follow", errno,
                                         "cannot make", base);
    }
    free(draft);
    return result;
}

/* --- following ------------------------------------------------------------------------------------------- */

struct following {
    const struct server_options *options;
    const struct follow_options *follow;
    char *base;
    sqlite3 *db;
    int64_t data_version; /* SQLite's, when the files were last looked at */
    struct stream_writer *stream;
    int64_t last;
    uint8_t hash[HASH_SIZE];
    int64_t written;
};

static int read_base_head(struct following *following, struct error *error) {
    sqlite3 *db = NULL;
    char *path = server_path(following->base, "master.db");
    int result = path == NULL ? error_out_of_memory(error)
                              : database_open(path, false, true, &db, error);
    if (result == 0) {
        result = journal_head(db, &following->last, following->hash, error);
    }
    sqlite3_close(db);
    free(path);
    return result;
}

/* What is there must be what this master's journal says too. */
static int check_history(struct following *following, struct error *error) {
    uint8_t here[HASH_SIZE];
    struct error why = {0};
    if (journal_hash(following->db, following->last, here, &why) == 0 &&
        memcmp(here, following->hash, HASH_SIZE) == 0) {
        return 0;
    }
    return error_set(error, "follow.history", "follow",
                     "%.300s follows another history: entry %lld there is not this "
                     "server's; name an empty folder",
                     following->follow->to, (long long)following->last);
}

static int begin_following(struct following *following, struct error *error) {
    const char *to = following->follow->to;
    int64_t last = 0;
    uint8_t hash[HASH_SIZE];
    char *path = server_path(following->options->data, "master.db");
    following->base = server_path(to, BASE);
    int result = path == NULL || following->base == NULL
                     ? error_out_of_memory(error)
                     : database_open(path, false, true, &following->db, error);
    free(path);
    if (result == 0 && access(following->base, F_OK) != 0) {
        result = make_base(following->options, to, following->base, error);
    }
    if (result != 0 ||
        server_copy_keys(following->options->data, following->base, error) != 0 ||
        read_base_head(following, error) != 0 ||
        stream_open(to, &following->stream, &last, hash, error) != 0) {
        return -1;
    }
    if (last > following->last) {
        following->last = last;
        memcpy(following->hash, hash, HASH_SIZE);
    }
    return check_history(following, error);
}

static int write_new(struct following *following, struct error *error) {
    struct journal_reader *reader = NULL;
    struct journal_entry entry;
    bool key_changed = false;
    int64_t before = following->written;
    int rc = journal_read_after(following->db, following->last, &reader, error);
    rc = rc == 0 ? 1 : -1;
    while (rc == 1 && (rc = journal_next(reader, &entry, error)) == 1) {
        if (entry.entry != following->last + 1) {
            rc = error_set(error, "journal.gap", "",
                           "entry %lld is missing from the journal",
                           (long long)following->last + 1);
        } else if (entry.archived) {
            rc = error_set(error, "follow.archived", "follow",
                           "entry %lld is in an archive already; name an empty folder",
                           (long long)entry.entry);
        } else if (stream_append(following->stream, &entry, error) != 0) {
            rc = -1;
        } else {
            following->last = entry.entry;
            following->written++;
            key_changed = key_changed || entry.kind == ENTRY_SERVER_KEY;
        }
    }
    journal_close(reader);
    /* First the key, which is there before its entry is: entries that nobody can sign after would be of no use. */
    if (rc == 0 && key_changed) {
        rc = server_copy_keys(following->options->data, following->base, error);
    }
    return rc == 0 && following->written > before ? stream_flush(following->stream, error)
                                                  : rc;
}

/* Files are in no journal: they are copied, and noted in the copy, whenever the master has changed. */
static int copy_new_files(struct following *following, struct error *error) {
    int64_t version = 0;
    if (database_integer(following->db, "pragma data_version", &version, error) != 0) {
        return -1;
    }
    if (version == following->data_version) {
        return 0;
    }
    following->data_version = version;
    return files_catch_up(following->db, following->options->data, following->base,
                          error);
}

static int follow_on(struct following *following, struct error *error) {
    const struct follow_options *follow = following->follow;
    const struct env *env = following->options->env;
    bool told = false;
    for (;;) {
        if (write_new(following, error) != 0 || copy_new_files(following, error) != 0) {
            return -1;
        }
        if (!told && follow->caught_up != NULL) {
            follow->caught_up(follow->context, &(struct follow_report){following->written,
                                                                       following->last});
        }
        told = true;
        if (follow->once ||
            (follow->must_stop != NULL && follow->must_stop(follow->context))) {
            return 0;
        }
        env->sleep_ms(env->context, POLL_MS);
    }
}

int server_follow(const struct server_options *options,
                  const struct follow_options *follow, struct follow_report *ret,
                  struct error *error) {
    struct following following = {.options = options, .follow = follow};
    int lock = -1;
    if (seal_start(error) != 0) {
        return -1;
    }
    if (server_make_folder(follow->to, "backup.folder", "follow", error) != 0) {
        return -1;
    }
    if (server_lock_file(follow->to, "follow-lock", "follow.running", &lock, error) !=
        0) {
        return -1;
    }
    int result = begin_following(&following, error);
    if (result == 0) {
        result = follow_on(&following, error);
    }
    *ret = (struct follow_report){following.written, following.last};
    stream_close(following.stream);
    sqlite3_close(following.db);
    free(following.base);
    close(lock);
    return result;
}

/* --- back --------------------------------------------------------------------------------------------------- */

static int take_entry(struct replay *replay, const struct journal_entry *entry,
                      struct error *error) {
    return replay_next(replay, entry, error) != 0
               ? -1
               : journal_take(replay->master, entry, error);
}

/* Some hundred entries a commit: a restore that is cut begins again. */
static int take_stream(struct replay *replay, struct stream_reader *reader,
                       struct restore_report *report, struct error *error) {
    struct master *master = replay->master;
    struct journal_entry entry;
    int rc = master_begin(master, error) == 0 ? 1 : -1;
    memcpy(replay->hash, master->entry_hash, HASH_SIZE);
    while (rc == 1 &&
           (rc = stream_next(reader, &entry, &report->torn_bytes, error)) == 1) {
        if (entry.entry <= master->entry) {
            continue; /* the copy has it */
        }
        if (take_entry(replay, &entry, error) != 0) {
            rc = -1;
        } else if (++report->entries % BATCH == 0 && (master_commit(master, error) != 0 ||
                                                      master_begin(master, error) != 0)) {
            rc = -1;
        }
    }
    report->last = master->entry;
    if (rc == 0) {
        return master_commit(master, error);
    }
    master_rollback(master);
    return -1;
}

static int replay_stream(const struct server_options *options, const char *from,
                         struct restore_report *report, struct error *error) {
    struct verify_report counted = {0};
    struct replay replay = {.report = &counted, .arena = arena_make(RESTORE_MEMORY)};
    struct stream_reader *reader = NULL;
    int64_t epoch = 0;
    char name[128];
    char *path = server_path(options->data, RESTORED);
    int result = path == NULL ? error_out_of_memory(error)
                              : master_open(path, options->env, options->catalogue, false,
                                            &replay.master, error);
    free(path);
    if (result == 0) {
        result = genesis_read(replay.master->db, &replay.master->org, &epoch, &replay.key,
                              name, error);
    }
    if (result == 0) {
        result = stream_read(from, &reader, error);
    }
    if (result == 0) {
        work_begin(&replay.work, replay.master);
        result = take_stream(&replay, reader, report, error);
        work_end(&replay.work);
    }
    if (result == 0) { /* all of it is in the one file that gets another name */
        result = database_run(replay.master->db, "pragma journal_mode = delete", error);
    }
    stream_end(reader);
    master_close(replay.master);
    arena_free(&replay.arena);
    return result;
}

/* From here on it is a company. */
static int put_in_place(const char *data, struct error *error) {
    char *draft = server_path(data, RESTORED);
    char *log = server_path(data, RESTORED_LOG);
    char *path = server_path(data, "master.db");
    int result = -1;
    if (draft == NULL || log == NULL || path == NULL) {
        error_out_of_memory(error);
    } else if (access(log, F_OK) == 0) {
        error_set(error, "database.busy", "data", "another program has %.300s open",
                  draft);
    } else {
        result = rename(draft, path) == 0 && server_sync_folder(data) == 0
                     ? 0
                     : error_from_system(error, "server.folder", NULL, "data", errno,
                                         "cannot write", path);
    }
    free(draft);
    free(log);
    free(path);
    return result;
}

static int restore_stream(const struct server_options *options, const char *from,
                          struct restore_report *report, struct error *error) {
    int result = replay_stream(options, from, report, error) == 0
                     ? put_in_place(options->data, error)
                     : -1;
    if (result != 0) {
        remove_draft(options->data);
    }
    return result;
}

static int copy_base(const struct server_options *options, const char *base,
                     struct error *error) {
    char *from = server_path(base, "master.db");
    char *taken = server_path(options->data, "master.db");
    char *to = server_path(options->data, RESTORED);
    int result = -1;
    remove_restored(options->data); /* of a restore that was cut off */
    if (from == NULL || to == NULL || taken == NULL) {
        error_out_of_memory(error);
    } else if (access(from, F_OK) != 0) {
        error_set(error, "restore.empty", "from",
                  "%.300s holds nothing that satcheld backup --follow wrote", base);
    } else if (access(taken, F_OK) == 0) {
        error_set(error, "restore.exists", "data", "%.300s holds a company already",
                  options->data);
    } else if (server_copy_database(from, to, error) == 0 &&
               server_copy_keys(base, options->data, error) == 0) {
        result = tls_copy(base, options->data, error) == 0
                     ? server_copy_files(base, options->data, to, error)
                     : -1;
    }
    free(from);
    free(to);
    free(taken);
    return result;
}

int server_restore(const struct server_options *options, const char *from,
                   struct restore_report *ret, struct error *error) {
    const struct env *env = options->env;
    int64_t started = env->boot_ms(env->context);
    *ret = (struct restore_report){0};
    if (seal_start(error) != 0) {
        return -1;
    }
    if (server_make_folder(options->data, "server.folder", "data", error) != 0) {
        return -1;
    }
    char *base = server_path(from, BASE);
    int result = base == NULL ? error_out_of_memory(error)
                 : copy_base(options, base, error) == 0
                     ? restore_stream(options, from, ret, error)
                     : -1;
    free(base);
    ret->duration_ms = env->boot_ms(env->context) - started;
    return result;
}
