/* A device that holds its own keys and is not honest: what it sends must not count. */
#include <stdlib.h>
#include <string.h>

#include "sync/bundle.h"
#include "sync/message.h"
#include "tests/sim/world.h"

enum { HOSTILE_MEMORY = 64 * 1024 * 1024 };

struct attack {
    struct sim_station *station;
    const char *path;
    struct sync_request request;
    struct arena arena;
};

/* The journal's last bundle: its head also moves when a station shows that headquarters was put back. */
static int64_t last_bundle(const struct world *world) {
    struct error error;
    int64_t entry = 0;
    if (world->watch != NULL) {
        database_integer(world->watch,
                         "select coalesce(max(entry), 0) from journal where kind = 2",
                         &entry, &error);
    }
    return entry;
}

/* Sends it, signed by the device, and looks whether headquarters took anything. */
static int send_signed(struct attack *attack, const char *what) {
    struct world *world = attack->station->machine.world;
    struct buffer body = buffer_make(LIMIT_REQUEST);
    struct buffer sealed = buffer_make(LIMIT_REQUEST);
    struct buffer answer = buffer_make(LIMIT_RESPONSE);
    int64_t before = last_bundle(world);
    int status = 0;
    int result = 0;
    if (sync_request_encode(&attack->request, &body, NULL) == 0) {
        envelope_seal(buffer_bytes(&body), "satchel sync request",
                      &attack->station->satchel->identity.keys, &sealed);
        sim_trace(&world->report, "%s: sends %s", attack->station->machine.name, what);
        hq_answer(world, attack->path, buffer_bytes(&sealed), &answer, &status);
        if (world->server != NULL && last_bundle(world) != before) {
            result = sim_wrong(&world->report, "headquarters took %s", what);
        }
    }
    buffer_free(&body);
    buffer_free(&sealed);
    buffer_free(&answer);
    return world->report.failed ? -1 : result;
}

static int send_altered(struct attack *attack) {
    struct world *world = attack->station->machine.world;
    struct bytes *bundle = &attack->request.bundles[0];
    struct bytes altered = arena_copy(&attack->arena, *bundle);
    if (altered.data != NULL) {
        ((uint8_t *)altered.data)[dice_below(&world->dice, (int64_t)altered.size)] ^=
            (uint8_t)(1 << dice_below(&world->dice, 8));
        *bundle = altered;
    }
    attack->request.bundle_count = 1; /* those behind it may be the next, and honest */
    return send_signed(attack, "an altered bundle");
}

/* Whether headquarters has the first of these bundles already, because an answer was lost. */
static bool first_is_known(const struct attack *attack) {
    struct world *world = attack->station->machine.world;
    struct bundle_envelope envelope;
    sqlite3_stmt *statement = NULL;
    bool known = world->watch == NULL ||
                 bundle_open(attack->request.bundles[0], &envelope, NULL) != 0 ||
                 sqlite3_prepare_v2(world->watch,
                                    "select 1 from station where id = ?"
                                    " and last_number >= ?",
                                    -1, &statement, NULL) != SQLITE_OK;
    if (!known) {
        sqlite3_bind_blob(statement, 1, envelope.header.device.bytes, ID_SIZE,
                          SQLITE_STATIC);
        sqlite3_bind_int64(statement, 2, envelope.header.number);
        known = sqlite3_step(statement) == SQLITE_ROW;
    }
    sqlite3_finalize(statement);
    return known;
}

/* The second without the first. */
static int send_reordered(struct attack *attack) {
    attack->request.bundles++;
    attack->request.bundle_count = 1;
    return send_signed(attack, "a bundle before its turn");
}

static int send_foreign(struct attack *attack) {
    struct world *world = attack->station->machine.world;
    struct bytes foreign = {world->overheard, world->overheard_size};
    attack->request.bundles = &foreign;
    attack->request.bundle_count = 1;
    int failed = send_signed(attack, "another device's bundle");
    attack->request.bundles = NULL;
    attack->request.bundle_count = 0;
    return failed;
}

/* What is known already is answered, and nothing comes of it. */
static int send_twice(struct sim_station *station,
                      const struct transport_request *request) {
    struct world *world = station->machine.world;
    int64_t heads[2] = {0};
    for (int i = 0; i < 2 && world->server != NULL; i++) {
        struct buffer answer = buffer_make(LIMIT_RESPONSE);
        int status = 0;
        hq_answer(world, request->path, request->body, &answer, &status);
        buffer_free(&answer);
        if (status != 200) {
            return world->report.failed ? -1 : 0;
        }
        heads[i] = last_bundle(world);
    }
    return world->server != NULL && heads[0] != heads[1]
               ? sim_wrong(&world->report, "headquarters took a replayed request")
               : 0;
}

static void overhear(struct world *world, struct attack *attack) {
    struct bytes bundle = attack->request.bundles[0];
    uint8_t *copy = malloc(bundle.size);
    if (copy != NULL) {
        free(world->overheard);
        memcpy(copy, bundle.data, bundle.size);
        world->overheard = copy;
        world->overheard_size = bundle.size;
        world->overheard_from = attack->station->number;
    }
}

void hostile_free(struct world *world) {
    free(world->overheard);
    world->overheard = NULL;
}

static int attack_once(struct attack *attack) {
    struct world *world = attack->station->machine.world;
    bool has_bundles = attack->request.bundle_count > 0;
    bool others =
        world->overheard != NULL && world->overheard_from != attack->station->number;
    int result = 0;
    if (others && world_strikes(world, FAULT_FOREIGN)) {
        result = send_foreign(attack);
    } else if (attack->request.bundle_count > 1 && !first_is_known(attack) &&
               world_strikes(world, FAULT_REORDERED)) {
        result = send_reordered(attack);
    } else if (has_bundles && world_strikes(world, FAULT_ALTERED)) {
        result = send_altered(attack);
    } else if (has_bundles && dice_chance(&world->dice, 100)) {
        overhear(world, attack);
    }
    return result;
}

int hostile_try(struct sim_station *station, const struct transport_request *request) {
    struct world *world = station->machine.world;
    struct envelope envelope;
    int result = 0;
    if (world->calm || strcmp(request->path, "/v1/sync") != 0) {
        return 0;
    }
    if (world_strikes(world, FAULT_REPLAYED)) {
        return send_twice(station, request);
    }
    struct attack attack = {
        .station = station, .path = request->path, .arena = arena_make(HOSTILE_MEMORY)};
    if (envelope_open(request->body, &envelope, NULL) == 0 &&
        sync_request_decode(envelope.body, &attack.arena, &attack.request, NULL) == 0) {
        result = attack_once(&attack);
    }
    scope_set_free(&attack.request.held);
    arena_free(&attack.arena);
    return result;
}
