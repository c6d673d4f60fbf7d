/* Who sees what: the scopes of rows, and the rights of people. Everything is computed anew each time. */
#include <string.h>

#include "schema/functions.h"
#include "tests/sim/model_parts.h"

/* --- rows ------------------------------------------------------------------------------------------------ */

static struct value latest_value(const struct model_row *row, const char *column) {
    return row->latest->values[column_of(row->table, column)];
}

static void add_id(struct model *model, struct model_row *row, enum model_scope kind,
                   struct value id) {
    if (!is_null(id))
        bits_add(&row->found, scope_of(model, kind, value_id(id)));
}

static struct model_row *pointed(const struct model *model, int table, struct value id) {
    uint8_t key[KEY_MOST] = {0};
    if (is_null(id))
        return NULL;
    memcpy(key, id.bytes.data, ID_SIZE);
    struct model_row *row = row_find(model, table, key);
    return row && row->latest ? row : NULL;
}

static void follow(struct model *model, struct model_row *row, int table,
                   struct value id) {
    const struct model_row *parent = pointed(model, table, id);
    if (parent)
        bits_join(&row->found, &parent->found);
}

/* Whoever sees this row sees that one. */
static void bring(struct model *model, const struct model_row *row, int table,
                  struct value id) {
    struct model_row *brought = pointed(model, table, id);
    if (brought)
        bits_join(&brought->found, &row->found);
}

static void place_alone(struct model *model, struct model_row *row) {
    switch (row->table->number) {
    case T_CUSTOMER:
        add_id(model, row, IN_USER, latest_value(row, "owner_id"));
        if (is_null(latest_value(row, "owner_id")))
            add_id(model, row, IN_POOL, latest_value(row, "branch_id"));
        break;
    case T_DEAL:
        add_id(model, row, IN_USER, latest_value(row, "owner_id"));
        add_id(model, row, IN_BRANCH, latest_value(row, "branch_id"));
        break;
    case T_VISIT:
        add_id(model, row, IN_USER, latest_value(row, "by_id"));
        break;
    default:
        break;
    }
}

static void follow_remark(struct model *model, struct model_row *row) {
    if (!is_null(latest_value(row, "line_id")))
        follow(model, row, T_LINE, latest_value(row, "line_id"));
    else if (!is_null(latest_value(row, "deal_id")))
        follow(model, row, T_DEAL, latest_value(row, "deal_id"));
    else
        follow(model, row, T_CUSTOMER, latest_value(row, "customer_id"));
}

static void place_by_others(struct model *model, struct model_row *row) {
    switch (row->table->number) {
    case T_DEAL:
    case T_VISIT:
        bring(model, row, T_CUSTOMER, latest_value(row, "customer_id"));
        break;
    case T_MEMBER:
        follow(model, row, T_CUSTOMER, latest_value(row, "customer_id"));
        break;
    case T_STEP:
    case T_LINE:
        follow(model, row, T_DEAL, latest_value(row, "deal_id"));
        break;
    case T_REMARK:
        follow_remark(model, row);
        break;
    default:
        break;
    }
}

static void grant(struct model *model, const struct model_row *member) {
    struct model_row *customer =
        pointed(model, T_CUSTOMER, latest_value(member, "customer_id"));
    if (customer && is_null(latest_value(member, "deleted_at")))
        add_id(model, customer, IN_USER, latest_value(member, "user_id"));
}

void scopes_place(struct model *model, int64_t gsn) {
    /* Bringers and granted ones before those who follow them. */
    static const int order[] = {T_BUDGET, T_CUSTOMER, T_DEAL, T_VISIT,
                                T_MEMBER, T_STEP,     T_LINE, T_REMARK};
    enum { COUNT = sizeof order / sizeof *order };
    static const struct id none;
    int all = scope_of(model, IN_HQ, none);
    for (int i = 0; i < COUNT; i++)
        for (struct model_row *row = model->of_table[order[i]]; row;
             row = row->next_of_table) {
            memset(&row->found, 0, sizeof row->found);
            if (row->latest) {
                bits_add(&row->found, all);
                place_alone(model, row);
            }
        }
    for (struct model_row *row = model->of_table[T_MEMBER]; row; row = row->next_of_table)
        if (row->latest)
            grant(model, row);
    for (int i = 0; i < COUNT; i++)
        for (struct model_row *row = model->of_table[order[i]]; row;
             row = row->next_of_table)
            if (row->latest)
                place_by_others(model, row);
    for (int i = 0; i < COUNT; i++)
        for (struct model_row *row = model->of_table[order[i]]; row;
             row = row->next_of_table)
            if (row->latest && !bits_same(&row->found, &row->latest->scopes))
                version_add(model, row, gsn)->scopes = row->found;
}

