/*
 * The waits are those of client-core/secret.c. What is kept of a name is a hash.
 */
#include "tools/web/strangers.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "client-core/people.h"
#include "schema/base/hash.h"
#include "schema/text.h"

enum { LIMIT_FOLDED = 64 * 1024 };

struct stranger {
    uint8_t hash[HASH_SIZE];
    int64_t tried_ms;
    int64_t failures; /* 0: the place is free */
    int64_t wait_until_ms;
};

struct strangers {
    pthread_mutex_t lock;
    const struct env *env;
    struct stranger list[STRANGERS_KEPT];
};

int strangers_make(const struct env *env, struct strangers **ret, struct error *error) {
    struct strangers *strangers = calloc(1, sizeof *strangers);
    if (strangers == NULL)
        return error_out_of_memory(error);
    pthread_mutex_init(&strangers->lock, NULL);
    strangers->env = env;
    *ret = strangers;
    return 0;
}

void strangers_free(struct strangers *strangers) {
    if (strangers == NULL)
        return;
    pthread_mutex_destroy(&strangers->lock);
    free(strangers);
}

/* Case and blanks do not make another name, as with those of people. */
static void hash_name(const char *name, uint8_t ret_hash[HASH_SIZE]) {
    struct buffer folded = buffer_make(LIMIT_FOLDED);
    text_fold(bytes_of_text(name), &folded);
    hash_blake2b(buffer_bytes(&folded), ret_hash);
    buffer_free(&folded);
}

/* Trying many names once must not push out one that waits. */
static bool goes_before(const struct stranger *one, const struct stranger *other) {
    return one->failures != other->failures ? one->failures < other->failures
                                            : one->tried_ms < other->tried_ms;
}

/* The name's place, or one that is free or forgotten. */
static struct stranger *find(struct strangers *strangers, const uint8_t hash[HASH_SIZE]) {
    struct stranger *first = &strangers->list[0];
    for (size_t i = 0; i < STRANGERS_KEPT; i++) {
        struct stranger *stranger = &strangers->list[i];
        if (stranger->failures > 0 && memcmp(stranger->hash, hash, HASH_SIZE) == 0)
            return stranger;
        if (goes_before(stranger, first))
            first = stranger;
    }
    memset(first, 0, sizeof *first);
    memcpy(first->hash, hash, HASH_SIZE);
    return first;
}

int strangers_try(struct strangers *strangers, const char *name, struct error *error) {
    uint8_t hash[HASH_SIZE];
    hash_name(name, hash);
    pthread_mutex_lock(&strangers->lock);
    struct stranger *stranger = find(strangers, hash);
    int64_t now_ms = strangers->env->boot_ms(strangers->env->context);
    int64_t left_ms = stranger->wait_until_ms - now_ms;
    stranger->tried_ms = now_ms;
    if (left_ms <= 0) {
        stranger->failures++;
        stranger->wait_until_ms = now_ms + secret_wait(stranger->failures);
    }
    pthread_mutex_unlock(&strangers->lock);
    return left_ms <= 0 ? 0
                        : error_set(error, "sign_in.wait", "secret",
                                    "too many wrong tries; wait %lld seconds",
                                    (long long)((left_ms + 999) / 1000));
}
