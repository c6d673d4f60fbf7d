/* The model's story: what it is told, in order, and what follows from it. */
#include "tests/sim/model.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "schema/functions.h"
#include "tests/sim/model_parts.h"

enum { MODEL_MEMORY = 1 << 30 };

void *room_for(void *array, int count, int *room, size_t size) {
    if (count < *room)
        return array;
    *room = *room ? *room * 2 : 64;
    array = realloc(array, (size_t)*room * size);
    assert(array);
    return array;
}

/* --- lists ------------------------------------------------------------------------------------------------ */

struct station_of_model *station_of(const struct model *model, int station) {
    assert(station >= 0 && station < STATIONS_MOST);
    return model->stations[station];
}

static size_t transaction_place(struct id id) {
    size_t place = 0;
    for (size_t i = 0; i < ID_SIZE; i++)
        place = place * 131 + id.bytes[i];
    return place % TRANSACTION_HASH;
}

struct transaction_of_model *transaction_find(const struct model *model, struct id id) {
    struct transaction_of_model *transaction = model->transactions[transaction_place(id)];
    while (transaction && !id_equal(transaction->id, id))
        transaction = transaction->next_of_hash;
    return transaction;
}

const struct known_gsn *gsn_find(const struct model *model, int64_t gsn) {
    int low = 0;
    int high = model->hq.gsn_count;
    while (low < high) {
        int middle = (low + high) / 2;
        if (model->hq.gsns[middle].gsn < gsn)
            low = middle + 1;
        else
            high = middle;
    }
    return low < model->hq.gsn_count && model->hq.gsns[low].gsn == gsn
               ? &model->hq.gsns[low]
               : NULL;
}

static void gsn_add(struct model *model, const struct known_gsn *known) {
    model->hq.gsns = room_for(model->hq.gsns, model->hq.gsn_count, &model->hq.gsn_room,
                              sizeof *model->hq.gsns);
    model->hq.gsns[model->hq.gsn_count++] = *known;
    model->hq.head = known->gsn;
}

static void person_add(struct model *model, struct id person) {
    model->people = room_for(model->people, model->person_count, &model->person_room,
                             sizeof *model->people);
    model->people[model->person_count++] = person;
}

int model_people(const struct model *model) {
    return model->person_count;
}

struct id model_person_id(const struct model *model, int person) {
    assert(person >= 0 && person < model->person_count);
    return model->people[person];
}

/* --- the beginning ------------------------------------------------------------------------------------------ */

static void for_everybody(struct model *model, struct version *version) {
    static const struct id none;
    bits_add(&version->scopes, scope_of(model, IN_ORG, none));
}

static void genesis_row(struct model *model, int table, const struct id *key, int keys,
                        const struct value *values) {
    static const struct id nobody;
    const struct row_stamp stamp = {model->hq.gsns[0].gsn, model->hq.gsns[0].at, nobody};
    struct value all[COLUMNS] = {{0}};
    uint8_t bytes[KEY_MOST] = {0};
    const struct model_table *found = model_table(table);
    memcpy(bytes, key, (size_t)keys * ID_SIZE);
    for (int i = keys; values && i < found->column_count; i++)
        all[i] = values[i - keys];
    for_everybody(model, row_write(model, table, bytes, all, &stamp));
}

static void genesis(struct model *model) {
    static const char *const roles[] = {"rep", "manager", "hq", "admin"};
    static const char *const settings[] = {"company.name", "company.currency"};
    char name[64];
    for (int i = 0; i < 4; i++) {
        snprintf(name, sizeof name, "role/%s", roles[i]);
        struct id role = functions_text_key(bytes_of_text(name));
        struct value code = value_text(roles[i]);
        genesis_row(model, T_ROLE, &role, 1, &code);
        struct id link[2] = {model->admin, role};
        if (i >= 2)
            genesis_row(model, T_USER_ROLE, link, 2, NULL);
    }
    for (int i = 0; i < 2; i++) {
        snprintf(name, sizeof name, "setting/%s", settings[i]);
        struct id id = functions_text_key(bytes_of_text(name));
        struct value values[] = {value_text(settings[i]), value_any()};
        genesis_row(model, T_SETTING, &id, 1, values);
    }
    struct value person[] = {value_any(), value_any(), value_null(), value_null(),
                             value_integer(1)};
    genesis_row(model, T_USER, &model->admin, 1, person);
}

int model_make(const struct model_setup *setup, struct model **ret) {
    struct model *model = calloc(1, sizeof *model);
    assert(model);
    model->report = setup->report;
    model->admin = setup->admin;
    model->arena = arena_make(MODEL_MEMORY);
    const struct known_gsn first = {.gsn = setup->genesis_gsn,
                                    .at = setup->genesis_at,
                                    .time = (uint64_t)setup->genesis_at << 16};
    gsn_add(model, &first);
    person_add(model, setup->admin);
    past_begin(model, -1, 0);
    model->hq.epochs[model->hq.epoch_count++] = (struct epoch_of_model){1, 0};
    genesis(model);
    *ret = model;
    return 0;
}

