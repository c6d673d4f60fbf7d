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

/* The outcome of a journal entry and back: a list of verdicts. */
void outcome_encode(const struct verdict *verdicts, size_t count, struct buffer *ret);
int outcome_decode(struct bytes data, struct arena *arena, struct verdict **ret,
                   size_t *ret_count, struct error *error);

#endif
