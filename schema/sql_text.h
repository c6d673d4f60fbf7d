/*
 * Reading SQL text as tokens, comments included: just enough to find annotations, to split a
 * file into statements and to check what a statement names. SQLite stays the judge of SQL.
 *
 * Pure functions; any thread.
 */
#ifndef SATCHEL_SCHEMA_SQL_TEXT_H
#define SATCHEL_SCHEMA_SQL_TEXT_H

#include <stdbool.h>
#include <stddef.h>

enum sql_token_kind {
    SQL_TOKEN_END,
    SQL_TOKEN_WORD, /* keyword or name; a "quoted" name with its quotes */
    SQL_TOKEN_NUMBER,
    SQL_TOKEN_STRING,    /* 'text' or x'00', with its quotes */
    SQL_TOKEN_PARAMETER, /* :name ?1 @name $name */
    SQL_TOKEN_SIGN,      /* ( ) , ; = >= || … */
    SQL_TOKEN_COMMENT,   /* without its -- or slash-star marks, trimmed */
    SQL_TOKEN_BROKEN     /* a quote or comment that never ends */
};

struct sql_token {
    enum sql_token_kind kind;
    const char *text; /* in the source, not terminated */
    size_t size;
    unsigned line; /* from 1 */
};

struct sql_reader {
    const char *at; /* up to the NUL */
    unsigned line;
};

struct sql_reader sql_reader_make(const char *text, unsigned line);
/* The next token; END and BROKEN for ever once reached. */
struct sql_token sql_next(struct sql_reader *reader);
/* The next token that is no comment. */
struct sql_token sql_next_code(struct sql_reader *reader);

/* True when the token is this word (any case) or sign. */
bool sql_token_is(struct sql_token token, const char *word);

#endif
