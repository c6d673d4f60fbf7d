/*
 * The outside world as a table of functions: time and randomness.
 *
 * client-core and server take a pointer to one of these and ask nothing else for the time
 * or for random bytes, so that a test can run a whole company on a virtual clock. The pointer
 * must outlive whoever was given it; functions are called from any thread.
 */
#ifndef SATCHEL_SCHEMA_BASE_ENV_H
#define SATCHEL_SCHEMA_BASE_ENV_H

#include <stddef.h>
#include <stdint.h>

#include "schema/base/id.h"

struct env {
    void *context;
    /* The wall clock, UTC milliseconds. People set it wrong; it may jump. */
    int64_t (*wall_ms)(void *context);
    /* Milliseconds since this machine started, counting sleep. Nobody can set it. */
    int64_t (*boot_ms)(void *context);
    /* Identifies this start of the machine; boot_ms values compare only within one. */
    void (*boot_id)(void *context, struct id *ret_id);
    void (*random)(void *context, void *data, size_t size);
    /* Waits; a simulated world returns at once with its clock moved on. */
    void (*sleep_ms)(void *context, int64_t ms);
};

/* The operating system's own. Static, never freed. */
const struct env *env_system(void);

/* A new UUIDv7 by this world's clock and dice. */
struct id env_new_id(const struct env *env);

#endif
