/*
 * The rows as commands: kind by kind, level by level, at most a batch in one transaction. When the station
 * refuses a row, those before it in the batch go in, it is set aside with the station's reason, and
 * the rest goes on.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema/base/limits.h"
#include "tools/satchel/import.h"
#include "tools/satchel/progress.h"

struct run {
    struct import *import;
    satchel_session *session;
    struct progress progress;
    int64_t done, total;
};

static const char *const commands[IMPORT_KINDS] = {
    [KIND_BRANCH] = "branch.import",           [KIND_PERSON] = "person.import",
    [KIND_PRODUCT] = "product.import",         [KIND_CUSTOMER] = "customer.import",
    [KIND_OPPORTUNITY] = "opportunity.import",
};

/* The parameter by which a command of the one kind takes a reference to the other. */
static const char *const parameters[IMPORT_KINDS][IMPORT_KINDS] = {
    [KIND_PERSON] = {[KIND_BRANCH] = "branch", [KIND_PERSON] = "manager"},
    [KIND_CUSTOMER] = {[KIND_PERSON] = "owner", [KIND_CUSTOMER] = "parent"},
    [KIND_OPPORTUNITY] = {[KIND_PERSON] = "owner",
                          [KIND_PRODUCT] = "product",
                          [KIND_CUSTOMER] = "customer"},
};

/* --- the pipeline of imports --------------------------------------------------------------- */

static int run_one(struct run *run, const char *command, struct node *values,
                   satchel_error *error) {
    char *arguments = node_write(values);
    int rc = arguments == NULL
                 ? problem_out_of_memory(error)
                 : satchel_do(run->session, command, arguments, NULL, error);
    node_free_text(arguments);
    node_release(values);
    return rc;
}

static int make_stage(struct run *run, const char *const stage[6], satchel_error *error) {
    static const char *const names[6] = {"code", "name_en",     "name_zh",
                                         "kind", "probability", "position"};
    struct node *values = node_object();
    node_set_text(values, "pipeline", "crm");
    for (size_t i = 0; i < 6; i++)
        node_set_text(values, names[i], stage[i]);
    return run_one(run, "stage.register", values, error);
}

/* Once: headquarters may change names and probabilities afterwards, and later imports leave them. */
static int make_pipeline(struct run *run, satchel_error *error) {
    static const char *const stages[][6] = {
        {"prospecting", "Prospecting", "寻找线索", "open", "20%", "10"},
        {"engaging", "Engaging", "洽谈中", "open", "50%", "20"},
        {"won", "Won", "成功", "won", "100%", "30"},
        {"lost", "Lost", "失败", "lost", "0%", "40"},
    };
    struct import_known known = {.rows = NULL};
    int rc = import_ask_kind(&known, run->session, "stage", false, error);
    size_t count = node_count(known.rows);
    import_known_free(&known);
    if (rc != 0 || count > 0)
        return rc;
    struct node *values = node_object();
    node_set_text(values, "code", "crm");
    node_set_text(values, "name_en", "Imported CRM");
    node_set_text(values, "name_zh", "导入的销售流程");
    node_set_text(values, "allows_backward", "yes");
    rc = run_one(run, "pipeline.register", values, error);
    for (size_t i = 0; rc == 0 && i < sizeof stages / sizeof *stages; i++)
        rc = make_stage(run, stages[i], error);
    return rc;
}

/* --- arguments ------------------------------------------------------------------------------- */

static const struct node *known_row(const struct import *import, enum import_kind kind,
                                    const char *key) {
    const struct name_map_entry *entry = name_map_find(&import->known[kind].by_key, key);
    return entry != NULL ? entry->value : NULL;
}

/* Completes the item's values: ids of what it points at, and what to do when it is there already. */
static void complete(const struct import *import, enum import_kind kind,
                     struct import_item *item) {
    bool is_known = known_row(import, kind, item->key) != NULL;
    for (int other = 0; other < IMPORT_KINDS; other++) {
        const char *key = item->references[other];
        const char *parameter = parameters[kind][other];
        const struct node *row =
            key != NULL ? known_row(import, (enum import_kind)other, key) : NULL;
        bool is_owner = kind == KIND_CUSTOMER && other == KIND_PERSON;
        if (row != NULL && parameter != NULL && !(is_owner && is_known))
            node_set_text(item->values, parameter, node_member_text(row, "id"));
    }
    if (is_known && !import->options.keep)
        node_set_text(item->values, "mode", "update");
}

/* --- batches ---------------------------------------------------------------------------------- */

struct batch {
    enum import_kind kind;
    struct import_item *items[LIMIT_BATCH];
    size_t count;
};

/* True for what no row is to blame for: nothing else would succeed either. */
static bool is_fatal(const satchel_error *error) {
    static const char *const prefixes[] = {"role.missing", "database.",       "sign_in.",
                                           "memory",       "command.unknown", "station.",
                                           "transaction.", "catalogue."};
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
        if (strncmp(error->code, prefixes[i], strlen(prefixes[i])) == 0)
            return true;
    return false;
}

static char *write_batch(struct import_item *const *items, size_t count) {
    struct buffer text = buffer_make(LIMIT_JSON);
    buffer_append_byte(&text, '[');
    for (size_t i = 0; i < count; i++) {
        char *one = node_write(items[i]->values);
        buffer_printf(&text, "%s%s", i > 0 ? "," : "", one != NULL ? one : "");
        node_free_text(one);
    }
    buffer_append_byte(&text, ']');
    char *written = text.failed ? NULL : strdup(buffer_text(&text));
    buffer_free(&text);
    return written;
}

