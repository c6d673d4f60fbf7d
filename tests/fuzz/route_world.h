/*
 * The company of the fuzz target `route`: a headquarters on a disk in memory, devices, and what they know.
 */
#ifndef SATCHEL_TESTS_FUZZ_ROUTE_WORLD_H
#define SATCHEL_TESTS_FUZZ_ROUTE_WORLD_H

#include <ftw.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include "schema/embedded.h"
#include "server/server.h"
#include "sync/clock.h"
#include "sync/message_file.h"
#include "sync/payload.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/company.h"
#include "tests/support/disk.h"

enum { ROOM = 1 << 22, NOW_MS_STEP = 1000, DEVICES = 5, PEOPLE = 2 };

#define START_MS 1795399200000LL
#define DAY 86400000LL

/* What a station knows of itself. The last two are who was enrolled or made a child in this sample. */
struct known_device {
    struct certificate certificate;
    struct buffer envelope; /* of its certificate */
    struct sign_keys keys, former_keys;
    struct id user;
    int64_t number, seq, counter;
    uint8_t hash[HASH_SIZE];
    struct buffer last;     /* the bundle that it sealed last */
    struct buffer response; /* what it was answered last, decoded below */
    int64_t cursor, epoch;
    struct id head_id;
    struct scope_set held;
    uint8_t proof[HASH_SIZE];
    struct pull_position position;
    uint8_t position_key[64];
    int64_t digest, digest_rows;
};

/* All that a sample needs, made once; the disk goes back to `image` after a sample that changed something. */
struct world {
    char folder[32];
    struct disks *disks;
    struct disk *disk;
    struct disk_image *image;
    struct disk_image *yesterday; /* the same without the last work */
    struct dice dice;
    int64_t now_ms;
    struct env env;
    struct catalogue *catalogue;
    struct server_options options;
    struct server *server;
    struct invitation open, taken_back, used;
    struct known_device first[DEVICES]; /* as each sample finds them */
    struct known_device devices[DEVICES];
    struct id org;
    struct id people[PEOPLE]; /* the administrator, a rep */
    struct id rep_role, pipeline, stages[3];
    bool changed;
};

static int64_t world_now(void *context) {
    return ((struct world *)context)->now_ms;
}

static void world_boot(void *context, struct id *ret) {
    (void)context;
    memset(ret, 1, sizeof *ret);
}

static void world_random(void *context, void *data, size_t size) {
    dice_bytes(&((struct world *)context)->dice, data, size);
}

static void world_sleep(void *context, int64_t ms) {
    ((struct world *)context)->now_ms += ms;
}

static void must(int result, const struct error *error) {
    if (result != 0) {
        fprintf(stderr, "%s (%s): %s\n", error->code, error->field, error->message);
        abort();
    }
}

/* --- devices ------------------------------------------------------------------------------- */

static void copy_device(struct known_device *to, const struct known_device *from) {
    struct known_device old = *to;
    *to = *from;
    to->envelope = old.envelope;
    to->last = old.last;
    to->response = old.response;
    to->held = (struct scope_set){0};
    for (size_t i = 0; i < from->held.count; i++) {
        FUZZ_MUST(scope_set_add(&to->held, from->held.scopes[i]) == 0);
    }
    scope_set_free(&old.held);
    buffer_reset(&to->envelope);
    buffer_append(&to->envelope, from->envelope.data, from->envelope.size);
    buffer_reset(&to->last);
    buffer_append(&to->last, from->last.data, from->last.size);
    buffer_reset(&to->response);
    if (to->position.set) {
        to->position.key.data = to->position_key;
    }
}

static void make_devices(struct known_device *devices) {
    for (size_t i = 0; i < DEVICES; i++) {
        devices[i] = (struct known_device){.envelope = buffer_make(ROOM),
                                           .last = buffer_make(ROOM),
                                           .response = buffer_make(LIMIT_RESPONSE),
                                           .epoch = 1};
    }
}

static void free_devices(struct known_device *devices) {
    for (size_t i = 0; i < DEVICES; i++) {
        buffer_free(&devices[i].envelope);
        buffer_free(&devices[i].last);
        buffer_free(&devices[i].response);
        scope_set_free(&devices[i].held);
    }
}

static void keys_of(uint8_t n, struct sign_keys *ret) {
    const uint8_t seed[SIGN_SEED] = {n, 0x77};
    seal_keys(seed, ret);
}

/* A station becomes what its certificate says. */
static void become(struct known_device *device, struct bytes certificate,
                   const struct sign_keys *keys) {
    struct envelope envelope;
    struct error error = {0};
    must(envelope_open(certificate, &envelope, &error), &error);
    must(certificate_decode(envelope.body, &device->certificate, &error), &error);
    buffer_reset(&device->envelope);
    buffer_append(&device->envelope, certificate.data, certificate.size);
    device->keys = *keys;
    device->number = device->seq = 0;
    memset(device->hash, 0, HASH_SIZE);
    if (device->certificate.actor_count > 0) {
        device->user = device->certificate.actors[0];
    }
}

static struct known_device *newcomer(struct world *world, uint8_t key) {
    return &world->devices[DEVICES - 1 - key % 2];
}

/* --- the server ---------------------------------------------------------------------------- */

