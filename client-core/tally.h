/*
 * The tally of what headquarters gave: a sum over the rows held, each counted once for every scope of this station that
 * it is in, as headquarters counts. Kept up row by row, so that each sync can compare.
 *
 * A row that this replica could not take (station_misfit) is held, too: headquarters need not send it again.
 */
#ifndef SATCHEL_CLIENT_TALLY_H
#define SATCHEL_CLIENT_TALLY_H

#include "client-core/row_access.h"

/* A row as it is counted. */
struct tally_row {
    int64_t gsn; /* its version; 0 or less: it is not held */
    uint32_t places;
    bool misfit;
};

struct tally {
    struct replica *replica;
    int64_t digest;
    int64_t rows;    /* in as many places */
    bool any_places; /* some row is in more than one */
    bool any_misfits;
};

/* Goes on from a digest and its number of rows. */
int tally_begin(struct tally *tally, struct replica *replica, int64_t digest,
                int64_t rows, struct error *error);

/* How a row is counted; `gsn`: of what the table holds of it, -1 when that is nothing. */
int tally_find(struct tally *tally, const struct table *table, struct bytes key,
               int64_t gsn, struct tally_row *ret, struct error *error);
/* Counts it otherwise from now on. Its place among the misfits is the caller's to take. */
int tally_move(struct tally *tally, const struct table *table, struct bytes key,
               const struct tally_row *former, const struct tally_row *now,
               struct error *error);

/* Everything, counted anew. */
int tally_compute(struct replica *replica, int64_t *ret_digest, int64_t *ret_rows,
                  struct error *error);
/* How many rows are in further places, each as often as it is: the tally's rows without it are rows of tables. */
int tally_repeats(struct replica *replica, int64_t *ret, struct error *error);

#endif
