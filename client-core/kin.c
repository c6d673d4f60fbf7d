/*
 * What a row belongs to, by the catalogue's references.
 */
#include "client-core/kin.h"

struct kin_call {
    kin_each each;
    void *context;
};

static bool is_followed(const struct table *table, const struct column *column) {
    for (size_t i = 0; i < table->scope_count; i++) {
        const struct scope_clause *clause = &table->scope[i];
        for (size_t c = 0; c < clause->column_count; c++)
            if (clause->kind == SCOPE_CLAUSE_FOLLOWS && clause->columns[c] == column)
                return true;
    }
    return false;
}

static bool belongs_through(const struct table *table, const struct column *column) {
    return column->ref && !column->ref->org &&
           (table->lookup_count == 0 || is_followed(table, column));
}

/* `values` by column number, those in `mask`. */
static int call_parents(const struct kin_call *call, const struct table *table,
                        struct bytes key, const struct value *values, uint64_t mask,
                        struct error *error) {
    for (size_t i = 0; i < table->data_count; i++) {
        const struct column *column = &table->columns[i];
        struct bytes target = {0};
        if (!belongs_through(table, column))
            continue;
        if (column->key_position)
            target = (struct bytes){
                key.data + (size_t)(column->key_position - 1) * ID_SIZE, ID_SIZE};
        else if ((mask & COLUMN_BIT(column->number)) &&
                 values[column->number].type == VALUE_BLOB)
            target = values[column->number].bytes;
        if (target.size == ID_SIZE &&
            call->each(call->context, column->ref, target, error) != 0)
            return -1;
    }
    return 0;
}

int kin_of_row(struct replica *replica, const struct table *table, struct bytes key,
               const struct change *change, kin_each each, void *context,
               struct error *error) {
    struct table_access *access = table_access(replica, table, error);
    struct kin_call call = {each, context};
    struct stored_row row = {0};
    bool found = false;
    if (key.size != table->key_count * ID_SIZE)
        return 0;
    if (!access || each(context, table, key, error) != 0 ||
        row_read(replica, access, key, &row, &found, error) != 0)
        return -1;
    for (size_t i = 0; !found && change && i < change->cell_count; i++) {
        uint8_t number = change->cells[i].column % LIMIT_COLUMNS;
        row.mask |= COLUMN_BIT(number);
        row.values[number] = change->cells[i].value;
    }
    int failed = call_parents(&call, table, key, row.values,
                              found ? access->data_mask : row.mask, error);
    if (found)
        row_release(access);
    return failed;
}
