/*
 * The company's beginnings, and the inputs that a corpus of `route` begins with: work of the real domain.
 * Included by fuzz_route.c alone, whose steps it takes.
 */
#ifndef SATCHEL_TESTS_FUZZ_ROUTE_SEEDS_H
#define SATCHEL_TESTS_FUZZ_ROUTE_SEEDS_H

/* --- steps --------------------------------------------------------------------------------- */

struct script {
    struct world *world;
    seed_function give;
    void *context;
    struct buffer steps;
    struct buffer body;
    size_t count;
};

static void then(struct script *script, int64_t choice, int64_t device, int64_t option) {
    wire_put_array(&script->steps, 4);
    wire_put_integer(&script->steps, choice);
    wire_put_bytes(&script->steps, buffer_bytes(&script->body));
    wire_put_integer(&script->steps, device);
    wire_put_integer(&script->steps, option);
    buffer_reset(&script->body);
    script->count++;
}

static void give_script(struct script *script) {
    struct buffer document = buffer_make(ROOM);
    wire_put_array(&document, script->count);
    buffer_append(&document, script->steps.data, script->steps.size);
    give_chosen(script->give, script->context, 0, buffer_bytes(&document));
    buffer_free(&document);
    buffer_reset(&script->steps);
    script->count = 0;
}

/* --- work ---------------------------------------------------------------------------------- */

enum { WORK_CELLS = 8, WORK_ROWS = 6 };

/* One transaction in the making. */
struct draft {
    struct company company; /* its catalogue */
    struct change changes[WORK_ROWS];
    struct cell cells[WORK_ROWS][WORK_CELLS];
    struct id keys[WORK_ROWS][2];
    size_t count;
    int64_t base, minutes;
    uint8_t user;
};

static struct value of_id(const struct id *id) {
    return value_blob((struct bytes){id->bytes, ID_SIZE});
}

struct named_value {
    const char *column;
    struct value value;
};

/* `values` ends with one that has no name. */
static void row(struct draft *draft, const char *table, enum row_operation operation,
                const struct id *key, const struct named_value *values) {
    size_t n = draft->count++;
    size_t count = 0;
    FUZZ_MUST(n < WORK_ROWS);
    for (; values != NULL && values[count].column != NULL; count++) {
        draft->cells[n][count] =
            cell_of(&draft->company, table, values[count].column, values[count].value);
    }
    draft->changes[n] =
        change_of(&draft->company, table, operation, key, draft->cells[n], count);
}

static struct draft draft_of(const struct world *world) {
    return (struct draft){.company = {.catalogue = world->catalogue}};
}

/* Appends the content of a bundle with `count` transactions to the script's body. */
static void put_drafts(struct draft *const *drafts, size_t count, struct buffer *body) {
    struct transaction list[8] = {0};
    FUZZ_MUST(count <= 8);
    for (size_t i = 0; i < count; i++) {
        list[i] = (struct transaction){
            .time = clock_pack(START_MS + DAY + drafts[i]->minutes * 60000, (uint16_t)i),
            .base = drafts[i]->base,
            .command = "customer.edit",
            .changes = drafts[i]->changes,
            .change_count = drafts[i]->count};
        list[i].user.bytes[0] = drafts[i]->user;
        list[i].id.bytes[15] = (uint8_t)(i + 1);
    }
    payload_encode(list, count, body);
}

static void put_draft(struct script *script, struct draft *draft) {
    struct draft *const drafts[] = {draft};
    put_drafts(drafts, 1, &script->body);
}

/* --- rows that are there ------------------------------------------------------------------- */

static const struct id SHARED = {{0x51}}, PRIVATE = {{0x52}}, DEAL = {{0x53}},
                       PHOTO = {{0x54}};
static const char CONTENT[] = "a photo of something";

static void set_text(struct draft *draft, const struct id *customer, const char *column,
                     const char *text) {
    const struct named_value values[] = {{column, value_text(text)}, {NULL, {0}}};
    row(draft, "customer", ROW_UPDATE, customer, values);
}

static void add_customer(struct draft *draft, const struct id *id, const char *name,
                         const struct id *owner) {
    const struct named_value values[] = {{"name", value_text(name)},
                                         {"kind", value_text("company")},
                                         {"phone", value_text("000")},
                                         {"owner_id", of_id(owner)},
                                         {NULL, {0}}};
    row(draft, "customer", ROW_INSERT, id, values);
}

static void add_photo(struct draft *draft, const struct id *id, const char *content) {
    static uint8_t hash[HASH_SIZE];
    hash_blake2b(bytes_of_text(content), hash);
    const struct named_value values[] = {
        {"customer_id", of_id(&SHARED)},
        {"name", value_text("photo")},
        {"media", value_text("image/jpeg")},
        {"size", value_integer((int64_t)strlen(content))},
        {"file", value_blob((struct bytes){hash, HASH_SIZE})},
        {NULL, {0}}};
    row(draft, "attachment", ROW_INSERT, id, values);
}

