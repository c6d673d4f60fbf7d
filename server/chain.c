/* Bundles into the chain of their device, and their transactions into the master. */
#include "server/chain.h"

#include <string.h>

#include "server/deferred.h"
#include "server/history.h"
#include "server/journal.h"
#include "server/verdicts.h"

/* By the key that the device had when it sealed this part of its chain. */
static int verify_bundle(const struct bundle_envelope *envelope,
                         const struct station *station, struct error *error) {
    int64_t number = envelope->header.number;
    for (size_t i = 0; i < station->former_count; i++) {
        const struct former_key *former = &station->former[i];
        if (number > former->last_number) {
            continue;
        }
        if (number == former->last_number &&
            memcmp(envelope->hash, former->last_hash, HASH_SIZE) != 0) {
            return error_set(error, "bundle.key", "number",
                             "the bundle is not the one that the former key named as "
                             "its last");
        }
        return bundle_verify(envelope, &former->key, error);
    }
    return bundle_verify(envelope, &station->key, error);
}

void chain_open(struct bytes sealed, const struct station *station, struct id org,
                struct arena *arena, struct incoming_bundle *ret) {
    memset(ret, 0, sizeof *ret);
    ret->sealed = sealed;
    struct bundle_envelope *envelope = &ret->envelope;
    if (sealed.size > LIMIT_BUNDLE) {
        error_set(&ret->refused, "bundle.size", "bundle", "a bundle has at most %d bytes",
                  LIMIT_BUNDLE);
        return;
    }
    if (bundle_open(sealed, envelope, &ret->refused) != 0) {
        ret->starved = error_is(&ret->refused, "memory");
        return;
    }
    if (!id_equal(envelope->header.org, org)) {
        error_set(&ret->refused, "bundle.org", "org",
                  "the bundle is for another company");
        return;
    }
    if (!id_equal(envelope->header.device, station->id)) {
        error_set(&ret->refused, "bundle.device", "device",
                  "the bundle is another device's");
        return;
    }
    if (verify_bundle(envelope, station, &ret->refused) != 0) {
        return;
    }
    bundle_read(envelope, arena, &ret->transactions, &ret->transaction_count,
                &ret->unreadable);
    /* What takes more than a bundle may is refused for good; what this machine has no memory for now is not. */
    ret->starved = error_is(&ret->unreadable, "memory") && !arena->full;
}

/* --- the chain --------------------------------------------------------------------------------------- */

/* What was decided then; and since, of what had to wait. */
static int read_outcome(struct master *master, int64_t entry, struct arena *arena,
                        struct bundle_answer *ret, struct error *error) {
    struct outcome outcome;
    sqlite3_stmt *statement = master_statement(master, SQL_JOURNAL_OUTCOME, error);
    if (statement == NULL) {
        return -1;
    }
    sqlite3_bind_int64(statement, 1, entry);
    int rc = sqlite3_step(statement);
    int result =
        rc == SQLITE_ROW
            ? outcome_decode(value_of_column(statement, 0).bytes, arena, &outcome, error)
            : error_from_sqlite(error, master->db, "reading an outcome");
    sqlite3_reset(statement);
    for (size_t i = 0; result == 0 && i < outcome.count; i++) {
        struct verdict *verdict = &outcome.verdicts[i];
        struct verdict now;
        bool known = false;
        if (verdict->kind == VERDICT_DEFERRED) {
            result =
                verdict_find(master, verdict->transaction, arena, &now, &known, error);
            *verdict = known ? now : *verdict;
        }
    }
    if (result == 0) {
        ret->verdicts = outcome.verdicts;
        ret->verdict_count = outcome.count;
    }
    return result;
}

