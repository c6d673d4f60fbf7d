/*
 * The station: its keys, its enrolment, its signed requests.
 */
#include "tests/forge/forge.h"

#include <stdio.h>
#include <string.h>

void device_id(struct forge *forge, struct id *ret) {
    *ret = env_new_id(forge->env);
}

static void set_code(struct outcome *ret, const char *code) {
    snprintf(ret->code, sizeof ret->code, "%s", code);
}

/* --- enrolment ------------------------------------------------------------------------- */

static void read_certificate(struct forge *forge, const struct enrol_response *response) {
    struct envelope envelope;
    struct error error = {0};
    if (envelope_open(response->certificate, &envelope, &error) != 0 ||
        envelope_verify(&envelope, "satchel certificate", &forge->invitation.server_key,
                        &error) != 0 ||
        certificate_decode(envelope.body, &forge->certificate, &error) != 0)
        give_up("reading the certificate", &error);
}

static void read_enrol_response(struct forge *forge, struct bytes body) {
    struct envelope envelope;
    struct enrol_response response;
    struct error error = {0};
    if (envelope_open(body, &envelope, &error) != 0 ||
        envelope_verify(&envelope, "satchel enrol response",
                        &forge->invitation.server_key, &error) != 0 ||
        enrol_response_decode(envelope.body, &response, &error) != 0)
        give_up("reading the enrolment", &error);
    forge->epoch = response.epoch;
    read_certificate(forge, &response);
}

void device_enrol(struct forge *forge) {
    struct enrol_request request = {.name = "forge", .schema_version = SCHEMA_VERSION};
    struct buffer body = buffer_make(LIMIT_ENROL_REQUEST);
    struct buffer sealed = buffer_make(LIMIT_ENROL_REQUEST);
    struct buffer answer = buffer_make(LIMIT_RESPONSE);
    struct error error = {0};
    uint8_t seed[SIGN_SEED];
    forge->env->random(forge->env->context, seed, sizeof seed);
    forge->env->random(forge->env->context, forge->prefix, sizeof forge->prefix);
    seal_keys(seed, &forge->keys);
    memcpy(request.token, forge->invitation.token, sizeof request.token);
    memcpy(request.device_key.bytes, forge->keys.public_key, SIGN_PUBLIC);
    enrol_request_encode(&request, &body);
    envelope_seal(buffer_bytes(&body), "satchel enrol request", &forge->keys, &sealed);
    int status = http_post(forge->invitation.address, "POST", "/v1/enrol",
                           buffer_bytes(&sealed), sealed.size, &answer);
    if (status != 200) {
        failure_decode(buffer_bytes(&answer), &error, NULL);
        give_up("enrolling", &error);
    }
    read_enrol_response(forge, buffer_bytes(&answer));
    buffer_free(&body);
    buffer_free(&sealed);
    buffer_free(&answer);
}

/* --- requests -------------------------------------------------------------------------- */

struct sync_request device_request(struct forge *forge) {
    struct sync_request request = {
        .org = forge->certificate.org,
        .device = forge->certificate.device,
        .time = forge->env->wall_ms(forge->env->context),
        .counter = ++forge->counter,
        .schema_version = SCHEMA_VERSION,
        .epoch = forge->epoch,
        .cursor = forge->head,
        .held = forge->scopes,
    };
    memcpy(request.held_proof, forge->scopes_proof, HASH_SIZE);
    return request;
}

static void read_answer(const struct bundle_answer *answer, struct outcome *ret) {
    ret->accepted = answer->accepted;
    if (!answer->accepted) {
        set_code(ret, answer->code);
        return;
    }
    if (answer->verdict_count == 0)
        return;
    const struct verdict *verdict = &answer->verdicts[0];
    ret->gsn = verdict->gsn;
    ret->time = verdict->time;
    set_code(ret, verdict->kind == VERDICT_REFUSED ? verdict->code
                                                   : verdict_text(verdict->kind));
}

/* The server's signature, and that it answers this request and no other. */
static int read_response(struct forge *forge, struct bytes body, struct bytes signed_body,
                         struct arena *arena, struct sync_response *ret,
                         struct outcome *outcome) {
    struct envelope envelope;
    struct error error = {0};
    uint8_t hash[HASH_SIZE];
    if (envelope_open(body, &envelope, &error) != 0 ||
        envelope_verify(&envelope, "satchel sync response", &forge->invitation.server_key,
                        &error) != 0 ||
        sync_response_decode(envelope.body, arena, ret, &error) != 0) {
        set_code(outcome, error.code);
        return -1;
    }
    hash_blake2b(signed_body, hash);
    set_code(outcome,
             memcmp(hash, ret->request_hash, HASH_SIZE) == 0 ? "ok" : "answer.other");
    outcome->hq_time = ret->hq_time;
    if (ret->answer_count > 0)
        read_answer(&ret->answers[0], outcome);
    return 0;
}

static int exchange(struct forge *forge, struct bytes body, struct bytes signed_body,
                    struct arena *arena, struct sync_response *ret,
                    struct outcome *outcome) {
    struct buffer answer = buffer_make(LIMIT_RESPONSE);
    struct error failure = {0};
    int rc = -1;
    memset(outcome, 0, sizeof *outcome);
    outcome->status = http_post(forge->invitation.address, "POST", "/v1/sync", body,
                                body.size, &answer);
    if (outcome->status == 200) {
        struct bytes kept = arena_copy(arena, buffer_bytes(&answer));
        rc = read_response(forge, kept, signed_body, arena, ret, outcome);
    } else if (failure_decode(buffer_bytes(&answer), &failure, NULL) == 0) {
        set_code(outcome, failure.code);
    } else {
        set_code(outcome, "no.answer");
    }
    buffer_free(&answer);
    return rc;
}

void device_post_raw(struct forge *forge, struct bytes body, struct bytes signed_body,
                     struct outcome *ret) {
    struct arena arena = arena_make((size_t)LIMIT_RESPONSE * 2);
    struct sync_response response;
    if (exchange(forge, body, signed_body, &arena, &response, ret) == 0) {
        scope_set_free(&response.gained);
        scope_set_free(&response.lost);
    }
    arena_free(&arena);
}

int device_exchange(struct forge *forge, const struct sync_request *request,
                    struct arena *arena, struct sync_response *ret,
                    struct outcome *ret_outcome) {
    struct buffer body = buffer_make(LIMIT_REQUEST);
    struct buffer sealed = buffer_make(LIMIT_REQUEST);
    struct error error = {0};
    if (sync_request_encode(request, &body, &error) != 0)
        give_up("encoding a request", &error);
    envelope_seal(buffer_bytes(&body), "satchel sync request", &forge->keys, &sealed);
    int rc = exchange(forge, buffer_bytes(&sealed), buffer_bytes(&body), arena, ret,
                      ret_outcome);
    buffer_free(&body);
    buffer_free(&sealed);
    return rc;
}

void device_post(struct forge *forge, const struct sync_request *request,
                 struct outcome *ret) {
    struct arena arena = arena_make((size_t)LIMIT_RESPONSE * 2);
    struct sync_response response;
    if (device_exchange(forge, request, &arena, &response, ret) == 0) {
        scope_set_free(&response.gained);
        scope_set_free(&response.lost);
    }
    arena_free(&arena);
}
