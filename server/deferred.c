/* Work of a lost history that waits for what it builds on. */
#include "server/deferred.h"

#include <string.h>

#include "server/station.h"
#include "sync/bundle.h"

enum { RETRY_MOST = LIMIT_BUNDLE_TRANSACTIONS, PASSES_MOST = 8 };

bool deferred_code(const char *code) {
    static const char *const CODES[] = {"row.missing", "reference.missing",
                                        "actor.inactive"};
    for (size_t i = 0; i < sizeof CODES / sizeof *CODES; i++) {
        if (strcmp(code, CODES[i]) == 0) {
            return true;
        }
    }
    return strncmp(code, "scope.", 6) == 0; /* grants may be among what is to come */
}

int deferred_put(struct master *master, const struct origin *origin,
                 const struct transaction *transaction, const struct error *why,
                 struct error *error) {
    sqlite3_stmt *statement = master_statement(master, SQL_DEFERRED_PUT, error);
    struct buffer changes = buffer_make(LIMIT_TRANSACTION);
    if (statement == NULL ||
        changes_encode(transaction->changes, transaction->change_count, &changes,
                       error) != 0) {
        buffer_free(&changes);
        return -1;
    }
    sqlite3_bind_blob(statement, 1, transaction->id.bytes, ID_SIZE, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 2, origin->entry);
    sqlite3_bind_blob(statement, 3, origin->device.bytes, ID_SIZE, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 4, origin->lost.epoch);
    sqlite3_bind_int64(statement, 5, origin->lost.base);
    sqlite3_bind_int64(statement, 6, origin->lost.former);
    sqlite3_bind_int64(statement, 7, transaction->base);
    sqlite3_bind_int64(statement, 8, transaction->time);
    sqlite3_bind_blob(statement, 9, transaction->user.bytes, ID_SIZE, SQLITE_STATIC);
    sqlite3_bind_text(statement, 10, transaction->command, -1, SQLITE_STATIC);
    value_bind(statement, 11, value_blob(buffer_bytes(&changes)));
    sqlite3_bind_text(statement, 12, why->code, -1, SQLITE_STATIC);
    sqlite3_bind_text(statement, 13, why->field, -1, SQLITE_STATIC);
    int result = master_run(master, statement, "deferring work", error);
    sqlite3_clear_bindings(statement);
    buffer_free(&changes);
    return result;
}

/* --- trying again ----------------------------------------------------------------------------------- */

struct waiting {
    int64_t position;
    struct id device;
    struct lost_origin lost;
    struct transaction transaction;
};

static struct id id_of_column(sqlite3_stmt *statement, int column) {
    struct id id = {{0}};
    struct bytes bytes = value_of_column(statement, column).bytes;
    if (bytes.size == ID_SIZE) {
        memcpy(id.bytes, bytes.data, ID_SIZE);
    }
    return id;
}

static int read_waiting(const struct retry *retry, int64_t position, struct waiting *ret,
                        struct error *error) {
    sqlite3_stmt *statement = master_statement(retry->master, SQL_DEFERRED_GET, error);
    if (statement == NULL) {
        return -1;
    }
    sqlite3_bind_int64(statement, 1, position);
    int rc = sqlite3_step(statement);
    if (rc != SQLITE_ROW) {
        sqlite3_reset(statement);
        return error_from_sqlite(error, retry->master->db, "reading deferred work");
    }
    struct bytes changes = arena_copy(retry->arena, value_of_column(statement, 9).bytes);
    struct bytes command = value_of_column(statement, 8).bytes;
    *ret = (struct waiting){
        .position = position,
        .device = id_of_column(statement, 1),
        .lost = {.epoch = sqlite3_column_int64(statement, 2),
                 .base = sqlite3_column_int64(statement, 3),
                 .former = sqlite3_column_int64(statement, 4)},
        .transaction = {.id = id_of_column(statement, 0),
                        .base = sqlite3_column_int64(statement, 5),
                        .time = sqlite3_column_int64(statement, 6),
                        .user = id_of_column(statement, 7),
                        .command = arena_text(retry->arena, (const char *)command.data,
                                              command.size)},
    };
    sqlite3_reset(statement);
    if (changes.data == NULL || ret->transaction.command == NULL) {
        return error_out_of_memory(error);
    }
    return changes_decode(changes, retry->arena, &ret->transaction.changes,
                          &ret->transaction.change_count, error);
}

static int drop_waiting(struct master *master, int64_t position, struct error *error) {
    sqlite3_stmt *statement = master_statement(master, SQL_DEFERRED_DROP, error);
    if (statement == NULL) {
        return -1;
    }
    sqlite3_bind_int64(statement, 1, position);
    return master_run(master, statement, "ending a wait", error);
}

