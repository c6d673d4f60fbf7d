/* A company in a temporary folder: a server's master and one station. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client-core/bulk_indexes.h"
#include "client-core/pull.h"
#include "schema/base/env.h"
#include "server/internal.h"
#include "sync/clock.h"
#include "tools/bench/bench.h"

enum { ARENA = 1024 * 1024 * 1024, TRANSACTION_ROWS = 100, BUNDLE_ROWS = 5000 };

static const char CEILING[] = "hq admin";

/* --- opening and closing -------------------------------------------------------------------- */

static void enrol_station(struct bench_company *company) {
    struct error error = {0};
    struct bench_station *station = &company->station;
    struct enrol_request request = {.schema_version = SCHEMA_VERSION, .name = "bench"};
    struct invite invite = {
        .actors = {company->user}, .actor_count = 1, .expires_at = INT64_MAX};
    struct envelope envelope;
    must(home_make(company->home, &error), &error);
    must(home_keys(company->home, env_system(), true, &station->keys, &error), &error);
    memcpy(request.device_key.bytes, station->keys.public_key, SIGN_PUBLIC);
    memcpy(invite.ceiling, CEILING, sizeof CEILING);
    must(master_begin(company->master, &error), &error);
    must(station_invite(company->master, &invite, request.token, &error), &error);
    must(station_enrol(company->master, &company->work, &request, &company->arena,
                       &station->envelope, &error),
         &error);
    must(master_commit(company->master, &error), &error);
    must(envelope_open(station->envelope, &envelope, &error), &error);
    must(certificate_decode(envelope.body, &station->certificate, &error), &error);
}

static void add_people(struct bench_company *company, struct dice *dice) {
    struct change changes[BENCH_PEOPLE + BENCH_BRANCHES];
    struct cell cells[BENCH_PEOPLE + BENCH_BRANCHES][2];
    char names[BENCH_PEOPLE + BENCH_BRANCHES][16];
    const struct table *people = catalogue_table(company->catalogue, "app_user");
    const struct table *branches = catalogue_table(company->catalogue, "branch");
    for (size_t i = 0; i < BENCH_PEOPLE + BENCH_BRANCHES; i++) {
        bool branch = i >= BENCH_PEOPLE;
        const struct table *table = branch ? branches : people;
        struct id *id = branch ? &company->people.branches[i - BENCH_PEOPLE]
                               : &company->people.people[i];
        *id = dice_id(dice);
        snprintf(names[i], sizeof names[i], "%s %zu", branch ? "Branch" : "Person", i);
        struct cell name = cell_named(table, "name", value_text(names[i]));
        struct cell code = cell_named(table, "code", value_text(names[i]));
        cells[i][0] = name.column < code.column ? name : code;
        cells[i][1] = name.column < code.column ? code : name;
        changes[i] = (struct change){table->number, ROW_INSERT,
                                     (struct bytes){id->bytes, ID_SIZE}, cells[i], 2};
    }
    struct buffer sealed = buffer_make(LIMIT_BUNDLE);
    struct transaction transaction = company_transaction(company, "bench.people", changes,
                                                         BENCH_PEOPLE + BENCH_BRANCHES);
    company_seal(company, &transaction, 1, &sealed);
    company_take(company, buffer_bytes(&sealed), NULL, NULL);
    buffer_free(&sealed);
}

static void read_first_person(struct bench_company *company) {
    struct error error = {0};
    sqlite3_stmt *statement = NULL;
    must(database_statement(company->master->db, "select id from app_user", &statement,
                            &error),
         &error);
    must_sqlite(sqlite3_step(statement), company->master->db);
    company->user = column_id(statement, 0);
    sqlite3_finalize(statement);
}

