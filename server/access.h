/*
 * Rights of people as the master has them now: roles and scopes, from the domain's views
 * engine_role, engine_scope and engine_user. Cached until a transaction touches a table those views read.
 */
#ifndef SATCHEL_SERVER_ACCESS_H
#define SATCHEL_SERVER_ACCESS_H

#include "server/master.h"

struct access {
    struct id user;
    role_set ceiling; /* of the device he acts on */
    bool known;       /* there is such a person */
    bool active;
    role_set roles;  /* under the ceiling */
    bool all;        /* sees every row (scope hq) */
    int64_t *scopes; /* scope numbers, sorted; org included */
    size_t scope_count;
};

struct access_cache;
int access_make(struct master *master, struct access_cache **ret, struct error *error);
void access_free(struct access_cache *cache);
void access_forget(struct access_cache *cache);
/* Valid until the next access_forget. NULL with the error filled on failure. */
const struct access *access_of(struct master *master, struct id user, role_set ceiling,
                               struct error *error);
/* Does this table take part in the rights of people? Then its change must forget the cache. */
bool access_reads(const struct access_cache *cache, const struct table *table);

/* May somebody see a row with these places in the feed? Also when it left his scopes after `base`. */
bool access_sees(const struct access *access, const struct placement *placements,
                 size_t count, int64_t base);

/* Adds the scopes of one person: org, his own user scope and what engine_scope gives to his
 * roles under the ceiling. */
int access_scopes(sqlite3 *db, const struct catalogue *catalogue, struct id user,
                  role_set ceiling, struct scope_set *set, struct error *error);
/* The same with ACCESS_SCOPES prepared: the view behind it takes longer to prepare than to read. Resets. */
extern const char ACCESS_SCOPES[];
int access_scopes_with(sqlite3_stmt *statement, const struct catalogue *catalogue,
                       struct id user, role_set ceiling, struct scope_set *set,
                       struct error *error);

/* The role set named in a certificate's ceiling: "rep manager". */
role_set access_ceiling(const struct catalogue *catalogue, const char *names);

#endif
