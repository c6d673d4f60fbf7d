/*
 * The world's own book of what was done: every transaction that a station reported done must be found at
 * headquarters in the end, once.
 */
#ifndef SATCHEL_TESTS_SIM_LEDGER_H
#define SATCHEL_TESTS_SIM_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "schema/base/id.h"

/* How it was last sent. */
struct sent {
    struct id device;
    uint64_t stated; /* when it was done, as the device says: HLC */
    int64_t epoch;   /* the lost history that it is of; 0: the present one */
    int64_t former;  /* its gsn there */
    int schema_version;
};

struct ledger_item {
    struct id transaction;
    int station;
    int64_t gsn; /* 0: headquarters has not taken it yet */
    int64_t done_ms;
    bool waits; /* at headquarters, for what it builds on */
    struct sent sent;
    bool held;    /* where it was done it is still known */
    bool excused; /* its station lost it before it was sent: a restored backup */
};

struct ledger {
    struct ledger_item *items;
    size_t count, room;
    size_t *slots; /* by hash: index + 1 */
    size_t slot_count;
};

/* NULL without memory. The item stays where it is only until the next one is added. */
struct ledger_item *ledger_add(struct ledger *ledger, struct id transaction);
struct ledger_item *ledger_find(const struct ledger *ledger, struct id transaction);
void ledger_free(struct ledger *ledger);

#endif
