/*
 * The world of the station's unit tests: a clock and dice of its own, a small catalogue, a
 * home made by hand, and a headquarters that answers from a script instead of merging.
 */
#ifndef SATCHEL_TESTS_CLIENT_WORLD_H
#define SATCHEL_TESTS_CLIENT_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "client-core/identity.h"
#include "client-core/outbox.h"
#include "client-core/state.h"
#include "client-core/station.h"
#include "sync/rows.h"

/* --- clock and dice ------------------------------------------------------------------------ */

#define WORLD_NOW_MS 1795399200000LL

struct world_clock {
    int64_t wall_ms;
    int64_t boot_ms;
    uint8_t boot;
    uint64_t dice;
    int64_t slept_ms;
};

static inline int64_t world_wall(void *context) {
    return ((struct world_clock *)context)->wall_ms;
}

static inline int64_t world_boot(void *context) {
    return ((struct world_clock *)context)->boot_ms;
}

static inline void world_boot_id(void *context, struct id *ret) {
    memset(ret->bytes, ((struct world_clock *)context)->boot, ID_SIZE);
}

static inline void world_random(void *context, void *data, size_t size) {
    struct world_clock *clock = context;
    for (size_t i = 0; i < size; i++) {
        clock->dice = clock->dice * 6364136223846793005ULL + 1442695040888963407ULL;
        ((uint8_t *)data)[i] = (uint8_t)(clock->dice >> 56);
    }
}

static inline void world_sleep(void *context, int64_t ms) {
    struct world_clock *clock = context;
    clock->slept_ms += ms;
    clock->wall_ms += ms;
    clock->boot_ms += ms;
}

/* --- the catalogue ------------------------------------------------------------------------- */

#define STAMPS                                                                    \
    "  created_at integer, created_by blob, updated_at integer, updated_by blob," \
    " gsn integer not null default 0\n) strict, without rowid;\n"

static const char world_tables[] =
    "-- @roles 1 rep  2 manager  3 hq\n"
    "-- A person.\n"
    "create table app_user (  -- @table 1 @scope org @insert hq @label name @lookup code\n"
    "  id blob not null primary key,  -- @column 1\n"
    "  name text not null,            -- @column 2\n"
    "  code text,                     -- @column 3\n"
    "  active integer not null default 1,  -- @column 4\n"
    "  role text,                     -- @column 5\n"
    "  confined integer not null default 0,  -- @column 6\n" STAMPS "-- A customer.\n"
    "create table customer (  -- @table 10 @scope user(owner_id) @insert rep @label name\n"
    "  id blob not null primary key,  -- @column 1\n"
    "  name text not null check (length(name) between 1 and 50),  -- @column 2\n"
    "  visits integer not null default 0 check (visits < 100),  -- @column 3 @merge add\n"
    "  price_minor integer not null default 0,  -- @column 4 @group price\n"
    "  currency text not null default 'CNY',    -- @column 5 @group price\n"
    "  note text default 'new',       -- @column 6\n"
    "  grade text,                    -- @column 7 @write manager\n"
    "  owner_id blob,                 -- @column 8 @ref app_user @self\n"
    "  deleted_at integer,            -- @column 63\n" STAMPS "-- A tag on a customer.\n"
    "create table customer_tag (  -- @table 11 @scope follows(customer_id) @insert rep\n"
    "  customer_id blob not null,     -- @column 1 @ref customer\n"
    "  user_id blob not null,         -- @column 2 @ref app_user\n"
    "  weight integer not null default 1,  -- @column 3\n"
    "  deleted_at integer,            -- @column 63\n"
    "  created_at integer, created_by blob, updated_at integer, updated_by blob,"
    " gsn integer not null default 0,\n"
    "  primary key (customer_id, user_id)\n) strict, without rowid;\n"
    "-- A call of several people.\n"
    "create table call (  -- @table 18 @scope user(owner_id) grants(call_guest.user_id) @insert rep\n"
    "  id blob not null primary key,  -- @column 1\n"
    "  owner_id blob,                 -- @column 2 @ref app_user\n" STAMPS
    "-- Who takes part in a call.\n"
    "create table call_guest (  -- @table 19 @scope follows(call_id) @insert rep\n"
    "  call_id blob not null,         -- @column 1 @ref call\n"
    "  user_id blob not null,         -- @column 2 @ref app_user\n"
    "  deleted_at integer,            -- @column 63\n"
    "  created_at integer, created_by blob, updated_at integer, updated_by blob,"
    " gsn integer not null default 0,\n"
    "  primary key (call_id, user_id)\n) strict, without rowid;\n";

