/*
 * Sync against a scripted headquarters: sealing and clocks, verdicts, pulling, rebase, and what goes
 * wrong on the way.
 */
#include "tests/unit/client-core/world.h"

#define C1 "c1c1c1c1-c1c1-c1c1-c1c1-c1c1c1c1c1c1"
#define KEY1 "x'c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1'"
static const char add_c1[] = "{\"id\": \"" C1 "\", \"name\": \"Acme\"}";

/* --- rows for answers ---------------------------------------------------------------------------- */

/* One customer: name, visits, price_minor, currency, note, grade, owner, deleted_at. */
struct sent_customer {
    struct id id;
    struct value values[8];
    struct sync_row row;
};

static void customer(struct sent_customer *to, uint8_t n, const char *name,
                     int64_t visits, int64_t gsn) {
    to->id = world_id(n);
    to->values[0] = value_text(name);
    to->values[1] = value_integer(visits);
    to->values[2] = value_integer(100);
    to->values[3] = value_text("USD");
    to->values[4] = value_text("from hq");
    to->values[5] = value_null();
    to->values[6] = value_null();
    to->values[7] = value_null();
    to->row = (struct sync_row){.key = {to->id.bytes, ID_SIZE},
                                .gsn = gsn,
                                .created_at = 11,
                                .updated_at = 22,
                                .created_by = world_id(0xd1),
                                .updated_by = world_id(0xd1),
                                .values = to->values};
}

static struct row_group group_of(struct sync_row *rows, size_t count) {
    return (struct row_group){.table = 10,
                              .columns = {2, 3, 4, 5, 6, 7, 8, 63},
                              .column_count = 8,
                              .rows = rows,
                              .row_count = count};
}

/* The group is what the next answer brings. */
static void bring(struct world *world, struct row_group *group) {
    world->chunk = (struct row_chunk){group, 1};
}

static int merge_all(struct world *world, const struct sync_request *request,
                     struct sync_response *response) {
    world_take_bundles(world, request, response, VERDICT_MERGED);
    if (world->chunk.group_count)
        world_send_rows(world, response);
    response->head = world->gsn;
    world->chunk.group_count = 0;
    return 200;
}

static int refuse_all(struct world *world, const struct sync_request *request,
                      struct sync_response *response) {
    world_take_bundles(world, request, response, VERDICT_REFUSED);
    return 200;
}

/* Takes nothing, sends world->chunk. */
static int rows_only(struct world *world, const struct sync_request *request,
                     struct sync_response *response) {
    (void)request;
    if (world->chunk.group_count)
        world_send_rows(world, response);
    response->head = world->gsn;
    for (size_t i = 0; i < request->bundle_count; i++) {
        struct bundle_envelope envelope;
        assert_int_equal(bundle_open(request->bundles[i], &envelope, NULL), 0);
        world->answers[i] =
            (struct bundle_answer){.number = envelope.header.number,
                                   .accepted = true,
                                   .code = "",
                                   .message = "",
                                   .expected_number = envelope.header.number + 1};
    }
    response->answers = world->answers;
    response->answer_count = request->bundle_count;
    return 200;
}

static const char *sync_fails(struct world *world) {
    static satchel_error error;
    error = (satchel_error){0};
    assert_int_not_equal(satchel_sync(world->station, NULL, NULL, NULL, &error), 0);
    return error.code;
}

static void verify(struct world *world) {
    satchel_error error = {0};
    world_ok(satchel_verify(world->station, &error), &error);
}

/* The people of world_setup came without a digest. */
static void forget_people(struct world *world) {
    world_sql(world, "update app_user set gsn = 0");
}

/* --- sending ------------------------------------------------------------------------------------- */

static void work_is_sealed_sent_and_settled(void **state) {
    struct world *world = *state;
    satchel_error error = {0};
    satchel_sync_report report;
    struct sent_customer acme;
    world->answer = merge_all;
    world_do(world, "customer.add", add_c1);
    world_do(world, "customer.visit", "{\"customer\": \"" C1 "\", \"times\": 2}");
    customer(&acme, 0xc1, "Acme", 2, 4);
    struct row_group group = group_of(&acme.row, 1);
    bring(world, &group);
    world_ok(satchel_sync(world->station, NULL, NULL, &report, &error), &error);
    assert_int_equal(report.merged, 2);
    assert_int_equal(report.waiting, 0);
    assert_int_equal(report.cursor, 4);
    assert_int_equal(world->requests, 2); /* one to learn the time, one with the work */
    assert_int_equal(
        world_integer(world, "select count(*) from station_outbox where active"), 0);
    assert_int_equal(world_integer(world, "select gsn from customer"), 4);
    assert_int_equal(world_integer(world, "select visits from customer"), 2);
    assert_string_equal(world_text(world, "select currency from customer"), "USD");
    assert_int_equal(world_integer(world, "select digest_rows from station_progress"), 1);
    world_sync(world);
    assert_int_equal(world->bundles, 0);
}

