/* The steps. */
#include "tests/fault/script.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "client-core/enrol.h"
#include "tests/fault/memory.h"

enum { HQ_STATION, ANNA, ANNAS_OTHER, NEWCOMER, CLONE };

enum { PHOTO_SIZE = 150000, DAY_MS = 86400000 };

#define ADDRESS "http://127.0.0.1:1"

/* --- founding --------------------------------------------------------------------------------------- */

static int invite(struct fault_world *world, const char *user, struct error *error) {
    enum memory_side before = memory_enter(MEMORY_SERVER);
    const struct invite_options options = {.user = user, .valid_ms = 30LL * DAY_MS};
    buffer_reset(&world->invitation);
    int result = server_invite(&world->options, &options, &world->invitation, error);
    memory_enter(before);
    return result;
}

static int found(struct fault_world *world, struct error *error) {
    const struct genesis_options genesis = {
        .org_name = "Brittle Ltd", .currency = "CNY", .admin_name = "Admin"};
    enum memory_side before = memory_enter(MEMORY_SERVER);
    buffer_reset(&world->invitation);
    int result =
        server_init(&world->options, &genesis, ADDRESS, &world->invitation, error);
    memory_enter(before);
    return result != 0 && error_is(error, "server.exists") ? invite(world, "Admin", error)
                                                           : result;
}

static int enrol_station(struct fault_world *world, int which, struct error *error) {
    struct fault_station *station = &world->stations[which];
    struct transport transport = fault_transport(station);
    const satchel_enrol_options options = {.home = station->machine.name,
                                           .invitation = buffer_text(&world->invitation),
                                           .name = station->machine.name};
    if (hq_up(world, error) != 0) {
        return -1;
    }
    enum memory_side before = memory_enter(MEMORY_STATION);
    struct error why = {0};
    int result =
        enrol(&options, world->catalogue, &station->machine.env, &transport, &why);
    memory_enter(before);
    if (result != 0 && error_is(&why, "enrol.exists")) {
        result = 0;
    }
    station->enrolled = station->enrolled || result == 0;
    if (result != 0) {
        *error = why;
    }
    return result;
}

static int enrol_first(struct fault_world *world, struct error *error) {
    return enrol_station(world, HQ_STATION, error);
}

static int hire(struct fault_world *world, struct error *error) {
    struct fault_station *hq = &world->stations[HQ_STATION];
    return station_exchange(hq, error) ||
                   station_do(hq, "person.register",
                              "{\"name\":\"Anna\",\"role\":\"rep\"}", error) ||
                   station_exchange(hq, error)
               ? -1
               : 0;
}

static int invite_anna(struct fault_world *world, struct error *error) {
    return invite(world, "Anna", error);
}

static int enrol_annas(struct fault_world *world, struct error *error) {
    return enrol_station(world, ANNA, error) || invite_anna(world, error) ||
                   enrol_station(world, ANNAS_OTHER, error) ||
                   station_exchange(&world->stations[ANNAS_OTHER], error) ||
                   invite_anna(world, error)
               ? -1
               : 0;
}

static int enrol_newcomer(struct fault_world *world, struct error *error) {
    return enrol_station(world, NEWCOMER, error);
}

static int sync_hq(struct fault_world *world, struct error *error) {
    return station_exchange(&world->stations[HQ_STATION], error);
}

static int sync_anna(struct fault_world *world, struct error *error) {
    return station_exchange(&world->stations[ANNA], error);
}

static int sync_other(struct fault_world *world, struct error *error) {
    return station_exchange(&world->stations[ANNAS_OTHER], error);
}

static int sync_newcomer(struct fault_world *world, struct error *error) {
    return station_exchange(&world->stations[NEWCOMER], error);
}

/* --- work --------------------------------------------------------------------------------------------- */

static int mark(struct fault_world *world, int which) {
    world->mark = station_position(&world->stations[which]);
    return world->mark >= 0 ? 0 : -1;
}

static int mark_anna(struct fault_world *world, struct error *error) {
    (void)error;
    return mark(world, ANNA);
}

/* A command that was durable before its end was heard is not done a second time. */
static int do_once(struct fault_world *world, int which, const char *command,
                   const char *json, struct error *error) {
    struct fault_station *station = &world->stations[which];
    return station_position(station) > world->mark
               ? 0
               : station_do(station, command, json, error);
}

static int register_deal(struct fault_world *world, struct error *error) {
    return do_once(
        world, ANNA, "opportunity.register",
        "{\"name\":\"Pumps\",\"customer_name\":\"Harbour\",\"amount\":\"1200\"}", error);
}

