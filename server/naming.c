/* Rows that name a file. */
#include "server/naming.h"

#include <stdlib.h>
#include <string.h>

#include "schema/database.h"
#include "server/access.h"

enum { KEY_SIZE = LIMIT_KEY_COLUMNS * ID_SIZE };

struct search {
    sqlite3 *db;
    const struct table *table;
    const struct column *column;
    sqlite3_stmt *rows;
    sqlite3_stmt *meta;
    struct placement *placements;
    naming_visit visit;
    void *context;
};

static void put_rows_sql(const struct search *search, struct buffer *sql) {
    const struct table *table = search->table;
    buffer_printf(sql, "select created_by");
    for (size_t i = 0; i < table->key_count; i++) {
        buffer_printf(sql, ", \"%s\"", table->key[i]->name);
    }
    buffer_printf(sql, " from \"%s\" where \"%s\" = ?%s", table->name,
                  search->column->name,
                  table->soft_delete ? " and deleted_at is null" : "");
}

static struct bytes key_of(const struct search *search, uint8_t room[KEY_SIZE]) {
    size_t size = 0;
    for (size_t i = 0; i < search->table->key_count; i++) {
        struct bytes part = value_of_column(search->rows, (int)i + 1).bytes;
        memcpy(room + size, part.data, part.size == ID_SIZE ? ID_SIZE : 0);
        size += part.size == ID_SIZE ? ID_SIZE : 0;
    }
    return (struct bytes){room, size};
}

static struct id id_of_column(sqlite3_stmt *statement, int column) {
    struct value value = value_of_column(statement, column);
    struct id id = {{0}};
    if (value.type == VALUE_BLOB && value.bytes.size == ID_SIZE) {
        memcpy(id.bytes, value.bytes.data, ID_SIZE);
    }
    return id;
}

/* The author is who inserted the row, unless the cell was written later. */
static int tell_row(struct search *search, struct error *error) {
    uint8_t room[KEY_SIZE];
    struct bytes key = key_of(search, room);
    struct naming naming = {.author = id_of_column(search->rows, 0),
                            .placements = search->placements};
    sqlite3_stmt *meta = search->meta;
    sqlite3_bind_int(meta, 1, search->table->number);
    sqlite3_bind_blob(meta, 2, key.data, (int)key.size, SQLITE_STATIC);
    sqlite3_bind_int(meta, 3, search->column->cell);
    int result = 0;
    int rc = sqlite3_step(meta);
    if (rc == SQLITE_ROW) {
        if (sqlite3_column_int(meta, 1) != 0) {
            naming.author = id_of_column(meta, 2);
        }
        result = placements_decode(value_of_column(meta, 0).bytes, search->placements,
                                   LIMIT_SCOPES_OF_ROW, &naming.placement_count, error);
    } else if (rc != SQLITE_DONE) {
        result = error_from_sqlite(error, search->db, "reading a row's places");
    }
    sqlite3_reset(meta);
    return result != 0 || rc != SQLITE_ROW
               ? result
               : search->visit(search->context, &naming, error);
}

static int tell_rows(struct search *search, const uint8_t hash[HASH_SIZE],
                     struct error *error) {
    struct buffer sql = buffer_make(LIMIT_TEXT);
    put_rows_sql(search, &sql);
    int result = sql.failed ? error_out_of_memory(error)
                            : database_statement(search->db, buffer_text(&sql),
                                                 &search->rows, error);
    buffer_free(&sql);
    if (result != 0) {
        return -1;
    }
    sqlite3_bind_blob(search->rows, 1, hash, HASH_SIZE, SQLITE_STATIC);
    int rc = SQLITE_DONE;
    while (result == 0 && (rc = sqlite3_step(search->rows)) == SQLITE_ROW) {
        result = tell_row(search, error);
    }
    if (result == 0 && rc != SQLITE_DONE) {
        result = error_from_sqlite(error, search->db, "looking for rows with a file");
    }
    sqlite3_finalize(search->rows);
    search->rows = NULL;
    return result;
}

int naming_each(sqlite3 *db, const struct catalogue *catalogue,
                const uint8_t hash[HASH_SIZE], naming_visit visit, void *context,
                struct error *error) {
    static const char META[] =
        "select m.placements, c.gsn is not null, l.user_id from row_meta m"
        " left join cell_stamp c on c.table_number = m.table_number"
        " and c.row_key = m.row_key and c.cell = ?3"
        " left join gsn_log l on l.gsn = c.gsn"
        " where m.table_number = ?1 and m.row_key = ?2";
    struct search search = {.db = db, .visit = visit, .context = context};
    search.placements = calloc(LIMIT_SCOPES_OF_ROW, sizeof *search.placements);
    int result = search.placements == NULL
                     ? error_out_of_memory(error)
                     : database_statement(db, META, &search.meta, error);
    while (result == 0 && catalogue_next_file(catalogue, &search.table, &search.column)) {
        result = tell_rows(&search, hash, error);
    }
    sqlite3_finalize(search.meta);
    free(search.placements);
    return result;
}

void naming_put_exists(const struct catalogue *catalogue, const char *hash,
                       struct buffer *sql) {
    const struct table *table = NULL;
    const struct column *column = NULL;
    bool any = false;
    while (catalogue_next_file(catalogue, &table, &column)) {
        buffer_printf(sql, "%sexists (select 1 from \"%s\" where \"%s\".\"%s\" = %s%s)",
                      any ? " or " : "", table->name, table->name, column->name, hash,
                      table->soft_delete ? " and deleted_at is null" : "");
        any = true;
    }
    if (!any) {
        buffer_printf(sql, "0");
    }
}
