/*
 * sync/placement: a row's places in the feed, against a slow and simple reckoning.
 */
#include "tests/unit/sync/support.h"

#include "sync/scope.h"

enum { SCOPES = 4, OLD_GSN = 100, NEW_GSN = 200 };

static void test_there_and_back(void **state) {
    const struct placement placements[] = {
        {1, 0, false}, {2, 77, true}, {900, INT64_MAX, false}, {INT64_MAX, 5, true}};
    struct placement read[5];
    struct buffer buffer = buffer_make(1000);
    size_t count = 0;
    placements_encode(placements, 4, &buffer);
    assert_int_equal(placements_decode(buffer_bytes(&buffer), read, 5, &count, NULL), 0);
    assert_int_equal(count, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_true(read[i].scope_number == placements[i].scope_number);
        assert_true(read[i].gsn == placements[i].gsn);
        assert_int_equal(read[i].gone, placements[i].gone);
    }
    assert_int_equal(placements_decode(buffer_bytes(&buffer), read, 4, &count, NULL), 0);
    assert_int_equal(placements_decode((struct bytes){NULL, 0}, read, 4, &count, NULL),
                     0);
    assert_int_equal(count, 0);
    buffer_free(&buffer);
}

static void refuse(struct bytes data, size_t maximum) {
    struct placement read[4];
    struct error error = {0};
    size_t count = 77;
    assert_int_equal(placements_decode(data, read, maximum, &count, &error), -1);
    assert_code(error, "scope.placements");
    assert_int_equal(count, 77);
}

static void test_refused(void **state) {
    refuse(BYTES("\x01"), 4);
    refuse(BYTES("\x01\x80"), 4);
    refuse(BYTES("\x00\x02"), 4);         /* scope numbers begin at 1 … */
    refuse(BYTES("\x01\x02\x00\x02"), 4); /* … and ascend */
    refuse(BYTES("\x01\x02\x01\x02"), 1); /* more than there is room for */
    refuse(BYTES("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x02"),
           4); /* beyond a number */
}

/* --- moving: all cases of four scopes ------------------------------------------------- */

struct record {
    int64_t old_gsn[SCOPES + 1]; /* -1: nothing was emitted */
    struct placement emitted[SCOPES + 1];
};

static void record(void *context, int64_t old_gsn, struct placement placement) {
    struct record *all = context;
    assert_int_equal(all->old_gsn[placement.scope_number], -1); /* once at most */
    all->old_gsn[placement.scope_number] = old_gsn;
    all->emitted[placement.scope_number] = placement;
}

/* What becomes of one scope. was: 0 not there, 1 there, 2 gone. Returns what the place must be. */
static struct placement expect(int64_t scope, unsigned was, bool is, bool changed,
                               const struct record *all) {
    bool enters = is && was != 1;
    bool leaves = !is && was == 1;
    bool stays = is && was == 1;
    bool moves = enters || leaves || (stays && changed);
    struct placement placement = {scope, moves ? NEW_GSN : OLD_GSN, !is};
    if (!moves) {
        assert_int_equal(all->old_gsn[scope], -1);
    } else {
        assert_int_equal(all->old_gsn[scope], was ? OLD_GSN : 0);
        assert_int_equal(all->emitted[scope].gsn, NEW_GSN);
        assert_int_equal(all->emitted[scope].gone, !is);
    }
    return placement;
}

/* was: two bits per scope; is: one bit per scope. */
static void check_move(const unsigned was[SCOPES], unsigned is, bool changed) {
    struct placement placements[SCOPES];
    int64_t scopes[SCOPES];
    size_t count = 0, scope_count = 0;
    int total = 0;
    struct record all = {.old_gsn = {-1, -1, -1, -1, -1}};
    for (int i = 0; i < SCOPES; i++) {
        if (was[i])
            placements[count++] = (struct placement){i + 1, OLD_GSN, was[i] == 2};
        if (is >> i & 1)
            scopes[scope_count++] = i + 1;
        total += was[i] || (is >> i & 1);
    }
    const struct placement_move move = {scopes,  scope_count, NEW_GSN,
                                        changed, record,      &all};
    if (total > 0)
        assert_int_equal(placements_move(placements, count, (size_t)total - 1, &move),
                         -1);
    assert_int_equal(placements_move(placements, count, SCOPES, &move), total);
    int at = 0;
    for (int i = 0; i < SCOPES; i++) {
        if (!was[i] && !(is >> i & 1))
            continue;
        struct placement expected = expect(i + 1, was[i], is >> i & 1, changed, &all);
        assert_int_equal(placements[at].scope_number, expected.scope_number);
        assert_int_equal(placements[at].gsn, expected.gsn);
        assert_int_equal(placements[at].gone, expected.gone);
        at++;
    }
}

static void test_move_every_case(void **state) {
    for (unsigned was = 0; was < 81; was++)
        for (unsigned is = 0; is < 16; is++) {
            const unsigned digits[SCOPES] = {was % 3, was / 3 % 3, was / 9 % 3, was / 27};
            check_move(digits, is, false);
            check_move(digits, is, true);
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_there_and_back),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_move_every_case),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
