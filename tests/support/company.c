/* A company in a temporary folder for tests of the server. */
#include "tests/support/company.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "schema/embedded.h"
#include "server/internal.h"
#include "sync/clock.h"

static int64_t test_now(void *context) {
    return ((struct company *)context)->now_ms;
}

static void test_boot(void *context, struct id *ret) {
    (void)context;
    memset(ret, 1, sizeof *ret);
}

static void test_random(void *context, void *data, size_t size) {
    (void)context;
    env_system()->random(NULL, data, size);
}

static void test_sleep(void *context, int64_t ms) {
    ((struct company *)context)->now_ms += ms;
}

static void must(int result, const struct error *error) {
    if (result != 0) {
        fprintf(stderr, "company: %s (%s, %s)\n", error->message, error->code,
                error->field);
        abort();
    }
}

void company_make(struct company *company) {
    struct error error = {0};
    struct buffer invitation = buffer_make(LIMIT_TEXT);
    struct genesis_options genesis = {"Test", "USD", "Admin"};
    memset(company, 0, sizeof *company);
    snprintf(company->data, sizeof company->data, "/tmp/satchel-test-XXXXXX");
    assert(mkdtemp(company->data) != NULL);
    company->now_ms = 1790000000000;
    company->env =
        (struct env){company, test_now, test_now, test_boot, test_random, test_sleep};
    company->arena = arena_make(256 * 1024 * 1024);
    company->schema_version = SCHEMA_VERSION;
    must(catalogue_load(embedded_files, embedded_file_count, &company->catalogue, &error),
         &error);
    company->options = (struct server_options){
        .data = company->data, .env = &company->env, .catalogue = company->catalogue};
    must(server_init(&company->options, &genesis, "http://127.0.0.1:1", &invitation,
                     &error),
         &error);
    must(server_open_master(&company->options, &company->master, &error), &error);
    work_begin(&company->work, company->master);
    buffer_free(&invitation);
}

void company_free(struct company *company) {
    static const char *const FILES[] = {"master.db", "master.db-wal", "master.db-shm",
                                        "server.key"};
    work_end(&company->work);
    master_close(company->master);
    catalogue_free(company->catalogue);
    arena_free(&company->arena);
    for (size_t i = 0; i < sizeof FILES / sizeof *FILES; i++) {
        char *path = server_path(company->data, FILES[i]);
        unlink(path);
        free(path);
    }
    rmdir(company->data);
}

struct id text_id(const char *name) {
    return functions_text_key(bytes_of_text(name));
}

/* --- writing as headquarters ------------------------------------------------------------------ */

/* Enters the journal through a station of the first hq person, so that a replay sees it too. */
struct verdict company_write(struct company *company, const struct change *changes,
                             size_t count) {
    struct error error = {0};
    if (company->station_count == 0) {
        struct value admin = company_value(company, "select id from app_user");
        struct id id;
        memcpy(id.bytes, admin.bytes.data, ID_SIZE);
        company_station(company, id, "hq admin");
    }
    must(master_begin(company->master, &error), &error);
    int64_t head = company->master->gsn;
    master_rollback(company->master);
    struct verdict verdict =
        station_send(company, &company->stations[0], (struct change *)changes, count,
                     company->now_ms, head);
    if (verdict.kind == VERDICT_REFUSED) {
        fprintf(stderr, "company: %s (%s, %s)\n", verdict.message, verdict.code,
                verdict.field);
        abort();
    }
    return verdict;
}

struct cell cell_of(const struct company *company, const char *table, const char *column,
                    struct value value) {
    const struct table *found = catalogue_table(company->catalogue, table);
    assert(found != NULL && table_column(found, column) != NULL);
    return (struct cell){table_column(found, column)->number, value};
}

static int compare_cells(const void *a, const void *b) {
    return ((const struct cell *)a)->column - ((const struct cell *)b)->column;
}

struct change change_of(const struct company *company, const char *table,
                        enum row_operation operation, const struct id *key,
                        struct cell *cells, size_t count) {
    const struct table *found = catalogue_table(company->catalogue, table);
    assert(found != NULL);
    if (count > 1) {
        qsort(cells, count, sizeof *cells, compare_cells);
    }
    return (struct change){found->number, operation,
                           (struct bytes){key->bytes, found->key_count * ID_SIZE}, cells,
                           count};
}

struct id company_person(struct company *company, const char *name, const char *role) {
    struct id id = text_id(name);
    struct id link[2] = {id, text_id(role)};
    char sql[128];
    snprintf(sql, sizeof sql, "select id from role where code = '%s'", role);
    memcpy(link[1].bytes, company_value(company, sql).bytes.data, ID_SIZE);
    struct cell person[] = {cell_of(company, "app_user", "name", value_text(name)),
                            cell_of(company, "app_user", "code", value_text(name)),
                            cell_of(company, "app_user", "active", value_integer(1))};
    struct change changes[] = {
        change_of(company, "app_user", ROW_INSERT, &id, person, 3),
        change_of(company, "user_role", ROW_INSERT, link, NULL, 0),
    };
    company_write(company, changes, 2);
    return id;
}

/* --- stations ----------------------------------------------------------------------------------- */

