/* Comparing a database with the model, row by row. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "tests/sim/model_parts.h"

struct check {
    struct model *model;
    struct view view;
    sqlite3 *db;
    const struct model_table *table;
    sqlite3_stmt *statement;
    int version; /* of the program that got the rows */
    char where[32];
};

static bool is_known(const struct check *check, int column) {
    return check->table->columns[column].since <= check->version;
}

static int wrong_row(const struct check *check, const uint8_t *key, const char *what,
                     struct value is, struct value should) {
    char name[80], first[80], second[80];
    struct bytes bytes = {key, (size_t)check->table->key_size};
    return sim_wrong(check->model->report, "%s: %s %s: %s is %s, expected %s",
                     check->where, check->table->name,
                     value_words(value_blob(bytes), name), what, value_words(is, first),
                     value_words(should, second));
}

static int prepare(struct check *check) {
    char sql[2048];
    int used = snprintf(sql, sizeof sql, "select ");
    for (int i = 0; i < check->table->column_count; i++)
        used += snprintf(sql + used, sizeof sql - (size_t)used, "%s, ",
                         is_known(check, i) ? check->table->columns[i].name : "null");
    snprintf(sql + used, sizeof sql - (size_t)used,
             "created_at, created_by, updated_at, updated_by, gsn from main.\"%s\"",
             check->table->name);
    if (sqlite3_prepare_v2(check->db, sql, -1, &check->statement, NULL) == SQLITE_OK)
        return 0;
    return sim_wrong(check->model->report, "%s: reading %s: %s", check->where,
                     check->table->name, sqlite3_errmsg(check->db));
}

static void read_key(const struct check *check, uint8_t key[KEY_MOST]) {
    memset(key, 0, KEY_MOST);
    for (int i = 0; i * 16 < check->table->key_size; i++)
        if (sqlite3_column_bytes(check->statement, i) == ID_SIZE)
            memcpy(key + i * 16, sqlite3_column_blob(check->statement, i), ID_SIZE);
}

/* Who did it: nobody is written as zeros or left out. */
static bool same_person(struct value value, struct id id) {
    return id_equal(value_id(value), id);
}

static int check_stamps(const struct check *check, const uint8_t *key) {
    int at = check->table->column_count;
    const struct model_row *row = row_find(check->model, check->table->number, key);
    const struct view *view = &check->view;
    const struct version *version =
        row ? version_at(check->model, row, view->history, view->at) : NULL;
    bool covered = check->view.overlay &&
                   overlay_find(check->view.overlay, check->table->number, key);
    if (covered || !version)
        return 0;
    struct value created = value_of_column(check->statement, at);
    struct value updated = value_of_column(check->statement, at + 2);
    if (created.integer != version->created_at)
        return wrong_row(check, key, "created_at", created,
                         value_integer(version->created_at));
    if (updated.integer != version->updated_at)
        return wrong_row(check, key, "updated_at", updated,
                         value_integer(version->updated_at));
    if (!same_person(value_of_column(check->statement, at + 1), version->created_by) ||
        !same_person(value_of_column(check->statement, at + 3), version->updated_by))
        return wrong_row(check, key, "created_by or updated_by",
                         value_of_column(check->statement, at + 3),
                         value_blob((struct bytes){version->updated_by.bytes, ID_SIZE}));
    return 0;
}

/* What is not predicted is believed when it is first seen. */
static bool believe(const struct check *check, const struct seen_row *row, int column,
                    struct value is) {
    struct value *value = (struct value *)(uintptr_t)&row->values[column];
    if ((int)value->type != VALUE_ANY)
        return false;
    *value = keep_value(check->model, is);
    return true;
}

static int check_row(const struct check *check) {
    uint8_t key[KEY_MOST];
    struct seen_row row;
    read_key(check, key);
    if (!view_find(&check->view, check->table->number, key, &row))
        return wrong_row(check, key, "the row", value_text("there"),
                         value_text("not there"));
    for (int i = 0; i < check->table->column_count; i++) {
        struct value is = value_of_column(check->statement, i);
        if (!is_known(check, i))
            continue;
        if (!check->table->columns[i].key && !believe(check, &row, i, is) &&
            !value_equal(is, row.values[i]))
            return wrong_row(check, key, check->table->columns[i].name, is,
                             row.values[i]);
    }
    struct value gsn = value_of_column(check->statement, check->table->column_count + 4);
    if (gsn.integer != row.row_gsn)
        return wrong_row(check, key, "gsn", gsn, value_integer(row.row_gsn));
    return check_stamps(check, key);
}

static int64_t count_rows(const struct check *check) {
    struct view_place place = {0};
    struct seen_row row;
    int64_t count = 0;
    while (view_next(&check->view, check->table->number, &place, &row))
        count++;
    return count;
}

/* There are fewer rows than there should be: says which is missing. */
static int name_missing(struct check *check) {
    struct view_place place = {0};
    struct seen_row row;
    while (view_next(&check->view, check->table->number, &place, &row)) {
        bool found = false;
        uint8_t key[KEY_MOST];
        sqlite3_reset(check->statement);
        while (!found && sqlite3_step(check->statement) == SQLITE_ROW) {
            read_key(check, key);
            found = memcmp(key, row.key, KEY_MOST) == 0;
        }
        if (!found)
            return wrong_row(check, row.key, "the row", value_text("not there"),
                             value_integer(row.row_gsn));
    }
    return 0;
}

static int check_table(struct check *check) {
    int64_t count = 0;
    int result = prepare(check);
    while (result == 0 && sqlite3_step(check->statement) == SQLITE_ROW) {
        result = check_row(check);
        count++;
    }
    if (result == 0 && count != count_rows(check))
        result = name_missing(check);
    sqlite3_finalize(check->statement);
    return result;
}

static int check_all(struct check *check) {
    size_t count = 0;
    const struct model_table *const *tables = model_tables(&count);
    int result = 0;
    for (size_t i = 0; i < count && result == 0; i++) {
        check->table = tables[i];
        result = check_table(check);
    }
    return result;
}

int model_check_station(struct model *model, int number, sqlite3 *db) {
    struct check check = {.model = model,
                          .view = station_view(model, station_of(model, number)),
                          .version = station_of(model, number)->rows_version,
                          .db = db};
    snprintf(check.where, sizeof check.where, "station %d", number);
    return check_all(&check);
}

int model_check_master(struct model *model, sqlite3 *db) {
    struct check check = {.model = model,
                          .version = SCHEMA_PRESENT,
                          .view = {model, INT64_MAX, NULL, NULL, NULL, model->hq.history},
                          .db = db};
    snprintf(check.where, sizeof check.where, "headquarters");
    return check_all(&check);
}
