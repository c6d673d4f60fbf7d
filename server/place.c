/* The word for a station's place in the history. */
#include "server/place.h"

#include <stdlib.h>
#include <string.h>

#include "server/history.h"

static const char SECRET[] = "place_secret";

static bool hex_read(const char *text, uint8_t ret[HASH_SIZE]) {
    for (size_t i = 0; i < HASH_SIZE; i++) {
        char pair[3] = {text[2 * i], text[2 * i] ? text[2 * i + 1] : '\0', '\0'};
        char *end = NULL;
        ret[i] = (uint8_t)strtol(pair, &end, 16);
        if (end != pair + 2) {
            return false;
        }
    }
    return text[2 * HASH_SIZE] == '\0';
}

static int make_secret(struct master *master, uint8_t ret[HASH_SIZE],
                       struct error *error) {
    static const char DIGITS[] = "0123456789abcdef";
    char text[2 * HASH_SIZE + 1] = "";
    master->env->random(master->env->context, ret, HASH_SIZE);
    for (size_t i = 0; i < HASH_SIZE; i++) {
        text[2 * i] = DIGITS[ret[i] >> 4];
        text[2 * i + 1] = DIGITS[ret[i] & 15];
    }
    int result = master_set_setting(master->db, SECRET, text, error);
    seal_wipe(text, sizeof text);
    return result;
}

int place_secret(struct master *master, uint8_t ret[HASH_SIZE], struct error *error) {
    char *text = NULL;
    if (master_setting(master->db, SECRET, &text, error) != 0) {
        return -1;
    }
    if (text == NULL) {
        return make_secret(master, ret, error);
    }
    bool good = hex_read(text, ret);
    seal_wipe(text, strlen(text));
    free(text);
    return good ? 0
                : error_set(error, "database.corrupt", "data",
                            "the master's secret is damaged");
}

/* --- stations of protocol 1 --------------------------------------------------------------------------- */

/* The transaction that a gsn was given to; zero when there is none. */
static int transaction_of_gsn(struct reader *reader, int64_t gsn, struct id *ret,
                              struct error *error) {
    sqlite3_stmt *statement = NULL;
    if (database_statement(reader->db, "select id from gsn_log where gsn = ?", &statement,
                           error) != 0) {
        return -1;
    }
    sqlite3_bind_int64(statement, 1, gsn);
    memset(ret, 0, sizeof *ret);
    int rc = sqlite3_step(statement);
    struct bytes id =
        rc == SQLITE_ROW ? value_of_column(statement, 0).bytes : (struct bytes){NULL, 0};
    if (id.size == ID_SIZE) {
        memcpy(ret->bytes, id.data, ID_SIZE);
    }
    sqlite3_finalize(statement);
    return rc == SQLITE_ROW || rc == SQLITE_DONE
               ? 0
               : error_from_sqlite(error, reader->db, "reading the history");
}

static int prove_transaction(const struct server *server, struct reader *reader,
                             const struct place *place, uint8_t ret[HASH_SIZE],
                             struct error *error) {
    struct {
        uint8_t secret[SIGN_SEED];
        struct id device;
        struct id transaction;
        uint8_t scopes[HASH_SIZE];
        int64_t cursor;
    } text = {.device = place->device, .cursor = place->cursor};
    if (transaction_of_gsn(reader, place->cursor, &text.transaction, error) != 0) {
        return -1;
    }
    memcpy(text.secret, server->keys.secret_key, SIGN_SEED);
    scope_set_hash(place->scopes, text.scopes);
    hash_blake2b((struct bytes){(const uint8_t *)&text, sizeof text}, ret);
    seal_wipe(&text, sizeof text);
    return 0;
}

/* --- the word ------------------------------------------------------------------------------------------- */

/* It can be checked without knowing the history it speaks of. */
static void prove_head(const struct server *server, const struct place *place,
                       uint8_t ret[HASH_SIZE]) {
    struct {
        char context[16];
        uint8_t secret[HASH_SIZE];
        struct id device;
        struct id head;
        uint8_t scopes[HASH_SIZE];
        int64_t cursor;
    } text = {.context = "satchel place",
              .device = place->device,
              .head = place->head,
              .cursor = place->cursor};
    memcpy(text.secret, server->place_secret, HASH_SIZE);
    scope_set_hash(place->scopes, text.scopes);
    hash_blake2b((struct bytes){(const uint8_t *)&text, sizeof text}, ret);
    seal_wipe(&text, sizeof text);
}

int place_prove(const struct server *server, struct reader *reader,
                const struct place *place, uint8_t ret[HASH_SIZE], struct error *error) {
    if (id_is_zero(place->head)) {
        return prove_transaction(server, reader, place, ret, error);
    }
    prove_head(server, place, ret);
    return 0;
}

int place_look(const struct server *server, struct reader *reader,
               const struct sync_request *request, enum place_meaning *ret,
               struct error *error) {
    const struct place place = {.device = request->device,
                                .scopes = &request->held,
                                .cursor = request->cursor,
                                .head = request->head_id};
    uint8_t proof[HASH_SIZE];
    struct id known;
    *ret = PLACE_KNOWN;
    if (request->held.count == 0) {
        return 0;
    }
    if (place_prove(server, reader, &place, proof, error) != 0 ||
        history_id(reader->db, request->cursor, &known, error) != 0) {
        return -1;
    }
    if (!seal_equal(proof, request->held_proof, HASH_SIZE)) {
        *ret = PLACE_UNPROVEN;
    } else if (!id_is_zero(place.head) && !id_equal(place.head, known)) {
        *ret = PLACE_LOST;
    }
    return 0;
}
