/* A pool of reading connections. */
#include "server/reader.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "schema/database.h"

struct reader_pool {
    pthread_mutex_t lock;
    struct reader *idle;
    const struct catalogue *catalogue;
    char *path;
    size_t chunk_rows;
};

static void reader_close(struct reader *reader) {
    statement_cache_clear(&reader->statements);
    sqlite3_finalize(reader->placements);
    sqlite3_finalize(reader->scope_get);
    sqlite3_finalize(reader->sum_get);
    for (size_t i = 0; i < READER_STATEMENTS; i++) {
        sqlite3_finalize(reader->cache[i].statement);
    }
    while (reader->walk_count > 0) {
        sqlite3_finalize(reader->walks[--reader->walk_count]);
    }
    sqlite3_close(reader->db);
    free(reader);
}

static struct reader *reader_open(struct reader_pool *pool, struct error *error) {
    struct reader *reader = calloc(1, sizeof *reader);
    if (reader == NULL) {
        error_out_of_memory(error);
        return NULL;
    }
    reader->catalogue = pool->catalogue;
    reader->chunk_rows = pool->chunk_rows;
    if (database_open(pool->path, false, true, &reader->db, error) != 0 ||
        database_statement(reader->db,
                           "select placements from row_meta"
                           " where table_number = ? and row_key = ?",
                           &reader->placements, error) != 0 ||
        database_statement(reader->db,
                           "select number from scope_name where kind = ? and id = ?",
                           &reader->scope_get, error) != 0 ||
        database_statement(reader->db,
                           "select digest, rows from scope_sum where scope = ?",
                           &reader->sum_get, error) != 0) {
        reader_close(reader);
        return NULL;
    }
    reader->statements.db = reader->db;
    return reader;
}

int reader_pool_make(const char *path, const struct catalogue *catalogue,
                     struct reader_pool **ret, struct error *error) {
    struct reader_pool *pool = calloc(1, sizeof *pool);
    if (pool == NULL || (pool->path = strdup(path)) == NULL) {
        free(pool);
        return error_out_of_memory(error);
    }
    pthread_mutex_init(&pool->lock, NULL);
    pool->catalogue = catalogue;
    pool->chunk_rows = LIMIT_CHUNK_ROWS;
    *ret = pool;
    return 0;
}

void reader_pool_chunk(struct reader_pool *pool, size_t rows) {
    pool->chunk_rows = rows;
}

void reader_pool_free(struct reader_pool *pool) {
    if (pool == NULL) {
        return;
    }
    while (pool->idle != NULL) {
        struct reader *reader = pool->idle;
        pool->idle = reader->next;
        reader_close(reader);
    }
    pthread_mutex_destroy(&pool->lock);
    free(pool->path);
    free(pool);
}

struct reader *reader_take(struct reader_pool *pool, struct error *error) {
    pthread_mutex_lock(&pool->lock);
    struct reader *reader = pool->idle;
    if (reader != NULL) {
        pool->idle = reader->next;
    }
    pthread_mutex_unlock(&pool->lock);
    if (reader == NULL) {
        reader = reader_open(pool, error);
    }
    if (reader != NULL && database_run(reader->db, "begin", error) != 0) {
        reader_close(reader);
        return NULL;
    }
    return reader;
}

void reader_give(struct reader_pool *pool, struct reader *reader) {
    struct error ignored;
    if (reader == NULL) {
        return;
    }
    if (database_run(reader->db, "commit", &ignored) != 0) {
        reader_close(reader);
        return;
    }
    pthread_mutex_lock(&pool->lock);
    reader->next = pool->idle;
    pool->idle = reader;
    pthread_mutex_unlock(&pool->lock);
}

sqlite3_stmt *reader_statement(struct reader *reader, const char *sql,
                               struct error *error) {
    size_t i = 0;
    while (i < READER_STATEMENTS && reader->cache[i].sql != NULL &&
           reader->cache[i].sql != sql) {
        i++;
    }
    assert(i < READER_STATEMENTS);
    if (reader->cache[i].sql == NULL) {
        if (database_statement(reader->db, sql, &reader->cache[i].statement, error) !=
            0) {
            return NULL;
        }
        reader->cache[i].sql = sql;
    }
    sqlite3_reset(reader->cache[i].statement);
    return reader->cache[i].statement;
}
