/*
 * The lists that the steps of an import share: items, rows set aside, mendings.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/satchel/import.h"

struct import_item *import_add_item(struct import *import, enum import_kind kind,
                                    enum import_file file, const struct sheet_row *row,
                                    const char *key) {
    struct import_items *list = &import->items[kind];
    if (list->count == list->capacity) {
        size_t capacity = list->capacity == 0 ? 64 : list->capacity * 2;
        struct import_item *items = realloc(list->items, capacity * sizeof *items);
        if (items == NULL)
            return NULL;
        list->items = items;
        list->capacity = capacity;
    }
    if (!name_map_add(&import->names[kind], key, NULL))
        return NULL;
    struct import_item *item = &list->items[list->count++];
    *item = (struct import_item){
        .file = file, .row = row, .key = key, .values = node_object()};
    return item;
}

static struct import_problem *add_problem(struct import *import) {
    if (import->problem_count == import->problem_capacity) {
        size_t capacity =
            import->problem_capacity == 0 ? 64 : import->problem_capacity * 2;
        struct import_problem *problems =
            realloc(import->problems, capacity * sizeof *problems);
        if (problems == NULL)
            return NULL;
        import->problems = problems;
        import->problem_capacity = capacity;
    }
    return &import->problems[import->problem_count++];
}

int import_set_aside(struct import *import, enum import_file file,
                     const struct sheet_row *row, const char *field, const char *value,
                     const char *code, const char *format, ...) {
    static const enum import_kind kinds[IMPORT_FILES] = {
        [FILE_TEAMS] = KIND_PERSON,
        [FILE_PRODUCTS] = KIND_PRODUCT,
        [FILE_ACCOUNTS] = KIND_CUSTOMER,
        [FILE_PIPELINE] = KIND_OPPORTUNITY,
    };
    struct import_problem *problem = add_problem(import);
    if (problem == NULL)
        return -1;
    char message[sizeof problem->error.message];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    *problem =
        (struct import_problem){.file = file, .row = row, .field = field, .value = value};
    problem_set(&problem->error, code, field, "%s", message);
    import->counts[kinds[file]].set_aside++;
    return 0;
}

/* The column of the file that a command's parameter came from, for the error file. */
static const char *column_of(enum import_file file, const char *parameter) {
    static const struct {
        enum import_file file;
        const char *parameter, *column;
    } columns[] = {
        {FILE_TEAMS, "name", "sales_agent"},
        {FILE_TEAMS, "branch", "regional_office"},
        {FILE_PRODUCTS, "key", "product"},
        {FILE_PRODUCTS, "list_price", "sales_price"},
        {FILE_ACCOUNTS, "key", "account"},
        {FILE_ACCOUNTS, "industry", "sector"},
        {FILE_ACCOUNTS, "country", "office_location"},
        {FILE_ACCOUNTS, "established_year", "year_established"},
        {FILE_ACCOUNTS, "parent", "subsidiary_of"},
        {FILE_PIPELINE, "key", "opportunity_id"},
        {FILE_PIPELINE, "owner", "sales_agent"},
        {FILE_PIPELINE, "customer", "account"},
        {FILE_PIPELINE, "stage", "deal_stage"},
        {FILE_PIPELINE, "engaged_on", "engage_date"},
        {FILE_PIPELINE, "closed_on", "close_date"},
        {FILE_PIPELINE, "amount", "close_value"},
    };
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        if (columns[i].file == file && strcmp(columns[i].parameter, parameter) == 0)
            return columns[i].column;
    return NULL;
}

static const char *value_of(const struct import *import, enum import_file file,
                            const struct sheet_row *row, const char *column) {
    int place = column != NULL ? sheet_column(&import->sheets[file], column) : -1;
    return place >= 0 && (size_t)place < row->field_count ? row->fields[place] : NULL;
}

int import_set_aside_item(struct import *import, struct import_item *item,
                          const satchel_error *error) {
    const char *column = column_of(item->file, error->field);
    const char *field = column != NULL ? column : error->field;
    char *copy = arena_text(&import->arena, field, strlen(field));
    if (copy == NULL)
        return -1;
    item->outcome = OUTCOME_SET_ASIDE;
    return import_set_aside(import, item->file, item->row, copy,
                            value_of(import, item->file, item->row, column), error->code,
                            "%s", error->message);
}

void import_note(struct import *import, const char *field, const char *from,
                 const char *to) {
    for (size_t i = 0; i < import->note_count; i++) {
        struct import_note *note = &import->notes[i];
        if (strcmp(note->field, field) == 0 && strcmp(note->from, from) == 0) {
            note->count++;
            return;
        }
    }
    if (import->note_count < LIMIT_IMPORT_NOTES)
        import->notes[import->note_count++] =
            (struct import_note){.field = field, .from = from, .to = to, .count = 1};
}

const char *import_find(struct import *import, enum import_kind kind, const char *field,
                        const char *text) {
    const struct name_map_entry *entry = name_map_find(&import->names[kind], text);
    const char *name = entry != NULL ? entry->name : NULL;
    if (name ==
        NULL) { /* what the station has is asked anew later, so its name is copied */
        entry = name_map_find(&import->known[kind].by_key, text);
        name = entry != NULL
                   ? arena_text(&import->arena, entry->name, strlen(entry->name))
                   : NULL;
    }
    if (name != NULL && strcmp(name, text) != 0)
        import_note(import, field, text, name);
    return name;
}

struct import_item *import_item_of(const struct import *import, enum import_kind kind,
                                   const char *key) {
    const struct name_map_entry *entry = name_map_find(&import->names[kind], key);
    return entry != NULL ? (struct import_item *)(uintptr_t)entry->value : NULL;
}

void import_free(struct import *import) {
    for (int kind = 0; kind < IMPORT_KINDS; kind++) {
        struct import_items *list = &import->items[kind];
        for (size_t i = 0; i < list->count; i++)
            node_release(list->items[i].values);
        free(list->items);
        name_map_free(&import->names[kind]);
        import_known_free(&import->known[kind]);
    }
    name_map_free(&import->industries);
    name_map_free(&import->countries);
    name_map_free(&import->stages);
    for (int file = 0; file < IMPORT_FILES; file++)
        sheet_free(&import->sheets[file]);
    free(import->problems);
    free(import->error_path);
    arena_free(&import->arena);
}
