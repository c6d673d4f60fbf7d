/* Headquarters, stations, what is between them, and whether they are equal in the end. */
#include "tests/fault/world.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/fault/memory.h"
#include "tests/support/routes.h"

enum { ANSWER_MOST = LIMIT_RESPONSE, ROUNDS = 2 };

/* --- machines ------------------------------------------------------------------------------------ */

static int64_t machine_wall(void *context) {
    return ((const struct machine *)context)->world->now_ms;
}

static int64_t machine_boot(void *context) {
    const struct machine *machine = context;
    return machine->world->now_ms - machine->started_ms + 20000;
}

static void machine_boot_id(void *context, struct id *ret) {
    const struct machine *machine = context;
    memset(ret, 0, sizeof *ret);
    snprintf((char *)ret->bytes, ID_SIZE, "%.8s#%d", machine->name, machine->boots % 100);
}

static void machine_random(void *context, void *data, size_t size) {
    dice_bytes(&((struct machine *)context)->dice, data, size);
}

static void machine_sleep(void *context, int64_t ms) {
    ((struct machine *)context)->world->now_ms += ms;
}

static void make_machine(struct fault_world *world, struct machine *machine,
                         const char *name) {
    *machine = (struct machine){.world = world, .started_ms = world->now_ms};
    snprintf(machine->name, sizeof machine->name, "%s", name);
    machine->env = (struct env){.context = machine,
                                .wall_ms = machine_wall,
                                .boot_ms = machine_boot,
                                .boot_id = machine_boot_id,
                                .random = machine_random,
                                .sleep_ms = machine_sleep};
    dice_seed(&machine->dice, dice_draw(&world->dice));
    machine->disk = disk_add(world->disks, name);
    assert(machine->disk != NULL);
}

void fault_world_make(struct fault_world *world) {
    struct error error = {0};
    *world = (struct fault_world){.now_ms = 1795399200000LL,
                                  .invitation = buffer_make(LIMIT_TEXT),
                                  .parcel = buffer_make(LIMIT_REQUEST),
                                  .answer = buffer_make(LIMIT_RESPONSE)};
    setenv("TZ", "UTC", 1);
    tzset();
    sqlite3_config(SQLITE_CONFIG_SINGLETHREAD);
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    dice_seed(&world->dice, 20261124);
    world->disks = disks_make();
    assert(world->disks != NULL);
    disks_begin(world->disks, 1, world->now_ms);
    int loaded =
        catalogue_load(embedded_files, embedded_file_count, &world->catalogue, &error);
    assert(loaded == 0);
    (void)loaded;
    make_machine(world, &world->hq, "hq");
    make_machine(world, &world->second, "second");
    for (int i = 0; i < FAULT_STATIONS; i++) {
        char name[16];
        snprintf(name, sizeof name, "s%d", i);
        make_machine(world, &world->stations[i].machine, name);
    }
    world->options = (struct server_options){.data = world->hq.name,
                                             .env = &world->hq.env,
                                             .catalogue = world->catalogue,
                                             .embedded = true};
}

void fault_world_free(struct fault_world *world) {
    for (int i = 0; i < FAULT_STATIONS; i++) {
        station_down(&world->stations[i]);
    }
    hq_down(world);
    disk_image_free(world->image);
    disks_free(world->disks);
    catalogue_free(world->catalogue);
    buffer_free(&world->invitation);
    buffer_free(&world->parcel);
    buffer_free(&world->answer);
}

/* --- up and down ------------------------------------------------------------------------------------ */

int hq_up(struct fault_world *world, struct error *error) {
    enum memory_side before = memory_enter(MEMORY_SERVER);
    int result =
        world->server != NULL ? 0 : server_start(&world->options, &world->server, error);
    memory_enter(before);
    return result;
}

void hq_down(struct fault_world *world) {
    enum memory_side before = memory_enter(MEMORY_SERVER);
    server_stop(world->server);
    world->server = NULL;
    memory_enter(before);
}

