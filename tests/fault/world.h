/*
 * A small company for the tests of faults: headquarters and some stations as machines with disks in memory, in
 * one process and one thread, the real server library and client-core between them.
 *
 * Everything lies on the disks, so that a fork of the process is a copy of the whole world.
 */
#ifndef SATCHEL_TESTS_FAULT_WORLD_H
#define SATCHEL_TESTS_FAULT_WORLD_H

#include "client-core/station.h"
#include "server/server.h"
#include "tests/support/disk.h"

enum { FAULT_STATIONS = 5 };

struct fault_world;

struct machine {
    struct fault_world *world;
    char name[16]; /* of its disk, which is its folder */
    struct env env;
    struct dice dice;
    struct disk *disk;
    int boots;
    int64_t started_ms;
};

struct fault_station {
    struct machine machine;
    satchel *satchel; /* NULL: not running */
    satchel_session *session;
    bool enrolled; /* its enrolment was reported done */
    bool wiped;
    int64_t done; /* commands that were reported done */
};

struct fault_world {
    struct disks *disks;
    struct dice dice;
    struct catalogue *catalogue;
    int64_t now_ms;
    struct machine hq;     /* where satcheld works at first */
    struct machine second; /* another disk there: backups, archives */
    struct server_options options;
    struct server *server; /* NULL: not running */
    struct fault_station stations[FAULT_STATIONS];
    struct buffer invitation, parcel, answer;
    struct disk_image *image;
    int64_t mark; /* what a step remembers from its preparation */
    char text[64];
    bool cut_off; /* nobody reaches headquarters */
    bool archived;
};

void fault_world_make(struct fault_world *world);
void fault_world_free(struct fault_world *world);

/* --- what the steps are made of; all may fail, and be called again ------------------------------ */

/* What is down and should be up is started. */
int fault_up(struct fault_world *world, struct error *error);
int hq_up(struct fault_world *world, struct error *error);
void hq_down(struct fault_world *world);
/* The disk that headquarters' database lies on. */
struct disk *hq_disk(const struct fault_world *world);
int station_up(struct fault_station *station, struct error *error);
void station_down(struct fault_station *station);
int station_do(struct fault_station *station, const char *command, const char *json,
               struct error *error);
int station_exchange(struct fault_station *station, struct error *error);
struct transport fault_transport(struct fault_station *station);
/* Of its outbox; -1 when it cannot be read. */
int64_t station_position(const struct fault_station *station);
/* A number from a database of a disk, by a connection of its own; -1 when there is none. */
int64_t number_of(const char *path, const char *sql);

/* Where a machine's disk crashed the machine goes down, and its disk is as a crash leaves it. */
void fault_bury(struct fault_world *world, enum disk_loss loss);

/* --- what must be the same in the end --------------------------------------------------------------- */

enum { FAULT_TABLES = 64 };

/* Per table the sum of its rows' hashes, ids and times aside. */
struct contents {
    uint64_t sums[FAULT_TABLES];
    int64_t rows[FAULT_TABLES];
    size_t count;
};

/* All sync until nobody has anything left to say, then what headquarters and the stations hold. */
int fault_settle(struct fault_world *world, struct contents *ret, struct error *error);
/* The journal replayed, and every station's own proof. */
int fault_verify(struct fault_world *world, struct error *error);
/* Names the first table that differs. */
int contents_compare(const struct fault_world *world, const struct contents *expected,
                     const struct contents *found, struct error *error);

#endif
