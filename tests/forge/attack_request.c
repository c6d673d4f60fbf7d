/*
 * Attacks with requests: cursors, scopes and positions that the station was never given.
 */
#include "tests/forge/forge.h"

#include <stdio.h>
#include <string.h>

#include "sync/wire.h"

FORGE_ATTACK(attack_cursor_beyond) {
    struct sync_request request = device_request(forge);
    request.cursor = forge->head + 1000000;
    device_post(forge, &request, ret);
}

FORGE_ATTACK(attack_cursor_negative) {
    struct sync_request request = device_request(forge);
    request.cursor = -1;
    device_post(forge, &request, ret);
}

/* --- more scopes than a station may have ------------------------------------------------- */

/* The encoder would not do it: the message by hand. */
FORGE_ATTACK(attack_many_scopes) {
    enum { SCOPES = 400000, SCOPE_SIZE = 17 };
    struct buffer body = buffer_make(LIMIT_REQUEST), sealed = buffer_make(LIMIT_REQUEST);
    struct buffer scopes = buffer_make((size_t)SCOPES * SCOPE_SIZE);
    uint8_t *at = buffer_extend(&scopes, (size_t)SCOPES * SCOPE_SIZE);
    if (!at)
        give_up("memory", &(struct error){.message = "there is none"});
    memset(at, 0, (size_t)SCOPES * SCOPE_SIZE);
    for (uint32_t i = 0; i < SCOPES; i++, at += SCOPE_SIZE) {
        at[0] = SCOPE_USER;
        at[1] = (uint8_t)(i >> 16);
        at[2] = (uint8_t)(i >> 8);
        at[3] = (uint8_t)i;
    }
    wire_put_array(&body, 13);
    wire_put_id(&body, forge->certificate.org);
    wire_put_id(&body, forge->certificate.device);
    wire_put_integer(&body, 0);
    wire_put_integer(&body, ++forge->counter);
    wire_put_integer(&body, SCHEMA_VERSION);
    wire_put_integer(&body, forge->epoch);
    wire_put_integer(&body, 0);
    wire_put_bytes(&body, buffer_bytes(&scopes));
    wire_put_null(&body);
    wire_put_integer(&body, 0);
    wire_put_integer(&body, 0);
    wire_put_array(&body, 0);
    wire_put_bytes(&body, (struct bytes){forge->scopes_proof, HASH_SIZE});
    envelope_seal(buffer_bytes(&body), "satchel sync request", &forge->keys, &sealed);
    device_post_raw(forge, buffer_bytes(&sealed), buffer_bytes(&body), ret);
    buffer_free(&body);
    buffer_free(&sealed);
    buffer_free(&scopes);
}

/* --- scopes of others -------------------------------------------------------------------- */

static void set_code(struct outcome *ret, const char *code) {
    snprintf(ret->code, sizeof ret->code, "%s", code);
}

static bool names(struct forge *forge, const struct row_group *groups, size_t count,
                  const char *table, struct id key) {
    return world_has(groups, count, catalogue_table(forge->catalogue, table),
                     (struct bytes){key.bytes, ID_SIZE});
}

/* "I have these scopes, and I am at the beginning." Were it believed, the answer would tell which rows left them.
 * The proof is the one for what the station really has. */
static void claim(struct forge *forge, const struct scope_set *claimed,
                  struct outcome *ret) {
    struct sync_request request = device_request(forge);
    request.held = *claimed;
    request.cursor = 0;
    device_post(forge, &request, ret);
}

FORGE_ATTACK(attack_scopes_of_others) {
    struct scope_set claimed = {.scopes = NULL};
    scope_set_add(&claimed, (struct scope){.kind = SCOPE_HQ});
    scope_set_add(&claimed, (struct scope){.kind = SCOPE_ORG});
    scope_set_add(&claimed, (struct scope){SCOPE_USER, forge->foreign_user});
    claim(forge, &claimed, ret);
    scope_set_free(&claimed);
}

FORGE_ATTACK(attack_one_scope_more) {
    struct scope_set claimed = {.scopes = NULL};
    for (size_t i = 0; i < forge->scopes.count; i++)
        scope_set_add(&claimed, forge->scopes.scopes[i]);
    scope_set_add(&claimed, (struct scope){SCOPE_USER, forge->foreign_user});
    claim(forge, &claimed, ret);
    scope_set_free(&claimed);
}

/* A position of a pull under scopes that the station does not have. */
FORGE_ATTACK(attack_position) {
    struct arena arena = arena_make((size_t)LIMIT_RESPONSE * 2);
    struct sync_request request = device_request(forge);
    struct sync_response response;
    request.position =
        (struct pull_position){.set = true,
                               .gsn = 1,
                               .table = 30,
                               .key = {forge->foreign_customer.bytes, ID_SIZE}};
    if (device_exchange(forge, &request, &arena, &response, ret) == 0) {
        if (!response.restart)
            set_code(ret, "position.taken");
        if (response.rows.size > 0)
            set_code(ret, "leak.row");
        scope_set_free(&response.gained);
        scope_set_free(&response.lost);
    }
    arena_free(&arena);
}

/* --- histories --------------------------------------------------------------------------- */

/* A station of today whose word for its place is not the server's gets nothing but the advice to begin anew; and the
 * server does not believe that it lost a history. */
FORGE_ATTACK(attack_history_invented) {
    struct arena arena = arena_make((size_t)LIMIT_RESPONSE * 2);
    struct sync_request request = device_request(forge);
    struct sync_response response;
    request.protocol = SYNC_PROTOCOL;
    request.cursor += 1000;
    device_id(forge, &request.head_id);
    if (device_exchange(forge, &request, &arena, &response, ret) == 0) {
        if (!response.rebuild || response.gained.count > 0)
            set_code(ret, "history.believed");
        if (response.rows.size > 0)
            set_code(ret, "leak.row");
        if (response.epoch != forge->epoch)
            set_code(ret, "epoch.begun");
        scope_set_free(&response.gained);
        scope_set_free(&response.lost);
    }
    arena_free(&arena);
}

/* A device that the server does not know, with a certificate of its own making: more than it was given. */
FORGE_ATTACK(attack_certificate_forged) {
    struct certificate certificate = forge->certificate;
    struct buffer body = buffer_make(LIMIT_ENROL_REQUEST);
    struct buffer envelope = buffer_make(LIMIT_ENROL_REQUEST);
    struct sync_request request = device_request(forge);
    device_id(forge, &certificate.device);
    certificate.everyone = true;
    certificate_encode(&certificate, &body);
    envelope_seal(buffer_bytes(&body), "satchel certificate", &forge->keys, &envelope);
    request.protocol = SYNC_PROTOCOL;
    request.device = certificate.device;
    request.held.count = 0;
    request.certificate = buffer_bytes(&envelope);
    device_post(forge, &request, ret);
    buffer_free(&body);
    buffer_free(&envelope);
}

/* After all that the station sees what it saw, and nothing of others. */
FORGE_ATTACK(final_pull) {
    struct arena arena = arena_make((size_t)LIMIT_RESPONSE * 4);
    struct row_group *groups = NULL;
    size_t count = 0;
    *ret = (struct outcome){.status = 200, .code = "ok"};
    world_pull(forge, &arena, &groups, &count);
    if (names(forge, groups, count, "opportunity", forge->foreign_opportunity) ||
        names(forge, groups, count, "customer", forge->foreign_customer))
        set_code(ret, "leak.row");
    if (!names(forge, groups, count, "opportunity", forge->own_opportunity))
        set_code(ret, "row.lost");
    arena_free(&arena);
}
