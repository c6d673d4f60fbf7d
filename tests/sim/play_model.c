/* The play that the reference model knows. */
#include "tests/sim/play_model.h"

#include <assert.h>
#include <stdlib.h>

#include "tests/sim/schema.h"
#include "tests/sim/workload.h"

struct playing {
    struct model *model;
    struct workload *workload;
};

static int make(const struct play_setup *setup, void **ret) {
    struct playing *playing = calloc(1, sizeof *playing);
    const struct model_setup model = {setup->report, setup->admin, setup->genesis_gsn,
                                      setup->genesis_at};
    assert(playing);
    *ret = playing;
    return model_make(&model, &playing->model) != 0
               ? -1
               : workload_make(playing->model, setup->dice, setup->people,
                               &playing->workload);
}

static void end(void *context) {
    struct playing *playing = context;
    workload_free(playing->workload);
    model_free(playing->model);
    free(playing);
}

static struct model *model_of(void *context) {
    return ((struct playing *)context)->model;
}

static struct id person(void *context, int number) {
    return model_person_id(model_of(context), number);
}

static bool found(void *context, struct sim_operation *ret) {
    return workload_found(((struct playing *)context)->workload, ret);
}

static void plan(void *context, int station, struct station_plan *ret) {
    workload_plan(((struct playing *)context)->workload, station, ret);
}

static bool draw(void *context, int station, struct sim_operation *ret) {
    return workload_draw(((struct playing *)context)->workload, station, ret);
}

static int enrolled(void *context, const struct enrolled_seen *seen) {
    return model_enrolled(model_of(context), seen);
}

static int did(void *context, const struct sim_operation *operation,
               const struct local_outcome *outcome) {
    return model_did(model_of(context), operation, outcome);
}

static int merged(void *context, const struct merged_seen *seen) {
    if (!context)
        return 0; /* genesis: the play is made after it */
    return model_merged(model_of(context), seen);
}

static int deferred(void *context, const struct merged_seen *seen) {
    return model_deferred(model_of(context), seen);
}

static int retried(void *context, int64_t at, bool last) {
    return model_retried(model_of(context), at, last);
}

static int looked(void *context, int station, sqlite3 *db) {
    return model_looked(model_of(context), station, db);
}

static int synced(void *context, int station, int64_t cursor) {
    return model_synced(model_of(context), station, cursor);
}

static int snapshot(void *context, int station) {
    return model_snapshot(model_of(context), station);
}

static int restore(void *context, int station, int token) {
    return model_restore(model_of(context), station, token);
}

static int clone_of(void *context, int from, int to) {
    return model_clone(model_of(context), from, to);
}

static int wiped(void *context, int station) {
    return model_wiped(model_of(context), station);
}

static int updated(void *context, int station, int version) {
    return model_updated(model_of(context), station, version);
}

static int reenrolled(void *context, int station, struct id device, const char *code) {
    (void)code;
    return model_reenrolled(model_of(context), station, device);
}

static int server_snapshot(void *context) {
    return model_server_snapshot(model_of(context));
}

static int server_restore(void *context, int token) {
    (void)token;
    return model_server_restore(model_of(context));
}

static int check_station(void *context, int station, sqlite3 *db) {
    return model_check_station(model_of(context), station, db);
}

static int check_master(void *context, sqlite3 *db) {
    return model_check_master(model_of(context), db);
}

static int finish(void *context) {
    return model_finish(model_of(context));
}

const struct play play_model = {.name = "model",
                                .schema = sim_schema,
                                .make = make,
                                .free = end,
                                .person = person,
                                .found = found,
                                .plan = plan,
                                .draw = draw,
                                .enrolled = enrolled,
                                .did = did,
                                .merged = merged,
                                .deferred = deferred,
                                .retried = retried,
                                .looked = looked,
                                .synced = synced,
                                .snapshot = snapshot,
                                .restore = restore,
                                .clone = clone_of,
                                .wiped = wiped,
                                .updated = updated,
                                .reenrolled = reenrolled,
                                .server_snapshot = server_snapshot,
                                .server_restore = server_restore,
                                .check_station = check_station,
                                .check_master = check_master,
                                .finish = finish};
