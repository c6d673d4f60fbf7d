/*
 * The covers of tables as SQL, from the @scope clauses of the catalogue. What a clause means is decided at headquarters
 * (server/placing.c); here the same is said of rows that this station holds. A row that makes another one visible is
 * itself visible to the person, so that it is here too.
 */
#include "client-core/visible.h"

bool visible_covers(const struct table *table) {
    return !table->org;
}

/* --- clauses ---------------------------------------------------------------------------------------- */

/* Of a table with a key of one column. */
static const char *key_of(const struct table *table) {
    return table->key[0]->name;
}

static void put_grants(const struct scope_clause *clause, const struct table *table,
                       struct buffer *sql) {
    buffer_printf(sql,
                  "exists (select 1 from main.\"%s\" as g where g.\"%s\" = t.\"%s\""
                  " and g.\"%s\" in temp.seen_user%s)",
                  clause->child->name, clause->child_parent->name, key_of(table),
                  clause->child_user->name,
                  clause->child->soft_delete ? " and g.deleted_at is null" : "");
}

/* As the row that the first column that is set points at. */
static void put_follows(const struct scope_clause *clause, struct buffer *sql) {
    for (size_t i = 0; i < clause->column_count; i++) {
        const struct column *column = clause->columns[i];
        buffer_printf(sql, "%s(", i ? " or " : "");
        for (size_t before = 0; before < i; before++)
            buffer_printf(sql, "t.\"%s\" is null and ", clause->columns[before]->name);
        buffer_printf(sql,
                      "exists (select 1 from \"%s\" as f where f.\"%s\" = t.\"%s\"))",
                      column->ref->name, key_of(column->ref), column->name);
    }
}

static void put_clause(const struct scope_clause *clause, const struct table *table,
                       struct buffer *sql) {
    switch (clause->kind) {
    case SCOPE_CLAUSE_ORG: /* such a table has no cover */
    case SCOPE_CLAUSE_HQ:  /* who sees that sees everything, without covers */
        buffer_printf(sql, "0");
        return;
    case SCOPE_CLAUSE_USER:
        buffer_printf(sql, "t.\"%s\" in temp.seen_user", clause->columns[0]->name);
        return;
    case SCOPE_CLAUSE_BRANCH:
        buffer_printf(sql, "t.\"%s\" in temp.seen_branch", clause->columns[0]->name);
        return;
    case SCOPE_CLAUSE_POOL:
        buffer_printf(sql, "(t.\"%s\" is null and t.\"%s\" in temp.seen_pool)",
                      clause->columns[1]->name, clause->columns[0]->name);
        return;
    case SCOPE_CLAUSE_FOLLOWS:
        put_follows(clause, sql);
        return;
    case SCOPE_CLAUSE_GRANTS:
        put_grants(clause, table, sql);
        return;
    }
}

/* Rows that the transaction at hand wrote. */
static void put_own(const struct table *table, const char *row, struct buffer *sql) {
    buffer_printf(sql, "exists (select 1 from temp.seen_own as w where w.number = %u",
                  table->number);
    for (size_t i = 0; i < table->key_count; i++)
        buffer_printf(sql, " and w.key%zu = %s.\"%s\"", i + 1, row, table->key[i]->name);
    buffer_printf(sql, ")");
}

static void put_view(const struct table *table, bool writing, struct buffer *sql) {
    buffer_printf(sql,
                  "create temp view \"%s\" as select t.* from main.\"%s\" as t where ",
                  table->name, table->name);
    for (size_t i = 0; i < table->scope_count; i++) {
        buffer_printf(sql, "%s", i ? " or " : "");
        put_clause(&table->scope[i], table, sql);
    }
    /* Whoever sees a row that brings this one sees this one. The dearest question comes last. */
    for (size_t i = 0; i < table->brought_by_count; i++)
        buffer_printf(sql,
                      " or exists (select 1 from \"%s\" as b where b.\"%s\" = t.\"%s\")",
                      table->brought_by[i].table->name, table->brought_by[i].column->name,
                      key_of(table));
    if (writing) {
        buffer_printf(sql, " or ");
        put_own(table, "t", sql);
    }
    buffer_printf(sql, ";");
}

