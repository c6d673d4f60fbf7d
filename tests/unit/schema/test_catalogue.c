/*
 * The catalogue: what good files say, and what is said about bad ones.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/fixture.h"

static const char operations[] =
    "-- Free words.\n"
    "-- @command deal.open  Open a deal.\n"
    "-- @zh 新建机会\n"
    "-- @roles rep hq\n"
    "-- @param id newid  Its id.\n"
    "-- @param customer id(customer)?  Whose it is.\n"
    "-- @param name text(200)  Its name.\n"
    "-- @param visits int(-5..10)=3  How many.\n"
    "-- @param kind enum(new|old)=\"new\"  Which.\n"
    "-- @param step code(step)?  Where.\n"
    "-- @param on date=today\n"
    "-- @example name=\"Tea; -- set\"\n"
    "-- @example name=x kind=old\n"
    "insert into deal (id, name) values (:id, :name || ';'); -- a word; here\n"
    "select :visits; select 1;\n"
    "-- @command deal.close  Close it. @zh 关闭 @may_noop\n"
    "update deal set deleted_at = 1 where id = 2;\n";

/* --- good files --------------------------------------------------------------------------- */

static const struct column *column_of(const struct catalogue *catalogue,
                                      const char *table, const char *column) {
    const struct table *found = catalogue_table(catalogue, table);
    assert_non_null(found);
    const struct column *result = table_column(found, column);
    assert_non_null(result);
    return result;
}

static void tables_are_in_order(void **state) {
    struct catalogue *catalogue = fixture_catalogue(NULL);
    assert_int_equal(catalogue->table_count, 7);
    for (size_t i = 1; i < catalogue->table_count; i++)
        assert_true(catalogue->tables[i - 1].number < catalogue->tables[i].number);
    const struct table *deal = catalogue_table(catalogue, "deal");
    assert_ptr_equal(catalogue_table_number(catalogue, 9), deal);
    assert_null(catalogue_table_number(catalogue, 10));
    assert_null(catalogue_table_number(catalogue, 100000));
    assert_string_equal(deal->module, "sales");
    assert_string_equal(deal->title, "A deal: what may be bought.");
    assert_int_equal(deal->column_count, 17);
    assert_int_equal(deal->data_count, 12);
    assert_string_equal(deal->columns[12].name, "created_at");
    assert_int_equal(deal->columns[12].number, 0);
    assert_true(deal->soft_delete);
    assert_false(deal->org);
    assert_string_equal(deal->label->name, "name");
    assert_memory_equal(deal->ddl, "create table deal (", 19);
    assert_int_equal(deal->ddl[strlen(deal->ddl) - 1], ';');
    catalogue_free(catalogue);
}

static void columns_know_their_ddl(void **state) {
    struct catalogue *catalogue = fixture_catalogue(NULL);
    const struct column *name = column_of(catalogue, "deal", "name");
    const struct column *amount = column_of(catalogue, "deal", "amount_minor");
    assert_string_equal(name->definition, "name text not null default 'it''s; -- odd'");
    assert_string_equal(
        amount->definition,
        "amount_minor integer not null default 0 check ( amount_minor >= 0 )");
    assert_true(amount->not_null && amount->has_default);
    assert_int_equal(amount->type, VALUE_INTEGER);
    assert_false(column_of(catalogue, "deal", "won_at")->has_default);
    assert_ptr_equal(catalogue_table(catalogue, "deal")->by_number[7], amount);
    catalogue_free(catalogue);
}

