/*
 * Taking trust back: a device's, an open invitation's. A control entry of the journal.
 *
 *   content   [what, id, reason, by]   what: 1 a device (id: its 16 bytes), 2 an invitation (its token's hash);
 *                                      by: the person who asked for it, nil for the command line
 */
#ifndef SATCHEL_SERVER_REVOKE_H
#define SATCHEL_SERVER_REVOKE_H

#include "server/station.h"

enum { REVOKE_DEVICE = 1, REVOKE_INVITATION = 2, REVOKE_REASON = 500 };

/* What an entry says; the bytes borrow from its content. */
struct revocation {
    int64_t what;
    struct bytes id;
    struct bytes reason;
    struct id by; /* zero: nobody is named */
};
int revoke_read(struct bytes content, struct revocation *ret, struct error *error);

/* A device by its code, name or id. device.unknown, device.ambiguous */
int revoke_find_device(struct master *master, const char *text, struct id *ret,
                       struct error *error);

/* When it is made and when it is replayed. */
int revoke_apply(struct master *master, struct work *work, struct bytes content,
                 int64_t at, struct error *error);

#endif
