/* What a station is sent: rows of its scopes, what it must forget, nothing else; chunk by chunk. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "server/pull.h"
#include "tests/support/company.h"

struct fixture {
    struct company company;
    struct id anna, darcel;
    struct fake_station *anna_station, *darcel_station;
    struct reader_pool *readers;
};

static struct value id_value(const struct id *id) {
    return value_blob((struct bytes){id->bytes, ID_SIZE});
}

static void make_customer(struct fixture *f, const char *name, const struct id *owner) {
    struct id id = text_id(name);
    struct cell cells[] = {
        cell_of(&f->company, "customer", "name", value_text(name)),
        cell_of(&f->company, "customer", "kind", value_text("company")),
        cell_of(&f->company, "customer", "owner_id", id_value(owner))};
    struct change change = change_of(&f->company, "customer", ROW_INSERT, &id, cells, 3);
    company_write(&f->company, &change, 1);
}

static int set_up(void **state) {
    static struct fixture fixture;
    struct fixture *f = &fixture;
    struct error error;
    struct buffer path = buffer_make(1000);
    company_make(&f->company);
    f->anna = company_person(&f->company, "anna", "rep");
    f->darcel = company_person(&f->company, "darcel", "rep");
    f->anna_station = company_station(&f->company, f->anna, "rep");
    f->darcel_station = company_station(&f->company, f->darcel, "rep");
    make_customer(f, "Of Anna", &f->anna);
    make_customer(f, "Of Darcel", &f->darcel);
    buffer_printf(&path, "%s/master.db", f->company.data);
    assert_int_equal(
        reader_pool_make(buffer_text(&path), f->company.catalogue, &f->readers, &error),
        0);
    buffer_free(&path);
    *state = f;
    return 0;
}

static int tear_down(void **state) {
    struct fixture *f = *state;
    reader_pool_free(f->readers);
    company_free(&f->company);
    return 0;
}

/* One response, decoded into the company's arena. */
struct pulled {
    struct sync_response response;
    struct row_chunk chunk;
};

static void pull(struct fixture *f, struct fake_station *station,
                 const struct sync_request *request, struct pulled *ret) {
    struct error error = {0};
    struct station known;
    struct buffer rows = buffer_make(LIMIT_RESPONSE);
    struct reader *reader = reader_take(f->readers, &error);
    memset(ret, 0, sizeof *ret);
    assert_non_null(reader);
    assert_int_equal(station_find(reader->db, f->company.catalogue, station->device,
                                  &f->company.arena, &known, &error),
                     0);
    assert_int_equal(pull_fill(reader, &known, request, &f->company.arena, &rows,
                               &ret->response, &error),
                     0);
    reader_give(f->readers, reader);
    if (ret->response.rows.size > 0) {
        struct bytes kept = arena_copy(&f->company.arena, ret->response.rows);
        assert_int_equal(rows_decode(kept, &f->company.arena, &ret->chunk, &error), 0);
    }
    buffer_free(&rows);
}

static const struct row_group *group_of(struct fixture *f, const struct pulled *pulled,
                                        const char *table) {
    const struct table *found = catalogue_table(f->company.catalogue, table);
    for (size_t i = 0; i < pulled->chunk.group_count; i++) {
        if (pulled->chunk.groups[i].table == found->number) {
            return &pulled->chunk.groups[i];
        }
    }
    return NULL;
}

static void free_sets(struct pulled *pulled) {
    scope_set_free(&pulled->response.gained);
    scope_set_free(&pulled->response.lost);
}

/* After a full pull: a request that continues from there. */
static struct sync_request settled(struct fixture *f, struct fake_station *station) {
    struct sync_request request = {.schema_version = SCHEMA_VERSION};
    struct pulled first;
    pull(f, station, &request, &first);
    assert_false(first.response.more);
    request.cursor = first.response.head;
    for (size_t i = 0; i < first.response.gained.count; i++) {
        assert_int_equal(scope_set_add(&request.held, first.response.gained.scopes[i]),
                         0);
    }
    free_sets(&first);
    return request;
}

