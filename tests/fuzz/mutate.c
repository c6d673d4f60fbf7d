/*
 * libFuzzer's mutator for inputs of a choice (one byte) and a MessagePack document: it changes values of the
 * tree, so that what comes out is mostly well-formed and gets behind the scan. Now and then, and for all
 * other inputs, libFuzzer's own changes to the bytes. Bytes that are a document themselves are changed as one.
 */
#include "sync/wire.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/dice.h"

enum { ITEMS = 4096, NESTED = 4 };

/* The values in the order in which they are written; an array's elements follow it. */
struct item {
    bool array;
    size_t count; /* of an array */
    struct value value;
    bool boolean; /* value.integer says which */
};

struct tree {
    struct item items[ITEMS];
    size_t count;
};

static bool flatten(const struct wire_node *node, struct tree *tree) {
    struct item *item = &tree->items[tree->count];
    bool boolean = false;
    if (tree->count == ITEMS) {
        return false;
    }
    tree->count++;
    *item = (struct item){0};
    if (wire_array(node, "", 0, SIZE_MAX, &item->count, NULL) == 0) {
        item->array = true;
        for (size_t i = 0; i < item->count; i++) {
            if (!flatten(wire_item(node, i), tree)) {
                return false;
            }
        }
        return true;
    }
    if (wire_bool(node, "", &boolean, NULL) == 0) {
        item->boolean = true;
        item->value = value_integer(boolean);
        return true;
    }
    return wire_value(node, "", &item->value, NULL) == 0;
}

static void put_item(struct buffer *ret, const struct item *item) {
    if (item->array) {
        wire_put_array(ret, item->count);
    } else if (item->boolean) {
        wire_put_bool(ret, item->value.integer != 0);
    } else {
        wire_put_value(ret, item->value);
    }
}

/* Where the value at `at` ends. */
static size_t end_of(const struct tree *tree, size_t at) {
    size_t open = 1;
    while (open > 0 && at < tree->count) {
        open += tree->items[at].array ? tree->items[at].count : 0;
        open--;
        at++;
    }
    return at;
}

/* The array that the value at `at` stands in; `at` itself for the root. */
static size_t parent_of(const struct tree *tree, size_t at) {
    for (size_t i = at; i-- > 0;) {
        if (tree->items[i].array && end_of(tree, i) > at) {
            return i;
        }
    }
    return at;
}

static const int64_t INTEGERS[] = {
    0,     1,          -1,           2,         3,         127,       128,
    255,   256,        32767,        65535,     65536,     INT32_MAX, INT32_MIN,
    20000, 4294967296, 1LL << 53,    INT64_MAX, INT64_MIN, 10000,     1795399200000,
    64,    16,         INT64_MAX / 2};

static struct item new_item(struct dice *dice, uint8_t room[32]) {
    int64_t kind = dice_below(dice, 6);
    struct bytes some = {room, (size_t)dice_below(dice, 33)};
    if (dice_chance(dice, 500)) {
        some.size = dice_chance(dice, 500) ? 16 : 32;
    }
    dice_bytes(dice, room, 32);
    switch (kind) {
    case 0:
        return (struct item){.value = value_null()};
    case 1:
        return (struct item){.boolean = true,
                             .value = value_integer(dice_below(dice, 2))};
    case 2:
        return (struct item){.array = true};
    case 3:
        return (struct item){.value = value_text("satchel")};
    case 4:
        return (struct item){.value = value_blob(some)};
    default:
        return (struct item){
            .value = value_integer(
                INTEGERS[dice_below(dice, sizeof INTEGERS / sizeof *INTEGERS)])};
    }
}

static size_t mutate_document(uint8_t *data, size_t size, size_t maximum,
                              struct dice *dice, int nested);

/* Text stays text only as long as libFuzzer keeps it UTF-8; the scan has to see the rest too. */
static void mutate_content(struct item *item, struct dice *dice, int nested,
                           struct buffer *room) {
    size_t size = item->value.bytes.size;
    size_t maximum = size + 64;
    uint8_t *copy = buffer_extend(room, maximum);
    if (copy == NULL) {
        return;
    }
    if (size > 0) {
        memcpy(copy, item->value.bytes.data, size);
    }
    size_t changed =
        nested < NESTED ? mutate_document(copy, size, maximum, dice, nested + 1) : 0;
    if (changed == 0) {
        changed = LLVMFuzzerMutate(copy, size, maximum);
    }
    item->value.bytes = (struct bytes){copy, changed};
}

