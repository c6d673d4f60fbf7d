/*
 * Pending work done again over what came meanwhile: by the same rules as at headquarters.
 */
#include "tests/unit/client-core/world.h"

#define DEAL "c1c1c1c1-c1c1-c1c1-c1c1-c1c1c1c1c1c1"

/* One cell of each rule. */
static const char table[] =
    "-- A deal.\n"
    "create table deal (  -- @table 20 @scope org @insert rep @label title\n"
    "  id blob not null primary key,  -- @column 1\n"
    "  title text,                    -- @column 2\n"
    "  best integer,                  -- @column 3 @merge max\n"
    "  least integer,                 -- @column 4 @merge min\n"
    "  opened_at integer,             -- @column 5 @merge first\n"
    "  amount_minor integer,          -- @column 6 @group amount\n"
    "  currency text,                 -- @column 7 @group amount\n" STAMPS;

static const char command[] =
    "-- @command deal.set  What is not given stays.\n"
    "-- @roles rep\n"
    "-- @param deal id(deal)\n"
    "-- @param title text(50)?\n"
    "-- @param best int(0..99)?\n"
    "-- @param least int(0..99)?\n"
    "-- @param opened_at int(0..99)?\n"
    "-- @param amount int(0..999)?\n"
    "update deal set title = coalesce(:title, title), best = coalesce(:best, best),"
    " least = coalesce(:least, least), opened_at = coalesce(:opened_at, opened_at),"
    " amount_minor = coalesce(:amount, amount_minor) where id = :deal;\n";

static int set_up(void **state) {
    const struct embedded_file files[] = {
        {"tables/deal.sql", table, sizeof table - 1},
        {"commands/deal.sql", command, sizeof command - 1}};
    return world_setup_with(state, files, 2);
}

/* What headquarters sends of the deal. */
struct sent_deal {
    const char *title;
    int64_t best, least, amount;
    int64_t opened_at; /* 0: not set */
};

/* Nothing is decided yet of what the station sends. */
static int rows_only(struct world *world, const struct sync_request *request,
                     struct sync_response *response) {
    world_keep_waiting(world, request, response);
    if (world->chunk.group_count)
        world_send_rows(world, response);
    response->head = world->gsn;
    world->chunk.group_count = 0;
    return 200;
}

static void bring(struct world *world, const struct sent_deal *deal) {
    struct id id = world_id(0xc1);
    struct value values[] = {value_text(deal->title),
                             value_integer(deal->best),
                             value_integer(deal->least),
                             deal->opened_at ? value_integer(deal->opened_at)
                                             : value_null(),
                             value_integer(deal->amount),
                             value_text("EUR")};
    struct sync_row row = {.key = {id.bytes, ID_SIZE},
                           .gsn = ++world->gsn,
                           .created_at = 11,
                           .updated_at = 22,
                           .created_by = world_id(0xd1),
                           .updated_by = world_id(0xd1),
                           .values = values};
    struct row_group group = {.table = 20,
                              .columns = {2, 3, 4, 5, 6, 7},
                              .column_count = 6,
                              .rows = &row,
                              .row_count = 1};
    world->chunk = (struct row_chunk){&group, 1};
    world_sync(world);
}

static const struct sent_deal before = {"first", 10, 10, 100, 0};

static void begin(struct world *world, const struct sent_deal *deal) {
    world_sql(world, "update app_user set gsn = 0"); /* they came without a digest */
    world->answer = rows_only;
    bring(world, deal);
}

static void set(struct world *world, const char *what) {
    char json[200];
    snprintf(json, sizeof json, "{\"deal\": \"" DEAL "\", %s}", what);
    world_do(world, "deal.set", json);
}

static void assert_deal(struct world *world, const char *expected) {
    satchel_error error = {0};
    assert_string_equal(
        world_text(world, "select title || ' ' || best || ' ' || least || ' ' ||"
                          " coalesce(opened_at, '-') || ' ' || amount_minor || ' ' ||"
                          " coalesce(currency, '-') from deal"),
        expected);
    world_ok(satchel_verify(world->station, &error), &error);
}

static void what_nobody_else_changed_is_mine(void **state) {
    struct world *world = *state;
    begin(world, &before);
    set(world, "\"title\": \"mine\", \"best\": 5, \"least\": 15, \"opened_at\": 7");
    struct sent_deal theirs = before;
    theirs.amount = 300;
    bring(world, &theirs); /* another cell; and the lesser is no less mine */
    assert_deal(world, "mine 5 15 7 300 EUR");
}

/* Whose edit is the later is headquarters' to say: it knows when each cell was written. */
static void an_edit_shows_until_that_is_decided(void **state) {
    struct world *world = *state;
    begin(world, &before);
    set(world, "\"title\": \"mine\", \"amount\": 200");
    struct sent_deal theirs = before;
    theirs.title = "theirs";
    theirs.amount = 300;
    bring(world, &theirs);
    assert_deal(world, "mine 10 10 - 200 EUR");
    world_sql(world, "update station_outbox set verdict = 2, gsn = 4");
    bring(world, &theirs);
    assert_deal(world, "theirs 10 10 - 300 EUR");
}

static void the_greater_and_the_lesser_show(void **state) {
    struct world *world = *state;
    begin(world, &before);
    set(world, "\"best\": 20, \"least\": 5");
    struct sent_deal theirs = before;
    theirs.best = 15;
    theirs.least = 8;
    bring(world, &theirs);
    assert_deal(world, "first 20 5 - 100 EUR");
    theirs.best = 30;
    theirs.least = 3;
    bring(world, &theirs);
    assert_deal(world, "first 30 3 - 100 EUR");
}

static void the_first_stays(void **state) {
    struct world *world = *state;
    begin(world, &before);
    set(world, "\"opened_at\": 7");
    struct sent_deal theirs = before;
    theirs.opened_at = 9;
    bring(world, &theirs);
    assert_deal(world, "first 10 10 9 100 EUR");
    set(world, "\"opened_at\": 8"); /* who knows of it may write another */
    theirs.amount = 300;
    bring(world, &theirs);
    assert_deal(world, "first 10 10 8 300 EUR");
}

/* Each is done over what the one before left, whether that was its own or theirs. */
static void work_on_work(void **state) {
    struct world *world = *state;
    begin(world, &before);
    set(world, "\"best\": 20");
    set(world, "\"best\": 15"); /* who knows of the greater may take it back */
    assert_deal(world, "first 15 10 - 100 EUR");
    struct sent_deal theirs = before;
    theirs.best = 17;
    bring(world, &theirs);
    assert_deal(world, "first 15 10 - 100 EUR");
    theirs.best = 30;
    bring(world, &theirs);
    assert_deal(world, "first 30 10 - 100 EUR");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, world_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(what_nobody_else_changed_is_mine),
        TEST(an_edit_shows_until_that_is_decided),
        TEST(the_greater_and_the_lesser_show),
        TEST(the_first_stays),
        TEST(work_on_work),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
