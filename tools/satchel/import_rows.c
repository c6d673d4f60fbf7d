/*
 * Each row checked against what its file promises, texts mended by stated rules, references found. A row
 * with anything wrong is set aside at its first mistake.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tools/satchel/countries.h"
#include "tools/satchel/import.h"
#include "tools/satchel/import_text.h"

enum { TEAM_AGENT, TEAM_MANAGER, TEAM_OFFICE };
enum { PRODUCT_NAME, PRODUCT_SERIES, PRODUCT_PRICE };
enum {
    ACCOUNT_NAME,
    ACCOUNT_SECTOR,
    ACCOUNT_YEAR,
    ACCOUNT_REVENUE,
    ACCOUNT_EMPLOYEES,
    ACCOUNT_COUNTRY,
    ACCOUNT_PARENT
};
enum {
    DEAL_ID,
    DEAL_AGENT,
    DEAL_PRODUCT,
    DEAL_ACCOUNT,
    DEAL_STAGE,
    DEAL_ENGAGED,
    DEAL_CLOSED,
    DEAL_VALUE
};

/* One row on its way: its texts, and whether something was wrong. */
struct reading {
    struct import *import;
    enum import_file file;
    const struct sheet_row *row;
    bool bad;
    bool no_memory;
};

static const char *field(const struct reading *reading, int column) {
    return import_field(reading->import, reading->file, reading->row, column);
}

static void reject(struct reading *reading, int column, const char *code,
                   const char *message) {
    if (reading->bad)
        return;
    struct import_problem problem = {
        .file = reading->file,
        .row = reading->row,
        .field = import_column_name(reading->file, column),
        .value = field(reading, column),
    };
    problem_set(&problem.error, code, problem.field, "%s", message);
    reading->bad = true;
    reading->no_memory = import_set_aside(reading->import, &problem) != 0;
}

static bool require_text(struct reading *reading, int column) {
    if (field(reading, column)[0] != '\0')
        return true;
    reject(reading, column, "parameter.missing", "It must not be empty.");
    return false;
}

/* The real name of what the column points at; NULL when empty, or rejected when unknown. */
static const char *refer(struct reading *reading, int column, enum import_kind kind) {
    const char *text = field(reading, column);
    if (text[0] == '\0')
        return NULL;
    const char *name = import_column_name(reading->file, column);
    const char *found = import_find(reading->import, kind, name, text);
    if (found != NULL)
        return found;
    const char *near = name_map_nearest(&reading->import->names[kind], text, 3);
    char message[300];
    snprintf(message, sizeof message,
             "There is no %s \"%.80s\" in the files or on this station%s%s%s",
             import_kind_name(kind), text, near != NULL ? "; nearest: \"" : ".",
             near != NULL ? near : "", near != NULL ? "\"." : "");
    reject(reading, column, "reference.unknown", message);
    return NULL;
}

/* "" reads as no date. */
static const char *read_date(struct reading *reading, int column) {
    const char *text = field(reading, column);
    if (text[0] != '\0' && !import_text_is_date(text))
        reject(reading, column, "parameter.date",
               "A date is YYYY-MM-DD, such as 2017-03-01.");
    return text;
}

static int64_t read_number(struct reading *reading, int column, int decimals) {
    int64_t number = 0;
    const char *text = field(reading, column);
    if (text[0] != '\0' && !import_text_number(text, decimals, &number))
        reject(
            reading, column, "parameter.number",
            "A number, 0 or more, with a point for decimals, such as 1054 or 1054.50.");
    return number;
}

static void set_money(struct node *values, const char *name, int64_t millionths) {
    char text[40];
    snprintf(text, sizeof text, "%" PRId64 ".%02" PRId64, millionths / 1000000,
             millionths % 1000000 / 10000);
    node_set_text(values, name, text);
}

static void set_text(struct node *values, const char *name, const char *text) {
    if (text[0] != '\0')
        node_set_text(values, name, text);
}

static struct import_item *add(struct reading *reading, enum import_kind kind,
                               const char *key) {
    struct import_item *item =
        import_add_item(reading->import, kind, reading->file, reading->row, key);
    if (item == NULL)
        reading->no_memory = true;
    return item;
}

