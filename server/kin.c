/* Families of devices. */
#include "server/kin.h"

#include <string.h>

#include "server/work.h"

/* --- reading ------------------------------------------------------------------------------------- */

static int read_line(sqlite3 *db, sqlite3_stmt *statement, struct family *ret,
                     struct ancestor *ancestors, struct error *error) {
    int rc;
    size_t count = 0;
    while ((rc = sqlite3_step(statement)) == SQLITE_ROW && count < FAMILY_GENERATIONS) {
        struct bytes device = value_of_column(statement, 1).bytes;
        struct ancestor *ancestor = &ancestors[count++];
        ancestor->station = sqlite3_column_int64(statement, 0);
        ancestor->fork_gsn = sqlite3_column_int64(statement, 2);
        ret->root = sqlite3_column_int64(statement, 3);
        if (device.size == ID_SIZE) {
            memcpy(ancestor->device.bytes, device.data, ID_SIZE);
        }
    }
    ret->ancestors = ancestors;
    ret->ancestor_count = count;
    return rc == SQLITE_ROW || rc == SQLITE_DONE
               ? 0
               : error_from_sqlite(error, db, "reading a family");
}

int kin_read(sqlite3 *db, int64_t station, bool has_parent, struct arena *arena,
             struct family *ret, struct error *error) {
    static const char SQL[] =
        "with recursive line (parent, root, fork_gsn, depth) as ("
        " select parent, root, fork_gsn, 1 from station_kin where station = ?1"
        " union all select k.parent, k.root, min(k.fork_gsn, l.fork_gsn), l.depth + 1"
        " from line l join station_kin k on k.station = l.parent where l.depth < ?2)"
        " select l.parent, s.id, l.fork_gsn, l.root from line l"
        " join station s on s.number = l.parent order by l.depth";
    sqlite3_stmt *statement = NULL;
    *ret = (struct family){.root = station};
    if (!has_parent) {
        return 0;
    }
    struct ancestor *ancestors =
        arena_alloc_array(arena, FAMILY_GENERATIONS, sizeof *ancestors);
    if (ancestors == NULL) {
        return error_out_of_memory(error);
    }
    if (database_statement(db, SQL, &statement, error) != 0) {
        return -1;
    }
    sqlite3_bind_int64(statement, 1, station);
    sqlite3_bind_int(statement, 2, FAMILY_GENERATIONS);
    int result = read_line(db, statement, ret, ancestors, error);
    sqlite3_finalize(statement);
    return result;
}

const struct ancestor *kin_ancestor(const struct family *family, struct id device) {
    for (size_t i = 0; i < family->ancestor_count; i++) {
        if (id_equal(family->ancestors[i].device, device)) {
            return &family->ancestors[i];
        }
    }
    return NULL;
}

/* --- writing ------------------------------------------------------------------------------------- */

int kin_put(struct master *master, const struct kinship *kinship, struct error *error) {
    sqlite3_stmt *statement = master_statement(master, SQL_KIN_PUT, error);
    if (statement == NULL) {
        return -1;
    }
    sqlite3_bind_int64(statement, 1, kinship->station);
    sqlite3_bind_int64(statement, 2, kinship->parent);
    sqlite3_bind_int64(statement, 3, kinship->root);
    sqlite3_bind_int64(statement, 4, kinship->fork_gsn);
    sqlite3_bind_int64(statement, 5, kinship->number);
    value_bind(statement, 6, value_blob(kinship->hash));
    return master_run(master, statement, "keeping a child", error);
}

/* The first column of a statement that is bound; 0 when there is no row. */
static int first_integer(struct master *master, sqlite3_stmt *statement, int64_t *ret,
                         struct error *error) {
    int rc = sqlite3_step(statement);
    *ret = rc == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
    sqlite3_reset(statement);
    return rc == SQLITE_ROW || rc == SQLITE_DONE
               ? 0
               : error_from_sqlite(error, master->db, "looking for a family");
}

int kin_child(struct master *master, int64_t parent, int64_t number, struct bytes hash,
              int64_t *ret, struct error *error) {
    sqlite3_stmt *statement = master_statement(master, SQL_KIN_CHILD, error);
    if (statement == NULL) {
        return -1;
    }
    sqlite3_bind_int64(statement, 1, parent);
    sqlite3_bind_int64(statement, 2, number);
    value_bind(statement, 3, value_blob(hash));
    return first_integer(master, statement, ret, error);
}

int kin_share(struct work *work, int64_t gsn, struct error *error) {
    struct master *master = work->master;
    int64_t of_family = 0;
    sqlite3_stmt *statement = master_statement(master, SQL_SHARED_FAMILY, error);
    if (statement == NULL) {
        return -1;
    }
    sqlite3_bind_int64(statement, 1, gsn);
    sqlite3_bind_int64(statement, 2, work->station);
    sqlite3_bind_int64(statement, 3, work->family.root);
    if (first_integer(master, statement, &of_family, error) != 0) {
        return -1;
    }
    if (of_family == 0) {
        return 0;
    }
    statement = master_statement(master, SQL_SHARED_PUT, error);
    if (statement == NULL) {
        return -1;
    }
    sqlite3_bind_int64(statement, 1, work->station);
    sqlite3_bind_int64(statement, 2, gsn);
    return master_run(master, statement, "keeping what is shared", error);
}

int kin_share_again(struct master *master, int64_t station, int64_t number, int64_t gsn,
                    struct error *error) {
    sqlite3_stmt *statement = master_statement(master, SQL_SHARED_DOWN, error);
    if (statement == NULL) {
        return -1;
    }
    sqlite3_bind_int64(statement, 1, station);
    sqlite3_bind_int64(statement, 2, number);
    sqlite3_bind_int64(statement, 3, gsn);
    return master_run(master, statement, "keeping what is shared", error);
}

int kin_own(struct work *work, struct stamp *stamp, struct error *error) {
    int64_t shared = 0;
    if (id_equal(stamp->device, work->device)) {
        return 0;
    }
    const struct ancestor *ancestor = kin_ancestor(&work->family, stamp->device);
    bool own = ancestor != NULL && stamp->gsn <= ancestor->fork_gsn;
    if (!own) {
        sqlite3_stmt *statement = master_statement(work->master, SQL_SHARED_GET, error);
        if (statement == NULL) {
            return -1;
        }
        sqlite3_bind_int64(statement, 1, work->station);
        sqlite3_bind_int64(statement, 2, stamp->gsn);
        if (first_integer(work->master, statement, &shared, error) != 0) {
            return -1;
        }
    }
    if (own || shared != 0) {
        stamp->device = work->device;
    }
    return 0;
}
