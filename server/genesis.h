/*
 * The first journal entry: the company, its server's key, the rows it starts with (schema/seed)
 * and its first person. They are recorded as changes, so that a later version's seeds change nothing.
 */
#ifndef SATCHEL_SERVER_GENESIS_H
#define SATCHEL_SERVER_GENESIS_H

#include "server/apply.h"

struct genesis_options {
    const char *org_name;
    const char *currency;   /* "CNY" */
    const char *admin_name; /* the first person; roles hq and admin */
};

/* In an open transaction of an empty master. *ret_admin: the first person's id. */
int genesis_make(struct master *master, struct work *work,
                 const struct genesis_options *options, struct id *ret_admin,
                 struct error *error);
int genesis_apply(struct master *master, struct work *work, struct bytes content,
                  int64_t at, struct error *error);

/* Reads org, epoch and the server's public key, which genesis wrote. */
/* The server's first key, from the entry that begins the journal. */
int genesis_key(struct bytes content, struct sign_public *ret, struct error *error);
int genesis_read(sqlite3 *db, struct id *ret_org, int64_t *ret_epoch,
                 struct sign_public *ret_key, char ret_name[128], struct error *error);

#endif
