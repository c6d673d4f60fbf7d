/*
 * `name=value` words as the JSON object that the library takes.
 */
#ifndef SATCHEL_TOOLS_VALUES_H
#define SATCHEL_TOOLS_VALUES_H

#include "tools/satchel/arguments.h"
#include "tools/satchel/json.h"

/* Reads words[first..] into a new object for the caller. `name=value` is a text, read as a person
 * writes it; `name:=JSON` is taken as JSON. Errors: usage.words, usage.value */
int values_read(const struct invocation *invocation, size_t first, struct node **ret,
                satchel_error *error);

#endif
