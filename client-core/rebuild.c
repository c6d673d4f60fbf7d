/*
 * A replica that gets everything again.
 *
 * Settings: rebuild (its reason; empty when none is under way), rebuilds (how many were done).
 */
#include "client-core/rebuild.h"

#include "client-core/pull.h"
#include "client-core/state.h"
#include "schema/database.h"

static const char setting_reason[] = "rebuild";
static const char setting_count[] = "rebuilds";

int rebuild_is_under_way(struct replica *replica, bool *ret, struct error *error) {
    static const char sql[] =
        "select exists (select 1 from station_setting where name = 'rebuild' and value <> '')";
    sqlite3_stmt *statement = replica_statement(replica, sql, error);
    int64_t found = 0;
    if (!statement || replica_integer(replica, statement, &found, error) != 0)
        return -1;
    *ret = found != 0;
    return 0;
}

int rebuild_reason(struct replica *replica, int64_t *ret, struct error *error) {
    static const char sql[] =
        "select case value when 'headquarters' then 1 when 'digest' then 2 when 'history' then 3"
        " when 'asked' then 4 else 0 end from station_setting where name = 'rebuild'";
    sqlite3_stmt *statement = replica_statement(replica, sql, error);
    return statement ? replica_integer(replica, statement, ret, error) : -1;
}

int rebuild_begin(struct replica *replica, const char *reason, struct error *error) {
    bool under_way = false;
    if (rebuild_is_under_way(replica, &under_way, error) != 0)
        return -1;
    if (under_way)
        return 0;
    if (pull_restart(replica, error) != 0)
        return -1;
    return setting_set(replica, setting_reason, value_text(reason), error);
}

/* With pending work undone, every row that is left is one that headquarters gave. */
int rebuild_clear(struct replica *replica, struct error *error) {
    struct buffer sql = buffer_make(LIMIT_TABLES * (LIMIT_NAME + 32));
    for (size_t i = 0; i < replica->catalogue->table_count; i++)
        buffer_printf(&sql, "delete from \"%s\";", replica->catalogue->tables[i].name);
    buffer_printf(&sql, "delete from station_misfit; delete from station_places;");
    int failed = sql.failed ? error_out_of_memory(error)
                            : database_run(replica->db, buffer_text(&sql), error);
    buffer_free(&sql);
    return failed;
}

int rebuild_end(struct replica *replica, struct error *error) {
    int64_t count = 0;
    if (setting_integer(replica, setting_count, &count, error) != 0 ||
        setting_set(replica, setting_count, value_integer(count + 1), error) != 0)
        return -1;
    return setting_set(replica, setting_reason, value_text(""), error);
}
