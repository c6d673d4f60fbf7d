/* Proof that the master is what its journal says: signatures, chains, replay, comparison. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "schema/base/hash.h"
#include "server/chain.h"
#include "server/checkpoint.h"
#include "server/device.h"
#include "server/dump.h"
#include "server/genesis.h"
#include "server/history.h"
#include "server/internal.h"
#include "server/journal.h"
#include "server/quarantine.h"
#include "server/replay.h"
#include "server/revoke.h"
#include "server/stream.h"
#include "server/sums.h"
#include "server/tombstones.h"
#include "server/verdicts.h"

enum { REPLAY_MEMORY = 512 * 1024 * 1024 };

static void count_list(struct verify_report *report, const struct verdict *verdicts,
                       size_t count) {
    for (size_t i = 0; i < count; i++) {
        report->transactions += verdicts[i].kind != VERDICT_DEFERRED;
        report->merged += verdicts[i].kind == VERDICT_MERGED;
        report->conflicts += verdicts[i].kind == VERDICT_CONFLICTS;
        report->refused += verdicts[i].kind == VERDICT_REFUSED;
    }
}

static void count_verdicts(struct verify_report *report, const struct outcome *outcome) {
    report->bundles++;
    count_list(report, outcome->verdicts, outcome->count);
    count_list(report, outcome->retried, outcome->retried_count);
}

/* The station as the replay has it, by the device that the bundle's header names. */
static int replay_bundle(struct replay *replay, const struct journal_entry *entry,
                         struct error *error) {
    struct master *master = replay->master;
    struct station station;
    struct bundle_envelope envelope;
    struct incoming_bundle bundle;
    struct outcome recorded;
    if (bundle_open(entry->content, &envelope, error) != 0 ||
        station_find(master->db, master->catalogue, envelope.header.device,
                     &replay->arena, &station, error) != 0 ||
        outcome_decode(entry->outcome, &replay->arena, &recorded, error) != 0) {
        return -1;
    }
    chain_open(entry->content, &station, master->org, &replay->arena, &bundle);
    count_verdicts(replay->report, &recorded);
    bundle.epoch = recorded.epoch;
    bundle.formers = recorded.formers;
    bundle.former_count = recorded.former_count;
    bundle.first = true; /* the device's word for a gap is not recorded: it was taken */
    struct chain chain = {.master = master,
                          .work = &replay->work,
                          .station = &station,
                          .arena = &replay->arena,
                          .at = entry->at};
    return chain_replay(&chain, &bundle, &recorded,
                        entry->schema_version == master->catalogue->version, error);
}

static int replay_release(struct replay *replay, const struct journal_entry *entry,
                          struct error *error) {
    struct chain chain = {.master = replay->master,
                          .work = &replay->work,
                          .arena = &replay->arena,
                          .at = entry->at};
    return quarantine_replay(&chain, entry->content, entry->outcome,
                             entry->schema_version == SCHEMA_VERSION, error);
}

static int replay_entry(struct replay *replay, const struct journal_entry *entry,
                        struct error *error) {
    struct master *master = replay->master;
    int result = 0;
    arena_reset(&replay->arena);
    master->entry = entry->entry - 1;
    switch (entry->kind) {
    case ENTRY_GENESIS:
        result = genesis_apply(master, &replay->work, entry->content, entry->at, error);
        break;
    case ENTRY_INVITE:
        result = station_apply_invite(master, entry->content, error);
        break;
    case ENTRY_ENROL:
        result =
            station_apply_enrol(master, &replay->work, entry->content, entry->at, error);
        break;
    case ENTRY_REVOKE:
        result = revoke_apply(master, &replay->work, entry->content, entry->at, error);
        break;
    case ENTRY_EPOCH:
        result =
            history_apply(master, &replay->work, entry,
                          entry->schema_version == master->catalogue->version, error);
        break;
    case ENTRY_REENROL:
        result =
            device_apply_reenrol(master, &replay->work, entry->content, entry->at, error);
        break;
    case ENTRY_ROTATE:
        result = device_apply_rotate(master, entry->content, error);
        break;
    case ENTRY_CHECKPOINT: /* it changes nothing; what it says is looked at from there */
        break;
    case ENTRY_PURGE:
        result = tombstones_apply(master, &replay->work, entry->content, error);
        break;
    case ENTRY_RELEASE:
        result = replay_release(replay, entry, error);
        break;
    case ENTRY_BUNDLE:
        result = replay_bundle(replay, entry, error);
        break;
    default:
        result = error_set(error, "journal.kind", "",
                           "entry %lld is of a kind that this program does not know",
                           (long long)entry->entry);
    }
    master->entry = entry->entry;
    master->last_at = entry->at;
    return result;
}

