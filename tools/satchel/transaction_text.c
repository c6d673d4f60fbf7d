/*
 * One line for the transaction, one for its trouble if there is any, one per row that it changed.
 */
#include "tools/satchel/transaction_text.h"

#include <stdio.h>
#include <string.h>

#include "schema/base/limits.h"
#include "tools/satchel/format.h"
#include "tools/satchel/vocabulary.h"
#include "tools/satchel/words.h"

enum { SHOWN_CHANGES = 5 };

static const char *state_text(const char *state) {
    static const char *const texts[][2] = {
        {"waiting", "waits to be sent"},
        {"sealed", "on its way"},
        {"merged", "merged"},
        {"merged with conflicts", "merged with a conflict"},
        {"refused", "refused by headquarters"},
        {"attention", "no longer fits what others did"},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (strcmp(state, texts[i][0]) == 0)
            return word(texts[i][1]);
    return state;
}

static void append_cells(struct buffer *line, const struct node *cells) {
    for (size_t i = 0; i < node_count(cells); i++) {
        const char *column = node_member_text(node_at(cells, i), "column");
        const struct node *value = node_member(node_at(cells, i), "value");
        buffer_printf(line, i > 0 ? ", " : ": ");
        const char *chinese = words_are_chinese() ? vocabulary_column("", column) : NULL;
        if (chinese != NULL)
            buffer_printf(line, "%s", chinese);
        else
            format_title(line, column);
        buffer_printf(line, " ");
        const struct node *old = node_member(node_at(cells, i), "old");
        if (node_kind(old) != NODE_NULL) {
            format_value(line, format_kind(column), old, NULL, FORMAT_PEOPLE);
            buffer_printf(line, " → ");
        }
        if (node_kind(value) == NODE_NULL)
            buffer_printf(line, "%s", word("emptied"));
        format_value(line, format_kind(column), value, NULL, FORMAT_PEOPLE);
    }
}

static const char *reason_text(const char *reason) {
    static const char *const texts[][2] = {
        {"later", "written later"},
        {"equal_time", "written at the same moment"},
        {"first", "the first value stays"},
        {"state_earlier", "an earlier step"},
        {"deleted", "the record was deleted"},
        {"later_edit", "changed afterwards"},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (strcmp(reason, texts[i][0]) == 0)
            return word(texts[i][1]);
    return reason;
}

/* A conflict tells the winning value in words; a later edit as it stands there. */
static void print_overwritten(const struct node *change, const char *margin) {
    const struct node *list = node_member(change, "overwritten");
    for (size_t i = 0; i < node_count(list); i++) {
        const struct node *one = node_at(list, i);
        const struct node *value = node_member(one, "value");
        const char *column = node_member_text(one, "column");
        struct buffer now = buffer_make(LIMIT_ROW_SIZE);
        buffer_printf(&now, "%s", node_member_text(one, "text"));
        if (node_kind(value) != NODE_NULL)
            format_value(&now, format_kind(column), value, NULL, FORMAT_PEOPLE);
        printf(word("%s      overwritten by %s: %s (%s)\n"), margin,
               node_member_text(one, "by"), buffer_text(&now),
               reason_text(node_member_text(one, "reason")));
        buffer_free(&now);
    }
}

static void print_change(const struct node *change, const char *margin) {
    struct buffer line = buffer_make(LIMIT_ROW_SIZE);
    const char *label = node_member_text(change, "label");
    buffer_printf(&line, "%s    %s", margin, node_member_text(change, "table"));
    if (label[0] != '\0')
        buffer_printf(&line, " \"%s\"", label);
    append_cells(&line, node_member(change, "cells"));
    puts(buffer_text(&line));
    buffer_free(&line);
    print_overwritten(change, margin);
}

void transaction_print(const struct node *entry, const char *margin) {
    const struct node *changes = node_member(entry, "changes");
    const char *code = node_member_text(entry, "code");
    struct buffer made = buffer_make(64);
    format_time(&made, node_member_integer(entry, "made_at"));
    printf("%s%s  %s, %s\n", margin, buffer_text(&made),
           node_member_text(entry, "command"),
           state_text(node_member_text(entry, "state")));
    buffer_free(&made);
    const char *field = node_member_text(entry, "field");
    char sentence[1024];
    const char *chinese = words_are_chinese()
                              ? vocabulary_error(node_member_text(entry, "command"), code,
                                                 field, sentence, sizeof sentence)
                              : NULL;
    if (code[0] != '\0')
        printf("%s    %s (%s%s%s)\n", margin,
               chinese != NULL ? chinese : node_member_text(entry, "message"), code,
               field[0] != '\0' ? ", field " : "", field);
    size_t count = (size_t)node_member_integer(entry, "change_count");
    for (size_t i = 0; i < node_count(changes) && i < SHOWN_CHANGES; i++)
        print_change(node_at(changes, i), margin);
    if (count > SHOWN_CHANGES)
        printf(word("%s    … and %zu more rows\n"), margin, count - SHOWN_CHANGES);
}
