/* The simulator's schema, put together of its own files and the engine's. */
#include "tests/sim/schema.h"

#include <stdio.h>
#include <string.h>

#include "schema/catalogue.h"

extern const struct embedded_file sim_files[];
extern const size_t sim_file_count;

enum { FILES_MAX = 32, FORMER_SIZE = 32768 };

struct schema_files {
    struct embedded_file files[FILES_MAX];
    size_t count;
};

static int compare_paths(const struct embedded_file *a, const struct embedded_file *b) {
    return strcmp(a->path, b->path);
}

static void add_sorted(struct schema_files *to, const struct embedded_file *file) {
    size_t place = to->count;
    while (place > 0 && compare_paths(&to->files[place - 1], file) > 0) {
        to->files[place] = to->files[place - 1];
        place--;
    }
    to->files[place] = *file;
    to->count++;
}

/* The former version had no line that says since when it is there, and none of the files of what came later. */
static bool was_there(const struct embedded_file *file) {
    return strstr(file->path, "/later.sql") == NULL;
}

static struct embedded_file former(const struct embedded_file *file) {
    static char room[FORMER_SIZE];
    static size_t used;
    struct embedded_file ret = *file;
    char since[16];
    char *begin = room + used;
    const char *end = file->text + file->size;
    snprintf(since, sizeof since, "@since %d", SCHEMA_VERSION);
    for (const char *line = file->text; line < end;) {
        const char *next = memchr(line, '\n', (size_t)(end - line));
        size_t size = next ? (size_t)(next + 1 - line) : (size_t)(end - line);
        const char *said = strstr(line, since);
        bool later = said && said < line + size;
        if (!later && used + size < sizeof room) {
            memcpy(room + used, line, size);
            used += size;
        }
        line += size;
    }
    ret.text = begin;
    ret.size = (size_t)(room + used - begin);
    room[used++] = '\0';
    return ret;
}

static void fill(struct schema_files *to, bool present) {
    for (size_t i = 0; i < sim_file_count && to->count < FILES_MAX; i++) {
        struct embedded_file file = sim_files[i];
        if (!present && !was_there(&file))
            continue;
        if (!present && strncmp(file.path, "tables/", 7) == 0)
            file = former(&file);
        add_sorted(to, &file);
    }
    for (size_t i = 0; i < embedded_file_count && to->count < FILES_MAX; i++)
        if (strcmp(embedded_files[i].path, "tables/engine.sql") == 0)
            add_sorted(to, &embedded_files[i]);
}

void sim_schema(int version, const struct embedded_file **ret_files, size_t *ret_count) {
    static struct schema_files versions[2];
    bool present = version >= SCHEMA_VERSION;
    struct schema_files *files = &versions[present];
    if (files->count == 0)
        fill(files, present);
    *ret_files = files->files;
    *ret_count = files->count;
}