static int disagree(struct fault_world *world, struct error *error) {
    struct fault_station *anna = &world->stations[ANNA];
    struct fault_station *other = &world->stations[ANNAS_OTHER];
    return sync_other(world, error) ||
                   station_do(anna, "customer.edit",
                              "{\"customer\":\"Harbour\",\"phone\":\"111\"}", error) ||
                   sync_anna(world, error) ||
                   station_do(other, "customer.edit",
                              "{\"customer\":\"Harbour\",\"phone\":\"222\"}", error) ||
                   station_do(other, "customer.register", "{\"name\":\"Mill\"}", error)
               ? -1
               : 0;
}

static int fall_behind(struct fault_world *world, struct error *error) {
    struct fault_station *anna = &world->stations[ANNA];
    struct fault_station *other = &world->stations[ANNAS_OTHER];
    return sync_other(world, error) || sync_anna(world, error) ||
                   station_do(anna, "opportunity.win", "{\"opportunity\":\"Pumps\"}",
                              error) ||
                   sync_anna(world, error) ||
                   station_do(other, "opportunity.lose",
                              "{\"opportunity\":\"Pumps\",\"reason\":\"price\"}",
                              error) ||
                   station_do(other, "customer.edit",
                              "{\"customer\":\"Mill\",\"phone\":\"333\"}", error)
               ? -1
               : 0;
}

