/*
 * Sealed bundles at the station: made from unsealed work, durable before they are sent, sent
 * verbatim until headquarters has answered, kept a while after.
 */
#ifndef SATCHEL_CLIENT_BUNDLE_STORE_H
#define SATCHEL_CLIENT_BUNDLE_STORE_H

#include "client-core/identity.h"

/* Seals the oldest unsealed work into one bundle of about `target` bytes of changes, in a transaction of its own. Times are
 * made anew with what is known of headquarters' clock now. *ret_count: transactions sealed; 0: nothing waited, or the
 * key is about to be replaced. */
int bundle_store_seal(struct replica *replica, const struct identity *identity,
                      size_t target, int64_t *ret_count, struct error *error);

/* What is still to be sent: open bundles, and roughly what is not sealed yet. */
int bundle_store_bytes_open(struct replica *replica, int64_t *ret, struct error *error);

/* How much of what is open to put into one request. */
struct bundle_budget {
    size_t count;
    size_t bytes;
    int64_t after; /* only those behind this position */
    bool
        deferred; /* instead of open ones, those that were answered, but not about all that is in them */
};
/* Bundles to be sent, and where each is kept. */
struct open_bundles {
    struct bytes *sealed;
    int64_t *positions;
    bool *former;             /* it is of a device that this station was before */
    struct former_gsns *lost; /* of each; see sync_request.formers */
    size_t count;
    int64_t epoch; /* the history that their bases are of; 0: there are none */
    int64_t first; /* number of this device's oldest that is kept at all; 0: none */
};
/* Bundles in order and of one history, at least one if there is any. Memory from `arena`. */
int bundle_store_open(struct replica *replica, const struct bundle_budget *budget,
                      struct arena *arena, struct open_bundles *ret, struct error *error);
/* Into a request whose `epoch` is set. */
void open_bundles_to_request(const struct open_bundles *open,
                             struct sync_request *request);
/* Whether there are bundles behind this position that were answered, but not about all that is in them. */
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
int bundle_store_answer(struct replica *replica, int64_t position, const char *code,
                        const struct bundle_times *times, struct error *error);
/* Headquarters wants to have the chain again from `number`. Code: bundle.gap when it is not kept any more. */
int bundle_store_reopen(struct replica *replica, int64_t number, struct error *error);

/* The end of this device's chain. */
struct bundle_chain {
    int64_t number; /* 0: nothing was sealed yet */
    int64_t last_seq;
    uint8_t hash[HASH_SIZE];
};
int bundle_store_chain(struct replica *replica, struct bundle_chain *ret,
                       struct error *error);
/* The hash of a bundle of this device's chain; *ret_found false: it is not kept. */
int bundle_store_hash(struct replica *replica, int64_t number, uint8_t ret[HASH_SIZE],
                      bool *ret_found, struct error *error);
/* Where a bundle of this device's chain is kept; 0: it is not. */
int bundle_store_find(struct replica *replica, int64_t number, int64_t *ret,
                      struct error *error);
/* What headquarters has not answered is unsealed: its transactions wait to be sealed again, as they are. */
int bundle_store_unseal_open(struct replica *replica, struct error *error);
/* The same for one bundle of a device that this station was before, answered or not. */
int bundle_store_unseal(struct replica *replica, int64_t position, struct error *error);
/* The bundles so far were those of `device`; a new chain begins. */
int bundle_store_hand_over(struct replica *replica, const struct id *device,
                           struct error *error);

#endif
