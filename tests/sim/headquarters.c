/* The server: founded, started, put down, asked. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/server.h"
#include "tests/sim/world.h"
#include "tests/support/routes.h"

#define ADDRESS "http://127.0.0.1:1"

enum { CRASH_WITHIN = 60, HOUR_MS = 3600000 };

static const char PATH[] = "hq/master.db";

int hq_found(struct world *world) {
    struct error error = {0};
    struct buffer invitation = buffer_make(LIMIT_TEXT);
    const struct genesis_options genesis = {
        .org_name = "Simulated", .currency = "CNY", .admin_name = "Admin"};
    if (machine_make(&world->hq, world, "hq") != 0) {
        return -1;
    }
    world->server_options = (struct server_options){.data = "hq",
                                                    .env = &world->hq.env,
                                                    .catalogue = world->options.catalogue,
                                                    .embedded = true};
    if (fault_strikes(&world->faults, &world->dice, FAULT_HORIZON)) {
        world->server_options.horizon_ms =
            dice_between(&world->dice, HOUR_MS, 20 * HOUR_MS);
    }
    int failed =
        server_init(&world->server_options, &genesis, ADDRESS, &invitation, &error) != 0;
    buffer_free(&invitation);
    if (failed) {
        return sim_wrong(&world->report, "founding: %s: %s", error.code, error.message);
    }
    return machine_place(&world->hq, "master.db") == 0 ? hq_start(world) : -1;
}

int hq_start(struct world *world) {
    struct error error = {0};
    if (server_start(&world->server_options, &world->server, &error) != 0) {
        return sim_wrong(&world->report, "headquarters does not start: %s: %s",
                         error.code, error.message);
    }
    if (sqlite3_open_v2(PATH, &world->watch, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK ||
        watch_open(world) != 0) {
        return sim_wrong(&world->report, "headquarters cannot be watched: %s",
                         sqlite3_errmsg(world->watch));
    }
    world->hq.down = false;
    sim_trace(&world->report, "hq: up, at %lld", (long long)hq_head(world));
    return hq_watch(world);
}

void hq_stop(struct world *world, int64_t until) {
    bool crashed = disk_is_crashed(world->hq.disk);
    server_stop(world->server);
    world->server = NULL;
    watch_close(world);
    sqlite3_close(world->watch);
    world->watch = NULL;
    if (crashed) {
        disk_restart(world->hq.disk, world->hq.loss, &world->dice);
    }
    if (crashed && world->hq.loss != DISK_KEEPS) {
        machine_power(&world->hq);
    }
    world->hq.down = true;
    world->hq.down_until = until;
    sim_trace(&world->report, "hq: %s", crashed ? "crashed" : "down");
}

void hq_bury(struct world *world) {
    hq_stop(world, world->now_ms + dice_below(&world->dice, 120000));
}

int64_t hq_head(struct world *world) {
    struct error error;
    int64_t head = 0;
    if (world->watch == NULL ||
        database_integer(world->watch, "select max(gsn) from gsn_log", &head, &error) !=
            0) {
        return world->seen_gsn;
    }
    return head;
}

/* --- being asked ------------------------------------------------------------------------------- */

/* A write of this request may be the last, or fail. */
static void arm(struct world *world) {
    struct machine *hq = &world->hq;
    int64_t calls = 1 + dice_below(&world->dice, CRASH_WITHIN);
    if (world_strikes(world, FAULT_HQ_KILL)) {
        hq->loss = DISK_KEEPS;
        disk_crash_at(hq->disk, calls);
    } else if (world_strikes(world, FAULT_HQ_POWER)) {
        hq->loss = dice_chance(&world->dice, 500) ? DISK_TEARS : DISK_LOSES;
        disk_crash_at(hq->disk, calls);
    } else if (world_strikes(world, FAULT_HQ_DISK)) {
        disk_fail_at(hq->disk, calls,
                     dice_chance(&world->dice, 500) ? SQLITE_FULL : SQLITE_IOERR, false);
    }
}

bool hq_answer(struct world *world, const char *path, struct bytes body,
               struct buffer *ret, int *ret_status) {
    if (world->server == NULL) {
        return false;
    }
    world->figures.requests++;
    arm(world);
    if (!routes_answer(world->server, path, body, ret, ret_status)) {
        sim_wrong(&world->report, "nobody answers %s", path);
        return false;
    }
    disk_crash_at(world->hq.disk, 0);
    disk_fail_at(world->hq.disk, 0, SQLITE_OK, false);
    if (disk_is_crashed(world->hq.disk)) {
        hq_bury(world);
        return false;
    }
    return hq_watch(world) == 0;
}

int hq_invite(struct world *world, const struct station_plan *plan, struct buffer *ret) {
    struct error error = {0};
    char user[ID_TEXT_SIZE];
    struct id person = world->play->person(world->playing, plan->people[0]);
    struct server_options options = world->server_options;
    id_format(person, user);
    const struct invite_options invite = {
        .user = plan->everyone ? NULL : user,
        .ceiling = plan->ceiling[0] ? plan->ceiling : NULL,
        .valid_ms = 86400000,
        .everyone = plan->everyone,
    };
    return server_invite(&options, &invite, ret, &error) == 0
               ? 0
               : sim_wrong(&world->report, "inviting: %s: %s", error.code, error.message);
}
