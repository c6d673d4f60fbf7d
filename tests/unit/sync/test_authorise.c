/*
 * sync/authorise: which changes a role may make.
 */
#include "tests/unit/sync/support.h"

#include "sync/merge.h"

enum { REP = 1, MANAGER = 2, HQ = 4 };
enum { PLAIN = 1, LOG = 2, ENGINE = 3, LINK = 4 };

/* A catalogue of four tables, made by hand: plain, log (append only), engine, link (two keys). */
static struct column columns[] = {
    {.name = "id", .number = 1, .key_position = 1, .type = VALUE_BLOB, .not_null = true},
    {.name = "name",
     .number = 2,
     .type = VALUE_TEXT,
     .not_null = true,
     .write = REP | MANAGER},
    {.name = "note", .number = 3, .type = VALUE_TEXT, .write = REP | MANAGER},
    {.name = "owner_id", .number = 4, .type = VALUE_BLOB, .self = true, .write = MANAGER},
    {.name = "limit_minor",
     .number = 5,
     .type = VALUE_INTEGER,
     .not_null = true,
     .has_default = true,
     .write = MANAGER},
    {.name = "created_at", .number = 0, .type = VALUE_INTEGER},
};
static struct column link_columns[] = {
    {.name = "left_id",
     .number = 1,
     .key_position = 1,
     .type = VALUE_BLOB,
     .not_null = true},
    {.name = "right_id",
     .number = 2,
     .key_position = 2,
     .type = VALUE_BLOB,
     .not_null = true},
};

#define COLUMNS                                                             \
    .columns = columns, .column_count = 6, .data_count = 5, .key_count = 1, \
    .by_number = {&columns[5], &columns[0], &columns[1],                    \
                  &columns[2], &columns[3], &columns[4]}

static const struct table tables[] = {
    {.name = "plain", .number = PLAIN, .insert = REP, COLUMNS},
    {.name = "log", .number = LOG, .insert = REP, .append_only = true, COLUMNS},
    {.name = "engine", .number = ENGINE, .insert = HQ, .engine_rows = true, COLUMNS},
    {.name = "link",
     .number = LINK,
     .insert = REP,
     .columns = link_columns,
     .column_count = 2,
     .data_count = 2,
     .key_count = 2,
     .by_number = {NULL, &link_columns[0], &link_columns[1]}},
};
static const struct catalogue catalogue = {
    .by_number = {NULL, &tables[0], &tables[1], &tables[2], &tables[3]}};

static const struct id me = {{7}};
static const uint8_t key[64] = {1};

struct try {
    uint8_t table;
    enum row_operation operation;
    role_set roles;
    bool engine;
    size_t key_size;
    struct cell cells[3];
    size_t cell_count;
};

static void expect(struct try try, const char *code, const char *field) {
    struct change change = {try.table,
                            try.operation,
                            {key, try.key_size ? try.key_size : 16},
                            try.cells,
                            try.cell_count};
    struct error error = {0};
    int rc = authorise_change(&catalogue, &change, me, try.roles, try.engine, &error);
    assert_int_equal(rc, code[0] ? -1 : 0);
    assert_code(error, code);
    assert_string_equal(error.field, field);
}

#define TRY(in_table, how, who, ...) \
    ((struct try){.table = (in_table), .operation = (how), .roles = (who), __VA_ARGS__})
#define NAME                                                        \
    {                                                               \
        2, {                                                        \
            .type = VALUE_TEXT, .bytes = {(const uint8_t *)"n", 1 } \
        }                                                           \
    }
#define NUMBER(column)                          \
    {                                           \
        column, {                               \
            .type = VALUE_INTEGER, .integer = 5 \
        }                                       \
    }
#define EMPTY(column)          \
    {                          \
        column, {              \
            .type = VALUE_NULL \
        }                      \
    }

static void test_rows(void **state) {
    expect(TRY(9, ROW_INSERT, REP), "change.table", "");
    expect(TRY(PLAIN, ROW_INSERT, REP, .cells = {NAME}, .cell_count = 1), "", "");
    expect(TRY(PLAIN, ROW_INSERT, MANAGER, .cells = {NAME}, .cell_count = 1),
           "role.insert", "plain");
    expect(TRY(PLAIN, ROW_DELETE, REP), "change.delete", "plain");
    expect(TRY(PLAIN, ROW_UPDATE, REP, .cells = {NAME}, .cell_count = 1), "", "");
    expect(TRY(LOG, ROW_INSERT, REP, .cells = {NAME}, .cell_count = 1), "", "");
    expect(TRY(LOG, ROW_UPDATE, REP, .cells = {NAME}, .cell_count = 1),
           "change.append_only", "log");
    expect(TRY(LINK, ROW_INSERT, REP, .key_size = 32), "", "");
}

