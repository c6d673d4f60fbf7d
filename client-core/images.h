/*
 * Server images: rows with pending work, as headquarters last sent them, so that a pull can put
 * them back before it applies what is new.
 *
 * An image is a list of values (wire_put_values): number and value of every column that is no
 * key, then created_at, created_by, updated_at, updated_by, gsn.
 */
#ifndef SATCHEL_CLIENT_IMAGES_H
#define SATCHEL_CLIENT_IMAGES_H

#include "client-core/row_access.h"

void image_encode(const struct stored_row *row, struct buffer *ret);
/* Columns that the table does not know are left out. Text and blobs borrow from `data`. */
int image_decode(const struct table *table, struct bytes data, struct arena *arena,
                 struct stored_row *ret, struct error *error);

/* Keeps the row's image unless there is one already. `scratch` is used and reset. */
int image_keep(struct replica *replica, const struct table *table, struct bytes key,
               const struct stored_row *row, struct buffer *scratch, struct error *error);

/* Puts every imaged row back and drops the images. */
int images_restore(struct replica *replica, struct error *error);

#endif