static void groups_are_cells(void **state) {
    struct catalogue *catalogue = fixture_catalogue(NULL);
    assert_int_equal(column_of(catalogue, "deal", "amount_minor")->cell, 6);
    assert_int_equal(column_of(catalogue, "deal", "currency")->cell, 6);
    assert_int_equal(column_of(catalogue, "deal", "name")->cell, 3);
    const struct column *note = column_of(catalogue, "deal", "lost_note");
    assert_int_equal(note->cell, 11);
    assert_int_equal(note->merge, MERGE_STATE);
    assert_ptr_equal(note->state_event, catalogue_table(catalogue, "deal_step"));
    assert_int_equal(column_of(catalogue, "deal", "visits")->merge, MERGE_ADD);
    assert_int_equal(column_of(catalogue, "deal", "won_at")->merge, MERGE_FIRST);
    assert_int_equal(column_of(catalogue, "deal_member", "share_bp")->merge, MERGE_MAX);
    catalogue_free(catalogue);
}

static void roles_are_sets(void **state) {
    struct catalogue *catalogue = fixture_catalogue(NULL);
    assert_int_equal(catalogue_role(catalogue, "manager"), 2);
    assert_int_equal(catalogue_role(catalogue, "nobody"), 0);
    assert_int_equal(catalogue_table(catalogue, "deal")->insert, 5);
    assert_int_equal(column_of(catalogue, "deal", "name")->write, 7);
    assert_int_equal(column_of(catalogue, "deal", "currency")->write, 5);
    assert_int_equal(column_of(catalogue, "deal", "owner_id")->write, 4);
    assert_true(column_of(catalogue, "deal", "owner_id")->self);
    /* Rows of the engine: stations write only what says @write. */
    assert_int_equal(column_of(catalogue, "notice", "person_id")->write, 0);
    assert_int_equal(column_of(catalogue, "notice", "read_at")->write, 5);
    assert_true(catalogue_table(catalogue, "notice")->engine_rows);
    assert_true(catalogue_table(catalogue, "deal_step")->append_only);
    catalogue_free(catalogue);
}

static void keys_keep_their_order(void **state) {
    struct catalogue *catalogue = fixture_catalogue(NULL);
    const struct table *member = catalogue_table(catalogue, "deal_member");
    assert_int_equal(member->key_count, 2);
    assert_string_equal(member->key[0]->name, "deal_id");
    assert_string_equal(member->key[1]->name, "person_id");
    assert_int_equal(member->key[1]->key_position, 2);
    catalogue_free(catalogue);
}

static void scopes_point_both_ways(void **state) {
    struct catalogue *catalogue = fixture_catalogue(NULL);
    const struct table *deal = catalogue_table(catalogue, "deal");
    const struct table *member = catalogue_table(catalogue, "deal_member");
    const struct table *customer = catalogue_table(catalogue, "customer");
    assert_int_equal(deal->scope_count, 3);
    assert_int_equal(deal->scope[0].kind, SCOPE_CLAUSE_USER);
    assert_int_equal(deal->scope[1].kind, SCOPE_CLAUSE_POOL);
    assert_string_equal(deal->scope[1].columns[0]->name, "branch_id");
    assert_string_equal(deal->scope[1].columns[1]->name, "owner_id");
    assert_ptr_equal(deal->scope[2].child, member);
    assert_string_equal(deal->scope[2].child_user->name, "person_id");
    assert_string_equal(deal->scope[2].child_parent->name, "deal_id");
    assert_int_equal(member->granted_through_count, 1);
    assert_ptr_equal(member->granted_through[0], deal);
    assert_int_equal(deal->follower_count, 2);
    assert_int_equal(customer->brought_by_count, 1);
    assert_ptr_equal(customer->brought_by[0].table, deal);
    assert_string_equal(customer->brought_by[0].column->name, "customer_id");
    assert_true(catalogue_table(catalogue, "person")->org);
    catalogue_free(catalogue);
}

static void events_point_at_their_machine(void **state) {
    struct catalogue *catalogue = fixture_catalogue(NULL);
    const struct table *event = catalogue_table(catalogue, "deal_step");
    assert_string_equal(event->event_parent->name, "deal_id");
    assert_ptr_equal(event->event_parent->ref, catalogue_table(catalogue, "deal"));
    assert_string_equal(event->event_to->name, "step_id");
    catalogue_free(catalogue);
}