static const char world_derived[] =
    "create index customer_by_name on customer (name);\n"
    "create index customer_by_owner on customer (owner_id, name);\n"
    "create view engine_user as select id as user_id, active from app_user;\n"
    "create view engine_role as select id as user_id, role from app_user"
    " where role is not null;\n"
    "create view engine_scope as select id as user_id, 'user' as kind, id as target_id,"
    " null as role from app_user union all"
    " select id, 'hq', null, null from app_user where confined = 0;\n";

static const char world_commands[] =
    "-- @command customer.add  Add a customer.\n"
    "-- @roles rep\n"
    "-- @param id newid\n"
    "-- @param name text(60)\n"
    "-- @param note text(50)?\n"
    "insert into customer (id, name, note, owner_id) values (:id, :name, :note, actor());\n"
    "select id, name, visits from customer where id = :id;\n"
    "-- @command customer.hand_over  Give it away.\n"
    "-- @param customer id(customer)\n"
    "-- @param to id(app_user)\n"
    "update customer set owner_id = :to where id = :customer;\n"
    "select id, name from customer where id = :customer;\n"
    "-- @command call.leave  No part in it any more.\n"
    "-- @param call id(call)\n"
    "update call_guest set deleted_at = 1 where call_id = :call and user_id = actor();\n"
    "-- @command conflict.restore  Puts a value back.\n"
    "-- @param conflict id(conflict)\n"
    "select apply_cell(table_number, row_key, column_number, loser_value)"
    " from conflict where id = :conflict;\n"
    "-- @command customer.rename_all  Every one that one sees.\n"
    "-- @param name text(60)\n"
    "update customer as c set name = :name where name = 'a' or c.name = 'b';\n"
    "-- @command customer.tag_any  By an id that nobody looked up.\n"
    "-- @param customers json\n"
    "insert into customer_tag (customer_id, user_id)\n"
    "select cast(x.value as blob), actor() from json_each(:customers) x where true\n"
    "    on conflict (customer_id, user_id) do update set weight = weight + 1;\n"
    "-- @command bad.schema  Names the tables' schema.\n"
    "update main.customer set name = 'x' where id is not null;\n"
    "-- @command customer.rename  Rename.\n"
    "-- @roles rep manager\n"
    "-- @param customer id(customer)\n"
    "-- @param name text(60)\n"
    "update customer set name = :name where id = :customer;\n"
    "-- @command customer.visit  Count visits.\n"
    "-- @roles rep\n"
    "-- @param customer id(customer)\n"
    "-- @param times int(-50..50)=1\n"
    "update customer set visits = visits + :times where id = :customer;\n"
    "-- @command customer.price  Set the price; not the currency.\n"
    "-- @roles rep\n"
    "-- @param customer id(customer)\n"
    "-- @param price money\n"
    "update customer set price_minor = :price where id = :customer;\n"
    "-- @command customer.grade  For managers.\n"
    "-- @roles rep manager\n"
    "-- @param customer id(customer)\n"
    "-- @param grade text(10)\n"
    "update customer set grade = :grade where id = :customer;\n"
    "-- @command customer.tag  Tag it.\n"
    "-- @roles rep\n"
    "-- @param customer id(customer)\n"
    "insert into customer_tag (customer_id, user_id) values (:customer, actor())"
    " on conflict do update set weight = weight + 1;\n"
    "-- @command customer.two  Two rows or none.\n"
    "-- @roles rep\n"
    "-- @param name text(60)\n"
    "-- @param ok bool\n"
    "insert into customer (id, name, owner_id) values (new_id(), :name, actor());\n"
    "insert into customer (id, name, owner_id) values (new_id(), :name || '2', actor());\n"
    "select require(:ok, 'customer.refused', 'ok', 'It said no.');\n"
    "-- @command customer.touch  Changes nothing.\n"
    "-- @may_noop\n"
    "-- @param customer id(customer)\n"
    "update customer set name = name where id = :customer;\n"
    "-- @command customer.same  Changes nothing and must.\n"
    "-- @param customer id(customer)\n"
    "update customer set name = name where id = :customer;\n"
    "-- @command bad.delete  Deletes.\n"
    "-- @param customer id(customer)\n"
    "delete from customer where id = :customer;\n"
    "-- @command bad.stamp  Stamps.\n"
    "-- @param customer id(customer)\n"
    "update customer set gsn = 7 where id = :customer;\n"
    "-- @command bad.engine  Meddles.\n"
    "-- @param customer id(customer)\n"
    "update station_progress set cursor = 7 where id = 1 and :customer is not null;\n";

