/*
 * The master database: the domain's tables and the server's own beside them.
 *
 * One `struct master` is one writing connection; the writer thread, the command line and a replay
 * each have their own. It is not shared between threads.
 *
 * The server's own tables
 *   journal      every bundle and control entry, verbatim, hashed in a chain, signed
 *   gsn_log      what each gsn was: transaction, author, times, verdict
 *   row_meta     per row: the gsn of its insert (its stamp) and its places in the feed
 *   cell_stamp   the exceptions: cells written after the insert
 *   feed         per scope, the latest gsn of each row
 *   scope_name   small numbers for scopes
 *   scope_sum    per scope, the sum of its rows' digests and how many they are
 *   station      enrolled devices with the head of their chains
 *   bundle_seen  which journal entry holds a device's bundle
 *   invitation   open and used invitations (tokens hashed)
 *   station_kin  children of devices that were copied or restored (kin.h), and station_shared: work of several of a family
 *   station_key  keys that devices had before, with how far they count (device.h)
 *   server_key   the server's former keys, with the notices by which they handed over (server_key.h)
 *   quarantine   bundles of revoked devices, until headquarters decides; not part of what a replay reproduces
 *   refused_row  rows that refused transactions would have made, or whose state they would have moved
 *   epoch        the histories after the first, see history.h
 *   former       what work of a lost history was given there
 *   deferred     work of a lost history that waits
 *   server_local settings of this installation; not part of what a replay must reproduce
 *   station_seen when stations were heard of last, and what they said; no part of it either
 *   station_passed  up to which gsn they certainly have everything; no part of it either
 *   file_kept, file_holder   the files in DIR/files and who sent them; no part of it either
 */
#ifndef SATCHEL_SERVER_MASTER_H
#define SATCHEL_SERVER_MASTER_H

#include <sqlite3.h>

#include "schema/database.h"
#include "schema/functions.h"
#include "schema/rules.h"
#include "server/statements.h"
#include "sync/merge.h"
#include "sync/message.h"

struct access_cache;
struct scope_numbers;
struct scope_sums;

struct master {
    sqlite3 *db;
    bool unfinished; /* a transaction could not be rolled back yet */
    const struct env *env;
    const struct catalogue *catalogue;
    struct function_context functions;
    struct rule_runner *rules;
    struct statement_cache statements; /* made for tables and sets of columns */
    sqlite3_stmt *fixed[64];           /* by enum master_sql, prepared on first use */
    struct access_cache *access;
    struct scope_numbers *scopes;
    struct scope_sums *sums;
    size_t sums_mark; /* at the open savepoint */
    struct id org;
    int64_t epoch;
    int64_t refill_since;  /* 0: no refill is going on */
    struct sign_keys keys; /* zero in a replay: entries are then not signed again */
    bool signing;
    int64_t gsn;     /* the last one given, within the open transaction */
    int64_t entry;   /* the last journal entry */
    int64_t last_at; /* its time: HQ's time never runs backwards */
    uint8_t entry_hash[HASH_SIZE];
};

/* Opens DIR/master.db for writing. `create` makes it. The catalogue and env must outlive it. */
int master_open(const char *path, const struct env *env,
                const struct catalogue *catalogue, bool create, struct master **ret,
                struct error *error);
void master_close(struct master *master);

/* BEGIN IMMEDIATE and reads gsn, entry and hash: other processes may have written.
 * COMMIT is durable (synchronous=FULL). Rollback forgets what was cached since begin. */
int master_begin(struct master *master, struct error *error);
int master_commit(struct master *master, struct error *error);
void master_rollback(struct master *master);
int master_savepoint(struct master *master, struct error *error);
int master_release(struct master *master, struct error *error);
int master_undo(struct master *master, struct error *error);
/* After an undone transaction: what was cached of scopes and rights may be wrong. */
void master_forget(struct master *master);

/* HQ's time for an entry now: the wall clock, never before the last entry's. */
int64_t master_now(struct master *master);

/* Local settings; *ret is malloc'ed, NULL when not set. */
int master_setting(sqlite3 *db, const char *name, char **ret, struct error *error);
int master_set_setting(sqlite3 *db, const char *name, const char *value,
                       struct error *error);

/* The server's fixed statements. */
enum master_sql {
    SQL_SAVEPOINT,
    SQL_ROLLBACK,
    SQL_RELEASE,
    SQL_META_GET,
    SQL_META_INSERT,
    SQL_META_PLACEMENTS,
    SQL_STAMP_GET,
    SQL_STAMP_PUT,
    SQL_STAMP_LATEST,
    SQL_FEED_PUT,
    SQL_FEED_MOVE,
    SQL_FEED_DELETE,
    SQL_SCOPE_GET,
    SQL_SCOPE_ADD,
    SQL_GSN_GET,
    SQL_GSN_BY_TRANSACTION,
    SQL_GSN_PUT,
    SQL_JOURNAL_PUT,
    SQL_JOURNAL_OUTCOME,
    SQL_STATION_PUT,
    SQL_STATION_HEAD,
    SQL_STATION_REVOKE,
    SQL_BUNDLE_GET,
    SQL_BUNDLE_PUT,
    SQL_INVITATION_GET,
    SQL_INVITATION_PUT,
    SQL_INVITATION_USE,
    SQL_REFUSED_PUT,
    SQL_REFUSED_GET,
    SQL_ROLES,
    SQL_USER,
    SQL_STATE_GET,
    SQL_STATE_PUT,
    SQL_EPOCH_PUT,
    SQL_FORMER_PUT,
    SQL_FORMER_GET,
    SQL_DEFERRED_PUT,
    SQL_DEFERRED_GET,
    SQL_DEFERRED_LIST,
    SQL_DEFERRED_FIND,
    SQL_DEFERRED_DROP,
    SQL_SUM_GET,
    SQL_SUM_PUT,
    SQL_KIN_PUT,
    SQL_KIN_CHILD,
    SQL_SHARED_FAMILY,
    SQL_SHARED_PUT,
    SQL_SHARED_DOWN,
    SQL_SHARED_GET,
    SQL_COUNT
};
/* Reset and unbound; NULL with the error filled when it cannot be prepared. */
sqlite3_stmt *master_statement(struct master *master, enum master_sql sql,
                               struct error *error);
/* Steps a statement that returns nothing and resets it. */
int master_run(struct master *master, sqlite3_stmt *statement, const char *doing,
               struct error *error);

#endif
