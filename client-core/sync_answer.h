/*
 * What a station does with headquarters' answer: learns the time, records verdicts, stages or applies
 * rows. One local transaction per answer, and none when it says nothing new.
 */
#ifndef SATCHEL_CLIENT_SYNC_ANSWER_H
#define SATCHEL_CLIENT_SYNC_ANSWER_H

#include "client-core/bundle_store.h"
#include "client-core/replica.h"
#include "sync/message.h"

/* What need not be written again; kept by the syncer. */
struct answer_memory {
    int64_t noted_at_ms; /* when last_sync_at was written */
    char noted_error[64];
};

struct answer {
    struct replica *replica;
    struct answer_memory *memory;
    const struct sync_request *request;
    const struct sync_response *response;
    const struct identity *identity;
    const struct open_bundles *bundles; /* of the request; NULL: it was carried */
    int64_t sent_at_boot_ms;
    bool carried; /* it came as a file: it does not tell what time it is */
    bool
        stale; /* and the station is not any more where it asked from: only verdicts count */
    int (*progress)(void *context, int64_t rows);
    void *context;
};

struct answer_result {
    int64_t merged, conflicts, refused;
    int64_t bundles_settled;
    int64_t rows_forgotten;
    bool changed;        /* rows came or went, or verdicts arrived */
    bool again;          /* a rebuild begins */
    bool forked;         /* noted: this station has to be enrolled again */
    bool wipe;           /* headquarters orders it */
    bool followed;       /* another key of the server is trusted now */
    int64_t differences; /* what is held is not what headquarters counts: found now */
    int64_t healed;      /* and it is again */
    struct error
        blocked; /* bundle.chain … : nothing more can be sent; code empty: all is well */
};

int answer_take(const struct answer *answer, struct answer_result *ret,
                struct error *error);

/* Keeps when a sync last succeeded, or why it failed. Best effort. NULL: it succeeded. */
void answer_note_outcome(struct replica *replica, struct answer_memory *memory,
                         const struct error *why);

#endif
