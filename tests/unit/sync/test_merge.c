/*
 * sync/merge: decisions cell by cell, and that two writes end the same in either order.
 */
#include "tests/unit/sync/support.h"

#include "sync/merge.h"

enum { BASE = 10 };

static const struct id device_a = {{1}};
static const struct id device_b = {{2}};

/* What the master has, written by device a after the author's base, meets device b's. */
struct meeting {
    enum merge_rule rule;
    struct value master;
    struct value incoming;
    int64_t master_time;
    int64_t time;
};

static struct merge_case case_of(const struct meeting *meeting) {
    return (struct merge_case){
        .rule = meeting->rule,
        .master = {BASE + 1, meeting->master_time, device_a},
        .master_values = &meeting->master,
        .device = device_b,
        .base = BASE,
        .time = meeting->time,
        .values = &meeting->incoming,
        .count = 1,
    };
}

static struct merge_decision decide(const struct merge_case *c) {
    struct merge_decision decision;
    struct error error = {0};
    assert_int_equal(merge_cell(c, &decision, &error), 0);
    return decision;
}

static struct merge_decision meet(enum merge_rule rule, struct value master,
                                  struct value incoming, int64_t master_time,
                                  int64_t time) {
    const struct meeting meeting = {rule, master, incoming, master_time, time};
    struct merge_case c = case_of(&meeting);
    return decide(&c);
}

static struct value n(int64_t integer) {
    return value_integer(integer);
}

static void assert_decision(struct merge_decision decision, bool take, bool conflict,
                            const char *reason) {
    assert_int_equal(decision.take, take);
    assert_int_equal(decision.conflict, conflict);
    assert_int_equal(decision.author_lost, conflict && !take);
    assert_string_equal(merge_reason_text(decision.reason), reason);
}

/* What the cell holds after the decision. */
static struct value outcome(const struct merge_case *c) {
    struct merge_decision decision = decide(c);
    if (!decision.take)
        return c->master_values[0];
    return decision.combined_valid ? decision.combined : c->values[0];
}

static void test_concurrent(void **state) {
    struct stamp stamp = {BASE, 5, device_a};
    assert_false(
        merge_is_concurrent(&stamp, BASE, device_b)); /* the author had seen it */
    stamp.gsn = BASE + 1;
    assert_true(merge_is_concurrent(&stamp, BASE, device_b));
    assert_false(
        merge_is_concurrent(&stamp, BASE, device_a)); /* a device knows its own work */
}

static void test_not_concurrent_is_taken(void **state) {
    const struct meeting meeting = {MERGE_LWW, n(1), n(2), 900, 5};
    const enum merge_rule rules[] = {MERGE_LWW, MERGE_STATE, MERGE_MAX, MERGE_MIN};
    for (size_t i = 0; i < 4; i++) {
        struct merge_case c = case_of(&meeting);
        c.rule = rules[i];
        c.base = BASE + 1;
        assert_decision(decide(&c), true, false, "");
        c.base = BASE;
        c.device = device_a;
        assert_decision(decide(&c), true, false, "");
    }
}

static void test_later_wins(void **state) {
    assert_decision(meet(MERGE_LWW, n(1), n(2), 5, 6), true, true, "later");
    assert_decision(meet(MERGE_LWW, n(1), n(2), 6, 5), false, true, "later");
    assert_decision(meet(MERGE_LWW, n(1), value_null(), 5, 6), true, true, "later");
}

static void test_equal_times(void **state) {
    const struct meeting meeting = {MERGE_LWW, n(1), n(2), 5, 5};
    struct merge_case c = case_of(&meeting);
    assert_decision(decide(&c), true, true, "equal_time");
    c.device = device_a;
    c.master.device = device_b;
    assert_decision(decide(&c), false, true, "equal_time");
}

static void test_equal_values_never_conflict(void **state) {
    assert_decision(meet(MERGE_LWW, n(1), n(1), 5, 6), true, false, "");
    assert_decision(meet(MERGE_LWW, n(1), n(1), 6, 5), false, false, "");
    assert_decision(meet(MERGE_STATE, value_text("won"), value_text("won"), 6, 5), false,
                    false, "");
}

static void test_groups_compare_all_values(void **state) {
    const struct value master[] = {n(100), value_text("CNY")};
    const struct value same[] = {n(100), value_text("CNY")};
    const struct value other[] = {n(100), value_text("USD")};
    struct merge_case c = {.rule = MERGE_LWW,
                           .master = {BASE + 1, 5, device_a},
                           .master_values = master,
                           .device = device_b,
                           .base = BASE,
                           .time = 6,
                           .values = same,
                           .count = 2};
    assert_decision(decide(&c), true, false, "");
    c.values = other;
    assert_decision(decide(&c), true, true, "later");
}

static void test_state(void **state) {
    assert_decision(meet(MERGE_STATE, n(1), n(2), 6, 5), false, true, "state_earlier");
    assert_decision(meet(MERGE_STATE, n(1), n(2), 5, 6), true, true, "later");
    assert_decision(meet(MERGE_STATE, n(1), n(2), 5, 5), true, true, "equal_time");
}

