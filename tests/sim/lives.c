/* Disks copied and put back: clones, stations and headquarters from an old backup; devices taken back. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/sim/folder.h"
#include "tests/sim/world.h"

enum { HISTORIES = 12 }; /* more would leave time for nothing else */

/* A machine as it was once. */
struct snapshot {
    struct disk_image *image;
    struct folder_copy files;
    int64_t position, cursor, at_ms;
    int64_t head, entry, purged;
    struct id device;
    int token; /* the play's */
    bool marked;
};

static void snapshot_free(struct snapshot *snapshot) {
    if (snapshot != NULL) {
        disk_image_free(snapshot->image);
        free(snapshot);
    }
}

void lives_free(struct world *world) {
    for (int i = 0; i < world->station_count; i++) {
        snapshot_free(world->stations[i]->snapshot);
        world->stations[i]->snapshot = NULL;
    }
    lives_forget_hq(world);
}

void lives_forget_hq(struct world *world) {
    snapshot_free(world->hq_snapshot);
    world->hq_snapshot = NULL;
}

static struct snapshot *copy_machine(const struct machine *machine) {
    struct snapshot *snapshot = calloc(1, sizeof *snapshot);
    if (snapshot == NULL || (snapshot->image = disk_copy(machine->disk)) == NULL ||
        !folder_read(machine->name, &snapshot->files)) {
        sim_wrong(&machine->world->report, "%s cannot be copied", machine->name);
        snapshot_free(snapshot);
        return NULL;
    }
    snapshot->at_ms = machine->world->now_ms;
    return snapshot;
}

static int put_back(struct machine *machine, const struct snapshot *snapshot) {
    return disk_replace(machine->disk, snapshot->image) &&
                   folder_write(machine->name, &snapshot->files)
               ? 0
               : sim_wrong(&machine->world->report, "%s cannot be put back",
                           machine->name);
}

/* --- stations ------------------------------------------------------------------------------------ */

/* Something is going on at it that has no end yet. */
static bool is_busy(const struct sim_station *station) {
    return station->satchel == NULL || station->syncing || station->cut ||
           disk_is_crashed(station->machine.disk);
}

static struct snapshot *copy_station(struct sim_station *station) {
    struct snapshot *snapshot = copy_machine(&station->machine);
    if (snapshot != NULL) {
        snapshot->position = station->position;
        snapshot->cursor = station->cursor;
        snapshot->device = station->device;
    }
    return snapshot;
}

static int keep_station(struct sim_station *station) {
    struct world *world = station->machine.world;
    const struct play *play = world->play;
    struct snapshot *snapshot = copy_station(station);
    if (snapshot == NULL) {
        return -1;
    }
    snapshot_free(station->snapshot);
    station->snapshot = snapshot;
    snapshot->token =
        play->snapshot ? play->snapshot(world->playing, station->number) : 0;
    sim_trace(&world->report, "%s: a backup is made", station->machine.name);
    return snapshot->token < 0 ? -1 : 0;
}

/* What it did since, and headquarters has not: nobody has it any more. */
static void excuse(struct sim_station *station, int64_t since_ms) {
    const struct ledger *ledger = &station->machine.world->ledger;
    for (size_t i = 0; i < ledger->count; i++) {
        struct ledger_item *item = &ledger->items[i];
        if (item->station == station->number && item->done_ms >= since_ms) {
            item->held = false;
            item->excused = item->excused || item->gsn == 0;
        }
    }
}

static int restore_station(struct sim_station *station) {
    struct world *world = station->machine.world;
    const struct play *play = world->play;
    const struct snapshot *snapshot = station->snapshot;
    station_down(station, world->now_ms);
    machine_power(&station->machine);
    sim_trace(&world->report, "%s: put back to a backup", station->machine.name);
    excuse(station, snapshot->at_ms);
    station->position = snapshot->position;
    station->cursor = snapshot->cursor;
    station->device = snapshot->device;
    return put_back(&station->machine, snapshot) != 0 ||
                   (play->restore &&
                    play->restore(world->playing, station->number, snapshot->token) != 0)
               ? -1
               : station_up(station);
}

