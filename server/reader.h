/*
 * Reading connections for request threads: a pool. One reader serves one request at a time and reads one
 * snapshot.
 */
#ifndef SATCHEL_SERVER_READER_H
#define SATCHEL_SERVER_READER_H

#include "server/statements.h"

enum { READER_STATEMENTS = 32, READER_WALKS = 16 };

struct reader {
    sqlite3 *db;
    const struct catalogue *catalogue;
    struct statement_cache statements;
    sqlite3_stmt *placements;
    sqlite3_stmt *scope_get;
    sqlite3_stmt *sum_get;
    struct {
        const char *sql;
        sqlite3_stmt *statement;
    } cache[READER_STATEMENTS];
    sqlite3_stmt *walks[READER_WALKS]; /* idle ones (pull.c) */
    size_t walk_count;
    size_t chunk_rows; /* of one response, at most */
    struct reader *next;
};

struct reader_pool;
int reader_pool_make(const char *path, const struct catalogue *catalogue,
                     struct reader_pool **ret, struct error *error);
/* Smaller responses, for tests and simulations of cuts. */
void reader_pool_chunk(struct reader_pool *pool, size_t rows);
void reader_pool_free(struct reader_pool *pool);
/* Begins a read transaction. NULL with the error filled on failure. */
struct reader *reader_take(struct reader_pool *pool, struct error *error);
void reader_give(struct reader_pool *pool, struct reader *reader);

/* The statement for a constant text, prepared at its first use and found again by the text's address. NULL with
 * the error filled on failure. The caller resets it on every path. */
sqlite3_stmt *reader_statement(struct reader *reader, const char *sql,
                               struct error *error);

#endif
