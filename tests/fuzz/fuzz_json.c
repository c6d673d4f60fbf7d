/*
 * Commands and questions as any program may send them: lines of a name and a JSON text in turn. A command is done and in the
 * outbox, or it fails with a code and nothing at all has changed; a question changes nothing.
 *
 * A name with a sign in front is something else: ?NAME a question, &NAME a list of commands, +DATA a file that is added, =N the schema that headquarters
 * knows, *TABLE all of its rows have come back from headquarters, !USER his secret scopes (confined) on.
 *
 * About: client-core/json.c client-core/executor.c client-core/command_cache.c client-core/recorder.c
 * client-core/ask.c schema/parameters.c schema/parameter_text.c schema/parameter_lookup.c
 */
#include "tests/unit/client-core/world.h"

#include "client-core/tally.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/json_catalogue.h"

enum { STEPS = 8, LINE = 8192 };

static const char STATE[] =
    "select (select count(*) from station_outbox) || ' ' ||"
    " (select coalesce(group_concat(hex(id) || quote(name) || visits || quote(note) ||"
    " quote(owner_id) || quote(grade) || price_minor || quote(deleted_at)), '')"
    " from customer) || (select coalesce(group_concat(hex(id) || quote(name) || quote(alias) ||"
    " quote(code) || size || quote(data) || quote(deleted_at) || gsn), '') from thing)";

/* How much waits, and all that is there. */
static void look(struct world *world, struct buffer *ret, int64_t *ret_waiting) {
    sqlite3_stmt *statement = NULL;
    buffer_reset(ret);
    FUZZ_MUST(sqlite3_prepare_v2(world->station->writer->db, STATE, -1, &statement,
                                 NULL) == SQLITE_OK);
    FUZZ_MUST(sqlite3_step(statement) == SQLITE_ROW);
    buffer_append(ret, sqlite3_column_text(statement, 0),
                  (size_t)sqlite3_column_bytes(statement, 0));
    FUZZ_MUST(!ret->failed);
    sqlite3_finalize(statement);
    *ret_waiting = world_integer(world, "select count(*) from station_outbox");
}

static void next_line(struct input *input, char ret[LINE]) {
    size_t size = 0;
    while (input->size > 0) {
        uint8_t byte = input_byte(input);
        if (byte == '\n') {
            break;
        }
        if (size + 1 < LINE) {
            ret[size++] = (char)byte;
        }
    }
    ret[size] = '\0';
}

static void must_say_why(const char *result, const satchel_error *error) {
    FUZZ_MUST(result == NULL && error->code[0] != '\0' && error->message[0] != '\0');
}

/* Whether something was done. */
static bool do_command(struct world *world, const char *command, const char *json) {
    struct buffer before = buffer_make(1 << 24);
    struct buffer after = buffer_make(1 << 24);
    int64_t waiting = 0;
    int64_t waiting_after = 0;
    satchel_error error = {0};
    char *result = NULL;
    look(world, &before, &waiting);
    bool all = json[0] == '[' || command[0] == '&';
    const char *name = command[0] == '&' ? command + 1 : command;
    size_t failed = 0;
    int rc =
        all ? satchel_do_all(world->session, name, json, &result, &failed, &error)
            : satchel_do(world->session, name, json[0] ? json : NULL, &result, &error);
    look(world, &after, &waiting_after);
    if (rc == 0) { /* customer.touch may change nothing */
        FUZZ_MUST(result != NULL &&
                  (waiting_after == waiting + 1 ||
                   bytes_equal(buffer_bytes(&before), buffer_bytes(&after))));
    } else {
        must_say_why(result, &error);
        FUZZ_MUST(strncmp(error.code, "database.", 9) != 0 ||
                  strcmp(error.code, "database.constraint") == 0 ||
                  strncmp(command, "bad.", 4) == 0);
        FUZZ_MUST(bytes_equal(buffer_bytes(&before), buffer_bytes(&after)));
    }
    satchel_free(result);
    buffer_free(&before);
    buffer_free(&after);
    return rc == 0;
}