static void an_idle_poll_writes_nothing(void **state) {
    struct world *world = *state;
    world_sync(world);
    world_sync(world);
    int64_t before = world_integer(world, "pragma data_version");
    for (int i = 0; i < 5; i++) {
        world->clock.wall_ms += 2000;
        world->clock.boot_ms += 2000;
        world_sync(world);
    }
    assert_int_equal(world_integer(world, "pragma data_version"), before);
    assert_int_equal(world->requests, 7);
}

static void a_slow_clock_is_corrected_at_sealing(void **state) {
    struct world *world = *state;
    const int64_t day = 86400000;
    world->answer = merge_all;
    world->hq_ahead_ms = day; /* the station is a day slow */
    world_do(world, "customer.add", add_c1);
    world->clock.boot_ms += 60000;
    world->clock.wall_ms += 60000 + 3600000; /* and jumps by an hour while offline */
    world->hq_ahead_ms -= 3600000;
    world_do(world, "customer.visit", "{\"customer\": \"" C1 "\"}");
    world_sync(world);
    assert_int_equal(world_integer(world, "select min(time) >> 16 from station_outbox"),
                     WORLD_NOW_MS + day);
    assert_int_equal(world_integer(world, "select max(time) >> 16 from station_outbox"),
                     WORLD_NOW_MS + day + 60000);
}

static void another_start_asks_for_the_time_first(void **state) {
    struct world *world = *state;
    world->answer = merge_all;
    world_sync(world);
    assert_int_equal(world->requests, 1);
    world_do(world, "customer.add", add_c1);
    world_sync(world);
    assert_int_equal(world->requests, 2); /* the time was known */
    world->clock.boot = 2;                /* the machine was started again */
    world->clock.boot_ms = 5000;
    world_do(world, "customer.add", "{\"name\": \"b\"}");
    world_sync(world);
    assert_int_equal(world->requests, 4);
}

static void a_lost_answer_is_asked_for_again(void **state) {
    struct world *world = *state;
    char first[80];
    world_sync(world);
    world->unreachable = true;
    world_do(world, "customer.add", add_c1);
    assert_string_equal(sync_fails(world), "transport.unreachable");
    snprintf(first, sizeof first, "%s",
             world_text(world, "select hex(hash) from station_bundle"));
    assert_int_equal(strlen(first), 64);
    world_close(world);
    world_open(world);
    world->unreachable = false;
    world->answer = merge_all;
    world_sync(world);
    assert_string_equal(world_text(world, "select hex(hash) from station_bundle"), first);
    assert_int_equal(world_integer(world, "select count(*) from station_bundle"), 1);
    assert_int_equal(world_integer(world, "select verdict from station_outbox"),
                     VERDICT_MERGED);
}

static void bundles_form_a_chain(void **state) {
    struct world *world = *state;
    world->answer = merge_all;
    world_do(world, "customer.add", add_c1);
    world_sync(world);
    world_do(world, "customer.add", "{\"name\": \"b\"}");
    world_do(world, "customer.add", "{\"name\": \"c\"}");
    world_sync(world);
    struct replica *replica = world->station->writer;
    struct bundle_envelope envelope[2];
    struct buffer sealed[2] = {buffer_make(LIMIT_BUNDLE), buffer_make(LIMIT_BUNDLE)};
    sqlite3_stmt *statement;
    sqlite3_prepare_v2(replica->db, "select sealed from station_bundle order by number",
                       -1, &statement, NULL);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
        struct bytes bytes = column_bytes(statement, 0);
        buffer_append(&sealed[i], bytes.data, bytes.size);
        assert_int_equal(bundle_open(buffer_bytes(&sealed[i]), &envelope[i], NULL), 0);
    }
    sqlite3_finalize(statement);
    assert_int_equal(envelope[0].header.last_seq, 1);
    assert_int_equal(envelope[1].header.number, 2);
    assert_int_equal(envelope[1].header.first_seq, 2);
    assert_int_equal(envelope[1].header.last_seq, 3);
    assert_memory_equal(envelope[1].header.previous_hash, envelope[0].hash, HASH_SIZE);
    buffer_free(&sealed[0]);
    buffer_free(&sealed[1]);
}

