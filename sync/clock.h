/*
 * Hybrid logical clock: 48 bits of UTC milliseconds and a 16-bit counter in one int64, so
 * that times of one station never run backwards and still read as times.
 * Source: Kulkarni et al., "Logical Physical Clocks", 2014.
 */
#ifndef SATCHEL_SYNC_CLOCK_H
#define SATCHEL_SYNC_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "schema/base/id.h"

int64_t clock_pack(int64_t unix_ms, uint16_t counter);
int64_t clock_ms(int64_t time);
uint16_t clock_counter(int64_t time);

/* The next time after `last` for an event at `unix_ms`: greater than `last`, and equal to
 * unix_ms when that is later. A full counter moves on to the next millisecond. */
int64_t clock_tick(int64_t last, int64_t unix_ms);

/* What a station knew of HQ's time when it last heard from it. */
struct clock_anchor {
    bool known;
    int64_t hq_ms;   /* HQ's time then */
    int64_t wall_ms; /* this station's wall clock then */
    int64_t boot_ms; /* milliseconds since the machine started, then */
    struct id boot;  /* which start of the machine */
};

/* One reading of a station's own clocks, as kept with each unsealed transaction. */
struct clock_reading {
    int64_t wall_ms;
    int64_t boot_ms;
    struct id boot;
};

/* HQ's time at `reading`. Within one start of the machine the time since boot decides, before
 * or after the anchor alike, because nobody can set that clock; across starts the wall clock plus the anchor's offset; with no
 * anchor the wall clock. */
int64_t clock_correct(const struct clock_anchor *anchor,
                      const struct clock_reading *reading);

/* The time that counts in a merge: `time` clamped to [hq_at_base, received], all HLC. */
int64_t clock_clamp(int64_t time, int64_t hq_at_base, int64_t received);

#endif
