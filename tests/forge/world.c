/*
 * What the station may see: pulled from the server, and looked up by name. And changes, built by name.
 */
#include "tests/forge/forge.h"

#include <stdlib.h>
#include <string.h>

/* --- pulling --------------------------------------------------------------------------- */

struct collected {
    struct row_group *groups;
    size_t count;
    size_t capacity;
};

static void collect(struct collected *all, struct bytes rows, struct arena *arena) {
    struct row_chunk chunk;
    struct error error = {0};
    if (rows.size == 0)
        return;
    if (rows_decode(rows, arena, &chunk, &error) != 0)
        give_up("reading rows", &error);
    struct row_group *more =
        arena_alloc_array(arena, all->count + chunk.group_count, sizeof *more);
    if (!more)
        give_up("memory", &error);
    if (all->count > 0)
        memcpy(more, all->groups, all->count * sizeof *more);
    for (size_t i = 0; i < chunk.group_count; i++)
        more[all->count + i] = chunk.groups[i];
    all->groups = more;
    all->count += chunk.group_count;
}

void world_pull(struct forge *forge, struct arena *arena, struct row_group **ret,
                size_t *ret_count) {
    struct collected all = {NULL, 0, 0};
    struct pull_position position = {.set = false};
    struct outcome outcome;
    bool more = true;
    while (more) {
        struct sync_request request = device_request(forge);
        struct sync_response response;
        request.cursor = 0;
        request.held = (struct scope_set){.scopes = NULL};
        request.position = position;
        if (device_exchange(forge, &request, arena, &response, &outcome) != 0)
            give_up("pulling",
                    &(struct error){.message = "the server refused an honest pull"});
        collect(&all, response.rows, arena);
        more = response.more;
        position = response.next;
        if (!more) {
            forge->head = response.head;
            scope_set_free(&forge->scopes);
            forge->scopes = response.gained;
            memcpy(forge->scopes_proof, response.scopes_proof, HASH_SIZE);
            response.gained = (struct scope_set){.scopes = NULL};
        }
        scope_set_free(&response.gained);
        scope_set_free(&response.lost);
    }
    *ret = all.groups;
    *ret_count = all.count;
}

/* --- looking up ------------------------------------------------------------------------ */

static const struct table *table_named(const struct forge *forge, const char *name) {
    const struct table *table = catalogue_table(forge->catalogue, name);
    if (!table)
        give_up(name, &(struct error){.message = "there is no such table"});
    return table;
}

static const struct column *column_named(const struct table *table, const char *name) {
    const struct column *column = table_column(table, name);
    if (!column)
        give_up(name, &(struct error){.message = "there is no such column"});
    return column;
}

bool world_has(const struct row_group *groups, size_t count, const struct table *table,
               struct bytes key) {
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; groups[i].table == table->number && j < groups[i].row_count;
             j++)
            if (bytes_equal(groups[i].rows[j].key, key))
                return true;
    return false;
}

static struct value value_in(const struct row_group *group, const struct sync_row *row,
                             uint8_t number) {
    for (size_t i = 0; i < group->column_count; i++)
        if (group->columns[i] == number)
            return row->values[i];
    return value_null();
}

const struct sync_row *world_find(const struct forge *forge, const char *table,
                                  const char *column, struct value value) {
    const struct table *found = table_named(forge, table);
    uint8_t number = column_named(found, column)->number;
    for (size_t i = 0; i < forge->group_count; i++)
        for (size_t j = 0;
             forge->groups[i].table == found->number && j < forge->groups[i].row_count;
             j++)
            if (value_equal(
                    value_in(&forge->groups[i], &forge->groups[i].rows[j], number),
                    value))
                return &forge->groups[i].rows[j];
    return NULL;
}

struct value world_value(const struct forge *forge, const char *table,
                         const struct sync_row *row, const char *column) {
    const struct table *found = table_named(forge, table);
    for (size_t i = 0; i < forge->group_count; i++)
        for (size_t j = 0;
             forge->groups[i].table == found->number && j < forge->groups[i].row_count;
             j++)
            if (&forge->groups[i].rows[j] == row)
                return value_in(&forge->groups[i], row,
                                column_named(found, column)->number);
    return value_null();
}

