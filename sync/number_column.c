/*
 * Columns of integers, packed bit by bit.
 */
#include "sync/number_column.h"

#include <string.h>

enum { DIFFERENCES = 0x80, VARINTS = 0x7f, WIDEST = 64 };

/* --- writing ------------------------------------------------------------------------- */

/* The numbers that stand one by one: all, or all differences but the first. */
struct stretch {
    const int64_t *numbers;
    size_t first;
    size_t count;
    bool differences;
};

/* How a stretch can be written. */
struct plan {
    int64_t least;
    unsigned width;
    size_t packed; /* bytes */
    size_t varints;
};

static int64_t number_at(const struct stretch *stretch, size_t i) {
    int64_t number = stretch->numbers[i];
    return stretch->differences ? pack_difference(number, stretch->numbers[i - 1])
                                : number;
}

static unsigned width_of(uint64_t number) {
    return number == 0 ? 0 : WIDEST - (unsigned)__builtin_clzll(number);
}

static struct plan plan_of(const struct stretch *stretch) {
    struct plan plan = {0};
    int64_t most = 0;
    for (size_t i = stretch->first; i < stretch->count; i++) {
        int64_t number = number_at(stretch, i);
        if (i == stretch->first || number < plan.least)
            plan.least = number;
        if (i == stretch->first || number > most)
            most = number;
        plan.varints += pack_signed_size(number);
    }
    plan.width = width_of((uint64_t)most - (uint64_t)plan.least);
    plan.packed = pack_signed_size(plan.least) +
                  ((stretch->count - stretch->first) * plan.width + 7) / 8;
    return plan;
}

static size_t size_of(const struct plan *plan) {
    return plan->varints < plan->packed ? plan->varints : plan->packed;
}

static void put_packed(struct buffer *ret, const struct stretch *stretch,
                       const struct plan *plan) {
    uint8_t byte = 0;
    unsigned used = 0;
    pack_signed(ret, plan->least);
    for (size_t i = stretch->first; i < stretch->count; i++) {
        uint64_t above = (uint64_t)number_at(stretch, i) - (uint64_t)plan->least;
        for (unsigned left = plan->width; left > 0;) {
            unsigned taken = left < 8 - used ? left : 8 - used;
            byte = (uint8_t)(byte | above << used);
            above >>= taken;
            left -= taken;
            used += taken;
            if (used == 8) {
                buffer_append_byte(ret, byte);
                byte = 0;
                used = 0;
            }
        }
    }
    if (used > 0)
        buffer_append_byte(ret, byte);
}

void number_column_put(struct buffer *ret, const int64_t *numbers, size_t count) {
    const struct stretch all = {numbers, 0, count, false};
    const struct stretch steps = {numbers, 1, count, true};
    if (count == 0)
        return;
    struct plan plan = plan_of(&all);
    struct plan step_plan = plan_of(&steps);
    bool differences =
        pack_signed_size(numbers[0]) + size_of(&step_plan) < size_of(&plan);
    const struct stretch *stretch = differences ? &steps : &all;
    if (differences)
        plan = step_plan;
    bool varints = plan.varints < plan.packed;
    buffer_append_byte(ret, (uint8_t)((differences ? DIFFERENCES : 0) |
                                      (varints ? VARINTS : plan.width)));
    if (differences)
        pack_signed(ret, numbers[0]);
    if (!varints)
        put_packed(ret, stretch, &plan);
    else
        for (size_t i = stretch->first; i < count; i++)
            pack_signed(ret, number_at(stretch, i));
}

/* --- reading ------------------------------------------------------------------------- */

static uint64_t bits_at(const uint8_t *data, size_t position, unsigned width) {
    uint64_t number = 0;
    for (unsigned got = 0; got < width;) {
        unsigned skipped = (unsigned)(position % 8);
        unsigned taken = width - got < 8 - skipped ? width - got : 8 - skipped;
        uint64_t part = (uint64_t)(data[position / 8] >> skipped) & ((1U << taken) - 1);
        number |= part << got;
        got += taken;
        position += taken;
    }
    return number;
}

static void read_packed(struct pack_reader *reader, unsigned width, int64_t *ret,
                        size_t count) {
    uint64_t least = (uint64_t)pack_read_signed(reader);
    struct bytes bits = pack_read_bytes(reader, (count * width + 7) / 8);
    for (size_t i = 0; i < count && !reader->failed; i++)
        ret[i] = (int64_t)(least + bits_at(bits.data, i * width, width));
}

void number_column_read(struct pack_reader *reader, int64_t *ret, size_t count) {
    if (count == 0)
        return;
    memset(ret, 0, count * sizeof *ret);
    uint8_t head = pack_read_byte(reader);
    unsigned width = head & VARINTS;
    size_t first = head & DIFFERENCES ? 1 : 0;
    if (width > WIDEST && width != VARINTS)
        reader->failed = true;
    if (first)
        ret[0] = pack_read_signed(reader);
    if (width != VARINTS)
        read_packed(reader, width, ret + first, count - first);
    else
        for (size_t i = first; i < count; i++)
            ret[i] = pack_read_signed(reader);
    for (size_t i = first; first && i < count; i++)
        ret[i] = (int64_t)((uint64_t)ret[i] + (uint64_t)ret[i - 1]);
    if (reader->failed)
        memset(ret, 0, count * sizeof *ret);
}
