/* Invitations, enrolment and certificates. */
#include "server/station.h"

#include <stdio.h>
#include <string.h>

#include "schema/base/hash.h"
#include "server/derived.h"
#include "server/journal.h"
#include "server/papers.h"
#include "server/placing.h"
#include "server/verdicts.h"
#include "sync/clock.h"
#include "sync/wire.h"

enum { CODE_TRIES = 1000 };

/* --- finding ------------------------------------------------------------------------------------- */

static int copy_fixed(struct bytes from, void *to, size_t size, struct error *error) {
    if (from.size != size) {
        return error_set(error, "database.corrupt", "station",
                         "a station's row is damaged");
    }
    memcpy(to, from.data, size);
    return 0;
}

/* The keys that it had before, of which there are `count`. */
static int read_former(sqlite3 *db, size_t count, struct arena *arena,
                       struct station *station, struct error *error) {
    static const char SQL[] = "select public_key, last_number, last_hash from station_key"
                              " where station = ? order by entry limit ?";
    sqlite3_stmt *statement = NULL;
    if (count == 0) {
        return 0;
    }
    struct former_key *former = arena_alloc_array(arena, count, sizeof *former);
    if (former == NULL) {
        return error_out_of_memory(error);
    }
    if (database_statement(db, SQL, &statement, error) != 0) {
        return -1;
    }
    sqlite3_bind_int64(statement, 1, station->number);
    sqlite3_bind_int64(statement, 2, (sqlite3_int64)count);
    int result = 0;
    int rc = SQLITE_DONE;
    while (result == 0 && (rc = sqlite3_step(statement)) == SQLITE_ROW) {
        struct former_key *key = &former[station->former_count++];
        key->last_number = sqlite3_column_int64(statement, 1);
        result = copy_fixed(value_of_column(statement, 0).bytes, key->key.bytes,
                            SIGN_PUBLIC, error) ||
                 copy_fixed(value_of_column(statement, 2).bytes, key->last_hash,
                            HASH_SIZE, error);
    }
    if (result == 0 && rc != SQLITE_DONE) {
        result = error_from_sqlite(error, db, "reading a device's former keys");
    }
    sqlite3_finalize(statement);
    station->former = former;
    return result ? -1 : 0;
}

static int read_station(sqlite3_stmt *statement, const struct catalogue *catalogue,
                        struct arena *arena, struct station *ret, struct error *error) {
    struct envelope envelope;
    memset(ret, 0, sizeof *ret);
    ret->number = sqlite3_column_int64(statement, 0);
    ret->last_number = sqlite3_column_int64(statement, 4);
    ret->last_seq = sqlite3_column_int64(statement, 5);
    ret->seen_base = sqlite3_column_int64(statement, 9);
    ret->schema_version = sqlite3_column_int64(statement, 10);
    ret->revoked = sqlite3_column_type(statement, 7) != SQLITE_NULL;
    ret->certificate_envelope = arena_copy(arena, value_of_column(statement, 3).bytes);
    if (ret->certificate_envelope.data == NULL) {
        return error_out_of_memory(error);
    }
    if (copy_fixed(value_of_column(statement, 1).bytes, ret->key.bytes, SIGN_PUBLIC,
                   error) ||
        copy_fixed(value_of_column(statement, 6).bytes, ret->last_hash, HASH_SIZE,
                   error) ||
        copy_fixed(value_of_column(statement, 8).bytes, ret->id.bytes, ID_SIZE, error) ||
        envelope_open(ret->certificate_envelope, &envelope, error) ||
        certificate_decode(envelope.body, &ret->certificate, error)) {
        return -1;
    }
    ret->ceiling = access_ceiling(catalogue, ret->certificate.ceiling);
    sqlite3 *db = sqlite3_db_handle(statement);
    int64_t former = sqlite3_column_int64(statement, 11);
    return kin_read(db, ret->number, !id_is_zero(ret->certificate.parent), arena,
                    &ret->family, error) != 0
               ? -1
               : read_former(db, (size_t)former, arena, ret, error);
}

