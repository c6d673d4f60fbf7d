/*
 * The C library's calls on files, for programs linked with --wrap: what lies on a disk in memory is found
 * there, everything else where it always was. One thread.
 */
#define _GNU_SOURCE /* fopencookie */
#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "tests/support/disk_inner.h"

enum { OPEN_MOST = 64, FIRST_DESCRIPTOR = 1 << 20, LISTED_MOST = 512 };

/* An open file, folder or listing. */
struct opened {
    struct disk *disk; /* NULL: free */
    struct disk_file *file;
    char name[DISK_NAME];
    int64_t offset;
    bool append;
    bool locks;
    FILE *stream;
    char (*listed)[NAME_MAX + 1];
    size_t listed_count, listed_next;
    struct dirent entry;
};

static struct opened all[OPEN_MOST];

static struct disk *disk_at(const char *path) {
    sqlite3_vfs *vfs = sqlite3_vfs_find("memory-disks");
    return vfs != NULL ? disk_of(vfs->pAppData, path) : NULL;
}

static struct opened *opened_of(int descriptor) {
    int place = descriptor - FIRST_DESCRIPTOR;
    return place >= 0 && place < OPEN_MOST && all[place].disk != NULL ? &all[place]
                                                                      : NULL;
}

static int descriptor_of(const struct opened *opened) {
    return FIRST_DESCRIPTOR + (int)(opened - all);
}

static int fail(int code) {
    errno = code;
    return -1;
}

static int fail_as(int rc) {
    return fail(rc == SQLITE_FULL ? ENOSPC : rc == SQLITE_NOMEM ? ENOMEM : EIO);
}

/* 0, or -1 with errno. */
static int look(struct disk *disk) {
    int rc = disk_allows_look(disk);
    return rc == SQLITE_OK || rc == DISK_SHORT ? 0 : fail_as(rc);
}

static int change(struct disk *disk) {
    int rc = disk_allows_change(disk);
    return rc == SQLITE_OK || rc == DISK_SHORT ? 0 : fail_as(rc);
}

static bool is_folder(const struct disk *disk, const char *path) {
    size_t root = strlen(disk->name) - 1;
    return (strlen(path) == root && strncmp(path, disk->name, root) == 0) ||
           names_folder(disk, path) != NULL;
}

/* Whether the folder that it lies in is there. */
static bool has_place(const struct disk *disk, const char *path) {
    char above[DISK_NAME];
    const char *end = strrchr(path, '/');
    if (end == NULL || (size_t)(end - path) >= sizeof above) {
        return false;
    }
    memcpy(above, path, (size_t)(end - path));
    above[end - path] = '\0';
    return is_folder(disk, above);
}

static struct opened *take_place(struct disk *disk, const char *path) {
    for (size_t i = 0; i < OPEN_MOST; i++) {
        if (all[i].disk == NULL && strlen(path) < DISK_NAME) {
            all[i] = (struct opened){.disk = disk};
            memcpy(all[i].name, path, strlen(path) + 1);
            return &all[i];
        }
    }
    errno = EMFILE;
    return NULL;
}

static void give_back(struct opened *opened) {
    if (opened->file != NULL) {
        opened->file->handles--;
        disk_forget_file(opened->disk, opened->file);
    }
    free(opened->listed);
    *opened = (struct opened){.disk = NULL};
}

/* --- opening and closing ---------------------------------------------------------------------- */

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __real_close(int descriptor);
int __wrap_close(int descriptor);

static struct disk_file *make_file(struct disk *disk, const char *path) {
    if (!has_place(disk, path)) {
        errno = ENOENT;
        return NULL;
    }
    if (change(disk) != 0) {
        return NULL;
    }
    struct disk_file *file = disk_make_file(disk, path);
    bool noted = file != NULL && names_made(disk, file);
    assert(noted);
    (void)noted;
    return file;
}

