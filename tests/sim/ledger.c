/* A growing list with an open hash over it. */
#include "tests/sim/ledger.h"

#include <stdlib.h>
#include <string.h>

static size_t slot_of(const struct ledger *ledger, struct id id) {
    uint64_t hash = 0xcbf29ce484222325ULL;
    for (size_t i = 0; i < ID_SIZE; i++) {
        hash = (hash ^ id.bytes[i]) * 0x100000001b3ULL;
    }
    size_t slot = (size_t)hash % ledger->slot_count;
    while (ledger->slots[slot] != 0 &&
           !id_equal(ledger->items[ledger->slots[slot] - 1].transaction, id)) {
        slot = (slot + 1) % ledger->slot_count;
    }
    return slot;
}

static bool grow(struct ledger *ledger) {
    size_t room = ledger->room ? 2 * ledger->room : 256;
    struct ledger_item *items = realloc(ledger->items, room * sizeof *items);
    size_t *slots = items ? calloc(2 * room, sizeof *slots) : NULL;
    ledger->items = items ? items : ledger->items;
    if (slots == NULL) {
        return false;
    }
    free(ledger->slots);
    ledger->slots = slots;
    ledger->slot_count = 2 * room;
    ledger->room = room;
    for (size_t i = 0; i < ledger->count; i++) {
        slots[slot_of(ledger, items[i].transaction)] = i + 1;
    }
    return true;
}

struct ledger_item *ledger_add(struct ledger *ledger, struct id transaction) {
    if (ledger->count == ledger->room && !grow(ledger)) {
        return NULL;
    }
    struct ledger_item *item = &ledger->items[ledger->count++];
    *item = (struct ledger_item){.transaction = transaction};
    ledger->slots[slot_of(ledger, transaction)] = ledger->count;
    return item;
}

struct ledger_item *ledger_find(const struct ledger *ledger, struct id transaction) {
    if (ledger->slot_count == 0) {
        return NULL;
    }
    size_t slot = slot_of(ledger, transaction);
    return ledger->slots[slot] ? &ledger->items[ledger->slots[slot] - 1] : NULL;
}

void ledger_free(struct ledger *ledger) {
    free(ledger->items);
    free(ledger->slots);
    memset(ledger, 0, sizeof *ledger);
}
