/*
 * Second pass, first part: tables in the order of their numbers, columns with numbers, keys
 * and stamps checked.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema/catalogue_load.h"

static const struct {
    const char *name;
    enum value_type type;
    bool not_null;
} stamps[STAMP_COUNT] = {
    {"created_at", VALUE_INTEGER, false}, {"created_by", VALUE_BLOB, false},
    {"updated_at", VALUE_INTEGER, false}, {"updated_by", VALUE_BLOB, false},
    {"gsn", VALUE_INTEGER, true},
};

static const char *const table_words[] = {"table", "scope",  "insert", "write",
                                          "label", "lookup", "append", "engine",
                                          "event", "since",  NULL};
static const char *const column_words[] = {"column", "ref",   "brings", "write", "self",
                                           "group",  "merge", "file",   "since", NULL};
static const char *const flag_words[] = {"append", "engine", "brings",
                                         "self",   "file",   NULL};

/* --- looking up names --------------------------------------------------------------------- */

int resolve_column(struct load *load, const struct raw_table *raw,
                   const struct clause *clause, struct bytes name, struct column **ret) {
    struct table *table = raw->made;
    for (size_t i = 0; i < table->column_count; i++) {
        if (!bytes_equal(bytes_of_text(table->columns[i].name), name))
            continue;
        *ret = &table->columns[i];
        return 0;
    }
    return load_fail_at(load, raw->path, clause->line,
                        "@%s: table %s has no column \"%.*s\"", clause->word, table->name,
                        (int)name.size, (const char *)name.data);
}

int resolve_table(struct load *load, const struct raw_table *raw, unsigned line,
                  struct bytes name, struct table **ret) {
    for (size_t i = 0; i < load->table_count; i++) {
        if (!bytes_equal(bytes_of_text(load->tables[i]->table.name), name))
            continue;
        *ret = load->tables[i]->made;
        return 0;
    }
    return load_fail_at(load, raw->path, line, "unknown table \"%.*s\"", (int)name.size,
                        (const char *)name.data);
}

/* --- numbers ------------------------------------------------------------------------------ */

static int check_clauses(struct load *load, const struct raw_table *raw) {
    static const char *const several[] = {"scope", NULL};
    if (clauses_check(load, raw->path, &raw->clauses, table_words, several) != 0)
        return -1;
    for (const struct clause *c = raw->clauses.first; c; c = c->next) {
        bool flag = strcmp(c->word, "append") == 0 || strcmp(c->word, "engine") == 0;
        if (flag != (c->argument[0] == '\0'))
            return load_fail_at(load, raw->path, c->line, "@%s %s", c->word,
                                flag ? "takes no argument" : "wants an argument");
    }
    return 0;
}

static int check_column_clauses(struct load *load, const struct raw_table *raw,
                                const struct raw_column *column) {
    if (clauses_check(load, raw->path, &column->clauses, column_words, NULL) != 0)
        return -1;
    for (const struct clause *c = column->clauses.first; c; c = c->next) {
        bool flag = false;
        for (size_t i = 0; flag_words[i]; i++)
            flag = flag || strcmp(c->word, flag_words[i]) == 0;
        if (flag != (c->argument[0] == '\0'))
            return load_fail_at(load, raw->path, c->line, "@%s %s", c->word,
                                flag ? "takes no argument" : "wants an argument");
    }
    return 0;
}

/* `least`: of the table that a column stands in. */
static int read_since(struct load *load, const struct raw_table *raw,
                      const struct clause_list *clauses, int least, int *ret) {
    const struct clause *clause = clause_find(clauses, "since");
    int64_t since = least;
    if (clause &&
        !number_read(bytes_of_text(clause->argument), least, SCHEMA_VERSION, &since))
        return load_fail_at(load, raw->path, clause->line,
                            "@since wants a version from %d to %d", least,
                            SCHEMA_VERSION);
    *ret = (int)since;
    return 0;
}

static int read_table_number(struct load *load, struct raw_table *raw) {
    const struct clause *clause = clause_find(&raw->clauses, "table");
    int64_t number;
    if (!number_read(bytes_of_text(clause->argument), 1, LIMIT_TABLES - 1, &number))
        return load_fail_at(load, raw->path, clause->line,
                            "@table wants a number from 1 to %d", LIMIT_TABLES - 1);
    raw->table.number = (uint8_t)number;
    return read_since(load, raw, &raw->clauses, 1, &raw->table.since);
}

