/*
 * The file is lines of "section id", in the order in which they were shown.
 */
#include "tools/satchel/inbox_listing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_SIZE = 4096 + 32, LINE_SIZE = 128 };

static bool put_path(const char *home, const char *suffix, char ret[PATH_SIZE]) {
    int size = snprintf(ret, PATH_SIZE, "%s/inbox.last%s", home, suffix);
    return size > 0 && size < PATH_SIZE;
}

static void write_entries(FILE *file, const char *section, const struct node *entries,
                          const char *id) {
    for (size_t i = 0; i < node_count(entries); i++)
        fprintf(file, "%s %s\n", section, node_member_text(node_at(entries, i), id));
}

void listing_keep(const char *home, const struct node *inbox) {
    char path[PATH_SIZE], fresh[PATH_SIZE];
    if (!put_path(home, "", path) || !put_path(home, ".new", fresh))
        return;
    FILE *file = fopen(fresh, "we");
    if (file == NULL) {
        (void)remove(path); /* better no number than a wrong one */
        return;
    }
    write_entries(file, "conflicts", node_member(inbox, "conflicts"), "id");
    write_entries(file, "notices", node_member(inbox, "notices"), "id");
    write_entries(file, "work", node_member(inbox, "refusals"), "transaction");
    write_entries(file, "work", node_member(inbox, "attention"), "transaction");
    bool written = ferror(file) == 0;
    written = fclose(file) == 0 && written;
    if (!written || rename(fresh, path) != 0) {
        (void)remove(fresh);
        (void)remove(path);
    }
}

static bool read_number(const char *text, unsigned long *ret) {
    if (strspn(text, "0123456789") != strlen(text) || strlen(text) > 6)
        return false;
    *ret = strtoul(text, NULL, 10);
    return *ret > 0;
}

/* Counts the section's lines until the wanted one; *ret_count is how many there were. */
static bool find_line(FILE *file, const char *section, unsigned long wanted,
                      char ret_id[LISTING_ID_SIZE], unsigned long *ret_count) {
    char line[LINE_SIZE];
    size_t length = strlen(section);
    *ret_count = 0;
    while (fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (strncmp(line, section, length) != 0 || line[length] != ' ' ||
            ++*ret_count != wanted)
            continue;
        snprintf(ret_id, LISTING_ID_SIZE, "%.39s", line + length + 1);
        return true;
    }
    return false;
}

int listing_find(const char *home, const char *section, const char *number,
                 char ret_id[LISTING_ID_SIZE], satchel_error *error) {
    char path[PATH_SIZE];
    unsigned long wanted = 0, count = 0;
    FILE *file = put_path(home, "", path) ? fopen(path, "re") : NULL;
    if (file == NULL)
        return problem_set(
            error, "inbox.unknown", "number",
            "Numbers are those of the last list; first say: satchel inbox");
    bool found =
        read_number(number, &wanted) && find_line(file, section, wanted, ret_id, &count);
    rewind(file);
    if (!found)
        (void)find_line(file, section, 0, ret_id, &count);
    (void)fclose(file);
    if (found)
        return 0;
    return problem_set(error, "inbox.unknown", "number",
                       "The last list showed %lu %s, and no number \"%.40s\" among them; "
                       "see: satchel inbox",
                       count, section, number);
}
