/* A command at a station: rights, parameters, statements, then what is recorded of it. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/model_act.h"

enum { ACT_MEMORY = 1 << 26, CELLS_MOST = 256 };

int command_find(const char *name) {
    for (int i = 0; i < model_command_count; i++)
        if (strcmp(model_commands[i].name, name) == 0)
            return i;
    return -1;
}

const struct command_of_model *command_at(int kind) {
    assert(kind >= 0 && kind < model_command_count);
    return &model_commands[kind];
}

void act_fail(struct act *act, const char *code) {
    if (!act->code)
        act->code = code;
}

/* --- arguments -------------------------------------------------------------------------------------------- */

struct value argument_value(const struct act *act, int place) {
    const struct call_argument *argument = &act->call->arguments[place];
    switch (argument->kind) {
    case ARGUMENT_ID:
        return value_blob((struct bytes){argument->id.bytes, ID_SIZE});
    case ARGUMENT_NUMBER:
    case ARGUMENT_ROLES:
        return value_integer(argument->number);
    case ARGUMENT_TEXT:
        return value_text(argument->text);
    default:
        return value_null();
    }
}

struct row_key argument_key(const struct act *act, int place) {
    struct row_key key = {{0}};
    memcpy(key.bytes, act->call->arguments[place].id.bytes, ID_SIZE);
    return key;
}

struct row_key pair_key(const struct act *act, int first, int second) {
    struct row_key key = argument_key(act, first);
    memcpy(key.bytes + ID_SIZE, act->call->arguments[second].id.bytes, ID_SIZE);
    return key;
}

static bool row_is_there(const struct act *act,
                         const struct parameter_of_command *parameter, int place) {
    struct row_key key = argument_key(act, place);
    struct seen_row row;
    if (!view_find(&act->below, parameter->table, key.bytes, &row))
        return false;
    int last = row.table->column_count - 1;
    return parameter->kind == P_ANY ||
           strcmp(row.table->columns[last].name, "deleted_at") != 0 ||
           is_null(row.values[last]);
}

static const char *parameter_refused(const struct act *act,
                                     const struct parameter_of_command *parameter,
                                     int place) {
    const struct call_argument *argument = &act->call->arguments[place];
    int64_t size = (int64_t)strlen(argument->text);
    if (argument->kind == ARGUMENT_ABSENT || (parameter->kind == P_TEXT && size == 0))
        return parameter->optional ? NULL : "parameter.missing";
    if ((parameter->kind == P_ID || parameter->kind == P_ANY) &&
        !row_is_there(act, parameter, place))
        return "parameter.not_found";
    if (parameter->kind == P_NUMBER &&
        (argument->number < parameter->low || argument->number > parameter->high))
        return "parameter.invalid";
    if (parameter->kind == P_TEXT && size > parameter->high)
        return "parameter.invalid";
    return NULL;
}

static void check_parameters(struct act *act, const struct command_of_model *command) {
    for (int i = 0; i < ARGUMENTS && command->parameters[i].name && !act->code; i++)
        act->code = parameter_refused(act, &command->parameters[i], i);
}

/* --- rows ---------------------------------------------------------------------------------------------------- */

bool act_find(const struct act *act, int table, const struct row_key *key,
              struct seen_row *ret) {
    return view_find(&act->view, table, key->bytes, ret);
}

static void check_row(struct act *act, const struct overlay_row *row) {
    for (int i = 0; i < row->table->column_count; i++) {
        const struct model_column *column = &row->table->columns[i];
        if (column->not_null && is_null(row->values[i]))
            act_fail(act, "value.missing");
        else if (!check_passes(column, row->values[i]))
            act_fail(act, "value.invalid");
    }
}

/* On a station that several people share nobody points at a row that he does not see. */
static void check_pointed(struct act *act, const struct model_column *column,
                          struct value value) {
    uint8_t key[KEY_MOST] = {0};
    struct seen_row row;
    if (!act->is_covered || column->ref == 0 || is_null(value))
        return;
    memcpy(key, value.bytes.data, ID_SIZE);
    if (view_find(&act->raw, column->ref, key, &row) &&
        !view_find(&act->view, column->ref, key, &row))
        act_fail(act, "scope.parent");
}

static void write_row(struct act *act, const struct model_table *table,
                      const struct row_key *key, const struct set *sets, int count) {
    bool found = false;
    struct overlay_row *row =
        overlay_take(&act->raw, &act->top, &act->arena, table, key->bytes, &found);
    for (int i = 0; i < count; i++) {
        int column = column_of(table, sets[i].column);
        if (!value_equal(row->values[column], sets[i].value))
            check_pointed(act, &table->columns[column], sets[i].value);
        row->values[column] = sets[i].value;
    }
    for (int i = 0; !found && i * 16 < table->key_size; i++)
        check_pointed(act, &table->columns[i], row->values[i]);
    act->hits++;
    check_row(act, row);
}

void act_insert(struct act *act, int table, const struct row_key *key,
                const struct set *sets, int count) {
    struct seen_row there;
    if (act->code)
        return;
    if (act_find(act, table, key, &there)) {
        act_fail(act, "row.exists");
        return;
    }
    if (view_find(&act->raw, table, key->bytes, &there)) {
        act_fail(act, "scope.row");
        return;
    }
    write_row(act, model_table(table), key, sets, count);
}

void act_update(struct act *act, int table, const struct row_key *key,
                const struct set *sets, int count) {
    struct seen_row there;
    if (!act->code && act_find(act, table, key, &there))
        write_row(act, model_table(table), key, sets, count);
}

