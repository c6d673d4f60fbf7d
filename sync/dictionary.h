/*
 * The different values of a column, as long as they are few, in the order in which they were met.
 */
#ifndef SATCHEL_SYNC_DICTIONARY_H
#define SATCHEL_SYNC_DICTIONARY_H

#include "schema/base/value.h"

enum { DICTIONARY_MAXIMUM = 256, DICTIONARY_SLOTS = 1024 };

/* Zeroed to begin with. Values are borrowed. */
struct dictionary {
    struct value values[DICTIONARY_MAXIMUM];
    size_t count;
    uint16_t slots[DICTIONARY_SLOTS]; /* place in `values` + 1; 0: free */
};

/* The value's place, found or made; DICTIONARY_MAXIMUM when the dictionary is full. */
size_t dictionary_place(struct dictionary *dictionary, struct value value);

#endif
