/* Devices that go on under another key: children of forks, rotated keys. */
#include "server/device.h"

#include <string.h>

#include "server/derived.h"
#include "server/journal.h"
#include "server/placing.h"
#include "sync/wire.h"

enum {
    DEVICE_MEMORY = 1024 * 1024,
    CHAIN_AHEAD = 100000 /* bundles that a former key may still have sealed */
};

static const char REENROL[] = "satchel reenrol request";
static const char ROTATE[] = "satchel rotate request";

int device_call_open(struct bytes sealed, struct id org, struct device_call *ret,
                     struct error *error) {
    ret->sealed = sealed;
    if (handover_open(sealed, &ret->handover, error) != 0 ||
        device_request_decode(ret->handover.inner.body, &ret->request, error) != 0) {
        return -1;
    }
    return id_equal(ret->request.org, org)
               ? 0
               : error_set(error, "org.unknown", "org",
                           "this is another company's server");
}

/* --- entries ---------------------------------------------------------------------------------------- */

int device_read_entry(struct bytes content, struct bytes *ret_envelope,
                      struct certificate *ret, struct bytes *ret_request,
                      struct error *error) {
    struct wire_document *document = NULL;
    struct envelope envelope;
    size_t count = 0;
    if (wire_open(content, &document, error) != 0) {
        return -1;
    }
    const struct wire_node *root = wire_root(document);
    int result = wire_array(root, "device", 2, 2, &count, error) != 0 ||
                         wire_bytes(wire_item(root, 0), "certificate", 1, LIMIT_TEXT,
                                    ret_envelope, error) != 0 ||
                         wire_bytes(wire_item(root, 1), "request", 1, LIMIT_ENROL_REQUEST,
                                    ret_request, error) != 0 ||
                         envelope_open(*ret_envelope, &envelope, error) != 0 ||
                         certificate_decode(envelope.body, ret, error) != 0
                     ? -1
                     : 0;
    wire_close(document);
    return result;
}

static void write_entry(struct bytes certificate, struct bytes request,
                        struct buffer *ret) {
    wire_put_array(ret, 2);
    wire_put_bytes(ret, certificate);
    wire_put_bytes(ret, request);
}

/* What both kinds of entries are applied from. */
struct device_entry {
    struct bytes envelope;
    struct certificate certificate;
    struct device_call call;
    struct station station; /* whose request it was */
    struct arena arena;
};

static int open_entry(struct master *master, struct bytes content, const char *context,
                      struct device_entry *ret, struct error *error) {
    struct bytes request;
    memset(ret, 0, sizeof *ret);
    ret->arena = arena_make(DEVICE_MEMORY);
    return device_read_entry(content, &ret->envelope, &ret->certificate, &request,
                             error) != 0 ||
                   device_call_open(request, master->org, &ret->call, error) != 0 ||
                   station_find(master->db, master->catalogue, ret->call.request.device,
                                &ret->arena, &ret->station, error) != 0 ||
                   handover_verify(&ret->call.handover, context, &ret->station.key,
                                   &ret->call.request.new_key, error) != 0
               ? -1
               : 0;
}

/* --- who asks ------------------------------------------------------------------------------------------ */

/* The device, by the signature of its key and of the new one. */
static int find_caller(struct master *master, const struct device_call *call,
                       const char *context, struct arena *arena, struct station *ret,
                       struct error *error) {
    const struct device_request *request = &call->request;
    if (station_find(master->db, master->catalogue, request->device, arena, ret, error) !=
            0 ||
        handover_verify(&call->handover, context, &ret->key, &request->new_key, error) !=
            0) {
        return -1;
    }
    return ret->revoked
               ? error_set(error, "device.revoked", "device", "this station was revoked")
               : 0;
}

/* A key is one device's, for ever. */
static int check_new_key(struct master *master, const struct sign_public *key,
                         struct error *error) {
    sqlite3_stmt *statement = NULL;
    static const char SQL[] =
        "select exists (select 1 from station where public_key = ?1)"
        " or exists (select 1 from station_key where public_key = ?1)";
    if (database_statement(master->db, SQL, &statement, error) != 0) {
        return -1;
    }
    sqlite3_bind_blob(statement, 1, key->bytes, SIGN_PUBLIC, SQLITE_STATIC);
    int rc = sqlite3_step(statement);
    bool used = rc == SQLITE_ROW && sqlite3_column_int(statement, 0) != 0;
    sqlite3_finalize(statement);
    if (rc != SQLITE_ROW) {
        return error_from_sqlite(error, master->db, "looking for a key");
    }
    return used ? error_set(error, "device.key_taken", "new_key",
                            "the new key is a device's already; make another")
                : 0;
}

