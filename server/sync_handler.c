/* POST /v1/sync and POST /v1/enrol, without knowing how they arrived. */
#include <stdlib.h>
#include <string.h>

#include "schema/base/hash.h"
#include "server/chain.h"
#include "server/history.h"
#include "server/internal.h"
#include "server/place.h"
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
    const struct sync_request *request;
    struct incoming_bundle *bundles;
    size_t bundle_count;
    struct arena arena;
    struct bundle_answer *answers;
};

/* What the request says of a bundle that was made under another epoch. */
static void mark_lost(const struct sync_request *request, size_t i,
                      struct incoming_bundle *bundle) {
    bundle->epoch = request->bundle_epoch;
    bundle->first = bundle->envelope.header.number == request->first_bundle;
    if (i < request->former_count) {
        bundle->formers = request->formers[i].gsns;
        bundle->former_count = request->formers[i].count;
    }
}

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
    if (station_find(master->db, master->catalogue, job->request->device, &job->arena,
                     &station, error) != 0) {
        return -1;
    }
    if (station.revoked) {
        return error_set(error, "device.revoked", "device", "this station was revoked");
    }
    struct chain chain = {.master = master,
                          .work = work,
                          .station = &station,
                          .arena = &job->arena,
                          .at = master_now(master)};
    bool ended = false;
    if (history_end_refill(master, work, false, &ended, error) != 0) {
        return -1;
    }
    for (size_t i = 0; i < job->bundle_count; i++) {
        if (job->request->protocol >= 2 && job->request->bundle_epoch != master->epoch) {
            mark_lost(job->request, i, &job->bundles[i]);
        }
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
                             : kind == VERDICT_DEFERRED  ? &counters->deferred
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
    int64_t epoch; /* the present one */
    bool
        rebuild; /* what the station holds is not of this history, or cannot be shown to be */
};

/* The certificate is this server's word, and who shows it has the device's key. */
static int check_certificate(struct sync_call *call, struct error *error) {
    struct envelope envelope;
    struct certificate certificate;
    struct sign_public key;
    memcpy(key.bytes, call->server->keys.public_key, SIGN_PUBLIC);
    if (envelope_open(call->request.certificate, &envelope, error) != 0 ||
        envelope_verify(&envelope, "satchel certificate", &key, error) != 0 ||
        certificate_decode(envelope.body, &certificate, error) != 0 ||
        envelope_verify(&call->envelope, "satchel sync request", &certificate.device_key,
                        error) != 0) {
        return -1;
    }
    return id_equal(certificate.device, call->request.device)
               ? 0
               : error_set(error, "device.unknown", "device",
                           "the certificate is another device's");
}

static int prove_target(struct sync_call *call, struct error *error) {
    const struct scope_set *sets[] = {&call->request.held, &call->response.gained};
    struct scope_set target = {0};
    int result = 0;
    if (call->request.protocol >= 2) {
        result = history_id(call->reader->db, call->response.head,
                            &call->response.head_id, error);
    }
    for (size_t i = 0; i < 2; i++) {
        for (size_t k = 0; k < sets[i]->count && result == 0; k++) {
            if (!scope_set_has(&call->response.lost, sets[i]->scopes[k]) &&
                scope_set_add(&target, sets[i]->scopes[k]) != 0) {
                result = error_out_of_memory(error);
            }
        }
    }
    if (result == 0) {
        const struct place place = {.device = call->request.device,
                                    .scopes = &target,
                                    .cursor = call->response.head,
                                    .head = call->response.head_id};
        result = place_prove(call->server, call->reader, &place,
                             call->response.scopes_proof, error);
    }
    scope_set_free(&target);
    return result;
}

/* A snapshot of what the writer did meanwhile. */
static int read_again(struct sync_call *call, struct error *error) {
    reader_give(call->server->readers, call->reader);
    call->reader = reader_take(call->server->readers, error);
    return call->reader == NULL ? -1
                                : history_epoch(call->reader->db, &call->epoch, error);
}

static int prove_station(struct master *master, struct work *work, void *context,
                         struct error *error) {
    const struct sync_call *call = context;
    struct arena arena = arena_make(LIMIT_REQUEST);
    struct station known;
    int found = station_find(master->db, master->catalogue, call->request.device, &arena,
                             &known, error);
    arena_free(&arena);
    if (found == 0 || !error_is(error, "device.unknown")) {
        return found; /* another request was faster */
    }
    return station_prove(master, work, call->request.certificate, error);
}

