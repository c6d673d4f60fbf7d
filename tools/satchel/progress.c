/*
 * The time left follows from the rate so far: rows left × time passed / rows done.
 */
#include "tools/satchel/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "schema/base/env.h"
#include "tools/satchel/format.h"

enum { TERMINAL_EVERY_MS = 100, LINE_EVERY_MS = 2000, BAR = 24, LIMIT_LINE = 512 };

static int64_t now_ms(void) {
    const struct env *env = env_system();
    return env->boot_ms(env->context);
}

struct progress progress_begin(bool quiet) {
    int64_t now = now_ms();
    return (struct progress){.quiet = quiet,
                             .terminal = isatty(STDERR_FILENO) == 1,
                             .started_ms = now,
                             .shown_ms = now};
}

int64_t progress_elapsed_ms(const struct progress *progress) {
    return now_ms() - progress->started_ms;
}

static void append_bar(struct buffer *line, int64_t done, int64_t left) {
    int filled = left > 0 ? (int)(done * BAR / (done + left)) : BAR;
    buffer_printf(line, "[");
    for (int i = 0; i < BAR; i++)
        buffer_append_byte(line, i < filled ? '#' : '.');
    buffer_printf(line, "] ");
}

static void append_figures(struct buffer *line, const char *phase, int64_t done,
                           int64_t left, int64_t bytes, int64_t elapsed_ms) {
    buffer_printf(line, "%s: ", phase);
    format_count(line, done);
    if (left > 0) {
        buffer_printf(line, " of ");
        format_count(line, done + left);
    }
    buffer_printf(line, " rows");
    if (bytes >= 0) {
        buffer_printf(line, ", ");
        format_size(line, bytes);
    }
    if (left > 0 && done > 0)
        buffer_printf(line, ", %" PRId64 " s left",
                      (elapsed_ms * left / done + 999) / 1000);
}

/* Whether it is time to show something again. */
static bool is_time(struct progress *progress) {
    int64_t now = now_ms();
    int64_t every = progress->terminal ? TERMINAL_EVERY_MS : LINE_EVERY_MS;
    if (progress->quiet || now - progress->shown_ms < every)
        return false;
    progress->shown_ms = now;
    return true;
}

static void put_line(struct progress *progress, struct buffer *line) {
    if (progress->terminal)
        fprintf(stderr, "\r\033[K%s", buffer_text(line));
    else
        fprintf(stderr, "%s\n", buffer_text(line));
    progress->open = progress->terminal;
    (void)fflush(stderr);
}

void progress_show_files(struct progress *progress, const satchel_progress *now) {
    if (!is_time(progress))
        return;
    struct buffer line = buffer_make(LIMIT_LINE);
    buffer_printf(&line, "files: ");
    format_count(&line, now->files_waiting);
    buffer_printf(&line, ", ");
    format_size(&line, now->file_bytes_left);
    buffer_printf(&line, " left");
    if (now->seconds_left >= 0)
        buffer_printf(&line, ", %" PRId64 " s left", now->seconds_left);
    put_line(progress, &line);
    buffer_free(&line);
}

/* By the speed of the line where that is known, which tells of what is sent, too; else by the rows so far. */
void progress_show_sync(struct progress *progress, const satchel_progress *now) {
    if (now->seconds_left < 0 || now->bytes_to_send == 0) {
        progress_show(progress, now->phase, now->rows, now->rows_left, now->bytes);
        return;
    }
    if (!is_time(progress))
        return;
    struct buffer line = buffer_make(LIMIT_LINE);
    buffer_printf(&line, "%s: ", now->phase);
    format_size(&line, now->bytes_to_send);
    buffer_printf(&line, " to send");
    if (now->bytes_to_receive > 0) {
        buffer_printf(&line, ", ");
        format_size(&line, now->bytes_to_receive);
        buffer_printf(&line, " to receive");
    }
    buffer_printf(&line, ", %" PRId64 " s left", now->seconds_left);
    put_line(progress, &line);
    buffer_free(&line);
}

void progress_show(struct progress *progress, const char *phase, int64_t done,
                   int64_t left, int64_t bytes) {
    if (!is_time(progress))
        return;
    struct buffer line = buffer_make(LIMIT_LINE);
    if (progress->terminal)
        append_bar(&line, done, left);
    append_figures(&line, phase, done, left, bytes,
                   progress->shown_ms - progress->started_ms);
    put_line(progress, &line);
    buffer_free(&line);
}

void progress_end(struct progress *progress) {
    if (progress->open)
        fprintf(stderr, "\r\033[K");
    progress->open = false;
}
