/*
 * What one person may see on a station that several people share: the same rows as on a station of his own.
 *
 * On a connection with this, every table that is not for everybody is covered by a TEMP view of the same name that lets
 * through what the person's scopes let through, and every view of the domain is made again over those. Names in SQL
 * find TEMP things first, so queries, look-ups and rules need no word of it; an authorizer denies the tables
 * themselves to whatever asks for them past those views. The scopes stand in TEMP tables and are filled again when the person
 * or the data is another.
 *
 * On a connection that writes, rows that the transaction at hand made or changed stay visible to it, and triggers
 * refuse to change or to point at a row that the person may not see, with headquarters' own codes.
 */
#ifndef SATCHEL_CLIENT_VISIBLE_H
#define SATCHEL_CLIENT_VISIBLE_H

#include "client-core/replica.h"

struct visible;

/* Covers the replica's tables, for reading or for commands too. `ret` belongs to the replica afterwards. */
int visible_open(struct replica *replica, role_set ceiling, bool writing,
                 struct error *error);
void visible_close(struct visible *visible); /* NULL is fine */

/* From here on, and in the open transaction, the rows are those that `user` may see. *ret_all: he may see all,
 * so that a connection without covers does as well and is faster; then nothing is filled. */
int visible_for(struct visible *visible, const struct id *user, bool *ret_all,
                struct error *error);
/* Whether the row is there for him. A table for everybody has every row that is there. */
int visible_row(struct visible *visible, const struct table *table, struct bytes key,
                bool *ret, struct error *error);

/* Statements that are prepared while `on` is set may not go past the views. NULL is fine. */
void visible_guard(struct visible *visible, bool on);
/* The authorizer's question on a guarded connection that writes: may `table` of `database` be read from within
 * `view` (NULL: from none)? */
bool visible_allows(const struct visible *visible, const char *table,
                    const char *database, const char *view);

/* --- SQL (visible_sql.c, visible_statement.c): pure --------------------------------------------------- */

/* Whether the table has a cover: everybody sees the others. */
bool visible_covers(const struct table *table);
/* The TEMP tables, then the covers of all tables; with triggers when `writing`. */
void visible_put_schema(const struct catalogue *catalogue, bool writing,
                        struct buffer *sql);
/* A command's statement so that it writes to the tables under the covers, and only what is visible. *ret_target: the table
 * that it writes, NULL when it writes none with a cover. Code: catalogue.invalid when it names the tables' schema. */
int visible_put_statement(const struct catalogue *catalogue, const char *statement,
                          struct buffer *sql, const struct table **ret_target,
                          struct error *error);

#endif
