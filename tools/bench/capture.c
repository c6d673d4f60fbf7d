/*
 * Tracked writing at a station against plain SQLite: the same commands' statements on a copy of the
 * same database, with and without what the product adds (arguments, rights, recording, images, rules,
 * outbox). Both sides take turns, so that a busy machine is unfair to neither.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client-core/json.h"
#include "satchel.h"
#include "schema/base/env.h"
#include "tools/bench/bench.h"

enum { EXISTING = 10000, CHUNKS = 256, STATEMENTS = 16, TURN = 100 };

/* A command's statements, prepared on the plain database. */
struct plain_command {
    const struct operation *operation;
    sqlite3_stmt *statements[STATEMENTS];
    size_t count;
};

struct capture {
    struct bench_company company;
    struct dice dice;
    satchel *station;
    satchel_session *session;
    sqlite3 *plain;
    struct function_context functions;
    struct plain_command commands[2]; /* register, edit */
    struct customer existing[EXISTING];
    uint64_t made;
};

enum { COMMAND_REGISTER, COMMAND_EDIT };
static const char *const NAMES[] = {"customer.register", "customer.edit"};

static void must_api(int failed, const satchel_error *error) {
    must(failed, (const struct error *)(const void *)error);
}

/* --- both databases ------------------------------------------------------------------------ */

static void fill_home(struct capture *capture) {
    struct error error = {0};
    struct buffer chunks[CHUNKS];
    struct pull_state pull = {.keep = chunks, .keep_maximum = CHUNKS};
    struct apply_watches unused = {0};
    struct replica *replica = NULL;
    char path[HOME_PATH];
    struct dice dice = capture->dice;
    for (size_t i = 0; i < EXISTING; i++) {
        customer_make(&dice, &capture->company.people, i, &capture->existing[i]);
    }
    company_grow(&capture->company, &capture->dice, 0, EXISTING, NULL);
    capture->made = EXISTING;
    company_home(&capture->company);
    company_pull(&capture->company, &pull);
    must(home_file(capture->company.home, "replica.db", path, &error), &error);
    must(replica_open(path, false, capture->company.catalogue, env_system(), &replica,
                      &error),
         &error);
    replica_apply(replica, &pull, &unused);
    replica_close(replica);
    for (int64_t i = 0; i < pull.chunks; i++) {
        buffer_free(&chunks[i]);
    }
    scope_set_free(&pull.held);
}

static void copy_home(struct capture *capture, const char *to) {
    struct error error = {0};
    char from[HOME_PATH];
    sqlite3 *source = NULL;
    sqlite3 *target = NULL;
    must(home_file(capture->company.home, "replica.db", from, &error), &error);
    must(database_open(from, false, true, &source, &error), &error);
    must_sqlite(sqlite3_open(to, &target), target);
    sqlite3_backup *backup =
        must_have(sqlite3_backup_init(target, "main", source, "main"));
    must_sqlite(sqlite3_backup_step(backup, -1), target);
    sqlite3_backup_finish(backup);
    sqlite3_close(source);
    sqlite3_close(target);
}

static void prepare_command(struct capture *capture, const char *name,
                            struct plain_command *ret) {
    struct error error = {0};
    ret->operation = catalogue_command(capture->company.catalogue, name);
    must_have((void *)ret->operation);
    for (size_t i = 0; i < ret->operation->statement_count && i < STATEMENTS; i++) {
        must(database_statement(capture->plain, ret->operation->statements[i],
                                &ret->statements[ret->count++], &error),
             &error);
    }
}

static void open_plain(struct capture *capture) {
    struct error error = {0};
    char path[128];
    company_path(&capture->company, "plain.db", path);
    copy_home(capture, path);
    must(database_open(path, false, false, &capture->plain, &error), &error);
    capture->functions = (struct function_context){
        .env = env_system(),
        .catalogue = capture->company.catalogue,
        .actor = capture->company.user,
        .device = capture->company.station.certificate.device,
        .roles = ROLE_SET_ALL,
        .now_ms = 1790000000000,
    };
    must(functions_register(capture->plain, &capture->functions, &error), &error);
    for (int i = 0; i < 2; i++) {
        prepare_command(capture, NAMES[i], &capture->commands[i]);
    }
}

