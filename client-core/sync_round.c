/*
 * Sync: rounds of question and answer.
 */
#include "client-core/sync_round.h"

#include <stdlib.h>
#include <string.h>

#include "client-core/bulk_indexes.h"
#include "client-core/bundle_store.h"
#include "client-core/epoch.h"
#include "client-core/exchange.h"
#include "client-core/file_round.h"
#include "client-core/home.h"
#include "client-core/outbox.h"
#include "client-core/pace.h"
#include "client-core/pull.h"
#include "client-core/rebuild.h"
#include "client-core/rekey.h"
#include "client-core/state.h"
#include "client-core/sync_answer.h"
#include "client-core/wipe.h"

enum {
    COUNTER_BLOCK = 256,  /* request counters reserved with one write */
    FIRST_BUNDLES = 4,    /* of one request: little when the link may be poor, */
    ASK_EVERY_MS = 30000, /* for what headquarters put off */
    STALLS_MAX = 3,       /* rounds in a row that settle nothing */
    FORKS_MAX = 4         /* of one run */
};

struct syncer {
    struct replica *replica;
    const char *home;
    struct identity identity; /* read at each run: another process may have changed it */
    const struct transport *transport;
    size_t bundles;      /* of the next request; doubled while it goes well */
    struct pace pace;    /* of the way to headquarters */
    int64_t counter;     /* the next request's */
    int64_t counter_end; /* reserved up to here */
    int64_t asked_at;    /* for what headquarters put off; boot clock, 0: not yet */
    struct answer_memory memory;
    char files[FILE_FOLDER_PATH]; /* "": no files are sent */
    struct piece_size piece;
    bool tidied;    /* the files, since it was opened */
    bool in_slices; /* a run ends when business goes before files */
    bool more;      /* files were left then */
};

int syncer_open(struct replica *replica, const char *home,
                const struct transport *transport, struct syncer **ret,
                struct error *error) {
    struct syncer *syncer = calloc(1, sizeof *syncer);
    if (!syncer) {
        replica_close(replica);
        return error_out_of_memory(error);
    }
    *syncer = (struct syncer){.replica = replica,
                              .home = home,
                              .transport = transport,
                              .bundles = FIRST_BUNDLES};
    *ret = syncer;
    return 0;
}

void syncer_close(struct syncer *syncer) {
    if (!syncer)
        return;
    replica_close(syncer->replica);
    seal_wipe(&syncer->identity.keys, sizeof syncer->identity.keys);
    free(syncer);
}

const struct identity *syncer_identity(const struct syncer *syncer) {
    return &syncer->identity;
}

void syncer_send_files(struct syncer *syncer, const char *home) {
    file_store_folder(home, syncer->files);
}

void syncer_slice_files(struct syncer *syncer, bool on) {
    syncer->in_slices = on;
}

bool syncer_has_more(const struct syncer *syncer) {
    return syncer->more;
}

struct replica *syncer_replica(const struct syncer *syncer) {
    return syncer->replica;
}

/* --- one run ----------------------------------------------------------------------------------------- */

struct run {
    struct syncer *syncer;
    satchel_progress_function progress;
    void *context;
    satchel_sync_report report;
    char address[IDENTITY_ADDRESS];
    char ca_file[IDENTITY_FILE];
    struct tls_pin pin;
    int stalls;
    int forks;
    bool shows_papers;
    bool asks_deferred; /* bundles that headquarters put off are still to be asked for */
    int64_t deferred_after; /* from behind this one on */
    bool wipe;              /* headquarters orders it */
};

static int64_t boot_ms(const struct syncer *syncer) {
    const struct env *env = syncer->replica->env;
    return env->boot_ms(env->context);
}

/* What is left of both ways, and how long that takes at the speed that was measured. */
static int fill_left(const struct run *run, satchel_progress *progress,
                     struct error *error) {
    const satchel_sync_report *report = &run->report;
    if (bundle_store_bytes_open(run->syncer->replica, &progress->bytes_to_send, error) !=
        0)
        return -1;
    if (progress->rows_left > 0 && report->rows_received > 0)
        progress->bytes_to_receive =
            report->bytes_received / report->rows_received * progress->rows_left;
    progress->seconds_left = pace_seconds(&run->syncer->pace, progress->bytes_to_send,
                                          progress->bytes_to_receive);
    return 0;
}

