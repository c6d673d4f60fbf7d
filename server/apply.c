/* Merging one transaction into the master. */
#include "server/apply.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/deferred.h"
#include "server/derived.h"
#include "server/history.h"
#include "server/placing.h"
#include "server/verdicts.h"
#include "sync/clock.h"

/* --- who and when ----------------------------------------------------------------------------- */

static bool is_actor(const struct origin *origin, struct id user) {
    if (origin->everyone) {
        return true; /* whether he is known and active is asked of everybody */
    }
    for (size_t i = 0; i < origin->actor_count; i++) {
        if (id_equal(origin->actors[i], user)) {
            return true;
        }
    }
    return false;
}

static int check_author(struct work *work, const struct origin *origin,
                        struct error *error) {
    const struct transaction *transaction = work->transaction;
    if (origin->trusted) {
        work->roles = ROLE_SET_ALL;
        return 0;
    }
    if (!is_actor(origin, transaction->user)) {
        return error_set(error, "actor.not_allowed", "user",
                         "this station may not act for that person");
    }
    work->access = access_of(work->master, transaction->user, origin->ceiling, error);
    if (work->access == NULL) {
        return -1;
    }
    if (!work->access->active) {
        return error_set(error, "actor.inactive", "user",
                         "that person no longer works here");
    }
    work->roles = work->access->roles;
    return 0;
}

/* HQ's time when `base` was given out; the first entry's for 0. */
static int time_of_gsn(struct master *master, int64_t gsn, int64_t *ret,
                       struct error *error) {
    sqlite3_stmt *statement = master_statement(master, SQL_GSN_GET, error);
    if (statement == NULL) {
        return -1;
    }
    sqlite3_bind_int64(statement, 1, gsn > 0 ? gsn : 1);
    int rc = sqlite3_step(statement);
    *ret = rc == SQLITE_ROW ? sqlite3_column_int64(statement, 2) : 0;
    sqlite3_reset(statement);
    return rc == SQLITE_ROW || rc == SQLITE_DONE
               ? 0
               : error_from_sqlite(error, master->db, "reading the time of a gsn");
}

static int set_time(struct work *work, const struct origin *origin, struct error *error) {
    const struct transaction *transaction = work->transaction;
    if (transaction->base < 0 || transaction->base >= work->gsn) {
        return error_set(error, "transaction.base", "base",
                         "base %lld is not known here; the last is %lld",
                         (long long)transaction->base, (long long)work->gsn - 1);
    }
    int64_t at_base = 0;
    if (time_of_gsn(work->master, transaction->base, &at_base, error) != 0) {
        return -1;
    }
    work->time = clock_clamp(transaction->time, clock_pack(at_base, 0),
                             clock_pack(origin->received_at, UINT16_MAX));
    return 0;
}

/* --- references and visibility ------------------------------------------------------------------- */

/* A row that left the author's scopes after his base is still his to write. What base he names is
 * his word; that he knew of what his device had named before is not. */
static bool sees_row(const struct work *work, const struct row_work *row) {
    int64_t base = work->transaction->base;
    base = base > work->seen_base ? base : work->seen_base;
    return work->access == NULL || row->table->org || row->inserted ||
           access_sees(work->access, row->placements, row->placement_count, base);
}

/* A row that was refused before: what builds on it is refused with a code that says so. */
static int check_refused(struct work *work, const struct row_work *row, bool whole,
                         struct error *error) {
    sqlite3_stmt *statement = master_statement(work->master, SQL_REFUSED_GET, error);
    if (statement == NULL) {
        return -1;
    }
    sqlite3_bind_int(statement, 1, row->table->number);
    sqlite3_bind_blob(statement, 2, row->key.data, (int)row->key.size, SQLITE_STATIC);
    sqlite3_bind_int(statement, 3, whole ? 1 : 0);
    sqlite3_bind_int64(statement, 4,
                       work->lost.epoch ? work->lost.base : work->transaction->base);
    sqlite3_bind_int64(statement, 5, work->family.root);
    int rc = sqlite3_step(statement);
    sqlite3_reset(statement);
    if (rc == SQLITE_ROW) {
        return error_set(error, "depends.refused", row->table->name,
                         "it builds on earlier work of this station that was refused");
    }
    return rc == SQLITE_DONE
               ? 0
               : error_from_sqlite(error, work->master->db, "looking for refusals");
}

