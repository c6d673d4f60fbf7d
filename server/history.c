/* Epochs: begun by a backup that is started from, or by a station that knows more; the end of a refill. */
#include "server/history.h"

#include <stdlib.h>
#include <string.h>

#include "schema/base/hash.h"
#include "server/deferred.h"
#include "server/journal.h"
#include "server/station.h"
#include "sync/wire.h"

enum {
    GSN_BITS = 32, /* gsns of one epoch */
    STATION_GAP =
        1024, /* numbers of stations, and so codes, that a lost history may have given out */
    EPOCH_BEGINS = 1, /* [1, epoch, from_gsn, first_gsn, first_station, id] */
    EPOCH_FILLED = 2, /* [2, epoch] */
    EPOCHS_BEYOND =
        1024, /* how far ahead of this server a station's epoch may be believed to be */
    RETRY_MEMORY = 256 * 1024 * 1024
};

static const char BACKUP[] = "backup";

/* --- looking ------------------------------------------------------------------------------------ */

int history_epoch(sqlite3 *db, int64_t *ret, struct error *error) {
    return database_integer(db, "select coalesce(max(number), 1) from epoch", ret, error);
}

int history_from(sqlite3 *db, int64_t epoch, int64_t *ret, struct error *error) {
    int64_t present = 0;
    sqlite3_stmt *statement = NULL;
    if (history_epoch(db, &present, error) != 0) {
        return -1;
    }
    *ret = epoch == present ? INT64_MAX : 0;
    if (epoch >= present) {
        return 0;
    }
    if (database_statement(db, "select min(from_gsn) from epoch where number > ?",
                           &statement, error) != 0) {
        return -1;
    }
    sqlite3_bind_int64(statement, 1, epoch);
    int rc = sqlite3_step(statement);
    *ret = rc == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
    sqlite3_finalize(statement);
    return rc == SQLITE_ROW ? 0 : error_from_sqlite(error, db, "reading the epochs");
}

int history_id(sqlite3 *db, int64_t gsn, struct id *ret, struct error *error) {
    static const char SQL[] = "select j.hash from gsn_log g"
                              " join journal j on j.entry = g.entry where g.gsn = ?";
    sqlite3_stmt *statement = NULL;
    memset(ret, 0, sizeof *ret);
    if (database_statement(db, SQL, &statement, error) != 0) {
        return -1;
    }
    sqlite3_bind_int64(statement, 1, gsn);
    int rc = sqlite3_step(statement);
    struct bytes hash =
        rc == SQLITE_ROW ? value_of_column(statement, 0).bytes : (struct bytes){NULL, 0};
    if (hash.size == HASH_SIZE) {
        memcpy(ret->bytes, hash.data, ID_SIZE);
    }
    sqlite3_finalize(statement);
    return rc == SQLITE_ROW || rc == SQLITE_DONE
               ? 0
               : error_from_sqlite(error, db, "reading the history");
}

int history_refill(struct master *master, struct error *error) {
    static const char SQL[] =
        "select coalesce(max(at), 0) from epoch where ended_at is null";
    return database_integer(master->db, SQL, &master->refill_since, error);
}

int history_remember(struct master *master, int64_t gsn, const struct lost_origin *lost,
                     struct error *error) {
    sqlite3_stmt *statement = master_statement(master, SQL_FORMER_PUT, error);
    if (statement == NULL) {
        return -1;
    }
    sqlite3_bind_int64(statement, 1, gsn);
    sqlite3_bind_int64(statement, 2, lost->epoch);
    sqlite3_bind_int64(statement, 3, lost->base);
    sqlite3_bind_int64(statement, 4, lost->former);
    return master_run(master, statement, "remembering a lost gsn", error);
}

