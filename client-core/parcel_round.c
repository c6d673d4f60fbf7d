/*
 * Sync rounds that go as files.
 */
#include "client-core/parcel_round.h"

#include <stdlib.h>
#include <string.h>

#include "client-core/bundle_store.h"
#include "client-core/outbox.h"
#include "client-core/state.h"
#include "client-core/sync_answer.h"
#include "sync/parcel.h"

enum { REQUEST_SPARE = 512 * 1024 /* what else is in a request */ };

/* --- what was asked ---------------------------------------------------------------------------------- */

/* The answer will name the hash of the body as it was sent; what is kept has no bundles. */
static int question_keep(struct replica *replica, const uint8_t hash[HASH_SIZE],
                         const struct sync_request *request, struct error *error) {
    static const char sql[] =
        "insert or replace into station_question (hash, asked_at, request)"
        " values (?1, ?2, ?3)";
    struct buffer body = buffer_make(LIMIT_REQUEST);
    struct sync_request bare = *request;
    sqlite3_stmt *statement = replica_statement(replica, sql, error);
    bare.bundle_count = bare.paper_count = bare.certificate.size = 0;
    int failed = !statement || sync_request_encode(&bare, &body, error) != 0;
    if (!failed) {
        bind_bytes(statement, 1, (struct bytes){hash, HASH_SIZE});
        sqlite3_bind_int64(statement, 2, request->time);
        bind_bytes(statement, 3, buffer_bytes(&body));
        failed = replica_finish(replica, statement, error);
        sqlite3_clear_bindings(statement);
    }
    buffer_free(&body);
    return failed ? -1 : 0;
}

static int questions_prune(struct replica *replica, int64_t now_ms, struct error *error) {
    static const char sql[] = "delete from station_question where asked_at < ?1";
    sqlite3_stmt *statement = replica_statement(replica, sql, error);
    if (!statement)
        return -1;
    sqlite3_bind_int64(statement, 1, now_ms - BUNDLE_KEEP_MS);
    return replica_finish(replica, statement, error);
}

static int question_find(struct replica *replica, const uint8_t hash[HASH_SIZE],
                         struct arena *arena, struct sync_request *ret, bool *ret_found,
                         struct error *error) {
    static const char sql[] = "select request from station_question where hash = ?1";
    sqlite3_stmt *statement = replica_statement(replica, sql, error);
    if (!statement)
        return -1;
    bind_bytes(statement, 1, (struct bytes){hash, HASH_SIZE});
    if (replica_step(replica, statement, ret_found, error) != 0)
        return -1;
    struct bytes body = {NULL, 0};
    if (*ret_found)
        body = arena_copy(arena, column_bytes(statement, 0));
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    if (!*ret_found)
        return 0;
    return body.data ? sync_request_decode(body, arena, ret, error)
                     : error_out_of_memory(error);
}

/* --- asking ------------------------------------------------------------------------------------------ */

struct packing {
    struct syncer *syncer;
    struct parcel_writer writer;
    struct buffer *parcel;
    struct arena arena; /* of one request */
    struct sync_request request;
    int64_t after; /* the last bundle that was packed */
    int64_t open;  /* those that are still to be packed */
    satchel_parcel_report report;
};

static int seal_all(struct syncer *syncer, struct error *error) {
    int64_t sealed = 1;
    while (sealed > 0)
        if (bundle_store_seal(syncer_replica(syncer), syncer_identity(syncer),
                              LIMIT_BUNDLE_TARGET, &sealed, error) != 0)
            return -1;
    return 0;
}

static void begin_parcel(struct packing *packing) {
    const struct identity *identity = syncer_identity(packing->syncer);
    const struct parcel_head head = {
        .kind = PARCEL_QUESTIONS,
        .id = env_new_id(syncer_replica(packing->syncer)->env),
        .org = identity->certificate.org,
        .device = identity->certificate.device,
        .recipient = identity->server_key,
    };
    parcel_begin(&head, &packing->writer, packing->parcel);
}

static int count_bundles(struct packing *packing, struct error *error) {
    const struct sync_request *request = &packing->request;
    for (size_t i = 0; i < request->bundle_count; i++) {
        struct bundle_envelope envelope;
        if (bundle_open(request->bundles[i], &envelope, error) != 0)
            return -1;
        packing->report.transactions +=
            envelope.header.last_seq - envelope.header.first_seq + 1;
    }
    packing->report.bundles += (int64_t)request->bundle_count;
    packing->open -= (int64_t)request->bundle_count;
    return 0;
}

