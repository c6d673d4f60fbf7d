/*
 * Rows and what follows them, moving through scopes: people, teams, branches, owners, parents, shares and members
 * change at random, while stations of every kind pull in small pieces that get lost. Three things are compared:
 *
 *   the places that the server keeps      with those that a slow reference computes from the tables alone,
 *   the rows and versions a station has   with those that the reference says its scopes hold,
 *   the sums of both sides                with one another.
 *
 * Tombstones are purged meanwhile, some before a station has heard of them. Each run prints its seed;
 * `test-unit-server-moving SEED 1` runs it again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "server/pull.h"
#include "server/tombstones.h"
#include "sync/digest.h"
#include "tests/support/scope_reference.h"

enum { PEOPLE = 5, BRANCHES = 3, EACH = 8, MIRRORS = 6, CHUNK = 7 };

/* A station as a list of rows (in the temporary table held). */
struct mirror {
    int number;
    struct fake_station *station;
    struct sync_request request;
    uint8_t position_key[LIMIT_KEY_COLUMNS * ID_SIZE];
    int64_t rebuilds;
};

struct world {
    struct company company;
    uint64_t dice;
    struct id people[PEOPLE], branches[BRANCHES], customers[EACH], opportunities[EACH];
    struct id contacts[EACH], interactions[EACH], tasks[EACH], memberships[EACH];
    struct reader_pool *readers;
    struct mirror mirrors[MIRRORS];
    size_t mirror_count;
};

static uint64_t roll(struct world *world, uint64_t sides) {
    world->dice ^= world->dice << 13;
    world->dice ^= world->dice >> 7;
    world->dice ^= world->dice << 17;
    return world->dice % sides;
}

static void run(struct world *world, const char *sql) {
    struct error error = {0};
    if (database_run(world->company.master->db, sql, &error) != 0)
        fail_msg("%s: %s", sql, error.message);
}

static int64_t number(struct world *world, const char *sql) {
    return company_integer(&world->company, sql);
}

/* --- stations ------------------------------------------------------------------------------------------ */

static void write_held(struct world *world, const char *sql, const struct mirror *mirror,
                       int table, struct bytes key, const struct sync_row *row) {
    struct error error = {0};
    sqlite3_stmt *statement = NULL;
    assert_int_equal(
        database_statement(world->company.master->db, sql, &statement, &error), 0);
    sqlite3_bind_int(statement, 1, mirror->number);
    sqlite3_bind_int(statement, 2, table);
    sqlite3_bind_blob(statement, 3, key.data, (int)key.size, SQLITE_TRANSIENT);
    if (row != NULL) {
        sqlite3_bind_int64(statement, 4, row->gsn);
        sqlite3_bind_int64(statement, 5, row->places);
    }
    assert_int_equal(sqlite3_step(statement), SQLITE_DONE);
    sqlite3_finalize(statement);
}

static void stage(struct world *world, const struct mirror *mirror,
                  const struct sync_response *response) {
    struct row_chunk chunk;
    struct error error = {0};
    if (response->rows.size == 0)
        return;
    assert_int_equal(rows_decode(response->rows, &world->company.arena, &chunk, &error),
                     0);
    for (size_t i = 0; i < chunk.group_count; i++) {
        const struct row_group *group = &chunk.groups[i];
        for (size_t j = 0; j < group->row_count; j++)
            write_held(world,
                       "insert into temp.staged (m, t, k, gsn, places)"
                       " values (?1, ?2, ?3, ?4, ?5)",
                       mirror, group->table, group->rows[j].key, &group->rows[j]);
        for (size_t j = 0; j < group->forget_count; j++)
            write_held(world, "insert into temp.staged (m, t, k) values (?1, ?2, ?3)",
                       mirror, group->table, group->forget[j], NULL);
    }
}

static void run_for(struct world *world, const struct mirror *mirror,
                    const char *format) {
    char sql[600];
    snprintf(sql, sizeof sql, format, mirror->number);
    run(world, sql);
}

