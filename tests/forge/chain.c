/*
 * The station's chain of bundles. Headers are encoded here a second time, by the book (sync/bundle.c's opening
 * comment), so that a forged one can say anything.
 */
#include "tests/forge/forge.h"

#include <string.h>

#include "sync/clock.h"
#include "sync/wire.h"

struct bundle_header chain_header(const struct forge *forge) {
    struct bundle_header header = {
        .format = BUNDLE_FORMAT,
        .org = forge->certificate.org,
        .device = forge->certificate.device,
        .number = forge->number + 1,
        .first_seq = forge->seq + 1,
        .last_seq = forge->seq + 1,
        .schema_version = SCHEMA_VERSION,
        .sealed_at = forge->env->wall_ms(forge->env->context),
    };
    memcpy(header.previous_hash, forge->hash, HASH_SIZE);
    return header;
}

static void encode_header(const struct bundle_header *header, struct buffer *ret) {
    wire_put_array(ret, 11);
    wire_put_integer(ret, header->format);
    wire_put_id(ret, header->org);
    wire_put_id(ret, header->device);
    wire_put_integer(ret, header->number);
    wire_put_integer(ret, header->first_seq);
    wire_put_integer(ret, header->last_seq);
    wire_put_bytes(ret, (struct bytes){header->previous_hash, HASH_SIZE});
    wire_put_bytes(ret, (struct bytes){header->payload_hash, HASH_SIZE});
    wire_put_integer(ret, header->payload_size);
    wire_put_integer(ret, header->schema_version);
    wire_put_integer(ret, header->sealed_at);
}

void chain_seal_raw(const struct bundle_header *header, struct bytes payload,
                    const struct sign_keys *keys, struct buffer *ret,
                    uint8_t ret_hash[HASH_SIZE]) {
    struct bundle_header complete = *header;
    struct buffer bytes = buffer_make(1000);
    uint8_t signature[SIGN_SIGNATURE];
    hash_blake2b(payload, complete.payload_hash);
    encode_header(&complete, &bytes);
    seal_sign(keys, "satchel bundle", buffer_bytes(&bytes), signature);
    hash_blake2b(buffer_bytes(&bytes), ret_hash);
    wire_put_array(ret, 3);
    wire_put_bytes(ret, buffer_bytes(&bytes));
    wire_put_bytes(ret, payload);
    wire_put_bytes(ret, (struct bytes){signature, sizeof signature});
    buffer_free(&bytes);
}

void chain_seal(const struct forge *forge, const struct transaction *transaction,
                struct buffer *ret, struct bundle_header *ret_header,
                uint8_t ret_hash[HASH_SIZE]) {
    struct error error = {0};
    *ret_header = chain_header(forge);
    if (bundle_seal(ret_header, (struct transaction_list){transaction, 1}, &forge->keys,
                    ret, ret_hash, &error) != 0)
        give_up("sealing", &error);
}

void chain_post(struct forge *forge, struct bytes sealed, int64_t number,
                const uint8_t hash[HASH_SIZE], struct outcome *ret) {
    struct sync_request request = device_request(forge);
    request.bundles = &sealed;
    request.bundle_count = 1;
    device_post(forge, &request, ret);
    if (!ret->accepted || number <= forge->number)
        return;
    forge->number++;
    forge->seq++;
    memcpy(forge->hash, hash, HASH_SIZE);
}

struct transaction chain_transaction(struct forge *forge, struct change *changes,
                                     size_t count) {
    return (struct transaction){
        .id = transaction_id(forge->prefix, ++forge->transaction_counter),
        .time = clock_pack(forge->env->wall_ms(forge->env->context), 0),
        .base = forge->head,
        .user = forge->certificate.actors[0],
        .command = "forge.try",
        .changes = changes,
        .change_count = count,
    };
}

void chain_try_transaction(struct forge *forge, const struct transaction *transaction,
                           struct outcome *ret) {
    struct buffer sealed = buffer_make(LIMIT_BUNDLE);
    struct bundle_header header;
    uint8_t hash[HASH_SIZE];
    chain_seal(forge, transaction, &sealed, &header, hash);
    chain_post(forge, buffer_bytes(&sealed), header.number, hash, ret);
    buffer_free(&sealed);
}

void chain_try(struct forge *forge, struct change *changes, size_t count,
               struct outcome *ret) {
    struct transaction transaction = chain_transaction(forge, changes, count);
    chain_try_transaction(forge, &transaction, ret);
}
