/*
 * The pull at the station: staging and applying rows.
 */
#include "client-core/pull.h"

#include <stdlib.h>
#include <string.h>

#include "client-core/bulk_indexes.h"
#include "client-core/misfits.h"
#include "client-core/outbox.h"
#include "client-core/rebase.h"
#include "client-core/rebuild.h"
#include "client-core/state.h"
#include "client-core/tally.h"
#include "schema/database.h"
#include "sync/rows.h"

enum { PROGRESS_ROWS = 5000 };

/* --- staging --------------------------------------------------------------------------------------- */

int pull_stage(struct replica *replica, struct bytes chunk, struct error *error) {
    static const char sql[] = "insert into station_staging (chunk) values (?1)";
    sqlite3_stmt *statement = replica_statement(replica, sql, error);
    if (!statement)
        return -1;
    bind_bytes(statement, 1, chunk);
    int failed = replica_finish(replica, statement, error);
    sqlite3_clear_bindings(statement);
    return failed;
}

static int drop_staged(struct replica *replica, struct error *error) {
    static const char sql[] = "delete from station_staging";
    sqlite3_stmt *statement = replica_statement(replica, sql, error);
    return statement ? replica_finish(replica, statement, error) : -1;
}

int pull_restart(struct replica *replica, struct error *error) {
    const struct pull_position none = {0};
    if (drop_staged(replica, error) != 0)
        return -1;
    return progress_write_position(replica, &none, error);
}

/* --- applying -------------------------------------------------------------------------------------- */

enum emptiness { EMPTINESS_UNKNOWN, EMPTINESS_EMPTY, EMPTINESS_ROWS };

struct apply {
    struct replica *replica;
    const struct pull_end *end;
    struct pull_result *result;
    struct tally tally;
    uint8_t emptiness[LIMIT_TABLES]; /* at the beginning */
};

/* One group: its table, and which of its columns this program knows. */
struct apply_group {
    struct table_access *access;
    const struct row_group *group;
    uint64_t mask;
};

static int look_whether_empty(struct apply *apply, const struct table *table,
                              struct error *error) {
    uint8_t *known = &apply->emptiness[table->number];
    struct buffer sql = buffer_make(256);
    int64_t rows = 0;
    if (*known != EMPTINESS_UNKNOWN)
        return 0;
    buffer_printf(&sql, "select exists (select 1 from \"%s\")", table->name);
    int failed = sql.failed ? error_out_of_memory(error)
                            : database_integer(apply->replica->db, buffer_text(&sql),
                                               &rows, error);
    buffer_free(&sql);
    *known = rows ? EMPTINESS_ROWS : EMPTINESS_EMPTY;
    return failed;
}

static struct value id_or_null(const struct id *id) {
    return id_is_zero(*id) ? value_null()
                           : value_blob((struct bytes){id->bytes, ID_SIZE});
}

static void row_of_wire(const struct apply_group *group, const struct sync_row *from,
                        struct stored_row *ret) {
    ret->mask = group->mask;
    for (size_t i = 0; i < group->group->column_count; i++) {
        uint8_t number = group->group->columns[i];
        if (number < LIMIT_COLUMNS && (group->mask & COLUMN_BIT(number)))
            ret->values[number] = from->values[i];
    }
    ret->stamps = (struct row_stamps){
        .created_at = value_integer(from->created_at),
        .created_by = id_or_null(&from->created_by),
        .updated_at = value_integer(from->updated_at),
        .updated_by = id_or_null(&from->updated_by),
        .gsn = from->gsn,
    };
}

/* The common case of a first sync: nothing is there, nothing needs to be looked up. *ret_done false: it is no such case.
 * SQLite may have ended the whole transaction with a failure of any other kind, so that nothing may follow it. */
static int insert_into_empty(struct apply *apply, const struct apply_group *group,
                             struct bytes key, const struct stored_row *row,
                             bool *ret_done, struct error *error) {
    struct error why = {0};
    if (apply->emptiness[group->access->table->number] != EMPTINESS_EMPTY ||
        apply->tally.any_misfits)
        return 0;
    int rc = row_insert(apply->replica, group->access, key, row, &why);
    *ret_done = rc == SQLITE_OK;
    if (rc == SQLITE_OK || (rc & 0xff) == SQLITE_CONSTRAINT)
        return 0;
    if (error)
        *error = why;
    return -1;
}

/* What is on this replica of the row, and how it is counted. */
static int look_at(struct apply *apply, const struct apply_group *group, struct bytes key,
                   int64_t *ret_gsn, struct tally_row *ret, struct error *error) {
    if (row_gsn(apply->replica, group->access, key, ret_gsn, error) != 0)
        return -1;
    return tally_find(&apply->tally, group->access->table, key, *ret_gsn, ret, error);
}

