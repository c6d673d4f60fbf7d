/*
 * Names that nobody has, tried at a console: they wait as long as a person's would, so that a wait does not tell who
 * works here.
 */
#ifndef SATCHEL_TOOLS_WEB_STRANGERS_H
#define SATCHEL_TOOLS_WEB_STRANGERS_H

#include "schema/base/env.h"
#include "schema/base/error.h"

enum {
    STRANGERS_KEPT = 4096
}; /* names; then of those least tried the oldest is forgotten */

struct strangers;

int strangers_make(const struct env *env, struct strangers **ret, struct error *error);
void strangers_free(struct strangers *strangers); /* NULL is fine */

/* Notes a try. 0: it may be answered as a wrong secret; else sign_in.wait. */
int strangers_try(struct strangers *strangers, const char *name, struct error *error);

#endif
