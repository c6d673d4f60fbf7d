/* Taking trust back: of devices, of open invitations. */
#include "server/revoke.h"

#include <stdio.h>
#include <string.h>

#include "schema/base/hash.h"
#include "server/derived.h"
#include "server/history.h"
#include "server/internal.h"
#include "server/journal.h"
#include "server/placing.h"
#include "sync/wire.h"

enum { REVOKE_MEMORY = 64 * 1024 * 1024 };

/* --- the entry --------------------------------------------------------------------------------- */

static void revoke_encode(const struct revocation *revocation, struct buffer *ret) {
    wire_put_array(ret, 4);
    wire_put_integer(ret, revocation->what);
    wire_put_bytes(ret, revocation->id);
    wire_put_value(ret, (struct value){.type = VALUE_TEXT, .bytes = revocation->reason});
    if (id_is_zero(revocation->by)) {
        wire_put_null(ret);
    } else {
        wire_put_id(ret, revocation->by);
    }
}

static int read_root(const struct wire_node *root, struct revocation *ret,
                     struct error *error) {
    size_t count = 0;
    memset(ret, 0, sizeof *ret);
    if (wire_array(root, "revocation", 4, 4, &count, error) != 0 ||
        wire_integer(wire_item(root, 0), "what", REVOKE_DEVICE, REVOKE_INVITATION,
                     &ret->what, error) != 0) {
        return -1;
    }
    size_t size = ret->what == REVOKE_DEVICE ? ID_SIZE : HASH_SIZE;
    if (wire_bytes(wire_item(root, 1), "id", size, size, &ret->id, error) != 0 ||
        wire_text(wire_item(root, 2), "reason", REVOKE_REASON, &ret->reason, error) !=
            0) {
        return -1;
    }
    return wire_is_null(wire_item(root, 3))
               ? 0
               : wire_id(wire_item(root, 3), "by", &ret->by, error);
}

int revoke_read(struct bytes content, struct revocation *ret, struct error *error) {
    struct wire_document *document = NULL;
    if (wire_open(content, &document, error) != 0) {
        return -1;
    }
    int result = read_root(wire_root(document), ret, error);
    wire_close(document);
    return result;
}

/* --- applying ----------------------------------------------------------------------------------- */

struct revoked_devices {
    const struct id *devices;
    size_t count;
    int64_t at;
};

static int write_revoked(struct work *work, const void *context, struct error *error) {
    const struct revoked_devices *revoked = context;
    for (size_t i = 0; i < revoked->count; i++) {
        if (derived_device_revoked(work, revoked->devices[i], revoked->at, error) != 0) {
            return -1;
        }
    }
    return 0;
}

/* Whoever holds the keys of one may hold those of all: those that are not revoked yet, oldest first. */
static int find_family(struct master *master, const struct station *station,
                       struct arena *arena, struct revoked_devices *ret,
                       struct error *error) {
    static const char SQL[] =
        "select id from station where revoked_at is null and (number = ?1 or number in"
        " (select station from station_kin where root = ?1)) order by number";
    sqlite3_stmt *statement = NULL;
    int64_t count = 0;
    if (database_integer(master->db, "select count(*) from station", &count, error) !=
        0) {
        return -1;
    }
    struct id *devices = arena_alloc_array(arena, (size_t)count, sizeof *devices);
    if (devices == NULL) {
        return error_out_of_memory(error);
    }
    if (database_statement(master->db, SQL, &statement, error) != 0) {
        return -1;
    }
    sqlite3_bind_int64(statement, 1, station->family.root);
    int rc = SQLITE_DONE;
    while (ret->count < (size_t)count && (rc = sqlite3_step(statement)) == SQLITE_ROW) {
        struct bytes id = value_of_column(statement, 0).bytes;
        memcpy(devices[ret->count++].bytes, id.data, ID_SIZE);
    }
    sqlite3_finalize(statement);
    ret->devices = devices;
    return rc == SQLITE_ROW || rc == SQLITE_DONE
               ? 0
               : error_from_sqlite(error, master->db, "looking for a family");
}