static int check_reference(struct work *work, const struct table *table,
                           const struct column *column, struct value value,
                           struct error *error) {
    if (column->ref == NULL || value.type == VALUE_NULL) {
        return 0;
    }
    char field[64];
    snprintf(field, sizeof field, "%.40s", column->name);
    if (value.type != VALUE_BLOB ||
        value.bytes.size != column->ref->key_count * ID_SIZE) {
        return error_set(error, "change.type", field, "%s.%s must be the key of a %s",
                         table->name, column->name, column->ref->name);
    }
    struct row_work *target = work_row(work, column->ref, value.bytes, error);
    if (target == NULL) {
        return -1;
    }
    if (!target->existed && !target->inserted) {
        return check_refused(work, target, true, error) != 0
                   ? -1
                   : error_set(error, "reference.missing", field,
                               "%s.%s names a %s that does not exist", table->name,
                               column->name, column->ref->name);
    }
    return sees_row(work, target)
               ? 0
               : error_set(error, "scope.parent", field,
                           "%s.%s names a %s that this person may not see", table->name,
                           column->name, column->ref->name);
}

static int check_references(struct work *work, const struct table *table,
                            const struct change *change, struct error *error) {
    for (size_t k = 0; k < table->key_count; k++) {
        struct value part =
            value_blob((struct bytes){change->key.data + k * ID_SIZE, ID_SIZE});
        if (check_reference(work, table, table->key[k], part, error) != 0) {
            return -1;
        }
    }
    for (size_t i = 0; i < change->cell_count; i++) {
        const struct column *column = table->by_number[change->cells[i].column];
        if (check_reference(work, table, column, change->cells[i].value, error) != 0) {
            return -1;
        }
    }
    return 0;
}

/* --- updates ---------------------------------------------------------------------------------- */

/* The columns of one cell, in column order, with what the master has and what comes. */
struct cell_case {
    const struct column *columns[LIMIT_COLUMNS];
    struct value master_values[LIMIT_COLUMNS];
    struct value values[LIMIT_COLUMNS];
    size_t count;
    bool first_given; /* some column of the cell is in the change */
};

static const struct cell *find_cell(const struct change *change, uint8_t column) {
    for (size_t i = 0; i < change->cell_count; i++) {
        if (change->cells[i].column == column) {
            return &change->cells[i];
        }
    }
    return NULL;
}

static void collect_cell(const struct row_work *row, const struct change *change,
                         uint8_t cell_number, struct cell_case *ret) {
    ret->count = 0;
    for (size_t i = 0; i < row->table->data_count; i++) {
        const struct column *column = &row->table->columns[i];
        if (column->cell != cell_number || column->key_position != 0) {
            continue;
        }
        const struct cell *given = find_cell(change, column->number);
        ret->columns[ret->count] = column;
        ret->master_values[ret->count] = row->values[i];
        ret->values[ret->count] = given ? given->value : row->values[i];
        ret->count++;
    }
}

/* Who last wrote the cell. For most rows its insert. */
static int cell_stamp(struct work *work, const struct row_work *row, uint8_t cell,
                      struct stamp *ret, struct error *error) {
    sqlite3_stmt *statement = master_statement(work->master, SQL_STAMP_GET, error);
    if (statement == NULL) {
        return -1;
    }
    sqlite3_bind_int(statement, 1, row->table->number);
    sqlite3_bind_blob(statement, 2, row->key.data, (int)row->key.size, SQLITE_STATIC);
    sqlite3_bind_int(statement, 3, cell);
    int rc = sqlite3_step(statement);
    *ret = (struct stamp){.gsn = rc == SQLITE_ROW ? sqlite3_column_int64(statement, 0)
                                                  : row->gsn};
    sqlite3_reset(statement);
    if (rc != SQLITE_ROW && rc != SQLITE_DONE) {
        return error_from_sqlite(error, work->master->db, "reading a cell's stamp");
    }
    /* Time and device are only needed when it is newer than the author's base. */
    bool newer = work->transaction != NULL && ret->gsn > work->transaction->base;
    return newer ? derived_writer(work, ret, error) : 0;
}

static int put_stamp(struct work *work, const struct row_work *row, uint8_t cell,
                     struct error *error) {
    sqlite3_stmt *statement = master_statement(work->master, SQL_STAMP_PUT, error);
    if (statement == NULL) {
        return -1;
    }
    sqlite3_bind_int(statement, 1, row->table->number);
    sqlite3_bind_blob(statement, 2, row->key.data, (int)row->key.size, SQLITE_STATIC);
    sqlite3_bind_int(statement, 3, cell);
    sqlite3_bind_int64(statement, 4, work->gsn);
    return master_run(work->master, statement, "stamping a cell", error);
}

