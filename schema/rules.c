/*
 * The rule runner: offers a transaction to the rules and says which one it breaks.
 */
#include "schema/rules.h"

#include <stdlib.h>
#include <string.h>

#include "schema/rule_tables.h"

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
    struct rule_tables tables;
};

/* --- opening ------------------------------------------------------------------------------ */

static int refuse_rule(sqlite3 *db, const struct operation *rule, const char *why,
                       struct error *error) {
    if (sqlite3_errcode(db) == SQLITE_NOMEM)
        return error_out_of_memory(error);
    return error_set(error, "catalogue.invalid", NULL, "schema/%s: rule %s: %s",
                     rule->path, rule->name, why);
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
    if (!sqlite3_stmt_readonly(rule->statement) ||
        sqlite3_column_count(rule->statement) == 0)
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
    runner->tables.catalogue = catalogue;
    int rc = 0;
    if (rule_tables_register(db, &runner->tables) != SQLITE_OK)
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
    rule_tables_unregister(runner->db);
    free(runner->rules);
    free(runner);
}

/* --- running ------------------------------------------------------------------------------ */

static bool offer_touched(struct rule_runner *runner, const struct rule_input *input) {
    runner->tables.touched.items = calloc(input->touched_count + 1, sizeof(struct entry));
    if (!runner->tables.touched.items)
        return false;
    for (size_t i = 0; i < input->touched_count; i++) {
        const struct touched_row *row = &input->touched[i];
        runner->tables.touched.items[i] =
            (struct entry){.table = row->table, .key = row->key, .row = row};
    }
    runner->tables.touched.count = input->touched_count;
    qsort(runner->tables.touched.items, input->touched_count, sizeof(struct entry),
          entry_compare);
    return true;
}

/* Cells of one row that come one after the other, by column number. */
struct cell_run {
    const struct changed_cell *first;
    size_t count;
};

static int compare_rows(const struct changed_cell *a, const struct changed_cell *b) {
    int order = (int)a->table->number - (int)b->table->number;
    return order ? order : bytes_compare(a->key, b->key);
}

/* By table and key; a row's own runs stay in their order. */
static int compare_runs(const void *a, const void *b) {
    const struct changed_cell *first = ((const struct cell_run *)a)->first;
    const struct changed_cell *second = ((const struct cell_run *)b)->first;
    int order = compare_rows(first, second);
    return order ? order : first < second ? -1 : 1;
}

static size_t find_runs(const struct rule_input *input, struct cell_run *ret_runs) {
    size_t count = 0;
    for (size_t i = 0; i < input->changed_count; i++) {
        const struct changed_cell *cell = &input->changed[i];
        if (i > 0 && cell[-1].column->number < cell->column->number &&
            compare_rows(cell - 1, cell) == 0)
            ret_runs[count - 1].count++;
        else
            ret_runs[count++] = (struct cell_run){cell, 1};
    }
    return count;
}

static void put_run(struct entries *entries, const struct cell_run *run) {
    for (size_t i = 0; i < run->count; i++) {
        const struct changed_cell *cell = &run->first[i];
        entries->items[entries->count++] =
            (struct entry){.table = cell->table, .key = cell->key, .cell = cell};
    }
}

/* Sorting rows is a tenth of the work of sorting cells, which come row by row from whoever collected them. */
static bool offer_changed(struct rule_runner *runner, const struct rule_input *input) {
    struct entries *entries = &runner->tables.changed;
    struct cell_run *runs = calloc(input->changed_count + 1, sizeof *runs);
    entries->items = calloc(input->changed_count + 1, sizeof(struct entry));
    bool made = runs && entries->items;
    size_t count = made ? find_runs(input, runs) : 0;
    bool scattered = false;
    if (count > 1)
        qsort(runs, count, sizeof *runs, compare_runs);
    for (size_t i = 0; i < count; i++) {
        scattered |= i > 0 && compare_rows(runs[i - 1].first, runs[i].first) == 0;
        put_run(entries, &runs[i]);
    }
    if (scattered)
        qsort(entries->items, entries->count, sizeof(struct entry), entry_compare);
    free(runs);
    return made;
}

static void withdraw(struct rule_runner *runner) {
    free(runner->tables.touched.items);
    free(runner->tables.changed.items);
    runner->tables.touched = (struct entries){0};
    runner->tables.changed = (struct entries){0};
}

static bool is_concerned(const struct operation *rule, const bool touched[LIMIT_TABLES]) {
    for (size_t i = 0; i < rule->rule_table_count; i++)
        if (touched[rule->rule_tables[i]->number])
            return true;
    return rule->rule_table_count == 0;
}

static const char *result_text(sqlite3_stmt *statement, int column) {
    const char *text =
        column < 0 ? NULL : (const char *)sqlite3_column_text(statement, column);
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
        error_set(ret_violation, operation->name,
                  result_text(statement, rule->field_column), "%s",
                  message[0] ? message : operation->title);
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

int rules_run(struct rule_runner *runner, const struct rule_input *input,
              int schema_version, struct error *ret_flag, struct error *error) {
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
