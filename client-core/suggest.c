/*
 * The nearest names, by Levenshtein's distance (1965).
 */
#include "client-core/suggest.h"

#include <string.h>

enum { SUGGESTIONS = 3, NAME_COMPARED = LIMIT_NAME };

static size_t least(size_t a, size_t b) {
    return a < b ? a : b;
}

static size_t distance(const char *a, const char *b) {
    size_t row[NAME_COMPARED + 1];
    size_t a_size = least(strlen(a), NAME_COMPARED);
    size_t b_size = least(strlen(b), NAME_COMPARED);
    for (size_t j = 0; j <= b_size; j++)
        row[j] = j;
    for (size_t i = 1; i <= a_size; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b_size; j++) {
            size_t above = row[j];
            size_t change = diagonal + (a[i - 1] != b[j - 1]);
            row[j] = least(change, least(above, row[j - 1]) + 1);
            diagonal = above;
        }
    }
    return row[b_size];
}

/* How unlike: a name that holds the other is near however long it is. */
static size_t unlike(const char *name, const char *candidate) {
    size_t found = distance(name, candidate);
    return *name && strstr(candidate, name) ? found / 4 : found;
}

int suggest_unknown(const char *code, const char *what, const char *name,
                    const struct operation *operations, size_t count,
                    struct error *error) {
    const struct operation *best[SUGGESTIONS] = {0};
    size_t scores[SUGGESTIONS];
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        size_t score = unlike(name, operations[i].name);
        size_t at = found < SUGGESTIONS ? found++ : SUGGESTIONS;
        if (at == SUGGESTIONS && score >= scores[SUGGESTIONS - 1])
            continue;
        if (at == SUGGESTIONS)
            at = SUGGESTIONS - 1;
        for (; at > 0 && scores[at - 1] > score; at--) {
            best[at] = best[at - 1];
            scores[at] = scores[at - 1];
        }
        best[at] = &operations[i];
        scores[at] = score;
    }
    return error_set(error, code, "", "there is no %s %.63s%s%s%s%s%s%s", what, name,
                     found ? "; near it: " : "", found ? best[0]->name : "",
                     found > 1 ? ", " : "", found > 1 ? best[1]->name : "",
                     found > 2 ? ", " : "", found > 2 ? best[2]->name : "");
}
