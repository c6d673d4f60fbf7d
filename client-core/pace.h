/*
 * How fast the way to headquarters is, measured from what went over it: so that on a poor link a bundle is small enough
 * to arrive, and that the time left is an honest one. Pure.
 */
#ifndef SATCHEL_CLIENT_PACE_H
#define SATCHEL_CLIENT_PACE_H

#include <stddef.h>
#include <stdint.h>

struct pace {
    int64_t up;   /* bytes a second; 0: not known */
    int64_t down; /* the same */
};

/* A question of `sent` bytes was answered with `received` after `took_ms`: tells of the way that most of it went, or
 * of both. */
void pace_note(struct pace *pace, int64_t sent, int64_t received, int64_t took_ms);
/* It was not answered: the way is worse than thought. */
void pace_fail(struct pace *pace);

/* How much work to put into one bundle, and how much in bundles into one request. */
size_t pace_bundle(const struct pace *pace);
size_t pace_request(const struct pace *pace);

/* Seconds that so many bytes take, rounded up; -1: not known. */
int64_t pace_seconds(const struct pace *pace, int64_t to_send, int64_t to_receive);

#endif