struct fake_station *company_station(struct company *company, struct id user,
                                     const char *ceiling) {
    struct invite invite = {.actors = {user}, .actor_count = 1, .expires_at = INT64_MAX};
    snprintf(invite.ceiling, sizeof invite.ceiling, "%s", ceiling);
    return company_enrol(company, &invite, user);
}

struct fake_station *company_enrol(struct company *company, const struct invite *invite,
                                   struct id user) {
    struct error error = {0};
    struct fake_station *station = &company->stations[company->station_count++];
    struct enrol_request request = {.schema_version = company->schema_version,
                                    .name = "station"};
    struct bytes envelope_bytes = {0};
    struct envelope envelope;
    struct certificate certificate;
    uint8_t seed[SIGN_SEED];
    assert(company->station_count <= COMPANY_STATIONS);
    memset(station, 0, sizeof *station);
    station->schema_version = company->schema_version;
    test_random(company, seed, sizeof seed);
    seal_keys(seed, &station->keys);
    memcpy(request.device_key.bytes, station->keys.public_key, SIGN_PUBLIC);
    must(master_begin(company->master, &error), &error);
    must(station_invite(company->master, invite, request.token, &error), &error);
    must(station_enrol(company->master, &company->work, &request, &company->arena,
                       &envelope_bytes, &error),
         &error);
    must(master_commit(company->master, &error), &error);
    must(envelope_open(envelope_bytes, &envelope, &error), &error);
    must(certificate_decode(envelope.body, &certificate, &error), &error);
    station->device = certificate.device;
    station->user = user;
    return station;
}

void station_seal_all(struct company *company, struct fake_station *station,
                      struct transaction_list list, struct buffer *ret) {
    struct error error = {0};
    struct bundle_header header = {.format = BUNDLE_FORMAT,
                                   .org = company->master->org,
                                   .device = station->device,
                                   .number = station->number + 1,
                                   .first_seq = station->seq + 1,
                                   .last_seq = station->seq + (int64_t)list.count,
                                   .schema_version = station->schema_version,
                                   .sealed_at = company->now_ms};
    memcpy(header.previous_hash, station->hash, HASH_SIZE);
    must(bundle_seal(&header, list, &station->keys, ret, station->hash, &error), &error);
    station->number++;
    station->seq += (int64_t)list.count;
}

void station_seal(struct company *company, struct fake_station *station,
                  struct transaction *transaction, struct buffer *ret) {
    station_seal_all(company, station, (struct transaction_list){transaction, 1}, ret);
}

struct bundle_answer station_take(struct company *company, struct fake_station *station,
                                  struct bytes sealed) {
    struct error error = {0};
    struct station known;
    struct incoming_bundle bundle;
    struct bundle_answer answer;
    struct master *master = company->master;
    must(master_begin(master, &error), &error);
    must(station_find(master->db, company->catalogue, station->device, &company->arena,
                      &known, &error),
         &error);
    chain_open(sealed, &known, master->org, &company->arena, &bundle);
    struct chain chain = {.master = master,
                          .work = &company->work,
                          .station = &known,
                          .arena = &company->arena,
                          .at = master_now(master)};
    must(chain_take(&chain, &bundle, &answer, &error), &error);
    must(master_commit(master, &error), &error);
    /* why it was refused is told in the bundle, which ends here */
    answer.code = arena_text(&company->arena, answer.code, strlen(answer.code));
    answer.message = arena_text(&company->arena, answer.message, strlen(answer.message));
    return answer;
}

struct verdict station_send(struct company *company, struct fake_station *station,
                            struct change *changes, size_t count, int64_t ms,
                            int64_t base) {
    static const uint8_t PREFIX[8] = "satchel";
    uint8_t prefix[8];
    struct buffer sealed = buffer_make(LIMIT_BUNDLE);
    memcpy(prefix, PREFIX, sizeof prefix);
    prefix[7] = (uint8_t)(station - company->stations);
    struct transaction transaction = {.id = transaction_id(prefix, ++station->counter),
                                      .time = clock_pack(ms, 0),
                                      .base = base,
                                      .user = station->user,
                                      .command = "test.write",
                                      .changes = changes,
                                      .change_count = count};
    station_seal(company, station, &transaction, &sealed);
    struct bytes kept = arena_copy(&company->arena, buffer_bytes(&sealed));
    buffer_free(&sealed);
    struct bundle_answer answer = station_take(company, station, kept);
    if (!answer.accepted || answer.verdict_count != 1) {
        fprintf(stderr, "company: bundle not accepted: %s\n", answer.code);
        abort();
    }
    return answer.verdicts[0];
}

/* --- looking ---------------------------------------------------------------------------------------- */

struct value company_value(struct company *company, const char *sql) {
    struct error error = {0};
    sqlite3_stmt *statement = NULL;
    must(database_statement(company->master->db, sql, &statement, &error), &error);
    struct value value = value_null();
    if (sqlite3_step(statement) == SQLITE_ROW) {
        value = value_of_column(statement, 0);
        if (value.type == VALUE_TEXT || value.type == VALUE_BLOB) {
            value.bytes = arena_copy(&company->arena, value.bytes);
        }
    }
    sqlite3_finalize(statement);
    return value;
}

int64_t company_integer(struct company *company, const char *sql) {
    return company_value(company, sql).integer;
}
