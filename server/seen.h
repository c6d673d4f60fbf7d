/*
 * When stations were heard of last, and what they said then. Kept in memory and written down now and then: no request
 * waits for the disk because of it, and no entry of the journal tells of it.
 */
#ifndef SATCHEL_SERVER_SEEN_H
#define SATCHEL_SERVER_SEEN_H

#include "server/ingest.h"

struct contact {
    int64_t at;      /* HQ time, UTC ms; 0: never */
    int64_t cursor;  /* what it has after this answer */
    int64_t waiting; /* transactions it still has to send; -1: it did not say */
    int64_t schema_version;
    int64_t passed; /* the cursor that its question named: it has that for certain */
};

struct seen;
int seen_make(struct seen **ret, struct error *error);
void seen_free(struct seen *seen); /* NULL is fine */

/* Notes a contact of the station with this number. Any thread. */
void seen_note(struct seen *seen, int64_t station, const struct contact *contact);
/* The highest request counter so far, before this one is noted; 0: none since the server started. */
int64_t seen_counter(struct seen *seen, int64_t station, int64_t counter);
/* The contact noted since the server started; `at` 0: none. */
struct contact seen_of(struct seen *seen, int64_t station);
/* Writes down what is new, at most every SEEN_EVERY_MS unless `now`. A failure is no harm: it is tried again. */
void seen_write(struct seen *seen, struct ingest *ingest, int64_t at, bool now);

#endif
