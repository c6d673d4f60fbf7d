/* Opening the master, its own tables, its transactions and fixed statements. */
#include "server/master.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "server/access.h"
#include "server/placing.h"
#include "server/sums.h"

static const char ENGINE_TABLES[] =
    "create table if not exists journal ("
    "  entry integer primary key, kind integer not null, at integer not null,"
    "  station integer, schema_version integer not null, content blob not null,"
    "  outcome blob not null, hash blob not null, signature blob) strict;"
    "create table if not exists gsn_log ("
    "  gsn integer primary key, id blob not null unique, entry integer not null,"
    "  station integer not null, user_id blob not null, base integer not null,"
    "  time integer not null, at integer not null, kind integer not null, command text not null,"
    "  code text not null, field text not null, message text not null) strict;"
    "create table if not exists row_meta ("
    "  table_number integer not null, row_key blob not null, gsn integer not null,"
    "  placements blob not null, primary key (table_number, row_key)) strict, without rowid;"
    "create table if not exists cell_stamp ("
    "  table_number integer not null, row_key blob not null, cell integer not null,"
    "  gsn integer not null, primary key (table_number, row_key, cell)) strict, without rowid;"
    "create table if not exists feed ("
    "  scope integer not null, gsn integer not null, table_number integer not null,"
    "  row_key blob not null, gone integer not null,"
    "  primary key (scope, gsn, table_number, row_key)) strict, without rowid;"
    "create table if not exists scope_name ("
    "  number integer primary key, kind integer not null, id blob not null,"
    "  unique (kind, id)) strict;"
    "insert into scope_name values (1, 1, zeroblob(16)), (2, 2, zeroblob(16))"
    " on conflict do nothing;"
    "create table if not exists station ("
    "  number integer primary key, id blob not null unique, public_key blob not null unique,"
    "  code text not null unique, certificate blob not null, last_number integer not null,"
    "  last_seq integer not null, last_hash blob not null, seen_base integer not null,"
    "  schema_version integer not null, revoked_at integer) strict;"
    "create table if not exists bundle_seen ("
    "  station integer not null, number integer not null, hash blob not null,"
    "  entry integer not null, primary key (station, number)) strict, without rowid;"
    "create table if not exists invitation ("
    "  token_hash blob primary key not null, content blob not null,"
    "  expires_at integer not null, station integer) strict, without rowid;"
    "create table if not exists refused_row ("
    "  table_number integer not null, row_key blob not null, whole integer not null,"
    "  station integer not null, gsn integer not null,"
    "  primary key (table_number, row_key, whole, station)) strict, without rowid;"
    "create table if not exists server_state (name text primary key not null, value blob) strict, without rowid;"
    "create table if not exists server_local (name text primary key not null, value text) strict, without rowid;";

/* What this installation keeps beside what follows from the journal, and what later programs added. A master of an earlier program of the same
 * schema version has to get it too, so it is looked for at every opening. */
static const char LOCAL_TABLES[] =
    "create table if not exists station_seen ("
    "  station integer primary key, at integer not null, cursor integer not null,"
    "  waiting integer not null, schema_version integer not null) strict;"
    "create table if not exists station_passed ("
    "  station integer primary key, gsn integer not null) strict;"
    "create index if not exists feed_gone on feed (gsn) where gone = 1;"
    "create table if not exists file_kept ("
    "  hash blob not null primary key, size integer not null, at integer not null,"
    "  unnamed_since integer) strict, without rowid;"
    "create table if not exists file_holder ("
    "  hash blob not null, user_id blob not null, size integer not null,"
    "  primary key (hash, user_id)) strict, without rowid;"
    "create index if not exists file_holder_user on file_holder (user_id);"
    "create index if not exists journal_control on journal (entry) where kind <> 2;"
    "create table if not exists journal_archived ("
    "  entry integer primary key, content_hash blob not null) strict;"
    "create table if not exists epoch ("
    "  number integer primary key, from_gsn integer not null, first_gsn integer not null,"
    "  first_station integer not null, at integer not null, ended_at integer) strict;"
    "create table if not exists former ("
    "  gsn integer primary key, epoch integer not null, lost_base integer not null,"
    "  former_gsn integer not null) strict;"
    "create table if not exists deferred ("
    "  position integer primary key, id blob not null unique, entry integer not null,"
    "  device blob not null, epoch integer not null, lost_base integer not null,"
    "  former integer not null, base integer not null, time integer not null,"
    "  user_id blob not null, command text not null, changes blob not null,"
    "  code text not null, field text not null) strict;"
    "create table if not exists station_kin ("
    "  station integer primary key, parent integer not null, root integer not null,"
    "  fork_gsn integer not null, number integer not null, hash blob not null,"
    "  unique (parent, number, hash)) strict;"
    "create index if not exists station_kin_root on station_kin (root);"
    "create table if not exists station_shared ("
    "  station integer not null, gsn integer not null, primary key (station, gsn))"
    " strict, without rowid;"
    "create table if not exists station_key ("
    "  public_key blob primary key not null, station integer not null,"
    "  last_number integer not null, last_hash blob not null, entry integer not null)"
    " strict, without rowid;"
    "create index if not exists station_key_station on station_key (station);"
    "create table if not exists server_key ("
    "  entry integer primary key, public_key blob not null unique, notice blob not null) strict;"
    "create table if not exists quarantine ("
    "  position integer primary key, station integer not null, number integer not null,"
    "  hash blob not null unique, sealed blob not null, transactions integer not null,"
    "  received_at integer not null, decided integer, decided_at integer) strict;"
    "create index if not exists quarantine_open on quarantine (station, position)"
    " where decided is null;";

