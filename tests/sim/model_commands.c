/* Every command of the simulator's schema, said by hand. */
#include <string.h>

#include "schema/functions.h"
#include "tests/sim/model_act.h"

enum {
    SELLING = ROLE_REP | ROLE_MANAGER | ROLE_HQ,
    LEADING = ROLE_MANAGER | ROLE_HQ,
    RUNNING = ROLE_HQ | ROLE_ADMIN
};
#define WIDE 1000000000LL
#define WHEN 9000000000000LL
#define COUNT(sets) ((int)(sizeof(sets) / sizeof *(sets)))

static struct value given(const struct act *act, int place) {
    return argument_value(act, place);
}

/* What was given, or what is there. */
static struct value given_or(const struct act *act, int place, const struct seen_row *row,
                             const char *column) {
    struct value value = given(act, place);
    return is_null(value) ? seen_value(row, column) : value;
}

static struct value me(const struct act *act) {
    return value_blob((struct bytes){act->person.bytes, ID_SIZE});
}

static void insert(struct act *act, int table, int place, const struct set *sets,
                   int count) {
    struct row_key key = argument_key(act, place);
    act_insert(act, table, &key, sets, count);
}

static void update(struct act *act, int table, int place, const struct set *sets,
                   int count) {
    struct row_key key = argument_key(act, place);
    act_update(act, table, &key, sets, count);
}

/* The row named by an argument, which was looked up before. */
static struct seen_row named(const struct act *act, int table, int place) {
    struct row_key key = argument_key(act, place);
    struct seen_row row = {0};
    act_find(act, table, &key, &row);
    return row;
}

/* --- people ---------------------------------------------------------------------------------------------- */

static struct id role_id(int number) {
    static const char *const names[] = {"role/rep", "role/manager", "role/hq",
                                        "role/admin"};
    return functions_text_key(bytes_of_text(names[number]));
}

static void person_register(struct act *act) {
    struct value code = given(act, 2);
    const struct set sets[] = {{"name", given(act, 1)},
                               {"code", is_null(code) ? given(act, 1) : code},
                               {"branch_id", given(act, 3)},
                               {"manager_id", given(act, 4)}};
    insert(act, T_USER, 0, sets, COUNT(sets));
    for (int i = 0; i < 4; i++) {
        struct row_key key = argument_key(act, 0);
        struct id role = role_id(i);
        memcpy(key.bytes + ID_SIZE, role.bytes, ID_SIZE);
        if (act->call->arguments[5].number >> i & 1)
            act_insert(act, T_USER_ROLE, &key, NULL, 0);
    }
}

static void person_place(struct act *act) {
    const struct set sets[] = {{"branch_id", given(act, 1)},
                               {"manager_id", given(act, 2)}};
    update(act, T_USER, 0, sets, COUNT(sets));
}

static void person_activate(struct act *act) {
    const struct set sets[] = {{"active", given(act, 1)}};
    update(act, T_USER, 0, sets, COUNT(sets));
}

/* A link that is made, or made again. */
static void link_set(struct act *act, int table) {
    struct row_key key = pair_key(act, 0, 1);
    struct seen_row row;
    const struct set sets[] = {{"deleted_at", value_null()}};
    if (!act_find(act, table, &key, &row))
        act_insert(act, table, &key, NULL, 0);
    else if (!is_null(seen_value(&row, "deleted_at")))
        act_update(act, table, &key, sets, COUNT(sets));
}

static void link_end(struct act *act, int table) {
    struct row_key key = pair_key(act, 0, 1);
    struct seen_row row;
    const struct set sets[] = {{"deleted_at", given(act, 2)}};
    if (act_find(act, table, &key, &row) && is_null(seen_value(&row, "deleted_at")))
        act_update(act, table, &key, sets, COUNT(sets));
}

static void role_grant(struct act *act) {
    link_set(act, T_USER_ROLE);
}

static void role_take(struct act *act) {
    link_end(act, T_USER_ROLE);
}

static void deputy_set(struct act *act) {
    link_set(act, T_DEPUTY);
}

