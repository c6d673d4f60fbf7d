/* Purging what says that rows left scopes. */
#include "server/tombstones.h"

#include <stdio.h>
#include <string.h>

#include "server/journal.h"
#include "sync/wire.h"

/* --- how far ------------------------------------------------------------------------------------- */

int tombstones_purged(sqlite3 *db, int64_t *ret, struct error *error) {
    return database_integer(
        db,
        "select coalesce ((select cast(cast(value as text) as integer) from server_state"
        " where name = 'purged_gsn'), 0)",
        ret, error);
}

/* What every station that lives has passed. One that never asked holds nothing; one that asked an earlier program,
 * which did not note it, has passed nothing. */
static int passed_by_all(sqlite3 *db, int64_t *ret, struct error *error) {
    static const char SQL[] =
        "select coalesce (min(coalesce (p.gsn, 0)), 9223372036854775807) from station s"
        " join station_seen n on n.station = s.number"
        " left join station_passed p on p.station = s.number"
        " where s.revoked_at is null";
    return database_integer(db, SQL, ret, error);
}

static int time_of(struct master *master, int64_t gsn, int64_t *ret,
                   struct error *error) {
    sqlite3_stmt *statement = NULL;
    if (database_statement(
            master->db, "select at from gsn_log where gsn <= ? order by gsn desc limit 1",
            &statement, error) != 0) {
        return -1;
    }
    sqlite3_bind_int64(statement, 1, gsn);
    int rc = sqlite3_step(statement);
    *ret = rc == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : INT64_MAX;
    sqlite3_finalize(statement);
    return rc == SQLITE_ROW || rc == SQLITE_DONE
               ? 0
               : error_from_sqlite(error, master->db, "reading the history");
}

/* The gsns of the oldest tombstones, each once. */
static int open_oldest(struct master *master, size_t maximum, sqlite3_stmt **ret,
                       struct error *error) {
    static const char SQL[] = "select gsn from feed where gone = 1 order by gsn limit ?";
    if (database_statement(master->db, SQL, ret, error) != 0) {
        return -1;
    }
    sqlite3_bind_int64(*ret, 1, (sqlite3_int64)maximum);
    return 0;
}

/* Up to which gsn one step goes; 0: there is nothing to do. */
static int find_limit(struct master *master, const struct purge_limits *limits,
                      int64_t *ret, bool *ret_more, struct error *error) {
    sqlite3_stmt *statement = NULL;
    int64_t passed = 0;
    size_t count = 0;
    int rc = SQLITE_DONE;
    *ret = 0;
    *ret_more = false;
    if (passed_by_all(master->db, &passed, error) != 0 ||
        open_oldest(master, limits->maximum, &statement, error) != 0) {
        return -1;
    }
    int result = 0;
    bool stop = false;
    while (result == 0 && !stop && (rc = sqlite3_step(statement)) == SQLITE_ROW) {
        int64_t gsn = sqlite3_column_int64(statement, 0);
        int64_t at = 0;
        count++;
        if (gsn > passed && gsn > *ret) {
            result = time_of(master, gsn, &at, error);
            stop = result != 0 || at >= limits->now - limits->horizon_ms;
        }
        *ret = stop ? *ret : gsn;
    }
    if (result == 0 && rc != SQLITE_ROW && rc != SQLITE_DONE) {
        result = error_from_sqlite(error, master->db, "looking for tombstones");
    }
    sqlite3_finalize(statement);
    *ret_more = !stop && count == limits->maximum;
    return result;
}

/* --- the entry --------------------------------------------------------------------------------------- */

/* content = [gsn up to which tombstones go] */
static int read_content(struct bytes content, int64_t *ret, struct error *error) {
    struct wire_document *document = NULL;
    size_t count = 0;
    if (wire_open(content, &document, error) != 0) {
        return -1;
    }
    int result = wire_array(wire_root(document), "purge", 1, 8, &count, error) != 0
                     ? -1
                     : wire_integer(wire_item(wire_root(document), 0), "gsn", 1,
                                    INT64_MAX, ret, error);
    wire_close(document);
    return result;
}

struct tombstone {
    int64_t scope;
    int64_t gsn;
    struct row_work *row;
};

static int read_tombstone(struct work *work, sqlite3_stmt *statement,
                          struct tombstone *ret, struct error *error) {
    const struct table *table = catalogue_table_number(
        work->master->catalogue, (uint64_t)sqlite3_column_int64(statement, 2));
    ret->scope = sqlite3_column_int64(statement, 0);
    ret->gsn = sqlite3_column_int64(statement, 1);
    if (table == NULL) {
        return error_set(error, "database.corrupt", "feed",
                         "a feed entry is of a table that this program does not know");
    }
    ret->row = work_row(work, table, value_of_column(statement, 3).bytes, error);
    return ret->row == NULL ? -1 : 0;
}

