/*
 * The tally of what headquarters gave.
 */
#include "client-core/tally.h"

#include <string.h>

#include "schema/database.h"
#include "sync/digest.h"

static int exists(struct replica *replica, const char *sql, bool *ret,
                  struct error *error) {
    sqlite3_stmt *statement = replica_statement(replica, sql, error);
    int64_t found = 0;
    if (!statement || replica_integer(replica, statement, &found, error) != 0)
        return -1;
    *ret = found != 0;
    return 0;
}

int tally_begin(struct tally *tally, struct replica *replica, int64_t digest,
                int64_t rows, struct error *error) {
    static const char places[] = "select exists (select 1 from station_places)";
    static const char misfits[] = "select exists (select 1 from station_misfit)";
    *tally = (struct tally){.replica = replica, .digest = digest, .rows = rows};
    if (exists(replica, places, &tally->any_places, error) != 0)
        return -1;
    return exists(replica, misfits, &tally->any_misfits, error);
}

/* Asks a statement about one row. *ret stays when it has nothing to say. */
static int ask(struct tally *tally, const char *sql, const struct table *table,
               struct bytes key, int64_t *ret, bool *ret_found, struct error *error) {
    sqlite3_stmt *statement = replica_statement(tally->replica, sql, error);
    bool row = false;
    if (!statement)
        return -1;
    sqlite3_bind_int(statement, 1, table->number);
    bind_bytes(statement, 2, key);
    if (replica_step(tally->replica, statement, &row, error) != 0)
        return -1;
    if (row)
        *ret = sqlite3_column_int64(statement, 0);
    *ret_found = row;
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    return 0;
}

int tally_find(struct tally *tally, const struct table *table, struct bytes key,
               int64_t gsn, struct tally_row *ret, struct error *error) {
    static const char misfit[] =
        "select gsn from station_misfit where table_number = ?1 and row_key = ?2";
    static const char places[] =
        "select places from station_places where table_number = ?1 and row_key = ?2";
    int64_t number = 1;
    bool found = false;
    *ret = (struct tally_row){.gsn = gsn};
    if (tally->any_misfits &&
        ask(tally, misfit, table, key, &ret->gsn, &ret->misfit, error) != 0)
        return -1;
    if (tally->any_places && ret->gsn > 0 &&
        ask(tally, places, table, key, &number, &found, error) != 0)
        return -1;
    ret->places = (uint32_t)number;
    return 0;
}

static int write_places(struct tally *tally, const struct table *table, struct bytes key,
                        uint32_t places, struct error *error) {
    static const char put[] =
        "insert into station_places (table_number, row_key, places) values (?1, ?2, ?3)"
        " on conflict (table_number, row_key) do update set places = excluded.places";
    static const char drop[] =
        "delete from station_places where table_number = ?1 and row_key = ?2";
    sqlite3_stmt *statement =
        replica_statement(tally->replica, places > 1 ? put : drop, error);
    if (!statement)
        return -1;
    sqlite3_bind_int(statement, 1, table->number);
    bind_bytes(statement, 2, key);
    if (places > 1)
        sqlite3_bind_int64(statement, 3, places);
    int failed = replica_finish(tally->replica, statement, error);
    sqlite3_clear_bindings(statement);
    tally->any_places |= places > 1;
    return failed;
}

/* A row counts once for each of its places. */
static int64_t times(int64_t digest, uint32_t places) {
    return (int64_t)((uint64_t)digest * places);
}

static uint32_t places_of(const struct tally_row *row) {
    return row->gsn <= 0 ? 0 : row->places;
}

int tally_move(struct tally *tally, const struct table *table, struct bytes key,
               const struct tally_row *former, const struct tally_row *now,
               struct error *error) {
    uint32_t before = places_of(former);
    uint32_t after = places_of(now);
    if (before > 0)
        tally->digest = digest_subtract(
            tally->digest, times(digest_of_row(table->number, key, former->gsn), before));
    if (after > 0)
        tally->digest = digest_add(
            tally->digest, times(digest_of_row(table->number, key, now->gsn), after));
    tally->rows += (int64_t)after - (int64_t)before;
    tally->any_misfits |= now->misfit;
    if (before != after && (before > 1 || after > 1))
        return write_places(tally, table, key, after, error);
    return 0;
}

