/*
 * The real domain: its catalogue loads, its database is made, all of its SQL prepares, and
 * schema/fingerprint.txt still holds.
 *
 * The fingerprint is written anew with
 *     SATCHEL_WRITE_FINGERPRINT=1 build/tests/test-unit-schema-domain
 * which refuses, as the test does, when a line of the committed file was altered or removed, or
 * when a column was added that older databases could not take. Before the first release such a
 * line may be taken out of the file by hand; afterwards never: number a new column instead.
 */
#include <assert.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "schema/rules.h"
#include "tests/support/fixture.h"

static const char fingerprint_path[] = SATCHEL_SOURCE_DIR "/schema/fingerprint.txt";

struct world {
    struct catalogue *catalogue;
    struct function_context context;
    sqlite3 *db;
    struct rule_runner *runner;
};

static int open_world(void **state) {
    static struct world world;
    struct error error = {0};
    world.catalogue = fixture_load(embedded_files, embedded_file_count);
    world.db = fixture_database(world.catalogue, &world.context);
    if (rules_open(world.db, world.catalogue, &world.runner, &error) != 0)
        fail_msg("%s: %s", error.code, error.message);
    *state = &world;
    return 0;
}

static int close_world(void **state) {
    struct world *world = *state;
    rules_close(world->runner);
    sqlite3_close(world->db);
    catalogue_free(world->catalogue);
    return 0;
}

/* --- the database ------------------------------------------------------------------------- */

static enum value_type type_named(const char *name) {
    return strcmp(name, "INTEGER") == 0 ? VALUE_INTEGER
           : strcmp(name, "TEXT") == 0  ? VALUE_TEXT
                                        : VALUE_BLOB;
}

static void check_column(const struct table *table, sqlite3_stmt *row) {
    const char *name = (const char *)sqlite3_column_text(row, 1);
    const struct column *column = table_column(table, name);
    const char *default_text = (const char *)sqlite3_column_text(row, 4);
    bool stamp = column && column->number == 0;
    if (!column || column != &table->columns[sqlite3_column_int(row, 0)])
        fail_msg("%s.%s is not where the catalogue has it", table->name, name);
    assert(column);
    assert_int_equal(column->type, type_named((const char *)sqlite3_column_text(row, 2)));
    assert_int_equal(column->not_null, sqlite3_column_int(row, 3));
    assert_int_equal(column->key_position, sqlite3_column_int(row, 5));
    assert_int_equal(sqlite3_column_int(row, 6), 0); /* neither hidden nor generated */
    if (!stamp)
        assert_int_equal(column->has_default,
                         default_text && strcmp(default_text, "null") != 0);
}

/* The catalogue reads the DDL by itself; SQLite must have understood the same. */
static void the_catalogue_reads_what_sqlite_reads(void **state) {
    struct world *world = *state;
    assert_true(world->catalogue->table_count > 0);
    for (size_t i = 0; i < world->catalogue->table_count; i++) {
        const struct table *table = &world->catalogue->tables[i];
        sqlite3_stmt *row = NULL;
        char sql[128];
        size_t count = 0;
        snprintf(sql, sizeof sql, "pragma table_xinfo(%s)", table->name);
        assert_int_equal(sqlite3_prepare_v2(world->db, sql, -1, &row, NULL), SQLITE_OK);
        for (; sqlite3_step(row) == SQLITE_ROW; count++)
            check_column(table, row);
        sqlite3_finalize(row);
        assert_int_equal(count, table->column_count);
    }
}

static void the_engine_finds_its_views(void **state) {
    struct world *world = *state;
    fixture_run(world->db, "select user_id, active from engine_user");
    fixture_run(world->db, "select user_id, role from engine_role");
    fixture_run(world->db, "select user_id, kind, target_id from engine_scope");
    static const char *const tables[] = {"conflict", "refusal", "notice", "device"};
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        assert_non_null(catalogue_table(world->catalogue, tables[i]));
}

/* Functions that are constant only within a transaction must not be frozen in an index. */
static void indexes_hold_nothing_that_changes(void **state) {
    struct world *world = *state;
    char room[512];
    assert_string_equal(
        fixture_text(
            world->db,
            "select group_concat(name) from sqlite_schema where type = 'index' and ("
            " sql like '%now_ms(%' or sql like '%today(%' or sql like '%actor(%' or"
            " sql like '%device(%' or sql like '%has_role(%')",
            room),
        "");
}

static void every_view_can_be_asked(void **state) {
    struct world *world = *state;
    sqlite3_stmt *views = NULL;
    sqlite3_prepare_v2(world->db, "select name from sqlite_schema where type = 'view'",
                       -1, &views, NULL);
    while (sqlite3_step(views) == SQLITE_ROW) {
        char sql[256];
        snprintf(sql, sizeof sql, "select * from %s", sqlite3_column_text(views, 0));
        fixture_run(world->db, sql);
    }
    sqlite3_finalize(views);
}

/* --- commands, queries, seeds ------------------------------------------------------------- */

static int prepare_all(struct world *world, const struct operation *operations,
                       size_t count) {
    int failures = 0;
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < operations[i].statement_count; k++) {
            sqlite3_stmt *statement = NULL;
            if (sqlite3_prepare_v2(world->db, operations[i].statements[k], -1, &statement,
                                   NULL) != SQLITE_OK) {
                failures++;
                print_error("schema/%s: %s, statement %zu: %s\n", operations[i].path,
                            operations[i].name, k + 1, sqlite3_errmsg(world->db));
            }
            sqlite3_finalize(statement);
        }
    return failures;
}

