/* A machine loses power, or its program dies, at every write of the script: nothing that was reported done is missing. */
#include "tests/fault/points.h"

static void measure(struct fault_world *world, const struct point *point,
                    struct measure *ret, bool begin) {
    int64_t calls = disk_figures(side_disk(world, point)).calls;
    ret->count = begin ? calls : calls - ret->count;
}

static void arm(struct fault_world *world, const struct point *point) {
    disk_crash_at(side_disk(world, point), point->at);
}

static bool disarm(struct fault_world *world, const struct point *point) {
    disk_crash_at(side_disk(world, point), 0);
    return disk_is_crashed(side_disk(world, point));
}

int main(int count, char **arguments) {
    static const struct kind power = {
        .name = "power",
        .modes = {"program dies", "all is lost", "torn", "torn otherwise"},
        .measure = measure,
        .arm = arm,
        .disarm = disarm,
        .crashes = true,
        .share = 24,
        .modes_at_once = 1};
    return points_main(&power, count, arguments);
}