static const char world_queries[] =
    "-- @query customer.list  All customers.\n"
    "-- @param like text(50)?\n"
    "select id, name, visits, price_minor, currency, note, grade, gsn from customer"
    " where :like is null or name like :like order by name;\n"
    "-- @query customer.secret  For managers.\n"
    "-- @roles manager\n"
    "select count(*) as n from customer;\n"
    "-- @query value.kinds  Odd values.\n"
    "select 9007199254740993 as big, 1.5 as real, null as empty, x'0102' as blob,"
    " 'a\"b\\c' || char(10) || char(1) as text, 9e999 as endless;\n"
    "-- @query notice.list  Nothing.\n"
    "select 1 as one where 0;\n";

static const char world_rules[] =
    "-- @rule customer.no_devil  Nobody is called 666.\n"
    "-- @tables customer\n"
    "-- @since 1\n"
    "select c.row_key as row_key, 'name' as field from changed c"
    " where c.table_name = 'customer' and c.column_name = 'name' and c.new_text = '666';\n";

/* --- the world ----------------------------------------------------------------------------- */

enum { WORLD_PEOPLE = 2 };

struct world {
    struct world_clock clock;
    struct env env;
    char home[64];
    struct embedded_file files[12];
    size_t file_count;
    struct sign_keys server_keys;
    struct certificate certificate;
    struct id people[WORLD_PEOPLE];
    satchel *station;
    satchel_session *session; /* of people[0] */
    /* headquarters */
    /* Anything but a sync; NULL: there is nothing else. */
    int (*answer_other)(struct world *world, const struct transport_request *request,
                        struct buffer *ret_body, int *ret_status, struct error *error);
    int (*answer)(struct world *world, const struct sync_request *request,
                  struct sync_response *response);
    /* What becomes of a request for another key: the code of a refusal, or "". */
    const char *(*rekey)(struct world *world, const struct device_request *request);
    bool answer_lost; /* of the next request for another key */
    int rekeyed;
    struct row_chunk chunk; /* rows of the next answer */
    struct buffer rows;
    int requests;
    int bundles; /* in the last request */
    bool unreachable;
    int stop_after;    /* requests; then the line is cut. 0: never */
    int64_t ms_per_kb; /* how slow the line is */
    bool wrong_key;
    int64_t hq_ahead_ms; /* of the station's wall clock */
    int64_t gsn;
    struct verdict verdicts[4096];
    size_t verdict_count;
    struct bundle_answer answers[LIMIT_BUNDLES_OF_REQUEST];
    struct arena arena;
    int step; /* for scripts */
};

static inline struct id world_id(uint8_t n) {
    struct id id;
    memset(id.bytes, n, ID_SIZE);
    return id;
}

static inline void world_keys(uint8_t n, struct sign_keys *ret) {
    uint8_t seed[SIGN_SEED];
    memset(seed, n, sizeof seed);
    seal_keys(seed, ret);
}

static inline void world_ok(int failed, const satchel_error *error) {
    if (failed)
        fail_msg("%s: %s (%s)", error->code, error->message, error->field);
}

static inline char *world_read_file(const char *path) {
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    char *text = calloc(1, 64 * 1024);
    assert_true(fread(text, 1, 64 * 1024 - 1, file) > 0);
    fclose(file);
    return text;
}

