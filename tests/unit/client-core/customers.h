/*
 * Customers as headquarters sends them, and what it answers while they come and go.
 */
#ifndef SATCHEL_TESTS_CLIENT_CUSTOMERS_H
#define SATCHEL_TESTS_CLIENT_CUSTOMERS_H

#include "tests/unit/client-core/world.h"

#define C1 "c1c1c1c1-c1c1-c1c1-c1c1-c1c1c1c1c1c1"
#define KEY1 "x'c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1'"
static const char add_c1[] = "{\"id\": \"" C1 "\", \"name\": \"Acme\"}";

/* --- rows for answers ---------------------------------------------------------------------------- */

/* One customer: name, visits, price_minor, currency, note, grade, owner, deleted_at. */
struct sent_customer {
    struct id id;
    struct value values[8];
    struct sync_row row;
};

static inline void customer(struct sent_customer *to, uint8_t n, const char *name,
                            int64_t visits, int64_t gsn) {
    to->id = world_id(n);
    to->values[0] = value_text(name);
    to->values[1] = value_integer(visits);
    to->values[2] = value_integer(100);
    to->values[3] = value_text("USD");
    to->values[4] = value_text("from hq");
    to->values[5] = value_null();
    to->values[6] = value_null();
    to->values[7] = value_null();
    to->row = (struct sync_row){.key = {to->id.bytes, ID_SIZE},
                                .gsn = gsn,
                                .created_at = 11,
                                .updated_at = 22,
                                .created_by = world_id(0xd1),
                                .updated_by = world_id(0xd1),
                                .values = to->values};
}

static inline struct row_group group_of(struct sync_row *rows, size_t count) {
    return (struct row_group){.table = 10,
                              .columns = {2, 3, 4, 5, 6, 7, 8, 63},
                              .column_count = 8,
                              .rows = rows,
                              .row_count = count};
}

/* The group is what the next answer brings. */
static inline void bring(struct world *world, struct row_group *group) {
    world->chunk = (struct row_chunk){group, 1};
}

static inline int merge_all(struct world *world, const struct sync_request *request,
                            struct sync_response *response) {
    world_take_bundles(world, request, response, VERDICT_MERGED);
    if (world->chunk.group_count)
        world_send_rows(world, response);
    response->head = world->gsn;
    world->chunk.group_count = 0;
    return 200;
}

static inline int refuse_all(struct world *world, const struct sync_request *request,
                             struct sync_response *response) {
    world_take_bundles(world, request, response, VERDICT_REFUSED);
    return 200;
}

/* Takes nothing, sends world->chunk. */
static inline int rows_only(struct world *world, const struct sync_request *request,
                            struct sync_response *response) {
    if (world->chunk.group_count)
        world_send_rows(world, response);
    response->head = world->gsn;
    world_keep_waiting(world, request, response);
    return 200;
}

static inline const char *sync_fails(struct world *world) {
    static satchel_error error;
    error = (satchel_error){0};
    assert_int_not_equal(satchel_sync(world->station, NULL, NULL, NULL, &error), 0);
    return error.code;
}

static inline void verify(struct world *world) {
    satchel_error error = {0};
    world_ok(satchel_verify(world->station, &error), &error);
}

/* The people of world_setup came without a digest. */
static inline void forget_people(struct world *world) {
    world_sql(world, "update app_user set gsn = 0");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

#endif