static void a_refusal_takes_the_work_back(void **state) {
    struct world *world = *state;
    satchel_error error = {0};
    char *json = NULL;
    world->answer = refuse_all;
    world_do(world, "customer.add", add_c1);
    world_sync(world);
    assert_int_equal(world_integer(world, "select count(*) from customer"), 0);
    world_ok(satchel_inbox(world->session, &json, &error), &error);
    assert_non_null(strstr(json, "\"code\":\"rule.broken\""));
    assert_non_null(strstr(json, "\"label\":\"Acme\""));
    satchel_free(json);
}

static int gap_once(struct world *world, const struct sync_request *request,
                    struct sync_response *response) {
    if (request->bundle_count == 0 || world->step++ > 0)
        return merge_all(world, request, response);
    world->answers[0] = (struct bundle_answer){
        .number = 2, .code = "bundle.gap", .message = "gap", .expected_number = 1};
    response->answers = world->answers;
    response->answer_count = 1;
    return 200;
}

static void a_gap_is_filled_from_kept_bundles(void **state) {
    struct world *world = *state;
    world->answer = merge_all;
    world_do(world, "customer.add", add_c1);
    world_sync(world);
    static const char first[] =
        "select gsn from station_outbox order by position limit 1";
    int64_t before = world_integer(world, first);
    world->answer = gap_once;
    world_do(world, "customer.add", "{\"name\": \"b\"}");
    world_sync(world);
    assert_int_equal(world->bundles, 2);
    assert_int_equal(
        world_integer(world,
                      "select count(*) from station_bundle where answered_at is null"),
        0);
    /* What headquarters said of the first before it lost it counts no more. */
    assert_true(world_integer(world, first) > before);
    assert_int_equal(world_integer(world, "select count(*) from station_outbox"
                                          " where verdict = 1"),
                     2);
}

static int gap_always(struct world *world, const struct sync_request *request,
                      struct sync_response *response) {
    if (request->bundle_count == 0)
        return 200;
    world->answers[0] = (struct bundle_answer){
        .number = 1, .code = "bundle.gap", .message = "gone", .expected_number = 1};
    response->answers = world->answers;
    response->answer_count = 1;
    return 200;
}

static int full_server(struct world *world, const struct sync_request *request,
                       struct sync_response *response) {
    (void)world;
    (void)request;
    (void)response;
    return 507;
}

static int revoked(struct world *world, const struct sync_request *request,
                   struct sync_response *response) {
    (void)world;
    (void)request;
    (void)response;
    return 403;
}

static int other_epoch(struct world *world, const struct sync_request *request,
                       struct sync_response *response) {
    (void)world;
    (void)request;
    response->epoch = 2;
    return 200;
}

static void what_goes_wrong_has_a_code(void **state) {
    struct world *world = *state;
    world->answer = revoked;
    assert_string_equal(sync_fails(world), "device.revoked");
    assert_non_null(strstr(world_text(world, "select value from station_setting"
                                             " where name = 'last_error'"),
                           "device.revoked"));
    world->answer = other_epoch;
    assert_string_equal(sync_fails(world), "server.epoch");
    world->answer = NULL;
    world->wrong_key = true;
    assert_string_equal(sync_fails(world), "server.signature");
    world->wrong_key = false;
    world_sync(world);
    assert_string_equal(world_text(world, "select value from station_setting"
                                          " where name = 'last_error'"),
                        "");
    world_do(world, "customer.add", add_c1);
    world->answer = gap_always;
    assert_string_equal(sync_fails(world), "bundle.gap");
    world->answer = full_server;
    assert_string_equal(sync_fails(world), "server.failed");
    assert_string_equal(world_text(world, "select value from station_setting"
                                          " where name = 'last_error'"),
                        "server.failed: Headquarters cannot take it now: disk full."
                        " Your work stays here and is sent later.");
    assert_int_equal(world_integer(world, "select count(*) from customer"),
                     1); /* nothing lost */
}

