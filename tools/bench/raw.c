/* Bare SQLite: the same tables and settings without anything of ours around them. */
#include <stdio.h>

#include "schema/base/env.h"
#include "tools/bench/bench.h"

static struct function_context raw_functions;

sqlite3 *raw_open(const struct bench_company *company, const char *path, sqlite3 *like) {
    struct error error = {0};
    sqlite3 *db = NULL;
    int64_t pages = 0;
    int64_t log = 0;
    int64_t temporary = 0;
    char sql[128];
    bool created = false;
    must(database_open(path, true, false, &db, &error), &error);
    raw_functions =
        (struct function_context){.env = env_system(), .catalogue = company->catalogue};
    must(functions_register(db, &raw_functions, &error), &error);
    must(database_prepare(db, company->catalogue, DATABASE_MASTER, "", &created, &error),
         &error);
    must(database_integer(like, "pragma cache_size", &pages, &error), &error);
    must(database_integer(like, "pragma wal_autocheckpoint", &log, &error), &error);
    must(database_integer(like, "pragma temp_store", &temporary, &error), &error);
    snprintf(sql, sizeof sql,
             "pragma cache_size = %lld; pragma wal_autocheckpoint = %lld;"
             " pragma temp_store = %lld",
             (long long)pages, (long long)log, (long long)temporary);
    raw_exec(db, sql);
    return db;
}

sqlite3_stmt *raw_customer_insert(sqlite3 *db) {
    static const char SQL[] =
        "insert into customer (id, name, code, kind, level, industry, source, phone, email,"
        " city, owner_id, branch_id, created_at, created_by, updated_at, updated_by, gsn)"
        " values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?13, ?14, ?15)";
    struct error error = {0};
    sqlite3_stmt *statement = NULL;
    must(database_statement(db, SQL, &statement, &error), &error);
    return statement;
}

void raw_bind_customer(sqlite3_stmt *statement, const struct customer *customer,
                       const struct id *author, int64_t gsn) {
    const char *const texts[] = {customer->name,  customer->code,     customer->kind,
                                 customer->level, customer->industry, customer->source,
                                 customer->phone, customer->email,    customer->city};
    sqlite3_bind_blob(statement, 1, customer->id.bytes, ID_SIZE, SQLITE_STATIC);
    for (int i = 0; i < 9; i++) {
        sqlite3_bind_text(statement, i + 2, texts[i], -1, SQLITE_STATIC);
    }
    sqlite3_bind_blob(statement, 11, customer->owner.bytes, ID_SIZE, SQLITE_STATIC);
    sqlite3_bind_blob(statement, 12, customer->branch.bytes, ID_SIZE, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 13, 1790000000000 + gsn);
    sqlite3_bind_blob(statement, 14, author->bytes, ID_SIZE, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 15, gsn);
}

void raw_run(sqlite3 *db, sqlite3_stmt *statement) {
    int rc;
    while ((rc = sqlite3_step(statement)) == SQLITE_ROW) {
    }
    must_sqlite(rc, db);
    sqlite3_reset(statement);
}

void raw_exec(sqlite3 *db, const char *sql) {
    must_sqlite(sqlite3_exec(db, sql, NULL, NULL, NULL), db);
}
