/*
 * `satchel inbox`: what others did that concerns this person, what lost a conflict, what headquarters
 * refused, what no longer fits; and the two answers to a conflict: restore mine, keep theirs.
 */
#include <stdio.h>
#include <string.h>

#include "tools/satchel/commands.h"
#include "tools/satchel/desk.h"
#include "tools/satchel/format.h"
#include "tools/satchel/inbox_listing.h"
#include "tools/satchel/json.h"
#include "tools/satchel/transaction_text.h"
#include "tools/satchel/values.h"
#include "tools/satchel/words.h"

static void print_time(const struct node *entry, const char *name) {
    struct buffer text = buffer_make(64);
    int64_t at = node_member_integer(entry, name);
    if (at != 0)
        format_moment(&text, at);
    printf("%s", buffer_text(&text));
    buffer_free(&text);
}

static void print_notice(const struct node *entry, size_t number) {
    const char *from = node_member_text(entry, "from_person");
    const char *detail = node_member_text(entry, "detail");
    printf("  %zu. ", number);
    print_time(entry, "told_at");
    printf("  %s  %s%s%s%s%s\n", node_member_text(entry, "kind"),
           node_member_text(entry, "title"), detail[0] != '\0' ? ": " : "", detail,
           from[0] != '\0' ? word(", by ") : "", from);
}

static void print_side(const struct node *entry, const char *label, const char *side) {
    char value[32], at[32];
    snprintf(value, sizeof value, "%s_text", side);
    snprintf(at, sizeof at, "%s_at", side);
    printf(word("     %s \"%s\", by %s at "), word(label), node_member_text(entry, value),
           node_member_text(entry, side));
    print_time(entry, at);
    putchar('\n');
}

static const char *reason_text(const char *reason) {
    static const char *const texts[][2] = {
        {"later", "it was written later, by headquarters' time"},
        {"equal_time", "both at the same moment; the station's id decides"},
        {"first", "the first value stays"},
        {"state_earlier", "the other step was earlier than the present state"},
        {"deleted", "the row was deleted meanwhile"},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (strcmp(reason, texts[i][0]) == 0)
            return word(texts[i][1]);
    return reason;
}

static void print_conflict(const struct node *entry, size_t number) {
    const char *settlement = node_member_text(entry, "settlement");
    printf("  %zu. %s, %s\n", number, node_member_text(entry, "row_label"),
           node_member_text(entry, "cell_name"));
    print_side(entry, "stands:", "winner");
    print_side(entry, "lost:  ", "loser");
    printf(word("     why:    %s\n"), reason_text(node_member_text(entry, "reason")));
    if (settlement[0] != '\0')
        printf(word("     settled: %s\n"), settlement);
}

static void print_transaction(const struct node *entry, size_t number) {
    printf("  %zu.\n", number);
    transaction_print(entry, "     ");
}

/* `before`: entries of another section that are numbered together with these. */
static void print_section(const struct node *inbox, const char *name, const char *heading,
                          size_t before, void (*print)(const struct node *, size_t)) {
    const struct node *entries = node_member(inbox, name);
    if (node_count(entries) == 0)
        return;
    printf("%s\n", word(heading));
    for (size_t i = 0; i < node_count(entries); i++)
        print(node_at(entries, i), before + i + 1);
    putchar('\n');
}

static void print_inbox(const struct node *inbox) {
    static const char *const names[] = {"conflicts", "refusals", "attention", "notices"};
    size_t count = 0;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        count += node_count(node_member(inbox, names[i]));
    if (count == 0) {
        puts(word("Nothing new."));
        return;
    }
    print_section(
        inbox, "conflicts",
        "Conflicts (satchel inbox restore N puts the lost value back; keep N leaves it):",
        0, print_conflict);
    print_section(
        inbox, "refusals",
        "Refused by headquarters (satchel inbox resubmit N [name=value …] does it "
        "again; discard N gives it up):",
        0, print_transaction);
    print_section(inbox, "attention",
                  "No longer fits what others did (resubmit N, discard N):",
                  node_count(node_member(inbox, "refusals")), print_transaction);
    print_section(inbox, "notices", "Notices (satchel inbox read N, or all):", 0,
                  print_notice);
}

static const struct node *find_id(const struct node *entries, const char *id) {
    for (size_t i = 0; i < node_count(entries); i++)
        if (strcmp(node_member_text(node_at(entries, i), "id"), id) == 0)
            return node_at(entries, i);
    return NULL;
}

/* The entry that "restore 2" means: its number in the list that was shown last, or its id. */
static int find_entry(const struct invocation *invocation, const char *section,
                      const struct node *entries, const struct node **ret,
                      satchel_error *error) {
    char id[LISTING_ID_SIZE];
    const char *which = invocation->words[1];
    *ret = find_id(entries, which);
    if (*ret != NULL)
        return 0;
    if (listing_find(invocation->home, section, which, id, error) != 0)
        return -1;
    *ret = find_id(entries, id);
    if (*ret != NULL)
        return 0;
    return problem_set(error, "inbox.unknown", "number",
                       "Number %s is settled already; see: satchel inbox", which);
}

static int run_on(struct desk *desk, const char *command, const char *parameter,
                  const struct node *entry, satchel_error *error) {
    struct node *values = node_object();
    node_set_text(values, parameter, node_member_text(entry, "id"));
    char *arguments = node_write(values);
    int rc = arguments == NULL
                 ? problem_out_of_memory(error)
                 : satchel_do(desk->session, command, arguments, NULL, error);
    node_free_text(arguments);
    node_release(values);
    return rc;
}

struct answer {
    const char *verb;
    const char *section;
    const char *command;
    const char *parameter;
    const char *value; /* of a conflict: which side it ends with */
    const char *done;
};

static const struct answer answers[] = {
    {"restore", "conflicts", "conflict.restore", "conflict", "loser_text",
     "Put back; the next sync tells all."},
    {"keep", "conflicts", "conflict.keep", "conflict", "winner_text",
     "Settled: the value that stands, stays."},
    {"read", "notices", "notice.mark_read", "notice", NULL, "Marked as read."},
};

static const struct answer *find_answer(const char *verb) {
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++)
        if (strcmp(answers[i].verb, verb) == 0)
            return &answers[i];
    return NULL;
}

