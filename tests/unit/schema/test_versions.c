/*
 * What the catalogue says of former versions, held against the databases that they left (tests/golden).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <glob.h>
#include <cmocka.h>

#include "schema/database.h"

struct golden {
    struct catalogue *catalogue;
    sqlite3 *db;
    int64_t version;
};

static bool has_column(const struct golden *golden, const struct table *table,
                       const char *column) {
    return sqlite3_table_column_metadata(golden->db, NULL, table->name, column, NULL,
                                         NULL, NULL, NULL, NULL) == SQLITE_OK;
}

/* A forgotten @since would send old stations what they do not know; a wrong one would keep from them what they do. */
static int check_table(const struct golden *golden, const struct table *table) {
    int wrong = 0;
    for (size_t i = 0; i < table->data_count; i++) {
        const struct column *column = &table->columns[i];
        bool known = column_is_known(column, golden->version);
        if (known == has_column(golden, table, column->name))
            continue;
        fprintf(stderr, "%s.%s %s version %lld: see @since in schema/README.md\n",
                table->name, column->name, known ? "was not there in" : "was there in",
                (long long)golden->version);
        wrong++;
    }
    return wrong;
}

/* Its tables alone, as they were made. */
static void open_text(struct golden *golden, const char *path) {
    static char text[256 * 1024];
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t size = fread(text, 1, sizeof text - 1, file);
    assert_true(size > 1000 && size < sizeof text - 1);
    assert_int_equal(fclose(file), 0);
    text[size] = '\0';
    assert_int_equal(sqlite3_open(":memory:", &golden->db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(golden->db, text, NULL, NULL, NULL), SQLITE_OK);
}

static void open_database(struct golden *golden, const char *path) {
    char uri[1200];
    snprintf(uri, sizeof uri, "file:%s?mode=ro&immutable=1", path);
    assert_int_equal(
        sqlite3_open_v2(uri, &golden->db, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, NULL),
        SQLITE_OK);
}

static int check_version(struct golden *golden, const char *path) {
    struct error error = {0};
    int wrong = 0;
    if (strcmp(path + strlen(path) - strlen(".sql"), ".sql") == 0)
        open_text(golden, path);
    else
        open_database(golden, path);
    assert_int_equal(
        database_integer(golden->db, "pragma user_version", &golden->version, &error), 0);
    assert_true(golden->version >= 1 && golden->version <= SCHEMA_VERSION);
    for (size_t i = 0; i < golden->catalogue->table_count; i++)
        wrong += check_table(golden, &golden->catalogue->tables[i]);
    sqlite3_close(golden->db);
    return wrong;
}

static void since_is_what_was(void **state) {
    struct golden golden = {0};
    struct error error = {0};
    glob_t found;
    (void)state;
    assert_int_equal(
        catalogue_load(embedded_files, embedded_file_count, &golden.catalogue, &error),
        0);
    assert_int_equal(golden.catalogue->version, SCHEMA_VERSION);
    assert_int_equal(
        glob(SATCHEL_SOURCE_DIR "/tests/golden/v*/server/master.db", 0, NULL, &found), 0);
    assert_int_equal(
        glob(SATCHEL_SOURCE_DIR "/tests/golden/v*/schema.sql", GLOB_APPEND, NULL, &found),
        0);
    assert_true(found.gl_pathc >= 2);
    for (size_t i = 0; i < found.gl_pathc; i++)
        assert_int_equal(check_version(&golden, found.gl_pathv[i]), 0);
    globfree(&found);
    catalogue_free(golden.catalogue);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(since_is_what_was)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
