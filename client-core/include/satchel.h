/*
 * libsatchel: an offline-first sales station as a library. This header is the product's C API.
 *
 * A *station* is a folder with a local SQLite replica. Everything works on it at once, without a network;
 * what its people do is recorded, signed and merged at headquarters when a network turns up.
 *
 *     satchel *station;
 *     satchel_error error;
 *     if (satchel_open(&(satchel_options){.home = "/home/anna/.satchel"}, &station, &error) != 0)
 *         fail(error.message);
 *     satchel_session *session;
 *     satchel_sign_in(station, NULL, NULL, &session, &error);
 *     char *result;
 *     satchel_do(session, "opportunity.win", "{\"opportunity\":\"1C1I7A6R\"}", &result, &error);
 *     satchel_free(result);
 *
 * Conventions
 *   - Functions return 0 on success; on failure non-zero, `error` (may be NULL) says why, and every ret_
 *     output is untouched.
 *   - Text is UTF-8. JSON goes in and comes out; a string given for money, rates, dates or ids is read as a person
 *     would write it ("12.50", "12.5%", a customer's name), a number is raw (minor units, basis points, UTC ms).
 *   - Results are malloc'ed; give them back with satchel_free.
 *   - A handle may be used from several threads: calls on it take turns. Several processes may
 *     have the same home open; writers take turns, one process syncs at a time.
 */
#ifndef SATCHEL_H
#define SATCHEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define SATCHEL_API __attribute__((visibility("default")))
#else
#define SATCHEL_API
#endif

typedef struct satchel satchel;
typedef struct satchel_session satchel_session;

typedef struct satchel_error {
    char code[64];     /* stable: "parameter.missing", "opportunity.closed" … */
    char field[64];    /* the parameter it is about; may be empty */
    char message[512]; /* one sentence for people: what was wrong, what is accepted */
} satchel_error;

/* --- a station's life ------------------------------------------------------------------- */

typedef struct satchel_enrol_options {
    const char *home;       /* folder to make; must not hold a station yet */
    const char *invitation; /* the text that headquarters gave out */
    const char *name;       /* what people call this station; NULL: the host's name */
    const char *address; /* another address of the same server; NULL: the invitation's */
    const char *ca_file; /* PEM file to trust for TLS beside the system's; may be NULL */
} satchel_enrol_options;

/* Makes the device's keys, proves possession, gets its certificate and pins the server's key.
 * Nothing of a business is in the replica yet: call satchel_sync. A second call after a lost answer finishes
 * the first. Errors: invitation.malformed, invitation.unknown, invitation.used, invitation.expired,
 * address.invalid, enrol.exists, transport.*, server.key */
SATCHEL_API int satchel_enrol(const satchel_enrol_options *options, satchel_error *error);

typedef struct satchel_options {
    const char *home;
    const void *env; /* struct env of tests and simulators; NULL: the operating system */
} satchel_options;

/* Opens an enrolled station; upgrades the replica when this program is newer.
 * Errors: station.missing, station.not_enrolled, database.newer, database.* */
SATCHEL_API int satchel_open(const satchel_options *options, satchel **ret,
                             satchel_error *error);
/* Stops auto-sync, closes. Sessions end with it. NULL is fine. */
SATCHEL_API void satchel_close(satchel *station);

/* Another address for the same server (its key stays pinned), or another CA file; NULL leaves as is.
 * "https://HOST:PORT#pin=…" is an address whose TLS certificate no authority vouches for: the pin names its key.
 * Errors: address.invalid */
SATCHEL_API int satchel_move(satchel *station, const char *address, const char *ca_file,
                             satchel_error *error);

/* --- people ------------------------------------------------------------------------------ */

/* `user`: id, code or name of one of the station's actors; NULL when there is just one. `secret`: NULL unless a
 * secret was set for the user on this station. Several people may be signed in at once.
 * Errors: sign_in.unknown, sign_in.ambiguous, sign_in.secret, sign_in.wait, sign_in.inactive */
SATCHEL_API int satchel_sign_in(satchel *station, const char *user, const char *secret,
                                satchel_session **ret, satchel_error *error);
SATCHEL_API void satchel_sign_out(satchel_session *session); /* NULL is fine */

/* Whether the session may go on: not when its user left, and not when his secret on this station was changed elsewhere
 * since he signed in. Errors: sign_in.inactive, sign_in.unknown, sign_in.secret */
SATCHEL_API int satchel_session_check(satchel_session *session, satchel_error *error);

/* Sets the secret that the session's user will be asked for when signing in on this station; NULL: none. After five
 * wrong tries in a row signing in waits, 30 s first, then twice as long each time; a restart does not help.
 * Errors: secret.short */