static int known_bundle(struct master *master, const struct station *station,
                        const struct incoming_bundle *bundle, struct arena *arena,
                        struct bundle_answer *ret, struct error *error) {
    sqlite3_stmt *statement = master_statement(master, SQL_BUNDLE_GET, error);
    if (statement == NULL) {
        return -1;
    }
    sqlite3_bind_int64(statement, 1, station->number);
    sqlite3_bind_int64(statement, 2, bundle->envelope.header.number);
    int rc = sqlite3_step(statement);
    struct bytes hash =
        rc == SQLITE_ROW ? value_of_column(statement, 0).bytes : (struct bytes){NULL, 0};
    bool same = hash.size == HASH_SIZE &&
                memcmp(hash.data, bundle->envelope.hash, HASH_SIZE) == 0;
    int64_t entry = rc == SQLITE_ROW ? sqlite3_column_int64(statement, 1) : 0;
    sqlite3_reset(statement);
    if (rc != SQLITE_ROW && rc != SQLITE_DONE) {
        return error_from_sqlite(error, master->db, "looking for a bundle");
    }
    if (rc == SQLITE_DONE) {
        ret->code = "bundle.chain";
        ret->message =
            "the device said before that it does not have this bundle any more";
        return 0;
    }
    if (!same) {
        ret->accepted = false;
        ret->code = "bundle.fork";
        ret->message =
            "another bundle with this number was received before: the device was "
            "cloned or restored";
        return 0;
    }
    ret->accepted = true;
    return read_outcome(master, entry, arena, ret, error);
}

static bool follows_chain(const struct station *station,
                          const struct incoming_bundle *bundle,
                          struct bundle_answer *ret) {
    const struct bundle_header *header = &bundle->envelope.header;
    bool gap = header->number > station->last_number + 1;
    if (gap && bundle->epoch != 0 && bundle->first) {
        return true; /* what was before it is lost at both ends */
    }
    if (gap) {
        ret->code = "bundle.gap";
        ret->message = "a bundle before this one is missing";
    } else if (memcmp(header->previous_hash, station->last_hash, HASH_SIZE) != 0) {
        ret->code = "bundle.chain";
        ret->message = "the bundle does not follow the one received before";
    } else if (header->first_seq != station->last_seq + 1 ||
               header->last_seq < header->first_seq) {
        ret->code = "bundle.sequence";
        ret->message =
            "the bundle's sequence numbers do not follow the ones received before";
    } else {
        return true;
    }
    return false;
}

/* --- merging what it holds ------------------------------------------------------------------------------- */

/* A device does not go back to an older program: rules that hold since a version hold for it. */
static int64_t newest_schema(const struct station *station,
                             const struct incoming_bundle *bundle) {
    int64_t named = bundle->envelope.header.schema_version;
    return named > station->schema_version ? named : station->schema_version;
}

static struct origin origin_of(const struct master *master, const struct station *station,
                               const struct incoming_bundle *bundle, int64_t at) {
    return (struct origin){.station = station->number,
                           .device = station->id,
                           .ceiling = station->ceiling,
                           .actors = station->certificate.actors,
                           .actor_count = station->certificate.actor_count,
                           .everyone = station->certificate.everyone,
                           .family = station->family,
                           .received_at = at,
                           .entry = master->entry + 1,
                           .seen_base = station->seen_base,
                           .schema_version = newest_schema(station, bundle)};
}

/* A bundle whose payload cannot be read is refused as a whole; its transactions are unknown. */
static int refuse_payload(const struct incoming_bundle *bundle, int64_t gsn,
                          struct arena *arena, struct bundle_answer *ret,
                          struct error *error) {
    ret->verdicts = arena_alloc(arena, sizeof *ret->verdicts);
    if (ret->verdicts == NULL) {
        return error_out_of_memory(error);
    }
    ret->verdict_count = 1;
    ret->verdicts[0] =
        (struct verdict){.kind = VERDICT_REFUSED,
                         .gsn = gsn,
                         .code = "bundle.payload",
                         .field = arena_text(arena, bundle->unreadable.code,
                                             strlen(bundle->unreadable.code)),
                         .message = arena_text(arena, bundle->unreadable.message,
                                               strlen(bundle->unreadable.message))};
    return ret->verdicts[0].field && ret->verdicts[0].message
               ? 0
               : error_out_of_memory(error);
}