static inline void world_catalogue(struct world *world) {
    static const struct {
        const char *path;
        const char *text;
    } files[] = {
        {"commands/test.sql", world_commands}, {"derived/test.sql", world_derived},
        {"queries/test.sql", world_queries},   {"rules/test.sql", world_rules},
        {"tables/engine.sql", NULL},           {"tables/test.sql", world_tables}};
    for (size_t i = 0; i < 6; i++) {
        const char *text = files[i].text ? files[i].text
                                         : world_read_file(SATCHEL_SOURCE_DIR
                                                           "/schema/tables/engine.sql");
        world->files[i] = (struct embedded_file){files[i].path, text, strlen(text)};
    }
    world->file_count = 6;
}

/* A child of the device, or the same under its new key, as the path says. */
static inline void world_rekey(struct world *world, const struct device_request *request,
                               bool child, struct buffer *ret_body) {
    struct certificate *certificate = &world->certificate;
    struct buffer inner = buffer_make(65536);
    struct buffer envelope = buffer_make(65536);
    struct buffer body = buffer_make(65536);
    if (memcmp(&certificate->device_key, &request->new_key, SIGN_PUBLIC) != 0) {
        world->rekeyed++;
        certificate->device_key = request->new_key;
        if (child) {
            certificate->parent = certificate->device;
            certificate->device = world_id((uint8_t)(0x20 + world->rekeyed));
            snprintf(certificate->code, sizeof certificate->code, "C%d", world->rekeyed);
        }
    }
    certificate_encode(certificate, &inner);
    envelope_seal(buffer_bytes(&inner), "satchel certificate", &world->server_keys,
                  &envelope);
    struct enrol_response response = {.certificate = buffer_bytes(&envelope),
                                      .schema_version = SCHEMA_VERSION};
    enrol_response_encode(&response, &body);
    envelope_seal(buffer_bytes(&body),
                  child ? "satchel reenrol response" : "satchel rotate response",
                  &world->server_keys, ret_body);
    buffer_free(&inner);
    buffer_free(&envelope);
    buffer_free(&body);
}

/* POST /v1/reenrol and /v1/rotate. */
static inline int world_post_device(struct world *world,
                                    const struct transport_request *request,
                                    struct buffer *ret_body, int *ret_status,
                                    struct error *error) {
    bool child = strcmp(request->path, "/v1/reenrol") == 0;
    struct handover handover;
    struct device_request decoded;
    assert_true(child || strcmp(request->path, "/v1/rotate") == 0);
    assert_int_equal(handover_open(request->body, &handover, NULL), 0);
    assert_int_equal(device_request_decode(handover.inner.body, &decoded, NULL), 0);
    const char *code = world->rekey ? world->rekey(world, &decoded) : "device.unknown";
    if (!code[0]) {
        struct sign_public former = world->certificate.device_key;
        if (memcmp(&former, &decoded.new_key, SIGN_PUBLIC) != 0)
            assert_int_equal(handover_verify(&handover,
                                             child ? "satchel reenrol request"
                                                   : "satchel rotate request",
                                             &former, &decoded.new_key, NULL),
                             0);
        world_rekey(world, &decoded, child, ret_body);
    } else {
        struct error failure = {.message = "refused"};
        snprintf(failure.code, sizeof failure.code, "%s", code);
        failure_encode(&failure, ret_body);
    }
    *ret_status = code[0] ? 409 : 200;
    if (!world->answer_lost)
        return 0;
    world->answer_lost = false;
    return error_set(error, "transport.timeout", "", "the answer got lost");
}

