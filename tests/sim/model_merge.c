/* Merging at headquarters, as SYNC says it: authority, cells, references, rules. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/model_parts.h"

enum { MERGE_MEMORY = 1 << 26 };

static void refuse(struct merging *merging, const char *code) {
    for (int i = 0; i < merging->code_count; i++)
        if (strcmp(merging->codes[i], code) == 0)
            return;
    if (merging->code_count < CODES_MOST)
        merging->codes[merging->code_count++] = code;
}

/* --- who and when -------------------------------------------------------------------------------------------- */

static bool is_actor(const struct merging *merging) {
    const struct station_plan *plan = &merging->device->plan;
    for (int i = 0; i < plan->count; i++)
        if (id_equal(model_person_id(merging->model, plan->people[i]),
                     merging->transaction->person))
            return true;
    return plan->everyone;
}

static uint64_t clamp(const struct merging *merging) {
    const struct known_gsn *base =
        gsn_find(merging->model, merging->seen->base > 0 ? merging->seen->base : 1);
    uint64_t low = base ? (uint64_t)base->at << 16 : 0;
    uint64_t high = (uint64_t)merging->seen->at << 16 | 0xffff;
    uint64_t time = merging->seen->stated < low ? low : merging->seen->stated;
    return time > high ? high : time;
}

/* --- rows the author may touch ------------------------------------------------------------------------------ */

static bool made_here(const struct merging *merging, int table, const uint8_t *key) {
    const struct transaction_of_model *transaction = merging->transaction;
    for (int i = 0; i < transaction->change_count; i++)
        if (transaction->changes[i].insert &&
            transaction->changes[i].table->number == table &&
            memcmp(transaction->changes[i].key, key, KEY_MOST) == 0)
            return true;
    return false;
}

/* In one of the author's scopes now, or in one until after his base. */
static bool sees(const struct merging *merging, const struct model_row *row) {
    const struct version *version = row->latest;
    if (row->table->org || bits_meet(&version->scopes, &merging->rights.scopes))
        return true;
    int64_t base = merging->seen->base > merging->device->seen_base
                       ? merging->seen->base
                       : merging->device->seen_base; /* what it named before it knew */
    if (merging->seen->purged > base)
        base = merging->seen->purged; /* nobody remembers what left before that */
    while (version->before && version->gsn > base) {
        version = version->before;
        if (bits_meet(&version->scopes, &merging->rights.scopes))
            return true;
    }
    return false;
}

/* As the author said it, also of a lost history. */
static int64_t stated_base(const struct merging *merging) {
    return merging->seen->epoch > 0 ? merging->transaction->base : merging->seen->base;
}

static bool was_refused(const struct merging *merging, int table, const uint8_t *key,
                        bool whole) {
    const struct model *model = merging->model;
    for (int i = 0; i < model->hq.refused_count; i++) {
        const struct refused_row *row = &model->hq.refused[i];
        if (row->table == table && row->whole == whole &&
            memcmp(row->key, key, KEY_MOST) == 0 &&
            row->family == merging->device->family && row->gsn > stated_base(merging))
            return true;
    }
    return false;
}

static bool check_reference(struct merging *merging, int table, struct value id) {
    uint8_t key[KEY_MOST] = {0};
    if (table == 0 || is_null(id))
        return true;
    memcpy(key, id.bytes.data, ID_SIZE);
    const struct model_row *row = row_find(merging->model, table, key);
    if (row && row->latest) {
        if (sees(merging, row))
            return true;
        refuse(merging, "scope.parent");
        return false;
    }
    if (made_here(merging, table, key))
        return true;
    refuse(merging, was_refused(merging, table, key, true) ? "depends.refused"
                                                           : "reference.missing");
    return false;
}

static bool check_row(struct merging *merging, const struct model_change *change) {
    const struct model_table *table = change->table;
    const struct model_row *row = row_find(merging->model, table->number, change->key);
    bool exists = row && row->latest;
    if (!exists && !made_here(merging, table->number, change->key)) {
        refuse(merging, was_refused(merging, table->number, change->key, true)
                            ? "depends.refused"
                            : "row.missing");
        return false;
    }
    if (exists && !sees(merging, row)) {
        refuse(merging, "scope.row");
        return false;
    }
    for (int i = 0; i * 16 < table->key_size; i++)
        if (!check_reference(merging, table->columns[i].ref,
                             value_blob((struct bytes){change->key + i * 16, ID_SIZE})))
            return false;
    for (int i = 0; i < change->count; i++)
        if (!check_reference(merging, table->columns[change->columns[i]].ref,
                             change->values[i]))
            return false;
    return true;
}

/* --- cells -------------------------------------------------------------------------------------------------------- */

