/* Work of revoked devices: kept, listed, released, discarded. */
#include "server/quarantine.h"

#include <stdlib.h>
#include <string.h>

#include "server/history.h"
#include "server/internal.h"
#include "server/journal.h"
#include "server/revoke.h"
#include "server/verdicts.h"
#include "sync/wire.h"

enum { QUARANTINE_MEMORY = 256 * 1024 * 1024, RELEASED = 1, DISCARDED = 2 };

/* --- keeping ------------------------------------------------------------------------------------------ */

static int bytes_of(struct master *master, int64_t station, int64_t *ret,
                    struct error *error) {
    static const char SQL[] = "select coalesce(sum(length(sealed)), 0) from quarantine"
                              " where station = ? and decided is null";
    sqlite3_stmt *statement = NULL;
    if (database_statement(master->db, SQL, &statement, error) != 0) {
        return -1;
    }
    sqlite3_bind_int64(statement, 1, station);
    int rc = sqlite3_step(statement);
    *ret = rc == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
    sqlite3_finalize(statement);
    return rc == SQLITE_ROW
               ? 0
               : error_from_sqlite(error, master->db, "looking into the quarantine");
}

static int keep(const struct chain *chain, const struct incoming_bundle *bundle,
                struct error *error) {
    static const char SQL[] =
        "insert into quarantine (station, number, hash, sealed, transactions, received_at)"
        " values (?, ?, ?, ?, ?, ?) on conflict (hash) do nothing";
    const struct bundle_envelope *envelope = &bundle->envelope;
    const struct bundle_header *header = &envelope->header;
    sqlite3_stmt *statement = NULL;
    if (database_statement(chain->master->db, SQL, &statement, error) != 0) {
        return -1;
    }
    sqlite3_bind_int64(statement, 1, chain->station->number);
    sqlite3_bind_int64(statement, 2, header->number);
    sqlite3_bind_blob(statement, 3, envelope->hash, HASH_SIZE, SQLITE_STATIC);
    value_bind(statement, 4, value_blob(bundle->sealed));
    sqlite3_bind_int64(statement, 5, header->last_seq - header->first_seq + 1);
    sqlite3_bind_int64(statement, 6, chain->at);
    int result = master_run(chain->master, statement, "keeping a bundle", error);
    sqlite3_finalize(statement);
    return result;
}

int quarantine_take(struct chain *chain, const struct incoming_bundle *bundle,
                    struct bundle_answer *ret, struct error *error) {
    const struct bundle_header *header = &bundle->envelope.header;
    int64_t bytes = 0;
    bool merged = false;
    *ret = (struct bundle_answer){.number = header->number,
                                  .code = "",
                                  .message = "",
                                  .expected_number = chain->station->last_number + 1};
    if (bundle->refused.code[0] != '\0') {
        ret->code = bundle->refused.code;
        ret->message = bundle->refused.message;
        return 0;
    }
    if (chain_known(chain, bundle, ret, &merged, error) != 0) {
        return -1;
    }
    if (merged) {
        return 0;
    }
    if (bytes_of(chain->master, chain->station->number, &bytes, error) != 0) {
        return -1;
    }
    if (bytes + (int64_t)bundle->sealed.size > LIMIT_QUARANTINE) {
        ret->code = "quarantine.full";
        ret->message = "headquarters keeps too much work of this revoked station already";
        return 0;
    }
    ret->code = "bundle.quarantined";
    ret->message = "this station was revoked; headquarters keeps its work and decides";
    return keep(chain, bundle, error);
}

/* --- entries ------------------------------------------------------------------------------------------- */

struct decision {
    int64_t what;
    struct id by; /* zero: nobody is named */
    struct bytes bundle;
};

static void decision_encode(const struct decision *decision, struct buffer *ret) {
    wire_put_array(ret, 3);
    wire_put_integer(ret, decision->what);
    if (id_is_zero(decision->by)) {
        wire_put_null(ret);
    } else {
        wire_put_id(ret, decision->by);
    }
    wire_put_bytes(ret, decision->bundle);
}