static void ask(struct world *world, const char *query, const char *json) {
    satchel_error error = {0};
    char *result = NULL;
    int64_t before = sqlite3_total_changes64(world->station->writer->db);
    if (satchel_ask(world->session, query, json, &result, &error) != 0) {
        must_say_why(result, &error);
    } else {
        FUZZ_MUST(result != NULL && result[0] == '[');
    }
    FUZZ_MUST(sqlite3_total_changes64(world->station->writer->db) == before);
    satchel_free(result);
}

/* What is there counts as received. */
static void count_rows(struct world *world) {
    char sql[200];
    int64_t digest = 0;
    int64_t rows = 0;
    FUZZ_MUST(tally_compute(world->station->writer, &digest, &rows, NULL) == 0);
    snprintf(sql, sizeof sql,
             "update station_progress set digest = %lld, digest_rows = %lld",
             (long long)digest, (long long)rows);
    world_sql(world, sql);
}

/* Rows come in by SQL only while nothing waits: then all of them are headquarters'. */
static void receive(struct world *world, const char *what) {
    char sql[200];
    if (world_integer(world, "select count(*) from station_outbox") > 0) {
        return;
    }
    if (what[0] == '=') {
        snprintf(sql, sizeof sql,
                 "insert or replace into station_setting (name, value)"
                 " values ('server_schema_version', %d)",
                 what[1] - '0');
        world_sql(world, sql);
    } else if (what[0] == '*') {
        world_sql(world,
                  "insert or ignore into thing (id, name, alias, code, size, gsn) values"
                  " (x'11111111111111111111111111111111', 'One', 'uno', 'a', 1, 2),"
                  " (x'22222222222222222222222222222222', 'Two', 'DOS', 'b', 2, 2),"
                  " (x'33333333333333333333333333333333', 'Twin', 'dos', null,"
                  " 9223372036854775807, 2),"
                  " (x'44444444444444444444444444444444', 'Twin', null, 'b', -2, 2),"
                  " (x'55555555555555555555555555555555', 'Twin', null, 'c', 0, 2),"
                  " (x'66666666666666666666666666666666', 'Twin', null, 'c', 0, 2),"
                  " (x'77777777777777777777777777777777', 'Twin', null, 'c', 0, 2),"
                  " (x'88888888888888888888888888888888', 'Twin', null, 'c', 0, 2)");
        world_sql(world, "insert or ignore into trace (id, code, gsn) values"
                         " (x'11111111111111111111111111111111', 'a', 2),"
                         " (x'22222222222222222222222222222222', 'a', 2)");
        world_sql(world,
                  "insert or ignore into customer (id, name, owner_id, note, gsn) values"
                  " (x'0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c', 'Isdom',"
                  " x'a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1', null, 2)");
    } else {
        world_sql(world, "update app_user set confined = 1 where code = 'AN'");
    }
    count_rows(world);
}

/* Whether the station is not as it was. */
static bool step(struct world *world, const char *name, const char *json) {
    char file[SATCHEL_FILE_TEXT];
    satchel_error error = {0};
    switch (name[0]) {
    case '?':
        ask(world, name + 1, json);
        return false;
    case '+':
        if (satchel_file_add(world->session, name + 1, strlen(name + 1), file, &error) !=
            0) {
            must_say_why(NULL, &error);
        }
        return true;
    case '=':
    case '*':
    case '!':
        receive(world, name);
        return true;
    default:
        return do_command(world, name, json);
    }
}

static void *the_world;
static sqlite3 *the_image; /* the replica as every input finds it */

/* The people in it were not received: they are counted as if they were. */
static void set_up(void) {
    const struct embedded_file more[] = {
        {"commands/fuzz.sql", json_commands, sizeof json_commands - 1},
        {"queries/fuzz.sql", json_queries, sizeof json_queries - 1},
        {"tables/fuzz.sql", json_tables, sizeof json_tables - 1},
    };
    struct world *world = NULL;
    if (access("/dev/shm", W_OK) == 0) { /* nothing in it has to last */
        FUZZ_MUST(setenv("TMPDIR", "/dev/shm", 1) == 0);
    }
    FUZZ_MUST(world_setup_with(&the_world, more, sizeof more / sizeof *more) == 0);
    world = the_world;
    count_rows(world);
}

