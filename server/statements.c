/* The cache of statements that are made for a table and a set of its columns. */
#include "server/statements.h"

#include <assert.h>
#include <string.h>

#include "schema/database.h"

static bool in_set(uint64_t columns, const struct column *column) {
    return (columns >> column->number & 1) != 0;
}

static void put_key(struct buffer *sql, const struct table *table) {
    buffer_printf(sql, " where ");
    for (size_t i = 0; i < table->key_count; i++) {
        buffer_printf(sql, "%s%s = ?", i ? " and " : "", table->key[i]->name);
    }
}

static void put_key_names(struct buffer *sql, const struct table *table) {
    for (size_t i = 0; i < table->key_count; i++) {
        buffer_printf(sql, "%s%s", i ? ", " : "", table->key[i]->name);
    }
}

static void put_read(struct buffer *sql, const struct table *table) {
    buffer_printf(sql, "select ");
    for (size_t i = 0; i < table->data_count; i++) {
        buffer_printf(sql, "%s, ", table->columns[i].name);
    }
    buffer_printf(sql, "created_at, created_by, updated_at, updated_by, gsn from %s",
                  table->name);
    put_key(sql, table);
}

static void put_insert(struct buffer *sql, const struct table *table, uint64_t columns) {
    size_t count = 0;
    buffer_printf(sql, "insert into %s (", table->name);
    for (size_t i = 0; i < table->data_count; i++) {
        if (in_set(columns, &table->columns[i])) {
            buffer_printf(sql, "%s, ", table->columns[i].name);
            count++;
        }
    }
    buffer_printf(sql, "created_at, created_by, updated_at, updated_by, gsn) values (");
    while (count-- > 0) {
        buffer_printf(sql, "?, ");
    }
    buffer_printf(sql, "?, ?, ?, ?, ?)");
}

static void put_update(struct buffer *sql, const struct table *table, uint64_t columns) {
    buffer_printf(sql, "update %s set ", table->name);
    for (size_t i = 0; i < table->data_count; i++) {
        if (in_set(columns, &table->columns[i])) {
            buffer_printf(sql, "%s = ?, ", table->columns[i].name);
        }
    }
    buffer_printf(sql, "updated_at = ?, updated_by = ?, gsn = ?");
    put_key(sql, table);
}

static void put_children(struct buffer *sql, const struct table *table,
                         uint64_t columns) {
    buffer_printf(sql, "select ");
    put_key_names(sql, table);
    buffer_printf(sql, " from %s where", table->name);
    for (size_t i = 0; i < table->data_count; i++) {
        if (in_set(columns, &table->columns[i])) {
            buffer_printf(sql, " %s = ?", table->columns[i].name);
        }
    }
}

/* The two columns of a grant: low six bits the user, next six the parent. */
static void put_grants(struct buffer *sql, const struct table *table, uint64_t columns) {
    const struct column *user = table->by_number[columns & 63];
    const struct column *parent = table->by_number[columns >> 6 & 63];
    buffer_printf(sql, "select %s from %s where %s = ?", user->name, table->name,
                  parent->name);
    if (table->soft_delete) {
        buffer_printf(sql, " and deleted_at is null");
    }
}

static void put_sql(struct buffer *sql, enum statement_shape shape,
                    const struct table *table, uint64_t columns) {
    switch (shape) {
    case STATEMENT_READ:
        put_read(sql, table);
        break;
    case STATEMENT_INSERT:
        put_insert(sql, table, columns);
        break;
    case STATEMENT_UPDATE:
        put_update(sql, table, columns);
        break;
    case STATEMENT_EXISTS:
        buffer_printf(sql, "select 1 from %s", table->name);
        put_key(sql, table);
        break;
    case STATEMENT_CHILDREN:
        put_children(sql, table, columns);
        break;
    case STATEMENT_GRANTS:
        put_grants(sql, table, columns);
        break;
    }
}

static size_t slot_hash(enum statement_shape shape, const struct table *table,
                        uint64_t columns) {
    uint64_t hash = columns * 0x9E3779B97F4A7C15ULL;
    hash ^= (uint64_t)table->number * 0xC2B2AE3D27D4EB4FULL + (uint64_t)shape;
    hash ^= hash >> 29;
    return (size_t)((hash * 0x9E3779B97F4A7C15ULL) >> 54) % STATEMENT_SLOTS;
}

static struct statement_slot *find_slot(struct statement_cache *cache,
                                        enum statement_shape shape,
                                        const struct table *table, uint64_t columns) {
    size_t i = slot_hash(shape, table, columns);
    for (;;) {
        struct statement_slot *slot = &cache->slots[i];
        bool same = slot->shape == (uint8_t)shape && slot->table == table->number &&
                    slot->columns == columns;
        if (slot->statement == NULL || same) {
            return slot;
        }
        i = (i + 1) % STATEMENT_SLOTS;
    }
}

sqlite3_stmt *statement_for(struct statement_cache *cache, enum statement_shape shape,
                            const struct table *table, uint64_t columns,
                            struct error *error) {
    if (cache->count > STATEMENT_SLOTS / 2) {
        statement_cache_clear(cache);
    }
    struct statement_slot *slot = find_slot(cache, shape, table, columns);
    if (slot->statement != NULL) {
        sqlite3_reset(slot->statement);
        return slot->statement;
    }
    struct buffer sql = buffer_make(LIMIT_TEXT);
    put_sql(&sql, shape, table, columns);
    sqlite3_stmt *statement = NULL;
    int rc = sql.failed
                 ? error_out_of_memory(error)
                 : database_statement(cache->db, buffer_text(&sql), &statement, error);
    buffer_free(&sql);
    if (rc != 0) {
        return NULL;
    }
    *slot = (struct statement_slot){(uint8_t)shape, table->number, columns, statement};
    cache->count++;
    return statement;
}

void statement_cache_clear(struct statement_cache *cache) {
    for (size_t i = 0; i < STATEMENT_SLOTS; i++) {
        sqlite3_finalize(cache->slots[i].statement);
        cache->slots[i] = (struct statement_slot){0};
    }
    cache->count = 0;
}
