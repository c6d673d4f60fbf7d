/*
 * What follows the name of a command or query on the command line.
 */
#include "tools/satchel/values.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_name(const char *text, size_t length) {
    if (length == 0)
        return false;
    for (size_t i = 0; i < length; i++)
        if (strchr("abcdefghijklmnopqrstuvwxyz0123456789_", text[i]) == NULL)
            return false;
    return true;
}

static int add_value(struct node *object, const char *name, const char *text, bool raw,
                     satchel_error *error) {
    if (node_member(object, name) != NULL)
        return problem_set(error, "usage.words", name, "%s is given twice.", name);
    char why[160];
    if (!raw) {
        node_set_text(object, name, text);
        return 0;
    }
    struct node *value = node_read(text, why, sizeof why);
    if (value == NULL)
        return problem_set(error, "usage.value", name, "%s:= wants JSON: %s.", name, why);
    node_set(object, name, value);
    return 0;
}

static int read_word(struct node *object, const char *word, satchel_error *error) {
    const char *equals = strchr(word, '=');
    size_t length = equals != NULL ? (size_t)(equals - word) : 0;
    bool raw = length > 0 && word[length - 1] == ':';
    if (raw)
        length--;
    if (equals == NULL || !is_name(word, length))
        return problem_set(error, "usage.words", NULL,
                           "\"%s\" is not name=value (name: small letters, digits, _).",
                           word);
    if (!node_is_text(word))
        return problem_set(error, "usage.value", NULL, "A value is not UTF-8 text.");
    char *name = strndup(word, length);
    if (name == NULL)
        return problem_out_of_memory(error);
    int rc = add_value(object, name, equals + 1, raw, error);
    free(name);
    return rc;
}

int values_read(const struct invocation *invocation, size_t first, struct node **ret,
                satchel_error *error) {
    struct node *object = node_object();
    for (size_t i = first; i < invocation->word_count; i++) {
        if (read_word(object, invocation->words[i], error) != 0) {
            node_release(object);
            return -1;
        }
    }
    *ret = object;
    return 0;
}
