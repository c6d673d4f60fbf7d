/*
 * A fuzz target: a function that is given arbitrary bytes and stops the program when something does not
 * hold. Under libFuzzer it is called with bytes that reach new branches, elsewhere with the files of the corpus.
 */
#ifndef SATCHEL_TESTS_FUZZ_H
#define SATCHEL_TESTS_FUZZ_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema/base/bytes.h"

/* libFuzzer's names. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t maximum);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t maximum,
                               unsigned int seed);

/* Inputs to begin with, made by the encoders themselves: `give` is called with each. */
typedef void (*seed_function)(void *context, struct bytes input);
void fuzz_seeds(seed_function give, void *context);

/* What must hold whatever the input is. */
#define FUZZ_MUST(condition)                                                  \
    do {                                                                      \
        if (!(condition)) {                                                   \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, \
                    #condition);                                              \
            abort();                                                          \
        }                                                                     \
    } while (0)

/* Takes the input apart from the front; zeros once it is used up. */
struct input {
    const uint8_t *next;
    size_t size;
};

static inline struct input input_of(const uint8_t *data, size_t size) {
    return (struct input){data, size};
}

static inline uint8_t input_byte(struct input *input) {
    if (input->size == 0) {
        return 0;
    }
    input->size--;
    return *input->next++;
}

/* At most `size` bytes. */
static inline struct bytes input_bytes(struct input *input, size_t size) {
    struct bytes bytes = {input->next, size < input->size ? size : input->size};
    input->next += bytes.size;
    input->size -= bytes.size;
    return bytes;
}

static inline struct bytes input_rest(struct input *input) {
    return input_bytes(input, input->size);
}

/* A seed of one leading byte and the rest. */
static inline void give_chosen(seed_function give, void *context, uint8_t choice,
                               struct bytes rest) {
    struct buffer input = buffer_make(1 << 20);
    buffer_append_byte(&input, choice);
    buffer_append(&input, rest.data, rest.size);
    give(context, buffer_bytes(&input));
    buffer_free(&input);
}

#endif
