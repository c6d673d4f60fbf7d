/*
 * Files between a station and headquarters: POST /v1/file, one piece at a time, beside the rows that name them.
 *
 * The envelopes are signed as those of a sync: "satchel file request" by the device, "satchel file response" by the server.
 */
#ifndef SATCHEL_SYNC_MESSAGE_FILE_H
#define SATCHEL_SYNC_MESSAGE_FILE_H

#include "schema/base/hash.h"
#include "sync/message.h"

enum file_operation {
    FILE_PUT = 1, /* here is a piece; an empty one asks how far it has got */
    FILE_GET = 2  /* give me a piece */
};

struct file_request {
    struct id org;
    struct id device;
    int64_t time; /* the station's idea of HQ time, UTC ms */
    enum file_operation operation;
    uint8_t hash[HASH_SIZE];
    int64_t offset; /* where the piece begins */
    int64_t size;   /* put: of the whole file; get: bytes wanted at most */
    struct bytes piece;
};
void file_request_encode(const struct file_request *request, struct buffer *ret);
int file_request_decode(struct bytes body, struct file_request *ret, struct error *error);

struct file_response {
    uint8_t request_hash[HASH_SIZE]; /* BLAKE2b-256 of the request's body */
    int64_t size;                    /* get: of the whole file */
    int64_t have; /* put: bytes from the beginning that headquarters has */
    bool whole;   /* put: it has all, and they are what the hash says */
    struct bytes piece;
};
void file_response_encode(const struct file_response *response, struct buffer *ret);
int file_response_decode(struct bytes body, struct file_response *ret,
                         struct error *error);

#endif
