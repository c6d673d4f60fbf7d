/*
 * The tables `touched` and `changed` that rules read.
 *
 * Both are eponymous virtual tables over arrays sorted by table, key and column, so that a
 * lookup by table and key is a binary search; column_name and a key without its table are filtered
 * while walking.
 */
#include "schema/rule_tables.h"

#include <string.h>

enum virtual_kind { VIRTUAL_TOUCHED, VIRTUAL_CHANGED };

struct virtual_table {
    sqlite3_vtab base;
    struct rule_tables *tables;
    enum virtual_kind kind;
};

struct cursor {
    sqlite3_vtab_cursor base;
    const struct entries *entries;
    size_t at;
    size_t end;
    bool by_key;
    struct bytes key; /* borrowed from the filter's argument: copied into key_room */
    uint8_t key_room[LIMIT_KEY_COLUMNS * 16];
    bool by_column;
    char column_name[LIMIT_NAME + 1];
};

enum { COLUMN_TABLE_NAME, COLUMN_ROW_KEY, COLUMN_THIRD, COLUMN_OLD };
enum { PLAN_TABLE = 1, PLAN_KEY = 2, PLAN_COLUMN = 4 };

static int connect(sqlite3 *db, void *context, enum virtual_kind kind, const char *ddl,
                   sqlite3_vtab **ret) {
    int rc = sqlite3_declare_vtab(db, ddl);
    if (rc != SQLITE_OK)
        return rc;
    struct virtual_table *table = sqlite3_malloc64(sizeof *table);
    if (!table)
        return SQLITE_NOMEM;
    *table = (struct virtual_table){.tables = context, .kind = kind};
    sqlite3_vtab_config(db, SQLITE_VTAB_INNOCUOUS);
    *ret = &table->base;
    return SQLITE_OK;
}

static int touched_connect(sqlite3 *db, void *context, int count,
                           const char *const *arguments, sqlite3_vtab **ret,
                           char **ret_message) {
    (void)count;
    (void)arguments;
    (void)ret_message;
    return connect(db, context, VIRTUAL_TOUCHED,
                   "create table x (table_name, row_key, op)", ret);
}

static int changed_connect(sqlite3 *db, void *context, int count,
                           const char *const *arguments, sqlite3_vtab **ret,
                           char **ret_message) {
    (void)count;
    (void)arguments;
    (void)ret_message;
    return connect(db, context, VIRTUAL_CHANGED,
                   "create table x (table_name, row_key, column_name, old_int, new_int,"
                   " old_text, new_text, old_blob, new_blob)",
                   ret);
}

static int disconnect(sqlite3_vtab *table) {
    sqlite3_free(table);
    return SQLITE_OK;
}

/* Which constraint a column of the table can serve, 0: none. */
static int plan_of(const struct virtual_table *table, int column) {
    if (column == COLUMN_TABLE_NAME)
        return PLAN_TABLE;
    if (column == COLUMN_ROW_KEY)
        return PLAN_KEY;
    return column == COLUMN_THIRD && table->kind == VIRTUAL_CHANGED ? PLAN_COLUMN : 0;
}

/* Arguments are passed in the order of the plan's bits: table, key, column. */
static int best_index(sqlite3_vtab *base, sqlite3_index_info *info) {
    const struct virtual_table *table = (const struct virtual_table *)base;
    int found[PLAN_COLUMN + 1];
    int plan = 0;
    for (int i = 0; i < info->nConstraint; i++) {
        int bit = plan_of(table, info->aConstraint[i].iColumn);
        if (!info->aConstraint[i].usable ||
            info->aConstraint[i].op != SQLITE_INDEX_CONSTRAINT_EQ || bit == 0 ||
            (plan & bit))
            continue;
        found[bit] = i;
        plan |= bit;
    }
    int argument = 1;
    for (int bit = PLAN_TABLE; bit <= PLAN_COLUMN; bit *= 2)
        if (plan & bit)
            info->aConstraintUsage[found[bit]].argvIndex = argument++;
    bool by_table = plan & PLAN_TABLE;
    bool by_key = plan & PLAN_KEY;
    info->idxNum = plan;
    info->estimatedCost = by_table && by_key ? 10 : by_table ? 200 : by_key ? 500 : 1000;
    info->estimatedRows = by_key ? 5 : by_table ? 100 : 1000;
    return SQLITE_OK;
}

