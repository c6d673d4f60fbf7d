/*
 * Attacks with transactions: sealed properly by the station's own key, but beyond what the person may do.
 */
#include "tests/forge/forge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sync/clock.h"

static struct id me(const struct forge *forge) {
    return forge->certificate.actors[0];
}

static struct id fresh(struct forge *forge) {
    struct id id;
    device_id(forge, &id);
    return id;
}

static void try_one(struct forge *forge, struct draft *draft, struct outcome *ret) {
    chain_try(forge, &draft->change, 1, ret);
}

/* Changes one cell of one row. */
static void try_cell(struct forge *forge, const char *table, struct id key,
                     const char *column, struct value value, struct outcome *ret) {
    struct draft draft;
    draft_row(forge, &draft, table, ROW_UPDATE, key);
    draft_cell(forge, &draft, column, value);
    try_one(forge, &draft, ret);
}

/* The key of some row of an org-wide table. */
static struct id any_of(const struct forge *forge, const char *table) {
    const struct table *found = catalogue_table(forge->catalogue, table);
    struct id id = {{0}};
    for (size_t i = 0; i < forge->group_count; i++)
        if (forge->groups[i].table == found->number && forge->groups[i].row_count > 0)
            memcpy(id.bytes, forge->groups[i].rows[0].key.data, ID_SIZE);
    return id;
}

static struct id role_named(const struct forge *forge, const char *code) {
    const struct sync_row *row = world_find(forge, "role", "code", value_text(code));
    struct id id = {{0}};
    if (row)
        memcpy(id.bytes, row->key.data, ID_SIZE);
    return id;
}

/* --- who and when ---------------------------------------------------------------------- */

FORGE_ATTACK(attack_other_person) {
    struct draft draft;
    draft_row(forge, &draft, "opportunity", ROW_UPDATE, forge->own_opportunity);
    draft_cell(forge, &draft, "next_step", value_text("forged"));
    struct transaction transaction = chain_transaction(forge, &draft.change, 1);
    transaction.user = forge->foreign_user;
    chain_try_transaction(forge, &transaction, ret);
}

FORGE_ATTACK(attack_future_base) {
    struct draft draft;
    draft_row(forge, &draft, "opportunity", ROW_UPDATE, forge->own_opportunity);
    draft_cell(forge, &draft, "next_step", value_text("from the future"));
    struct transaction transaction = chain_transaction(forge, &draft.change, 1);
    transaction.base = INT64_MAX;
    chain_try_transaction(forge, &transaction, ret);
}

/* Ten days ahead: taken, but it counts as made when it was received. */
FORGE_ATTACK(attack_fast_clock) {
    const int64_t ten_days_ms = INT64_C(864000000);
    struct draft draft;
    draft_row(forge, &draft, "opportunity", ROW_UPDATE, forge->own_opportunity);
    draft_cell(forge, &draft, "competitor", value_text("a fast clock"));
    struct transaction transaction = chain_transaction(forge, &draft.change, 1);
    transaction.time = clock_pack(clock_ms(transaction.time) + ten_days_ms, 0);
    chain_try_transaction(forge, &transaction, ret);
    if (ret->status == 200 && clock_ms(ret->time) > ret->hq_time)
        snprintf(ret->code, sizeof ret->code, "time.not_clamped");
}

/* --- what there is --------------------------------------------------------------------- */

FORGE_ATTACK(attack_unknown_table) {
    struct draft draft;
    draft_row(forge, &draft, "opportunity", ROW_UPDATE, forge->own_opportunity);
    draft_cell(forge, &draft, "next_step", value_text("nowhere"));
    draft.change.table = 254;
    try_one(forge, &draft, ret);
}

static void try_column(struct forge *forge, uint8_t column, struct outcome *ret) {
    struct draft draft;
    draft_row(forge, &draft, "opportunity", ROW_UPDATE, forge->own_opportunity);
    draft.cells[0] = (struct cell){column, value_text("nowhere")};
    draft.change.cell_count = 1;
    try_one(forge, &draft, ret);
}