static void deputy_end(struct act *act) {
    link_end(act, T_DEPUTY);
}

static void branch_add(struct act *act) {
    const struct set sets[] = {{"name", given(act, 1)}};
    insert(act, T_BRANCH, 0, sets, COUNT(sets));
}

static void product_add(struct act *act) {
    const struct set sets[] = {{"name", given(act, 1)},
                               {"stock", given(act, 2)},
                               {"price_minor", given(act, 3)}};
    insert(act, T_PRODUCT, 0, sets, COUNT(sets));
}

static void product_price(struct act *act) {
    const struct set sets[] = {{"price_minor", given(act, 1)}};
    update(act, T_PRODUCT, 0, sets, COUNT(sets));
}

static void add_to(struct act *act, int table, int place, const char *column,
                   int64_t more) {
    struct seen_row row = named(act, table, place);
    const struct set sets[] = {
        {column, value_integer(seen_value(&row, column).integer + more)}};
    update(act, table, place, sets, COUNT(sets));
}

static void product_count(struct act *act) {
    add_to(act, T_PRODUCT, 0, "stock", given(act, 1).integer);
}

static void budget_add(struct act *act) {
    const struct set sets[] = {{"name", given(act, 1)}, {"amount", given(act, 2)}};
    insert(act, T_BUDGET, 0, sets, COUNT(sets));
}

static void budget_change(struct act *act) {
    const struct set sets[] = {{"amount", given(act, 1)}};
    update(act, T_BUDGET, 0, sets, COUNT(sets));
}

/* --- customers --------------------------------------------------------------------------------------------------- */

static void customer_add(struct act *act) {
    const struct set sets[] = {
        {"name", given(act, 1)}, {"note", given(act, 2)}, {"owner_id", me(act)}};
    insert(act, T_CUSTOMER, 0, sets, COUNT(sets));
}

static void customer_add_to_pool(struct act *act) {
    const struct set sets[] = {{"name", given(act, 1)}, {"branch_id", given(act, 2)}};
    insert(act, T_CUSTOMER, 0, sets, COUNT(sets));
}

static void customer_edit(struct act *act) {
    struct seen_row row = named(act, T_CUSTOMER, 0);
    const struct set sets[] = {{"name", given_or(act, 1, &row, "name")},
                               {"note", given_or(act, 2, &row, "note")}};
    update(act, T_CUSTOMER, 0, sets, COUNT(sets));
}

static void customer_count(struct act *act) {
    add_to(act, T_CUSTOMER, 0, "visits", given(act, 1).integer);
}

static void customer_credit(struct act *act) {
    struct seen_row row = named(act, T_CUSTOMER, 0);
    const struct set sets[] = {{"credit_minor", given(act, 1)},
                               {"currency", given_or(act, 2, &row, "currency")}};
    update(act, T_CUSTOMER, 0, sets, COUNT(sets));
}

static void customer_rate(struct act *act) {
    struct seen_row row = named(act, T_CUSTOMER, 0);
    const struct set sets[] = {{"best", given_or(act, 1, &row, "best")},
                               {"floor_minor", given_or(act, 2, &row, "floor_minor")}};
    update(act, T_CUSTOMER, 0, sets, COUNT(sets));
}

static void customer_begin(struct act *act) {
    struct seen_row row = named(act, T_CUSTOMER, 0);
    const struct set sets[] = {{"first_on", given(act, 1)}};
    if (is_null(seen_value(&row, "first_on")))
        update(act, T_CUSTOMER, 0, sets, COUNT(sets));
}

static void customer_rank(struct act *act) {
    const struct set sets[] = {{"rank", given(act, 1)}};
    update(act, T_CUSTOMER, 0, sets, COUNT(sets));
}

static void customer_grade(struct act *act) {
    const struct set sets[] = {{"grade", given(act, 1)}};
    update(act, T_CUSTOMER, 0, sets, COUNT(sets));
}