/* --- triggers ----------------------------------------------------------------------------------------- */

static void put_note(const struct table *table, struct buffer *sql) {
    buffer_printf(sql, " insert or ignore into seen_own values (%u", table->number);
    for (size_t i = 0; i < LIMIT_KEY_COLUMNS; i++) {
        if (i < table->key_count)
            buffer_printf(sql, ", new.\"%s\"", table->key[i]->name);
        else
            buffer_printf(sql, ", x''");
    }
    buffer_printf(sql, ");");
}

/* A row that is there but that the person may not see is not pointed at. One that is not there at all is
 * headquarters' to judge, as it is on a station of his own; so is where a row pointed before: whoever lets go of a
 * row may lose sight of what it points at. */
static void put_references(const struct table *table, bool update, struct buffer *sql) {
    for (size_t i = 0; i < table->data_count; i++) {
        const struct column *column = &table->columns[i];
        if (!column->ref || !visible_covers(column->ref))
            continue;
        const char *target = column->ref->name;
        const char *key = key_of(column->ref);
        buffer_printf(sql,
                      " select require(0, 'scope.parent', '%s', '%s.%s names a %s that"
                      " this person may not see')"
                      " where exists (select 1 from main.\"%s\" as r where r.\"%s\" ="
                      " new.\"%s\") and not exists (select 1 from \"%s\" as r where"
                      " r.\"%s\" = new.\"%s\")",
                      column->name, table->name, column->name, target, target, key,
                      column->name, target, key, column->name);
        if (update)
            buffer_printf(sql, " and new.\"%s\" is not old.\"%s\"", column->name,
                          column->name);
        buffer_printf(sql, ";");
    }
}

static void put_unseen(const struct table *table, struct buffer *sql) {
    buffer_printf(
        sql,
        " select require(0, 'scope.row', '%s', 'this person may not see that %s')"
        " where not exists (select 1 from \"%s\" as r where",
        table->name, table->name, table->name);
    for (size_t i = 0; i < table->key_count; i++)
        buffer_printf(sql, "%s r.\"%s\" = old.\"%s\"", i ? " and" : "",
                      table->key[i]->name, table->key[i]->name);
    buffer_printf(sql, ");");
}

static void put_triggers(const struct table *table, struct buffer *sql) {
    buffer_printf(sql,
                  "create temp trigger \"seen_insert_%s\" before insert on main.\"%s\""
                  " begin",
                  table->name, table->name);
    put_references(table, false, sql);
    buffer_printf(sql, " select 1; end;");
    buffer_printf(sql,
                  "create temp trigger \"seen_inserted_%s\" after insert on main.\"%s\""
                  " begin",
                  table->name, table->name);
    put_note(table, sql);
    buffer_printf(sql,
                  " end;create temp trigger \"seen_update_%s\" before update on"
                  " main.\"%s\" begin",
                  table->name, table->name);
    put_unseen(table, sql);
    put_note(table, sql);
    put_references(table, true, sql);
    buffer_printf(sql, " end;");
}

void visible_put_schema(const struct catalogue *catalogue, bool writing,
                        struct buffer *sql) {
    static const char *const kinds[] = {"user", "branch", "pool"};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        buffer_printf(sql,
                      "create temp table seen_%s (id blob not null primary key)"
                      " without rowid;",
                      kinds[i]);
    buffer_printf(sql, "create temp table seen_for (user_id blob, all_rows integer,"
                       " data_version integer, changes integer);");
    if (writing)
        buffer_printf(sql,
                      "create temp table seen_own (number integer not null, key1 blob"
                      " not null, key2 blob not null, key3 blob not null, key4 blob"
                      " not null, primary key (number, key1, key2, key3, key4))"
                      " without rowid;");
    for (size_t i = 0; i < catalogue->table_count; i++) {
        const struct table *table = &catalogue->tables[i];
        if (!visible_covers(table))
            continue;
        put_view(table, writing, sql);
        if (writing)
            put_triggers(table, sql);
    }
}
