/*
 * Headquarters put back to a copy. What it gave out since is of a lost history: stations still hold it, and send again
 * what they did there.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/model_parts.h"

/* --- histories ---------------------------------------------------------------------------------------------- */

int past_begin(struct model *model, int parent, int64_t from) {
    model->histories = room_for(model->histories, model->history_count,
                                &model->history_room, sizeof *model->histories);
    model->histories[model->history_count] = (struct history_of_model){parent, from};
    return model->history_count++;
}

bool in_history(const struct model *model, int history, int made, int64_t gsn) {
    while (history != made && history >= 0) {
        const struct history_of_model *at = &model->histories[history];
        if (gsn > at->from)
            return false;
        history = at->parent;
    }
    return history == made;
}

/* --- copies --------------------------------------------------------------------------------------------------- */

static void *copy_of(const void *items, int count, size_t size) {
    void *copy = malloc((size_t)count * size + 1);
    assert(copy);
    if (count > 0)
        memcpy(copy, items, (size_t)count * size);
    return copy;
}

static struct headquarters_of_model copy_hq(const struct headquarters_of_model *hq) {
    struct headquarters_of_model copy = *hq;
    copy.gsns = copy_of(hq->gsns, hq->gsn_count, sizeof *hq->gsns);
    copy.devices = copy_of(hq->devices, hq->device_count, sizeof *hq->devices);
    copy.refused = copy_of(hq->refused, hq->refused_count, sizeof *hq->refused);
    copy.waiting = copy_of(hq->waiting, hq->waiting_count, sizeof *hq->waiting);
    copy.gsn_room = copy.gsn_count;
    copy.device_room = copy.device_count;
    copy.refused_room = copy.refused_count;
    copy.waiting_room = copy.waiting_count;
    return copy;
}

void past_free(struct headquarters_of_model *hq) {
    free(hq->gsns);
    free(hq->devices);
    free(hq->refused);
    free(hq->waiting);
    memset(hq, 0, sizeof *hq);
}

int model_server_snapshot(struct model *model) {
    past_free(&model->hq_copy);
    model->hq_copy = copy_hq(&model->hq);
    return 0;
}

/* Devices that the copy does not know are unknown until they prove themselves. */
static void keep_devices(struct model *model, const struct headquarters_of_model *lost) {
    for (int i = 0; i < lost->device_count; i++)
        if (!device_find(model, lost->devices[i].id)) {
            struct device_of_model device = lost->devices[i];
            device.seen_base = 0;
            device.schema_version = 0;
            device.unknown = true;
            device.revoked = false;
            model->hq.devices =
                room_for(model->hq.devices, model->hq.device_count,
                         &model->hq.device_room, sizeof *model->hq.devices);
            model->hq.devices[model->hq.device_count++] = device;
        }
}

static void find_known(struct model *model) {
    for (int i = 0; i < TRANSACTION_HASH; i++)
        for (struct transaction_of_model *at = model->transactions[i]; at;
             at = at->next_of_hash)
            at->gsn = at->kind = 0;
    for (int i = 0; i < model->hq.gsn_count; i++) {
        const struct known_gsn *known = &model->hq.gsns[i];
        struct transaction_of_model *transaction =
            transaction_find(model, known->transaction);
        if (transaction) {
            transaction->gsn = known->gsn;
            transaction->kind = known->kind;
        }
    }
}

int model_server_restore(struct model *model) {
    struct headquarters_of_model lost = model->hq;
    int parent = model->hq_copy.history;
    int64_t head = model->hq_copy.head;
    model->events++;
    model->hq = copy_hq(&model->hq_copy);
    keep_devices(model, &lost);
    past_free(&lost);
    for (int i = 0; i < T_NUMBERS; i++)
        for (struct model_row *row = model->of_table[i]; row; row = row->next_of_table) {
            model->hq.history = -1; /* none is the present one */
            row->latest =
                (struct version *)(uintptr_t)version_at(model, row, parent, head);
        }
    model->hq.history = past_begin(model, parent, head);
    find_known(model);
    sim_trace(model->report, "history %d goes on from %lld of %d", model->hq.history,
              (long long)head, parent);
    return 0;
}

int64_t past_base(const struct model *model, int64_t epoch, int64_t base) {
    const struct headquarters_of_model *hq = &model->hq;
    int64_t from = epoch > hq->epochs[hq->epoch_count - 1].number ? 0 : INT64_MAX;
    for (int i = 0; i < hq->epoch_count && epoch > 0; i++)
        if (hq->epochs[i].number > epoch && hq->epochs[i].from < from)
            from = hq->epochs[i].from;
    return base < from ? base : from;
}

