/*
 * Constraints that a command's SQL broke, told by column.
 */
#include "client-core/constraint.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { NAME_SIZE = 64 };

/* What stands behind "CHECK constraint failed: " and the like. */
static const char *after_colon(const char *text) {
    const char *colon = strstr(text, ": ");
    return colon ? colon + 2 : text;
}

static bool is_word(char c) {
    return isalnum((unsigned char)c) || c == '_';
}

/* The next identifier of `text`, which is moved behind it; false at the end. */
static bool next_name(const char **text, char ret[NAME_SIZE]) {
    const char *at = *text;
    while (*at && !is_word(*at))
        at++;
    size_t size = 0;
    for (; is_word(*at); at++)
        if (size + 1 < NAME_SIZE)
            ret[size++] = *at;
    ret[size] = '\0';
    *text = at;
    return size > 0;
}

static bool is_column_of_written(const struct replica *replica,
                                 const struct prepared_command *command,
                                 const char *name) {
    const struct catalogue *catalogue = replica->catalogue;
    for (size_t i = 0; i < catalogue->table_count; i++)
        if (table_set_has(&command->writes, catalogue->tables[i].number) &&
            table_column(&catalogue->tables[i], name))
            return true;
    return false;
}

static int refuse_check(const struct replica *replica,
                        const struct prepared_command *command, const char *rule,
                        struct error *error) {
    char name[NAME_SIZE];
    const char *rest = rule;
    while (next_name(&rest, name))
        if (is_column_of_written(replica, command, name))
            return error_set(error, "value.invalid", name,
                             "%s does not accept this value (%s).", name, rule);
    return error_set(error, "value.invalid", "", "%s does not accept these values (%s).",
                     command->operation->name, rule);
}

/* `place` is "table.column". */
static int refuse_null(const char *place, struct error *error) {
    const char *dot = strchr(place, '.');
    const char *column = dot ? dot + 1 : place;
    return error_set(error, "value.missing", column, "%s is missing: it needs a value.",
                     column);
}

/* `places` is "table.column", or several with commas between for a key of several columns. */
static int refuse_taken(const char *places, struct error *error) {
    char table[NAME_SIZE];
    next_name(&places, table);
    return error_set(error, "row.exists", "id", "There is a %s with this id already.",
                     table);
}

int constraint_refuse(struct replica *replica, const struct prepared_command *command,
                      struct error *error) {
    const char *what = after_colon(sqlite3_errmsg(replica->db));
    switch (sqlite3_extended_errcode(replica->db)) {
    case SQLITE_CONSTRAINT_CHECK:
        return refuse_check(replica, command, what, error);
    case SQLITE_CONSTRAINT_NOTNULL:
        return refuse_null(what, error);
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_ROWID:
        return refuse_taken(what, error);
    default:
        return error_from_sqlite(error, replica->db, command->operation->name);
    }
}
