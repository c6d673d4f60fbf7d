/*
 * A small synthetic catalogue, a fixed world, a database in memory.
 */
#include "tests/support/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define STAMPS                                                                                     \
    "  created_at integer, created_by blob, updated_at integer, updated_by blob, gsn integer not " \
    "null default 0"

const char fixture_tables[] =
    "-- People.\n"
    "-- @roles 1 rep  2 manager  3 hq\n"
    "\n"
    "-- Somebody who works here.\n"
    "create table person (  -- @table 1 @scope org @insert hq @label name @lookup code name\n"
    "  id    blob not null primary key,  -- @column 1\n"
    "  code  text not null,              -- @column 2\n"
    "  name  text not null,              -- @column 3\n" STAMPS "\n"
    ") strict, without rowid;\n"
    "\n"
    "-- A list of steps.\n"
    "create table step (  -- @table 2 @scope org @insert hq @label code\n"
    "  id          blob not null primary key,  -- @column 1\n"
    "  code        text not null,              -- @column 2\n"
    "  deleted_at  integer,                    -- @column 63\n" STAMPS "\n"
    ") strict, without rowid;\n"
    "\n"
    "-- A firm.\n"
    "create table customer (  -- @table 3 @scope hq @insert rep hq @label name @lookup name\n"
    "  id    blob not null primary key,  -- @column 1\n"
    "  name  text not null check (length(name) between 1 and 200),  -- @column 2\n"
    "  deleted_at  integer,              -- @column 63\n" STAMPS "\n"
    ") strict, without rowid;\n"
    "\n"
    "-- A deal: what may be bought.\n"
    "create table deal (  -- @table 9 @scope user(owner_id) pool(branch_id unless owner_id)\n"
    "                     -- @scope grants(deal_member.person_id) @insert rep hq @label name @lookup name\n"
    "  id            blob not null primary key,                -- @column 1\n"
    "  customer_id   blob,                                     -- @column 2 @ref customer @brings\n"
    "  name          text not null default 'it''s; -- odd',    -- @column 3 @write rep manager hq\n"
    "  amount_minor  integer not null default 0\n"
    "                check (amount_minor >= 0),                -- @column 7 @group amount\n"
    "  currency      text not null default 'CNY',              -- @column 6 @group amount\n"
    "  owner_id      blob,                                     -- @column 9 @ref person @write hq @self\n"
    "  branch_id     blob,                                     -- @column 10\n"
    "  step_id       blob,                                     -- @column 11 @ref step @merge state(deal_step) @group step\n"
    "  lost_note     text,                                     -- @column 12 @group step\n"
    "  visits        integer not null default 0,               -- @column 13 @merge add\n"
    "  won_at        integer default null,                     -- @column 14 @merge first\n"
    "  deleted_at    integer,                                  -- @column 63\n" STAMPS
    "\n"
    ") strict, without rowid;\n"
    "\n"
    "-- Who works on a deal.\n"
    "create table deal_member (  -- @table 8 @scope follows(deal_id) @insert rep hq\n"
    "  deal_id    blob not null,  -- @column 1 @ref deal\n"
    "  person_id  blob not null,  -- @column 2 @ref person\n"
    "  share_bp   integer,        -- @column 3 @merge max @write hq\n" STAMPS ",\n"
    "  primary key (deal_id, person_id)\n"
    ") strict, without rowid;\n"
    "\n"
    "-- A move.\n"
    "create table deal_step (  -- @table 7 @append @scope follows(deal_id) @insert rep hq @event deal_id step_id\n"
    "  id       blob not null primary key,  -- @column 1\n"
    "  deal_id  blob not null,              -- @column 2 @ref deal\n"
    "  step_id  blob not null,              -- @column 3 @ref step\n" STAMPS "\n"
    ") strict, without rowid;\n"
    "\n"
    "-- Made by merge.\n"
    "create table notice (  -- @table 200 @engine @scope user(person_id) @insert hq\n"
    "  id         blob not null primary key,  -- @column 1\n"
    "  person_id  blob not null,              -- @column 2 @ref person\n"
    "  read_at    integer,                    -- @column 3 @write rep hq\n" STAMPS "\n"
    ") strict, without rowid;\n";

struct catalogue *fixture_load(const struct embedded_file *files, size_t count) {
    struct catalogue *catalogue = NULL;
    struct error error = {0};
    if (catalogue_load(files, count, &catalogue, &error) != 0)
        fail_msg("%s: %s", error.code, error.message);
    return catalogue;
}

struct catalogue *fixture_catalogue(const char *commands) {
    const struct embedded_file files[] = {
        {"commands/test.sql", commands ? commands : "", commands ? strlen(commands) : 0},
        {"tables/sales.sql", fixture_tables, strlen(fixture_tables)},
    };
    return fixture_load(files, 2);
}

/* --- a fixed world ------------------------------------------------------------------------ */

static int64_t fixed_wall_ms(void *context) {
    return FIXTURE_NOW_MS;
}

static int64_t fixed_boot_ms(void *context) {
    return 1000;
}

static void fixed_boot_id(void *context, struct id *ret_id) {
    memset(ret_id, 1, sizeof *ret_id);
}

static void fixed_random(void *context, void *data, size_t size) {
    for (size_t i = 0; i < size; i++)
        ((uint8_t *)data)[i] = (uint8_t)i;
}

static void fixed_sleep_ms(void *context, int64_t ms) {
}

const struct env *fixture_env(void) {
    static const struct env env = {.wall_ms = fixed_wall_ms,
                                   .boot_ms = fixed_boot_ms,
                                   .boot_id = fixed_boot_id,
                                   .random = fixed_random,
                                   .sleep_ms = fixed_sleep_ms};
    return &env;
}

/* --- a database --------------------------------------------------------------------------- */

sqlite3 *fixture_database(const struct catalogue *catalogue,
                          struct function_context *context) {
    sqlite3 *db = NULL;
    struct error error = {0};
    *context = (struct function_context){.env = fixture_env(),
                                         .catalogue = catalogue,
                                         .now_ms = FIXTURE_NOW_MS,
                                         .utc_offset_minutes = 480,
                                         .device_code = "7K"};
    if (database_open(":memory:", true, false, &db, &error) != 0 ||
        functions_register(db, context, &error) != 0 ||
        database_prepare(db, catalogue, DATABASE_STATION, NULL, NULL, &error) != 0)
        fail_msg("%s: %s", error.code, error.message);
    return db;
}

void fixture_run(sqlite3 *db, const char *sql) {
    struct error error = {0};
    if (database_run(db, sql, &error) != 0)
        fail_msg("%s: %s", sql, error.message);
}

const char *fixture_text(sqlite3 *db, const char *sql, char room[512]) {
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    int rc = sqlite3_step(statement);
    if (rc != SQLITE_ROW && rc != SQLITE_DONE)
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    const char *text =
        rc == SQLITE_ROW ? (const char *)sqlite3_column_text(statement, 0) : NULL;
    snprintf(room, 512, "%s", text ? text : "");
    sqlite3_finalize(statement);
    return room;
}
