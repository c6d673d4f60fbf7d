/* POST /v1/sync, POST /v1/enrol and POST /v1/file, without knowing how they arrived. */
#include <stdlib.h>
#include <string.h>

#include "schema/base/hash.h"
#include "server/chain.h"
#include "server/internal.h"
#include "server/pull.h"
#include "server/seen.h"

enum { REQUEST_MEMORY = 512 * 1024 * 1024 };

/* --- failures as answers ------------------------------------------------------------------------ */

struct status_of_code {
    const char *prefix;
    int status;
};

static int status_of(const struct error *error) {
    static const struct status_of_code STATUSES[] = {
        {"device.unknown", 401},  {"message.signature", 401},
        {"device.revoked", 403},  {"org.unknown", 403},
        {"invitation.", 403},     {"request.size", 413},
        {"server.stopping", 503}, {"database.busy", 503},
        {"database.full", 507},   {"database.constraint", 409},
        {"database.", 500},       {"memory", 503},
        {"sync.", 409},           {"scope.", 409},
        {"file.unknown", 404},    {"file.quota", 507},
        {"file.full", 507},       {"file.failed", 500},
        {"file.offset", 409},     {"file.hash", 409},
    };
    for (size_t i = 0; i < sizeof STATUSES / sizeof *STATUSES; i++) {
        if (strncmp(error->code, STATUSES[i].prefix, strlen(STATUSES[i].prefix)) == 0) {
            return STATUSES[i].status;
        }
    }
    return 400;
}

static void answer_failure(struct server *server, const char *what,
                           const struct error *error, struct buffer *ret,
                           int *ret_status) {
    buffer_reset(ret);
    failure_encode(error, ret);
    *ret_status = status_of(error);
    atomic_fetch_add(&server->counters.failures, 1);
    server_log(server, *ret_status >= 500 ? "error" : "warning", what,
               "\"code\":\"%s\",\"field\":\"%s\",\"status\":%d", error->code,
               error->field, *ret_status);
}

/* --- sync --------------------------------------------------------------------------------------------- */

struct sync_job {
    struct server *server;
    struct id device;
    const struct incoming_bundle *bundles;
    size_t bundle_count;
    struct arena arena;
    struct bundle_answer *answers;
};

/* In the writer: the device's chain is read again, since other requests may have moved it. */
static int take_bundles(struct master *master, struct work *work, void *context,
                        struct error *error) {
    struct sync_job *job = context;
    struct station station;
    arena_reset(&job->arena);
    job->answers =
        arena_alloc_array(&job->arena, job->bundle_count, sizeof *job->answers);
    if (job->answers == NULL) {
        return error_out_of_memory(error);
    }
    if (station_find(master->db, master->catalogue, job->device, &job->arena, &station,
                     error) != 0) {
        return -1;
    }
    if (station.revoked) {
        return error_set(error, "device.revoked", "device", "this station was revoked");
    }
    struct chain chain = {master, work, &station, &job->arena, master_now(master)};
    for (size_t i = 0; i < job->bundle_count; i++) {
        if (chain_take(&chain, &job->bundles[i], &job->answers[i], error) != 0) {
            return -1;
        }
    }
    return 0;
}

static void count_answers(struct server *server, const struct sync_job *job) {
    struct server_counters *counters = &server->counters;
    for (size_t i = 0; i < job->bundle_count; i++) {
        const struct bundle_answer *answer = &job->answers[i];
        atomic_fetch_add(&counters->bundles, 1);
        if (!answer->accepted) {
            server_log(server, "warning", "bundle refused",
                       "\"code\":\"%s\",\"number\":%lld", answer->code,
                       (long long)answer->number);
        }
        for (size_t k = 0; k < answer->verdict_count; k++) {
            enum verdict_kind kind = answer->verdicts[k].kind;
            atomic_fetch_add(&counters->transactions, 1);
            atomic_fetch_add(kind == VERDICT_MERGED      ? &counters->merged
                             : kind == VERDICT_CONFLICTS ? &counters->conflicts
                                                         : &counters->refused,
                             1);
        }
    }
}

