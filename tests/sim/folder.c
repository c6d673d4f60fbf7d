/* Small files, whole. */
#include "tests/sim/folder.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { PATH_SIZE = 512 };

static void path_of(const char *folder, const char *name, char ret[PATH_SIZE]) {
    snprintf(ret, PATH_SIZE, "%s/%s", folder, name);
}

static bool read_file(const char *folder, const char *name, struct folder_copy *ret) {
    char path[PATH_SIZE];
    path_of(folder, name, path);
    if (ret->count == FOLDER_FILES || strlen(name) >= sizeof ret->files[0].name) {
        return false;
    }
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return false;
    }
    size_t at = ret->count++;
    snprintf(ret->files[at].name, sizeof ret->files[at].name, "%s", name);
    ret->files[at].size = fread(ret->files[at].data, 1, FOLDER_FILE, file);
    bool whole = fgetc(file) == EOF;
    fclose(file);
    return whole;
}

bool folder_read(const char *folder, struct folder_copy *ret) {
    DIR *list = opendir(folder);
    const struct dirent *entry;
    bool fine = list != NULL;
    ret->count = 0;
    while (fine && (entry = readdir(list)) != NULL) {
        if (entry->d_name[0] != '.') {
            fine = read_file(folder, entry->d_name, ret);
        }
    }
    if (list != NULL) {
        closedir(list);
    }
    return fine;
}

bool folder_write(const char *folder, const struct folder_copy *copy) {
    bool fine = true;
    folder_clear(folder);
    for (size_t i = 0; i < copy->count && fine; i++) {
        char path[PATH_SIZE];
        path_of(folder, copy->files[i].name, path);
        FILE *file = fopen(path, "wb");
        fine = file != NULL && fwrite(copy->files[i].data, 1, copy->files[i].size,
                                      file) == copy->files[i].size;
        fine = (file == NULL || fclose(file) == 0) && fine;
    }
    return fine;
}

void folder_clear(const char *folder) {
    DIR *list = opendir(folder);
    const struct dirent *entry;
    while (list != NULL && (entry = readdir(list)) != NULL) {
        char path[PATH_SIZE];
        if (entry->d_name[0] != '.') {
            path_of(folder, entry->d_name, path);
            unlink(path);
        }
    }
    if (list != NULL) {
        closedir(list);
    }
}