void company_open(struct bench_company *company, struct dice *dice) {
    struct error error = {0};
    struct buffer invitation = buffer_make(LIMIT_TEXT);
    struct genesis_options genesis = {"Bench", "CNY", "Admin"};
    memset(company, 0, sizeof *company);
    snprintf(company->folder, sizeof company->folder, "%.40s/satchel-bench-XXXXXX",
             getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
    must_have(mkdtemp(company->folder));
    snprintf(company->data, sizeof company->data, "%s/hq", company->folder);
    snprintf(company->home, sizeof company->home, "%s/home", company->folder);
    company->arena = arena_make(ARENA);
    must(catalogue_load(embedded_files, embedded_file_count, &company->catalogue, &error),
         &error);
    company->options = (struct server_options){
        .data = company->data, .env = env_system(), .catalogue = company->catalogue};
    must(server_init(&company->options, &genesis, "http://127.0.0.1:1", &invitation,
                     &error),
         &error);
    must(server_open_master(&company->options, &company->master, &error), &error);
    memcpy(company->server_key.bytes, company->master->keys.public_key, SIGN_PUBLIC);
    char *path = must_have(server_path(company->data, "master.db"));
    must(reader_pool_make(path, company->catalogue, &company->readers, &error), &error);
    free(path);
    work_begin(&company->work, company->master);
    read_first_person(company);
    enrol_station(company);
    add_people(company, dice);
    buffer_free(&invitation);
}

static void remove_folder(const char *folder) {
    char path[512];
    DIR *open = opendir(folder);
    for (struct dirent *entry; open != NULL && (entry = readdir(open)) != NULL;) {
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        unlink(path);
    }
    if (open != NULL) {
        closedir(open);
    }
    rmdir(folder);
}

void company_close(struct bench_company *company) {
    work_end(&company->work);
    reader_pool_free(company->readers);
    master_close(company->master);
    catalogue_free(company->catalogue);
    arena_free(&company->arena);
    remove_folder(company->data);
    remove_folder(company->home);
    remove_folder(company->folder);
}

void company_path(const struct bench_company *company, const char *file, char ret[128]) {
    snprintf(ret, 128, "%s/%s", company->folder, file);
}

/* --- writing as the station ----------------------------------------------------------------- */

struct transaction company_transaction(struct bench_company *company, const char *command,
                                       struct change *changes, size_t count) {
    static const uint8_t PREFIX[8] = "benchmrk";
    const struct env *env = env_system();
    return (struct transaction){
        .id = transaction_id(PREFIX, ++company->station.counter),
        .time = clock_pack(env->wall_ms(env->context), 0),
        .base = company->master->gsn,
        .user = company->user,
        .command = command,
        .changes = changes,
        .change_count = count,
    };
}

void company_seal_as(struct bench_company *company, int64_t format,
                     struct transaction_list list, struct buffer *ret_sealed) {
    struct error error = {0};
    struct bench_station *station = &company->station;
    const struct env *env = env_system();
    struct bundle_header header = {.format = format,
                                   .org = company->master->org,
                                   .device = station->certificate.device,
                                   .number = ++station->number,
                                   .first_seq = station->seq + 1,
                                   .last_seq = station->seq + (int64_t)list.count,
                                   .schema_version = SCHEMA_VERSION,
                                   .sealed_at = env->wall_ms(env->context)};
    memcpy(header.previous_hash, station->hash, HASH_SIZE);
    station->seq += (int64_t)list.count;
    buffer_reset(ret_sealed);
    must(bundle_seal(&header, list, &station->keys, ret_sealed, station->hash, &error),
         &error);
}

void company_seal(struct bench_company *company, struct transaction *transactions,
                  size_t count, struct buffer *ret_sealed) {
    company_seal_as(company, BUNDLE_FORMAT_PACKED,
                    (struct transaction_list){transactions, count}, ret_sealed);
}

static void check_answer(const struct bundle_answer *answer) {
    if (!answer->accepted) {
        fprintf(stderr, "satchel-bench: bundle refused: %s\n", answer->code);
        exit(2);
    }
    for (size_t i = 0; i < answer->verdict_count; i++) {
        if (answer->verdicts[i].kind != VERDICT_MERGED) {
            fprintf(stderr, "satchel-bench: not merged: %s\n",
                    answer->verdicts[i].message);
            exit(2);
        }
    }
}

void company_take(struct bench_company *company, struct bytes sealed,
                  struct stopwatch *open, struct stopwatch *merge) {
    struct error error = {0};
    struct station station;
    struct incoming_bundle bundle;
    struct bundle_answer answer;
    struct stopwatch unused = {0};
    struct master *master = company->master;
    struct arena arena = arena_make(ARENA);
    open = open ? open : &unused;
    merge = merge ? merge : &unused;
    must(station_find(master->db, company->catalogue, company->station.certificate.device,
                      &arena, &station, &error),
         &error);
    watch_start(open);
    chain_open(sealed, &station, master->org, &arena, &bundle);
    watch_stop(open);
    watch_start(merge);
    must(master_begin(master, &error), &error);
    struct chain chain = {.master = master,
                          .work = &company->work,
                          .station = &station,
                          .arena = &arena,
                          .at = master_now(master)};
    must(chain_take(&chain, &bundle, &answer, &error), &error);
    must(master_commit(master, &error), &error);
    watch_stop(merge);
    check_answer(&answer);
    arena_free(&arena);
}

static void grow_once(struct bench_company *company, struct dice *dice, uint64_t first,
                      size_t count, struct id *ret_ids) {
    struct arena arena = arena_make(ARENA);
    struct customer *customers =
        must_have(arena_alloc_array(&arena, count, sizeof *customers));
    struct change *changes = must_have(arena_alloc_array(&arena, count, sizeof *changes));
    size_t most = (count + TRANSACTION_ROWS - 1) / TRANSACTION_ROWS;
    struct transaction *transactions =
        must_have(arena_alloc_array(&arena, most, sizeof *transactions));
    struct buffer sealed = buffer_make(LIMIT_BUNDLE);
    for (size_t i = 0; i < count; i++) {
        customer_make(dice, &company->people, first + i, &customers[i]);
        changes[i] = customer_insert(company->catalogue, &customers[i], &arena);
        if (company->customer_cells != 0) {
            changes[i].cell_count = company->customer_cells;
        }
        if (ret_ids != NULL) {
            ret_ids[i] = customers[i].id;
        }
    }
    for (size_t t = 0; t < most; t++) {
        size_t begin = t * TRANSACTION_ROWS;
        size_t rows = count - begin < TRANSACTION_ROWS ? count - begin : TRANSACTION_ROWS;
        transactions[t] =
            company_transaction(company, "customer.register", changes + begin, rows);
    }
    company_seal(company, transactions, most, &sealed);
    company_take(company, buffer_bytes(&sealed), NULL, NULL);
    buffer_free(&sealed);
    arena_free(&arena);
}

void company_grow(struct bench_company *company, struct dice *dice, uint64_t first,
                  size_t count, struct id *ret_ids) {
    for (size_t done = 0; done < count;) {
        size_t rows = count - done < BUNDLE_ROWS ? count - done : BUNDLE_ROWS;
        grow_once(company, dice, first + done, rows, ret_ids ? ret_ids + done : NULL);
        done += rows;
    }
}

/* --- the station's home and what it pulls ------------------------------------------------------ */

void company_home(struct bench_company *company) {
    struct error error = {0};
    char path[HOME_PATH];
    struct replica *replica = NULL;
    struct enrol_response response = {.certificate = company->station.envelope,
                                      .org_name = "Bench",
                                      .schema_version = SCHEMA_VERSION,
                                      .epoch = company->master->epoch};
    struct enrolment enrolment = {.response = &response,
                                  .server_key = &company->server_key,
                                  .address = "http://127.0.0.1:1"};
    must(home_file(company->home, "replica.db", path, &error), &error);
    must(replica_open(path, true, company->catalogue, env_system(), &replica, &error),
         &error);
    must(identity_save(replica, &enrolment, &error), &error);
    replica_close(replica);
}

static void keep_chunk(struct pull_state *state, struct buffer *rows) {
    state->bytes += (int64_t)rows->size;
    if (state->keep != NULL && (size_t)state->chunks < state->keep_maximum) {
        state->keep[state->chunks] = *rows;
    } else {
        buffer_free(rows);
    }
    state->chunks++;
}

/* held + gained - lost */
static void move_held(struct pull_state *state, const struct sync_response *response) {
    struct error error = {0};
    struct scope_set held = {0};
    const struct scope_set *parts[] = {&state->held, &response->gained};
    for (size_t p = 0; p < 2; p++) {
        for (size_t i = 0; i < parts[p]->count; i++) {
            if (!scope_set_has(&response->lost, parts[p]->scopes[i])) {
                must(scope_set_add(&held, parts[p]->scopes[i]), &error);
            }
        }
    }
    scope_set_free(&state->held);
    state->held = held;
}

void company_pull(struct bench_company *company, struct pull_state *state) {
    struct error error = {0};
    struct sync_request request = {
        .schema_version = SCHEMA_VERSION, .cursor = state->cursor, .held = state->held};
    struct arena positions = arena_make(ARENA);
    struct station station;
    bool more = true;
    must(station_find(company->master->db, company->catalogue,
                      company->station.certificate.device, &positions, &station, &error),
         &error);
    while (more) {
        struct arena arena = arena_make(ARENA);
        struct sync_response response = {0};
        struct buffer rows = buffer_make(LIMIT_RESPONSE);
        watch_start(&state->fill);
        struct reader *reader = must_have(reader_take(company->readers, &error));
        must(pull_fill(reader, &station, &request, &arena, &rows, &response, &error),
             &error);
        reader_give(company->readers, reader);
        watch_stop(&state->fill);
        state->rows += response.row_count;
        keep_chunk(state, &rows);
        more = response.more;
        request.position = response.next;
        request.position.key = arena_copy(&positions, response.next.key);
        if (!more) {
            state->cursor = response.head;
            move_held(state, &response);
        }
        scope_set_free(&response.gained);
        scope_set_free(&response.lost);
        arena_free(&arena);
    }
    arena_free(&positions);
}

void replica_apply(struct replica *replica, const struct pull_state *state,
                   struct apply_watches *watches) {
    struct error error = {0};
    struct pull_result result = {0};
    size_t last = (size_t)state->chunks - 1;
    for (size_t i = 0; i < last; i++) {
        watch_start(&watches->stage);
        must(replica_begin(replica, &error), &error);
        must(pull_stage(replica, buffer_bytes(&state->keep[i]), &error), &error);
        must(replica_commit(replica, &error), &error);
        watch_stop(&watches->stage);
    }
    struct pull_end end = {.head = state->cursor,
                           .chunk = buffer_bytes(&state->keep[last]),
                           .held = &state->held};
    watch_start(&watches->apply);
    must(replica_begin(replica, &error), &error);
    must(pull_apply(replica, &end, &result, &error), &error);
    must(replica_commit(replica, &error), &error);
    watch_stop(&watches->apply);
    watch_start(&watches->indexes);
    must(bulk_indexes_finish(replica, &error), &error);
    watch_stop(&watches->indexes);
    if (result.misfits != 0) {
        fprintf(stderr, "satchel-bench: %lld rows did not fit\n",
                (long long)result.misfits);
        exit(2);
    }
}