/* Runs items[0..count) in one transaction. 1: refused because of *ret_failed. */
static int try_batch(struct run *run, enum import_kind kind,
                     struct import_item *const *items, size_t count, size_t *ret_failed,
                     satchel_error *error) {
    char *arguments = write_batch(items, count);
    if (arguments == NULL)
        return problem_out_of_memory(error);
    size_t failed = count;
    int rc =
        satchel_do_all(run->session, commands[kind], arguments, NULL, &failed, error);
    free(arguments);
    if (rc != 0 && (is_fatal(error) || failed >= count))
        return -1;
    *ret_failed = failed;
    if (rc != 0)
        return 1;
    for (size_t i = 0; i < count; i++)
        items[i]->outcome = OUTCOME_DONE;
    return 0;
}

static int run_batch(struct run *run, const struct batch *batch, satchel_error *error) {
    size_t start = 0, end = batch->count;
    while (start < batch->count) {
        size_t failed = 0;
        int rc = try_batch(run, batch->kind, batch->items + start, end - start, &failed,
                           error);
        if (rc < 0)
            return rc;
        if (rc == 0) { /* those before a refused one, or the last ones */
            start = end;
            end = batch->count;
            while (start < end && batch->items[start]->outcome == OUTCOME_SET_ASIDE)
                start++;
            continue;
        }
        if (import_set_aside_item(run->import, batch->items[start + failed], error) != 0)
            return problem_out_of_memory(error);
        if (run->import->options.strict)
            return -1;
        end = start + failed;
        if (failed == 0) {
            start++;
            end = batch->count;
        }
    }
    return 0;
}

static int flush(struct run *run, struct batch *batch, satchel_error *error) {
    if (batch->count == 0)
        return 0;
    int rc = run_batch(run, batch, error);
    run->done += (int64_t)batch->count;
    batch->count = 0;
    progress_show(&run->progress, "importing", run->done, run->total - run->done, -1);
    return rc;
}

static int run_level(struct run *run, enum import_kind kind, int level, bool *ret_more,
                     satchel_error *error) {
    struct import_items *list = &run->import->items[kind];
    struct batch *batch = calloc(1, sizeof *batch);
    if (batch == NULL)
        return problem_out_of_memory(error);
    batch->kind = kind;
    int rc = 0;
    *ret_more = false;
    for (size_t i = 0; i < list->count && rc == 0; i++) {
        struct import_item *item = &list->items[i];
        *ret_more = *ret_more || item->level > level;
        if (item->outcome != OUTCOME_PENDING || item->level != level)
            continue;
        complete(run->import, kind, item);
        batch->items[batch->count++] = item;
        if (batch->count == LIMIT_BATCH)
            rc = flush(run, batch, error);
    }
    if (rc == 0)
        rc = flush(run, batch, error);
    free(batch);
    return rc;
}

/* --- what became of it -------------------------------------------------------------------------- */

static void count_item(struct import_counts *counts, const struct node *before,
                       const struct node *after) {
    if (before == NULL)
        counts->made++;
    else if (after != NULL && strcmp(node_member_text(before, "state"),
                                     node_member_text(after, "state")) != 0)
        counts->changed++;
    else
        counts->unchanged++;
}

/* Compares the rows before and after; moves the new state into place for the next kinds. */
static void count_kind(struct import *import, enum import_kind kind,
                       const struct import_known *before) {
    struct import_items *list = &import->items[kind];
    for (size_t i = 0; i < list->count; i++) {
        const struct name_map_entry *entry =
            name_map_find(&before->by_key, list->items[i].key);
        if (list->items[i].outcome == OUTCOME_DONE)
            count_item(&import->counts[kind], entry != NULL ? entry->value : NULL,
                       known_row(import, kind, list->items[i].key));
    }
}

static int give_second_role(struct run *run, const struct import_known *before,
                            satchel_error *error) {
    struct import_items *list = &run->import->items[KIND_PERSON];
    for (size_t i = 0; i < list->count; i++) {
        const struct import_item *item = &list->items[i];
        const struct node *row = known_row(run->import, KIND_PERSON, item->key);
        if (!item->both_roles || row == NULL ||
            name_map_find(&before->by_key, item->key) != NULL)
            continue;
        struct node *values = node_object();
        node_set_text(values, "person", node_member_text(row, "id"));
        node_set_text(values, "role", "rep");
        if (run_one(run, "person.set_role", values, error) != 0)
            return -1;
    }
    return 0;
}

static int run_kind(struct run *run, enum import_kind kind, satchel_error *error) {
    struct import *import = run->import;
    struct import_known before = import->known[kind];
    import->known[kind] = (struct import_known){.rows = NULL};
    bool exact = kind == KIND_OPPORTUNITY, more = true;
    int rc = import_ask_kind(&import->known[kind], run->session, import_kind_name(kind),
                             exact, error);
    for (int level = 0; rc == 0 && more; level++) {
        rc = import_check_references(import, kind, error);
        if (rc == 0)
            rc = run_level(run, kind, level, &more, error);
        if (rc == 0)
            rc = import_ask_kind(&import->known[kind], run->session,
                                 import_kind_name(kind), exact, error);
    }
    if (rc == 0)
        count_kind(import, kind, &before);
    if (rc == 0 && kind == KIND_PERSON)
        rc = give_second_role(run, &before, error);
    import_known_free(&before);
    return rc;
}

int import_run(struct import *import, satchel_session *session, satchel_error *error) {
    struct run run = {.import = import,
                      .session = session,
                      .progress = progress_begin(import->options.quiet)};
    for (int kind = 0; kind < IMPORT_KINDS; kind++)
        run.total += (int64_t)import->items[kind].count;
    int rc = make_pipeline(&run, error);
    for (int kind = 0; kind < IMPORT_KINDS && rc == 0; kind++)
        rc = run_kind(&run, (enum import_kind)kind, error);
    progress_end(&run.progress);
    return rc;
}
