/*
 * Databases: settings, creation, rebuilding derived objects, upgrades, refusals.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/support/fixture.h"

#define STAMPS                                                                   \
    "created_at integer, created_by blob, updated_at integer, updated_by blob, " \
    "gsn integer not null default 0) strict, without rowid;\n"
#define ROLES "-- @roles 1 rep\n"
#define THING                                                   \
    "create table thing ( -- @table 1 @scope org @insert rep\n" \
    "  id blob not null primary key, -- @column 1\n"

static const char version_1[] = ROLES THING "  name text, -- @column 2\n" STAMPS;
static const char version_2[] =
    ROLES THING "  name text, -- @column 2\n"
                "  size integer not null default 7\n    check (size >= 0), -- @column 4\n"
                "  note text, -- @column 3\n" STAMPS
                "create table other ( -- @table 2 @scope org @insert rep\n"
                "  id blob not null primary key, -- @column 1\n" STAMPS;
static const char derived_1[] = "create view things as select name from thing;"
                                "create index thing_by_name on thing (name);"
                                "create table summary (n integer);"
                                "create virtual table words using fts5 (text);"
                                "insert into words values ('one');";
static const char derived_2[] = "create view things as select name, size from thing;"
                                "create index thing_by_size on thing (size);"
                                "create virtual table words using fts5 (text, more);";
static const char engine[] =
    "create table if not exists engine_queue (a);"
    "create index if not exists engine_by_a on engine_queue (a);";

struct place {
    char folder[64];
    char path[128];
};

static int open_place(void **state) {
    struct place *place = calloc(1, sizeof *place);
    assert_non_null(place);
    snprintf(place->folder, sizeof place->folder, "/tmp/satchel-database-XXXXXX");
    assert_non_null(mkdtemp(place->folder));
    snprintf(place->path, sizeof place->path, "%s/a.db", place->folder);
    *state = place;
    return 0;
}

static int close_place(void **state) {
    struct place *place = *state;
    static const char *const suffixes[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < 3; i++) {
        char path[160];
        snprintf(path, sizeof path, "%s%s", place->path, suffixes[i]);
        unlink(path);
    }
    rmdir(place->folder);
    free(place);
    return 0;
}

static struct catalogue *load(const char *tables, const char *derived) {
    const struct embedded_file files[] = {
        {"derived/a.sql", derived, strlen(derived)},
        {"tables/a.sql", tables, strlen(tables)},
    };
    return fixture_load(files, 2);
}

static sqlite3 *open_database(const char *path) {
    sqlite3 *db = NULL;
    struct error error = {0};
    if (database_open(path, true, false, &db, &error) != 0)
        fail_msg("%s: %s", error.code, error.message);
    return db;
}

/* Prepares for a version; returns whether it was created. */
static bool prepare(sqlite3 *db, const struct catalogue *catalogue, int version) {
    const struct database_target target = {catalogue, DATABASE_STATION, version, engine};
    struct error error = {0};
    bool created = false;
    if (database_prepare_target(db, &target, &created, &error) != 0)
        fail_msg("%s: %s", error.code, error.message);
    return created;
}

#define ASK(sql) fixture_text(db, sql, room)
#define OBJECTS                                                           \
    "select group_concat(name, ' ') from (select name from sqlite_schema" \
    " where name not like 'words%' and name not like 'sqlite%' order by name)"

static void a_database_is_opened_with_our_settings(void **state) {
    struct place *place = *state;
    char room[512];
    sqlite3 *db = open_database(place->path);
    assert_string_equal(ASK("pragma journal_mode"), "wal");
    assert_string_equal(ASK("pragma synchronous"), "2");
    assert_string_equal(ASK("pragma busy_timeout"), "10000");
    assert_string_equal(ASK("pragma trusted_schema"), "0");
    assert_string_equal(ASK("pragma cell_size_check"), "1");
    assert_string_equal(ASK("pragma foreign_keys"), "0");
    assert_int_not_equal(sqlite3_exec(db, "select \"text\"", NULL, NULL, NULL),
                         SQLITE_OK);
    fixture_run(db, "pragma writable_schema = on");
    assert_int_not_equal(sqlite3_exec(db, "delete from sqlite_schema", NULL, NULL, NULL),
                         SQLITE_OK);
    sqlite3_close(db);
}

