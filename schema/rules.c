/*
 * The rule runner, and the tables `touched` and `changed` that rules read.
 *
 * Both tables are eponymous virtual tables over arrays of pointers sorted by table, key and
 * column, so that a lookup by table and key is a binary search; column_name and a key without its
 * table are filtered while walking.
 */
#include "schema/rules.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* A row of either virtual table; `cell` is NULL in `touched`. */
struct entry {
    const struct table *table;
    struct bytes key;
    const struct touched_row *row;
    const struct changed_cell *cell;
};

struct entries {
    struct entry *items;
    size_t count;
};

struct rule {
    const struct operation *operation;
    sqlite3_stmt *statement;
    int field_column;   /* -1: none */
    int message_column; /* -1: none */
};

struct rule_runner {
    sqlite3 *db;
    const struct catalogue *catalogue;
    struct rule *rules;
    size_t rule_count;
    struct entries touched;
    struct entries changed;
};

/* --- the virtual tables ------------------------------------------------------------------- */

enum virtual_kind { VIRTUAL_TOUCHED, VIRTUAL_CHANGED };

struct virtual_table {
    sqlite3_vtab base;
    struct rule_runner *runner;
    enum virtual_kind kind;
};

struct cursor {
    sqlite3_vtab_cursor base;
    const struct entries *entries;
    size_t at;
    size_t end;
    bool by_key;
    struct bytes key; /* borrowed from the filter's argument: copied into key_room */
    uint8_t key_room[LIMIT_KEY_COLUMNS * 16];
    bool by_column;
    char column_name[LIMIT_NAME + 1];
};

enum { COLUMN_TABLE_NAME, COLUMN_ROW_KEY, COLUMN_THIRD, COLUMN_OLD };
enum { PLAN_TABLE = 1, PLAN_KEY = 2, PLAN_COLUMN = 4 };

static int connect(sqlite3 *db, void *context, enum virtual_kind kind, const char *ddl,
                   sqlite3_vtab **ret) {
    int rc = sqlite3_declare_vtab(db, ddl);
    if (rc != SQLITE_OK)
        return rc;
    struct virtual_table *table = sqlite3_malloc64(sizeof *table);
    if (!table)
        return SQLITE_NOMEM;
    *table = (struct virtual_table){.runner = context, .kind = kind};
    sqlite3_vtab_config(db, SQLITE_VTAB_INNOCUOUS);
    *ret = &table->base;
    return SQLITE_OK;
}

static int touched_connect(sqlite3 *db, void *context, int count, const char *const *arguments,
                           sqlite3_vtab **ret, char **ret_message) {
    (void)count;
    (void)arguments;
    (void)ret_message;
    return connect(db, context, VIRTUAL_TOUCHED, "create table x (table_name, row_key, op)", ret);
}

static int changed_connect(sqlite3 *db, void *context, int count, const char *const *arguments,
                           sqlite3_vtab **ret, char **ret_message) {
    (void)count;
    (void)arguments;
    (void)ret_message;
    return connect(db, context, VIRTUAL_CHANGED,
                   "create table x (table_name, row_key, column_name, old_int, new_int,"
                   " old_text, new_text, old_blob, new_blob)",
                   ret);
}

static int disconnect(sqlite3_vtab *table) {
    sqlite3_free(table);
    return SQLITE_OK;
}

/* Which constraint a column of the table can serve, 0: none. */
static int plan_of(const struct virtual_table *table, int column) {
    if (column == COLUMN_TABLE_NAME)
        return PLAN_TABLE;
    if (column == COLUMN_ROW_KEY)
        return PLAN_KEY;
    return column == COLUMN_THIRD && table->kind == VIRTUAL_CHANGED ? PLAN_COLUMN : 0;
}

