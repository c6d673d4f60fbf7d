/* Conflicts, refusals, notices and devices: the rows that merging makes by itself. */
#include "server/derived.h"

#include <stdio.h>
#include <string.h>

#include "schema/base/hash.h"
#include "schema/calendar.h"
#include "server/history.h"
#include "sync/clock.h"
#include "sync/wire.h"

enum { DERIVED_CELLS = 24, DERIVED_TEXT = 500 };

/* --- building a row by column names ------------------------------------------------------------- */

struct derived_row {
    struct work *work;
    const struct table *table;
    struct cell cells[DERIVED_CELLS];
    size_t count;
    bool failed;
};

static struct derived_row derived_start(struct work *work, const char *table) {
    return (struct derived_row){.work = work,
                                .table = catalogue_table(work->master->catalogue, table)};
}

static void put(struct derived_row *row, const char *name, struct value value) {
    const struct column *column = row->table ? table_column(row->table, name) : NULL;
    if (column == NULL || row->count == DERIVED_CELLS) {
        row->failed = true;
        return;
    }
    row->cells[row->count++] = (struct cell){column->number, value};
}

static void put_id(struct derived_row *row, const char *name, const struct id *id) {
    struct bytes copy = arena_copy(&row->work->arena, (struct bytes){id->bytes, ID_SIZE});
    row->work->starved = row->work->starved || copy.data == NULL;
    put(row, name, value_blob(copy));
}

static void put_text(struct derived_row *row, const char *name, const char *text) {
    char *copy = arena_text(&row->work->arena, text, strlen(text));
    row->work->starved = row->work->starved || copy == NULL;
    put(row, name, value_text(copy ? copy : ""));
}

/* Inserts the row, or updates the one that is there. */
static int derived_write(struct derived_row *derived, struct id id, struct error *error) {
    struct work *work = derived->work;
    if (work->starved) {
        return error_out_of_memory(error);
    }
    if (derived->failed) {
        return error_set(error, "catalogue.invalid", "",
                         "an engine table lacks a column");
    }
    struct row_work *row =
        work_row(work, derived->table, (struct bytes){id.bytes, ID_SIZE}, error);
    if (row == NULL) {
        return -1;
    }
    if (!row->existed && !row->inserted) {
        return work_insert(work, row, derived->cells, derived->count, error);
    }
    uint64_t columns = 0;
    if (work_values(work, row, error) != 0) {
        return -1;
    }
    for (size_t i = 0; i < derived->count; i++) {
        const struct column *column = derived->table->by_number[derived->cells[i].column];
        row->values[column - derived->table->columns] = derived->cells[i].value;
        columns |= 1ULL << column->number;
    }
    row->replace = true; /* it may concern somebody else now */
    return work_update(work, row, columns, error);
}

/* Whether this conflict was kept before, and of the same person: on a station that several people share
 * the next one who loses is another. */
static int conflict_is_told(struct work *work, struct id id, struct id loser, bool *ret,
                            struct error *error) {
    const struct table *table = catalogue_table(work->master->catalogue, "conflict");
    const struct column *column = table ? table_column(table, "loser_user_id") : NULL;
    if (column == NULL) {
        return error_set(error, "catalogue.invalid", "", "there are no conflicts");
    }
    struct row_work *row =
        work_row(work, table, (struct bytes){id.bytes, ID_SIZE}, error);
    if (row == NULL || work_values(work, row, error) != 0) {
        return -1;
    }
    struct value former = work_value(row, column);
    *ret = (row->existed || row->inserted) &&
           value_equal(former, value_blob((struct bytes){loser.bytes, ID_SIZE}));
    return 0;
}

static struct id id_of_parts(const char *kind, const struct bytes *parts, size_t count) {
    uint8_t result[HASH_SIZE];
    struct hash hash;
    hash_begin(&hash);
    hash_add(&hash, (struct bytes){(const uint8_t *)kind, strlen(kind) + 1});
    for (size_t i = 0; i < count; i++) {
        uint8_t size = (uint8_t)parts[i].size;
        hash_add(&hash, (struct bytes){&size, 1});
        hash_add(&hash, parts[i]);
    }
    hash_end(&hash, result);
    return id_v8(result);
}

/* --- who wrote what ------------------------------------------------------------------------------ */

