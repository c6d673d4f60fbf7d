/*
 * A counting semaphore with a bound on who may wait for it.
 */
#include "tools/web/turnstile.h"

#include <pthread.h>
#include <stdlib.h>

struct turnstile {
    pthread_mutex_t lock;
    pthread_cond_t left;
    int inside;
    int waiting;
};

int turnstile_make(struct turnstile **ret, struct error *error) {
    struct turnstile *turnstile = calloc(1, sizeof *turnstile);
    if (turnstile == NULL)
        return error_out_of_memory(error);
    pthread_mutex_init(&turnstile->lock, NULL);
    pthread_cond_init(&turnstile->left, NULL);
    *ret = turnstile;
    return 0;
}

void turnstile_free(struct turnstile *turnstile) {
    if (turnstile == NULL)
        return;
    pthread_cond_destroy(&turnstile->left);
    pthread_mutex_destroy(&turnstile->lock);
    free(turnstile);
}

int turnstile_enter(struct turnstile *turnstile, struct error *error) {
    int failed = 0;
    pthread_mutex_lock(&turnstile->lock);
    if (turnstile->inside >= TURNSTILE_INSIDE &&
        turnstile->waiting >= TURNSTILE_WAITING) {
        failed = error_set(error, "sign_in.busy", NULL,
                           "many people are signing in right now; try again in a moment");
    } else {
        turnstile->waiting++;
        while (turnstile->inside >= TURNSTILE_INSIDE)
            pthread_cond_wait(&turnstile->left, &turnstile->lock);
        turnstile->waiting--;
        turnstile->inside++;
    }
    pthread_mutex_unlock(&turnstile->lock);
    return failed;
}

void turnstile_leave(struct turnstile *turnstile) {
    pthread_mutex_lock(&turnstile->lock);
    turnstile->inside--;
    pthread_cond_signal(&turnstile->left);
    pthread_mutex_unlock(&turnstile->lock);
}

int turnstile_waiting(struct turnstile *turnstile) {
    pthread_mutex_lock(&turnstile->lock);
    int waiting = turnstile->waiting;
    pthread_mutex_unlock(&turnstile->lock);
    return waiting;
}