static void take_now(struct world *world, struct draft *draft, int64_t device) {
    struct draft *const drafts[] = {draft};
    struct buffer body = buffer_make(ROOM);
    put_drafts(drafts, 1, &body);
    const struct step_input step = {
        .choice = STEP_BUNDLE, .device = device, .body = buffer_bytes(&body)};
    int64_t before = world->devices[device].number;
    take_step(world, &step);
    FUZZ_MUST(world->devices[device].number == before + 1);
    buffer_free(&body);
}

static void do_person(struct world *world) {
    struct draft draft = draft_of(world);
    const struct id link[2] = {world->people[1], world->rep_role};
    const struct named_value person[] = {{"name", value_text("Rep")},
                                         {"code", value_text("RE")},
                                         {"active", value_integer(1)},
                                         {NULL, {0}}};
    row(&draft, "app_user", ROW_INSERT, &world->people[1], person);
    row(&draft, "user_role", ROW_INSERT, link, NULL);
    take_now(world, &draft, 0);
}

/* What was done since yesterday's copy: two customers, a deal, a photo; everybody has synced. */
static void do_base(struct world *world) {
    struct draft draft = draft_of(world);
    const struct id share[2] = {SHARED, world->people[1]};
    const struct named_value deal[] = {{"name", value_text("Deal")},
                                       {"customer_id", of_id(&SHARED)},
                                       {"pipeline_id", of_id(&world->pipeline)},
                                       {"stage_id", of_id(&world->stages[0])},
                                       {"owner_id", of_id(&world->people[1])},
                                       {NULL, {0}}};
    const struct named_value begun[] = {{"opportunity_id", of_id(&DEAL)},
                                        {"to_stage_id", of_id(&world->stages[0])},
                                        {NULL, {0}}};
    add_customer(&draft, &SHARED, "Shared", &world->people[0]);
    add_customer(&draft, &PRIVATE, "Private", &world->people[0]);
    row(&draft, "customer_share", ROW_INSERT, share, NULL);
    row(&draft, "opportunity", ROW_INSERT, &DEAL, deal);
    row(&draft, "opportunity_stage_event", ROW_INSERT, &DEAL, begun);
    add_photo(&draft, &PHOTO, CONTENT);
    take_now(world, &draft, 0);
    for (int64_t i = 0; i < 3; i++) {
        const struct step_input pull = {.choice = STEP_PULL, .device = i};
        take_step(world, &pull);
        take_step(world, &pull);
    }
}

static void take_back(struct world *world, const struct invitation *invitation) {
    struct error error = {0};
    char text[HASH_TEXT_SIZE];
    uint8_t hash[HASH_SIZE];
    hash_blake2b((struct bytes){invitation->token, sizeof invitation->token}, hash);
    hash_format(hash, text);
    const struct revoke_options revoke = {.invitation = text};
    must(server_revoke(&world->options, &revoke, &error), &error);
}

/* --- seeds --------------------------------------------------------------------------------- */

static void edit(struct script *script, int64_t device, const char *column,
                 const char *text, int64_t minutes, int64_t option) {
    struct draft draft = draft_of(script->world);
    draft.minutes = minutes;
    set_text(&draft, &SHARED, column, text);
    put_draft(script, &draft);
    then(script, STEP_BUNDLE, device, option);
}

static void pull(struct script *script, int64_t device, int64_t option) {
    then(script, STEP_PULL, device, option);
}

static void put_device(struct script *script, int64_t choice, uint8_t key, int64_t number,
                       int64_t device, int64_t option) {
    const struct device_request request = {.new_key = {{key}},
                                           .number = number,
                                           .hash = {1},
                                           .schema_version =
                                               script->world->catalogue->version};
    device_request_encode(&request, &script->body);
    then(script, choice, device, option);
}

/* option: 1 signed by another key, 2 an older server key pinned, 4 without a name, 8 by a program that is too old */
static void put_enrol(struct script *script, uint8_t invitation, uint8_t key,
                      int64_t option) {
    const struct enrol_request request = {
        .token = {invitation},
        .name = {option & 4 ? '\0' : 'a'},
        .device_key = {{key}},
        .schema_version = option & 8 ? 0 : script->world->catalogue->version,
        .server_key = {{option & 2 ? 1 : 0}}};
    enrol_request_encode(&request, &script->body);
    then(script, STEP_ENROL, 0, option & 1);
}