/* A row that does not fit here is kept aside; what is behind it goes on. */
static int write_row(struct apply *apply, const struct apply_group *group,
                     struct bytes key, const struct stored_row *row, bool insert,
                     struct tally_row *now, struct error *error) {
    struct error why = {0};
    int rc =
        (insert ? row_insert : row_put)(apply->replica, group->access, key, row, &why);
    if (rc == SQLITE_OK)
        return 0;
    if ((rc & 0xff) == SQLITE_CONSTRAINT) {
        now->misfit = true;
        apply->result->misfits++;
        return misfit_keep(apply->replica, group->access->table, key, row, why.message,
                           error);
    }
    if (error)
        *error = why;
    return -1;
}

static int apply_row(struct apply *apply, const struct apply_group *group,
                     const struct sync_row *from, struct error *error) {
    const struct table *table = group->access->table;
    struct stored_row row;
    struct tally_row former = {0};
    struct tally_row now = {from->gsn, from->places, false};
    int64_t present = 0;
    if (from->key.size != table->key_count * ID_SIZE)
        return error_set(error, "server.response", "rows",
                         "a key of %s has the wrong size", table->name);
    row_of_wire(group, from, &row);
    apply->result->rows++;
    bool done = false;
    if (insert_into_empty(apply, group, from->key, &row, &done, error) != 0)
        return -1;
    if (done)
        return tally_move(&apply->tally, table, from->key, &former, &now, error);
    if (look_at(apply, group, from->key, &present, &former, error) != 0)
        return -1;
    if (former.gsn > from->gsn)
        return 0; /* a later state of the row came before */
    if (write_row(apply, group, from->key, &row, present < 0, &now, error) != 0 ||
        (former.misfit && !now.misfit &&
         misfit_drop(apply->replica, table, from->key, error) != 0))
        return -1;
    return tally_move(&apply->tally, table, from->key, &former, &now, error);
}

static int forget_row(struct apply *apply, const struct apply_group *group,
                      struct bytes key, struct error *error) {
    const struct table *table = group->access->table;
    const struct tally_row gone = {0};
    struct tally_row former;
    int64_t present = 0;
    if (key.size != table->key_count * ID_SIZE)
        return error_set(error, "server.response", "rows",
                         "a key of %s has the wrong size", table->name);
    if (look_at(apply, group, key, &present, &former, error) != 0 ||
        row_forget(apply->replica, group->access, key, error) != 0 ||
        (former.misfit && misfit_drop(apply->replica, table, key, error) != 0))
        return -1;
    apply->result->forgotten += former.gsn >= 0;
    return tally_move(&apply->tally, table, key, &former, &gone, error);
}

static int compare_rows(const void *a, const void *b) {
    return bytes_compare(((const struct sync_row *)a)->key,
                         ((const struct sync_row *)b)->key);
}

static int tell_progress(const struct apply *apply, struct error *error) {
    const struct pull_end *end = apply->end;
    if (apply->result->rows % PROGRESS_ROWS != 0 || !end->progress ||
        end->progress(end->context, apply->result->rows) == 0)
        return 0;
    return error_set(error, "sync.stopped", "", "the sync was stopped");
}

/* Rows in order of their keys: a tree fills faster from left to right. */
static int apply_group(struct apply *apply, const struct apply_group *group,
                       struct error *error) {
    const struct row_group *rows = group->group;
    if (look_whether_empty(apply, group->access->table, error) != 0)
        return -1;
    if (rows->row_count > 1)
        qsort(rows->rows, rows->row_count, sizeof *rows->rows, compare_rows);
    for (size_t i = 0; i < rows->row_count; i++)
        if (apply_row(apply, group, &rows->rows[i], error) != 0 ||
            tell_progress(apply, error) != 0)
            return -1;
    for (size_t i = 0; i < rows->forget_count; i++)
        if (forget_row(apply, group, rows->forget[i], error) != 0)
            return -1;
    return 0;
}

static int apply_chunk(struct apply *apply, struct bytes data, struct arena *arena,
                       struct error *error) {
    struct row_chunk chunk;
    if (data.size == 0)
        return 0;
    if (rows_decode(data, arena, &chunk, error) != 0)
        return -1;
    for (size_t i = 0; i < chunk.group_count; i++) {
        struct apply_group group = {.group = &chunk.groups[i]};
        const struct table *table =
            catalogue_table_number(apply->replica->catalogue, group.group->table);
        if (!table) {
            apply->result->skipped += (int64_t)group.group->row_count;
            continue;
        }
        group.access = table_access(apply->replica, table, error);
        if (!group.access)
            return -1;
        for (size_t j = 0; j < group.group->column_count; j++)
            if (group.group->columns[j] < LIMIT_COLUMNS)
                group.mask |= COLUMN_BIT(group.group->columns[j]);
        group.mask &= group.access->data_mask;
        if (apply_group(apply, &group, error) != 0)
            return -1;
    }
    return 0;
}

