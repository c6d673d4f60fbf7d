/*
 * Commands with arguments as any program may send them: lines of a command's name and a JSON text in turn. A
 * command is done and in the outbox, or it fails with a code and nothing at all has changed.
 */
#include "tests/unit/client-core/world.h"

#include "client-core/tally.h"
#include "tests/fuzz/fuzz.h"

enum { STEPS = 8, LINE = 4096 };

static const char STATE[] =
    "select (select count(*) from station_outbox) || ' ' ||"
    " (select coalesce(group_concat(hex(id) || quote(name) || visits || quote(note) ||"
    " quote(owner_id) || quote(grade) || price_minor || quote(deleted_at)), '')"
    " from customer)";

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

/* Whether something was done. */
static bool step(struct world *world, const char *command, const char *json) {
    struct buffer before = buffer_make(1 << 22);
    struct buffer after = buffer_make(1 << 22);
    int64_t waiting = 0;
    int64_t waiting_after = 0;
    satchel_error error = {0};
    char *result = NULL;
    look(world, &before, &waiting);
    bool all = json[0] == '[';
    size_t failed = 0;
    int rc = all ? satchel_do_all(world->session, command, json, &result, &failed, &error)
                 : satchel_do(world->session, command, json, &result, &error);
    look(world, &after, &waiting_after);
    if (rc == 0) {
        FUZZ_MUST(result != NULL && waiting_after == waiting + 1);
    } else {
        FUZZ_MUST(result == NULL && error.code[0] != '\0' && error.message[0] != '\0');
        FUZZ_MUST(strncmp(error.code, "database.", 9) != 0 ||
                  strcmp(error.code, "database.constraint") == 0);
        FUZZ_MUST(bytes_equal(buffer_bytes(&before), buffer_bytes(&after)));
    }
    satchel_free(result);
    buffer_free(&before);
    buffer_free(&after);
    return rc == 0;
}

static void *the_world;

/* The people in it were not received: they are counted as if they were. */
static void set_up(void) {
    char sql[200];
    int64_t digest = 0;
    int64_t rows = 0;
    FUZZ_MUST(world_setup(&the_world) == 0);
    struct world *world = the_world;
    FUZZ_MUST(tally_compute(world->station->writer, &digest, &rows, NULL) == 0);
    snprintf(sql, sizeof sql,
             "update station_progress set digest = %lld, digest_rows = %lld",
             (long long)digest, (long long)rows);
    world_sql(world, sql);
}

static void clean_up(void) {
    world_teardown(&the_world);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static bool running;
    struct input input = input_of(data, size);
    char command[LINE];
    char json[LINE];
    satchel_error error = {0};
    bool changed = false;
    if (!running) {
        set_up();
        running = true;
        atexit(clean_up);
    }
    for (int i = 0; i < STEPS && input.size > 0; i++) {
        next_line(&input, command);
        next_line(&input, json);
        changed = step(the_world, command, json) || changed;
    }
    if (changed) { /* every input begins with the same station */
        struct world *world = the_world;
        FUZZ_MUST(satchel_verify(world->station, &error) == 0);
        clean_up();
        set_up();
    }
    return 0;
}

void fuzz_seeds(seed_function give, void *context) {
    static const char *const TEXTS[] = {
        "customer.add\n{\"name\":\"Acme\",\"note\":\"\xe4\xbd\xa0\"}\n",
        "customer.add\n{\"name\":\"A\",\"id\":\"01900000-0000-7000-8000-000000000001\"}\n"
        "customer.hand_over\n{\"customer\":\"A\",\"to\":\"Dustin\"}\n",
        "customer.add\n[{\"name\":\"A\"},{\"name\":\"B\",\"note\":null}]\n",
        "customer.add\n{\"name\":7,\"note\":[1,{\"x\":true}],\"y\":1e9}\n",
        "customer.add\n{\"name\":\"A\"}\ncustomer.visit\n{\"customer\":\"A\",\"times\":"
        "50}\ncustomer.visit\n{\"customer\":\"A\",\"times\":\"50\"}\n",
        "customer.add\n{\"name\":\"A\"}\ncustomer.price\n{\"customer\":\"A\",\"price\":"
        "\"12.50\"}\ncustomer.tag\n{\"customer\":\"A\"}\n",
        "customer.two\n{\"name\":\"T\",\"ok\":false}\ncustomer.two\n"
        "{\"name\":\"T\",\"ok\":true}\n",
        "customer.tag_any\n{\"customers\":[\"x\"]}\nbad.delete\n{\"customer\":\"A\"}\n",
        "no.command\n{}\n",
    };
    for (size_t i = 0; i < sizeof TEXTS / sizeof *TEXTS; i++) {
        give(context, bytes_of_text(TEXTS[i]));
    }
}
