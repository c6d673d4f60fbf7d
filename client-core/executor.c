/*
 * The executor: one command, one recorded transaction.
 */
#include "client-core/executor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client-core/apply_cell.h"
#include "client-core/command_cache.h"
#include "client-core/constraint.h"
#include "client-core/file_store.h"
#include "client-core/outbox.h"
#include "client-core/resubmit.h"
#include "client-core/roles.h"
#include "client-core/visible.h"
#include "sync/bundle.h"
#include "sync/merge.h"

enum { ARGUMENT_MEMORY = 4 * LIMIT_JSON };

struct executor {
    struct replica *replica;
    struct command_cache *commands;
    struct rule_runner *rules;
    struct recorder recorder;
    struct arena arguments; /* values of one run */
    struct buffer encoded;
    struct buffer former;
    role_set ceiling;
    struct executor
        *whole;        /* for those who see everything; NULL where nothing is covered */
    uint8_t prefix[8]; /* of transaction ids; drawn at every opening */
    uint64_t counter;
};

int executor_open(struct replica *replica, const struct executor_options *options,
                  struct executor **ret, struct error *error) {
    struct executor *executor = calloc(1, sizeof *executor);
    if (!executor)
        return error_out_of_memory(error);
    struct function_context *functions = &replica->functions;
    executor->replica = replica;
    executor->ceiling = options->ceiling;
    executor->whole = options->whole;
    executor->arguments = arena_make(ARGUMENT_MEMORY);
    executor->encoded = buffer_make(LIMIT_TRANSACTION);
    executor->former = buffer_make(LIMIT_TRANSACTION);
    replica->env->random(replica->env->context, executor->prefix,
                         sizeof executor->prefix);
    recorder_init(&executor->recorder, replica);
    functions->device = options->device;
    snprintf(functions->device_code, sizeof functions->device_code, "%s",
             options->device_code);
    functions->apply_cell = apply_cell;
    functions->owner = replica;
    if (rules_open(replica->db, replica->catalogue, &executor->rules, error) != 0 ||
        command_cache_open(replica, &executor->commands, error) != 0) {
        executor_close(executor);
        return -1;
    }
    *ret = executor;
    return 0;
}

void executor_close(struct executor *executor) {
    if (!executor)
        return;
    command_cache_close(executor->commands);
    rules_close(executor->rules);
    recorder_free(&executor->recorder);
    arena_free(&executor->arguments);
    buffer_free(&executor->encoded);
    buffer_free(&executor->former);
    free(executor);
}

/* --- one run of the statements ---------------------------------------------------------------- */

/* What stopped a statement: require()'s refusal, or the database. */
static int step_failure(struct executor *executor, const struct prepared_command *command,
                        struct error *error) {
    struct error *refusal = &executor->replica->functions.refusal;
    if (refusal->code[0]) {
        if (error)
            *error = *refusal;
        error_clear(refusal);
        return -1;
    }
    return constraint_refuse(executor->replica, command, error);
}

static void put_result_row(struct buffer *json, sqlite3_stmt *statement) {
    json_put_comma(json);
    json_put_row(json, statement);
}

static int run_statement(struct executor *executor,
                         const struct prepared_command *command, sqlite3_stmt *statement,
                         struct buffer *ret_json, size_t *ret_rows, struct error *error) {
    int rc;
    *ret_rows = 0;
    while ((rc = sqlite3_step(statement)) == SQLITE_ROW) {
        (*ret_rows)++;
        if (ret_json)
            put_result_row(ret_json, statement);
    }
    int failed = rc == SQLITE_DONE ? 0 : step_failure(executor, command, error);
    sqlite3_reset(statement);
    return failed;
}

/* Runs the statements; the last one's rows become the result: an object when there is one. */
static int run_statements(struct executor *executor,
                          const struct prepared_command *command,
                          const struct value *values, struct buffer *json,
                          struct error *error) {
    size_t count = command->operation->statement_count;
    size_t rows = 0;
    size_t start = json->size;
    buffer_append_byte(json, command->has_result ? '[' : '{');
    for (size_t i = 0; i < count; i++) {
        sqlite3_stmt *statement = command->statements[i];
        bool result = command->has_result && i + 1 == count;
        if (parameters_bind(statement, command->operation, values, error) != 0 ||
            run_statement(executor, command, statement, result ? json : NULL, &rows,
                          error) != 0)
            return -1;
    }
    if (command->has_result && rows == 1 && !json->failed) {
        memmove(json->data + start, json->data + start + 1, json->size - start - 1);
        json->size--;
        return 0;
    }
    buffer_append_byte(json, command->has_result ? ']' : '}');
    return 0;
}

static int no_effect(const struct operation *operation, struct error *error) {
    return error_set(error, "command.no_effect", "",
                     "%s changed nothing: everything is so already.", operation->name);
}