void model_free(struct model *model) {
    if (!model)
        return;
    for (int i = 0; i < STATIONS_MOST; i++)
        if (model->stations[i]) {
            arena_free(&model->stations[i]->arena);
            free(model->stations[i]->pending);
            free(model->stations[i]);
        }
    arena_free(&model->arena);
    free(model->people);
    free(model->lost);
    free(model->lines);
    past_free(&model->hq);
    past_free(&model->hq_copy);
    free(model->histories);
    free(model->copies);
    free(model);
}

/* --- stations ------------------------------------------------------------------------------------------------- */

static int roles_of_text(const char *names) {
    static const char *const roles[] = {"rep", "manager", "hq", "admin"};
    int set = 0;
    for (int i = 0; i < 4; i++)
        set |= strstr(names, roles[i]) ? 1 << i : 0;
    return set;
}

int model_enrolled(struct model *model, const struct enrolled_seen *told) {
    struct station_of_model *station = calloc(1, sizeof *station);
    assert(station && !model->stations[told->station]);
    *station = (struct station_of_model){.number = told->station,
                                         .device = told->device,
                                         .plan = told->plan,
                                         .schema_version = told->schema_version,
                                         .rows_version = told->schema_version,
                                         .history = model->hq.history};
    station->ceiling = roles_of_text(told->plan.ceiling);
    overlay_make(&station->overlay, NULL);
    station->line = line_begin(model, -1, 0);
    model->stations[told->station] = station;
    device_add(model, station, -1);
    return 0;
}

/* --- commands --------------------------------------------------------------------------------------------------- */

static void note_edit(struct model *model, int station,
                      const struct model_change *change) {
    struct model_row *row = row_make(model, change->table->number, change->key);
    if (row->edits[0].station != station)
        row->edits[1] = row->edits[0];
    row->edits[0] = (struct edit_mark){station, model->events};
    if (change->insert && change->table->org)
        return;
    model->hot[model->hot_count++ % HOT] = (struct hot_row){row, station, model->events};
}

static void transaction_add(struct model *model, const struct sim_operation *operation,
                            const struct local_outcome *outcome,
                            const struct local_result *result) {
    struct station_of_model *station = station_of(model, operation->station);
    struct transaction_of_model *transaction =
        arena_alloc(&model->arena, sizeof *transaction);
    size_t place = transaction_place(outcome->transaction);
    assert(transaction);
    *transaction = (struct transaction_of_model){
        .id = outcome->transaction,
        .station = operation->station,
        .line = station->line,
        .made = model->events,
        .person = model_person_id(model, operation->person),
        .command =
            arena_text(&model->arena, operation->command, strlen(operation->command)),
        .base = outcome->base,
        .epoch = station->epoch,
        .true_ms = outcome->true_ms,
        .changes = result->changes,
        .change_count = result->change_count,
        .next_of_hash = model->transactions[place]};
    model->transactions[place] = transaction;
    station->pending = room_for(station->pending, station->pending_count,
                                &station->pending_room, sizeof *station->pending);
    station->pending[station->pending_count++] = transaction;
    for (int i = 0; i < result->change_count; i++)
        note_edit(model, operation->station, &result->changes[i]);
    struct view view = station_view(model, station);
    redo_over(&view, &station->overlay, &station->arena, transaction);
}

static int compare_outcome(struct model *model, const struct sim_operation *operation,
                           const struct local_outcome *outcome,
                           const struct local_result *result) {
    const char *expected = result->code_count ? result->codes[0] : "";
    for (int i = 0; i < result->code_count; i++)
        if (strcmp(result->codes[i], outcome->code) == 0)
            return 0;
    if (result->code_count == 0 && outcome->code[0] == '\0')
        return 0;
    return sim_wrong(model->report,
                     "station %d: %s %s ended with '%s' (%s), expected '%s'",
                     operation->station, operation->command, operation->json,
                     outcome->code, outcome->field ? outcome->field : "", expected);
}

int model_did(struct model *model, const struct sim_operation *operation,
              const struct local_outcome *outcome) {
    struct local_result result = {0};
    const struct station_of_model *station = station_of(model, operation->station);
    model->events++;
    if (command_run(model, operation, &result) != 0 ||
        compare_outcome(model, operation, outcome, &result) != 0)
        return -1;
    if (outcome->code[0] != '\0' || result.change_count == 0)
        return 0;
    if (outcome->base != station->cursor)
        return sim_wrong(model->report, "station %d: base %lld, expected %lld",
                         operation->station, (long long)outcome->base,
                         (long long)station->cursor);
    if (transaction_find(model, outcome->transaction))
        return sim_wrong(model->report, "station %d: a transaction's id is not new",
                         operation->station);
    sim_trace(model->report, "station %d: %s %s on %lld", operation->station,
              operation->command, operation->json, (long long)outcome->base);
    transaction_add(model, operation, outcome, &result);
    return 0;
}

