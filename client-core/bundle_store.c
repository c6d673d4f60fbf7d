/*
 * Sealed bundles at the station.
 */
#include "client-core/bundle_store.h"

#include <string.h>

#include "client-core/state.h"

/* --- sealing --------------------------------------------------------------------------------------- */

/* The end of the device's chain. */
struct chain {
    int64_t number;
    int64_t last_seq;
    uint8_t hash[HASH_SIZE];
};

static int chain_read(struct replica *replica, struct chain *ret, struct error *error) {
    static const char sql[] =
        "select number, last_seq, hash from station_bundle order by number desc limit 1";
    sqlite3_stmt *statement = replica_statement(replica, sql, error);
    bool row = false;
    *ret = (struct chain){0};
    if (!statement || replica_step(replica, statement, &row, error) != 0)
        return -1;
    if (row) {
        struct bytes hash = column_bytes(statement, 2);
        ret->number = sqlite3_column_int64(statement, 0);
        ret->last_seq = sqlite3_column_int64(statement, 1);
        if (hash.size == HASH_SIZE)
            memcpy(ret->hash, hash.data, HASH_SIZE);
    }
    sqlite3_reset(statement);
    return 0;
}

/* The work of one bundle. */
struct unsealed {
    struct transaction *transactions;
    int64_t *positions;
    size_t count;
    size_t bytes;
    int64_t time; /* of the last one */
};

static int last_sealed_time(struct replica *replica, int64_t *ret, struct error *error) {
    static const char sql[] = "select time from station_outbox where bundle is not null"
                              " order by position desc limit 1";
    sqlite3_stmt *statement = replica_statement(replica, sql, error);
    return statement ? replica_integer(replica, statement, ret, error) : -1;
}

static int take_unsealed(sqlite3_stmt *statement, const struct clock_anchor *anchor,
                         struct arena *arena, struct unsealed *work,
                         struct error *error) {
    struct clock_reading reading = {
        .wall_ms = sqlite3_column_int64(statement, 2),
        .boot_ms = sqlite3_column_int64(statement, 3),
        .boot = column_id(statement, 4),
    };
    struct transaction *transaction = &work->transactions[work->count];
    struct bytes changes = arena_copy(arena, column_bytes(statement, 8));
    const char *command = column_text(statement, 7);
    work->time = clock_tick(work->time, clock_correct(anchor, &reading));
    work->positions[work->count] = sqlite3_column_int64(statement, 0);
    *transaction = (struct transaction){
        .id = column_id(statement, 1),
        .time = work->time,
        .base = sqlite3_column_int64(statement, 5),
        .user = column_id(statement, 6),
        .command = arena_text(arena, command, strlen(command)),
    };
    if (!changes.data || !transaction->command)
        return error_out_of_memory(error);
    work->bytes += changes.size;
    work->count++;
    return changes_decode(changes, arena, &transaction->changes,
                          &transaction->change_count, error);
}

static int read_unsealed(struct replica *replica, struct arena *arena,
                         struct unsealed *work, struct error *error) {
    static const char sql[] =
        "select position, id, wall_ms, boot_ms, boot, base, user_id, command, changes"
        " from station_outbox where bundle is null order by position limit ?1";
    sqlite3_stmt *statement = replica_statement(replica, sql, error);
    struct progress progress;
    bool row = false;
    int failed = 0;
    *work = (struct unsealed){0};
    work->transactions =
        arena_alloc_array(arena, LIMIT_BUNDLE_TRANSACTIONS, sizeof *work->transactions);
    work->positions =
        arena_alloc_array(arena, LIMIT_BUNDLE_TRANSACTIONS, sizeof *work->positions);
    if (!work->transactions || !work->positions)
        return error_out_of_memory(error);
    if (!statement || progress_read(replica, &progress, error) != 0 ||
        last_sealed_time(replica, &work->time, error) != 0)
        return -1;
    sqlite3_bind_int(statement, 1, LIMIT_BUNDLE_TRANSACTIONS);
    while (!failed && work->bytes < LIMIT_BUNDLE_TARGET) {
        if (replica_step(replica, statement, &row, error) != 0)
            return -1;
        if (!row)
            break;
        failed = take_unsealed(statement, &progress.anchor, arena, work, error);
    }
    sqlite3_reset(statement);
    return failed;
}

static int mark_sealed(struct replica *replica, const struct unsealed *work,
                       int64_t number, struct error *error) {
    static const char sql[] =
        "update station_outbox set bundle = ?2, time = ?3 where position = ?1";
    sqlite3_stmt *statement = replica_statement(replica, sql, error);
    if (!statement)
        return -1;
    for (size_t i = 0; i < work->count; i++) {
        sqlite3_bind_int64(statement, 1, work->positions[i]);
        sqlite3_bind_int64(statement, 2, number);
        sqlite3_bind_int64(statement, 3, work->transactions[i].time);
        if (replica_finish(replica, statement, error) != 0)
            return -1;
    }
    return 0;
}

static int keep_bundle(struct replica *replica, const struct bundle_header *header,
                       struct bytes sealed, const uint8_t hash[HASH_SIZE],
                       struct error *error) {
    static const char sql[] =
        "insert into station_bundle (number, sealed, hash, last_seq,"
        " transactions) values (?1, ?2, ?3, ?4, ?5)";
    sqlite3_stmt *statement = replica_statement(replica, sql, error);
    if (!statement)
        return -1;
    sqlite3_bind_int64(statement, 1, header->number);
    bind_bytes(statement, 2, sealed);
    bind_bytes(statement, 3, (struct bytes){hash, HASH_SIZE});
    sqlite3_bind_int64(statement, 4, header->last_seq);
    sqlite3_bind_int64(statement, 5, header->last_seq - header->first_seq + 1);
    int failed = replica_finish(replica, statement, error);
    sqlite3_clear_bindings(statement);
    return failed;
}

