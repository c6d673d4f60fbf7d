/*
 * Commands with their statements prepared.
 */
#include "client-core/command_cache.h"

#include <stdlib.h>
#include <string.h>

#include "client-core/visible.h"
#include "schema/database.h"

enum { COMMAND_SQL = 1024 * 1024 };

struct command_cache {
    struct replica *replica;
    struct prepared_command *commands; /* by their place in the catalogue */
    /* While a command is prepared: */
    bool watching;
    struct table_set *writes;
    bool calls_require;
    const struct table *target; /* a covered table that the statement writes */
    const char *refused;        /* why, or NULL */
};

static bool is_stamp(const char *column) {
    static const char *const stamps[] = {"created_at", "created_by", "updated_at",
                                         "updated_by", "gsn"};
    for (size_t i = 0; i < sizeof stamps / sizeof *stamps; i++)
        if (strcmp(column, stamps[i]) == 0)
            return true;
    return false;
}

static int refuse(struct command_cache *cache, const char *why) {
    cache->refused = why;
    return SQLITE_DENY;
}

static int see_write(struct command_cache *cache, const char *name, const char *column) {
    const struct table *table = catalogue_table(cache->replica->catalogue, name);
    if (!table)
        return refuse(cache, "it writes a table that is not synced");
    if (column && is_stamp(column))
        return refuse(cache, "it sets a stamp");
    table_set_add(cache->writes, table->number);
    return SQLITE_OK;
}

static int see_function(struct command_cache *cache, const char *name) {
    if (strcmp(name, "require") == 0)
        cache->calls_require = true;
    if (strcmp(name, "apply_cell") == 0) /* may write any table */
        for (size_t i = 0; i < cache->replica->catalogue->table_count; i++)
            table_set_add(cache->writes, cache->replica->catalogue->tables[i].number);
    return SQLITE_OK;
}

/* A statement reads what it writes; anything else through the covers, where there are any. */
static int see_read(struct command_cache *cache, const char *name, const char *database,
                    const char *view) {
    const struct visible *visible = cache->replica->visible;
    if (!visible || visible_allows(visible, name, database, view) ||
        (cache->target && strcmp(cache->target->name, name) == 0))
        return SQLITE_OK;
    return refuse(cache, "it reads more than the signed-in person sees");
}

/* `view`: the view or trigger in which it happens. There are no triggers but those of visible.h. */
static int authorize(void *context, int action, const char *first, const char *second,
                     const char *database, const char *view) {
    struct command_cache *cache = context;
    if (!cache->watching)
        return SQLITE_OK;
    switch (action) {
    case SQLITE_SELECT:
    case SQLITE_RECURSIVE:
        return SQLITE_OK;
    case SQLITE_READ:
        return see_read(cache, first, database, view);
    case SQLITE_FUNCTION:
        return view ? SQLITE_OK : see_function(cache, second);
    case SQLITE_INSERT:
        if (view && strcmp(database, "temp") == 0)
            return SQLITE_OK;
        return see_write(cache, first, NULL);
    case SQLITE_UPDATE:
        return see_write(cache, first, second);
    case SQLITE_DELETE:
        return refuse(cache, "it deletes rows; commands set deleted_at");
    default:
        return refuse(cache, "it is no SELECT, INSERT or UPDATE");
    }
}

int command_cache_open(struct replica *replica, struct command_cache **ret,
                       struct error *error) {
    struct command_cache *cache = calloc(1, sizeof *cache);
    if (!cache)
        return error_out_of_memory(error);
    cache->replica = replica;
    cache->commands =
        calloc(replica->catalogue->command_count + 1, sizeof *cache->commands);
    if (!cache->commands) {
        free(cache);
        return error_out_of_memory(error);
    }
    /* The first use of json_each declares it, which looks like a write to sqlite_schema. */
    sqlite3_exec(replica->db, "select count(*) from json_each('[]'), json_tree('[]')",
                 NULL, NULL, NULL);
    sqlite3_set_authorizer(replica->db, authorize, cache);
    *ret = cache;
    return 0;
}

static void command_close(struct prepared_command *command) {
    for (size_t i = 0; command->statements && i < command->operation->statement_count;
         i++)
        sqlite3_finalize(command->statements[i]);
    free(command->statements);
    *command = (struct prepared_command){0};
}

void command_cache_close(struct command_cache *cache) {
    if (!cache)
        return;
    sqlite3_set_authorizer(cache->replica->db, NULL, NULL);
    for (size_t i = 0; i < cache->replica->catalogue->command_count; i++)
        command_close(&cache->commands[i]);
    free(cache->commands);
    free(cache);
}

/* The statement as it is; where the tables are covered, so that it writes under the covers. */
static int prepare_text(struct command_cache *cache, const char *text, sqlite3_stmt **ret,
                        struct error *error) {
    struct replica *replica = cache->replica;
    struct buffer sql = buffer_make(COMMAND_SQL);
    cache->target = NULL;
    int failed = 0;
    if (replica->visible)
        failed =
            visible_put_statement(replica->catalogue, text, &sql, &cache->target, error);
    if (sql.failed)
        failed = error_out_of_memory(error);
    cache->watching = true;
    if (!failed)
        failed = database_statement(
            replica->db, replica->visible ? buffer_text(&sql) : text, ret, error);
    cache->watching = false;
    buffer_free(&sql);
    return failed;
}

static int prepare_one(struct command_cache *cache, struct prepared_command *command,
                       size_t i, struct error *error) {
    const struct operation *operation = command->operation;
    cache->calls_require = false;
    cache->refused = NULL;
    int failed =
        prepare_text(cache, operation->statements[i], &command->statements[i], error);
    if (cache->refused)
        return error_set(error, "catalogue.invalid", operation->name,
                         "%s: statement %zu: %s", operation->path, i + 1, cache->refused);
    if (failed)
        return -1;
    command->has_result = sqlite3_column_count(command->statements[i]) > 0 &&
                          !cache->calls_require && i + 1 == operation->statement_count;
    return 0;
}

const struct prepared_command *command_cache_get(struct command_cache *cache,
                                                 const struct operation *operation,
                                                 struct error *error) {
    size_t place = (size_t)(operation - cache->replica->catalogue->commands);
    struct prepared_command *command = &cache->commands[place];
    if (command->operation)
        return command;
    command->operation = operation;
    command->statements =
        calloc(operation->statement_count + 1, sizeof(*command->statements));
    int failed = command->statements ? 0 : error_out_of_memory(error);
    cache->writes = &command->writes;
    for (size_t i = 0; !failed && i < operation->statement_count; i++)
        failed = prepare_one(cache, command, i, error);
    if (failed) {
        command_close(command);
        return NULL;
    }
    return command;
}
