/*
 * The catalogue: loading the annotated files, and looking things up in it.
 */
#include "schema/catalogue.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema/catalogue_load.h"

enum { CATALOGUE_MAX = 64 * 1024 * 1024 };

/* The public struct and the memory of all it points to. */
struct loaded {
    struct catalogue catalogue; /* first: a pointer to one is a pointer to the other */
    struct arena arena;
};

/* --- reading the files -------------------------------------------------------------------- */

static bool is_in(const struct embedded_file *file, const char *folder) {
    return strncmp(file->path, folder, strlen(folder)) == 0;
}

/* "1 rep  2 manager": reads one pair; *ret_done when nothing is left. */
static int read_role(struct load *load, const struct clause *clause, const char **at,
                     bool *ret_done) {
    struct catalogue *catalogue = load->catalogue;
    struct bytes number_text = word_next(at);
    int64_t number;
    *ret_done = number_text.size == 0;
    if (*ret_done)
        return 0;
    char *name = word_copy(load->arena, word_next(at));
    if (!name)
        return error_out_of_memory(load->error);
    if (!number_read(number_text, 1, LIMIT_ROLES, &number) || !name_is_valid(name, false))
        return load_fail(load, clause->line,
                         "write @roles 1 name  2 name, numbers up to %d", LIMIT_ROLES);
    if (catalogue->role_names[number - 1] || catalogue_role(catalogue, name))
        return load_fail(load, clause->line, "role %d %s is there already", (int)number,
                         name);
    catalogue->role_names[number - 1] = name;
    if (catalogue->role_count < (size_t)number)
        catalogue->role_count = (size_t)number;
    return 0;
}

/* The one line "-- @roles 1 rep  2 manager …" of tables/. */
static int read_roles(struct load *load, const struct embedded_file *file) {
    struct sql_reader reader = sql_reader_make(file->text, 1);
    load->path = file->path;
    for (;;) {
        struct sql_token token = sql_next(&reader);
        struct clause_list list = {0};
        bool done = false;
        if (token.kind == SQL_TOKEN_END || token.kind == SQL_TOKEN_BROKEN)
            return 0; /* the first pass reports what is broken */
        if (!annotation_is(token) || token.size < 6 ||
            strncmp(token.text, "@roles", 6) != 0)
            continue;
        if (load->catalogue->role_count)
            return load_fail(load, token.line, "@roles is said twice");
        if (annotation_read(load, token, &list) != 0)
            return -1;
        const char *at = list.first->argument;
        while (!done)
            if (read_role(load, list.first, &at, &done) != 0)
                return -1;
    }
}

static int keep_text(struct load *load, const struct embedded_file *file,
                     const char **texts, size_t *count) {
    texts[*count] = arena_text(load->arena, file->text, file->size);
    if (!texts[*count])
        return error_out_of_memory(load->error);
    (*count)++;
    return 0;
}

static int read_file(struct load *load, const struct embedded_file *file) {
    struct catalogue *catalogue = load->catalogue;
    load->path = file->path;
    if (strlen(file->text) != file->size)
        return load_fail(load, 1, "the text holds a NUL");
    if (is_in(file, "tables/")) {
        if (load_tables_file(load, file) != 0)
            return -1;
        return keep_text(load, file, catalogue->ddl, &catalogue->ddl_count);
    }
    if (is_in(file, "commands/"))
        return load_operations_file(load, file, OPERATION_COMMAND);
    if (is_in(file, "queries/"))
        return load_operations_file(load, file, OPERATION_QUERY);
    if (is_in(file, "rules/"))
        return load_operations_file(load, file, OPERATION_RULE);
    if (is_in(file, "derived/"))
        return keep_text(load, file, catalogue->derived, &catalogue->derived_count);
    if (is_in(file, "seed/"))
        return keep_text(load, file, catalogue->seed, &catalogue->seed_count);
    return load_fail(load, 1, "there is no such folder in schema/");
}

static int read_files(struct load *load, const struct embedded_file *files,
                      size_t count) {
    struct catalogue *catalogue = load->catalogue;
    catalogue->ddl = arena_alloc_array(load->arena, count, sizeof *catalogue->ddl);
    catalogue->derived =
        arena_alloc_array(load->arena, count, sizeof *catalogue->derived);
    catalogue->seed = arena_alloc_array(load->arena, count, sizeof *catalogue->seed);
    if (!catalogue->ddl || !catalogue->derived || !catalogue->seed)
        return error_out_of_memory(load->error);
    for (size_t i = 0; i < count; i++)
        if (is_in(&files[i], "tables/") && read_roles(load, &files[i]) != 0)
            return -1;
    for (size_t i = 0; i < count; i++)
        if (read_file(load, &files[i]) != 0)
            return -1;
    return 0;
}

