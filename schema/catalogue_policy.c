/*
 * Second pass, second part: what the columns of a table may do. References, groups, merge
 * rules, roles, labels, events.
 */
#include <stdio.h>
#include <string.h>

#include "schema/catalogue_load.h"

/* --- references --------------------------------------------------------------------------- */

static int read_reference(struct load *load, struct raw_table *raw, size_t i) {
    struct column *column = &raw->made->columns[i];
    const struct clause_list *clauses = &raw->columns[i].clauses;
    const struct clause *reference = clause_find(clauses, "ref");
    const struct clause *brings = clause_find(clauses, "brings");
    const struct clause *self = clause_find(clauses, "self");
    column->brings = brings != NULL;
    column->self = self != NULL;
    if (!reference && (brings || self))
        return load_fail_at(load, raw->path, raw->columns[i].line, "@%s wants a @ref",
                            brings ? "brings" : "self");
    if (!reference)
        return 0;
    struct table *target;
    if (resolve_table(load, raw, reference->line, bytes_of_text(reference->argument),
                      &target) != 0)
        return -1;
    if (column->type != VALUE_BLOB || target->key_count != 1)
        return load_fail_at(
            load, raw->path, reference->line,
            "@ref wants a blob column and a table with a single-column key");
    column->ref = target;
    return 0;
}

/* --- groups ------------------------------------------------------------------------------- */

static int read_group(struct load *load, struct raw_table *raw, size_t i) {
    struct column *column = &raw->made->columns[i];
    const struct clause *clause = clause_find(&raw->columns[i].clauses, "group");
    if (!clause)
        return 0;
    if (column->key_position || column->number == COLUMN_DELETED_AT)
        return load_fail_at(load, raw->path, clause->line, "%s cannot be in a group",
                            column->name);
    if (!name_is_valid(clause->argument, false))
        return load_fail_at(load, raw->path, clause->line,
                            "\"%s\" is no name for a group", clause->argument);
    column->group = clause->argument;
    return 0;
}

/* The cell of a group is its lowest-numbered column. */
static void number_cells(struct table *table) {
    for (size_t i = 0; i < table->data_count; i++) {
        struct column *column = &table->columns[i];
        for (size_t k = 0; column->group && k < table->data_count; k++) {
            const struct column *other = &table->columns[k];
            if (other->group && strcmp(other->group, column->group) == 0 &&
                other->number < column->cell)
                column->cell = other->number;
        }
    }
}

/* --- merge rules -------------------------------------------------------------------------- */

static int read_state(struct load *load, struct raw_table *raw,
                      const struct clause *clause, struct column *column) {
    size_t length = strlen(clause->argument);
    const char *name = clause->argument + strlen("state(");
    if (clause->argument[length - 1] != ')')
        return load_fail_at(load, raw->path, clause->line,
                            "write @merge state(event_table)");
    struct bytes event = {(const uint8_t *)name, length - strlen("state(") - 1};
    struct table *table;
    if (resolve_table(load, raw, clause->line, event, &table) != 0)
        return -1;
    column->merge = MERGE_STATE;
    column->state_event = table;
    return 0;
}

static int read_merge(struct load *load, struct raw_table *raw, size_t i) {
    static const struct {
        const char *word;
        enum merge_rule rule;
    } rules[] = {{"lww", MERGE_LWW},
                 {"add", MERGE_ADD},
                 {"max", MERGE_MAX},
                 {"min", MERGE_MIN},
                 {"first", MERGE_FIRST}};
    struct column *column = &raw->made->columns[i];
    const struct clause *clause = clause_find(&raw->columns[i].clauses, "merge");
    if (!clause)
        return 0;
    if (column->key_position)
        return load_fail_at(load, raw->path, clause->line, "a key column does not merge");
    if (column->cell != column->number)
        return load_fail_at(load, raw->path, clause->line,
                            "in a group @merge is said on its first column, %s",
                            raw->made->by_number[column->cell]->name);
    if (strncmp(clause->argument, "state(", 6) == 0)
        return read_state(load, raw, clause, column);
    for (size_t k = 0; k < sizeof rules / sizeof *rules; k++) {
        if (strcmp(rules[k].word, clause->argument) != 0)
            continue;
        column->merge = rules[k].rule;
        return 0;
    }
    return load_fail_at(
        load, raw->path, clause->line,
        "@merge wants lww, add, max, min, first or state(event_table), not \"%s\"",
        clause->argument);
}