static int find_station(sqlite3 *db, const char *sql, const struct catalogue *catalogue,
                        struct bytes wanted, struct arena *arena, struct station *ret,
                        struct error *error) {
    sqlite3_stmt *statement = NULL;
    if (database_statement(db, sql, &statement, error) != 0) {
        return -1;
    }
    sqlite3_bind_blob(statement, 1, wanted.data, (int)wanted.size, SQLITE_STATIC);
    int result = 0;
    int rc = sqlite3_step(statement);
    if (rc == SQLITE_ROW) {
        result = read_station(statement, catalogue, arena, ret, error);
    } else if (rc == SQLITE_DONE) {
        result =
            error_set(error, "device.unknown", "device",
                      "this station is not enrolled here; enrol it with an invitation");
    } else {
        result = error_from_sqlite(error, db, "looking for a station");
    }
    sqlite3_finalize(statement);
    return result;
}

#define STATION_COLUMNS                                                               \
    "select number, public_key, code, certificate, last_number, last_seq, last_hash," \
    " revoked_at, id, seen_base, schema_version,"                                     \
    " (select count(*) from station_key k where k.station = station.number)"          \
    " from station where "

int station_find(sqlite3 *db, const struct catalogue *catalogue, struct id device,
                 struct arena *arena, struct station *ret, struct error *error) {
    return find_station(db, STATION_COLUMNS "id = ?", catalogue,
                        (struct bytes){device.bytes, ID_SIZE}, arena, ret, error);
}

int station_find_by_key(sqlite3 *db, const struct catalogue *catalogue,
                        const struct sign_public *key, struct arena *arena,
                        struct station *ret, struct error *error) {
    return find_station(db, STATION_COLUMNS "public_key = ?", catalogue,
                        (struct bytes){key->bytes, SIGN_PUBLIC}, arena, ret, error);
}

/* --- invitations ------------------------------------------------------------------------------------ */

static void invite_encode(const struct invite *invite,
                          const uint8_t token_hash[HASH_SIZE], struct buffer *ret) {
    wire_put_array(ret, invite->everyone ? 6 : 5);
    wire_put_bytes(ret, (struct bytes){token_hash, HASH_SIZE});
    wire_put_array(ret, invite->actor_count);
    for (size_t i = 0; i < invite->actor_count; i++) {
        wire_put_id(ret, invite->actors[i]);
    }
    wire_put_text(ret, invite->ceiling);
    wire_put_text(ret, invite->name);
    wire_put_integer(ret, invite->expires_at);
    if (invite->everyone) {
        wire_put_bool(ret, true);
    }
}

static int read_text(const struct wire_node *node, const char *what, char *ret,
                     size_t size, struct error *error) {
    struct bytes text = {0};
    if (wire_text(node, what, size - 1, &text, error) != 0) {
        return -1;
    }
    memcpy(ret, text.data, text.size);
    ret[text.size] = '\0';
    return 0;
}

static int invite_read(const struct wire_node *root, struct invite *ret,
                       uint8_t ret_token_hash[HASH_SIZE], struct error *error) {
    size_t count = 0;
    struct bytes hash = {0};
    memset(ret, 0, sizeof *ret);
    if (wire_array(root, "invitation", 5, 6, &count, error) != 0 ||
        (count > 5 &&
         wire_bool(wire_item(root, 5), "everyone", &ret->everyone, error) != 0) ||
        wire_bytes(wire_item(root, 0), "token", HASH_SIZE, HASH_SIZE, &hash, error) !=
            0 ||
        wire_array(wire_item(root, 1), "actors", ret->everyone ? 0 : 1,
                   CERTIFICATE_ACTORS, &ret->actor_count, error) != 0 ||
        read_text(wire_item(root, 2), "ceiling", ret->ceiling, sizeof ret->ceiling,
                  error) != 0 ||
        read_text(wire_item(root, 3), "name", ret->name, sizeof ret->name, error) != 0 ||
        wire_integer(wire_item(root, 4), "expires", 0, INT64_MAX, &ret->expires_at,
                     error) != 0) {
        return -1;
    }
    for (size_t i = 0; i < ret->actor_count; i++) {
        if (wire_id(wire_item(wire_item(root, 1), i), "actor", &ret->actors[i], error) !=
            0) {
            return -1;
        }
    }
    memcpy(ret_token_hash, hash.data, HASH_SIZE);
    return 0;
}