struct sync_call {
    struct server *server;
    struct arena arena;
    struct envelope envelope;
    struct sync_request request;
    struct sync_response response;
    struct station station;
    struct reader *reader;
    struct sync_job job;
    struct buffer rows;
};

/* The transaction that a gsn was given to; zero when there is none. */
static int transaction_of_gsn(struct reader *reader, int64_t gsn, struct id *ret,
                              struct error *error) {
    sqlite3_stmt *statement = NULL;
    if (database_statement(reader->db, "select id from gsn_log where gsn = ?", &statement,
                           error) != 0) {
        return -1;
    }
    sqlite3_bind_int64(statement, 1, gsn);
    memset(ret, 0, sizeof *ret);
    int rc = sqlite3_step(statement);
    struct bytes id =
        rc == SQLITE_ROW ? value_of_column(statement, 0).bytes : (struct bytes){NULL, 0};
    if (id.size == ID_SIZE) {
        memcpy(ret->bytes, id.data, ID_SIZE);
    }
    sqlite3_finalize(statement);
    return rc == SQLITE_ROW || rc == SQLITE_DONE
               ? 0
               : error_from_sqlite(error, reader->db, "reading the history");
}

/* The server's word that it gave a device these scopes up to this cursor. Without it, naming a scope as held would
 * tell a stranger which rows left it; and a server that was restored from a backup and went on would not notice that the
 * cursor speaks of another history. Keyed by the server's secret; nothing is stored. */
static int prove_scopes(const struct sync_call *call, const struct scope_set *scopes,
                        int64_t cursor, uint8_t ret[HASH_SIZE], struct error *error) {
    struct {
        uint8_t secret[SIGN_SEED];
        struct id device;
        struct id transaction;
        uint8_t scopes[HASH_SIZE];
        int64_t cursor;
    } text = {.device = call->request.device, .cursor = cursor};
    if (transaction_of_gsn(call->reader, cursor, &text.transaction, error) != 0) {
        return -1;
    }
    memcpy(text.secret, call->server->keys.secret_key, SIGN_SEED);
    scope_set_hash(scopes, text.scopes);
    hash_blake2b((struct bytes){(const uint8_t *)&text, sizeof text}, ret);
    seal_wipe(&text, sizeof text);
    return 0;
}

static int check_held(const struct sync_call *call, struct error *error) {
    uint8_t proof[HASH_SIZE];
    const struct sync_request *request = &call->request;
    if (request->held.count == 0) {
        return 0;
    }
    struct id known;
    if (prove_scopes(call, &request->held, request->cursor, proof, error) != 0 ||
        transaction_of_gsn(call->reader, request->cursor, &known, error) != 0) {
        return -1;
    }
    if (request->cursor > 0 && id_is_zero(known)) {
        return 0; /* beyond the head: the pull says so */
    }
    return seal_equal(proof, request->held_proof, HASH_SIZE)
               ? 0
               : error_set(
                     error, "sync.history", "held",
                     "this station's place in the history is not one that this server "
                     "gave it; was headquarters restored from a backup?");
}

static int prove_target(struct sync_call *call, struct error *error) {
    const struct scope_set *sets[] = {&call->request.held, &call->response.gained};
    struct scope_set target = {0};
    int result = 0;
    for (size_t i = 0; i < 2; i++) {
        for (size_t k = 0; k < sets[i]->count && result == 0; k++) {
            if (!scope_set_has(&call->response.lost, sets[i]->scopes[k]) &&
                scope_set_add(&target, sets[i]->scopes[k]) != 0) {
                result = error_out_of_memory(error);
            }
        }
    }
    if (result == 0) {
        result = prove_scopes(call, &target, call->response.head,
                              call->response.scopes_proof, error);
    }
    scope_set_free(&target);
    return result;
}