/* Arguments are passed in the order of the plan's bits: table, key, column. */
static int best_index(sqlite3_vtab *base, sqlite3_index_info *info) {
    const struct virtual_table *table = (const struct virtual_table *)base;
    int found[PLAN_COLUMN + 1];
    int plan = 0;
    for (int i = 0; i < info->nConstraint; i++) {
        int bit = plan_of(table, info->aConstraint[i].iColumn);
        if (!info->aConstraint[i].usable ||
            info->aConstraint[i].op != SQLITE_INDEX_CONSTRAINT_EQ || bit == 0 || (plan & bit))
            continue;
        found[bit] = i;
        plan |= bit;
    }
    int argument = 1;
    for (int bit = PLAN_TABLE; bit <= PLAN_COLUMN; bit *= 2)
        if (plan & bit)
            info->aConstraintUsage[found[bit]].argvIndex = argument++;
    bool by_table = plan & PLAN_TABLE;
    bool by_key = plan & PLAN_KEY;
    info->idxNum = plan;
    info->estimatedCost = by_table && by_key ? 10 : by_table ? 200 : by_key ? 500 : 1000;
    info->estimatedRows = by_key ? 5 : by_table ? 100 : 1000;
    return SQLITE_OK;
}

static int cursor_open(sqlite3_vtab *base, sqlite3_vtab_cursor **ret) {
    struct virtual_table *table = (struct virtual_table *)base;
    struct cursor *cursor = sqlite3_malloc64(sizeof *cursor);
    if (!cursor)
        return SQLITE_NOMEM;
    memset(cursor, 0, sizeof *cursor);
    struct rule_runner *runner = table->runner;
    cursor->entries = table->kind == VIRTUAL_TOUCHED ? &runner->touched : &runner->changed;
    *ret = &cursor->base;
    return SQLITE_OK;
}

static int cursor_close(sqlite3_vtab_cursor *base) {
    sqlite3_free(base);
    return SQLITE_OK;
}

static int compare_place(const struct entry *entry, int table_number, const struct bytes *key) {
    int difference = (int)entry->table->number - table_number;
    return difference || !key ? difference : bytes_compare(entry->key, *key);
}