/* A file is named by who added it here: knowing a hash gives no right to what is behind it. */
static int check_files(struct executor *executor, const struct operation *operation,
                       const struct value *values, struct error *error) {
    for (size_t i = 0; i < operation->parameter_count; i++) {
        const struct parameter *parameter = &operation->parameters[i];
        bool own = false;
        if (parameter->type != PARAMETER_FILE || values[i].type == VALUE_NULL)
            continue;
        if (file_store_is_own(executor->replica, &executor->replica->functions.actor,
                              values[i].bytes, &own, error) != 0)
            return -1;
        if (!own)
            return error_set(error, "file.missing", parameter->name,
                             "add the file to this station first");
        if (file_store_note_attached(executor->replica, values[i].bytes, error) != 0)
            return -1;
    }
    return 0;
}

static int run_once(struct executor *executor, const struct prepared_command *command,
                    const struct argument_list *list, struct buffer *json,
                    struct error *error) {
    const struct operation *operation = command->operation;
    struct replica *replica = executor->replica;
    struct value values[LIMIT_PARAMETERS];
    int64_t before = sqlite3_total_changes64(replica->db);
    arena_reset(&executor->arguments);
    if (parameters_read(replica->db, &replica->functions, operation, list->items,
                        list->count, &executor->arguments, values, error) != 0 ||
        check_files(executor, operation, values, error) != 0 ||
        run_statements(executor, command, values, json, error) != 0)
        return -1;
    if (!operation->may_noop && sqlite3_total_changes64(replica->db) == before)
        return no_effect(operation, error);
    return 0;
}

/* --- the transaction around it ------------------------------------------------------------------ */

/* Who acts and when, for the SQL functions; then whether he may. */
static int begin_acting(struct executor *executor, const struct execution *execution,
                        struct moment *ret, struct error *error) {
    struct replica *replica = executor->replica;
    struct function_context *functions = &replica->functions;
    if (moment_read(replica, ret, error) != 0 ||
        roles_of(replica, &execution->user, executor->ceiling, &functions->roles,
                 error) != 0)
        return -1;
    functions->actor = execution->user;
    functions->now_ms = clock_ms(ret->time);
    functions->utc_offset_minutes = replica_utc_offset(replica, functions->now_ms);
    error_clear(&functions->refusal);
    return roles_check(replica->catalogue, execution->operation, functions->roles, error);
}

static int run_all(struct executor *executor, const struct execution *execution,
                   const struct prepared_command *command, struct buffer *json,
                   size_t *ret_failed, struct error *error) {
    if (execution->batch)
        buffer_append_byte(json, '[');
    for (size_t i = 0; i < execution->count; i++) {
        if (execution->batch)
            json_put_comma(json);
        if (run_once(executor, command, &execution->lists[i], json, error) != 0) {
            *ret_failed = i;
            return -1;
        }
    }
    if (execution->batch)
        buffer_append_byte(json, ']');
    return json->failed ? error_set(error, "result.size", "", "the result is too large")
                        : 0;
}

static int authorise_all(struct executor *executor, const struct id *user,
                         struct error *error) {
    size_t count;
    const struct change *changes = recorder_changes(&executor->recorder, &count);
    const struct function_context *functions = &executor->replica->functions;
    for (size_t i = 0; i < count; i++)
        if (authorise_change(executor->replica->catalogue, &changes[i], *user,
                             functions->roles, false, error) != 0)
            return -1;
    return 0;
}

/* The values before, for people who look back. What is too much is left out: the work goes on without. */
static struct bytes encode_former(struct executor *executor) {
    size_t count;
    const struct change *formers = recorder_formers(&executor->recorder, &count);
    buffer_reset(&executor->former);
    if (count == 0 || changes_encode(formers, count, &executor->former, NULL) != 0 ||
        executor->former.failed)
        return (struct bytes){0};
    return buffer_bytes(&executor->former);
}

static int add_to_outbox(struct executor *executor, const struct execution *execution,
                         const struct moment *moment, struct error *error) {
    size_t count;
    const struct change *changes = recorder_changes(&executor->recorder, &count);
    buffer_reset(&executor->encoded);
    if (changes_encode(changes, count, &executor->encoded, error) != 0)
        return -1;
    if (executor->encoded.failed)
        return error_set(error, "transaction.size", "",
                         "one transaction holds at most %d bytes", LIMIT_TRANSACTION);
    struct outbox_entry entry = {
        .id = transaction_id(executor->prefix, ++executor->counter),
        .user = execution->user,
        .command = execution->operation->name,
        .changes = buffer_bytes(&executor->encoded),
        .former = encode_former(executor),
        .moment = *moment,
    };
    return outbox_add(executor->replica, &entry, error);
}

