/*
 * What a station knows of itself: settings, progress, time.
 */
#include "client-core/state.h"

#include <string.h>

/* --- settings ----------------------------------------------------------------------------- */

int setting_set(struct replica *replica, const char *name, struct value value,
                struct error *error) {
    static const char sql[] = "insert into station_setting (name, value) values (?1, ?2)"
                              " on conflict (name) do update set value = excluded.value";
    sqlite3_stmt *statement = replica_statement(replica, sql, error);
    if (!statement)
        return -1;
    bind_text(statement, 1, name);
    value_bind(statement, 2, value);
    return replica_finish(replica, statement, error);
}

static const char select_setting[] = "select value from station_setting where name = ?1";

int setting_integer(struct replica *replica, const char *name, int64_t *ret,
                    struct error *error) {
    sqlite3_stmt *statement = replica_statement(replica, select_setting, error);
    if (!statement)
        return -1;
    bind_text(statement, 1, name);
    return replica_integer(replica, statement, ret, error);
}

int setting_bytes(struct replica *replica, const char *name, struct buffer *ret,
                  struct error *error) {
    sqlite3_stmt *statement = replica_statement(replica, select_setting, error);
    bool row = false;
    if (!statement)
        return -1;
    bind_text(statement, 1, name);
    if (replica_step(replica, statement, &row, error) != 0)
        return -1;
    if (row) {
        struct bytes bytes = column_bytes(statement, 0);
        buffer_append(ret, bytes.data, bytes.size);
    }
    sqlite3_reset(statement);
    return ret->failed ? error_out_of_memory(error) : 0;
}

/* --- progress ----------------------------------------------------------------------------- */

static struct clock_anchor anchor_of_row(sqlite3_stmt *statement, int first) {
    return (struct clock_anchor){
        .known = sqlite3_column_type(statement, first) != SQLITE_NULL,
        .hq_ms = sqlite3_column_int64(statement, first),
        .wall_ms = sqlite3_column_int64(statement, first + 1),
        .boot_ms = sqlite3_column_int64(statement, first + 2),
        .boot = column_id(statement, first + 3),
    };
}

int progress_read(struct replica *replica, struct progress *ret, struct error *error) {
    static const char sql[] =
        "select cursor, digest, digest_rows, request_counter,"
        " anchor_hq_ms, anchor_wall_ms, anchor_boot_ms, anchor_boot from station_progress";
    sqlite3_stmt *statement = replica_statement(replica, sql, error);
    bool row = false;
    if (!statement || replica_step(replica, statement, &row, error) != 0)
        return -1;
    *ret = (struct progress){
        .cursor = sqlite3_column_int64(statement, 0),
        .digest = sqlite3_column_int64(statement, 1),
        .digest_rows = sqlite3_column_int64(statement, 2),
        .request_counter = sqlite3_column_int64(statement, 3),
        .anchor = anchor_of_row(statement, 4),
    };
    sqlite3_reset(statement);
    return 0;
}

enum { HELD_SCOPE_SIZE = 1 + ID_SIZE }; /* kind, id */

static int held_read(struct bytes held, struct scope_set *ret, struct error *error) {
    scope_set_clear(ret);
    for (size_t i = 0; i + HELD_SCOPE_SIZE <= held.size; i += HELD_SCOPE_SIZE) {
        struct scope scope = {.kind = (enum scope_kind)held.data[i]};
        memcpy(scope.id.bytes, held.data + i + 1, ID_SIZE);
        if (scope_set_add(ret, scope) != 0)
            return error_out_of_memory(error);
    }
    return 0;
}

int progress_read_held(struct replica *replica, struct scope_set *ret,
                       struct error *error) {
    static const char sql[] = "select held from station_progress";
    sqlite3_stmt *statement = replica_statement(replica, sql, error);
    bool row = false;
    if (!statement || replica_step(replica, statement, &row, error) != 0)
        return -1;
    int failed = held_read(column_bytes(statement, 0), ret, error);
    sqlite3_reset(statement);
    return failed;
}

/* A position as kept: gsn (8, big-endian), table, hash (32), key. */
enum { POSITION_KEY = 8 + 1 + HASH_SIZE };

int progress_read_position(struct replica *replica, struct arena *arena,
                           struct pull_position *ret, struct error *error) {
    static const char sql[] = "select position from station_progress";
    sqlite3_stmt *statement = replica_statement(replica, sql, error);
    bool row = false;
    if (!statement || replica_step(replica, statement, &row, error) != 0)
        return -1;
    *ret = (struct pull_position){0};
    struct bytes kept = arena_copy(arena, column_bytes(statement, 0));
    sqlite3_reset(statement);
    if (!kept.data)
        return error_out_of_memory(error);
    if (kept.size < POSITION_KEY)
        return 0;
    for (size_t i = 0; i < 8; i++)
        ret->gsn = (int64_t)((uint64_t)ret->gsn << 8 | kept.data[i]);
    ret->set = true;
    ret->table = kept.data[8];
    memcpy(ret->target_hash, kept.data + 9, HASH_SIZE);
    ret->key = (struct bytes){kept.data + POSITION_KEY, kept.size - POSITION_KEY};
    return 0;
}

