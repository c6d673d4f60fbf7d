/*
 * Signing in: who is meant, and that guessing a secret gets slower.
 */
#include "tests/unit/client-core/world.h"

#include <sched.h>
#include <stdatomic.h>

#include "client-core/people.h"
#include "tests/support/lacking.h"

static int try_secret(struct world *world, const char *secret, satchel_error *error) {
    satchel_session *session = NULL;
    int failed = satchel_sign_in(world->station, "AN", secret, &session, error);
    satchel_sign_out(session);
    return failed;
}

static void people_are_found(void **state) {
    struct world *world = *state;
    satchel_error error = {0};
    satchel_session *session;
    assert_int_not_equal(satchel_sign_in(world->station, NULL, NULL, &session, &error),
                         0);
    assert_string_equal(error.code, "sign_in.ambiguous");
    assert_non_null(strstr(error.message, "Dustin"));
    assert_int_not_equal(
        satchel_sign_in(world->station, "Melvin", NULL, &session, &error), 0);
    assert_string_equal(error.code, "sign_in.unknown");
    world_ok(satchel_sign_in(world->station, " dustin ", NULL, &session, &error), &error);
    world_sql(world, "update app_user set active = 0 where name = 'Dustin'");
    assert_int_not_equal(satchel_sign_in(world->station, "DU", NULL, &session, &error),
                         0);
    assert_string_equal(error.code, "sign_in.inactive");
}

/* What a console at headquarters is: everybody may sign in, and nobody is named to a stranger. */
static void everyone_is_found(void **state) {
    struct world *world = *state;
    satchel_error error = {0};
    satchel_session *session;
    struct certificate *certificate = &world->station->identity.certificate;
    certificate->everyone = true;
    certificate->actor_count = 0;
    world_ok(satchel_sign_in(world->station, " dustin ", NULL, &session, &error), &error);
    const char *const unknown[] = {"Nobody", "00000000000000000000000000000000"};
    for (size_t i = 0; i < 2; i++) {
        assert_int_not_equal(
            satchel_sign_in(world->station, unknown[i], NULL, &session, &error), 0);
        assert_string_equal(error.code, "sign_in.unknown");
        assert_null(strstr(error.message, "Dustin"));
    }
    assert_int_not_equal(satchel_sign_in(world->station, NULL, NULL, &session, &error),
                         0);
    assert_string_equal(error.code, "sign_in.ambiguous");
    world_sql(world, "update app_user set active = 0 where name = 'Dustin'");
    assert_int_not_equal(satchel_sign_in(world->station, "DU", NULL, &session, &error),
                         0);
    assert_string_equal(error.code, "sign_in.inactive");
    certificate->everyone = false;
}

static void guessing_gets_slower(void **state) {
    struct world *world = *state;
    satchel_error error = {0};
    world_ok(satchel_set_secret(world->session, "1234", &error), &error);
    assert_int_not_equal(satchel_set_secret(world->session, "123", &error), 0);
    assert_string_equal(error.code, "secret.short");
    assert_int_not_equal(try_secret(world, NULL, &error), 0);
    assert_string_equal(error.code, "sign_in.secret");
    world_ok(try_secret(world, "1234", &error), &error);
    for (int i = 0; i < 5; i++) {
        assert_int_not_equal(try_secret(world, "0000", &error), 0);
        assert_string_equal(error.code, "sign_in.secret");
    }
    assert_int_not_equal(try_secret(world, "1234", &error), 0);
    assert_string_equal(error.code, "sign_in.wait");
    world_close(world);
    world->clock.boot = 2; /* starting again does not help */
    assert_int_equal(world->session == NULL, 1);
    satchel_error opening = {0};
    struct station_setup setup = {.home = world->home,
                                  .env = &world->env,
                                  .files = world->files,
                                  .file_count = world->file_count,
                                  .transport = {.context = world, .post = world_post}};
    world_ok(station_open(&setup, &world->station, (struct error *)(void *)&opening),
             &opening);
    assert_int_not_equal(try_secret(world, "1234", &error), 0);
    assert_string_equal(error.code, "sign_in.wait");
    world->clock.wall_ms += 31000;
    assert_int_not_equal(try_secret(world, "0000", &error), 0);
    assert_string_equal(error.code, "sign_in.secret");
    world->clock.wall_ms += 31000;
    assert_int_not_equal(try_secret(world, "1234", &error), 0);
    assert_string_equal(error.code, "sign_in.wait"); /* a minute now */
    world->clock.wall_ms += 30000;
    world_ok(try_secret(world, "1234", &error), &error);
    assert_int_equal(world_integer(world, "select failures from station_credential"), 0);
}

