/*
 * What a command's SQL ran into, in words of the domain: which column does not accept its value,
 * instead of what SQLite says about it.
 */
#ifndef SATCHEL_CLIENT_CONSTRAINT_H
#define SATCHEL_CLIENT_CONSTRAINT_H

#include "client-core/command_cache.h"

/* Fills `error` from the last failure of the replica's connection and returns -1. Codes: value.invalid (a CHECK),
 * value.missing (NOT NULL), row.exists (a key that is taken); else as error_from_sqlite. */
int constraint_refuse(struct replica *replica, const struct prepared_command *command,
                      struct error *error);

#endif
