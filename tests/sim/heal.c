/* The end of a run: no faults any more, everybody syncs until nothing is left, and then all must be right. */
#include <string.h>

#include "tests/sim/equal.h"
#include "tests/sim/world.h"

enum { ROUNDS = 30, SAME_AGAIN = 2, ASK_AGAIN_MS = 2 * 3600000 };

static int wake_all(struct world *world) {
    world_pass(world, 24 * 3600000LL);
    if (network_deliver_late(world) != 0 || (world->hq.down && hq_start(world) != 0)) {
        return -1;
    }
    for (int i = 0; i < world->station_count; i++) {
        struct sim_station *station = world->stations[i];
        station->offline_until = 0;
        if (station->version < SCHEMA_VERSION && !station->wiped) {
            if (!station->machine.down) {
                station_down(station, 0);
            }
            station_update(station);
        }
        if (station->machine.down && !station->wiped && station_up(station) != 0) {
            return -1;
        }
    }
    return 0;
}

static int64_t waiting_at(struct sim_station *station) {
    struct error error;
    int64_t waiting = -1;
    return database_integer(station->watch,
                            "select count(*) from station_outbox where verdict is null",
                            &waiting, &error) == 0
               ? waiting
               : -1;
}

/* One sync of everybody; *ret_quiet: nobody had anything to say or to hear. */
static int round_of_syncs(struct world *world, bool *ret_quiet) {
    int64_t head = hq_head(world);
    world_pass(world, ASK_AGAIN_MS); /* after it, what waits is asked about again */
    *ret_quiet = true;
    for (int i = 0; i < world->station_count; i++) {
        struct sim_station *station = world->stations[i];
        bool done = false;
        int64_t before = station->cursor;
        world_pass(world, 1000);
        if (station->wiped) {
            continue;
        }
        if (station_exchange(station, &done) != 0) {
            return -1;
        }
        if (station->wiped) {
            *ret_quiet = false;
            continue;
        }
        /* Work of a lost history may wait for what it builds on. */
        if (!done || (waiting_at(station) != 0 && world->histories == 0)) {
            return sim_wrong(&world->report, "%s has work left after a sync",
                             station->machine.name);
        }
        *ret_quiet = *ret_quiet && before == station->cursor;
    }
    *ret_quiet = *ret_quiet && head == hq_head(world);
    return 0;
}

static int check_ledger(struct world *world) {
    const struct ledger *ledger = &world->ledger;
    char text[ID_TEXT_SIZE];
    for (size_t i = 0; i < ledger->count; i++) {
        if (ledger->items[i].gsn == 0 && !ledger->items[i].excused) {
            id_format(ledger->items[i].transaction, text);
            return sim_wrong(&world->report, "%s of station %d was lost", text,
                             ledger->items[i].station);
        }
    }
    return 0;
}

/* What a station was told of its work is what headquarters decided. */
static int check_verdicts(struct sim_station *station, sqlite3_stmt *decided) {
    struct world *world = station->machine.world;
    sqlite3_stmt *told = NULL;
    int result = 0;
    if (sqlite3_prepare_v2(station->watch,
                           "select id, gsn, verdict, code from station_outbox", -1, &told,
                           NULL) != SQLITE_OK) {
        return sim_wrong(&world->report, "%s has no outbox", station->machine.name);
    }
    while (result == 0 && sqlite3_step(told) == SQLITE_ROW) {
        char id[ID_TEXT_SIZE];
        sqlite3_bind_value(decided, 1, sqlite3_column_value(told, 0));
        bool same = sqlite3_step(decided) == SQLITE_ROW;
        for (int i = 0; i < 2 && same; i++) {
            same = sqlite3_column_int64(decided, i) == sqlite3_column_int64(told, i + 1);
        }
        same = same && strcmp((const char *)sqlite3_column_text(decided, 2),
                              (const char *)sqlite3_column_text(told, 3)) == 0;
        sqlite3_reset(decided);
        if (!same) {
            struct id transaction;
            memcpy(transaction.bytes, sqlite3_column_blob(told, 0), ID_SIZE);
            id_format(transaction, id);
            result = sim_wrong(
                &world->report, "%s was told otherwise of %s: gsn %lld, verdict %d %s",
                station->machine.name, id, (long long)sqlite3_column_int64(told, 1),
                sqlite3_column_int(told, 2), sqlite3_column_text(told, 3));
        }
    }
    sqlite3_finalize(told);
    return result;
}

