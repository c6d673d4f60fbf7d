/*
 * The catalogue in short: what must not change once a release is out. Names and numbers of
 * roles, tables and columns, their DDL, keys, cells, merge rules and references. Scopes and
 * roles of tables are policy and may change.
 */
#include <stdlib.h>
#include <string.h>

#include "schema/base/bytes.h"
#include "schema/catalogue.h"

enum { FINGERPRINT_MAX = 4 * 1024 * 1024 };

static const char *const merge_words[] = {"lww", "add", "max", "min", "first", "state"};

static void print_column(struct buffer *text, const struct table *table,
                         const struct column *column) {
    buffer_printf(text, "column %d %d cell %d %s", table->number, column->number,
                  column->cell, merge_words[column->merge]);
    if (column->state_event)
        buffer_printf(text, " by %s", column->state_event->name);
    if (column->key_position)
        buffer_printf(text, " key %d", column->key_position);
    if (column->ref)
        buffer_printf(text, " ref %s", column->ref->name);
    if (column->file)
        buffer_printf(text, " file");
    buffer_printf(text, ": %s\n", column->definition);
}

static void print_table(struct buffer *text, const struct table *table) {
    buffer_printf(text, "table %d %s%s%s\n", table->number, table->name,
                  table->append_only ? " append" : "",
                  table->engine_rows ? " engine" : "");
    for (size_t number = 1; number < LIMIT_COLUMNS; number++)
        if (table->by_number[number])
            print_column(text, table, table->by_number[number]);
}

char *catalogue_fingerprint(const struct catalogue *catalogue) {
    struct buffer text = buffer_make(FINGERPRINT_MAX);
    for (size_t i = 0; i < catalogue->role_count; i++)
        if (catalogue->role_names[i])
            buffer_printf(&text, "role %zu %s\n", i + 1, catalogue->role_names[i]);
    for (size_t i = 0; i < catalogue->table_count; i++)
        print_table(&text, &catalogue->tables[i]);
    char *copy = text.failed ? NULL : strdup(buffer_text(&text));
    buffer_free(&text);
    return copy;
}
