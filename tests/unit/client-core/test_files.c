/*
 * Files of a station against a headquarters that is played here: what waits, what goes before what, what is fetched, what is
 * let go.
 */
#include "tests/unit/client-core/world.h"

#include "client-core/file_link.h"
#include "client-core/file_store.h"
#include "schema/base/file_folder.h"
#include "sync/message_file.h"

static const struct embedded_file photo_files[] = {
    {"commands/photo.sql",
     "-- @command photo.add  Add one.\n-- @roles rep\n-- @param file file\n"
     "-- @param customer id(customer)?\n"
     "insert into photo (id, customer_id, file) values (new_id(), :customer, :file);\n"
     "-- @command photo.remove_all  Remove all.\n-- @roles rep\n"
     "update photo set deleted_at = now_ms() where deleted_at is null;\n",
     0},
    {"tables/test_photo.sql",
     "-- A photo.\n"
     "create table photo (  -- @table 12 @scope hq @insert rep\n"
     "  id blob not null primary key,  -- @column 1\n"
     "  customer_id blob,              -- @column 2 @ref customer\n"
     "  file blob not null,            -- @column 3 @file\n"
     "  deleted_at integer,            -- @column 63\n" STAMPS,
     0}};

/* What headquarters has, and what it did. */
static struct hq {
    uint8_t data[1 << 20];
    size_t size;
    int pieces;
    size_t largest;
    const char *refuses; /* a code */
    bool dead;           /* no network for files */
    int64_t piece_ms;    /* what one takes */
    int syncs_at_first_piece;
    int pieces_at_last_sync; /* that brought a bundle */
    void (*meanwhile)(struct world *world);
} hq;

static int setup(void **state) {
    struct embedded_file files[2];
    memcpy(files, photo_files, sizeof files);
    for (size_t i = 0; i < 2; i++)
        files[i].size = strlen(files[i].text);
    hq = (struct hq){.pieces = 0};
    return world_setup_with(state, files, 2);
}

static int teardown(void **state) {
    struct world *world = *state;
    char folder[FILE_FOLDER_PATH];
    file_store_folder(world->home, folder);
    assert_int_equal(file_folder_wipe(folder, NULL), 0);
    return world_teardown(state);
}

static int take_all(struct world *world, const struct sync_request *request,
                    struct sync_response *response) {
    world_take_bundles(world, request, response, VERDICT_MERGED);
    if (request->bundle_count > 0)
        hq.pieces_at_last_sync = hq.pieces;
    return 200;
}

static void put(const struct file_request *request, struct file_response *response) {
    if (request->piece.size > 0) {
        assert_true(request->offset <= (int64_t)hq.size); /* no gap */
        memcpy(hq.data + request->offset, request->piece.data, request->piece.size);
        hq.size = (size_t)request->offset + request->piece.size;
        hq.pieces++;
        hq.largest = request->piece.size > hq.largest ? request->piece.size : hq.largest;
    }
    response->have = (int64_t)hq.size;
    response->whole = (int64_t)hq.size == request->size;
}

static void get(const struct file_request *request, struct file_response *response) {
    size_t left = hq.size - (size_t)request->offset;
    size_t size = (size_t)request->size < left ? (size_t)request->size : left;
    response->size = (int64_t)hq.size;
    response->piece = (struct bytes){hq.data + request->offset, size};
    hq.pieces++;
}