static int read_all(struct work *work, int64_t limit, struct tombstone **ret,
                    size_t *ret_count, struct error *error) {
    static const char SQL[] = "select scope, gsn, table_number, row_key from feed"
                              " where gone = 1 and gsn <= ? order by gsn, scope";
    sqlite3_stmt *statement = NULL;
    size_t capacity = 0;
    size_t count = 0;
    int result = database_statement(work->master->db, SQL, &statement, error);
    int rc = SQLITE_DONE;
    sqlite3_bind_int64(statement, 1, limit);
    while (result == 0 && (rc = sqlite3_step(statement)) == SQLITE_ROW) {
        if (count == capacity) {
            capacity = capacity == 0 ? 256 : 2 * capacity;
            struct tombstone *more =
                arena_alloc_array(&work->arena, capacity, sizeof *more);
            if (more == NULL) {
                result = error_out_of_memory(error);
                break;
            }
            memcpy(more, count ? *ret : more, count * sizeof *more);
            *ret = more;
        }
        result = read_tombstone(work, statement, &(*ret)[count++], error);
    }
    if (result == 0 && rc != SQLITE_DONE) {
        result = error_from_sqlite(error, work->master->db, "reading tombstones");
    }
    sqlite3_finalize(statement);
    *ret_count = count;
    return result;
}

/* The row's places without those that are gone. */
static int clear_places(struct work *work, struct row_work *row, int64_t limit,
                        struct error *error) {
    size_t count = 0;
    for (size_t i = 0; i < row->placement_count; i++) {
        if (!row->placements[i].gone || row->placements[i].gsn > limit) {
            row->placements[count++] = row->placements[i];
        }
    }
    if (count == row->placement_count) {
        return 0; /* another tombstone of the row was first */
    }
    row->placement_count = count;
    struct buffer bytes = buffer_make(LIMIT_ROW_SIZE);
    placements_encode(row->placements, count, &bytes);
    sqlite3_stmt *statement = master_statement(work->master, SQL_META_PLACEMENTS, error);
    int result = statement == NULL ? -1 : bytes.failed ? error_out_of_memory(error) : 0;
    if (result == 0) {
        sqlite3_bind_int(statement, 1, row->table->number);
        sqlite3_bind_blob(statement, 2, row->key.data, (int)row->key.size, SQLITE_STATIC);
        sqlite3_bind_blob(statement, 3, bytes.data, (int)bytes.size, SQLITE_STATIC);
        result = master_run(work->master, statement, "clearing a row's places", error);
    }
    buffer_free(&bytes);
    return result;
}

static int clear_entry(struct work *work, const struct tombstone *tombstone,
                       struct error *error) {
    sqlite3_stmt *statement = master_statement(work->master, SQL_FEED_DELETE, error);
    const struct row_work *row = tombstone->row;
    if (statement == NULL) {
        return -1;
    }
    sqlite3_bind_int64(statement, 1, tombstone->scope);
    sqlite3_bind_int64(statement, 2, tombstone->gsn);
    sqlite3_bind_int(statement, 3, row->table->number);
    sqlite3_bind_blob(statement, 4, row->key.data, (int)row->key.size, SQLITE_STATIC);
    return master_run(work->master, statement, "clearing the feed", error);
}

static int note_limit(struct master *master, int64_t limit, struct error *error) {
    sqlite3_stmt *statement = master_statement(master, SQL_STATE_PUT, error);
    if (statement == NULL) {
        return -1;
    }
    char text[24];
    int size = snprintf(text, sizeof text, "%lld", (long long)limit);
    sqlite3_bind_text(statement, 1, "purged_gsn", -1, SQLITE_STATIC);
    sqlite3_bind_blob(statement, 2, text, size, SQLITE_STATIC);
    return master_run(master, statement, "noting what was purged", error);
}

static int apply(struct master *master, struct work *work, int64_t limit,
                 struct error *error) {
    struct tombstone *tombstones = NULL;
    size_t count = 0;
    work_reset(work);
    if (read_all(work, limit, &tombstones, &count, error) != 0) {
        return -1;
    }
    for (size_t i = 0; i < count; i++) {
        if (clear_places(work, tombstones[i].row, limit, error) != 0 ||
            clear_entry(work, &tombstones[i], error) != 0) {
            return -1;
        }
    }
    return note_limit(master, limit, error);
}

int tombstones_apply(struct master *master, struct work *work, struct bytes content,
                     struct error *error) {
    int64_t limit = 0;
    return read_content(content, &limit, error) == 0 ? apply(master, work, limit, error)
                                                     : -1;
}

int tombstones_purge(struct master *master, struct work *work,
                     const struct purge_limits *limits, bool *ret_more,
                     struct error *error) {
    int64_t limit = 0;
    if (find_limit(master, limits, &limit, ret_more, error) != 0) {
        return -1;
    }
    if (limit == 0) {
        return 0;
    }
    struct buffer content = buffer_make(LIMIT_NAME);
    wire_put_array(&content, 1);
    wire_put_integer(&content, limit);
    struct journal_entry entry = {
        .kind = ENTRY_PURGE, .at = limits->now, .content = buffer_bytes(&content)};
    int result = content.failed ? error_out_of_memory(error)
                                : tombstones_apply(master, work, entry.content, error);
    if (result == 0) {
        result = journal_put(master, &entry, error);
    }
    buffer_free(&content);
    return result;
}
