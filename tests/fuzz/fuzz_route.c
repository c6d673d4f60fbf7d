/*
 * Headquarters' routes: whatever arrives is answered, never with a server's fault, and the journal holds afterwards.
 *
 * An input is one byte, then steps: [[choice, body], ...]. A body goes to a route as it is, or the target makes of it
 * what a known device would send: its ids, its chain, its signatures. Anything else is a single body as it is.
 *
 * About: server/sync_handler.c server/device_handler.c server/file_handler.c server/chain.c server/apply.c server/access.c server/deferred.c
 * server/device.c server/station.c server/placing.c server/derived.c server/verdicts.c
 */
#define _XOPEN_SOURCE 700 /* nftw */
#include <ftw.h>
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

enum { ROOM = 1 << 22, STEPS = 6, CHANGES = 64, NOW_MS_STEP = 1000 };

#define START_MS 1795399200000LL

enum step {
    STEP_RAW = 5, /* below: the body to route number n */
    STEP_SIGNED_SYNC = 5,
    STEP_SYNC,
    STEP_BUNDLE,
    STEP_FILE,
    STEP_ENROL,
    STEP_REENROL,
    STEP_ROTATE,
    STEP_COUNT
};

/* All that a sample needs, made once; the disk goes back to `image` after a sample that changed something. */
struct world {
    char folder[32];
    struct disks *disks;
    struct disk *disk;
    struct disk_image *image;
    struct dice dice;
    int64_t now_ms;
    struct env env;
    struct catalogue *catalogue;
    struct server_options options;
    struct server *server;
    struct invitation open; /* nobody used it yet */
    struct certificate certificate;
    struct sign_keys first_keys;
    struct id user;
    /* of the device in this sample */
    struct sign_keys keys;
    int64_t number, seq, counter;
    uint8_t hash[HASH_SIZE];
    bool changed;
};

/* --- the world --------------------------------------------------------------------------- */

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

static void start(struct world *world) {
    struct error error = {0};
    dice_seed(&world->dice, 2);
    disks_begin(world->disks, 2, START_MS);
    world->now_ms = START_MS;
    must(server_start(&world->options, &world->server, &error), &error);
    world->keys = world->first_keys;
    world->number = world->seq = world->counter = 0;
    memset(world->hash, 0, HASH_SIZE);
    world->changed = false;
}

static int remove_one(const char *path, const struct stat *found, int kind,
                      struct FTW *where) {
    (void)found;
    (void)kind;
    (void)where;
    return remove(path);
}