/* It is still the device's work: what its certificate allows is asked as ever. */
static int try_one(const struct retry *retry, int64_t position,
                   const struct verdict *recorded, struct verdict *ret,
                   struct error *error) {
    struct master *master = retry->master;
    struct waiting waiting;
    struct station station;
    if (read_waiting(retry, position, &waiting, error) != 0 ||
        station_find(master->db, master->catalogue, waiting.device, retry->arena,
                     &station, error) != 0) {
        return -1;
    }
    struct origin origin = {.station = station.number,
                            .device = station.id,
                            .ceiling = station.ceiling,
                            .actors = station.certificate.actors,
                            .actor_count = station.certificate.actor_count,
                            .everyone = station.certificate.everyone,
                            .family = station.family,
                            .received_at = retry->at,
                            .entry = master->entry + 1,
                            .seen_base = station.seen_base,
                            .schema_version = station.schema_version,
                            .lost = waiting.lost};
    origin.lost.defer = !retry->last;
    if (apply_transaction(master, retry->work, &origin, &waiting.transaction, recorded,
                          retry->arena, ret, error) != 0) {
        return -1;
    }
    return ret->kind == VERDICT_DEFERRED ? 0 : drop_waiting(master, position, error);
}

static int list_positions(const struct retry *retry, int64_t **ret, size_t *ret_count,
                          struct error *error) {
    sqlite3_stmt *statement = master_statement(retry->master, SQL_DEFERRED_LIST, error);
    *ret_count = 0;
    *ret = arena_alloc_array(retry->arena, RETRY_MOST, sizeof **ret);
    if (statement == NULL || *ret == NULL) {
        return statement == NULL ? -1 : error_out_of_memory(error);
    }
    int rc = SQLITE_DONE;
    while (*ret_count < RETRY_MOST && (rc = sqlite3_step(statement)) == SQLITE_ROW) {
        (*ret)[(*ret_count)++] = sqlite3_column_int64(statement, 0);
    }
    sqlite3_reset(statement);
    return rc == SQLITE_DONE || rc == SQLITE_ROW
               ? 0
               : error_from_sqlite(error, retry->master->db, "reading deferred work");
}

/* One of these may be what another waits for: again, as long as something moves. */
static int decide(const struct retry *retry, struct verdict *ret, size_t *ret_count,
                  struct error *error) {
    int64_t *positions = NULL;
    size_t count = 0;
    bool moved = true;
    if (list_positions(retry, &positions, &count, error) != 0) {
        return -1;
    }
    struct retry first = *retry;
    for (int pass = 0; moved && count > 0 && pass < PASSES_MOST; pass++) {
        size_t left = 0;
        first.last = false;
        for (size_t i = 0; i < count; i++) {
            struct verdict *verdict = &ret[*ret_count];
            if (try_one(&first, positions[i], NULL, verdict, error) != 0) {
                return -1;
            }
            bool waits = verdict->kind == VERDICT_DEFERRED;
            positions[left] = positions[i];
            left += waits ? 1 : 0;
            *ret_count += waits ? 0 : 1;
        }
        moved = left < count;
        count = left;
    }
    for (size_t i = 0; i < count && retry->last; i++) {
        if (try_one(retry, positions[i], NULL, &ret[*ret_count], error) != 0) {
            return -1;
        }
        (*ret_count)++;
    }
    return 0;
}

static int find_position(struct master *master, struct id id, int64_t *ret,
                         struct error *error) {
    sqlite3_stmt *statement = master_statement(master, SQL_DEFERRED_FIND, error);
    if (statement == NULL) {
        return -1;
    }
    sqlite3_bind_blob(statement, 1, id.bytes, ID_SIZE, SQLITE_STATIC);
    int rc = sqlite3_step(statement);
    *ret = rc == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
    sqlite3_reset(statement);
    return rc == SQLITE_ROW ? 0
                            : error_set(error, "replay.differs", "",
                                        "the journal ends a wait that never began");
}

static int take_recorded(const struct retry *retry, struct verdict *ret,
                         size_t *ret_count, struct error *error) {
    for (size_t i = 0; i < retry->recorded_count; i++) {
        int64_t position = 0;
        if (find_position(retry->master, retry->recorded[i].transaction, &position,
                          error) != 0 ||
            try_one(retry, position, &retry->recorded[i], &ret[i], error) != 0) {
            return -1;
        }
        (*ret_count)++;
    }
    return 0;
}

int deferred_retry(const struct retry *retry, struct verdict **ret, size_t *ret_count,
                   struct error *error) {
    size_t most = retry->decide ? RETRY_MOST : retry->recorded_count;
    *ret_count = 0;
    *ret = arena_alloc_array(retry->arena, most + 1, sizeof **ret);
    if (*ret == NULL) {
        return error_out_of_memory(error);
    }
    return (retry->decide ? decide : take_recorded)(retry, *ret, ret_count, error);
}