const struct sync_row *world_row(const struct forge *forge, const char *table,
                                 struct id key) {
    const struct table *found = table_named(forge, table);
    for (size_t i = 0; i < forge->group_count; i++)
        for (size_t j = 0;
             forge->groups[i].table == found->number && j < forge->groups[i].row_count;
             j++)
            if (memcmp(forge->groups[i].rows[j].key.data, key.bytes, ID_SIZE) == 0)
                return &forge->groups[i].rows[j];
    return NULL;
}

const struct sync_row *world_stage(const struct forge *forge, struct value pipeline,
                                   const char *kind) {
    const struct table *stages = table_named(forge, "stage");
    uint8_t kinds = column_named(stages, "kind")->number;
    uint8_t pipelines = column_named(stages, "pipeline_id")->number;
    for (size_t i = 0; i < forge->group_count; i++)
        for (size_t j = 0;
             forge->groups[i].table == stages->number && j < forge->groups[i].row_count;
             j++) {
            const struct row_group *group = &forge->groups[i];
            if (value_equal(value_in(group, &group->rows[j], kinds), value_text(kind)) &&
                value_equal(value_in(group, &group->rows[j], pipelines), pipeline))
                return &group->rows[j];
        }
    return NULL;
}

/* The first opportunity that stands in a stage of this kind. */
static bool find_opportunity(const struct forge *forge, const char *kind,
                             struct id *ret) {
    const struct table *stages = table_named(forge, "stage");
    uint8_t number = column_named(stages, "kind")->number;
    for (size_t i = 0; i < forge->group_count; i++)
        for (size_t j = 0;
             forge->groups[i].table == stages->number && j < forge->groups[i].row_count;
             j++) {
            const struct sync_row *stage = &forge->groups[i].rows[j];
            if (!value_equal(value_in(&forge->groups[i], stage, number),
                             value_text(kind)))
                continue;
            const struct sync_row *row =
                world_find(forge, "opportunity", "stage_id", value_blob(stage->key));
            if (row) {
                memcpy(ret->bytes, row->key.data, ID_SIZE);
                return true;
            }
        }
    return false;
}

static void find_foreign_user(struct forge *forge) {
    const struct table *users = table_named(forge, "app_user");
    for (size_t i = 0; i < forge->group_count; i++)
        for (size_t j = 0;
             forge->groups[i].table == users->number && j < forge->groups[i].row_count;
             j++)
            if (memcmp(forge->groups[i].rows[j].key.data,
                       forge->certificate.actors[0].bytes, ID_SIZE) != 0)
                memcpy(forge->foreign_user.bytes, forge->groups[i].rows[j].key.data,
                       ID_SIZE);
}

void world_learn(struct forge *forge) {
    world_pull(forge, &forge->arena, &forge->groups, &forge->group_count);
    if (!find_opportunity(forge, "open", &forge->own_opportunity) ||
        !find_opportunity(forge, "won", &forge->closed_opportunity))
        give_up(
            "looking around",
            &(struct error){.message = "the person needs an open and a won opportunity"});
    find_foreign_user(forge);
}

/* --- drafts ---------------------------------------------------------------------------- */

void draft_row_of_two(struct forge *forge, struct draft *draft, const char *table,
                      enum row_operation operation, struct id first, struct id second) {
    const struct table *found = table_named(forge, table);
    memset(draft, 0, sizeof *draft);
    memcpy(draft->key, first.bytes, ID_SIZE);
    memcpy(draft->key + ID_SIZE, second.bytes, ID_SIZE);
    draft->change = (struct change){
        .table = found->number,
        .operation = operation,
        .key = {draft->key, found->key_count * ID_SIZE},
        .cells = draft->cells,
    };
}

void draft_row(struct forge *forge, struct draft *draft, const char *table,
               enum row_operation operation, struct id key) {
    draft_row_of_two(forge, draft, table, operation, key, key);
}

/* Cells ascend by column number. */
void draft_cell(struct forge *forge, struct draft *draft, const char *column,
                struct value value) {
    const struct table *table = forge->catalogue->by_number[draft->change.table];
    uint8_t number = column_named(table, column)->number;
    size_t at = draft->change.cell_count++;
    if (at == FORGE_CELLS)
        abort();
    for (; at > 0 && draft->cells[at - 1].column > number; at--)
        draft->cells[at] = draft->cells[at - 1];
    draft->cells[at] = (struct cell){number, value};
}

void draft_id(struct forge *forge, struct draft *draft, const char *column,
              const struct id *id) {
    draft_cell(forge, draft, column, value_blob((struct bytes){id->bytes, ID_SIZE}));
}