int64_t past_base_of(const struct model *model,
                     const struct transaction_of_model *transaction, int64_t epoch) {
    for (int i = 0; i < model->hq.waiting_count; i++)
        if (model->hq.waiting[i].transaction == transaction)
            return model->hq.waiting[i].seen.base;
    return past_base(model, epoch, transaction->base);
}

void past_epoch(struct model *model, int64_t number, int64_t from) {
    struct headquarters_of_model *hq = &model->hq;
    assert(hq->epoch_count < EPOCHS_MOST);
    hq->epochs[hq->epoch_count++] = (struct epoch_of_model){number, from};
    hq->refilling = true;
}

/* --- who knew of whom ------------------------------------------------------------------------------------------- */

static const struct known_gsn *former_of(const struct model *model, int64_t gsn,
                                         const struct merged_seen *seen) {
    const struct known_gsn *known =
        seen->epoch > 0 && gsn < seen->gsn ? gsn_find(model, gsn) : NULL;
    return known && known->epoch == seen->epoch && known->kind != 3 ? known : NULL;
}

bool past_knew(const struct model *model, int64_t gsn, const struct merged_seen *seen,
               const struct transaction_of_model *transaction) {
    const struct known_gsn *known = former_of(model, gsn, seen);
    return known && known->former > 0 && known->former <= transaction->base;
}

bool past_superseded(const struct model *model, int64_t gsn,
                     const struct merged_seen *seen) {
    const struct known_gsn *known = former_of(model, gsn, seen);
    return known && seen->former > 0 && known->lost_base >= seen->former;
}

/* --- waiting ------------------------------------------------------------------------------------------------------ */

/* What may still come with more of the lost history. */
static bool is_missing(const char *code) {
    return strcmp(code, "row.missing") == 0 || strcmp(code, "reference.missing") == 0 ||
           strcmp(code, "actor.inactive") == 0 || strncmp(code, "scope.", 6) == 0;
}

bool past_defers(const struct model *model, const struct merged_seen *seen,
                 const char *code) {
    return model->hq.refilling && seen->epoch > 0 &&
           (seen->former > 0 || is_missing(code));
}

void past_decided(struct model *model, const struct transaction_of_model *transaction) {
    struct headquarters_of_model *hq = &model->hq;
    int kept = 0;
    for (int i = 0; i < hq->waiting_count; i++)
        if (hq->waiting[i].transaction != transaction)
            hq->waiting[kept++] = hq->waiting[i];
    hq->waiting_count = kept;
}

static bool is_put_off(const struct merging *merging) {
    for (int i = 0; i < merging->code_count; i++)
        if (past_defers(merging->model, merging->seen, merging->codes[i]))
            return true;
    return false;
}

static int check_waits(struct model *model, struct transaction_of_model *transaction,
                       const struct merged_seen *seen, const char *when) {
    struct merging *merging = merge_decide(model, transaction, seen);
    int result =
        is_put_off(merging)
            ? 0
            : sim_wrong(model->report, "%s of station %d waits (%s) %s, expected %s",
                        transaction->command, transaction->station, seen->code, when,
                        merging->code_count ? merging->codes[0] : "that it is merged");
    merge_free(merging);
    return result;
}

int model_deferred(struct model *model, const struct merged_seen *seen) {
    struct headquarters_of_model *hq = &model->hq;
    struct transaction_of_model *transaction = transaction_find(model, seen->transaction);
    struct merged_seen told = *seen;
    model->events++;
    if (!transaction || transaction->gsn != 0)
        return sim_wrong(model->report,
                         "work waits that nobody made, or that was merged");
    for (int i = 0; i < hq->waiting_count; i++)
        if (hq->waiting[i].transaction == transaction)
            return 0;
    told.base = past_base(model, told.epoch, transaction->base);
    if (check_waits(model, transaction, &told, "at first") != 0)
        return -1;
    struct device_of_model *device = device_find(model, told.device);
    if (device && told.base > device->seen_base)
        device->seen_base = told.base;
    hq->waiting =
        room_for(hq->waiting, hq->waiting_count, &hq->waiting_room, sizeof *hq->waiting);
    hq->waiting[hq->waiting_count++] = (struct waiting_of_model){transaction, told};
    return 0;
}

/* All that waits was tried again: what is left still has to wait. */
int model_retried(struct model *model, int64_t at, bool last) {
    struct headquarters_of_model *hq = &model->hq;
    int result = 0;
    model->events++;
    if (last && hq->waiting_count > 0)
        return sim_wrong(model->report, "the refill ended, and work still waits");
    for (int i = 0; i < hq->waiting_count && result == 0; i++) {
        struct waiting_of_model *waiting = &hq->waiting[i];
        waiting->seen.at = at;
        waiting->seen.gsn = hq->head + 1;
        result = check_waits(model, waiting->transaction, &waiting->seen, "still");
    }
    hq->refilling = hq->refilling && !last;
    return result;
}
