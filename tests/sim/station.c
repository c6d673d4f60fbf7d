/* A station: enrolled, opened, put down; it works and syncs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client-core/enrol.h"
#include "tests/sim/world.h"

enum { WORK_CALLS = 14, SYNC_CALLS = 120, ENROL_TRIES = 50 };

static const char LAST_WORK[] =
    "select position, id, base from station_outbox order by position desc limit 1";

static const char PROGRESS[] = "select cursor from station_progress";

static const char UNANSWERED[] = "select id from station_outbox where verdict is null";

static void replica_path(const struct sim_station *station, char ret[64]) {
    snprintf(ret, 64, "%s/replica.db", station->machine.name);
}

/* --- its life ------------------------------------------------------------------------------------ */

static void close_watch(struct sim_station *station) {
    sqlite3_finalize(station->last_work);
    sqlite3_finalize(station->progress);
    sqlite3_finalize(station->unanswered);
    sqlite3_close(station->watch);
    station->last_work = station->progress = station->unanswered = NULL;
    station->watch = NULL;
}

static int open_watch(struct sim_station *station) {
    char path[64];
    replica_path(station, path);
    if (sqlite3_open_v2(path, &station->watch, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK ||
        sqlite3_prepare_v2(station->watch, LAST_WORK, -1, &station->last_work, NULL) !=
            SQLITE_OK ||
        sqlite3_prepare_v2(station->watch, PROGRESS, -1, &station->progress, NULL) !=
            SQLITE_OK ||
        sqlite3_prepare_v2(station->watch, UNANSWERED, -1, &station->unanswered, NULL) !=
            SQLITE_OK) {
        return sim_wrong(&station->machine.world->report, "%s cannot be watched: %s",
                         station->machine.name, sqlite3_errmsg(station->watch));
    }
    return 0;
}

struct last_work {
    int64_t position, base;
    struct id transaction;
};

static struct last_work read_last_work(const struct sim_station *station) {
    struct last_work last = {0};
    sqlite3_stmt *statement = station->last_work;
    if (sqlite3_step(statement) == SQLITE_ROW) {
        last.position = sqlite3_column_int64(statement, 0);
        memcpy(last.transaction.bytes, sqlite3_column_blob(statement, 1), ID_SIZE);
        last.base = sqlite3_column_int64(statement, 2);
    }
    sqlite3_reset(statement);
    return last;
}

/* Whether it has heard of all of its work that headquarters took. */
static bool is_answered(const struct sim_station *station) {
    const struct ledger *ledger = &station->machine.world->ledger;
    sqlite3_stmt *statement = station->unanswered;
    bool answered = true;
    while (answered && sqlite3_step(statement) == SQLITE_ROW) {
        struct id id;
        memcpy(id.bytes, sqlite3_column_blob(statement, 0), ID_SIZE);
        const struct ledger_item *item = ledger_find(ledger, id);
        answered = item == NULL || item->gsn == 0;
    }
    sqlite3_reset(statement);
    return answered;
}

/* After a fork it is another device. */
static int look_at_device(struct sim_station *station) {
    struct world *world = station->machine.world;
    const struct certificate *now = &station->satchel->identity.certificate;
    if (id_equal(now->device, station->device)) {
        return 0;
    }
    station->device = now->device;
    sim_trace(&world->report, "%s: is device %s now", station->machine.name, now->code);
    return world->play->reenrolled
               ? world->play->reenrolled(world->playing, station->number, now->device,
                                         now->code)
               : 0;
}

int station_look(struct sim_station *station) {
    struct world *world = station->machine.world;
    int64_t cursor = station->cursor;
    if (!id_is_zero(station->device) && look_at_device(station) != 0) {
        return -1;
    }
    if (world->play->looked &&
        world->play->looked(world->playing, station->number, station->watch) != 0) {
        return -1;
    }
    if (sqlite3_step(station->progress) == SQLITE_ROW) {
        cursor = sqlite3_column_int64(station->progress, 0);
    }
    sqlite3_reset(station->progress);
    if (cursor < station->cursor && world->histories == 0) {
        return sim_wrong(&world->report, "%s went back from %lld to %lld",
                         station->machine.name, (long long)station->cursor,
                         (long long)cursor);
    }
    if (cursor == station->cursor || !is_answered(station)) {
        return 0;
    }
    station->cursor = cursor;
    sim_trace(&world->report, "%s: is at %lld", station->machine.name, (long long)cursor);
    return world->play->synced(world->playing, station->number, cursor);
}

/* The command is done for good: from now on it must not be lost. */
static int note_done(struct sim_station *station, const struct sim_operation *operation,
                     const struct last_work *last, int64_t true_ms, const char *result) {
    struct world *world = station->machine.world;
    struct ledger_item *item = ledger_add(&world->ledger, last->transaction);
    char text[ID_TEXT_SIZE];
    if (item == NULL) {
        return sim_wrong(&world->report, "out of memory");
    }
    item->station = station->number;
    item->done_ms = true_ms;
    item->held = true;
    station->position = last->position;
    station->cut = false; /* what was cut off is overwritten now, if it was not this */
    id_format(last->transaction, text);
    sim_trace(&world->report, "%s: %s %s is %s on %lld", station->machine.name,
              operation->command, operation->json, text, (long long)last->base);
    const struct local_outcome outcome = {.code = "",
                                          .field = "",
                                          .transaction = last->transaction,
                                          .base = last->base,
                                          .true_ms = true_ms,
                                          .result = result};
    return world->play->did(world->playing, operation, &outcome);
}

/* Whether the command that was cut off by a crash was durable. */
static int settle_cut(struct sim_station *station) {
    struct last_work last = read_last_work(station);
    if (last.position < station->position) {
        return sim_wrong(&station->machine.world->report,
                         "%s lost work that was reported done", station->machine.name);
    }
    if (!station->cut) {
        return last.position == station->position
                   ? 0
                   : sim_wrong(&station->machine.world->report,
                               "%s has work that nobody did", station->machine.name);
    }
    struct sim_operation operation = station->cut_operation;
    station->cut = false;
    if (last.position == station->position) {
        return 0;
    }
    if (last.base != station->cursor && station_look(station) != 0) {
        return -1; /* it was done after a pull that nobody has seen yet */
    }
    return note_done(station, &operation, &last, station->cut_at, NULL);
}

int station_up(struct sim_station *station) {
    struct world *world = station->machine.world;
    struct error error = {0};
    const struct embedded_file *files = NULL;
    size_t count = 0;
    world->play->schema(station->version, &files, &count);
    const struct station_setup setup = {.home = station->machine.name,
                                        .env = &station->machine.env,
                                        .files = files,
                                        .file_count = count,
                                        .version = station->version,
                                        .transport = network_transport(station)};
    if (station_open(&setup, &station->satchel, &error) != 0 &&
        life_is_over(station, error.code)) {
        return life_end(station);
    }
    if (station->satchel == NULL) {
        return sim_wrong(&world->report, "%s does not open: %s: %s",
                         station->machine.name, error.code, error.message);
    }
    station->machine.down = false;
    sim_trace(&world->report, "%s: up", station->machine.name);
    return open_watch(station) == 0 && settle_cut(station) == 0 ? station_look(station)
                                                                : -1;
}

void station_update(struct sim_station *station) {
    struct world *world = station->machine.world;
    station->version = SCHEMA_VERSION;
    sim_trace(&world->report, "%s: has another program", station->machine.name);
    if (world->play->updated) {
        world->play->updated(world->playing, station->number, SCHEMA_VERSION);
    }
}

void station_down(struct sim_station *station, int64_t until) {
    struct machine *machine = &station->machine;
    bool crashed = disk_is_crashed(machine->disk);
    close_watch(station);
    satchel_close(station->satchel);
    station->satchel = NULL;
    station->seat_count = 0;
    if (crashed) {
        disk_restart(machine->disk, machine->loss, &machine->world->dice);
    }
    if (crashed && machine->loss != DISK_KEEPS) {
        machine_power(machine);
    }
    machine->down = true;
    machine->down_until = until;
    sim_trace(&machine->world->report, "%s: %s", machine->name,
              crashed ? "crashed" : "down");
}

void station_bury(struct sim_station *station) {
    struct world *world = station->machine.world;
    station_down(station, world->now_ms + dice_below(&world->dice, 600000));
}

void station_free(struct sim_station *station) {
    if (station != NULL) {
        close_watch(station);
        satchel_close(station->satchel);
        free(station);
    }
}

/* --- enrolment -------------------------------------------------------------------------------------- */

static int enrol_station(struct sim_station *station, const char *invitation) {
    struct world *world = station->machine.world;
    struct transport transport = network_transport(station);
    struct error error = {0};
    const satchel_enrol_options options = {.home = station->machine.name,
                                           .invitation = invitation,
                                           .name = station->machine.name};
    for (int tries = 0; tries < ENROL_TRIES; tries++) {
        if (enrol(&options,
                  station->version < SCHEMA_VERSION ? world->options.former
                                                    : world->options.catalogue,
                  &station->machine.env, &transport, &error) == 0) {
            return 0;
        }
        sim_trace(&world->report, "%s: enrolment: %s", station->machine.name, error.code);
        world_pass(world, 60000);
        if (world->report.failed || (world->hq.down && hq_start(world) != 0)) {
            return -1;
        }
    }
    return sim_wrong(&world->report, "%s cannot be enrolled: %s: %s",
                     station->machine.name, error.code, error.message);
}

static int tell_enrolled(struct sim_station *station) {
    struct world *world = station->machine.world;
    const struct certificate *certificate = &station->satchel->identity.certificate;
    struct enrolled_seen seen = {.station = station->number,
                                 .device = certificate->device,
                                 .plan = station->plan,
                                 .parent = -1,
                                 .head = hq_head(world),
                                 .schema_version = station->version};
    snprintf(seen.code, sizeof seen.code, "%s", certificate->code);
    snprintf(seen.plan.ceiling, sizeof seen.plan.ceiling, "%.63s", certificate->ceiling);
    station->device = station->root = certificate->device;
    return world->play->enrolled(world->playing, &seen);
}

static int make_station(struct sim_station *station) {
    struct world *world = station->machine.world;
    struct buffer invitation = buffer_make(LIMIT_TEXT);
    int result = machine_place(&station->machine, "replica.db") == 0
                     ? hq_invite(world, &station->plan, &invitation)
                     : -1;
    if (result == 0) {
        result = hq_watch(world) != 0 ||
                         enrol_station(station, buffer_text(&invitation)) != 0 ||
                         station_up(station) != 0
                     ? -1
                     : tell_enrolled(station);
    }
    buffer_free(&invitation);
    return result;
}

int station_place(struct world *world, const struct station_plan *plan,
                  struct sim_station **ret) {
    char name[16];
    struct sim_station *station = calloc(1, sizeof *station);
    int number = world->station_count;
    if (station == NULL || number == WORLD_STATIONS) {
        free(station);
        return sim_wrong(&world->report, "no room for another station");
    }
    world->stations[world->station_count++] = station;
    world->figures.stations++;
    station->number = number;
    station->version = SCHEMA_VERSION;
    station->plan = *plan;
    *ret = station;
    snprintf(name, sizeof name, "s%03d", number);
    return machine_make(&station->machine, world, name);
}

static int add_station(struct world *world, const struct station_plan *plan,
                       struct sim_station **ret) {
    if (station_place(world, plan, ret) != 0) {
        return -1;
    }
    if (world->faults.on[FAULT_SKEW] &&
        dice_chance(&world->dice, world->faults.per_mille[FAULT_SKEW])) {
        (*ret)->machine.skew_ms = dice_between(&world->dice, -86400000, 86400000);
        world->faults.struck[FAULT_SKEW]++;
    }
    if ((*ret)->number > 0 && !world->healing && world->faults.on[FAULT_OLD_SCHEMA] &&
        dice_chance(&world->dice, world->faults.per_mille[FAULT_OLD_SCHEMA])) {
        (*ret)->version = SCHEMA_VERSION - 1;
        world->faults.struck[FAULT_OLD_SCHEMA]++;
    }
    return make_station(*ret);
}

int station_add(struct world *world, struct sim_station **ret) {
    struct station_plan plan = {0};
    world->play->plan(world->playing, world->station_count, &plan);
    return add_station(world, &plan, ret);
}

int station_add_like(struct world *world, const struct sim_station *other,
                     struct sim_station **ret) {
    struct station_plan plan = other->plan;
    /* People's roles may have changed since: what the other station may do is in its certificate. */
    snprintf(plan.ceiling, sizeof plan.ceiling, "%.63s",
             other->satchel->identity.certificate.ceiling);
    return add_station(world, &plan, ret);
}

/* --- work ------------------------------------------------------------------------------------------- */

/* The seat of a person, signed in at his first use; NULL when he may not sign in. */
static satchel_session *seat_of(struct sim_station *station, int person) {
    struct world *world = station->machine.world;
    satchel_session *session = NULL;
    satchel_error error;
    char user[ID_TEXT_SIZE];
    for (int i = 0; i < station->seat_count; i++) {
        if (station->seats[i].person == person) {
            return station->seats[i].session;
        }
    }
    id_format(world->play->person(world->playing, person), user);
    if (satchel_sign_in(station->satchel, user, NULL, &session, &error) != 0) {
        sim_trace(&world->report, "%s: person %d does not sign in: %s",
                  station->machine.name, person, error.code);
        return NULL;
    }
    int place = station->seat_count < STATION_SEATS ? station->seat_count++
                                                    : person % STATION_SEATS;
    if (place < station->seat_count - 1) {
        satchel_sign_out(station->seats[place].session);
    }
    station->seats[place] = (struct seat){person, session};
    return session;
}

/* One of the next writes may be the last, or fail. */
static void arm(struct sim_station *station, int within) {
    struct world *world = station->machine.world;
    struct machine *machine = &station->machine;
    int64_t calls = 1 + dice_below(&world->dice, within);
    if (world_strikes(world, FAULT_STATION_KILL)) {
        machine->loss = DISK_KEEPS;
        disk_crash_at(machine->disk, calls);
    } else if (world_strikes(world, FAULT_STATION_POWER)) {
        machine->loss = dice_chance(&world->dice, 500) ? DISK_TEARS : DISK_LOSES;
        disk_crash_at(machine->disk, calls);
    } else if (world_strikes(world, FAULT_STATION_DISK)) {
        disk_fail_at(machine->disk, calls,
                     dice_chance(&world->dice, 500) ? SQLITE_FULL : SQLITE_IOERR, false);
    }
}

static void disarm(struct sim_station *station) {
    disk_crash_at(station->machine.disk, 0);
    disk_fail_at(station->machine.disk, 0, SQLITE_OK, false);
}

static bool is_disk_error(const char *code) {
    return strncmp(code, "database.", 9) == 0 || strncmp(code, "home.", 5) == 0;
}

static int told_no(struct sim_station *station, const struct sim_operation *operation,
                   const satchel_error *error) {
    struct world *world = station->machine.world;
    world->figures.refused_here++;
    sim_trace(&world->report, "%s: %s %s: %s %s", station->machine.name,
              operation->command, operation->json, error->code, error->message);
    const struct local_outcome outcome = {
        .code = error->code, .field = error->field, .true_ms = world->now_ms};
    return world->play->did(world->playing, operation, &outcome);
}

static int told_yes(struct sim_station *station, const struct sim_operation *operation,
                    const char *result) {
    struct world *world = station->machine.world;
    struct last_work last = read_last_work(station);
    if (last.position == station->position) { /* a command that found nothing to do */
        const struct local_outcome outcome = {
            .code = "", .field = "", .true_ms = world->now_ms, .result = result};
        return world->play->did(world->playing, operation, &outcome);
    }
    return note_done(station, operation, &last, world->now_ms, result);
}

int station_work(struct sim_station *station, const struct sim_operation *operation) {
    struct world *world = station->machine.world;
    satchel_session *session = seat_of(station, operation->person);
    satchel_error error = {0};
    char *result = NULL;
    int64_t struck = world->faults.struck[FAULT_STATION_DISK];
    if (session == NULL || (station->syncing && station_look(station) != 0)) {
        return world->report.failed ? -1 : 0;
    }
    world->figures.operations++;
    world->figures.concurrent += operation->concurrent;
    if (!station->syncing) { /* else what is armed is armed for the sync */
        arm(station, WORK_CALLS);
    }
    int failed =
        satchel_do(session, operation->command, operation->json, &result, &error) != 0;
    bool disk_struck = struck != world->faults.struck[FAULT_STATION_DISK];
    if (!station->syncing) {
        disarm(station);
    }
    int told = 0;
    if (disk_is_crashed(station->machine.disk) ||
        (failed && is_disk_error(error.code) && (disk_struck || station->syncing))) {
        sim_trace(&world->report, "%s: %s %s: cut off", station->machine.name,
                  operation->command, operation->json);
        station->cut = true;
        station->cut_operation = *operation;
        station->cut_at = world->now_ms;
    } else if (failed) {
        told = told_no(station, operation, &error);
    } else {
        told = told_yes(station, operation, result);
    }
    satchel_free(result);
    if (disk_is_crashed(station->machine.disk) && !station->syncing) {
        station_bury(station);
    }
    return told;
}

/* --- sync ------------------------------------------------------------------------------------------- */

static int watch_progress(void *context, const satchel_progress *progress) {
    struct sim_station *station = context;
    (void)progress;
    if (!world_strikes(station->machine.world, FAULT_STOP)) {
        return 0;
    }
    station->disturbed = true;
    return 1;
}

int station_exchange(struct sim_station *station, bool *ret_done) {
    struct world *world = station->machine.world;
    satchel_sync_report report = {0};
    struct error error = {0};
    *ret_done = false;
    world->figures.syncs++;
    station->syncing = true;
    station->disturbed = false;
    int64_t struck = world->faults.struck[FAULT_STATION_DISK];
    arm(station, SYNC_CALLS);
    bool rekeys = world_strikes(world, FAULT_DEVICE_KEY);
    int failed = (rekeys ? station_rotate_key(station->satchel, 0, &error)
                         : station_sync(station->satchel, 0, watch_progress, station,
                                        &report, &error)) != 0;
    disarm(station);
    station->syncing = false;
    bool excused =
        station->disturbed || struck != world->faults.struck[FAULT_STATION_DISK];
    if (world->report.failed) {
        return -1;
    }
    if (disk_is_crashed(station->machine.disk)) {
        station_bury(station);
        return 0;
    }
    if (failed && life_is_over(station, error.code)) {
        return life_end(station);
    }
    if (station_look(station) != 0) {
        return -1;
    }
    if (!failed) {
        *ret_done = true;
        sim_trace(&world->report, "%s: synced to %lld, sent %lld, received %lld",
                  station->machine.name, (long long)report.cursor,
                  (long long)report.transactions_sent, (long long)report.rows_received);
        return 0;
    }
    world->figures.syncs_failed++;
    sim_trace(&world->report, "%s: sync: %s", station->machine.name, error.code);
    return excused ? 0
                   : sim_wrong(&world->report, "%s does not sync: %s: %s",
                               station->machine.name, error.code, error.message);
}