/* The last word about each row counts. */
static void apply_staged(struct world *world, const struct mirror *mirror) {
    run_for(world, mirror,
            "delete from temp.held where m = %1$d and (t, k) in"
            " (select t, k from temp.staged where m = %1$d)");
    run_for(world, mirror,
            "insert into temp.held select m, t, k, gsn, places from temp.staged s"
            " where m = %1$d and gsn is not null and not exists"
            " (select 1 from temp.staged l where l.m = s.m and l.t = s.t and l.k = s.k"
            "  and l.position > s.position)");
    run_for(world, mirror, "delete from temp.staged where m = %d");
}

static void change_scopes(struct mirror *mirror, const struct sync_response *response) {
    struct scope_set next = {0};
    const struct scope_set *sets[] = {&mirror->request.held, &response->gained};
    for (size_t i = 0; i < 2; i++)
        for (size_t j = 0; j < sets[i]->count; j++)
            if (!scope_set_has(&response->lost, sets[i]->scopes[j]))
                assert_int_equal(scope_set_add(&next, sets[i]->scopes[j]), 0);
    scope_set_free(&mirror->request.held);
    mirror->request.held = next;
}

static void compare_mirror(struct world *world, const struct mirror *mirror) {
    char sql[1200];
    run(world, "delete from temp.mine");
    for (size_t i = 0; i < mirror->request.held.count; i++) {
        struct scope scope = mirror->request.held.scopes[i];
        char id[2 * ID_SIZE + 1];
        for (size_t j = 0; j < ID_SIZE; j++)
            snprintf(id + 2 * j, 3, "%02x", scope.id.bytes[j]);
        snprintf(sql, sizeof sql, "insert into temp.mine values (%d, x'%s')", scope.kind,
                 id);
        run(world, sql);
    }
    run(world, "delete from temp.expected; insert into temp.expected"
               " select r.t, r.k, v.gsn, count(*) from temp.ref r"
               " join temp.mine m on m.kind = r.kind and m.id = r.id"
               " join temp.version v on v.t = r.t and v.k = r.k group by r.t, r.k");
    snprintf(
        sql, sizeof sql,
        "select t as table_number, k as row_key, gsn || ' x ' || places as detail from"
        " (select * from temp.expected except"
        "  select t, k, gsn, places from temp.held where m = %d)",
        mirror->number);
    reference_finds_none(&world->company, "a station lacks", sql);
    snprintf(
        sql, sizeof sql,
        "select t as table_number, k as row_key, gsn || ' x ' || places as detail from"
        " (select t, k, gsn, places from temp.held where m = %d except"
        "  select * from temp.expected)",
        mirror->number);
    reference_finds_none(&world->company, "a station has what it should not", sql);
}

static void compare_sums(struct world *world, const struct mirror *mirror,
                         const struct sync_response *response) {
    struct error error = {0};
    sqlite3_stmt *statement = NULL;
    int64_t digest = 0;
    int64_t rows = 0;
    assert_int_equal(
        database_statement(world->company.master->db,
                           "select t, k, gsn, places from temp.held where m = ?",
                           &statement, &error),
        0);
    sqlite3_bind_int(statement, 1, mirror->number);
    while (sqlite3_step(statement) == SQLITE_ROW) {
        int64_t row = digest_of_row((uint8_t)sqlite3_column_int(statement, 0),
                                    value_of_column(statement, 1).bytes,
                                    sqlite3_column_int64(statement, 2));
        for (int i = 0; i < sqlite3_column_int(statement, 3); i++)
            digest = digest_add(digest, row);
        rows += sqlite3_column_int64(statement, 3);
    }
    sqlite3_finalize(statement);
    if (rows != response->digest_rows || digest != response->digest) {
        reference_compute(&world->company); /* says which rows */
        compare_mirror(world, mirror);
    }
    assert_int_equal(rows, response->digest_rows);
    assert_true(digest == response->digest);
}

static void begin_anew(struct world *world, struct mirror *mirror) {
    run_for(world, mirror, "delete from temp.staged where m = %d");
    mirror->request.position.set = false;
}