static int open_file(struct disk *disk, const char *path, int flags) {
    struct disk_file *file = disk_find(disk, path);
    if (file != NULL && (flags & O_CREAT) && (flags & O_EXCL)) {
        return fail(EEXIST);
    }
    if (file == NULL && (flags & O_CREAT) == 0) {
        return fail(ENOENT);
    }
    if (file == NULL && (file = make_file(disk, path)) == NULL) {
        return -1;
    }
    if ((flags & O_TRUNC) && file->size > 0 &&
        (change(disk) != 0 || !file_truncate(file, 0, false))) {
        return -1;
    }
    struct opened *opened = take_place(disk, path);
    if (opened == NULL) {
        return -1;
    }
    opened->file = file;
    opened->append = (flags & O_APPEND) != 0;
    file->handles++;
    return descriptor_of(opened);
}

static int open_on(struct disk *disk, const char *path, int flags) {
    if (look(disk) != 0) {
        return -1;
    }
    if (!is_folder(disk, path)) {
        return (flags & O_DIRECTORY) ? fail(ENOENT) : open_file(disk, path, flags);
    }
    struct opened *opened = (flags & (O_WRONLY | O_RDWR)) ? NULL : take_place(disk, path);
    return opened != NULL ? descriptor_of(opened) : fail(EISDIR);
}

int __wrap_open(const char *path, int flags, ...) {
    struct disk *disk = disk_at(path);
    va_list arguments;
    va_start(arguments, flags);
    int mode = (flags & O_CREAT) ? va_arg(arguments, int) : 0;
    va_end(arguments);
    return disk != NULL ? open_on(disk, path, flags) : __real_open(path, flags, mode);
}

int __wrap_close(int descriptor) {
    struct opened *opened = opened_of(descriptor);
    if (opened == NULL) {
        return __real_close(descriptor);
    }
    give_back(opened);
    return 0;
}

/* --- bytes -------------------------------------------------------------------------------------- */

ssize_t __real_read(int descriptor, void *data, size_t size);
ssize_t __wrap_read(int descriptor, void *data, size_t size);
ssize_t __real_pread(int descriptor, void *data, size_t size, off_t offset);
ssize_t __wrap_pread(int descriptor, void *data, size_t size, off_t offset);
ssize_t __real_write(int descriptor, const void *data, size_t size);
ssize_t __wrap_write(int descriptor, const void *data, size_t size);
ssize_t __real_pwrite(int descriptor, const void *data, size_t size, off_t offset);
ssize_t __wrap_pwrite(int descriptor, const void *data, size_t size, off_t offset);

/* What is done of `size` bytes: all, half, or -1 with errno. */
static ssize_t part_of(int rc, size_t size) {
    if (rc != SQLITE_OK && rc != DISK_SHORT) {
        return fail_as(rc);
    }
    return (ssize_t)(rc == DISK_SHORT && size > 1 ? size / 2 : size);
}

static ssize_t read_at(struct opened *opened, void *data, size_t size, int64_t offset) {
    const struct disk_file *file = opened->file;
    if (file == NULL) {
        return fail(EISDIR);
    }
    int64_t there = offset < file->size ? file->size - offset : 0;
    size = (int64_t)size < there ? size : (size_t)there;
    ssize_t done = part_of(disk_allows_look(opened->disk), size);
    if (done > 0) {
        memcpy(data, file->data + offset, (size_t)done);
    }
    return done;
}

static ssize_t write_at(struct opened *opened, const void *data, size_t size,
                        int64_t offset) {
    if (opened->file == NULL) {
        return fail(EBADF);
    }
    ssize_t done = part_of(disk_allows_change(opened->disk), size);
    if (done > 0) {
        opened->disk->figures.bytes += done;
        bool written = file_write(opened->file, data, done, offset, false);
        assert(written);
        (void)written;
    }
    return done;
}

ssize_t __wrap_read(int descriptor, void *data, size_t size) {
    struct opened *opened = opened_of(descriptor);
    if (opened == NULL) {
        return __real_read(descriptor, data, size);
    }
    ssize_t done = read_at(opened, data, size, opened->offset);
    opened->offset += done > 0 ? done : 0;
    return done;
}

ssize_t __wrap_pread(int descriptor, void *data, size_t size, off_t offset) {
    struct opened *opened = opened_of(descriptor);
    return opened != NULL ? read_at(opened, data, size, offset)
                          : __real_pread(descriptor, data, size, offset);
}

