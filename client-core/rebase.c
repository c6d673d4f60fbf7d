/*
 * Rebase: undo and redo of pending work.
 */
#include "client-core/rebase.h"

#include <string.h>

#include "client-core/images.h"
#include "client-core/outbox.h"
#include "sync/bundle.h"
#include "sync/merge.h"

enum { REBASE_MEMORY = 16 * LIMIT_TRANSACTION };

/* --- undo ------------------------------------------------------------------------------------------ */

/* Rows that headquarters does not know go; the others have an image. */
static int undo_entry(struct replica *replica, const struct active_entry *entry,
                      struct error *error) {
    for (size_t i = 0; i < entry->change_count; i++) {
        const struct change *change = &entry->changes[i];
        const struct table *table =
            catalogue_table_number(replica->catalogue, change->table);
        if (!table || change->operation != ROW_INSERT)
            continue;
        struct table_access *access = table_access(replica, table, error);
        if (!access || row_forget_unknown(replica, access, change->key, error) != 0)
            return -1;
    }
    return 0;
}

int rebase_undo(struct replica *replica, struct error *error) {
    struct arena arena = arena_make(REBASE_MEMORY);
    struct active_entry entry = {0};
    bool found = true;
    int failed = images_restore(replica, error);
    while (!failed && found) {
        arena_reset(&arena);
        failed =
            outbox_next_active(replica, entry.position, &arena, &entry, &found, error);
        if (!failed && found)
            failed = undo_entry(replica, &entry, error);
    }
    arena_free(&arena);
    return failed;
}

/* --- redo ------------------------------------------------------------------------------------------ */

struct redo {
    struct replica *replica;
    const struct active_entry *entry;
    size_t next_former; /* of the entry's; they follow the changes */
    struct buffer image;
};

/* One change over a row that is there. */
struct redo_row {
    const struct redo *redo;
    const struct table_access *access;
    const struct change *change;
    const struct change *former; /* NULL: not known */
    const struct stored_row *present;
};

/* The values before that belong to this change. */
static const struct change *take_former(struct redo *redo, const struct change *change) {
    const struct active_entry *entry = redo->entry;
    if (change->operation != ROW_UPDATE || redo->next_former >= entry->former_count)
        return NULL;
    const struct change *former = &entry->formers[redo->next_former];
    if (former->table != change->table || !bytes_equal(former->key, change->key))
        return NULL;
    redo->next_former++;
    return former;
}

/* Whether what is in the cell now is not what was there when the command ran. */
static bool has_moved(const struct redo_row *row, uint64_t columns) {
    for (size_t i = 0; row->former && i < row->former->cell_count; i++) {
        const struct cell *cell = &row->former->cells[i];
        if (cell->column < LIMIT_COLUMNS && (columns & COLUMN_BIT(cell->column)) &&
            !value_equal(cell->value, row->present->values[cell->column]))
            return true;
    }
    return false;
}

/* One cell: its columns in the change, and what is there. */
struct redo_cell {
    const struct column *lead;
    uint8_t columns[LIMIT_COLUMNS];
    struct value values[LIMIT_COLUMNS];
    struct value present[LIMIT_COLUMNS];
    size_t count;
};

static void collect(const struct redo_row *row, uint64_t columns, struct redo_cell *ret) {
    ret->count = 0;
    for (size_t i = 0; i < row->change->cell_count; i++) {
        const struct cell *cell = &row->change->cells[i];
        if (cell->column >= LIMIT_COLUMNS || !(columns & COLUMN_BIT(cell->column)))
            continue;
        ret->columns[ret->count] = cell->column;
        ret->values[ret->count] = cell->value;
        ret->present[ret->count] = row->present->values[cell->column];
        ret->count++;
    }
    ret->lead = row->access->table->by_number[ret->columns[0]];
}

/* By headquarters' rule, as far as it needs no more than the values: sums, the greatest, the least, the first. That it
 * was another who wrote what came is taken from its being something else. Who wrote last is not known of a single cell;
 * there the own value shows until headquarters has decided. */
static int decide(const struct redo_row *row, uint64_t columns,
                  const struct redo_cell *cell, struct merge_decision *ret,
                  struct error *error) {
    const struct merge_case merge_case = {
        .rule = cell->lead->merge,
        .master = {.gsn = has_moved(row, columns)},
        .master_values = cell->present,
        .device = row->redo->entry->user, /* any but the zeros of the other */
        .values = cell->values,
        .count = cell->count,
    };
    struct error why = {0};
    *ret = (struct merge_decision){.take = true};
    if (row->change->operation == ROW_INSERT || cell->lead->merge == MERGE_LWW ||
        cell->lead->merge == MERGE_STATE)
        return 0;
    return merge_cell(&merge_case, ret, &why) == 0
               ? 0
               : error_set(error, why.code, cell->lead->name, "%s", why.message);
}

/* Fills `ret` with what to write over what is there. */
static int redo_cells(const struct redo_row *row, struct stored_row *ret,
                      struct error *error) {
    uint64_t done = 0;
    for (size_t i = 0; i < row->change->cell_count; i++) {
        uint8_t number = row->change->cells[i].column;
        if (number >= LIMIT_COLUMNS ||
            !(row->access->data_mask & COLUMN_BIT(number) & ~done))
            continue;
        struct redo_cell cell;
        struct merge_decision decision;
        uint64_t columns = row->access->cell_mask[number];
        done |= columns;
        collect(row, columns, &cell);
        if (decide(row, columns, &cell, &decision, error) != 0)
            return -1;
        for (size_t k = 0; decision.take && k < cell.count; k++) {
            ret->values[cell.columns[k]] =
                decision.combined_valid ? decision.combined : cell.values[k];
            ret->mask |= COLUMN_BIT(cell.columns[k]);
        }
    }
    return 0;
}