/* As the station does with an answer; a rebuild here forgets at its start, since nobody looks meanwhile. */
static bool take(struct world *world, struct mirror *mirror,
                 const struct sync_response *response) {
    struct sync_request *request = &mirror->request;
    if (response->rebuild) {
        begin_anew(world, mirror);
        run_for(world, mirror, "delete from temp.held where m = %d");
        scope_set_clear(&request->held);
        request->cursor = 0;
        request->rebuild = true;
        mirror->rebuilds++;
        return false;
    }
    if (response->restart) {
        begin_anew(world, mirror);
        return false;
    }
    stage(world, mirror, response);
    if (response->more) {
        request->position = response->next;
        memcpy(mirror->position_key, response->next.key.data, response->next.key.size);
        request->position.key.data = mirror->position_key;
        return false;
    }
    apply_staged(world, mirror);
    change_scopes(mirror, response);
    request->cursor = response->head;
    request->position.set = false;
    request->rebuild = false;
    compare_sums(world, mirror, response);
    return true;
}

/* The server notes what a question says, whether its answer arrives or not. */
static void note_passed(struct world *world, const struct mirror *mirror) {
    char sql[400];
    char device[2 * ID_SIZE + 1];
    for (size_t i = 0; i < ID_SIZE; i++)
        snprintf(device + 2 * i, 3, "%02x", mirror->station->device.bytes[i]);
    snprintf(
        sql, sizeof sql,
        "insert or replace into station_seen select number, 1, 0, 0, 1 from station"
        " where id = x'%s'; insert or replace into station_passed select number, %lld"
        " from station where id = x'%s'",
        device, (long long)mirror->request.cursor, device);
    run(world, sql);
}

/* One question and its answer, which may get lost. True: the head is reached. */
static bool pull_once(struct world *world, struct mirror *mirror, bool lost) {
    struct error error = {0};
    struct station known;
    struct sync_response response = {0};
    struct buffer rows = buffer_make(LIMIT_RESPONSE);
    struct arena *arena = &world->company.arena;
    struct reader *reader = reader_take(world->readers, &error);
    bool head = false;
    assert_non_null(reader);
    mirror->request.protocol = 2;
    mirror->request.schema_version = SCHEMA_VERSION;
    if (station_find(reader->db, world->company.catalogue, mirror->station->device, arena,
                     &known, &error) != 0 ||
        pull_fill(reader, &known, &mirror->request, arena, &rows, &response, &error) != 0)
        fail_msg("%s: %s", error.code, error.message);
    reader_give(world->readers, reader);
    note_passed(world, mirror);
    if (!lost)
        head = take(world, mirror, &response);
    scope_set_free(&response.gained);
    scope_set_free(&response.lost);
    buffer_free(&rows);
    return head;
}

static void pull_to_head(struct world *world, struct mirror *mirror) {
    for (int i = 0; i < 10000; i++)
        if (pull_once(world, mirror, roll(world, 4) == 0))
            return;
    fail_msg("station %d never reaches the head", mirror->number);
}

/* --- what happens -------------------------------------------------------------------------------------- */

static struct id any(struct world *world, const struct id *ids, size_t count) {
    return ids[roll(world, count)];
}

static struct value id_or_null(struct world *world, const struct id *id, int chance) {
    if (roll(world, 100) < (uint64_t)chance)
        return value_null();
    struct bytes kept =
        arena_copy(&world->company.arena, (struct bytes){id->bytes, ID_SIZE});
    return value_blob(kept);
}

static struct value someone(struct world *world, int null_chance) {
    return id_or_null(world, &world->people[roll(world, PEOPLE)], null_chance);
}

static struct value some_row(struct world *world, const struct id *ids, int null_chance) {
    return id_or_null(world, &ids[roll(world, EACH)], null_chance);
}

/* By headquarters; what breaks a rule is refused, which makes rows, too. */
static void write_change(struct world *world, struct change *change) {
    struct company *company = &world->company;
    station_send(company, &company->stations[0], change, 1, company->now_ms,
                 number(world, "select max(gsn) from gsn_log"));
}

static void write_row(struct world *world, const char *table, const struct id *key,
                      struct cell *cells, size_t count) {
    /* an insert of a row that is there merges as an update */
    struct change change =
        change_of(&world->company, table, ROW_INSERT, key, cells, count);
    write_change(world, &change);
}

#define CELL(table, column, value) cell_of(&world->company, table, column, value)