static void test_keys(void **state) {
    expect(TRY(LINK, ROW_INSERT, REP, .key_size = 16), "change.key", "link");
    expect(TRY(PLAIN, ROW_UPDATE, REP, .key_size = 32), "change.key", "plain");
}

static void test_engine_rows(void **state) {
    expect(TRY(ENGINE, ROW_INSERT, HQ, .cells = {NAME}, .cell_count = 1), "change.engine",
           "engine");
    expect(TRY(ENGINE, ROW_INSERT, 0, .engine = true, .cells = {NAME, NUMBER(5)},
               .cell_count = 2),
           "", "");
    expect(TRY(ENGINE, ROW_UPDATE, REP, .cells = {NAME}, .cell_count = 1), "", "");
    expect(TRY(ENGINE, ROW_UPDATE, REP, .cells = {NUMBER(5)}, .cell_count = 1),
           "role.write", "engine.limit_minor");
    /* The engine is nobody special elsewhere. */
    expect(TRY(PLAIN, ROW_INSERT, 0, .engine = true, .cells = {NAME}, .cell_count = 1),
           "role.insert", "plain");
}

static void test_columns(void **state) {
    expect(TRY(PLAIN, ROW_UPDATE, REP, .cells = {NUMBER(1)}, .cell_count = 1),
           "change.column", "plain.id");
    expect(TRY(PLAIN, ROW_UPDATE, REP, .cells = {NUMBER(9)}, .cell_count = 1),
           "change.column", "plain");
    expect(TRY(PLAIN, ROW_UPDATE, REP, .cells = {NUMBER(64)}, .cell_count = 1),
           "change.column", "plain");
    expect(TRY(PLAIN, ROW_UPDATE, REP, .cells = {NUMBER(0)}, .cell_count = 1),
           "change.column", "plain.created_at");
}

static void test_types(void **state) {
    expect(TRY(PLAIN, ROW_UPDATE, REP, .cells = {NUMBER(3)}, .cell_count = 1),
           "change.type", "plain.note");
    expect(TRY(PLAIN, ROW_UPDATE, REP, .cells = {EMPTY(3)}, .cell_count = 1), "", "");
    expect(TRY(PLAIN, ROW_UPDATE, REP, .cells = {EMPTY(2)}, .cell_count = 1),
           "change.null", "plain.name");
    expect(TRY(PLAIN, ROW_INSERT, REP, .cells = {EMPTY(2)}, .cell_count = 1),
           "change.null", "plain.name");
    expect(TRY(PLAIN, ROW_INSERT, REP), "change.null", "plain.name");
}

static void test_restricted_columns(void **state) {
    expect(TRY(PLAIN, ROW_UPDATE, MANAGER, .cells = {NUMBER(5)}, .cell_count = 1), "",
           "");
    expect(TRY(PLAIN, ROW_UPDATE, REP, .cells = {NUMBER(5)}, .cell_count = 1),
           "role.write", "plain.limit_minor");
    expect(TRY(PLAIN, ROW_INSERT, REP, .cells = {NAME, NUMBER(5)}, .cell_count = 2),
           "role.write", "plain.limit_minor");
    expect(TRY(PLAIN, ROW_INSERT, REP, .cells = {NAME, EMPTY(4)}, .cell_count = 2), "",
           "");
    expect(TRY(PLAIN, ROW_UPDATE, REP, .cells = {EMPTY(4)}, .cell_count = 1),
           "role.write", "plain.owner_id");
}

static void test_self(void **state) {
    struct try try = TRY(PLAIN, ROW_INSERT, REP,
                         .cells = {NAME, {4, value_blob((struct bytes){me.bytes, 16})}},
                         .cell_count = 2);
    const struct id other = {{8}};
    expect(try, "", "");
    try.cells[1].value = value_blob((struct bytes){other.bytes, 16});
    expect(try, "role.write", "plain.owner_id");
    try.cells[0] = (struct cell){4, value_blob((struct bytes){me.bytes, 16})};
    try.operation = ROW_UPDATE;
    try.cell_count = 1;
    expect(try, "role.write", "plain.owner_id");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_engine_rows), cmocka_unit_test(test_columns),
        cmocka_unit_test(test_types),       cmocka_unit_test(test_restricted_columns),
        cmocka_unit_test(test_self),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
