/*
 * The two messages about a file.
 *
 *   request   [org, device, time, operation, hash, offset, size, piece]
 *   response  [request_hash, size, have, whole, piece]
 *
 * A newer sender may add items at the end; they are ignored.
 */
#include "sync/message_file.h"

#include "schema/base/limits.h"
#include "sync/message_items.h"

enum { REQUEST_ITEMS = 8, RESPONSE_ITEMS = 5 };

void file_request_encode(const struct file_request *request, struct buffer *ret) {
    wire_put_array(ret, REQUEST_ITEMS);
    wire_put_id(ret, request->org);
    wire_put_id(ret, request->device);
    wire_put_integer(ret, request->time);
    wire_put_integer(ret, request->operation);
    wire_put_bytes(ret, (struct bytes){request->hash, HASH_SIZE});
    wire_put_integer(ret, request->offset);
    wire_put_integer(ret, request->size);
    wire_put_bytes(ret, request->piece);
}

int file_request_decode(struct bytes body, struct file_request *ret,
                        struct error *error) {
    struct message_body message;
    struct file_request request = {.time = 0};
    int64_t operation = 0;
    if (message_open(body, "file request", REQUEST_ITEMS, &message, error) != 0)
        return -1;
    struct items *items = &message.items;
    items_id(items, "org", &request.org);
    items_id(items, "device", &request.device);
    items_integer(items, "time", INT64_MIN, INT64_MAX, &request.time);
    items_integer(items, "operation", FILE_PUT, FILE_GET, &operation);
    items_fixed(items, "hash", request.hash, HASH_SIZE);
    items_integer(items, "offset", 0, LIMIT_FILE, &request.offset);
    items_integer(items, "size", 1, LIMIT_FILE, &request.size);
    items_bytes(items, "piece", 0, LIMIT_FILE_PIECE, &request.piece);
    if (message_close(&message) != 0)
        return -1;
    request.operation = (enum file_operation)operation;
    *ret = request;
    return 0;
}

void file_response_encode(const struct file_response *response, struct buffer *ret) {
    wire_put_array(ret, RESPONSE_ITEMS);
    wire_put_bytes(ret, (struct bytes){response->request_hash, HASH_SIZE});
    wire_put_integer(ret, response->size);
    wire_put_integer(ret, response->have);
    wire_put_bool(ret, response->whole);
    wire_put_bytes(ret, response->piece);
}

int file_response_decode(struct bytes body, struct file_response *ret,
                         struct error *error) {
    struct message_body message;
    struct file_response response = {.size = 0};
    if (message_open(body, "file response", RESPONSE_ITEMS, &message, error) != 0)
        return -1;
    struct items *items = &message.items;
    items_fixed(items, "request_hash", response.request_hash, HASH_SIZE);
    items_integer(items, "size", 0, LIMIT_FILE, &response.size);
    items_integer(items, "have", 0, LIMIT_FILE, &response.have);
    items_bool(items, "whole", &response.whole);
    items_bytes(items, "piece", 0, LIMIT_FILE_PIECE, &response.piece);
    if (message_close(&message) != 0)
        return -1;
    *ret = response;
    return 0;
}
