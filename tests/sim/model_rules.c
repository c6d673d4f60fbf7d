/* The domain's rules, and who may write what: said by hand. */
#include <stdio.h>
#include <string.h>

#include "tests/sim/model_parts.h"

/* --- rules, in order of their names ---------------------------------------------------------------------- */

static bool find_by_id(const struct view *view, int table, struct value id,
                       struct seen_row *ret) {
    uint8_t key[KEY_MOST] = {0};
    if (is_null(id))
        return false;
    memcpy(key, id.bytes.data, ID_SIZE);
    return view_find(view, table, key, ret);
}

static int count_members(const struct view *view, const uint8_t *customer) {
    struct view_place place = {0};
    struct seen_row row;
    int count = 0;
    while (view_next(view, T_MEMBER, &place, &row))
        count += memcmp(row.key, customer, ID_SIZE) == 0 &&
                 is_null(seen_value(&row, "deleted_at"));
    return count;
}

static bool member_limit(const struct rule_case *c) {
    for (const struct overlay_row *row = c->touched->first; row; row = row->next)
        if (row->touched && row->table->number == T_MEMBER &&
            is_null(row->values[column_of(row->table, "deleted_at")]) &&
            count_members(c->view, row->key) > 3)
            return true;
    return false;
}

static bool owner_active(const struct rule_case *c) {
    for (int i = 0; i < c->cell_count; i++) {
        const struct cell_change *cell = &c->cells[i];
        struct seen_row person;
        if (cell->table->number == T_CUSTOMER &&
            cell->column == column_of(cell->table, "owner_id") &&
            find_by_id(c->view, T_USER, cell->after, &person) &&
            seen_value(&person, "active").integer == 0)
            return true;
    }
    return false;
}

static bool amount_limit(const struct rule_case *c) {
    for (int i = 0; i < c->cell_count; i++)
        if (c->cells[i].table->number == T_DEAL &&
            c->cells[i].column == column_of(c->cells[i].table, "amount_minor") &&
            c->cells[i].after.integer > 900000 && !(c->roles & ROLE_MANAGER))
            return true;
    return false;
}

static bool is_step(struct value from, struct value to) {
    static const char *const steps[][2] = {{"open", "offer"}, {"open", "lost"},
                                           {"offer", "won"},  {"offer", "lost"},
                                           {"offer", "open"}, {"lost", "open"}};
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        if (value_equal(from, value_text(steps[i][0])) &&
            value_equal(to, value_text(steps[i][1])))
            return true;
    return false;
}

static bool step_allowed(const struct rule_case *c) {
    for (int i = 0; i < c->cell_count; i++) {
        const struct cell_change *cell = &c->cells[i];
        if (cell->table->number == T_DEAL &&
            cell->column == column_of(cell->table, "stage") && !is_null(cell->before) &&
            !is_step(cell->before, cell->after))
            return true;
    }
    return false;
}

static bool deal_open(const struct rule_case *c) {
    for (const struct overlay_row *row = c->touched->first; row; row = row->next) {
        struct seen_row deal;
        if (!row->touched || row->table->number != T_LINE ||
            !find_by_id(c->view, T_DEAL, row->values[column_of(row->table, "deal_id")],
                        &deal))
            continue;
        struct value stage = seen_value(&deal, "stage");
        if (value_equal(stage, value_text("won")) ||
            value_equal(stage, value_text("lost")))
            return true;
    }
    return false;
}

static bool stock_floor(const struct rule_case *c) {
    for (const struct overlay_row *row = c->touched->first; row; row = row->next)
        if (row->touched && row->table->number == T_PRODUCT &&
            row->values[column_of(row->table, "stock")].integer < 0)
            return true;
    return false;
}

static bool text_short(const struct rule_case *c) {
    for (const struct overlay_row *row = c->touched->first; row; row = row->next)
        if (row->touched && row->table->number == T_VISIT &&
            row->values[column_of(row->table, "text")].bytes.size > 10)
            return true;
    return false;
}

const char *rules_broken(const struct rule_case *c, const char **ret_flag) {
    static const struct {
        const char *name;
        bool (*broken)(const struct rule_case *c);
        int since;
    } rules[] = {{"customer.member_limit", member_limit, 1},
                 {"customer.owner_active", owner_active, 1},
                 {"deal.amount_limit", amount_limit, SCHEMA_PRESENT},
                 {"deal.step_allowed", step_allowed, 1},
                 {"line.deal_open", deal_open, 1},
                 {"product.stock_floor", stock_floor, 1},
                 {"visit.text_short", text_short, SCHEMA_PRESENT}};
    const char *flag = NULL;
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        if (!rules[i].broken(c))
            continue;
        if (rules[i].since <= c->schema_version)
            return rules[i].name;
        flag = flag ? flag : rules[i].name;
    }
    if (ret_flag)
        *ret_flag = flag;
    return NULL;
}

/* --- authority ------------------------------------------------------------------------------------------------ */

/* Who may not write a column may leave it empty in a row of his making, or put himself where that is allowed. */
static bool may_write(const struct model_change *change, int i, struct id person,
                      int roles) {
    const struct model_column *column = &change->table->columns[change->columns[i]];
    if (column->write & roles)
        return true;
    if (!change->insert)
        return false;
    if (is_null(change->values[i]))
        return true;
    return column->self && id_equal(value_id(change->values[i]), person);
}

const char *change_refused(const struct model_change *change, bool as_update,
                           struct id person, int roles) {
    struct model_change looked = *change;
    const struct model_table *table = change->table;
    looked.insert = change->insert && !as_update;
    if (looked.insert && table->engine)
        return "change.engine";
    if (looked.insert && !(table->insert & roles))
        return "role.insert";
    if (!looked.insert && table->append)
        return "change.append_only";
    for (int i = 0; i < change->count; i++) {
        const struct model_column *column = &table->columns[change->columns[i]];
        if (column->not_null && is_null(change->values[i]))
            return "change.null";
        if (!may_write(&looked, i, person, roles))
            return "role.write";
    }
    return NULL;
}
