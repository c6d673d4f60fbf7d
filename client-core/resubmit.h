/*
 * Work that was refused, or no longer applies, done once more: the same changes, mended where the person says so, as a
 * new transaction of today. Also: giving it up.
 */
#ifndef SATCHEL_CLIENT_RESUBMIT_H
#define SATCHEL_CLIENT_RESUBMIT_H

#include "client-core/json.h"
#include "client-core/recorder.h"

/* A transaction of this station that may be done again. Everything lives in the arena. */
struct resubmission {
    struct id id;
    int64_t position;
    bool refused; /* else it needs attention and was not sent */
    const char *command;
    struct change *changes;
    size_t change_count;
};

/* `user`: only his own. Codes: resubmit.unknown, resubmit.settled (headquarters took it, or it applies),
 * resubmit.sent (it is on its way: headquarters answers first) */
int resubmit_read(struct replica *replica, struct id transaction, const struct id *user,
                  struct arena *arena, struct resubmission *ret, struct error *error);

/* Other values, by "column" or "table.column": NULL, a number, a text or an id as text. Codes: resubmit.field (no change
 * writes it), resubmit.ambiguous (several tables' do), parameter.invalid */
int resubmit_edit(const struct catalogue *catalogue, struct resubmission *work,
                  const struct argument_list *edits, struct arena *arena,
                  struct error *error);

/* The tables that doing it again writes. */
void resubmit_tables(const struct catalogue *catalogue, const struct resubmission *work,
                     struct table_set *ret);
/* Writes the changes over what is here now, by the replica's own names: on a shared station only rows that the
 * person sees. Codes: row.missing, reference.missing, database.constraint … */
int resubmit_apply(struct replica *replica, const struct resubmission *work,
                   struct error *error);
/* The former one is dealt with: a refusal is settled, work that was never sent is dropped. */
int resubmit_retire(struct replica *replica, const struct resubmission *work,
                    int64_t now_ms, struct error *error);

#endif