/* Answers as the script says, signed. */
static inline int world_post(void *context, const struct transport_request *request,
                             struct buffer *ret_body, int *ret_status,
                             struct error *error) {
    struct world *world = context;
    struct envelope envelope;
    struct sync_request decoded = {0};
    struct sync_response response = {0};
    struct sign_public device_key;
    if (world->unreachable || (world->stop_after && world->requests >= world->stop_after))
        return error_set(error, "transport.unreachable", "", "the test is offline");
    world->clock.boot_ms += (int64_t)request->body.size * world->ms_per_kb / 1024;
    world->clock.wall_ms += (int64_t)request->body.size * world->ms_per_kb / 1024;
    if (world->answer_other && strcmp(request->path, "/v1/sync") != 0)
        return world->answer_other(world, request, ret_body, ret_status, error);
    if (strcmp(request->path, "/v1/sync") != 0)
        return world_post_device(world, request, ret_body, ret_status, error);
    arena_reset(&world->arena);
    assert_int_equal(envelope_open(request->body, &envelope, NULL), 0);
    memcpy(device_key.bytes, world->certificate.device_key.bytes, SIGN_PUBLIC);
    bool signed_by_it =
        envelope_verify(&envelope, "satchel sync request", &device_key, NULL) == 0;
    assert_true(signed_by_it || world->rekeyed > 0);
    if (!signed_by_it) {
        const struct error failure = {.code = "device.key_rotated",
                                      .message = "another key"};
        failure_encode(&failure, ret_body);
        *ret_status = 409;
        return 0;
    }
    assert_int_equal(sync_request_decode(envelope.body, &world->arena, &decoded, NULL),
                     0);
    world->requests++;
    world->bundles = (int)decoded.bundle_count;
    hash_blake2b(envelope.body, response.request_hash);
    response.hq_time = world->clock.wall_ms + world->hq_ahead_ms;
    response.schema_version = SCHEMA_VERSION;
    response.epoch = 1;
    response.digest_rows = -1;
    response.head = decoded.cursor;
    int status = world->answer ? world->answer(world, &decoded, &response) : 200;
    struct buffer body = buffer_make(LIMIT_RESPONSE);
    if (status == 200) {
        struct sign_keys keys = world->server_keys;
        if (world->wrong_key)
            world_keys(9, &keys);
        assert_int_equal(sync_response_encode(&response, &body, NULL), 0);
        envelope_seal(buffer_bytes(&body), "satchel sync response", &keys, ret_body);
    } else {
        struct error failure = {.code = "device.revoked", .message = "revoked"};
        if (status == 507)
            failure = (struct error){.code = "database.full", .message = "disk full"};
        failure_encode(&failure, ret_body);
    }
    buffer_free(&body);
    scope_set_free(&decoded.held);
    scope_set_free(&response.gained);
    scope_set_free(&response.lost);
    *ret_status = status;
    return 0;
}

/* Puts world->chunk into the answer as its rows. */
static inline void world_send_rows(struct world *world, struct sync_response *response) {
    buffer_reset(&world->rows);
    assert_int_equal(rows_encode(&world->chunk, &world->rows, NULL), 0);
    response->rows = buffer_bytes(&world->rows);
    for (size_t i = 0; i < world->chunk.group_count; i++)
        response->row_count += (int64_t)world->chunk.groups[i].row_count;
}

/* Takes every bundle of the request: each transaction gets the next gsn and `kind`. */
static inline void world_take_bundles(struct world *world,
                                      const struct sync_request *request,
                                      struct sync_response *response,
                                      enum verdict_kind kind) {
    world->verdict_count = 0;
    for (size_t i = 0; i < request->bundle_count; i++) {
        struct bundle_envelope envelope;
        struct transaction *transactions;
        size_t count;
        struct bundle_answer *answer = &world->answers[i];
        assert_int_equal(bundle_open(request->bundles[i], &envelope, NULL), 0);
        assert_int_equal(
            bundle_read(&envelope, &world->arena, &transactions, &count, NULL), 0);
        *answer =
            (struct bundle_answer){.number = envelope.header.number,
                                   .accepted = true,
                                   .code = "",
                                   .message = "",
                                   .expected_number = envelope.header.number + 1,
                                   .verdicts = world->verdicts + world->verdict_count,
                                   .verdict_count = count};
        assert_true(world->verdict_count + count <= 4096);
        for (size_t j = 0; j < count; j++)
            world->verdicts[world->verdict_count++] =
                (struct verdict){.transaction = transactions[j].id,
                                 .kind = kind,
                                 .gsn = ++world->gsn,
                                 .time = transactions[j].time,
                                 .code = kind == VERDICT_REFUSED ? "rule.broken" : "",
                                 .field = "",
                                 .message = ""};
    }
    response->answers = world->answers;
    response->answer_count = request->bundle_count;
    response->head = world->gsn;
}

/* Takes every bundle of the request without a word about what became of it: the work stays pending. */
static inline void world_keep_waiting(struct world *world,
                                      const struct sync_request *request,
                                      struct sync_response *response) {
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
}

/* Answers (world->answer): every transaction is merged, or refused. */
static inline int answer_merged(struct world *world, const struct sync_request *request,
                                struct sync_response *response) {
    world_take_bundles(world, request, response, VERDICT_MERGED);
    return 200;
}

