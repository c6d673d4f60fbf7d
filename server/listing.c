/* What headquarters gave out and who uses it: devices and invitations, as JSON. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema/base/json_text.h"
#include "server/internal.h"
#include "server/journal.h"
#include "server/revoke.h"
#include "server/seen.h"

enum { LISTING_MEMORY = 256 * 1024 * 1024, BUCKETS = 4096 };

/* --- JSON ------------------------------------------------------------------------------------------ */

static void put_text(struct buffer *json, const char *name, const char *text) {
    buffer_printf(json, "\"%s\":", name);
    json_put_text(json, bytes_of_text(text));
}

/* A negative time or count is null: it is not known, or never was. */
static void put_number(struct buffer *json, const char *name, int64_t number) {
    if (number < 0) {
        buffer_printf(json, ",\"%s\":null", name);
    } else {
        buffer_printf(json, ",\"%s\":%lld", name, (long long)number);
    }
}

static int64_t time_or_none(int64_t ms) {
    return ms > 0 ? ms : -1;
}

/* --- opening ------------------------------------------------------------------------------------------- */

struct listing {
    struct master *master;
    struct arena arena;
    sqlite3_stmt *person;
    struct buffer *json;
    bool any;
};

/* Opens for reading: a snapshot of all that follows. */
static int open_listing(const struct server_options *options, struct buffer *json,
                        struct listing *ret, struct error *error) {
    struct buffer sql = buffer_make(LIMIT_TEXT);
    *ret = (struct listing){.arena = arena_make(LISTING_MEMORY), .json = json};
    if (seal_start(error) != 0 || server_open_master(options, &ret->master, error) != 0) {
        return -1;
    }
    int result = server_person_sql(ret->master->catalogue, &sql, error);
    if (result == 0) {
        result = sql.failed ? error_out_of_memory(error)
                            : database_statement(ret->master->db, buffer_text(&sql),
                                                 &ret->person, error);
    }
    buffer_free(&sql);
    return result == 0 ? database_run(ret->master->db, "begin", error) : -1;
}

static int close_listing(struct listing *listing, int result, struct error *error) {
    sqlite3_finalize(listing->person);
    master_close(listing->master);
    arena_free(&listing->arena);
    buffer_append_byte(listing->json, ']');
    return result == 0 && listing->json->failed ? error_out_of_memory(error) : result;
}

static void begin_object(struct listing *listing) {
    buffer_printf(listing->json, "%s\n{", listing->any ? "," : "");
    listing->any = true;
}

/* A person's name as it is now, "" when there is none; valid until the next call. */
static const char *name_of(struct listing *listing, struct id user) {
    sqlite3_stmt *statement = listing->person;
    sqlite3_reset(statement);
    sqlite3_bind_blob(statement, 1, user.bytes, ID_SIZE, SQLITE_TRANSIENT);
    const char *name = sqlite3_step(statement) == SQLITE_ROW
                           ? (const char *)sqlite3_column_text(statement, 0)
                           : NULL;
    return name ? name : "";
}

static void put_person(struct listing *listing, struct id user) {
    char id[ID_TEXT_SIZE];
    id_format(user, id);
    buffer_printf(listing->json, "{\"id\":\"%s\",", id);
    put_text(listing->json, "name", name_of(listing, user));
    buffer_append_byte(listing->json, '}');
}

/* --- devices ---------------------------------------------------------------------------------------------- */

struct device_row {
    struct certificate certificate;
    struct contact contact;
    int64_t revoked_at; /* 0: it is not */
    int64_t head;
};

static void put_people(struct listing *listing, const struct certificate *certificate) {
    buffer_printf(listing->json, ",\"everyone\":%s,\"people\":[",
                  certificate->everyone ? "true" : "false");
    for (size_t i = 0; i < certificate->actor_count; i++) {
        buffer_printf(listing->json, "%s", i ? "," : "");
        put_person(listing, certificate->actors[i]);
    }
    buffer_append_byte(listing->json, ']');
}

static void put_device(struct listing *listing, const struct device_row *row) {
    struct buffer *json = listing->json;
    char id[ID_TEXT_SIZE];
    bool seen = row->contact.at > 0;
    id_format(row->certificate.device, id);
    begin_object(listing);
    buffer_printf(json, "\"id\":\"%s\",\"code\":\"%s\",", id, row->certificate.code);
    put_text(json, "name", row->certificate.name);
    buffer_append_byte(json, ',');
    put_text(json, "ceiling", row->certificate.ceiling);
    put_people(listing, &row->certificate);
    put_number(json, "enrolled_at", row->certificate.issued_at);
    put_number(json, "last_seen_at", time_or_none(row->contact.at));
    put_number(json, "revoked_at", time_or_none(row->revoked_at));
    put_number(json, "schema_version", seen ? row->contact.schema_version : -1);
    put_number(json, "waiting", seen ? row->contact.waiting : -1);
    int64_t behind = row->head - row->contact.cursor;
    put_number(json, "behind", behind > 0 ? behind : 0);
    buffer_append_byte(json, '}');
}