int derived_author(struct master *master, struct stamp *stamp, struct id *ret_user,
                   struct error *error) {
    sqlite3_stmt *statement = master_statement(master, SQL_GSN_GET, error);
    if (statement == NULL) {
        return -1;
    }
    sqlite3_bind_int64(statement, 1, stamp->gsn);
    int rc = sqlite3_step(statement);
    if (rc == SQLITE_ROW) {
        struct value user = value_of_column(statement, 0);
        struct value device = value_of_column(statement, 3);
        stamp->time = sqlite3_column_int64(statement, 1);
        memset(&stamp->device, 0, sizeof stamp->device);
        if (device.type == VALUE_BLOB && device.bytes.size == ID_SIZE) {
            memcpy(stamp->device.bytes, device.bytes.data, ID_SIZE);
        }
        if (ret_user != NULL && user.bytes.size == ID_SIZE) {
            memcpy(ret_user->bytes, user.bytes.data, ID_SIZE);
        }
    }
    sqlite3_reset(statement);
    return rc == SQLITE_ROW ? 0
                            : error_set(error, "database.corrupt", "",
                                        "gsn %lld is not logged", (long long)stamp->gsn);
}

int derived_writer(struct work *work, struct stamp *stamp, struct error *error) {
    bool knew = false;
    if (history_knew(work, stamp->gsn, &knew, error) != 0) {
        return -1;
    }
    if (knew) {
        stamp->gsn = work->transaction->base; /* it is no news to the author */
        return 0;
    }
    if (stamp->gsn < work->gsn) {
        return derived_author(work->master, stamp, NULL, error) != 0
                   ? -1
                   : kin_own(work, stamp, error);
    }
    stamp->device = work->device;
    stamp->time = work->time;
    return 0;
}

/* The edits of a row's cells, but for its deletion, between the author's base and this work: newest first. */
static int read_edits(struct work *work, const struct row_work *row,
                      int64_t ret[LIMIT_COLUMNS], size_t *ret_count,
                      struct error *error) {
    sqlite3_stmt *statement = master_statement(work->master, SQL_STAMP_LATEST, error);
    if (statement == NULL) {
        return -1;
    }
    sqlite3_bind_int(statement, 1, row->table->number);
    sqlite3_bind_blob(statement, 2, row->key.data, (int)row->key.size, SQLITE_STATIC);
    sqlite3_bind_int(statement, 3, COLUMN_DELETED_AT);
    sqlite3_bind_int64(statement, 4, work->gsn); /* what it edits itself it knows */
    sqlite3_bind_int64(statement, 5, work->transaction->base);
    int rc = SQLITE_DONE;
    *ret_count = 0;
    while (*ret_count < LIMIT_COLUMNS && (rc = sqlite3_step(statement)) == SQLITE_ROW) {
        ret[(*ret_count)++] = sqlite3_column_int64(statement, 0);
    }
    sqlite3_reset(statement);
    return rc == SQLITE_ROW || rc == SQLITE_DONE
               ? 0
               : error_from_sqlite(error, work->master->db, "reading a row's last edits");
}

int derived_latest_edit(struct work *work, const struct row_work *row, struct stamp *ret,
                        struct error *error) {
    int64_t edits[LIMIT_COLUMNS];
    size_t count = 0;
    if (read_edits(work, row, edits, &count, error) != 0) {
        return -1;
    }
    for (size_t i = 0; i < count; i++) {
        *ret = (struct stamp){.gsn = edits[i]};
        if (derived_writer(work, ret, error) != 0) {
            return -1;
        }
        if (merge_is_concurrent(ret, work->transaction->base, work->device)) {
            return 0; /* those after it are the author's own, also from before a fork */
        }
    }
    *ret = (struct stamp){.gsn = row->gsn};
    return derived_writer(work, ret, error);
}

/* --- words for people ------------------------------------------------------------------------------ */

static bool named_in(const struct column *column, const char *ending) {
    size_t length = strlen(column->name);
    size_t tail = strlen(ending);
    return length > tail && strcmp(column->name + length - tail, ending) == 0;
}

/* The English label beside a Chinese one, where a table has both; else NULL. */
static const struct column *english_label(const struct table *table) {
    char name[LIMIT_NAME + 1];
    if (!named_in(table->label, "_zh")) {
        return NULL;
    }
    int stem = (int)strlen(table->label->name) - 3;
    snprintf(name, sizeof name, "%.*s_en", stem, table->label->name);
    return table_column(table, name);
}

