/*
 * What the import did, in a table; what it mended and by which rule; and the rows set aside as a file that
 * says what is wrong with each and holds it whole.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema/base/limits.h"
#include "tools/satchel/csv_write.h"
#include "tools/satchel/import.h"
#include "tools/satchel/table.h"

/* The row as it would stand in its file. */
static void write_row(FILE *file, const struct sheet_row *row) {
    char *text = NULL;
    size_t size = 0;
    FILE *line = open_memstream(&text, &size);
    if (line == NULL)
        return;
    for (size_t i = 0; i < row->field_count; i++) {
        if (i > 0)
            putc(',', line);
        csv_write_raw_cell(line, row->fields[i]);
    }
    fclose(line);
    csv_write_raw_cell(file, text != NULL ? text : "");
    free(text);
}

static void write_problem(FILE *file, const struct import *import,
                          const struct import_problem *problem) {
    csv_write_cell(file, import->sheets[problem->file].path);
    fprintf(file, ",%zu,", problem->row->line);
    csv_write_cell(file, problem->field);
    putc(',', file);
    csv_write_cell(file, problem->value != NULL ? problem->value : "");
    putc(',', file);
    csv_write_cell(file, problem->error.code);
    putc(',', file);
    csv_write_cell(file, problem->error.message);
    putc(',', file);
    write_row(file, problem->row);
    putc('\n', file);
}

int import_write_errors(struct import *import, satchel_error *error) {
    if (import->problem_count == 0)
        return 0;
    const char *path = import->options.error_path;
    FILE *file = fopen(path, "w");
    if (file == NULL)
        return problem_set(
            error, "import.error_file", "--errors",
            "The file for rows set aside, %s, cannot be written; choose another with "
            "--errors FILE.",
            path);
    fputs("file,line,field,value,code,message,row\n", file);
    for (size_t i = 0; i < import->problem_count; i++)
        write_problem(file, import, &import->problems[i]);
    bool failed = ferror(file) != 0;
    failed = fclose(file) != 0 || failed;
    if (failed)
        return problem_set(error, "import.error_file", "--errors",
                           "%s was not written whole.", path);
    import->error_path = strdup(path);
    return 0;
}

/* --- for programs ----------------------------------------------------------------------------- */

static struct node *counts_json(const struct import_counts *counts) {
    struct node *object = node_object();
    node_set_integer(object, "made", counts->made);
    node_set_integer(object, "changed", counts->changed);
    node_set_integer(object, "unchanged", counts->unchanged);
    node_set_integer(object, "rejected", counts->set_aside);
    return object;
}

static struct node *notes_json(const struct import *import) {
    struct node *array = node_array();
    for (size_t i = 0; i < import->note_count; i++) {
        struct node *object = node_object();
        node_set_text(object, "field", import->notes[i].field);
        node_set_text(object, "from", import->notes[i].from);
        node_set_text(object, "to", import->notes[i].to);
        node_set_integer(object, "count", (int64_t)import->notes[i].count);
        node_append(array, object);
    }
    return array;
}

static void print_json(const struct import *import) {
    struct node *object = node_object();
    for (int kind = 0; kind < IMPORT_KINDS; kind++)
        node_set(object, import_kind_plural((enum import_kind)kind),
                 counts_json(&import->counts[kind]));
    node_set(object, "mended", notes_json(import));
    node_set_integer(object, "rejected", (int64_t)import->problem_count);
    node_set_text(object, "errors_file", import->error_path);
    char *text = node_write(object);
    puts(text != NULL ? text : "{}");
    node_free_text(text);
    node_release(object);
}

/* --- for people --------------------------------------------------------------------------------- */

static void print_counts(const struct import *import) {
    struct node *rows = node_array();
    for (int kind = 0; kind < IMPORT_KINDS; kind++) {
        const struct import_counts *counts = &import->counts[kind];
        struct node *row = node_object();
        node_set_text(row, "kind", import_kind_plural((enum import_kind)kind));
        node_set_integer(row, import->options.dry_run ? "would_be_made" : "made",
                         counts->made);
        node_set_integer(row, import->options.dry_run ? "known" : "changed",
                         counts->changed);
        node_set_integer(row, "unchanged", counts->unchanged);
        node_set_integer(row, "set_aside", counts->set_aside);
        node_append(rows, row);
    }
    const struct table_reader reader = {"", NULL, false};
    table_print(rows, &reader);
    node_release(rows);
}

static void print_notes(const struct import *import) {
    if (import->note_count > 0)
        puts("\nMended:");
    for (size_t i = 0; i < import->note_count; i++) {
        const struct import_note *note = &import->notes[i];
        if (note->to != NULL)
            printf("  %s \"%s\" read as \"%s\", %zu time%s\n", note->field, note->from,
                   note->to, note->count, note->count == 1 ? "" : "s");
        else
            printf("  %s \"%s\" is not a known one; kept as it is, %zu time%s\n",
                   note->field, note->from, note->count, note->count == 1 ? "" : "s");
    }
    for (int file = 0; file < IMPORT_FILES; file++)
        if (import->sheets[file].gb18030)
            printf("  %s was read as GB18030\n", import->sheets[file].path);
}

static void print_problems(const struct import *import) {
    enum { SHOWN = 5 };
    if (import->problem_count == 0)
        return;
    printf("\n%zu row%s set aside", import->problem_count,
           import->problem_count == 1 ? " was" : "s were");
    if (import->error_path != NULL)
        printf("; %s says why and holds them", import->error_path);
    puts(":");
    for (size_t i = 0; i < import->problem_count && i < SHOWN; i++) {
        const struct import_problem *problem = &import->problems[i];
        printf("  %s, line %zu%s%s: %s (%s)\n", import->sheets[problem->file].path,
               problem->row->line, problem->field[0] != '\0' ? ", " : "", problem->field,
               problem->error.message, problem->error.code);
    }
    if (import->problem_count > SHOWN)
        printf("  … and %zu more\n", import->problem_count - SHOWN);
}

void import_print_report(const struct import *import, bool json) {
    if (json) {
        print_json(import);
        return;
    }
    print_counts(import);
    print_notes(import);
    print_problems(import);
}