static int fill(struct packing *packing, struct error *error) {
    const struct bundle_budget budget = {.count = LIMIT_BUNDLES_OF_REQUEST,
                                         .bytes = LIMIT_REQUEST - REQUEST_SPARE,
                                         .after = packing->after};
    struct sync_request *request = &packing->request;
    struct open_bundles open;
    if (syncer_ask(packing->syncer, &packing->arena, request, error) != 0 ||
        bundle_store_open(syncer_replica(packing->syncer), &budget, &packing->arena,
                          &open, error) != 0)
        return -1;
    open_bundles_to_request(&open, request);
    if (open.count > 0)
        packing->after = open.positions[open.count - 1];
    request->waiting -= packing->report.transactions; /* the requests before have those */
    return count_bundles(packing, error);
}

static int pack(struct packing *packing, struct buffer *body, struct buffer *sealed,
                struct error *error) {
    struct replica *replica = syncer_replica(packing->syncer);
    uint8_t hash[HASH_SIZE];
    uint8_t seed[BOX_SEED];
    if (sync_request_encode(&packing->request, body, error) != 0)
        return -1;
    envelope_seal(buffer_bytes(body), "satchel sync request",
                  &syncer_identity(packing->syncer)->keys, sealed);
    if (sealed->failed)
        return error_out_of_memory(error);
    hash_blake2b(buffer_bytes(body), hash);
    replica->env->random(replica->env->context, seed, sizeof seed);
    int failed = parcel_add(&packing->writer, buffer_bytes(sealed), packing->open <= 0,
                            seed, packing->parcel, error) != 0 ||
                 question_keep(replica, hash, &packing->request, error) != 0;
    seal_wipe(seed, sizeof seed);
    return failed ? -1 : 0;
}

static int pack_request(struct packing *packing, struct error *error) {
    struct buffer body = buffer_make(LIMIT_REQUEST);
    struct buffer sealed = buffer_make(LIMIT_REQUEST + REQUEST_SPARE);
    packing->arena = arena_make((size_t)LIMIT_REQUEST * 2);
    packing->request = (struct sync_request){0};
    int failed = fill(packing, error) != 0 || pack(packing, &body, &sealed, error) != 0;
    scope_set_free(&packing->request.held);
    arena_free(&packing->arena);
    buffer_free(&body);
    buffer_free(&sealed);
    return failed ? -1 : 0;
}

int parcel_export(struct syncer *syncer, struct buffer *ret,
                  satchel_parcel_report *ret_report, struct error *error) {
    struct replica *replica = syncer_replica(syncer);
    struct packing packing = {.syncer = syncer, .parcel = ret};
    struct moment now;
    if (syncer_know(syncer, error) != 0 || seal_all(syncer, error) != 0 ||
        moment_read(replica, &now, error) != 0 ||
        questions_prune(replica, clock_ms(now.time), error) != 0 ||
        bundle_store_count_open(replica, &packing.open, error) != 0)
        return -1;
    begin_parcel(&packing);
    do {
        if (pack_request(&packing, error) != 0)
            return -1;
    } while (packing.open > 0);
    packing.report.bytes = (int64_t)ret->size;
    *ret_report = packing.report;
    return 0;
}

/* --- what comes back --------------------------------------------------------------------------------- */

struct unpacking {
    struct syncer *syncer;
    satchel_progress_function progress;
    void *context;
    struct answer_memory memory;
    struct parcel_reader reader;
    struct sign_public server_key; /* trusted when the file was opened: of all of it */
    struct buffer sealed;          /* one response, in its envelope */
    struct arena arena;            /* what is read of it */
    struct arena asked;            /* what the request at hand points to */
    struct sync_request request;
    uint8_t
        answered[HASH_SIZE]; /* the hash of the response before; it can be gone on from */
    struct sync_response response;
    satchel_sync_report report;
    struct error blocked;
    bool wipe;     /* headquarters orders it */
    bool followed; /* another key of the server is trusted now */
};