/* Nothing is committed in a replay: what would be written then must not pile up. */
static int write_sums(struct master *master, struct error *error) {
    enum { MANY = 100000 };
    return scope_sums_mark(master->sums) > MANY ? scope_sums_write(master, error) : 0;
}

int replay_next(struct replay *replay, const struct journal_entry *entry,
                struct error *error) {
    if (journal_check(entry, &replay->key, replay->master->entry + 1, replay->hash,
                      error) != 0 ||
        replay_entry(replay, entry, error) != 0 ||
        write_sums(replay->master, error) != 0) {
        return -1;
    }
    replay->report->entries++;
    return 0;
}

/* The content of an archived entry. */
static int fetch_content(struct replay *replay, struct journal_entry *entry,
                         struct error *error) {
    struct journal_entry found;
    uint8_t hash[HASH_SIZE];
    int rc = 1;
    if (replay->archive == NULL) {
        return error_set(error, "archive.needed", "archive",
                         "entry %lld is in an archive; say where: --archive DIR, or "
                         "begin at the checkpoint",
                         (long long)entry->entry);
    }
    while (rc == 1 && (rc = stream_next(replay->archive, &found, NULL, error)) == 1 &&
           found.entry < entry->entry) {
    }
    if (rc < 0) {
        return -1;
    }
    if (rc == 1) {
        hash_blake2b(found.content, hash);
    }
    if (rc == 0 || found.entry != entry->entry ||
        memcmp(hash, entry->content_hash, HASH_SIZE) != 0) {
        return error_set(error, "archive.differs", "archive",
                         "the archive does not hold entry %lld as it was",
                         (long long)entry->entry);
    }
    entry->content = found.content;
    entry->archived = false;
    return 0;
}

/* Before the checkpoint only chain and signatures are looked at. */
static int check_next(struct replay *replay, const struct journal_entry *entry,
                      struct error *error) {
    if (journal_check(entry, &replay->key, replay->report->entries + 1, replay->hash,
                      error) != 0) {
        return -1;
    }
    replay->report->entries++;
    return entry->entry < replay->begins ||
                   memcmp(replay->hash, replay->begin_hash, HASH_SIZE) == 0
               ? 0
               : error_set(error, "checkpoint.differs", "data",
                           "the checkpoint is of another history");
}

static int replay_one(struct replay *replay, struct journal_entry *entry,
                      struct error *error) {
    if (entry->entry <= replay->begins) {
        return check_next(replay, entry, error);
    }
    return entry->archived && fetch_content(replay, entry, error) != 0
               ? -1
               : replay_next(replay, entry, error);
}

static int replay_all(struct replay *replay, sqlite3 *db, struct error *error) {
    struct journal_reader *reader = NULL;
    struct journal_entry entry;
    int rc = journal_read(db, &reader, error);
    if (rc != 0) {
        return -1;
    }
    while ((rc = journal_next(reader, &entry, error)) == 1) {
        if (replay_one(replay, &entry, error) != 0) {
            rc = -1;
            break;
        }
    }
    journal_close(reader);
    return rc;
}

static int compare(sqlite3 *db, struct replay *replay, struct error *error) {
    struct dump_table *live = NULL;
    struct dump_table *replayed = NULL;
    size_t count = 0;
    int result = -1;
    const struct catalogue *catalogue = replay->master->catalogue;
    const struct dump_source here = {db, db, catalogue};
    const struct dump_source there = {replay->master->db, db, catalogue};
    if (dump_tables(&here, &live, &count, error) != 0 ||
        dump_tables(&there, &replayed, &count, error) != 0) {
        goto out;
    }
    result = 0;
    for (size_t i = 0; i < count && result == 0; i++) {
        replay->report->rows += live[i].rows;
        if (live[i].rows != replayed[i].rows ||
            memcmp(live[i].digest, replayed[i].digest, HASH_SIZE) != 0) {
            result = error_set(
                error, "verify.differs", live[i].name,
                "table %s is not what the journal makes of it: %lld rows here, "
                "%lld replayed",
                live[i].name, (long long)live[i].rows, (long long)replayed[i].rows);
        }
    }
    dump_digest(live, count, replay->report->digest);
out:
    free(live);
    free(replayed);
    return result;
}

