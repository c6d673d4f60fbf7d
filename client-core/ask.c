/*
 * Queries: read-only, one snapshot each, rows straight into JSON.
 */
#include "client-core/ask.h"

#include <stdio.h>
#include <stdlib.h>

#include "client-core/roles.h"
#include "client-core/state.h"
#include "client-core/visible.h"
#include "schema/database.h"

struct asker {
    struct replica *reader;
    sqlite3_stmt **queries; /* by their place in the catalogue; NULL: not prepared yet */
    struct arena arguments;
    role_set ceiling;
    struct asker *whole; /* for those who see everything; NULL where nothing is covered */
};

int asker_open(struct replica *reader, const struct asker_options *options,
               struct asker **ret, struct error *error) {
    struct asker *asker = calloc(1, sizeof *asker);
    if (asker)
        asker->queries =
            calloc(reader->catalogue->query_count + 1, sizeof *asker->queries);
    if (!asker || !asker->queries) {
        free(asker);
        replica_close(reader);
        return error_out_of_memory(error);
    }
    asker->reader = reader;
    asker->ceiling = options->ceiling;
    asker->whole = options->whole;
    asker->arguments = arena_make(4 * LIMIT_JSON);
    reader->functions.device = options->device;
    snprintf(reader->functions.device_code, sizeof reader->functions.device_code, "%s",
             options->device_code);
    *ret = asker;
    return 0;
}

void asker_close(struct asker *asker) {
    if (!asker)
        return;
    for (size_t i = 0; i < asker->reader->catalogue->query_count; i++)
        sqlite3_finalize(asker->queries[i]);
    arena_free(&asker->arguments);
    replica_close(asker->reader);
    free(asker->queries);
    free(asker);
}

struct replica *asker_reader(const struct asker *asker) {
    return asker->reader;
}

static sqlite3_stmt *prepared(struct asker *asker, const struct operation *query,
                              struct error *error) {
    sqlite3_stmt **statement = &asker->queries[query - asker->reader->catalogue->queries];
    if (!*statement && database_statement(asker->reader->db, query->statements[0],
                                          statement, error) != 0)
        return NULL;
    return *statement;
}

static int ask_failure(struct asker *asker, const struct operation *query,
                       struct error *error) {
    struct error *refusal = &asker->reader->functions.refusal;
    if (!refusal->code[0])
        return error_from_sqlite(error, asker->reader->db, query->name);
    if (error)
        *error = *refusal;
    error_clear(refusal);
    return -1;
}

static int put_rows(struct asker *asker, const struct operation *query,
                    sqlite3_stmt *statement, struct buffer *json, struct error *error) {
    size_t rows = 0;
    int rc;
    buffer_append_byte(json, '[');
    while ((rc = sqlite3_step(statement)) == SQLITE_ROW && !json->failed) {
        if (rows++ == LIMIT_QUERY_ROWS)
            return error_set(error, "query.rows", "", "%s gives more than %d rows",
                             query->name, LIMIT_QUERY_ROWS);
        json_put_comma(json);
        json_put_row(json, statement);
    }
    buffer_append_byte(json, ']');
    if (json->failed)
        return error_set(error, "result.size", "",
                         "the result is too large; ask for less");
    return rc == SQLITE_DONE ? 0 : ask_failure(asker, query, error);
}

static int begin_asking(struct asker *asker, const struct id *user, struct error *error) {
    struct function_context *functions = &asker->reader->functions;
    struct moment moment;
    if (moment_read(asker->reader, &moment, error) != 0 ||
        roles_of(asker->reader, user, asker->ceiling, &functions->roles, error) != 0)
        return -1;
    functions->actor = *user;
    functions->now_ms = clock_ms(moment.time);
    functions->utc_offset_minutes = replica_utc_offset(asker->reader, functions->now_ms);
    error_clear(&functions->refusal);
    return 0;
}

/* What the catalogue's SQL does, past nobody's covers. */
static int ask_guarded(struct asker *asker, const struct operation *query,
                       const struct argument_list *list, struct buffer *json,
                       struct error *error) {
    struct replica *reader = asker->reader;
    struct value values[LIMIT_PARAMETERS];
    if (parameters_read(reader->db, &reader->functions, query, list->items, list->count,
                        &asker->arguments, values, error) != 0)
        return -1;
    sqlite3_stmt *statement = prepared(asker, query, error);
    if (!statement || parameters_bind(statement, query, values, error) != 0)
        return -1;
    int failed = put_rows(asker, query, statement, json, error);
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    return failed;
}

static int ask_inside(struct asker *asker, const struct id *user,
                      const struct operation *query, const struct argument_list *list,
                      struct buffer *json, struct error *error) {
    struct replica *reader = asker->reader;
    arena_reset(&asker->arguments);
    if (begin_asking(asker, user, error) != 0 ||
        roles_check(reader->catalogue, query, reader->functions.roles, error) != 0)
        return -1;
    visible_guard(reader->visible, true);
    int failed = ask_guarded(asker, query, list, json, error);
    visible_guard(reader->visible, false);
    return failed;
}

static int begin(struct replica *reader, struct error *error) {
    static const char sql[] = "begin";
    if (reader->unfinished)
        replica_rollback(reader); /* once more: it may have lacked memory */
    sqlite3_stmt *statement = replica_statement(reader, sql, error);
    return statement ? replica_finish(reader, statement, error) : -1;
}

/* What is filled for the person stays for his next question. */
static void end(struct replica *reader) {
    if (reader->visible)
        (void)replica_commit(reader, NULL);
    replica_rollback(reader); /* else nothing was written */
}

int asker_ask(struct asker *asker, const struct id *user, const struct operation *query,
              const struct argument_list *list, struct buffer *ret_json,
              struct error *error) {
    struct replica *reader = asker->reader;
    bool all = false;
    if (begin(reader, error) != 0)
        return -1;
    int failed = reader->visible ? visible_for(reader->visible, user, &all, error) : 0;
    if (!failed && !all)
        failed = ask_inside(asker, user, query, list, ret_json, error);
    end(reader);
    return all && !failed ? asker_ask(asker->whole, user, query, list, ret_json, error)
                          : failed;
}

int asker_view(struct asker *asker, const struct id *user, struct visible **ret,
               struct error *error) {
    struct replica *reader = asker->reader;
    bool all = !reader->visible;
    if (begin(reader, error) != 0)
        return -1;
    int failed = all ? 0 : visible_for(reader->visible, user, &all, error);
    end(reader);
    if (!failed)
        *ret = all ? NULL : reader->visible;
    return failed;
}
