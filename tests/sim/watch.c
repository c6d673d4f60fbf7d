/* Reading headquarters' journal as it grows: what came in, and what was decided of it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/device.h"
#include "server/journal.h"
#include "server/verdicts.h"
#include "sync/bundle.h"
#include "sync/wire.h"
#include "tests/sim/world.h"

enum { WATCH_MEMORY = 256 * 1024 * 1024 };

static const char ENTRIES[] = "select entry, kind, at, content, outcome from journal"
                              " where entry > ? order by entry";
static const char DECIDED[] =
    "select g.gsn, g.at, g.id, s.id, g.time, g.base, g.kind, g.code, g.field"
    " from gsn_log g left join station s on s.number = g.station"
    " where g.gsn > ?1 and g.entry = ?2 order by g.gsn limit 1";

int watch_open(struct world *world) {
    return sqlite3_prepare_v2(world->watch, ENTRIES, -1, &world->entries, NULL) !=
                       SQLITE_OK ||
                   sqlite3_prepare_v2(world->watch, DECIDED, -1, &world->decided, NULL) !=
                       SQLITE_OK
               ? -1
               : 0;
}

void watch_close(struct world *world) {
    sqlite3_finalize(world->entries);
    sqlite3_finalize(world->decided);
    world->entries = world->decided = NULL;
}

/* --- what devices sent ------------------------------------------------------------------------------ */

/* An entry that holds a bundle, and what was decided. */
struct opened {
    int64_t entry, at;
    enum entry_kind kind;
    struct transaction *list;
    size_t count;
    struct outcome outcome;
    struct id device;
    int schema_version;
    struct bytes content;
    struct arena arena;
};

static int open_bundle(struct opened *opened, struct bytes content) {
    struct bundle_envelope envelope;
    opened->count = 0;
    if (bundle_open(content, &envelope, NULL) != 0 ||
        bundle_read(&envelope, &opened->arena, &opened->list, &opened->count, NULL) !=
            0) {
        return -1;
    }
    opened->device = envelope.header.device;
    opened->schema_version = (int)envelope.header.schema_version;
    return 0;
}

/* What was released from quarantine: [what, by, bundle]. */
static int open_release(struct opened *opened, struct bytes content) {
    struct wire_document *document = NULL;
    struct bytes bundle = {0};
    int64_t what = 0;
    if (wire_open(content, &document, NULL) != 0) {
        return -1;
    }
    int result =
        wire_integer(wire_item(wire_root(document), 0), "what", 1, 2, &what, NULL);
    if (result == 0 && what == 1) {
        result = wire_bytes(wire_item(wire_root(document), 2), "bundle", 1, LIMIT_BUNDLE,
                            &bundle, NULL);
        bundle = arena_copy(&opened->arena, bundle);
    }
    wire_close(document);
    return result == 0 && what == 1 ? open_bundle(opened, bundle) : result;
}

static int note_sent(struct world *world, const struct opened *opened) {
    const struct outcome *outcome = &opened->outcome;
    for (size_t i = 0; i < opened->count; i++) {
        const struct transaction *transaction = &opened->list[i];
        struct ledger_item *item = ledger_find(&world->ledger, transaction->id);
        if (item == NULL || item->waits) { /* what waits is as it came first */
            continue;
        }
        item->sent =
            (struct sent){.device = opened->device,
                          .stated = (uint64_t)transaction->time,
                          .epoch = outcome->epoch,
                          .schema_version = opened->schema_version,
                          .former = i < outcome->former_count ? outcome->formers[i] : 0};
    }
    return 0;
}

/* --- what was decided ------------------------------------------------------------------------------- */

/* One that a crash cut off after it was durable, and sent since. */
static bool is_cut(const struct world *world, struct id device) {
    for (int i = 0; i < world->station_count; i++) {
        if (id_equal(world->stations[i]->device, device) && world->stations[i]->cut) {
            return true;
        }
    }
    return false;
}

static int count_merged(struct world *world, const struct merged_seen *seen,
                        struct ledger_item *item) {
    char text[ID_TEXT_SIZE];
    id_format(seen->transaction, text);
    sim_trace(&world->report, "hq: gsn %lld is %s kind %d %s %s", (long long)seen->gsn,
              text, seen->kind, seen->code, seen->field);
    if (item == NULL) {
        return seen->what == SEEN_REVOKED || id_is_zero(seen->device) ||
                       is_cut(world, seen->device)
                   ? 0
                   : sim_wrong(&world->report, "%s was merged, but nobody did it", text);
    }
    if (item->gsn != 0) {
        return sim_wrong(&world->report, "%s was merged twice: gsn %lld and %lld", text,
                         (long long)item->gsn, (long long)seen->gsn);
    }
    item->gsn = seen->gsn;
    item->waits = false;
    world->figures.merged += seen->kind == VERDICT_MERGED;
    world->figures.conflicts += seen->kind == VERDICT_CONFLICTS;
    world->figures.refused += seen->kind == VERDICT_REFUSED;
    return 0;
}