/* What people call a row; in both languages where its label has two. */
static void put_label(struct work *work, const struct table *table, struct bytes key,
                      struct buffer *text) {
    struct error why = {0};
    struct row_work *row = work_row(work, table, key, &why);
    if (row == NULL || table->label == NULL || work_values(work, row, &why) != 0) {
        work->starved = work->starved || error_is_failure(&why);
        return;
    }
    struct value label = work_value(row, table->label);
    if (label.type == VALUE_TEXT) {
        buffer_append(text, label.bytes.data, label.bytes.size);
    }
    const struct column *english = english_label(table);
    struct value second = english ? work_value(row, english) : value_null();
    if (second.type == VALUE_TEXT && !value_equal(second, label)) {
        buffer_printf(text, " %.*s", (int)second.bytes.size,
                      (const char *)second.bytes.data);
    }
}

/* A scaled integer as people read it, by the unit that its column's name ends in. */
static void put_number(const struct column *column, int64_t number, struct buffer *text) {
    bool hundredths = named_in(column, "_minor") || named_in(column, "_bp");
    char date[CALENDAR_DATE_SIZE];
    if (hundredths) {
        uint64_t size = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
        buffer_printf(text, "%s%llu.%02u%s", number < 0 ? "-" : "",
                      (unsigned long long)(size / 100), (unsigned)(size % 100),
                      named_in(column, "_bp") ? " %" : "");
    } else if (named_in(column, "_at")) {
        int64_t minute = (number / 60000) % 1440;
        calendar_format_date(calendar_day(number, 0), date);
        buffer_printf(text, "%s %02d:%02d UTC", date, (int)(minute / 60),
                      (int)(minute % 60));
    } else {
        buffer_printf(text, "%lld", (long long)number);
    }
}

static void put_words(struct work *work, const struct column *column, struct value value,
                      struct buffer *text) {
    if (value.type == VALUE_INTEGER) {
        put_number(column, value.integer, text);
    } else if (value.type == VALUE_TEXT) {
        buffer_append(text, value.bytes.data, value.bytes.size);
    } else if (value.type == VALUE_BLOB && column->ref != NULL &&
               value.bytes.size == column->ref->key_count * ID_SIZE) {
        put_label(work, column->ref, value.bytes, text);
    }
}

/* Cuts at a character's border so that the text stays valid UTF-8. */
static struct value short_text(struct work *work, struct buffer *text) {
    size_t size = text->size < DERIVED_TEXT ? text->size : DERIVED_TEXT;
    while (size > 0 && size < text->size && (text->data[size] & 0xC0) == 0x80) {
        size--;
    }
    char *copy = arena_text(&work->arena, (const char *)text->data, size);
    work->starved = work->starved || copy == NULL || text->failed;
    buffer_free(text);
    return value_text(copy ? copy : "");
}

static struct value words_of_cell(struct work *work, const struct kept_conflict *conflict,
                                  const struct value *values) {
    struct buffer text = buffer_make(LIMIT_ROW_SIZE);
    const struct table *table = conflict->row->table;
    size_t k = 0;
    for (size_t i = 0; i < table->data_count && k < conflict->count; i++) {
        const struct column *column = &table->columns[i];
        if (column->cell != conflict->cell->cell || column->key_position != 0) {
            continue;
        }
        if (values[k].type != VALUE_NULL && text.size > 0) {
            buffer_printf(&text, ", ");
        }
        put_words(work, column, values[k++], &text);
    }
    return short_text(work, &text);
}

static struct value words_of_row(struct work *work, const struct table *table,
                                 struct bytes key) {
    struct buffer text = buffer_make(LIMIT_ROW_SIZE);
    put_label(work, table, key, &text);
    return short_text(work, &text);
}

static struct value pack_values(struct work *work, const struct value *values,
                                size_t count) {
    struct buffer bytes = buffer_make(LIMIT_ROW_SIZE);
    wire_put_values(&bytes, values, count);
    struct bytes copy = arena_copy(&work->arena, buffer_bytes(&bytes));
    work->starved = work->starved || copy.data == NULL || bytes.failed;
    buffer_free(&bytes);
    return value_blob(copy);
}

/* --- notices ----------------------------------------------------------------------------------------- */

struct notice {
    struct id user;
    struct id from;
    const char *kind;
    const struct table *table;
    struct bytes key;
    struct value title;
    struct value detail;
};

