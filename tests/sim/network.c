/* The network: what is sent arrives, or does not, or late, twice, in part, altered. */
#include <stdlib.h>
#include <string.h>

#include "tests/sim/world.h"

enum { ANSWER_MAXIMUM = LIMIT_RESPONSE, WITHIN = 6 * 3600 * 1000 };

static int fail(struct sim_station *station, const char *what, struct error *error) {
    station->disturbed = true;
    sim_trace(&station->machine.world->report, "%s: %s", station->machine.name, what);
    return error_set(error, "transport.timeout", "", "%s", what);
}

/* Others act while this is under way. */
static int let_others(struct world *world) {
    if (world->depth >= WORLD_DEPTH || !world_strikes(world, FAULT_INTERLEAVE)) {
        return 0;
    }
    int64_t steps = 1 + dice_below(&world->dice, 4);
    int result = 0;
    world->depth++;
    while (steps-- > 0 && result == 0) {
        result = world_step(world);
    }
    world->depth--;
    return result;
}

/* Part of it, or with a bit that is another. */
static bool spoil(struct world *world, struct buffer *bytes) {
    if (bytes->size > 0 && world_strikes(world, FAULT_CUT)) {
        bytes->size = (size_t)dice_below(&world->dice, (int64_t)bytes->size);
        return true;
    }
    if (bytes->size > 0 && world_strikes(world, FAULT_FLIP)) {
        bytes->data[dice_below(&world->dice, (int64_t)bytes->size)] ^=
            (uint8_t)(1 << dice_below(&world->dice, 8));
        return true;
    }
    return false;
}

/* It arrives long after nobody waits for it any more. */
static void put_off(struct sim_station *station, const char *path, struct bytes body) {
    struct world *world = station->machine.world;
    if (world->message_count == WORLD_MESSAGES) {
        return;
    }
    struct message *message = &world->messages[world->message_count];
    message->data = malloc(body.size + 1);
    if (message->data == NULL) {
        return;
    }
    memcpy(message->data, body.data, body.size);
    message->size = body.size;
    message->from = station->number;
    message->due = world->now_ms + dice_below(&world->dice, WITHIN);
    size_t length = strlen(path);
    memcpy(message->path, path, length < sizeof message->path ? length + 1 : 0);
    world->message_count++;
}

static int deliver_message(struct world *world, size_t index) {
    struct message message = world->messages[index];
    struct buffer answer = buffer_make(ANSWER_MAXIMUM);
    int status = 0;
    world->messages[index] = world->messages[--world->message_count];
    hq_answer(world, message.path, (struct bytes){message.data, message.size}, &answer,
              &status);
    sim_trace(&world->report, "network: a late request of station %d has arrived: %s %d",
              message.from, message.path, status);
    free(message.data);
    buffer_free(&answer);
    return world->report.failed ? -1 : 0;
}

int network_deliver_late(struct world *world) {
    for (int i = world->message_count; i-- > 0;) {
        if (world->messages[i].due <= world->now_ms &&
            deliver_message(world, (size_t)i) != 0) {
            return -1;
        }
    }
    return 0;
}

void network_free(struct world *world) {
    while (world->message_count > 0) {
        free(world->messages[--world->message_count].data);
    }
}

/* There: the request as it arrives. */
static int send_there(struct sim_station *station, const char *path,
                      struct buffer *request, struct buffer *answer, int *ret_status,
                      struct error *error) {
    struct world *world = station->machine.world;
    if (world_strikes(world, FAULT_DROP_REQUEST)) {
        return fail(station, "the request was lost", error);
    }
    if (world_strikes(world, FAULT_LATE)) {
        put_off(station, path, buffer_bytes(request));
        return fail(station, "the request is late", error);
    }
    if (world_strikes(world, FAULT_DUPLICATE)) {
        put_off(station, path, buffer_bytes(request));
        if (!hq_answer(world, path, buffer_bytes(request), answer, ret_status)) {
            return fail(station, "headquarters is gone", error);
        }
        buffer_reset(answer);
    }
    if (spoil(world, request)) {
        station->disturbed = true;
    }
    return hq_answer(world, path, buffer_bytes(request), answer, ret_status)
               ? 0
               : fail(station, "headquarters is gone", error);
}

/* And back. */
static int bring_back(struct sim_station *station, struct buffer *answer,
                      struct buffer *ret, struct error *error) {
    struct world *world = station->machine.world;
    if (world_strikes(world, FAULT_DROP_ANSWER)) {
        return fail(station, "the answer was lost", error);
    }
    if (spoil(world, answer)) {
        station->disturbed = true;
    }
    if (answer->size > ret->maximum) {
        return error_set(error, "transport.size", "", "the answer is too long");
    }
    buffer_append(ret, answer->data, answer->size);
    return 0;
}

static int post(void *context, const struct transport_request *request,
                struct buffer *ret_body, int *ret_status, struct error *error) {
    struct sim_station *station = context;
    struct world *world = station->machine.world;
    struct buffer there = buffer_make(LIMIT_REQUEST);
    struct buffer answer = buffer_make(ANSWER_MAXIMUM);
    int result = -1;
    world_pass(world, dice_between(&world->dice, 20, 400));
    buffer_append(&there, request->body.data, request->body.size);
    if (let_others(world) != 0 || disk_is_crashed(station->machine.disk) ||
        station->offline_until > world->now_ms || world->server == NULL) {
        fail(station, "there is no way to headquarters", error);
    } else if (hostile_try(station, request) == 0 &&
               send_there(station, request->path, &there, &answer, ret_status, error) ==
                   0) {
        result = bring_back(station, &answer, ret_body, error);
        world_pass(world, dice_between(&world->dice, 20, 400));
        if (strcmp(request->path, "/v1/sync") != 0) {
            sim_trace(&world->report, "%s: %s is answered with %d", station->machine.name,
                      request->path, *ret_status);
        }
    }
    if (let_others(world) != 0 || disk_is_crashed(station->machine.disk)) {
        result = fail(station, "nobody hears the answer", error);
    }
    /* Headquarters' own trouble. */
    station->disturbed = station->disturbed || (result == 0 && *ret_status >= 500);
    buffer_free(&there);
    buffer_free(&answer);
    return result;
}

static bool reachable(void *context, const char *address) {
    const struct sim_station *station = context;
    (void)address;
    return station->machine.world->server != NULL;
}

struct transport network_transport(struct sim_station *station) {
    return (struct transport){.context = station, .post = post, .reachable = reachable};
}
