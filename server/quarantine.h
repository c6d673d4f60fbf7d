/*
 * Work that a revoked device still had: kept beside the journal until headquarters decides.
 *
 * The device's signature is checked as for any bundle; nothing of it is merged. Released, it merges as the device's
 * work, whatever its chain was; discarded, only its hash stays. Both are control entries:
 *
 *   entry 10, content   [1 released, by, the bundle]       outcome: as a bundle's
 *                       [2 discarded, by, its hash]        by: the person who asked for it, nil for the command line
 */
#ifndef SATCHEL_SERVER_QUARANTINE_H
#define SATCHEL_SERVER_QUARANTINE_H

#include "server/chain.h"

/* Keeps a bundle of a revoked device and tells it so (bundle.quarantined), or quarantine.full. One that was merged
 * before is answered with its verdicts. */
int quarantine_take(struct chain *chain, const struct incoming_bundle *bundle,
                    struct bundle_answer *ret, struct error *error);

/* Replays an entry. `decide`: as for a bundle. */
int quarantine_replay(struct chain *chain, struct bytes content, struct bytes outcome,
                      bool decide, struct error *error);

#endif
