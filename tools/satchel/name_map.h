/*
 * A map from names to values, for finding what a file's text means. Names that differ only in blanks
 * and case are the same name ("GTXPro" is "GTX Pro"), unless the map is made exact.
 */
#ifndef SATCHEL_TOOLS_NAME_MAP_H
#define SATCHEL_TOOLS_NAME_MAP_H

#include <stdbool.h>
#include <stddef.h>

struct name_map_entry {
    const char *name; /* NULL: free */
    const void *value;
};

struct name_map {
    bool exact;
    size_t count;
    size_t capacity; /* a power of two */
    struct name_map_entry *entries;
};

struct name_map name_map_make(bool exact);
/* Keeps the pointers. A name that is there already stays as it was. false: no memory. */
bool name_map_add(struct name_map *map, const char *name, const void *value);
/* The entry of the name, NULL when there is none. Valid until the next add. */
const struct name_map_entry *name_map_find(const struct name_map *map, const char *name);
/* The name nearest to a misspelt one: at most `limit` letters and a quarter of its length away. NULL when
 * none is, or two are equally near. */
const char *name_map_nearest(const struct name_map *map, const char *name, size_t limit);
void name_map_free(struct name_map *map);

/* As the map compares names: without blanks and case. */
bool name_map_same(const char *a, const char *b);

#endif