static int tell(const struct run *run, const char *phase, int64_t rows, int64_t rows_left,
                struct error *error) {
    satchel_progress progress = {
        .phase = phase,
        .rows = rows,
        .rows_left = rows_left,
        .bytes = run->report.bytes_received,
        .waiting = run->report.waiting,
        .seconds_left = -1,
    };
    if (!run->progress)
        return 0;
    if (strcmp(phase, "applying") != 0 && fill_left(run, &progress, error) != 0)
        return -1;
    if (run->progress(run->context, &progress) == 0)
        return 0;
    return error_set(error, "sync.stopped", "", "the sync was stopped");
}

static int tell_files(void *context, const struct file_counts *left, int64_t seconds_left,
                      struct error *error) {
    const struct run *run = context;
    satchel_progress progress = {
        .phase = "files",
        .rows = run->report.rows_received,
        .bytes = run->report.bytes_received,
        .waiting = run->report.waiting,
        .files_waiting = left->waiting,
        .file_bytes_left = left->waiting_bytes,
        .seconds_left = seconds_left,
    };
    if (!run->progress || run->progress(run->context, &progress) == 0)
        return 0;
    return error_set(error, "sync.stopped", "", "the sync was stopped");
}

static int tell_applying(void *context, int64_t rows) {
    const struct run *run = context;
    return tell(run, "applying", rows, 0, NULL);
}

/* Where the server is may have changed, by another process too. */
static int read_address(struct run *run, struct error *error) {
    struct buffer address = buffer_make(IDENTITY_ADDRESS - 1);
    struct buffer ca_file = buffer_make(IDENTITY_FILE - 1);
    int failed = setting_bytes(run->syncer->replica, "address", &address, error) != 0 ||
                 setting_bytes(run->syncer->replica, "ca_file", &ca_file, error) != 0 ||
                 identity_read_pin(run->syncer->replica, &run->pin, error) != 0;
    if (!failed) {
        memcpy(run->address, buffer_text(&address), address.size + 1);
        memcpy(run->ca_file, buffer_text(&ca_file), ca_file.size + 1);
    }
    buffer_free(&address);
    buffer_free(&ca_file);
    return failed;
}

/* A counter that no request of this device had, whatever happens to the process. */
static int next_counter(struct syncer *syncer, int64_t *ret, struct error *error) {
    if (syncer->counter == syncer->counter_end) {
        struct progress progress;
        if (progress_read(syncer->replica, &progress, error) != 0 ||
            progress_write_counter(syncer->replica,
                                   progress.request_counter + COUNTER_BLOCK, error) != 0)
            return -1;
        syncer->counter = progress.request_counter;
        syncer->counter_end = progress.request_counter + COUNTER_BLOCK;
    }
    *ret = ++syncer->counter;
    return 0;
}

/* Headquarters' time is known well enough to seal by: it was learned since the machine started. */
static int knows_time(struct syncer *syncer, bool *ret, struct error *error) {
    struct progress progress;
    struct clock_reading now = clock_read(syncer->replica->env);
    if (progress_read(syncer->replica, &progress, error) != 0)
        return -1;
    *ret = progress.anchor.known && id_equal(progress.anchor.boot, now.boot);
    return 0;
}

static int seal_waiting(struct run *run, struct error *error) {
    struct syncer *syncer = run->syncer;
    int64_t open = 0;
    int64_t sealed = 1;
    if (bundle_store_count_open(syncer->replica, &open, error) != 0)
        return -1;
    int64_t most =
        syncer->pace.up ? (int64_t)syncer->bundles : 1; /* the first one tells */
    for (; sealed > 0 && open < most; open++) {
        struct outbox_counts counts;
        if (outbox_count(syncer->replica, &counts, error) != 0)
            return -1;
        if (counts.unsealed == 0)
            break;
        if (bundle_store_seal(syncer->replica, &syncer->identity,
                              pace_bundle(&syncer->pace), &sealed, error) != 0)
            return -1;
        run->report.transactions_sent += sealed;
    }
    return 0;
}

/* --- one round --------------------------------------------------------------------------------------- */

struct round {
    struct run *run;
    struct arena arena;
    struct sync_request request;
    struct open_bundles bundles;
    struct buffer body;
    struct buffer bytes; /* of the answer */
    struct sync_response response;
    struct answer_result result;
};

/* What headquarters said of the scopes held and of its history; zeros before the first pull. */
static int read_bytes(struct replica *replica, const char *name, uint8_t *ret,
                      size_t size, struct error *error) {
    struct buffer bytes = buffer_make(size);
    int failed = setting_bytes(replica, name, &bytes, error);
    if (!failed && bytes.size == size)
        memcpy(ret, bytes.data, size);
    buffer_free(&bytes);
    return failed;
}

