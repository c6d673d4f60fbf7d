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

/* An id from one row; zero when there is none. */
static int read_id(struct reader *reader, sqlite3_stmt *statement, int64_t gsn,
                   struct id *ret, struct error *error) {
    memset(ret, 0, sizeof *ret);
    if (statement == NULL) {
        return -1;
    }
    sqlite3_bind_int64(statement, 1, gsn);
    int rc = sqlite3_step(statement);
    struct bytes id =
        rc == SQLITE_ROW ? value_of_column(statement, 0).bytes : (struct bytes){NULL, 0};
    if (id.size >= ID_SIZE) {
        memcpy(ret->bytes, id.data, ID_SIZE);
    }
    sqlite3_reset(statement);
    return rc == SQLITE_ROW || rc == SQLITE_DONE
               ? 0
               : error_from_sqlite(error, reader->db, "reading the history");
}

int place_head(struct reader *reader, int64_t gsn, struct id *ret, struct error *error) {
    static const char SQL[] = "select j.hash from gsn_log g"
                              " join journal j on j.entry = g.entry where g.gsn = ?";
    return read_id(reader, reader_statement(reader, SQL, error), gsn, ret, error);
}

bool place_beyond(struct reader *reader, int64_t cursor) {
    struct id head;
    return place_head(reader, cursor, &head, NULL) == 0 && id_is_zero(head);
}

int place_present(struct reader *reader, int64_t *ret, struct error *error) {
    static const char SQL[] = "select coalesce(max(number), 1) from epoch";
    sqlite3_stmt *statement = reader_statement(reader, SQL, error);
    if (statement == NULL) {
        return -1;
    }
    int rc = sqlite3_step(statement);
    *ret = sqlite3_column_int64(statement, 0);
    sqlite3_reset(statement);
    return rc == SQLITE_ROW ? 0
                            : error_from_sqlite(error, reader->db, "reading the epochs");
}

int place_epoch(const struct server *server, int64_t *ret, struct error *error) {
    struct reader *reader = reader_take(server->readers, error);
    int result = reader ? place_present(reader, ret, error) : -1;
    reader_give(server->readers, reader);
    return result;
}

/* The transaction that a gsn was given to. */
static int transaction_of_gsn(struct reader *reader, int64_t gsn, struct id *ret,
                              struct error *error) {
    static const char SQL[] = "select id from gsn_log where gsn = ?";
    return read_id(reader, reader_statement(reader, SQL, error), gsn, ret, error);
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

static int is_proven(const struct server *server, struct reader *reader,
                     const struct place *place, const uint8_t proof[HASH_SIZE], bool *ret,
                     struct error *error) {
    uint8_t right[HASH_SIZE];
    if (place_prove(server, reader, place, right, error) != 0) {
        return -1;
    }
    *ret = seal_equal(right, proof, HASH_SIZE);
    return 0;
}

int place_look(const struct server *server, struct reader *reader,
               const struct sync_request *request, const struct family *family,
               enum place_meaning *ret, struct error *error) {
    struct place place = {.device = request->device,
                          .scopes = &request->held,
                          .cursor = request->cursor,
                          .head = request->head_id};
    struct id known;
    bool proven = false;
    *ret = PLACE_KNOWN;
    if (request->held.count == 0) {
        return 0;
    }
    if (is_proven(server, reader, &place, request->held_proof, &proven, error) != 0 ||
        place_head(reader, request->cursor, &known, error) != 0) {
        return -1;
    }
    if (!proven && family->ancestor_count > 0) { /* the child's first request */
        place.device = family->ancestors[0].device;
        if (is_proven(server, reader, &place, request->held_proof, &proven, error) != 0) {
            return -1;
        }
    }
    if (!proven) {
        *ret = PLACE_UNPROVEN;
    } else if (!id_is_zero(place.head) && !id_equal(place.head, known)) {
        *ret = PLACE_LOST;
    }
    return 0;
}
