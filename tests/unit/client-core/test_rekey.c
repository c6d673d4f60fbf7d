/*
 * A station that goes on under another key: after a fork, and when its key is replaced.
 */
#include "tests/unit/client-core/world.h"

#include "client-core/rekey.h"

#define C1 "c1c1c1c1-c1c1-c1c1-c1c1-c1c1c1c1c1c1"
static const char add_c1[] = "{\"id\": \"" C1 "\", \"name\": \"Acme\"}";

static const char *sync_fails(struct world *world) {
    static satchel_error error;
    error = (satchel_error){0};
    assert_int_not_equal(satchel_sync(world->station, NULL, NULL, NULL, &error), 0);
    return error.code;
}

static const char *agreed(struct world *world, const struct device_request *request) {
    (void)world;
    (void)request;
    return "";
}

static int64_t setting(struct world *world, const char *name) {
    char sql[128];
    snprintf(sql, sizeof sql, "select value from station_setting where name = '%s'",
             name);
    return world_integer(world, sql);
}

/* Bundles of the device that the world began with are refused as a fork; a child's are merged. */
static int fork_of_the_first(struct world *world, const struct sync_request *request,
                             struct sync_response *response) {
    world_take_bundles(world, request, response, VERDICT_MERGED);
    for (size_t i = 0; i < request->bundle_count; i++) {
        struct bundle_envelope envelope;
        assert_int_equal(bundle_open(request->bundles[i], &envelope, NULL), 0);
        if (!id_equal(envelope.header.device, world_id(2)))
            continue;
        world->answers[i] =
            (struct bundle_answer){.number = envelope.header.number,
                                   .code = i == 0 ? "bundle.fork" : "bundle.chain",
                                   .message = "cloned",
                                   .expected_number = 9};
    }
    return 200;
}

static int merge_all(struct world *world, const struct sync_request *request,
                     struct sync_response *response) {
    world_take_bundles(world, request, response, VERDICT_MERGED);
    return 200;
}

/* --- forks ------------------------------------------------------------------------------------------ */

static void a_fork_goes_on_as_a_child(void **state) {
    struct world *world = *state;
    world->rekey = agreed;
    world->answer = merge_all;
    world_do(world, "customer.add", add_c1);
    world_sync(world); /* answered: stays the parent's */
    world->answer = fork_of_the_first;
    world_do(world, "customer.add", "{\"name\": \"waiting\"}");
    char id[64];
    snprintf(id, sizeof id, "%s",
             world_text(world, "select hex(id) from station_outbox order by position"
                               " desc limit 1"));
    world_sync(world);
    assert_int_equal(world->rekeyed, 1);
    assert_int_equal(world_integer(world, "select count(*) from station_outbox"
                                          " where verdict is null"),
                     0);
    assert_string_equal(id,
                        world_text(world, "select hex(id) from station_outbox order by"
                                          " position desc limit 1"));
    assert_string_equal(world_text(world,
                                   "select group_concat(hex(substr(device, 1, 1)) ||"
                                   " number) from station_bundle"),
                        "021,1"); /* each chain begins with 1 */
    assert_int_equal(setting(world, "forks"), 1);
    assert_int_equal(setting(world, "fork_number"), 0);
    /* what is done now is the child's */
    assert_string_equal(world->station->identity.certificate.code, "C1");
    assert_string_equal(world->station->writer->functions.device_code, "C1");
    world_do(world, "customer.add", "{\"name\": \"b\"}");
    world_sync(world);
    assert_int_equal(
        world_integer(world,
                      "select max(number) from station_bundle where device is null"),
        2);
    world_close(world);
    world_open(world); /* with the new key */
    world_sync(world);
    assert_int_equal(world->rekeyed, 1);
}

static void a_lost_answer_asks_the_same_again(void **state) {
    struct world *world = *state;
    world->rekey = agreed;
    world->answer = fork_of_the_first;
    world->answer_lost = true;
    world_do(world, "customer.add", add_c1);
    assert_string_equal(sync_fails(world), "transport.timeout");
    world_close(world);
    world_open(world);
    world_sync(world);
    assert_int_equal(world->rekeyed, 1);
    assert_int_equal(world_integer(world, "select count(*) from station_outbox"
                                          " where verdict is null"),
                     0);
}

static const char *taken_once(struct world *world, const struct device_request *request) {
    static uint8_t first[HASH_SIZE];
    if (world->step++ == 0) {
        memcpy(first, request->hash, HASH_SIZE);
        return "reenrol.evidence";
    }
    assert_memory_not_equal(first, request->hash, HASH_SIZE);
    return "";
}

/* A copy of a copy has the same bundle to show: it makes another. */
static void evidence_that_was_used_is_made_anew(void **state) {
    struct world *world = *state;
    world->rekey = taken_once;
    world->answer = fork_of_the_first;
    world_do(world, "customer.add", add_c1);
    world_sync(world);
    assert_int_equal(world->step, 2);
    assert_int_equal(world->rekeyed, 1);
}

static const char *refused(struct world *world, const struct device_request *request) {
    (void)world;
    (void)request;
    return "reenrol.generations";
}

static const char *no_fork(struct world *world, const struct device_request *request) {
    (void)world;
    (void)request;
    return "reenrol.no_fork";
}

