/* POST /v1/sync, POST /v1/enrol and POST /v1/file, without knowing how they arrived. */
#include <stdlib.h>
#include <string.h>

#include "schema/base/hash.h"
#include "server/chain.h"
#include "server/files.h"
#include "server/history.h"
#include "server/internal.h"
#include "server/metrics.h"
#include "server/papers.h"
#include "server/place.h"
#include "server/pull.h"
#include "server/quarantine.h"
#include "server/seen.h"
#include "server/server_key.h"
#include "server/tombstones.h"

enum { REQUEST_MEMORY = 512 * 1024 * 1024 };

/* --- failures as answers ------------------------------------------------------------------------ */

struct status_of_code {
    const char *prefix;
    int status;
};

static int status_of(const struct error *error) {
    static const struct status_of_code STATUSES[] = {
        {"device.unknown", 401},
        {"message.signature", 401},
        {"device.key_rotated", 401},
        {"device.revoked", 403},
        {"device.key_taken", 409},
        {"reenrol.", 409},
        {"rotate.", 409},
        {"org.unknown", 403},
        {"invitation.", 403},
        {"request.size", 413},
        {"server.stopping", 503},
        {"database.busy", 503},
        {"database.full", 507},
        {"database.constraint", 409},
        {"database.", 500},
        {"memory", 503},
        {"sync.", 409},
        {"scope.", 409},
        {"file.unknown", 404},
        {"file.quota", 507},
        {"file.full", 507},
        {"file.failed", 500},
        {"file.offset", 409},
        {"file.hash", 409},
        {"schema.", 409},
    };
    for (size_t i = 0; i < sizeof STATUSES / sizeof *STATUSES; i++) {
        if (strncmp(error->code, STATUSES[i].prefix, strlen(STATUSES[i].prefix)) == 0) {
            return STATUSES[i].status;
        }
    }
    return 400;
}

void server_answer_failure(struct server *server, const char *what,
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
    bool takes_orders; /* the station understands an order to wipe */
    struct arena arena;
    struct bundle_answer *answers;
    bool revoked; /* the device was: nothing was merged, what came is in quarantine */
};

/* What the request says of a bundle that was made under another epoch. */
static void mark_lost(const struct sync_request *request, size_t i,
                      struct incoming_bundle *bundle) {
    bundle->epoch = request->bundle_epoch;
    bundle->first = bundle->envelope.header.number == request->first_bundle &&
                    id_equal(bundle->envelope.header.device, request->device);
    if (i < request->former_count) {
        bundle->formers = request->formers[i].gsns;
        bundle->former_count = request->formers[i].count;
    }
}

