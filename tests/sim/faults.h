/*
 * What can go wrong in the simulator's world. Each seed draws which of these are on and how often they
 * strike; how often they really did is counted.
 */
#ifndef SATCHEL_TESTS_SIM_FAULTS_H
#define SATCHEL_TESTS_SIM_FAULTS_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/support/dice.h"

enum fault {
    /* the network */
    FAULT_DROP_REQUEST,
    FAULT_DROP_ANSWER,
    FAULT_DUPLICATE,
    FAULT_LATE,       /* the request arrives long after the station gave up waiting */
    FAULT_CUT,        /* a request or an answer arrives in part */
    FAULT_FLIP,       /* a bit of it is another one */
    FAULT_PARTITION,  /* a station has no network for hours */
    FAULT_INTERLEAVE, /* others act while a request is on its way */
    /* machines */
    FAULT_STATION_RESTART,
    FAULT_STATION_KILL,  /* the program dies in the middle of something */
    FAULT_STATION_POWER, /* the machine does: unsynced writes are lost or torn */
    FAULT_STATION_DISK,  /* a write fails */
    FAULT_STOP,          /* a sync is stopped by its user */
    FAULT_HQ_RESTART,
    FAULT_HQ_KILL,
    FAULT_HQ_POWER,
    FAULT_HQ_DISK,
    FAULT_HQ_DOWN, /* for hours */
    /* clocks */
    FAULT_SKEW, /* a clock was always wrong */
    FAULT_JUMP, /* somebody sets it */
    /* lives */
    FAULT_LATE_ENROL, /* a new station in the midst of all */
    FAULT_CLONE,
    FAULT_RESTORE_STATION,
    FAULT_RESTORE_HQ,
    FAULT_REVOKE,
    FAULT_DEVICE_KEY, /* a station replaces its key */
    FAULT_SERVER_KEY,
    FAULT_CARRY,   /* what is to be sent goes as a file, and the answer, too */
    FAULT_HORIZON, /* headquarters remembers what left a scope for hours only */
    FAULT_OLD_SCHEMA,
    /* hostile devices */
    FAULT_ALTERED,
    FAULT_REPLAYED,
    FAULT_REORDERED,
    FAULT_FOREIGN,
    FAULT_COUNT
};

struct faults {
    bool on[FAULT_COUNT];
    int per_mille[FAULT_COUNT]; /* at each place where it could strike */
    int64_t struck[FAULT_COUNT];
};

const char *fault_name(enum fault fault);
/* Why it never strikes yet; NULL: it does. */
const char *fault_off_because(enum fault fault);
/* Draws which are on and how often. `names`: NULL for all, else "drop-request,cut": these alone, those that are
 * off too. */
void faults_draw(struct faults *faults, struct dice *dice, const char *names);
/* Whether a name of the list is none. */
bool faults_are_known(const char *names);
/* Does it strike here? Counts it. The dice fall once in any case. */
bool fault_strikes(struct faults *faults, struct dice *dice, enum fault fault);

#endif
