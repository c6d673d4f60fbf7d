/*
 * The names of files and folders on a disk in memory. What is made, moved or removed is durable when its
 * folder is synced; a crash keeps of the changes before that as many as chance will have it, in their order.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/disk_inner.h"

static void folder_of(const char *name, char ret[DISK_NAME]) {
    const char *end = strrchr(name, '/');
    size_t size = end ? (size_t)(end - name) : 0;
    memcpy(ret, name, size);
    ret[size] = '\0';
}

static struct name_step *add_step(struct disk *disk, enum name_change change,
                                  const char *name, const char *to) {
    if (disk->steps == NULL) {
        disk->steps = disk_allocate(DISK_STEPS * sizeof *disk->steps);
    }
    if (disk->steps == NULL || disk->step_count == DISK_STEPS ||
        strlen(name) >= DISK_NAME || strlen(to) >= DISK_NAME) {
        return NULL;
    }
    struct name_step *step = &disk->steps[disk->step_count++];
    *step = (struct name_step){.change = change};
    snprintf(step->name, sizeof step->name, "%s", name);
    snprintf(step->moved, sizeof step->moved, "%s", to);
    folder_of(to, step->folder);
    return step;
}

static void set_name(struct disk_file *file, const char *name) {
    char *copy = disk_allocate(strlen(name) + 1);
    assert(copy != NULL);
    memcpy(copy, name, strlen(name) + 1);
    free(file->name);
    file->name = copy;
}

/* --- files ---------------------------------------------------------------------------------- */

bool names_made(struct disk *disk, struct disk_file *file) {
    struct name_step *step = add_step(disk, NAME_MADE, file->name, file->name);
    if (step != NULL) {
        step->file = file;
        file->remembered++;
    }
    return step != NULL;
}

bool names_remove(struct disk *disk, struct disk_file *file) {
    struct name_step *step = add_step(disk, NAME_GONE, file->name, file->name);
    if (step != NULL) {
        step->file = file;
        file->remembered++;
        file->deleted = true;
    }
    return step != NULL;
}

bool names_move(struct disk *disk, struct disk_file *file, const char *to) {
    struct disk_file *replaced = disk_find(disk, to);
    struct name_step *step = add_step(disk, NAME_MOVED, file->name, to);
    if (step == NULL || replaced == file) {
        return step != NULL;
    }
    step->file = file;
    file->remembered++;
    step->replaced = replaced;
    if (replaced != NULL) {
        replaced->remembered++;
        replaced->deleted = true;
    }
    set_name(file, to);
    return true;
}

/* --- folders -------------------------------------------------------------------------------- */

struct disk_folder *names_folder(const struct disk *disk, const char *name) {
    struct disk_folder *folder = disk->folders;
    while (folder != NULL && strcmp(folder->name, name) != 0) {
        folder = folder->next;
    }
    return folder;
}

static bool add_folder(struct disk_folder **folders, const char *name) {
    struct disk_folder *folder = disk_allocate(sizeof *folder);
    if (folder != NULL) {
        snprintf(folder->name, sizeof folder->name, "%s", name);
        folder->next = *folders;
        *folders = folder;
    }
    return folder != NULL;
}

static void drop_folder(struct disk *disk, const char *name) {
    struct disk_folder **link = &disk->folders;
    while (*link != NULL && strcmp((*link)->name, name) != 0) {
        link = &(*link)->next;
    }
    struct disk_folder *folder = *link;
    if (folder != NULL) {
        *link = folder->next;
        free(folder);
    }
}

bool names_make_folder(struct disk *disk, const char *name) {
    return add_step(disk, FOLDER_MADE, name, name) != NULL &&
           add_folder(&disk->folders, name);
}

bool names_remove_folder(struct disk *disk, const char *name) {
    if (add_step(disk, FOLDER_GONE, name, name) == NULL) {
        return false;
    }
    drop_folder(disk, name);
    return true;
}