static struct row_stamps stamps_of(const struct active_entry *entry) {
    struct value at = value_integer(clock_ms(entry->time));
    struct value by = value_blob((struct bytes){entry->user.bytes, ID_SIZE});
    return (struct row_stamps){at, by, at, by, 0};
}

static int redo_new(struct redo *redo, struct table_access *access,
                    const struct change *change, struct error *error) {
    struct stored_row row = {.stamps = stamps_of(redo->entry)};
    for (size_t i = 0; i < change->cell_count; i++) {
        uint8_t number = change->cells[i].column;
        if (number >= LIMIT_COLUMNS || !(access->data_mask & COLUMN_BIT(number)))
            continue;
        row.mask |= COLUMN_BIT(number);
        row.values[number] = change->cells[i].value;
    }
    return row_insert(redo->replica, access, change->key, &row, error) == SQLITE_OK ? 0
                                                                                    : -1;
}

/* Over a row that is there; `present` is borrowed and released here. */
static int redo_over(struct redo *redo, struct table_access *access,
                     const struct change *change, const struct stored_row *present,
                     struct error *error) {
    struct stored_row row = {.stamps = present->stamps};
    struct row_stamps own = stamps_of(redo->entry);
    uint8_t created_by[ID_SIZE];
    const struct redo_row over = {redo, access, change, take_former(redo, change),
                                  present};
    int failed = redo_cells(&over, &row, error);
    if (!failed && row.mask == 0) { /* what came is what stays */
        row_release(access);
        return 0;
    }
    if (!failed && present->stamps.gsn > 0)
        failed = image_keep(redo->replica, access->table, change->key, present,
                            &redo->image, error);
    if (row.stamps.created_by.bytes.size == ID_SIZE) {
        memcpy(created_by, row.stamps.created_by.bytes.data, ID_SIZE);
        row.stamps.created_by.bytes.data = created_by;
    }
    row.stamps.updated_at = own.updated_at;
    row.stamps.updated_by = own.updated_by;
    row_release(
        access); /* only values of the change are written: none is borrowed from it */
    if (failed)
        return -1;
    return row_put(redo->replica, access, change->key, &row, error) == SQLITE_OK ? 0 : -1;
}

static int redo_change(struct redo *redo, const struct change *change,
                       struct error *error) {
    const struct table *table =
        catalogue_table_number(redo->replica->catalogue, change->table);
    struct stored_row present;
    bool found = false;
    if (!table)
        return error_set(error, "change.table", "", "this program does not know table %u",
                         change->table);
    struct table_access *access = table_access(redo->replica, table, error);
    if (!access ||
        row_read(redo->replica, access, change->key, &present, &found, error) != 0)
        return -1;
    if (found)
        return redo_over(redo, access, change, &present, error);
    if (change->operation == ROW_INSERT)
        return redo_new(redo, access, change, error);
    return error_set(error, "row.missing", table->name,
                     "a row of %s that it changes is not on this station any more",
                     table->name);
}

static int run(struct replica *replica, const char *sql, struct error *error) {
    sqlite3_stmt *statement = replica_statement(replica, sql, error);
    return statement ? replica_finish(replica, statement, error) : -1;
}

/* One transaction, whole or not at all. */
static int redo_entry(struct redo *redo, bool *ret_applied, struct error *error) {
    static const char savepoint[] = "savepoint redo";
    static const char undo[] = "rollback to redo";
    static const char release[] = "release redo";
    const struct active_entry *entry = redo->entry;
    struct error why = {0};
    int failed = 0;
    redo->next_former = 0;
    if (run(redo->replica, savepoint, error) != 0)
        return -1;
    for (size_t i = 0; !failed && i < entry->change_count; i++)
        failed = redo_change(redo, &entry->changes[i], &why);
    if (failed && error_is_failure(&why)) { /* the pull must stop */
        if (error)
            *error = why;
        return -1; /* the caller rolls everything back */
    }
    if (failed && run(redo->replica, undo, error) != 0)
        return -1;
    if (run(redo->replica, release, error) != 0)
        return -1;
    *ret_applied = !failed;
    if (!failed && !entry->attention)
        return 0;
    return outbox_attention(redo->replica, entry->position, failed ? why.code : NULL,
                            failed ? why.message : NULL, error);
}

int rebase_redo(struct replica *replica, int64_t *ret_attention, struct error *error) {
    struct arena arena = arena_make(REBASE_MEMORY);
    struct active_entry entry = {0};
    struct redo redo = {
        .replica = replica, .entry = &entry, .image = buffer_make(LIMIT_ROW_SIZE * 2)};
    int64_t attention = 0;
    bool found = true;
    int failed = 0;
    while (!failed && found) {
        bool applied = true;
        arena_reset(&arena);
        failed =
            outbox_next_active(replica, entry.position, &arena, &entry, &found, error);
        if (!failed && found)
            failed = redo_entry(&redo, &applied, error);
        attention += !applied;
    }
    arena_free(&arena);
    buffer_free(&redo.image);
    if (!failed)
        *ret_attention = attention;
    return failed;
}
