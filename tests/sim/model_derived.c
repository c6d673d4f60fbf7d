/* Conflicts, refusals, notices and devices: what merging must tell people, and whom. */
#include <assert.h>
#include <string.h>

#include "tests/sim/model_parts.h"

struct version *row_write(struct model *model, int table, const uint8_t *key,
                          const struct value *values, const struct row_stamp *stamp) {
    struct model_row *row = row_make(model, table, key);
    bool first = row->latest == NULL;
    struct version *version = version_add(model, row, stamp->gsn);
    for (int i = 0; i < row->table->column_count; i++)
        if (!row->table->columns[i].key)
            version->values[i] = keep_value(model, values[i]);
    version->row_gsn = stamp->gsn;
    version->updated_at = stamp->at;
    version->updated_by = stamp->by;
    if (first) {
        version->created_at = stamp->at;
        version->created_by = stamp->by;
    }
    return version;
}

/* --- rows of the engine's tables, by the names of their columns ------------------------------------------------ */

struct made_row {
    struct model *model;
    const struct model_table *table;
    struct value values[COLUMNS];
};

static struct made_row make_row(struct model *model, int table) {
    struct made_row row = {.model = model, .table = model_table(table)};
    for (int i = 0; i < row.table->column_count; i++)
        row.values[i] = row.table->columns[i].any ? value_any() : value_null();
    return row;
}

static void put(struct made_row *row, const char *name, struct value value) {
    row->values[column_of(row->table, name)] = value;
}

static void put_id(struct made_row *row, const char *name, struct id id) {
    put(row, name, id_value(row->model, id));
}

static struct version *write_row(struct made_row *row, struct id id,
                                 const struct row_stamp *stamp) {
    uint8_t key[KEY_MOST] = {0};
    static const struct id none;
    memcpy(key, id.bytes, ID_SIZE);
    struct version *version =
        row_write(row->model, row->table->number, key, row->values, stamp);
    memset(&version->scopes, 0, sizeof version->scopes);
    bits_add(&version->scopes, scope_of(row->model, IN_HQ, none));
    return version;
}

static void show_to(struct model *model, struct version *version, struct id person) {
    bits_add(&version->scopes, scope_of(model, IN_USER, person));
}

/* --- ids that follow from what a row tells of --------------------------------------------------------------------- */

static struct id id_of_parts(const char *kind, const struct bytes *parts, size_t count) {
    uint8_t hash[HASH_SIZE];
    struct buffer text = buffer_make(1024);
    buffer_append(&text, kind, strlen(kind) + 1);
    for (size_t i = 0; i < count; i++) {
        buffer_append_byte(&text, (uint8_t)parts[i].size);
        buffer_append(&text, parts[i].data, parts[i].size);
    }
    hash_blake2b(buffer_bytes(&text), hash);
    buffer_free(&text);
    return id_v8(hash);
}

static struct bytes id_bytes(const struct id *id) {
    return (struct bytes){id->bytes, ID_SIZE};
}

/* --- notices ---------------------------------------------------------------------------------------------------------- */

struct told {
    struct id to, from;
    const char *kind;
    int table;
    struct bytes key;
};

static void tell(struct merging *merging, const struct row_stamp *stamp,
                 const struct told *told) {
    struct model *model = merging->model;
    const struct bytes parts[] = {id_bytes(&told->to), bytes_of_text(told->kind),
                                  told->key, id_bytes(&merging->transaction->id)};
    struct made_row row = make_row(model, T_NOTICE);
    put_id(&row, "user_id", told->to);
    put(&row, "kind", value_text(told->kind));
    if (told->table != 0) {
        put(&row, "table_number", value_integer(told->table));
        put(&row, "row_key", value_blob(told->key));
    }
    put_id(&row, "from_user_id", told->from);
    show_to(model, write_row(&row, id_of_parts("notice", parts, 4), stamp), told->to);
}

/* --- conflicts ------------------------------------------------------------------------------------------------------- */

struct side {
    struct id person, device;
    uint64_t time;
};

static struct id conflict_id(const struct kept_cell *kept, const struct side *winner,
                             const struct side *loser) {
    const struct model_table *table = kept->row->table;
    uint8_t place[2] = {(uint8_t)table->number,
                        (uint8_t)column_number(table, kept->cell)};
    uint8_t time[8];
    for (int i = 0; i < 8; i++)
        time[i] = (uint8_t)(winner->time >> (56 - 8 * i));
    const struct bytes parts[] = {{place, 2},
                                  {kept->row->key, (size_t)table->key_size},
                                  id_bytes(&winner->device),
                                  {time, 8},
                                  id_bytes(&loser->device)};
    return id_of_parts("conflict", parts, 5);
}