struct cell_case {
    int lead; /* the cell's first column */
    int count;
    int columns[COLUMNS];
    struct value there[COLUMNS], comes[COLUMNS];
    struct known_gsn last; /* who wrote it last */
    bool concurrent;
};

static void collect(const struct overlay_row *row, const struct model_change *change,
                    int lead, struct cell_case *ret) {
    ret->lead = lead;
    ret->count = 0;
    for (int i = 0; i < row->table->column_count; i++) {
        if (row->table->columns[i].key || cell_of_column(row->table, i) != lead)
            continue;
        int at = ret->count++;
        ret->columns[at] = i;
        ret->there[at] = ret->comes[at] = row->values[i];
        for (int k = 0; k < change->count; k++)
            if (change->columns[k] == i)
                ret->comes[at] = change->values[k];
    }
}

/* Copies of a device that was taken back are not told from one another any more. */
static bool is_of_device(const struct merging *merging, int64_t gsn) {
    const struct known_gsn *known = gsn_find(merging->model, gsn);
    return merging->seen->what == SEEN_RELEASED && known &&
           id_equal(known->device, merging->seen->device);
}

/* Written after the author's base by somebody whose work he did not know. */
static bool is_news(const struct merging *merging, int64_t gsn) {
    const struct merged_seen *seen = merging->seen;
    return gsn > seen->base && gsn < seen->gsn &&
           !is_own_past(merging->model, gsn, merging->transaction) &&
           !is_of_device(merging, gsn) &&
           !(seen->epoch > 0 && is_own_line(merging->model, gsn, merging->transaction)) &&
           !past_knew(merging->model, gsn, seen, merging->transaction);
}

/* Work of a lost history that was written over there, by its own station or by somebody who knew it. */
static bool came_before(const struct merging *merging, const struct known_gsn *last) {
    const struct merged_seen *seen = merging->seen;
    const struct model *model = merging->model;
    if (seen->epoch == 0 || past_knew(model, last->gsn, seen, merging->transaction))
        return false;
    bool own = is_own_past(model, last->gsn, merging->transaction) ||
               is_own_line(model, last->gsn, merging->transaction);
    return (last->gsn > seen->base && own && last->time > merging->time) ||
           past_superseded(model, last->gsn, seen);
}

/* What the transaction itself has written, it knows. */
static void ask_writer(const struct merging *merging, int64_t gsn,
                       struct cell_case *cell) {
    memset(&cell->last, 0, sizeof cell->last);
    cell->last.gsn = gsn;
    const struct known_gsn *known = gsn_find(merging->model, gsn);
    if (known)
        cell->last = *known;
    cell->concurrent = is_news(merging, gsn);
}

static bool same_values(const struct cell_case *cell) {
    for (int i = 0; i < cell->count; i++)
        if (!value_equal(cell->there[i], cell->comes[i]))
            return false;
    return true;
}

static void keep(struct merging *merging, const struct overlay_row *row,
                 const struct cell_case *cell, bool author_lost, const char *reason) {
    assert(merging->kept_count < KEPT_MOST);
    struct kept_cell *kept = &merging->kept[merging->kept_count++];
    *kept = (struct kept_cell){row,   cell->lead, reason,     author_lost, cell->last.gsn,
                               {{0}}, {{0}},      cell->count};
    memcpy(kept->winner, author_lost ? cell->there : cell->comes, sizeof kept->winner);
    memcpy(kept->loser, author_lost ? cell->comes : cell->there, sizeof kept->loser);
}

static void note_change(struct merging *merging, const struct overlay_row *row,
                        int column, struct value before, struct value after) {
    int most = (int)(sizeof merging->cells / sizeof *merging->cells);
    assert(merging->cell_count < most);
    merging->cells[merging->cell_count++] =
        (struct cell_change){row->table, row->key, column, before, after};
}

static void take(struct merging *merging, struct overlay_row *row,
                 const struct cell_case *cell) {
    for (int i = 0; i < cell->count; i++) {
        int column = cell->columns[i];
        if (value_equal(cell->there[i], cell->comes[i]))
            continue;
        row->values[column] = cell->comes[i];
        row->changed = true;
        note_change(merging, row, column, cell->there[i], cell->comes[i]);
    }
    row->stamps[cell->lead] = merging->seen->gsn;
}

/* The later effective time; equal times: the greater device. */
static void merge_later(struct merging *merging, struct overlay_row *row,
                        const struct cell_case *cell, bool state) {
    uint64_t mine = merging->time, theirs = cell->last.time;
    bool wins = mine > theirs || (mine == theirs && id_compare(merging->seen->device,
                                                               cell->last.device) > 0);
    if (!same_values(cell)) {
        const char *reason = mine == theirs           ? "equal_time"
                             : state && mine < theirs ? "state_earlier"
                                                      : "later";
        keep(merging, row, cell, !wins, reason);
    }
    if (wins)
        take(merging, row, cell);
}

