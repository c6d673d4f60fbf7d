/*
 * POST /v1/file, without knowing how it arrived.
 *
 * Whoever may not have a file gets the same answer as for one that does not exist, and whoever sends one sends all of
 * it, even when headquarters has the bytes from somebody else: nobody learns from an answer what others have.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema/base/file_folder.h"
#include "server/access.h"
#include "server/files.h"
#include "server/pull.h"
#include "sync/message_file.h"

struct file_call {
    struct server *server;
    struct envelope envelope;
    struct file_request request;
    struct file_response response;
    struct station station;
    struct arena arena;
    struct reader *reader;
    char *folder;
    struct scope_set scopes; /* get: what the station may see */
    struct people
        authors; /* put: of its people, who named the file; get: of rows it may see */
    struct buffer piece;
};

static int unknown(struct error *error) {
    return error_set(error, "file.unknown", "file",
                     "there is no such file for this station");
}

/* --- who asks ----------------------------------------------------------------------------------------- */

static int admit(struct file_call *call, struct bytes body, struct error *error) {
    struct server *server = call->server;
    if (envelope_open(body, &call->envelope, error) != 0 ||
        file_request_decode(call->envelope.body, &call->request, error) != 0) {
        return -1;
    }
    if (!id_equal(call->request.org, server->org)) {
        return error_set(error, "org.unknown", "org", "this is another company's server");
    }
    call->folder = files_folder(server->options.data);
    call->reader = reader_take(server->readers, error);
    if (call->reader == NULL ||
        station_find(call->reader->db, server->catalogue, call->request.device,
                     &call->arena, &call->station, error) != 0 ||
        envelope_verify(&call->envelope, "satchel file request", &call->station.key,
                        error) != 0) {
        return -1;
    }
    if (call->folder == NULL) {
        return error_out_of_memory(error);
    }
    return call->station.revoked
               ? error_set(error, "device.revoked", "device", "this station was revoked")
               : 0;
}

static bool acts_for(const struct station *station, struct id person) {
    const struct certificate *certificate = &station->certificate;
    for (size_t i = 0; i < certificate->actor_count; i++) {
        if (id_equal(certificate->actors[i], person)) {
            return true;
        }
    }
    return certificate->everyone;
}

/* --- put ------------------------------------------------------------------------------------------------ */

static int note_own(void *context, const struct naming *naming, struct error *error) {
    struct file_call *call = context;
    (void)error;
    if (!id_is_zero(naming->author) && acts_for(&call->station, naming->author)) {
        people_add(&call->authors, naming->author);
    }
    return 0;
}

/* One of the device's people sent all of it before: those who named it since hold it too. */
static int share_held(struct file_call *call, struct error *error) {
    struct file_request *request = &call->request;
    struct people holders;
    int64_t size = -1;
    if (file_folder_size(call->folder, request->hash, &size, error) != 0 ||
        files_holders(call->reader->db, request->hash, &call->authors, &holders, error) !=
            0) {
        return -1;
    }
    if (size < 0 || holders.count == 0) {
        return 0;
    }
    call->response.whole = true;
    call->response.have = size;
    if (holders.count == call->authors.count) {
        return 0;
    }
    struct grant grant = {.size = size, .people = call->authors};
    memcpy(grant.hash, request->hash, HASH_SIZE);
    return files_grant(call->server->ingest, &grant, error);
}

static int bring_to_end(struct file_call *call, const char *part, struct error *error) {
    struct grant grant = {.size = call->request.size, .people = call->authors};
    memcpy(grant.hash, call->request.hash, HASH_SIZE);
    int lock = files_lock(call->folder, error);
    int result = lock < 0 || file_part_finish(call->folder, part, grant.hash, error) ||
                         files_grant(call->server->ingest, &grant, error)
                     ? -1
                     : 0;
    files_unlock(lock);
    call->response.whole = result == 0;
    return result;
}

static int take_piece(struct file_call *call, const char *part, struct error *error) {
    const struct file_request *request = &call->request;
    const struct file_piece piece = {request->offset, request->piece};
    int64_t wanted = request->offset == 0 ? request->size : (int64_t)piece.bytes.size;
    if (piece.offset + (int64_t)piece.bytes.size > request->size) {
        return error_set(error, "file.size", "size",
                         "the piece goes beyond the end of the file");
    }
    return files_check_quota(call->reader, call->folder, call->authors.ids[0], wanted,
                             error) ||
                   file_part_write(call->folder, part, &piece, error)
               ? -1
               : 0;
}

static void name_part(const struct file_call *call, char ret[FILE_PART_NAME]) {
    char person[ID_TEXT_SIZE];
    char hash[HASH_TEXT_SIZE];
    id_format(call->authors.ids[0], person);
    hash_format(call->request.hash, hash);
    snprintf(ret, FILE_PART_NAME, "%s-%s", person, hash);
}