static void clean_up(void) {
    sqlite3_close(the_image);
    world_teardown(&the_world);
}

static void copy_all(sqlite3 *to, sqlite3 *from) {
    sqlite3_backup *backup = sqlite3_backup_init(to, "main", from, "main");
    FUZZ_MUST(backup != NULL);
    FUZZ_MUST(sqlite3_backup_step(backup, -1) == SQLITE_DONE);
    FUZZ_MUST(sqlite3_backup_finish(backup) == SQLITE_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct input input = input_of(data, size);
    char name[LINE];
    char json[LINE];
    satchel_error error = {0};
    bool changed = false;
    if (the_world == NULL) {
        set_up();
        FUZZ_MUST(sqlite3_open(":memory:", &the_image) == SQLITE_OK);
        copy_all(the_image, ((struct world *)the_world)->station->writer->db);
        atexit(clean_up);
    }
    struct world *world = the_world;
    for (int i = 0; i < STEPS && input.size > 0; i++) {
        next_line(&input, name);
        next_line(&input, json);
        changed = step(world, name, json) || changed;
    }
    if (changed) { /* every input begins with the same rows */
        FUZZ_MUST(satchel_verify(world->station, &error) == 0);
        copy_all(world->station->writer->db, the_image);
    }
    return 0;
}

/* A text of one character many times over, in an argument. */
static void give_long(seed_function give, void *context, const char *before, char c,
                      size_t size) {
    struct buffer text = buffer_make(1 << 20);
    buffer_append(&text, before, strlen(before));
    for (size_t i = 0; i < size; i++) {
        buffer_append(&text, &c, 1);
    }
    buffer_append(&text, "\"}\n", 3);
    give(context, buffer_bytes(&text));
    buffer_free(&text);
}

#define ONE "\"thing\":\"One\""
#define SHOP "\"customer\":\"0c0c0c0c-0c0c-0c0c-0c0c-0c0c0c0c0c0c\""
#define SET(rest) "*\n\nthing.set\n{" ONE "," rest "}\n"

static const char *const TEXTS[] = {
    "customer.add\n{\"name\":\"Acme\",\"note\":\"\xe4\xbd\xa0\"}\n",
    "customer.add\n[{\"name\":\"A\"},{\"name\":\"B\",\"note\":null}]\n",
    "customer.add\n[{\"name\":\"A\"},{\"note\":null}]\n",
    "customer.add\n[]\ncustomer.add\n[7]\ncustomer.add\n7\ncustomer.add\n{\ncustomer.add\n\n",
    "customer.add\n{\"name\":7,\"note\":[1,{\"x\":true}],\"y\":1e9}\n",
    "customer.add\n{\"name\":\"a\\u0000b\"}\ncustomer.add\n{\"name\":1.5}\n",
    "customer.add\n{\"name\":\"[[[{\\\"\"}\ncustomer.add\n{\"name\":\"\\\\\\\"\"}\n",
    "customer.add\n{\"name\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["
    "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]}\n",
    "customer.add\n{\"name\":\"666\"}\ncustomer.add\n{\"name\":\"a\",\"name\":\"b\"}\n",
    "customer.add\n{\"name\":\"B\",\"id\":\"01900000-0000-7000-8000-000000000001\"}\n"
    "customer.add\n{\"name\":\"C\",\"id\":\"01900000-0000-7000-8000-000000000001\"}\n"
    "customer.visit\n{\"customer\":\"01900000-0000-7000-8000-000000000001\"}\n"
    "customer.price\n{\"customer\":\"01900000-0000-7000-8000-000000000001\",\"price\":\"12.50\"}\n",
    "customer.add\n{\"name\":\"C\",\"id\":\"00000000-0000-0000-0000-000000000000\"}\n"
    "customer.add\n{\"name\":\"C\",\"id\":\"x\"}\ncustomer.add\n{\"name\":\"C\",\"id\":7}\n"
    "customer.add\n{\"name\":\"C\",\"id\":\"01900000-0000-7000-8000-0000000000010\"}\n",
    "*\n\ncustomer.hand_over\n{" SHOP ",\"to\":\"du\"}\ncustomer.touch\n{" SHOP "}\n",
    "*\n\ncustomer.visit\n{" SHOP ",\"times\":50}\ncustomer.visit\n{" SHOP
    ",\"times\":\"50\"}\ncustomer.visit\n{" SHOP ",\"times\":51}\n"
    "customer.visit\n{" SHOP ",\"times\":-51}\ncustomer.visit\n{" SHOP
    ",\"times\":\"+1\"}\n",
    "*\n\ncustomer.price\n{" SHOP ",\"price\":\"12.50\"}\ncustomer.tag\n{" SHOP
    "}\ncustomer.tag\n{" SHOP "}\ncustomer.same\n{" SHOP "}\n",
    "*\n\ncustomer.rename\n{" SHOP ",\"name\":\"666\"}\ncustomer.rename\n{" SHOP
    ",\"name\":\"Isdom 2\"}\ncustomer.grade\n{" SHOP ",\"grade\":\"A\"}\n",
    "customer.two\n{\"name\":\"T\",\"ok\":false}\ncustomer.two\n"
    "{\"name\":\"T\",\"ok\":true}\ncustomer.two\n{\"name\":\"T\",\"ok\":2}\n",
    "customer.tag_any\n{\"customers\":[\"x\"]}\ncustomer.tag_any\n{\"customers\":[]}\n"
    "customer.tag_any\n{\"customers\":\"[\"}\ncustomer.tag_any\n{\"customers\":7}\n"
    "*\n\ncustomer.tag_any\n{\"customers\":[\"0123456789abcdef\"]}\n",
    "*\n\nbad.delete\n{" SHOP "}\nbad.stamp\n{" SHOP "}\nbad.engine\n{" SHOP
    "}\nbad.schema\n{}\n",
    "*\n\nbad.key\n{\"text\":\"abc\"}\nbad.rekey\n{" ONE
    "}\nbad.born\n{}\nbad.stamps\n{}\n"
    "bad.table\n{}\nbad.pragma\n{}\nbad.parameter\n{}\nbad.syntax\n{}\n",
    "bad.constraint\n{}\nbad.rights\n{}\nbad.user\n{}\nbad.key\n{}\nno.command\n{}\nthing.ad\n{}\n",
    "thing.add\n{\"name\":\"n\",\"alias\":\"a\",\"code\":\"c\",\"size\":9}\n"
    "thing.set\n{\"thing\":\"n\",\"size\":1,\"other\":\"A\",\"kind\":\"c\"}\n"
    "thing.set\n{\"thing\":\"n\",\"enum\":\"large\"}\nthing.set\n{\"thing\":\"n\",\"size\":2}\n",
    SET("\"by\":\"AN\",\"other\":\"dos\",\"kind\":\"a\""),
    SET("\"other\":\"Twin\"") "thing.set\n{" ONE ",\"trace\":\"a\"}\nthing.set\n{" ONE
                              ",\"kind\":\"b\"}\nthing.set\n{" ONE ",\"kind\":\"z\"}\n",
    SET("\"other\":\"two\"") "thing.set\n{" ONE ",\"other\":7}\nthing.set\n{" ONE
                             ",\"other\":true}\n",
    SET("\"other\":\"0123456789012345678901234567890123456789\"") "thing.set\n{" ONE
                                                                  ",\"by\":\"me\"}\n",
    SET("\"size\":\"x\"") "thing.set\n{" ONE ",\"size\":\"-\"}\nthing.set\n{" ONE
                          ",\"size\":\"99999999999999999999\"}\nthing.set\n{" ONE
                          ",\"size\":\"-3\"}\n",
    SET("\"size\":\"9223372036854775809\""),
    SET("\"money\":\"\xc2\xa5"
        "1,234.5\"") "thing.set\n{" ONE ",\"money\":\"-12.345\"}\nthing.set\n{" ONE
                     ",\"money\":\"1,23\"}\nthing.set\n{" ONE ",\"money\":\"+\xef\xbf\xa5"
                     "7\"}\n"
                     "thing.set\n{" ONE ",\"money\":\".\"}\n",
    SET("\"money\":\"92233720368547758\"") "thing.set\n{" ONE
                                           ",\"money\":\"922337203685477580700\"}\n"
                                           "thing.set\n{" ONE
                                           ",\"money\":-999999999999999999}\n"
                                           "thing.set\n{" ONE
                                           ",\"money\":999999999999999999}\n"
                                           "thing.set\n{" ONE ",\"money\":\",1\"}\n",
    SET("\"money\":\"9223372036854775809\"") "thing.set\n{" ONE ",\"money\":\"1.,000\"}\n"
                                             "thing.set\n{" ONE ",\"money\":\"1.2.3\"}\n",
    SET("\"bp\":\"7 %\"") "thing.set\n{" ONE
                          ",\"bp\":\"7\xef\xbc\x85\"}\nthing.set\n{" ONE
                          ",\"bp\":\"7\"}\nthing.set\n{" ONE ",\"bp\":\"x%\"}\n",
    SET("\"bool\":\"Yes\"") "thing.set\n{" ONE ",\"bool\":\"maybe\"}\nthing.set\n{" ONE
                            ",\"bool\":\"\xe6\x98\xaf\"}\nthing.set\n{" ONE
                            ",\"bool\":\"a long word that says nothing\"}\nthing.set\n{" ONE
                            ",\"bool\":false}\n",
    SET("\"date\":\"yesterday\"") "thing.set\n{" ONE
                                  ",\"date\":\"2026-02-30\"}\nthing.set\n{" ONE
                                  ",\"date\":\"2026-02-28\"}\nthing.set\n{" ONE
                                  ",\"date\":7}\n",
    SET("\"time\":\"now\"") "thing.set\n{" ONE ",\"time\":\"today\"}\nthing.set\n{" ONE
                            ",\"time\":\"2026-11-23 10:00\"}\nthing.set\n{" ONE
                            ",\"time\":\"1795399200000\"}\nthing.set\n{" ONE
                            ",\"time\":\"179539920000x\"}\nthing.set\n{" ONE
                            ",\"time\":\"1234567890123456\"}\n",
    SET("\"enum\":\"small\"") "thing.set\n{" ONE ",\"enum\":\"medium\"}\nthing.set\n{" ONE
                              ",\"enum\":7}\nthing.set\n{" ONE ",\"enum\":\"large\"}\n",
    SET("\"more\":{\"a\":[1,2.5,true,null]}") "thing.set\n{" ONE
                                              ",\"more\":\"{\"}\nthing.set\n{" ONE
                                              ",\"more\":\"7\"}\nthing.set\n{" ONE
                                              ",\"more\":8}\n",
    SET("\"file\":\"xy\"") "thing.set\n{" ONE
                           ",\"file\":\"bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319\"}\n"
                           "thing.set\n{" ONE ",\"file\":7}\n",
    "*\n\n+abc\n\nthing.set\n{" ONE
    ",\"file\":\"bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319\"}\n+\n\n",
    "*\n\nthing.grow\n{\"thing\":\"44444444-4444-4444-4444-444444444444\",\"by\":9223372036854775807}\n"
    "thing.grow\n{" ONE ",\"by\":5}\nthing.grow\n{" ONE ",\"by\":1}\nthing.again\n{" ONE
    "}\n",
    "*\n\nthing.fill\n{" ONE ",\"size\":70000}\nthing.fill\n{" ONE
    ",\"size\":70000,\"as\":\"blob\"}\nthing.fill\n{" ONE
    ",\"size\":1000}\nthing.fill\n{" ONE
    ",\"size\":30,\"as\":\"blob\"}\nthing.fill\n{" ONE ",\"size\":0}\n",
    "thing.many\n{\"count\":0}\nthing.many\n{\"count\":3}\nthing.many\n{\"count\":9000}\n",
    "=2\n\nthing.add\n{\"name\":\"n\"}\nthing.add\n{\"name\":\"n\",\"size\":0}\nthing.add\n"
    "{\"name\":\"n\",\"size\":0,\"alias\":\"x\"}\ntrace.add\n{\"code\":\"a\"}\n",
    "*\n\n=2\n\nthing.set\n{" ONE ",\"size\":3}\nthing.fill\n{" ONE
    ",\"size\":7,\"as\":\"blob\"}\n",
    "!\n\n*\n\nthing.set\n{" ONE ",\"size\":3}\ncustomer.rename\n{" SHOP
    ",\"name\":\"x\"}\ncustomer.rename_all\n{\"name\":\"y\"}\n?customer.list\n{}\nbad.schema\n{}\n",
    "!\n\ncustomer.add\n{\"name\":\"b\"}\ncustomer.rename_all\n{\"name\":\"y\"}\n?customer.list\n{}\n",
    "?customer.list\n{\"like\":\"%\"}\n?customer.secret\n{}\n?value.kinds\n{}\n?notice.list\n{}\n"
    "?no.query\n{}\n?customer.list\n[\n?customer.list\n{\"x\":1}\n"
    "?thing.large\n{\"rows\":30,\"size\":900}\n?thing.large\n{\"rows\":51,\"size\":1}\n"
    "?customer.list\n[1]\n",
    "*\n\n&thing.add\n{}\n&thing.add\n\n}\n}\nthing.add\n\"\\\nthing.add\n{\"zz\":1}\n"
    "thing.add\n{\"name\":7}\nthing.both\n\nconflict.restore\n{\"conflict\":\"x\"}\n",
    "*\n\nthing.box\n{" ONE ",\"height\":1}\n=2\n\nthing.box\n{" ONE
    ",\"height\":2,\"shape\":\"round\",\"seal\":\"uno\"}\nthing.box\n{" ONE
    ",\"height\":3}\n",
    "*\n\n=2\n\nthing.box\n{" ONE ",\"height\":2}\nthing.both\n{}\n",
    "*\n\nthing.apply\n{}\nbad.unnamed\n{}\nbad.other_name\n{}\n!\n\nbad.stamps\n\n?thing.list\n\n",
    SET("\"trace\":\"11111111-1111-1111-1111-111111111111\"") "thing.set\n{" ONE
                                                              ",\"money\":\"-12.34\",\"size\":null}\nthing.set\n{" ONE
                                                              ",\"money\":\"1,2x4\"}\nthing.set\n{" ONE
                                                              ",\"money\":\"922337203685477581\"}\nthing.set\n{" ONE
                                                              ",\"size\":\"1-2\"}\nthing.set\n{" ONE
                                                              ",\"time\":\"10:00\"}\n",
    "*\n\n?thing.list\n{\"thing\":\"uno\"}\n?thing.list\n{\"limit\":0}\n?thing.list\n{\"from\":\"today\"}\n"
    "?thing.list\n{\"thing\":\"\xff\"}\n?thing.list\n{\"thing\":\" \"}\n",
    "thing.add\n{\"name\":\"a\\u0001b\"}\nthing.add\n{\"name\":\"a\\u0085b\"}\nthing.add\n"
    "{\"name\":\"a\\u202eb\"}\nthing.add\n{\"name\":\"a\\u2067b\"}\nthing.add\n{\"name\":\"a\\r\\n\\tb\"}\n"
    "thing.add\n{\"name\":\"a\\rb\"}\nthing.add\n{\"name\":\"a\\u007fb\"}\nthing.add\n{\"name\":\"  \"}\n",
    "thing.add\n{\"name\":\"longer than twelve\"}\nthing.add\n{\"name\":{\"a\":1}}\n"
    "thing.add\n{\"name\":false}\nthing.add\n{\"name\":\"\\u3000\\u2066\"}\n",
};

void fuzz_seeds(seed_function give, void *context) {
    for (size_t i = 0; i < sizeof TEXTS / sizeof *TEXTS; i++) {
        give(context, bytes_of_text(TEXTS[i]));
    }
    give_long(give, context, "thing.add\n{\"name\":\"n\",\"alias\":\"", 'x', 7000);
}
