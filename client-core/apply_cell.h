/*
 * apply_cell(): writes a kept cell value back into its row, for a person who decides a conflict
 * the other way. What SQL cannot say because table and columns are data there.
 */
#ifndef SATCHEL_CLIENT_APPLY_CELL_H
#define SATCHEL_CLIENT_APPLY_CELL_H

#include "schema/functions.h"

/* The function_context's apply_cell; its owner is the replica. `value` is what wire_put_values made of the
 * cell's columns in order of their numbers. Codes: row.missing, cell.value, database.* */
int apply_cell(struct function_context *context, const struct table *table,
               struct bytes row_key, const struct column *cell, struct bytes value,
               struct error *error);

#endif
