/*
 * Families: devices that go on from one another. A copy of a station, or one restored from a backup, becomes the
 * child of the device that it was; what was done before that is its own work as much as the parent's.
 *
 *   station_kin     per child: its parent, the first of the family, up to which gsn the parent's work is its own, and
 *                   the evidence that it was enrolled again on
 *   station_shared  transactions that came from one of a family and were known from another: own work of both
 */
#ifndef SATCHEL_SERVER_KIN_H
#define SATCHEL_SERVER_KIN_H

#include "server/master.h"

struct work;

/* Generations of one family; beyond it a station has to be enrolled with an invitation. */
enum { FAMILY_GENERATIONS = 256 };

struct ancestor {
    int64_t station;
    struct id device;
    int64_t fork_gsn; /* its work up to here is the child's own */
};

struct family {
    int64_t root; /* number of the first of them */
    const struct ancestor *ancestors;
    size_t ancestor_count; /* nearest first */
};

/* The family of a station. `has_parent` false: it is the first, nothing is read. */
int kin_read(sqlite3 *db, int64_t station, bool has_parent, struct arena *arena,
             struct family *ret, struct error *error);
/* NULL: it is none. */
const struct ancestor *kin_ancestor(const struct family *family, struct id device);

/* A new child. `number`, `hash`: its evidence. */
struct kinship {
    int64_t station;
    int64_t parent;
    int64_t root;
    int64_t fork_gsn;
    int64_t number;
    struct bytes hash;
};
int kin_put(struct master *master, const struct kinship *kinship, struct error *error);
/* The child that was enrolled on this evidence; 0: none. */
int kin_child(struct master *master, int64_t parent, int64_t number, struct bytes hash,
              int64_t *ret, struct error *error);

/* A transaction of this station was known by `gsn` from another: when they are of one family, it is work of both. */
int kin_share(struct work *work, int64_t gsn, struct error *error);
/* Work of a lost history was merged again: what this station had sealed before a fork is its children's own, too, though
 * it comes after them this time. */
int kin_share_again(struct master *master, int64_t station, int64_t number, int64_t gsn,
                    struct error *error);
/* Makes a stamp of the work's own past the work's device's: before a fork, or shared. */
int kin_own(struct work *work, struct stamp *stamp, struct error *error);

#endif