static void customer_assign(struct act *act) {
    struct seen_row row = named(act, T_CUSTOMER, 0);
    const struct set sets[] = {{"owner_id", given(act, 1)},
                               {"branch_id", given_or(act, 2, &row, "branch_id")}};
    update(act, T_CUSTOMER, 0, sets, COUNT(sets));
}

static void delete_row(struct act *act, int table) {
    const struct set sets[] = {{"deleted_at", given(act, 1)}};
    update(act, table, 0, sets, COUNT(sets));
}

static void customer_delete(struct act *act) {
    delete_row(act, T_CUSTOMER);
}

static void customer_undelete(struct act *act) {
    struct seen_row row = named(act, T_CUSTOMER, 0);
    const struct set sets[] = {{"deleted_at", value_null()}};
    if (!is_null(seen_value(&row, "deleted_at")))
        update(act, T_CUSTOMER, 0, sets, COUNT(sets));
}

static void member_add(struct act *act) {
    struct row_key key = pair_key(act, 0, 1);
    struct seen_row row;
    const struct set sets[] = {{"weight", given(act, 2)}, {"deleted_at", value_null()}};
    if (act_find(act, T_MEMBER, &key, &row))
        act_update(act, T_MEMBER, &key, sets, COUNT(sets));
    else
        act_insert(act, T_MEMBER, &key, sets, 1);
}

static void member_drop(struct act *act) {
    link_end(act, T_MEMBER);
}

static void visit_log(struct act *act) {
    const struct set sets[] = {
        {"customer_id", given(act, 1)}, {"by_id", me(act)}, {"text", given(act, 2)}};
    insert(act, T_VISIT, 0, sets, COUNT(sets));
}

/* --- deals ------------------------------------------------------------------------------------------------------------ */

static void deal_add(struct act *act) {
    const struct set sets[] = {{"customer_id", given(act, 1)},
                               {"title", given(act, 2)},
                               {"branch_id", given(act, 3)},
                               {"owner_id", me(act)}};
    insert(act, T_DEAL, 0, sets, COUNT(sets));
}

static void deal_edit(struct act *act) {
    struct seen_row row = named(act, T_DEAL, 0);
    const struct set sets[] = {{"title", given_or(act, 1, &row, "title")},
                               {"customer_id", given_or(act, 2, &row, "customer_id")},
                               {"branch_id", given_or(act, 3, &row, "branch_id")}};
    update(act, T_DEAL, 0, sets, COUNT(sets));
}

static void deal_amount(struct act *act) {
    struct seen_row row = named(act, T_DEAL, 0);
    const struct set sets[] = {{"amount_minor", given(act, 1)},
                               {"currency", given_or(act, 2, &row, "currency")}};
    update(act, T_DEAL, 0, sets, COUNT(sets));
}

static void deal_move(struct act *act) {
    struct seen_row row = named(act, T_DEAL, 1);
    const struct set step[] = {{"deal_id", given(act, 1)},
                               {"from_stage", seen_value(&row, "stage")},
                               {"to_stage", given(act, 2)},
                               {"note", given(act, 3)}};
    const struct set sets[] = {{"stage", given(act, 2)}, {"stage_note", given(act, 3)}};
    if (value_equal(seen_value(&row, "stage"), given(act, 2)))
        act_fail(act, "deal.there_already");
    insert(act, T_STEP, 0, step, COUNT(step));
    update(act, T_DEAL, 1, sets, COUNT(sets));
}

static void deal_leap(struct act *act) {
    const struct set sets[] = {{"stage", given(act, 1)}};
    update(act, T_DEAL, 0, sets, COUNT(sets));
}

static void deal_pay(struct act *act) {
    struct seen_row row = named(act, T_DEAL, 0);
    const struct set sets[] = {{"paid_on", given(act, 1)}};
    if (!is_null(seen_value(&row, "paid_on")))
        act_fail(act, "deal.paid");
    update(act, T_DEAL, 0, sets, COUNT(sets));
}

static void deal_assign(struct act *act) {
    const struct set sets[] = {{"owner_id", given(act, 1)}};
    update(act, T_DEAL, 0, sets, COUNT(sets));
}

