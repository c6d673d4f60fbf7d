/*
 * Verdicts: what became of each transaction, by gsn (gsn_log) and as the outcome that a journal
 * entry records.
 */
#ifndef SATCHEL_SERVER_VERDICTS_H
#define SATCHEL_SERVER_VERDICTS_H

#include "server/apply.h"

/* The verdict a transaction already has, if it is known; texts live in `texts`. */
int verdict_find(struct master *master, struct id transaction, struct arena *texts,
                 struct verdict *ret, bool *ret_known, struct error *error);
int verdict_put(struct master *master, const struct work *work,
                const struct origin *origin, const struct verdict *verdict,
                struct error *error);

/* The outcome of a journal entry and back:
 *   [verdict …]                                         of most bundles
 *   [epoch, [verdict …], [verdict …], [former gsn …]]   of a lost history: also what waits no longer because of it */
struct outcome {
    int64_t epoch; /* 0: the present one */
    struct verdict *verdicts;
    size_t count;
    struct verdict *retried;
    size_t retried_count;
    int64_t *formers;
    size_t former_count;
};
void outcome_encode(const struct outcome *outcome, struct buffer *ret);
int outcome_decode(struct bytes data, struct arena *arena, struct outcome *ret,
                   struct error *error);
/* The same decisions. */
bool verdicts_same(const struct verdict *a, size_t a_count, const struct verdict *b,
                   size_t b_count);

#endif
