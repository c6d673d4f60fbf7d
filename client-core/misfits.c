/*
 * Rows of headquarters that this replica cannot take.
 */
#include "client-core/misfits.h"

#include "client-core/images.h"

int misfit_keep(struct replica *replica, const struct table *table, struct bytes key,
                const struct stored_row *row, const char *why, struct error *error) {
    static const char sql[] =
        "insert into station_misfit (table_number, row_key, gsn, image, message)"
        " values (?1, ?2, ?3, ?4, ?5) on conflict (table_number, row_key) do update"
        " set gsn = excluded.gsn, image = excluded.image, message = excluded.message";
    sqlite3_stmt *statement = replica_statement(replica, sql, error);
    struct buffer image = buffer_make(LIMIT_ROW_SIZE * 2);
    if (!statement)
        return -1;
    image_encode(row, &image);
    sqlite3_bind_int(statement, 1, table->number);
    bind_bytes(statement, 2, key);
    sqlite3_bind_int64(statement, 3, row->stamps.gsn);
    bind_bytes(statement, 4, buffer_bytes(&image));
    bind_text(statement, 5, why);
    int failed = image.failed ? error_out_of_memory(error)
                              : replica_finish(replica, statement, error);
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    buffer_free(&image);
    return failed;
}

int misfit_drop(struct replica *replica, const struct table *table, struct bytes key,
                struct error *error) {
    static const char sql[] =
        "delete from station_misfit where table_number = ?1 and row_key = ?2";
    sqlite3_stmt *statement = replica_statement(replica, sql, error);
    if (!statement)
        return -1;
    sqlite3_bind_int(statement, 1, table->number);
    bind_bytes(statement, 2, key);
    int failed = replica_finish(replica, statement, error);
    sqlite3_clear_bindings(statement);
    return failed;
}

struct misfit {
    int64_t table;
    struct bytes key;
    struct stored_row row;
    const struct table *of;
};

/* The first one after `from`, in the arena. */
static int read_next(struct replica *replica, const struct misfit *from,
                     struct arena *arena, struct misfit *ret, bool *ret_found,
                     struct error *error) {
    static const char sql[] =
        "select table_number, row_key, image from station_misfit"
        " where (table_number, row_key) > (?1, ?2) order by 1, 2 limit 1";
    sqlite3_stmt *statement = replica_statement(replica, sql, error);
    if (!statement)
        return -1;
    sqlite3_bind_int64(statement, 1, from->table);
    bind_bytes(statement, 2, from->key);
    if (replica_step(replica, statement, ret_found, error) != 0)
        return -1;
    if (!*ret_found) {
        sqlite3_reset(statement);
        return 0;
    }
    ret->table = sqlite3_column_int64(statement, 0);
    ret->key = arena_copy(arena, column_bytes(statement, 1));
    struct bytes image = arena_copy(arena, column_bytes(statement, 2));
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    if (!ret->key.data || !image.data)
        return error_out_of_memory(error);
    ret->of = catalogue_table_number(replica->catalogue, (uint64_t)ret->table);
    return ret->of ? image_decode(ret->of, image, arena, &ret->row, error) : 0;
}

static int try_one(struct replica *replica, const struct misfit *misfit, bool *ret_fits,
                   struct error *error) {
    struct error why = {0};
    int64_t gsn = 0;
    struct table_access *access = table_access(replica, misfit->of, error);
    if (!access || row_gsn(replica, access, misfit->key, &gsn, error) != 0)
        return -1;
    int rc = (gsn < 0 ? row_insert : row_put)(replica, access, misfit->key, &misfit->row,
                                              &why);
    *ret_fits = rc == SQLITE_OK;
    if (rc == SQLITE_OK)
        return misfit_drop(replica, misfit->of, misfit->key, error);
    if ((rc & 0xff) == SQLITE_CONSTRAINT)
        return 0;
    if (error)
        *error = why;
    return -1;
}

int misfits_try(struct replica *replica, int64_t *ret_count, struct error *error) {
    struct arena arenas[2] = {arena_make(LIMIT_ROW_SIZE * 8),
                              arena_make(LIMIT_ROW_SIZE * 8)};
    struct misfit misfits[2] = {{.key = {(const uint8_t *)"", 0}}};
    bool found = true;
    int failed = 0;
    *ret_count = 0;
    for (int turn = 0; !failed && found; turn = !turn) {
        bool fits = false;
        struct misfit *next = &misfits[!turn];
        arena_reset(&arenas[!turn]); /* the one before stays, for its key */
        failed =
            read_next(replica, &misfits[turn], &arenas[!turn], next, &found, error) != 0;
        if (!failed && found && next->of)
            failed = try_one(replica, next, &fits, error);
        *ret_count += fits;
    }
    arena_free(&arenas[0]);
    arena_free(&arenas[1]);
    return failed ? -1 : 0;
}