static void move_customer(struct world *world) {
    struct id id = any(world, world->customers, EACH);
    struct cell cells[] = {
        CELL("customer", "name", value_text("A customer")),
        CELL("customer", "owner_id", someone(world, 25)),
        CELL("customer", "branch_id",
             id_or_null(world, &world->branches[roll(world, BRANCHES)], 30))};
    write_row(world, "customer", &id, cells, 3);
}

static void share_customer(struct world *world) {
    struct id key[2] = {any(world, world->customers, EACH),
                        any(world, world->people, PEOPLE)};
    struct cell cells[] = {CELL("customer_share", "deleted_at",
                                roll(world, 2) ? value_integer(5) : value_null())};
    write_row(world, "customer_share", key, cells, 1);
}

static void move_opportunity(struct world *world) {
    struct id id = any(world, world->opportunities, EACH);
    struct cell cells[] = {
        CELL("opportunity", "name", value_text("A deal")),
        CELL("opportunity", "pipeline_id",
             company_value(&world->company, "select id from pipeline limit 1")),
        CELL("opportunity", "customer_id", some_row(world, world->customers, 25)),
        CELL("opportunity", "owner_id", someone(world, 20))};
    if (number(world, "select count(*) from opportunity") < EACH / 2)
        return;
    struct change change =
        change_of(&world->company, "opportunity", ROW_UPDATE, &id, cells, 4);
    char sql[120];
    char text[2 * ID_SIZE + 1];
    for (size_t i = 0; i < ID_SIZE; i++)
        snprintf(text + 2 * i, 3, "%02x", id.bytes[i]);
    snprintf(sql, sizeof sql, "select count(*) from opportunity where id = x'%s'", text);
    if (number(world, sql))
        write_change(world, &change);
}

static void member_opportunity(struct world *world) {
    struct id key[2] = {any(world, world->opportunities, EACH),
                        any(world, world->people, PEOPLE)};
    struct cell cells[] = {CELL("opportunity_member", "deleted_at",
                                roll(world, 2) ? value_integer(5) : value_null())};
    write_row(world, "opportunity_member", key, cells, 1);
}

static void move_contact(struct world *world) {
    struct id id = any(world, world->contacts, EACH);
    struct cell cells[] = {
        CELL("contact", "name", value_text("A person")),
        CELL("contact", "customer_id", some_row(world, world->customers, 0))};
    write_row(world, "contact", &id, cells, 2);
}

static void move_interaction(struct world *world) {
    struct id id = any(world, world->interactions, EACH);
    struct cell cells[] = {
        CELL("interaction", "kind", value_text("call")),
        CELL("interaction", "user_id", someone(world, 0)),
        CELL("interaction", "happened_at", value_integer(7)),
        CELL("interaction", "opportunity_id", some_row(world, world->opportunities, 50)),
        CELL("interaction", "customer_id", some_row(world, world->customers, 30))};
    write_row(world, "interaction", &id, cells, 5);
}

static void move_task(struct world *world) {
    struct id id = any(world, world->tasks, EACH);
    struct cell cells[] = {
        CELL("task", "title", value_text("Something to do")),
        CELL("task", "assignee_id", someone(world, 0)),
        CELL("task", "opportunity_id", some_row(world, world->opportunities, 50)),
        CELL("task", "customer_id", some_row(world, world->customers, 30))};
    write_row(world, "task", &id, cells, 4);
}

static void move_person(struct world *world) {
    struct id id = any(world, world->people, PEOPLE);
    struct cell cells[] = {
        CELL("app_user", "manager_id", someone(world, 40)),
        CELL("app_user", "branch_id",
             id_or_null(world, &world->branches[roll(world, BRANCHES)], 40))};
    struct change change =
        change_of(&world->company, "app_user", ROW_UPDATE, &id, cells, 2);
    write_change(world, &change);
}

static void move_membership(struct world *world) {
    struct id id = any(world, world->memberships, EACH);
    struct cell cells[] = {
        CELL("membership", "user_id", someone(world, 0)),
        CELL("membership", "branch_id",
             id_or_null(world, &world->branches[roll(world, BRANCHES)], 0)),
        CELL("membership", "ended_on",
             roll(world, 2) ? value_text("2026-11-01") : value_null())};
    write_row(world, "membership", &id, cells, 3);
}