/* What a gsn of this server was in the lost history that the work at hand is of: its base and gsn there. */
static int find_former(struct work *work, int64_t gsn, int64_t *ret_base,
                       int64_t *ret_gsn, struct error *error) {
    sqlite3_stmt *statement = master_statement(work->master, SQL_FORMER_GET, error);
    if (statement == NULL) {
        return -1;
    }
    sqlite3_bind_int64(statement, 1, gsn);
    sqlite3_bind_int64(statement, 2, work->lost.epoch);
    int rc = sqlite3_step(statement);
    *ret_base = rc == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
    *ret_gsn = rc == SQLITE_ROW ? sqlite3_column_int64(statement, 1) : 0;
    sqlite3_reset(statement);
    return rc == SQLITE_ROW || rc == SQLITE_DONE
               ? 0
               : error_from_sqlite(error, work->master->db, "reading a lost gsn");
}

int history_knew(struct work *work, int64_t gsn, bool *ret, struct error *error) {
    int64_t base = 0;
    int64_t former = 0;
    *ret = false;
    if (work->lost.epoch == 0 || gsn >= work->gsn) {
        return 0;
    }
    if (find_former(work, gsn, &base, &former, error) != 0) {
        return -1;
    }
    *ret = former > 0 && former <= work->lost.base;
    return 0;
}

int history_superseded(struct work *work, int64_t gsn, bool *ret, struct error *error) {
    int64_t base = 0;
    int64_t former = 0;
    *ret = false;
    if (work->lost.former == 0 || gsn >= work->gsn) {
        return 0;
    }
    if (find_former(work, gsn, &base, &former, error) != 0) {
        return -1;
    }
    *ret = base >= work->lost.former;
    return 0;
}

/* --- the entry ----------------------------------------------------------------------------------- */

struct epoch_content {
    int64_t action;
    int64_t epoch;
    int64_t from_gsn;
    int64_t first_gsn;
    int64_t first_station;
    struct id
        id; /* no two entries are alike, also after the same backup was restored twice */
};

static void content_encode(const struct epoch_content *content, struct buffer *ret) {
    wire_put_array(ret, content->action == EPOCH_BEGINS ? 6 : 2);
    wire_put_integer(ret, content->action);
    wire_put_integer(ret, content->epoch);
    if (content->action == EPOCH_BEGINS) {
        wire_put_integer(ret, content->from_gsn);
        wire_put_integer(ret, content->first_gsn);
        wire_put_integer(ret, content->first_station);
        wire_put_id(ret, content->id);
    }
}

static int read_begin(const struct wire_node *root, struct epoch_content *ret,
                      struct error *error) {
    size_t count = 0;
    return wire_array(root, "epoch", 6, 6, &count, error) != 0 ||
                   wire_integer(wire_item(root, 2), "from", 0, INT64_MAX, &ret->from_gsn,
                                error) != 0 ||
                   wire_integer(wire_item(root, 3), "first", 1, INT64_MAX,
                                &ret->first_gsn, error) != 0 ||
                   wire_integer(wire_item(root, 4), "station", 1, INT64_MAX,
                                &ret->first_station, error) != 0 ||
                   wire_id(wire_item(root, 5), "id", &ret->id, error) != 0
               ? -1
               : 0;
}

static int content_read(struct bytes data, struct epoch_content *ret,
                        struct error *error) {
    struct wire_document *document = NULL;
    size_t count = 0;
    memset(ret, 0, sizeof *ret);
    if (wire_open(data, &document, error) != 0) {
        return -1;
    }
    const struct wire_node *root = wire_root(document);
    int result = wire_array(root, "epoch", 2, 6, &count, error) != 0 ||
                         wire_integer(wire_item(root, 0), "action", EPOCH_BEGINS,
                                      EPOCH_FILLED, &ret->action, error) != 0 ||
                         wire_integer(wire_item(root, 1), "epoch", 1, INT64_MAX,
                                      &ret->epoch, error) != 0
                     ? -1
                     : 0;
    if (result == 0 && ret->action == EPOCH_BEGINS) {
        result = read_begin(root, ret, error);
    }
    wire_close(document);
    return result;
}

/* --- an epoch begins -------------------------------------------------------------------------------- */