/* The station, or one that shows its certificate because this server lost that part of its history. */
static int find_station(struct sync_call *call, struct error *error) {
    const struct server *server = call->server;
    struct error why = {0};
    if (station_find(call->reader->db, server->catalogue, call->request.device,
                     &call->arena, &call->station, &why) == 0) {
        return 0;
    }
    *error = why;
    if (!error_is(&why, "device.unknown") || call->request.certificate.size == 0 ||
        check_certificate(call, error) != 0 ||
        ingest_run(server->ingest, prove_station, call, error) != 0 ||
        read_again(call, error) != 0) {
        return -1;
    }
    server_log(call->server, "info", "station proven", "%s", "");
    return station_find(call->reader->db, server->catalogue, call->request.device,
                        &call->arena, &call->station, error);
}

static int begin_epoch(struct master *master, struct work *work, void *context,
                       struct error *error) {
    const struct sync_call *call = context;
    const struct lost_history lost = {.epoch = call->request.epoch,
                                      .cursor = call->request.cursor,
                                      .id = call->request.head_id};
    return history_lost(master, work, &lost, error);
}

/* Whether the station speaks of the history that this server has. One that knows of what this server does not have
 * shows that it was restored from a copy: another epoch begins. */
static int settle_history(struct sync_call *call, struct error *error) {
    struct server *server = call->server;
    const struct sync_request *request = &call->request;
    enum place_meaning meaning = PLACE_KNOWN;
    if (place_look(server, call->reader, request, &meaning, error) != 0 ||
        history_epoch(call->reader->db, &call->epoch, error) != 0) {
        return -1;
    }
    if (request->protocol < 2 &&
        (meaning != PLACE_KNOWN || request->epoch != call->epoch)) {
        return error_set(
            error, "sync.history", "held",
            "this station's place in the history is not one that this server "
            "gave it; was headquarters restored from a backup?");
    }
    if (meaning == PLACE_LOST && request->epoch >= call->epoch) {
        if (ingest_run(server->ingest, begin_epoch, call, error) != 0 ||
            read_again(call, error) != 0) {
            return -1;
        }
        server_log(server, "warning", "history lost", "\"epoch\":%lld,\"cursor\":%lld",
                   (long long)call->epoch, (long long)request->cursor);
    }
    call->rebuild = meaning != PLACE_KNOWN;
    return 0;
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
    if (call->reader == NULL || find_station(call, error) != 0 ||
        envelope_verify(&call->envelope, "satchel sync request", &call->station.key,
                        error) != 0) {
        return -1;
    }
    return call->station.revoked
               ? error_set(error, "device.revoked", "device", "this station was revoked")
               : settle_history(call, error);
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
                                  .request = &call->request,
                                  .bundles = bundles,
                                  .bundle_count = count,
                                  .arena = arena_make(REQUEST_MEMORY)};
    if (ingest_run(server->ingest, take_bundles, &call->job, error) != 0) {
        return -1;
    }
    count_answers(server, &call->job);
    call->response.answers = call->job.answers;
    call->response.answer_count = count;
    int64_t before = call->epoch;
    if (read_again(call, error) != 0) {
        return -1;
    }
    return call->epoch == before ? 0 : settle_history(call, error);
}

/* A station that has to learn of another history first gets no rows: what it holds is not what they follow. */
static int fill_rows(struct sync_call *call, struct error *error) {
    struct sync_response *response = &call->response;
    const struct sync_request *request = &call->request;
    if (!call->rebuild && request->epoch == call->epoch) {
        return pull_fill(call->reader, &call->station, request, &call->arena, &call->rows,
                         response, error) != 0
                   ? -1
                   : prove_target(call, error);
    }
    response->rebuild = call->rebuild;
    response->head = request->cursor;
    response->digest_rows = -1;
    return request->epoch == call->epoch ? 0
                                         : history_from(call->reader->db, request->epoch,
                                                        &response->epoch_from, error);
}

static int answer_sync(struct sync_call *call, struct buffer *ret, struct error *error) {
    struct server *server = call->server;
    struct sync_response *response = &call->response;
    if (fill_rows(call, error) != 0) {
        return -1;
    }
    hash_blake2b(call->envelope.body, response->request_hash);
    response->hq_time = server->env->wall_ms(server->env->context);
    response->schema_version = SCHEMA_VERSION;
    response->epoch = call->epoch;
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

/* --- enrolment ------------------------------------------------------------------------------------------ */

struct enrol_job {
    struct enrol_request request;
    struct arena arena;
    struct bytes certificate;
    int64_t epoch;
};

static int enrol_station(struct master *master, struct work *work, void *context,
                         struct error *error) {
    struct enrol_job *job = context;
    arena_reset(&job->arena);
    job->epoch = master->epoch;
    return station_enrol(master, work, &job->request, &job->arena, &job->certificate,
                         error);
}

static int answer_enrol(struct server *server, const struct enrol_job *job,
                        struct buffer *ret, struct error *error) {
    struct enrol_response response = {.certificate = job->certificate,
                                      .hq_time =
                                          server->env->wall_ms(server->env->context),
                                      .schema_version = SCHEMA_VERSION,
                                      .epoch = job->epoch};
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
    return answer_enrol(server, job, ret, error);
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