/* The journal's entry that holds a bundle, and its hash; entry 0: there is none. */
static int find_bundle(struct master *master, int64_t station, int64_t number,
                       uint8_t ret_hash[HASH_SIZE], int64_t *ret_entry,
                       struct error *error) {
    sqlite3_stmt *statement = master_statement(master, SQL_BUNDLE_GET, error);
    if (statement == NULL) {
        return -1;
    }
    sqlite3_bind_int64(statement, 1, station);
    sqlite3_bind_int64(statement, 2, number);
    int rc = sqlite3_step(statement);
    struct bytes hash =
        rc == SQLITE_ROW ? value_of_column(statement, 0).bytes : (struct bytes){NULL, 0};
    *ret_entry = hash.size == HASH_SIZE ? sqlite3_column_int64(statement, 1) : 0;
    if (*ret_entry != 0) {
        memcpy(ret_hash, hash.data, HASH_SIZE);
    }
    sqlite3_reset(statement);
    return rc == SQLITE_ROW || rc == SQLITE_DONE
               ? 0
               : error_from_sqlite(error, master->db, "looking for a bundle");
}

/* --- children ------------------------------------------------------------------------------------------ */

/* The last gsn before an entry: what both copies of a device have in common. */
static int gsn_before(struct master *master, int64_t entry, int64_t *ret,
                      struct error *error) {
    static const char SQL[] =
        "select gsn from gsn_log where entry < ? order by gsn desc limit 1";
    sqlite3_stmt *statement = NULL;
    if (database_statement(master->db, SQL, &statement, error) != 0) {
        return -1;
    }
    sqlite3_bind_int64(statement, 1, entry);
    int rc = sqlite3_step(statement);
    *ret = rc == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
    sqlite3_finalize(statement);
    return rc == SQLITE_ROW || rc == SQLITE_DONE
               ? 0
               : error_from_sqlite(error, master->db, "looking for a fork");
}

static int put_kinship(struct master *master, const struct device_entry *entry,
                       int64_t child, struct error *error) {
    const struct device_request *request = &entry->call.request;
    const struct station *parent = &entry->station;
    uint8_t hash[HASH_SIZE];
    int64_t journaled = 0;
    struct kinship kinship = {.station = child,
                              .parent = parent->number,
                              .root = parent->family.root,
                              .number = request->number,
                              .hash = {request->hash, HASH_SIZE}};
    return find_bundle(master, parent->number, request->number, hash, &journaled,
                       error) != 0 ||
                   gsn_before(master, journaled, &kinship.fork_gsn, error) != 0
               ? -1
               : kin_put(master, &kinship, error);
}

static int write_child(struct work *work, const void *context, struct error *error) {
    return derived_device(work, context, error);
}

static int apply_child(struct master *master, struct work *work,
                       const struct device_entry *entry, int64_t at,
                       struct error *error) {
    const struct certificate *certificate = &entry->certificate;
    const struct station_start start = {entry->station.seen_base,
                                        entry->station.schema_version};
    int64_t number = 0;
    if (station_put(master, certificate, entry->envelope, &start, &number, error) != 0 ||
        put_kinship(master, entry, number, error) != 0) {
        return -1;
    }
    const struct own_transaction own = {certificate->device, "device.enrol", at,
                                        write_child, certificate};
    return station_derive(master, work, &own, error);
}

int device_apply_reenrol(struct master *master, struct work *work, struct bytes content,
                         int64_t at, struct error *error) {
    struct device_entry entry;
    int result = open_entry(master, content, REENROL, &entry, error) == 0
                     ? apply_child(master, work, &entry, at, error)
                     : -1;
    arena_free(&entry.arena);
    return result;
}

/* The device has another bundle under this number than the one that was received. */
static int check_evidence(struct master *master, const struct station *parent,
                          const struct device_request *request, struct error *error) {
    uint8_t hash[HASH_SIZE];
    int64_t entry = 0;
    int64_t child = 0;
    struct bytes evidence = {request->hash, HASH_SIZE};
    if (find_bundle(master, parent->number, request->number, hash, &entry, error) != 0 ||
        kin_child(master, parent->number, request->number, evidence, &child, error) !=
            0) {
        return -1;
    }
    if (entry == 0 || memcmp(hash, request->hash, HASH_SIZE) == 0) {
        return error_set(error, "reenrol.no_fork", "hash",
                         "this device was neither copied nor restored");
    }
    if (child != 0) {
        return error_set(error, "reenrol.evidence", "hash",
                         "another copy of this device was enrolled on this bundle");
    }
    return parent->family.ancestor_count + 1 < FAMILY_GENERATIONS
               ? 0
               : error_set(error, "reenrol.generations", "device",
                           "this station was copied too often; enrol it with a new "
                           "invitation");
}

static int journal_call(struct master *master, struct work *work,
                        const struct device_call *call, enum entry_kind kind,
                        struct bytes certificate, struct error *error) {
    struct buffer content = buffer_make(LIMIT_TEXT);
    write_entry(certificate, call->sealed, &content);
    struct journal_entry entry = {
        .kind = kind, .at = master_now(master), .content = buffer_bytes(&content)};
    int result = content.failed ? error_out_of_memory(error) : 0;
    if (result == 0) {
        result = kind == ENTRY_REENROL
                     ? device_apply_reenrol(master, work, entry.content, entry.at, error)
                     : device_apply_rotate(master, entry.content, error);
    }
    if (result == 0) {
        result = journal_put(master, &entry, error);
    }
    buffer_free(&content);
    return result;
}

