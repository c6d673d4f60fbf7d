/*
 * The linter of the domain's SQL: by tokens for what is written, by SQLite's authorizer for
 * what a statement does, by the reader of parameters for examples and defaults.
 */
#include "tests/support/sql_lint.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "schema/parameters.h"
#include "schema/sql_text.h"

struct lint {
    sqlite3 *db;
    const struct function_context *context;
    const struct catalogue *catalogue;
    const struct operation *operation; /* the one being looked at */
    const char *statement;
    struct buffer *findings;
    bool used[LIMIT_PARAMETERS];
};

static void find(struct lint *lint, const char *sentence, const char *what) {
    const struct operation *operation = lint->operation;
    buffer_printf(lint->findings, "%s: %s: ", operation ? operation->path : "derived",
                  operation ? operation->name : "");
    buffer_printf(lint->findings, "%s%s\n", sentence, what);
}

static bool is_one_of(const char *word, const char *const *words) {
    for (; *words; words++)
        if (strcasecmp(word, *words) == 0)
            return true;
    return false;
}

/* --- what is written ---------------------------------------------------------------------- */

static bool is_string(struct sql_token token, const char *text) {
    return token.kind == SQL_TOKEN_STRING && token.size == strlen(text) &&
           strncasecmp(token.text, text, token.size) == 0;
}

static void lint_token(struct lint *lint, struct sql_token before, struct sql_token token,
                       struct sql_token after) {
    bool replaces = sql_token_is(token, "replace") && !sql_token_is(after, "(");
    if (replaces)
        find(lint, "REPLACE sets the columns it does not name to null", "");
    if (is_string(token, "'now'") ||
        (token.kind == SQL_TOKEN_WORD && token.size > 8 &&
         strncasecmp(token.text, "current_", 8) == 0 && !sql_token_is(before, ".") &&
         !sql_token_is(before, "as")))
        find(lint, "reads the machine's clock: use now_ms() or today()", "");
    if (token.kind == SQL_TOKEN_NUMBER && memchr(token.text, '.', token.size))
        find(lint, "a floating-point number: scale integers, use mul_div", "");
    if (token.kind == SQL_TOKEN_PARAMETER && token.text[0] != ':')
        find(lint, "a parameter that is not written :name", "");
}

/* UPDATE and DELETE want a WHERE of their own, INSERT a list of columns. */
static void lint_shape(struct lint *lint) {
    struct sql_reader reader = sql_reader_make(lint->statement, 1);
    struct sql_token verb = {0};
    struct sql_token before = {0};
    struct sql_token third = {0};
    int depth = 0;
    int seen = 0;
    bool where = false;
    for (struct sql_token token = sql_next_code(&reader); token.kind != SQL_TOKEN_END;) {
        struct sql_reader ahead = reader;
        lint_token(lint, before, token, sql_next_code(&ahead));
        bool top = depth == 0;
        depth += sql_token_is(token, "(") ? 1 : sql_token_is(token, ")") ? -1 : 0;
        if (top && !verb.text &&
            (sql_token_is(token, "update") || sql_token_is(token, "delete") ||
             sql_token_is(token, "insert")))
            verb = token;
        seen += verb.text != NULL; /* insert into NAME ( */
        if (seen == 4 && sql_token_is(verb, "insert"))
            third = token;
        where = where || (top && sql_token_is(token, "where"));
        before = token;
        token = sql_next_code(&reader);
    }
    if (!verb.text)
        return;
    if (sql_token_is(verb, "insert") && !sql_token_is(third, "("))
        find(lint, "INSERT without its list of columns", "");
    if (!sql_token_is(verb, "insert") && !where)
        find(lint, "UPDATE or DELETE without WHERE", "");
}

