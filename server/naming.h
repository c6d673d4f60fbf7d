/*
 * Which rows name a file: the rights to a file are the rights to such a row.
 */
#ifndef SATCHEL_SERVER_NAMING_H
#define SATCHEL_SERVER_NAMING_H

#include "schema/base/hash.h"
#include "server/reader.h"
#include "sync/scope.h"

/* A row that is there (not deleted) and names the file. */
struct naming {
    struct id author; /* who put the name there; zero: not known any more */
    const struct placement *placements;
    size_t placement_count;
};

/* Calls `visit` for each; non-zero stops and is returned. The database is any with the master's tables. */
typedef int (*naming_visit)(void *context, const struct naming *naming,
                            struct error *error);
int naming_each(sqlite3 *db, const struct catalogue *catalogue,
                const uint8_t hash[HASH_SIZE], naming_visit visit, void *context,
                struct error *error);

/* "exists (…) or exists (…)": whether a row names the file in the SQL expression `hash`. "0" when no table can. */
void naming_put_exists(const struct catalogue *catalogue, const char *hash,
                       struct buffer *sql);

#endif
