/*
 * The import of a CRM's files, in steps that each leave the station untouched until the last:
 *
 *   import_files.c   find, read and recognise the files; wrong structure ends it here
 *   import_known.c   what the station has already
 *   import_rows.c    each row checked and mended, or set aside with its reason
 *   import_order.c   who points at whom; customers get their owners
 *   import_run.c     the rows as commands, in batches
 *   import_report.c  what was done, what was mended, the file of rows set aside
 *
 * A row is imported whole or set aside whole. Everything borrows from the sheets and the arena of `struct
 * import`, which live as long as it does.
 */
#ifndef SATCHEL_TOOLS_IMPORT_H
#define SATCHEL_TOOLS_IMPORT_H

#include <stdint.h>

#include "schema/base/bytes.h"
#include "tools/satchel/csv_read.h"
#include "tools/satchel/json.h"
#include "tools/satchel/name_map.h"
#include "tools/satchel/problem.h"

enum import_file {
    FILE_TEAMS,
    FILE_PRODUCTS,
    FILE_ACCOUNTS,
    FILE_PIPELINE,
    IMPORT_FILES
};

/* In the order in which they are imported: later ones point at earlier ones. */
enum import_kind {
    KIND_BRANCH,
    KIND_PERSON,
    KIND_PRODUCT,
    KIND_CUSTOMER,
    KIND_OPPORTUNITY,
    IMPORT_KINDS
};

enum { LIMIT_IMPORT_COLUMNS = 8, LIMIT_IMPORT_NOTES = 200, LIMIT_IMPORT_LEVELS = 32 };

enum import_outcome { OUTCOME_PENDING, OUTCOME_DONE, OUTCOME_SET_ASIDE };

struct import_item {
    enum import_file file;
    const struct sheet_row
        *row;            /* where it comes from: its own row or the first to mention it */
    const char *key;     /* its name or code */
    struct node *values; /* the command's arguments but for the references; owned */
    const char *references[IMPORT_KINDS]; /* keys of what it points at, or NULL */
    int level; /* 0: points at nobody of its own kind in this import */
    bool
        implied; /* not a row of its own (an office, a manager): never counted as set aside */
    bool both_roles; /* a person who is manager and agent */
    enum import_outcome outcome;
};

struct import_items {
    struct import_item *items;
    size_t count;
    size_t capacity;
};

/* Rows of one kind as the station has them. */
struct import_known {
    struct node *rows;      /* objects: id, key, state */
    struct name_map by_key; /* to the row */
};

struct import_problem {
    enum import_file file;
    const struct sheet_row *row;
    const char *field; /* "" for the row as a whole */
    const char *value; /* what stands there, or NULL */
    satchel_error error;
};

/* A mending: how often which text was read as which. `to` NULL: kept as it was, but unknown. */
struct import_note {
    const char *field;
    const char *from;
    const char *to;
    size_t count;
};

struct import_options {
    const char *currency;
    bool strict;
    bool dry_run;
    bool keep; /* leave rows that the station has as they are */
    bool quiet;
    const char *error_path;
};

struct import_counts {
    int64_t made, changed, unchanged, set_aside;
};

struct import {
    struct import_options options;
    struct arena arena;
    struct sheet sheets[IMPORT_FILES];
    bool given[IMPORT_FILES];
    int columns[IMPORT_FILES][LIMIT_IMPORT_COLUMNS];
    struct import_items items[IMPORT_KINDS];
    struct name_map
        names[IMPORT_KINDS]; /* the import's own keys; after import_order: to the item */
    struct import_known known[IMPORT_KINDS];
    struct name_map industries;
    struct name_map countries;
    struct name_map stages; /* code to kind: open, won, lost, void */
    struct import_problem *problems;
    size_t problem_count, problem_capacity;
    struct import_note notes[LIMIT_IMPORT_NOTES];
    size_t note_count;
    struct import_counts counts[IMPORT_KINDS];
    char *error_path; /* where the rows set aside went, NULL when there are none; owned */
};

/* --- names of things -------------------------------------------------------------------- */

const char *import_kind_name(enum import_kind kind);   /* "opportunity" */
const char *import_kind_plural(enum import_kind kind); /* "opportunities" */
const char *import_file_name(enum import_file file);   /* "sales_pipeline.csv" */
const char *import_column_name(enum import_file file, int column);

/* --- the steps --------------------------------------------------------------------------- */

/* `words`: one folder with the usual names, or one to four files known by their headers. */
int import_read_files(struct import *import, const char *const *words, size_t count,
                      satchel_error *error);
/* Asks the station for all kinds, the industries and the stages of the pipeline. */
int import_ask_known(struct import *import, satchel_session *session,
                     satchel_error *error);
int import_ask_kind(struct import_known *ret, satchel_session *session, const char *kind,
                    bool exact, satchel_error *error);
void import_known_free(struct import_known *known);
int import_check_rows(struct import *import, satchel_error *error);
int import_order(struct import *import, satchel_error *error);
/* Sets aside what points at something that was set aside. Part of import_order, and again between batches. */
int import_check_references(struct import *import, enum import_kind kind,
                            satchel_error *error);
int import_run(struct import *import, satchel_session *session, satchel_error *error);
int import_write_errors(struct import *import, satchel_error *error);
void import_print_report(const struct import *import, bool json);
void import_free(struct import *import);

/* --- shared by the steps ------------------------------------------------------------------- */

/* The text of a column in a row, "" when empty. `column` counts in the file's own list of columns. */
const char *import_field(const struct import *import, enum import_file file,
                         const struct sheet_row *row, int column);
/* Adds an item; its key and references are kept as pointers. NULL: no memory. */
struct import_item *import_add_item(struct import *import, enum import_kind kind,
                                    enum import_file file, const struct sheet_row *row,
                                    const char *key);
/* Sets a row aside; the texts that `problem` points at are kept as pointers. Returns -1 only without
 * memory. */
int import_set_aside(struct import *import, const struct import_problem *problem);
void import_note(struct import *import, const char *field, const char *from,
                 const char *to);
/* Why it is set aside is `error` already: from a command that the station refused. */
int import_set_aside_item(struct import *import, struct import_item *item,
                          const satchel_error *error);
/* What a field refers to, as it is really called: of the import or of the station. NULL: nobody. */
const char *import_find(struct import *import, enum import_kind kind, const char *field,
                        const char *text);
/* The item with this key, NULL when it is not of this import. After import_order. */
struct import_item *import_item_of(const struct import *import, enum import_kind kind,
                                   const char *key);

#endif
