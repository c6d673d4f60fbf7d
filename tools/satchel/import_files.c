/*
 * Finds the four files, reads them whole, knows each by its header. Anything wrong here ends the
 * import before it began.
 */
#include "tools/satchel/import.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct shape {
    const char *name;
    const char *columns[LIMIT_IMPORT_COLUMNS + 1];
};

static const struct shape shapes[IMPORT_FILES] = {
    [FILE_TEAMS] = {"sales_teams.csv", {"sales_agent", "manager", "regional_office"}},
    [FILE_PRODUCTS] = {"products.csv", {"product", "series", "sales_price"}},
    [FILE_ACCOUNTS] = {"accounts.csv",
                       {"account", "sector", "year_established", "revenue", "employees",
                        "office_location", "subsidiary_of"}},
    [FILE_PIPELINE] = {"sales_pipeline.csv",
                       {"opportunity_id", "sales_agent", "product", "account",
                        "deal_stage", "engage_date", "close_date", "close_value"}},
};

const char *import_file_name(enum import_file file) {
    return shapes[file].name;
}

const char *import_column_name(enum import_file file, int column) {
    return shapes[file].columns[column];
}

const char *import_field(const struct import *import, enum import_file file,
                         const struct sheet_row *row, int column) {
    return row->fields[import->columns[file][column]];
}

/* How many of the shape's columns the header has. */
static size_t matching_columns(const struct sheet *sheet, const struct shape *shape) {
    size_t count = 0;
    for (size_t i = 0; shape->columns[i] != NULL; i++)
        count += sheet_column(sheet, shape->columns[i]) >= 0;
    return count;
}

static size_t column_count(const struct shape *shape) {
    size_t count = 0;
    while (shape->columns[count] != NULL)
        count++;
    return count;
}

/* The shape that most of the header's columns belong to. */
static int recognise(const struct sheet *sheet, enum import_file *ret,
                     satchel_error *error) {
    size_t best = 0;
    for (int file = 0; file < IMPORT_FILES; file++) {
        size_t matching = matching_columns(sheet, &shapes[file]);
        bool whole = matching == column_count(&shapes[file]);
        if (matching * 2 + whole > best) {
            best = matching * 2 + whole;
            *ret = (enum import_file)file;
        }
    }
    if (best > 2)
        return 0;
    return problem_set(
        error, "csv.columns", sheet->path,
        "%s, line 1: these are no columns of accounts, products, sales teams or a "
        "sales pipeline; `satchel help import` lists them.",
        sheet->path);
}

static void list_columns(const struct shape *shape, char *ret_text, size_t size) {
    size_t used = 0;
    ret_text[0] = '\0';
    for (size_t i = 0; shape->columns[i] != NULL && used < size; i++)
        used += (size_t)snprintf(ret_text + used, size - used, "%s%s", i > 0 ? "," : "",
                                 shape->columns[i]);
}

static int check_columns(struct import *import, enum import_file file,
                         satchel_error *error) {
    const struct sheet *sheet = &import->sheets[file];
    const struct shape *shape = &shapes[file];
    char all[200];
    list_columns(shape, all, sizeof all);
    for (int i = 0; shape->columns[i] != NULL; i++) {
        int column = sheet_column(sheet, shape->columns[i]);
        if (column < 0)
            return problem_set(error, "csv.column_missing", shape->columns[i],
                               "%s, line 1: the column %s is missing; expected: %s.",
                               sheet->path, shape->columns[i], all);
        import->columns[file][i] = column;
    }
    return 0;
}

/* Takes over `sheet` as `file`. */
static int accept(struct import *import, enum import_file file, struct sheet *sheet,
                  satchel_error *error) {
    if (import->given[file]) {
        int rc = problem_set(error, "csv.twice", sheet->path, "%s and %s are both a %s.",
                             import->sheets[file].path, sheet->path, shapes[file].name);
        sheet_free(sheet);
        return rc;
    }
    import->sheets[file] = *sheet;
    import->given[file] = true;
    return check_columns(import, file, error);
}

static int read_folder(struct import *import, const char *folder, satchel_error *error) {
    for (int file = 0; file < IMPORT_FILES; file++) {
        size_t size = strlen(folder) + strlen(shapes[file].name) + 2;
        char *path = arena_alloc(&import->arena, size);
        if (path == NULL)
            return problem_out_of_memory(error);
        snprintf(path, size, "%s/%s", folder, shapes[file].name);
        struct sheet sheet;
        if (sheet_read(path, &sheet, error) != 0 ||
            accept(import, (enum import_file)file, &sheet, error) != 0)
            return -1;
    }
    return 0;
}

static int read_one(struct import *import, const char *path, satchel_error *error) {
    struct sheet sheet;
    enum import_file file = FILE_TEAMS;
    if (sheet_read(path, &sheet, error) != 0)
        return -1;
    if (recognise(&sheet, &file, error) != 0) {
        sheet_free(&sheet);
        return -1;
    }
    return accept(import, file, &sheet, error);
}

int import_read_files(struct import *import, const char *const *words, size_t count,
                      satchel_error *error) {
    struct stat status;
    if (count == 1 && stat(words[0], &status) == 0 && S_ISDIR(status.st_mode))
        return read_folder(import, words[0], error);
    for (size_t i = 0; i < count; i++)
        if (read_one(import, words[i], error) != 0)
            return -1;
    return 0;
}
