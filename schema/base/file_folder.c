/*
 * Files under their hashes.
 */
#include "schema/base/file_folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_SIZE = PATH_MAX, STEP = 64 * 1024, PREFIX_DIGITS = 2 };

static const char part_folder[] = "part";

static int failed(struct error *error, const char *doing, const char *path) {
    return error_from_system(error, "file.failed", "file.full", "file", errno, doing,
                             path);
}

static int absent(struct error *error) {
    return error_set(error, "file.absent", "file", "the file is not here");
}

/* --- paths ------------------------------------------------------------------------------- */

static int join(const char *folder, const char *a, const char *b, char ret[PATH_SIZE],
                struct error *error) {
    int size = snprintf(ret, PATH_SIZE, "%s/%s%s%s", folder, a, b[0] ? "/" : "", b);
    return size > 0 && size < PATH_SIZE
               ? 0
               : error_set(error, "file.failed", "file", "the path is too long");
}

static int path_of(const char *folder, const uint8_t hash[HASH_SIZE], char ret[PATH_SIZE],
                   struct error *error) {
    char text[HASH_TEXT_SIZE];
    char first[PREFIX_DIGITS + 1] = "";
    hash_format(hash, text);
    memcpy(first, text, PREFIX_DIGITS);
    return join(folder, first, text + PREFIX_DIGITS, ret, error);
}

static bool is_part_name(const char *name) {
    size_t size = strlen(name);
    return size > 0 && size < FILE_PART_NAME &&
           strspn(name, "0123456789abcdefghijklmnopqrstuvwxyz-") == size;
}

static int part_path(const char *folder, const char *name, char ret[PATH_SIZE],
                     struct error *error) {
    return is_part_name(name) ? join(folder, part_folder, name, ret, error)
                              : error_set(error, "file.failed", "file",
                                          "this is no name for a part of a file");
}

static int make_folder(const char *path, struct error *error) {
    return mkdir(path, 0700) == 0 || errno == EEXIST
               ? 0
               : failed(error, "cannot make the folder", path);
}

/* The folder of a path, made when it is missing, and the one above it. */
static int make_folder_of(const char *folder, const char *path, struct error *error) {
    char above[PATH_SIZE];
    size_t size = (size_t)(strrchr(path, '/') - path);
    memcpy(above, path, size);
    above[size] = '\0';
    return make_folder(folder, error) != 0 ? -1 : make_folder(above, error);
}

