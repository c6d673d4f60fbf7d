/*
 * The simulator's world: headquarters and stations as machines with clocks and disks of their own, a
 * network between them, faults, and one seed from which everything follows. One thread; time is a number.
 *
 * The server library and client-core are the real ones. Their databases are in memory (tests/support/disk.h);
 * the few other files (keys, locks) lie in a folder of the world's own, which is the current directory.
 */
#ifndef SATCHEL_TESTS_SIM_WORLD_H
#define SATCHEL_TESTS_SIM_WORLD_H

#include "client-core/station.h"
#include "server/server.h"
#include "tests/sim/faults.h"
#include "tests/sim/ledger.h"
#include "tests/sim/play.h"
#include "tests/support/disk.h"

enum {
    WORLD_STATIONS = 400,
    WORLD_MESSAGES = 64, /* under way, long after they were given up */
    WORLD_DEPTH = 3      /* of what happens while a request is under way */
};

#define WORLD_BEGIN_MS 1795399200000LL

struct world;
struct snapshot;

/* A computer: what it believes of the time, its disk. */
struct machine {
    struct world *world;
    char name[16]; /* of its folder and of its disk */
    struct env env;
    struct dice dice;
    struct disk *disk;
    int64_t skew_ms; /* of its wall clock */
    int64_t started_ms;
    int boots;
    enum disk_loss loss; /* when it crashes */
    int64_t down_until;
    bool down;
};

struct seat {
    int person;
    satchel_session *session;
};

enum { STATION_SEATS = 8 };

struct sim_station {
    struct machine machine;
    int number;
    satchel *satchel; /* NULL: not running */
    struct transport transport;
    struct station_plan plan;
    struct id device;
    struct seat seats[STATION_SEATS];
    int seat_count;
    sqlite3 *watch; /* reads its replica */
    sqlite3_stmt *last_work, *progress, *unanswered;
    int64_t position; /* of the last transaction known */
    bool syncing;
    bool disturbed; /* something struck the sync that is under way */
    int64_t offline_until;
    int sync_per_mille; /* how often it syncs rather than works */
    int64_t cursor;     /* as the play knows it */
    /* A command that a crash cut off: its fate is known when the station is up again. */
    bool cut;
    struct sim_operation cut_operation;
    int64_t cut_at;
    struct snapshot *snapshot; /* a backup of it; NULL: none */
    struct id root;            /* the device that its family began with */
    int version;               /* of its program's schema */
    bool revoked;              /* headquarters takes nothing from it any more */
    bool wiped;                /* it knows, and nothing is left of it */
};

/* A request that is still under way though nobody waits for its answer. */
struct message {
    int64_t due;
    int from;
    char path[32];
    uint8_t *data;
    size_t size;
};

struct world_options {
    const struct play *play;
    uint64_t seed;
    int64_t operations; /* 0: as the seed draws */
    const char *faults; /* NULL: as the seed draws */
    FILE *trace;        /* may be NULL */
    bool verify;        /* replay headquarters' journal at the end */
    /* Lives longer than the world: loaded once. */
    struct disks *disks;
    struct catalogue *catalogue,
        *former; /* of the present version, and of the one before */
};

struct world_figures {
    int64_t operations, concurrent, refused_here, merged, conflicts, refused, syncs,
        syncs_failed, stations, requests;
};

struct world {
    struct world_options options;
    const struct play *play;
    void *playing;
    struct sim_report report;
    struct dice dice;
    int64_t now_ms;
    struct faults faults;
    bool calm;    /* no faults any more */
    bool healing; /* for ever */
    struct machine hq;
    struct server_options server_options;
    struct server *server; /* NULL: not running */
    sqlite3 *watch;        /* reads the master */
    sqlite3_stmt *entries, *decided;
    int64_t seen_entry, seen_gsn; /* of the journal, as far as it was looked at */
    int64_t purged;
    struct snapshot *hq_snapshot;
    int server_keys;
    bool unnoticed; /* it was put back, and nobody has shown it yet */
    int histories;  /* how often headquarters was put back */
    struct sim_station *stations[WORLD_STATIONS];
    int station_count;
    int depth;
    struct message messages[WORLD_MESSAGES];
    int message_count;
    uint8_t *overheard; /* some device's bundle */
    size_t overheard_size;
    int overheard_from;
    struct ledger ledger;
    struct world_figures figures;
};