static int check_all_verdicts(struct world *world) {
    sqlite3_stmt *decided = NULL;
    int result = sqlite3_prepare_v2(world->watch,
                                    "select gsn, kind, code from gsn_log where id = ?",
                                    -1, &decided, NULL) == SQLITE_OK
                     ? 0
                     : sim_wrong(&world->report, "the journal cannot be read");
    for (int i = 0; i < world->station_count && result == 0; i++) {
        result =
            world->stations[i]->wiped ? 0 : check_verdicts(world->stations[i], decided);
    }
    sqlite3_finalize(decided);
    return result;
}

static int verify_station(struct sim_station *station) {
    satchel_error error = {0};
    return satchel_verify(station->satchel, &error) == 0
               ? 0
               : sim_wrong(&station->machine.world->report, "%s: %s: %s",
                           station->machine.name, error.code, error.message);
}

/* Somebody new for the same people must hold the same. */
static int compare_with_new(struct world *world) {
    struct sim_station *old =
        world->stations[dice_below(&world->dice, world->station_count)];
    struct sim_station *fresh = NULL;
    bool done = false;
    if (world->station_count == WORLD_STATIONS || old->wiped) {
        return 0;
    }
    if (station_add_like(world, old, &fresh) != 0 ||
        station_exchange(fresh, &done) != 0 || station_exchange(old, &done) != 0) {
        return -1;
    }
    return equal_stations(world, old, fresh);
}

static int compare_all(struct world *world) {
    struct equal_rows master;
    int result = equal_read(world, world->watch, "hq", &master);
    for (int i = 0; i < world->station_count && result == 0; i++) {
        struct sim_station *station = world->stations[i];
        if (station->wiped) {
            continue;
        }
        result = equal_to_master(world, station, &master) != 0 ||
                         verify_station(station) != 0 ||
                         (world->play->check_station &&
                          world->play->check_station(world->playing, station->number,
                                                     station->watch) != 0)
                     ? -1
                     : 0;
    }
    equal_free(&master);
    for (int i = 0; i < SAME_AGAIN && result == 0; i++) {
        result = compare_with_new(world);
    }
    return result;
}

static int verify_server(struct world *world) {
    struct verify_report report;
    struct error error = {0};
    if (!world->options.verify) {
        return 0;
    }
    return server_verify(&world->server_options, &report, &error) == 0
               ? 0
               : sim_wrong(&world->report, "headquarters: %s: %s", error.code,
                           error.message);
}

int world_heal(struct world *world) {
    bool quiet = false;
    world->calm = world->healing = true;
    sim_trace(&world->report, "all is well again");
    if (wake_all(world) != 0) {
        return -1;
    }
    for (int i = 0; i < ROUNDS && (!quiet || i < 2); i++) {
        if (round_of_syncs(world, &quiet) != 0 ||
            (i == 0 && (lives_settle(world) != 0 || lives_end_refill(world) != 0))) {
            return -1;
        }
    }
    for (int i = 0; i < world->station_count; i++) {
        struct sim_station *station = world->stations[i];
        if (!station->wiped && waiting_at(station) != 0) {
            return sim_wrong(&world->report, "%s has work left in the end",
                             station->machine.name);
        }
    }
    if (!quiet) {
        return sim_wrong(&world->report, "the syncs never come to an end");
    }
    if (check_ledger(world) != 0 || check_all_verdicts(world) != 0 ||
        compare_all(world) != 0 ||
        (world->play->check_master &&
         world->play->check_master(world->playing, world->watch) != 0) ||
        (world->play->finish && world->play->finish(world->playing) != 0)) {
        return -1;
    }
    return verify_server(world);
}