static int mark_family(struct master *master, const struct station *station, int64_t at,
                       struct error *error) {
    sqlite3_stmt *statement = master_statement(master, SQL_STATION_REVOKE, error);
    if (statement == NULL) {
        return -1;
    }
    sqlite3_bind_int64(statement, 1, station->family.root);
    sqlite3_bind_int64(statement, 2, at);
    return master_run(master, statement, "revoking a station", error);
}

static int revoke_device(struct master *master, struct work *work, struct bytes content,
                         struct id device, int64_t at, struct error *error) {
    struct arena arena = arena_make(REVOKE_MEMORY);
    struct station station;
    uint8_t hash[HASH_SIZE];
    struct revoked_devices revoked = {.at = at};
    hash_blake2b(content, hash);
    const struct own_transaction own = {id_v8(hash), "device.revoke", at, write_revoked,
                                        &revoked};
    int result = station_find(master->db, master->catalogue, device, &arena, &station,
                              error) != 0 ||
                         find_family(master, &station, &arena, &revoked, error) != 0 ||
                         mark_family(master, &station, at, error) != 0 ||
                         station_derive(master, work, &own, error) != 0
                     ? -1
                     : 0;
    arena_free(&arena);
    return result;
}

int revoke_apply(struct master *master, struct work *work, struct bytes content,
                 int64_t at, struct error *error) {
    struct revocation revocation;
    struct id device;
    if (revoke_read(content, &revocation, error) != 0) {
        return -1;
    }
    if (revocation.what == REVOKE_INVITATION) {
        return station_use_invitation(master, revocation.id, INVITATION_REVOKED, error);
    }
    memcpy(device.bytes, revocation.id.data, ID_SIZE);
    return revoke_device(master, work, content, device, at, error);
}

/* --- what is meant ------------------------------------------------------------------------------- */

struct wanted {
    const char *kind; /* "device" */
    const char *sql;  /* ?1 text, ?2 exact; columns: id, revoked or used already */
    const char *text;
    struct bytes exact;
    size_t id_size;
};

/* One row that fits, or none; more is ambiguous. */
static int find_one(struct master *master, const struct wanted *wanted, uint8_t *ret,
                    int64_t *ret_state, struct error *error) {
    sqlite3_stmt *statement = NULL;
    char code[LIMIT_NAME];
    if (database_statement(master->db, wanted->sql, &statement, error) != 0) {
        return -1;
    }
    sqlite3_bind_text(statement, 1, wanted->text, -1, SQLITE_STATIC);
    value_bind(statement, 2, value_blob(wanted->exact));
    int rc = sqlite3_step(statement);
    bool found =
        rc == SQLITE_ROW && value_of_column(statement, 0).bytes.size == wanted->id_size;
    if (found) {
        memcpy(ret, value_of_column(statement, 0).bytes.data, wanted->id_size);
        *ret_state = sqlite3_column_int64(statement, 1);
        rc = sqlite3_step(statement);
    }
    sqlite3_finalize(statement);
    if (rc != SQLITE_ROW && rc != SQLITE_DONE) {
        return error_from_sqlite(error, master->db, "looking for what is meant");
    }
    if (found && rc == SQLITE_DONE) {
        return 0;
    }
    snprintf(code, sizeof code, "%s.%s", wanted->kind, found ? "ambiguous" : "unknown");
    return error_set(error, code, wanted->kind,
                     found ? "several are called \"%.100s\"; give the code or the id"
                           : "there is none called \"%.100s\"",
                     wanted->text);
}

/* A family counts as one. */
static int find_device(struct master *master, const char *text, uint8_t ret[ID_SIZE],
                       int64_t *ret_state, struct error *error) {
    static const char SQL[] =
        "select d.id, min(s.revoked_at is not null) from device d"
        " join station s on s.id = d.id left join station_kin k on k.station = s.number"
        " where d.id = ?2 or fold(d.code) = fold(?1) or fold(d.name) = fold(?1)"
        " group by coalesce(k.root, s.number) limit 2";
    struct id id = {{0}};
    id_parse(text, &id);
    const struct wanted wanted = {"device", SQL, text, {id.bytes, ID_SIZE}, ID_SIZE};
    return find_one(master, &wanted, ret, ret_state, error);
}

int revoke_find_device(struct master *master, const char *text, struct id *ret,
                       struct error *error) {
    int64_t state = 0;
    return find_device(master, text, ret->bytes, &state, error);
}

