/*
 * Few different values, found by their hash.
 */
#include "sync/dictionary.h"

/* Any spread will do: what is in the dictionary is compared. Source: FNV-1a. */
static uint32_t hash_of(struct value value) {
    uint64_t hash = UINT64_C(14695981039346656037) ^ (uint64_t)value.integer;
    for (size_t i = 0; i < value.bytes.size; i++)
        hash = (hash ^ value.bytes.data[i]) * UINT64_C(1099511628211);
    return (uint32_t)(hash * UINT64_C(0x9e3779b97f4a7c15) >> 32);
}

size_t dictionary_place(struct dictionary *dictionary, struct value value) {
    uint32_t slot = hash_of(value) % DICTIONARY_SLOTS;
    for (; dictionary->slots[slot] != 0; slot = (slot + 1) % DICTIONARY_SLOTS)
        if (value_equal(dictionary->values[dictionary->slots[slot] - 1], value))
            return dictionary->slots[slot] - 1U;
    if (dictionary->count == DICTIONARY_MAXIMUM)
        return DICTIONARY_MAXIMUM;
    dictionary->values[dictionary->count++] = value;
    dictionary->slots[slot] = (uint16_t)dictionary->count;
    return dictionary->count - 1;
}