int station_up(struct fault_station *station, struct error *error) {
    enum memory_side before = memory_enter(MEMORY_STATION);
    const struct station_setup setup = {.home = station->machine.name,
                                        .env = &station->machine.env,
                                        .files = embedded_files,
                                        .file_count = embedded_file_count,
                                        .transport = fault_transport(station)};
    int result = 0;
    if (station->satchel == NULL) {
        result = station_open(&setup, &station->satchel, error);
        station->wiped = station->wiped || (result != 0 && error != NULL &&
                                            error_is(error, "station.revoked"));
    }
    memory_enter(before);
    return station->wiped ? 0 : result;
}

void station_down(struct fault_station *station) {
    enum memory_side before = memory_enter(MEMORY_STATION);
    satchel_close(station->satchel);
    station->satchel = NULL;
    station->session = NULL;
    memory_enter(before);
}

int fault_up(struct fault_world *world, struct error *error) {
    int result = hq_up(world, error);
    for (int i = 0; i < FAULT_STATIONS && result == 0; i++) {
        struct fault_station *station = &world->stations[i];
        result =
            station->enrolled && !station->wiped ? station_up(station, error) : result;
    }
    return result;
}

struct disk *hq_disk(const struct fault_world *world) {
    return strncmp(world->options.data, "second/", 7) == 0 ? world->second.disk
                                                           : world->hq.disk;
}

static void bury_machine(struct machine *machine, enum disk_loss loss) {
    if (disk_is_crashed(machine->disk)) {
        disk_restart(machine->disk, loss, &machine->world->dice);
        machine->boots += loss != DISK_KEEPS;
    }
}

void fault_bury(struct fault_world *world, enum disk_loss loss) {
    bool hq = disk_is_crashed(world->hq.disk) || disk_is_crashed(world->second.disk);
    if (hq) {
        hq_down(world);
    }
    bury_machine(&world->hq, loss);
    bury_machine(&world->second, loss);
    for (int i = 0; i < FAULT_STATIONS; i++) {
        struct fault_station *station = &world->stations[i];
        if (disk_is_crashed(station->machine.disk)) {
            station_down(station);
        }
        bury_machine(&station->machine, loss);
    }
}

/* --- the network ------------------------------------------------------------------------------------- */

static int post(void *context, const struct transport_request *request,
                struct buffer *ret_body, int *ret_status, struct error *error) {
    struct fault_world *world = ((struct fault_station *)context)->machine.world;
    struct buffer answer = buffer_make(ANSWER_MOST);
    int result = -1;
    if (world->server == NULL || world->cut_off) {
        return error_set(error, "transport.unreachable", "", "nobody is there");
    }
    enum memory_side before = memory_enter(MEMORY_SERVER);
    if (routes_answer(world->server, request->path, request->body, &answer, ret_status)) {
        result = 0;
    }
    memory_enter(before);
    if (result == 0 && (answer.failed || disk_is_crashed(hq_disk(world)))) {
        result = error_set(error, "transport.timeout", "", "there is no answer");
    }
    buffer_append(ret_body, answer.data, answer.size);
    before = memory_enter(MEMORY_NOBODY);
    buffer_free(&answer);
    memory_enter(before);
    return result;
}

static bool reachable(void *context, const char *address) {
    (void)address;
    return !((const struct fault_station *)context)->machine.world->cut_off;
}

struct transport fault_transport(struct fault_station *station) {
    return (struct transport){.context = station, .post = post, .reachable = reachable};
}

/* --- work ----------------------------------------------------------------------------------------------- */

static void copy_error(struct error *to, const satchel_error *from) {
    error_set(to, from->code, from->field, "%s", from->message);
}

static int sign_in(struct fault_station *station, struct error *error) {
    satchel_error why = {0};
    if (station->session == NULL &&
        satchel_sign_in(station->satchel, NULL, NULL, &station->session, &why) != 0) {
        copy_error(error, &why);
        return -1;
    }
    return 0;
}

