/*
 * Merge: deciding one cell.
 *
 * Not concurrent: the incoming value is taken, but for `add` (the value is a difference, always added). Concurrent: the cell's rule decides, and the same two writes end the same whichever
 * arrives first, because a tie of times is broken by the device id.
 */
#include "sync/merge.h"

#include <assert.h>
#include <string.h>

const char *merge_reason_text(enum merge_reason reason) {
    switch (reason) {
    case MERGE_REASON_LATER:
        return "later";
    case MERGE_REASON_EQUAL_TIME:
        return "equal_time";
    case MERGE_REASON_FIRST:
        return "first";
    case MERGE_REASON_STATE_EARLIER:
        return "state_earlier";
    case MERGE_REASON_DELETED:
        return "deleted";
    default:
        return "";
    }
}

bool merge_is_concurrent(const struct stamp *master, int64_t base, struct id device) {
    return master->gsn > base && !id_equal(master->device, device);
}

bool merge_edits_deleted(bool row_is_deleted, const struct stamp *deletion, int64_t base,
                         struct id device) {
    return row_is_deleted && merge_is_concurrent(deletion, base, device);
}

static bool values_equal(const struct merge_case *c) {
    for (size_t i = 0; i < c->count; i++)
        if (!value_equal(c->master_values[i], c->values[i]))
            return false;
    return true;
}

/* Does the incoming write come after the master's? */
static bool is_later(const struct merge_case *c) {
    if (c->time != c->master.time)
        return c->time > c->master.time;
    return id_compare(c->device, c->master.device) > 0;
}

static enum merge_reason later_reason(const struct merge_case *c) {
    if (c->time == c->master.time)
        return MERGE_REASON_EQUAL_TIME;
    if (c->rule == MERGE_STATE && c->time < c->master.time)
        return MERGE_REASON_STATE_EARLIER;
    return MERGE_REASON_LATER;
}

/* lww and state, when two different values met. */
static struct merge_decision decide_later(const struct merge_case *c) {
    bool take = is_later(c);
    return (struct merge_decision){
        .take = take,
        .conflict = true,
        .author_lost = !take,
        .reason = later_reason(c),
    };
}

static struct merge_decision decide_first(const struct merge_case *c) {
    bool set = false;
    for (size_t i = 0; i < c->count; i++)
        set = set || c->master_values[i].type != VALUE_NULL;
    if (!set)
        return (struct merge_decision){.take = true};
    bool conflict = !values_equal(c);
    return (struct merge_decision){
        .conflict = conflict,
        .author_lost = conflict,
        .reason = conflict ? MERGE_REASON_FIRST : MERGE_REASON_NONE,
    };
}

/* The greater of the two, or the lesser; NULL, the least of all, loses both ways. */
static struct merge_decision decide_bound(const struct merge_case *c) {
    int order = value_compare(c->values[0], c->master_values[0]);
    if (c->rule == MERGE_MIN && c->values[0].type != VALUE_NULL &&
        c->master_values[0].type != VALUE_NULL)
        order = -order;
    return (struct merge_decision){
        .take = order > 0,
        .combined_valid = true,
        .combined = order > 0 ? c->values[0] : c->master_values[0],
    };
}

/* What is NULL counts as nothing. */
static int64_t integer_of(struct value value) {
    return value.type == VALUE_INTEGER ? value.integer : 0;
}

static int decide_sum(const struct merge_case *c, struct merge_decision *ret,
                      struct error *error) {
    int64_t sum = 0;
    if (__builtin_add_overflow(integer_of(c->master_values[0]), integer_of(c->values[0]),
                               &sum))
        return error_set(error, "merge.overflow", NULL,
                         "The sum is too large for a number.");
    bool take = c->values[0].type != VALUE_NULL;
    *ret = (struct merge_decision){
        .take = take,
        .combined_valid = true,
        .combined = take ? value_integer(sum) : c->master_values[0],
    };
    return 0;
}

int merge_cell(const struct merge_case *merge_case, struct merge_decision *ret,
               struct error *error) {
    const struct merge_case *c = merge_case;
    bool concurrent = merge_is_concurrent(&c->master, c->base, c->device);
    assert(c->count > 0);
    assert(c->count == 1 || c->rule == MERGE_LWW || c->rule == MERGE_STATE ||
           c->rule == MERGE_FIRST);
    if (c->rule == MERGE_ADD)
        return decide_sum(c, ret, error);
    if (!concurrent)
        *ret = (struct merge_decision){.take = true};
    else if (c->rule == MERGE_FIRST)
        *ret = decide_first(c);
    else if (c->rule == MERGE_MAX || c->rule == MERGE_MIN)
        *ret = decide_bound(c);
    else if (values_equal(c))
        *ret = (struct merge_decision){.take = is_later(c)}; /* the later stamp */
    else
        *ret = decide_later(c);
    return 0;
}
