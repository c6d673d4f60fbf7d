/*
 * What a station does with headquarters' answer.
 */
#include "client-core/sync_answer.h"

#include <stdio.h>
#include <string.h>

#include "client-core/bundle_store.h"
#include "client-core/epoch.h"
#include "client-core/exchange.h"
#include "client-core/healing.h"
#include "client-core/outbox.h"
#include "client-core/pull.h"
#include "client-core/rebuild.h"
#include "client-core/rekey.h"
#include "client-core/state.h"

enum {
    ANCHOR_MS = 100,       /* a difference that is worth a write */
    NOTE_EVERY_MS = 30000, /* how exact last_sync_at is while nothing happens */
    PRUNE_EVERY_MS = 86400000
};

/* --- time -------------------------------------------------------------------------------------------- */

static bool far(int64_t a, int64_t b) {
    return a - b > ANCHOR_MS || b - a > ANCHOR_MS;
}

/* Headquarters' time at the arrival of its answer, half the way there and back later than it says. */
static struct clock_anchor anchor_of(const struct answer *answer) {
    struct clock_reading now = clock_read(answer->replica->env);
    int64_t way_ms = (now.boot_ms - answer->sent_at_boot_ms) / 2;
    return (struct clock_anchor){.known = true,
                                 .hq_ms = answer->response->hq_time +
                                          (way_ms > 0 ? way_ms : 0),
                                 .wall_ms = now.wall_ms,
                                 .boot_ms = now.boot_ms,
                                 .boot = now.boot};
}

/* An anchor that says the same is left alone: asking every two seconds must not write as often. */
static bool anchor_is_news(const struct clock_anchor *kept,
                           const struct clock_anchor *fresh) {
    const struct clock_reading now = {fresh->wall_ms, fresh->boot_ms, fresh->boot};
    return !kept->known || !id_equal(kept->boot, fresh->boot) ||
           far(clock_correct(kept, &now), fresh->hq_ms) ||
           far(kept->hq_ms - kept->wall_ms, fresh->hq_ms - fresh->wall_ms);
}

/* --- verdicts ---------------------------------------------------------------------------------------- */

static void count_verdict(enum verdict_kind kind, int64_t count,
                          struct answer_result *result) {
    if (kind == VERDICT_MERGED)
        result->merged += count;
    else if (kind == VERDICT_CONFLICTS)
        result->conflicts += count;
    else
        result->refused += count;
}

/* An answer to one of the bundles of the request. */
struct taken_bundle {
    const struct bundle_answer *answer;
    int64_t position; /* where it is kept */
    bool former;      /* of a device that this station was before */
};

/* A bundle that could not be read is refused as a whole: one verdict that names no transaction. */
static int take_verdict(const struct answer *answer, const struct taken_bundle *bundle,
                        const struct verdict *verdict, struct answer_result *result,
                        struct error *error) {
    int64_t now_ms = answer->response->hq_time;
    bool known = false;
    if (id_is_zero(verdict->transaction)) {
        int64_t count = 0;
        if (outbox_refuse_bundle(answer->replica, bundle->position, verdict->code,
                                 verdict->message, now_ms, &count, error) != 0)
            return -1;
        count_verdict(VERDICT_REFUSED, count, result);
        return 0;
    }
    if (verdict->kind == VERDICT_DEFERRED)
        return 0; /* it is as if headquarters had not answered yet */
    if (outbox_answer(answer->replica, verdict, now_ms, &known, error) != 0)
        return -1;
    count_verdict(verdict->kind, known, result);
    return 0;
}

static int take_accepted(const struct answer *answer, const struct taken_bundle *bundle,
                         struct answer_result *result, struct error *error) {
    const struct bundle_answer *told = bundle->answer;
    bool deferred = false;
    for (size_t i = 0; i < told->verdict_count; i++) {
        deferred = deferred || told->verdicts[i].kind == VERDICT_DEFERRED;
        if (take_verdict(answer, bundle, &told->verdicts[i], result, error) != 0)
            return -1;
    }
    result->bundles_settled++;
    const struct bundle_times times = {answer->request->time, answer->response->hq_time,
                                       deferred};
    return bundle_store_answer(answer->replica, bundle->position, told->code, &times,
                               error);
}

