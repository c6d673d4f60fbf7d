/* Disks in memory: what was committed durably survives every crash, what was not may not, and both can be seen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <sqlite3.h>
#include <cmocka.h>

#include "tests/support/disk.h"

enum { ROWS = 40, CALLS = 700 };

struct fixture {
    struct disks *disks;
    struct disk *disk;
    struct dice dice;
};

static int set_up(void **state) {
    static struct fixture fixture;
    fixture.disks = disks_make();
    fixture.disk = fixture.disks ? disk_add(fixture.disks, "machine") : NULL;
    dice_seed(&fixture.dice, 7);
    *state = &fixture;
    return fixture.disk ? 0 : -1;
}

static int tear_down(void **state) {
    disks_free(((struct fixture *)*state)->disks);
    return 0;
}

static sqlite3 *open_database(const char *synchronous) {
    sqlite3 *db = NULL;
    char sql[200];
    snprintf(sql, sizeof sql,
             "pragma journal_mode = wal; pragma synchronous = %s;"
             "pragma wal_autocheckpoint = 5;"
             "create table if not exists t (n integer primary key, x)",
             synchronous);
    if (sqlite3_open("machine/a.db", &db) != SQLITE_OK ||
        sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK) {
        sqlite3_close(db);
        return NULL;
    }
    return db;
}

static int64_t number(sqlite3 *db, const char *sql) {
    sqlite3_stmt *statement = NULL;
    int64_t found = -1;
    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW) {
        found = sqlite3_column_int64(statement, 0);
    }
    sqlite3_finalize(statement);
    return found;
}

/* Inserts rows until the disk crashes; returns the last that was reported durable. */
static int write_until_crash(const char *synchronous) {
    static const char INSERT[] = "insert into t values (%d, randomblob(%d))";
    sqlite3 *db = open_database(synchronous);
    int done = 0;
    for (int n = 1; n <= ROWS && db != NULL; n++) {
        char sql[100];
        snprintf(sql, sizeof sql, INSERT, n, 10 + n * 97 % 3000);
        if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK) {
            break;
        }
        done = n;
    }
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    return done;
}

/* Crashes at every call in turn; returns how often something that was reported done was gone. */
static int crash_everywhere(struct fixture *f, const char *synchronous,
                            enum disk_loss loss) {
    int lost = 0;
    for (int64_t call = 1; call < CALLS; call++) {
        disk_crash_at(f->disk, call);
        int done = write_until_crash(synchronous);
        bool crashed = disk_is_crashed(f->disk);
        disk_crash(f->disk);
        disk_restart(f->disk, crashed ? loss : DISK_KEEPS, &f->dice);
        sqlite3 *db = open_database("full");
        int64_t rows = db ? number(db, "select count(*) from t") : -1;
        int64_t last = db ? number(db, "select coalesce(max(n), 0) from t") : -1;
        bool whole = rows == last && last >= done && last <= done + 1 &&
                     number(db, "select count(*) from pragma_integrity_check"
                                " where integrity_check = 'ok'") == 1;
        lost += whole ? 0 : 1;
        assert_int_equal(sqlite3_close(db), SQLITE_OK);
        disk_remove(f->disk);
        f->disk = disk_add(f->disks, "machine");
        assert_non_null(f->disk);
    }
    return lost;
}

static void what_is_synced_survives(void **state) {
    assert_int_equal(crash_everywhere(*state, "full", DISK_LOSES), 0);
    assert_int_equal(crash_everywhere(*state, "full", DISK_TEARS), 0);
    assert_int_equal(crash_everywhere(*state, "full", DISK_KEEPS), 0);
}

/* Else the disk would show nothing: without syncs work is lost when the machine dies, not when the program does. */
static void what_is_not_synced_may_be_lost(void **state) {
    assert_true(crash_everywhere(*state, "off", DISK_LOSES) > 100);
    assert_true(crash_everywhere(*state, "off", DISK_TEARS) > 100);
    assert_int_equal(crash_everywhere(*state, "off", DISK_KEEPS), 0);
}

static void a_failing_write_is_told(void **state) {
    struct fixture *f = *state;
    sqlite3 *db = open_database("full");
    assert_non_null(db);
    disk_fail_at(f->disk, 1, SQLITE_FULL, false);
    assert_int_equal(sqlite3_exec(db, "insert into t values (1, 2)", NULL, NULL, NULL),
                     SQLITE_FULL);
    assert_int_equal(sqlite3_exec(db, "insert into t values (1, 2)", NULL, NULL, NULL),
                     SQLITE_OK);
    disk_fail_at(f->disk, 1, SQLITE_FULL, true);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(
            sqlite3_exec(db, "insert into t values (3, 2)", NULL, NULL, NULL),
            SQLITE_FULL);
    }
    disk_fail_at(f->disk, 0, SQLITE_OK, false);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void connections_keep_out_of_each_others_way(void **state) {
    sqlite3 *one = open_database("full");
    sqlite3 *other = open_database("full");
    (void)state;
    assert_non_null(one);
    assert_non_null(other);
    sqlite3_exec(one, "begin immediate; insert into t values (1, 'one')", NULL, NULL,
                 NULL);
    assert_int_equal(number(other, "select count(*) from t"), 0);
    assert_int_equal(sqlite3_exec(other, "begin immediate", NULL, NULL, NULL),
                     SQLITE_BUSY);
    assert_int_equal(sqlite3_exec(one, "commit", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(number(other, "select count(*) from t"), 1);
    assert_int_equal(sqlite3_close(one), SQLITE_OK);
    assert_int_equal(sqlite3_close(other), SQLITE_OK);
}

static void an_image_is_put_back(void **state) {
    struct fixture *f = *state;
    sqlite3 *db = open_database("full");
    sqlite3_exec(db, "insert into t values (1, 'one')", NULL, NULL, NULL);
    struct disk_image *image = disk_copy(f->disk);
    assert_non_null(image);
    sqlite3_exec(db, "insert into t values (2, 'two')", NULL, NULL, NULL);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    assert_true(disk_replace(f->disk, image));
    disk_image_free(image);
    db = open_database("full");
    assert_int_equal(number(db, "select max(n) from t"), 1);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_synced_survives, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_not_synced_may_be_lost, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_failing_write_is_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(connections_keep_out_of_each_others_way, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(an_image_is_put_back, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