int station_read_invite(struct bytes content, struct invite *ret,
                        uint8_t ret_token_hash[HASH_SIZE], struct error *error) {
    struct wire_document *document = NULL;
    if (wire_open(content, &document, error) != 0) {
        return -1;
    }
    int result = invite_read(wire_root(document), ret, ret_token_hash, error);
    wire_close(document);
    return result;
}

int station_apply_invite(struct master *master, struct bytes content,
                         struct error *error) {
    struct invite invite;
    uint8_t token_hash[HASH_SIZE];
    if (station_read_invite(content, &invite, token_hash, error) != 0) {
        return -1;
    }
    sqlite3_stmt *statement = master_statement(master, SQL_INVITATION_PUT, error);
    if (statement == NULL) {
        return -1;
    }
    sqlite3_bind_blob(statement, 1, token_hash, HASH_SIZE, SQLITE_STATIC);
    value_bind(statement, 2, value_blob(content));
    sqlite3_bind_int64(statement, 3, invite.expires_at);
    return master_run(master, statement, "keeping an invitation", error);
}

int station_invite(struct master *master, const struct invite *invite,
                   uint8_t ret_token[16], struct error *error) {
    uint8_t token_hash[HASH_SIZE];
    struct buffer content = buffer_make(LIMIT_TEXT);
    master->env->random(master->env->context, ret_token, 16);
    hash_blake2b((struct bytes){ret_token, 16}, token_hash);
    invite_encode(invite, token_hash, &content);
    struct journal_entry entry = {.kind = ENTRY_INVITE,
                                  .at = master_now(master),
                                  .content = buffer_bytes(&content)};
    int result = content.failed ? error_out_of_memory(error) : 0;
    if (result == 0) {
        result = station_apply_invite(master, entry.content, error);
    }
    if (result == 0) {
        result = journal_put(master, &entry, error);
    }
    buffer_free(&content);
    return result;
}

/* --- enrolment ----------------------------------------------------------------------------------------- */

/* A short code for printed numbers: letters and digits that are hard to confuse, by the
 * station's number, longer as there are more. */
void station_code(int64_t number, char ret[16]) {
    static const char DIGITS[] = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
    char reversed[16];
    size_t count = 0;
    int64_t rest = number + 31; /* begins with two characters */
    while (rest > 0 && count < 15) {
        reversed[count++] = DIGITS[rest % 32];
        rest /= 32;
    }
    for (size_t i = 0; i < count; i++) {
        ret[i] = reversed[count - 1 - i];
    }
    ret[count] = '\0';
}

/* content of an enrol entry: [token hash, certificate envelope] */
int station_read_enrol(struct bytes content, struct bytes *ret_hash,
                       struct bytes *ret_envelope, struct certificate *ret,
                       struct error *error) {
    struct wire_document *document = NULL;
    struct envelope envelope;
    size_t count = 0;
    if (wire_open(content, &document, error) != 0) {
        return -1;
    }
    const struct wire_node *root = wire_root(document);
    int result = wire_array(root, "enrol", 2, 2, &count, error);
    if (result == 0) {
        result = wire_bytes(wire_item(root, 0), "token", HASH_SIZE, HASH_SIZE, ret_hash,
                            error);
    }
    if (result == 0) {
        result = wire_bytes(wire_item(root, 1), "certificate", 1, LIMIT_TEXT,
                            ret_envelope, error);
    }
    if (result == 0) {
        result = envelope_open(*ret_envelope, &envelope, error);
    }
    if (result == 0) {
        result = certificate_decode(envelope.body, ret, error);
    }
    wire_close(document);
    return result;
}

int station_next_number(struct master *master, int64_t *ret, struct error *error) {
    return database_integer(
        master->db,
        "select max((select coalesce(max(number), 0) + 1 from station),"
        " (select coalesce(max(first_station), 0) from epoch))",
        ret, error);
}

/* A code is given once. After a history was lost two devices may show certificates with the same one all the same:
 * the second is called otherwise here. */
