/*
 * Sets of scopes and their differences.
 */
#include "sync/scope.h"

#include <stdlib.h>
#include <string.h>

#include "schema/base/hash.h"
#include "schema/base/limits.h"

enum { SCOPES_FIRST = 16 };

int scope_compare(struct scope a, struct scope b) {
    if (a.kind != b.kind)
        return a.kind < b.kind ? -1 : 1;
    return id_compare(a.id, b.id);
}

int scope_kind_of_text(struct bytes text) {
    static const char *const names[] = {
        [SCOPE_ORG] = "org",       [SCOPE_HQ] = "hq",     [SCOPE_USER] = "user",
        [SCOPE_BRANCH] = "branch", [SCOPE_POOL] = "pool",
    };
    for (int kind = SCOPE_ORG; kind <= SCOPE_POOL; kind++)
        if (bytes_equal(text, bytes_of_text(names[kind])))
            return kind;
    return 0;
}

/* The place of the first scope that is not before `scope`. */
static size_t place_of(const struct scope_set *set, struct scope scope) {
    size_t low = 0;
    size_t high = set->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (scope_compare(set->scopes[middle], scope) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_at(const struct scope_set *set, size_t place, struct scope scope) {
    return place < set->count && scope_compare(set->scopes[place], scope) == 0;
}

static int make_room(struct scope_set *set) {
    if (set->count < set->capacity)
        return 0;
    size_t capacity = set->capacity ? set->capacity * 2 : SCOPES_FIRST;
    struct scope *scopes = realloc(set->scopes, capacity * sizeof *scopes);
    if (!scopes)
        return -1;
    set->scopes = scopes;
    set->capacity = capacity;
    return 0;
}

int scope_set_add(struct scope_set *set, struct scope scope) {
    size_t place = place_of(set, scope);
    if (is_at(set, place, scope))
        return 0;
    if (set->count == LIMIT_SUBSCRIPTIONS || make_room(set) != 0)
        return -1;
    memmove(&set->scopes[place + 1], &set->scopes[place],
            (set->count - place) * sizeof *set->scopes);
    set->scopes[place] = scope;
    set->count++;
    return 0;
}

bool scope_set_has(const struct scope_set *set, struct scope scope) {
    return is_at(set, place_of(set, scope), scope);
}

bool scope_sets_meet(const struct scope_set *a, const struct scope_set *b) {
    const struct scope_set *few = a->count < b->count ? a : b;
    const struct scope_set *many = few == a ? b : a;
    for (size_t i = 0; i < few->count; i++)
        if (scope_set_has(many, few->scopes[i]))
            return true;
    return false;
}

void scope_set_clear(struct scope_set *set) {
    set->count = 0;
}

void scope_set_free(struct scope_set *set) {
    free(set->scopes);
    *set = (struct scope_set){.scopes = NULL};
}

void scope_set_hash(const struct scope_set *set, uint8_t ret[32]) {
    struct hash hash;
    hash_begin(&hash);
    for (size_t i = 0; i < set->count; i++) {
        uint8_t kind = (uint8_t)set->scopes[i].kind;
        hash_add(&hash, (struct bytes){&kind, 1});
        hash_add(&hash, (struct bytes){set->scopes[i].id.bytes, ID_SIZE});
    }
    hash_end(&hash, ret);
}

/* What `from` has and `to` has not. */
static int difference(const struct scope_set *from, const struct scope_set *to,
                      struct scope_set *ret) {
    scope_set_clear(ret);
    for (size_t i = 0; i < from->count; i++)
        if (!scope_set_has(to, from->scopes[i]) &&
            scope_set_add(ret, from->scopes[i]) != 0)
            return -1;
    return 0;
}

int scope_set_difference(const struct scope_set *from, const struct scope_set *to,
                         struct scope_set *ret_lost, struct scope_set *ret_gained) {
    return difference(from, to, ret_lost) != 0 || difference(to, from, ret_gained) != 0
               ? -1
               : 0;
}
