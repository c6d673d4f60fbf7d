/*
 * Marks: which records have work that headquarters does not have yet, unsettled conflicts, refused work.
 */
#ifndef SATCHEL_CLIENT_MARKS_H
#define SATCHEL_CLIENT_MARKS_H

#include "client-core/visible.h"

/* On a station that several people share: whose marks. */
struct marks_for {
    const struct id
        *user; /* refused work and work that no longer applies only of his; NULL: all */
    struct visible *visible; /* only rows that he sees; NULL: all */
};

/* Appends {"pending":{ID:n},"conflict":{ID:n},"refused":{ID:n},"attention":{ID:n},"more":bool}. */
int marks_put(struct replica *reader, const struct marks_for *whose,
              struct buffer *ret_json, struct error *error);

#endif
