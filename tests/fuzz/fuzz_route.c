/*
 * Headquarters' routes: whatever arrives is answered, never with a server's fault, and the journal holds afterwards.
 *
 * An input is one byte, then steps: [[choice, body, device, option], ...]. A body goes to a route as it is, or the target
 * makes of it what a known device would send: its ids, its chain, its signatures, its place in the history. Anything
 * else is a single body as it is.
 *
 * It is about who may ask, the chains and what is answered; what merging decides is the simulator's, which has a model
 * to compare it with.
 *
 * About: server/sync_handler.c server/device_handler.c server/file_handler.c server/chain.c server/device.c
 * server/station.c server/verdicts.c
 *
 * Replays: open_entry device_apply_reenrol device_apply_rotate chain_replay decide_again verdicts_same read_station
 * station_apply_invite station_apply_enrol
 */
#define _XOPEN_SOURCE 700 /* nftw */
#include "tests/fuzz/route_world.h"

#include "server/device.h"
#include "server/revoke.h"
#include "server/verdicts.h"

enum { STEPS = 24 };

enum step {
    STEP_RAW =
        5, /* below: the body to route number n; option: zeros behind it, a power of two */
    STEP_SIGNED_SYNC = 5,
    STEP_SYNC,
    STEP_BUNDLE,
    STEP_FILE,
    STEP_ENROL,
    STEP_REENROL,
    STEP_ROTATE,
    STEP_SIGNED_OTHER, /* option: which route */
    STEP_PULL,
    STEP_DAYS, /* option: 500 and how many */
    STEP_RESTORE,
    STEP_STORED, /* option: what the journal could hold */
    STEP_REVOKE,
    STEP_SETTLE, /* option 1: release what is in quarantine, else discard it */
    STEP_COUNT
};

/* Options of a bundle; below 8: one less than the transactions in it. */
enum {
    BUNDLE_AGAIN = 8,
    BUNDLE_FORK = 16,
    BUNDLE_GAP = 32,
    BUNDLE_HASH = 64,
    BUNDLE_SEQUENCE = 128,
    BUNDLE_DENSE = 256,
    BUNDLE_OTHER_KEY = 512,
    BUNDLE_FIRST_DEVICE = 1024,
    BUNDLE_OLD_EPOCH = 2048,
    BUNDLE_IS_FIRST = 4096,
    BUNDLE_FORMERS = 8192,
    BUNDLE_OTHER_ORG = 16384,
    BUNDLE_UNREADABLE = 32768,
    BUNDLE_TWICE = 65536,
    BUNDLE_FORMER_KEY = 131072,
    BUNDLE_OLD_PROGRAM = 262144,
    BUNDLE_GARBAGE = 524288, /* the body as it is */
    BUNDLE_BACK = 1048576
};

/* Options of a pull. */
enum {
    PULL_REBUILD = 1,
    PULL_OLD_PROGRAM = 2,
    PULL_DIGEST = 4,
    PULL_WAITING = 8,
    PULL_PROOF = 16,
    PULL_CERTIFICATE = 32,
    PULL_FORMER_KEY = 64,
    PULL_CHAIN = 128,
    PULL_SCHEMA = 256,
    PULL_EPOCH = 512,
    PULL_ORG = 1024,
    PULL_CURSOR = 2048,
    PULL_OTHER_KEY = 4096,
    PULL_UNKNOWN = 8192,
    PULL_OTHERS_CERTIFICATE = 16384,
    PULL_COUNTER = 32768,
    PULL_OLD_PIN = 65536,
    PULL_BODY_CERTIFICATE = 131072,
    PULL_NO_CURSOR = 262144
};

struct step_input {
    int64_t choice, device, option;
    struct bytes body;
};

static const route_function ROUTES[] = {server_handle_sync, server_handle_enrol,
                                        server_handle_reenrol, server_handle_rotate,
                                        server_handle_file};

/* --- requests ------------------------------------------------------------------------------ */

