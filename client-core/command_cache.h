/*
 * Commands with their statements prepared, once per executor, and what those statements do:
 * which tables they write, whether they call require. SQLite's authorizer tells while it prepares, and
 * refuses what no command may do.
 */
#ifndef SATCHEL_CLIENT_COMMAND_CACHE_H
#define SATCHEL_CLIENT_COMMAND_CACHE_H

#include "client-core/recorder.h"

struct prepared_command {
    sqlite3_stmt **statements; /* as many as the operation's */
    struct table_set writes;
    bool has_result; /* the rows of the last statement are the command's result */
    const struct operation *operation;
};

struct command_cache;

/* Installs the authorizer on the replica's connection. */
int command_cache_open(struct replica *replica, struct command_cache **ret,
                       struct error *error);
void command_cache_close(
    struct command_cache *cache); /* NULL is fine; before the replica */

/* catalogue.invalid when the command's SQL does what no command may do. Owned by the cache. */
const struct prepared_command *command_cache_get(struct command_cache *cache,
                                                 const struct operation *operation,
                                                 struct error *error);

#endif