static void deal_delete(struct act *act) {
    delete_row(act, T_DEAL);
}

static void order_line(struct act *act, int line, int product) {
    struct seen_row row = named(act, T_PRODUCT, product);
    const struct set sets[] = {{"deal_id", given(act, 0)},
                               {"product_id", given(act, product)},
                               {"quantity", given(act, 6)},
                               {"price_minor", seen_value(&row, "price_minor")}};
    insert(act, T_LINE, line, sets, COUNT(sets));
}

static void order_place(struct act *act) {
    struct seen_row first = named(act, T_PRODUCT, 4), second = named(act, T_PRODUCT, 5);
    int64_t count = given(act, 6).integer;
    const struct set deal[] = {{"customer_id", given(act, 3)},
                               {"title", value_text("order")},
                               {"owner_id", me(act)}};
    const struct set sum[] = {
        {"amount_minor",
         value_integer(count * (seen_value(&first, "price_minor").integer +
                                seen_value(&second, "price_minor").integer))}};
    insert(act, T_DEAL, 0, deal, COUNT(deal));
    order_line(act, 1, 4);
    order_line(act, 2, 5);
    add_to(act, T_PRODUCT, 4, "stock", -count);
    add_to(act, T_PRODUCT, 5, "stock", -count);
    update(act, T_DEAL, 0, sum, COUNT(sum));
}

static void line_add(struct act *act) {
    struct seen_row row = named(act, T_PRODUCT, 2);
    const struct set sets[] = {{"deal_id", given(act, 1)},
                               {"product_id", given(act, 2)},
                               {"quantity", given(act, 3)},
                               {"price_minor", seen_value(&row, "price_minor")}};
    insert(act, T_LINE, 0, sets, COUNT(sets));
}

static void line_more(struct act *act) {
    add_to(act, T_LINE, 0, "quantity", given(act, 1).integer);
}

static void line_price(struct act *act) {
    const struct set sets[] = {{"price_minor", given(act, 1)}};
    update(act, T_LINE, 0, sets, COUNT(sets));
}

static void line_delete(struct act *act) {
    delete_row(act, T_LINE);
}

static void remark_add(struct act *act) {
    const struct set sets[] = {{"line_id", given(act, 1)},
                               {"deal_id", given(act, 2)},
                               {"customer_id", given(act, 3)},
                               {"text", given(act, 4)}};
    insert(act, T_REMARK, 0, sets, COUNT(sets));
}

static void remark_edit(struct act *act) {
    const struct set sets[] = {{"text", given(act, 1)}};
    update(act, T_REMARK, 0, sets, COUNT(sets));
}

/* --- what one was told ------------------------------------------------------------------------------------------------ */

static void note_once(struct act *act, int table, const char *column) {
    struct seen_row row = named(act, table, 0);
    const struct set sets[] = {{column, given(act, 1)}};
    if (is_null(seen_value(&row, column)))
        update(act, table, 0, sets, COUNT(sets));
}

static void notice_read(struct act *act) {
    note_once(act, T_NOTICE, "read_at");
}

static void refusal_settle(struct act *act) {
    note_once(act, T_REFUSAL, "settled_at");
}

static bool is_settled(struct act *act) {
    struct seen_row row = named(act, T_CONFLICT, 0);
    if (!is_null(seen_value(&row, "settlement")))
        act_fail(act, "conflict.settled");
    return act->code != NULL;
}

static void settle(struct act *act, const char *how, int when) {
    const struct set sets[] = {{"settlement", value_text(how)},
                               {"settled_at", given(act, when)}};
    update(act, T_CONFLICT, 0, sets, COUNT(sets));
}

static void conflict_keep(struct act *act) {
    if (!is_settled(act))
        settle(act, "kept", 1);
}

