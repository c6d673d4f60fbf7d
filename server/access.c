/* Rights of people, read from the domain's views and kept while they hold. */
#include "server/access.h"

#include <stdlib.h>
#include <string.h>

#include "server/placing.h"

enum { CACHE_PEOPLE = 256 };

struct access_cache {
    struct access people[CACHE_PEOPLE]; /* by hash of the id, one each; a clash evicts */
    bool reads[LIMIT_TABLES];
};

struct reads_of_views {
    struct access_cache *cache;
    const struct catalogue *catalogue;
};

static int note_table(void *context, int action, const char *name, const char *column,
                      const char *database, const char *view) {
    (void)column;
    (void)database;
    (void)view;
    struct reads_of_views *reads = context;
    const struct table *table =
        action == SQLITE_READ && name ? catalogue_table(reads->catalogue, name) : NULL;
    if (table != NULL) {
        reads->cache->reads[table->number] = true;
    }
    return SQLITE_OK;
}

/* Learns from the authorizer which tables the three views stand on. */
static int learn_tables(struct master *master, struct access_cache *cache,
                        struct error *error) {
    static const char *const VIEWS[] = {
        "select user_id, role from engine_role",
        "select user_id, kind, target_id, role from engine_scope",
        "select user_id, active from engine_user"};
    struct reads_of_views reads = {cache, master->catalogue};
    int result = 0;
    sqlite3_set_authorizer(master->db, note_table, &reads);
    for (size_t i = 0; i < 3 && result == 0; i++) {
        sqlite3_stmt *statement = NULL;
        result = database_statement(master->db, VIEWS[i], &statement, error);
        sqlite3_finalize(statement);
    }
    sqlite3_set_authorizer(master->db, NULL, NULL);
    return result;
}

int access_make(struct master *master, struct access_cache **ret, struct error *error) {
    struct access_cache *cache = calloc(1, sizeof *cache);
    if (cache == NULL) {
        return error_out_of_memory(error);
    }
    if (learn_tables(master, cache, error) != 0) {
        free(cache);
        return -1;
    }
    *ret = cache;
    return 0;
}

void access_forget(struct access_cache *cache) {
    if (cache == NULL) {
        return;
    }
    for (size_t i = 0; i < CACHE_PEOPLE; i++) {
        free(cache->people[i].scopes);
        cache->people[i] = (struct access){0};
    }
}

void access_free(struct access_cache *cache) {
    access_forget(cache);
    free(cache);
}

bool access_reads(const struct access_cache *cache, const struct table *table) {
    return cache->reads[table->number];
}