/* This station is a copy, or was restored from a backup: another bundle of its device came first. The evidence is
 * ours under the same number; where only what follows does not fit, the one before. */
static int take_fork(const struct answer *answer, const struct bundle_answer *bundle,
                     bool before, struct answer_result *result, struct error *error) {
    result->forked = true;
    return rekey_note_fork(answer->replica, bundle->number - (before ? 1 : 0), error);
}

static int take_rejected(const struct answer *answer, const struct taken_bundle *bundle,
                         struct answer_result *result, struct error *error) {
    const struct bundle_answer *told = bundle->answer;
    if (strcmp(told->code, "bundle.quarantined") == 0) {
        const struct bundle_times times = {answer->request->time,
                                           answer->response->hq_time, false};
        result->bundles_settled++;
        return bundle_store_answer(answer->replica, bundle->position, told->code, &times,
                                   error);
    }
    if (bundle->former) { /* that chain went on without it: it goes with this one's */
        result->bundles_settled++;
        return bundle_store_unseal(answer->replica, bundle->position, error);
    }
    if (strcmp(told->code, "bundle.gap") == 0)
        return bundle_store_reopen(answer->replica, told->expected_number, error);
    if (result->blocked.code[0] || result->forked)
        return 0;
    if (strcmp(told->code, "bundle.fork") == 0 || strcmp(told->code, "bundle.chain") == 0)
        return take_fork(answer, told, told->code[7] == 'c', result, error);
    error_fill(&result->blocked, told->code, "", "%s", told->message);
    exchange_explain(&result->blocked);
    return 0;
}

/* Where the bundle that an answer is about is kept; what was carried as a file is found by its number. */
static int find_taken(const struct answer *answer, size_t i, struct taken_bundle *bundle,
                      struct error *error) {
    if (!answer->bundles)
        return bundle_store_find(answer->replica, bundle->answer->number,
                                 &bundle->position, error);
    bundle->position = answer->bundles->positions[i];
    bundle->former = answer->bundles->former[i];
    return 0;
}

static int take_answers(const struct answer *answer, struct answer_result *result,
                        struct error *error) {
    const struct sync_response *response = answer->response;
    if (answer->bundles && response->answer_count != 0 &&
        response->answer_count != answer->bundles->count)
        return error_set(error, "server.response", "answers",
                         "headquarters answered other work than was sent");
    for (size_t i = 0; i < response->answer_count; i++) {
        struct taken_bundle bundle = {.answer = &response->answers[i]};
        if (find_taken(answer, i, &bundle, error) != 0 ||
            (bundle.answer->accepted ? take_accepted : take_rejected)(answer, &bundle,
                                                                      result, error) != 0)
            return -1;
    }
    return 0;
}

/* --- rows -------------------------------------------------------------------------------------------- */

/* held + gained - lost */
static int scopes_after(const struct answer *answer, struct scope_set *ret,
                        struct error *error) {
    const struct sync_response *response = answer->response;
    const struct scope_set *parts[] = {&answer->request->held, &response->gained};
    for (size_t i = 0; i < 2; i++)
        for (size_t j = 0; j < parts[i]->count; j++)
            if (!scope_set_has(&response->lost, parts[i]->scopes[j]) &&
                scope_set_add(ret, parts[i]->scopes[j]) != 0)
                return error_out_of_memory(error);
    return 0;
}

/* Both sides have the same tables and columns, and the server has counted. */
static bool can_compare(const struct answer *answer) {
    const struct sync_response *response = answer->response;
    return response->digest_rows >= 0 &&
           response->schema_version == answer->replica->catalogue->version;
}

static int settle_digests(const struct answer *answer, const struct pull_result *pulled,
                          struct answer_result *result, struct error *error) {
    const struct sync_response *response = answer->response;
    if (!can_compare(answer) || pulled->skipped > 0)
        return 0;
    if (response->digest == pulled->digest &&
        response->digest_rows == pulled->digest_rows)
        return healing_agrees(answer->replica, &result->healed, error);
    return healing_differs(answer->replica, response->hq_time, &result->differences,
                           error);
}