int catalogue_load(const struct embedded_file *files, size_t count,
                   struct catalogue **ret, struct error *error) {
    struct arena scratch = arena_make(CATALOGUE_MAX);
    struct loaded *loaded = calloc(1, sizeof *loaded);
    struct load *load = arena_alloc(&scratch, sizeof *load);
    int rc = -1;
    if (!loaded || !load) {
        error_out_of_memory(error);
        goto out;
    }
    loaded->arena = arena_make(CATALOGUE_MAX);
    *load = (struct load){.arena = &loaded->arena,
                          .scratch = &scratch,
                          .catalogue = &loaded->catalogue,
                          .error = error};
    loaded->catalogue.version = SCHEMA_VERSION;
    if (read_files(load, files, count) != 0 || resolve_tables(load) != 0 ||
        resolve_policies(load) != 0 || resolve_scopes(load) != 0 ||
        resolve_operations(load) != 0)
        goto out;
    *ret = &loaded->catalogue;
    loaded = NULL;
    rc = 0;
out:
    if (loaded)
        catalogue_free(&loaded->catalogue);
    arena_free(&scratch);
    return rc;
}

void catalogue_free(struct catalogue *catalogue) {
    if (!catalogue)
        return;
    struct loaded *loaded = (struct loaded *)catalogue;
    arena_free(&loaded->arena);
    free(loaded);
}

/* --- looking up --------------------------------------------------------------------------- */

const struct table *catalogue_table(const struct catalogue *catalogue, const char *name) {
    for (size_t i = 0; i < catalogue->table_count; i++)
        if (strcmp(catalogue->tables[i].name, name) == 0)
            return &catalogue->tables[i];
    return NULL;
}

const struct table *catalogue_table_number(const struct catalogue *catalogue,
                                           uint64_t number) {
    return number < LIMIT_TABLES ? catalogue->by_number[number] : NULL;
}

static int compare_name(const void *name, const void *operation) {
    return strcmp(name, ((const struct operation *)operation)->name);
}

static const struct operation *find(const struct operation *operations, size_t count,
                                    const char *name) {
    return count ? bsearch(name, operations, count, sizeof *operations, compare_name)
                 : NULL;
}

const struct operation *catalogue_command(const struct catalogue *catalogue,
                                          const char *name) {
    return find(catalogue->commands, catalogue->command_count, name);
}

const struct operation *catalogue_query(const struct catalogue *catalogue,
                                        const char *name) {
    return find(catalogue->queries, catalogue->query_count, name);
}

const struct column *table_column(const struct table *table, const char *name) {
    for (size_t i = 0; i < table->column_count; i++)
        if (strcmp(table->columns[i].name, name) == 0)
            return &table->columns[i];
    return NULL;
}

/* The place after `column` in its table, or the first one. */
static size_t column_after(const struct table *table, const struct column *column) {
    return column ? (size_t)(column - table->columns) + 1 : 0;
}

bool catalogue_next_file(const struct catalogue *catalogue, const struct table **table,
                         const struct column **column) {
    size_t first = *table ? (size_t)(*table - catalogue->tables) : 0;
    for (size_t t = first; t < catalogue->table_count; t++) {
        const struct table *at = &catalogue->tables[t];
        for (size_t c = column_after(at, *column); c < at->data_count; c++) {
            if (!at->columns[c].file)
                continue;
            *table = at;
            *column = &at->columns[c];
            return true;
        }
        *column = NULL;
    }
    return false;
}

role_set catalogue_role(const struct catalogue *catalogue, const char *name) {
    for (size_t i = 0; i < catalogue->role_count; i++)
        if (catalogue->role_names[i] && strcmp(catalogue->role_names[i], name) == 0)
            return (role_set)1 << i;
    return 0;
}

int schema_check_version(int64_t ours, int64_t theirs, struct error *error) {
    int64_t oldest = ours - LIMIT_SCHEMA_VERSIONS + 1;
    if (theirs >= oldest)
        return 0;
    return error_set(error, "schema.old", "schema_version",
                     "This station's program is too old (schema version %lld; "
                     "headquarters takes %lld and later): update it. Its unsent work is "
                     "kept and sent then.",
                     (long long)theirs, (long long)oldest);
}