static int answer_file(struct world *world, const struct transport_request *request,
                       struct buffer *ret_body, int *ret_status, struct error *error) {
    struct envelope envelope;
    struct file_request read;
    struct file_response response = {.size = 0};
    struct buffer body = buffer_make(LIMIT_FILE_REQUEST);
    assert_string_equal(request->path, "/v1/file");
    if (hq.dead)
        return error_set(error, "transport.timeout", "", "the link is dead");
    assert_int_equal(envelope_open(request->body, &envelope, NULL), 0);
    assert_int_equal(envelope_verify(&envelope, "satchel file request",
                                     &world->certificate.device_key, NULL),
                     0);
    assert_int_equal(file_request_decode(envelope.body, &read, NULL), 0);
    if (hq.pieces == 0)
        hq.syncs_at_first_piece = world->requests;
    world_sleep(&world->clock, hq.piece_ms);
    *ret_status = hq.refuses ? 404 : 200;
    if (hq.refuses) {
        struct error failure = {.message = "no"};
        snprintf(failure.code, sizeof failure.code, "%s", hq.refuses);
        failure_encode(&failure, ret_body);
        buffer_free(&body);
        return 0;
    }
    hash_blake2b(envelope.body, response.request_hash);
    if (read.operation == FILE_PUT)
        put(&read, &response);
    else
        get(&read, &response);
    file_response_encode(&response, &body);
    envelope_seal(buffer_bytes(&body), "satchel file response", &world->server_keys,
                  ret_body);
    buffer_free(&body);
    if (hq.meanwhile)
        hq.meanwhile(world);
    return 0;
}

static void serve(struct world *world) {
    world->answer = take_all;
    world->answer_other = answer_file;
}

static char *bytes_of(size_t size) {
    char *data = malloc(size);
    assert_non_null(data);
    for (size_t i = 0; i < size; i++)
        data[i] = (char)(i * 31 + i / 256);
    return data;
}

/* Adds a file of this size, and a row that names it. */
static void add(struct world *world, size_t size, char ret_file[SATCHEL_FILE_TEXT]) {
    satchel_error error = {0};
    char *data = bytes_of(size);
    char json[128];
    world_ok(satchel_file_add(world->session, data, size, ret_file, &error), &error);
    snprintf(json, sizeof json, "{\"file\": \"%s\"}", ret_file);
    world_do(world, "photo.add", json);
    free(data);
}

static satchel_sync_report sync_now(struct world *world) {
    satchel_error error = {0};
    satchel_sync_report report;
    world_ok(satchel_sync(world->station, NULL, NULL, &report, &error), &error);
    return report;
}

static int64_t waiting(struct world *world) {
    struct file_counts counts;
    assert_int_equal(file_store_count(world->station->writer, &counts, NULL), 0);
    return counts.waiting;
}

/* --- sending --------------------------------------------------------------------------------------------- */

static void a_file_follows_its_row(void **state) {
    struct world *world = *state;
    char file[SATCHEL_FILE_TEXT];
    serve(world);
    add(world, 200000, file);
    assert_int_equal(waiting(world), 1);
    satchel_sync_report report = sync_now(world);
    assert_int_equal(report.transactions_sent, 1);
    assert_int_equal(report.files_sent, 1);
    assert_int_equal(waiting(world), 0);
    assert_true(hq.syncs_at_first_piece >= 1); /* the business was first */
    char *data = bytes_of(200000);
    assert_int_equal(hq.size, 200000);
    assert_memory_equal(hq.data, data, hq.size);
    free(data);
    assert_int_equal(sync_now(world).files_sent, 0); /* not twice */
}

static void it_goes_on_where_it_was_cut(void **state) {
    struct world *world = *state;
    char file[SATCHEL_FILE_TEXT];
    satchel_error error = {0};
    serve(world);
    add(world, 300000, file);
    for (int tries = 0; waiting(world) == 1; tries++) {
        size_t before = hq.size;
        assert_true(tries < 1000);
        hq.dead = tries % 2 == 1;
        int failed = satchel_sync(world->station, NULL, NULL, NULL, &error);
        assert_int_equal(failed != 0, hq.dead && waiting(world) == 1);
        assert_true(hq.size >= before);
    }
    char *data = bytes_of(300000);
    assert_memory_equal(hq.data, data, 300000);
    free(data);
}

static void work_while_sending(struct world *world) {
    hq.meanwhile = NULL;
    world_do(world, "customer.add", "{\"name\": \"Meanwhile\"}");
}