static void opening_may_fail(void **state) {
    struct place *place = *state;
    sqlite3 *db = NULL;
    struct error error = {0};
    assert_int_equal(database_open(place->path, false, false, &db, &error), -1);
    assert_string_equal(error.code, "database.open");
    assert_null(db);
    FILE *file = fopen(place->path, "w");
    assert_non_null(file);
    for (int i = 0; i < 1000; i++)
        fputs("This is no database. ", file);
    fclose(file);
    assert_int_equal(database_open(place->path, true, false, &db, &error), -1);
    assert_string_equal(error.code, "database.corrupt");
}

static void a_reader_does_not_write(void **state) {
    struct place *place = *state;
    sqlite3 *db = open_database(place->path);
    fixture_run(db, "create table a (b)");
    sqlite3_close(db);
    struct error error = {0};
    assert_int_equal(database_open(place->path, false, true, &db, &error), 0);
    assert_int_equal(database_run(db, "insert into a values (1)", &error), -1);
    assert_string_equal(error.code, "database.readonly");
    sqlite3_close(db);
}

static void an_empty_database_is_made(void **state) {
    struct place *place = *state;
    char room[512];
    struct catalogue *catalogue = load(version_1, derived_1);
    sqlite3 *db = open_database(place->path);
    assert_true(prepare(db, catalogue, 1));
    assert_string_equal(ASK(OBJECTS),
                        "engine_by_a engine_queue schema_object schema_state "
                        "summary thing thing_by_name things");
    assert_string_equal(ASK("pragma user_version"), "1");
    assert_string_equal(ASK("pragma application_id"), "1396918273");
    assert_string_equal(ASK("select text from words"), "one");
    assert_false(prepare(db, catalogue, 1));
    sqlite3_close(db);
    catalogue_free(catalogue);
}

static void derived_objects_are_rebuilt_when_they_change(void **state) {
    struct place *place = *state;
    char room[512];
    struct catalogue *before = load(version_1, derived_1);
    struct catalogue *after =
        load(version_1, "create view things as select id from thing;");
    sqlite3 *db = open_database(place->path);
    prepare(db, before, 1);
    fixture_run(db, "insert into words values ('two')");
    prepare(db, before, 1);
    assert_string_equal(ASK("select count(*) from words"), "2"); /* untouched */
    prepare(db, after, 1);
    assert_string_equal(
        ASK("select group_concat(name, ' ') from (select name from sqlite_schema"
            " where name not like 'sqlite%' order by name)"),
        "engine_by_a engine_queue schema_object schema_state thing things");
    assert_string_equal(ASK("select group_concat(name) from schema_object"), "things");
    prepare(db, before, 1);
    assert_string_equal(ASK("select count(*) from words"), "1");
    sqlite3_close(db);
    catalogue_free(before);
    catalogue_free(after);
}

static void an_older_database_is_upgraded(void **state) {
    struct place *place = *state;
    char room[512];
    struct catalogue *first = load(version_1, derived_1);
    struct catalogue *second = load(version_2, derived_2);
    sqlite3 *db = open_database(place->path);
    prepare(db, first, 1);
    fixture_run(db, "insert into thing (id, name, gsn) values (zeroblob(16), 'kept', 5)");
    sqlite3_close(db);
    db = open_database(place->path);
    assert_false(prepare(db, second, 2));
    assert_string_equal(ASK("pragma user_version"), "2");
    assert_string_equal(
        ASK("select name || size || coalesce(note, '-') || gsn from thing"), "kept7-5");
    assert_string_equal(ASK("select size from things"), "7");
    assert_string_equal(ASK(OBJECTS),
                        "engine_by_a engine_queue other schema_object schema_state "
                        "thing thing_by_size things");
    assert_int_not_equal(
        sqlite3_exec(db, "update thing set size = -1 where true", NULL, NULL, NULL),
        SQLITE_OK);
    assert_string_equal(ASK("pragma integrity_check"), "ok");
    sqlite3_close(db);
    catalogue_free(first);
    catalogue_free(second);
}

