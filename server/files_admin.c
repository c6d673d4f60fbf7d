/* What headquarters does with the files that stations sent: figures, limits, sweeping, verifying, copying. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema/base/file_folder.h"
#include "server/files.h"

/* --- figures, limits, sweeping -------------------------------------------------------------------------- */

static int count_part(void *context, const char *name, int64_t size, int64_t written_at) {
    int64_t *count = context;
    (void)name;
    (void)size;
    (void)written_at;
    *count += 1;
    return 0;
}

static int set_limit(struct master *master, const char *name, int64_t bytes,
                     struct error *error) {
    char text[32];
    snprintf(text, sizeof text, "%lld", (long long)bytes);
    return bytes < 0 ? 0 : master_set_setting(master->db, name, text, error);
}

static int read_figures(struct master *master, const char *folder,
                        struct files_report *ret, struct error *error) {
    struct file_limits limits;
    if (database_integer(master->db, "select count(*) from file_kept", &ret->kept,
                         error) != 0 ||
        database_integer(master->db, "select sum(size) from file_kept", &ret->kept_bytes,
                         error) != 0 ||
        database_integer(master->db,
                         "select count(*) from file_kept where unnamed_since is not null",
                         &ret->unnamed, error) != 0 ||
        file_part_each(folder, "", count_part, &ret->parts, error) != 0 ||
        files_limits(master->db, &limits, error) != 0) {
        return -1;
    }
    ret->person_limit = limits.person;
    ret->company_limit = limits.company;
    return 0;
}

static int sweep(struct master *master, const struct files_options *files,
                 const char *folder, struct files_report *ret, struct error *error) {
    struct files_swept swept = {0};
    const struct files_sweeper by = {.folder = folder,
                                     .master = master,
                                     .catalogue = master->catalogue,
                                     .now = master->env->wall_ms(master->env->context),
                                     .grace_ms = files->grace_ms,
                                     .part_ms = FILE_PART_MS};
    if (files_sweep(&by, &swept, error) != 0) {
        return -1;
    }
    ret->removed = swept.removed;
    ret->removed_bytes = swept.removed_bytes;
    ret->parts_dropped = swept.parts;
    return 0;
}

int server_files(const struct server_options *options, const struct files_options *files,
                 struct files_report *ret, struct error *error) {
    struct master *master = NULL;
    char *folder = files_folder(options->data);
    *ret = (struct files_report){0};
    int result = -1;
    if (folder == NULL) {
        error_out_of_memory(error);
    } else if (seal_start(error) == 0 &&
               server_open_master(options, &master, error) == 0) {
        result =
            set_limit(master, "files_person", files->person_limit, error) ||
                    set_limit(master, "files_company", files->company_limit, error) ||
                    (files->sweep && sweep(master, files, folder, ret, error)) ||
                    read_figures(master, folder, ret, error)
                ? -1
                : 0;
    }
    master_close(master);
    free(folder);
    return result;
}

/* --- every kept file -------------------------------------------------------------------------------------- */

typedef int (*kept_visit)(void *context, const uint8_t hash[HASH_SIZE], int64_t size,
                          struct error *error);

static int each_kept(sqlite3 *db, kept_visit visit, void *context, struct error *error) {
    sqlite3_stmt *statement = NULL;
    if (database_statement(db, "select hash, size from file_kept order by hash",
                           &statement, error) != 0) {
        return -1;
    }
    int result = 0;
    int rc = SQLITE_DONE;
    while (result == 0 && (rc = sqlite3_step(statement)) == SQLITE_ROW) {
        struct bytes hash = value_of_column(statement, 0).bytes;
        if (hash.size == HASH_SIZE) {
            result = visit(context, hash.data, sqlite3_column_int64(statement, 1), error);
        }
    }
    if (result == 0 && rc != SQLITE_DONE) {
        result = error_from_sqlite(error, db, "reading which files are kept");
    }
    sqlite3_finalize(statement);
    return result;
}

static bool has_files(sqlite3 *db) {
    int64_t there = 0;
    return database_integer(db,
                            "select count(*) from sqlite_schema where name = 'file_kept'",
                            &there, NULL) == 0 &&
           there == 1;
}

/* --- verifying ---------------------------------------------------------------------------------------------- */

struct verification {
    const char *folder;
    struct files_verified *report;
};

static int verify_file(void *context, const uint8_t hash[HASH_SIZE], int64_t size,
                       struct error *error) {
    const struct verification *verification = context;
    char text[HASH_TEXT_SIZE];
    struct error why = {0};
    hash_format(hash, text);
    if (file_folder_check(verification->folder, hash, &why) == 0) {
        verification->report->files++;
        verification->report->bytes += size;
        return 0;
    }
    bool lost = error_is(&why, "file.absent");
    return lost ? error_set(error, "file.lost", "file", "the file %s is gone", text)
                : error_set(error, why.code, "file", "the file %s: %.300s", text,
                            why.message);
}

static int count_named(sqlite3 *db, const struct catalogue *catalogue, int64_t *ret,
                       struct error *error) {
    const struct table *table = NULL;
    const struct column *column = NULL;
    int result = 0;
    while (result == 0 && catalogue_next_file(catalogue, &table, &column)) {
        struct buffer sql = buffer_make(LIMIT_TEXT);
        int64_t count = 0;
        buffer_printf(&sql,
                      "select count(distinct \"%s\") from \"%s\" where \"%s\" not in"
                      " (select hash from file_kept)%s",
                      column->name, table->name, column->name,
                      table->soft_delete ? " and deleted_at is null" : "");
        result = sql.failed ? error_out_of_memory(error)
                            : database_integer(db, buffer_text(&sql), &count, error);
        *ret += count;
        buffer_free(&sql);
    }
    return result;
}

