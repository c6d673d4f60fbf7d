/*
 * Attacks with the keys of devices: children that are none, keys that are others', and what a revoked device still
 * tries.
 */
#include "tests/forge/forge.h"

#include <stdio.h>
#include <string.h>

static const char REENROL[] = "satchel reenrol request";
static const char ROTATE[] = "satchel rotate request";

static void new_keys(struct forge *forge, struct sign_keys *ret) {
    uint8_t seed[SIGN_SEED];
    forge->env->random(forge->env->context, seed, sizeof seed);
    seal_keys(seed, ret);
}

/* What is asked for: by which keys, with which bundle. */
struct asked {
    const char *path;
    const char *context;
    const struct sign_keys *former;
    const struct sign_keys *next;    /* whose public key is named */
    const struct sign_keys *witness; /* who proves it */
    int64_t number;
    uint8_t hash[HASH_SIZE];
};

static void post_asked(struct forge *forge, const struct asked *asked,
                       struct outcome *ret) {
    struct device_request request = {.org = forge->certificate.org,
                                     .device = forge->certificate.device,
                                     .number = asked->number,
                                     .schema_version = SCHEMA_VERSION,
                                     .server_key = forge->invitation.server_key};
    struct buffer body = buffer_make(LIMIT_ENROL_REQUEST);
    struct buffer sealed = buffer_make(LIMIT_ENROL_REQUEST);
    struct buffer answer = buffer_make(LIMIT_RESPONSE);
    struct error failure = {.code = "ok"};
    memcpy(request.new_key.bytes, asked->next->public_key, SIGN_PUBLIC);
    memcpy(request.hash, asked->hash, HASH_SIZE);
    device_request_encode(&request, &body);
    handover_seal(buffer_bytes(&body), asked->context,
                  (struct handover_keys){asked->former, asked->witness}, &sealed);
    ret->status = http_post(forge->invitation.address, "POST", asked->path,
                            buffer_bytes(&sealed), sealed.size, &answer);
    if (ret->status != 200)
        failure_decode(buffer_bytes(&answer), &failure, NULL);
    snprintf(ret->code, sizeof ret->code, "%s", failure.code);
    buffer_free(&body);
    buffer_free(&sealed);
    buffer_free(&answer);
}

/* A re-enrolment as it should be: another bundle under a number that was used. `salt` makes it another one. */
static struct asked fork_of(struct forge *forge, struct sign_keys *next, uint8_t salt) {
    struct asked asked = {.path = "/v1/reenrol",
                          .context = REENROL,
                          .former = &forge->keys,
                          .next = next,
                          .witness = next,
                          .number = forge->number};
    new_keys(forge, next);
    memcpy(asked.hash, forge->hash, HASH_SIZE);
    asked.hash[0] ^= salt;
    return asked;
}

static struct asked rotation_of(struct forge *forge, struct sign_keys *next) {
    struct asked asked = fork_of(forge, next, 0);
    asked.path = "/v1/rotate";
    asked.context = ROTATE;
    return asked;
}

FORGE_ATTACK(attack_reenrol_garbage) {
    struct buffer answer = buffer_make(LIMIT_RESPONSE);
    struct error failure = {.code = "ok"};
    ret->status = http_post(forge->invitation.address, "POST", "/v1/reenrol",
                            bytes_of_text("no envelope"), 11, &answer);
    failure_decode(buffer_bytes(&answer), &failure, NULL);
    snprintf(ret->code, sizeof ret->code, "%s", failure.code);
    buffer_free(&answer);
}

FORGE_ATTACK(attack_reenrol_without_fork) {
    struct sign_keys next;
    struct asked asked = fork_of(forge, &next, 0);
    post_asked(forge, &asked, ret);
}

FORGE_ATTACK(attack_reenrol_stranger) {
    struct sign_keys next;
    struct sign_keys stranger;
    struct asked asked = fork_of(forge, &next, 1);
    new_keys(forge, &stranger);
    asked.former = &stranger;
    post_asked(forge, &asked, ret);
}

/* A key that one does not have: another's, to be taken for him. */
FORGE_ATTACK(attack_reenrol_unproven) {
    struct sign_keys next;
    struct asked asked = fork_of(forge, &next, 1);
    asked.witness = &forge->keys;
    post_asked(forge, &asked, ret);
}

FORGE_ATTACK(attack_reenrol_other_purpose) {
    struct sign_keys next;
    struct asked asked = fork_of(forge, &next, 1);
    asked.context = ROTATE;
    post_asked(forge, &asked, ret);
}