static bool is_first(struct reading *reading, enum import_kind kind, int column) {
    if (name_map_find(&reading->import->names[kind], field(reading, column)) == NULL)
        return true;
    reject(reading, column, "row.duplicate",
           "The file has had this one in an earlier row.");
    return false;
}

/* --- sales teams: offices, managers, agents ------------------------------------------------ */

static const char *read_office(struct reading *reading) {
    const char *text = field(reading, TEAM_OFFICE);
    if (text[0] == '\0')
        return NULL;
    const char *office =
        import_find(reading->import, KIND_BRANCH, "regional_office", text);
    struct name_map *names = &reading->import->names[KIND_BRANCH];
    if (office != NULL && name_map_find(names, office) != NULL)
        return office;
    struct import_item *item = add(reading, KIND_BRANCH, office != NULL ? office : text);
    if (item == NULL)
        return NULL;
    item->implied = true;
    node_set_text(item->values, "key", item->key);
    return item->key;
}

static void name_person(struct import_item *item, const char *role) {
    node_set_text(item->values, "name", item->key);
    node_set_text(item->values, "role", role);
}

static void read_manager(struct reading *reading) {
    const char *name = field(reading, TEAM_MANAGER);
    if (name[0] == '\0' ||
        name_map_find(&reading->import->names[KIND_PERSON], name) != NULL)
        return;
    const char *office = read_office(reading);
    struct import_item *item = add(reading, KIND_PERSON, name);
    if (item == NULL)
        return;
    item->implied = true;
    item->references[KIND_BRANCH] = office;
    name_person(item, "manager");
}

static struct import_item *find_person(struct import *import, const char *name) {
    struct import_items *list = &import->items[KIND_PERSON];
    for (size_t i = 0; i < list->count; i++)
        if (name_map_same(list->items[i].key, name))
            return &list->items[i];
    return NULL;
}

static void read_agent(struct reading *reading) {
    if (!require_text(reading, TEAM_AGENT))
        return;
    const char *name = field(reading, TEAM_AGENT);
    struct import_item *item = find_person(reading->import, name);
    if (item != NULL && !item->implied) {
        is_first(reading, KIND_PERSON, TEAM_AGENT);
        return;
    }
    const char *office = read_office(reading);
    const char *manager = refer(reading, TEAM_MANAGER, KIND_PERSON);
    if (reading->bad)
        return;
    if (item != NULL) /* a manager who sells too */
        item->both_roles = true;
    else if ((item = add(reading, KIND_PERSON, name)) != NULL)
        name_person(item, "rep");
    if (item == NULL)
        return;
    item->implied = false;
    item->row = reading->row;
    item->references[KIND_BRANCH] = office;
    if (manager != NULL && !name_map_same(manager, name))
        item->references[KIND_PERSON] = manager;
}

/* --- products --------------------------------------------------------------------------------- */

static void read_product(struct reading *reading) {
    if (!require_text(reading, PRODUCT_NAME) ||
        !is_first(reading, KIND_PRODUCT, PRODUCT_NAME) ||
        !require_text(reading, PRODUCT_PRICE))
        return;
    int64_t price = read_number(reading, PRODUCT_PRICE, 2);
    if (reading->bad)
        return;
    struct import_item *item = add(reading, KIND_PRODUCT, field(reading, PRODUCT_NAME));
    if (item == NULL)
        return;
    node_set_text(item->values, "key", item->key);
    set_text(item->values, "series", field(reading, PRODUCT_SERIES));
    set_money(item->values, "list_price", price);
    node_set_text(item->values, "currency", reading->import->options.currency);
}

/* --- accounts --------------------------------------------------------------------------------- */

/* The known value that is meant: itself, or the nearest one within two letters. */
static const char *mend(struct reading *reading, int column,
                        const struct name_map *known) {
    const char *text = field(reading, column);
    const struct name_map_entry *entry = name_map_find(known, text);
    const char *meant = entry != NULL ? entry->name : name_map_nearest(known, text, 2);
    if (text[0] == '\0' || (meant != NULL && strcmp(meant, text) == 0))
        return text;
    import_note(reading->import, import_column_name(reading->file, column), text, meant);
    return meant != NULL ? meant : text;
}

