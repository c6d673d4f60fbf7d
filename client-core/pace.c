/*
 * How fast the way to headquarters is.
 */
#include "client-core/pace.h"

#include "schema/base/limits.h"

enum {
    LEAST_BYTES = 2048,        /* less tells of the way's delay, not of its width */
    LEAST_BUNDLE = 16 * 1024,  /* even on a poor link */
    FIRST_BUNDLE = 64 * 1024,  /* while nothing is known */
    POOR = 8 * 1024,           /* bytes a second, when nothing arrives */
    BUNDLE_SECONDS = 4,        /* what one bundle may take */
    REQUEST_SECONDS = 8,       /* and one request */
    REQUEST_SPARE = 512 * 1024 /* what else is in a request */
};

/* The newest counts half: a link changes while one drives. */
static void take(int64_t *rate, int64_t bytes, int64_t took_ms) {
    int64_t now = bytes * 1000 / (took_ms > 0 ? took_ms : 1);
    now = now > 0 ? now : 1;
    *rate = *rate ? (*rate + now) / 2 : now;
}

/* Where about as much went each way nobody knows which took the time: both are taken to be as slow as they can be. */
void pace_note(struct pace *pace, int64_t sent, int64_t received, int64_t took_ms) {
    if (sent >= LEAST_BYTES && 2 * sent >= received)
        take(&pace->up, sent, took_ms);
    if (received >= LEAST_BYTES && 2 * received >= sent)
        take(&pace->down, received, took_ms);
}

void pace_fail(struct pace *pace) {
    pace->up = pace->up ? pace->up / 2 + 1 : POOR;
}

static size_t within(int64_t bytes, size_t least, size_t most) {
    if (bytes < (int64_t)least)
        return least;
    return bytes > (int64_t)most ? most : (size_t)bytes;
}

size_t pace_bundle(const struct pace *pace) {
    return pace->up ? within(pace->up * BUNDLE_SECONDS, LEAST_BUNDLE, LIMIT_BUNDLE_TARGET)
                    : FIRST_BUNDLE;
}

size_t pace_request(const struct pace *pace) {
    return pace->up ? within(pace->up * REQUEST_SECONDS, LEAST_BUNDLE,
                             LIMIT_REQUEST - REQUEST_SPARE)
                    : FIRST_BUNDLE;
}

static int64_t seconds(int64_t bytes, int64_t rate) {
    return bytes ? (bytes + rate - 1) / rate : 0;
}

int64_t pace_seconds(const struct pace *pace, int64_t to_send, int64_t to_receive) {
    if ((to_send && !pace->up) || (to_receive && !pace->down) || !(to_send + to_receive))
        return -1;
    return seconds(to_send, pace->up) + seconds(to_receive, pace->down);
}
