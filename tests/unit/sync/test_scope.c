/*
 * sync/scope: sets, their differences, their hash.
 */
#include "tests/support/failing/failing.h"
#include "tests/unit/sync/support.h"

#include "schema/base/limits.h"
#include "sync/scope.h"

static const struct scope org = {SCOPE_ORG, {{0}}};
static const struct scope user_1 = {SCOPE_USER, {{1}}};
static const struct scope user_2 = {SCOPE_USER, {{2}}};
static const struct scope branch_1 = {SCOPE_BRANCH, {{1}}};

/* Takes the scopes named by bits: 1 org, 2 user 1, 4 user 2, 8 branch 1. Backwards, to be sorted. */
static struct scope_set set_of(unsigned bits) {
    const struct scope all[] = {org, user_1, user_2, branch_1};
    struct scope_set set = {.scopes = NULL};
    for (int i = 3; i >= 0; i--)
        if (bits >> i & 1)
            assert_int_equal(scope_set_add(&set, all[i]), 0);
    return set;
}

static void assert_set(const struct scope_set *set, unsigned bits) {
    struct scope_set expected = set_of(bits);
    assert_int_equal(set->count, expected.count);
    for (size_t i = 0; i < set->count; i++)
        assert_int_equal(scope_compare(set->scopes[i], expected.scopes[i]), 0);
    scope_set_free(&expected);
}

static void test_compare(void **state) {
    assert_true(scope_compare(org, user_1) < 0);
    assert_true(scope_compare(branch_1, user_2) > 0);
    assert_true(scope_compare(user_1, user_2) < 0);
    assert_int_equal(scope_compare(user_1, user_1), 0);
}

static void test_kinds(void **state) {
    assert_int_equal(scope_kind_of_text(BYTES("org")), SCOPE_ORG);
    assert_int_equal(scope_kind_of_text(BYTES("hq")), SCOPE_HQ);
    assert_int_equal(scope_kind_of_text(BYTES("user")), SCOPE_USER);
    assert_int_equal(scope_kind_of_text(BYTES("branch")), SCOPE_BRANCH);
    assert_int_equal(scope_kind_of_text(BYTES("pool")), SCOPE_POOL);
    assert_int_equal(scope_kind_of_text(BYTES("users")), 0);
}

static void test_set_is_sorted_without_doubles(void **state) {
    struct scope_set set = set_of(15);
    assert_int_equal(set.count, 4);
    assert_int_equal(scope_set_add(&set, user_2), 0);
    assert_int_equal(set.count, 4);
    for (size_t i = 1; i < set.count; i++)
        assert_true(scope_compare(set.scopes[i - 1], set.scopes[i]) < 0);
    scope_set_clear(&set);
    assert_false(scope_set_has(&set, org));
    scope_set_free(&set);
}

static void test_every_pair_of_sets(void **state) {
    for (unsigned a = 0; a < 16; a++)
        for (unsigned b = 0; b < 16; b++) {
            struct scope_set from = set_of(a), to = set_of(b), lost = set_of(5),
                             gained = set_of(2);
            uint8_t hash_a[32], hash_b[32];
            assert_int_equal(scope_set_difference(&from, &to, &lost, &gained), 0);
            assert_set(&lost, a & ~b);
            assert_set(&gained, b & ~a);
            assert_int_equal(scope_sets_meet(&from, &to), (a & b) != 0);
            assert_int_equal(scope_set_has(&from, user_2), a >> 2 & 1);
            scope_set_hash(&from, hash_a);
            scope_set_hash(&to, hash_b);
            assert_int_equal(memcmp(hash_a, hash_b, 32) == 0, a == b);
            scope_set_free(&from);
            scope_set_free(&to);
            scope_set_free(&lost);
            scope_set_free(&gained);
        }
}

static void test_limit(void **state) {
    struct scope_set full = {.scopes = NULL}, empty = {.scopes = NULL}, lost = empty,
                     gained = empty;
    for (uint32_t i = 0; i < LIMIT_SUBSCRIPTIONS; i++) {
        struct scope scope = {SCOPE_USER,
                              {{(uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i}}};
        assert_int_equal(scope_set_add(&full, scope), 0);
    }
    assert_int_equal(scope_set_add(&full, branch_1), -1);
    assert_int_equal(full.count, LIMIT_SUBSCRIPTIONS);
    failing_memory(true);
    assert_int_equal(scope_set_difference(&full, &empty, &lost, &gained), -1);
    assert_int_equal(scope_set_difference(&empty, &full, &lost, &gained), -1);
    assert_int_equal(scope_set_add(&empty, org), -1);
    failing_memory(false);
    scope_set_free(&full);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_compare),
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_set_is_sorted_without_doubles),
        cmocka_unit_test(test_every_pair_of_sets),
        cmocka_unit_test(test_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