/* A bundle that cannot be read: one refused verdict that names nobody. */
static int unreadable(struct world *world, const struct sync_request *request,
                      struct sync_response *response) {
    if (request->bundle_count == 0)
        return 200;
    world->verdicts[0] = (struct verdict){.kind = VERDICT_REFUSED,
                                          .gsn = world->gsn,
                                          .code = "bundle.payload",
                                          .field = "",
                                          .message = "damaged"};
    world->answers[0] = (struct bundle_answer){.number = 1,
                                               .accepted = true,
                                               .code = "",
                                               .message = "",
                                               .expected_number = 2,
                                               .verdicts = world->verdicts,
                                               .verdict_count = 1};
    response->answers = world->answers;
    response->answer_count = 1;
    return 200;
}

static void an_unreadable_bundle_is_refused_whole(void **state) {
    struct world *world = *state;
    world->answer = unreadable;
    world_do(world, "customer.add", add_c1);
    world_do(world, "customer.visit", "{\"customer\": \"" C1 "\"}");
    world_sync(world);
    assert_int_equal(world_integer(world,
                                   "select count(*) from station_outbox where verdict = 3"
                                   " and code = 'bundle.payload'"),
                     2);
    assert_int_equal(world_integer(world, "select count(*) from customer"), 0);
}

/* --- pulling ------------------------------------------------------------------------------------- */

static void rows_come_and_go(void **state) {
    struct world *world = *state;
    struct sent_customer sent[3];
    struct sync_row rows[3];
    forget_people(world);
    for (uint8_t i = 0; i < 3; i++) {
        customer(&sent[i], (uint8_t)(0xc9 - i), "C", i, 10 + i);
        rows[i] = sent[i].row;
    }
    struct row_group group = group_of(rows, 3);
    bring(world, &group);
    world->gsn = 12;
    world->answer = merge_all;
    world_sync(world);
    assert_int_equal(world_integer(world, "select count(*) from customer"), 3);
    assert_int_equal(world_integer(world, "select created_at from customer"), 11);
    verify(world);
    struct bytes key = {sent[0].id.bytes, ID_SIZE};
    customer(&sent[1], 0xc8, "D", 7, 20);
    rows[0] = sent[1].row;
    group = group_of(rows, 1);
    group.forget = &key;
    group.forget_count = 1;
    bring(world, &group);
    world->gsn = 20;
    world_sync(world);
    assert_int_equal(world_integer(world, "select count(*) from customer"), 2);
    assert_int_equal(world_integer(world, "select visits from customer where name = 'D'"),
                     7);
    assert_int_equal(world_integer(world, "select cursor from station_progress"), 20);
    assert_int_equal(world_integer(world, "select digest_rows from station_progress"), 2);
    verify(world);
}

static int two_chunks(struct world *world, const struct sync_request *request,
                      struct sync_response *response) {
    struct sent_customer sent;
    struct row_group group;
    bool second = request->position.set;
    if (second) {
        assert_int_equal(request->position.gsn, 10);
        assert_int_equal(request->position.key.size, ID_SIZE);
        assert_int_equal(request->position.target_hash[0], 0x77);
    }
    if (second && world->step == 1) { /* the scopes changed meanwhile */
        world->step = 2;
        response->restart = true;
        response->more = true;
        return 200;
    }
    customer(&sent, second ? 0xc2 : 0xc1, second ? "two" : "one", 0, second ? 11 : 10);
    group = group_of(&sent.row, 1);
    bring(world, &group);
    world_send_rows(world, response);
    world->chunk.group_count = 0;
    if (!second) {
        response->more = true;
        response->next = (struct pull_position){.set = true,
                                                .gsn = 10,
                                                .table = 10,
                                                .key = {world->people[0].bytes, ID_SIZE}};
        memset(response->next.target_hash, 0x77, HASH_SIZE);
        if (world->step == 0) {
            world->step = 1;
            assert_int_equal(world_integer(world, "select count(*) from customer"), 0);
        }
    }
    struct scope user = {SCOPE_USER, world->people[0]};
    scope_set_add(&response->gained, user);
    response->head = 11;
    return 200;
}

