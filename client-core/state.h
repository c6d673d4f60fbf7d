/*
 * What a station knows of itself: settings by name, and how far it has got. Both live in the
 * database, so that every process that has the station open sees the same.
 */
#ifndef SATCHEL_CLIENT_STATE_H
#define SATCHEL_CLIENT_STATE_H

#include "client-core/replica.h"
#include "sync/clock.h"
#include "sync/message.h"

/* --- settings ----------------------------------------------------------------------------- */

int setting_set(struct replica *replica, const char *name, struct value value,
                struct error *error);
/* 0 when it is not set. */
int setting_integer(struct replica *replica, const char *name, int64_t *ret,
                    struct error *error);
/* Appends the text or bytes; nothing when it is not set. */
int setting_bytes(struct replica *replica, const char *name, struct buffer *ret,
                  struct error *error);

/* --- progress ----------------------------------------------------------------------------- */

struct progress {
    int64_t cursor;
    int64_t digest;
    int64_t digest_rows;
    int64_t request_counter;
    struct clock_anchor anchor;
};

int progress_read(struct replica *replica, struct progress *ret, struct error *error);
int progress_read_held(struct replica *replica, struct scope_set *ret,
                       struct error *error);
/* `key` of the position lives in `arena`. */
int progress_read_position(struct replica *replica, struct arena *arena,
                           struct pull_position *ret, struct error *error);

/* Everything up to `cursor` was applied; staged chunks are gone. */
int progress_write_cursor(struct replica *replica, const struct progress *progress,
                          const struct scope_set *held, struct error *error);
int progress_write_position(struct replica *replica, const struct pull_position *position,
                            struct error *error);
int progress_write_anchor(struct replica *replica, const struct clock_anchor *anchor,
                          struct error *error);
int progress_write_counter(struct replica *replica, int64_t counter, struct error *error);

/* --- time --------------------------------------------------------------------------------- */

struct clock_reading clock_read(const struct env *env);

/* When something happens at this station. */
struct moment {
    struct clock_reading reading;
    int64_t time; /* HLC after everything that was done here */
    int64_t base; /* the cursor */
};

int moment_read(struct replica *replica, struct moment *ret, struct error *error);

#endif
