/*
 * MessagePack with bounds: a scan that believes nothing, then msgpack-c.
 *
 * msgpack-c 4.0.0 reserves memory for the counts that the input declares (12 GB for six bytes), accepts bad
 * UTF-8 and leaves what follows the first value unread. After the scan none of it can happen: the number of
 * values is known, so that the library's memory is one block of the right size.
 */
#include "sync/wire.h"

#include <assert.h>
#include <msgpack.h>
#include <string.h>

#include "schema/base/limits.h"
#include "schema/base/utf8.h"

/* --- writing ------------------------------------------------------------------------- */

static int append(void *data, const char *bytes, size_t size) {
    buffer_append(data, bytes, size);
    return 0;
}

static msgpack_packer packer_of(struct buffer *buffer) {
    return (msgpack_packer){.data = buffer, .callback = append};
}

void wire_put_array(struct buffer *buffer, size_t count) {
    msgpack_packer packer = packer_of(buffer);
    msgpack_pack_array(&packer, count);
}

void wire_put_integer(struct buffer *buffer, int64_t integer) {
    msgpack_packer packer = packer_of(buffer);
    msgpack_pack_int64(&packer, integer);
}

static void put_text(struct buffer *buffer, struct bytes text) {
    msgpack_packer packer = packer_of(buffer);
    msgpack_pack_str_with_body(&packer, text.data, text.size);
}

void wire_put_text(struct buffer *buffer, const char *text) {
    put_text(buffer, bytes_of_text(text));
}

void wire_put_bytes(struct buffer *buffer, struct bytes bytes) {
    msgpack_packer packer = packer_of(buffer);
    msgpack_pack_bin_with_body(&packer, bytes.data, bytes.size);
}

void wire_put_id(struct buffer *buffer, struct id id) {
    wire_put_bytes(buffer, (struct bytes){id.bytes, ID_SIZE});
}

void wire_put_null(struct buffer *buffer) {
    msgpack_packer packer = packer_of(buffer);
    msgpack_pack_nil(&packer);
}

void wire_put_bool(struct buffer *buffer, bool value) {
    buffer_append_byte(buffer, value ? 0xc3 : 0xc2);
}

void wire_put_value(struct buffer *buffer, struct value value) {
    switch (value.type) {
    case VALUE_INTEGER:
        wire_put_integer(buffer, value.integer);
        break;
    case VALUE_TEXT:
        put_text(buffer, value.bytes);
        break;
    case VALUE_BLOB:
        wire_put_bytes(buffer, value.bytes);
        break;
    default:
        wire_put_null(buffer);
        break;
    }
}

void wire_put_values(struct buffer *buffer, const struct value *values, size_t count) {
    wire_put_array(buffer, count);
    for (size_t i = 0; i < count; i++)
        wire_put_value(buffer, values[i]);
}

/* --- UTF-8 --------------------------------------------------------------------------- */

/* Eight bytes at a time where there is nothing but ASCII: most of most texts. */
bool wire_is_utf8(struct bytes text) {
    size_t at = 0;
    while (at < text.size) {
        uint64_t eight = 0x80;
        if (text.size - at >= sizeof eight)
            memcpy(&eight, text.data + at, sizeof eight);
        if ((eight & UINT64_C(0x8080808080808080)) == 0) {
            at += sizeof eight;
            continue;
        }
        uint32_t point = 0;
        size_t size = utf8_decode(text, at, &point);
        if (size == 0)
            return false;
        at += size;
    }
    return true;
}

/* --- the scan ------------------------------------------------------------------------ */

enum shape {
    SHAPE_REFUSED,
    SHAPE_SCALAR,
    SHAPE_UNSIGNED,
    SHAPE_TEXT,
    SHAPE_BYTES,
    SHAPE_ARRAY
};

/* What a lead byte says: how many bytes of number or length follow; else the length itself. */
struct head {
    enum shape shape;
    size_t width;
    size_t length;
};

struct scan {
    const uint8_t *next;
    size_t left;
    size_t nodes;
    size_t depth;
    size_t open[LIMIT_WIRE_DEPTH]; /* values still to come in each open array */
};

