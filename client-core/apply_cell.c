/*
 * apply_cell(): a kept cell value goes back into its row.
 */
#include "client-core/apply_cell.h"

#include "client-core/row_access.h"
#include "schema/database.h"
#include "sync/wire.h"

enum { SQL_SIZE = 16 * 1024 };

/* update t set a = ?1, b = ?2 where key = ?3; the caller finalizes. */
static int prepare_update(sqlite3 *db, const struct table *table, uint64_t mask,
                          sqlite3_stmt **ret, struct error *error) {
    struct buffer sql = buffer_make(SQL_SIZE);
    size_t parameter = 0;
    buffer_printf(&sql, "update main.\"%s\"", table->name);
    for (unsigned number; (number = mask_take(&mask)) != 0;) {
        buffer_printf(&sql, "%s\"%s\" = ?%zu", parameter ? ", " : " set ",
                      table->by_number[number]->name, parameter + 1);
        parameter++;
    }
    for (size_t i = 0; i < table->key_count; i++)
        buffer_printf(&sql, "%s\"%s\" = ?%zu", i ? " and " : " where ",
                      table->key[i]->name, ++parameter);
    int failed = sql.failed ? error_out_of_memory(error)
                            : database_statement(db, buffer_text(&sql), ret, error);
    buffer_free(&sql);
    return failed;
}

static int write_cell(struct replica *replica, const struct table *table,
                      struct bytes row_key, uint64_t mask, const struct value *values,
                      struct error *error) {
    sqlite3_stmt *statement = NULL;
    int count = __builtin_popcountll(mask);
    if (prepare_update(replica->db, table, mask, &statement, error) != 0)
        return -1;
    for (int i = 0; i < count; i++)
        value_bind(statement, i + 1, values[i]);
    for (size_t i = 0; i < table->key_count; i++)
        sqlite3_bind_blob(statement, count + 1 + (int)i, row_key.data + i * ID_SIZE,
                          ID_SIZE, SQLITE_STATIC);
    struct error *refusal = &replica->functions.refusal;
    int failed = replica_finish(replica, statement, error);
    if (failed && refusal->code[0] && error) /* a row that this person may not see */
        *error = *refusal;
    if (!failed && sqlite3_changes(replica->db) == 0)
        failed = error_set(error, "row.missing", table->name,
                           "the row is not on this station");
    sqlite3_finalize(statement);
    return failed;
}

int apply_cell(struct function_context *context, const struct table *table,
               struct bytes row_key, const struct column *cell, struct bytes value,
               struct error *error) {
    struct replica *replica = context->owner;
    struct arena arena = arena_make(LIMIT_ROW_SIZE);
    struct value *values = NULL;
    size_t count = 0;
    int failed = -1;
    struct table_access *access = table_access(replica, table, error);
    if (!access || wire_values(value, &arena, &values, &count, error) != 0)
        goto out;
    uint64_t mask = access->cell_mask[cell->number];
    if (row_key.size != table->key_count * ID_SIZE ||
        count != (size_t)__builtin_popcountll(mask)) {
        error_set(error, "cell.value", cell->name, "this is no value of %s.%s",
                  table->name, cell->name);
        goto out;
    }
    failed = write_cell(replica, table, row_key, mask, values, error);
out:
    arena_free(&arena);
    return failed;
}