static void merge_once(struct merging *merging, struct overlay_row *row,
                       const struct cell_case *cell) {
    if (is_null(cell->there[0]) || !cell->concurrent)
        take(merging, row, cell);
    else if (!same_values(cell))
        keep(merging, row, cell, true, "first");
}

static bool is_better(const struct cell_case *cell, bool greatest) {
    if (is_null(cell->comes[0]) || is_null(cell->there[0]))
        return !is_null(cell->comes[0]);
    return greatest ? cell->comes[0].integer > cell->there[0].integer
                    : cell->comes[0].integer < cell->there[0].integer;
}

/* A state moves with a row that says so, in the same transaction. */
static bool has_step(const struct merging *merging, const struct overlay_row *deal,
                     struct value to) {
    for (int i = 0; i < merging->transaction->change_count; i++) {
        const struct model_change *change = &merging->transaction->changes[i];
        bool to_it = false, of_it = false;
        if (!change->insert || change->table->number != T_STEP)
            continue;
        for (int k = 0; k < change->count; k++) {
            const char *name = change->table->columns[change->columns[k]].name;
            if (strcmp(name, "deal_id") == 0)
                of_it = memcmp(change->values[k].bytes.data, deal->key, ID_SIZE) == 0;
            if (strcmp(name, "to_stage") == 0)
                to_it = value_equal(change->values[k], to);
        }
        if (of_it && to_it)
            return true;
    }
    return false;
}

static bool merge_state(struct merging *merging, struct overlay_row *row,
                        const struct cell_case *cell) {
    bool moves = !value_equal(cell->there[0], cell->comes[0]);
    if (moves && was_refused(merging, row->table->number, row->key, false)) {
        refuse(merging, "depends.refused");
        return false;
    }
    if (moves && !has_step(merging, row, cell->comes[0])) {
        refuse(merging, "state.no_event");
        return false;
    }
    if (cell->concurrent)
        merge_later(merging, row, cell, true);
    else
        take(merging, row, cell);
    return true;
}

static bool merge_cell_of(struct merging *merging, struct overlay_row *row,
                          struct cell_case *cell) {
    int64_t stamp = row->stamps[cell->lead] ? row->stamps[cell->lead] : row->born;
    ask_writer(merging, stamp, cell);
    switch (row->table->columns[cell->lead].merge) {
    case SUM:
        cell->comes[0] = value_integer(cell->there[0].integer + cell->comes[0].integer);
        take(merging, row, cell);
        return true;
    case ONCE:
        merge_once(merging, row, cell);
        return true;
    case GREATEST:
    case LEAST:
        if (!cell->concurrent ||
            is_better(cell, row->table->columns[cell->lead].merge == GREATEST))
            take(merging, row, cell);
        return true;
    case STATE:
        return merge_state(merging, row, cell);
    default:
        if (came_before(merging, &cell->last))
            return true;
        if (cell->concurrent)
            merge_later(merging, row, cell, false);
        else
            take(merging, row, cell);
        return true;
    }
}

/* --- deletes ---------------------------------------------------------------------------------------------------- */

/* The latest edit of the row by another device that the author had not seen; 0: none. */
static int64_t unseen_edit(const struct merging *merging, const struct overlay_row *row,
                           int but) {
    int64_t latest = 0;
    for (int i = 0; i < row->table->column_count; i++) {
        int64_t gsn = row->stamps[i] ? row->stamps[i] : row->born;
        if (i != but && gsn > latest && is_news(merging, gsn))
            latest = gsn;
    }
    return latest;
}

/* An edit and a delete that knew nothing of each other: the row stays deleted, and both are told. */
static void meet_delete(struct merging *merging, const struct overlay_row *row,
                        int cells_before) {
    int deleted = row->table->column_count - 1;
    bool deletes = false;
    struct cell_case cell = {.lead = deleted, .count = 1};
    if (strcmp(row->table->columns[deleted].name, "deleted_at") != 0 ||
        is_null(row->values[deleted]) || merging->cell_count == cells_before)
        return;
    for (int i = cells_before; i < merging->cell_count; i++)
        deletes = deletes || merging->cells[i].column == deleted;
    int64_t other = row->stamps[deleted] ? row->stamps[deleted] : row->born;
    if (deletes)
        other = unseen_edit(merging, row, deleted);
    ask_writer(merging, other, &cell);
    if (other == 0 || !cell.concurrent ||
        past_superseded(merging->model, other, merging->seen))
        return;
    cell.there[0] = deletes ? value_null() : row->values[deleted];
    cell.comes[0] = deletes ? row->values[deleted] : value_null();
    keep(merging, row, &cell, !deletes, "deleted");
}

