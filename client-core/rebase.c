/*
 * Rebase: undo and redo of pending work.
 */
#include "client-core/rebase.h"

#include <string.h>

#include "client-core/images.h"
#include "client-core/outbox.h"
#include "sync/bundle.h"

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
    struct buffer image;
};

/* What the cell becomes over what is there: a difference is added, anything else is set. The other
 * merge rules are headquarters' to apply; here they only matter until its answer comes. */
static int redo_cell(const struct column *column, const struct cell *cell, bool update,
                     const struct value *present, struct value *ret,
                     struct error *error) {
    *ret = cell->value;
    if (!update || column->merge != MERGE_ADD)
        return 0;
    *ret = value_integer(0);
    if (__builtin_add_overflow(present->integer, cell->value.integer, &ret->integer))
        return error_set(error, "merge.overflow", column->name, "%s grows out of range",
                         column->name);
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

/* Fills `row` with what to write over `present`. */
static int redo_cells(const struct table_access *access, const struct change *change,
                      const struct stored_row *present, struct stored_row *row,
                      struct error *error) {
    for (size_t i = 0; i < change->cell_count; i++) {
        const struct cell *cell = &change->cells[i];
        if (cell->column >= LIMIT_COLUMNS ||
            !(access->data_mask & COLUMN_BIT(cell->column)))
            continue;
        if (redo_cell(access->table->by_number[cell->column], cell,
                      change->operation == ROW_UPDATE, &present->values[cell->column],
                      &row->values[cell->column], error) != 0)
            return -1;
        row->mask |= COLUMN_BIT(cell->column);
    }
    return 0;
}

/* Over a row that is there; `present` is borrowed and released here. */
static int redo_over(struct redo *redo, struct table_access *access,
                     const struct change *change, const struct stored_row *present,
                     struct error *error) {
    struct stored_row row = {.stamps = present->stamps};
    struct row_stamps own = stamps_of(redo->entry);
    uint8_t created_by[ID_SIZE];
    int failed = redo_cells(access, change, present, &row, error);
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
        access); /* only cells of the change are written: none is borrowed from it */
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

/* The world failed, not the transaction: the pull must stop. */
static bool is_failure(const struct error *error) {
    return strncmp(error->code, "database.", 9) == 0 &&
           !error_is(error, "database.constraint");
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
    if (run(redo->replica, savepoint, error) != 0)
        return -1;
    for (size_t i = 0; !failed && i < entry->change_count; i++)
        failed = redo_change(redo, &entry->changes[i], &why);
    if (failed && is_failure(&why)) {
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
    struct redo redo = {replica, &entry, buffer_make(LIMIT_ROW_SIZE * 2)};
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
