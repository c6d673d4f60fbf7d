/*
 * `satchel help`: the command line's own subcommands, and everything that the catalogue describes:
 * commands and queries with their parameters, what is accepted, and examples.
 */
#include <stdio.h>
#include <string.h>

#include "tools/satchel/commands.h"
#include "tools/satchel/json.h"
#include "tools/satchel/nearest.h"
#include "tools/satchel/table.h"
#include "tools/satchel/vocabulary.h"
#include "tools/satchel/words.h"

static void print_padded(const char *text, size_t width) {
    size_t taken = table_width(text);
    printf("%s%*s", text, taken < width ? (int)(width - taken) : 0, "");
}

static void print_options(const struct option *options) {
    for (; options->name != NULL; options++) {
        char line[80];
        snprintf(line, sizeof line, "%s%s%s", options->name,
                 options->value != NULL ? " " : "",
                 options->value != NULL ? options->value : "");
        printf("  ");
        print_padded(line, 18);
        printf(" %s\n", options->title);
    }
}

void help_print_usage(bool chinese) {
    printf("satchel %s: a sales station that works without a network\n\n"
           "  satchel [--home DIR] SUBCOMMAND …\n\n",
           satchel_version());
    for (size_t i = 0; subcommands[i] != NULL; i++) {
        printf("  ");
        print_padded(subcommands[i]->name, 9);
        printf(" %s\n", chinese ? subcommands[i]->title_zh : subcommands[i]->title);
    }
    printf("\nEverywhere:\n");
    print_options(arguments_global);
    printf(
        "\n`satchel help SUBCOMMAND` says more; `satchel help commands` and `satchel help queries`\n"
        "list what stations can do and ask.\n"
        "Exit status: 0 done, 1 failed, 2 wrong command line, 3 import with rows set aside.\n");
}

void help_print_subcommand(const struct subcommand *subcommand) {
    printf("satchel %s %s%s\n", subcommand->name,
           subcommand->options[0].name != NULL ? "[OPTIONS] " : "", subcommand->words);
    printf("  %s\n", subcommand->title);
    if (subcommand->options[0].name != NULL) {
        putchar('\n');
        print_options(subcommand->options);
    }
    if (subcommand->details != NULL)
        printf("\n%s", subcommand->details);
}

static const struct subcommand *find_subcommand(const char *name) {
    for (size_t i = 0; subcommands[i] != NULL; i++)
        if (strcmp(subcommands[i]->name, name) == 0)
            return subcommands[i];
    return NULL;
}

static const char *title_of(const struct node *entry, bool chinese) {
    const char *title = chinese ? node_member_text(entry, "title_zh") : "";
    return title[0] != '\0' ? title : node_member_text(entry, "title");
}

/* Entries whose name begins with `prefix` ("" for all), a blank line between modules. */
static size_t print_entries(const struct node *entries, const char *prefix,
                            bool chinese) {
    size_t printed = 0, width = 0;
    char module[64] = "";
    for (size_t i = 0; i < node_count(entries); i++) {
        size_t length = strlen(node_member_text(node_at(entries, i), "name"));
        width = length > width ? length : width;
    }
    for (size_t i = 0; i < node_count(entries); i++) {
        const char *name = node_member_text(node_at(entries, i), "name");
        if (strncmp(name, prefix, strlen(prefix)) != 0)
            continue;
        size_t length = strcspn(name, ".");
        if (strlen(module) != length || strncmp(module, name, length) != 0) {
            snprintf(module, sizeof module, "%.*s", (int)length, name);
            if (printed > 0)
                putchar('\n');
        }
        printf("  ");
        print_padded(name, width + 1);
        printf(" %s\n", title_of(node_at(entries, i), chinese));
        printed++;
    }
    return printed;
}

static void print_roles(const struct node *roles) {
    if (node_count(roles) == 0)
        return;
    printf("%s", word("\nFor: "));
    for (size_t i = 0; i < node_count(roles); i++)
        printf("%s%s", i > 0 ? ", " : "", node_text(node_at(roles, i)));
    putchar('\n');
}

static void print_parameter(const struct node *parameter, const char *operation,
                            size_t width) {
    const struct node *fallback = node_member(parameter, "default");
    const char *name = node_member_text(parameter, "name");
    const char *label = words_are_chinese() ? vocabulary_column(operation, name) : NULL;
    printf("  ");
    print_padded(name, width + 1);
    printf(" %s\n", label != NULL ? label : node_member_text(parameter, "description"));
    const char *accepts = node_member_text(parameter, "accepts");
    printf("  %*s  %s%s", (int)width, "",
           accepts[0] != '\0' ? accepts : node_member_text(parameter, "type"),
           node_kind(node_member(parameter, "optional")) == NODE_TRUE
               ? word("; may be left out")
               : "");
    if (node_kind(fallback) == NODE_TEXT)
        printf(word("; default %s"), node_text(fallback));
    else if (node_kind(fallback) == NODE_INTEGER)
        printf(word("; default %lld"), (long long)node_integer(fallback));
    putchar('\n');
}