static int tell(struct work *work, const struct notice *notice, struct error *error) {
    struct bytes parts[] = {{notice->user.bytes, ID_SIZE},
                            {(const uint8_t *)notice->kind, strlen(notice->kind)},
                            notice->key,
                            {work->transaction->id.bytes, ID_SIZE}};
    struct id id = id_of_parts("notice", parts, 4);
    struct derived_row row = derived_start(work, "notice");
    put_id(&row, "user_id", &notice->user);
    put_text(&row, "kind", notice->kind);
    if (notice->table != NULL) {
        put(&row, "table_number", value_integer(notice->table->number));
        put(&row, "row_key", value_blob(notice->key));
    }
    put(&row, "title", notice->title);
    put_id(&row, "from_user_id", &notice->from);
    put(&row, "detail", notice->detail);
    return derived_write(&row, id, error);
}

/* --- conflicts --------------------------------------------------------------------------------------- */

struct side {
    struct id user;
    struct stamp stamp;
};

static int sides_of(struct work *work, const struct kept_conflict *conflict,
                    struct side *ret_winner, struct side *ret_loser,
                    struct error *error) {
    struct side author = {work->transaction->user, {work->gsn, work->time, work->device}};
    struct side other = {.stamp = {.gsn = conflict->other_gsn}};
    if (derived_author(work->master, &other.stamp, &other.user, error) != 0) {
        return -1;
    }
    *ret_winner = conflict->author_lost ? other : author;
    *ret_loser = conflict->author_lost ? author : other;
    return 0;
}

/* One conflict per cell, winning write and losing device: whoever edits three times before
 * he hears of it loses once. */
static struct id conflict_id(const struct kept_conflict *conflict,
                             const struct side *winner, const struct side *loser) {
    const struct row_work *row = conflict->row;
    uint8_t place[2] = {row->table->number, conflict->cell->number};
    uint8_t time[8];
    for (int i = 0; i < 8; i++) {
        time[i] = (uint8_t)((uint64_t)winner->stamp.time >> (56 - 8 * i));
    }
    struct bytes parts[] = {{place, 2},
                            row->key,
                            {winner->stamp.device.bytes, ID_SIZE},
                            {time, 8},
                            {loser->stamp.device.bytes, ID_SIZE}};
    return id_of_parts("conflict", parts, 5);
}

static void put_conflict(struct derived_row *row, const struct kept_conflict *conflict,
                         const struct side *winner, const struct side *loser) {
    struct work *work = row->work;
    put(row, "table_number", value_integer(conflict->row->table->number));
    put(row, "row_key", value_blob(conflict->row->key));
    put(row, "column_number", value_integer(conflict->cell->cell));
    put(row, "row_label", words_of_row(work, conflict->row->table, conflict->row->key));
    put_text(row, "cell_name",
             conflict->cell->group ? conflict->cell->group : conflict->cell->name);
    put(row, "winner_value", pack_values(work, conflict->winner, conflict->count));
    put(row, "winner_text", words_of_cell(work, conflict, conflict->winner));
    put_id(row, "winner_user_id", &winner->user);
    put_id(row, "winner_device_id", &winner->stamp.device);
    put(row, "winner_at", value_integer(clock_ms(winner->stamp.time)));
    put(row, "loser_value", pack_values(work, conflict->loser, conflict->count));
    put(row, "loser_text", words_of_cell(work, conflict, conflict->loser));
    put_id(row, "loser_user_id", &loser->user);
    put_id(row, "loser_device_id", &loser->stamp.device);
    put(row, "loser_at", value_integer(clock_ms(loser->stamp.time)));
    put_text(row, "reason", merge_reason_text(conflict->reason));
    put_id(row, "transaction_id", &work->transaction->id);
}

static int tell_conflict(struct work *work, const struct kept_conflict *conflict,
                         struct id to, struct id from, struct error *error) {
    struct notice notice = {
        .user = to,
        .from = from,
        .kind = conflict->reason == MERGE_REASON_DELETED ? "conflict.deleted"
                                                         : "conflict.overwritten",
        .table = conflict->row->table,
        .key = conflict->row->key,
        .title = words_of_row(work, conflict->row->table, conflict->row->key),
        .detail = value_text(conflict->cell->group ? conflict->cell->group
                                                   : conflict->cell->name),
    };
    return tell(work, &notice, error);
}