static int decision_read(struct bytes content, struct decision *ret,
                         struct error *error) {
    struct wire_document *document = NULL;
    size_t count = 0;
    memset(ret, 0, sizeof *ret);
    if (wire_open(content, &document, error) != 0) {
        return -1;
    }
    const struct wire_node *root = wire_root(document);
    int result = wire_array(root, "release", 3, 3, &count, error) != 0 ||
                         wire_integer(wire_item(root, 0), "what", RELEASED, DISCARDED,
                                      &ret->what, error) != 0 ||
                         wire_bytes(wire_item(root, 2), "bundle", 1, LIMIT_BUNDLE,
                                    &ret->bundle, error) != 0
                     ? -1
                     : 0;
    if (result == 0 && !wire_is_null(wire_item(root, 1))) {
        result = wire_id(wire_item(root, 1), "by", &ret->by, error);
    }
    wire_close(document);
    return result;
}

/* Opens the bundle with the keys of the device that sealed it, which becomes the chain's. */
static int open_released(struct chain *chain, struct bytes sealed,
                         struct station *station, struct incoming_bundle *ret,
                         struct error *error) {
    struct bundle_envelope envelope;
    struct master *master = chain->master;
    if (bundle_open(sealed, &envelope, error) != 0 ||
        station_find(master->db, master->catalogue, envelope.header.device, chain->arena,
                     station, error) != 0) {
        return -1;
    }
    chain_open(sealed, station, master->org, chain->arena, ret);
    chain->station = station;
    if (ret->refused.code[0] == '\0') {
        return 0;
    }
    *error = ret->refused;
    return -1;
}

int quarantine_replay(struct chain *chain, struct bytes content, struct bytes outcome,
                      bool decide, struct error *error) {
    struct decision decision;
    struct station station;
    struct incoming_bundle bundle;
    struct outcome recorded;
    if (decision_read(content, &decision, error) != 0) {
        return -1;
    }
    if (decision.what == DISCARDED) {
        return 0;
    }
    if (open_released(chain, decision.bundle, &station, &bundle, error) != 0 ||
        outcome_decode(outcome, chain->arena, &recorded, error) != 0) {
        return -1;
    }
    return chain_replay_released(chain, &bundle, &recorded, decide, error);
}

static int journal_decision(struct chain *chain, const struct decision *decision,
                            const struct bundle_answer *answer, struct error *error) {
    struct buffer content = buffer_make(LIMIT_BUNDLE + LIMIT_TEXT);
    struct buffer outcome = buffer_make(LIMIT_PAYLOAD);
    decision_encode(decision, &content);
    if (answer != NULL) {
        outcome_encode(&(struct outcome){.verdicts = answer->verdicts,
                                         .count = answer->verdict_count},
                       &outcome);
    }
    struct journal_entry entry = {.kind = ENTRY_RELEASE,
                                  .at = chain->at,
                                  .station = chain->station->number,
                                  .content = buffer_bytes(&content),
                                  .outcome = buffer_bytes(&outcome)};
    int result = content.failed || outcome.failed
                     ? error_out_of_memory(error)
                     : journal_put(chain->master, &entry, error);
    buffer_free(&content);
    buffer_free(&outcome);
    return result;
}

/* --- deciding -------------------------------------------------------------------------------------------- */

struct settling {
    struct chain chain;
    struct work work;
    const struct quarantine_options *options;
    struct quarantine_report *report;
};

static int release(struct settling *settling, struct bytes sealed, struct error *error) {
    struct chain *chain = &settling->chain;
    struct station station;
    struct incoming_bundle bundle;
    struct bundle_answer answer = {.code = "", .message = ""};
    const struct decision decision = {RELEASED, settling->options->by, sealed};
    if (open_released(chain, sealed, &station, &bundle, error) != 0 ||
        chain_release(chain, &bundle, &answer, error) != 0 ||
        journal_decision(chain, &decision, &answer, error) != 0) {
        return -1;
    }
    for (size_t i = 0; i < answer.verdict_count; i++) {
        enum verdict_kind kind = answer.verdicts[i].kind;
        settling->report->transactions++;
        settling->report->refused += kind == VERDICT_REFUSED;
    }
    return 0;
}

static int discard(struct settling *settling, struct bytes hash, int64_t transactions,
                   struct error *error) {
    const struct decision decision = {DISCARDED, settling->options->by, hash};
    settling->report->transactions += transactions;
    return journal_decision(&settling->chain, &decision, NULL, error);
}