static void give_role(struct world *world) {
    struct id key[2] = {any(world, world->people, PEOPLE), {{0}}};
    memcpy(key[1].bytes,
           company_value(&world->company, "select id from role where code = 'manager'")
               .bytes.data,
           ID_SIZE);
    struct cell cells[] = {CELL("user_role", "deleted_at",
                                roll(world, 3) ? value_null() : value_integer(5))};
    write_row(world, "user_role", key, cells, 1);
}

static void something_happens(struct world *world) {
    static void (*const things[])(struct world *) = {
        move_customer,      move_customer, share_customer,   move_opportunity,
        move_opportunity,   move_contact,  move_interaction, move_task,
        member_opportunity, move_person,   move_membership,  give_role};
    world->company.now_ms += 60000;
    things[roll(world, sizeof things / sizeof *things)](world);
}

/* Some of what is gone is forgotten: what all have passed, or by the horizon more. */
static int64_t purge(struct world *world, int64_t horizon_ms) {
    struct error error = {0};
    struct master *master = world->company.master;
    struct purge_limits limits = {world->company.now_ms, horizon_ms, 5};
    int64_t purged = 0;
    bool more = true;
    for (int i = 0; more && i < 1000; i++) {
        assert_int_equal(master_begin(master, &error), 0);
        if (tombstones_purge(master, &world->company.work, &limits, &more, &error) != 0 ||
            master_commit(master, &error) != 0)
            fail_msg("%s: %s", error.code, error.message);
    }
    assert_false(more);
    assert_int_equal(tombstones_purged(master->db, &purged, &error), 0);
    return purged;
}

/* --- the world ------------------------------------------------------------------------------------------ */

static void ids(struct id *ret, size_t count, uint8_t kind) {
    for (size_t i = 0; i < count; i++) {
        memset(ret[i].bytes, 0, ID_SIZE);
        ret[i].bytes[0] = kind;
        ret[i].bytes[6] = 0x70;
        ret[i].bytes[8] = 0x80;
        ret[i].bytes[15] = (uint8_t)(i + 1);
    }
}

static void make_branches(struct world *world) {
    for (size_t i = 0; i < BRANCHES; i++) {
        struct cell cells[] = {
            CELL("branch", "code", value_text(i ? i > 1 ? "c" : "b" : "a")),
            CELL("branch", "name", value_text("A branch"))};
        write_row(world, "branch", &world->branches[i], cells, 2);
    }
}

/* Opportunities begin with their first step, as the domain wants it. */
static void make_opportunities(struct world *world) {
    struct value pipeline =
        company_value(&world->company, "select id from pipeline limit 1");
    struct value stage =
        company_value(&world->company,
                      "select id from stage where pipeline_id = (select id from pipeline"
                      " limit 1) order by position limit 1");
    for (size_t i = 0; i < EACH; i++) {
        struct id event = world->opportunities[i];
        event.bytes[0] = 99;
        struct value own =
            value_blob((struct bytes){world->opportunities[i].bytes, ID_SIZE});
        struct cell cells[] = {CELL("opportunity", "name", value_text("A deal")),
                               CELL("opportunity", "pipeline_id", pipeline),
                               CELL("opportunity", "stage_id", stage),
                               CELL("opportunity", "owner_id", someone(world, 0))};
        struct cell step[] = {CELL("opportunity_stage_event", "opportunity_id", own),
                              CELL("opportunity_stage_event", "to_stage_id", stage)};
        struct change changes[] = {change_of(&world->company, "opportunity", ROW_INSERT,
                                             &world->opportunities[i], cells, 4),
                                   change_of(&world->company, "opportunity_stage_event",
                                             ROW_INSERT, &event, step, 2)};
        company_write(&world->company, changes, 2);
    }
}

static void add_mirror(struct world *world, struct fake_station *station) {
    struct mirror *mirror = &world->mirrors[world->mirror_count];
    *mirror = (struct mirror){.number = (int)world->mirror_count++, .station = station};
}