/* For a server that does not know this station, or not under this key: it was restored, and this is its own word from
 * before. */
static int show_papers(struct replica *replica, struct arena *arena,
                       struct sync_request *request, struct error *error) {
    struct buffer bytes = buffer_make(LIMIT_ENROL_REQUEST);
    int failed = setting_bytes(replica, "certificate", &bytes, error) != 0 ||
                 identity_papers(replica, arena, &request->papers, &request->paper_count,
                                 error) != 0;
    if (!failed) {
        request->certificate = arena_copy(arena, buffer_bytes(&bytes));
        failed = request->certificate.data ? 0 : error_out_of_memory(error);
    }
    buffer_free(&bytes);
    return failed ? -1 : 0;
}

/* Under a rebuild the station asks like one that was enrolled just now. */
static int hold_nothing(struct replica *replica, struct sync_request *request,
                        struct error *error) {
    if (rebuild_is_under_way(replica, &request->rebuild, error) != 0)
        return -1;
    if (!request->rebuild)
        return 0;
    if (rebuild_reason(replica, &request->rebuild_reason, error) != 0)
        return -1;
    scope_set_clear(&request->held);
    memset(request->held_proof, 0, HASH_SIZE);
    request->head_id = (struct id){{0}};
    request->cursor = request->digest = request->digest_rows = 0;
    return 0;
}

static int fill_request(struct syncer *syncer, struct arena *arena,
                        struct sync_request *request, struct error *error) {
    struct progress progress;
    struct outbox_counts counts;
    struct bundle_chain chain;
    struct clock_reading now = clock_read(syncer->replica->env);
    if (progress_read(syncer->replica, &progress, error) != 0 ||
        progress_read_held(syncer->replica, &request->held, error) != 0 ||
        read_bytes(syncer->replica, "scopes_proof", request->held_proof, HASH_SIZE,
                   error) != 0 ||
        read_bytes(syncer->replica, "head_id", request->head_id.bytes, ID_SIZE, error) !=
            0 ||
        epoch_read(syncer->replica, &request->epoch, error) != 0 ||
        progress_read_position(syncer->replica, arena, &request->position, error) != 0 ||
        next_counter(syncer, &request->counter, error) != 0 ||
        bundle_store_chain(syncer->replica, &chain, error) != 0 ||
        outbox_count(syncer->replica, &counts, error) != 0)
        return -1;
    request->waiting = counts.waiting;
    request->org = syncer->identity.certificate.org;
    request->device = syncer->identity.certificate.device;
    request->time = clock_correct(&progress.anchor, &now);
    request->schema_version = syncer->replica->catalogue->version;
    request->protocol = SYNC_PROTOCOL;
    request->server_key = syncer->identity.server_key;
    request->chain_number = chain.number;
    memcpy(request->chain_hash, chain.hash, HASH_SIZE);
    request->cursor = progress.cursor;
    request->digest = progress.digest;
    /* A tally that went wrong must not keep the station from being healed. */
    request->digest_rows = progress.digest_rows > 0 ? progress.digest_rows : 0;
    return hold_nothing(syncer->replica, request, error);
}

/* Open bundles; when there are none, those that headquarters had to put off, each once in a run. */
static int fill_bundles(struct round *round, struct error *error) {
    struct run *run = round->run;
    struct syncer *syncer = run->syncer;
    struct bundle_budget budget = {.count = syncer->bundles,
                                   .bytes = pace_request(&syncer->pace)};
    struct open_bundles *open = &round->bundles;
    if (bundle_store_open(syncer->replica, &budget, &round->arena, open, error) != 0)
        return -1;
    if (open->count == 0 && run->asks_deferred) {
        budget.deferred = true;
        budget.after = run->deferred_after;
        if (bundle_store_open(syncer->replica, &budget, &round->arena, open, error) != 0)
            return -1;
        if (open->count > 0)
            run->deferred_after = open->positions[open->count - 1];
        if (bundle_store_has_deferred(syncer->replica, run->deferred_after,
                                      &run->asks_deferred, error) != 0)
            return -1;
    }
    open_bundles_to_request(open, &round->request);
    return 0;
}

static int fill_round(struct round *round, bool with_bundles, struct error *error) {
    struct syncer *syncer = round->run->syncer;
    struct sync_request *request = &round->request;
    if (fill_request(syncer, &round->arena, request, error) != 0 ||
        (round->run->shows_papers &&
         show_papers(syncer->replica, &round->arena, request, error) != 0))
        return -1;
    request->bundle_epoch = request->epoch;
    return with_bundles ? fill_bundles(round, error) : 0;
}