ssize_t __wrap_write(int descriptor, const void *data, size_t size) {
    struct opened *opened = opened_of(descriptor);
    if (opened == NULL) {
        return __real_write(descriptor, data, size);
    }
    int64_t offset = opened->append && opened->file ? opened->file->size : opened->offset;
    ssize_t done = write_at(opened, data, size, offset);
    opened->offset = done > 0 ? offset + done : opened->offset;
    return done;
}

ssize_t __wrap_pwrite(int descriptor, const void *data, size_t size, off_t offset) {
    struct opened *opened = opened_of(descriptor);
    return opened != NULL ? write_at(opened, data, size, offset)
                          : __real_pwrite(descriptor, data, size, offset);
}

int __real_ftruncate(int descriptor, off_t size);
int __wrap_ftruncate(int descriptor, off_t size);
int __real_fsync(int descriptor);
int __wrap_fsync(int descriptor);
int __real_flock(int descriptor, int operation);
int __wrap_flock(int descriptor, int operation);

int __wrap_ftruncate(int descriptor, off_t size) {
    struct opened *opened = opened_of(descriptor);
    if (opened == NULL) {
        return __real_ftruncate(descriptor, size);
    }
    if (opened->file == NULL || change(opened->disk) != 0) {
        return opened->file == NULL ? fail(EBADF) : -1;
    }
    return file_truncate(opened->file, size, false) ? 0 : fail(ENOMEM);
}

int __wrap_fsync(int descriptor) {
    struct opened *opened = opened_of(descriptor);
    if (opened == NULL) {
        return __real_fsync(descriptor);
    }
    if (change(opened->disk) != 0) {
        return -1;
    }
    opened->disk->figures.syncs++;
    if (opened->file != NULL) {
        file_synced(opened->file);
    } else {
        names_synced(opened->disk, opened->name);
    }
    return 0;
}

/* Nobody who waits can go on here: a lock is had at once or not. */
int __wrap_flock(int descriptor, int operation) {
    struct opened *opened = opened_of(descriptor);
    if (opened == NULL) {
        return __real_flock(descriptor, operation);
    }
    if (look(opened->disk) != 0) {
        return -1;
    }
    for (size_t i = 0; i < OPEN_MOST && (operation & LOCK_EX); i++) {
        if (&all[i] != opened && all[i].locks && all[i].file == opened->file) {
            return fail(EWOULDBLOCK);
        }
    }
    opened->locks = (operation & LOCK_EX) != 0;
    return 0;
}

/* --- what is there --------------------------------------------------------------------------------- */

int __real_stat(const char *path, struct stat *ret);
int __wrap_stat(const char *path, struct stat *ret);
int __real_lstat(const char *path, struct stat *ret);
int __wrap_lstat(const char *path, struct stat *ret);
int __real_fstat(int descriptor, struct stat *ret);
int __wrap_fstat(int descriptor, struct stat *ret);
int __real_access(const char *path, int mode);
int __wrap_access(const char *path, int mode);
int __real_chmod(const char *path, mode_t mode);
int __wrap_chmod(const char *path, mode_t mode);
int __real_statvfs(const char *path, struct statvfs *ret);
int __wrap_statvfs(const char *path, struct statvfs *ret);

static void fill_stat(const struct disk *disk, const struct disk_file *file,
                      struct stat *ret) {
    time_t now = (time_t)(disk->disks->now_ms / 1000);
    *ret = (struct stat){.st_mode = file ? S_IFREG | 0600 : S_IFDIR | 0700,
                         .st_size = file ? file->size : 0,
                         .st_nlink = 1};
    ret->st_mtim.tv_sec = now;
}

static int stat_on(struct disk *disk, const char *path, struct stat *ret) {
    const struct disk_file *file = disk_find(disk, path);
    if (look(disk) != 0) {
        return -1;
    }
    if (file == NULL && !is_folder(disk, path)) {
        return fail(ENOENT);
    }
    fill_stat(disk, file, ret);
    return 0;
}

int __wrap_stat(const char *path, struct stat *ret) {
    struct disk *disk = disk_at(path);
    return disk != NULL ? stat_on(disk, path, ret) : __real_stat(path, ret);
}