/* --- counted anew ---------------------------------------------------------------------------------- */

struct sum {
    int64_t digest;
    int64_t rows;
};

static void count(struct sum *sum, const struct table *table, struct bytes key,
                  int64_t gsn, int64_t places) {
    sum->digest = digest_add(
        sum->digest, times(digest_of_row(table->number, key, gsn), (uint32_t)places));
    sum->rows += places;
}

/* "a || b": the key as one blob. */
static void put_key(struct buffer *sql, const struct table *table) {
    for (size_t i = 0; i < table->key_count; i++)
        buffer_printf(sql, "%st.\"%s\"", i ? " || " : "", table->key[i]->name);
}

/* Version, places and key of the rows of a table that are counted by it, not as misfits. */
static int open_table(struct replica *replica, const struct table *table,
                      sqlite3_stmt **ret, struct error *error) {
    struct buffer sql = buffer_make(4096);
    buffer_printf(&sql, "select t.gsn, coalesce (p.places, 1), cast(");
    put_key(&sql, table);
    buffer_printf(&sql,
                  " as blob) as row_key from \"%s\" t left join station_places p"
                  " on p.table_number = %d and p.row_key = cast(",
                  table->name, table->number);
    put_key(&sql, table);
    buffer_printf(&sql,
                  " as blob) where t.gsn > 0 and not exists (select 1 from"
                  " station_misfit m where m.table_number = %d and m.row_key = cast(",
                  table->number);
    put_key(&sql, table);
    buffer_printf(&sql, " as blob))");
    int failed = sql.failed
                     ? error_out_of_memory(error)
                     : database_statement(replica->db, buffer_text(&sql), ret, error);
    buffer_free(&sql);
    return failed;
}

static int count_table(struct replica *replica, const struct table *table,
                       struct sum *sum, struct error *error) {
    sqlite3_stmt *statement = NULL;
    bool row = true;
    int failed = open_table(replica, table, &statement, error);
    while (!failed && row) {
        failed = replica_step(replica, statement, &row, error);
        if (!failed && row)
            count(sum, table, column_bytes(statement, 2),
                  sqlite3_column_int64(statement, 0), sqlite3_column_int64(statement, 1));
    }
    sqlite3_finalize(statement);
    return failed;
}

static int count_misfits(struct replica *replica, struct sum *sum, struct error *error) {
    static const char sql[] =
        "select m.gsn, coalesce (p.places, 1), m.row_key, m.table_number"
        " from station_misfit m left join station_places p"
        " on p.table_number = m.table_number and p.row_key = m.row_key";
    sqlite3_stmt *statement = replica_statement(replica, sql, error);
    bool row = true;
    int failed = statement ? 0 : -1;
    while (!failed && row) {
        failed = replica_step(replica, statement, &row, error);
        if (failed || !row)
            break;
        const struct table *table = catalogue_table_number(
            replica->catalogue, (uint64_t)sqlite3_column_int64(statement, 3));
        if (table)
            count(sum, table, column_bytes(statement, 2),
                  sqlite3_column_int64(statement, 0), sqlite3_column_int64(statement, 1));
    }
    if (statement)
        sqlite3_reset(statement);
    return failed;
}

int tally_compute(struct replica *replica, int64_t *ret_digest, int64_t *ret_rows,
                  struct error *error) {
    struct sum sum = {0};
    for (size_t i = 0; i < replica->catalogue->table_count; i++)
        if (count_table(replica, &replica->catalogue->tables[i], &sum, error) != 0)
            return -1;
    if (count_misfits(replica, &sum, error) != 0)
        return -1;
    *ret_digest = sum.digest;
    *ret_rows = sum.rows;
    return 0;
}

int tally_repeats(struct replica *replica, int64_t *ret, struct error *error) {
    static const char sql[] = "select coalesce (sum(places - 1), 0) from station_places";
    sqlite3_stmt *statement = replica_statement(replica, sql, error);
    return statement ? replica_integer(replica, statement, ret, error) : -1;
}
