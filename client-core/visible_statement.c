/*
 * Commands over covered tables: reading finds the covers by itself; what a statement writes is named with its
 * schema, and an UPDATE reaches visible rows only.
 */
#include <string.h>

#include "client-core/visible.h"
#include "schema/sql_text.h"

enum statement_verb { VERB_NONE, VERB_INSERT, VERB_DELETE, VERB_UPDATE };

/* A statement's parts, as places in its text. */
struct statement_parts {
    enum statement_verb verb;
    const char *name; /* of the table that it writes */
    size_t name_size;
    const char *alias; /* as the statement calls it; NULL: by its name */
    size_t alias_size;
    const char *condition; /* behind the last WHERE outside all parentheses; NULL: none */
    const char *condition_end;
    bool names_schema;
};

struct statement_reading {
    struct sql_reader reader;
    struct sql_token token;
    struct sql_token before;
    int depth;
};

static void next(struct statement_reading *reading) {
    reading->before = reading->token;
    if (sql_token_is(reading->token, "("))
        reading->depth++;
    reading->token = sql_next_code(&reading->reader);
    if (sql_token_is(reading->token, ")"))
        reading->depth--;
}

static bool at_end(const struct statement_reading *reading) {
    return reading->token.kind == SQL_TOKEN_END ||
           reading->token.kind == SQL_TOKEN_BROKEN || sql_token_is(reading->token, ";");
}

/* insert [or …] into NAME; delete from NAME; update [or …] NAME [as ALIAS] */
static void read_target(struct statement_reading *reading,
                        struct statement_parts *parts) {
    next(reading);
    if (sql_token_is(reading->token, "or")) {
        next(reading);
        next(reading);
    }
    if (sql_token_is(reading->token, "into") || sql_token_is(reading->token, "from"))
        next(reading);
    parts->name = reading->token.text;
    parts->name_size = reading->token.size;
    next(reading);
    if (!sql_token_is(reading->token, "as"))
        return;
    next(reading);
    parts->alias = reading->token.text;
    parts->alias_size = reading->token.size;
    next(reading);
}

/* Whether the token is a word outside all parentheses. */
static bool is_outer(const struct statement_reading *reading, const char *word) {
    return reading->depth == 0 && sql_token_is(reading->token, word);
}

static enum statement_verb verb_of(const struct statement_reading *reading) {
    return is_outer(reading, "insert")   ? VERB_INSERT
           : is_outer(reading, "delete") ? VERB_DELETE
           : is_outer(reading, "update") ? VERB_UPDATE
                                         : VERB_NONE;
}

static void read_parts(const char *statement, struct statement_parts *parts) {
    struct statement_reading reading = {.reader = sql_reader_make(statement, 1)};
    *parts = (struct statement_parts){.verb = VERB_NONE};
    next(&reading);
    while (!at_end(&reading)) {
        parts->condition_end = reading.token.text + reading.token.size;
        if (sql_token_is(reading.token, ".") && (sql_token_is(reading.before, "main") ||
                                                 sql_token_is(reading.before, "temp")))
            parts->names_schema = true;
        if (parts->verb == VERB_NONE)
            parts->verb = verb_of(&reading);
        if (parts->verb != VERB_NONE && !parts->name) {
            read_target(&reading, parts);
            continue;
        }
        if (parts->verb == VERB_UPDATE && is_outer(&reading, "where"))
            parts->condition = reading.token.text + reading.token.size;
        if (parts->condition && is_outer(&reading, "returning")) {
            parts->condition_end = reading.token.text;
            return;
        }
        next(&reading);
    }
}

/* Before the statement's own condition: the row is one that the person sees. */
static void put_condition(const struct table *table, const struct statement_parts *parts,
                          struct buffer *sql) {
    const char *row = parts->alias ? parts->alias : parts->name;
    size_t size = parts->alias ? parts->alias_size : parts->name_size;
    buffer_printf(sql, " exists (select 1 from \"%s\" as seen_row where", table->name);
    for (size_t i = 0; i < table->key_count; i++)
        buffer_printf(sql, "%s seen_row.\"%s\" = %.*s.\"%s\"", i ? " and" : "",
                      table->key[i]->name, (int)size, row, table->key[i]->name);
    buffer_printf(sql, ") and (");
}

static void put_range(struct buffer *sql, const char *from, const char *to) {
    buffer_append(sql, from, (size_t)(to - from));
}

int visible_put_statement(const struct catalogue *catalogue, const char *statement,
                          struct buffer *sql, const struct table **ret_target,
                          struct error *error) {
    struct statement_parts parts;
    char name[LIMIT_NAME + 1] = "";
    read_parts(statement, &parts);
    if (parts.names_schema)
        return error_set(error, "catalogue.invalid", "",
                         "a command does not say in which schema a table is");
    if (parts.verb != VERB_NONE && parts.name_size < sizeof name)
        memcpy(name, parts.name, parts.name_size);
    const struct table *target = catalogue_table(catalogue, name);
    *ret_target = target && visible_covers(target) ? target : NULL;
    if (!*ret_target) {
        buffer_printf(sql, "%s", statement);
        return 0;
    }
    put_range(sql, statement, parts.name);
    buffer_printf(sql, "main.");
    if (!parts.condition) {
        buffer_printf(sql, "%s", parts.name);
        return 0;
    }
    put_range(sql, parts.name, parts.condition);
    put_condition(target, &parts, sql);
    put_range(sql, parts.condition, parts.condition_end);
    /* A comment may end the condition's last line. */
    buffer_printf(sql, "\n)%s", parts.condition_end);
    return 0;
}