static void read_integer(struct reading *reading, struct node *values, int column,
                         const char *name, int64_t least, int64_t most) {
    const char *text = field(reading, column);
    int64_t number;
    if (text[0] == '\0' || reading->bad)
        return;
    if (import_text_integer(text, least, most, &number)) {
        node_set_integer(values, name, number);
        return;
    }
    char message[100];
    snprintf(message, sizeof message, "A whole number from %" PRId64 " to %" PRId64 ".",
             least, most);
    reject(reading, column, "parameter.number", message);
}

static void set_revenue(struct reading *reading, struct node *values) {
    int64_t millionths = read_number(reading, ACCOUNT_REVENUE, 6);
    char text[32];
    if (field(reading, ACCOUNT_REVENUE)[0] == '\0' || reading->bad)
        return;
    snprintf(text, sizeof text, "%" PRId64, millionths); /* the file counts in millions */
    node_set_text(values, "revenue", text);
    node_set_text(values, "revenue_currency", reading->import->options.currency);
}

static void fill_account(struct reading *reading, struct node *values) {
    struct import *import = reading->import;
    node_set_text(values, "key", field(reading, ACCOUNT_NAME));
    read_integer(reading, values, ACCOUNT_YEAR, "established_year", 1000, 3000);
    read_integer(reading, values, ACCOUNT_EMPLOYEES, "employees", 0, 100000000);
    set_revenue(reading, values);
    if (reading->bad)
        return;
    set_text(values, "industry", mend(reading, ACCOUNT_SECTOR, &import->industries));
    set_text(values, "country", mend(reading, ACCOUNT_COUNTRY, &import->countries));
    set_text(values, "source", "import");
}

static void read_account(struct reading *reading) {
    if (!require_text(reading, ACCOUNT_NAME) ||
        !is_first(reading, KIND_CUSTOMER, ACCOUNT_NAME))
        return;
    struct node *values = node_object();
    fill_account(reading, values);
    struct import_item *item =
        reading->bad ? NULL : add(reading, KIND_CUSTOMER, field(reading, ACCOUNT_NAME));
    if (item == NULL) {
        node_release(values);
        return;
    }
    node_release(item->values);
    item->values = values;
    item->references[KIND_CUSTOMER] =
        field(reading, ACCOUNT_PARENT)[0] != '\0' ? field(reading, ACCOUNT_PARENT) : NULL;
}

/* --- the pipeline ------------------------------------------------------------------------------ */

/* The stage's code; *ret_kind is open, won, lost or void. */
static const char *read_stage(struct reading *reading, const char **ret_kind) {
    *ret_kind = "open";
    if (!require_text(reading, DEAL_STAGE))
        return NULL;
    const struct name_map_entry *entry =
        name_map_find(&reading->import->stages, field(reading, DEAL_STAGE));
    if (entry == NULL) {
        reject(
            reading, DEAL_STAGE, "stage.unknown",
            "A stage is Prospecting, Engaging, Won or Lost (or another of the pipeline crm).");
        return NULL;
    }
    *ret_kind = entry->value;
    return entry->name;
}

static void check_dates(struct reading *reading, const char *kind) {
    const char *engaged = read_date(reading, DEAL_ENGAGED);
    const char *closed = read_date(reading, DEAL_CLOSED);
    bool is_closed = strcmp(kind, "open") != 0;
    if (is_closed && closed[0] == '\0')
        reject(reading, DEAL_CLOSED, "parameter.missing",
               "A won or lost deal has a closing date.");
    if (!is_closed && closed[0] != '\0')
        reject(reading, DEAL_CLOSED, "date.unexpected",
               "An open deal has no closing date; is its stage right?");
    if (engaged[0] != '\0' && closed[0] != '\0' && strcmp(closed, engaged) < 0)
        reject(reading, DEAL_CLOSED, "date.order",
               "It was closed before it was engaged.");
}

static void check_value(struct reading *reading, const char *kind, struct node *values) {
    int64_t value = read_number(reading, DEAL_VALUE, 2);
    bool is_given = field(reading, DEAL_VALUE)[0] != '\0';
    if (!is_given && strcmp(kind, "won") == 0)
        reject(reading, DEAL_VALUE, "parameter.missing", "A won deal has a value.");
    else if (is_given || strcmp(kind, "open") != 0)
        set_money(values, "amount", value);
}

