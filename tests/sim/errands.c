/* What people at headquarters and at stations do now and then: keys replaced, bundles carried as files. */
#include <stdlib.h>
#include <string.h>

#include "tests/sim/world.h"

enum { SERVER_KEYS = 3, ENOUGH = 200000 };

/* --- the server's key ----------------------------------------------------------------------------------- */

int errand_server_key(struct world *world) {
    struct error error = {0};
    if (world->server_keys == SERVER_KEYS) {
        return 0;
    }
    hq_stop(world, world->now_ms);
    sim_trace(&world->report, "hq: another key");
    world->server_keys++;
    lives_forget_hq(
        world); /* whoever goes on from a copy with a key that stations left needs the new one */
    return server_rotate_key(&world->server_options, &error) == 0
               ? hq_start(world)
               : sim_wrong(&world->report, "the server's key: %s: %s", error.code,
                           error.message);
}

/* --- without a network ------------------------------------------------------------------------------------ */

/* Taken in once or twice; the last answer goes back. */
static int take_parcel(struct world *world, struct bytes parcel, struct buffer *answer,
                       struct error *error) {
    const struct parcel_options options = {.rows = true, .enough = ENOUGH};
    struct parcel_report report;
    int times = world_strikes(world, FAULT_DUPLICATE) ? 2 : 1;
    int result = 0;
    for (int i = 0; i < times && result == 0; i++) {
        buffer_reset(answer);
        result =
            server_take_parcel(world->server, parcel, &options, answer, &report, error);
        result = hq_watch(world) != 0 ? -1 : result;
    }
    return result;
}

static bool may_fail(const struct sim_station *station, const char *code) {
    const struct world *world = station->machine.world;
    return world->histories > 0 || station->revoked || strcmp(code, "device.fork") == 0;
}

static int carry(struct sim_station *station, struct buffer *parcel,
                 struct buffer *answer, struct error *error) {
    struct world *world = station->machine.world;
    satchel_parcel_report packed;
    satchel_sync_report report = {0};
    if (station_export(station->satchel, 0, parcel, &packed, error) != 0) {
        return -1;
    }
    world_pass(world, dice_between(&world->dice, 1000, 7200000));
    if (world_strikes(world, FAULT_DROP_REQUEST)) {
        return 0;
    }
    if (take_parcel(world, buffer_bytes(parcel), answer, error) != 0) {
        return -1;
    }
    world_pass(world, dice_between(&world->dice, 1000, 7200000));
    if (world_strikes(world, FAULT_DROP_ANSWER)) {
        return 0;
    }
    const struct parcel_taking taking = {.parcel = buffer_bytes(answer)};
    return station_import(station->satchel, &taking, &report, error);
}

int errand_carry(struct sim_station *station) {
    struct world *world = station->machine.world;
    struct buffer parcel = buffer_make(LIMIT_PARCEL);
    struct buffer answer = buffer_make(LIMIT_PARCEL);
    struct error error = {0};
    int failed = carry(station, &parcel, &answer, &error);
    buffer_free(&parcel);
    buffer_free(&answer);
    sim_trace(&world->report, "%s: by files: %s", station->machine.name, error.code);
    if (world->report.failed) {
        return -1;
    }
    if (failed && life_is_over(station, error.code)) {
        return life_end(station);
    }
    if (failed && !may_fail(station, error.code)) {
        return sim_wrong(&world->report, "%s, by files: %s: %s", station->machine.name,
                         error.code, error.message);
    }
    return station_look(station);
}
