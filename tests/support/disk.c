/* Disks in memory as an SQLite VFS. */
#include "tests/support/disk.h"

#include <assert.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/disk_inner.h"

/* What SQLite holds for an open file. */
struct handle {
    sqlite3_file base;
    struct disk *disk; /* NULL: a file without a name */
    struct disk_file *file;
    int lock;
    bool uses_shm;
    bool shm_shared[SHM_LOCKS];
    bool shm_exclusive[SHM_LOCKS];
};

/* --- what disk_libc.c uses too ----------------------------------------------------------------- */

struct disk *disk_of(const struct disks *disks, const char *path) {
    struct disk *disk = path ? disks->disks : NULL;
    while (disk != NULL) {
        size_t size = strlen(disk->name) - 1;
        if (strncmp(path, disk->name, size) == 0 &&
            (path[size] == '/' || path[size] == '\0')) {
            break;
        }
        disk = disk->next;
    }
    return disk;
}

struct disk_file *disk_find(const struct disk *disk, const char *name) {
    struct disk_file *file = disk->files;
    while (file != NULL && (file->deleted || strcmp(file->name, name) != 0)) {
        file = file->next;
    }
    return file;
}

struct disk_file *disk_make_file(struct disk *disk, const char *name) {
    struct disk_file *file = file_make(name);
    if (file != NULL) {
        file->next = disk->files;
        disk->files = file;
    }
    return file;
}

void disk_forget_file(struct disk *disk, struct disk_file *file) {
    struct disk_file **link = &disk->files;
    if (!file->deleted || file->handles > 0 || file->remembered > 0) {
        return;
    }
    while (*link != file) {
        link = &(*link)->next;
    }
    *link = file->next;
    file_free(file);
}

/* Whether this call is one that fails. */
static bool is_struck(struct disk_trouble *trouble) {
    bool strikes = trouble->at > 0 && --trouble->at == 0;
    trouble->failing = trouble->failing || (strikes && trouble->for_good);
    trouble->struck = trouble->struck || strikes;
    return strikes || trouble->failing;
}

int disk_allows_look(struct disk *disk) {
    if (disk == NULL) {
        return SQLITE_OK;
    }
    disk->figures.every++;
    bool struck = is_struck(&disk->calls);
    return disk->crashed ? SQLITE_IOERR : struck ? disk->calls.code : SQLITE_OK;
}

int disk_allows_change(struct disk *disk) {
    if (disk == NULL) {
        return SQLITE_OK;
    }
    disk->figures.calls++;
    if (disk->crash_at > 0 && --disk->crash_at == 0) {
        disk->crashed = true;
    }
    bool struck = is_struck(&disk->changes);
    int rc = disk_allows_look(disk);
    return rc == SQLITE_OK && struck ? disk->changes.code : rc;
}

/* SQLite hears of reads and writes that are whole, or of none: a part of one is for others (disk_libc.c). */
static int allowed(struct disk *disk) {
    int rc = disk_allows_change(disk);
    return rc == DISK_SHORT ? SQLITE_OK : rc;
}

/* Or `code`, the kind of call that fails. */
static int may_look(struct disk *disk, int code) {
    int rc = disk_allows_look(disk);
    return rc == SQLITE_OK || rc == DISK_SHORT       ? SQLITE_OK
           : rc == SQLITE_IOERR || rc == SQLITE_FULL ? code
                                                     : rc;
}

/* --- an open file ----------------------------------------------------------------------------- */

static int handle_close(sqlite3_file *base) {
    struct handle *handle = (struct handle *)base;
    struct disk_file *file = handle->file;
    file->handles--;
    if (handle->disk == NULL) {
        file_free(file);
    } else {
        disk_forget_file(handle->disk, file);
    }
    return SQLITE_OK;
}