SATCHEL_API int satchel_set_secret(satchel_session *session, const char *secret,
                                   satchel_error *error);

/* The same for somebody else, by id, code or name: for a console's administrator, who gives out first secrets
 * and new ones. Whether the caller may is the caller's to check. Errors: sign_in.*, secret.short */
SATCHEL_API int satchel_set_secret_for(satchel *station, const char *user,
                                       const char *secret, satchel_error *error);
/* Whether the person has a secret on this station. Errors: sign_in.* */
SATCHEL_API int satchel_has_secret(satchel *station, const char *user, bool *ret,
                                   satchel_error *error);

/* Who is signed in: {"id","name","code","roles":[…],"secret":bool}; the roles he has now under the station's
 * ceiling. name and code are null before the first sync. */
SATCHEL_API int satchel_session_user(satchel_session *session, char **ret_json,
                                     satchel_error *error);
/* Who may sign in here: [{"id","name","secret":bool}]. name is null before the first sync. */
SATCHEL_API int satchel_people(satchel *station, char **ret_json, satchel_error *error);

/* --- work --------------------------------------------------------------------------------- */

/* Runs a command with a JSON object of arguments (NULL: none). When it returns 0 the work is durable, with its
 * place in the outbox. *ret_json (may be NULL) is the command's result.
 * Errors: command.unknown, command.no_effect, role.missing, parameter.*, any code of require() and rules,
 * transaction.size, database.* ; nothing is changed then. */
SATCHEL_API int satchel_do(satchel_session *session, const char *command,
                           const char *json, char **ret_json, satchel_error *error);

/* The same command for every element of a JSON array, at most 500, in one transaction: all or none.
 * *ret_json: an array of results. On failure *ret_failed (may be NULL) is the element's index. */
SATCHEL_API int satchel_do_all(satchel_session *session, const char *command,
                               const char *json_array, char **ret_json,
                               size_t *ret_failed, satchel_error *error);

/* Work that headquarters refused, or that no longer applies and was not sent: done again as a new transaction of now, with
 * other values as `json_edits` says ({"column": value} or {"table.column": value}; NULL: as it was). The former one is
 * settled. `transaction`: its id, as satchel_inbox and satchel_story tell it.
 * Errors: resubmit.unknown, resubmit.settled, resubmit.sent (it is on its way: headquarters answers first),
 * resubmit.field, resubmit.ambiguous, row.missing, those of satchel_do */
SATCHEL_API int satchel_resubmit(satchel_session *session, const char *transaction,
                                 const char *json_edits, satchel_error *error);
/* Gives such work up. */
SATCHEL_API int satchel_discard(satchel_session *session, const char *transaction,
                                satchel_error *error);

/* Asks a query: *ret_json is an array of row objects, ids as UUID text, columns in the query's order. */
SATCHEL_API int satchel_ask(satchel_session *session, const char *query, const char *json,
                            char **ret_json, satchel_error *error);

/* --- files: photos, signatures ---------------------------------------------------------------- */

enum { SATCHEL_FILE_TEXT = 65 };
/* Keeps these bytes (1 byte to 32 MB) on the station. *ret_file is their name: 64 hexadecimal digits that a command such as
 * attachment.add takes. Headquarters gets them once a row names them, after the business and piece by piece.
 * Errors: file.size, file.full, file.failed */
SATCHEL_API int satchel_file_add(satchel_session *session, const void *data, size_t size,
                                 char ret_file[SATCHEL_FILE_TEXT], satchel_error *error);
/* The bytes of a file that a row names which the session's user may see; from headquarters when they are not here. Give
 * *ret_data back with satchel_free. Does not wait for a sync.
 * Errors: file.unknown (no such row), file.absent (not here, and not to be had now), file.* */
SATCHEL_API int satchel_file_read(satchel_session *session, const char *file,
                                  char **ret_data, size_t *ret_size,
                                  satchel_error *error);
/* {"waiting":[{"file","size","sent","code"}],"waiting_count","waiting_bytes","kept_count","kept_bytes","limit_bytes"}
 *   waiting  what the session's user added and headquarters does not have yet; sent: bytes of it that it has; code: why the last
 *            try failed, or null. The counts are of the whole station; kept_bytes is held below limit_bytes by letting
 *            go of what headquarters has, longest unused first. */
SATCHEL_API int satchel_files(satchel_session *session, char **ret_json,
                              satchel_error *error);

/* --- headquarters ------------------------------------------------------------------------- */