static void chunks_show_together_and_survive_a_restart(void **state) {
    struct world *world = *state;
    struct scope_set held = {0};
    world->answer = two_chunks;
    world_sql(world, "update station_progress set cursor = 0"); /* a first sync */
    world_sync(world);
    assert_int_equal(world_integer(world,
                                   "select count(*) from sqlite_schema where name in"
                                   " ('customer_by_name', 'customer_by_owner')"),
                     2);
    assert_int_equal(world_integer(world, "select count(*) from customer indexed by"
                                          " customer_by_name where name = 'two'"),
                     1);
    assert_int_equal(world_integer(world, "select count(*) from customer"), 2);
    assert_int_equal(world_integer(world, "select count(*) from station_staging"), 0);
    assert_int_equal(world->requests, 4);
    assert_int_equal(progress_read_held(world->station->writer, &held, NULL), 0);
    assert_int_equal(held.count, 1);
    scope_set_free(&held);
}

static int stop_applying(void *context, const satchel_progress *progress) {
    struct world *world = context;
    return world->step == 1 && strcmp(progress->phase, "receiving") == 0;
}

static void a_stopped_pull_goes_on(void **state) {
    struct world *world = *state;
    satchel_error error = {0};
    world->answer = two_chunks;
    assert_int_not_equal(satchel_sync(world->station, stop_applying, world, NULL, &error),
                         0);
    assert_string_equal(error.code, "sync.stopped");
    world->step = 2;
    world_sync(world);
    assert_int_equal(world_integer(world, "select count(*) from customer"), 2);
}

static void absent_and_unknown_columns_are_harmless(void **state) {
    struct world *world = *state;
    struct sent_customer sent;
    world->answer = merge_all;
    customer(&sent, 0xc1, "Acme", 1, 5);
    struct row_group group = group_of(&sent.row, 1);
    bring(world, &group);
    world->gsn = 5;
    world_sync(world);
    /* an older server knows less, a newer one more */
    struct value values[2] = {value_text("Acme 2"), value_text("?")};
    sent.row.values = values;
    sent.row.gsn = 6;
    group = (struct row_group){.table = 10,
                               .columns = {2, 40},
                               .column_count = 2,
                               .rows = &sent.row,
                               .row_count = 1};
    struct row_group groups[2] = {group, group};
    groups[1].table = 77;
    world->chunk = (struct row_chunk){groups, 2};
    world->gsn = 6;
    world_sync(world);
    assert_string_equal(world_text(world, "select name || note || visits from customer"),
                        "Acme 2from hq1");
}

static void a_row_that_does_not_fit_blocks_nothing(void **state) {
    struct world *world = *state;
    struct sent_customer sent[2];
    struct sync_row rows[2];
    world->answer = merge_all;
    customer(&sent[0], 0xc1, "", 1, 5); /* the name is too short */
    customer(&sent[1], 0xc2, "Good", 1, 6);
    rows[0] = sent[0].row;
    rows[1] = sent[1].row;
    struct row_group group = group_of(rows, 2);
    bring(world, &group);
    world->gsn = 6;
    world_sync(world);
    assert_int_equal(world_integer(world, "select count(*) from customer"), 1);
    assert_int_equal(world_integer(world, "select count(*) from station_misfit"), 1);
    assert_int_equal(world_integer(world, "select cursor from station_progress"), 6);
}

/* Bundles are sealed in the smaller format for a server that said it reads it, and in the first one before. */
static int protocol_two(struct world *world, const struct sync_request *request,
                        struct sync_response *response) {
    struct bundle_envelope envelope;
    for (size_t i = 0; i < request->bundle_count; i++) {
        assert_int_equal(bundle_open(request->bundles[i], &envelope, NULL), 0);
        world->step = (int)envelope.header.format;
    }
    response->protocol = 2;
    world_take_bundles(world, request, response, VERDICT_MERGED);
    return 200;
}

static void the_format_follows_the_server(void **state) {
    struct world *world = *state;
    world->answer = protocol_two;
    world_do(world, "customer.add", add_c1);
    world_sync(world);
    assert_int_equal(world->step, BUNDLE_FORMAT);
    world_do(world, "customer.add", add_c1); /* no row of it came back */
    world_close(world);
    world_open(world);
    world_sync(world);
    assert_int_equal(world->step, BUNDLE_FORMAT_PACKED);
}

/* --- rebase --------------------------------------------------------------------------------------- */

