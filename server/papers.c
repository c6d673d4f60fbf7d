/* Devices that prove who they are. */
#include "server/papers.h"

#include <string.h>

#include "schema/base/hash.h"
#include "server/server_key.h"

/* Whether this server knows the device. */
static int look_up(struct master *master, struct id device, struct arena *arena,
                   struct station *ret, bool *ret_known, struct error *error) {
    struct error why = {0};
    *ret_known =
        station_find(master->db, master->catalogue, device, arena, ret, &why) == 0;
    if (*ret_known || error_is(&why, "device.unknown")) {
        return 0;
    }
    *error = why;
    return -1;
}

/* --- a known device under another key ---------------------------------------------------------------- */

static bool had_key(const struct station *station, const struct sign_public *key) {
    bool had = memcmp(&station->key, key, sizeof *key) == 0;
    for (size_t i = 0; i < station->former_count; i++) {
        had = had || memcmp(&station->former[i].key, key, sizeof *key) == 0;
    }
    return had;
}

int papers_follow(struct master *master, const struct certificate *certificate,
                  struct bytes envelope, bool *ret_known, struct error *error) {
    struct arena arena = arena_make(LIMIT_PAYLOAD);
    struct station station;
    int result = look_up(master, certificate->device, &arena, &station, ret_known, error);
    if (result == 0 && *ret_known && !had_key(&station, &certificate->device_key)) {
        result = station_rekey(master, &station, certificate, envelope, error);
    }
    arena_free(&arena);
    return result;
}

int papers_take_key(struct master *master, const struct certificate *certificate,
                    struct error *error) {
    static const char SQL[] = "update station set public_key = ?2 where public_key = ?1";
    const struct bytes key = {certificate->device_key.bytes, SIGN_PUBLIC};
    uint8_t nobodys[HASH_SIZE]; /* whoever has to have another */
    struct buffer text = buffer_make(LIMIT_TEXT);
    sqlite3_stmt *statement = NULL;
    buffer_append(&text, key.data, key.size);
    buffer_append(&text, certificate->device.bytes, ID_SIZE);
    hash_blake2b(buffer_bytes(&text), nobodys);
    bool failed = text.failed;
    buffer_free(&text);
    if (failed) {
        return error_out_of_memory(error);
    }
    if (database_statement(master->db, SQL, &statement, error) != 0) {
        return -1;
    }
    value_bind(statement, 1, value_blob(key));
    sqlite3_bind_blob(statement, 2, nobodys, SIGN_PUBLIC, SQLITE_STATIC);
    int result = master_run(master, statement, "taking a key", error);
    sqlite3_finalize(statement);
    return result;
}

/* --- families ---------------------------------------------------------------------------------------- */

/* The last gsn before the parent's bundle that was another than the child's. As long as that has not come (again), all
 * that the parent has here is from before it. */
static int find_fork(struct master *master, int64_t parent, int64_t number, int64_t *ret,
                     struct error *error) {
    static const char SQL[] =
        "select coalesce(max(gsn), 0) from gsn_log where entry < coalesce("
        "(select entry from bundle_seen where station = ?1 and number >= ?2"
        " order by number limit 1), 9e18)";
    sqlite3_stmt *statement = NULL;
    if (database_statement(master->db, SQL, &statement, error) != 0) {
        return -1;
    }
    sqlite3_bind_int64(statement, 1, parent);
    sqlite3_bind_int64(statement, 2, number);
    int rc = sqlite3_step(statement);
    *ret = rc == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
    sqlite3_finalize(statement);
    return rc == SQLITE_ROW ? 0
                            : error_from_sqlite(error, master->db, "looking for a fork");
}

/* Another may have been enrolled on the same evidence while this one was lost: then its own name tells it apart. */
static int put_kin(struct master *master, struct kinship *kinship, struct bytes name,
                   struct error *error) {
    int64_t other = 0;
    if (find_fork(master, kinship->parent, kinship->number, &kinship->fork_gsn, error) !=
            0 ||
        kin_child(master, kinship->parent, kinship->number, kinship->hash, &other,
                  error) != 0) {
        return -1;
    }
    if (other != 0) {
        kinship->hash = name;
    }
    return kin_put(master, kinship, error);
}

int papers_join_family(struct master *master, const struct certificate *certificate,
                       int64_t number, struct error *error) {
    struct arena arena = arena_make(LIMIT_PAYLOAD);
    struct station parent;
    bool known = false;
    uint8_t hash[HASH_SIZE]; /* for a certificate that does not tell its evidence */
    hash_blake2b((struct bytes){certificate->device.bytes, ID_SIZE}, hash);
    int result = look_up(master, certificate->parent, &arena, &parent, &known, error);
    if (result == 0 && known) {
        struct kinship kinship = {
            .station = number,
            .parent = parent.number,
            .root = parent.family.root,
            .number = certificate->follows ? certificate->last_number : INT64_MAX,
            .hash = {certificate->follows ? certificate->last_hash : hash, HASH_SIZE}};
        result = put_kin(master, &kinship, (struct bytes){hash, HASH_SIZE}, error);
    }
    arena_free(&arena);
    return result;
}

/* --- what a request shows ---------------------------------------------------------------------------- */

static int read_paper(struct master *master, struct bytes paper, struct certificate *ret,
                      struct error *error) {
    struct envelope envelope;
    if (envelope_open(paper, &envelope, error) != 0 ||
        server_key_signed(master, &envelope, error) != 0 ||
        certificate_decode(envelope.body, ret, error) != 0) {
        return -1;
    }
    return id_equal(ret->org, master->org)
               ? 0
               : error_set(error, "org.unknown", "org",
                           "this is another company's server");
}

static int prove_one(struct master *master, struct work *work, struct bytes paper,
                     const struct certificate *certificate, struct error *error) {
    static const uint8_t NO_INVITATION[HASH_SIZE];
    struct arena arena = arena_make(LIMIT_PAYLOAD);
    struct station station;
    bool known = false;
    int result = look_up(master, certificate->device, &arena, &station, &known, error);
    if (result == 0 && (!known || !had_key(&station, &certificate->device_key))) {
        result = station_journal_enrol(master, work, NO_INVITATION, paper, error);
    }
    arena_free(&arena);
    return result;
}

/* Whether `before` is of the same device, or of the one that this one goes on from. */
static bool goes_on_from(const struct certificate *certificate,
                         const struct certificate *before) {
    return id_equal(before->device, certificate->device) ||
           id_equal(before->device, certificate->parent);
}

int papers_prove(struct master *master, struct work *work,
                 const struct sync_request *request, struct error *error) {
    struct certificate last;
    struct certificate before;
    size_t first = request->paper_count;
    if (read_paper(master, request->certificate, &last, error) != 0) {
        return -1;
    }
    struct certificate certificate = last;
    while (first > 0 &&
           read_paper(master, request->papers[first - 1], &before, NULL) == 0 &&
           goes_on_from(&certificate, &before)) {
        certificate = before;
        first--;
    }
    for (size_t i = first; i < request->paper_count; i++) {
        if (read_paper(master, request->papers[i], &before, error) != 0 ||
            prove_one(master, work, request->papers[i], &before, error) != 0) {
            return -1;
        }
    }
    return prove_one(master, work, request->certificate, &last, error);
}