static const struct value *keep_values(struct work *work, const struct value *values,
                                       size_t count) {
    struct value *kept = arena_alloc_array(&work->arena, count, sizeof *kept);
    if (kept != NULL) {
        memcpy(kept, values, count * sizeof *kept);
    }
    return kept;
}

static int keep_conflict(struct work *work, struct row_work *row,
                         const struct cell_case *cell,
                         const struct merge_decision *decision, int64_t other_gsn,
                         struct error *error) {
    const struct value *theirs = keep_values(work, cell->master_values, cell->count);
    const struct value *ours = keep_values(work, cell->values, cell->count);
    if (theirs == NULL || ours == NULL) {
        return error_out_of_memory(error);
    }
    struct kept_conflict conflict = {
        .row = row,
        .cell = cell->columns[0],
        .reason = decision->reason,
        .author_lost = decision->author_lost,
        .other_gsn = other_gsn,
        .winner = decision->author_lost ? theirs : ours,
        .loser = decision->author_lost ? ours : theirs,
        .count = cell->count,
    };
    return work_conflict(work, &conflict, error);
}

/* Takes the values of a cell into the row; adds the columns to *columns. */
static int take_cell(struct work *work, struct row_work *row,
                     const struct cell_case *cell, const struct merge_decision *decision,
                     uint64_t *columns, struct error *error) {
    for (size_t i = 0; i < cell->count; i++) {
        const struct column *column = cell->columns[i];
        struct value value =
            decision->combined_valid ? decision->combined : cell->values[i];
        if (value_equal(value, cell->master_values[i])) {
            continue;
        }
        row->values[column - row->table->columns] = value;
        *columns |= 1ULL << column->number;
        if (work_change(work, row, column, cell->master_values[i], value, error) != 0) {
            return -1;
        }
    }
    return put_stamp(work, row, cell->columns[0]->cell, error);
}

/* A state moves only through its event row, inserted by the same transaction. */
static int check_event(const struct work *work, const struct row_work *row,
                       const struct cell_case *cell, struct error *error) {
    const struct column *state = cell->columns[0];
    const struct table *event = state->state_event;
    for (size_t i = 0; i < work->transaction->change_count; i++) {
        const struct change *change = &work->transaction->changes[i];
        if (change->table != event->number || change->operation != ROW_INSERT) {
            continue;
        }
        const struct cell *parent = find_cell(change, event->event_parent->number);
        const struct cell *to = find_cell(change, event->event_to->number);
        if (parent != NULL && to != NULL && bytes_equal(parent->value.bytes, row->key) &&
            value_equal(to->value, cell->values[0])) {
            return 0;
        }
    }
    return error_set(error, "state.no_event", state->name,
                     "%s.%s changes only together with a row of %s", row->table->name,
                     state->name, event->name);
}

/* Work of a lost history may come after what was written over it there: by somebody who knew it, or by its own
 * device, when it had to wait. */
static int came_before(struct work *work, const struct stamp *stamp, bool *ret,
                       struct error *error) {
    if (work->lost.epoch == 0) {
        return 0;
    }
    if (stamp->gsn > work->transaction->base && id_equal(stamp->device, work->device) &&
        stamp->time > work->time) {
        *ret = true;
        return 0;
    }
    return history_superseded(work, stamp->gsn, ret, error);
}

static int merge_one_cell(struct work *work, struct row_work *row,
                          const struct cell_case *cell, uint64_t *columns,
                          struct error *error) {
    assert(cell->count > 0);
    const struct column *lead = cell->columns[0];
    struct merge_case merge_case = {
        .rule = lead->merge,
        .master_values = cell->master_values,
        .values = cell->values,
        .count = cell->count,
        .device = work->device,
        .base = work->transaction->base,
        .time = work->time,
    };
    struct merge_decision decision = {0};
    if (cell_stamp(work, row, lead->cell, &merge_case.master, error) != 0) {
        return -1;
    }
    bool superseded = false;
    if (lead->merge == MERGE_LWW &&
        came_before(work, &merge_case.master, &superseded, error) != 0) {
        return -1;
    }
    if (superseded) {
        return 0;
    }
    bool moves = lead->merge == MERGE_STATE &&
                 !value_equal(cell->values[0], cell->master_values[0]);
    if (moves && (check_refused(work, row, false, error) != 0 ||
                  check_event(work, row, cell, error) != 0)) {
        return -1;
    }
    struct error why = {0};
    if (merge_cell(&merge_case, &decision, &why) != 0) {
        return error_set(error, why.code, lead->name, "%s", why.message);
    }
    if (decision.conflict &&
        keep_conflict(work, row, cell, &decision, merge_case.master.gsn, error) != 0) {
        return -1;
    }
    return decision.take ? take_cell(work, row, cell, &decision, columns, error) : 0;
}

