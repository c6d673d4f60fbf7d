/* Values, scopes, rows with their versions, and views of them. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/model_parts.h"

/* --- values ------------------------------------------------------------------------------------------ */

struct value value_any(void) {
    return (struct value){.type = (enum value_type)VALUE_ANY};
}

struct value keep_value(struct model *model, struct value value) {
    if (value.type == VALUE_TEXT || value.type == VALUE_BLOB) {
        value.bytes = arena_copy(&model->arena, value.bytes);
        assert(value.bytes.data);
    }
    return value;
}

struct value keep_text(struct model *model, const char *text) {
    return keep_value(model, value_text(text));
}

struct value id_value(struct model *model, struct id id) {
    return keep_value(model, value_blob((struct bytes){id.bytes, ID_SIZE}));
}

struct id value_id(struct value value) {
    struct id id = {{0}};
    if (value.type == VALUE_BLOB && value.bytes.size == ID_SIZE)
        memcpy(id.bytes, value.bytes.data, ID_SIZE);
    return id;
}

bool is_null(struct value value) {
    return value.type == VALUE_NULL;
}

const char *value_words(struct value value, char room[80]) {
    if (value.type == VALUE_INTEGER)
        snprintf(room, 80, "%lld", (long long)value.integer);
    else if (value.type == VALUE_TEXT)
        snprintf(room, 80, "'%.*s'", (int)(value.bytes.size > 60 ? 60 : value.bytes.size),
                 (const char *)value.bytes.data);
    else if (value.type == VALUE_BLOB) {
        size_t size = value.bytes.size > 32 ? 32 : value.bytes.size;
        int used = snprintf(room, 80, "x");
        for (size_t i = 0; i < size; i++)
            used += snprintf(room + used, 80 - (size_t)used, "%02x", value.bytes.data[i]);
    } else
        snprintf(room, 80, "%s", is_null(value) ? "null" : "any");
    return room;
}

/* --- scopes ---------------------------------------------------------------------------------------------- */

void bits_add(struct scope_bits *bits, int scope) {
    bits->words[scope / 64] |= 1ULL << (scope % 64);
}

bool bits_has(const struct scope_bits *bits, int scope) {
    return bits->words[scope / 64] >> (scope % 64) & 1;
}

void bits_join(struct scope_bits *bits, const struct scope_bits *other) {
    for (int i = 0; i < SCOPE_WORDS; i++)
        bits->words[i] |= other->words[i];
}

bool bits_meet(const struct scope_bits *a, const struct scope_bits *b) {
    for (int i = 0; i < SCOPE_WORDS; i++)
        if (a->words[i] & b->words[i])
            return true;
    return false;
}

bool bits_same(const struct scope_bits *a, const struct scope_bits *b) {
    return memcmp(a, b, sizeof *a) == 0;
}

static uint32_t hash_of(uint32_t seed, const uint8_t *data, size_t size) {
    uint32_t hash = 2166136261U ^ seed;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ data[i]) * 16777619U;
    return hash ^ hash >> 15;
}

int scope_of(struct model *model, enum model_scope kind, struct id id) {
    uint32_t place = hash_of(kind, id.bytes, ID_SIZE) % (4 * SCOPES_MOST);
    while (model->scope_hash[place] != 0) {
        int scope = model->scope_hash[place] - 1;
        if (model->scopes[scope].kind == kind && id_equal(model->scopes[scope].id, id))
            return scope;
        place = (place + 1) % (4 * SCOPES_MOST);
    }
    assert(model->scope_count < SCOPES_MOST);
    model->scopes[model->scope_count].kind = kind;
    model->scopes[model->scope_count].id = id;
    model->scope_hash[place] = ++model->scope_count;
    return model->scope_count - 1;
}

/* --- rows -------------------------------------------------------------------------------------------------- */

static uint32_t row_hash(int table, const uint8_t *key) {
    return hash_of((uint32_t)table, key, KEY_MOST);
}

struct model_row *row_find(const struct model *model, int table, const uint8_t *key) {
    struct model_row *row = model->rows[row_hash(table, key) % ROW_HASH];
    while (row && (row->table->number != table || memcmp(row->key, key, KEY_MOST) != 0))
        row = row->next_of_hash;
    return row;
}

struct model_row *row_make(struct model *model, int table, const uint8_t *key) {
    struct model_row *row = row_find(model, table, key);
    if (row)
        return row;
    uint32_t place = row_hash(table, key) % ROW_HASH;
    row = arena_alloc(&model->arena, sizeof *row);
    assert(row);
    row->table = model_table(table);
    memcpy(row->key, key, KEY_MOST);
    row->next_of_hash = model->rows[place];
    row->next_of_table = model->of_table[table];
    row->edits[0].station = row->edits[1].station = -1;
    model->rows[place] = row;
    model->of_table[table] = row;
    model->row_count[table]++;
    return row;
}

const struct version *version_at(const struct model *model, const struct model_row *row,
                                 int history, int64_t gsn) {
    bool present = history == model->hq.history;
    const struct version *version = present ? row->latest : row->newest;
    while (version &&
           (version->gsn > gsn ||
            !(present || in_history(model, history, version->history, version->gsn))))
        version = present ? version->before : version->older;
    return version;
}

