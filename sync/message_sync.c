/*
 * The two messages of a sync round.
 *
 *   request   [org, device, time, counter, schema_version, epoch, cursor, held, position, digest,
 *              digest_rows, [bundle …], held_proof] and, where it is said, waiting, and since protocol 2
 *              [protocol, head_id, bundle_epoch, chain_number, chain_hash, server_key, certificate, rebuild,
 *              first_bundle, [[former gsn …] of each bundle …], rebuild_reason, [paper …]]
 *   response  [request_hash, hq_time, schema_version, epoch, [answer …], restart, gained, lost, rows,
 *              row_count, rows_left, more, next, head, digest, digest_rows, scopes_proof] and since protocol 2
 *              [protocol, rebuild, order, epoch_from, head_id, [notice …]]
 *   answer    [number, accepted, code, message, expected_number, [verdict …]]
 *   verdict   [transaction, kind, gsn, time] and, for a refused or flagged one, code, field, message
 *   position  nil or [gsn, table, key, target_hash]
 *   scopes    bytes: per scope  kind (one byte) · id (16 bytes), ascending
 *
 * A newer sender may add items at the end of request, response and what came with protocol 2; they are ignored.
 */
#include "sync/message.h"

#include <string.h>

#include "schema/base/limits.h"
#include "sync/message_items.h"

enum {
    REQUEST_ITEMS = 13,
    REQUEST_LATER = 8, /* items that came with protocol 2, at first */
    REQUEST_LATER_NOW = 12,
    RESPONSE_ITEMS = 17,
    RESPONSE_LATER = 6,
    SCOPE_SIZE = 1 + ID_SIZE
};

const char *verdict_text(enum verdict_kind kind) {
    switch (kind) {
    case VERDICT_MERGED:
        return "merged";
    case VERDICT_CONFLICTS:
        return "merged with conflicts";
    case VERDICT_DEFERRED:
        return "deferred";
    default:
        return "refused";
    }
}

/* --- scopes -------------------------------------------------------------------------- */

static void put_scopes(struct buffer *ret, const struct scope_set *set) {
    struct buffer scopes = buffer_make(LIMIT_SUBSCRIPTIONS * SCOPE_SIZE);
    for (size_t i = 0; i < set->count; i++) {
        buffer_append_byte(&scopes, (uint8_t)set->scopes[i].kind);
        buffer_append(&scopes, set->scopes[i].id.bytes, ID_SIZE);
    }
    wire_put_bytes(ret, buffer_bytes(&scopes));
    ret->failed |= scopes.failed;
    buffer_free(&scopes);
}

/* Adds one scope; it must come after all that are there. */
static void add_scope(struct items *items, const char *what, const uint8_t *bytes,
                      struct scope_set *ret) {
    struct scope scope = {.kind = (enum scope_kind)bytes[0]};
    memcpy(scope.id.bytes, bytes + 1, ID_SIZE);
    bool ascends =
        ret->count == 0 || scope_compare(ret->scopes[ret->count - 1], scope) < 0;
    if (bytes[0] < SCOPE_ORG || bytes[0] > SCOPE_POOL || !ascends)
        items_fail(items, "wire.range", what);
    else if (scope_set_add(ret, scope) != 0)
        items_fail(items, "memory", what);
}

static void read_scopes(struct items *items, const char *what, struct scope_set *ret) {
    struct bytes bytes = {NULL, 0};
    items_bytes(items, what, 0, LIMIT_SUBSCRIPTIONS * SCOPE_SIZE, &bytes);
    if (bytes.size % SCOPE_SIZE != 0)
        items_fail(items, "wire.range", what);
    for (size_t i = 0; i < bytes.size && !items->failed; i += SCOPE_SIZE)
        add_scope(items, what, bytes.data + i, ret);
}

/* --- positions ----------------------------------------------------------------------- */

static void put_position(struct buffer *ret, const struct pull_position *position) {
    if (!position->set) {
        wire_put_null(ret);
        return;
    }
    wire_put_array(ret, 4);
    wire_put_integer(ret, position->gsn);
    wire_put_integer(ret, position->table);
    wire_put_bytes(ret, position->key);
    wire_put_bytes(ret, (struct bytes){position->target_hash, HASH_SIZE});
}

static void read_position(struct items *items, const char *what,
                          struct pull_position *ret) {
    const struct wire_node *node = items_node(items);
    if (!node || wire_is_null(node))
        return;
    int64_t table = 0;
    struct items inner = items_open(node, what, 4, 4, items->error);
    items_integer(&inner, what, 0, INT64_MAX, &ret->gsn);
    items_integer(&inner, what, 0, LIMIT_TABLES - 1, &table);
    items_bytes(&inner, what, 0, LIMIT_KEY_COLUMNS * ID_SIZE, &ret->key);
    items_fixed(&inner, what, ret->target_hash, HASH_SIZE);
    items->failed = inner.failed;
    ret->table = (uint8_t)table;
    ret->set = true;
}

