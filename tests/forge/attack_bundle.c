/*
 * Attacks with bundles: altered, cut, forged, replayed, out of order, unreadable.
 */
#include "tests/forge/forge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sync/wire.h"

/* A small honest change: the next step of the person's own opportunity. */
static struct transaction honest(struct forge *forge, struct draft *draft) {
    draft_row(forge, draft, "opportunity", ROW_UPDATE, forge->own_opportunity);
    draft_cell(
        forge, draft, "next_step",
        value_text(forge->transaction_counter % 2 ? "Call again" : "Send the offer"));
    return chain_transaction(forge, &draft->change, 1);
}

/* The next bundle, honest. */
static void seal_honest(struct forge *forge, struct buffer *ret,
                        struct bundle_header *ret_header, uint8_t ret_hash[HASH_SIZE]) {
    struct draft draft;
    struct transaction transaction = honest(forge, &draft);
    chain_seal(forge, &transaction, ret, ret_header, ret_hash);
}

FORGE_ATTACK(honest_work) {
    struct draft draft;
    struct bundle_header header;
    uint8_t hash[HASH_SIZE];
    struct transaction transaction = honest(forge, &draft);
    buffer_reset(&forge->last_bundle);
    chain_seal(forge, &transaction, &forge->last_bundle, &header, hash);
    chain_post(forge, buffer_bytes(&forge->last_bundle), header.number, hash, ret);
    forge->last_transaction = transaction;
    forge->last_outcome = *ret;
}

/* What was merged is answered with the verdict that it got, and not merged again. */
static void compare_with_last(const struct forge *forge, struct outcome *ret) {
    if (ret->status == 200 && ret->gsn != forge->last_outcome.gsn)
        snprintf(ret->code, sizeof ret->code, "merged.twice");
}

FORGE_ATTACK(attack_replay) {
    chain_post(forge, buffer_bytes(&forge->last_bundle), forge->number, forge->hash, ret);
    compare_with_last(forge, ret);
}

FORGE_ATTACK(attack_duplicate) {
    struct draft draft;
    struct transaction transaction = honest(forge, &draft);
    draft.cells[0].value = value_text("Something else");
    transaction.id = forge->last_transaction.id;
    chain_try_transaction(forge, &transaction, ret);
    compare_with_last(forge, ret);
}

/* --- altered --------------------------------------------------------------------------- */

/* Changes one byte, counted from the end, of an honest bundle. */
static void post_altered(struct forge *forge, size_t from_end, struct outcome *ret) {
    struct buffer sealed = buffer_make(LIMIT_BUNDLE);
    struct bundle_header header;
    uint8_t hash[HASH_SIZE];
    seal_honest(forge, &sealed, &header, hash);
    sealed.data[sealed.size - from_end] ^= 1;
    chain_post(forge, buffer_bytes(&sealed), header.number, hash, ret);
    buffer_free(&sealed);
}

FORGE_ATTACK(attack_tampered_payload) {
    post_altered(forge, SIGN_SIGNATURE + 2 + 1, ret);
}

/* The last byte of the header is of the time when it was sealed. */
FORGE_ATTACK(attack_tampered_header) {
    struct buffer sealed = buffer_make(LIMIT_BUNDLE);
    struct bundle_envelope envelope;
    struct bundle_header header;
    uint8_t hash[HASH_SIZE];
    seal_honest(forge, &sealed, &header, hash);
    if (bundle_open(buffer_bytes(&sealed), &envelope, NULL) != 0)
        abort();
    size_t end =
        (size_t)(envelope.header_bytes.data - sealed.data) + envelope.header_bytes.size;
    sealed.data[end - 1] ^= 1;
    chain_post(forge, buffer_bytes(&sealed), header.number, hash, ret);
    buffer_free(&sealed);
}

FORGE_ATTACK(attack_unsigned_bundle) {
    struct buffer sealed = buffer_make(LIMIT_BUNDLE);
    struct bundle_header header;
    uint8_t hash[HASH_SIZE];
    seal_honest(forge, &sealed, &header, hash);
    memset(sealed.data + sealed.size - SIGN_SIGNATURE, 0, SIGN_SIGNATURE);
    chain_post(forge, buffer_bytes(&sealed), header.number, hash, ret);
    buffer_free(&sealed);
}

FORGE_ATTACK(attack_cut_bundle) {
    struct buffer sealed = buffer_make(LIMIT_BUNDLE);
    struct bundle_header header;
    uint8_t hash[HASH_SIZE];
    seal_honest(forge, &sealed, &header, hash);
    chain_post(forge, (struct bytes){sealed.data, sealed.size / 2}, header.number, hash,
               ret);
    buffer_free(&sealed);
}

/* --- forged headers -------------------------------------------------------------------- */

