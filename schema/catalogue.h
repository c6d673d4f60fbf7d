/*
 * The catalogue: what the annotated SQL files say, as plain structs.
 *
 * Everything in it is read-only after catalogue_load and may be shared between threads. C code finds tables,
 * columns and commands here and nowhere else; it never names a business table itself. The
 * grammar is in schema/README.md.
 */
#ifndef SATCHEL_SCHEMA_CATALOGUE_H
#define SATCHEL_SCHEMA_CATALOGUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "schema/base/error.h"
#include "schema/base/limits.h"
#include "schema/base/value.h"
#include "schema/embedded.h"

/* A set of roles: bit n - 1 is role number n. */
typedef uint32_t role_set;
#define ROLE_SET_ALL ((role_set)0xffffffffU)

enum merge_rule { MERGE_LWW, MERGE_ADD, MERGE_MAX, MERGE_MIN, MERGE_FIRST, MERGE_STATE };

/* The column that says a row is deleted, in every table that has it. */
enum { COLUMN_DELETED_AT = 63 };

struct column {
    const char *name;
    uint8_t number;       /* 1..63; 0 for the engine's stamp columns */
    uint8_t cell;         /* the number of the first column of its group, or its own */
    uint8_t key_position; /* 1..LIMIT_KEY_COLUMNS for key columns, else 0 */
    bool not_null;
    bool has_default; /* a DEFAULT clause other than NULL */
    bool brings;
    bool file;             /* @file: the hash of a file, fetched beside the rows */
    bool self;             /* @self: anybody may put himself there at insert */
    enum value_type type;  /* VALUE_INTEGER, VALUE_TEXT or VALUE_BLOB */
    enum merge_rule merge; /* of its cell (the same for all columns of a group) */
    int since;             /* the schema version that it came with */
    role_set write;        /* who may change it (insert and update) */
    const char
        *default_text; /* what stands behind DEFAULT, an SQL expression; NULL: nothing */
    const struct table *ref;         /* the table whose key it holds, or NULL */
    const struct table *state_event; /* MERGE_STATE: the table of its steps, else NULL */
    const char *group;               /* NULL when it stands alone */
    const char *
        definition; /* its DDL, words separated by one blank: what ALTER TABLE ADD COLUMN takes */
};

enum scope_clause_kind {
    SCOPE_CLAUSE_ORG,
    SCOPE_CLAUSE_HQ,
    SCOPE_CLAUSE_USER,   /* columns[0] */
    SCOPE_CLAUSE_BRANCH, /* columns[0] */
    SCOPE_CLAUSE_POOL, /* columns[0] is the branch, columns[1] the owner that must be NULL */
    SCOPE_CLAUSE_FOLLOWS, /* columns[0..column_count-1], the first that is set */
    SCOPE_CLAUSE_GRANTS /* child, child_user (column of child), child_parent (its @ref to this) */
};

struct scope_clause {
    enum scope_clause_kind kind;
    const struct column *columns[LIMIT_KEY_COLUMNS];
    size_t column_count;
    const struct table *child;
    const struct column *child_user;
    const struct column *child_parent;
};

/* A column of another table that brings rows of this one: whoever sees that row sees this. */
struct brought_by {
    const struct table *table;
    const struct column *column;
};

struct table {
    const char *name;
    const char *module;     /* file name without .sql: "customers" */
    const char *title;      /* the comment line before CREATE TABLE */
    const char *ddl;        /* its CREATE TABLE statement, comments included */
    struct column *columns; /* in DDL order, stamps last */
    size_t column_count;    /* with the five stamps */
    size_t data_count;      /* without the stamps: columns[0 .. data_count-1] */
    const struct column *by_number[LIMIT_COLUMNS]; /* NULL where there is none */
    const struct column *key[LIMIT_KEY_COLUMNS];   /* in key order */
    size_t key_count;                              /* a row key is key_count x 16 bytes */
    const struct column *label;                    /* or NULL */
    const struct column *lookup[4];
    size_t lookup_count;
    struct scope_clause scope[LIMIT_SCOPE_CLAUSES];
    size_t scope_count;
    int since; /* the schema version that it came with */
    uint8_t number;
    bool org; /* in the scope org (and then in no other) */
    bool append_only;
    bool engine_rows; /* @engine */
    bool soft_delete; /* has deleted_at */
    role_set insert;
    const struct column
        *event_parent; /* @event: the row whose state this is a step of, or NULL */
    const struct column *event_to; /* @event: the new state */
    struct brought_by brought_by[LIMIT_SCOPE_CLAUSES];
    size_t brought_by_count;
    const struct table
        *followers[LIMIT_TABLES /
                   4]; /* tables with a follows clause that can point here */
    size_t follower_count;
    const struct table *granted_through
        [LIMIT_SCOPE_CLAUSES]; /* tables whose grants clause names this one as child */
    size_t granted_through_count;
};

