/* A machine's clock, dice and disk. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/sim/world.h"

enum { BOOT_MS = 20000 };

static int64_t machine_wall(void *context) {
    const struct machine *machine = context;
    return machine->world->now_ms + machine->skew_ms;
}

static int64_t machine_boot(void *context) {
    const struct machine *machine = context;
    return machine->world->now_ms - machine->started_ms + BOOT_MS;
}

static void machine_boot_id(void *context, struct id *ret) {
    const struct machine *machine = context;
    memset(ret, 0, sizeof *ret);
    snprintf((char *)ret->bytes, ID_SIZE, "%.8s#%d", machine->name, machine->boots);
}

static void machine_random(void *context, void *data, size_t size) {
    struct machine *machine = context;
    dice_bytes(&machine->dice, data, size);
}

static void machine_sleep(void *context, int64_t ms) {
    struct machine *machine = context;
    world_pass(machine->world, ms);
}

void machine_power(struct machine *machine) {
    machine->boots++;
    machine->started_ms = machine->world->now_ms;
}

int machine_make(struct machine *machine, struct world *world, const char *name) {
    memset(machine, 0, sizeof *machine);
    machine->world = world;
    snprintf(machine->name, sizeof machine->name, "%s", name);
    machine->env = (struct env){.context = machine,
                                .wall_ms = machine_wall,
                                .boot_ms = machine_boot,
                                .boot_id = machine_boot_id,
                                .random = machine_random,
                                .sleep_ms = machine_sleep};
    dice_seed(&machine->dice, dice_draw(&world->dice));
    machine_power(machine);
    machine->disk = disk_add(world->options.disks, name);
    if (machine->disk == NULL || mkdir(name, 0700) != 0) {
        return sim_wrong(&world->report, "%s: no room for another machine", name);
    }
    return 0;
}

int machine_place(const struct machine *machine, const char *name) {
    char path[64];
    snprintf(path, sizeof path, "%s/%s", machine->name, name);
    FILE *file = fopen(path, "w");
    return file != NULL && fclose(file) == 0
               ? 0
               : sim_wrong(&machine->world->report, "%s cannot be made", path);
}
