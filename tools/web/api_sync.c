/*
 * Syncing because somebody asked for it, and telling pages how it goes.
 */
#include <inttypes.h>
#include <string.h>

#include "client-core/json.h"
#include "tools/web/internal.h"
#include "tools/web/report.h"

enum { PROGRESS_EVERY_MS = 100, IDLE_EVERY_MS = 60000, LIMIT_REPORT = 4096 };

struct sync_run {
    struct web *web;
    int64_t told_ms;
};

/* Auto-sync looks at headquarters every few seconds: pages need not wake up for each time that it found nothing. */
static bool is_worth_telling(struct web *web, const char *event, const char *json) {
    const struct env *env = web->env;
    int64_t now_ms = env->boot_ms(env->context);
    if (strcmp(event, "offline") == 0 && strstr(json, "\"sync.stopped\"") != NULL)
        return false; /* it stepped aside, see sync_aside */
    bool idle = strcmp(event, "synced") == 0 && strstr(json, "\"sent\":0") != NULL;
    pthread_mutex_lock(&web->lock);
    bool worth = !idle || now_ms - web->synced_told_ms >= IDLE_EVERY_MS;
    web->synced_told_ms = worth ? (idle ? now_ms : 0) : web->synced_told_ms;
    pthread_mutex_unlock(&web->lock);
    return worth;
}

void web_hear(void *context, const char *event, const char *json) {
    struct web *web = context;
    if (is_worth_telling(web, event, json))
        events_add(web->events, event, json);
}

struct count {
    const char *name;
    int64_t value;
};

static void put_counts(struct buffer *json, const struct count *counts, size_t count) {
    for (size_t i = 0; i < count; i++) {
        json_put_name(json, counts[i].name);
        json_put_integer(json, counts[i].value);
    }
}

static void tell(struct web *web, const char *event, const struct count *counts,
                 size_t count) {
    struct buffer json = buffer_make(LIMIT_REPORT);
    buffer_append_byte(&json, '{');
    put_counts(&json, counts, count);
    buffer_append_byte(&json, '}');
    events_add(web->events, event, buffer_text(&json));
    buffer_free(&json);
}

static int show_progress(void *context, const satchel_progress *progress) {
    struct sync_run *run = context;
    const struct env *env = run->web->env;
    int64_t now_ms = env->boot_ms(env->context);
    if (now_ms - run->told_ms < PROGRESS_EVERY_MS)
        return web_is_stopping(run->web);
    run->told_ms = now_ms;
    struct buffer json = buffer_make(LIMIT_REPORT);
    const struct count counts[] = {{"rows", progress->rows},
                                   {"rows_left", progress->rows_left},
                                   {"bytes", progress->bytes},
                                   {"waiting", progress->waiting},
                                   {"files_waiting", progress->files_waiting},
                                   {"file_bytes_left", progress->file_bytes_left},
                                   {"seconds_left", progress->seconds_left},
                                   {"bytes_to_send", progress->bytes_to_send},
                                   {"bytes_to_receive", progress->bytes_to_receive}};
    buffer_append_byte(&json, '{');
    json_put_name(&json, "phase");
    json_put_string(&json, progress->phase);
    put_counts(&json, counts, sizeof counts / sizeof *counts);
    buffer_append_byte(&json, '}');
    events_add(run->web->events, "progress", buffer_text(&json));
    buffer_free(&json);
    return web_is_stopping(run->web);
}

/* The same that auto-sync tells of a sync of its own. */
static void tell_report(struct web *web, const satchel_sync_report *report) {
    const struct count changed[] = {{"received", report->rows_received},
                                    {"forgotten", report->rows_forgotten}};
    const struct count refused[] = {{"count", report->refused}};
    const struct count conflict[] = {{"count", report->conflicts}};
    const struct count files[] = {{"count", report->files_sent}};
    const struct count differences[] = {{"count", report->differences}};
    const struct count healed[] = {{"count", report->healed}};
    const struct count synced[] = {{"sent", report->transactions_sent},
                                   {"waiting", report->waiting}};
    if (report->rows_received + report->rows_forgotten > 0)
        tell(web, "changed", changed, 2);
    if (report->refused > 0)
        tell(web, "refused", refused, 1);
    if (report->conflicts > 0)
        tell(web, "conflict", conflict, 1);
    if (report->files_sent > 0)
        tell(web, "files", files, 1);
    if (report->differences > 0)
        tell(web, "difference", differences, 1);
    if (report->healed > 0)
        tell(web, "healed", healed, 1);
    tell(web, "synced", synced, 2);
}

static void tell_failure(struct web *web, const struct error *error) {
    struct buffer json = buffer_make(LIMIT_REPORT);
    buffer_append_byte(&json, '{');
    json_put_name(&json, "code");
    json_put_string(&json, error->code);
    json_put_name(&json, "message");
    json_put_string(&json, error->message);
    buffer_append_byte(&json, '}');
    events_add(web->events, "sync_failed", buffer_text(&json));
    buffer_free(&json);
}

static void answer_report(const struct visit *visit, const satchel_sync_report *report) {
    struct buffer json = buffer_make(LIMIT_REPORT);
    report_put(&json, report);
    visit_answer_buffer(visit, &json);
    buffer_free(&json);
}

static bool take_turn(struct web *web) {
    pthread_mutex_lock(&web->lock);
    bool mine = !web->syncing && !web->stopping;
    web->syncing = web->syncing || mine;
    pthread_mutex_unlock(&web->lock);
    return mine;
}

static void give_turn(struct web *web) {
    pthread_mutex_lock(&web->lock);
    web->syncing = false;
    pthread_mutex_unlock(&web->lock);
}

/* Auto-sync steps aside: it would do the same work without telling how far it is. */
static int sync_aside(const struct visit *visit, satchel_sync_report *report,
                      struct error *error) {
    struct web *web = visit->web;
    struct sync_run run = {.web = web};
    if (web->options.auto_sync)
        (void)satchel_auto_sync(visit->station, 0, NULL);
    int failed = satchel_sync(visit->station, show_progress, &run, report, outer(error));
    if (web->options.auto_sync && !web_is_stopping(web) &&
        satchel_auto_sync(visit->station, 1, failed ? NULL : outer(error)) != 0)
        failed = -1;
    return failed;
}

void api_sync(struct visit *visit) {
    struct web *web = visit->web;
    struct error error = {0};
    satchel_sync_report report = {0};
    if (!take_turn(web)) {
        error_fill(&error, "sync.busy", NULL, "this station is syncing already");
        visit_fail(visit, &error);
        return;
    }
    if (sync_aside(visit, &report, &error) != 0) {
        tell_failure(web, &error);
        visit_fail(visit, &error);
    } else {
        tell_report(web, &report);
        answer_report(visit, &report);
    }
    give_turn(web);
}