/* The columns that an INSERT names: what the authorizer is not told. */
static void lint_inserted_columns(struct lint *lint) {
    struct sql_reader reader = sql_reader_make(lint->statement, 1);
    struct sql_token token = sql_next_code(&reader);
    char name[LIMIT_NAME + 1];
    while (token.kind != SQL_TOKEN_END && !sql_token_is(token, "into"))
        token = sql_next_code(&reader);
    if (token.kind == SQL_TOKEN_END)
        return;
    token = sql_next_code(&reader);
    snprintf(name, sizeof name, "%.*s", (int)token.size, token.text);
    const struct table *table = catalogue_table(lint->catalogue, name);
    token = sql_next_code(&reader);
    if (!table || !sql_token_is(token, "("))
        return;
    while (token.kind != SQL_TOKEN_END && !sql_token_is(token, ")")) {
        token = sql_next_code(&reader);
        snprintf(name, sizeof name, "%.*s", (int)token.size, token.text);
        const struct column *column = table_column(table, name);
        if (column && column->number == 0)
            find(lint, "sets the stamp column ", column->name);
    }
}

/* --- what it does ------------------------------------------------------------------------- */

static void lint_write(struct lint *lint, int action, const struct table *table,
                       const char *column_name) {
    const struct operation *operation = lint->operation;
    role_set known = ((role_set)1 << lint->catalogue->role_count) - 1;
    if (table->append_only && action != SQLITE_INSERT)
        find(lint, "changes rows of the append-only table ", table->name);
    if (table->engine_rows && action != SQLITE_UPDATE)
        find(lint, "makes or deletes rows that only the engine makes, in ", table->name);
    if (action == SQLITE_INSERT && !(table->insert & operation->roles & known))
        find(lint, "none of its roles may insert into ", table->name);
    const struct column *column = column_name ? table_column(table, column_name) : NULL;
    if (action != SQLITE_UPDATE || !column)
        return;
    if (column->number == 0)
        find(lint, "sets the stamp column ", column->name);
    else if (column->key_position)
        find(lint, "changes the key column ", column->name);
    else if (!(column->write & operation->roles & known))
        find(lint, "none of its roles may write ", column->name);
}

static bool is_write(int action) {
    return action == SQLITE_INSERT || action == SQLITE_UPDATE || action == SQLITE_DELETE;
}

static void lint_function(struct lint *lint, const char *name) {
    static const char *const clocks[] = {"now_ms", "today", NULL};
    static const char *const banned[] = {"random",  "randomblob",    "avg",
                                         "total",   "round",         "last_insert_rowid",
                                         "changes", "total_changes", NULL};
    if (lint->operation->kind != OPERATION_QUERY &&
        strcasecmp(name, "search_matches") == 0)
        find(lint,
             "only queries search, since machines may differ in how they read: ", name);
    if (lint->operation->kind == OPERATION_RULE && is_one_of(name, clocks))
        find(lint, "a rule reads no clock: ", name);
    if (is_one_of(name, banned))
        find(lint,
             "calls a function that differs between machines or gives a REAL: ", name);
}

static int authorize(void *context, int action, const char *first, const char *second,
                     const char *database, const char *via) {
    struct lint *lint = context;
    (void)via;
    if (action == SQLITE_FUNCTION) {
        lint_function(lint, second);
        return SQLITE_OK;
    }
    if (action == SQLITE_SELECT || action == SQLITE_RECURSIVE)
        return SQLITE_OK;
    if (action == SQLITE_READ) {
        if (strncmp(first, "sqlite_", 7) == 0)
            find(lint, "reads SQLite's own table ", first);
        return SQLITE_OK;
    }
    const struct table *table =
        is_write(action) ? catalogue_table(lint->catalogue, first) : NULL;
    if (table && strcmp(database, "main") == 0)
        lint_write(lint, action, table, second);
    else
        find(lint,
             is_write(action) ? "writes a table that is not synced: "
                              : "may only read and write rows, not touch ",
             first ? first : "the database");
    return SQLITE_OK;
}

static int parameter_index(const struct operation *operation, const char *name) {
    for (size_t i = 0; name && i < operation->parameter_count; i++)
        if (strcmp(operation->parameters[i].name, name + 1) == 0)
            return (int)i;
    return -1;
}

static void lint_bindings(struct lint *lint, sqlite3_stmt *statement) {
    for (int i = 1; i <= sqlite3_bind_parameter_count(statement); i++) {
        const char *name = sqlite3_bind_parameter_name(statement, i);
        int index = parameter_index(lint->operation, name);
        if (index < 0)
            find(lint, "uses a parameter that it does not declare: ", name ? name : "?");
        else
            lint->used[index] = true;
    }
}

