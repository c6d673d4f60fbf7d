/*
 * First pass over commands/, queries/ and rules/: each "-- @command name  Title." line begins
 * an operation; its annotations follow, then its statements.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema/catalogue_load.h"

static const char *const kind_words[] = {"command", "query", "rule"};

static const char *const command_words[] = {"command", "zh", "roles", "may_noop", NULL};
static const char *const query_words[] = {"query", "zh", "roles", NULL};
static const char *const rule_words[] = {"rule", "zh", "tables", "since", NULL};
static const char *const *const allowed_words[] = {command_words, query_words,
                                                   rule_words};
static const char *const several_words[] = {"param", "example", NULL};

/* --- annotations -------------------------------------------------------------------------- */

/* "name  Title." */
static int read_head(struct load *load, const struct clause *clause,
                     struct operation *operation) {
    assert(clause); /* an operation begins at its clause */
    const char *rest = clause->argument;
    operation->name = word_copy(load->arena, word_next(&rest));
    rest += strspn(rest, " \t");
    operation->title = rest; /* in the clause's own memory, which is the catalogue's */
    if (!operation->name)
        return error_out_of_memory(load->error);
    if (!name_is_valid(operation->name, true))
        return load_fail(load, clause->line, "\"%s\" is no name: write object.verb",
                         operation->name);
    if (!operation->title[0])
        return load_fail(load, clause->line, "%s has no title", operation->name);
    return 0;
}

static int read_since(struct load *load, const struct clause *clause,
                      struct operation *operation) {
    int64_t since;
    if (!number_read(bytes_of_text(clause->argument), 1, SCHEMA_VERSION, &since))
        return load_fail(load, clause->line, "@since wants a version from 1 to %d",
                         SCHEMA_VERSION);
    operation->rule_since = (int)since;
    return 0;
}

static int read_parameters(struct load *load, const struct clause_list *clauses,
                           struct raw_operation *raw) {
    struct operation *operation = &raw->operation;
    struct parameter room[LIMIT_PARAMETERS] = {0};
    operation->parameters = room;
    int rc = 0;
    for (const struct clause *clause = clauses->first; rc == 0 && clause;
         clause = clause->next)
        if (strcmp(clause->word, "param") == 0)
            rc = load_parameter(load, clause->line, clause->argument, raw);
    operation->parameters =
        arena_alloc_array(load->arena, operation->parameter_count, sizeof *room);
    if (rc != 0)
        return -1;
    if (!operation->parameters)
        return error_out_of_memory(load->error);
    memcpy(operation->parameters, room, operation->parameter_count * sizeof *room);
    return 0;
}

static int read_examples(struct load *load, const struct clause_list *clauses,
                         struct operation *operation) {
    size_t count = 0;
    for (const struct clause *clause = clauses->first; clause; clause = clause->next)
        count += strcmp(clause->word, "example") == 0;
    operation->examples =
        arena_alloc_array(load->arena, count, sizeof *operation->examples);
    if (!operation->examples)
        return error_out_of_memory(load->error);
    for (const struct clause *clause = clauses->first; clause; clause = clause->next)
        if (strcmp(clause->word, "example") == 0)
            operation->examples[operation->example_count++] = clause->argument;
    return 0;
}

static int check_annotations(struct load *load, const struct clause_list *clauses,
                             enum operation_kind kind) {
    if (clauses_check(load, load->path, clauses, allowed_words[kind],
                      kind == OPERATION_RULE ? NULL : several_words) != 0)
        return -1;
    for (const struct clause *clause = clauses->first; clause; clause = clause->next) {
        bool flag = strcmp(clause->word, "may_noop") == 0;
        bool optional = strcmp(clause->word, "example") == 0;
        if (!optional && flag != (clause->argument[0] == '\0'))
            return load_fail(load, clause->line, "@%s %s", clause->word,
                             flag ? "takes no argument" : "wants an argument");
    }
    return 0;
}

static int read_annotations(struct load *load, const struct clause_list *clauses,
                            struct raw_operation *raw) {
    struct operation *operation = &raw->operation;
    const struct clause *zh = clause_find(clauses, "zh");
    const struct clause *roles = clause_find(clauses, "roles");
    const struct clause *tables = clause_find(clauses, "tables");
    const struct clause *since = clause_find(clauses, "since");
    if (check_annotations(load, clauses, operation->kind) != 0 ||
        read_head(load, clauses->first, operation) != 0)
        return -1;
    operation->title_zh = zh ? zh->argument : "";
    operation->may_noop = clause_find(clauses, "may_noop") != NULL;
    operation->roles = ROLE_SET_ALL;
    operation->rule_since = 1;
    raw->table_names = tables ? tables->argument : "";
    if (roles && roles_read(load, load->path, roles->line, roles->argument,
                            &operation->roles) != 0)
        return -1;
    if (since && read_since(load, since, operation) != 0)
        return -1;
    return read_parameters(load, clauses, raw) != 0
               ? -1
               : read_examples(load, clauses, operation);
}