/* Who asks: an enrolled station of this company, by its signature. */
static int admit(struct sync_call *call, struct bytes body, struct error *error) {
    struct server *server = call->server;
    if (envelope_open(body, &call->envelope, error) != 0 ||
        sync_request_decode(call->envelope.body, &call->arena, &call->request, error) !=
            0) {
        return -1;
    }
    if (!id_equal(call->request.org, server->org)) {
        return error_set(error, "org.unknown", "org", "this is another company's server");
    }
    call->reader = reader_take(server->readers, error);
    if (call->reader == NULL ||
        station_find(call->reader->db, server->catalogue, call->request.device,
                     &call->arena, &call->station, error) != 0 ||
        envelope_verify(&call->envelope, "satchel sync request", &call->station.key,
                        error) != 0) {
        return -1;
    }
    return call->station.revoked
               ? error_set(error, "device.revoked", "device", "this station was revoked")
               : check_held(call, error);
}

static int merge_bundles(struct sync_call *call, struct error *error) {
    struct server *server = call->server;
    size_t count = call->request.bundle_count;
    if (count == 0) {
        return 0;
    }
    struct incoming_bundle *bundles =
        arena_alloc_array(&call->arena, count, sizeof *bundles);
    if (bundles == NULL) {
        return error_out_of_memory(error);
    }
    for (size_t i = 0; i < count; i++) {
        chain_open(call->request.bundles[i], &call->station, server->org, &call->arena,
                   &bundles[i]);
    }
    reader_give(server->readers, call->reader); /* a new snapshot afterwards */
    call->reader = NULL;
    call->job = (struct sync_job){.server = server,
                                  .device = call->request.device,
                                  .bundles = bundles,
                                  .bundle_count = count,
                                  .arena = arena_make(REQUEST_MEMORY)};
    if (ingest_run(server->ingest, take_bundles, &call->job, error) != 0) {
        return -1;
    }
    count_answers(server, &call->job);
    call->response.answers = call->job.answers;
    call->response.answer_count = count;
    call->reader = reader_take(server->readers, error);
    return call->reader == NULL ? -1 : 0;
}

static int answer_sync(struct sync_call *call, struct buffer *ret, struct error *error) {
    struct server *server = call->server;
    struct sync_response *response = &call->response;
    if (pull_fill(call->reader, &call->station, &call->request, &call->arena, &call->rows,
                  response, error) != 0 ||
        prove_target(call, error) != 0) {
        return -1;
    }
    hash_blake2b(call->envelope.body, response->request_hash);
    response->hq_time = server->env->wall_ms(server->env->context);
    response->schema_version = SCHEMA_VERSION;
    response->epoch = server->epoch;
    response->protocol = SYNC_PROTOCOL;
    atomic_fetch_add(&server->counters.rows_sent, response->row_count);
    struct buffer body = buffer_make(LIMIT_RESPONSE);
    int result = sync_response_encode(response, &body, error);
    if (result == 0) {
        envelope_seal(buffer_bytes(&body), "satchel sync response", &server->keys, ret);
        result = ret->failed ? error_out_of_memory(error) : 0;
    }
    buffer_free(&body);
    return result;
}

/* The station was here: what it has now, and what it still has to send beyond what came with this request. */
static void note_contact(struct sync_call *call) {
    struct server *server = call->server;
    const struct sync_response *response = &call->response;
    struct contact contact = {.at = response->hq_time,
                              .cursor =
                                  response->more ? call->request.cursor : response->head,
                              .waiting = call->request.waiting,
                              .schema_version = call->request.schema_version};
    for (size_t i = 0; i < response->answer_count && contact.waiting > 0; i++) {
        contact.waiting -= (int64_t)response->answers[i].verdict_count;
    }
    if (call->request.waiting >= 0 && contact.waiting < 0) {
        contact.waiting = 0;
    }
    seen_note(server->seen, call->station.number, &contact);
    seen_write(server->seen, server->ingest, contact.at, false);
}