/* The customer as headquarters has it, and pending work on it: a name, a visit, a tag. */
static void begin_with_pending(struct world *world, struct sent_customer *sent) {
    forget_people(world);
    world->answer = rows_only;
    customer(sent, 0xc1, "Acme", 10, 5);
    struct row_group group = group_of(&sent->row, 1);
    bring(world, &group);
    world->gsn = 5;
    world_sync(world);
    world_do(world, "customer.rename", "{\"customer\": \"" C1 "\", \"name\": \"Mine\"}");
    world_do(world, "customer.visit", "{\"customer\": \"" C1 "\", \"times\": 3}");
    world_do(world, "customer.tag", "{\"customer\": \"" C1 "\"}");
    verify(world);
}

static void pending_work_lies_over_what_comes(void **state) {
    struct world *world = *state;
    struct sent_customer sent;
    begin_with_pending(world, &sent);
    customer(&sent, 0xc1, "Theirs", 20, 8);
    sent.values[4] = value_text("their note");
    struct row_group group = group_of(&sent.row, 1);
    bring(world, &group);
    world->gsn = 8;
    world_sync(world); /* the bundle is answered without verdicts: it stays pending */
    assert_string_equal(world_text(world,
                                   "select name || ' ' || visits || ' ' || note || ' ' ||"
                                   " gsn from customer"),
                        "Mine 23 their note 8");
    assert_int_equal(world_integer(world, "select count(*) from customer_tag"), 1);
    assert_int_equal(world_integer(world, "select count(*) from station_image"), 1);
    verify(world);
    /* now it is refused: everything is as headquarters has it */
    world_sql(world, "update station_outbox set verdict = 3, gsn = 9");
    customer(&sent, 0xc1, "Theirs", 21, 9);
    group = group_of(&sent.row, 1);
    bring(world, &group);
    world->gsn = 9;
    world_sync(world);
    assert_string_equal(world_text(world, "select name || ' ' || visits from customer"),
                        "Theirs 21");
    assert_int_equal(world_integer(world, "select count(*) from customer_tag"), 0);
    assert_int_equal(world_integer(world, "select count(*) from station_image"), 0);
    verify(world);
}

static void work_after_a_merge_stays_on_top(void **state) {
    struct world *world = *state;
    struct sent_customer sent;
    begin_with_pending(world, &sent);
    /* the rename is merged, visit and tag are not yet */
    world_sql(world, "update station_outbox set verdict = 1, gsn = 6 where position = 1");
    customer(&sent, 0xc1, "Mine", 10, 6);
    struct row_group group = group_of(&sent.row, 1);
    bring(world, &group);
    world->gsn = 6;
    world_sync(world);
    assert_string_equal(world_text(world, "select name || ' ' || visits from customer"),
                        "Mine 13");
    assert_int_equal(
        world_integer(world, "select count(*) from station_outbox where active"), 2);
    verify(world);
}

/* A verdict may be known before the rows that show it have come. */
static void merged_work_stays_until_its_rows_came(void **state) {
    struct world *world = *state;
    struct sent_customer sent;
    begin_with_pending(world, &sent);
    world_sql(world, "update station_outbox set verdict = 1, gsn = 9");
    customer(&sent, 0xc1, "Before", 10, 8);
    struct row_group group = group_of(&sent.row, 1);
    bring(world, &group);
    world->gsn = 8;
    world_sync(world);
    assert_string_equal(world_text(world, "select name || ' ' || visits from customer"),
                        "Mine 13");
    assert_int_equal(
        world_integer(world, "select count(*) from station_outbox where active"), 3);
    verify(world);
}

static void a_leaving_row_keeps_its_work(void **state) {
    struct world *world = *state;
    struct sent_customer sent;
    satchel_error error = {0};
    char *json = NULL;
    begin_with_pending(world, &sent);
    struct bytes key = {sent.id.bytes, ID_SIZE};
    struct row_group group = {.table = 10, .forget = &key, .forget_count = 1};
    bring(world, &group);
    world->gsn = 7;
    world_sync(world);
    assert_int_equal(world_integer(world, "select count(*) from customer"), 0);
    assert_int_equal(world_integer(world,
                                   "select count(*) from station_outbox where active and"
                                   " attention_code = 'row.missing'"),
                     2); /* the tag has a row of its own */
    assert_int_equal(world_integer(world, "select count(*) from customer_tag"), 1);
    world_ok(satchel_inbox(world->session, &json, &error), &error);
    assert_non_null(strstr(json, "row.missing"));
    satchel_free(json);
    /* it comes back: the work applies again */
    customer(&sent, 0xc1, "Back", 1, 9);
    group = group_of(&sent.row, 1);
    bring(world, &group);
    world->gsn = 9;
    world_sync(world);
    assert_string_equal(world_text(world, "select name || ' ' || visits from customer"),
                        "Mine 4");
    assert_int_equal(world_integer(world, "select count(*) from station_outbox where"
                                          " attention_code is not null"),
                     0);
    verify(world);
}

