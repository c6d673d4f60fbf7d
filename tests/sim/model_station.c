/* What a station holds: what it got up to its cursor, and its pending work over that. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/model_parts.h"

enum { OVERLAY_MEMORY = 1 << 28 };

struct view station_view(const struct model *model,
                         const struct station_of_model *station) {
    return (struct view){model, station->cursor, &station->held, &station->overlay,
                         NULL,  station->history};
}

struct value fallback_of(const struct model_column *column) {
    if (!column->fallback)
        return value_null();
    char first = column->fallback[0];
    return first >= '0' && first <= '9'
               ? value_integer(strtoll(column->fallback, NULL, 10))
               : value_text(column->fallback);
}

static void begin_row(struct overlay_row *row) {
    for (int i = 0; i < row->table->column_count; i++)
        row->values[i] = fallback_of(&row->table->columns[i]);
    for (int i = 0; i * 16 < row->table->key_size; i++)
        row->values[i] = value_blob((struct bytes){row->key + i * 16, ID_SIZE});
}

struct overlay_row *overlay_take(const struct view *view, struct overlay *overlay,
                                 struct arena *arena, const struct model_table *table,
                                 const uint8_t *key, bool *ret_found) {
    struct overlay_row *row = overlay_find(overlay, table->number, key);
    struct seen_row seen;
    *ret_found = row != NULL;
    if (row)
        return row;
    *ret_found = view_find(view, table->number, key, &seen);
    row = overlay_add(overlay, arena, table, key);
    if (*ret_found) {
        memcpy(row->values, seen.values,
               (size_t)table->column_count * sizeof *row->values);
        row->row_gsn = seen.row_gsn;
    } else {
        begin_row(row);
    }
    return row;
}

static bool is_better(struct value comes, struct value there, bool greatest) {
    if (is_null(comes) || is_null(there))
        return !is_null(comes);
    return greatest ? comes.integer > there.integer : comes.integer < there.integer;
}

/* What the cell becomes over what is there. A sum is added to. When somebody else wrote meanwhile the greatest and the
 * least are looked for, and what is set first stays. Anything else is set until headquarters decides. */
static void redo_cell(const struct model_change *change, int i, struct value *there) {
    enum model_merge rule = change->table->columns[change->columns[i]].merge;
    struct value comes = change->values[i];
    bool moved = !value_equal(*there, change->formers[i]);
    if (!change->insert && rule == SUM)
        there->integer += comes.integer;
    else if (change->insert || !moved || rule == KEEP_LATER || rule == STATE ||
             (rule == ONCE && is_null(*there)) ||
             (rule != ONCE && is_better(comes, *there, rule == GREATEST)))
        *there = comes;
}

static bool redo_change(const struct view *view, struct overlay *overlay,
                        struct arena *arena, const struct model_change *change) {
    bool found = false;
    struct overlay_row *row =
        overlay_take(view, overlay, arena, change->table, change->key, &found);
    if (!found && !change->insert)
        return false;
    for (int i = 0; i < change->count; i++)
        redo_cell(change, i, &row->values[change->columns[i]]);
    for (int i = 0; i < change->table->column_count; i++)
        if (!check_passes(&change->table->columns[i], row->values[i]))
            return false;
    return true;
}

/* Moves the rows of `from` into `to`. */
void overlay_merge(struct overlay *to, struct arena *arena, const struct overlay *from) {
    for (const struct overlay_row *row = from->first; row; row = row->next) {
        struct overlay_row *kept = overlay_add(to, arena, row->table, row->key);
        memcpy(kept->values, row->values, sizeof kept->values);
        for (int i = 0; i * 16 < row->table->key_size; i++)
            kept->values[i] = value_blob((struct bytes){kept->key + i * 16, ID_SIZE});
        kept->row_gsn = row->row_gsn;
    }
}

bool redo_over(const struct view *below, struct overlay *overlay, struct arena *arena,
               const struct transaction_of_model *transaction) {
    struct overlay top;
    struct view view = *below;
    overlay_make(&top, overlay);
    view.overlay = overlay;
    for (int i = 0; i < transaction->change_count; i++)
        if (!redo_change(&view, &top, arena, &transaction->changes[i]))
            return false;
    overlay_merge(overlay, arena, &top);
    return true;
}

void station_redo(struct model *model, struct station_of_model *station) {
    arena_free(&station->arena);
    station->arena = arena_make(OVERLAY_MEMORY);
    overlay_make(&station->overlay, NULL);
    struct view view = station_view(model, station);
    for (int i = 0; i < station->pending_count; i++)
        redo_over(&view, &station->overlay, &station->arena, station->pending[i]);
}

/* --- moving on ------------------------------------------------------------------------------------------- */