static void business_goes_before_the_next_piece(void **state) {
    struct world *world = *state;
    char file[SATCHEL_FILE_TEXT];
    serve(world);
    add(world, 300000, file);
    int pieces = 0;
    hq.piece_ms = FILE_PIECE_MS + 1; /* a poor link: pieces get smaller */
    hq.meanwhile = work_while_sending;
    int before = world->requests;
    satchel_sync_report report = sync_now(world);
    pieces = hq.pieces;
    assert_int_equal(report.transactions_sent,
                     2); /* the row, and what was done meanwhile */
    assert_int_equal(report.waiting, 0);
    assert_int_equal(report.files_sent, 1);
    assert_true(hq.pieces_at_last_sync > 0 && hq.pieces_at_last_sync <= 2);
    assert_true(world->requests - before >= 3);
    assert_true(pieces > 5);
    assert_true(hq.largest <= FILE_PIECE_FIRST);
}

static int seconds_told;
static int64_t left_told;
static int tell(void *context, const satchel_progress *progress) {
    (void)context;
    if (strcmp(progress->phase, "files") == 0 && progress->seconds_left >= 0) {
        seconds_told++;
        left_told = progress->seconds_left;
        assert_int_equal(progress->files_waiting, 1);
        assert_true(progress->file_bytes_left > 0);
    }
    return 0;
}

static void the_time_left_is_told(void **state) {
    struct world *world = *state;
    char file[SATCHEL_FILE_TEXT];
    satchel_error error = {0};
    satchel_sync_report report;
    serve(world);
    add(world, 1000000, file);
    hq.piece_ms = 1000; /* 64 KiB a second */
    seconds_told = 0;
    world_ok(satchel_sync(world->station, tell, NULL, &report, &error), &error);
    assert_true(seconds_told > 5);
    assert_true(left_told >= 1 && left_told <= 3);
}

static void what_is_refused_keeps_nobody(void **state) {
    struct world *world = *state;
    char first[SATCHEL_FILE_TEXT], second[SATCHEL_FILE_TEXT];
    serve(world);
    add(world, 1000, first);
    world->clock.wall_ms++;
    add(world, 2000, second);
    hq.refuses = "file.quota";
    assert_int_equal(sync_now(world).files_sent, 0);
    assert_int_equal(waiting(world), 2);
    assert_string_equal(world_text(world, "select max(code) from station_file"),
                        "file.quota");
    hq.refuses = NULL;
    assert_int_equal(sync_now(world).files_sent, 0); /* left alone for a while */
    world->clock.wall_ms += 3600000;
    hq.size = 0;
    assert_int_equal(sync_now(world).files_sent, 2);
}

static void a_damaged_file_is_not_sent(void **state) {
    struct world *world = *state;
    char file[SATCHEL_FILE_TEXT];
    char path[256];
    serve(world);
    add(world, 5000, file);
    snprintf(path, sizeof path, "%s/files/%.2s/%s", world->home, file, file + 2);
    FILE *damaged = fopen(path, "wb");
    assert_non_null(damaged);
    fputs("damaged", damaged);
    fclose(damaged);
    assert_int_equal(sync_now(world).files_sent, 0);
    assert_int_equal(hq.size, 0);
    assert_string_equal(world_text(world, "select code from station_file"),
                        "file.corrupt");
}

/* --- who may ----------------------------------------------------------------------------------------------- */

static void only_what_one_added_is_named(void **state) {
    struct world *world = *state;
    char file[SATCHEL_FILE_TEXT];
    char json[128];
    satchel_error error = {0};
    satchel_session *other = NULL;
    world_ok(satchel_file_add(world->session, "text", 4, file, &error), &error);
    snprintf(json, sizeof json, "{\"file\": \"%s\"}", file);
    world_ok(satchel_sign_in(world->station, "Dustin", NULL, &other, &error), &error);
    world_sql(world, "update app_user set role = 'rep'");
    assert_int_not_equal(satchel_do(other, "photo.add", json, NULL, &error), 0);
    assert_string_equal(error.code, "file.missing");
    world_do(world, "photo.add", json);
    memset(json + 10, 'a', 10);
    world_refuses(world, "photo.add", json, "file.missing");
    world_refuses(world, "photo.add", "{\"file\": \"ab\"}", "parameter.invalid");
    world_refuses(world, "photo.add", "{\"file\": 5}", "parameter.invalid");
}

