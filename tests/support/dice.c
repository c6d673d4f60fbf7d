/* Seeded dice. */
#include "tests/support/dice.h"

/* splitmix64: spreads a small seed over the whole state. */
static uint64_t spread(uint64_t *seed) {
    uint64_t mixed = *seed += 0x9e3779b97f4a7c15ULL;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9ULL;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebULL;
    return mixed ^ (mixed >> 31);
}

void dice_seed(struct dice *dice, uint64_t seed) {
    for (size_t i = 0; i < 4; i++) {
        dice->state[i] = spread(&seed);
    }
}

static uint64_t rotate(uint64_t value, int by) {
    return (value << by) | (value >> (64 - by));
}

uint64_t dice_draw(struct dice *dice) {
    uint64_t *state = dice->state;
    uint64_t drawn = rotate(state[1] * 5, 7) * 9;
    uint64_t shifted = state[1] << 17;
    state[2] ^= state[0];
    state[3] ^= state[1];
    state[1] ^= state[2];
    state[0] ^= state[3];
    state[2] ^= shifted;
    state[3] = rotate(state[3], 45);
    return drawn;
}

int64_t dice_below(struct dice *dice, int64_t limit) {
    uint64_t drawn = dice_draw(dice);
    return limit > 0 ? (int64_t)(drawn % (uint64_t)limit) : 0;
}

int64_t dice_between(struct dice *dice, int64_t low, int64_t high) {
    return low + dice_below(dice, high - low + 1);
}

bool dice_chance(struct dice *dice, int per_mille) {
    return dice_below(dice, 1000) < per_mille;
}

void dice_bytes(struct dice *dice, void *data, size_t size) {
    uint8_t *to = data;
    for (size_t i = 0; i < size; i++) {
        to[i] = (uint8_t)(dice_draw(dice) >> 32);
    }
}