static void start(struct capture *capture, const struct bench_options *options) {
    satchel_error error = {0};
    memset(capture, 0, sizeof *capture);
    capture->dice.state = options->seed;
    company_open(&capture->company, &capture->dice);
    fill_home(capture);
    open_plain(capture);
    must_api(satchel_open(&(satchel_options){.home = capture->company.home},
                          &capture->station, &error),
             &error);
    must_api(satchel_sign_in(capture->station, NULL, NULL, &capture->session, &error),
             &error);
}

static void finish(struct capture *capture) {
    for (int i = 0; i < 2; i++) {
        for (size_t s = 0; s < capture->commands[i].count; s++) {
            sqlite3_finalize(capture->commands[i].statements[s]);
        }
    }
    sqlite3_close(capture->plain);
    satchel_close(capture->station);
    company_close(&capture->company);
}

/* --- what is done ---------------------------------------------------------------------------- */

static void put_register(struct capture *capture, struct buffer *json) {
    struct customer customer;
    char owner[ID_TEXT_SIZE];
    char branch[ID_TEXT_SIZE];
    customer_make(&capture->dice, &capture->company.people, capture->made++, &customer);
    id_format(customer.owner, owner);
    id_format(customer.branch, branch);
    buffer_printf(json,
                  "{\"name\":\"%s %s\",\"code\":\"%s\",\"kind\":\"%s\",\"level\":\"%s\","
                  "\"phone\":\"%s\",\"email\":\"%s\",\"city\":\"%s\",\"owner\":\"%s\","
                  "\"branch\":\"%s\",\"website\":\"www.%s.cn\",\"duplicate_ok\":true}",
                  customer.name, customer.code, customer.code, customer.kind,
                  customer.level, customer.phone, customer.email, customer.city, owner,
                  branch, customer.code);
}

static void put_edit(struct capture *capture, struct buffer *json) {
    char id[ID_TEXT_SIZE];
    char phone[16];
    id_format(capture->existing[dice_below(&capture->dice, EXISTING)].id, id);
    phone_make(&capture->dice, phone);
    buffer_printf(json, "{\"customer\":\"%s\",\"phone\":\"%s\"}", id, phone);
}

static void put_arguments(struct capture *capture, int command, struct buffer *json) {
    if (command == COMMAND_REGISTER) {
        put_register(capture, json);
    } else {
        put_edit(capture, json);
    }
}

/* --- the plain side ---------------------------------------------------------------------------- */

/* Values of one run; read before the clock runs. */
struct plain_run {
    struct value values[LIMIT_PARAMETERS];
};

static void read_run(struct capture *capture, const struct plain_command *command,
                     const struct argument_list *list, struct arena *arena,
                     struct plain_run *ret) {
    struct error error = {0};
    must(parameters_read(capture->plain, &capture->functions, command->operation,
                         list->items, list->count, arena, ret->values, &error),
         &error);
}

static void run_plain(struct capture *capture, const struct plain_command *command,
                      const struct plain_run *run) {
    struct error error = {0};
    for (size_t i = 0; i < command->count; i++) {
        must(parameters_bind(command->statements[i], command->operation, run->values,
                             &error),
             &error);
        raw_run(capture->plain, command->statements[i]);
    }
}

/* --- one by one ---------------------------------------------------------------------------------- */

static void plain_turn(struct capture *capture, const struct plain_command *command,
                       struct buffer *texts, size_t count, struct stopwatch *watch) {
    struct error error = {0};
    struct arena arena = arena_make(LIMIT_JSON);
    struct plain_run *runs = must_have(arena_alloc_array(&arena, count, sizeof *runs));
    for (size_t i = 0; i < count; i++) {
        struct argument_list list;
        must(json_read_arguments(buffer_text(&texts[i]), &arena, &list, &error), &error);
        read_run(capture, command, &list, &arena, &runs[i]);
    }
    watch_start(watch);
    for (size_t i = 0; i < count; i++) {
        raw_exec(capture->plain, "begin immediate");
        run_plain(capture, command, &runs[i]);
        raw_exec(capture->plain, "commit");
    }
    watch_stop(watch);
    arena_free(&arena);
}