static void make_mirrors(struct world *world) {
    struct invite kiosk = {
        .actors = {world->people[0], world->people[1], world->people[3]},
        .actor_count = 3,
        .expires_at = INT64_MAX,
        .ceiling = "rep"};
    struct company *company = &world->company;
    add_mirror(world, company_station(company, world->people[0], "rep manager"));
    add_mirror(world, company_station(company, world->people[1], "rep"));
    add_mirror(world, company_station(company, world->people[2], "rep manager"));
    add_mirror(world, company_station(company, world->people[4], "rep manager"));
    add_mirror(world, company_enrol(company, &kiosk, world->people[0]));
    add_mirror(world,
               &company->stations[0]); /* headquarters, whose hand writes all this */
}

static void world_make(struct world *world, uint64_t seed) {
    static const char *const names[PEOPLE] = {"ann", "bob", "mia", "cy", "tom"};
    struct error error = {0};
    struct buffer path = buffer_make(1000);
    memset(world, 0, sizeof *world);
    world->dice = seed;
    company_make(&world->company);
    for (size_t i = 0; i < PEOPLE; i++)
        world->people[i] = company_person(&world->company, names[i],
                                          i == 2 || i == 4 ? "manager" : "rep");
    ids(world->branches, BRANCHES, 2);
    ids(world->customers, EACH, 3);
    ids(world->opportunities, EACH, 4);
    ids(world->contacts, EACH, 5);
    ids(world->interactions, EACH, 6);
    ids(world->tasks, EACH, 7);
    ids(world->memberships, EACH, 8);
    make_branches(world);
    for (size_t i = 0; i < 3 * EACH; i++)
        move_customer(world);
    make_opportunities(world);
    make_mirrors(world);
    reference_make(&world->company);
    run(world,
        "create temp table mine (kind, id);"
        "create temp table expected (t, k, gsn, places);"
        "create temp table staged (position integer primary key, m, t, k, gsn, places);"
        "create temp table held (m, t, k, gsn, places, primary key (m, t, k)) without rowid");
    buffer_printf(&path, "%s/master.db", world->company.data);
    assert_int_equal(reader_pool_make(buffer_text(&path), world->company.catalogue,
                                      &world->readers, &error),
                     0);
    reader_pool_chunk(world->readers, CHUNK);
    buffer_free(&path);
}

static void world_free(struct world *world) {
    for (size_t i = 0; i < world->mirror_count; i++)
        scope_set_free(&world->mirrors[i].request.held);
    reader_pool_free(world->readers);
    company_free(&world->company); /* and verifies it */
}

static void compare_all(struct world *world) {
    reference_compute(&world->company);
    reference_check_places(&world->company);
    for (size_t i = 0; i < world->mirror_count; i++) {
        pull_to_head(world, &world->mirrors[i]);
        compare_mirror(world, &world->mirrors[i]);
    }
}

static void live(uint64_t seed, int days) {
    static struct world world;
    print_message("seed %llu\n", (unsigned long long)seed);
    world_make(&world, seed);
    compare_all(&world);
    for (int day = 0; day < days; day++) {
        for (int i = 0; i < 25; i++) {
            something_happens(&world);
            struct mirror *mirror = &world.mirrors[roll(&world, world.mirror_count)];
            for (uint64_t pulls = roll(&world, 4); pulls > 0; pulls--)
                pull_once(&world, mirror, roll(&world, 3) == 0);
            if (roll(&world, 10) == 0)
                purge(&world, roll(&world, 2) ? INT64_MAX / 4 : 600000);
        }
        compare_all(&world);
    }
    world_free(&world);
}

static void everybody_has_what_he_may_see(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 4; seed++)
        live(seed * 7919, 8);
}

/* --- tombstones ------------------------------------------------------------------------------------------ */

static int64_t tombstones(struct world *world) {
    return number(world, "select count(*) from feed where gone = 1");
}

static void all_to_head(struct world *world) {
    for (size_t i = 0; i < world->mirror_count; i++)
        pull_to_head(world, &world->mirrors[i]);
    for (size_t i = 0; i < world->mirror_count; i++) /* the next question says so */
        pull_once(world, &world->mirrors[i], false);
}