static void lint_result(struct lint *lint, sqlite3_stmt *statement) {
    static const char *const rule_columns[] = {"row_key", "field", "message", NULL};
    int count = sqlite3_column_count(statement);
    for (int i = 0; i < count; i++) {
        const char *name = sqlite3_column_name(statement, i);
        if (lint->operation->kind == OPERATION_RULE && !is_one_of(name, rule_columns))
            find(lint, "a rule returns row_key, field and message, not ", name);
        for (int k = 0; k < i; k++)
            if (strcmp(sqlite3_column_name(statement, k), name) == 0)
                find(lint, "two columns of the result have the same name ", name);
    }
    if (count == 0 || !sqlite3_stmt_readonly(statement))
        find(lint, "is no SELECT", "");
}

static void lint_statement(struct lint *lint, const char *sql) {
    sqlite3_stmt *statement = NULL;
    lint->statement = sql;
    lint_shape(lint);
    lint_inserted_columns(lint);
    /* Once without listening: table-valued functions declare themselves at first use. */
    sqlite3_prepare_v2(lint->db, sql, -1, &statement, NULL);
    sqlite3_finalize(statement);
    sqlite3_set_authorizer(lint->db, authorize, lint);
    int rc = sqlite3_prepare_v2(lint->db, sql, -1, &statement, NULL);
    sqlite3_set_authorizer(lint->db, NULL, NULL);
    if (rc != SQLITE_OK) {
        find(lint, "", sqlite3_errmsg(lint->db));
        return;
    }
    lint_bindings(lint, statement);
    bool last = sql == lint->operation->statements[lint->operation->statement_count - 1];
    if (lint->operation->kind != OPERATION_COMMAND ||
        (last && sqlite3_column_count(statement) > 0))
        lint_result(lint, statement);
    sqlite3_finalize(statement);
}

/* --- examples and defaults ---------------------------------------------------------------- */

enum { EXAMPLE_MAX = 1024 };

/* name=value name="a value": cuts `text` in place. False when it cannot be read. */
static bool cut_example(char *text, struct argument *arguments, size_t *ret_count) {
    *ret_count = 0;
    for (text += strspn(text, " "); *text; text += strspn(text, " ")) {
        char *equal = strchr(text, '=');
        if (!equal || *ret_count == LIMIT_PARAMETERS)
            return false;
        bool quoted = equal[1] == '"' || equal[1] == '\'';
        char *value = equal + 1 + quoted;
        char *end = quoted ? strchr(value, equal[1]) : value + strcspn(value, " ");
        if (!end || (quoted && end[1] != ' ' && end[1] != '\0'))
            return false;
        *equal = '\0';
        arguments[(*ret_count)++] = (struct argument){.name = text};
        text = *end ? end + 1 : end;
        *end = '\0';
        arguments[*ret_count - 1].value = value_text(value);
    }
    return true;
}

/* Without rows to look up, any text stands for a row. */
static struct operation without_rows(const struct operation *operation,
                                     struct parameter room[LIMIT_PARAMETERS]) {
    struct operation copy = *operation;
    for (size_t i = 0; i < operation->parameter_count; i++) {
        room[i] = operation->parameters[i];
        if (room[i].type != PARAMETER_ID && room[i].type != PARAMETER_CODE)
            continue;
        room[i].type = PARAMETER_TEXT;
        room[i].maximum = LIMIT_TEXT;
    }
    copy.parameters = room;
    return copy;
}

static void read_arguments(struct lint *lint, const struct operation *operation,
                           const struct argument *arguments, size_t count,
                           const char *what) {
    struct arena arena = arena_make(1024 * 1024);
    struct value values[LIMIT_PARAMETERS];
    struct error error = {0};
    if (parameters_read(lint->db, lint->context, operation, arguments, count, &arena,
                        values, &error) != 0)
        find(lint, what, error.message);
    arena_free(&arena);
}

