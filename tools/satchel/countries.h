/*
 * The world's countries by their usual English names, to mend misspelt ones.
 */
#ifndef SATCHEL_TOOLS_COUNTRIES_H
#define SATCHEL_TOOLS_COUNTRIES_H

#include <stddef.h>

extern const char *const countries[];
extern const size_t country_count;

#endif
