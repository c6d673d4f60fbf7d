/*
 * Looking words up. The tables are made from JSON when the program is built.
 */
#include "tools/satchel/vocabulary.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_SIZE = 192 };

static int compare(const void *key, const void *entry) {
    return strcmp(key, ((const struct vocabulary_entry *)entry)->key);
}

const char *vocabulary_find(const struct vocabulary *vocabulary, const char *key) {
    const struct vocabulary_entry *found =
        bsearch(key, vocabulary->entries, vocabulary->count, sizeof *found, compare);
    return found != NULL ? found->chinese : NULL;
}

static const char *find_joined(const struct vocabulary *vocabulary, const char *first,
                               char between, const char *second) {
    char key[KEY_SIZE];
    int size = snprintf(key, sizeof key, "%s%c%s", first, between, second);
    return size > 0 && (size_t)size < sizeof key ? vocabulary_find(vocabulary, key)
                                                 : NULL;
}

/* The same in tools/lint/words.py and tools/app/src/words/index.js. */
static size_t bare_length(const char *name) {
    static const char *const units[] = {"_minor", "_bp", "_at", "_on", "_qty",
                                        "_days",  "_id", "_zh", "_en", "_e6"};
    size_t length = strlen(name);
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        size_t unit = strlen(units[i]);
        if (length > unit && strcmp(name + length - unit, units[i]) == 0)
            return length - unit;
    }
    return length;
}

const char *vocabulary_column(const char *operation, const char *name) {
    char bare[KEY_SIZE];
    const char *found = NULL;
    if (operation[0] != '\0')
        found = find_joined(&vocabulary_columns, operation, ':', name);
    if (found == NULL)
        found = vocabulary_find(&vocabulary_columns, name);
    if (found != NULL || strlen(name) >= sizeof bare)
        return found;
    snprintf(bare, sizeof bare, "%.*s", (int)bare_length(name), name);
    return vocabulary_find(&vocabulary_columns, bare);
}

const char *vocabulary_value(const char *column, const char *value) {
    return find_joined(&vocabulary_values, column, '.', value);
}

const char *vocabulary_error(const char *operation, const char *code, const char *field,
                             char *ret, size_t size) {
    static const char place[] = "{field}";
    const char *sentence = vocabulary_find(&vocabulary_errors, code);
    if (sentence == NULL)
        return NULL;
    const char *label = vocabulary_column(operation, field);
    const char *at = strstr(sentence, place);
    if (at == NULL)
        snprintf(ret, size, "%s", sentence);
    else
        snprintf(ret, size, "%.*s%s%s", (int)(at - sentence), sentence,
                 label != NULL ? label : field, at + strlen(place));
    return ret;
}
