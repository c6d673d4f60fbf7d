/*
 * Second pass, third part: who gets the rows. Scope clauses, and what they mean for the
 * tables they point at (followers, rows that are brought, tables that grant).
 */
#include <stdio.h>
#include <string.h>

#include "schema/catalogue_load.h"

/* "kind" or "kind(inside)". */
struct scope_text {
    struct bytes kind;
    struct bytes inside;
    bool has_inside;
};

static bool cut_scope(const char *argument, struct scope_text *ret) {
    const char *open = strchr(argument, '(');
    size_t length = strlen(argument);
    *ret = (struct scope_text){.kind = bytes_of_text(argument)};
    if (!open)
        return true;
    ret->kind.size = (size_t)(open - argument);
    ret->inside = (struct bytes){(const uint8_t *)open + 1, length - ret->kind.size - 2};
    ret->has_inside = true;
    return length > ret->kind.size + 2 && argument[length - 1] == ')';
}

static bool is(struct bytes text, const char *word) {
    return bytes_equal(text, bytes_of_text(word));
}

/* --- the clauses -------------------------------------------------------------------------- */

/* The columns named in `inside`, separated by commas or blanks; the word `unless` is skipped. */
static int read_columns(struct load *load, struct raw_table *raw,
                        const struct clause *clause, struct bytes inside,
                        struct scope_clause *ret) {
    char text[512];
    snprintf(text, sizeof text, "%.*s", (int)inside.size, (const char *)inside.data);
    for (char *c = text; *c; c++)
        if (*c == ',')
            *c = ' ';
    const char *names = text;
    for (struct bytes name = word_next(&names); name.size; name = word_next(&names)) {
        struct column *column;
        if (ret->kind == SCOPE_CLAUSE_POOL && ret->column_count == 1 &&
            is(name, "unless"))
            continue;
        if (ret->column_count == LIMIT_KEY_COLUMNS)
            return load_fail_at(load, raw->path, clause->line,
                                "@scope: more than %d columns", LIMIT_KEY_COLUMNS);
        if (resolve_column(load, raw, clause, name, &column) != 0)
            return -1;
        if (column->type != VALUE_BLOB || column->number == 0)
            return load_fail_at(load, raw->path, clause->line, "@scope: %s holds no id",
                                column->name);
        ret->columns[ret->column_count++] = column;
    }
    return 0;
}

static int read_follows(struct load *load, struct raw_table *raw,
                        const struct clause *clause, const struct scope_clause *scope) {
    for (size_t i = 0; i < scope->column_count; i++)
        if (!scope->columns[i]->ref)
            return load_fail_at(load, raw->path, clause->line,
                                "@scope follows: %s has no @ref",
                                scope->columns[i]->name);
    return 0;
}

/* "child_table.user_col" */
static int read_grants(struct load *load, struct raw_table *raw,
                       const struct clause *clause, struct bytes inside,
                       struct scope_clause *ret) {
    const uint8_t *dot = memchr(inside.data, '.', inside.size);
    if (!dot)
        return load_fail_at(load, raw->path, clause->line,
                            "write @scope grants(child_table.user_col)");
    struct bytes name = {inside.data, (size_t)(dot - inside.data)};
    struct bytes user = {dot + 1, inside.size - name.size - 1};
    struct table *child;
    if (resolve_table(load, raw, clause->line, name, &child) != 0)
        return -1;
    for (size_t i = 0; i < child->data_count; i++) {
        const struct column *column = &child->columns[i];
        if (is(user, column->name))
            ret->child_user = column;
        if (column->ref != raw->made)
            continue;
        if (ret->child_parent)
            return load_fail_at(load, raw->path, clause->line,
                                "@scope grants: %s has two @ref to %s", child->name,
                                raw->made->name);
        ret->child_parent = column;
    }
    if (!ret->child_user || !ret->child_parent || ret->child_user->type != VALUE_BLOB)
        return load_fail_at(
            load, raw->path, clause->line,
            "@scope grants: %s needs the blob column %.*s and a @ref to %s", child->name,
            (int)user.size, (const char *)user.data, raw->made->name);
    ret->child = child;
    return 0;
}

struct scope_kind {
    const char *word;
    enum scope_clause_kind kind;
    size_t minimum, maximum; /* columns */
};

static const struct scope_kind scope_kinds[] = {
    {"org", SCOPE_CLAUSE_ORG, 0, 0},
    {"hq", SCOPE_CLAUSE_HQ, 0, 0},
    {"user", SCOPE_CLAUSE_USER, 1, 1},
    {"branch", SCOPE_CLAUSE_BRANCH, 1, 1},
    {"pool", SCOPE_CLAUSE_POOL, 2, 2},
    {"follows", SCOPE_CLAUSE_FOLLOWS, 1, LIMIT_KEY_COLUMNS},
    {"grants", SCOPE_CLAUSE_GRANTS, 0, 0},
};

static const struct scope_kind *find_kind(struct bytes word) {
    for (size_t i = 0; i < sizeof scope_kinds / sizeof *scope_kinds; i++)
        if (is(word, scope_kinds[i].word))
            return &scope_kinds[i];
    return NULL;
}

