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
};
/* Open bundles in order, at least one if there is any. Memory from `arena`; *ret_numbers may be NULL. */
int bundle_store_open(struct replica *replica, const struct bundle_budget *budget,
                      struct arena *arena, struct bytes **ret, size_t *ret_count,
                      struct error *error);
int bundle_store_count_open(struct replica *replica, int64_t *ret, struct error *error);

/* Of the question that carried a bundle and of its answer, by headquarters' clock. */
struct bundle_times {
    int64_t sent_at;
    int64_t answered_at;
};
/* Headquarters has it; `code` says why it refused it as a whole, or is "". */
int bundle_store_answer(struct replica *replica, int64_t number, const char *code,
                        const struct bundle_times *times, struct error *error);
/* Headquarters wants to have the chain again from `number`. Code: bundle.gap when it is not kept any more. */
int bundle_store_reopen(struct replica *replica, int64_t number, struct error *error);

#endif