/* What was lost, as this station has heard of it. */
static const struct lost_cell *lost_of(const struct act *act) {
    const struct lost_cell *found = NULL;
    for (int i = 0; i < act->model->lost_count; i++) {
        const struct lost_cell *lost = &act->model->lost[i];
        if (id_equal(lost->conflict, act->call->arguments[0].id) &&
            lost->gsn <= act->station->cursor &&
            in_history(act->model, act->station->history, lost->history, lost->gsn) &&
            (!found || lost->gsn >= found->gsn))
            found = lost;
    }
    return found;
}

static void put_back(struct act *act, const struct lost_cell *lost) {
    const struct model_table *table = model_table(lost->table);
    struct row_key key;
    struct seen_row row;
    struct set sets[COLUMNS];
    int count = 0;
    memcpy(key.bytes, lost->key, KEY_MOST);
    if (!act_find(act, lost->table, &key, &row)) {
        bool there = view_find(&act->raw, lost->table, lost->key, &row);
        act_fail(act, there ? "scope.row" : "row.missing");
        return;
    }
    for (int i = 0; i < table->column_count; i++)
        if (!table->columns[i].key && cell_of_column(table, i) == lost->cell) {
            sets[count] = (struct set){table->columns[i].name, lost->loser[count]};
            count++;
        }
    act_update(act, lost->table, &key, sets, count);
    if (lost->table != T_DEAL || strcmp(table->columns[lost->cell].name, "stage") != 0)
        return;
    const struct set step[] = {
        {"deal_id", value_blob((struct bytes){lost->key, ID_SIZE})},
        {"from_stage", value_text("back")},
        {"to_stage", lost->loser[0]}};
    insert(act, T_STEP, 1, step, COUNT(step));
}

static void conflict_restore(struct act *act) {
    const struct lost_cell *lost = lost_of(act);
    if (is_settled(act) || !lost)
        return;
    put_back(act, lost);
    settle(act, "restored", 2);
}

/* --- all of them --------------------------------------------------------------------------------------------------------- */

#define A_ROW(name, table) \
    { name, P_ID, table, false, 0, 0 }
#define A_ROW_OR_NONE(name, table) \
    { name, P_ID, table, true, 0, 0 }
#define A_NEW(name) \
    { name, P_NEW, 0, false, 0, 0 }
#define A_TEXT(name, most) \
    { name, P_TEXT, 0, false, 0, most }
#define A_TEXT_OR_NONE(name, most) \
    { name, P_TEXT, 0, true, 0, most }
#define A_NUMBER(name, low, high) \
    { name, P_NUMBER, 0, false, low, high }
#define A_NUMBER_OR_NONE(name, low, high) \
    { name, P_NUMBER, 0, true, low, high }
#define A_STAGE(name) \
    { name, P_STAGE, 0, false, 0, 0 }