static struct head head_of(uint8_t lead) {
    if (lead <= 0x7f || lead >= 0xe0)
        return (struct head){SHAPE_SCALAR, 0, 0};
    if ((lead & 0xf0) == 0x90)
        return (struct head){SHAPE_ARRAY, 0, lead & 0x0f};
    if ((lead & 0xe0) == 0xa0)
        return (struct head){SHAPE_TEXT, 0, lead & 0x1f};
    switch (lead) {
    case 0xc0:
    case 0xc2:
    case 0xc3:
        return (struct head){SHAPE_SCALAR, 0, 0};
    case 0xc4:
        return (struct head){SHAPE_BYTES, 1, 0};
    case 0xc5:
        return (struct head){SHAPE_BYTES, 2, 0};
    case 0xc6:
        return (struct head){SHAPE_BYTES, 4, 0};
    case 0xcc:
    case 0xd0:
        return (struct head){SHAPE_SCALAR, 1, 0};
    case 0xcd:
    case 0xd1:
        return (struct head){SHAPE_SCALAR, 2, 0};
    case 0xce:
    case 0xd2:
        return (struct head){SHAPE_SCALAR, 4, 0};
    case 0xcf:
        return (struct head){SHAPE_UNSIGNED, 8, 0};
    case 0xd3:
        return (struct head){SHAPE_SCALAR, 8, 0};
    case 0xd9:
        return (struct head){SHAPE_TEXT, 1, 0};
    case 0xda:
        return (struct head){SHAPE_TEXT, 2, 0};
    case 0xdb:
        return (struct head){SHAPE_TEXT, 4, 0};
    case 0xdc:
        return (struct head){SHAPE_ARRAY, 2, 0};
    case 0xdd:
        return (struct head){SHAPE_ARRAY, 4, 0};
    default:
        return (struct head){SHAPE_REFUSED, 0, 0}; /* maps, floats, extensions, 0xc1 */
    }
}

static int truncated(struct error *error) {
    return error_set(error, "wire.truncated", NULL, "The data ends too early.");
}

/* Takes the number of `width` bytes at the front. */
static int take_number(struct scan *scan, size_t width, uint64_t *ret,
                       struct error *error) {
    if (scan->left < width)
        return truncated(error);
    uint64_t number = 0;
    for (size_t i = 0; i < width; i++)
        number = number << 8 | scan->next[i];
    scan->next += width;
    scan->left -= width;
    *ret = number;
    return 0;
}

static int take_text(struct scan *scan, size_t length, bool is_text,
                     struct error *error) {
    if (scan->left < length)
        return truncated(error);
    if (is_text && !wire_is_utf8((struct bytes){scan->next, length}))
        return error_set(error, "wire.utf8", NULL, "A text is not UTF-8.");
    scan->next += length;
    scan->left -= length;
    return 0;
}

static int open_array(struct scan *scan, size_t count, struct error *error) {
    if (scan->depth == LIMIT_WIRE_DEPTH)
        return error_set(error, "wire.depth", NULL, "Lists are nested more than %d deep.",
                         LIMIT_WIRE_DEPTH);
    if (count > scan->left)
        return truncated(error); /* every value takes a byte at least */
    scan->open[scan->depth++] = count;
    return 0;
}

/* One value, or the opening of an array. */
static int scan_value(struct scan *scan, struct error *error) {
    uint64_t lead = 0;
    uint64_t number = 0;
    if (take_number(scan, 1, &lead, error) != 0)
        return -1;
    struct head head = head_of((uint8_t)lead);
    if (take_number(scan, head.width, &number, error) != 0)
        return -1;
    size_t length = head.width ? (size_t)number : head.length;
    switch (head.shape) {
    case SHAPE_SCALAR:
        return 0;
    case SHAPE_UNSIGNED:
        if (number > INT64_MAX)
            return error_set(error, "wire.range", NULL, "A number is too large.");
        return 0;
    case SHAPE_TEXT:
        return take_text(scan, length, true, error);
    case SHAPE_BYTES:
        return take_text(scan, length, false, error);
    case SHAPE_ARRAY:
        return open_array(scan, length, error);
    default:
        return error_set(error, "wire.type", NULL, "The type 0x%02x is not accepted.",
                         (unsigned)lead);
    }
}

