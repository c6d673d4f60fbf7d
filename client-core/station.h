/*
 * An open station: what a `satchel` handle is. Each of its three connections has a lock of its own, so that
 * a query does not wait for a command, nor either for the network.
 *
 * Order of the locks where two are taken: sync, write, read, sessions. The public functions (satchel.c) take them; the
 * files behind them know nothing of threads.
 */
#ifndef SATCHEL_CLIENT_STATION_H
#define SATCHEL_CLIENT_STATION_H

#include <pthread.h>
#include <stdatomic.h>

#include "client-core/ask.h"
#include "client-core/executor.h"
#include "client-core/home.h"
#include "client-core/identity.h"
#include "client-core/sync_round.h"
#include "satchel.h"

struct auto_sync;

struct satchel {
    char home[HOME_PATH];
    const struct env *env;
    struct catalogue *catalogue;
    struct transport transport;
    struct identity identity;

    pthread_mutex_t write_lock;
    struct replica *writer;
    struct executor *executor;
    /* On a station that several people share, for those of them who do not see everything; else NULL. */
    struct replica *covered_writer;
    struct executor *covered_executor;

    pthread_mutex_t read_lock;
    struct asker *asker;
    struct asker *covered_asker; /* NULL: as above */

    pthread_mutex_t sync_lock; /* taken after the home's sync.lock */
    struct syncer *syncer;     /* opened at its first use */
    atomic_bool syncing;

    pthread_mutex_t session_lock;
    struct satchel_session *sessions;
    satchel_event_function listener;
    void *listener_context;
    struct auto_sync *auto_sync; /* NULL when it is off */
};

struct satchel_session {
    struct satchel *station;
    struct id user;
    uint8_t mark[SECRET_SALT]; /* of the secret that it was begun with */
    struct satchel_session *next;
};

/* What a station is opened with; tests and simulators give their own world. */
struct station_setup {
    const char *home;
    const struct env *env;
    const struct embedded_file *files; /* of the catalogue */
    size_t file_count;
    int version;                /* of the schema; 0: this program's (tests play others) */
    struct transport transport; /* taken over, also when opening fails */
};

int station_open(const struct station_setup *setup, struct satchel **ret,
                 struct error *error);
void station_close(struct satchel *station); /* NULL is fine */

/* Business and some pieces of files, without waiting for another process; *ret_more: there are more pieces to send at once. */
int station_sync_slice(struct satchel *station, satchel_progress_function progress,
                       void *context, satchel_sync_report *ret, bool *ret_more,
                       struct error *error);
/* satchel_sync without the public casts. `wait_ms`: for another process that syncs. */
int station_sync(struct satchel *station, int64_t wait_ms,
                 satchel_progress_function progress, void *context,
                 satchel_sync_report *ret, struct error *error);
/* The same by files (parcel_round.h). */
int station_export(struct satchel *station, int64_t wait_ms, struct buffer *ret,
                   satchel_parcel_report *ret_report, struct error *error);
struct parcel_taking {
    struct bytes parcel;
    int64_t wait_ms;
    satchel_progress_function progress;
    void *context;
};
int station_import(struct satchel *station, const struct parcel_taking *taking,
                   satchel_sync_report *ret, struct error *error);
/* satchel_rotate_key. */
int station_rotate_key(struct satchel *station, int64_t wait_ms, struct error *error);
/* Gives a person a secret on this station without knowing his former one, and ends his waiting: headquarters does this on its
 * own console. console.missing while the replica has no people yet, and the codes of people_find and secret_set. */
int station_give_secret(struct satchel *station, const char *user, const char *secret,
                        struct error *error);
/* The session goes on under the secret that its user has now. */
int station_renew_session(struct satchel_session *session, struct error *error);
/* Tells the listener, if there is one. */
void station_tell(struct satchel *station, const char *event, const char *json);

#endif