static void step_raw(struct world *world, const struct step_input *step,
                     struct buffer *ret) {
    struct buffer body = buffer_make(ROOM);
    size_t zeros = step->option > 0 ? (size_t)1 << step->option % 20 : 0;
    buffer_append(&body, step->body.data, step->body.size);
    for (size_t i = 0; i < zeros; i++) {
        buffer_append_byte(&body, 0);
    }
    ask(world, ROUTES[step->choice % STEP_RAW], buffer_bytes(&body), ret);
    buffer_free(&body);
}

static void step_signed(struct world *world, const struct step_input *step,
                        struct buffer *ret) {
    static const char *const CONTEXTS[] = {
        "satchel sync request", "satchel enrol request", "satchel reenrol request",
        "satchel rotate request", "satchel file request"};
    size_t route = step->choice == STEP_SIGNED_SYNC ? 0 : (size_t)step->option % 5;
    struct known_device *device = &world->devices[step->device];
    struct buffer sealed = buffer_make(ROOM);
    const struct handover_keys keys = {&device->keys, &device->keys};
    if (route == 2 || route == 3) {
        handover_seal(step->body, CONTEXTS[route], keys, &sealed);
    } else {
        envelope_seal(step->body, CONTEXTS[route], &device->keys, &sealed);
    }
    ask(world, ROUTES[route], buffer_bytes(&sealed), ret);
    buffer_free(&sealed);
}

static bool send_request(struct world *world, const struct known_device *device,
                         const struct sign_keys *keys, struct sync_request *request,
                         struct buffer *ret) {
    struct buffer body = buffer_make(ROOM);
    struct buffer sealed = buffer_make(ROOM);
    if (id_is_zero(request->org)) {
        request->org = world->org;
    }
    if (id_is_zero(request->device)) {
        request->device = device->certificate.device;
    }
    if (request->server_key.bytes[0] == 0) {
        request->server_key = world->open.server_key;
    }
    FUZZ_MUST(sync_request_encode(request, &body, NULL) == 0);
    sign(keys, "satchel sync request", &body, &sealed);
    bool taken = ask(world, server_handle_sync, buffer_bytes(&sealed), ret);
    buffer_free(&body);
    buffer_free(&sealed);
    return taken;
}

static void step_sync(struct world *world, const struct step_input *step,
                      struct arena *arena, struct buffer *ret) {
    struct sync_request request;
    struct known_device *device = &world->devices[step->device];
    if (sync_request_decode(step->body, arena, &request, NULL) == 0) {
        memset(&request.org, 0, sizeof request.org);
        memset(&request.device, 0, sizeof request.device);
        send_request(world, device, &device->keys, &request, ret);
        scope_set_free(&request.held);
    }
}

static void note_scopes(struct known_device *device,
                        const struct sync_response *response) {
    struct scope_set held = {0};
    for (size_t i = 0; i < device->held.count; i++) {
        if (!scope_set_has(&response->lost, device->held.scopes[i])) {
            FUZZ_MUST(scope_set_add(&held, device->held.scopes[i]) == 0);
        }
    }
    for (size_t i = 0; i < response->gained.count; i++) {
        FUZZ_MUST(scope_set_add(&held, response->gained.scopes[i]) == 0);
    }
    scope_set_free(&device->held);
    device->held = held;
}

/* What the answer says of the station's place. */
static void note_place(struct known_device *device,
                       const struct sync_response *response) {
    device->epoch = response->epoch;
    device->position = response->next;
    if (response->rebuild) {
        device->cursor = 0;
        scope_set_clear(&device->held);
        memset(&device->head_id, 0, sizeof device->head_id);
        memset(device->proof, 0, sizeof device->proof);
    } else if (response->more) {
        FUZZ_MUST(response->next.key.size <= sizeof device->position_key);
        memcpy(device->position_key, response->next.key.data, response->next.key.size);
        device->position.key.data = device->position_key;
    } else if (response->protocol >= 2 && !id_is_zero(response->head_id)) {
        note_scopes(device, response);
        device->cursor = response->head;
        device->head_id = response->head_id;
        if (response->digest_rows >= 0) {
            device->digest = response->digest;
            device->digest_rows = response->digest_rows;
        }
        memcpy(device->proof, response->scopes_proof, HASH_SIZE);
    }
}

