/*
 * An open station: opening, closing, syncing under its locks.
 */
#include "client-core/station.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client-core/auto_sync.h"
#include "client-core/parcel_round.h"
#include "client-core/people.h"
#include "client-core/rekey.h"
#include "client-core/visible.h"
#include "client-core/wipe.h"
#include "schema/database.h"

static int open_writer(struct satchel *station, struct error *error) {
    char path[HOME_PATH];
    bool enrolled = false;
    if (home_file(station->home, "replica.db", path, error) != 0 ||
        replica_open(path, false, station->catalogue, station->env, &station->writer,
                     error) != 0 ||
        wipe_look(station->writer, station->home, error) != 0 ||
        identity_load(station->writer, &station->identity, &enrolled, error) != 0)
        return -1;
    if (!enrolled)
        return error_set(error, "station.not_enrolled", "home",
                         "the station in %s was not enrolled to the end", station->home);
    if (home_keys_of(station->home, &station->identity.certificate.device_key,
                     &station->identity.keys, error) != 0)
        return -1;
    const struct executor_options options = {
        .device = station->identity.certificate.device,
        .device_code = station->identity.certificate.code,
        .ceiling = station->identity.ceiling,
    };
    return executor_open(station->writer, &options, &station->executor, error);
}

static int open_reader(struct satchel *station, bool covered, struct error *error) {
    char path[HOME_PATH];
    struct replica *reader = NULL;
    const struct asker_options options = {
        .device = station->identity.certificate.device,
        .device_code = station->identity.certificate.code,
        .ceiling = station->identity.ceiling,
        .whole = covered ? station->asker : NULL,
    };
    if (home_file(station->home, "replica.db", path, error) != 0 ||
        replica_open_reader(path, station->catalogue, station->env, &reader, error) != 0)
        return -1;
    if (covered && visible_open(reader, options.ceiling, false, error) != 0) {
        replica_close(reader);
        return -1;
    }
    return asker_open(reader, &options,
                      covered ? &station->covered_asker : &station->asker, error);
}

/* The connections for people who may not see all that a shared station holds. */
static int open_covered(struct satchel *station, struct error *error) {
    char path[HOME_PATH];
    const struct executor_options options = {
        .device = station->identity.certificate.device,
        .device_code = station->identity.certificate.code,
        .ceiling = station->identity.ceiling,
        .whole = station->executor,
    };
    if (!identity_is_shared(&station->identity))
        return 0;
    if (home_file(station->home, "replica.db", path, error) != 0 ||
        replica_open(path, false, station->catalogue, station->env,
                     &station->covered_writer, error) != 0 ||
        visible_open(station->covered_writer, options.ceiling, true, error) != 0 ||
        executor_open(station->covered_writer, &options, &station->covered_executor,
                      error) != 0)
        return -1;
    return open_reader(station, true, error);
}

static int make_locks(struct satchel *station, struct error *error) {
    pthread_mutex_t *const locks[] = {&station->write_lock, &station->read_lock,
                                      &station->sync_lock, &station->session_lock};
    for (size_t i = 0; i < sizeof locks / sizeof *locks; i++) {
        if (pthread_mutex_init(locks[i], NULL) != 0) {
            while (i-- > 0)
                pthread_mutex_destroy(locks[i]);
            return error_out_of_memory(error);
        }
    }
    return 0;
}

static int open_all(struct satchel *station, const struct station_setup *setup,
                    struct error *error) {
    if (seal_start(error) != 0)
        return -1;
    if (!home_has(station->home, "replica.db"))
        return error_set(error, "station.missing", "home", "there is no station in %s",
                         station->home);
    if (catalogue_load(setup->files, setup->file_count, &station->catalogue, error) != 0)
        return -1;
    if (setup->version > 0)
        station->catalogue->version = setup->version;
    if (open_writer(station, error) != 0)
        return -1;
    return open_reader(station, false, error) != 0 || open_covered(station, error) != 0
               ? -1
               : 0;
}

static void close_transport(struct transport *transport) {
    if (transport->close)
        transport->close(transport->context);
}