int station_do(struct fault_station *station, const char *command, const char *json,
               struct error *error) {
    enum memory_side before = memory_enter(MEMORY_STATION);
    satchel_error why = {0};
    char *result = NULL;
    int failed = station_up(station, error) != 0 || sign_in(station, error) != 0 ? -1 : 0;
    if (failed == 0 && satchel_do(station->session, command, json, &result, &why) != 0) {
        copy_error(error, &why);
        failed = -1;
    }
    satchel_free(result);
    memory_enter(before);
    station->done += failed == 0;
    return failed;
}

int station_exchange(struct fault_station *station, struct error *error) {
    enum memory_side before = memory_enter(MEMORY_STATION);
    satchel_sync_report report = {0};
    struct error why = {0};
    int result = station_up(station, error);
    if (result == 0 && !station->wiped) {
        result = station_sync(station->satchel, 0, NULL, NULL, &report, &why);
    }
    if (result != 0 && error_is(&why, "station.revoked")) {
        station->wiped = true;
        result = 0;
    }
    if (result != 0 && why.code[0] != '\0') {
        *error = why;
    }
    memory_enter(before);
    return result;
}

/* --- looking ------------------------------------------------------------------------------------------- */

int64_t number_of(const char *path, const char *sql) {
    enum memory_side before = memory_enter(MEMORY_NOBODY);
    sqlite3 *db = NULL;
    sqlite3_stmt *statement = NULL;
    int64_t number = -1;
    if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK &&
        sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW) {
        number = sqlite3_column_int64(statement, 0);
    }
    sqlite3_finalize(statement);
    sqlite3_close(db);
    memory_enter(before);
    return number;
}

int64_t station_position(const struct fault_station *station) {
    char path[64];
    snprintf(path, sizeof path, "%s/replica.db", station->machine.name);
    return number_of(path, "select coalesce(max(position), 0) from station_outbox");
}

/* --- contents --------------------------------------------------------------------------------------------- */

static uint64_t mix(uint64_t hash, const void *data, size_t size) {
    const uint8_t *bytes = data;
    for (size_t i = 0; i < size; i++) {
        hash = (hash ^ bytes[i]) * 0x100000001b3ULL;
    }
    return hash;
}

/* Ids and times are drawn anew when something is done again. */
static bool is_drawn(sqlite3_stmt *statement, int column) {
    int64_t number = sqlite3_column_int64(statement, column);
    int type = sqlite3_column_type(statement, column);
    return (type == SQLITE_BLOB &&
            sqlite3_column_bytes(statement, column) % ID_SIZE == 0) ||
           (type == SQLITE_INTEGER && number > 1000000000000LL);
}

static uint64_t row_hash(sqlite3_stmt *statement) {
    uint64_t hash = 0xcbf29ce484222325ULL;
    for (int i = 0; i < sqlite3_column_count(statement); i++) {
        int type = sqlite3_column_type(statement, i);
        hash = mix(hash, &type, sizeof type);
        if (type != SQLITE_NULL && !is_drawn(statement, i)) {
            const void *data = sqlite3_column_blob(statement, i);
            hash = mix(hash, data, (size_t)sqlite3_column_bytes(statement, i));
        }
    }
    return hash;
}

static int add_rows(sqlite3 *db, const char *sql, uint64_t *sum, int64_t *rows) {
    sqlite3_stmt *statement = NULL;
    int rc = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
    while (rc == SQLITE_OK && (rc = sqlite3_step(statement)) == SQLITE_ROW) {
        *sum += row_hash(statement);
        ++*rows;
        rc = SQLITE_OK;
    }
    sqlite3_finalize(statement);
    return rc == SQLITE_DONE ? 0 : -1;
}