static int write_nothing(struct work *work, const void *context, struct error *error) {
    (void)work;
    (void)context;
    (void)error;
    return 0;
}

/* The first gsn of an epoch is the entry's own: no cursor of a lost history can be beyond it. */
static int apply_begin(struct master *master, struct work *work, struct bytes data,
                       const struct epoch_content *content, int64_t at,
                       struct error *error) {
    uint8_t hash[HASH_SIZE];
    sqlite3_stmt *statement = master_statement(master, SQL_EPOCH_PUT, error);
    if (statement == NULL) {
        return -1;
    }
    sqlite3_bind_int64(statement, 1, content->epoch);
    sqlite3_bind_int64(statement, 2, content->from_gsn);
    sqlite3_bind_int64(statement, 3, content->first_gsn);
    sqlite3_bind_int64(statement, 4, content->first_station);
    sqlite3_bind_int64(statement, 5, at);
    if (master_run(master, statement, "beginning an epoch", error) != 0) {
        return -1;
    }
    hash_blake2b(data, hash);
    const struct own_transaction own = {id_v8(hash), "epoch", at, write_nothing, NULL};
    master->gsn = content->first_gsn - 1;
    master->epoch = content->epoch;
    master->refill_since = at;
    return station_derive(master, work, &own, error);
}

static int put_entry(struct master *master, struct bytes content, struct bytes outcome,
                     int64_t at, struct error *error) {
    struct journal_entry entry = {
        .kind = ENTRY_EPOCH, .at = at, .content = content, .outcome = outcome};
    return journal_put(master, &entry, error);
}

/* Behind both histories: what this server came to, and what a station knows. */
static int64_t first_gsn_after(int64_t gsn) {
    return ((gsn >> GSN_BITS) + 1) << GSN_BITS;
}

static int begin(struct master *master, struct work *work, struct epoch_content *content,
                 struct error *error) {
    struct buffer bytes = buffer_make(LIMIT_TEXT);
    int64_t at = master_now(master);
    int result = station_next_number(master, &content->first_station, error);
    content->action = EPOCH_BEGINS;
    content->first_station += STATION_GAP;
    content->id = env_new_id(master->env);
    content_encode(content, &bytes);
    if (result == 0) {
        result = bytes.failed ? error_out_of_memory(error)
                              : apply_begin(master, work, buffer_bytes(&bytes), content,
                                            at, error);
    }
    if (result == 0) {
        result =
            put_entry(master, buffer_bytes(&bytes), (struct bytes){NULL, 0}, at, error);
    }
    buffer_free(&bytes);
    return result;
}

int history_lost(struct master *master, struct work *work,
                 const struct lost_history *lost, struct error *error) {
    struct id known;
    if (lost->epoch < master->epoch) {
        return 0; /* another station told of it meanwhile */
    }
    if (history_id(master->db, lost->cursor, &known, error) != 0) {
        return -1;
    }
    if (id_equal(known, lost->id)) {
        return 0;
    }
    bool believed = lost->epoch - master->epoch < EPOCHS_BEYOND;
    int64_t beyond = lost->cursor > master->gsn ? lost->cursor : master->gsn;
    struct epoch_content content = {
        .epoch = (believed ? lost->epoch : master->epoch) + 1,
        .first_gsn = first_gsn_after(beyond)}; /* where they parted is not known */
    return begin(master, work, &content, error);
}

/* --- backups -------------------------------------------------------------------------------------------- */

int history_mark(sqlite3 *db, struct error *error) {
    return master_set_setting(db, BACKUP, "yes", error);
}

static int begin_from_backup(struct master *master, struct work *work,
                             struct error *error) {
    if (master_begin(master, error) != 0) {
        return -1;
    }
    struct epoch_content content = {.epoch = master->epoch + 1,
                                    .from_gsn = master->gsn,
                                    .first_gsn = first_gsn_after(master->gsn)};
    if (begin(master, work, &content, error) != 0 ||
        database_run(master->db, "delete from server_local where name = 'backup'",
                     error) != 0) {
        master_rollback(master);
        return -1;
    }
    return master_commit(master, error);
}

