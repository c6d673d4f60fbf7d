/*
 * "No such command; did you mean …": the nearest names.
 */
#ifndef SATCHEL_CLIENT_SUGGEST_H
#define SATCHEL_CLIENT_SUGGEST_H

#include "schema/catalogue.h"

/* Fails with `code`, naming up to three operations that are spelled most like `name`. `what`: "command". */
int suggest_unknown(const char *code, const char *what, const char *name,
                    const struct operation *operations, size_t count,
                    struct error *error);

#endif