int server_verify_files(const struct server_options *options, struct files_verified *ret,
                        struct error *error) {
    sqlite3 *db = NULL;
    char *path = server_path(options->data, "master.db");
    char *folder = files_folder(options->data);
    struct verification verification = {folder, ret};
    *ret = (struct files_verified){0};
    int result = path != NULL && folder != NULL
                     ? database_open(path, false, true, &db, error)
                     : error_out_of_memory(error);
    if (result == 0 && has_files(db)) {
        result = each_kept(db, verify_file, &verification, error) ||
                         count_named(db, options->catalogue, &ret->named_without, error)
                     ? -1
                     : 0;
    }
    sqlite3_close(db);
    free(path);
    free(folder);
    return result;
}

/* --- copying ------------------------------------------------------------------------------------------------- */

struct copying {
    const char *from, *to;
};

/* One that is lost is for verify to tell; the backup has the rest. */
static int copy_file(void *context, const uint8_t hash[HASH_SIZE], int64_t size,
                     struct error *error) {
    const struct copying *copying = context;
    struct error why = {0};
    (void)size;
    if (file_folder_copy(copying->from, copying->to, hash, &why) == 0 ||
        error_is(&why, "file.absent")) {
        return 0;
    }
    if (error) {
        *error = why;
    }
    return -1;
}

int files_copy(sqlite3 *db, const char *from_data, const char *to_data,
               struct error *error) {
    char *from = files_folder(from_data);
    char *to = files_folder(to_data);
    struct copying copying = {from, to};
    int result = from == NULL || to == NULL ? error_out_of_memory(error)
                 : has_files(db)            ? each_kept(db, copy_file, &copying, error)
                                            : 0;
    free(from);
    free(to);
    return result;
}

/* --- a copy that goes on ----------------------------------------------------------------------------------------- */

/* What the copy has is left alone. */
struct catching_up {
    struct copying copying;
    sqlite3 *copy;
    sqlite3_stmt *has, *keep;
};

static int catch_up_file(void *context, const uint8_t hash[HASH_SIZE], int64_t size,
                         struct error *error) {
    struct catching_up *it = context;
    sqlite3_bind_blob(it->has, 1, hash, HASH_SIZE, SQLITE_STATIC);
    bool there = sqlite3_step(it->has) == SQLITE_ROW;
    sqlite3_reset(it->has);
    if (there) {
        return 0;
    }
    if (copy_file(&it->copying, hash, size, error) != 0) {
        return -1;
    }
    sqlite3_bind_blob(it->keep, 1, hash, HASH_SIZE, SQLITE_STATIC);
    sqlite3_bind_int64(it->keep, 2, size);
    int rc = sqlite3_step(it->keep);
    sqlite3_reset(it->keep);
    return rc == SQLITE_DONE
               ? 0
               : error_from_sqlite(error, it->copy, "noting a file in the copy");
}

/* Who holds them, the files themselves being there. */
static int catch_up_holders(sqlite3 *db, sqlite3 *copy, struct error *error) {
    sqlite3_stmt *all = NULL;
    sqlite3_stmt *put = NULL;
    int result = -1;
    if (database_statement(db, "select hash, user_id, size from file_holder", &all,
                           error) == 0 &&
        database_statement(copy,
                           "insert into file_holder (hash, user_id, size)"
                           " values (?, ?, ?) on conflict do nothing",
                           &put, error) == 0) {
        int rc;
        result = 0;
        while (result == 0 && (rc = sqlite3_step(all)) == SQLITE_ROW) {
            for (int i = 0; i < 3; i++) {
                sqlite3_bind_value(put, i + 1, sqlite3_column_value(all, i));
            }
            result = sqlite3_step(put) == SQLITE_DONE
                         ? 0
                         : error_from_sqlite(error, copy, "noting who holds a file");
            sqlite3_reset(put);
        }
        if (result == 0 && rc != SQLITE_DONE) {
            result = error_from_sqlite(error, db, "reading who holds files");
        }
    }
    sqlite3_finalize(all);
    sqlite3_finalize(put);
    return result;
}

static int catch_up(sqlite3 *db, struct catching_up *it, struct error *error) {
    int result = database_run(it->copy, "begin immediate", error);
    if (result != 0) {
        return -1;
    }
    result = database_statement(it->copy, "select 1 from file_kept where hash = ?",
                                &it->has, error) != 0 ||
                     database_statement(it->copy,
                                        "insert into file_kept (hash, size, at)"
                                        " values (?, ?, 0)",
                                        &it->keep, error) != 0 ||
                     each_kept(db, catch_up_file, it, error) != 0 ||
                     catch_up_holders(db, it->copy, error) != 0
                 ? -1
                 : 0;
    sqlite3_finalize(it->has);
    sqlite3_finalize(it->keep);
    if (result == 0) {
        return database_run(it->copy, "commit", error);
    }
    database_run(it->copy, "rollback", NULL);
    return -1;
}

int files_catch_up(sqlite3 *db, const char *from_data, const char *to_data,
                   struct error *error) {
    char *from = files_folder(from_data);
    char *to = files_folder(to_data);
    char *path = server_path(to_data, "master.db");
    struct catching_up it = {.copying = {from, to}};
    int result = -1;
    if (from == NULL || to == NULL || path == NULL) {
        error_out_of_memory(error);
    } else if (database_open(path, false, false, &it.copy, error) == 0) {
        result = catch_up(db, &it, error);
    }
    sqlite3_close(it.copy);
    free(from);
    free(to);
    free(path);
    return result;
}