static int put(struct file_call *call, struct error *error) {
    char part[FILE_PART_NAME];
    if (naming_each(call->reader->db, call->server->catalogue, call->request.hash,
                    note_own, call, error) != 0) {
        return -1;
    }
    if (call->authors.count == 0) {
        return unknown(error);
    }
    name_part(call, part);
    if (share_held(call, error) != 0 || call->response.whole) {
        return call->response.whole ? file_part_drop(call->folder, part, error) : -1;
    }
    if ((call->request.piece.size > 0 && take_piece(call, part, error) != 0) ||
        file_part_size(call->folder, part, &call->response.have, error) != 0) {
        return -1;
    }
    return call->response.have >= call->request.size ? bring_to_end(call, part, error)
                                                     : 0;
}

/* --- get ------------------------------------------------------------------------------------------------ */

static int scope_of_number(struct reader *reader, int64_t number, struct scope *ret,
                           struct error *error) {
    sqlite3_stmt *statement = NULL;
    if (database_statement(reader->db, "select kind, id from scope_name where number = ?",
                           &statement, error) != 0) {
        return -1;
    }
    sqlite3_bind_int64(statement, 1, number);
    int rc = sqlite3_step(statement);
    *ret = (struct scope){.kind = SCOPE_ORG};
    if (rc == SQLITE_ROW) {
        struct bytes id = value_of_column(statement, 1).bytes;
        ret->kind = (enum scope_kind)sqlite3_column_int(statement, 0);
        memcpy(ret->id.bytes, id.data, id.size == ID_SIZE ? ID_SIZE : 0);
    }
    sqlite3_finalize(statement);
    return rc == SQLITE_ROW ? 0 : error_from_sqlite(error, reader->db, "reading a scope");
}

static int note_visible(void *context, const struct naming *naming, struct error *error) {
    struct file_call *call = context;
    bool visible = false;
    for (size_t i = 0; i < naming->placement_count && !visible; i++) {
        const struct placement *place = &naming->placements[i];
        struct scope scope;
        if (place->gone) {
            continue;
        }
        if (scope_of_number(call->reader, place->scope_number, &scope, error) != 0) {
            return -1;
        }
        visible = scope_set_has(&call->scopes, scope);
    }
    if (visible && !id_is_zero(naming->author)) {
        people_add(&call->authors, naming->author);
    }
    return 0;
}

static int get(struct file_call *call, struct error *error) {
    const struct file_request *request = &call->request;
    struct people holders;
    int64_t size = -1;
    if (pull_scopes(call->reader, &call->station, &call->scopes, error) != 0 ||
        naming_each(call->reader->db, call->server->catalogue, request->hash,
                    note_visible, call, error) != 0 ||
        files_holders(call->reader->db, request->hash, &call->authors, &holders, error) !=
            0) {
        return -1;
    }
    if (holders.count == 0) {
        return unknown(error);
    }
    if (file_folder_size(call->folder, request->hash, &size, error) != 0) {
        return -1;
    }
    if (size < 0) {
        server_log(call->server, "error", "file missing", "%s", "");
        return unknown(error);
    }
    int64_t most =
        request->size < LIMIT_FILE_PIECE ? request->size : (int64_t)LIMIT_FILE_PIECE;
    call->response.size = size;
    return file_folder_read_piece(call->folder, request->hash, request->offset,
                                  (size_t)most, &call->piece, error);
}

/* --- the answer ------------------------------------------------------------------------------------------ */

static int answer_file(struct file_call *call, struct buffer *ret, struct error *error) {
    struct file_response *response = &call->response;
    struct buffer body = buffer_make(LIMIT_FILE_REQUEST);
    hash_blake2b(call->envelope.body, response->request_hash);
    response->piece = buffer_bytes(&call->piece);
    file_response_encode(response, &body);
    envelope_seal(buffer_bytes(&body), "satchel file response", &call->server->keys, ret);
    bool failed = body.failed || ret->failed;
    buffer_free(&body);
    return failed ? error_out_of_memory(error) : 0;
}

int server_answer_file(struct server *server, struct bytes body, struct buffer *ret,
                       struct error *error) {
    struct file_call call = {.server = server,
                             .arena = arena_make(LIMIT_REQUEST),
                             .piece = buffer_make(LIMIT_FILE_PIECE)};
    int result = admit(&call, body, error);
    if (result == 0) {
        result =
            call.request.operation == FILE_PUT ? put(&call, error) : get(&call, error);
    }
    if (result == 0) {
        result = answer_file(&call, ret, error);
    }
    reader_give(server->readers, call.reader);
    scope_set_free(&call.scopes);
    arena_free(&call.arena);
    buffer_free(&call.piece);
    free(call.folder);
    files_sweep_sometimes(server);
    return result;
}