int __wrap_lstat(const char *path, struct stat *ret) {
    struct disk *disk = disk_at(path);
    return disk != NULL ? stat_on(disk, path, ret) : __real_lstat(path, ret);
}

int __wrap_fstat(int descriptor, struct stat *ret) {
    struct opened *opened = opened_of(descriptor);
    if (opened == NULL) {
        return __real_fstat(descriptor, ret);
    }
    if (look(opened->disk) != 0) {
        return -1;
    }
    fill_stat(opened->disk, opened->file, ret);
    return 0;
}

int __wrap_access(const char *path, int mode) {
    struct disk *disk = disk_at(path);
    struct stat found;
    return disk != NULL ? stat_on(disk, path, &found) : __real_access(path, mode);
}

int __wrap_chmod(const char *path, mode_t mode) {
    struct disk *disk = disk_at(path);
    struct stat found;
    return disk != NULL ? stat_on(disk, path, &found) : __real_chmod(path, mode);
}

int __wrap_statvfs(const char *path, struct statvfs *ret) {
    struct disk *disk = disk_at(path);
    if (disk == NULL) {
        return __real_statvfs(path, ret);
    }
    *ret = (struct statvfs){.f_bavail = 1 << 20, .f_frsize = 4096};
    return look(disk);
}

/* --- names -------------------------------------------------------------------------------------------- */

int __real_mkdir(const char *path, mode_t mode);
int __wrap_mkdir(const char *path, mode_t mode);
int __real_rmdir(const char *path);
int __wrap_rmdir(const char *path);
int __real_unlink(const char *path);
int __wrap_unlink(const char *path);
int __real_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to);

int __wrap_mkdir(const char *path, mode_t mode) {
    struct disk *disk = disk_at(path);
    if (disk == NULL) {
        return __real_mkdir(path, mode);
    }
    if (is_folder(disk, path) || disk_find(disk, path) != NULL) {
        return fail(EEXIST);
    }
    if (!has_place(disk, path)) {
        return fail(ENOENT);
    }
    return change(disk) != 0 ? -1 : names_make_folder(disk, path) ? 0 : fail(ENOMEM);
}

static bool is_empty(const struct disk *disk, const char *path) {
    size_t size = strlen(path);
    for (const struct disk_file *file = disk->files; file != NULL; file = file->next) {
        if (!file->deleted && strncmp(file->name, path, size) == 0 &&
            file->name[size] == '/') {
            return false;
        }
    }
    return true;
}

int __wrap_rmdir(const char *path) {
    struct disk *disk = disk_at(path);
    if (disk == NULL) {
        return __real_rmdir(path);
    }
    if (names_folder(disk, path) == NULL) {
        return fail(ENOENT);
    }
    if (!is_empty(disk, path)) {
        return fail(ENOTEMPTY);
    }
    return change(disk) != 0 ? -1 : names_remove_folder(disk, path) ? 0 : fail(ENOMEM);
}

int __wrap_unlink(const char *path) {
    struct disk *disk = disk_at(path);
    if (disk == NULL) {
        return __real_unlink(path);
    }
    struct disk_file *file = disk_find(disk, path);
    if (file == NULL) {
        return fail(ENOENT);
    }
    return change(disk) != 0 ? -1 : names_remove(disk, file) ? 0 : fail(ENOMEM);
}

int __wrap_rename(const char *from, const char *to) {
    struct disk *disk = disk_at(from);
    if (disk == NULL) {
        return __real_rename(from, to);
    }
    struct disk_file *file = disk_find(disk, from);
    if ((file == NULL && names_folder(disk, from) == NULL) || !has_place(disk, to)) {
        return fail(ENOENT);
    }
    if (file == NULL && names_folder(disk, to) != NULL && !is_empty(disk, to)) {
        return fail(ENOTEMPTY);
    }
    if (change(disk) != 0) {
        return -1;
    }
    bool moved =
        file != NULL ? names_move(disk, file, to) : names_move_folder(disk, from, to);
    return moved ? 0 : fail(ENOMEM);
}

/* --- listings ------------------------------------------------------------------------------------------- */

