/*
 * Open addressing over FNV-1a of the folded name. Folding is ASCII's; other scripts compare as
 * they are.
 */
#include "tools/satchel/name_map.h"

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tools/satchel/nearest.h"

struct name_map name_map_make(bool exact) {
    return (struct name_map){.exact = exact};
}

static const char *skip_blanks(const char *text) {
    while (*text == ' ' || *text == '\t')
        text++;
    return text;
}

bool name_map_same(const char *a, const char *b) {
    for (;;) {
        a = skip_blanks(a);
        b = skip_blanks(b);
        if (tolower((unsigned char)*a) != tolower((unsigned char)*b))
            return false;
        if (*a == '\0')
            return true;
        a++;
        b++;
    }
}

static uint64_t hash_of(const struct name_map *map, const char *name) {
    uint64_t hash = 0xcbf29ce484222325U;
    for (; *name != '\0'; name++) {
        if (!map->exact && (*name == ' ' || *name == '\t'))
            continue;
        int c = map->exact ? (unsigned char)*name : tolower((unsigned char)*name);
        hash = (hash ^ (uint64_t)c) * 0x100000001b3U;
    }
    return hash;
}

/* The place of the name, or the free one where it would go. */
static struct name_map_entry *place_of(const struct name_map *map, const char *name) {
    size_t i = (size_t)hash_of(map, name) & (map->capacity - 1);
    while (map->entries[i].name != NULL) {
        const char *there = map->entries[i].name;
        if (map->exact ? strcmp(there, name) == 0 : name_map_same(there, name))
            break;
        i = (i + 1) & (map->capacity - 1);
    }
    return &map->entries[i];
}

static bool grow(struct name_map *map) {
    struct name_map larger = *map;
    larger.capacity = map->capacity == 0 ? 64 : map->capacity * 2;
    larger.entries = calloc(larger.capacity, sizeof *larger.entries);
    if (larger.entries == NULL)
        return false;
    for (size_t i = 0; i < map->capacity; i++)
        if (map->entries[i].name != NULL)
            *place_of(&larger, map->entries[i].name) = map->entries[i];
    free(map->entries);
    map->entries = larger.entries;
    map->capacity = larger.capacity;
    return true;
}

bool name_map_add(struct name_map *map, const char *name, const void *value) {
    if (map->count * 2 >= map->capacity && !grow(map))
        return false;
    struct name_map_entry *place = place_of(map, name);
    if (place->name == NULL) {
        *place = (struct name_map_entry){.name = name, .value = value};
        map->count++;
    }
    return true;
}

const struct name_map_entry *name_map_find(const struct name_map *map, const char *name) {
    if (map->capacity == 0)
        return NULL;
    const struct name_map_entry *place = place_of(map, name);
    return place->name != NULL ? place : NULL;
}

const char *name_map_nearest(const struct name_map *map, const char *name, size_t limit) {
    const char *best = NULL;
    size_t quarter = strlen(name) / 4;
    size_t best_distance = (quarter < limit ? quarter : limit) + 1;
    for (size_t i = 0; i < map->capacity; i++) {
        if (map->entries[i].name == NULL)
            continue;
        size_t distance = nearest_distance(name, map->entries[i].name);
        if (distance < best_distance) {
            best = map->entries[i].name;
            best_distance = distance;
        } else if (distance == best_distance) {
            best = NULL; /* so far, two are equally near */
        }
    }
    return best;
}

void name_map_free(struct name_map *map) {
    free(map->entries);
    *map = (struct name_map){.exact = map->exact};
}