static void tell_conflict(struct merging *merging, const struct row_stamp *stamp,
                          const struct kept_cell *kept, struct id to, struct id from) {
    const struct model_table *table = kept->row->table;
    bool deleted = strcmp(kept->reason, "deleted") == 0;
    const struct told told = {to,
                              from,
                              deleted ? "conflict.deleted" : "conflict.overwritten",
                              table->number,
                              {kept->row->key, (size_t)table->key_size}};
    tell(merging, stamp, &told);
}

static void fill_conflict(struct made_row *row, const struct merging *merging,
                          const struct kept_cell *kept, const struct side *winner,
                          const struct side *loser) {
    const struct model_table *table = kept->row->table;
    const struct model_column *column = &table->columns[kept->cell];
    put(row, "table_number", value_integer(table->number));
    put(row, "row_key",
        value_blob((struct bytes){kept->row->key, (size_t)table->key_size}));
    put(row, "column_number", value_integer(column_number(table, kept->cell)));
    put(row, "cell_name", value_text(column->group ? column->group : column->name));
    put_id(row, "winner_user_id", winner->person);
    put_id(row, "winner_device_id", winner->device);
    put(row, "winner_at", value_integer((int64_t)(winner->time >> 16)));
    put_id(row, "loser_user_id", loser->person);
    put_id(row, "loser_device_id", loser->device);
    put(row, "loser_at", value_integer((int64_t)(loser->time >> 16)));
    put(row, "reason", value_text(kept->reason));
    put_id(row, "transaction_id", merging->transaction->id);
}

/* The values that met, for whoever puts one back. */
static void remember_values(const struct merging *merging, struct id id,
                            const struct kept_cell *kept) {
    struct model *model = merging->model;
    model->lost =
        room_for(model->lost, model->lost_count, &model->lost_room, sizeof *model->lost);
    struct lost_cell *lost = &model->lost[model->lost_count++];
    *lost = (struct lost_cell){.conflict = id,
                               .history = model->hq.history,
                               .gsn = merging->seen->gsn,
                               .table = kept->row->table->number,
                               .cell = kept->cell};
    memcpy(lost->key, kept->row->key, KEY_MOST);
    for (int i = 0; i < kept->count; i++) {
        lost->loser[i] = keep_value(model, kept->loser[i]);
        lost->winner[i] = keep_value(model, kept->winner[i]);
    }
    lost->count = kept->count;
}

static void derive_conflict(struct merging *merging, const struct kept_cell *kept) {
    const struct known_gsn *known = gsn_find(merging->model, kept->other);
    const struct side author = {merging->transaction->person, merging->seen->device,
                                merging->time};
    const struct side other = {known->person, known->device, known->time};
    const struct side *winner = kept->author_lost ? &other : &author;
    const struct side *loser = kept->author_lost ? &author : &other;
    const struct row_stamp stamp = {merging->seen->gsn, (int64_t)(merging->time >> 16),
                                    merging->transaction->person};
    struct id id = conflict_id(kept, winner, loser);
    uint8_t key[KEY_MOST] = {0};
    memcpy(key, id.bytes, ID_SIZE);
    const struct model_row *there = row_find(merging->model, T_CONFLICT, key);
    struct made_row row = make_row(merging->model, T_CONFLICT);
    fill_conflict(&row, merging, kept, winner, loser);
    if (there && there->latest) { /* how it was settled stays */
        put(&row, "settlement", there->latest->values[18]);
        put(&row, "settled_at", there->latest->values[19]);
    }
    int loser_column = column_of(row.table, "loser_user_id");
    bool news = !there || !there->latest ||
                !id_equal(value_id(there->latest->values[loser_column]), loser->person);
    struct version *version = write_row(&row, id, &stamp);
    show_to(merging->model, version, winner->person);
    show_to(merging->model, version, loser->person);
    remember_values(merging, id, kept);
    if (!news)
        return;
    if (strcmp(kept->reason, "deleted") == 0)
        tell_conflict(merging, &stamp, kept, winner->person, loser->person);
    tell_conflict(merging, &stamp, kept, loser->person, winner->person);
}