/* One bundle: what is decided is not kept here any more, but that it is known. */
static int settle_one(struct settling *settling, int64_t row, struct error *error) {
    static const char SQL[] =
        "select sealed, hash, transactions from quarantine where position = ?";
    static const char DONE[] = "update quarantine set decided = ?2, decided_at = ?3,"
                               " sealed = x'' where position = ?1";
    struct chain *chain = &settling->chain;
    sqlite3 *db = chain->master->db;
    sqlite3_stmt *statement = NULL;
    sqlite3_stmt *done = NULL;
    bool releases = settling->options->release;
    int result = -1;
    if (database_statement(db, SQL, &statement, error) != 0 ||
        database_statement(db, DONE, &done, error) != 0) {
        goto out;
    }
    sqlite3_bind_int64(statement, 1, row);
    if (sqlite3_step(statement) != SQLITE_ROW) {
        error_from_sqlite(error, db, "reading the quarantine");
        goto out;
    }
    struct bytes sealed = arena_copy(chain->arena, value_of_column(statement, 0).bytes);
    struct bytes hash = arena_copy(chain->arena, value_of_column(statement, 1).bytes);
    int64_t transactions = sqlite3_column_int64(statement, 2);
    if (sealed.data == NULL || hash.data == NULL) {
        error_out_of_memory(error);
        goto out;
    }
    sqlite3_bind_int64(done, 1, row);
    sqlite3_bind_int(done, 2, releases ? RELEASED : DISCARDED);
    sqlite3_bind_int64(done, 3, chain->at);
    result = (releases ? release(settling, sealed, error)
                       : discard(settling, hash, transactions, error)) != 0
                 ? -1
                 : master_run(chain->master, done, "settling the quarantine", error);
    settling->report->bundles += result == 0;
out:
    sqlite3_finalize(statement);
    sqlite3_finalize(done);
    return result;
}

/* The undecided bundles of the device and its family, in the order in which they came. */
static int next_row(struct settling *settling, int64_t after, int64_t root, int64_t *ret,
                    struct error *error) {
    static const char SQL[] =
        "select min(position) from quarantine where decided is null and position > ?1"
        " and (station = ?2 or station in (select station from station_kin where root = ?2))";
    sqlite3 *db = settling->chain.master->db;
    sqlite3_stmt *statement = NULL;
    if (database_statement(db, SQL, &statement, error) != 0) {
        return -1;
    }
    sqlite3_bind_int64(statement, 1, after);
    sqlite3_bind_int64(statement, 2, root);
    int rc = sqlite3_step(statement);
    *ret = rc == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
    sqlite3_finalize(statement);
    return rc == SQLITE_ROW ? 0 : error_from_sqlite(error, db, "reading the quarantine");
}

static int settle_all(struct settling *settling, struct error *error) {
    struct chain *chain = &settling->chain;
    struct station station;
    struct id device;
    int64_t row = 0;
    if (revoke_find_device(chain->master, settling->options->device, &device, error) !=
            0 ||
        station_find(chain->master->db, chain->master->catalogue, device, chain->arena,
                     &station, error) != 0) {
        return -1;
    }
    int64_t root = station.family.root;
    chain->station = &station;
    while (next_row(settling, row, root, &row, error) == 0) {
        if (row == 0) {
            return settling->report->bundles > 0
                       ? 0
                       : error_set(error, "quarantine.empty", "device",
                                   "nothing of this station is in quarantine");
        }
        arena_reset(chain->arena);
        chain->station = &station; /* for what the entry says when nothing is opened */
        if (settle_one(settling, row, error) != 0) {
            return -1;
        }
    }
    return -1;
}

int server_quarantine_settle(const struct server_options *options,
                             const struct quarantine_options *quarantine,
                             struct quarantine_report *ret, struct error *error) {
    struct master *master = NULL;
    struct quarantine_report report = {.bundles = 0};
    if (seal_start(error) != 0 || server_open_master(options, &master, error) != 0) {
        return -1;
    }
    struct arena arena = arena_make(QUARANTINE_MEMORY);
    struct settling *settling = calloc(1, sizeof *settling);
    int result = settling ? 0 : error_out_of_memory(error);
    if (result == 0) {
        bool begun = false;
        work_begin(&settling->work, master);
        result = history_restored(master, &settling->work, &begun, error) == 0
                     ? master_begin(master, error)
                     : -1;
        settling->options = quarantine;
        settling->report = &report;
        settling->chain = (struct chain){.master = master,
                                         .work = &settling->work,
                                         .arena = &arena,
                                         .at = master_now(master)};
        if (result == 0) {
            result = settle_all(settling, error) == 0 ? master_commit(master, error) : -1;
        }
        master_rollback(master); /* nothing is open any more when it was committed */
        work_end(&settling->work);
    }
    free(settling);
    arena_free(&arena);
    master_close(master);
    if (result == 0) {
        *ret = report;
    }
    return result;
}
