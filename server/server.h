/*
 * The sync server as a library: what satcheld's subcommands call.
 *
 * A server's folder holds master.db (with the journal) and server.key (0600). Everything here is
 * thread-safe unless said otherwise.
 */
#ifndef SATCHEL_SERVER_SERVER_H
#define SATCHEL_SERVER_SERVER_H

#include "server/genesis.h"
#include "server/station.h"

/* One structured log line, JSON without a newline. Called from any thread. */
typedef void (*server_log_function)(void *context, const char *line);

struct server_options {
    const char *data;   /* the folder */
    const char *listen; /* "127.0.0.1:8787"; NULL: from the stored address */
    const char
        *certificate; /* PEM with key and chain for HTTPS; NULL: DIR/tls.pem when it is
                                there, else plain HTTP, loopback only */
    bool allow_plain; /* plain HTTP beyond loopback, because a proxy stands in front */
    /* Without listeners and threads of its own: whoever embeds it hands requests in (server_handle_…),
     * one at a time, and they are answered on his thread. */
    bool embedded;
    int64_t
        horizon_ms; /* how long what left a scope is remembered for stations that have not heard of
                           it; 0: TOMBSTONE_HORIZON_MS */
    const struct env *env;
    const struct catalogue *catalogue;
    server_log_function log;
    void *log_context;
};

struct server;

/* Makes a company: folder, keys, genesis, and the first invitation (text in ret_invitation).
 * server.exists, parameter.invalid */
int server_init(const struct server_options *options,
                const struct genesis_options *genesis, const char *address,
                struct buffer *ret_invitation, struct error *error);

/* Starts: opens the master, the writer, the listeners. server.empty, server.key, server.listen, server.plain,
 * server.scheme (a certificate, but stations are told http) */
int server_start(const struct server_options *options, struct server **ret,
                 struct error *error);
/* The same without listening, beside a running server too: for what comes another way than over the network. */
int server_open(const struct server_options *options, struct server **ret,
                struct error *error);
/* The address it really listens on, "127.0.0.1:8787"; not of an embedded one. */
const char *server_address(const struct server *server);
/* Answers what is being asked, finishes what was submitted, closes. NULL is fine. */
void server_stop(struct server *server);