/* `part`: of CONTENT. */
static void put_file(struct script *script, enum file_operation operation, int64_t offset,
                     int64_t part, int64_t device, int64_t option) {
    struct file_request request = {.time = START_MS,
                                   .operation = operation,
                                   .offset = offset,
                                   .size = (int64_t)strlen(CONTENT)};
    if (part > 0) {
        request.piece = (struct bytes){(const uint8_t *)CONTENT + offset, (size_t)part};
    }
    hash_blake2b(bytes_of_text(CONTENT), request.hash);
    file_request_encode(&request, &script->body);
    then(script, STEP_FILE, device, option);
}

/* Of any size, with any content. */
static void put_other_file(struct script *script, enum file_operation operation,
                           int64_t size, const char *piece) {
    struct file_request request = {.time = START_MS,
                                   .operation = operation,
                                   .size = size,
                                   .piece = bytes_of_text(piece)};
    hash_blake2b(bytes_of_text(CONTENT), request.hash);
    file_request_encode(&request, &script->body);
    then(script, STEP_FILE, 0, 0);
}

static void give_files(struct script *script) {
    int64_t whole = (int64_t)strlen(CONTENT);
    struct draft hers = draft_of(script->world);
    const struct id hers_too = {{0x65}};
    put_file(script, FILE_PUT, 0, whole, 0, 0);
    add_photo(&hers, &hers_too, CONTENT);
    put_draft(script, &hers);
    then(script, STEP_BUNDLE, 1, 0);
    put_file(script, FILE_PUT, 0, whole, 1, 0); /* nobody of hers has sent it */
    give_script(script);
    put_file(script, FILE_GET, 0, 0, 1, 0);
    put_file(script, FILE_PUT, 0, 0, 0, 0);
    put_file(script, FILE_PUT, 0, 8, 0, 0);
    put_file(script, FILE_PUT, 3, 8, 0, 0);
    put_file(script, FILE_PUT, 8, whole, 0, 0);
    put_file(script, FILE_PUT, 8, whole - 8, 0, 0);
    put_file(script, FILE_PUT, 0, whole, 0, 0);
    put_file(script, FILE_GET, 0, 0, 1, 0);
    put_file(script, FILE_GET, 9, 0, 2, 0);
    put_other_file(script, FILE_GET, 1 << 20, "");
    give_script(script);
    put_file(script, FILE_PUT, 0, 8, 0, 0);
    put_file(script, FILE_PUT, 12, 4, 0, 0);
    put_other_file(script, FILE_PUT, 1LL << 40, "x");
    put_other_file(script, FILE_PUT, 2 << 20, "x"); /* beyond the quota */
    put_other_file(script, FILE_PUT, 20, "0123456789");
    give_script(script);
    put_other_file(script, FILE_PUT, whole, "A photo of anything.");
    give_script(script);
    put_file(script, FILE_PUT, 0, whole, 0, 0);
    struct draft draft = draft_of(script->world);
    const struct id other = {{0x64}};
    add_photo(&draft, &other, CONTENT); /* named by another person too */
    draft.base = 6;
    put_draft(script, &draft);
    then(script, STEP_BUNDLE, 1, 0);
    put_file(script, FILE_PUT, 0, whole, 2, 0);
    put_file(script, FILE_PUT, 0, whole, 1, 0);
    put_file(script, FILE_PUT, 0, whole, 1, 0);
    put_file(script, FILE_PUT, 0, whole, 2, 0);
    put_file(script, FILE_GET, 0, 0, 1, 0);
    for (int64_t option = 1; option <= 4; option *= 2) {
        put_file(script, FILE_GET, 0, 0, 0, option);
    }
    then(script, STEP_REVOKE, 1, 0);
    put_file(script, FILE_GET, 0, 0, 1, 0);
    give_script(script);
    const struct file_request stranger = {
        .operation = FILE_PUT, .size = 3, .piece = bytes_of_text("xyz")};
    file_request_encode(&stranger, &script->body);
    then(script, STEP_FILE, 0, 0);
    put_file(script, FILE_PUT, 0, whole, 1, 0);
    give_script(script);
}