static void take_sent(struct merged_seen *seen, const struct ledger_item *item) {
    if (item != NULL) {
        seen->stated = item->sent.stated;
        seen->epoch = item->sent.epoch;
        seen->former = item->sent.former;
        seen->schema_version = item->sent.schema_version;
    }
}

static struct id read_id(sqlite3_stmt *statement, int column) {
    struct id id = {{0}};
    if (sqlite3_column_bytes(statement, column) == ID_SIZE) {
        memcpy(id.bytes, sqlite3_column_blob(statement, column), ID_SIZE);
    }
    return id;
}

static enum seen_what what_of(enum entry_kind kind) {
    switch (kind) {
    case ENTRY_BUNDLE:
        return SEEN_WORK;
    case ENTRY_RELEASE:
        return SEEN_RELEASED;
    case ENTRY_EPOCH:
        return SEEN_EPOCH;
    case ENTRY_REVOKE:
        return SEEN_REVOKED;
    default:
        return SEEN_DEVICE;
    }
}

/* The next gsn, which is of this entry. */
static int read_gsn(struct world *world, const struct opened *opened,
                    struct merged_seen *ret) {
    sqlite3_stmt *statement = world->decided;
    sqlite3_bind_int64(statement, 1, world->seen_gsn);
    sqlite3_bind_int64(statement, 2, opened->entry);
    int rc = sqlite3_step(statement);
    *ret = (struct merged_seen){
        .what = what_of(opened->kind),
        .entry = opened->entry,
        .gsn = sqlite3_column_int64(statement, 0),
        .at = sqlite3_column_int64(statement, 1),
        .transaction = read_id(statement, 2),
        .device = read_id(statement, 3),
        .time = (uint64_t)sqlite3_column_int64(statement, 4),
        .base = sqlite3_column_int64(statement, 5),
        .kind = sqlite3_column_int(statement, 6),
        .purged = world->purged,
    };
    if (rc == SQLITE_ROW) {
        snprintf(ret->code, sizeof ret->code, "%s", sqlite3_column_text(statement, 7));
        snprintf(ret->field, sizeof ret->field, "%s", sqlite3_column_text(statement, 8));
    }
    sqlite3_reset(statement);
    /* A known device that shows another key makes no row. */
    return rc == SQLITE_ROW || opened->kind == ENTRY_ENROL
               ? 0
               : sim_wrong(&world->report, "entry %lld has no gsn",
                           (long long)opened->entry);
}

/* [1, epoch, from_gsn, …] */
static void read_epoch(struct bytes content, struct merged_seen *ret) {
    struct wire_document *document = NULL;
    if (wire_open(content, &document, NULL) == 0) {
        const struct wire_node *root = wire_root(document);
        wire_integer(wire_item(root, 1), "epoch", 1, INT64_MAX, &ret->epoch, NULL);
        wire_integer(wire_item(root, 2), "from", 0, INT64_MAX, &ret->base, NULL);
    }
    wire_close(document);
}

/* [1, device, …] */
static struct id read_revoked(struct bytes content) {
    struct wire_document *document = NULL;
    struct id device = {{0}};
    if (wire_open(content, &document, NULL) == 0) {
        wire_id(wire_item(wire_root(document), 1), "id", &device, NULL);
    }
    wire_close(document);
    return device;
}

/* Whose child was enrolled. */
static struct id read_parent(struct bytes content) {
    static const struct id none;
    struct certificate certificate;
    struct bytes envelope;
    struct bytes request;
    return device_read_entry(content, &envelope, &certificate, &request, NULL) == 0
               ? certificate.parent
               : none;
}

static int tell_gsn(struct world *world, const struct opened *opened) {
    struct merged_seen seen;
    if (read_gsn(world, opened, &seen) != 0) {
        return -1;
    }
    bool work = seen.what == SEEN_WORK || seen.what == SEEN_RELEASED;
    if (seen.gsn == 0) {
        return 0;
    }
    if (!work && seen.what != SEEN_EPOCH) {
        memset(&seen.device, 0, sizeof seen.device);
    }
    if (seen.what == SEEN_EPOCH && id_is_zero(seen.device)) {
        read_epoch(opened->content, &seen);
        world->unnoticed = false;
    }
    if (opened->kind == ENTRY_REENROL) {
        seen.parent = read_parent(opened->content);
    }
    if (seen.what == SEEN_REVOKED) {
        seen.device = read_revoked(opened->content);
    }
    struct ledger_item *item = ledger_find(&world->ledger, seen.transaction);
    world->seen_gsn = seen.gsn;
    take_sent(&seen, item);
    if (count_merged(world, &seen, item) != 0) {
        return -1;
    }
    return world->play->merged ? world->play->merged(world->playing, &seen) : 0;
}