/* Leaves the arrays that are complete; the value that comes next belongs to the last one open. */
static void close_arrays(struct scan *scan) {
    while (scan->depth > 0 && scan->open[scan->depth - 1] == 0)
        scan->depth--;
    if (scan->depth > 0)
        scan->open[scan->depth - 1]--;
}

static int scan_all(struct bytes data, size_t *ret_nodes, struct error *error) {
    struct scan scan = {.next = data.data, .left = data.size};
    if (data.size > LIMIT_RESPONSE)
        return error_set(error, "wire.size", NULL, "More than %d bytes.", LIMIT_RESPONSE);
    do {
        if (++scan.nodes > LIMIT_WIRE_NODES)
            return error_set(error, "wire.size", NULL, "More than %d values.",
                             LIMIT_WIRE_NODES);
        if (scan_value(&scan, error) != 0)
            return -1;
        close_arrays(&scan);
    } while (scan.depth > 0);
    if (scan.left > 0)
        return error_set(error, "wire.trailing", NULL, "%zu bytes follow the end.",
                         scan.left);
    *ret_nodes = scan.nodes;
    return 0;
}

int wire_scan(struct bytes data, struct error *error) {
    size_t nodes = 0;
    return scan_all(data, &nodes, error);
}

/* --- the document -------------------------------------------------------------------- */

/* Lives in the zone itself. */
struct wire_document {
    msgpack_zone *zone;
    msgpack_object root;
};

int wire_open(struct bytes data, struct wire_document **ret, struct error *error) {
    size_t nodes = 0;
    if (scan_all(data, &nodes, error) != 0)
        return -1;
    /* Room for everything, and for aligning the few allocations' ends. */
    size_t room = nodes * sizeof(msgpack_object) + sizeof(struct wire_document) + 64;
    msgpack_zone *zone = msgpack_zone_new(room);
    if (!zone)
        return error_out_of_memory(error);
    struct wire_document *document = msgpack_zone_malloc(zone, sizeof *document);
    assert(document);
    document->zone = zone;
    size_t offset = 0;
    int rc = (int)msgpack_unpack((const char *)data.data, data.size, &offset, zone,
                                 &document->root);
    assert(rc == MSGPACK_UNPACK_SUCCESS && offset == data.size);
    (void)rc;
    *ret = document;
    return 0;
}

void wire_close(struct wire_document *document) {
    if (document)
        msgpack_zone_free(document->zone);
}

/* A node is msgpack-c's object under a name of ours. */
static const msgpack_object *object_of(const struct wire_node *node) {
    return (const msgpack_object *)(const void *)node;
}

static const struct wire_node *node_of(const msgpack_object *object) {
    return (const struct wire_node *)(const void *)object;
}

const struct wire_node *wire_root(const struct wire_document *document) {
    return node_of(&document->root);
}

/* --- getters ------------------------------------------------------------------------- */

static int wrong_type(const char *what, const char *expected, struct error *error) {
    return error_set(error, "wire.type", what, "%s must be %s.", what, expected);
}

static int check_size(const char *what, size_t size, size_t minimum, size_t maximum,
                      struct error *error) {
    if (size >= minimum && size <= maximum)
        return 0;
    return error_set(error, "wire.range", what,
                     "%s has size %zu; accepted is %zu to %zu.", what, size, minimum,
                     maximum);
}

int wire_array(const struct wire_node *node, const char *what, size_t minimum,
               size_t maximum, size_t *ret_count, struct error *error) {
    const msgpack_object *object = object_of(node);
    if (object->type != MSGPACK_OBJECT_ARRAY)
        return wrong_type(what, "a list", error);
    if (check_size(what, object->via.array.size, minimum, maximum, error) != 0)
        return -1;
    *ret_count = object->via.array.size;
    return 0;
}

const struct wire_node *wire_item(const struct wire_node *array, size_t i) {
    const msgpack_object *object = object_of(array);
    assert(object->type == MSGPACK_OBJECT_ARRAY && i < object->via.array.size);
    return node_of(&object->via.array.ptr[i]);
}

/* An integer of either sign: the library keeps them as two types. */
static bool integer_of(const msgpack_object *object, int64_t *ret) {
    if (object->type != MSGPACK_OBJECT_POSITIVE_INTEGER &&
        object->type != MSGPACK_OBJECT_NEGATIVE_INTEGER)
        return false;
    *ret = object->via.i64; /* the scan let no unsigned one above INT64_MAX pass */
    return true;
}

