/* What the files of the disks in memory share: disk.c (SQLite's calls), disk_libc.c (everybody else's), disk_names.c. */
#ifndef SATCHEL_TESTS_SUPPORT_DISK_INNER_H
#define SATCHEL_TESTS_SUPPORT_DISK_INNER_H

#include <sqlite3.h>

#include "tests/support/disk_file.h"

enum { DISK_NAME = 512, DISK_STEPS = 256 };

/* A folder below a disk's own; that one is always there. */
struct disk_folder {
    char name[DISK_NAME];
    struct disk_folder *next;
};

enum name_change {
    NAME_MADE,
    NAME_MOVED,
    NAME_GONE,
    FOLDER_MADE,
    FOLDER_MOVED,
    FOLDER_GONE
};

/* A change of names that no sync of its folder has made durable yet. */
struct name_step {
    enum name_change change;
    struct disk_file *file;
    struct disk_file *replaced; /* by a move; may be NULL */
    char name[DISK_NAME];       /* before a move; of a folder */
    char moved[DISK_NAME];      /* of a folder, after it was moved */
    char folder[DISK_NAME];     /* whose sync makes it durable */
};

struct disk_trouble {
    int64_t at; /* calls left; 0: none */
    int code;
    bool for_good;
    bool failing; /* for good, from now on */
    bool struck;  /* at all */
};

struct disk {
    struct disks *disks;
    char *name; /* with the slash */
    struct disk_file *files;
    struct disk_folder *folders;
    struct name_step *steps; /* of names */
    size_t step_count;
    bool crashed;
    int64_t crash_at; /* changes left; 0: none */
    struct disk_trouble changes, calls;
    struct disk_figures figures;
    struct disk *next;
};

struct disks {
    sqlite3_vfs vfs;
    sqlite3_vfs *before;
    struct dice dice;
    int64_t now_ms;
    struct disk *disks;
};

struct disk_image {
    struct disk_file *files;
    struct disk_folder *folders;
};

/* The disk that a path leads to, its own folder included; NULL: none. */
struct disk *disk_of(const struct disks *disks, const char *path);
struct disk_file *disk_find(const struct disk *disk, const char *name);
/* A new, empty file; NULL without memory. */
struct disk_file *disk_make_file(struct disk *disk, const char *name);
/* When nobody has it open and no crash can bring it back. */
void disk_forget_file(struct disk *disk, struct disk_file *file);
/* Whether a call may go on that changes the disk, or one that only looks: SQLITE_OK, or why not. */
int disk_allows_change(struct disk *disk);
int disk_allows_look(struct disk *disk);

/* disk_names.c. False without memory, or with more unsynced changes than fit. */
bool names_made(struct disk *disk, struct disk_file *file);
bool names_remove(struct disk *disk, struct disk_file *file);
bool names_move(struct disk *disk, struct disk_file *file, const char *to);
struct disk_folder *names_folder(const struct disk *disk, const char *name);
bool names_make_folder(struct disk *disk, const char *name);
bool names_remove_folder(struct disk *disk, const char *name);
bool names_move_folder(struct disk *disk, const char *from, const char *to);
bool names_copy_folders(const struct disk_folder *from, struct disk_folder **to);
void names_free_folders(struct disk_folder **folders);
void names_synced(struct disk *disk, const char *folder);
void names_crash(struct disk *disk, enum disk_loss loss, struct dice *dice);

#endif
