/*
 * Server images: keeping and restoring them.
 */
#include "client-core/images.h"

#include "sync/wire.h"

enum { STAMP_VALUES = 5 };

void image_encode(const struct stored_row *row, struct buffer *ret) {
    struct value values[2 * LIMIT_COLUMNS + STAMP_VALUES];
    uint64_t mask = row->mask;
    size_t count = 0;
    for (unsigned number; (number = mask_take(&mask)) != 0;) {
        values[count++] = value_integer(number);
        values[count++] = row->values[number];
    }
    values[count++] = row->stamps.created_at;
    values[count++] = row->stamps.created_by;
    values[count++] = row->stamps.updated_at;
    values[count++] = row->stamps.updated_by;
    values[count++] = value_integer(row->stamps.gsn);
    wire_put_values(ret, values, count);
}

int image_decode(const struct table *table, struct bytes data, struct arena *arena,
                 struct stored_row *ret, struct error *error) {
    struct value *values = NULL;
    size_t count = 0;
    if (wire_values(data, arena, &values, &count, error) != 0)
        return -1;
    if (count < STAMP_VALUES || count % 2 == 0)
        return error_set(error, "database.corrupt", table->name,
                         "an image cannot be read");
    ret->mask = 0;
    for (size_t i = 0; i + STAMP_VALUES < count; i += 2) {
        int64_t number = values[i].integer;
        if (number < 1 || number >= LIMIT_COLUMNS || !table->by_number[number] ||
            table->by_number[number]->key_position)
            continue;
        ret->mask |= COLUMN_BIT(number);
        ret->values[number] = values[i + 1];
    }
    const struct value *stamps = values + count - STAMP_VALUES;
    ret->stamps = (struct row_stamps){.created_at = stamps[0],
                                      .created_by = stamps[1],
                                      .updated_at = stamps[2],
                                      .updated_by = stamps[3],
                                      .gsn = stamps[4].integer};
    return 0;
}

int image_keep(struct replica *replica, const struct table *table, struct bytes key,
               const struct stored_row *row, struct buffer *scratch,
               struct error *error) {
    static const char sql[] = "insert into station_image (table_number, row_key, image)"
                              " values (?1, ?2, ?3) on conflict do nothing";
    sqlite3_stmt *statement = replica_statement(replica, sql, error);
    if (!statement)
        return -1;
    buffer_reset(scratch);
    image_encode(row, scratch);
    if (scratch->failed)
        return error_out_of_memory(error);
    sqlite3_bind_int(statement, 1, table->number);
    bind_bytes(statement, 2, key);
    bind_bytes(statement, 3, buffer_bytes(scratch));
    return replica_finish(replica, statement, error);
}

static int image_restore(struct replica *replica, sqlite3_stmt *statement,
                         struct arena *arena, struct error *error) {
    struct stored_row row;
    const struct table *table = catalogue_table_number(
        replica->catalogue, (uint64_t)sqlite3_column_int64(statement, 0));
    if (!table)
        return 0;
    struct table_access *access = table_access(replica, table, error);
    struct bytes key = column_bytes(statement, 1);
    if (!access ||
        image_decode(table, column_bytes(statement, 2), arena, &row, error) != 0)
        return -1;
    return row_put(replica, access, key, &row, error) == SQLITE_OK ? 0 : -1;
}

int images_restore(struct replica *replica, struct error *error) {
    static const char all[] = "select table_number, row_key, image from station_image";
    static const char drop[] = "delete from station_image";
    sqlite3_stmt *statement = replica_statement(replica, all, error);
    struct arena arena = arena_make(LIMIT_ROW_SIZE * 4);
    bool row = false;
    int failed = statement ? 0 : -1;
    while (!failed && (failed = replica_step(replica, statement, &row, error)) == 0 &&
           row) {
        failed = image_restore(replica, statement, &arena, error);
        arena_reset(&arena);
    }
    if (statement)
        sqlite3_reset(statement);
    arena_free(&arena);
    if (failed)
        return -1;
    statement = replica_statement(replica, drop, error);
    return statement ? replica_finish(replica, statement, error) : -1;
}