static int clone_station(struct sim_station *station) {
    struct world *world = station->machine.world;
    struct snapshot *snapshot = copy_station(station);
    struct sim_station *clone = NULL;
    int result = snapshot != NULL ? station_place(world, &station->plan, &clone) : -1;
    if (result == 0) {
        sim_trace(&world->report, "%s: a clone of %s", clone->machine.name,
                  station->machine.name);
        clone->position = snapshot->position;
        clone->cursor = snapshot->cursor;
        clone->device = snapshot->device;
        clone->version = station->version;
        clone->root = station->root;
        clone->revoked = station->revoked;
        clone->sync_per_mille = station->sync_per_mille;
        clone->machine.skew_ms = station->machine.skew_ms;
        result = put_back(&clone->machine, snapshot) != 0 ||
                         (world->play->clone &&
                          world->play->clone(world->playing, station->number,
                                             clone->number) != 0)
                     ? -1
                     : station_up(clone);
    }
    snapshot_free(snapshot);
    return result;
}

/* --- the end of a device --------------------------------------------------------------------------- */

/* With all that were copied from it. */
static int take_back(struct sim_station *station) {
    struct world *world = station->machine.world;
    struct error error = {0};
    char device[ID_TEXT_SIZE];
    const struct revoke_options options = {.device = device, .reason = "lost"};
    id_format(station->root, device);
    sim_trace(&world->report, "hq: revokes %s", station->machine.name);
    if (server_revoke(&world->server_options, &options, &error) != 0 &&
        strcmp(error.code, "device.unknown") == 0 && world->histories > 0) {
        return 0; /* headquarters lost it, and has not heard of it since */
    }
    if (error.code[0] != '\0') {
        return sim_wrong(&world->report, "revoking: %s: %s", error.code, error.message);
    }
    for (int i = 0; i < world->station_count; i++) {
        struct sim_station *relative = world->stations[i];
        relative->revoked = relative->revoked || id_equal(relative->root, station->root);
    }
    return hq_watch(world);
}

bool life_is_over(const struct sim_station *station, const char *code) {
    return station->revoked && strcmp(code, "station.revoked") == 0;
}

/* Rows, outbox, keys: nothing but the time of it. */
static int check_wiped(struct sim_station *station) {
    struct world *world = station->machine.world;
    const struct catalogue *catalogue = world->options.catalogue;
    sqlite3 *db = NULL;
    char path[64];
    char sql[128];
    struct error error = {0};
    struct folder_copy files;
    int64_t rows = 0;
    snprintf(path, sizeof path, "%s/replica.db", station->machine.name);
    int rc = sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL);
    for (size_t i = 0; i <= catalogue->table_count && rc == SQLITE_OK && rows == 0; i++) {
        snprintf(sql, sizeof sql, "select count(*) from \"%s\"",
                 i < catalogue->table_count ? catalogue->tables[i].name
                                            : "station_outbox");
        rc = database_integer(db, sql, &rows, &error) == 0 ? rc : SQLITE_ERROR;
    }
    sqlite3_close(db);
    if (rc != SQLITE_OK || rows != 0) {
        return sim_wrong(&world->report, "%s is not wiped: %s %s", station->machine.name,
                         sql, error.message);
    }
    if (!folder_read(station->machine.name, &files)) {
        return sim_wrong(&world->report, "%s cannot be read", station->machine.name);
    }
    for (size_t i = 0; i < files.count; i++) {
        if (strstr(files.files[i].name, "key") != NULL) {
            return sim_wrong(&world->report, "%s still has %s", station->machine.name,
                             files.files[i].name);
        }
    }
    return 0;
}

int life_end(struct sim_station *station) {
    struct world *world = station->machine.world;
    const struct ledger *ledger = &world->ledger;
    station_down(station, INT64_MAX);
    station->wiped = true;
    sim_trace(&world->report, "%s: wiped", station->machine.name);
    for (size_t i = 0; i < ledger->count; i++) {
        if (ledger->items[i].station == station->number) {
            ledger->items[i].held = false;
        }
    }
    return check_wiped(station) != 0 ||
                   (world->play->wiped &&
                    world->play->wiped(world->playing, station->number) != 0)
               ? -1
               : 0;
}