/* --- request ------------------------------------------------------------------------- */

static void put_formers(struct buffer *ret, const struct sync_request *request) {
    wire_put_array(ret, request->former_count);
    for (size_t i = 0; i < request->former_count; i++) {
        const struct former_gsns *formers = &request->formers[i];
        wire_put_array(ret, formers->count);
        for (size_t k = 0; k < formers->count; k++)
            wire_put_integer(ret, formers->gsns[k]);
    }
}

static void put_blobs(struct buffer *ret, const struct bytes *blobs, size_t count) {
    wire_put_array(ret, count);
    for (size_t i = 0; i < count; i++)
        wire_put_bytes(ret, blobs[i]);
}

static void put_request_later(struct buffer *ret, const struct sync_request *request) {
    wire_put_array(ret, REQUEST_LATER_NOW);
    wire_put_integer(ret, request->protocol);
    wire_put_id(ret, request->head_id);
    wire_put_integer(ret, request->bundle_epoch);
    wire_put_integer(ret, request->chain_number);
    wire_put_bytes(ret, (struct bytes){request->chain_hash, HASH_SIZE});
    wire_put_bytes(ret, (struct bytes){request->server_key.bytes, SIGN_PUBLIC});
    wire_put_bytes(ret, request->certificate);
    wire_put_bool(ret, request->rebuild);
    wire_put_integer(ret, request->first_bundle);
    put_formers(ret, request);
    wire_put_integer(ret, request->rebuild_reason);
    put_blobs(ret, request->papers, request->paper_count);
}

int sync_request_encode(const struct sync_request *request, struct buffer *ret,
                        struct error *error) {
    bool later = request->protocol >= 2;
    bool waiting = later || request->waiting >= 0;
    wire_put_array(ret, (size_t)REQUEST_ITEMS + waiting + later);
    wire_put_id(ret, request->org);
    wire_put_id(ret, request->device);
    wire_put_integer(ret, request->time);
    wire_put_integer(ret, request->counter);
    wire_put_integer(ret, request->schema_version);
    wire_put_integer(ret, request->epoch);
    wire_put_integer(ret, request->cursor);
    put_scopes(ret, &request->held);
    put_position(ret, &request->position);
    wire_put_integer(ret, request->digest);
    wire_put_integer(ret, request->digest_rows);
    put_blobs(ret, request->bundles, request->bundle_count);
    wire_put_bytes(ret, (struct bytes){request->held_proof, HASH_SIZE});
    if (waiting)
        wire_put_integer(ret, request->waiting);
    if (later)
        put_request_later(ret, request);
    if (ret->failed)
        return error_set(error, "request.size", NULL,
                         "The request takes more than %zu bytes.", ret->maximum);
    return 0;
}

/* Memory from the arena; a NULL fails the reader. */
static void *allocate(struct items *items, struct arena *arena, size_t count,
                      size_t size) {
    void *memory = arena_alloc_array(arena, count, size);
    if (!memory)
        items_fail(items, "memory", "memory");
    return memory;
}

/* The next item as an array to be read on its own, with at most `maximum` items. */
static struct items open_inner(struct items *items, const char *what, size_t minimum,
                               size_t maximum) {
    const struct wire_node *node = items_node(items);
    struct items inner = {.failed = true};
    if (node)
        inner = items_open(node, what, minimum, maximum, items->error);
    items->failed = inner.failed;
    return inner;
}

/* At most `most` of them, each of at most `maximum` bytes. */
struct blob_limits {
    size_t most;
    size_t maximum;
};

static struct bytes *read_blobs(struct items *items, const char *what,
                                struct blob_limits limits, struct arena *arena,
                                size_t *ret_count) {
    struct items inner = open_inner(items, what, 0, limits.most);
    struct bytes *blobs = allocate(items, arena, inner.count, sizeof *blobs);
    if (items->failed)
        return NULL;
    *ret_count = inner.count;
    for (size_t i = 0; i < inner.count; i++)
        items_bytes(&inner, what, 0, limits.maximum, &blobs[i]);
    items->failed = inner.failed;
    return blobs;
}

static void read_bundles(struct items *items, struct arena *arena,
                         struct sync_request *ret) {
    const struct blob_limits limits = {LIMIT_BUNDLES_OF_REQUEST, LIMIT_BUNDLE};
    ret->bundles = read_blobs(items, "bundles", limits, arena, &ret->bundle_count);
}

