/*
 * The recorder: what one local transaction did to the synced tables, captured by SQLite's session
 * extension and turned into neutral changes.
 *
 * Used by the executor between BEGIN and COMMIT: start, the command's statements, take, reset.
 */
#ifndef SATCHEL_CLIENT_RECORDER_H
#define SATCHEL_CLIENT_RECORDER_H

#include "client-core/row_access.h"
#include "schema/rules.h"
#include "sync/change.h"

/* A set of tables by number. */
struct table_set {
    uint64_t bits[LIMIT_TABLES / 64];
};

static inline void table_set_add(struct table_set *set, unsigned number) {
    set->bits[number / 64] |= (uint64_t)1 << (number % 64);
}

static inline bool table_set_has(const struct table_set *set, unsigned number) {
    return (set->bits[number / 64] >> (number % 64) & 1) != 0;
}

struct recorder {
    struct replica *replica;
    struct sqlite3_session *session; /* NULL between transactions */
    struct arena arena;              /* values of the transaction */
    struct buffer changes;           /* of struct change */
    struct buffer formers; /* of struct change: updated rows with the values before */
    struct buffer touched; /* of struct touched_row */
    struct buffer changed; /* of struct changed_cell */
    int64_t announced;     /* the newest schema version that headquarters said it knows */
    struct buffer image;   /* scratch */
};

void recorder_init(struct recorder *recorder, struct replica *replica);
void recorder_free(struct recorder *recorder);

/* Begins to record the tables of the set. */
int recorder_start(struct recorder *recorder, const struct table_set *tables,
                   struct error *error);
/* Ends recording: fills changes, touched and changed, keeps the images of rows touched first, and
 * stamps the rows. Codes: transaction.size, change.delete, change.stamp, database.* */
int recorder_take(struct recorder *recorder, int64_t now_ms, const struct id *actor,
                  struct error *error);
/* What was taken; borrowed until recorder_reset. */
struct change *recorder_changes(const struct recorder *recorder, size_t *ret_count);
/* For each updated row, in the order of the changes, the values that its cells had before. */
struct change *recorder_formers(const struct recorder *recorder, size_t *ret_count);
struct rule_input recorder_rule_input(const struct recorder *recorder);
/* Ends the session and drops what was taken. Keeps the memory. */
void recorder_reset(struct recorder *recorder);

#endif
