/*
 * A fuzz target without libFuzzer: runs it with every file named, and every file of every folder named.
 *
 *   fuzz-NAME FILE|FOLDER...      prints how many there were; fails when there were none
 *   fuzz-NAME --seeds FOLDER      writes the first inputs of a corpus there
 */
#include <dirent.h>
#include <limits.h>
#include <sys/stat.h>

#include "tests/fuzz/fuzz.h"

enum { INPUT_MAXIMUM = 1 << 20 };

static int run_file(const char *path) {
    struct buffer input = buffer_make(INPUT_MAXIMUM);
    uint8_t chunk[4096];
    size_t size;
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        fprintf(stderr, "%s cannot be read\n", path);
        return -1;
    }
    while ((size = fread(chunk, 1, sizeof chunk, file)) > 0) {
        buffer_append(&input, chunk, size);
    }
    fclose(file);
    /* A copy of the very size, so that a sanitizer sees what is read beyond it. */
    uint8_t *data = malloc(input.size ? input.size : 1);
    if (data == NULL || input.failed) {
        free(data);
        buffer_free(&input);
        fprintf(stderr, "%s is too large\n", path);
        return -1;
    }
    if (input.size > 0) {
        memcpy(data, input.data, input.size);
    }
    LLVMFuzzerTestOneInput(data, input.size);
    free(data);
    buffer_free(&input);
    return 0;
}

static int run_folder(const char *path, int *count) {
    DIR *folder = opendir(path);
    const struct dirent *entry;
    int rc = folder ? 0 : -1;
    while (rc == 0 && (entry = readdir(folder)) != NULL) {
        char name[PATH_MAX];
        if (entry->d_name[0] == '.') {
            continue;
        }
        snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
        rc = run_file(name);
        ++*count;
    }
    if (folder != NULL) {
        closedir(folder);
    }
    return rc;
}

struct seeds {
    const char *folder;
    int count;
};

static void write_seed(void *context, struct bytes input) {
    struct seeds *seeds = context;
    char name[PATH_MAX];
    snprintf(name, sizeof name, "%s/seed-%03d", seeds->folder, ++seeds->count);
    FILE *file = fopen(name, "wb");
    FUZZ_MUST(file != NULL);
    FUZZ_MUST(fwrite(input.data, 1, input.size, file) == input.size);
    FUZZ_MUST(fclose(file) == 0);
}

int main(int count, char **arguments) {
    int inputs = 0;
    if (count == 3 && strcmp(arguments[1], "--seeds") == 0) {
        struct seeds seeds = {arguments[2], 0};
        fuzz_seeds(write_seed, &seeds);
        printf("%d seeds\n", seeds.count);
        return 0;
    }
    for (int i = 1; i < count; i++) {
        struct stat found;
        bool folder = stat(arguments[i], &found) == 0 && S_ISDIR(found.st_mode);
        if (folder ? run_folder(arguments[i], &inputs) : run_file(arguments[i])) {
            return 1;
        }
        inputs += folder ? 0 : 1;
    }
    printf("%d inputs\n", inputs);
    return inputs > 0 ? 0 : 1;
}
