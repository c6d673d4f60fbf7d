/* The simulator's schema as the model knows it: said a second time by hand, so that a wrong reading of the SQL shows. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/model_parts.h"

enum {
    SELLING = ROLE_REP | ROLE_MANAGER | ROLE_HQ,
    LEADING = ROLE_MANAGER | ROLE_HQ,
    RUNNING = ROLE_HQ | ROLE_ADMIN
};

#define KEY(column_name, table) \
    { .name = (column_name), .key = true, .not_null = true, .ref = (table) }
#define DELETED(roles) \
    { .name = "deleted_at", .write = (roles) }

static const struct model_table tables[] = {
    {.number = T_USER,
     .name = "app_user",
     .insert = RUNNING,
     .org = true,
     .key_size = 16,
     .columns =
         {KEY("id", 0),
          {.name = "name",
           .write = RUNNING,
           .not_null = true,
           .check = CHECK_LENGTH,
           .low = 1,
           .high = 100},
          {.name = "code",
           .write = RUNNING,
           .not_null = true,
           .check = CHECK_LENGTH,
           .low = 1,
           .high = 63},
          {.name = "branch_id", .write = RUNNING, .ref = T_BRANCH},
          {.name = "manager_id", .write = RUNNING, .ref = T_USER},
          {.name = "active", .write = RUNNING, .not_null = true, .fallback = "1"}}},
    {.number = T_ROLE,
     .name = "role",
     .insert = ROLE_HQ,
     .org = true,
     .key_size = 16,
     .columns = {KEY("id", 0), {.name = "code", .write = ROLE_HQ, .not_null = true}}},
    {.number = T_USER_ROLE,
     .name = "user_role",
     .insert = RUNNING,
     .org = true,
     .key_size = 32,
     .columns = {KEY("user_id", T_USER), KEY("role_id", T_ROLE), DELETED(RUNNING)}},
    {.number = T_BRANCH,
     .name = "branch",
     .insert = RUNNING,
     .org = true,
     .key_size = 16,
     .columns = {KEY("id", 0),
                 {.name = "name",
                  .write = RUNNING,
                  .not_null = true,
                  .check = CHECK_LENGTH,
                  .low = 1,
                  .high = 100}}},
    {.number = T_DEPUTY,
     .name = "deputy",
     .insert = LEADING | ROLE_ADMIN,
     .org = true,
     .key_size = 32,
     .columns = {KEY("user_id", T_USER), KEY("deputy_id", T_USER),
                 DELETED(LEADING | ROLE_ADMIN)}},
    {.number = T_SETTING,
     .name = "setting",
     .insert = RUNNING,
     .org = true,
     .key_size = 16,
     .columns = {KEY("id", 0),
                 {.name = "name", .write = RUNNING, .not_null = true},
                 {.name = "value", .write = RUNNING, .not_null = true}}},
    {.number = T_CUSTOMER,
     .name = "customer",
     .insert = SELLING,
     .key_size = 16,
     .columns =
         {KEY("id", 0),
          {.name = "name",
           .write = SELLING,
           .not_null = true,
           .check = CHECK_LENGTH,
           .low = 1,
           .high = 50},
          {.name = "note",
           .write = SELLING,
           .check = CHECK_LENGTH,
           .low = 0,
           .high = 200},
          {.name = "visits",
           .write = SELLING,
           .not_null = true,
           .merge = SUM,
           .fallback = "0",
           .check = CHECK_MOST,
           .high = 60},
          {.name = "credit_minor",
           .write = SELLING,
           .group = "credit",
           .not_null = true,
           .fallback = "0",
           .check = CHECK_LEAST},
          {.name = "currency",
           .write = SELLING,
           .group = "credit",
           .not_null = true,
           .fallback = "CNY",
           .check = CHECK_LENGTH,
           .low = 3,
           .high = 3},
          {.name = "best", .write = SELLING, .merge = GREATEST},
          {.name = "floor_minor", .write = SELLING, .merge = LEAST},
          {.name = "first_on", .write = SELLING, .merge = ONCE},
          {.name = "grade",
           .write = LEADING,
           .check = CHECK_LENGTH,
           .low = 0,
           .high = 10},
          {.name = "owner_id", .write = LEADING, .ref = T_USER, .self = true},
          {.name = "branch_id", .write = SELLING, .ref = T_BRANCH},
          {.name = "rank", .write = SELLING, .merge = GREATEST, .since = SCHEMA_PRESENT},
          DELETED(SELLING)}},
    {.number = T_MEMBER,
     .name = "customer_member",
     .insert = SELLING,
     .key_size = 32,
     .columns = {KEY("customer_id", T_CUSTOMER),
                 KEY("user_id", T_USER),
                 {.name = "weight",
                  .write = SELLING,
                  .not_null = true,
                  .merge = GREATEST,
                  .fallback = "0"},
                 DELETED(SELLING)}},
    {.number = T_DEAL,
     .name = "deal",
     .insert = SELLING,
     .key_size = 16,
     .columns = {KEY("id", 0),
                 {.name = "customer_id", .write = SELLING, .ref = T_CUSTOMER},
                 {.name = "title",
                  .write = SELLING,
                  .not_null = true,
                  .check = CHECK_LENGTH,
                  .low = 1,
                  .high = 50},
                 {.name = "stage",
                  .write = SELLING,
                  .group = "stage",
                  .not_null = true,
                  .merge = STATE,
                  .fallback = "open",
                  .check = CHECK_STAGE},
                 {.name = "stage_note",
                  .write = SELLING,
                  .group = "stage",
                  .merge = STATE,
                  .check = CHECK_LENGTH,
                  .low = 0,
                  .high = 100},
                 {.name = "amount_minor",
                  .write = SELLING,
                  .group = "amount",
                  .not_null = true,
                  .fallback = "0",
                  .check = CHECK_LEAST},
                 {.name = "currency",
                  .write = SELLING,
                  .group = "amount",
                  .not_null = true,
                  .fallback = "CNY",
                  .check = CHECK_LENGTH,
                  .low = 3,
                  .high = 3},
                 {.name = "paid_on", .write = SELLING, .merge = ONCE},
                 {.name = "owner_id", .write = LEADING, .ref = T_USER, .self = true},
                 {.name = "branch_id", .write = SELLING, .ref = T_BRANCH},
                 DELETED(SELLING)}},
    {.number = T_STEP,
     .name = "deal_step",
     .insert = SELLING,
     .append = true,
     .key_size = 16,
     .columns = {KEY("id", 0),
                 {.name = "deal_id", .write = SELLING, .not_null = true, .ref = T_DEAL},
                 {.name = "from_stage", .write = SELLING, .not_null = true},
                 {.name = "to_stage", .write = SELLING, .not_null = true},
                 {.name = "note",
                  .write = SELLING,
                  .check = CHECK_LENGTH,
                  .low = 0,
                  .high = 100}}},
    {.number = T_LINE,
     .name = "deal_line",
     .insert = SELLING,
     .key_size = 16,
     .columns =
         {KEY("id", 0),
          {.name = "deal_id", .write = SELLING, .not_null = true, .ref = T_DEAL},
          {.name = "product_id", .write = SELLING, .not_null = true, .ref = T_PRODUCT},
          {.name = "quantity",
           .write = SELLING,
           .not_null = true,
           .merge = SUM,
           .fallback = "0",
           .check = CHECK_LEAST},
          {.name = "price_minor", .write = SELLING, .not_null = true, .fallback = "0"},
          DELETED(SELLING)}},
    {.number = T_VISIT,
     .name = "visit",
     .insert = SELLING,
     .append = true,
     .key_size = 16,
     .columns =
         {KEY("id", 0),
          {.name = "customer_id", .write = SELLING, .not_null = true, .ref = T_CUSTOMER},
          {.name = "by_id", .write = LEADING, .ref = T_USER, .self = true},
          {.name = "text",
           .write = SELLING,
           .not_null = true,
           .check = CHECK_LENGTH,
           .low = 0,
           .high = 100}}},
    {.number = T_PRODUCT,
     .name = "product",
     .insert = ROLE_HQ,
     .org = true,
     .key_size = 16,
     .columns =
         {KEY("id", 0),
          {.name = "name",
           .write = ROLE_HQ,
           .not_null = true,
           .check = CHECK_LENGTH,
           .low = 1,
           .high = 50},
          {.name = "stock",
           .write = SELLING,
           .not_null = true,
           .merge = SUM,
           .fallback = "0"},
          {.name = "price_minor", .write = ROLE_HQ, .not_null = true, .fallback = "0"}}},
    {.number = T_BUDGET,
     .name = "budget",
     .insert = ROLE_HQ,
     .key_size = 16,
     .columns =
         {KEY("id", 0),
          {.name = "name",
           .write = ROLE_HQ,
           .not_null = true,
           .check = CHECK_LENGTH,
           .low = 1,
           .high = 50},
          {.name = "amount", .write = ROLE_HQ, .not_null = true, .fallback = "0"}}},
    {.number = T_REMARK,
     .name = "remark",
     .insert = SELLING,
     .key_size = 16,
     .columns = {KEY("id", 0),
                 {.name = "line_id", .write = SELLING, .ref = T_LINE},
                 {.name = "deal_id", .write = SELLING, .ref = T_DEAL},
                 {.name = "customer_id", .write = SELLING, .ref = T_CUSTOMER},
                 {.name = "text",
                  .write = SELLING,
                  .not_null = true,
                  .check = CHECK_LENGTH,
                  .low = 0,
                  .high = 100},
                 DELETED(SELLING)}},
    {.number = T_CONFLICT,
     .name = "conflict",
     .insert = ROLE_HQ,
     .engine = true,
     .key_size = 16,
     .columns = {KEY("id", 0),
                 {.name = "table_number"},
                 {.name = "row_key"},
                 {.name = "column_number"},
                 {.name = "row_label", .any = true},
                 {.name = "cell_name"},
                 {.name = "winner_value", .any = true},
                 {.name = "winner_text", .any = true},
                 {.name = "winner_user_id", .ref = T_USER},
                 {.name = "winner_device_id"},
                 {.name = "winner_at"},
                 {.name = "loser_value", .any = true},
                 {.name = "loser_text", .any = true},
                 {.name = "loser_user_id", .ref = T_USER},
                 {.name = "loser_device_id"},
                 {.name = "loser_at"},
                 {.name = "reason"},
                 {.name = "transaction_id"},
                 {.name = "settlement", .write = SELLING, .group = "settlement"},
                 {.name = "settled_at", .write = SELLING, .group = "settlement"}}},
    {.number = T_REFUSAL,
     .name = "refusal",
     .insert = ROLE_HQ,
     .engine = true,
     .key_size = 16,
     .columns = {KEY("id", 0),
                 {.name = "user_id", .ref = T_USER},
                 {.name = "device_id"},
                 {.name = "command"},
                 {.name = "code"},
                 {.name = "field", .any = true},
                 {.name = "message", .any = true},
                 {.name = "made_at"},
                 {.name = "settled_at", .write = SELLING}}},
    {.number = T_NOTICE,
     .name = "notice",
     .insert = SELLING,
     .key_size = 16,
     .columns = {KEY("id", 0),
                 {.name = "user_id", .write = SELLING, .ref = T_USER},
                 {.name = "kind", .write = SELLING},
                 {.name = "table_number", .write = SELLING},
                 {.name = "row_key", .write = SELLING},
                 {.name = "title", .write = SELLING, .any = true},
                 {.name = "from_user_id", .write = SELLING, .ref = T_USER},
                 {.name = "detail", .write = SELLING, .any = true},
                 {.name = "read_at", .write = SELLING, .merge = ONCE}}},
    {.number = T_DEVICE,
     .name = "device",
     .insert = ROLE_HQ,
     .engine = true,
     .key_size = 16,
     .columns = {KEY("id", 0),
                 {.name = "name", .any = true},
                 {.name = "code", .any = true},
                 {.name = "ceiling", .any = true},
                 {.name = "enrolled_at", .any = true},
                 {.name = "revoked_at"}}},
};

enum { TABLES = sizeof tables / sizeof *tables };

static int count_columns(const struct model_table *table) {
    int count = 0;
    while (count < COLUMNS && table->columns[count].name)
        count++;
    return count;
}

const struct model_table *const *model_tables(size_t *ret_count) {
    static struct model_table counted[TABLES];
    static const struct model_table *pointers[TABLES];
    if (!pointers[TABLES - 1]) {
        for (size_t i = 0; i < TABLES; i++) {
            memcpy(&counted[i], &tables[i], sizeof counted[i]);
            counted[i].column_count = count_columns(&counted[i]);
            pointers[i] = &counted[i];
        }
    }
    *ret_count = TABLES;
    return pointers;
}

const struct model_table *model_table(int number) {
    size_t count = 0;
    const struct model_table *const *all = model_tables(&count);
    for (size_t i = 0; i < count; i++)
        if (all[i]->number == number)
            return all[i];
    abort();
}

int column_of(const struct model_table *table, const char *name) {
    for (int i = 0; i < table->column_count; i++)
        if (strcmp(table->columns[i].name, name) == 0)
            return i;
    abort();
}

int cell_of_column(const struct model_table *table, int column) {
    const char *group = table->columns[column].group;
    for (int i = 0; group && i < table->column_count; i++)
        if (table->columns[i].group && strcmp(table->columns[i].group, group) == 0)
            return i;
    return column;
}

int column_number(const struct model_table *table, int column) {
    return strcmp(table->columns[column].name, "deleted_at") == 0 ? 63 : column + 1;
}

static bool is_stage(struct value value) {
    static const char *const stages[] = {"open", "offer", "won", "lost"};
    for (size_t i = 0; i < 4; i++)
        if (value_equal(value, value_text(stages[i])))
            return true;
    return false;
}

bool check_passes(const struct model_column *column, struct value value) {
    if (value.type == VALUE_NULL || (int)value.type == VALUE_ANY)
        return true;
    switch (column->check) {
    case CHECK_LENGTH: /* the workload writes letters of one byte */
        return (int64_t)value.bytes.size >= column->low &&
               (int64_t)value.bytes.size <= column->high;
    case CHECK_LEAST:
        return value.integer >= column->low;
    case CHECK_MOST:
        return value.integer <= column->high;
    case CHECK_STAGE:
        return is_stage(value);
    default:
        return true;
    }
}