static void a_refusal_loses_nothing(void **state) {
    struct world *world = *state;
    world->answer = fork_of_the_first;
    world_do(world, "customer.add", add_c1);
    world->rekey = refused;
    assert_string_equal(sync_fails(world), "reenrol.generations");
    world->rekey =
        no_fork; /* headquarters contradicts itself: it is not asked for ever */
    assert_string_equal(sync_fails(world), "device.fork");
    assert_int_equal(setting(world, "fork"), 1);
    assert_int_equal(world_integer(world, "select count(*) from station_outbox"
                                          " where verdict is null"),
                     1);
    world->rekey = agreed;
    world_sync(world);
    assert_int_equal(setting(world, "fork"), 0);
    assert_int_equal(world_integer(world, "select count(*) from station_outbox"
                                          " where verdict is null"),
                     0);
}

/* --- a key is replaced --------------------------------------------------------------------------------- */

static void ask_for_rotation(struct world *world) {
    struct error error = {0};
    if (rekey_note_rotation(world->station->writer, &error) != 0)
        fail_msg("%s", error.message);
}

static void a_key_is_replaced(void **state) {
    struct world *world = *state;
    struct sign_public former = world->certificate.device_key;
    world->rekey = agreed;
    world->answer = merge_all;
    world_do(world, "customer.add", add_c1);
    ask_for_rotation(world);
    world->answer_lost = true;
    assert_string_equal(sync_fails(world), "transport.timeout");
    world_sync(world);
    assert_int_equal(world->rekeyed, 1);
    assert_memory_not_equal(&former, &world->station->identity.certificate.device_key,
                            sizeof former);
    assert_true(id_equal(world->station->identity.certificate.device, world_id(2)));
    assert_int_equal(setting(world, "rotate_number"), 0);
    world_close(world);
    world_open(world);
    world_do(world, "customer.add", "{\"name\": \"b\"}");
    world_sync(world);
    assert_int_equal(
        world_integer(world,
                      "select max(number) from station_bundle where device is null"),
        2);
}

/* Headquarters may have taken the new key already: what the former one seals now would be nobody's. */
static const char *damaged_once(struct world *world,
                                const struct device_request *request) {
    return world->step++ == 1 ? "message.signature" : agreed(world, request);
}

/* The answer to the first question got lost, the second question was damaged on its way: headquarters has the next key by
 * now, and so must the station. */
static void a_damaged_question_is_asked_again(void **state) {
    struct world *world = *state;
    struct sign_public former = world->certificate.device_key;
    world->rekey = damaged_once;
    world->answer = merge_all;
    ask_for_rotation(world);
    world->answer_lost = true;
    assert_string_equal(sync_fails(world), "transport.timeout");
    assert_string_equal(sync_fails(world), "device.key_rotated");
    world_sync(world);
    assert_int_equal(world->rekeyed, 1);
    assert_memory_not_equal(&former, &world->station->identity.certificate.device_key,
                            sizeof former);
}

static void nothing_is_sealed_meanwhile(void **state) {
    struct world *world = *state;
    satchel_error error = {0};
    satchel_parcel_report report;
    void *data = NULL;
    size_t size = 0;
    world->rekey = agreed;
    world->answer = merge_all;
    ask_for_rotation(world);
    world->answer_lost = true;
    assert_string_equal(sync_fails(world), "transport.timeout");
    world_do(world, "customer.add", add_c1);
    world_ok(satchel_bundle_export(world->station, &data, &size, &report, &error),
             &error);
    satchel_free(data);
    assert_int_equal(report.bundles, 0);
    world_sync(world);
    assert_int_equal(world_integer(world, "select count(*) from station_outbox"
                                          " where verdict is null"),
                     0);
}

/* Between the answer and the new key's place on disk the machine dies. */
static void a_new_key_finds_its_place_after_a_crash(void **state) {
    struct world *world = *state;
    char old_path[HOME_PATH];
    char next_path[HOME_PATH];
    world->rekey = agreed;
    ask_for_rotation(world);
    world_sync(world);
    world_close(world);
    assert_int_equal(home_file(world->home, "device.key", old_path, NULL), 0);
    assert_int_equal(home_file(world->home, "device.key.next", next_path, NULL), 0);
    assert_int_equal(rename(old_path, next_path), 0);
    FILE *file = fopen(old_path, "w"); /* the former key, overwritten half */
    assert_non_null(file);
    fclose(file);
    world_open(world);
    assert_false(home_has(world->home, "device.key.next"));
    world_sync(world);
}

static void another_certificate_is_not_taken(void **state) {
    struct world *world = *state;
    world->rekey = agreed;
    world->certificate.org = world_id(9);
    ask_for_rotation(world);
    assert_string_equal(sync_fails(world), "server.key");
    world->certificate.org = world_id(1);
    world->certificate.device = world_id(9);
    assert_string_equal(sync_fails(world), "server.key");
    world->certificate.device = world_id(2);
    world_sync(world);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_fork_goes_on_as_a_child),
        TEST(a_lost_answer_asks_the_same_again),
        TEST(evidence_that_was_used_is_made_anew),
        TEST(a_refusal_loses_nothing),
        TEST(a_key_is_replaced),
        TEST(a_damaged_question_is_asked_again),
        TEST(nothing_is_sealed_meanwhile),
        TEST(a_new_key_finds_its_place_after_a_crash),
        TEST(another_certificate_is_not_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
