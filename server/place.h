/*
 * A station's place in the history: the scopes it holds up to its cursor. The server gives its word for it with each head
 * and asks to see it again: without it, naming a scope as held would tell a stranger which rows left it; and a server that
 * was restored from a copy would not notice that a cursor speaks of another history. Nothing is stored per station.
 */
#ifndef SATCHEL_SERVER_PLACE_H
#define SATCHEL_SERVER_PLACE_H

#include "server/internal.h"
#include "server/station.h"

struct place {
    struct id device;
    const struct scope_set *scopes;
    int64_t cursor;
    struct id head; /* history_id at the cursor; zero: of a station that cannot show it */
};

/* The secret that the word is keyed with: of this company, kept by every copy of the master. */
int place_secret(struct master *master, uint8_t ret[HASH_SIZE], struct error *error);

/* The word for a place. Stations of protocol 1 (`head` zero) get one that names the transaction at the cursor. */
int place_prove(const struct server *server, struct reader *reader,
                const struct place *place, uint8_t ret[HASH_SIZE], struct error *error);

enum place_meaning {
    PLACE_KNOWN,
    PLACE_LOST,    /* given out, in a history that this server does not have */
    PLACE_UNPROVEN /* not a place that this server gave it */
};
/* `family`: what was given to a device counts for the one that goes on from it. */
int place_look(const struct server *server, struct reader *reader,
               const struct sync_request *request, const struct family *family,
               enum place_meaning *ret, struct error *error);

/* Nothing here ever had this gsn. */
bool place_beyond(struct reader *reader, int64_t cursor);

/* history_id and history_epoch for a reader, and in a snapshot of its own. */
int place_head(struct reader *reader, int64_t gsn, struct id *ret, struct error *error);
int place_present(struct reader *reader, int64_t *ret, struct error *error);
int place_epoch(const struct server *server, int64_t *ret, struct error *error);

#endif
