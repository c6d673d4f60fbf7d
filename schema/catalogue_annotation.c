/*
 * The small grammar of annotations: clauses "@word argument", words, names, numbers, roles.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema/catalogue_load.h"

static int fail(struct load *load, const char *path, unsigned line, const char *format,
                va_list arguments) __attribute__((format(printf, 4, 0)));

static int fail(struct load *load, const char *path, unsigned line, const char *format,
                va_list arguments) {
    char sentence[400];
    vsnprintf(sentence, sizeof sentence, format, arguments);
    return error_set(load->error, "catalogue.invalid", NULL, "schema/%s:%u: %s", path,
                     line, sentence);
}

int load_fail(struct load *load, unsigned line, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int rc = fail(load, load->path, line, format, arguments);
    va_end(arguments);
    return rc;
}

int load_fail_at(struct load *load, const char *path, unsigned line, const char *format,
                 ...) {
    va_list arguments;
    va_start(arguments, format);
    int rc = fail(load, path, line, format, arguments);
    va_end(arguments);
    return rc;
}

static bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_letter(char c) {
    return c >= 'a' && c <= 'z';
}

bool annotation_is(struct sql_token comment) {
    return comment.kind == SQL_TOKEN_COMMENT && comment.size >= 2 &&
           comment.text[0] == '@' && is_letter(comment.text[1]);
}

/* Where the clause that begins at `at` ends: before a blank with "@letter" behind it. */
static const char *end_of_clause(const char *at, const char *end) {
    for (at++; at < end; at++)
        if (*at == '@' && is_blank(at[-1]) && at + 1 < end && is_letter(at[1]))
            break;
    return at;
}

static struct bytes trimmed(const char *from, const char *to) {
    while (from < to && is_blank(*from))
        from++;
    while (to > from && is_blank(to[-1]))
        to--;
    return (struct bytes){(const uint8_t *)from, (size_t)(to - from)};
}

static int add_clause(struct load *load, struct clause_list *list, struct clause made) {
    struct clause *clause = arena_alloc(load->scratch, sizeof *clause);
    if (!clause || !made.word || !made.argument)
        return error_out_of_memory(load->error);
    *clause = made;
    if (list->last)
        list->last->next = clause;
    else
        list->first = clause;
    list->last = clause;
    return 0;
}

int annotation_read(struct load *load, struct sql_token comment,
                    struct clause_list *list) {
    const char *at = comment.text;
    const char *end = at + comment.size;
    while (at < end) {
        const char *next = end_of_clause(at, end);
        const char *word_end = at + 1;
        while (word_end < next && !is_blank(*word_end))
            word_end++;
        struct clause clause = {
            .word = word_copy(load->arena, trimmed(at + 1, word_end)),
            .argument = word_copy(load->arena, trimmed(word_end, next)),
            .line = comment.line,
        };
        if (add_clause(load, list, clause) != 0)
            return -1;
        at = next;
    }
    return 0;
}

const struct clause *clause_find(const struct clause_list *list, const char *word) {
    for (const struct clause *clause = list->first; clause; clause = clause->next)
        if (strcmp(clause->word, word) == 0)
            return clause;
    return NULL;
}

static bool is_one_of(const char *word, const char *const *words) {
    for (; words && *words; words++)
        if (strcmp(*words, word) == 0)
            return true;
    return false;
}

int clauses_check(struct load *load, const char *path, const struct clause_list *list,
                  const char *const *allowed, const char *const *repeatable) {
    for (const struct clause *clause = list->first; clause; clause = clause->next) {
        if (is_one_of(clause->word, repeatable))
            continue;
        if (!is_one_of(clause->word, allowed))
            return load_fail_at(load, path, clause->line, "unknown annotation @%s here",
                                clause->word);
        if (clause_find(list, clause->word) != clause)
            return load_fail_at(load, path, clause->line, "@%s is said twice",
                                clause->word);
    }
    return 0;
}

struct bytes word_next(const char **text) {
    const char *at = *text;
    while (is_blank(*at))
        at++;
    const char *start = at;
    while (*at && !is_blank(*at))
        at++;
    *text = at;
    return (struct bytes){(const uint8_t *)start, (size_t)(at - start)};
}

char *word_copy(struct arena *arena, struct bytes word) {
    return arena_text(arena, (const char *)word.data, word.size);
}

bool name_is_valid(const char *name, bool dotted) {
    size_t length = strlen(name);
    bool dot = false;
    if (length == 0 || length > LIMIT_NAME)
        return false;
    for (size_t i = 0; i < length; i++) {
        char c = name[i];
        bool first = i == 0 || name[i - 1] == '.';
        if (c == '.' && dotted && !first && i + 1 < length)
            dot = true;
        else if (first ? !is_letter(c)
                       : !is_letter(c) && c != '_' && !(c >= '0' && c <= '9'))
            return false;
    }
    return dot == dotted;
}

bool number_read(struct bytes text, int64_t minimum, int64_t maximum, int64_t *ret) {
    char digits[24];
    if (text.size == 0 || text.size >= sizeof digits)
        return false;
    memcpy(digits, text.data, text.size);
    digits[text.size] = '\0';
    char first = digits[0] == '-' ? digits[1] : digits[0];
    if (first < '0' || first > '9')
        return false;
    char *end;
    errno = 0;
    long long number = strtoll(digits, &end, 10);
    if (*end || errno || number < minimum || number > maximum)
        return false;
    *ret = number;
    return true;
}

int roles_read(struct load *load, const char *path, unsigned line, const char *names,
               role_set *ret) {
    role_set roles = 0;
    for (;;) {
        char name[LIMIT_NAME + 1];
        struct bytes word = word_next(&names);
        if (word.size == 0)
            break;
        snprintf(name, sizeof name, "%.*s", (int)word.size, (const char *)word.data);
        role_set role = catalogue_role(load->catalogue, name);
        if (role == 0)
            return load_fail_at(load, path, line, "unknown role %s", name);
        if (roles & role)
            return load_fail_at(load, path, line, "role %s is named twice", name);
        roles |= role;
    }
    if (roles == 0)
        return load_fail_at(load, path, line, "role names are missing");
    *ret = roles;
    return 0;
}
