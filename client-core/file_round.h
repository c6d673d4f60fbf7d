/*
 * Files in a sync: after the business, piece by piece, and business comes before the next piece.
 */
#ifndef SATCHEL_CLIENT_FILE_ROUND_H
#define SATCHEL_CLIENT_FILE_ROUND_H

#include "client-core/file_link.h"

/* What a run of pieces asks and tells. */
struct file_round {
    struct file_link *link;
    struct replica *replica;
    /* Whether work was done that goes before the next piece. */
    int (*business)(void *context, bool *ret, struct error *error);
    int (*tell)(void *context, const struct file_counts *left, int64_t seconds_left,
                struct error *error);
    void *context;
    int64_t files_sent; /* brought to their end */
};

/* Sends pieces until nothing is left, or until business waits or FILE_ROUND_MS are over: *ret_more then. What headquarters does not
 * take (file.*) is noted and left alone for a while; anything else that fails ends the sync. */
int file_round_run(struct file_round *round, bool *ret_more, struct error *error);

#endif