static int apply_staged(struct apply *apply, struct arena *arena, struct error *error) {
    static const char sql[] = "select chunk from station_staging order by position";
    sqlite3_stmt *statement = replica_statement(apply->replica, sql, error);
    bool row = true;
    int failed = statement ? 0 : -1;
    while (!failed && row) {
        failed = replica_step(apply->replica, statement, &row, error);
        if (!failed && row)
            failed = apply_chunk(apply, column_bytes(statement, 0), arena, error);
        arena_reset(arena);
    }
    if (statement)
        sqlite3_reset(statement);
    return failed;
}

/* What did not fit may fit now. */
static int try_misfits(struct apply *apply, struct error *error) {
    int64_t fitted = 0;
    if (!apply->tally.any_misfits)
        return 0;
    if (misfits_try(apply->replica, &fitted, error) != 0)
        return -1;
    apply->result->misfits -= fitted;
    return 0;
}

static int apply_chunks(struct apply *apply, struct error *error) {
    struct arena arena = arena_make((size_t)LIMIT_CHUNK_INFLATED * 16);
    int failed = apply_staged(apply, &arena, error) != 0 ||
                 apply_chunk(apply, apply->end->chunk, &arena, error) != 0 ||
                 try_misfits(apply, error) != 0;
    arena_free(&arena);
    return failed;
}

/* A first sync that took more than one response is worth building the indexes afterwards. */
static int is_bulk(struct replica *replica, bool from_nothing, bool *ret,
                   struct error *error) {
    static const char sql[] = "select exists (select 1 from station_staging)";
    sqlite3_stmt *statement = replica_statement(replica, sql, error);
    int64_t staged = 0;
    if (!statement || replica_integer(replica, statement, &staged, error) != 0)
        return -1;
    *ret = staged && from_nothing;
    return 0;
}

/* Work that waits is run again right after, and its rules ask for what the indexes know. */
static int restore_indexes(struct replica *replica, const struct dropped_indexes *dropped,
                           struct error *error) {
    static const char sql[] =
        "select exists (select 1 from station_outbox where active = 1)";
    sqlite3_stmt *statement = replica_statement(replica, sql, error);
    int64_t waits = 0;
    if (!statement || replica_integer(replica, statement, &waits, error) != 0)
        return -1;
    return (waits ? bulk_indexes_create : bulk_indexes_defer)(replica, dropped, error);
}

static int apply_all(struct apply *apply, bool from_nothing, struct error *error) {
    struct arena arena = arena_make(LIMIT_JSON);
    struct dropped_indexes dropped = {0};
    bool bulk = false;
    int failed =
        is_bulk(apply->replica, from_nothing, &bulk, error) != 0 ||
        (bulk && bulk_indexes_drop(apply->replica, &arena, &dropped, error) != 0) ||
        apply_chunks(apply, error) != 0 ||
        (bulk && restore_indexes(apply->replica, &dropped, error) != 0);
    arena_free(&arena);
    return failed;
}

/* Where the tally begins: a rebuild counts from nothing. */
static int begin(struct apply *apply, const struct progress *progress,
                 struct error *error) {
    bool rebuild = apply->end->rebuild;
    if (rebase_undo(apply->replica, error) != 0 ||
        (rebuild && rebuild_clear(apply->replica, error) != 0))
        return -1;
    return tally_begin(&apply->tally, apply->replica, rebuild ? 0 : progress->digest,
                       rebuild ? 0 : progress->digest_rows, error);
}

int pull_apply(struct replica *replica, const struct pull_end *end,
               struct pull_result *ret, struct error *error) {
    struct progress progress;
    struct pull_result result = {0};
    struct apply apply = {.replica = replica, .end = end, .result = &result};
    if (progress_read(replica, &progress, error) != 0 ||
        begin(&apply, &progress, error) != 0 ||
        apply_all(&apply, end->rebuild || progress.cursor == 0, error) != 0 ||
        drop_staged(replica, error) != 0 ||
        outbox_settle(replica, end->head, error) != 0 ||
        rebase_redo(replica, &result.attention, error) != 0 ||
        (end->rebuild && rebuild_end(replica, error) != 0))
        return -1;
    progress.cursor = end->head;
    progress.digest = result.digest = apply.tally.digest;
    progress.digest_rows = result.digest_rows = apply.tally.rows;
    if (progress_write_cursor(replica, &progress, end->held, error) != 0)
        return -1;
    *ret = result;
    return 0;
}

int pull_settle(struct replica *replica, struct error *error) {
    struct progress progress;
    int64_t attention = 0;
    return progress_read(replica, &progress, error) != 0 ||
                   rebase_undo(replica, error) != 0 ||
                   outbox_settle(replica, progress.cursor, error) != 0 ||
                   rebase_redo(replica, &attention, error) != 0
               ? -1
               : 0;
}
