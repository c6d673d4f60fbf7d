/*
 * Work of a lost history that builds on what is not here yet: it waits and is tried again after each further bundle of
 * a lost history, in the order in which it came. It is kept whole, so that nothing has to be looked up in the journal.
 */
#ifndef SATCHEL_SERVER_DEFERRED_H
#define SATCHEL_SERVER_DEFERRED_H

#include "server/apply.h"

/* Whether a refusal may be one of something that is still to come. */
bool deferred_code(const char *code);

/* Keeps a transaction, with why it could not be merged. One that waits already stays where it is. */
int deferred_put(struct master *master, const struct origin *origin,
                 const struct transaction *transaction, const struct error *why,
                 struct error *error);

struct retry {
    struct master *master;
    struct work *work;
    struct arena *arena;
    int64_t at;  /* HQ time of the entry, UTC ms */
    bool last;   /* what cannot be merged now is refused */
    bool decide; /* else `recorded` is taken as it is */
    const struct verdict *recorded;
    size_t recorded_count;
};
/* Tries all again. *ret: the verdicts of those that wait no longer. */
int deferred_retry(const struct retry *retry, struct verdict **ret, size_t *ret_count,
                   struct error *error);

#endif
