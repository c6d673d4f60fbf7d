/* One run: founding, steps, healing. */
#include "tests/sim/world.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/sim/folder.h"

enum {
    FOUNDING_STEPS = 5000,
    HOUR_MS = 3600000,
    CHECK_EVERY = 40,    /* steps between looks at the master, for ten stations */
    CHECK_STATION = 100, /* per mille of syncs */
    PAUSE_MS = 60000,
    UPDATE = 4 /* per mille */
};

bool world_strikes(struct world *world, enum fault fault) {
    return !world->calm && fault_strikes(&world->faults, &world->dice, fault);
}

void world_pass(struct world *world, int64_t ms) {
    world->now_ms += ms > 0 ? ms : 0;
}

/* --- the beginning ------------------------------------------------------------------------------ */

static int do_found(struct world *world, struct sim_station *first) {
    struct sim_operation operation = {0};
    for (int i = 0; i < FOUNDING_STEPS; i++) {
        if (!world->play->found(world->playing, &operation)) {
            return 0;
        }
        world_pass(world, 1000);
        int64_t before = world->figures.refused_here;
        if (station_work(first, &operation) != 0) {
            return -1;
        }
        if (before != world->figures.refused_here) {
            return sim_wrong(&world->report, "founding: %s %s was refused",
                             operation.command, operation.json);
        }
        memset(&operation, 0, sizeof operation);
    }
    return sim_wrong(&world->report, "the founding does not end");
}

static int draw_stations(struct world *world) {
    int64_t kind = dice_below(&world->dice, 100);
    return (int)(kind < 60   ? dice_between(&world->dice, 2, 8)
                 : kind < 99 ? dice_between(&world->dice, 5, 40)
                             : dice_between(&world->dice, 40, 300));
}