typedef struct satchel_progress {
    const char *phase;     /* "sending", "receiving", "applying", "files" */
    int64_t rows;          /* received so far */
    int64_t rows_left;     /* estimate; 0 when unknown */
    int64_t bytes;         /* received so far */
    int64_t waiting;       /* transactions still to be sent */
    int64_t files_waiting; /* phase "files": those that headquarters does not have yet, */
    int64_t file_bytes_left; /* what is still to be sent of them */
    int64_t
        seconds_left; /* how long what is left takes at the speed that was measured; -1 when
                                unknown */
    int64_t
        bytes_to_send; /* phases "sending" and "receiving": of work that waits, roughly, */
    int64_t bytes_to_receive; /* and of rows; 0 when unknown */
} satchel_progress;
/* Called from the thread that syncs. Return non-zero to stop at the next safe point (sync.stopped). */
typedef int (*satchel_progress_function)(void *context, const satchel_progress *progress);

typedef struct satchel_sync_report {
    int64_t bundles_sent, transactions_sent, bytes_sent;
    int64_t merged, conflicts, refused; /* verdicts that arrived */
    int64_t rows_received, rows_forgotten, bytes_received;
    int64_t rounds, duration_ms;
    int64_t waiting; /* transactions that are still to be sent */
    int64_t cursor;
    int64_t files_sent; /* that headquarters now has whole */
    int64_t
        differences; /* what is held is not what headquarters counts: found in this sync */
    int64_t healed;  /* and it is again, after everything came once more */
} satchel_sync_report;

/* Sends what waits and receives what is new, until neither is left. Cut anywhere, call again.
 * Errors: transport.unreachable, transport.timeout, transport.tls, server.signature, server.epoch, device.revoked,
 * device.fork, sync.busy (another process is syncing), sync.stopped, server.failed (headquarters' own trouble: later),
 * server.* */
SATCHEL_API int satchel_sync(satchel *station, satchel_progress_function progress,
                             void *context, satchel_sync_report *ret,
                             satchel_error *error);

/* --- without a network: the same as files that people carry, encrypted to who is to read them --------------------- */

typedef struct satchel_parcel_report {
    int64_t bundles, transactions, bytes;
} satchel_parcel_report;

/* Everything that waits, and the question for what is new, as a file for headquarters (`satcheld bundle import`).
 * *ret_data: the file's bytes, given back with satchel_free. Nothing counts as sent: the work goes again, by this way or over
 * the network, until an answer is here.
 * Errors: parcel.size, sync.busy */
SATCHEL_API int satchel_bundle_export(satchel *station, void **ret_data, size_t *ret_size,
                                      satchel_parcel_report *ret, satchel_error *error);

typedef struct satchel_parcel {
    const void *data;
    size_t size;
} satchel_parcel;
/* Takes in headquarters' answer. It may come late, twice, or not at all; when the station has synced since, only the verdicts
 * are news. Errors: parcel.format, parcel.newer, parcel.kind (what a station wrote), parcel.company, parcel.station and
 * parcel.recipient (for somebody else), parcel.truncated, parcel.damaged, parcel.unknown (answers what was not asked, or more
 * than 30 days ago), server.signature, server.epoch, device.fork, sync.busy, sync.stopped */
SATCHEL_API int satchel_bundle_import(satchel *station, const satchel_parcel *parcel,
                                      satchel_progress_function progress, void *context,
                                      satchel_sync_report *ret, satchel_error *error);

/* Replaces the key that this station signs with, and syncs. When headquarters cannot be reached, the next sync does it.
 * Errors: as satchel_sync */
SATCHEL_API int satchel_rotate_key(satchel *station, satchel_error *error);

/* The station syncs by itself on a thread of its own: soon after a change, when the network returns, and every few seconds
 * while it is online; backs off with jitter when it is not. `on` 0 stops it. */
SATCHEL_API int satchel_auto_sync(satchel *station, int on, satchel_error *error);

/* Something happened that a screen may want to show: "changed" (rows came or went), "synced",
 * "offline", "online", "refused", "conflict", "files", "notice", "difference" (what is held is not what headquarters counts),
 * "healed" (it is again). `json` is an object with the numbers: changed {"received","forgotten"}, synced
 * {"sent","waiting"}, refused, conflict, files (that headquarters now has), difference and healed {"count"}, offline
 * {"code","message"}.
 * Called from the auto-sync thread. One listener. */
typedef void (*satchel_event_function)(void *context, const char *event,
                                       const char *json);
SATCHEL_API int satchel_listen(satchel *station, satchel_event_function listener,
                               void *context, satchel_error *error);

/* --- looking ------------------------------------------------------------------------------- */

