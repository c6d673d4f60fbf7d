/*
 * Attacks on files: bytes that are not what they claim, files of others, and asking which files there are.
 */
#include "tests/forge/forge.h"

#include <stdio.h>
#include <string.h>

#include "sync/message_file.h"
#include "sync/wire.h"

static const char lie[] = "these bytes are not what the hash says";
static const char own_text[] = "the signature of a customer, as bytes";

static void set_code(struct outcome *ret, const char *code) {
    snprintf(ret->code, sizeof ret->code, "%s", code);
}

/* --- posting --------------------------------------------------------------------------------------- */

static struct file_request file_request(const struct forge *forge,
                                        enum file_operation operation,
                                        const uint8_t hash[HASH_SIZE]) {
    struct file_request request = {.org = forge->certificate.org,
                                   .device = forge->certificate.device,
                                   .operation = operation,
                                   .size = 1000};
    memcpy(request.hash, hash, HASH_SIZE);
    return request;
}

/* *ret_response may be NULL; its piece is gone afterwards. */
static void post_sealed(struct forge *forge, struct bytes sealed,
                        struct file_response *ret_response, struct outcome *ret) {
    struct buffer answer = buffer_make(LIMIT_FILE_REQUEST);
    struct file_response response;
    struct envelope envelope;
    struct error failure = {0};
    memset(ret, 0, sizeof *ret);
    ret->status = http_post(forge->invitation.address, "POST", "/v1/file", sealed,
                            sealed.size, &answer);
    if (ret->status != 200) {
        set_code(ret, failure_decode(buffer_bytes(&answer), &failure, NULL) == 0
                          ? failure.code
                          : "no.answer");
    } else if (envelope_open(buffer_bytes(&answer), &envelope, NULL) != 0 ||
               envelope_verify(&envelope, "satchel file response",
                               &forge->invitation.server_key, NULL) != 0 ||
               file_response_decode(envelope.body, &response, NULL) != 0) {
        set_code(ret, "answer.malformed");
    } else {
        set_code(ret, response.whole ? "whole" : "ok");
        if (ret_response)
            *ret_response = response;
    }
    buffer_free(&answer);
}

static void post_as(struct forge *forge, const struct file_request *request,
                    const struct sign_keys *keys, const char *purpose,
                    struct file_response *ret_response, struct outcome *ret) {
    struct buffer body = buffer_make(2 * LIMIT_FILE_REQUEST);
    struct buffer sealed = buffer_make(2 * LIMIT_FILE_REQUEST);
    file_request_encode(request, &body);
    envelope_seal(buffer_bytes(&body), purpose, keys, &sealed);
    post_sealed(forge, buffer_bytes(&sealed), ret_response, ret);
    buffer_free(&body);
    buffer_free(&sealed);
}

static void post(struct forge *forge, const struct file_request *request,
                 struct file_response *ret_response, struct outcome *ret) {
    post_as(forge, request, &forge->keys, "satchel file request", ret_response, ret);
}

/* A row of one's own that names the hash. */
static void name_file(struct forge *forge, const uint8_t hash[HASH_SIZE],
                      struct outcome *ret) {
    struct draft draft;
    struct id id;
    device_id(forge, &id);
    draft_row(forge, &draft, "attachment", ROW_INSERT, id);
    draft_id(forge, &draft, "opportunity_id", &forge->own_opportunity);
    draft_cell(forge, &draft, "name", value_text("forged"));
    draft_cell(forge, &draft, "media", value_text("image/jpeg"));
    draft_cell(forge, &draft, "size", value_integer(1000));
    draft_cell(forge, &draft, "file", value_blob((struct bytes){hash, HASH_SIZE}));
    chain_try(forge, &draft.change, 1, ret);
}

static void hash_of(const char *text, uint8_t ret[HASH_SIZE]) {
    hash_blake2b(bytes_of_text(text), ret);
}

/* --- files of others --------------------------------------------------------------------------------- */

FORGE_ATTACK(attack_file_unknown) {
    const uint8_t hash[HASH_SIZE] = {1, 2, 3};
    struct file_request request = file_request(forge, FILE_GET, hash);
    post(forge, &request, NULL, ret);
}

FORGE_ATTACK(attack_file_foreign) {
    struct file_request request = file_request(forge, FILE_GET, forge->foreign_file);
    post(forge, &request, NULL, ret);
}

FORGE_ATTACK(attack_file_foreign_put) {
    struct file_request request = file_request(forge, FILE_PUT, forge->foreign_file);
    post(forge, &request, NULL, ret);
}

/* A row of one's own names another's file: the row is as good as any, and gives nothing. */
FORGE_ATTACK(attack_file_named) {
    struct file_request request = file_request(forge, FILE_GET, forge->foreign_file);
    name_file(forge, forge->foreign_file, ret);
    if (strcmp(ret->code, "merged") == 0)
        post(forge, &request, NULL, ret);
}