/* An edit and a delete that knew nothing of each other: the edit is kept, the row stays
 * deleted, and both people are told. */
static int check_deleted(struct work *work, struct row_work *row, uint64_t columns,
                         struct error *error) {
    const struct table *table = row->table;
    uint64_t deletion = 1ULL << COLUMN_DELETED_AT;
    if (!table->soft_delete || columns == 0 || work->access == NULL) {
        return 0;
    }
    const struct column *deleted_at = table->by_number[COLUMN_DELETED_AT];
    struct value now = work_value(row, deleted_at);
    struct stamp other = {0};
    if (now.type == VALUE_NULL) {
        return 0;
    }
    bool deletes = (columns & deletion) != 0;
    int result = deletes ? derived_latest_edit(work, row, &other, error)
                         : cell_stamp(work, row, COLUMN_DELETED_AT, &other, error);
    bool superseded = false;
    if (result == 0) {
        result = history_superseded(work, other.gsn, &superseded, error);
    }
    if (result != 0 || superseded ||
        !merge_is_concurrent(&other, work->transaction->base, work->device)) {
        return result;
    }
    struct value *values = arena_alloc_array(&work->arena, 2, sizeof *values);
    if (values == NULL) {
        return error_out_of_memory(error);
    }
    values[0] = now;
    values[1] = value_null();
    struct kept_conflict conflict = {
        .row = row,
        .cell = deleted_at,
        .reason = MERGE_REASON_DELETED,
        .author_lost = !deletes,
        .other_gsn = other.gsn,
        .winner = &values[0],
        .loser = &values[1],
        .count = 1,
    };
    return work_conflict(work, &conflict, error);
}

static int update_row(struct work *work, struct row_work *row,
                      const struct change *change, struct error *error) {
    uint64_t done = 0;
    uint64_t columns = 0;
    if (work_values(work, row, error) != 0) {
        return -1;
    }
    for (size_t i = 0; i < change->cell_count; i++) {
        uint8_t cell_number = row->table->by_number[change->cells[i].column]->cell;
        if ((done >> cell_number & 1) != 0) {
            continue;
        }
        done |= 1ULL << cell_number;
        struct cell_case cell;
        collect_cell(row, change, cell_number, &cell);
        if (merge_one_cell(work, row, &cell, &columns, error) != 0) {
            return -1;
        }
    }
    if (columns != 0 && work_update(work, row, columns, error) != 0) {
        return -1;
    }
    return check_deleted(work, row, columns, error) != 0
               ? -1
               : work_touch(work, row, ROW_UPDATE, error);
}

/* --- inserts ----------------------------------------------------------------------------------- */

static int insert_row(struct work *work, struct row_work *row,
                      const struct change *change, struct error *error) {
    if (work_insert(work, row, change->cells, change->cell_count, error) != 0) {
        return -1;
    }
    for (size_t i = 0; i < change->cell_count; i++) {
        const struct cell *cell = &change->cells[i];
        if (cell->value.type != VALUE_NULL &&
            work_change(work, row, row->table->by_number[cell->column], value_null(),
                        cell->value, error) != 0) {
            return -1;
        }
    }
    return work_touch(work, row, ROW_INSERT, error);
}

/* --- a transaction ------------------------------------------------------------------------------ */

/* An insert of a row that exists merges as an update: it needs the rights of one. */
static int authorise_one(struct work *work, struct row_work *row,
                         const struct change *change, struct error *error) {
    struct change as_update = *change;
    as_update.operation = ROW_UPDATE;
    bool updates = change->operation == ROW_INSERT && row->existed;
    return authorise_change(work->master->catalogue, updates ? &as_update : change,
                            work->transaction->user, work->roles, work->access == NULL,
                            error);
}

