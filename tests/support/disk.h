/*
 * Disks in memory that crash the way real ones do: an SQLite VFS for tests.
 *
 * A disk holds the files whose names begin with its name and a slash. For each file it knows what was
 * synced. When its machine crashes, every later call fails until it is started again, and then the files
 * hold what was synced and as much of the rest as chance will have it, torn at sectors of 512 bytes.
 *
 * In a program that is linked with the wrappers of disk_libc.c, open, write, rename and the like go to the
 * disks too; a name that was made, moved or removed that way is durable when its folder was synced.
 *
 * Several connections may have a file open (locks and the write-ahead log's index work), on one thread.
 * Files of no disk go where they went before; files without a name are memory.
 */
#ifndef SATCHEL_TESTS_SUPPORT_DISK_H
#define SATCHEL_TESTS_SUPPORT_DISK_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/support/dice.h"

struct disks;
struct disk;
struct disk_image;

/* Becomes SQLite's default VFS until disks_free; NULL without memory. */
struct disks *disks_make(void);
void disks_free(struct disks *disks);
/* What SQLite's own dice (salts, rowids) and clock go by from now on. */
void disks_begin(struct disks *disks, uint64_t seed, int64_t now_ms);

/* NULL without memory. No connection may be open when it is removed. */
struct disk *disk_add(struct disks *disks, const char *name);
void disk_remove(struct disk *disk);

/* --- crashes ------------------------------------------------------------------------------- */

/* From now on, or when the n-th write, truncation, deletion or sync from now is tried (0: never after all). */
void disk_crash(struct disk *disk);
void disk_crash_at(struct disk *disk, int64_t calls);
bool disk_is_crashed(const struct disk *disk);

enum disk_loss {
    DISK_KEEPS, /* the program died, not the machine: whatever was written is there */
    DISK_TEARS, /* of what was not synced, a random part */
    DISK_LOSES  /* nothing that was not synced */
};
/* After a crash, and when all its connections are closed. */
void disk_restart(struct disk *disk, enum disk_loss loss, struct dice *dice);

/* --- a disk that fails --------------------------------------------------------------------- */

/* The n-th write, truncation, deletion or sync from now fails (0: none), once or from then on, with an SQLite
 * code such as SQLITE_FULL or SQLITE_IOERR. */
void disk_fail_at(struct disk *disk, int64_t calls, int code, bool for_good);
/* The same for the n-th call of any kind: opens, reads, looks and locks too. */
void disk_trouble_at(struct disk *disk, int64_t calls, int code, bool for_good);
/* No more of it. Whether there was any. */
bool disk_trouble_end(struct disk *disk);
/* A code: what is read or written by other calls than SQLite's is done in part, as read and write may. */
enum { DISK_SHORT = -1 };

/* --- images -------------------------------------------------------------------------------- */

/* The files as they are, unsynced writes included; what a copy of the folder would be. NULL without memory. */
struct disk_image *disk_copy(const struct disk *disk);
/* Puts other files in the place of all; no connection may be open. False without memory. */
bool disk_replace(struct disk *disk, const struct disk_image *image);
void disk_image_free(struct disk_image *image); /* NULL is fine */

struct disk_figures {
    int64_t calls; /* writes, truncations, deletions, syncs */
    int64_t every; /* calls of any kind */
    int64_t syncs;
    int64_t bytes;        /* written */
    int64_t lost_sectors; /* in crashes */
    int64_t torn_writes;  /* of which a part was kept */
    int64_t lost_names;   /* changes of names */
};
struct disk_figures disk_figures(const struct disk *disk);

#endif