/* Where the checkpoint's state stands; its journal is not with it. */
static int begin_heads(struct replay *replay, struct error *error) {
    struct master *master = replay->master;
    struct sign_public key;
    int64_t epoch = 0;
    char name[128];
    if (replay->begins == 0) {
        return 0;
    }
    master->entry = replay->begins;
    return database_integer(master->db, "select max(gsn) from gsn_log", &master->gsn,
                            error) != 0 ||
                   genesis_read(master->db, &master->org, &epoch, &key, name, error) !=
                       0 ||
                   history_epoch(master->db, &master->epoch, error) != 0
               ? -1
               : history_refill(master, error);
}

static int verify_snapshot(struct replay *replay, sqlite3 *db, struct error *error) {
    if (master_begin(replay->master, error) != 0 || begin_heads(replay, error) != 0) {
        return -1;
    }
    int result = replay_all(replay, db, error) == 0 && compare(db, replay, error) == 0
                     ? scope_sums_check(db, replay->master->catalogue, error)
                     : -1;
    master_rollback(replay->master);
    return result;
}

static int check_files(sqlite3 *db, struct error *error) {
    sqlite3_stmt *statement = NULL;
    if (database_statement(db, "pragma integrity_check(1)", &statement, error) != 0) {
        return -1;
    }
    int rc = sqlite3_step(statement);
    const char *text =
        rc == SQLITE_ROW ? (const char *)sqlite3_column_text(statement, 0) : NULL;
    int result = text != NULL && strcmp(text, "ok") == 0
                     ? 0
                     : error_set(error, "database.corrupt", "data",
                                 "the master's file is damaged: %.200s",
                                 text ? text : "it cannot be read");
    sqlite3_finalize(statement);
    return result;
}

/* An empty master, or one as it was at the last checkpoint. */
static int open_replay(const struct server_options *options,
                       const struct verify_options *verify, sqlite3 *db,
                       struct replay *replay, struct error *error) {
    struct checkpoint checkpoint = {0};
    int64_t archived = 0;
    if (verify->archive != NULL &&
        stream_read(verify->archive, &replay->archive, error) != 0) {
        return -1;
    }
    if (sqlite3_table_column_metadata(db, NULL, "journal_archived", NULL, NULL, NULL,
                                      NULL, NULL, NULL) == SQLITE_OK &&
        database_integer(db, "select count(*) from journal_archived", &archived, error) !=
            0) {
        return -1;
    }
    if (!verify->checkpoint && (archived == 0 || verify->archive != NULL)) {
        return master_open("", options->env, options->catalogue, true, &replay->master,
                           error);
    }
    if (checkpoint_last(db, &checkpoint, error) != 0 ||
        checkpoint_open(options, &checkpoint, &replay->master, error) != 0) {
        return -1;
    }
    replay->begins = replay->report->begins = checkpoint.entry;
    memcpy(replay->begin_hash, checkpoint.hash, HASH_SIZE);
    return 0;
}

int server_verify_with(const struct server_options *options,
                       const struct verify_options *verify, struct verify_report *ret,
                       struct error *error) {
    sqlite3 *db = NULL;
    struct sign_keys keys;
    struct replay replay = {.report = ret, .arena = arena_make(REPLAY_MEMORY)};
    const struct env *env = options->env;
    char *path = server_path(options->data, "master.db");
    int64_t started = env->boot_ms(env->context);
    int result = -1;
    memset(ret, 0, sizeof *ret);
    if (path == NULL || seal_start(error) != 0 ||
        server_read_keys(options->data, &keys, error) != 0 ||
        database_open(path, false, true, &db, error) != 0 ||
        check_files(db, error) != 0 || database_run(db, "begin", error) != 0 ||
        open_replay(options, verify, db, &replay, error) != 0) {
        goto out;
    }
    memcpy(replay.key.bytes, keys.public_key, SIGN_PUBLIC);
    work_begin(&replay.work, replay.master);
    result = verify_snapshot(&replay, db, error);
    work_end(&replay.work);
    ret->duration_ms = env->boot_ms(env->context) - started;
out:
    stream_end(replay.archive);
    master_close(replay.master);
    arena_free(&replay.arena);
    sqlite3_close(db);
    seal_wipe(&keys, sizeof keys);
    free(path);
    return result;
}

int server_verify(const struct server_options *options, struct verify_report *ret,
                  struct error *error) {
    return server_verify_with(options, &(struct verify_options){0}, ret, error);
}
