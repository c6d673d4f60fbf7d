/*
 * How far a long piece of work is: a bar that redraws itself on a terminal, a few plain lines
 * anywhere else. Goes to stderr, so that stdout holds only results.
 */
#ifndef SATCHEL_TOOLS_PROGRESS_H
#define SATCHEL_TOOLS_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include <satchel.h>

struct progress {
    bool quiet;
    bool terminal;
    int64_t started_ms;
    int64_t shown_ms; /* when the last line was shown */
    bool open;        /* a bar stands on the line */
};

struct progress progress_begin(bool quiet);
/* `left` 0: unknown. `bytes` < 0: not shown. Called as often as one likes. */
void progress_show(struct progress *progress, const char *phase, int64_t done,
                   int64_t left, int64_t bytes);
/* The same for files that are sent. */
void progress_show_files(struct progress *progress, const satchel_progress *now);
void progress_show_sync(struct progress *progress, const satchel_progress *now);
void progress_end(struct progress *progress); /* clears the bar */
int64_t progress_elapsed_ms(const struct progress *progress);

#endif