static void give_history(struct script *script) {
    pull(script, 0, 0);
    edit(script, 0, "phone", "1", 1, 0);
    then(script, STEP_RESTORE, 0, 0);
    pull(script, 1, 0); /* knows of what this server does not have */
    pull(script, 1, 0);
    pull(script, 0, 0);
    edit(script, 0, "phone", "2", 2, BUNDLE_AGAIN | BUNDLE_OLD_EPOCH);
    edit(script, 0, "phone", "3", 3, BUNDLE_OLD_EPOCH | BUNDLE_FORMERS | BUNDLE_IS_FIRST);
    edit(script, 1, "email", "4", 3, BUNDLE_OLD_EPOCH | BUNDLE_GAP | BUNDLE_IS_FIRST);
    give_script(script);
    then(script, STEP_RESTORE, 0, 0);
    pull(script, 1, PULL_OLD_PROGRAM);
    pull(script, 1, 0);
    edit(script, 1, "phone", "2", 2, BUNDLE_OLD_EPOCH | BUNDLE_FORMERS);
    edit(script, 1, "phone", "2", 2, BUNDLE_AGAIN | BUNDLE_OLD_EPOCH);
    struct draft draft = draft_of(script->world);
    add_customer(&draft, &SHARED, "Shared", &script->world->people[0]);
    draft.user = 0;
    put_draft(script, &draft); /* what the other one waited for */
    then(script, STEP_BUNDLE, 0, BUNDLE_OLD_EPOCH | BUNDLE_GAP | BUNDLE_IS_FIRST);
    then(script, STEP_DAYS, 0, 540);
    then(script, STEP_BUNDLE, 1, BUNDLE_AGAIN | BUNDLE_OLD_EPOCH);
    edit(script, 1, "phone", "5", 2, BUNDLE_OLD_EPOCH);
    then(script, STEP_BUNDLE, 1, BUNDLE_AGAIN | BUNDLE_OLD_EPOCH);
    pull(script, 2, PULL_EPOCH);
    give_script(script);
    pull(script, 0, PULL_OLD_PROGRAM | PULL_REBUILD | PULL_PROOF | PULL_EPOCH);
    pull(script, 0, PULL_OLD_PROGRAM | PULL_REBUILD | PULL_EPOCH);
    then(script, STEP_RESTORE, 0, 0);
    pull(script, 0, PULL_OLD_PROGRAM | PULL_REBUILD);
    then(script, STEP_DAYS, 0, 100); /* the clock was set back */
    pull(script, 0, 0);
    then(script, STEP_DAYS, 0, 900);
    pull(script, 0, 0);
    give_script(script);
    /* devices that yesterday's copy does not know; newcomers with odd keys are 3, with even ones 4 */
    put_enrol(script, 0, 9, 0);
    pull(script, 3, 0);
    then(script, STEP_RESTORE, 0, 0);
    put_enrol(script, 0, 10, 2); /* the same code is given again */
    pull(script, 3, 0);
    pull(script, 3, PULL_OTHERS_CERTIFICATE);
    pull(script, 3, PULL_OTHERS_CERTIFICATE | PULL_OTHER_KEY);
    pull(script, 3, PULL_CERTIFICATE | PULL_OTHER_KEY);
    envelope_seal(bytes_of_text("nobody's"), "satchel certificate",
                  &script->world->first[0].keys, &script->body);
    pull(script, 3, PULL_BODY_CERTIFICATE);
    buffer_append(&script->body, "no certificate", 14);
    pull(script, 3, PULL_BODY_CERTIFICATE);
    pull(script, 3, PULL_CERTIFICATE);
    pull(script, 3, PULL_CERTIFICATE);
    edit(script, 3, "phone", "7", 2, 0);
    give_script(script);
    edit(script, 1, "phone", "1", 1, 0);
    put_device(script, STEP_REENROL, 7, 1, 1, 0);
    edit(script, 3, "phone", "2", 1, 0);
    then(script, STEP_RESTORE, 0, 0);
    pull(script, 3, PULL_CERTIFICATE); /* a child */
    then(script, STEP_BUNDLE, 3, BUNDLE_AGAIN | BUNDLE_OLD_EPOCH | BUNDLE_IS_FIRST);
    edit(script, 3, "phone", "2", 1, BUNDLE_OLD_EPOCH);
    give_script(script);
    edit(script, 0, "phone", "1", 1, 0);
    put_device(script, STEP_REENROL, 6, 1, 0, 0);
    then(script, STEP_RESTORE, 0, 0);
    pull(script, 4, PULL_CERTIFICATE);
    edit(script, 4, "phone", "2", 1,
         BUNDLE_FIRST_DEVICE | BUNDLE_OLD_EPOCH | BUNDLE_IS_FIRST);
    pull(script, 1, PULL_NO_CURSOR | PULL_PROOF | PULL_OLD_PROGRAM);
    pull(script, 1, PULL_NO_CURSOR | PULL_PROOF);
    give_script(script);
    /* what was before is lost at both ends */
    then(script, STEP_RESTORE, 0, 0);
    pull(script, 0, 0);
    edit(script, 1, "phone", "1", 1, BUNDLE_OLD_EPOCH | BUNDLE_GAP | BUNDLE_IS_FIRST);
    edit(script, 1, "phone", "1", 1, BUNDLE_OLD_EPOCH | BUNDLE_BACK);
    pull(script, 2, PULL_OLD_PROGRAM | PULL_REBUILD);
    give_script(script);
}