static void a_first_pull_has_own_rows_only(void **state) {
    struct fixture *f = *state;
    struct sync_request request = {.schema_version = SCHEMA_VERSION};
    struct pulled pulled;
    pull(f, f->anna_station, &request, &pulled);
    const struct row_group *customers = group_of(f, &pulled, "customer");
    assert_non_null(customers);
    assert_int_equal(customers->row_count, 1);
    assert_memory_equal(customers->rows[0].key.data, text_id("Of Anna").bytes, ID_SIZE);
    assert_int_equal(customers->forget_count, 0);
    assert_null(group_of(f, &pulled, "device"));
    free_sets(&pulled);
}

static void nothing_new_is_nothing_sent(void **state) {
    struct fixture *f = *state;
    struct sync_request request = settled(f, f->anna_station);
    struct pulled pulled;
    pull(f, f->anna_station, &request, &pulled);
    assert_int_equal(pulled.response.row_count, 0);
    assert_int_equal(pulled.response.head, request.cursor);
    free_sets(&pulled);
    scope_set_free(&request.held);
}

static void a_row_that_leaves_is_forgotten_and_arrives_elsewhere(void **state) {
    struct fixture *f = *state;
    struct sync_request anna = settled(f, f->anna_station);
    struct sync_request darcel = settled(f, f->darcel_station);
    struct id customer = text_id("Of Anna");
    struct cell cells[] = {
        cell_of(&f->company, "customer", "owner_id", id_value(&f->darcel))};
    struct change change =
        change_of(&f->company, "customer", ROW_UPDATE, &customer, cells, 1);
    struct pulled pulled;
    company_write(&f->company, &change, 1);
    pull(f, f->anna_station, &anna, &pulled);
    assert_int_equal(group_of(f, &pulled, "customer")->forget_count, 1);
    assert_int_equal(group_of(f, &pulled, "customer")->row_count, 0);
    free_sets(&pulled);
    pull(f, f->darcel_station, &darcel, &pulled);
    assert_int_equal(group_of(f, &pulled, "customer")->row_count, 1);
    free_sets(&pulled);
    scope_set_free(&anna.held);
    scope_set_free(&darcel.held);
}

/* What leaves one scope and enters another has an entry in both at one gsn, whichever is walked first: there and back, each
 * of the two is first once. */
static void what_moves_between_held_scopes_is_sent(void **state) {
    struct fixture *f = *state;
    struct invite invite = {.actors = {f->anna, f->darcel},
                            .actor_count = 2,
                            .ceiling = "rep",
                            .expires_at = INT64_MAX};
    struct fake_station *shared = company_enrol(&f->company, &invite, f->anna);
    struct sync_request request = settled(f, shared);
    struct id customers[] = {text_id("Of Anna"), text_id("Of Darcel")};
    struct cell owners[] = {
        cell_of(&f->company, "customer", "owner_id", id_value(&f->darcel)),
        cell_of(&f->company, "customer", "owner_id", id_value(&f->anna))};
    for (size_t round = 0; round < 2; round++) {
        struct change swapped[2];
        struct pulled pulled;
        for (size_t i = 0; i < 2; i++) {
            swapped[i] = change_of(&f->company, "customer", ROW_UPDATE, &customers[i],
                                   &owners[(i + round) % 2], 1);
        }
        company_write(&f->company, swapped, 2);
        pull(f, shared, &request, &pulled);
        assert_non_null(group_of(f, &pulled, "customer"));
        assert_int_equal(group_of(f, &pulled, "customer")->row_count, 2);
        assert_int_equal(group_of(f, &pulled, "customer")->forget_count, 0);
        request.cursor = pulled.response.head;
        free_sets(&pulled);
    }
    scope_set_free(&request.held);
}