/* Authority over every change, before any is written; rows to be inserted are known afterwards. */
static int authorise_all(struct work *work, struct error *error) {
    const struct transaction *transaction = work->transaction;
    for (size_t i = 0; i < transaction->change_count; i++) {
        const struct change *change = &transaction->changes[i];
        if (authorise_change(work->master->catalogue, change, transaction->user,
                             work->roles, work->access == NULL, error) != 0) {
            return -1;
        }
        const struct table *table =
            catalogue_table_number(work->master->catalogue, change->table);
        struct row_work *row = work_row(work, table, change->key, error);
        if (row == NULL || authorise_one(work, row, change, error) != 0) {
            return -1;
        }
        bool inserts = change->operation == ROW_INSERT && !row->existed;
        if (inserts && row->inserted) {
            return error_set(error, "change.key", table->name, "the same row twice");
        }
        row->inserted = row->inserted || inserts;
    }
    return 0;
}

static int check_row(struct work *work, struct row_work *row, const struct change *change,
                     struct error *error) {
    if (!row->existed && !row->inserted) {
        return check_refused(work, row, true, error) != 0
                   ? -1
                   : error_set(error, "row.missing", row->table->name,
                               "there is no such %s to change", row->table->name);
    }
    if (!sees_row(work, row)) {
        return error_set(error, "scope.row", row->table->name,
                         "this person may not see that %s", row->table->name);
    }
    return check_references(work, row->table, change, error);
}

static int apply_change(struct work *work, const struct change *change,
                        struct error *error) {
    const struct table *table =
        catalogue_table_number(work->master->catalogue, change->table);
    struct row_work *row = work_row(work, table, change->key, error);
    if (row == NULL || check_row(work, row, change, error) != 0) {
        return -1;
    }
    return row->inserted && row->values == NULL ? insert_row(work, row, change, error)
                                                : update_row(work, row, change, error);
}

static int run_rules(struct work *work, const struct origin *origin,
                     struct error *error) {
    struct master *master = work->master;
    struct rule_input input = {work->touched, work->touched_count, work->changed,
                               work->changed_count};
    master->functions.actor = work->transaction->user;
    master->functions.device = work->device;
    master->functions.roles = work->roles;
    master->functions.now_ms = clock_ms(work->time);
    return rules_run(master->rules, &input, (int)origin->schema_version, &work->flag,
                     error);
}

static void forget_rights(struct work *work) {
    for (size_t i = 0; i < work->touched_count; i++) {
        if (access_reads(work->master->access, work->touched[i].table)) {
            access_forget(work->master->access);
            return;
        }
    }
}

static int merge_all(struct work *work, const struct origin *origin, bool decide,
                     struct error *error) {
    if (check_author(work, origin, error) != 0 || set_time(work, origin, error) != 0 ||
        authorise_all(work, error) != 0) {
        return -1;
    }
    for (size_t i = 0; i < work->transaction->change_count; i++) {
        if (apply_change(work, &work->transaction->changes[i], error) != 0) {
            return -1;
        }
    }
    if ((decide && !origin->trusted && run_rules(work, origin, error) != 0) ||
        derived_conflicts(work, error) != 0 || derived_flag(work, error) != 0 ||
        placing_run(work, error) != 0) {
        return -1;
    }
    forget_rights(work);
    return 0;
}

static void start_work(struct work *work, const struct origin *origin,
                       const struct transaction *transaction) {
    work_reset(work);
    work->transaction = transaction;
    work->device = origin->device;
    work->station = origin->station;
    work->family = origin->family;
    work->seen_base = origin->seen_base;
    work->lost = origin->lost;
    work->access = NULL;
    work->gsn = work->master->gsn + 1;
    work->time = clock_pack(origin->received_at, 0);
}

/* Keeps the refusal of what was undone, or never begun: a row for its author, and what depends on it. */
static int refuse(struct work *work, const struct origin *origin,
                  const struct transaction *transaction, const struct error *why,
                  struct error *error) {
    start_work(work, origin, transaction);
    return derived_refusal(work, origin, why, error) != 0 ? -1 : placing_run(work, error);
}

/* Merges, or fills `why` and leaves what was written to be undone. */
static int try_merge(struct work *work, const struct origin *origin,
                     const struct transaction *transaction,
                     const struct verdict *recorded, struct error *why,
                     struct error *error) {
    start_work(work, origin, transaction);
    error_clear(why);
    if (recorded != NULL && recorded->code[0] != '\0') {
        error_set(&work->flag, recorded->code, recorded->field, "%s", recorded->message);
    }
    if (merge_all(work, origin, recorded == NULL, why) == 0) {
        return 0;
    }
    if (error_is_failure(why)) {
        *error = *why;
        return -1;
    }
    return 0;
}