/* The first entry that is not before (or, with `after`, the first that is behind) the place. */
static size_t bound(const struct entries *entries, int table_number, const struct bytes *key,
                    bool after) {
    size_t low = 0;
    size_t high = entries->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare_place(&entries->items[middle], table_number, key);
        if (order < 0 || (after && order == 0))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool filtered_out(const struct cursor *cursor) {
    const struct entry *entry = &cursor->entries->items[cursor->at];
    if (cursor->by_key && !bytes_equal(entry->key, cursor->key))
        return true;
    return cursor->by_column && strcmp(entry->cell->column->name, cursor->column_name) != 0;
}

static void skip_filtered(struct cursor *cursor) {
    while (cursor->at < cursor->end && filtered_out(cursor))
        cursor->at++;
}

static bool read_key(struct cursor *cursor, sqlite3_value *argument) {
    struct value value = value_of_sqlite(argument);
    if (value.type != VALUE_BLOB || value.bytes.size > sizeof cursor->key_room)
        return false;
    memcpy(cursor->key_room, value.bytes.data, value.bytes.size);
    cursor->key = (struct bytes){cursor->key_room, value.bytes.size};
    return true;
}

static bool read_column_name(struct cursor *cursor, sqlite3_value *argument) {
    struct value value = value_of_sqlite(argument);
    if (value.type != VALUE_TEXT || value.bytes.size > LIMIT_NAME)
        return false;
    memcpy(cursor->column_name, value.bytes.data, value.bytes.size);
    cursor->column_name[value.bytes.size] = '\0';
    return true;
}

static int cursor_filter(sqlite3_vtab_cursor *base, int plan, const char *text, int count,
                         sqlite3_value **arguments) {
    (void)text;
    (void)count;
    struct cursor *cursor = (struct cursor *)base;
    const struct virtual_table *virtual = (const struct virtual_table *)base->pVtab;
    cursor->at = cursor->end = 0;
    cursor->by_key = plan & PLAN_KEY;
    cursor->by_column = plan & PLAN_COLUMN;
    const char *name = plan & PLAN_TABLE ? (const char *)sqlite3_value_text(*arguments++) : NULL;
    if ((cursor->by_key && !read_key(cursor, *arguments++)) ||
        (cursor->by_column && !read_column_name(cursor, *arguments++)))
        return SQLITE_OK; /* equal to nothing that can be there */
    if (plan & PLAN_TABLE) {
        const struct table *table = name ? catalogue_table(virtual->runner->catalogue, name) : NULL;
        if (!table)
            return SQLITE_OK;
        const struct bytes *key = cursor->by_key ? &cursor->key : NULL;
        cursor->at = bound(cursor->entries, table->number, key, false);
        cursor->end = bound(cursor->entries, table->number, key, true);
    } else {
        cursor->end = cursor->entries->count;
    }
    skip_filtered(cursor);
    return SQLITE_OK;
}

static int cursor_next(sqlite3_vtab_cursor *base) {
    struct cursor *cursor = (struct cursor *)base;
    cursor->at++;
    skip_filtered(cursor);
    return SQLITE_OK;
}

static int cursor_eof(sqlite3_vtab_cursor *base) {
    const struct cursor *cursor = (const struct cursor *)base;
    return cursor->at >= cursor->end;
}

static void result_value(sqlite3_context *sql, struct value value, enum value_type wanted) {
    if (value.type != wanted)
        return; /* NULL */
    if (wanted == VALUE_INTEGER)
        sqlite3_result_int64(sql, value.integer);
    else if (wanted == VALUE_TEXT)
        sqlite3_result_text64(sql, (const char *)value.bytes.data, value.bytes.size,
                              SQLITE_TRANSIENT, SQLITE_UTF8);
    else
        sqlite3_result_blob64(sql, value.bytes.data, value.bytes.size, SQLITE_TRANSIENT);
}

static void result_third(sqlite3_context *sql, const struct entry *entry) {
    static const char *const words[] = {"", "insert", "update", "delete"};
    const char *text = entry->cell ? entry->cell->column->name : words[entry->row->operation];
    sqlite3_result_text(sql, text, -1, SQLITE_STATIC); /* the catalogue's, or constant */
}

static int cursor_column(sqlite3_vtab_cursor *base, sqlite3_context *sql, int column) {
    static const enum value_type types[] = {VALUE_INTEGER, VALUE_TEXT, VALUE_BLOB};
    const struct cursor *cursor = (const struct cursor *)base;
    const struct entry *entry = &cursor->entries->items[cursor->at];
    if (column == COLUMN_TABLE_NAME)
        sqlite3_result_text(sql, entry->table->name, -1, SQLITE_STATIC);
    else if (column == COLUMN_ROW_KEY)
        result_value(sql, value_blob(entry->key), VALUE_BLOB);
    else if (column == COLUMN_THIRD)
        result_third(sql, entry);
    else {
        int pair = column - COLUMN_OLD;
        struct value value = pair % 2 ? entry->cell->new_value : entry->cell->old_value;
        result_value(sql, value, types[pair / 2]);
    }
    return SQLITE_OK;
}

static int cursor_rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *ret) {
    *ret = (sqlite3_int64)((const struct cursor *)base)->at;
    return SQLITE_OK;
}

/* xCreate is NULL: eponymous only, nothing to create or drop. */
#define VIRTUAL_MODULE(connect_function)                                                         \
    {                                                                                            \
        .xConnect = connect_function, .xBestIndex = best_index, .xDisconnect = disconnect,       \
        .xOpen = cursor_open, .xClose = cursor_close, .xFilter = cursor_filter,                  \
        .xNext = cursor_next, .xEof = cursor_eof, .xColumn = cursor_column,                      \
        .xRowid = cursor_rowid                                                                   \
    }

