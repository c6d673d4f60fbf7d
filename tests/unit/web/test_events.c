/*
 * Events: numbers, the ring, waiting.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tools/satchel/json.h"
#include "tools/web/events.h"

enum { LONG_MS = 60000, SESSIONS = EVENTS_WAITING / EVENTS_WAITING_OF_SESSION };

static int set_up(void **state) {
    struct events *events = NULL;
    struct error error = {0};
    assert_int_equal(events_make(env_system(), &events, &error), 0);
    *state = events;
    return 0;
}

static int tear_down(void **state) {
    events_free(*state);
    return 0;
}

/* Without waiting. */
static struct node *look(struct events *events, int64_t after) {
    struct buffer json = buffer_make(1 << 20);
    struct error error = {0};
    assert_int_equal(events_wait(events, after, 0, NULL, &json, &error), 0);
    struct node *answer = node_read(buffer_text(&json), NULL, 0);
    assert_non_null(answer);
    buffer_free(&json);
    return answer;
}

static int64_t number_now(struct events *events) {
    struct node *answer = look(events, EVENTS_FROM_NOW);
    int64_t next = node_member_integer(answer, "next");
    node_release(answer);
    return next;
}

static const char *name_at(const struct node *answer, size_t index) {
    return node_member_text(node_at(node_member(answer, "events"), index), "event");
}

static void events_come_in_their_order(void **state) {
    int64_t before = number_now(*state);
    events_add(*state, "changed", "{\"received\":5,\"forgotten\":0}");
    events_add(*state, "online", "{}");
    events_add(*state, "notice", NULL);
    struct node *answer = look(*state, before);
    assert_int_equal(node_member_integer(answer, "next"), before + 3);
    assert_int_equal(node_count(node_member(answer, "events")), 3);
    const struct node *first = node_at(node_member(answer, "events"), 0);
    assert_string_equal(node_member_text(first, "event"), "changed");
    assert_int_equal(node_member_integer(first, "received"), 5);
    assert_string_equal(name_at(answer, 1), "online");
    assert_string_equal(name_at(answer, 2), "notice");
    node_release(answer);
    answer = look(*state, before + 2);
    assert_int_equal(node_count(node_member(answer, "events")), 1);
    node_release(answer);
}

static void what_is_forgotten_is_told(void **state) {
    int64_t before = number_now(*state);
    for (int i = 0; i <= EVENTS_KEPT; i++)
        events_add(*state, "changed", "{}");
    struct node *answer = look(*state, before);
    assert_string_equal(name_at(answer, 0), "missed");
    assert_int_equal(node_count(node_member(answer, "events")), EVENTS_KEPT + 1);
    node_release(answer);
    answer = look(*state, before + 1); /* exactly all that followed is kept */
    assert_string_equal(name_at(answer, 0), "changed");
    assert_int_equal(node_count(node_member(answer, "events")), EVENTS_KEPT);
    node_release(answer);
    answer = look(*state, before + EVENTS_KEPT + 2); /* of a later process, or nonsense */
    assert_string_equal(name_at(answer, 0), "missed");
    node_release(answer);
}

struct visitor {
    struct events *events;
    int64_t after;
    size_t events_seen;
    pthread_t thread;
    int session;
    int failed;
    struct error error;
};

static void *wait_for_events(void *context) {
    struct visitor *visitor = context;
    struct buffer json = buffer_make(1 << 20);
    do { /* somebody who only looks may be in the way */
        visitor->failed =
            events_wait(visitor->events, visitor->after, LONG_MS,
                        (void *)(intptr_t)visitor->session, &json, &visitor->error);
    } while (visitor->failed && error_is(&visitor->error, "events.many"));
    struct node *answer = node_read(buffer_text(&json), NULL, 0);
    visitor->events_seen = node_count(node_member(answer, "events"));
    node_release(answer);
    buffer_free(&json);
    return NULL;
}

static void begin(struct visitor *visitor, struct events *events, int session) {
    *visitor = (struct visitor){.events = events, .session = session};
    visitor->after = number_now(events);
    assert_int_equal(pthread_create(&visitor->thread, NULL, wait_for_events, visitor), 0);
}

static void all_who_wait_are_woken(void **state) {
    struct visitor visitors[2];
    begin(&visitors[0], *state, 1);
    begin(&visitors[1], *state, 2);
    events_add(*state, "online", "{}");
    for (int i = 0; i < 2; i++) {
        pthread_join(visitors[i].thread, NULL);
        assert_int_equal(visitors[i].failed, 0);
        assert_int_equal(visitors[i].events_seen, 1);
    }
}

static void few_may_wait(void **state) {
    static struct visitor visitors[EVENTS_WAITING];
    struct buffer json = buffer_make(1 << 20);
    struct error error = {0};
    for (int i = 0; i < EVENTS_WAITING; i++)
        begin(&visitors[i], *state, 1 + i % SESSIONS);
    for (int tries = 0; tries < 3000; tries++) { /* until all of them wait */
        buffer_reset(&json);
        if (events_wait(*state, EVENTS_FROM_NOW, 1, &error, &json, &error) != 0)
            break;
        usleep(1000);
    }
    assert_string_equal(error.code, "events.many");
    events_release(*state, (void *)(intptr_t)1); /* one session's four */
    for (int i = 0; i < EVENTS_WAITING; i += SESSIONS) {
        pthread_join(visitors[i].thread, NULL);
        assert_int_equal(visitors[i].events_seen, 0);
    }
    assert_int_equal(events_wait(*state, EVENTS_FROM_NOW, 1, &error, &json, &error), 0);
    events_release(*state, NULL);
    for (int i = 0; i < EVENTS_WAITING; i++)
        if (i % SESSIONS != 0)
            pthread_join(visitors[i].thread, NULL);
    /* Released for good: nobody waits any more. */
    assert_int_equal(events_wait(*state, EVENTS_FROM_NOW, LONG_MS, NULL, &json, &error),
                     0);
    buffer_free(&json);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(events_come_in_their_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_forgotten_is_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(all_who_wait_are_woken, set_up, tear_down),
        cmocka_unit_test_setup_teardown(few_may_wait, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
