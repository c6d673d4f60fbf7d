/*
 * What the last `satchel inbox` of a home showed, so that "restore 2" means the entry that was shown as
 * number 2, whatever has arrived since. Kept in the file inbox.last of the home.
 */
#ifndef SATCHEL_TOOLS_INBOX_LISTING_H
#define SATCHEL_TOOLS_INBOX_LISTING_H

#include "tools/satchel/json.h"
#include "tools/satchel/problem.h"

enum { LISTING_ID_SIZE = 40 };

/* Remembers an inbox. A home that cannot be written keeps what it had: numbers are refused then. */
void listing_keep(const char *home, const struct node *inbox);

/* The id of the number'th entry of `section` ("conflicts", "notices", "work": refused, then needing attention). Code: inbox.unknown */
int listing_find(const char *home, const char *section, const char *number,
                 char ret_id[LISTING_ID_SIZE], satchel_error *error);

#endif
