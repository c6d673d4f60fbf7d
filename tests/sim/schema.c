/* The simulator's schema, put together of its own files and the engine's. */
#include "tests/sim/schema.h"

#include <string.h>

extern const struct embedded_file sim_files[];
extern const size_t sim_file_count;

enum { FILES_MAX = 32 };

static int compare_paths(const struct embedded_file *a, const struct embedded_file *b) {
    return strcmp(a->path, b->path);
}

static void add_sorted(struct embedded_file *files, size_t *count,
                       const struct embedded_file *file) {
    size_t place = *count;
    while (place > 0 && compare_paths(&files[place - 1], file) > 0) {
        files[place] = files[place - 1];
        place--;
    }
    files[place] = *file;
    (*count)++;
}

void sim_schema(int version, const struct embedded_file **ret_files, size_t *ret_count) {
    static struct embedded_file files[FILES_MAX];
    static size_t count;
    (void)version; /* both have the same files until stations of two versions meet */
    if (count == 0) {
        for (size_t i = 0; i < sim_file_count && count < FILES_MAX; i++)
            add_sorted(files, &count, &sim_files[i]);
        for (size_t i = 0; i < embedded_file_count && count < FILES_MAX; i++)
            if (strcmp(embedded_files[i].path, "tables/engine.sql") == 0)
                add_sorted(files, &count, &embedded_files[i]);
    }
    *ret_files = files;
    *ret_count = count;
}