int wire_integer(const struct wire_node *node, const char *what, int64_t minimum,
                 int64_t maximum, int64_t *ret, struct error *error) {
    int64_t integer = 0;
    if (!integer_of(object_of(node), &integer))
        return wrong_type(what, "an integer", error);
    if (integer < minimum || integer > maximum)
        return error_set(error, "wire.range", what,
                         "%s is %lld; accepted is %lld to %lld.", what,
                         (long long)integer, (long long)minimum, (long long)maximum);
    *ret = integer;
    return 0;
}

int wire_bool(const struct wire_node *node, const char *what, bool *ret,
              struct error *error) {
    const msgpack_object *object = object_of(node);
    if (object->type != MSGPACK_OBJECT_BOOLEAN)
        return wrong_type(what, "true or false", error);
    *ret = object->via.boolean;
    return 0;
}

int wire_text(const struct wire_node *node, const char *what, size_t maximum,
              struct bytes *ret, struct error *error) {
    const msgpack_object *object = object_of(node);
    if (object->type != MSGPACK_OBJECT_STR)
        return wrong_type(what, "a text", error);
    if (check_size(what, object->via.str.size, 0, maximum, error) != 0)
        return -1;
    *ret = (struct bytes){(const uint8_t *)object->via.str.ptr, object->via.str.size};
    return 0;
}

int wire_bytes(const struct wire_node *node, const char *what, size_t minimum,
               size_t maximum, struct bytes *ret, struct error *error) {
    const msgpack_object *object = object_of(node);
    if (object->type != MSGPACK_OBJECT_BIN)
        return wrong_type(what, "bytes", error);
    if (check_size(what, object->via.bin.size, minimum, maximum, error) != 0)
        return -1;
    *ret = (struct bytes){(const uint8_t *)object->via.bin.ptr, object->via.bin.size};
    return 0;
}

int wire_id(const struct wire_node *node, const char *what, struct id *ret,
            struct error *error) {
    struct bytes bytes = {ret->bytes, 0};
    if (wire_bytes(node, what, ID_SIZE, ID_SIZE, &bytes, error) != 0)
        return -1;
    memcpy(ret->bytes, bytes.data, ID_SIZE);
    return 0;
}

bool wire_is_null(const struct wire_node *node) {
    return object_of(node)->type == MSGPACK_OBJECT_NIL;
}

int wire_value(const struct wire_node *node, const char *what, struct value *ret,
               struct error *error) {
    const msgpack_object *object = object_of(node);
    struct value value = value_null();
    if (object->type == MSGPACK_OBJECT_STR) {
        value.type = VALUE_TEXT;
        if (wire_text(node, what, LIMIT_TEXT, &value.bytes, error) != 0)
            return -1;
    } else if (object->type == MSGPACK_OBJECT_BIN) {
        value.type = VALUE_BLOB;
        if (wire_bytes(node, what, 0, LIMIT_BLOB, &value.bytes, error) != 0)
            return -1;
    } else if (integer_of(object, &value.integer)) {
        value.type = VALUE_INTEGER;
    } else if (object->type != MSGPACK_OBJECT_NIL) {
        return wrong_type(what, "null, an integer, a text or bytes", error);
    }
    *ret = value;
    return 0;
}

static int values_of(const struct wire_node *root, struct arena *arena,
                     struct value **ret, size_t *ret_count, struct error *error) {
    size_t count = 0;
    if (wire_array(root, "values", 0, LIMIT_CHANGES, &count, error) != 0)
        return -1;
    struct value *values = arena_alloc_array(arena, count, sizeof *values);
    if (!values)
        return error_out_of_memory(error);
    for (size_t i = 0; i < count; i++)
        if (wire_value(wire_item(root, i), "values", &values[i], error) != 0)
            return -1;
    *ret = values;
    *ret_count = count;
    return 0;
}

int wire_values(struct bytes data, struct arena *arena, struct value **ret,
                size_t *ret_count, struct error *error) {
    struct wire_document *document = NULL;
    if (wire_open(data, &document, error) != 0)
        return -1;
    int rc = values_of(wire_root(document), arena, ret, ret_count, error);
    wire_close(document);
    return rc;
}
