/*
 * `satchel import`: the steps of import.h in order, and the help that states their rules.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "schema/base/limits.h"
#include "tools/satchel/commands.h"
#include "tools/satchel/desk.h"
#include "tools/satchel/import.h"

static int read_options(const struct invocation *invocation, struct import_options *ret,
                        satchel_error *error) {
    const char *currency = arguments_option(invocation, "--currency");
    const char *errors = arguments_option(invocation, "--errors");
    *ret = (struct import_options){
        .currency = currency != NULL ? currency : "USD",
        .error_path = errors != NULL ? errors : "import-errors.csv",
        .strict = arguments_option(invocation, "--strict") != NULL,
        .dry_run = arguments_option(invocation, "--dry-run") != NULL,
        .keep = arguments_option(invocation, "--keep") != NULL,
        .quiet = invocation->json,
    };
    if (invocation->word_count < 1 || invocation->word_count > IMPORT_FILES)
        return problem_set(error, "usage.words", "FILES",
                           "Give the folder with the four files, or one to four files.");
    for (const char *c = ret->currency; *c != '\0'; c++)
        if (!isupper((unsigned char)*c) || strlen(ret->currency) != 3)
            return problem_set(
                error, "usage.value", "--currency",
                "A currency is three capital letters such as USD, not \"%s\".",
                ret->currency);
    return 0;
}

static void count_dry_run(struct import *import) {
    for (int kind = 0; kind < IMPORT_KINDS; kind++) {
        const struct import_items *list = &import->items[kind];
        for (size_t i = 0; i < list->count; i++) {
            bool known =
                name_map_find(&import->known[kind].by_key, list->items[i].key) != NULL;
            if (list->items[i].outcome != OUTCOME_SET_ASIDE) {
                import->counts[kind].made += !known;
                import->counts[kind].changed += known;
            }
        }
    }
}

/* Everything but printing. */
static int work(struct import *import, const struct invocation *invocation,
                satchel_session *session, satchel_error *error) {
    if (import_read_files(import, invocation->words, invocation->word_count, error) !=
            0 ||
        import_ask_known(import, session, error) != 0 ||
        import_check_rows(import, error) != 0 || import_order(import, error) != 0)
        return -1;
    const struct import_options *options = &import->options;
    if (options->strict && import->problem_count > 0) {
        if (import_write_errors(import, error) != 0)
            return -1;
        return problem_set(
            error, "import.rows", NULL,
            "%zu rows are wrong, so nothing was imported (--strict); %s says which.",
            import->problem_count, options->error_path);
    }
    if (options->dry_run)
        count_dry_run(import);
    else if (import_run(import, session, error) != 0)
        return -1;
    return import_write_errors(import, error);
}

static int run(const struct invocation *invocation) {
    satchel_error error;
    struct import import;
    struct desk desk;
    memset(&import, 0, sizeof import);
    if (read_options(invocation, &import.options, &error) != 0) {
        problem_print(&error, invocation->json);
        return EXIT_USAGE;
    }
    import.arena = arena_make(LIMIT_CSV_FILE);
    int rc = desk_open(invocation, &desk, &error);
    if (rc == 0)
        rc = work(&import, invocation, desk.session, &error);
    if (rc == 0)
        import_print_report(&import, invocation->json);
    else
        problem_print(&error, invocation->json);
    int status = rc != 0                    ? EXIT_FAILED
                 : import.problem_count > 0 ? EXIT_SET_ASIDE
                                            : EXIT_DONE;
    desk_close(&desk);
    import_free(&import);
    return status;
}

const struct subcommand subcommand_import = {
    .name = "import",
    .words = "FOLDER | FILE …",
    .title = "take over a CRM's files, at headquarters",
    .title_zh = "导入 CRM 文件（总部）",
    .options = {{"--dry-run", NULL, "check only, write nothing to the station"},
                {"--strict", NULL, "import nothing at all if any row is wrong"},
                {"--keep", NULL, "leave rows that are here already as they are"},
                {"--errors", "FILE",
                 "where rows set aside go (default: import-errors.csv)"},
                {"--currency", "CODE", "currency of the files (default: USD)"}},
    .run = run,
    .details =
        "FOLDER holds these four files; files given one by one are known by their first line:\n"
        "  accounts.csv        account,sector,year_established,revenue,employees,office_location,\n"
        "                      subsidiary_of\n"
        "  products.csv        product,series,sales_price\n"
        "  sales_teams.csv     sales_agent,manager,regional_office\n"
        "  sales_pipeline.csv  opportunity_id,sales_agent,product,account,deal_stage,engage_date,\n"
        "                      close_date,close_value\n"
        "UTF-8 with or without byte order mark, or GB18030; any order of columns; more are ignored.\n"
        "\n"
        "All files are read and checked first. A missing column, an unclosed quote or a wrong\n"
        "encoding ends it: nothing is imported. A row with a mistake is set aside into the error\n"
        "file (file, line, field, value, code, message, row), the others go in; exit status 3.\n"
        "Running it again makes nothing twice. What the files say replaces what is here, but for a\n"
        "customer's owner and a stage that has moved on (--keep leaves all of it).\n"
        "\n"
        "Rules: offices become branches, managers and agents people, accounts customers.\n"
        "Names that differ only in blanks and case are the same (GTXPro is GTX Pro). A sector or\n"
        "country within two letters of a known one is read as that one. A customer's owner is the\n"
        "agent with the most won value there, then the most won deals, then by name. Open deals\n"
        "take the product's list price, losses the reason \"unknown\". Revenue is in millions.\n"
        "Deals go into the pipeline \"crm\". Whatever was mended is listed at the end.\n",
};