static void step_pull(struct world *world, const struct step_input *step,
                      struct buffer *ret) {
    struct known_device *device = &world->devices[step->device];
    const struct known_device *other = &world->devices[(step->device + 1) % DEVICES];
    int64_t option = step->option;
    struct sync_request request = {
        .time = world->now_ms,
        .counter = option & PULL_COUNTER ? device->counter : ++device->counter,
        .schema_version = option & PULL_SCHEMA ? 0 : world->catalogue->version,
        .epoch = option & PULL_EPOCH ? device->epoch + 1 : device->epoch,
        .cursor = option & PULL_CURSOR ? device->cursor + 1000 : device->cursor,
        .held = option & PULL_REBUILD ? (struct scope_set){0} : device->held,
        .position = device->position,
        .digest = option & PULL_DIGEST ? device->digest + 1 : device->digest,
        .digest_rows = device->digest_rows,
        .waiting = option & PULL_WAITING ? 5 : -1,
        .protocol = option & PULL_OLD_PROGRAM ? 1 : SYNC_PROTOCOL,
        .head_id = device->head_id,
        .bundle_epoch = device->epoch,
        .chain_number = option & PULL_CHAIN ? device->number - 1 : device->number,
        .rebuild = option & PULL_REBUILD};
    const struct sign_keys *keys = option & PULL_FORMER_KEY  ? &device->former_keys
                                   : option & PULL_OTHER_KEY ? &other->keys
                                                             : &device->keys;
    memcpy(request.held_proof, device->proof, HASH_SIZE);
    memcpy(request.chain_hash, device->hash, HASH_SIZE);
    request.held_proof[0] ^= (option & PULL_PROOF) != 0;
    if (option & (PULL_REBUILD | PULL_NO_CURSOR)) {
        request.cursor = 0;
    }
    if (option & PULL_OLD_PIN) {
        request.server_key = world->used.server_key;
    }
    if (option & PULL_BODY_CERTIFICATE) {
        request.certificate = step->body;
    }
    if (option & PULL_ORG) {
        request.org = device->certificate.device;
    }
    if (option & PULL_UNKNOWN) {
        request.device = device->user;
    }
    if (option & (PULL_CERTIFICATE | PULL_OTHERS_CERTIFICATE)) {
        request.certificate = buffer_bytes(option & PULL_CERTIFICATE ? &device->envelope
                                                                     : &other->envelope);
    }
    if (send_request(world, device, keys, &request, ret)) {
        struct envelope envelope;
        struct sync_response response;
        struct arena arena = arena_make(1 << 26);
        FUZZ_MUST(envelope_open(buffer_bytes(ret), &envelope, NULL) == 0);
        FUZZ_MUST(sync_response_decode(envelope.body, &arena, &response, NULL) == 0);
        note_place(device, &response);
        scope_set_free(&response.gained);
        scope_set_free(&response.lost);
        arena_free(&arena);
    }
}

/* --- bundles ------------------------------------------------------------------------------- */

/* A signed bundle is in the device's chain: the next one goes on from it. */
static bool was_accepted(struct bytes answer) {
    struct envelope envelope;
    struct sync_response response;
    struct arena arena = arena_make(ROOM);
    FUZZ_MUST(envelope_open(answer, &envelope, NULL) == 0);
    FUZZ_MUST(sync_response_decode(envelope.body, &arena, &response, NULL) == 0);
    bool accepted = response.answer_count > 0 && response.answers[0].accepted;
    scope_set_free(&response.gained);
    scope_set_free(&response.lost);
    arena_free(&arena);
    return accepted;
}