static void limits(void **state) {
    struct world *world = *state;
    char file[SATCHEL_FILE_TEXT];
    satchel_error error = {0};
    char *large = calloc(1, (size_t)LIMIT_FILE + 1);
    assert_int_not_equal(satchel_file_add(world->session, "", 0, file, &error), 0);
    assert_string_equal(error.code, "file.size");
    assert_int_not_equal(
        satchel_file_add(world->session, large, (size_t)LIMIT_FILE + 1, file, &error), 0);
    assert_string_equal(error.code, "file.size");
    free(large);
}

/* --- fetching ------------------------------------------------------------------------------------------------ */

static int read_file(struct world *world, const char *file, size_t *ret_size,
                     satchel_error *error) {
    char *data = NULL;
    int failed = satchel_file_read(world->session, file, &data, ret_size, error);
    satchel_free(data);
    return failed;
}

/* A row of headquarters names a file that is only there. */
static void remote_file(struct world *world, size_t size, char ret_file[HASH_TEXT_SIZE]) {
    char sql[256];
    uint8_t hash[HASH_SIZE];
    char *data = bytes_of(size);
    memcpy(hq.data, data, size);
    hq.size = size;
    hash_blake2b((struct bytes){hq.data, size}, hash);
    hash_format(hash, ret_file);
    snprintf(sql, sizeof sql,
             "insert into photo (id, file, gsn) values"
             " (x'07070707070707070707070707070707', x'%s', 5)",
             ret_file);
    world_sql(world, sql);
    free(data);
}

static void a_file_is_fetched_when_it_is_wanted(void **state) {
    struct world *world = *state;
    char file[HASH_TEXT_SIZE];
    satchel_error error = {0};
    size_t size = 0;
    serve(world);
    assert_int_not_equal(read_file(world, "../device.key", &size, &error), 0);
    assert_string_equal(error.code, "file.name");
    remote_file(world, 200000, file);
    hq.dead = true;
    assert_int_not_equal(read_file(world, file, &size, &error), 0);
    assert_string_equal(error.code, "file.absent");
    hq.dead = false;
    hq.refuses = "file.unknown";
    assert_int_not_equal(read_file(world, file, &size, &error), 0);
    assert_string_equal(error.code, "file.absent");
    hq.refuses = NULL;
    world_ok(read_file(world, file, &size, &error), &error);
    assert_int_equal(size, 200000);
    int pieces = hq.pieces;
    world_ok(read_file(world, file, &size, &error), &error); /* it is here now */
    assert_int_equal(hq.pieces, pieces);
    world_sql(world, "update photo set deleted_at = 5");
    assert_int_not_equal(read_file(world, file, &size, &error), 0);
    assert_string_equal(error.code, "file.unknown");
}

static void lies_are_not_kept(void **state) {
    struct world *world = *state;
    char file[HASH_TEXT_SIZE];
    satchel_error error = {0};
    size_t size = 0;
    serve(world);
    remote_file(world, 100000, file);
    hq.data[50] ^= 1;
    assert_int_not_equal(read_file(world, file, &size, &error), 0);
    assert_string_equal(error.code, "file.hash");
    hq.data[50] ^= 1;
    world_ok(read_file(world, file, &size, &error), &error);
}

/* The row comes back from headquarters. */
static void name_again(struct world *world, const char *file) {
    char sql[256];
    snprintf(sql, sizeof sql,
             "insert into photo (id, file, gsn) values"
             " (x'08080808080808080808080808080808', x'%s', 9)",
             file);
    world_sql(world, sql);
}

/* --- room ---------------------------------------------------------------------------------------------------- */

