/*
 * Which row somebody means: by id, by code, by the columns of @lookup; exactly first, then
 * with names folded.
 */
#include <stdio.h>
#include <string.h>

#include "schema/base/id.h"
#include "schema/parameter_parts.h"

enum { CANDIDATES_SHOWN = 3, SQL_MAX = 1024 };

/* The rows found by one question. */
struct found {
    size_t count;
    struct value key;         /* of the first */
    struct buffer candidates; /* of the first few, for people */
};

static const char *key_name(const struct parameter_reading *reading) {
    return reading->parameter->table->key[0]->name;
}

static int add_row(const struct parameter_reading *reading, sqlite3_stmt *statement,
                   struct found *found) {
    struct bytes key = value_of_column(statement, 0).bytes;
    struct id id;
    char text[ID_TEXT_SIZE];
    if (key.size != ID_SIZE)
        return 0;
    if (found->count == 0) {
        found->key = value_blob(arena_copy(reading->arena, key));
        if (!found->key.bytes.data)
            return error_out_of_memory(reading->error);
    }
    if (found->count++ >= CANDIDATES_SHOWN)
        return 0;
    memcpy(id.bytes, key.data, ID_SIZE);
    id_format(id, text);
    const char *label = (const char *)sqlite3_column_text(statement, 1);
    buffer_printf(&found->candidates, "%s%.60s (%s)", found->count > 1 ? ", " : "",
                  label ? label : "", text);
    return 0;
}

/* Rows whose `condition` (an SQL text over ?1) holds for `value`. */
static int find(const struct parameter_reading *reading, const char *condition,
                struct value value, struct found *found) {
    const struct table *table = reading->parameter->table;
    sqlite3_stmt *statement = NULL;
    char sql[SQL_MAX];
    const char *label = table->label ? table->label->name : "null";
    snprintf(sql, sizeof sql, "select %s, %s from %s where %s order by 1 limit %d",
             key_name(reading), label, table->name, condition, CANDIDATES_SHOWN + 1);
    if (sqlite3_prepare_v2(reading->db, sql, -1, &statement, NULL) != SQLITE_OK)
        return error_from_sqlite(reading->error, reading->db, "preparing a lookup");
    value_bind(statement, 1, value);
    int result = 0;
    int rc = SQLITE_ROW;
    while (result == 0 && (rc = sqlite3_step(statement)) == SQLITE_ROW)
        result = add_row(reading, statement, found);
    if (result == 0 && rc != SQLITE_DONE)
        result = error_from_sqlite(reading->error, reading->db, "looking a row up");
    sqlite3_finalize(statement);
    return result;
}

/* By a text column: `pattern` is printed with the column's name twice at most. */
static int find_by_text(const struct parameter_reading *reading, const char *column,
                        bool folded, struct value value, struct found *found) {
    char condition[SQL_MAX / 2];
    const char *alive =
        reading->parameter->table->soft_delete ? " and deleted_at is null" : "";
    if (folded)
        snprintf(condition, sizeof condition, "fold(%s) = fold(?1)%s", column, alive);
    else
        snprintf(condition, sizeof condition, "%s = ?1%s", column, alive);
    return find(reading, condition, value, found);
}

/* The columns by which people name the row; the first that knows the text decides. */
static int find_by_columns(const struct parameter_reading *reading, bool folded,
                           struct value value, struct found *found) {
    const struct table *table = reading->parameter->table;
    if (reading->parameter->type == PARAMETER_CODE)
        return find_by_text(reading, "code", folded, value, found);
    for (size_t i = 0; found->count == 0 && i < table->lookup_count; i++)
        if (find_by_text(reading, table->lookup[i]->name, folded, value, found) != 0)
            return -1;
    return 0;
}

/* An id as text or blob; false when it is neither. */
static bool read_id(struct value value, struct id *ret_id) {
    char text[ID_TEXT_SIZE];
    if (value.type == VALUE_BLOB && value.bytes.size == ID_SIZE) {
        memcpy(ret_id->bytes, value.bytes.data, ID_SIZE);
        return true;
    }
    if (value.type != VALUE_TEXT || value.bytes.size >= sizeof text)
        return false;
    memcpy(text, value.bytes.data, value.bytes.size);
    text[value.bytes.size] = '\0';
    return id_parse(text, ret_id);
}

static int find_all_ways(const struct parameter_reading *reading, struct value value,
                         struct found *found) {
    struct id id;
    if (read_id(value, &id)) {
        char condition[LIMIT_NAME + 40];
        const struct parameter *parameter = reading->parameter;
        bool alive = parameter->table->soft_delete && !parameter->deleted_too;
        snprintf(condition, sizeof condition, "%s = ?1%s", key_name(reading),
                 alive ? " and deleted_at is null" : "");
        struct value key = value_blob((struct bytes){id.bytes, ID_SIZE});
        if (find(reading, condition, key, found) != 0)
            return -1;
    }
    if (value.type != VALUE_TEXT)
        return 0;
    if (found->count == 0 && find_by_columns(reading, false, value, found) != 0)
        return -1;
    if (found->count == 0 && find_by_columns(reading, true, value, found) != 0)
        return -1;
    return 0;
}

static int report(const struct parameter_reading *reading, struct found *found) {
    struct buffer accepts = buffer_make(400);
    const char *name = reading->parameter->name;
    parameter_accepts(reading->parameter, &accepts);
    if (found->count == 0)
        error_set(reading->error, "parameter.not_found", name,
                  "%s: nothing found; it takes %s.", name, buffer_text(&accepts));
    else
        error_set(reading->error, "parameter.ambiguous", name,
                  "%s: this names more than one: %s%s. Give the id.", name,
                  buffer_text(&found->candidates),
                  found->count > CANDIDATES_SHOWN ? ", and more" : "");
    buffer_free(&accepts);
    return -1;
}

int parameter_lookup(const struct parameter_reading *reading, struct value value,
                     struct value *ret) {
    struct found found = {.candidates = buffer_make(400)};
    int rc;
    if (value.type != VALUE_TEXT && value.type != VALUE_BLOB)
        rc = parameter_refuse(reading);
    else
        rc = find_all_ways(reading, value, &found);
    if (rc == 0 && found.count != 1)
        rc = report(reading, &found);
    if (rc == 0)
        *ret = found.key;
    buffer_free(&found.candidates);
    return rc;
}