static void lint_examples(struct lint *lint) {
    struct parameter room[LIMIT_PARAMETERS];
    struct operation copy = without_rows(lint->operation, room);
    for (size_t i = 0; i < copy.example_count; i++) {
        char text[EXAMPLE_MAX];
        struct argument arguments[LIMIT_PARAMETERS];
        size_t count = 0;
        snprintf(text, sizeof text, "%s", copy.examples[i]);
        if (!cut_example(text, arguments, &count))
            find(lint, "an example that is not name=value …: ", copy.examples[i]);
        else
            read_arguments(lint, &copy, arguments, count, "an example fails: ");
    }
}

static void lint_defaults(struct lint *lint) {
    struct parameter room[LIMIT_PARAMETERS];
    struct operation copy = without_rows(lint->operation, room);
    for (size_t i = 0; i < lint->operation->parameter_count; i++) {
        struct operation single = copy;
        single.parameters = &room[i];
        single.parameter_count = 1;
        if (room[i].default_text)
            read_arguments(lint, &single, NULL, 0, "a default fails: ");
    }
}

/* --- all of it ---------------------------------------------------------------------------- */

static bool is_chinese(const char *text) {
    for (; *text; text++)
        if ((unsigned char)*text >= 0xe3)
            return true;
    return false;
}

static void lint_operation(struct lint *lint, const struct operation *operation) {
    lint->operation = operation;
    memset(lint->used, 0, sizeof lint->used);
    if (!is_chinese(operation->title_zh))
        find(lint, "has no @zh title", "");
    for (size_t i = 0; i < operation->statement_count; i++)
        lint_statement(lint, operation->statements[i]);
    for (size_t i = 0; i < operation->parameter_count; i++)
        if (!lint->used[i])
            find(lint, "declares a parameter that it does not use: ",
                 operation->parameters[i].name);
    lint_examples(lint);
    lint_defaults(lint);
}

static void lint_all(struct lint *lint, const struct operation *operations,
                     size_t count) {
    for (size_t i = 0; i < count; i++)
        lint_operation(lint, &operations[i]);
}

/* Reports each row of a query over the schema. */
static void lint_schema(struct lint *lint, const char *sql, const char *what) {
    sqlite3_stmt *statement = NULL;
    lint->operation = NULL;
    sqlite3_prepare_v2(lint->db, sql, -1, &statement, NULL);
    while (sqlite3_step(statement) == SQLITE_ROW)
        find(lint, what, (const char *)sqlite3_column_text(statement, 0));
    sqlite3_finalize(statement);
}

static void lint_derived(struct lint *lint) {
    lint_schema(lint, "select name from sqlite_schema where type = 'trigger'",
                "a trigger writes twice: ");
    lint_schema(
        lint,
        "select t.name from sqlite_schema t join schema_object o on o.name = t.name,"
        " pragma_index_list(t.tbl_name) i"
        " where t.type = 'index' and i.name = t.name and i.\"unique\"",
        "a unique index would wedge a replica: ");
}

/* Every table of tables/ is synced so far. */
static void lint_local_tables(struct lint *lint) {
    size_t count = 0;
    lint->operation = NULL;
    for (size_t i = 0; i < lint->catalogue->ddl_count; i++) {
        struct sql_reader reader = sql_reader_make(lint->catalogue->ddl[i], 1);
        for (struct sql_token token = sql_next_code(&reader); token.kind != SQL_TOKEN_END;
             token = sql_next_code(&reader))
            count += sql_token_is(token, "create");
    }
    if (count != lint->catalogue->table_count)
        find(lint, "a table of tables/ has no @table number", "");
}

void sql_lint(sqlite3 *db, const struct function_context *context,
              struct buffer *findings) {
    /* Somebody must be signed in for the default "me". */
    struct function_context signed_in = *context;
    memset(signed_in.actor.bytes, 1, ID_SIZE);
    struct lint lint = {.db = db,
                        .context = &signed_in,
                        .catalogue = context->catalogue,
                        .findings = findings};
    const struct catalogue *catalogue = lint.catalogue;
    lint_all(&lint, catalogue->commands, catalogue->command_count);
    lint_all(&lint, catalogue->queries, catalogue->query_count);
    lint_all(&lint, catalogue->rules, catalogue->rule_count);
    lint_derived(&lint);
    lint_local_tables(&lint);
}
