/* Every allocation of both sides fails, once or from there on, over the whole script. */
#include "tests/fault/memory.h"
#include "tests/fault/points.h"

enum { ONCE, FOR_GOOD };

static enum memory_side memory_of(const struct point *point) {
    return point->side == SIDE_STATION ? MEMORY_STATION
           : point->side == SIDE_HQ    ? MEMORY_SERVER
                                       : MEMORY_NOBODY;
}

static void measure(struct fault_world *world, const struct point *point,
                    struct measure *ret, bool begin) {
    static struct memory_trace trace;
    (void)world;
    if (begin) {
        trace = (struct memory_trace){
            .sites = ret->sites, .room = POINTS_MOST, .depth = ret->depth};
    }
    memory_trace(memory_of(point), begin ? &trace : NULL);
    ret->count = trace.count;
}

static void arm(struct fault_world *world, const struct point *point) {
    (void)world;
    memory_fail_at(memory_of(point), point->at, point->mode == FOR_GOOD);
}

static bool disarm(struct fault_world *world, const struct point *point) {
    bool struck = memory_has_failed();
    (void)world;
    memory_fail_at(memory_of(point), 0, false);
    return struck;
}

int main(int count, char **arguments) {
    static const struct kind allocation = {.name = "allocation",
                                           .modes = {"once", "for good"},
                                           .measure = measure,
                                           .arm = arm,
                                           .disarm = disarm,
                                           .share = 3000,
                                           .modes_at_once = 1};
    return points_main(&allocation, count, arguments);
}