static void commands_are_read(void **state) {
    struct catalogue *catalogue = fixture_catalogue(operations);
    assert_int_equal(catalogue->command_count, 2);
    const struct operation *open = catalogue_command(catalogue, "deal.open");
    assert_string_equal(open->title, "Open a deal.");
    assert_string_equal(open->title_zh, "新建机会");
    assert_string_equal(open->path, "commands/test.sql");
    assert_int_equal(open->roles, 5);
    assert_false(open->may_noop);
    assert_int_equal(open->statement_count, 3);
    assert_string_equal(open->statements[0],
                        "insert into deal (id, name) values (:id, :name || ';')");
    assert_string_equal(open->statements[2], "select 1");
    assert_int_equal(open->example_count, 2);
    assert_string_equal(open->examples[0], "name=\"Tea; -- set\"");
    const struct operation *close = catalogue_command(catalogue, "deal.close");
    assert_string_equal(close->title, "Close it.");
    assert_true(close->may_noop);
    assert_int_equal(close->roles, ROLE_SET_ALL);
    assert_null(catalogue_command(catalogue, "deal.nothing"));
    assert_null(catalogue_query(catalogue, "deal.open"));
    catalogue_free(catalogue);
}

static void parameters_are_read(void **state) {
    struct catalogue *catalogue = fixture_catalogue(operations);
    const struct operation *open = catalogue_command(catalogue, "deal.open");
    const struct parameter *p = open->parameters;
    assert_int_equal(open->parameter_count, 7);
    assert_int_equal(p[0].type, PARAMETER_NEWID);
    assert_ptr_equal(p[1].table, catalogue_table(catalogue, "customer"));
    assert_true(p[1].optional);
    assert_string_equal(p[1].description, "Whose it is.");
    assert_int_equal(p[2].maximum, 200);
    assert_int_equal(p[3].minimum, -5);
    assert_int_equal(p[3].maximum, 10);
    assert_string_equal(p[3].default_text, "3");
    assert_string_equal(p[4].choices[1], "old");
    assert_null(p[4].choices[2]);
    assert_string_equal(p[4].default_text, "new");
    assert_int_equal(p[5].type, PARAMETER_CODE);
    assert_string_equal(p[6].default_text, "today");
    assert_string_equal(p[6].description, "");
    catalogue_free(catalogue);
}

static void other_folders_are_read(void **state) {
    const struct embedded_file files[] = {
        FIXTURE_FILE("derived/b.sql", "create view v as select 1;"),
        FIXTURE_FILE("queries/a.sql", "-- @query deal.b  B.\n-- @roles hq\nselect 1;\n"
                                      "-- @query deal.a  A.\nselect 2;"),
        FIXTURE_FILE(
            "rules/a.sql",
            "-- @rule deal.sane  It is sane.\n-- @tables deal person\n-- @since 1\n"
            "select row_key from touched where op = 'x';\n"),
        FIXTURE_FILE("seed/a.sql", "select 1;"),
        {"tables/sales.sql", fixture_tables, strlen(fixture_tables)},
    };
    struct catalogue *catalogue = fixture_load(files, 5);
    assert_int_equal(catalogue->query_count, 2);
    assert_string_equal(catalogue->queries[0].name, "deal.a");
    assert_int_equal(catalogue_query(catalogue, "deal.b")->roles, 4);
    assert_int_equal(catalogue->rule_count, 1);
    assert_int_equal(catalogue->rules[0].rule_table_count, 2);
    assert_int_equal(catalogue->rules[0].rule_since, 1);
    assert_string_equal(catalogue->derived[0], "create view v as select 1;");
    assert_int_equal(catalogue->seed_count, 1);
    assert_int_equal(catalogue->ddl_count, 1);
    catalogue_free(catalogue);
}