static void put_key(struct model *model, struct model_row *row, struct value *values) {
    for (int i = 0; i * 16 < row->table->key_size; i++) {
        struct id id;
        memcpy(id.bytes, row->key + i * 16, ID_SIZE);
        values[i] = id_value(model, id);
    }
}

struct version *version_add(struct model *model, struct model_row *row, int64_t gsn) {
    struct version *former = row->latest;
    if (former && former->gsn == gsn)
        return former;
    size_t count = (size_t)row->table->column_count;
    struct version *version = arena_alloc(&model->arena, sizeof *version);
    assert(version);
    if (former)
        *version = *former;
    version->values = arena_alloc_array(&model->arena, count, sizeof *version->values);
    version->stamps = arena_alloc_array(&model->arena, count, sizeof *version->stamps);
    assert(version->values && version->stamps);
    if (former) {
        memcpy(version->values, former->values, count * sizeof *version->values);
        memcpy(version->stamps, former->stamps, count * sizeof *version->stamps);
    } else {
        version->born = gsn;
        put_key(model, row, version->values);
    }
    version->gsn = gsn;
    version->history = model->hq.history;
    version->before = former;
    version->older = row->newest;
    row->latest = row->newest = version;
    return version;
}

/* --- overlays ------------------------------------------------------------------------------------------------ */

void overlay_make(struct overlay *overlay, const struct overlay *below) {
    memset(overlay, 0, sizeof *overlay);
    overlay->end = &overlay->first;
    overlay->below = below;
}

struct overlay_row *overlay_find(const struct overlay *overlay, int table,
                                 const uint8_t *key) {
    if (overlay->count == 0)
        return NULL;
    struct overlay_row *row = overlay->hash[row_hash(table, key) % OVERLAY_HASH];
    while (row && (row->table->number != table || memcmp(row->key, key, KEY_MOST) != 0))
        row = row->next_of_hash;
    return row;
}

struct overlay_row *overlay_add(struct overlay *overlay, struct arena *arena,
                                const struct model_table *table, const uint8_t *key) {
    struct overlay_row *row = overlay_find(overlay, table->number, key);
    if (row)
        return row;
    uint32_t place = row_hash(table->number, key) % OVERLAY_HASH;
    row = arena_alloc(arena, sizeof *row);
    assert(row);
    row->table = table;
    memcpy(row->key, key, KEY_MOST);
    row->next_of_hash = overlay->hash[place];
    overlay->hash[place] = row;
    *overlay->end = row;
    overlay->end = &row->next;
    overlay->count++;
    return row;
}

/* --- views ------------------------------------------------------------------------------------------------------ */

static struct overlay_row *find_above(const struct view *view, int table,
                                      const uint8_t *key, const struct overlay *until) {
    const struct overlay *overlay = view->overlay;
    while (overlay && overlay != until) {
        struct overlay_row *row = overlay_find(overlay, table, key);
        if (row)
            return row;
        overlay = overlay->below;
    }
    return NULL;
}

static bool see_base(const struct view *view, const struct model_row *row,
                     struct seen_row *ret) {
    const struct version *version = version_at(view->model, row, view->history, view->at);
    if (!version || (view->held && !bits_meet(view->held, &version->scopes)))
        return false;
    *ret = (struct seen_row){row->table, row->key, version->values, version->row_gsn};
    return true;
}

static void see_overlay(const struct overlay_row *row, struct seen_row *ret) {
    *ret = (struct seen_row){row->table, row->key, row->values, row->row_gsn};
}

bool view_find(const struct view *view, int table, const uint8_t *key,
               struct seen_row *ret) {
    const struct overlay_row *above = find_above(view, table, key, NULL);
    const struct model_row *row = above ? NULL : row_find(view->model, table, key);
    if (above)
        see_overlay(above, ret);
    else if (!row || !see_base(view, row, ret))
        return false;
    return !view->cover || cover_shows(view->cover, ret);
}

static bool next_above(const struct view *view, int table, struct view_place *place,
                       struct seen_row *ret) {
    while (place->overlay) {
        const struct overlay_row *row = place->above;
        if (!row) {
            place->overlay = place->overlay->below;
            place->above = place->overlay ? place->overlay->first : NULL;
            continue;
        }
        place->above = row->next;
        if (row->table->number == table &&
            !find_above(view, table, row->key, place->overlay)) {
            see_overlay(row, ret);
            return true;
        }
    }
    return false;
}

static bool next_whole(const struct view *view, int table, struct view_place *place,
                       struct seen_row *ret) {
    if (!place->begun) {
        place->begun = true;
        place->overlay = view->overlay;
        place->above = view->overlay ? view->overlay->first : NULL;
        place->row = view->model->of_table[table];
    }
    if (next_above(view, table, place, ret))
        return true;
    while (place->row) {
        const struct model_row *row = place->row;
        place->row = row->next_of_table;
        if (!find_above(view, table, row->key, NULL) && see_base(view, row, ret))
            return true;
    }
    return false;
}

bool view_next(const struct view *view, int table, struct view_place *place,
               struct seen_row *ret) {
    while (next_whole(view, table, place, ret))
        if (!view->cover || cover_shows(view->cover, ret))
            return true;
    return false;
}

struct value seen_value(const struct seen_row *row, const char *column) {
    return row->values[column_of(row->table, column)];
}
