/*
 * `satchel status`, `satchel story`, `satchel verify`: how this station stands.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/satchel/commands.h"
#include "tools/satchel/desk.h"
#include "tools/satchel/format.h"
#include "tools/satchel/json.h"
#include "tools/satchel/progress.h"
#include "tools/satchel/table.h"
#include "tools/satchel/transaction_text.h"
#include "tools/satchel/words.h"

enum { LABEL_WIDTH = 14 };

static void print_label(const char *english) {
    const char *label = word(english);
    size_t width = table_width(label);
    printf("%s%*s ", label, width < LABEL_WIDTH ? (int)(LABEL_WIDTH - width) : 0, "");
}

static void print_text(const char *label, const char *text) {
    if (text[0] == '\0')
        return;
    print_label(label);
    puts(text);
}

static void print_count(const char *label, const struct node *status, const char *name) {
    struct buffer text = buffer_make(64);
    format_count(&text, node_member_integer(status, name));
    print_text(label, buffer_text(&text));
    buffer_free(&text);
}

static void print_people(const struct node *actors) {
    print_label("people");
    for (size_t i = 0; i < node_count(actors); i++)
        printf("%s%s", i > 0 ? ", " : "", node_member_text(node_at(actors, i), "name"));
    putchar('\n');
}

static void print_last_sync(const struct node *status) {
    struct buffer text = buffer_make(64);
    int64_t at = node_member_integer(status, "last_sync_at");
    if (at == 0)
        buffer_printf(&text, "%s", word("never"));
    else
        format_time(&text, at);
    print_text("last sync", buffer_text(&text));
    buffer_free(&text);
}

static void print_clock(const struct node *status) {
    int64_t offset = node_member_integer(status, "clock_offset_ms") / 1000;
    int64_t minutes = (int64_t)llabs(offset) / 60;
    if (minutes == 0)
        return;
    print_label("clock");
    if (offset > 0)
        printf(
            word("this clock is %" PRId64 " minutes behind headquarters'; corrected\n"),
            minutes);
    else
        printf(
            word("this clock is %" PRId64 " minutes ahead of headquarters'; corrected\n"),
            minutes);
}

static void print_status(const struct node *status) {
    print_text("company", node_member_text(status, "org_name"));
    print_label("station");
    printf(word("%s, %s (as %s)\n"), node_member_text(status, "device_code"),
           node_member_text(status, "device_name"), node_member_text(status, "ceiling"));
    print_people(node_member(status, "actors"));
    print_text("folder", node_member_text(status, "home"));
    print_text("server", node_member_text(status, "server"));
    print_last_sync(status);
    print_text("last error", node_member_text(status, "last_error"));
    if (node_kind(node_member(status, "fork")) == NODE_TRUE)
        print_text("fork", word("yes: a copy; headquarters takes no work from it"));
    print_count("rows", status, "rows");
    print_count("to be sent", status, "waiting");
    print_count("refused", status, "refused");
    print_count("need a look", status, "attention");
    if (node_member_text(status, "rebuilding")[0] != '\0')
        print_text("equality", word("everything comes once more"));
    else if (node_kind(node_member(status, "differs")) == NODE_TRUE)
        print_text("equality", word("what is here differs from headquarters"));
    print_clock(status);
}

static int run_status(const struct invocation *invocation) {
    satchel_error error;
    struct desk desk;
    char *text = NULL;
    int rc = desk_open_only(invocation, &desk, &error);
    if (rc == 0)
        rc = satchel_status(desk.handle, &text, &error);
    if (rc == 0 && invocation->json)
        puts(text);
    else if (rc == 0) {
        struct node *status = node_read(text, NULL, 0);
        print_status(status);
        node_release(status);
    }
    satchel_free(text);
    desk_close(&desk);
    return rc == 0 ? EXIT_DONE : problem_print(&error, invocation->json);
}

const struct subcommand subcommand_status = {
    .name = "status",
    .words = "",
    .title = "how this station stands",
    .title_zh = "状态",
    .run = run_status,
};

static int read_limit(const struct invocation *invocation, int64_t *ret,
                      satchel_error *error) {
    const char *text = arguments_option(invocation, "--limit");
    char *end = NULL;
    *ret = text == NULL ? 20 : strtoll(text, &end, 10);
    if (text != NULL && (end == text || *end != '\0' || *ret < 1 || *ret > 100000))
        return problem_set(error, "usage.value", "--limit",
                           "--limit is a number from 1 to 100000, not \"%s\".", text);
    return 0;
}

static int run_story(const struct invocation *invocation) {
    satchel_error error;
    int64_t limit;
    if (read_limit(invocation, &limit, &error) != 0) {
        problem_print(&error, invocation->json);
        return EXIT_USAGE;
    }
    struct desk desk;
    char *text = NULL;
    int rc = desk_open(invocation, &desk, &error);
    if (rc == 0)
        rc = satchel_story(desk.session, limit, &text, &error);
    if (rc == 0 && invocation->json)
        puts(text);
    else if (rc == 0) {
        struct node *rows = node_read(text, NULL, 0);
        for (size_t i = 0; i < node_count(rows); i++)
            transaction_print(node_at(rows, i), "");
        if (node_count(rows) == 0)
            puts(word("Nothing was done on this station lately."));
        node_release(rows);
    }
    satchel_free(text);
    desk_close(&desk);
    return rc == 0 ? EXIT_DONE : problem_print(&error, invocation->json);
}

const struct subcommand subcommand_story = {
    .name = "story",
    .words = "",
    .title = "what became of this station's recent work",
    .title_zh = "最近操作的经过",
    .options = {{"--limit", "N", "how many transactions, newest first (default 20)"}},
    .run = run_story,
};

/* Everything comes once more; whatever was wrong is replaced. */
static int heal(const struct invocation *invocation, struct desk *desk,
                satchel_error *error) {
    satchel_sync_report report;
    struct progress progress = progress_begin(invocation->json);
    int rc = satchel_rebuild(desk->handle, error);
    if (rc == 0)
        rc = satchel_sync(desk->handle, sync_show_progress, &progress, &report, error);
    progress_end(&progress);
    return rc;
}

static int run_verify(const struct invocation *invocation) {
    satchel_error error;
    struct desk desk;
    int rc = desk_open_only(invocation, &desk, &error);
    if (rc == 0 && arguments_option(invocation, "--heal") != NULL)
        rc = heal(invocation, &desk, &error);
    if (rc == 0)
        rc = satchel_verify(desk.handle, &error);
    desk_close(&desk);
    if (rc != 0)
        return problem_print(&error, invocation->json);
    puts(invocation->json ? "{\"equal\":true}"
                          : word("What this station holds adds up."));
    return EXIT_DONE;
}

const struct subcommand subcommand_verify = {
    .name = "verify",
    .words = "",
    .title = "recompute and compare what this station holds",
    .title_zh = "校验本站数据",
    .options = {{"--heal", NULL, "first get everything once more from headquarters"}},
    .run = run_verify,
};
