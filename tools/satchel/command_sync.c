/*
 * `satchel sync`: once, with a bar; or with --watch for as long as the program runs, on the library's
 * own thread, telling what happens.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "schema/base/env.h"
#include "tools/satchel/commands.h"
#include "tools/satchel/desk.h"
#include "tools/satchel/format.h"
#include "tools/satchel/json.h"
#include "tools/satchel/progress.h"
#include "tools/satchel/words.h"
#include "tools/web/report.h"

int sync_show_progress(void *context, const satchel_progress *now) {
    if (strcmp(now->phase, "files") == 0)
        progress_show_files(context, now);
    else
        progress_show_sync(context, now);
    return 0;
}

static void append_traffic(struct buffer *text, const satchel_sync_report *report) {
    buffer_printf(text, word("Sent %" PRId64 " transaction%s ("),
                  report->transactions_sent, report->transactions_sent == 1 ? "" : "s");
    format_size(text, report->bytes_sent);
    buffer_printf(text, "%s", word("), received "));
    format_count(text, report->rows_received);
    buffer_printf(text, word(" row%s ("), report->rows_received == 1 ? "" : "s");
    format_size(text, report->bytes_received);
    buffer_printf(text, word(") in %.1f s."), (double)report->duration_ms / 1000);
    if (report->rows_forgotten > 0)
        buffer_printf(text, word(" %" PRId64 " rows left this station's view."),
                      report->rows_forgotten);
    buffer_printf(text, "\n");
}

static void append_verdicts(struct buffer *text, const satchel_sync_report *report) {
    if (report->merged + report->conflicts + report->refused > 0)
        buffer_printf(text,
                      word("Headquarters merged %" PRId64 ", %" PRId64
                           " of them with a conflict; refused %" PRId64 ".\n"),
                      report->merged + report->conflicts, report->conflicts,
                      report->refused);
    if (report->conflicts + report->refused > 0)
        buffer_printf(text, "%s", word("See: satchel inbox\n"));
    if (report->files_sent > 0)
        buffer_printf(text, word("%" PRId64 " file%s sent.\n"), report->files_sent,
                      report->files_sent == 1 ? "" : "s");
    if (report->waiting > 0)
        buffer_printf(text, word("%" PRId64 " transactions still wait.\n"),
                      report->waiting);
    if (report->healed > 0)
        buffer_printf(text, "%s",
                      word("What was here differed from headquarters; everything came "
                           "once more, and it is equal again.\n"));
    else if (report->differences > 0)
        buffer_printf(
            text, "%s",
            word("What is here differs from headquarters; an administrator should "
                 "look: satchel verify --heal\n"));
}

static void print_report_json(const satchel_sync_report *report) {
    struct buffer json = buffer_make(4096);
    report_put(&json, report);
    puts(buffer_text(&json));
    buffer_free(&json);
}

static void print_report(const satchel_sync_report *report, bool json) {
    if (json) {
        print_report_json(report);
        return;
    }
    struct buffer text = buffer_make(4096);
    append_traffic(&text, report);
    append_verdicts(&text, report);
    fputs(buffer_text(&text), stdout);
    buffer_free(&text);
}

static int sync_once(const struct invocation *invocation, struct desk *desk,
                     satchel_error *error) {
    satchel_sync_report report;
    struct progress progress = progress_begin(
        invocation->json || arguments_option(invocation, "--quiet") != NULL);
    int rc = satchel_sync(desk->handle, sync_show_progress, &progress, &report, error);
    progress_end(&progress);
    if (rc == 0)
        print_report(&report, invocation->json);
    return rc;
}

struct watch {
    bool json;
    bool was_offline;
};

static void append_changed(struct buffer *text, const struct node *detail) {
    int64_t received = node_member_integer(detail, "received");
    int64_t forgotten = node_member_integer(detail, "forgotten");
    if (received > 0)
        buffer_printf(text, word("received %" PRId64 " row%s"), received,
                      received == 1 ? "" : "s");
    if (received > 0 && forgotten > 0)
        buffer_printf(text, ", ");
    if (forgotten > 0)
        buffer_printf(text, word("gave up %" PRId64 " row%s"), forgotten,
                      forgotten == 1 ? "" : "s");
}

/* What an event with a count means; NULL: another event. */
static const char *counted_event(const char *event) {
    static const char *const texts[][2] = {
        {"synced", "sent %" PRId64 " change%s"},
        {"refused", "headquarters refused %" PRId64 " change%s; see: satchel inbox"},
        {"files", "sent %" PRId64 " file%s"},
        {"difference", "what is here differs from headquarters: everything comes once "
                       "more (%" PRId64 " difference%s)"},
        {"healed", "equal to headquarters again (%" PRId64 " difference%s healed)"},
        {"conflict", "lost %" PRId64 " conflict%s; see: satchel inbox"},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (strcmp(event, texts[i][0]) == 0)
            return word(texts[i][1]);
    return NULL;
}

/* In plain words; nothing for what is not worth a line. */
static void append_event(struct buffer *text, struct watch *watch, const char *event,
                         const struct node *detail) {
    const char *format = counted_event(event);
    int64_t count = node_member_integer(detail, "count");
    if (strcmp(event, "synced") == 0)
        count = node_member_integer(detail, "sent");
    if (format != NULL && count > 0)
        buffer_printf(text, format, count, count == 1 ? "" : "s");
    else if (strcmp(event, "changed") == 0)
        append_changed(text, detail);
    else if (strcmp(event, "offline") == 0)
        buffer_printf(text, word("offline: %s"), node_member_text(detail, "message"));
    else if (strcmp(event, "online") == 0)
        buffer_printf(text, "%s", word(watch->was_offline ? "online again" : "online"));
    else if (format == NULL)
        buffer_printf(text, "%s", event);
    watch->was_offline = watch->was_offline || strcmp(event, "offline") == 0;
}

static void print_event_text(struct watch *watch, int64_t now, const char *event,
                             const char *detail) {
    struct buffer said = buffer_make(1024);
    struct buffer at = buffer_make(64);
    struct node *read = detail != NULL ? node_read(detail, NULL, 0) : NULL;
    append_event(&said, watch, event, read);
    format_time(&at, now);
    if (said.size > 0)
        printf("%s  %s\n", buffer_text(&at), buffer_text(&said));
    node_release(read);
    buffer_free(&at);
    buffer_free(&said);
}

/* Called from the sync thread; each event is one line, at once. */
static void print_event(void *context, const char *event, const char *detail) {
    struct watch *watch = context;
    const struct env *env = env_system();
    int64_t now = env->wall_ms(env->context);
    if (watch->json) {
        struct node *object = node_object();
        node_set_text(object, "event", event);
        node_set_integer(object, "at", now);
        struct node *read = detail != NULL ? node_read(detail, NULL, 0) : NULL;
        if (read != NULL)
            node_set(object, "detail", read);
        char *text = node_write(object);
        printf("%s\n", text != NULL ? text : "{}");
        node_free_text(text);
        node_release(object);
    } else
        print_event_text(watch, now, event, detail);
    (void)fflush(stdout);
}

/* Blocks SIGINT and SIGTERM before the library starts its thread, then waits for one of them. */
static int watch(const struct invocation *invocation, struct desk *desk,
                 satchel_error *error) {
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGINT);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGHUP);
    if (sigprocmask(SIG_BLOCK, &ends, NULL) != 0)
        return problem_set(error, "signal", NULL, "Signals cannot be blocked.");
    struct watch context = {.json = invocation->json};
    int rc = satchel_listen(desk->handle, print_event, &context, error);
    if (rc == 0)
        rc = satchel_auto_sync(desk->handle, 1, error);
    if (rc != 0)
        return rc;
    if (!invocation->json)
        fputs(word("Keeping in step with headquarters; Ctrl-C ends.\n"), stderr);
    int received;
    sigwait(&ends, &received);
    return satchel_auto_sync(desk->handle, 0, error);
}

static int run(const struct invocation *invocation) {
    satchel_error error;
    struct desk desk;
    int rc = desk_open_only(invocation, &desk, &error);
    if (rc == 0 && arguments_option(invocation, "--watch") != NULL)
        rc = watch(invocation, &desk, &error);
    else if (rc == 0)
        rc = sync_once(invocation, &desk, &error);
    desk_close(&desk);
    return rc == 0 ? EXIT_DONE : problem_print(&error, invocation->json);
}

const struct subcommand subcommand_sync = {
    .name = "sync",
    .words = "",
    .title = "send what waits, receive what is new",
    .title_zh = "同步",
    .options = {{"--watch", NULL, "stay, sync by itself, and tell what happens"},
                {"--quiet", NULL, "no progress"}},
    .run = run,
    .details =
        "May be cut anywhere and called again: nothing is lost, nothing is done twice.\n",
};
