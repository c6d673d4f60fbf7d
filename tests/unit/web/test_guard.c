/*
 * Hosts, origins, cookies.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tools/web/guard.h"

static void loopback_has_few_names(void **state) {
    struct guard guard;
    guard_make(&guard, "127.0.0.1:8790", NULL, false);
    const char *const good[] = {"127.0.0.1:8790", "localhost:8790", "LOCALHOST",
                                "[::1]:8790",     "127.0.0.2:1",    "localhost:9"};
    const char *const bad[] = {"evil.example",
                               "localhost.evil.example",
                               "127.evil.example",
                               "127.0.0.1.evil.example:8790",
                               "10.0.0.1:8790",
                               "[::2]:8790",
                               "",
                               ":8790",
                               "/localhost"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        if (!guard_host(&guard, good[i]))
            fail_msg("%s is refused", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (guard_host(&guard, bad[i]))
            fail_msg("%s passes", bad[i]);
    assert_false(guard_host(&guard, NULL));
    char longest[2 * GUARD_HOST];
    memset(longest, '1', sizeof longest);
    longest[sizeof longest - 1] = '\0';
    memcpy(longest, "127.", 4);
    assert_false(guard_host(&guard, longest));
}

static void beyond_loopback_a_number_cannot_be_rebound(void **state) {
    struct guard guard;
    guard_make(&guard, "0.0.0.0:8790", NULL, false);
    assert_true(guard_host(&guard, "192.168.1.5:8790"));
    assert_true(guard_host(&guard, "[fe80::1]:8790"));
    assert_true(guard_host(&guard, guard.machine));
    assert_false(guard_host(&guard, "evil.example:8790"));
    assert_false(guard_host(&guard, "192.168.1.5.evil.example"));
    guard_make(&guard, "0.0.0.0:8790", NULL, true); /* TLS: the certificate decides */
    assert_true(guard_host(&guard, "sales.example.com"));
}

static void the_address_people_were_given_passes(void **state) {
    struct guard guard;
    guard_make(&guard, "127.0.0.1:8790", "https://sales.example.com/", false);
    assert_true(guard_host(&guard, "Sales.Example.com"));
    assert_true(guard_host(&guard, "sales.example.com:443"));
    assert_false(guard_host(&guard, "sales.example.com.evil.example"));
    assert_false(guard_host(&guard, "evil-sales.example.com"));
    assert_true(guard_secure(&guard, "sales.example.com"));
    assert_false(guard_secure(&guard, "127.0.0.1:8790"));
    assert_true(guard_origin(&guard, "sales.example.com", "https://sales.example.com"));
    assert_false(guard_origin(&guard, "sales.example.com", "http://sales.example.com"));
    guard_make(&guard, "127.0.0.1:8790", "nonsense", false);
    assert_string_equal(guard.name, "");
}

static void origins_are_compared_whole(void **state) {
    struct guard guard;
    const char *host = "127.0.0.1:8790";
    guard_make(&guard, host, NULL, false);
    assert_true(guard_origin(&guard, host, "http://127.0.0.1:8790"));
    const char *const bad[] = {"http://127.0.0.1:8791",
                               "https://127.0.0.1:8790",
                               "http://127.0.0.1:8790/",
                               "http://127.0.0.1:87900",
                               "http://127.0.0.1",
                               "null",
                               "",
                               "http://localhost:8790"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (guard_origin(&guard, host, bad[i]))
            fail_msg("%s passes", bad[i]);
    assert_false(guard_origin(&guard, host, NULL));
    assert_false(guard_origin(&guard, NULL, "http://127.0.0.1:8790"));
    guard_make(&guard, host, NULL, true);
    assert_true(guard_origin(&guard, host, "https://127.0.0.1:8790"));
    assert_false(guard_origin(&guard, host, "http://127.0.0.1:8790"));
}

static void cookies_are_found_by_their_whole_name(void **state) {
    char value[8] = "before";
    const char *header = "xa=1; a=22;ab=333; b=; c";
    assert_true(guard_cookie(header, "a", value, sizeof value));
    assert_string_equal(value, "22");
    assert_true(guard_cookie(header, "ab", value, sizeof value));
    assert_string_equal(value, "333");
    assert_true(guard_cookie(header, "b", value, sizeof value));
    assert_string_equal(value, "");
    assert_false(guard_cookie(header, "c", value, sizeof value));
    assert_false(guard_cookie(header, "x", value, sizeof value));
    assert_false(guard_cookie(NULL, "a", value, sizeof value));
    assert_false(guard_cookie("", "a", value, sizeof value));
    assert_true(guard_cookie("a=1234567", "a", value, sizeof value));
    assert_string_equal(value, "1234567");
    assert_false(guard_cookie("a=12345678", "a", value, sizeof value)); /* no room */
    assert_true(guard_cookie("a=b=c", "a", value, sizeof value));
    assert_string_equal(value, "b=c");
}

static void parameters_are_found(void **state) {
    char value[8];
    assert_true(guard_parameter("after=12&x=1", "after", value, sizeof value));
    assert_string_equal(value, "12");
    assert_true(guard_parameter("x=1&after=", "after", value, sizeof value));
    assert_string_equal(value, "");
    assert_false(guard_parameter("xafter=12", "after", value, sizeof value));
    assert_false(guard_parameter("", "after", value, sizeof value));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loopback_has_few_names),
        cmocka_unit_test(beyond_loopback_a_number_cannot_be_rebound),
        cmocka_unit_test(the_address_people_were_given_passes),
        cmocka_unit_test(origins_are_compared_whole),
        cmocka_unit_test(cookies_are_found_by_their_whole_name),
        cmocka_unit_test(parameters_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