FORGE_ATTACK(attack_reenrol_own_key) {
    struct sign_keys next;
    struct asked asked = fork_of(forge, &next, 1);
    asked.next = asked.witness = &forge->keys;
    post_asked(forge, &asked, ret);
}

FORGE_ATTACK(honest_reenrol) {
    struct sign_keys next;
    struct asked asked = fork_of(forge, &next, 2);
    post_asked(forge, &asked, ret);
}

FORGE_ATTACK(attack_reenrol_evidence) {
    struct sign_keys next;
    struct asked asked = fork_of(forge, &next, 2);
    post_asked(forge, &asked, ret);
}

FORGE_ATTACK(attack_rotate_stranger) {
    struct sign_keys next;
    struct sign_keys stranger;
    struct asked asked = rotation_of(forge, &next);
    new_keys(forge, &stranger);
    asked.former = &stranger;
    post_asked(forge, &asked, ret);
}

FORGE_ATTACK(attack_rotate_hash) {
    struct sign_keys next;
    struct asked asked = rotation_of(forge, &next);
    asked.hash[0] ^= 1;
    post_asked(forge, &asked, ret);
}

FORGE_ATTACK(attack_rotate_early) {
    struct sign_keys next;
    struct asked asked = rotation_of(forge, &next);
    asked.number--;
    post_asked(forge, &asked, ret);
}

FORGE_ATTACK(attack_rotate_far) {
    struct sign_keys next;
    struct asked asked = rotation_of(forge, &next);
    asked.number += 1000000000;
    post_asked(forge, &asked, ret);
}

/* --- after headquarters took the trust back -------------------------------------------------- */

/* Whoever runs this revokes the device now, and says so with a line. */
FORGE_ATTACK(wait_for_revocation) {
    char line[16];
    printf("-- revoke %s\n", forge->certificate.code);
    bool told = fgets(line, sizeof line, stdin) != NULL;
    *ret = (struct outcome){.status = told ? 200 : 0};
    snprintf(ret->code, sizeof ret->code, "ok");
}

/* A request as a station of today makes it, with the next bundle or none. `alter`: what is changed in it at the end. */
static void post_revoked(struct forge *forge, bool with_bundle, uint8_t alter,
                         struct outcome *ret) {
    struct arena arena = arena_make((size_t)LIMIT_RESPONSE * 2);
    struct buffer sealed = buffer_make(LIMIT_BUNDLE);
    struct bundle_header header;
    uint8_t hash[HASH_SIZE];
    struct sync_request request = device_request(forge);
    struct sync_response response = {.protocol = 1};
    struct transaction transaction = chain_transaction(forge, NULL, 0);
    chain_seal(forge, &transaction, &sealed, &header, hash);
    sealed.data[sealed.size - SIGN_SIGNATURE - 4] ^= alter; /* the payload's end */
    struct bytes bundle = buffer_bytes(&sealed);
    request.protocol = SYNC_PROTOCOL;
    request.server_key = forge->invitation.server_key;
    request.bundles = &bundle;
    request.bundle_count = with_bundle;
    if (device_exchange(forge, &request, &arena, &response, ret) == 0) {
        if (response.rows.size > 0)
            snprintf(ret->code, sizeof ret->code, "leak.row");
        else if (!with_bundle && response.order == ORDER_WIPE)
            snprintf(ret->code, sizeof ret->code, "order.wipe");
        scope_set_free(&response.gained);
        scope_set_free(&response.lost);
    }
    buffer_free(&sealed);
    arena_free(&arena);
}

FORGE_ATTACK(attack_revoked_pull) {
    post_revoked(forge, false, 0, ret);
}

FORGE_ATTACK(attack_revoked_work) {
    post_revoked(forge, true, 0, ret);
}

FORGE_ATTACK(attack_revoked_altered) {
    post_revoked(forge, true, 1, ret);
}

/* As stations of the first release ask, which understand no order. */
FORGE_ATTACK(attack_revoked_old) {
    struct sync_request request = device_request(forge);
    device_post(forge, &request, ret);
}

FORGE_ATTACK(attack_revoked_reenrol) {
    struct sign_keys next;
    struct asked asked = fork_of(forge, &next, 4);
    post_asked(forge, &asked, ret);
}

FORGE_ATTACK(attack_revoked_rotate) {
    struct sign_keys next;
    struct asked asked = rotation_of(forge, &next);
    post_asked(forge, &asked, ret);
}
