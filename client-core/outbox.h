/*
 * The outbox: every transaction that was made at this station, until headquarters has answered and
 * for a while after, so that its story can be told.
 *
 *   unsealed --seal--> sealed --answer--> merged | merged with conflicts | refused
 *
 * Beside that, `active`: its changes lie over the rows of headquarters and are run again after a pull;
 * it ends when the cursor passes the verdict's gsn.
 */
#ifndef SATCHEL_CLIENT_OUTBOX_H
#define SATCHEL_CLIENT_OUTBOX_H

#include "client-core/replica.h"
#include "client-core/state.h"

/* A transaction as committed; `changes` is what changes_encode made. */
struct outbox_entry {
    struct id id;
    struct id user;
    const char *command;
    struct bytes changes;
    struct bytes
        former; /* what changes_encode made of the values before; empty: not kept */
    struct moment moment;
};

int outbox_add(struct replica *replica, const struct outbox_entry *entry,
               struct error *error);

struct outbox_counts {
    int64_t waiting; /* without a verdict */
    int64_t unsealed;
    int64_t attention; /* no longer applies */
    int64_t refused;   /* kept here, not older than BUNDLE_KEEP_MS */
};

int outbox_count(struct replica *replica, struct outbox_counts *ret, struct error *error);

/* Records what became of a transaction. *ret_known is false when it is none of ours or was answered before. */
int outbox_answer(struct replica *replica, const struct verdict *verdict, int64_t now_ms,
                  bool *ret_known, struct error *error);
/* A bundle that headquarters could not read: all of its transactions are refused. *ret_count: how many. */
int outbox_refuse_bundle(struct replica *replica, int64_t bundle, const char *code,
                         const char *message, int64_t now_ms, int64_t *ret_count,
                         struct error *error);
/* Ends the activity of what was answered up to `gsn`. */
int outbox_settle(struct replica *replica, int64_t gsn, struct error *error);
/* Why an active transaction no longer applies; NULL code: it does. */
int outbox_attention(struct replica *replica, int64_t position, const char *code,
                     const char *message, struct error *error);
/* A transaction that lies over the rows of headquarters. */
struct active_entry {
    int64_t position;
    int64_t time; /* HLC */
    struct id user;
    struct change *changes;
    size_t change_count;
    struct change
        *formers; /* what was in the cells of the updated rows, in the same order */
    size_t former_count; /* 0: not kept */
    bool attention;      /* it did not apply the last time */
};
/* The first after `position`. Changes live in `arena`. */
int outbox_next_active(struct replica *replica, int64_t position, struct arena *arena,
                       struct active_entry *ret, bool *ret_found, struct error *error);

/* Drops the history from before `before_ms`. */
int outbox_prune(struct replica *replica, int64_t before_ms, struct error *error);

#endif