/* --- headquarters ------------------------------------------------------------------------------------------------- */

static bool moves_scopes(const struct overlay_row *row, const struct value *before) {
    static const char *const deciding[] = {"owner_id", "branch_id", "customer_id",
                                           "deleted_at"};
    if (row->table->org || row->table->engine || row->table->number == T_NOTICE)
        return false;
    if (row->inserted)
        return true;
    assert(before != NULL);
    for (int i = 0; i < row->table->column_count; i++)
        for (size_t k = 0; k < 4; k++)
            if (strcmp(row->table->columns[i].name, deciding[k]) == 0 &&
                !value_equal(row->values[i], before[i]))
                return true;
    return false;
}

static void commit_row(struct merging *merging, const struct overlay_row *changed,
                       bool *ret_moved) {
    struct model *model = merging->model;
    const struct row_stamp stamp = {merging->seen->gsn, (int64_t)(merging->time >> 16),
                                    merging->transaction->person};
    struct model_row *row = row_make(model, changed->table->number, changed->key);
    *ret_moved =
        *ret_moved || moves_scopes(changed, row->latest ? row->latest->values : NULL);
    if (changed->inserted || changed->changed) {
        struct version *version = row_write(model, changed->table->number, changed->key,
                                            changed->values, &stamp);
        if (changed->table->org)
            for_everybody(model, version);
    }
    struct version *version = version_add(model, row, stamp.gsn);
    memcpy(version->stamps, changed->stamps,
           (size_t)changed->table->column_count * sizeof *version->stamps);
}

static void commit(struct merging *merging) {
    bool moved = false;
    for (const struct overlay_row *row = merging->overlay.first; row; row = row->next)
        if (row->touched) {
            commit_row(merging, row, &moved);
            if (row->inserted && row->table->number == T_USER) {
                struct id person;
                memcpy(person.bytes, row->key, ID_SIZE);
                person_add(merging->model, person);
            }
        }
    derive_conflicts(merging);
    derive_flag(merging);
    if (moved)
        scopes_place(merging->model, merging->seen->gsn);
}

static const char *kind_word(int kind) {
    static const char *const words[] = {"?", "merged", "conflicts", "refused",
                                        "deferred"};
    return words[kind >= 1 && kind <= 4 ? kind : 0];
}

static bool is_expected(const struct merging *merging) {
    const struct merged_seen *seen = merging->seen;
    const char *flag = merging->flag ? merging->flag : "";
    if (merging->code_count == 0)
        return seen->kind == (merging->kept_count ? 2 : 1) &&
               strcmp(seen->code, flag) == 0;
    for (int i = 0; i < merging->code_count; i++)
        if (seen->kind == 3 && strcmp(seen->code, merging->codes[i]) == 0)
            return seen->what == SEEN_EPOCH || /* for the last time */
                   !past_defers(merging->model, seen, seen->code);
    return false;
}

static int compare_verdict(const struct merging *merging) {
    const struct merged_seen *seen = merging->seen;
    const struct transaction_of_model *transaction = merging->transaction;
    struct sim_report *report = merging->model->report;
    uint64_t time = seen->kind == 3 ? (uint64_t)seen->at << 16 : merging->time;
    int64_t base = past_base_of(merging->model, transaction, seen->epoch);
    if (seen->base != base)
        return sim_wrong(report, "gsn %lld: base %lld, expected %lld",
                         (long long)seen->gsn, (long long)seen->base, (long long)base);
    if (!is_expected(merging))
        return sim_wrong(report,
                         "gsn %lld (%s of station %d): %s %s (%s), expected %s %s",
                         (long long)seen->gsn, transaction->command, transaction->station,
                         kind_word(seen->kind), seen->code, seen->field,
                         kind_word(merging->code_count   ? 3
                                   : merging->kept_count ? 2
                                                         : 1),
                         merging->code_count ? merging->codes[0] : "");
    if (seen->time != time)
        return sim_wrong(
            report, "gsn %lld (%s of station %d): time %llu, expected %llu (stated %llu)",
            (long long)seen->gsn, transaction->command, transaction->station,
            (unsigned long long)seen->time, (unsigned long long)time,
            (unsigned long long)seen->stated);
    return 0;
}

