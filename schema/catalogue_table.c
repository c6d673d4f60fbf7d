/*
 * First pass over tables/: CREATE TABLE statements into raw tables.
 *
 * Only the DDL that synced tables may use is understood; everything else is refused with its
 * line. An annotation belongs to the table or column that was begun last. Tables without
 * @table are local to a database and are skipped.
 */
#include <stdio.h>
#include <string.h>

#include "schema/catalogue_load.h"

enum { DEFINITION_MAX = 8192 };

struct parser {
    struct load *load;
    struct sql_reader reader;
    struct sql_token token;     /* the next one that is no comment */
    struct clause_list *target; /* where annotations go; NULL between statements */
    struct sql_token title;     /* first line of the last block of comments */
    unsigned title_last_line;
    struct buffer definition; /* of the column being read */
    struct raw_column columns[RAW_COLUMNS_MAX];
    size_t column_count;
};

/* --- tokens and comments ----------------------------------------------------------------- */

static int read_file_annotation(struct load *load, struct sql_token comment) {
    struct clause_list list = {0};
    if (annotation_read(load, comment, &list) != 0)
        return -1;
    for (const struct clause *clause = list.first; clause; clause = clause->next)
        if (strcmp(clause->word, "roles") != 0)
            return load_fail(load, clause->line, "@%s stands outside a table",
                             clause->word);
    return 0; /* roles are read before all tables */
}

static int read_comment(struct parser *parser, struct sql_token comment) {
    if (annotation_is(comment))
        return parser->target ? annotation_read(parser->load, comment, parser->target)
                              : read_file_annotation(parser->load, comment);
    if (!parser->target) {
        if (parser->title_last_line + 1 != comment.line)
            parser->title = comment;
        parser->title_last_line = comment.line;
    }
    return 0;
}

static int advance(struct parser *parser) {
    for (;;) {
        struct sql_token token = sql_next(&parser->reader);
        if (token.kind == SQL_TOKEN_BROKEN)
            return load_fail(parser->load, token.line,
                             "a quote or comment that never ends");
        if (token.kind != SQL_TOKEN_COMMENT) {
            parser->token = token;
            return 0;
        }
        if (read_comment(parser, token) != 0)
            return -1;
    }
}

static bool at(const struct parser *parser, const char *word) {
    return sql_token_is(parser->token, word);
}

static int expect(struct parser *parser, const char *word) {
    if (!at(parser, word))
        return load_fail(parser->load, parser->token.line,
                         "expected \"%s\", found \"%.*s\"", word, (int)parser->token.size,
                         parser->token.text);
    return advance(parser);
}

/* Consumes a token of a column's definition. */
static int take(struct parser *parser) {
    if (parser->definition.size)
        buffer_append_byte(&parser->definition, ' ');
    buffer_append(&parser->definition, parser->token.text, parser->token.size);
    return advance(parser);
}

static int take_word(struct parser *parser, const char *word) {
    if (!at(parser, word))
        return expect(parser, word);
    return take(parser);
}

/* Consumes "( … )" with what is nested in it. */
static int take_parentheses(struct parser *parser) {
    int depth = 0;
    do {
        if (parser->token.kind == SQL_TOKEN_END)
            return load_fail(parser->load, parser->token.line,
                             "a parenthesis is not closed");
        depth += at(parser, "(") ? 1 : at(parser, ")") ? -1 : 0;
        if (take(parser) != 0)
            return -1;
    } while (depth > 0);
    return 0;
}

static int take_name(struct parser *parser, const char *what, const char **ret_name) {
    struct sql_token token = parser->token;
    char *name = arena_text(parser->load->arena, token.text, token.size);
    if (!name)
        return error_out_of_memory(parser->load->error);
    if (token.kind != SQL_TOKEN_WORD || !name_is_valid(name, false))
        return load_fail(parser->load, token.line, "\"%s\" is no name for a %s", name,
                         what);
    *ret_name = name;
    return take(parser);
}

/* --- columns ------------------------------------------------------------------------------ */

static int read_type(struct parser *parser, struct column *column) {
    if (at(parser, "integer"))
        column->type = VALUE_INTEGER;
    else if (at(parser, "text"))
        column->type = VALUE_TEXT;
    else if (at(parser, "blob"))
        column->type = VALUE_BLOB;
    else
        return load_fail(parser->load, parser->token.line,
                         "column %s must be integer, text or blob, not \"%.*s\"",
                         column->name, (int)parser->token.size, parser->token.text);
    return take(parser);
}

