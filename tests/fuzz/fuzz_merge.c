/*
 * Merging against a reference that was written from the rules and is slow and plain: cells, sets of scopes,
 * a row's places in the feed. The first byte chooses, the rest says the case.
 *
 * About: sync/merge.c sync/scope.c sync/placement.c
 */
#include "sync/merge.h"
#include "sync/scope.h"
#include "tests/fuzz/fuzz.h"

/* --- one cell ---------------------------------------------------------------------------- */

enum { GROUP = 3 };

/* Few different numbers, so that equal ones meet; and the ends of what a number can be. */
static int64_t some_number(struct input *input) {
    uint8_t byte = input_byte(input);
    return byte == 255   ? INT64_MAX
           : byte == 254 ? INT64_MIN
           : byte == 253 ? INT64_MAX - 1
                         : byte % 16;
}

static struct id some_id(struct input *input) {
    return (struct id){{(uint8_t)(input_byte(input) % 3)}};
}

static struct value some_value(struct input *input, enum merge_rule rule) {
    uint8_t kind = input_byte(input) % 4;
    if (kind == 0) {
        return value_null();
    }
    if (kind == 1 || rule == MERGE_ADD) {
        return value_integer(some_number(input));
    }
    struct bytes bytes = input_bytes(input, input_byte(input) % 4);
    for (size_t i = 0; kind == 2 && i < bytes.size; i++) {
        if (bytes.data[i] >= 0x80) {
            return value_blob(bytes);
        }
    }
    return kind == 2 ? value_text_bytes(bytes) : value_blob(bytes);
}

static int rank_of(enum value_type type) {
    return type == VALUE_NULL      ? 0
           : type == VALUE_INTEGER ? 1
           : type == VALUE_TEXT    ? 2
                                   : 3;
}

/* Less than 0, 0, more than 0. */
static int compare_plainly(struct value a, struct value b) {
    if (a.type != b.type) {
        return rank_of(a.type) - rank_of(b.type);
    }
    if (a.type == VALUE_NULL) {
        return 0;
    }
    if (a.type == VALUE_INTEGER) {
        return a.integer < b.integer ? -1 : a.integer > b.integer;
    }
    for (size_t i = 0; i < a.bytes.size && i < b.bytes.size; i++) {
        if (a.bytes.data[i] != b.bytes.data[i]) {
            return a.bytes.data[i] < b.bytes.data[i] ? -1 : 1;
        }
    }
    return a.bytes.size < b.bytes.size ? -1 : a.bytes.size > b.bytes.size;
}

static bool all_equal(const struct merge_case *c) {
    bool equal = true;
    for (size_t i = 0; i < c->count; i++) {
        equal = equal && compare_plainly(c->values[i], c->master_values[i]) == 0;
    }
    return equal;
}

/* What the cell is afterwards, by the rules' words alone. */
struct expected {
    bool fails;
    bool changes;      /* the cell gets another value or stamp from the author */
    struct value only; /* of a cell of one column */
    bool conflict, author_lost;
    const char *reason;
};

static struct expected expect_sum(const struct merge_case *c) {
    struct value was = c->master_values[0];
    struct value more = c->values[0];
    if (more.type == VALUE_NULL) {
        return (struct expected){.only = was, .reason = ""};
    }
    int64_t before = was.type == VALUE_INTEGER ? was.integer : 0;
    bool above = more.integer > 0 && before > INT64_MAX - more.integer;
    bool below = more.integer < 0 && before < INT64_MIN - more.integer;
    if (above || below) {
        return (struct expected){.fails = true};
    }
    return (struct expected){
        .changes = true, .only = value_integer(before + more.integer), .reason = ""};
}

static struct expected expect_bound(const struct merge_case *c) {
    struct value was = c->master_values[0];
    struct value now = c->values[0];
    int order = compare_plainly(now, was);
    bool wins =
        now.type != VALUE_NULL &&
        (was.type == VALUE_NULL || (c->rule == MERGE_MAX ? order > 0 : order < 0));
    return (struct expected){.changes = wins, .only = wins ? now : was, .reason = ""};
}

static struct expected expect_first(const struct merge_case *c) {
    bool empty = true;
    for (size_t i = 0; i < c->count; i++) {
        empty = empty && c->master_values[i].type == VALUE_NULL;
    }
    bool conflict = !empty && !all_equal(c);
    return (struct expected){.changes = empty,
                             .only = empty ? c->values[0] : c->master_values[0],
                             .conflict = conflict,
                             .author_lost = conflict,
                             .reason = conflict ? "first" : ""};
}

static struct expected expect_latest(const struct merge_case *c) {
    int later = memcmp(c->device.bytes, c->master.device.bytes, ID_SIZE) > 0;
    bool wins = c->time > c->master.time || (c->time == c->master.time && later);
    bool conflict = !all_equal(c);
    const char *reason = "later";
    if (c->time == c->master.time) {
        reason = "equal_time";
    } else if (c->rule == MERGE_STATE && c->time < c->master.time) {
        reason = "state_earlier";
    }
    return (struct expected){.changes = wins,
                             .only = wins ? c->values[0] : c->master_values[0],
                             .conflict = conflict,
                             .author_lost = conflict && !wins,
                             .reason = conflict ? reason : ""};
}