/* Where headquarters is, and who we are. */
static struct exchange contact_of(const struct run *run) {
    const struct syncer *syncer = run->syncer;
    return (struct exchange){.transport = syncer->transport,
                             .address = run->address,
                             .ca_file = run->ca_file,
                             .pin = run->pin,
                             .keys = &syncer->identity.keys,
                             .server_key = &syncer->identity.server_key};
}

static int post(struct round *round, struct bytes *ret_answer, struct error *error) {
    struct run *run = round->run;
    struct syncer *syncer = run->syncer;
    struct exchange exchange = contact_of(run);
    exchange.path = "/v1/sync";
    exchange.request_context = "satchel sync request";
    exchange.response_context = "satchel sync response";
    exchange.maximum = LIMIT_RESPONSE;
    size_t sent = 0;
    int64_t began = boot_ms(syncer);
    round->body = buffer_make(LIMIT_REQUEST);
    if (sync_request_encode(&round->request, &round->body, error) != 0)
        return -1;
    if (round->body.failed)
        return error_out_of_memory(error);
    if (exchange_run(&exchange, buffer_bytes(&round->body), &round->bytes, ret_answer,
                     &sent, error) != 0) {
        syncer->bundles = 1; /* next time a smaller step, which may get through */
        pace_fail(&syncer->pace);
        return -1;
    }
    pace_note(&syncer->pace, (int64_t)sent, (int64_t)round->bytes.size,
              boot_ms(syncer) - began);
    run->report.bytes_sent += (int64_t)sent;
    run->report.bytes_received += (int64_t)round->bytes.size;
    run->report.bundles_sent += (int64_t)round->request.bundle_count;
    if (syncer->bundles < LIMIT_BUNDLES_OF_REQUEST)
        syncer->bundles *= 2;
    return 0;
}

static int fail_epoch(const struct sync_response *response, int64_t epoch,
                      struct error *error) {
    return error_set(
        error, "server.epoch", "",
        "headquarters was restored from a backup: its history is number %lld,"
        " this station's is %lld",
        (long long)response->epoch, (long long)epoch);
}

int syncer_check_epoch(const struct syncer *syncer, const struct sync_response *response,
                       int64_t *ret, struct error *error) {
    if (epoch_read(syncer->replica, ret, error) != 0)
        return -1;
    bool newer = response->protocol >= 2 && response->epoch > *ret;
    return response->epoch == *ret || newer ? 0 : fail_epoch(response, *ret, error);
}

/* The answer is to this question and of this history of the server. */
static int check_response(const struct round *round, struct error *error) {
    uint8_t hash[HASH_SIZE];
    hash_blake2b(buffer_bytes(&round->body), hash);
    if (memcmp(hash, round->response.request_hash, HASH_SIZE) != 0)
        return error_set(error, "server.signature", "",
                         "the answer is to another question");
    if (round->response.protocol < 2 && round->response.epoch != round->request.epoch)
        return fail_epoch(&round->response, round->request.epoch, error);
    return 0;
}

static int run_round(struct round *round, bool with_bundles, struct error *error) {
    struct run *run = round->run;
    struct bytes answer;
    if (fill_round(round, with_bundles, error) != 0 ||
        tell(run, round->request.bundle_count ? "sending" : "receiving",
             run->report.rows_received, 0, error) != 0)
        return -1;
    int64_t sent_at =
        run->syncer->replica->env->boot_ms(run->syncer->replica->env->context);
    if (post(round, &answer, error) != 0 ||
        sync_response_decode(answer, &round->arena, &round->response, error) != 0 ||
        check_response(round, error) != 0)
        return -1;
    run->report.rows_received += round->response.row_count;
    if (tell(run, "receiving", run->report.rows_received, round->response.rows_left,
             error) != 0)
        return -1;
    struct answer taken = {
        .replica = run->syncer->replica,
        .memory = &run->syncer->memory,
        .request = &round->request,
        .response = &round->response,
        .identity = &run->syncer->identity,
        .bundles = &round->bundles,
        .sent_at_boot_ms = sent_at,
        .progress = tell_applying,
        .context = run,
    };
    return answer_take(&taken, &round->result, error);
}