/* What was taken is allowed and goes to the outbox. */
static int record(struct executor *executor, const struct execution *execution,
                  const struct moment *moment, struct error *error) {
    struct rule_input input = recorder_rule_input(&executor->recorder);
    if (authorise_all(executor, &execution->user, error) != 0 ||
        rules_run(executor->rules, &input, executor->replica->catalogue->version, NULL,
                  error) != 0)
        return -1;
    return add_to_outbox(executor, execution, moment, error);
}

/* What the statements did, from the recorder to the outbox. */
static int finish(struct executor *executor, const struct execution *execution,
                  const struct moment *moment, struct error *error) {
    struct recorder *recorder = &executor->recorder;
    if (recorder_take(recorder, clock_ms(moment->time), &execution->user, error) != 0)
        return -1;
    if (recorder->changes.size == 0)
        return execution->operation->may_noop ? 0
                                              : no_effect(execution->operation, error);
    return record(executor, execution, moment, error);
}

static int do_inside(struct executor *executor, const struct execution *execution,
                     const struct prepared_command *command, struct buffer *json,
                     size_t *ret_failed, struct error *error) {
    struct moment moment;
    return begin_acting(executor, execution, &moment, error) != 0 ||
                   recorder_start(&executor->recorder, &command->writes, error) != 0 ||
                   run_all(executor, execution, command, json, ret_failed, error) != 0 ||
                   finish(executor, execution, &moment, error) != 0
               ? -1
               : 0;
}

int executor_do(struct executor *executor, const struct execution *execution,
                struct buffer *ret_json, size_t *ret_failed, struct error *error) {
    struct replica *replica = executor->replica;
    bool all = false;
    size_t failed_at = 0;
    int failed = -1;
    const struct prepared_command *command =
        command_cache_get(executor->commands, execution->operation, error);
    if (!command || replica_begin(replica, error) != 0)
        return -1;
    if (replica->visible &&
        visible_for(replica->visible, &execution->user, &all, error) != 0)
        goto out;
    if (all) {
        replica_rollback(replica);
        return executor_do(executor->whole, execution, ret_json, ret_failed, error);
    }
    if (do_inside(executor, execution, command, ret_json, &failed_at, error) != 0)
        goto out;
    failed = replica_commit(replica, error);
out:
    recorder_reset(&executor->recorder);
    if (failed) {
        replica_rollback(replica);
        if (ret_failed)
            *ret_failed = failed_at;
    }
    return failed;
}

/* --- once more ----------------------------------------------------------------------------------- */

static int redo_inside(struct executor *executor, const struct redoing *redoing,
                       struct error *error) {
    struct replica *replica = executor->replica;
    struct resubmission work;
    struct table_set tables;
    struct moment moment;
    struct execution execution = {.user = redoing->user};
    struct arena *arena = &executor->arguments;
    arena_reset(arena);
    if (resubmit_read(replica, redoing->transaction, &redoing->user, arena, &work,
                      error) != 0 ||
        resubmit_edit(replica->catalogue, &work, redoing->edits, arena, error) != 0)
        return -1;
    /* Settling a refusal is a small piece of work of its own; giving up what was never sent leaves none. */
    bool settle =
        redoing->give_up && catalogue_command(replica->catalogue, "refusal.settle");
    const char *name = settle ? "refusal.settle" : work.command;
    execution.operation = catalogue_command(replica->catalogue, name);
    if (!execution.operation)
        return error_set(error, "command.unknown", "transaction",
                         "this program has no command %s any more", name);
    resubmit_tables(replica->catalogue, &work, &tables);
    if (begin_acting(executor, &execution, &moment, error) != 0 ||
        recorder_start(&executor->recorder, &tables, error) != 0 ||
        (!redoing->give_up && resubmit_apply(replica, &work, error) != 0) ||
        resubmit_retire(replica, &work, clock_ms(moment.time), error) != 0)
        return -1;
    if (recorder_take(&executor->recorder, clock_ms(moment.time), &redoing->user,
                      error) != 0)
        return -1;
    if (executor->recorder.changes.size == 0)
        return redoing->give_up ? 0 : no_effect(execution.operation, error);
    return record(executor, &execution, &moment, error);
}

int executor_redo(struct executor *executor, const struct redoing *redoing,
                  struct error *error) {
    struct replica *replica = executor->replica;
    bool all = false;
    int failed = -1;
    if (replica_begin(replica, error) != 0)
        return -1;
    if (replica->visible &&
        visible_for(replica->visible, &redoing->user, &all, error) != 0)
        goto out;
    if (all) {
        replica_rollback(replica);
        return executor_redo(executor->whole, redoing, error);
    }
    failed =
        redo_inside(executor, redoing, error) != 0 || replica_commit(replica, error) != 0;
out:
    recorder_reset(&executor->recorder);
    if (failed)
        replica_rollback(replica);
    return failed ? -1 : 0;
}