static int write_conflict(struct work *work, const struct kept_conflict *conflict,
                          struct error *error) {
    struct side winner;
    struct side loser;
    if (sides_of(work, conflict, &winner, &loser, error) != 0) {
        return -1;
    }
    struct id id = conflict_id(conflict, &winner, &loser);
    bool told = false;
    struct derived_row row = derived_start(work, "conflict");
    put_conflict(&row, conflict, &winner, &loser);
    if (conflict_is_told(work, id, loser.user, &told, error) != 0 ||
        derived_write(&row, id, error) != 0) {
        return -1;
    }
    if (told) {
        return 0;
    }
    if (conflict->reason == MERGE_REASON_DELETED &&
        tell_conflict(work, conflict, winner.user, loser.user, error) != 0) {
        return -1;
    }
    return tell_conflict(work, conflict, loser.user, winner.user, error);
}

int derived_conflicts(struct work *work, struct error *error) {
    for (size_t i = 0; i < work->conflict_count; i++) {
        if (write_conflict(work, &work->conflicts[i], error) != 0) {
            return -1;
        }
    }
    return 0;
}

/* --- refusals ----------------------------------------------------------------------------------------- */

static int remember(struct work *work, const struct table *table, struct bytes key,
                    bool whole, struct error *error) {
    sqlite3_stmt *statement = master_statement(work->master, SQL_REFUSED_PUT, error);
    if (statement == NULL) {
        return -1;
    }
    sqlite3_bind_int(statement, 1, table->number);
    sqlite3_bind_blob(statement, 2, key.data, (int)key.size, SQLITE_STATIC);
    sqlite3_bind_int(statement, 3, whole ? 1 : 0);
    sqlite3_bind_int64(statement, 4, work->station);
    sqlite3_bind_int64(statement, 5, work->gsn);
    return master_run(work->master, statement, "remembering a refusal", error);
}

static bool moves_state(const struct table *table, const struct change *change) {
    for (size_t i = 0; i < change->cell_count; i++) {
        const struct column *column =
            table->by_number[change->cells[i].column % LIMIT_COLUMNS];
        if (column != NULL && column->merge == MERGE_STATE) {
            return true;
        }
    }
    return false;
}

static int remember_all(struct work *work, struct error *error) {
    for (size_t i = 0; i < work->transaction->change_count; i++) {
        const struct change *change = &work->transaction->changes[i];
        const struct table *table =
            catalogue_table_number(work->master->catalogue, change->table);
        bool inserts = change->operation == ROW_INSERT;
        bool matters = table != NULL && (inserts || moves_state(table, change));
        if (matters && remember(work, table, change->key, inserts, error) != 0) {
            return -1;
        }
    }
    return 0;
}

int derived_refusal(struct work *work, const struct origin *origin,
                    const struct error *why, struct error *error) {
    const struct transaction *transaction = work->transaction;
    static const struct id NOBODY;
    const struct id *user =
        error_is(why, "actor.not_allowed") ? &NOBODY : &transaction->user;
    struct derived_row row = derived_start(work, "refusal");
    put_id(&row, "user_id", user);
    put_id(&row, "device_id", &origin->device);
    put_text(&row, "command", transaction->command);
    put_text(&row, "code", why->code);
    put_text(&row, "field", why->field);
    put_text(&row, "message", why->message);
    put(&row, "made_at", value_integer(clock_ms(transaction->time)));
    if (derived_write(&row, transaction->id, error) != 0 ||
        remember_all(work, error) != 0) {
        return -1;
    }
    if (id_is_zero(*user)) {
        return 0;
    }
    struct notice notice = {.user = *user,
                            .kind = "transaction.refused",
                            .table = row.table,
                            .key = {transaction->id.bytes, ID_SIZE},
                            .title = value_text(transaction->command),
                            .detail = value_text(why->message)};
    return tell(work, &notice, error);
}

int derived_device(struct work *work, const struct certificate *certificate,
                   struct error *error) {
    struct derived_row row = derived_start(work, "device");
    put_text(&row, "name", certificate->name);
    put_text(&row, "code", certificate->code);
    put_text(&row, "ceiling", certificate->ceiling);
    put(&row, "enrolled_at", value_integer(certificate->issued_at));
    return derived_write(&row, certificate->device, error);
}

int derived_device_revoked(struct work *work, struct id device, int64_t at,
                           struct error *error) {
    struct derived_row row = derived_start(work, "device");
    put(&row, "revoked_at", value_integer(at));
    return derived_write(&row, device, error);
}

int derived_flag(struct work *work, struct error *error) {
    if (work->flag.code[0] == '\0') {
        return 0;
    }
    struct notice notice = {.user = work->transaction->user,
                            .kind = "transaction.flagged",
                            .title = value_text(work->transaction->command),
                            .detail = value_text(work->flag.message)};
    return tell(work, &notice, error);
}
