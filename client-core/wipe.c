/*
 * The end of a revoked station.
 */
#include "client-core/wipe.h"

#include <stdio.h>
#include <time.h>

#include "client-core/home.h"
#include "client-core/state.h"
#include "schema/database.h"

static const char revoked_setting[] = "revoked_at";
static const char wiped_setting[] = "wiped";

/* --- the replica ------------------------------------------------------------------------------------- */

/* Nothing is left that headquarters has not got. */
static int is_sent(struct replica *replica, bool *ret, struct error *error) {
    static const char sql[] =
        "select exists (select 1 from station_outbox where bundle is null)"
        " or exists (select 1 from station_bundle where answered_at is null)";
    sqlite3_stmt *statement = replica_statement(replica, sql, error);
    int64_t left = 0;
    if (!statement || replica_integer(replica, statement, &left, error) != 0)
        return -1;
    *ret = left == 0;
    return 0;
}

static void put_name(struct buffer *sql, const char *name) {
    buffer_append_byte(sql, '"');
    for (; *name; name++) {
        if (*name == '"')
            buffer_append_byte(sql, '"');
        buffer_append_byte(sql, (uint8_t)*name);
    }
    buffer_append_byte(sql, '"');
}

/* A statement that empties each table there is, but for those that say how the database is built; SQLite overwrites
 * what it frees. */
static int put_statements(struct replica *replica, struct buffer *sql,
                          struct error *error) {
    static const char tables[] =
        "select name from sqlite_schema where type = 'table' and name not like 'sqlite_%'"
        " and name not in ('schema_state', 'schema_object', 'station_index')";
    sqlite3_stmt *statement = replica_statement(replica, tables, error);
    bool row = false;
    if (!statement)
        return -1;
    while (replica_step(replica, statement, &row, error) == 0 && row) {
        buffer_printf(sql, "delete from ");
        put_name(sql, column_text(statement, 0));
        buffer_printf(sql, ";\n");
    }
    sqlite3_reset(statement);
    if (row)
        return -1;
    return sql->failed ? error_out_of_memory(error) : 0;
}

static int empty_tables(struct replica *replica, int64_t at_ms, struct error *error) {
    struct buffer sql = buffer_make(LIMIT_TEXT);
    int failed = put_statements(replica, &sql, error) != 0 ||
                 database_run(replica->db, buffer_text(&sql), error) != 0 ||
                 setting_set(replica, revoked_setting, value_integer(at_ms), error) != 0;
    buffer_free(&sql);
    return failed ? -1 : 0;
}

static int empty_replica(struct replica *replica, int64_t at_ms, bool *ret_wiped,
                         struct error *error) {
    bool sent = false;
    if (database_run(replica->db, "pragma secure_delete = on", error) != 0 ||
        replica_begin(replica, error) != 0)
        return -1;
    int failed = is_sent(replica, &sent, error) != 0 ||
                 (sent && (empty_tables(replica, at_ms, error) != 0 ||
                           replica_commit(replica, error) != 0));
    replica_rollback(replica); /* unless it was committed */
    *ret_wiped = !failed && sent;
    return failed ? -1 : 0;
}

/* --- what is left ---------------------------------------------------------------------------------------- */

/* Keys, files, pages that were freed, the log with its older pages. */
static int finish(struct replica *replica, const char *home, struct error *error) {
    int64_t done = 0;
    if (setting_integer(replica, wiped_setting, &done, error) != 0)
        return -1;
    if (done)
        return 0;
    if (home_wipe(home, error) != 0 ||
        database_run(replica->db, "vacuum; pragma wal_checkpoint(truncate)", error) != 0)
        return -1;
    return setting_set(replica, wiped_setting, value_integer(1), error);
}

int wipe_run(struct replica *replica, const char *home, int64_t at_ms, bool *ret_wiped,
             struct error *error) {
    return empty_replica(replica, at_ms, ret_wiped, error) != 0 ? -1
           : *ret_wiped ? finish(replica, home, error)
                        : 0;
}

int wipe_look(struct replica *replica, const char *home, struct error *error) {
    char day[32] = "";
    int64_t at_ms = 0;
    if (setting_integer(replica, revoked_setting, &at_ms, error) != 0)
        return -1;
    if (at_ms == 0)
        return 0;
    if (finish(replica, home, error) != 0)
        return -1;
    time_t seconds = (time_t)(at_ms / 1000);
    struct tm parts;
    if (gmtime_r(&seconds, &parts))
        strftime(day, sizeof day, "%Y-%m-%d", &parts);
    return error_set(error, "station.revoked", "home",
                     "Headquarters revoked this station on %s: its data and keys were "
                     "removed here. Work that was not merged yet is at headquarters.",
                     day);
}
