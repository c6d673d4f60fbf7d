/*
 * Sessions, tokens, the key of a launch, names that nobody has.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "client-core/station.h"
#include "tools/web/token.h"

/* A clock that the test moves, the system's dice. */
struct place {
    struct env env;
    int64_t now_ms;
    struct satchel station; /* only what sessions touch */
    struct sessions *sessions;
};

static int64_t place_now(void *context) {
    return ((struct place *)context)->now_ms;
}

static int set_up(void **state) {
    struct place *place = calloc(1, sizeof *place);
    assert_non_null(place);
    place->env = *env_system();
    place->env.context = place;
    place->env.boot_ms = place_now;
    place->now_ms = 1000;
    pthread_mutex_init(&place->station.session_lock, NULL);
    *state = place;
    return 0;
}

static int tear_down(void **state) {
    struct place *place = *state;
    sessions_free(place->sessions);
    assert_null(place->station.sessions); /* every handle was given back */
    pthread_mutex_destroy(&place->station.session_lock);
    free(place);
    return 0;
}

static void make(struct place *place, size_t most, int64_t idle_ms) {
    struct error error = {0};
    assert_int_equal(sessions_make(most, idle_ms, &place->env, &place->sessions, &error),
                     0);
}

static satchel_session *handle_of(struct place *place) {
    satchel_session *handle = calloc(1, sizeof *handle);
    assert_non_null(handle);
    handle->station = &place->station;
    handle->next = place->station.sessions;
    place->station.sessions = handle;
    return handle;
}

static int add(struct place *place, const char *id, const char *user) {
    struct error error = {0};
    int failed = sessions_add(place->sessions, id, handle_of(place), user, &error);
    if (failed)
        assert_string_equal(error.code, "session.many");
    return failed;
}

static bool lives(struct place *place, const char *id) {
    struct session *session = sessions_hold(place->sessions, id, SESSION_IDLE);
    sessions_release(place->sessions, session);
    return session != NULL;
}

static void ids_are_long_and_never_the_same(void **state) {
    struct place *place = *state;
    char ids[2][SESSION_ID + 1];
    sessions_id(&place->env, ids[0]);
    sessions_id(&place->env, ids[1]);
    assert_int_equal(strlen(ids[0]), SESSION_ID);
    assert_string_not_equal(ids[0], ids[1]);
}

static void sessions_begin_and_end(void **state) {
    struct place *place = *state;
    make(place, 8, 0);
    assert_int_equal(add(place, "a", "ann"), 0);
    assert_int_equal(add(place, "b", "bob"), 0);
    struct session *held = sessions_hold(place->sessions, "a", SESSION_WORKS);
    assert_string_equal(held->user, "ann");
    sessions_end(place->sessions, "a");
    assert_false(lives(place, "a"));
    assert_non_null(held->handle); /* still good for who holds it */
    sessions_release(place->sessions, held);
    assert_true(lives(place, "b"));
    sessions_end(place->sessions, "nobody");
    assert_false(lives(place, ""));
    place->now_ms += 1000LL * 86400000; /* no idle time: for ever */
    assert_true(lives(place, "b"));
}

static void idle_sessions_end(void **state) {
    struct place *place = *state;
    make(place, 8, 1000);
    assert_int_equal(add(place, "a", "ann"), 0);
    assert_int_equal(add(place, "b", "bob"), 0);
    place->now_ms += 999;
    assert_true(lives(place, "a")); /* a look without use */
    sessions_release(place->sessions, sessions_hold(place->sessions, "b", SESSION_WORKS));
    place->now_ms += 1;
    assert_false(lives(place, "a"));
    assert_true(lives(place, "b"));
    place->now_ms += 999;
    assert_false(lives(place, "b"));
}