static void they_go_when_all_have_passed_them(void **state) {
    static struct world world;
    (void)state;
    world_make(&world, 4711);
    all_to_head(&world);
    for (int i = 0; i < 60; i++)
        something_happens(&world);
    int64_t before = tombstones(&world);
    assert_true(before > 20);
    purge(&world, TOMBSTONE_HORIZON_MS);
    int64_t old = tombstones(&world); /* from before anybody asked */
    for (size_t i = 1; i < world.mirror_count; i++)
        pull_to_head(&world, &world.mirrors[i]);
    for (size_t i = 1; i < world.mirror_count; i++)
        pull_once(&world, &world.mirrors[i], false);
    purge(&world, TOMBSTONE_HORIZON_MS);
    assert_int_equal(tombstones(&world), old); /* one has not */
    all_to_head(&world);
    purge(&world, TOMBSTONE_HORIZON_MS);
    assert_int_equal(tombstones(&world), 0);
    for (size_t i = 0; i < world.mirror_count; i++)
        assert_int_equal(world.mirrors[i].rebuilds, 0);
    compare_all(&world);
    world_free(&world);
}

/* Who will not come any more is not waited for. */
static void a_revoked_station_does_not_hold_them_up(void **state) {
    static struct world world;
    char sql[200];
    (void)state;
    world_make(&world, 4714);
    all_to_head(&world);
    for (int i = 0; i < 60; i++)
        something_happens(&world);
    for (size_t i = 1; i < world.mirror_count; i++)
        pull_to_head(&world, &world.mirrors[i]);
    for (size_t i = 1; i < world.mirror_count; i++)
        pull_once(&world, &world.mirrors[i], false);
    purge(&world, TOMBSTONE_HORIZON_MS);
    assert_true(tombstones(&world) > 0);
    snprintf(sql, sizeof sql, "update station set revoked_at = 1 where public_key = x'");
    for (size_t i = 0; i < SIGN_PUBLIC; i++)
        snprintf(sql + strlen(sql), 3, "%02x",
                 world.mirrors[0].station->keys.public_key[i]);
    snprintf(sql + strlen(sql), 2, "'");
    run(&world, sql);
    purge(&world, TOMBSTONE_HORIZON_MS);
    assert_int_equal(tombstones(&world), 0);
    world_free(&world);
}

static void whoever_is_behind_the_horizon_gets_everything_again(void **state) {
    static struct world world;
    (void)state;
    world_make(&world, 4712);
    all_to_head(&world);
    for (int i = 0; i < 60; i++)
        something_happens(&world);
    for (size_t i = 1; i < world.mirror_count; i++)
        pull_to_head(&world, &world.mirrors[i]);
    world.company.now_ms += TOMBSTONE_HORIZON_MS + 1;
    purge(&world, TOMBSTONE_HORIZON_MS);
    assert_int_equal(tombstones(&world), 0);
    compare_all(&world);
    assert_int_equal(world.mirrors[0].rebuilds, 1);
    for (size_t i = 1; i < world.mirror_count; i++)
        assert_int_equal(world.mirrors[i].rebuilds, 0);
    world_free(&world);
}

/* A first pull that began before a purge would never hear what left meanwhile: it begins again. */
static void a_pull_under_way_begins_again(void **state) {
    static struct world world;
    (void)state;
    world_make(&world, 4713);
    struct mirror *mirror = &world.mirrors[0];
    assert_false(pull_once(&world, mirror, false));
    assert_true(mirror->request.position.set);
    for (int i = 0; i < 60; i++)
        something_happens(&world);
    world.company.now_ms += TOMBSTONE_HORIZON_MS + 1;
    purge(&world, TOMBSTONE_HORIZON_MS);
    assert_false(pull_once(&world, mirror, false));
    assert_false(mirror->request.position.set);
    compare_all(&world);
    world_free(&world);
}

/* With a first seed and a number of them: that many instead of the usual. */
int main(int count, char **arguments) {
    if (count == 3) {
        uint64_t first = strtoull(arguments[1], NULL, 10);
        for (uint64_t i = 0; i < strtoull(arguments[2], NULL, 10); i++)
            live(first + i, 8);
        return 0;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everybody_has_what_he_may_see),
        cmocka_unit_test(they_go_when_all_have_passed_them),
        cmocka_unit_test(a_revoked_station_does_not_hold_them_up),
        cmocka_unit_test(whoever_is_behind_the_horizon_gets_everything_again),
        cmocka_unit_test(a_pull_under_way_begins_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