const struct command_of_model model_commands[] = {
    {"person.register",
     RUNNING,
     false,
     {A_NEW("id"),
      A_TEXT("name", 100),
      A_TEXT_OR_NONE("code", 63),
      A_ROW_OR_NONE("branch", T_BRANCH),
      A_ROW_OR_NONE("manager", T_USER),
      {"roles", P_ROLES, 0, false, 0, 0}},
     person_register},
    {"person.place",
     RUNNING,
     false,
     {A_ROW("person", T_USER), A_ROW_OR_NONE("branch", T_BRANCH),
      A_ROW_OR_NONE("manager", T_USER)},
     person_place},
    {"person.activate",
     RUNNING,
     false,
     {A_ROW("person", T_USER), {"active", P_BOOL, 0, false, 0, 1}},
     person_activate},
    {"role.grant",
     RUNNING,
     false,
     {A_ROW("person", T_USER), A_ROW("role", T_ROLE)},
     role_grant},
    {"role.take",
     RUNNING,
     false,
     {A_ROW("person", T_USER), A_ROW("role", T_ROLE), A_NUMBER("at", 0, WHEN)},
     role_take},
    {"deputy.set",
     LEADING,
     false,
     {A_ROW("person", T_USER), A_ROW("deputy", T_USER)},
     deputy_set},
    {"deputy.end",
     LEADING,
     false,
     {A_ROW("person", T_USER), A_ROW("deputy", T_USER), A_NUMBER("at", 0, WHEN)},
     deputy_end},
    {"branch.add", RUNNING, false, {A_NEW("id"), A_TEXT("name", 100)}, branch_add},
    {"product.add",
     ROLE_HQ,
     false,
     {A_NEW("id"), A_TEXT("name", 50), A_NUMBER("stock", 0, 1000000),
      A_NUMBER("price", 0, 1000000)},
     product_add},
    {"product.price",
     LEADING,
     false,
     {A_ROW("product", T_PRODUCT), A_NUMBER("price", 0, 1000000)},
     product_price},
    {"product.count",
     SELLING,
     false,
     {A_ROW("product", T_PRODUCT), A_NUMBER("count", -1000, 1000)},
     product_count},
    {"budget.add",
     ROLE_HQ,
     false,
     {A_NEW("id"), A_TEXT("name", 50), A_NUMBER("amount", 0, 1000000)},
     budget_add},
    {"budget.change",
     ROLE_HQ,
     false,
     {A_ROW("budget", T_BUDGET), A_NUMBER("amount", 0, 1000000)},
     budget_change},
    {"customer.add",
     SELLING,
     false,
     {A_NEW("id"), A_TEXT("name", 60), A_TEXT_OR_NONE("note", 200)},
     customer_add},
    {"customer.add_to_pool",
     SELLING,
     false,
     {A_NEW("id"), A_TEXT("name", 60), A_ROW("branch", T_BRANCH)},
     customer_add_to_pool},
    {"customer.edit",
     SELLING,
     false,
     {A_ROW("customer", T_CUSTOMER), A_TEXT_OR_NONE("name", 60),
      A_TEXT_OR_NONE("note", 200)},
     customer_edit},
    {"customer.count",
     SELLING,
     false,
     {A_ROW("customer", T_CUSTOMER), A_NUMBER("times", -50, 50)},
     customer_count},
    {"customer.credit",
     SELLING,
     false,
     {A_ROW("customer", T_CUSTOMER), A_NUMBER("amount", -WIDE, WIDE),
      A_TEXT_OR_NONE("currency", 10)},
     customer_credit},
    {"customer.rate",
     SELLING,
     false,
     {A_ROW("customer", T_CUSTOMER), A_NUMBER_OR_NONE("best", -WIDE, WIDE),
      A_NUMBER_OR_NONE("floor", -WIDE, WIDE)},
     customer_rate},
    {"customer.rank",
     SELLING,
     false,
     {A_ROW("customer", T_CUSTOMER), A_NUMBER("rank", -WIDE, WIDE)},
     customer_rank},
    {"customer.begin",
     SELLING,
     false,
     {A_ROW("customer", T_CUSTOMER), A_NUMBER("on", 0, WHEN)},
     customer_begin},
    {"customer.grade",
     SELLING,
     false,
     {A_ROW("customer", T_CUSTOMER), A_TEXT("grade", 20)},
     customer_grade},
    {"customer.assign",
     SELLING,
     false,
     {A_ROW("customer", T_CUSTOMER), A_ROW_OR_NONE("to", T_USER),
      A_ROW_OR_NONE("branch", T_BRANCH)},
     customer_assign},
    {"customer.delete",
     SELLING,
     false,
     {A_ROW("customer", T_CUSTOMER), A_NUMBER("at", 0, WHEN)},
     customer_delete},
    {"customer.undelete",
     SELLING,
     false,
     {{"customer", P_ANY, T_CUSTOMER, false, 0, 0}},
     customer_undelete},
    {"member.add",
     SELLING,
     false,
     {A_ROW("customer", T_CUSTOMER), A_ROW("user", T_USER),
      A_NUMBER("weight", -WIDE, WIDE)},
     member_add},
    {"member.drop",
     SELLING,
     false,
     {A_ROW("customer", T_CUSTOMER), A_ROW("user", T_USER), A_NUMBER("at", 0, WHEN)},
     member_drop},
    {"visit.log",
     SELLING,
     false,
     {A_NEW("id"), A_ROW("customer", T_CUSTOMER), A_TEXT("text", 100)},
     visit_log},
    {"deal.add",
     SELLING,
     false,
     {A_NEW("id"), A_ROW_OR_NONE("customer", T_CUSTOMER), A_TEXT("title", 60),
      A_ROW_OR_NONE("branch", T_BRANCH)},
     deal_add},
    {"deal.edit",
     SELLING,
     false,
     {A_ROW("deal", T_DEAL), A_TEXT_OR_NONE("title", 60),
      A_ROW_OR_NONE("customer", T_CUSTOMER), A_ROW_OR_NONE("branch", T_BRANCH)},
     deal_edit},
    {"deal.amount",
     SELLING,
     false,
     {A_ROW("deal", T_DEAL), A_NUMBER("amount", -WIDE, WIDE),
      A_TEXT_OR_NONE("currency", 10)},
     deal_amount},
    {"deal.move",
     SELLING,
     false,
     {A_NEW("step"), A_ROW("deal", T_DEAL), A_STAGE("to"), A_TEXT_OR_NONE("note", 100)},
     deal_move},
    {"deal.leap", SELLING, false, {A_ROW("deal", T_DEAL), A_STAGE("to")}, deal_leap},
    {"deal.pay",
     SELLING,
     false,
     {A_ROW("deal", T_DEAL), A_NUMBER("on", 0, WHEN)},
     deal_pay},
    {"deal.assign",
     SELLING,
     false,
     {A_ROW("deal", T_DEAL), A_ROW("to", T_USER)},
     deal_assign},
    {"deal.delete",
     SELLING,
     false,
     {A_ROW("deal", T_DEAL), A_NUMBER("at", 0, WHEN)},
     deal_delete},
    {"order.place",
     SELLING,
     false,
     {A_NEW("id"), A_NEW("first"), A_NEW("second"), A_ROW("customer", T_CUSTOMER),
      A_ROW("product", T_PRODUCT), A_ROW("other", T_PRODUCT), A_NUMBER("count", 1, 100)},
     order_place},
    {"line.add",
     SELLING,
     false,
     {A_NEW("id"), A_ROW("deal", T_DEAL), A_ROW("product", T_PRODUCT),
      A_NUMBER("quantity", 0, 1000)},
     line_add},
    {"line.more",
     SELLING,
     false,
     {A_ROW("line", T_LINE), A_NUMBER("more", -1000, 1000)},
     line_more},
    {"line.price",
     SELLING,
     false,
     {A_ROW("line", T_LINE), A_NUMBER("price", -WIDE, WIDE)},
     line_price},
    {"line.delete",
     SELLING,
     false,
     {A_ROW("line", T_LINE), A_NUMBER("at", 0, WHEN)},
     line_delete},
    {"remark.add",
     SELLING,
     false,
     {A_NEW("id"), A_ROW_OR_NONE("line", T_LINE), A_ROW_OR_NONE("deal", T_DEAL),
      A_ROW_OR_NONE("customer", T_CUSTOMER), A_TEXT("text", 100)},
     remark_add},
    {"remark.edit",
     SELLING,
     false,
     {A_ROW("remark", T_REMARK), A_TEXT("text", 100)},
     remark_edit},
    {"notice.read",
     0,
     true,
     {A_ROW("notice", T_NOTICE), A_NUMBER("at", 0, WHEN)},
     notice_read},
    {"conflict.restore",
     SELLING,
     false,
     {A_ROW("conflict", T_CONFLICT), A_NEW("step"), A_NUMBER("at", 0, WHEN)},
     conflict_restore},
    {"conflict.keep",
     SELLING,
     false,
     {A_ROW("conflict", T_CONFLICT), A_NUMBER("at", 0, WHEN)},
     conflict_keep},
    {"refusal.settle",
     SELLING,
     false,
     {A_ROW("refusal", T_REFUSAL), A_NUMBER("at", 0, WHEN)},
     refusal_settle},
};

const int model_command_count = COUNT(model_commands);