static inline int answer_refused(struct world *world, const struct sync_request *request,
                                 struct sync_response *response) {
    world_take_bundles(world, request, response, VERDICT_REFUSED);
    return 200;
}

static inline void world_enrol(struct world *world) {
    char path[HOME_PATH];
    struct error error = {0};
    struct catalogue *catalogue = NULL;
    struct replica *replica = NULL;
    struct sign_keys keys;
    struct sign_public server_key;
    struct buffer body = buffer_make(65536);
    struct buffer envelope = buffer_make(65536);
    if (home_make(world->home, &error) != 0 ||
        home_keys(world->home, &world->env, true, &keys, &error) != 0 ||
        catalogue_load(world->files, world->file_count, &catalogue, &error) != 0 ||
        home_file(world->home, "replica.db", path, &error) != 0 ||
        replica_open(path, true, catalogue, &world->env, &replica, &error) != 0)
        fail_msg("%s: %s", error.code, error.message);
    world->certificate = (struct certificate){.org = world_id(1),
                                              .device = world_id(2),
                                              .code = "7K",
                                              .name = "test",
                                              .ceiling = "rep manager",
                                              .actor_count = WORLD_PEOPLE};
    memcpy(world->certificate.device_key.bytes, keys.public_key, SIGN_PUBLIC);
    memcpy(world->certificate.actors, world->people, sizeof world->people);
    certificate_encode(&world->certificate, &body);
    envelope_seal(buffer_bytes(&body), "satchel certificate", &world->server_keys,
                  &envelope);
    struct enrol_response response = {
        .certificate = buffer_bytes(&envelope), .org_name = "Test Ltd", .epoch = 1};
    memcpy(server_key.bytes, world->server_keys.public_key, SIGN_PUBLIC);
    struct enrolment enrolment = {&response, &server_key, "http://hq.test", NULL};
    assert_int_equal(identity_save(replica, &enrolment, &error), 0);
    replica_close(replica);
    catalogue_free(catalogue);
    buffer_free(&body);
    buffer_free(&envelope);
}

static inline void world_open(struct world *world) {
    satchel_error error = {0};
    struct station_setup setup = {
        .home = world->home,
        .env = &world->env,
        .files = world->files,
        .file_count = world->file_count,
        .transport = {.context = world, .post = world_post},
    };
    world_ok(station_open(&setup, &world->station, (struct error *)(void *)&error),
             &error);
    char text[ID_TEXT_SIZE];
    id_format(world->people[0], text);
    world_ok(satchel_sign_in(world->station, text, NULL, &world->session, &error),
             &error);
}

static inline void world_close(struct world *world) {
    satchel_close(world->station);
    world->station = NULL;
    world->session = NULL;
}

/* Writes to the replica as headquarters' rows would come: for the making of a test's beginning. */
static inline void world_sql(struct world *world, const char *sql) {
    char *message = NULL;
    if (sqlite3_exec(world->station->writer->db, sql, NULL, NULL, &message) != SQLITE_OK)
        fail_msg("%s: %s", sql, message);
}

static inline int64_t world_integer(struct world *world, const char *sql) {
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(world->station->writer->db, sql, -1, &statement, NULL) !=
        SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(world->station->writer->db));
    int64_t value =
        sqlite3_step(statement) == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : -1;
    sqlite3_finalize(statement);
    return value;
}

/* The first column as text, "" when there is none; to be freed by the arena of the world. */
static inline const char *world_text(struct world *world, const char *sql) {
    static char room[4096];
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(world->station->writer->db, sql, -1, &statement, NULL) !=
        SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(world->station->writer->db));
    room[0] = '\0';
    if (sqlite3_step(statement) == SQLITE_ROW)
        snprintf(room, sizeof room, "%s", column_text(statement, 0));
    sqlite3_finalize(statement);
    return room;
}