/* The PEM file that a server with these options shows: the one named, DIR/tls.pem, or NULL. malloc'ed. */
char *server_certificate(const struct server_options *options);
/* Writes one log line: event and printf-made JSON members ("\"gsn\":5"), or "" for none. */
void server_log(struct server *server, const char *level, const char *event,
                const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Gives out an invitation for a person (id, code or name). `ceiling`: role names, blank between; NULL: his roles.
 * Works beside a running server. user.unknown, user.ambiguous, role.unknown, address.missing */
struct invite_options {
    const char *user;
    const char *ceiling;
    const char *name;
    const char *address;
    int64_t valid_ms;
    bool everyone; /* a station for all active people; needs a ceiling, no user */
};
int server_invite(const struct server_options *options,
                  const struct invite_options *invite, struct buffer *ret_invitation,
                  struct error *error);

/* The same for several at once, all or none: these people, or every active person with a role. */
struct invited_people {
    const char *const *users; /* NULL: all */
    size_t count;
    const char *role; /* of all: only those with this role; NULL: with any */
};
struct invited {
    struct id user;
    const char *name;
    const char *invitation;
    int64_t expires_at;
};
typedef int (*invited_function)(void *context, const struct invited *invited,
                                struct error *error);
/* `told` is called for each after all are durable. invite's user is not looked at. user.many */
int server_invite_people(const struct server_options *options,
                         const struct invite_options *invite,
                         const struct invited_people *whom, invited_function told,
                         void *context, struct error *error);

/* Takes back a device (code, name or id) or an open invitation (its id, at least half of it). The device gets device.revoked
 * at its next contact. Works beside a running server and inside it; once more does nothing.
 * device.unknown, device.ambiguous, invitation.unknown, invitation.used */
struct revoke_options {
    const char *device; /* one of these two */
    const char *invitation;
    const char *reason; /* may be NULL */
    struct id by;       /* zero: the command line */
};
int server_revoke(const struct server_options *options,
                  const struct revoke_options *revoke, struct error *error);

/* Work that revoked devices still had, for headquarters to decide on, per device and its family. Works beside a running
 * server. device.unknown, device.ambiguous, quarantine.empty */
struct quarantine_options {
    const char *device; /* code, name or id */
    bool release;       /* merges it as the device's work; else it is discarded */
    struct id by;       /* zero: the command line */
};
struct quarantine_report {
    int64_t bundles, transactions, refused;
};
int server_quarantine_settle(const struct server_options *options,
                             const struct quarantine_options *quarantine,
                             struct quarantine_report *ret, struct error *error);
/* An array: per device with undecided work [{"device","code","name","bundles","transactions","bytes","received_at"}],
 * received_at of the last. */
int server_quarantine(const struct server_options *options, struct buffer *ret_json,
                      struct error *error);

enum {
    INVITATION_ID = 16
}; /* hex digits of an invitation's id: the first of its token's hash */
/* Arrays of objects, newest first; see tools/web/README.md for the members. `running` (may be NULL): the server
 * of this process, which knows the last contacts; else they are up to SEEN_EVERY_MS old. */
int server_devices(const struct server_options *options, struct server *running,
                   struct buffer *ret_json, struct error *error);
int server_invitations(const struct server_options *options, struct buffer *ret_json,
                       struct error *error);

enum { SERVER_ADDRESS = 256 };
/* The address that stations are told, and the pin of a self-signed certificate (NULL: not looked at).
 * address.missing */
int server_address_read(const struct server_options *options, char ret[SERVER_ADDRESS],
                        struct tls_pin *ret_pin, struct error *error);
/* Tells stations another one from now on. address.invalid */
int server_address_set(const struct server_options *options, const char *address,
                       struct error *error);

struct verify_report {
    int64_t entries, bundles, transactions, merged, conflicts, refused, rows;
    uint8_t digest[HASH_SIZE]; /* of the logical dump */
    int64_t begins; /* replayed from behind this entry: a checkpoint; 0: from the start */
    int64_t duration_ms; /* of checking and replaying */
};
struct verify_options {
    bool checkpoint; /* replay only what came after the last checkpoint */
    const char *
        archive; /* where satcheld archive put older bundles; NULL: nowhere, and then a master
                            with archived bundles is replayed from its checkpoint */
};
int server_verify_with(const struct server_options *options,
                       const struct verify_options *verify, struct verify_report *ret,
                       struct error *error);
/* Checks signatures and chains of the whole journal, replays it into an empty database and compares the
 * logical dumps. journal.*, replay.*, verify.differs (field = table) */
int server_verify(const struct server_options *options, struct verify_report *ret,
                  struct error *error);

/* The files that stations sent (DIR/files). `sweep`: takes away what no row has named for `grace_ms`; a limit below 0 stays as
 * it is. Works beside a running server. */
struct files_options {
    bool sweep;
    int64_t grace_ms;
    int64_t person_limit, company_limit; /* bytes; < 0: as they are */
};
struct files_report {
    int64_t kept, kept_bytes; /* whole files, each counted once */
    int64_t unnamed;          /* of them: no row names them any more */
    int64_t parts;            /* uploads that are under way */
    int64_t person_limit, company_limit;
    int64_t removed, removed_bytes, parts_dropped; /* by the sweep */
};
int server_files(const struct server_options *options, const struct files_options *files,
                 struct files_report *ret, struct error *error);

/* Reads every file and compares it with its hash; and that all are there which people sent. file.corrupt, file.lost */
struct files_verified {
    int64_t files, bytes;
    int64_t named_without; /* files that rows name and that nobody has sent yet */
};
int server_verify_files(const struct server_options *options, struct files_verified *ret,
                        struct error *error);

/* Replaces the server's key; the server must not be running. Stations follow at their next contact, however many keys
 * they missed. server.running, server.key */
int server_rotate_key(const struct server_options *options, struct error *error);

/* Copies a consistent state of the folder to another folder, which must not exist or be empty, while a
 * server may be running. backup.exists */
int server_backup(const struct server_options *options, const char *to,
                  struct error *error);

/* --- what came as a file (sync/parcel.h) --------------------------------------------------------- */

struct parcel_options {
    bool rows; /* the answer brings what is new for the station too */
    size_t
        enough; /* no more responses are added once the answer has so many bytes; the station
                      goes on from there */
};
struct parcel_report {
    char code[16]; /* the station's */
    char name[64];
    int64_t requests, bundles, transactions, merged, conflicts, refused;
    int64_t responses, rows;
    bool more; /* there is more for the station than this answer brings */
};
/* Takes in what a station wrote, and packs the answer for it into ret_answer (empty before; at most its maximum).
 * Cut anywhere, run again: nothing is done twice. parcel.*, and what a sync is refused for */
int server_take_parcel(struct server *server, struct bytes parcel,
                       const struct parcel_options *options, struct buffer *ret_answer,
                       struct parcel_report *ret, struct error *error);

/* After headquarters went on from a backup stations send again what was lost. What builds on work that is not here yet
 * waits until the refill ends: by itself after REFILL_MS, or at once when asked to. `listener` (may be NULL) hears of
 * each device with work that still waits. */
struct refill_report {
    int64_t epoch;           /* of the present history; 1: none was ever lost */
    int64_t since;           /* when the refill began, UTC ms; 0: there is none */
    int64_t waiting;         /* transactions */
    bool ended;              /* now */
    int64_t merged, refused; /* of those that waited, when it ended */
};
struct refill_device {
    const char *code; /* of the device */
    int64_t waiting;
    const char *reason; /* why one of them could not be merged */
};
struct refill_listener {
    void (*tell)(void *context, const struct refill_device *device);
    void *context;
};
int server_refill(const struct server_options *options, bool end,
                  const struct refill_listener *listener, struct refill_report *ret,
                  struct error *error);

/* Keeps a second disk up to date: first a copy in TO/base, then the journal as it grows, in files that only grow. Beside a
 * running server. follow.running, follow.history (TO is of another company or history), stream.damaged */
struct follow_report {
    int64_t entries; /* written by this call */
    int64_t last;    /* the last one that is there */
};
struct follow_options {
    const char *to;
    bool once; /* ends when all that is there now is written */
    bool (*must_stop)(void *context);
    void (*caught_up)(void *context,
                      const struct follow_report *report); /* the first time */
    void *context;
};
int server_follow(const struct server_options *options,
                  const struct follow_options *follow, struct follow_report *ret,
                  struct error *error);

/* Makes the folder `options->data` from what server_follow wrote, and marks it as a backup. A torn end is cut off.
 * restore.exists, restore.empty, stream.damaged, journal.*, replay.* */
struct restore_report {
    int64_t entries; /* of the journal, beyond the copy */
    int64_t last;
    int64_t torn_bytes;
    int64_t duration_ms;
};
int server_restore(const struct server_options *options, const char *from,
                   struct restore_report *ret, struct error *error);

/* Notes in the journal, signed, what the state is now, and keeps it beside the master: DIR/checkpoint.db. Beside a running
 * server. */
struct checkpoint_report {
    int64_t entry; /* the last one that it holds */
    int64_t rows;
    int64_t bytes;
};
int server_checkpoint(const struct server_options *options, struct checkpoint_report *ret,
                      struct error *error);

/* Moves the bundles before the last checkpoint out of the master into files of `to` (stream.h), reads them again, and
 * gives their space back. Beside a running server. checkpoint.missing, archive.refill (work still waits) */
struct archive_report {
    int64_t bundles;
    int64_t last;                      /* the last entry that is archived */
    int64_t bytes_before, bytes_after; /* of master.db */
};
int server_archive(const struct server_options *options, const char *to,
                   struct archive_report *ret, struct error *error);

/* --- inside the library --------------------------------------------------------------------- */

/* Answers a request body; *ret_status is the HTTP status. The body written is always complete: an
 * answer or a failure message. */
void server_handle_sync(struct server *server, struct bytes body, struct buffer *ret,
                        int *ret_status);
void server_handle_file(struct server *server, struct bytes body, struct buffer *ret,
                        int *ret_status);
void server_handle_enrol(struct server *server, struct bytes body, struct buffer *ret,
                         int *ret_status);
void server_handle_reenrol(struct server *server, struct bytes body, struct buffer *ret,
                           int *ret_status);
void server_handle_rotate(struct server *server, struct bytes body, struct buffer *ret,
                          int *ret_status);
void server_metrics(struct server *server, struct buffer *ret);
int server_health(struct server *server, struct buffer *ret); /* the HTTP status */

#endif