/* A bundle belongs to its device's chain or to that of a device that this one goes on from. */
static int choose_chain(struct chain *chain, const struct incoming_bundle *bundle,
                        struct station *station, struct station *ancestor,
                        struct error *error) {
    struct id device = bundle->envelope.header.device;
    chain->station = station;
    if (bundle->refused.code[0] != '\0' || id_equal(device, station->id)) {
        return 0;
    }
    chain->station = ancestor;
    return ancestor->number != 0 && id_equal(device, ancestor->id)
               ? 0
               : station_find(chain->master->db, chain->master->catalogue, device,
                              chain->arena, ancestor, error);
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
    job->revoked = station.revoked;
    if (station.revoked && !job->takes_orders) {
        return error_set(error, "device.revoked", "device", "this station was revoked");
    }
    struct station ancestor = {.number = 0};
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
        if (choose_chain(&chain, &job->bundles[i], &station, &ancestor, error) != 0 ||
            (job->revoked ? quarantine_take : chain_take)(&chain, &job->bundles[i],
                                                          &job->answers[i], error) != 0) {
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
        if (strcmp(answer->code, "bundle.quarantined") == 0) {
            atomic_fetch_add(&counters->quarantined, 1);
        } else if (!answer->accepted) {
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
    struct arena pulled; /* what the response's rows are made of */
    struct envelope envelope;
    struct sync_request request;
    struct sync_response response;
    struct station station;
    int64_t named_cursor; /* by the station itself */
    bool revoked;
    struct station ancestor; /* the last one whose bundle was in the request */
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
    memcpy(key.bytes,
           key_ring_of_certificate(call->server->ring, call->request.certificate)
               .keys->public_key,
           SIGN_PUBLIC);
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
        result =
            place_head(call->reader, call->response.head, &call->response.head_id, error);
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
    return call->reader == NULL ? -1 : place_present(call->reader, &call->epoch, error);
}

static int prove_station(struct master *master, struct work *work, void *context,
                         struct error *error) {
    const struct sync_call *call = context;
    return papers_prove(master, work, &call->request, error);
}

/* A former key is told from one that was never the device's: whoever has it must learn what happened. */
static int check_signature(const struct sync_call *call, struct error *error) {
    static const char CONTEXT[] = "satchel sync request";
    const struct station *station = &call->station;
    if (envelope_verify(&call->envelope, CONTEXT, &station->key, error) == 0) {
        return 0;
    }
    for (size_t i = 0; i < station->former_count; i++) {
        if (envelope_verify(&call->envelope, CONTEXT, &station->former[i].key, NULL) ==
            0) {
            return error_set(error, "device.key_rotated", "device",
                             "this device goes on under another key");
        }
    }
    return -1;
}

static int look_station(struct sync_call *call, struct error *error) {
    return station_find(call->reader->db, call->server->catalogue, call->request.device,
                        &call->arena, &call->station, error) != 0
               ? -1
               : check_signature(call, error);
}

/* The station, by its signature; or one that shows its papers because this server lost that part of its history. */
static int find_station(struct sync_call *call, struct error *error) {
    struct error why = {0};
    if (look_station(call, &why) == 0) {
        return 0;
    }
    *error = why;
    bool stranger =
        error_is(&why, "device.unknown") || error_is(&why, "message.signature");
    if (!stranger || call->request.certificate.size == 0 ||
        check_certificate(call, error) != 0 ||
        ingest_run(call->server->ingest, prove_station, call, error) != 0 ||
        read_again(call, error) != 0) {
        return -1;
    }
    server_log(call->server, "info", "station proven", "%s", "");
    return look_station(call, error);
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
    if (place_look(server, call->reader, request, &call->station.family, &meaning,
                   error) != 0 ||
        place_present(call->reader, &call->epoch, error) != 0) {
        return -1;
    }
    if (request->protocol < 2 && meaning != PLACE_KNOWN && request->cursor > 0 &&
        place_beyond(call->reader, request->cursor)) {
        return 0; /* the pull says so */
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

/* A copy, or a station that was restored from a backup, is behind what its device had sealed before, or asks with a
 * counter that was used. Duplicates and delays of the network look the same: it is noted, nothing is refused.
 * The bundle that it seals next proves it. */
static void look_for_fork(const struct sync_call *call) {
    struct server *server = call->server;
    const struct sync_request *request = &call->request;
    int64_t counter = seen_counter(server->seen, call->station.number, request->counter);
    bool behind =
        request->protocol >= 2 && request->chain_number < call->station.last_number;
    if (!behind && request->counter > counter) {
        return;
    }
    atomic_fetch_add(&server->counters.forks_suspected, 1);
    server_log(server, "warning", "fork suspected",
               "\"station\":%lld,\"chain\":%lld,\"known\":%lld,\"counter\":%lld",
               (long long)call->station.number, (long long)request->chain_number,
               (long long)call->station.last_number, (long long)request->counter);
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
    call->named_cursor = call->request.cursor;
    call->reader = reader_take(server->readers, error);
    if (call->reader == NULL || find_station(call, error) != 0) {
        return -1;
    }
    look_for_fork(call);
    if (call->station.revoked) {
        call->revoked = true;
        call->epoch = call->request.epoch; /* it has nothing to learn any more */
        return call->request.protocol >= 2 ? 0
                                           : error_set(error, "device.revoked", "device",
                                                       "this station was revoked");
    }
    return schema_check_version(server->catalogue->version, call->request.schema_version,
                                error) != 0
               ? -1
               : settle_history(call, error);
}

/* By the keys of the device that sealed it: this one, or one that it goes on from. */
static int open_bundle(struct sync_call *call, struct bytes sealed,
                       struct incoming_bundle *ret, struct error *error) {
    struct bundle_envelope envelope;
    struct station *station = &call->station;
    bool other = bundle_open(sealed, &envelope, NULL) == 0 &&
                 kin_ancestor(&call->station.family, envelope.header.device) != NULL;
    if (other) {
        station = &call->ancestor;
        if (!id_equal(call->ancestor.id, envelope.header.device) &&
            station_find(call->reader->db, call->server->catalogue,
                         envelope.header.device, &call->arena, station, error) != 0) {
            return -1;
        }
    }
    chain_open(sealed, station, call->server->org, &call->arena, ret);
    return 0;
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
        if (open_bundle(call, call->request.bundles[i], &bundles[i], error) != 0) {
            return -1;
        }
    }
    reader_give(server->readers, call->reader); /* a new snapshot afterwards */
    call->reader = NULL;
    call->job = (struct sync_job){.server = server,
                                  .request = &call->request,
                                  .bundles = bundles,
                                  .bundle_count = count,
                                  .takes_orders = call->request.protocol >= 2,
                                  .arena = arena_make(REQUEST_MEMORY)};
    if (ingest_run(server->ingest, take_bundles, &call->job, error) != 0) {
        return -1;
    }
    count_answers(server, &call->job);
    call->revoked = call->job.revoked;
    call->response.answers = call->job.answers;
    call->response.answer_count = count;
    int64_t before = call->epoch;
    if (read_again(call, error) != 0) {
        return -1;
    }
    return call->epoch == before ? 0 : settle_history(call, error);
}

/* A station that has to learn of another history first gets no rows: what it holds is not what they follow. */
static bool must_learn(const struct sync_call *call) {
    return call->rebuild || call->request.epoch != call->epoch;
}

static int fill_rows(struct sync_call *call, struct error *error) {
    if (call->revoked) { /* nothing any more but what to do with itself */
        call->response.order = ORDER_WIPE;
    } else if (!must_learn(call)) {
        return pull_fill(call->reader, &call->station, &call->request, &call->pulled,
                         &call->rows, &call->response, error) != 0
                   ? -1
                   : prove_target(call, error);
    }
    call->response.more = false;
    call->response.head = call->request.cursor;
    call->response.digest_rows = -1;
    return 0;
}

static int tell_history(struct sync_call *call, struct error *error) {
    struct sync_response *response = &call->response;
    response->epoch = call->epoch;
    response->rebuild = response->rebuild || call->rebuild;
    return call->request.epoch == call->epoch
               ? 0
               : history_from(call->reader->db, call->request.epoch,
                              &response->epoch_from, error);
}

/* The key that the station pins; one of an earlier program does not say it and has the one of its certificate. */
static struct key_choice choose_key(const struct sync_call *call) {
    const struct key_ring *ring = call->server->ring;
    return call->request.protocol >= 2
               ? key_ring_choose(ring, &call->request.server_key)
               : key_ring_of_certificate(ring, call->station.certificate_envelope);
}

/* `answered`: the hash of what this answers; that of the response's own body afterwards. */
static int seal_response(struct sync_call *call, uint8_t answered[HASH_SIZE],
                         struct buffer *ret, struct error *error) {
    struct server *server = call->server;
    struct sync_response *response = &call->response;
    memcpy(response->request_hash, answered, HASH_SIZE);
    response->hq_time = server->env->wall_ms(server->env->context);
    response->schema_version = server->catalogue->version;
    response->protocol = SYNC_PROTOCOL;
    atomic_fetch_add(&server->counters.rows_sent, response->row_count);
    const struct key_choice key = choose_key(call);
    if (response->protocol >= 2 && call->request.protocol >= 2) {
        response->notices = (struct bytes *)(uintptr_t)key.notices;
        response->notice_count = key.notice_count;
    }
    struct buffer body = buffer_make(LIMIT_RESPONSE);
    int result = tell_history(call, error);
    if (result == 0) {
        result = sync_response_encode(response, &body, error);
    }
    if (result == 0) {
        hash_blake2b(buffer_bytes(&body), answered);
        envelope_seal(buffer_bytes(&body), "satchel sync response", key.keys, ret);
        result = ret->failed ? error_out_of_memory(error) : 0;
    }
    buffer_free(&body);
    return result;
}

static int answer_sync(struct sync_call *call, struct buffer *ret, struct error *error) {
    uint8_t answered[HASH_SIZE];
    hash_blake2b(call->envelope.body, answered);
    return fill_rows(call, error) != 0 ? -1 : seal_response(call, answered, ret, error);
}

static int purge(struct master *master, struct work *work, void *context,
                 struct error *error) {
    struct server *server = context;
    const struct purge_limits limits = {
        .now = master_now(master),
        .horizon_ms = server->options.horizon_ms > 0 ? server->options.horizon_ms
                                                     : TOMBSTONE_HORIZON_MS,
        .maximum = PURGE_STEP,
    };
    bool more = false;
    if (tombstones_purge(master, work, &limits, &more, error) != 0) {
        return -1;
    }
    if (more) {
        atomic_store(&server->purge_due, limits.now); /* the next who comes goes on */
    }
    return 0;
}

/* Now and then somebody who was here takes a step of it along. A failure is no harm: it is tried again. */
static void purge_if_due(struct server *server, int64_t now) {
    struct error error = {0};
    long long due = atomic_load(&server->purge_due);
    bool mine =
        now >= due || due - now > 2LL * PURGE_EVERY_MS; /* or the clock was set back */
    if (!mine ||
        !atomic_compare_exchange_strong(&server->purge_due, &due, now + PURGE_EVERY_MS)) {
        return;
    }
    seen_write(server->seen, server->ingest, now, true);
    if (ingest_run(server->ingest, purge, server, &error) != 0) {
        server_log(server, "error", "purge failed", "\"code\":\"%s\"", error.code);
    }
}

/* The station was here: what it has now, and what it still has to send beyond what came with this request. */
static void note_contact(struct sync_call *call, int64_t cursor) {
    struct server *server = call->server;
    const struct sync_response *response = &call->response;
    struct contact contact = {.at = server->env->wall_ms(server->env->context),
                              .cursor = cursor,
                              .waiting = call->request.waiting,
                              .schema_version = call->request.schema_version,
                              .passed = call->named_cursor};
    for (size_t i = 0; i < response->answer_count && contact.waiting > 0; i++) {
        contact.waiting -= (int64_t)response->answers[i].verdict_count;
    }
    if (call->request.waiting >= 0 && contact.waiting < 0) {
        contact.waiting = 0;
    }
    seen_note(server->seen, call->station.number, &contact);
    seen_write(server->seen, server->ingest, contact.at, false);
    purge_if_due(server, contact.at);
}

static struct sync_call begin_call(struct server *server) {
    return (struct sync_call){.server = server,
                              .arena = arena_make(REQUEST_MEMORY),
                              .pulled = arena_make(REQUEST_MEMORY),
                              .rows = buffer_make(LIMIT_RESPONSE)};
}

static void end_call(struct sync_call *call) {
    reader_give(call->server->readers, call->reader);
    scope_set_free(&call->request.held);
    scope_set_free(&call->response.gained);
    scope_set_free(&call->response.lost);
    arena_free(&call->arena);
    arena_free(&call->pulled);
    arena_free(&call->job.arena);
    buffer_free(&call->rows);
}

void server_handle_sync(struct server *server, struct bytes body, struct buffer *ret,
                        int *ret_status) {
    struct error error = {0};
    struct sync_call call = begin_call(server);
    int64_t from = server->env->boot_ms(server->env->context);
    if (admit(&call, body, &error) == 0 && merge_bundles(&call, &error) == 0 &&
        answer_sync(&call, ret, &error) == 0) {
        *ret_status = 200;
        files_sweep_sometimes(server);
        note_contact(&call,
                     call.response.more ? call.request.cursor : call.response.head);
        metrics_note_rebuild(server, &call.request, !call.response.more);
        metrics_note_duration(server, server->env->boot_ms(server->env->context) - from);
    } else {
        server_answer_failure(server, "sync refused", &error, ret, ret_status);
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
        server_answer_failure(server, "file refused", &error, ret, ret_status);
    }
}

/* --- requests that came in a parcel ----------------------------------------------------------------- */

/* The next response goes on where the last one ended, as if the station had asked for it. */
static int go_on(struct sync_call *call, struct error *error) {
    struct pull_position next = call->response.next;
    next.key = arena_copy(&call->arena, next.key);
    call->request.position = next;
    scope_set_free(&call->response.gained);
    scope_set_free(&call->response.lost);
    call->response = (struct sync_response){0};
    arena_reset(&call->pulled);
    buffer_reset(&call->rows);
    return next.key.data ? 0 : error_out_of_memory(error);
}

/* Without rows `more` says that there may be some, and nothing where they begin. */
static int answer_carried(struct sync_call *call, const struct carried_request *carried,
                          struct error *error) {
    uint8_t answered[HASH_SIZE];
    bool again = true;
    int result = 0;
    hash_blake2b(call->envelope.body, answered);
    while (again && result == 0) {
        struct buffer sealed = buffer_make(LIMIT_RESPONSE);
        call->response.more = true;
        call->response.digest_rows = -1;
        result = carried->rows ? fill_rows(call, error) : 0;
        if (result == 0) {
            result = seal_response(call, answered, &sealed, error);
        }
        if (result == 0) {
            result = carried->take(carried->context, buffer_bytes(&sealed),
                                   &call->response, &again, error);
        }
        buffer_free(&sealed);
        again = again && carried->rows && call->response.more;
        if (again && result == 0) {
            result = go_on(call, error);
        }
    }
    return result;
}

int sync_answer_carried(struct server *server, const struct carried_request *carried,
                        struct error *error) {
    struct sync_call call = begin_call(server);
    int result = admit(&call, carried->body, error);
    if (result == 0) {
        result = carried->meet(carried->context, &call.station, error);
    }
    if (result == 0) {
        result = merge_bundles(&call, error);
    }
    if (result == 0) {
        note_contact(&call, call.request.cursor);
        result = answer_carried(&call, carried, error);
    }
    end_call(&call);
    return result;
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

int server_answer_certificate(struct server *server,
                              const struct certificate_answer *answer, struct buffer *ret,
                              struct error *error) {
    const struct key_choice key = key_ring_choose(server->ring, answer->pin);
    struct enrol_response response = {.certificate = answer->certificate,
                                      .hq_time =
                                          server->env->wall_ms(server->env->context),
                                      .schema_version = server->catalogue->version};
    if (place_epoch(server, &response.epoch, error) != 0) {
        return -1;
    }
    memcpy(response.org_name, server->org_name, sizeof server->org_name);
    response.notice_count = key.notice_count;
    for (size_t i = 0; i < key.notice_count; i++) {
        response.notices[i] = key.notices[i];
    }
    struct buffer body = buffer_make(LIMIT_TEXT);
    enrol_response_encode(&response, &body);
    envelope_seal(buffer_bytes(&body), answer->context, key.keys, ret);
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
        schema_check_version(server->catalogue->version, job->request.schema_version,
                             error) != 0 ||
        ingest_run(server->ingest, enrol_station, job, error) != 0) {
        return -1;
    }
    atomic_fetch_add(&server->counters.enrolments, 1);
    const struct certificate_answer answer = {job->certificate, "satchel enrol response",
                                              &job->request.server_key};
    return server_answer_certificate(server, &answer, ret, error);
}

void server_handle_enrol(struct server *server, struct bytes body, struct buffer *ret,
                         int *ret_status) {
    struct error error = {0};
    struct enrol_job job = {.arena = arena_make(LIMIT_REQUEST)};
    if (body.size > LIMIT_ENROL_REQUEST) {
        error_set(&error, "request.size", "body", "an enrolment has at most %d bytes",
                  LIMIT_ENROL_REQUEST);
        server_answer_failure(server, "enrolment refused", &error, ret, ret_status);
    } else if (enrol(server, body, &job, ret, &error) == 0) {
        *ret_status = 200;
        server_log(server, "info", "station enrolled", "%s", "");
    } else {
        server_answer_failure(server, "enrolment refused", &error, ret, ret_status);
    }
    arena_free(&job.arena);
}