static int make_code_unique(struct master *master, struct certificate *certificate,
                            struct error *error) {
    static const char SQL[] = "select 1 from station where code = ?";
    char code[sizeof certificate->code];
    sqlite3_stmt *statement = NULL;
    if (database_statement(master->db, SQL, &statement, error) != 0) {
        return -1;
    }
    snprintf(code, sizeof code, "%s", certificate->code);
    int rc = SQLITE_ROW;
    for (int n = 1; rc == SQLITE_ROW && n < CODE_TRIES; n++) {
        if (n > 1) {
            snprintf(code, sizeof code, "%.10s-%d", certificate->code, n);
        }
        sqlite3_reset(statement);
        sqlite3_bind_text(statement, 1, code, -1, SQLITE_STATIC);
        rc = sqlite3_step(statement);
    }
    sqlite3_finalize(statement);
    memcpy(certificate->code, code, sizeof code);
    return rc == SQLITE_DONE ? 0
                             : error_from_sqlite(error, master->db, "giving out a code");
}

int station_put(struct master *master, const struct certificate *certificate,
                struct bytes envelope, const struct station_start *start,
                int64_t *ret_number, struct error *error) {
    sqlite3_stmt *statement = master_statement(master, SQL_STATION_PUT, error);
    if (statement == NULL || station_next_number(master, ret_number, error) != 0) {
        return -1;
    }
    sqlite3_bind_int64(statement, 1, *ret_number);
    sqlite3_bind_blob(statement, 2, certificate->device.bytes, ID_SIZE, SQLITE_STATIC);
    sqlite3_bind_blob(statement, 3, certificate->device_key.bytes, SIGN_PUBLIC,
                      SQLITE_STATIC);
    sqlite3_bind_text(statement, 4, certificate->code, -1, SQLITE_STATIC);
    value_bind(statement, 5, value_blob(envelope));
    sqlite3_bind_int64(statement, 6, start->seen_base);
    sqlite3_bind_int64(statement, 7, start->schema_version);
    return master_run(master, statement, "keeping a station", error);
}

int station_rekey(struct master *master, const struct station *station,
                  const struct certificate *next, struct bytes envelope,
                  struct error *error) {
    static const char FORMER[] =
        "insert into station_key (public_key, station, last_number,"
        " last_hash, entry) values (?, ?, ?, ?, ?)";
    static const char NEXT[] =
        "update station set public_key = ?2, certificate = ?3 where number = ?1";
    sqlite3_stmt *statement = NULL;
    if (database_statement(master->db, FORMER, &statement, error) != 0) {
        return -1;
    }
    sqlite3_bind_blob(statement, 1, station->key.bytes, SIGN_PUBLIC, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 2, station->number);
    sqlite3_bind_int64(statement, 3, next->last_number);
    sqlite3_bind_blob(statement, 4, next->last_hash, HASH_SIZE, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 5, master->entry + 1);
    int result = master_run(master, statement, "keeping a former key", error);
    sqlite3_finalize(statement);
    if (result != 0 || database_statement(master->db, NEXT, &statement, error) != 0) {
        return -1;
    }
    sqlite3_bind_int64(statement, 1, station->number);
    sqlite3_bind_blob(statement, 2, next->device_key.bytes, SIGN_PUBLIC, SQLITE_STATIC);
    value_bind(statement, 3, value_blob(envelope));
    result = master_run(master, statement, "keeping a new key", error);
    sqlite3_finalize(statement);
    return result;
}

int station_use_invitation(struct master *master, struct bytes token_hash,
                           int64_t station, struct error *error) {
    sqlite3_stmt *statement = master_statement(master, SQL_INVITATION_USE, error);
    if (statement == NULL) {
        return -1;
    }
    value_bind(statement, 1, value_blob(token_hash));
    sqlite3_bind_int64(statement, 2, station);
    return master_run(master, statement, "using an invitation", error);
}