int station_open(const struct station_setup *setup, struct satchel **ret,
                 struct error *error) {
    struct transport transport = setup->transport;
    struct satchel *station = calloc(1, sizeof *station);
    if (!station || make_locks(station, error) != 0) {
        free(station);
        close_transport(&transport);
        return error_out_of_memory(error);
    }
    station->env = setup->env;
    station->transport = transport;
    int failed =
        strlen(setup->home) < sizeof station->home
            ? 0
            : error_set(error, "station.missing", "home", "the path is too long");
    if (!failed) {
        memcpy(station->home, setup->home, strlen(setup->home) + 1);
        failed = open_all(station, setup, error);
    }
    if (failed) {
        station_close(station);
        return -1;
    }
    *ret = station;
    return 0;
}

static void close_sessions(struct satchel *station) {
    while (station->sessions) {
        struct satchel_session *session = station->sessions;
        station->sessions = session->next;
        free(session);
    }
}

void station_close(struct satchel *station) {
    if (!station)
        return;
    auto_sync_stop(station->auto_sync);
    close_sessions(station);
    syncer_close(station->syncer);
    asker_close(station->covered_asker);
    asker_close(station->asker);
    executor_close(station->covered_executor);
    replica_close(station->covered_writer);
    executor_close(station->executor);
    replica_close(station->writer);
    catalogue_free(station->catalogue);
    close_transport(&station->transport);
    seal_wipe(&station->identity.keys, sizeof station->identity.keys);
    pthread_mutex_destroy(&station->write_lock);
    pthread_mutex_destroy(&station->read_lock);
    pthread_mutex_destroy(&station->sync_lock);
    pthread_mutex_destroy(&station->session_lock);
    free(station);
}

/* --- sync -------------------------------------------------------------------------------------------- */

static int open_syncer(struct satchel *station, struct error *error) {
    char path[HOME_PATH];
    struct replica *replica = NULL;
    if (station->syncer)
        return 0;
    if (home_file(station->home, "replica.db", path, error) != 0 ||
        replica_open(path, false, station->catalogue, station->env, &replica, error) != 0)
        return -1;
    /* A first sync of a million rows fills trees from all sides: with less room than the rows
     * take it is half as fast. Given back after each sync. */
    sqlite3_exec(replica->db, "pragma cache_size = -262144", NULL, NULL, NULL);
    if (syncer_open(replica, station->home, &station->transport, &station->syncer,
                    error) != 0)
        return -1;
    syncer_send_files(station->syncer, station->home);
    return 0;
}

static void name_device(const struct satchel *station, struct replica *replica) {
    if (!replica)
        return;
    replica->functions.device = station->identity.certificate.device;
    snprintf(replica->functions.device_code, sizeof replica->functions.device_code, "%s",
             station->identity.certificate.code);
}

/* A sync may have made the station another device: what is done from now on is that one's. */
static void adopt_identity(struct satchel *station) {
    const struct identity *identity = syncer_identity(station->syncer);
    const struct identity *known = &station->identity;
    bool same =
        memcmp(identity->keys.public_key, known->keys.public_key, SIGN_PUBLIC) == 0 &&
        memcmp(&identity->server_key, &known->server_key, sizeof known->server_key) == 0;
    if (!identity->org_name[0] || same)
        return;
    pthread_mutex_lock(&station->write_lock);
    pthread_mutex_lock(&station->read_lock);
    station->identity = *identity;
    name_device(station, station->writer);
    name_device(station, station->covered_writer);
    name_device(station, asker_reader(station->asker));
    if (station->covered_asker)
        name_device(station, asker_reader(station->covered_asker));
    pthread_mutex_unlock(&station->read_lock);
    pthread_mutex_unlock(&station->write_lock);
}

/* Only one of all that have the home open syncs at a time. */
static int begin_sync(struct satchel *station, int64_t wait_ms, int *ret_lock,
                      struct error *error) {
    if (home_lock(station->home, "sync.lock", station->env, wait_ms, ret_lock, error) !=
        0)
        return -1;
    pthread_mutex_lock(&station->sync_lock);
    atomic_store(&station->syncing, true);
    return 0;
}