static void hold_scopes(struct model *model, struct station_of_model *station) {
    struct view view = {model, station->cursor, NULL, NULL, NULL, station->history};
    struct rights rights;
    memset(&station->held, 0, sizeof station->held);
    int count = station->plan.everyone ? model->person_count : station->plan.count;
    for (int i = 0; i < count; i++) {
        int person = station->plan.everyone ? i : station->plan.people[i];
        rights_of(&view, model_person_id(model, person), station->ceiling, &rights);
        if (!station->plan.everyone || rights.active)
            bits_join(&station->held, &rights.scopes);
    }
}

void station_move(struct model *model, struct station_of_model *station, int64_t cursor) {
    station->cursor = cursor;
    hold_scopes(model, station);
    station_redo(model, station);
}

static int64_t read_number(sqlite3 *db, const char *sql) {
    sqlite3_stmt *statement = NULL;
    int64_t number = -1;
    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW)
        number = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return number;
}

/* What the station's own database says of its pending work, in its order. */
struct active_work {
    struct transaction_of_model **list;
    int count, room;
};

static void read_active(struct model *model, sqlite3 *db, struct active_work *ret) {
    static const char sql[] =
        "select id from station_outbox where active = 1 order by position";
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK)
        return;
    while (sqlite3_step(statement) == SQLITE_ROW) {
        struct transaction_of_model *transaction =
            transaction_find(model, value_id(value_of_column(statement, 0)));
        if (!transaction)
            continue;
        transaction->looked = model->events;
        ret->list = room_for(ret->list, ret->count, &ret->room, sizeof *ret->list);
        ret->list[ret->count++] = transaction;
    }
    sqlite3_finalize(statement);
}

/* What is no longer pending must have been answered, and what came of it be here. */
static int check_settled(struct model *model, const struct station_of_model *station,
                         int64_t cursor, int *ret_settled) {
    *ret_settled = 0;
    for (int i = 0; i < station->pending_count; i++) {
        const struct transaction_of_model *transaction = station->pending[i];
        if (transaction->looked == model->events)
            continue;
        if (transaction->gsn == 0 || transaction->gsn > cursor)
            return sim_wrong(model->report,
                             "station %d: %s is not pending any more at %lld, and was"
                             " merged at %lld",
                             station->number, transaction->command, (long long)cursor,
                             (long long)transaction->gsn);
        ++*ret_settled;
    }
    return 0;
}

/* What was merged once is pending again when headquarters lost it. */
static int check_opened(struct model *model, const struct station_of_model *station,
                        const struct active_work *active) {
    bool lost = model->history_count > 1;
    return active->count <= station->pending_count || lost
               ? 0
               : sim_wrong(model->report, "station %d: work is pending again",
                           station->number);
}

/* The rows are new, and all that is pending was done again over them. */
static int take_rows(struct model *model, struct station_of_model *station,
                     const struct active_work *active, int64_t cursor, sqlite3 *db) {
    static const char sql[] =
        "select value from station_setting where name = 'rows_epoch'";
    int before = station->pending_count;
    int64_t epoch = read_number(db, sql);
    station->epoch = epoch > 0 ? epoch : 1;
    if (cursor != station->cursor)
        station->history = model->hq.history;
    station->pending_count = 0;
    for (int i = 0; i < active->count; i++) {
        station->pending = room_for(station->pending, station->pending_count,
                                    &station->pending_room, sizeof *station->pending);
        station->pending[station->pending_count++] = active->list[i];
    }
    station_move(model, station, cursor);
    sim_trace(model->report, "station %d: at %lld, %d of %d pending", station->number,
              (long long)cursor, station->pending_count, before);
    /* Pending work over rows that came: seldom seen otherwise, since a sync that ends well leaves none. */
    return station->pending_count > 0 ? model_check_station(model, station->number, db)
                                      : 0;
}

/* After an update the rows come again, with what the former program did not know. */
static void look_at_program(struct station_of_model *station, sqlite3 *db) {
    static const char sql[] = "select count(*) from station_setting"
                              " where name = 'rebuild' and value <> ''";
    if (station->rows_version < station->schema_version && read_number(db, sql) == 0)
        station->rows_version = station->schema_version;
}

int model_looked(struct model *model, int number, sqlite3 *db) {
    struct station_of_model *station = model->stations[number];
    struct active_work active = {0};
    int settled = 0;
    if (!station) /* just being enrolled */
        return 0;
    int64_t cursor = read_number(db, "select cursor from station_progress");
    model->events++;
    look_at_program(station, db);
    read_active(model, db, &active);
    int result = check_settled(model, station, cursor, &settled);
    if (result == 0)
        result = check_opened(model, station, &active);
    if (result == 0 && (cursor != station->cursor || settled > 0))
        result = take_rows(model, station, &active, cursor, db);
    free(active.list);
    return result;
}