static void local_tables_are_skipped(void **state) {
    const struct embedded_file files[] = {
        {"tables/a.sql", fixture_tables, strlen(fixture_tables)},
        FIXTURE_FILE("tables/b.sql",
                     "create table local (a real unique, b, check (a > b));"),
    };
    struct catalogue *catalogue = fixture_load(files, 2);
    assert_null(catalogue_table(catalogue, "local"));
    assert_int_equal(catalogue->table_count, 7);
    catalogue_free(catalogue);
}

static void the_fingerprint_is_short_and_stable(void **state) {
    struct catalogue *catalogue = fixture_catalogue(NULL);
    char *text = catalogue_fingerprint(catalogue);
    assert_non_null(strstr(text, "role 1 rep\n"));
    assert_non_null(strstr(text, "table 7 deal_step append\n"));
    assert_non_null(
        strstr(text, "column 9 12 cell 11 state by deal_step: lost_note text\n"));
    assert_non_null(
        strstr(text, "column 9 2 cell 2 lww ref customer: customer_id blob\n"));
    free(text);
    catalogue_free(catalogue);
}

/* --- bad files ---------------------------------------------------------------------------- */

/* One change to a good text, and what must be said about it. */
struct mistake {
    const char *find;
    const char *put;
    const char *said;
};