/* A device does not go back to an older program. */
static void note_program(struct model *model, const struct merged_seen *seen) {
    struct device_of_model *device = device_find(model, seen->device);
    if (device && seen->schema_version > device->schema_version)
        device->schema_version = seen->schema_version;
}

static int merge_told(struct model *model, struct transaction_of_model *transaction,
                      const struct merged_seen *seen) {
    sim_trace(model->report, "gsn %lld: %s of station %d on %lld", (long long)seen->gsn,
              transaction->command, transaction->station, (long long)seen->base);
    note_program(model, seen);
    struct merging *merging = merge_decide(model, transaction, seen);
    int result = compare_verdict(merging);
    if (result == 0) {
        const struct known_gsn known = {
            seen->gsn,       seen->at,   seen->time,  seen->device, transaction->person,
            transaction->id, seen->kind, seen->epoch, seen->former, transaction->base};
        gsn_add(model, &known);
        if (seen->kind == 3)
            derive_refusal(merging, seen->code);
        else
            commit(merging);
        transaction->gsn = seen->gsn;
        transaction->kind = seen->kind;
        past_decided(model, transaction);
        if (seen->base > merging->device->seen_base)
            merging->device->seen_base = seen->base;
    }
    merge_free(merging);
    return result;
}

/* What a released bundle showed of what its device knew is forgotten after it. */
static void look_at_release(struct model *model, const struct merged_seen *seen) {
    struct device_of_model *device = device_find(model, model->released.device);
    if (model->released.entry == seen->entry)
        return;
    if (model->released.entry != 0 && device)
        device->seen_base = model->released.seen_base;
    model->released.entry = 0;
    device = device_find(model, seen->device);
    if (seen->what != SEEN_RELEASED || !device)
        return;
    model->released.entry = seen->entry;
    model->released.device = seen->device;
    model->released.seen_base = device->seen_base;
}

/* Headquarters' own. */
static int control_told(struct model *model, const struct merged_seen *seen) {
    const struct known_gsn known = {.gsn = seen->gsn,
                                    .at = seen->at,
                                    .time = seen->time,
                                    .transaction = seen->transaction};
    gsn_add(model, &known);
    if (seen->what == SEEN_EPOCH)
        past_epoch(model, seen->epoch, seen->base);
    else if (seen->what == SEEN_REVOKED)
        derive_revoked(model, seen->device, &known);
    else {
        device_of_parent(model, seen->transaction, seen->parent);
        derive_device(model, &known);
    }
    return 0;
}

int model_merged(struct model *model, const struct merged_seen *seen) {
    struct transaction_of_model *transaction = transaction_find(model, seen->transaction);
    model->events++;
    if (seen->gsn <= model->hq.head)
        return sim_wrong(model->report, "gsn %lld comes after %lld", (long long)seen->gsn,
                         (long long)model->hq.head);
    look_at_release(model, seen);
    if (seen->what == SEEN_REVOKED || id_is_zero(seen->device))
        return control_told(model, seen);
    if (!transaction)
        return sim_wrong(model->report, "gsn %lld: nobody made this transaction",
                         (long long)seen->gsn);
    if (transaction->gsn != 0)
        return sim_wrong(model->report, "gsn %lld: this transaction was merged before",
                         (long long)seen->gsn);
    model->merged += seen->kind == 1;
    model->conflicts += seen->kind == 2;
    model->refusals += seen->kind == 3;
    return merge_told(model, transaction, seen);
}

/* --- syncs ---------------------------------------------------------------------------------------------------------- */

int model_synced(struct model *model, int number, int64_t cursor) {
    struct station_of_model *station = station_of(model, number);
    station->synced = ++model->events;
    if ((cursor < station->cursor && station->history == model->hq.history) ||
        cursor > model->hq.head)
        return sim_wrong(model->report, "station %d: cursor %lld after %lld of %lld",
                         number, (long long)cursor, (long long)station->cursor,
                         (long long)model->hq.head);
    if (model->history_count > 1)
        return 0; /* it may have answers to what was lost, and no rows for them yet */
    int kept = 0;
    for (int i = 0; i < station->pending_count; i++)
        if (station->pending[i]->gsn == 0 || station->pending[i]->gsn > cursor)
            station->pending[kept++] = station->pending[i];
    if (kept == station->pending_count && station->cursor == cursor)
        return 0;
    if (kept < station->pending_count)
        return sim_wrong(
            model->report,
            "station %d still holds work as pending that it has an answer to", number);
    station_move(model, station, cursor);
    return 0;
}

int model_finish(struct model *model) {
    for (int i = 0; i < STATIONS_MOST; i++)
        if (model->stations[i] && model->stations[i]->pending_count > 0)
            return sim_wrong(model->report,
                             "station %d: %d transactions were never merged", i,
                             model->stations[i]->pending_count);
    return 0;
}
