/*
 * Between the files that load the catalogue (catalogue*.c) and nobody else: what is known
 * while the annotated files are read, before names are resolved to pointers.
 *
 * First pass: every file is read into raw tables and operations, with clauses kept as text.
 * Second pass: tables are put in order of their numbers and all names are resolved.
 */
#ifndef SATCHEL_SCHEMA_CATALOGUE_LOAD_H
#define SATCHEL_SCHEMA_CATALOGUE_LOAD_H

#include "schema/base/bytes.h"
#include "schema/catalogue.h"
#include "schema/sql_text.h"

/* One "@word argument". */
struct clause {
    const char *word;
    const char *argument; /* "" when there is none */
    unsigned line;
    struct clause *next;
};

struct clause_list {
    struct clause *first;
    struct clause *last;
};

struct raw_column {
    struct column column; /* what the DDL says */
    struct clause_list clauses;
    bool stamp;
    bool inline_key;
    unsigned line;
};

struct raw_table {
    struct table table; /* what the DDL says */
    const char *path;
    unsigned line;
    struct clause_list clauses;
    struct raw_column *columns;
    size_t column_count;
    const char *key[LIMIT_KEY_COLUMNS]; /* of a table-level PRIMARY KEY */
    size_t key_count;
    bool strict;
    bool without_rowid;
    struct table
        *made; /* second pass: its place in the catalogue; columns are parallel */
};

struct raw_operation {
    struct operation operation;
    const char *table_names; /* the argument of @tables */
    unsigned line;
    const char *role_names; /* the argument of @roles, NULL when not said */
    const char *parameter_tables[LIMIT_PARAMETERS];
    unsigned parameter_lines[LIMIT_PARAMETERS];
};

/* Data columns and the five stamps; operations of all kinds. */
enum {
    STAMP_COUNT = 5,
    RAW_COLUMNS_MAX = LIMIT_COLUMNS - 1 + STAMP_COUNT,
    OPERATIONS_MAX = 4096
};

struct load {
    struct arena *arena;   /* of the catalogue */
    struct arena *scratch; /* freed after loading */
    struct catalogue *catalogue;
    struct error *error;
    const char *path; /* of the file that is being read */
    struct raw_table *tables[LIMIT_TABLES];
    size_t table_count;
    struct raw_operation *operations[OPERATIONS_MAX];
    size_t operation_count;
};

/* Fails with catalogue.invalid and "path:line: sentence". Returns -1. */
int load_fail(struct load *load, unsigned line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The same for another file than the one being read. */
int load_fail_at(struct load *load, const char *path, unsigned line, const char *format,
                 ...) __attribute__((format(printf, 4, 5)));

/* --- catalogue_annotation.c: the small grammar ----------------------------------------- */

/* True for a comment that begins with "@" and a letter. */
bool annotation_is(struct sql_token comment);
/* Adds the clauses of an annotation comment. */
int annotation_read(struct load *load, struct sql_token comment,
                    struct clause_list *list);
/* The clause of that word, or NULL. */
const struct clause *clause_find(const struct clause_list *list, const char *word);
/* Fails on a word that is not in `allowed` (NULL-terminated) or that is said twice, unless it is in `repeatable`. */
int clauses_check(struct load *load, const char *path, const struct clause_list *list,
                  const char *const *allowed, const char *const *repeatable);
/* Cuts the next blank-separated word off *text; size 0 at the end. */
struct bytes word_next(const char **text);
char *word_copy(struct arena *arena, struct bytes word);
/* lower-case letters, digits and _, beginning with a letter, at most LIMIT_NAME; `dotted` also wants a dot inside. */
bool name_is_valid(const char *name, bool dotted);
bool number_read(struct bytes text, int64_t minimum, int64_t maximum, int64_t *ret);
/* Role names separated by blanks. */
int roles_read(struct load *load, const char *path, unsigned line, const char *names,
               role_set *ret);

/* --- the passes ------------------------------------------------------------------------ */

int load_tables_file(struct load *load, const struct embedded_file *file);
int load_operations_file(struct load *load, const struct embedded_file *file,
                         enum operation_kind kind);
/* "NAME TYPE[?][=default]  Description" */
int load_parameter(struct load *load, unsigned line, const char *text,
                   struct raw_operation *raw);
/* Second pass, in this order: places, numbers, keys and stamps; then references, groups, merge rules, roles, labels
 * and events; then scopes, what rows bring and who follows whom; then operations. */
int resolve_tables(struct load *load);
int resolve_policies(struct load *load);
int resolve_scopes(struct load *load);
int resolve_operations(struct load *load);

/* The column of that name; fails naming the clause's line when there is none. */
int resolve_column(struct load *load, const struct raw_table *raw,
                   const struct clause *clause, struct bytes name, struct column **ret);
/* The table of that name; fails likewise. */
int resolve_table(struct load *load, const struct raw_table *raw, unsigned line,
                  struct bytes name, struct table **ret);

#endif
