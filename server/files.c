/* What is kept of files, and for whom. */
#include "server/files.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "schema/base/file_folder.h"

char *files_folder(const char *data) {
    return server_path(data, "files");
}

void people_add(struct people *people, struct id id) {
    for (size_t i = 0; i < people->count; i++) {
        if (id_equal(people->ids[i], id)) {
            return;
        }
    }
    if (people->count < FILES_PEOPLE) {
        people->ids[people->count++] = id;
    }
}

/* --- who holds what -------------------------------------------------------------------------------- */

int files_holders(sqlite3 *db, const uint8_t hash[HASH_SIZE], const struct people *of,
                  struct people *ret, struct error *error) {
    sqlite3_stmt *statement = NULL;
    if (database_statement(db, "select 1 from file_holder where hash = ? and user_id = ?",
                           &statement, error) != 0) {
        return -1;
    }
    ret->count = 0;
    int rc = SQLITE_DONE;
    for (size_t i = 0; i < of->count && (rc == SQLITE_DONE || rc == SQLITE_ROW); i++) {
        sqlite3_bind_blob(statement, 1, hash, HASH_SIZE, SQLITE_STATIC);
        sqlite3_bind_blob(statement, 2, of->ids[i].bytes, ID_SIZE, SQLITE_STATIC);
        rc = sqlite3_step(statement);
        if (rc == SQLITE_ROW) {
            people_add(ret, of->ids[i]);
        }
        sqlite3_reset(statement);
    }
    sqlite3_finalize(statement);
    return rc == SQLITE_DONE || rc == SQLITE_ROW
               ? 0
               : error_from_sqlite(error, db, "reading who holds a file");
}

static int put_grant(struct master *master, struct work *work, void *context,
                     struct error *error) {
    const struct grant *grant = context;
    sqlite3_stmt *kept = NULL;
    sqlite3_stmt *holder = NULL;
    (void)work;
    int result =
        database_statement(master->db,
                           "insert into file_kept (hash, size, at) values (?, ?, ?)"
                           " on conflict (hash) do update set unnamed_since = null",
                           &kept, error) ||
                database_statement(master->db,
                                   "insert into file_holder (hash, user_id, size)"
                                   " values (?, ?, ?) on conflict do nothing",
                                   &holder, error)
            ? -1
            : 0;
    if (result == 0) {
        sqlite3_bind_blob(kept, 1, grant->hash, HASH_SIZE, SQLITE_STATIC);
        sqlite3_bind_int64(kept, 2, grant->size);
        sqlite3_bind_int64(kept, 3, master_now(master));
        result = master_run(master, kept, "noting a file", error);
    }
    for (size_t i = 0; i < grant->people.count && result == 0; i++) {
        sqlite3_bind_blob(holder, 1, grant->hash, HASH_SIZE, SQLITE_STATIC);
        sqlite3_bind_blob(holder, 2, grant->people.ids[i].bytes, ID_SIZE, SQLITE_STATIC);
        sqlite3_bind_int64(holder, 3, grant->size);
        result = master_run(master, holder, "noting who holds a file", error);
    }
    sqlite3_finalize(kept);
    sqlite3_finalize(holder);
    return result;
}

int files_grant(struct ingest *ingest, struct grant *grant, struct error *error) {
    return ingest_run(ingest, put_grant, grant, error);
}

int files_lock(const char *folder, struct error *error) {
    char path[4096];
    if (mkdir(folder, 0700) != 0 && errno != EEXIST) {
        return error_from_system(error, "file.failed", "file.full", "file", errno,
                                 "cannot make", folder);
    }
    snprintf(path, sizeof path, "%s/lock", folder);
    int lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    while (lock >= 0 && flock(lock, LOCK_EX) != 0) {
        if (errno != EINTR) {
            close(lock);
            lock = -1;
        }
    }
    return lock >= 0 ? lock
                     : error_from_system(error, "file.failed", "file.full", "file", errno,
                                         "cannot lock", path);
}

void files_unlock(int lock) {
    if (lock >= 0) {
        close(lock);
    }
}

/* --- quota ------------------------------------------------------------------------------------------- */

static int read_limit(sqlite3 *db, const char *name, int64_t otherwise, int64_t *ret,
                      struct error *error) {
    char *text = NULL;
    if (master_setting(db, name, &text, error) != 0) {
        return -1;
    }
    *ret = text != NULL ? strtoll(text, NULL, 10) : otherwise;
    free(text);
    return 0;
}