static int compare_numbers(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static int add_scope(struct master *master, struct access *access, struct scope scope,
                     struct error *error) {
    int64_t number = 0;
    if (scope_number(master, scope, &number, error) != 0) {
        return -1;
    }
    int64_t *scopes = realloc(access->scopes, (access->scope_count + 1) * sizeof *scopes);
    if (scopes == NULL) {
        return error_out_of_memory(error);
    }
    access->scopes = scopes;
    access->scopes[access->scope_count++] = number;
    access->all = access->all || scope.kind == SCOPE_HQ;
    return 0;
}

static int read_scopes(struct master *master, struct access *access,
                       struct error *error) {
    struct scope_set set = {0};
    int result = access_scopes(master->db, master->catalogue, access->user,
                               access->ceiling, &set, error);
    for (size_t i = 0; i < set.count && result == 0; i++) {
        result = add_scope(master, access, set.scopes[i], error);
    }
    scope_set_free(&set);
    if (access->scope_count > 0) {
        qsort(access->scopes, access->scope_count, sizeof *access->scopes,
              compare_numbers);
    }
    return result;
}

static int read_roles(struct master *master, struct access *access, struct error *error) {
    sqlite3_stmt *statement = master_statement(master, SQL_ROLES, error);
    if (statement == NULL) {
        return -1;
    }
    sqlite3_bind_blob(statement, 1, access->user.bytes, ID_SIZE, SQLITE_STATIC);
    int rc;
    while ((rc = sqlite3_step(statement)) == SQLITE_ROW) {
        const char *role = (const char *)sqlite3_column_text(statement, 0);
        access->roles |= role ? catalogue_role(master->catalogue, role) : 0;
    }
    access->roles &= access->ceiling;
    sqlite3_reset(statement);
    return rc == SQLITE_DONE ? 0 : error_from_sqlite(error, master->db, "reading roles");
}

static int read_user(struct master *master, struct access *access, struct error *error) {
    sqlite3_stmt *statement = master_statement(master, SQL_USER, error);
    if (statement == NULL) {
        return -1;
    }
    sqlite3_bind_blob(statement, 1, access->user.bytes, ID_SIZE, SQLITE_STATIC);
    int rc = sqlite3_step(statement);
    access->known = rc == SQLITE_ROW;
    access->active = access->known && sqlite3_column_int(statement, 0) != 0;
    sqlite3_reset(statement);
    return rc == SQLITE_ROW || rc == SQLITE_DONE
               ? 0
               : error_from_sqlite(error, master->db, "reading a person");
}

const struct access *access_of(struct master *master, struct id user, role_set ceiling,
                               struct error *error) {
    size_t place = ((size_t)user.bytes[15] ^ (size_t)user.bytes[6]) % CACHE_PEOPLE;
    struct access *access = &master->access->people[place];
    if (access->known && id_equal(access->user, user) && access->ceiling == ceiling) {
        return access;
    }
    free(access->scopes);
    *access = (struct access){.user = user, .ceiling = ceiling};
    if (read_user(master, access, error) != 0 || read_roles(master, access, error) != 0 ||
        read_scopes(master, access, error) != 0) {
        free(access->scopes);
        *access = (struct access){0};
        return NULL;
    }
    return access;
}

static bool holds(const struct access *access, int64_t number) {
    return bsearch(&number, access->scopes, access->scope_count, sizeof number,
                   compare_numbers) != NULL;
}

bool access_sees(const struct access *access, const struct placement *placements,
                 size_t count, int64_t base) {
    if (access->all) {
        return true;
    }
    for (size_t i = 0; i < count; i++) {
        bool there = !placements[i].gone || placements[i].gsn > base;
        if (there && holds(access, placements[i].scope_number)) {
            return true;
        }
    }
    return false;
}

role_set access_ceiling(const struct catalogue *catalogue, const char *names) {
    char name[LIMIT_NAME + 1];
    role_set roles = 0;
    while (*names != '\0') {
        size_t size = strcspn(names, " ");
        if (size > 0 && size <= LIMIT_NAME) {
            memcpy(name, names, size);
            name[size] = '\0';
            roles |= catalogue_role(catalogue, name);
        }
        names += size;
        names += strspn(names, " ");
    }
    return roles;
}

/* A scope that comes with a role is only seen under a ceiling that has the role. */
static bool under_ceiling(const struct catalogue *catalogue, struct value role,
                          role_set ceiling) {
    char name[LIMIT_NAME + 1] = "";
    if (role.type != VALUE_TEXT || role.bytes.size > LIMIT_NAME) {
        return role.type == VALUE_NULL;
    }
    memcpy(name, role.bytes.data, role.bytes.size);
    return (catalogue_role(catalogue, name) & ceiling) != 0;
}

static int add_from_view(struct scope_set *set, sqlite3_stmt *statement) {
    struct value kind = value_of_column(statement, 0);
    struct value target = value_of_column(statement, 1);
    struct scope scope = {0};
    int number = kind.type == VALUE_TEXT ? scope_kind_of_text(kind.bytes) : 0;
    if (number == 0) {
        return 0;
    }
    scope.kind = (enum scope_kind)number;
    bool named = scope.kind != SCOPE_ORG && scope.kind != SCOPE_HQ;
    if (named && (target.type != VALUE_BLOB || target.bytes.size != ID_SIZE)) {
        return 0;
    }
    if (named) {
        memcpy(scope.id.bytes, target.bytes.data, ID_SIZE);
    }
    return scope_set_add(set, scope);
}

const char ACCESS_SCOPES[] =
    "select kind, target_id, role from engine_scope where user_id = ?";

int access_scopes_with(sqlite3_stmt *statement, const struct catalogue *catalogue,
                       struct id user, role_set ceiling, struct scope_set *set,
                       struct error *error) {
    sqlite3_bind_blob(statement, 1, user.bytes, ID_SIZE, SQLITE_STATIC);
    int full = scope_set_add(set, (struct scope){.kind = SCOPE_ORG});
    full |= scope_set_add(set, (struct scope){.kind = SCOPE_USER, .id = user});
    int rc = SQLITE_DONE;
    while (full == 0 && (rc = sqlite3_step(statement)) == SQLITE_ROW) {
        if (under_ceiling(catalogue, value_of_column(statement, 2), ceiling)) {
            full = add_from_view(set, statement);
        }
    }
    sqlite3 *db = sqlite3_db_handle(statement);
    int result =
        full != 0 && set->count < LIMIT_SUBSCRIPTIONS ? error_out_of_memory(error)
        : full != 0         ? error_set(error, "scope.limit", "",
                                        "a person sees at most %d scopes", LIMIT_SUBSCRIPTIONS)
        : rc == SQLITE_DONE ? 0
                            : error_from_sqlite(error, db, "reading a person's scopes");
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    return result;
}

int access_scopes(sqlite3 *db, const struct catalogue *catalogue, struct id user,
                  role_set ceiling, struct scope_set *set, struct error *error) {
    sqlite3_stmt *statement = NULL;
    if (database_statement(db, ACCESS_SCOPES, &statement, error) != 0) {
        return -1;
    }
    int result = access_scopes_with(statement, catalogue, user, ceiling, set, error);
    sqlite3_finalize(statement);
    return result;
}