/* The one writer touches a dozen trees per row at random places: 64 MiB of their pages stay at hand
 * instead of SQLite's 2 MiB, which a single bundle overflows. The log is copied into the database every
 * 32 MiB instead of every 4: a page that many small bundles wrote is copied once. Freed space is not
 * overwritten: the journal keeps everything anyway (stations do overwrite what they forget). What a savepoint may have to
 * put back stays in memory; SQLite would begin a file for it after 64 KiB. */
static const char SETTINGS[] =
    "pragma cache_size = -65536; pragma wal_autocheckpoint = 8192; pragma secure_delete = off; pragma temp_store = memory";

static const char *const FIXED_SQL[SQL_COUNT] = {
    [SQL_SAVEPOINT] = "savepoint work",
    [SQL_ROLLBACK] = "rollback",
    [SQL_RELEASE] = "release work",
    [SQL_META_GET] =
        "select gsn, placements from row_meta where table_number = ? and row_key = ?",
    [SQL_META_INSERT] = "insert into row_meta (table_number, row_key, gsn, placements)"
                        " values (?, ?, ?, ?)",
    [SQL_META_PLACEMENTS] = "update row_meta set placements = ?3"
                            " where table_number = ?1 and row_key = ?2",
    [SQL_STAMP_GET] = "select gsn from cell_stamp"
                      " where table_number = ? and row_key = ? and cell = ?",
    [SQL_STAMP_PUT] =
        "insert into cell_stamp (table_number, row_key, cell, gsn)"
        " values (?, ?, ?, ?)"
        " on conflict (table_number, row_key, cell) do update set gsn = excluded.gsn",
    [SQL_STAMP_LATEST] =
        "select distinct gsn from cell_stamp"
        " where table_number = ? and row_key = ? and cell <> ? and gsn < ? and gsn > ?"
        " order by gsn desc",
    [SQL_FEED_PUT] = "insert into feed (scope, gsn, table_number, row_key, gone)"
                     " values (?, ?, ?, ?, ?)",
    [SQL_FEED_MOVE] =
        "update feed set gsn = ?2, gone = ?5"
        " where scope = ?1 and gsn = ?6 and table_number = ?3 and row_key = ?4",
    [SQL_FEED_DELETE] =
        "delete from feed"
        " where scope = ? and gsn = ? and table_number = ? and row_key = ?",
    [SQL_SCOPE_GET] = "select number from scope_name where kind = ? and id = ?",
    [SQL_SCOPE_ADD] = "insert into scope_name (number, kind, id)"
                      " values ((select max(number) + 1 from scope_name), ?, ?)",
    [SQL_GSN_GET] = "select g.user_id, g.time, g.at, s.id from gsn_log g"
                    " left join station s on s.number = g.station where g.gsn = ?",
    [SQL_GSN_BY_TRANSACTION] = "select gsn, kind, time, code, field, message from gsn_log"
                               " where id = ?",
    [SQL_GSN_PUT] =
        "insert into gsn_log (gsn, id, entry, station, user_id, base, time, at, kind,"
        " command, code, field, message) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    [SQL_JOURNAL_PUT] =
        "insert into journal (entry, kind, at, station, schema_version, content,"
        " outcome, hash, signature) values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    [SQL_JOURNAL_OUTCOME] = "select outcome from journal where entry = ?",
    [SQL_STATION_PUT] = "insert into station (number, id, public_key, code, certificate,"
                        " last_number, last_seq, last_hash, seen_base, schema_version)"
                        " values (?, ?, ?, ?, ?, 0, 0, zeroblob(32), ?, ?)",
    [SQL_STATION_HEAD] =
        "update station set last_number = ?2, last_seq = ?3, last_hash = ?4,"
        " seen_base = ?5, schema_version = ?6"
        " where number = ?1",
    [SQL_STATION_REVOKE] =
        "update station set revoked_at = ?2 where revoked_at is null"
        " and (number = ?1 or number in (select station from station_kin where root = ?1))",
    [SQL_BUNDLE_GET] =
        "select hash, entry from bundle_seen where station = ? and number = ?",
    [SQL_BUNDLE_PUT] = "insert into bundle_seen (station, number, hash, entry)"
                       " values (?, ?, ?, ?)",
    [SQL_INVITATION_GET] = "select content, expires_at, station from invitation"
                           " where token_hash = ?",
    [SQL_INVITATION_PUT] = "insert into invitation (token_hash, content, expires_at)"
                           " values (?, ?, ?)",
    [SQL_INVITATION_USE] = "update invitation set station = ?2 where token_hash = ?1",
    [SQL_REFUSED_PUT] =
        "insert into refused_row (table_number, row_key, whole, station, gsn)"
        " values (?, ?, ?, ?, ?)"
        " on conflict (table_number, row_key, whole, station)"
        " do update set gsn = excluded.gsn",
    [SQL_REFUSED_GET] = "select 1 from refused_row where table_number = ? and row_key = ?"
                        " and whole = ? and gsn > ?4 and (station = ?5 or station in"
                        " (select station from station_kin where root = ?5)) limit 1",
    [SQL_ROLES] = "select role from engine_role where user_id = ?",
    [SQL_USER] = "select active from engine_user where user_id = ?",
    [SQL_STATE_GET] = "select value from server_state where name = ?",
    [SQL_STATE_PUT] = "insert into server_state (name, value) values (?, ?)"
                      " on conflict (name) do update set value = excluded.value",
    [SQL_EPOCH_PUT] = "insert into epoch (number, from_gsn, first_gsn, first_station, at)"
                      " values (?, ?, ?, ?, ?)",
    [SQL_FORMER_PUT] = "insert into former (gsn, epoch, lost_base, former_gsn)"
                       " values (?, ?, ?, ?)",
    [SQL_FORMER_GET] =
        "select lost_base, former_gsn from former where gsn = ? and epoch = ?",
    [SQL_DEFERRED_PUT] =
        "insert into deferred (id, entry, device, epoch, lost_base, former, base, time,"
        " user_id, command, changes, code, field)"
        " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " on conflict (id) do update set code = excluded.code, field = excluded.field",
    [SQL_DEFERRED_GET] =
        "select id, device, epoch, lost_base, former, base, time, user_id, command,"
        " changes from deferred where position = ?",
    [SQL_DEFERRED_LIST] = "select position from deferred order by epoch,"
                          " case former when 0 then 9223372036854775807 else former end,"
                          " position",
    [SQL_DEFERRED_FIND] = "select position from deferred where id = ?",
    [SQL_DEFERRED_DROP] = "delete from deferred where position = ?",
    [SQL_SUM_GET] = "select digest, rows from scope_sum where scope = ?",
    [SQL_SUM_PUT] =
        "insert into scope_sum (scope, digest, rows) values (?, ?, ?)"
        " on conflict (scope) do update set digest = excluded.digest, rows = excluded.rows",
    [SQL_KIN_PUT] =
        "insert into station_kin (station, parent, root, fork_gsn, number, hash)"
        " values (?, ?, ?, ?, ?, ?)",
    [SQL_KIN_CHILD] = "select station from station_kin where parent = ? and number = ?"
                      " and hash = ?",
    [SQL_SHARED_FAMILY] =
        "select 1 from gsn_log g where g.gsn = ?1 and g.station <> ?2 and (g.station = ?3"
        " or exists (select 1 from station_kin k where k.station = g.station"
        " and k.root = ?3))",
    [SQL_SHARED_PUT] = "insert into station_shared (station, gsn) values (?, ?)"
                       " on conflict do nothing",
    [SQL_SHARED_DOWN] =
        "insert into station_shared (station, gsn) with recursive line (station) as ("
        " select station from station_kin where parent = ?1 and number > ?2"
        " union all select k.station from line l join station_kin k on k.parent = l.station)"
        " select station, ?3 from line where true on conflict do nothing",
    [SQL_SHARED_GET] = "select 1 from station_shared where station = ? and gsn = ?",
};