/* --- what is recorded ------------------------------------------------------------------------------------------ */

static void add_cell(struct model *model, struct model_change *change, int column,
                     struct value value) {
    change->columns[change->count] = column;
    change->values[change->count++] = keep_value(model, value);
}

static void record_insert(struct model *model, const struct overlay_row *row,
                          struct model_change *change) {
    change->insert = true;
    for (int i = 0; i < row->table->column_count; i++) {
        const struct model_column *column = &row->table->columns[i];
        if (!column->key && (!is_null(row->values[i]) || column->fallback))
            add_cell(model, change, i, row->values[i]);
    }
}

/* All columns of each cell of which one changed; of a sum the difference. */
static void record_update(struct model *model, const struct overlay_row *row,
                          const struct value *former, struct model_change *change) {
    const struct model_table *table = row->table;
    bool wanted[COLUMNS] = {false};
    for (int i = 0; i < table->column_count; i++)
        if (!value_equal(row->values[i], former[i]))
            wanted[cell_of_column(table, i)] = true;
    for (int i = 0; i < table->column_count; i++) {
        struct value value = row->values[i];
        if (!wanted[cell_of_column(table, i)])
            continue;
        if (table->columns[i].merge == SUM)
            value.integer -= former[i].integer;
        change->formers[change->count] = keep_value(model, former[i]);
        add_cell(model, change, i, value);
    }
}

static void tell_rules(const struct overlay_row *row, const struct value *former,
                       struct cell_change *cells, int *count) {
    for (int i = 0; i < row->table->column_count; i++) {
        struct value before = former ? former[i] : value_null();
        if (row->table->columns[i].key || value_equal(before, row->values[i]))
            continue;
        assert(*count < CELLS_MOST);
        cells[(*count)++] =
            (struct cell_change){row->table, row->key, i, before, row->values[i]};
    }
}

static void record(struct act *act, struct local_result *ret, struct cell_change *cells,
                   int *cell_count) {
    struct model *model = act->model;
    ret->changes = arena_alloc_array(&model->arena, (size_t)act->top.count + 1,
                                     sizeof *ret->changes);
    assert(ret->changes);
    for (struct overlay_row *row = act->top.first; row; row = row->next) {
        struct model_change *change = &ret->changes[ret->change_count];
        struct seen_row former;
        bool there = view_find(&act->raw, row->table->number, row->key, &former);
        *change = (struct model_change){.table = row->table};
        memcpy(change->key, row->key, KEY_MOST);
        if (there)
            record_update(model, row, former.values, change);
        else
            record_insert(model, row, change);
        row->touched = !there || change->count > 0;
        ret->change_count += row->touched;
        if (row->touched)
            tell_rules(row, there ? former.values : NULL, cells, cell_count);
    }
}

static void refuse(struct local_result *ret, const char *code) {
    for (int i = 0; i < ret->code_count; i++)
        if (strcmp(ret->codes[i], code) == 0)
            return;
    if (ret->code_count < 4)
        ret->codes[ret->code_count++] = code;
}

static void finish(struct act *act, const struct command_of_model *command,
                   struct local_result *ret) {
    struct cell_change cells[CELLS_MOST];
    int cell_count = 0;
    record(act, ret, cells, &cell_count);
    if (ret->change_count == 0) {
        if (!command->may_noop)
            refuse(ret, "command.no_effect");
        return;
    }
    for (int i = 0; i < ret->change_count; i++) {
        const char *code =
            change_refused(&ret->changes[i], false, act->person, act->roles);
        if (code)
            refuse(ret, code);
    }
    if (ret->code_count > 0)
        return;
    struct rule_case rule_case = {&act->view, &act->top,  cells,
                                  cell_count, act->roles, act->station->schema_version};
    const char *broken = rules_broken(&rule_case, NULL);
    if (broken)
        refuse(ret, broken);
}

static void run(struct act *act, const struct command_of_model *command,
                struct local_result *ret) {
    if (command->roles && !(command->roles & act->roles))
        act_fail(act, "role.missing");
    if (!act->code)
        check_parameters(act, command);
    if (!act->code)
        command->run(act);
    if (!act->code && act->hits == 0 && !command->may_noop)
        act_fail(act, "command.no_effect");
    if (act->code)
        refuse(ret, act->code);
    else
        finish(act, command, ret);
}

int command_run(struct model *model, const struct sim_operation *operation,
                struct local_result *ret) {
    struct act *act = calloc(1, sizeof *act);
    struct rights rights;
    assert(act);
    act->model = model;
    act->station = station_of(model, operation->station);
    act->person = model_person_id(model, operation->person);
    act->call = operation->note;
    act->raw = act->below = station_view(model, act->station);
    act->view = act->below;
    overlay_make(&act->top, &act->station->overlay);
    act->view.overlay = &act->top;
    act->arena = arena_make(ACT_MEMORY);
    rights_of(&act->below, act->person, act->station->ceiling, &rights);
    act->roles = rights.roles;
    act->is_covered = cover_make(act->station, &act->below, &rights, &act->covered);
    if (act->is_covered) {
        act->cover = act->covered;
        act->cover.whole = act->view;
        act->cover.own = &act->top;
        act->below.cover = &act->covered;
        act->view.cover = &act->cover;
    }
    run(act, command_at(operation->kind), ret);
    arena_free(&act->arena);
    free(act);
    return 0;
}