static const sqlite3_module touched_module = VIRTUAL_MODULE(touched_connect);
static const sqlite3_module changed_module = VIRTUAL_MODULE(changed_connect);

/* --- opening ------------------------------------------------------------------------------ */

static int refuse_rule(sqlite3 *db, const struct operation *rule, const char *why,
                       struct error *error) {
    if (sqlite3_errcode(db) == SQLITE_NOMEM)
        return error_out_of_memory(error);
    return error_set(error, "catalogue.invalid", NULL, "schema/%s: rule %s: %s", rule->path,
                     rule->name, why);
}

static int find_result_column(sqlite3_stmt *statement, const char *name) {
    for (int i = 0; i < sqlite3_column_count(statement); i++)
        if (strcmp(sqlite3_column_name(statement, i), name) == 0)
            return i;
    return -1;
}

static int prepare_rule(sqlite3 *db, struct rule *rule, struct error *error) {
    const struct operation *operation = rule->operation;
    if (sqlite3_prepare_v3(db, operation->statements[0], -1, SQLITE_PREPARE_PERSISTENT,
                           &rule->statement, NULL) != SQLITE_OK)
        return refuse_rule(db, operation, sqlite3_errmsg(db), error);
    if (!sqlite3_stmt_readonly(rule->statement) || sqlite3_column_count(rule->statement) == 0)
        return refuse_rule(db, operation, "a rule is one SELECT", error);
    if (sqlite3_bind_parameter_count(rule->statement) != 0)
        return refuse_rule(db, operation, "a rule takes no parameters", error);
    rule->field_column = find_result_column(rule->statement, "field");
    rule->message_column = find_result_column(rule->statement, "message");
    return 0;
}

static int prepare_rules(struct rule_runner *runner, struct error *error) {
    const struct catalogue *catalogue = runner->catalogue;
    runner->rules = calloc(catalogue->rule_count + 1, sizeof *runner->rules);
    if (!runner->rules)
        return error_out_of_memory(error);
    for (size_t i = 0; i < catalogue->rule_count; i++) {
        struct rule *rule = &runner->rules[runner->rule_count++];
        rule->operation = &catalogue->rules[i];
        if (prepare_rule(runner->db, rule, error) != 0)
            return -1;
    }
    return 0;
}

int rules_open(sqlite3 *db, const struct catalogue *catalogue, struct rule_runner **ret,
               struct error *error) {
    struct rule_runner *runner = calloc(1, sizeof *runner);
    if (!runner)
        return error_out_of_memory(error);
    runner->db = db;
    runner->catalogue = catalogue;
    int rc = 0;
    if (sqlite3_create_module(db, "touched", &touched_module, runner) != SQLITE_OK ||
        sqlite3_create_module(db, "changed", &changed_module, runner) != SQLITE_OK)
        rc = error_from_sqlite(error, db, "making the tables of the rules");
    if (rc == 0)
        rc = prepare_rules(runner, error);
    if (rc != 0) {
        rules_close(runner);
        return -1;
    }
    *ret = runner;
    return 0;
}

void rules_close(struct rule_runner *runner) {
    if (!runner)
        return;
    for (size_t i = 0; i < runner->rule_count; i++)
        sqlite3_finalize(runner->rules[i].statement);
    sqlite3_create_module(runner->db, "touched", NULL, NULL);
    sqlite3_create_module(runner->db, "changed", NULL, NULL);
    free(runner->rules);
    free(runner);
}

/* --- running ------------------------------------------------------------------------------ */

static int compare_entries(const void *a, const void *b) {
    const struct entry *first = a;
    const struct entry *second = b;
    int order = compare_place(first, second->table->number, &second->key);
    if (order || !first->cell)
        return order;
    return (int)first->cell->column->number - (int)second->cell->column->number;
}