static int read_scope(struct load *load, struct raw_table *raw,
                      const struct clause *clause, struct scope_text text,
                      struct scope_clause *ret) {
    const struct scope_kind *kind = find_kind(text.kind);
    if (!kind)
        return load_fail_at(
            load, raw->path, clause->line,
            "@scope wants org, hq, user, branch, pool, follows or grants, not "
            "\"%s\"",
            clause->argument);
    bool bare = kind->kind == SCOPE_CLAUSE_ORG || kind->kind == SCOPE_CLAUSE_HQ;
    ret->kind = kind->kind;
    if (bare == text.has_inside)
        return load_fail_at(load, raw->path, clause->line, "@scope %s %s", kind->word,
                            bare ? "takes no column" : "wants a column in parentheses");
    if (bare)
        return 0;
    if (kind->kind == SCOPE_CLAUSE_GRANTS)
        return read_grants(load, raw, clause, text.inside, ret);
    if (read_columns(load, raw, clause, text.inside, ret) != 0)
        return -1;
    if (ret->column_count < kind->minimum || ret->column_count > kind->maximum)
        return load_fail_at(load, raw->path, clause->line,
                            "@scope %s: wrong number of columns", kind->word);
    return kind->kind == SCOPE_CLAUSE_FOLLOWS ? read_follows(load, raw, clause, ret) : 0;
}

/* One @scope may hold several: "user(a) grants(b.c)". The blanks inside parentheses belong to them. */
static int read_scopes(struct load *load, struct raw_table *raw,
                       const struct clause *clause) {
    struct table *table = raw->made;
    const char *at = clause->argument;
    while (*at) {
        size_t length = 0;
        for (int depth = 0; at[length] && (depth > 0 || at[length] != ' '); length++)
            depth += at[length] == '(' ? 1 : at[length] == ')' ? -1 : 0;
        char *one = arena_text(load->scratch, at, length);
        if (!one)
            return error_out_of_memory(load->error);
        if (table->scope_count == LIMIT_SCOPE_CLAUSES)
            return load_fail_at(load, raw->path, clause->line, "more than %d scopes",
                                LIMIT_SCOPE_CLAUSES);
        struct clause single = {.word = "scope", .argument = one, .line = clause->line};
        struct scope_text text;
        if (!cut_scope(one, &text))
            return load_fail_at(load, raw->path, clause->line,
                                "@scope: cannot read \"%s\"", one);
        if (read_scope(load, raw, &single, text, &table->scope[table->scope_count]) != 0)
            return -1;
        table->scope_count++;
        at += length;
        while (*at == ' ')
            at++;
    }
    return 0;
}

static int read_table_scopes(struct load *load, struct raw_table *raw) {
    struct table *table = raw->made;
    for (const struct clause *clause = raw->clauses.first; clause; clause = clause->next)
        if (strcmp(clause->word, "scope") == 0 && read_scopes(load, raw, clause) != 0)
            return -1;
    if (table->scope_count == 0)
        return load_fail_at(load, raw->path, raw->line, "table %s has no @scope",
                            table->name);
    for (size_t i = 0; i < table->scope_count; i++)
        table->org = table->org || table->scope[i].kind == SCOPE_CLAUSE_ORG;
    if (table->org && table->scope_count > 1)
        return load_fail_at(
            load, raw->path, raw->line,
            "table %s is org, which everybody has: no other scope beside it",
            table->name);
    return 0;
}

/* --- the other direction ------------------------------------------------------------------ */

static int add_table(struct load *load, const struct raw_table *raw,
                     const struct table **list, size_t *count, size_t most,
                     const struct table *table) {
    for (size_t i = 0; i < *count; i++)
        if (list[i] == table)
            return 0;
    if (*count == most)
        return load_fail_at(load, raw->path, raw->line,
                            "more than %zu tables follow or grant the same one", most);
    list[(*count)++] = table;
    return 0;
}

static struct table *writable(struct load *load, const struct table *table) {
    for (size_t i = 0; i < load->table_count; i++)
        if (load->tables[i]->made == table)
            return load->tables[i]->made;
    return NULL;
}

static int note_follows(struct load *load, const struct raw_table *raw,
                        const struct scope_clause *scope) {
    for (size_t i = 0; i < scope->column_count; i++) {
        struct table *target = writable(load, scope->columns[i]->ref);
        if (add_table(load, raw, target->followers, &target->follower_count,
                      sizeof target->followers / sizeof *target->followers,
                      raw->made) != 0)
            return -1;
    }
    return 0;
}

static int note_brings(struct load *load, const struct raw_table *raw) {
    for (size_t i = 0; i < raw->made->data_count; i++) {
        const struct column *column = &raw->made->columns[i];
        if (!column->brings)
            continue;
        struct table *target = writable(load, column->ref);
        const size_t most = sizeof target->brought_by / sizeof *target->brought_by;
        if (target->brought_by_count == most)
            return load_fail_at(load, raw->path, raw->columns[i].line,
                                "more than %zu columns bring %s", most, target->name);
        target->brought_by[target->brought_by_count++] =
            (struct brought_by){.table = raw->made, .column = column};
    }
    return 0;
}

static int note_table(struct load *load, const struct raw_table *raw) {
    for (size_t i = 0; i < raw->made->scope_count; i++) {
        const struct scope_clause *scope = &raw->made->scope[i];
        if (scope->kind == SCOPE_CLAUSE_FOLLOWS && note_follows(load, raw, scope) != 0)
            return -1;
        if (scope->kind != SCOPE_CLAUSE_GRANTS)
            continue;
        struct table *child = writable(load, scope->child);
        if (add_table(load, raw, child->granted_through, &child->granted_through_count,
                      LIMIT_SCOPE_CLAUSES, raw->made) != 0)
            return -1;
    }
    return note_brings(load, raw);
}

int resolve_scopes(struct load *load) {
    for (size_t i = 0; i < load->table_count; i++)
        if (read_table_scopes(load, load->tables[i]) != 0)
            return -1;
    for (size_t i = 0; i < load->table_count; i++)
        if (note_table(load, load->tables[i]) != 0)
            return -1;
    return 0;
}