/* A second process must not wait for the first one's transaction when there is nothing to do. */
static void opening_does_not_wait_for_a_writer(void **state) {
    struct place *place = *state;
    struct catalogue *catalogue = load(version_1, derived_1);
    sqlite3 *writer = open_database(place->path);
    prepare(writer, catalogue, 1);
    fixture_run(writer, "begin immediate");
    sqlite3 *second = open_database(place->path);
    sqlite3_busy_timeout(second, 0);
    assert_false(prepare(second, catalogue, 1));
    sqlite3_close(second);
    fixture_run(writer, "rollback; vacuum");
    sqlite3_close(writer);
    catalogue_free(catalogue);
}

static void expect_refusal(sqlite3 *db, const struct database_target *target,
                           const char *code) {
    struct error error = {0};
    assert_int_equal(database_prepare_target(db, target, NULL, &error), -1);
    assert_string_equal(error.code, code);
    assert_true(sqlite3_get_autocommit(db));
}

static void strange_databases_are_refused(void **state) {
    struct place *place = *state;
    struct catalogue *catalogue = load(version_1, derived_1);
    struct database_target target = {catalogue, DATABASE_STATION, 1, engine};
    sqlite3 *db = open_database(place->path);
    prepare(db, catalogue, 2);
    expect_refusal(db, &target, "database.newer");
    target.version = 2;
    target.kind = DATABASE_MASTER;
    expect_refusal(db, &target, "database.wrong_kind");
    sqlite3_close(db);
    db = open_database(":memory:");
    fixture_run(db, "create table somebody_elses (a)");
    expect_refusal(db, &target, "database.wrong_kind");
    sqlite3_close(db);
    catalogue_free(catalogue);
}

static void a_failed_upgrade_changes_nothing(void **state) {
    struct place *place = *state;
    char room[512];
    struct catalogue *first = load(version_1, derived_1);
    struct catalogue *second = load(version_2, "create view broken as nonsense;");
    struct database_target target = {second, DATABASE_STATION, 2, engine};
    sqlite3 *db = open_database(place->path);
    prepare(db, first, 1);
    expect_refusal(db, &target, "database.failed");
    assert_string_equal(ASK("pragma user_version"), "1");
    assert_string_equal(ASK("select count(*) from pragma_table_info('thing')"), "7");
    assert_string_equal(ASK(OBJECTS),
                        "engine_by_a engine_queue schema_object schema_state "
                        "summary thing thing_by_name things");
    sqlite3_close(db);
    catalogue_free(first);
    catalogue_free(second);
}

static void small_helpers_report(void **state) {
    sqlite3 *db = open_database(":memory:");
    struct error error = {0};
    sqlite3_stmt *statement = NULL;
    int64_t number = 5;
    assert_int_equal(database_integer(db, "select 7", &number, &error), 0);
    assert_int_equal(number, 7);
    assert_int_equal(database_integer(db, "select 7 where 0", &number, &error), 0);
    assert_int_equal(number, 0);
    number = 5;
    assert_int_equal(
        database_integer(db, "select abs(-9223372036854775807 - 1)", &number, &error),
        -1);
    assert_int_equal(number, 5);
    assert_int_equal(database_statement(db, "nonsense", &statement, &error), -1);
    assert_null(statement);
    assert_string_equal(error.code, "database.failed");
    sqlite3_close(db);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_database_is_opened_with_our_settings,
                                        open_place, close_place),
        cmocka_unit_test_setup_teardown(opening_may_fail, open_place, close_place),
        cmocka_unit_test_setup_teardown(a_reader_does_not_write, open_place, close_place),
        cmocka_unit_test_setup_teardown(an_empty_database_is_made, open_place,
                                        close_place),
        cmocka_unit_test_setup_teardown(derived_objects_are_rebuilt_when_they_change,
                                        open_place, close_place),
        cmocka_unit_test_setup_teardown(an_older_database_is_upgraded, open_place,
                                        close_place),
        cmocka_unit_test_setup_teardown(opening_does_not_wait_for_a_writer, open_place,
                                        close_place),
        cmocka_unit_test_setup_teardown(strange_databases_are_refused, open_place,
                                        close_place),
        cmocka_unit_test_setup_teardown(a_failed_upgrade_changes_nothing, open_place,
                                        close_place),
        cmocka_unit_test(small_helpers_report),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
