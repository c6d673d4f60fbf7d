/*
 * Dice that fall the same way for the same seed, on every machine (xoshiro256**).
 */
#ifndef SATCHEL_TESTS_SUPPORT_DICE_H
#define SATCHEL_TESTS_SUPPORT_DICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dice {
    uint64_t state[4];
};

void dice_seed(struct dice *dice, uint64_t seed);
uint64_t dice_draw(struct dice *dice);
/* 0 … limit-1; 0 when limit is not positive. */
int64_t dice_below(struct dice *dice, int64_t limit);
/* low … high, both included. */
int64_t dice_between(struct dice *dice, int64_t low, int64_t high);
bool dice_chance(struct dice *dice, int per_mille);
void dice_bytes(struct dice *dice, void *data, size_t size);

#endif