/* --- changes ------------------------------------------------------------------------------------------------------ */

static bool fits(struct merging *merging, const struct overlay_row *row) {
    for (int i = 0; i < row->table->column_count; i++)
        if (!check_passes(&row->table->columns[i], row->values[i])) {
            refuse(merging, "database.constraint");
            return false;
        }
    return true;
}

static bool insert_new(struct merging *merging, struct overlay_row *row,
                       const struct model_change *change) {
    row->inserted = row->touched = true;
    row->born = merging->seen->gsn;
    for (int i = 0; i < change->count; i++) {
        row->values[change->columns[i]] = change->values[i];
        if (!is_null(change->values[i]))
            note_change(merging, row, change->columns[i], value_null(),
                        change->values[i]);
    }
    return fits(merging, row);
}

static bool update_there(struct merging *merging, struct overlay_row *row,
                         const struct model_change *change) {
    int cells_before = merging->cell_count;
    bool done[COLUMNS] = {false};
    row->touched = true;
    for (int i = 0; i < change->count; i++) {
        struct cell_case cell;
        int lead = cell_of_column(row->table, change->columns[i]);
        if (done[lead])
            continue;
        done[lead] = true;
        collect(row, change, lead, &cell);
        if (!merge_cell_of(merging, row, &cell))
            return false;
    }
    if (!fits(merging, row))
        return false;
    meet_delete(merging, row, cells_before);
    return true;
}

static void merge_change(struct merging *merging, const struct model_change *change) {
    bool found = false;
    if (!check_row(merging, change))
        return;
    struct overlay_row *row =
        overlay_take(&merging->before, &merging->overlay, &merging->arena, change->table,
                     change->key, &found);
    const struct model_row *there =
        row_find(merging->model, change->table->number, change->key);
    if (!found) {
        insert_new(merging, row, change);
        return;
    }
    if (there && there->latest && !row->touched) {
        memcpy(row->stamps, there->latest->stamps,
               (size_t)row->table->column_count * sizeof *row->stamps);
        row->born = there->latest->born;
    }
    update_there(merging, row, change);
}

static void authorise(struct merging *merging) {
    const struct transaction_of_model *transaction = merging->transaction;
    for (int i = 0; i < transaction->change_count; i++) {
        const struct model_change *change = &transaction->changes[i];
        const struct model_row *row =
            row_find(merging->model, change->table->number, change->key);
        bool exists = change->insert && row && row->latest;
        const char *code =
            change_refused(change, false, transaction->person, merging->rights.roles);
        if (!code && exists)
            code =
                change_refused(change, true, transaction->person, merging->rights.roles);
        if (code)
            refuse(merging, code);
    }
}

static void run_rules(struct merging *merging) {
    struct rule_case rule_case = {&merging->view,        &merging->overlay,
                                  merging->cells,        merging->cell_count,
                                  merging->rights.roles, merging->device->schema_version};
    const char *broken = rules_broken(&rule_case, &merging->flag);
    if (broken)
        refuse(merging, broken);
}

static void decide(struct merging *merging) {
    int history = merging->model->hq.history;
    merging->before = (struct view){merging->model, INT64_MAX, NULL, NULL, NULL, history};
    merging->view =
        (struct view){merging->model, INT64_MAX, NULL, &merging->overlay, NULL, history};
    merging->time = clamp(merging);
    rights_of(&merging->before, merging->transaction->person, merging->device->ceiling,
              &merging->rights);
    if (!is_actor(merging)) {
        refuse(merging, "actor.not_allowed");
        return;
    }
    if (!merging->rights.active) {
        refuse(merging, "actor.inactive");
        return;
    }
    authorise(merging);
    if (merging->code_count == 0) /* any of those that do not fit may be named */
        for (int i = 0; i < merging->transaction->change_count; i++)
            merge_change(merging, &merging->transaction->changes[i]);
    if (merging->code_count == 0)
        run_rules(merging);
}

struct merging *merge_decide(struct model *model,
                             struct transaction_of_model *transaction,
                             const struct merged_seen *seen) {
    struct merging *merging = calloc(1, sizeof *merging);
    assert(merging);
    merging->model = model;
    merging->transaction = transaction;
    merging->seen = seen;
    merging->device = device_find(model, seen->device);
    if (!merging->device)
        merging->device = device_of_child(model, transaction->station, seen->device);
    merging->arena = arena_make(MERGE_MEMORY);
    overlay_make(&merging->overlay, NULL);
    decide(merging);
    return merging;
}

void merge_free(struct merging *merging) {
    arena_free(&merging->arena);
    free(merging);
}