static void send_bundle(struct world *world, const struct step_input *step,
                        struct known_device *device, struct bytes sealed,
                        const struct bundle_header *header, const uint8_t hash[HASH_SIZE],
                        struct buffer *ret) {
    int64_t gsns[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    struct bytes bundles[2] = {sealed, sealed};
    struct former_gsns formers[2] = {{gsns, 8}, {gsns, 0}};
    int64_t option = step->option;
    struct sync_request request = {
        .time = world->now_ms,
        .counter = ++device->counter,
        .schema_version = world->catalogue->version,
        .epoch = device->epoch,
        .cursor = device->cursor,
        .held = device->held,
        .head_id = device->head_id,
        .bundles = bundles,
        .bundle_count = option & BUNDLE_TWICE ? 2 : 1,
        .waiting = 3,
        .protocol = option & BUNDLE_OLD_PROGRAM ? 1 : SYNC_PROTOCOL,
        .bundle_epoch = option & BUNDLE_OLD_EPOCH ? 1 : device->epoch,
        .chain_number = header->number,
        .first_bundle = option & BUNDLE_IS_FIRST ? header->number : 1};
    memcpy(request.held_proof, device->proof, HASH_SIZE);
    if (option & BUNDLE_OLD_PROGRAM) { /* and it never synced */
        request.cursor = 0;
        request.held = (struct scope_set){0};
    }
    if (option & BUNDLE_FORMERS) {
        request.formers = formers;
        request.former_count = request.bundle_count;
    }
    if (send_request(world, device, &device->keys, &request, ret) &&
        was_accepted(buffer_bytes(ret)) && header->number > device->number) {
        device->number = header->number;
        device->seq = header->last_seq;
        memcpy(device->hash, hash, HASH_SIZE);
    }
}

/* A payload that nobody can read, with a header that tells its hash and is signed. */
static void seal_unreadable(struct bundle_header *header, const struct sign_keys *keys,
                            struct bytes payload, struct buffer *sealed,
                            uint8_t hash[HASH_SIZE]) {
    struct transaction one = {.command = "none"};
    struct bundle_envelope envelope;
    struct buffer first = buffer_make(LIMIT_BUNDLE);
    struct buffer bytes = buffer_make(LIMIT_BUNDLE);
    uint8_t payload_hash[HASH_SIZE];
    one.id.bytes[0] = 1;
    header->last_seq = header->first_seq;
    FUZZ_MUST(bundle_seal(header, (struct transaction_list){&one, 1}, keys, &first, hash,
                          NULL) == 0);
    FUZZ_MUST(bundle_open(buffer_bytes(&first), &envelope, NULL) == 0);
    buffer_append(&bytes, envelope.header_bytes.data, envelope.header_bytes.size);
    hash_blake2b(payload, payload_hash);
    for (size_t i = 0; i + HASH_SIZE <= bytes.size; i++) {
        if (memcmp(bytes.data + i, envelope.header.payload_hash, HASH_SIZE) == 0) {
            memcpy(bytes.data + i, payload_hash, HASH_SIZE);
        }
    }
    wire_put_array(sealed, 3);
    wire_put_bytes(sealed, buffer_bytes(&bytes));
    wire_put_bytes(sealed, payload);
    uint8_t signature[SIGN_SIGNATURE];
    seal_sign(keys, "satchel bundle", buffer_bytes(&bytes), signature);
    wire_put_bytes(sealed, (struct bytes){signature, sizeof signature});
    buffer_free(&first);
    buffer_free(&bytes);
}

/* How far the number goes on. */
static int64_t step_of(int64_t option, bool fork) {
    if (option & BUNDLE_BACK) {
        return -1;
    }
    return fork ? 0 : option & BUNDLE_GAP ? 2 : 1;
}

static struct bundle_header header_of(const struct world *world,
                                      const struct step_input *step,
                                      const struct known_device *device, size_t count) {
    int64_t option = step->option;
    if (option & BUNDLE_FIRST_DEVICE) {
        device = &world->devices[0];
    }
    bool fork = (option & BUNDLE_FORK) && device->number > 0;
    int64_t seq = device->seq + (option & BUNDLE_SEQUENCE ? 2 : 1);
    struct bundle_header header = {.format = option & BUNDLE_DENSE ? BUNDLE_FORMAT_PACKED
                                                                   : BUNDLE_FORMAT,
                                   .org = world->org,
                                   .device = device->certificate.device,
                                   .number = device->number + step_of(option, fork),
                                   .first_seq = seq,
                                   .last_seq = seq + (int64_t)count - 1,
                                   .schema_version = world->catalogue->version,
                                   .sealed_at = world->now_ms};
    memcpy(header.previous_hash, device->hash, HASH_SIZE);
    header.previous_hash[0] ^= (option & BUNDLE_HASH) != 0;
    if (option & BUNDLE_OTHER_ORG) {
        header.org = device->certificate.device;
    }
    return header;
}

/* body: the content of a bundle of format 1. Ids and persons are put right, so that what is in it counts. */
static void step_bundle(struct world *world, const struct step_input *step,
                        struct arena *arena, struct buffer *ret) {
    static const uint8_t PREFIX[8] = "fuzzing";
    struct known_device *device = &world->devices[step->device];
    size_t count = 1 + (size_t)step->option % 8;
    struct transaction *list = NULL;
    uint8_t hash[HASH_SIZE] = {0};
    struct bundle_header header = header_of(world, step, device, count);
    const struct sign_keys *keys =
        step->option & BUNDLE_FIRST_DEVICE ? &world->devices[0].keys
        : step->option & BUNDLE_OTHER_KEY  ? &world->devices[2 - step->device % 2].keys
        : step->option & BUNDLE_FORMER_KEY ? &device->former_keys
                                           : &device->keys;
    if (step->option & BUNDLE_AGAIN) {
        header.number = device->number;
        send_bundle(world, step, device, buffer_bytes(&device->last), &header, hash, ret);
        return;
    }
    if (step->option & BUNDLE_GARBAGE) {
        buffer_reset(&device->last);
        buffer_append(&device->last, step->body.data, step->body.size);
        send_bundle(world, step, device, buffer_bytes(&device->last), &header, hash, ret);
        return;
    }
    if (step->option & BUNDLE_UNREADABLE) {
        buffer_reset(&device->last);
        seal_unreadable(&header, keys, step->body, &device->last, hash);
        send_bundle(world, step, device, buffer_bytes(&device->last), &header, hash, ret);
        return;
    }
    if (payload_decode(step->body, count, arena, &list, NULL) != 0) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        list[i].id = transaction_id(
            PREFIX, (uint64_t)(device->seq + (int64_t)i + 1 + 1000 * step->device));
        if (list[i].user.bytes[0] != 0xee) {
            list[i].user = device->user;
        }
    }
    buffer_reset(&device->last);
    if (bundle_seal(&header, (struct transaction_list){list, count}, keys, &device->last,
                    hash, NULL) == 0) {
        send_bundle(world, step, device, buffer_bytes(&device->last), &header, hash, ret);
    }
}