static int apply_rows(const struct answer *answer, struct answer_result *result,
                      struct error *error) {
    struct scope_set held = {0};
    struct pull_result pulled;
    struct pull_end end = {
        .head = answer->response->head,
        .chunk = answer->response->rows,
        .held = &held,
        .rebuild = answer->request->rebuild,
        .progress = answer->progress,
        .context = answer->context,
    };
    const struct value proof =
        value_blob((struct bytes){answer->response->scopes_proof, HASH_SIZE});
    int failed = scopes_after(answer, &held, error) != 0 ||
                 pull_apply(answer->replica, &end, &pulled, error) != 0 ||
                 setting_set(answer->replica, "scopes_proof", proof, error) != 0 ||
                 epoch_rows(answer->replica, &answer->response->head_id, error) != 0 ||
                 settle_digests(answer, &pulled, result, error) != 0;
    scope_set_free(&held);
    if (failed)
        return -1;
    result->rows_forgotten += pulled.forgotten;
    return 0;
}

/* Headquarters wants the station to have everything again; or somebody here began that while the answer was on its way,
 * and what it brings does not belong to it. */
static int look_for_rebuild(const struct answer *answer, struct answer_result *result,
                            struct error *error) {
    bool under_way = false;
    if (answer->response->rebuild &&
        rebuild_begin(answer->replica, "headquarters", error) != 0)
        return -1;
    if (rebuild_is_under_way(answer->replica, &under_way, error) != 0)
        return -1;
    result->again = under_way != answer->request->rebuild;
    return 0;
}

static int take_rows(const struct answer *answer, struct answer_result *result,
                     struct error *error) {
    const struct sync_response *response = answer->response;
    if (!result->again && look_for_rebuild(answer, result, error) != 0)
        return -1;
    if (result->again)
        return 0;
    if (response->restart && pull_restart(answer->replica, error) != 0)
        return -1;
    if (!response->more) {
        if (apply_rows(answer, result, error) != 0)
            return -1;
        return rebuild_is_under_way(answer->replica, &result->again, error);
    }
    if (!response->next.set)
        return 0; /* a restart: the pull begins at the cursor */
    if (response->rows.size > 0 &&
        pull_stage(answer->replica, response->rows, error) != 0)
        return -1;
    return progress_write_position(answer->replica, &response->next, error);
}

/* --- the answer as a whole --------------------------------------------------------------------------- */

static bool agrees(const struct answer *answer) {
    const struct sync_response *response = answer->response;
    return !can_compare(answer) ||
           (response->digest == answer->request->digest &&
            response->digest_rows == answer->request->digest_rows);
}

static bool says_nothing(const struct answer *answer) {
    const struct sync_response *response = answer->response;
    if (answer->stale)
        return response->answer_count == 0;
    return agrees(answer) && response->answer_count == 0 && response->rows.size == 0 &&
           !response->more && !response->restart && !response->rebuild &&
           response->epoch == answer->request->epoch && !answer->request->rebuild &&
           !answer->request->position.set && response->head == answer->request->cursor &&
           response->gained.count == 0 && response->lost.count == 0;
}

static int prune(const struct answer *answer, struct error *error) {
    int64_t now_ms = answer->response->hq_time;
    int64_t pruned_at = 0;
    if (setting_integer(answer->replica, "pruned_at", &pruned_at, error) != 0)
        return -1;
    if (now_ms - pruned_at < PRUNE_EVERY_MS)
        return 0;
    if (outbox_prune(answer->replica, now_ms - BUNDLE_KEEP_MS, error) != 0)
        return -1;
    return setting_set(answer->replica, "pruned_at", value_integer(now_ms), error);
}

/* Headquarters goes on in another history; what it says of this one comes with the next answer. */
static int take_epoch(const struct answer *answer, struct answer_result *result,
                      struct error *error) {
    if (answer->response->epoch == answer->request->epoch)
        return 0;
    result->again = true;
    return epoch_adopt(answer->replica, answer->response, error);
}

