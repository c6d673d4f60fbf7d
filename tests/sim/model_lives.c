/* Copies of stations: what was done before is the work of both, what comes after of each alone. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/model_parts.h"

/* --- lives ------------------------------------------------------------------------------------------------ */

int line_begin(struct model *model, int parent, int64_t until) {
    model->lines = room_for(model->lines, model->line_count, &model->line_room,
                            sizeof *model->lines);
    model->lines[model->line_count] = (struct line_of_life){parent, until};
    return model->line_count++;
}

/* The same station's, before or after. */
bool is_own_line(const struct model *model, int64_t gsn,
                 const struct transaction_of_model *transaction) {
    const struct known_gsn *known = gsn_find(model, gsn);
    const struct transaction_of_model *other =
        known ? transaction_find(model, known->transaction) : NULL;
    return other && other->line == transaction->line;
}

bool is_own_past(const struct model *model, int64_t gsn,
                 const struct transaction_of_model *transaction) {
    const struct known_gsn *known = gsn_find(model, gsn);
    const struct transaction_of_model *other =
        known ? transaction_find(model, known->transaction) : NULL;
    int64_t until = transaction->made;
    for (int line = transaction->line; other && line >= 0;
         line = model->lines[line].parent) {
        if (other->line == line && other->made <= until)
            return true;
        if (model->lines[line].until < until)
            until = model->lines[line].until;
    }
    return false;
}

struct device_of_model *device_find(const struct model *model, struct id id) {
    for (int i = 0; i < model->hq.device_count; i++)
        if (id_equal(model->hq.devices[i].id, id))
            return &model->hq.devices[i];
    return NULL;
}

void device_add(struct model *model, const struct station_of_model *station, int family) {
    model->hq.devices = room_for(model->hq.devices, model->hq.device_count,
                                 &model->hq.device_room, sizeof *model->hq.devices);
    model->hq.devices[model->hq.device_count] =
        (struct device_of_model){.id = station->device,
                                 .family = family < 0 ? model->hq.device_count : family,
                                 .plan = station->plan,
                                 .ceiling = station->ceiling,
                                 .schema_version = station->schema_version};
    model->hq.device_count++;
}

/* --- copies of disks ---------------------------------------------------------------------------------------- */

static void take_pending(struct station_of_model *station,
                         struct transaction_of_model *const *pending, int count) {
    station->pending_count = 0;
    for (int i = 0; i < count; i++) {
        station->pending = room_for(station->pending, station->pending_count,
                                    &station->pending_room, sizeof *station->pending);
        station->pending[station->pending_count++] = pending[i];
    }
}

int model_snapshot(struct model *model, int number) {
    const struct station_of_model *station = station_of(model, number);
    size_t count = (size_t)station->pending_count;
    struct station_copy copy = {.number = number,
                                .line = station->line,
                                .device = station->device,
                                .history = station->history,
                                .rows_version = station->rows_version,
                                .made = ++model->events,
                                .epoch = station->epoch,
                                .cursor = station->cursor,
                                .synced = station->synced,
                                .pending_count = station->pending_count};
    copy.pending = arena_alloc_array(&model->arena, count + 1, sizeof *copy.pending);
    assert(copy.pending);
    if (count > 0)
        memcpy(copy.pending, station->pending, count * sizeof *copy.pending);
    model->copies = room_for(model->copies, model->copy_count, &model->copy_room,
                             sizeof *model->copies);
    model->copies[model->copy_count] = copy;
    return model->copy_count++;
}

static void put_back(struct model *model, struct station_of_model *station,
                     const struct station_copy *copy) {
    station->device = copy->device;
    station->line = line_begin(model, copy->line, copy->made);
    station->synced = copy->synced;
    station->history = copy->history;
    station->rows_version = copy->rows_version;
    station->epoch = copy->epoch;
    take_pending(station, copy->pending, copy->pending_count);
    station_move(model, station, copy->cursor);
}

int model_restore(struct model *model, int number, int token) {
    assert(token >= 0 && token < model->copy_count);
    put_back(model, station_of(model, number), &model->copies[token]);
    return 0;
}

int model_clone(struct model *model, int from, int to) {
    const struct station_of_model *original = station_of(model, from);
    struct station_of_model *station = calloc(1, sizeof *station);
    int token = model_snapshot(model, from);
    assert(station && !model->stations[to]);
    station->number = to;
    station->plan = original->plan;
    station->ceiling = original->ceiling;
    station->schema_version = original->schema_version;
    overlay_make(&station->overlay, NULL);
    model->stations[to] = station;
    put_back(model, station, &model->copies[token]);
    return 0;
}

/* The child of the device that the station was: it may be heard of before the station tells. */
struct device_of_model *device_of_child(struct model *model, int number,
                                        struct id device) {
    struct station_of_model child = *station_of(model, number);
    const struct device_of_model *parent = device_find(model, child.device);
    int64_t seen_base = parent ? parent->seen_base : 0;
    int family = parent ? parent->family : -1;
    child.device = device;
    device_add(model, &child, family);
    struct device_of_model *added = &model->hq.devices[model->hq.device_count - 1];
    added->seen_base = seen_base;
    return added;
}

void device_of_parent(struct model *model, struct id device, struct id parent) {
    const struct device_of_model *known = device_find(model, parent);
    if (!known || device_find(model, device))
        return;
    struct device_of_model child = *known;
    child.id = device;
    model->hq.devices = room_for(model->hq.devices, model->hq.device_count,
                                 &model->hq.device_room, sizeof *model->hq.devices);
    model->hq.devices[model->hq.device_count++] = child;
}

int model_wiped(struct model *model, int number) {
    station_of(model, number)->pending_count = 0;
    model->events++;
    return 0;
}

int model_updated(struct model *model, int number, int version) {
    station_of(model, number)->schema_version = version;
    return 0;
}

int model_reenrolled(struct model *model, int number, struct id device) {
    if (!device_find(model, device))
        device_of_child(model, number, device);
    station_of(model, number)->device = device;
    return 0;
}
