/*
 * `satchel bundle export FILE` and `satchel bundle import FILE`: a sync round by files, where there is no network.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "schema/base/limits.h"
#include "tools/files/files.h"
#include "tools/satchel/commands.h"
#include "tools/satchel/desk.h"
#include "tools/satchel/format.h"
#include "tools/satchel/progress.h"
#include "tools/satchel/words.h"
#include "tools/web/report.h"

/* The two libraries' error objects have one layout, this way round too. */
static struct error *inner(satchel_error *error) {
    return (struct error *)(void *)error;
}

/* --- export ------------------------------------------------------------------------------- */

static void print_exported(const satchel_parcel_report *report, const char *file) {
    struct buffer text = buffer_make(4096);
    buffer_printf(&text, word("%s holds %" PRId64 " transaction%s ("), file,
                  report->transactions, report->transactions == 1 ? "" : "s");
    format_size(&text, report->bytes);
    buffer_printf(
        &text, "%s",
        word("), encrypted for headquarters.\nThere: satcheld bundle import FILE "
             "--answer FILE2; then here: satchel bundle import FILE2\n"));
    fputs(buffer_text(&text), stdout);
    buffer_free(&text);
}

static int export(const char *file, const struct desk *desk, satchel_parcel_report *ret,
                  satchel_error *error) {
    void *data = NULL;
    size_t size = 0;
    if (file_is_free(file, inner(error)) != 0 ||
        satchel_bundle_export(desk->handle, &data, &size, ret, error) != 0)
        return -1;
    int failed = file_write(file, (struct bytes){data, size}, inner(error));
    satchel_free(data);
    return failed;
}

static int run_export(const struct invocation *invocation, const char *file,
                      const struct desk *desk, satchel_error *error) {
    satchel_parcel_report report;
    if (export(file, desk, &report, error) != 0)
        return -1;
    if (invocation->json)
        printf("{\"bundles\":%" PRId64 ",\"transactions\":%" PRId64 ",\"bytes\":%" PRId64
               "}\n",
               report.bundles, report.transactions, report.bytes);
    else
        print_exported(&report, file);
    return 0;
}

/* --- import ------------------------------------------------------------------------------- */

static int show_progress(void *context, const satchel_progress *now) {
    progress_show(context, now->phase, now->rows, now->rows_left, -1);
    return 0;
}

static void print_imported(const satchel_sync_report *report) {
    int64_t verdicts = report->merged + report->conflicts + report->refused;
    if (verdicts + report->rows_received + report->rows_forgotten == 0) {
        puts(word(
            "Nothing new: this answer was taken in before, or the station has synced "
            "since."));
        return;
    }
    if (verdicts > 0)
        printf(word("Headquarters merged %" PRId64 ", %" PRId64
                    " of them with a conflict; refused %" PRId64 ".\n"),
               report->merged + report->conflicts, report->conflicts, report->refused);
    if (report->conflicts + report->refused > 0)
        fputs(word("See: satchel inbox\n"), stdout);
    printf(word("Received %" PRId64 " row%s.\n"), report->rows_received,
           report->rows_received == 1 ? "" : "s");
    if (report->waiting > 0)
        printf(word("%" PRId64 " transactions still wait.\n"), report->waiting);
}

static int run_import(const struct invocation *invocation, const char *file,
                      const struct desk *desk, satchel_error *error) {
    satchel_sync_report report;
    struct progress progress = progress_begin(invocation->json);
    struct buffer data = buffer_make(LIMIT_PARCEL);
    struct buffer json = buffer_make(4096);
    int failed = file_read(file, &data, inner(error));
    const satchel_parcel parcel = {data.data, data.size};
    if (!failed)
        failed = satchel_bundle_import(desk->handle, &parcel, show_progress, &progress,
                                       &report, error);
    progress_end(&progress);
    if (!failed && invocation->json) {
        report_put(&json, &report);
        puts(buffer_text(&json));
    } else if (!failed)
        print_imported(&report);
    buffer_free(&data);
    buffer_free(&json);
    return failed;
}

/* --- choosing ----------------------------------------------------------------------------- */

static int run(const struct invocation *invocation) {
    satchel_error error;
    struct desk desk;
    const char *way = invocation->word_count == 2 ? invocation->words[0] : "";
    bool exports = strcmp(way, "export") == 0;
    if (!exports && strcmp(way, "import") != 0) {
        problem_set(
            &error, "usage.words", "FILE",
            "Say which way and which file: satchel bundle export FILE, or satchel "
            "bundle import FILE.");
        problem_print(&error, invocation->json);
        return EXIT_USAGE;
    }
    int rc = desk_open_only(invocation, &desk, &error);
    if (rc == 0)
        rc = (exports ? run_export : run_import)(invocation, invocation->words[1], &desk,
                                                 &error);
    desk_close(&desk);
    return rc == 0 ? EXIT_DONE : problem_print(&error, invocation->json);
}

const struct subcommand subcommand_bundle = {
    .name = "bundle",
    .words = "export|import FILE",
    .title = "sync by files, where there is no network",
    .title_zh = "没有网络时用文件同步",
    .run = run,
    .details =
        "  satchel bundle export monday.satchel                        here\n"
        "  satcheld bundle import monday.satchel --answer back.satchel   at headquarters\n"
        "  satchel bundle import back.satchel                          here\n"
        "\n"
        "Each file is encrypted to who is to read it, and may go on any stick or through any\n"
        "mail. Work counts as sent only once its answer is here; exported again, or synced\n"
        "over a network meanwhile, nothing is done twice.\n",
};