/* When headquarters was like this: over the network it is now, which answer_note_outcome writes. */
static int note_time(const struct answer *answer, const struct clock_anchor *anchor,
                     struct error *error) {
    if (!answer->carried)
        return progress_write_anchor(answer->replica, anchor, error);
    return setting_set(answer->replica, "last_sync_at",
                       value_integer(answer->response->hq_time), error);
}

static int take_inside(const struct answer *answer, const struct clock_anchor *anchor,
                       struct answer_result *result, struct error *error) {
    if (take_epoch(answer, result, error) != 0 ||
        take_answers(answer, result, error) != 0)
        return -1;
    if (answer->stale)
        return pull_settle(answer->replica, error);
    if (answer->response->order == ORDER_WIPE) /* it brings nothing else */
        return note_time(answer, anchor, error);
    if (note_time(answer, anchor, error) != 0 ||
        setting_set(answer->replica, "server_schema_version",
                    value_integer(answer->response->schema_version), error) != 0 ||
        setting_set(answer->replica, "server_protocol",
                    value_integer(answer->response->protocol), error) != 0 ||
        take_rows(answer, result, error) != 0)
        return -1;
    return prune(answer, error);
}

int answer_take(const struct answer *answer, struct answer_result *ret,
                struct error *error) {
    struct answer_result result = {0};
    struct clock_anchor anchor = anchor_of(answer);
    struct progress progress;
    if (progress_read(answer->replica, &progress, error) != 0)
        return -1;
    bool nothing = says_nothing(answer);
    result.wipe = answer->response->order == ORDER_WIPE;
    if (nothing && (answer->carried || !anchor_is_news(&progress.anchor, &anchor))) {
        *ret = result;
        return 0;
    }
    if (replica_begin(answer->replica, error) != 0)
        return -1;
    int failed = nothing ? progress_write_anchor(answer->replica, &anchor, error)
                         : take_inside(answer, &anchor, &result, error);
    if (failed || replica_commit(answer->replica, error) != 0) {
        replica_rollback(answer->replica);
        return -1;
    }
    result.changed = !nothing;
    *ret = result;
    return 0;
}

/* Since when headquarters cannot be reached; 0: it was, at the last attempt. */
static int note_reach(struct replica *replica, const struct error *why, int64_t now_ms) {
    bool unreachable = why && strncmp(why->code, "transport.", 10) == 0;
    int64_t since = 0;
    if (setting_integer(replica, "offline_since", &since, NULL) != 0)
        return -1;
    if ((since != 0) == unreachable)
        return 0;
    return setting_set(replica, "offline_since", value_integer(unreachable ? now_ms : 0),
                       NULL);
}

/* What stays said until headquarters takes work again, whatever fails in between. */
static int note_refusal(struct replica *replica, const struct error *why) {
    if (error_is(why, "device.revoked"))
        return setting_set(replica, "revoked", value_integer(1), NULL);
    if (!why)
        return setting_set(replica, "revoked", value_integer(0), NULL);
    return error_is(why, "device.fork")
               ? setting_set(replica, "fork", value_integer(1), NULL)
               : 0;
}

void answer_note_outcome(struct replica *replica, struct answer_memory *memory,
                         const struct error *why) {
    int64_t now_ms = replica->env->wall_ms(replica->env->context);
    const char *code = why ? why->code : "";
    char text[sizeof why->code + sizeof why->message + 2] = "";
    if (strcmp(memory->noted_error, code) == 0 && memory->noted_at_ms != 0 &&
        (why || now_ms - memory->noted_at_ms < NOTE_EVERY_MS))
        return;
    if (why)
        snprintf(text, sizeof text, "%s: %s", why->code, why->message);
    if (replica_begin(replica, NULL) != 0)
        return;
    int failed = setting_set(replica, "last_error", value_text(text), NULL) != 0 ||
                 setting_set(replica, why ? "last_error_at" : "last_sync_at",
                             value_integer(now_ms), NULL) != 0 ||
                 note_reach(replica, why, now_ms) != 0 ||
                 note_refusal(replica, why) != 0 || replica_commit(replica, NULL) != 0;
    replica_rollback(replica);
    if (failed)
        return;
    memory->noted_at_ms = now_ms;
    snprintf(memory->noted_error, sizeof memory->noted_error, "%s", code);
}
