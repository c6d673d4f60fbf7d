/*
 * Few at once, few who wait.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "tools/web/turnstile.h"

enum { CROWD = TURNSTILE_INSIDE + TURNSTILE_WAITING };

struct gate {
    struct turnstile *turnstile;
    atomic_int inside, most, passed;
    atomic_bool open;
};

static void *pass(void *context) {
    struct gate *gate = context;
    struct error error = {0};
    if (turnstile_enter(gate->turnstile, &error) != 0)
        return NULL;
    int inside = atomic_fetch_add(&gate->inside, 1) + 1;
    int most = gate->most;
    while (inside > most && !atomic_compare_exchange_weak(&gate->most, &most, inside))
        ;
    while (!gate->open)
        usleep(1000);
    atomic_fetch_sub(&gate->inside, 1);
    atomic_fetch_add(&gate->passed, 1);
    turnstile_leave(gate->turnstile);
    return NULL;
}

static void two_at_once(void **state) {
    struct gate gate = {0};
    struct error error = {0};
    pthread_t threads[CROWD];
    assert_int_equal(turnstile_make(&gate.turnstile, &error), 0);
    for (int i = 0; i < CROWD; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, pass, &gate), 0);
    while (turnstile_waiting(gate.turnstile) < TURNSTILE_WAITING)
        usleep(1000);
    assert_int_equal(gate.inside, TURNSTILE_INSIDE);
    assert_int_not_equal(turnstile_enter(gate.turnstile, &error), 0);
    assert_string_equal(error.code, "sign_in.busy");
    gate.open = true;
    for (int i = 0; i < CROWD; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(gate.passed, CROWD);
    assert_int_equal(gate.most, TURNSTILE_INSIDE);
    assert_int_equal(turnstile_enter(gate.turnstile, &error), 0);
    turnstile_leave(gate.turnstile);
    turnstile_free(gate.turnstile);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(two_at_once)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