int progress_write_position(struct replica *replica, const struct pull_position *position,
                            struct error *error) {
    static const char sql[] = "update station_progress set position = ?1";
    sqlite3_stmt *statement = replica_statement(replica, sql, error);
    uint8_t kept[POSITION_KEY + LIMIT_KEY_COLUMNS * ID_SIZE];
    size_t size = 0;
    if (!statement)
        return -1;
    if (position->key.size > LIMIT_KEY_COLUMNS * ID_SIZE)
        return error_set(error, "server.response", "next",
                         "a key of the server is too long");
    if (position->set) {
        for (size_t i = 0; i < 8; i++)
            kept[i] = (uint8_t)((uint64_t)position->gsn >> (56 - 8 * i));
        kept[8] = position->table;
        memcpy(kept + 9, position->target_hash, HASH_SIZE);
        if (position->key.size)
            memcpy(kept + POSITION_KEY, position->key.data, position->key.size);
        size = POSITION_KEY + position->key.size;
    }
    bind_bytes(statement, 1, (struct bytes){kept, size});
    int failed = replica_finish(replica, statement, error);
    sqlite3_clear_bindings(statement);
    return failed;
}

static void held_write(const struct scope_set *held, struct buffer *ret) {
    for (size_t i = 0; i < held->count; i++) {
        buffer_append_byte(ret, (uint8_t)held->scopes[i].kind);
        buffer_append(ret, held->scopes[i].id.bytes, ID_SIZE);
    }
}

int progress_write_cursor(struct replica *replica, const struct progress *progress,
                          const struct scope_set *held, struct error *error) {
    static const char sql[] = "update station_progress set cursor = ?1, digest = ?2,"
                              " digest_rows = ?3, held = ?4, position = null";
    struct buffer kept = buffer_make((size_t)LIMIT_SUBSCRIPTIONS * HELD_SCOPE_SIZE);
    sqlite3_stmt *statement = replica_statement(replica, sql, error);
    int failed = -1;
    if (!statement)
        goto out;
    held_write(held, &kept);
    if (kept.failed) {
        failed = error_out_of_memory(error);
        goto out;
    }
    sqlite3_bind_int64(statement, 1, progress->cursor);
    sqlite3_bind_int64(statement, 2, progress->digest);
    sqlite3_bind_int64(statement, 3, progress->digest_rows);
    bind_bytes(statement, 4, buffer_bytes(&kept));
    failed = replica_finish(replica, statement, error);
    sqlite3_clear_bindings(statement);
out:
    buffer_free(&kept);
    return failed;
}

int progress_write_anchor(struct replica *replica, const struct clock_anchor *anchor,
                          struct error *error) {
    static const char sql[] =
        "update station_progress set anchor_hq_ms = ?1,"
        " anchor_wall_ms = ?2, anchor_boot_ms = ?3, anchor_boot = ?4";
    sqlite3_stmt *statement = replica_statement(replica, sql, error);
    if (!statement)
        return -1;
    sqlite3_bind_int64(statement, 1, anchor->hq_ms);
    sqlite3_bind_int64(statement, 2, anchor->wall_ms);
    sqlite3_bind_int64(statement, 3, anchor->boot_ms);
    bind_id(statement, 4, &anchor->boot);
    int failed = replica_finish(replica, statement, error);
    sqlite3_clear_bindings(statement);
    return failed;
}

int progress_write_counter(struct replica *replica, int64_t counter,
                           struct error *error) {
    static const char sql[] = "update station_progress set request_counter = ?1";
    sqlite3_stmt *statement = replica_statement(replica, sql, error);
    if (!statement)
        return -1;
    sqlite3_bind_int64(statement, 1, counter);
    return replica_finish(replica, statement, error);
}

/* --- time --------------------------------------------------------------------------------- */

struct clock_reading clock_read(const struct env *env) {
    struct clock_reading reading = {
        .wall_ms = env->wall_ms(env->context),
        .boot_ms = env->boot_ms(env->context),
    };
    env->boot_id(env->context, &reading.boot);
    return reading;
}

int moment_read(struct replica *replica, struct moment *ret, struct error *error) {
    static const char sql[] =
        "select cursor, (select time from station_outbox order by position desc limit 1),"
        " anchor_hq_ms, anchor_wall_ms, anchor_boot_ms, anchor_boot from station_progress";
    sqlite3_stmt *statement = replica_statement(replica, sql, error);
    bool row = false;
    if (!statement || replica_step(replica, statement, &row, error) != 0)
        return -1;
    struct clock_anchor anchor = anchor_of_row(statement, 2);
    ret->base = sqlite3_column_int64(statement, 0);
    ret->reading = clock_read(replica->env);
    ret->time = clock_tick(sqlite3_column_int64(statement, 1),
                           clock_correct(&anchor, &ret->reading));
    sqlite3_reset(statement);
    return 0;
}
