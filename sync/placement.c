/*
 * A row's places in the feed: as bytes, and how they move when the row's scopes change.
 *
 *   placements = per place  scope number, as difference from the one before (0 at first) · gsn x 2 + gone
 *                (varints, pack.h), by ascending scope number
 */
#include "sync/scope.h"

#include <assert.h>

#include "sync/pack.h"

void placements_encode(const struct placement *placements, size_t count,
                       struct buffer *ret) {
    int64_t last = 0;
    for (size_t i = 0; i < count; i++) {
        assert(placements[i].scope_number > last && placements[i].gsn >= 0);
        pack_unsigned(ret, (uint64_t)(placements[i].scope_number - last));
        pack_unsigned(ret,
                      (uint64_t)placements[i].gsn * 2 + (placements[i].gone ? 1 : 0));
        last = placements[i].scope_number;
    }
}

int placements_decode(struct bytes data, struct placement *ret, size_t maximum,
                      size_t *ret_count, struct error *error) {
    struct pack_reader reader = pack_open(data);
    size_t count = 0;
    int64_t last = 0;
    while (count < maximum && !pack_done(&reader)) {
        uint64_t step = pack_read_unsigned(&reader);
        uint64_t place = pack_read_unsigned(&reader);
        reader.failed |= step == 0 || step > (uint64_t)(INT64_MAX - last);
        if (reader.failed)
            break;
        last += (int64_t)step;
        ret[count++] = (struct placement){last, (int64_t)(place / 2), place % 2 == 1};
    }
    if (!pack_done(&reader))
        return error_set(error, "scope.placements", NULL,
                         "The row's places in the feed cannot be read.");
    *ret_count = count;
    return 0;
}

/* --- moving -------------------------------------------------------------------------- */

/* How many places there are when both lists are put together. */
static size_t count_union(const struct placement *placements, size_t count,
                          const struct placement_move *move) {
    size_t both = 0;
    size_t j = 0;
    for (size_t i = 0; i < count; i++) {
        int64_t scope = placements[i].scope_number;
        while (j < move->scope_count && move->scope_numbers[j] < scope)
            j++;
        both += j < move->scope_count && move->scope_numbers[j] == scope;
    }
    return count + move->scope_count - both;
}

/* What becomes of a place the row had, now that it is `there` or not. */
static struct placement move_old(const struct placement_move *move, struct placement old,
                                 bool there) {
    bool stays = there && !old.gone;
    bool was_gone = !there && old.gone;
    if (was_gone || (stays && !move->row_changed))
        return old;
    struct placement moved = {old.scope_number, move->gsn, !there};
    move->emit(move->context, old.gsn, moved);
    return moved;
}

static struct placement enter_new(const struct placement_move *move,
                                  int64_t scope_number) {
    struct placement entered = {scope_number, move->gsn, false};
    move->emit(move->context, 0, entered);
    return entered;
}

int placements_move(struct placement *placements, size_t count, size_t room,
                    const struct placement_move *move) {
    size_t total = count_union(placements, count, move);
    if (total > room)
        return -1;
    /* From the back, so that the longer list overtakes nothing that is still to be read. */
    size_t i = count;
    size_t j = move->scope_count;
    for (size_t at = total; at > 0; at--) {
        int64_t old = i > 0 ? placements[i - 1].scope_number : INT64_MIN;
        int64_t now = j > 0 ? move->scope_numbers[j - 1] : INT64_MIN;
        if (now > old)
            placements[at - 1] = enter_new(move, now);
        else
            placements[at - 1] = move_old(move, placements[i - 1], now == old);
        i -= old >= now;
        j -= now >= old;
    }
    return (int)total;
}