static void fill_deal(struct reading *reading, struct node *values) {
    const char *kind;
    const char *stage = read_stage(reading, &kind);
    check_dates(reading, kind);
    check_value(reading, kind, values);
    if (reading->bad)
        return;
    node_set_text(values, "key", field(reading, DEAL_ID));
    node_set_text(values, "pipeline", "crm");
    node_set_text(values, "stage", stage);
    node_set_text(values, "currency", reading->import->options.currency);
    set_text(values, "engaged_on", field(reading, DEAL_ENGAGED));
    set_text(values, "closed_on", field(reading, DEAL_CLOSED));
}

static void read_deal(struct reading *reading) {
    if (!require_text(reading, DEAL_ID) ||
        !is_first(reading, KIND_OPPORTUNITY, DEAL_ID) ||
        !require_text(reading, DEAL_AGENT) || !require_text(reading, DEAL_PRODUCT))
        return;
    const char *agent = refer(reading, DEAL_AGENT, KIND_PERSON);
    const char *product =
        reading->bad ? NULL : refer(reading, DEAL_PRODUCT, KIND_PRODUCT);
    const char *customer =
        reading->bad ? NULL : refer(reading, DEAL_ACCOUNT, KIND_CUSTOMER);
    struct node *values = node_object();
    if (!reading->bad)
        fill_deal(reading, values);
    struct import_item *item =
        reading->bad ? NULL : add(reading, KIND_OPPORTUNITY, field(reading, DEAL_ID));
    if (item == NULL) {
        node_release(values);
        return;
    }
    node_release(item->values);
    item->values = values;
    item->references[KIND_PERSON] = agent;
    item->references[KIND_PRODUCT] = product;
    item->references[KIND_CUSTOMER] = customer;
}

/* --- all --------------------------------------------------------------------------------------- */

static void reject_row(struct reading *reading, size_t columns) {
    struct import_problem problem = {
        .file = reading->file, .row = reading->row, .field = ""};
    problem_set(&problem.error, "row.fields", NULL,
                "The row has %zu fields, the header %zu.", reading->row->field_count,
                columns);
    reading->no_memory = import_set_aside(reading->import, &problem) != 0;
}

static int read_rows(struct import *import, enum import_file file,
                     void (*read)(struct reading *), satchel_error *error) {
    const struct sheet *sheet = &import->sheets[file];
    for (size_t i = 0; i < sheet->row_count; i++) {
        struct reading reading = {.import = import, .file = file, .row = &sheet->rows[i]};
        if (reading.row->field_count == sheet->header.field_count)
            read(&reading);
        else if (read != read_manager) /* the same rows are read for agents too */
            reject_row(&reading, sheet->header.field_count);
        if (reading.no_memory)
            return problem_out_of_memory(error);
    }
    return 0;
}

static bool add_countries(struct import *import) {
    for (size_t i = 0; i < country_count; i++)
        if (!name_map_add(&import->countries, countries[i], NULL))
            return false;
    return true;
}

/* The pipeline of imports as it will be made, when the station has none yet. */
static bool add_stages(struct import *import) {
    if (import->stages.count > 0)
        return true;
    return name_map_add(&import->stages, "prospecting", "open") &&
           name_map_add(&import->stages, "engaging", "open") &&
           name_map_add(&import->stages, "won", "won") &&
           name_map_add(&import->stages, "lost", "lost");
}

int import_check_rows(struct import *import, satchel_error *error) {
    import->names[KIND_OPPORTUNITY].exact = true;
    if (!add_countries(import) || !add_stages(import))
        return problem_out_of_memory(error);
    if (read_rows(import, FILE_TEAMS, read_manager, error) != 0 ||
        read_rows(import, FILE_TEAMS, read_agent, error) != 0 ||
        read_rows(import, FILE_PRODUCTS, read_product, error) != 0 ||
        read_rows(import, FILE_ACCOUNTS, read_account, error) != 0)
        return -1;
    return read_rows(import, FILE_PIPELINE, read_deal, error);
}