/* An honest payload under the header that `change` made of an honest one. */
static void post_with_header(struct forge *forge,
                             void (*change)(struct forge *forge,
                                            struct bundle_header *header),
                             const struct sign_keys *keys, struct outcome *ret) {
    struct buffer honest_one = buffer_make(LIMIT_BUNDLE);
    struct buffer sealed = buffer_make(LIMIT_BUNDLE);
    struct bundle_envelope envelope;
    struct bundle_header header;
    uint8_t hash[HASH_SIZE];
    seal_honest(forge, &honest_one, &header, hash);
    if (bundle_open(buffer_bytes(&honest_one), &envelope, NULL) != 0)
        abort();
    change(forge, &header);
    chain_seal_raw(&header, envelope.payload, keys, &sealed, hash);
    chain_post(forge, buffer_bytes(&sealed), header.number, hash, ret);
    buffer_free(&honest_one);
    buffer_free(&sealed);
}

static void change_nothing(struct forge *forge, struct bundle_header *header) {
    (void)forge;
    (void)header;
}

static void skip_a_number(struct forge *forge, struct bundle_header *header) {
    (void)forge;
    header->number++;
}

static void skip_a_sequence(struct forge *forge, struct bundle_header *header) {
    (void)forge;
    header->first_seq++;
    header->last_seq++;
}

static void forget_the_previous(struct forge *forge, struct bundle_header *header) {
    (void)forge;
    header->previous_hash[7] ^= 1;
}

static void use_an_old_number(struct forge *forge, struct bundle_header *header) {
    (void)forge;
    header->number--;
}

static void name_another_org(struct forge *forge, struct bundle_header *header) {
    device_id(forge, &header->org);
}

static void name_another_device(struct forge *forge, struct bundle_header *header) {
    device_id(forge, &header->device);
}

static void name_another_format(struct forge *forge, struct bundle_header *header) {
    (void)forge;
    header->format = BUNDLE_FORMAT_PACKED + 1;
}

FORGE_ATTACK(attack_bundle_other_key) {
    struct sign_keys others;
    uint8_t seed[SIGN_SEED];
    forge->env->random(forge->env->context, seed, sizeof seed);
    seal_keys(seed, &others);
    post_with_header(forge, change_nothing, &others, ret);
}

FORGE_ATTACK(attack_gap) {
    post_with_header(forge, skip_a_number, &forge->keys, ret);
}

FORGE_ATTACK(attack_sequence) {
    post_with_header(forge, skip_a_sequence, &forge->keys, ret);
}

FORGE_ATTACK(attack_wrong_previous) {
    post_with_header(forge, forget_the_previous, &forge->keys, ret);
}

FORGE_ATTACK(attack_fork) {
    post_with_header(forge, use_an_old_number, &forge->keys, ret);
}

FORGE_ATTACK(attack_bundle_wrong_org) {
    post_with_header(forge, name_another_org, &forge->keys, ret);
}

FORGE_ATTACK(attack_bundle_wrong_device) {
    post_with_header(forge, name_another_device, &forge->keys, ret);
}

FORGE_ATTACK(attack_bundle_format) {
    post_with_header(forge, name_another_format, &forge->keys, ret);
}

/* --- payloads that cannot be read, properly signed --------------------------------------- */

static void post_payload(struct forge *forge, struct bytes payload, int64_t size,
                         struct outcome *ret) {
    struct buffer sealed = buffer_make(LIMIT_BUNDLE);
    struct bundle_header header = chain_header(forge);
    uint8_t hash[HASH_SIZE];
    header.payload_size = size;
    chain_seal_raw(&header, payload, &forge->keys, &sealed, hash);
    chain_post(forge, buffer_bytes(&sealed), header.number, hash, ret);
    buffer_free(&sealed);
}

static void post_plain(struct forge *forge, struct bytes plain, struct outcome *ret) {
    struct buffer payload = buffer_make(LIMIT_BUNDLE);
    struct error error = {0};
    if (seal_deflate(plain, 1, &payload, &error) != 0)
        give_up("compressing", &error);
    post_payload(forge, buffer_bytes(&payload), (int64_t)plain.size, ret);
    buffer_free(&payload);
}

FORGE_ATTACK(attack_unreadable) {
    uint8_t noise[3000];
    forge->env->random(forge->env->context, noise, sizeof noise);
    post_payload(forge, (struct bytes){noise, sizeof noise}, 9000, ret);
}

/* Some hundred bytes that would become more than the limit. */
FORGE_ATTACK(attack_bomb) {
    size_t size = (size_t)LIMIT_PAYLOAD * 4;
    uint8_t *zeros = calloc(1, size);
    if (!zeros)
        abort();
    post_plain(forge, (struct bytes){zeros, size}, ret);
    free(zeros);
}

/* Within the limit of bytes, but as many values as bytes: each would cost memory. */
FORGE_ATTACK(attack_many_values) {
    struct buffer plain = buffer_make(LIMIT_PAYLOAD);
    size_t count = LIMIT_PAYLOAD - 10;
    wire_put_array(&plain, count);
    uint8_t *values = buffer_extend(&plain, count);
    if (!values)
        abort();
    memset(values, 0, count);
    post_plain(forge, buffer_bytes(&plain), ret);
    buffer_free(&plain);
}

/* The stamps that say who changed a row, and when, have no number. */
FORGE_ATTACK(attack_stamp) {
    struct draft draft;
    struct transaction transaction = honest(forge, &draft);
    draft.cells[0] = (struct cell){0, value_integer(0)};
    chain_try_transaction(forge, &transaction, ret);
}