static bool is_verb(const struct invocation *invocation, const char *verb) {
    return invocation->word_count > 0 && strcmp(invocation->words[0], verb) == 0;
}

static int answer_one(const struct invocation *invocation, struct desk *desk,
                      const struct answer *answer, const struct node *entry,
                      satchel_error *error) {
    int rc = run_on(desk, answer->command, answer->parameter, entry, error);
    if (rc == 0 && !invocation->json && answer->value != NULL)
        printf("%s, %s: \"%s\"\n", node_member_text(entry, "row_label"),
               node_member_text(entry, "cell_name"),
               node_member_text(entry, answer->value));
    return rc;
}

static int act(const struct invocation *invocation, struct desk *desk,
               const struct node *inbox, satchel_error *error) {
    const struct answer *answer = find_answer(invocation->words[0]);
    const struct node *entries = node_member(inbox, answer->section);
    const struct node *entry = NULL;
    bool all = strcmp(invocation->words[1], "all") == 0;
    int rc = 0;
    for (size_t i = 0; all && i < node_count(entries) && rc == 0; i++)
        rc = answer_one(invocation, desk, answer, node_at(entries, i), error);
    if (!all)
        rc = find_entry(invocation, answer->section, entries, &entry, error);
    if (entry != NULL)
        rc = answer_one(invocation, desk, answer, entry, error);
    if (rc == 0)
        puts(invocation->json ? "{}" : word(answer->done));
    return rc;
}

/* "resubmit 2 price=50": the transaction that was shown as number 2, or its id. */
static int resubmit(const struct invocation *invocation, struct desk *desk,
                    satchel_error *error) {
    char id[LISTING_ID_SIZE];
    struct node *values = NULL;
    const char *which = invocation->words[1];
    snprintf(id, sizeof id, "%.39s", which);
    if (strlen(which) < LISTING_ID_SIZE - 4 &&
        listing_find(invocation->home, "work", which, id, error) != 0)
        return -1;
    if (values_read(invocation, 2, &values, error) != 0)
        return -1;
    char *edits = node_write(values);
    int rc = edits == NULL ? problem_out_of_memory(error)
                           : satchel_resubmit(desk->session, id, edits, error);
    if (rc == 0)
        puts(invocation->json ? "{}"
                              : word("Done again; the next sync tells headquarters."));
    node_free_text(edits);
    node_release(values);
    return rc;
}

static int discard(const struct invocation *invocation, struct desk *desk,
                   satchel_error *error) {
    char id[LISTING_ID_SIZE];
    const char *which = invocation->words[1];
    snprintf(id, sizeof id, "%.39s", which);
    if (strlen(which) < LISTING_ID_SIZE - 4 &&
        listing_find(invocation->home, "work", which, id, error) != 0)
        return -1;
    int rc = satchel_discard(desk->session, id, error);
    if (rc == 0)
        puts(invocation->json ? "{}" : word("Given up."));
    return rc;
}

static int work(const struct invocation *invocation, struct desk *desk,
                satchel_error *error) {
    if (is_verb(invocation, "resubmit"))
        return resubmit(invocation, desk, error);
    if (is_verb(invocation, "discard"))
        return discard(invocation, desk, error);
    char *text = NULL;
    int rc = satchel_inbox(desk->session, &text, error);
    if (rc != 0)
        return rc;
    struct node *inbox = node_read(text, NULL, 0);
    if (invocation->word_count == 0)
        listing_keep(invocation->home, inbox);
    if (invocation->word_count > 0)
        rc = act(invocation, desk, inbox, error);
    else if (invocation->json)
        puts(text);
    else
        print_inbox(inbox);
    node_release(inbox);
    satchel_free(text);
    return rc;
}

static bool is_understood(const struct invocation *invocation) {
    size_t count = invocation->word_count;
    if (count == 0 || is_verb(invocation, "resubmit"))
        return count != 1;
    return count == 2 &&
           (find_answer(invocation->words[0]) != NULL || is_verb(invocation, "discard"));
}

static int run(const struct invocation *invocation) {
    satchel_error error;
    if (!is_understood(invocation)) {
        problem_set(&error, "usage.words", NULL,
                    "After inbox may stand: restore N, keep N, read N, read all, "
                    "resubmit N [name=value …], or discard N.");
        problem_print(&error, invocation->json);
        return EXIT_USAGE;
    }
    struct desk desk;
    int rc = desk_open(invocation, &desk, &error);
    if (rc == 0)
        rc = work(invocation, &desk, &error);
    desk_close(&desk);
    return rc == 0 ? EXIT_DONE : problem_print(&error, invocation->json);
}

const struct subcommand subcommand_inbox = {
    .name = "inbox",
    .words = "[restore N | keep N | read N | read all | resubmit N … | discard N]",
    .title = "notices, conflicts, refusals: what needs your eye",
    .title_zh = "收件箱：通知、冲突、被拒",
    .run = run,
    .details =
        "N is the number in the list that was shown last.\n"
        "restore puts the value that lost a conflict back, as a new edit of your own;\n"
        "keep leaves what stands. Either way everybody learns of it with the next sync.\n"
        "resubmit does refused work again, as work of now, with other values where some are\n"
        "named by their columns (resubmit 2 name=Acme); discard gives it up.\n",
};
