/*
 * The story of this station's transactions, as JSON: when made, sent, answered, and what became of them.
 */
#ifndef SATCHEL_CLIENT_STORY_H
#define SATCHEL_CLIENT_STORY_H

#include "client-core/visible.h"
#include "sync/change.h"

enum story_kind { STORY_ALL, STORY_REFUSED, STORY_ATTENTION };

struct story_request {
    struct replica *reader;
    enum story_kind kind;
    const struct id *user; /* only this person's; NULL: everybody's */
    struct visible
        *visible; /* nothing is told of rows that he does not see; NULL: he sees all */
    struct id device; /* this station */
    const struct table
        *table; /* only what was done to this record and what belongs to it; NULL: all */
    struct bytes key;
    int64_t limit;
};

/* Appends an array, newest first, at most `limit`. With the changes of each in words that a screen can show. */
int story_put(const struct story_request *request, struct buffer *ret_json,
              struct error *error);

/* --- one transaction's changes (story_change.c) ---------------------------------------------------- */

/* What of this station's work lost against others', as headquarters told. */
struct story_loss {
    struct bytes id;
    int64_t table_number;
    struct bytes row_key;
    int64_t column;
    struct bytes cell_name;
    struct bytes winner; /* a person's key */
    struct bytes loser;
    int64_t at;
    struct bytes text; /* the value that stands instead, in words */
    struct bytes reason;
    struct bytes settlement; /* empty: not settled */
    struct bytes transaction;
    int64_t made_at; /* of what lost */
};

struct story_losses {
    struct story_loss *items;
    size_t count;
};
int story_read_losses(const struct story_request *request, struct arena *arena,
                      struct story_losses *ret, struct error *error);

/* A transaction whose changes are told. */
struct story_work {
    const struct story_request *request;
    const struct story_losses *losses;
    struct bytes id;
    struct id user;
    int64_t made_at;
    int64_t gsn; /* 0: headquarters did not take it */
    const struct change *changes;
    size_t change_count;
    const struct change
        *formers; /* updated rows with the values before, in the same order */
    size_t former_count;
};
int story_put_changes(const struct story_work *work, struct buffer *json,
                      struct error *error);
/* "name":what people call the row, null where the person does not see it. */
int story_put_label(const struct story_request *request, const char *name,
                    const struct table *table, struct bytes key, struct buffer *json,
                    struct error *error);

#endif
