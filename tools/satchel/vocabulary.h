/*
 * Chinese for what the catalogue and the library name: fields, values of enumerations, errors. From tools/words/, in
 * which the web pages have their words too.
 */
#ifndef SATCHEL_TOOLS_VOCABULARY_H
#define SATCHEL_TOOLS_VOCABULARY_H

#include <stddef.h>

struct vocabulary_entry {
    const char *key;
    const char *chinese;
};

/* Sorted by key, as strcmp does. */
struct vocabulary {
    const struct vocabulary_entry *entries;
    size_t count;
};

extern const struct vocabulary vocabulary_columns;
extern const struct vocabulary vocabulary_errors;
extern const struct vocabulary vocabulary_values;

/* NULL where there is none. */
const char *vocabulary_find(const struct vocabulary *vocabulary, const char *key);

/* A field's name: that of this command or query ("" for none), else the field's, else the field's without the suffix of
 * its unit. NULL where there is none. */
const char *vocabulary_column(const char *operation, const char *name);
/* What the value of a column or parameter is called, NULL where there is no such enumeration. */
const char *vocabulary_value(const char *column, const char *value);
/* The sentence for an error of a command or query ("" for none), {field} filled in, written into `ret`. Returns ret, or NULL
 * where there is none. */
const char *vocabulary_error(const char *operation, const char *code, const char *field,
                             char *ret, size_t size);

#endif