static int read_device(sqlite3_stmt *statement, struct server *running, int64_t head,
                       struct device_row *ret, struct error *error) {
    struct envelope envelope;
    *ret = (struct device_row){
        .head = head,
        .revoked_at = sqlite3_column_int64(statement, 2),
        .contact = {.at = sqlite3_column_int64(statement, 3),
                    .cursor = sqlite3_column_int64(statement, 4),
                    .waiting = sqlite3_column_int64(statement, 5),
                    .schema_version = sqlite3_column_int64(statement, 6)}};
    struct contact latest =
        running ? seen_of(running->seen, sqlite3_column_int64(statement, 0))
                : (struct contact){0};
    if (latest.at > 0) {
        ret->contact = latest;
    }
    return envelope_open(value_of_column(statement, 1).bytes, &envelope, error) == 0
               ? certificate_decode(envelope.body, &ret->certificate, error)
               : -1;
}

static int put_devices(struct listing *listing, struct server *running,
                       struct error *error) {
    static const char SQL[] =
        "select s.number, s.certificate, s.revoked_at, n.at, n.cursor, n.waiting,"
        " n.schema_version from station s left join station_seen n on n.station = s.number"
        " order by s.number desc";
    sqlite3 *db = listing->master->db;
    sqlite3_stmt *statement = NULL;
    struct device_row *row = arena_alloc(&listing->arena, sizeof *row);
    int64_t head = 0;
    if (row == NULL) {
        return error_out_of_memory(error);
    }
    if (database_integer(db, "select max(gsn) from gsn_log", &head, error) != 0 ||
        database_statement(db, SQL, &statement, error) != 0) {
        return -1;
    }
    int result = 0;
    int rc = SQLITE_DONE;
    while (result == 0 && (rc = sqlite3_step(statement)) == SQLITE_ROW) {
        result = read_device(statement, running, head, row, error);
        if (result == 0) {
            put_device(listing, row);
        }
    }
    if (result == 0 && rc != SQLITE_DONE) {
        result = error_from_sqlite(error, db, "reading the devices");
    }
    sqlite3_finalize(statement);
    return result;
}

int server_devices(const struct server_options *options, struct server *running,
                   struct buffer *ret_json, struct error *error) {
    struct listing listing;
    buffer_append_byte(ret_json, '[');
    int result = open_listing(options, ret_json, &listing, error);
    if (result == 0) {
        result = put_devices(&listing, running, error);
    }
    return close_listing(&listing, result, error);
}

/* --- invitations: what the control entries of the journal tell ------------------------------------------------ */

struct invitation_row {
    struct invite invite;
    uint8_t hash[HASH_SIZE];
    int64_t created_at, used_at, revoked_at; /* 0: not */
    struct invitation_row *next;             /* older */
    struct invitation_row *beside;           /* in the bucket */
};

struct invitation_rows {
    struct invitation_row *newest;
    struct invitation_row *buckets[BUCKETS]; /* by the hash's first bytes */
};

static size_t bucket_of(const uint8_t *hash) {
    return ((size_t)hash[0] << 8 | hash[1]) % BUCKETS;
}

static struct invitation_row *row_of(struct invitation_rows *rows, struct bytes hash) {
    struct invitation_row *row = rows->buckets[bucket_of(hash.data)];
    while (row != NULL && memcmp(row->hash, hash.data, HASH_SIZE) != 0) {
        row = row->beside;
    }
    return row;
}

static int take_invite(struct listing *listing, const struct journal_entry *entry,
                       struct invitation_rows *rows, struct error *error) {
    struct invitation_row *row = arena_alloc(&listing->arena, sizeof *row);
    if (row == NULL) {
        return error_out_of_memory(error);
    }
    if (station_read_invite(entry->content, &row->invite, row->hash, error) != 0) {
        return -1;
    }
    struct invitation_row **bucket = &rows->buckets[bucket_of(row->hash)];
    row->created_at = entry->at;
    row->next = rows->newest;
    row->beside = *bucket;
    rows->newest = *bucket = row;
    return 0;
}

static int take_enrol(const struct journal_entry *entry, struct invitation_rows *rows,
                      struct error *error) {
    struct bytes hash;
    struct bytes envelope;
    struct certificate certificate;
    if (station_read_enrol(entry->content, &hash, &envelope, &certificate, error) != 0) {
        return -1;
    }
    struct invitation_row *row = row_of(rows, hash);
    if (row != NULL) {
        row->used_at = entry->at;
    }
    return 0;
}

static int take_revocation(const struct journal_entry *entry,
                           struct invitation_rows *rows, struct error *error) {
    struct revocation revocation;
    if (revoke_read(entry->content, &revocation, error) != 0) {
        return -1;
    }
    struct invitation_row *row =
        revocation.what == REVOKE_INVITATION ? row_of(rows, revocation.id) : NULL;
    if (row != NULL) {
        row->revoked_at = entry->at;
    }
    return 0;
}

