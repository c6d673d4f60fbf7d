/*
 * Authority over one change: does the table have it, may the role write it. Scopes are the caller's business.
 */
#include "sync/merge.h"

#include <stdarg.h>
#include <stdio.h>

/* One change on its way through the checks. */
struct check {
    const struct table *table;
    const struct change *change;
    struct id user;
    role_set roles;
    bool engine; /* the engine's own row: roles do not count */
    struct error *error;
};

__attribute__((format(printf, 4, 5))) static int refuse(const struct check *check,
                                                        const char *code,
                                                        const char *column,
                                                        const char *format, ...) {
    char field[LIMIT_NAME * 2 + 2];
    char message[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    snprintf(field, sizeof field, "%s%s%s", check->table->name, column ? "." : "",
             column ? column : "");
    return error_set(check->error, code, field, "%s", message);
}

/* --- the row ------------------------------------------------------------------------- */

static int check_operation(const struct check *check) {
    const struct table *table = check->table;
    switch (check->change->operation) {
    case ROW_INSERT:
        if (check->engine)
            return 0;
        if (table->engine_rows)
            return refuse(check, "change.engine", NULL,
                          "Only headquarters makes these rows.");
        if (!(table->insert & check->roles))
            return refuse(check, "role.insert", NULL, "This role may not add such rows.");
        return 0;
    case ROW_UPDATE:
        if (table->append_only)
            return refuse(check, "change.append_only", NULL,
                          "These rows are never changed.");
        return 0;
    default:
        return refuse(check, "change.delete", NULL,
                      "Rows are marked as deleted, never removed.");
    }
}

/* An insert gives a value to every column that must have one. */
static int check_complete(const struct check *check, uint64_t given) {
    for (size_t i = 0; i < check->table->data_count; i++) {
        const struct column *column = &check->table->columns[i];
        bool required =
            column->not_null && !column->has_default && column->key_position == 0;
        if (required && !(given >> column->number & 1))
            return refuse(check, "change.null", column->name, "A value is missing.");
    }
    return 0;
}

/* --- a cell -------------------------------------------------------------------------- */

/* Who has not the role to write a column may, in a row of his making, leave it empty or, where it is marked
 * @self, put himself there. */
static bool may_write(const struct check *check, const struct column *column,
                      const struct value *value) {
    if (check->engine || (column->write & check->roles))
        return true;
    if (check->change->operation != ROW_INSERT)
        return false;
    if (value->type == VALUE_NULL)
        return true;
    return column->self &&
           value_equal(*value, value_blob((struct bytes){check->user.bytes, ID_SIZE}));
}

static int check_cell(const struct check *check, const struct cell *cell) {
    const struct column *column =
        cell->column < LIMIT_COLUMNS ? check->table->by_number[cell->column] : NULL;
    if (!column || column->number == 0 || column->key_position > 0)
        return refuse(check, "change.column", column ? column->name : NULL,
                      "Column number %d cannot be written.", cell->column);
    if (cell->value.type == VALUE_NULL && column->not_null)
        return refuse(check, "change.null", column->name, "It cannot be empty.");
    if (cell->value.type != VALUE_NULL && cell->value.type != column->type)
        return refuse(check, "change.type", column->name, "The value has another type.");
    if (!may_write(check, column, &cell->value))
        return refuse(check, "role.write", column->name, "This role may not write it.");
    return 0;
}

int authorise_change(const struct catalogue *catalogue, const struct change *change,
                     struct id user, role_set roles, bool engine, struct error *error) {
    const struct table *table = catalogue->by_number[change->table];
    if (!table)
        return error_set(error, "change.table", NULL, "There is no table number %d.",
                         change->table);
    const struct check check = {
        .table = table,
        .change = change,
        .user = user,
        .roles = roles,
        .engine = engine && table->engine_rows,
        .error = error,
    };
    uint64_t given = 0;
    if (check_operation(&check) != 0)
        return -1;
    if (change->key.size != table->key_count * ID_SIZE)
        return refuse(&check, "change.key", NULL, "The key has %zu bytes instead of %zu.",
                      change->key.size, table->key_count * ID_SIZE);
    for (size_t i = 0; i < change->cell_count; i++) {
        if (check_cell(&check, &change->cells[i]) != 0)
            return -1;
        given |= UINT64_C(1) << change->cells[i].column;
    }
    return change->operation == ROW_INSERT ? check_complete(&check, given) : 0;
}