int history_restored(struct master *master, struct work *work, bool *ret_begun,
                     struct error *error) {
    char *mark = NULL;
    *ret_begun = false;
    if (master_setting(master->db, BACKUP, &mark, error) != 0) {
        return -1;
    }
    *ret_begun = mark != NULL;
    free(mark);
    return *ret_begun ? begin_from_backup(master, work, error) : 0;
}

/* --- the refill ends ------------------------------------------------------------------------------------ */

static int apply_filled(struct master *master, struct retry *retry, struct verdict **ret,
                        size_t *ret_count, struct error *error) {
    static const char SQL[] = "update epoch set ended_at = ?1 where ended_at is null"
                              " and not exists (select 1 from deferred)";
    sqlite3_stmt *statement = NULL;
    retry->last = true;
    if (deferred_retry(retry, ret, ret_count, error) != 0 ||
        database_statement(master->db, SQL, &statement, error) != 0) {
        return -1;
    }
    sqlite3_bind_int64(statement, 1, retry->at);
    int result = master_run(master, statement, "ending the refill", error);
    sqlite3_finalize(statement);
    return result == 0 ? history_refill(master, error) : -1;
}

static int end_refill(struct master *master, struct work *work, int64_t at,
                      struct error *error) {
    struct arena arena = arena_make(RETRY_MEMORY);
    struct buffer content = buffer_make(LIMIT_TEXT);
    struct buffer outcome = buffer_make(LIMIT_PAYLOAD);
    struct retry retry = {master, work, &arena, at, true, true, NULL, 0};
    struct verdict *verdicts = NULL;
    size_t count = 0;
    content_encode(
        &(struct epoch_content){.action = EPOCH_FILLED, .epoch = master->epoch},
        &content);
    int result = apply_filled(master, &retry, &verdicts, &count, error);
    if (result == 0) {
        outcome_encode(&(struct outcome){.epoch = master->epoch,
                                         .retried = verdicts,
                                         .retried_count = count},
                       &outcome);
        result = content.failed || outcome.failed
                     ? error_out_of_memory(error)
                     : put_entry(master, buffer_bytes(&content), buffer_bytes(&outcome),
                                 at, error);
    }
    buffer_free(&content);
    buffer_free(&outcome);
    arena_free(&arena);
    return result;
}

int history_end_refill(struct master *master, struct work *work, bool now,
                       bool *ret_ended, struct error *error) {
    int64_t at = master_now(master);
    *ret_ended =
        master->refill_since != 0 && (now || at - master->refill_since >= REFILL_MS);
    return *ret_ended ? end_refill(master, work, at, error) : 0;
}

static int replay_filled(struct master *master, struct work *work,
                         const struct journal_entry *entry, bool decide,
                         struct error *error) {
    struct arena arena = arena_make(RETRY_MEMORY);
    struct outcome recorded;
    struct verdict *verdicts = NULL;
    size_t count = 0;
    int result = outcome_decode(entry->outcome, &arena, &recorded, error);
    struct retry retry = {master, work,   &arena,           entry->at,
                          true,   decide, recorded.retried, recorded.retried_count};
    if (result == 0) {
        result = apply_filled(master, &retry, &verdicts, &count, error);
    }
    if (result == 0 &&
        !verdicts_same(verdicts, count, recorded.retried, recorded.retried_count)) {
        result = error_set(error, "replay.differs", "",
                           "replaying entry %lld decides otherwise than was recorded",
                           (long long)entry->entry);
    }
    arena_free(&arena);
    return result;
}

int history_apply(struct master *master, struct work *work,
                  const struct journal_entry *entry, bool decide, struct error *error) {
    struct epoch_content content;
    if (content_read(entry->content, &content, error) != 0) {
        return -1;
    }
    return content.action == EPOCH_BEGINS
               ? apply_begin(master, work, entry->content, &content, entry->at, error)
               : replay_filled(master, work, entry, decide, error);
}