static int take_entry(struct listing *listing, const struct journal_entry *entry,
                      struct invitation_rows *rows, struct error *error) {
    switch (entry->kind) {
    case ENTRY_INVITE:
        return take_invite(listing, entry, rows, error);
    case ENTRY_ENROL:
        return take_enrol(entry, rows, error);
    case ENTRY_REVOKE:
        return take_revocation(entry, rows, error);
    default:
        return 0;
    }
}

static int read_invitations(struct listing *listing, struct invitation_rows *rows,
                            struct error *error) {
    struct journal_reader *reader = NULL;
    struct journal_entry entry;
    int rc = journal_read_control(listing->master->db, &reader, error);
    if (rc != 0) {
        return -1;
    }
    while ((rc = journal_next(reader, &entry, error)) == 1) {
        if (take_entry(listing, &entry, rows, error) != 0) {
            rc = -1;
            break;
        }
    }
    journal_close(reader);
    return rc;
}

static void put_invitation(struct listing *listing, const struct invitation_row *row) {
    struct buffer *json = listing->json;
    char user[ID_TEXT_SIZE];
    begin_object(listing);
    buffer_printf(json, "\"id\":\"");
    for (size_t i = 0; i < INVITATION_ID / 2; i++) {
        buffer_printf(json, "%02x", row->hash[i]);
    }
    buffer_printf(json, "\",\"user\":");
    if (row->invite.actor_count > 0) {
        id_format(row->invite.actors[0], user);
        buffer_printf(json, "\"%s\",", user);
        put_text(json, "name", name_of(listing, row->invite.actors[0]));
    } else {
        buffer_printf(json, "null,\"name\":\"\"");
    }
    buffer_append_byte(json, ',');
    put_text(json, "station", row->invite.name);
    put_number(json, "created_at", row->created_at);
    put_number(json, "expires_at", row->invite.expires_at);
    put_number(json, "used_at", time_or_none(row->used_at));
    put_number(json, "revoked_at", time_or_none(row->revoked_at));
    buffer_append_byte(json, '}');
}

int server_invitations(const struct server_options *options, struct buffer *ret_json,
                       struct error *error) {
    struct listing listing;
    buffer_append_byte(ret_json, '[');
    int result = open_listing(options, ret_json, &listing, error);
    struct invitation_rows *rows = arena_alloc(&listing.arena, sizeof *rows);
    if (result == 0) {
        result =
            rows ? read_invitations(&listing, rows, error) : error_out_of_memory(error);
    }
    for (const struct invitation_row *row = rows ? rows->newest : NULL;
         row != NULL && result == 0; row = row->next) {
        put_invitation(&listing, row);
    }
    return close_listing(&listing, result, error);
}

/* --- quarantine ----------------------------------------------------------------------------------------------- */

static void put_quarantined(struct listing *listing, sqlite3_stmt *statement,
                            const struct certificate *certificate) {
    char id[ID_TEXT_SIZE];
    id_format(certificate->device, id);
    begin_object(listing);
    buffer_printf(listing->json, "\"device\":\"%s\",\"code\":\"%s\",", id,
                  certificate->code);
    put_text(listing->json, "name", certificate->name);
    put_number(listing->json, "bundles", sqlite3_column_int64(statement, 1));
    put_number(listing->json, "transactions", sqlite3_column_int64(statement, 2));
    put_number(listing->json, "bytes", sqlite3_column_int64(statement, 3));
    put_number(listing->json, "received_at", sqlite3_column_int64(statement, 4));
    buffer_append_byte(listing->json, '}');
}

static int put_quarantine(struct listing *listing, struct error *error) {
    static const char SQL[] =
        "select s.certificate, count(*), sum(q.transactions), sum(length(q.sealed)),"
        " max(q.received_at) from quarantine q join station s on s.number = q.station"
        " where q.decided is null group by q.station order by q.station";
    sqlite3 *db = listing->master->db;
    sqlite3_stmt *statement = NULL;
    struct certificate *certificate = arena_alloc(&listing->arena, sizeof *certificate);
    struct envelope envelope;
    if (certificate == NULL) {
        return error_out_of_memory(error);
    }
    if (database_statement(db, SQL, &statement, error) != 0) {
        return -1;
    }
    int result = 0;
    int rc = SQLITE_DONE;
    while (result == 0 && (rc = sqlite3_step(statement)) == SQLITE_ROW) {
        result = envelope_open(value_of_column(statement, 0).bytes, &envelope, error) == 0
                     ? certificate_decode(envelope.body, certificate, error)
                     : -1;
        if (result == 0) {
            put_quarantined(listing, statement, certificate);
        }
    }
    if (result == 0 && rc != SQLITE_DONE) {
        result = error_from_sqlite(error, db, "reading the quarantine");
    }
    sqlite3_finalize(statement);
    return result;
}

int server_quarantine(const struct server_options *options, struct buffer *ret_json,
                      struct error *error) {
    struct listing listing;
    int result = open_listing(options, ret_json, &listing, error);
    buffer_append_byte(ret_json, '[');
    if (result == 0) {
        result = put_quarantine(&listing, error);
    }
    return close_listing(&listing, result, error);
}