static void print_parameters(const struct node *parameters, const char *operation) {
    size_t width = 0;
    for (size_t i = 0; i < node_count(parameters); i++) {
        size_t length = strlen(node_member_text(node_at(parameters, i), "name"));
        width = length > width ? length : width;
    }
    fputs(node_count(parameters) > 0 ? word("\nParameters:\n")
                                     : word("\nNo parameters.\n"),
          stdout);
    for (size_t i = 0; i < node_count(parameters); i++)
        print_parameter(node_at(parameters, i), operation, width);
}

static void print_entry(const struct node *entry, const char *verb, bool chinese) {
    const char *name = node_member_text(entry, "name");
    const struct node *examples = node_member(entry, "examples");
    printf("satchel %s %s\n  %s\n", verb, name, title_of(entry, chinese));
    print_roles(node_member(entry, "roles"));
    print_parameters(node_member(entry, "parameters"), name);
    if (node_count(examples) > 0)
        fputs(word("\nExamples:\n"), stdout);
    for (size_t i = 0; i < node_count(examples); i++)
        printf("  satchel %s %s %s\n", verb, name, node_text(node_at(examples, i)));
}

static const struct node *find_entry(const struct node *entries, const char *name) {
    for (size_t i = 0; i < node_count(entries); i++)
        if (strcmp(node_member_text(node_at(entries, i), "name"), name) == 0)
            return node_at(entries, i);
    return NULL;
}

enum { LIMIT_TOPICS = 2048 };

static int unknown_topic(const struct node *description, const char *topic,
                         satchel_error *error) {
    static const char *const lists[] = {"commands", "queries"};
    const char *names[LIMIT_TOPICS];
    size_t count = 0;
    for (size_t i = 0; subcommands[i] != NULL; i++)
        names[count++] = subcommands[i]->name;
    for (size_t k = 0; k < 2; k++) {
        const struct node *entries = node_member(description, lists[k]);
        for (size_t i = 0; i < node_count(entries) && count < LIMIT_TOPICS; i++)
            names[count++] = node_member_text(node_at(entries, i), "name");
    }
    const char *best = nearest_of(topic, names, count, 4);
    if (best != NULL)
        return problem_set(
            error, "help.unknown", topic,
            "There is no command, query or subcommand \"%s\"; did you mean %s?", topic,
            best);
    return problem_set(
        error, "help.unknown", topic,
        "There is no command, query or subcommand \"%s\"; `satchel help commands` and "
        "`satchel help queries` list them.",
        topic);
}

static void print_list(const struct node *description, const char *list,
                       const char *heading, bool chinese) {
    printf("%s\n\n", heading);
    print_entries(node_member(description, list), "", chinese);
}

/* A module ("opportunity") or anything that begins like the topic. */
static int print_module(const struct node *description, const char *topic, bool chinese,
                        satchel_error *error) {
    char prefix[80];
    snprintf(prefix, sizeof prefix, "%s.", topic);
    size_t printed = print_entries(node_member(description, "commands"), prefix, chinese);
    if (printed > 0)
        fputs(word("\nQueries:\n"), stdout);
    printed += print_entries(node_member(description, "queries"), prefix, chinese);
    return printed > 0 ? 0 : unknown_topic(description, topic, error);
}

static int print_topic(const struct node *description, const char *topic, bool chinese,
                       satchel_error *error) {
    const struct node *command = find_entry(node_member(description, "commands"), topic);
    const struct node *query = find_entry(node_member(description, "queries"), topic);
    if (strcmp(topic, "commands") == 0)
        print_list(description, "commands", "satchel do COMMAND name=value …", chinese);
    else if (strcmp(topic, "queries") == 0)
        print_list(description, "queries", "satchel ask QUERY name=value …", chinese);
    else if (command == NULL && query == NULL)
        return print_module(description, topic, chinese, error);
    if (command != NULL)
        print_entry(command, "do", chinese);
    if (query != NULL)
        print_entry(query, "ask", chinese);
    return 0;
}

static int describe(const struct invocation *invocation, const char *topic,
                    satchel_error *error) {
    char *text = NULL;
    struct node *description = NULL;
    int rc = satchel_describe(NULL, &text, error);
    if (rc == 0 && invocation->json && topic == NULL)
        puts(text);
    else if (rc == 0) {
        description = node_read(text, NULL, 0);
        rc = print_topic(description, topic, invocation->chinese, error);
    }
    node_release(description);
    satchel_free(text);
    return rc;
}

static int run(const struct invocation *invocation) {
    const char *topic = invocation->word_count > 0 ? invocation->words[0] : NULL;
    if (topic == NULL && !invocation->json) {
        help_print_usage(invocation->chinese);
        return EXIT_DONE;
    }
    const struct subcommand *subcommand = topic != NULL ? find_subcommand(topic) : NULL;
    if (subcommand != NULL) {
        help_print_subcommand(subcommand);
        return EXIT_DONE;
    }
    satchel_error error;
    if (describe(invocation, topic, &error) == 0)
        return EXIT_DONE;
    problem_print(&error, invocation->json);
    return EXIT_USAGE;
}

const struct subcommand subcommand_help = {
    .name = "help",
    .words = "[SUBCOMMAND | commands | queries | COMMAND | QUERY | MODULE]",
    .title = "help on any of these, and on every command and query",
    .title_zh = "帮助",
    .run = run,
    .details = "  satchel help commands\n"
               "  satchel help opportunity\n"
               "  satchel help opportunity.assign\n",
};
