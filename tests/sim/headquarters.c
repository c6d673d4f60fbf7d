/* The server: founded, started, put down, asked, watched. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/journal.h"
#include "server/server.h"
#include "sync/bundle.h"
#include "sync/wire.h"
#include "tests/sim/world.h"

#define ADDRESS "http://127.0.0.1:1"

enum { CRASH_WITHIN = 60, HOUR_MS = 3600000, WATCH_MEMORY = 64 * 1024 * 1024 };

static const char PATH[] = "hq/master.db";

static const char NEWS[] =
    "select g.gsn, g.at, g.id, s.id, g.time, g.base, g.kind, g.code, g.field, j.kind,"
    " j.content, g.entry from gsn_log g join journal j on j.entry = g.entry"
    " left join station s on s.number = g.station where g.gsn > ? order by g.gsn";

int hq_found(struct world *world) {
    struct error error = {0};
    struct buffer invitation = buffer_make(LIMIT_TEXT);
    const struct genesis_options genesis = {
        .org_name = "Simulated", .currency = "CNY", .admin_name = "Admin"};
    if (machine_make(&world->hq, world, "hq") != 0) {
        return -1;
    }
    world->server_options = (struct server_options){.data = "hq",
                                                    .env = &world->hq.env,
                                                    .catalogue = world->options.catalogue,
                                                    .embedded = true};
    if (fault_strikes(&world->faults, &world->dice, FAULT_HORIZON)) {
        world->server_options.horizon_ms =
            dice_between(&world->dice, HOUR_MS, 20 * HOUR_MS);
    }
    int failed =
        server_init(&world->server_options, &genesis, ADDRESS, &invitation, &error) != 0;
    buffer_free(&invitation);
    if (failed) {
        return sim_wrong(&world->report, "founding: %s: %s", error.code, error.message);
    }
    return machine_place(&world->hq, "master.db") == 0 ? hq_start(world) : -1;
}

int hq_start(struct world *world) {
    struct error error = {0};
    if (server_start(&world->server_options, &world->server, &error) != 0) {
        return sim_wrong(&world->report, "headquarters does not start: %s: %s",
                         error.code, error.message);
    }
    if (sqlite3_open_v2(PATH, &world->watch, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK ||
        sqlite3_prepare_v2(world->watch, NEWS, -1, &world->news, NULL) != SQLITE_OK) {
        return sim_wrong(&world->report, "headquarters cannot be watched: %s",
                         sqlite3_errmsg(world->watch));
    }
    world->hq.down = false;
    sim_trace(&world->report, "hq: up, at %lld", (long long)hq_head(world));
    return hq_watch(world);
}

void hq_stop(struct world *world, int64_t until) {
    bool crashed = disk_is_crashed(world->hq.disk);
    server_stop(world->server);
    world->server = NULL;
    sqlite3_finalize(world->news);
    sqlite3_close(world->watch);
    world->news = NULL;
    world->watch = NULL;
    if (crashed) {
        disk_restart(world->hq.disk, world->hq.loss, &world->dice);
    }
    if (crashed && world->hq.loss != DISK_KEEPS) {
        machine_power(&world->hq);
    }
    world->hq.down = true;
    world->hq.down_until = until;
    sim_trace(&world->report, "hq: %s", crashed ? "crashed" : "down");
}

void hq_bury(struct world *world) {
    hq_stop(world, world->now_ms + dice_below(&world->dice, 120000));
}

int64_t hq_head(struct world *world) {
    struct error error;
    int64_t head = 0;
    if (world->watch == NULL ||
        database_integer(world->watch, "select max(gsn) from gsn_log", &head, &error) !=
            0) {
        return world->seen_gsn;
    }
    return head;
}

/* --- being asked ------------------------------------------------------------------------------- */