static int sync_folder_of(const char *path, struct error *error) {
    char above[PATH_SIZE];
    size_t size = (size_t)(strrchr(path, '/') - path);
    memcpy(above, path, size);
    above[size] = '\0';
    int folder = open(above, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return failed(error, "cannot open the folder", above);
    int rc = fsync(folder) == 0 ? 0 : failed(error, "cannot write the folder", above);
    close(folder);
    return rc;
}

/* --- reading ----------------------------------------------------------------------------- */

static int open_file(const char *path, struct error *error) {
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (file < 0 && errno == ENOENT)
        return absent(error);
    return file < 0 ? failed(error, "cannot read", path) : file;
}

static int size_of(const char *path, int64_t when_absent, int64_t *ret,
                   struct error *error) {
    struct stat found;
    int rc = lstat(path, &found);
    if (rc != 0 && errno != ENOENT && errno != ENOTDIR)
        return failed(error, "cannot read", path);
    *ret = rc == 0 ? (int64_t)found.st_size : when_absent;
    return 0;
}

int file_folder_size(const char *folder, const uint8_t hash[HASH_SIZE], int64_t *ret,
                     struct error *error) {
    char path[PATH_SIZE];
    return path_of(folder, hash, path, error) != 0 ? -1 : size_of(path, -1, ret, error);
}

/* At most `size` bytes from `offset` on, fewer at the end. */
static int read_into(int file, int64_t offset, size_t size, struct buffer *ret,
                     struct error *error) {
    uint8_t step[STEP];
    while (size > 0) {
        size_t want = size < sizeof step ? size : sizeof step;
        ssize_t got = pread(file, step, want, (off_t)offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return failed(error, "cannot read", "the file");
        if (got == 0)
            break;
        buffer_append(ret, step, (size_t)got);
        offset += got;
        size -= (size_t)got;
    }
    return ret->failed ? error_out_of_memory(error) : 0;
}

int file_folder_read_piece(const char *folder, const uint8_t hash[HASH_SIZE],
                           int64_t offset, size_t size, struct buffer *ret,
                           struct error *error) {
    char path[PATH_SIZE];
    if (path_of(folder, hash, path, error) != 0)
        return -1;
    int file = open_file(path, error);
    if (file < 0)
        return -1;
    int rc = read_into(file, offset, size, ret, error);
    close(file);
    return rc;
}

static int compare(const uint8_t hash[HASH_SIZE], const uint8_t found[HASH_SIZE],
                   const char *code, struct error *error) {
    return memcmp(hash, found, HASH_SIZE) == 0
               ? 0
               : error_set(error, code, "file", "the file is not what its hash says");
}

int file_folder_read(const char *folder, const uint8_t hash[HASH_SIZE],
                     struct buffer *ret, struct error *error) {
    uint8_t found[HASH_SIZE];
    size_t before = ret->size;
    if (file_folder_read_piece(folder, hash, 0, ret->maximum - before + 1, ret, error) !=
        0)
        return -1;
    hash_blake2b((struct bytes){ret->data + before, ret->size - before}, found);
    return compare(hash, found, "file.corrupt", error);
}

static int hash_of_file(int file, uint8_t ret[HASH_SIZE], struct error *error) {
    uint8_t step[STEP];
    struct hash hash;
    int64_t offset = 0;
    hash_begin(&hash);
    for (;;) {
        ssize_t got = pread(file, step, sizeof step, (off_t)offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return failed(error, "cannot read", "the file");
        if (got == 0)
            break;
        hash_add(&hash, (struct bytes){step, (size_t)got});
        offset += got;
    }
    hash_end(&hash, ret);
    return 0;
}

int file_folder_check(const char *folder, const uint8_t hash[HASH_SIZE],
                      struct error *error) {
    char path[PATH_SIZE];
    uint8_t found[HASH_SIZE];
    if (path_of(folder, hash, path, error) != 0)
        return -1;
    int file = open_file(path, error);
    if (file < 0)
        return -1;
    int rc = hash_of_file(file, found, error);
    close(file);
    return rc == 0 ? compare(hash, found, "file.corrupt", error) : -1;
}

/* --- parts ------------------------------------------------------------------------------- */

int file_part_size(const char *folder, const char *name, int64_t *ret,
                   struct error *error) {
    char path[PATH_SIZE];
    return part_path(folder, name, path, error) != 0 ? -1 : size_of(path, 0, ret, error);
}

static int write_all(int file, int64_t offset, struct bytes bytes) {
    while (bytes.size > 0) {
        ssize_t written = pwrite(file, bytes.data, bytes.size, (off_t)offset);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return -1;
        bytes.data += written;
        bytes.size -= (size_t)written;
        offset += written;
    }
    return 0;
}

static int write_piece(int file, const char *path, const struct file_piece *piece,
                       struct error *error) {
    struct stat found;
    if (fstat(file, &found) != 0)
        return failed(error, "cannot read", path);
    int64_t known = (int64_t)found.st_size - piece->offset;
    if (known < 0)
        return error_set(error, "file.offset", "offset",
                         "the pieces of a file come one after the other");
    if ((uint64_t)known >= piece->bytes.size)
        return 0;
    struct bytes rest = {piece->bytes.data + known, piece->bytes.size - (size_t)known};
    return write_all(file, (int64_t)found.st_size, rest) == 0
               ? 0
               : failed(error, "cannot write", path);
}

int file_part_write(const char *folder, const char *name, const struct file_piece *piece,
                    struct error *error) {
    char path[PATH_SIZE];
    if (part_path(folder, name, path, error) != 0 ||
        make_folder_of(folder, path, error) != 0)
        return -1;
    int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (file < 0)
        return failed(error, "cannot make", path);
    int rc = write_piece(file, path, piece, error);
    if (close(file) != 0 && rc == 0)
        rc = failed(error, "cannot write", path);
    return rc;
}

static int finish(int file, const char *from, const char *to,
                  const uint8_t hash[HASH_SIZE], struct error *error) {
    uint8_t found[HASH_SIZE];
    if (hash_of_file(file, found, error) != 0)
        return -1;
    if (compare(hash, found, "file.hash", error) != 0) {
        unlink(from);
        return -1;
    }
    if (fsync(file) != 0)
        return failed(error, "cannot write", from);
    if (rename(from, to) != 0)
        return failed(error, "cannot write", to);
    return sync_folder_of(to, error);
}

int file_part_finish(const char *folder, const char *name, const uint8_t hash[HASH_SIZE],
                     struct error *error) {
    char from[PATH_SIZE];
    char to[PATH_SIZE];
    if (part_path(folder, name, from, error) != 0 ||
        path_of(folder, hash, to, error) != 0 || make_folder_of(folder, to, error) != 0 ||
        sync_folder_of(to, error) != 0)
        return -1;
    char above[PATH_SIZE]; /* the new folder's own name is durable too */
    if (join(folder, part_folder, "", above, error) != 0 ||
        sync_folder_of(above, error) != 0)
        return -1;
    int file = open_file(from, error);
    if (file < 0)
        return -1;
    int rc = finish(file, from, to, hash, error);
    close(file);
    return rc;
}

int file_part_drop(const char *folder, const char *name, struct error *error) {
    char path[PATH_SIZE];
    if (part_path(folder, name, path, error) != 0)
        return -1;
    return unlink(path) == 0 || errno == ENOENT || errno == ENOTDIR
               ? 0
               : failed(error, "cannot remove", path);
}

/* --- whole files, written ---------------------------------------------------------------- */

/* A name that no other process writes to at the same time. */
static void name_for_putting(const uint8_t hash[HASH_SIZE], char ret[FILE_PART_NAME]) {
    char text[HASH_TEXT_SIZE];
    hash_format(hash, text);
    snprintf(ret, FILE_PART_NAME, "put-%s-%ld", text, (long)getpid());
}

int file_folder_put(const char *folder, struct bytes bytes, uint8_t ret_hash[HASH_SIZE],
                    struct error *error) {
    char name[FILE_PART_NAME];
    uint8_t hash[HASH_SIZE];
    int64_t size = -1;
    hash_blake2b(bytes, hash);
    name_for_putting(hash, name);
    if (file_folder_size(folder, hash, &size, error) != 0)
        return -1;
    if ((size_t)size != bytes.size || file_folder_check(folder, hash, NULL) != 0) {
        if (file_part_drop(folder, name, error) != 0 ||
            file_part_write(folder, name, &(struct file_piece){0, bytes}, error) != 0 ||
            file_part_finish(folder, name, hash, error) != 0) {
            file_part_drop(folder, name, NULL);
            return -1;
        }
    }
    memcpy(ret_hash, hash, HASH_SIZE);
    return 0;
}

static int copy_pieces(const char *from, const char *to, const char *name,
                       const uint8_t hash[HASH_SIZE], struct error *error) {
    struct buffer step = buffer_make(STEP);
    struct file_piece piece = {0, {NULL, 0}};
    int rc = 0;
    do {
        buffer_reset(&step);
        rc = file_folder_read_piece(from, hash, piece.offset, STEP, &step, error);
        piece.bytes = buffer_bytes(&step);
        if (rc == 0)
            rc = file_part_write(to, name, &piece, error);
        piece.offset += (int64_t)step.size;
    } while (rc == 0 && step.size > 0);
    buffer_free(&step);
    return rc;
}

int file_folder_copy(const char *from, const char *to, const uint8_t hash[HASH_SIZE],
                     struct error *error) {
    char name[FILE_PART_NAME];
    int64_t size = -1;
    if (file_folder_size(to, hash, &size, error) != 0)
        return -1;
    if (size >= 0)
        return 0;
    name_for_putting(hash, name);
    if (file_part_drop(to, name, error) != 0 ||
        copy_pieces(from, to, name, hash, error) != 0 ||
        file_part_finish(to, name, hash, error) != 0) {
        file_part_drop(to, name, NULL);
        return -1;
    }
    return 0;
}

int file_folder_remove(const char *folder, const uint8_t hash[HASH_SIZE],
                       struct error *error) {
    char path[PATH_SIZE];
    if (path_of(folder, hash, path, error) != 0)
        return -1;
    return unlink(path) == 0 || errno == ENOENT || errno == ENOTDIR
               ? 0
               : failed(error, "cannot remove", path);
}

/* --- all of them ------------------------------------------------------------------------- */

/* What is told of one entry of a folder. Non-zero stops. */
typedef int (*entry_visit)(void *context, const char *path, const char *name);

static int each_entry(const char *path, entry_visit visit, void *context,
                      struct error *error) {
    DIR *folder = opendir(path);
    if (!folder)
        return errno == ENOENT || errno == ENOTDIR ? 0
                                                   : failed(error, "cannot read", path);
    int rc = 0;
    for (struct dirent *entry = readdir(folder); entry && rc == 0;
         entry = readdir(folder)) {
        char inner[PATH_SIZE];
        bool own = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
        if (!own && join(path, entry->d_name, "", inner, NULL) == 0)
            rc = visit(context, inner, entry->d_name);
    }
    closedir(folder);
    return rc;
}

struct walk {
    file_folder_visit visit;
    void *context;
    char digits[PREFIX_DIGITS + 1];
    struct error *error;
};

static int visit_file(void *context, const char *path, const char *name) {
    struct walk *walk = context;
    char text[HASH_TEXT_SIZE];
    uint8_t hash[HASH_SIZE];
    struct stat found;
    int size = snprintf(text, sizeof text, "%s%s", walk->digits, name);
    if (size != HASH_TEXT_SIZE - 1 || !hash_parse(bytes_of_text(text), hash) ||
        lstat(path, &found) != 0 || !S_ISREG(found.st_mode))
        return 0;
    return walk->visit(walk->context, hash, (int64_t)found.st_size);
}

static int visit_folder(void *context, const char *path, const char *name) {
    struct walk *walk = context;
    if (strlen(name) != PREFIX_DIGITS)
        return 0;
    memcpy(walk->digits, name, sizeof walk->digits);
    return each_entry(path, visit_file, walk, walk->error);
}

int file_folder_each(const char *folder, file_folder_visit visit, void *context,
                     struct error *error) {
    struct walk walk = {.visit = visit, .context = context, .error = error};
    return each_entry(folder, visit_folder, &walk, error);
}

struct part_walk {
    const char *prefix;
    file_part_visit visit;
    void *context;
};

static int visit_part(void *context, const char *path, const char *name) {
    const struct part_walk *walk = context;
    struct stat found;
    if (strncmp(name, walk->prefix, strlen(walk->prefix)) != 0 || !is_part_name(name) ||
        lstat(path, &found) != 0)
        return 0;
    int64_t written_at = (int64_t)found.st_mtim.tv_sec * 1000;
    return walk->visit(walk->context, name, (int64_t)found.st_size, written_at);
}

int file_part_each(const char *folder, const char *prefix, file_part_visit visit,
                   void *context, struct error *error) {
    char path[PATH_SIZE];
    struct part_walk walk = {prefix, visit, context};
    if (join(folder, part_folder, "", path, error) != 0)
        return -1;
    return each_entry(path, visit_part, &walk, error);
}

static int remove_entry(void *context, const char *path, const char *name) {
    (void)name;
    struct error *error = context;
    struct stat found;
    if (lstat(path, &found) != 0)
        return 0;
    if (!S_ISDIR(found.st_mode))
        return unlink(path) == 0 ? 0 : failed(error, "cannot remove", path);
    if (each_entry(path, remove_entry, error, error) != 0)
        return -1;
    return rmdir(path) == 0 ? 0 : failed(error, "cannot remove", path);
}

int file_folder_wipe(const char *folder, struct error *error) {
    return remove_entry(error, folder, "");
}