static void give_pulls(struct script *script) {
    static const int64_t OPTIONS[] = {PULL_OLD_PROGRAM, PULL_DIGEST,     PULL_WAITING,
                                      PULL_PROOF,       PULL_FORMER_KEY, PULL_CHAIN,
                                      PULL_SCHEMA,      PULL_EPOCH,      PULL_ORG,
                                      PULL_CURSOR,      PULL_OTHER_KEY,  PULL_UNKNOWN};
    for (size_t i = 0; i < sizeof OPTIONS / sizeof *OPTIONS; i++) {
        pull(script, (int64_t)i % 3, OPTIONS[i]);
        pull(script, (int64_t)i % 3, OPTIONS[i] | PULL_OLD_PROGRAM);
        if (i % 4 == 3) {
            give_script(script);
        }
    }
    edit(script, 1, "phone", "1", 1, 0);
    pull(script, 1, PULL_CHAIN);
    pull(script, 1, PULL_COUNTER);
    pull(script, 0, PULL_OLD_PIN);
    pull(script, 2, PULL_REBUILD | PULL_OLD_PROGRAM);
    pull(script, 2, PULL_REBUILD);
    pull(script, 2, 0);
    pull(script, 2, PULL_OLD_PROGRAM | PULL_CURSOR | PULL_PROOF);
    then(script, STEP_DAYS, 0, 900); /* beyond the horizon */
    pull(script, 1, 0);
    pull(script, 1, 0);
    give_script(script);
}

static void give_chains(struct script *script) {
    static const int64_t OPTIONS[] = {
        BUNDLE_FORK,    BUNDLE_GAP,         BUNDLE_HASH,         BUNDLE_SEQUENCE,
        BUNDLE_DENSE,   BUNDLE_OTHER_KEY,   BUNDLE_FIRST_DEVICE, BUNDLE_OTHER_ORG,
        BUNDLE_FORMERS, BUNDLE_OLD_PROGRAM, BUNDLE_TWICE,        BUNDLE_FORMER_KEY};
    for (size_t i = 0; i < sizeof OPTIONS / sizeof *OPTIONS; i++) {
        edit(script, 1, "phone", "1", 1, 0);
        edit(script, 1, "phone", "2", 2, OPTIONS[i]);
        then(script, STEP_BUNDLE, 1, BUNDLE_AGAIN);
        give_script(script);
    }
    buffer_append(&script->body, "not a bundle", 12);
    then(script, STEP_BUNDLE, 1, BUNDLE_GARBAGE);
    buffer_append(&script->body, "not a payload", 13);
    then(script, STEP_BUNDLE, 1, BUNDLE_UNREADABLE);
    then(script, STEP_BUNDLE, 1, BUNDLE_AGAIN);
    edit(script, 1, "phone", "2", 2, 0);
    give_script(script);
}

static void give_keys(struct script *script) {
    edit(script, 1, "phone", "1", 1, 0);
    put_device(script, STEP_ROTATE, 4, 0, 1, 0);
    put_device(script, STEP_ROTATE, 4, 0, 1, 8); /* the answer got lost */
    put_device(script, STEP_ROTATE, 4, 0, 1, 2);
    then(script, STEP_BUNDLE, 1, BUNDLE_AGAIN);
    put_device(script, STEP_ROTATE, 13, 1 << 30, 1, 0);
    pull(script, 1, PULL_FORMER_KEY);
    edit(script, 1, "phone", "2", 2, 0);
    edit(script, 1, "phone", "3", 3, BUNDLE_FORMER_KEY | BUNDLE_FORK);
    put_device(script, STEP_ROTATE, 4, 0, 1, 0);
    put_device(script, STEP_ROTATE, 1, 0, 1, 0);
    put_device(script, STEP_ROTATE, 5, 1, 1, 0);
    put_device(script, STEP_ROTATE, 5, 90, 1, 0);
    put_device(script, STEP_ROTATE, 5, 1 << 30, 1, 0);
    put_device(script, STEP_ROTATE, 4, 2, 1, 2);
    pull(script, 1, PULL_OTHER_KEY);
    give_script(script);
    put_device(script, STEP_ROTATE, 5, 2, 1, 0); /* a bundle that is still under way */
    edit(script, 1, "phone", "2", 2, 0);
    edit(script, 1, "phone", "2", 2, BUNDLE_FORMER_KEY);
    edit(script, 1, "phone", "3", 2, BUNDLE_FORMER_KEY);
    for (int64_t option = 1; option <= 4; option *= 2) {
        put_device(script, STEP_ROTATE, 6, 0, 0, option);
        put_device(script, STEP_REENROL, 6, 0, 0, option);
    }
    give_script(script);
    edit(script, 1, "phone", "1", 1, 0);
    edit(script, 1, "phone", "2", 2, BUNDLE_FORK);
    put_device(script, STEP_REENROL, 6, 1, 1, 0);
    put_device(script, STEP_REENROL, 6, 1, 1, 0);  /* asked again */
    put_device(script, STEP_REENROL, 8, 1, 1, 0);  /* another on the same evidence */
    put_device(script, STEP_REENROL, 1, 1, 1, 0);  /* a key of somebody else's */
    put_device(script, STEP_REENROL, 7, 0, 1, 0);  /* no fork */
    put_device(script, STEP_REENROL, 7, 77, 1, 0); /* no such bundle */
    edit(script, 4, "email", "child", 3, 0);
    pull(script, 4, 0);
    then(script, STEP_BUNDLE, 4, BUNDLE_AGAIN);
    edit(script, 1, "phone", "4", 4, 0);
    give_script(script);
    edit(script, 0, "phone", "1", 1, 0);
    put_device(script, STEP_REENROL, 6, 1, 0, 0);
    edit(script, 4, "email", "child", 3, BUNDLE_FIRST_DEVICE); /* its parent's last one */
    edit(script, 4, "email", "child", 3, BUNDLE_FIRST_DEVICE | BUNDLE_TWICE);
    edit(script, 4, "email", "child", 3, 0);
    put_device(script, STEP_REENROL, 7, 1, 4, 0); /* a child of the child */
    edit(script, 3, "email", "grandchild", 3, 0);
    then(script, STEP_REVOKE, 0, 0); /* all of the family */
    pull(script, 3, 0);
    put_device(script, STEP_ROTATE, 9, 0, 3, 0);
    give_script(script);
}