/* --- files, enrolment, keys ---------------------------------------------------------------------- */

/* A hash that begins with 0 is that of the piece. */
static void step_file(struct world *world, const struct step_input *step,
                      struct buffer *ret) {
    struct file_request request;
    struct known_device *device = &world->devices[step->device];
    struct buffer again = buffer_make(ROOM);
    struct buffer sealed = buffer_make(ROOM);
    if (file_request_decode(step->body, &request, NULL) == 0) {
        request.org = step->option & 1 ? device->certificate.device : world->org;
        request.device = step->option & 2 ? device->user : device->certificate.device;
        if (request.hash[0] == 0) {
            hash_blake2b(request.piece, request.hash);
        }
        file_request_encode(&request, &again);
        sign(step->option & 4 ? &world->devices[(step->device + 1) % DEVICES].keys
                              : &device->keys,
             "satchel file request", &again, &sealed);
        ask(world, server_handle_file, buffer_bytes(&sealed), ret);
    }
    buffer_free(&again);
    buffer_free(&sealed);
}

static void step_enrol(struct world *world, const struct step_input *step,
                       struct buffer *ret) {
    struct enrol_request request;
    struct sign_keys keys;
    const struct invitation *const invitations[] = {&world->open, &world->taken_back,
                                                    &world->used};
    if (enrol_request_decode(step->body, &request, NULL) == 0) {
        keys_of(request.device_key.bytes[0], &keys);
        if (request.token[0] < 3) {
            memcpy(request.token, invitations[request.token[0]]->token,
                   sizeof request.token);
        }
        uint8_t key = request.device_key.bytes[0];
        if (request.server_key.bytes[0] == 1) {
            request.server_key = world->used.server_key;
        }
        if (enrol(world, &request, &keys, step->option & 1, ret)) {
            adopt_certificate(newcomer(world, key), buffer_bytes(ret), &keys);
        }
    }
}