static bool offer_touched(struct rule_runner *runner, const struct rule_input *input) {
    runner->touched.items = calloc(input->touched_count + 1, sizeof(struct entry));
    if (!runner->touched.items)
        return false;
    for (size_t i = 0; i < input->touched_count; i++) {
        const struct touched_row *row = &input->touched[i];
        runner->touched.items[i] = (struct entry){.table = row->table, .key = row->key, .row = row};
    }
    runner->touched.count = input->touched_count;
    qsort(runner->touched.items, input->touched_count, sizeof(struct entry), compare_entries);
    return true;
}

static bool offer_changed(struct rule_runner *runner, const struct rule_input *input) {
    runner->changed.items = calloc(input->changed_count + 1, sizeof(struct entry));
    if (!runner->changed.items)
        return false;
    for (size_t i = 0; i < input->changed_count; i++) {
        const struct changed_cell *cell = &input->changed[i];
        runner->changed.items[i] =
            (struct entry){.table = cell->table, .key = cell->key, .cell = cell};
    }
    runner->changed.count = input->changed_count;
    qsort(runner->changed.items, input->changed_count, sizeof(struct entry), compare_entries);
    return true;
}

static void withdraw(struct rule_runner *runner) {
    free(runner->touched.items);
    free(runner->changed.items);
    runner->touched = (struct entries){0};
    runner->changed = (struct entries){0};
}

static bool is_concerned(const struct operation *rule, const bool touched[LIMIT_TABLES]) {
    for (size_t i = 0; i < rule->rule_table_count; i++)
        if (touched[rule->rule_tables[i]->number])
            return true;
    return rule->rule_table_count == 0;
}

static const char *result_text(sqlite3_stmt *statement, int column) {
    const char *text = column < 0 ? NULL : (const char *)sqlite3_column_text(statement, column);
    return text ? text : "";
}

/* *ret_violation is filled when the rule returned a row. */
static int run_rule(struct rule_runner *runner, const struct rule *rule,
                    struct error *ret_violation, struct error *error) {
    const struct operation *operation = rule->operation;
    sqlite3_stmt *statement = rule->statement;
    int rc = sqlite3_step(statement);
    int result = 0;
    if (rc == SQLITE_ROW) {
        const char *message = result_text(statement, rule->message_column);
        error_set(ret_violation, operation->name, result_text(statement, rule->field_column),
                  "%s", message[0] ? message : operation->title);
    } else if (rc != SQLITE_DONE) {
        result = error_from_sqlite(error, runner->db, operation->name);
    }
    sqlite3_reset(statement);
    return result;
}

static int run_all(struct rule_runner *runner, const bool touched[LIMIT_TABLES],
                   int schema_version, struct error *flag, struct error *error) {
    for (size_t i = 0; i < runner->rule_count; i++) {
        const struct rule *rule = &runner->rules[i];
        struct error violation = {0};
        if (!is_concerned(rule->operation, touched))
            continue;
        if (run_rule(runner, rule, &violation, error) != 0)
            return -1;
        if (!violation.code[0])
            continue;
        if (rule->operation->rule_since <= schema_version) {
            if (error)
                *error = violation;
            return -1;
        }
        if (!flag->code[0])
            *flag = violation;
    }
    return 0;
}

int rules_run(struct rule_runner *runner, const struct rule_input *input, int schema_version,
              struct error *ret_flag, struct error *error) {
    bool touched[LIMIT_TABLES] = {false};
    struct error flag = {0};
    int rc;
    for (size_t i = 0; i < input->touched_count; i++)
        touched[input->touched[i].table->number] = true;
    if (offer_touched(runner, input) && offer_changed(runner, input))
        rc = run_all(runner, touched, schema_version, &flag, error);
    else
        rc = error_out_of_memory(error);
    withdraw(runner);
    if (ret_flag)
        *ret_flag = flag;
    return rc;
}
