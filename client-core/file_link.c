/*
 * Pieces of files, there and back.
 */
#include "client-core/file_link.h"

#include <stdio.h>
#include <string.h>

#include "schema/base/file_folder.h"
#include "sync/message_file.h"

/* --- how large a piece is ---------------------------------------------------------------------------- */

void piece_size_note(struct piece_size *size, int64_t took_ms) {
    if (took_ms > FILE_PIECE_MS && size->bytes / 2 >= FILE_PIECE_LEAST)
        size->bytes /= 2;
    else if (took_ms < FILE_PIECE_MS / 4 && size->bytes * 2 <= LIMIT_FILE_PIECE)
        size->bytes *= 2;
}

void piece_size_failed(struct piece_size *size) {
    size->bytes = size->bytes / 4 > FILE_PIECE_LEAST ? size->bytes / 4 : FILE_PIECE_LEAST;
}

/* --- one question --------------------------------------------------------------------------------------- */

struct question {
    struct file_request request;
    struct buffer body;
    struct buffer bytes; /* of the answer, which the response views */
    struct file_response response;
};

static void question_free(struct question *question) {
    buffer_free(&question->body);
    buffer_free(&question->bytes);
}

static int check_answer(struct question *question, struct bytes answer,
                        struct error *error) {
    uint8_t hash[HASH_SIZE];
    if (file_response_decode(answer, &question->response, error) != 0)
        return -1;
    hash_blake2b(buffer_bytes(&question->body), hash);
    return memcmp(hash, question->response.request_hash, HASH_SIZE) == 0
               ? 0
               : error_set(error, "server.signature", "",
                           "the answer is to another question");
}

static int ask(struct file_link *link, struct question *question, struct error *error) {
    struct file_request *request = &question->request;
    const struct exchange exchange = {
        .transport = link->transport,
        .address = link->address,
        .path = "/v1/file",
        .ca_file = link->ca_file,
        .pin = link->pin,
        .keys = &link->identity->keys,
        .server_key = &link->identity->server_key,
        .request_context = "satchel file request",
        .response_context = "satchel file response",
        .maximum = LIMIT_FILE_REQUEST,
    };
    struct bytes answer;
    size_t sent = 0;
    request->org = link->identity->certificate.org;
    request->device = link->identity->certificate.device;
    request->time = link->env->wall_ms(link->env->context);
    question->body = buffer_make(LIMIT_FILE_REQUEST);
    file_request_encode(request, &question->body);
    if (question->body.failed)
        return error_out_of_memory(error);
    int64_t began = link->env->boot_ms(link->env->context);
    if (exchange_run(&exchange, buffer_bytes(&question->body), &question->bytes, &answer,
                     &sent, error) != 0) {
        piece_size_failed(link->piece);
        return -1;
    }
    link->bytes_sent += (int64_t)sent;
    link->bytes_received += (int64_t)question->bytes.size;
    if (sent + question->bytes.size > link->piece->bytes)
        piece_size_note(link->piece, link->env->boot_ms(link->env->context) - began);
    return check_answer(question, answer, error);
}

static size_t next_piece(const struct file_link *link) {
    if (link->piece->bytes == 0)
        link->piece->bytes = FILE_PIECE_FIRST;
    return link->piece->bytes;
}

/* --- sending ---------------------------------------------------------------------------------------------- */

static int put(struct file_link *link, struct waiting_file *file, struct bytes piece,
               bool *ret_whole, struct error *error) {
    struct question question = {.request = {.operation = FILE_PUT,
                                            .offset = file->sent,
                                            .size = file->size,
                                            .piece = piece}};
    memcpy(question.request.hash, file->hash, HASH_SIZE);
    int failed = ask(link, &question, error);
    if (!failed) {
        *ret_whole = question.response.whole;
        file->sent =
            question.response.have < file->size ? question.response.have : file->size;
    }
    question_free(&question);
    return failed;
}

int file_link_send(struct file_link *link, struct waiting_file *file, bool *ret_whole,
                   struct error *error) {
    struct buffer piece = buffer_make(LIMIT_FILE_PIECE);
    struct bytes nothing = {NULL, 0};
    int64_t before = file->sent;
    *ret_whole = false;
    /* What was counted here may not be what headquarters has: it says so first. */
    int failed = before > 0 ? 0
                            : file_folder_check(link->folder, file->hash, error) != 0 ||
                                  put(link, file, nothing, ret_whole, error) != 0;
    if (!failed && !*ret_whole)
        failed = file_folder_read_piece(link->folder, file->hash, file->sent,
                                        next_piece(link), &piece, error);
    if (!failed && !*ret_whole)
        failed = put(link, file, buffer_bytes(&piece), ret_whole, error);
    buffer_free(&piece);
    return failed ? -1 : 0;
}

/* --- fetching ----------------------------------------------------------------------------------------------- */

/* One piece to the part; *ret_end when there is no more. */
static int get(struct file_link *link, const char *part, const uint8_t hash[HASH_SIZE],
               int64_t *ret_size, bool *ret_end, struct error *error) {
    struct question question = {
        .request = {.operation = FILE_GET, .size = (int64_t)next_piece(link)}};
    struct file_piece piece;
    memcpy(question.request.hash, hash, HASH_SIZE);
    int failed = file_part_size(link->folder, part, &question.request.offset, error);
    if (!failed)
        failed = ask(link, &question, error);
    piece = (struct file_piece){question.request.offset, question.response.piece};
    if (!failed)
        failed = file_part_write(link->folder, part, &piece, error);
    *ret_size = question.response.size;
    *ret_end = piece.bytes.size == 0 ||
               piece.offset + (int64_t)piece.bytes.size >= question.response.size;
    question_free(&question);
    return failed;
}

/* The rest of a part, and then it is the file; *ret_went_on: there was something of it already. */
static int fetch_rest(struct file_link *link, const char *part,
                      const uint8_t hash[HASH_SIZE], int64_t *ret_size, bool *ret_went_on,
                      struct error *error) {
    int64_t before = 0;
    bool end = false;
    int failed = file_part_size(link->folder, part, &before, error);
    *ret_went_on = before > 0;
    while (!failed && !end)
        failed = get(link, part, hash, ret_size, &end, error);
    return failed ? -1 : file_part_finish(link->folder, part, hash, error);
}

int file_link_fetch(struct file_link *link, const uint8_t hash[HASH_SIZE],
                    int64_t *ret_size, struct error *error) {
    char part[FILE_PART_NAME];
    char text[HASH_TEXT_SIZE];
    bool went_on = false;
    struct error why = {0};
    hash_format(hash, text);
    snprintf(part, sizeof part, "get-%s", text);
    int failed = fetch_rest(link, part, hash, ret_size, &went_on, &why);
    /* Pieces are not synced: a machine that lost power may have others in their place. They are gone now. */
    if (failed && went_on && error_is(&why, "file.hash"))
        failed = fetch_rest(link, part, hash, ret_size, &went_on, &why);
    if (!failed)
        return 0;
    bool away = strncmp(why.code, "transport.", 10) == 0;
    if (error_is(&why, "file.unknown"))
        return error_set(error, "file.absent", "file",
                         "headquarters does not have the file yet; who added it sends it "
                         "with his next sync");
    if (away)
        return error_set(error, "file.absent", "file",
                         "the file is not on this station, and headquarters cannot be "
                         "reached: %.300s",
                         why.message);
    if (error)
        *error = why;
    return -1;
}