static void read_papers(struct items *items, struct arena *arena,
                        struct sync_request *ret) {
    const struct blob_limits limits = {LIMIT_PAPERS, LIMIT_ENROL_REQUEST};
    ret->papers = read_blobs(items, "papers", limits, arena, &ret->paper_count);
}

static void read_gsns(struct items *items, struct arena *arena, struct former_gsns *ret) {
    struct items inner = open_inner(items, "former", 0, LIMIT_BUNDLE_TRANSACTIONS);
    ret->gsns = allocate(items, arena, inner.count, sizeof *ret->gsns);
    if (items->failed)
        return;
    ret->count = inner.count;
    for (size_t i = 0; i < inner.count; i++)
        items_integer(&inner, "former", 0, INT64_MAX, &ret->gsns[i]);
    items->failed = inner.failed;
}

static void read_formers(struct items *items, struct arena *arena,
                         struct sync_request *ret) {
    struct items inner = open_inner(items, "formers", 0, ret->bundle_count);
    ret->formers = allocate(items, arena, inner.count, sizeof *ret->formers);
    if (items->failed)
        return;
    ret->former_count = inner.count;
    for (size_t i = 0; i < inner.count; i++)
        read_gsns(&inner, arena, &ret->formers[i]);
    items->failed = inner.failed;
}

static void read_request_later(struct items *items, struct arena *arena,
                               struct sync_request *ret) {
    struct items inner = open_inner(items, "later", REQUEST_LATER, MESSAGE_ITEMS);
    ret->certificate = (struct bytes){NULL, 0};
    items_integer(&inner, "protocol", 2, INT32_MAX, &ret->protocol);
    items_id(&inner, "head_id", &ret->head_id);
    items_integer(&inner, "bundle_epoch", 0, INT64_MAX, &ret->bundle_epoch);
    items_integer(&inner, "chain_number", 0, INT64_MAX, &ret->chain_number);
    items_fixed(&inner, "chain_hash", ret->chain_hash, HASH_SIZE);
    items_fixed(&inner, "server_key", ret->server_key.bytes, SIGN_PUBLIC);
    items_bytes(&inner, "certificate", 0, LIMIT_ENROL_REQUEST, &ret->certificate);
    items_bool(&inner, "rebuild", &ret->rebuild);
    if (inner.count > REQUEST_LATER)
        items_integer(&inner, "first_bundle", 0, INT64_MAX, &ret->first_bundle);
    if (inner.count > REQUEST_LATER + 1)
        read_formers(&inner, arena, ret);
    if (inner.count > REQUEST_LATER + 2)
        items_integer(&inner, "rebuild_reason", 0, INT32_MAX, &ret->rebuild_reason);
    if (inner.count > REQUEST_LATER + 3)
        read_papers(&inner, arena, ret);
    items->failed = inner.failed;
}

int sync_request_decode(struct bytes body, struct arena *arena, struct sync_request *ret,
                        struct error *error) {
    struct message_body message;
    struct sync_request request = {.waiting = -1, .protocol = 1};
    if (message_open(body, "sync request", REQUEST_ITEMS, &message, error) != 0)
        return -1;
    struct items *items = &message.items;
    items_id(items, "org", &request.org);
    items_id(items, "device", &request.device);
    items_integer(items, "time", INT64_MIN, INT64_MAX, &request.time);
    items_integer(items, "counter", 0, INT64_MAX, &request.counter);
    items_integer(items, "schema_version", 1, INT32_MAX, &request.schema_version);
    items_integer(items, "epoch", 0, INT64_MAX, &request.epoch);
    items_integer(items, "cursor", 0, INT64_MAX, &request.cursor);
    read_scopes(items, "held", &request.held);
    read_position(items, "position", &request.position);
    items_integer(items, "digest", INT64_MIN, INT64_MAX, &request.digest);
    items_integer(items, "digest_rows", 0, INT64_MAX, &request.digest_rows);
    read_bundles(items, arena, &request);
    items_fixed(items, "held_proof", request.held_proof, HASH_SIZE);
    if (items->count > REQUEST_ITEMS)
        items_integer(items, "waiting", -1, INT64_MAX, &request.waiting);
    if (items->count > REQUEST_ITEMS + 1)
        read_request_later(items, arena, &request);
    if (message_close(&message) != 0) {
        scope_set_free(&request.held);
        return -1;
    }
    *ret = request;
    return 0;
}

/* --- response ------------------------------------------------------------------------ */