/* What was merged once, or lacks something: it may be merged when more of the lost history is here. */
static bool may_wait(const struct origin *origin, const struct verdict *recorded,
                     const struct error *why) {
    if (recorded != NULL) {
        return recorded->kind == VERDICT_DEFERRED;
    }
    return origin->lost.defer && (origin->lost.former > 0 || deferred_code(why->code));
}

/* What was merged, has been undone. */
static int put_off_or_refuse(struct work *work, const struct origin *origin,
                             const struct transaction *transaction,
                             const struct verdict *recorded, enum verdict_kind *ret_kind,
                             const struct error *why, struct error *error) {
    bool waits = may_wait(origin, recorded, why);
    *ret_kind = waits ? VERDICT_DEFERRED : VERDICT_REFUSED;
    if (!waits) {
        return refuse(work, origin, transaction, why, error);
    }
    start_work(work, origin, transaction);
    return deferred_put(work->master, origin, transaction, why, error);
}

static enum verdict_kind merged_kind(const struct work *work) {
    return work->conflict_count != 0 ? VERDICT_CONFLICTS : VERDICT_MERGED;
}

static int merge_guarded(struct work *work, const struct origin *origin,
                         const struct transaction *transaction,
                         const struct verdict *recorded, enum verdict_kind *ret_kind,
                         struct error *why, struct error *error) {
    if (master_savepoint(work->master, error) != 0 ||
        try_merge(work, origin, transaction, recorded, why, error) != 0) {
        return -1;
    }
    if (why->code[0] == '\0') {
        *ret_kind = merged_kind(work);
        return master_release(work->master, error);
    }
    return master_undo(work->master, error) != 0
               ? -1
               : put_off_or_refuse(work, origin, transaction, recorded, ret_kind, why,
                                   error);
}

static int merge_or_refuse(struct work *work, const struct origin *origin,
                           const struct transaction *transaction,
                           const struct verdict *recorded, enum verdict_kind *ret_kind,
                           struct error *why, struct error *error) {
    if (recorded != NULL && recorded->kind >= VERDICT_REFUSED) {
        error_set(why, recorded->code, recorded->field, "%s", recorded->message);
        return put_off_or_refuse(work, origin, transaction, recorded, ret_kind, why,
                                 error);
    }
    if (!work->unguarded) {
        return merge_guarded(work, origin, transaction, recorded, ret_kind, why, error);
    }
    int result = try_merge(work, origin, transaction, recorded, why, error);
    work->must_undo = result == 0 && why->code[0] != '\0';
    *ret_kind = merged_kind(work);
    return result;
}

static int log_verdict(struct work *work, const struct origin *origin,
                       const struct verdict *verdict, struct error *error) {
    struct master *master = work->master;
    master->gsn = verdict->gsn;
    if (verdict_put(master, work, origin, verdict, error) != 0) {
        return -1;
    }
    bool lost = origin->lost.epoch > 0 && verdict->kind != VERDICT_REFUSED;
    return lost ? history_remember(master, verdict->gsn, &origin->lost, error) : 0;
}

int apply_transaction(struct master *master, struct work *work,
                      const struct origin *origin, const struct transaction *transaction,
                      const struct verdict *recorded, struct arena *texts,
                      struct verdict *ret, struct error *error) {
    bool known = false;
    work->must_undo = false;
    if (verdict_find(master, transaction->id, texts, ret, &known, error) != 0) {
        return -1;
    }
    if (known) {
        start_work(work, origin, transaction);
        return kin_share(work, ret->gsn, error);
    }
    struct error why = {0};
    if (merge_or_refuse(work, origin, transaction, recorded, &ret->kind, &why, error) !=
        0) {
        return -1;
    }
    if (work->must_undo) {
        return 0;
    }
    bool waits = ret->kind == VERDICT_DEFERRED;
    ret->transaction = transaction->id;
    ret->gsn = waits ? 0 : work->gsn;
    ret->time = work->time;
    const struct error *said = why.code[0] != '\0' ? &why : &work->flag;
    ret->code = arena_text(texts, said->code, strlen(said->code));
    ret->field = arena_text(texts, said->field, strlen(said->field));
    ret->message = arena_text(texts, said->message, strlen(said->message));
    if (ret->code == NULL || ret->field == NULL || ret->message == NULL) {
        return error_out_of_memory(error);
    }
    return waits ? 0 : log_verdict(work, origin, ret, error);
}
