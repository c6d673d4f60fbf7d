/*
 * Sealed bundles at the station.
 */
#include "client-core/bundle_store.h"

#include <string.h>

#include "client-core/rekey.h"
#include "client-core/state.h"

/* --- sealing --------------------------------------------------------------------------------------- */

int bundle_store_chain(struct replica *replica, struct bundle_chain *ret,
                       struct error *error) {
    static const char sql[] = "select number, last_seq, hash from station_bundle"
                              " where device is null order by position desc limit 1";
    sqlite3_stmt *statement = replica_statement(replica, sql, error);
    bool row = false;
    *ret = (struct bundle_chain){0};
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
    int64_t epoch; /* the history that the bases are of: the same for all */
    int64_t time;  /* of the last one */
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

static int read_unsealed(struct replica *replica, size_t target, struct arena *arena,
                         struct unsealed *work, struct error *error) {
    static const char sql[] =
        "select position, id, wall_ms, boot_ms, boot, base, user_id, command, changes,"
        " coalesce(epoch, 1)"
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
    while (!failed && work->bytes < target) {
        if (replica_step(replica, statement, &row, error) != 0)
            return -1;
        if (!row ||
            (work->count > 0 && sqlite3_column_int64(statement, 9) != work->epoch))
            break;
        work->epoch = sqlite3_column_int64(statement, 9);
        failed = take_unsealed(statement, &progress.anchor, arena, work, error);
    }
    sqlite3_reset(statement);
    return failed;
}

static int mark_sealed(struct replica *replica, const struct unsealed *work,
                       int64_t bundle, struct error *error) {
    static const char sql[] =
        "update station_outbox set bundle = ?2, time = ?3 where position = ?1";
    sqlite3_stmt *statement = replica_statement(replica, sql, error);
    if (!statement)
        return -1;
    for (size_t i = 0; i < work->count; i++) {
        sqlite3_bind_int64(statement, 1, work->positions[i]);
        sqlite3_bind_int64(statement, 2, bundle);
        sqlite3_bind_int64(statement, 3, work->transactions[i].time);
        if (replica_finish(replica, statement, error) != 0)
            return -1;
    }
    return 0;
}

static int keep_bundle(struct replica *replica, const struct bundle_header *header,
                       struct bytes sealed, const uint8_t hash[HASH_SIZE], int64_t epoch,
                       struct error *error) {
    static const char sql[] =
        "insert into station_bundle (number, sealed, hash, last_seq,"
        " transactions, epoch) values (?1, ?2, ?3, ?4, ?5, ?6)";
    sqlite3_stmt *statement = replica_statement(replica, sql, error);
    if (!statement)
        return -1;
    sqlite3_bind_int64(statement, 1, header->number);
    bind_bytes(statement, 2, sealed);
    bind_bytes(statement, 3, (struct bytes){hash, HASH_SIZE});
    sqlite3_bind_int64(statement, 4, header->last_seq);
    sqlite3_bind_int64(statement, 5, header->last_seq - header->first_seq + 1);
    sqlite3_bind_int64(statement, 6, epoch);
    int failed = replica_finish(replica, statement, error);
    sqlite3_clear_bindings(statement);
    return failed;
}

/* When it is sealed tells two copies of a station apart that seal the same work. */
static int sealing_time(struct replica *replica, int64_t *ret, struct error *error) {
    struct clock_reading now = clock_read(replica->env);
    struct progress progress;
    if (progress_read(replica, &progress, error) != 0)
        return -1;
    *ret = clock_correct(&progress.anchor, &now);
    return 0;
}

static int seal(struct replica *replica, const struct identity *identity,
                const struct unsealed *work, struct buffer *sealed, struct error *error) {
    struct bundle_chain chain;
    uint8_t hash[HASH_SIZE];
    int64_t sealed_at = 0;
    int64_t protocol = 0; /* of the server when it last answered */
    if (bundle_store_chain(replica, &chain, error) != 0 ||
        sealing_time(replica, &sealed_at, error) != 0 ||
        setting_integer(replica, "server_protocol", &protocol, error) != 0)
        return -1;
    struct bundle_header header = {
        .format = protocol >= 2 ? BUNDLE_FORMAT_PACKED : BUNDLE_FORMAT,
        .org = identity->certificate.org,
        .device = identity->certificate.device,
        .number = chain.number + 1,
        .first_seq = chain.last_seq + 1,
        .last_seq = chain.last_seq + (int64_t)work->count,
        .schema_version = replica->catalogue->version,
        .sealed_at = sealed_at,
    };
    memcpy(header.previous_hash, chain.hash, HASH_SIZE);
    const struct transaction_list list = {work->transactions, work->count};
    if (bundle_seal(&header, list, &identity->keys, sealed, hash, error) != 0 ||
        keep_bundle(replica, &header, buffer_bytes(sealed), hash, work->epoch, error) !=
            0)
        return -1;
    return mark_sealed(replica, work, sqlite3_last_insert_rowid(replica->db), error);
}

int bundle_store_seal(struct replica *replica, const struct identity *identity,
                      size_t target, int64_t *ret_count, struct error *error) {
    struct arena arena = arena_make((size_t)LIMIT_PAYLOAD * 8);
    struct buffer sealed = buffer_make(LIMIT_BUNDLE);
    struct unsealed work = {0};
    bool rotating = false; /* the request for it has named the last bundle of this key */
    int failed = replica_begin(replica, error);
    if (failed)
        goto out;
    failed = rekey_is_rotating(replica, &rotating, error) != 0 ||
             (!rotating && read_unsealed(replica, target, &arena, &work, error) != 0) ||
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

/* The bundles of one request while it is filled. */
struct filling {
    struct replica *replica;
    const struct bundle_budget *budget;
    struct arena *arena;
    struct open_bundles *open;
    size_t bytes;
};

/* Room for the bundles of one request. */
static int make_room(const struct bundle_budget *budget, struct arena *arena,
                     struct open_bundles *ret, struct error *error) {
    size_t most = budget->count + 1;
    *ret = (struct open_bundles){
        .sealed = arena_alloc_array(arena, most, sizeof *ret->sealed),
        .positions = arena_alloc_array(arena, most, sizeof *ret->positions),
        .former = arena_alloc_array(arena, most, sizeof *ret->former),
        .lost = arena_alloc_array(arena, most, sizeof *ret->lost)};
    return ret->sealed && ret->positions && ret->former && ret->lost
               ? 0
               : error_out_of_memory(error);
}

/* What its transactions were given in a history that headquarters lost; only where it is known of all of them. */
static int read_lost(struct filling *filling, int64_t position, int64_t transactions,
                     struct former_gsns *ret, struct error *error) {
    static const char sql[] = "select coalesce(lost_gsn, 0) from station_outbox"
                              " where bundle = ?1 order by position";
    sqlite3_stmt *statement = replica_statement(filling->replica, sql, error);
    bool row = true;
    int64_t known = 0;
    *ret = (struct former_gsns){0};
    int64_t *gsns =
        arena_alloc_array(filling->arena, (size_t)transactions + 1, sizeof *gsns);
    if (!statement || !gsns)
        return statement ? error_out_of_memory(error) : -1;
    sqlite3_bind_int64(statement, 1, position);
    while (row) {
        if (replica_step(filling->replica, statement, &row, error) != 0)
            return -1;
        if (row && known < transactions)
            gsns[known] = sqlite3_column_int64(statement, 0);
        known += row;
    }
    sqlite3_reset(statement);
    if (known == transactions)
        *ret = (struct former_gsns){gsns, (size_t)transactions};
    return 0;
}

static int add_bundle(struct filling *filling, sqlite3_stmt *statement, bool *ret_full,
                      struct error *error) {
    struct open_bundles *open = filling->open;
    struct bytes sealed = column_bytes(statement, 0);
    int64_t epoch = sqlite3_column_int64(statement, 3);
    size_t i = open->count;
    *ret_full = i > 0 && (filling->bytes + sealed.size > filling->budget->bytes ||
                          epoch != open->epoch);
    if (*ret_full)
        return 0;
    filling->bytes += sealed.size;
    open->epoch = epoch;
    open->positions[i] = sqlite3_column_int64(statement, 1);
    open->former[i] = sqlite3_column_int(statement, 2) != 0;
    open->sealed[i] = arena_copy(filling->arena, sealed);
    open->count++;
    return open->sealed[i].data
               ? read_lost(filling, open->positions[i],
                           sqlite3_column_int64(statement, 4), &open->lost[i], error)
               : error_out_of_memory(error);
}

static int fill(struct filling *filling, sqlite3_stmt *statement, struct error *error) {
    bool row = true;
    bool full = false;
    int failed = 0;
    while (!failed && row && !full && filling->open->count < filling->budget->count) {
        failed = replica_step(filling->replica, statement, &row, error);
        if (!failed && row)
            failed = add_bundle(filling, statement, &full, error);
    }
    sqlite3_reset(statement);
    return failed;
}

static int oldest(struct replica *replica, int64_t *ret, struct error *error) {
    static const char sql[] = "select min(number) from station_bundle"
                              " where device is null";
    sqlite3_stmt *statement = replica_statement(replica, sql, error);
    return statement ? replica_integer(replica, statement, ret, error) : -1;
}

int bundle_store_open(struct replica *replica, const struct bundle_budget *budget,
                      struct arena *arena, struct open_bundles *ret,
                      struct error *error) {
    static const char open[] =
        "select sealed, position, device is not null, epoch, transactions"
        " from station_bundle where answered_at is null and position > ?1"
        " order by position";
    static const char deferred[] =
        "select sealed, position, device is not null, epoch, transactions"
        " from station_bundle where answered_at is not null and deferred = 1"
        " and position > ?1 order by position";
    sqlite3_stmt *statement =
        replica_statement(replica, budget->deferred ? deferred : open, error);
    struct filling filling = {replica, budget, arena, ret, 0};
    if (!statement || make_room(budget, arena, ret, error) != 0 ||
        oldest(replica, &ret->first, error) != 0)
        return -1;
    sqlite3_bind_int64(statement, 1, budget->after);
    return fill(&filling, statement, error);
}

void open_bundles_to_request(const struct open_bundles *open,
                             struct sync_request *request) {
    request->bundles = open->sealed;
    request->bundle_count = open->count;
    request->first_bundle = open->first;
    request->bundle_epoch = open->count > 0 ? open->epoch : request->epoch;
    if (request->bundle_epoch == request->epoch)
        return;
    request->formers = open->lost;
    request->former_count = open->count;
}

int bundle_store_has_deferred(struct replica *replica, int64_t after, bool *ret,
                              struct error *error) {
    static const char sql[] =
        "select exists (select 1 from station_bundle"
        " where deferred = 1 and answered_at is not null and position > ?1)";
    sqlite3_stmt *statement = replica_statement(replica, sql, error);
    int64_t found = 0;
    if (!statement)
        return -1;
    sqlite3_bind_int64(statement, 1, after);
    if (replica_integer(replica, statement, &found, error) != 0)
        return -1;
    *ret = found != 0;
    return 0;
}

int bundle_store_bytes_open(struct replica *replica, int64_t *ret, struct error *error) {
    static const char sql[] =
        "select (select coalesce(sum(length(sealed)), 0) from station_bundle"
        "  where answered_at is null)"
        " + (select coalesce(sum(length(changes)), 0) from station_outbox where bundle is null)";
    sqlite3_stmt *statement = replica_statement(replica, sql, error);
    return statement ? replica_integer(replica, statement, ret, error) : -1;
}

int bundle_store_count_open(struct replica *replica, int64_t *ret, struct error *error) {
    static const char sql[] =
        "select count(*) from station_bundle where answered_at is null";
    sqlite3_stmt *statement = replica_statement(replica, sql, error);
    return statement ? replica_integer(replica, statement, ret, error) : -1;
}

int bundle_store_answer(struct replica *replica, int64_t position, const char *code,
                        const struct bundle_times *times, struct error *error) {
    static const char sql[] =
        "update station_bundle set answered_at = ?2, code = ?3,"
        " sent_at = coalesce(sent_at, ?4), deferred = ?5 where position = ?1";
    sqlite3_stmt *statement = replica_statement(replica, sql, error);
    if (!statement)
        return -1;
    sqlite3_bind_int64(statement, 1, position);
    sqlite3_bind_int64(statement, 2, times->answered_at);
    bind_text(statement, 3, code ? code : "");
    sqlite3_bind_int64(statement, 4, times->sent_at);
    sqlite3_bind_int(statement, 5, times->deferred);
    int failed = replica_finish(replica, statement, error);
    sqlite3_clear_bindings(statement);
    return failed;
}

int bundle_store_reopen(struct replica *replica, int64_t number, struct error *error) {
    static const char has[] =
        "select exists (select 1 from station_bundle where device is null and number = ?1)";
    static const char reopen[] = "update station_bundle set answered_at = null"
                                 " where device is null and number >= ?1";
    /* What was said of it was said in a history that headquarters does not have. */
    static const char entries[] =
        "update station_outbox set lost_gsn = coalesce(lost_gsn,"
        " case when verdict in (1, 2) then gsn end), verdict = null, gsn = null,"
        " code = '', field = '', message = '', answered_at = null"
        " where verdict is not null and bundle in"
        " (select position from station_bundle where device is null and number >= ?1)";
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
    statement = replica_statement(replica, entries, error);
    if (!statement)
        return -1;
    sqlite3_bind_int64(statement, 1, number);
    if (replica_finish(replica, statement, error) != 0)
        return -1;
    statement = replica_statement(replica, reopen, error);
    if (!statement)
        return -1;
    sqlite3_bind_int64(statement, 1, number);
    return replica_finish(replica, statement, error);
}

int bundle_store_hash(struct replica *replica, int64_t number, uint8_t ret[HASH_SIZE],
                      bool *ret_found, struct error *error) {
    static const char sql[] =
        "select hash from station_bundle where device is null and number = ?1";
    sqlite3_stmt *statement = replica_statement(replica, sql, error);
    bool row = false;
    if (!statement)
        return -1;
    sqlite3_bind_int64(statement, 1, number);
    if (replica_step(replica, statement, &row, error) != 0)
        return -1;
    struct bytes hash = row ? column_bytes(statement, 0) : (struct bytes){0};
    *ret_found = hash.size == HASH_SIZE;
    if (*ret_found)
        memcpy(ret, hash.data, HASH_SIZE);
    sqlite3_reset(statement);
    return 0;
}

int bundle_store_find(struct replica *replica, int64_t number, int64_t *ret,
                      struct error *error) {
    static const char sql[] =
        "select position from station_bundle where device is null and number = ?1";
    sqlite3_stmt *statement = replica_statement(replica, sql, error);
    if (!statement)
        return -1;
    sqlite3_bind_int64(statement, 1, number);
    return replica_integer(replica, statement, ret, error);
}

/* --- sealing again --------------------------------------------------------------------------------- */

static int run_plain(struct replica *replica, const char *sql, struct error *error) {
    sqlite3_stmt *statement = replica_statement(replica, sql, error);
    return statement ? replica_finish(replica, statement, error) : -1;
}

int bundle_store_unseal_open(struct replica *replica, struct error *error) {
    /* A bundle that was answered once and is sent again stays as it is: what it holds has its verdicts. */
    static const char drop[] =
        "delete from station_bundle where answered_at is null and device is null and exists"
        " (select 1 from station_outbox o where o.bundle = station_bundle.position"
        " and o.verdict is null)";
    static const char unseal[] =
        "update station_outbox set bundle = null where verdict is null"
        " and bundle is not null and not exists"
        " (select 1 from station_bundle b where b.position = station_outbox.bundle)";
    return run_plain(replica, drop, error) != 0 ? -1 : run_plain(replica, unseal, error);
}

int bundle_store_unseal(struct replica *replica, int64_t position, struct error *error) {
    static const char unseal[] =
        "update station_outbox set bundle = null, verdict = null, gsn = null, active = 1,"
        " answered_at = null where bundle = ?1";
    static const char drop[] = "delete from station_bundle where position = ?1";
    sqlite3_stmt *first = replica_statement(replica, unseal, error);
    sqlite3_stmt *second = replica_statement(replica, drop, error);
    if (!first || !second)
        return -1;
    sqlite3_bind_int64(first, 1, position);
    sqlite3_bind_int64(second, 1, position);
    return replica_finish(replica, first, error) != 0
               ? -1
               : replica_finish(replica, second, error);
}

int bundle_store_hand_over(struct replica *replica, const struct id *device,
                           struct error *error) {
    static const char sql[] =
        "update station_bundle set device = ?1 where device is null";
    sqlite3_stmt *statement = replica_statement(replica, sql, error);
    if (!statement)
        return -1;
    bind_id(statement, 1, device);
    return replica_finish(replica, statement, error);
}
