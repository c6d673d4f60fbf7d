/*
 * The hybrid logical clock: packing, ticking, correcting and clamping times.
 */
#include "sync/clock.h"

#include <assert.h>

/* 47 bits, so that a time is never negative: the year 6429. */
#define CLOCK_MS_LAST ((INT64_C(1) << 47) - 1)

int64_t clock_pack(int64_t unix_ms, uint16_t counter) {
    if (unix_ms < 0)
        unix_ms = 0;
    if (unix_ms > CLOCK_MS_LAST)
        unix_ms = CLOCK_MS_LAST;
    return unix_ms * 65536 + counter;
}

int64_t clock_ms(int64_t time) {
    return time >> 16;
}

uint16_t clock_counter(int64_t time) {
    return (uint16_t)(time & 0xffff);
}

int64_t clock_tick(int64_t last, int64_t unix_ms) {
    assert(last < INT64_MAX);
    int64_t now = clock_pack(unix_ms, 0);
    return now > last ? now : last + 1; /* a full counter carries into the milliseconds */
}

int64_t clock_correct(const struct clock_anchor *anchor,
                      const struct clock_reading *reading) {
    if (!anchor->known)
        return reading->wall_ms;
    if (id_equal(anchor->boot, reading->boot))
        return anchor->hq_ms + (reading->boot_ms - anchor->boot_ms);
    return reading->wall_ms + (anchor->hq_ms - anchor->wall_ms);
}

int64_t clock_clamp(int64_t time, int64_t hq_at_base, int64_t received) {
    if (time < hq_at_base)
        time = hq_at_base;
    return time > received ? received : time;
}
