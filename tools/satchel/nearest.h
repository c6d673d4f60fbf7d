/*
 * "Did you mean …?": the distance between two words, and the nearest of a list.
 */
#ifndef SATCHEL_TOOLS_NEAREST_H
#define SATCHEL_TOOLS_NEAREST_H

#include <stddef.h>

/* Levenshtein's distance with neighbouring letters swapped counting one (optimal string
 * alignment), in bytes, case ignored. Words over 63 bytes are as far apart as they are long. */
size_t nearest_distance(const char *a, const char *b);

/* The candidate nearest to `word`, at most `limit` away; NULL when none is or two are equally near. */
const char *nearest_of(const char *word, const char *const *candidates, size_t count,
                       size_t limit);

#endif