int files_limits(sqlite3 *db, struct file_limits *ret, struct error *error) {
    return read_limit(db, "files_person", FILES_PERSON, &ret->person, error) ||
                   read_limit(db, "files_company", FILES_COMPANY, &ret->company, error)
               ? -1
               : 0;
}

static int add_part(void *context, const char *name, int64_t size, int64_t written_at) {
    int64_t *total = context;
    (void)name;
    (void)written_at;
    *total += size;
    return 0;
}

static int held_by(sqlite3 *db, struct id person, int64_t *ret, struct error *error) {
    sqlite3_stmt *statement = NULL;
    if (database_statement(db,
                           "select coalesce(sum(size), 0) from file_holder"
                           " where user_id = ?",
                           &statement, error) != 0) {
        return -1;
    }
    sqlite3_bind_blob(statement, 1, person.bytes, ID_SIZE, SQLITE_STATIC);
    int rc = sqlite3_step(statement);
    *ret = rc == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
    sqlite3_finalize(statement);
    return rc == SQLITE_ROW ? 0 : error_from_sqlite(error, db, "reading a quota");
}

int files_check_quota(struct reader *reader, const char *folder, struct id person,
                      int64_t size, struct error *error) {
    struct file_limits limits;
    char prefix[ID_TEXT_SIZE];
    int64_t held = 0;
    int64_t kept = 0;
    int64_t own_parts = 0;
    int64_t parts = 0;
    id_format(person, prefix);
    if (files_limits(reader->db, &limits, error) != 0 ||
        held_by(reader->db, person, &held, error) != 0 ||
        database_integer(reader->db, "select sum(size) from file_kept", &kept, error) !=
            0 ||
        file_part_each(folder, prefix, add_part, &own_parts, error) != 0 ||
        file_part_each(folder, "", add_part, &parts, error) != 0) {
        return -1;
    }
    if (held + own_parts + size > limits.person) {
        return error_set(error, "file.quota", "file",
                         "the files of this person take %lld MB at headquarters, and "
                         "%lld MB are allowed",
                         (long long)((held + own_parts) >> 20),
                         (long long)(limits.person >> 20));
    }
    return kept + parts + size > limits.company
               ? error_set(error, "file.quota_company", "file",
                           "headquarters has no room for more files")
               : 0;
}

/* --- what nobody names any more ------------------------------------------------------------------------- */

struct sweep {
    int64_t now;
    int64_t grace_ms;
    struct buffer removed; /* hashes */
    const struct catalogue *catalogue;
};

static int run_at(struct master *master, const char *sql, int64_t value,
                  struct error *error) {
    sqlite3_stmt *statement = NULL;
    if (database_statement(master->db, sql, &statement, error) != 0) {
        return -1;
    }
    if (sqlite3_bind_parameter_count(statement) > 0) {
        sqlite3_bind_int64(statement, 1, value);
    }
    int result = master_run(master, statement, "looking after files", error);
    sqlite3_finalize(statement);
    return result;
}

/* Marks what no row names, and unmarks what one names again. */
static int mark_unnamed(struct master *master, const struct sweep *sweep,
                        struct error *error) {
    struct buffer sql = buffer_make(LIMIT_TEXT);
    buffer_printf(&sql, "update file_kept set unnamed_since = case when ");
    naming_put_exists(sweep->catalogue, "(file_kept.hash)", &sql);
    buffer_printf(&sql, " then null else coalesce(unnamed_since, ?) end");
    int result = sql.failed ? error_out_of_memory(error)
                            : run_at(master, buffer_text(&sql), sweep->now, error);
    buffer_free(&sql);
    return result;
}

static int collect(struct master *master, struct sweep *sweep, struct error *error) {
    sqlite3_stmt *statement = NULL;
    assert(master != NULL);
    if (database_statement(master->db,
                           "select hash from file_kept where unnamed_since <= ?",
                           &statement, error) != 0) {
        return -1;
    }
    sqlite3_bind_int64(statement, 1, sweep->now - sweep->grace_ms);
    int rc = SQLITE_DONE;
    while ((rc = sqlite3_step(statement)) == SQLITE_ROW) {
        struct bytes hash = value_of_column(statement, 0).bytes;
        buffer_append(&sweep->removed, hash.data, hash.size);
    }
    sqlite3_finalize(statement);
    return rc == SQLITE_DONE && !sweep->removed.failed
               ? 0
               : error_from_sqlite(error, master->db, "looking for unnamed files");
}

