/* Customers of twelve columns, as different from each other as real ones. */
#include <stdio.h>
#include <string.h>

#include "tools/bench/bench.h"

#define PICK(dice, list) (list)[dice_below((dice), sizeof(list) / sizeof *(list))]

static const char *const FIRST[] = {
    "Acme",  "Blue",  "Cedar",  "Delta", "East",  "Fair",   "Golden", "Harbor",
    "Iris",  "Jade",  "Kite",   "Lotus", "Maple", "North",  "Orion",  "Pearl",
    "Quill", "River", "Silver", "Tiger", "Union", "Vertex", "West",   "Xenon"};
static const char *const SECOND[] = {
    "Trading", "Systems", "Foods",  "Textiles", "Motors",    "Media",  "Health", "Optics",
    "Energy",  "Paper",   "Marine", "Plastics", "Logistics", "Design", "Tools"};
static const char *const KIND[] = {"company", "company", "company", "person"};
static const char *const LEVEL[] = {"a", "b", "c"};
static const char *const INDUSTRY[] = {"technology", "retail",   "medical",  "finance",
                                       "software",   "services", "marketing"};
static const char *const SOURCE[] = {"web", "referral", "exhibition", "phone", "partner"};
static const char *const CITY[] = {"Shanghai", "Beijing", "Shenzhen", "Hangzhou",
                                   "Chengdu",  "Wuhan",   "Nanjing",  "Suzhou",
                                   "Qingdao",  "Xiamen"};

void phone_make(struct dice *dice, char ret[16]) {
    snprintf(ret, 16, "13%09llu", (unsigned long long)dice_below(dice, 1000000000ULL));
}

void customer_make(struct dice *dice, const struct bench_people *people, uint64_t number,
                   struct customer *ret) {
    const char *first = PICK(dice, FIRST);
    const char *second = PICK(dice, SECOND);
    unsigned tail = (unsigned)dice_below(dice, 10000);
    ret->id = dice_id(dice);
    snprintf(ret->name, sizeof ret->name, "%s %s %u Ltd", first, second, tail);
    snprintf(ret->code, sizeof ret->code, "C%07llu", (unsigned long long)number);
    snprintf(ret->email, sizeof ret->email, "office@%s-%s%u.cn", first, second, tail);
    phone_make(dice, ret->phone);
    ret->kind = PICK(dice, KIND);
    ret->level = PICK(dice, LEVEL);
    ret->industry = PICK(dice, INDUSTRY);
    ret->source = PICK(dice, SOURCE);
    ret->city = PICK(dice, CITY);
    ret->owner = people->people[dice_below(dice, BENCH_PEOPLE)];
    ret->branch = people->branches[dice_below(dice, BENCH_BRANCHES)];
}

struct cell cell_named(const struct table *table, const char *column,
                       struct value value) {
    return (struct cell){table_column(table, column)->number, value};
}

static struct value id_value(const struct id *id) {
    return value_blob((struct bytes){id->bytes, ID_SIZE});
}

/* In the order of the columns' numbers. */
struct change customer_insert(const struct catalogue *catalogue,
                              const struct customer *customer, struct arena *arena) {
    const struct table *table = catalogue_table(catalogue, "customer");
    struct cell *cells =
        must_have(arena_alloc_array(arena, CUSTOMER_CELLS, sizeof *cells));
    const struct cell all[CUSTOMER_CELLS] = {
        cell_named(table, "name", value_text(customer->name)),
        cell_named(table, "code", value_text(customer->code)),
        cell_named(table, "kind", value_text(customer->kind)),
        cell_named(table, "level", value_text(customer->level)),
        cell_named(table, "industry", value_text(customer->industry)),
        cell_named(table, "source", value_text(customer->source)),
        cell_named(table, "phone", value_text(customer->phone)),
        cell_named(table, "email", value_text(customer->email)),
        cell_named(table, "city", value_text(customer->city)),
        cell_named(table, "owner_id", id_value(&customer->owner)),
        cell_named(table, "branch_id", id_value(&customer->branch)),
    };
    memcpy(cells, all, sizeof all);
    return (struct change){table->number, ROW_INSERT,
                           (struct bytes){customer->id.bytes, ID_SIZE}, cells,
                           CUSTOMER_CELLS};
}
