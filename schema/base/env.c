/*
 * The operating system's own time and randomness: the only file that asks it for them.
 */
#include "schema/base/env.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static int64_t clock_ms(clockid_t clock) {
    struct timespec now;
    int rc = clock_gettime(clock, &now);
    assert(rc == 0);
    (void)rc;
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t system_wall_ms(void *context) {
    (void)context;
    return clock_ms(CLOCK_REALTIME);
}

/* Where possible asked of the kernel itself: what is put between a program and its library to shift
 * its clock then shifts the wall clock only, and work is still put in its true order. */
static int64_t system_boot_ms(void *context) {
    (void)context;
#if defined(SYS_clock_gettime) && defined(CLOCK_BOOTTIME) && defined(__LP64__)
    struct timespec now;
    if (syscall(SYS_clock_gettime, CLOCK_BOOTTIME, &now) == 0)
        return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
#endif
#ifdef CLOCK_BOOTTIME
    struct timespec boot; /* declared by more systems than have it */
    if (clock_gettime(CLOCK_BOOTTIME, &boot) == 0)
        return (int64_t)boot.tv_sec * 1000 + boot.tv_nsec / 1000000;
#endif
    return clock_ms(CLOCK_MONOTONIC);
}

/* Zero where the system does not tell: then no two boot_ms readings of different
 * processes can be compared, which callers must expect anyway. */
static void system_boot_id(void *context, struct id *ret_id) {
    (void)context;
    *ret_id = (struct id){{0}};
    FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");
    if (!file)
        return;
    char text[ID_TEXT_SIZE] = {0};
    if (fread(text, 1, ID_TEXT_SIZE - 1, file) == ID_TEXT_SIZE - 1)
        (void)id_parse(text, ret_id);
    fclose(file);
}

/* Without randomness no id and no key is safe, and there is nothing a caller could do. */
static void system_random(void *context, void *data, size_t size) {
    (void)context;
    enum { AT_ONCE = 256 }; /* as much as getentropy gives */
    uint8_t *out = data;
    while (size > 0) {
        size_t part = size < AT_ONCE ? size : AT_ONCE;
        if (getentropy(out, part) != 0)
            abort();
        out += part;
        size -= part;
    }
}

static void system_sleep_ms(void *context, int64_t ms) {
    (void)context;
    if (ms <= 0)
        return;
    struct timespec left = {.tv_sec = (time_t)(ms / 1000),
                            .tv_nsec = (long)(ms % 1000) * 1000000L};
    while (nanosleep(&left, &left) != 0 && errno == EINTR) {
    }
}

static const struct env system_env = {
    .wall_ms = system_wall_ms,
    .boot_ms = system_boot_ms,
    .boot_id = system_boot_id,
    .random = system_random,
    .sleep_ms = system_sleep_ms,
};

const struct env *env_system(void) {
    return &system_env;
}

struct id env_new_id(const struct env *env) {
    uint8_t random[10];
    env->random(env->context, random, sizeof random);
    return id_v7(env->wall_ms(env->context), random);
}