static void add_to_report(struct run *run, const struct answer_result *result) {
    run->report.merged += result->merged;
    run->report.conflicts += result->conflicts;
    run->report.refused += result->refused;
    run->report.rows_forgotten += result->rows_forgotten;
    run->report.differences += result->differences;
    run->report.healed += result->healed;
    run->report.rounds++;
}

/* Nothing settled although something was sent: that must not go on for ever. */
static int check_stall(struct run *run, const struct round *round, struct error *error) {
    bool settled = round->request.bundle_count == 0 ||
                   round->result.bundles_settled > 0 || round->result.forked;
    run->stalls = settled ? 0 : run->stalls + 1;
    if (run->stalls < STALLS_MAX)
        return 0;
    return error_set(error, "bundle.gap", "",
                     "headquarters does not take this station's work");
}

static void round_free(struct round *round) {
    scope_set_free(&round->request.held);
    scope_set_free(&round->response.gained);
    scope_set_free(&round->response.lost);
    arena_free(&round->arena);
    buffer_free(&round->body);
    buffer_free(&round->bytes);
}

/* Headquarters does not know this station, or not under its key. */
static bool is_stranger(const struct error *error) {
    return error_is(error, "device.unknown") || error_is(error, "message.signature");
}

static int do_round(struct run *run, bool with_bundles, bool *ret_more,
                    struct error *error) {
    struct round *round = calloc(1, sizeof *round);
    if (!round)
        return error_out_of_memory(error);
    round->run = run;
    round->arena = arena_make((size_t)LIMIT_RESPONSE * 4);
    int failed = run_round(round, with_bundles, error);
    if (failed && !run->shows_papers && is_stranger(error)) {
        run->shows_papers = true;
        *ret_more = true;
        error_clear(error);
        round_free(round);
        free(round);
        return 0;
    }
    if (!failed) {
        add_to_report(run, &round->result);
        *ret_more = round->response.more || round->response.restart ||
                    round->result.again || run->asks_deferred;
        run->forks += round->result.forked;
        run->wipe = round->result.wipe;
        if (round->result.followed)
            failed = syncer_know(run->syncer, error);
    }
    if (!failed) {
        failed = round->result.blocked.code[0] != '\0';
        if (failed && error)
            *error = round->result.blocked;
    }
    if (!failed)
        failed = check_stall(run, round, error);
    if (!failed && run->forks > FORKS_MAX)
        failed = error_set(error, "device.fork", "",
                           "headquarters takes this station for a copy again and again");
    round_free(round);
    free(round);
    return failed;
}

static int is_done(struct run *run, bool more, bool *ret, struct error *error) {
    struct outbox_counts counts;
    int64_t open = 0;
    if (outbox_count(run->syncer->replica, &counts, error) != 0 ||
        bundle_store_count_open(run->syncer->replica, &open, error) != 0)
        return -1;
    run->report.waiting = counts.waiting;
    *ret = !more && open == 0 && counts.unsealed == 0;
    return 0;
}

int syncer_know(struct syncer *syncer, struct error *error) {
    bool enrolled = false;
    if (wipe_look(syncer->replica, syncer->home, error) != 0 ||
        identity_load(syncer->replica, &syncer->identity, &enrolled, error) != 0)
        return -1;
    if (!enrolled)
        return error_set(error, "station.not_enrolled", "home",
                         "the station was not enrolled to the end");
    return home_keys_of(syncer->home, &syncer->identity.certificate.device_key,
                        &syncer->identity.keys, error);
}

/* Another key first, where one is due. */
static int rekey(struct run *run, struct error *error) {
    const struct exchange contact = contact_of(run);
    const struct rekeying rekeying = {.replica = run->syncer->replica,
                                      .home = run->syncer->home,
                                      .identity = &run->syncer->identity,
                                      .contact = &contact};
    return rekey_run(&rekeying, error);
}

int syncer_wipe(struct syncer *syncer, bool *ret_settled, struct error *error) {
    const struct env *env = syncer->replica->env;
    if (wipe_run(syncer->replica, syncer->home, env->wall_ms(env->context), ret_settled,
                 error) != 0)
        return -1;
    return *ret_settled ? wipe_look(syncer->replica, syncer->home, error) : 0;
}

static int run_business(struct run *run, struct error *error) {
    bool done = false;
    while (!done) {
        bool more = false;
        bool timed = false;
        if (rekey(run, error) != 0 || knows_time(run->syncer, &timed, error) != 0 ||
            (timed && seal_waiting(run, error) != 0) ||
            do_round(run, timed, &more, error) != 0 ||
            is_done(run, more, &done, error) != 0)
            return -1;
        if (done && run->wipe && syncer_wipe(run->syncer, &done, error) != 0)
            return -1;
    }
    return 0;
}