/* number 0: as the device's chain is. option: 1 another company, 2 signed by another device, 4 one that nobody knows */
static void step_device(struct world *world, const struct step_input *step,
                        struct buffer *ret) {
    struct device_request request;
    struct known_device *device = &world->devices[step->device];
    struct sign_keys next;
    bool rotate = step->choice == STEP_ROTATE;
    struct buffer again = buffer_make(ROOM);
    struct buffer sealed = buffer_make(ROOM);
    if (device_request_decode(step->body, &request, NULL) == 0) {
        const struct sign_keys *present =
            step->option & 2   ? &world->devices[(step->device + 1) % DEVICES].keys
            : step->option & 8 ? &device->former_keys
                               : &device->keys;
        const struct handover_keys keys = {present, &next};
        uint8_t key = request.new_key.bytes[0];
        keys_of(key, &next);
        memcpy(request.new_key.bytes, next.public_key, SIGN_PUBLIC);
        request.org = step->option & 1 ? device->certificate.device : world->org;
        request.device = step->option & 4 ? device->user : device->certificate.device;
        if (request.number == 0) {
            request.number = device->number;
            memcpy(request.hash, device->hash, HASH_SIZE);
        }
        device_request_encode(&request, &again);
        handover_seal(buffer_bytes(&again),
                      rotate ? "satchel rotate request" : "satchel reenrol request", keys,
                      &sealed);
        bool taken = ask(world, rotate ? server_handle_rotate : server_handle_reenrol,
                         buffer_bytes(&sealed), ret);
        if (taken && rotate && memcmp(&device->keys, &next, sizeof next) != 0) {
            device->former_keys = device->keys;
            device->keys = next;
        } else if (taken && !rotate) {
            adopt_certificate(newcomer(world, key), buffer_bytes(ret), &next);
        }
    }
    buffer_free(&again);
    buffer_free(&sealed);
}

/* --- what headquarters does itself ------------------------------------------------------------- */

/* What stands in the journal is read again by who replays it: anything else gets a code. */
static void step_stored(const struct step_input *step, struct arena *arena) {
    struct error error = {0};
    struct invite invitation;
    struct certificate certificate;
    struct bytes one;
    struct bytes two;
    struct outcome outcome;
    struct revocation revocation;
    uint8_t hash[HASH_SIZE];
    int rc = 0;
    switch (step->option % 5) {
    case 0:
        rc = station_read_invite(step->body, &invitation, hash, &error);
        break;
    case 1:
        rc = station_read_enrol(step->body, &one, &two, &certificate, &error);
        break;
    case 2:
        rc = device_read_entry(step->body, &one, &certificate, &two, &error);
        break;
    case 3:
        rc = outcome_decode(step->body, arena, &outcome, &error);
        if (rc == 0) {
            struct buffer again = buffer_make(ROOM);
            struct outcome same;
            outcome_encode(&outcome, &again);
            FUZZ_MUST(outcome_decode(buffer_bytes(&again), arena, &same, &error) == 0);
            FUZZ_MUST(verdicts_same(outcome.verdicts, outcome.count, same.verdicts,
                                    same.count));
            buffer_free(&again);
        }
        break;
    default:
        rc = revoke_read(step->body, &revocation, &error);
        break;
    }
    FUZZ_MUST(rc == 0 || error.code[0] != '\0');
}

static void step_revoke(struct world *world, const struct step_input *step) {
    struct error error = {0};
    const struct revoke_options revoke = {
        .device = world->devices[step->device].certificate.code, .reason = "lost"};
    if (revoke.device[0] != '\0') {
        int rc = server_revoke(&world->options, &revoke, &error);
        FUZZ_MUST(rc == 0 || error_is(&error, "device.unknown") ||
                  error_is(&error, "device.console"));
        world->changed = true;
    }
}

