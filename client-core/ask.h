/*
 * Queries: read-only, one snapshot each, rows straight into JSON.
 */
#ifndef SATCHEL_CLIENT_ASK_H
#define SATCHEL_CLIENT_ASK_H

#include "client-core/json.h"
#include "client-core/replica.h"

struct asker;

/* What an asker is opened with. */
struct asker_options {
    struct id device;
    const char *device_code;
    role_set ceiling;
    struct asker
        *whole; /* who asks for those that see everything, when the reader has covers */
};

/* Takes over `reader` (replica_open_reader), also when it fails. */
int asker_open(struct replica *reader, const struct asker_options *options,
               struct asker **ret, struct error *error);
void asker_close(struct asker *asker); /* NULL is fine */

/* Its connection, for other reading under the same lock. */
struct replica *asker_reader(const struct asker *asker);
/* Which rows the person sees until the next call with another one; NULL: all. */
int asker_view(struct asker *asker, const struct id *user, struct visible **ret,
               struct error *error);

/* Appends an array of row objects. One thread at a time. Codes: role.missing, parameter.*, query.rows, database.* */
int asker_ask(struct asker *asker, const struct id *user, const struct operation *query,
              const struct argument_list *list, struct buffer *ret_json,
              struct error *error);

#endif