int station_derive(struct master *master, struct work *work,
                   const struct own_transaction *own, struct error *error) {
    struct transaction transaction = {.id = own->id, .command = own->command};
    struct origin origin = {
        .received_at = own->at, .entry = master->entry + 1, .trusted = true};
    struct verdict verdict = {.transaction = own->id,
                              .kind = VERDICT_MERGED,
                              .gsn = master->gsn + 1,
                              .time = clock_pack(own->at, 0),
                              .code = "",
                              .field = "",
                              .message = ""};
    work_reset(work);
    work->transaction = &transaction;
    work->gsn = verdict.gsn;
    work->time = verdict.time;
    work->access = NULL;
    if (own->write(work, own->context, error) != 0 || placing_run(work, error) != 0) {
        return -1;
    }
    master->gsn = verdict.gsn;
    return verdict_put(master, work, &origin, &verdict, error);
}

static int write_device(struct work *work, const void *context, struct error *error) {
    return derived_device(work, context, error);
}

/* Enrolled without an invitation: it has shown its certificate. */
static bool is_proof(struct bytes token_hash) {
    static const uint8_t NO_INVITATION[HASH_SIZE];
    return memcmp(token_hash.data, NO_INVITATION, HASH_SIZE) == 0;
}

/* A device that shows its certificate has work from before: what it has seen is what both histories share. */
static int start_of(struct master *master, struct bytes token_hash,
                    struct station_start *ret, struct error *error) {
    *ret = (struct station_start){master->gsn, 0};
    return !is_proof(token_hash)
               ? 0
               : database_integer(master->db,
                                  "select coalesce(min(from_gsn), 0) from epoch"
                                  " where number = (select max(number) from epoch)",
                                  &ret->seen_base, error);
}

int station_apply_enrol(struct master *master, struct work *work, struct bytes content,
                        int64_t at, struct error *error) {
    struct bytes token_hash = {0};
    struct bytes envelope = {0};
    struct certificate certificate;
    struct station_start start;
    int64_t number = 0;
    bool known = false;
    if (station_read_enrol(content, &token_hash, &envelope, &certificate, error) != 0 ||
        papers_follow(master, &certificate, envelope, &known, error) != 0) {
        return -1;
    }
    if (known) {
        return 0;
    }
    if (start_of(master, token_hash, &start, error) != 0 ||
        (is_proof(token_hash) && papers_take_key(master, &certificate, error) != 0) ||
        make_code_unique(master, &certificate, error) != 0 ||
        station_put(master, &certificate, envelope, &start, &number, error) != 0 ||
        station_use_invitation(master, token_hash, number, error) != 0 ||
        (!id_is_zero(certificate.parent) &&
         papers_join_family(master, &certificate, number, error) != 0)) {
        return -1;
    }
    /* The list of devices is business data too. */
    const struct own_transaction own = {certificate.device, "device.enrol", at,
                                        write_device, &certificate};
    return station_derive(master, work, &own, error);
}

static int read_invitation(struct master *master, const uint8_t token_hash[HASH_SIZE],
                           struct invite *ret, int64_t *ret_station,
                           struct error *error) {
    uint8_t ignored[HASH_SIZE];
    sqlite3_stmt *statement = master_statement(master, SQL_INVITATION_GET, error);
    if (statement == NULL) {
        return -1;
    }
    sqlite3_bind_blob(statement, 1, token_hash, HASH_SIZE, SQLITE_STATIC);
    int result = 0;
    int rc = sqlite3_step(statement);
    if (rc == SQLITE_ROW) {
        *ret_station = sqlite3_column_int64(statement, 2);
        result =
            station_read_invite(value_of_column(statement, 0).bytes, ret, ignored, error);
    } else if (rc == SQLITE_DONE) {
        result = error_set(error, "invitation.unknown", "invitation",
                           "this server gave out no such invitation; ask for a new one");
    } else {
        result = error_from_sqlite(error, master->db, "looking for an invitation");
    }
    sqlite3_reset(statement);
    return result;
}