static int by_number(const void *a, const void *b) {
    const struct raw_table *first = *(struct raw_table *const *)a;
    const struct raw_table *second = *(struct raw_table *const *)b;
    return (int)first->table.number - (int)second->table.number;
}

static int check_duplicates(struct load *load) {
    for (size_t i = 0; i < load->table_count; i++) {
        const struct raw_table *raw = load->tables[i];
        if (i > 0 && load->tables[i - 1]->table.number == raw->table.number)
            return load_fail_at(
                load, raw->path, raw->line, "tables %s and %s have the same number %d",
                load->tables[i - 1]->table.name, raw->table.name, raw->table.number);
        for (size_t k = 0; k < i; k++)
            if (strcmp(load->tables[k]->table.name, raw->table.name) == 0)
                return load_fail_at(load, raw->path, raw->line, "a second table %s",
                                    raw->table.name);
    }
    return 0;
}

/* --- columns ------------------------------------------------------------------------------ */

static bool is_stamp_name(const char *name) {
    for (size_t i = 0; i < STAMP_COUNT; i++)
        if (strcmp(stamps[i].name, name) == 0)
            return true;
    return false;
}

static int check_stamps(struct load *load, struct raw_table *raw) {
    struct table *table = raw->made;
    size_t first =
        table->column_count < STAMP_COUNT ? 0 : table->column_count - STAMP_COUNT;
    for (size_t i = 0; i < STAMP_COUNT; i++) {
        struct column *column = &table->columns[first + i];
        if (first + i >= table->column_count ||
            strcmp(column->name, stamps[i].name) != 0 || column->type != stamps[i].type ||
            column->not_null != stamps[i].not_null)
            return load_fail_at(
                load, raw->path, raw->line,
                "table %s must end with the five stamp columns: created_at "
                "integer, created_by blob, updated_at integer, updated_by blob, "
                "gsn integer not null default 0",
                table->name);
        if (raw->columns[first + i].clauses.first)
            return load_fail_at(load, raw->path,
                                raw->columns[first + i].clauses.first->line,
                                "stamp columns take no annotations");
    }
    table->data_count = first;
    return 0;
}

static int check_deleted_at(struct load *load, const struct raw_table *raw,
                            const struct column *column, unsigned line) {
    bool named = strcmp(column->name, "deleted_at") == 0;
    if (named != (column->number == COLUMN_DELETED_AT))
        return load_fail_at(load, raw->path, line,
                            "column %d is deleted_at and nothing else",
                            COLUMN_DELETED_AT);
    if (named && (column->type != VALUE_INTEGER || column->not_null))
        return load_fail_at(load, raw->path, line,
                            "deleted_at must be integer and may be null");
    raw->made->soft_delete = raw->made->soft_delete || named;
    return 0;
}

static int number_column(struct load *load, struct raw_table *raw, size_t i) {
    struct table *table = raw->made;
    struct column *column = &table->columns[i];
    const struct raw_column *said = &raw->columns[i];
    const struct clause *clause = clause_find(&said->clauses, "column");
    int64_t number;
    if (is_stamp_name(column->name))
        return load_fail_at(load, raw->path, said->line,
                            "the name %s belongs to the stamps", column->name);
    if (!clause)
        return load_fail_at(load, raw->path, said->line,
                            "column %s has no @column number", column->name);
    if (!number_read(bytes_of_text(clause->argument), 1, LIMIT_COLUMNS - 1, &number))
        return load_fail_at(load, raw->path, clause->line,
                            "@column wants a number from 1 to %d", LIMIT_COLUMNS - 1);
    if (table->by_number[number])
        return load_fail_at(load, raw->path, clause->line,
                            "columns %s and %s have the same number %d",
                            table->by_number[number]->name, column->name, (int)number);
    column->number = column->cell = (uint8_t)number;
    table->by_number[number] = column;
    if (read_since(load, raw, &said->clauses, table->since, &column->since) != 0)
        return -1;
    return check_deleted_at(load, raw, column, clause->line);
}

static int check_names(struct load *load, const struct raw_table *raw) {
    for (size_t i = 0; i < raw->column_count; i++)
        for (size_t k = 0; k < i; k++)
            if (strcmp(raw->columns[i].column.name, raw->columns[k].column.name) == 0)
                return load_fail_at(load, raw->path, raw->columns[i].line,
                                    "a second column %s", raw->columns[i].column.name);
    return 0;
}

