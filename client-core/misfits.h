/*
 * Rows of headquarters that this replica cannot take, with why: kept aside so that what is behind them goes on, and
 * tried again whenever rows came, since what was in their way may have gone.
 */
#ifndef SATCHEL_CLIENT_MISFITS_H
#define SATCHEL_CLIENT_MISFITS_H

#include "client-core/row_access.h"

int misfit_keep(struct replica *replica, const struct table *table, struct bytes key,
                const struct stored_row *row, const char *why, struct error *error);
int misfit_drop(struct replica *replica, const struct table *table, struct bytes key,
                struct error *error);
/* *ret_count: how many fit now. */
int misfits_try(struct replica *replica, int64_t *ret_count, struct error *error);

#endif
