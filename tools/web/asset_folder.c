/*
 * What a request names is looked up among what was read, never on the disk.
 */
#include "tools/web/asset_folder.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "schema/base/bytes.h"

enum {
    LIMIT_FILES = 2000,
    LIMIT_FILE = 32 * 1024 * 1024,
    LIMIT_ALL = 256 * 1024 * 1024,
    LIMIT_DEPTH = 8,
    PATH = 4096,
    STEP = 64 * 1024
};

struct asset_folder {
    struct arena arena;
    size_t count;
    struct app_asset assets[LIMIT_FILES];
};

static const char *type_of(const char *path) {
    static const char *const types[][2] = {
        {".html", "text/html; charset=utf-8"},
        {".js", "text/javascript; charset=utf-8"},
        {".css", "text/css; charset=utf-8"},
        {".json", "application/json"},
        {".webmanifest", "application/manifest+json"},
        {".svg", "image/svg+xml"},
        {".png", "image/png"},
        {".ico", "image/x-icon"},
        {".woff2", "font/woff2"},
    };
    const char *ending = strrchr(path, '.');
    for (size_t i = 0; ending != NULL && i < sizeof types / sizeof *types; i++)
        if (strcmp(types[i][0], ending) == 0)
            return types[i][1];
    return "application/octet-stream";
}

static int read_file(const char *path, struct buffer *ret, struct error *error) {
    FILE *file = fopen(path, "rbe");
    if (file == NULL)
        return error_from_system(error, "web.assets", NULL, "assets", errno,
                                 "cannot read", path);
    size_t got = STEP;
    while (got == STEP) {
        uint8_t *room = buffer_extend(ret, STEP);
        got = room != NULL ? fread(room, 1, STEP, file) : 0;
        ret->size -= room != NULL ? STEP - got : 0;
    }
    bool failed = ferror(file) != 0 || ret->failed;
    (void)fclose(file);
    return failed ? error_set(error, "web.assets", "assets",
                              "%.300s cannot be read, or is larger than %d bytes", path,
                              LIMIT_FILE)
                  : 0;
}

static int add_file(struct asset_folder *folder, const char *path, const char *name,
                    struct error *error) {
    struct buffer content = buffer_make(LIMIT_FILE);
    struct app_asset *asset = &folder->assets[folder->count];
    if (folder->count == LIMIT_FILES)
        return error_set(error, "web.assets", "assets", "there are more than %d files",
                         LIMIT_FILES);
    int failed = read_file(path, &content, error);
    if (!failed) {
        struct bytes kept = arena_copy(&folder->arena, buffer_bytes(&content));
        asset->path = arena_text(&folder->arena, name, strlen(name));
        asset->data = kept.data;
        asset->size = kept.size;
        asset->type = type_of(name);
        failed = kept.data == NULL || asset->path == NULL
                     ? error_set(error, "web.assets", "assets",
                                 "the files are larger than %d bytes", LIMIT_ALL)
                     : 0;
    }
    folder->count += failed ? 0 : 1;
    buffer_free(&content);
    return failed;
}

/* `name`: of the folder below the first, with a slash at its end, or "". */
static int read_folder(struct asset_folder *folder, const char *path, const char *name,
                       int depth, struct error *error) {
    DIR *listing = opendir(path);
    struct dirent *entry = NULL;
    int failed = 0;
    if (listing == NULL)
        return error_from_system(error, "web.assets", NULL, "assets", errno,
                                 "cannot read", path);
    while (!failed && (entry = readdir(listing)) != NULL) {
        char file_path[PATH];
        char file_name[PATH];
        struct stat status;
        if (entry->d_name[0] == '.')
            continue;
        int path_size = snprintf(file_path, PATH, "%s/%s", path, entry->d_name);
        int name_size = snprintf(file_name, PATH, "%s%s", name, entry->d_name);
        if (path_size >= PATH || name_size >= PATH - 1 || stat(file_path, &status) != 0)
            continue;
        if (S_ISREG(status.st_mode)) {
            failed = add_file(folder, file_path, file_name, error);
        } else if (S_ISDIR(status.st_mode) && depth < LIMIT_DEPTH) {
            memcpy(file_name + name_size, "/", 2);
            failed = read_folder(folder, file_path, file_name, depth + 1, error);
        }
    }
    closedir(listing);
    return failed;
}

int asset_folder_read(const char *folder, struct asset_folder **ret,
                      const struct app_asset **ret_assets, size_t *ret_count,
                      struct error *error) {
    struct asset_folder *read = calloc(1, sizeof *read);
    if (read == NULL)
        return error_out_of_memory(error);
    read->arena = arena_make(LIMIT_ALL);
    if (read_folder(read, folder, "", 0, error) != 0) {
        asset_folder_free(read);
        return -1;
    }
    *ret = read;
    *ret_assets = read->assets;
    *ret_count = read->count;
    return 0;
}

void asset_folder_free(struct asset_folder *folder) {
    if (folder == NULL)
        return;
    arena_free(&folder->arena);
    free(folder);
}