static struct expected expect(const struct merge_case *c) {
    bool other = memcmp(c->device.bytes, c->master.device.bytes, ID_SIZE) != 0;
    bool concurrent = other && c->master.gsn > c->base;
    if (c->rule == MERGE_ADD) {
        return expect_sum(c);
    }
    if (!concurrent) {
        return (struct expected){.changes = true, .only = c->values[0], .reason = ""};
    }
    if (c->rule == MERGE_FIRST) {
        return expect_first(c);
    }
    return c->rule == MERGE_MAX || c->rule == MERGE_MIN ? expect_bound(c)
                                                        : expect_latest(c);
}

static void check_cell(struct input *input) {
    struct value values[GROUP];
    struct value master_values[GROUP];
    struct merge_case c = {.values = values, .master_values = master_values, .count = 1};
    struct merge_decision decision;
    struct error error = {0};
    c.rule = (enum merge_rule)(input_byte(input) % (MERGE_STATE + 1));
    if (c.rule == MERGE_LWW || c.rule == MERGE_FIRST || c.rule == MERGE_STATE) {
        c.count = 1 + input_byte(input) % GROUP;
    }
    c.master = (struct stamp){some_number(input), some_number(input), some_id(input)};
    c.device = some_id(input);
    c.base = some_number(input);
    c.time = some_number(input);
    for (size_t i = 0; i < c.count; i++) {
        values[i] = some_value(input, c.rule);
        master_values[i] = some_value(input, c.rule);
    }
    const struct expected expected = expect(&c);
    int rc = merge_cell(&c, &decision, &error);
    FUZZ_MUST((rc != 0) == expected.fails);
    if (rc != 0) {
        FUZZ_MUST(error_is(&error, "merge.overflow"));
        return;
    }
    struct value only = decision.combined_valid ? decision.combined
                        : decision.take         ? values[0]
                                                : master_values[0];
    FUZZ_MUST(decision.take == expected.changes);
    FUZZ_MUST(compare_plainly(only, expected.only) == 0);
    FUZZ_MUST(decision.conflict == expected.conflict);
    FUZZ_MUST(decision.author_lost == expected.author_lost);
    FUZZ_MUST(strcmp(merge_reason_text(decision.reason), expected.reason) == 0);
}

/* --- sets of scopes ---------------------------------------------------------------------- */

enum { KINDS = SCOPE_POOL + 1, IDS = 6 };

/* A set as a table of who is in it. */
struct plain_set {
    bool has[KINDS][IDS];
};

static struct scope scope_at(size_t kind, size_t i) {
    return (struct scope){(enum scope_kind)kind, {{[15] = (uint8_t)i}}};
}

/* How many of one kind there are; the first of them stands at `first`. */
static size_t same_kind(const struct scope_set *set, const struct plain_set *plain,
                        size_t kind, size_t first) {
    size_t count = 0;
    for (size_t i = 0; i < IDS; i++) {
        const struct scope scope = scope_at(kind, i);
        bool has = plain->has[kind][i];
        FUZZ_MUST(scope_set_has(set, scope) == has);
        FUZZ_MUST(!has || scope_compare(set->scopes[first + count], scope) == 0);
        count += has;
    }
    return count;
}

static void same_set(const struct scope_set *set, const struct plain_set *plain) {
    size_t count = 0;
    for (size_t kind = 1; kind < KINDS; kind++) {
        count += same_kind(set, plain, kind, count);
    }
    FUZZ_MUST(set->count == count);
}

static void check_sets(struct input *input) {
    struct scope_set sets[2] = {{0}};
    struct scope_set lost = {0};
    struct scope_set gained = {0};
    struct plain_set plain[2] = {0};
    struct plain_set plain_lost = {0};
    struct plain_set plain_gained = {0};
    uint8_t hashes[2][32];
    bool meet = false;
    while (input->size > 0) {
        uint8_t byte = input_byte(input);
        size_t which = byte & 1;
        size_t kind = 1 + (byte >> 1) % (KINDS - 1);
        size_t i = input_byte(input) % IDS;
        if (byte >= 250) {
            scope_set_clear(&sets[which]);
            plain[which] = (struct plain_set){0};
        } else {
            FUZZ_MUST(scope_set_add(&sets[which], scope_at(kind, i)) == 0);
            plain[which].has[kind][i] = true;
        }
    }
    for (size_t kind = 1; kind < KINDS; kind++) {
        for (size_t i = 0; i < IDS; i++) {
            bool from = plain[0].has[kind][i];
            bool to = plain[1].has[kind][i];
            plain_lost.has[kind][i] = from && !to;
            plain_gained.has[kind][i] = to && !from;
            meet = meet || (from && to);
        }
    }
    same_set(&sets[0], &plain[0]);
    same_set(&sets[1], &plain[1]);
    FUZZ_MUST(scope_sets_meet(&sets[0], &sets[1]) == meet);
    FUZZ_MUST(scope_sets_meet(&sets[1], &sets[0]) == meet);
    FUZZ_MUST(scope_set_difference(&sets[0], &sets[1], &lost, &gained) == 0);
    same_set(&lost, &plain_lost);
    same_set(&gained, &plain_gained);
    scope_set_hash(&sets[0], hashes[0]);
    scope_set_hash(&sets[1], hashes[1]);
    FUZZ_MUST((memcmp(hashes[0], hashes[1], 32) == 0) ==
              (memcmp(&plain[0], &plain[1], sizeof plain[0]) == 0));
    scope_set_free(&sets[0]);
    scope_set_free(&sets[1]);
    scope_set_free(&lost);
    scope_set_free(&gained);
}