/* A page that is told of events asks again by itself: nobody may be in front of it. */
static void echoes_are_no_sign_of_life(void **state) {
    struct place *place = *state;
    make(place, 8, 10000);
    assert_int_equal(add(place, "a", "ann"), 0);
    place->now_ms += 9000;
    struct session *held = sessions_hold(place->sessions, "a", SESSION_IDLE);
    sessions_told(place->sessions, held);
    sessions_release(place->sessions, held);
    place->now_ms += 500;
    sessions_release(place->sessions, sessions_hold(place->sessions, "a", SESSION_LOOKS));
    place->now_ms += 500;
    assert_false(lives(place, "a"));
    assert_int_equal(add(place, "b", "ann"), 0);
    held = sessions_hold(place->sessions, "b", SESSION_IDLE);
    sessions_told(place->sessions, held);
    sessions_release(place->sessions, held);
    place->now_ms += SESSION_ECHO_MS;
    sessions_release(place->sessions, sessions_hold(place->sessions, "b", SESSION_LOOKS));
    place->now_ms += 9000;
    assert_true(lives(place, "b"));
}

static void there_is_a_most(void **state) {
    struct place *place = *state;
    make(place, 2, 1000);
    assert_int_equal(add(place, "a", "ann"), 0);
    assert_int_equal(add(place, "b", "bob"), 0);
    assert_int_not_equal(add(place, "c", "cy"), 0);
    place->now_ms += 1000;
    assert_int_equal(add(place, "c", "cy"), 0);
}

static void one_more_ends_the_persons_oldest(void **state) {
    struct place *place = *state;
    char id[16];
    make(place, 100, 0);
    assert_int_equal(add(place, "bob", "bob"), 0);
    for (int i = 0; i <= SESSIONS_OF_PERSON; i++) {
        snprintf(id, sizeof id, "%d", i);
        place->now_ms++;
        assert_int_equal(add(place, id, "ann"), 0);
        if (i == 0) /* 0 was used since: 1 is the oldest */
            place->now_ms++;
        sessions_release(place->sessions,
                         sessions_hold(place->sessions, "0", SESSION_WORKS));
    }
    assert_true(lives(place, "0"));
    assert_false(lives(place, "1"));
    assert_true(lives(place, "2"));
    assert_true(lives(place, "bob"));
}

static void a_persons_others_end(void **state) {
    struct place *place = *state;
    make(place, 8, 0);
    assert_int_equal(add(place, "a", "ann"), 0);
    assert_int_equal(add(place, "b", "ann"), 0);
    assert_int_equal(add(place, "c", "bob"), 0);
    struct session *held = sessions_hold(place->sessions, "a", SESSION_WORKS);
    sessions_end_person(place->sessions, "ann", held);
    sessions_release(place->sessions, held);
    assert_true(lives(place, "a"));
    assert_false(lives(place, "b"));
    assert_true(lives(place, "c"));
    sessions_end_person(place->sessions, "ann", NULL);
    assert_false(lives(place, "a"));
}

static void due_once_in_a_while(void **state) {
    struct place *place = *state;
    make(place, 8, 0);
    assert_int_equal(add(place, "a", "ann"), 0);
    struct session *held = sessions_hold(place->sessions, "a", SESSION_WORKS);
    place->now_ms += 99;
    assert_false(sessions_due(place->sessions, held, 100));
    place->now_ms += 1;
    assert_true(sessions_due(place->sessions, held, 100));
    assert_false(sessions_due(place->sessions, held, 100));
    sessions_release(place->sessions, held);
}

static void tokens_follow_from_the_id(void **state) {
    static struct web web;
    char token[TOKEN + 1], other[TOKEN + 1];
    memset(web.pepper, 7, sizeof web.pepper);
    token_of(&web, "one", token);
    token_of(&web, "two", other);
    assert_int_equal(strlen(token), TOKEN);
    assert_string_not_equal(token, other);
    assert_true(token_matches(&web, "one", token));
    assert_false(token_matches(&web, "two", token));
    assert_false(token_matches(&web, "one", NULL));
    assert_false(token_matches(&web, "one", ""));
    token_of(&web, "", other);
    assert_false(token_matches(&web, "", other)); /* nobody's id */
    web.pepper[0] = 8;                            /* another process */
    assert_false(token_matches(&web, "one", token));
}