/* One run from its beginning to its end. 0, or -1 with report.wrong filled. world_end in any case. */
int world_run(struct world *world, const struct world_options *options);
void world_end(struct world *world);

/* --- between the files of the world ---------------------------------------------------------- */

bool world_strikes(struct world *world, enum fault fault); /* never when calm */
void world_pass(struct world *world, int64_t ms);
/* One thing happens somewhere. */
int world_step(struct world *world);

/* machine.c */
int machine_make(struct machine *machine, struct world *world, const char *name);
/* Programs look whether the file is there; what is in it is on the disk in memory. */
int machine_place(const struct machine *machine, const char *name);
void machine_power(struct machine *machine); /* boots: its boot clock begins anew */

/* headquarters.c */
int hq_found(struct world *world);
int hq_start(struct world *world);
/* Puts it down, gently or after a crash; it is up again at `until`. */
void hq_stop(struct world *world, int64_t until);
/* Its disk crashed in the middle of a request: buried, and up again some time later. */
void hq_bury(struct world *world);
/* Hands a request in; false: nobody answered. */
bool hq_answer(struct world *world, const char *path, struct bytes body,
               struct buffer *ret, int *ret_status);
int hq_invite(struct world *world, const struct station_plan *plan, struct buffer *ret);
int64_t hq_head(struct world *world);

/* watch.c: tells the play and the ledger what the journal says since it was last asked. */
int hq_watch(struct world *world);
int watch_open(struct world *world);
void watch_close(struct world *world);

/* station.c */
int station_add(struct world *world, struct sim_station **ret);
/* For the same people as another. */
int station_add_like(struct world *world, const struct sim_station *other,
                     struct sim_station **ret);
/* A machine for a station, with nothing on its disk. */
int station_place(struct world *world, const struct station_plan *plan,
                  struct sim_station **ret);
int station_up(struct sim_station *station);
void station_down(struct sim_station *station, int64_t until);
void station_bury(struct sim_station *station);
/* It has the present program from now on; it must be down. */
void station_update(struct sim_station *station);
/* Whether its cursor moved: then it tells the play. */
int station_look(struct sim_station *station);
int station_work(struct sim_station *station, const struct sim_operation *operation);
/* *ret_done: it reached the end. */
int station_exchange(struct sim_station *station, bool *ret_done);
void station_free(struct sim_station *station);

/* network.c */
struct transport network_transport(struct sim_station *station);
int network_deliver_late(struct world *world);
void network_free(struct world *world);

/* errands.c */
int errand_server_key(struct world *world);
/* A round with headquarters by files. */
int errand_carry(struct sim_station *station);

/* hostile.c */
/* A device that is not honest sends something of this before it sends the request itself; none of it may count. */
int hostile_try(struct sim_station *station, const struct transport_request *request);
void hostile_free(struct world *world);

/* lives.c: what befalls them as a whole */
int life_of_station(struct sim_station *station);
int life_of_hq(struct world *world);
void lives_free(struct world *world);
/* The copy of headquarters that there is will not be put back. */
void lives_forget_hq(struct world *world);
/* It failed with this code, and may: headquarters took it back. Then nothing of it may be left. */
bool life_is_over(const struct sim_station *station, const char *code);
int life_end(struct sim_station *station);
/* Headquarters decides on what revoked devices still had. */
int lives_settle(struct world *world);
/* After headquarters was put back: nobody has anything of the lost history any more. */
int lives_end_refill(struct world *world);

/* heal.c */
int world_heal(struct world *world);

#endif