/* Two people: anna (rep) and dustin (manager). */
static inline int world_setup_with(void **state, const struct embedded_file *more,
                                   size_t more_count) {
    struct world *world = calloc(1, sizeof *world);
    assert_non_null(world);
    world->clock = (struct world_clock){WORLD_NOW_MS, 1000000, 1, 42, 0};
    world->env = (struct env){&world->clock, world_wall,   world_boot,
                              world_boot_id, world_random, world_sleep};
    world->people[0] = world_id(0xa1);
    world->people[1] = world_id(0xd1);
    world->rows = buffer_make(LIMIT_RESPONSE);
    world->arena = arena_make(1U << 28);
    const char *folder = getenv("TMPDIR");
    snprintf(world->home, sizeof world->home, "%.40s/satchel-test-XXXXXX",
             folder ? folder : "/tmp");
    assert_non_null(mkdtemp(world->home));
    assert_int_equal(seal_start(NULL), 0);
    world_keys(3, &world->server_keys);
    world_catalogue(world);
    for (size_t i = 0; i < more_count; i++)
        world->files[world->file_count++] = more[i];
    world_enrol(world);
    world_open(world);
    world_sql(world,
              "insert into app_user (id, name, code, role, gsn) values"
              " (x'a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1', 'Anna', 'AN', 'rep', 1),"
              " (x'd1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1', 'Dustin', 'DU', 'manager', 2)");
    world_sql(world, "update station_progress set cursor = 2");
    world->gsn = 2;
    *state = world;
    return 0;
}

static inline int world_setup(void **state) {
    return world_setup_with(state, NULL, 0);
}

static inline int world_teardown(void **state) {
    struct world *world = *state;
    world_close(world);
    const char *const files[] = {"replica.db", "replica.db-wal",  "replica.db-shm",
                                 "device.key", "device.key.next", "sync.lock"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char path[256];
        snprintf(path, sizeof path, "%s/%s", world->home, files[i]);
        unlink(path);
    }
    rmdir(world->home);
    free((void *)(uintptr_t)world->files[4].text);
    buffer_free(&world->rows);
    arena_free(&world->arena);
    free(world);
    return 0;
}

/* --- doing ------------------------------------------------------------------------------------ */

static inline void world_do(struct world *world, const char *command, const char *json) {
    satchel_error error = {0};
    world_ok(satchel_do(world->session, command, json, NULL, &error), &error);
}

static inline void world_refuses(struct world *world, const char *command,
                                 const char *json, const char *code) {
    satchel_error error = {0};
    char *result = NULL;
    assert_int_not_equal(satchel_do(world->session, command, json, &result, &error), 0);
    assert_null(result);
    if (strcmp(error.code, code) != 0)
        fail_msg("expected %s, got %s: %s", code, error.code, error.message);
}

static inline void world_sync(struct world *world) {
    satchel_error error = {0};
    satchel_sync_report report;
    world_ok(satchel_sync(world->station, NULL, NULL, &report, &error), &error);
}

/* The changes of the newest outbox entry, in words: "insert customer 02=text ..." */
static inline const char *world_last_changes(struct world *world) {
    static char room[4096];
    struct change *changes;
    size_t count;
    size_t used = 0;
    sqlite3_stmt *statement = NULL;
    room[0] = '\0';
    sqlite3_prepare_v2(
        world->station->writer->db,
        "select changes from station_outbox order by position desc limit 1", -1,
        &statement, NULL);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    assert_int_equal(
        changes_decode(column_bytes(statement, 0), &world->arena, &changes, &count, NULL),
        0);
    for (size_t i = 0; i < count; i++) {
        used += (size_t)snprintf(
            room + used, sizeof room - used, "%s%s %d:", i ? "; " : "",
            changes[i].operation == ROW_INSERT ? "insert" : "update", changes[i].table);
        for (size_t j = 0; j < changes[i].cell_count; j++) {
            struct value value = changes[i].cells[j].value;
            used += (size_t)snprintf(room + used, sizeof room - used,
                                     " %d=", changes[i].cells[j].column);
            used += (size_t)(value.type == VALUE_INTEGER
                                 ? snprintf(room + used, sizeof room - used, "%lld",
                                            (long long)value.integer)
                             : value.type == VALUE_TEXT
                                 ? snprintf(room + used, sizeof room - used, "%.*s",
                                            (int)value.bytes.size,
                                            (const char *)value.bytes.data)
                                 : snprintf(room + used, sizeof room - used, "%s",
                                            value.type == VALUE_NULL ? "null" : "id"));
        }
    }
    sqlite3_finalize(statement);
    return room;
}

#endif
