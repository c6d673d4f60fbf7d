/* A file of a disk in memory: its bytes, and what was done since they were last synced. For disk.c. */
#ifndef SATCHEL_TESTS_SUPPORT_DISK_FILE_H
#define SATCHEL_TESTS_SUPPORT_DISK_FILE_H

#include "tests/support/disk.h"

enum { SHM_LOCKS = 8, SHM_REGIONS = 256 };

/* The index of a write-ahead log, shared by the connections. */
struct disk_shm {
    uint8_t *regions[SHM_REGIONS];
    int users;
    int shared[SHM_LOCKS];
    bool exclusive[SHM_LOCKS];
};

struct unsynced;

struct disk_file {
    char *name;
    uint8_t *data;
    int64_t size;
    int64_t room;
    struct unsynced *steps; /* since the last sync */
    size_t step_count, step_room;
    uint8_t *kept; /* the steps' bytes, before and after */
    size_t kept_size, kept_room;
    int handles;
    int remembered; /* by changes of names that are not durable */
    bool deleted;   /* goes with its last handle and the last that remembers it */
    int readers;    /* with a shared lock or more */
    const void *writer;
    bool pending, exclusive;
    struct disk_shm shm;
    struct disk_file *next;
};

/* Above 0 while the disks take memory for themselves, which is not the memory of who writes to them. */
extern volatile int
    disk_allocating; /* who calls malloc may leave out what malloc does not see */
void *disk_allocate(size_t size); /* zeroed */

struct disk_file *file_make(const char *name); /* NULL without memory */
void file_free(struct disk_file *file);
bool file_write(struct disk_file *file, const void *data, int64_t size, int64_t offset,
                bool durable);
bool file_truncate(struct disk_file *file, int64_t size, bool durable);
void file_synced(struct disk_file *file);
/* What is left after a crash. False without memory. */
bool file_crash(struct disk_file *file, enum disk_loss loss, struct dice *dice,
                struct disk_figures *figures);

#endif