static int seal(struct replica *replica, const struct identity *identity,
                const struct unsealed *work, struct buffer *sealed, struct error *error) {
    struct chain chain;
    uint8_t hash[HASH_SIZE];
    if (chain_read(replica, &chain, error) != 0)
        return -1;
    struct bundle_header header = {
        .format = BUNDLE_FORMAT,
        .org = identity->certificate.org,
        .device = identity->certificate.device,
        .number = chain.number + 1,
        .first_seq = chain.last_seq + 1,
        .last_seq = chain.last_seq + (int64_t)work->count,
        .schema_version = SCHEMA_VERSION,
        .sealed_at = clock_ms(work->time),
    };
    memcpy(header.previous_hash, chain.hash, HASH_SIZE);
    const struct transaction_list list = {work->transactions, work->count};
    if (bundle_seal(&header, list, &identity->keys, sealed, hash, error) != 0 ||
        keep_bundle(replica, &header, buffer_bytes(sealed), hash, error) != 0)
        return -1;
    return mark_sealed(replica, work, header.number, error);
}

int bundle_store_seal(struct replica *replica, const struct identity *identity,
                      int64_t *ret_count, struct error *error) {
    struct arena arena = arena_make((size_t)LIMIT_PAYLOAD * 8);
    struct buffer sealed = buffer_make(LIMIT_BUNDLE);
    struct unsealed work;
    int failed = replica_begin(replica, error);
    if (failed)
        goto out;
    failed = read_unsealed(replica, &arena, &work, error) != 0 ||
             (work.count > 0 && seal(replica, identity, &work, &sealed, error) != 0) ||
             replica_commit(replica, error) != 0;
    if (!failed)
        *ret_count = (int64_t)work.count;
    replica_rollback(replica); /* unless it was committed */
out:
    arena_free(&arena);
    buffer_free(&sealed);
    return failed ? -1 : 0;
}

/* --- sending --------------------------------------------------------------------------------------- */

int bundle_store_open(struct replica *replica, const struct bundle_budget *budget,
                      struct arena *arena, struct bytes **ret, size_t *ret_count,
                      struct error *error) {
    static const char sql[] =
        "select sealed from station_bundle where answered_at is null and number > ?2"
        " order by number limit ?1";
    sqlite3_stmt *statement = replica_statement(replica, sql, error);
    struct bytes *bundles = arena_alloc_array(arena, budget->count + 1, sizeof *bundles);
    size_t count = 0;
    size_t bytes = 0;
    bool row = true;
    if (!bundles)
        return error_out_of_memory(error);
    if (!statement)
        return -1;
    sqlite3_bind_int64(statement, 1, (sqlite3_int64)budget->count);
    sqlite3_bind_int64(statement, 2, budget->after);
    while (row && count < budget->count) {
        if (replica_step(replica, statement, &row, error) != 0)
            return -1;
        struct bytes sealed = row ? column_bytes(statement, 0) : (struct bytes){0};
        if (!row || (count > 0 && bytes + sealed.size > budget->bytes))
            break;
        bytes += sealed.size;
        bundles[count] = arena_copy(arena, sealed);
        if (!bundles[count++].data) {
            sqlite3_reset(statement);
            return error_out_of_memory(error);
        }
    }
    sqlite3_reset(statement);
    *ret = bundles;
    *ret_count = count;
    return 0;
}

int bundle_store_count_open(struct replica *replica, int64_t *ret, struct error *error) {
    static const char sql[] =
        "select count(*) from station_bundle where answered_at is null";
    sqlite3_stmt *statement = replica_statement(replica, sql, error);
    return statement ? replica_integer(replica, statement, ret, error) : -1;
}

int bundle_store_answer(struct replica *replica, int64_t number, const char *code,
                        const struct bundle_times *times, struct error *error) {
    static const char sql[] = "update station_bundle set answered_at = ?2, code = ?3,"
                              " sent_at = coalesce(sent_at, ?4) where number = ?1";
    sqlite3_stmt *statement = replica_statement(replica, sql, error);
    if (!statement)
        return -1;
    sqlite3_bind_int64(statement, 1, number);
    sqlite3_bind_int64(statement, 2, times->answered_at);
    bind_text(statement, 3, code ? code : "");
    sqlite3_bind_int64(statement, 4, times->sent_at);
    int failed = replica_finish(replica, statement, error);
    sqlite3_clear_bindings(statement);
    return failed;
}

int bundle_store_reopen(struct replica *replica, int64_t number, struct error *error) {
    static const char has[] =
        "select exists (select 1 from station_bundle where number = ?1)";
    static const char reopen[] =
        "update station_bundle set answered_at = null where number >= ?1";
    sqlite3_stmt *statement = replica_statement(replica, has, error);
    int64_t kept = 0;
    if (!statement)
        return -1;
    sqlite3_bind_int64(statement, 1, number);
    if (replica_integer(replica, statement, &kept, error) != 0)
        return -1;
    if (!kept)
        return error_set(
            error, "bundle.gap", "",
            "headquarters asks for bundle %lld, which this station does not have",
            (long long)number);
    statement = replica_statement(replica, reopen, error);
    if (!statement)
        return -1;
    sqlite3_bind_int64(statement, 1, number);
    return replica_finish(replica, statement, error);
}
