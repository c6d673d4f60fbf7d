/*
 * The configuration file of `satcheld`: lines of `key = value`, where `#` begins a comment line. Strict, so
 * that a misspelt line is no silent default: what is not understood is an error that names the line.
 */
#ifndef SATCHEL_TOOLS_SATCHELD_CONFIG_H
#define SATCHEL_TOOLS_SATCHELD_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "schema/base/bytes.h"
#include "schema/base/error.h"

/* What a file may say: a text, or yes and no. One of the two is NULL. */
struct config_key {
    const char *name;
    const char **text;
    bool *flag;
};

/* Reads the file into the places that `keys` name; those which it does not mention are untouched. The texts
 * live in `ret_storage`, which the caller frees when they are no longer needed.
 * config.read, config.size, config.text, config.line, config.key, config.twice, config.value */
int config_read(const char *path, const struct config_key *keys, size_t count,
                struct buffer *ret_storage, struct error *error);

#endif