static void step_settle(struct world *world, const struct step_input *step) {
    struct error error = {0};
    struct quarantine_report report;
    const struct quarantine_options settle = {
        .device = world->devices[step->device].certificate.code,
        .release = step->option & 1};
    if (settle.device[0] != '\0') {
        int rc = server_quarantine_settle(&world->options, &settle, &report, &error);
        FUZZ_MUST(rc == 0 || error_is(&error, "device.unknown") ||
                  error_is(&error, "quarantine.empty"));
        world->changed = true;
    }
}

static void take_step(struct world *world, const struct step_input *step) {
    struct arena arena = arena_make(1 << 26);
    struct buffer answer = buffer_make(LIMIT_RESPONSE);
    switch (step->choice) {
    case STEP_SIGNED_SYNC:
    case STEP_SIGNED_OTHER:
        step_signed(world, step, &answer);
        break;
    case STEP_SYNC:
        step_sync(world, step, &arena, &answer);
        break;
    case STEP_BUNDLE:
        step_bundle(world, step, &arena, &answer);
        break;
    case STEP_FILE:
        step_file(world, step, &answer);
        break;
    case STEP_ENROL:
        step_enrol(world, step, &answer);
        break;
    case STEP_REENROL:
    case STEP_ROTATE:
        step_device(world, step, &answer);
        break;
    case STEP_PULL:
        step_pull(world, step, &answer);
        break;
    case STEP_DAYS:
        world->now_ms += (step->option % 1000 - 500) * DAY;
        break;
    case STEP_RESTORE:
        restore(world);
        break;
    case STEP_STORED:
        step_stored(step, &arena);
        break;
    case STEP_REVOKE:
        step_revoke(world, step);
        break;
    case STEP_SETTLE:
        step_settle(world, step);
        break;
    default:
        step_raw(world, step, &answer);
        break;
    }
    buffer_free(&answer);
    arena_free(&arena);
}

/* --- the company ----------------------------------------------------------------------------- */

static struct world the_world;