static int take_default(struct parser *parser) {
    if (at(parser, "("))
        return take_parentheses(parser);
    if (at(parser, "-") && take(parser) != 0)
        return -1;
    return take(parser);
}

static int read_default(struct parser *parser, struct column *column) {
    size_t before = parser->definition.size;
    column->has_default = !at(parser, "null");
    if (take_default(parser) != 0)
        return -1;
    if (parser->definition.failed)
        return 0; /* told when the column is complete */
    struct bytes text = {parser->definition.data + before,
                         parser->definition.size - before};
    column->default_text = word_copy(parser->load->arena, text);
    return column->default_text ? 0 : error_out_of_memory(parser->load->error);
}

static int refuse_constraint(struct parser *parser, const struct column *column) {
    return load_fail(
        parser->load, parser->token.line,
        "column %s: \"%.*s\" is not allowed in a synced table; a column may have "
        "not null, primary key, default, check and collate",
        column->name, (int)parser->token.size, parser->token.text);
}

static int read_constraint(struct parser *parser, struct raw_column *raw) {
    struct column *column = &raw->column;
    if (at(parser, "not")) {
        column->not_null = true;
        return take(parser) != 0 ? -1 : take_word(parser, "null");
    }
    if (at(parser, "primary")) {
        raw->inline_key = true;
        return take(parser) != 0 ? -1 : take_word(parser, "key");
    }
    if (at(parser, "default"))
        return take(parser) != 0 ? -1 : read_default(parser, column);
    if (at(parser, "check")) {
        if (take(parser) != 0)
            return -1;
        return at(parser, "(") ? take_parentheses(parser) : expect(parser, "(");
    }
    if (at(parser, "collate"))
        return take(parser) != 0 ? -1 : take(parser);
    return refuse_constraint(parser, column);
}

static int read_column(struct parser *parser) {
    struct load *load = parser->load;
    if (parser->column_count == RAW_COLUMNS_MAX)
        return load_fail(load, parser->token.line, "more than %d columns",
                         LIMIT_COLUMNS - 1);
    struct raw_column *raw = &parser->columns[parser->column_count++];
    *raw = (struct raw_column){.line = parser->token.line};
    parser->target = &raw->clauses;
    buffer_reset(&parser->definition);
    if (take_name(parser, "column", &raw->column.name) != 0 ||
        read_type(parser, &raw->column) != 0)
        return -1;
    while (!at(parser, ",") && !at(parser, ")"))
        if (read_constraint(parser, raw) != 0)
            return -1;
    if (parser->definition.failed)
        return load_fail(load, raw->line, "the definition of %s is too long",
                         raw->column.name);
    struct bytes definition = buffer_bytes(&parser->definition);
    raw->column.definition = word_copy(load->arena, definition);
    return raw->column.definition ? 0 : error_out_of_memory(load->error);
}

/* --- tables ------------------------------------------------------------------------------- */

static int read_table_key(struct parser *parser, struct raw_table *table) {
    if (table->key_count)
        return load_fail(parser->load, parser->token.line, "a second primary key");
    if (advance(parser) != 0 || expect(parser, "key") != 0 || expect(parser, "(") != 0)
        return -1;
    for (;;) {
        if (table->key_count == LIMIT_KEY_COLUMNS)
            return load_fail(parser->load, parser->token.line, "more than %d key columns",
                             LIMIT_KEY_COLUMNS);
        if (take_name(parser, "key column", &table->key[table->key_count++]) != 0)
            return -1;
        if (!at(parser, ","))
            return expect(parser, ")");
        if (advance(parser) != 0)
            return -1;
    }
}

static int read_body(struct parser *parser, struct raw_table *table) {
    static const char *const refused[] = {"unique", "check", "foreign", "constraint"};
    for (;;) {
        for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
            if (at(parser, refused[i]))
                return load_fail(
                    parser->load, parser->token.line,
                    "a table-level %s is not allowed in a synced table: write a rule",
                    refused[i]);
        int rc =
            at(parser, "primary") ? read_table_key(parser, table) : read_column(parser);
        if (rc != 0)
            return -1;
        if (at(parser, ")"))
            break;
        if (expect(parser, ",") != 0)
            return -1;
    }
    return advance(parser);
}