static int sweep_rows(struct master *master, struct work *work, void *context,
                      struct error *error) {
    struct sweep *sweep = context;
    int64_t before = sweep->now - sweep->grace_ms;
    (void)work;
    buffer_reset(&sweep->removed);
    return mark_unnamed(master, sweep, error) || collect(master, sweep, error) ||
                   run_at(master,
                          "delete from file_holder where hash in"
                          " (select hash from file_kept where unnamed_since <= ?)",
                          before, error) ||
                   run_at(master, "delete from file_kept where unnamed_since <= ?",
                          before, error)
               ? -1
               : 0;
}

struct part_sweep {
    const char *folder;
    int64_t before;
    int64_t dropped;
};

static int drop_old_part(void *context, const char *name, int64_t size,
                         int64_t written_at) {
    struct part_sweep *sweep = context;
    (void)size;
    if (written_at < sweep->before && file_part_drop(sweep->folder, name, NULL) == 0) {
        sweep->dropped++;
    }
    return 0;
}

/* Runs the job: in the writer of this process, or on a connection of one's own. */
static int sweep_master(const struct files_sweeper *by, struct sweep *sweep,
                        struct error *error) {
    struct work work;
    if (by->ingest != NULL) {
        return ingest_run(by->ingest, sweep_rows, sweep, error);
    }
    work_begin(&work, by->master);
    int result = master_begin(by->master, error);
    if (result == 0) {
        result = sweep_rows(by->master, &work, sweep, error) ||
                         master_commit(by->master, error)
                     ? -1
                     : 0;
    }
    if (result != 0) {
        master_rollback(by->master);
    }
    work_end(&work);
    return result;
}

static int remove_files(const char *folder, const struct sweep *sweep,
                        struct files_swept *ret, struct error *error) {
    int result = 0;
    for (size_t at = 0; at < sweep->removed.size && result == 0; at += HASH_SIZE) {
        int64_t size = 0;
        const uint8_t *hash = sweep->removed.data + at;
        result = file_folder_size(folder, hash, &size, error) ||
                         file_folder_remove(folder, hash, error)
                     ? -1
                     : 0;
        ret->removed++;
        ret->removed_bytes += size > 0 ? size : 0;
    }
    return result;
}

int files_sweep(const struct files_sweeper *by, struct files_swept *ret,
                struct error *error) {
    struct sweep sweep = {.now = by->now,
                          .grace_ms = by->grace_ms,
                          .catalogue = by->catalogue,
                          .removed = buffer_make((size_t)1 << 30)};
    struct part_sweep parts = {by->folder, by->now - by->part_ms, 0};
    int lock = files_lock(by->folder, error);
    *ret = (struct files_swept){0};
    int result = lock < 0 || sweep_master(by, &sweep, error) ||
                         remove_files(by->folder, &sweep, ret, error) ||
                         file_part_each(by->folder, "", drop_old_part, &parts, error)
                     ? -1
                     : 0;
    ret->parts = parts.dropped;
    files_unlock(lock);
    buffer_free(&sweep.removed);
    return result;
}

void files_sweep_sometimes(struct server *server) {
    int64_t now = server->env->wall_ms(server->env->context);
    long long last = atomic_load(&server->files_swept_at);
    if (last != 0 && now - last < FILE_SWEEP_MS && now >= last) {
        return;
    }
    if (!atomic_compare_exchange_strong(&server->files_swept_at, &last, now)) {
        return; /* another thread does it */
    }
    char *folder = files_folder(server->options.data);
    struct files_swept swept = {0};
    struct error error = {0};
    struct files_sweeper by = {.folder = folder,
                               .ingest = server->ingest,
                               .catalogue = server->catalogue,
                               .now = now,
                               .grace_ms = FILE_UNNAMED_MS,
                               .part_ms = FILE_PART_MS};
    if (folder != NULL && access(folder, F_OK) == 0 &&
        files_sweep(&by, &swept, &error) != 0) {
        server_log(server, "error", "files not swept", "\"code\":\"%s\"", error.code);
    } else if (swept.removed > 0) {
        server_log(server, "info", "files removed", "\"files\":%lld,\"bytes\":%lld",
                   (long long)swept.removed, (long long)swept.removed_bytes);
    }
    free(folder);
}