static void mutate_item(struct item *item, struct dice *dice, int nested,
                        struct buffer *room, uint8_t fresh[32]) {
    bool content = item->value.type == VALUE_TEXT || item->value.type == VALUE_BLOB;
    if (item->array || dice_chance(dice, 200)) {
        *item = new_item(dice, fresh);
    } else if (item->boolean) {
        item->value.integer = !item->value.integer;
    } else if (content) {
        mutate_content(item, dice, nested, room);
    } else if (item->value.type == VALUE_INTEGER && dice_chance(dice, 600)) {
        item->value = value_integer((int64_t)((uint64_t)item->value.integer +
                                              (uint64_t)dice_between(dice, -4, 4)));
    } else {
        *item = new_item(dice, fresh);
    }
}

/* What stands at `at` is left out, doubled, or exchanged for what stands at `other`. */
struct edit {
    size_t at, end;
    size_t from, until; /* written in its place */
    int64_t more;       /* values in the array around it */
};

static void write_tree(struct tree *tree, const struct edit *edit, struct buffer *ret) {
    size_t parent = parent_of(tree, edit->at);
    if (parent != edit->at) {
        tree->items[parent].count =
            (size_t)((int64_t)tree->items[parent].count + edit->more);
    }
    for (size_t i = 0; i < edit->at; i++) {
        put_item(ret, &tree->items[i]);
    }
    for (size_t i = edit->from; i < edit->until; i++) {
        struct item item = tree->items[i];
        /* Of what is copied the counts are those of before. */
        if (i == parent && parent != edit->at) {
            item.count = (size_t)((int64_t)item.count - edit->more);
        }
        put_item(ret, &item);
    }
    for (size_t i = edit->end; i < tree->count; i++) {
        put_item(ret, &tree->items[i]);
    }
}

static struct edit choose_edit(const struct tree *tree, struct dice *dice) {
    size_t at = (size_t)dice_below(dice, (int64_t)tree->count);
    size_t end = end_of(tree, at);
    size_t other = (size_t)dice_below(dice, (int64_t)tree->count);
    switch (at == 0 ? 3 : dice_below(dice, 4)) {
    case 0: /* left out */
        return (struct edit){at, end, at, at, -1};
    case 1: /* doubled */
        return (struct edit){at, at, at, end, 1};
    case 2: /* another one before it */
        return (struct edit){at, at, other, end_of(tree, other), 1};
    default: /* exchanged */
        return (struct edit){at, end, other, end_of(tree, other), 0};
    }
}

/* 0 when it is no document, or does not fit. */
static size_t mutate_document(uint8_t *data, size_t size, size_t maximum,
                              struct dice *dice, int nested) {
    struct wire_document *document = NULL;
    struct buffer out = buffer_make(maximum);
    struct buffer room = buffer_make(1 << 20);
    uint8_t fresh[32];
    size_t written = 0;
    struct tree *tree = calloc(1, sizeof *tree);
    if (size < 2 || tree == NULL ||
        wire_open((struct bytes){data, size}, &document, NULL) != 0 ||
        !flatten(wire_root(document), tree)) {
        goto out;
    }
    if (dice_chance(dice, 700)) {
        size_t at = (size_t)dice_below(dice, (int64_t)tree->count);
        struct item item = tree->items[at];
        size_t end = item.array ? end_of(tree, at) : at + 1;
        mutate_item(&item, dice, nested, &room, fresh);
        if (item.array) {
            end = end_of(tree, at);
        }
        for (size_t i = 0; i < tree->count; i++) {
            if (i == at) {
                put_item(&out, &item);
                i = end - 1;
            } else {
                put_item(&out, &tree->items[i]);
            }
        }
    } else {
        const struct edit edit = choose_edit(tree, dice);
        write_tree(tree, &edit, &out);
    }
    if (!out.failed && out.size > 0) {
        memcpy(data, out.data, out.size);
        written = out.size;
    }
out:
    wire_close(document);
    free(tree);
    buffer_free(&out);
    buffer_free(&room);
    return written;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t maximum,
                               unsigned int seed) {
    struct dice dice;
    dice_seed(&dice, seed);
    size_t changed = 0;
    if (size > 1 && !dice_chance(&dice, 100)) {
        changed = mutate_document(data + 1, size - 1, maximum - 1, &dice, 0);
    }
    return changed > 0 ? changed + 1 : LLVMFuzzerMutate(data, size, maximum);
}