/* A check that names another column can wedge a replica in the middle of a pull. */
static int check_definition(struct load *load, const struct raw_table *raw, size_t i) {
    const struct raw_column *said = &raw->columns[i];
    if (!strchr(said->column.definition, '('))
        return 0;
    struct sql_reader reader = sql_reader_make(said->column.definition, said->line);
    struct sql_token token = sql_next_code(&reader);
    while (token.kind != SQL_TOKEN_END) {
        struct sql_token next = sql_next_code(&reader);
        for (size_t k = 0; k < raw->column_count; k++)
            if (k != i && sql_token_is(token, raw->columns[k].column.name) &&
                !sql_token_is(next, "("))
                return load_fail_at(load, raw->path, said->line,
                                    "the check of %s names the column %s: write a rule",
                                    said->column.name, raw->columns[k].column.name);
        token = next;
    }
    return 0;
}

/* --- keys --------------------------------------------------------------------------------- */

static int add_key(struct load *load, struct raw_table *raw, struct column *column) {
    assert(column);
    struct table *table = raw->made;
    if (column->type != VALUE_BLOB || !column->not_null)
        return load_fail_at(load, raw->path, raw->line,
                            "key column %s must be blob not null", column->name);
    if (table->key_count == LIMIT_KEY_COLUMNS || column->key_position ||
        column->number == 0)
        return load_fail_at(load, raw->path, raw->line, "%s cannot be a key column here",
                            column->name);
    table->key[table->key_count++] = column;
    column->key_position = (uint8_t)table->key_count;
    return 0;
}

static int read_key(struct load *load, struct raw_table *raw) {
    struct clause place = {.word = "table", .line = raw->line};
    for (size_t i = 0; i < raw->column_count; i++) {
        if (!raw->columns[i].inline_key)
            continue;
        if (raw->key_count || raw->made->key_count)
            return load_fail_at(load, raw->path, raw->line, "a second primary key");
        if (add_key(load, raw, &raw->made->columns[i]) != 0)
            return -1;
    }
    for (size_t i = 0; i < raw->key_count; i++) {
        struct column *column = NULL;
        if (resolve_column(load, raw, &place, bytes_of_text(raw->key[i]), &column) != 0 ||
            add_key(load, raw, column) != 0)
            return -1;
    }
    if (raw->made->key_count == 0)
        return load_fail_at(load, raw->path, raw->line, "table %s has no primary key",
                            raw->made->name);
    return 0;
}

/* --- all of it ---------------------------------------------------------------------------- */

static int resolve_columns(struct load *load, struct raw_table *raw) {
    struct table *table = raw->made;
    table->columns =
        arena_alloc_array(load->arena, raw->column_count, sizeof *table->columns);
    if (!table->columns)
        return error_out_of_memory(load->error);
    table->column_count = raw->column_count;
    for (size_t i = 0; i < raw->column_count; i++)
        table->columns[i] = raw->columns[i].column;
    if (check_names(load, raw) != 0 || check_stamps(load, raw) != 0)
        return -1;
    for (size_t i = 0; i < table->data_count; i++)
        if (check_column_clauses(load, raw, &raw->columns[i]) != 0 ||
            number_column(load, raw, i) != 0 || check_definition(load, raw, i) != 0)
            return -1;
    return read_key(load, raw);
}

static int place_tables(struct load *load) {
    struct table *tables =
        arena_alloc_array(load->arena, load->table_count, sizeof *tables);
    if (!tables)
        return error_out_of_memory(load->error);
    for (size_t i = 0; i < load->table_count; i++) {
        tables[i] = load->tables[i]->table;
        load->tables[i]->made = &tables[i];
        load->catalogue->by_number[tables[i].number] = &tables[i];
    }
    load->catalogue->tables = tables;
    load->catalogue->table_count = load->table_count;
    return 0;
}

int resolve_tables(struct load *load) {
    for (size_t i = 0; i < load->table_count; i++)
        if (check_clauses(load, load->tables[i]) != 0 ||
            read_table_number(load, load->tables[i]) != 0)
            return -1;
    qsort(load->tables, load->table_count, sizeof *load->tables, by_number);
    if (check_duplicates(load) != 0 || place_tables(load) != 0)
        return -1;
    for (size_t i = 0; i < load->table_count; i++)
        if (resolve_columns(load, load->tables[i]) != 0)
            return -1;
    return 0;
}