sqlite3_stmt *master_statement(struct master *master, enum master_sql sql,
                               struct error *error) {
    sqlite3_stmt **statement = &master->fixed[sql];
    if (*statement == NULL &&
        database_statement(master->db, FIXED_SQL[sql], statement, error) != 0) {
        return NULL;
    }
    sqlite3_reset(*statement);
    return *statement;
}

int master_run(struct master *master, sqlite3_stmt *statement, const char *doing,
               struct error *error) {
    int rc = sqlite3_step(statement);
    int result = rc == SQLITE_DONE ? 0 : error_from_sqlite(error, master->db, doing);
    sqlite3_reset(statement);
    return result;
}

static int make_parts(struct master *master, struct error *error) {
    if (functions_register(master->db, &master->functions, error) != 0 ||
        rules_open(master->db, master->catalogue, &master->rules, error) != 0) {
        return -1;
    }
    return access_make(master, &master->access, error) == 0 &&
                   scope_numbers_make(&master->scopes, error) == 0
               ? scope_sums_make(&master->sums, error)
               : -1;
}

int master_open(const char *path, const struct env *env,
                const struct catalogue *catalogue, bool create, struct master **ret,
                struct error *error) {
    struct master *master = calloc(1, sizeof *master);
    if (master == NULL) {
        return error_out_of_memory(error);
    }
    bool created = false;
    master->env = env;
    master->catalogue = catalogue;
    master->functions = (struct function_context){.env = env, .catalogue = catalogue};
    if (database_open(path, create, false, &master->db, error) != 0 ||
        database_run(master->db, SETTINGS, error) != 0 ||
        database_prepare(master->db, catalogue, DATABASE_MASTER, ENGINE_TABLES, &created,
                         error) != 0) {
        goto out;
    }
    master->statements.db = master->db;
    if (database_run(master->db, LOCAL_TABLES, error) != 0 ||
        scope_sums_prepare(master->db, catalogue, error) != 0) {
        goto out;
    }
    /* What must not fail when memory runs out is ready before. */
    if (make_parts(master, error) != 0 ||
        master_statement(master, SQL_ROLLBACK, error) == NULL) {
        goto out;
    }
    *ret = master;
    return 0;
out:
    master_close(master);
    return -1;
}