/* --- statements --------------------------------------------------------------------------- */

struct reading {
    struct load *load;
    struct sql_reader reader;
    struct sql_token token; /* comments included */
    enum operation_kind kind;
};

static int step(struct reading *reading) {
    reading->token = sql_next(&reading->reader);
    if (reading->token.kind == SQL_TOKEN_BROKEN)
        return load_fail(reading->load, reading->token.line,
                         "a quote or comment that never ends");
    return 0;
}

/* True at the comment that begins an operation of the file's kind. */
static bool at_head(const struct reading *reading) {
    const char *word = kind_words[reading->kind];
    size_t length = strlen(word);
    return annotation_is(reading->token) && reading->token.size > length + 1 &&
           strncmp(reading->token.text + 1, word, length) == 0 &&
           (reading->token.text[length + 1] == ' ' ||
            reading->token.text[length + 1] == '\t');
}

static int skip_comments(struct reading *reading) {
    while (reading->token.kind == SQL_TOKEN_COMMENT && !at_head(reading)) {
        if (annotation_is(reading->token))
            return load_fail(
                reading->load, reading->token.line,
                "an annotation after the first statement, or outside of any @%s",
                kind_words[reading->kind]);
        if (step(reading) != 0)
            return -1;
    }
    return 0;
}

/* From the present token to its ";", which is left out. */
static int read_statement(struct reading *reading, const char **ret_text) {
    struct load *load = reading->load;
    const char *start = reading->token.text;
    unsigned line = reading->token.line;
    while (!sql_token_is(reading->token, ";")) {
        if (reading->token.kind == SQL_TOKEN_END || at_head(reading))
            return load_fail(load, line, "a statement that does not end with ;");
        if (annotation_is(reading->token))
            return load_fail(load, reading->token.line,
                             "an annotation inside a statement");
        if (step(reading) != 0)
            return -1;
    }
    *ret_text = arena_text(load->arena, start, (size_t)(reading->token.text - start));
    if (!*ret_text)
        return error_out_of_memory(load->error);
    return step(reading);
}

static int read_statements(struct reading *reading, struct raw_operation *raw) {
    struct load *load = reading->load;
    struct operation *operation = &raw->operation;
    const size_t most = reading->kind == OPERATION_COMMAND ? LIMIT_STATEMENTS : 1;
    const char *texts[LIMIT_STATEMENTS];
    for (;;) {
        if (skip_comments(reading) != 0)
            return -1;
        if (reading->token.kind == SQL_TOKEN_END || at_head(reading))
            break;
        if (operation->statement_count == most)
            return load_fail(load, reading->token.line,
                             "%s: a %s has at most %zu statement%s", operation->name,
                             kind_words[reading->kind], most, most == 1 ? "" : "s");
        if (read_statement(reading, &texts[operation->statement_count]) != 0)
            return -1;
        operation->statement_count++;
    }
    if (operation->statement_count == 0)
        return load_fail(load, raw->line, "%s has no statement", operation->name);
    operation->statements =
        arena_alloc_array(load->arena, operation->statement_count, sizeof *texts);
    if (!operation->statements)
        return error_out_of_memory(load->error);
    memcpy(operation->statements, texts, operation->statement_count * sizeof *texts);
    return 0;
}

/* --- a file ------------------------------------------------------------------------------- */

static int read_operation(struct reading *reading) {
    struct load *load = reading->load;
    struct raw_operation *raw = arena_alloc(load->scratch, sizeof *raw);
    struct clause_list clauses = {0};
    if (!raw)
        return error_out_of_memory(load->error);
    raw->line = reading->token.line;
    raw->operation.kind = reading->kind;
    raw->operation.path = arena_text(load->arena, load->path, strlen(load->path));
    if (!raw->operation.path)
        return error_out_of_memory(load->error);
    do {
        if (annotation_is(reading->token) &&
            annotation_read(load, reading->token, &clauses) != 0)
            return -1;
        if (step(reading) != 0)
            return -1;
    } while (reading->token.kind == SQL_TOKEN_COMMENT && !at_head(reading));
    if (read_annotations(load, &clauses, raw) != 0 || read_statements(reading, raw) != 0)
        return -1;
    if (load->operation_count == OPERATIONS_MAX)
        return load_fail(load, raw->line, "more than %d operations", OPERATIONS_MAX);
    load->operations[load->operation_count++] = raw;
    return 0;
}