static int tell_deferred(struct world *world, const struct opened *opened,
                         const struct verdict *verdict) {
    struct ledger_item *item = ledger_find(&world->ledger, verdict->transaction);
    struct merged_seen seen = {.what = SEEN_WORK,
                               .entry = opened->entry,
                               .gsn = world->seen_gsn + 1,
                               .at = opened->at,
                               .transaction = verdict->transaction,
                               .device = opened->device,
                               .purged = world->purged,
                               .kind = VERDICT_DEFERRED};
    take_sent(&seen, item);
    snprintf(seen.code, sizeof seen.code, "%.63s", verdict->code);
    sim_trace(&world->report, "hq: it waits: %s", verdict->code);
    if (item == NULL || item->waits) {
        return 0;
    }
    item->waits = true;
    seen.device = item->sent.device;
    return world->play->deferred ? world->play->deferred(world->playing, &seen) : 0;
}

/* What was known before has its gsn from then. */
static int tell_verdicts(struct world *world, const struct opened *opened,
                         const struct verdict *verdicts, size_t count) {
    int result = 0;
    for (size_t i = 0; i < count && result == 0; i++) {
        if (verdicts[i].kind == VERDICT_DEFERRED) {
            result = tell_deferred(world, opened, &verdicts[i]);
        } else if (verdicts[i].gsn > world->seen_gsn) {
            result = tell_gsn(world, opened);
        }
    }
    return result;
}

static int tell_work(struct world *world, struct opened *opened, struct bytes content) {
    const struct outcome *outcome = &opened->outcome;
    int result = opened->kind == ENTRY_BUNDLE    ? open_bundle(opened, content)
                 : opened->kind == ENTRY_RELEASE ? open_release(opened, content)
                                                 : 0;
    if (result != 0) {
        return sim_wrong(&world->report, "entry %lld cannot be read",
                         (long long)opened->entry);
    }
    note_sent(world, opened);
    if (tell_verdicts(world, opened, outcome->verdicts, outcome->count) != 0 ||
        tell_verdicts(world, opened, outcome->retried, outcome->retried_count) != 0) {
        return -1;
    }
    return outcome->epoch > 0 && world->play->retried
               ? world->play->retried(world->playing, opened->at,
                                      opened->kind == ENTRY_EPOCH)
               : 0;
}

/* What a purge's entry holds: the gsn up to which tombstones went. */
static int64_t read_purge(struct bytes content) {
    struct wire_document *document = NULL;
    int64_t gsn = 0;
    if (wire_open(content, &document, NULL) == 0) {
        wire_integer(wire_item(wire_root(document), 0), "gsn", 1, INT64_MAX, &gsn, NULL);
    }
    wire_close(document);
    return gsn;
}

/* Entries that make rows have one gsn, others none. */
static int tell_control(struct world *world, const struct opened *opened,
                        struct bytes content) {
    switch (opened->kind) {
    case ENTRY_PURGE:
        world->purged = read_purge(content);
        return 0;
    case ENTRY_GENESIS:
    case ENTRY_ENROL:
    case ENTRY_REENROL:
    case ENTRY_EPOCH:
    case ENTRY_REVOKE:
        return tell_gsn(world, opened);
    default:
        return 0;
    }
}

static int tell_entry(struct world *world, struct opened *opened) {
    sqlite3_stmt *entries = world->entries;
    struct bytes content = {sqlite3_column_blob(entries, 3),
                            (size_t)sqlite3_column_bytes(entries, 3)};
    struct bytes outcome = {sqlite3_column_blob(entries, 4),
                            (size_t)sqlite3_column_bytes(entries, 4)};
    opened->entry = sqlite3_column_int64(entries, 0);
    opened->kind = (enum entry_kind)sqlite3_column_int(entries, 1);
    opened->at = sqlite3_column_int64(entries, 2);
    opened->content = content;
    opened->count = 0;
    arena_reset(&opened->arena);
    memset(&opened->outcome, 0, sizeof opened->outcome);
    world->seen_entry = opened->entry;
    if (outcome.size > 0 &&
        outcome_decode(outcome, &opened->arena, &opened->outcome, NULL) != 0) {
        return sim_wrong(&world->report, "entry %lld has no outcome",
                         (long long)opened->entry);
    }
    bool work = opened->kind == ENTRY_BUNDLE || opened->kind == ENTRY_RELEASE ||
                (opened->kind == ENTRY_EPOCH && outcome.size > 0);
    return work ? tell_work(world, opened, content)
                : tell_control(world, opened, content);
}

int hq_watch(struct world *world) {
    struct opened opened = {.arena = arena_make(WATCH_MEMORY)};
    int result = 0;
    if (world->entries == NULL) {
        return 0;
    }
    sqlite3_bind_int64(world->entries, 1, world->seen_entry);
    while (result == 0 && sqlite3_step(world->entries) == SQLITE_ROW) {
        result = tell_entry(world, &opened);
    }
    sqlite3_reset(world->entries);
    arena_free(&opened.arena);
    return result;
}
