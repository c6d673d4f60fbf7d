/* The bytes of a file in memory, with what is not synced yet. */
#include "tests/support/disk_file.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { SECTOR = 512 };

/* A write of `size` bytes, or a change of the file's size alone (size 0). */
struct unsynced {
    int64_t offset;
    int64_t size;
    int64_t old_size, new_size; /* of the file */
    size_t old_at;   /* in `kept`: the bytes from `offset` on that were there before */
    size_t old_kept; /* how many */
    size_t new_at;
};

volatile int disk_allocating;

void *disk_allocate(size_t size) {
    disk_allocating++;
    void *memory = calloc(1, size);
    disk_allocating--;
    return memory;
}

struct disk_file *file_make(const char *name) {
    struct disk_file *file = disk_allocate(sizeof *file);
    if (file != NULL && (file->name = disk_allocate(strlen(name) + 1)) == NULL) {
        free(file);
        return NULL;
    }
    if (file != NULL) {
        memcpy(file->name, name, strlen(name) + 1);
    }
    return file;
}

static void free_shm(struct disk_shm *shm) {
    for (size_t i = 0; i < SHM_REGIONS; i++) {
        free(shm->regions[i]);
    }
}

void file_free(struct disk_file *file) {
    if (file != NULL) {
        free_shm(&file->shm);
        free(file->name);
        free(file->data);
        free(file->steps);
        free(file->kept);
        free(file);
    }
}

static bool grow(void **data, size_t needed, size_t *room, size_t item) {
    if (needed <= *room) {
        return true;
    }
    size_t wanted = needed + needed / 2 + 16;
    disk_allocating++;
    void *moved = realloc(*data, wanted * item);
    disk_allocating--;
    if (moved == NULL) {
        return false;
    }
    *data = moved;
    *room = wanted;
    return true;
}

static bool set_size(struct disk_file *file, int64_t size) {
    size_t room = (size_t)file->room;
    if (!grow((void **)&file->data, (size_t)size, &room, 1)) {
        return false;
    }
    file->room = (int64_t)room;
    if (size > file->size) {
        memset(file->data + file->size, 0, (size_t)(size - file->size));
    }
    file->size = size;
    return true;
}

static size_t keep(struct disk_file *file, const void *data, size_t size) {
    size_t at = file->kept_size;
    assert(size == 0 || data != NULL);
    if (size > 0) {
        memcpy(file->kept + at, data, size);
    }
    file->kept_size += size;
    return at;
}

/* Remembers what a step changes, before it is done. */
static bool note(struct disk_file *file, const void *data, int64_t size, int64_t offset,
                 int64_t new_size) {
    int64_t end = data ? offset + size : file->size;
    int64_t old_end = end < file->size ? end : file->size;
    size_t old = old_end > offset ? (size_t)(old_end - offset) : 0;
    if (!grow((void **)&file->steps, file->step_count + 1, &file->step_room,
              sizeof *file->steps) ||
        !grow((void **)&file->kept, file->kept_size + old + (size_t)size,
              &file->kept_room, 1)) {
        return false;
    }
    struct unsynced *step = &file->steps[file->step_count++];
    *step = (struct unsynced){.offset = offset,
                              .size = size,
                              .old_size = file->size,
                              .new_size = new_size,
                              .old_kept = old};
    step->old_at = keep(file, old ? file->data + offset : NULL, old);
    step->new_at = keep(file, data, (size_t)size);
    return true;
}

bool file_write(struct disk_file *file, const void *data, int64_t size, int64_t offset,
                bool durable) {
    int64_t end = offset + size;
    int64_t new_size = end > file->size ? end : file->size;
    if ((!durable && !note(file, data, size, offset, new_size)) ||
        !set_size(file, new_size)) {
        return false;
    }
    memcpy(file->data + offset, data, (size_t)size);
    return true;
}

bool file_truncate(struct disk_file *file, int64_t size, bool durable) {
    int64_t from = size < file->size ? size : file->size;
    return (durable || note(file, NULL, 0, from, size)) && set_size(file, size);
}

void file_synced(struct disk_file *file) {
    file->step_count = 0;
    file->kept_size = 0;
}

/* --- after a crash ------------------------------------------------------------------------- */

static bool undo(struct disk_file *file) {
    for (size_t i = file->step_count; i-- > 0;) {
        const struct unsynced *step = &file->steps[i];
        if (!set_size(file, step->old_size)) {
            return false;
        }
        if (step->old_kept > 0) {
            memcpy(file->data + step->offset, file->kept + step->old_at, step->old_kept);
        }
    }
    return true;
}

/* Each sector of a write reaches the disk or does not. */
static bool redo_write(struct disk_file *file, const struct unsynced *step, int per_mille,
                       struct dice *dice, struct disk_figures *figures) {
    int64_t end = step->offset + step->size;
    int64_t lost = 0;
    int64_t kept = 0;
    for (int64_t at = step->offset; at < end;) {
        int64_t next = (at / SECTOR + 1) * SECTOR;
        int64_t stop = next < end ? next : end;
        if (!dice_chance(dice, per_mille)) {
            lost++;
        } else {
            kept++;
            if (stop > file->size && !set_size(file, stop)) {
                return false;
            }
            memcpy(file->data + at, file->kept + step->new_at + (at - step->offset),
                   (size_t)(stop - at));
        }
        at = stop;
    }
    figures->lost_sectors += lost;
    figures->torn_writes += lost > 0 && kept > 0 ? 1 : 0;
    return true;
}

bool file_crash(struct disk_file *file, enum disk_loss loss, struct dice *dice,
                struct disk_figures *figures) {
    int per_mille = loss == DISK_TEARS ? (int)dice_below(dice, 5) * 250 : 0;
    bool fine = loss == DISK_KEEPS || undo(file);
    for (size_t i = 0; i < file->step_count && fine && loss != DISK_KEEPS; i++) {
        const struct unsynced *step = &file->steps[i];
        if (step->size > 0) {
            fine = redo_write(file, step, per_mille, dice, figures);
        } else if (dice_chance(dice, per_mille)) {
            fine = set_size(file, step->new_size);
        }
    }
    file_synced(file);
    file->readers = 0;
    file->writer = NULL;
    file->pending = file->exclusive = false;
    free_shm(&file->shm);
    memset(&file->shm, 0, sizeof file->shm);
    return fine;
}