static void test_first(void **state) {
    assert_decision(meet(MERGE_FIRST, value_null(), n(2), 9, 5), true, false, "");
    assert_decision(meet(MERGE_FIRST, n(1), n(2), 5, 6), false, true, "first");
    assert_decision(meet(MERGE_FIRST, n(1), n(1), 5, 6), false, false, "");
    const struct meeting meeting = {MERGE_FIRST, n(1), n(2), 5, 6};
    struct merge_case c = case_of(&meeting);
    c.base = BASE + 1; /* who knows of it may take it back */
    assert_decision(decide(&c), true, false, "");
    c.base = BASE;
    const struct value master[] = {value_null(), n(7)};
    const struct value incoming[] = {n(1), n(8)};
    c.master_values = master;
    c.values = incoming;
    c.count = 2;
    assert_decision(decide(&c), false, true, "first");
    const struct value half[] = {n(7), value_null()};
    c.master_values = half;
    assert_decision(decide(&c), false, true, "first");
}

static void test_add(void **state) {
    const struct meeting meeting = {MERGE_ADD, n(10), n(-3), 5, 6};
    struct merge_case c = case_of(&meeting);
    assert_decision(decide(&c), true, false, "");
    assert_int_equal(outcome(&c).integer, 7);
    c.base = BASE + 1; /* a difference is added whatever its author knew */
    assert_int_equal(outcome(&c).integer, 7);
    const struct meeting from_nothing = {MERGE_ADD, value_null(), n(4), 5, 6};
    c = case_of(&from_nothing);
    assert_int_equal(outcome(&c).integer, 4);
    const struct meeting nothing = {MERGE_ADD, n(10), value_null(), 5, 6};
    c = case_of(&nothing);
    assert_decision(decide(&c), false, false, "");
    assert_int_equal(decide(&c).combined.integer, 10);
}

static void test_add_overflow(void **state) {
    const struct meeting meeting = {MERGE_ADD, n(INT64_MAX), n(1), 5, 6};
    struct merge_case c = case_of(&meeting);
    struct merge_decision decision;
    struct error error = {0};
    assert_int_equal(merge_cell(&c, &decision, &error), -1);
    assert_code(error, "merge.overflow");
}

static void test_bounds(void **state) {
    const struct {
        enum merge_rule rule;
        struct value master, incoming, expected;
    } cases[] = {
        {MERGE_MAX, n(5), n(9), n(9)},         {MERGE_MAX, n(9), n(5), n(9)},
        {MERGE_MIN, n(5), n(9), n(5)},         {MERGE_MIN, n(9), n(5), n(5)},
        {MERGE_MAX, value_null(), n(5), n(5)}, {MERGE_MAX, n(5), value_null(), n(5)},
        {MERGE_MIN, value_null(), n(5), n(5)}, {MERGE_MIN, n(5), value_null(), n(5)},
        {MERGE_MIN, n(5), n(5), n(5)},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct meeting meeting = {cases[i].rule, cases[i].master, cases[i].incoming,
                                        9, 5};
        struct merge_case c = case_of(&meeting);
        assert_true(value_equal(outcome(&c), cases[i].expected));
        assert_false(decide(&c).conflict);
        assert_true(decide(&c).combined_valid);
    }
}

/* Writes a and b, neither knowing the other: the cell ends the same whichever came first. */
static void check_both_orders(enum merge_rule rule, struct value start, struct value a,
                              int64_t time_a, struct value b, int64_t time_b) {
    struct value first = rule == MERGE_ADD ? n(start.integer + a.integer) : a;
    struct merge_case a_then_b = {.rule = rule,
                                  .master = {BASE + 1, time_a, device_a},
                                  .master_values = &first,
                                  .device = device_b,
                                  .base = BASE,
                                  .time = time_b,
                                  .values = &b,
                                  .count = 1};
    struct value ended = outcome(&a_then_b);
    first = rule == MERGE_ADD ? n(start.integer + b.integer) : b;
    struct merge_case b_then_a = {.rule = rule,
                                  .master = {BASE + 1, time_b, device_b},
                                  .master_values = &first,
                                  .device = device_a,
                                  .base = BASE,
                                  .time = time_a,
                                  .values = &a,
                                  .count = 1};
    assert_true(value_equal(ended, outcome(&b_then_a)));
}

static void test_order_of_arrival_does_not_matter(void **state) {
    const enum merge_rule rules[] = {MERGE_LWW, MERGE_STATE, MERGE_ADD, MERGE_MAX,
                                     MERGE_MIN};
    for (size_t i = 0; i < 5; i++)
        for (int64_t time_a = 1; time_a < 4; time_a++)
            for (int64_t value_b = 1; value_b < 4; value_b++)
                check_both_orders(rules[i], n(100), n(2), time_a, n(value_b), 2);
}

static void test_edits_deleted(void **state) {
    struct stamp deletion = {BASE + 1, 5, device_a};
    assert_true(merge_edits_deleted(true, &deletion, BASE, device_b));
    assert_false(merge_edits_deleted(false, &deletion, BASE, device_b));
    assert_false(merge_edits_deleted(true, &deletion, BASE + 1, device_b));
    assert_string_equal(merge_reason_text(MERGE_REASON_DELETED), "deleted");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_concurrent),
        cmocka_unit_test(test_not_concurrent_is_taken),
        cmocka_unit_test(test_later_wins),
        cmocka_unit_test(test_equal_times),
        cmocka_unit_test(test_equal_values_never_conflict),
        cmocka_unit_test(test_groups_compare_all_values),
        cmocka_unit_test(test_state),
        cmocka_unit_test(test_first),
        cmocka_unit_test(test_add),
        cmocka_unit_test(test_add_overflow),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_order_of_arrival_does_not_matter),
        cmocka_unit_test(test_edits_deleted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