/* --- a row's places ------------------------------------------------------------------------ */

enum { SCOPES = 12, MOVES = 20 };

struct plain_place {
    bool known, gone;
    int64_t gsn;
};

struct seen_moves {
    struct plain_place *places; /* by scope number, as they are to be */
    const struct plain_place *before;
    bool emitted[SCOPES];
    int64_t last; /* the scope number emitted before */
};

static void see(void *context, int64_t old_gsn, struct placement placement) {
    struct seen_moves *seen = context;
    int64_t scope = placement.scope_number;
    FUZZ_MUST(scope > 0 && scope < SCOPES && scope < seen->last);
    FUZZ_MUST(old_gsn == (seen->before[scope].known ? seen->before[scope].gsn : 0));
    FUZZ_MUST(placement.gsn == seen->places[scope].gsn);
    FUZZ_MUST(placement.gone == seen->places[scope].gone);
    seen->emitted[scope] = true;
    seen->last = scope;
}

static void check_one_move(struct input *input, int64_t gsn, struct plain_place *plain,
                           struct placement *places, size_t *count) {
    int64_t numbers[SCOPES];
    struct plain_place before[SCOPES];
    bool expected[SCOPES] = {false};
    struct seen_moves seen = {.places = plain, .before = before, .last = SCOPES};
    struct placement_move move = {
        .scope_numbers = numbers, .gsn = gsn, .emit = see, .context = &seen};
    unsigned int now = input_byte(input);
    now = (now << 8 | input_byte(input)) & ((1U << SCOPES) - 2);
    move.row_changed = input_byte(input) & 1;
    size_t room = input_byte(input) % (SCOPES + 1);
    size_t needed = 0;
    memcpy(before, plain, sizeof before);
    for (int64_t scope = 1; scope < SCOPES; scope++) {
        bool there = now >> scope & 1;
        struct plain_place *place = &plain[scope];
        if (there) {
            numbers[move.scope_count++] = scope;
        }
        bool was_there = place->known && !place->gone;
        if (there ? !was_there || move.row_changed : was_there) {
            *place = (struct plain_place){true, !there, gsn};
            expected[scope] = true;
        }
        needed += place->known;
    }
    int moved = placements_move(places, *count, room, &move);
    FUZZ_MUST((moved < 0) == (needed > room));
    if (moved < 0) {
        memcpy(plain, before, sizeof before);
        FUZZ_MUST(seen.last == SCOPES);
        return;
    }
    FUZZ_MUST((size_t)moved == needed);
    FUZZ_MUST(memcmp(expected, seen.emitted, sizeof expected) == 0);
    *count = (size_t)moved;
}

static void same_places(const struct plain_place *plain, const struct placement *places,
                        size_t count) {
    size_t at = 0;
    for (int64_t scope = 1; scope < SCOPES; scope++) {
        if (!plain[scope].known) {
            continue;
        }
        FUZZ_MUST(at < count && places[at].scope_number == scope);
        FUZZ_MUST(places[at].gsn == plain[scope].gsn &&
                  places[at].gone == plain[scope].gone);
        at++;
    }
    FUZZ_MUST(at == count);
}

static void check_moves(struct input *input) {
    struct plain_place plain[SCOPES] = {{0}};
    struct placement places[SCOPES];
    size_t count = 0;
    for (int64_t gsn = 1; gsn <= MOVES && input->size > 0; gsn++) {
        check_one_move(input, gsn, plain, places, &count);
        same_places(plain, places, count);
    }
}

/* --- the target ---------------------------------------------------------------------------- */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct input input = input_of(data, size);
    uint8_t choice = input_byte(&input) % 3;
    if (choice == 0) {
        check_cell(&input);
    } else if (choice == 1) {
        check_sets(&input);
    } else {
        check_moves(&input);
    }
    return 0;
}

void fuzz_seeds(seed_function give, void *context) {
    uint8_t bytes[40];
    for (uint8_t choice = 0; choice < 3; choice++) {
        for (unsigned rule = 0; rule <= MERGE_STATE; rule++) {
            for (size_t i = 0; i < sizeof bytes; i++) {
                bytes[i] = (uint8_t)(i * (rule + 7U));
            }
            bytes[0] = (uint8_t)rule;
            give_chosen(give, context, choice, (struct bytes){bytes, sizeof bytes});
        }
    }
}