/* Work of a lost history speaks of it: of what it names, only what is also this server's counts. */
static void lay_over(const struct incoming_bundle *bundle, size_t i, int64_t from,
                     const struct master *master, struct transaction *transaction,
                     struct lost_origin *ret) {
    *ret = (struct lost_origin){0};
    if (bundle->epoch == 0) {
        return;
    }
    *ret =
        (struct lost_origin){.epoch = bundle->epoch,
                             .base = transaction->base,
                             .former = i < bundle->former_count ? bundle->formers[i] : 0,
                             .defer = master->refill_since != 0};
    transaction->base = transaction->base < from ? transaction->base : from;
}

/* What waits may be what was only waiting for these. */
static int retry_deferred(struct chain *chain, const struct outcome *recorded,
                          struct error *error) {
    struct retry retry = {.master = chain->master,
                          .work = chain->work,
                          .arena = chain->arena,
                          .at = chain->at,
                          .decide = recorded == NULL};
    if (recorded != NULL) {
        retry.recorded = recorded->retried;
        retry.recorded_count = recorded->retried_count;
    }
    return deferred_retry(&retry, &chain->retried, &chain->retried_count, error);
}

static bool is_merged(const struct verdict *verdict) {
    return verdict->kind == VERDICT_MERGED || verdict->kind == VERDICT_CONFLICTS;
}

/* `recorded` (may be NULL): what the journal holds; it is followed. */
static int merge_each(struct chain *chain, const struct incoming_bundle *bundle,
                      const struct outcome *recorded, struct bundle_answer *ret,
                      struct error *error) {
    struct master *master = chain->master;
    struct origin origin = origin_of(master, chain->station, bundle, chain->at);
    int64_t from = INT64_MAX;
    if (bundle->epoch != 0 &&
        history_from(master->db, bundle->epoch, &from, error) != 0) {
        return -1;
    }
    for (size_t i = 0; i < bundle->transaction_count; i++) {
        struct transaction transaction = bundle->transactions[i];
        lay_over(bundle, i, from, master, &transaction, &origin.lost);
        if (apply_transaction(master, chain->work, &origin, &transaction,
                              recorded ? &recorded->verdicts[i] : NULL, chain->arena,
                              &ret->verdicts[i], error) != 0) {
            return -1;
        }
        if (chain->work->must_undo) {
            return 0;
        }
        if (bundle->epoch != 0 && is_merged(&ret->verdicts[i]) &&
            kin_share_again(master, chain->station->number,
                            bundle->envelope.header.number, ret->verdicts[i].gsn,
                            error) != 0) {
            return -1;
        }
        int64_t base = transaction.base;
        if (base > origin.seen_base && base <= master->gsn) {
            origin.seen_base = chain->station->seen_base = base;
        }
    }
    return 0;
}

/* Most bundles hold nothing that is refused: one savepoint around all of it, and only when something has to be
 * undone all again, each transaction with its own. (Within a savepoint SQLite copies every page before its first
 * change: for a hundred rows a transaction that is a third of all the time that merging takes.) */
static int merge_together(struct chain *chain, const struct incoming_bundle *bundle,
                          const struct outcome *recorded, struct bundle_answer *ret,
                          struct error *error) {
    struct master *master = chain->master;
    int64_t gsn = master->gsn;
    int64_t seen_base = chain->station->seen_base;
    if (master_savepoint(master, error) != 0) {
        return -1;
    }
    chain->work->unguarded = true;
    int result = merge_each(chain, bundle, recorded, ret, error);
    chain->work->unguarded = false;
    if (result != 0) {
        return -1;
    }
    if (!chain->work->must_undo) {
        return master_release(master, error);
    }
    if (master_undo(master, error) != 0) {
        return -1;
    }
    master->gsn = gsn;
    chain->station->seen_base = seen_base;
    return merge_each(chain, bundle, recorded, ret, error);
}