/* The id of a refused transaction, as text; "" when there is none. */
static void find_refused(struct fault_world *world) {
    static const char SQL[] = "select id from station_outbox where verdict = 3 limit 1";
    sqlite3 *db = NULL;
    sqlite3_stmt *statement = NULL;
    world->text[0] = '\0';
    if (sqlite3_open_v2("s2/replica.db", &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK &&
        sqlite3_prepare_v2(db, SQL, -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW) {
        struct id id;
        memcpy(id.bytes, sqlite3_column_blob(statement, 0), ID_SIZE);
        id_format(id, world->text);
    }
    sqlite3_finalize(statement);
    sqlite3_close(db);
}

static int look_for_refusal(struct fault_world *world, struct error *error) {
    find_refused(world);
    return world->text[0] != '\0'
               ? 0
               : error_set(error, "test.script", "", "nothing was refused");
}

static int give_up(struct fault_world *world, struct error *error) {
    struct fault_station *station = &world->stations[ANNAS_OTHER];
    satchel_error why = {0};
    enum memory_side before = memory_enter(MEMORY_STATION);
    int result = station_up(station, error);
    if (result == 0 && station->session == NULL) {
        result = satchel_sign_in(station->satchel, NULL, NULL, &station->session, &why);
    }
    if (result == 0) {
        result = satchel_discard(station->session, world->text, &why);
    }
    if (result != 0 && strcmp(why.code, "resubmit.settled") == 0) {
        result = 0;
    } else if (result != 0 && why.code[0] != '\0') {
        error_set(error, why.code, why.field, "%s", why.message);
    }
    memory_enter(before);
    return result;
}

/* --- files ---------------------------------------------------------------------------------------------- */

static int with_session(struct fault_world *world, int which, satchel_error *why,
                        struct error *error) {
    struct fault_station *station = &world->stations[which];
    return station_up(station, error) != 0 ? -1
           : station->session != NULL
               ? 0
               : satchel_sign_in(station->satchel, NULL, NULL, &station->session, why);
}

static int finish_call(int result, const satchel_error *why, struct error *error) {
    if (result != 0 && why->code[0] != '\0') {
        error_set(error, why->code, why->field, "%s", why->message);
    }
    return result;
}

static void fill_photo(uint8_t photo[PHOTO_SIZE]) {
    struct dice dice;
    dice_seed(&dice, 3);
    dice_bytes(&dice, photo, PHOTO_SIZE);
}

static int add_photo(struct fault_world *world, struct error *error) {
    static uint8_t photo[PHOTO_SIZE];
    char name[SATCHEL_FILE_TEXT];
    satchel_error why = {0};
    fill_photo(photo);
    enum memory_side before = memory_enter(MEMORY_STATION);
    int result = with_session(world, ANNA, &why, error);
    if (result == 0) {
        result = satchel_file_add(world->stations[ANNA].session, photo, sizeof photo,
                                  name, &why);
    }
    memory_enter(before);
    if (result == 0) {
        snprintf(world->text, sizeof world->text, "%.63s", name);
        world->mark = 0;
    }
    return finish_call(result, &why, error);
}

static int attach_photo(struct fault_world *world, struct error *error) {
    static uint8_t photo[PHOTO_SIZE];
    uint8_t hash[HASH_SIZE];
    char text[HASH_TEXT_SIZE];
    char json[300];
    fill_photo(photo);
    hash_blake2b((struct bytes){photo, sizeof photo}, hash);
    hash_format(hash, text);
    snprintf(json, sizeof json,
             "{\"customer\":\"Harbour\",\"name\":\"quay.jpg\",\"media\":\"image/jpeg\","
             "\"file\":\"%s\",\"size\":%d}",
             text, PHOTO_SIZE);
    return do_once(world, ANNA, "attachment.add", json, error);
}

static int fetch_photo(struct fault_world *world, struct error *error) {
    static uint8_t photo[PHOTO_SIZE];
    uint8_t hash[HASH_SIZE];
    char text[HASH_TEXT_SIZE];
    satchel_error why = {0};
    char *data = NULL;
    size_t size = 0;
    fill_photo(photo);
    hash_blake2b((struct bytes){photo, sizeof photo}, hash);
    hash_format(hash, text);
    enum memory_side before = memory_enter(MEMORY_STATION);
    int result = with_session(world, ANNAS_OTHER, &why, error);
    if (result == 0) {
        result = satchel_file_read(world->stations[ANNAS_OTHER].session, text, &data,
                                   &size, &why);
    }
    memory_enter(before);
    if (result == 0 && (size != sizeof photo || memcmp(data, photo, size) != 0)) {
        result = error_set(error, "test.photo", "", "the photo is another one");
    }
    satchel_free(data);
    return finish_call(result, &why, error);
}

/* --- without a network --------------------------------------------------------------------------------- */

static int work_apart(struct fault_world *world, struct error *error) {
    return station_do(&world->stations[ANNA], "customer.register",
                      "{\"name\":\"Quarry\"}", error);
}

static int export_parcel(struct fault_world *world, struct error *error) {
    satchel_parcel_report report;
    struct fault_station *anna = &world->stations[ANNA];
    enum memory_side before = memory_enter(MEMORY_STATION);
    buffer_free(&world->parcel);
    world->parcel = buffer_make(LIMIT_REQUEST);
    int result = station_up(anna, error);
    if (result == 0) {
        result = station_export(anna->satchel, 0, &world->parcel, &report, error);
    }
    memory_enter(before);
    return result;
}

static int take_parcel(struct fault_world *world, struct error *error) {
    const struct parcel_options options = {.rows = true, .enough = LIMIT_RESPONSE / 2};
    struct parcel_report report;
    if (hq_up(world, error) != 0) {
        return -1;
    }
    enum memory_side before = memory_enter(MEMORY_SERVER);
    buffer_free(&world->answer);
    world->answer = buffer_make(LIMIT_RESPONSE);
    int result = server_take_parcel(world->server, buffer_bytes(&world->parcel), &options,
                                    &world->answer, &report, error);
    memory_enter(before);
    return result;
}

static int import_parcel(struct fault_world *world, struct error *error) {
    satchel_sync_report report;
    struct fault_station *anna = &world->stations[ANNA];
    const struct parcel_taking taking = {.parcel = buffer_bytes(&world->answer)};
    enum memory_side before = memory_enter(MEMORY_STATION);
    int result = station_up(anna, error);
    if (result == 0) {
        result = station_import(anna->satchel, &taking, &report, error);
    }
    memory_enter(before);
    return result;
}

/* --- keys and copies ----------------------------------------------------------------------------------- */

static int rotate_device(struct fault_world *world, struct error *error) {
    struct fault_station *anna = &world->stations[ANNA];
    enum memory_side before = memory_enter(MEMORY_STATION);
    int result = station_up(anna, error);
    if (result == 0) {
        result = station_rotate_key(anna->satchel, 0, error);
    }
    memory_enter(before);
    return result;
}

static int rotate_server(struct fault_world *world, struct error *error) {
    char path[64];
    snprintf(path, sizeof path, "%s/master.db", world->options.data);
    if (number_of(path, "select count(*) from server_key") > 0) {
        return hq_up(world, error); /* it came to its entry */
    }
    hq_down(world);
    enum memory_side before = memory_enter(MEMORY_SERVER);
    int result = server_rotate_key(&world->options, error);
    memory_enter(before);
    return result == 0 ? hq_up(world, error) : result;
}

static int copy_station(struct fault_world *world, struct error *error) {
    struct fault_station *anna = &world->stations[ANNA];
    struct fault_station *clone = &world->stations[CLONE];
    station_down(anna);
    disk_image_free(world->image);
    world->image = disk_copy(anna->machine.disk);
    if (world->image == NULL || !disk_replace(clone->machine.disk, world->image)) {
        return error_set(error, "test.script", "", "no copy can be made");
    }
    clone->enrolled = true;
    return station_do(anna, "customer.register", "{\"name\":\"Left\"}", error) ||
                   station_do(clone, "customer.register", "{\"name\":\"Right\"}",
                              error) ||
                   station_do(clone, "customer.edit",
                              "{\"customer\":\"Right\",\"phone\":\"444\"}", error) ||
                   sync_anna(world, error)
               ? -1
               : 0;
}

static int sync_clone(struct fault_world *world, struct error *error) {
    return station_exchange(&world->stations[CLONE], error);
}

static int ask_for_rebuild(struct fault_world *world, struct error *error) {
    satchel_error why = {0};
    struct fault_station *other = &world->stations[ANNAS_OTHER];
    return sync_other(world, error) ||
                   station_do(other, "customer.edit",
                              "{\"customer\":\"Mill\",\"phone\":\"555\"}", error) ||
                   finish_call(satchel_rebuild(other->satchel, &why), &why, error)
               ? -1
               : 0;
}

/* --- headquarters' other disk ---------------------------------------------------------------------------- */

static int checkpoint(struct fault_world *world, struct error *error) {
    struct checkpoint_report report;
    enum memory_side before = memory_enter(MEMORY_SERVER);
    int result = server_checkpoint(&world->options, &report, error);
    memory_enter(before);
    return result;
}

static int archive(struct fault_world *world, struct error *error) {
    struct archive_report report;
    enum memory_side before = memory_enter(MEMORY_SERVER);
    world->archived = true;
    int result = server_archive(&world->options, "second/old", &report, error);
    memory_enter(before);
    return result;
}

static int follow(struct fault_world *world, struct error *error) {
    const struct follow_options options = {.to = "second/stream", .once = true};
    struct follow_report report;
    enum memory_side before = memory_enter(MEMORY_SERVER);
    int result = server_follow(&world->options, &options, &report, error);
    memory_enter(before);
    return result;
}

static int work_on(struct fault_world *world, struct error *error) {
    return station_do(&world->stations[ANNA], "customer.register", "{\"name\":\"Lock\"}",
                      error) ||
                   sync_anna(world, error)
               ? -1
               : 0;
}

static int restore(struct fault_world *world, struct error *error) {
    struct server_options options = world->options;
    struct restore_report report;
    options.data = "second/restored";
    enum memory_side before = memory_enter(MEMORY_SERVER);
    int result = server_restore(&options, "second/stream", &report, error);
    memory_enter(before);
    /* What came to its end before that was heard is whole. */
    return result != 0 && error_is(error, "restore.exists") &&
                   number_of("second/restored/master.db",
                             "select max(gsn) from gsn_log") ==
                       number_of("hq/master.db", "select max(gsn) from gsn_log")
               ? 0
               : result;
}

static int back_up(struct fault_world *world, struct error *error) {
    enum memory_side before = memory_enter(MEMORY_SERVER);
    char path[64];
    snprintf(path, sizeof path, "second/backup%lld", (long long)world->mark++);
    int result = server_backup(&world->options, path, error);
    memory_enter(before);
    if (result == 0) {
        snprintf(world->text, sizeof world->text, "%s", path);
    }
    return result;
}

/* Work that headquarters acknowledged and then loses. */
static int lose_hq(struct fault_world *world, struct error *error) {
    static char backup[64];
    memcpy(backup, world->text, sizeof backup);
    if (station_do(&world->stations[ANNA], "customer.register", "{\"name\":\"Lost\"}",
                   error) ||
        sync_anna(world, error) || sync_other(world, error) ||
        station_do(&world->stations[ANNAS_OTHER], "customer.edit",
                   "{\"customer\":\"Lost\",\"phone\":\"666\"}", error) ||
        sync_other(world, error)) {
        return -1;
    }
    hq_down(world);
    world->options.data = backup;
    return 0;
}

static int start_again(struct fault_world *world, struct error *error) {
    return hq_up(world, error);
}

static int end_refill(struct fault_world *world, struct error *error) {
    struct refill_report report;
    enum memory_side before = memory_enter(MEMORY_SERVER);
    int result = server_refill(&world->options, true, NULL, &report, error);
    memory_enter(before);
    return result;
}

/* --- the end of a station ---------------------------------------------------------------------------------- */

static int keep_work(struct fault_world *world, struct error *error) {
    struct fault_station *other = &world->stations[ANNAS_OTHER];
    if (sync_other(world, error) ||
        station_do(other, "customer.register", "{\"name\":\"Unsent\"}", error)) {
        return -1;
    }
    id_format(other->satchel->identity.certificate.device, world->text);
    return 0;
}

static int revoke(struct fault_world *world, struct error *error) {
    const struct revoke_options options = {.device = world->text, .reason = "left"};
    enum memory_side before = memory_enter(MEMORY_SERVER);
    int result = server_revoke(&world->options, &options, error);
    memory_enter(before);
    return result;
}

static int mark_none(struct fault_world *world, struct error *error) {
    (void)error;
    world->mark = 0;
    return 0;
}

static int release(struct fault_world *world, struct error *error) {
    const struct quarantine_options options = {.device = world->text, .release = true};
    struct quarantine_report report;
    enum memory_side before = memory_enter(MEMORY_SERVER);
    int result = server_quarantine_settle(&world->options, &options, &report, error);
    memory_enter(before);
    world->mark += result != 0 && !error_is(error, "quarantine.empty");
    /* It was settled before its end was heard. */
    return result != 0 && error_is(error, "quarantine.empty") && world->mark > 0 ? 0
                                                                                 : result;
}

static int sweep(struct fault_world *world, struct error *error) {
    const struct files_options options = {
        .sweep = true, .person_limit = -1, .company_limit = -1};
    struct files_report report;
    enum memory_side before = memory_enter(MEMORY_SERVER);
    int result = server_files(&world->options, &options, &report, error);
    memory_enter(before);
    return result;
}

static int let_time_pass(struct fault_world *world, struct error *error) {
    (void)error;
    world->now_ms += 100LL * DAY_MS;
    return 0;
}

const struct step script[] = {
    {"found", true, -1, NULL, found},
    {"enrol", true, HQ_STATION, NULL, enrol_first},
    {"invite", true, -1, hire, invite_anna},
    {"enrol another", true, NEWCOMER, enrol_annas, enrol_newcomer},
    {"first sync", true, ANNA, NULL, sync_anna},
    {"command", false, ANNA, mark_anna, register_deal},
    {"sync", true, ANNA, NULL, sync_anna},
    {"conflict", true, ANNAS_OTHER, disagree, sync_other},
    {"refusal", true, ANNAS_OTHER, fall_behind, sync_other},
    {"discard", false, ANNAS_OTHER, look_for_refusal, give_up},
    {"add a file", false, ANNA, NULL, add_photo},
    {"attach it", false, ANNA, mark_anna, attach_photo},
    {"send it", true, ANNA, NULL, sync_anna},
    {"fetch it", true, ANNAS_OTHER, sync_other, fetch_photo},
    {"export", false, ANNA, work_apart, export_parcel},
    {"take the parcel", true, -1, NULL, take_parcel},
    {"import", false, ANNA, NULL, import_parcel},
    {"device key", true, ANNA, NULL, rotate_device},
    {"server key", true, -1, NULL, rotate_server},
    {"follow the key", true, ANNA, NULL, sync_anna},
    {"fork", true, CLONE, copy_station, sync_clone},
    {"rebuild", true, ANNAS_OTHER, ask_for_rebuild, sync_other},
    {"stream", true, -1, NULL, follow},
    {"stream on", true, -1, work_on, follow},
    {"restore", true, -1, NULL, restore},
    {"checkpoint", true, -1, NULL, checkpoint},
    {"archive", true, -1, NULL, archive},
    {"backup", true, -1, sync_newcomer, back_up},
    {"epoch", true, -1, lose_hq, start_again},
    {"refill", true, ANNA, NULL, sync_anna},
    {"refill on", true, ANNAS_OTHER, sync_hq, sync_other},
    {"refill's end", true, -1, NULL, end_refill},
    {"revoke", true, -1, keep_work, revoke},
    {"wipe", true, ANNAS_OTHER, NULL, sync_other},
    {"release", true, -1, mark_none, release},
    {"purge", true, HQ_STATION, let_time_pass, sync_hq},
    {"sweep", true, -1, NULL, sweep},
};
const size_t script_count = sizeof script / sizeof *script;
