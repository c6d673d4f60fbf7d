/*
 * Optimal string alignment over three rows of the usual matrix.
 */
#include "tools/satchel/nearest.h"

#include <ctype.h>
#include <string.h>

enum { LONGEST = 63 };

static int folded(char c) {
    return tolower((unsigned char)c);
}

static size_t smallest(size_t a, size_t b, size_t c) {
    size_t least = a < b ? a : b;
    return least < c ? least : c;
}

size_t nearest_distance(const char *a, const char *b) {
    size_t m = strlen(a), n = strlen(b);
    if (m > LONGEST || n > LONGEST)
        return strcmp(a, b) == 0 ? 0 : (m > n ? m : n);
    size_t rows[3][LONGEST + 1];
    size_t *before = rows[0], *previous = rows[1], *current = rows[2];
    for (size_t j = 0; j <= n; j++)
        previous[j] = j;
    for (size_t i = 1; i <= m; i++) {
        current[0] = i;
        for (size_t j = 1; j <= n; j++) {
            size_t cost = folded(a[i - 1]) != folded(b[j - 1]);
            current[j] =
                smallest(previous[j] + 1, current[j - 1] + 1, previous[j - 1] + cost);
            if (i > 1 && j > 1 && folded(a[i - 1]) == folded(b[j - 2]) &&
                folded(a[i - 2]) == folded(b[j - 1]) && before[j - 2] + 1 < current[j])
                current[j] = before[j - 2] + 1;
        }
        size_t *spare = before;
        before = previous;
        previous = current;
        current = spare;
    }
    return previous[n];
}

const char *nearest_of(const char *word, const char *const *candidates, size_t count,
                       size_t limit) {
    const char *best = NULL;
    size_t best_distance = limit + 1;
    for (size_t i = 0; i < count; i++) {
        size_t distance = nearest_distance(word, candidates[i]);
        if (distance < best_distance) {
            best = candidates[i];
            best_distance = distance;
        } else if (distance == best_distance && best != NULL &&
                   strcmp(best, candidates[i]) != 0) {
            best = NULL;
        }
    }
    return best_distance <= limit ? best : NULL;
}
