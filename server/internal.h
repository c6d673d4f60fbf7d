/* What the parts of a running server share. */
#ifndef SATCHEL_SERVER_INTERNAL_H
#define SATCHEL_SERVER_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "server/http.h"
#include "server/ingest.h"
#include "server/reader.h"
#include "server/server.h"

struct key_ring;
struct seen;

enum { METRICS_BUCKETS = 12 };

struct server_counters {
    atomic_llong requests, failures, bytes_in, bytes_out;
    atomic_llong bundles, transactions, merged, conflicts, refused, deferred, rows_sent,
        enrolments;
    atomic_llong forks_suspected, reenrolments, rotations, quarantined;
    atomic_llong rebuilds, differences, healed;
    atomic_llong durations[METRICS_BUCKETS]; /* of sync requests, by how long they took */
    atomic_llong duration_ms;
};

struct server {
    struct server_options options; /* certificate: the one in use, NULL for plain HTTP */
    char *certificate;             /* DIR/tls.pem, when it is there */
    const struct env *env;
    const struct catalogue *catalogue;
    struct ingest *ingest;
    struct seen *seen;
    struct reader_pool *readers;
    struct http *http;
    int lock;              /* a file descriptor: one server serves a folder */
    struct sign_keys keys; /* the present ones of the ring */
    struct key_ring *ring;
    struct id org;
    uint8_t place_secret[HASH_SIZE];
    char org_name[128];
    int64_t started_at;
    atomic_llong files_swept_at;
    struct server_counters counters;
    atomic_llong purge_due; /* when tombstones are looked at next, HQ time */
    pthread_mutex_t metrics_lock;
    int64_t journal_entry; /* up to which entry the journal's bytes were counted */
    int64_t journal_bytes;
};

/* The files of a server's folder: malloc'ed paths, NULL without memory. */
char *server_path(const char *data, const char *file);
int server_read_keys(const char *data, struct sign_keys *ret, struct error *error);
/* The folder's own entries are durable. */
int server_sync_folder(const char *data);
/* Makes a folder, durably, unless it is there. */
int server_make_folder(const char *path, const char *code, const char *field,
                       struct error *error);
/* The pin that goes with this address: of a self-signed certificate, for https. */
int server_pin(const struct server_options *options, const char *address,
               struct tls_pin *ret, struct error *error);
/* What stations take as an address too: http(s)://HOST[:PORT] and nothing behind it. address.invalid */
int server_check_address(const char *address, struct error *error);
/* "select NAME … where ID = ?": what people call a person. */
int server_person_sql(const struct catalogue *catalogue, struct buffer *ret,
                      struct error *error);
/* server_invite on an open master. */
int server_invite_with(struct master *master, const struct server_options *server,
                       const struct invite_options *options, struct buffer *ret,
                       struct error *error);
/* Copies a master, marked as a backup (history.h). */
int server_copy_database(const char *from, const char *to, struct error *error);
/* Copies the files that the copied master `database` knows of. */
int server_copy_files(const char *from, const char *to, const char *database,
                      struct error *error);
/* The same for another file of a folder; `code`: when it is another process's. */
int server_lock_file(const char *data, const char *file, const char *code, int *ret_lock,
                     struct error *error);
/* Makes this process the folder's only server until the descriptor is closed. server.running */
int server_lock(const char *data, int *ret_lock, struct error *error);
/* Opens the folder's master for writing, with its keys, org and epoch. */
int server_open_master(const struct server_options *options, struct master **ret,
                       struct error *error);

/* Answers a request about a file (file_handler.c); the failure is the caller's to answer. */
int server_answer_file(struct server *server, struct bytes body, struct buffer *ret,
                       struct error *error);
/* What a handler answers when something failed, and its HTTP status (sync_handler.c). */
void server_answer_failure(struct server *server, const char *what,
                           const struct error *error, struct buffer *ret,
                           int *ret_status);
/* The answer that brings a certificate. */
struct certificate_answer {
    struct bytes certificate;
    const char *context;           /* of its signature */
    const struct sign_public *pin; /* the server's key that the station trusts */
};
int server_answer_certificate(struct server *server,
                              const struct certificate_answer *answer, struct buffer *ret,
                              struct error *error);
/* A request that came in a parcel (sync_handler.c). */
struct carried_request {
    struct bytes body;
    bool rows; /* else it is only merged */
    void *context;
    /* Who sent it, before anything is merged. */
    int (*meet)(void *context, const struct station *station, struct error *error);
    /* A response, sealed: the first to the request, each further one to the response before. *ret_again: there is
     * room for one more, if there is one. */
    int (*take)(void *context, struct bytes sealed, const struct sync_response *response,
                bool *ret_again, struct error *error);
};
int sync_answer_carried(struct server *server, const struct carried_request *carried,
                        struct error *error);

/* Starts listening for stations (routes.c). */
int routes_start(struct server *server, const char *listen, const char *certificate,
                 struct http **ret, struct error *error);

#endif