static int handle_read(sqlite3_file *base, void *data, int size, sqlite3_int64 offset) {
    const struct handle *handle = (struct handle *)base;
    const struct disk_file *file = handle->file;
    int rc = may_look(handle->disk, SQLITE_IOERR_READ);
    if (rc != SQLITE_OK) {
        return rc;
    }
    int64_t there = file->size - offset;
    there = there < 0 ? 0 : there > size ? size : there;
    if (there > 0) {
        memcpy(data, file->data + offset, (size_t)there);
    }
    if (there == size) {
        return SQLITE_OK;
    }
    memset((uint8_t *)data + there, 0, (size_t)(size - there));
    return SQLITE_IOERR_SHORT_READ;
}

static int handle_write(sqlite3_file *base, const void *data, int size,
                        sqlite3_int64 offset) {
    struct handle *handle = (struct handle *)base;
    int rc = allowed(handle->disk);
    if (rc != SQLITE_OK) {
        return rc == SQLITE_IOERR ? SQLITE_IOERR_WRITE : rc;
    }
    if (handle->disk != NULL) {
        handle->disk->figures.bytes += size;
    }
    return file_write(handle->file, data, size, offset, handle->disk == NULL)
               ? SQLITE_OK
               : SQLITE_IOERR_NOMEM;
}

static int handle_truncate(sqlite3_file *base, sqlite3_int64 size) {
    struct handle *handle = (struct handle *)base;
    int rc = allowed(handle->disk);
    if (rc != SQLITE_OK) {
        return rc == SQLITE_IOERR ? SQLITE_IOERR_TRUNCATE : rc;
    }
    return file_truncate(handle->file, size, handle->disk == NULL) ? SQLITE_OK
                                                                   : SQLITE_IOERR_NOMEM;
}

static int handle_sync(sqlite3_file *base, int flags) {
    struct handle *handle = (struct handle *)base;
    (void)flags;
    int rc = allowed(handle->disk);
    if (rc != SQLITE_OK) {
        return rc == SQLITE_IOERR ? SQLITE_IOERR_FSYNC : rc;
    }
    if (handle->disk != NULL) {
        handle->disk->figures.syncs++;
        file_synced(handle->file);
    }
    return SQLITE_OK;
}

static int handle_size(sqlite3_file *base, sqlite3_int64 *ret) {
    const struct handle *handle = (struct handle *)base;
    *ret = handle->file->size;
    return may_look(handle->disk, SQLITE_IOERR_FSTAT);
}

/* --- its locks ---------------------------------------------------------------------------------- */

static int handle_lock(sqlite3_file *base, int wanted) {
    struct handle *handle = (struct handle *)base;
    struct disk_file *file = handle->file;
    bool others_write = file->writer != NULL && file->writer != handle;
    if (wanted <= handle->lock) {
        return SQLITE_OK;
    }
    int rc = may_look(handle->disk, SQLITE_IOERR_LOCK);
    if (rc != SQLITE_OK) {
        return rc;
    }
    if (wanted == SQLITE_LOCK_SHARED) {
        if (others_write && (file->pending || file->exclusive)) {
            return SQLITE_BUSY;
        }
        file->readers++;
    } else if (others_write) {
        return SQLITE_BUSY;
    } else {
        file->writer = handle;
        file->pending = wanted == SQLITE_LOCK_EXCLUSIVE;
        if (wanted == SQLITE_LOCK_EXCLUSIVE && file->readers > 1) {
            handle->lock = SQLITE_LOCK_PENDING;
            return SQLITE_BUSY;
        }
        file->exclusive = wanted == SQLITE_LOCK_EXCLUSIVE;
    }
    handle->lock = wanted;
    return SQLITE_OK;
}

static int handle_unlock(sqlite3_file *base, int wanted) {
    struct handle *handle = (struct handle *)base;
    struct disk_file *file = handle->file;
    if (handle->lock <= wanted) {
        return SQLITE_OK;
    }
    if (file->writer == handle) {
        file->writer = NULL;
        file->pending = file->exclusive = false;
    }
    if (wanted == SQLITE_LOCK_NONE && file->readers > 0) {
        file->readers--;
    }
    handle->lock = wanted;
    return SQLITE_OK;
}

