/*
 * The linter of the domain's SQL: that it finds what it looks for, and nothing in the domain.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/sql_lint.h"

enum { FINDINGS_MAX = 1024 * 1024 };

/* All findings about these files; the caller frees the buffer. */
static struct buffer lint(const struct embedded_file *files, size_t count) {
    struct function_context context;
    struct rule_runner *runner = NULL;
    struct error error = {0};
    struct catalogue *catalogue = fixture_load(files, count);
    sqlite3 *db = fixture_database(catalogue, &context);
    struct buffer findings = buffer_make(FINDINGS_MAX);
    if (rules_open(db, catalogue, &runner, &error) != 0)
        buffer_printf(&findings, "%s\n", error.message);
    else
        sql_lint(db, &context, &findings);
    rules_close(runner);
    sqlite3_close(db);
    catalogue_free(catalogue);
    return findings;
}

static void the_domain_is_clean(void **state) {
    struct buffer findings = lint(embedded_files, embedded_file_count);
    size_t size = findings.size;
    if (size)
        print_error("%s", buffer_text(&findings));
    buffer_free(&findings);
    assert_int_equal(size, 0);
}

struct trap {
    const char *path;
    const char *text;
    const char *said; /* NULL: nothing */
};

#define COMMAND "commands/a.sql", "-- @command a.b  T. @zh 题 @roles hq rep\n"
#define QUERY "queries/a.sql", "-- @query a.b  T. @zh 题\n"
#define RULE "rules/a.sql", "-- @rule a.b  T. @zh 题\n"

static const struct trap traps[] = {
    {COMMAND "update deal set name = replace(name, 'a', 'b') where id = 1;", NULL},
    {COMMAND "insert into deal (id) values (new_id()) on conflict do nothing;", NULL},
    {COMMAND
     "with x as (select 1) update deal set name = 'a' where id in (select * from x);",
     NULL},
    {COMMAND "-- @param a id(deal)\n-- @param m money=1.50\n-- @example a=x m=12.50\n"
             "-- @example a=\"x y\"\nselect :a, :m;",
     NULL},
    {QUERY "select 'now it is' as current_state;", NULL},
    {COMMAND "insert or replace into deal (id) values (1);", "REPLACE sets"},
    {COMMAND "replace into deal (id) values (1);", "REPLACE sets"},
    {COMMAND "insert into deal values (1);", "INSERT without its list"},
    {COMMAND "update deal set name = (select 'a' where 1);", "without WHERE"},
    {COMMAND "delete from deal;", "without WHERE"},
    {COMMAND "with x as (select 1 where 1) delete from deal;", "without WHERE"},
    {COMMAND "insert into deal (id, gsn) values (1, 2);", "sets the stamp column gsn"},
    {COMMAND "update deal set updated_at = 1 where id = 2;",
     "sets the stamp column updated_at"},
    {COMMAND "insert into deal (id) values (1) on conflict do update set gsn = 1;",
     "sets the stamp column gsn"},
    {COMMAND "update deal set id = 1 where id = 2;", "changes the key column id"},
    {COMMAND "update deal_step set step_id = 1 where id = 2;",
     "append-only table deal_step"},
    {COMMAND "insert into notice (id) values (1);", "only the engine makes"},
    {COMMAND "update notice set person_id = 1 where id = 1;", "may write person_id"},
    {"commands/a.sql",
     "-- @command a.b  T. @zh 题 @roles rep\nupdate deal set owner_id = 1 where id = 1;",
     "none of its roles may write owner_id"},
    {"commands/a.sql",
     "-- @command a.b  T. @zh 题 @roles rep\ninsert into person (id) values (1);",
     "may insert into person"},
    {COMMAND "insert into schema_state (name, value) values (1, 2);",
     "not synced: schema_state"},
    {COMMAND "insert into absent (id) values (1);", "no such table"},
    {COMMAND "create table x (a);", "may only read and write rows"},
    {COMMAND "drop table deal;", "may only read and write rows"},
    {COMMAND "pragma user_version = 5;", "may only read and write rows"},
    {COMMAND "attach 'x' as y;", "may only read and write rows"},
    {COMMAND "begin;", "may only read and write rows"},
    {COMMAND "select * from sqlite_schema;", "SQLite's own table"},
    {COMMAND "select :x;", "does not declare: :x"},
    {COMMAND "select ?;", "does not declare: ?"},
    {COMMAND "select @x;", "not written :name"},
    {COMMAND "-- @param x date\nselect 1;", "does not use: x"},
    {COMMAND "-- @param x date=never\nselect :x;", "a default fails"},
    {COMMAND "-- @param x date\n-- @example x=never\nselect :x;", "an example fails"},
    {COMMAND "-- @param x date\n-- @example y=1\nselect :x;", "an example fails"},
    {COMMAND "-- @param x date\n-- @example\nselect :x;", "an example fails"},
    {COMMAND "-- @param x date\n-- @example 2026\nselect :x;", "is not name=value"},
    {COMMAND "-- @param x date\n-- @example x=\"2026\nselect :x;", "is not name=value"},
    {COMMAND "select datetime('NOW');", "machine's clock"},
    {QUERY "select current_timestamp;", "machine's clock"},
    {QUERY "select 1.5 as a;", "floating-point"},
    {QUERY "select avg(visits) as a from deal;", "gives a REAL: avg"},
    {QUERY "select random() as a;", "differs between machines"},
    {QUERY "delete from deal where id = 1;", "is no SELECT"},
    {QUERY "select 1 as a, 2 as a;", "same name a"},
    {COMMAND "select 1 as a, 2 as a;", "same name a"},
    {"queries/a.sql", "-- @query a.b  T.\nselect 1;", "has no @zh"},
    {"queries/a.sql", "-- @query a.b  T. @zh T\nselect 1;", "has no @zh"},
    {RULE "select row_key from touched where now_ms() > 5;", "reads no clock: now_ms"},
    {RULE "select row_key, 1 as code from touched;", "not code"},
    {RULE "delete from deal where id = 1;", "a rule is one SELECT"},
    {"derived/a.sql", "create trigger a after insert on deal begin select 1; end;",
     "a trigger"},
    {"derived/a.sql", "create unique index a on deal (name);", "a unique index"},
    {"derived/a.sql", "create table a (b integer unique) strict;", NULL},
    {"tables/a.sql", "create table a (b integer) strict;", "no @table number"},
};

static void traps_are_found(void **state) {
    int failures = 0;
    for (size_t i = 0; i < sizeof traps / sizeof *traps; i++) {
        const struct trap *trap = &traps[i];
        const struct embedded_file files[] = {
            {trap->path, trap->text, strlen(trap->text)},
            {"tables/sales.sql", fixture_tables, strlen(fixture_tables)},
        };
        struct buffer findings = lint(files, 2);
        const char *said = buffer_text(&findings);
        if (trap->said ? !strstr(said, trap->said) : findings.size > 0) {
            failures++;
            print_error("%s\n  should say: %s\n  said: %s\n", trap->text,
                        trap->said ? trap->said : "nothing", said);
        }
        buffer_free(&findings);
    }
    assert_int_equal(failures, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(traps_are_found),
        cmocka_unit_test(the_domain_is_clean),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