static int merge_bundle(struct chain *chain, const struct incoming_bundle *bundle,
                        const struct outcome *recorded, struct bundle_answer *ret,
                        struct error *error) {
    size_t count = bundle->transaction_count;
    chain->retried = NULL;
    chain->retried_count = 0;
    if (bundle->starved) {
        return error_out_of_memory(error);
    }
    if (bundle->unreadable.code[0] != '\0') {
        return refuse_payload(bundle, chain->master->gsn, chain->arena, ret, error);
    }
    ret->verdicts = arena_alloc_array(chain->arena, count + 1, sizeof *ret->verdicts);
    if (ret->verdicts == NULL) {
        return error_out_of_memory(error);
    }
    ret->verdict_count = count;
    return (count > 1 ? merge_together : merge_each)(chain, bundle, recorded, ret, error);
}

static int move_chain(struct master *master, struct station *station,
                      const struct incoming_bundle *bundle, struct error *error) {
    const struct bundle_header *header = &bundle->envelope.header;
    station->last_number = header->number;
    station->last_seq = header->last_seq;
    station->schema_version = newest_schema(station, bundle);
    memcpy(station->last_hash, bundle->envelope.hash, HASH_SIZE);
    sqlite3_stmt *statement = master_statement(master, SQL_STATION_HEAD, error);
    if (statement == NULL) {
        return -1;
    }
    sqlite3_bind_int64(statement, 1, station->number);
    sqlite3_bind_int64(statement, 2, header->number);
    sqlite3_bind_int64(statement, 3, header->last_seq);
    sqlite3_bind_blob(statement, 4, station->last_hash, HASH_SIZE, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 5, station->seen_base);
    sqlite3_bind_int64(statement, 6, station->schema_version);
    if (master_run(master, statement, "moving a device's chain", error) != 0) {
        return -1;
    }
    statement = master_statement(master, SQL_BUNDLE_PUT, error);
    if (statement == NULL) {
        return -1;
    }
    sqlite3_bind_int64(statement, 1, station->number);
    sqlite3_bind_int64(statement, 2, header->number);
    sqlite3_bind_blob(statement, 3, bundle->envelope.hash, HASH_SIZE, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 4, master->entry + 1);
    return master_run(master, statement, "indexing a bundle", error);
}

/* Into the chain; then what waits is tried again, also the device's own, as the device that it is now. */
static int take_in(struct chain *chain, const struct incoming_bundle *bundle,
                   const struct outcome *recorded, struct bundle_answer *ret,
                   struct error *error) {
    if (merge_bundle(chain, bundle, recorded, ret, error) != 0 ||
        move_chain(chain->master, chain->station, bundle, error) != 0) {
        return -1;
    }
    bool retries = bundle->epoch != 0 && bundle->unreadable.code[0] == '\0';
    return retries ? retry_deferred(chain, recorded, error) : 0;
}

static int journal_bundle(const struct chain *chain, const struct incoming_bundle *bundle,
                          const struct bundle_answer *answer, struct error *error) {
    struct buffer bytes = buffer_make(LIMIT_PAYLOAD);
    const struct outcome outcome = {.epoch = bundle->epoch,
                                    .verdicts = answer->verdicts,
                                    .count = answer->verdict_count,
                                    .retried = chain->retried,
                                    .retried_count = chain->retried_count,
                                    .formers = (int64_t *)bundle->formers,
                                    .former_count = bundle->former_count};
    outcome_encode(&outcome, &bytes);
    struct journal_entry entry = {.kind = ENTRY_BUNDLE,
                                  .at = chain->at,
                                  .station = chain->station->number,
                                  .content = bundle->sealed,
                                  .outcome = buffer_bytes(&bytes)};
    int result = bytes.failed ? error_out_of_memory(error)
                              : journal_put(chain->master, &entry, error);
    buffer_free(&bytes);
    return result;
}

