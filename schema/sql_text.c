/*
 * SQL text as tokens (SQLite's lexical rules, as far as this product's files use them).
 */
#include "schema/sql_text.h"

#include <string.h>
#include <strings.h>

struct sql_reader sql_reader_make(const char *text, unsigned line) {
    return (struct sql_reader){.at = text, .line = line};
}

static bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/* Bytes above ASCII belong to names, as SQLite has it. */
static bool is_name(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_' ||
           (unsigned char)c >= 0x80;
}

static const char *end_of_name(const char *at) {
    while (is_name(*at))
        at++;
    return at;
}

/* The place behind the closing quote, NULL when there is none. A doubled quote stands for itself. */
static const char *end_of_quote(const char *at) {
    char quote = *at++;
    for (; *at; at++) {
        if (*at != quote)
            continue;
        if (at[1] != quote)
            return at + 1;
        at++;
    }
    return NULL;
}

static const char *end_of_sign(const char *at) {
    if (strchr("(),;.+*", *at))
        return at + 1;
    static const char *const pairs[] = {
        "<=", ">=", "<>", "!=", "==", "||", "<<", ">>", "->"};
    if (strncmp(at, "->>", 3) == 0)
        return at + 3;
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        if (strncmp(at, pairs[i], 2) == 0)
            return at + 2;
    return at + 1;
}

static const char *end_of_number(const char *at) {
    while (is_name(*at) || *at == '.')
        at++;
    return at;
}

static bool starts_comment(const char *at) {
    return (at[0] == '-' && at[1] == '-') || (at[0] == '/' && at[1] == '*');
}

/* Trims the comment's marks and blanks away; returns the place behind it, NULL when it has no end. */
static const char *read_comment(const char *at, struct sql_token *token) {
    const char *end;
    const char *after;
    if (*at == '-') {
        end = at + strcspn(at, "\n");
        after = end;
    } else {
        end = strstr(at + 2, "*/");
        if (!end)
            return NULL;
        after = end + 2;
    }
    at += 2;
    while (at < end && (is_blank(*at) || *at == '-'))
        at++;
    while (end > at && is_blank(end[-1]))
        end--;
    token->kind = SQL_TOKEN_COMMENT;
    token->text = at;
    token->size = (size_t)(end - at);
    return after;
}

static const char *read_code(const char *at, struct sql_token *token) {
    if (*at == '\'' || ((*at == 'x' || *at == 'X') && at[1] == '\'')) {
        token->kind = SQL_TOKEN_STRING;
        return end_of_quote(*at == '\'' ? at : at + 1);
    }
    if (*at == '"' || *at == '`') {
        token->kind = SQL_TOKEN_WORD;
        return end_of_quote(at);
    }
    if (is_digit(*at)) {
        token->kind = SQL_TOKEN_NUMBER;
        return end_of_number(at);
    }
    if (is_name(*at)) {
        token->kind = SQL_TOKEN_WORD;
        return end_of_name(at);
    }
    if (*at == '?' || ((*at == ':' || *at == '@' || *at == '$') && is_name(at[1]))) {
        token->kind = SQL_TOKEN_PARAMETER;
        return end_of_name(at + 1);
    }
    token->kind = SQL_TOKEN_SIGN;
    return end_of_sign(at);
}

static void count_lines(struct sql_reader *reader, const char *from, const char *to) {
    for (; from < to; from++)
        if (*from == '\n')
            reader->line++;
}

struct sql_token sql_next(struct sql_reader *reader) {
    const char *at = reader->at;
    for (; is_blank(*at); at++)
        reader->line += *at == '\n';
    reader->at = at;
    struct sql_token token = {.kind = SQL_TOKEN_END, .text = at, .line = reader->line};
    if (!*at)
        return token;
    const char *after =
        starts_comment(at) ? read_comment(at, &token) : read_code(at, &token);
    if (!after) {
        token.kind = SQL_TOKEN_BROKEN;
        return token;
    }
    if (token.kind != SQL_TOKEN_COMMENT)
        token.size = (size_t)(after - at);
    if (*at == '/' || *at == '\'' || *at == '"') /* may hold line ends */
        count_lines(reader, at, after);
    reader->at = after;
    return token;
}

struct sql_token sql_next_code(struct sql_reader *reader) {
    struct sql_token token = sql_next(reader);
    while (token.kind == SQL_TOKEN_COMMENT)
        token = sql_next(reader);
    return token;
}

bool sql_token_is(struct sql_token token, const char *word) {
    if (token.kind != SQL_TOKEN_WORD && token.kind != SQL_TOKEN_SIGN)
        return false;
    return strlen(word) == token.size && strncasecmp(token.text, word, token.size) == 0;
}