/* {"home","org","org_name","device","device_code","device_name","ceiling","server","actors":[{"id","name"}],"everyone",
 *  "schema_version","last_sync_at","last_error","last_error_at","online","offline_since","fork","revoked","revoked_at","syncing","shared","conflicts",
 *  "cursor","waiting","attention","refused","rows","clock_offset_ms","differs","digest_differences","rebuilding","rebuilds",
 *  "files_waiting","file_bytes_waiting"}
 *   online         headquarters was reached at the last attempt; offline_since: since when it was not (null: it was)
 *   fork           headquarters takes this station for a copy and has not enrolled it again yet
 *   revoked        headquarters takes nothing from this station any more; revoked_at: when it was wiped (null: it was not)
 *   syncing        at this moment, in this process
 *   shared         several people sign in here: each sees only what is his
 *   waiting        transactions that headquarters has not answered; attention: those that no longer apply
 *   differs        what is held is not what headquarters counts; digest_differences: how often that was found
 *   rebuilding     everything comes once more: why (headquarters, digest, history, asked), null: it does not;
 *                  rebuilds: how often it did
 *   refused        transactions that it did not take, of the last 30 days; conflicts: unsettled ones that are held here
 * Times are UTC milliseconds, null when it never happened. */
SATCHEL_API int satchel_status(satchel *station, char **ret_json, satchel_error *error);

/* What needs a person's eye on this station: {"notices":[…],"conflicts":[…],"refusals":[…],"attention":[…]} for the
 * session's user. refusals and attention list his transactions of this station, as satchel_story does. */
SATCHEL_API int satchel_inbox(satchel_session *session, char **ret_json,
                              satchel_error *error);

/* The story of this station's recent transactions, newest first, on a shared station those of the session's user:
 *   [{"transaction","made_at","user_id","user","command","title","title_zh","state","code","field","message","sent_at",
 *     "answered_at","gsn","change_count","changes":[…]}]
 *   state   waiting, sealed (on its way), merged, conflicts (merged, something lost), refused, attention (no longer applies)
 *   gsn     its place in headquarters' journal, null until it was answered
 *   changes at most 200 of the change_count changed rows:
 *           [{"table","title","key","operation","label","cells":[{"column","value","label"?,"old"?,"old_label"?}],
 *             "overwritten":[{"column","by_id","by","at","reason","text"?,"conflict"?,"settlement"?,"value"?,"label"?}]}]
 *     label: what people call the record, or the one that a value points at; old: the value before
 *     overwritten: what somebody else put in its place. With "conflict", both wrote without knowing of each other: reason is
 *     the conflict's, text its winning value in words, settlement how it was settled. Else reason is "later_edit": the
 *     record was changed later, last by that person, and value is what stands there now. */
SATCHEL_API int satchel_story(satchel_session *session, int64_t limit, char **ret_json,
                              satchel_error *error);
/* The same for one record: what was done here to it and to what belongs to it (a customer's interactions). `table`: the
 * record's kind, as in "changes". Errors: table.unknown, parameter.invalid */
SATCHEL_API int satchel_story_of(satchel_session *session, const char *table,
                                 const char *id, int64_t limit, char **ret_json,
                                 satchel_error *error);

/* Marks for screens, by the ids of records (UUID text → number of transactions or conflicts):
 * {"pending":{ID:n},"conflict":{ID:n},"refused":{ID:n},"attention":{ID:n},"more":bool}
 *   pending    work of this station that headquarters has not answered yet
 *   conflict   two people wrote without knowing of each other, and nobody settled it
 *   refused    work of this station that headquarters did not take, and nobody settled it
 *   attention  work of this station that no longer applies
 * A mark also stands at what a record belongs to: a pending interaction marks its customer and its opportunity. At
 * most 5,000 records of a kind, those of the newest work; then "more" is true. */
SATCHEL_API int satchel_marks(satchel_session *session, char **ret_json,
                              satchel_error *error);

/* What there is to do and to ask: {"commands":[{"name","title","title_zh","roles","parameters":[{"name","type","optional","default",
 * "accepts","description"}],"examples"}],"queries":[…]}. `station` NULL: what this program knows, without any station. */
SATCHEL_API int satchel_describe(satchel *station, char **ret_json, satchel_error *error);

/* Recomputes what can be recomputed on this station (pending work over server images, the digest of the rows
 * held) and compares. verify.* on a difference. */
SATCHEL_API int satchel_verify(satchel *station, satchel_error *error);

/* The next syncs get everything once more, as on a station that was enrolled just now; it takes the place of the rows
 * that are here when all of it has come. What waits to be sent, and the history of what was done here, stay. */
SATCHEL_API int satchel_rebuild(satchel *station, satchel_error *error);

SATCHEL_API void satchel_free(void *result);
SATCHEL_API const char *satchel_version(void);

#ifdef __cplusplus
}
#endif
#endif