static const struct mistake table_mistakes[] = {
    {"-- @column 13 @merge add", "-- @column 13 @marge add",
     ":41: unknown annotation @marge"},
    {"@column 13", "@column 3", "columns name and visits have the same number 3"},
    {"@column 13 ", "", "column visits has no @column number"},
    {"@column 13", "@column 64", "@column wants a number from 1 to 63"},
    {"@column 13", "@column x", "@column wants a number"},
    {"@column 13 @merge add", "@column 13 @column 12", "@column is said twice"},
    {"@table 9", "@table 8", "same number 8"},
    {"@table 9", "@table 256", "@table wants a number from 1 to 255"},
    {"@table 9 ", "", "has annotations but no @table number"},
    {"create table deal_step", "create table deal", "a second table deal"},
    {"  lost_note ", "  name ", "a second column name"},
    {"@ref customer", "@ref custom", "unknown table \"custom\""},
    {"@ref customer @brings", "@brings", "@brings wants a @ref"},
    {"@ref person @write hq @self", "@self", "@self wants a @ref"},
    {"@ref customer", "@ref deal_member", "single-column key"},
    {"customer_id   blob", "customer_id   text", "@ref wants a blob column"},
    {"@brings", "@brings me", "@brings takes no argument"},
    {"@ref customer", "@ref customer @file", "@file wants a blob column"},
    {"@column 13 @merge add", "@column 13 @file", "@file wants a blob column"},
    {"@column 10", "@column 10 @file yes", "@file takes no argument"},
    {"@group amount\n", "@group\n", "@group wants an argument"},
    {"@column 7 @group amount", "@column 7 @group Amount", "no name for a group"},
    {"@column 7 @group amount", "@column 7 @group amount @merge max",
     "in a group @merge is said on its first column, currency"},
    {"@column 7 @group amount", "@column 7 @group amount @write hq",
     "give both the same @write"},
    {"@merge add", "@merge sum", "@merge wants lww, add"},
    {"@merge first", "@merge state(deal_member)", "must say @event"},
    {"@merge first", "@merge state(deal", "write @merge state(event_table)"},
    {"lost_note     text,                                     -- @column 12 @group step",
     "lost_note text, -- @column 12 @merge add", "@merge add wants integers"},
    {"branch_id     blob,                                     -- @column 10",
     "branch_id blob, -- @column 10 @merge max", "is a blob"},
    {" @merge state(deal_step)", "", "no column of deal is @merge state(deal_step)"},
    {"@event deal_id step_id", "@event deal_id", "write @event parent_col to_col"},
    {"@event deal_id step_id", "@event id step_id", "id has no @ref"},
    {"@event deal_id step_id", "@event deal_id stop_id", "no column \"stop_id\""},
    {"@insert rep hq @label", "@insert rep boss @label", "unknown role boss"},
    {"@insert rep hq @event", "@event", "does not say who may @insert"},
    {"@insert rep hq @event", "@insert rep rep @event", "named twice"},
    {"@label code", "@label cod", "no column \"cod\""},
    {"@lookup code name", "@lookup code id", "text columns"},
    {"@scope follows(deal_id) @insert rep hq\n", "@insert rep hq\n", "has no @scope"},
    {"@scope org @insert hq @label code", "@scope org user(id) @insert hq",
     "no other scope"},
    {"user(owner_id)", "user(owner)", "no column \"owner\""},
    {"user(owner_id)", "user(name)", "holds no id"},
    {"user(owner_id)", "usr(owner_id)", "@scope wants org"},
    {"user(owner_id)", "user", "wants a column in parentheses"},
    {"follows(deal_id) @insert rep hq @event", "follows(deal_id @insert rep hq @event",
     "cannot read"},
    {"user(owner_id)", "user(owner_id, branch_id)", "wrong number of columns"},
    {"@scope hq", "@scope hq(id)", "takes no column"},
    {"unless owner_id", "", "wrong number of columns"},
    {"@append @scope follows(deal_id)", "@append @scope follows(id)", "id has no @ref"},
    {"grants(deal_member.person_id)", "grants(deal_member)",
     "grants(child_table.user_col)"},
    {"grants(deal_member.person_id)", "grants(member.person_id)",
     "unknown table \"member\""},
    {"grants(deal_member.person_id)", "grants(deal_member.user)",
     "needs the blob column user"},
    {"grants(deal_member.person_id)", "grants(notice.person_id)", "a @ref to deal"},
    {"@table 2 @scope", "@append @table 2 @scope", "is @append and has deleted_at"},
    {"deleted_at    integer,                                  -- @column 63",
     "deleted_at integer, -- @column 62", "column 63 is deleted_at"},
    {"share_bp   integer,        -- @column 3", "share_bp integer, -- @column 63",
     "column 63 is deleted_at"},
    {"deleted_at    integer, ", "deleted_at text, ", "deleted_at must be integer"},
    {"strict, without rowid", "without rowid", "must be strict, without rowid"},
    {"strict, without rowid", "strict", "must be strict, without rowid"},
    {"visits        integer", "visits real",
     "must be integer, text or blob, not \"real\""},
    {"visits        integer", "visits any", "must be integer, text or blob"},
    {"code  text not null,", "code  text not null unique,", "\"unique\" is not allowed"},
    {"customer_id   blob,", "customer_id blob references customer,",
     "\"references\" is not"},
    {"lost_note     text,", "lost_note text generated always as (name),",
     "\"generated\""},
    {"lost_note     text,", "lost_note text as (name),", "\"as\" is not allowed"},
    {"blob not null primary key,  -- @column 1", "blob not null,  -- @column 1",
     "has no primary key"},
    {"primary key,  -- @column 1", "primary key autoincrement,  -- @column 1",
     "\"autoincrement\""},
    {"check (amount_minor >= 0)", "check (amount_minor >= visits)",
     "names the column visits"},
    {"  primary key (deal_id, person_id)", "  unique (deal_id), primary key (deal_id)",
     "a table-level unique"},
    {"  primary key (deal_id, person_id)", "  check (1), primary key (deal_id)",
     "a table-level check"},
    {"  primary key (deal_id, person_id)", "  foreign key (a) references b",
     "a table-level foreign"},
    {"  primary key (deal_id, person_id)", "  primary key (deal_id, share_bp)",
     "key column share_bp must be blob not null"},
    {"  primary key (deal_id, person_id)", "  primary key (deal_id, deal_id)",
     "cannot be a key column"},
    {"  primary key (deal_id, person_id)", "  primary key (deal)", "no column \"deal\""},
    {"person_id  blob not null,  -- @column 2 @ref person\n  share",
     "person_id  blob not null primary key,  -- @column 2\n  share",
     "a second primary key"},
    {"gsn integer not null default 0", "gsn integer", "must end with the five stamp"},
    {"created_by blob, ", "", "must end with the five stamp"},
    {"gsn integer not null default 0\n", "gsn integer not null default 0 -- @column 5\n",
     "stamp columns take no annotations"},
    {"lost_note     text", "gsn text", "a second column gsn"},
    {"'CNY'", "'CNY", "never ends"},
    {"create table deal (", "create index deal (", "expected \"table\""},
    {"create table deal (", "create table \"deal\" (", "is no name for a table"},
    {"create table deal (", "create table Deal (", "is no name for a table"},
    {"check (amount_minor >= 0)", "check amount_minor >= 0", "expected \"(\""},
    {"-- @roles 1 rep  2 manager", "-- @roles 1 rep  1 manager", "is there already"},
    {"-- @roles 1 rep", "-- @roles 99 rep", "write @roles"},
    {"@table 2 @scope", "@table 2 @since 99 @scope", "@since wants a version from 1"},
    {"@table 2 @scope", "@table 2 @since @scope", "@since wants an argument"},
    {"share_bp   integer,        -- @column 3", "share_bp integer, -- @column 3 @since 0",
     "@since wants a version from 1"},
    {"-- People.", "-- @roles 1 rep", "@roles is said twice"},
    {"-- People.", "-- @zh 人", "@zh stands outside a table"},
};