static void every_statement_prepares(void **state) {
    struct world *world = *state;
    const struct catalogue *catalogue = world->catalogue;
    assert_int_equal(prepare_all(world, catalogue->commands, catalogue->command_count),
                     0);
    assert_int_equal(prepare_all(world, catalogue->queries, catalogue->query_count), 0);
    assert_int_equal(prepare_all(world, catalogue->rules, catalogue->rule_count), 0);
}

static void seeds_can_be_sown(void **state) {
    struct world *world = *state;
    fixture_run(world->db, "begin");
    for (size_t i = 0; i < world->catalogue->seed_count; i++)
        fixture_run(world->db, world->catalogue->seed[i]);
    fixture_run(world->db, "rollback");
}

/* --- the fingerprint ---------------------------------------------------------------------- */

static char *read_file(const char *path) {
    FILE *file = fopen(path, "rb");
    if (!file)
        return NULL;
    enum { FINGERPRINT_MAX = 4 * 1024 * 1024 };
    char *text = calloc(1, FINGERPRINT_MAX);
    assert_non_null(text);
    assert_true(fread(text, 1, FINGERPRINT_MAX - 1, file) < FINGERPRINT_MAX - 1);
    fclose(file);
    return text;
}

static bool has_line(const char *text, const char *line, size_t length) {
    for (const char *at = text; *at;
         at += strcspn(at, "\n") + (at[strcspn(at, "\n")] != '\0'))
        if (strncmp(at, line, length) == 0 && (at[length] == '\n' || at[length] == '\0'))
            return true;
    return false;
}

/* A new column of a table that is already out must not be NOT NULL without a default. */
static bool fits_older_databases(const char *committed, const char *line, size_t length) {
    char table[32];
    char copy[512];
    int number = 0;
    snprintf(copy, sizeof copy, "%.*s", (int)length, line);
    if (strncmp(copy, "column ", 7) != 0)
        return true;
    number = (int)strtol(copy + 7, NULL, 10);
    snprintf(table, sizeof table, "\ntable %d ", number);
    bool is_out = strstr(committed, table) != NULL;
    return !is_out || !strstr(copy, " not null") || strstr(copy, " default ");
}

/* Prints what changed for the worse. Returns the number of such lines. */
static int compare(const char *committed, const char *now) {
    int failures = 0;
    for (const char *line = committed; *line;) {
        size_t length = strcspn(line, "\n");
        if (!has_line(now, line, length)) {
            failures++;
            print_error("altered or removed: %.*s\n", (int)length, line);
        }
        line += length + (line[length] != '\0');
    }
    for (const char *line = now; *line;) {
        size_t length = strcspn(line, "\n");
        if (!has_line(committed, line, length) &&
            !fits_older_databases(committed, line, length)) {
            failures++;
            print_error("older databases cannot take: %.*s\n", (int)length, line);
        }
        line += length + (line[length] != '\0');
    }
    return failures;
}

static void write_fingerprint(const char *text) {
    FILE *file = fopen(fingerprint_path, "wb");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void the_fingerprint_holds(void **state) {
    struct world *world = *state;
    char *committed = read_file(fingerprint_path);
    char *now = catalogue_fingerprint(world->catalogue);
    assert_non_null(now);
    int failures = committed ? compare(committed, now) : 0;
    if (failures == 0 && getenv("SATCHEL_WRITE_FINGERPRINT"))
        write_fingerprint(now);
    else if (!committed || strcmp(committed, now) != 0)
        failures++;
    free(committed);
    free(now);
    if (failures)
        fail_msg(
            "the catalogue is not what schema/fingerprint.txt says: see the head of %s",
            __FILE__);
}

#define WORSE                                                    \
    "role 1 rep\ntable 9 deal\ncolumn 9 1 cell 1 lww: id blob\n" \
    "column 9 2 cell 2 lww: a text not null\n"

static void a_change_for_the_worse_is_seen(void **state) {
    static const char committed[] =
        "role 1 rep\ntable 9 deal\ncolumn 9 1 cell 1 lww: id blob\n";
    static const char *const bad[] = {
        "role 1 rap\ntable 9 deal\ncolumn 9 1 cell 1 lww: id blob\n",
        "role 1 rep\ntable 9 deal\n",
        "role 1 rep\ntable 9 deal\ncolumn 9 1 cell 1 lww: id blob not null\n", WORSE};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_true(has_line(committed, "table 9 deal", 12));
        assert_true(compare(committed, bad[i]) > 0);
    }
    assert_int_equal(compare(committed,
                             "role 1 rep\ntable 9 deal\ncolumn 9 1 cell 1 lww: id blob\n"
                             "column 9 2 cell 2 lww: a text not null default ''\n"
                             "table 10 more\ncolumn 10 2 cell 2 lww: a text not null\n"),
                     0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_catalogue_reads_what_sqlite_reads),
        cmocka_unit_test(the_engine_finds_its_views),
        cmocka_unit_test(indexes_hold_nothing_that_changes),
        cmocka_unit_test(every_view_can_be_asked),
        cmocka_unit_test(every_statement_prepares),
        cmocka_unit_test(seeds_can_be_sown),
        cmocka_unit_test(the_fingerprint_holds),
        cmocka_unit_test(a_change_for_the_worse_is_seen),
    };
    return cmocka_run_group_tests(tests, open_world, close_world);
}
