/*
 * Marks: which records have work that headquarters does not have yet, unsettled conflicts, refused work.
 */
#ifndef SATCHEL_CLIENT_MARKS_H
#define SATCHEL_CLIENT_MARKS_H

#include "client-core/replica.h"

/* Appends {"pending":{ID:n},"conflict":{ID:n},"refused":{ID:n},"attention":{ID:n},"more":bool}. */
int marks_put(struct replica *reader, struct buffer *ret_json, struct error *error);

#endif