/* --- people ---------------------------------------------------------------------------------------------------- */

static int role_of_id(struct id role) {
    static const char *const names[] = {"role/rep", "role/manager", "role/hq",
                                        "role/admin"};
    for (int i = 0; i < 4; i++)
        if (id_equal(role, functions_text_key(bytes_of_text(names[i]))))
            return 1 << i;
    return 0;
}

static int roles_of_person(const struct view *view, struct id person) {
    struct view_place place = {0};
    struct seen_row row;
    int roles = 0;
    while (view_next(view, T_USER_ROLE, &place, &row))
        if (memcmp(row.key, person.bytes, ID_SIZE) == 0 &&
            is_null(seen_value(&row, "deleted_at"))) {
            struct id role;
            memcpy(role.bytes, row.key + ID_SIZE, ID_SIZE);
            roles |= role_of_id(role);
        }
    return roles;
}

static bool find_person(const struct view *view, struct id person, struct seen_row *ret) {
    uint8_t key[KEY_MOST] = {0};
    memcpy(key, person.bytes, ID_SIZE);
    return view_find(view, T_USER, key, ret);
}

/* Whether `boss` stands above the person, at any height; a circle ends. */
static bool is_below(const struct view *view, struct id boss, struct id person) {
    enum { HEIGHT = 64 };
    for (int i = 0; i < HEIGHT; i++) {
        struct seen_row row;
        if (!find_person(view, person, &row))
            return false;
        person = value_id(seen_value(&row, "manager_id"));
        if (id_is_zero(person))
            return false;
        if (id_equal(person, boss))
            return true;
    }
    return false;
}

static void see_team(struct model *model, const struct view *view, struct id person,
                     struct rights *ret) {
    struct view_place place = {0};
    struct seen_row row;
    while (view_next(view, T_USER, &place, &row)) {
        struct id other;
        memcpy(other.bytes, row.key, ID_SIZE);
        if (!id_equal(other, person) && is_below(view, person, other))
            bits_add(&ret->scopes, scope_of(model, IN_USER, other));
    }
}

static void see_deputised(struct model *model, const struct view *view, struct id person,
                          struct rights *ret) {
    struct view_place place = {0};
    struct seen_row row;
    while (view_next(view, T_DEPUTY, &place, &row)) {
        struct id other;
        if (memcmp(row.key + ID_SIZE, person.bytes, ID_SIZE) != 0 ||
            !is_null(seen_value(&row, "deleted_at")))
            continue;
        memcpy(other.bytes, row.key, ID_SIZE);
        bits_add(&ret->scopes, scope_of(model, IN_USER, other));
    }
}

void rights_of(const struct view *view, struct id person, int ceiling,
               struct rights *ret) {
    static const struct id none;
    struct model *model = (struct model *)(uintptr_t)view->model; /* numbers scopes */
    struct seen_row row;
    memset(ret, 0, sizeof *ret);
    ret->known = find_person(view, person, &row);
    ret->active = ret->known && seen_value(&row, "active").integer != 0;
    ret->roles = roles_of_person(view, person) & ceiling;
    bits_add(&ret->scopes, scope_of(model, IN_ORG, none));
    bits_add(&ret->scopes, scope_of(model, IN_USER, person));
    see_deputised(model, view, person, ret);
    struct id branch = ret->known ? value_id(seen_value(&row, "branch_id")) : none;
    if (!id_is_zero(branch)) {
        bits_add(&ret->scopes, scope_of(model, IN_POOL, branch));
        if (ret->roles & ROLE_MANAGER)
            bits_add(&ret->scopes, scope_of(model, IN_BRANCH, branch));
    }
    if (ret->roles & ROLE_MANAGER)
        see_team(model, view, person, ret);
    if (ret->roles & ROLE_HQ)
        bits_add(&ret->scopes, scope_of(model, IN_HQ, none));
}