DIR *__real_opendir(const char *path);
DIR *__wrap_opendir(const char *path);
struct dirent *__real_readdir(DIR *listing);
struct dirent *__wrap_readdir(DIR *listing);
int __real_closedir(DIR *listing);
int __wrap_closedir(DIR *listing);

static struct opened *listing_of(DIR *listing) {
    uintptr_t at = (uintptr_t)listing;
    return at >= (uintptr_t)all && at < (uintptr_t)(all + OPEN_MOST)
               ? (struct opened *)(void *)listing
               : NULL;
}

/* The name as it is told in its folder; NULL: it lies elsewhere. */
static void list_name(struct opened *opened, const char *name) {
    size_t size = strlen(opened->name);
    const char *rest = name + size + 1;
    if (strncmp(name, opened->name, size) != 0 || name[size] != '/' ||
        strchr(rest, '/') != NULL) {
        return;
    }
    assert(opened->listed_count < LISTED_MOST);
    snprintf(opened->listed[opened->listed_count++], NAME_MAX + 1, "%s", rest);
}

DIR *__wrap_opendir(const char *path) {
    struct disk *disk = disk_at(path);
    if (disk == NULL) {
        return __real_opendir(path);
    }
    if (look(disk) != 0) {
        return NULL;
    }
    struct opened *opened = is_folder(disk, path) ? take_place(disk, path) : NULL;
    if (opened == NULL) {
        errno = ENOENT;
        return NULL;
    }
    opened->listed = disk_allocate(LISTED_MOST * sizeof *opened->listed);
    assert(opened->listed != NULL);
    for (const struct disk_file *file = disk->files; file; file = file->next) {
        if (!file->deleted) {
            list_name(opened, file->name);
        }
    }
    for (const struct disk_folder *folder = disk->folders; folder;
         folder = folder->next) {
        list_name(opened, folder->name);
    }
    return (DIR *)(void *)opened;
}

struct dirent *__wrap_readdir(DIR *listing) {
    struct opened *opened = listing_of(listing);
    if (opened == NULL) {
        return __real_readdir(listing);
    }
    if (opened->listed_next == opened->listed_count || look(opened->disk) != 0) {
        return NULL;
    }
    snprintf(opened->entry.d_name, sizeof opened->entry.d_name, "%s",
             opened->listed[opened->listed_next++]);
    return &opened->entry;
}

int __wrap_closedir(DIR *listing) {
    struct opened *opened = listing_of(listing);
    if (opened == NULL) {
        return __real_closedir(listing);
    }
    give_back(opened);
    return 0;
}

/* --- streams --------------------------------------------------------------------------------------------- */

FILE *__real_fopen(const char *path, const char *mode);
FILE *__wrap_fopen(const char *path, const char *mode);
int __real_fileno(FILE *stream);
int __wrap_fileno(FILE *stream);

static ssize_t stream_read_some(void *context, char *data, size_t size) {
    struct opened *opened = context;
    ssize_t done = read_at(opened, data, size, opened->offset);
    opened->offset += done > 0 ? done : 0;
    return done;
}

static int stream_close_it(void *context) {
    give_back(context);
    return 0;
}

/* Only for reading: who writes does it by descriptors. */
FILE *__wrap_fopen(const char *path, const char *mode) {
    struct disk *disk = disk_at(path);
    if (disk == NULL) {
        return __real_fopen(path, mode);
    }
    assert(mode[0] == 'r' && strchr(mode, '+') == NULL);
    int descriptor = open_on(disk, path, O_RDONLY);
    if (descriptor < 0) {
        return NULL;
    }
    struct opened *opened = opened_of(descriptor);
    const cookie_io_functions_t calls = {.read = stream_read_some,
                                         .close = stream_close_it};
    opened->stream = fopencookie(opened, "r", calls);
    FILE *stream = opened->stream;
    if (stream == NULL) {
        give_back(opened);
    }
    return stream;
}

int __wrap_fileno(FILE *stream) {
    for (size_t i = 0; i < OPEN_MOST; i++) {
        if (all[i].disk != NULL && all[i].stream == stream) {
            return descriptor_of(&all[i]);
        }
    }
    return __real_fileno(stream);
}
