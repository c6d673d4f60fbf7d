/*
 * What a station should have and does not: rows of its scopes that are newer than its cursor, rows
 * to forget, in gsn order, a chunk at a time.
 */
#ifndef SATCHEL_SERVER_PULL_H
#define SATCHEL_SERVER_PULL_H

#include "server/reader.h"
#include "server/station.h"
#include "sync/rows.h"

/* The scopes of everybody who may act on the station, under its ceiling. */
int pull_scopes(struct reader *reader, const struct station *station,
                struct scope_set *ret, struct error *error);

/* Fills the pull's part of the response: gained, lost, rows, more, next, head. `rows_bytes` holds the encoded
 * rows that response->rows views. */
int pull_fill(struct reader *reader, const struct station *station,
              const struct sync_request *request, struct arena *arena,
              struct buffer *rows_bytes, struct sync_response *response,
              struct error *error);

#endif
