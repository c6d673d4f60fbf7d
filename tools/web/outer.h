/*
 * The error object of libsatchel, for programs that use both it and the layers below: one layout.
 */
#ifndef SATCHEL_TOOLS_WEB_OUTER_H
#define SATCHEL_TOOLS_WEB_OUTER_H

#include <satchel.h>

#include "schema/base/error.h"

static inline satchel_error *outer(struct error *error) {
    return (satchel_error *)(void *)error;
}

#endif