static void product_turn(struct capture *capture, int command, struct buffer *texts,
                         size_t count, struct stopwatch *watch) {
    satchel_error error = {0};
    watch_start(watch);
    for (size_t i = 0; i < count; i++) {
        char *result = NULL;
        must_api(satchel_do(capture->session, NAMES[command], buffer_text(&texts[i]),
                            &result, &error),
                 &error);
        satchel_free(result);
    }
    watch_stop(watch);
}

static void one_by_one(struct capture *capture, int command, size_t count) {
    struct stopwatch plain = {0};
    struct stopwatch product = {0};
    char label[64];
    for (size_t done = 0; done < count; done += TURN) {
        struct buffer texts[TURN];
        for (size_t i = 0; i < TURN; i++) {
            texts[i] = buffer_make(LIMIT_TEXT);
            put_arguments(capture, command, &texts[i]);
        }
        product_turn(capture, command, texts, TURN, &product);
        plain_turn(capture, &capture->commands[command], texts, TURN, &plain);
        for (size_t i = 0; i < TURN; i++) {
            buffer_free(&texts[i]);
        }
    }
    snprintf(label, sizeof label, "%s one by one", NAMES[command]);
    print_rate(label, (double)count, "writes", &product);
    print_rate("  the same statements, plain", (double)count, "writes", &plain);
    print_times("  time", &product, &plain, "<= 2");
}

/* --- in bulk --------------------------------------------------------------------------------------- */

static void bulk_plain(struct capture *capture, const struct plain_command *command,
                       const char *json, struct stopwatch *watch) {
    struct error error = {0};
    struct arena arena = arena_make(4 * LIMIT_JSON);
    struct argument_list *lists = NULL;
    size_t count = 0;
    must(json_read_batch(json, &arena, &lists, &count, &error), &error);
    struct plain_run *runs = must_have(arena_alloc_array(&arena, count, sizeof *runs));
    for (size_t i = 0; i < count; i++) {
        read_run(capture, command, &lists[i], &arena, &runs[i]);
    }
    watch_start(watch);
    raw_exec(capture->plain, "begin immediate");
    for (size_t i = 0; i < count; i++) {
        run_plain(capture, command, &runs[i]);
    }
    raw_exec(capture->plain, "commit");
    watch_stop(watch);
    arena_free(&arena);
}

static void in_bulk(struct capture *capture, int command, size_t count) {
    satchel_error error = {0};
    struct stopwatch plain = {0};
    struct stopwatch product = {0};
    char label[64];
    for (size_t done = 0; done < count; done += LIMIT_BATCH) {
        struct buffer json = buffer_make(LIMIT_JSON);
        char *result = NULL;
        for (size_t i = 0; i < LIMIT_BATCH; i++) {
            buffer_printf(&json, "%c", i ? ',' : '[');
            put_arguments(capture, command, &json);
        }
        buffer_printf(&json, "]");
        watch_start(&product);
        must_api(satchel_do_all(capture->session, NAMES[command], buffer_text(&json),
                                &result, NULL, &error),
                 &error);
        watch_stop(&product);
        satchel_free(result);
        bulk_plain(capture, &capture->commands[command], buffer_text(&json), &plain);
        buffer_free(&json);
    }
    snprintf(label, sizeof label, "%s, 500 at a time", NAMES[command]);
    print_rate(label, (double)count, "writes", &product);
    print_rate("  the same statements, plain", (double)count, "writes", &plain);
    print_times("  time", &product, &plain, "<= 1.5");
}

void bench_capture(const struct bench_options *options) {
    struct capture *capture = must_have(calloc(1, sizeof *capture));
    size_t singles = options->rows > 0 ? (size_t)options->rows : 2000;
    size_t bulk = options->rows > 0 ? (size_t)options->rows : 20000;
    singles = (singles + TURN - 1) / TURN * TURN;
    bulk = (bulk + LIMIT_BATCH - 1) / LIMIT_BATCH * LIMIT_BATCH;
    printf("capture: commands at a station that holds %d customers\n", EXISTING);
    start(capture, options);
    for (int i = 0; i < 2; i++) {
        one_by_one(capture, i, singles);
    }
    for (int i = 0; i < 2; i++) {
        in_bulk(capture, i, bulk);
    }
    finish(capture);
    free(capture);
}