static void clean_up(void) {
    server_stop(the_world.server);
    disk_image_free(the_world.image);
    disk_image_free(the_world.yesterday);
    disks_free(the_world.disks);
    catalogue_free(the_world.catalogue);
    free_devices(the_world.first);
    free_devices(the_world.devices);
    FUZZ_MUST(chdir("/") == 0);
    nftw(the_world.folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

#include "tests/fuzz/route_seeds.h"

/* The devices and their people, the image of yesterday, and of today. */
static void found(struct world *world) {
    struct error error = {0};
    struct buffer text = buffer_make(LIMIT_TEXT);
    struct invitation first;
    const struct genesis_options genesis = {
        .org_name = "Fuzzed", .currency = "CNY", .admin_name = "Admin"};
    const struct invite_options everyone = {
        .everyone = true, .ceiling = "rep", .valid_ms = INVITATION_MS};
    const struct invite_options rep = {
        .user = "RE", .ceiling = "rep", .valid_ms = INVITATION_MS};
    const struct files_options limits = {.person_limit = 1 << 20, .company_limit = -1};
    struct files_report files;
    must(server_init(&world->options, &genesis, "http://127.0.0.1:1", &text, &error),
         &error);
    FILE *place = fopen("hq/master.db", "w");
    FUZZ_MUST(place != NULL && fclose(place) == 0);
    must(invitation_parse(buffer_text(&text), &first, &error), &error);
    world->used = first;
    world->rep_role = read_one(world, "select id from role where code = 'rep'");
    world->pipeline = read_one(world, "select id from pipeline order by id");
    for (size_t i = 0; i < 3; i++) {
        char sql[200];
        snprintf(
            sql, sizeof sql,
            "select s.id from stage s join (select id from pipeline order by id limit 1) p"
            " on p.id = s.pipeline_id order by s.position limit 1 offset %zu",
            i);
        world->stages[i] = read_one(world, sql);
    }
    make_devices(world->first);
    make_devices(world->devices);
    start_sample(world);
    enrol_first(world, &first, 1, &world->devices[0]);
    world->org = world->devices[0].certificate.org;
    world->people[0] = world->devices[0].user;
    world->people[1] = (struct id){{7, 7, 7}};
    do_person(world);
    server_stop(world->server);
    must(server_rotate_key(&world->options, &error), &error);
    start(world);
    invite(world, &rep, &world->open);
    enrol_first(world, &world->open, 2, &world->devices[1]);
    invite(world, &everyone, &world->open);
    enrol_first(world, &world->open, 3, &world->devices[2]);
    world->devices[2].user = world->people[1];
    must(server_files(&world->options, &limits, &files, &error), &error);
    invite(world, &everyone, &world->taken_back);
    take_back(world, &world->taken_back);
    invite(world, &rep, &world->open);
    world->yesterday = disk_copy(world->disk);
    FUZZ_MUST(world->yesterday != NULL);
    do_base(world);
    for (size_t i = 0; i < DEVICES; i++) {
        copy_device(&world->first[i], &world->devices[i]);
    }
    server_stop(world->server);
    world->image = disk_copy(world->disk);
    FUZZ_MUST(world->image != NULL);
    start_sample(world);
    buffer_free(&text);
}

static struct world *the_company(void) {
    struct world *world = &the_world;
    struct error error = {0};
    if (world->image != NULL) {
        return world;
    }
    FUZZ_MUST(seal_start(NULL) == 0);
    snprintf(world->folder, sizeof world->folder, "%s/satchel-fuzz-XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm"
                                           : "/tmp"); /* nothing has to last */
    FUZZ_MUST(mkdtemp(world->folder) != NULL && chdir(world->folder) == 0);
    FUZZ_MUST(mkdir("hq", 0700) == 0);
    world->disks = disks_make();
    world->disk = world->disks ? disk_add(world->disks, "hq") : NULL;
    FUZZ_MUST(world->disk != NULL);
    world->env =
        (struct env){world, world_now, world_now, world_boot, world_random, world_sleep};
    dice_seed(&world->dice, 1);
    disks_begin(world->disks, 1, START_MS);
    world->now_ms = START_MS;
    must(catalogue_load(embedded_files, embedded_file_count, &world->catalogue, &error),
         &error);
    world->options = (struct server_options){.data = "hq",
                                             .env = &world->env,
                                             .catalogue = world->catalogue,
                                             .embedded = true};
    found(world);
    atexit(clean_up);
    return world;
}

static bool take_steps(struct world *world, const struct wire_node *root) {
    size_t count = 0;
    size_t items = 0;
    if (wire_array(root, "", 0, SIZE_MAX, &count, NULL) != 0) {
        return false;
    }
    for (size_t i = 0; i < count && i < STEPS; i++) {
        const struct wire_node *step = wire_item(root, i);
        struct step_input taken = {0};
        if (wire_array(step, "", 4, 4, &items, NULL) == 0 &&
            wire_integer(wire_item(step, 0), "", 0, STEP_COUNT - 1, &taken.choice,
                         NULL) == 0 &&
            wire_bytes(wire_item(step, 1), "", 0, SIZE_MAX, &taken.body, NULL) == 0 &&
            wire_integer(wire_item(step, 2), "", 0, DEVICES - 1, &taken.device, NULL) ==
                0 &&
            wire_integer(wire_item(step, 3), "", 0, INT32_MAX, &taken.option, NULL) ==
                0) {
            take_step(world, &taken);
        }
    }
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct world *world = the_company();
    struct input input = input_of(data, size);
    uint8_t route = input_byte(&input);
    struct bytes rest = input_rest(&input);
    struct wire_document *document = NULL;
    if (wire_open(rest, &document, NULL) != 0 ||
        !take_steps(world, wire_root(document))) {
        const struct step_input raw = {.choice = route % STEP_RAW, .body = rest};
        take_step(world, &raw);
    }
    wire_close(document);
    if (world->changed) {
        stop_sample(world);
        start_sample(world);
    }
    return 0;
}

void fuzz_seeds(seed_function give, void *context) {
    give_all(the_company(), give, context);
}
