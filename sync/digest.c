/*
 * The digest of rows held.
 */
#include "sync/digest.h"

#include <assert.h>
#include <string.h>

#include "schema/base/hash.h"
#include "schema/base/id.h"
#include "schema/base/limits.h"

int64_t digest_of_row(uint8_t table, struct bytes key, int64_t gsn) {
    uint8_t text[1 + LIMIT_KEY_COLUMNS * ID_SIZE + 8];
    uint8_t hash[HASH_SIZE];
    uint64_t digest = 0;
    assert(key.size <= LIMIT_KEY_COLUMNS * ID_SIZE);
    text[0] = table;
    memcpy(text + 1, key.data, key.size);
    for (size_t i = 0; i < 8; i++)
        text[1 + key.size + i] = (uint8_t)((uint64_t)gsn >> (56 - 8 * i));
    hash_blake2b((struct bytes){text, 1 + key.size + 8}, hash);
    for (size_t i = 0; i < 8; i++)
        digest = digest << 8 | hash[i];
    return (int64_t)digest;
}

int64_t digest_add(int64_t digest, int64_t row) {
    return (int64_t)((uint64_t)digest + (uint64_t)row);
}

int64_t digest_subtract(int64_t digest, int64_t row) {
    return (int64_t)((uint64_t)digest - (uint64_t)row);
}