/* Nor does headquarters say that it has the bytes: all of them are asked for. */
FORGE_ATTACK(attack_file_probe) {
    struct file_request request = file_request(forge, FILE_PUT, forge->foreign_file);
    struct file_response response = {.have = -1};
    post(forge, &request, &response, ret);
    if (strcmp(ret->code, "ok") == 0 && response.have != 0)
        set_code(ret, "file.told");
}

/* --- bytes ---------------------------------------------------------------------------------------------- */

FORGE_ATTACK(attack_file_unnamed) {
    uint8_t hash[HASH_SIZE];
    hash_of("no row names this", hash);
    struct file_request request = file_request(forge, FILE_PUT, hash);
    request.piece = bytes_of_text("no row names this");
    request.size = (int64_t)request.piece.size;
    post(forge, &request, NULL, ret);
}

static struct file_request own_file(struct forge *forge) {
    uint8_t hash[HASH_SIZE];
    hash_of(own_text, hash);
    struct file_request request = file_request(forge, FILE_PUT, hash);
    request.size = (int64_t)strlen(own_text);
    return request;
}

FORGE_ATTACK(attack_file_wrong_hash) {
    struct file_request request = own_file(forge);
    name_file(forge, request.hash, ret);
    if (strcmp(ret->code, "merged") != 0)
        return;
    request.piece = bytes_of_text(lie);
    request.size = (int64_t)request.piece.size;
    post(forge, &request, NULL, ret);
}

FORGE_ATTACK(attack_file_gap) {
    struct file_request request = own_file(forge);
    request.offset = 5;
    request.piece = bytes_of_text("x");
    post(forge, &request, NULL, ret);
}

FORGE_ATTACK(attack_file_beyond) {
    struct file_request request = own_file(forge);
    request.size = 3;
    request.piece = bytes_of_text(own_text);
    post(forge, &request, NULL, ret);
}

FORGE_ATTACK(attack_file_huge) {
    struct file_request request = own_file(forge);
    request.size = INT64_MAX;
    post(forge, &request, NULL, ret);
}

/* A hash that is a path, by hand: the encoder knows only 32 bytes. */
FORGE_ATTACK(attack_file_path) {
    struct buffer body = buffer_make(LIMIT_FILE_REQUEST);
    struct buffer sealed = buffer_make(LIMIT_FILE_REQUEST);
    wire_put_array(&body, 8);
    wire_put_id(&body, forge->certificate.org);
    wire_put_id(&body, forge->certificate.device);
    wire_put_integer(&body, 0);
    wire_put_integer(&body, FILE_GET);
    wire_put_bytes(&body, bytes_of_text("../server.key"));
    wire_put_integer(&body, 0);
    wire_put_integer(&body, 32);
    wire_put_bytes(&body, (struct bytes){NULL, 0});
    envelope_seal(buffer_bytes(&body), "satchel file request", &forge->keys, &sealed);
    post_sealed(forge, buffer_bytes(&sealed), NULL, ret);
    buffer_free(&body);
    buffer_free(&sealed);
}

FORGE_ATTACK(attack_file_other_key) {
    const uint8_t seed[SIGN_SEED] = {7};
    struct sign_keys keys;
    struct file_request request = own_file(forge);
    seal_keys(seed, &keys);
    post_as(forge, &request, &keys, "satchel file request", NULL, ret);
}

FORGE_ATTACK(attack_file_other_purpose) {
    struct file_request request = own_file(forge);
    post_as(forge, &request, &forge->keys, "satchel sync request", NULL, ret);
}

FORGE_ATTACK(attack_file_exchanged) {
    struct draft draft;
    struct id id;
    device_id(forge, &id);
    draft_row(forge, &draft, "attachment", ROW_INSERT, id);
    draft_id(forge, &draft, "opportunity_id", &forge->own_opportunity);
    draft_cell(forge, &draft, "name", value_text("first"));
    draft_cell(forge, &draft, "media", value_text("image/jpeg"));
    draft_cell(forge, &draft, "size", value_integer(5));
    draft_cell(forge, &draft, "file",
               value_blob((struct bytes){forge->foreign_file, HASH_SIZE}));
    chain_try(forge, &draft.change, 1, ret);
    if (strcmp(ret->code, "merged") != 0)
        return;
    uint8_t hash[HASH_SIZE];
    hash_of(own_text, hash);
    draft_row(forge, &draft, "attachment", ROW_UPDATE, id);
    draft_cell(forge, &draft, "file", value_blob((struct bytes){hash, HASH_SIZE}));
    chain_try(forge, &draft.change, 1, ret);
}

/* After all that the honest bytes are taken. */
FORGE_ATTACK(honest_file) {
    struct file_request request = own_file(forge);
    request.piece = bytes_of_text(own_text);
    post(forge, &request, NULL, ret);
    if (strcmp(ret->code, "whole") != 0)
        return;
    request.operation = FILE_GET;
    request.piece = (struct bytes){NULL, 0};
    struct file_response response = {.size = 0};
    post(forge, &request, &response, ret);
    if (response.size != (int64_t)strlen(own_text))
        set_code(ret, "file.size");
}