static int cursor_open(sqlite3_vtab *base, sqlite3_vtab_cursor **ret) {
    struct virtual_table *table = (struct virtual_table *)base;
    struct cursor *cursor = sqlite3_malloc64(sizeof *cursor);
    if (!cursor)
        return SQLITE_NOMEM;
    memset(cursor, 0, sizeof *cursor);
    struct rule_tables *tables = table->tables;
    cursor->entries =
        table->kind == VIRTUAL_TOUCHED ? &tables->touched : &tables->changed;
    *ret = &cursor->base;
    return SQLITE_OK;
}

static int cursor_close(sqlite3_vtab_cursor *base) {
    sqlite3_free(base);
    return SQLITE_OK;
}

static int compare_place(const struct entry *entry, int table_number,
                         const struct bytes *key) {
    int difference = (int)entry->table->number - table_number;
    return difference || !key ? difference : bytes_compare(entry->key, *key);
}

int entry_compare(const void *a, const void *b) {
    const struct entry *first = a;
    const struct entry *second = b;
    int order = compare_place(first, second->table->number, &second->key);
    if (order || !first->cell)
        return order;
    return (int)first->cell->column->number - (int)second->cell->column->number;
}

/* The first entry that is not before (or, with `after`, the first that is behind) the place. */
static size_t bound(const struct entries *entries, int table_number,
                    const struct bytes *key, bool after) {
    size_t low = 0;
    size_t high = entries->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare_place(&entries->items[middle], table_number, key);
        if (order < 0 || (after && order == 0))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool filtered_out(const struct cursor *cursor) {
    const struct entry *entry = &cursor->entries->items[cursor->at];
    if (cursor->by_key && !bytes_equal(entry->key, cursor->key))
        return true;
    return cursor->by_column &&
           strcmp(entry->cell->column->name, cursor->column_name) != 0;
}

static void skip_filtered(struct cursor *cursor) {
    while (cursor->at < cursor->end && filtered_out(cursor))
        cursor->at++;
}

static bool read_key(struct cursor *cursor, sqlite3_value *argument) {
    struct value value = value_of_sqlite(argument);
    if (value.type != VALUE_BLOB || value.bytes.size > sizeof cursor->key_room)
        return false;
    memcpy(cursor->key_room, value.bytes.data, value.bytes.size);
    cursor->key = (struct bytes){cursor->key_room, value.bytes.size};
    return true;
}

static bool read_column_name(struct cursor *cursor, sqlite3_value *argument) {
    struct value value = value_of_sqlite(argument);
    if (value.type != VALUE_TEXT || value.bytes.size > LIMIT_NAME)
        return false;
    memcpy(cursor->column_name, value.bytes.data, value.bytes.size);
    cursor->column_name[value.bytes.size] = '\0';
    return true;
}

static int cursor_filter(sqlite3_vtab_cursor *base, int plan, const char *text, int count,
                         sqlite3_value **arguments) {
    (void)text;
    (void)count;
    struct cursor *cursor = (struct cursor *)base;
    const struct virtual_table *virtual = (const struct virtual_table *)base->pVtab;
    cursor->at = cursor->end = 0;
    cursor->by_key = plan & PLAN_KEY;
    cursor->by_column = plan & PLAN_COLUMN;
    const char *name =
        plan & PLAN_TABLE ? (const char *)sqlite3_value_text(*arguments++) : NULL;
    if ((cursor->by_key && !read_key(cursor, *arguments++)) ||
        (cursor->by_column && !read_column_name(cursor, *arguments++)))
        return SQLITE_OK; /* equal to nothing that can be there */
    if (plan & PLAN_TABLE) {
        const struct table *table =
            name ? catalogue_table(virtual->tables->catalogue, name) : NULL;
        if (!table)
            return SQLITE_OK;
        const struct bytes *key = cursor->by_key ? &cursor->key : NULL;
        cursor->at = bound(cursor->entries, table->number, key, false);
        cursor->end = bound(cursor->entries, table->number, key, true);
    } else {
        cursor->end = cursor->entries->count;
    }
    skip_filtered(cursor);
    return SQLITE_OK;
}

static int cursor_next(sqlite3_vtab_cursor *base) {
    struct cursor *cursor = (struct cursor *)base;
    cursor->at++;
    skip_filtered(cursor);
    return SQLITE_OK;
}

static int cursor_eof(sqlite3_vtab_cursor *base) {
    const struct cursor *cursor = (const struct cursor *)base;
    return cursor->at >= cursor->end;
}

static void result_value(sqlite3_context *sql, struct value value,
                         enum value_type wanted) {
    if (value.type != wanted)
        return; /* NULL */
    if (wanted == VALUE_INTEGER)
        sqlite3_result_int64(sql, value.integer);
    else if (wanted == VALUE_TEXT)
        sqlite3_result_text64(sql, (const char *)value.bytes.data, value.bytes.size,
                              SQLITE_TRANSIENT, SQLITE_UTF8);
    else
        sqlite3_result_blob64(sql, value.bytes.data, value.bytes.size, SQLITE_TRANSIENT);
}

static void result_third(sqlite3_context *sql, const struct entry *entry) {
    static const char *const words[] = {"", "insert", "update", "delete"};
    const char *text =
        entry->cell ? entry->cell->column->name : words[entry->row->operation];
    sqlite3_result_text(sql, text, -1, SQLITE_STATIC); /* the catalogue's, or constant */
}

static int cursor_column(sqlite3_vtab_cursor *base, sqlite3_context *sql, int column) {
    static const enum value_type types[] = {VALUE_INTEGER, VALUE_TEXT, VALUE_BLOB};
    const struct cursor *cursor = (const struct cursor *)base;
    const struct entry *entry = &cursor->entries->items[cursor->at];
    if (column == COLUMN_TABLE_NAME)
        sqlite3_result_text(sql, entry->table->name, -1, SQLITE_STATIC);
    else if (column == COLUMN_ROW_KEY)
        result_value(sql, value_blob(entry->key), VALUE_BLOB);
    else if (column == COLUMN_THIRD)
        result_third(sql, entry);
    else {
        int pair = column - COLUMN_OLD;
        struct value value = pair % 2 ? entry->cell->new_value : entry->cell->old_value;
        result_value(sql, value, types[pair / 2]);
    }
    return SQLITE_OK;
}

static int cursor_rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *ret) {
    *ret = (sqlite3_int64)((const struct cursor *)base)->at;
    return SQLITE_OK;
}

/* xCreate is NULL: eponymous only, nothing to create or drop. */
#define VIRTUAL_MODULE(connect_function)                                         \
    {                                                                            \
        .xConnect = (connect_function), .xBestIndex = best_index,                \
        .xDisconnect = disconnect, .xOpen = cursor_open, .xClose = cursor_close, \
        .xFilter = cursor_filter, .xNext = cursor_next, .xEof = cursor_eof,      \
        .xColumn = cursor_column, .xRowid = cursor_rowid                         \
    }

static const sqlite3_module touched_module = VIRTUAL_MODULE(touched_connect);
static const sqlite3_module changed_module = VIRTUAL_MODULE(changed_connect);

int rule_tables_register(sqlite3 *db, struct rule_tables *tables) {
    int rc = sqlite3_create_module(db, "touched", &touched_module, tables);
    return rc == SQLITE_OK ? sqlite3_create_module(db, "changed", &changed_module, tables)
                           : rc;
}

void rule_tables_unregister(sqlite3 *db) {
    sqlite3_create_module(db, "touched", NULL, NULL);
    sqlite3_create_module(db, "changed", NULL, NULL);
}