static bool is_below(const char *name, const char *folder) {
    size_t size = strlen(folder);
    return strncmp(name, folder, size) == 0 && (name[size] == '/' || name[size] == '\0');
}

static void rename_below(struct disk *disk, const char *from, const char *to) {
    char name[DISK_NAME + DISK_NAME];
    for (struct disk_file *file = disk->files; file != NULL; file = file->next) {
        if (is_below(file->name, from)) {
            snprintf(name, sizeof name, "%s%s", to, file->name + strlen(from));
            set_name(file, name);
        }
    }
    for (struct disk_folder *folder = disk->folders; folder; folder = folder->next) {
        if (is_below(folder->name, from)) {
            snprintf(name, sizeof name, "%s%s", to, folder->name + strlen(from));
            snprintf(folder->name, sizeof folder->name, "%.*s", DISK_NAME - 1, name);
        }
    }
}

bool names_move_folder(struct disk *disk, const char *from, const char *to) {
    if (add_step(disk, FOLDER_MOVED, from, to) == NULL) {
        return false;
    }
    rename_below(disk, from, to);
    return true;
}

bool names_copy_folders(const struct disk_folder *from, struct disk_folder **to) {
    bool fine = true;
    for (; from != NULL && fine; from = from->next) {
        fine = add_folder(to, from->name);
    }
    return fine;
}

void names_free_folders(struct disk_folder **folders) {
    while (*folders != NULL) {
        struct disk_folder *folder = *folders;
        *folders = folder->next;
        free(folder);
    }
}

/* --- syncs and crashes ------------------------------------------------------------------------ */

static void release(struct disk *disk, struct name_step *step) {
    struct disk_file *files[] = {step->file, step->replaced};
    for (size_t i = 0; i < 2; i++) {
        if (files[i] != NULL) {
            files[i]->remembered--;
            disk_forget_file(disk, files[i]);
        }
    }
}

void names_synced(struct disk *disk, const char *folder) {
    size_t kept = 0;
    for (size_t i = 0; i < disk->step_count; i++) {
        if (strcmp(disk->steps[i].folder, folder) == 0) {
            release(disk, &disk->steps[i]);
        } else {
            disk->steps[kept++] = disk->steps[i];
        }
    }
    disk->step_count = kept;
}

/* A folder that was never made has nothing in it. */
static void undo_folder(struct disk *disk, const char *name) {
    for (struct disk_file *file = disk->files; file != NULL; file = file->next) {
        file->deleted = file->deleted || is_below(file->name, name);
    }
    drop_folder(disk, name);
}

static void undo(struct disk *disk, const struct name_step *step) {
    switch (step->change) {
    case NAME_MADE:
        step->file->deleted = true;
        break;
    case NAME_GONE:
        step->file->deleted = false;
        break;
    case NAME_MOVED:
        if (step->file != NULL) {
            set_name(step->file, step->name);
        }
        if (step->replaced != NULL) {
            step->replaced->deleted = false;
        }
        break;
    case FOLDER_MADE:
        undo_folder(disk, step->name);
        break;
    case FOLDER_MOVED:
        rename_below(disk, step->moved, step->name);
        break;
    case FOLDER_GONE: {
        bool back = add_folder(&disk->folders, step->name);
        assert(back);
        (void)back;
        break;
    }
    }
}

void names_crash(struct disk *disk, enum disk_loss loss, struct dice *dice) {
    size_t count = disk->step_count;
    size_t kept = loss == DISK_KEEPS   ? count
                  : loss == DISK_LOSES ? 0
                                       : (size_t)dice_below(dice, (int64_t)count + 1);
    for (size_t i = count; i-- > kept;) {
        undo(disk, &disk->steps[i]);
        disk->figures.lost_names++;
    }
    for (size_t i = 0; i < count; i++) {
        release(disk, &disk->steps[i]);
    }
    disk->step_count = 0;
}