static void room_is_made(void **state) {
    struct world *world = *state;
    char own[SATCHEL_FILE_TEXT], fetched[HASH_TEXT_SIZE], folder[FILE_FOLDER_PATH];
    satchel_error error = {0};
    size_t size = 0;
    struct replica *writer = world->station->writer;
    struct file_counts counts;
    serve(world);
    file_store_folder(world->home, folder);
    remote_file(world, 60000, fetched);
    world_ok(read_file(world, fetched, &size, &error), &error);
    hq.size = 0;
    add(world, 50000, own);
    assert_int_equal(file_store_tidy(writer, folder, 80000, NULL), 0);
    assert_int_equal(file_store_count(writer, &counts, NULL), 0);
    assert_int_equal(counts.kept_bytes, 50000); /* what was fetched went */
    assert_int_equal(file_store_tidy(writer, folder, 10, NULL), 0);
    assert_int_equal(file_store_count(writer, &counts, NULL), 0);
    assert_int_equal(counts.kept, 1); /* what waits never goes */
    assert_int_equal(sync_now(world).files_sent, 1);
    assert_int_equal(file_store_tidy(writer, folder, 10, NULL), 0);
    assert_int_equal(file_store_count(writer, &counts, NULL), 0);
    assert_int_equal(counts.kept, 1); /* for a while */
    world->clock.wall_ms += BUNDLE_KEEP_MS + 1;
    assert_int_equal(file_store_tidy(writer, folder, 10, NULL), 0);
    assert_int_equal(file_store_count(writer, &counts, NULL), 0);
    assert_int_equal(counts.kept, 0);
    name_again(world, own);
    world_ok(read_file(world, own, &size, &error), &error); /* headquarters has it */
    assert_int_equal(size, 50000);
}

static void what_nobody_names_goes(void **state) {
    struct world *world = *state;
    char file[SATCHEL_FILE_TEXT], folder[FILE_FOLDER_PATH];
    struct replica *writer = world->station->writer;
    struct file_counts counts;
    file_store_folder(world->home, folder);
    add(world, 1000, file);
    world_do(world, "photo.remove_all", "{}");
    assert_int_equal(file_store_tidy(writer, folder, LIMIT_FILE, NULL), 0);
    assert_int_equal(file_store_count(writer, &counts, NULL), 0);
    assert_int_equal(counts.kept, 1);
    world->clock.wall_ms += FILE_UNNAMED_MS + 1;
    assert_int_equal(file_store_tidy(writer, folder, LIMIT_FILE, NULL), 0);
    assert_int_equal(file_store_count(writer, &counts, NULL), 0);
    assert_int_equal(counts.kept, 0);
}

/* Another history of headquarters may lack what the last one had. */
static void another_history_is_offered_it_again(void **state) {
    struct world *world = *state;
    char file[SATCHEL_FILE_TEXT];
    struct waiting_file next;
    bool found = true;
    serve(world);
    add(world, 1000, file);
    assert_int_equal(sync_now(world).files_sent, 1);
    assert_int_equal(file_store_next(world->station->writer, &next, &found, NULL), 0);
    assert_false(found);
    world_sql(world, "update station_setting set value = 2 where name = 'epoch'");
    assert_int_equal(file_store_next(world->station->writer, &next, &found, NULL), 0);
    assert_true(found);
}

static void pieces_fit_the_link(void **state) {
    struct piece_size size = {.bytes = FILE_PIECE_FIRST};
    (void)state;
    for (int i = 0; i < 20; i++)
        piece_size_note(&size, 1);
    assert_int_equal(size.bytes, LIMIT_FILE_PIECE);
    piece_size_note(&size, FILE_PIECE_MS); /* just right */
    assert_int_equal(size.bytes, LIMIT_FILE_PIECE);
    for (int i = 0; i < 20; i++)
        piece_size_note(&size, FILE_PIECE_MS + 1);
    assert_int_equal(size.bytes, FILE_PIECE_LEAST);
    piece_size_failed(&size);
    assert_int_equal(size.bytes, FILE_PIECE_LEAST);
    size.bytes = LIMIT_FILE_PIECE;
    piece_size_failed(&size);
    assert_int_equal(size.bytes, LIMIT_FILE_PIECE / 4);
}

int main(void) {
#define file_test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        file_test(a_file_follows_its_row),
        file_test(it_goes_on_where_it_was_cut),
        file_test(business_goes_before_the_next_piece),
        file_test(the_time_left_is_told),
        file_test(what_is_refused_keeps_nobody),
        file_test(a_damaged_file_is_not_sent),
        file_test(only_what_one_added_is_named),
        file_test(limits),
        file_test(a_file_is_fetched_when_it_is_wanted),
        file_test(lies_are_not_kept),
        file_test(room_is_made),
        file_test(what_nobody_names_goes),
        file_test(another_history_is_offered_it_again),
        cmocka_unit_test(pieces_fit_the_link),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