static int open_parcel(struct unpacking *unpacking, struct bytes parcel,
                       struct error *error) {
    const struct certificate *certificate =
        &syncer_identity(unpacking->syncer)->certificate;
    const struct parcel_head *head = &unpacking->reader.head;
    unpacking->server_key = syncer_identity(unpacking->syncer)->server_key;
    if (parcel_open(parcel, &unpacking->reader, error) != 0)
        return -1;
    if (head->kind != PARCEL_ANSWERS)
        return error_set(error, "parcel.kind", "file",
                         "This bundle file is a station's: it belongs to headquarters "
                         "(satcheld bundle import).");
    if (!id_equal(head->org, certificate->org))
        return error_set(error, "parcel.company", "file",
                         "This bundle file is for a station of another company.");
    if (!id_equal(head->device, certificate->device))
        return error_set(error, "parcel.station", "file",
                         "This bundle file is for another station.");
    return 0;
}

/* Which question it answers; a further response goes on from where the one before ended. */
static int find_request(struct unpacking *unpacking, struct error *error) {
    const uint8_t *hash = unpacking->response.request_hash;
    if (unpacking->reader.count > 1 &&
        memcmp(hash, unpacking->answered, HASH_SIZE) == 0) {
        unpacking->request.bundle_count = 0;
        return 0;
    }
    bool found = false;
    scope_set_free(&unpacking->request.held);
    unpacking->request = (struct sync_request){0};
    arena_reset(&unpacking->asked);
    if (question_find(syncer_replica(unpacking->syncer), hash, &unpacking->asked,
                      &unpacking->request, &found, error) != 0)
        return -1;
    return found ? 0
                 : error_set(error, "parcel.unknown", "file",
                             "This station did not ask what this bundle file answers, or "
                             "more than 30 days ago: export again.");
}

static int read_response(struct unpacking *unpacking, struct bytes *ret_body,
                         struct error *error) {
    const struct identity *identity = syncer_identity(unpacking->syncer);
    struct envelope envelope;
    buffer_reset(&unpacking->sealed);
    if (parcel_next(&unpacking->reader, &identity->keys, &unpacking->sealed, error) != 0)
        return -1;
    if (envelope_open(buffer_bytes(&unpacking->sealed), &envelope, NULL) != 0 ||
        envelope_verify(&envelope, "satchel sync response", &unpacking->server_key,
                        NULL) != 0)
        return error_set(
            error, "server.signature", "",
            "the answer was not signed by the server that this station trusts");
    *ret_body = envelope.body;
    return sync_response_decode(envelope.body, &unpacking->arena, &unpacking->response,
                                error);
}

static bool same_scopes(const struct scope_set *a, const struct scope_set *b) {
    bool same = a->count == b->count;
    for (size_t i = 0; i < a->count && same; i++)
        same = scope_set_has(b, a->scopes[i]);
    return same;
}

static bool same_position(const struct pull_position *a, const struct pull_position *b) {
    return a->set == b->set &&
           (!a->set ||
            (a->gsn == b->gsn && a->table == b->table && bytes_equal(a->key, b->key) &&
             memcmp(a->target_hash, b->target_hash, HASH_SIZE) == 0));
}

/* Whether the station is where it asked from. */
static int look_around(struct unpacking *unpacking, bool *ret_stale,
                       struct error *error) {
    const struct sync_request *request = &unpacking->request;
    struct sync_request now = {0};
    if (syncer_ask(unpacking->syncer, &unpacking->arena, &now, error) != 0)
        return -1;
    *ret_stale = now.cursor != request->cursor ||
                 !same_scopes(&now.held, &request->held) ||
                 !same_position(&now.position, &request->position);
    scope_set_free(&now.held);
    return 0;
}

static int tell(void *context, int64_t rows) {
    struct unpacking *unpacking = context;
    const satchel_progress progress = {.phase = "applying", .rows = rows};
    return unpacking->progress ? unpacking->progress(unpacking->context, &progress) : 0;
}

static void add_up(struct unpacking *unpacking, const struct answer_result *result,
                   bool stale) {
    satchel_sync_report *report = &unpacking->report;
    report->merged += result->merged;
    report->conflicts += result->conflicts;
    report->refused += result->refused;
    report->rows_forgotten += result->rows_forgotten;
    report->rows_received += stale ? 0 : unpacking->response.row_count;
    report->rounds++;
    unpacking->wipe = result->wipe;
    unpacking->followed = result->followed;
    if (unpacking->blocked.code[0] == '\0')
        unpacking->blocked = result->blocked;
}