static const struct mistake command_mistakes[] = {
    {"@command deal.close", "@command deal.open", "a second command deal.open"},
    {"@command deal.close  Close it.", "@command close  Close it.", "write object.verb"},
    {"@command deal.close  Close it.", "@command deal.close", "has no title"},
    {"@roles rep hq", "@roles rep boss", ":4: unknown role boss"},
    {"@roles rep hq", "@rules rep hq", "unknown annotation @rules"},
    {"@zh 新建机会", "@zh a @zh b", "@zh is said twice"},
    {"@may_noop", "@may_noop yes", "takes no argument"},
    {"@zh 新建机会", "@zh", "@zh wants an argument"},
    {"id(customer)?", "id(custom)?", ":6: unknown table \"custom\""},
    {"id(customer)?", "id(deal_member)", "single-column key"},
    {"code(step)?", "code(customer)", "a column code"},
    {"id(customer)?", "id?", "write id(table)"},
    {"id(customer)?", "ident(customer)?", "unknown type \"ident\""},
    {"id(customer)?", "id(customer?", "cannot read its type"},
    {"text(200)", "text(0)", "text(max)"},
    {"text(200)", "text(200)=\"x", "cannot read its type"},
    {"int(-5..10)", "int(5..-10)", "int(min..max)"},
    {"int(-5..10)", "int(5)", "int(min..max)"},
    {"enum(new|old)", "enum(new||old)", "enum(a|b)"},
    {"@param kind", "@param name", ":9: a second parameter name"},
    {"@param kind", "@param Kind", "no name for a parameter"},
    {"newid ", "newid? ", "newid always may be left out"},
    {"date=today", "date(1)", "write id(table)"},
    {"select 1;", "select 1", "does not end with ;"},
    {"select 1;", "select '1;", "never ends"},
    {"update deal set deleted_at = 1 where id = 2;", "", "has no statement"},
    {"-- a word; here", "-- @zh here", "an annotation after the first statement"},
    {"-- Free words.", "select 1;", "a statement outside of any @command"},
};

static char *changed_text(const char *text, const struct mistake *mistake) {
    const char *at = strstr(text, mistake->find);
    if (!at)
        fail_msg("the test's text does not hold: %s", mistake->find);
    size_t before = (size_t)(at - text);
    size_t size = strlen(text) + strlen(mistake->put) + 1;
    char *changed = malloc(size);
    assert_non_null(changed);
    snprintf(changed, size, "%.*s%s%s", (int)before, text, mistake->put,
             at + strlen(mistake->find));
    return changed;
}

