/*
 * Searching as people type: parts of names in any script, pinyin in full or shortened, tails of numbers.
 *
 *   明朗 finds 李明朗, and so do limingl, li ming, lml and lang; gtx finds GTX Pro; 0100 finds 555-0100.
 *
 * For local search only (see pinyin.h).
 */
#ifndef SATCHEL_SCHEMA_SEARCH_H
#define SATCHEL_SCHEMA_SEARCH_H

#include <sqlite3.h>

#include "schema/base/bytes.h"
#include "schema/base/error.h"

/* Prepared for one needle at a time. Not shared between threads. */
struct search;

struct search *search_open(void); /* NULL without memory */
void search_close(struct search *search);

/* Says what is looked for; the same as before costs next to nothing. An empty needle is found everywhere.
 * Returns -1 without memory. */
int search_for(struct search *search, struct bytes needle);
/* Whether the text holds it: 1 or 0, -1 without memory. */
int search_in(struct search *search, struct bytes text);

/* The SQL function search_matches(needle, text…): 1 when the needle is in any of the texts, else 0; NULL texts hold
 * nothing, a needle that is NULL is found everywhere. Its memory belongs to the connection. */
int search_register(sqlite3 *db, struct error *error);

#endif