static void put_verdict(struct buffer *ret, const struct verdict *verdict) {
    bool says_why = verdict->kind == VERDICT_REFUSED || verdict->code[0] != '\0';
    wire_put_array(ret, says_why ? 7 : 4);
    wire_put_id(ret, verdict->transaction);
    wire_put_integer(ret, verdict->kind);
    wire_put_integer(ret, verdict->gsn);
    wire_put_integer(ret, verdict->time);
    if (!says_why)
        return;
    wire_put_text(ret, verdict->code);
    wire_put_text(ret, verdict->field);
    wire_put_text(ret, verdict->message);
}

static void put_answer(struct buffer *ret, const struct bundle_answer *answer) {
    wire_put_array(ret, 6);
    wire_put_integer(ret, answer->number);
    wire_put_bool(ret, answer->accepted);
    wire_put_text(ret, answer->code);
    wire_put_text(ret, answer->message);
    wire_put_integer(ret, answer->expected_number);
    wire_put_array(ret, answer->verdict_count);
    for (size_t i = 0; i < answer->verdict_count; i++)
        put_verdict(ret, &answer->verdicts[i]);
}

static void put_response_later(struct buffer *ret, const struct sync_response *response) {
    wire_put_array(ret, RESPONSE_LATER);
    wire_put_integer(ret, response->protocol);
    wire_put_bool(ret, response->rebuild);
    wire_put_integer(ret, response->order);
    wire_put_integer(ret, response->epoch_from);
    wire_put_id(ret, response->head_id);
    wire_put_array(ret, response->notice_count);
    for (size_t i = 0; i < response->notice_count; i++)
        wire_put_bytes(ret, response->notices[i]);
}

int sync_response_encode(const struct sync_response *response, struct buffer *ret,
                         struct error *error) {
    bool later = response->protocol >= 2;
    wire_put_array(ret, (size_t)RESPONSE_ITEMS + later);
    wire_put_bytes(ret, (struct bytes){response->request_hash, HASH_SIZE});
    wire_put_integer(ret, response->hq_time);
    wire_put_integer(ret, response->schema_version);
    wire_put_integer(ret, response->epoch);
    wire_put_array(ret, response->answer_count);
    for (size_t i = 0; i < response->answer_count; i++)
        put_answer(ret, &response->answers[i]);
    wire_put_bool(ret, response->restart);
    put_scopes(ret, &response->gained);
    put_scopes(ret, &response->lost);
    wire_put_bytes(ret, response->rows);
    wire_put_integer(ret, response->row_count);
    wire_put_integer(ret, response->rows_left);
    wire_put_bool(ret, response->more);
    put_position(ret, &response->next);
    wire_put_integer(ret, response->head);
    wire_put_integer(ret, response->digest);
    wire_put_integer(ret, response->digest_rows);
    wire_put_bytes(ret, (struct bytes){response->scopes_proof, HASH_SIZE});
    if (later)
        put_response_later(ret, response);
    if (ret->failed)
        return error_set(error, "response.size", NULL,
                         "The response takes more than %zu bytes.", ret->maximum);
    return 0;
}

static void read_verdict(struct items *items, struct arena *arena, struct verdict *ret) {
    int64_t kind = 0;
    struct items inner = open_inner(items, "verdict", 4, 7);
    *ret = (struct verdict){.code = "", .field = "", .message = ""};
    items_id(&inner, "transaction", &ret->transaction);
    items_integer(&inner, "kind", VERDICT_MERGED, VERDICT_DEFERRED, &kind);
    items_integer(&inner, "gsn", 0, INT64_MAX, &ret->gsn);
    items_integer(&inner, "time", 0, INT64_MAX, &ret->time);
    ret->kind = (enum verdict_kind)kind;
    if (kind == VERDICT_REFUSED && inner.count != 7)
        items_fail(&inner, "wire.range", "verdict");
    if (inner.count > 4) {
        items_text(&inner, "code", sizeof((struct error *)0)->code - 1, arena,
                   &ret->code);
        items_text(&inner, "field", sizeof((struct error *)0)->field - 1, arena,
                   &ret->field);
        items_text(&inner, "message", sizeof((struct error *)0)->message - 1, arena,
                   &ret->message);
    }
    items->failed = inner.failed;
}

static void read_verdicts(struct items *items, struct arena *arena,
                          struct bundle_answer *ret) {
    struct items inner = open_inner(items, "verdicts", 0, LIMIT_BUNDLE_TRANSACTIONS);
    ret->verdicts = allocate(items, arena, inner.count, sizeof *ret->verdicts);
    if (items->failed)
        return;
    ret->verdict_count = inner.count;
    for (size_t i = 0; i < inner.count; i++)
        read_verdict(&inner, arena, &ret->verdicts[i]);
    items->failed = inner.failed;
}