void master_close(struct master *master) {
    if (master == NULL) {
        return;
    }
    for (size_t i = 0; i < SQL_COUNT; i++) {
        sqlite3_finalize(master->fixed[i]);
    }
    statement_cache_clear(&master->statements);
    rules_close(master->rules);
    access_free(master->access);
    scope_numbers_free(master->scopes);
    scope_sums_free(master->sums);
    sqlite3_close(master->db);
    seal_wipe(&master->keys, sizeof master->keys);
    free(master);
}

/* The journal's last entry and the last gsn, as any process may have left them. */
static int read_heads(struct master *master, struct error *error) {
    static const char SQL[] =
        "select j.entry, j.at, j.hash, (select max(gsn) from gsn_log),"
        " (select coalesce(max(number), 1) from epoch),"
        " (select coalesce(max(at), 0) from epoch where ended_at is null)"
        " from journal j order by j.entry desc limit 1";
    sqlite3_stmt *statement = NULL;
    if (database_statement(master->db, SQL, &statement, error) != 0) {
        return -1;
    }
    master->entry = master->gsn = master->last_at = 0;
    memset(master->entry_hash, 0, HASH_SIZE);
    int rc = sqlite3_step(statement);
    if (rc == SQLITE_ROW) {
        master->entry = sqlite3_column_int64(statement, 0);
        master->last_at = sqlite3_column_int64(statement, 1);
        if (sqlite3_column_bytes(statement, 2) == HASH_SIZE) {
            memcpy(master->entry_hash, sqlite3_column_blob(statement, 2), HASH_SIZE);
        }
        master->gsn = sqlite3_column_int64(statement, 3);
        master->epoch = sqlite3_column_int64(statement, 4);
        master->refill_since = sqlite3_column_int64(statement, 5);
    }
    sqlite3_finalize(statement);
    return rc == SQLITE_ROW || rc == SQLITE_DONE
               ? 0
               : error_from_sqlite(error, master->db, "reading the journal's head");
}