int station_certify(struct master *master, const struct certificate *certificate,
                    struct arena *arena, struct bytes *ret, struct error *error) {
    struct buffer body = buffer_make(LIMIT_TEXT);
    struct buffer envelope = buffer_make(LIMIT_TEXT);
    certificate_encode(certificate, &body);
    envelope_seal(buffer_bytes(&body), "satchel certificate", &master->keys, &envelope);
    *ret = arena_copy(arena, buffer_bytes(&envelope));
    bool failed = body.failed || envelope.failed || ret->data == NULL;
    buffer_free(&body);
    buffer_free(&envelope);
    return failed ? error_out_of_memory(error) : 0;
}

static void fill_certificate(struct master *master, const struct invite *invite,
                             const struct enrol_request *request, int64_t number,
                             int64_t at, struct certificate *ret) {
    memset(ret, 0, sizeof *ret);
    ret->org = master->org;
    ret->device = env_new_id(master->env);
    ret->device_key = request->device_key;
    ret->issued_at = at;
    ret->actor_count = invite->actor_count;
    memcpy(ret->actors, invite->actors, sizeof invite->actors);
    ret->everyone = invite->everyone;
    memcpy(ret->ceiling, invite->ceiling, sizeof invite->ceiling);
    memcpy(ret->name, request->name[0] ? request->name : invite->name, sizeof ret->name);
    station_code(number, ret->code);
}

int station_journal_enrol(struct master *master, struct work *work,
                          const uint8_t token_hash[HASH_SIZE], struct bytes envelope,
                          struct error *error) {
    int64_t at = master_now(master);
    struct buffer content = buffer_make(LIMIT_TEXT);
    wire_put_array(&content, 2);
    wire_put_bytes(&content, (struct bytes){token_hash, HASH_SIZE});
    wire_put_bytes(&content, envelope);
    struct journal_entry entry = {
        .kind = ENTRY_ENROL, .at = at, .content = buffer_bytes(&content)};
    int result = content.failed ? error_out_of_memory(error) : 0;
    if (result == 0) {
        result = station_apply_enrol(master, work, entry.content, at, error);
    }
    if (result == 0) {
        result = journal_put(master, &entry, error);
    }
    buffer_free(&content);
    return result;
}

static int enrol_new(struct master *master, struct work *work,
                     const struct invite *invite, const struct enrol_request *request,
                     const uint8_t token_hash[HASH_SIZE], struct arena *arena,
                     struct bytes *ret_certificate, struct error *error) {
    int64_t number = 0;
    int64_t at = master_now(master);
    if (at > invite->expires_at) {
        return error_set(error, "invitation.expired", "invitation",
                         "this invitation has expired; ask for a new one");
    }
    if (station_next_number(master, &number, error) != 0) {
        return -1;
    }
    struct certificate certificate;
    fill_certificate(master, invite, request, number, at, &certificate);
    return station_certify(master, &certificate, arena, ret_certificate, error) != 0
               ? -1
               : station_journal_enrol(master, work, token_hash, *ret_certificate, error);
}

int station_enrol(struct master *master, struct work *work,
                  const struct enrol_request *request, struct arena *arena,
                  struct bytes *ret_certificate, struct error *error) {
    uint8_t token_hash[HASH_SIZE];
    struct invite invite;
    int64_t used_by = 0;
    struct station known;
    hash_blake2b((struct bytes){request->token, sizeof request->token}, token_hash);
    if (read_invitation(master, token_hash, &invite, &used_by, error) != 0) {
        return -1;
    }
    if (used_by == INVITATION_REVOKED) {
        return error_set(error, "invitation.revoked", "invitation",
                         "headquarters took this invitation back; ask for a new one");
    }
    if (used_by == 0) {
        return enrol_new(master, work, &invite, request, token_hash, arena,
                         ret_certificate, error);
    }
    int found = station_find_by_key(master->db, master->catalogue, &request->device_key,
                                    arena, &known, error);
    if (found == 0 && known.number == used_by && known.revoked) {
        return error_set(error, "device.revoked", "device", "this station was revoked");
    }
    if (found == 0 && known.number == used_by) {
        return station_certify(master, &known.certificate, arena, ret_certificate, error);
    }
    if (found != 0 && !error_is(error, "device.unknown")) {
        return -1;
    }
    return error_set(error, "invitation.used", "invitation",
                     "this invitation was used by another station; ask for a new one");
}