enum parameter_type {
    PARAMETER_ID,
    PARAMETER_NEWID,
    PARAMETER_TEXT,
    PARAMETER_INT,
    PARAMETER_MONEY,
    PARAMETER_BP,
    PARAMETER_BOOL,
    PARAMETER_DATE,
    PARAMETER_TIME,
    PARAMETER_ENUM,
    PARAMETER_CODE,
    PARAMETER_JSON,
    PARAMETER_FILE
};

struct parameter {
    const char *name;
    enum parameter_type type;
    bool optional;
    bool deleted_too;          /* any(table): a soft-deleted row may be named by its id */
    const char *default_text;  /* NULL: none. "today", "now", "me" or a literal */
    const struct table *table; /* PARAMETER_ID and PARAMETER_CODE */
    int64_t minimum, maximum;  /* int range, or text length in characters (maximum) */
    const char **choices;      /* enum, NULL-terminated */
    const char *description;
};

enum operation_kind { OPERATION_COMMAND, OPERATION_QUERY, OPERATION_RULE };

/* A command, query or rule. */
struct operation {
    enum operation_kind kind;
    const char *name;
    const char *title;
    const char *title_zh; /* may be "" */
    const char *path;     /* the file it stands in */
    role_set roles;       /* ROLE_SET_ALL when not said */
    struct parameter *parameters;
    size_t parameter_count;
    const char **statements; /* each one SQL statement, NUL-terminated */
    size_t statement_count;
    const char **examples;
    size_t example_count;
    bool may_noop;
    const struct table
        *rule_tables[32]; /* rules: run when one was touched; none: always */
    size_t rule_table_count;
    int rule_since;
};

struct catalogue {
    int version; /* SCHEMA_VERSION; tests make programs of other versions */
    const struct table *tables; /* sorted by number */
    size_t table_count;
    const struct table *by_number[LIMIT_TABLES];
    const struct operation *commands; /* sorted by name */
    size_t command_count;
    const struct operation *queries;
    size_t query_count;
    const struct operation *rules;
    size_t rule_count;
    const char
        *role_names[LIMIT_ROLES]; /* index = role number - 1; NULL where there is none */
    size_t role_count;
    const char **derived; /* SQL texts of derived/, in path order */
    size_t derived_count;
    const char **seed; /* SQL texts of seed/, in path order */
    size_t seed_count;
    const char **ddl; /* SQL texts of tables/, in path order */
    size_t ddl_count;
};

/* Reads the files (the program's own: embedded_files). The catalogue owns copies of all it
 * needs. On failure *ret is untouched and the error names file, line and what is wrong
 * (code catalogue.invalid). */
int catalogue_load(const struct embedded_file *files, size_t count,
                   struct catalogue **ret, struct error *error);
void catalogue_free(struct catalogue *catalogue); /* NULL is fine */

const struct table *catalogue_table(const struct catalogue *catalogue, const char *name);
const struct table *catalogue_table_number(const struct catalogue *catalogue,
                                           uint64_t number);
const struct operation *catalogue_command(const struct catalogue *catalogue,
                                          const char *name);
const struct operation *catalogue_query(const struct catalogue *catalogue,
                                        const char *name);
/* Where the hashes of files stand: the column after `*column` of `*table`, both NULL to begin with. False: no more. */
bool catalogue_next_file(const struct catalogue *catalogue, const struct table **table,
                         const struct column **column);
const struct column *table_column(const struct table *table, const char *name);
/* 0 when there is no such role. */
role_set catalogue_role(const struct catalogue *catalogue, const char *name);

/* What a program of that version knows of. */
static inline bool table_is_known(const struct table *table, int64_t version) {
    return table->since <= version;
}
static inline bool column_is_known(const struct column *column, int64_t version) {
    return column->since <= version;
}
/* Whether programs of two versions, this one's and another's, still work together. Codes: schema.old (the other is more than
 * LIMIT_SCHEMA_VERSIONS behind) */
int schema_check_version(int64_t ours, int64_t theirs, struct error *error);

/* The catalogue in short, one line per table and column, in a stable order: what
 * schema/fingerprint.txt holds. The text is malloc'ed, the caller frees it. NULL: no memory. */
char *catalogue_fingerprint(const struct catalogue *catalogue);

/* This program's schema version: what bundles and databases name. */
#define SCHEMA_VERSION 3

#endif