FORGE_ATTACK(attack_unknown_column) {
    try_column(forge, 62, ret);
}

FORGE_ATTACK(attack_key_column) {
    try_column(forge, 1, ret);
}

FORGE_ATTACK(attack_wrong_type) {
    try_cell(forge, "opportunity", forge->own_opportunity, "amount_minor",
             value_text("much"), ret);
}

FORGE_ATTACK(attack_null) {
    try_cell(forge, "opportunity", forge->own_opportunity, "name", value_null(), ret);
}

FORGE_ATTACK(attack_check) {
    try_cell(forge, "opportunity", forge->own_opportunity, "amount_minor",
             value_integer(-1), ret);
}

FORGE_ATTACK(attack_key_size) {
    struct draft draft;
    draft_row(forge, &draft, "opportunity", ROW_UPDATE, forge->own_opportunity);
    draft_cell(forge, &draft, "next_step", value_text("two keys"));
    draft.change.key.size = (size_t)2 * ID_SIZE;
    try_one(forge, &draft, ret);
}

FORGE_ATTACK(attack_delete) {
    struct draft draft;
    draft_row(forge, &draft, "opportunity", ROW_DELETE, forge->own_opportunity);
    try_one(forge, &draft, ret);
}

FORGE_ATTACK(attack_append_only) {
    try_cell(forge, "opportunity_stage_event", any_of(forge, "opportunity_stage_event"),
             "note", value_text("it was otherwise"), ret);
}

FORGE_ATTACK(attack_missing_row) {
    try_cell(forge, "opportunity", fresh(forge), "next_step", value_text("where?"), ret);
}

FORGE_ATTACK(attack_missing_reference) {
    struct id nobody = fresh(forge);
    try_cell(forge, "opportunity", forge->own_opportunity, "customer_id",
             value_blob((struct bytes){nobody.bytes, ID_SIZE}), ret);
}

/* --- roles ----------------------------------------------------------------------------- */

FORGE_ATTACK(attack_product_price) {
    try_cell(forge, "product", any_of(forge, "product"), "list_price_minor",
             value_integer(1), ret);
}

FORGE_ATTACK(attack_stage_definition) {
    try_cell(forge, "stage", any_of(forge, "stage"), "position", value_integer(0), ret);
}

FORGE_ATTACK(attack_new_stage) {
    struct draft draft;
    struct id pipeline = any_of(forge, "pipeline");
    draft_row(forge, &draft, "stage", ROW_INSERT, fresh(forge));
    draft_id(forge, &draft, "pipeline_id", &pipeline);
    draft_cell(forge, &draft, "code", value_text("mine"));
    draft_cell(forge, &draft, "name_zh", value_text("mine"));
    draft_cell(forge, &draft, "name_en", value_text("mine"));
    draft_cell(forge, &draft, "position", value_integer(1));
    draft_cell(forge, &draft, "kind", value_text("won"));
    try_one(forge, &draft, ret);
}

FORGE_ATTACK(attack_become_manager) {
    struct draft draft;
    draft_row_of_two(forge, &draft, "user_role", ROW_INSERT, me(forge),
                     role_named(forge, "manager"));
    try_one(forge, &draft, ret);
}

FORGE_ATTACK(attack_move_branch) {
    struct draft draft;
    struct id person = me(forge), branch = any_of(forge, "branch");
    draft_row(forge, &draft, "membership", ROW_INSERT, fresh(forge));
    draft_id(forge, &draft, "user_id", &person);
    draft_id(forge, &draft, "branch_id", &branch);
    try_one(forge, &draft, ret);
}

