/*
 * The outbox: adding, answering, settling, pruning.
 */
#include "client-core/outbox.h"

int outbox_add(struct replica *replica, const struct outbox_entry *entry,
               struct error *error) {
    static const char sql[] =
        "insert into station_outbox (id, wall_ms, boot_ms, boot, time, base, user_id, command,"
        " changes, former, epoch) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10,"
        " (select value from station_setting where name = 'rows_epoch'))";
    sqlite3_stmt *statement = replica_statement(replica, sql, error);
    if (!statement)
        return -1;
    bind_id(statement, 1, &entry->id);
    sqlite3_bind_int64(statement, 2, entry->moment.reading.wall_ms);
    sqlite3_bind_int64(statement, 3, entry->moment.reading.boot_ms);
    bind_id(statement, 4, &entry->moment.reading.boot);
    sqlite3_bind_int64(statement, 5, entry->moment.time);
    sqlite3_bind_int64(statement, 6, entry->moment.base);
    bind_id(statement, 7, &entry->user);
    bind_text(statement, 8, entry->command);
    bind_bytes(statement, 9, entry->changes);
    if (entry->former.size)
        bind_bytes(statement, 10, entry->former);
    int failed = replica_finish(replica, statement, error);
    sqlite3_clear_bindings(statement);
    return failed;
}

int outbox_count(struct replica *replica, struct outbox_counts *ret,
                 struct error *error) {
    static const char sql[] =
        "select (select count(*) from station_outbox where verdict is null),"
        " (select count(*) from station_outbox where bundle is null),"
        " (select count(*) from station_outbox where active = 1 and attention_code is not null),"
        " (select count(*) from station_outbox where verdict = 3)";
    sqlite3_stmt *statement = replica_statement(replica, sql, error);
    bool row = false;
    if (!statement || replica_step(replica, statement, &row, error) != 0)
        return -1;
    *ret = (struct outbox_counts){
        .waiting = sqlite3_column_int64(statement, 0),
        .unsealed = sqlite3_column_int64(statement, 1),
        .attention = sqlite3_column_int64(statement, 2),
        .refused = sqlite3_column_int64(statement, 3),
    };
    sqlite3_reset(statement);
    return 0;
}

int outbox_answer(struct replica *replica, const struct verdict *verdict, int64_t now_ms,
                  bool *ret_known, struct error *error) {
    static const char sql[] =
        "update station_outbox set verdict = ?2, gsn = ?3, code = ?4, field = ?5, message = ?6,"
        " answered_at = ?7 where id = ?1 and verdict is null";
    sqlite3_stmt *statement = replica_statement(replica, sql, error);
    if (!statement)
        return -1;
    bind_id(statement, 1, &verdict->transaction);
    sqlite3_bind_int(statement, 2, (int)verdict->kind);
    sqlite3_bind_int64(statement, 3, verdict->gsn);
    bind_text(statement, 4, verdict->code ? verdict->code : "");
    bind_text(statement, 5, verdict->field ? verdict->field : "");
    bind_text(statement, 6, verdict->message ? verdict->message : "");
    sqlite3_bind_int64(statement, 7, now_ms);
    int failed = replica_finish(replica, statement, error);
    sqlite3_clear_bindings(statement);
    *ret_known = !failed && sqlite3_changes(replica->db) > 0;
    return failed;
}

int outbox_refuse_bundle(struct replica *replica, int64_t bundle, const char *code,
                         const char *message, int64_t now_ms, int64_t *ret_count,
                         struct error *error) {
    static const char sql[] =
        "update station_outbox set verdict = 3, gsn = 0, code = ?2, message = ?3,"
        " answered_at = ?4 where bundle = ?1 and verdict is null";
    sqlite3_stmt *statement = replica_statement(replica, sql, error);
    if (!statement)
        return -1;
    sqlite3_bind_int64(statement, 1, bundle);
    bind_text(statement, 2, code);
    bind_text(statement, 3, message ? message : "");
    sqlite3_bind_int64(statement, 4, now_ms);
    int failed = replica_finish(replica, statement, error);
    sqlite3_clear_bindings(statement);
    *ret_count = failed ? 0 : sqlite3_changes(replica->db);
    return failed;
}

int outbox_settle(struct replica *replica, int64_t gsn, struct error *error) {
    static const char sql[] =
        "update station_outbox set active = 0, attention_code = null,"
        " attention_message = null"
        " where active = 1 and verdict is not null and gsn <= ?1";
    sqlite3_stmt *statement = replica_statement(replica, sql, error);
    if (!statement)
        return -1;
    sqlite3_bind_int64(statement, 1, gsn);
    return replica_finish(replica, statement, error);
}

int outbox_attention(struct replica *replica, int64_t position, const char *code,
                     const char *message, struct error *error) {
    static const char sql[] = "update station_outbox set attention_code = ?2,"
                              " attention_message = ?3 where position = ?1";
    sqlite3_stmt *statement = replica_statement(replica, sql, error);
    if (!statement)
        return -1;
    sqlite3_bind_int64(statement, 1, position);
    bind_text(statement, 2, code);
    bind_text(statement, 3, message);
    int failed = replica_finish(replica, statement, error);
    sqlite3_clear_bindings(statement);
    return failed;
}

int outbox_next_active(struct replica *replica, int64_t position, struct arena *arena,
                       struct active_entry *ret, bool *ret_found, struct error *error) {
    static const char sql[] =
        "select position, time, user_id, changes, attention_code is not null, former"
        " from station_outbox where active = 1 and position > ?1 order by position limit 1";
    sqlite3_stmt *statement = replica_statement(replica, sql, error);
    bool row = false;
    if (!statement)
        return -1;
    sqlite3_bind_int64(statement, 1, position);
    if (replica_step(replica, statement, &row, error) != 0)
        return -1;
    *ret_found = row;
    if (!row) {
        sqlite3_reset(statement);
        return 0;
    }
    ret->position = sqlite3_column_int64(statement, 0);
    ret->time = sqlite3_column_int64(statement, 1);
    ret->user = column_id(statement, 2);
    ret->attention = sqlite3_column_int(statement, 4) != 0;
    struct bytes changes = arena_copy(arena, column_bytes(statement, 3));
    struct bytes former = arena_copy(arena, column_bytes(statement, 5));
    sqlite3_reset(statement);
    ret->former_count = 0;
    if (!changes.data || !former.data)
        return error_out_of_memory(error);
    if (changes_decode(changes, arena, &ret->changes, &ret->change_count, error) != 0)
        return -1;
    return former.size == 0
               ? 0
               : changes_decode(former, arena, &ret->formers, &ret->former_count, error);
}

int outbox_prune(struct replica *replica, int64_t before_ms, struct error *error) {
    /* The newest stays: its time is what the next one must be later than. */
    static const char entries[] =
        "delete from station_outbox where active = 0 and answered_at < ?1"
        " and position < (select max(position) from station_outbox)";
    static const char bundles[] =
        "delete from station_bundle where answered_at < ?1"
        " and position < (select max(position) from station_bundle)";
    sqlite3_stmt *first = replica_statement(replica, entries, error);
    sqlite3_stmt *second = replica_statement(replica, bundles, error);
    if (!first || !second)
        return -1;
    sqlite3_bind_int64(first, 1, before_ms);
    sqlite3_bind_int64(second, 1, before_ms);
    if (replica_finish(replica, first, error) != 0)
        return -1;
    return replica_finish(replica, second, error);
}