static void an_insert_that_meets_a_row_merges(void **state) {
    struct world *world = *state;
    struct sent_customer sent;
    forget_people(world);
    world->answer = rows_only;
    world_do(world, "customer.add", add_c1);
    customer(&sent, 0xc1, "Theirs", 20, 8);
    sent.values[5] = value_text("A");
    struct row_group group = group_of(&sent.row, 1);
    bring(world, &group);
    world->gsn = 8;
    world_sync(world);
    assert_string_equal(world_text(world, "select name || ' ' || grade || ' ' || gsn from"
                                          " customer"),
                        "Acme A 8");
    verify(world);
}

static void work_that_breaks_a_check_is_set_aside(void **state) {
    struct world *world = *state;
    struct sent_customer sent;
    begin_with_pending(world, &sent);
    customer(&sent, 0xc1, "Theirs", 98, 8); /* three more visits are too many */
    struct row_group group = group_of(&sent.row, 1);
    bring(world, &group);
    world->gsn = 8;
    world_sync(world);
    assert_string_equal(world_text(world, "select name || ' ' || visits from customer"),
                        "Mine 98");
    assert_string_equal(world_text(world,
                                   "select attention_code from station_outbox where"
                                   " position = 2"),
                        "database.constraint");
    assert_int_equal(world_integer(world, "select cursor from station_progress"), 8);
}

static void a_difference_is_found(void **state) {
    struct world *world = *state;
    struct sent_customer sent;
    satchel_error error = {0};
    begin_with_pending(world, &sent);
    world_sql(world, "update customer set visits = 50");
    assert_int_not_equal(satchel_verify(world->station, &error), 0);
    assert_string_equal(error.code, "verify.pending");
    world_sql(world, "update customer set gsn = 6");
    assert_int_not_equal(satchel_verify(world->station, &error), 0);
    assert_string_equal(error.code, "verify.digest");
}

static void another_process_may_be_syncing(void **state) {
    struct world *world = *state;
    int lock = -1;
#ifdef __EMSCRIPTEN__
    skip(); /* there is no other process, and locks are not kept */
#endif
    assert_int_equal(home_lock(world->home, "sync.lock", &world->env, 0, &lock, NULL), 0);
    assert_string_equal(sync_fails(world), "sync.busy");
    assert_true(world->clock.slept_ms >= 10000);
    home_unlock(lock);
    world_sync(world);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(work_is_sealed_sent_and_settled),
        TEST(the_format_follows_the_server),
        TEST(an_idle_poll_writes_nothing),
        TEST(a_slow_clock_is_corrected_at_sealing),
        TEST(another_start_asks_for_the_time_first),
        TEST(a_lost_answer_is_asked_for_again),
        TEST(bundles_form_a_chain),
        TEST(a_refusal_takes_the_work_back),
        TEST(a_gap_is_filled_from_kept_bundles),
        TEST(what_goes_wrong_has_a_code),
        TEST(an_unreadable_bundle_is_refused_whole),
        TEST(rows_come_and_go),
        TEST(chunks_show_together_and_survive_a_restart),
        TEST(a_stopped_pull_goes_on),
        TEST(absent_and_unknown_columns_are_harmless),
        TEST(a_row_that_does_not_fit_blocks_nothing),
        TEST(pending_work_lies_over_what_comes),
        TEST(work_after_a_merge_stays_on_top),
        TEST(merged_work_stays_until_its_rows_came),
        TEST(a_leaving_row_keeps_its_work),
        TEST(an_insert_that_meets_a_row_merges),
        TEST(work_that_breaks_a_check_is_set_aside),
        TEST(a_difference_is_found),
        TEST(another_process_may_be_syncing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
