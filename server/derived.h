/*
 * The rows that merging makes by itself: kept conflicts, refusals, notices, devices.
 * Their ids follow from what they tell of, so that a replay makes the same rows.
 */
#ifndef SATCHEL_SERVER_DERIVED_H
#define SATCHEL_SERVER_DERIVED_H

#include "server/apply.h"

/* Fills time and device of a stamp from its gsn, and who it was (ret_user may be NULL). */
int derived_author(struct master *master, struct stamp *stamp, struct id *ret_user,
                   struct error *error);
/* Fills time and device of a stamp that may be this transaction's own, which is not logged yet. */
int derived_writer(struct work *work, struct stamp *stamp, struct error *error);
/* The last edit of a row other than its deletion. */
int derived_latest_edit(struct work *work, const struct row_work *row, struct stamp *ret,
                        struct error *error);

/* Keeps the work's conflicts and tells who lost. */
int derived_conflicts(struct work *work, struct error *error);
/* Keeps a refusal, tells its author, and remembers what would have been made. */
int derived_refusal(struct work *work, const struct origin *origin,
                    const struct error *why, struct error *error);
/* Tells the author which rule his work breaks that his program does not have yet; nothing when there is none. */
int derived_flag(struct work *work, struct error *error);
/* The company's list of devices: a new one, one that is no longer trusted. */
int derived_device(struct work *work, const struct certificate *certificate,
                   struct error *error);
int derived_device_revoked(struct work *work, struct id device, int64_t at,
                           struct error *error);

#endif