static int handle_reserved(sqlite3_file *base, int *ret) {
    *ret = ((struct handle *)base)->file->writer != NULL;
    return SQLITE_OK;
}

static int handle_control(sqlite3_file *base, int operation, void *argument) {
    (void)base;
    (void)operation;
    (void)argument;
    return SQLITE_NOTFOUND;
}

static int handle_sector(sqlite3_file *base) {
    (void)base;
    return 4096;
}

/* As on Unix: a write does not harm what lies beside it. */
static int handle_character(sqlite3_file *base) {
    (void)base;
    return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

/* --- the index of the write-ahead log ------------------------------------------------------------- */

static int shm_map(sqlite3_file *base, int region, int size, int extend,
                   void volatile **ret) {
    struct handle *handle = (struct handle *)base;
    struct disk_shm *shm = &handle->file->shm;
    *ret = NULL;
    int rc = may_look(handle->disk, SQLITE_IOERR_SHMMAP);
    if (rc != SQLITE_OK || region >= SHM_REGIONS) {
        return rc != SQLITE_OK ? rc : SQLITE_IOERR_SHMMAP;
    }
    if (!handle->uses_shm) {
        handle->uses_shm = true;
        shm->users++;
    }
    if (shm->regions[region] == NULL && extend) {
        shm->regions[region] = disk_allocate((size_t)size);
        if (shm->regions[region] == NULL) {
            return SQLITE_IOERR_NOMEM;
        }
    }
    *ret = shm->regions[region];
    return SQLITE_OK;
}

static void shm_release(struct handle *handle, int slot) {
    struct disk_shm *shm = &handle->file->shm;
    if (handle->shm_shared[slot]) {
        handle->shm_shared[slot] = false;
        shm->shared[slot]--;
    }
    if (handle->shm_exclusive[slot]) {
        handle->shm_exclusive[slot] = false;
        shm->exclusive[slot] = false;
    }
}

static bool shm_is_free(const struct handle *handle, int slot, bool exclusive) {
    const struct disk_shm *shm = &handle->file->shm;
    int others = shm->shared[slot] - (handle->shm_shared[slot] ? 1 : 0);
    return handle->shm_exclusive[slot] ||
           (!shm->exclusive[slot] && (!exclusive || others == 0));
}

static int shm_lock(sqlite3_file *base, int from, int count, int flags) {
    struct handle *handle = (struct handle *)base;
    struct disk_shm *shm = &handle->file->shm;
    bool exclusive = (flags & SQLITE_SHM_EXCLUSIVE) != 0;
    bool lock = (flags & SQLITE_SHM_LOCK) != 0;
    int rc = lock ? may_look(handle->disk, SQLITE_IOERR_SHMLOCK) : SQLITE_OK;
    if (rc != SQLITE_OK) {
        return rc;
    }
    for (int slot = from; slot < from + count && lock; slot++) {
        if (!shm_is_free(handle, slot, exclusive)) {
            return SQLITE_BUSY;
        }
    }
    for (int slot = from; slot < from + count; slot++) {
        if (!lock) {
            shm_release(handle, slot);
        } else if (exclusive) {
            handle->shm_exclusive[slot] = shm->exclusive[slot] = true;
        } else if (!handle->shm_shared[slot]) {
            handle->shm_shared[slot] = true;
            shm->shared[slot]++;
        }
    }
    return SQLITE_OK;
}

static void shm_barrier(sqlite3_file *base) {
    (void)base;
}

static int shm_unmap(sqlite3_file *base, int delete) {
    struct handle *handle = (struct handle *)base;
    struct disk_shm *shm = &handle->file->shm;
    (void)delete;
    if (!handle->uses_shm) {
        return SQLITE_OK;
    }
    handle->uses_shm = false;
    for (int slot = 0; slot < SHM_LOCKS; slot++) {
        shm_release(handle, slot);
    }
    if (--shm->users == 0) {
        for (size_t i = 0; i < SHM_REGIONS; i++) {
            free(shm->regions[i]);
            shm->regions[i] = NULL;
        }
    }
    return SQLITE_OK;
}

static const sqlite3_io_methods METHODS = {
    .iVersion = 2,
    .xClose = handle_close,
    .xRead = handle_read,
    .xWrite = handle_write,
    .xTruncate = handle_truncate,
    .xSync = handle_sync,
    .xFileSize = handle_size,
    .xLock = handle_lock,
    .xUnlock = handle_unlock,
    .xCheckReservedLock = handle_reserved,
    .xFileControl = handle_control,
    .xSectorSize = handle_sector,
    .xDeviceCharacteristics = handle_character,
    .xShmMap = shm_map,
    .xShmLock = shm_lock,
    .xShmBarrier = shm_barrier,
    .xShmUnmap = shm_unmap,
};

/* --- the file system ----------------------------------------------------------------------------------- */

static int open_handle(struct disk *disk, struct disk_file *file, sqlite3_file *base) {
    struct handle *handle = (struct handle *)base;
    memset(handle, 0, sizeof *handle);
    handle->disk = disk;
    handle->file = file;
    handle->base.pMethods = &METHODS;
    file->handles++;
    return SQLITE_OK;
}

static int vfs_open(sqlite3_vfs *vfs, sqlite3_filename name, sqlite3_file *base,
                    int flags, int *ret_flags) {
    struct disks *disks = vfs->pAppData;
    struct disk *disk = disk_of(disks, name);
    base->pMethods = NULL;
    if (disk == NULL && name != NULL) {
        return disks->before->xOpen(disks->before, name, base, flags, ret_flags);
    }
    int rc = may_look(disk, SQLITE_CANTOPEN);
    if (rc != SQLITE_OK) {
        return rc;
    }
    struct disk_file *file = disk ? disk_find(disk, name) : NULL;
    if (file == NULL && (flags & SQLITE_OPEN_CREATE) == 0) {
        return SQLITE_CANTOPEN;
    }
    if (file == NULL) {
        file = disk ? disk_make_file(disk, name) : file_make("");
    }
    if (file == NULL) {
        return SQLITE_NOMEM;
    }
    if (ret_flags != NULL) {
        *ret_flags = flags;
    }
    return open_handle(disk, file, base);
}

static int vfs_delete(sqlite3_vfs *vfs, const char *name, int sync) {
    struct disks *disks = vfs->pAppData;
    struct disk *disk = disk_of(disks, name);
    if (disk == NULL) {
        return disks->before->xDelete(disks->before, name, sync);
    }
    int rc = allowed(disk);
    struct disk_file *file = disk_find(disk, name);
    if (rc != SQLITE_OK) {
        return SQLITE_IOERR_DELETE;
    }
    if (file == NULL) {
        return SQLITE_IOERR_DELETE_NOENT;
    }
    file->deleted = true;
    disk_forget_file(disk, file);
    return SQLITE_OK;
}

static int vfs_access(sqlite3_vfs *vfs, const char *name, int flags, int *ret) {
    struct disks *disks = vfs->pAppData;
    struct disk *disk = disk_of(disks, name);
    if (disk == NULL) {
        return disks->before->xAccess(disks->before, name, flags, ret);
    }
    const struct disk_file *file = disk_find(disk, name);
    /* An empty file is none, as on Unix. */
    *ret = file != NULL && (flags != SQLITE_ACCESS_EXISTS || file->size > 0);
    return may_look(disk, SQLITE_IOERR_ACCESS);
}

static int vfs_path(sqlite3_vfs *vfs, const char *name, int size, char *ret) {
    struct disks *disks = vfs->pAppData;
    if (disk_of(disks, name) == NULL) {
        return disks->before->xFullPathname(disks->before, name, size, ret);
    }
    if ((int)strlen(name) >= size) {
        return SQLITE_CANTOPEN;
    }
    memcpy(ret, name, strlen(name) + 1);
    return SQLITE_OK;
}

static int vfs_random(sqlite3_vfs *vfs, int size, char *ret) {
    struct disks *disks = vfs->pAppData;
    dice_bytes(&disks->dice, ret, (size_t)size);
    return size;
}

/* Nothing here is worth waiting for: who holds a lock cannot go on meanwhile. */
static int vfs_sleep(sqlite3_vfs *vfs, int microseconds) {
    (void)vfs;
    return microseconds;
}

static int vfs_time(sqlite3_vfs *vfs, sqlite3_int64 *ret) {
    const struct disks *disks = vfs->pAppData;
    *ret =
        disks->now_ms + 210866760000000LL; /* since noon of day 0 of Julius' calendar */
    return SQLITE_OK;
}

static int vfs_error(sqlite3_vfs *vfs, int size, char *ret) {
    (void)vfs;
    if (size > 0)
        ret[0] = '\0';
    return 0;
}

struct disks *disks_make(void) {
    struct disks *disks = calloc(1, sizeof *disks);
    sqlite3_vfs *before = disks ? sqlite3_vfs_find(NULL) : NULL;
    if (before == NULL) {
        free(disks);
        return NULL;
    }
    disks->before = before;
    disks->vfs = *before;
    disks->vfs.iVersion = 2;
    disks->vfs.szOsFile = before->szOsFile > (int)sizeof(struct handle)
                              ? before->szOsFile
                              : (int)sizeof(struct handle);
    disks->vfs.mxPathname = DISK_NAME;
    disks->vfs.zName = "memory-disks";
    disks->vfs.pNext = NULL;
    disks->vfs.pAppData = disks;
    disks->vfs.xOpen = vfs_open;
    disks->vfs.xDelete = vfs_delete;
    disks->vfs.xAccess = vfs_access;
    disks->vfs.xFullPathname = vfs_path;
    disks->vfs.xRandomness = vfs_random;
    disks->vfs.xSleep = vfs_sleep;
    disks->vfs.xCurrentTimeInt64 = vfs_time;
    disks->vfs.xGetLastError = vfs_error;
    dice_seed(&disks->dice, 1);
    sqlite3_vfs_register(&disks->vfs, 1);
    return disks;
}

void disks_free(struct disks *disks) {
    if (disks == NULL) {
        return;
    }
    struct disk *next = NULL;
    for (struct disk *disk = disks->disks; disk != NULL; disk = next) {
        next = disk->next;
        disk_remove(disk);
    }
    sqlite3_vfs_unregister(&disks->vfs);
    sqlite3_vfs_register(disks->before, 1);
    free(disks);
}

void disks_begin(struct disks *disks, uint64_t seed, int64_t now_ms) {
    dice_seed(&disks->dice, seed);
    disks->now_ms = now_ms;
    sqlite3_randomness(0, NULL); /* what it drew before is forgotten */
}

/* --- a disk --------------------------------------------------------------------------------------------- */

struct disk *disk_add(struct disks *disks, const char *name) {
    struct disk *disk = calloc(1, sizeof *disk);
    size_t size = strlen(name);
    if (disk == NULL || (disk->name = malloc(size + 2)) == NULL) {
        free(disk);
        return NULL;
    }
    snprintf(disk->name, size + 2, "%s/", name);
    disk->disks = disks;
    disk->next = disks->disks;
    disks->disks = disk;
    return disk;
}

static void free_files(struct disk_file **files) {
    while (*files != NULL) {
        struct disk_file *file = *files;
        *files = file->next;
        assert(file->handles == 0);
        file_free(file);
    }
}

void disk_remove(struct disk *disk) {
    struct disk **link = &disk->disks->disks;
    while (*link != disk) {
        link = &(*link)->next;
    }
    *link = disk->next;
    disk->step_count = 0; /* the files go whether a step names them or not */
    free_files(&disk->files);
    names_free_folders(&disk->folders);
    free(disk->steps);
    free(disk->name);
    free(disk);
}

void disk_crash(struct disk *disk) {
    disk->crashed = true;
}

void disk_crash_at(struct disk *disk, int64_t calls) {
    disk->crash_at = calls;
}

bool disk_is_crashed(const struct disk *disk) {
    return disk->crashed;
}

void disk_fail_at(struct disk *disk, int64_t calls, int code, bool for_good) {
    disk->changes =
        (struct disk_trouble){.at = calls, .code = code, .for_good = for_good};
}

void disk_trouble_at(struct disk *disk, int64_t calls, int code, bool for_good) {
    disk->calls = (struct disk_trouble){.at = calls, .code = code, .for_good = for_good};
}

bool disk_trouble_end(struct disk *disk) {
    bool struck = disk->calls.struck;
    disk->calls = (struct disk_trouble){.at = 0};
    return struck;
}

void disk_restart(struct disk *disk, enum disk_loss loss, struct dice *dice) {
    for (struct disk_file *file = disk->files; file != NULL; file = file->next) {
        assert(file->handles == 0);
        bool kept = file_crash(file, loss, dice, &disk->figures);
        assert(kept);
        (void)kept;
    }
    names_crash(disk, loss, dice);
    disk->crashed = false;
    disk->crash_at = 0;
}

/* --- images ------------------------------------------------------------------------------------------------ */

static bool copy_files(const struct disk_file *from, struct disk_file **to) {
    for (; from != NULL; from = from->next) {
        struct disk_file *file = from->deleted ? NULL : file_make(from->name);
        if (from->deleted) {
            continue;
        }
        if (file == NULL ||
            (from->size > 0 && !file_write(file, from->data, from->size, 0, true))) {
            file_free(file);
            return false;
        }
        *to = file;
        to = &file->next;
    }
    return true;
}

struct disk_image *disk_copy(const struct disk *disk) {
    struct disk_image *image = calloc(1, sizeof *image);
    if (image != NULL && !(copy_files(disk->files, &image->files) &&
                           names_copy_folders(disk->folders, &image->folders))) {
        disk_image_free(image);
        return NULL;
    }
    return image;
}

/* The names begin with the name of the disk that they came from. */
static bool rename_file(const struct disk *disk, struct disk_file *file) {
    const char *rest = strchr(file->name, '/') + 1;
    char *name = disk_allocate(strlen(disk->name) + strlen(rest) + 1);
    if (name == NULL) {
        return false;
    }
    memcpy(name, disk->name, strlen(disk->name));
    memcpy(name + strlen(disk->name), rest, strlen(rest) + 1);
    free(file->name);
    file->name = name;
    return true;
}

static bool rename_all(struct disk *disk) {
    bool fine = true;
    for (struct disk_file *file = disk->files; file != NULL; file = file->next) {
        fine = fine && rename_file(disk, file);
    }
    for (struct disk_folder *folder = disk->folders; folder; folder = folder->next) {
        char name[2 * DISK_NAME];
        snprintf(name, sizeof name, "%s%s", disk->name, strchr(folder->name, '/') + 1);
        snprintf(folder->name, sizeof folder->name, "%.*s", DISK_NAME - 1, name);
    }
    return fine;
}

bool disk_replace(struct disk *disk, const struct disk_image *image) {
    disk->step_count = 0;
    free_files(&disk->files);
    names_free_folders(&disk->folders);
    disk->crashed = false;
    disk->crash_at = 0;
    return copy_files(image->files, &disk->files) &&
           names_copy_folders(image->folders, &disk->folders) && rename_all(disk);
}

void disk_image_free(struct disk_image *image) {
    if (image != NULL) {
        free_files(&image->files);
        names_free_folders(&image->folders);
        free(image);
    }
}

struct disk_figures disk_figures(const struct disk *disk) {
    return disk->figures;
}