/* --- files, after the business ------------------------------------------------------------------------ */

static int business_waits(void *context, bool *ret, struct error *error) {
    struct run *run = context;
    struct outbox_counts counts;
    int64_t open = 0;
    if (outbox_count(run->syncer->replica, &counts, error) != 0 ||
        bundle_store_count_open(run->syncer->replica, &open, error) != 0)
        return -1;
    *ret = open > 0 || counts.unsealed > 0;
    return 0;
}

/* Room is looked after when files were sent, and once at the beginning. */
static int tidy_files(struct syncer *syncer, bool sent, struct error *error) {
    if (syncer->tidied && !sent)
        return 0;
    syncer->tidied = true;
    return file_store_tidy(syncer->replica, syncer->files, FILES_STATION, error);
}

static int run_files(struct run *run, bool *ret_more, struct error *error) {
    struct syncer *syncer = run->syncer;
    struct file_link link = {
        .transport = syncer->transport,
        .identity = &syncer->identity,
        .env = syncer->replica->env,
        .address = run->address,
        .ca_file = run->ca_file,
        .pin = run->pin,
        .folder = syncer->files,
        .piece = &syncer->piece,
    };
    struct file_round round = {.link = &link,
                               .replica = syncer->replica,
                               .business = business_waits,
                               .tell = tell_files,
                               .context = run};
    *ret_more = false;
    if (syncer->files[0] == '\0')
        return 0;
    int failed = file_round_run(&round, ret_more, error);
    run->report.bytes_sent += link.bytes_sent;
    run->report.bytes_received += link.bytes_received;
    run->report.files_sent += round.files_sent;
    return failed ? -1 : tidy_files(syncer, round.files_sent > 0, error);
}

/* An order's bundle never waits for a photo: after each piece whatever was done meanwhile goes first. */
static int run_rounds(struct run *run, struct error *error) {
    struct syncer *syncer = run->syncer;
    syncer->more = false;
    if (read_address(run, error) != 0 || syncer_know(syncer, error) != 0)
        return -1;
    do
        if (run_business(run, error) != 0 || run_files(run, &syncer->more, error) != 0)
            return -1;
    while (syncer->more && !syncer->in_slices);
    return 0;
}

static void finish_report(struct run *run, int64_t started) {
    const struct env *env = run->syncer->replica->env;
    struct progress progress;
    struct outbox_counts counts;
    if (progress_read(run->syncer->replica, &progress, NULL) == 0)
        run->report.cursor = progress.cursor;
    if (outbox_count(run->syncer->replica, &counts, NULL) == 0)
        run->report.waiting = counts.waiting;
    run->report.duration_ms = env->boot_ms(env->context) - started;
}

int syncer_run(struct syncer *syncer, satchel_progress_function progress, void *context,
               satchel_sync_report *ret, struct error *error) {
    const struct env *env = syncer->replica->env;
    struct run run = {.syncer = syncer, .progress = progress, .context = context};
    struct error why = {0};
    int64_t started = env->boot_ms(env->context);
    bool asks = syncer->asked_at == 0 || started - syncer->asked_at >= ASK_EVERY_MS;
    if (asks &&
        bundle_store_has_deferred(syncer->replica, 0, &run.asks_deferred, NULL) == 0)
        syncer->asked_at = started;
    int failed = run_rounds(&run, &why);
    /* what a first sync left to be made, this one or one that was cut off */
    if (bulk_indexes_finish(syncer->replica, failed ? NULL : &why) != 0)
        failed = -1;
    if (!error_is(&why, "station.revoked")) /* nothing is kept any more but that */
        answer_note_outcome(syncer->replica, &syncer->memory, failed ? &why : NULL);
    finish_report(&run, started);
    if (ret)
        *ret = run.report;
    if (failed && error)
        *error = why;
    return failed;
}

/* --- for rounds that go as files ------------------------------------------------------------------------- */

int syncer_ask(struct syncer *syncer, struct arena *arena, struct sync_request *ret,
               struct error *error) {
    *ret = (struct sync_request){0};
    /* Nobody can ask for them: whoever reads the file answers only once. */
    return fill_request(syncer, arena, ret, error) != 0
               ? -1
               : show_papers(syncer->replica, arena, ret, error);
}

void syncer_note(struct syncer *syncer, const struct error *why) {
    answer_note_outcome(syncer->replica, &syncer->memory, why);
}