static void give_devices(struct script *script) {
    put_enrol(script, 0, 9, 0);
    then(script, STEP_REVOKE, 3, 0);
    put_enrol(script, 0, 9, 0);
    give_script(script);
    put_enrol(script, 0, 9, 0);
    put_enrol(script, 0, 9, 0);
    put_enrol(script, 0, 10, 0);
    put_enrol(script, 1, 9, 0);
    put_enrol(script, 2, 9, 0);
    put_enrol(script, 2, 1, 0);
    put_enrol(script, 200, 9, 0);
    put_enrol(script, 0, 12, 1);
    put_enrol(script, 0, 12, 8);
    then(script, STEP_REVOKE, 3, 0);
    put_enrol(script, 0, 9, 0);
    give_script(script);
    put_enrol(script, 0, 9, 4);
    then(script, STEP_DAYS, 0, 520);
    put_enrol(script, 1, 11, 2);
    give_script(script);
    then(script, STEP_DAYS, 0, 520);
    put_enrol(script, 0, 9, 0);
    give_script(script);
    edit(script, 1, "phone", "1", 1, 0);
    then(script, STEP_REVOKE, 1, 0);
    then(script, STEP_BUNDLE, 1, BUNDLE_AGAIN);
    edit(script, 1, "phone", "2", 1, BUNDLE_FORK);
    edit(script, 1, "phone", "2", 1, 0);
    then(script, STEP_SETTLE, 1, 1);
    edit(script, 1, "phone", "2", 1, BUNDLE_OLD_PROGRAM);
    give_script(script);
    then(script, STEP_REVOKE, 1, 0);
    pull(script, 1, PULL_OLD_PROGRAM);
    edit(script, 1, "phone", "1", 1, BUNDLE_OLD_PROGRAM);
    edit(script, 1, "phone", "1", 1, 0);
    then(script, STEP_BUNDLE, 1, BUNDLE_AGAIN);
    pull(script, 1, 0);
    then(script, STEP_SETTLE, 1, 1);
    then(script, STEP_SETTLE, 2, 0);
    then(script, STEP_REVOKE, 1, 0);
    put_device(script, STEP_REENROL, 6, 1, 1, 0);
    give_script(script);
    then(script, STEP_REVOKE, 2, 0);
    edit(script, 2, "phone", "1", 1, 0);
    edit(script, 2, "phone", "2", 1, 0);
    then(script, STEP_SETTLE, 2, 0);
    give_script(script);
}