static int take(struct unpacking *unpacking, struct error *error) {
    struct answer_result result = {0};
    struct answer answer = {
        .replica = syncer_replica(unpacking->syncer),
        .memory = &unpacking->memory,
        .request = &unpacking->request,
        .response = &unpacking->response,
        .identity = syncer_identity(unpacking->syncer),
        .carried = true,
        .progress = tell,
        .context = unpacking,
    };
    if (find_request(unpacking, error) != 0 ||
        syncer_check_epoch(unpacking->syncer, &unpacking->response,
                           &unpacking->request.epoch, error) != 0 ||
        look_around(unpacking, &answer.stale, error) != 0 ||
        answer_take(&answer, &result, error) != 0)
        return -1;
    add_up(unpacking, &result, answer.stale);
    return unpacking->followed ? syncer_know(unpacking->syncer, error) : 0;
}

/* The next response is to be one to a question from where this one ends. */
static int go_on(struct unpacking *unpacking, struct bytes body, struct error *error) {
    struct pull_position next = unpacking->response.next;
    next.key = arena_copy(&unpacking->asked, next.key);
    unpacking->request.position = next;
    hash_blake2b(body, unpacking->answered);
    return next.key.data ? 0 : error_out_of_memory(error);
}

static int take_next(struct unpacking *unpacking, struct error *error) {
    struct bytes body;
    unpacking->response = (struct sync_response){0};
    int failed = read_response(unpacking, &body, error) != 0 ||
                 take(unpacking, error) != 0 || go_on(unpacking, body, error) != 0;
    scope_set_free(&unpacking->response.gained);
    scope_set_free(&unpacking->response.lost);
    arena_reset(&unpacking->arena);
    return failed ? -1 : 0;
}

static int finish_report(struct unpacking *unpacking, struct error *error) {
    struct replica *replica = syncer_replica(unpacking->syncer);
    struct progress progress;
    struct outbox_counts counts;
    if (progress_read(replica, &progress, error) != 0 ||
        outbox_count(replica, &counts, error) != 0)
        return -1;
    unpacking->report.cursor = progress.cursor;
    unpacking->report.waiting = counts.waiting;
    bool settled =
        false; /* else the next file brings what is left, and the order again */
    if (unpacking->wipe && syncer_wipe(unpacking->syncer, &settled, error) != 0)
        return -1;
    if (unpacking->blocked.code[0] == '\0')
        return 0;
    syncer_note(unpacking->syncer, &unpacking->blocked);
    if (error)
        *error = unpacking->blocked;
    return -1;
}

static int take_all(struct unpacking *unpacking, struct bytes parcel,
                    struct error *error) {
    if (open_parcel(unpacking, parcel, error) != 0)
        return -1;
    while (!unpacking->reader.ended)
        if (take_next(unpacking, error) != 0)
            return -1;
    return finish_report(unpacking, error);
}

int parcel_import(struct syncer *syncer, struct bytes parcel,
                  satchel_progress_function progress, void *context,
                  satchel_sync_report *ret, struct error *error) {
    const struct env *env = syncer_replica(syncer)->env;
    int64_t started = env->boot_ms(env->context);
    struct unpacking *unpacking = calloc(1, sizeof *unpacking);
    if (!unpacking)
        return error_out_of_memory(error);
    *unpacking = (struct unpacking){.syncer = syncer,
                                    .progress = progress,
                                    .context = context,
                                    .sealed = buffer_make(LIMIT_RESPONSE + REQUEST_SPARE),
                                    .arena = arena_make((size_t)LIMIT_RESPONSE * 4),
                                    .asked = arena_make(LIMIT_REQUEST)};
    unpacking->report.bytes_received = (int64_t)parcel.size;
    int failed =
        syncer_know(syncer, error) != 0 || take_all(unpacking, parcel, error) != 0;
    unpacking->report.duration_ms = env->boot_ms(env->context) - started;
    if (!failed && ret)
        *ret = unpacking->report;
    scope_set_free(&unpacking->request.held);
    buffer_free(&unpacking->sealed);
    arena_free(&unpacking->arena);
    arena_free(&unpacking->asked);
    free(unpacking);
    return failed ? -1 : 0;
}