/* What came before, for a server that will have lost it. */
static void note_last(const struct device_request *request, struct certificate *ret) {
    ret->follows = true;
    ret->last_number = request->number;
    memcpy(ret->last_hash, request->hash, HASH_SIZE);
}

static int make_child(struct master *master, const struct station *parent,
                      const struct device_request *request, struct certificate *ret,
                      struct error *error) {
    int64_t number = 0;
    if (station_next_number(master, &number, error) != 0) {
        return -1;
    }
    *ret = parent->certificate;
    ret->device = env_new_id(master->env);
    ret->device_key = request->new_key;
    ret->issued_at = master_now(master);
    ret->parent = parent->id;
    note_last(request, ret);
    station_code(number, ret->code);
    return 0;
}

/* The child that this key was given to before, when it was on the same evidence. */
static int known_child(struct master *master, const struct station *parent,
                       const struct device_request *request, struct arena *arena,
                       struct bytes *ret_certificate, struct error *error) {
    struct station child;
    int64_t number = 0;
    struct bytes evidence = {request->hash, HASH_SIZE};
    int found = station_find_by_key(master->db, master->catalogue, &request->new_key,
                                    arena, &child, error);
    if (found != 0) {
        return error_is(error, "device.unknown") ? 0 : -1;
    }
    if (kin_child(master, parent->number, request->number, evidence, &number, error) !=
        0) {
        return -1;
    }
    return child.number == number ? station_certify(master, &child.certificate, arena,
                                                    ret_certificate, error)
                                  : 0;
}

int device_reenrol(struct master *master, struct work *work,
                   const struct device_call *call, struct arena *arena,
                   struct bytes *ret_certificate, struct error *error) {
    const struct device_request *request = &call->request;
    struct station parent;
    struct certificate child;
    *ret_certificate = (struct bytes){NULL, 0};
    if (find_caller(master, call, REENROL, arena, &parent, error) != 0 ||
        known_child(master, &parent, request, arena, ret_certificate, error) != 0) {
        return -1;
    }
    if (ret_certificate->data != NULL) {
        return 0;
    }
    return check_new_key(master, &request->new_key, error) != 0 ||
                   check_evidence(master, &parent, request, error) != 0 ||
                   make_child(master, &parent, request, &child, error) != 0 ||
                   station_certify(master, &child, arena, ret_certificate, error) != 0
               ? -1
               : journal_call(master, work, call, ENTRY_REENROL, *ret_certificate, error);
}

/* --- rotated keys ----------------------------------------------------------------------------------------- */

int device_apply_rotate(struct master *master, struct bytes content,
                        struct error *error) {
    struct device_entry entry;
    int result = open_entry(master, content, ROTATE, &entry, error);
    if (result == 0) {
        struct certificate next = entry.certificate; /* as the device asked for it */
        note_last(&entry.call.request, &next);
        result = station_rekey(master, &entry.station, &next, entry.envelope, error);
    }
    arena_free(&entry.arena);
    return result;
}

/* The last bundle of the device, as far as it has arrived. */
static int check_chain(const struct station *station,
                       const struct device_request *request, struct error *error) {
    bool good = request->number == station->last_number
                    ? memcmp(request->hash, station->last_hash, HASH_SIZE) == 0
                    : request->number > station->last_number &&
                          request->number - station->last_number <= CHAIN_AHEAD;
    return good ? 0
                : error_set(error, "rotate.chain", "number",
                            "the bundle named is not the last one of this device");
}

/* The answer to this very request got lost: the device has the new key already. */
static bool was_rotated(const struct station *station, const struct device_call *call) {
    const struct former_key *last =
        station->former_count ? &station->former[station->former_count - 1] : NULL;
    return last != NULL &&
           memcmp(&station->key, &call->request.new_key, sizeof station->key) == 0 &&
           last->last_number == call->request.number &&
           handover_verify(&call->handover, ROTATE, &last->key, &station->key, NULL) == 0;
}

int device_rotate(struct master *master, struct work *work,
                  const struct device_call *call, struct arena *arena,
                  struct bytes *ret_certificate, struct error *error) {
    struct station station;
    if (station_find(master->db, master->catalogue, call->request.device, arena, &station,
                     error) != 0) {
        return -1;
    }
    if (was_rotated(&station, call)) {
        return station_certify(master, &station.certificate, arena, ret_certificate,
                               error);
    }
    if (find_caller(master, call, ROTATE, arena, &station, error) != 0 ||
        check_new_key(master, &call->request.new_key, error) != 0 ||
        check_chain(&station, &call->request, error) != 0) {
        return -1;
    }
    struct certificate certificate = station.certificate;
    certificate.device_key = call->request.new_key;
    certificate.issued_at = master_now(master);
    note_last(&call->request, &certificate);
    return station_certify(master, &certificate, arena, ret_certificate, error) != 0
               ? -1
               : journal_call(master, work, call, ENTRY_ROTATE, *ret_certificate, error);
}
