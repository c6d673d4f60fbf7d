/*
 * Attacks on the way in: bodies, envelopes, signatures, enrolment.
 */
#include "tests/forge/forge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An honest request, signed by `keys` for `purpose`. */
static void seal_request(const struct sync_request *request, const char *purpose,
                         const struct sign_keys *keys, struct buffer *ret) {
    struct buffer body = buffer_make(LIMIT_REQUEST);
    struct error error = {0};
    if (sync_request_encode(request, &body, &error) != 0)
        give_up("encoding a request", &error);
    envelope_seal(buffer_bytes(&body), purpose, keys, ret);
    buffer_free(&body);
}

static void make_other_keys(struct forge *forge, struct sign_keys *ret) {
    uint8_t seed[SIGN_SEED];
    forge->env->random(forge->env->context, seed, sizeof seed);
    seal_keys(seed, ret);
}

static void post(struct forge *forge, struct bytes body, struct outcome *ret) {
    device_post_raw(forge, body, body, ret);
}

FORGE_ATTACK(attack_empty_body) {
    post(forge, (struct bytes){(const uint8_t *)"", 0}, ret);
}

FORGE_ATTACK(attack_garbage) {
    uint8_t noise[5000];
    forge->env->random(forge->env->context, noise, sizeof noise);
    noise[0] = 0x92;
    post(forge, (struct bytes){noise, sizeof noise}, ret);
}

FORGE_ATTACK(attack_deep) {
    uint8_t nested[1000];
    memset(nested, 0x91, sizeof nested);
    post(forge, (struct bytes){nested, sizeof nested}, ret);
}

FORGE_ATTACK(attack_huge_count) {
    post(forge, (struct bytes){(const uint8_t *)"\xdd\xff\xff\xff\xff\xc0", 6}, ret);
}

FORGE_ATTACK(attack_truncated) {
    struct sync_request request = device_request(forge);
    struct buffer sealed = buffer_make(LIMIT_REQUEST);
    seal_request(&request, "satchel sync request", &forge->keys, &sealed);
    post(forge, (struct bytes){sealed.data, sealed.size - 10}, ret);
    buffer_free(&sealed);
}

/* Sends requests that are no message; the answer's code is what counts. */
static void post_bare(struct forge *forge, const char *method, const char *path,
                      struct bytes body, size_t claimed_length, struct outcome *ret) {
    struct buffer answer = buffer_make(LIMIT_RESPONSE);
    struct error failure = {0};
    memset(ret, 0, sizeof *ret);
    ret->status =
        http_post(forge->invitation.address, method, path, body, claimed_length, &answer);
    if (failure_decode(buffer_bytes(&answer), &failure, NULL) != 0)
        snprintf(failure.code, sizeof failure.code, "no.answer");
    memcpy(ret->code, failure.code, sizeof ret->code);
    buffer_free(&answer);
}

FORGE_ATTACK(attack_oversized) {
    post_bare(forge, "POST", "/v1/sync", (struct bytes){NULL, 0},
              (size_t)LIMIT_REQUEST + 1, ret);
}

FORGE_ATTACK(attack_get) {
    post_bare(forge, "GET", "/v1/sync", (struct bytes){NULL, 0}, 0, ret);
}

FORGE_ATTACK(attack_no_signature) {
    struct sync_request request = device_request(forge);
    struct buffer sealed = buffer_make(LIMIT_REQUEST);
    seal_request(&request, "satchel sync request", &forge->keys, &sealed);
    memset(sealed.data + sealed.size - SIGN_SIGNATURE, 0, SIGN_SIGNATURE);
    post(forge, buffer_bytes(&sealed), ret);
    buffer_free(&sealed);
}

static void post_signed(struct forge *forge, const struct sync_request *request,
                        const char *purpose, const struct sign_keys *keys,
                        struct outcome *ret) {
    struct buffer sealed = buffer_make(LIMIT_REQUEST);
    seal_request(request, purpose, keys, &sealed);
    post(forge, buffer_bytes(&sealed), ret);
    buffer_free(&sealed);
}

FORGE_ATTACK(attack_other_key) {
    struct sync_request request = device_request(forge);
    struct sign_keys others;
    make_other_keys(forge, &others);
    post_signed(forge, &request, "satchel sync request", &others, ret);
}

FORGE_ATTACK(attack_other_purpose) {
    struct sync_request request = device_request(forge);
    post_signed(forge, &request, "satchel enrol request", &forge->keys, ret);
}

FORGE_ATTACK(attack_unknown_device) {
    struct sync_request request = device_request(forge);
    device_id(forge, &request.device);
    post_signed(forge, &request, "satchel sync request", &forge->keys, ret);
}

FORGE_ATTACK(attack_wrong_org) {
    struct sync_request request = device_request(forge);
    device_id(forge, &request.org);
    post_signed(forge, &request, "satchel sync request", &forge->keys, ret);
}

/* --- enrolment ------------------------------------------------------------------------- */

static void enrol(struct forge *forge, const uint8_t token[16],
                  const struct sign_keys *claimed, const struct sign_keys *signer,
                  struct outcome *ret) {
    struct enrol_request request = {.name = "second", .schema_version = SCHEMA_VERSION};
    struct buffer body = buffer_make(LIMIT_ENROL_REQUEST);
    struct buffer sealed = buffer_make(LIMIT_ENROL_REQUEST);
    memcpy(request.token, token, sizeof request.token);
    memcpy(request.device_key.bytes, claimed->public_key, SIGN_PUBLIC);
    enrol_request_encode(&request, &body);
    envelope_seal(buffer_bytes(&body), "satchel enrol request", signer, &sealed);
    post_bare(forge, "POST", "/v1/enrol", buffer_bytes(&sealed), sealed.size, ret);
    buffer_free(&body);
    buffer_free(&sealed);
}

/* An invitation is good for one station; another that has overheard it comes too late. */
FORGE_ATTACK(attack_enrol_again) {
    struct sign_keys others;
    make_other_keys(forge, &others);
    enrol(forge, forge->invitation.token, &others, &others, ret);
}

FORGE_ATTACK(attack_enrol_unknown) {
    struct sign_keys others;
    uint8_t token[16];
    make_other_keys(forge, &others);
    forge->env->random(forge->env->context, token, sizeof token);
    enrol(forge, token, &others, &others, ret);
}

FORGE_ATTACK(attack_enrol_other_key) {
    struct sign_keys others;
    make_other_keys(forge, &others);
    enrol(forge, forge->invitation.token, &others, &forge->keys, ret);
}