static void excuse_family(struct world *world, struct id root) {
    for (size_t i = 0; i < world->ledger.count; i++) {
        struct ledger_item *item = &world->ledger.items[i];
        bool relative = id_equal(world->stations[item->station]->root, root);
        item->excused = item->excused || (relative && item->gsn == 0);
    }
}

/* Released work merges or is refused as any; discarded work is gone, and that was the decision. */
static int settle(struct world *world, struct id root) {
    struct quarantine_report report;
    struct error error = {0};
    char device[ID_TEXT_SIZE];
    const struct quarantine_options options = {.device = device,
                                               .release = dice_chance(&world->dice, 500)};
    id_format(root, device);
    if (server_quarantine_settle(&world->server_options, &options, &report, &error) !=
            0 &&
        strcmp(error.code, "quarantine.empty") != 0) {
        return sim_wrong(&world->report, "the quarantine: %s: %s", error.code,
                         error.message);
    }
    sim_trace(&world->report, "hq: %s what %s had: %s",
              options.release ? "releases" : "discards", device, error.code);
    if (!options.release) {
        excuse_family(world, root);
    }
    return hq_watch(world);
}

int lives_settle(struct world *world) {
    int result = 0;
    for (int i = 0; i < world->station_count && result == 0; i++) {
        const struct sim_station *station = world->stations[i];
        bool first = station->revoked;
        for (int k = 0; k < i && first; k++) {
            first = !id_equal(world->stations[k]->root, station->root);
        }
        result = first ? settle(world, station->root) : 0;
    }
    return result;
}

/* A key that a copy asked for, and that a lost history gave to another copy, cannot be both's. */
static bool has_next_key(const struct sim_station *station) {
    struct folder_copy files;
    bool found = false;
    if (!station->machine.world->faults.on[FAULT_RESTORE_HQ] ||
        !folder_read(station->machine.name, &files)) {
        return false;
    }
    for (size_t i = 0; i < files.count; i++) {
        found = found || strstr(files.files[i].name, "next") != NULL;
    }
    return found;
}

int life_of_station(struct sim_station *station) {
    struct world *world = station->machine.world;
    bool room = world->station_count < WORLD_STATIONS;
    if (is_busy(station) || world->depth > 0) {
        return 0;
    }
    if (station->snapshot != NULL && world_strikes(world, FAULT_RESTORE_STATION)) {
        return restore_station(station);
    }
    if (has_next_key(station)) {
        return 0;
    }
    if (room && world_strikes(world, FAULT_CLONE)) {
        return clone_station(station);
    }
    /* Nobody takes headquarters' own stations, for everybody, back. */
    if (!station->plan.everyone && station->number > 0 && !station->revoked &&
        world->server != NULL && world_strikes(world, FAULT_REVOKE)) {
        return take_back(station);
    }
    return world->faults.on[FAULT_RESTORE_STATION] && dice_chance(&world->dice, 10)
               ? keep_station(station)
               : 0;
}

/* --- headquarters --------------------------------------------------------------------------------- */

/* A backup as satcheld makes it, which says of itself that it is one. */
static struct snapshot *back_up(struct world *world) {
    struct error error = {0};
    struct machine backup = {.world = world, .name = "backup"};
    struct snapshot *snapshot = NULL;
    backup.disk = disk_add(world->options.disks, backup.name);
    if (backup.disk == NULL ||
        server_backup(&world->server_options, backup.name, &error) != 0) {
        sim_wrong(&world->report, "the backup: %s: %s", error.code, error.message);
    } else if (machine_place(&backup, "master.db") == 0) {
        snapshot = copy_machine(&backup);
    }
    if (backup.disk != NULL) {
        disk_remove(backup.disk);
    }
    folder_clear(backup.name);
    rmdir(backup.name);
    return snapshot;
}

static int keep_hq(struct world *world) {
    const struct play *play = world->play;
    if (world->unnoticed) { /* what is copied now would say that nothing was lost */
        return 0;
    }
    /* A copy that does not say what it is can be told from what a station holds. One that rebuilds after another loss
     * holds nothing; so only backups are put back then. */
    bool marked = world->histories > 0 || dice_chance(&world->dice, 500);
    struct snapshot *snapshot = marked ? back_up(world) : copy_machine(&world->hq);
    if (snapshot == NULL) {
        return -1;
    }
    snapshot->head = world->seen_gsn;
    snapshot->marked = marked;
    snapshot->entry = world->seen_entry;
    snapshot->purged = world->purged;
    snapshot_free(world->hq_snapshot);
    world->hq_snapshot = snapshot;
    snapshot->token = play->server_snapshot ? play->server_snapshot(world->playing) : 0;
    sim_trace(&world->report, "hq: a %s is made, at %lld", marked ? "backup" : "copy",
              (long long)snapshot->head);
    return snapshot->token < 0 ? -1 : 0;
}