/* A write of this request may be the last, or fail. */
static void arm(struct world *world) {
    struct machine *hq = &world->hq;
    int64_t calls = 1 + dice_below(&world->dice, CRASH_WITHIN);
    if (world_strikes(world, FAULT_HQ_KILL)) {
        hq->loss = DISK_KEEPS;
        disk_crash_at(hq->disk, calls);
    } else if (world_strikes(world, FAULT_HQ_POWER)) {
        hq->loss = dice_chance(&world->dice, 500) ? DISK_TEARS : DISK_LOSES;
        disk_crash_at(hq->disk, calls);
    } else if (world_strikes(world, FAULT_HQ_DISK)) {
        disk_fail_at(hq->disk, calls,
                     dice_chance(&world->dice, 500) ? SQLITE_FULL : SQLITE_IOERR, false);
    }
}

static bool hand_in(struct world *world, const char *path, struct bytes body,
                    struct buffer *ret, int *ret_status) {
    static const struct {
        const char *path;
        void (*handle)(struct server *server, struct bytes body, struct buffer *ret,
                       int *ret_status);
    } ROUTES[] = {{"/v1/sync", server_handle_sync},
                  {"/v1/enrol", server_handle_enrol},
                  {"/v1/reenrol", server_handle_reenrol},
                  {"/v1/rotate", server_handle_rotate}};
    for (size_t i = 0; i < sizeof ROUTES / sizeof *ROUTES; i++) {
        if (strcmp(ROUTES[i].path, path) == 0) {
            ROUTES[i].handle(world->server, body, ret, ret_status);
            return true;
        }
    }
    return false;
}

bool hq_answer(struct world *world, const char *path, struct bytes body,
               struct buffer *ret, int *ret_status) {
    if (world->server == NULL) {
        return false;
    }
    world->figures.requests++;
    arm(world);
    if (!hand_in(world, path, body, ret, ret_status)) {
        sim_wrong(&world->report, "nobody answers %s", path);
        return false;
    }
    disk_crash_at(world->hq.disk, 0);
    disk_fail_at(world->hq.disk, 0, SQLITE_OK, false);
    if (disk_is_crashed(world->hq.disk)) {
        hq_bury(world);
        return false;
    }
    return hq_watch(world) == 0;
}

int hq_invite(struct world *world, const struct station_plan *plan, struct buffer *ret) {
    struct error error = {0};
    char user[ID_TEXT_SIZE];
    struct id person = world->play->person(world->playing, plan->people[0]);
    struct server_options options = world->server_options;
    id_format(person, user);
    const struct invite_options invite = {
        .user = plan->everyone ? NULL : user,
        .ceiling = plan->ceiling[0] ? plan->ceiling : NULL,
        .valid_ms = 86400000,
        .everyone = plan->everyone,
    };
    return server_invite(&options, &invite, ret, &error) == 0
               ? 0
               : sim_wrong(&world->report, "inviting: %s: %s", error.code, error.message);
}

/* --- being watched ------------------------------------------------------------------------------- */

/* The bundle of a journal entry, read once for all its transactions. */
struct opened {
    int64_t entry;
    struct transaction *list;
    size_t count;
    struct arena arena;
};

/* What the device itself said of when it did this. */
static uint64_t stated_time(struct opened *opened, int64_t entry, struct bytes content,
                            struct id transaction) {
    struct bundle_envelope envelope;
    if (opened->entry != entry) {
        arena_reset(&opened->arena);
        opened->entry = entry;
        opened->count = 0;
        if (bundle_open(content, &envelope, NULL) != 0 ||
            bundle_read(&envelope, &opened->arena, &opened->list, &opened->count, NULL) !=
                0) {
            opened->count = 0;
        }
    }
    for (size_t i = 0; i < opened->count; i++) {
        if (id_equal(opened->list[i].id, transaction)) {
            return (uint64_t)opened->list[i].time;
        }
    }
    return 0;
}

static struct id read_id(sqlite3_stmt *statement, int column) {
    struct id id = {{0}};
    if (sqlite3_column_bytes(statement, column) == ID_SIZE) {
        memcpy(id.bytes, sqlite3_column_blob(statement, column), ID_SIZE);
    }
    return id;
}

