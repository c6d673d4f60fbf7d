/* Every call to a disk fails, once or from there on: reads, writes, syncs, opens, locks, looks. */
#include "tests/fault/points.h"

static void measure(struct fault_world *world, const struct point *point,
                    struct measure *ret, bool begin) {
    int64_t calls = disk_figures(side_disk(world, point)).every;
    ret->count = begin ? calls : calls - ret->count;
}

static const struct {
    int code;
    bool for_good;
} MODES[] = {{SQLITE_IOERR, false}, {SQLITE_IOERR, true}, {SQLITE_FULL, false},
             {SQLITE_FULL, true},   {DISK_SHORT, false},  {DISK_SHORT, true}};

static void arm(struct fault_world *world, const struct point *point) {
    disk_trouble_at(side_disk(world, point), point->at, MODES[point->mode].code,
                    MODES[point->mode].for_good);
}

static bool disarm(struct fault_world *world, const struct point *point) {
    return disk_trouble_end(side_disk(world, point));
}

int main(int count, char **arguments) {
    static const struct kind calls = {
        .name = "calls",
        .modes = {"error", "errors", "full", "full for good", "short", "short for good"},
        .measure = measure,
        .arm = arm,
        .disarm = disarm,
        .share = 45,
        .modes_at_once = 1};
    return points_main(&calls, count, arguments);
}