static void read_answer(struct items *items, struct arena *arena,
                        struct bundle_answer *ret) {
    struct items inner = open_inner(items, "answer", 6, MESSAGE_ITEMS);
    *ret = (struct bundle_answer){.code = "", .message = ""};
    items_integer(&inner, "number", 0, INT64_MAX, &ret->number);
    items_bool(&inner, "accepted", &ret->accepted);
    items_text(&inner, "code", sizeof((struct error *)0)->code - 1, arena, &ret->code);
    items_text(&inner, "message", sizeof((struct error *)0)->message - 1, arena,
               &ret->message);
    items_integer(&inner, "expected_number", 0, INT64_MAX, &ret->expected_number);
    read_verdicts(&inner, arena, ret);
    items->failed = inner.failed;
}

static void read_answers(struct items *items, struct arena *arena,
                         struct sync_response *ret) {
    struct items inner = open_inner(items, "answers", 0, LIMIT_BUNDLES_OF_REQUEST);
    ret->answers = allocate(items, arena, inner.count, sizeof *ret->answers);
    if (items->failed)
        return;
    ret->answer_count = inner.count;
    for (size_t i = 0; i < inner.count; i++)
        read_answer(&inner, arena, &ret->answers[i]);
    items->failed = inner.failed;
}

static void read_pull(struct items *items, struct sync_response *ret) {
    items_bool(items, "restart", &ret->restart);
    read_scopes(items, "gained", &ret->gained);
    read_scopes(items, "lost", &ret->lost);
    items_bytes(items, "rows", 0, LIMIT_RESPONSE, &ret->rows);
    items_integer(items, "row_count", 0, INT64_MAX, &ret->row_count);
    items_integer(items, "rows_left", 0, INT64_MAX, &ret->rows_left);
    items_bool(items, "more", &ret->more);
    read_position(items, "next", &ret->next);
    items_integer(items, "head", 0, INT64_MAX, &ret->head);
    items_integer(items, "digest", INT64_MIN, INT64_MAX, &ret->digest);
    items_integer(items, "digest_rows", -1, INT64_MAX, &ret->digest_rows);
    items_fixed(items, "scopes_proof", ret->scopes_proof, HASH_SIZE);
}

static void read_notices(struct items *items, struct arena *arena,
                         struct sync_response *ret) {
    struct items inner = open_inner(items, "notices", 0, KEY_NOTICES);
    ret->notices = allocate(items, arena, inner.count, sizeof *ret->notices);
    if (items->failed)
        return;
    ret->notice_count = inner.count;
    for (size_t i = 0; i < inner.count; i++)
        items_bytes(&inner, "notice", 1, LIMIT_ENROL_REQUEST, &ret->notices[i]);
    items->failed = inner.failed;
}

static void read_response_later(struct items *items, struct arena *arena,
                                struct sync_response *ret) {
    int64_t order = ORDER_NONE;
    struct items inner = open_inner(items, "later", RESPONSE_LATER, MESSAGE_ITEMS);
    items_integer(&inner, "protocol", 2, INT32_MAX, &ret->protocol);
    items_bool(&inner, "rebuild", &ret->rebuild);
    items_integer(&inner, "order", ORDER_NONE, ORDER_WIPE, &order);
    items_integer(&inner, "epoch_from", 0, INT64_MAX, &ret->epoch_from);
    items_id(&inner, "head_id", &ret->head_id);
    read_notices(&inner, arena, ret);
    ret->order = (enum station_order)order;
    items->failed = inner.failed;
}

int sync_response_decode(struct bytes body, struct arena *arena,
                         struct sync_response *ret, struct error *error) {
    struct message_body message;
    struct sync_response response = {.protocol = 1};
    if (message_open(body, "sync response", RESPONSE_ITEMS, &message, error) != 0)
        return -1;
    struct items *items = &message.items;
    items_fixed(items, "request_hash", response.request_hash, HASH_SIZE);
    items_integer(items, "hq_time", INT64_MIN, INT64_MAX, &response.hq_time);
    items_integer(items, "schema_version", 1, INT32_MAX, &response.schema_version);
    items_integer(items, "epoch", 0, INT64_MAX, &response.epoch);
    read_answers(items, arena, &response);
    read_pull(items, &response);
    if (items->count > RESPONSE_ITEMS)
        read_response_later(items, arena, &response);
    if (message_close(&message) != 0) {
        scope_set_free(&response.gained);
        scope_set_free(&response.lost);
        return -1;
    }
    *ret = response;
    return 0;
}
