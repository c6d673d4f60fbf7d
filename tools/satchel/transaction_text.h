/*
 * A transaction of this station for people: when, what became of it, what it changed.
 */
#ifndef SATCHEL_TOOLS_TRANSACTION_TEXT_H
#define SATCHEL_TOOLS_TRANSACTION_TEXT_H

#include "tools/satchel/json.h"

/* `entry` is an element of satchel_story, or of an inbox's refusals and attention. Prints lines that
 * begin with `margin`. */
void transaction_print(const struct node *entry, const char *margin);

#endif
