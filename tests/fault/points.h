/*
 * Every point of the script at which something can fail, each tried in a process of its own: a fork of the one that
 * plays the script, whose world, disks included, is a copy that nobody has to put back.
 *
 * At a point: the step is tried with the fault, and may fail, with a code; then without, and must succeed; in the end
 * everybody syncs and holds what he would hold had there been no fault.
 */
#ifndef SATCHEL_TESTS_FAULT_POINTS_H
#define SATCHEL_TESTS_FAULT_POINTS_H

#include "tests/fault/script.h"

enum side { SIDE_STATION, SIDE_HQ, SIDE_SECOND, SIDES };

enum { POINT_MODES = 8, POINTS_MOST = 1 << 21 };

/* What a step did at one side without a fault. */
struct measure {
    int depth;       /* how many calls tell one site from another */
    int64_t count;   /* of its points */
    uint64_t *sites; /* per point, where it is in the program; 0: not looked at */
    struct contents contents; /* in the end */
    int failed;
};

struct point {
    const struct step *step;
    enum side side;
    int64_t at;
    int mode;
};

/* One kind of fault. */
struct kind {
    const char *name;
    const char *modes[POINT_MODES]; /* up to the first NULL */
    /* Around the work, when it is only measured. */
    void (*measure)(struct fault_world *world, const struct point *point,
                    struct measure *measure, bool begin);
    void (*arm)(struct fault_world *world, const struct point *point);
    /* Returns whether it struck. */
    bool (*disarm)(struct fault_world *world, const struct point *point);
    bool crashes; /* the machine goes down with it */
    int share; /* one in so many points is tried, unless all are asked for; a new site always */
    int modes_at_once; /* how many modes are tried at a chosen point */
};

int points_main(const struct kind *kind, int count, char **arguments);

/* The disk of a side. */
struct disk *side_disk(struct fault_world *world, const struct point *point);

#endif
