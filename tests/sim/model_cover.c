/*
 * What one of several people sees of a station that they share: the same rows as on a station of his own. Said of the
 * rows that are there now, with the pending work in them.
 */
#include <string.h>

#include "tests/sim/model_parts.h"

static bool in_scope(const struct cover *cover, enum model_scope kind, struct value id) {
    struct model *model = (struct model *)(uintptr_t)cover->whole.model;
    return !is_null(id) &&
           bits_has(&cover->rights.scopes, scope_of(model, kind, value_id(id)));
}

static bool shows_pointed(const struct cover *cover, int table, struct value id) {
    uint8_t key[KEY_MOST] = {0};
    struct seen_row row;
    if (is_null(id))
        return false;
    memcpy(key, id.bytes.data, ID_SIZE);
    return view_find(&cover->whole, table, key, &row) && cover_shows(cover, &row);
}

static bool is_granted(const struct cover *cover, const struct seen_row *customer) {
    struct view_place place = {0};
    struct seen_row member;
    while (view_next(&cover->whole, T_MEMBER, &place, &member))
        if (memcmp(member.key, customer->key, ID_SIZE) == 0 &&
            is_null(seen_value(&member, "deleted_at")) &&
            in_scope(cover, IN_USER, seen_value(&member, "user_id")))
            return true;
    return false;
}

static bool is_brought(const struct cover *cover, int table,
                       const struct seen_row *customer) {
    struct view_place place = {0};
    struct seen_row row;
    struct value id = value_blob((struct bytes){customer->key, ID_SIZE});
    while (view_next(&cover->whole, table, &place, &row))
        if (value_equal(seen_value(&row, "customer_id"), id) && cover_shows(cover, &row))
            return true;
    return false;
}

static bool shows_customer(const struct cover *cover, const struct seen_row *row) {
    struct value owner = seen_value(row, "owner_id");
    return in_scope(cover, IN_USER, owner) ||
           (is_null(owner) && in_scope(cover, IN_POOL, seen_value(row, "branch_id"))) ||
           is_granted(cover, row) || is_brought(cover, T_DEAL, row) ||
           is_brought(cover, T_VISIT, row);
}

static bool shows_remark(const struct cover *cover, const struct seen_row *row) {
    if (!is_null(seen_value(row, "line_id")))
        return shows_pointed(cover, T_LINE, seen_value(row, "line_id"));
    if (!is_null(seen_value(row, "deal_id")))
        return shows_pointed(cover, T_DEAL, seen_value(row, "deal_id"));
    return shows_pointed(cover, T_CUSTOMER, seen_value(row, "customer_id"));
}

static bool shows_own(const struct cover *cover, const struct seen_row *row) {
    return cover->own && overlay_find(cover->own, row->table->number, row->key);
}

bool cover_shows(const struct cover *cover, const struct seen_row *row) {
    if (row->table->org || shows_own(cover, row))
        return true;
    switch (row->table->number) {
    case T_CUSTOMER:
        return shows_customer(cover, row);
    case T_DEAL:
        return in_scope(cover, IN_USER, seen_value(row, "owner_id")) ||
               in_scope(cover, IN_BRANCH, seen_value(row, "branch_id"));
    case T_VISIT:
        return in_scope(cover, IN_USER, seen_value(row, "by_id"));
    case T_MEMBER:
        return shows_pointed(cover, T_CUSTOMER, seen_value(row, "customer_id"));
    case T_STEP:
    case T_LINE:
        return shows_pointed(cover, T_DEAL, seen_value(row, "deal_id"));
    case T_REMARK:
        return shows_remark(cover, row);
    case T_CONFLICT:
        return in_scope(cover, IN_USER, seen_value(row, "loser_user_id")) ||
               in_scope(cover, IN_USER, seen_value(row, "winner_user_id"));
    case T_REFUSAL:
    case T_NOTICE:
        return in_scope(cover, IN_USER, seen_value(row, "user_id"));
    default: /* headquarters' alone */
        return false;
    }
}

bool cover_make(const struct station_of_model *station, const struct view *whole,
                const struct rights *rights, struct cover *ret) {
    static const struct id none;
    struct model *model = (struct model *)(uintptr_t)whole->model;
    bool shared = station->plan.everyone || station->plan.count > 1;
    if (!shared || bits_has(&rights->scopes, scope_of(model, IN_HQ, none)))
        return false;
    *ret = (struct cover){*rights, *whole, NULL};
    return true;
}