static int spread_merge(struct load *load, struct raw_table *raw, size_t i) {
    struct column *column = &raw->made->columns[i];
    const struct column *first = raw->made->by_number[column->cell];
    column->merge = first->merge;
    column->state_event = first->state_event;
    if (column->merge == MERGE_ADD && column->type != VALUE_INTEGER)
        return load_fail_at(load, raw->path, raw->columns[i].line,
                            "@merge add wants integers, and %s is none", column->name);
    if ((column->merge == MERGE_MAX || column->merge == MERGE_MIN) &&
        column->type == VALUE_BLOB)
        return load_fail_at(load, raw->path, raw->columns[i].line,
                            "@merge max and min want integers or texts, and %s is a blob",
                            column->name);
    return 0;
}

/* --- roles -------------------------------------------------------------------------------- */

static int read_roles(struct load *load, struct raw_table *raw,
                      const struct clause *clause, role_set otherwise, role_set *ret) {
    *ret = otherwise;
    if (!clause)
        return 0;
    return roles_read(load, raw->path, clause->line, clause->argument, ret);
}

static int read_writers(struct load *load, struct raw_table *raw) {
    struct table *table = raw->made;
    role_set by_default;
    const struct clause *insert = clause_find(&raw->clauses, "insert");
    if (!insert)
        return load_fail_at(load, raw->path, raw->line,
                            "table %s does not say who may @insert", table->name);
    if (read_roles(load, raw, insert, 0, &table->insert) != 0 ||
        read_roles(load, raw, clause_find(&raw->clauses, "write"),
                   table->engine_rows ? 0 : table->insert, &by_default) != 0)
        return -1;
    for (size_t i = 0; i < table->data_count; i++) {
        struct column *column = &table->columns[i];
        const struct clause *clause = clause_find(&raw->columns[i].clauses, "write");
        if (clause && column->key_position)
            return load_fail_at(load, raw->path, clause->line,
                                "a key is written by inserting");
        role_set otherwise = column->key_position ? table->insert : by_default;
        if (read_roles(load, raw, clause, otherwise, &column->write) != 0)
            return -1;
    }
    return 0;
}

/* The columns of a fact travel together, so the same people must be allowed to write them. */
static int check_group_writers(struct load *load, struct raw_table *raw) {
    const struct table *table = raw->made;
    for (size_t i = 0; i < table->data_count; i++) {
        const struct column *column = &table->columns[i];
        const struct column *first = table->by_number[column->cell];
        if (column->write != first->write)
            return load_fail_at(
                load, raw->path, raw->columns[i].line,
                "%s and %s are one fact (@group %s): give both the same @write",
                first->name, column->name, column->group);
    }
    return 0;
}

/* --- the table's own clauses -------------------------------------------------------------- */

static int read_label(struct load *load, struct raw_table *raw) {
    const struct clause *clause = clause_find(&raw->clauses, "label");
    struct column *column;
    if (!clause)
        return 0;
    if (resolve_column(load, raw, clause, bytes_of_text(clause->argument), &column) != 0)
        return -1;
    raw->made->label = column;
    return 0;
}

static int read_lookup(struct load *load, struct raw_table *raw) {
    struct table *table = raw->made;
    const struct clause *clause = clause_find(&raw->clauses, "lookup");
    const size_t most = sizeof table->lookup / sizeof *table->lookup;
    if (!clause)
        return 0;
    if (table->key_count != 1)
        return load_fail_at(load, raw->path, clause->line,
                            "@lookup wants a single-column key");
    const char *names = clause->argument;
    for (struct bytes name = word_next(&names); name.size; name = word_next(&names)) {
        struct column *column;
        if (resolve_column(load, raw, clause, name, &column) != 0)
            return -1;
        if (column->type != VALUE_TEXT || table->lookup_count == most)
            return load_fail_at(load, raw->path, clause->line,
                                "@lookup wants at most %d text columns", (int)most);
        table->lookup[table->lookup_count++] = column;
    }
    return 0;
}

