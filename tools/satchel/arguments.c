/*
 * Reads options by the tables that also make the help, so that the two cannot disagree.
 */
#include "tools/satchel/arguments.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/satchel/nearest.h"

const struct option arguments_global[] = {
    {"--home", "DIR", "the station's folder (or SATCHEL_HOME, or ~/.satchel)"},
    {"--as", "USER",
     "who is working: name, code or id; needed when the station has several people"},
    {"--json", NULL, "raw JSON instead of text for people, errors too"},
    {"--lang", "en|zh", "language of titles (default: LANG)"},
    {"--help", NULL, "this help, or a subcommand's"},
    {"--version", NULL, "the version"},
    {NULL, NULL, NULL},
};

static const struct option *find_option(const struct option *options, const char *name,
                                        size_t length) {
    for (const struct option *option = options; option->name != NULL; option++)
        if (strlen(option->name) == length && memcmp(option->name, name, length) == 0)
            return option;
    return NULL;
}

static void choose_home(struct invocation *invocation) {
    const char *home = getenv("SATCHEL_HOME");
    const char *people = getenv("HOME");
    invocation->home = invocation->default_home;
    if (home != NULL && home[0] != '\0')
        invocation->home = home;
    else
        snprintf(invocation->default_home, sizeof invocation->default_home, "%s/.satchel",
                 people != NULL ? people : "");
}

/* As the C library ranks them: LC_ALL before LC_MESSAGES before LANG. */
static bool wants_chinese(void) {
    static const char *const names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *value = getenv(names[i]);
        if (value != NULL && value[0] != '\0')
            return strncmp(value, "zh", 2) == 0;
    }
    return false;
}

static int set_language(struct invocation *invocation, const char *value,
                        satchel_error *error) {
    assert(value != NULL); /* its option takes one */
    if (strcmp(value, "zh") != 0 && strcmp(value, "en") != 0)
        return problem_set(error, "usage.value", "--lang",
                           "--lang is en or zh, not \"%s\".", value);
    invocation->chinese = strcmp(value, "zh") == 0;
    return 0;
}

static int set_global(struct invocation *invocation, const struct option *option,
                      const char *value, satchel_error *error) {
    if (strcmp(option->name, "--home") == 0)
        invocation->home = value;
    else if (strcmp(option->name, "--as") == 0)
        invocation->actor = value;
    else if (strcmp(option->name, "--json") == 0)
        invocation->json = true;
    else if (strcmp(option->name, "--help") == 0)
        invocation->help = true;
    else if (strcmp(option->name, "--version") == 0)
        invocation->version = true;
    else
        return set_language(invocation, value, error);
    return 0;
}

static size_t add_names(const struct option *options, const char **names, size_t count) {
    for (; options->name != NULL; options++)
        names[count++] = options->name;
    return count;
}

static int unknown_option(const struct invocation *invocation, const char *word,
                          size_t length, satchel_error *error) {
    const char *names[3 * LIMIT_OPTIONS];
    size_t count = add_names(arguments_global, names, 0);
    if (invocation->subcommand != NULL)
        count = add_names(invocation->subcommand->options, names, count);
    char name[64];
    if (length >= sizeof name)
        length = sizeof name - 1;
    memcpy(name, word, length);
    name[length] = '\0';
    const char *best = nearest_of(name, names, count, 3);
    const char *of =
        invocation->subcommand != NULL ? invocation->subcommand->name : "satchel";
    if (best != NULL)
        return problem_set(error, "usage.option", name,
                           "%s has no option %s; did you mean %s?", of, name, best);
    return problem_set(error, "usage.option", name,
                       "%s has no option %s; see `satchel help%s%s`.", of, name,
                       invocation->subcommand != NULL ? " " : "",
                       invocation->subcommand != NULL ? of : "");
}

/* Reads the option at argv[*index] and moves *index past its value. */
static int read_option(struct invocation *invocation, char **argv, int count, int *index,
                       satchel_error *error) {
    const char *word = strcmp(argv[*index], "-h") == 0 ? "--help" : argv[*index];
    size_t length = strcspn(word, "=");
    const struct subcommand *subcommand = invocation->subcommand;
    const struct option *option = find_option(arguments_global, word, length);
    bool global = option != NULL;
    if (!global && subcommand != NULL)
        option = find_option(subcommand->options, word, length);
    if (option == NULL)
        return unknown_option(invocation, word, length, error);
    const char *value = word[length] == '=' ? word + length + 1 : NULL;
    if (option->value == NULL && value != NULL)
        return problem_set(error, "usage.value", option->name, "%s takes no value.",
                           option->name);
    if (option->value != NULL && value == NULL) {
        if (*index + 1 >= count)
            return problem_set(error, "usage.value", option->name,
                               "%s needs a value: %s %s.", option->name, option->name,
                               option->value);
        value = argv[++*index];
    }
    if (global)
        return set_global(invocation, option, value, error);
    invocation->values[option - subcommand->options] = value != NULL ? value : "";
    return 0;
}

static int choose_subcommand(struct invocation *invocation, const char *word,
                             const struct subcommand *const *subcommands,
                             satchel_error *error) {
    const char *names[64];
    size_t count = 0;
    for (; subcommands[count] != NULL; count++) {
        names[count] = subcommands[count]->name;
        if (strcmp(names[count], word) == 0) {
            invocation->subcommand = subcommands[count];
            return 0;
        }
    }
    const char *best = nearest_of(word, names, count, 2);
    if (best != NULL)
        return problem_set(error, "usage.subcommand", word,
                           "There is no subcommand \"%s\"; did you mean `satchel %s`?",
                           word, best);
    return problem_set(error, "usage.subcommand", word,
                       "There is no subcommand \"%s\"; `satchel help` lists them.", word);
}

static int add_word(struct invocation *invocation, const char *word,
                    const struct subcommand *const *subcommands, satchel_error *error) {
    if (invocation->subcommand == NULL)
        return choose_subcommand(invocation, word, subcommands, error);
    if (invocation->word_count == LIMIT_WORDS)
        return problem_set(error, "usage.words", NULL, "At most %d words may follow %s.",
                           LIMIT_WORDS, invocation->subcommand->name);
    invocation->words[invocation->word_count++] = word;
    return 0;
}

int arguments_read(int count, char **argv, const struct subcommand *const *subcommands,
                   struct invocation *ret, satchel_error *error) {
    memset(ret, 0, sizeof *ret);
    choose_home(ret);
    ret->chinese = wants_chinese();
    for (int i = 1; i < count;
         i++) /* first, so that every complaint is in the asked-for form */
        ret->json = ret->json || strcmp(argv[i], "--json") == 0;
    bool options_end = false;
    for (int i = 1; i < count; i++) {
        const char *word = argv[i];
        int rc = 0;
        if (!options_end && strcmp(word, "--") == 0)
            options_end = true;
        else if (!options_end && (strncmp(word, "--", 2) == 0 || strcmp(word, "-h") == 0))
            rc = read_option(ret, argv, count, &i, error);
        else
            rc = add_word(ret, word, subcommands, error);
        if (rc != 0)
            return rc;
    }
    return 0;
}

const char *arguments_option(const struct invocation *invocation, const char *name) {
    const struct option *options = invocation->subcommand->options;
    const struct option *option = find_option(options, name, strlen(name));
    return option != NULL ? invocation->values[option - options] : NULL;
}
