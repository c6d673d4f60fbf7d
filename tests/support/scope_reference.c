/* The slow reference of scopes. */
#include "tests/support/scope_reference.h"

#include <stdio.h>
#include <stdlib.h>

#include "server/sums.h"

static void must(int result, const struct error *error) {
    if (result != 0) {
        fprintf(stderr, "reference: %s (%s)\n", error->message, error->code);
        abort();
    }
}

static void run(struct company *company, const char *sql) {
    struct error error = {0};
    must(database_run(company->master->db, sql, &error), &error);
}

void reference_make(struct company *company) {
    run(company,
        "create temp table ref (t, k, kind, id, primary key (t, k, kind, id)) without rowid;"
        "create temp table placed (t, k, kind, id, primary key (t, k, kind, id)) without rowid;"
        "create temp table version (t, k, gsn, primary key (t, k)) without rowid;");
}

/* The key of the row called `alias`, as one blob. */
static void put_key(struct buffer *sql, const struct table *table, const char *alias) {
    buffer_printf(sql, "cast(");
    for (size_t i = 0; i < table->key_count; i++)
        buffer_printf(sql, "%s%s.%s", i ? " || " : "", alias, table->key[i]->name);
    buffer_printf(sql, " as blob)");
}

static void put_insert(struct buffer *sql, const struct table *table) {
    buffer_printf(sql, "insert or ignore into temp.ref select %d, ", table->number);
    put_key(sql, table, "t");
}

static void put_own_clause(struct buffer *sql, const struct table *table,
                           const struct scope_clause *clause) {
    static const int kinds[] = {[SCOPE_CLAUSE_USER] = SCOPE_USER,
                                [SCOPE_CLAUSE_BRANCH] = SCOPE_BRANCH,
                                [SCOPE_CLAUSE_POOL] = SCOPE_POOL};
    switch (clause->kind) {
    case SCOPE_CLAUSE_ORG:
        put_insert(sql, table);
        buffer_printf(sql, ", 1, zeroblob(16) from %s t;", table->name);
        break;
    case SCOPE_CLAUSE_USER:
    case SCOPE_CLAUSE_BRANCH:
    case SCOPE_CLAUSE_POOL:
        put_insert(sql, table);
        buffer_printf(sql, ", %d, t.%s from %s t where t.%s is not null",
                      kinds[clause->kind], clause->columns[0]->name, table->name,
                      clause->columns[0]->name);
        if (clause->kind == SCOPE_CLAUSE_POOL)
            buffer_printf(sql, " and t.%s is null", clause->columns[1]->name);
        buffer_printf(sql, ";");
        break;
    case SCOPE_CLAUSE_GRANTS:
        put_insert(sql, table);
        buffer_printf(sql,
                      ", 3, c.%s from %s t join %s c on c.%s = t.%s"
                      " where c.deleted_at is null;",
                      clause->child_user->name, table->name, clause->child->name,
                      clause->child_parent->name, table->key[0]->name);
        break;
    default: /* HQ has its line for every table, followers come later */
        break;
    }
}

/* Of the columns the first that is not null names whom the row follows. */
static void put_follows(struct buffer *sql, const struct table *table,
                        const struct scope_clause *clause) {
    for (size_t i = 0; i < clause->column_count; i++) {
        put_insert(sql, table);
        buffer_printf(
            sql,
            ", r.kind, r.id from %s t join temp.ref r on r.t = %d and r.k = t.%s"
            " where true",
            table->name, clause->columns[i]->ref->number, clause->columns[i]->name);
        for (size_t j = 0; j < i; j++)
            buffer_printf(sql, " and t.%s is null", clause->columns[j]->name);
        buffer_printf(sql, ";");
    }
}

static void put_brought(struct buffer *sql, const struct table *table,
                        const struct brought_by *brought) {
    put_insert(sql, table);
    buffer_printf(sql,
                  ", r.kind, r.id from %s t join %s b on b.%s = t.%s"
                  " join temp.ref r on r.t = %d and r.k = ",
                  table->name, brought->table->name, brought->column->name,
                  table->key[0]->name, brought->table->number);
    put_key(sql, brought->table, "b");
    buffer_printf(sql, ";");
}