/* Work that meets work: what merging does with it is looked at elsewhere, how it is answered is here. */
static void give_work(struct script *script) {
    struct world *world = script->world;
    struct draft drafts[4] = {draft_of(world), draft_of(world), draft_of(world),
                              draft_of(world)};
    struct draft *const list[] = {&drafts[0], &drafts[1], &drafts[2], &drafts[3]};
    const struct id fresh = {{0x71}};
    const struct named_value gone[] = {{"deleted_at", value_integer(START_MS)},
                                       {NULL, {0}}};
    edit(script, 0, "phone", "HQ", 5, 0);
    edit(script, 1, "phone", "rep", 4, 0); /* a conflict: it loses */
    edit(script, 1, "phone", "later", 6, 0);
    pull(script, 1, 0);
    give_script(script);
    add_customer(&drafts[0], &fresh, "New", &world->people[1]);
    set_text(&drafts[1], &PRIVATE, "phone", "not his"); /* refused */
    set_text(&drafts[2], &fresh, "phone", "1");
    drafts[3].user = 0xee; /* nobody */
    set_text(&drafts[3], &fresh, "email", "2");
    put_drafts(list, 4, &script->body);
    then(script, STEP_BUNDLE, 1, 3);
    then(script, STEP_BUNDLE, 1, BUNDLE_AGAIN);
    pull(script, 1, 0);
    pull(script, 2, 0);
    give_script(script);
    drafts[0] = draft_of(world);
    row(&drafts[0], "customer", ROW_UPDATE, &SHARED, gone);
    put_draft(script, &drafts[0]);
    then(script, STEP_BUNDLE, 0, 0);
    edit(script, 1, "phone", "too late", 9, 0);
    pull(script, 1, 0);
    pull(script, 0, 0);
    then(script, STEP_DAYS, 0, 900);
    pull(script, 0, 0); /* what was deleted is forgotten */
    then(script, STEP_DAYS, 0, 900);
    pull(script, 0, 0);
    pull(script, 1, 0);
    pull(script, 2, 0);
    give_script(script);
    drafts[0] = draft_of(world);
    drafts[1] = draft_of(world);
    set_text(&drafts[0], &SHARED, "phone", "1");
    set_text(&drafts[1], &SHARED, "email", "2");
    drafts[0].base = 3;
    drafts[1].base = 6;
    put_drafts(list, 2, &script->body);
    then(script, STEP_BUNDLE, 1, 1);
    drafts[0].base = 1 << 20;
    put_drafts(list, 4, &script->body);
    then(script, STEP_BUNDLE, 2, 3 | BUNDLE_TWICE);
    then(script, STEP_BUNDLE, 1, BUNDLE_AGAIN | BUNDLE_TWICE);
    drafts[0] = draft_of(world);
    const struct named_value hers[] = {{"owner_id", of_id(&world->people[1])},
                                       {NULL, {0}}};
    row(&drafts[0], "customer", ROW_UPDATE, &SHARED, hers);
    put_draft(script, &drafts[0]);
    then(script, STEP_BUNDLE, 0, 0);
    put_file(script, FILE_PUT, 0, (int64_t)strlen(CONTENT), 0, 0);
    put_file(script, FILE_GET, 0, 0, 1, 0);
    pull(script, 0, 0);
    pull(script, 1, 0);
    give_script(script);
    drafts[0] = draft_of(world);
    const struct named_value left[] = {{"active", value_integer(0)}, {NULL, {0}}};
    row(&drafts[0], "app_user", ROW_UPDATE, &world->people[1], left);
    put_draft(script, &drafts[0]);
    then(script, STEP_BUNDLE, 0, 0);
    pull(script, 2, 0);
    pull(script, 1, 0);
    edit(script, 1, "phone", "not any more", 1, 0);
    give_script(script);
}

static void put_outcome(struct script *script, int64_t epoch) {
    struct verdict verdicts[] = {
        {.kind = VERDICT_MERGED, .gsn = 1, .code = "", .field = "", .message = ""},
        {.kind = VERDICT_REFUSED, .gsn = 2, .code = "a.b", .field = "c", .message = "d"}};
    int64_t formers[] = {1, 2};
    const struct outcome outcome = {.epoch = epoch,
                                    .verdicts = verdicts,
                                    .count = 2,
                                    .retried = verdicts,
                                    .retried_count = 1,
                                    .formers = formers,
                                    .former_count = 2};
    outcome_encode(&outcome, &script->body);
    then(script, STEP_STORED, 0, 3);
}

/* Entries as the journal holds them, and each with one item that is not what it should be. */
static void give_stored_invitations(struct script *script) {
    const uint8_t hash[HASH_SIZE] = {1};
    put_outcome(script, 0);
    put_outcome(script, 2);
    for (size_t wrong = 0; wrong <= 8; wrong++) {
        struct buffer *body = &script->body;
        wire_put_array(body, wrong == 8 ? 7 : 6);
        wire_put_bytes(body, (struct bytes){hash, wrong == 1 ? 3 : HASH_SIZE});
        wire_put_array(body, wrong == 2 ? 100 : 1);
        for (size_t i = 0; i < (wrong == 2 ? 100 : 1); i++) {
            wire_put_bytes(body, (struct bytes){hash, wrong == 7 ? 3 : ID_SIZE});
        }
        for (size_t i = 3; i < 5; i++) {
            wrong == i ? wire_put_null(body) : wire_put_text(body, "rep");
        }
        wire_put_integer(body, wrong == 5 ? -1 : 7);
        wrong == 6 ? wire_put_null(body) : wire_put_bool(body, false);
        then(script, STEP_STORED, 0, 0);
    }
    give_script(script);
}