static int add_table(sqlite3 *db, const struct table *table, size_t place,
                     struct contents *ret) {
    struct buffer sql = buffer_make(LIMIT_TEXT);
    buffer_printf(&sql, "select ");
    for (size_t i = 0; i < table->data_count; i++) {
        buffer_printf(&sql, "%s\"%s\"", i > 0 ? ", " : "", table->columns[i].name);
    }
    buffer_printf(&sql, " from \"%s\"", table->name);
    int result = add_rows(db, buffer_text(&sql), &ret->sums[place], &ret->rows[place]);
    buffer_free(&sql);
    return result;
}

/* The tables of the domain, and what became of transactions. */
static int add_database(const struct fault_world *world, const char *path,
                        const char *fates, uint64_t salt, struct contents *ret) {
    sqlite3 *db = NULL;
    struct contents here = {.count = world->catalogue->table_count + 1};
    int result = sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK &&
                         here.count <= FAULT_TABLES
                     ? 0
                     : -1;
    for (size_t i = 0; i < world->catalogue->table_count && result == 0; i++) {
        result = add_table(db, &world->catalogue->tables[i], i, &here);
    }
    if (result == 0) {
        result =
            add_rows(db, fates, &here.sums[here.count - 1], &here.rows[here.count - 1]);
    }
    sqlite3_close(db);
    for (size_t i = 0; i < here.count; i++) {
        ret->sums[i] += here.sums[i] * salt;
        ret->rows[i] += here.rows[i];
    }
    ret->count = here.count;
    return result;
}

int fault_settle(struct fault_world *world, struct contents *ret, struct error *error) {
    static const char HQ_FATES[] = "select kind, code, field from gsn_log";
    static const char FATES[] = "select verdict, code from station_outbox";
    char path[64];
    int result = fault_up(world, error);
    for (int round = 0; round < ROUNDS && result == 0; round++) {
        world->now_ms += 60000;
        for (int i = 0; i < FAULT_STATIONS && result == 0; i++) {
            struct fault_station *station = &world->stations[i];
            result = station->enrolled && !station->wiped
                         ? station_exchange(station, error)
                         : 0;
        }
    }
    *ret = (struct contents){.count = 0};
    snprintf(path, sizeof path, "%s/master.db", world->options.data);
    if (result == 0 && add_database(world, path, HQ_FATES, 1, ret) != 0) {
        return error_set(error, "test.read", "", "headquarters cannot be read");
    }
    for (int i = 0; i < FAULT_STATIONS && result == 0; i++) {
        struct fault_station *station = &world->stations[i];
        snprintf(path, sizeof path, "%s/replica.db", station->machine.name);
        if (station->enrolled && !station->wiped &&
            add_database(world, path, FATES, 1000003 * (uint64_t)(i + 2), ret) != 0) {
            result = error_set(error, "test.read", "", "%s cannot be read", path);
        }
    }
    return result;
}

int fault_verify(struct fault_world *world, struct error *error) {
    const struct verify_options verify = {.archive =
                                              world->archived ? "second/old" : NULL};
    struct verify_report report;
    int result = server_verify_with(&world->options, &verify, &report, error);
    for (int i = 0; i < FAULT_STATIONS && result == 0; i++) {
        struct fault_station *station = &world->stations[i];
        satchel_error why = {0};
        if (station->satchel != NULL && satchel_verify(station->satchel, &why) != 0) {
            copy_error(error, &why);
            result = -1;
        }
    }
    return result;
}

int contents_compare(const struct fault_world *world, const struct contents *expected,
                     const struct contents *found, struct error *error) {
    for (size_t i = 0; i < expected->count; i++) {
        const char *table = i < world->catalogue->table_count
                                ? world->catalogue->tables[i].name
                                : "what became of transactions";
        if (expected->rows[i] != found->rows[i] || expected->sums[i] != found->sums[i]) {
            return error_set(error, "test.differs", "",
                             "%s: %lld rows instead of %lld, or others", table,
                             (long long)found->rows[i], (long long)expected->rows[i]);
        }
    }
    return 0;
}