/* Two tries that began together: each counts, and the wait that one brought about holds for the other. */
static void tries_at_once(void **state) {
    struct world *world = *state;
    struct error error = {0};
    satchel_error setting = {0};
    struct secret_try tries[6];
    struct replica *writer = world->station->writer;
    const struct id *user = &world->session->user;
    world_ok(satchel_set_secret(world->session, "1234", &setting), &setting);
    for (int i = 0; i < 6; i++)
        assert_int_equal(secret_begin(writer, user, "1234", &tries[i], &error), 0);
    assert_true(secret_matches(&tries[0], "1234"));
    assert_false(secret_matches(&tries[0], "0000"));
    for (int i = 0; i < 5; i++) {
        assert_int_equal(secret_finish(writer, user, &tries[i], false, &error), -1);
        assert_string_equal(error.code, "sign_in.secret");
    }
    assert_int_equal(secret_finish(writer, user, &tries[5], true, &error), -1);
    assert_string_equal(error.code, "sign_in.wait");
    world->clock.wall_ms += 31000;
    assert_int_equal(secret_begin(writer, user, "1234", &tries[0], &error), 0);
    assert_int_equal(secret_begin(writer, user, "1234", &tries[1], &error), 0);
    assert_int_equal(secret_finish(writer, user, &tries[0], true, &error), 0);
    /* Changed meanwhile: what was compared is not the secret any more. */
    world_ok(satchel_set_secret(world->session, "5678", &setting), &setting);
    assert_int_equal(secret_finish(writer, user, &tries[1], true, &error), -1);
    assert_string_equal(error.code, "sign_in.secret");
}

struct watching {
    struct satchel *station;
    atomic_bool ready;
    atomic_bool ended;
    int64_t longest_ms; /* that the station was kept */
};

static int64_t clock_now(void) {
    return env_system()->boot_ms(env_system()->context);
}

static void *watch(void *context) {
    struct watching *watching = context;
    while (!atomic_load(&watching->ended)) {
        int64_t began = clock_now();
        pthread_mutex_lock(&watching->station->write_lock);
        pthread_mutex_unlock(&watching->station->write_lock);
        int64_t took = clock_now() - began;
        if (took > watching->longest_ms)
            watching->longest_ms = took;
        atomic_store(&watching->ready, true);
        sched_yield();
    }
    return NULL;
}

/* Others work on meanwhile, and do not notice that somebody exists whose secret is tried. */
static void a_try_does_not_keep_the_station(void **state) {
    struct world *world = *state;
    satchel_error error = {0};
    if (LACKING(THREADS))
        skip();
    int64_t least = INT64_MAX;
    world_ok(satchel_set_secret(world->session, "1234", &error), &error);
    int64_t began = clock_now();
    assert_int_not_equal(try_secret(world, "0000", &error), 0);
    int64_t whole = clock_now() - began;
    for (int i = 0; i < 3; i++) {
        struct watching watching = {.station = world->station};
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, watch, &watching), 0);
        while (!atomic_load(&watching.ready))
            sched_yield();
        assert_int_not_equal(try_secret(world, "0000", &error), 0);
        assert_string_equal(error.code, "sign_in.secret");
        atomic_store(&watching.ended, true);
        pthread_join(thread, NULL);
        least = watching.longest_ms < least ? watching.longest_ms : least;
    }
    assert_true(least < whole / 2);
}

static void a_session_ends_with_its_secret(void **state) {
    struct world *world = *state;
    satchel_error error = {0};
    satchel_session *other = NULL;
    world_ok(satchel_session_check(world->session, &error), &error);
    world_ok(satchel_sign_in(world->station, "Anna", NULL, &other, &error), &error);
    world_ok(satchel_set_secret(world->session, "1234", &error), &error);
    world_ok(satchel_session_check(world->session, &error), &error); /* his own doing */
    assert_int_not_equal(satchel_session_check(other, &error), 0);
    assert_string_equal(error.code, "sign_in.secret");
    world_ok(station_renew_session(other, (struct error *)(void *)&error), &error);
    world_ok(satchel_session_check(other, &error), &error);
    /* The same secret given anew is another one; none is another one too. */
    world_ok(satchel_set_secret_for(world->station, "Anna", "1234", &error), &error);
    assert_int_not_equal(satchel_session_check(other, &error), 0);
    world_ok(station_renew_session(other, (struct error *)(void *)&error), &error);
    world_ok(satchel_set_secret_for(world->station, "Anna", NULL, &error), &error);
    assert_int_not_equal(satchel_session_check(other, &error), 0);
    world_ok(station_renew_session(other, (struct error *)(void *)&error), &error);
    world_sql(world, "update app_user set active = 0 where name = 'Anna'");
    assert_int_not_equal(satchel_session_check(other, &error), 0);
    assert_string_equal(error.code, "sign_in.inactive");
    satchel_sign_out(other);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(people_are_found),
        TEST(everyone_is_found),
        TEST(guessing_gets_slower),
        TEST(tries_at_once),
        TEST(a_try_does_not_keep_the_station),
        TEST(a_session_ends_with_its_secret),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