int load_operations_file(struct load *load, const struct embedded_file *file,
                         enum operation_kind kind) {
    struct reading reading = {
        .load = load, .reader = sql_reader_make(file->text, 1), .kind = kind};
    if (step(&reading) != 0 || skip_comments(&reading) != 0)
        return -1;
    while (reading.token.kind != SQL_TOKEN_END) {
        if (!at_head(&reading))
            return load_fail(load, reading.token.line, "a statement outside of any @%s",
                             kind_words[kind]);
        if (read_operation(&reading) != 0)
            return -1;
    }
    return 0;
}

/* --- second pass -------------------------------------------------------------------------- */

static int by_name(const void *a, const void *b) {
    const struct raw_operation *first = *(struct raw_operation *const *)a;
    const struct raw_operation *second = *(struct raw_operation *const *)b;
    if (first->operation.kind != second->operation.kind)
        return first->operation.kind < second->operation.kind ? -1 : 1;
    return strcmp(first->operation.name, second->operation.name);
}

static const struct table *find_table(struct load *load, const struct raw_operation *raw,
                                      unsigned line, struct bytes name) {
    char text[LIMIT_NAME + 1];
    snprintf(text, sizeof text, "%.*s", (int)name.size, (const char *)name.data);
    const struct table *table = catalogue_table(load->catalogue, text);
    if (!table)
        load_fail_at(load, raw->operation.path, line, "unknown table \"%s\"", text);
    return table;
}

static int resolve_rule_tables(struct load *load, struct raw_operation *raw) {
    struct operation *rule = &raw->operation;
    const size_t most = sizeof rule->rule_tables / sizeof *rule->rule_tables;
    const char *names = raw->table_names;
    for (struct bytes name = word_next(&names); name.size; name = word_next(&names)) {
        if (rule->rule_table_count == most)
            return load_fail_at(load, rule->path, raw->line, "more than %zu @tables",
                                most);
        const struct table *table = find_table(load, raw, raw->line, name);
        if (!table)
            return -1;
        rule->rule_tables[rule->rule_table_count++] = table;
    }
    return 0;
}

static int resolve_parameters(struct load *load, struct raw_operation *raw) {
    for (size_t i = 0; i < raw->operation.parameter_count; i++) {
        struct parameter *parameter = &raw->operation.parameters[i];
        if (!raw->parameter_tables[i])
            continue;
        unsigned line = raw->parameter_lines[i];
        parameter->table =
            find_table(load, raw, line, bytes_of_text(raw->parameter_tables[i]));
        if (!parameter->table)
            return -1;
        bool code = parameter->type == PARAMETER_CODE;
        if (parameter->table->key_count != 1 ||
            (code && !table_column(parameter->table, "code")))
            return load_fail_at(load, raw->operation.path, line,
                                "%s: table %s needs a single-column key%s",
                                parameter->name, parameter->table->name,
                                code ? " and a column code" : "");
    }
    return 0;
}

static int check_duplicate(struct load *load, size_t i) {
    const struct raw_operation *raw = load->operations[i];
    if (i == 0 || by_name(&load->operations[i - 1], &load->operations[i]) != 0)
        return 0;
    return load_fail_at(load, raw->operation.path, raw->line,
                        "a second %s %s (the other: %s)", kind_words[raw->operation.kind],
                        raw->operation.name, load->operations[i - 1]->operation.path);
}

static void share_out(struct catalogue *catalogue, const struct operation *operations,
                      size_t count) {
    size_t counts[3] = {0};
    for (size_t i = 0; i < count; i++)
        counts[operations[i].kind]++;
    catalogue->commands = operations;
    catalogue->command_count = counts[OPERATION_COMMAND];
    catalogue->queries = operations + counts[OPERATION_COMMAND];
    catalogue->query_count = counts[OPERATION_QUERY];
    catalogue->rules = catalogue->queries + counts[OPERATION_QUERY];
    catalogue->rule_count = counts[OPERATION_RULE];
}

int resolve_operations(struct load *load) {
    struct operation *operations =
        arena_alloc_array(load->arena, load->operation_count, sizeof *operations);
    if (!operations)
        return error_out_of_memory(load->error);
    qsort(load->operations, load->operation_count, sizeof *load->operations, by_name);
    for (size_t i = 0; i < load->operation_count; i++) {
        struct raw_operation *raw = load->operations[i];
        if (check_duplicate(load, i) != 0 || resolve_rule_tables(load, raw) != 0 ||
            resolve_parameters(load, raw) != 0)
            return -1;
        operations[i] = raw->operation;
    }
    share_out(load->catalogue, operations, load->operation_count);
    return 0;
}