int master_begin(struct master *master, struct error *error) {
    if (master->unfinished) {
        master_rollback(master); /* once more: it may have lacked memory */
    }
    if (database_run(master->db, "begin immediate", error) != 0) {
        return -1;
    }
    int64_t entry = master->entry;
    uint8_t hash[HASH_SIZE];
    memcpy(hash, master->entry_hash, HASH_SIZE);
    if (read_heads(master, error) != 0) {
        master_rollback(master);
        return -1;
    }
    if (master->entry != entry || memcmp(master->entry_hash, hash, HASH_SIZE) != 0) {
        master_forget(master); /* another process may have changed rights */
    }
    return 0;
}

int master_commit(struct master *master, struct error *error) {
    if (scope_sums_write(master, error) == 0 &&
        database_run(master->db, "commit", error) == 0) {
        return 0;
    }
    master_rollback(master);
    return -1;
}

void master_rollback(struct master *master) {
    if (sqlite3_get_autocommit(master->db) == 0) {
        sqlite3_stmt *statement = master_statement(master, SQL_ROLLBACK, NULL);
        master->unfinished =
            statement == NULL || master_run(master, statement, "rolling back", NULL) != 0;
    }
    scope_sums_undo(master->sums, 0);
    master_forget(master);
}

int master_savepoint(struct master *master, struct error *error) {
    master->sums_mark = scope_sums_mark(master->sums);
    sqlite3_stmt *statement = master_statement(master, SQL_SAVEPOINT, error);
    return statement ? master_run(master, statement, "starting a transaction", error)
                     : -1;
}

int master_release(struct master *master, struct error *error) {
    sqlite3_stmt *statement = master_statement(master, SQL_RELEASE, error);
    return statement ? master_run(master, statement, "ending a transaction", error) : -1;
}

int master_undo(struct master *master, struct error *error) {
    master_forget(master);
    scope_sums_undo(master->sums, master->sums_mark);
    return database_run(master->db, "rollback to work; release work", error);
}

void master_forget(struct master *master) {
    access_forget(master->access);
    scope_numbers_forget(master->scopes);
}

int64_t master_now(struct master *master) {
    int64_t now = master->env->wall_ms(master->env->context);
    return now > master->last_at ? now : master->last_at;
}

int master_setting(sqlite3 *db, const char *name, char **ret, struct error *error) {
    sqlite3_stmt *statement = NULL;
    if (database_statement(db, "select value from server_local where name = ?",
                           &statement, error) != 0) {
        return -1;
    }
    sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC);
    char *value = NULL;
    int rc = sqlite3_step(statement);
    if (rc == SQLITE_ROW && sqlite3_column_type(statement, 0) == SQLITE_TEXT) {
        value = strdup((const char *)sqlite3_column_text(statement, 0));
    }
    sqlite3_finalize(statement);
    if (rc != SQLITE_ROW && rc != SQLITE_DONE) {
        return error_from_sqlite(error, db, "reading a setting");
    }
    *ret = value;
    return 0;
}

int master_set_setting(sqlite3 *db, const char *name, const char *value,
                       struct error *error) {
    sqlite3_stmt *statement = NULL;
    static const char SQL[] = "insert into server_local (name, value) values (?, ?)"
                              " on conflict (name) do update set value = excluded.value";
    if (database_statement(db, SQL, &statement, error) != 0) {
        return -1;
    }
    sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC);
    sqlite3_bind_text(statement, 2, value, -1, SQLITE_STATIC);
    int rc = sqlite3_step(statement);
    int result =
        rc == SQLITE_DONE ? 0 : error_from_sqlite(error, db, "writing a setting");
    sqlite3_finalize(statement);
    return result;
}