static void a_gained_scope_is_filled_and_a_lost_one_forgotten(void **state) {
    struct fixture *f = *state;
    struct sync_request anna = settled(f, f->anna_station);
    struct cell manager[] = {
        cell_of(&f->company, "app_user", "manager_id", id_value(&f->anna))};
    struct change below =
        change_of(&f->company, "app_user", ROW_UPDATE, &f->darcel, manager, 1);
    struct id link[2] = {f->anna, {{0}}};
    memcpy(link[1].bytes,
           company_value(&f->company, "select id from role where code = 'manager'")
               .bytes.data,
           ID_SIZE);
    struct change role = change_of(&f->company, "user_role", ROW_INSERT, link, NULL, 0);
    struct change both[] = {below, role};
    struct pulled pulled;
    company_write(&f->company, both, 2);
    /* the station's ceiling is rep: the role changes nothing there */
    pull(f, f->anna_station, &anna, &pulled);
    assert_int_equal(pulled.response.gained.count, 0);
    free_sets(&pulled);
    struct fake_station *manager_station =
        company_station(&f->company, f->anna, "rep manager");
    struct sync_request boss = {.cursor = anna.cursor, .schema_version = SCHEMA_VERSION};
    for (size_t i = 0; i < anna.held.count; i++) {
        assert_int_equal(scope_set_add(&boss.held, anna.held.scopes[i]), 0);
    }
    pull(f, manager_station, &boss, &pulled);
    assert_int_equal(pulled.response.gained.count, 1);
    assert_int_equal(group_of(f, &pulled, "customer")->row_count, 1);
    assert_int_equal(scope_set_add(&boss.held, pulled.response.gained.scopes[0]), 0);
    boss.cursor = pulled.response.head;
    free_sets(&pulled);
    manager[0].value = value_null();
    company_write(&f->company, &below, 1);
    pull(f, manager_station, &boss, &pulled);
    assert_int_equal(pulled.response.lost.count, 1);
    assert_int_equal(group_of(f, &pulled, "customer")->forget_count, 1);
    free_sets(&pulled);
    scope_set_free(&boss.held);
    scope_set_free(&anna.held);
}

static void many_rows_come_in_chunks(void **state) {
    struct fixture *f = *state;
    enum { BATCHES = 6, BATCH = 4000 };
    struct change *changes = arena_alloc_array(&f->company.arena, BATCH, sizeof *changes);
    struct id *ids = arena_alloc_array(&f->company.arena, BATCH, sizeof *ids);
    struct cell cells[] = {
        cell_of(&f->company, "customer", "name", value_text("Many")),
        cell_of(&f->company, "customer", "kind", value_text("company")),
        cell_of(&f->company, "customer", "owner_id", id_value(&f->anna))};
    for (int batch = 0; batch < BATCHES; batch++) {
        for (size_t i = 0; i < BATCH; i++) {
            f->company.env.random(NULL, ids[i].bytes, ID_SIZE);
            changes[i] =
                change_of(&f->company, "customer", ROW_INSERT, &ids[i], cells, 3);
        }
        company_write(&f->company, changes, BATCH);
    }
    struct sync_request request = {.schema_version = SCHEMA_VERSION};
    struct pulled pulled;
    int64_t rows = 0;
    int chunks = 0;
    do {
        pull(f, f->anna_station, &request, &pulled);
        const struct row_group *customers = group_of(f, &pulled, "customer");
        rows += customers ? (int64_t)customers->row_count : 0;
        request.position = pulled.response.next;
        chunks++;
        assert_true(chunks < 100);
        free_sets(&pulled);
    } while (pulled.response.more);
    assert_int_equal(rows, BATCHES * BATCH + 1);
    assert_true(chunks > 1);
}

static void a_cursor_from_the_future_is_refused(void **state) {
    struct fixture *f = *state;
    struct error error = {0};
    struct station known;
    struct sync_request request = {.cursor = 1000000};
    struct sync_response response = {0};
    struct buffer rows = buffer_make(LIMIT_RESPONSE);
    struct reader *reader = reader_take(f->readers, &error);
    assert_int_equal(station_find(reader->db, f->company.catalogue,
                                  f->anna_station->device, &f->company.arena, &known,
                                  &error),
                     0);
    assert_int_not_equal(
        pull_fill(reader, &known, &request, &f->company.arena, &rows, &response, &error),
        0);
    assert_string_equal(error.code, "sync.cursor");
    reader_give(f->readers, reader);
    buffer_free(&rows);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_first_pull_has_own_rows_only, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(nothing_new_is_nothing_sent, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_row_that_leaves_is_forgotten_and_arrives_elsewhere, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_moves_between_held_scopes_is_sent, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_gained_scope_is_filled_and_a_lost_one_forgotten,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(many_rows_come_in_chunks, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_cursor_from_the_future_is_refused, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