/* Not even one's own row may be given away, or taken, by him who only sells. */
FORGE_ATTACK(attack_give_ownership) {
    try_cell(forge, "opportunity", forge->own_opportunity, "owner_id",
             value_blob((struct bytes){forge->foreign_user.bytes, ID_SIZE}), ret);
}

FORGE_ATTACK(attack_take_ownership) {
    struct id person = me(forge);
    try_cell(forge, "opportunity", forge->foreign_opportunity, "owner_id",
             value_blob((struct bytes){person.bytes, ID_SIZE}), ret);
}

/* --- rows of others -------------------------------------------------------------------- */

FORGE_ATTACK(attack_foreign_opportunity) {
    try_cell(forge, "opportunity", forge->foreign_opportunity, "next_step",
             value_text("mine now"), ret);
}

FORGE_ATTACK(attack_foreign_customer) {
    try_cell(forge, "customer", forge->foreign_customer, "remark", value_text("mine now"),
             ret);
}

/* A new opportunity of this person's, complete. Its cells point into `ids`. */
struct opportunity_ids {
    struct id stage, pipeline, owner;
};

static void draft_opportunity(struct forge *forge, struct draft *draft, struct id key,
                              struct opportunity_ids *ids) {
    const struct sync_row *open = world_find(forge, "stage", "kind", value_text("open"));
    struct value pipeline = world_value(forge, "stage", open, "pipeline_id");
    memcpy(ids->stage.bytes, open->key.data, ID_SIZE);
    memcpy(ids->pipeline.bytes, pipeline.bytes.data, ID_SIZE);
    ids->owner = me(forge);
    draft_row(forge, draft, "opportunity", ROW_INSERT, key);
    draft_cell(forge, draft, "name", value_text("A way in"));
    draft_id(forge, draft, "pipeline_id", &ids->pipeline);
    draft_id(forge, draft, "stage_id", &ids->stage);
    draft_id(forge, draft, "owner_id", &ids->owner);
}

/* An insert that hits a key that exists merges as an update: it needs the rights of one. */
FORGE_ATTACK(attack_foreign_key) {
    struct draft draft;
    draft_row(forge, &draft, "customer", ROW_INSERT, forge->foreign_customer);
    draft_cell(forge, &draft, "name", value_text("Taken over"));
    try_one(forge, &draft, ret);
}

FORGE_ATTACK(attack_join_foreign) {
    struct draft draft;
    draft_row_of_two(forge, &draft, "opportunity_member", ROW_INSERT,
                     forge->foreign_opportunity, me(forge));
    draft_cell(forge, &draft, "access", value_text("write"));
    try_one(forge, &draft, ret);
}

FORGE_ATTACK(attack_share_foreign) {
    struct draft draft;
    draft_row_of_two(forge, &draft, "customer_share", ROW_INSERT, forge->foreign_customer,
                     me(forge));
    try_one(forge, &draft, ret);
}

FORGE_ATTACK(attack_contact_foreign) {
    struct draft draft;
    draft_row(forge, &draft, "contact", ROW_INSERT, fresh(forge));
    draft_id(forge, &draft, "customer_id", &forge->foreign_customer);
    draft_cell(forge, &draft, "name", value_text("Nobody"));
    try_one(forge, &draft, ret);
}

FORGE_ATTACK(attack_event_foreign) {
    struct draft draft;
    struct id stage = any_of(forge, "stage");
    draft_row(forge, &draft, "opportunity_stage_event", ROW_INSERT, fresh(forge));
    draft_id(forge, &draft, "opportunity_id", &forge->foreign_opportunity);
    draft_id(forge, &draft, "to_stage_id", &stage);
    try_one(forge, &draft, ret);
}

/* Whoever sees an opportunity sees its customer: so it must not name one that he does not see. */
FORGE_ATTACK(attack_bring_foreign) {
    struct draft draft;
    struct opportunity_ids ids;
    draft_opportunity(forge, &draft, fresh(forge), &ids);
    draft_id(forge, &draft, "customer_id", &forge->foreign_customer);
    try_one(forge, &draft, ret);
}