int chain_take(struct chain *chain, const struct incoming_bundle *bundle,
               struct bundle_answer *ret, struct error *error) {
    struct master *master = chain->master;
    struct station *station = chain->station;
    const struct bundle_header *header = &bundle->envelope.header;
    *ret = (struct bundle_answer){.number = header->number, .code = "", .message = ""};
    int result = 0;
    if (bundle->starved) {
        return error_out_of_memory(error);
    }
    if (bundle->refused.code[0] != '\0') {
        ret->code = bundle->refused.code;
        ret->message = bundle->refused.message;
    } else if (header->number <= station->last_number) {
        result = known_bundle(master, station, bundle, chain->arena, ret, error);
    } else if (follows_chain(station, bundle, ret)) {
        ret->accepted = true;
        result = take_in(chain, bundle, NULL, ret, error) ||
                         journal_bundle(chain, bundle, ret, error)
                     ? -1
                     : 0;
    }
    ret->expected_number = station->last_number + 1;
    return result;
}

int chain_known(struct chain *chain, const struct incoming_bundle *bundle,
                struct bundle_answer *ret, bool *ret_known, struct error *error) {
    struct bundle_answer answer = *ret;
    *ret_known = false;
    if (bundle->envelope.header.number > chain->station->last_number) {
        return 0;
    }
    if (known_bundle(chain->master, chain->station, bundle, chain->arena, &answer,
                     error) != 0) {
        return -1;
    }
    if (answer.accepted) {
        *ret = answer;
        *ret_known = true;
    }
    return 0;
}

int chain_release(struct chain *chain, const struct incoming_bundle *bundle,
                  struct bundle_answer *ret, struct error *error) {
    return merge_bundle(chain, bundle, NULL, ret, error);
}

/* --- replay ------------------------------------------------------------------------------------------------ */

typedef int (*take_function)(struct chain *chain, const struct incoming_bundle *bundle,
                             const struct outcome *recorded, struct bundle_answer *ret,
                             struct error *error);

/* The decisions of an entry, made again or taken, are what was recorded. */
static int decide_again(struct chain *chain, const struct incoming_bundle *bundle,
                        const struct outcome *recorded, take_function take, bool decide,
                        struct error *error) {
    long long entry = chain->master->entry + 1;
    struct bundle_answer answer = {.number = bundle->envelope.header.number,
                                   .accepted = true,
                                   .code = "",
                                   .message = ""};
    bool readable = bundle->unreadable.code[0] == '\0';
    if (readable && recorded->count != bundle->transaction_count) {
        return error_set(error, "journal.outcome", "", "entry %lld has no whole outcome",
                         entry);
    }
    if (take(chain, bundle, decide ? NULL : recorded, &answer, error) != 0) {
        return -1;
    }
    bool same = verdicts_same(answer.verdicts, answer.verdict_count, recorded->verdicts,
                              recorded->count) &&
                verdicts_same(chain->retried, chain->retried_count, recorded->retried,
                              recorded->retried_count);
    return same ? 0
                : error_set(error, "replay.differs", "",
                            "replaying entry %lld decides otherwise than was recorded",
                            entry);
}

int chain_replay_released(struct chain *chain, const struct incoming_bundle *bundle,
                          const struct outcome *recorded, bool decide,
                          struct error *error) {
    return decide_again(chain, bundle, recorded, merge_bundle, decide, error);
}

int chain_replay(struct chain *chain, const struct incoming_bundle *bundle,
                 const struct outcome *recorded, bool decide, struct error *error) {
    struct station *station = chain->station;
    const struct bundle_header *header = &bundle->envelope.header;
    long long entry = chain->master->entry + 1;
    struct bundle_answer answer = {
        .number = header->number, .accepted = true, .code = "", .message = ""};
    struct bundle_answer place = answer;
    if (bundle->refused.code[0] != '\0') {
        *error = bundle->refused;
        return -1;
    }
    if (header->number <= station->last_number ||
        !follows_chain(station, bundle, &place)) {
        return error_set(error, "journal.chain", "",
                         "entry %lld does not follow its device's chain", entry);
    }
    return decide_again(chain, bundle, recorded, take_in, decide, error);
}