static void end_call(struct sync_call *call) {
    reader_give(call->server->readers, call->reader);
    scope_set_free(&call->request.held);
    scope_set_free(&call->response.gained);
    scope_set_free(&call->response.lost);
    arena_free(&call->arena);
    arena_free(&call->job.arena);
    buffer_free(&call->rows);
}

void server_handle_sync(struct server *server, struct bytes body, struct buffer *ret,
                        int *ret_status) {
    struct error error = {0};
    struct sync_call call = {.server = server,
                             .arena = arena_make(REQUEST_MEMORY),
                             .rows = buffer_make(LIMIT_RESPONSE)};
    if (admit(&call, body, &error) == 0 && merge_bundles(&call, &error) == 0 &&
        answer_sync(&call, ret, &error) == 0) {
        *ret_status = 200;
        note_contact(&call);
    } else {
        answer_failure(server, "sync refused", &error, ret, ret_status);
    }
    end_call(&call);
}

/* --- files ---------------------------------------------------------------------------------------------- */

void server_handle_file(struct server *server, struct bytes body, struct buffer *ret,
                        int *ret_status) {
    struct error error = {0};
    if (server_answer_file(server, body, ret, &error) == 0) {
        *ret_status = 200;
    } else {
        answer_failure(server, "file refused", &error, ret, ret_status);
    }
}

/* --- enrolment ------------------------------------------------------------------------------------------ */

struct enrol_job {
    struct enrol_request request;
    struct arena arena;
    struct bytes certificate;
};

static int enrol_station(struct master *master, struct work *work, void *context,
                         struct error *error) {
    struct enrol_job *job = context;
    arena_reset(&job->arena);
    return station_enrol(master, work, &job->request, &job->arena, &job->certificate,
                         error);
}

static int answer_enrol(struct server *server, struct bytes certificate,
                        struct buffer *ret, struct error *error) {
    struct enrol_response response = {.certificate = certificate,
                                      .hq_time =
                                          server->env->wall_ms(server->env->context),
                                      .schema_version = SCHEMA_VERSION,
                                      .epoch = server->epoch};
    memcpy(response.org_name, server->org_name, sizeof server->org_name);
    struct buffer body = buffer_make(LIMIT_TEXT);
    enrol_response_encode(&response, &body);
    envelope_seal(buffer_bytes(&body), "satchel enrol response", &server->keys, ret);
    bool failed = body.failed || ret->failed;
    buffer_free(&body);
    return failed ? error_out_of_memory(error) : 0;
}

static int enrol(struct server *server, struct bytes body, struct enrol_job *job,
                 struct buffer *ret, struct error *error) {
    struct envelope envelope;
    if (envelope_open(body, &envelope, error) != 0 ||
        enrol_request_decode(envelope.body, &job->request, error) != 0 ||
        envelope_verify(&envelope, "satchel enrol request", &job->request.device_key,
                        error) != 0 ||
        ingest_run(server->ingest, enrol_station, job, error) != 0) {
        return -1;
    }
    atomic_fetch_add(&server->counters.enrolments, 1);
    return answer_enrol(server, job->certificate, ret, error);
}

void server_handle_enrol(struct server *server, struct bytes body, struct buffer *ret,
                         int *ret_status) {
    struct error error = {0};
    struct enrol_job job = {.arena = arena_make(LIMIT_REQUEST)};
    if (body.size > LIMIT_ENROL_REQUEST) {
        error_set(&error, "request.size", "body", "an enrolment has at most %d bytes",
                  LIMIT_ENROL_REQUEST);
        answer_failure(server, "enrolment refused", &error, ret, ret_status);
    } else if (enrol(server, body, &job, ret, &error) == 0) {
        *ret_status = 200;
        server_log(server, "info", "station enrolled", "%s", "");
    } else {
        answer_failure(server, "enrolment refused", &error, ret, ret_status);
    }
    arena_free(&job.arena);
}