FORGE_ATTACK(attack_repoint_foreign) {
    try_cell(forge, "opportunity", forge->own_opportunity, "customer_id",
             value_blob((struct bytes){forge->foreign_customer.bytes, ID_SIZE}), ret);
}

/* What is visible only through the transaction itself is not visible before it. */
FORGE_ATTACK(attack_two_in_one) {
    struct draft share, edit;
    draft_row_of_two(forge, &share, "customer_share", ROW_INSERT, forge->foreign_customer,
                     me(forge));
    draft_row(forge, &edit, "customer", ROW_UPDATE, forge->foreign_customer);
    draft_cell(forge, &edit, "remark", value_text("shared with myself"));
    struct change changes[] = {share.change, edit.change};
    chain_try(forge, changes, 2, ret);
}

FORGE_ATTACK(attack_twice) {
    struct draft first, second;
    struct opportunity_ids ids, same;
    struct id key = fresh(forge);
    draft_opportunity(forge, &first, key, &ids);
    draft_opportunity(forge, &second, key, &same);
    struct change changes[] = {first.change, second.change};
    chain_try(forge, changes, 2, ret);
}

/* --- states and the engine's rows ------------------------------------------------------ */

FORGE_ATTACK(attack_state_alone) {
    const struct sync_row *won = world_find(forge, "stage", "kind", value_text("won"));
    struct draft draft;
    draft_row(forge, &draft, "opportunity", ROW_UPDATE, forge->own_opportunity);
    draft_cell(forge, &draft, "stage_id", value_blob(won->key));
    draft_cell(forge, &draft, "closed_on", value_text("2026-01-31"));
    try_one(forge, &draft, ret);
}

/* Today's date as business writes it. */
static void today(const struct forge *forge, char ret[11]) {
    time_t seconds = (time_t)(forge->env->wall_ms(forge->env->context) / 1000);
    struct tm parts;
    gmtime_r(&seconds, &parts);
    strftime(ret, 11, "%Y-%m-%d", &parts);
}

/* Out of a closed stage, with everything that belongs to a step. */
FORGE_ATTACK(attack_reopen) {
    const struct sync_row *closed =
        world_row(forge, "opportunity", forge->closed_opportunity);
    struct value pipeline = world_value(forge, "opportunity", closed, "pipeline_id");
    const struct sync_row *open = world_stage(forge, pipeline, "open");
    struct draft edit, event;
    char day[11];
    today(forge, day);
    draft_row(forge, &edit, "opportunity", ROW_UPDATE, forge->closed_opportunity);
    draft_cell(forge, &edit, "stage_id", value_blob(open->key));
    draft_cell(forge, &edit, "closed_on", value_null());
    draft_cell(forge, &edit, "stage_entered_on", value_text(day));
    draft_row(forge, &event, "opportunity_stage_event", ROW_INSERT, fresh(forge));
    draft_id(forge, &event, "opportunity_id", &forge->closed_opportunity);
    draft_cell(forge, &event, "to_stage_id", value_blob(open->key));
    draft_cell(forge, &event, "occurred_on", value_text(day));
    struct change changes[] = {edit.change, event.change};
    chain_try(forge, changes, 2, ret);
}

FORGE_ATTACK(attack_engine_row) {
    struct draft draft;
    draft_row(forge, &draft, "conflict", ROW_INSERT, fresh(forge));
    draft_cell(forge, &draft, "reason", value_text("invented"));
    try_one(forge, &draft, ret);
}

FORGE_ATTACK(attack_device_row) {
    struct draft draft;
    draft_row(forge, &draft, "device", ROW_INSERT, fresh(forge));
    draft_cell(forge, &draft, "name", value_text("my friend's"));
    draft_cell(forge, &draft, "ceiling", value_text("hq"));
    try_one(forge, &draft, ret);
}