/* Says what is wrong and goes on, so that one run shows all. Returns the number of failures. */
static int expect_refusal(const struct embedded_file *files, size_t count,
                          const struct mistake *mistake) {
    struct catalogue *catalogue = NULL;
    struct error error = {0};
    if (catalogue_load(files, count, &catalogue, &error) == 0) {
        catalogue_free(catalogue);
        print_error("not refused: %s\n", mistake->put);
        return 1;
    }
    assert_null(catalogue);
    assert_string_equal(error.code, "catalogue.invalid");
    assert_memory_equal(error.message, "schema/", 7);
    if (strstr(error.message, mistake->said))
        return 0;
    print_error("\"%s\" was refused with \"%s\", not \"%s\"\n", mistake->put,
                error.message, mistake->said);
    return 1;
}

static void bad_tables_are_refused(void **state) {
    int failures = 0;
    for (size_t i = 0; i < sizeof table_mistakes / sizeof *table_mistakes; i++) {
        char *text = changed_text(fixture_tables, &table_mistakes[i]);
        const struct embedded_file file = {"tables/sales.sql", text, strlen(text)};
        failures += expect_refusal(&file, 1, &table_mistakes[i]);
        free(text);
    }
    assert_int_equal(failures, 0);
}

static void bad_commands_are_refused(void **state) {
    int failures = 0;
    for (size_t i = 0; i < sizeof command_mistakes / sizeof *command_mistakes; i++) {
        char *text = changed_text(operations, &command_mistakes[i]);
        const struct embedded_file files[] = {
            {"commands/test.sql", text, strlen(text)},
            {"tables/sales.sql", fixture_tables, strlen(fixture_tables)},
        };
        failures += expect_refusal(files, 2, &command_mistakes[i]);
        free(text);
    }
    assert_int_equal(failures, 0);
}

static void bad_queries_and_rules_are_refused(void **state) {
    int failures = 0;
    static const struct {
        const char *path;
        const char *text;
        const char *said;
    } cases[] = {
        {"queries/a.sql", "-- @query a.b  T.\nselect 1; select 2;",
         "at most 1 statement"},
        {"queries/a.sql", "-- @query a.b  T. @may_noop\nselect 1;", "unknown annotation"},
        {"queries/a.sql", "-- @command a.b  T.\nselect 1;", "outside of any @query"},
        {"rules/a.sql", "-- @rule a.b  T. @tables deel\nselect 1;",
         "unknown table \"deel\""},
        {"rules/a.sql", "-- @rule a.b  T. @since 99\nselect 1;",
         "@since wants a version"},
        {"rules/a.sql", "-- @rule a.b  T. @param x date\nselect 1;",
         "unknown annotation @param"},
        {"other/a.sql", "select 1;", "no such folder"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct embedded_file files[] = {
            {cases[i].path, cases[i].text, strlen(cases[i].text)},
            {"tables/sales.sql", fixture_tables, strlen(fixture_tables)},
        };
        const struct mistake mistake = {"", cases[i].text, cases[i].said};
        failures += expect_refusal(files, 2, &mistake);
    }
    assert_int_equal(failures, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables_are_in_order),
        cmocka_unit_test(columns_know_their_ddl),
        cmocka_unit_test(groups_are_cells),
        cmocka_unit_test(roles_are_sets),
        cmocka_unit_test(keys_keep_their_order),
        cmocka_unit_test(scopes_point_both_ways),
        cmocka_unit_test(events_point_at_their_machine),
        cmocka_unit_test(commands_are_read),
        cmocka_unit_test(parameters_are_read),
        cmocka_unit_test(other_folders_are_read),
        cmocka_unit_test(local_tables_are_skipped),
        cmocka_unit_test(the_fingerprint_is_short_and_stable),
        cmocka_unit_test(bad_tables_are_refused),
        cmocka_unit_test(bad_commands_are_refused),
        cmocka_unit_test(bad_queries_and_rules_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
