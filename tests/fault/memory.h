/* Memory that fails: every allocation of this process goes through here, of SQLite and other libraries too. */
#ifndef SATCHEL_TESTS_FAULT_MEMORY_H
#define SATCHEL_TESTS_FAULT_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whose memory is being taken. */
enum memory_side { MEMORY_NOBODY, MEMORY_STATION, MEMORY_SERVER };

/* Returns who it was before. */
enum memory_side memory_enter(enum memory_side side);

/* The n-th allocation of this side from now fails, once or from then on; n 0: none. */
void memory_fail_at(enum memory_side side, int64_t n, bool for_good);
bool memory_has_failed(void); /* since memory_fail_at */

/* One per allocation: where it was asked for, as a hash of the places in this program that led to it. */
struct memory_trace {
    uint64_t *sites;
    int64_t room;
    int64_t count; /* of allocations, also beyond the room */
    int depth;     /* how many places in this program */
};
void memory_trace(enum memory_side side, struct memory_trace *trace); /* NULL: no more */

#endif