/* What was merged since has to come again, from those that still hold it. */
static void forget_merged(struct world *world, int64_t head) {
    for (size_t i = 0; i < world->ledger.count; i++) {
        struct ledger_item *item = &world->ledger.items[i];
        if (item->gsn > head) {
            item->gsn = 0;
        }
        item->waits = false; /* what waited then is told of again */
        /* What a station that was taken back had sent was in quarantine, and nowhere else. */
        bool gone = !item->held || world->stations[item->station]->revoked;
        item->excused = item->excused || (item->gsn == 0 && gone);
    }
}

/* What crashed stations have of the history that ends here is seen first. */
static int wake_stations(struct world *world) {
    for (int i = 0; i < world->station_count; i++) {
        struct sim_station *station = world->stations[i];
        if (station->machine.down && !station->wiped && station_up(station) != 0) {
            return -1;
        }
    }
    return 0;
}

/* Headquarters does not know of those that were taken back since. */
static int look_at_revoked(struct world *world) {
    static const char SQL[] = "select revoked_at is not null from station where id = ?";
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(world->watch, SQL, -1, &statement, NULL) != SQLITE_OK) {
        return sim_wrong(&world->report, "the stations cannot be read");
    }
    for (int i = 0; i < world->station_count; i++) {
        struct sim_station *station = world->stations[i];
        sqlite3_bind_blob(statement, 1, station->root.bytes, ID_SIZE, SQLITE_STATIC);
        station->revoked = sqlite3_step(statement) == SQLITE_ROW &&
                           sqlite3_column_int(statement, 0) != 0;
        sqlite3_reset(statement);
    }
    sqlite3_finalize(statement);
    return 0;
}

static int restore_hq(struct world *world) {
    const struct snapshot *snapshot = world->hq_snapshot;
    if (wake_stations(world) != 0) {
        return -1;
    }
    hq_stop(world, world->now_ms);
    machine_power(&world->hq);
    sim_trace(&world->report, "hq: put back to %lld", (long long)snapshot->head);
    forget_merged(world, snapshot->head);
    world->seen_gsn = snapshot->head;
    world->seen_entry = snapshot->entry;
    world->purged = snapshot->purged;
    world->histories++;
    world->unnoticed = !snapshot->marked;
    struct folder_copy files = snapshot->files;
    if (!disk_replace(world->hq.disk, snapshot->image) ||
        !folder_write(world->hq.name, &files)) {
        return sim_wrong(&world->report, "headquarters cannot be put back");
    }
    if (world->play->server_restore &&
        world->play->server_restore(world->playing, snapshot->token) != 0) {
        return -1;
    }
    lives_forget_hq(
        world); /* put back twice, it would begin two histories of one number */
    return hq_start(world) != 0 ? -1 : look_at_revoked(world);
}

int life_of_hq(struct world *world) {
    if (world->server == NULL || world->depth > 0) {
        return 0;
    }
    if (world->hq_snapshot != NULL && world->histories < HISTORIES &&
        world_strikes(world, FAULT_RESTORE_HQ)) {
        return restore_hq(world);
    }
    return world->faults.on[FAULT_RESTORE_HQ] && dice_chance(&world->dice, 10)
               ? keep_hq(world)
               : 0;
}

int lives_end_refill(struct world *world) {
    struct refill_report report;
    struct error error = {0};
    if (world->histories == 0) {
        return 0;
    }
    if (server_refill(&world->server_options, true, NULL, &report, &error) != 0) {
        return sim_wrong(&world->report, "the refill: %s: %s", error.code, error.message);
    }
    sim_trace(&world->report, "hq: the refill ends: %lld waited",
              (long long)report.waiting);
    return hq_watch(world);
}
