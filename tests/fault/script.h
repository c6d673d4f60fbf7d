/*
 * A script of real work, step by step: a company is founded, its stations enrol, work, disagree, are copied, rebuilt,
 * revoked; headquarters is backed up, loses its disk, goes on. Each step can be cut off anywhere and done again.
 */
#ifndef SATCHEL_TESTS_FAULT_SCRIPT_H
#define SATCHEL_TESTS_FAULT_SCRIPT_H

#include "tests/fault/world.h"

struct step {
    const char *name;
    bool headquarters; /* whether its machine has part in it */
    int station;       /* whose machine has; -1: none */
    /* What comes before, without faults; may be NULL. */
    int (*prepare)(struct fault_world *world, struct error *error);
    /* Once more does what is left of it. */
    int (*work)(struct fault_world *world, struct error *error);
};

extern const struct step script[];
extern const size_t script_count;

#endif