static int find_invitation(struct master *master, const char *text,
                           uint8_t ret[HASH_SIZE], int64_t *ret_state,
                           struct error *error) {
    static const char SQL[] =
        "select token_hash, coalesce(station, 0) from invitation"
        " where lower(substr(hex(token_hash), 1, length(?1))) = lower(?1) and ?2 is not null"
        " limit 2";
    if (strlen(text) < INVITATION_ID / 2) {
        return error_set(error, "invitation.unknown", "invitation",
                         "give the invitation's id, as satcheld invitations prints it");
    }
    const struct wanted wanted = {"invitation", SQL, text, bytes_of_text(text),
                                  HASH_SIZE};
    return find_one(master, &wanted, ret, ret_state, error);
}

/* --- asked for by people --------------------------------------------------------------------------- */

static int journal_revocation(struct master *master, struct work *work,
                              const struct revocation *revocation, struct error *error) {
    struct buffer content = buffer_make(LIMIT_TEXT);
    revoke_encode(revocation, &content);
    struct journal_entry entry = {.kind = ENTRY_REVOKE,
                                  .at = master_now(master),
                                  .content = buffer_bytes(&content)};
    int result = content.failed
                     ? error_out_of_memory(error)
                     : revoke_apply(master, work, entry.content, entry.at, error);
    if (result == 0) {
        result = journal_put(master, &entry, error);
    }
    buffer_free(&content);
    return result;
}

/* Headquarters' own pages run on it: it comes back at the next start, so revoking it is a mistake. */
static int check_not_console(struct master *master, const uint8_t id[ID_SIZE],
                             struct error *error) {
    struct arena arena = arena_make(REVOKE_MEMORY);
    struct station station;
    struct id device;
    memcpy(device.bytes, id, ID_SIZE);
    int result =
        station_find(master->db, master->catalogue, device, &arena, &station, error);
    arena_free(&arena);
    if (result == 0 && station.certificate.everyone) {
        result =
            error_set(error, "device.console", "device",
                      "this is headquarters' own station; run satcheld serve without "
                      "--console to end it");
    }
    return result;
}

static int revoke(struct master *master, struct work *work,
                  const struct revoke_options *options, struct error *error) {
    uint8_t id[HASH_SIZE];
    int64_t state = 0;
    struct revocation revocation = {.what = REVOKE_DEVICE,
                                    .id = {id, ID_SIZE},
                                    .reason = bytes_of_text(options->reason),
                                    .by = options->by};
    if (options->device != NULL) {
        if (find_device(master, options->device, id, &state, error) != 0 ||
            check_not_console(master, id, error) != 0) {
            return -1;
        }
    } else {
        revocation.what = REVOKE_INVITATION;
        revocation.id.size = HASH_SIZE;
        if (find_invitation(master, options->invitation, id, &state, error) != 0) {
            return -1;
        }
        if (state > 0) {
            return error_set(error, "invitation.used", "invitation",
                             "a station used this invitation already; revoke the device");
        }
    }
    return state != 0 ? 0 : journal_revocation(master, work, &revocation, error);
}

static int revoke_in_transaction(struct master *master,
                                 const struct revoke_options *options,
                                 struct error *error) {
    struct work work;
    bool begun = false;
    work_begin(&work, master);
    int result = history_restored(master, &work, &begun, error);
    if (result == 0) {
        result = master_begin(master, error);
    }
    if (result == 0) {
        result = revoke(master, &work, options, error) == 0 ? master_commit(master, error)
                                                            : -1;
    }
    master_rollback(master); /* nothing is open any more when it was committed */
    work_end(&work);
    return result;
}

int server_revoke(const struct server_options *options,
                  const struct revoke_options *revoke_options, struct error *error) {
    struct master *master = NULL;
    struct revoke_options wanted = *revoke_options;
    wanted.reason = wanted.reason ? wanted.reason : "";
    if (strlen(wanted.reason) > REVOKE_REASON) {
        return error_set(error, "parameter.invalid", "reason",
                         "a reason has at most %d bytes", REVOKE_REASON);
    }
    if (seal_start(error) != 0 || server_open_master(options, &master, error) != 0) {
        return -1;
    }
    int result = revoke_in_transaction(master, &wanted, error);
    master_close(master);
    return result;
}