void derive_conflicts(struct merging *merging) {
    for (int i = 0; i < merging->kept_count; i++)
        derive_conflict(merging, &merging->kept[i]);
}

/* --- refusals --------------------------------------------------------------------------------------------------------- */

static bool moves_state(const struct model_change *change) {
    for (int i = 0; i < change->count; i++)
        if (change->table->columns[change->columns[i]].merge == STATE)
            return true;
    return false;
}

static void remember_refused(struct merging *merging) {
    struct model *model = merging->model;
    for (int i = 0; i < merging->transaction->change_count; i++) {
        const struct model_change *change = &merging->transaction->changes[i];
        if (!change->insert && !moves_state(change))
            continue;
        model->hq.refused = room_for(model->hq.refused, model->hq.refused_count,
                                     &model->hq.refused_room, sizeof *model->hq.refused);
        struct refused_row *row = &model->hq.refused[model->hq.refused_count++];
        *row = (struct refused_row){.table = change->table->number,
                                    .whole = change->insert,
                                    .family = merging->device->family,
                                    .gsn = merging->seen->gsn};
        memcpy(row->key, change->key, KEY_MOST);
    }
}

void derive_flag(struct merging *merging) {
    static const struct id nobody;
    const struct row_stamp stamp = {merging->seen->gsn, (int64_t)(merging->time >> 16),
                                    merging->transaction->person};
    const struct told told = {
        merging->transaction->person, nobody, "transaction.flagged", 0, {NULL, 0}};
    if (merging->flag)
        tell(merging, &stamp, &told);
}

void derive_refusal(struct merging *merging, const char *code) {
    static const struct id nobody;
    const struct transaction_of_model *transaction = merging->transaction;
    bool stranger = strcmp(code, "actor.not_allowed") == 0;
    struct id person = stranger ? nobody : transaction->person;
    const struct row_stamp stamp = {merging->seen->gsn, merging->seen->at,
                                    transaction->person};
    struct made_row row = make_row(merging->model, T_REFUSAL);
    put_id(&row, "user_id", person);
    put_id(&row, "device_id", merging->seen->device);
    put(&row, "command", value_text(transaction->command));
    put(&row, "code", value_text(code));
    put(&row, "made_at", value_integer((int64_t)(merging->seen->stated >> 16)));
    show_to(merging->model, write_row(&row, transaction->id, &stamp), person);
    remember_refused(merging);
    if (stranger)
        return;
    const struct told told = {person,
                              nobody,
                              "transaction.refused",
                              T_REFUSAL,
                              {transaction->id.bytes, ID_SIZE}};
    tell(merging, &stamp, &told);
}

void derive_device(struct model *model, const struct known_gsn *known) {
    static const struct id nobody;
    const struct row_stamp stamp = {known->gsn, known->at, nobody};
    struct made_row row = make_row(model, T_DEVICE);
    write_row(&row, known->transaction, &stamp); /* it has the device's id */
    struct device_of_model *device = device_find(model, known->transaction);
    if (!device || !device->unknown)
        return;
    device->unknown =
        false; /* it has proven itself: what it saw is what both histories have */
    device->seen_base = model->hq.epochs[model->hq.epoch_count - 1].from;
}

static void revoke(struct model *model, struct device_of_model *device,
                   const struct row_stamp *stamp) {
    uint8_t key[KEY_MOST] = {0};
    struct value values[COLUMNS];
    memcpy(key, device->id.bytes, ID_SIZE);
    const struct model_row *row = row_find(model, T_DEVICE, key);
    if (device->unknown || device->revoked || !row || !row->latest)
        return;
    memcpy(values, row->latest->values,
           (size_t)row->table->column_count * sizeof *values);
    values[column_of(row->table, "revoked_at")] = value_integer(stamp->at);
    row_write(model, T_DEVICE, key, values, stamp);
    device->revoked = true;
}

void derive_revoked(struct model *model, struct id device,
                    const struct known_gsn *known) {
    static const struct id nobody;
    const struct row_stamp stamp = {known->gsn, known->at, nobody};
    const struct device_of_model *named = device_find(model, device);
    for (int i = 0; named && i < model->hq.device_count; i++)
        if (model->hq.devices[i].family == named->family)
            revoke(model, &model->hq.devices[i], &stamp);
}
