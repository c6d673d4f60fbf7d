/* POST /v1/reenrol and POST /v1/rotate, without knowing how they arrived. */
#include "server/device.h"
#include "server/internal.h"

typedef int (*device_function)(struct master *master, struct work *work,
                               const struct device_call *call, struct arena *arena,
                               struct bytes *ret_certificate, struct error *error);

/* What the two routes differ in. */
struct device_route {
    device_function run;
    const char *context; /* of the answer */
    const char *done;
    const char *refused;
};

struct device_job {
    const struct device_route *route;
    struct device_call call;
    struct arena arena;
    struct bytes certificate;
};

static int run_job(struct master *master, struct work *work, void *context,
                   struct error *error) {
    struct device_job *job = context;
    arena_reset(&job->arena);
    return job->route->run(master, work, &job->call, &job->arena, &job->certificate,
                           error);
}

static int answer(struct server *server, struct bytes body, struct device_job *job,
                  struct buffer *ret, struct error *error) {
    if (body.size > LIMIT_ENROL_REQUEST) {
        return error_set(error, "request.size", "body",
                         "this message has at most %d bytes", LIMIT_ENROL_REQUEST);
    }
    if (device_call_open(body, server->org, &job->call, error) != 0 ||
        ingest_run(server->ingest, run_job, job, error) != 0) {
        return -1;
    }
    const struct certificate_answer told = {job->certificate, job->route->context,
                                            &job->call.request.server_key};
    return server_answer_certificate(server, &told, ret, error);
}

static void handle(struct server *server, const struct device_route *route,
                   struct bytes body, struct buffer *ret, int *ret_status) {
    struct error error = {0};
    struct device_job job = {.route = route, .arena = arena_make(LIMIT_REQUEST)};
    if (answer(server, body, &job, ret, &error) == 0) {
        *ret_status = 200;
        server_log(server, "info", route->done, "%s", "");
    } else {
        server_answer_failure(server, route->refused, &error, ret, ret_status);
    }
    arena_free(&job.arena);
}

void server_handle_reenrol(struct server *server, struct bytes body, struct buffer *ret,
                           int *ret_status) {
    static const struct device_route ROUTE = {device_reenrol, "satchel reenrol response",
                                              "station enrolled again",
                                              "re-enrolment refused"};
    handle(server, &ROUTE, body, ret, ret_status);
    if (*ret_status == 200) {
        atomic_fetch_add(&server->counters.reenrolments, 1);
    }
}

void server_handle_rotate(struct server *server, struct bytes body, struct buffer *ret,
                          int *ret_status) {
    static const struct device_route ROUTE = {device_rotate, "satchel rotate response",
                                              "key rotated", "rotation refused"};
    handle(server, &ROUTE, body, ret, ret_status);
    if (*ret_status == 200) {
        atomic_fetch_add(&server->counters.rotations, 1);
    }
}
