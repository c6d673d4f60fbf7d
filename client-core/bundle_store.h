/*
 * Sealed bundles at the station: made from unsealed work, durable before they are sent, sent
 * verbatim until headquarters has answered, kept a while after.
 */
#ifndef SATCHEL_CLIENT_BUNDLE_STORE_H
#define SATCHEL_CLIENT_BUNDLE_STORE_H

#include "client-core/identity.h"

/* Seals the oldest unsealed work into one bundle of about LIMIT_BUNDLE_TARGET, in a transaction of its own. Times are
 * made anew with what is known of headquarters' clock now. *ret_count: transactions sealed; 0: nothing waited. */
int bundle_store_seal(struct replica *replica, const struct identity *identity,
                      int64_t *ret_count, struct error *error);

/* How much of what is open to put into one request. */
struct bundle_budget {
    size_t count;
    size_t bytes;
    int64_t after; /* only those behind this number */
    bool
        deferred; /* instead of open ones, those that were answered, but not about all that is in them */
};
struct bundles_to_send {
    struct bytes *bundles;
    struct former_gsns *formers; /* of each; see sync_request */
    size_t count;
    int64_t epoch; /* the history that their bases are of; 0: there are none */
    int64_t last;  /* number of the last one */
    int64_t first; /* number of the oldest that is kept at all; 0: none */
};
/* Bundles in order and of one history, at least one if there is any. Memory from `arena`. */
int bundle_store_open(struct replica *replica, const struct bundle_budget *budget,
                      struct arena *arena, struct bundles_to_send *ret,
                      struct error *error);
/* Into a request whose `epoch` is set. */
void bundles_to_request(const struct bundles_to_send *send, struct sync_request *request);
/* Whether there are bundles behind this one that were answered, but not about all that is in them. */
int bundle_store_has_deferred(struct replica *replica, int64_t after, bool *ret,
                              struct error *error);
int bundle_store_count_open(struct replica *replica, int64_t *ret, struct error *error);

/* Of the question that carried a bundle and of its answer, by headquarters' clock. */
struct bundle_times {
    int64_t sent_at;
    int64_t answered_at;
    bool deferred; /* something in it waits at headquarters */
};
/* Headquarters has it; `code` says why it refused it as a whole, or is "". */
int bundle_store_answer(struct replica *replica, int64_t number, const char *code,
                        const struct bundle_times *times, struct error *error);
/* Headquarters wants to have the chain again from `number`. Code: bundle.gap when it is not kept any more. */
int bundle_store_reopen(struct replica *replica, int64_t number, struct error *error);

#endif
