/* A company is founded once, also when the first try was cut off anywhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "server/internal.h"
#include "tests/support/fixture.h"

struct fixture {
    char folder[64];
    struct catalogue *catalogue;
    struct server_options options;
};

static void path_of(const struct fixture *f, const char *file, char ret[256]) {
    snprintf(ret, 256, "%s/%s", f->folder, file);
}

static void put_file(const struct fixture *f, const char *name, const char *text) {
    char path[256];
    path_of(f, name, path);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    fclose(file);
}

static int set_up(void **state) {
    static struct fixture fixture;
    struct fixture *f = &fixture;
    struct error error = {0};
    snprintf(f->folder, sizeof f->folder, "/tmp/satchel-found-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    assert_int_equal(
        catalogue_load(embedded_files, embedded_file_count, &f->catalogue, &error), 0);
    f->options = (struct server_options){.data = f->folder,
                                         .env = fixture_env(),
                                         .catalogue = f->catalogue,
                                         .embedded = true};
    *state = f;
    return 0;
}

static int tear_down(void **state) {
    static const char *const FILES[] = {"master.db",  "master.db-wal",   "master.db-shm",
                                        "server.key", "server.key.next", "server.lock"};
    struct fixture *f = *state;
    char path[256];
    for (size_t i = 0; i < sizeof FILES / sizeof *FILES; i++) {
        path_of(f, FILES[i], path);
        unlink(path);
    }
    catalogue_free(f->catalogue);
    return rmdir(f->folder);
}

static int found(struct fixture *f, struct error *error) {
    const struct genesis_options genesis = {
        .org_name = "Twice", .currency = "CNY", .admin_name = "Admin"};
    struct buffer invitation = buffer_make(LIMIT_TEXT);
    int result =
        server_init(&f->options, &genesis, "http://127.0.0.1:1", &invitation, error);
    assert_true(result != 0 || invitation.size > 0);
    buffer_free(&invitation);
    return result;
}

static void check_starts(struct fixture *f) {
    struct error error = {0};
    struct server *server = NULL;
    assert_int_equal(server_start(&f->options, &server, &error), 0);
    server_stop(server);
}

static void check_refused(struct fixture *f) {
    struct error error = {0};
    assert_int_not_equal(found(f, &error), 0);
    assert_string_equal(error.code, "server.exists");
}

static void make_tables(struct fixture *f) {
    struct error error = {0};
    struct master *master = NULL;
    char path[256];
    path_of(f, "master.db", path);
    assert_int_equal(
        master_open(path, f->options.env, f->catalogue, true, &master, &error), 0);
    master_close(master);
}

/* The machine died before anything was in the database, or before the company was. */
static void what_was_cut_off_is_done_again(void **state) {
    struct fixture *f = *state;
    struct error error = {0};
    put_file(f, "master.db", "");
    put_file(f, "server.key.next", "half a key");
    assert_int_equal(found(f, &error), 0);
    check_starts(f);
}

static void tables_are_no_company(void **state) {
    struct fixture *f = *state;
    struct error error = {0};
    make_tables(f);
    assert_int_equal(found(f, &error), 0);
    check_starts(f);
}

/* … or behind that, before its key was in its place. */
static void the_key_takes_its_place_later(void **state) {
    struct fixture *f = *state;
    struct error error = {0};
    char key[256];
    char next[256];
    assert_int_equal(found(f, &error), 0);
    path_of(f, "server.key", key);
    path_of(f, "server.key.next", next);
    assert_int_equal(rename(key, next), 0);
    check_starts(f);
    assert_int_equal(access(key, F_OK), 0);
}

static void a_company_stays(void **state) {
    struct fixture *f = *state;
    struct error error = {0};
    assert_int_equal(found(f, &error), 0);
    check_refused(f);
    check_starts(f);
}

/* Somebody may miss it: its master is elsewhere. */
static void a_key_alone_stays(void **state) {
    put_file(*state, "server.key", "the key of some other company ..");
    check_refused(*state);
}

static void what_is_no_database_of_ours_stays(void **state) {
    struct fixture *f = *state;
    sqlite3 *db = NULL;
    char path[256];
    put_file(f, "master.db", "letters to nobody");
    check_refused(f);
    path_of(f, "master.db", path);
    unlink(path);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "create table letter (x)", NULL, NULL, NULL), 0);
    sqlite3_close(db);
    check_refused(f);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(what_was_cut_off_is_done_again),
        TEST(tables_are_no_company),
        TEST(the_key_takes_its_place_later),
        TEST(a_company_stays),
        TEST(a_key_alone_stays),
        TEST(what_is_no_database_of_ours_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