static int read_event(struct load *load, struct raw_table *raw) {
    const struct clause *clause = clause_find(&raw->clauses, "event");
    if (!clause)
        return 0;
    const char *names = clause->argument;
    struct bytes parent = word_next(&names);
    struct bytes to = word_next(&names);
    struct column *parent_column;
    struct column *to_column;
    if (to.size == 0 || word_next(&names).size != 0)
        return load_fail_at(load, raw->path, clause->line,
                            "write @event parent_col to_col");
    if (resolve_column(load, raw, clause, parent, &parent_column) != 0 ||
        resolve_column(load, raw, clause, to, &to_column) != 0)
        return -1;
    if (!parent_column->ref)
        return load_fail_at(load, raw->path, clause->line, "@event: %s has no @ref",
                            parent_column->name);
    raw->made->event_parent = parent_column;
    raw->made->event_to = to_column;
    return 0;
}

/* A file's hash: nothing that merges with another, and no key. */
static int read_file(struct load *load, struct raw_table *raw, size_t i) {
    struct column *column = &raw->made->columns[i];
    const struct clause *clause = clause_find(&raw->columns[i].clauses, "file");
    column->file = clause != NULL;
    if (!clause)
        return 0;
    if (column->type != VALUE_BLOB || column->key_position || column->ref ||
        column->group)
        return load_fail_at(load, raw->path, clause->line,
                            "@file wants a blob column that is no key, no @ref and in no "
                            "@group");
    return 0;
}

static int read_flags(struct load *load, struct raw_table *raw) {
    struct table *table = raw->made;
    table->append_only = clause_find(&raw->clauses, "append") != NULL;
    table->engine_rows = clause_find(&raw->clauses, "engine") != NULL;
    if (table->append_only && table->soft_delete)
        return load_fail_at(load, raw->path, raw->line,
                            "table %s is @append and has deleted_at: choose one",
                            table->name);
    return 0;
}

/* Every state machine has its steps, and every step its state machine. */
static int check_states(struct load *load, struct raw_table *raw) {
    const struct table *table = raw->made;
    for (size_t i = 0; i < table->data_count; i++) {
        const struct column *column = &table->columns[i];
        const struct table *event = column->state_event;
        if (event && column->number == column->cell &&
            (!event->event_parent || event->event_parent->ref != table ||
             event->event_to->type != column->type))
            return load_fail_at(
                load, raw->path, raw->columns[i].line,
                "@merge state(%s): that table must say @event with a @ref to %s "
                "and a state of the same type",
                event->name, table->name);
    }
    if (!table->event_parent)
        return 0;
    const struct table *parent = table->event_parent->ref;
    for (size_t i = 0; i < parent->data_count; i++)
        if (parent->columns[i].state_event == table)
            return 0;
    return load_fail_at(load, raw->path, raw->line,
                        "@event: no column of %s is @merge state(%s)", parent->name,
                        table->name);
}

/* --- all of it ---------------------------------------------------------------------------- */

static int resolve_columns(struct load *load, struct raw_table *raw) {
    const size_t count = raw->made->data_count;
    for (size_t i = 0; i < count; i++)
        if (read_reference(load, raw, i) != 0 || read_group(load, raw, i) != 0 ||
            read_file(load, raw, i) != 0)
            return -1;
    number_cells(raw->made);
    for (size_t i = 0; i < count; i++)
        if (read_merge(load, raw, i) != 0)
            return -1;
    for (size_t i = 0; i < count; i++)
        if (spread_merge(load, raw, i) != 0)
            return -1;
    return 0;
}

int resolve_policies(struct load *load) {
    for (size_t i = 0; i < load->table_count; i++) {
        struct raw_table *raw = load->tables[i];
        if (resolve_columns(load, raw) != 0 || read_flags(load, raw) != 0 ||
            read_writers(load, raw) != 0 || check_group_writers(load, raw) != 0 ||
            read_label(load, raw) != 0 || read_lookup(load, raw) != 0 ||
            read_event(load, raw) != 0)
            return -1;
    }
    for (size_t i = 0; i < load->table_count; i++)
        if (check_states(load, load->tables[i]) != 0)
            return -1;
    return 0;
}