static void the_key_stays_until_somebody_could_read_it(void **state) {
    struct place *place = *state;
    char home[] = "/tmp/satchel-web-XXXXXX";
    char path[64], first[LAUNCH_KEY + 1], again[LAUNCH_KEY + 1];
    struct error error = {0};
    struct stat status;
    assert_non_null(mkdtemp(home));
    snprintf(path, sizeof path, "%s/app.key", home);
    assert_int_equal(launch_key(home, &place->env, first, &error), 0);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_int_equal(launch_key(home, &place->env, again, &error), 0);
    assert_string_equal(first, again);
    assert_int_equal(chmod(path, 0640), 0);
    assert_int_equal(launch_key(home, &place->env, again, &error), 0);
    assert_string_not_equal(first, again);
    assert_int_equal(truncate(path, 5), 0);
    assert_int_equal(launch_key(home, &place->env, first, &error), 0);
    assert_string_not_equal(first, again);
    assert_int_equal(strlen(first), LAUNCH_KEY);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkdir(path, 0700), 0); /* a folder in its place */
    assert_int_not_equal(launch_key(home, &place->env, first, &error), 0);
    assert_string_equal(error.code, "web.key");
    rmdir(path);
    rmdir(home);
}

static void strangers_wait_like_people(void **state) {
    struct place *place = *state;
    struct strangers *strangers = NULL;
    struct error error = {0};
    char name[16];
    assert_int_equal(strangers_make(&place->env, &strangers, &error), 0);
    for (int i = 0; i < 5; i++)
        assert_int_equal(strangers_try(strangers, "Nobody", &error), 0);
    assert_int_not_equal(strangers_try(strangers, " NOBODY ", &error), 0);
    assert_string_equal(error.code, "sign_in.wait");
    assert_non_null(strstr(error.message, "wait 30 seconds"));
    assert_int_equal(strangers_try(strangers, "Somebody", &error), 0);
    place->now_ms += 29999;
    assert_int_not_equal(strangers_try(strangers, "nobody", &error), 0);
    place->now_ms += 1;
    assert_int_equal(strangers_try(strangers, "nobody", &error), 0);
    assert_int_not_equal(strangers_try(strangers, "nobody", &error), 0);
    assert_non_null(strstr(error.message, "wait 60 seconds"));
    for (int i = 0; i < 2 * STRANGERS_KEPT; i++) { /* the table has an end */
        snprintf(name, sizeof name, "name %d", i);
        place->now_ms++;
        assert_int_equal(strangers_try(strangers, name, &error), 0);
    }
    /* Many names do not push out one that waits: that would tell that nobody has it. */
    assert_int_not_equal(strangers_try(strangers, "nobody", &error), 0);
    place->now_ms += 60000;
    assert_int_equal(strangers_try(strangers, "nobody", &error), 0);
    assert_int_not_equal(strangers_try(strangers, "nobody", &error), 0);
    assert_non_null(strstr(error.message, "wait 120 seconds"));
    strangers_free(strangers);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(ids_are_long_and_never_the_same, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(sessions_begin_and_end, set_up, tear_down),
        cmocka_unit_test_setup_teardown(idle_sessions_end, set_up, tear_down),
        cmocka_unit_test_setup_teardown(echoes_are_no_sign_of_life, set_up, tear_down),
        cmocka_unit_test_setup_teardown(there_is_a_most, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_more_ends_the_persons_oldest, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_persons_others_end, set_up, tear_down),
        cmocka_unit_test_setup_teardown(due_once_in_a_while, set_up, tear_down),
        cmocka_unit_test(tokens_follow_from_the_id),
        cmocka_unit_test_setup_teardown(the_key_stays_until_somebody_could_read_it,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(strangers_wait_like_people, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