static int read_options(struct parser *parser, struct raw_table *table) {
    while (!at(parser, ";")) {
        if (at(parser, "strict")) {
            table->strict = true;
        } else if (at(parser, "without")) {
            if (advance(parser) != 0)
                return -1;
            table->without_rowid = at(parser, "rowid");
        } else if (!at(parser, ",")) {
            return expect(parser, ";");
        }
        if (advance(parser) != 0)
            return -1;
    }
    return 0;
}

/* A table without @table: local, not ours. */
static int skip_statement(struct parser *parser, const struct raw_table *table) {
    if (table->clauses.first)
        return load_fail(parser->load, table->clauses.first->line,
                         "table %s has annotations but no @table number",
                         table->table.name);
    struct clause_list ignored = {0};
    parser->target = &ignored;
    while (!at(parser, ";") && parser->token.kind != SQL_TOKEN_END)
        if (advance(parser) != 0)
            return -1;
    return 0;
}

static int keep_columns(struct parser *parser, struct raw_table *table) {
    struct load *load = parser->load;
    table->column_count = parser->column_count;
    table->columns =
        arena_alloc_array(load->scratch, parser->column_count, sizeof *table->columns);
    if (!table->columns)
        return error_out_of_memory(load->error);
    memcpy(table->columns, parser->columns,
           parser->column_count * sizeof *table->columns);
    return 0;
}

static int read_definition(struct parser *parser, struct raw_table *table) {
    parser->column_count = 0;
    if (read_body(parser, table) != 0 || read_options(parser, table) != 0)
        return -1;
    if (!table->strict || !table->without_rowid)
        return load_fail(parser->load, table->line,
                         "table %s must be strict, without rowid", table->table.name);
    return keep_columns(parser, table);
}

static int keep_table(struct parser *parser, struct raw_table *table, const char *start) {
    struct load *load = parser->load;
    size_t size = (size_t)(parser->token.text - start) + 1; /* with its ; */
    table->table.ddl = arena_text(load->arena, start, size);
    if (!table->table.ddl)
        return error_out_of_memory(load->error);
    if (load->table_count == LIMIT_TABLES)
        return load_fail(load, table->line, "more than %d tables", LIMIT_TABLES);
    load->tables[load->table_count++] = table;
    return 0;
}

static const char *title_of(struct parser *parser, unsigned line) {
    bool above = parser->title_last_line != 0 && parser->title_last_line + 1 == line;
    return arena_text(parser->load->arena, parser->title.text,
                      above ? parser->title.size : 0);
}

static int read_statement(struct parser *parser, const char *module) {
    struct load *load = parser->load;
    const char *start = parser->token.text;
    struct raw_table *table = arena_alloc(load->scratch, sizeof *table);
    if (!table)
        return error_out_of_memory(load->error);
    *table = (struct raw_table){.path = load->path, .line = parser->token.line};
    table->table.module = module;
    table->table.title = title_of(parser, table->line);
    if (!table->table.title)
        return error_out_of_memory(load->error);
    if (expect(parser, "create") != 0 || expect(parser, "table") != 0 ||
        take_name(parser, "table", &table->table.name) != 0)
        return -1;
    parser->target = &table->clauses;
    if (expect(parser, "(") != 0)
        return -1;
    bool synced = clause_find(&table->clauses, "table") != NULL;
    int rc = synced ? read_definition(parser, table) : skip_statement(parser, table);
    if (rc == 0 && synced)
        rc = keep_table(parser, table, start);
    if (rc != 0)
        return -1;
    parser->target = NULL;
    parser->title_last_line = 0;
    return expect(parser, ";");
}

/* "tables/customers.sql" is the module "customers". */
static const char *module_of(struct load *load, const char *path) {
    const char *name = strrchr(path, '/');
    name = name ? name + 1 : path;
    return arena_text(load->arena, name, strcspn(name, "."));
}

int load_tables_file(struct load *load, const struct embedded_file *file) {
    struct parser *parser = arena_alloc(load->scratch, sizeof *parser);
    const char *module = module_of(load, file->path);
    if (!parser || !module)
        return error_out_of_memory(load->error);
    parser->load = load;
    parser->reader = sql_reader_make(file->text, 1);
    parser->definition = buffer_make(DEFINITION_MAX);
    int rc = advance(parser);
    while (rc == 0 && parser->token.kind != SQL_TOKEN_END)
        rc = read_statement(parser, module);
    buffer_free(&parser->definition);
    return rc;
}