static int make_play(struct world *world, int people) {
    struct error error = {0};
    struct play_setup setup = {.dice = &world->dice,
                               .report = &world->report,
                               .people = people,
                               .genesis_gsn = 1,
                               .genesis_at = WORLD_BEGIN_MS};
    sqlite3_stmt *statement = NULL;
    struct sign_public key;
    char name[128];
    int64_t epoch;
    if (genesis_read(world->watch, &setup.org, &epoch, &key, name, &error) != 0) {
        return sim_wrong(&world->report, "genesis: %s", error.code);
    }
    if (sqlite3_prepare_v2(world->watch, "select user_id from engine_user", -1,
                           &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW) {
        memcpy(setup.admin.bytes, sqlite3_column_blob(statement, 0), ID_SIZE);
    }
    sqlite3_finalize(statement);
    return world->play->make(&setup, &world->playing);
}

static int found(struct world *world) {
    int stations = draw_stations(world);
    bool done = false;
    struct sim_station *station = NULL;
    world->calm = true;
    if (hq_found(world) != 0 || make_play(world, 2 + stations) != 0 ||
        station_add(world, &station) != 0 || station_exchange(station, &done) != 0 ||
        do_found(world, station) != 0 || station_exchange(station, &done) != 0) {
        return -1;
    }
    while (world->station_count < stations) {
        if (station_add(world, &station) != 0 || station_exchange(station, &done) != 0) {
            return -1;
        }
    }
    for (int i = 0; i < world->station_count; i++) {
        world->stations[i]->sync_per_mille = (int)dice_between(&world->dice, 20, 300);
    }
    world->calm = false;
    return 0;
}

/* --- a step ------------------------------------------------------------------------------------- */

static int wake(struct world *world) {
    if (world->hq.down && world->hq.down_until <= world->now_ms && hq_start(world) != 0) {
        return -1;
    }
    for (int i = 0; i < world->station_count; i++) {
        struct sim_station *station = world->stations[i];
        if (station->machine.down && station->machine.down_until <= world->now_ms &&
            station_up(station) != 0) {
            return -1;
        }
    }
    return 0;
}

/* What befalls headquarters and the company as a whole. */
static int befall_all(struct world *world) {
    if (world->server != NULL && world_strikes(world, FAULT_HQ_RESTART)) {
        hq_stop(world, world->now_ms);
    } else if (world->server != NULL && world_strikes(world, FAULT_HQ_DOWN)) {
        hq_stop(world, world->now_ms + dice_below(&world->dice, 6 * HOUR_MS));
    } else if (world->server != NULL && world_strikes(world, FAULT_SERVER_KEY)) {
        return errand_server_key(world);
    } else if (world->server != NULL && world->station_count < WORLD_STATIONS &&
               world_strikes(world, FAULT_LATE_ENROL)) {
        struct sim_station *station = NULL;
        if (station_add(world, &station) != 0) {
            return -1;
        }
        station->sync_per_mille = (int)dice_between(&world->dice, 20, 300);
    }
    return 0;
}

/* What befalls a station. False: it can do nothing now. */
static bool befall(struct world *world, struct sim_station *station) {
    if (world_strikes(world, FAULT_PARTITION)) {
        station->offline_until =
            world->now_ms + dice_below(&world->dice, 24 * (int64_t)HOUR_MS);
    }
    if (world_strikes(world, FAULT_JUMP)) {
        station->machine.skew_ms = dice_between(&world->dice, -86400000, 86400000);
        sim_trace(&world->report, "%s: clock %+lld ms", station->machine.name,
                  (long long)station->machine.skew_ms);
    }
    if (!station->syncing && station->version < SCHEMA_VERSION &&
        dice_chance(&world->dice, UPDATE)) {
        station_down(station, world->now_ms + dice_below(&world->dice, HOUR_MS));
        station_update(station);
        return false;
    }
    if (!station->syncing && world_strikes(world, FAULT_STATION_RESTART)) {
        station_down(station, world->now_ms + dice_below(&world->dice, HOUR_MS));
        if (dice_chance(&world->dice, 500)) {
            machine_power(&station->machine);
        }
        return false;
    }
    return true;
}

static int act(struct world *world, struct sim_station *station) {
    struct sim_operation operation = {0};
    bool done = false;
    bool offline = station->offline_until > world->now_ms || world->server == NULL;
    bool sync = !station->syncing &&
                dice_chance(&world->dice, offline ? 5 : station->sync_per_mille);
    if (sync && world->server != NULL && world_strikes(world, FAULT_CARRY)) {
        return errand_carry(station);
    }
    if (sync) {
        int result = station_exchange(station, &done);
        if (result == 0 && done && station->watch != NULL && !station->syncing &&
            world->play->check_station && dice_chance(&world->dice, CHECK_STATION)) {
            result = world->play->check_station(world->playing, station->number,
                                                station->watch);
        }
        return result;
    }
    return world->play->draw(world->playing, station->number, &operation)
               ? station_work(station, &operation)
               : 0;
}

int world_step(struct world *world) {
    world_pass(world,
               dice_below(&world->dice, dice_chance(&world->dice, 20)
                                            ? HOUR_MS
                                            : PAUSE_MS / world->station_count + 50));
    if (network_deliver_late(world) != 0 || wake(world) != 0 ||
        (world->depth == 0 && (befall_all(world) != 0 || life_of_hq(world) != 0))) {
        return -1;
    }
    struct sim_station *station =
        world->stations[dice_below(&world->dice, world->station_count)];
    if (station->satchel == NULL || disk_is_crashed(station->machine.disk) ||
        !befall(world, station)) {
        return 0;
    }
    if (life_of_station(station) != 0) {
        return -1;
    }
    return station->satchel != NULL ? act(world, station) : 0;
}

static int check_master(struct world *world) {
    return world->play->check_master && world->watch
               ? world->play->check_master(world->playing, world->watch)
               : 0;
}

/* Most stations were taken back. */
static bool is_deserted(const struct world *world) {
    int wiped = 0;
    for (int i = 0; i < world->station_count; i++) {
        wiped += world->stations[i]->wiped;
    }
    return 2 * wiped > world->station_count;
}

static int live(struct world *world) {
    int64_t operations = world->options.operations;
    int64_t begun = world->figures.operations;
    if (operations == 0) {
        operations = dice_between(&world->dice, 500, 4000);
    }
    for (int64_t step = 1; world->figures.operations - begun < operations; step++) {
        if (world_step(world) != 0 ||
            (step % (CHECK_EVERY * (1 + world->station_count / 10)) == 0 &&
             check_master(world) != 0)) {
            return -1;
        }
        if (step > 100 * operations && is_deserted(world)) {
            return 0;
        }
        if (step > 100 * operations) {
            return sim_wrong(&world->report, "nothing is done any more");
        }
    }
    return 0;
}

/* A model that knows nothing of a fault cannot say what must come of it. */
static void leave_out(struct world *world) {
    const struct play *play = world->play;
    bool *on = world->faults.on;
    bool models = play->merged != NULL;
    on[FAULT_CLONE] = on[FAULT_CLONE] && (!models || play->clone);
    on[FAULT_RESTORE_STATION] = on[FAULT_RESTORE_STATION] && (!models || play->restore);
    on[FAULT_RESTORE_HQ] = on[FAULT_RESTORE_HQ] && (!models || play->server_restore);
    if (models && on[FAULT_RESTORE_HQ])
        on[FAULT_CLONE] = on[FAULT_RESTORE_STATION] = false;
    /* A copy cannot follow the key that another one replaced. */
    if (on[FAULT_CLONE] || on[FAULT_RESTORE_STATION])
        on[FAULT_DEVICE_KEY] = false;
    on[FAULT_OLD_SCHEMA] = on[FAULT_OLD_SCHEMA] && play->updated;
    on[FAULT_REVOKE] = on[FAULT_REVOKE] && (!models || play->wiped);
}

int world_run(struct world *world, const struct world_options *options) {
    memset(world, 0, sizeof *world);
    world->options = *options;
    world->play = options->play;
    world->now_ms = WORLD_BEGIN_MS;
    world->report = (struct sim_report){.trace = options->trace,
                                        .now = &world->now_ms,
                                        .began = WORLD_BEGIN_MS,
                                        .hash = 0xcbf29ce484222325ULL};
    dice_seed(&world->dice, options->seed);
    disks_begin(options->disks, options->seed, WORLD_BEGIN_MS);
    faults_draw(&world->faults, &world->dice, options->faults);
    leave_out(world);
    int result = found(world) != 0 || live(world) != 0 || world_heal(world) != 0 ? -1 : 0;
    return world->report.failed ? -1 : result;
}

/* --- the end -------------------------------------------------------------------------------------- */

static void remove_machine(const struct machine *machine) {
    if (machine->disk != NULL) {
        disk_remove(machine->disk);
        folder_clear(machine->name);
        rmdir(machine->name);
    }
}

void world_end(struct world *world) {
    lives_free(world);
    if (world->server != NULL || world->watch != NULL) {
        hq_stop(world, 0);
    }
    for (int i = 0; i < world->station_count; i++) {
        struct sim_station *station = world->stations[i];
        if (station->satchel != NULL) {
            station_down(station, 0);
        }
        struct machine machine = station->machine;
        station_free(station);
        remove_machine(&machine);
    }
    remove_machine(&world->hq);
    if (world->playing != NULL) {
        world->play->free(world->playing);
    }
    hostile_free(world);
    network_free(world);
    ledger_free(&world->ledger);
}