static void start(struct world *world) {
    struct error error = {0};
    must(server_start(&world->options, &world->server, &error), &error);
}

/* As each sample finds it. */
static void start_sample(struct world *world) {
    dice_seed(&world->dice, 2);
    disks_begin(world->disks, 2, START_MS);
    world->now_ms = START_MS + DAY;
    world->options.horizon_ms = 30 * DAY;
    start(world);
    for (size_t i = 0; i < DEVICES; i++) {
        copy_device(&world->devices[i], &world->first[i]);
    }
    world->changed = false;
}

static int remove_one(const char *path, const struct stat *found, int kind,
                      struct FTW *where) {
    (void)found;
    (void)kind;
    (void)where;
    return remove(path);
}

static void must_verify(struct world *world) {
    struct verify_report report;
    struct error error = {0};
    must(server_verify(&world->options, &report, &error), &error);
}

static void stop_sample(struct world *world) {
    server_stop(world->server);
    world->server = NULL;
    must_verify(world);
    FUZZ_MUST(disk_replace(world->disk, world->image));
    nftw("hq/files", remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* Yesterday's copy in the place of what is there. */
static void restore(struct world *world) {
    server_stop(world->server);
    FUZZ_MUST(disk_replace(world->disk, world->yesterday));
    world->options.horizon_ms = 0; /* the product's own */
    start(world);
    world->changed = true;
}

typedef void (*route_function)(struct server *server, struct bytes body,
                               struct buffer *ret, int *ret_status);

/* What every answer has to be. */
static bool ask(struct world *world, route_function route, struct bytes body,
                struct buffer *ret) {
    struct error error = {0};
    struct error failure;
    struct envelope envelope;
    int status = 0;
    world->now_ms += NOW_MS_STEP;
    buffer_reset(ret);
    route(world->server, body, ret, &status);
    FUZZ_MUST(!ret->failed);
    if (status == 200) {
        must(envelope_open(buffer_bytes(ret), &envelope, &error), &error);
        world->changed = true;
        return true;
    }
    must(failure_decode(buffer_bytes(ret), &failure, &error), &error);
    /* 507: a quota is full. */
    if (status < 400 || (status >= 500 && status != 507)) {
        fprintf(stderr, "status %d: %s (%s): %s\n", status, failure.code, failure.field,
                failure.message);
    }
    FUZZ_MUST(status >= 400 && (status < 500 || status == 507) &&
              failure.code[0] != '\0');
    return false;
}

static void sign(const struct sign_keys *keys, const char *context, struct buffer *body,
                 struct buffer *ret) {
    buffer_reset(ret);
    envelope_seal(buffer_bytes(body), context, keys, ret);
}

static bool enrol(struct world *world, struct enrol_request *request,
                  const struct sign_keys *keys, bool other_key, struct buffer *ret) {
    struct buffer body = buffer_make(ROOM);
    struct buffer sealed = buffer_make(ROOM);
    memcpy(request->device_key.bytes, keys->public_key, SIGN_PUBLIC);
    enrol_request_encode(request, &body);
    sign(other_key ? &world->first[0].keys : keys, "satchel enrol request", &body,
         &sealed);
    bool taken = ask(world, server_handle_enrol, buffer_bytes(&sealed), ret);
    buffer_free(&body);
    buffer_free(&sealed);
    return taken;
}

static void adopt_certificate(struct known_device *device, struct bytes answer,
                              const struct sign_keys *keys) {
    struct error error = {0};
    struct envelope envelope;
    struct enrol_response response;
    must(envelope_open(answer, &envelope, &error), &error);
    must(enrol_response_decode(envelope.body, &response, &error), &error);
    become(device, response.certificate, keys);
}

static void enrol_first(struct world *world, const struct invitation *invitation,
                        uint8_t key, struct known_device *device) {
    struct enrol_request request = {.name = "station",
                                    .schema_version = world->catalogue->version};
    struct buffer answer = buffer_make(ROOM);
    struct sign_keys keys;
    memcpy(request.token, invitation->token, sizeof invitation->token);
    keys_of(key, &keys);
    FUZZ_MUST(enrol(world, &request, &keys, false, &answer));
    adopt_certificate(device, buffer_bytes(&answer), &keys);
    buffer_free(&answer);
}

static void invite(struct world *world, const struct invite_options *options,
                   struct invitation *ret) {
    struct error error = {0};
    struct buffer text = buffer_make(LIMIT_TEXT);
    must(server_invite(&world->options, options, &text, &error), &error);
    must(invitation_parse(buffer_text(&text), ret, &error), &error);
    buffer_free(&text);
}

static struct id read_one(struct world *world, const char *sql) {
    sqlite3 *db = NULL;
    sqlite3_stmt *statement = NULL;
    struct id id = {{0}};
    (void)world;
    FUZZ_MUST(sqlite3_open("hq/master.db", &db) == SQLITE_OK);
    FUZZ_MUST(sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK);
    FUZZ_MUST(sqlite3_step(statement) == SQLITE_ROW &&
              sqlite3_column_bytes(statement, 0) == ID_SIZE);
    memcpy(id.bytes, sqlite3_column_blob(statement, 0), ID_SIZE);
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return id;
}

#endif