static int tell(struct world *world, const struct merged_seen *seen) {
    struct ledger_item *item = ledger_find(&world->ledger, seen->transaction);
    char text[ID_TEXT_SIZE];
    id_format(seen->transaction, text);
    sim_trace(&world->report, "hq: gsn %lld is %s kind %d %s %s", (long long)seen->gsn,
              text, seen->kind, seen->code, seen->field);
    if (item != NULL && item->gsn != 0) {
        return sim_wrong(&world->report, "%s was merged twice: gsn %lld and %lld", text,
                         (long long)item->gsn, (long long)seen->gsn);
    }
    if (item != NULL) {
        item->gsn = seen->gsn;
        world->figures.merged += seen->kind == VERDICT_MERGED;
        world->figures.conflicts += seen->kind == VERDICT_CONFLICTS;
        world->figures.refused += seen->kind == VERDICT_REFUSED;
    } else if (!id_is_zero(seen->device)) {
        bool cut =
            false; /* one that a crash cut off after it was durable, and sent since? */
        for (int i = 0; i < world->station_count && !cut; i++) {
            cut = id_equal(world->stations[i]->device, seen->device) &&
                  world->stations[i]->cut;
        }
        if (!cut) {
            return sim_wrong(&world->report, "%s was merged, but nobody did it", text);
        }
    }
    return world->play->merged ? world->play->merged(world->playing, seen) : 0;
}

static struct merged_seen read_news(struct world *world, struct opened *opened) {
    sqlite3_stmt *news = world->news;
    struct merged_seen seen = {
        .gsn = sqlite3_column_int64(news, 0),
        .at = sqlite3_column_int64(news, 1),
        .transaction = read_id(news, 2),
        .device = read_id(news, 3),
        .time = (uint64_t)sqlite3_column_int64(news, 4),
        .base = sqlite3_column_int64(news, 5),
        .kind = sqlite3_column_int(news, 6),
    };
    snprintf(seen.code, sizeof seen.code, "%s", sqlite3_column_text(news, 7));
    snprintf(seen.field, sizeof seen.field, "%s", sqlite3_column_text(news, 8));
    if (sqlite3_column_int(news, 9) != ENTRY_BUNDLE) {
        memset(&seen.device, 0, sizeof seen.device);
    } else if (world->play->merged != NULL) {
        struct bytes content = {sqlite3_column_blob(news, 10),
                                (size_t)sqlite3_column_bytes(news, 10)};
        seen.stated = stated_time(opened, sqlite3_column_int64(news, 11), content,
                                  seen.transaction);
    }
    return seen;
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

/* Notes the purges of the journal before `entry`. */
static void watch_purges(struct world *world, int64_t entry) {
    static const char SQL[] = "select entry, content from journal where kind = ?"
                              " and entry > ? and entry < ? order by entry";
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(world->watch, SQL, -1, &statement, NULL) == SQLITE_OK) {
        sqlite3_bind_int(statement, 1, ENTRY_PURGE);
        sqlite3_bind_int64(statement, 2, world->purge_entry);
        sqlite3_bind_int64(statement, 3, entry);
        while (sqlite3_step(statement) == SQLITE_ROW) {
            struct bytes content = {sqlite3_column_blob(statement, 1),
                                    (size_t)sqlite3_column_bytes(statement, 1)};
            world->purged = read_purge(content);
        }
    }
    sqlite3_finalize(statement);
    world->purge_entry = entry - 1;
}

int hq_watch(struct world *world) {
    sqlite3_stmt *news = world->news;
    struct opened opened = {.arena = arena_make(WATCH_MEMORY)};
    int result = 0;
    if (news == NULL) {
        return 0;
    }
    sqlite3_bind_int64(news, 1, world->seen_gsn);
    while (result == 0 && sqlite3_step(news) == SQLITE_ROW) {
        struct merged_seen seen = read_news(world, &opened);
        watch_purges(world, sqlite3_column_int64(news, 11));
        seen.purged = world->purged;
        world->seen_gsn = seen.gsn;
        result = tell(world, &seen);
    }
    sqlite3_reset(news);
    arena_free(&opened.arena);
    return result;
}