static void stop(struct world *world) {
    struct verify_report report;
    struct error error = {0};
    server_stop(world->server);
    world->server = NULL;
    must(server_verify(&world->options, &report, &error), &error);
    FUZZ_MUST(disk_replace(world->disk, world->image));
    nftw("hq/files", remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

typedef void (*route_function)(struct server *server, struct bytes body,
                               struct buffer *ret, int *ret_status);

static const route_function ROUTES[] = {server_handle_sync, server_handle_enrol,
                                        server_handle_reenrol, server_handle_rotate,
                                        server_handle_file};

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
    if (status < 400 || status >= 500) {
        fprintf(stderr, "status %d: %s (%s): %s\n", status, failure.code, failure.field,
                failure.message);
    }
    FUZZ_MUST(status >= 400 && status < 500 && failure.code[0] != '\0');
    return false;
}

/* --- the device -------------------------------------------------------------------------- */

static void sign(const struct sign_keys *keys, const char *context, struct buffer *body,
                 struct buffer *ret) {
    buffer_reset(ret);
    envelope_seal(buffer_bytes(body), context, keys, ret);
}

static void step_signed(struct world *world, struct bytes body, struct buffer *ret) {
    struct buffer sealed = buffer_make(ROOM);
    envelope_seal(body, "satchel sync request", &world->keys, &sealed);
    ask(world, server_handle_sync, buffer_bytes(&sealed), ret);
    buffer_free(&sealed);
}

static bool send_request(struct world *world, struct sync_request *request,
                         struct buffer *ret) {
    struct buffer body = buffer_make(ROOM);
    struct buffer sealed = buffer_make(ROOM);
    request->org = world->certificate.org;
    request->device = world->certificate.device;
    request->server_key = world->open.server_key;
    FUZZ_MUST(sync_request_encode(request, &body, NULL) == 0);
    sign(&world->keys, "satchel sync request", &body, &sealed);
    bool taken = ask(world, server_handle_sync, buffer_bytes(&sealed), ret);
    buffer_free(&body);
    buffer_free(&sealed);
    return taken;
}

static void step_sync(struct world *world, struct bytes body, struct arena *arena,
                      struct buffer *ret) {
    struct sync_request request;
    if (sync_request_decode(body, arena, &request, NULL) == 0) {
        send_request(world, &request, ret);
        scope_set_free(&request.held);
    }
}

/* A signed bundle is in the device's chain: the next one goes on from it. */
static void note_answer(struct world *world, struct bytes answer, size_t count,
                        const uint8_t hash[HASH_SIZE]) {
    struct envelope envelope;
    struct sync_response response;
    struct arena arena = arena_make(ROOM);
    FUZZ_MUST(envelope_open(answer, &envelope, NULL) == 0);
    FUZZ_MUST(sync_response_decode(envelope.body, &arena, &response, NULL) == 0);
    if (response.answer_count == 1 && response.answers[0].accepted) {
        world->number++;
        world->seq += (int64_t)count;
        memcpy(world->hash, hash, HASH_SIZE);
        FUZZ_MUST(response.answers[0].verdict_count == count);
    }
    scope_set_free(&response.gained);
    scope_set_free(&response.lost);
    arena_free(&arena);
}

/* body: the content of a bundle of format 1 behind a byte that says how many transactions there are. Their ids and the
 * person are put right, so that what is in them counts. */
static void step_bundle(struct world *world, struct bytes body, struct arena *arena,
                        struct buffer *ret) {
    static const uint8_t PREFIX[8] = "fuzzing";
    struct input input = input_of(body.data, body.size);
    size_t count = 1 + input_byte(&input) % 8;
    struct transaction *list = NULL;
    struct buffer sealed = buffer_make(LIMIT_BUNDLE);
    struct bundle_header header = {.format = BUNDLE_FORMAT,
                                   .org = world->certificate.org,
                                   .device = world->certificate.device,
                                   .number = world->number + 1,
                                   .first_seq = world->seq + 1,
                                   .last_seq = world->seq + (int64_t)count,
                                   .schema_version = world->catalogue->version,
                                   .sealed_at = world->now_ms};
    uint8_t hash[HASH_SIZE];
    if (payload_decode(input_rest(&input), count, arena, &list, NULL) != 0) {
        buffer_free(&sealed);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        list[i].id = transaction_id(PREFIX, (uint64_t)(world->seq + (int64_t)i + 1));
        if (list[i].user.bytes[0] != 0xee) {
            list[i].user = world->user;
        }
    }
    memcpy(header.previous_hash, world->hash, HASH_SIZE);
    if (bundle_seal(&header, (struct transaction_list){list, count}, &world->keys,
                    &sealed, hash, NULL) == 0) {
        struct bytes bundle = buffer_bytes(&sealed);
        struct sync_request request = {.time = world->now_ms,
                                       .counter = ++world->counter,
                                       .schema_version = world->catalogue->version,
                                       .epoch = 1,
                                       .bundles = &bundle,
                                       .bundle_count = 1,
                                       .protocol = SYNC_PROTOCOL,
                                       .bundle_epoch = 1,
                                       .first_bundle = 1};
        if (send_request(world, &request, ret)) {
            note_answer(world, buffer_bytes(ret), count, hash);
        }
    }
    buffer_free(&sealed);
}

static void step_file(struct world *world, struct bytes body, struct buffer *ret) {
    struct file_request request;
    struct buffer again = buffer_make(ROOM);
    struct buffer sealed = buffer_make(ROOM);
    if (file_request_decode(body, &request, NULL) == 0) {
        request.org = world->certificate.org;
        request.device = world->certificate.device;
        if (request.hash[0] == 0) {
            hash_blake2b(request.piece, request.hash);
        }
        file_request_encode(&request, &again);
        sign(&world->keys, "satchel file request", &again, &sealed);
        ask(world, server_handle_file, buffer_bytes(&sealed), ret);
    }
    buffer_free(&again);
    buffer_free(&sealed);
}

static void keys_of(uint8_t n, struct sign_keys *ret) {
    const uint8_t seed[SIGN_SEED] = {n, 0x77};
    seal_keys(seed, ret);
}

static bool enrol(struct world *world, struct enrol_request *request,
                  const struct sign_keys *keys, struct buffer *ret) {
    struct buffer body = buffer_make(ROOM);
    struct buffer sealed = buffer_make(ROOM);
    memcpy(request->device_key.bytes, keys->public_key, SIGN_PUBLIC);
    enrol_request_encode(request, &body);
    sign(keys, "satchel enrol request", &body, &sealed);
    bool taken = ask(world, server_handle_enrol, buffer_bytes(&sealed), ret);
    buffer_free(&body);
    buffer_free(&sealed);
    return taken;
}

static void step_enrol(struct world *world, struct bytes body, struct buffer *ret) {
    struct enrol_request request;
    struct sign_keys keys;
    if (enrol_request_decode(body, &request, NULL) == 0) {
        keys_of(request.device_key.bytes[0], &keys);
        if (request.token[0] == 0) {
            memcpy(request.token, world->open.token, sizeof request.token);
        }
        enrol(world, &request, &keys, ret);
    }
}

/* number 0: as the device's chain is. */
static void step_device(struct world *world, bool rotate, struct bytes body,
                        struct buffer *ret) {
    struct device_request request;
    struct sign_keys next;
    struct buffer again = buffer_make(ROOM);
    struct buffer sealed = buffer_make(ROOM);
    if (device_request_decode(body, &request, NULL) == 0) {
        const struct handover_keys keys = {&world->keys, &next};
        keys_of(request.new_key.bytes[0], &next);
        memcpy(request.new_key.bytes, next.public_key, SIGN_PUBLIC);
        request.org = world->certificate.org;
        request.device = world->certificate.device;
        if (request.number == 0) {
            request.number = world->number;
            memcpy(request.hash, world->hash, HASH_SIZE);
        }
        device_request_encode(&request, &again);
        handover_seal(buffer_bytes(&again),
                      rotate ? "satchel rotate request" : "satchel reenrol request", keys,
                      &sealed);
        bool taken = ask(world, rotate ? server_handle_rotate : server_handle_reenrol,
                         buffer_bytes(&sealed), ret);
        if (taken && rotate) {
            world->keys = next;
        }
    }
    buffer_free(&again);
    buffer_free(&sealed);
}

static void take_step(struct world *world, int64_t choice, struct bytes body) {
    struct arena arena = arena_make(1 << 26);
    struct buffer answer = buffer_make(LIMIT_RESPONSE);
    switch (choice) {
    case STEP_SIGNED_SYNC:
        step_signed(world, body, &answer);
        break;
    case STEP_SYNC:
        step_sync(world, body, &arena, &answer);
        break;
    case STEP_BUNDLE:
        step_bundle(world, body, &arena, &answer);
        break;
    case STEP_FILE:
        step_file(world, body, &answer);
        break;
    case STEP_ENROL:
        step_enrol(world, body, &answer);
        break;
    case STEP_REENROL:
    case STEP_ROTATE:
        step_device(world, choice == STEP_ROTATE, body, &answer);
        break;
    default:
        ask(world, ROUTES[choice % STEP_RAW], body, &answer);
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
    disks_free(the_world.disks);
    catalogue_free(the_world.catalogue);
    FUZZ_MUST(chdir("/") == 0);
    nftw(the_world.folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void first_device(struct world *world, const char *invitation) {
    struct error error = {0};
    struct invitation first;
    struct enrol_request request = {.name = "station",
                                    .schema_version = world->catalogue->version};
    struct envelope envelope;
    struct enrol_response response;
    struct buffer answer = buffer_make(ROOM);
    must(invitation_parse(invitation, &first, &error), &error);
    memcpy(request.token, first.token, sizeof first.token);
    keys_of(1, &world->first_keys);
    FUZZ_MUST(enrol(world, &request, &world->first_keys, &answer));
    must(envelope_open(buffer_bytes(&answer), &envelope, &error), &error);
    must(enrol_response_decode(envelope.body, &response, &error), &error);
    must(envelope_open(response.certificate, &envelope, &error), &error);
    must(certificate_decode(envelope.body, &world->certificate, &error), &error);
    world->user = world->certificate.actors[0];
    buffer_free(&answer);
}

static void found(struct world *world) {
    struct error error = {0};
    struct buffer text = buffer_make(LIMIT_TEXT);
    const struct genesis_options genesis = {
        .org_name = "Fuzzed", .currency = "CNY", .admin_name = "Admin"};
    const struct invite_options invite = {
        .everyone = true, .ceiling = "hq", .valid_ms = INVITATION_MS};
    must(server_init(&world->options, &genesis, "http://127.0.0.1:1", &text, &error),
         &error);
    FILE *place = fopen("hq/master.db", "w");
    FUZZ_MUST(place != NULL && fclose(place) == 0);
    start(world);
    first_device(world, buffer_text(&text));
    buffer_reset(&text);
    must(server_invite(&world->options, &invite, &text, &error), &error);
    must(invitation_parse(buffer_text(&text), &world->open, &error), &error);
    server_stop(world->server);
    world->image = disk_copy(world->disk);
    FUZZ_MUST(world->image != NULL);
    start(world);
    buffer_free(&text);
}

static struct world *the_company(void) {
    struct world *world = &the_world;
    struct error error = {0};
    if (world->image != NULL) {
        return world;
    }
    FUZZ_MUST(seal_start(NULL) == 0);
    snprintf(world->folder, sizeof world->folder, "/tmp/satchel-fuzz-XXXXXX");
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
        int64_t choice = 0;
        struct bytes body = {0};
        if (wire_array(step, "", 2, 2, &items, NULL) == 0 &&
            wire_integer(wire_item(step, 0), "", 0, STEP_COUNT - 1, &choice, NULL) == 0 &&
            wire_bytes(wire_item(step, 1), "", 0, SIZE_MAX, &body, NULL) == 0) {
            take_step(world, choice, body);
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
        take_step(world, route % STEP_RAW, rest);
    }
    wire_close(document);
    if (world->changed) {
        stop(world);
        start(world);
    }
    return 0;
}

/* --- seeds --------------------------------------------------------------------------------- */

struct steps {
    struct buffer document;
    struct buffer body;
};

static void steps_begin(struct steps *steps, size_t count) {
    buffer_reset(&steps->document);
    wire_put_array(&steps->document, count);
}

static void steps_add(struct steps *steps, int64_t choice) {
    wire_put_array(&steps->document, 2);
    wire_put_integer(&steps->document, choice);
    wire_put_bytes(&steps->document, buffer_bytes(&steps->body));
    buffer_reset(&steps->body);
}

static void put_device(struct world *world, struct steps *steps, uint8_t next) {
    const struct device_request request = {.new_key = {{next}},
                                           .schema_version = world->catalogue->version};
    device_request_encode(&request, &steps->body);
}

static void put_sync(struct world *world, struct steps *steps, bool rebuild) {
    struct sync_request request = {.time = START_MS,
                                   .counter = 9,
                                   .schema_version = world->catalogue->version,
                                   .epoch = 1,
                                   .protocol = SYNC_PROTOCOL,
                                   .bundle_epoch = 1,
                                   .rebuild = rebuild};
    FUZZ_MUST(sync_request_encode(&request, &steps->body, NULL) == 0);
}

/* A customer is added and edited. */
static void put_work(struct world *world, struct steps *steps) {
    struct company company = {.catalogue = world->catalogue};
    struct id key = {{5, 6, 7}};
    const struct value owner = value_blob((struct bytes){world->user.bytes, ID_SIZE});
    struct cell insert[] = {cell_of(&company, "customer", "name", value_text("Fuzz")),
                            cell_of(&company, "customer", "kind", value_text("company")),
                            cell_of(&company, "customer", "owner_id", owner)};
    struct cell update[] = {cell_of(&company, "customer", "phone", value_text("123"))};
    struct change changes[] = {
        change_of(&company, "customer", ROW_INSERT, &key, insert, 3),
        change_of(&company, "customer", ROW_UPDATE, &key, update, 1)};
    struct transaction list[2];
    for (size_t i = 0; i < 2; i++) {
        list[i] = (struct transaction){.time = clock_pack(START_MS, (uint16_t)i),
                                       .user = world->user,
                                       .command = "customer.edit",
                                       .changes = &changes[i],
                                       .change_count = 1};
        list[i].id.bytes[15] = (uint8_t)(i + 1);
    }
    buffer_append_byte(&steps->body, 1); /* two */
    payload_encode(list, 2, &steps->body);
}

static void put_file(struct steps *steps, enum file_operation operation, int64_t size,
                     const char *piece) {
    const struct file_request request = {.time = START_MS,
                                         .operation = operation,
                                         .size = size,
                                         .piece = bytes_of_text(piece)};
    file_request_encode(&request, &steps->body);
}

void fuzz_seeds(seed_function give, void *context) {
    struct world *world = the_company();
    struct steps steps = {buffer_make(ROOM), buffer_make(ROOM)};
    const struct enrol_request request = {.name = "another",
                                          .device_key = {{9}},
                                          .schema_version = world->catalogue->version};
    for (uint8_t route = 0; route < STEP_RAW; route++) {
        give_chosen(give, context, route, bytes_of_text("\x92\xc4"));
    }
    steps_begin(&steps, 3);
    put_work(world, &steps);
    steps_add(&steps, STEP_BUNDLE);
    put_work(world, &steps);
    steps_add(&steps, STEP_BUNDLE);
    put_sync(world, &steps, false);
    steps_add(&steps, STEP_SYNC);
    give_chosen(give, context, 0, buffer_bytes(&steps.document));
    steps_begin(&steps, 3);
    put_sync(world, &steps, true);
    steps_add(&steps, STEP_SYNC);
    put_sync(world, &steps, true);
    steps_add(&steps, STEP_SIGNED_SYNC);
    enrol_request_encode(&request, &steps.body);
    steps_add(&steps, STEP_ENROL);
    give_chosen(give, context, 0, buffer_bytes(&steps.document));
    for (int64_t step = STEP_REENROL; step <= STEP_ROTATE; step++) {
        steps_begin(&steps, 3);
        put_work(world, &steps);
        steps_add(&steps, STEP_BUNDLE);
        put_device(world, &steps, 4);
        steps_add(&steps, step);
        put_work(world, &steps);
        steps_add(&steps, STEP_BUNDLE);
        give_chosen(give, context, 0, buffer_bytes(&steps.document));
    }
    steps_begin(&steps, 2);
    put_file(&steps, FILE_PUT, 5, "piece");
    steps_add(&steps, STEP_FILE);
    put_file(&steps, FILE_GET, 5, "");
    steps_add(&steps, STEP_FILE);
    give_chosen(give, context, 0, buffer_bytes(&steps.document));
    buffer_free(&steps.document);
    buffer_free(&steps.body);
}