static void give_stored_devices(struct script *script) {
    const uint8_t hash[HASH_SIZE] = {1};
    struct known_device *device = &script->world->first[0];
    for (size_t wrong = 0; wrong <= 4; wrong++) {
        for (int64_t kind = 1; kind <= 2; kind++) {
            struct buffer *body = &script->body;
            struct bytes certificate =
                wrong == 3 ? (struct bytes){hash, 9} : buffer_bytes(&device->envelope);
            struct buffer other = buffer_make(ROOM);
            if (wrong == 4) {
                envelope_seal((struct bytes){hash, 4}, "x", &device->keys, &other);
                certificate = buffer_bytes(&other);
            }
            wire_put_array(body, 2 + (wrong == 5));
            if (kind == 1) {
                wire_put_bytes(body, (struct bytes){hash, wrong == 1 ? 3 : HASH_SIZE});
            }
            wrong == 2 ? wire_put_null(body) : wire_put_bytes(body, certificate);
            if (kind == 2) {
                wrong == 1 ? wire_put_null(body)
                           : wire_put_bytes(body, (struct bytes){hash, 9});
            }
            then(script, STEP_STORED, 0, kind);
            buffer_free(&other);
        }
    }
    give_script(script);
}

static void give_stored_verdicts(struct script *script) {
    const uint8_t hash[HASH_SIZE] = {1};
    for (size_t wrong = 0; wrong <= 8; wrong++) {
        struct buffer *body = &script->body;
        wire_put_array(body, wrong == 1 ? 2 : 1);
        wire_put_array(body, wrong == 8 ? 6 : 7);
        wire_put_bytes(body, (struct bytes){hash, wrong == 1 ? 3 : ID_SIZE});
        for (size_t i = 2; i < 5; i++) {
            wire_put_integer(body, wrong == i ? -1 : 1);
        }
        for (size_t i = 5; i < (wrong == 8 ? 7 : 8); i++) {
            wrong == i ? wire_put_null(body) : wire_put_text(body, "a");
        }
        wrong == 1 ? wire_put_null(body) : (void)0;
        then(script, STEP_STORED, 0, 3);
    }
    give_script(script);
}

static void give_stored_outcomes(struct script *script) {
    for (size_t wrong = 0; wrong <= 4; wrong++) {
        struct buffer *body = &script->body;
        wire_put_array(body, wrong == 4 ? 5 : 4);
        wire_put_integer(body, 2);
        for (size_t i = 1; i < 4; i++) {
            wrong == i ? wire_put_null(body)
                       : wire_put_array(body, wrong == 0 && i == 3 ? 2 : 0);
        }
        if (wrong == 0 || wrong == 4) {
            wire_put_integer(body, wrong == 0 ? -1 : 1);
            wrong == 0 ? wire_put_null(body) : (void)0;
        }
        then(script, STEP_STORED, 0, 3);
    }
    wire_put_array(&script->body, 0);
    then(script, STEP_STORED, 0, 3);
    for (int64_t kind = 0; kind < 5; kind++) {
        buffer_append_byte(&script->body, 0xc1);
        then(script, STEP_STORED, 0, kind);
        wire_put_null(&script->body);
        then(script, STEP_STORED, 0, kind);
    }
    give_script(script);
}

static void give_stored(struct script *script) {
    give_stored_invitations(script);
    give_stored_devices(script);
    give_stored_verdicts(script);
    give_stored_outcomes(script);
}

/* Bodies that are no messages, signed or not. */
static void give_nonsense(struct script *script) {
    for (int64_t route = 0; route < STEP_RAW; route++) {
        give_chosen(script->give, script->context, (uint8_t)route,
                    bytes_of_text("\x92\xc4"));
        then(script, route, 0, 0);
        then(script, route, 0, 16);
        buffer_append_byte(&script->body, 0xc0);
        then(script, STEP_SIGNED_OTHER, 0, route);
        buffer_append_byte(&script->body, 0xc0);
        then(script, STEP_SIGNED_SYNC, 0, 0);
        give_script(script);
    }
}

static void give_all(struct world *world, seed_function give, void *context) {
    struct script script = {.world = world,
                            .give = give,
                            .context = context,
                            .steps = buffer_make(ROOM),
                            .body = buffer_make(ROOM)};
    give_files(&script);
    give_history(&script);
    give_pulls(&script);
    give_chains(&script);
    give_keys(&script);
    give_devices(&script);
    give_work(&script);
    give_stored(&script);
    give_nonsense(&script);
    buffer_free(&script.steps);
    buffer_free(&script.body);
}

#endif