static int end_sync(struct satchel *station, int lock, int failed) {
    if (station->syncer) {
        sqlite3_db_release_memory(syncer_replica(station->syncer)->db);
        adopt_identity(station);
    }
    atomic_store(&station->syncing, false);
    pthread_mutex_unlock(&station->sync_lock);
    home_unlock(lock);
    return failed ? -1 : 0;
}

int station_sync(struct satchel *station, int64_t wait_ms,
                 satchel_progress_function progress, void *context,
                 satchel_sync_report *ret, struct error *error) {
    int lock = -1;
    if (begin_sync(station, wait_ms, &lock, error) != 0)
        return -1;
    int failed = open_syncer(station, error) != 0 ||
                 syncer_run(station->syncer, progress, context, ret, error) != 0;
    return end_sync(station, lock, failed);
}

int station_sync_slice(struct satchel *station, satchel_progress_function progress,
                       void *context, satchel_sync_report *ret, bool *ret_more,
                       struct error *error) {
    int lock = -1;
    *ret_more = false;
    if (begin_sync(station, 0, &lock, error) != 0)
        return -1;
    int failed = open_syncer(station, error);
    if (!failed) {
        syncer_slice_files(station->syncer, true);
        failed = syncer_run(station->syncer, progress, context, ret, error);
        syncer_slice_files(station->syncer, false);
        *ret_more = syncer_has_more(station->syncer);
    }
    return end_sync(station, lock, failed);
}

int station_export(struct satchel *station, int64_t wait_ms, struct buffer *ret,
                   satchel_parcel_report *ret_report, struct error *error) {
    int lock = -1;
    if (begin_sync(station, wait_ms, &lock, error) != 0)
        return -1;
    int failed = open_syncer(station, error) != 0 ||
                 parcel_export(station->syncer, ret, ret_report, error) != 0;
    return end_sync(station, lock, failed);
}

int station_import(struct satchel *station, const struct parcel_taking *taking,
                   satchel_sync_report *ret, struct error *error) {
    int lock = -1;
    if (begin_sync(station, taking->wait_ms, &lock, error) != 0)
        return -1;
    int failed = open_syncer(station, error) != 0 ||
                 parcel_import(station->syncer, taking->parcel, taking->progress,
                               taking->context, ret, error) != 0;
    return end_sync(station, lock, failed);
}

int station_rotate_key(struct satchel *station, int64_t wait_ms, struct error *error) {
    pthread_mutex_lock(&station->write_lock);
    int failed = rekey_note_rotation(station->writer, error);
    pthread_mutex_unlock(&station->write_lock);
    return failed ? -1 : station_sync(station, wait_ms, NULL, NULL, NULL, error);
}

void station_tell(struct satchel *station, const char *event, const char *json) {
    pthread_mutex_lock(&station->session_lock);
    satchel_event_function listener = station->listener;
    void *context = station->listener_context;
    pthread_mutex_unlock(&station->session_lock);
    if (listener)
        listener(context, event, json);
}

/* --- people -------------------------------------------------------------------------------------------- */

static int give_secret(struct satchel *station, const char *user, const char *secret,
                       struct error *error) {
    struct id id;
    int64_t people = 0;
    if (database_integer(station->writer->db, "select count(*) from engine_user", &people,
                         error) != 0)
        return -1;
    if (people == 0)
        return error_set(error, "console.missing", "data",
                         "this station has no data yet; wait for its first sync");
    return people_find(station->writer, &station->identity.certificate, user, &id,
                       error) != 0
               ? -1
               : secret_set(station->writer, &id, secret, error);
}

int station_renew_session(struct satchel_session *session, struct error *error) {
    struct satchel *station = session->station;
    pthread_mutex_lock(&station->write_lock);
    int failed = secret_mark(station->writer, &session->user, session->mark, error);
    pthread_mutex_unlock(&station->write_lock);
    return failed;
}

int station_give_secret(struct satchel *station, const char *user, const char *secret,
                        struct error *error) {
    pthread_mutex_lock(&station->write_lock);
    int failed = give_secret(station, user, secret, error);
    pthread_mutex_unlock(&station->write_lock);
    return failed;
}