void reference_compute(struct company *company) {
    const struct catalogue *catalogue = company->catalogue;
    struct buffer own = buffer_make(1 << 20);
    struct buffer again = buffer_make(1 << 20);
    buffer_printf(&own, "delete from temp.ref; delete from temp.version;");
    for (size_t i = 0; i < catalogue->table_count; i++) {
        const struct table *table = &catalogue->tables[i];
        buffer_printf(&own, "insert into temp.version select %d, ", table->number);
        put_key(&own, table, "t");
        buffer_printf(&own, ", t.gsn from %s t;", table->name);
        if (!table->org) {
            put_insert(&own, table);
            buffer_printf(&own, ", 2, zeroblob(16) from %s t;", table->name);
        }
        for (size_t j = 0; j < table->scope_count; j++) {
            put_own_clause(&own, table, &table->scope[j]);
            if (table->scope[j].kind == SCOPE_CLAUSE_FOLLOWS)
                put_follows(&again, table, &table->scope[j]);
        }
        for (size_t j = 0; j < table->brought_by_count && !table->org; j++)
            put_brought(&again, table, &table->brought_by[j]);
    }
    run(company, buffer_text(&own));
    for (int64_t before = -1, now = 0; before != now;) {
        before = now;
        run(company, buffer_text(&again));
        now = company_integer(company, "select count(*) from temp.ref");
    }
    buffer_free(&own);
    buffer_free(&again);
}

/* --- the server's places against it -------------------------------------------------------------------- */

static void read_places(struct company *company) {
    struct error error = {0};
    sqlite3_stmt *get = NULL;
    sqlite3_stmt *put = NULL;
    static struct placement places[LIMIT_SCOPES_OF_ROW];
    run(company, "delete from temp.placed");
    must(database_statement(company->master->db,
                            "select table_number, row_key, placements from row_meta",
                            &get, &error),
         &error);
    must(database_statement(company->master->db,
                            "insert into temp.placed select ?, ?, kind, id from"
                            " scope_name where number = ?",
                            &put, &error),
         &error);
    while (sqlite3_step(get) == SQLITE_ROW) {
        size_t count = 0;
        must(placements_decode(value_of_column(get, 2).bytes, places, LIMIT_SCOPES_OF_ROW,
                               &count, &error),
             &error);
        for (size_t i = 0; i < count; i++) {
            sqlite3_bind_value(put, 1, sqlite3_column_value(get, 0));
            sqlite3_bind_value(put, 2, sqlite3_column_value(get, 1));
            sqlite3_bind_int64(put, 3, places[i].scope_number);
            if (!places[i].gone && sqlite3_step(put) != SQLITE_DONE)
                abort();
            sqlite3_reset(put);
        }
    }
    sqlite3_finalize(get);
    sqlite3_finalize(put);
}

/* Says which rows differ: a line each. */
void reference_finds_none(struct company *company, const char *what, const char *sql) {
    int64_t count;
    struct buffer counted = buffer_make(8192);
    buffer_printf(&counted, "select count(*) from (%s)", sql);
    count = company_integer(company, buffer_text(&counted));
    buffer_reset(&counted);
    buffer_printf(
        &counted,
        "select group_concat(table_number || ' ' || hex(row_key) || ' ' || detail,"
        " char(10)) from (%s limit 10)",
        sql);
    if (count > 0) {
        struct bytes said = company_value(company, buffer_text(&counted)).bytes;
        fprintf(stderr, "%s: %lld\n%.*s\n", what, (long long)count, (int)said.size,
                (const char *)said.data);
        abort();
    }
    buffer_free(&counted);
}

void reference_check_places(struct company *company) {
    struct error error = {0};
    read_places(company);
    reference_finds_none(
        company, "not placed",
        "select t as table_number, k as row_key, kind || hex(id) as detail from"
        " (select * from temp.ref except select * from temp.placed)");
    reference_finds_none(
        company, "placed where they do not belong",
        "select t as table_number, k as row_key, kind || hex(id) as detail from"
        " (select * from temp.placed except select * from temp.ref)");
    must(scope_sums_check(company->master->db, company->catalogue, &error), &error);
}
