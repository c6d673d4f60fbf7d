/*
 * Reading and writing one row of a synced table by its key, as values by column number.
 *
 * What is prepared once per table: where each column stands in this database (an upgraded one may
 * order them otherwise than the DDL), which columns form a cell, and the statements.
 */
#ifndef SATCHEL_CLIENT_ROW_ACCESS_H
#define SATCHEL_CLIENT_ROW_ACCESS_H

#include "client-core/replica.h"

/* Who set a row's stamps, and when. NULL values where nobody did. */
struct row_stamps {
    struct value created_at;
    struct value created_by;
    struct value updated_at;
    struct value updated_by;
    int64_t gsn; /* 0: headquarters does not know the row */
};

/* A row without its key. Bit n of `mask`: values[n] is there, for column number n. */
struct stored_row {
    uint64_t mask;
    struct value values[LIMIT_COLUMNS];
    struct row_stamps stamps;
};

enum { ROW_WRITERS = 6 };

/* The statements that write the columns of one mask. */
struct row_writer {
    uint64_t mask;
    sqlite3_stmt *insert;
    sqlite3_stmt *update;
};

struct table_access {
    const struct table *table;
    const struct column *
        *by_position; /* columns as this database orders them; NULL: not ours */
    int position_count;
    uint64_t data_mask;                /* all columns but the key's */
    uint64_t cell_mask[LIMIT_COLUMNS]; /* by column number: the columns of its cell */
    bool has_rules;                    /* some rule wants to see its changes */
    sqlite3_stmt *read;
    sqlite3_stmt *gsn;
    sqlite3_stmt *forget;
    sqlite3_stmt *forget_unknown;
    sqlite3_stmt *stamp_insert;
    sqlite3_stmt *stamp_update;
    struct row_writer writers[ROW_WRITERS];
    size_t next_writer;
};

#define COLUMN_BIT(number) ((uint64_t)1 << (number))

/* The lowest column number in `mask`, which it takes out; 0 when empty. */
static inline unsigned mask_take(uint64_t *mask) {
    if (*mask == 0)
        return 0;
    unsigned number = (unsigned)__builtin_ctzll(*mask);
    *mask &= *mask - 1;
    return number;
}

/* NULL on failure. Owned by the replica. */
struct table_access *table_access(struct replica *replica, const struct table *table,
                                  struct error *error);
void table_access_free(struct table_access *access); /* NULL is fine */

/* Reads a row. When *ret_found its text and blobs are borrowed from SQLite until row_release,
 * which must be called then. */
int row_read(struct replica *replica, struct table_access *access, struct bytes key,
             struct stored_row *ret, bool *ret_found, struct error *error);
void row_release(struct table_access *access);
/* The same, but first copies what is borrowed into `arena`. */
int row_keep(struct table_access *access, struct stored_row *row, struct arena *arena,
             struct error *error);

/* The row's gsn, -1 when there is no such row. */
int row_gsn(struct replica *replica, struct table_access *access, struct bytes key,
            int64_t *ret, struct error *error);

/* Writes the row's columns and stamps, whether it is there or not; columns that are not in its
 * mask stay, or get their defaults. Returns the SQLite code; nothing to clean up after a failure. */
int row_put(struct replica *replica, struct table_access *access, struct bytes key,
            const struct stored_row *row, struct error *error);
/* The same for a row that should not be there yet: SQLITE_CONSTRAINT when it is. */
int row_insert(struct replica *replica, struct table_access *access, struct bytes key,
               const struct stored_row *row, struct error *error);

/* Takes the row out of this replica. No deletion: others keep it. */
int row_forget(struct replica *replica, struct table_access *access, struct bytes key,
               struct error *error);
/* The same if headquarters does not know it (gsn 0). */
int row_forget_unknown(struct replica *replica, struct table_access *access,
                       struct bytes key, struct error *error);

/* Sets the stamps of a row that a command inserted or updated. */
int row_stamp(struct replica *replica, struct table_access *access, struct bytes key,
              bool inserted, int64_t now_ms, const struct id *actor, struct error *error);

/* Copies what `row` borrows. */
int row_copy(struct stored_row *row, struct arena *arena, struct error *error);

#endif
